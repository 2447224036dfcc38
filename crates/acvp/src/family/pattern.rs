//! Fixed information and associated data, put together from the parts that a pattern names: `uPartyInfo||l`.

use crate::fields::{Fields, Result, malformed, unsupported};

/// The bytes of a pattern. `part` answers for a name, or `None` if it knows none of that name.
pub(super) fn assemble(pattern: &str, part: impl Fn(&str) -> Result<Option<Vec<u8>>>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for name in pattern.split("||").filter(|name| !name.is_empty()) {
        let literal = name.strip_prefix("literal[").and_then(|rest| rest.strip_suffix(']'));
        let bytes = match literal {
            Some(text) => Some(literal_bytes(text)?),
            None => part(name)?,
        };
        match bytes {
            Some(bytes) => out.extend_from_slice(&bytes),
            None => return unsupported(format!("pattern part {name}")),
        }
    }
    Ok(out)
}

fn literal_bytes(text: &str) -> Result<Vec<u8>> {
    let value = serde_json::json!({ "literal": text });
    Fields::of(&value, "a literal")?.hex("literal")
}

/// A length in bits as 32 bits, the form of the part `l`.
pub(super) fn length(bits: usize) -> Result<Vec<u8>> {
    u32::try_from(bits).map_or_else(|_| malformed("`l` is too long"), |bits| Ok(bits.to_be_bytes().to_vec()))
}
