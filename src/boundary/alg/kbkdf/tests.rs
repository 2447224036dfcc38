use alloc::vec;
use alloc::vec::Vec;

use proptest::{collection, prelude::*};

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    let byte = |pair: &[char]| pair.iter().fold(0, |byte, c| byte << 4 | c.to_digit(16).unwrap());
    digits.chunks(2).map(|pair| u8::try_from(byte(pair)).unwrap()).collect()
}

/// Whatever runs in one mode, under each PRF that is named.
fn derive(mode: Mode, prf: &str, key: &[u8], fixed: &Fixed<'_>, out: &mut [u8]) {
    let hash = match prf {
        "HMAC_SHA224" => Hash::Sha224,
        "HMAC_SHA256" => Hash::Sha256,
        "HMAC_SHA384" => Hash::Sha384,
        "HMAC_SHA512" => Hash::Sha512,
        _ => {
            let key = CmacKey::new(&crate::Backends::fastest(), key).unwrap();
            return mode(&Prf::Cmac(&key), fixed, out).unwrap();
        }
    };
    mode(&Prf::Hmac(&HmacKey::new(hash, key).unwrap(), hash), fixed, out).unwrap();
}

/// CAVP records: the fixed input is theirs, whole.
#[test]
fn counter_known_answers() {
    let mut records = 0;
    let text = include_str!("../../../../kat-vectors/tests/kbkdf_counter.txt");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let (key, fixed, expected) = (hex(fields[1]), hex(fields[2]), hex(fields[3]));
        let mut out = vec![0; expected.len()];
        derive(counter, fields[0], &key, &[&fixed, &[], &[], &[]], &mut out);
        assert_eq!(out, expected, "{line}");
        records += 1;
    }
    assert_eq!(records, 28);
}

#[test]
fn a_length_that_l_cannot_hold_is_refused() {
    assert_eq!(bits_of(&[0; 128]), Ok([0, 0, 4, 0]));
    assert_eq!(bits_of(&[]), Ok([0; 4]));
}

proptest! {
    /// Both modes as the standard writes them, over the crate `hmac`.
    #[test]
    fn the_modes_are_what_the_standard_says(
        key in collection::vec(any::<u8>(), 14..129),
        label in collection::vec(1u8.., 0..40),
        context in collection::vec(any::<u8>(), 0..40),
        len in 1usize..129,
    ) {
        use hmac::{KeyInit, Mac};
        let prf = |parts: &[&[u8]]| {
            let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&key).unwrap();
            parts.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        };
        let bits = u32::try_from(len * 8).unwrap().to_be_bytes();
        let input = [&label[..], &[0], &context, &bits].concat();
        let (mut counted, mut fed, mut last) = (vec![], vec![], vec![]);
        for i in 1..=5u32 {
            counted.extend(prf(&[&i.to_be_bytes(), &input]));
            last = prf(&[&last, &i.to_be_bytes(), &input]);
            fed.extend_from_slice(&last);
        }
        let fixed = fixed(&label, &context, &bits);
        for (mode, expected) in [(counter as Mode, counted), (feedback, fed)] {
            let mut out = vec![0; len];
            derive(mode, "HMAC_SHA256", &key, &fixed, &mut out);
            prop_assert_eq!(&out[..], &expected[..len]);
        }
    }

    /// The same over AES-CMAC of this library, which has its own tests.
    #[test]
    fn cmac_modes_are_what_the_standard_says(
        key in prop_oneof![collection::vec(any::<u8>(), 16), collection::vec(any::<u8>(), 24),
            collection::vec(any::<u8>(), 32)],
        context in collection::vec(any::<u8>(), 0..40),
        len in 1usize..129,
    ) {
        let cmac = CmacKey::new(&crate::Backends::fastest(), &key).unwrap();
        let bits = u32::try_from(len * 8).unwrap().to_be_bytes();
        let input = [&b"label"[..], &[0], &context, &bits].concat();
        let (mut counted, mut fed, mut last) = (vec![], vec![], vec![]);
        for i in 1..=8u32 {
            let mut block = [0; 16];
            cmac.mac(&[&i.to_be_bytes(), &input[..]].concat(), &mut block).unwrap();
            counted.extend(block);
            cmac.mac(&[&last[..], &i.to_be_bytes(), &input].concat(), &mut block).unwrap();
            last = block.to_vec();
            fed.extend(block);
        }
        let fixed = fixed(b"label", &context, &bits);
        for (mode, expected) in [(counter as Mode, counted), (feedback, fed)] {
            let mut out = vec![0; len];
            derive(mode, "CMAC", &key, &fixed, &mut out);
            prop_assert_eq!(&out[..], &expected[..len]);
        }
    }
}
