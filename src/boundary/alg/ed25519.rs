//! Ed25519, pure and over SHA-512 with a context (Ed25519ph): FIPS 186-5 (February 2023), sections 7.6 and 7.8;
//! RFC 8032 section 5.1. Ed25519ctx is not in FIPS 186-5 and not here.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::sha2::SHA512;
use crate::algorithm::{Hash, Params};
use crate::attributes::Attributes;
use crate::boundary::backend::portable::ed25519::{PrivateKey, PublicKey};
use crate::boundary::backend::portable::hash;
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Generate, Op, Sign, Verify};
use crate::state::{Staged, TestId};

const SIGNATURE: usize = 64;

// -- cells --

/// Signs a message, all of which must be at hand: the signature reads it twice.
pub(in crate::boundary) fn sign(
    permit: Permit<'_, Sign>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let signature: &mut [u8; SIGNATURE] = out.claim(SIGNATURE)?.try_into().map_err(|_| Error::Corrupted)?;
    permit.material(|material| material.prepared().ed25519()?.sign(message, signature))
}

pub(in crate::boundary) fn verify(
    permit: Permit<'_, Verify>,
    _params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    permit.material(|material| public(material.prepared())?.verify(message, signature))
}

/// Ed25519ph: signs a message, hashed here.
pub(in crate::boundary) fn sign_prehashed(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    sign_digest(permit, params, tools, &sha512(message)?, out)
}

/// Ed25519ph: signs a digest, one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_digest<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    digest: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let digest = digest.try_into().map_err(|_| Error::InvalidArgument)?;
    let signature: &mut [u8; SIGNATURE] = out.claim(SIGNATURE)?.try_into().map_err(|_| Error::Corrupted)?;
    permit.material(|material| material.prepared().ed25519()?.sign_digest(digest, params.context, signature))
}

pub(in crate::boundary) fn verify_prehashed(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    verify_digest(permit, params, &sha512(message)?, signature)
}

pub(in crate::boundary) fn verify_digest(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    digest: &[u8],
    signature: &[u8],
) -> Result<()> {
    let digest = digest.try_into().map_err(|_| Error::InvalidArgument)?;
    permit.material(|material| public(material.prepared())?.verify_digest(digest, params.context, signature))
}

/// A new pair: the seed is 256 random bits (SP 800-133 section 4), tested by sign and verify (PCT-6).
pub(in crate::boundary) fn generate(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    tools.secret(place.bytes())?;
    place.pair(|prepared, _seed| {
        tools.pairwise(&PAIR, |_, broken| {
            let key = prepared.ed25519()?;
            let mut signature = Zeroizing::new([0; SIGNATURE]);
            key.sign(b"strongroom pairwise", &mut signature)?;
            let message: &[u8] = if broken { b"broken" } else { b"strongroom pairwise" };
            PublicKey::new(&key.public_key())?.verify(message, &*signature)
        })
    })
}

/// Length of a signature.
pub(in crate::boundary) fn signature_len(_: &Attributes, _: &Params<'_>, _input: usize) -> Option<usize> {
    Some(SIGNATURE)
}

// -- raw --

/// The public key of whichever half.
pub(super) fn public(prepared: &Prepared) -> Result<&PublicKey> {
    match prepared {
        Prepared::Ed25519(key) => Ok(key.public()),
        Prepared::Ed25519Public(key) => Ok(key),
        _ => Err(Error::Corrupted),
    }
}

fn sha512(message: &[u8]) -> Result<[u8; 64]> {
    let mut digest = [0; 64];
    hash::digest(Hash::Sha512, &[message], &mut digest)?;
    Ok(digest)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(72), name: "Ed25519 pairwise" };

pub(super) const FILE: &str = include_str!("../../../kat-vectors/cast/ed25519.txt");

pub(in crate::boundary) static ED25519_SIGN: Cast =
    Cast { id: TestId(40), name: "Ed25519 sign", at_power_on: false, depends_on: &[&SHA512], run: cast_sign };
pub(in crate::boundary) static ED25519_VERIFY: Cast = Cast {
    id: TestId(41),
    name: "Ed25519 verify",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_verify,
};

const PH_FILE: &str = include_str!("../../../kat-vectors/cast/ed25519ph.txt");

pub(in crate::boundary) static ED25519PH_SIGN: Cast = Cast {
    id: TestId(46),
    name: "Ed25519ph sign",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_ph_sign,
};
pub(in crate::boundary) static ED25519PH_VERIFY: Cast = Cast {
    id: TestId(47),
    name: "Ed25519ph verify",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_ph_verify,
};

fn cast_ph_sign(check: &mut Check) -> Result<()> {
    static SEED: [u8; 32] = kat::hex(PH_FILE, "sign_seed");
    static CONTEXT: [u8; 0] = kat::hex(PH_FILE, "sign_context");
    static MESSAGE: [u8; 3] = kat::hex(PH_FILE, "sign_msg");
    static EXPECTED: [u8; SIGNATURE] = kat::hex(PH_FILE, "sign_sig");
    let mut signature = [0; SIGNATURE];
    let key = PrivateKey::new(check.backends(), &SEED);
    key.sign_digest(&sha512(&MESSAGE)?, &CONTEXT, &mut signature)?;
    check.equal(&mut signature, &EXPECTED)
}

fn cast_ph_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 32] = kat::hex(PH_FILE, "verify_q");
    static CONTEXT: [u8; 20] = kat::hex(PH_FILE, "verify_context");
    static MESSAGE: [u8; 64] = kat::hex(PH_FILE, "verify_msg");
    static GOOD: [u8; SIGNATURE] = kat::hex(PH_FILE, "verify_sig");
    let (key, digest) = (PublicKey::new(&Q)?, sha512(&MESSAGE)?);
    check.accepts(key.verify_digest(&digest, &CONTEXT, &GOOD))?;
    check.rejects(key.verify_digest(&digest, &[], &GOOD))
}

fn cast_sign(check: &mut Check) -> Result<()> {
    static SEED: [u8; 32] = kat::hex(FILE, "sign_seed");
    static Q: [u8; 32] = kat::hex(FILE, "sign_q");
    static MESSAGE: [u8; 2] = kat::hex(FILE, "sign_msg");
    static EXPECTED: [u8; SIGNATURE] = kat::hex(FILE, "sign_sig");
    let key = PrivateKey::new(check.backends(), &SEED);
    check.equal(&mut key.public_key(), &Q)?;
    let mut signature = [0; SIGNATURE];
    key.sign(&MESSAGE, &mut signature)?;
    check.equal(&mut signature, &EXPECTED)
}

fn cast_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 32] = kat::hex(FILE, "verify_q");
    static MESSAGE: [u8; 1] = kat::hex(FILE, "verify_msg");
    static GOOD: [u8; SIGNATURE] = kat::hex(FILE, "verify_sig");
    let key = PublicKey::new(&Q)?;
    check.accepts(key.verify(&MESSAGE, &GOOD))?;
    // A bad S: with its top bits set it is not below L.
    let mut bad = GOOD;
    if let Some(last) = bad.last_mut() {
        *last |= 0xe0;
    }
    check.rejects(key.verify(&MESSAGE, &bad))
}
