//! Zeroise, destroy and the tamper switch, while other threads and idle sessions have the keys in use.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)] // a test

mod keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use keys::{SHA256, engine, gcm, hmac, kek, open, p256, rsa_transport, within};
use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Filter, Hash, HeapStore, KeyHandle, KeyKind, Params,
    Restriction, Rule, Session, SlotTable, State, Store, Subject, UnwrapAs, Usage,
};

/// A session with everything that a session can hold: a pinned key, open contexts of three sorts, a
/// seeded DRBG.
struct Busy {
    session: Session<'static>,
    hmac: KeyHandle,
    gcm: KeyHandle,
    contexts: [strongroom::Context; 3],
}

fn busy(engine: &Engine<HeapStore>) -> Busy {
    let session = open(engine);
    let hmac = session.generate(&hmac().build().unwrap()).unwrap().value();
    let gcm = session.generate(&gcm().build().unwrap()).unwrap().value();
    let mac = session.mac_start(hmac, Algorithm::Hmac, &SHA256).unwrap();
    let buffered = session.encrypt_start(gcm, Algorithm::AesGcm, &Params::NONE).unwrap();
    let digest = session.digest_start(Hash::Sha256).unwrap();
    for context in [&mac, &buffered, &digest] {
        session.update(context, b"some data").unwrap();
    }
    session.random(&mut [0; 32]).unwrap().value();
    Busy { session, hmac, gcm, contexts: [mac, buffered, digest] }
}

/// Every keyed and keyless service of a session whose module is gone.
fn serves_nothing(busy: &Busy) {
    let Busy { session, hmac, gcm, contexts } = busy;
    let mut out = [0xee; 64];
    let gone = Error::NotOperational;
    assert_eq!(session.mac(*hmac, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap_err(), gone);
    assert_eq!(session.encrypt(*gcm, Algorithm::AesGcm, &Params::NONE, b"m", &mut out).unwrap_err(), gone);
    assert_eq!(session.mac_finish(&contexts[0], &mut out).unwrap_err(), gone);
    assert_eq!(session.encrypt_finish(&contexts[1], &mut out).unwrap_err(), gone);
    assert_eq!(session.digest_finish(&contexts[2], &mut out).unwrap_err(), gone);
    assert_eq!(session.update(&contexts[0], b"more").unwrap_err(), gone);
    assert_eq!(session.random(&mut out).unwrap_err(), gone);
    assert_eq!(session.digest(Hash::Sha256, b"m", &mut out).unwrap_err(), gone);
    assert_eq!(session.generate(&keys::hmac().build().unwrap()).unwrap_err(), gone);
    assert_eq!(session.attributes(*hmac).unwrap_err(), gone);
    assert_eq!(session.keys(&Filter::ALL, None, &mut [*hmac; 4]).unwrap_err(), gone);
    assert_eq!(session.destroy(*hmac).unwrap_err(), gone);
    assert_eq!(out, [0xee; 64], "a refused call writes nothing");
}

#[test]
fn zeroise_from_another_thread_ends_idle_sessions_and_restart_begins_anew() {
    let engine = engine();
    let idle = busy(&engine);
    let other = busy(&engine);
    let zeroiser = engine.clone();
    within(30, move || zeroiser.zeroise());
    assert_eq!(engine.status().state, State::Zeroised);
    serves_nothing(&idle);
    serves_nothing(&other);
    assert_eq!(engine.open_session(Subject::user(1), b"").err(), Some(Error::NotOperational));
    assert_eq!(engine.self_test(), Err(Error::NotOperational));
    engine.zeroise(); // idempotent

    let clone = engine.clone();
    let anew = engine.restart().unwrap();
    assert_eq!(anew.status().state, State::Operational);
    assert_eq!(clone.status().state, State::Zeroised, "clones of before stay dead");
    serves_nothing(&idle);
    let fresh = open(&anew);
    let mut out = [0; 32];
    assert_eq!(
        fresh.mac(idle.hmac, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap_err(),
        Error::UnknownKey
    );
    assert_eq!(fresh.keys(&Filter::ALL, None, &mut [idle.hmac; 4]).unwrap().value(), 0);
    let key = fresh.generate(&hmac().build().unwrap()).unwrap().value();
    fresh.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap().value();
    // Sessions of the dead instance close without touching the new one.
    drop((idle, other));
    fresh.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap().value();
}

#[test]
fn destroy_reaches_pins_and_contexts_of_idle_sessions() {
    let engine = engine();
    let Busy { session: idle, hmac, gcm, contexts } = busy(&engine);
    let mut out = [0; 64];
    idle.mac(hmac, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap().value();
    let from = engine.clone();
    within(30, move || {
        let session = open(&from);
        session.destroy(hmac).unwrap().value();
        assert_eq!(session.destroy(hmac).unwrap_err(), Error::UnknownKey);
    });
    assert_eq!(idle.mac(hmac, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap_err(), Error::UnknownKey);
    assert_eq!(idle.attributes(hmac).unwrap_err(), Error::UnknownKey);
    assert_eq!(idle.update(&contexts[0], b"more").unwrap_err(), Error::InvalidArgument);
    assert_eq!(idle.mac_finish(&contexts[0], &mut out).unwrap_err(), Error::InvalidArgument);
    // Contexts of other keys, and of none, go on.
    idle.encrypt_finish(&contexts[1], &mut out).unwrap().value();
    idle.digest_finish(&contexts[2], &mut out).unwrap().value();
    idle.encrypt(gcm, Algorithm::AesGcm, &Params::NONE, b"m", &mut out).unwrap().value();
    // A new key in the same slot has another handle.
    let next = idle.generate(&keys::hmac().build().unwrap()).unwrap().value();
    assert_ne!(next, hmac);
    assert_eq!(idle.attributes(hmac).unwrap_err(), Error::UnknownKey);
}

#[test]
fn destroy_waits_for_the_running_operation() {
    let engine = engine();
    let session = open(&engine);
    let key = session.generate(&hmac().build().unwrap()).unwrap().value();
    // Long enough to be seen running: some hundred milliseconds of HMAC.
    let message = vec![0x5a; 48 << 20];
    let started = Arc::new(AtomicBool::new(false));
    let ended = Arc::new(AtomicBool::new(false));
    let worker = {
        let (engine, started, ended) = (engine.clone(), Arc::clone(&started), Arc::clone(&ended));
        thread::spawn(move || {
            let session = open(&engine);
            let mut tag = [0; 32];
            session.mac(key, Algorithm::Hmac, &SHA256, b"pinned", &mut tag).unwrap().value();
            started.store(true, Ordering::SeqCst);
            let result = session.mac(key, Algorithm::Hmac, &SHA256, &message, &mut tag);
            ended.store(true, Ordering::SeqCst);
            (
                result.map(strongroom::Outcome::value),
                session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag),
            )
        })
    };
    while !started.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(10));
    let overlapped = !ended.load(Ordering::SeqCst);
    session.destroy(key).unwrap().value();
    // The call had the cell; destroy swept that cell; so the call was over (its flag follows at once).
    let (running, later) = within(60, move || worker.join().unwrap());
    assert!(overlapped, "the operation was too short to overlap with destroy");
    assert_eq!(running, Ok(32), "a call that was admitted before ends well");
    assert_eq!(later.unwrap_err(), Error::UnknownKey);
}

#[test]
fn no_output_after_the_tamper_switch_fired() {
    for _ in 0..8 {
        let engine = engine();
        let session = open(&engine);
        let key = session.generate(&p256().build().unwrap()).unwrap().value();
        let count = Arc::new(AtomicUsize::new(0));
        let fired = Arc::new(AtomicBool::new(false));
        let worker = {
            let (engine, count, fired) = (engine.clone(), Arc::clone(&count), Arc::clone(&fired));
            thread::spawn(move || {
                let session = open(&engine);
                let mut late = 0usize;
                loop {
                    let already = fired.load(Ordering::SeqCst);
                    let mut out = [0xaa; 64];
                    match session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut out) {
                        Ok(_) if already => late += 1,
                        Ok(_) => drop(count.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => {
                            assert_eq!(error, Error::NotOperational);
                            // Refused at entry, or zeroed at release; never half a signature.
                            assert!(out == [0xaa; 64] || out == [0; 64]);
                            return (late, session);
                        }
                    }
                }
            })
        };
        while count.load(Ordering::SeqCst) < 5 {
            thread::yield_now();
        }
        engine.tamper_switch().fire();
        fired.store(true, Ordering::SeqCst);
        let (late, session) = within(30, move || worker.join().unwrap());
        assert_eq!(late, 0, "signatures came out after the switch had fired");
        assert_eq!(engine.status().state, State::Zeroised);
        assert_eq!(session.random(&mut [0; 8]).unwrap_err(), Error::NotOperational);
        engine.zeroise();
        drop(session);
    }
}

/// An OAEP blob of an HMAC key with its policy: unwrapping it takes milliseconds.
fn oaep<S: Store>(session: &Session<'_, S>) -> (KeyHandle, Vec<u8>, Attributes) {
    let rsa = session.generate(&rsa_transport().build().unwrap()).unwrap().value();
    // A payload as weak as the KEK: an imported key has the KEK's strength.
    let own = Attributes::builder(KeyKind::Hmac)
        .length(14)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .export(Export::INTEROPERABLE)
        .persistent()
        .build()
        .unwrap();
    let payload = session.generate(&own).unwrap().value();
    let mut blob = vec![0; 256];
    let len = session.wrap(rsa, Algorithm::RsaOaep, &SHA256, payload, &mut blob).unwrap().value();
    blob.truncate(len);
    (rsa, blob, own)
}

/// Calls that pass the doorway twice, while another thread zeroises or fires the switch between.
fn zeroise_in_the_middle<S: Store + Sync + Send + 'static>(make: fn() -> Engine<S>, tamper: bool) {
    let engine = make();
    let session = open(&engine);
    let (rsa, blob, template) = oaep(&session);
    let wrapping = session.generate(&kek().build().unwrap()).unwrap().value();
    let payload = session.generate(&p256().export(Export::NATIVE).build().unwrap()).unwrap().value();
    drop(session);
    let running = Arc::new(AtomicUsize::new(0));
    let worker = |job: usize| {
        let running = Arc::clone(&running);
        let (blob, template) = (blob.clone(), template.clone());
        let session = open(&engine);
        thread::spawn(move || {
            loop {
                let result = match job {
                    0 => session
                        .unwrap(rsa, Algorithm::RsaOaep, &SHA256, &blob, UnwrapAs::Foreign(&template))
                        .and_then(|key| session.destroy(key.value()))
                        .map(drop),
                    1 => session
                        .copy(payload, &Restriction::none())
                        .and_then(|key| session.destroy(key.value()))
                        .map(drop),
                    _ => session.wrapped_len(wrapping, Algorithm::NativeWrap, payload).map(drop),
                };
                running.fetch_add(1, Ordering::SeqCst);
                if let Err(error) = result {
                    // Its key may be gone a moment before its cell is.
                    assert!(matches!(error, Error::NotOperational | Error::UnknownKey), "{error:?}");
                    if error == Error::NotOperational {
                        return;
                    }
                }
            }
        })
    };
    let workers: Vec<_> = (0..3).map(worker).collect();
    within(60, move || {
        while running.load(Ordering::SeqCst) < 40 {
            thread::yield_now();
        }
        if tamper {
            engine.tamper_switch().fire();
        } else {
            engine.zeroise();
        }
        for worker in workers {
            worker.join().unwrap();
        }
        engine.zeroise();
        assert_eq!(engine.status().state, State::Zeroised);
    });
}

#[test]
fn calls_that_enter_twice_end_when_the_module_is_zeroised_between() {
    for round in 0..6 {
        zeroise_in_the_middle(engine, round % 2 == 0);
    }
}

#[test]
fn so_do_they_on_a_slot_table() {
    for round in 0..6 {
        zeroise_in_the_middle(
            || Engine::with_store(SlotTable::<8, 512, 4>::new()).power_on().unwrap(),
            round % 2 == 0,
        );
    }
}

#[test]
fn closing_a_session_ends_its_session_keys_alone() {
    let engine = engine();
    let (first, second) = (open(&engine), open(&engine));
    let template = Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC)
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .build()
        .unwrap();
    let mine = first.generate(&template).unwrap().value();
    let kept = first.generate(&hmac().build().unwrap()).unwrap().value();
    let mut out = [0; 32];
    second.mac(mine, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap().value();
    let open = second.mac_start(mine, Algorithm::Hmac, &SHA256).unwrap();
    within(30, move || drop(first));
    assert_eq!(second.mac(mine, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap_err(), Error::UnknownKey);
    assert_eq!(second.update(&open, b"m").unwrap_err(), Error::InvalidArgument);
    second.mac(kept, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap().value();
}
