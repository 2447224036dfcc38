//! What other threads do while a long batch runs: nobody waits for more than a group of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use strongroom::{Algorithm, Engine, Error, KeyHandle, Session, SignItem, State, Store};

use super::{SHA256, SlotTable, engine, open};
use crate::keys::{p256, within};

/// Enough for a quarter of a second, and more than a thread can need to see that some have been served.
const MANY: usize = 60_000;
/// More uses than any test here makes.
const USES: u64 = 1 << 20;

/// A session after its batch: each item's answer, and its buffer.
type Finished<S> = (Session<'static, S>, Vec<Result<(), Error>>, Vec<[u8; 64]>);

/// Signs, with one key and the other in turn, on a thread of its own; says when it is done.
fn start<S: Store + Send + Sync + 'static>(
    session: Session<'static, S>,
    keys: [KeyHandle; 2],
    done: &Arc<AtomicBool>,
) -> thread::JoinHandle<Finished<S>> {
    let done = Arc::clone(done);
    thread::spawn(move || {
        let mut buffers = vec![[0xee; 64]; MANY];
        let mut items: Vec<_> = buffers
            .iter_mut()
            .zip(keys.iter().cycle())
            .map(|(out, key)| SignItem::new(*key, Algorithm::EcdsaP256, SHA256, b"message", out))
            .collect();
        let all = session.sign_batch(&mut items);
        done.store(true, Ordering::SeqCst);
        let results: Vec<_> = items.into_iter().map(|item| item.result.map(drop)).collect();
        assert_eq!(all, results.iter().copied().find(Result::is_err).unwrap_or(Ok(())));
        (session, results, buffers)
    })
}

/// A key whose uses are counted, so that others see them go.
fn counted<S: Store>(session: &Session<'_, S>) -> KeyHandle {
    session.generate(&p256().uses(USES).build().unwrap()).unwrap().value()
}

/// Waits until the first groups with this key have been served: sessions take up to 256 uses at a time.
fn begun<S: Store>(session: &Session<'_, S>, key: KeyHandle) {
    let left = || session.attributes(key).unwrap().value().remaining_uses().unwrap();
    while left() > USES - 512 {
        thread::yield_now();
    }
}

/// Served up to some item, refused with `error` from there on, and nothing of a signature in those buffers.
fn is_cut(results: &[Result<(), Error>], buffers: &[[u8; 64]], error: Error) {
    let served = results.iter().take_while(|result| result.is_ok()).count();
    assert!(served > 0, "the batch had begun");
    assert!(served < results.len(), "the batch was not over");
    for (result, buffer) in results.iter().zip(buffers).skip(served) {
        assert_eq!(*result, Err(error));
        assert!(*buffer == [0; 64] || *buffer == [0xee; 64]);
    }
}

/// Takes the module from under a batch.
fn stopped_by(stop: fn(&Engine)) {
    within(120, move || {
        let engine = engine();
        let (session, other) = (open(&engine), open(&engine));
        let key = counted(&session);
        let done = Arc::new(AtomicBool::new(false));
        let batch = start(session, [key, key], &done);
        begun(&other, key);
        stop(&engine);
        let (session, results, buffers) = batch.join().unwrap();
        is_cut(&results, &buffers, Error::NotOperational);
        assert_eq!(engine.status().state, State::Zeroised);
        assert_eq!(session.random(&mut [0; 8]).map(drop), Err(Error::NotOperational));
    });
}

#[test]
fn zeroise_waits_for_one_group() {
    stopped_by(|engine| {
        let start = std::time::Instant::now();
        engine.zeroise();
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    });
}

#[test]
fn a_tamper_switch_stops_a_batch() {
    stopped_by(|engine| engine.tamper_switch().fire());
}

fn destroyed_meanwhile<S: Store + Send + Sync + 'static>(engine: Engine<S>) {
    within(120, move || {
        let (session, other) = (open(&engine), open(&engine));
        let [doomed, lives] = [(); 2].map(|()| counted(&session));
        let done = Arc::new(AtomicBool::new(false));
        let batch = start(session, [doomed, lives], &done);
        begun(&other, doomed);
        other.destroy(doomed).unwrap().value();
        assert!(!done.load(Ordering::SeqCst), "destroy waited for the whole batch");
        let (_session, results, buffers) = batch.join().unwrap();
        let of = |first: usize| -> (Vec<_>, Vec<_>) {
            let picked = results.iter().zip(&buffers).skip(first).step_by(2);
            picked.map(|(result, buffer)| (*result, *buffer)).unzip()
        };
        let (results, buffers) = of(0);
        is_cut(&results, &buffers, Error::UnknownKey);
        assert!(of(1).0.iter().all(Result::is_ok), "the other key's items all have their signature");
        assert_eq!(engine.status().state, State::Operational);
    });
}

#[test]
fn destroying_a_key_waits_for_one_group() {
    destroyed_meanwhile(engine());
    destroyed_meanwhile(Engine::with_store(SlotTable::<8, 64, 4>::new()).power_on().unwrap());
}

/// Batches that hold the same keys in opposite order do not wait for each other for ever.
#[test]
fn crossing_batches_end() {
    within(120, || {
        let engine = Engine::with_store(SlotTable::<8, 64, 4>::new()).power_on().unwrap();
        let maker = open(&engine);
        let [a, b] = [(); 2].map(|()| maker.generate(&p256().build().unwrap()).unwrap().value());
        let threads = [[a, b], [b, a]].map(|keys| {
            let session = open(&engine);
            thread::spawn(move || {
                let mut buffers = vec![[0; 64]; 3000];
                let mut items: Vec<_> = buffers
                    .iter_mut()
                    .zip(keys.iter().cycle())
                    .map(|(out, key)| SignItem::new(*key, Algorithm::EcdsaP256, SHA256, b"message", out))
                    .collect();
                session.sign_batch(&mut items)
            })
        });
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
}
