//! The checks on a private key of SP 800-56B Rev. 2 section 6.4.1 (VAL-RSA-2) and its private
//! exponent, FIPS 186-5 appendix A.1.1. Every number is of a fixed size and wiped.

use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{CtGt, CtSelect, Limb, NonZero, Odd, U64, Uint, Word};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{PublicKey, Random, mont, prime, write_be};
use crate::boundary::backend::Words;
use crate::error::{Error, Result};
use crate::marks;

/// Miller-Rabin rounds for a prime from elsewhere, which an adversary may have chosen: with random
/// bases a composite passes with a probability below 4^-64, whoever chose it (RSA-2).
const IMPORT_ROUNDS: u32 = 64;

/// The numbers of a private key from elsewhere, big-endian; leading zeros are allowed.
pub(in crate::boundary) struct Components<'a> {
    pub(in crate::boundary) n: &'a [u8],
    pub(in crate::boundary) e: &'a [u8],
    pub(in crate::boundary) p: &'a [u8],
    pub(in crate::boundary) q: &'a [u8],
    pub(in crate::boundary) d: Option<&'a [u8]>,
    pub(in crate::boundary) crt: Option<Crt<'a>>,
}

/// `d mod (p-1)`, `d mod (q-1)` and the inverse of q modulo p.
pub(in crate::boundary) struct Crt<'a> {
    pub(in crate::boundary) dp: &'a [u8],
    pub(in crate::boundary) dq: &'a [u8],
    pub(in crate::boundary) q_inv: &'a [u8],
}

/// Every check on the factors, of L words of 64 bits, and the derived numbers but the pair-wise test; the stored form `p || q`.
pub(super) fn validate<const H: usize, const L: usize>(
    words: Words,
    public: &PublicKey,
    parts: &Components<'_>,
    random: &mut Random<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    let e = public.e();
    let (p, q) = (half::<H>(parts.p)?, half::<H>(parts.q)?);
    let primes = stored(&p, &q);
    // p q = n: with the size of n this also makes both factors odd.
    let (low, high) = p.widening_mul(&*q);
    let (n_high, n_low) = public.n().split_at_checked(Uint::<H>::BYTES).ok_or(Error::Rejected)?;
    require((high == *half::<H>(n_high)?) & (low == *half::<H>(n_low)?))?;
    for factor in [&p, &q] {
        require(large_enough(factor))?;
    }
    require(far_apart(&p, &q))?;
    for factor in [&p, &q] {
        let factor = Odd::new(**factor).into_option().map(Zeroizing::new).ok_or(Error::Rejected)?;
        let passes = |random: &mut _| prime::miller_rabin::<H, L>(words, &factor, IMPORT_ROUNDS, random);
        require(!prime::has_small_factor(&factor) && passes(random)?)?;
    }
    // gcd(p-1, e) = gcd(q-1, e) = 1, or there is no such exponent.
    let _d = private_exponent(&p, &q, e)?;
    if let Some(d) = parts.d {
        // Modulo both, and so modulo their least common multiple: many tools compute d modulo (p-1)(q-1).
        require_inverse_modulo_before(d, &p, e)?;
        require_inverse_modulo_before(d, &q, e)?;
    }
    if let Some(crt) = &parts.crt {
        require_inverse_before(&*half(crt.dp)?, &p, e)?;
        require_inverse_before(&*half(crt.dq)?, &q, e)?;
        require_inverse(&*half(crt.q_inv)?, &q, &p)?;
    }
    Ok(primes)
}

/// A number of half the size of the modulus; leading zeros beyond that are dropped.
pub(super) fn half<const H: usize>(bytes: &[u8]) -> Result<Zeroizing<Uint<H>>> {
    let mut exact = Zeroizing::new(vec![0u8; Uint::<H>::BYTES]);
    fit(bytes, &mut exact)?;
    Ok(Zeroizing::new(Uint::from_be_slice(&exact)))
}

/// The stored form of a private key.
pub(super) fn stored<const H: usize>(p: &Uint<H>, q: &Uint<H>) -> Zeroizing<Vec<u8>> {
    let mut primes = Zeroizing::new(vec![0u8; Uint::<H>::BYTES.saturating_mul(2)]);
    for (number, out) in [p, q].into_iter().zip(primes.chunks_exact_mut(Uint::<H>::BYTES)) {
        write_be(number.as_limbs(), out);
    }
    primes
}

/// FIPS 186-5 A.1.1 2(a) and (b): a prime is at least sqrt(2) 2^(nlen/2-1), that is, its square
/// has nlen bits.
pub(super) fn large_enough<const H: usize>(prime: &Uint<H>) -> bool {
    let (low, high) = prime.widening_square();
    let (_low, high) = (Zeroizing::new(low), Zeroizing::new(high));
    high.leading_zeros() == 0
}

/// FIPS 186-5 A.1.1 2(d): |p - q| > 2^(nlen/2-100). Equal primes fail here too.
pub(super) fn far_apart<const H: usize>(p: &Uint<H>, q: &Uint<H>) -> bool {
    let (a, b) = (Zeroizing::new(p.wrapping_sub(q)), Zeroizing::new(q.wrapping_sub(p)));
    let distance = Zeroizing::new(Uint::ct_select(&b, &a, p.ct_gt(q)));
    let limit = Uint::<H>::ONE.shl_vartime(Uint::<H>::BITS.saturating_sub(100));
    distance.ct_gt(&limit).to_bool()
}

/// gcd(prime - 1, e) = 1, in a time that does not tell the remainder.
pub(super) fn coprime_before<const H: usize>(prime: &Uint<H>, e: u64) -> Result<bool> {
    let before = Zeroizing::new(prime.wrapping_sub(&Uint::ONE));
    let remainder = before.rem_limb(limb(e)?);
    Ok(U64::from(remainder.0).gcd(&single(e)?) == Uint::ONE)
}

/// d = e^-1 mod lcm(p-1, q-1), as long as n and big-endian, refused unless 2^(nlen/2) < d (FIPS 186-5 A.1.1
/// item 3, RSA-4).
///
/// e fits in a limb, so with lambda the least common multiple and k = -lambda^-1 mod e the inverse is
/// (1 + k lambda) / e, exactly.
pub(super) fn private_exponent<const H: usize>(
    p: &Uint<H>,
    q: &Uint<H>,
    e: u64,
) -> Result<Zeroizing<Vec<u8>>> {
    let p1 = Zeroizing::new(p.wrapping_sub(&Uint::ONE));
    let q1 = Zeroizing::new(q.wrapping_sub(&Uint::ONE));
    let gcd = Zeroizing::new(non_zero(&p1.gcd(&q1))?);
    let p1 = Zeroizing::new(p1.div_rem(&gcd).0);

    // lambda mod e, of the remainders of its factors.
    let divisor = limb(e)?;
    let (low, high) = U64::from(p1.rem_limb(divisor).0).widening_mul(&U64::from(q1.rem_limb(divisor).0));
    let modulus = Odd::new(single(e)?).into_option().ok_or(Error::Rejected)?;
    let remainder = Zeroizing::new(Uint::rem_wide((low, high), modulus.as_nz_ref()));
    let inverse = remainder.invert_odd_mod(&modulus).into_option().ok_or(Error::Rejected)?;
    let k = Zeroizing::new(modulus.wrapping_sub(&inverse));

    let (low, high) = p1.widening_mul(&*q1);
    let (low, high) = (Zeroizing::new(low), Zeroizing::new(high));
    let mut d = Zeroizing::new(vec![0; Uint::<H>::BYTES.saturating_mul(2)]);
    let (upper, lower) = d.split_at_mut_checked(Uint::<H>::BYTES).ok_or(Error::Corrupted)?;
    write_be(high.as_limbs(), upper);
    write_be(low.as_limbs(), lower);
    let mut word = Zeroizing::new([0u8; 8]);
    write_be(k.as_limbs(), &mut *word);
    invert(&mut d, u64::from_be_bytes(*word), e)?;
    // d is odd: more than nlen/2 bits is more than 2^(nlen/2).
    let upper = d.get(..Uint::<H>::BYTES).ok_or(Error::Corrupted)?;
    require(upper.iter().fold(0, |seen, byte| seen | byte).ct_ne(&0).into())?;
    Ok(d)
}

/// From `lambda`, big-endian, to (1 + k lambda) / e, which must leave no rest.
///
/// The division starts at the low end: each limb of the quotient is what its product with e has to explain
/// modulo 2^64, so that nothing is estimated and the time tells nothing.
fn invert(number: &mut [u8], k: u64, e: u64) -> Result<()> {
    // Newton: an odd number is its own inverse modulo 8, and each step doubles the bits.
    let inverse =
        (0..5).fold(e, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(e.wrapping_mul(inverse))));
    let (mut carry, mut owed) = (1, 0);
    for limb in number.rchunks_exact_mut(8) {
        let limb: &mut [u8; 8] = limb.try_into().map_err(|_| Error::Corrupted)?;
        let (low, high) = mont::mac(0, u64::from_be_bytes(*limb), k, carry);
        carry = high;
        let (rest, borrow) = low.overflowing_sub(owed);
        let quotient = rest.wrapping_mul(inverse);
        owed = mont::mac(0, quotient, e, 0).1.wrapping_add(u64::from(borrow));
        *limb = quotient.to_be_bytes();
    }
    require(carry == owed)
}

/// d e = 1 mod (prime - 1), for a d as long as n.
fn require_inverse_modulo_before<const H: usize>(d: &[u8], prime: &Uint<H>, e: u64) -> Result<()> {
    let mut exact = Zeroizing::new(vec![0u8; Uint::<H>::BYTES.saturating_mul(2)]);
    fit(d, &mut exact)?;
    let (high, low) = exact.split_at_checked(Uint::<H>::BYTES).ok_or(Error::Corrupted)?;
    let (low, high) = (half::<H>(low)?, half::<H>(high)?);
    let before = Zeroizing::new(non_zero(&prime.wrapping_sub(&Uint::ONE))?);
    let reduced = Zeroizing::new(Uint::rem_wide((*low, *high), &before));
    require_inverse_before(&reduced, prime, e)
}

/// `value` < prime - 1 and value e = 1 mod (prime - 1).
fn require_inverse_before<const H: usize>(value: &Uint<H>, prime: &Uint<H>, e: u64) -> Result<()> {
    let modulus = Zeroizing::new(non_zero(&prime.wrapping_sub(&Uint::ONE))?);
    let product = Zeroizing::new(value.widening_mul(&Uint::<H>::from_u64(e)));
    let rest = Zeroizing::new(Uint::rem_wide(*product, &modulus));
    require(modulus.ct_gt(value).to_bool() & (*rest == Uint::ONE))
}

/// `value` < modulus and value other = 1 mod modulus.
fn require_inverse<const H: usize>(value: &Uint<H>, other: &Uint<H>, modulus: &Uint<H>) -> Result<()> {
    let odd = Zeroizing::new(Odd::new(*modulus).into_option().ok_or(Error::Rejected)?);
    let params = Zeroizing::new(FixedMontyParams::new(*odd));
    let a = Zeroizing::new(FixedMontyForm::new(value, &params));
    let b = Zeroizing::new(FixedMontyForm::new(other, &params));
    let product = Zeroizing::new(a.mul(&b));
    require(modulus.ct_gt(value).to_bool() & (product.as_montgomery() == params.one()))
}

/// Copies a big-endian number into `exact`; what does not fit must be zero.
fn fit(bytes: &[u8], exact: &mut [u8]) -> Result<()> {
    let excess = bytes.len().saturating_sub(exact.len());
    let (zeros, rest) = bytes.split_at_checked(excess).ok_or(Error::Rejected)?;
    let start = exact.len().checked_sub(rest.len()).ok_or(Error::Rejected)?;
    exact.get_mut(start..).ok_or(Error::Rejected)?.copy_from_slice(rest);
    require(zeros.iter().fold(0, |seen, byte| seen | byte).ct_eq(&0).into())
}

pub(super) fn limb(e: u64) -> Result<NonZero<Limb>> {
    // Where limbs are of 32 bits, private keys have no larger exponent.
    let word = Word::try_from(e).map_err(|_| Error::Rejected)?;
    NonZero::new(Limb(word)).into_option().ok_or(Error::Rejected)
}

/// As a number of 64 bits, whatever a limb has: `crypto_bigint` cannot invert modulo a number of 32 bits.
pub(super) fn single(e: u64) -> Result<U64> {
    Ok(U64::from(limb(e)?.get()))
}

fn non_zero<const H: usize>(value: &Uint<H>) -> Result<NonZero<Uint<H>>> {
    NonZero::new(*value).into_option().ok_or(Error::Rejected)
}

fn require(good: bool) -> Result<()> {
    if marks::declassified("RSA key check", good) { Ok(()) } else { Err(Error::Rejected) }
}
