//! CTR and CBC (SP 800-38A), and single blocks, with a key expanded for both directions.

#![allow(unsafe_code)] // functions with features, called with a proof
// Positions within a text and its last batch.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use zeroize::ZeroizeOnDrop;

use super::Vaes;
use super::cpu::{BLOCK, Cpu, Ymm, Zmm};
use super::ghash::WIDE;
use super::keys::RoundKeys;
use crate::error::Result;

/// An expanded key, both directions.
pub(in crate::boundary) struct BlockKey {
    vaes: Vaes,
    keys: Keys,
}

#[derive(ZeroizeOnDrop)]
pub(super) struct Keys {
    forward: RoundKeys,
    inverse: RoundKeys,
}

impl BlockKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(vaes: Vaes, key: &[u8]) -> Result<Self> {
        let (forward, inverse) = match vaes {
            Vaes::Ymm(cpu) => RoundKeys::pair(cpu, key),
            Vaes::Zmm(cpu) => RoundKeys::pair(cpu, key),
        }?;
        Ok(Self { vaes, keys: Keys { forward, inverse } })
    }
}

impl BlockKey {
    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        // SAFETY: a key of this type was made with the proof that AES is there.
        unsafe { self.keys.forward.encrypt_block(block) }
    }

    /// The inverse of CIPH_K of one block, in place.
    pub(in crate::boundary) fn decrypt_block(&self, block: &mut [u8; BLOCK]) {
        // SAFETY: the same.
        unsafe { self.keys.inverse.decrypt_block(block) }
    }

    /// CBC encryption of equally many whole blocks. `chain` is the IV, and afterwards the last ciphertext block.
    pub(in crate::boundary) fn cbc_encrypt(&self, chain: &mut [u8; BLOCK], input: &[u8], output: &mut [u8]) {
        let blocks = input.as_chunks().0.iter().zip(output.as_chunks_mut().0);
        // SAFETY: the same.
        unsafe { self.keys.forward.chain(chain, blocks) }
    }

    /// CBC decryption of equally many whole blocks; `chain` as in [`cbc_encrypt`](Self::cbc_encrypt).
    pub(in crate::boundary) fn cbc_decrypt(&self, chain: &mut [u8; BLOCK], input: &[u8], output: &mut [u8]) {
        match self.vaes {
            // SAFETY: the value is the proof of the features.
            Vaes::Ymm(cpu) => unsafe { cbc_ymm(cpu, &self.keys.inverse, chain, input, output) },
            // SAFETY: the same.
            Vaes::Zmm(cpu) => unsafe { cbc_zmm(cpu, &self.keys.inverse, chain, input, output) },
        }
        if let Some(last) = input.last_chunk() {
            *chain = *last;
        }
    }

    /// CTR, both directions, of one length. All 128 bits of the counter block count.
    pub(in crate::boundary) fn ctr(&self, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
        match self.vaes {
            // SAFETY: the value is the proof of the features.
            Vaes::Ymm(cpu) => unsafe { ctr_ymm(cpu, &self.keys.forward, counter, input, output) },
            // SAFETY: the same.
            Vaes::Zmm(cpu) => unsafe { ctr_zmm(cpu, &self.keys.forward, counter, input, output) },
        }
    }
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn ctr_ymm(cpu: Ymm, keys: &RoundKeys, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    ctr(cpu, keys, counter, input, output);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn ctr_zmm(cpu: Zmm, keys: &RoundKeys, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    ctr(cpu, keys, counter, input, output);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn cbc_ymm(cpu: Ymm, keys: &RoundKeys, chain: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    cbc_decrypt(cpu, keys, chain, input, output);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn cbc_zmm(cpu: Zmm, keys: &RoundKeys, chain: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    cbc_decrypt(cpu, keys, chain, input, output);
}

/// Calls `f` with each batch of both buffers, and whether it is a whole one.
#[inline(always)]
pub(super) fn batches<C: Cpu>(input: &[u8], output: &mut [u8], mut f: impl FnMut(&[u8], &mut [u8])) {
    let len = WIDE * C::BYTES;
    let (mut text, mut out) = (input.chunks_exact(len), output.chunks_exact_mut(len));
    for (text, out) in (&mut text).zip(&mut out) {
        f(text, out);
    }
    if !text.remainder().is_empty() {
        f(text.remainder(), out.into_remainder());
    }
}

#[inline(always)]
pub(super) fn ctr<C: Cpu>(cpu: C, keys: &RoundKeys, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    let mut next = u128::from_be_bytes(*counter);
    batches::<C>(input, output, |text, out| {
        let mut stream = counters(cpu, next);
        next = next.wrapping_add((WIDE * C::BLOCKS) as u128);
        keys.encrypt(cpu, &mut stream, |_| ());
        let last = keys.last(cpu);
        each_register::<C>(text, out, |i, text| cpu.encrypt_last(stream[i], cpu.xor(last, text)), cpu);
    });
    cpu.clear();
}

/// Reads each register of a batch, which may end early, and writes what `f` makes of it.
#[inline(always)]
fn each_register<C: Cpu>(text: &[u8], out: &mut [u8], mut f: impl FnMut(usize, C::Reg) -> C::Reg, cpu: C) {
    let ((chunks, part), (chunks_out, part_out)) = (C::chunks(text), C::chunks_mut(out));
    for i in 0..WIDE {
        if let (Some(text), Some(out)) = (chunks.get(i), chunks_out.get_mut(i)) {
            cpu.store(out, f(i, cpu.load(text)));
        } else {
            if !part.is_empty() {
                cpu.store_part(part_out, f(i, cpu.load_part(part)));
            }
            break;
        }
    }
}

#[inline(always)]
fn counters<C: Cpu>(cpu: C, next: u128) -> [C::Reg; WIDE] {
    #[allow(clippy::cast_possible_truncation)] // the upper half is masked away
    let halves = |n: u128| ((n >> 64) as u64, (n & u128::from(u64::MAX)) as u64);
    let (high, low) = halves(next);
    let mut blocks = [cpu.add64(cpu.number(high, low), cpu.lanes()); WIDE];
    if low.checked_add((WIDE * C::BLOCKS) as u64).is_some() {
        for (i, block) in blocks.iter_mut().enumerate() {
            *block = cpu.reverse(cpu.add64(*block, cpu.number(0, (i * C::BLOCKS) as u64)));
        }
        return blocks;
    }
    // Once in 2^64 blocks a carry reaches the upper half.
    for (i, block) in blocks.iter_mut().enumerate() {
        let mut bytes = [[0; BLOCK]; 4];
        for (lane, bytes) in bytes.iter_mut().enumerate() {
            *bytes = next.wrapping_add((i * C::BLOCKS + lane) as u128).to_be_bytes();
        }
        if let [chunk, ..] = C::chunks(bytes.as_flattened()).0 {
            *block = cpu.load(chunk);
        }
    }
    blocks
}

#[inline(always)]
pub(super) fn cbc_decrypt<C: Cpu>(
    cpu: C,
    keys: &RoundKeys,
    chain: &[u8; BLOCK],
    input: &[u8],
    output: &mut [u8],
) {
    let mut before = cpu.spread(chain);
    batches::<C>(input, output, |text, out| {
        let (chunks, part) = C::chunks(text);
        let mut blocks = [cpu.zero(); WIDE];
        for (i, block) in blocks.iter_mut().enumerate() {
            if let Some(chunk) = chunks.get(i) {
                *block = cpu.load(chunk);
            } else {
                if !part.is_empty() {
                    *block = cpu.load_part(part);
                }
                break;
            }
        }
        keys.decrypt(cpu, &mut blocks);
        let last = keys.last(cpu);
        let decrypted = |i: usize, text| {
            let earlier = cpu.one_earlier(before, text);
            before = text;
            cpu.decrypt_last(blocks[i], cpu.xor(last, earlier))
        };
        each_register::<C>(text, out, decrypted, cpu);
    });
    cpu.clear();
}
