//! The self-test of CTR_DRBG: SP 800-90A r1 (June 2015), section 11.3 (DRBG-8). The mechanism is in
//! `boundary/drbg/ctr.rs`. A strength cannot be asked for, so a wrong one cannot either.

use super::aes_gcm::AES;
use super::cast::{Cast, Check};
use crate::boundary::drbg::ctr::CtrDrbg;
use crate::boundary::drbg::{MAX_INPUT, MAX_REQUEST};
use crate::error::{Error, Result};
use crate::kat;
use crate::state::TestId;

const FILE: &str = include_str!("../../../kat-vectors/cast/ctr_drbg.txt");

pub(in crate::boundary) static DRBG: Cast =
    Cast { id: TestId(20), name: "CTR-DRBG-AES-256", at_power_on: true, depends_on: &[&AES], run: drbg };

/// Instantiate, generate, reseed, generate; then the refusals: short seed, oversized input and request, the end of
/// the interval until a reseed, and any use after uninstantiate, which leaves zeros.
fn drbg(check: &mut Check) -> Result<()> {
    between(check)?;
    static ENTROPY: [u8; 32] = kat::hex(FILE, "first_entropy");
    static NONCE: [u8; 16] = kat::hex(FILE, "first_nonce");
    static PERSONALISATION: [u8; 32] = kat::hex(FILE, "first_personalisation");
    static RESEED: [u8; 32] = kat::hex(FILE, "first_reseed_entropy");
    static RETURNED: [u8; 64] = kat::hex(FILE, "first_returned");
    static TOO_LONG: [u8; MAX_INPUT + 1] = [0; MAX_INPUT + 1];
    let aes = check.backends().aes;
    let mut drbg = CtrDrbg::instantiate(aes, &ENTROPY, &NONCE, &PERSONALISATION)?;
    let mut out = [0; 64];
    drbg.reseed(&RESEED, &[])?;
    drbg.generate(&mut out, &[])?;
    drbg.generate(&mut out, &[])?;
    check.equal(&mut out, &RETURNED)?;

    check.refuses(CtrDrbg::instantiate(aes, &[0; 31], &NONCE, &[]))?;
    check.refuses(CtrDrbg::instantiate(aes, &ENTROPY, &[0; 15], &[]))?;
    check.refuses(drbg.reseed(&[0; 31], &[]))?;
    check.refuses(drbg.generate(&mut out, &TOO_LONG))?;
    check.refuses(drbg.admits(MAX_REQUEST + 1, 0))?;
    drbg.wear_out();
    check.refuses(drbg.generate(&mut out, &[]))?;
    drbg.reseed(&RESEED, &[])?;
    check.accepts(drbg.generate(&mut out, &[]).map_err(Error::from))?;
    drbg.uninstantiate();
    check.accepts(if drbg.is_wiped() { Ok(()) } else { Err(Error::Rejected) })?;
    check.refuses(drbg.reseed(&RESEED, &[]))?;
    check.refuses(drbg.generate(&mut out, &[]))
}

fn between(check: &mut Check) -> Result<()> {
    static ENTROPY: [u8; 32] = kat::hex(FILE, "between_entropy");
    static NONCE: [u8; 16] = kat::hex(FILE, "between_nonce");
    static PERSONALISATION: [u8; 32] = kat::hex(FILE, "between_personalisation");
    static FIRST: [u8; 32] = kat::hex(FILE, "between_additional_first");
    static RESEED: [u8; 32] = kat::hex(FILE, "between_reseed_entropy");
    static RESEED_ADDITIONAL: [u8; 32] = kat::hex(FILE, "between_reseed_additional");
    static SECOND: [u8; 32] = kat::hex(FILE, "between_additional_second");
    static RETURNED: [u8; 16] = kat::hex(FILE, "between_returned");
    let mut drbg = CtrDrbg::instantiate(check.backends().aes, &ENTROPY, &NONCE, &PERSONALISATION)?;
    let mut out = [0; 16];
    drbg.generate(&mut out, &FIRST)?;
    drbg.reseed(&RESEED, &RESEED_ADDITIONAL)?;
    drbg.generate(&mut out, &SECOND)?;
    check.equal(&mut out, &RETURNED)
}
