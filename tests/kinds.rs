//! The pairwise test of a new pair uses an algorithm: its known answers come first.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(feature = "alloc", any(feature = "rsa", feature = "ecdsa", feature = "ed25519")))]
#![allow(clippy::unwrap_used)] // a test

use strongroom::{Algorithm, Engine, KeyKind};

#[test]
fn a_pairwise_test_waits_for_the_known_answers_of_an_algorithm_of_its_kind() {
    let mut pairs = 0;
    for kind in KeyKind::ALL {
        let Ok((casts, Some(pairwise))) = <Engine>::tests_of_kind(kind) else { continue };
        let casts: Vec<_> = casts.collect();
        let serves = Algorithm::all().filter(|algorithm| algorithm.facts().kinds.contains(&kind));
        let has_passed = |algorithm: Algorithm| {
            let (applying, opening) = <Engine>::tests_of(algorithm).unwrap();
            // PCT-5: that of SLH-DSA compares what key generation made, and signs nothing.
            let signs = pairwise != "SLH-DSA pairwise";
            let mut used = applying.chain(opening).filter(|test| signs || test.ends_with("key generation"));
            used.all(|test| casts.contains(&test))
        };
        // Each half of a hybrid pair is tested as what it is.
        let covered = if kind == KeyKind::HybridP384MlKem1024 {
            has_passed(Algorithm::EcdhP384) && has_passed(Algorithm::MlKem)
        } else {
            serves.into_iter().any(has_passed)
        };
        assert!(covered, "{} pairs are tested with an algorithm that is not: {casts:?}", kind.name());
        pairs += 1;
    }
    assert!(pairs > 0);
}
