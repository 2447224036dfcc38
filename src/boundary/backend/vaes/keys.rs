//! AES key expansion (FIPS 197 section 5.2), and the rounds.

#![allow(unsafe_code)] // instructions, called with a proof
// Words below 60, of a key of 4, 6 or 8 words.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::cpu::{BLOCK, Cpu};
use crate::error::{Error, Result};

/// The round keys of one direction, in the order of their use.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct RoundKeys {
    first: [u8; BLOCK],
    eight: [[u8; BLOCK]; 8],
    more: [[u8; BLOCK]; 5],
    /// How many more, after the first and eight others: 1, 3 or 5 by the length of the key.
    extra: usize,
    last: [u8; BLOCK],
}

impl RoundKeys {
    /// Expands a key of 16, 24 or 32 bytes: both directions.
    pub(super) fn pair<C: Cpu>(cpu: C, key: &[u8]) -> Result<(Self, Self)> {
        let forward = Self::new(cpu, key)?;
        let mut inverse = Self {
            first: forward.last,
            eight: [[0; BLOCK]; 8],
            more: [[0; BLOCK]; 5],
            extra: forward.extra,
            last: forward.first,
        };
        // FIPS 197 section 5.3.5, the equivalent inverse cipher.
        let from = forward.eight.iter().chain(&forward.more[..forward.extra]).rev();
        for (to, from) in inverse.eight.iter_mut().chain(&mut inverse.more).zip(from) {
            *to = *from;
            // SAFETY: `C` is the proof that AES is there.
            unsafe { unmix(to) };
        }
        Ok((forward, inverse))
    }

    /// The forward direction alone.
    pub(super) fn new<C: Cpu>(_: C, key: &[u8]) -> Result<Self> {
        let extra = match key.len() {
            16 => 1,
            24 => 3,
            32 => 5,
            _ => return Err(Error::InvalidArgument),
        };
        let mut words = Zeroizing::new([[0; 4]; 60]);
        // SAFETY: `C` is the proof that AES is there.
        unsafe { expand(key.as_chunks().0, &mut words) };
        let mut made = Self {
            first: [0; BLOCK],
            eight: [[0; BLOCK]; 8],
            more: [[0; BLOCK]; 5],
            extra,
            last: [0; BLOCK],
        };
        let slots =
            core::iter::once(&mut made.first).chain(&mut made.eight).chain(made.more.iter_mut().take(extra));
        let slots = slots.chain(core::iter::once(&mut made.last));
        for (to, from) in slots.zip(words.as_chunks::<4>().0) {
            to.copy_from_slice(from.as_flattened());
        }
        Ok(made)
    }

    /// The rounds on registers of four or eight vectors, up to the last, which [`last`](Self::last) is for.
    /// `between` does other work in between, eight times.
    #[inline(always)]
    pub(super) fn encrypt<C: Cpu, const V: usize>(
        &self,
        cpu: C,
        a: &mut [C::Reg; V],
        mut between: impl FnMut(usize),
    ) {
        let keys = anew(self);
        each(a, cpu.spread(&keys.first), |a, key| cpu.xor(a, key));
        for (i, key) in keys.eight.iter().enumerate() {
            each(a, cpu.spread(key), |a, key| cpu.encrypt(a, key));
            between(i);
        }
        for key in keys.more.iter().take(keys.extra) {
            each(a, cpu.spread(key), |a, key| cpu.encrypt(a, key));
        }
    }

    /// Two sets of registers at once.
    #[inline(always)]
    pub(super) fn encrypt2<C: Cpu, const V: usize, const W: usize>(
        &self,
        cpu: C,
        a: &mut [C::Reg; V],
        b: &mut [C::Reg; W],
    ) {
        let mut both = |key: C::Reg, f: fn(C, C::Reg, C::Reg) -> C::Reg| {
            each(a, key, |a, key| f(cpu, a, key));
            each(b, key, |b, key| f(cpu, b, key));
        };
        both(cpu.spread(&self.first), C::xor);
        for key in self.eight.iter().chain(self.more.iter().take(self.extra)) {
            both(cpu.spread(key), C::encrypt);
        }
    }

    /// The same with the keys of the inverse.
    #[inline(always)]
    pub(super) fn decrypt<C: Cpu, const V: usize>(&self, cpu: C, a: &mut [C::Reg; V]) {
        let keys = anew(self);
        each(a, cpu.spread(&keys.first), |a, key| cpu.xor(a, key));
        for key in keys.eight.iter().chain(keys.more.iter().take(keys.extra)) {
            each(a, cpu.spread(key), |a, key| cpu.decrypt(a, key));
        }
    }

    /// One block, with the keys of the inverse.
    #[target_feature(enable = "aes")]
    pub(super) fn decrypt_block(&self, block: &mut [u8; BLOCK]) {
        let mut a = _mm_xor_si128(load(block), load(&self.first));
        for key in self.eight.iter().chain(self.more.iter().take(self.extra)) {
            a = _mm_aesdec_si128(a, load(key));
        }
        store(block, _mm_aesdeclast_si128(a, load(&self.last)));
    }

    /// One block.
    #[target_feature(enable = "aes")]
    pub(super) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        store(block, self.encrypt_one(load(block)));
    }

    /// The loop of CBC: each block is added to the one made before and encrypted.
    #[target_feature(enable = "aes")]
    pub(super) fn chain<'a>(
        &self,
        chain: &mut [u8; BLOCK],
        blocks: impl Iterator<Item = (&'a [u8; BLOCK], &'a mut [u8; BLOCK])>,
    ) {
        let mut a = load(chain);
        for (text, out) in blocks {
            a = self.encrypt_one(_mm_xor_si128(a, load(text)));
            store(out, a);
        }
        store(chain, a);
    }

    #[inline]
    #[target_feature(enable = "aes")]
    fn encrypt_one(&self, a: __m128i) -> __m128i {
        let mut a = _mm_xor_si128(a, load(&self.first));
        for key in self.eight.iter().chain(self.more.iter().take(self.extra)) {
            a = _mm_aesenc_si128(a, load(key));
        }
        _mm_aesenclast_si128(a, load(&self.last))
    }

    /// The key of the last round.
    #[inline(always)]
    pub(super) fn last<C: Cpu>(&self, cpu: C) -> C::Reg {
        cpu.spread(&self.last)
    }
}

/// Round keys that the compiler must read where they are used. It would otherwise read them once before a loop over
/// batches, and spill what does not fit the registers to the stack.
#[inline(always)]
fn anew(keys: &RoundKeys) -> &RoundKeys {
    core::hint::black_box(keys)
}

#[inline(always)]
fn each<R: Copy, const V: usize>(a: &mut [R; V], key: R, f: impl Fn(R, R) -> R) {
    for a in a {
        *a = f(*a, key);
    }
}

/// KeyExpansion. Without tables: the S-box is the instruction's.
#[target_feature(enable = "aes")]
fn expand(key: &[[u8; 4]], words: &mut [[u8; 4]; 60]) {
    let nk = key.len();
    words[..nk].copy_from_slice(key);
    let mut rcon = 1u8;
    for i in nk..60 {
        let mut word = words[i - 1];
        if i % nk == 0 {
            word = sub_word(word);
            word.rotate_left(1);
            word[0] ^= rcon;
            rcon = (rcon << 1) ^ ((rcon >> 7) * 0x1b);
        } else if nk > 6 && i % nk == 4 {
            word = sub_word(word);
        }
        for (to, from) in word.iter_mut().zip(words[i - nk]) {
            *to ^= from;
        }
        words[i] = word;
    }
}

#[inline]
#[target_feature(enable = "aes")]
fn sub_word(word: [u8; 4]) -> [u8; 4] {
    // The lowest word of the answer is the S-box of the second.
    let in_second = _mm_set1_epi32(i32::from_le_bytes(word));
    _mm_cvtsi128_si32(_mm_aeskeygenassist_si128::<0>(in_second)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(block: &[u8; BLOCK]) -> __m128i {
    // SAFETY: 16 readable bytes, of any alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn store(block: &mut [u8; BLOCK], a: __m128i) {
    // SAFETY: 16 writable bytes, of any alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), a) }
}

/// InvMixColumns.
#[inline]
#[target_feature(enable = "aes")]
fn unmix(key: &mut [u8; BLOCK]) {
    store(key, _mm_aesimc_si128(load(key)));
}
