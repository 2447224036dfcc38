//! Digits of scalars, and tables of multiples of a base point that are read whole.

// I is below 64, positions below those of the table.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;
use std::vec;
use std::vec::Vec;

use super::field::{Mask, V, bits, splat};
use super::lanes::{load, store};

/// Digit number j of an odd k in base 2^w: the place of its magnitude among 1, 3, 5, .. and the lanes where
/// it is negative. The last digit is what remains and positive.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn odd_digit<const N: usize>(k: &[V; N], j: usize, w: u32, last: bool) -> (V, Mask) {
    // d = 2 u + 1 - 2^w
    let u = bits(k, j * w as usize + 1, w);
    if last {
        return (u, 0);
    }
    let minus = _mm512_testn_epi64_mask(u, splat(1 << (w - 1)));
    let ones = splat((1 << (w - 1)) - 1);
    (_mm512_and_si512(_mm512_mask_xor_epi64(u, minus, u, ones), ones), minus)
}

/// Width of a digit of the comb.
pub(super) const COMB_WIDTH: u32 = 7;
/// Entries of one position of a comb: 1, 3, .. 127.
pub(super) const COMB_ENTRIES: usize = 64;

/// A table for [`put_entry`]: of each position M coordinates, of each coordinate N limbs, of each limb 64
/// numbers, eight a row.
pub(super) fn empty_comb<const N: usize, const M: usize>(positions: usize) -> Vec<[u64; 8]> {
    vec![[0; 8]; positions * M * N * COMB_ENTRIES / 8]
}

/// Puts down entry i of eight positions from `first` on, as far as the table goes.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn put_entry<const N: usize, const M: usize>(
    table: &mut [[u64; 8]],
    first: usize,
    i: usize,
    entry: &[[V; N]; M],
) {
    for (limb, v) in entry.iter().flatten().enumerate() {
        let mut lanes = [0; 8];
        store(&mut lanes, *v);
        for (position, number) in (first..).zip(lanes) {
            if let Some(row) = table.get_mut((position * M * N + limb) * 8 + i / 8) {
                row[i % 8] = number;
            }
        }
    }
}

/// Of 64 numbers, eight a row, the one at each lane's place: the whole table is read and permuted in
/// registers, so that neither an address nor the time depends on the places.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn pick(rows: &[[u64; 8]; 8], place: V, bit4: Mask, bit5: Mask) -> V {
    let of_16 = |at: usize| _mm512_permutex2var_epi64(load(&rows[at]), place, load(&rows[at + 1]));
    let low = _mm512_mask_blend_epi64(bit4, of_16(0), of_16(2));
    let high = _mm512_mask_blend_epi64(bit4, of_16(4), of_16(6));
    _mm512_mask_blend_epi64(bit5, low, high)
}

/// The table entries of one position at each lane's place, M coordinates.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn pick_entry<const N: usize, const M: usize>(
    table: &[[u64; 8]],
    position: usize,
    place: V,
) -> [[V; N]; M] {
    let (bit4, bit5) = (_mm512_test_epi64_mask(place, splat(16)), _mm512_test_epi64_mask(place, splat(32)));
    let mut out = [[_mm512_setzero_si512(); N]; M];
    let rows = table.as_chunks::<8>().0.get(position * M * N..(position + 1) * M * N).unwrap_or(&[]);
    for (limb, rows) in rows.iter().enumerate() {
        out[limb / N][limb % N] = pick(rows, place, bit4, bit5);
    }
    out
}
