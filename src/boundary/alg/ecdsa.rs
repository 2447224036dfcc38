//! ECDSA: FIPS 186-5 (February 2023), section 6, on P-256, P-384 and P-521 of SP 800-186; and the same on
//! secp256k1 (SEC 2 v2, January 2010, section 2.4.1), which is no approved curve.
//!
//! Signing is hedged by default (ECDSA-2): k comes from HMAC_DRBG seeded with fresh random bytes, the
//! private key and the digest. Deterministic signing (A.3.3) is a right of its own, and its result is
//! verified before release, because a fault in it would give the key away (section 6.4).

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::ecdsa_nonce::{NonceGenerator, Order};
use super::hmac::{HMAC256, HMAC384, HMAC512};
use super::sha2::{SHA256, SHA384, SHA512};
use crate::algorithm::{Hash, Params};
use crate::attributes::{Attributes, Usage};
#[cfg(feature = "secp256k1")]
use crate::boundary::backend::portable::ec::Secp256k1;
use crate::boundary::backend::portable::ec::{self, Curve, P256, P384, P521};
use crate::boundary::backend::portable::hash;
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Generate, Op, Sign, Verify};
use crate::state::{Staged, TestId};
use crate::wire::spki::EcCurve;

/// Longest field element of the curves here.
pub(super) const MAX_FIELD: usize = EcCurve::MAX_FIELD;
/// Candidates for k before giving up; one is refused with probability below 2^-31.
pub(super) const MAX_TRIES: usize = 16;

/// What the engine adds to a curve.
pub(in crate::boundary) trait Named: Curve {
    const CURVE: EcCurve;
    const FIELD: usize = Self::CURVE.field_len();
    const ORDER: Order;
    /// The hash of the self-tests, as strong as the curve.
    const HASH: Hash;
    const PAIRWISE: &'static Pairwise;

    fn key(prepared: &Prepared) -> Result<&ec::Key<Self>>;

    fn private(prepared: &Prepared) -> Result<&ec::PrivateKey<Self>> {
        Self::key(prepared)?.private().ok_or(Error::Corrupted)
    }

    fn public(prepared: &Prepared) -> Result<&ec::PublicKey<Self>> {
        Ok(Self::key(prepared)?.public())
    }
}

impl Named for P256 {
    const CURVE: EcCurve = EcCurve::P256;
    const ORDER: Order = Order::P256;
    const HASH: Hash = Hash::Sha256;
    const PAIRWISE: &'static Pairwise = &P256_PAIR;

    fn key(prepared: &Prepared) -> Result<&ec::Key<Self>> {
        match prepared {
            Prepared::P256(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }
}

impl Named for P384 {
    const CURVE: EcCurve = EcCurve::P384;
    const ORDER: Order = Order::P384;
    const HASH: Hash = Hash::Sha384;
    const PAIRWISE: &'static Pairwise = &P384_PAIR;

    fn key(prepared: &Prepared) -> Result<&ec::Key<Self>> {
        match prepared {
            Prepared::P384(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }
}

impl Named for P521 {
    const CURVE: EcCurve = EcCurve::P521;
    const ORDER: Order = Order::P521;
    const HASH: Hash = Hash::Sha512;
    const PAIRWISE: &'static Pairwise = &P521_PAIR;

    fn key(prepared: &Prepared) -> Result<&ec::Key<Self>> {
        match prepared {
            Prepared::P521(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }
}

#[cfg(feature = "secp256k1")]
impl Named for Secp256k1 {
    const CURVE: EcCurve = EcCurve::Secp256k1;
    const ORDER: Order = Order::SECP256K1;
    const HASH: Hash = Hash::Sha256;
    const PAIRWISE: &'static Pairwise = &SECP256K1_PAIR;

    fn key(prepared: &Prepared) -> Result<&ec::Key<Self>> {
        match prepared {
            Prepared::Secp256k1(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }
}

// -- cells --

/// Signs a message: `r || s`, each as long as the field.
pub(in crate::boundary) fn sign<C: Named>(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let mut digest = [0; 64];
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[message], digest)?;
    sign_digest::<C, Sign>(permit, params, tools, digest, out)
}

/// Signs a digest: one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_digest<C: Named, O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    digest: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let mut z = Zeroizing::new([0; MAX_FIELD]);
    let z = if params.deterministic {
        None
    } else {
        let z = z.get_mut(..C::FIELD).ok_or(Error::Corrupted)?;
        tools.secret(z)?;
        Some(&*z)
    };
    let signature = out.claim(C::FIELD.saturating_mul(2))?;
    permit.material(|material| {
        let key = C::private(material.prepared())?;
        sign_raw::<C>(key, material.secret(), hash, digest, z, signature)?;
        if params.deterministic {
            key.public_key().verify(digest, signature).map_err(|_| Error::Corrupted)?;
        }
        Ok(())
    })
}

/// Verifies a signature over a message.
pub(in crate::boundary) fn verify<C: Named>(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let mut digest = [0; 64];
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[message], digest)?;
    verify_digest::<C>(permit, params, digest, signature)
}

/// Verifies a signature over a digest.
pub(in crate::boundary) fn verify_digest<C: Named>(
    permit: Permit<'_, Verify>,
    _params: &Params<'_>,
    digest: &[u8],
    signature: &[u8],
) -> Result<()> {
    permit.material(|material| C::public(material.prepared())?.verify(digest, signature))
}

/// A new pair (A.2.2), tested as it will be used (PCT-2, PCT-6): sign, then verify; or, for key agreement,
/// the public half computed anew.
pub(in crate::boundary) fn generate<C: Named>(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    ec::generate::<C>(&mut |candidate| tools.secret(candidate), place.bytes())?;
    let agrees = place.attributes().usage.has(Usage::AGREE);
    place.pair(|prepared, d| {
        if agrees { super::ecdh::pairwise::<C>(prepared, tools) } else { pairwise::<C>(prepared, d, tools) }
    })
}

/// Length of a signature.
pub(in crate::boundary) fn signature_len<C: Named>(
    _: &Attributes,
    _: &Params<'_>,
    _input: usize,
) -> Option<usize> {
    Some(C::FIELD.saturating_mul(2))
}

// -- raw --

/// FIPS 186-5, 6.4.1, with k from the seeded HMAC_DRBG.
pub(in crate::boundary) fn sign_raw<C: Named>(
    key: &ec::PrivateKey<C>,
    d: &[u8],
    hash: Hash,
    digest: &[u8],
    z: Option<&[u8]>,
    signature: &mut [u8],
) -> Result<()> {
    let order = <C as Named>::ORDER;
    let mut candidates = NonceGenerator::new(hash, &order, d, digest, z)?;
    let mut k = Zeroizing::new([0; MAX_FIELD]);
    let k = k.get_mut(..C::FIELD).ok_or(Error::Corrupted)?;
    for _ in 0..MAX_TRIES {
        candidates.next(k)?;
        if key.sign_with_k(k, digest, signature)? {
            return Ok(());
        }
    }
    Err(Error::EntropyFailed)
}

fn pairwise<C: Named>(prepared: &Prepared, d: &[u8], tools: &mut Tools<'_>) -> Result<()> {
    tools.pairwise(C::PAIRWISE, |tools, broken| {
        let mut z = Zeroizing::new([0; MAX_FIELD]);
        let z = z.get_mut(..C::FIELD).ok_or(Error::Corrupted)?;
        tools.secret(z)?;
        let mut digest = [0x5a; 64];
        let digest = digest.get_mut(..C::HASH.output_len()).ok_or(Error::Corrupted)?;
        let mut signature = Zeroizing::new([0; 2 * MAX_FIELD]);
        let signature = signature.get_mut(..C::FIELD.saturating_mul(2)).ok_or(Error::Corrupted)?;
        sign_raw::<C>(C::private(prepared)?, d, C::HASH, digest, Some(z), signature)?;
        if broken {
            digest.fill(0xa5);
        }
        C::public(prepared)?.verify(digest, signature)
    })
}

// -- casts --

pub(in crate::boundary) static P256_PAIR: Pairwise = Pairwise { id: TestId(70), name: "P-256 pairwise" };
pub(in crate::boundary) static P384_PAIR: Pairwise = Pairwise { id: TestId(71), name: "P-384 pairwise" };
pub(in crate::boundary) static P521_PAIR: Pairwise = Pairwise { id: TestId(100), name: "P-521 pairwise" };
#[cfg(feature = "secp256k1")]
pub(in crate::boundary) static SECP256K1_PAIR: Pairwise =
    Pairwise { id: TestId(103), name: "secp256k1 pairwise" };

pub(super) const P256_FILE: &str = include_str!("../../../kat-vectors/cast/ecdsa_p256.txt");
pub(super) const P384_FILE: &str = include_str!("../../../kat-vectors/cast/ecdsa_p384.txt");
const P521_FILE: &str = include_str!("../../../kat-vectors/cast/ecdsa_p521.txt");
#[cfg(feature = "secp256k1")]
const SECP256K1_FILE: &str = include_str!("../../../kat-vectors/cast/ecdsa_secp256k1.txt");

pub(in crate::boundary) static P256_SIGN: Cast = Cast {
    id: TestId(30),
    name: "ECDSA-P256 sign",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: p256_sign,
};
pub(in crate::boundary) static P256_VERIFY: Cast = Cast {
    id: TestId(31),
    name: "ECDSA-P256 verify",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: p256_verify,
};
/// k by HMAC_DRBG is another path than k given: it has a test of its own.
pub(in crate::boundary) static P256_DETERMINISTIC: Cast = Cast {
    id: TestId(32),
    name: "ECDSA-P256 deterministic sign",
    at_power_on: false,
    depends_on: &[&SHA256, &HMAC256],
    run: p256_deterministic,
};
pub(in crate::boundary) static P384_SIGN: Cast = Cast {
    id: TestId(33),
    name: "ECDSA-P384 sign",
    at_power_on: false,
    depends_on: &[&SHA384, &HMAC384],
    run: p384_sign,
};
pub(in crate::boundary) static P384_VERIFY: Cast = Cast {
    id: TestId(34),
    name: "ECDSA-P384 verify",
    at_power_on: false,
    depends_on: &[&SHA384],
    run: p384_verify,
};
pub(in crate::boundary) static P521_SIGN: Cast = Cast {
    id: TestId(96),
    name: "ECDSA-P521 sign",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: p521_sign,
};
pub(in crate::boundary) static P521_VERIFY: Cast = Cast {
    id: TestId(97),
    name: "ECDSA-P521 verify",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: p521_verify,
};
/// 521 bits are cut out of whole bytes by shifting, on this curve alone (ECDSA-1).
pub(in crate::boundary) static P521_DETERMINISTIC: Cast = Cast {
    id: TestId(98),
    name: "ECDSA-P521 deterministic sign",
    at_power_on: false,
    depends_on: &[&SHA512, &HMAC512],
    run: p521_deterministic,
};
/// Its k gives an s above n/2, which the signer replaces.
#[cfg(feature = "secp256k1")]
pub(in crate::boundary) static SECP256K1_SIGN: Cast = Cast {
    id: TestId(101),
    name: "ECDSA-SECP256K1 sign",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: secp256k1_sign,
};
/// Its s is above n/2.
#[cfg(feature = "secp256k1")]
pub(in crate::boundary) static SECP256K1_VERIFY: Cast = Cast {
    id: TestId(102),
    name: "ECDSA-SECP256K1 verify",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: secp256k1_verify,
};

fn p256_sign(check: &mut Check) -> Result<()> {
    static D: [u8; 32] = kat::hex(P256_FILE, "sign_d");
    static Q: [u8; 65] = kat::hex(P256_FILE, "sign_q");
    static MESSAGE: [u8; 128] = kat::hex(P256_FILE, "sign_msg");
    static K: [u8; 32] = kat::hex(P256_FILE, "sign_k");
    static SIGNATURE: [u8; 64] = kat::hex(P256_FILE, "sign_sig");
    let (mut q, mut signature) = ([0; 65], [0; 64]);
    signs::<P256>(check, &D, (&Q, &mut q), &MESSAGE, &K, (&SIGNATURE, &mut signature))
}

fn p256_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 65] = kat::hex(P256_FILE, "verify_q");
    static MESSAGE: [u8; 128] = kat::hex(P256_FILE, "verify_msg");
    static SIGNATURE: [u8; 64] = kat::hex(P256_FILE, "verify_sig");
    verdicts::<P256>(check, &Q, &MESSAGE, &SIGNATURE)
}

fn p256_deterministic(check: &mut Check) -> Result<()> {
    static D: [u8; 32] = kat::hex(P256_FILE, "det_d");
    static MESSAGE: [u8; 6] = kat::hex(P256_FILE, "det_msg");
    static SIGNATURE: [u8; 64] = kat::hex(P256_FILE, "det_sig");
    signs_deterministically::<P256>(check, &D, &MESSAGE, (&SIGNATURE, &mut [0; 64]))
}

fn p384_sign(check: &mut Check) -> Result<()> {
    static D: [u8; 48] = kat::hex(P384_FILE, "sign_d");
    static Q: [u8; 97] = kat::hex(P384_FILE, "sign_q");
    static MESSAGE: [u8; 128] = kat::hex(P384_FILE, "sign_msg");
    static K: [u8; 48] = kat::hex(P384_FILE, "sign_k");
    static SIGNATURE: [u8; 96] = kat::hex(P384_FILE, "sign_sig");
    let (mut q, mut signature) = ([0; 97], [0; 96]);
    signs::<P384>(check, &D, (&Q, &mut q), &MESSAGE, &K, (&SIGNATURE, &mut signature))
}

fn p384_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 97] = kat::hex(P384_FILE, "verify_q");
    static MESSAGE: [u8; 128] = kat::hex(P384_FILE, "verify_msg");
    static SIGNATURE: [u8; 96] = kat::hex(P384_FILE, "verify_sig");
    verdicts::<P384>(check, &Q, &MESSAGE, &SIGNATURE)
}

fn p521_sign(check: &mut Check) -> Result<()> {
    static D: [u8; 66] = kat::hex(P521_FILE, "sign_d");
    static Q: [u8; 133] = kat::hex(P521_FILE, "sign_q");
    static MESSAGE: [u8; 128] = kat::hex(P521_FILE, "sign_msg");
    static K: [u8; 66] = kat::hex(P521_FILE, "sign_k");
    static SIGNATURE: [u8; 132] = kat::hex(P521_FILE, "sign_sig");
    let (mut q, mut signature) = ([0; 133], [0; 132]);
    signs::<P521>(check, &D, (&Q, &mut q), &MESSAGE, &K, (&SIGNATURE, &mut signature))
}

fn p521_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 133] = kat::hex(P521_FILE, "verify_q");
    static MESSAGE: [u8; 128] = kat::hex(P521_FILE, "verify_msg");
    static SIGNATURE: [u8; 132] = kat::hex(P521_FILE, "verify_sig");
    verdicts::<P521>(check, &Q, &MESSAGE, &SIGNATURE)
}

fn p521_deterministic(check: &mut Check) -> Result<()> {
    static D: [u8; 66] = kat::hex(P521_FILE, "det_d");
    static MESSAGE: [u8; 4] = kat::hex(P521_FILE, "det_msg");
    static SIGNATURE: [u8; 132] = kat::hex(P521_FILE, "det_sig");
    signs_deterministically::<P521>(check, &D, &MESSAGE, (&SIGNATURE, &mut [0; 132]))
}

#[cfg(feature = "secp256k1")]
fn secp256k1_sign(check: &mut Check) -> Result<()> {
    static D: [u8; 32] = kat::hex(SECP256K1_FILE, "sign_d");
    static Q: [u8; 65] = kat::hex(SECP256K1_FILE, "sign_q");
    static MESSAGE: [u8; 128] = kat::hex(SECP256K1_FILE, "sign_msg");
    static K: [u8; 32] = kat::hex(SECP256K1_FILE, "sign_k");
    static SIGNATURE: [u8; 64] = kat::hex(SECP256K1_FILE, "sign_sig");
    let (mut q, mut signature) = ([0; 65], [0; 64]);
    signs::<Secp256k1>(check, &D, (&Q, &mut q), &MESSAGE, &K, (&SIGNATURE, &mut signature))
}

#[cfg(feature = "secp256k1")]
fn secp256k1_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 65] = kat::hex(SECP256K1_FILE, "verify_q");
    static MESSAGE: [u8; 128] = kat::hex(SECP256K1_FILE, "verify_msg");
    static SIGNATURE: [u8; 64] = kat::hex(SECP256K1_FILE, "verify_sig");
    verdicts::<Secp256k1>(check, &Q, &MESSAGE, &SIGNATURE)
}

/// The public key of d, and the signature with k; each as the published value and room for ours.
fn signs<C: Named>(
    check: &mut Check,
    d: &[u8],
    q: (&[u8], &mut [u8]),
    message: &[u8],
    k: &[u8],
    signature: (&[u8], &mut [u8]),
) -> Result<()> {
    let key = ec::PrivateKey::<C>::new(check.backends(), d)?;
    key.public_key_bytes(q.1)?;
    check.equal(q.1, q.0)?;
    with_digest::<C, _>(message, |digest| key.sign_with_k(k, digest, signature.1))?;
    check.equal(signature.1, signature.0)
}

/// The signature with the k of A.3.3.
fn signs_deterministically<C: Named>(
    check: &mut Check,
    d: &[u8],
    message: &[u8],
    signature: (&[u8], &mut [u8]),
) -> Result<()> {
    let key = ec::PrivateKey::<C>::new(check.backends(), d)?;
    with_digest::<C, _>(message, |digest| sign_raw(&key, d, C::HASH, digest, None, signature.1))?;
    check.equal(signature.1, signature.0)
}

/// The signature is accepted, and refused for another digest.
fn verdicts<C: Named>(check: &mut Check, q: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    let key = ec::PublicKey::<C>::new(check.backends(), q)?;
    with_digest::<C, _>(message, |digest| {
        check.accepts(key.verify(digest, signature))?;
        if let Some(first) = digest.first_mut() {
            *first ^= 1;
        }
        check.rejects(key.verify(digest, signature))
    })
}

fn with_digest<C: Named, R>(message: &[u8], with: impl FnOnce(&mut [u8]) -> Result<R>) -> Result<R> {
    let mut digest = [0; 64];
    let digest = digest.get_mut(..C::HASH.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(C::HASH, &[message], digest)?;
    with(digest)
}
