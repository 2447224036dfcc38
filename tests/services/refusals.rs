//! What every keyed service refuses alike: no such key, somebody else's key, the wrong role, the wrong
//! usage, the wrong kind. Nothing is written, created or charged.

use std::sync::OnceLock;

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Error, Export, Hash, KeyHandle, KeyKind, Operation, Outcome,
    Params, Restriction, Rule, Session, Subject, UnwrapAs, Usage,
};

use super::{BEFORE, inventory, make, refused, usual, with_officers};
use crate::keys::{SHA256, engine, gcm, hmac, kek, open, p256};

const NONE: Params<'static> = Params::NONE;
const ECDSA: Algorithm = Algorithm::EcdsaP256;
const GCM: Algorithm = Algorithm::AesGcm;
const HMAC: Algorithm = Algorithm::Hmac;
const NATIVE: Algorithm = Algorithm::NativeWrap;

/// Asks one service about a key; `helper` is a KEK, for services about two keys.
type Ask = fn(&Session<'_>, key: KeyHandle, helper: KeyHandle, out: &mut [u8]) -> Result<(), Error>;

struct Service {
    name: &'static str,
    /// What a key must be allowed; `None` for services that every key gives its user.
    usage: Option<Usage>,
    /// Officers may ask: of every key, of such as nobody owns, or of none.
    officers: Officers,
    ask: Ask,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Officers {
    OfEveryKey,
    OfUnowned,
    No,
}

const fn using(name: &'static str, usage: Usage, ask: Ask) -> Service {
    Service { name, usage: Some(usage), officers: Officers::No, ask }
}

const fn managing(name: &'static str, ask: Ask) -> Service {
    Service { name, usage: None, officers: Officers::OfEveryKey, ask }
}

fn done<T>(answer: Result<Outcome<T>, Error>) -> Result<(), Error> {
    answer.map(|outcome| assert_eq!(outcome.indicator().caveats(), usual()))
}

/// Every service that takes a key.
const SERVICES: &[Service] = &[
    managing("attributes", |s, key, _, _| done(s.attributes(key))),
    managing("restrict", |s, key, _, _| done(s.restrict(key, &Restriction::none()))),
    managing("output_len", |s, key, _, _| done(s.output_len(key, Operation::Sign, ECDSA, &SHA256, 0))),
    Service {
        officers: Officers::No,
        ..managing("copy", |s, key, _, _| {
            let copy = s.copy(key, &Restriction::none())?;
            done(s.destroy(copy.value()))
        })
    },
    using("sign", Usage::SIGN, |s, key, _, out| done(s.sign(key, ECDSA, &SHA256, b"m", out))),
    using("sign_digest", Usage::SIGN_DIGEST, |s, key, _, out| {
        done(s.sign_digest(key, ECDSA, &SHA256, &[0; 32], out))
    }),
    using("verify", Usage::VERIFY, |s, key, _, _| done(s.verify(key, ECDSA, &SHA256, b"m", &[1; 64]))),
    using("verify_digest", Usage::VERIFY, |s, key, _, _| {
        done(s.verify_digest(key, ECDSA, &SHA256, &[0; 32], &[1; 64]))
    }),
    using("encrypt", Usage::ENCRYPT, |s, key, _, out| done(s.encrypt(key, GCM, &NONE, b"m", out))),
    using("decrypt", Usage::DECRYPT, |s, key, _, out| {
        done(s.decrypt(key, GCM, &NONE.iv(&[0; 12]), &[0; 17], out))
    }),
    using("mac", Usage::MAC, |s, key, _, out| done(s.mac(key, HMAC, &SHA256, b"m", out))),
    using("verify_mac", Usage::VERIFY_MAC, |s, key, _, _| {
        done(s.verify_mac(key, HMAC, &SHA256, b"m", &[0; 32]))
    }),
    using("sign_start", Usage::SIGN, |s, key, _, _| s.cancel(s.sign_start(key, ECDSA, &SHA256)?)),
    using("verify_start", Usage::VERIFY, |s, key, _, _| s.cancel(s.verify_start(key, ECDSA, &SHA256)?)),
    using("mac_start", Usage::MAC, |s, key, _, _| s.cancel(s.mac_start(key, HMAC, &SHA256)?)),
    using("verify_mac_start", Usage::VERIFY_MAC, |s, key, _, _| {
        s.cancel(s.verify_mac_start(key, HMAC, &SHA256)?)
    }),
    using("encrypt_start", Usage::ENCRYPT, |s, key, _, _| s.cancel(s.encrypt_start(key, GCM, &NONE)?)),
    using("decrypt_start", Usage::DECRYPT, |s, key, _, _| {
        s.cancel(s.decrypt_start(key, GCM, &NONE.iv(&[0; 12]))?)
    }),
    Service {
        officers: Officers::OfUnowned,
        ..using("wrap", Usage::WRAP, |s, key, helper, out| done(s.wrap(key, NATIVE, &NONE, helper, out)))
    },
    Service {
        officers: Officers::OfUnowned,
        ..using("unwrap", Usage::UNWRAP, |s, key, _, _| {
            let limit = Restriction::none();
            done(s.unwrap(key, NATIVE, &NONE, foreign_blob(), UnwrapAs::Native(&limit)))
        })
    },
    managing("destroy", |s, key, _, _| done(s.destroy(key))),
];

/// A blob of a KEK that no test has, well formed: whoever may unwrap gets `Rejected`.
fn foreign_blob() -> &'static [u8] {
    static BLOB: OnceLock<Vec<u8>> = OnceLock::new();
    BLOB.get_or_init(|| {
        let session = open(&engine());
        let (kek, key) = (make(&session, kek()), make(&session, kek()));
        let mut blob = vec![0; 300];
        let len = session.wrap(kek, NATIVE, &NONE, key, &mut blob).unwrap().value();
        blob.truncate(len);
        blob
    })
}

/// Asks with a buffer of the caller's, and looks at what is in it after a refusal.
#[track_caller]
fn ask(service: &Service, session: &Session<'_>, key: KeyHandle, helper: KeyHandle) -> Result<(), Error> {
    let mut out = [BEFORE; 400];
    let answer = (service.ask)(session, key, helper, &mut out);
    if answer.is_err() {
        assert!(out == [BEFORE; 400] || out == [0; 400], "{}: something was left behind", service.name);
    }
    answer
}

/// Served, or served as far as the data, which are nobody's signature, tag or blob.
fn serves(answer: Result<(), Error>) -> bool {
    match answer {
        Ok(()) | Err(Error::Rejected) => true,
        Err(Error::NotPermitted) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// A key with one usage, for the algorithms that the services above are asked for.
fn key_for(usage: Usage) -> AttributesBuilder {
    let builder = match usage {
        Usage::SIGN | Usage::VERIFY => p256(),
        Usage::ENCRYPT | Usage::DECRYPT => gcm(),
        Usage::MAC | Usage::VERIFY_MAC => hmac(),
        _ => kek(),
    };
    builder.usage(usage)
}

const USAGES: [Usage; 8] = [
    Usage::SIGN,
    Usage::VERIFY,
    Usage::ENCRYPT,
    Usage::DECRYPT,
    Usage::MAC,
    Usage::VERIFY_MAC,
    Usage::WRAP,
    Usage::UNWRAP,
];

#[test]
fn no_service_knows_a_key_that_is_not_there() {
    let session = open(&engine());
    let live = make(&session, kek());
    let gone = make(&session, p256());
    session.destroy(gone).unwrap().value();
    let before = inventory(&session);
    let dead = [0, u64::MAX, 1 << 63, gone.to_u64(), live.to_u64() ^ (1 << 32), live.to_u64() ^ 0xff00];
    for handle in dead.map(KeyHandle::from_u64) {
        for service in SERVICES {
            assert_eq!(ask(service, &session, handle, live), Err(Error::UnknownKey), "{}", service.name);
        }
        refused(session.public_key(handle, &mut [0; 100]), Error::UnknownKey);
        // As the second key of a service about two.
        refused(session.wrap(live, NATIVE, &NONE, handle, &mut [0; 300]), Error::UnknownKey);
        refused(session.wrapped_len(live, NATIVE, handle), Error::UnknownKey);
        refused(session.wrapped_len(handle, NATIVE, live), Error::UnknownKey);
    }
    assert_eq!(inventory(&session), before);
}

/// Somebody else's key and no key look the same.
#[test]
fn no_service_knows_somebody_elses_key() {
    let engine = engine();
    let session = open(&engine);
    let other = engine.open_session(Subject::user(2), b"").unwrap();
    for usage in USAGES {
        let theirs = make(&other, key_for(usage).owner(2));
        let helper = make(&session, hmac().export(Export::NATIVE));
        for service in SERVICES {
            assert_eq!(ask(service, &session, theirs, helper), Err(Error::UnknownKey), "{}", service.name);
        }
        refused(session.public_key(theirs, &mut [0; 100]), Error::UnknownKey);
        assert!(other.attributes(theirs).is_ok(), "it is there for its owner");
        for key in [theirs, helper] {
            other.destroy(key).unwrap().value();
        }
    }
}

#[test]
fn officers_manage_and_do_not_use() {
    let engine = with_officers();
    let user = open(&engine);
    let officer = engine.open_session(Subject::officer(9), b"").unwrap();
    for usage in USAGES {
        for owner in [Some(1), None] {
            for service in SERVICES {
                let builder = key_for(usage);
                let key = make(&user, owner.map_or(builder.clone(), |owner| builder.owner(owner)));
                let helper = make(&user, hmac().export(Export::NATIVE));
                let answer = ask(service, &officer, key, helper);
                let has_usage = service.usage.is_none_or(|needed| needed == usage);
                match (service.officers, owner) {
                    (Officers::OfUnowned, Some(_)) => {
                        assert_eq!(answer, Err(Error::UnknownKey), "{}", service.name);
                    }
                    (Officers::No, _) => assert!(!serves(answer), "{}", service.name),
                    _ => assert_eq!(serves(answer), has_usage, "{}", service.name),
                }
                for key in [key, helper] {
                    let _ = user.destroy(key); // `destroy` may have served
                }
            }
        }
    }
}

/// Each usage gives its own services and no other.
#[test]
fn a_usage_gives_its_own_services_and_no_other() {
    let session = open(&engine());
    for usage in USAGES {
        for service in SERVICES {
            let key = make(&session, key_for(usage));
            let helper = make(&session, hmac().export(Export::NATIVE));
            let before = inventory(&session);
            let served = serves(ask(service, &session, key, helper));
            let expected = service.usage.is_none_or(|needed| needed == usage);
            assert_eq!(served, expected, "{} with {usage:?}", service.name);
            if !served {
                assert_eq!(inventory(&session), before, "{}", service.name);
            }
            for key in [key, helper] {
                let _ = session.destroy(key); // `destroy` may have served
            }
        }
    }
}

/// A key of the right usage for another algorithm, or with another hash.
#[test]
fn the_algorithms_of_a_key_are_those_of_its_policy() {
    let session = open(&engine());
    let helper = make(&session, hmac().export(Export::INTEROPERABLE));
    let other = |kind, usage, rule| make(&session, Attributes::builder(kind).usage(usage).permit(rule));
    for service in SERVICES {
        let Some(usage) = service.usage.filter(|usage| USAGES.contains(usage)) else { continue };
        let keys = match usage {
            Usage::SIGN | Usage::VERIFY => vec![
                other(KeyKind::EcP384, usage, Rule::any(Algorithm::EcdsaP384)),
                other(KeyKind::Ed25519, usage, Rule::any(Algorithm::Ed25519)),
                other(KeyKind::EcP256, usage, Rule::hashed(ECDSA, Hash::Sha512)),
            ],
            Usage::ENCRYPT | Usage::DECRYPT => {
                vec![other(KeyKind::Aes256, usage, Rule::any(Algorithm::AesGcmCounter))]
            }
            Usage::MAC | Usage::VERIFY_MAC => {
                vec![other(KeyKind::Hmac, usage, Rule::hashed(HMAC, Hash::Sha512))]
            }
            _ => vec![
                other(KeyKind::Aes256, usage, Rule::any(Algorithm::AesKw)),
                other(KeyKind::Aes256, usage, Rule::any(Algorithm::AesKwp)),
            ],
        };
        for key in keys {
            let before = inventory(&session);
            assert_eq!(ask(service, &session, key, helper), Err(Error::NotPermitted), "{}", service.name);
            assert_eq!(inventory(&session), before);
            session.destroy(key).unwrap().value();
        }
    }
}
