//! Ed25519, pure: FIPS 186-5 (February 2023), section 7.6; RFC 8032 section 5.1.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::sha2::SHA512;
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::portable::ed25519::{PrivateKey, PublicKey};
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Generate, Sign, Verify};
use crate::state::{Staged, TestId};

const SIGNATURE: usize = 64;

// -- cells --

/// Signs a message, all of which must be at hand: the signature reads it twice.
pub(in crate::boundary) fn sign<'b>(
    permit: Permit<'_, Sign>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    message: &[u8],
    mut out: Staged<'b>,
) -> Result<Staged<'b>> {
    let signature: &mut [u8; SIGNATURE] = out.claim(SIGNATURE)?.try_into().map_err(|_| Error::Corrupted)?;
    permit.material(|material| {
        material.prepared().ed25519()?.sign(message, signature);
        Ok(())
    })?;
    Ok(out)
}

pub(in crate::boundary) fn verify(
    permit: Permit<'_, Verify>,
    _params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    permit.material(|material| match material.prepared() {
        Prepared::Ed25519(key) => key.public().verify(message, signature),
        Prepared::Ed25519Public(key) => key.verify(message, signature),
        _ => Err(Error::Corrupted),
    })
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
            key.sign(b"strongroom pairwise", &mut signature);
            let message: &[u8] = if broken { b"broken" } else { b"strongroom pairwise" };
            PublicKey::new(&key.public_key())?.verify(message, &*signature)
        })
    })
}

/// Length of a signature.
pub(in crate::boundary) fn signature_len(_: &Attributes, _: &Params<'_>, _input: usize) -> Option<usize> {
    Some(SIGNATURE)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(72), name: "Ed25519 pairwise" };

const FILE: &str = include_str!("../../../kat-vectors/cast/ed25519.txt");

pub(in crate::boundary) static ED25519_SIGN: Cast =
    Cast { id: TestId(40), name: "Ed25519 sign", at_power_on: false, depends_on: &[&SHA512], run: cast_sign };
pub(in crate::boundary) static ED25519_VERIFY: Cast = Cast {
    id: TestId(41),
    name: "Ed25519 verify",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_verify,
};

fn cast_sign(check: &mut Check) -> Result<()> {
    static SEED: [u8; 32] = kat::hex(FILE, "sign_seed");
    static Q: [u8; 32] = kat::hex(FILE, "sign_q");
    static MESSAGE: [u8; 2] = kat::hex(FILE, "sign_msg");
    static EXPECTED: [u8; SIGNATURE] = kat::hex(FILE, "sign_sig");
    let key = PrivateKey::new(&SEED);
    check.equal(&mut key.public_key(), &Q)?;
    let mut signature = [0; SIGNATURE];
    key.sign(&MESSAGE, &mut signature);
    check.equal(&mut signature, &EXPECTED)
}

fn cast_verify(check: &mut Check) -> Result<()> {
    static Q: [u8; 32] = kat::hex(FILE, "verify_q");
    static MESSAGE: [u8; 64] = kat::hex(FILE, "verify_msg");
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
