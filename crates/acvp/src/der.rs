//! As much DER as keys need: SubjectPublicKeyInfo and PKCS #8, written and read. What is read here was written
//! by the engine; what is written here the engine parses.

use strongroom::KeyKind;

use crate::fields::{Fault, Result, trimmed};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The seed among the forms of a lattice key: [0] IMPLICIT (RFC 9935 and RFC 9881, section 6).
const SEED: u8 = 0x80;

// RFC 5480, RFC 8410, RFC 8017: the algorithm, and the curve where it has one.
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// Of NIST's signatures and encapsulations: arc and number follow (RFC 9935, RFC 9881, RFC 9909, section 3 each).
const NIST: [u8; 7] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04];

fn item(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len().to_be_bytes();
    let len = trimmed(&len);
    let mut out = vec![tag];
    match (len, u8::try_from(len.len())) {
        ([], _) => out.push(0),
        ([short], _) if *short < 0x80 => out.push(*short),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(len);
        }
        _ => {}
    }
    out.extend_from_slice(&content);
    out
}

fn integer(number: &[u8]) -> Vec<u8> {
    let number = trimmed(number);
    let sign: &[u8] = if number.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    item(INTEGER, &[sign, number])
}

fn algorithm(kind: KeyKind) -> Vec<u8> {
    if let Some(set) = parameter_set(kind) {
        return item(SEQUENCE, &[&item(OID, &[&NIST, &set])]);
    }
    let (name, parameters) = match kind {
        KeyKind::EcP256 => (EC, item(OID, &[P256])),
        KeyKind::EcP384 => (EC, item(OID, &[P384])),
        KeyKind::EcP521 => (EC, item(OID, &[P521])),
        KeyKind::Ed25519 => (ED25519, Vec::new()),
        _ => (RSA, item(NULL, &[])),
    };
    item(SEQUENCE, &[&item(OID, &[name]), &parameters])
}

/// Arc and number of a post-quantum parameter set.
const fn parameter_set(kind: KeyKind) -> Option<[u8; 2]> {
    Some(match kind {
        KeyKind::MlKem512 => [4, 1],
        KeyKind::MlKem768 => [4, 2],
        KeyKind::MlKem1024 => [4, 3],
        KeyKind::MlDsa44 => [3, 17],
        KeyKind::MlDsa65 => [3, 18],
        KeyKind::MlDsa87 => [3, 19],
        KeyKind::SlhDsaSha2_128s => [3, 20],
        KeyKind::SlhDsaSha2_128f => [3, 21],
        KeyKind::SlhDsaSha2_192s => [3, 22],
        KeyKind::SlhDsaSha2_192f => [3, 23],
        KeyKind::SlhDsaSha2_256s => [3, 24],
        KeyKind::SlhDsaSha2_256f => [3, 25],
        KeyKind::SlhDsaShake128s => [3, 26],
        KeyKind::SlhDsaShake128f => [3, 27],
        KeyKind::SlhDsaShake192s => [3, 28],
        KeyKind::SlhDsaShake192f => [3, 29],
        KeyKind::SlhDsaShake256s => [3, 30],
        KeyKind::SlhDsaShake256f => [3, 31],
        _ => return None,
    })
}

/// The public key of a curve, a point in SEC 1 form or 32 bytes of Ed25519, or of a post-quantum scheme.
pub(crate) fn spki(kind: KeyKind, public: &[u8]) -> Vec<u8> {
    item(SEQUENCE, &[&algorithm(kind), &item(BIT_STRING, &[&[0], public])])
}

pub(crate) fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    spki(KeyKind::Rsa2048, &item(SEQUENCE, &[&integer(n), &integer(e)]))
}

/// A private key of a curve, the seed of a lattice key, or a key of SLH-DSA, without the public half: the engine
/// computes it.
pub(crate) fn pkcs8(kind: KeyKind, secret: &[u8]) -> Vec<u8> {
    let inner = match (parameter_set(kind), kind) {
        (Some(_), _) if kind.name().starts_with("SLH-DSA") => secret.to_vec(),
        (Some(_), _) => item(SEED, &[secret]),
        (_, KeyKind::Ed25519) => item(OCTET_STRING, &[secret]),
        _ => item(SEQUENCE, &[&integer(&[1]), &item(OCTET_STRING, &[secret])]),
    };
    item(SEQUENCE, &[&integer(&[0]), &algorithm(kind), &item(OCTET_STRING, &[&inner])])
}

/// An RSA private key from n, e, d, p, q, dP, dQ, qInv.
pub(crate) fn rsa_pkcs8(numbers: [&[u8]; 8]) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.into_iter().flat_map(integer).collect();
    let inner = item(SEQUENCE, &[&integer(&[0]), &numbers]);
    item(SEQUENCE, &[&integer(&[0]), &algorithm(KeyKind::Rsa2048), &item(OCTET_STRING, &[&inner])])
}

/// Takes one item off the front: its tag and its content.
fn take<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = input.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let len = if *first < 0x80 {
        usize::from(*first)
    } else {
        let (bytes, after) = rest.split_at_checked(usize::from(*first & 0x7f))?;
        rest = after;
        bytes.iter().fold(0_usize, |len, byte| (len << 8) | usize::from(*byte))
    };
    let (content, rest) = rest.split_at_checked(len)?;
    *input = rest;
    Some((*tag, content))
}

fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Result<&'a [u8]> {
    match take(input) {
        Some((found, content)) if found == tag => Ok(content),
        _ => Err(Fault::Failed("the engine wrote a key that this program cannot read".into())),
    }
}

/// What a SubjectPublicKeyInfo holds: a point, the bytes of another key, or RSA's numbers in DER.
pub(crate) fn point(mut spki: &[u8]) -> Result<Vec<u8>> {
    let mut outer = expect(&mut spki, SEQUENCE)?;
    expect(&mut outer, SEQUENCE)?;
    Ok(expect(&mut outer, BIT_STRING)?.get(1..).unwrap_or(&[]).to_vec())
}

/// Modulus and exponent of an RSA public key.
pub(crate) fn rsa_public(spki: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let inner = point(spki)?;
    let mut numbers = expect(&mut inner.as_slice(), SEQUENCE)?;
    let mut next = || expect(&mut numbers, INTEGER).map(|number| trimmed(number).to_vec());
    Ok((next()?, next()?))
}

fn private(mut pkcs8: &[u8]) -> Result<&[u8]> {
    let mut outer = expect(&mut pkcs8, SEQUENCE)?;
    expect(&mut outer, INTEGER)?;
    expect(&mut outer, SEQUENCE)?;
    expect(&mut outer, OCTET_STRING)
}

/// The secret of a curve's private key.
pub(crate) fn secret(kind: KeyKind, pkcs8: &[u8]) -> Result<Vec<u8>> {
    let mut inner = private(pkcs8)?;
    if kind != KeyKind::Ed25519 {
        inner = expect(&mut inner, SEQUENCE)?;
        expect(&mut inner, INTEGER)?;
    }
    Ok(expect(&mut inner, OCTET_STRING)?.to_vec())
}

/// n, e, d, p, q, dP, dQ, qInv of an RSA private key.
pub(crate) fn rsa_numbers(pkcs8: &[u8]) -> Result<[Vec<u8>; 8]> {
    let mut inner = private(pkcs8)?;
    let mut numbers = expect(&mut inner, SEQUENCE)?;
    let mut next = || expect(&mut numbers, INTEGER).map(|number| trimmed(number).to_vec());
    next()?; // version
    Ok([next()?, next()?, next()?, next()?, next()?, next()?, next()?, next()?])
}
