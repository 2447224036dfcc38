//! KDF (SP 800-108 r1): counter and feedback mode, with HMAC and AES-CMAC, as far as the engine's composition goes:
//! a counter of 32 bits before the fixed data, and in feedback mode no IV.
//!
//! The fixed data are the client's to choose. Those of the service hold label, context and length; it derives, and
//! has to have made the key that the raw function makes of them. Given ones, which no server sends but a set with
//! known answers does, are raw alone.

use strongroom::lab::raw;
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::pattern::length;
use super::{aes, aes_of, hash_named, served, test_type};
use crate::fields::{Fields, Result, answer, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

const LABEL: &[u8] = b"strongroom-acvp";

#[derive(Clone, Copy)]
struct Function {
    algorithm: Algorithm,
    /// Of HMAC.
    hash: Option<Hash>,
    /// Of AES-CMAC.
    kind: Option<KeyKind>,
}

impl Function {
    fn of(group: Fields<'_>) -> Result<Self> {
        let (mode, mac) = (group.text("kdfMode")?, group.text("macMode")?);
        let (hash, kind) = match (mac.strip_prefix("HMAC-"), mac.strip_prefix("CMAC-AES")) {
            (Some(hash), _) => (Some(hash_named(hash)?), None),
            (_, Some(bits)) => {
                let Ok(bits) = bits.parse() else { return malformed(format!("macMode {mac:?}")) };
                (None, Some(aes(bits)?))
            }
            _ => return unsupported(format!("macMode {mac}")),
        };
        let algorithm = match (mode, hash.is_some()) {
            ("counter", true) => Algorithm::CounterHmac,
            ("counter", false) => Algorithm::CounterCmac,
            ("feedback", true) => Algorithm::FeedbackHmac,
            ("feedback", false) => Algorithm::FeedbackCmac,
            _ => return unsupported(format!("kdfMode {mode}")),
        };
        Ok(Self { algorithm, hash, kind })
    }
}

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let function = Function::of(group)?;
    let location = group.text_or("counterLocation", "none")?;
    if location != "before fixed data" {
        return unsupported(format!("counterLocation {location}"));
    }
    let counter = group.number("counterLength")?;
    if counter != 32 {
        return unsupported(format!("counters of {counter} bits"));
    }
    let len = group.whole_bytes("keyOutLength")?;
    if len == 0 || len > 1 << 16 {
        return unsupported(format!("keys of {len} bytes"));
    }
    Ok(Group::of(move |test| {
        let key = test.hex("keyIn")?;
        if function.kind.is_some_and(|kind| aes_of(&key).ok() != Some(kind)) {
            return malformed("`keyIn` is no key of the MAC");
        }
        if !test.hex_or_empty("iv")?.is_empty() {
            return unsupported("an IV");
        }
        let Function { algorithm, hash, .. } = function;
        if test.has("fixedData") {
            let out = raw::kbkdf(algorithm, hash, &key, &test.hex("fixedData")?, len)?;
            return Ok(answer([("keyOut", hex(&out))]));
        }
        let context = rig.random(16)?;
        let fixed = [LABEL, &[0], &context, &length(len * 8)?].concat();
        let out = raw::kbkdf(algorithm, hash, &key, &fixed, len)?;
        service_derives(rig, function, &key, &context, &out)?;
        Ok(answer([("fixedData", hex(&fixed)), ("keyOut", hex(&out))]))
    }))
}

/// The service derives the same key, where it has keys of such lengths.
fn service_derives(rig: &Rig, function: Function, key: &[u8], context: &[u8], out: &[u8]) -> Result<()> {
    let Function { algorithm, hash, kind } = function;
    let offered = hash.is_none_or(|hash| algorithm.facts().params.hashes.contains(hash));
    let Some(len) = served(out.len()).filter(|_| offered) else { return Ok(()) };
    let (policy_in, params) = match (kind, hash, served(key.len())) {
        (Some(kind), ..) => (policy(kind, Usage::DERIVE, Rule::any(algorithm)), Params::NONE),
        (_, Some(hash), Some(key_len)) => {
            let rule = Rule::hashed(algorithm, hash);
            (policy(KeyKind::Derivation, Usage::DERIVE, rule).length(key_len), Params::with_hash(hash))
        }
        _ => return Ok(()),
    };
    let parent = rig.bring_in(policy_in, key)?;
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
    let child = policy(KeyKind::Hmac, Usage::MAC, rule).length(len).build()?;
    let params = params.label(LABEL).info(context);
    let made = rig.session().derive(parent.handle(), algorithm, &params, &child)?.value();
    rig.is_hmac_key(&rig.hold(made), Hash::Sha256, out)
}
