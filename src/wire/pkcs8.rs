//! PrivateKeyInfo, PKCS #8 (RFC 5208, 2008) and OneAsymmetricKey (RFC 5958, 2010), for the keys of the
//! engine: ECPrivateKey (RFC 5915, 2010), CurvePrivateKey (RFC 8410, 2018), RSAPrivateKey
//! (RFC 8017, 2016) ML-KEM-PrivateKey (RFC 9935, 2026) and ML-DSA-PrivateKey (RFC 9881, 2025)
//! in their seed forms, and SLH-DSA keys (RFC 9909, 2025).
//!
//! These are plaintext private keys: bytes from here stay below the boundary and cross it only wrapped
//! (SSP-6). A parsed key borrows from its encoding, so there is one copy to wipe, and it cannot be
//! printed, compared or cloned. Nothing here says that the parts of a key belong together.

use super::der::{self, Emitter, OCTET_STRING, Parser, SEQUENCE, context, context_constructed};
use super::spki::{ED25519_LEN, EcCurve, KeyAlgorithm, ParameterSet};
use crate::attributes::KeyKind;
use crate::error::{Error, Result};
use crate::marks;

/// Version of PrivateKeyInfo, v1 of OneAsymmetricKey (RFC 5958 section 2).
const V1: u8 = 0;
/// Version of OneAsymmetricKey with a public key.
const V2: u8 = 1;
/// ecPrivkeyVer1 (RFC 5915 section 3).
const EC_PRIVATE_KEY_V1: u8 = 1;
/// Two primes, no otherPrimeInfos (RFC 8017 appendix A.1.2).
const RSA_TWO_PRIMES: u8 = 0;

/// A private key, borrowed from its encoding or from a key record.
pub(crate) enum PrivateKeyInfo<'a> {
    /// `d`: as long as a field element. `public`: as [`EcCurve::has_point_form`].
    Ec {
        curve: EcCurve,
        d: &'a [u8],
        public: Option<&'a [u8]>,
        /// Whether ECPrivateKey names the curve once more. OpenSSL leaves it out; RFC 5915, for use
        /// without PKCS #8, demands it. Kept so that each encoding is re-emitted as it was.
        parameters: bool,
    },
    /// `public`: 32 octets. With it the version is v2 (RFC 5958 section 2).
    Ed25519 { seed: &'a [u8; ED25519_LEN], public: Option<&'a [u8]> },
    /// Big-endian, greater than zero. Parsed ones have no leading zeros: a secret shorter than its
    /// modulus or prime has to be padded to their length before it is used.
    Rsa {
        n: &'a [u8],
        e: &'a [u8],
        d: &'a [u8],
        p: &'a [u8],
        q: &'a [u8],
        dp: &'a [u8],
        dq: &'a [u8],
        qinv: &'a [u8],
    },
    /// `secret`: the seed. `public`: as [`PublicKeyInfo::Set`](super::spki::PublicKeyInfo::Set), version v2.
    Set { kind: KeyKind, secret: &'a [u8], public: Option<&'a [u8]> },
}

/// Reads a PrivateKeyInfo. Attributes are refused: nothing here could honour them.
pub(crate) fn parse(bytes: &[u8]) -> Result<PrivateKeyInfo<'_>> {
    der::parse(bytes, |p| {
        p.nested(SEQUENCE, |p| {
            let version = p.small()?;
            let algorithm = KeyAlgorithm::parse(p)?;
            // v2 is for a public key beside the private one; the other two have theirs inside.
            match (algorithm, version) {
                (KeyAlgorithm::Ec(curve), V1) => p.nested(OCTET_STRING, |p| parse_ec(p, curve)),
                (KeyAlgorithm::Rsa, V1) => p.nested(OCTET_STRING, parse_rsa),
                (KeyAlgorithm::Ed25519, V1) => {
                    Ok(PrivateKeyInfo::Ed25519 { seed: parse_seed(p)?, public: None })
                }
                (KeyAlgorithm::Ed25519, V2) => {
                    let seed = parse_seed(p)?;
                    let public = p.bit_string_tagged(context(1))?;
                    if public.len() != ED25519_LEN {
                        return Err(Error::Rejected);
                    }
                    Ok(PrivateKeyInfo::Ed25519 { seed, public: Some(public) })
                }
                (KeyAlgorithm::Set(set), V1) => {
                    Ok(PrivateKeyInfo::Set { kind: set.kind, secret: parse_set(p, set)?, public: None })
                }
                (KeyAlgorithm::Set(set), V2) => {
                    let secret = parse_set(p, set)?;
                    let public = p.bit_string_tagged(context(1))?;
                    if public.len() != set.public_len() {
                        return Err(Error::Rejected);
                    }
                    Ok(PrivateKeyInfo::Set { kind: set.kind, secret, public: Some(public) })
                }
                _ => Err(Error::Rejected),
            }
        })
    })
}

/// ECPrivateKey (RFC 5915 section 3).
fn parse_ec<'a>(parser: &mut Parser<'a>, curve: EcCurve) -> Result<PrivateKeyInfo<'a>> {
    parser.nested(SEQUENCE, |p| {
        if p.small()? != EC_PRIVATE_KEY_V1 {
            return Err(Error::Rejected);
        }
        // As long as the order, which for these curves is as long as the field.
        let d = p.octet_string()?;
        if d.len() != curve.field_len() {
            return Err(Error::Rejected);
        }
        let parameters = p.next_is(context_constructed(0));
        if parameters && p.nested(context_constructed(0), EcCurve::parse)? != curve {
            return Err(Error::Rejected);
        }
        let mut public = None;
        if p.next_is(context_constructed(1)) {
            let point = p.nested(context_constructed(1), Parser::bit_string)?;
            marks::declassify("public key", point);
            if !curve.has_point_form(point) {
                return Err(Error::Rejected);
            }
            public = Some(point);
        }
        Ok(PrivateKeyInfo::Ec { curve, d, public, parameters })
    })
}

/// CurvePrivateKey: an OCTET STRING in the OCTET STRING (RFC 8410 section 7).
fn parse_seed<'a>(parser: &mut Parser<'a>) -> Result<&'a [u8; ED25519_LEN]> {
    let seed = parser.nested(OCTET_STRING, Parser::octet_string)?;
    seed.try_into().map_err(|_| Error::Rejected)
}

/// The seed: `[0] IMPLICIT OCTET STRING` (RFC 9935 section 6, RFC 9881 section 6). The other two choices carry the expanded key,
/// which nobody needs to store (VAL-KEM-3, VAL-DSA-1): they are refused.
fn parse_set<'a>(parser: &mut Parser<'a>, set: ParameterSet) -> Result<&'a [u8]> {
    // RFC 9909 section 6: of SLH-DSA the OCTET STRING is the key.
    let secret = if set.is_bare() {
        parser.octet_string()?
    } else {
        parser.nested(OCTET_STRING, |p| p.value(context(0)))?
    };
    if secret.len() == set.kind.secret_len() { Ok(secret) } else { Err(Error::Rejected) }
}

/// RSAPrivateKey (RFC 8017 appendix A.1.2).
fn parse_rsa<'a>(parser: &mut Parser<'a>) -> Result<PrivateKeyInfo<'a>> {
    parser.nested(SEQUENCE, |p| {
        if p.small()? != RSA_TWO_PRIMES {
            return Err(Error::Rejected);
        }
        let (n, e) = (p.positive()?, p.positive()?);
        marks::declassify("public key", n);
        marks::declassify("public key", e);
        Ok(PrivateKeyInfo::Rsa {
            n,
            e,
            d: p.positive()?,
            p: p.positive()?,
            q: p.positive()?,
            dp: p.positive()?,
            dq: p.positive()?,
            qinv: p.positive()?,
        })
    })
}

/// Emits a PrivateKeyInfo to the front of `out`; answers how many bytes that is.
///
/// An error leaves `out` zeroed. Afterwards `out` holds the plaintext key: its owner wipes it.
pub(crate) fn emit(key: &PrivateKeyInfo<'_>, out: &mut [u8]) -> Result<usize> {
    der::emit(out, |e| put(key, e))
}

/// How many bytes [`emit`] writes for `key`. For RSA it depends on the leading zeros of the key's
/// secrets, as the encoding does.
pub(crate) fn emitted_len(key: &PrivateKeyInfo<'_>) -> Result<usize> {
    der::emitted_len(|e| put(key, e))
}

fn put(key: &PrivateKeyInfo<'_>, emitter: &mut Emitter<'_>) -> Result<()> {
    emitter.nested(SEQUENCE, |e| match *key {
        PrivateKeyInfo::Ec { curve, d, public, parameters } => {
            if d.len() != curve.field_len() || public.is_some_and(|point| !curve.has_point_form(point)) {
                return Err(Error::InvalidArgument);
            }
            e.small(V1)?;
            KeyAlgorithm::Ec(curve).put(e)?;
            e.nested(OCTET_STRING, |e| {
                e.nested(SEQUENCE, |e| {
                    e.small(EC_PRIVATE_KEY_V1)?;
                    e.octet_string(d)?;
                    if parameters {
                        e.nested(context_constructed(0), |e| curve.put(e))?;
                    }
                    match public {
                        Some(point) => e.nested(context_constructed(1), |e| e.bit_string(point)),
                        None => Ok(()),
                    }
                })
            })
        }
        PrivateKeyInfo::Ed25519 { seed, public } => {
            e.small(if public.is_some() { V2 } else { V1 })?;
            KeyAlgorithm::Ed25519.put(e)?;
            e.nested(OCTET_STRING, |e| e.octet_string(seed))?;
            match public {
                Some(key) if key.len() == ED25519_LEN => e.bit_string_tagged(context(1), key),
                Some(_) => Err(Error::InvalidArgument),
                None => Ok(()),
            }
        }
        PrivateKeyInfo::Set { kind, secret, public } => {
            let set = ParameterSet::of_kind(kind)?;
            if secret.len() != kind.secret_len() {
                return Err(Error::InvalidArgument);
            }
            e.small(if public.is_some() { V2 } else { V1 })?;
            KeyAlgorithm::Set(set).put(e)?;
            if set.is_bare() {
                e.octet_string(secret)?;
            } else {
                e.nested(OCTET_STRING, |e| e.value(context(0), secret))?;
            }
            match public {
                Some(key) if key.len() == set.public_len() => e.bit_string_tagged(context(1), key),
                Some(_) => Err(Error::InvalidArgument),
                None => Ok(()),
            }
        }
        PrivateKeyInfo::Rsa { n, e: exponent, d, p, q, dp, dq, qinv } => {
            e.small(V1)?;
            KeyAlgorithm::Rsa.put(e)?;
            e.nested(OCTET_STRING, |e| {
                e.nested(SEQUENCE, |e| {
                    e.small(RSA_TWO_PRIMES)?;
                    [n, exponent, d, p, q, dp, dq, qinv].into_iter().try_for_each(|number| e.positive(number))
                })
            })
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::testing::{for_each_damaged, replaced, with_byte};
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    // Test keys only. kat-vectors/tests/wire/README.md says how they were made.
    const P256: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p256-pkcs8.der");
    const P256_PARAMETERS: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p256-parameters-pkcs8.der");
    const P256_PRIVATE_ONLY: &[u8] =
        include_bytes!("../../kat-vectors/tests/wire/p256-private-only-pkcs8.der");
    const P384: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p384-pkcs8.der");
    const P521: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p521-pkcs8.der");
    const SECP256K1: &[u8] = include_bytes!("../../kat-vectors/tests/wire/secp256k1-pkcs8.der");
    const ED25519: &[u8] = include_bytes!("../../kat-vectors/tests/wire/ed25519-pkcs8.der");
    const ED25519_V2: &[u8] = include_bytes!("../../kat-vectors/tests/wire/ed25519-v2-pkcs8.der");
    const RSA2048: &[u8] = include_bytes!("../../kat-vectors/tests/wire/rsa2048-pkcs8.der");
    const MLKEM768: &[u8] = include_bytes!("../../kat-vectors/tests/wire/mlkem768-pkcs8.der");
    const MLDSA65: &[u8] = include_bytes!("../../kat-vectors/tests/wire/mldsa65-pkcs8.der");
    #[rustfmt::skip]
    const ALL: [&[u8]; 11] = [
        P256, P256_PARAMETERS, P256_PRIVATE_ONLY, P384, P521, SECP256K1, ED25519, ED25519_V2, RSA2048, MLKEM768,
        MLDSA65,
    ];

    /// RFC 8410 section 10.3, the example with attributes and a public key.
    const RFC8410_ATTRIBUTES: [u8; 116] = [
        0x30, 0x72, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20, 0xD4,
        0xEE, 0x72, 0xDB, 0xF9, 0x13, 0x58, 0x4A, 0xD5, 0xB6, 0xD8, 0xF1, 0xF7, 0x69, 0xF8, 0xAD, 0x3A, 0xFE,
        0x7C, 0x28, 0xCB, 0xF1, 0xD4, 0xFB, 0xE0, 0x97, 0xA8, 0x8F, 0x44, 0x75, 0x58, 0x42, 0xA0, 0x1F, 0x30,
        0x1D, 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x09, 0x14, 0x31, 0x0F, 0x0C, 0x0D,
        0x43, 0x75, 0x72, 0x64, 0x6C, 0x65, 0x20, 0x43, 0x68, 0x61, 0x69, 0x72, 0x73, 0x81, 0x21, 0x00, 0x19,
        0xBF, 0x44, 0x09, 0x69, 0x84, 0xCD, 0xFE, 0x85, 0x41, 0xBA, 0xC1, 0x67, 0xDC, 0x3B, 0x96, 0xC8, 0x50,
        0x86, 0xAA, 0x30, 0xB6, 0xB6, 0xCB, 0x0C, 0x5C, 0x38, 0xAD, 0x70, 0x31, 0x66, 0xE1,
    ];

    fn emitted(key: &PrivateKeyInfo<'_>) -> Vec<u8> {
        let mut out = vec![0xEE; emitted_len(key).unwrap()];
        assert_eq!(emit(key, &mut out), Ok(out.len()));
        out
    }

    /// Rejected, or accepted and re-emitted byte for byte; answers whether it was accepted.
    fn canonical(bytes: &[u8]) -> bool {
        match parse(bytes) {
            Ok(key) => {
                assert!(emitted(&key) == bytes);
                true
            }
            Err(error) => {
                assert_eq!(error, Error::Rejected);
                false
            }
        }
    }

    fn rejected(bytes: &[u8]) -> bool {
        !canonical(bytes)
    }

    #[test]
    fn openssl_encodings_are_re_emitted_byte_for_byte() {
        for bytes in ALL {
            assert!(canonical(bytes));
        }
    }

    // Offsets in the next three tests were read from `openssl asn1parse`.
    #[test]
    fn ec_fields_are_where_they_belong() {
        let cases = [
            (P256, EcCurve::P256, 36, Some(73), false),
            (P256_PARAMETERS, EcCurve::P256, 36, Some(85), true),
            (P256_PRIVATE_ONLY, EcCurve::P256, 35, None, false),
            (P384, EcCurve::P384, 35, Some(88), false),
            (P521, EcCurve::P521, 35, Some(108), false),
            (SECP256K1, EcCurve::Secp256k1, 33, Some(70), false),
        ];
        for (bytes, curve, at, public_at, has_parameters) in cases {
            let Ok(PrivateKeyInfo::Ec { curve: found, d, public, parameters }) = parse(bytes) else {
                panic!("not an EC key");
            };
            assert_eq!(found, curve);
            assert_eq!(d, &bytes[at..at + curve.field_len()]);
            assert_eq!(public, public_at.map(|from| &bytes[from..]));
            assert_eq!(parameters, has_parameters);
        }
    }

    #[test]
    fn ed25519_fields_are_where_they_belong() {
        for (bytes, public_key) in [(ED25519, None), (ED25519_V2, Some(&ED25519_V2[51..]))] {
            let Ok(PrivateKeyInfo::Ed25519 { seed, public }) = parse(bytes) else {
                panic!("not an Ed25519 key");
            };
            assert_eq!(seed[..], bytes[16..48]);
            assert_eq!(public, public_key);
        }
    }

    #[test]
    fn rsa_fields_are_where_they_belong() {
        let Ok(PrivateKeyInfo::Rsa { n, e, d, p, q, dp, dq, qinv }) = parse(RSA2048) else {
            panic!("not an RSA key");
        };
        let places =
            [(38, 256), (296, 3), (303, 256), (563, 128), (695, 128), (827, 128), (958, 128), (1089, 128)];
        let numbers = places.map(|(at, length)| &RSA2048[at..at + length]);
        assert_eq!([n, e, d, p, q, dp, dq, qinv], numbers);
        assert_eq!(e, [0x01, 0x00, 0x01]);
    }

    #[test]
    fn damage_is_rejected_or_canonical() {
        for bytes in ALL {
            for_each_damaged(bytes, |damaged| {
                canonical(damaged);
            });
        }
    }

    #[test]
    fn each_truncation_and_trailing_data_are_rejected() {
        for bytes in ALL {
            for n in 0..bytes.len() {
                assert!(rejected(&bytes[..n]));
            }
            assert!(rejected(&with_byte(bytes, 0)));
        }
    }

    #[test]
    fn trailing_data_inside_is_rejected() {
        // NULL behind the last value of: OneAsymmetricKey v1 and v2, the outer OCTET STRING,
        // ECPrivateKey.
        let grown = |bytes: &[u8], headers: &[(&[u8], &[u8])]| {
            let framed = headers.iter().fold(bytes.to_vec(), |b, (old, new)| replaced(&b, old, new));
            [&framed[..], &[0x05, 0x00]].concat()
        };
        assert!(rejected(&grown(ED25519, &[(&[0x30, 0x2E], &[0x30, 0x30])])));
        assert!(rejected(&grown(ED25519_V2, &[(&[0x30, 0x51], &[0x30, 0x53])])));
        let outer: [(&[u8], &[u8]); 2] = [(&[0x30, 0x2E], &[0x30, 0x30]), (&[0x04, 0x22], &[0x04, 0x24])];
        assert!(rejected(&grown(ED25519, &outer)));
        let ec: [(&[u8], &[u8]); 3] = [
            (&[0x30, 0x41, 0x02], &[0x30, 0x43, 0x02]),
            (&[0x04, 0x27, 0x30], &[0x04, 0x29, 0x30]),
            (&[0x30, 0x25, 0x02], &[0x30, 0x27, 0x02]),
        ];
        assert!(rejected(&grown(P256_PRIVATE_ONLY, &ec)));
    }

    #[test]
    fn non_minimal_length_is_rejected() {
        assert!(rejected(&replaced(ED25519, &[0x30, 0x2E], &[0x30, 0x81, 0x2E])));
    }

    #[test]
    fn wrong_versions_are_rejected() {
        let versioned = |bytes: &[u8], at: usize, version: u8| {
            let mut bytes = bytes.to_vec();
            assert_eq!(bytes[at - 2..at], [0x02, 0x01]);
            bytes[at] = version;
            rejected(&bytes)
        };
        // PrivateKeyInfo: v2 without a public key, v1 with one, versions unknown or negative.
        assert!(versioned(ED25519, 4, 1));
        assert!(versioned(ED25519_V2, 4, 0));
        for version in [2, 0x80, 0xFF] {
            assert!(versioned(ED25519, 4, version));
            assert!(versioned(ED25519_V2, 4, version));
        }
        // v2 has no meaning for the keys that carry their public key inside.
        assert!(versioned(P256, 5, 1));
        assert!(versioned(RSA2048, 6, 1));
        // ECPrivateKey.
        for version in [0, 2, 0xFF] {
            assert!(versioned(P256, 33, version));
        }
        // RSAPrivateKey: 1 is multi-prime.
        for version in [1, 2, 0xFF] {
            assert!(versioned(RSA2048, 32, version));
        }
    }

    #[test]
    fn attributes_are_rejected() {
        assert!(rejected(&RFC8410_ATTRIBUTES));
        // Without them the same key is accepted.
        let plain = [&RFC8410_ATTRIBUTES[..48], &RFC8410_ATTRIBUTES[81..]].concat();
        assert!(canonical(&replaced(&plain, &[0x30, 0x72], &[0x30, 0x51])));
        // An empty set on a v1 key.
        let empty = replaced(ED25519, &[0x30, 0x2E], &[0x30, 0x30]);
        assert!(rejected(&[&empty[..], &[0xA0, 0x00]].concat()));
    }

    /// RFC 9935 section 6: the seed, and none of the other choices; a public key makes it v2.
    #[test]
    fn lattice_keys_are_seeds() {
        let Ok(PrivateKeyInfo::Set { kind: KeyKind::MlKem768, secret, public: None }) = parse(MLKEM768)
        else {
            panic!("not an ML-KEM key");
        };
        assert_eq!(secret, &MLKEM768[22..]);
        let key = [7; 1184];
        let with_public = PrivateKeyInfo::Set { kind: KeyKind::MlKem768, secret, public: Some(&key) };
        let bytes = emitted(&with_public);
        assert!(canonical(&bytes));
        let Ok(PrivateKeyInfo::Set { public: Some(found), .. }) = parse(&bytes) else {
            panic!("not an ML-KEM key with its public half");
        };
        assert_eq!(found, key);
        // Expanded key or both: their tags.
        for tag in [0x04, 0x30, 0xA0, 0x81] {
            assert!(rejected(&replaced(MLKEM768, &[0x80, 0x40], &[tag, 0x40])));
        }
        let mut out = [0; 200];
        for info in [
            PrivateKeyInfo::Set { kind: KeyKind::MlKem768, secret: &secret[1..], public: None },
            PrivateKeyInfo::Set { kind: KeyKind::MlKem768, secret, public: Some(&key[1..]) },
            PrivateKeyInfo::Set { kind: KeyKind::Aes256, secret: &secret[..32], public: None },
        ] {
            assert_eq!(emit(&info, &mut out), Err(Error::InvalidArgument));
        }
    }

    #[test]
    fn ed25519_lengths_other_than_32_are_rejected() {
        // A seed of 31 and of 33 octets, then a public key of 31 and of 33.
        let short = replaced(&ED25519[..47], &[0x04, 0x22, 0x04, 0x20], &[0x04, 0x21, 0x04, 0x1F]);
        assert!(rejected(&replaced(&short, &[0x30, 0x2E], &[0x30, 0x2D])));
        let long = replaced(&with_byte(ED25519, 0), &[0x04, 0x22, 0x04, 0x20], &[0x04, 0x23, 0x04, 0x21]);
        assert!(rejected(&replaced(&long, &[0x30, 0x2E], &[0x30, 0x2F])));
        let short = replaced(&ED25519_V2[..82], &[0x81, 0x21, 0x00], &[0x81, 0x20, 0x00]);
        assert!(rejected(&replaced(&short, &[0x30, 0x51], &[0x30, 0x50])));
        let long = replaced(&with_byte(ED25519_V2, 0), &[0x81, 0x21, 0x00], &[0x81, 0x22, 0x00]);
        assert!(rejected(&replaced(&long, &[0x30, 0x51], &[0x30, 0x52])));
    }

    #[test]
    fn an_ed25519_seed_that_is_not_nested_is_rejected() {
        let bare = replaced(ED25519, &[0x04, 0x22, 0x04, 0x20], &[0x04, 0x20]);
        assert!(rejected(&replaced(&bare, &[0x30, 0x2E], &[0x30, 0x2C])));
    }

    #[test]
    fn ec_private_keys_of_another_length_are_rejected() {
        let framed = |d_len: u8, bytes: &[u8]| {
            let bytes = replaced(bytes, &[0x30, 0x41], &[0x30, 0x21 + d_len]);
            let bytes = replaced(&bytes, &[0x04, 0x27], &[0x04, 0x07 + d_len]);
            let bytes = replaced(&bytes, &[0x30, 0x25], &[0x30, 0x05 + d_len]);
            replaced(&bytes, &[0x02, 0x01, 0x01, 0x04, 0x20], &[0x02, 0x01, 0x01, 0x04, d_len])
        };
        assert!(canonical(&framed(32, P256_PRIVATE_ONLY)));
        assert!(rejected(&framed(31, &P256_PRIVATE_ONLY[..66])));
        assert!(rejected(&framed(33, &with_byte(P256_PRIVATE_ONLY, 0))));
    }

    #[test]
    fn ec_parameters_of_another_curve_are_rejected() {
        // In the place of P-256: prime239v3, which is no curve of ours, and secp256k1, which is.
        let named = [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
        let mut other = named;
        other[11] = 0x06;
        assert!(rejected(&replaced(P256_PARAMETERS, &named, &other)));
        let other = [0xA0, 0x07, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A];
        let bytes = replaced(P256_PARAMETERS, &named, &other);
        let bytes = replaced(&bytes, &[0x30, 0x81, 0x93], &[0x30, 0x81, 0x90]);
        let bytes = replaced(&bytes, &[0x04, 0x79, 0x30, 0x77], &[0x04, 0x76, 0x30, 0x74]);
        assert!(rejected(&bytes));
        // The same frame with the curve of the algorithm changed as well is accepted.
        let id = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
        let bytes = replaced(&bytes, &id, &other[2..]);
        let bytes = replaced(&bytes, &[0x30, 0x13, 0x06, 0x07], &[0x30, 0x10, 0x06, 0x07]);
        assert!(canonical(&replaced(&bytes, &[0x30, 0x81, 0x90], &[0x30, 0x81, 0x8D])));
    }

    #[test]
    fn an_ec_public_key_of_another_form_is_rejected() {
        let mut bytes = P256.to_vec();
        for first in [0x00, 0x02, 0x06] {
            bytes[73] = first;
            assert!(rejected(&bytes));
        }
    }

    #[test]
    fn a_negative_rsa_number_is_rejected() {
        // n without its sign octet, lengths put right.
        let negative = |top: u8| {
            let bytes = replaced(RSA2048, &[0x02, 0x82, 0x01, 0x01, 0x00], &[0x02, 0x82, 0x01, 0x00]);
            let mut bytes = bytes;
            for at in [2, 24, 28] {
                let length = u16::from_be_bytes([bytes[at], bytes[at + 1]]) - 1;
                bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
            }
            bytes[37] = bytes[37] & 0x7F | top;
            bytes
        };
        assert!(rejected(&negative(0x80)));
        assert!(canonical(&negative(0)));
    }

    /// A small RSA key; only its form is of interest.
    fn small_rsa<'a>(numbers: &[&'a [u8]; 8]) -> PrivateKeyInfo<'a> {
        let [n, e, d, p, q, dp, dq, qinv] = *numbers;
        PrivateKeyInfo::Rsa { n, e, d, p, q, dp, dq, qinv }
    }

    #[test]
    fn zero_is_no_rsa_number() {
        for i in 0..8 {
            let mut numbers: [&[u8]; 8] = [&[0x21], &[3], &[7], &[11], &[3], &[7], &[1], &[4]];
            let good = emitted(&small_rsa(&numbers));
            assert!(canonical(&good));
            // Each number takes three octets, at the end of the encoding.
            let mut zero = good.clone();
            let at = good.len() - 1 - 3 * (7 - i);
            assert_eq!(good[at - 2..=at], [0x02, 0x01, numbers[i][0]]);
            zero[at] = 0;
            assert!(rejected(&zero));
            numbers[i] = &[0, 0];
            let mut out = [0xEE; 100];
            assert_eq!(emit(&small_rsa(&numbers), &mut out), Err(Error::InvalidArgument));
            assert_eq!(out, [0; 100]);
        }
    }

    #[test]
    fn emit_refuses_what_parse_would() {
        let d = [1; 48];
        let ec = |d, public| PrivateKeyInfo::Ec { curve: EcCurve::P256, d, public, parameters: false };
        let bad = [
            ec(&d[..31], None),
            ec(&d[..33], None),
            ec(&d[..32], Some(&d[..])),
            ec(&d[..32], Some(&[])),
            PrivateKeyInfo::Ed25519 { seed: &[1; 32], public: Some(&d[..31]) },
            PrivateKeyInfo::Ed25519 { seed: &[1; 32], public: Some(&d[..33]) },
        ];
        for key in bad {
            let mut out = [0xEE; 200];
            assert_eq!(emit(&key, &mut out), Err(Error::InvalidArgument));
            assert_eq!(out, [0; 200]);
            assert_eq!(emitted_len(&key), Err(Error::InvalidArgument));
        }
    }

    #[test]
    fn a_buffer_too_small_is_refused_and_zeroed() {
        for bytes in ALL {
            let key = parse(bytes).ok().unwrap();
            for short in [0, 1, bytes.len() - 1] {
                let mut out = vec![0xEE; short];
                assert_eq!(emit(&key, &mut out), Err(Error::BufferTooSmall));
                assert!(out.iter().all(|&octet| octet == 0));
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_rejected_or_canonical(bytes in any::<Vec<u8>>()) {
            canonical(&bytes);
        }

        /// A good encoding with a random piece replaced.
        #[test]
        fn spliced_encodings_are_rejected_or_canonical(
            which in 0..ALL.len(), at in any::<prop::sample::Index>(), cut in 0_usize..8,
            piece in proptest::collection::vec(any::<u8>(), 0..8),
        ) {
            let bytes = ALL[which];
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            canonical(&[&bytes[..at], &piece, &bytes[end..]].concat());
        }

        /// Numbers of fixed length, so with leading zeros now and then, come back stripped.
        #[test]
        fn rsa_keys_round_trip(
            numbers in proptest::array::uniform8(proptest::collection::vec(any::<u8>(), 1..40)),
            zeros in 0_usize..3,
        ) {
            prop_assume!(numbers.iter().all(|number| number[0] != 0));
            let padded = numbers.clone().map(|number| [vec![0; zeros], number].concat());
            let bytes = emitted(&small_rsa(&padded.each_ref().map(Vec::as_slice)));
            let Ok(PrivateKeyInfo::Rsa { n, e, d, p, q, dp, dq, qinv }) = parse(&bytes) else {
                panic!("not an RSA key");
            };
            prop_assert_eq!([n, e, d, p, q, dp, dq, qinv], numbers.each_ref().map(Vec::as_slice));
        }
    }
}
