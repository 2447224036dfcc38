//! P-256, P-384 and P-521 in words of 64 bits, one operation at a time: what [`Arithmetic`] asks for. In safe Rust, for every
//! processor with such words, and for P-256 once more on instructions of x86-64; docs/decisions/027 and 030 have the reasons.
//!
//! **Time.** Scalars and the coordinates that come of them are in no branch and no address, but for verification, which
//! has no secret. **Memory.** What a call works with lies in its frames, which it overwrites.

mod curves;
mod field;
#[cfg(target_arch = "x86_64")]
mod p256_adx;
mod point;
#[cfg(test)]
mod tests;

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};
use std::boxed::Box;
use std::sync::OnceLock;

use self::field::{from_bytes, to_bytes};
use self::point::{Affine, Curve, Multiples, base_multiple, combine, has_x, multiple};
use super::portable::ec::{Arithmetic, Verifier};
use crate::boundary::secret::scrubbed;

/// Words of the frames below an entry: the table of [`multiple`] on P-521 is the most of them, 3.4 KiB.
const DEAD_WORDS: usize = 2048;

pub(in crate::boundary) static P256: &dyn Arithmetic = &Words::<curves::P256, 4>(PhantomData);
pub(in crate::boundary) static P384: &dyn Arithmetic = &Words::<curves::P384, 6>(PhantomData);
pub(in crate::boundary) static P521: &dyn Arithmetic = &Words::<curves::P521, 9>(PhantomData);

/// P-256 on BMI2 and ADX, for whoever proves that they are there.
#[cfg(target_arch = "x86_64")]
pub(in crate::boundary) fn p256_adx(_: super::adx::Adx) -> &'static dyn Arithmetic {
    static P256: &dyn Arithmetic = &Words::<p256_adx::P256Adx, 4>(PhantomData);
    P256
}

struct Words<C, const N: usize>(PhantomData<C>);

impl<C: Curve<N> + Send + Sync, const N: usize> Arithmetic for Words<C, N> {
    fn base_multiple(&self, k: &[u8], x: &mut [u8], y: &mut [u8]) {
        scrubbed::<DEAD_WORDS, _>(|| {
            let point = base_multiple::<C, N>(&from_bytes(k)).affine::<C>();
            to_bytes(&C::leave(&point.x), x);
            to_bytes(&C::leave(&point.y), y);
        });
    }

    fn multiple(&self, k: &[u8], q: [&[u8]; 2], z: &mut [u8]) {
        scrubbed::<DEAD_WORDS, _>(|| {
            let point = multiple::<C, N>(&from_bytes(k), &affine::<C, N>(q)).affine::<C>();
            to_bytes(&C::leave(&point.x), z);
        });
    }

    fn invert(&self, k: &[u8], inverse: &mut [u8]) {
        scrubbed::<DEAD_WORDS, _>(|| to_bytes(&C::SCALARS.invert(&from_bytes(k)), inverse));
    }

    fn verifies(&self, u1: &[u8], u2: &[u8], q: [&[u8]; 2], r: &[u8]) -> bool {
        has_x::<C, N>(&combine::<C, N>(&from_bytes(u1), &from_bytes(u2), &affine::<C, N>(q)), &from_bytes(r))
    }

    fn verifier(&self, q: [&[u8]; 2]) -> Box<dyn Verifier> {
        Box::new(Prepared::<C, N>(Multiples::new::<C>(&affine::<C, N>(q)), PhantomData))
    }
}

struct Prepared<C, const N: usize>(Multiples<N>, PhantomData<C>);

impl<C: Curve<N> + Send + Sync, const N: usize> Verifier for Prepared<C, N> {
    fn verifies(&self, u1: &[u8], u2: &[u8], r: &[u8]) -> bool {
        has_x::<C, N>(&self.0.combine::<C>(&from_bytes(u1), &from_bytes(u2)), &from_bytes(r))
    }
}

/// What a public key keeps for later: nothing at first, since most keys of a pairwise test and of an agreement never
/// verify again.
#[derive(Default)]
pub(in crate::boundary) struct Kept {
    used: AtomicBool,
    verifier: OnceLock<Box<dyn Verifier>>,
}

impl Kept {
    /// Multiples of the key, made when they are asked for the second time.
    pub(in crate::boundary) fn verifier(
        &self,
        make: impl FnOnce() -> Box<dyn Verifier>,
    ) -> Option<&dyn Verifier> {
        let again = self.used.swap(true, Ordering::Relaxed);
        again.then(|| &**self.verifier.get_or_init(make))
    }
}

fn affine<C: Curve<N>, const N: usize>([x, y]: [&[u8]; 2]) -> Affine<N> {
    Affine { x: C::enter(&from_bytes(x)), y: C::enter(&from_bytes(y)) }
}
