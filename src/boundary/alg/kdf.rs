//! Key derivation from a shared secret: HKDF (RFC 5869, May 2010), which is the two-step derivation of SP
//! 800-56C r2 (August 2020), section 5, with HMAC; the one-step derivation of its section 4; and that of ANSI
//! X9.63 (2001), section 5.6.3, as SP 800-135 r1 (December 2011), section 5.1, has it.
//!
//! Derivation from a derivation key is in `kbkdf.rs`, from a password in `pbkdf2.rs`.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::hmac::HMAC256;
use super::sha2::SHA256;
use crate::algorithm::{Hash, Kdf, Params};
use crate::boundary::backend::portable::hash::{self, HmacKey};
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::Derive;
use crate::state::TestId;

/// Longest output of a hash.
pub(super) const MAX_BLOCK: usize = 64;

// -- cells --

pub(in crate::boundary) fn hkdf(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    from_key(&permit, Kdf::Hkdf, params, input, secret)
}

pub(in crate::boundary) fn one_step_hash(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    from_key(&permit, Kdf::OneStepHash, params, input, secret)
}

pub(in crate::boundary) fn one_step_hmac(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    from_key(&permit, Kdf::OneStepHmac, params, input, secret)
}

pub(in crate::boundary) fn x963(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    from_key(&permit, Kdf::X963, params, input, secret)
}

fn from_key(
    permit: &Permit<'_, Derive>,
    kdf: Kdf,
    params: &Params<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    if !input.is_empty() {
        return Err(Error::InvalidArgument);
    }
    permit.material(|material| run(kdf, params, material.secret(), secret))
}

// -- raw --

/// The derivation that the parameters of an agreement name, from the shared secret `z`.
pub(in crate::boundary) fn agreed(params: &Params<'_>, z: &[u8], secret: &mut [u8]) -> Result<()> {
    run(params.kdf.ok_or(Error::InvalidArgument)?, params, z, secret)
}

fn run(kdf: Kdf, params: &Params<'_>, z: &[u8], secret: &mut [u8]) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    match kdf {
        Kdf::Hkdf => hkdf_raw(hash, params.salt, z, params.info, secret),
        Kdf::OneStepHash => one_step_hash_raw(hash, z, params.info, secret),
        Kdf::OneStepHmac => one_step_hmac_raw(hash, params.salt, z, params.info, secret),
        Kdf::X963 => x963_raw(hash, z, params.info, secret),
    }
}

/// RFC 5869 sections 2.2 and 2.3.
pub(in crate::boundary) fn hkdf_raw(
    hash: Hash,
    salt: &[u8],
    ikm: &[u8],
    info: &[u8],
    okm: &mut [u8],
) -> Result<()> {
    let len = hash.output_len();
    let mut block = Zeroizing::new([0u8; MAX_BLOCK]);
    let block = block.get_mut(..len).ok_or(Error::Corrupted)?;
    // An empty salt is one of zeros: HMAC pads both to the same block.
    HmacKey::new(hash, salt)?.mac(&[ikm], block)?;
    let prk = HmacKey::new(hash, block)?;
    let mut before: &[u8] = &[];
    // T(n) is at most 255 blocks long: the counter is one byte.
    for (place, counter) in okm.chunks_mut(len).zip(1u16..) {
        let counter = u8::try_from(counter).map_err(|_| Error::InvalidArgument)?;
        let mut next = Zeroizing::new([0u8; MAX_BLOCK]);
        let next = next.get_mut(..len).ok_or(Error::Corrupted)?;
        prk.mac(&[before, info, &[counter]], next)?;
        block.copy_from_slice(next);
        before = block;
        place.copy_from_slice(block.get(..place.len()).ok_or(Error::Corrupted)?);
    }
    Ok(())
}

/// SP 800-56C r2 section 4.1 with H = hash: K(i) = H(counter || Z || FixedInfo).
pub(in crate::boundary) fn one_step_hash_raw(
    hash: Hash,
    z: &[u8],
    info: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    counted(hash.output_len(), secret, |counter, block| hash::digest(hash, &[counter, z, info], block))
}

/// SP 800-56C r2 section 4.1 with H = HMAC(salt, .). The default salt, a block of zeros, is what HMAC makes of
/// an empty one.
pub(in crate::boundary) fn one_step_hmac_raw(
    hash: Hash,
    salt: &[u8],
    z: &[u8],
    info: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    let key = HmacKey::new(hash, salt)?;
    counted(hash.output_len(), secret, |counter, block| key.mac(&[counter, z, info], block))
}

/// ANSI X9.63 section 5.6.3: K(i) = H(Z || counter || SharedInfo).
fn x963_raw(hash: Hash, z: &[u8], info: &[u8], secret: &mut [u8]) -> Result<()> {
    counted(hash.output_len(), secret, |counter, block| hash::digest(hash, &[z, counter, info], block))
}

/// Blocks of `len` bytes side by side, the last one cut, each from its number: from 1, 32 bits, big-endian. More
/// blocks than numbers are refused.
pub(super) fn counted(
    len: usize,
    out: &mut [u8],
    mut make: impl FnMut(&[u8; 4], &mut [u8]) -> Result<()>,
) -> Result<()> {
    let mut block = Zeroizing::new([0u8; MAX_BLOCK]);
    let block = block.get_mut(..len).ok_or(Error::Corrupted)?;
    for (place, counter) in out.chunks_mut(len.max(1)).zip(1u64..) {
        let counter = u32::try_from(counter).map_err(|_| Error::InvalidArgument)?;
        make(&counter.to_be_bytes(), block)?;
        place.copy_from_slice(block.get(..place.len()).ok_or(Error::Corrupted)?);
    }
    Ok(())
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/kdf.txt");

pub(in crate::boundary) static HKDF: Cast =
    Cast { id: TestId(60), name: "HKDF", at_power_on: false, depends_on: &[&HMAC256], run: hkdf_cast };
pub(in crate::boundary) static ONE_STEP_HASH: Cast = Cast {
    id: TestId(140),
    name: "One-step derivation, hash",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: one_step_hash_cast,
};
pub(in crate::boundary) static ONE_STEP_HMAC: Cast = Cast {
    id: TestId(141),
    name: "One-step derivation, HMAC",
    at_power_on: false,
    depends_on: &[&HMAC256],
    run: one_step_hmac_cast,
};
pub(in crate::boundary) static X963: Cast =
    Cast { id: TestId(146), name: "X9.63-KDF", at_power_on: false, depends_on: &[&SHA256], run: x963_cast };

fn hkdf_cast(check: &mut Check) -> Result<()> {
    static IKM: [u8; 40] = kat::hex(FILE, "hkdf_ikm");
    static SALT: [u8; 24] = kat::hex(FILE, "hkdf_salt");
    static INFO: [u8; 32] = kat::hex(FILE, "hkdf_info");
    static OKM: [u8; 82] = kat::hex(FILE, "hkdf_okm");
    let mut okm = Zeroizing::new([0; 82]);
    hkdf_raw(Hash::Sha256, &SALT, &IKM, &INFO, &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn one_step_hash_cast(check: &mut Check) -> Result<()> {
    static Z: [u8; 40] = kat::hex(FILE, "one_step_hash_z");
    static INFO: [u8; 32] = kat::hex(FILE, "one_step_hash_info");
    static OKM: [u8; 72] = kat::hex(FILE, "one_step_hash_okm");
    let mut okm = Zeroizing::new([0; 72]);
    one_step_hash_raw(Hash::Sha256, &Z, &INFO, &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn one_step_hmac_cast(check: &mut Check) -> Result<()> {
    static Z: [u8; 40] = kat::hex(FILE, "one_step_hmac_z");
    static SALT: [u8; 24] = kat::hex(FILE, "one_step_hmac_salt");
    static INFO: [u8; 32] = kat::hex(FILE, "one_step_hmac_info");
    static OKM: [u8; 72] = kat::hex(FILE, "one_step_hmac_okm");
    let mut okm = Zeroizing::new([0; 72]);
    one_step_hmac_raw(Hash::Sha256, &SALT, &Z, &INFO, &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn x963_cast(check: &mut Check) -> Result<()> {
    static Z: [u8; 40] = kat::hex(FILE, "x963_z");
    static INFO: [u8; 32] = kat::hex(FILE, "x963_info");
    static OKM: [u8; 72] = kat::hex(FILE, "x963_okm");
    let mut okm = Zeroizing::new([0; 72]);
    x963_raw(Hash::Sha256, &Z, &INFO, &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
