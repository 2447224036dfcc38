//! Every service of a session, end to end through the public API: what it answers, what its indicator says,
//! and what it refuses. What the engine makes is checked by other implementations, and what they make is
//! checked by the engine (`outside.rs`).
//!
//! Where more is to be said, other tests say it: the whole policy matrix in src/policy/tests.rs, narrowing
//! in narrowing.rs, threads in threads.rs, zeroisation in zeroise.rs.
#![cfg(all(
    feature = "std",
    feature = "os-entropy",
    feature = "aes",
    feature = "hmac",
    feature = "rsa",
    feature = "ecdsa",
    feature = "secp256k1",
    feature = "ed25519"
))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    unreachable_pub,
    missing_docs
)] // a test reports by panicking

mod keys;

#[path = "services/bare_transport.rs"]
mod bare_transport;
#[path = "services/ciphers.rs"]
mod ciphers;
#[path = "services/lifecycle.rs"]
mod lifecycle;
#[path = "services/outside.rs"]
mod outside;
#[path = "services/public.rs"]
mod public;
#[path = "services/refusals.rs"]
mod refusals;
#[path = "services/rsa_data.rs"]
mod rsa_data;
#[path = "services/secp256k1.rs"]
mod secp256k1;
#[path = "services/signatures.rs"]
mod signatures;
#[path = "services/transport.rs"]
mod transport;
#[path = "services/unwrapping.rs"]
mod unwrapping;

use std::fmt::Debug;

use strongroom::{
    Algorithm, AttributesBuilder, Authenticator, Caveats, Engine, Error, Filter, Indicator, KeyHandle,
    Outcome, Session, State, Subject,
};

const ALL_HASHES: [strongroom::Hash; 9] = strongroom::Hash::ALL;

/// Those that signatures and key transport take.
fn strong_hashes() -> impl Iterator<Item = strongroom::Hash> {
    ALL_HASHES.into_iter().filter(|hash| strongroom::HashSet::STRONG.contains(*hash))
}

/// What the buffers of callers hold before a call.
const BEFORE: u8 = 0xee;

/// A key from a description.
fn make(session: &Session<'_>, key: AttributesBuilder) -> KeyHandle {
    session.generate(&key.build().unwrap()).unwrap().value()
}

/// What every answer of this build carries: it is no signed image, and entropy is the system's.
fn usual() -> Caveats {
    let caveats = Caveats::UNSIGNED.and(Caveats::ENTROPY_NOT_ASSURED);
    if cfg!(strongroom_lab) { caveats.and(Caveats::TEST_BUILD) } else { caveats }
}

/// The indicator of an approved algorithm under a key of this strength, with the usual caveats.
#[track_caller]
fn approved(indicator: Indicator, algorithm: Algorithm, bits: Option<u16>) {
    assert_eq!(indicator.algorithm(), algorithm);
    assert_eq!(indicator.strength().map(|strength| strength.bits()), bits, "{indicator}");
    assert_eq!(indicator.reason(), None, "{indicator}");
    assert!(indicator.approved_parameters());
    assert_eq!(indicator.caveats(), usual(), "{indicator}");
    assert!(!indicator.approved(), "an unsigned image approves nothing: {indicator}");
}

/// The value of an answer whose indicator is that of [`approved`].
#[track_caller]
fn served<T: Debug>(answer: Result<Outcome<T>, Error>, algorithm: Algorithm, bits: Option<u16>) -> T {
    let (value, indicator) = answer.unwrap().into_parts();
    approved(indicator, algorithm, bits);
    value
}

/// The answer is this error.
#[track_caller]
fn refused<T: Debug>(answer: Result<Outcome<T>, Error>, error: Error) {
    assert_eq!(answer.map(Outcome::value).unwrap_err(), error);
}

/// Runs a call that writes to a buffer of `len` bytes and fails: nothing of its work is in the buffer.
#[track_caller]
fn refused_into<T: Debug>(
    len: usize,
    error: Error,
    call: impl FnOnce(&mut [u8]) -> Result<Outcome<T>, Error>,
) {
    let mut out = vec![BEFORE; len];
    refused(call(&mut out), error);
    let untouched = out.iter().all(|byte| *byte == BEFORE);
    assert!(untouched || out.iter().all(|byte| *byte == 0), "left behind: {out:02x?}");
}

/// A buffer one byte too small: an error, and not one byte written.
#[track_caller]
fn too_small<T: Debug>(needed: usize, call: impl FnOnce(&mut [u8]) -> Result<Outcome<T>, Error>) {
    let mut out = vec![BEFORE; needed - 1];
    refused(call(&mut out), Error::BufferTooSmall);
    assert!(out.iter().all(|byte| *byte == BEFORE), "nothing is written");
}

/// Runs a call that succeeds, with a buffer that is larger than it needs; what it wrote.
#[track_caller]
fn written<T: Debug>(
    algorithm: Algorithm,
    bits: Option<u16>,
    len_of: impl FnOnce(&T) -> usize,
    call: impl FnOnce(&mut [u8]) -> Result<Outcome<T>, Error>,
) -> (T, Vec<u8>) {
    let mut out = vec![BEFORE; 2048];
    let value = served(call(&mut out), algorithm, bits);
    let len = len_of(&value);
    assert!(out[len..].iter().all(|byte| *byte == BEFORE), "the rest of the buffer is the caller's");
    out.truncate(len);
    (value, out)
}

/// The same for calls that answer a length.
#[track_caller]
fn bytes(
    algorithm: Algorithm,
    bits: Option<u16>,
    call: impl FnOnce(&mut [u8]) -> Result<Outcome<usize>, Error>,
) -> Vec<u8> {
    written(algorithm, bits, |len| *len, call).1
}

/// Every key that the session's subject sees.
fn inventory(session: &Session<'_>) -> Vec<KeyHandle> {
    let mut found = [KeyHandle::from_u64(0); 64];
    let count = session.keys(&Filter::ALL, None, &mut found).unwrap().value();
    assert!(count < found.len());
    found[..count].to_vec()
}

/// Uses that a counted key has left.
fn uses_left(session: &Session<'_>, key: KeyHandle) -> u64 {
    session.attributes(key).unwrap().value().remaining_uses().unwrap()
}

fn operational<S: strongroom::Store>(engine: &Engine<S>) {
    assert_eq!(engine.status().state, State::Operational);
}

/// Takes everybody for what they say they are.
struct Anybody;

impl Authenticator for Anybody {
    fn authenticate(&self, _claimed: Subject, _credential: &[u8]) -> bool {
        true
    }
}

/// An engine that has officers.
fn with_officers() -> Engine {
    Engine::builder().authenticator(Anybody).power_on().unwrap()
}
