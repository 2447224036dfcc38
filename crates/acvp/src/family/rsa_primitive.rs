//! RSA signaturePrimitive and decryptionPrimitive: the private operation without its padding, which no service
//! offers.

use strongroom::lab::raw;

use super::rsa::{exponent, kind};
use super::test_type;
use crate::fields::{Answer, Fields, Result, answer, fitted, hex, passed, trimmed, verdict};
use crate::registry::Group;
use crate::rig::Rig;

#[derive(Clone, Copy)]
struct Names {
    input: &'static str,
    output: &'static str,
    /// Whether 0, 1 and n-1 are refused too (SP 800-56B r2 section 7.1.2.1).
    strict: bool,
}

pub(crate) fn signature<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    open(rig, group, Names { input: "message", output: "signature", strict: false })
}

pub(crate) fn decryption<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    open(rig, group, Names { input: "ct", output: "pt", strict: true })
}

fn open<'r>(rig: &'r Rig, group: Fields<'_>, names: Names) -> Result<Group<'r>> {
    let len = kind(group)?.modulus_len();
    test_type(group, &["AFT"])?;
    Ok(Group::of(move |test| case(rig, test, len, names)))
}

fn case(rig: &Rig, test: Fields<'_>, len: usize, names: Names) -> Result<Answer> {
    let (n, e) = (test.integer("n")?, test.integer("e")?);
    exponent(&e)?;
    let (p, q, input) = (test.integer("p")?, test.integer("q")?, test.integer(names.input)?);
    let d = if test.has("d") { Some(test.integer("d")?) } else { None };
    let (Some(modulus), Some(number)) = (fitted(&n, len), fitted(&input, len)) else {
        return Ok(passed(false));
    };
    if number >= modulus || (names.strict && out_of_range(&number, &modulus)) {
        return Ok(passed(false));
    }
    let parts = raw::RsaParts { n: &n, e: &e, p: &p, q: &q, d: d.as_deref() };
    Ok(match verdict(raw::rsa_private(parts, &number, &mut rig.blinding()))? {
        Some(result) => {
            let mut fields = passed(true);
            fields.append(&mut answer([(names.output, hex(&result))]));
            fields
        }
        None => passed(false),
    })
}

/// Not in 1 < c < n - 1. The modulus is odd: n - 1 differs from it in the last bit alone.
fn out_of_range(number: &[u8], modulus: &[u8]) -> bool {
    let mut below = modulus.to_vec();
    if let Some(last) = below.last_mut() {
        *last &= 0xfe;
    }
    matches!(trimmed(number), [] | [1]) || number == below
}
