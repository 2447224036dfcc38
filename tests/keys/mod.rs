//! What the thread, zeroise and wipe tests share: a watchdog, and policies of the keys they use.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, unreachable_pub)] // each test file uses a part

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Export, Hash, HeapStore, KeyKind, Params, Rule,
    Session, Store, Subject, Usage,
};

/// Runs `body` on a thread of its own. One that does not come back is a deadlock, and fails the test.
pub fn within<T: Send + 'static>(seconds: u64, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = channel();
    let thread = std::thread::spawn(move || drop(done.send(body())));
    match wait.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("no end after {seconds} s: a deadlock"),
        Err(RecvTimeoutError::Disconnected) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

pub fn engine() -> Engine<HeapStore> {
    Engine::power_on().unwrap()
}

pub fn open<S: Store + 'static>(engine: &Engine<S>) -> Session<'static, S> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

pub fn p256() -> AttributesBuilder {
    Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
        .persistent()
}

pub fn hmac() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .persistent()
}

pub fn gcm() -> AttributesBuilder {
    Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .persistent()
}

pub fn kek() -> AttributesBuilder {
    Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap))
        .export(Export::NATIVE)
        .persistent()
}

pub fn rsa_transport() -> AttributesBuilder {
    Attributes::builder(KeyKind::Rsa2048)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::hashed(Algorithm::RsaOaep, Hash::Sha256))
        .persistent()
}

pub const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
