//! The self-test of HMAC_DRBG: SP 800-90A r1 (June 2015), section 11.3 (DRBG-8). The mechanism is in
//! `boundary/drbg/hmac.rs`. A strength cannot be asked for, so a wrong one cannot either.

use super::cast::{Cast, Check};
use super::hmac::HMAC512;
use crate::boundary::drbg::hmac::HmacDrbg;
use crate::boundary::drbg::{MAX_INPUT, MAX_REQUEST};
use crate::error::{Error, Result};
use crate::kat;
use crate::state::TestId;

const FILE: &str = include_str!("../../../kat-vectors/cast/hmac_drbg.txt");

pub(in crate::boundary) static DRBG: Cast = Cast {
    id: TestId(148),
    name: "HMAC-DRBG-SHA-512",
    at_power_on: true,
    depends_on: &[&HMAC512],
    run: drbg,
};

/// Instantiate, reseed, generate, generate; then the refusals: short seed, oversized input and request, the end of
/// the interval until a reseed, and any use after uninstantiate, which leaves zeros.
fn drbg(check: &mut Check) -> Result<()> {
    static ENTROPY: [u8; 32] = kat::hex(FILE, "entropy");
    static NONCE: [u8; 16] = kat::hex(FILE, "nonce");
    static PERSONALISATION: [u8; 32] = kat::hex(FILE, "personalisation");
    static RESEED: [u8; 32] = kat::hex(FILE, "reseed_entropy");
    static RESEED_ADDITIONAL: [u8; 32] = kat::hex(FILE, "reseed_additional");
    static FIRST: [u8; 32] = kat::hex(FILE, "additional_first");
    static SECOND: [u8; 32] = kat::hex(FILE, "additional_second");
    static RETURNED: [u8; 256] = kat::hex(FILE, "returned");
    static TOO_LONG: [u8; MAX_INPUT + 1] = [0; MAX_INPUT + 1];
    let mut drbg = HmacDrbg::instantiate(&ENTROPY, &NONCE, &PERSONALISATION)?;
    let mut out = [0; 256];
    drbg.reseed(&RESEED, &RESEED_ADDITIONAL)?;
    drbg.generate(&mut out, &FIRST)?;
    drbg.generate(&mut out, &SECOND)?;
    check.equal(&mut out, &RETURNED)?;

    check.refuses(HmacDrbg::instantiate(&[0; 31], &NONCE, &[]))?;
    check.refuses(HmacDrbg::instantiate(&ENTROPY, &[0; 15], &[]))?;
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
