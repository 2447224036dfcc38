//! RSA: the contract, and its dispatcher.
//!
//! A key holds the portable form, which has its numbers, and beside it the form of the engine's choice, if that is
//! another. So what runs is decided where a key is made. Answers of
//! groups and of single operations are the same, and those of the portable implementation.

use alloc::vec;
use alloc::vec::Vec;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::portable::rsa as portable;
use super::{Backends, Lanes};
use crate::error::{Error, Result};
use crate::marks;

pub(in crate::boundary) use portable::{Components, Crt, E, Random};

/// A private key, prepared for what the engine runs.
pub(in crate::boundary) struct PrivateKey {
    portable: portable::PrivateKey,
    fast: fast::Private,
}

/// A public key, prepared for what the engine runs.
pub(in crate::boundary) struct PublicKey {
    portable: portable::PublicKey,
    fast: fast::Public,
}

/// A public key, its own or that of a private one.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct PublicView<'k> {
    portable: &'k portable::PublicKey,
    fast: fast::View<'k>,
}

/// A new private key in its stored form, see [`portable::generate`].
pub(in crate::boundary) fn generate(
    backends: &Backends,
    modulus_bits: u32,
    random: &mut Random<'_>,
    keep_going: &dyn Fn() -> bool,
) -> Result<Zeroizing<Vec<u8>>> {
    portable::generate(backends.rsa_words, modulus_bits, random, keep_going)
}

impl PrivateKey {
    /// A key from its stored form, see [`portable::PrivateKey::load`].
    pub(in crate::boundary) fn load(backends: &Backends, primes: &[u8], e: u64) -> Result<Self> {
        Self::of(backends, portable::PrivateKey::load(backends.rsa_words, primes, e)?)
    }

    /// A key from elsewhere and its stored form, after every check of VAL-RSA-2, see
    /// [`portable::PrivateKey::import`], and then a pair-wise test with a random number.
    pub(in crate::boundary) fn import(
        backends: &Backends,
        parts: &Components<'_>,
        random: &mut Random<'_>,
    ) -> Result<(Self, Zeroizing<Vec<u8>>)> {
        let (portable, primes) = portable::PrivateKey::import(backends.rsa_words, parts, random)?;
        let key = Self::of(backends, portable)?;
        key.pairwise(random)?;
        Ok((key, primes))
    }

    fn of(backends: &Backends, portable: portable::PrivateKey) -> Result<Self> {
        Ok(Self { fast: fast::private(backends, &portable)?, portable })
    }

    /// Its public key.
    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        PublicView { portable: self.portable.public(), fast: fast::public_of(&self.fast) }
    }

    /// Its numbers, which every implementation shares.
    pub(in crate::boundary) const fn numbers(&self) -> &portable::PrivateKey {
        &self.portable
    }

    /// `input ^ d mod n` (RFC 8017 sections 5.1.2 and 5.2.1), see [`portable::PrivateKey::private_op`].
    pub(in crate::boundary) fn private_op(
        &self,
        input: &[u8],
        out: &mut [u8],
        random: &mut Random<'_>,
    ) -> Result<()> {
        match fast::private_op(&self.fast, input, out, random) {
            Some(done) => done,
            None => self.portable.private_op(input, out, random),
        }
    }

    /// SP 800-56B Rev. 2 section 6.4.1.2.3: (m^e)^d = m for a random m, 1 < m < n-1.
    fn pairwise(&self, random: &mut Random<'_>) -> Result<()> {
        let k = self.public().len();
        let mut m = Zeroizing::new(vec![0u8; k]);
        random(&mut m)?;
        if let [first, .., last] = m.as_mut_slice() {
            *first &= 0x7f; // below 2^(8k-1), which is below n-1
            *last |= 0x02; // at least 2
        }
        let mut c = vec![0u8; k];
        let mut back = Zeroizing::new(vec![0u8; k]);
        self.public().public_op(&m, &mut c)?;
        self.private_op(&c, &mut back, random)?;
        if marks::declassified("pairwise verdict", bool::from(m.ct_eq(&back))) {
            Ok(())
        } else {
            Err(Error::Rejected)
        }
    }
}

impl PublicKey {
    /// A key from elsewhere, after the checks of VAL-RSA-1, see [`portable::PublicKey::new`].
    pub(in crate::boundary) fn new(backends: &Backends, n: &[u8], e: &[u8]) -> Result<Self> {
        let portable = portable::PublicKey::new(backends.rsa_words, n, e)?;
        Ok(Self { fast: fast::public(backends, &portable)?, portable })
    }

    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        PublicView { portable: &self.portable, fast: fast::public_half(&self.fast) }
    }
}

impl<'k> PublicView<'k> {
    /// The modulus, big-endian.
    pub(in crate::boundary) fn n(self) -> &'k [u8] {
        self.portable.n()
    }

    /// The public exponent.
    pub(in crate::boundary) const fn e(self) -> u64 {
        self.portable.e()
    }

    /// The length of the modulus in bytes.
    pub(in crate::boundary) fn len(self) -> usize {
        self.portable.len()
    }

    /// `input ^ e mod n` (RFC 8017 sections 5.1.1 and 5.2.2), see [`portable::PublicKey::public_op`].
    pub(in crate::boundary) fn public_op(self, input: &[u8], out: &mut [u8]) -> Result<()> {
        match fast::public_op(self.fast, input, out) {
            Some(done) => done,
            None => self.portable.public_op(input, out),
        }
    }
}

// -- groups --

/// One private operation, see [`PrivateKey::private_op`].
pub(in crate::boundary) struct PrivateOp<'l> {
    pub(in crate::boundary) key: &'l PrivateKey,
    pub(in crate::boundary) input: &'l [u8],
    /// As long as n; zeros unless the result is `Ok`.
    pub(in crate::boundary) out: &'l mut [u8],
    pub(in crate::boundary) result: Result<()>,
}

/// One public operation, see [`PublicView::public_op`].
pub(in crate::boundary) struct PublicOp<'l> {
    pub(in crate::boundary) key: PublicView<'l>,
    pub(in crate::boundary) input: &'l [u8],
    /// As long as n; zeros unless the result is `Ok`.
    pub(in crate::boundary) out: &'l mut [u8],
    pub(in crate::boundary) result: Result<()>,
}

impl<'l> PrivateOp<'l> {
    pub(in crate::boundary) fn new(key: &'l PrivateKey, input: &'l [u8], out: &'l mut [u8]) -> Self {
        Self { key, input, out, result: Err(Error::Corrupted) }
    }
}

impl<'l> PublicOp<'l> {
    pub(in crate::boundary) fn new(key: PublicView<'l>, input: &'l [u8], out: &'l mut [u8]) -> Self {
        Self { key, input, out, result: Err(Error::Corrupted) }
    }
}

/// Private operations in every lane. Keys of all sizes may be mixed: those of one size go together.
pub(in crate::boundary) fn private_lanes(lanes: &mut Lanes<PrivateOp<'_>>, random: &mut Random<'_>) {
    let mut ops: Vec<_> = lanes.iter_mut().flatten().collect();
    ops.sort_by_key(|op| op.key.public().len());
    for same in ops.chunk_by_mut(|a, b| a.key.public().len() == b.key.public().len()) {
        for pass in same.chunks_mut(PASS) {
            if fast::private_pass(pass, random) {
                continue;
            }
            for PrivateOp { key, input, out, result } in pass.iter_mut().map(|op| &mut **op) {
                *result = key.private_op(input, out, random);
            }
        }
    }
}

/// Public operations in every lane, as in [`private_lanes`].
pub(in crate::boundary) fn public_lanes(lanes: &mut Lanes<PublicOp<'_>>) {
    let mut ops: Vec<_> = lanes.iter_mut().flatten().collect();
    ops.sort_by_key(|op| op.key.len());
    for same in ops.chunk_by_mut(|a, b| a.key.len() == b.key.len()) {
        for pass in same.chunks_mut(PASS) {
            if fast::public_pass(pass) {
                continue;
            }
            for PublicOp { key, input, out, result } in pass.iter_mut().map(|op| &mut **op) {
                *result = key.public_op(input, out);
            }
        }
    }
}

/// Operations that go through one stream of instructions.
const PASS: usize = 8;

/// The fast forms: none in this build.
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
mod fast {
    use super::{Backends, PrivateOp, PublicOp, Random, Result, portable};

    pub(super) type Private = ();
    pub(super) type Public = ();
    #[derive(Clone, Copy)]
    pub(super) struct View<'k>(core::marker::PhantomData<&'k ()>);

    pub(super) fn private(_: &Backends, _: &portable::PrivateKey) -> Result<Private> {
        Ok(())
    }

    pub(super) fn public(_: &Backends, _: &portable::PublicKey) -> Result<Public> {
        Ok(())
    }

    pub(super) fn public_half(_: &Public) -> View<'_> {
        View(core::marker::PhantomData)
    }

    pub(super) fn public_of(_: &Private) -> View<'_> {
        View(core::marker::PhantomData)
    }

    pub(super) fn private_op(
        _: &Private,
        _input: &[u8],
        _out: &mut [u8],
        _random: &mut Random<'_>,
    ) -> Option<Result<()>> {
        None
    }

    pub(super) fn public_op(_: View<'_>, _input: &[u8], _out: &mut [u8]) -> Option<Result<()>> {
        None
    }

    pub(super) fn private_pass(_: &mut [&mut PrivateOp<'_>], _: &mut Random<'_>) -> bool {
        false
    }

    pub(super) fn public_pass(_: &mut [&mut PublicOp<'_>]) -> bool {
        false
    }
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[path = "rsa/ifma.rs"]
mod fast;

#[cfg(test)]
mod tests;
