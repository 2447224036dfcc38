//! ML-DSA. A seed comes in through the front door, and the service signs with it: pure, hashed, or a mu made
//! outside, hedged or deterministic. Expanded keys, which no service takes, given randomness and formatted
//! messages are raw. Verification is the service's, but of formatted messages and of hashes that are too weak.

use strongroom::lab::raw::{self, LatticeKey};
use strongroom::{Algorithm, Rule, Usage};

use super::signed::{Interface, Pair};
use super::{parameter_set, test_type};
use crate::der;
use crate::fields::{Fault, Fields, Result, answer, array, hex, malformed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

const PAIR: Pair = (Algorithm::MlDsa, Algorithm::HashMlDsa);

pub(crate) fn key_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let kind = parameter_set(set, group)?;
    Ok(Group::of(move |test| {
        let seed = array::<32>(&test.hex("seed")?, "seed")?;
        let policy = policy(kind, Usage::SIGN, Rule::any(Algorithm::MlDsa));
        let served = der::point(&rig.spki(&rig.bring_in(policy, &der::pkcs8(kind, &seed))?)?)?;
        let (pk, sk) = raw::ml_dsa_key(kind, LatticeKey::Seed(&seed))?;
        if pk != served {
            return Err(Fault::Failed("the service and the raw function make different keys".into()));
        }
        Ok(answer([("pk", hex(&served)), ("sk", hex(&sk))]))
    }))
}

pub(crate) fn sig_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let (kind, interface) = (parameter_set(set, group)?, Interface::of(group)?);
    let deterministic = group.flag_or("deterministic", false)?;
    let seeds = match group.text_or("keyFormat", "expanded")? {
        "expanded" => false,
        "seed" => true,
        other => return unsupported(format!("keyFormat {other}")),
    };
    Ok(Group::of(move |test| {
        let signed = interface.read(test)?;
        let key = test.hex(if seeds { "seed" } else { "sk" })?;
        let random = match (deterministic, test.has("rnd")) {
            (true, _) => Some([0; 32]),
            (false, true) => Some(array(&test.hex("rnd")?, "rnd")?),
            _ => None,
        };
        if seeds {
            array::<32>(&key, "seed")?;
            if (deterministic || random.is_none())
                && let Some(signature) = signed.sign(rig, PAIR, kind, &key, deterministic)?
            {
                return Ok(answer([("signature", hex(&signature))]));
            }
        }
        let random = match random {
            Some(random) => random,
            None => array(&rig.random(32)?, "rnd")?,
        };
        let key = if seeds { LatticeKey::Seed(&key) } else { LatticeKey::Expanded(&key) };
        match verdict(raw::ml_dsa_sign(kind, key, signed.content(), &random))? {
            Some(signature) => Ok(answer([("signature", hex(&signature))])),
            None => malformed("`sk` is no key"),
        }
    }))
}

pub(crate) fn sig_ver<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let (kind, interface) = (parameter_set(set, group)?, Interface::of(group)?);
    Ok(Group::of(move |test| {
        let (signed, pk, signature) = (interface.read(test)?, test.hex("pk")?, test.hex("signature")?);
        let raw = || raw::ml_dsa_verify(kind, &pk, signed.content(), &signature);
        signed.verify(rig, PAIR, kind, &pk, &signature, raw)
    }))
}
