//! Random probable primes, FIPS 186-5 appendices A.1.3 and B.3.1 (RSA-1, RSA-2, RSA-3).

use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::{BoxedUint, CtGt, CtLt, Limb, NonZero, Odd, Reciprocal, U1024, U1536, U2048, Uint};
use zeroize::Zeroizing;

use super::mont::{self, Modulus};
use super::{Random, check, private};
use crate::boundary::backend::Words;
use crate::error::{Error, Result};
use crate::marks;

/// The public exponent of every generated key, fixed before p and q.
pub(in crate::boundary) const E: u64 = 65_537;

/// A new private key: p and q, big-endian, each of half the size of the modulus.
///
/// `keep_going` is asked before every candidate; its no ends the search with
/// [`Error::NotOperational`]. A search that finds nothing ends with [`Error::EntropyFailed`]: a
/// sound source reaches the limits with a probability below 2^-23. The pair-wise consistency test
/// is left to the caller, who knows what the key is for (PCT-6).
pub(in crate::boundary) fn generate(
    words: Words,
    modulus_bits: u32,
    random: &mut Random<'_>,
    keep_going: &dyn Fn() -> bool,
) -> Result<Zeroizing<Vec<u8>>> {
    // Rounds of Miller-Rabin: FIPS 186-5 table B.1, error probability 2^-112, 2^-128, 2^-144.
    match modulus_bits {
        2048 => generate_sized::<{ U1024::LIMBS }, 16>(words, 5, random, keep_going),
        3072 => generate_sized::<{ U1536::LIMBS }, 24>(words, 4, random, keep_going),
        4096 => generate_sized::<{ U2048::LIMBS }, 32>(words, 4, random, keep_going),
        _ => Err(Error::Unsupported),
    }
}

/// `H` limbs of `crypto_bigint`, or `L` words of 64 bits, hold a prime.
fn generate_sized<const H: usize, const L: usize>(
    words: Words,
    rounds: u32,
    random: &mut Random<'_>,
    keep_going: &dyn Fn() -> bool,
) -> Result<Zeroizing<Vec<u8>>> {
    let nlen = Uint::<H>::BITS.saturating_mul(2);
    // A.1.1 item 3 asks for new primes if d is small; it never is, so twice is often enough.
    for _ in 0..2 {
        // Steps 4.7 and 5.8 give up after 5 nlen and 10 nlen candidates.
        let p = probable_prime::<H, L>(words, None, nlen.saturating_mul(5), rounds, random, keep_going)?;
        let q = probable_prime::<H, L>(words, Some(&p), nlen.saturating_mul(10), rounds, random, keep_going)?;
        if check::private_exponent(&p, &q, E).is_ok() {
            return Ok(check::stored(&p, &q));
        }
    }
    Err(Error::EntropyFailed)
}

/// A.1.3 steps 4 and 5: a prime far enough from `other`, every candidate a fresh draw.
///
/// Every candidate has its top bit and its lowest bit set, as every prime of this size has: what is
/// left of the standard's draws is the same distribution. Those below sqrt(2) 2^(nlen/2-1) count as
/// tries here, so this gives up no later than the standard does.
fn probable_prime<const H: usize, const L: usize>(
    words: Words,
    other: Option<&Uint<H>>,
    tries: u32,
    rounds: u32,
    random: &mut Random<'_>,
    keep_going: &dyn Fn() -> bool,
) -> Result<Zeroizing<Odd<Uint<H>>>> {
    for _ in 0..tries {
        if !keep_going() {
            return Err(Error::NotOperational);
        }
        let candidate = odd_candidate::<H>(random)?;
        let fits = |good| marks::declassified("RSA candidate", good);
        if !has_small_factor(&candidate)
            && fits(check::large_enough(&candidate))
            && other.is_none_or(|other| fits(check::far_apart(&candidate, other)))
            && fits(check::coprime_before(&candidate, E)?)
            && miller_rabin::<H, L>(words, &candidate, rounds, random)?
        {
            return Ok(candidate);
        }
    }
    Err(Error::EntropyFailed)
}

fn odd_candidate<const H: usize>(random: &mut Random<'_>) -> Result<Zeroizing<Odd<Uint<H>>>> {
    let mut bytes = Zeroizing::new(vec![0u8; Uint::<H>::BYTES]);
    random(&mut bytes)?;
    if let [first, .., last] = bytes.as_mut_slice() {
        *first |= 0x80;
        *last |= 0x01;
    }
    let number = Zeroizing::new(Uint::from_be_slice(&bytes));
    Odd::new(*number).into_option().map(Zeroizing::new).ok_or(Error::Corrupted)
}

/// Miller-Rabin with random bases, B.3.1. Of a number that is kept, the time tells only how often 2
/// divides `w - 1`, and after how many squarings each secret base reached -1.
pub(super) fn miller_rabin<const H: usize, const L: usize>(
    words: Words,
    w: &Odd<Uint<H>>,
    rounds: u32,
    random: &mut Random<'_>,
) -> Result<bool> {
    // Steps 1 and 2: w - 1 = 2^a m.
    let before = Zeroizing::new(w.wrapping_sub(&Uint::ONE));
    let a = marks::declassified("RSA candidate", before.trailing_zeros());
    let (mut m, mut plain) = (Zeroizing::new([0; L]), Zeroizing::new([0; L]));
    private::limbs_of(&Zeroizing::new(before.wrapping_shr(a)), &mut m)?;
    private::limbs_of(w, &mut plain)?;
    // Candidates and primes from elsewhere have their top bit set.
    let modulus = Modulus::new(words, &plain).ok_or(Error::Rejected)?;
    let mut minus_one = Zeroizing::new([0; L]);
    modulus.sub(&[0; L], modulus.one(), &mut minus_one);
    let (mut form, mut z) = (Zeroizing::new([0; L]), Zeroizing::new([0; L]));
    for _ in 0..rounds {
        // Steps 4.1 to 4.3.
        let base = base_below(&before, random)?;
        private::limbs_of(&base, &mut plain)?;
        modulus.enter(&plain, &mut form);
        modulus.power(&form, &m, &mut z);
        // Steps 4.4 and 4.5. A power that is 1 never becomes -1, so step 4.5.3 can be left out.
        let is = |z: &[u64; L], end| marks::declassified("RSA candidate", mont::equal(z, end));
        let mut passed = is(&z, modulus.one()) || is(&z, &minus_one);
        for _ in 1..a {
            if passed {
                break;
            }
            core::mem::swap(&mut form, &mut z);
            modulus.square(&form, &mut z);
            passed = is(&z, &minus_one);
        }
        if !passed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A random b with 1 < b < `before`, by rejection. The numbers tested have their top bit set, so
/// 128 draws in vain mean a broken source.
fn base_below<const H: usize>(before: &Uint<H>, random: &mut Random<'_>) -> Result<Zeroizing<Uint<H>>> {
    let mut bytes = Zeroizing::new(vec![0u8; Uint::<H>::BYTES]);
    for _ in 0..128 {
        random(&mut bytes)?;
        let base = Zeroizing::new(Uint::from_be_slice(&bytes));
        if marks::declassified("RSA candidate", (base.ct_gt(&Uint::ONE) & base.ct_lt(before)).to_bool()) {
            return Ok(base);
        }
    }
    Err(Error::EntropyFailed)
}

/// True if one of the [`SMALL_PRIMES`] divides the number, in a time that tells the first of them.
pub(super) fn has_small_factor<const H: usize>(number: &Uint<H>) -> bool {
    let divides = |prime| number.rem_limb_with_reciprocal(prime) == Limb::ZERO;
    SMALL_PRIMES.iter().any(|prime| marks::declassified("RSA candidate", divides(prime)))
}

/// The same for a public modulus.
pub(super) fn has_small_factor_boxed(number: &BoxedUint) -> bool {
    SMALL_PRIMES.iter().any(|prime| number.rem_limb_with_reciprocal(prime) == Limb::ZERO)
}

/// The odd primes from 3 to 1621, as constant-time divisors. VAL-RSA-1 asks for those up to 751;
/// the rest make the search faster.
static SMALL_PRIMES: [Reciprocal; 256] = small_primes();

// Runs in the compiler, where an index out of range is an error of compilation.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn small_primes() -> [Reciprocal; 256] {
    let mut found = [0u32; 256];
    let mut reciprocals = [Reciprocal::default(); 256];
    let mut count = 0;
    let mut number = 3u32;
    while count < found.len() {
        let mut i = 0;
        while i < count && !number.is_multiple_of(found[i]) {
            i += 1;
        }
        if i == count {
            found[count] = number;
            reciprocals[count] = Reciprocal::new(NonZero::<Limb>::new_unwrap(Limb::from_u32(number)));
            count += 1;
        }
        number += 2;
    }
    reciprocals
}
