//! SHA-2, SHA-3 and SHAKE: the services' digests throughout. Large messages go in in pieces.

use serde_json::{Value, json};
use strongroom::{Hash, Xof};

use super::{hash_named, test_type};
use crate::fields::{Answer, Fields, Result, answer, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::Rig;

/// Bytes that a large message is fed in, about.
const PIECE: usize = 1 << 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum MonteCarlo {
    Standard,
    /// Messages as long as the seed.
    Alternate,
}

pub(crate) fn open<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let hash = hash_named(set.text("algorithm")?)?;
    let version = monte_carlo_version(group)?;
    match test_type(group, &["AFT", "MCT", "LDT"])? {
        "AFT" => Ok(Group::of(move |test| {
            Ok(answer([("md", hex(&digest(rig, hash, &test.sized("msg", "len")?)?))]))
        })),
        "MCT" => Ok(Group::of(move |test| {
            let seed = seed(test)?;
            if hash.name().starts_with("SHA3") {
                sha3_monte_carlo(rig, hash, seed, version)
            } else {
                sha2_monte_carlo(rig, hash, seed, version)
            }
        })),
        _ => Ok(Group::of(move |test| large(rig, hash, test.object("largeMsg")?))),
    }
}

fn monte_carlo_version(group: Fields<'_>) -> Result<MonteCarlo> {
    match group.text_or("mctVersion", "standard")? {
        "standard" => Ok(MonteCarlo::Standard),
        "alternate" => Ok(MonteCarlo::Alternate),
        other => unsupported(format!("mctVersion {other}")),
    }
}

fn seed(test: Fields<'_>) -> Result<Vec<u8>> {
    if test.has("len") { test.sized("msg", "len") } else { test.hex("msg") }
}

fn digest(rig: &Rig, hash: Hash, message: &[u8]) -> Result<Vec<u8>> {
    let mut md = vec![0; hash.output_len()];
    rig.session().digest(hash, message, &mut md)?.value();
    Ok(md)
}

/// As long as the seed: cut, or zeros after it.
fn resized(mut message: Vec<u8>, len: usize, version: MonteCarlo) -> Vec<u8> {
    if version == MonteCarlo::Alternate {
        message.resize(len, 0);
    }
    message
}

/// 100 times 1000 digests, each over the last three.
fn sha2_monte_carlo(rig: &Rig, hash: Hash, mut seed: Vec<u8>, version: MonteCarlo) -> Result<Answer> {
    let (len, mut results) = (seed.len(), Vec::new());
    for _ in 0..100 {
        let (mut a, mut b, mut c) = (seed.clone(), seed.clone(), seed);
        for _ in 0..1000 {
            let md = digest(rig, hash, &resized([a, b.clone(), c.clone()].concat(), len, version))?;
            (a, b, c) = (b, c, md);
        }
        results.push(json!({ "md": hex(&c) }));
        seed = c;
    }
    Ok(answer([("resultsArray", Value::Array(results))]))
}

/// 100 times 1000 digests, each over the last one.
fn sha3_monte_carlo(rig: &Rig, hash: Hash, seed: Vec<u8>, version: MonteCarlo) -> Result<Answer> {
    let (len, mut md, mut results) = (seed.len(), seed, Vec::new());
    for _ in 0..100 {
        for _ in 0..1000 {
            md = digest(rig, hash, &resized(md, len, version))?;
        }
        results.push(json!({ "md": hex(&md) }));
    }
    Ok(answer([("resultsArray", Value::Array(results))]))
}

/// A message of up to some GiB, never held whole.
fn large(rig: &Rig, hash: Hash, message: Fields<'_>) -> Result<Answer> {
    if message.text("expansionTechnique")? != "repeating" {
        return unsupported("expansion that is not repeating");
    }
    let content = message.sized("content", "contentLength")?;
    let mut left = message.whole_bytes("fullLength")?;
    if content.is_empty() {
        return malformed("`content` is empty");
    }
    // Whole repetitions, so that every piece but the last starts where the content does.
    let piece = content.repeat((PIECE / content.len()).max(1));
    let (session, mut md) = (rig.session(), vec![0; hash.output_len()]);
    let context = session.digest_start(hash)?;
    while left > 0 {
        let now = piece.get(..left.min(piece.len())).unwrap_or(&piece);
        session.update(&context, now)?;
        left -= now.len();
    }
    session.digest_finish(&context, &mut md)?.value();
    Ok(answer([("md", hex(&md))]))
}

pub(crate) fn open_xof<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let xof = match set.text("algorithm")? {
        "SHAKE-128" => Xof::Shake128,
        _ => Xof::Shake256,
    };
    if test_type(group, &["AFT", "VOT", "MCT"])? == "MCT" {
        let bounds = (group.number("minOutLen")?.div_ceil(8), group.number("maxOutLen")? / 8);
        if bounds.0 == 0 || bounds.0 > bounds.1 {
            return malformed("`minOutLen` and `maxOutLen` bound nothing");
        }
        monte_carlo_version(group)?;
        return Ok(Group::of(move |test| xof_monte_carlo(rig, xof, seed(test)?, bounds)));
    }
    Ok(Group::of(move |test| {
        let message = test.sized("msg", "len")?;
        let bits = test.number("outLen")?;
        let md = squeeze(rig, xof, &message, test.whole_bytes("outLen")?)?;
        Ok(answer([("md", hex(&md)), ("outLen", json!(bits))]))
    }))
}

fn squeeze(rig: &Rig, xof: Xof, message: &[u8], len: usize) -> Result<Vec<u8>> {
    if len == 0 {
        return unsupported("no output at all");
    }
    let mut out = vec![0; len];
    rig.session().xof(xof, message, &mut out)?.value();
    Ok(out)
}

/// 100 times 1000 outputs, each over the first 128 bits of the last one, whose end says how long the next is.
fn xof_monte_carlo(rig: &Rig, xof: Xof, seed: Vec<u8>, (least, most): (usize, usize)) -> Result<Answer> {
    let (mut out, mut len, mut results) = (seed, most, Vec::new());
    for _ in 0..100 {
        let mut made = len;
        for _ in 0..1000 {
            out.resize(16, 0);
            out = squeeze(rig, xof, &out, len)?;
            made = len;
            let end = out.iter().rev().take(2).rev().fold(0, |end, byte| (end << 8) | usize::from(*byte));
            len = least + end % (most - least + 1);
        }
        results.push(json!({ "md": hex(&out), "outLen": made * 8 }));
    }
    Ok(answer([("resultsArray", Value::Array(results))]))
}
