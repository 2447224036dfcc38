//! SLH-DSA, signatures of hashes alone: FIPS 205 (August 2024), twelve parameter sets. Pure (section 10.2.1),
//! and over a hash (HashSLH-DSA, section 10.2.2) as an algorithm of its own; hedged unless the deterministic
//! variant is asked for. Each signature is verified before it is released: a fault while one is made can give
//! the key away (SLH-1).
//!
//! **What cannot be stopped**: making a key or a signature is one call of the crate, which does not ask whether
//! the module still serves. After the tamper switch or a zeroisation it runs to its end, up to seconds for the
//! small sets (..s), gives nothing out, and only then are the keys it held wiped. Devices that must be empty
//! sooner take the fast sets (..f).

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::prehash::{self, Prefix};
use super::sha2::SHA256;
use crate::algorithm::{Hash, Params};
use crate::attributes::{Attributes, KeyKind};
use crate::boundary::backend::portable::hash;
use crate::boundary::backend::portable::slh_dsa::{self, MAX_N, PrivateKey, PublicKey};
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::marks;
use crate::policy::ops::{Generate, Op, Sign, Verify};
use crate::state::{Staged, TestId};

// -- cells --

/// slh_sign: section 10.2.1, algorithm 22.
pub(in crate::boundary) fn sign(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let prefix = Prefix::pure(params.context)?;
    make(permit, params, tools, |_| Ok(&prefix), message, out)
}

/// slh_verify: section 10.3, algorithm 24.
pub(in crate::boundary) fn verify(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let prefix = Prefix::pure(params.context)?;
    judge(permit, |key| key.verify(&[prefix.bytes(), message], signature))
}

/// hash_slh_sign: section 10.2.2, algorithm 23, of a message that is hashed here.
pub(in crate::boundary) fn sign_prehashed(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    prehash::digest(params.hash, message, |digest| sign_digest(permit, params, tools, digest, out))
}

/// hash_slh_sign of a digest: one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_digest<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    digest: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let prefix = Prefix::hashed(params.hash.ok_or(Error::InvalidArgument)?, params.context)?;
    make(permit, params, tools, |kind| fits(params, kind, digest).map(|()| &prefix), digest, out)
}

/// hash_slh_verify: section 10.3, algorithm 25.
pub(in crate::boundary) fn verify_prehashed(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    prehash::digest(params.hash, message, |digest| verify_digest(permit, params, digest, signature))
}

pub(in crate::boundary) fn verify_digest(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    digest: &[u8],
    signature: &[u8],
) -> Result<()> {
    let prefix = Prefix::hashed(params.hash.ok_or(Error::InvalidArgument)?, params.context)?;
    judge(permit, |key| {
        fits(params, key.kind(), digest)?;
        key.verify(&[prefix.bytes(), digest], signature)
    })
}

/// slh_keygen: section 10.1. The three seeds are direct output of the DRBG. The pairwise test is the one that
/// PCT-5 allows, that both halves agree: a signature takes seconds with some sets. PK.seed and PK.root of the
/// stored key, read back, are compared with what was drawn and computed.
pub(in crate::boundary) fn generate(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    let kind = place.attributes().kind();
    let n = slh_dsa::n(kind);
    let (seeds, root) = place.bytes().split_at_mut_checked(n.saturating_mul(3)).ok_or(Error::Corrupted)?;
    tools.secret(seeds)?;
    slh_dsa::root(kind, seeds, root)?;
    let mut made = [0; 2 * MAX_N];
    let (own_seed, own_root) = made.split_at_mut_checked(n).ok_or(Error::Corrupted)?;
    let own_root = own_root.get_mut(..n).ok_or(Error::Corrupted)?;
    own_seed.copy_from_slice(seeds.get(n.saturating_mul(2)..).ok_or(Error::Corrupted)?);
    own_root.copy_from_slice(root);
    marks::declassify("public key", &made);
    place.pair(|prepared, _stored| {
        tools.pairwise(&PAIR, |_, broken| {
            let public = private(prepared)?.public()?;
            if let Some(first) = made.first_mut()
                && broken
            {
                *first ^= 1;
            }
            if made.get(..n.saturating_mul(2)) == Some(public.bytes()) {
                Ok(())
            } else {
                Err(Error::Rejected)
            }
        })
    })
}

/// Length of a signature.
pub(in crate::boundary) fn signature_len(attributes: &Attributes, _: &Params<'_>, _: usize) -> Option<usize> {
    slh_dsa::signature_len(attributes.kind())
}

// -- raw --

fn make<'p, O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    prefix: impl FnOnce(KeyKind) -> Result<&'p Prefix>,
    content: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut random = Zeroizing::new([0; MAX_N]);
    if !params.deterministic {
        tools.secret(&mut *random)?;
    }
    permit.material(|material| {
        let key = private(material.prepared())?;
        let formatted = [prefix(key.kind())?.bytes(), content];
        let random = if params.deterministic { None } else { random.get(..slh_dsa::n(key.kind())) };
        let len = slh_dsa::signature_len(key.kind()).ok_or(Error::Corrupted)?;
        let signature = out.claim(len)?;
        key.sign(&formatted, random, signature)?;
        key.public()?.verify(&formatted, signature).map_err(|_| Error::Corrupted)
    })
}

fn judge(permit: Permit<'_, Verify>, verify: impl FnOnce(&PublicKey) -> Result<()>) -> Result<()> {
    permit.material(|material| match material.prepared() {
        Prepared::SlhDsa(key) => verify(&key.public()?),
        Prepared::SlhDsaPublic(key) => verify(key),
        _ => Err(Error::Corrupted),
    })
}

/// Whether the digest is one of a hash that is strong enough.
fn fits(params: &Params<'_>, kind: KeyKind, digest: &[u8]) -> Result<()> {
    let hash = prehash::strong(params.hash, kind)?;
    if digest.len() == hash.output_len() { Ok(()) } else { Err(Error::InvalidArgument) }
}

fn private(prepared: &Prepared) -> Result<&PrivateKey> {
    match prepared {
        Prepared::SlhDsa(key) => Ok(key),
        _ => Err(Error::Corrupted),
    }
}

fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hash::digest(Hash::Sha256, &[bytes], &mut digest)?;
    Ok(digest)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(128), name: "SLH-DSA pairwise" };

const FILE: &str = include_str!("../../../kat-vectors/cast/slh_dsa.txt");

/// Length of a signature of either set below.
const SIGNATURE: usize = 17088;
static SHA2_SIGNATURE: &[u8; SIGNATURE] =
    include_bytes!("../../../kat-vectors/signatures/slh_dsa_sha2_128f.bin");
static SHAKE_SIGNATURE: &[u8; SIGNATURE] =
    include_bytes!("../../../kat-vectors/signatures/slh_dsa_shake_128f.bin");

// One set of each family of hashes, the fastest; the others are the same code with other numbers.
const SHA2: KeyKind = KeyKind::SlhDsaSha2_128f;
const SHAKE: KeyKind = KeyKind::SlhDsaShake128f;

pub(in crate::boundary) static SHA2_KEYGEN: Cast = cast(122, "SLH-DSA-SHA2 key generation", sha2_keygen);
pub(in crate::boundary) static SHA2_SIGN: Cast = cast(123, "SLH-DSA-SHA2 sign", sha2_sign);
pub(in crate::boundary) static SHA2_VERIFY: Cast = cast(124, "SLH-DSA-SHA2 verify", sha2_verify);
pub(in crate::boundary) static SHAKE_KEYGEN: Cast = cast(125, "SLH-DSA-SHAKE key generation", shake_keygen);
pub(in crate::boundary) static SHAKE_SIGN: Cast = cast(126, "SLH-DSA-SHAKE sign", shake_sign);
pub(in crate::boundary) static SHAKE_VERIFY: Cast = cast(127, "SLH-DSA-SHAKE verify", shake_verify);

/// Long answers are compared by their hash (CAST-4).
const DIGEST: &[&Cast] = &[&SHA256];

const fn cast(id: u16, name: &'static str, run: fn(&mut Check) -> Result<()>) -> Cast {
    Cast { id: TestId(id), name, at_power_on: false, depends_on: DIGEST, run }
}

fn sha2_keygen(check: &mut Check) -> Result<()> {
    static SEEDS: [u8; 48] = kat::hex(FILE, "sha2_keygen_seeds");
    static ROOT: [u8; 16] = kat::hex(FILE, "sha2_keygen_root");
    let mut root = [0; 16];
    slh_dsa::root(SHA2, &SEEDS, &mut root)?;
    check.equal(&mut root, &ROOT)
}

fn shake_keygen(check: &mut Check) -> Result<()> {
    static SEEDS: [u8; 48] = kat::hex(FILE, "shake_keygen_seeds");
    static ROOT: [u8; 16] = kat::hex(FILE, "shake_keygen_root");
    let mut root = [0; 16];
    slh_dsa::root(SHAKE, &SEEDS, &mut root)?;
    check.equal(&mut root, &ROOT)
}

fn sha2_sign(check: &mut Check) -> Result<()> {
    static KEY: [u8; 64] = kat::hex(FILE, "sha2_sign_sk");
    static RANDOM: [u8; 16] = kat::hex(FILE, "sha2_sign_opt_rand");
    static CONTEXT: [u8; 14] = kat::hex(FILE, "sha2_sign_context");
    static MESSAGE: [u8; 50] = kat::hex(FILE, "sha2_sign_msg");
    static EXPECTED: [u8; 32] = kat::hex(FILE, "sha2_sign_sig_sha256");
    signs(check, &PrivateKey::new(SHA2, &KEY)?, &RANDOM, &CONTEXT, &MESSAGE, &EXPECTED)
}

fn shake_sign(check: &mut Check) -> Result<()> {
    static KEY: [u8; 64] = kat::hex(FILE, "shake_sign_sk");
    static RANDOM: [u8; 16] = kat::hex(FILE, "shake_sign_opt_rand");
    static CONTEXT: [u8; 14] = kat::hex(FILE, "shake_sign_context");
    static MESSAGE: [u8; 50] = kat::hex(FILE, "shake_sign_msg");
    static EXPECTED: [u8; 32] = kat::hex(FILE, "shake_sign_sig_sha256");
    signs(check, &PrivateKey::new(SHAKE, &KEY)?, &RANDOM, &CONTEXT, &MESSAGE, &EXPECTED)
}

fn signs(
    check: &mut Check,
    key: &PrivateKey,
    random: &[u8],
    context: &[u8],
    message: &[u8],
    expected: &[u8],
) -> Result<()> {
    let mut signature = [0; SIGNATURE];
    key.sign(&[Prefix::pure(context)?.bytes(), message], Some(random), &mut signature)?;
    check.equal(&mut sha256(&signature)?, expected)
}

fn sha2_verify(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "sha2_verify_pk");
    static CONTEXT: [u8; 10] = kat::hex(FILE, "sha2_verify_context");
    static MESSAGE: [u8; 41] = kat::hex(FILE, "sha2_verify_msg");
    verifies(check, &PublicKey::new(SHA2, &KEY)?, &CONTEXT, &MESSAGE, SHA2_SIGNATURE)
}

fn shake_verify(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "shake_verify_pk");
    static CONTEXT: [u8; 10] = kat::hex(FILE, "shake_verify_context");
    static MESSAGE: [u8; 41] = kat::hex(FILE, "shake_verify_msg");
    verifies(check, &PublicKey::new(SHAKE, &KEY)?, &CONTEXT, &MESSAGE, SHAKE_SIGNATURE)
}

fn verifies(
    check: &mut Check,
    key: &PublicKey,
    context: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    check.accepts(key.verify(&[Prefix::pure(context)?.bytes(), message], signature))?;
    check.rejects(key.verify(&[Prefix::pure(&[])?.bytes(), message], signature))
}
