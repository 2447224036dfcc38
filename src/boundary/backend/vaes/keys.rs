//! AES key expansion (FIPS 197 section 5.2), and the rounds.

#![allow(unsafe_code)] // instructions, called with a proof
// Words below 60, of a key of 4, 6 or 8 words.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::cpu::{BLOCK, Cpu};
use crate::error::{Error, Result};

/// The round keys of one direction, in the order of their use.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
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
        let mut made = Self {
            first: [0; BLOCK],
            eight: [[0; BLOCK]; 8],
            more: [[0; BLOCK]; 5],
            extra,
            last: [0; BLOCK],
        };
        if let Ok(key) = key.try_into() {
            made.renew(key);
            return Ok(made);
        }
        let mut words = Zeroizing::new([[0; 4]; 60]);
        // SAFETY: `C` is the proof that AES is there.
        unsafe { expand(key.as_chunks().0, &mut words) };
        let slots =
            core::iter::once(&mut made.first).chain(&mut made.eight).chain(made.more.iter_mut().take(extra));
        let slots = slots.chain(core::iter::once(&mut made.last));
        for (to, from) in slots.zip(words.as_chunks::<4>().0) {
            to.copy_from_slice(from.as_flattened());
        }
        Ok(made)
    }

    /// A key of AES-256 in the place of what was here.
    pub(super) fn renew(&mut self, key: &[u8; 32]) {
        self.extra = 5;
        // SAFETY: round keys are made with the proof that AES and AVX2 are there.
        unsafe { self.expand_256(key) }
    }

    /// KeyExpansion for eight words, four at a time. The S-box is the last round's, of four equal columns, which
    /// ShiftRows leaves as they are.
    #[target_feature(enable = "aes,avx2")]
    fn expand_256(&mut self, key: &[u8; 32]) {
        let [low, high] = key.as_chunks::<BLOCK>().0 else { return };
        let (mut even, mut odd) = (load(low), load(high));
        let rotated = _mm_set1_epi32(0x0c0f_0e0d);
        let straight = _mm_set1_epi32(0x0f0e_0d0c);
        let sums = |a: __m128i| {
            let a = _mm_xor_si128(a, _mm_slli_si128::<4>(a));
            _mm_xor_si128(a, _mm_slli_si128::<8>(a))
        };
        store(&mut self.first, even);
        let [one, two, three, four, five, six, seven, eight] = &mut self.eight;
        let [nine, ten, eleven, twelve, thirteen] = &mut self.more;
        store(one, odd);
        let pairs =
            [(two, three), (four, five), (six, seven), (eight, nine), (ten, eleven), (twelve, thirteen)];
        let mut rcon = 1;
        for (to_even, to_odd) in pairs {
            let word = _mm_aesenclast_si128(_mm_shuffle_epi8(odd, rotated), _mm_set1_epi32(rcon));
            even = _mm_xor_si128(sums(even), word);
            store(to_even, even);
            let word = _mm_aesenclast_si128(_mm_shuffle_epi8(even, straight), _mm_setzero_si128());
            odd = _mm_xor_si128(sums(odd), word);
            store(to_odd, odd);
            rcon *= 2;
        }
        let word = _mm_aesenclast_si128(_mm_shuffle_epi8(odd, rotated), _mm_set1_epi32(rcon));
        store(&mut self.last, _mm_xor_si128(sums(even), word));
    }

    /// Blocks that do not wait for one another.
    #[target_feature(enable = "aes")]
    pub(super) fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        let (eights, rest) = blocks.as_chunks_mut::<8>();
        eights.iter_mut().for_each(|blocks| self.encrypt_some::<8>(blocks));
        match rest.len() {
            0 => {}
            1..=4 => self.encrypt_some::<4>(rest),
            5 | 6 => self.encrypt_some::<6>(rest),
            _ => self.encrypt_some::<8>(rest),
        }
    }

    /// Up to V of them.
    #[inline]
    #[target_feature(enable = "aes")]
    fn encrypt_some<const V: usize>(&self, blocks: &mut [[u8; BLOCK]]) {
        let mut a = [_mm_setzero_si128(); V];
        let key = load(&self.first);
        for (a, block) in a.iter_mut().zip(&*blocks) {
            *a = _mm_xor_si128(load(block), key);
        }
        for key in self.eight.iter().chain(self.more.iter().take(self.extra)) {
            let key = load(key);
            for a in &mut a {
                *a = _mm_aesenc_si128(*a, key);
            }
        }
        let key = load(&self.last);
        for (a, block) in a.iter().zip(blocks) {
            store(block, _mm_aesenclast_si128(*a, key));
        }
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
        store(block, self.decrypt_one(load(block)));
    }

    /// W of SP 800-38F, algorithm 1: A is the lower half of each block and stays in its register. A text has at most
    /// 2^17 semiblocks.
    #[target_feature(enable = "aes")]
    pub(super) fn wrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        let mut a = half(a.swap_bytes());
        let mut t = 0u64;
        for _ in 0..6 {
            for r in &mut *text {
                let made = self.encrypt_one(_mm_unpacklo_epi64(a, half(u64::from_le_bytes(*r))));
                t += 1;
                a = _mm_xor_si128(made, half(t.swap_bytes()));
                *r = lower(_mm_unpackhi_epi64(made, made)).to_le_bytes();
            }
        }
        lower(a).swap_bytes()
    }

    /// Its inverse, algorithm 2, with the keys of the inverse.
    #[target_feature(enable = "aes")]
    pub(super) fn unwrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        let mut a = half(a.swap_bytes());
        let mut t = 6 * text.len() as u64;
        for _ in 0..6 {
            for r in text.iter_mut().rev() {
                a = _mm_xor_si128(a, half(t.swap_bytes()));
                a = self.decrypt_one(_mm_unpacklo_epi64(a, half(u64::from_le_bytes(*r))));
                t -= 1;
                *r = lower(_mm_unpackhi_epi64(a, a)).to_le_bytes();
            }
        }
        lower(a).swap_bytes()
    }

    /// One block.
    #[target_feature(enable = "aes")]
    pub(super) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        store(block, self.encrypt_one(load(block)));
    }

    /// The loop of CMAC: each block is added to the one made before and encrypted.
    #[target_feature(enable = "aes")]
    pub(super) fn chain_over(&self, chain: &mut [u8; BLOCK], blocks: &[[u8; BLOCK]]) {
        let mut a = load(chain);
        for text in blocks {
            a = self.encrypt_one(_mm_xor_si128(a, load(text)));
        }
        store(chain, a);
    }

    /// The loop of CBC: the same, and each is an output.
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

    #[inline]
    #[target_feature(enable = "aes")]
    fn decrypt_one(&self, a: __m128i) -> __m128i {
        let mut a = _mm_xor_si128(a, load(&self.first));
        for key in self.eight.iter().chain(self.more.iter().take(self.extra)) {
            a = _mm_aesdec_si128(a, load(key));
        }
        _mm_aesdeclast_si128(a, load(&self.last))
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

/// The word in the lower half of a block, as it lies in memory.
#[inline]
#[target_feature(enable = "sse2")]
fn half(word: u64) -> __m128i {
    _mm_cvtsi64_si128(word.cast_signed())
}

#[inline]
#[target_feature(enable = "sse2")]
fn lower(a: __m128i) -> u64 {
    _mm_cvtsi128_si64(a).cast_unsigned()
}

/// InvMixColumns.
#[inline]
#[target_feature(enable = "aes")]
fn unmix(key: &mut [u8; BLOCK]) {
    store(key, _mm_aesimc_si128(load(key)));
}
