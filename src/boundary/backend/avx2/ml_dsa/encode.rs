//! Encodings (FIPS 204 sections 7.1 and 7.2).

// Positions inside slices whose lengths are those of the parameter sets; numbers of at most 20 bits.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use super::{N, Poly, Set};

/// SimpleBitPack (algorithm 16) of `offset` - number, or of the number where there is none: BITS at a time, the
/// lowest first, eight numbers in BITS bytes.
#[inline]
fn pack<const BITS: usize>(p: &Poly, offset: Option<i32>, out: &mut [u8]) {
    const { assert!(BITS <= 24) };
    for (eight, bytes) in p.0.iter().zip(out.chunks_exact_mut(BITS)) {
        let mut words = [0u64; 3];
        for (i, number) in eight.iter().enumerate() {
            let number = u64::from(offset.map_or(*number, |offset| offset - number) as u32);
            let (word, shift) = (i * BITS / 64, i * BITS % 64);
            words[word] |= number << shift;
            if shift + BITS > 64 {
                words[word + 1] |= number >> (64 - shift);
            }
        }
        bytes.copy_from_slice(&words.map(u64::to_le_bytes).as_flattened()[..BITS]);
    }
}

/// SimpleBitUnpack (algorithm 18); `change` is applied to each number.
#[inline]
fn unpack<const BITS: usize>(bytes: &[u8], p: &mut Poly, change: impl Fn(i32) -> i32) {
    const { assert!(BITS <= 24) };
    for (eight, bytes) in p.0.iter_mut().zip(bytes.chunks_exact(BITS)) {
        let mut padded = [0; 28];
        padded[..BITS].copy_from_slice(bytes);
        for (i, number) in eight.iter_mut().enumerate() {
            let (byte, shift) = (i * BITS / 8, i * BITS % 8);
            let four = [padded[byte], padded[byte + 1], padded[byte + 2], padded[byte + 3]];
            *number = change((u32::from_le_bytes(four) >> shift & ((1 << BITS) - 1)) as i32);
        }
    }
}

/// A mask, or a response: gamma1 - number in 18 or 20 bits.
pub(super) fn unpack_gamma1(set: &Set, bytes: &[u8], p: &mut Poly) {
    if set.gamma1 == 1 << 17 {
        unpack::<18>(bytes, p, |number| (1 << 17) - number);
    } else {
        unpack::<20>(bytes, p, |number| (1 << 19) - number);
    }
}

pub(super) fn pack_gamma1(set: &Set, p: &Poly, out: &mut [u8]) {
    if set.gamma1 == 1 << 17 {
        pack::<18>(p, Some(1 << 17), out);
    } else {
        pack::<20>(p, Some(1 << 19), out);
    }
}

/// Bytes of a response.
pub(super) const fn gamma1_len(set: &Set) -> usize {
    if set.gamma1 == 1 << 17 { 32 * 18 } else { 32 * 20 }
}

/// w1Encode (algorithm 28) of one polynomial.
pub(super) fn pack_w1(set: &Set, p: &Poly, out: &mut [u8]) {
    if w1_len(set) == 32 * 4 { pack::<4>(p, None, out) } else { pack::<6>(p, None, out) }
}

pub(super) const fn w1_len(set: &Set) -> usize {
    if set.gamma2 == (super::Q - 1) / 32 { 32 * 4 } else { 32 * 6 }
}

/// The high part of t, 10 bits.
pub(super) fn pack_t1(p: &Poly, out: &mut [u8]) {
    pack::<10>(p, None, out);
}

pub(super) fn unpack_t1(bytes: &[u8], p: &mut Poly) {
    unpack::<10>(bytes, p, |number| number);
}

/// Bytes of a polynomial of t1, and of t0.
pub(super) const T1: usize = 32 * 10;
pub(super) const T0: usize = 32 * 13;

pub(super) fn pack_t0(p: &Poly, out: &mut [u8]) {
    pack::<13>(p, Some(1 << 12), out);
}

/// A polynomial of s1 or s2: 3 or 4 bits.
pub(super) fn pack_eta(set: &Set, p: &Poly, out: &mut [u8]) {
    if set.eta == 2 { pack::<3>(p, Some(2), out) } else { pack::<4>(p, Some(4), out) }
}

pub(super) const fn eta_len(set: &Set) -> usize {
    if set.eta == 2 { 32 * 3 } else { 32 * 4 }
}

/// HintBitPack (algorithm 20). There are at most omega hints.
pub(super) fn pack_hints<const K: usize>(set: &Set, hints: &[[u8; N]; K], out: &mut [u8]) {
    out.fill(0);
    let mut count = 0;
    for (row, hint) in hints.iter().enumerate() {
        for (at, _) in hint.iter().enumerate().filter(|(_, hint)| **hint != 0) {
            out[count] = at as u8;
            count += 1;
        }
        out[set.omega + row] = count as u8;
    }
}

/// HintBitUnpack (algorithm 21): nothing unless it is the one encoding of some hints.
pub(super) fn unpack_hints<const K: usize>(set: &Set, bytes: &[u8]) -> Option<[[u8; N]; K]> {
    let mut hints = [[0; N]; K];
    let (positions, ends) = bytes.split_at_checked(set.omega)?;
    let mut start = 0;
    for (hint, end) in hints.iter_mut().zip(ends) {
        let end = usize::from(*end);
        let row = positions.get(start..end)?;
        if row.is_sorted_by(|before, after| before < after) {
            row.iter().for_each(|at| hint[usize::from(*at)] = 1);
        } else {
            return None;
        }
        start = end;
    }
    positions.get(start..)?.iter().all(|byte| *byte == 0).then_some(hints)
}
