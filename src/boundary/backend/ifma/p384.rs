//! P-384: SP 800-186 (2023), 3.2.1.4, in limbs of 52 bits.

use std::sync::OnceLock;
use std::vec::Vec;

use super::field::{Field, Form};
use super::weierstrass::Curve;
use super::{Ifma, ecdsa};

const N: usize = 8;
/// Length of a coordinate, of a scalar, and of the part of a digest that counts.
const BYTES: usize = 48;

pub(in crate::boundary) type SignLane<'a> = ecdsa::SignLane<'a, BYTES>;
pub(in crate::boundary) type VerifyLane<'a> = ecdsa::VerifyLane<'a, BYTES>;
#[cfg(test)]
pub(in crate::boundary) type PublicLane<'a> = ecdsa::PublicLane<'a, BYTES>;
pub(in crate::boundary) type AgreeLane<'a> = ecdsa::AgreeLane<'a, BYTES>;

/// ECDSA signatures with given per-message secrets: [`ecdsa::sign`].
pub(in crate::boundary) fn sign(cpu: Ifma, lanes: &mut [SignLane<'_>]) {
    ecdsa::sign::<P384, N, BYTES>(cpu, lanes);
}

/// ECDSA verification: [`ecdsa::verify`].
pub(in crate::boundary) fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_>]) {
    ecdsa::verify::<P384, N, BYTES>(cpu, lanes);
}

/// Public keys of private ones: [`ecdsa::public`].
#[cfg(test)]
pub(in crate::boundary) fn public(cpu: Ifma, lanes: &mut [PublicLane<'_>]) {
    ecdsa::public::<P384, N, BYTES>(cpu, lanes);
}

/// Diffie-Hellman: [`ecdsa::agree`].
pub(in crate::boundary) fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_>]) {
    ecdsa::agree::<P384, N, BYTES>(cpu, lanes);
}

pub(super) struct P384;
pub(super) struct Base;
pub(super) struct Order;

impl Field<N> for Base {
    const FORM: Form = Form::P384;
    const MODULUS: [u64; N] = [
        0x00000ffffffff,
        0xff00000000000,
        0xffffffeffffff,
        0xfffffffffffff,
        0xfffffffffffff,
        0xfffffffffffff,
        0xfffffffffffff,
        0x00000000fffff,
    ];
}

impl Field<N> for Order {
    const FORM: Form = Form::Order;
    const MODULUS: [u64; N] = [
        0xc196accc52973,
        0xb248b0a77aece,
        0x4372ddf581a0d,
        0xffffc7634d81f,
        0xfffffffffffff,
        0xfffffffffffff,
        0xfffffffffffff,
        0x00000000fffff,
    ];
}

impl Curve<N, BYTES> for P384 {
    type Base = Base;
    type Order = Order;
    const COEFFICIENT: [u64; N] = [
        0x5c8edd3ec2aef,
        0x8d8a2ed19d2a8,
        0x013875ac65639,
        0x41120314088f5,
        0x9181d9c6efe81,
        0x8e056be3f82d1,
        0xfa7e23ee7e498,
        0x00000000b3312,
    ];
    const GENERATOR: [[u64; N]; 2] = [
        [
            0x45e3872760ab7,
            0x5dbf55296c3a5,
            0x2542a385502f2,
            0x9b9859f741e08,
            0x46e1d3b628ba7,
            0xb1c71ef320ad7,
            0xa22be8b05378e,
            0x00000000aa87c,
        ],
        [
            0x31d7c90ea0e5f,
            0xce1d7e819d7a4,
            0x5f0b8c00a60b1,
            0x147ce9da3113b,
            0x9f8f41dbd289a,
            0x9e98bf9292dc2,
            0xe4a96262c6f5d,
            0x000000003617d,
        ],
    ];
    const POSITIONS: usize = 55;
    const DIGITS: usize = 77;

    fn comb(cpu: Ifma) -> &'static [[u64; 8]] {
        static COMB: OnceLock<Vec<[u64; 8]>> = OnceLock::new();
        COMB.get_or_init(|| ecdsa::comb::<Self, N, BYTES>(cpu))
    }
}
