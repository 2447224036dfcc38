//! The algorithms, a file each: from the JSON of a case to its answer.

pub(crate) mod aes_cbc;
pub(crate) mod aes_ctr;
pub(crate) mod aes_gcm;
pub(crate) mod cmac;
pub(crate) mod drbg;
pub(crate) mod ecdsa;
pub(crate) mod eddsa;
pub(crate) mod hash;
pub(crate) mod hmac;
pub(crate) mod kas_ecc;
pub(crate) mod kda;
pub(crate) mod kdf;
pub(crate) mod key_wrap;
pub(crate) mod kts_ifc;
pub(crate) mod ml_dsa;
pub(crate) mod ml_kem;
mod pattern;
pub(crate) mod pbkdf;
pub(crate) mod rsa;
pub(crate) mod rsa_primitive;
mod signed;
pub(crate) mod slh_dsa;

use strongroom::{HMAC_KEY_LEN, Hash, KeyKind};

use crate::fields::{Fields, Result, malformed, unsupported};

/// Which way a cipher goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

fn direction(group: Fields<'_>) -> Result<Direction> {
    match group.text("direction")? {
        "encrypt" => Ok(Direction::Encrypt),
        "decrypt" => Ok(Direction::Decrypt),
        other => malformed(format!("direction {other:?}")),
    }
}

/// The kind of an AES key of this many bits.
fn aes(bits: usize) -> Result<KeyKind> {
    match bits {
        128 => Ok(KeyKind::Aes128),
        192 => Ok(KeyKind::Aes192),
        256 => Ok(KeyKind::Aes256),
        _ => unsupported(format!("AES keys of {bits} bits")),
    }
}

/// The AES kind that fits the bytes of a key.
fn aes_of(key: &[u8]) -> Result<KeyKind> {
    aes(key.len() * 8)
}

/// A hash by its name in ACVP.
fn hash_named(name: &str) -> Result<Hash> {
    Ok(match name {
        "SHA2-224" => Hash::Sha224,
        "SHA2-256" => Hash::Sha256,
        "SHA2-384" => Hash::Sha384,
        "SHA2-512" => Hash::Sha512,
        "SHA2-512/256" => Hash::Sha512_256,
        "SHA3-224" => Hash::Sha3_224,
        "SHA3-256" => Hash::Sha3_256,
        "SHA3-384" => Hash::Sha3_384,
        "SHA3-512" => Hash::Sha3_512,
        _ => return unsupported(format!("hash {name}")),
    })
}

/// The parameter set of a group of a post-quantum scheme.
fn parameter_set(set: Fields<'_>, group: Fields<'_>) -> Result<KeyKind> {
    let (scheme, name) = (set.text("algorithm")?, group.text("parameterSet")?);
    let named = |kind: &KeyKind| kind.name() == name && name.starts_with(scheme);
    let found = KeyKind::ALL.into_iter().find(named);
    found.map_or_else(|| unsupported(format!("parameter set {name}")), Ok)
}

/// The length of a key that the engine takes in, or makes, as an HMAC or derivation key.
fn served(len: usize) -> Option<u16> {
    let (least, most) = HMAC_KEY_LEN;
    u16::try_from(len).ok().filter(|len| (least..=most).contains(len))
}

/// Refuses a test type that the file does not answer.
fn test_type<'a>(group: Fields<'a>, known: &[&str]) -> Result<&'a str> {
    let found = group.text("testType")?;
    if known.contains(&found) { Ok(found) } else { unsupported(format!("test type {found}")) }
}
