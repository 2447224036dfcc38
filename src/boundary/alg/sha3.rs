//! SHA-3 and SHAKE: FIPS 202 (August 2015).

use super::cast::{Cast, Check};
use crate::algorithm::{Hash, Xof};
use crate::boundary::backend::portable::hash;
use crate::error::Result;
use crate::kat;
use crate::state::{Staged, TestId};

// -- cells --

/// Output of `len` bytes; SHA-3's own digests are made by the cell of SHA-2, which takes the hash.
pub(in crate::boundary) fn xof(function: Xof, input: &[u8], len: usize, out: &mut Staged<'_>) -> Result<()> {
    hash::xof(function, input, out.claim(len)?)
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/sha3.txt");

// One function for each implementation of Keccak: the permutation is shared (CAST-5).
pub(in crate::boundary) static SHA3_256: Cast =
    Cast { id: TestId(3), name: "SHA3-256", at_power_on: true, depends_on: &[], run: sha3_256 };
pub(in crate::boundary) static SHAKE256: Cast =
    Cast { id: TestId(4), name: "SHAKE256", at_power_on: true, depends_on: &[], run: shake256 };

fn sha3_256(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 273] = kat::hex(FILE, "sha3_256_msg");
    static DIGEST: [u8; 32] = kat::hex(FILE, "sha3_256_md");
    let mut digest = [0; 32];
    hash::digest(Hash::Sha3_256, &[&MESSAGE], &mut digest)?;
    check.equal(&mut digest, &DIGEST)
}

fn shake256(check: &mut Check) -> Result<()> {
    static MESSAGE: [u8; 32] = kat::hex(FILE, "shake256_msg");
    static OUTPUT: [u8; 205] = kat::hex(FILE, "shake256_out");
    let mut output = [0; 205];
    hash::xof(Xof::Shake256, &MESSAGE, &mut output)?;
    check.equal(&mut output, &OUTPUT)
}
