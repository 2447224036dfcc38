//! Inputs that are no vector sets, and sets that are not supported.

use serde_json::{Value, json};

use super::{folder, inner, read};
use crate::envelope::run;

fn sha(group: Value) -> Value {
    json!({ "vsId": 7, "algorithm": "SHA2-256", "revision": "1.0", "testGroups": [group] })
}

fn code(value: &Value) -> (u8, bool, String) {
    let report = run(&serde_json::to_vec(value).unwrap());
    (report.code, report.response.is_some(), report.message.unwrap_or_default())
}

#[test]
fn what_is_no_set_gets_an_error_and_no_answer() {
    let good = json!({ "tgId": 1, "testType": "AFT", "tests": [{ "tcId": 1, "msg": "616263", "len": 24 }] });
    assert_eq!(code(&sha(good.clone())).0, 0, "the set that the others are changed from");
    for text in [
        &b""[..],
        b"EOF.",
        b"{",
        b"[{\"acvVersion\":\"1.0\"},",
        b"\xff\xfe",
        b"17",
        b"\"set\"",
        b"null",
        b"[]",
        b"[{\"acvVersion\":\"1.0\"}]",
        b"{}",
        b"{\"algorithm\":\"SHA2-256\"}",
        b"{\"algorithm\":3,\"testGroups\":[]}",
    ] {
        let report = run(text);
        assert_eq!(report.code, 2, "{:?}: {:?}", String::from_utf8_lossy(text), report.message);
        assert!(report.response.is_none());
        let message = report.message.unwrap();
        assert!(message.starts_with("malformed vector set: ") && !message.contains('\n'), "{message}");
    }
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut group = good.clone();
        change(&mut group);
        code(&sha(group))
    };
    let remove = |from: &mut Value, name: &str| drop(from.as_object_mut().unwrap().remove(name));
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));
    let changes: [Change<'_>; 11] = [
        ("no tests", &|group| remove(group, "tests")),
        ("no case", &|group| group["tests"] = json!([])),
        ("no group id", &|group| remove(group, "tgId")),
        ("no case id", &|group| remove(&mut group["tests"][0], "tcId")),
        ("no type", &|group| remove(group, "testType")),
        ("no message", &|group| remove(&mut group["tests"][0], "msg")),
        ("half a byte", &|group| group["tests"][0]["msg"] = json!("61626")),
        ("no hex", &|group| group["tests"][0]["msg"] = json!("6162zz")),
        ("a sign", &|group| group["tests"][0]["msg"] = json!("+1+2+3")),
        ("too short", &|group| group["tests"][0]["len"] = json!(32)),
        ("a negative length", &|group| group["tests"][0]["len"] = json!(-8)),
    ];
    for (what, change) in changes {
        let (code, answered, message) = changed(change);
        assert_eq!((code, answered), (2, false), "{what}: {message}");
        assert!(message.starts_with("malformed vector set: "), "{what}: {message}");
    }
    // One bad case spoils the set, wherever it stands.
    let mut group = good;
    group["tests"].as_array_mut().unwrap().push(json!({ "tcId": 2, "len": 8 }));
    let (code, answered, message) = code(&sha(group));
    assert_eq!((code, answered), (2, false));
    assert!(message.contains("tgId 1 tcId 2: `msg` is missing"), "{message}");
}

/// Every hex digit and every field of every set, damaged one at a time, over a sample: no panic, and a code.
#[test]
fn damaged_sets_do_no_harm() {
    for name in [
        "ACVP-AES-KW",
        "ECDSA-keyVer",
        "EDDSA-sigVer",
        "KDA-HKDF",
        "KDA-OneStep",
        "KDF",
        "PBKDF",
        "ctrDRBG",
        "hmacDRBG",
        "KAS-ECC-SSC",
        "ML-KEM-encapDecap",
        "ML-DSA-sigVer",
        "SLH-DSA-sigVer",
    ] {
        let prompt = read(&folder().join(format!("{name}.json")))["prompt"].clone();
        let fields = field_count(&prompt);
        for at in (0..fields).step_by(fields / 4 + 1) {
            for value in [Value::Null, json!(0), json!("f"), json!([]), json!("00")] {
                let mut damaged = prompt.clone();
                let mut left = at;
                replace(&mut damaged, &mut left, &value);
                let report = run(&serde_json::to_vec(&damaged).unwrap());
                assert!(report.code <= 3, "{name} field {at}");
                assert_eq!(
                    report.response.is_some(),
                    report.code == 0 || (report.code == 3 && report.response.is_some())
                );
                assert!(report.code != 2 || report.response.is_none());
            }
        }
    }
}

/// Bytes of an expanded key, damaged one at a time. What decoding finds is no key, and the set malformed: numbers out
/// of range, and a public half that is not the one that the key names.
#[test]
fn damaged_expanded_keys_are_no_keys() {
    for (name, key, seen) in [
        // rho, tr, s1, s2. A damaged K makes other signatures, as a damaged z makes other secrets; nothing looks at t0.
        ("ML-DSA-sigGen", "sk", &[0, 64, 127, 128, 500, 895][..]),
        // The public half, and its hash. Nothing says what s is.
        ("ML-KEM-encapDecap", "dk", &[768, 1000, 1567, 1568, 1599]),
    ] {
        let prompt = read(&folder().join(format!("{name}.json")))["prompt"].clone();
        let mut set = inner(&prompt).clone();
        let groups = set["testGroups"].as_array_mut().unwrap();
        groups.retain(|group| !group["tests"][0][key].is_null());
        groups.truncate(1);
        groups[0]["tests"].as_array_mut().unwrap().truncate(1);
        assert_eq!(code(&set).0, 0, "{name}");
        let good = set["testGroups"][0]["tests"][0][key].as_str().unwrap().to_owned();
        for &at in seen {
            let byte = u8::from_str_radix(&good[at * 2..at * 2 + 2], 16).unwrap();
            let damaged = format!("{}{:02X}{}", &good[..at * 2], byte ^ 0xFF, &good[at * 2 + 2..]);
            set["testGroups"][0]["tests"][0][key] = json!(damaged);
            let (code, answered, message) = code(&set);
            assert_eq!((code, answered), (2, false), "{name} byte {at}: {message}");
            assert!(message.contains(&format!("`{key}` is no key")), "{message}");
        }
        set["testGroups"][0]["tests"][0][key] = json!(&good[2..]);
        assert_eq!(code(&set).0, 2, "{name}: a byte short");
    }
}

fn field_count(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(|value| 1 + field_count(value)).sum(),
        Value::Array(list) => list.iter().map(field_count).sum(),
        _ => 0,
    }
}

/// Puts `with` in the place of the field number `left`.
fn replace(value: &mut Value, left: &mut usize, with: &Value) -> bool {
    match value {
        Value::Object(map) => map.values_mut().any(|value| {
            if *left == 0 {
                *value = with.clone();
                return true;
            }
            *left -= 1;
            replace(value, left, with)
        }),
        Value::Array(list) => list.iter_mut().any(|value| replace(value, left, with)),
        _ => false,
    }
}

#[test]
fn what_is_not_supported_is_named_in_one_line() {
    let group = json!({ "tgId": 1, "testType": "AFT", "tests": [{ "tcId": 1 }] });
    for (algorithm, mode, revision) in [
        ("SHA-1", "", "1.0"),
        ("SHA2-512/224", "", "1.0"),
        ("TLS-v1.3", "KDF", "RFC8446"),
        ("LMS", "keyGen", "1.0"),
        ("hashDRBG", "", "1.0"),
        ("KAS-FFC-SSC", "", "Sp800-56Ar3"),
        ("KAS-ECC", "CDH-Component", "1.0"),
        ("ECDSA", "sigGen", "FIPS186-9"),
        ("no such thing", "", ""),
    ] {
        let set = json!({ "vsId": 1, "algorithm": algorithm, "mode": mode, "revision": revision, "testGroups": [group] });
        let (code, answered, message) = code(&set);
        assert_eq!((code, answered), (3, false), "{algorithm}: {message}");
        assert!(
            message.contains(algorithm) && message.contains(mode) && !message.contains('\n'),
            "{message}"
        );
    }
    // No answer at all is no response; a part is one, and the groups without an answer are not in it.
    let unknown = json!({ "tgId": 1, "testType": "XYZ", "tests": [{ "tcId": 1, "msg": "00", "len": 8 }] });
    let known = json!({ "tgId": 2, "testType": "AFT", "tests": [
        { "tcId": 2, "msg": "616263", "len": 24 }, { "tcId": 3, "msg": "80", "len": 1 }] });
    assert!(!code(&sha(unknown.clone())).1);
    let mut set = sha(unknown);
    set["testGroups"].as_array_mut().unwrap().push(known);
    let report = run(&serde_json::to_vec(&set).unwrap());
    assert_eq!(report.code, 3);
    let groups = report.response.unwrap()["testGroups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 1);
    assert_eq!(groups[0]["tgId"], 2);
    assert_eq!(groups[0]["tests"].as_array().unwrap().len(), 1);
    let message = report.message.unwrap();
    assert!(message.starts_with("SHA2-256 1.0: 1 of 3 cases answered; not supported: "), "{message}");
    assert!(
        message.contains("test type XYZ (1)") && message.contains("len of part of a byte (1)"),
        "{message}"
    );
}

#[test]
fn envelopes() {
    let set =
        sha(json!({ "tgId": 1, "testType": "AFT", "tests": [{ "tcId": 1, "msg": "616263", "len": 24 }] }));
    let md = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    for header in
        [json!({ "acvVersion": "1.0" }), json!({ "acvVersion": 1.0 }), json!({ "time": "x", "url": "y" })]
    {
        let report = run(&serde_json::to_vec(&json!([header, set])).unwrap());
        let response = report.response.unwrap();
        assert_eq!(response[0], header);
        assert_eq!(response[1]["testGroups"][0]["tests"][0]["md"], md);
        assert_eq!(report.code, 0);
    }
    let bare = run(&serde_json::to_vec(&json!([set])).unwrap()).response.unwrap();
    assert_eq!(bare.as_array().unwrap().len(), 1);
    assert_eq!(bare[0]["vsId"], 7);
    // Hex in lower case, in a bare object.
    let text = serde_json::to_string(&set).unwrap() + "EOF.";
    assert_eq!(run(text.as_bytes()).response.unwrap()["testGroups"][0]["tests"][0]["md"], md);
    let two = run(&serde_json::to_vec(&json!([{ "acvVersion": "1.0" }, set, set])).unwrap());
    assert_eq!((two.code, two.response), (2, None));
}
