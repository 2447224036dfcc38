//! Every self-test is broken by name, and every record is damaged bit by bit: what stops, what it says, and
//! that nothing comes out (BRK-2, CAST-7, FSM-2 to FSM-6, PCT-10).
#![cfg(strongroom_lab)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)] // a test

#[path = "flips/mod.rs"]
mod flips;

use strongroom::{
    AgreeItem, Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Filter, GenerateItem, Hash,
    Kdf, KeyHandle, KeyKind, Params, Profile, Restriction, Result, Rule, Session, SignItem, State, Subject,
    TestKind, TestState, UnwrapAs, Usage, VerifyItem,
};

const POWER_ON: [&str; 11] = [
    "SHA-256",
    "SHA-384",
    "SHA-512",
    "SHA3-256",
    "SHAKE256",
    "HMAC-SHA-256",
    "HMAC-SHA-384",
    "HMAC-SHA-512",
    "AES",
    "CTR-DRBG-AES-256",
    "HMAC-DRBG-SHA-512",
];

/// Each test that waits for its first use, with the first service that needs it.
const FIRST_USE: [(&str, Service); 70] = [
    ("AES-GCM encrypt", Service::Encrypt(Algorithm::AesGcm)),
    ("AES-GCM decrypt", Service::Decrypt(Algorithm::AesGcm)),
    ("AES-CBC encrypt", Service::Encrypt(Algorithm::AesCbc)),
    ("AES-CBC decrypt", Service::Decrypt(Algorithm::AesCbcPkcs7)),
    ("AES-CTR", Service::Encrypt(Algorithm::AesCtr)),
    ("AES-CMAC", Service::VerifyCmac),
    ("AES-KW wrap", Service::Wrap(Algorithm::AesKw)),
    ("AES-KW unwrap", Service::Unwrap(Algorithm::AesKw)),
    ("AES-KWP wrap", Service::Wrap(Algorithm::AesKwp)),
    ("AES-KWP unwrap", Service::Unwrap(Algorithm::AesKwp)),
    ("ECDSA-P256 sign", Service::Generate(KeyKind::EcP256)),
    ("ECDSA-P256 verify", Service::Generate(KeyKind::EcP256)),
    ("ECDSA-P256 deterministic sign", Service::Generate(KeyKind::EcP256)),
    ("ECDSA-P384 sign", Service::Generate(KeyKind::EcP384)),
    ("ECDSA-P384 verify", Service::Generate(KeyKind::EcP384)),
    ("ECDSA-P521 sign", Service::Generate(KeyKind::EcP521)),
    ("ECDSA-P521 verify", Service::Generate(KeyKind::EcP521)),
    ("ECDSA-P521 deterministic sign", Service::Generate(KeyKind::EcP521)),
    ("ECDSA-SECP256K1 sign", Service::Generate(KeyKind::EcSecp256k1)),
    ("ECDSA-SECP256K1 verify", Service::Generate(KeyKind::EcSecp256k1)),
    ("Ed25519 sign", Service::Generate(KeyKind::Ed25519)),
    ("Ed25519 verify", Service::Generate(KeyKind::Ed25519)),
    ("Ed25519ph sign", Service::SignPrehashed),
    ("Ed25519ph verify", Service::VerifyPrehashed),
    ("RSA-PKCS1 sign", Service::Generate(KeyKind::Rsa2048)),
    ("RSA-PKCS1 verify", Service::Generate(KeyKind::Rsa2048)),
    ("RSA-PSS sign", Service::SignPss),
    ("RSA-PSS verify", Service::VerifyPss),
    ("RSA-OAEP wrap", Service::Wrap(Algorithm::RsaOaep)),
    ("RSA-OAEP unwrap", Service::Unwrap(Algorithm::RsaOaep)),
    ("ECDH-P256", Service::Agree(KeyKind::EcP256, Algorithm::EcdhP256, Kdf::Hkdf)),
    ("ECDH-P384", Service::Agree(KeyKind::EcP384, Algorithm::EcdhP384, Kdf::Hkdf)),
    ("ECDH-P521", Service::Agree(KeyKind::EcP521, Algorithm::EcdhP521, Kdf::Hkdf)),
    ("HKDF", Service::Derive(KeyKind::Derivation, Algorithm::Hkdf)),
    ("One-step derivation, hash", Service::Derive(KeyKind::Derivation, Algorithm::OneStepHash)),
    ("One-step derivation, HMAC", Service::Agree(KeyKind::EcP256, Algorithm::EcdhP256, Kdf::OneStepHmac)),
    ("Counter derivation, HMAC", Service::Derive(KeyKind::Derivation, Algorithm::CounterHmac)),
    ("Counter derivation, CMAC", Service::Derive(KeyKind::Aes192, Algorithm::CounterCmac)),
    ("Feedback derivation, HMAC", Service::Derive(KeyKind::Derivation, Algorithm::FeedbackHmac)),
    ("Feedback derivation, CMAC", Service::Derive(KeyKind::Aes256, Algorithm::FeedbackCmac)),
    ("X9.63-KDF", Service::Agree(KeyKind::EcP384, Algorithm::EcdhP384, Kdf::X963)),
    ("PBKDF2", Service::Stretch),
    ("ML-KEM key generation", Service::Generate(KeyKind::MlKem512)),
    ("ML-KEM encapsulate", Service::Generate(KeyKind::MlKem768)),
    ("ML-KEM decapsulate", Service::Generate(KeyKind::MlKem768)),
    ("ML-KEM implicit rejection", Service::Generate(KeyKind::MlKem1024)),
    ("ML-DSA key generation", Service::Generate(KeyKind::MlDsa44)),
    ("ML-DSA sign", Service::Generate(KeyKind::MlDsa44)),
    ("ML-DSA hedged sign", Service::Generate(KeyKind::MlDsa65)),
    ("ML-DSA verify", Service::Generate(KeyKind::MlDsa87)),
    ("HashML-DSA sign", Service::SignHashMlDsa),
    ("HashML-DSA verify", Service::VerifyHashMlDsa),
    ("SLH-DSA-SHA2 key generation", Service::Generate(KeyKind::SlhDsaSha2_128f)),
    ("SLH-DSA-SHAKE key generation", Service::Generate(KeyKind::SlhDsaShake128f)),
    ("SLH-DSA-SHA2 sign", Service::SignSlhDsa),
    ("SLH-DSA-SHAKE sign", Service::SignSlhDsa),
    ("SLH-DSA-SHA2 verify", Service::VerifySlhDsa),
    ("SLH-DSA-SHAKE verify", Service::VerifySlhDsa),
    ("ECDSA-P256 batch sign", Service::SignBatch(KeyKind::EcP256)),
    ("ECDSA-P256 batch verify", Service::VerifyBatch(KeyKind::EcP256)),
    ("ECDH-P256 batch", Service::AgreeBatch(KeyKind::EcP256, Algorithm::EcdhP256)),
    ("ECDSA-P384 batch sign", Service::SignBatch(KeyKind::EcP384)),
    ("ECDSA-P384 batch verify", Service::VerifyBatch(KeyKind::EcP384)),
    ("ECDH-P384 batch", Service::AgreeBatch(KeyKind::EcP384, Algorithm::EcdhP384)),
    ("RSA batch sign", Service::SignBatch(KeyKind::Rsa2048)),
    ("RSA batch verify", Service::VerifyBatch(KeyKind::Rsa2048)),
    ("Ed25519 batch sign", Service::SignBatch(KeyKind::Ed25519)),
    ("Ed25519 batch verify", Service::VerifyBatch(KeyKind::Ed25519)),
    ("Hybrid encapsulate", Service::Wrap(Algorithm::HybridKwp)),
    ("Hybrid decapsulate", Service::Unwrap(Algorithm::HybridKwp)),
];

const PAIRWISE: [(&str, &[KeyKind]); 10] = [
    ("P-256 pairwise", &[KeyKind::EcP256]),
    ("P-384 pairwise", &[KeyKind::EcP384]),
    ("P-521 pairwise", &[KeyKind::EcP521]),
    ("secp256k1 pairwise", &[KeyKind::EcSecp256k1]),
    ("Ed25519 pairwise", &[KeyKind::Ed25519]),
    ("RSA pairwise", &[KeyKind::Rsa2048]),
    ("ML-KEM pairwise", &[KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024]),
    ("ML-DSA pairwise", &[KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87]),
    ("SLH-DSA pairwise", &[KeyKind::SlhDsaSha2_128f, KeyKind::SlhDsaShake128f]),
    ("P-384-ML-KEM-1024 pairwise", &[KeyKind::HybridP384MlKem1024]),
];

/// Guards the program and no algorithm; without a signed image it does not run. tests/integrity.rs breaks it.
const INTEGRITY: &str = "integrity";

/// A service that is the first to need some test.
#[derive(Clone, Copy, Debug)]
enum Service {
    Encrypt(Algorithm),
    /// Answers `Rejected` to garbage; CTR would decrypt it.
    Decrypt(Algorithm),
    VerifyCmac,
    Wrap(Algorithm),
    Unwrap(Algorithm),
    Generate(KeyKind),
    SignPss,
    VerifyPss,
    SignPrehashed,
    VerifyPrehashed,
    Agree(KeyKind, Algorithm, Kdf),
    Derive(KeyKind, Algorithm),
    Stretch,
    SignBatch(KeyKind),
    VerifyBatch(KeyKind),
    AgreeBatch(KeyKind, Algorithm),
    SignHashMlDsa,
    VerifyHashMlDsa,
    SignSlhDsa,
    VerifySlhDsa,
}

fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

/// An engine that makes keys of the kind: secp256k1 is for the general profile alone.
fn engine_for(kind: KeyKind) -> Engine {
    let general = kind == KeyKind::EcSecp256k1;
    let profile = if general { Profile::General } else { Profile::Approved };
    Engine::builder().profile(profile).power_on().unwrap()
}

fn pair(kind: KeyKind) -> AttributesBuilder {
    let algorithm = match kind {
        KeyKind::EcP256 => Algorithm::EcdsaP256,
        KeyKind::EcP384 => Algorithm::EcdsaP384,
        KeyKind::EcP521 => Algorithm::EcdsaP521,
        KeyKind::EcSecp256k1 => Algorithm::EcdsaSecp256k1,
        KeyKind::Ed25519 => Algorithm::Ed25519,
        KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => Algorithm::MlDsa,
        kind if kind.name().starts_with("SLH-DSA") => Algorithm::SlhDsa,
        KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => {
            let usage = Usage::ENCAPSULATE.and(Usage::DECAPSULATE);
            return Attributes::builder(kind).usage(usage).permit(Rule::any(Algorithm::MlKem));
        }
        KeyKind::HybridP384MlKem1024 => {
            let usage = Usage::WRAP.and(Usage::UNWRAP);
            return Attributes::builder(kind).usage(usage).permit(Rule::any(Algorithm::HybridKwp));
        }
        _ => Algorithm::RsaPss,
    };
    Attributes::builder(kind).usage(Usage::SIGN.and(Usage::VERIFY)).permit(Rule::any(algorithm))
}

fn kek(algorithm: Algorithm) -> Attributes {
    let kind = match algorithm {
        Algorithm::RsaOaep => KeyKind::Rsa2048,
        Algorithm::HybridKwp => KeyKind::HybridP384MlKem1024,
        _ => KeyKind::Aes256,
    };
    let usage = Usage::WRAP.and(Usage::UNWRAP);
    Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)).build().unwrap()
}

fn hmac() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(14)
        .export(Export::INTEROPERABLE)
}

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// A key that signs, its scheme and its parameters.
fn signer(session: &Session<'static>, kind: KeyKind) -> (KeyHandle, Algorithm, Params<'static>) {
    let key = session.generate(&pair(kind).build().unwrap()).unwrap().value();
    match kind {
        KeyKind::EcP384 => (key, Algorithm::EcdsaP384, Params::with_hash(Hash::Sha384)),
        KeyKind::Rsa2048 => (key, Algorithm::RsaPss, SHA256),
        KeyKind::Ed25519 => (key, Algorithm::Ed25519, Params::NONE),
        _ => (key, Algorithm::EcdsaP256, SHA256),
    }
}

/// A prepared call of one service.
type Call = Box<dyn Fn(&Session<'static>, &mut [u8]) -> Result<()>>;

impl Service {
    /// Makes the keys that the service works on; answers the service itself, to be run later. The service
    /// answers what an intact engine answers: success, or `Rejected` for the openers of garbage.
    fn prepare(self, session: &Session<'static>) -> Call {
        let make = |attributes: Attributes| session.generate(&attributes).unwrap().value();
        let aes = |algorithm, usage| {
            make(
                Attributes::builder(KeyKind::Aes128)
                    .usage(usage)
                    .permit(Rule::any(algorithm))
                    .build()
                    .unwrap(),
            )
        };
        let cipher = |algorithm| aes(algorithm, Usage::ENCRYPT.and(Usage::DECRYPT));
        let params = move |algorithm| if algorithm == Algorithm::RsaOaep { SHA256 } else { Params::NONE };
        match self {
            Self::Encrypt(algorithm) => {
                let key = cipher(algorithm);
                Box::new(move |session, out| {
                    session.encrypt(key, algorithm, &Params::NONE, b"sixteen bytes...", out).map(drop)
                })
            }
            Self::Decrypt(algorithm) => {
                let key = cipher(algorithm);
                let iv = vec![1; usize::from(algorithm.facts().params.iv_len.unwrap())];
                Box::new(move |session, out| {
                    let params = Params::NONE.iv(&iv);
                    rejected(session.decrypt(key, algorithm, &params, &[7; 40], out))
                })
            }
            Self::VerifyCmac => {
                let key = aes(Algorithm::AesCmac, Usage::MAC.and(Usage::VERIFY_MAC));
                Box::new(move |session, _out| {
                    let algorithm = Algorithm::AesCmac;
                    rejected(session.verify_mac(key, algorithm, &Params::NONE, b"message", &[7; 16]))
                })
            }
            Self::Wrap(algorithm) => {
                // 112 bits, so that RSA-2048 may carry it; 16 bytes, so that KW can.
                let kek = make(kek(algorithm));
                let template = match algorithm {
                    Algorithm::AesKw => hmac().length(16),
                    _ => hmac(),
                };
                let payload = make(template.build().unwrap());
                Box::new(move |session, out| {
                    session.wrap(kek, algorithm, &params(algorithm), payload, out).map(drop)
                })
            }
            Self::Unwrap(algorithm) => {
                let kek = make(kek(algorithm));
                let blob = vec![1; if algorithm == Algorithm::RsaOaep { 256 } else { 24 }];
                let blob = if algorithm == Algorithm::HybridKwp { vec![1; 1665 + 24] } else { blob };
                Box::new(move |session, _out| {
                    let template = hmac().build()?;
                    let form = UnwrapAs::Foreign(&template);
                    rejected(session.unwrap(kek, algorithm, &params(algorithm), &blob, form))
                })
            }
            Self::Generate(kind) => {
                Box::new(move |session, _out| session.generate(&pair(kind).build()?).map(drop))
            }
            Self::Agree(kind, algorithm, kdf) => {
                let rule = Rule::any(algorithm);
                let pair = Attributes::builder(kind).usage(Usage::AGREE).permit(rule);
                let key = make(pair.build().unwrap());
                Box::new(move |session, _out| {
                    let params = SHA256.kdf(kdf);
                    rejected(session.agree(
                        key,
                        algorithm,
                        &params,
                        b"no point",
                        &hmac().export(Export::NONE).build()?,
                    ))
                })
            }
            Self::Derive(kind, algorithm) => {
                let rule = Rule::any(algorithm);
                let parent = Attributes::builder(kind).usage(Usage::DERIVE).permit(rule);
                let key = make(parent.export(Export::INTEROPERABLE).build().unwrap());
                let params = if kind == KeyKind::Derivation { SHA256 } else { Params::NONE };
                Box::new(move |session, _out| {
                    session.derive(key, algorithm, &params, &hmac().build()?).map(drop)
                })
            }
            Self::SignBatch(kind) => {
                let (key, algorithm, params) = signer(session, kind);
                Box::new(move |session, out| {
                    let outs = core::iter::once(out);
                    let each = |out| SignItem::new(key, algorithm, params, b"message", out);
                    let mut items: Vec<_> = outs.map(each).collect();
                    session.sign_batch(&mut items)
                })
            }
            Self::VerifyBatch(kind) => {
                let (key, algorithm, params) = signer(session, kind);
                Box::new(move |session, _out| {
                    let item = || VerifyItem::new(key, algorithm, params, b"message", &[7; 64]);
                    rejected(session.verify_batch(&mut [item(), item(), item()]))
                })
            }
            Self::AgreeBatch(kind, algorithm) => {
                let rule = Rule::any(algorithm);
                let pair = Attributes::builder(kind).usage(Usage::AGREE).permit(rule);
                let key = make(pair.build().unwrap());
                Box::new(move |session, _out| {
                    let template = hmac().export(Export::NONE).build()?;
                    let params = SHA256.kdf(Kdf::Hkdf);
                    let item = || AgreeItem::new(key, algorithm, params, b"no point", &template);
                    rejected(session.agree_batch(&mut [item(), item()]))
                })
            }
            Self::Stretch => Box::new(move |session, _out| {
                let params = SHA256.salt(&[1; 16]).iterations(600_000);
                let template = hmac().export(Export::NONE).build()?;
                session.derive_from_password(Algorithm::Pbkdf2, &params, &[2; 14], &template).map(drop)
            }),
            Self::SignPrehashed | Self::VerifyPrehashed => {
                let usage = Usage::SIGN.and(Usage::VERIFY);
                let rule = Rule::any(Algorithm::Ed25519ph);
                let key =
                    make(Attributes::builder(KeyKind::Ed25519).usage(usage).permit(rule).build().unwrap());
                let signs = matches!(self, Self::SignPrehashed);
                Box::new(move |session, out| {
                    let params = Params::with_hash(Hash::Sha512);
                    if signs {
                        session.sign(key, Algorithm::Ed25519ph, &params, b"message", out).map(drop)
                    } else {
                        rejected(session.verify(key, Algorithm::Ed25519ph, &params, b"message", &[1; 64]))
                    }
                })
            }
            Self::SignHashMlDsa | Self::VerifyHashMlDsa => {
                let usage = Usage::SIGN.and(Usage::VERIFY);
                let rule = Rule::any(Algorithm::HashMlDsa);
                let key =
                    make(Attributes::builder(KeyKind::MlDsa44).usage(usage).permit(rule).build().unwrap());
                let signs = matches!(self, Self::SignHashMlDsa);
                Box::new(move |session, out| {
                    if signs {
                        session.sign(key, Algorithm::HashMlDsa, &SHA256, b"message", out).map(drop)
                    } else {
                        rejected(session.verify(key, Algorithm::HashMlDsa, &SHA256, b"message", &[1; 2420]))
                    }
                })
            }
            Self::SignSlhDsa | Self::VerifySlhDsa => {
                let key = make(pair(KeyKind::SlhDsaSha2_128f).build().unwrap());
                let signs = matches!(self, Self::SignSlhDsa);
                Box::new(move |session, out| {
                    if signs {
                        session.sign(key, Algorithm::SlhDsa, &Params::NONE, b"message", out).map(drop)
                    } else {
                        let garbage = vec![1; 17088];
                        let none = &Params::NONE;
                        rejected(session.verify(key, Algorithm::SlhDsa, none, b"message", &garbage))
                    }
                })
            }
            Self::SignPss => {
                let key = make(pair(KeyKind::Rsa2048).build().unwrap());
                Box::new(move |session, out| {
                    session.sign(key, Algorithm::RsaPss, &SHA256, b"message", out).map(drop)
                })
            }
            Self::VerifyPss => {
                let key = make(pair(KeyKind::Rsa2048).build().unwrap());
                Box::new(move |session, _out| {
                    rejected(session.verify(key, Algorithm::RsaPss, &SHA256, b"message", &[1; 256]))
                })
            }
        }
    }
}

/// What an intact engine says to garbage is what this test wants to see of it.
fn rejected<T>(answer: Result<T>) -> Result<()> {
    match answer {
        Err(Error::Rejected) => Ok(()),
        Err(other) => Err(other),
        Ok(_) => panic!("garbage was accepted"),
    }
}

/// Whatever the module served, it serves no more.
fn is_stopped(engine: &Engine, session: &Session<'static>, key: Option<KeyHandle>) {
    assert_eq!(engine.status().state, State::Error);
    let mut out = [0xee; 600];
    let key = key.unwrap_or(KeyHandle::from_u64(0));
    let stopped = Error::NotOperational;
    assert_eq!(session.random(&mut out).unwrap_err(), stopped);
    assert_eq!(session.digest(Hash::Sha256, b"m", &mut out).unwrap_err(), stopped);
    assert_eq!(session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut out).unwrap_err(), stopped);
    assert_eq!(session.verify(key, Algorithm::RsaPss, &SHA256, b"m", b"s").unwrap_err(), stopped);
    assert_eq!(session.generate(&hmac().build().unwrap()).unwrap_err(), stopped);
    assert_eq!(session.attributes(key).unwrap_err(), stopped);
    assert_eq!(session.public_key(key, &mut out).unwrap_err(), stopped);
    assert_eq!(session.keys(&Filter::ALL, None, &mut [key]).unwrap_err(), stopped);
    assert_eq!(session.destroy(key).unwrap_err(), stopped);
    assert_eq!(session.digest_start(Hash::Sha256).unwrap_err(), stopped);
    assert_eq!(engine.open_session(Subject::user(1), b"").map(drop).unwrap_err(), stopped);
    assert_eq!(engine.self_test().unwrap_err(), stopped);
    assert_eq!(out, [0xee; 600], "no output");
}

fn state_of(engine: &Engine, name: &str) -> TestState {
    engine.self_test_report().find(|report| report.name == name).unwrap().state
}

/// A self-test that is added or removed is added or removed here, with the service that depends on it.
#[test]
fn the_lists_above_are_the_tests_of_the_engine() {
    let engine = Engine::power_on().unwrap();
    let expected = POWER_ON.map(|name| (name, TestKind::PowerOn)).into_iter();
    let expected = expected.chain(FIRST_USE.map(|(name, _)| (name, TestKind::FirstUse)));
    let expected = expected.chain(PAIRWISE.map(|(name, _)| (name, TestKind::Pairwise)));
    let expected = expected.chain([(INTEGRITY, TestKind::Integrity)]);
    let mut expected: Vec<_> = expected.map(|(name, kind)| (name, kind.name())).collect();
    let mut found: Vec<_> = engine.self_test_report().map(|test| (test.name, test.kind.name())).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    for report in engine.self_test_report() {
        let expected =
            if report.kind == TestKind::PowerOn { (TestState::Passed, 1) } else { (TestState::NotRun, 0) };
        assert_eq!((report.state, report.runs), expected, "{}", report.name);
    }
}

#[test]
fn no_engine_comes_out_of_a_failed_power_on() {
    for name in POWER_ON {
        let refused = Engine::builder().lab_break(name).unwrap().power_on().map(drop).unwrap_err();
        assert_eq!((refused.error, refused.test), (Error::SelfTestFailed, Some(name)));
        assert!(refused.to_string().contains(name), "{refused}");
    }
    // A test of later does not stop power-on.
    for (name, _) in FIRST_USE {
        assert!(Engine::builder().lab_break(name).unwrap().power_on().is_ok(), "{name}");
    }
}

#[test]
fn the_first_service_that_needs_a_broken_test_stops_the_module() {
    for (name, service) in FIRST_USE {
        let engine = match service {
            Service::Generate(kind) => engine_for(kind),
            _ => Engine::power_on().unwrap(),
        };
        let session = open(&engine);
        let other = session.generate(&hmac().build().unwrap()).unwrap().value();
        let run = service.prepare(&session);
        assert_eq!(state_of(&engine, name), TestState::NotRun, "{service:?} is the first to need {name}");
        engine.lab_break(Some(name)).unwrap();
        let mut out = [0xee; 17088];
        assert_eq!(run(&session, &mut out), Err(Error::SelfTestFailed), "{name}");
        assert!(out == [0xee; 17088] || out == [0; 17088], "{name}: no output");
        assert_eq!(state_of(&engine, name), TestState::Failed, "{name}");
        assert_eq!(engine.status().failed_test, Some(name));
        is_stopped(&engine, &session, Some(other));
        // Repairing the cause does not mend a module in Error; a new instance does.
        engine.lab_break(None).unwrap();
        assert_eq!(run(&session, &mut out), Err(Error::NotOperational), "{name}");
        let engine = engine.restart().unwrap();
        assert_eq!((engine.status().state, engine.status().failed_test), (State::Operational, None));
        let session = open(&engine);
        assert_eq!(session.attributes(other).map(drop).unwrap_err(), Error::UnknownKey);
        let run = service.prepare(&session);
        assert_eq!(run(&session, &mut out), Ok(()), "{name} after a restart");
        assert_eq!(state_of(&engine, name), TestState::Passed, "{name}");
    }
}

#[test]
fn tests_on_demand_find_every_broken_test() {
    let healthy = Engine::power_on().unwrap();
    let session = open(&healthy);
    let key = session.generate(&hmac().build().unwrap()).unwrap().value();
    assert_eq!(healthy.self_test(), Ok(()));
    for report in healthy.self_test_report() {
        let runs = matches!(report.kind, TestKind::PowerOn | TestKind::FirstUse);
        let expected = if runs { TestState::Passed } else { TestState::NotRun };
        assert_eq!(report.state, expected, "{}", report.name);
    }
    assert!(session.attributes(key).is_ok(), "keys survive (FSM-8)");

    for name in POWER_ON.into_iter().chain(FIRST_USE.map(|(name, _)| name)) {
        let engine = Engine::power_on().unwrap();
        let session = open(&engine);
        let key = session.generate(&hmac().build().unwrap()).unwrap().value();
        engine.lab_break(Some(name)).unwrap();
        assert_eq!(engine.self_test(), Err(Error::SelfTestFailed), "{name}");
        assert_eq!(engine.status().failed_test, Some(name));
        is_stopped(&engine, &session, Some(key));
        let engine = engine.restart().unwrap();
        assert_eq!(engine.self_test(), Ok(()), "{name} after a restart");
    }
}

fn live_keys(session: &Session<'static>) -> usize {
    session.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 8]).unwrap().value()
}

#[test]
fn a_failed_pairwise_test_leaves_no_key_and_three_in_a_row_stop_the_module() {
    for (name, kinds) in PAIRWISE {
        for kind in kinds {
            let engine = engine_for(*kind);
            let session = open(&engine);
            let template = pair(*kind).build().unwrap();
            let generate = || session.generate(&template).map(|outcome| outcome.value());
            engine.lab_break(Some(name)).unwrap();
            for failures in 1..=2 {
                assert_eq!(generate(), Err(Error::SelfTestFailed), "{name}");
                assert_eq!(live_keys(&session), 0, "{name}: no key appears");
                assert_eq!(engine.status().state, State::Operational, "{name}: {failures} in a row");
                assert_eq!(
                    (engine.status().failed_test, state_of(&engine, name)),
                    (Some(name), TestState::Failed)
                );
                assert!(session.random(&mut [0; 8]).is_ok(), "the rest goes on");
            }
            // Repeated with success it is forgotten, and so is the count.
            engine.lab_break(None).unwrap();
            let key = generate().unwrap();
            assert!(session.attributes(key).unwrap().as_value().origin().pairwise_tested());
            assert_eq!((engine.status().failed_test, state_of(&engine, name)), (None, TestState::Passed));
            engine.lab_break(Some(name)).unwrap();
            for _ in 1..=2 {
                assert_eq!(generate(), Err(Error::SelfTestFailed), "{name}");
                assert_eq!(engine.status().state, State::Operational);
            }
            assert_eq!(live_keys(&session), 1);
            assert_eq!(generate(), Err(Error::SelfTestFailed), "{name}");
            assert_eq!(engine.status().failed_test, Some(name));
            is_stopped(&engine, &session, Some(key));
            let engine = engine.restart().unwrap();
            assert!(open(&engine).generate(&template).is_ok(), "{name} after a restart");
        }
    }
}

/// Each way in which a key can be touched next.
type Touch = fn(&Session<'static>, KeyHandle, &mut [u8]) -> Result<()>;
const TOUCHES: [(&str, Touch); 12] = [
    ("mac", |session, key, out| session.mac(key, Algorithm::Hmac, &SHA256, b"m", out).map(drop)),
    ("verify_mac", |session, key, _| {
        session.verify_mac(key, Algorithm::Hmac, &SHA256, b"m", &[0; 32]).map(drop)
    }),
    ("mac_start", |session, key, _| session.mac_start(key, Algorithm::Hmac, &SHA256).map(drop)),
    ("attributes", |session, key, _| session.attributes(key).map(drop)),
    ("public_key", |session, key, out| session.public_key(key, out).map(drop)),
    ("copy", |session, key, _| session.copy(key, &Restriction::none()).map(drop)),
    ("restrict", |session, key, _| session.restrict(key, &Restriction::none()).map(drop)),
    ("destroy", |session, key, _| session.destroy(key).map(drop)),
    ("output_len", |session, key, _| {
        session.output_len(key, strongroom::Operation::Mac, Algorithm::Hmac, &SHA256, 1).map(drop)
    }),
    ("wrap", |session, key, out| {
        let kek = session.generate(&kek(Algorithm::AesKwp))?.value();
        session.wrap(kek, Algorithm::AesKwp, &Params::NONE, key, out).map(drop)
    }),
    ("wrap with it", |session, key, out| {
        let payload = session.generate(&hmac().build()?)?.value();
        session.wrap(key, Algorithm::AesKwp, &Params::NONE, payload, out).map(drop)
    }),
    ("wrapped_len", |session, key, _| {
        let kek = session.generate(&kek(Algorithm::AesKwp))?.value();
        session.wrapped_len(kek, Algorithm::AesKwp, key).map(drop)
    }),
];

/// Damages one bit of a new key and touches it.
fn flipped(template: &Attributes, bit: usize, what: &str, touch: Touch) {
    let engine = engine_for(template.kind());
    let session = open(&engine);
    let key = session.generate(template).unwrap().value();
    engine.lab_flip(key, bit).unwrap();
    let mut out = [0xee; 2048];
    assert_eq!(touch(&session, key, &mut out), Err(Error::Corrupted), "bit {bit}, {what}");
    assert!(out == [0xee; 2048] || out == [0; 2048], "bit {bit}, {what}: no output");
    is_stopped(&engine, &session, Some(key));
    assert_eq!(engine.status().failed_test, None, "no test failed");
}

/// Every bit of a 112-bit key, by whatever service comes first.
#[test]
fn every_flipped_bit_is_found_before_the_next_use() {
    let template = hmac().build().unwrap();
    for bit in 0..14 * 8 {
        let (what, touch) = TOUCHES[bit % TOUCHES.len()];
        flipped(&template, bit, what, touch);
    }
}

#[test]
fn flipped_bits_of_every_kind_are_found() {
    for kind in KeyKind::ALL {
        let template = match kind {
            KeyKind::Hmac => hmac().build(),
            KeyKind::Derivation => {
                let rule = Rule::any(Algorithm::Hkdf);
                Attributes::builder(kind).usage(Usage::DERIVE).permit(rule).build()
            }
            // Slow to make, and records like those of the fast sets of 128 bits.
            kind if kind.name().starts_with("SLH-DSA") && !kind.name().ends_with("128f") => continue,
            KeyKind::Rsa3072 | KeyKind::Rsa4096 => continue, // the record of RSA-2048, and more of it
            kind if kind.is_asymmetric() => pair(kind).build(),
            kind => Attributes::builder(kind).usage(Usage::WRAP).permit(Rule::any(Algorithm::AesKwp)).build(),
        };
        let template = template.unwrap();
        let bits = usize::from(template.length()) * 8;
        let few = if kind == KeyKind::Rsa2048 { 2 } else { 16 };
        for i in 0..few {
            // First, last, and some between.
            let bit = i * (bits - 1) / (few - 1);
            flipped(&template, bit, "attributes", |session, key, _| session.attributes(key).map(drop));
        }
    }
}

/// The pair of one call is tested as every other (PCT-1).
#[test]
fn a_broken_ephemeral_pair_wraps_nothing() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let kek = session.generate(&pair(KeyKind::HybridP384MlKem1024).build().unwrap()).unwrap().value();
    let payload = session.generate(&hmac().build().unwrap()).unwrap().value();
    let wrap =
        |out: &mut [u8]| session.wrap(kek, Algorithm::HybridKwp, &Params::NONE, payload, out).map(drop);
    let mut out = [0xee; 2000];
    assert_eq!(wrap(&mut out), Ok(()));
    engine.lab_break(Some("P-384-ML-KEM-1024 pairwise")).unwrap();
    out = [0xee; 2000];
    assert_eq!(wrap(&mut out), Err(Error::SelfTestFailed));
    assert!(out.iter().all(|byte| *byte == 0xee || *byte == 0), "no output");
    assert_eq!(engine.status().state, State::Operational);
    engine.lab_break(None).unwrap();
    assert_eq!(wrap(&mut out), Ok(()));
}

/// A damaged record in the middle of a batch: what was released before stays, that group and all after it get
/// nothing.
#[test]
fn a_damaged_record_in_a_batch_stops_it_there() {
    for damaged in [0, 7, 31, 32, 40, 63] {
        let engine = Engine::power_on().unwrap();
        let session = open(&engine);
        let template = pair(KeyKind::EcP256).build().unwrap();
        let [good, bad] = [(); 2].map(|()| session.generate(&template).unwrap().value());
        engine.lab_flip(bad, 77).unwrap();
        let mut outs = [[0xee; 64]; 70];
        let key = |at| if at == damaged { bad } else { good };
        let mut items: Vec<_> = outs
            .iter_mut()
            .enumerate()
            .map(|(at, out)| SignItem::new(key(at), Algorithm::EcdsaP256, SHA256, b"message", out))
            .collect();
        // A group has 32 items.
        let before = damaged / 32 * 32;
        let first = if damaged == before { Error::Corrupted } else { Error::NotOperational };
        assert_eq!(session.sign_batch(&mut items), Err(first));
        let results: Vec<_> = items.into_iter().map(|item| item.result.map(drop)).collect();
        for (at, (result, out)) in results.into_iter().zip(&outs).enumerate() {
            if at < before {
                assert_eq!(result, Ok(()), "{at}");
                continue;
            }
            let expected = if at == damaged { Error::Corrupted } else { Error::NotOperational };
            assert_eq!(result, Err(expected), "{at}, {damaged} is damaged");
            assert!(*out == [0; 64] || *out == [0xee; 64], "{at}: no output");
        }
        is_stopped(&engine, &session, Some(good));
    }
}

/// A pairwise test that fails costs its pair and no other; three in a row stop the batch.
#[test]
fn failed_pairwise_tests_in_a_batch() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let (ec, ed) = (pair(KeyKind::EcP256).build().unwrap(), pair(KeyKind::Ed25519).build().unwrap());
    engine.lab_break(Some("P-256 pairwise")).unwrap();
    let templates = [&ec, &ed, &ec, &ed];
    let mut items = templates.map(GenerateItem::new);
    assert_eq!(session.generate_batch(&mut items), Err(Error::SelfTestFailed));
    let results = items.map(|item| item.result.map(drop));
    assert_eq!(results, [Err(Error::SelfTestFailed), Ok(()), Err(Error::SelfTestFailed), Ok(())]);
    assert_eq!(live_keys(&session), 2);
    assert_eq!(engine.status().state, State::Operational);

    let mut items = [&ec, &ec, &ec, &ed, &ed].map(GenerateItem::new);
    assert_eq!(session.generate_batch(&mut items), Err(Error::SelfTestFailed));
    let results = items.map(|item| item.result.map(drop).unwrap_err());
    assert_eq!(results[..3], [Error::SelfTestFailed; 3]);
    assert_eq!(results[3..], [Error::NotOperational; 2], "three in a row");
    is_stopped(&engine, &session, None);
}

/// A damaged record that nobody uses is found by the test on demand.
#[test]
fn the_periodic_test_finds_damage() {
    for bit in [0, 13, 111] {
        let engine = Engine::power_on().unwrap();
        let session = open(&engine);
        let keys: Vec<_> =
            (0..5).map(|_| session.generate(&hmac().build().unwrap()).unwrap().value()).collect();
        assert_eq!(engine.self_test(), Ok(()));
        engine.lab_flip(keys[3], bit).unwrap();
        assert_eq!(engine.self_test(), Err(Error::Corrupted));
        is_stopped(&engine, &session, Some(keys[0]));
    }
}

/// A session that has the record in use holds it: what it uses was checked, and is checked again.
#[test]
fn a_pinned_record_cannot_be_damaged_behind_its_holder() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let key = session.generate(&hmac().build().unwrap()).unwrap().value();
    session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut [0; 32]).unwrap().value();
    assert_eq!(engine.lab_flip(key, 0), Err(Error::NotPermitted));
    drop(session);
    assert_eq!(engine.lab_flip(key, 0), Err(Error::UnknownKey), "a session key died with it");
}

/// A thousand random flips; `cargo lab run --release --example bitflips -- 100000` does the long run.
#[test]
fn a_thousand_random_flips_are_found() {
    let tally = flips::run(1, 1000);
    assert_eq!(tally.records + tally.blobs + tally.messages, 1000);
    assert!(tally.records > 60 && tally.blobs > 400 && tally.messages > 150, "{tally:?}");
}
