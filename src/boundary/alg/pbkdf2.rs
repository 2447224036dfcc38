//! Key derivation from passwords: PBKDF2 (RFC 8018 section 5.2) with HMAC, as SP 800-132 (December 2010),
//! section 5.3, has it. What such a key may do is policy's to say: it protects stored data and nothing else.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::hmac::HMAC256;
use super::kdf::{MAX_BLOCK, counted};
use crate::algorithm::{Hash, Params};
use crate::boundary::backend::portable::hash::HmacKey;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::Stretch;
use crate::state::TestId;

/// Iterations between two looks at the state of the module: a millisecond, about.
const POLLED_EVERY: u32 = 1024;

// -- cells --

pub(in crate::boundary) fn stretch(
    permit: Permit<'_, Stretch>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    password: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let iterations = params.iterations.ok_or(Error::InvalidArgument)?;
    stretch_raw(hash, password, params.salt, iterations, secret, || permit.still_serving())
}

// -- raw --

/// Section 5.3: T(i) = U(1) xor U(2) xor .., U(1) = HMAC(P, S || [i]), U(j) = HMAC(P, U(j-1)).
pub(in crate::boundary) fn stretch_raw(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    out: &mut [u8],
    serving: impl Fn() -> bool,
) -> Result<()> {
    if iterations == 0 {
        return Err(Error::InvalidArgument);
    }
    let key = HmacKey::new(hash, password)?;
    let len = hash.output_len();
    counted(len, out, |i, block| {
        let (mut u, mut next) = (Zeroizing::new([0u8; MAX_BLOCK]), Zeroizing::new([0u8; MAX_BLOCK]));
        let (u, next) = (u.get_mut(..len), next.get_mut(..len));
        let (u, next) = (u.ok_or(Error::Corrupted)?, next.ok_or(Error::Corrupted)?);
        key.mac(&[salt, i], u)?;
        block.copy_from_slice(u);
        for done in 1..iterations {
            if done.is_multiple_of(POLLED_EVERY) && !serving() {
                return Err(Error::NotOperational);
            }
            key.mac(&[u], next)?;
            u.copy_from_slice(next);
            block.iter_mut().zip(u.iter()).for_each(|(t, u)| *t ^= u);
        }
        Ok(())
    })
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/pbkdf2.txt");

pub(in crate::boundary) static PBKDF2: Cast =
    Cast { id: TestId(147), name: "PBKDF2", at_power_on: false, depends_on: &[&HMAC256], run: pbkdf2_cast };

/// Two iterations, two blocks.
fn pbkdf2_cast(check: &mut Check) -> Result<()> {
    static PASSWORD: [u8; 24] = kat::hex(FILE, "password");
    static SALT: [u8; 16] = kat::hex(FILE, "salt");
    static OKM: [u8; 40] = kat::hex(FILE, "okm");
    let mut okm = Zeroizing::new([0; 40]);
    stretch_raw(Hash::Sha256, &PASSWORD, &SALT, 2, &mut *okm, || true)?;
    check.equal(&mut *okm, &OKM)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
