//! SubjectPublicKeyInfo, RFC 5280 (2008) section 4.1.2.7, for the keys of the engine:
//! elliptic-curve keys on named curves (RFC 5480, 2009), Ed25519 (RFC 8410, 2018), RSA
//! (RFC 8017, 2016, with the parameters of RFC 3279, 2002) ML-KEM (RFC 9935, 2026),
//! ML-DSA (RFC 9881, 2025) and SLH-DSA (RFC 9909, 2025).
//!
//! A key that is accepted here has the right form and lengths. Whether the point is on its curve and
//! the modulus is sound is for the algorithm to say.

use super::der::{self, Emitter, Parser, SEQUENCE};
use crate::attributes::KeyKind;
use crate::error::{Error, Result};

/// Octets of an Ed25519 public key (RFC 8032 section 5.1.5) and of its seed.
pub(crate) const ED25519_LEN: usize = 32;

/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 section 2.1.1)
const ID_EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// id-Ed25519, 1.3.101.112 (RFC 8410 section 3)
const ID_ED25519: &[u8] = &[0x2B, 0x65, 0x70];
/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 appendix C)
const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

/// A named curve. That the wire layer can name it does not say that the engine offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EcCurve {
    P256,
    P384,
    P521,
    Secp256k1,
}

impl EcCurve {
    const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Secp256k1];
    /// Longest field element: P-521.
    pub(crate) const MAX_FIELD: usize = 66;
    /// Longest uncompressed point.
    pub(crate) const MAX_POINT: usize = 2 * Self::MAX_FIELD + 1;

    /// The kind of keys on this curve.
    pub(crate) const fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::EcP256,
            Self::P384 => KeyKind::EcP384,
            Self::P521 => KeyKind::EcP521,
            Self::Secp256k1 => KeyKind::EcSecp256k1,
        }
    }

    /// The curve of keys of this kind.
    pub(crate) fn of(kind: KeyKind) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.kind() == kind)
    }

    /// The contents of the OBJECT IDENTIFIER (RFC 5480 section 2.1.1.1; secp256k1: SEC 2 v2 appendix A).
    const fn oid(self) -> &'static [u8] {
        match self {
            // 1.2.840.10045.3.1.7
            Self::P256 => &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
            // 1.3.132.0.34
            Self::P384 => &[0x2B, 0x81, 0x04, 0x00, 0x22],
            // 1.3.132.0.35
            Self::P521 => &[0x2B, 0x81, 0x04, 0x00, 0x23],
            // 1.3.132.0.10
            Self::Secp256k1 => &[0x2B, 0x81, 0x04, 0x00, 0x0A],
        }
    }

    /// Octets of a field element, and of a private key: each order here is as long as its field.
    pub(crate) const fn field_len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Octets of an uncompressed point.
    pub(crate) const fn point_len(self) -> usize {
        self.field_len().saturating_mul(2).saturating_add(1)
    }

    /// Whether `point` has the form of a compressed or uncompressed point (SEC 1 v2 section 2.3.3).
    /// The point at infinity and the hybrid form (RFC 5480 section 2.2) are refused.
    pub(crate) fn has_point_form(self, point: &[u8]) -> bool {
        match point {
            [0x02 | 0x03, x @ ..] => x.len() == self.field_len(),
            [0x04, ..] => point.len() == self.point_len(),
            _ => false,
        }
    }

    /// Reads ECParameters: a named curve, nothing else (RFC 5480 section 2.1.1).
    pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Self> {
        let oid = parser.oid()?;
        Self::ALL.into_iter().find(|curve| curve.oid() == oid).ok_or(Error::Rejected)
    }

    pub(super) fn put(self, emitter: &mut Emitter<'_>) -> Result<()> {
        emitter.oid(self.oid())
    }
}

/// A parameter set of a post-quantum standard: one object identifier without parameters, a public key of one
/// length, encoded by the standard itself.
#[derive(Clone, Copy)]
pub(super) struct ParameterSet {
    pub(super) kind: KeyKind,
    /// What follows 2.16.840.1.101.3.4: NIST's arcs of signatures and of encapsulation.
    arc: [u8; 2],
    public_len: usize,
}

impl ParameterSet {
    /// FIPS 203 Table 3, RFC 9935 section 3; FIPS 204 Table 2, RFC 9881 section 2;
    /// FIPS 205 Table 2, RFC 9909 section 3.
    const ALL: &[Self] = &[
        Self::of(KeyKind::MlKem512, [4, 1], 800),
        Self::of(KeyKind::MlKem768, [4, 2], 1184),
        Self::of(KeyKind::MlKem1024, [4, 3], 1568),
        Self::of(KeyKind::MlDsa44, [3, 17], 1312),
        Self::of(KeyKind::MlDsa65, [3, 18], 1952),
        Self::of(KeyKind::MlDsa87, [3, 19], 2592),
        Self::of(KeyKind::SlhDsaSha2_128s, [3, 20], 32),
        Self::of(KeyKind::SlhDsaShake128s, [3, 26], 32),
        Self::of(KeyKind::SlhDsaSha2_128f, [3, 21], 32),
        Self::of(KeyKind::SlhDsaShake128f, [3, 27], 32),
        Self::of(KeyKind::SlhDsaSha2_192s, [3, 22], 48),
        Self::of(KeyKind::SlhDsaShake192s, [3, 28], 48),
        Self::of(KeyKind::SlhDsaSha2_192f, [3, 23], 48),
        Self::of(KeyKind::SlhDsaShake192f, [3, 29], 48),
        Self::of(KeyKind::SlhDsaSha2_256s, [3, 24], 64),
        Self::of(KeyKind::SlhDsaShake256s, [3, 30], 64),
        Self::of(KeyKind::SlhDsaSha2_256f, [3, 25], 64),
        Self::of(KeyKind::SlhDsaShake256f, [3, 31], 64),
    ];

    const fn of(kind: KeyKind, arc: [u8; 2], public_len: usize) -> Self {
        Self { kind, arc, public_len }
    }

    /// The contents of the OBJECT IDENTIFIER.
    const fn oid(self) -> [u8; 9] {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, self.arc[0], self.arc[1]]
    }

    fn of_oid(oid: &[u8]) -> Result<Self> {
        Self::ALL.iter().copied().find(|set| set.oid() == oid).ok_or(Error::Rejected)
    }

    /// The set of a kind of key.
    pub(super) fn of_kind(kind: KeyKind) -> Result<Self> {
        Self::ALL.iter().copied().find(|set| set.kind == kind).ok_or(Error::InvalidArgument)
    }

    /// Whether a private key stands in PKCS #8 as it is, without a choice of forms: SLH-DSA, whose arcs begin at 20.
    pub(super) const fn is_bare(self) -> bool {
        self.arc[0] == 3 && self.arc[1] >= 20
    }

    /// Octets of a public key.
    pub(super) const fn public_len(self) -> usize {
        self.public_len
    }
}

/// Octets of a public key of a post-quantum kind, as its standard encodes it; 0 of other kinds.
pub(crate) const fn public_len(kind: KeyKind) -> usize {
    let (mut i, mut len) = (0, 0);
    while i < ParameterSet::ALL.len() {
        #[allow(clippy::indexing_slicing)] // i is below the length
        let set = ParameterSet::ALL[i];
        if set.kind as u16 == kind as u16 {
            len = set.public_len;
        }
        i = i.saturating_add(1);
    }
    len
}

/// An AlgorithmIdentifier of a key, public or private.
#[derive(Clone, Copy)]
pub(super) enum KeyAlgorithm {
    Ec(EcCurve),
    Ed25519,
    Rsa,
    Set(ParameterSet),
}

impl KeyAlgorithm {
    pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Self> {
        parser.nested(SEQUENCE, |p| match p.oid()? {
            ID_EC_PUBLIC_KEY => EcCurve::parse(p).map(Self::Ec),
            // RFC 8410 section 3: the parameters MUST be absent.
            ID_ED25519 => Ok(Self::Ed25519),
            // RFC 3279 section 2.3.1: the parameters MUST be NULL.
            RSA_ENCRYPTION => p.null().map(|()| Self::Rsa),
            // RFC 9935 section 3: the parameters MUST be absent.
            other => ParameterSet::of_oid(other).map(Self::Set),
        })
    }

    pub(super) fn put(self, emitter: &mut Emitter<'_>) -> Result<()> {
        emitter.nested(SEQUENCE, |e| match self {
            Self::Ec(curve) => {
                e.oid(ID_EC_PUBLIC_KEY)?;
                curve.put(e)
            }
            Self::Ed25519 => e.oid(ID_ED25519),
            Self::Rsa => {
                e.oid(RSA_ENCRYPTION)?;
                e.null()
            }
            Self::Set(set) => e.oid(&set.oid()),
        })
    }
}

/// A public key, borrowed from its encoding or from a key record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicKeyInfo<'a> {
    /// `point`: compressed or uncompressed, as [`EcCurve::has_point_form`].
    Ec { curve: EcCurve, point: &'a [u8] },
    /// `key`: 32 octets (RFC 8032 section 5.1.5).
    Ed25519 { key: &'a [u8] },
    /// Big-endian, greater than zero; parsed ones have no leading zeros.
    Rsa { n: &'a [u8], e: &'a [u8] },
    /// A post-quantum key as its standard encodes it.
    Set { kind: KeyKind, key: &'a [u8] },
    /// An uncompressed point on P-384 and a key of ML-KEM-1024. No standard has an object identifier for such a pair
    /// with our derivation, so its form is that of the one and then that of the other.
    Hybrid { point: &'a [u8], key: &'a [u8] },
}

/// Reads a SubjectPublicKeyInfo, or the two of a hybrid key.
pub(crate) fn parse(bytes: &[u8]) -> Result<PublicKeyInfo<'_>> {
    der::parse(bytes, |p| {
        let first = parse_one(p)?;
        if !p.next_is(SEQUENCE) {
            return Ok(first);
        }
        match (first, parse_one(p)?) {
            (
                PublicKeyInfo::Ec { curve: EcCurve::P384, point },
                PublicKeyInfo::Set { kind: KeyKind::MlKem1024, key },
            ) if point.len() == EcCurve::P384.point_len() => Ok(PublicKeyInfo::Hybrid { point, key }),
            _ => Err(Error::Rejected),
        }
    })
}

fn parse_one<'a>(parser: &mut Parser<'a>) -> Result<PublicKeyInfo<'a>> {
    parser.nested(SEQUENCE, |p| {
        let algorithm = KeyAlgorithm::parse(p)?;
        let key = p.bit_string()?;
        match algorithm {
            KeyAlgorithm::Ec(curve) if curve.has_point_form(key) => {
                Ok(PublicKeyInfo::Ec { curve, point: key })
            }
            KeyAlgorithm::Ed25519 if key.len() == ED25519_LEN => Ok(PublicKeyInfo::Ed25519 { key }),
            KeyAlgorithm::Rsa => parse_rsa(key),
            KeyAlgorithm::Set(set) if key.len() == set.public_len() => {
                Ok(PublicKeyInfo::Set { kind: set.kind, key })
            }
            _ => Err(Error::Rejected),
        }
    })
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
fn parse_rsa(bytes: &[u8]) -> Result<PublicKeyInfo<'_>> {
    der::parse(bytes, |p| {
        p.nested(SEQUENCE, |p| {
            let n = p.positive()?;
            let e = p.positive()?;
            Ok(PublicKeyInfo::Rsa { n, e })
        })
    })
}

/// Emits a SubjectPublicKeyInfo to the front of `out`; answers how many bytes that is.
///
/// An error leaves `out` zeroed.
pub(crate) fn emit(key: &PublicKeyInfo<'_>, out: &mut [u8]) -> Result<usize> {
    der::emit(out, |e| put(key, e))
}

/// How many bytes [`emit`] writes for `key`.
pub(crate) fn emitted_len(key: &PublicKeyInfo<'_>) -> Result<usize> {
    der::emitted_len(|e| put(key, e))
}

fn put(key: &PublicKeyInfo<'_>, emitter: &mut Emitter<'_>) -> Result<()> {
    if let PublicKeyInfo::Hybrid { point, key } = *key {
        put(&PublicKeyInfo::Ec { curve: EcCurve::P384, point }, emitter)?;
        return put(&PublicKeyInfo::Set { kind: KeyKind::MlKem1024, key }, emitter);
    }
    emitter.nested(SEQUENCE, |e| match *key {
        PublicKeyInfo::Ec { curve, point } if curve.has_point_form(point) => {
            KeyAlgorithm::Ec(curve).put(e)?;
            e.bit_string(point)
        }
        PublicKeyInfo::Ed25519 { key } if key.len() == ED25519_LEN => {
            KeyAlgorithm::Ed25519.put(e)?;
            e.bit_string(key)
        }
        PublicKeyInfo::Rsa { n, e: exponent } => {
            KeyAlgorithm::Rsa.put(e)?;
            e.bit_string_of(|e| {
                e.nested(SEQUENCE, |e| {
                    e.positive(n)?;
                    e.positive(exponent)
                })
            })
        }
        PublicKeyInfo::Set { kind, key } if key.len() == public_len(kind) => {
            KeyAlgorithm::Set(ParameterSet::of_kind(kind)?).put(e)?;
            e.bit_string(key)
        }
        _ => Err(Error::InvalidArgument),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::testing::{for_each_damaged, replaced, with_byte};
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    // OpenSSL's encodings; kat-vectors/tests/wire/README.md says how they were made.
    const P256: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p256-spki.der");
    const P256_COMPRESSED: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p256-compressed-spki.der");
    const P384: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p384-spki.der");
    const P521: &[u8] = include_bytes!("../../kat-vectors/tests/wire/p521-spki.der");
    const SECP256K1: &[u8] = include_bytes!("../../kat-vectors/tests/wire/secp256k1-spki.der");
    const ED25519: &[u8] = include_bytes!("../../kat-vectors/tests/wire/ed25519-spki.der");
    const RSA2048: &[u8] = include_bytes!("../../kat-vectors/tests/wire/rsa2048-spki.der");
    const MLKEM768: &[u8] = include_bytes!("../../kat-vectors/tests/wire/mlkem768-spki.der");
    const MLDSA65: &[u8] = include_bytes!("../../kat-vectors/tests/wire/mldsa65-spki.der");
    #[rustfmt::skip]
    const ALL: [&[u8]; 9] =
        [P256, P256_COMPRESSED, P384, P521, SECP256K1, ED25519, RSA2048, MLKEM768, MLDSA65];

    /// RFC 8410 section 10.1, the Ed25519 key of the example certificates.
    const RFC8410: [u8; 44] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00, 0x19, 0xBF, 0x44, 0x09, 0x69,
        0x84, 0xCD, 0xFE, 0x85, 0x41, 0xBA, 0xC1, 0x67, 0xDC, 0x3B, 0x96, 0xC8, 0x50, 0x86, 0xAA, 0x30, 0xB6,
        0xB6, 0xCB, 0x0C, 0x5C, 0x38, 0xAD, 0x70, 0x31, 0x66, 0xE1,
    ];

    fn emitted(key: &PublicKeyInfo<'_>) -> Vec<u8> {
        let mut out = vec![0xEE; emitted_len(key).unwrap()];
        assert_eq!(emit(key, &mut out), Ok(out.len()));
        out
    }

    #[test]
    fn curves_and_sets_are_found_by_their_kinds() {
        for curve in EcCurve::ALL {
            assert_eq!(EcCurve::of(curve.kind()), Some(curve));
        }
        assert_eq!(EcCurve::of(KeyKind::Ed25519), None);
        for set in ParameterSet::ALL {
            assert_eq!(ParameterSet::of_kind(set.kind).map(|found| found.kind), Ok(set.kind));
            let bare = set.kind.name().starts_with("SLH-DSA");
            assert_eq!(set.is_bare(), bare, "{:?}", set.kind);
        }
    }

    #[test]
    fn a_hybrid_key_is_an_uncompressed_point_on_p384_and_then_ml_kem_1024() {
        let set = |kind: KeyKind, len| emitted(&PublicKeyInfo::Set { kind, key: &vec![7; len] });
        let kem = set(KeyKind::MlKem1024, 1568);
        let good = [P384, &kem].concat();
        let lens = parse(&good).map(|found| match found {
            PublicKeyInfo::Hybrid { point, key } => (point.len(), key.len()),
            _ => (0, 0),
        });
        assert_eq!(lens, Ok((97, 1568)));
        assert!(canonical(&good));

        // 02 and X alone, the first half of the last 96 octets: a point that stands by itself, but not here.
        let x = &P384[P384.len() - 96..P384.len() - 48];
        let compressed = emitted(&PublicKeyInfo::Ec { curve: EcCurve::P384, point: &[&[2], x].concat() });
        assert!(canonical(&compressed));
        let other = set(KeyKind::MlKem768, 1184);
        for pair in
            [[&compressed, &kem], [&P384.to_vec(), &other], [&P521.to_vec(), &kem], [&kem, &P384.to_vec()]]
        {
            assert_eq!(parse(&pair.map(Vec::as_slice).concat()), Err(Error::Rejected));
        }
        assert_eq!(parse(&[&good, P384].concat()), Err(Error::Rejected));
    }

    /// Rejected, or accepted and re-emitted byte for byte; answers whether it was accepted.
    fn canonical(bytes: &[u8]) -> bool {
        match parse(bytes) {
            Ok(key) => {
                assert_eq!(emitted(&key), bytes);
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
        assert!(canonical(&RFC8410));
    }

    #[test]
    fn fields_are_where_they_belong() {
        // Offsets read from `openssl asn1parse`.
        assert_eq!(parse(P256), Ok(PublicKeyInfo::Ec { curve: EcCurve::P256, point: &P256[26..] }));
        assert_eq!(
            parse(P256_COMPRESSED),
            Ok(PublicKeyInfo::Ec { curve: EcCurve::P256, point: &P256_COMPRESSED[26..] })
        );
        assert_eq!(P256[27..59], P256_COMPRESSED[27..59], "the same key");
        assert_eq!(parse(P384), Ok(PublicKeyInfo::Ec { curve: EcCurve::P384, point: &P384[23..] }));
        assert_eq!(parse(P521), Ok(PublicKeyInfo::Ec { curve: EcCurve::P521, point: &P521[25..] }));
        assert_eq!(
            parse(SECP256K1),
            Ok(PublicKeyInfo::Ec { curve: EcCurve::Secp256k1, point: &SECP256K1[23..] })
        );
        assert_eq!(parse(ED25519), Ok(PublicKeyInfo::Ed25519 { key: &ED25519[12..] }));
        let set = PublicKeyInfo::Set { kind: KeyKind::MlKem768, key: &MLKEM768[22..] };
        assert_eq!(parse(MLKEM768), Ok(set));
        assert_eq!(parse(RSA2048), Ok(PublicKeyInfo::Rsa { n: &RSA2048[33..289], e: &[0x01, 0x00, 0x01] }));
    }

    #[test]
    fn the_longest_element_and_point_are_those_of_a_curve() {
        assert_eq!(EcCurve::ALL.map(EcCurve::field_len).into_iter().max(), Some(EcCurve::MAX_FIELD));
        assert_eq!(EcCurve::ALL.map(EcCurve::point_len).into_iter().max(), Some(EcCurve::MAX_POINT));
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
        // One octet more in the outer SEQUENCE, behind the BIT STRING.
        assert!(rejected(&with_byte(&replaced(ED25519, &[0x30, 0x2A], &[0x30, 0x2B]), 0)));
        // NULL behind e, inside RSAPublicKey.
        let bytes = replaced(RSA2048, &[0x30, 0x82, 0x01, 0x22], &[0x30, 0x82, 0x01, 0x24]);
        let bytes = replaced(&bytes, &[0x03, 0x82, 0x01, 0x0F], &[0x03, 0x82, 0x01, 0x11]);
        let bytes = replaced(&bytes, &[0x30, 0x82, 0x01, 0x0A], &[0x30, 0x82, 0x01, 0x0C]);
        assert!(rejected(&[&bytes[..], &[0x05, 0x00]].concat()));
        // The same octets behind RSAPublicKey, inside the BIT STRING.
        let bytes = replaced(&bytes, &[0x30, 0x82, 0x01, 0x0C], &[0x30, 0x82, 0x01, 0x0A]);
        assert!(rejected(&[&bytes[..], &[0x05, 0x00]].concat()));
    }

    #[test]
    fn non_minimal_length_is_rejected() {
        assert!(rejected(&replaced(ED25519, &[0x30, 0x2A], &[0x30, 0x81, 0x2A])));
    }

    #[test]
    fn negative_modulus_is_rejected() {
        // The sign octet of n taken away, all lengths put right.
        let bytes = replaced(RSA2048, &[0x02, 0x82, 0x01, 0x01, 0x00], &[0x02, 0x82, 0x01, 0x00]);
        let bytes = replaced(&bytes, &[0x30, 0x82, 0x01, 0x22], &[0x30, 0x82, 0x01, 0x21]);
        let bytes = replaced(&bytes, &[0x03, 0x82, 0x01, 0x0F], &[0x03, 0x82, 0x01, 0x0E]);
        let bytes = replaced(&bytes, &[0x30, 0x82, 0x01, 0x0A], &[0x30, 0x82, 0x01, 0x09]);
        assert!(rejected(&bytes));
        // The same frame with a positive modulus of that length is accepted.
        let mut positive = bytes;
        positive[32] &= 0x7F;
        assert!(canonical(&positive));
    }

    #[test]
    fn parameters_of_rsa_are_null_and_nothing_else() {
        let absent = replaced(RSA2048, &[0x30, 0x0D], &[0x30, 0x0B]);
        let absent = replaced(&absent, &[0x01, 0x01, 0x01, 0x05, 0x00], &[0x01, 0x01, 0x01]);
        let absent = replaced(&absent, &[0x30, 0x82, 0x01, 0x22], &[0x30, 0x82, 0x01, 0x20]);
        assert!(rejected(&absent));
        assert!(rejected(&replaced(RSA2048, &[0x01, 0x01, 0x05, 0x00], &[0x01, 0x01, 0x04, 0x00])));
    }

    #[test]
    fn parameters_of_ed25519_are_absent() {
        let null = replaced(ED25519, &[0x30, 0x2A, 0x30, 0x05], &[0x30, 0x2C, 0x30, 0x07]);
        assert!(rejected(&replaced(&null, &[0x2B, 0x65, 0x70], &[0x2B, 0x65, 0x70, 0x05, 0x00])));
    }

    /// Each set: its own object identifier, its own length, parameters absent.
    #[test]
    fn parameter_sets_have_one_form() {
        for set in ParameterSet::ALL {
            let key = vec![0x5A; set.public_len()];
            let good = emitted(&PublicKeyInfo::Set { kind: set.kind, key: &key });
            assert!(canonical(&good));
            let at = good.windows(9).position(|nine| nine == set.oid()).unwrap();
            for other in ParameterSet::ALL.iter().filter(|other| other.kind != set.kind) {
                let mut bytes = good.clone();
                bytes[at + 7..at + 9].copy_from_slice(&other.arc);
                let same_len = other.public_len() == set.public_len();
                assert_eq!(rejected(&bytes), !same_len);
            }
            for wrong in [&key[1..], &[&key[..], &[0]].concat()] {
                let mut out = vec![0xEE; good.len() + 1];
                let info = PublicKeyInfo::Set { kind: set.kind, key: wrong };
                assert_eq!(emit(&info, &mut out), Err(Error::InvalidArgument));
            }
        }
        let null =
            replaced(MLKEM768, &[0x30, 0x82, 0x04, 0xB2, 0x30, 0x0B], &[0x30, 0x82, 0x04, 0xB4, 0x30, 0x0D]);
        assert!(rejected(&replaced(&null, &[3, 4, 4, 2], &[3, 4, 4, 2, 5, 0])));
        let mut out = [0; 64];
        let none = PublicKeyInfo::Set { kind: KeyKind::Ed25519, key: &[] };
        assert_eq!(emit(&none, &mut out), Err(Error::InvalidArgument));
    }

    #[test]
    fn ed25519_keys_other_than_32_octets_are_rejected() {
        let short = replaced(&ED25519[..43], &[0x03, 0x21, 0x00], &[0x03, 0x20, 0x00]);
        assert!(rejected(&replaced(&short, &[0x30, 0x2A], &[0x30, 0x29])));
        let long = replaced(&with_byte(ED25519, 0), &[0x03, 0x21, 0x00], &[0x03, 0x22, 0x00]);
        assert!(rejected(&replaced(&long, &[0x30, 0x2A], &[0x30, 0x2B])));
    }

    #[test]
    fn an_unknown_algorithm_or_curve_is_rejected() {
        // X25519, 1.3.101.110; and 1.3.132.0.36 (sect409k1).
        assert!(rejected(&replaced(ED25519, &[0x2B, 0x65, 0x70], &[0x2B, 0x65, 0x6E])));
        assert!(rejected(&replaced(P521, &[0x81, 0x04, 0x00, 0x23], &[0x81, 0x04, 0x00, 0x24])));
    }

    #[test]
    fn points_of_another_form_or_length_are_rejected() {
        // Hybrid (SEC 1) and unknown first octets.
        for first in [0x00, 0x01, 0x05, 0x06, 0x07] {
            for good in [P256, P256_COMPRESSED] {
                let mut bytes = good.to_vec();
                bytes[26] = first;
                assert!(rejected(&bytes));
            }
        }
        // The first octet of a compressed point before both coordinates, and the other way round.
        let mut bytes = P256.to_vec();
        bytes[26] = 0x02;
        assert!(rejected(&bytes));
        let mut bytes = P256_COMPRESSED.to_vec();
        bytes[26] = 0x04;
        assert!(rejected(&bytes));
        // A point of P-256 is not one of P-384: same key, other curve, lengths put right.
        let other = replaced(
            P256,
            &[0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
            &[5, 0x2B, 0x81, 4, 0, 0x22],
        );
        assert!(rejected(&replaced(&other, &[0x30, 0x59, 0x30, 0x13], &[0x30, 0x56, 0x30, 0x10])));
        // The same change to secp256k1 is accepted, so the frame above was right.
        let other = replaced(&other, &[5, 0x2B, 0x81, 4, 0, 0x22], &[5, 0x2B, 0x81, 4, 0, 0x0A]);
        assert!(canonical(&replaced(&other, &[0x30, 0x59, 0x30, 0x13], &[0x30, 0x56, 0x30, 0x10])));
        // The point at infinity.
        let mut infinity = P256[..26].to_vec();
        infinity.push(0);
        infinity[1] = 25;
        infinity[24] = 2;
        assert!(rejected(&infinity));
    }

    #[test]
    fn emit_refuses_what_parse_would() {
        let bad = [
            PublicKeyInfo::Ec { curve: EcCurve::P256, point: &P384[23..] },
            PublicKeyInfo::Ec { curve: EcCurve::P256, point: &[] },
            PublicKeyInfo::Ed25519 { key: &[0; 31] },
            PublicKeyInfo::Ed25519 { key: &[0; 33] },
            PublicKeyInfo::Rsa { n: &[], e: &[3] },
            PublicKeyInfo::Rsa { n: &[15], e: &[0, 0] },
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
        let key = parse(ED25519).unwrap();
        let mut out = [0xEE; 43];
        assert_eq!(emit(&key, &mut out), Err(Error::BufferTooSmall));
        assert_eq!(out, [0; 43]);
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

        #[test]
        fn rsa_keys_round_trip(n in proptest::collection::vec(any::<u8>(), 1..600), e in 1..=u64::MAX, zeros in 0_usize..3) {
            prop_assume!(n[0] != 0);
            let exponent = e.to_be_bytes();
            let padded = [&vec![0; zeros], &n[..]].concat();
            let bytes = emitted(&PublicKeyInfo::Rsa { n: &padded, e: &exponent });
            let significant = &exponent[usize::try_from(e.leading_zeros() / 8).unwrap()..];
            prop_assert_eq!(parse(&bytes), Ok(PublicKeyInfo::Rsa { n: &n, e: significant }));
        }
    }
}
