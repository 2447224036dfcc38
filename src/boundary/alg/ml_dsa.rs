//! ML-DSA, signatures over module lattices: FIPS 204 (August 2024). Pure (section 5.2), and over a hash
//! (HashML-DSA, section 5.4) as an algorithm of its own; hedged unless the deterministic variant is asked for.
//!
//! The pure form streams through mu (section 6.2), made inside. A mu made outside is what `sign_digest` takes,
//! behind its own right (MLDSA-1): the context went into it, and the key cannot see what it signs.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::prehash::{self, Prefix};
use super::sha2::SHA256;
use crate::algorithm::{Hash, Params};
use crate::attributes::{Attributes, KeyKind};
use crate::boundary::backend::ml_dsa::{
    self, MAX_SIGNATURE, MU, MuState, PrivateKey, PublicKey, PublicView, RANDOM, SEED,
};
use crate::boundary::backend::portable::hash;
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::marks;
use crate::policy::ops::{Generate, Op, Sign, Verify};
use crate::state::{Staged, TestId};

// -- cells --

/// ML-DSA.Sign: section 5.2, algorithm 2.
pub(in crate::boundary) fn sign(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let prefix = Prefix::pure(params.context)?;
    make(permit, params, tools, |key| Ok(mu(key, &prefix, message)), out)
}

/// Signs a mu: one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_mu<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    mu: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mu = made(params, mu)?;
    make(permit, params, tools, |_| Ok(mu), out)
}

/// ML-DSA.Verify: section 5.3, algorithm 3.
pub(in crate::boundary) fn verify(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let prefix = Prefix::pure(params.context)?;
    judge(permit, |key| key.verify(&mu(key, &prefix, message), signature))
}

pub(in crate::boundary) fn verify_mu(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    mu: &[u8],
    signature: &[u8],
) -> Result<()> {
    let mu = made(params, mu)?;
    judge(permit, |key| key.verify(&mu, signature))
}

/// HashML-DSA.Sign: section 5.4.1, algorithm 4, of a message that is hashed here.
pub(in crate::boundary) fn sign_prehashed(
    permit: Permit<'_, Sign>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    prehash::digest(params.hash, message, |digest| sign_digest(permit, params, tools, digest, out))
}

/// HashML-DSA of a digest: one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_digest<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    digest: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    make(permit, params, tools, |key| digest_mu(key, params, digest), out)
}

/// HashML-DSA.Verify: section 5.4.1, algorithm 5.
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
    judge(permit, |key| key.verify(&digest_mu(key, params, digest)?, signature))
}

/// ML-DSA.KeyGen: section 5.1. The seed is direct output of the DRBG; the pair that is made of the stored seed
/// is tested by signing and verifying (PCT-6), with the prepared form that services use.
pub(in crate::boundary) fn generate(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    tools.secret(place.bytes())?;
    place.pair(|prepared, _seed| {
        tools.pairwise(&PAIR, |_, broken| {
            let key = private(prepared)?;
            let kind = key.public().kind();
            let mut signature = Zeroizing::new([0; MAX_SIGNATURE]);
            let signature = signature.get_mut(..length_of(kind)?).ok_or(Error::Corrupted)?;
            let prefix = Prefix::pure(&[])?;
            key.sign(&mu(key.public(), &prefix, b"strongroom pairwise"), &[0; RANDOM], signature)?;
            let message: &[u8] = if broken { b"broken" } else { b"strongroom pairwise" };
            let verdict = key.public().verify(&mu(key.public(), &prefix, message), signature);
            marks::declassified("pairwise verdict", verdict)
        })
    })
}

/// Length of a signature.
pub(in crate::boundary) fn signature_len(attributes: &Attributes, _: &Params<'_>, _: usize) -> Option<usize> {
    ml_dsa::signature_len(attributes.kind())
}

// -- raw --

/// Begins the mu of a message in pieces.
pub(in crate::boundary) fn start(prepared: &Prepared, context: &[u8]) -> Result<MuState> {
    let mut state = public(prepared)?.start();
    state.update(Prefix::pure(context)?.bytes());
    Ok(state)
}

fn make<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    mu: impl FnOnce(PublicView<'_>) -> Result<[u8; MU]>,
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut random = Zeroizing::new([0; RANDOM]);
    if !params.deterministic {
        tools.secret(&mut *random)?;
    }
    permit.material(|material| {
        let key = private(material.prepared())?;
        let mu = mu(key.public())?;
        key.sign(&mu, &random, out.claim(length_of(key.public().kind())?)?)
    })
}

fn judge(permit: Permit<'_, Verify>, verify: impl FnOnce(PublicView<'_>) -> Result<()>) -> Result<()> {
    permit.material(|material| verify(public(material.prepared())?))
}

fn mu(key: PublicView<'_>, prefix: &Prefix, message: &[u8]) -> [u8; MU] {
    let (mut state, mut mu) = (key.start(), [0; MU]);
    state.update(prefix.bytes());
    state.update(message);
    state.finish(&mut mu);
    mu
}

/// A mu from elsewhere. It holds its context already: one that comes beside it would be a second one.
fn made(params: &Params<'_>, mu: &[u8]) -> Result<[u8; MU]> {
    if !params.context.is_empty() {
        return Err(Error::InvalidArgument);
    }
    mu.try_into().map_err(|_| Error::InvalidArgument)
}

fn digest_mu(key: PublicView<'_>, params: &Params<'_>, digest: &[u8]) -> Result<[u8; MU]> {
    let hash = prehash::strong(params.hash, key.kind())?;
    if digest.len() != hash.output_len() {
        return Err(Error::InvalidArgument);
    }
    Ok(mu(key, &Prefix::hashed(hash, params.context)?, digest))
}

fn length_of(kind: KeyKind) -> Result<usize> {
    ml_dsa::signature_len(kind).ok_or(Error::Corrupted)
}

fn private(prepared: &Prepared) -> Result<&PrivateKey> {
    match prepared {
        Prepared::MlDsa(key) => Ok(key),
        _ => Err(Error::Corrupted),
    }
}

fn public(prepared: &Prepared) -> Result<PublicView<'_>> {
    match prepared {
        Prepared::MlDsa(key) => Ok(key.public()),
        Prepared::MlDsaPublic(key) => Ok(key.public()),
        _ => Err(Error::Corrupted),
    }
}

fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hash::digest(Hash::Sha256, &[bytes], &mut digest)?;
    Ok(digest)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(121), name: "ML-DSA pairwise" };

const FILE: &str = include_str!("../../../kat-vectors/cast/ml_dsa.txt");

/// The set whose answers are known, the only one with four reasons to reject a candidate; the other two are the
/// same code with other numbers.
const SET: KeyKind = KeyKind::MlDsa44;
const SIGNATURE: usize = 2420;

pub(in crate::boundary) static KEYGEN: Cast = cast(115, "ML-DSA key generation", cast_keygen);
pub(in crate::boundary) static SIGN: Cast = cast(116, "ML-DSA sign", cast_sign);
pub(in crate::boundary) static HEDGED: Cast = cast(117, "ML-DSA hedged sign", cast_hedged);
pub(in crate::boundary) static VERIFY: Cast = cast(118, "ML-DSA verify", cast_verify);
pub(in crate::boundary) static HASH_SIGN: Cast = cast(119, "HashML-DSA sign", cast_hash_sign);
pub(in crate::boundary) static HASH_VERIFY: Cast = cast(120, "HashML-DSA verify", cast_hash_verify);

/// Long answers are compared by their hash (CAST-4).
const DIGEST: &[&Cast] = &[&SHA256];

const fn cast(id: u16, name: &'static str, run: fn(&mut Check) -> Result<()>) -> Cast {
    Cast { id: TestId(id), name, at_power_on: false, depends_on: DIGEST, run }
}

/// Both halves, by their hashes (CAST-4).
fn cast_keygen(check: &mut Check) -> Result<()> {
    static XI: [u8; SEED] = kat::hex(FILE, "keygen_seed");
    static PUBLIC: [u8; 32] = kat::hex(FILE, "keygen_pk_sha256");
    static EXPANDED: [u8; 32] = kat::hex(FILE, "keygen_sk_sha256");
    let key = PrivateKey::new(check.backends(), SET, &XI)?;
    check.equal(&mut key.public().with_bytes(sha256)?, &PUBLIC)?;
    check.equal(&mut key.with_expanded(sha256)?, &EXPANDED)
}

/// The vector that meets every reason to reject a candidate; its message is formatted already.
fn cast_sign(check: &mut Check) -> Result<()> {
    static XI: [u8; SEED] = kat::hex(FILE, "sign_seed");
    static FORMATTED: [u8; 32] = kat::hex(FILE, "sign_formatted_msg");
    static EXPECTED: [u8; 32] = kat::hex(FILE, "sign_sig_sha256");
    let key = PrivateKey::new(check.backends(), SET, &XI)?;
    let (mut state, mut mu) = (key.public().start(), [0; MU]);
    state.update(&FORMATTED);
    state.finish(&mut mu);
    signs(check, &key, &mu, &[0; RANDOM], &EXPECTED)
}

fn cast_hedged(check: &mut Check) -> Result<()> {
    static XI: [u8; SEED] = kat::hex(FILE, "hedged_seed");
    static RND: [u8; RANDOM] = kat::hex(FILE, "hedged_rnd");
    static CONTEXT: [u8; 20] = kat::hex(FILE, "hedged_context");
    static MESSAGE: [u8; 61] = kat::hex(FILE, "hedged_msg");
    static EXPECTED: [u8; 32] = kat::hex(FILE, "hedged_sig_sha256");
    let key = PrivateKey::new(check.backends(), SET, &XI)?;
    signs(check, &key, &mu(key.public(), &Prefix::pure(&CONTEXT)?, &MESSAGE), &RND, &EXPECTED)
}

fn cast_hash_sign(check: &mut Check) -> Result<()> {
    static XI: [u8; SEED] = kat::hex(FILE, "prehash_seed");
    static CONTEXT: [u8; 16] = kat::hex(FILE, "prehash_context");
    static MESSAGE: [u8; 70] = kat::hex(FILE, "prehash_msg");
    static EXPECTED: [u8; 32] = kat::hex(FILE, "prehash_sig_sha256");
    let key = PrivateKey::new(check.backends(), SET, &XI)?;
    let params = Params::with_hash(Hash::Sha256).context(&CONTEXT);
    signs(check, &key, &digest_mu(key.public(), &params, &sha256(&MESSAGE)?)?, &[0; RANDOM], &EXPECTED)
}

fn signs(
    check: &mut Check,
    key: &PrivateKey,
    mu: &[u8; MU],
    random: &[u8; RANDOM],
    expected: &[u8],
) -> Result<()> {
    let mut signature = Zeroizing::new([0; SIGNATURE]);
    key.sign(mu, random, &mut *signature)?;
    check.equal(&mut sha256(&*signature)?, expected)
}

fn cast_verify(check: &mut Check) -> Result<()> {
    static KEY: [u8; 1312] = kat::hex(FILE, "verify_pk");
    static CONTEXT: [u8; 12] = kat::hex(FILE, "verify_context");
    static MESSAGE: [u8; 45] = kat::hex(FILE, "verify_msg");
    static GOOD: [u8; SIGNATURE] = kat::hex(FILE, "verify_sig");
    let key = PublicKey::new(check.backends(), SET, &KEY)?;
    let key = key.public();
    check.accepts(key.verify(&mu(key, &Prefix::pure(&CONTEXT)?, &MESSAGE), &GOOD))?;
    check.rejects(key.verify(&mu(key, &Prefix::pure(&[])?, &MESSAGE), &GOOD))
}

fn cast_hash_verify(check: &mut Check) -> Result<()> {
    static KEY: [u8; 1312] = kat::hex(FILE, "preverify_pk");
    static CONTEXT: [u8; 9] = kat::hex(FILE, "preverify_context");
    static MESSAGE: [u8; 33] = kat::hex(FILE, "preverify_msg");
    static GOOD: [u8; SIGNATURE] = kat::hex(FILE, "preverify_sig");
    let (key, digest) = (PublicKey::new(check.backends(), SET, &KEY)?, sha256(&MESSAGE)?);
    let key = key.public();
    let params = Params::with_hash(Hash::Sha256);
    check.accepts(key.verify(&digest_mu(key, &params.context(&CONTEXT), &digest)?, &GOOD))?;
    check.rejects(key.verify(&digest_mu(key, &params, &digest)?, &GOOD))
}
