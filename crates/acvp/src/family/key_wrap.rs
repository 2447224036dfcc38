//! ACVP-AES-KW and ACVP-AES-KWP. The payload is a key of the engine, wrapped and unwrapped by the service, where
//! the engine has keys of its length (14 to 128 bytes).

use strongroom::lab::raw;
use strongroom::{
    Algorithm, AttributesBuilder, Export, HMAC_KEY_LEN, Hash, KeyKind, Params, Rule, UnwrapAs, Usage,
};

use super::{Direction, aes_of, direction, test_type};
use crate::fields::{Fields, Result, answer, hex, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

pub(crate) fn open<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let algorithm = match set.text("algorithm")? {
        "ACVP-AES-KWP" => Algorithm::AesKwp,
        _ => Algorithm::AesKw,
    };
    let way = direction(group)?;
    test_type(group, &["AFT"])?;
    super::aes(group.number("keyLen")?)?;
    if group.text_or("kwCipher", "cipher")? != "cipher" {
        return unsupported("kwCipher inverse");
    }
    if !group.number_or("payloadLen", 8)?.is_multiple_of(8) {
        return unsupported("payloads of part of a byte");
    }
    Ok(Group::of(move |test| {
        let key = test.hex("key")?;
        aes_of(&key)?;
        match way {
            Direction::Encrypt => Ok(answer([("ct", hex(&wrap(rig, algorithm, &key, &test.hex("pt")?)?))])),
            Direction::Decrypt => Ok(match unwrap(rig, algorithm, &key, &test.hex("ct")?)? {
                None => passed(false),
                Some(plain) => {
                    let mut fields = answer([("pt", hex(&plain))]);
                    fields.append(&mut passed(true));
                    fields
                }
            }),
        }
    }))
}

/// A key of this many bytes, if the engine has such.
fn payload(len: usize) -> Option<AttributesBuilder> {
    let len = u16::try_from(len).ok().filter(|len| (HMAC_KEY_LEN.0..=HMAC_KEY_LEN.1).contains(len))?;
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
    Some(policy(KeyKind::Hmac, Usage::MAC, rule).length(len).export(Export::INTEROPERABLE))
}

fn wrap(rig: &Rig, algorithm: Algorithm, key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let padded = algorithm == Algorithm::AesKwp;
    if !padded && (plain.len() < 16 || !plain.len().is_multiple_of(8)) {
        return unsupported("payloads that are not at least two whole semiblocks");
    }
    let Some(payload) = payload(plain.len()) else {
        return Ok(raw::key_wrap(key, padded, plain)?);
    };
    let kek = rig.bring_in(policy(aes_of(key)?, Usage::WRAP, Rule::any(algorithm)), key)?;
    let payload = rig.bring_in(payload, plain)?;
    let mut out = vec![0; plain.len() + 16];
    let wrapped =
        rig.session().wrap(kek.handle(), algorithm, &Params::NONE, payload.handle(), &mut out)?.value();
    out.truncate(wrapped);
    Ok(out)
}

fn unwrap(rig: &Rig, algorithm: Algorithm, key: &[u8], blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let padded = algorithm == Algorithm::AesKwp;
    let most = blob.len().saturating_sub(8);
    // The service is told how long the key is; of a padded one this program knows it up to seven bytes.
    let lengths = if padded { most.saturating_sub(7)..=most } else { most..=most };
    let Some(policies) = lengths.map(payload).collect::<Option<Vec<_>>>() else {
        return verdict(raw::key_unwrap(key, padded, blob));
    };
    let kek = rig.bring_in(policy(aes_of(key)?, Usage::UNWRAP, Rule::any(algorithm)), key)?;
    for policy in policies {
        let (policy, session) = (policy.build()?, rig.session());
        let form = UnwrapAs::Foreign(&policy);
        let opened = verdict(session.unwrap(kek.handle(), algorithm, &Params::NONE, blob, form))?;
        if let Some(opened) = opened {
            return rig.take_out(&rig.hold(opened.value())).map(Some);
        }
    }
    Ok(None)
}
