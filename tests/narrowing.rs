//! Rights only ever get narrower, whatever chain of restricting, copying, wrapping and unwrapping a key
//! goes through: what a key may do after a step is a part of what it could do before, in its attributes
//! and in what the engine really does for it.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![allow(
    clippy::arithmetic_side_effects,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)] // a test reports by panicking

use proptest::prelude::*;
use proptest::sample::select;
use strongroom::{
    Algorithm, Attributes, Clock, Engine, Error, Export, Hash, KeyHandle, KeyKind, Lifetime, Outcome, Params,
    Restriction, Rule, Rules, Session, State, Subject, UnwrapAs, Usage, Validity,
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> u64 {
        1000
    }
}

fn powered_on() -> (Engine, Session<'static>) {
    let engine = Engine::builder().clock(Noon).power_on().unwrap();
    let session = engine.open_session(Subject::user(7), b"").unwrap();
    (engine, session)
}

fn kek(session: &Session<'_>, kind: KeyKind, algorithm: Algorithm) -> KeyHandle {
    let wrapping = Usage::WRAP.and(Usage::UNWRAP);
    let template = Attributes::builder(kind).usage(wrapping).permit(Rule::any(algorithm)).build().unwrap();
    session.generate(&template).unwrap().value()
}

fn attributes(session: &Session<'_>, key: KeyHandle) -> Attributes {
    session.attributes(key).unwrap().value().attributes().clone()
}

fn remaining(session: &Session<'_>, key: KeyHandle) -> u64 {
    session.attributes(key).unwrap().value().remaining_uses().unwrap()
}

/// Keys with wide rights: there is much to take away.
fn templates() -> [Attributes; 5] {
    let build = |builder: strongroom::AttributesBuilder, uses| {
        let builder = builder.export(Export::INTEROPERABLE).persistent().uses(uses);
        builder.label(b"narrowing").application(b"test").build().unwrap()
    };
    [
        build(
            Attributes::builder(KeyKind::EcP256)
                .usage(Usage::SIGN.and(Usage::VERIFY))
                .permit(Rule::any(Algorithm::EcdsaP256).allow_deterministic()),
            5000,
        ),
        build(
            Attributes::builder(KeyKind::Hmac)
                .usage(Usage::MAC.and(Usage::VERIFY_MAC))
                .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256).min_tag(10)),
            5000,
        ),
        build(
            Attributes::builder(KeyKind::Aes192)
                .usage(Usage::MAC.and(Usage::VERIFY_MAC))
                .permit(Rule::any(Algorithm::AesCmac).min_tag(8)),
            5000,
        ),
        build(
            Attributes::builder(KeyKind::Aes256)
                .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
                .permit(Rule::any(Algorithm::AesGcm).min_tag(12)),
            5000,
        ),
        build(
            Attributes::builder(KeyKind::Aes128)
                .usage(Usage::WRAP.and(Usage::UNWRAP))
                .permit(Rule::any(Algorithm::AesKwp)),
            5000,
        ),
    ]
}

/// Everything that is tried with a key, and what it takes to check the half that opens.
struct Probe {
    algorithm: Algorithm,
    native: KeyHandle,
    bare: KeyHandle,
    payload: KeyHandle,
    blob: Vec<u8>,
    iv: Vec<u8>,
    /// Parameters that protect, and the proof that each made under full rights.
    calls: Vec<(Option<Hash>, Option<usize>, bool, Vec<u8>)>,
}

const MESSAGE: &[u8] = b"message";

impl Probe {
    fn new(session: &Session<'_>, key: KeyHandle) -> Self {
        let algorithm = attributes(session, key).rules().iter().next().unwrap().algorithm();
        let shapes: &[(Option<Hash>, Option<usize>, bool)] = match algorithm {
            Algorithm::EcdsaP256 => &[
                (Some(Hash::Sha256), None, false),
                (Some(Hash::Sha384), None, false),
                (Some(Hash::Sha512), None, true),
            ],
            Algorithm::Hmac => &[
                (Some(Hash::Sha256), None, false),
                (Some(Hash::Sha256), Some(16), false),
                (Some(Hash::Sha256), Some(10), false),
            ],
            Algorithm::AesCmac => &[(None, None, false), (None, Some(8), false)],
            Algorithm::AesGcm => &[(None, None, false), (None, Some(12), false)],
            _ => &[(None, None, false)],
        };
        let payload = Attributes::builder(KeyKind::Aes128)
            .usage(Usage::DECRYPT)
            .permit(Rule::any(Algorithm::AesGcm))
            .export(Export::INTEROPERABLE)
            .build()
            .unwrap();
        let mut probe = Self {
            algorithm,
            native: kek(session, KeyKind::Aes256, Algorithm::NativeWrap),
            bare: kek(session, KeyKind::Aes256, Algorithm::AesKwp),
            payload: session.generate(&payload).unwrap().value(),
            blob: vec![0; 64],
            iv: Vec::new(),
            calls: Vec::new(),
        };
        for &(hash, tag, deterministic) in shapes {
            let mut proof = vec![0; 128];
            let len = probe.protect(session, key, (hash, tag, deterministic), &mut proof).unwrap();
            proof.truncate(len);
            probe.calls.push((hash, tag, deterministic, proof));
        }
        probe
    }

    fn protect(
        &mut self,
        session: &Session<'_>,
        key: KeyHandle,
        call: (Option<Hash>, Option<usize>, bool),
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let params = params(call);
        match self.algorithm {
            Algorithm::EcdsaP256 => {
                session.sign(key, self.algorithm, &params, MESSAGE, out).map(Outcome::value)
            }
            Algorithm::Hmac | Algorithm::AesCmac => {
                session.mac(key, self.algorithm, &params, MESSAGE, out).map(Outcome::value)
            }
            Algorithm::AesGcm => {
                let made = session.encrypt(key, self.algorithm, &params, MESSAGE, out)?.value();
                self.iv.extend_from_slice(made.iv.as_bytes());
                Ok(made.len)
            }
            _ => session.wrap(key, self.algorithm, &params, self.payload, out).map(Outcome::value),
        }
    }

    fn open(&self, session: &Session<'_>, key: KeyHandle, nth: usize) -> Result<(), Error> {
        let (hash, tag, _, proof) = &self.calls[nth];
        let params = params((*hash, *tag, false));
        match self.algorithm {
            Algorithm::EcdsaP256 => {
                session.verify(key, self.algorithm, &params, MESSAGE, proof).map(Outcome::value)
            }
            Algorithm::Hmac | Algorithm::AesCmac => {
                session.verify_mac(key, self.algorithm, &params, MESSAGE, proof).map(Outcome::value)
            }
            Algorithm::AesGcm => {
                let params = params.iv(&self.iv[12 * nth..12 * nth + 12]);
                let mut out = [0; MESSAGE.len()];
                session.decrypt(key, self.algorithm, &params, proof, &mut out).map(drop)
            }
            _ => {
                let template = attributes(session, self.payload);
                let form = UnwrapAs::Foreign(&template);
                let key = session.unwrap(key, self.algorithm, &params, proof, form)?.value();
                session.destroy(key).map(Outcome::value)
            }
        }
    }

    /// What the engine does for this key now: one answer for each thing that can be asked.
    fn abilities(&mut self, session: &Session<'_>, key: KeyHandle) -> Vec<bool> {
        let mut able = Vec::new();
        let mut note = |result: Result<(), Error>| match result {
            Ok(()) => able.push(true),
            Err(Error::NotPermitted | Error::LimitReached) => able.push(false),
            Err(other) => panic!("{other:?}"),
        };
        for nth in 0..self.calls.len() {
            let (hash, tag, deterministic, _) = self.calls[nth];
            let ivs = self.iv.len();
            note(self.protect(session, key, (hash, tag, deterministic), &mut [0; 128]).map(drop));
            self.iv.truncate(ivs);
            note(self.open(session, key, nth));
        }
        let mut bare = [0; 512];
        note(session.wrap(self.bare, Algorithm::AesKwp, &Params::NONE, key, &mut bare).map(drop));
        self.blob = vec![0; 512];
        let wrapped = session.wrap(self.native, Algorithm::NativeWrap, &Params::NONE, key, &mut self.blob);
        note(wrapped.map(|len| self.blob.truncate(len.value())));
        able
    }
}

fn params(call: (Option<Hash>, Option<usize>, bool)) -> Params<'static> {
    let (hash, tag, deterministic) = call;
    let params = hash.map_or(Params::NONE, Params::with_hash);
    let params = tag.map_or(params, |tag| params.tag_len(tag));
    if deterministic { params.deterministic() } else { params }
}

#[derive(Clone, Debug)]
enum Step {
    Restrict(Restriction),
    Copy(Restriction),
    Travel(Restriction),
}

/// Limits of every kind; many widen something and must be refused.
fn limit() -> impl Strategy<Value = Restriction> {
    let usages = [Usage::SIGN, Usage::VERIFY, Usage::MAC, Usage::VERIFY_MAC, Usage::ENCRYPT, Usage::DECRYPT]
        .into_iter()
        .chain([
            Usage::WRAP,
            Usage::UNWRAP,
            Usage::SIGN.and(Usage::VERIFY),
            Usage::MAC.and(Usage::VERIFY_MAC),
        ])
        .chain([Usage::ENCRYPT.and(Usage::DECRYPT), Usage::NONE])
        .collect::<Vec<_>>();
    let rules = vec![
        Rule::any(Algorithm::EcdsaP256),
        Rule::any(Algorithm::EcdsaP256).allow_deterministic(),
        Rule::hashed(Algorithm::EcdsaP256, Hash::Sha384),
        Rule::hashed(Algorithm::EcdsaP256, Hash::Sha512).allow_deterministic(),
        Rule::hashed(Algorithm::Hmac, Hash::Sha256),
        Rule::hashed(Algorithm::Hmac, Hash::Sha256).min_tag(16),
        Rule::hashed(Algorithm::Hmac, Hash::Sha512).min_tag(10),
        Rule::any(Algorithm::AesCmac),
        Rule::any(Algorithm::AesCmac).min_tag(8),
        Rule::any(Algorithm::AesGcm),
        Rule::any(Algorithm::AesGcm).min_tag(12),
        Rule::any(Algorithm::AesGcmCounter),
        Rule::any(Algorithm::AesKwp),
    ];
    let exports = vec![
        Export::NATIVE,
        Export::NATIVE,
        Export::INTEROPERABLE,
        Export::NONE,
        Export::NATIVE.trusted_only(),
        Export::INTEROPERABLE.trusted_only(),
    ];
    let bound = || select(vec![None, Some(500), Some(999), Some(1000), Some(1001), Some(2000)]);
    let none = Restriction::none;
    prop_oneof![
        3 => Just(none()),
        3 => select(usages).prop_map(move |usage| none().usage(usage)),
        3 => select(rules).prop_map(move |rule| none().rules(Rules::one(rule))),
        2 => select(exports).prop_map(move |export| none().export(export)),
        2 => select(vec![0u64, 1, 20, 100, 1000, 5000, 5001]).prop_map(move |uses| none().uses(uses)),
        1 => (bound(), bound()).prop_map(move |(not_before, not_after)| {
            none().validity(Validity { not_before, not_after })
        }),
        1 => select(vec![7u64, 8]).prop_map(move |owner| none().owner(owner)),
        1 => Just(none().session_only()),
        1 => Just(none().distrust()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        limit().prop_map(Step::Restrict),
        limit().prop_map(Step::Copy),
        limit().prop_map(Step::Travel),
    ]
}

/// Takes one step; answers the key to go on with.
fn take(session: &Session<'_>, probe: &Probe, key: KeyHandle, step: &Step) -> Result<KeyHandle, Error> {
    match step {
        Step::Restrict(limit) => session.restrict(key, limit).map(|_| key),
        Step::Copy(limit) => {
            let copy = session.copy(key, limit)?.value();
            session.destroy(key).unwrap().value();
            Ok(copy)
        }
        Step::Travel(limit) => {
            let mut blob = vec![0; 512];
            let wrapped = session.wrap(probe.native, Algorithm::NativeWrap, &Params::NONE, key, &mut blob);
            blob.truncate(wrapped?.value());
            session.destroy(key).unwrap().value();
            let form = |limit| UnwrapAs::Native(limit);
            let unwrap = |limit| {
                session.unwrap(probe.native, Algorithm::NativeWrap, &Params::NONE, &blob, form(limit))
            };
            match unwrap(limit) {
                Ok(key) => Ok(key.value()),
                // Refused: it comes back as it was, or not at all.
                Err(Error::NotPermitted | Error::InvalidArgument) => {
                    unwrap(&Restriction::none()).map(Outcome::value)
                }
                Err(other) => Err(other),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn no_chain_of_steps_widens_anything(which in 0..5usize, steps in proptest::collection::vec(step(), 1..7)) {
        let (engine, session) = powered_on();
        let mut key = session.generate(&templates()[which]).unwrap().value();
        let mut probe = Probe::new(&session, key);
        let mut before = attributes(&session, key);
        let mut able = probe.abilities(&session, key);
        for step in &steps {
            let left = remaining(&session, key);
            let taken = take(&session, &probe, key, step);
            prop_assert_eq!(engine.status().state, State::Operational);
            match taken {
                Ok(next) => key = next,
                Err(error) => {
                    prop_assert!(
                        matches!(error, Error::NotPermitted | Error::InvalidArgument | Error::LimitReached),
                        "{error:?}"
                    );
                    let Ok(info) = session.attributes(key) else { return Ok(()) };
                    let unchanged = *info.value().attributes() == before;
                    prop_assert!(unchanged, "a refusal changes nothing");
                    continue;
                }
            }
            let Ok(info) = session.attributes(key) else {
                // Given away: to this user it is gone.
                prop_assert!(matches!(step, Step::Restrict(_)));
                return Ok(());
            };
            let after = info.value().attributes().clone();
            prop_assert!(after.is_within(&before), "{after:?} is not within {before:?}");
            prop_assert!(remaining(&session, key) <= left);
            let now = probe.abilities(&session, key);
            for (now, then) in now.iter().zip(&able) {
                prop_assert!(*then || !*now, "refused before {step:?}, served after it");
            }
            (before, able) = (after, now);
        }
    }
}

/// Each limit exceeds what the key has in one respect.
fn widening() -> Vec<(&'static str, Restriction)> {
    let none = Restriction::none;
    vec![
        ("usage", none().usage(Usage::SIGN.and(Usage::VERIFY))),
        ("hash", none().rules(Rules::one(Rule::any(Algorithm::EcdsaP256)))),
        (
            "deterministic",
            none().rules(Rules::one(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256).allow_deterministic())),
        ),
        ("algorithm", none().rules(Rules::one(Rule::any(Algorithm::EcdsaP384)))),
        ("format", none().export(Export::INTEROPERABLE.trusted_only())),
        ("uses", none().uses(101)),
        ("begin", none().validity(Validity { not_before: Some(499), not_after: Some(1500) })),
        ("end", none().validity(Validity { not_before: Some(500), not_after: None })),
        ("owner", none().owner(8)),
    ]
}

#[test]
fn each_field_refuses_to_widen_in_each_way() {
    let (engine, session) = powered_on();
    let native = kek(&session, KeyKind::Aes256, Algorithm::NativeWrap);
    let template = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN)
        .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
        .export(Export::NATIVE)
        .uses(100)
        .validity(Validity { not_before: Some(500), not_after: Some(1500) })
        .owner(7)
        .build()
        .unwrap();
    let key = session.generate(&template).unwrap().value();
    for (what, limit) in widening() {
        assert_eq!(session.restrict(key, &limit).unwrap_err(), Error::NotPermitted, "{what}");
        assert_eq!(session.copy(key, &limit).unwrap_err(), Error::NotPermitted, "{what}");
    }
    assert_eq!(attributes(&session, key), template);
    let mut blob = vec![0; 512];
    let len = session.wrap(native, Algorithm::NativeWrap, &Params::NONE, key, &mut blob).unwrap().value();
    session.destroy(key).unwrap().value();
    for (what, limit) in widening() {
        let form = UnwrapAs::Native(&limit);
        let unwrapped = session.unwrap(native, Algorithm::NativeWrap, &Params::NONE, &blob[..len], form);
        assert_eq!(unwrapped.unwrap_err(), Error::NotPermitted, "{what}");
    }
    assert_eq!(engine.status().state, State::Operational);
}

#[test]
fn trust_that_was_taken_away_does_not_come_back() {
    let (_engine, session) = powered_on();
    let native = kek(&session, KeyKind::Aes256, Algorithm::NativeWrap);
    let template =
        templates()[0].restricted(&Restriction::none().export(Export::NATIVE.trusted_only())).unwrap();
    let key = session.generate(&template).unwrap().value();
    for export in [Export::NATIVE, Export::INTEROPERABLE, Export::INTEROPERABLE.trusted_only()] {
        let limit = Restriction::none().export(export);
        assert_eq!(session.restrict(key, &limit).unwrap_err(), Error::NotPermitted);
        assert_eq!(session.copy(key, &limit).unwrap_err(), Error::NotPermitted);
    }
    let wrapped = session.wrap(native, Algorithm::NativeWrap, &Params::NONE, key, &mut [0; 512]);
    assert_eq!(wrapped.unwrap_err(), Error::NotPermitted);
}

#[test]
fn a_key_made_a_session_key_dies_with_the_session_that_made_it_one() {
    let (engine, session) = powered_on();
    let other = engine.open_session(Subject::user(7), b"").unwrap();
    let kept = session.generate(&templates()[0]).unwrap().value();
    let bound = session.generate(&templates()[0]).unwrap().value();
    other.restrict(bound, &Restriction::none().session_only()).unwrap().value();
    assert_eq!(attributes(&session, bound).lifetime(), Lifetime::Session);
    drop(other);
    assert_eq!(session.attributes(bound).unwrap_err(), Error::UnknownKey);
    assert_eq!(attributes(&session, kept).lifetime(), Lifetime::Persistent);
}

#[test]
fn a_session_key_stays_with_its_own_session() {
    let (engine, session) = powered_on();
    let other = engine.open_session(Subject::user(7), b"").unwrap();
    let template = templates()[0].restricted(&Restriction::none().session_only()).unwrap();
    let key = session.generate(&template).unwrap().value();
    other.restrict(key, &Restriction::none().session_only()).unwrap().value();
    drop(other);
    assert_eq!(attributes(&session, key), template);
}

/// A cipher key narrowed to decryption makes no IVs and has no count to bring.
#[test]
fn a_key_that_is_counted_no_more_travels_in_the_length_that_was_told() {
    let (_engine, session) = powered_on();
    let native = kek(&session, KeyKind::Aes256, Algorithm::NativeWrap);
    let template = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .export(Export::NATIVE)
        .build()
        .unwrap();
    let decrypt = Restriction::none().usage(Usage::DECRYPT);
    let restricted = session.generate(&template).unwrap().value();
    session.restrict(restricted, &decrypt).unwrap().value();
    let source = session.generate(&template).unwrap().value();
    let left = remaining(&session, source);
    let copied = session.copy(source, &decrypt).unwrap().value();
    assert_eq!(remaining(&session, source), left, "the copy needs no uses");
    for key in [restricted, copied] {
        let mut blob = vec![0; session.wrapped_len(native, Algorithm::NativeWrap, key).unwrap().value()];
        let len = session.wrap(native, Algorithm::NativeWrap, &Params::NONE, key, &mut blob).unwrap().value();
        assert_eq!(len, blob.len());
        session.destroy(key).unwrap().value();
        let whole = Restriction::none();
        let form = UnwrapAs::Native(&whole);
        let back = session.unwrap(native, Algorithm::NativeWrap, &Params::NONE, &blob, form).unwrap().value();
        assert_eq!(attributes(&session, back).usage(), Usage::DECRYPT);
    }
}
