//! RSADP and RSASP1 by the Chinese remainder theorem (RFC 8017 section 5.1.2), over fixed arrays that are
//! wiped: nothing of the key is ever on the heap outside the boxed record.
//!
//! The base is blinded with a fresh random number, the exponentiations are constant time, and the result
//! is released only if the public exponent leads back to the input: a fault in one half would give the
//! factors away (RSA-5).

use alloc::boxed::Box;

use crypto_bigint::{Odd, U64, U1024, U1536, U2048, Uint};
use zeroize::{Zeroize, Zeroizing};

use super::mont::{self, Modulus};
use super::{Random, write_be};
use crate::boundary::backend::Words;
use crate::error::{Error, Result};
use crate::marks;

/// The numbers of a private key of one of the three sizes.
pub(super) enum Numbers {
    B2048(Box<Crt<16, 32>>),
    B3072(Box<Crt<24, 48>>),
    B4096(Box<Crt<32, 64>>),
}

impl Numbers {
    /// From the stored form, `p || q`.
    pub(super) fn load(words: Words, primes: &[u8], e: u64) -> Result<Self> {
        match primes.len() {
            256 => Ok(Self::B2048(Crt::load::<{ U1024::LIMBS }>(words, primes, e)?)),
            384 => Ok(Self::B3072(Crt::load::<{ U1536::LIMBS }>(words, primes, e)?)),
            512 => Ok(Self::B4096(Crt::load::<{ U2048::LIMBS }>(words, primes, e)?)),
            _ => Err(Error::Rejected),
        }
    }

    /// Writes n = p q, big-endian.
    pub(super) fn modulus(&self, out: &mut [u8]) {
        match self {
            Self::B2048(crt) => mont::to_be(crt.n.n(), out),
            Self::B3072(crt) => mont::to_be(crt.n.n(), out),
            Self::B4096(crt) => mont::to_be(crt.n.n(), out),
        }
    }

    /// `input ^ d mod n`; both as long as n, `input` below it.
    pub(super) fn private_op(&self, input: &[u8], out: &mut [u8], random: &mut Random<'_>) -> Result<()> {
        match self {
            Self::B2048(crt) => crt.private_op(input, out, random),
            Self::B3072(crt) => crt.private_op(input, out, random),
            Self::B4096(crt) => crt.private_op(input, out, random),
        }
    }

    /// Shows p, q, dP, dQ and qInv, big-endian, each half as long as n.
    pub(super) fn show<T>(&self, show: impl FnOnce([&[u8]; 5]) -> Result<T>) -> Result<T> {
        match self {
            Self::B2048(crt) => crt.show(show),
            Self::B3072(crt) => crt.show(show),
            Self::B4096(crt) => crt.show(show),
        }
    }

    /// Damages the key, for the test that a wrong result stays inside.
    #[cfg(test)]
    pub(super) fn damage(&mut self) {
        match self {
            Self::B2048(crt) => crt.dp[0] ^= 2,
            Self::B3072(crt) => crt.dp[0] ^= 2,
            Self::B4096(crt) => crt.dp[0] ^= 2,
        }
    }
}

/// A private key: `L` limbs a prime, `W = 2 L` limbs the modulus.
pub(super) struct Crt<const L: usize, const W: usize> {
    p: Modulus<L>,
    q: Modulus<L>,
    n: Modulus<W>,
    dp: [u64; L],
    dq: [u64; L],
    /// q^-1 mod p in Montgomery form.
    qinv: [u64; L],
    e: u64,
}

impl<const L: usize, const W: usize> Crt<L, W> {
    /// `H` is the size of a prime in the limbs of `crypto_bigint`.
    fn load<const H: usize>(words: Words, primes: &[u8], e: u64) -> Result<Box<Self>> {
        let (p_bytes, q_bytes) = primes.split_at_checked(primes.len() / 2).ok_or(Error::Rejected)?;
        let (mut p, mut q) = (Zeroizing::new([0; L]), Zeroizing::new([0; L]));
        mont::from_be(p_bytes, &mut p).ok_or(Error::Rejected)?;
        mont::from_be(q_bytes, &mut q).ok_or(Error::Rejected)?;
        let mut n = Zeroizing::new([0; W]);
        mont::multiply_add(&[0; L], &p, &q, &mut n);
        marks::declassify("public key", &*n);
        let big_p = Zeroizing::new(Uint::<H>::from_be_slice(p_bytes));
        let big_q = Zeroizing::new(Uint::<H>::from_be_slice(q_bytes));
        let mut key = Box::new(Self {
            p: Modulus::new(words, &p).ok_or(Error::Rejected)?,
            q: Modulus::new(words, &q).ok_or(Error::Rejected)?,
            n: Modulus::new(words, &n).ok_or(Error::Rejected)?,
            dp: [0; L],
            dq: [0; L],
            qinv: [0; L],
            e,
        });
        limbs_of(&Zeroizing::new(inverse_before(&big_p, e)?), &mut key.dp)?;
        limbs_of(&Zeroizing::new(inverse_before(&big_q, e)?), &mut key.dq)?;
        let odd = Zeroizing::new(Odd::new(*big_p).into_option().ok_or(Error::Rejected)?);
        let qinv = Zeroizing::new(big_q.invert_odd_mod(&odd).into_option().ok_or(Error::Rejected)?);
        let mut plain = Zeroizing::new([0; L]);
        limbs_of(&qinv, &mut plain)?;
        let Self { p, qinv, .. } = &mut *key;
        p.enter(&plain, qinv);
        Ok(key)
    }

    fn private_op(&self, input: &[u8], out: &mut [u8], random: &mut Random<'_>) -> Result<()> {
        let mut c = [0; W];
        mont::from_be(input, &mut c).ok_or(Error::Rejected)?;
        if !mont::less(&c, self.n.n()) {
            return Err(Error::Rejected);
        }
        // x = c r^e and u = c r^(e - 1), so that x^(d - 1) u = c^d: nothing has to be inverted.
        let (mut x, mut u) = (Zeroizing::new([0; W]), Zeroizing::new([0; W]));
        self.blind(&c, &mut x, &mut u, random)?;

        let (mut mp, mut mq) = (Zeroizing::new([0; L]), Zeroizing::new([0; L]));
        half_power(&self.p, &x, &one_less(&self.dp), &mut mp)?;
        half_power(&self.q, &x, &one_less(&self.dq), &mut mq)?;

        // Garner: m = mq + q ((mp - mq) qInv mod p); mq < q < 2 p.
        let mut reduced = Zeroizing::new([0; L]);
        self.p.subtract_once(0, &mq, &mut reduced);
        let mut difference = Zeroizing::new([0; L]);
        self.p.sub(&mp, &reduced, &mut difference);
        let mut h = Zeroizing::new([0; L]);
        self.p.mul(&difference, &self.qinv, &mut h);
        let mut m_blinded = Zeroizing::new([0; W]);
        mont::multiply_add(&mq, self.q.n(), &h, &mut m_blinded);

        let (mut u_form, mut m) = (Zeroizing::new([0; W]), Zeroizing::new([0; W]));
        self.n.enter(&u, &mut u_form);
        self.n.mul(&m_blinded, &u_form, &mut m);
        self.leads_back(&m, &c)?;
        mont::to_be(&m, out);
        Ok(())
    }

    /// c r^e to `x` and c r^(e - 1) to `u`, for a random r.
    fn blind(&self, c: &[u64; W], x: &mut [u64; W], u: &mut [u64; W], random: &mut Random<'_>) -> Result<()> {
        let (mut r, mut form) = (Zeroizing::new([0; W]), Zeroizing::new([0; W]));
        below_half(random, &mut r)?;
        self.n.enter(&r, &mut form);
        // e is odd.
        self.n.power_public(&form, self.e & !1, &mut r);
        self.n.mul(c, &r, u);
        self.n.mul(&form, u, x);
        Ok(())
    }

    /// m^e = c, or the result stays here.
    fn leads_back(&self, m: &[u64; W], c: &[u64; W]) -> Result<()> {
        let mut form = Zeroizing::new([0; W]);
        self.n.enter(m, &mut form);
        let mut power = Zeroizing::new([0; W]);
        self.n.power_public(&form, self.e, &mut power);
        let mut back = Zeroizing::new([0; W]);
        self.n.leave(&power, &mut back);
        let differs = back.iter().zip(c).fold(0, |seen, (a, b)| seen | (a ^ b));
        if marks::declassified("RSA result leads back", differs) == 0 {
            Ok(())
        } else {
            Err(Error::Corrupted)
        }
    }

    fn show<T>(&self, show: impl FnOnce([&[u8]; 5]) -> Result<T>) -> Result<T> {
        const MAX: usize = 256;
        let mut bytes = Zeroizing::new([[0u8; MAX]; 5]);
        let mut qinv = Zeroizing::new([0; L]);
        self.p.leave(&self.qinv, &mut qinv);
        let numbers = [self.p.n(), self.q.n(), &self.dp, &self.dq, &*qinv];
        let len = L.saturating_mul(8);
        for (to, number) in bytes.iter_mut().zip(numbers) {
            mont::to_be(number, to.get_mut(..len).ok_or(Error::Corrupted)?);
        }
        show(bytes.each_ref().map(|number| number.get(..len).unwrap_or(&[])))
    }
}

impl<const L: usize, const W: usize> Drop for Crt<L, W> {
    fn drop(&mut self) {
        self.dp.zeroize();
        self.dq.zeroize();
        self.qinv.zeroize();
    }
}

/// The exponent less one: as the inverse of an odd number modulo an even one it is odd.
fn one_less<const L: usize>(exponent: &[u64; L]) -> Zeroizing<[u64; L]> {
    let mut less = Zeroizing::new(*exponent);
    if let Some(lowest) = less.first_mut() {
        *lowest &= !1;
    }
    less
}

/// `c ^ exponent` modulo one prime, for c of twice its size.
fn half_power<const L: usize, const W: usize>(
    prime: &Modulus<L>,
    c: &[u64; W],
    exponent: &[u64; L],
    out: &mut [u64; L],
) -> Result<()> {
    let (low, high) = c.split_first_chunk::<L>().ok_or(Error::Corrupted)?;
    let high: &[u64; L] = high.try_into().map_err(|_| Error::Corrupted)?;
    // c = high R + low; `enter` multiplies by R and reduces whatever is below R.
    let (mut a, mut b) = (Zeroizing::new([0; L]), Zeroizing::new([0; L]));
    prime.enter(high, &mut a);
    prime.subtract_once(0, low, &mut b);
    let mut sum = Zeroizing::new([0; L]);
    prime.add(&a, &b, &mut sum);
    prime.enter(&sum, &mut a);
    prime.power(&a, exponent, &mut b);
    prime.leave(&b, out);
    Ok(())
}

/// e^-1 mod (prime - 1) = (1 + k (prime - 1)) / e with k = -(prime - 1)^-1 mod e. The division is exact,
/// so it is a multiplication by the inverse of e modulo a power of two.
fn inverse_before<const H: usize>(prime: &Uint<H>, e: u64) -> Result<Uint<H>> {
    let before = Zeroizing::new(prime.wrapping_sub(&Uint::ONE));
    let remainder = Zeroizing::new(U64::from(before.rem_limb(super::check::limb(e)?).0));
    let modulus = Odd::new(super::check::single(e)?).into_option().ok_or(Error::Rejected)?;
    let inverse = Zeroizing::new(remainder.invert_odd_mod(&modulus).into_option().ok_or(Error::Rejected)?);
    let k = Zeroizing::new(modulus.wrapping_sub(&inverse));
    let k = Zeroizing::new(k.resize::<H>());
    let numerator = Zeroizing::new(before.wrapping_mul(&*k).wrapping_add(&Uint::ONE));
    let of_e = Uint::<H>::from_u64(e).invert_mod2k_vartime(Uint::<H>::BITS);
    let of_e = of_e.into_option().ok_or(Error::Rejected)?;
    Ok(numerator.wrapping_mul(&of_e))
}

pub(super) fn limbs_of<const H: usize, const L: usize>(number: &Uint<H>, out: &mut [u64; L]) -> Result<()> {
    let mut bytes = Zeroizing::new([0u8; 256]);
    let bytes = bytes.get_mut(..Uint::<H>::BYTES).ok_or(Error::Corrupted)?;
    write_be(number.as_limbs(), bytes);
    mont::from_be(bytes, out).ok_or(Error::Corrupted)
}

/// Random, below 2^(bits of n - 1) and so below n, and not zero.
fn below_half<const W: usize>(random: &mut Random<'_>, out: &mut [u64; W]) -> Result<()> {
    let mut bytes = Zeroizing::new([0u8; 512]);
    let bytes = bytes.get_mut(..W.saturating_mul(8)).ok_or(Error::Corrupted)?;
    random(bytes)?;
    mont::from_be(bytes, out).ok_or(Error::Corrupted)?;
    if let Some(top) = out.last_mut() {
        *top &= u64::MAX >> 1;
    }
    // A source that gives zeros is broken; with a sound one this is never met.
    let seen = out.iter().fold(0, |seen, limb| seen | limb);
    if marks::declassified("random number is zero", seen == 0) { Err(Error::EntropyFailed) } else { Ok(()) }
}
