//! Published answers, Wycheproof, and the modes as the standards write them, over single blocks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
extern crate std;

use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// SP 800-38A and 38B, CAVP, and carries of the counter; confirmed by kat-vectors/tools/aes_modes.py.
const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/kat-vectors/tests/aes_modes.txt"));

struct Record {
    key: Vec<u8>,
    iv: Vec<u8>,
    text: Vec<u8>,
    answer: Vec<u8>,
}

fn records(mode: &str) -> Vec<Record> {
    let lines = VECTORS.lines().filter_map(|line| line.split_once(' ').filter(|(name, _)| *name == mode));
    let found: Vec<_> = lines
        .map(|(_, rest)| {
            let [key, iv, text, answer] = rest.split(' ').map(hex).collect::<Vec<_>>().try_into().unwrap();
            Record { key, iv, text, answer }
        })
        .collect();
    for len in [16, 24, 32] {
        assert!(found.iter().filter(|record| record.key.len() == len).count() >= 3, "{mode}, {len} bytes");
    }
    found
}

fn hex(text: &str) -> Vec<u8> {
    if text == "-" {
        return vec![];
    }
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn block(bytes: &[u8]) -> [u8; BLOCK] {
    bytes.try_into().unwrap()
}

#[test]
fn cbc_known_answers() {
    for Record { key, iv, text, answer } in records("cbc") {
        let key = BlockKey::new(&key).unwrap();
        let (mut chain, mut out) = (block(&iv), vec![0xaa; text.len()]);
        key.cbc_encrypt(&mut chain, &text, &mut out).unwrap();
        assert_eq!(out, answer);
        assert_eq!(chain[..], answer[answer.len() - BLOCK..]);
        let (mut chain, mut out) = (block(&iv), vec![0xaa; text.len()]);
        key.cbc_decrypt(&mut chain, &answer, &mut out).unwrap();
        assert_eq!(out, text);
        assert_eq!(chain[..], answer[answer.len() - BLOCK..]);
    }
}

#[test]
fn ctr_known_answers() {
    for Record { key, iv, text, answer } in records("ctr") {
        let key = BlockKey::new(&key).unwrap();
        for (from, to) in [(&text, &answer), (&answer, &text)] {
            let mut out = vec![0xaa; from.len()];
            key.ctr(&block(&iv), from, &mut out).unwrap();
            assert_eq!(out, *to);
        }
    }
}

#[test]
fn buffers_that_do_not_fit_are_refused_and_zeroed() {
    let key = BlockKey::new(&[1; 16]).unwrap();
    for (input, output) in [(16, 15), (16, 17), (16, 32), (15, 15), (17, 17), (0, 16), (16, 0)] {
        let (input, mut out) = (vec![7; input], vec![0xaa; output]);
        for cbc in [BlockKey::cbc_encrypt, BlockKey::cbc_decrypt] {
            out.fill(0xaa);
            assert_eq!(cbc(&key, &mut [0; 16], &input, &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|byte| *byte == 0));
        }
        if input.len() != output {
            out.fill(0xaa);
            assert_eq!(key.ctr(&[0; 16], &input, &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|byte| *byte == 0));
        }
    }
}

/// The modes block by block, as the standards write them.
mod plainly {
    use super::*;

    fn encrypted(key: &BlockKey, mut block: [u8; BLOCK]) -> [u8; BLOCK] {
        key.encrypt_block(&mut block);
        block
    }

    pub(super) fn cbc(key: &BlockKey, iv: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
        let mut before = iv;
        let mut out = vec![];
        for chunk in text.chunks(BLOCK) {
            let input: [u8; BLOCK] = core::array::from_fn(|i| chunk[i] ^ before[i]);
            before = encrypted(key, input);
            out.extend(before);
        }
        out
    }

    pub(super) fn ctr(key: &BlockKey, mut counter: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        for chunk in text.chunks(BLOCK) {
            out.extend(encrypted(key, counter).iter().zip(chunk).map(|(stream, text)| stream ^ text));
            for byte in counter.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        out
    }
}

/// Lengths around blocks and around a batch of them.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let around = BATCH * BLOCK;
    let len = prop_oneof![4 => 0..200usize, 1 => around - 40..around + 40, 1 => 2 * around..2 * around + 33];
    (len, any::<u64>()).prop_map(|(len, seed)| {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..len).map(|_| next()).collect()
    })
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(vec![16usize, 24, 32]), any::<[u8; 32]>())
        .prop_map(|(len, bytes)| bytes[..len].to_vec())
}

proptest! {
    #[test]
    fn cbc_is_the_mode_of_the_standard(
        key in key(), iv in any::<[u8; BLOCK]>(), text in text(), cut in any::<prop::sample::Index>(),
    ) {
        let key = BlockKey::new(&key).unwrap();
        let text = &text[..text.len() / BLOCK * BLOCK];
        let expected = plainly::cbc(&key, iv, text);
        let (mut chain, mut made) = (iv, vec![0xaa; text.len()]);
        key.cbc_encrypt(&mut chain, text, &mut made).unwrap();
        prop_assert_eq!(&made, &expected);
        // Back, in two pieces.
        let cut = cut.index(text.len() / BLOCK + 1) * BLOCK;
        let (mut chain, mut opened) = (iv, vec![0xaa; text.len()]);
        let (first, second) = opened.split_at_mut(cut);
        key.cbc_decrypt(&mut chain, &made[..cut], first).unwrap();
        key.cbc_decrypt(&mut chain, &made[cut..], second).unwrap();
        prop_assert_eq!(&opened[..], text);
    }

    #[test]
    fn ctr_is_the_mode_of_the_standard(
        key in key(),
        counter in prop_oneof![any::<[u8; BLOCK]>(), (0u8..8).prop_map(|low| (u128::MAX - u128::from(low)).to_be_bytes())],
        text in text(),
    ) {
        let key = BlockKey::new(&key).unwrap();
        let mut made = vec![0xaa; text.len()];
        key.ctr(&counter, &text, &mut made).unwrap();
        prop_assert_eq!(&made, &plainly::ctr(&key, counter, &text));
        let mut opened = vec![0xaa; text.len()];
        key.ctr(&counter, &made, &mut opened).unwrap();
        prop_assert_eq!(opened, text);
    }

}

/// Without the cargo feature `zeroize` of the crate this does not compile.
#[test]
fn key_types_wipe_on_drop() {
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<aes::Aes128Enc>();
    wipes::<aes::Aes192Enc>();
    wipes::<aes::Aes256Enc>();
    wipes::<Zeroizing<[u8; BLOCK]>>();
}
