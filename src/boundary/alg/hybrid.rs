//! Hybrid key transport: ECDH on P-384 (SP 800-56A r3) with ML-KEM-1024 (FIPS 203) into an AES-256 key of one call
//! (SP 800-56C r2 section 2), and the payload under that: with KWP (SP 800-38F section 6.3), or as a native blob
//! (SP 800-38D). Whoever wants the key must break the curve and the lattice. docs/wrap-format.md, docs/decisions/025.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::sha2::SHA512;
use super::{aes_gcm, ecdh, ml_kem};
use crate::algorithm::{Algorithm, Hash, Params};
use crate::attributes::{Attributes, KeyKind};
use crate::boundary::backend::aes::{BlockKey, GcmKey};
use crate::boundary::backend::hybrid::{ENCAPSULATION, LABEL, PrivateKey, SECRET};
use crate::boundary::backend::portable::ec::{self, P384};
use crate::boundary::backend::portable::{hash, key_wrap};
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::handle::KeyId;
use crate::kat;
use crate::policy::ops::{Generate, Unwrap, Wrap};
use crate::state::TestId;

// -- cells --

pub(in crate::boundary) fn kwp_wrap(
    permit: Permit<'_, Wrap>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let (kek, rest) = send(&permit, Algorithm::HybridKwp, tools, out)?;
    total(key_wrap::kwp_wrap(&BlockKey::new(&tools.backends, &*kek)?, payload, rest)?)
}

pub(in crate::boundary) fn kwp_unwrap(
    permit: Permit<'_, Unwrap>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let (kek, rest) = receive(&permit, Algorithm::HybridKwp, wrapped)?;
    key_wrap::kwp_unwrap(&BlockKey::new(&tools.backends, &*kek)?, rest, out)
}

/// `associated` is the header of the blob; the encapsulation is bound through the key.
pub(in crate::boundary) fn native_wrap(
    permit: Permit<'_, Wrap>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let (kek, rest) = send(&permit, Algorithm::HybridNative, tools, out)?;
    total(aes_gcm::seal_under(&GcmKey::new(&tools.backends, &*kek)?, tools, associated, payload, rest)?)
}

pub(in crate::boundary) fn native_unwrap(
    permit: Permit<'_, Unwrap>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let (kek, rest) = receive(&permit, Algorithm::HybridNative, wrapped)?;
    aes_gcm::open_under(&GcmKey::new(&tools.backends, &*kek)?, associated, rest, out)
}

/// Length of what [`kwp_wrap`] writes.
pub(in crate::boundary) fn kwp_wrapped_len(_: &Attributes, payload: usize) -> Option<usize> {
    key_wrap::kwp_wrapped_len(payload)?.checked_add(ENCAPSULATION)
}

/// Length of what [`native_wrap`] writes.
pub(in crate::boundary) fn native_wrapped_len(_: &Attributes, payload: usize) -> Option<usize> {
    aes_gcm::sealed_len(payload)?.checked_add(ENCAPSULATION)
}

/// A pair of each kind, and the test of each (PCT-2, PCT-6).
pub(in crate::boundary) fn generate(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    let (d, seed) = place.bytes().split_at_mut_checked(SCALAR).ok_or(Error::Corrupted)?;
    ec::generate::<P384>(&mut |candidate| tools.secret(candidate), d)?;
    tools.secret(seed)?;
    place.pair(|prepared, _secret| {
        let Prepared::Hybrid(key) = prepared else { return Err(Error::Corrupted) };
        tools.pairwise(&PAIR, |tools, broken| {
            ml_kem::pairwise(key.kem(), tools, broken)?;
            ecdh::recomputes(key.ec(), key.ec().public_key(), broken)
        })
    })
}

// -- raw --

/// Length of a scalar of P-384.
const SCALAR: usize = 48;

/// AlgorithmID of FixedInfo.
const fn label(algorithm: Algorithm) -> [u8; LABEL] {
    let [a, b] = algorithm.id().to_be_bytes();
    let [c, d] = KeyKind::HybridP384MlKem1024.id().to_be_bytes();
    let [s, t, r, o, n, g, q, u, v, w] = *b"strongroom";
    [s, t, r, o, n, g, q, u, v, w, a, b, c, d]
}

/// Writes an encapsulation to the front of `out`; answers its key and the rest.
fn send<'o>(
    permit: &Permit<'_, Wrap>,
    algorithm: Algorithm,
    tools: &mut Tools<'_>,
    out: &'o mut [u8],
) -> Result<(Zeroizing<[u8; SECRET]>, &'o mut [u8])> {
    let (encapsulation, rest) = out.split_first_chunk_mut::<ENCAPSULATION>().ok_or(Error::BufferTooSmall)?;
    let ephemeral = ephemeral(tools)?;
    let mut m = Zeroizing::new([0; 32]);
    tools.secret(&mut *m)?;
    let label = label(algorithm);
    let kek = permit.material(|material| match material.prepared() {
        Prepared::Hybrid(key) => key.encapsulate(&label, &ephemeral, &m, encapsulation),
        Prepared::HybridPublic(key) => key.encapsulate(&label, &ephemeral, &m, encapsulation),
        _ => Err(Error::Corrupted),
    })?;
    Ok((kek, rest))
}

/// A pair of one call (SP 800-56A r3 section 5.6.1.2.2), tested like every other (PCT-1).
fn ephemeral(tools: &mut Tools<'_>) -> Result<ec::PrivateKey<P384>> {
    let mut d = Zeroizing::new([0; SCALAR]);
    ec::generate::<P384>(&mut |candidate| tools.secret(candidate), &mut *d)?;
    let key = ec::PrivateKey::new(&tools.backends, &*d)?;
    tools.pairwise(&PAIR, |_, broken| ecdh::recomputes(&key, key.public_key(), broken))?;
    Ok(key)
}

/// Opens the encapsulation at the front of `wrapped`; answers its key and the rest.
fn receive<'w>(
    permit: &Permit<'_, Unwrap>,
    algorithm: Algorithm,
    wrapped: &'w [u8],
) -> Result<(Zeroizing<[u8; SECRET]>, &'w [u8])> {
    let (encapsulation, rest) = wrapped.split_first_chunk::<ENCAPSULATION>().ok_or(Error::Rejected)?;
    let kek = permit.material(|material| match material.prepared() {
        Prepared::Hybrid(key) => key.decapsulate(&label(algorithm), encapsulation),
        _ => Err(Error::Corrupted),
    })?;
    Ok((kek, rest))
}

fn total(rest: usize) -> Result<usize> {
    rest.checked_add(ENCAPSULATION).ok_or(Error::InvalidArgument)
}

/// What a native blob calls the recipient, whatever id its key has in which engine: the first bytes of the SHA-512
/// of its public key. Nothing for keys of other kinds.
pub(in crate::boundary) fn name(prepared: &Prepared) -> Result<Option<KeyId>> {
    let public = match prepared {
        Prepared::Hybrid(key) => key.public_bytes()?,
        Prepared::HybridPublic(key) => key.bytes()?,
        _ => return Ok(None),
    };
    let mut digest = [0; 64];
    hash::digest(Hash::Sha512, &[&public], &mut digest)?;
    Ok(digest.first_chunk().map(|id| KeyId::from_bytes(*id)))
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise =
    Pairwise { id: TestId(180), name: "P-384-ML-KEM-1024 pairwise" };

const FILE: &str = include_str!("../../../kat-vectors/cast/hybrid.txt");

pub(in crate::boundary) static SEND: Cast = Cast {
    id: TestId(178),
    name: "Hybrid encapsulate",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_send,
};
pub(in crate::boundary) static RECEIVE: Cast = Cast {
    id: TestId(179),
    name: "Hybrid decapsulate",
    at_power_on: false,
    depends_on: &[&SHA512],
    run: cast_receive,
};

/// An encapsulation under the pair's own public key, by its hash, and the key.
fn cast_send(check: &mut Check) -> Result<()> {
    static KEY: [u8; 112] = kat::hex(FILE, "send_key");
    static EPHEMERAL: [u8; 48] = kat::hex(FILE, "send_ephemeral");
    static M: [u8; 32] = kat::hex(FILE, "send_m");
    static ENCAPSULATED: [u8; 64] = kat::hex(FILE, "send_encapsulation_sha512");
    static SHARED: [u8; SECRET] = kat::hex(FILE, "send_secret");
    let mut encapsulation = [0; ENCAPSULATION];
    let ephemeral = ec::PrivateKey::new(check.backends(), &EPHEMERAL)?;
    let label = label(Algorithm::HybridKwp);
    let mut secret =
        PrivateKey::new(check.backends(), &KEY)?.encapsulate(&label, &ephemeral, &M, &mut encapsulation)?;
    let mut digest = [0; 64];
    hash::digest(Hash::Sha512, &[&encapsulation], &mut digest)?;
    check.equal(&mut digest, &ENCAPSULATED)?;
    check.equal(&mut *secret, &SHARED)
}

fn cast_receive(check: &mut Check) -> Result<()> {
    static KEY: [u8; 112] = kat::hex(FILE, "receive_key");
    static ENCAPSULATED: [u8; ENCAPSULATION] = kat::hex(FILE, "receive_encapsulation");
    static SHARED: [u8; SECRET] = kat::hex(FILE, "receive_secret");
    let label = label(Algorithm::HybridNative);
    let mut secret = PrivateKey::new(check.backends(), &KEY)?.decapsulate(&label, &ENCAPSULATED)?;
    check.equal(&mut *secret, &SHARED)
}
