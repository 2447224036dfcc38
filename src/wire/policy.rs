//! The canonical bytes of a policy: one encoding for each set of attributes. They are sealed in native
//! blobs, so that a key's policy goes where the key goes.
//!
//! ```text
//! u16 kind   u8 class   u16 length   u32 usage
//! u8 count   count x { u16 algorithm   u16 hashes   u8 least tag   u8 flags: 1 deterministic }
//! u8 export format   u8 flags: 1 trusted only   u8 lifetime
//! u8 present: 1 uses, 2 not before, 4 not after, 8 owner, 16 trusted (a mark, no field)
//! u64 each field that is present, in this order
//! u8 length, label   u8 length, application bytes
//! ```

use crate::algorithm::{Algorithm, HashSet};
use crate::attributes::{
    Attributes, Export, ExportFormat, KeyClass, KeyKind, Lifetime, Rule, Rules, Text, Usage, Validity,
};
use crate::error::{Error, Result};
use crate::wire::{Reader, Writer};

/// Longest encoding: four rules, all fields, full label and application bytes.
pub(crate) const MAX_LEN: usize = 9 + 1 + 4 * 6 + 3 + 1 + 4 * 8 + 1 + 32 + 1 + 64;

const USES: u8 = 1;
const NOT_BEFORE: u8 = 2;
const NOT_AFTER: u8 = 4;
const OWNER: u8 = 8;
const TRUSTED: u8 = 16;

/// Writes the canonical bytes.
pub(crate) fn emit(attributes: &Attributes, to: &mut Writer<'_>) -> Result<()> {
    to.u16(attributes.kind.id())?;
    to.u8(attributes.class as u8)?;
    to.u16(attributes.length)?;
    to.u32(attributes.usage.bits())?;
    to.u8(u8::try_from(attributes.rules.len()).map_err(|_| Error::InvalidArgument)?)?;
    for rule in attributes.rules.iter() {
        to.u16(rule.algorithm.id())?;
        to.u16(rule.hashes.bits())?;
        to.u8(rule.min_tag)?;
        to.u8(u8::from(rule.deterministic))?;
    }
    to.u8(attributes.export.format as u8)?;
    to.u8(u8::from(attributes.export.trusted_only))?;
    to.u8(attributes.lifetime as u8)?;
    let fields = [
        (USES, attributes.uses),
        (NOT_BEFORE, attributes.validity.not_before),
        (NOT_AFTER, attributes.validity.not_after),
        (OWNER, attributes.owner),
    ];
    let mut present = if attributes.trusted { TRUSTED } else { 0 };
    for (bit, field) in fields {
        if field.is_some() {
            present |= bit;
        }
    }
    to.u8(present)?;
    for (_, field) in fields {
        if let Some(value) = field {
            to.u64(value)?;
        }
    }
    for text in [attributes.label(), attributes.application()] {
        to.u8(u8::try_from(text.len()).map_err(|_| Error::InvalidArgument)?)?;
        to.put(text)?;
    }
    Ok(())
}

/// Reads canonical bytes. What is not the encoding of valid attributes is rejected.
pub(crate) fn parse(from: &mut Reader<'_>) -> Result<Attributes> {
    let kind = KeyKind::from_id(from.u16()?).ok_or(Error::Rejected)?;
    let class = match from.u8()? {
        1 => KeyClass::Secret,
        2 => KeyClass::Private,
        3 => KeyClass::Public,
        _ => return Err(Error::Rejected),
    };
    let length = from.u16()?;
    let usage = Usage::from_bits(from.u32()?).ok_or(Error::Rejected)?;
    let mut rules = Rules::empty();
    for _ in 0..from.u8()? {
        let rule = Rule {
            algorithm: Algorithm::from_id(from.u16()?).ok_or(Error::Rejected)?,
            hashes: HashSet::from_bits(from.u16()?).ok_or(Error::Rejected)?,
            min_tag: from.u8()?,
            deterministic: flag(from.u8()?)?,
        };
        // In order of the ids, or it is not canonical.
        if rules.iter().any(|have| have.algorithm >= rule.algorithm) {
            return Err(Error::Rejected);
        }
        rules = rules.with(rule).ok_or(Error::Rejected)?;
    }
    let format = match from.u8()? {
        0 => ExportFormat::None,
        1 => ExportFormat::Native,
        2 => ExportFormat::Interoperable,
        _ => return Err(Error::Rejected),
    };
    let export = Export { format, trusted_only: flag(from.u8()?)? };
    let lifetime = match from.u8()? {
        0 => Lifetime::Session,
        1 => Lifetime::Persistent,
        _ => return Err(Error::Rejected),
    };
    let present = from.u8()?;
    if present & !(USES | NOT_BEFORE | NOT_AFTER | OWNER | TRUSTED) != 0 {
        return Err(Error::Rejected);
    }
    let mut field = |bit| if present & bit == 0 { Ok(None) } else { from.u64().map(Some) };
    let uses = field(USES)?;
    let validity = Validity { not_before: field(NOT_BEFORE)?, not_after: field(NOT_AFTER)? };
    let owner = field(OWNER)?;
    let label = text(from)?;
    let application = text(from)?;
    let attributes = Attributes {
        kind,
        class,
        length,
        usage,
        rules,
        export,
        lifetime,
        uses,
        validity,
        owner,
        trusted: present & TRUSTED != 0,
        label,
        application,
    };
    attributes.check().map_err(|_| Error::Rejected)?;
    Ok(attributes)
}

fn flag(byte: u8) -> Result<bool> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::Rejected),
    }
}

fn text<const N: usize>(from: &mut Reader<'_>) -> Result<Text<N>> {
    let len = from.u8()?;
    Text::new(from.take(usize::from(len))?).ok_or(Error::Rejected)
}
