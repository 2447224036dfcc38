//! KDA HKDF and OneStep (SP 800-56C r2 sections 5 and 4). The service's derived keys never come out, so what is answered is computed
//! raw; where the engine has keys of such lengths, the service derives from the same secret, and has to have
//! made the key that is answered.

use serde_json::Value;
use strongroom::lab::raw;
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::pattern::{assemble, length};
use super::{hash_named, served, test_type};
use crate::fields::{Fields, Result, answer, hex, passed, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// A derivation and its hash.
#[derive(Clone, Copy)]
struct Function {
    algorithm: Algorithm,
    hash: Hash,
}

impl Function {
    const fn hkdf(hash: Hash) -> Self {
        Self { algorithm: Algorithm::Hkdf, hash }
    }

    fn one_step(auxiliary: &str) -> Result<Self> {
        Ok(match auxiliary.strip_prefix("HMAC-") {
            Some(hash) => Self { algorithm: Algorithm::OneStepHmac, hash: hash_named(hash)? },
            None => Self { algorithm: Algorithm::OneStepHash, hash: hash_named(auxiliary)? },
        })
    }

    /// The most bytes: SP 800-56C r2 section 4.1 counts blocks in 32 bits, RFC 5869 section 2.3 in 8. No set
    /// comes near the former.
    const fn most(self) -> usize {
        match self.algorithm {
            Algorithm::Hkdf => self.hash.output_len() * 255,
            _ => 1 << 16,
        }
    }

    fn raw(self, salt: &[u8], z: &[u8], info: &[u8], len: usize) -> strongroom::Result<Vec<u8>> {
        match self.algorithm {
            Algorithm::OneStepHash => raw::one_step_hash(self.hash, z, info, len),
            Algorithm::OneStepHmac => raw::one_step_hmac(self.hash, salt, z, info, len),
            _ => raw::hkdf(self.hash, salt, z, info, len),
        }
    }
}

pub(crate) fn hkdf<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    if group.flag_or("multiExpansion", false)? {
        return expansions(rig, group);
    }
    let hash = hash_named(group.object("kdfConfiguration")?.text("hmacAlg")?)?;
    single(rig, group, Function::hkdf(hash))
}

pub(crate) fn one_step<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let auxiliary = group.object("kdfConfiguration")?.text("auxFunction")?;
    single(rig, group, Function::one_step(auxiliary)?)
}

/// Several keys of one secret.
fn expansions<'r>(rig: &'r Rig, group: Fields<'_>) -> Result<Group<'r>> {
    let judge = judges(group)?;
    let hash = hash_named(group.object("kdfMultiExpansionConfiguration")?.text("hmacAlg")?)?;
    Ok(Group::of(move |test| {
        let parameter = test.object("kdfMultiExpansionParameter")?;
        let (z, salt) = (parameter.hex("z")?, parameter.hex_or_empty("salt")?);
        let mut keys = Vec::new();
        for iteration in parameter.list("iterationParameters")? {
            let iteration = Fields::of(iteration, "an iteration")?;
            let (info, len) = (iteration.hex("fixedInfo")?, iteration.whole_bytes("l")?);
            keys.push(derive(rig, Function::hkdf(hash), &salt, &z, &info, len)?);
        }
        if !judge {
            return Ok(answer([("dkms", Value::Array(keys.iter().map(|key| hex(key)).collect()))]));
        }
        let expected = test.list("dkms")?;
        let same = |(key, expected): (&Vec<u8>, &Value)| matches!((hex(key), expected.as_str()), (Value::String(key), Some(text)) if key.eq_ignore_ascii_case(text));
        Ok(passed(keys.len() == expected.len() && keys.iter().zip(expected).all(same)))
    }))
}

fn judges(group: Fields<'_>) -> Result<bool> {
    Ok(test_type(group, &["AFT", "VAL"])? == "VAL")
}

fn single<'r>(rig: &'r Rig, group: Fields<'_>, function: Function) -> Result<Group<'r>> {
    let judge = judges(group)?;
    let configuration = group.object("kdfConfiguration")?;
    let encoding = configuration.text_or("fixedInfoEncoding", "concatenation")?;
    if encoding != "concatenation" {
        return unsupported(format!("fixedInfoEncoding {encoding}"));
    }
    let pattern = configuration.text_or("fixedInfoPattern", "")?.to_owned();
    let len = configuration.whole_bytes("l")?;
    let hybrid = group.flag_or("usesHybridSharedSecret", false)?
        || configuration.flag_or("usesHybridSharedSecret", false)?;
    Ok(Group::of(move |test| {
        let parameter = test.object("kdfParameter")?;
        let info = fixed_info(&pattern, len, test, parameter)?;
        let mut z = parameter.hex("z")?;
        if hybrid {
            // SP 800-56C r2 section 2: Z' = Z || T.
            z.extend(parameter.hex("t")?);
        }
        let key = derive(rig, function, &parameter.hex_or_empty("salt")?, &z, &info, len)?;
        if judge { Ok(passed(key == test.hex("dkm")?)) } else { Ok(answer([("dkm", hex(&key))])) }
    }))
}

/// Fixed information as the pattern puts it together (SP 800-56C r2 section 4.1).
fn fixed_info(pattern: &str, len: usize, test: Fields<'_>, parameter: Fields<'_>) -> Result<Vec<u8>> {
    let party = |name| {
        let party = test.object(name)?;
        let mut bytes = party.hex("partyId")?;
        bytes.extend(party.hex_or_empty("ephemeralData")?);
        Ok(Some(bytes))
    };
    assemble(pattern, |name| match name {
        "uPartyInfo" => party("fixedInfoPartyU"),
        "vPartyInfo" => party("fixedInfoPartyV"),
        "l" => length(len * 8).map(Some),
        "t" | "context" | "algorithmId" | "label" | "salt" => parameter.hex(name).map(Some),
        _ => Ok(None),
    })
}

fn derive(rig: &Rig, function: Function, salt: &[u8], z: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
    let Function { algorithm, hash } = function;
    if len == 0 || len > function.most() {
        return unsupported("keys longer than the function makes");
    }
    let key = function.raw(salt, z, info, len)?;
    let hashes = algorithm.facts().params.hashes;
    if let (Some(z_len), Some(len), true) = (served(z.len()), served(len), hashes.contains(hash)) {
        let rule = Rule::hashed(algorithm, hash);
        let parent = rig.bring_in(policy(KeyKind::Derivation, Usage::DERIVE, rule).length(z_len), z)?;
        let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
        let child = policy(KeyKind::Hmac, Usage::MAC, rule).length(len).build()?;
        let params = match algorithm {
            // A hash takes no salt; sets bring one all the same.
            Algorithm::OneStepHash => Params::with_hash(hash).info(info),
            _ => Params::with_hash(hash).salt(salt).info(info),
        };
        let made = rig.session().derive(parent.handle(), algorithm, &params, &child)?.value();
        rig.is_hmac_key(&rig.hold(made), Hash::Sha256, &key)?;
    }
    Ok(key)
}
