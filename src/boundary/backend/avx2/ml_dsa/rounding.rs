//! High and low bits, and hints (FIPS 204 section 7.4), without branches: loops that the compiler makes vectors of.

// Numbers below 2^31 as the comments say.
#![allow(clippy::arithmetic_side_effects)]

use super::{N, Poly, Q, Set};

impl Poly {
    #[inline(always)]
    fn each(&mut self, with: impl Fn(i32) -> i32) {
        for number in self.0.as_flattened_mut() {
            *number = with(*number);
        }
    }

    #[inline(always)]
    fn each_with(&mut self, other: &Self, with: impl Fn(i32, i32) -> i32) {
        for (number, other) in self.0.as_flattened_mut().iter_mut().zip(other.0.as_flattened()) {
            *number = with(*number, *other);
        }
    }
}

/// Sum of what is below 2^30, near zero: at most 6283008 and congruent.
#[target_feature(enable = "avx2")]
pub(super) fn add(to: &mut Poly, other: &Poly) {
    to.each_with(other, |a, b| near(a + b));
}

/// Difference, as [`add`].
#[target_feature(enable = "avx2")]
pub(super) fn subtract(from: &mut Poly, other: &Poly) {
    from.each_with(other, |a, b| near(a - b));
}

/// Near zero, as [`add`].
#[target_feature(enable = "avx2")]
pub(super) fn reduce(p: &mut Poly) {
    p.each(near);
}

#[inline]
const fn near(a: i32) -> i32 {
    a - ((a + (1 << 22)) >> 23) * Q
}

/// From above -q to what the standard calls mod q: 0 to q - 1.
#[target_feature(enable = "avx2")]
pub(super) fn positive(p: &mut Poly) {
    p.each(|a| a + ((a >> 31) & Q));
}

/// From 0 to q - 1 to what the standard calls mod plus-minus q.
#[target_feature(enable = "avx2")]
pub(super) fn centre(p: &mut Poly) {
    p.each(|a| a - (((Q / 2 - a) >> 31) & Q));
}

/// Whether every number is below `bound` in absolute value: those that [`add`] gives may stand for smaller ones, but
/// not for any below (q - 1) / 8.
#[target_feature(enable = "avx2")]
pub(super) fn is_below(p: &Poly, bound: i32) -> bool {
    p.0.as_flattened().iter().fold(0, |most, a| a.abs().max(most)) < bound
}

/// Power2Round (algorithm 35) of numbers from 0 to q - 1: the high part to `high`, the low one in place.
#[target_feature(enable = "avx2")]
pub(super) fn power2_round(low: &mut Poly, high: &mut Poly) {
    high.each_with(low, |_, a| (a + (1 << 12) - 1) >> 13);
    low.each_with(high, |a, high| a - (high << 13));
}

/// Decompose (algorithm 36) of numbers from 0 to q - 1: the high part to `high`, the low one in place.
#[target_feature(enable = "avx2")]
pub(super) fn decompose(set: &Set, low: &mut Poly, high: &mut Poly) {
    if set.gamma2 == (Q - 1) / 32 {
        high.each_with(low, |_, a| high_32(a));
        low.each_with(high, |a, high| low_part(a, high, (Q - 1) / 32));
    } else {
        high.each_with(low, |_, a| high_88(a));
        low.each_with(high, |a, high| low_part(a, high, (Q - 1) / 88));
    }
}

/// a / (2 gamma2), rounded, where q - 1 counts as 0: ((a + 127) / 128) / 4092.03 and ((a + 127) / 128) / 1488.02, by
/// multiplication.
#[inline]
const fn high_32(a: i32) -> i32 {
    ((((a + 127) >> 7) * 1025 + (1 << 21)) >> 22) & 15
}

#[inline]
const fn high_88(a: i32) -> i32 {
    let high = (((a + 127) >> 7) * 11_275 + (1 << 23)) >> 24;
    high ^ (((43 - high) >> 31) & high)
}

#[inline]
const fn low_part(a: i32, high: i32, gamma2: i32) -> i32 {
    let low = a - high * 2 * gamma2;
    low - ((((Q - 1) / 2 - low) >> 31) & Q)
}

/// MakeHint (algorithm 39), of the low part with c t0 in it and the high part without: ones to `hint`; how many.
#[target_feature(enable = "avx2")]
pub(super) fn make_hint(set: &Set, low: &Poly, high: &Poly, hint: &mut [u8; N]) -> usize {
    let gamma2 = set.gamma2;
    let numbers = low.0.as_flattened().iter().zip(high.0.as_flattened());
    for (hint, (low, high)) in hint.iter_mut().zip(numbers) {
        let moved = (*low > gamma2) | (*low < -gamma2) | ((*low == -gamma2) & (*high != 0));
        *hint = u8::from(moved);
    }
    hint.iter().map(|hint| usize::from(*hint)).sum()
}

/// UseHint (algorithm 40) of numbers from 0 to q - 1, in place.
#[target_feature(enable = "avx2")]
pub(super) fn use_hint(set: &Set, p: &mut Poly, hint: &[u8; N]) {
    let numbers = p.0.as_flattened_mut().iter_mut().zip(hint);
    if set.gamma2 == (Q - 1) / 32 {
        for (number, hint) in numbers {
            let high = high_32(*number);
            let step = step(low_part(*number, high, (Q - 1) / 32), *hint);
            *number = (high + step) & 15;
        }
    } else {
        for (number, hint) in numbers {
            let high = high_88(*number);
            let moved = high + step(low_part(*number, high, (Q - 1) / 88), *hint);
            // Modulo 44.
            *number = moved + ((moved >> 31) & 44) - (((43 - moved) >> 31) & 44);
        }
    }
}

/// 1 or -1, by the sign of the low part, where there is a hint.
#[inline]
fn step(low: i32, hint: u8) -> i32 {
    (2 * i32::from(low > 0) - 1) * i32::from(hint)
}
