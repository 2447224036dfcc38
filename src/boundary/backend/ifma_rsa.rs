//! RSA with AVX-512 IFMA: eight operations at once, one a lane ([`batch`]), and one alone ([`single`]).
//! Answers are those of [`portable::rsa`](super::portable::rsa), whose key checks and CRT numbers are used.
//!
//! A private operation is blinded, in constant time, and released only if the public exponent leads back to its
//! input (RSA-5), lane by lane. Keys, intermediate results and tables are wiped; what the compiler spills of
//! vector registers to the stack is not.
//!
//! `unsafe` stands here and in [`limbs`], for two things: calls of functions that need the CPU's features, behind
//! [`available`], and the view of a vector as eight numbers.

mod batch;
mod lanes;
mod limbs;
mod single;

use alloc::boxed::Box;

use zeroize::{Zeroize, Zeroizing};

use super::portable::rsa as portable;
use crate::error::{Error, Result};

/// Numbers that one pass takes.
pub(in crate::boundary) const LANES: usize = 8;

/// Whether this CPU runs the code of this file. The standard library keeps the answer.
pub(in crate::boundary) fn available() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma")
}

/// A public key, prepared.
pub(in crate::boundary) enum PublicKey {
    B2048(Box<Public<40>>),
    B3072(Box<Public<60>>),
    B4096(Box<Public<80>>),
}

/// A public key, its own or that of a private one.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum PublicView<'a> {
    B2048(&'a Public<40>),
    B3072(&'a Public<60>),
    B4096(&'a Public<80>),
}

/// A private key, prepared for CRT.
pub(in crate::boundary) enum PrivateKey {
    B2048(Box<Crt<20, 40, 16>>),
    B3072(Box<Crt<30, 60, 24>>),
    B4096(Box<Crt<40, 80, 32>>),
}

/// A modulus of N limbs of 52 bits, and its exponent.
pub(in crate::boundary) struct Public<const N: usize> {
    n: [u64; N],
    n0: u64,
    r2: [u64; N],
    e: u64,
    /// Length of the modulus in bytes.
    len: usize,
}

/// The numbers of a private key: H limbs a prime, E limbs of 64 bits an exponent.
pub(in crate::boundary) struct Crt<const H: usize, const N: usize, const E: usize> {
    public: Public<N>,
    p: [u64; H],
    p_n0: u64,
    p_r2: [u64; H],
    q: [u64; H],
    q_n0: u64,
    q_r2: [u64; H],
    /// dP - 1 and dQ - 1, as the blinding needs them.
    dp: [u64; E],
    dq: [u64; E],
    /// In Montgomery form modulo p.
    q_inv: [u64; H],
    /// q in Montgomery form modulo n.
    q_form: [u64; N],
}

/// One private operation of a batch.
pub(in crate::boundary) struct PrivateLane<'a> {
    pub(in crate::boundary) key: &'a PrivateKey,
    /// As long as n, and below it.
    pub(in crate::boundary) input: &'a [u8],
    /// Random bytes for the blinding, as long as n, from the engine's DRBG, for this operation alone.
    pub(in crate::boundary) random: &'a [u8],
    /// As long as n; zeros unless the result is `Ok`.
    pub(in crate::boundary) out: &'a mut [u8],
    pub(in crate::boundary) result: Result<()>,
}

/// One public operation of a batch.
pub(in crate::boundary) struct PublicLane<'a> {
    pub(in crate::boundary) key: PublicView<'a>,
    /// As long as n, and below it.
    pub(in crate::boundary) input: &'a [u8],
    /// As long as n; zeros unless the result is `Ok`.
    pub(in crate::boundary) out: &'a mut [u8],
    pub(in crate::boundary) result: Result<()>,
}

impl PublicKey {
    /// A key that the portable form has checked; [`Error::Unsupported`] on a CPU without IFMA.
    pub(in crate::boundary) fn new(key: &portable::PublicKey) -> Result<Self> {
        match key.len() {
            256 => Ok(Self::B2048(Public::boxed::<80>(key)?)),
            384 => Ok(Self::B3072(Public::boxed::<120>(key)?)),
            512 => Ok(Self::B4096(Public::boxed::<160>(key)?)),
            _ => Err(Error::Rejected),
        }
    }

    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        match self {
            Self::B2048(key) => PublicView::B2048(key),
            Self::B3072(key) => PublicView::B3072(key),
            Self::B4096(key) => PublicView::B4096(key),
        }
    }
}

impl PublicView<'_> {
    /// `input ^ e mod n` of one number: as long as n, as `out` is, and below it.
    pub(in crate::boundary) fn public_op(self, input: &[u8], out: &mut [u8]) -> Result<()> {
        out.zeroize();
        match self {
            Self::B2048(key) => key.public_op::<5>(input, out),
            Self::B3072(key) => key.public_op::<8>(input, out),
            Self::B4096(key) => key.public_op::<10>(input, out),
        }
    }
}

impl PrivateKey {
    /// The same key as the portable form; [`Error::Unsupported`] on a CPU without IFMA.
    pub(in crate::boundary) fn new(key: &portable::PrivateKey) -> Result<Self> {
        match key.public().len() {
            256 => Ok(Self::B2048(Crt::boxed::<80>(key)?)),
            384 => Ok(Self::B3072(Crt::boxed::<120>(key)?)),
            512 => Ok(Self::B4096(Crt::boxed::<160>(key)?)),
            _ => Err(Error::Rejected),
        }
    }

    /// Its public half.
    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        match self {
            Self::B2048(key) => PublicView::B2048(&key.public),
            Self::B3072(key) => PublicView::B3072(&key.public),
            Self::B4096(key) => PublicView::B4096(&key.public),
        }
    }

    /// `input ^ d mod n` of one number: as long as n, as `out` is, and below it. Blinded with random bytes of the
    /// engine's DRBG; a result that the public exponent does not lead back from is [`Error::Corrupted`].
    pub(in crate::boundary) fn private_op(
        &self,
        input: &[u8],
        out: &mut [u8],
        random: &mut portable::Random<'_>,
    ) -> Result<()> {
        out.zeroize();
        match self {
            Self::B2048(key) => key.private_op::<3, 5>(input, out, random),
            Self::B3072(key) => key.private_op::<4, 8>(input, out, random),
            Self::B4096(key) => key.private_op::<5, 10>(input, out, random),
        }
    }

    /// Damages the key, for the test that a wrong result stays inside.
    #[cfg(test)]
    fn damage(&mut self) {
        match self {
            Self::B2048(key) => key.dp[0] ^= 2,
            Self::B3072(key) => key.dp[0] ^= 2,
            Self::B4096(key) => key.dp[0] ^= 2,
        }
    }
}

impl<const N: usize> Public<N> {
    fn boxed<const D: usize>(key: &portable::PublicKey) -> Result<Box<Self>> {
        let mut public = Box::new(Self { n: [0; N], n0: 0, r2: [0; N], e: 0, len: 0 });
        public.fill::<D>(key)?;
        Ok(public)
    }

    fn fill<const D: usize>(&mut self, key: &portable::PublicKey) -> Result<()> {
        limbs::from_be::<52, N>(key.n(), &mut self.n);
        self.e = key.e();
        self.len = key.len();
        [self.n0, _] = constants::<N, D>([&self.n, &self.n], key.len(), [&mut self.r2, &mut [0; N]])?;
        Ok(())
    }

    fn public_op<const J: usize>(&self, input: &[u8], out: &mut [u8]) -> Result<()> {
        let mut number = Zeroizing::new([0; N]);
        take_input(self, input, out, &mut number)?;
        if !available() {
            return Err(Error::Unsupported);
        }
        // SAFETY: the CPU has the features that the function is compiled for.
        #[allow(unsafe_code)]
        unsafe {
            single::public::<N, J>(self, &mut number);
        }
        limbs::to_be(&number, out);
        Ok(())
    }
}

impl<const H: usize, const N: usize, const E: usize> Crt<H, N, E> {
    fn boxed<const D: usize>(from: &portable::PrivateKey) -> Result<Box<Self>> {
        let public = Public { n: [0; N], n0: 0, r2: [0; N], e: 0, len: 0 };
        let mut key = Box::new(Self {
            public,
            p: [0; H],
            p_n0: 0,
            p_r2: [0; H],
            q: [0; H],
            q_n0: 0,
            q_r2: [0; H],
            dp: [0; E],
            dq: [0; E],
            q_inv: [0; H],
            q_form: [0; N],
        });
        key.public.fill::<D>(from.public())?;
        let half = from.public().len() / 2;
        from.with_crt(|[p, q, dp, dq, q_inv]| {
            limbs::from_be::<52, H>(p, &mut key.p);
            limbs::from_be::<52, H>(q, &mut key.q);
            limbs::from_be::<64, E>(dp, &mut key.dp);
            limbs::from_be::<64, E>(dq, &mut key.dq);
            limbs::from_be::<52, H>(q_inv, &mut key.q_inv);
            Ok(())
        })?;
        // Both are odd, as inverses of something modulo an even number.
        for exponent in [&mut key.dp, &mut key.dq] {
            if let Some(low) = exponent.first_mut() {
                *low &= !1;
            }
        }
        let Self { public, p, p_n0, p_r2, q, q_n0, q_r2, q_inv, q_form, .. } = &mut *key;
        q_form.iter_mut().zip(&*q).for_each(|(to, limb)| *to = *limb);
        [*p_n0, *q_n0] = constants::<H, N>([p, q], half, [p_r2, q_r2])?;
        // SAFETY: `constants` has found the features that the function is compiled for.
        #[allow(unsafe_code)]
        unsafe {
            batch::enter::<H, N>(p, *p_n0, p_r2, q_inv);
            batch::enter::<N, D>(&public.n, public.n0, &public.r2, q_form);
        }
        Ok(key)
    }

    fn private_op<const K: usize, const J: usize>(
        &self,
        input: &[u8],
        out: &mut [u8],
        random: &mut portable::Random<'_>,
    ) -> Result<()> {
        let mut number = Zeroizing::new([0; N]);
        take_input(&self.public, input, out, &mut number)?;
        let mut bytes = Zeroizing::new([0; 512]);
        let bytes = bytes.get_mut(..self.public.len).ok_or(Error::Corrupted)?;
        random(bytes)?;
        let mut blinding = Zeroizing::new([0; N]);
        take_random(bytes, self.public.len, &mut blinding)?;
        if !available() {
            return Err(Error::Unsupported);
        }
        // SAFETY: the CPU has the features that the function is compiled for.
        #[allow(unsafe_code)]
        let good = unsafe { single::private::<H, N, E, K, J>(self, &mut number, &blinding) };
        if !good {
            return Err(Error::Corrupted);
        }
        limbs::to_be(&number, out);
        Ok(())
    }
}

impl<const H: usize, const N: usize, const E: usize> Drop for Crt<H, N, E> {
    fn drop(&mut self) {
        for number in [&mut self.p, &mut self.p_r2, &mut self.q, &mut self.q_r2, &mut self.q_inv] {
            number.zeroize();
        }
        self.q_form.zeroize();
        self.dp.zeroize();
        self.dq.zeroize();
        self.p_n0.zeroize();
        self.q_n0.zeroize();
    }
}

/// Private operations, eight at a time; each lane gets its own result. The keys of eight neighbours have one
/// size, or those that differ from the first are [`Error::InvalidArgument`].
pub(in crate::boundary) fn private_many(lanes: &mut [PrivateLane<'_>]) {
    for lanes in lanes.chunks_mut(LANES) {
        match lanes.first().map(|lane| lane.key) {
            Some(PrivateKey::B2048(first)) => private_pass::<20, 40, 80, 16>(lanes, first, |key| match key {
                PrivateKey::B2048(key) => Some(key),
                _ => None,
            }),
            Some(PrivateKey::B3072(first)) => {
                private_pass::<30, 60, 120, 24>(lanes, first, |key| match key {
                    PrivateKey::B3072(key) => Some(key),
                    _ => None,
                })
            }
            Some(PrivateKey::B4096(first)) => {
                private_pass::<40, 80, 160, 32>(lanes, first, |key| match key {
                    PrivateKey::B4096(key) => Some(key),
                    _ => None,
                })
            }
            None => (),
        }
    }
}

/// Public operations, eight at a time; each lane gets its own result. Sizes as in [`private_many`].
pub(in crate::boundary) fn public_many(lanes: &mut [PublicLane<'_>]) {
    for lanes in lanes.chunks_mut(LANES) {
        match lanes.first().map(|lane| lane.key) {
            Some(PublicView::B2048(first)) => public_pass::<40, 80>(lanes, first, |key| match key {
                PublicView::B2048(key) => Some(key),
                _ => None,
            }),
            Some(PublicView::B3072(first)) => public_pass::<60, 120>(lanes, first, |key| match key {
                PublicView::B3072(key) => Some(key),
                _ => None,
            }),
            Some(PublicView::B4096(first)) => public_pass::<80, 160>(lanes, first, |key| match key {
                PublicView::B4096(key) => Some(key),
                _ => None,
            }),
            None => (),
        }
    }
}

/// Lanes that are refused or not there compute 0^d with the first key.
fn private_pass<const H: usize, const N: usize, const D: usize, const E: usize>(
    lanes: &mut [PrivateLane<'_>],
    first: &Crt<H, N, E>,
    sized: fn(&PrivateKey) -> Option<&Crt<H, N, E>>,
) {
    let mut keys = [first; LANES];
    let mut numbers: [_; LANES] = core::array::from_fn(|_| Zeroizing::new([0; N]));
    let mut random: [_; LANES] = core::array::from_fn(|_| Zeroizing::new([0; N]));
    let slots = keys.iter_mut().zip(&mut numbers).zip(&mut random);
    for (lane, ((slot, number), random)) in lanes.iter_mut().zip(slots) {
        lane.out.zeroize();
        lane.result = sized(lane.key).ok_or(Error::InvalidArgument).and_then(|key| {
            take_input(&key.public, lane.input, lane.out, number)?;
            take_random(lane.random, lane.out.len(), random).inspect_err(|_| number.zeroize())?;
            *slot = key;
            Ok(())
        });
    }
    if !available() {
        lanes.iter_mut().for_each(|lane| lane.result = Err(Error::Unsupported));
        return;
    }
    // SAFETY: the CPU has the features that the function is compiled for.
    #[allow(unsafe_code)]
    let good = unsafe { batch::private::<H, N, D, E>(keys, &mut numbers, &random) };
    for (lane, (number, good)) in lanes.iter_mut().zip(numbers.iter().zip(good)) {
        if lane.result.is_ok() && !good {
            lane.result = Err(Error::Corrupted);
        }
        if lane.result.is_ok() {
            limbs::to_be(number, lane.out);
        }
    }
}

fn public_pass<const N: usize, const D: usize>(
    lanes: &mut [PublicLane<'_>],
    first: &Public<N>,
    sized: fn(PublicView<'_>) -> Option<&Public<N>>,
) {
    let mut keys = [first; LANES];
    let mut numbers: [_; LANES] = core::array::from_fn(|_| Zeroizing::new([0; N]));
    for (lane, (slot, number)) in lanes.iter_mut().zip(keys.iter_mut().zip(&mut numbers)) {
        lane.out.zeroize();
        lane.result = sized(lane.key).ok_or(Error::InvalidArgument).and_then(|key| {
            take_input(key, lane.input, lane.out, number)?;
            *slot = key;
            Ok(())
        });
    }
    if !available() {
        lanes.iter_mut().for_each(|lane| lane.result = Err(Error::Unsupported));
        return;
    }
    // SAFETY: the CPU has the features that the function is compiled for.
    #[allow(unsafe_code)]
    unsafe {
        batch::public::<N, D>(keys, &mut numbers);
    }
    for (lane, number) in lanes.iter_mut().zip(&numbers) {
        if lane.result.is_ok() {
            limbs::to_be(number, lane.out);
        }
    }
}

/// Reads an input that is as long as n and below it; `number` stays zero otherwise.
fn take_input<const N: usize>(
    key: &Public<N>,
    input: &[u8],
    out: &[u8],
    number: &mut [u64; N],
) -> Result<()> {
    if out.len() != key.len {
        return Err(Error::InvalidArgument);
    }
    if input.len() != key.len {
        return Err(Error::Rejected);
    }
    limbs::from_be::<52, N>(input, number);
    if limbs::less(number, &key.n) {
        return Ok(());
    }
    number.zeroize();
    Err(Error::Rejected)
}

/// A random number below 2^(bits of n - 1), and so below n, and not zero.
fn take_random<const N: usize>(bytes: &[u8], len: usize, number: &mut [u64; N]) -> Result<()> {
    if bytes.len() != len {
        return Err(Error::InvalidArgument);
    }
    limbs::from_be::<52, N>(bytes, number);
    limbs::clear_bit(number, len.saturating_mul(8).saturating_sub(1));
    // A source that gives zeros is broken; with a sound one this is never met.
    if number.iter().all(|limb| *limb == 0) { Err(Error::EntropyFailed) } else { Ok(()) }
}

/// R^2 modulo two odd numbers of exactly `len` bytes, and -1 / n modulo 2^52.
fn constants<const N: usize, const D: usize>(
    [a, b]: [&[u64; N]; 2],
    len: usize,
    r2: [&mut [u64; N]; 2],
) -> Result<[u64; 2]> {
    if !available() {
        return Err(Error::Unsupported);
    }
    let mut all: [_; LANES] = core::array::from_fn(|_| Zeroizing::new([0; N]));
    // SAFETY: the CPU has the features that the function is compiled for.
    #[allow(unsafe_code)]
    let [a, b, ..] =
        unsafe { batch::constants::<N, D>([a, b, b, b, b, b, b, b], len.saturating_mul(8), &mut all) };
    for (r2, found) in r2.into_iter().zip(&all) {
        *r2 = **found;
    }
    Ok([a, b])
}

#[cfg(test)]
mod tests;
