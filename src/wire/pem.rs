//! The textual encoding of a public key, RFC 7468 (2015) section 13: a "PUBLIC KEY" block.
//!
//! Stricter than what the standard asks of parsers, so that a key has one text: lines of 64
//! characters, each ended by one LF, nothing before the block and nothing behind it. Public keys only:
//! the base64 code looks values up by their contents.

use super::Writer;
use crate::error::{Error, Result};

const BEGIN: &[u8] = b"-----BEGIN PUBLIC KEY-----\n";
const END: &[u8] = b"-----END PUBLIC KEY-----\n";

/// Characters in a line (RFC 7468 section 2), which stand for [`LINE_OCTETS`].
const LINE_CHARACTERS: usize = 64;
const LINE_OCTETS: usize = 48;

/// RFC 4648 section 4.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD: u8 = b'=';

/// How many bytes [`emit`] writes for `der_len` octets.
pub const fn emitted_len(der_len: usize) -> Result<usize> {
    let Some(characters) = der_len.div_ceil(3).checked_mul(4) else {
        return Err(Error::InvalidArgument);
    };
    // One LF a line. The sum of the lengths of both boundaries is far from overflow.
    let Some(with_lines) = characters.checked_add(characters.div_ceil(LINE_CHARACTERS)) else {
        return Err(Error::InvalidArgument);
    };
    match with_lines.checked_add(BEGIN.len().saturating_add(END.len())) {
        Some(length) => Ok(length),
        None => Err(Error::InvalidArgument),
    }
}

/// Emits the block for a SubjectPublicKeyInfo to the front of `out`; answers how many bytes that is.
///
/// An error leaves `out` zeroed.
pub fn emit(der: &[u8], out: &mut [u8]) -> Result<usize> {
    let result = put_block(der, &mut Writer::new(out));
    if result.is_err() {
        out.fill(0);
    }
    result
}

fn put_block(der: &[u8], writer: &mut Writer<'_>) -> Result<usize> {
    // An empty block could not be parsed.
    if der.is_empty() {
        return Err(Error::InvalidArgument);
    }
    writer.put(BEGIN)?;
    for line in der.chunks(LINE_OCTETS) {
        for group in line.chunks(3) {
            writer.put(&encode_group(group))?;
        }
        writer.put(b"\n")?;
    }
    writer.put(END)?;
    Ok(writer.position())
}

/// Decodes a block to the front of `out`; answers how many bytes that is.
///
/// An error leaves `out` zeroed.
pub fn parse(text: &[u8], out: &mut [u8]) -> Result<usize> {
    let result = put_octets(text, &mut Writer::new(out));
    if result.is_err() {
        out.fill(0);
    }
    result
}

fn put_octets(text: &[u8], writer: &mut Writer<'_>) -> Result<usize> {
    let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(Error::Rejected)?;
    if body.is_empty() {
        return Err(Error::Rejected);
    }
    let mut at_end = false;
    // Each line but the last is full, so a LF anywhere else falls among the base64 characters.
    for line in body.chunks(LINE_CHARACTERS + 1) {
        let (groups, []) = line.strip_suffix(b"\n").ok_or(Error::Rejected)?.as_chunks::<4>() else {
            return Err(Error::Rejected);
        };
        if groups.is_empty() {
            return Err(Error::Rejected);
        }
        for group in groups {
            if at_end {
                return Err(Error::Rejected);
            }
            let (octets, count) = decode_group(*group)?;
            writer.put(octets.get(..count).ok_or(Error::Rejected)?)?;
            at_end = count < 3;
        }
    }
    Ok(writer.position())
}

/// Four characters for one to three octets.
fn encode_group(octets: &[u8]) -> [u8; 4] {
    let at = |i: usize| octets.get(i).copied().unwrap_or(0);
    let (a, b, c) = (at(0), at(1), at(2));
    let mut group = [character(a >> 2), character(a << 4 | b >> 4), character(b << 2 | c >> 6), character(c)];
    let [_, _, third, fourth] = &mut group;
    if octets.len() < 2 {
        *third = PAD;
    }
    if octets.len() < 3 {
        *fourth = PAD;
    }
    group
}

/// One to three octets of four characters, and how many. Bits that stand for nothing must be zero
/// (RFC 4648 section 3.5).
fn decode_group(group: [u8; 4]) -> Result<([u8; 3], usize)> {
    let [a, b, c, d] = group;
    let count = match (c, d) {
        (PAD, PAD) => 1,
        (_, PAD) => 2,
        _ => 3,
    };
    let (a, b) = (value(a)?, value(b)?);
    let c = if count < 2 { 0 } else { value(c)? };
    let d = if count < 3 { 0 } else { value(d)? };
    let octets = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    match (count, octets) {
        (1, [_, 0, _]) | (2, [_, _, 0]) | (3, _) => Ok((octets, count)),
        _ => Err(Error::Rejected),
    }
}

/// The character of the low six bits.
fn character(bits: u8) -> u8 {
    ALPHABET.get(usize::from(bits & 0x3F)).copied().unwrap_or(PAD)
}

fn value(character: u8) -> Result<u8> {
    let place = ALPHABET.iter().position(|known| *known == character).ok_or(Error::Rejected)?;
    u8::try_from(place).map_err(|_| Error::Rejected)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::testing::{for_each_damaged, with_byte};
    use proptest::prelude::*;
    use std::format;
    use std::vec;
    use std::vec::Vec;

    // The same keys from OpenSSL in both encodings; kat-vectors/tests/wire/README.md.
    const CASES: [(&[u8], &[u8]); 2] = [
        (
            include_bytes!("../../kat-vectors/tests/wire/p256-spki.pem"),
            include_bytes!("../../kat-vectors/tests/wire/p256-spki.der"),
        ),
        (
            include_bytes!("../../kat-vectors/tests/wire/rsa2048-spki.pem"),
            include_bytes!("../../kat-vectors/tests/wire/rsa2048-spki.der"),
        ),
    ];

    fn emitted(der: &[u8]) -> Vec<u8> {
        let mut out = vec![0xEE; emitted_len(der.len()).unwrap()];
        assert_eq!(emit(der, &mut out), Ok(out.len()));
        out
    }

    fn parsed(text: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0xEE; text.len()];
        match parse(text, &mut out) {
            Ok(length) => {
                out.truncate(length);
                Ok(out)
            }
            Err(error) => {
                assert!(out.iter().all(|&octet| octet == 0), "zeroed on failure");
                Err(error)
            }
        }
    }

    /// Rejected, or accepted and re-emitted byte for byte; answers whether it was accepted.
    fn canonical(text: &[u8]) -> bool {
        match parsed(text) {
            Ok(der) => {
                assert_eq!(emitted(&der), text);
                true
            }
            Err(error) => {
                assert_eq!(error, Error::Rejected);
                false
            }
        }
    }

    /// A block with the given body.
    fn block(body: &str) -> Vec<u8> {
        format!("-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n").into_bytes()
    }

    #[test]
    fn openssl_blocks_both_ways() {
        for (text, der) in CASES {
            assert_eq!(emitted(der), text);
            assert_eq!(parsed(text).unwrap(), der);
        }
    }

    #[test]
    fn rfc_4648_vectors() {
        // RFC 4648 section 10.
        for (octets, characters) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let text = block(&format!("{characters}\n"));
            assert_eq!(emitted(octets.as_bytes()), text);
            assert_eq!(parsed(&text).unwrap(), octets.as_bytes());
        }
    }

    #[test]
    fn damage_is_rejected_or_canonical() {
        for (text, _) in CASES {
            for_each_damaged(text, |damaged| {
                canonical(damaged);
            });
        }
    }

    #[test]
    fn trailing_and_leading_data_are_rejected() {
        let (text, _) = CASES[0];
        for byte in [b'\n', b' ', b'A', 0] {
            assert!(!canonical(&with_byte(text, byte)));
            assert!(!canonical(&[&[byte], text].concat()));
        }
    }

    #[test]
    fn another_label_is_rejected() {
        assert!(canonical(b"-----BEGIN PUBLIC KEY-----\nZm9v\n-----END PUBLIC KEY-----\n"));
        assert!(!canonical(b"-----BEGIN PRIVATE KEY-----\nZm9v\n-----END PRIVATE KEY-----\n"));
        assert!(!canonical(b"-----BEGIN PUBLIC KEY-----\nZm9v\n-----END CERTIFICATE-----\n"));
    }

    #[test]
    fn other_line_ends_and_lengths_are_rejected() {
        let full = "A".repeat(64);
        assert!(canonical(&block(&format!("{full}\nZm9v\n"))));
        assert!(canonical(&block(&format!("{full}\n"))));
        assert!(!canonical(&block(&format!("{full}Zm9v\n"))), "68 characters");
        assert!(!canonical(&block("Zm9v\nZm9v\n")), "a short line that is not the last");
        assert!(!canonical(&block(&format!("{full}\n\n"))), "an empty line");
        assert!(!canonical(&block("Zm9v\r\n")), "CR LF");
        assert!(!canonical(&block("Zm9v")), "no LF");
        assert!(!canonical(&block("")), "no line");
        assert!(!canonical(&block("\n")), "an empty line alone");
    }

    #[test]
    fn bad_base64_is_rejected() {
        for body in
            ["Zm9\n", "Z\n", "Zm 9\n", "Zm9-\n", "Zm9_\n", "Zm9\u{e9}\n", "====\n", "Z===\n", "=m9v\n"]
        {
            assert!(!canonical(&block(body)), "{body}");
        }
        assert!(!canonical(&block("Zg==Zg==\n")), "data behind the padding");
        assert!(!canonical(&block("Zg=A\n")), "a character behind a pad");
        assert!(!canonical(&block("Zh==\n")), "a bit that stands for nothing");
        assert!(!canonical(&block("Zm9=\n")), "a bit that stands for nothing");
    }

    #[test]
    fn padding_that_ends_a_full_line_ends_the_block() {
        let padded = format!("{}Zg==\n", "A".repeat(60));
        assert!(canonical(&block(&padded)));
        assert!(!canonical(&block(&format!("{padded}Zm9v\n"))));
    }

    #[test]
    fn a_buffer_too_small_is_refused_and_zeroed() {
        let (text, der) = CASES[0];
        let mut out = vec![0xEE; text.len() - 1];
        assert_eq!(emit(der, &mut out), Err(Error::BufferTooSmall));
        assert!(out.iter().all(|&octet| octet == 0));
        let mut out = vec![0xEE; der.len() - 1];
        assert_eq!(parse(text, &mut out), Err(Error::BufferTooSmall));
        assert!(out.iter().all(|&octet| octet == 0));
    }

    #[test]
    fn an_empty_or_endless_key_is_refused() {
        assert_eq!(emit(&[], &mut [0; 100]), Err(Error::InvalidArgument));
        assert_eq!(emitted_len(usize::MAX), Err(Error::InvalidArgument));
    }

    proptest! {
        #[test]
        fn octets_round_trip(der in proptest::collection::vec(any::<u8>(), 1..400)) {
            prop_assert_eq!(parsed(&emitted(&der)).unwrap(), der);
        }

        #[test]
        fn arbitrary_bodies_are_rejected_or_canonical(body in "[A-D/+=\n]{0,12}\n") {
            canonical(&block(&body));
        }

        #[test]
        fn arbitrary_bytes_are_rejected_or_canonical(text in any::<Vec<u8>>()) {
            canonical(&text);
        }
    }
}
