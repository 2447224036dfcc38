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

/// An expanded key, forward direction only, for blocks that wait for one another and keys that serve once: in
/// registers of one block.
#[derive(Clone)]
pub(in crate::boundary) struct ForwardKey(RoundKeys);

impl ForwardKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(vaes: Vaes, key: &[u8]) -> Result<Self> {
        Ok(Self(match vaes {
            Vaes::Ymm(cpu) => RoundKeys::new(cpu, key),
            Vaes::Zmm(cpu) => RoundKeys::new(cpu, key),
        }?))
    }

    /// An AES-256 key in the place of this one.
    pub(in crate::boundary) fn renew(&mut self, key: &[u8; 32]) {
        self.0.renew(key);
    }

    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        // SAFETY: a key of this type was made with the proof that AES is there.
        unsafe { self.0.encrypt_block(block) }
    }

    /// CIPH_K of each block, in place.
    pub(in crate::boundary) fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        // SAFETY: the same.
        unsafe { self.0.encrypt_blocks(blocks) }
    }

    /// `chain = CIPH_K(chain xor block)` for each block.
    pub(in crate::boundary) fn chain(&self, chain: &mut [u8; BLOCK], input: &[[u8; BLOCK]]) {
        // SAFETY: the same.
        unsafe { self.0.chain_over(chain, input) }
    }
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

    /// The steps of W (SP 800-38F, algorithm 1) on A and the semiblocks of the text; answers A.
    pub(in crate::boundary) fn wrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        // SAFETY: the same.
        unsafe { self.keys.forward.wrap(a, text) }
    }

    /// The steps of its inverse (algorithm 2).
    pub(in crate::boundary) fn unwrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        // SAFETY: the same.
        unsafe { self.keys.inverse.unwrap(a, text) }
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

/// Buffers of one length as batches of registers, and what is left after them, less than a batch.
#[allow(clippy::type_complexity)] // two pairs
#[inline(always)]
fn split<'t, 'o, C: Cpu>(
    input: &'t [u8],
    output: &'o mut [u8],
) -> ((&'t [[C::Chunk; WIDE]], &'t [u8]), (&'o mut [[C::Chunk; WIDE]], &'o mut [u8])) {
    let whole = input.len().min(output.len()) / (WIDE * C::BYTES) * (WIDE * C::BYTES);
    let ((batches, rest), (out, rest_out)) = (input.split_at(whole), output.split_at_mut(whole));
    let batches = C::chunks(batches).0.as_chunks().0;
    let out = C::chunks_mut(out).0.as_chunks_mut().0;
    ((batches, rest), (out, rest_out))
}

// No closures below: one that is not inlined has not the features of the function around it, and each instruction
// in it becomes a call.

#[inline(always)]
pub(super) fn ctr<C: Cpu>(cpu: C, keys: &RoundKeys, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    let ((batches, rest), (out, rest_out)) = split::<C>(input, output);
    let mut next = u128::from_be_bytes(*counter);
    for (text, out) in batches.iter().zip(out) {
        let mut stream = counters(cpu, next);
        next = next.wrapping_add((WIDE * C::BLOCKS) as u128);
        keys.encrypt(cpu, &mut stream, |_| ());
        let last = keys.last(cpu);
        for ((block, text), out) in stream.iter().zip(text).zip(out) {
            cpu.store(out, cpu.encrypt_last(*block, cpu.xor(last, cpu.load(text))));
        }
    }
    if !rest.is_empty() {
        let mut stream = counters(cpu, next);
        keys.encrypt(cpu, &mut stream, |_| ());
        let last = keys.last(cpu);
        let ((chunks, part), (chunks_out, part_out)) = (C::chunks(rest), C::chunks_mut(rest_out));
        for ((block, text), out) in stream.iter().zip(chunks).zip(chunks_out) {
            cpu.store(out, cpu.encrypt_last(*block, cpu.xor(last, cpu.load(text))));
        }
        if !part.is_empty() {
            let text = cpu.load_part(part);
            cpu.store_part(part_out, cpu.encrypt_last(stream[chunks.len()], cpu.xor(last, text)));
        }
    }
    cpu.clear();
}

#[inline(always)]
fn counters<C: Cpu>(cpu: C, next: u128) -> [C::Reg; WIDE] {
    #[allow(clippy::cast_possible_truncation)] // the upper half is masked away
    let (high, low) = ((next >> 64) as u64, (next & u128::from(u64::MAX)) as u64);
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
    let ((batches, rest), (out, rest_out)) = split::<C>(input, output);
    let mut before = cpu.spread(chain);
    for (text, out) in batches.iter().zip(out) {
        let mut blocks = [cpu.zero(); WIDE];
        for (block, text) in blocks.iter_mut().zip(text) {
            *block = cpu.load(text);
        }
        keys.decrypt(cpu, &mut blocks);
        let last = keys.last(cpu);
        for ((block, text), out) in blocks.iter().zip(text).zip(out) {
            let text = cpu.load(text);
            cpu.store(out, cpu.decrypt_last(*block, cpu.xor(last, cpu.one_earlier(before, text))));
            before = text;
        }
    }
    if !rest.is_empty() {
        let ((chunks, part), (chunks_out, part_out)) = (C::chunks(rest), C::chunks_mut(rest_out));
        let part_text = if part.is_empty() { cpu.zero() } else { cpu.load_part(part) };
        let mut blocks = [part_text; WIDE];
        for (block, text) in blocks.iter_mut().zip(chunks) {
            *block = cpu.load(text);
        }
        keys.decrypt(cpu, &mut blocks);
        let last = keys.last(cpu);
        for ((block, text), out) in blocks.iter().zip(chunks).zip(chunks_out) {
            let text = cpu.load(text);
            cpu.store(out, cpu.decrypt_last(*block, cpu.xor(last, cpu.one_earlier(before, text))));
            before = text;
        }
        if !part.is_empty() {
            let earlier = cpu.one_earlier(before, part_text);
            cpu.store_part(part_out, cpu.decrypt_last(blocks[chunks.len()], cpu.xor(last, earlier)));
        }
    }
    cpu.clear();
}
