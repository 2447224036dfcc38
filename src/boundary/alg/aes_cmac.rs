//! AES-CMAC: SP 800-38B (May 2005, updated October 2016); with AES-128 it is RFC 4493.
//!
//! Tags are 8 to 16 bytes, the leftmost of the full tag; below 16 only where the key's rule says so
//! (appendix A, CMAC-1). Appendix B: at most 2^48 messages under one key, or, more cautiously, 2^48 blocks. The
//! engine does not count them: a key that may come near gets a use limit, or its user replaces it.

use super::aes_gcm::AES;
use super::cast::{Cast, Check};
use super::mac;
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::aes::cmac::CmacKey;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::Result;
use crate::kat;
use crate::policy::ops::{Mac, Op, VerifyMac};
use crate::state::{Staged, TestId};

/// The full tag, in bytes.
pub(in crate::boundary) const TAG: usize = 16;

// -- cells --

pub(in crate::boundary) fn mac(
    permit: Permit<'_, Mac>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    mac::give(params, TAG, |full| at_once(&permit, input, full), out)
}

/// Any length in the closed set; the comparison takes the same time wherever the tags differ.
pub(in crate::boundary) fn verify(
    permit: Permit<'_, VerifyMac>,
    params: &Params<'_>,
    input: &[u8],
    tag: &[u8],
) -> Result<()> {
    mac::judge(params, TAG, |full| at_once(&permit, input, full), tag)
}

fn at_once<O: Op>(permit: &Permit<'_, O>, input: &[u8], full: &mut [u8]) -> Result<()> {
    permit.material(|material| material.prepared().cmac()?.mac(input, full))
}

/// Length of a tag.
pub(in crate::boundary) fn tag_len(_: &Attributes, params: &Params<'_>, _input: usize) -> Option<usize> {
    mac::tag_len(params, TAG)
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/aes_cmac.txt");

pub(in crate::boundary) static CMAC: Cast =
    Cast { id: TestId(9), name: "AES-CMAC", at_power_on: false, depends_on: &[&AES], run: cmac };

/// Both subkeys: a message that ends in a part of a block, and the longer one that ends with a block.
fn cmac(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "key");
    static MESSAGE: [u8; 64] = kat::hex(FILE, "msg");
    static TAG_OF_40: [u8; TAG] = kat::hex(FILE, "mac40");
    static TAG_OF_64: [u8; TAG] = kat::hex(FILE, "mac64");
    let key = CmacKey::new(check.backends(), &KEY)?;
    let part = MESSAGE.split_at(40).0;
    let mut tag = [0; TAG];
    key.mac(part, &mut tag)?;
    check.equal(&mut tag, &TAG_OF_40)?;
    key.mac(&MESSAGE, &mut tag)?;
    check.equal(&mut tag, &TAG_OF_64)?;
    // The tag of another message must fail.
    check.accepts(mac::judge(&Params::NONE, TAG, |full| key.mac(part, full), &TAG_OF_40))?;
    check.rejects(mac::judge(&Params::NONE, TAG, |full| key.mac(part, full), &TAG_OF_64))
}
