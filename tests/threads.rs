//! Two threads at work on keys that a third destroys, narrows or tests; use limits shared by threads.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, missing_docs)] // a test

mod keys;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keys::{SHA256, engine, gcm, hmac, kek, open, p256, within};
use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, KeyHandle, KeyKind, Params, Restriction, Rule,
    Session, SlotTable, State, Store, Usage,
};

fn slots() -> Engine<SlotTable<16, 64, 8>> {
    Engine::with_store(SlotTable::new()).power_on().unwrap()
}

/// Starts `count` threads with a session each.
fn workers<S: Store + Send + Sync + 'static, T: Send + 'static>(
    engine: &Engine<S>,
    count: usize,
    body: impl Fn(Session<'static, S>) -> T + Send + Sync + 'static,
) -> Vec<thread::JoinHandle<T>> {
    let body = Arc::new(body);
    (0..count)
        .map(|_| {
            let (session, body) = (open(engine), Arc::clone(&body));
            thread::spawn(move || body(session))
        })
        .collect()
}

fn join<T>(threads: Vec<thread::JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// The key of the moment, and what is known of each key there was.
#[derive(Default)]
struct Board {
    now: Mutex<Option<KeyHandle>>,
    facts: Mutex<HashMap<KeyHandle, Vec<u8>>>,
    dead: Mutex<HashSet<KeyHandle>>,
    stop: AtomicBool,
    done: AtomicU64,
}

/// Two threads use the key of the moment while this one destroys it and makes the next. `note` says of a
/// new key what `work` later checks its results with.
fn destroyed_under_way<S: Store + Send + Sync + 'static>(
    engine: &Engine<S>,
    policy: &Attributes,
    note: fn(&Session<'static, S>, KeyHandle) -> Vec<u8>,
    work: impl Fn(&Session<'static, S>, KeyHandle, &[u8]) -> Result<(), Error> + Send + Sync + 'static,
) {
    let board = Arc::new(Board::default());
    let maker = open(engine);
    let threads = workers(engine, 2, {
        let board = Arc::clone(&board);
        move |session| {
            while !board.stop.load(SeqCst) {
                let Some(key) = *board.now.lock().unwrap() else { continue };
                let fact = board.facts.lock().unwrap().get(&key).unwrap().clone();
                let was_dead = board.dead.lock().unwrap().contains(&key);
                match work(&session, key, &fact) {
                    Ok(()) => {
                        assert!(!was_dead, "a key served after its destruction had returned");
                        board.done.fetch_add(1, SeqCst);
                    }
                    Err(Error::LimitReached) => assert!(!was_dead),
                    Err(error) => assert_eq!(error, Error::UnknownKey),
                }
            }
        }
    });
    for _ in 0..40 {
        let key = maker.generate(policy).unwrap().value();
        let fact = note(&maker, key);
        board.facts.lock().unwrap().insert(key, fact);
        // Before the workers see the key: they may use it up, and nothing would come after, while this
        // thread waits for its turn.
        let seen = board.done.load(SeqCst);
        *board.now.lock().unwrap() = Some(key);
        while board.done.load(SeqCst) < seen + 4 {
            assert!(!threads.iter().any(thread::JoinHandle::is_finished), "a worker gave up");
            thread::yield_now();
        }
        maker.destroy(key).unwrap().value();
        board.dead.lock().unwrap().insert(key);
        // The dead key stays on the board for a moment, to be tried.
        thread::sleep(Duration::from_micros(300));
    }
    board.stop.store(true, SeqCst);
    join(threads);
    assert_eq!(engine.status().state, State::Operational);
}

fn signatures_are_right<S: Store + Send + Sync + 'static>(engine: Engine<S>) {
    // Another engine verifies, with the public half alone.
    let verifier = keys::engine();
    let verifying = Mutex::new(open(&verifier));
    let public = Attributes::builder(KeyKind::EcP256)
        .public()
        .usage(Usage::VERIFY)
        .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
        .build()
        .unwrap();
    let note = |session: &Session<'static, S>, key| {
        let mut spki = vec![0; 128];
        let len = session.public_key(key, &mut spki).unwrap().value();
        spki.truncate(len);
        spki
    };
    destroyed_under_way(&engine, &p256().build().unwrap(), note, move |session, key, spki| {
        let mut signature = [0; 64];
        session.sign(key, Algorithm::EcdsaP256, &SHA256, b"message", &mut signature)?.value();
        let verifying = verifying.lock().unwrap();
        let half = verifying.import_public(spki, &public).unwrap().value();
        verifying.verify(half, Algorithm::EcdsaP256, &SHA256, b"message", &signature).unwrap().value();
        verifying.destroy(half).unwrap().value();
        Ok(())
    });
}

fn macs_are_right<S: Store + Send + Sync + 'static>(engine: Engine<S>) {
    let note = |session: &Session<'static, S>, key| {
        let mut tag = vec![0; 32];
        session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap().value();
        tag
    };
    destroyed_under_way(&engine, &hmac().build().unwrap(), note, |session, key, expected| {
        let mut tag = [0; 32];
        session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag)?.value();
        assert_eq!(tag, expected);
        Ok(())
    });
}

fn ivs_never_repeat<S: Store + Send + Sync + 'static>(engine: Engine<S>) {
    let policy = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcmCounter))
        .uses(5000)
        .persistent()
        .build()
        .unwrap();
    let seen = Mutex::new(HashSet::new());
    destroyed_under_way(
        &engine,
        &policy,
        |_, _| Vec::new(),
        move |session, key, _| {
            let mut sealed = [0; 7 + 16];
            let made =
                session.encrypt(key, Algorithm::AesGcmCounter, &Params::NONE, b"message", &mut sealed)?;
            let iv = made.value().iv;
            assert!(seen.lock().unwrap().insert((key, iv.as_bytes().to_vec())), "an IV came twice");
            let mut opened = [0; 7];
            let params = Params::NONE.iv(iv.as_bytes());
            session.decrypt(key, Algorithm::AesGcmCounter, &params, &sealed, &mut opened)?.value();
            assert_eq!(&opened, b"message");
            Ok(())
        },
    );
}

#[test]
fn signing_while_a_third_thread_destroys() {
    within(120, || signatures_are_right(engine()));
    within(120, || signatures_are_right(slots()));
}

#[test]
fn macs_while_a_third_thread_destroys() {
    within(120, || macs_are_right(engine()));
    within(120, || macs_are_right(slots()));
}

#[test]
fn counted_encryption_while_a_third_thread_destroys() {
    within(120, || ivs_never_repeat(engine()));
    within(120, || ivs_never_repeat(slots()));
}

fn uses_one<S: Store>(session: &Session<'_, S>, key: KeyHandle) -> Result<(), Error> {
    session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut [0; 32]).map(|made| {
        made.value();
    })
}

/// Uses the key until it is exhausted.
fn drain<S: Store>(session: &Session<'_, S>, key: KeyHandle) -> u64 {
    let mut count = 0;
    loop {
        match uses_one(session, key) {
            Ok(()) => count += 1,
            Err(error) => {
                assert_eq!(error, Error::LimitReached);
                return count;
            }
        }
    }
}

fn limit_is_exact<S: Store + Send + Sync + 'static>(engine: &Engine<S>) {
    for limit in [1, 2, 3, 17, 1000, 5003] {
        let own = open(engine);
        let key = own.generate(&hmac().uses(limit).build().unwrap()).unwrap().value();
        let counts = join(workers(engine, 4, move |session| drain(&session, key)));
        assert_eq!(counts.iter().sum::<u64>(), limit, "{counts:?}");
        assert_eq!(uses_one(&own, key), Err(Error::LimitReached));
        own.destroy(key).unwrap().value();
    }
}

#[test]
fn a_use_limit_is_exact_over_four_threads() {
    within(120, || limit_is_exact(&engine()));
    within(120, || limit_is_exact(&slots()));
}

#[test]
fn leases_of_closed_sessions_come_back() {
    within(120, || {
        let engine = engine();
        let own = open(&engine);
        let limit = 3000;
        let key = own.generate(&hmac().uses(limit).build().unwrap()).unwrap().value();
        let total = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (engine, total) = (engine.clone(), Arc::clone(&total));
                thread::spawn(move || {
                    for _ in 0..60 {
                        let session = open(&engine);
                        for _ in 0..7 {
                            uses_one(&session, key).unwrap();
                            total.fetch_add(1, SeqCst);
                        }
                    }
                })
            })
            .collect();
        join(threads);
        assert_eq!(total.load(SeqCst) + drain(&own, key), limit);
    });
}

fn right_is_gone<S: Store + Send + Sync + 'static>(engine: &Engine<S>) {
    for _ in 0..20 {
        let own = open(engine);
        let key = own.generate(&p256().build().unwrap()).unwrap().value();
        let mut signature = [0; 64];
        own.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut signature).unwrap().value();
        let narrowed = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let threads = workers(engine, 2, {
            let (narrowed, done) = (Arc::clone(&narrowed), Arc::clone(&done));
            move |session| {
                loop {
                    let after = narrowed.load(SeqCst);
                    let mut out = [0; 64];
                    match session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut out) {
                        Ok(_) => {
                            assert!(!after, "signed after the right was taken away");
                            done.fetch_add(1, SeqCst);
                        }
                        Err(error) => {
                            assert_eq!(error, Error::NotPermitted);
                            break;
                        }
                    }
                }
                // What is left still works, under the same handle.
                session.verify(key, Algorithm::EcdsaP256, &SHA256, b"m", &signature).unwrap().value();
            }
        });
        while done.load(SeqCst) < 4 {
            thread::yield_now();
        }
        own.restrict(key, &Restriction::none().usage(Usage::VERIFY)).unwrap().value();
        narrowed.store(true, SeqCst);
        join(threads);
        own.destroy(key).unwrap().value();
    }
}

#[test]
fn a_right_that_is_taken_away_is_gone_when_restrict_returns() {
    within(120, || right_is_gone(&engine()));
    within(120, || right_is_gone(&slots()));
}

fn lowered_limit_holds<S: Store + Send + Sync + 'static>(engine: &Engine<S>, policy: &Attributes) {
    let own = open(engine);
    let key = own.generate(policy).unwrap().value();
    // Idle sessions with leased uses, and one that is at work meanwhile.
    let idle = [open(engine), open(engine)];
    for session in &idle {
        uses_one(session, key).unwrap();
    }
    let (narrowed, before) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let threads = workers(engine, 2, {
        let (narrowed, before) = (Arc::clone(&narrowed), Arc::clone(&before));
        move |session| {
            while !narrowed.load(SeqCst) {
                match uses_one(&session, key) {
                    Ok(()) => drop(before.fetch_add(1, SeqCst)),
                    Err(error) => {
                        assert_eq!(error, Error::LimitReached);
                        break;
                    }
                }
            }
            drain(&session, key)
        }
    });
    while before.load(SeqCst) < 10 {
        thread::yield_now();
    }
    own.restrict(key, &Restriction::none().uses(20)).unwrap().value();
    // The first of the workers' uses after this line is the first that must fit the new limit.
    let at_most = before.load(SeqCst);
    narrowed.store(true, SeqCst);
    let after: u64 = join(threads).into_iter().sum();
    let rest: u64 = idle.iter().map(|session| drain(session, key)).sum();
    assert!(after + rest <= 20, "{after} + {rest} uses after a limit of 20 (about {at_most} before)");
}

#[test]
fn a_lowered_limit_takes_leased_uses_with_it() {
    let counted = || hmac().uses(100_000_000).build().unwrap();
    within(120, move || lowered_limit_holds(&engine(), &counted()));
    within(120, || lowered_limit_holds(&engine(), &hmac().build().unwrap()));
    within(120, move || lowered_limit_holds(&slots(), &counted()));
}

fn tests_on_demand_disturb_nobody<S: Store + Send + Sync + 'static>(engine: &Engine<S>) {
    let own = open(engine);
    let sign = own.generate(&p256().build().unwrap()).unwrap().value();
    let seal = own.generate(&gcm().build().unwrap()).unwrap().value();
    let stop = Arc::new(AtomicBool::new(false));
    let threads = workers(engine, 3, {
        let stop = Arc::clone(&stop);
        move |session| {
            let mut count = 0u64;
            while !stop.load(SeqCst) {
                let mut out = [0; 64];
                session.sign(sign, Algorithm::EcdsaP256, &SHA256, b"m", &mut out).unwrap().value();
                session.verify(sign, Algorithm::EcdsaP256, &SHA256, b"m", &out).unwrap().value();
                session.encrypt(seal, Algorithm::AesGcm, &Params::NONE, b"m", &mut out).unwrap().value();
                session.digest(Hash::Sha256, b"m", &mut out).unwrap().value();
                count += 1;
            }
            count
        }
    });
    // Two at a time, back to back: whoever waited for one finds the next one running.
    let testers = || {
        let engine = engine.clone();
        thread::spawn(move || (0..12).for_each(|_| engine.self_test().unwrap()))
    };
    join(vec![testers(), testers()]);
    stop.store(true, SeqCst);
    assert!(join(threads).iter().all(|count| *count > 0));
    assert!(engine.self_test_report().filter(|test| test.name == "AES").all(|test| test.runs > 24));
}

#[test]
fn self_tests_on_demand_while_others_work() {
    within(120, || tests_on_demand_disturb_nobody(&engine()));
    within(120, || tests_on_demand_disturb_nobody(&slots()));
}

fn wrap_crosswise<S: Store + Send + Sync + 'static>(engine: &Engine<S>) {
    let own = open(engine);
    let policy = kek().export(Export::NATIVE).build().unwrap();
    let a = own.generate(&policy).unwrap().value();
    let b = own.generate(&policy).unwrap().value();
    let crossing = |(kek, payload): (KeyHandle, KeyHandle)| {
        workers(engine, 1, move |session: Session<'static, S>| {
            let mut wrapped = 0;
            for _ in 0..3000 {
                let mut out = [0; 512];
                match session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, payload, &mut out) {
                    Ok(_) => wrapped += 1,
                    // Each blob takes half of the payload's uses along.
                    Err(error) => assert_eq!(error, Error::LimitReached),
                }
            }
            wrapped
        })
    };
    let threads: Vec<_> = [(a, b), (b, a)].into_iter().flat_map(crossing).collect();
    // One may find the budget empty already: what is shown here is that both come back.
    assert!(join(threads).iter().sum::<u32>() > 0);
}

#[test]
fn wrapping_crosswise_does_not_lock_up() {
    within(120, || wrap_crosswise(&engine()));
    within(120, || wrap_crosswise(&slots()));
}

#[test]
fn two_threads_destroy_one_key_once() {
    within(120, || {
        let engine = engine();
        let own = open(&engine);
        for _ in 0..50 {
            let key = own.generate(&hmac().build().unwrap()).unwrap().value();
            let results = join(workers(&engine, 3, move |session| session.destroy(key).map(|_| ())));
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
            assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(Error::UnknownKey))));
        }
    });
}
