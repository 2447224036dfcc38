//! Key derivation: HKDF (RFC 5869, May 2010), which is the two-step derivation of SP 800-56C r2 (August
//! 2020), section 5, with HMAC.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::hmac::HMAC256;
use crate::algorithm::{Hash, Kdf, Params};
use crate::boundary::backend::portable::hash::HmacKey;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::Derive;
use crate::state::TestId;

// -- cells --

pub(in crate::boundary) fn hkdf(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    if !input.is_empty() {
        return Err(Error::InvalidArgument);
    }
    permit
        .material(|material| hkdf_raw(hash_of(params)?, params.salt, material.secret(), params.info, secret))
}

// -- raw --

/// The derivation that the parameters of an agreement name, from the shared secret `z`.
pub(in crate::boundary) fn agreed(params: &Params<'_>, z: &[u8], secret: &mut [u8]) -> Result<()> {
    match params.kdf.ok_or(Error::InvalidArgument)? {
        Kdf::Hkdf => hkdf_raw(hash_of(params)?, params.salt, z, params.info, secret),
    }
}

fn hash_of(params: &Params<'_>) -> Result<Hash> {
    params.hash.ok_or(Error::InvalidArgument)
}

/// RFC 5869 sections 2.2 and 2.3.
fn hkdf_raw(hash: Hash, salt: &[u8], ikm: &[u8], info: &[u8], okm: &mut [u8]) -> Result<()> {
    let len = hash.output_len();
    let mut block = Zeroizing::new([0u8; 64]);
    let block = block.get_mut(..len).ok_or(Error::Corrupted)?;
    // An empty salt is one of zeros: HMAC pads both to the same block.
    HmacKey::new(hash, salt)?.mac(&[ikm], block)?;
    let prk = HmacKey::new(hash, block)?;
    let mut before: &[u8] = &[];
    // T(n) is at most 255 blocks long: the counter is one byte.
    for (place, counter) in okm.chunks_mut(len).zip(1u16..) {
        let counter = u8::try_from(counter).map_err(|_| Error::InvalidArgument)?;
        let mut next = Zeroizing::new([0u8; 64]);
        let next = next.get_mut(..len).ok_or(Error::Corrupted)?;
        prk.mac(&[before, info, &[counter]], next)?;
        block.copy_from_slice(next);
        before = block;
        place.copy_from_slice(block.get(..place.len()).ok_or(Error::Corrupted)?);
    }
    Ok(())
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/kdf.txt");

pub(in crate::boundary) static HKDF: Cast =
    Cast { id: TestId(60), name: "HKDF", at_power_on: false, depends_on: &[&HMAC256], run: hkdf_cast };

fn hkdf_cast(check: &mut Check) -> Result<()> {
    static IKM: [u8; 40] = kat::hex(FILE, "hkdf_ikm");
    static SALT: [u8; 24] = kat::hex(FILE, "hkdf_salt");
    static INFO: [u8; 32] = kat::hex(FILE, "hkdf_info");
    static OKM: [u8; 82] = kat::hex(FILE, "hkdf_okm");
    let mut okm = Zeroizing::new([0; 82]);
    hkdf_raw(Hash::Sha256, &SALT, &IKM, &INFO, &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
