//! Keys, ECDSA and key-pair generation on the NIST prime curves: FIPS 186-5 (2023), 6.4 and A.2.2, over
//! the curves of SP 800-186 (2023), 3.2.1.
//!
//! The field and group arithmetic is RustCrypto's. The ECDSA equations are written here because its
//! `ecdsa::hazmat` leaves k^-1 and r*d in dead memory; here every scalar derived from d or k is wiped
//! (ECDSA-3). Out of reach, and so not wiped, are the digit and window tables inside one scalar
//! multiplication, and copies that the compiler makes of values passed to the crate.
//!
//! Neither the scalar nor the point is blinded; the arithmetic is constant time. A caller branches on
//! secret data only where a value is refused, and refused values are never used again.

use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, PrimeCurve, ProjectivePoint, Scalar,
    array::typenum::Unsigned,
    ff::{Field, PrimeField},
    group::{Curve as _, Group},
    ops::{Invert, MulByGeneratorVartime, Reduce},
    point::{AffineCoordinates, DecompressPoint},
    subtle::Choice,
};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

pub(in crate::boundary) use p256::NistP256 as P256;
pub(in crate::boundary) use p384::NistP384 as P384;

/// A short Weierstrass curve of prime order with a constant-time implementation.
pub(in crate::boundary) trait Curve:
    CurveArithmetic<AffinePoint: DecompressPoint<Self>> + PrimeCurve
{
}

impl Curve for P256 {}
impl Curve for P384 {}

/// Candidates that [`generate`] tries. One is refused with probability below 2^-31 on these curves, so
/// that reaching the cap means a broken generator.
const MAX_CANDIDATES: usize = 16;

/// SEC 1 version 2.0, 2.3.3. The hybrid forms 06 and 07 and the point at infinity 00 have no name here.
const UNCOMPRESSED: u8 = 0x04;
const COMPRESSED_EVEN: u8 = 0x02;
const COMPRESSED_ODD: u8 = 0x03;

/// A private key ready for use: the scalar d and the public point computed from it.
pub(in crate::boundary) struct PrivateKey<C: Curve> {
    d: Zeroizing<Scalar<C>>,
    public: PublicKey<C>,
}

impl<C: Curve> PrivateKey<C> {
    /// Loads d, big-endian and of exactly the field length, with 1 <= d <= n-1 (VAL-EC-3).
    pub(in crate::boundary) fn new(d: &[u8]) -> Result<Self> {
        let d = nonzero_scalar::<C>(d).ok_or(Error::Rejected)?;
        // The projective form is wiped too: its Z depends on the digits of d.
        let q = Zeroizing::new(ProjectivePoint::<C>::mul_by_generator(&d));
        let public = PublicKey { q: q.to_affine() };
        Ok(Self { d, public })
    }

    /// The public key Q = d*G.
    pub(in crate::boundary) fn public_key(&self) -> &PublicKey<C> {
        &self.public
    }

    /// The public key in uncompressed SEC 1 form; `out` has exactly its length.
    pub(in crate::boundary) fn public_key_bytes(&self, out: &mut [u8]) -> Result<()> {
        self.public.bytes(out)
    }

    /// ECDSA signature generation, FIPS 186-5, 6.4.1, with a given per-message secret k: `sig` = r || s.
    ///
    /// `Ok(false)`, with `sig` zeroed, says that this k cannot be used (out of range, or r = 0, or
    /// s = 0): the caller repeats with the next one (ECDSA-3).
    #[allow(clippy::arithmetic_side_effects)] // operators on scalars are modular
    pub(in crate::boundary) fn sign_with_k(&self, k: &[u8], digest: &[u8], sig: &mut [u8]) -> Result<bool> {
        sig.fill(0);
        if k.len() != field_len::<C>() {
            return Err(Error::InvalidArgument);
        }
        let (r_out, s_out) = split_pair_mut::<C>(sig).ok_or(Error::InvalidArgument)?;
        let Some(k) = nonzero_scalar::<C>(k) else { return Ok(false) };

        let point = Zeroizing::new(ProjectivePoint::<C>::mul_by_generator(&k));
        let r = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&point.to_affine().x());
        let k_inverse = Zeroizing::new(Invert::invert(&*k).unwrap_or(Scalar::<C>::ZERO));
        let rd = Zeroizing::new(r * *self.d);
        let sum = Zeroizing::new(digest_scalar::<C>(digest) + *rd);
        let s = *k_inverse * *sum;
        if bool::from(r.is_zero() | s.is_zero()) {
            return Ok(false);
        }
        r_out.copy_from_slice(&r.to_repr());
        s_out.copy_from_slice(&s.to_repr());
        Ok(true)
    }
}

impl<C: Curve> PrivateKey<C> {
    /// Diffie-Hellman, SP 800-56A rev. 3, 5.7.1.2: the x coordinate of d*Q, of exactly the field length,
    /// leading zeros kept (VAL-EC-4). On curves of cofactor 1 no point but infinity gives infinity; the
    /// result is tested all the same.
    #[allow(clippy::arithmetic_side_effects)] // the operator on points is that of the group
    pub(in crate::boundary) fn agree(&self, peer: &PublicKey<C>, z: &mut [u8]) -> Result<()> {
        z.fill(0);
        if z.len() != field_len::<C>() {
            return Err(Error::InvalidArgument);
        }
        let shared = Zeroizing::new(ProjectivePoint::<C>::from(peer.q) * *self.d);
        if bool::from(shared.is_identity()) {
            return Err(Error::Rejected);
        }
        let affine = Zeroizing::new(shared.to_affine());
        z.copy_from_slice(&Zeroizing::new(affine.x()));
        Ok(())
    }

    /// Whether the public half is d*G, computed anew: the pairwise test of keys that agree (SP 800-56A
    /// rev. 3, 5.6.2.1.4, option b).
    pub(in crate::boundary) fn recompute(&self, expected: &mut [u8]) -> Result<()> {
        let q = Zeroizing::new(ProjectivePoint::<C>::mul_by_generator(&self.d));
        PublicKey::<C> { q: q.to_affine() }.bytes(expected)
    }
}

/// A public key ready for use: a point on the curve, not the point at infinity.
pub(in crate::boundary) struct PublicKey<C: Curve> {
    q: AffinePoint<C>,
}

impl<C: Curve> PublicKey<C> {
    /// Decodes a point in uncompressed or compressed SEC 1 form (VAL-EC-1): exact length, coordinates
    /// below p, on the curve. This is partial public-key validation (SP 800-56A rev. 3, 5.6.2.3.4); as
    /// the curve has cofactor 1 it implies the full one, which [`Self::validate_full`] also computes.
    pub(in crate::boundary) fn new(sec1: &[u8]) -> Result<Self> {
        let (tag, coordinates) = sec1.split_first().ok_or(Error::Rejected)?;
        let q = match *tag {
            UNCOMPRESSED => {
                let (x, y) = split_pair::<C>(coordinates).ok_or(Error::Rejected)?;
                AffinePoint::<C>::from_coordinates(&field_bytes::<C>(x)?, &field_bytes::<C>(y)?)
            }
            COMPRESSED_EVEN | COMPRESSED_ODD => {
                let y_is_odd = Choice::from(*tag & 1);
                AffinePoint::<C>::decompress(&field_bytes::<C>(coordinates)?, y_is_odd)
            }
            _ => return Err(Error::Rejected),
        };
        Ok(Self { q: q.into_option().ok_or(Error::Rejected)? })
    }

    /// The last step of full validation, n*Q = O (SP 800-56A rev. 3, 5.6.2.3.3), as (n-1)*Q + Q.
    #[allow(clippy::arithmetic_side_effects)] // operators on points and scalars are those of the group
    pub(in crate::boundary) fn validate_full(&self) -> Result<()> {
        let q = ProjectivePoint::<C>::from(self.q);
        let sum = q * (-Scalar::<C>::ONE) + q;
        if bool::from(sum.is_identity()) { Ok(()) } else { Err(Error::Rejected) }
    }

    /// ECDSA signature verification, FIPS 186-5, 6.4.2; `sig` = r || s, both of the field length.
    #[allow(clippy::arithmetic_side_effects)] // operators on scalars are modular
    pub(in crate::boundary) fn verify(&self, digest: &[u8], sig: &[u8]) -> Result<()> {
        let (r, s) = split_pair::<C>(sig).ok_or(Error::Rejected)?;
        let r = nonzero_scalar::<C>(r).ok_or(Error::Rejected)?;
        let s = nonzero_scalar::<C>(s).ok_or(Error::Rejected)?;

        let w = Invert::invert_vartime(&*s).into_option().ok_or(Error::Rejected)?;
        let u1 = digest_scalar::<C>(digest) * w;
        let u2 = *r * w;
        let q = ProjectivePoint::<C>::from(self.q);
        let point = ProjectivePoint::<C>::mul_by_generator_and_mul_add_vartime(&u1, &u2, &q);
        if bool::from(point.is_identity()) {
            return Err(Error::Rejected);
        }
        let v = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&point.to_affine().x());
        if v == *r { Ok(()) } else { Err(Error::Rejected) }
    }

    /// The uncompressed SEC 1 form; `out` has exactly its length (65 bytes for P-256, 97 for P-384).
    pub(in crate::boundary) fn bytes(&self, out: &mut [u8]) -> Result<()> {
        out.fill(0);
        let (tag, coordinates) = out.split_first_mut().ok_or(Error::InvalidArgument)?;
        let (x, y) = split_pair_mut::<C>(coordinates).ok_or(Error::InvalidArgument)?;
        *tag = UNCOMPRESSED;
        x.copy_from_slice(&self.q.x());
        y.copy_from_slice(&self.q.y());
        Ok(())
    }
}

/// Private-key generation by testing candidates, FIPS 186-5, A.2.2.
///
/// `candidates` fills its argument from the approved DRBG. `d_out` has exactly the field length and is
/// zero after an error.
#[allow(clippy::arithmetic_side_effects)] // operators on scalars are modular
pub(in crate::boundary) fn generate<C: Curve>(
    candidates: &mut dyn FnMut(&mut [u8]) -> Result<()>,
    d_out: &mut [u8],
) -> Result<()> {
    d_out.fill(0);
    if d_out.len() != field_len::<C>() {
        return Err(Error::InvalidArgument);
    }
    let mut random = Zeroizing::new(FieldBytes::<C>::default());
    let mut c = Zeroizing::new(FieldBytes::<C>::default());
    for _ in 0..MAX_CANDIDATES {
        candidates(&mut random)?;
        // N = len(n) bits by shift, not by mask (ECDSA-1): the two differ on P-521.
        bits2int(&random, Scalar::<C>::NUM_BITS, &mut c);
        // c in [0, n-2] and d = c+1. Both c = n-1 and c >= n (taken as -1) end in d = 0.
        let c = Zeroizing::new(Scalar::<C>::from_repr(*c).unwrap_or(-Scalar::<C>::ONE));
        let d = Zeroizing::new(*c + Scalar::<C>::ONE);
        if !bool::from(d.is_zero()) {
            d_out.copy_from_slice(&Zeroizing::new(d.to_repr()));
            return Ok(());
        }
    }
    Err(Error::EntropyFailed)
}

/// The leftmost `bits` bits of `input` as a big-endian integer, right-aligned in `out`: FIPS 186-5, 6.4.1
/// for a digest, bits2int of RFC 6979, 2.3.2. `out` has ceil(`bits` / 8) bytes.
pub(in crate::boundary) fn bits2int(input: &[u8], bits: u32, out: &mut [u8]) {
    out.fill(0);
    let Some(head) = input.get(..out.len()) else {
        // Fewer bits than asked for: the integer as it stands.
        for (to, from) in out.iter_mut().rev().zip(input.iter().rev()) {
            *to = *from;
        }
        return;
    };
    out.copy_from_slice(head);
    let excess = bits.wrapping_neg() & 7;
    if excess == 0 {
        return;
    }
    let mut carried = 0u8;
    for byte in out.iter_mut() {
        let low = byte.wrapping_shl(8u32.wrapping_sub(excess));
        *byte = byte.wrapping_shr(excess) | carried;
        carried = low;
    }
}

/// The digest as a scalar: its leftmost len(n) bits, reduced (ECDSA-3).
fn digest_scalar<C: Curve>(digest: &[u8]) -> Scalar<C> {
    let mut e = FieldBytes::<C>::default();
    bits2int(digest, Scalar::<C>::NUM_BITS, &mut e);
    <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&e)
}

/// A big-endian integer of exactly the field length in [1, n-1].
fn nonzero_scalar<C: Curve>(bytes: &[u8]) -> Option<Zeroizing<Scalar<C>>> {
    let repr = Zeroizing::new(field_bytes::<C>(bytes).ok()?);
    // Out of range becomes 0, so that one test on the secret decides.
    let scalar = Zeroizing::new(Scalar::<C>::from_repr(*repr).unwrap_or(Scalar::<C>::ZERO));
    if bool::from(scalar.is_zero()) { None } else { Some(scalar) }
}

/// Length in bytes of a coordinate; on these curves a scalar has the same.
fn field_len<C: Curve>() -> usize {
    <FieldBytesSize<C> as Unsigned>::USIZE
}

fn field_bytes<C: Curve>(bytes: &[u8]) -> Result<FieldBytes<C>> {
    FieldBytes::<C>::try_from(bytes).map_err(|_| Error::Rejected)
}

/// Two values of the field length and nothing after them.
fn split_pair<C: Curve>(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    pair.split_at_checked(field_len::<C>()).filter(|(_, second)| second.len() == field_len::<C>())
}

fn split_pair_mut<C: Curve>(pair: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    pair.split_at_mut_checked(field_len::<C>()).filter(|(_, second)| second.len() == field_len::<C>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

    extern crate std;

    use std::vec::Vec;
    use std::{format, vec};

    use proptest::prelude::*;
    use sha2::{Digest, Sha256, Sha512};

    use super::*;

    // RFC 6979, A.2.5 and A.2.6, message "sample": with SHA-256 the digest fills P-256; with SHA-512 it is
    // longer than the order of P-384. r and s confirmed with Python `cryptography` 48 (OpenSSL 4.0).
    const D256: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
    const Q256: &str = "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
        7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
    const K256: &str = "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60";
    const SIG256: &str = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
        F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
    const D384: &str = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA\
        9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5";
    const Q384: &str = "04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E\
        06AAE5286B300C64DEF8F0EA9055866064A254515480BC13\
        8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9\
        F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720";
    const K384: &str = "92FC3C7183A883E24216D1141F1A8976C5B0DD797DFA597E\
        3D7B32198BD35331A4E966532593A52980D0E3AAA5E10EC3";
    const SIG384: &str = "ED0959D5880AB2D869AE7F6C2915C6D60F96507F9CB3E047\
        C0046861DA4A799CFE30F35CC900056D7C99CD7882433709\
        512C8CCEEE3890A84058CE1E22DBC2198F42323CE8ACA913\
        5329F03C068E5112DC7CC3EF3446DEFCEB01A45C2667FDD5";

    // SP 800-186, 3.2.1.3 and 3.2.1.4.
    const N256: &str = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    const P256_PRIME: &str = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
    const N384: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
        C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973";
    const P384_PRIME: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
        FFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF";

    // y of the point with x = 0, a square root of b computed with Python integers. The same point with the
    // x-coordinate written as p is its only non-canonical encoding.
    const Y_AT_0_256: &str = "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4";
    const Y_AT_0_384: &str = "C306610FB0AE5A159CF45C06069F22A6C5EB3641C602D42D\
        EA2C4B4F75550793406D80D2B91AD54F9048BD487AF1ADE1";

    fn hex(s: &str) -> Vec<u8> {
        assert!(s.len().is_multiple_of(2));
        (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
    }

    /// `bytes` plus a small number, as a big-endian integer.
    fn plus(bytes: &[u8], add: i16) -> Vec<u8> {
        let mut out = bytes.to_vec();
        let mut carry = add;
        for byte in out.iter_mut().rev() {
            let sum = i16::from(*byte) + carry;
            *byte = sum.to_be_bytes()[1];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        out
    }

    fn known_answer<C: Curve>(d: &str, q: &str, k: &str, digest: &[u8], sig: &str) {
        let (q, sig) = (hex(q), hex(sig));
        let private = PrivateKey::<C>::new(&hex(d)).unwrap();
        let mut out = vec![0xaa; q.len()];
        private.public_key_bytes(&mut out).unwrap();
        assert_eq!(out, q);

        let mut out = vec![0xaa; sig.len()];
        assert!(private.sign_with_k(&hex(k), digest, &mut out).unwrap());
        assert_eq!(out, sig);
        PublicKey::<C>::new(&q).unwrap().verify(digest, &sig).unwrap();
    }

    #[test]
    fn published_signatures() {
        known_answer::<P256>(D256, Q256, K256, &Sha256::digest(b"sample"), SIG256);
        known_answer::<P384>(D384, Q384, K384, &Sha512::digest(b"sample"), SIG384);
    }

    fn private_key_range<C: Curve>(n: &str) {
        let n = hex(n);
        let zero = vec![0; n.len()];
        for refused in [
            &zero,
            &n,
            &plus(&n, 1),
            &vec![0xff; n.len()],
            &n[1..].to_vec(),
            &[&[0][..], &n].concat(),
            &vec![],
        ] {
            assert_eq!(PrivateKey::<C>::new(refused).err(), Some(Error::Rejected));
        }
        // 1 and n-1 give G and -G.
        let mut first = vec![0; 2 * n.len() + 1];
        let mut last = first.clone();
        PrivateKey::<C>::new(&plus(&zero, 1)).unwrap().public_key_bytes(&mut first).unwrap();
        PrivateKey::<C>::new(&plus(&n, -1)).unwrap().public_key_bytes(&mut last).unwrap();
        assert_eq!(first[..n.len() + 1], last[..n.len() + 1]);
        assert_ne!(first, last);
    }

    #[test]
    fn private_keys_are_in_range() {
        private_key_range::<P256>(N256);
        private_key_range::<P384>(N384);
    }

    fn public_key_encodings<C: Curve>(q: &str, prime: &str, y_at_0: &str) {
        let (q, p, y0) = (hex(q), hex(prime), hex(y_at_0));
        let len = p.len();
        let refuse = |bytes: &[u8]| {
            assert_eq!(PublicKey::<C>::new(bytes).err(), Some(Error::Rejected), "{bytes:02x?}");
        };
        let accept = |bytes: &[u8]| {
            let key = PublicKey::<C>::new(bytes).unwrap();
            key.validate_full().unwrap();
            let mut out = vec![0; 2 * len + 1];
            key.bytes(&mut out).unwrap();
            out
        };
        let with_tag = |tag: u8, rest: &[u8]| [&[tag], rest].concat();
        let parity = q[2 * len] & 1;
        let (x, y) = (&q[1..=len], &q[len + 1..]);

        assert_eq!(accept(&q), q);
        assert_eq!(accept(&with_tag(2 + parity, x)), q);
        // The other parity is the negative point.
        assert_ne!(accept(&with_tag(3 - parity, x)), q);

        // Tags: infinity, compact, hybrid, unknown; infinity also in full length.
        refuse(&[]);
        refuse(&[0]);
        refuse(&vec![0; 2 * len + 1]);
        for tag in [0, 1, 2, 3, 5, 6, 7, 0xff] {
            refuse(&with_tag(tag, &q[1..]));
        }
        for tag in [0, 1, 4, 5, 6, 7, 0xff] {
            refuse(&with_tag(tag, x));
        }
        // Lengths.
        for tag in [2, 3, 4] {
            refuse(&[tag]);
        }
        refuse(&q[..2 * len]);
        refuse(&[&q[..], &[0]].concat());
        refuse(&with_tag(2, &x[1..]));
        refuse(&with_tag(2, &[x, &[0]].concat()));
        // Not on the curve.
        refuse(&with_tag(4, &[x, &plus(y, 1)].concat()));
        refuse(&with_tag(4, &vec![0; 2 * len]));
        let off_curve = (1..=16).filter(|i| PublicKey::<C>::new(&with_tag(2, &plus(x, *i))).is_err()).count();
        assert!((1..16).contains(&off_curve), "about half of all x have no point: {off_curve}");
        // Coordinates not below p, with the canonical ones as the control.
        let zero = vec![0; len];
        accept(&with_tag(4, &[&zero[..], &y0].concat()));
        accept(&with_tag(2, &zero));
        refuse(&with_tag(4, &[&p[..], &y0].concat()));
        refuse(&with_tag(2, &p));
        refuse(&with_tag(3, &p));
        refuse(&with_tag(4, &[x, &p[..]].concat()));
    }

    #[test]
    fn public_keys_have_one_canonical_encoding_per_form() {
        public_key_encodings::<P256>(Q256, P256_PRIME, Y_AT_0_256);
        public_key_encodings::<P384>(Q384, P384_PRIME, Y_AT_0_384);
    }

    #[test]
    fn output_lengths_are_exact() {
        let key = PrivateKey::<P256>::new(&hex(D256)).unwrap();
        for len in [0, 1, 64, 66] {
            let mut out = vec![0xaa; len];
            assert_eq!(key.public_key_bytes(&mut out), Err(Error::InvalidArgument));
            assert_eq!(key.public_key().bytes(&mut out), Err(Error::InvalidArgument));
        }
        let digest = [1; 32];
        for (k_len, sig_len) in [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65), (32, 0), (32, 32)] {
            let mut sig = vec![0xaa; sig_len];
            let answer = key.sign_with_k(&vec![1; k_len], &digest, &mut sig);
            assert_eq!(answer, Err(Error::InvalidArgument));
            assert_eq!(sig, vec![0; sig_len]);
        }
    }

    #[test]
    fn an_unusable_k_asks_for_another() {
        let key = PrivateKey::<P256>::new(&hex(D256)).unwrap();
        let n = hex(N256);
        for k in [vec![0; 32], n.clone(), plus(&n, 1), vec![0xff; 32]] {
            let mut sig = [0xaa; 64];
            assert_eq!(key.sign_with_k(&k, &[1; 32], &mut sig), Ok(false));
            assert_eq!(sig, [0; 64]);
        }
        for k in [plus(&[0; 32], 1), plus(&n, -1)] {
            assert_eq!(key.sign_with_k(&k, &[1; 32], &mut [0; 64]), Ok(true));
        }
    }

    /// e = -r*d makes s = 0 for the signer and u1*G + u2*Q the point at infinity for the verifier.
    #[test]
    fn zero_s_and_the_point_at_infinity() {
        let key = PrivateKey::<P256>::new(&hex(D256)).unwrap();
        let k = hex(K256);
        let mut sig = [0; 64];
        assert_eq!(key.sign_with_k(&k, &[1; 32], &mut sig), Ok(true));
        let r = nonzero_scalar::<P256>(&sig[..32]).unwrap();
        let digest = (-(*r * *key.d)).to_repr();
        assert_eq!(key.public_key().verify(&digest, &sig), Err(Error::Rejected));
        assert_eq!(key.sign_with_k(&k, &digest, &mut sig), Ok(false));
        assert_eq!(sig, [0; 64]);
    }

    #[test]
    fn verification_refuses_values_out_of_range() {
        let key = PublicKey::<P256>::new(&hex(Q256)).unwrap();
        let (digest, sig, n) = (Sha256::digest(b"sample"), hex(SIG256), hex(N256));
        let zero = [0; 32];
        for bad in [&zero[..], &n, &[0xff; 32]] {
            for refused in [[bad, &sig[32..]].concat(), [&sig[..32], bad].concat(), [bad, bad].concat()] {
                assert_eq!(key.verify(&digest, &refused), Err(Error::Rejected));
            }
        }
        for refused in [&[][..], &sig[..63], &sig[..32], &[&sig[..], &[0]].concat(), &[0; 66]] {
            assert_eq!(key.verify(&digest, refused), Err(Error::Rejected));
        }
        key.verify(&digest, &sig).unwrap();
    }

    /// Feeds the given candidates, then all ones without end; returns the answer, d and the calls made.
    fn generate_from<C: Curve>(given: &[Vec<u8>], len: usize) -> (Result<()>, Vec<u8>, usize) {
        let mut calls = 0;
        let mut d = vec![0xaa; len];
        let answer = generate::<C>(
            &mut |out| {
                match given.get(calls) {
                    Some(candidate) => out.copy_from_slice(candidate),
                    None => out.fill(0xff),
                }
                calls += 1;
                Ok(())
            },
            &mut d,
        );
        (answer, d, calls)
    }

    fn generation<C: Curve>(n: &str) {
        let n = hex(n);
        let zero = vec![0; n.len()];
        // c >= n and c = n-1 are refused; c = n-2 gives n-1, c = 0 gives 1.
        let high = [vec![0xff; n.len()], n.clone(), plus(&n, -1), plus(&n, -2)];
        assert_eq!(generate_from::<C>(&high, n.len()), (Ok(()), plus(&n, -1), 4));
        assert_eq!(generate_from::<C>(core::slice::from_ref(&zero), n.len()), (Ok(()), plus(&zero, 1), 1));
        // A generator that never gives a candidate in range.
        assert_eq!(generate_from::<C>(&[], n.len()), (Err(Error::EntropyFailed), zero, MAX_CANDIDATES));
        for len in [0, n.len() - 1, n.len() + 1] {
            assert_eq!(generate_from::<C>(&[], len), (Err(Error::InvalidArgument), vec![0; len], 0));
        }
    }

    #[test]
    fn generation_tests_candidates() {
        generation::<P256>(N256);
        generation::<P384>(N384);
    }

    #[test]
    fn generation_passes_on_a_failed_source() {
        let mut d = [0xaa; 32];
        let answer = generate::<P256>(&mut |_| Err(Error::NotOperational), &mut d);
        assert_eq!((answer, d), (Err(Error::NotOperational), [0; 32]));
    }

    #[test]
    fn a_private_key_is_wiped_on_drop() {
        // A public key has no drop; only the wiping of d can be what a private key needs one for.
        assert!(core::mem::needs_drop::<PrivateKey<P256>>() && core::mem::needs_drop::<PrivateKey<P384>>());
        assert!(!core::mem::needs_drop::<PublicKey<P256>>());
    }

    fn round_trip<C: Curve>(d: &[u8], k: &[u8], digest: &[u8], flip: usize) {
        let private = PrivateKey::<C>::new(d).unwrap();
        let mut sig = vec![0; 2 * d.len()];
        assert!(private.sign_with_k(k, digest, &mut sig).unwrap());
        private.public_key().verify(digest, &sig).unwrap();
        sig[flip / 8 % (2 * d.len())] ^= 1 << (flip % 8);
        assert_eq!(private.public_key().verify(digest, &sig), Err(Error::Rejected));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn signatures_verify_and_changed_ones_do_not(
            d in prop::array::uniform32(1u8..0xff), k in prop::array::uniform32(1u8..0xff),
            digest in prop::collection::vec(any::<u8>(), 0..70), flip in 0usize..768,
        ) {
            round_trip::<P256>(&d, &k, &digest, flip);
            let long = |bytes: &[u8]| [bytes, &bytes[..16]].concat();
            round_trip::<P384>(&long(&d), &long(&k), &digest, flip);
        }

        #[test]
        fn bits2int_takes_the_leftmost_bits(
            input in prop::collection::vec(any::<u8>(), 0..80), bits in 1u32..600,
        ) {
            let as_text = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:08b}")).collect::<std::string::String>();
            let bits_len = usize::try_from(bits).unwrap();
            let mut out = vec![0xaa; bits_len.div_ceil(8)];
            bits2int(&input, bits, &mut out);
            let mut expected = as_text(&input);
            expected.truncate(bits_len);
            prop_assert_eq!(as_text(&out), format!("{expected:0>width$}", width = out.len() * 8));
        }
    }
}
