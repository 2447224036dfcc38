//! P-256: SP 800-186 (2023), 3.2.1.3, in limbs of 52 bits.

use std::sync::OnceLock;
use std::vec::Vec;

use super::field::{Field, Form};
use super::weierstrass::Curve;
use super::{Ifma, ecdsa};

const N: usize = 5;
/// Length of a coordinate, of a scalar, and of the part of a digest that counts.
const BYTES: usize = 32;

pub(in crate::boundary) type SignLane<'a> = ecdsa::SignLane<'a, BYTES>;
pub(in crate::boundary) type VerifyLane<'a> = ecdsa::VerifyLane<'a, BYTES>;
#[cfg(test)]
pub(in crate::boundary) type PublicLane<'a> = ecdsa::PublicLane<'a, BYTES>;
pub(in crate::boundary) type AgreeLane<'a> = ecdsa::AgreeLane<'a, BYTES>;

/// ECDSA signatures with given per-message secrets: [`ecdsa::sign`].
pub(in crate::boundary) fn sign(cpu: Ifma, lanes: &mut [SignLane<'_>]) {
    ecdsa::sign::<P256, N, BYTES>(cpu, lanes);
}

/// ECDSA verification: [`ecdsa::verify`].
pub(in crate::boundary) fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_>]) {
    ecdsa::verify::<P256, N, BYTES>(cpu, lanes);
}

/// Public keys of private ones: [`ecdsa::public`].
#[cfg(test)]
pub(in crate::boundary) fn public(cpu: Ifma, lanes: &mut [PublicLane<'_>]) {
    ecdsa::public::<P256, N, BYTES>(cpu, lanes);
}

/// Diffie-Hellman: [`ecdsa::agree`].
pub(in crate::boundary) fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_>]) {
    ecdsa::agree::<P256, N, BYTES>(cpu, lanes);
}

pub(super) struct P256;
pub(super) struct Base;
pub(super) struct Order;

impl Field<N> for Base {
    const FORM: Form = Form::P256;
    const MODULUS: [u64; N] =
        [0xfffffffffffff, 0x00fffffffffff, 0x0000000000000, 0x0001000000000, 0x0ffffffff0000];
}

impl Field<N> for Order {
    const FORM: Form = Form::Order;
    const MODULUS: [u64; N] =
        [0x9cac2fc632551, 0xada7179e84f3b, 0xfffffffbce6fa, 0x0000fffffffff, 0x0ffffffff0000];
}

impl Curve<N, BYTES> for P256 {
    type Base = Base;
    type Order = Order;
    const COEFFICIENT: [u64; N] =
        [0xe3c3e27d2604b, 0xb0cc53b0f63bc, 0x69886bc651d06, 0x93e7b3ebbd557, 0x05ac635d8aa3a];
    const GENERATOR: [[u64; N]; 2] = [
        [0x13945d898c296, 0x812deb33a0f4a, 0x3a440f277037d, 0x4247f8bce6e56, 0x06b17d1f2e12c],
        [0x6406837bf51f5, 0x576b315ececbb, 0xc0f9e162bce33, 0x7f9b8ee7eb4a7, 0x04fe342e2fe1a],
    ];
    const POSITIONS: usize = 37;
    const DIGITS: usize = 52;

    fn comb(cpu: Ifma) -> &'static [[u64; 8]] {
        static COMB: OnceLock<Vec<[u64; 8]>> = OnceLock::new();
        COMB.get_or_init(|| ecdsa::comb::<Self, N, BYTES>(cpu))
    }
}
