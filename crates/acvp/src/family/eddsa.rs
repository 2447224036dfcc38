//! EDDSA on Ed25519, pure and prehashed: the services' throughout.

use strongroom::{Algorithm, Export, Hash, KeyHandle, KeyKind, Params, Rule, Usage};

use super::test_type;
use crate::der;
use crate::fields::{Fields, Result, answer, hex, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

const KIND: KeyKind = KeyKind::Ed25519;
const LONGEST_CONTEXT: usize = 255;

fn check(group: Fields<'_>, types: &[&str]) -> Result<()> {
    test_type(group, types)?;
    match group.text("curve")? {
        "ED-25519" => Ok(()),
        other => unsupported(format!("curve {other}")),
    }
}

/// The algorithm of a group, which says whether the message is hashed first.
fn algorithm(group: Fields<'_>) -> Result<Algorithm> {
    Ok(if group.flag_or("preHash", false)? { Algorithm::Ed25519ph } else { Algorithm::Ed25519 })
}

/// The parameters of a case; `context` is its storage.
fn params<'c>(algorithm: Algorithm, test: Fields<'_>, context: &'c mut Vec<u8>) -> Result<Params<'c>> {
    *context = test.hex_or_empty("context")?;
    if let Some(len) = test.has("contextLength").then(|| test.number("contextLength")).transpose()? {
        context.truncate(len);
    }
    match algorithm {
        Algorithm::Ed25519ph if context.len() <= LONGEST_CONTEXT => {
            Ok(Params::with_hash(Hash::Sha512).context(context))
        }
        Algorithm::Ed25519 if context.is_empty() => Ok(Params::NONE),
        _ => unsupported("this context"),
    }
}

pub(crate) fn key_gen<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    check(group, &["AFT"])?;
    Ok(Group::of(move |_| {
        let usage = Usage::SIGN.and(Usage::VERIFY);
        let policy = policy(KIND, usage, Rule::any(Algorithm::Ed25519)).export(Export::INTEROPERABLE);
        let key = rig.generate(policy)?;
        // CurvePrivateKey is one more OCTET STRING around the seed (RFC 8410 section 7).
        let d = der::secret(KIND, &rig.take_out(&key)?)?;
        Ok(answer([("d", hex(&d)), ("q", hex(&der::point(&rig.spki(&key)?)?))]))
    }))
}

fn import(rig: &Rig, algorithm: Algorithm, q: &[u8]) -> Result<Option<KeyHandle>> {
    let policy = policy(KIND, Usage::VERIFY, Rule::any(algorithm)).public().build()?;
    let imported = rig.session().import_public(&der::spki(KIND, q), &policy);
    Ok(verdict(imported)?.map(|key| key.value()))
}

pub(crate) fn key_ver<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    check(group, &["AFT"])?;
    Ok(Group::of(move |test| {
        let key = import(rig, Algorithm::Ed25519, &test.hex("q")?)?.map(|key| rig.hold(key));
        Ok(passed(key.is_some()))
    }))
}

pub(crate) fn sig_gen<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    check(group, &["AFT", "BFT"])?;
    let algorithm = algorithm(group)?;
    let policy = policy(KIND, Usage::SIGN, Rule::any(algorithm));
    let key = if group.has("d") {
        rig.bring_in(policy, &der::pkcs8(KIND, &group.hex("d")?))?
    } else {
        rig.generate(policy)?
    };
    let q = hex(&der::point(&rig.spki(&key)?)?);
    let mut opened = Group::of(move |test| {
        let mut context = Vec::new();
        let params = params(algorithm, test, &mut context)?;
        let (message, mut signature) = (test.hex("message")?, [0; 64]);
        rig.session().sign(key.handle(), algorithm, &params, &message, &mut signature)?.value();
        Ok(answer([("signature", hex(&signature))]))
    });
    opened.outputs = answer([("q", q)]);
    Ok(opened)
}

pub(crate) fn sig_ver<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    check(group, &["AFT", "BFT"])?;
    let algorithm = algorithm(group)?;
    Ok(Group::of(move |test| {
        let mut context = Vec::new();
        let params = params(algorithm, test, &mut context)?;
        let (message, signature) = (test.hex("message")?, test.hex("signature")?);
        let Some(key) = import(rig, algorithm, &test.hex("q")?)?.map(|key| rig.hold(key)) else {
            return Ok(passed(false));
        };
        let judged = rig.session().verify(key.handle(), algorithm, &params, &message, &signature);
        Ok(passed(verdict(judged)?.is_some()))
    }))
}
