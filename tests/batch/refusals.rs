//! Bad items in the middle of a batch: each has its own error, and its neighbours have their answers.

use strongroom::{
    Algorithm, Attributes, Error, KeyHandle, KeyKind, Params, Rule, Session, SignItem, State, Usage,
    VerifyItem,
};

use super::{Engine, SCHEMES, SHA256, SHA384, engine, open};
use crate::keys::{hmac, kek, p256};

fn make(session: &Session<'static>, key: strongroom::AttributesBuilder) -> KeyHandle {
    session.generate(&key.build().unwrap()).unwrap().value()
}

/// What an item of the batch below asks for, and what it gets.
type Asked = (KeyHandle, Algorithm, Params<'static>, usize, Result<(), Error>);

#[test]
fn every_bad_item_has_its_own_error() {
    let engine = engine();
    let session = open(&engine);
    let good = make(&session, p256());
    let other = make(&session, p256());
    let verifier = make(&session, p256().usage(Usage::VERIFY));
    let mac = make(&session, hmac());
    let gone = make(&session, p256());
    session.destroy(gone).unwrap().value();
    let somebody = engine.open_session(strongroom::Subject::user(2), b"").unwrap();
    let theirs = somebody.generate(&p256().owner(2).build().unwrap()).unwrap().value();
    let ed = SCHEMES[6].key(&session);

    let fine = |key| (key, Algorithm::EcdsaP256, SHA256, 64, Ok(()));
    let bad = |key, params, len, error| (key, Algorithm::EcdsaP256, params, len, Err(error));
    let asked: Vec<Asked> = vec![
        fine(good),
        bad(gone, SHA256, 64, Error::UnknownKey),
        fine(other),
        bad(KeyHandle::from_u64(7), SHA256, 64, Error::UnknownKey),
        bad(verifier, SHA256, 64, Error::NotPermitted),
        fine(good),
        bad(good, SHA256, 63, Error::BufferTooSmall),
        bad(good, SHA256, 0, Error::BufferTooSmall),
        fine(good),
        bad(good, SHA384, 64, Error::NotPermitted),
        bad(good, Params::NONE, 64, Error::InvalidArgument),
        bad(good, SHA256.deterministic(), 64, Error::NotPermitted),
        bad(good, SHA256.aad(b"none"), 64, Error::InvalidArgument),
        bad(mac, SHA256, 64, Error::NotPermitted),
        bad(theirs, SHA256, 64, Error::UnknownKey),
        fine(other),
        // Rows: one that has no such operation, one that the key has no rule for, one of another kind.
        (good, Algorithm::Hmac, SHA256, 64, Err(Error::Unsupported)),
        (good, Algorithm::EcdsaP384, SHA384, 96, Err(Error::NotPermitted)),
        (ed, Algorithm::Ed25519, Params::NONE, 64, Ok(())),
        (ed, Algorithm::Ed25519, Params::NONE, 63, Err(Error::BufferTooSmall)),
        (good, Algorithm::Sha2, SHA256, 64, Err(Error::Unsupported)),
        fine(good),
    ];
    let mut buffers = vec![[0xee; 128]; asked.len()];
    let mut items: Vec<_> = asked
        .iter()
        .zip(&mut buffers)
        .map(|((key, algorithm, params, len, _), out)| {
            SignItem::new(*key, *algorithm, *params, b"message", &mut out[..*len])
        })
        .collect();
    assert_eq!(session.sign_batch(&mut items), Err(Error::UnknownKey), "the first error, in order");
    let results: Vec<_> = items.into_iter().map(|item| item.result.map(|outcome| outcome.value())).collect();
    for (at, (((key, algorithm, params, len, expected), result), out)) in
        asked.iter().zip(results).zip(&buffers).enumerate()
    {
        // As the single call answers.
        let single = session.sign(*key, *algorithm, params, b"message", &mut vec![0; *len]);
        assert_eq!(result.map(drop), single.map(drop), "item {at}");
        assert_eq!(result.map(drop), *expected, "item {at}");
        match result {
            Ok(written) => {
                let judged = session.verify(*key, *algorithm, params, b"message", &out[..written]);
                assert!(judged.is_ok(), "item {at}");
            }
            Err(_) => {
                let (out, rest) = out.split_at(*len);
                assert!(out.iter().all(|byte| *byte == 0xee) || out.iter().all(|byte| *byte == 0));
                assert!(rest.iter().all(|byte| *byte == 0xee), "the rest was not handed over");
            }
        }
    }
    assert_eq!(engine.status().state, State::Operational);
}

#[test]
fn bad_signatures_in_the_middle() {
    let engine = engine();
    let session = open(&engine);
    let (key, signer) = (make(&session, p256()), make(&session, p256().usage(Usage::SIGN)));
    let mut good = [0; 64];
    session.sign(key, Algorithm::EcdsaP256, &SHA256, b"message", &mut good).unwrap().value();
    let mut zero_r = good;
    zero_r[..32].fill(0);
    let mut large_s = good;
    large_s[32..].fill(0xff);
    let signatures: Vec<(KeyHandle, &[u8], Result<(), Error>)> = vec![
        (key, &good, Ok(())),
        (key, &good[..63], Err(Error::Rejected)),
        (key, &[], Err(Error::Rejected)),
        (key, &good, Ok(())),
        (key, &zero_r, Err(Error::Rejected)),
        (key, &large_s, Err(Error::Rejected)),
        (signer, &good, Err(Error::NotPermitted)),
        (key, &[0; 65], Err(Error::Rejected)),
        (key, &good, Ok(())),
    ];
    let mut items: Vec<_> = signatures
        .iter()
        .map(|(key, signature, _)| VerifyItem::new(*key, Algorithm::EcdsaP256, SHA256, b"message", signature))
        .collect();
    assert_eq!(session.verify_batch(&mut items), Err(Error::Rejected));
    for (item, (_, _, expected)) in items.into_iter().zip(signatures) {
        assert_eq!(item.result.map(|outcome| outcome.value()), expected);
    }
}

fn left(session: &Session<'static>, key: KeyHandle) -> u64 {
    session.attributes(key).unwrap().value().remaining_uses().unwrap()
}

/// A use is spent by each item that passes the doorway, by no other, and by none beyond the limit.
#[test]
fn every_use_is_counted() {
    let engine = engine();
    let session = open(&engine);
    for limit in [1, 5, 8, 12, 20] {
        let (counted, free) = (make(&session, p256().uses(limit)), make(&session, p256()));
        assert_eq!(left(&session, counted), limit);
        let mut buffers = vec![[0; 64]; 40];
        let mut items: Vec<_> = buffers
            .iter_mut()
            .enumerate()
            .map(|(at, out)| {
                let key = if at % 2 == 0 { counted } else { free };
                // Every sixth is refused before it is charged.
                let out = if at % 6 == 0 { &mut out[..9] } else { &mut out[..] };
                SignItem::new(key, Algorithm::EcdsaP256, SHA256, b"message", out)
            })
            .collect();
        let _ = session.sign_batch(&mut items);
        let mut served = 0;
        for (at, item) in items.into_iter().enumerate() {
            let expected = if at % 6 == 0 {
                Err(Error::BufferTooSmall)
            } else if at % 2 == 1 {
                Ok(64)
            } else {
                served += 1;
                if served <= limit { Ok(64) } else { Err(Error::LimitReached) }
            };
            assert_eq!(item.result.map(|outcome| outcome.value()), expected, "limit {limit}, item {at}");
        }
        assert_eq!(left(&session, counted), limit.saturating_sub(served), "limit {limit}");
    }
}

/// What a limit is for: two sessions on one key make no more signatures than it allows.
#[test]
fn sessions_share_the_limit() {
    let engine = engine();
    let maker = open(&engine);
    let key = make(&maker, p256().uses(1000));
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let session = open(&engine);
            std::thread::spawn(move || {
                let mut buffers = vec![[0; 64]; 700];
                let mut items: Vec<_> = buffers
                    .iter_mut()
                    .map(|out| SignItem::new(key, Algorithm::EcdsaP256, SHA256, b"message", out))
                    .collect();
                let _ = session.sign_batch(&mut items);
                items.iter().filter(|item| item.result.is_ok()).count()
            })
        })
        .collect();
    let served: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    // Numbers that a session has leased are not those of another: a few may be left when both are done.
    assert!(served <= 1000, "{served}");
    assert!(served >= 900, "{served}");
    assert_eq!(left(&maker, key), 1000 - u64::try_from(served).unwrap());
}

/// Nothing that a caller leaves in `result` is taken for an answer.
#[test]
fn answers_of_before_do_not_stay() {
    let engine = engine();
    let session = open(&engine);
    let key = make(&session, p256());
    let mut out = [0; 64];
    let mut items = [SignItem::new(key, Algorithm::EcdsaP256, SHA256, b"message", &mut out)];
    assert_eq!(items[0].result.as_ref().unwrap_err(), &Error::NotOperational, "not served yet");
    assert_eq!(session.sign_batch(&mut items), Ok(()));
    assert!(items[0].result.is_ok());
    session.destroy(key).unwrap().value();
    assert_eq!(session.sign_batch(&mut items), Err(Error::UnknownKey));
    assert_eq!(items[0].result.as_ref().unwrap_err(), &Error::UnknownKey);
    engine.zeroise();
    items[0].result = Err(Error::Unsupported);
    assert_eq!(session.sign_batch(&mut items), Err(Error::NotOperational));
    assert_eq!(items[0].result.as_ref().unwrap_err(), &Error::NotOperational);
    assert_eq!(session.sign_batch(&mut []), Ok(()), "an empty batch has nothing to refuse");
}

/// Officers use no keys, in batches either.
#[test]
fn roles_are_asked() {
    struct Anybody;
    impl strongroom::Authenticator for Anybody {
        fn authenticate(&self, _claimed: strongroom::Subject, _credential: &[u8]) -> bool {
            true
        }
    }
    let engine = Engine::builder().authenticator(Anybody).power_on().unwrap();
    let user = engine.open_session(strongroom::Subject::user(1), b"").unwrap();
    let officer = engine.open_session(strongroom::Subject::officer(9), b"").unwrap();
    let key = make(&user, p256());
    let mut out = [0xee; 64];
    let mut items = [SignItem::new(key, Algorithm::EcdsaP256, SHA256, b"message", &mut out)];
    assert_eq!(officer.sign_batch(&mut items), Err(Error::NotPermitted));
    assert_eq!(user.sign_batch(&mut items), Ok(()));
    let template = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN)
        .permit(Rule::any(Algorithm::EcdsaP256))
        .build()
        .unwrap();
    let trusted = kek().trusted().build().unwrap();
    let mut items = [
        strongroom::GenerateItem::new(&template),
        strongroom::GenerateItem::new(&trusted),
        strongroom::GenerateItem::new(&template),
    ];
    assert_eq!(officer.generate_batch(&mut items), Err(Error::NotPermitted));
    let [first, second, third] = items.map(|item| item.result.map(drop));
    assert_eq!((first, second, third), (Err(Error::NotPermitted), Ok(()), Err(Error::NotPermitted)));
}
