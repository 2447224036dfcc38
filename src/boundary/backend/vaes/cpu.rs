//! The instructions, for registers of two and of four blocks.
//!
//! Methods are always inlined: they become instructions of the function with the features that calls them.

#![allow(unsafe_code)] // instructions that a processor may lack, loads and stores by reference

use core::arch::x86_64::*;
use std::arch::is_x86_feature_detected;

/// Bytes of an AES block.
pub(super) const BLOCK: usize = 16;

/// A processor with wide AES. A value is the proof of it.
pub(super) trait Cpu: Copy {
    /// A register of [`BLOCKS`](Self::BLOCKS) blocks; the first in memory is its lowest lane.
    type Reg: Copy;
    /// As many bytes.
    type Chunk: Copy;
    const BLOCKS: usize;
    const BYTES: usize = Self::BLOCKS * BLOCK;

    fn chunks(bytes: &[u8]) -> (&[Self::Chunk], &[u8]);
    fn chunks_mut(bytes: &mut [u8]) -> (&mut [Self::Chunk], &mut [u8]);

    fn load(self, from: &Self::Chunk) -> Self::Reg;
    fn store(self, to: &mut Self::Chunk, a: Self::Reg);
    /// Less than a register; zeros after it.
    fn load_part(self, from: &[u8]) -> Self::Reg;
    /// The first bytes, less than a register.
    fn store_part(self, to: &mut [u8], a: Self::Reg);
    /// The first `len` bytes, less than a register; zeros after them.
    fn keep(self, a: Self::Reg, len: usize) -> Self::Reg;

    fn zero(self) -> Self::Reg;
    /// The block in every lane.
    fn spread(self, block: &[u8; BLOCK]) -> Self::Reg;
    /// The number in every lane, little-endian.
    fn number(self, high: u64, low: u64) -> Self::Reg;
    /// The number of each lane, from 0, little-endian.
    fn lanes(self) -> Self::Reg;
    /// The lowest lane.
    fn first(self, a: Self::Reg) -> [u8; BLOCK];
    /// The block in the lowest lane; zeros in the others.
    fn alone(self, block: &[u8; BLOCK]) -> Self::Reg;
    /// The sum of all lanes in the lowest one; zeros in the others.
    fn fold(self, a: Self::Reg) -> Self::Reg;
    /// What stands one block earlier: the last lane of `before`, then all but the last of `a`.
    fn one_earlier(self, before: Self::Reg, a: Self::Reg) -> Self::Reg;

    fn xor(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// Sums of 32-bit words.
    fn add32(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// Sums of 64-bit words.
    fn add64(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// The bytes of each lane in reverse.
    fn reverse(self, a: Self::Reg) -> Self::Reg;
    /// The halves of each lane exchanged.
    fn swap(self, a: Self::Reg) -> Self::Reg;

    fn encrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg;
    fn encrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg;
    fn decrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg;
    fn decrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg;
    /// Product in each lane of a half of `a` (bit 0 of `HALVES`) and a half of `b` (bit 4); 1 is the upper half.
    fn multiply<const HALVES: i32>(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;

    /// Clears the sixteen registers that AVX2 has.
    fn clear(self);
}

/// Registers of 256 bits: VAES and VPCLMULQDQ with AVX2.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct Ymm(());

impl Ymm {
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq");
        found.then_some(Self(()))
    }
}

/// Registers of 512 bits: the same with AVX-512.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct Zmm(());

impl Zmm {
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        (found && Ymm::detect().is_some()).then_some(Self(()))
    }
}

/// The instruction, where its method is called with a proof.
macro_rules! proven {
    ($instruction:expr) => {
        // SAFETY: `self` is made by `detect` alone, which found every feature that this instruction needs.
        unsafe { $instruction }
    };
}

/// The first bytes of a block that are there.
const REVERSE: [u8; BLOCK] = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

impl Cpu for Ymm {
    type Reg = __m256i;
    type Chunk = [u8; 32];
    const BLOCKS: usize = 2;

    #[inline(always)]
    fn chunks(bytes: &[u8]) -> (&[Self::Chunk], &[u8]) {
        bytes.as_chunks()
    }

    #[inline(always)]
    fn chunks_mut(bytes: &mut [u8]) -> (&mut [Self::Chunk], &mut [u8]) {
        bytes.as_chunks_mut()
    }

    #[inline(always)]
    fn load(self, from: &Self::Chunk) -> Self::Reg {
        proven!(_mm256_loadu_si256(from.as_ptr().cast())) // 32 readable bytes, of any alignment
    }

    #[inline(always)]
    fn store(self, to: &mut Self::Chunk, a: Self::Reg) {
        proven!(_mm256_storeu_si256(to.as_mut_ptr().cast(), a)) // 32 writable bytes, of any alignment
    }

    #[inline(always)]
    fn load_part(self, from: &[u8]) -> Self::Reg {
        let mut bytes = [0; 32];
        if let Some(bytes) = bytes.get_mut(..from.len()) {
            bytes.copy_from_slice(from);
        }
        let a = self.load(&bytes);
        self.store(&mut bytes, self.zero());
        core::hint::black_box(&bytes);
        a
    }

    #[inline(always)]
    fn store_part(self, to: &mut [u8], a: Self::Reg) {
        let mut bytes = [0; 32];
        self.store(&mut bytes, a);
        if let Some(bytes) = bytes.get(..to.len()) {
            to.copy_from_slice(bytes);
        }
        self.store(&mut bytes, self.zero());
        core::hint::black_box(&bytes);
    }

    #[inline(always)]
    fn keep(self, a: Self::Reg, len: usize) -> Self::Reg {
        let len = i8::try_from(len).unwrap_or(32);
        proven!({
            let half = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let at = _mm256_set_m128i(_mm_add_epi8(half, _mm_set1_epi8(16)), half);
            _mm256_and_si256(a, _mm256_cmpgt_epi8(_mm256_set1_epi8(len), at))
        })
    }

    #[inline(always)]
    fn zero(self) -> Self::Reg {
        proven!(_mm256_setzero_si256())
    }

    #[inline(always)]
    fn spread(self, block: &[u8; BLOCK]) -> Self::Reg {
        proven!(_mm256_broadcastsi128_si256(_mm_loadu_si128(block.as_ptr().cast()))) // 16 readable bytes
    }

    #[inline(always)]
    fn number(self, high: u64, low: u64) -> Self::Reg {
        let (high, low) = (high.cast_signed(), low.cast_signed());
        proven!(_mm256_set_epi64x(high, low, high, low))
    }

    #[inline(always)]
    fn lanes(self) -> Self::Reg {
        proven!(_mm256_set_epi64x(0, 1, 0, 0))
    }

    #[inline(always)]
    fn first(self, a: Self::Reg) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        proven!(_mm_storeu_si128(block.as_mut_ptr().cast(), _mm256_castsi256_si128(a))); // 16 writable bytes
        block
    }

    #[inline(always)]
    fn alone(self, block: &[u8; BLOCK]) -> Self::Reg {
        proven!(_mm256_zextsi128_si256(_mm_loadu_si128(block.as_ptr().cast()))) // 16 readable bytes
    }

    #[inline(always)]
    fn fold(self, a: Self::Reg) -> Self::Reg {
        proven!({
            let upper = _mm256_extracti128_si256::<1>(a);
            _mm256_zextsi128_si256(_mm_xor_si128(_mm256_castsi256_si128(a), upper))
        })
    }

    #[inline(always)]
    fn one_earlier(self, before: Self::Reg, a: Self::Reg) -> Self::Reg {
        proven!(_mm256_permute2x128_si256::<0x21>(before, a))
    }

    #[inline(always)]
    fn xor(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm256_xor_si256(a, b))
    }

    #[inline(always)]
    fn add32(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm256_add_epi32(a, b))
    }

    #[inline(always)]
    fn add64(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm256_add_epi64(a, b))
    }

    #[inline(always)]
    fn reverse(self, a: Self::Reg) -> Self::Reg {
        proven!(_mm256_shuffle_epi8(a, self.spread(&REVERSE)))
    }

    #[inline(always)]
    fn swap(self, a: Self::Reg) -> Self::Reg {
        proven!(_mm256_shuffle_epi32::<0x4e>(a))
    }

    #[inline(always)]
    fn encrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm256_aesenc_epi128(a, key))
    }

    #[inline(always)]
    fn encrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm256_aesenclast_epi128(a, key))
    }

    #[inline(always)]
    fn decrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm256_aesdec_epi128(a, key))
    }

    #[inline(always)]
    fn decrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm256_aesdeclast_epi128(a, key))
    }

    #[inline(always)]
    fn multiply<const HALVES: i32>(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm256_clmulepi64_epi128::<HALVES>(a, b))
    }

    #[inline(always)]
    fn clear(self) {
        proven!(_mm256_zeroall())
    }
}

/// The mask of the first `len` bytes.
#[inline(always)]
fn mask(len: usize) -> u64 {
    let len = u32::try_from(len).unwrap_or(64);
    1u64.checked_shl(len).unwrap_or(0).wrapping_sub(1)
}

impl Cpu for Zmm {
    type Reg = __m512i;
    type Chunk = [u8; 64];
    const BLOCKS: usize = 4;

    #[inline(always)]
    fn chunks(bytes: &[u8]) -> (&[Self::Chunk], &[u8]) {
        bytes.as_chunks()
    }

    #[inline(always)]
    fn chunks_mut(bytes: &mut [u8]) -> (&mut [Self::Chunk], &mut [u8]) {
        bytes.as_chunks_mut()
    }

    #[inline(always)]
    fn load(self, from: &Self::Chunk) -> Self::Reg {
        proven!(_mm512_loadu_si512(from.as_ptr().cast())) // 64 readable bytes, of any alignment
    }

    #[inline(always)]
    fn store(self, to: &mut Self::Chunk, a: Self::Reg) {
        proven!(_mm512_storeu_si512(to.as_mut_ptr().cast(), a)) // 64 writable bytes, of any alignment
    }

    #[inline(always)]
    fn load_part(self, from: &[u8]) -> Self::Reg {
        proven!(_mm512_maskz_loadu_epi8(mask(from.len()), from.as_ptr().cast())) // no more than the slice has
    }

    #[inline(always)]
    fn store_part(self, to: &mut [u8], a: Self::Reg) {
        proven!(_mm512_mask_storeu_epi8(to.as_mut_ptr().cast(), mask(to.len()), a)) // no more than the slice has
    }

    #[inline(always)]
    fn keep(self, a: Self::Reg, len: usize) -> Self::Reg {
        proven!(_mm512_maskz_mov_epi8(mask(len), a))
    }

    #[inline(always)]
    fn zero(self) -> Self::Reg {
        proven!(_mm512_setzero_si512())
    }

    #[inline(always)]
    fn spread(self, block: &[u8; BLOCK]) -> Self::Reg {
        proven!(_mm512_broadcast_i32x4(_mm_loadu_si128(block.as_ptr().cast()))) // 16 readable bytes
    }

    #[inline(always)]
    fn number(self, high: u64, low: u64) -> Self::Reg {
        let (high, low) = (high.cast_signed(), low.cast_signed());
        proven!(_mm512_set_epi64(high, low, high, low, high, low, high, low))
    }

    #[inline(always)]
    fn lanes(self) -> Self::Reg {
        proven!(_mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0))
    }

    #[inline(always)]
    fn first(self, a: Self::Reg) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        proven!(_mm_storeu_si128(block.as_mut_ptr().cast(), _mm512_castsi512_si128(a))); // 16 writable bytes
        block
    }

    #[inline(always)]
    fn alone(self, block: &[u8; BLOCK]) -> Self::Reg {
        proven!(_mm512_zextsi128_si512(_mm_loadu_si128(block.as_ptr().cast()))) // 16 readable bytes
    }

    #[inline(always)]
    fn fold(self, a: Self::Reg) -> Self::Reg {
        proven!({
            let upper = _mm512_extracti64x4_epi64::<1>(a);
            let two = _mm256_xor_si256(_mm512_castsi512_si256(a), upper);
            let upper = _mm256_extracti128_si256::<1>(two);
            _mm512_zextsi128_si512(_mm_xor_si128(_mm256_castsi256_si128(two), upper))
        })
    }

    #[inline(always)]
    fn one_earlier(self, before: Self::Reg, a: Self::Reg) -> Self::Reg {
        proven!(_mm512_alignr_epi64::<6>(a, before))
    }

    #[inline(always)]
    fn xor(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm512_xor_si512(a, b))
    }

    #[inline(always)]
    fn add32(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn add64(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm512_add_epi64(a, b))
    }

    #[inline(always)]
    fn reverse(self, a: Self::Reg) -> Self::Reg {
        proven!(_mm512_shuffle_epi8(a, self.spread(&REVERSE)))
    }

    #[inline(always)]
    fn swap(self, a: Self::Reg) -> Self::Reg {
        proven!(_mm512_shuffle_epi32::<0x4e>(a))
    }

    #[inline(always)]
    fn encrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm512_aesenc_epi128(a, key))
    }

    #[inline(always)]
    fn encrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm512_aesenclast_epi128(a, key))
    }

    #[inline(always)]
    fn decrypt(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm512_aesdec_epi128(a, key))
    }

    #[inline(always)]
    fn decrypt_last(self, a: Self::Reg, key: Self::Reg) -> Self::Reg {
        proven!(_mm512_aesdeclast_epi128(a, key))
    }

    #[inline(always)]
    fn multiply<const HALVES: i32>(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        proven!(_mm512_clmulepi64_epi128::<HALVES>(a, b))
    }

    #[inline(always)]
    fn clear(self) {
        proven!(_mm256_zeroall())
    }
}
