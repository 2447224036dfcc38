//! SLH-DSA. Keys come in through the front door, since their form is the stored one; the service signs, hedged or
//! deterministic, and verifies. Given randomness, formatted messages and hashes that are too weak are raw, and so
//! is the root of a new key, which the engine computes again when the key comes in.

use strongroom::lab::raw;
use strongroom::{Algorithm, KeyKind, Rule, Usage};

use super::signed::{Interface, Pair};
use super::{parameter_set, test_type};
use crate::der;
use crate::fields::{Fault, Fields, Result, answer, hex, malformed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

const PAIR: Pair = (Algorithm::SlhDsa, Algorithm::HashSlhDsa);

pub(crate) fn key_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let kind = parameter_set(set, group)?;
    Ok(Group::of(move |test| {
        let seeds = [test.hex("skSeed")?, test.hex("skPrf")?, test.hex("pkSeed")?];
        if seeds.iter().any(|seed| seed.len() != n(kind)) {
            return malformed("a seed of another length");
        }
        let sk = raw::slh_dsa_key(kind, &seeds.concat())?;
        let policy = policy(kind, Usage::SIGN, Rule::any(Algorithm::SlhDsa));
        let pk = der::point(&rig.spki(&rig.bring_in(policy, &der::pkcs8(kind, &sk))?)?)?;
        if !sk.ends_with(&pk) {
            return Err(Fault::Failed("the service and the raw function make different keys".into()));
        }
        Ok(answer([("pk", hex(&pk)), ("sk", hex(&sk))]))
    }))
}

/// Bytes of a seed (FIPS 205 Table 2).
fn n(kind: KeyKind) -> usize {
    match kind.name() {
        name if name.contains("128") => 16,
        name if name.contains("192") => 24,
        _ => 32,
    }
}

pub(crate) fn sig_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let (kind, interface) = (parameter_set(set, group)?, Interface::of(group)?);
    let deterministic = group.flag_or("deterministic", false)?;
    if let Interface::Mu = interface {
        return unsupported("externalMu");
    }
    Ok(Group::of(move |test| {
        let (signed, sk) = (interface.read(test)?, test.hex("sk")?);
        if sk.len() != n(kind) * 4 {
            return malformed("`sk` has another length");
        }
        let mut random = match (deterministic, test.has("additionalRandomness")) {
            (false, true) => Some(test.hex("additionalRandomness")?),
            _ => None,
        };
        if random.as_ref().is_some_and(|random| random.len() != n(kind)) {
            return malformed("`additionalRandomness` has another length");
        }
        if random.is_none() {
            if let Some(signature) = signed.sign(rig, PAIR, kind, &sk, deterministic)? {
                return Ok(answer([("signature", hex(&signature))]));
            }
            if !deterministic {
                random = Some(rig.random(n(kind))?);
            }
        }
        match verdict(raw::slh_dsa_sign(kind, &sk, signed.content(), random.as_deref()))? {
            Some(signature) => Ok(answer([("signature", hex(&signature))])),
            None => malformed("`sk` is no key"),
        }
    }))
}

pub(crate) fn sig_ver<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let (kind, interface) = (parameter_set(set, group)?, Interface::of(group)?);
    if let Interface::Mu = interface {
        return unsupported("externalMu");
    }
    Ok(Group::of(move |test| {
        let (signed, pk, signature) = (interface.read(test)?, test.hex("pk")?, test.hex("signature")?);
        let raw = || raw::slh_dsa_verify(kind, &pk, signed.content(), &signature);
        signed.verify(rig, PAIR, kind, &pk, &signature, raw)
    }))
}
