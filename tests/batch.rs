//! Batches through the public interface: the answers of single calls, in order, for every size; bad items in the
//! middle take nothing from their neighbours; counting, indicators, and what other threads may do meanwhile.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(
    feature = "std",
    feature = "os-entropy",
    feature = "aes",
    feature = "hmac",
    feature = "kdf",
    feature = "rsa",
    feature = "ecdsa",
    feature = "ed25519"
))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    dead_code,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    missing_docs
)] // a test; some helpers are other tests'

mod keys;

#[path = "batch/meanwhile.rs"]
mod meanwhile;
#[path = "batch/new_keys.rs"]
mod new_keys;
#[path = "services/outside.rs"]
mod outside;
#[path = "batch/refusals.rs"]
mod refusals;
#[path = "batch/rsa_sizes.rs"]
mod rsa_sizes;

use keys::{engine, open};
use strongroom::{
    Algorithm, Attributes, Backend, Engine, Error, Hash, KeyHandle, KeyKind, Params, Rule, Session, SignItem,
    SlotTable, Store, Subject, Usage, VerifyItem,
};

const SIZES: [usize; 7] = [0, 1, 7, 8, 9, 17, 100];

/// A way to sign.
#[derive(Clone, Copy)]
struct Scheme {
    kind: KeyKind,
    algorithm: Algorithm,
    params: Params<'static>,
    /// The same message has the same signature.
    repeats: bool,
}

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const SHA384: Params<'static> = Params::with_hash(Hash::Sha384);
const SHA512: Params<'static> = Params::with_hash(Hash::Sha512);

const fn scheme(kind: KeyKind, algorithm: Algorithm, params: Params<'static>, repeats: bool) -> Scheme {
    Scheme { kind, algorithm, params, repeats }
}

/// Every scheme that signs, with every way to choose k.
const SCHEMES: [Scheme; 10] = [
    scheme(KeyKind::EcP256, Algorithm::EcdsaP256, SHA256, false),
    scheme(KeyKind::EcP256, Algorithm::EcdsaP256, SHA256.deterministic(), true),
    scheme(KeyKind::EcP256, Algorithm::EcdsaP256, SHA384.deterministic(), true),
    scheme(KeyKind::EcP256, Algorithm::EcdsaP256, SHA512.deterministic(), true),
    scheme(KeyKind::EcP384, Algorithm::EcdsaP384, SHA384, false),
    scheme(KeyKind::EcP384, Algorithm::EcdsaP384, SHA384.deterministic(), true),
    scheme(KeyKind::Ed25519, Algorithm::Ed25519, Params::NONE, true),
    scheme(KeyKind::Ed25519, Algorithm::Ed25519ph, SHA512.context(b"batch"), true),
    scheme(KeyKind::Rsa2048, Algorithm::RsaPkcs1, SHA256, true),
    scheme(KeyKind::Rsa2048, Algorithm::RsaPss, SHA256, false),
];

impl Scheme {
    fn policy(self) -> Attributes {
        let rule = Rule::any(self.algorithm);
        let rule = if self.params_are_deterministic() { rule.allow_deterministic() } else { rule };
        let usage = Usage::SIGN.and(Usage::VERIFY);
        Attributes::builder(self.kind).usage(usage).permit(rule).build().unwrap()
    }

    /// Asked of the one scheme that has the choice.
    fn params_are_deterministic(self) -> bool {
        self.repeats && matches!(self.algorithm, Algorithm::EcdsaP256 | Algorithm::EcdsaP384)
    }

    fn key<S: Store>(self, session: &Session<'_, S>) -> KeyHandle {
        session.generate(&self.policy()).unwrap().value()
    }

    /// RSA takes its time.
    fn sizes(self, keys: usize) -> impl Iterator<Item = usize> {
        let most = if matches!(self.kind, KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096) {
            9
        } else if keys > 1 {
            17
        } else {
            100
        };
        SIZES.into_iter().filter(move |size| *size <= most)
    }
}

/// Messages of many lengths, no two alike.
fn messages(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| [i.to_be_bytes().as_slice(), &vec![7; i * 5]].concat()).collect()
}

fn with_backend(backend: Backend) -> Engine {
    Engine::builder().backend(backend).unwrap().power_on().unwrap()
}

/// A buffer for each item, and signed in one batch.
fn sign<S: Store>(
    session: &Session<'_, S>,
    scheme: Scheme,
    keys: &[KeyHandle],
    messages: &[Vec<u8>],
) -> Vec<Vec<u8>> {
    let mut buffers = vec![vec![0xee; 600]; messages.len()];
    let asked = messages.iter().zip(&mut buffers).zip(keys.iter().cycle());
    let mut items: Vec<_> = asked
        .map(|((message, out), key)| SignItem::new(*key, scheme.algorithm, scheme.params, message, out))
        .collect();
    assert_eq!(session.sign_batch(&mut items), Ok(()));
    let lens: Vec<_> = items.iter().map(|item| *item.result.as_ref().unwrap().as_value()).collect();
    for (buffer, len) in buffers.iter_mut().zip(lens) {
        assert!(buffer[len..].iter().all(|byte| *byte == 0xee), "the rest of the buffer is the caller's");
        buffer.truncate(len);
    }
    buffers
}

fn verify<S: Store>(
    session: &Session<'_, S>,
    scheme: Scheme,
    keys: &[KeyHandle],
    messages: &[Vec<u8>],
    signatures: &[Vec<u8>],
) -> (Result<(), Error>, Vec<Result<(), Error>>) {
    let asked = messages.iter().zip(signatures).zip(keys.iter().cycle());
    let mut items: Vec<_> = asked
        .map(|((message, signature), key)| {
            VerifyItem::new(*key, scheme.algorithm, scheme.params, message, signature)
        })
        .collect();
    let all = session.verify_batch(&mut items);
    (all, items.into_iter().map(|item| item.result.map(|outcome| outcome.value())).collect())
}

/// A batch signs and judges as single calls do.
fn like_single_calls<S: Store>(session: &Session<'_, S>, scheme: Scheme, keys: &[KeyHandle]) {
    for size in scheme.sizes(keys.len()) {
        let messages = messages(size);
        let signatures = sign(session, scheme, keys, &messages);
        let name = scheme.algorithm.name();
        for ((message, signature), key) in messages.iter().zip(&signatures).zip(keys.iter().cycle()) {
            let single = session.verify(*key, scheme.algorithm, &scheme.params, message, signature);
            assert!(single.is_ok(), "{name}, {size}: {single:?}");
            if scheme.repeats {
                let mut alone = vec![0; 600];
                let len = session.sign(*key, scheme.algorithm, &scheme.params, message, &mut alone);
                alone.truncate(len.unwrap().value());
                assert_eq!(*signature, alone, "{name}, {size}: byte for byte");
            }
        }
        let judged = verify(session, scheme, keys, &messages, &signatures);
        assert_eq!(judged, (Ok(()), vec![Ok(()); size]), "{name}, {size}");
        if size > 1 {
            let mut damaged = signatures.clone();
            for signature in damaged.iter_mut().step_by(3) {
                signature[20] ^= 1;
            }
            let expected =
                (0..size).map(|i| if i % 3 == 0 { Err(Error::Rejected) } else { Ok(()) }).collect();
            let judged = verify(session, scheme, keys, &messages, &damaged);
            assert_eq!(judged, (Err(Error::Rejected), expected), "{name}, {size}");
            // Each with its neighbour's message.
            let (_, verdicts) = verify(session, scheme, keys, &messages[1..], &signatures[..size - 1]);
            assert_eq!(verdicts, vec![Err(Error::Rejected); size - 1], "{name}, {size}: order");
        }
    }
}

#[test]
fn one_key_with_every_backend() {
    for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
        let session = open(&with_backend(backend));
        for scheme in SCHEMES {
            like_single_calls(&session, scheme, &[scheme.key(&session)]);
        }
    }
}

/// More keys than a session pins, so that a group has up to eight and the next one others.
#[test]
fn many_keys() {
    let engine = engine();
    let session = open(&engine);
    for scheme in SCHEMES.into_iter().filter(|scheme| scheme.kind != KeyKind::Rsa2048) {
        for count in [2, 8, 11] {
            let keys: Vec<_> = (0..count).map(|_| scheme.key(&session)).collect();
            like_single_calls(&session, scheme, &keys);
            keys.iter().for_each(|key| session.destroy(*key).unwrap().value());
        }
    }
}

/// The store without allocation locks slots while they are used, each once.
#[test]
fn keys_in_place() {
    let engine = Engine::with_store(SlotTable::<16, 64, 2>::new()).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    for scheme in SCHEMES.into_iter().filter(|scheme| scheme.kind != KeyKind::Rsa2048) {
        let mut keys: Vec<_> = (0..9).map(|_| scheme.key(&session)).collect();
        keys.reverse();
        like_single_calls(&session, scheme, &keys);
        keys.iter().for_each(|key| session.destroy(*key).unwrap().value());
    }
}

/// Items of many schemes and keys in one slice: every answer in its place, with its own indicator.
#[test]
fn schemes_and_keys_mixed() {
    let engine = engine();
    let session = open(&engine);
    let keys: Vec<_> = SCHEMES.iter().map(|scheme| scheme.key(&session)).collect();
    // Runs of one scheme, single ones, and back again.
    let order = [0, 0, 0, 1, 2, 2, 0, 4, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0, 8, 8, 9, 3, 3, 1, 0];
    let messages = messages(order.len());
    let mut buffers = vec![[0; 300]; order.len()];
    let mut items: Vec<_> = order
        .iter()
        .zip(&messages)
        .zip(&mut buffers)
        .map(|((at, message), out)| {
            SignItem::new(keys[*at], SCHEMES[*at].algorithm, SCHEMES[*at].params, message, out)
        })
        .collect();
    assert_eq!(session.sign_batch(&mut items), Ok(()));
    let answers: Vec<_> = items.into_iter().map(|item| item.result.unwrap().into_parts()).collect();
    for (((at, message), out), (len, indicator)) in order.iter().zip(&messages).zip(&buffers).zip(&answers) {
        let Scheme { algorithm, params, .. } = SCHEMES[*at];
        let mut alone = [0; 300];
        let single = session.sign(keys[*at], algorithm, &params, message, &mut alone).unwrap();
        assert_eq!(*indicator, single.indicator(), "{}", algorithm.name());
        assert_eq!(*len, single.value());
        let judged = session.verify(keys[*at], algorithm, &params, message, &out[..*len]);
        assert!(judged.is_ok(), "{}", algorithm.name());
    }
    let mut items: Vec<_> = order
        .iter()
        .zip(&messages)
        .zip(buffers.iter().zip(&answers))
        .map(|((at, message), (out, (len, _)))| {
            VerifyItem::new(keys[*at], SCHEMES[*at].algorithm, SCHEMES[*at].params, message, &out[..*len])
        })
        .collect();
    assert_eq!(session.verify_batch(&mut items), Ok(()));
    for (item, (_, indicator)) in items.into_iter().zip(answers) {
        assert_eq!(item.result.unwrap().indicator(), indicator);
    }
}

#[test]
fn a_backend_that_is_not_there_is_refused() {
    for backend in Backend::ALL {
        match Engine::builder().backend(backend).map(drop) {
            Ok(()) => {
                assert!(backend.is_available());
                let engine = with_backend(backend);
                let shown = engine.status().backends.to_string();
                assert!(shown.contains(backend.name()), "{shown}");
                // The choice outlives a restart.
                let engine = engine.restart().unwrap();
                assert_eq!(engine.status().backends.to_string(), shown);
            }
            Err(error) => {
                assert_eq!(error, Error::Unsupported);
                assert!(!backend.is_available());
            }
        }
    }
    assert!(Backend::Portable.is_available());
    assert_eq!(with_backend(Backend::Portable).status().backends.to_string(), "portable");
}
