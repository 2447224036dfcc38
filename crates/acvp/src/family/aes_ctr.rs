//! ACVP-AES-CTR. Decryption is the service's; encryption from a given counter block is not, because the service
//! makes its own. Where a case brings no counter block, one is made and answered.

use strongroom::lab::raw;
use strongroom::{Algorithm, Params, Rule, Usage};

use super::{Direction, aes_of, direction, test_type};
use crate::fields::{Fields, Result, answer, array, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let way = direction(group)?;
    super::aes(group.number("keyLen")?)?;
    test_type(group, &["AFT", "CTR"])?;
    if !group.flag_or("incremental", true)? {
        return unsupported("counters that count down");
    }
    let own = !group.has("ivGenMode") || group.text("ivGenMode")? != "internal";
    Ok(Group::of(move |test| {
        let (key, given) = (test.hex("key")?, test.has("iv"));
        if !given && (own && way == Direction::Decrypt) {
            return malformed("`iv` is missing");
        }
        let iv: [u8; 16] = array(&if given { test.hex("iv")? } else { rig.random(16)? }, "iv")?;
        let (from, to) = if way == Direction::Encrypt { ("pt", "ct") } else { ("ct", "pt") };
        let mut text = test.hex(from)?;
        // The length is in bits: only so many of the text and of the result count.
        let bits = test.number_or("payloadLen", text.len() * 8)?;
        if bits == 0 || bits > text.len() * 8 {
            return malformed("`payloadLen` is not that of the text");
        }
        text.truncate(bits.div_ceil(8));
        let mut out = if way == Direction::Encrypt {
            raw::ctr(&key, &iv, &text)?
        } else {
            let held =
                rig.bring_in(policy(aes_of(&key)?, Usage::DECRYPT, Rule::any(Algorithm::AesCtr)), &key)?;
            let (params, mut out) = (Params::NONE.iv(&iv), vec![0; text.len()]);
            rig.session().decrypt(held.handle(), Algorithm::AesCtr, &params, &text, &mut out)?.value();
            out
        };
        if let (Some(last), rest @ 1..) = (out.last_mut(), bits % 8) {
            *last &= 0xff << (8 - rest);
        }
        let mut fields = answer([(to, hex(&out))]);
        if !given {
            fields.insert("iv".into(), hex(&iv));
        }
        Ok(fields)
    }))
}
