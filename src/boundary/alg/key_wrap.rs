//! AES key wrap KW and KWP: SP 800-38F (December 2012), sections 6.2 and 6.3. For interoperation: a KW
//! or KWP blob carries no policy.

use super::aes_gcm::AES;
use super::cast::{Cast, Check};
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::aes::BlockKey;
use crate::boundary::backend::portable::key_wrap;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::Result;
use crate::kat;
use crate::policy::ops::{Unwrap, Wrap};
use crate::state::TestId;

// -- cells --

pub(in crate::boundary) fn kw_wrap(
    permit: Permit<'_, Wrap>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| key_wrap::kw_wrap(material.prepared().block()?, payload, out))
}

pub(in crate::boundary) fn kw_unwrap(
    permit: Permit<'_, Unwrap>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| key_wrap::kw_unwrap(material.prepared().block()?, wrapped, out))
}

pub(in crate::boundary) fn kwp_wrap(
    permit: Permit<'_, Wrap>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| key_wrap::kwp_wrap(material.prepared().block()?, payload, out))
}

pub(in crate::boundary) fn kwp_unwrap(
    permit: Permit<'_, Unwrap>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| key_wrap::kwp_unwrap(material.prepared().block()?, wrapped, out))
}

/// Length of what [`kw_wrap`] writes.
pub(in crate::boundary) fn kw_wrapped_len(_: &Attributes, payload: usize) -> Option<usize> {
    key_wrap::kw_wrapped_len(payload)
}

/// Length of what [`kwp_wrap`] writes.
pub(in crate::boundary) fn kwp_wrapped_len(_: &Attributes, payload: usize) -> Option<usize> {
    key_wrap::kwp_wrapped_len(payload)
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/aes_kw.txt");

pub(in crate::boundary) static KW_WRAP: Cast =
    Cast { id: TestId(15), name: "AES-KW wrap", at_power_on: false, depends_on: &[&AES], run: cast_kw_wrap };
pub(in crate::boundary) static KW_UNWRAP: Cast = Cast {
    id: TestId(16),
    name: "AES-KW unwrap",
    at_power_on: false,
    depends_on: &[&AES],
    run: cast_kw_unwrap,
};
pub(in crate::boundary) static KWP_WRAP: Cast = Cast {
    id: TestId(17),
    name: "AES-KWP wrap",
    at_power_on: false,
    depends_on: &[&AES],
    run: cast_kwp_wrap,
};
pub(in crate::boundary) static KWP_UNWRAP: Cast = Cast {
    id: TestId(18),
    name: "AES-KWP unwrap",
    at_power_on: false,
    depends_on: &[&AES],
    run: cast_kwp_unwrap,
};

fn cast_kw_wrap(check: &mut Check) -> Result<()> {
    static KEK: [u8; 16] = kat::hex(FILE, "kw_wrap_kek");
    static PLAIN: [u8; 32] = kat::hex(FILE, "kw_wrap_pt");
    static WRAPPED: [u8; 40] = kat::hex(FILE, "kw_wrap_ct");
    let mut out = [0; 40];
    key_wrap::kw_wrap(&BlockKey::new(check.backends(), &KEK)?, &PLAIN, &mut out)?;
    check.equal(&mut out, &WRAPPED)
}

fn cast_kw_unwrap(check: &mut Check) -> Result<()> {
    static KEK: [u8; 16] = kat::hex(FILE, "kw_unwrap_kek");
    static PLAIN: [u8; 40] = kat::hex(FILE, "kw_unwrap_pt");
    static WRAPPED: [u8; 48] = kat::hex(FILE, "kw_unwrap_ct");
    let kek = BlockKey::new(check.backends(), &KEK)?;
    let mut out = [0; 40];
    key_wrap::kw_unwrap(&kek, &WRAPPED, &mut out)?;
    check.equal(&mut out, &PLAIN)?;
    let bad = damaged(WRAPPED);
    check.rejects(key_wrap::kw_unwrap(&kek, &bad, &mut out))
}

fn cast_kwp_wrap(check: &mut Check) -> Result<()> {
    static KEK: [u8; 32] = kat::hex(FILE, "kwp_wrap_kek");
    static PLAIN: [u8; 31] = kat::hex(FILE, "kwp_wrap_pt");
    static WRAPPED: [u8; 40] = kat::hex(FILE, "kwp_wrap_ct");
    let mut out = [0; 40];
    key_wrap::kwp_wrap(&BlockKey::new(check.backends(), &KEK)?, &PLAIN, &mut out)?;
    check.equal(&mut out, &WRAPPED)
}

fn cast_kwp_unwrap(check: &mut Check) -> Result<()> {
    static KEK: [u8; 32] = kat::hex(FILE, "kwp_unwrap_kek");
    static PLAIN: [u8; 31] = kat::hex(FILE, "kwp_unwrap_pt");
    static WRAPPED: [u8; 40] = kat::hex(FILE, "kwp_unwrap_ct");
    let kek = BlockKey::new(check.backends(), &KEK)?;
    let mut out = [0; 32];
    let len = key_wrap::kwp_unwrap(&kek, &WRAPPED, &mut out)?;
    check.equal(out.get_mut(..len).unwrap_or(&mut []), &PLAIN)?;
    let bad = damaged(WRAPPED);
    check.rejects(key_wrap::kwp_unwrap(&kek, &bad, &mut out))
}

/// The same with one bit of the last block changed: the integrity check value no longer fits.
fn damaged<const N: usize>(mut wrapped: [u8; N]) -> [u8; N] {
    if let Some(last) = wrapped.last_mut() {
        *last ^= 1;
    }
    wrapped
}
