//! SHA-2: FIPS 180-4 (August 2015).

use super::cast::{Cast, Check};
use crate::algorithm::{Hash, Params};
use crate::boundary::backend::portable::hash;
use crate::error::{Error, Result};
use crate::kat;
use crate::state::{Staged, TestId};

// -- cells --

/// Digest of a whole message.
pub(in crate::boundary) fn digest(params: &Params<'_>, input: &[u8], out: &mut Staged<'_>) -> Result<()> {
    let algorithm = params.hash.ok_or(Error::InvalidArgument)?;
    hash::digest(algorithm, &[input], out.claim(algorithm.output_len())?)
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/sha.txt");

pub(in crate::boundary) static SHA256: Cast =
    Cast { id: TestId(0), name: "SHA-256", at_power_on: true, depends_on: &[], run: sha256 };
pub(in crate::boundary) static SHA384: Cast =
    Cast { id: TestId(1), name: "SHA-384", at_power_on: true, depends_on: &[], run: sha384 };
pub(in crate::boundary) static SHA512: Cast =
    Cast { id: TestId(2), name: "SHA-512", at_power_on: true, depends_on: &[], run: sha512 };

fn sha256(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 163] = kat::hex(FILE, "msg256");
    static DIGEST: [u8; 32] = kat::hex(FILE, "md256");
    known_answer(check, Hash::Sha256, &MESSAGE, &DIGEST)
}

fn sha384(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 227] = kat::hex(FILE, "msg384");
    static DIGEST: [u8; 48] = kat::hex(FILE, "md384");
    known_answer(check, Hash::Sha384, &MESSAGE, &DIGEST)
}

fn sha512(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 227] = kat::hex(FILE, "msg512");
    static DIGEST: [u8; 64] = kat::hex(FILE, "md512");
    known_answer(check, Hash::Sha512, &MESSAGE, &DIGEST)
}

fn known_answer(check: &mut Check, algorithm: Hash, message: &[u8], stored: &[u8]) -> Result<()> {
    let mut digest = [0; 64];
    let digest = digest.get_mut(..algorithm.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(algorithm, &[message], digest)?;
    check.equal(digest, stored)
}
