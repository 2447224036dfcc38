//! Two keys held at once while another thread changes them: the call is served or refused, and never
//! taken for corruption.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic)] // a test reports by panicking
#![cfg(feature = "aes")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, KeyHandle, KeyKind, Params, Restriction, Rule, Session,
    State, Subject, Usage,
};

fn keys(session: &Session<'_>) -> (KeyHandle, KeyHandle) {
    let key = |kind, algorithm, usage| {
        let builder = Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm));
        let template = builder.export(Export::INTEROPERABLE).persistent().build().unwrap();
        session.generate(&template).unwrap().value()
    };
    let kek = key(KeyKind::Aes128, Algorithm::AesKw, Usage::WRAP);
    (kek, key(KeyKind::Aes128, Algorithm::AesGcm, Usage::DECRYPT))
}

/// Wraps for a second while another thread does `disturb` to the KEK; answers how many calls were refused
/// because the key was unknown.
fn wraps_beside(engine: &Engine, disturb: impl Fn(&Session<'_>, KeyHandle, KeyHandle) + Sync) -> usize {
    let current = std::sync::Mutex::new({
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        keys(&session)
    });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let session = engine.open_session(Subject::user(1), b"").unwrap();
            while !done.load(Ordering::Relaxed) {
                let (kek, payload) = *current.lock().unwrap();
                disturb(&session, kek, payload);
                if session.attributes(kek).is_err() {
                    session.destroy(payload).unwrap().value();
                    *current.lock().unwrap() = keys(&session);
                }
            }
        });
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        let (mut refused, mut served) = (0, 0);
        let end = Instant::now() + Duration::from_secs(1);
        let outcome = loop {
            if Instant::now() > end {
                break Ok((refused, served));
            }
            let (kek, payload) = *current.lock().unwrap();
            match session.wrap(kek, Algorithm::AesKw, &Params::NONE, payload, &mut [0; 32]) {
                Ok(_) => served += 1,
                Err(Error::UnknownKey) => refused += 1,
                Err(error) => break Err(error),
            }
        };
        done.store(true, Ordering::Relaxed);
        let (refused, served) = outcome.unwrap();
        assert!(served > 0);
        refused
    })
}

#[test]
fn a_kek_that_is_narrowed_meanwhile_still_wraps() {
    let engine = Engine::power_on().unwrap();
    // Both, so that the wrapping session has to pin both anew, one after the other.
    let refused = wraps_beside(&engine, |session, kek, payload| {
        for key in [payload, kek] {
            session.restrict(key, &Restriction::none()).unwrap().value();
        }
    });
    assert_eq!(refused, 0, "the key lived all the time");
    assert_eq!(engine.status().state, State::Operational);
}

#[test]
fn a_kek_that_is_destroyed_meanwhile_is_unknown() {
    let engine = Engine::power_on().unwrap();
    wraps_beside(&engine, |session, kek, _| session.destroy(kek).unwrap().value());
    assert_eq!(engine.status().state, State::Operational);
}
