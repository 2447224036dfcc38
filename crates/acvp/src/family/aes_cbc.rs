//! ACVP-AES-CBC. Decryption is the service's; encryption under a given IV is not, because the service makes its
//! own.

use serde_json::Value;
use strongroom::lab::raw;
use strongroom::{Algorithm, Params, Rule, Usage};

use super::{Direction, aes_of, direction, test_type};
use crate::fields::{Answer, Fields, Result, answer, array, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::{Held, Rig, policy};

type Block = [u8; 16];

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let way = direction(group)?;
    super::aes(group.number("keyLen")?)?;
    let monte_carlo = test_type(group, &["AFT", "MCT"])? == "MCT";
    Ok(Group::of(move |test| {
        let (key, iv) = (test.hex("key")?, array(&test.hex("iv")?, "iv")?);
        let text = test.hex(if way == Direction::Encrypt { "pt" } else { "ct" })?;
        if text.is_empty() || !text.len().is_multiple_of(16) {
            return unsupported("text that is not whole blocks");
        }
        match (monte_carlo, way) {
            (false, Direction::Encrypt) => Ok(answer([("ct", hex(&raw::cbc_encrypt(&key, &iv, &text)?))])),
            (false, Direction::Decrypt) => {
                let held = bring_in(rig, &key)?;
                Ok(answer([("pt", hex(&decrypt(rig, &held, &iv, &text)?))]))
            }
            (true, _) => monte_carlo_test(rig, way, key, iv, array(&text, "text")?),
        }
    }))
}

fn bring_in<'r>(rig: &'r Rig, key: &[u8]) -> Result<Held<'r>> {
    rig.bring_in(policy(aes_of(key)?, Usage::DECRYPT, Rule::any(Algorithm::AesCbc)), key)
}

fn decrypt(rig: &Rig, key: &Held<'_>, iv: &Block, ciphertext: &[u8]) -> Result<Vec<u8>> {
    let mut out = vec![0; ciphertext.len()];
    let params = Params::NONE.iv(iv);
    rig.session().decrypt(key.handle(), Algorithm::AesCbc, &params, ciphertext, &mut out)?.value();
    Ok(out)
}

/// The Monte Carlo test of AESAVS section 6.4.2, as ACVP has it: 100 keys, 1000 blocks each.
fn monte_carlo_test(
    rig: &Rig,
    way: Direction,
    mut key: Vec<u8>,
    mut iv: Block,
    mut text: Block,
) -> Result<Answer> {
    let mut results = Vec::new();
    for _ in 0..100 {
        let start = (hex(&key), hex(&iv), hex(&text));
        let held = if way == Direction::Decrypt { Some(bring_in(rig, &key)?) } else { None };
        let (mut chain, mut input) = (iv, text);
        let (mut last, mut before) = ([0; 16], iv);
        for round in 0..1000 {
            let made: Block = match &held {
                None => array(&raw::cbc_encrypt(&key, &chain, &input)?, "ct")?,
                Some(held) => array(&decrypt(rig, held, &chain, &input)?, "pt")?,
            };
            // Encryption chains over what it made, decryption over what it was given.
            chain = if held.is_none() { made } else { input };
            input = if round == 0 { iv } else { last };
            (before, last) = (if round == 0 { before } else { last }, made);
        }
        let (given, made) = if held.is_none() { ("pt", "ct") } else { ("ct", "pt") };
        let fields = [("key", start.0), ("iv", start.1), (given, start.2), (made, hex(&last))];
        results.push(Value::Object(answer(fields)));
        shuffle(&mut key, &before, &last)?;
        (iv, text) = (last, before);
    }
    Ok(answer([("resultsArray", Value::Array(results))]))
}

/// The next key: this one, and as many of the last bits made as it is long.
fn shuffle(key: &mut [u8], before: &Block, last: &Block) -> Result<()> {
    let made = [*before, *last].concat();
    let Some(tail) = made.len().checked_sub(key.len()).and_then(|start| made.get(start..)) else {
        return malformed("a key of more than 32 bytes");
    };
    key.iter_mut().zip(tail).for_each(|(to, from)| *to ^= from);
    Ok(())
}
