//! Numbers of eight callers into vectors and back.

#![allow(unsafe_code)] // loads and stores by reference
// Lanes below 8, words below the length.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::field::{LIMB, Mask, V};

/// Eight lanes of one limb.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn load(lanes: &[u64; 8]) -> V {
    // SAFETY: the reference is to 64 readable bytes; this load asks for no alignment.
    unsafe { _mm512_loadu_epi64(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn store(lanes: &mut [u64; 8], v: V) {
    // SAFETY: the reference is to 64 writable bytes; this store asks for no alignment.
    unsafe { _mm512_storeu_epi64(lanes.as_mut_ptr().cast(), v) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn load_all<const N: usize>(lanes: &[[u64; 8]; N]) -> [V; N] {
    let mut out = [_mm512_setzero_si512(); N];
    for (to, from) in out.iter_mut().zip(lanes) {
        *to = load(from);
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn store_all<const N: usize>(lanes: &mut [[u64; 8]; N], a: &[V; N]) {
    for (to, from) in lanes.iter_mut().zip(a) {
        store(to, *from);
    }
}

/// Numbers of at most eight lanes, in little-endian or big-endian bytes; 0 in the lanes without one. B is a
/// multiple of 8, and a number has at most N limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn gather<'a, const LITTLE: bool, const N: usize, const B: usize>(
    lanes: impl Iterator<Item = &'a [u8; B]>,
) -> [V; N] {
    let mut limbs = [[0; 8]; N];
    for (lane, bytes) in lanes.take(8).enumerate() {
        let words = bytes.as_chunks::<8>().0;
        // Word i, the lowest first, and zeros above the number.
        let word = |i: usize| match i < words.len() {
            true if LITTLE => u128::from(u64::from_le_bytes(words[i])),
            true => u128::from(u64::from_be_bytes(words[words.len() - 1 - i])),
            false => 0,
        };
        for (i, limb) in limbs.iter_mut().enumerate() {
            let (first, shift) = (i * LIMB / 64, i * LIMB % 64);
            let two = word(first) | word(first + 1) << 64;
            limb[lane] = low_half(two >> shift) & ((1 << LIMB) - 1);
        }
    }
    let out = load_all(&limbs);
    limbs.zeroize();
    out
}

/// Canonical numbers as bytes of at most eight lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn scatter<'a, const LITTLE: bool, const N: usize, const B: usize>(
    numbers: &[V; N],
    lanes: impl Iterator<Item = &'a mut [u8; B]>,
) {
    let mut limbs = [[0; 8]; N];
    store_all(&mut limbs, numbers);
    for (lane, bytes) in lanes.take(8).enumerate() {
        let words = bytes.as_chunks_mut::<8>().0;
        let count = words.len();
        for (at, bytes) in words.iter_mut().enumerate() {
            let i = if LITTLE { at } else { count - 1 - at };
            let (first, shift) = (i * 64 / LIMB, i * 64 % LIMB);
            let limb = |i: usize| limbs.get(i).map_or(0, |limb| u128::from(limb[lane]));
            let three = limb(first) | limb(first + 1) << LIMB | limb(first + 2) << (2 * LIMB);
            let word = low_half(three >> shift);
            *bytes = if LITTLE { word.to_le_bytes() } else { word.to_be_bytes() };
        }
    }
    limbs.zeroize();
}

#[allow(clippy::cast_possible_truncation)] // as it says
fn low_half(wide: u128) -> u64 {
    wide as u64
}

/// A mask as answers of the lanes.
pub(super) fn set<'a>(mask: Mask, lanes: impl Iterator<Item = &'a mut bool>) {
    for (i, ok) in lanes.take(8).enumerate() {
        *ok = mask >> i & 1 == 1;
    }
}

/// Overwrites the stack below the caller, where a kernel that it called had its frames: vectors that did not
/// fit the registers, tables, and what functions returned by value. The deepest in a release build, that of
/// P-384 agreement, is about 45 KiB.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn wipe_stack() {
    let mut dead = [_mm512_setzero_si512(); 1024];
    dead.zeroize();
    core::hint::black_box(&dead);
}
