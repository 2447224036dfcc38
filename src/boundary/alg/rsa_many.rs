//! RSA signatures in groups: FIPS 186-5 (February 2023), section 5, each lane as rsa.rs does it alone. Encoding
//! and its salt, blinding, check of the result and verdict are of a lane alone; its exponentiations go with
//! those of its neighbours whose keys have the same size.

use core::array;

use super::cast::{Cast, Check};
use super::rsa::{self as single, encode, encode_fresh, fixed_blinding, judge, sha256, test_key};
use super::sha2::SHA256;
use crate::algorithm::{Algorithm, Hash};
use crate::boundary::backend::portable::hash;
use crate::boundary::backend::rsa::{
    PrivateOp, PublicKey, PublicOp, PublicView, private_lanes, public_lanes,
};
use crate::boundary::backend::{Backends, Lanes};
use crate::boundary::batch::{Group, Job, Judging, LANES, Making, give_outputs, permits, take_outputs};
use crate::boundary::key::material_many;
use crate::boundary::scratch::Scratch;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result, attempt};
use crate::policy::ops::{Op, Sign, Verify};
use crate::state::TestId;

/// Longest digest.
const MAX_HASH: usize = 64;

// -- cells --

/// Signs the messages of a group, with the padding of the permitted algorithm.
pub(in crate::boundary) fn sign(jobs: &mut Group<Making<'_, '_, Sign>>, tools: &mut Tools<'_>) {
    let mut outputs = take_outputs(jobs);
    let mut answers: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let mut encodings: Lanes<Scratch> = array::from_fn(|_| None);
    let permits = permits(jobs);
    material_many(permits, |materials| {
        let mut lanes: Lanes<PrivateOp<'_>> = array::from_fn(|_| None);
        let places = lanes.iter_mut().zip(&mut encodings).zip(outputs.iter_mut().zip(&mut answers));
        for (((lane, encoded), (output, answer)), (making, material)) in
            places.zip(jobs.iter().zip(materials))
        {
            let Some(making) = making else { continue };
            let ready = attempt(|| {
                let key = material.ok_or(Error::Corrupted)?.prepared().rsa()?;
                let len = key.public().len();
                let encoded = encoded.insert(Scratch::new(len)?);
                let mut digest = [0; MAX_HASH];
                let (hash, digest) = digest_of(&making.job, &mut digest)?;
                encode_fresh(algorithm_of(&making.job)?, hash, digest, tools, encoded.bytes_mut())?;
                let output = output.as_mut().map_err(|error| *error)?.claim(len)?;
                Ok(PrivateOp::new(key, encoded.bytes(), output))
            });
            match ready {
                Ok(ready) => *lane = Some(ready),
                Err(error) => *answer = Err(error),
            }
        }
        private_lanes(&mut lanes, &mut |random| tools.secret(random));
        for (lane, answer) in lanes.iter().zip(&mut answers) {
            if let Some(lane) = lane {
                *answer = lane.result;
            }
        }
    });
    give_outputs(jobs, outputs, answers);
}

/// Verifies the signatures of a group. What runs was chosen when the keys were made.
pub(in crate::boundary) fn verify(jobs: &mut Group<Judging<'_, '_, Verify>>, _backends: &Backends) {
    let mut verdicts: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let permits = jobs.each_ref().map(|judging| judging.as_ref()?.job.permit().ok());
    material_many(permits, |materials| {
        let mut claims: Lanes<Claim<'_>> = array::from_fn(|_| None);
        let mut digests = [[0; MAX_HASH]; LANES];
        let places = claims.iter_mut().zip(&mut digests).zip(&mut verdicts);
        for (((claim, digest), verdict), (judging, material)) in places.zip(jobs.iter().zip(materials)) {
            let Some(Judging { job, proof, .. }) = judging else { continue };
            let ready = attempt(move || {
                let key = material.ok_or(Error::Corrupted)?.prepared().rsa_public()?;
                let algorithm = algorithm_of(job)?;
                let (hash, digest) = digest_of(job, digest)?;
                Ok(Claim { key, algorithm, hash, digest, signature: proof })
            });
            match ready {
                Ok(ready) => *claim = Some(ready),
                Err(error) => *verdict = Err(error),
            }
        }
        verify_raw(&claims, &mut verdicts);
    });
    for (judging, verdict) in jobs.iter_mut().zip(verdicts) {
        if let Some(judging) = judging {
            judging.verdict = verdict;
        }
    }
}

// -- raw --

/// What a signature claims.
struct Claim<'l> {
    key: PublicView<'l>,
    algorithm: Algorithm,
    hash: Hash,
    digest: &'l [u8],
    signature: &'l [u8],
}

/// Judges every claim; where there is none the verdict stays.
fn verify_raw(claims: &Lanes<Claim<'_>>, verdicts: &mut [Result<()>; LANES]) {
    let mut encodings: Lanes<Result<Scratch>> =
        claims.each_ref().map(|claim| claim.as_ref().map(|claim| Scratch::new(claim.key.len())));
    let mut results: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    {
        let mut lanes: Lanes<PublicOp<'_>> = array::from_fn(|_| None);
        for ((lane, encoded), claim) in lanes.iter_mut().zip(&mut encodings).zip(claims) {
            let (Some(claim), Some(Ok(encoded))) = (claim, encoded) else { continue };
            *lane = Some(PublicOp::new(claim.key, claim.signature, encoded.bytes_mut()));
        }
        public_lanes(&mut lanes);
        for (lane, result) in lanes.iter().zip(&mut results) {
            if let Some(lane) = lane {
                *result = lane.result;
            }
        }
    }
    for (((claim, encoded), result), verdict) in claims.iter().zip(&encodings).zip(results).zip(verdicts) {
        let (Some(claim), Some(encoded)) = (claim, encoded) else { continue };
        *verdict = result.and_then(|()| {
            let encoded = encoded.as_ref().map_err(|error| *error)?;
            judge(claim.algorithm, claim.hash, claim.digest, encoded.bytes())
        });
    }
}

fn algorithm_of<O: Op>(job: &Job<'_, '_, O>) -> Result<Algorithm> {
    Ok(job.permit()?.evidence().indicator().algorithm())
}

fn digest_of<'d, O: Op>(job: &Job<'_, '_, O>, digest: &'d mut [u8; MAX_HASH]) -> Result<(Hash, &'d [u8])> {
    let hash = job.params.hash.ok_or(Error::InvalidArgument)?;
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[job.input], digest)?;
    Ok((hash, digest))
}

// -- casts --

pub(in crate::boundary) static SIGN_MANY: Cast = Cast {
    id: TestId(166),
    name: "RSA batch sign",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: cast_sign,
};
pub(in crate::boundary) static VERIFY_MANY: Cast = Cast {
    id: TestId(167),
    name: "RSA batch verify",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: cast_verify,
};

/// Lanes that a self-test fills.
const TESTED: usize = 8;

/// Neighbouring lanes have different paddings and messages: an answer in the wrong lane is seen.
fn cast_sign(check: &mut Check) -> Result<()> {
    let key = test_key(check.backends())?;
    let (mut pkcs1, mut pss) = ([0; 256], [0; 256]);
    encode(Algorithm::RsaPkcs1, Hash::Sha256, &sha256(&single::PKCS1_MESSAGE)?, &[], &mut pkcs1)?;
    encode(Algorithm::RsaPss, Hash::Sha256, &sha256(&single::PSS_MESSAGE)?, &single::PSS_SALT, &mut pss)?;
    let mut signatures = [[0; 256]; TESTED];
    let mut each = signatures.iter_mut().zip([&pkcs1, &pss].into_iter().cycle());
    let mut lanes: Lanes<PrivateOp<'_>> = array::from_fn(|_| {
        let (signature, encoded) = each.next()?;
        Some(PrivateOp::new(&key, encoded, signature))
    });
    private_lanes(&mut lanes, &mut fixed_blinding);
    lanes.iter().flatten().try_for_each(|lane| lane.result)?;
    let known = [&single::PKCS1_SIGNATURE, &single::PSS_SIGNATURE];
    for (signature, stored) in signatures.iter_mut().zip(known.into_iter().cycle()) {
        check.equal(signature, stored)?;
    }
    Ok(())
}

/// Every other signature is good; the rest are good ones of another key or of another message.
fn cast_verify(check: &mut Check) -> Result<()> {
    let ours = PublicKey::new(check.backends(), &single::N, &single::E)?;
    let other = PublicKey::new(check.backends(), &single::OTHER_N, &single::OTHER_E)?;
    let (pkcs1, pss) = (sha256(&single::PKCS1_MESSAGE)?, sha256(&single::PSS_MESSAGE)?);
    let (others, pss_random) = (sha256(&single::OTHER_MESSAGE)?, sha256(&single::PSS_VERIFY_MESSAGE)?);
    let mut each = [
        (&ours, Algorithm::RsaPkcs1, &pkcs1, &single::PKCS1_SIGNATURE),
        (&ours, Algorithm::RsaPkcs1, &pkcs1, &single::OTHER_SIGNATURE),
        (&other, Algorithm::RsaPkcs1, &others, &single::OTHER_SIGNATURE),
        (&other, Algorithm::RsaPkcs1, &others, &single::PSS_SIGNATURE),
        (&ours, Algorithm::RsaPss, &pss_random, &single::PSS_VERIFY_SIGNATURE),
        (&ours, Algorithm::RsaPss, &pss, &single::PSS_VERIFY_SIGNATURE),
        (&ours, Algorithm::RsaPss, &pss, &single::PSS_SIGNATURE),
        (&ours, Algorithm::RsaPkcs1, &others, &single::PKCS1_SIGNATURE),
    ]
    .into_iter();
    let claims: Lanes<Claim<'_>> = array::from_fn(|_| {
        let (key, algorithm, digest, signature) = each.next()?;
        Some(Claim { key: key.public(), algorithm, hash: Hash::Sha256, digest, signature })
    });
    let mut verdicts = [Err(Error::Corrupted); LANES];
    verify_raw(&claims, &mut verdicts);
    for (verdict, good) in verdicts.into_iter().take(TESTED).zip([true, false].into_iter().cycle()) {
        match good {
            true => check.accepts(verdict)?,
            false => check.rejects(verdict)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
