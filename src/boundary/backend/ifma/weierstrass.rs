//! Points of the NIST prime curves (SP 800-186 (2023), 3.2.1) in eight lanes, and the two multiplications.
//!
//! Jacobian coordinates, tight residues in Montgomery form. A point at infinity is never held: the scalars
//! are in [1, n-1] and n is prime. What remains exceptional is an addition of P and P, or of P and -P:
//!
//! * Scalars are recoded into odd digits (Joye and Tunstall, 2009), of k if it is odd and else of n - k. No
//!   digit is zero, so no table point is infinity.
//! * [`base_multiple`], k = sum d_j 2^(7j), adds from j = 0 on. The sum so far, S, is odd and |S| < 2^(7j)
//!   <= |d_j| 2^(7j) = |T|, thus S + T and S - T are not zero; and before the last j both are below n in
//!   magnitude, thus not zero modulo n. In the last one S + T = k is not zero, and S - T may be a multiple
//!   of n for one value of k: that addition is [`add_or_double`].
//! * [`multiple`], from the top digit on: the sum is 32 S with S odd and S >= 1, and |d| <= 31. 32 S + d is
//!   in [1, n-1]. 32 S - d is not zero, and below n before the last digit; at the last it may be n: again
//!   that addition is [`add_or_double`].
//! * The tables are odd multiples below 128, and 2 P: differences are below n and not zero.
//! * In verification the two products may be anything: [`add_complete`].

// Tables have constant lengths, loops end there.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;
use std::vec::Vec;

use zeroize::Zeroize;

use super::Ifma;
use super::comb::{COMB_ENTRIES, COMB_WIDTH, empty_comb, odd_digit, pick_entry, put_entry};
use super::field::{
    Field, Mask, V, add, carry, choose, enter, fold, is_zero_product, mul, mul_raw, negate_if, shl, splat,
    splat_all, sqr, sqr_raw, sub, subtract_once,
};
use super::invert::invert_all;

/// A curve y^2 = x^3 - 3 x + b of prime order n. Coordinates and scalars have N limbs, BYTES bytes.
pub(super) trait Curve<const N: usize, const BYTES: usize> {
    /// Coordinates.
    type Base: Field<N>;
    /// Scalars.
    type Order: Field<N>;
    /// b, as a number.
    const COEFFICIENT: [u64; N];
    /// The base point, as numbers.
    const GENERATOR: [[u64; N]; 2];
    /// Digits of a scalar in [`base_multiple`]: one more than fit below the top bits of n.
    const POSITIONS: usize;
    /// Digits of a scalar in [`multiple`].
    const DIGITS: usize;
    /// What [`make_comb`] made, kept.
    fn comb(cpu: Ifma) -> &'static [[u64; 8]];
}

/// (X/Z^2, Y/Z^3).
#[derive(Clone, Copy)]
pub(super) struct Point<const N: usize> {
    pub(super) x: [V; N],
    pub(super) y: [V; N],
    pub(super) z: [V; N],
}

impl<const N: usize> Zeroize for Point<N> {
    fn zeroize(&mut self) {
        self.x.zeroize();
        self.y.zeroize();
        self.z.zeroize();
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn choose_point<const N: usize>(lanes: Mask, a: &Point<N>, b: &Point<N>) -> Point<N> {
    Point { x: choose(lanes, &a.x, &b.x), y: choose(lanes, &a.y, &b.y), z: choose(lanes, &a.z, &b.z) }
}

/// The base point in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn generator<C: Curve<N, B>, const N: usize, const B: usize>() -> [[V; N]; 2] {
    let [x, y] = C::GENERATOR;
    [enter::<C::Base, N>(&splat_all(&x)), enter::<C::Base, N>(&splat_all(&y))]
}

/// 2 P; no point has order two.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double<F: Field<N>, const N: usize>(p: &Point<N>) -> Point<N> {
    let delta = sqr::<F, N>(&p.z);
    let gamma = sqr::<F, N>(&p.y);
    let beta = mul::<F, N>(&p.x, &gamma);
    let product = mul_raw::<F, N>(&fold::<F, N>(sub(&p.x, &delta)), &fold::<F, N>(add(&p.x, &delta)));
    let alpha = fold::<F, N>(add(&product, &shl::<1, N>(&product)));
    let beta4 = shl::<2, N>(&beta);
    let x = fold::<F, N>(sub(&sqr_raw::<F, N>(&alpha), &add(&beta4, &beta4)));
    let gamma2 = sqr_raw::<F, N>(&gamma);
    let y = mul_raw::<F, N>(&alpha, &fold::<F, N>(sub(&beta4, &x)));
    let y = fold::<F, N>(sub(&y, &shl::<3, N>(&gamma2)));
    let z = fold::<F, N>(shl::<1, N>(&mul_raw::<F, N>(&p.y, &p.z)));
    Point { x, y, z }
}

/// Where an addition went wrong: x was the same, and of these, y was the same.
#[derive(Clone, Copy)]
struct Met {
    x: Mask,
    y: Mask,
}

/// The common end of the additions: from U1, S1, H = U2 - U1, R = S2 - S1 and the product of the Zs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_tail<F: Field<N>, const N: usize, const CHECKED: bool>(
    u1: &[V; N],
    s1: &[V; N],
    h: &[V; N],
    r: &[V; N],
    z: &[V; N],
) -> (Point<N>, Met) {
    let h2 = sqr::<F, N>(h);
    let h3 = mul::<F, N>(h, &h2);
    let v = mul::<F, N>(u1, &h2);
    let z = mul::<F, N>(z, h);
    let mut r2 = sqr_raw::<F, N>(r);
    let mut met = Met { x: 0, y: 0 };
    if CHECKED {
        r2 = carry(r2);
        // A square is zero where its root is.
        met.x = is_zero_product::<F, N>(&h2);
        met.y = is_zero_product::<F, N>(&r2);
    }
    let x = fold::<F, N>(sub(&sub(&r2, &h3), &add(&v, &v)));
    let y = mul_raw::<F, N>(r, &fold::<F, N>(sub(&v, &x)));
    let y = fold::<F, N>(sub(&y, &mul_raw::<F, N>(s1, &h3)));
    (Point { x, y, z }, met)
}

/// P + Q or, in the lanes of the mask, P - Q, with Q = (x, y, 1).
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_affine<F: Field<N>, const N: usize, const CHECKED: bool>(
    p: &Point<N>,
    q: &[[V; N]; 2],
    minus: Mask,
) -> (Point<N>, Met) {
    let z2 = sqr::<F, N>(&p.z);
    let z3 = mul::<F, N>(&p.z, &z2);
    let h = fold::<F, N>(sub(&mul_raw::<F, N>(&q[0], &z2), &p.x));
    let s2 = negate_if(minus, &mul_raw::<F, N>(&q[1], &z3));
    let r = fold::<F, N>(sub(&s2, &p.y));
    add_tail::<F, N, CHECKED>(&p.x, &p.y, &h, &r, &p.z)
}

/// P + Q or, in the lanes of the mask, P - Q.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_points<F: Field<N>, const N: usize, const CHECKED: bool>(
    p: &Point<N>,
    q: &Point<N>,
    minus: Mask,
) -> (Point<N>, Met) {
    let (zp2, zq2) = (sqr::<F, N>(&p.z), sqr::<F, N>(&q.z));
    let (zp3, zq3) = (mul::<F, N>(&p.z, &zp2), mul::<F, N>(&q.z, &zq2));
    let u1 = mul::<F, N>(&p.x, &zq2);
    let s1 = mul::<F, N>(&p.y, &zq3);
    let h = fold::<F, N>(sub(&mul_raw::<F, N>(&q.x, &zp2), &u1));
    let s2 = negate_if(minus, &mul_raw::<F, N>(&q.y, &zp3));
    let r = fold::<F, N>(sub(&s2, &s1));
    let z = mul::<F, N>(&p.z, &q.z);
    add_tail::<F, N, CHECKED>(&u1, &s1, &h, &r, &z)
}

/// P + Q, or P - Q in the lanes of the mask, where the sum is not infinity.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_or_double<F: Field<N>, const N: usize>(p: &Point<N>, q: &Point<N>, minus: Mask) -> Point<N> {
    let (sum, met) = add_points::<F, N, true>(p, q, minus);
    choose_point(met.x & met.y, &sum, &double::<F, N>(p))
}

/// P + Q in all cases, each infinity in the lanes of its mask; the sum and where that is infinity.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn add_complete<F: Field<N>, const N: usize>(
    p: &Point<N>,
    p_infinite: Mask,
    q: &Point<N>,
    q_infinite: Mask,
) -> (Point<N>, Mask) {
    let (sum, met) = add_points::<F, N, true>(p, q, 0);
    let sum = choose_point(met.x & met.y, &sum, &double::<F, N>(p));
    let sum = choose_point(q_infinite, &sum, p);
    let sum = choose_point(p_infinite, &sum, q);
    let opposite = met.x & !met.y & !p_infinite & !q_infinite;
    (sum, opposite | (p_infinite & q_infinite))
}

/// k where it is odd, else n - k; and the lanes of the latter. Wants 1 <= k < n.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn make_odd<F: Field<N>, const N: usize>(k: &[V; N]) -> ([V; N], Mask) {
    let even = _mm512_testn_epi64_mask(k[0], splat(1));
    (choose(even, k, &carry(sub(&splat_all(&F::MODULUS), k))), even)
}

// -- multiples of the base point --

/// k G, 1 <= k < n.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn base_multiple<C: Curve<N, B>, const N: usize, const B: usize>(
    cpu: Ifma,
    k: &[V; N],
) -> Point<N> {
    let table = C::comb(cpu);
    let (mut k, even) = make_odd::<C::Order, N>(k);
    let one = splat_all(&C::Base::ONE);
    let (place, minus) = odd_digit(&k, 0, COMB_WIDTH, false);
    let [x, y] = pick_entry::<N, 2>(table, 0, place);
    let mut sum = Point { x, y: fold::<C::Base, N>(negate_if(minus, &y)), z: one };
    let last = C::POSITIONS - 1;
    for j in 1..last {
        let (place, minus) = odd_digit(&k, j, COMB_WIDTH, false);
        let entry = pick_entry::<N, 2>(table, j, place);
        sum = add_affine::<C::Base, N, false>(&sum, &entry, minus).0;
    }
    let (place, _) = odd_digit(&k, last, COMB_WIDTH, true);
    let [x, y] = pick_entry::<N, 2>(table, last, place);
    sum = add_or_double::<C::Base, N>(&sum, &Point { x, y, z: one }, 0);
    sum.y = fold::<C::Base, N>(negate_if(even, &sum.y));
    k.zeroize();
    sum
}

/// The table of [`base_multiple`]: of each position j the points (2 i + 1) 2^(7 j) G, i below 64, with affine
/// coordinates, canonical but in Montgomery form; limb by limb, 64 numbers each, eight a row. Public.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn make_comb<C: Curve<N, B>, const N: usize, const B: usize>() -> Vec<[u64; 8]> {
    let one = splat_all(&C::Base::ONE);
    let mut table = empty_comb::<N, 2>(C::POSITIONS);
    let [x, y] = generator::<C, N, B>();
    let mut power = Point { x, y, z: one };
    // Eight positions at a time, one a lane.
    for first in (0..C::POSITIONS).step_by(8) {
        let mut base = power;
        for lane in 0..8 {
            base = choose_point(1 << lane, &base, &power);
            for _ in 0..COMB_WIDTH {
                power = double::<C::Base, N>(&power);
            }
        }
        let twice = double::<C::Base, N>(&base);
        let mut next = base;
        // Eight multiples share an inversion: all 64 would ask much of the stack.
        for done in (0..COMB_ENTRIES).step_by(8) {
            let mut multiples = [next; 8];
            for multiple in &mut multiples {
                *multiple = next;
                next = add_points::<C::Base, N, false>(&next, &twice, 0).0;
            }
            for (i, entry) in to_affine::<C::Base, N>(&multiples).iter().enumerate() {
                put_entry::<N, 2>(&mut table, first, done + i, entry);
            }
        }
    }
    table
}

/// Affine coordinates, canonical but in Montgomery form, with one inversion for all.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn to_affine<F: Field<N>, const N: usize>(points: &[Point<N>; 8]) -> [[[V; N]; 2]; 8] {
    let mut z = points.map(|p| p.z);
    invert_all::<F, N, 8>(&mut z, 8);
    let mut out = [[z[0]; 2]; 8];
    for ((out, p), z1) in out.iter_mut().zip(points).zip(&z) {
        let z2 = sqr::<F, N>(z1);
        let x = mul::<F, N>(&p.x, &z2);
        let y = mul::<F, N>(&p.y, &mul::<F, N>(z1, &z2));
        *out = [subtract_once::<F, N>(&x), subtract_once::<F, N>(&y)];
    }
    out
}

// -- multiples of any point --

/// Width of a digit.
const WIDTH: u32 = 5;
/// Multiples in a table: 1, 3, .. 31.
const ENTRIES: usize = 16;

/// k Q, 1 <= k < n, of a point in affine coordinates.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn multiple<C: Curve<N, B>, const N: usize, const B: usize>(
    q: &[[V; N]; 2],
    k: &[V; N],
) -> Point<N> {
    let (mut k, even) = make_odd::<C::Order, N>(k);
    let q = Point { x: q[0], y: q[1], z: splat_all(&C::Base::ONE) };
    let twice = double::<C::Base, N>(&q);
    let mut table = [q; ENTRIES];
    for i in 1..ENTRIES {
        table[i] = add_points::<C::Base, N, false>(&table[i - 1], &twice, 0).0;
    }
    let last = C::DIGITS - 1;
    let mut sum = scan(&table, odd_digit(&k, last, WIDTH, true).0);
    for j in (0..last).rev() {
        for _ in 0..WIDTH {
            sum = double::<C::Base, N>(&sum);
        }
        let (place, minus) = odd_digit(&k, j, WIDTH, false);
        let entry = scan(&table, place);
        sum = if j > 0 {
            add_points::<C::Base, N, false>(&sum, &entry, minus).0
        } else {
            add_or_double::<C::Base, N>(&sum, &entry, minus)
        };
    }
    sum.y = fold::<C::Base, N>(negate_if(even, &sum.y));
    k.zeroize();
    sum
}

/// The entry at each lane's place; all entries are read.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn scan<const N: usize>(table: &[Point<N>; ENTRIES], place: V) -> Point<N> {
    let mut out = table[0];
    for (i, entry) in table.iter().enumerate().skip(1) {
        out = choose_point(_mm512_cmpeq_epi64_mask(place, splat(i as u64)), &out, entry);
    }
    out
}
