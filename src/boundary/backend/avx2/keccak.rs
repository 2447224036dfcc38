//! Four Keccak states at once (FIPS 202), one in each 64-bit lane of a vector: SHAKE128 and SHAKE256 over four
//! short inputs of the same length.

// Lanes below 4, words below 25, all array types.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use super::{load_words, store_words};

/// Bytes that a permutation gives.
pub(super) const SHAKE128: usize = 168;
pub(super) const SHAKE256: usize = 136;

const ROUNDS: [i64; 24] = {
    // The bits of the round constants come of an LFSR (section 3.2.5).
    let (mut constants, mut lfsr, mut round) = ([0; 24], 1u16, 0);
    while round < 24 {
        let mut j = 0;
        while j < 7 {
            if lfsr & 1 == 1 {
                constants[round] |= 1i64 << ((1u32 << j) - 1);
            }
            lfsr <<= 1;
            if lfsr & 0x100 != 0 {
                lfsr ^= 0x171;
            }
            j += 1;
        }
        round += 1;
    }
    constants
};

/// Four sponges that have taken their input.
pub(super) struct Sponges<const RATE: usize>([__m256i; 25]);

impl<const RATE: usize> Sponges<RATE> {
    /// Absorbs four inputs of one block, with the padding of SHAKE.
    #[target_feature(enable = "avx2")]
    pub(super) fn new<const LEN: usize>(inputs: [&[u8; LEN]; 4]) -> Self {
        const { assert!(LEN < RATE && RATE.is_multiple_of(8) && RATE < 200) };
        let mut words = [[0u64; 4]; 25];
        for (lane, input) in inputs.into_iter().enumerate() {
            let (whole, rest) = input.as_chunks::<8>();
            for (word, bytes) in words.iter_mut().zip(whole) {
                word[lane] = u64::from_le_bytes(*bytes);
            }
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            last[rest.len()] = 0x1f;
            words[LEN / 8][lane] = u64::from_le_bytes(last);
            words[RATE / 8 - 1][lane] |= 1 << 63;
        }
        let mut state = [_mm256_setzero_si256(); 25];
        for (to, from) in state.iter_mut().zip(&words) {
            *to = load_words(from);
        }
        Self(state)
    }

    /// The next block of each.
    #[target_feature(enable = "avx2")]
    pub(super) fn squeeze(&mut self, mut out: [&mut [u8; RATE]; 4]) {
        permute(&mut self.0);
        for (at, word) in self.0.iter().take(RATE / 8).enumerate() {
            let mut lanes = [0; 4];
            store_words(&mut lanes, *word);
            for (out, lane) in out.iter_mut().zip(lanes) {
                out[8 * at..8 * at + 8].copy_from_slice(&lane.to_le_bytes());
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m256i) -> __m256i {
    const { assert!(LEFT + RIGHT == 64) };
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(a), _mm256_srli_epi64::<RIGHT>(a))
}

/// Keccak-f[1600] (section 3.3).
#[target_feature(enable = "avx2")]
fn permute(state: &mut [__m256i; 25]) {
    let mut a = *state;
    macro_rules! xor {
        ($a:expr, $b:expr) => {
            _mm256_xor_si256($a, $b)
        };
    }
    macro_rules! turned {
        ($d:ident, $from:literal, $left:literal) => {
            rotate::<$left, { 64 - $left }>(xor!(a[$from], $d[$from % 5]))
        };
    }
    for constant in ROUNDS {
        // theta
        let c: [__m256i; 5] = [column(&a, 0), column(&a, 1), column(&a, 2), column(&a, 3), column(&a, 4)];
        let d = [
            xor!(c[4], rotate::<1, 63>(c[1])),
            xor!(c[0], rotate::<1, 63>(c[2])),
            xor!(c[1], rotate::<1, 63>(c[3])),
            xor!(c[2], rotate::<1, 63>(c[4])),
            xor!(c[3], rotate::<1, 63>(c[0])),
        ];
        // rho and pi
        let b = [
            [xor!(a[0], d[0]), turned!(d, 6, 44), turned!(d, 12, 43), turned!(d, 18, 21), turned!(d, 24, 14)],
            [turned!(d, 3, 28), turned!(d, 9, 20), turned!(d, 10, 3), turned!(d, 16, 45), turned!(d, 22, 61)],
            [turned!(d, 1, 1), turned!(d, 7, 6), turned!(d, 13, 25), turned!(d, 19, 8), turned!(d, 20, 18)],
            [
                turned!(d, 4, 27),
                turned!(d, 5, 36),
                turned!(d, 11, 10),
                turned!(d, 17, 15),
                turned!(d, 23, 56),
            ],
            [turned!(d, 2, 62), turned!(d, 8, 55), turned!(d, 14, 39), turned!(d, 15, 41), turned!(d, 21, 2)],
        ];
        // chi and iota
        for (row, b) in b.iter().enumerate() {
            for x in 0..5 {
                a[5 * row + x] = xor!(b[x], _mm256_andnot_si256(b[(x + 1) % 5], b[(x + 2) % 5]));
            }
        }
        a[0] = xor!(a[0], _mm256_set1_epi64x(constant));
    }
    *state = a;
}

#[inline]
#[target_feature(enable = "avx2")]
fn column(a: &[__m256i; 25], x: usize) -> __m256i {
    let first = _mm256_xor_si256(_mm256_xor_si256(a[x], a[x + 5]), _mm256_xor_si256(a[x + 10], a[x + 15]));
    _mm256_xor_si256(first, a[x + 20])
}
