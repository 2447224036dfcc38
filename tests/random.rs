//! Random numbers as a service: both mechanisms, additional input, prediction resistance, sources that are not
//! live, that fail, and that fail their own test (DRBG-5 to DRBG-7, DRBG-15, ENT-1, ENT-4, ENT-6).
#![cfg(not(strongroom_lab))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use strongroom::{
    Algorithm, DrbgMechanism, Engine, Entropy, EntropyClaim, EntropyFailure, Error, Session, State, Subject,
};

const MECHANISMS: [DrbgMechanism; 2] = [DrbgMechanism::CtrAes256, DrbgMechanism::HmacSha512];

/// What a test does to its source, and what it did.
#[derive(Default)]
struct Handle {
    asked: AtomicUsize,
    stored: AtomicBool,
    dead: AtomicBool,
    stuck: AtomicBool,
    sick: AtomicBool,
}

/// Good samples, the same in every engine, as long as its handle lets it.
struct Source(Arc<Handle>, u64);

impl Entropy for Source {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::MinEntropy { millibits_per_byte: 4000 }
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailure> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        for byte in out {
            self.1 = self.1.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            *byte = if self.0.stuck.load(Ordering::SeqCst) { 0 } else { self.1.to_be_bytes()[0] };
        }
        if self.0.dead.load(Ordering::SeqCst) { Err(EntropyFailure) } else { Ok(()) }
    }

    fn is_live(&self) -> bool {
        !self.0.stored.load(Ordering::SeqCst)
    }

    fn on_demand_health(&mut self) -> Result<(), EntropyFailure> {
        if self.0.sick.load(Ordering::SeqCst) { Err(EntropyFailure) } else { Ok(()) }
    }
}

fn engine(mechanism: DrbgMechanism) -> (Engine, Session<'static>, Arc<Handle>) {
    let handle = Arc::new(Handle::default());
    let builder = Engine::builder().device_id(1).drbg(mechanism);
    let engine = builder.entropy(Source(handle.clone(), 1)).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    (engine, session, handle)
}

fn asks(handle: &Handle, run: impl FnOnce()) -> usize {
    let before = handle.asked.load(Ordering::SeqCst);
    run();
    handle.asked.load(Ordering::SeqCst) - before
}

#[test]
fn an_engine_draws_with_the_mechanism_it_was_built_with() {
    let mut seen = BTreeSet::new();
    for mechanism in MECHANISMS {
        let (engine, session, _) = engine(mechanism);
        assert_eq!(engine.status().drbg, mechanism);
        let mut out = [0; 32];
        let drawn = session.random(&mut out).unwrap();
        assert_eq!(drawn.indicator().algorithm(), mechanism.algorithm());
        assert_eq!(drawn.indicator().reason(), None);
        assert!(seen.insert(out));
        for _ in 0..50 {
            let _ = session.random(&mut out).unwrap();
            assert!(seen.insert(out));
        }
        let engine = engine.restart().unwrap();
        assert_eq!(engine.status().drbg, mechanism, "a restart keeps it");
    }
    assert_eq!(Engine::power_on().unwrap().status().drbg.algorithm(), Algorithm::CtrDrbg, "unless set");
}

/// Two engines with one source draw the same, but for what is mixed in: so it does get in.
#[test]
fn additional_input_is_mixed_in() {
    for mechanism in MECHANISMS {
        let draw = |additional: &[u8]| {
            let mut out = [0; 32];
            let _ = engine(mechanism).1.random_mixed(additional, &mut out).unwrap();
            out
        };
        assert_eq!(draw(b"one"), draw(b"one"));
        assert_ne!(draw(b"one"), draw(b"two"));
        assert_ne!(draw(b"one"), draw(b""));
        let (engine, session, handle) = engine(mechanism);
        let mut out = [0xaa; 32];
        let run = || assert!(session.random_mixed(&[1; 4096], &mut out).is_ok());
        assert_eq!(asks(&handle, run), 0, "it is counted for nothing and asks for nothing");
        assert_eq!(session.random_mixed(&[1; 4097], &mut out).map(drop), Err(Error::InvalidArgument));
        assert_eq!((out, engine.status().state), ([0; 32], State::Operational));
    }
}

#[test]
fn prediction_resistance_needs_a_live_source() {
    for mechanism in MECHANISMS {
        let (engine, session, handle) = engine(mechanism);
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let mut out = [0; 16];
            assert_eq!(asks(&handle, || assert!(session.random_fresh(b"", &mut out).is_ok())), 1);
            assert!(seen.insert(out));
        }
        handle.stored.store(true, Ordering::SeqCst);
        let mut out = [0xaa; 16];
        let run = || assert_eq!(session.random_fresh(b"", &mut out).map(drop), Err(Error::Unsupported));
        assert_eq!(asks(&handle, run), 0);
        assert_eq!((out, engine.status().state), ([0; 16], State::Operational));
        assert!(session.random(&mut out).is_ok());
    }
}

/// DRBG-15: no output without the entropy that is due, and output again when there is some.
#[test]
fn a_source_that_fails_gives_an_error_and_no_output() {
    for mechanism in MECHANISMS {
        let (engine, session, handle) = engine(mechanism);
        handle.dead.store(true, Ordering::SeqCst);
        let mut out = [0xaa; 64];
        let run = || assert_eq!(session.random_fresh(b"", &mut out).map(drop), Err(Error::EntropyFailed));
        assert_eq!(asks(&handle, run), 4, "asked again three times");
        assert_eq!(out, [0; 64]);
        // What the seed is good for is served, and not a byte more.
        let mut served = 0;
        while session.random(&mut out).is_ok() {
            served += out.len();
        }
        assert_eq!((served, out), (1 << 14, [0; 64]));
        assert_eq!(session.random(&mut [0; 20_000]).map(drop), Err(Error::EntropyFailed));
        assert!(engine.open_session(Subject::user(1), b"").is_err(), "nothing to seed it with");
        assert_eq!(engine.status().state, State::Operational, "a source may be asleep");
        handle.dead.store(false, Ordering::SeqCst);
        assert!(session.random(&mut out).is_ok());
    }
}

/// ENT-6: health failures are survived one by one, and three in a row stop the module.
#[test]
fn health_failures_add_up() {
    let (engine, session, handle) = engine(DrbgMechanism::CtrAes256);
    let fails = |expected: u32, state: State| {
        assert_eq!(session.random_fresh(b"", &mut [0; 8]).map(drop), Err(Error::EntropyFailed));
        assert_eq!((engine.status().entropy_failures, engine.status().state), (expected, state));
    };
    handle.stuck.store(true, Ordering::SeqCst);
    fails(1, State::Operational);
    fails(2, State::Operational);
    handle.stuck.store(false, Ordering::SeqCst);
    assert!(session.random_fresh(b"", &mut [0; 8]).is_ok());
    assert_eq!(engine.status().entropy_failures, 0);
    handle.stuck.store(true, Ordering::SeqCst);
    fails(1, State::Operational);
    fails(2, State::Operational);
    fails(3, State::Error);
    handle.stuck.store(false, Ordering::SeqCst);
    assert_eq!(session.random(&mut [0; 8]).map(drop), Err(Error::NotOperational));
    assert_eq!(engine.restart().unwrap().status().state, State::Operational);
}

/// ENT-4: the test on demand runs the source's own test and a thousand fresh samples through ours.
#[test]
fn tests_on_demand_ask_the_source() {
    let (engine, session, handle) = engine(DrbgMechanism::HmacSha512);
    assert!(asks(&handle, || assert_eq!(engine.self_test(), Ok(()))) * 64 >= 1024);
    handle.sick.store(true, Ordering::SeqCst);
    for failures in 1..=3 {
        assert_eq!(engine.self_test(), Err(Error::EntropyFailed));
        assert_eq!(engine.status().entropy_failures, failures);
        let stopped = failures == 3;
        assert_eq!(engine.status().state, if stopped { State::Error } else { State::Operational });
        if !stopped {
            assert!(session.random(&mut [0; 8]).is_ok(), "what is seeded goes on");
        }
    }
}

/// DRBG-13, for what no fork handler sees.
#[test]
fn an_engine_that_was_copied_reseeds() {
    let (engine, session, handle) = engine(DrbgMechanism::CtrAes256);
    assert_eq!(asks(&handle, || assert!(session.random(&mut [0; 8]).is_ok())), 0);
    engine.resumed();
    assert_eq!(asks(&handle, || assert!(session.random(&mut [0; 8]).is_ok())), 1);
    assert_eq!(asks(&handle, || assert!(session.random(&mut [0; 8]).is_ok())), 0);
}
