//! ECDSA (FIPS 186-5 (2023), 6.4), public keys and Diffie-Hellman (SP 800-56A rev. 3 (2018), 5.7.1.2) in eight
//! lanes.
//!
//! Lanes share instructions and nothing else: a lane whose input is refused computes on with 1 or with the
//! base point, and answers `ok = false` with its output zeroed. Slices of any length are taken eight at a
//! time; lanes that are left over in the last eight compute on with the same dummies.

#![allow(unsafe_code)] // calls into functions with features
// A group has at most GROUP eights, each its index.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::vec::Vec;

use zeroize::Zeroize;

use super::Ifma;
use super::field::{
    Field, Mask, V, add, below, canonical, carry, choose, enter, fold, is_zero, mul, same, shl, splat_all,
    sqr, sub, subtract_once,
};
use super::invert::{GROUP, invert_all, invert_all_of_two};
use super::lanes::{self, set, wipe_stack};
use super::weierstrass::{Curve, add_complete, base_multiple, generator, make_comb, multiple};

/// One signature. Big-endian numbers.
pub(in crate::boundary) struct SignLane<'a, const BYTES: usize> {
    /// The private key, in [1, n-1].
    pub(in crate::boundary) d: &'a [u8; BYTES],
    /// The per-message secret, in [1, n-1].
    pub(in crate::boundary) k: &'a [u8; BYTES],
    /// The leftmost bits of the digest, as many as n has; any number.
    pub(in crate::boundary) digest: &'a [u8; BYTES],
    pub(in crate::boundary) r: &'a mut [u8; BYTES],
    pub(in crate::boundary) s: &'a mut [u8; BYTES],
    /// False, with r and s zeroed, if d or k is out of range or r or s came out as zero.
    pub(in crate::boundary) ok: bool,
}

/// One verification. Big-endian numbers.
pub(in crate::boundary) struct VerifyLane<'a, const BYTES: usize> {
    /// The coordinates of the public key: below p, and on the curve.
    pub(in crate::boundary) q: [&'a [u8; BYTES]; 2],
    /// The leftmost bits of the digest, as many as n has; any number.
    pub(in crate::boundary) digest: &'a [u8; BYTES],
    pub(in crate::boundary) r: &'a [u8; BYTES],
    pub(in crate::boundary) s: &'a [u8; BYTES],
    /// Whether it is the signature of this digest.
    pub(in crate::boundary) ok: bool,
}

/// One public key. Big-endian numbers.
#[cfg(test)]
pub(in crate::boundary) struct PublicLane<'a, const BYTES: usize> {
    /// The private key, in [1, n-1].
    pub(in crate::boundary) d: &'a [u8; BYTES],
    /// The coordinates of d G.
    pub(in crate::boundary) q: [&'a mut [u8; BYTES]; 2],
    /// False, with q zeroed, if d is out of range.
    pub(in crate::boundary) ok: bool,
}

/// One agreement. Big-endian numbers.
pub(in crate::boundary) struct AgreeLane<'a, const BYTES: usize> {
    /// The private key, in [1, n-1].
    pub(in crate::boundary) d: &'a [u8; BYTES],
    /// The coordinates of the peer's public key: below p, and on the curve.
    pub(in crate::boundary) q: [&'a [u8; BYTES]; 2],
    /// The x coordinate of d Q.
    pub(in crate::boundary) z: &'a mut [u8; BYTES],
    /// False, with z zeroed, if d or q is refused.
    pub(in crate::boundary) ok: bool,
}

pub(super) fn sign<C: Curve<N, B>, const N: usize, const B: usize>(cpu: Ifma, lanes: &mut [SignLane<'_, B>]) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: an `Ifma` exists only where the processor has the features that the function names.
        unsafe { sign_group::<C, N, B>(cpu, group) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

pub(super) fn verify<C: Curve<N, B>, const N: usize, const B: usize>(
    cpu: Ifma,
    lanes: &mut [VerifyLane<'_, B>],
) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: as in `sign`.
        unsafe { verify_group::<C, N, B>(cpu, group) };
    }
}

#[cfg(test)]
pub(super) fn public<C: Curve<N, B>, const N: usize, const B: usize>(
    cpu: Ifma,
    lanes: &mut [PublicLane<'_, B>],
) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: as in `sign`.
        unsafe { public_group::<C, N, B>(cpu, group) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

pub(super) fn agree<C: Curve<N, B>, const N: usize, const B: usize>(
    cpu: Ifma,
    lanes: &mut [AgreeLane<'_, B>],
) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: as in `sign`.
        unsafe { agree_group::<C, N, B>(cpu, group) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

/// The table of multiples of the base point.
pub(super) fn comb<C: Curve<N, B>, const N: usize, const B: usize>(_cpu: Ifma) -> Vec<[u64; 8]> {
    // SAFETY: as in `sign`.
    unsafe { make_comb::<C, N, B>() }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn sign_group<C: Curve<N, B>, const N: usize, const B: usize>(cpu: Ifma, lanes: &mut [SignLane<'_, B>]) {
    let one = [splat_all(&C::Order::ONE); GROUP];
    let (mut x, mut z, mut k_inverse, mut k_good) = (one, one, one, [0; GROUP]);
    for (i, eight) in lanes.chunks(8).enumerate() {
        let (k, good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.k));
        let point = base_multiple::<C, N, B>(cpu, &k);
        (x[i], z[i], k_inverse[i], k_good[i]) = (point.x, point.z, enter::<C::Order, N>(&k), good);
    }
    let count = lanes.len().div_ceil(8);
    invert_all_of_two::<C::Base, C::Order, N, GROUP>(&mut z, &mut k_inverse, count);
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let (d, d_good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.d));
        let e = lanes::gather::<false, N, B>(eight.iter().map(|lane| lane.digest));
        // p < 2 n.
        let r = subtract_once::<C::Order, N>(&affine_x::<C, N, B>(&x[i], &z[i]));
        let rd = mul::<C::Order, N>(&enter::<C::Order, N>(&r), &d);
        // e < 2 n and rd < 1.3 n.
        let sum = carry(add(&e, &rd));
        // k^-1 R times the sum, over R; below 1.3 n.
        let s = subtract_once::<C::Order, N>(&mul::<C::Order, N>(&k_inverse[i], &sum));

        let zero = splat_all(&[0; N]);
        let good = d_good & k_good[i] & !same(&r, &zero) & !same(&s, &zero);
        lanes::scatter::<false, N, B>(&choose(good, &zero, &r), eight.iter_mut().map(|lane| &mut *lane.r));
        lanes::scatter::<false, N, B>(&choose(good, &zero, &s), eight.iter_mut().map(|lane| &mut *lane.s));
        set(good, eight.iter_mut().map(|lane| &mut lane.ok));
    }
    z.zeroize();
    k_inverse.zeroize();
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn verify_group<C: Curve<N, B>, const N: usize, const B: usize>(cpu: Ifma, lanes: &mut [VerifyLane<'_, B>]) {
    let mut w = [splat_all(&C::Order::ONE); GROUP];
    let mut s_good = [0; GROUP];
    for (i, eight) in lanes.chunks(8).enumerate() {
        let (s, good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.s));
        (w[i], s_good[i]) = (enter::<C::Order, N>(&s), good);
    }
    invert_all::<C::Order, N, GROUP>(&mut w, lanes.len().div_ceil(8));
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let (q, q_good) =
            points::<C, N, B>(eight.iter().map(|lane| lane.q[0]), eight.iter().map(|lane| lane.q[1]));
        let (r, r_good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.r));
        let e = lanes::gather::<false, N, B>(eight.iter().map(|lane| lane.digest));
        let u1 = subtract_once::<C::Order, N>(&mul::<C::Order, N>(&w[i], &e));
        let u2 = subtract_once::<C::Order, N>(&mul::<C::Order, N>(&w[i], &r));
        // u2 is not zero. Where u1 is, the first product is infinity.
        let u1_zero = same(&u1, &splat_all(&[0; N]));
        let first = base_multiple::<C, N, B>(cpu, &choose(u1_zero, &u1, &number_one()));
        let second = multiple::<C, N, B>(&q, &u2);
        let (sum, infinite) = add_complete::<C::Base, N>(&first, u1_zero, &second, 0);

        // x modulo n is r where x is r, or r + n if that is below p.
        let z2 = sqr::<C::Base, N>(&sum.z);
        let plus_n = carry(add(&r, &splat_all(&C::Order::MODULUS)));
        let plus_n_good = below(&plus_n, &splat_all(&C::Base::MODULUS));
        let met = is_x::<C, N, B>(&sum.x, &z2, &r) | (plus_n_good & is_x::<C, N, B>(&sum.x, &z2, &plus_n));
        let good = q_good & r_good & s_good[i] & !infinite & met;
        set(good, eight.iter_mut().map(|lane| &mut lane.ok));
    }
}

/// Lanes where X / Z^2 is this number.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn is_x<C: Curve<N, B>, const N: usize, const B: usize>(x: &[V; N], z2: &[V; N], number: &[V; N]) -> Mask {
    let scaled = mul::<C::Base, N>(&enter::<C::Base, N>(number), z2);
    is_zero::<C::Base, N>(&fold::<C::Base, N>(sub(&scaled, x)))
}

#[cfg(test)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn public_group<C: Curve<N, B>, const N: usize, const B: usize>(cpu: Ifma, lanes: &mut [PublicLane<'_, B>]) {
    let one = [splat_all(&C::Base::ONE); GROUP];
    let (mut x, mut y, mut z, mut good) = (one, one, one, [0; GROUP]);
    for (i, eight) in lanes.chunks(8).enumerate() {
        let (d, d_good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.d));
        let point = base_multiple::<C, N, B>(cpu, &d);
        (x[i], y[i], z[i], good[i]) = (point.x, point.y, point.z, d_good);
    }
    invert_all::<C::Base, N, GROUP>(&mut z, lanes.len().div_ceil(8));
    let zero = splat_all(&[0; N]);
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let z3 = mul::<C::Base, N>(&z[i], &sqr::<C::Base, N>(&z[i]));
        let y = canonical::<C::Base, N>(&mul::<C::Base, N>(&y[i], &z3));
        let x = affine_x::<C, N, B>(&x[i], &z[i]);
        lanes::scatter::<false, N, B>(
            &choose(good[i], &zero, &x),
            eight.iter_mut().map(|lane| &mut *lane.q[0]),
        );
        lanes::scatter::<false, N, B>(
            &choose(good[i], &zero, &y),
            eight.iter_mut().map(|lane| &mut *lane.q[1]),
        );
        set(good[i], eight.iter_mut().map(|lane| &mut lane.ok));
    }
    z.zeroize();
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn agree_group<C: Curve<N, B>, const N: usize, const B: usize>(_cpu: Ifma, lanes: &mut [AgreeLane<'_, B>]) {
    let one = [splat_all(&C::Base::ONE); GROUP];
    let (mut x, mut z, mut good) = (one, one, [0; GROUP]);
    for (i, eight) in lanes.chunks(8).enumerate() {
        let (d, d_good) = scalars::<C, N, B>(eight.iter().map(|lane| lane.d));
        let (q, q_good) =
            points::<C, N, B>(eight.iter().map(|lane| lane.q[0]), eight.iter().map(|lane| lane.q[1]));
        let point = multiple::<C, N, B>(&q, &d);
        (x[i], z[i], good[i]) = (point.x, point.z, d_good & q_good);
    }
    invert_all::<C::Base, N, GROUP>(&mut z, lanes.len().div_ceil(8));
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let secret = choose(good[i], &splat_all(&[0; N]), &affine_x::<C, N, B>(&x[i], &z[i]));
        lanes::scatter::<false, N, B>(&secret, eight.iter_mut().map(|lane| &mut *lane.z));
        set(good[i], eight.iter_mut().map(|lane| &mut lane.ok));
    }
    x.zeroize();
    z.zeroize();
}

/// X z^2, canonical, of z = 1/Z.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn affine_x<C: Curve<N, B>, const N: usize, const B: usize>(x: &[V; N], z: &[V; N]) -> [V; N] {
    canonical::<C::Base, N>(&mul::<C::Base, N>(x, &sqr::<C::Base, N>(z)))
}

/// The number 1 in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn number_one<const N: usize>() -> [V; N] {
    let mut one = [0; N];
    one[0] = 1;
    splat_all(&one)
}

/// Scalars, with 1 in place of what is not in [1, n-1]; and the lanes that were.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn scalars<'a, C: Curve<N, B>, const N: usize, const B: usize>(
    lanes: impl Iterator<Item = &'a [u8; B]>,
) -> ([V; N], Mask) {
    let given = lanes::gather::<false, N, B>(lanes);
    let good = below(&given, &splat_all(&C::Order::MODULUS)) & !same(&given, &splat_all(&[0; N]));
    (choose(good, &number_one(), &given), good)
}

/// Points in Montgomery form, with the base point in place of what is not on the curve or not canonical; and
/// the lanes that were good.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn points<'a, C: Curve<N, B>, const N: usize, const B: usize>(
    x: impl Iterator<Item = &'a [u8; B]>,
    y: impl Iterator<Item = &'a [u8; B]>,
) -> ([[V; N]; 2], Mask) {
    let (x, y) = (lanes::gather::<false, N, B>(x), lanes::gather::<false, N, B>(y));
    let p = splat_all(&C::Base::MODULUS);
    let range = below(&x, &p) & below(&y, &p);
    let (x, y) = (enter::<C::Base, N>(&x), enter::<C::Base, N>(&y));
    let b = enter::<C::Base, N>(&splat_all(&C::COEFFICIENT));
    // y^2 - x^3 + 3 x - b
    let cube = mul::<C::Base, N>(&x, &sqr::<C::Base, N>(&x));
    let left = add(&sqr::<C::Base, N>(&y), &add(&x, &shl::<1, N>(&x)));
    let good = range & is_zero::<C::Base, N>(&fold::<C::Base, N>(sub(&left, &add(&cube, &b))));
    let [gx, gy] = generator::<C, N, B>();
    ([choose(good, &gx, &x), choose(good, &gy, &y)], good)
}
