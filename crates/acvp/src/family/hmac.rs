//! HMAC with every hash. The service's, for keys of 14 to 128 bytes and tags of at least 80 bits.

use strongroom::lab::raw;
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::{hash_named, served, test_type};
use crate::fields::{Fields, Result, answer, hex, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// The shortest tag of the service, in bytes.
const SERVED: usize = 10;

pub(crate) fn open<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let hash = hash_named(set.text("algorithm")?.trim_start_matches("HMAC-"))?;
    test_type(group, &["AFT"])?;
    let mac_len = group.whole_bytes("macLen")?;
    if mac_len == 0 || mac_len > hash.output_len() {
        return unsupported(format!("MACs of {mac_len} bytes"));
    }
    let key_len = if group.has("keyLen") { Some(group.whole_bytes("keyLen")?) } else { None };
    if group.has("msgLen") {
        group.whole_bytes("msgLen")?;
    }
    Ok(Group::of(move |test| {
        let (mut key, message) = (test.hex("key")?, test.hex("msg")?);
        key.truncate(key_len.unwrap_or(key.len()));
        let mut mac = tag(rig, hash, &key, &message, mac_len)?;
        mac.truncate(mac_len);
        Ok(answer([("mac", hex(&mac))]))
    }))
}

fn tag(rig: &Rig, hash: Hash, key: &[u8], message: &[u8], mac_len: usize) -> Result<Vec<u8>> {
    let Some(len) = served(key.len()).filter(|_| mac_len >= SERVED) else {
        return Ok(raw::hmac(hash, key, message)?);
    };
    let rule = Rule::hashed(Algorithm::Hmac, hash).min_tag(10);
    let held = rig.bring_in(policy(KeyKind::Hmac, Usage::MAC, rule).length(len), key)?;
    let (params, mut mac) = (Params::with_hash(hash).tag_len(mac_len), vec![0; mac_len]);
    rig.session().mac(held.handle(), Algorithm::Hmac, &params, message, &mut mac)?.value();
    Ok(mac)
}
