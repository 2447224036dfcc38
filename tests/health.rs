//! Failing entropy as an embedder meets it: at power-on, later, and three times in a row (ENT-6, BRK-2).
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use strongroom::{Engine, Entropy, EntropyClaim, EntropyFailure, Error, Hash, Session, State, Subject};

const GOOD: u8 = 0;
const STUCK: u8 = 1;
const BIASED: u8 = 2;
const SILENT: u8 = 3;

/// A source that the test breaks: the repetition count test finds it stuck, the adaptive proportion test
/// finds it biased.
struct Breakable(Arc<AtomicU8>, u64, u64);

impl Entropy for Breakable {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::Unassessed
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailure> {
        for byte in out {
            self.1 = self.1.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.2 += 1;
            let sound = self.1.to_be_bytes()[0];
            *byte = match self.0.load(Ordering::SeqCst) {
                GOOD => sound,
                STUCK => 0x55,
                // No run is longer than seven, and one value comes far too often.
                BIASED if !self.2.is_multiple_of(8) => 0x55,
                BIASED => sound,
                _ => return Err(EntropyFailure),
            };
        }
        Ok(())
    }
}

fn breakable() -> (Arc<AtomicU8>, Breakable) {
    let mode = Arc::new(AtomicU8::new(GOOD));
    (Arc::clone(&mode), Breakable(mode, 0x5eed, 0))
}

#[test]
fn a_source_that_fails_at_power_on_gives_no_engine() {
    for how in [STUCK, BIASED, SILENT] {
        let (mode, source) = breakable();
        mode.store(how, Ordering::SeqCst);
        let refused = Engine::builder().entropy(source).power_on().map(drop).unwrap_err();
        assert_eq!((refused.error, refused.test), (Error::EntropyFailed, None), "{how}");
    }
}

#[test]
fn a_source_that_sticks_later_seeds_nothing_and_stops_the_module_at_the_third_failure() {
    // A bias is found in a window of 512 samples, which may span several seedings: src/entropy.rs tests that.
    let (mode, source) = breakable();
    let engine = Engine::builder().entropy(source).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let open = || engine.open_session(Subject::user(1), b"").map(drop);
    // Two failures, then a good one: the count starts anew.
    for _ in 0..2 {
        mode.store(STUCK, Ordering::SeqCst);
        for failures in 1..=2 {
            assert_eq!(open(), Err(Error::EntropyFailed));
            assert_eq!(engine.status().entropy_failures, failures);
            assert_eq!(engine.status().state, State::Operational);
        }
        mode.store(GOOD, Ordering::SeqCst);
        assert_eq!(open(), Ok(()));
        assert_eq!(engine.status().entropy_failures, 0);
    }
    mode.store(STUCK, Ordering::SeqCst);
    let mut out = until_it_has_to_reseed(&session);
    for failures in 2..=3 {
        assert_eq!(engine.status().state, State::Operational);
        assert_eq!(session.random(&mut out).unwrap_err(), Error::EntropyFailed);
        assert_eq!(engine.status().entropy_failures, failures);
    }
    assert_eq!(engine.status().state, State::Error);
    mode.store(GOOD, Ordering::SeqCst);
    assert_eq!(session.digest(Hash::Sha256, b"m", &mut out).unwrap_err(), Error::NotOperational);
    assert_eq!(open(), Err(Error::NotOperational));
}

/// Silence is no failed health test: the module waits for the source to come back.
#[test]
fn a_source_that_falls_silent_seeds_nothing_and_may_come_back() {
    let (mode, source) = breakable();
    let engine = Engine::builder().entropy(source).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    mode.store(SILENT, Ordering::SeqCst);
    let mut out = until_it_has_to_reseed(&session);
    for _ in 0..4 {
        assert_eq!(session.random(&mut out).unwrap_err(), Error::EntropyFailed);
        assert_eq!((engine.status().state, engine.status().entropy_failures), (State::Operational, 0));
    }
    mode.store(GOOD, Ordering::SeqCst);
    assert!(session.random(&mut out).is_ok());
}

/// A session that was seeded goes on until it has to reseed, and then gives nothing.
fn until_it_has_to_reseed(session: &Session<'static>) -> [u8; 4096] {
    for _ in 0..64 {
        let mut out = [0xee; 4096];
        match session.random(&mut out) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, Error::EntropyFailed);
                assert!(out == [0xee; 4096] || out == [0; 4096], "no output");
                return out;
            }
        }
    }
    panic!("it never reseeded");
}
