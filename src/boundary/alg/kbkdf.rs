//! Key derivation from a derivation key: SP 800-108 r1 (August 2022), counter mode (section 4.1) and feedback
//! mode (section 4.2), with HMAC and with AES-CMAC.
//!
//! What the standard leaves open is fixed here (docs/decisions/016): the counter is 32 bits long and stands in
//! front of the fixed input in counter mode, behind K(i-1) in feedback mode, whose IV is empty; the fixed input
//! is Label || 00 || Context || [L], where L is the length of the whole output in bits, 32 bits long: a shorter
//! key is no prefix of a longer one (KDF-2).

use zeroize::Zeroizing;

use super::aes_cmac::{CMAC, TAG};
use super::cast::{Cast, Check};
use super::hmac::HMAC256;
use super::kdf::{MAX_BLOCK, counted};
use crate::algorithm::{Hash, Params};
use crate::boundary::backend::aes::cmac::CmacKey;
use crate::boundary::backend::portable::hash::HmacKey;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::Derive;
use crate::state::TestId;

// -- cells --

pub(in crate::boundary) fn counter_hmac(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    with_hmac(&permit, counter, params, input, secret)
}

pub(in crate::boundary) fn counter_cmac(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    with_cmac(&permit, counter, params, input, secret)
}

pub(in crate::boundary) fn feedback_hmac(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    with_hmac(&permit, feedback, params, input, secret)
}

pub(in crate::boundary) fn feedback_cmac(
    permit: Permit<'_, Derive>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    with_cmac(&permit, feedback, params, input, secret)
}

fn with_hmac(
    permit: &Permit<'_, Derive>,
    mode: Mode,
    params: &Params<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    permit.material(|material| {
        let key = HmacKey::new(hash, material.secret())?;
        composed(mode, &Prf::Hmac(&key, hash), params, input, secret)
    })
}

fn with_cmac(
    permit: &Permit<'_, Derive>,
    mode: Mode,
    params: &Params<'_>,
    input: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    permit.material(|material| composed(mode, &Prf::Cmac(material.prepared().cmac()?), params, input, secret))
}

type Mode = fn(&Prf<'_>, &Fixed<'_>, &mut [u8]) -> Result<()>;

fn composed(mode: Mode, prf: &Prf<'_>, params: &Params<'_>, input: &[u8], secret: &mut [u8]) -> Result<()> {
    if !input.is_empty() {
        return Err(Error::InvalidArgument);
    }
    mode(prf, &fixed(params.label, params.info, &bits_of(secret)?), secret)
}

// -- raw --

/// The pseudorandom function, keyed with K_IN.
pub(in crate::boundary) enum Prf<'k> {
    Hmac(&'k HmacKey, Hash),
    Cmac(&'k CmacKey),
}

impl Prf<'_> {
    /// h, in bytes.
    const fn len(&self) -> usize {
        match self {
            Self::Hmac(_, hash) => hash.output_len(),
            Self::Cmac(_) => TAG,
        }
    }

    fn run(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
        match self {
            Self::Hmac(key, _) => key.mac(parts, out),
            Self::Cmac(key) => {
                let mut state = key.start();
                parts.iter().for_each(|part| state.update(part));
                state.finish(out)
            }
        }
    }
}

/// The fixed input, in parts that stand side by side.
pub(in crate::boundary) type Fixed<'p> = [&'p [u8]; 4];

/// Label || 00 || Context || [L], with L from [`bits_of`]. No label has a zero byte: that is in its closed set.
const fn fixed<'p>(label: &'p [u8], context: &'p [u8], bits: &'p [u8; 4]) -> Fixed<'p> {
    [label, &[0], context, bits]
}

/// L of an output of so many bytes.
fn bits_of(out: &[u8]) -> Result<[u8; 4]> {
    let bits = out.len().checked_mul(8).and_then(|bits| u32::try_from(bits).ok());
    Ok(bits.ok_or(Error::InvalidArgument)?.to_be_bytes())
}

/// Section 4.1: K(i) = PRF(K_IN, [i] || fixed input).
pub(in crate::boundary) fn counter(prf: &Prf<'_>, fixed: &Fixed<'_>, out: &mut [u8]) -> Result<()> {
    let [a, b, c, d] = *fixed;
    counted(prf.len(), out, |i, block| prf.run(&[i, a, b, c, d], block))
}

/// Section 4.2: K(i) = PRF(K_IN, K(i-1) || [i] || fixed input), K(0) = IV, empty.
pub(in crate::boundary) fn feedback(prf: &Prf<'_>, fixed: &Fixed<'_>, out: &mut [u8]) -> Result<()> {
    let [a, b, c, d] = *fixed;
    let mut before = Zeroizing::new([0u8; MAX_BLOCK]);
    let mut known = 0;
    counted(prf.len(), out, |i, block| {
        let last = before.get(..known).ok_or(Error::Corrupted)?;
        prf.run(&[last, i, a, b, c, d], block)?;
        known = block.len();
        before.get_mut(..known).ok_or(Error::Corrupted)?.copy_from_slice(block);
        Ok(())
    })
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/kbkdf.txt");

pub(in crate::boundary) static COUNTER_HMAC: Cast = Cast {
    id: TestId(142),
    name: "Counter derivation, HMAC",
    at_power_on: false,
    depends_on: &[&HMAC256],
    run: counter_hmac_cast,
};
pub(in crate::boundary) static COUNTER_CMAC: Cast = Cast {
    id: TestId(143),
    name: "Counter derivation, CMAC",
    at_power_on: false,
    depends_on: &[&CMAC],
    run: counter_cmac_cast,
};
pub(in crate::boundary) static FEEDBACK_HMAC: Cast = Cast {
    id: TestId(144),
    name: "Feedback derivation, HMAC",
    at_power_on: false,
    depends_on: &[&HMAC256],
    run: feedback_hmac_cast,
};
pub(in crate::boundary) static FEEDBACK_CMAC: Cast = Cast {
    id: TestId(145),
    name: "Feedback derivation, CMAC",
    at_power_on: false,
    depends_on: &[&CMAC],
    run: feedback_cmac_cast,
};

fn counter_hmac_cast(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "counter_hmac_key");
    static LABEL: [u8; 17] = kat::hex(FILE, "counter_hmac_label");
    static CONTEXT: [u8; 23] = kat::hex(FILE, "counter_hmac_context");
    static OKM: [u8; 72] = kat::hex(FILE, "counter_hmac_okm");
    let mut okm = Zeroizing::new([0; 72]);
    let key = HmacKey::new(Hash::Sha256, &KEY)?;
    counter(&Prf::Hmac(&key, Hash::Sha256), &fixed(&LABEL, &CONTEXT, &bits_of(&*okm)?), &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn counter_cmac_cast(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "counter_cmac_key");
    static LABEL: [u8; 17] = kat::hex(FILE, "counter_cmac_label");
    static CONTEXT: [u8; 23] = kat::hex(FILE, "counter_cmac_context");
    static OKM: [u8; 40] = kat::hex(FILE, "counter_cmac_okm");
    let mut okm = Zeroizing::new([0; 40]);
    let key = CmacKey::new(check.backends(), &KEY)?;
    counter(&Prf::Cmac(&key), &fixed(&LABEL, &CONTEXT, &bits_of(&*okm)?), &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn feedback_hmac_cast(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "feedback_hmac_key");
    static LABEL: [u8; 17] = kat::hex(FILE, "feedback_hmac_label");
    static CONTEXT: [u8; 23] = kat::hex(FILE, "feedback_hmac_context");
    static OKM: [u8; 72] = kat::hex(FILE, "feedback_hmac_okm");
    let mut okm = Zeroizing::new([0; 72]);
    let key = HmacKey::new(Hash::Sha256, &KEY)?;
    feedback(&Prf::Hmac(&key, Hash::Sha256), &fixed(&LABEL, &CONTEXT, &bits_of(&*okm)?), &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

fn feedback_cmac_cast(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "feedback_cmac_key");
    static LABEL: [u8; 17] = kat::hex(FILE, "feedback_cmac_label");
    static CONTEXT: [u8; 23] = kat::hex(FILE, "feedback_cmac_context");
    static OKM: [u8; 40] = kat::hex(FILE, "feedback_cmac_okm");
    let mut okm = Zeroizing::new([0; 40]);
    let key = CmacKey::new(check.backends(), &KEY)?;
    feedback(&Prf::Cmac(&key), &fixed(&LABEL, &CONTEXT, &bits_of(&*okm)?), &mut *okm)?;
    check.equal(&mut *okm, &OKM)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
