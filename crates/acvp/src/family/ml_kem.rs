//! ML-KEM. Seeds come in through the front door: the engine computes their encapsulation keys, decapsulates with
//! them, and checks encapsulation keys. Secrets, which no service shows, expanded keys, which none takes, and
//! encapsulations whose randomness is given are raw.

use strongroom::lab::raw::{self, LatticeKey};
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::{parameter_set, test_type};
use crate::der;
use crate::fields::{
    Answer, Fault, Fields, Result, answer, array, hex, malformed, passed, unsupported, verdict,
};
use crate::registry::Group;
use crate::rig::{Held, Rig, policy};

const RULE: Rule = Rule::any(Algorithm::MlKem);

fn seed(test: Fields<'_>) -> Result<Vec<u8>> {
    let (d, z) = (array::<32>(&test.hex("d")?, "d")?, array::<32>(&test.hex("z")?, "z")?);
    Ok([d, z].concat())
}

fn bring_in<'r>(rig: &'r Rig, kind: KeyKind, seed: &[u8]) -> Result<Held<'r>> {
    rig.bring_in(policy(kind, Usage::DECAPSULATE, RULE), &der::pkcs8(kind, seed))
}

pub(crate) fn key_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let kind = parameter_set(set, group)?;
    Ok(Group::of(move |test| {
        let seed = seed(test)?;
        let served = der::point(&rig.spki(&bring_in(rig, kind, &seed)?)?)?;
        let (ek, dk) = raw::ml_kem_key(kind, LatticeKey::Seed(&seed))?;
        if ek != served {
            return Err(Fault::Failed("the service and the raw function make different keys".into()));
        }
        Ok(answer([("ek", hex(&served)), ("dk", hex(&dk))]))
    }))
}

pub(crate) fn encap_decap<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT", "VAL"])?;
    let kind = parameter_set(set, group)?;
    let seeds = match group.text_or("keyFormat", "expanded")? {
        "expanded" => false,
        "seed" => true,
        other => return unsupported(format!("keyFormat {other}")),
    };
    match group.text("function")? {
        "encapsulation" => Ok(Group::of(move |test| encapsulate(rig, kind, test))),
        "decapsulation" => Ok(Group::of(move |test| decapsulate(rig, kind, seeds, test))),
        "encapsulationKeyCheck" => Ok(Group::of(move |test| {
            let key = rig.import(public(kind), &der::spki(kind, &test.hex("ek")?))?;
            Ok(passed(key.is_some()))
        })),
        "decapsulationKeyCheck" => Ok(Group::of(move |test| {
            let checked = raw::ml_kem_key(kind, LatticeKey::Expanded(&test.hex("dk")?));
            Ok(passed(verdict(checked)?.is_some()))
        })),
        other => unsupported(format!("function {other}")),
    }
}

fn public(kind: KeyKind) -> strongroom::AttributesBuilder {
    policy(kind, Usage::ENCAPSULATE, RULE)
}

fn encapsulate(rig: &Rig, kind: KeyKind, test: Fields<'_>) -> Result<Answer> {
    let (ek, m) = (test.hex("ek")?, array(&test.hex("m")?, "m")?);
    if rig.import(public(kind), &der::spki(kind, &ek))?.is_none() {
        return malformed("`ek` is no key");
    }
    let (c, k) = raw::ml_kem_encapsulate(kind, &ek, &m)?;
    Ok(answer([("c", hex(&c)), ("k", hex(&k))]))
}

fn decapsulate(rig: &Rig, kind: KeyKind, seeds: bool, test: Fields<'_>) -> Result<Answer> {
    const HASH: Hash = Hash::Sha256;
    let c = test.hex("c")?;
    if Some(c.len()) != raw::ml_kem_ciphertext_len(kind) {
        return malformed("`c` has another length");
    }
    if !seeds {
        let dk = test.hex("dk")?;
        let k = verdict(raw::ml_kem_decapsulate(kind, LatticeKey::Expanded(&dk), &c))?;
        return k.map_or_else(|| malformed("`dk` is no key"), |k| Ok(answer([("k", hex(&k))])));
    }
    let seed = seed(test)?;
    let k = raw::ml_kem_decapsulate(kind, LatticeKey::Seed(&seed), &c)?;
    let own = bring_in(rig, kind, &seed)?;
    let child = policy(KeyKind::Hmac, Usage::MAC, Rule::hashed(Algorithm::Hmac, HASH)).length(32).build()?;
    let made = rig.session().decapsulate(own.handle(), Algorithm::MlKem, &Params::NONE, &c, &child)?.value();
    rig.is_hmac_key(&rig.hold(made), HASH, &k)?;
    Ok(answer([("k", hex(&k))]))
}
