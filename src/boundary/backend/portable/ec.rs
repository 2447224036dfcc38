//! Keys, ECDSA and key-pair generation on prime curves: FIPS 186-5 (2023), 6.4 and A.2.2, over the NIST
//! curves of SP 800-186 (2023), 3.2.1, and over secp256k1 of SEC 2 version 2.0, 2.4.1.
//!
//! The field and group arithmetic is RustCrypto's, or an [`Arithmetic`] of our own where the engine runs one; scalars are
//! RustCrypto's in both cases. The ECDSA equations are written here because its
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
    scalar::IsHigh,
    subtle::Choice,
};
use zeroize::Zeroizing;

use crate::boundary::backend::{Backends, Curves};
use crate::error::{Error, Result};
use crate::marks;

#[cfg(feature = "secp256k1")]
pub(in crate::boundary) use k256::Secp256k1;
pub(in crate::boundary) use p256::NistP256 as P256;
pub(in crate::boundary) use p384::NistP384 as P384;
pub(in crate::boundary) use p521::NistP521 as P521;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::boundary::backend::adx::Adx;
#[cfg(all(feature = "std", target_pointer_width = "64"))]
use crate::boundary::backend::words64;

/// A short Weierstrass curve of prime order with a constant-time implementation.
pub(in crate::boundary) trait Curve:
    CurveArithmetic<AffinePoint: DecompressPoint<Self>> + PrimeCurve
{
    /// Whether signing makes s the lesser of s and n-s, both of which verify.
    const LOW_S: bool = false;

    /// [`Curves::Words64`] of this curve, if there is such a thing.
    fn words64() -> Option<&'static dyn Arithmetic> {
        None
    }

    /// [`Curves::Adx`] of this curve, if there is such a thing.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn adx(_: Adx) -> Option<&'static dyn Arithmetic> {
        None
    }
}

impl Curve for P256 {
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    fn words64() -> Option<&'static dyn Arithmetic> {
        Some(words64::P256)
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn adx(cpu: Adx) -> Option<&'static dyn Arithmetic> {
        Some(words64::p256_adx(cpu))
    }
}

impl Curve for P384 {
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    fn words64() -> Option<&'static dyn Arithmetic> {
        Some(words64::P384)
    }
}

impl Curve for P521 {
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    fn words64() -> Option<&'static dyn Arithmetic> {
        Some(words64::P521)
    }
}

/// What another implementation of a curve does instead of RustCrypto's. Numbers are big-endian and of the field
/// length; scalars are in [1, n-1] and points on the curve, which callers see to.
pub(in crate::boundary) trait Arithmetic: Sync {
    /// The coordinates of k G, in constant time.
    fn base_multiple(&self, k: &[u8], x: &mut [u8], y: &mut [u8]);
    /// The x coordinate of k Q, in constant time.
    fn multiple(&self, k: &[u8], q: [&[u8]; 2], x: &mut [u8]);
    /// 1/k modulo n, in constant time.
    fn invert(&self, k: &[u8], inverse: &mut [u8]);
    /// Whether the x coordinate of u1 G + u2 Q is r modulo n; u1 may be 0. Nothing here is secret.
    fn verifies(&self, u1: &[u8], u2: &[u8], q: [&[u8]; 2], r: &[u8]) -> bool;
    /// Multiples of Q, which take as long as a verification and make all that follow twice as fast.
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    fn verifier(&self, q: [&[u8]; 2]) -> std::boxed::Box<dyn Verifier>;
}

/// [`Arithmetic::verifies`] with multiples of Q at hand.
#[cfg(all(feature = "std", target_pointer_width = "64"))]
pub(in crate::boundary) trait Verifier: Send + Sync {
    fn verifies(&self, u1: &[u8], u2: &[u8], r: &[u8]) -> bool;
}

#[cfg(feature = "secp256k1")]
impl Curve for Secp256k1 {
    /// Ledgers refuse the greater one, so that nobody can change a signature that is not his.
    const LOW_S: bool = true;
}

/// Candidates that [`generate`] tries. One is refused with probability below 2^-31 on these curves, so
/// that reaching the cap means a broken generator.
const MAX_CANDIDATES: usize = 16;

/// SEC 1 version 2.0, 2.3.3. The hybrid forms 06 and 07 and the point at infinity 00 have no name here.
const UNCOMPRESSED: u8 = 0x04;
const COMPRESSED_EVEN: u8 = 0x02;
const COMPRESSED_ODD: u8 = 0x03;

/// A key as it is kept: a private key with its public half, or a public key alone.
pub(in crate::boundary) enum Key<C: Curve> {
    Private(PrivateKey<C>),
    Public(PublicKey<C>),
}

impl<C: Curve> Key<C> {
    /// The private key, if it is there.
    pub(in crate::boundary) fn private(&self) -> Option<&PrivateKey<C>> {
        match self {
            Self::Private(key) => Some(key),
            Self::Public(_) => None,
        }
    }

    /// The public key.
    pub(in crate::boundary) fn public(&self) -> &PublicKey<C> {
        match self {
            Self::Private(key) => key.public_key(),
            Self::Public(key) => key,
        }
    }
}

/// A private key ready for use: the scalar d and the public point computed from it.
pub(in crate::boundary) struct PrivateKey<C: Curve> {
    d: Zeroizing<Scalar<C>>,
    public: PublicKey<C>,
}

/// d G, which is public.
fn public_point<C: Curve>(curves: Curves, d: &Scalar<C>) -> Result<AffinePoint<C>> {
    let Some(arithmetic) = curves.arithmetic::<C>() else {
        // The projective form is wiped: its Z depends on the digits of d.
        let q = Zeroizing::new(ProjectivePoint::<C>::mul_by_generator(d));
        return Ok(marks::declassified("public key", q.to_affine()));
    };
    let d = Zeroizing::new(d.to_repr());
    let (mut x, mut y) = (FieldBytes::<C>::default(), FieldBytes::<C>::default());
    arithmetic.base_multiple(&d, &mut x, &mut y);
    marks::declassify("public key", &x);
    marks::declassify("public key", &y);
    // It is on the curve, or the arithmetic went wrong.
    AffinePoint::<C>::from_coordinates(&x, &y).into_option().ok_or(Error::Corrupted)
}

impl<C: Curve> PrivateKey<C> {
    /// Loads d, big-endian and of exactly the field length, with 1 <= d <= n-1 (VAL-EC-3).
    pub(in crate::boundary) fn new(backends: &Backends, d: &[u8]) -> Result<Self> {
        let curves = backends.ec;
        let d = nonzero_scalar::<C>(d).ok_or(Error::Rejected)?;
        let q = public_point::<C>(curves, &d)?;
        Ok(Self { d, public: PublicKey::of(q, curves) })
    }

    /// The public key Q = d*G.
    pub(in crate::boundary) fn public_key(&self) -> &PublicKey<C> {
        &self.public
    }

    /// The other side's public key, as [`PublicKey::new`], for [`Self::agree`].
    #[cfg(feature = "hybrid")]
    pub(in crate::boundary) fn peer(&self, sec1: &[u8]) -> Result<PublicKey<C>> {
        PublicKey::on(self.public.curves, sec1)
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

        let (x, k_inverse) = self.of_nonce(&k);
        let r = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&x);
        let rd = Zeroizing::new(r * *self.d);
        let sum = Zeroizing::new(digest_scalar::<C>(digest) + *rd);
        let mut s = *k_inverse * *sum;
        // No secret: s is part of the signature.
        let r = marks::declassified("signature", r);
        s = marks::declassified("signature", s);
        if C::LOW_S && bool::from(s.is_high()) {
            s = -s;
        }
        if bool::from(r.is_zero() | s.is_zero()) {
            return Ok(false);
        }
        r_out.copy_from_slice(&r.to_repr());
        s_out.copy_from_slice(&s.to_repr());
        Ok(true)
    }

    /// The x coordinate of k G, and 1/k.
    fn of_nonce(&self, k: &Scalar<C>) -> (Zeroizing<FieldBytes<C>>, Zeroizing<Scalar<C>>) {
        let mut x = Zeroizing::new(FieldBytes::<C>::default());
        let Some(arithmetic) = self.public.curves.arithmetic::<C>() else {
            let point = Zeroizing::new(ProjectivePoint::<C>::mul_by_generator(k));
            *x = point.to_affine().x();
            return (x, Zeroizing::new(Invert::invert(k).unwrap_or(Scalar::<C>::ZERO)));
        };
        let k = Zeroizing::new(k.to_repr());
        let mut other = Zeroizing::new(FieldBytes::<C>::default());
        arithmetic.base_multiple(&k, &mut x, &mut other);
        arithmetic.invert(&k, &mut other);
        (x, Zeroizing::new(Scalar::<C>::from_repr(*other).unwrap_or(Scalar::<C>::ZERO)))
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
        if let Some(arithmetic) = self.public.curves.arithmetic::<C>() {
            // 1 <= d < n, and n is the order of the peer's point: no infinity.
            arithmetic.multiple(&Zeroizing::new(self.d.to_repr()), [&peer.q.x(), &peer.q.y()], z);
            return Ok(());
        }
        let shared = Zeroizing::new(ProjectivePoint::<C>::from(peer.q) * *self.d);
        if marks::declassified("agreed point is none", bool::from(shared.is_identity())) {
            return Err(Error::Rejected);
        }
        let affine = Zeroizing::new(shared.to_affine());
        z.copy_from_slice(&Zeroizing::new(affine.x()));
        Ok(())
    }

    /// Whether the public half is d*G, computed anew: the pairwise test of keys that agree (SP 800-56A
    /// rev. 3, 5.6.2.1.4, option b).
    pub(in crate::boundary) fn recompute(&self, expected: &mut [u8]) -> Result<()> {
        let curves = self.public.curves;
        PublicKey::<C>::of(public_point::<C>(curves, &self.d)?, curves).bytes(expected)
    }
}

/// A public key ready for use: a point on the curve, not the point at infinity.
pub(in crate::boundary) struct PublicKey<C: Curve> {
    q: AffinePoint<C>,
    curves: Curves,
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    kept: words64::Kept,
}

impl<C: Curve> PublicKey<C> {
    fn of(q: AffinePoint<C>, curves: Curves) -> Self {
        Self {
            q,
            curves,
            #[cfg(all(feature = "std", target_pointer_width = "64"))]
            kept: words64::Kept::default(),
        }
    }

    /// Decodes a point in uncompressed or compressed SEC 1 form (VAL-EC-1): exact length, coordinates
    /// below p, on the curve. This is partial public-key validation (SP 800-56A rev. 3, 5.6.2.3.4); as
    /// the curve has cofactor 1 it implies the full one, which [`Self::validate_full`] also computes.
    pub(in crate::boundary) fn new(backends: &Backends, sec1: &[u8]) -> Result<Self> {
        Self::on(backends.ec, sec1)
    }

    fn on(curves: Curves, sec1: &[u8]) -> Result<Self> {
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
        Ok(Self::of(q.into_option().ok_or(Error::Rejected)?, curves))
    }

    /// The last step of full validation, n*Q = O (SP 800-56A rev. 3, 5.6.2.3.3): (n-1)*Q is -Q, by its x coordinate as
    /// there is no point of order 2, or by the sum with Q.
    #[allow(clippy::arithmetic_side_effects)] // operators on points and scalars are those of the group
    pub(in crate::boundary) fn validate_full(&self) -> Result<()> {
        if let Some(arithmetic) = self.curves.arithmetic::<C>() {
            let mut x = FieldBytes::<C>::default();
            arithmetic.multiple(&(-Scalar::<C>::ONE).to_repr(), [&self.q.x(), &self.q.y()], &mut x);
            return if x == self.q.x() { Ok(()) } else { Err(Error::Rejected) };
        }
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

        let arithmetic = self.curves.arithmetic::<C>();
        let w = match arithmetic {
            Some(arithmetic) => {
                let mut w = FieldBytes::<C>::default();
                arithmetic.invert(&s.to_repr(), &mut w);
                Scalar::<C>::from_repr(w).into_option()
            }
            None => Invert::invert_vartime(&*s).into_option(),
        };
        let w = w.ok_or(Error::Rejected)?;
        let u1 = digest_scalar::<C>(digest) * w;
        let u2 = *r * w;
        if let Some(arithmetic) = arithmetic {
            let good = self.verifies(arithmetic, &u1.to_repr(), &u2.to_repr(), &r.to_repr());
            return if good { Ok(()) } else { Err(Error::Rejected) };
        }
        let q = ProjectivePoint::<C>::from(self.q);
        let point = ProjectivePoint::<C>::mul_by_generator_and_mul_add_vartime(&u1, &u2, &q);
        if bool::from(point.is_identity()) {
            return Err(Error::Rejected);
        }
        let v = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&point.to_affine().x());
        if v == *r { Ok(()) } else { Err(Error::Rejected) }
    }

    /// With multiples of Q from the second time on.
    fn verifies(&self, arithmetic: &dyn Arithmetic, u1: &[u8], u2: &[u8], r: &[u8]) -> bool {
        #[cfg(all(feature = "std", target_pointer_width = "64"))]
        if let Some(verifier) = self.kept.verifier(|| arithmetic.verifier([&self.q.x(), &self.q.y()])) {
            return verifier.verifies(u1, u2, r);
        }
        arithmetic.verifies(u1, u2, [&self.q.x(), &self.q.y()], r)
    }

    /// The uncompressed SEC 1 form; `out` has exactly its length: 65 bytes for P-256, 133 for P-521.
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
        if !marks::declassified("scalar out of range", bool::from(d.is_zero())) {
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
    let refused = marks::declassified("scalar out of range", bool::from(scalar.is_zero()));
    if refused { None } else { Some(scalar) }
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
mod tests;
