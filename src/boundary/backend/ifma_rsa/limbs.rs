//! Numbers of 52 or 64 bits a limb, least significant limb first, from and to big-endian bytes, and the change
//! between eight numbers and eight lanes. Nothing here depends on the value of a number.
#![allow(clippy::indexing_slicing)] // indices are below the arrays' own lengths
#![allow(clippy::arithmetic_side_effects)] // shifts below 64, counters below a few hundred
#![allow(clippy::cast_possible_truncation)] // the low bits are what is wanted

use core::arch::x86_64::{__m512i, _mm512_setzero_si512};
use core::hint::black_box;

use zeroize::Zeroizing;

const MASK: u64 = (1 << 52) - 1;

/// Limbs of `BITS` bits, 52 or 64, of a big-endian number that fits and has at most 512 bytes.
pub(super) fn from_be<const BITS: usize, const N: usize>(bytes: &[u8], out: &mut [u64; N]) {
    const { assert!(BITS > 32 && BITS <= 64) };
    // Two words of zeros above.
    let mut words = Zeroizing::new([0u64; 66]);
    for (word, bytes) in words.iter_mut().zip(bytes.as_rchunks().1.iter().rev()) {
        *word = u64::from_be_bytes(*bytes);
    }
    for (i, limb) in out.iter_mut().enumerate() {
        let (at, shift) = (BITS * i / 64, BITS * i % 64);
        let pair = words.get(at..).and_then(|rest| rest.first_chunk::<2>()).unwrap_or(&[0, 0]);
        let pair = u128::from(pair[1]) << 64 | u128::from(pair[0]);
        *limb = (pair >> shift) as u64 & (u64::MAX >> (64 - BITS));
    }
}

/// Writes a number of 52-bit limbs, big-endian; it fits `out`, whose length is a multiple of 8.
pub(super) fn to_be<const N: usize>(limbs: &[u64; N], out: &mut [u8]) {
    let limb = |i: usize| limbs.get(i).map_or(0, |limb| u128::from(*limb));
    for (i, bytes) in out.as_rchunks_mut().1.iter_mut().rev().enumerate() {
        // 64 bits from bit 64 i: the end of one limb, and of one or two more.
        let (at, shift) = (64 * i / 52, 64 * i % 52);
        let bits = (limb(at) | limb(at + 1) << 52) >> shift;
        let word = if shift > 40 { bits | limb(at + 2) << (104 - shift) } else { bits };
        *bytes = u64::to_be_bytes(word as u64);
    }
}

/// Clears one bit of a number of 52-bit limbs.
pub(super) fn clear_bit<const N: usize>(number: &mut [u64; N], bit: usize) {
    if let Some(limb) = number.get_mut(bit / 52) {
        *limb &= !(1 << (bit % 52));
    }
}

/// Whether a < b, both with clean limbs. Time tells nothing of the operands.
pub(super) fn less<const N: usize>(a: &[u64; N], b: &[u64; N]) -> bool {
    let mut borrow = 0;
    for (a, b) in a.iter().zip(b) {
        borrow = a.wrapping_sub(*b).wrapping_sub(borrow) >> 63;
    }
    borrow == 1
}

/// `a - n` where that is not negative, for a < 2 n: the number itself. Constant time.
pub(super) fn finish<const N: usize>(a: &mut [u64; N], n: &[u64; N]) {
    let mut less = Zeroizing::new([0; N]);
    let mut borrow = 0;
    for ((less, a), n) in less.iter_mut().zip(&*a).zip(n) {
        let difference = a.wrapping_sub(*n).wrapping_sub(borrow);
        *less = difference & MASK;
        borrow = difference >> 63;
    }
    // Keep `a` when the subtraction went below zero.
    let keep = black_box(borrow.wrapping_neg());
    for (a, less) in a.iter_mut().zip(&*less) {
        *a = less ^ (keep & (*a ^ less));
    }
}

/// `a - b + 2 n`, for b of at most 2 n.
pub(super) fn less_by<const N: usize>(a: &[u64; N], b: &[u64; N], n: &[u64; N], out: &mut [u64; N]) {
    let mut carry = 0i64;
    for (((out, a), b), n) in out.iter_mut().zip(a).zip(b).zip(n) {
        let sum = (*a + 2 * n).wrapping_sub(*b).cast_signed() + carry;
        *out = sum.cast_unsigned() & MASK;
        carry = sum >> 52;
    }
}

/// Limb by limb, the eight numbers in eight lanes.
#[target_feature(enable = "avx512f")]
pub(super) fn into_lanes<const N: usize>(numbers: [&[u64; N]; 8], out: &mut [__m512i; N]) {
    let mut lanes = Zeroizing::new([0u64; 8]);
    for (i, out) in out.iter_mut().enumerate() {
        for (lane, number) in lanes.iter_mut().zip(numbers) {
            *lane = number[i];
        }
        *out = vector(*lanes);
    }
}

/// The eight numbers of eight lanes.
#[target_feature(enable = "avx512f")]
pub(super) fn from_lanes<const N: usize>(vectors: &[__m512i; N], mut numbers: [&mut [u64; N]; 8]) {
    for (i, vector) in vectors.iter().enumerate() {
        let lanes = Zeroizing::new(lanes(*vector));
        for (number, lane) in numbers.iter_mut().zip(*lanes) {
            number[i] = lane;
        }
    }
}

/// N vectors of zeros.
#[target_feature(enable = "avx512f")]
pub(super) fn zeros<const N: usize>() -> [__m512i; N] {
    [_mm512_setzero_si512(); N]
}

#[allow(unsafe_code)]
pub(super) fn vector(lanes: [u64; 8]) -> __m512i {
    // SAFETY: both are 64 bytes of plain bits, and every pattern is a value of either.
    unsafe { core::mem::transmute(lanes) }
}

#[allow(unsafe_code)]
pub(super) fn lanes(vector: __m512i) -> [u64; 8] {
    // SAFETY: as above.
    unsafe { core::mem::transmute(vector) }
}
