//! RSA on bytes: RSAEP/RSAVP1 and RSADP/RSASP1 of RFC 8017 section 5, the key checks of SP 800-56B
//! Rev. 2 section 6.4, and in [`prime`] the key generation of FIPS 186-5 appendix A.1.3.
//!
//! Both operations are our own, over fixed arrays of limbs ([`mont`], [`private`]); the checks use
//! `crypto_bigint`'s numbers of fixed size for secrets, and its boxed ones for public moduli alone. So nothing
//! of a private key is left in freed memory.

mod check;
mod mont;
mod prime;
mod private;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Gcd, Limb, NonZero, Odd, Resize, U1024, U1536, U2048};
use zeroize::{Zeroize, Zeroizing};

use mont::Modulus;
use private::Numbers;

use crate::boundary::backend::Words;
use crate::error::{Error, Result};

pub(in crate::boundary) use check::{Components, Crt};
pub(in crate::boundary) use prime::{E, generate};

/// The random bytes of an operation; its failure is the failure of the operation.
pub(in crate::boundary) type Random<'a> = dyn FnMut(&mut [u8]) -> Result<()> + 'a;

/// A public key, prepared.
pub(in crate::boundary) struct PublicKey {
    modulus: PublicModulus,
    n: Vec<u8>,
    e: u64,
}

enum PublicModulus {
    B2048(Box<Modulus<32>>),
    B3072(Box<Modulus<48>>),
    B4096(Box<Modulus<64>>),
}

impl PublicKey {
    /// A key from elsewhere, after the checks of VAL-RSA-1 (SP 800-56B Rev. 2 section 6.4.2.2,
    /// SP 800-89 section 5.3.3): n of 2048, 3072 or 4096 bits, odd, without a small factor, neither
    /// prime nor the power of a prime; e odd, 2^16 < e < 2^64. FIPS 186-5 allows e up to 2^256; the
    /// cap keeps the cost of a verification small, and no larger e is in use.
    pub(in crate::boundary) fn new(words: Words, n: &[u8], e: &[u8]) -> Result<Self> {
        let n = trim(n);
        let e = exponent(e)?;
        let key = Self::unchecked(words, n, e)?;
        let modulus = BoxedUint::from_be_slice(n, modulus_bits(n.len())?).map_err(|_| Error::Rejected)?;
        let modulus = NonZero::new(modulus).into_option().ok_or(Error::Rejected)?;
        if prime::has_small_factor_boxed(&modulus) || may_be_prime_power(&modulus)? {
            return Err(Error::Rejected);
        }
        Ok(key)
    }

    /// A key of our own making: sizes are checked, factors are not.
    fn unchecked(words: Words, n: &[u8], e: u64) -> Result<Self> {
        fn prepared<const W: usize>(words: Words, n: &[u8]) -> Result<Box<Modulus<W>>> {
            let mut limbs = [0; W];
            mont::from_be(n, &mut limbs).ok_or(Error::Rejected)?;
            Ok(Box::new(Modulus::new(words, &limbs).ok_or(Error::Rejected)?))
        }
        let modulus = match modulus_bits(n.len())? {
            2048 => PublicModulus::B2048(prepared(words, n)?),
            3072 => PublicModulus::B3072(prepared(words, n)?),
            _ => PublicModulus::B4096(prepared(words, n)?),
        };
        Ok(Self { modulus, n: n.to_vec(), e })
    }

    /// The modulus, `k` bytes, big-endian.
    pub(in crate::boundary) fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent.
    pub(in crate::boundary) const fn e(&self) -> u64 {
        self.e
    }

    /// The length `k` of the modulus, of every signature and of every ciphertext, in bytes.
    pub(in crate::boundary) fn len(&self) -> usize {
        self.n.len()
    }

    /// `input ^ e mod n` (RFC 8017 sections 5.1.1 and 5.2.2), both of `k` bytes and `input < n`. The length
    /// and range of the input are in an attacker's hands, the length of the output is in the caller's.
    pub(in crate::boundary) fn public_op(&self, input: &[u8], out: &mut [u8]) -> Result<()> {
        fn power<const W: usize>(n: &Modulus<W>, e: u64, input: &[u8], out: &mut [u8]) -> Result<()> {
            // The input may be the encoding of a key (OAEP): everything is wiped.
            let (mut base, mut form) = (Zeroizing::new([0; W]), Zeroizing::new([0; W]));
            mont::from_be(input, &mut base).ok_or(Error::Rejected)?;
            if !mont::less(&base, n.n()) {
                return Err(Error::Rejected);
            }
            n.enter(&base, &mut form);
            n.power_public(&form, e, &mut base);
            n.leave(&base, &mut form);
            mont::to_be(&form, out);
            Ok(())
        }
        out.zeroize();
        self.check_lengths(input, out)?;
        match &self.modulus {
            PublicModulus::B2048(n) => power(n, self.e, input, out),
            PublicModulus::B3072(n) => power(n, self.e, input, out),
            PublicModulus::B4096(n) => power(n, self.e, input, out),
        }
    }

    fn check_lengths(&self, input: &[u8], out: &[u8]) -> Result<()> {
        if out.len() != self.n.len() {
            return Err(Error::InvalidArgument);
        }
        if input.len() == self.n.len() { Ok(()) } else { Err(Error::Rejected) }
    }
}

/// A private key, prepared for CRT.
pub(in crate::boundary) struct PrivateKey {
    numbers: Numbers,
    public: PublicKey,
}

impl PrivateKey {
    /// A key from its stored form, `p || q`, each half as long as n. The primes are trusted: they
    /// come from [`generate`] or [`PrivateKey::import`].
    pub(in crate::boundary) fn load(words: Words, primes: &[u8], e: u64) -> Result<Self> {
        exponent(&e.to_be_bytes())?;
        let numbers = Numbers::load(words, primes, e)?;
        let mut n = vec![0; primes.len()];
        numbers.modulus(&mut n);
        Ok(Self { numbers, public: PublicKey::unchecked(words, &n, e)? })
    }

    /// A key from elsewhere and its stored form, after every check of VAL-RSA-2 (SP 800-56B Rev. 2
    /// sections 6.4.1.2 and 6.4.1.3) but the pair-wise test, which is that of whoever will use the key: see
    /// [`check::validate`]. A key without its primes is refused by the type of its components.
    pub(in crate::boundary) fn import(
        words: Words,
        parts: &Components<'_>,
        random: &mut Random<'_>,
    ) -> Result<(Self, Zeroizing<Vec<u8>>)> {
        let public = PublicKey::new(words, parts.n, parts.e)?;
        let primes = match modulus_bits(public.len())? {
            2048 => check::validate::<{ U1024::LIMBS }, 16>(words, &public, parts, random)?,
            3072 => check::validate::<{ U1536::LIMBS }, 24>(words, &public, parts, random)?,
            _ => check::validate::<{ U2048::LIMBS }, 32>(words, &public, parts, random)?,
        };
        let key = Self::load(words, &primes, public.e())?;
        if key.public.n() != public.n() {
            return Err(Error::Rejected);
        }
        Ok((key, primes))
    }

    /// Its public key.
    pub(in crate::boundary) const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// `input ^ d mod n` (RFC 8017 sections 5.1.2 and 5.2.1), both of `k` bytes and `input < n`.
    ///
    /// Blinded, and released only when the public exponent leads back to `input`: a fault in one
    /// half of the CRT would give the factors away (RSA-5). A mismatch is [`Error::Corrupted`].
    pub(in crate::boundary) fn private_op(
        &self,
        input: &[u8],
        out: &mut [u8],
        random: &mut Random<'_>,
    ) -> Result<()> {
        out.zeroize();
        self.public.check_lengths(input, out)?;
        self.numbers.private_op(input, out, random)
    }

    /// Shows `n, e, d, p, q, dP, dQ, qInv` (RFC 8017 section 3.2), big-endian, for a key that leaves
    /// wrapped. All but e have the length of n or half of it; the copies are wiped afterwards.
    pub(in crate::boundary) fn with_components<T>(
        &self,
        show: impl FnOnce(&[u8], &[u8], &[u8], &[u8], &[u8], &[u8], &[u8], &[u8]) -> Result<T>,
    ) -> Result<T> {
        self.numbers.show(|[p, q, dp, dq, q_inv]| {
            let d = match self.public.len() {
                256 => private_exponent::<{ U1024::LIMBS }>(p, q, self.public.e)?,
                384 => private_exponent::<{ U1536::LIMBS }>(p, q, self.public.e)?,
                _ => private_exponent::<{ U2048::LIMBS }>(p, q, self.public.e)?,
            };
            show(&self.public.n, trim(&self.public.e.to_be_bytes()), &d, p, q, dp, dq, q_inv)
        })
    }

    /// Shows `p, q, dP, dQ, qInv`, big-endian, each half as long as n, for a prepared form of another backend.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    pub(in crate::boundary) fn with_crt<T>(&self, show: impl FnOnce([&[u8]; 5]) -> Result<T>) -> Result<T> {
        self.numbers.show(show)
    }
}

/// d, as long as n.
fn private_exponent<const H: usize>(p: &[u8], q: &[u8], e: u64) -> Result<Zeroizing<Vec<u8>>> {
    let (p, q) = (check::half::<H>(p)?, check::half::<H>(q)?);
    check::private_exponent(&p, &q, e)
}

/// The closed list of moduli, by length in bytes.
const fn modulus_bits(len: usize) -> Result<u32> {
    match len {
        256 => Ok(2048),
        384 => Ok(3072),
        512 => Ok(4096),
        _ => Err(Error::Rejected),
    }
}

/// A public exponent that the engine takes: odd, 2^16 < e < 2^64.
fn exponent(e: &[u8]) -> Result<u64> {
    let e = trim(e);
    let mut bytes = [0u8; 8];
    let start = bytes.len().checked_sub(e.len()).ok_or(Error::Rejected)?;
    bytes.get_mut(start..).ok_or(Error::Rejected)?.copy_from_slice(e);
    let e = u64::from_be_bytes(bytes);
    if e <= 1 << 16 || e.is_multiple_of(2) { Err(Error::Rejected) } else { Ok(e) }
}

/// A public number without its leading zeros.
fn trim(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// True for every prime and every power of a prime, and, but for numbers nobody meets, only for them.
///
/// This is the gcd step of the enhanced Miller-Rabin test (FIPS 186-5 appendix B.3.2) with base 2:
/// if n = p^i then p divides 2^(n-1) - 1, because p-1 divides n-1. A composite that shares a factor
/// with that number is refused too, so the test errs on the safe side and needs no random base.
fn may_be_prime_power(n: &NonZero<BoxedUint>) -> Result<bool> {
    let one = BoxedUint::one_with_precision(n.bits_precision());
    let odd = Odd::new((**n).clone()).into_option().ok_or(Error::Rejected)?;
    let params = BoxedMontyParams::new_vartime(odd);
    let two = BoxedMontyForm::new(BoxedUint::from(2u32).resize_unchecked(n.bits_precision()), &params);
    let power = two.pow(&n.wrapping_sub(&one)).retrieve();
    Ok((**n).gcd_vartime(&power.wrapping_sub(&one)) != one)
}

/// Writes a number that has exactly the size of `out`, or less, big-endian.
fn write_be(number: &[Limb], out: &mut [u8]) {
    for (chunk, limb) in out.rchunks_exact_mut(Limb::BYTES).zip(number) {
        chunk.copy_from_slice(&limb.0.to_be_bytes());
    }
}

#[cfg(test)]
pub(in crate::boundary) mod tests;
