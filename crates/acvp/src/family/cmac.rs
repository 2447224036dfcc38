//! CMAC-AES. The service's, but for tags below its 64 bits.

use strongroom::lab::raw;
use strongroom::{Algorithm, Params, Rule, Usage};

use super::{aes_of, test_type};
use crate::fields::{Fields, Result, answer, hex, malformed, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// The shortest tag of the service, in bytes.
const SERVED: usize = 8;
const RULE: Rule = Rule::any(Algorithm::AesCmac).min_tag(8);

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    super::aes(group.number("keyLen")?)?;
    let mac_len = group.whole_bytes("macLen")?;
    if !(1..=16).contains(&mac_len) {
        return unsupported(format!("MACs of {mac_len} bytes"));
    }
    let verify = match group.text("direction")? {
        "gen" => false,
        "ver" => true,
        other => return malformed(format!("direction {other:?}")),
    };
    Ok(Group::of(move |test| {
        let (key, message) = (test.hex("key")?, test.hex("message")?);
        let params = Params::NONE.tag_len(mac_len);
        if mac_len < SERVED {
            let full = raw::cmac(&key, &message)?;
            let short = full.get(..mac_len).unwrap_or(&full);
            return Ok(if verify {
                passed(short == test.hex("mac")?)
            } else {
                answer([("mac", hex(short))])
            });
        }
        let usage = if verify { Usage::VERIFY_MAC } else { Usage::MAC };
        let (session, held) = (rig.session(), rig.bring_in(policy(aes_of(&key)?, usage, RULE), &key)?);
        if verify {
            let mac = test.hex("mac")?;
            let judged = session.verify_mac(held.handle(), Algorithm::AesCmac, &params, &message, &mac);
            return Ok(passed(verdict(judged)?.is_some()));
        }
        let mut mac = vec![0; mac_len];
        session.mac(held.handle(), Algorithm::AesCmac, &params, &message, &mut mac)?.value();
        Ok(answer([("mac", hex(&mac))]))
    }))
}
