//! KDA HKDF (SP 800-56C r2 section 5). The service's derived keys never come out, so what is answered is computed
//! raw; where the engine has keys of such lengths, the service derives from the same secret, and has to have
//! made the key that is answered.

use serde_json::Value;
use strongroom::lab::raw;
use strongroom::{Algorithm, HMAC_KEY_LEN, Hash, KeyKind, Params, Rule, Usage};

use super::pattern::{assemble, length};
use super::{hash_named, test_type};
use crate::fields::{Fields, Result, answer, hex, passed, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let judge = test_type(group, &["AFT", "VAL"])? == "VAL";
    if group.flag_or("multiExpansion", false)? {
        let hash = hash_named(group.object("kdfMultiExpansionConfiguration")?.text("hmacAlg")?)?;
        return Ok(Group::of(move |test| {
            let parameter = test.object("kdfMultiExpansionParameter")?;
            let (z, salt) = (parameter.hex("z")?, parameter.hex_or_empty("salt")?);
            let mut keys = Vec::new();
            for iteration in parameter.list("iterationParameters")? {
                let iteration = Fields::of(iteration, "an iteration")?;
                let (info, len) = (iteration.hex("fixedInfo")?, iteration.whole_bytes("l")?);
                keys.push(derive(rig, hash, &salt, &z, &info, len)?);
            }
            if !judge {
                return Ok(answer([("dkms", Value::Array(keys.iter().map(|key| hex(key)).collect()))]));
            }
            let expected = test.list("dkms")?;
            let same = |(key, expected): (&Vec<u8>, &Value)| matches!((hex(key), expected.as_str()), (Value::String(key), Some(text)) if key.eq_ignore_ascii_case(text));
            Ok(passed(keys.len() == expected.len() && keys.iter().zip(expected).all(same)))
        }));
    }
    let configuration = group.object("kdfConfiguration")?;
    let hash = hash_named(configuration.text("hmacAlg")?)?;
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
        let key = derive(rig, hash, &parameter.hex_or_empty("salt")?, &z, &info, len)?;
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

fn derive(rig: &Rig, hash: Hash, salt: &[u8], z: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
    if len == 0 || len > hash.output_len() * 255 {
        return unsupported("keys longer than HKDF makes");
    }
    let key = raw::hkdf(hash, salt, z, info, len)?;
    let served =
        |len: usize| u16::try_from(len).ok().filter(|len| (HMAC_KEY_LEN.0..=HMAC_KEY_LEN.1).contains(len));
    let hashes = Algorithm::Hkdf.facts().params.hashes;
    if let (Some(z_len), Some(len), true) = (served(z.len()), served(len), hashes.contains(hash)) {
        let rule = Rule::hashed(Algorithm::Hkdf, hash);
        let parent = rig.bring_in(policy(KeyKind::Derivation, Usage::DERIVE, rule).length(z_len), z)?;
        let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
        let child = policy(KeyKind::Hmac, Usage::MAC, rule).length(len).build()?;
        let params = Params::with_hash(hash).salt(salt).info(info);
        let made = rig.session().derive(parent.handle(), Algorithm::Hkdf, &params, &child)?.value();
        rig.is_hmac_key(&rig.hold(made), Hash::Sha256, &key)?;
    }
    Ok(key)
}
