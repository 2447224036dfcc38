//! ACVP-AES-GCM and ACVP-AES-GMAC. Decryption, and encryption under an IV made inside, are the service's. An IV
//! from outside, one that counts (for which a key from outside has no right), and tags shorter than the
//! service's 96 bits are not.

use std::collections::HashMap;

use strongroom::lab::raw;
use strongroom::{Algorithm, Params, Rule, Usage};

use super::{Direction, aes_of, direction, test_type};
use crate::fields::{Answer, Fields, Result, answer, array, hex, malformed, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

const FULL: usize = 16;
/// The shortest tag of the service, in bytes.
const SERVED: usize = 12;
const SERVED_RULE: Rule = Rule::any(Algorithm::AesGcm).min_tag(12);

#[derive(Clone, Copy, PartialEq, Eq)]
enum IvFrom {
    Outside,
    Random,
    Counter,
}

pub(crate) fn open<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let way = direction(group)?;
    test_type(group, &["AFT"])?;
    super::aes(group.number("keyLen")?)?;
    let tag_len = group.whole_bytes("tagLen")?;
    if !(4..=FULL).contains(&tag_len) {
        return unsupported(format!("tags of {tag_len} bytes"));
    }
    if group.number_or("ivLen", 96)? != 96 {
        return unsupported("IVs of another length than 96 bits");
    }
    let iv_from = match (group.text_or("ivGen", "external")?, group.text_or("ivGenMode", "8.2.2")?) {
        ("external", _) => IvFrom::Outside,
        ("internal", "8.2.1") => IvFrom::Counter,
        ("internal", "8.2.2") => IvFrom::Random,
        (how, mode) => return unsupported(format!("ivGen {how} {mode}")),
    };
    let mac_only = set.text("algorithm")? == "ACVP-AES-GMAC";
    let mut counters = HashMap::new();
    Ok(Group::of(move |test| {
        let (key, aad) = (test.hex("key")?, test.hex_or_empty("aad")?);
        let text = match way {
            Direction::Encrypt => test.hex_or_empty("pt")?,
            Direction::Decrypt => test.hex_or_empty("ct")?,
        };
        if mac_only && !text.is_empty() {
            return malformed("GMAC with a text");
        }
        match (way, iv_from) {
            (Direction::Decrypt, _) => {
                let opened =
                    decrypt(rig, &key, &array(&test.hex("iv")?, "iv")?, &aad, &text, &test.hex("tag")?)?;
                Ok(match opened {
                    None => passed(false),
                    Some(_) if mac_only => passed(true),
                    Some(plain) => {
                        let mut fields = answer([("pt", hex(&plain))]);
                        fields.append(&mut passed(true));
                        fields
                    }
                })
            }
            (_, IvFrom::Random) => encrypt_inside(rig, &key, &aad, &text, tag_len, mac_only),
            (_, IvFrom::Outside) => {
                let iv = array(&test.hex("iv")?, "iv")?;
                encrypt_under(&key, &iv, &aad, &text, tag_len, mac_only)
            }
            (_, IvFrom::Counter) => {
                let count: &mut u64 = counters.entry(key.clone()).or_default();
                *count += 1;
                let iv = array(&[&b"ACVP"[..], &count.to_be_bytes()].concat(), "iv")?;
                let mut fields = encrypt_under(&key, &iv, &aad, &text, tag_len, mac_only)?;
                fields.insert("iv".into(), hex(&iv));
                Ok(fields)
            }
        }
    }))
}

fn encrypted(ciphertext: &[u8], tag: &[u8], mac_only: bool) -> Answer {
    let mut fields = Answer::new();
    if !mac_only {
        fields.insert("ct".into(), hex(ciphertext));
    }
    fields.insert("tag".into(), hex(tag));
    fields
}

fn encrypt_under(
    key: &[u8],
    iv: &[u8; 12],
    aad: &[u8],
    text: &[u8],
    tag_len: usize,
    mac_only: bool,
) -> Result<Answer> {
    let (ciphertext, tag) = raw::gcm_seal(key, iv, aad, text)?;
    Ok(encrypted(&ciphertext, tag.get(..tag_len).unwrap_or(&tag), mac_only))
}

fn encrypt_inside(
    rig: &Rig,
    key: &[u8],
    aad: &[u8],
    text: &[u8],
    tag_len: usize,
    mac_only: bool,
) -> Result<Answer> {
    if tag_len < SERVED {
        return unsupported("tags below 96 bits with an IV made inside");
    }
    let held = rig.bring_in(policy(aes_of(key)?, Usage::ENCRYPT, SERVED_RULE), key)?;
    let (params, mut out) = (Params::NONE.aad(aad).tag_len(tag_len), vec![0; text.len() + tag_len]);
    let made = rig.session().encrypt(held.handle(), Algorithm::AesGcm, &params, text, &mut out)?.value();
    let (ciphertext, tag) = out.split_at(text.len());
    let mut fields = encrypted(ciphertext, tag, mac_only);
    fields.insert("iv".into(), hex(made.iv.as_bytes()));
    Ok(fields)
}

fn decrypt(
    rig: &Rig,
    key: &[u8],
    iv: &[u8; 12],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Result<Option<Vec<u8>>> {
    if tag.len() < SERVED {
        return decrypt_short(key, iv, aad, ciphertext, tag);
    }
    let held = rig.bring_in(policy(aes_of(key)?, Usage::DECRYPT, SERVED_RULE), key)?;
    let params = Params::NONE.aad(aad).iv(iv).tag_len(tag.len());
    let (input, mut out) = ([ciphertext, tag].concat(), vec![0; ciphertext.len()]);
    let opened = verdict(rig.session().decrypt(held.handle(), Algorithm::AesGcm, &params, &input, &mut out))?;
    Ok(opened.map(|_| out))
}

/// A tag that the service takes for none: the text comes of the key stream, the tag of sealing it again.
fn decrypt_short(
    key: &[u8],
    iv: &[u8; 12],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Result<Option<Vec<u8>>> {
    let (stream, _) = raw::gcm_seal(key, iv, aad, &vec![0; ciphertext.len()])?;
    let plain: Vec<u8> = ciphertext.iter().zip(&stream).map(|(a, b)| a ^ b).collect();
    let (_, full) = raw::gcm_seal(key, iv, aad, &plain)?;
    Ok(full.starts_with(tag).then_some(plain))
}
