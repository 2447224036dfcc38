//! The reader of ACVP vector sets. Whatever comes in, there is an answer, or one line that says why not.
//!
//! Only the laboratory build has it.

/// Nothing: an ordinary build has no reader of sets.
#[cfg(not(strongroom_lab))]
pub fn acvp(_data: &[u8]) {}

#[cfg(strongroom_lab)]
pub use lab::acvp;

#[cfg(strongroom_lab)]
mod lab {
    use serde_json::Value;

    use crate::fixture::mutate;

    macro_rules! sets {
        ($($name:literal),* $(,)?) => {
            [$(include_str!(concat!("../../acvp/sets/", $name, ".json"))),*]
        };
    }

    /// One of each shape, without those whose single case takes long.
    const SETS: [&str; 16] = sets![
        "SHA2-256",
        "SHAKE-128",
        "HMAC-SHA2-256",
        "ACVP-AES-CBC",
        "ACVP-AES-CTR",
        "ACVP-AES-GCM",
        "ACVP-AES-KWP",
        "CMAC-AES",
        "ECDSA-sigVer",
        "ECDSA-keyVer",
        "EDDSA-sigVer",
        "KAS-ECC-SSC",
        "KDF",
        "KDA-HKDF",
        "ctrDRBG",
        "ML-KEM-encapDecap",
    ];

    /// First three bytes: a set, a group and a case of it; the rest is a script that damages its text. Or the first
    /// byte names no set, and the rest is the text.
    pub fn acvp(data: &[u8]) {
        let Some((&[set, group, case], script)) = data.split_first_chunk() else { return };
        let text = match SETS.get(usize::from(set)) {
            Some(text) => mutate(one_case(text, group, case).as_bytes(), script),
            None => script.to_vec(),
        };
        if costly(&text) {
            return;
        }
        let report = strongroom_acvp::run(&text);
        let line = report.message.as_deref();
        match report.code {
            0 => assert!(report.response.is_some() && line.is_none(), "{report:?}"),
            2 => assert!(report.response.is_none() && line.is_some(), "{report:?}"),
            3 => assert!(line.is_some(), "{report:?}"),
            _ => panic!("{report:?}\n{}", String::from_utf8_lossy(&text)),
        }
        assert!(line.is_none_or(|line| !line.is_empty() && !line.contains('\n')), "{report:?}");
    }

    /// The set with one group and one case left.
    fn one_case(text: &str, group: u8, case: u8) -> String {
        let mut file: Value = serde_json::from_str(text).unwrap();
        let set = match &mut file["prompt"] {
            Value::Array(parts) => parts.last_mut().unwrap(),
            set => set,
        };
        let groups = set.get_mut("testGroups").unwrap();
        keep_one(groups, group);
        keep_one(groups.get_mut(0).and_then(|group| group.get_mut("tests")).unwrap(), case);
        file["prompt"].to_string()
    }

    fn keep_one(list: &mut Value, chosen: u8) {
        if let Some(entries) = list.as_array_mut() {
            let chosen = usize::from(chosen) % entries.len().max(1);
            *entries = entries.drain(..).skip(chosen).take(1).collect();
        }
    }

    /// Monte Carlo and large-data tests: what they cost is what they are for.
    fn costly(text: &[u8]) -> bool {
        [b"MCT", b"LDT"].iter().any(|kind| text.windows(3).any(|window| window == *kind))
    }
}
