//! Reading JSON objects of a vector set, field by field, and writing hex.

use serde_json::{Map, Value};
use strongroom::Error;

/// Fields that a case or a group answers with.
pub(crate) type Answer = Map<String, Value>;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The set is no vector set: nothing of it is answered.
    Malformed(String),
    /// The engine does not have this: the case is left out, and the line on standard error says so.
    Unsupported(String),
    /// The engine failed where it must not.
    Failed(String),
}

pub(crate) type Result<T> = core::result::Result<T, Fault>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Unsupported => Self::Unsupported("parameters that the engine does not have".into()),
            other => Self::Failed(format!("the engine answered: {other}")),
        }
    }
}

pub(crate) fn unsupported<T>(what: impl Into<String>) -> Result<T> {
    Err(Fault::Unsupported(what.into()))
}

pub(crate) fn malformed<T>(what: impl Into<String>) -> Result<T> {
    Err(Fault::Malformed(what.into()))
}

/// A verdict: `Rejected` is an answer, every other error is a failure.
pub(crate) fn verdict<T>(result: core::result::Result<T, Error>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Rejected) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// An object of the set.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value, what: &str) -> Result<Self> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => malformed(format!("{what} is no object")),
        }
    }

    pub(crate) fn map(self) -> &'a Map<String, Value> {
        self.0
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn value(self, name: &str) -> Result<&'a Value> {
        match self.0.get(name) {
            Some(value) if !value.is_null() => Ok(value),
            _ => malformed(format!("`{name}` is missing")),
        }
    }

    pub(crate) fn object(self, name: &str) -> Result<Self> {
        Self::of(self.value(name)?, &format!("`{name}`"))
    }

    pub(crate) fn list(self, name: &str) -> Result<&'a Vec<Value>> {
        self.value(name)?.as_array().map_or_else(|| malformed(format!("`{name}` is no list")), Ok)
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str> {
        self.value(name)?.as_str().map_or_else(|| malformed(format!("`{name}` is no string")), Ok)
    }

    pub(crate) fn text_or(self, name: &str, default: &'a str) -> Result<&'a str> {
        if self.has(name) { self.text(name) } else { Ok(default) }
    }

    pub(crate) fn number(self, name: &str) -> Result<usize> {
        let number = self.value(name)?.as_u64().and_then(|number| usize::try_from(number).ok());
        number.map_or_else(|| malformed(format!("`{name}` is no count")), Ok)
    }

    pub(crate) fn number_or(self, name: &str, default: usize) -> Result<usize> {
        if self.has(name) { self.number(name) } else { Ok(default) }
    }

    pub(crate) fn flag_or(self, name: &str, default: bool) -> Result<bool> {
        if !self.has(name) {
            return Ok(default);
        }
        self.value(name)?
            .as_bool()
            .map_or_else(|| malformed(format!("`{name}` is neither true nor false")), Ok)
    }

    /// Whole bytes in hex.
    pub(crate) fn hex(self, name: &str) -> Result<Vec<u8>> {
        let text = self.text(name)?;
        if !text.len().is_multiple_of(2) {
            return malformed(format!("`{name}` has half a byte"));
        }
        from_hex(text).map_or_else(|| malformed(format!("`{name}` is no hex")), Ok)
    }

    pub(crate) fn hex_or_empty(self, name: &str) -> Result<Vec<u8>> {
        if self.has(name) { self.hex(name) } else { Ok(Vec::new()) }
    }

    /// A number in hex, of any count of digits, without its leading zeros.
    pub(crate) fn integer(self, name: &str) -> Result<Vec<u8>> {
        let text = self.text(name)?;
        let even = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
        let bytes = from_hex(&even).map_or_else(|| malformed(format!("`{name}` is no hex")), Ok)?;
        Ok(trimmed(&bytes).to_vec())
    }

    /// The length in bytes that a field states in bits.
    pub(crate) fn whole_bytes(self, name: &str) -> Result<usize> {
        let bits = self.number(name)?;
        if bits.is_multiple_of(8) { Ok(bits / 8) } else { unsupported(format!("{name} of part of a byte")) }
    }

    /// The bytes of `name`, whose length in bits is in `len`.
    pub(crate) fn sized(self, name: &str, len: &str) -> Result<Vec<u8>> {
        let mut bytes = self.hex(name)?;
        let len = self.whole_bytes(len)?;
        if bytes.len() < len {
            return malformed(format!("`{name}` is shorter than it says"));
        }
        bytes.truncate(len);
        Ok(bytes)
    }
}

/// A number without its leading zeros.
pub(crate) fn trimmed(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// A number as `len` bytes, if it fits.
pub(crate) fn fitted(number: &[u8], len: usize) -> Option<Vec<u8>> {
    let number = trimmed(number);
    let mut out = vec![0; len.checked_sub(number.len())?];
    out.extend_from_slice(number);
    Some(out)
}

pub(crate) fn array<const N: usize>(bytes: &[u8], name: &str) -> Result<[u8; N]> {
    bytes.try_into().map_or_else(|_| malformed(format!("`{name}` has {} bytes, not {N}", bytes.len())), Ok)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> Value {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    Value::String(text)
}

/// An answer of these fields.
pub(crate) fn answer<const N: usize>(fields: [(&str, Value); N]) -> Answer {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn passed(yes: bool) -> Answer {
    answer([("testPassed", Value::Bool(yes))])
}
