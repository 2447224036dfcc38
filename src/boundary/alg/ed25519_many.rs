//! Ed25519 in groups: FIPS 186-5 (February 2023), sections 7.6 and 7.7, each lane as ed25519.rs does it alone, and
//! so the same answers.

use core::array;

use super::cast::{Cast, Check};
use super::ed25519::{ED25519_SIGN, ED25519_VERIFY, FILE, public};
use crate::boundary::backend::ed25519_lanes::{Signing, Verifying, sign_lanes, verify_lanes};
use crate::boundary::backend::portable::ed25519::{PrivateKey, PublicKey};
use crate::boundary::backend::{Backends, Lanes};
use crate::boundary::batch::{Group, Judging, LANES, Making, give_outputs, permits, take_outputs};
use crate::boundary::key::material_many;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result, attempt};
use crate::kat;
use crate::policy::ops::{Sign, Verify};
use crate::state::TestId;

const SIGNATURE: usize = 64;

// -- cells --

/// Signs the messages of a group.
pub(in crate::boundary) fn sign(jobs: &mut Group<Making<'_, '_, Sign>>, tools: &mut Tools<'_>) {
    let mut outputs = take_outputs(jobs);
    let mut answers: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let permits = permits(jobs);
    material_many(permits, |materials| {
        let mut lanes: Lanes<Signing<'_>> = array::from_fn(|_| None);
        let places = lanes.iter_mut().zip(outputs.iter_mut().zip(&mut answers));
        for ((lane, (output, answer)), (making, material)) in places.zip(jobs.iter().zip(materials)) {
            let Some(making) = making else { continue };
            let ready = attempt(move || {
                let key = material.ok_or(Error::Corrupted)?.prepared().ed25519()?;
                let output = output.as_mut().map_err(|error| *error)?.claim(SIGNATURE)?;
                let output = output.try_into().map_err(|_| Error::Corrupted)?;
                Ok(Signing::new(key, making.job.input, output))
            });
            match ready {
                Ok(ready) => *lane = Some(ready),
                Err(error) => *answer = Err(error),
            }
        }
        sign_lanes(&tools.backends, &mut lanes);
        for (lane, answer) in lanes.iter().zip(&mut answers) {
            if let Some(lane) = lane {
                *answer = lane.made;
            }
        }
    });
    give_outputs(jobs, outputs, answers);
}

/// Verifies the signatures of a group.
pub(in crate::boundary) fn verify(jobs: &mut Group<Judging<'_, '_, Verify>>, backends: &Backends) {
    let mut verdicts: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let permits = jobs.each_ref().map(|judging| judging.as_ref()?.job.permit().ok());
    material_many(permits, |materials| {
        let mut lanes: Lanes<Verifying<'_>> = array::from_fn(|_| None);
        let places = lanes.iter_mut().zip(&mut verdicts);
        for ((lane, verdict), (judging, material)) in places.zip(jobs.iter().zip(materials)) {
            let Some(Judging { job, proof, .. }) = judging else { continue };
            match material.ok_or(Error::Corrupted).and_then(|material| public(material.prepared())) {
                Ok(key) => *lane = Some(Verifying::new(key, job.input, proof)),
                Err(error) => *verdict = Err(error),
            }
        }
        verify_lanes(backends, &mut lanes);
        for (lane, verdict) in lanes.iter().zip(&mut verdicts) {
            if let Some(lane) = lane {
                *verdict = lane.verdict;
            }
        }
    });
    for (judging, verdict) in jobs.iter_mut().zip(verdicts) {
        if let Some(judging) = judging {
            judging.verdict = verdict;
        }
    }
}

// -- casts --

pub(in crate::boundary) static SIGN_MANY: Cast = Cast {
    id: TestId(172),
    name: "Ed25519 batch sign",
    at_power_on: false,
    depends_on: &[&ED25519_SIGN],
    run: cast_sign,
};
pub(in crate::boundary) static VERIFY_MANY: Cast = Cast {
    id: TestId(173),
    name: "Ed25519 batch verify",
    at_power_on: false,
    depends_on: &[&ED25519_VERIFY],
    run: cast_verify,
};

/// A known signature: seed, public key, message, signature.
type Known = (&'static [u8; 32], &'static [u8; 32], &'static [u8], &'static [u8; SIGNATURE]);

static KNOWN: [Known; 2] = [
    (
        &kat::hex(FILE, "sign_seed"),
        &kat::hex(FILE, "sign_q"),
        &kat::hex::<2>(FILE, "sign_msg"),
        &kat::hex(FILE, "sign_sig"),
    ),
    (
        &kat::hex(FILE, "verify_seed"),
        &kat::hex(FILE, "verify_q"),
        &kat::hex::<1>(FILE, "verify_msg"),
        &kat::hex(FILE, "verify_sig"),
    ),
];

/// Lanes that a self-test fills.
const TESTED: usize = 8;

/// Neighbouring lanes have different keys and messages: an answer in the wrong lane is seen.
fn cast_sign(check: &mut Check) -> Result<()> {
    let keys = KNOWN.map(|(seed, ..)| PrivateKey::new(check.backends(), seed));
    let mut signatures = [[0; SIGNATURE]; TESTED];
    let mut each = signatures.iter_mut().zip(keys.iter().zip(KNOWN).cycle());
    let mut lanes: Lanes<Signing<'_>> = array::from_fn(|_| {
        let (signature, (key, (_, _, message, _))) = each.next()?;
        Some(Signing::new(key, message, signature))
    });
    sign_lanes(check.backends(), &mut lanes);
    lanes.iter().flatten().try_for_each(|lane| lane.made)?;
    for (signature, (.., stored)) in signatures.iter_mut().zip(KNOWN.into_iter().cycle()) {
        check.equal(signature, stored)?;
    }
    Ok(())
}

/// Every other signature is good; the rest are good ones of another key or of another message.
fn cast_verify(check: &mut Check) -> Result<()> {
    let [(_, a_key, a_message, a_signature), (_, b_key, b_message, b_signature)] = KNOWN;
    let (a, b) = (PublicKey::new(a_key)?, PublicKey::new(b_key)?);
    // A bad S: with its top bits set it is not below L.
    let mut large = *a_signature;
    if let Some(last) = large.last_mut() {
        *last |= 0xe0;
    }
    let mut each = [
        (&a, a_message, a_signature),
        (&a, b_message, a_signature),
        (&b, b_message, b_signature),
        (&a, b_message, b_signature),
        (&a, a_message, a_signature),
        (&a, a_message, &large),
        (&b, b_message, b_signature),
        (&b, a_message, a_signature),
    ]
    .into_iter();
    let mut lanes: Lanes<Verifying<'_>> = array::from_fn(|_| {
        let (key, message, signature) = each.next()?;
        Some(Verifying::new(key, message, signature))
    });
    verify_lanes(check.backends(), &mut lanes);
    for (lane, good) in lanes.iter().flatten().zip([true, false].into_iter().cycle()) {
        match good {
            true => check.accepts(lane.verdict)?,
            false => check.rejects(lane.verdict)?,
        }
    }
    Ok(())
}
