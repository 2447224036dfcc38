//! RSA: signatures of FIPS 186-5 (February 2023), section 5.4, with the encodings of RFC 8017, and
//! RSA-OAEP of SP 800-56B r2 (March 2019), section 9, for keys; for data it is a row of its own that is not
//! approved (RSA-8). No PKCS#1 v1.5 decryption (RSA-7).

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::rsa_encoding as encoding;
use super::sha2::SHA256;
use crate::algorithm::{Algorithm, Hash, Params};
use crate::attributes::Attributes;
use crate::boundary::backend::portable::hash;
use crate::boundary::backend::{Backends, rsa};
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::marks;
use crate::policy::ops::{Decrypt, Encrypt, Generate, Op, Sign, Unwrap, Verify, Wrap};
use crate::state::{Staged, TestId};

/// Longest modulus in bytes.
pub(in crate::boundary) const MAX: usize = 512;

// -- cells --

/// Signs a message with the padding of the permitted algorithm.
pub(in crate::boundary) fn sign(
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
    sign_digest(permit, params, tools, digest, out)
}

/// Signs a digest: one made inside under `Sign`, one made outside under `SignDigest`.
pub(in crate::boundary) fn sign_digest<O: Op>(
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    digest: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let algorithm = permit.evidence().indicator().algorithm();
    permit.material(|material| {
        let key = material.prepared().rsa()?;
        let len = key.public().len();
        let mut encoded = Zeroizing::new([0; MAX]);
        let encoded = encoded.get_mut(..len).ok_or(Error::Corrupted)?;
        encode_fresh(algorithm, hash, digest, tools, encoded)?;
        key.private_op(encoded, out.claim(len)?, &mut |random| tools.secret(random))
    })
}

/// Verifies a signature over a message.
pub(in crate::boundary) fn verify(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let mut digest = [0; 64];
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[message], digest)?;
    verify_digest(permit, params, digest, signature)
}

/// Verifies a signature over a digest.
pub(in crate::boundary) fn verify_digest(
    permit: Permit<'_, Verify>,
    params: &Params<'_>,
    digest: &[u8],
    signature: &[u8],
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let algorithm = permit.evidence().indicator().algorithm();
    permit.material(|material| {
        verify_raw(material.prepared().rsa_public()?, algorithm, hash, digest, signature)
    })
}

/// OAEP with the recipient's public key. The payload is a key, never bulk data (RSA-8).
pub(in crate::boundary) fn oaep_wrap(
    permit: Permit<'_, Wrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    oaep_seal(&permit, params, tools, payload, out)
}

/// Opens OAEP around a key.
pub(in crate::boundary) fn oaep_unwrap(
    permit: Permit<'_, Unwrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    oaep_open(&permit, params, tools, wrapped, out)
}

/// OAEP over data: a message as long as OAEP with the hash carries, or shorter.
pub(in crate::boundary) fn encrypt(
    permit: Permit<'_, Encrypt>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    message: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let room = out.claim(permit.key()?.header().attributes.kind.modulus_len())?;
    oaep_seal(&permit, params, tools, message, room).map(drop)
}

/// Opens OAEP over data.
pub(in crate::boundary) fn decrypt(
    permit: Permit<'_, Decrypt>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    ciphertext: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let k = permit.key()?.header().attributes.kind.modulus_len();
    let room = out.claim(encoding::oaep_capacity(hash, k)?)?;
    let len = oaep_open(&permit, params, tools, ciphertext, room)?;
    out.truncate(len);
    Ok(())
}

/// A new pair (A.1.3), tested by sign and verify, or by encrypt and decrypt, as it will be used (PCT-2).
pub(in crate::boundary) fn generate(
    permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    let attributes = place.attributes();
    let bits =
        u32::try_from(attributes.kind.modulus_len().saturating_mul(8)).map_err(|_| Error::Corrupted)?;
    let backends = tools.backends;
    let primes =
        rsa::generate(&backends, bits, &mut |random| tools.secret(random), &|| permit.still_serving())?;
    let bytes = place.bytes();
    if bytes.len() != primes.len() {
        return Err(Error::Corrupted);
    }
    bytes.copy_from_slice(&primes);
    place.pair(|prepared, _primes| {
        let key = prepared.rsa()?;
        tools.pairwise(&PAIR, |tools, broken| pairwise(key, tools, broken))
    })
}

/// Length of an OAEP ciphertext, whatever it carries.
pub(in crate::boundary) fn oaep_wrapped_len(kek: &Attributes, _payload: usize) -> Option<usize> {
    Some(kek.kind.modulus_len())
}

/// Most that OAEP with this hash carries, whatever the ciphertext.
pub(in crate::boundary) fn oaep_opened_len(
    attributes: &Attributes,
    params: &Params<'_>,
    _input: usize,
) -> Option<usize> {
    encoding::oaep_capacity(params.hash?, attributes.kind.modulus_len()).ok()
}

/// Length of a signature, or of a ciphertext.
pub(in crate::boundary) fn modulus_len(
    attributes: &Attributes,
    _: &Params<'_>,
    _input: usize,
) -> Option<usize> {
    Some(attributes.kind.modulus_len())
}

// -- raw --

fn oaep_seal<O: Op>(
    permit: &Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    permit.material(|material| {
        let key = material.prepared().rsa_public()?;
        let mut seed = Zeroizing::new([0; 64]);
        let seed = seed.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
        tools.secret(seed)?;
        let mut encoded = Zeroizing::new([0; MAX]);
        let encoded = encoded.get_mut(..key.len()).ok_or(Error::Corrupted)?;
        encoding::oaep_encode(hash, params.label, payload, seed, encoded)?;
        let out = out.get_mut(..key.len()).ok_or(Error::BufferTooSmall)?;
        key.public_op(encoded, out)?;
        Ok(key.len())
    })
}

/// One verdict for every kind of damage.
fn oaep_open<O: Op>(
    permit: &Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    permit.material(|material| {
        let key = material.prepared().rsa()?;
        if sealed.len() != key.public().len() {
            return Err(Error::Rejected);
        }
        let mut encoded = Zeroizing::new([0; MAX]);
        let encoded = encoded.get_mut(..sealed.len()).ok_or(Error::Rejected)?;
        key.private_op(sealed, encoded, &mut |random| tools.secret(random))?;
        encoding::oaep_decode(hash, params.label, encoded, out)
    })
}

/// The encoding of a digest for signing; PSS with a fresh salt as long as the digest.
pub(super) fn encode_fresh(
    algorithm: Algorithm,
    hash: Hash,
    digest: &[u8],
    tools: &mut Tools<'_>,
    out: &mut [u8],
) -> Result<()> {
    let mut salt = [0; 64];
    let salt = salt.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    if algorithm == Algorithm::RsaPss {
        tools.public(salt)?;
    }
    encode(algorithm, hash, digest, salt, out)
}

pub(super) fn encode(
    algorithm: Algorithm,
    hash: Hash,
    digest: &[u8],
    salt: &[u8],
    out: &mut [u8],
) -> Result<()> {
    match algorithm {
        Algorithm::RsaPkcs1 => encoding::pkcs1v15_encode(hash, digest, out),
        Algorithm::RsaPss => encoding::pss_encode(hash, digest, salt, out),
        _ => Err(Error::Corrupted),
    }
}

fn verify_raw(
    key: rsa::PublicView<'_>,
    algorithm: Algorithm,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
) -> Result<()> {
    if signature.len() != key.len() {
        return Err(Error::Rejected);
    }
    let mut encoded = [0; MAX];
    let encoded = encoded.get_mut(..key.len()).ok_or(Error::Corrupted)?;
    key.public_op(signature, encoded)?;
    judge(algorithm, hash, digest, encoded)
}

/// Whether what the public exponent led to is the encoding of this digest.
pub(super) fn judge(algorithm: Algorithm, hash: Hash, digest: &[u8], encoded: &[u8]) -> Result<()> {
    match algorithm {
        Algorithm::RsaPkcs1 => encoding::pkcs1v15_verify(hash, digest, encoded),
        Algorithm::RsaPss => encoding::pss_verify(hash, digest, hash.output_len(), encoded),
        _ => Err(Error::Corrupted),
    }
}

/// One trip through the private and the public operation. Both uses of RSA keys rest on the same two.
fn pairwise(key: &rsa::PrivateKey, tools: &mut Tools<'_>, broken: bool) -> Result<()> {
    let len = key.public().len();
    let mut digest = [0x3c; 32];
    let mut encoded = Zeroizing::new([0; MAX]);
    let encoded = encoded.get_mut(..len).ok_or(Error::Corrupted)?;
    encoding::pkcs1v15_encode(Hash::Sha256, &digest, encoded)?;
    let mut signature = Zeroizing::new([0; MAX]);
    let signature = signature.get_mut(..len).ok_or(Error::Corrupted)?;
    key.private_op(encoded, signature, &mut |random| tools.secret(random))?;
    marks::declassify("signature", &*signature);
    if broken {
        digest = [0xc3; 32];
    }
    // Ciphertext must differ from plaintext (TE10.35.01).
    if signature == encoded {
        return Err(Error::Rejected);
    }
    verify_raw(key.public(), Algorithm::RsaPkcs1, Hash::Sha256, &digest, signature)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(73), name: "RSA pairwise" };

pub(super) const FILE: &str = include_str!("../../../kat-vectors/cast/rsa_2048.txt");

pub(in crate::boundary) static PKCS1_SIGN: Cast = Cast {
    id: TestId(50),
    name: "RSA-PKCS1 sign",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: pkcs1_sign,
};
pub(in crate::boundary) static PKCS1_VERIFY: Cast = Cast {
    id: TestId(51),
    name: "RSA-PKCS1 verify",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: pkcs1_verify,
};
pub(in crate::boundary) static PSS_SIGN: Cast =
    Cast { id: TestId(52), name: "RSA-PSS sign", at_power_on: false, depends_on: &[&SHA256], run: pss_sign };
pub(in crate::boundary) static PSS_VERIFY: Cast = Cast {
    id: TestId(53),
    name: "RSA-PSS verify",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: pss_verify,
};
pub(in crate::boundary) static OAEP_ENCRYPT: Cast = Cast {
    id: TestId(54),
    name: "RSA-OAEP wrap",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: oaep_encrypt,
};
pub(in crate::boundary) static OAEP_DECRYPT: Cast = Cast {
    id: TestId(55),
    name: "RSA-OAEP unwrap",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: oaep_decrypt,
};

pub(super) static N: [u8; 256] = kat::hex(FILE, "n");
pub(super) static E: [u8; 3] = kat::hex(FILE, "e");
static P: [u8; 128] = kat::hex(FILE, "p");
static Q: [u8; 128] = kat::hex(FILE, "q");

// Known answers, of single operations and of groups. The other key is another's.
pub(super) static PKCS1_MESSAGE: [u8; 49] = kat::hex(FILE, "pkcs1_sign_msg");
pub(super) static PKCS1_SIGNATURE: [u8; 256] = kat::hex(FILE, "pkcs1_sign_sig");
pub(super) static OTHER_N: [u8; 256] = kat::hex(FILE, "pkcs1_verify_n");
pub(super) static OTHER_E: [u8; 3] = kat::hex(FILE, "pkcs1_verify_e");
pub(super) static OTHER_MESSAGE: [u8; 128] = kat::hex(FILE, "pkcs1_verify_msg");
pub(super) static OTHER_SIGNATURE: [u8; 256] = kat::hex(FILE, "pkcs1_verify_sig");
pub(super) static PSS_MESSAGE: [u8; 40] = kat::hex(FILE, "pss_sign_msg");
pub(super) static PSS_SALT: [u8; 32] = kat::hex(FILE, "pss_sign_salt");
pub(super) static PSS_SIGNATURE: [u8; 256] = kat::hex(FILE, "pss_sign_sig");
pub(super) static PSS_VERIFY_MESSAGE: [u8; 43] = kat::hex(FILE, "pss_verify_msg");
pub(super) static PSS_VERIFY_SIGNATURE: [u8; 256] = kat::hex(FILE, "pss_verify_sig");

/// The test key, through the same loading and CRT that services use.
pub(super) fn test_key(backends: &Backends) -> Result<rsa::PrivateKey> {
    let mut primes = Zeroizing::new([0; 256]);
    let (p, q) = primes.split_at_mut(128);
    p.copy_from_slice(&P);
    q.copy_from_slice(&Q);
    rsa::PrivateKey::load(backends, &*primes, rsa::E)
}

/// Blinding needs numbers, and its result does not depend on them: the live DRBG stays out of the test
/// (CAST-3).
pub(super) fn fixed_blinding(random: &mut [u8]) -> Result<()> {
    random.fill(0x35);
    Ok(())
}

fn private(check: &Check, encoded: &[u8]) -> Result<[u8; 256]> {
    let mut out = [0; 256];
    test_key(check.backends())?.private_op(encoded, &mut out, &mut fixed_blinding)?;
    Ok(out)
}

pub(super) fn sha256(message: &[u8]) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hash::digest(Hash::Sha256, &[message], &mut digest)?;
    Ok(digest)
}

fn pkcs1_sign(check: &mut Check) -> Result<()> {
    let mut encoded = [0; 256];
    encode(Algorithm::RsaPkcs1, Hash::Sha256, &sha256(&PKCS1_MESSAGE)?, &[], &mut encoded)?;
    check.equal(&mut private(check, &encoded)?, &PKCS1_SIGNATURE)
}

fn pkcs1_verify(check: &mut Check) -> Result<()> {
    let key = rsa::PublicKey::new(check.backends(), &OTHER_N, &OTHER_E)?;
    verdicts(check, key.public(), Algorithm::RsaPkcs1, sha256(&OTHER_MESSAGE)?, &OTHER_SIGNATURE)
}

fn pss_sign(check: &mut Check) -> Result<()> {
    let mut encoded = [0; 256];
    encode(Algorithm::RsaPss, Hash::Sha256, &sha256(&PSS_MESSAGE)?, &PSS_SALT, &mut encoded)?;
    check.equal(&mut private(check, &encoded)?, &PSS_SIGNATURE)
}

fn pss_verify(check: &mut Check) -> Result<()> {
    let key = rsa::PublicKey::new(check.backends(), &N, &E)?;
    verdicts(check, key.public(), Algorithm::RsaPss, sha256(&PSS_VERIFY_MESSAGE)?, &PSS_VERIFY_SIGNATURE)
}

/// The signature is accepted, and refused for another digest.
fn verdicts(
    check: &mut Check,
    key: rsa::PublicView<'_>,
    algorithm: Algorithm,
    mut digest: [u8; 32],
    signature: &[u8],
) -> Result<()> {
    check.accepts(verify_raw(key, algorithm, Hash::Sha256, &digest, signature))?;
    if let Some(first) = digest.first_mut() {
        *first ^= 1;
    }
    check.rejects(verify_raw(key, algorithm, Hash::Sha256, &digest, signature))
}

fn oaep_encrypt(check: &mut Check) -> Result<()> {
    static SEED: [u8; 32] = kat::hex(FILE, "oaep_encrypt_seed");
    static MESSAGE: [u8; 32] = kat::hex(FILE, "oaep_encrypt_msg");
    static CIPHER: [u8; 256] = kat::hex(FILE, "oaep_encrypt_ct");
    let (mut encoded, mut out) = ([0; 256], [0; 256]);
    encoding::oaep_encode(Hash::Sha256, &[], &MESSAGE, &SEED, &mut encoded)?;
    rsa::PublicKey::new(check.backends(), &N, &E)?.public().public_op(&encoded, &mut out)?;
    check.equal(&mut out, &CIPHER)
}

fn oaep_decrypt(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 48] = kat::hex(FILE, "oaep_decrypt_msg");
    static CIPHER: [u8; 256] = kat::hex(FILE, "oaep_decrypt_ct");
    let encoded = private(check, &CIPHER)?;
    let mut out = [0; 256];
    let len = encoding::oaep_decode(Hash::Sha256, &[], &encoded, &mut out)?;
    check.equal(out.get_mut(..len).unwrap_or(&mut []), &MESSAGE)?;
    check.rejects(encoding::oaep_decode(Hash::Sha256, b"other label", &encoded, &mut out))
}
