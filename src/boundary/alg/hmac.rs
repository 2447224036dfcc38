//! HMAC: FIPS 198-1 (July 2008).

use super::cast::{Cast, Check};
use super::mac;
use super::sha2::{SHA256, SHA384, SHA512};
use crate::algorithm::{Hash, Params};
use crate::attributes::Attributes;
use crate::boundary::backend::portable::hash::HmacKey;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Mac, Op, VerifyMac};
use crate::state::{Staged, TestId};

// -- cells --

pub(in crate::boundary) fn mac(
    permit: Permit<'_, Mac>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    mac::give(params, full_len(params)?, |full| at_once(&permit, input, full), out)
}

/// Any length in the closed set; the comparison takes the same time wherever the tags differ.
pub(in crate::boundary) fn verify(
    permit: Permit<'_, VerifyMac>,
    params: &Params<'_>,
    input: &[u8],
    tag: &[u8],
) -> Result<()> {
    mac::judge(params, full_len(params)?, |full| at_once(&permit, input, full), tag)
}

fn at_once<O: Op>(permit: &Permit<'_, O>, input: &[u8], full: &mut [u8]) -> Result<()> {
    permit.material(|material| material.prepared().hmac()?.mac(&[input], full))
}

fn full_len(params: &Params<'_>) -> Result<usize> {
    params.hash.map(Hash::output_len).ok_or(Error::InvalidArgument)
}

/// Length of a tag.
pub(in crate::boundary) fn tag_len(_: &Attributes, params: &Params<'_>, _input: usize) -> Option<usize> {
    mac::tag_len(params, params.hash?.output_len())
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/hmac.txt");

pub(in crate::boundary) static HMAC256: Cast =
    Cast { id: TestId(5), name: "HMAC-SHA-256", at_power_on: true, depends_on: &[&SHA256], run: hmac256 };
pub(in crate::boundary) static HMAC384: Cast =
    Cast { id: TestId(6), name: "HMAC-SHA-384", at_power_on: true, depends_on: &[&SHA384], run: hmac384 };
pub(in crate::boundary) static HMAC512: Cast =
    Cast { id: TestId(7), name: "HMAC-SHA-512", at_power_on: true, depends_on: &[&SHA512], run: hmac512 };

fn hmac256(check: &mut Check) -> Result<()> {
    static KEY: [u8; 25] = kat::hex(FILE, "key256");
    static MESSAGE: [u8; 50] = kat::hex(FILE, "msg256");
    static TAG: [u8; 32] = kat::hex(FILE, "mac256");
    known_answer(check, Hash::Sha256, &KEY, &MESSAGE, &TAG)
}

fn hmac384(check: &mut Check) -> Result<()> {
    static KEY: [u8; 20] = kat::hex(FILE, "key384");
    static MESSAGE: [u8; 8] = kat::hex(FILE, "msg384");
    static TAG: [u8; 48] = kat::hex(FILE, "mac384");
    known_answer(check, Hash::Sha384, &KEY, &MESSAGE, &TAG)
}

fn hmac512(check: &mut Check) -> Result<()> {
    static KEY: [u8; 131] = kat::hex(FILE, "key512");
    static MESSAGE: [u8; 152] = kat::hex(FILE, "msg512");
    static TAG: [u8; 64] = kat::hex(FILE, "mac512");
    known_answer(check, Hash::Sha512, &KEY, &MESSAGE, &TAG)
}

fn known_answer(check: &mut Check, hash: Hash, key: &[u8], message: &[u8], stored: &[u8]) -> Result<()> {
    let mut tag = [0; 64];
    let tag = tag.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    HmacKey::new(hash, key)?.mac(&[message], tag)?;
    check.equal(tag, stored)
}
