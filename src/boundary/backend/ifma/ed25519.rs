//! Ed25519 (FIPS 186-5 (2023), 7.6 and 7.7; RFC 8032 (2017), 5.1) in eight lanes, but for the hashing, which is
//! the caller's: a signature is [`commit`], the hash of R, the key and the message, then [`respond`].
//!
//! Verification is the equation without cofactor, byte for byte, as in the portable implementation; it makes
//! the same demands on keys.

#![allow(unsafe_code)] // calls into functions with features
// A group has at most GROUP eights, each its index.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::Ifma;
use super::edwards::{Base, N, Order, base_multiple, decode, encode, multiple, negate, sum};
use super::field::{
    Field, Mask, V, add, below, carry, choose, enter, mul, same, splat, splat_all, subtract_once,
};
use super::invert::{GROUP, invert_all};
use super::lanes::{gather, scatter, set, wipe_stack};

/// The first half of a signature. Little-endian numbers.
pub(in crate::boundary) struct CommitLane<'a> {
    /// SHA-512 of the prefix and the message: the secret r before reduction.
    pub(in crate::boundary) digest: &'a [u8; 64],
    /// r modulo L, secret: for [`RespondLane::r`].
    pub(in crate::boundary) r: &'a mut [u8; 32],
    /// The encoding of R = r B.
    pub(in crate::boundary) point: &'a mut [u8; 32],
}

/// The second half of a signature. Little-endian numbers.
pub(in crate::boundary) struct RespondLane<'a> {
    /// r modulo L, of [`CommitLane::r`].
    pub(in crate::boundary) r: &'a [u8; 32],
    /// SHA-512 of R, the public key and the message.
    pub(in crate::boundary) digest: &'a [u8; 64],
    /// The private scalar: any number below 2^256, so the clamped first half of the expanded seed.
    pub(in crate::boundary) scalar: &'a [u8; 32],
    /// S = r + digest scalar modulo L.
    pub(in crate::boundary) s: &'a mut [u8; 32],
}

/// One public key.
#[cfg(test)]
pub(in crate::boundary) struct PublicLane<'a> {
    /// The private scalar: any number below 2^256.
    pub(in crate::boundary) scalar: &'a [u8; 32],
    /// The encoding of scalar B.
    pub(in crate::boundary) public: &'a mut [u8; 32],
}

/// One verification.
pub(in crate::boundary) struct VerifyLane<'a> {
    /// The encoded public key: canonical, and not of small order.
    pub(in crate::boundary) public: &'a [u8; 32],
    /// SHA-512 of R, the public key and the message.
    pub(in crate::boundary) digest: &'a [u8; 64],
    /// The signature, R and S.
    pub(in crate::boundary) r: &'a [u8; 32],
    pub(in crate::boundary) s: &'a [u8; 32],
    /// Whether it is the signature of this digest.
    pub(in crate::boundary) ok: bool,
}

pub(in crate::boundary) fn commit(cpu: Ifma, lanes: &mut [CommitLane<'_>]) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: an `Ifma` exists only where the processor has the features that the function names.
        unsafe { commit_group(cpu, group) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

pub(in crate::boundary) fn respond(cpu: Ifma, lanes: &mut [RespondLane<'_>]) {
    for eight in lanes.chunks_mut(8) {
        // SAFETY: as in `commit`.
        unsafe { respond_eight(cpu, eight) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

#[cfg(test)]
pub(in crate::boundary) fn public(cpu: Ifma, lanes: &mut [PublicLane<'_>]) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: as in `commit`.
        unsafe { public_group(cpu, group) };
    }
    // SAFETY: the same.
    unsafe { wipe_stack() };
}

pub(in crate::boundary) fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_>]) {
    for group in lanes.chunks_mut(8 * GROUP) {
        // SAFETY: as in `commit`.
        unsafe { verify_group(cpu, group) };
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn commit_group(cpu: Ifma, lanes: &mut [CommitLane<'_>]) {
    let mut z = [splat_all(&Base::ONE); GROUP];
    let mut points = [None; GROUP];
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let r = reduced(&gather::<true, 10, 64>(eight.iter().map(|lane| lane.digest)));
        scatter::<true, N, 32>(&r, eight.iter_mut().map(|lane| &mut *lane.r));
        let point = base_multiple(cpu, &r);
        (z[i], points[i]) = (point.z, Some(point));
    }
    invert_all::<Base, N, GROUP>(&mut z, lanes.len().div_ceil(8));
    for ((eight, point), z) in lanes.chunks_mut(8).zip(points.iter().flatten()).zip(&z) {
        scatter::<true, N, 32>(&encode(point, z), eight.iter_mut().map(|lane| &mut *lane.point));
    }
    z.zeroize();
}

#[cfg(test)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn public_group(cpu: Ifma, lanes: &mut [PublicLane<'_>]) {
    let mut z = [splat_all(&Base::ONE); GROUP];
    let mut points = [None; GROUP];
    for (i, eight) in lanes.chunks_mut(8).enumerate() {
        let scalar = reduced(&gather::<true, 10, 32>(eight.iter().map(|lane| lane.scalar)));
        let point = base_multiple(cpu, &scalar);
        (z[i], points[i]) = (point.z, Some(point));
    }
    invert_all::<Base, N, GROUP>(&mut z, lanes.len().div_ceil(8));
    for ((eight, point), z) in lanes.chunks_mut(8).zip(points.iter().flatten()).zip(&z) {
        scatter::<true, N, 32>(&encode(point, z), eight.iter_mut().map(|lane| &mut *lane.public));
    }
    z.zeroize();
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn respond_eight(_cpu: Ifma, lanes: &mut [RespondLane<'_>]) {
    let r = gather::<true, N, 32>(lanes.iter().map(|lane| lane.r));
    let h = reduced(&gather::<true, 10, 64>(lanes.iter().map(|lane| lane.digest)));
    let a = gather::<true, N, 32>(lanes.iter().map(|lane| lane.scalar));
    // h R below 1.01 L, a below 16 L and R = 256 L: the product is below 1.1 L, and r below L.
    let product = mul::<Order, N>(&enter::<Order, N>(&h), &a);
    let s = carry(add(&product, &r));
    let s = subtract_once::<Order, N>(&subtract_once::<Order, N>(&s));
    scatter::<true, N, 32>(&s, lanes.iter_mut().map(|lane| &mut *lane.s));
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn verify_group(cpu: Ifma, lanes: &mut [VerifyLane<'_>]) {
    let mut z = [splat_all(&Base::ONE); GROUP];
    let mut points = [None; GROUP];
    let mut good: [Mask; GROUP] = [0; GROUP];
    for (i, eight) in lanes.chunks(8).enumerate() {
        let (y, sign) = split(gather::<true, N, 32>(eight.iter().map(|lane| lane.public)));
        let (key, key_good) = decode(&y, sign);
        let h = reduced(&gather::<true, 10, 64>(eight.iter().map(|lane| lane.digest)));
        let s = gather::<true, N, 32>(eight.iter().map(|lane| lane.s));
        let s_good = below(&s, &splat_all(&Order::MODULUS));
        let s = choose(s_good, &splat_all(&[0; N]), &s);
        // R' = S B - h A
        let point = sum(&base_multiple(cpu, &s), &multiple(&negate(0xff, &key), &h));
        (z[i], points[i], good[i]) = (point.z, Some(point), key_good & s_good);
    }
    invert_all::<Base, N, GROUP>(&mut z, lanes.len().div_ceil(8));
    for (((eight, point), z), good) in lanes.chunks_mut(8).zip(points.iter().flatten()).zip(&z).zip(good) {
        let r = gather::<true, N, 32>(eight.iter().map(|lane| lane.r));
        set(good & same(&encode(point, z), &r), eight.iter_mut().map(|lane| &mut lane.ok));
    }
}

/// The coordinate and the sign of an encoding.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn split(mut y: [V; N]) -> ([V; N], Mask) {
    let sign = _mm512_test_epi64_mask(y[N - 1], splat(1 << 47));
    y[N - 1] = _mm512_and_si512(y[N - 1], splat((1 << 47) - 1));
    (y, sign)
}

/// A number of ten limbs, below 2^512, modulo L.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn reduced(number: &[V; 10]) -> [V; N] {
    let (mut low, mut high) = ([number[0]; N], [number[0]; N]);
    low.copy_from_slice(&number[..N]);
    high.copy_from_slice(&number[N..]);
    // high R^2 / R, below 1.01 L as high is below 2^252, and low R / R, below 2 L.
    let high = mul::<Order, N>(&high, &splat_all(&Order::R2));
    let low = mul::<Order, N>(&low, &splat_all(&Order::ONE));
    let sum = carry(add(&high, &low));
    subtract_once::<Order, N>(&subtract_once::<Order, N>(&subtract_once::<Order, N>(&sum)))
}
