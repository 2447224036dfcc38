//! Self-tests that are due again after a period: services stop, keys stay, a run of the tests lets them go on
//! (CAST-14).
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(feature = "std", feature = "os-entropy", feature = "ecdsa", feature = "hmac", feature = "aes"))]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // a test reports by panicking

mod keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keys::{SHA256, hmac, open};
use strongroom::{Algorithm, Clock, Engine, Error, Hash};

struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn services_stop_when_the_tests_are_overdue() {
    let time = Arc::new(AtomicU64::new(1_800_000_000));
    let engine = Engine::builder().clock(Hands(Arc::clone(&time))).self_test_every(3600).power_on().unwrap();
    let due = engine.self_test_due().unwrap();
    assert!((1_800_003_600..1_800_003_632).contains(&due));
    let session = open(&engine);
    let key = session.generate(&hmac().build().unwrap()).unwrap().value();
    let mut tag = [0; 32];
    let mac =
        |tag: &mut [u8; 32]| session.mac(key, Algorithm::Hmac, &SHA256, b"m", tag).map(|made| made.value());
    assert_eq!(mac(&mut tag), Ok(32));
    time.store(due, Ordering::Relaxed);
    assert_eq!(mac(&mut tag), Ok(32), "the last second");

    time.store(due + 1, Ordering::Relaxed);
    let overdue = Some(Error::SelfTestFailed);
    let mut out = [0xee; 32];
    assert_eq!(mac(&mut out).err(), overdue);
    assert_eq!(session.generate(&hmac().build().unwrap()).map(drop).err(), overdue);
    assert_eq!(session.digest(Hash::Sha256, b"m", &mut out).map(drop).err(), overdue);
    assert_eq!(session.random(&mut out).map(drop).err(), overdue);
    assert!(out == [0xee; 32] || out == [0; 32], "nothing comes out");
    // Management goes on: a key can be destroyed whatever the tests say.
    assert!(session.attributes(key).is_ok());

    engine.self_test().unwrap();
    assert!(engine.self_test_due().unwrap() > due);
    let before = tag;
    assert_eq!(mac(&mut tag), Ok(32));
    assert_eq!(tag, before, "the key has survived");

    // A restart keeps the period.
    drop(session);
    let engine = engine.restart().unwrap();
    assert!(engine.self_test_due().is_some());
}

#[test]
fn a_period_needs_a_clock_and_nobody_has_one_unasked() {
    let refused = Engine::builder().self_test_every(60).power_on().map(drop).unwrap_err();
    assert_eq!(refused.error, Error::InvalidArgument);
    assert_eq!(Engine::power_on().unwrap().self_test_due(), None);
}
