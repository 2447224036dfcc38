//! Hybrid key transport, P-384 with ML-KEM-1024: keys travel between two engines with their policy or without;
//! what anybody may write is believed as far as anybody's word goes; every damage is rejected; and the policy holds
//! whichever way a key leaves. Blobs that another implementation wrote open here (kat-vectors/tests/wrap), and
//! tests/crosscheck has one for both directions.
#![cfg(all(feature = "std", feature = "os-entropy", feature = "hmac", feature = "rsa", feature = "slh-dsa"))]
#![cfg(all(feature = "hybrid", not(strongroom_lab)))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)] // a test

#[path = "keys/bring_in.rs"]
mod common;

use common::{bring_in, try_bring_in};
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Authenticator, Caveats, Engine, Error, Export, Filter, Hash,
    KeyClass, KeyHandle, KeyKind, Params, Restriction, Rule, Session, State, Strength, Subject, UnwrapAs,
    Usage,
};

const KIND: KeyKind = KeyKind::HybridP384MlKem1024;
const KWP: Algorithm = Algorithm::HybridKwp;
const NATIVE: Algorithm = Algorithm::HybridNative;
const POINT: usize = 97;
const ENCAPSULATION: usize = POINT + 1568;
const NONE: Params<'static> = Params::NONE;
const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// Takes everybody for what they say they are.
struct Anybody;

impl Authenticator for Anybody {
    fn authenticate(&self, _claimed: Subject, _credential: &[u8]) -> bool {
        true
    }
}

/// One engine with a user and an officer.
struct Side {
    engine: Engine,
    user: Session<'static>,
    officer: Session<'static>,
}

impl Side {
    fn new() -> Self {
        let engine = Engine::builder().authenticator(Anybody).power_on().unwrap();
        let user = engine.open_session(Subject::user(1), b"").unwrap();
        let officer = engine.open_session(Subject::officer(9), b"").unwrap();
        Self { engine, user, officer }
    }

    fn make(&self, policy: AttributesBuilder) -> KeyHandle {
        self.user.generate(&policy.build().unwrap()).unwrap().value()
    }

    fn count(&self) -> usize {
        self.user.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 64]).unwrap().value()
    }

    fn wrap(&self, kek: KeyHandle, algorithm: Algorithm, payload: KeyHandle) -> Result<Vec<u8>, Error> {
        let most = self.user.wrapped_len(kek, algorithm, payload).unwrap().value();
        let mut blob = vec![0; most];
        let wrapped = self.user.wrap(kek, algorithm, &NONE, payload, &mut blob)?;
        assert_eq!((wrapped.indicator().algorithm(), wrapped.indicator().reason()), (algorithm, None));
        let len = wrapped.value();
        assert!(most - len < 64, "{most} bytes were asked for, and {len} written");
        blob.truncate(len);
        Ok(blob)
    }

    fn unwrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        blob: &[u8],
        form: UnwrapAs<'_>,
    ) -> Result<KeyHandle, Error> {
        let keys = self.count();
        let answer = self.user.unwrap(kek, algorithm, &NONE, blob, form);
        assert_eq!(self.count(), keys + usize::from(answer.is_ok()), "a refusal creates nothing");
        assert_eq!(self.engine.status().state, State::Operational);
        let outcome = answer?;
        assert_eq!((outcome.indicator().algorithm(), outcome.indicator().reason()), (algorithm, None));
        Ok(outcome.value())
    }
}

fn spki(session: &Session<'_>, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 4000];
    let len = session.public_key(key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

fn pair(algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(KIND).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(Rule::any(algorithm))
}

fn public(algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(KIND).public().usage(Usage::WRAP).permit(Rule::any(algorithm))
}

fn hmac() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(32)
}

fn signer(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::SIGN.and(Usage::VERIFY)).permit(Rule::any(algorithm))
}

/// What a key does, or its public half.
fn face(session: &Session<'_>, key: KeyHandle) -> Vec<u8> {
    let attributes = session.attributes(key).unwrap().value().attributes().clone();
    if attributes.class() == KeyClass::Private {
        return spki(session, key);
    }
    let mut tag = [0; 32];
    session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap().value();
    tag.to_vec()
}

/// Two engines: the second has a pair, the first its public half, which its officer trusts.
struct Road {
    from: Side,
    to: Side,
    private: KeyHandle,
    trusted: KeyHandle,
    stranger: KeyHandle,
}

impl Road {
    fn new(algorithm: Algorithm) -> Self {
        let (from, to) = (Side::new(), Side::new());
        let private = to.make(pair(algorithm));
        let encoded = spki(&to.user, private);
        let import = |session: &Session<'_>, policy: AttributesBuilder| {
            session.import_public(&encoded, &policy.build().unwrap())
        };
        // Only an officer says that a public key is one of an engine.
        let refused = import(&from.user, public(algorithm).trusted());
        assert_eq!(refused.unwrap_err(), Error::NotPermitted);
        let trusted = import(&from.officer, public(algorithm).trusted()).unwrap().value();
        let stranger = import(&from.user, public(algorithm)).unwrap().value();
        assert_eq!(spki(&from.user, trusted), encoded);
        Self { from, to, private, trusted, stranger }
    }
}

#[test]
fn keys_of_every_sort_travel_with_their_policy() {
    let road = Road::new(NATIVE);
    let export = Export::NATIVE.trusted_only();
    for policy in [
        hmac(),
        signer(KeyKind::EcP256, Algorithm::EcdsaP256),
        signer(KeyKind::EcP521, Algorithm::EcdsaP521),
        signer(KeyKind::Ed25519, Algorithm::Ed25519),
        signer(KeyKind::Rsa2048, Algorithm::RsaPss),
        signer(KeyKind::MlDsa87, Algorithm::MlDsa),
        signer(KeyKind::SlhDsaSha2_128f, Algorithm::SlhDsa),
        pair(KWP),
    ] {
        let policy = policy.export(export).persistent().label(b"travels").application(b"bytes").uses(100);
        let key = road.from.make(policy);
        let name = road.from.user.attributes(key).unwrap().value().attributes().kind().name();
        let (was, face_of_it) = (road.from.user.attributes(key).unwrap().value(), face(&road.from.user, key));
        let before = road.from.user.attributes(key).unwrap().value().remaining_uses().unwrap();
        let blob = road.from.wrap(road.trusted, NATIVE, key).unwrap();
        let kept = road.from.user.attributes(key).unwrap().value().remaining_uses().unwrap();
        assert_eq!(&blob[..7], b"SRWK\x01\x05\x32");

        let none = Restriction::none();
        let back = road.to.unwrap(road.private, NATIVE, &blob, UnwrapAs::Native(&none)).unwrap();
        let info = road.to.user.attributes(back).unwrap().value();
        assert_eq!(info.attributes(), was.attributes(), "{name}: the policy came along");
        assert_eq!(info.effective_strength(), was.effective_strength(), "{name}");
        // Anybody might have written the blob, so its past is nobody's word.
        let origin = info.origin();
        assert!(origin.imported() && !origin.pairwise_tested(), "{name}");
        assert!(!origin.never_extractable() && !origin.always_sensitive(), "{name}");
        assert_ne!(info.id(), was.id(), "{name}");
        let brought = info.remaining_uses().unwrap();
        assert!(brought > 0 && brought + kept <= before, "{name}: {brought} and {kept} of {before}");
        assert_eq!(face(&road.to.user, back), face_of_it, "{name}");

        let limit = none.export(Export::NONE).uses(3);
        let less = road.to.unwrap(road.private, NATIVE, &blob, UnwrapAs::Native(&limit)).unwrap();
        let info = road.to.user.attributes(less).unwrap().value();
        assert_eq!(info.attributes().export(), Export::NONE, "{name}");
        assert_eq!(info.remaining_uses(), Some(3), "{name}");
        let wider = Restriction::none().export(Export::INTEROPERABLE);
        let wider = road.to.unwrap(road.private, NATIVE, &blob, UnwrapAs::Native(&wider));
        assert_eq!(wider, Err(Error::NotPermitted), "{name}");
    }
}

#[test]
fn keys_of_every_sort_travel_bare() {
    let road = Road::new(KWP);
    for policy in [
        hmac(),
        signer(KeyKind::EcP384, Algorithm::EcdsaP384),
        signer(KeyKind::Rsa2048, Algorithm::RsaPss),
        signer(KeyKind::MlDsa65, Algorithm::MlDsa),
        pair(NATIVE),
    ] {
        let policy = policy.export(Export::INTEROPERABLE);
        let template = policy.clone().build().unwrap();
        let key = road.from.make(policy);
        for kek in [road.trusted, road.stranger] {
            let blob = road.from.wrap(kek, KWP, key).unwrap();
            let form = UnwrapAs::Foreign(&template);
            let back = road.to.unwrap(road.private, KWP, &blob, form).unwrap();
            assert_eq!(face(&road.to.user, back), face(&road.from.user, key), "{}", template.kind().name());
            let info = road.to.user.attributes(back).unwrap().value();
            assert!(info.origin().imported());
            let was = road.from.user.attributes(key).unwrap().value();
            assert_eq!(info.effective_strength(), was.effective_strength());
            let again = road.from.wrap(kek, KWP, key).unwrap();
            assert_ne!(again[..POINT], blob[..POINT], "a point of its own each time");
            assert_ne!(again[POINT..ENCAPSULATION], blob[POINT..ENCAPSULATION]);
        }
    }
}

/// The private half wraps under its own public half: a backup that comes home.
#[test]
fn an_engine_wraps_to_itself() {
    let side = Side::new();
    for algorithm in [KWP, NATIVE] {
        let kek = side.make(pair(algorithm));
        let key = side.make(hmac().export(Export::INTEROPERABLE));
        let blob = side.wrap(kek, algorithm, key).unwrap();
        let (none, template) = (Restriction::none(), hmac().build().unwrap());
        let native = algorithm == NATIVE;
        let form = if native { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(&template) };
        let back = side.unwrap(kek, algorithm, &blob, form).unwrap();
        assert_eq!(face(&side.user, back), face(&side.user, key));
        let other = if native { UnwrapAs::Foreign(&template) } else { UnwrapAs::Native(&none) };
        assert_eq!(side.unwrap(kek, algorithm, &blob, other), Err(Error::InvalidArgument));
        // It may not leave under itself.
        let itself = side.user.wrap(kek, algorithm, &NONE, kek, &mut vec![0; 4000]);
        assert_eq!(itself.map(drop), Err(Error::NotPermitted));
    }
}

#[test]
fn every_damage_is_rejected() {
    for algorithm in [KWP, NATIVE] {
        let side = Side::new();
        let kek = side.make(pair(algorithm));
        let key = side.make(hmac().export(Export::INTEROPERABLE));
        let good = side.wrap(kek, algorithm, key).unwrap();
        let (none, template) = (Restriction::none(), hmac().build().unwrap());
        let form = if algorithm == NATIVE { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(&template) };
        let unwrap = |kek, blob: &[u8]| side.unwrap(kek, algorithm, blob, form);
        let rejected = |blob: &[u8], what: &str| {
            assert_eq!(unwrap(kek, blob), Err(Error::Rejected), "{}: {what}", algorithm.name());
        };
        for len in 0..good.len() {
            rejected(&good[..len], "cut");
        }
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            rejected(&changed, &format!("byte {at}"));
        }
        rejected(&[&good[..], &[0]].concat(), "one more");
        rejected(&[&good[..], &[0; 8]].concat(), "eight more");

        let start = if algorithm == NATIVE { good.len() - ENCAPSULATION - 12 - 32 - 16 } else { 0 };
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = good.clone();
            changed[start + at..start + at + bytes.len()].copy_from_slice(bytes);
            changed
        };
        // A point that is none, in each way: infinity, hybrid and compressed forms, coordinates of p and more.
        for tag in [0, 2, 3, 5, 6, 7, 255] {
            rejected(&with(0, &[tag]), "tag of the point");
        }
        rejected(&with(0, &[0; POINT]), "infinity");
        rejected(&with(1, &[0xff; 48]), "x of more than p");
        rejected(&with(1, &[0; 96]), "x and y of 0: not on the curve");
        rejected(&with(POINT, &[0; 1568]), "a ciphertext that nobody made");
        // Another point that is on the curve, and another ciphertext that somebody made.
        let other = side.wrap(kek, algorithm, key).unwrap();
        let of_other = &other[start..];
        rejected(&with(0, &of_other[..POINT]), "another point");
        rejected(&with(POINT, &of_other[POINT..ENCAPSULATION]), "another ciphertext");
        rejected(&with(0, &of_other[..ENCAPSULATION]), "another encapsulation");
        rejected(&with(ENCAPSULATION, &of_other[ENCAPSULATION..]), "another payload");

        // Somebody else's pair, and a pair of which one half is right.
        let theirs = side.make(pair(algorithm));
        assert_eq!(unwrap(theirs, &good), Err(Error::Rejected));
        assert_eq!(unwrap(kek, &good).map(drop), Ok(()), "the good one is still good");
    }
}

/// A blob of one algorithm is none of the other: its id is in the derivation and in the header.
#[test]
fn the_algorithms_are_apart() {
    let side = Side::new();
    let secret = [7; 112];
    let keys =
        [KWP, NATIVE].map(|algorithm| bring_in(&side.user, &secret, &pair(algorithm).build().unwrap()));
    assert_eq!(spki(&side.user, keys[0]), spki(&side.user, keys[1]));
    let key = side.make(hmac().length(14).export(Export::INTEROPERABLE));
    let bare = side.wrap(keys[0], KWP, key).unwrap();
    let native = side.wrap(keys[1], NATIVE, key).unwrap();
    let (none, template) = (Restriction::none(), hmac().length(14).build().unwrap());
    let as_native = side.unwrap(keys[1], NATIVE, &bare, UnwrapAs::Native(&none));
    assert_eq!(as_native, Err(Error::Rejected));
    let start = native.len() - ENCAPSULATION - 12 - 14 - 16;
    for blob in [&native[..], &native[start..]] {
        assert_eq!(side.unwrap(keys[0], KWP, blob, UnwrapAs::Foreign(&template)), Err(Error::Rejected));
    }
    // A KEK serves the algorithm of its rule.
    let other = side.user.unwrap(keys[1], KWP, &NONE, &bare, UnwrapAs::Foreign(&template));
    assert_eq!(other.map(drop), Err(Error::NotPermitted));
    // One that is known at 112 bits carries no more.
    let strong = side.make(hmac().export(Export::INTEROPERABLE));
    let wrapped = side.user.wrap(keys[0], KWP, &NONE, strong, &mut vec![0; 4000]);
    assert_eq!(wrapped.map(drop), Err(Error::NotPermitted));
}

/// Export rule x trust of the KEK. "Native" means that the key stays with engines, and of a public key that nobody
/// trusts nobody knows where its private half is.
#[test]
fn what_may_leave_under_a_public_key() {
    for algorithm in [KWP, NATIVE] {
        let Road { from, trusted, stranger, .. } = Road::new(algorithm);
        let native = algorithm == NATIVE;
        for (export, to_trusted, to_stranger) in [
            (Export::NONE, false, false),
            (Export::NATIVE, native, false),
            (Export::NATIVE.trusted_only(), native, false),
            (Export::INTEROPERABLE, true, true),
            (Export::INTEROPERABLE.trusted_only(), true, false),
        ] {
            let key = from.make(hmac().export(export));
            for (kek, may) in [(trusted, to_trusted), (stranger, to_stranger)] {
                let left = from.user.wrap(kek, algorithm, &NONE, key, &mut vec![0; 4000]).map(drop);
                let expected = if may { Ok(()) } else { Err(Error::NotPermitted) };
                assert_eq!(left, expected, "{} {export:?}", algorithm.name());
            }
        }
        // A public key opens nothing, and leaves in no blob.
        let unwrapping = public(algorithm).usage(Usage::UNWRAP).build();
        assert_eq!(unwrapping.unwrap_err(), Error::InvalidArgument);
        let key = from.make(hmac().export(Export::INTEROPERABLE));
        let blob = from.wrap(stranger, algorithm, key).unwrap();
        let (none, template) = (Restriction::none(), hmac().build().unwrap());
        let form = if native { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(&template) };
        assert_eq!(from.unwrap(stranger, algorithm, &blob, form), Err(Error::NotPermitted));
        let left = from.user.wrap(trusted, algorithm, &NONE, stranger, &mut vec![0; 4000]);
        assert_eq!(left.map(drop), Err(Error::InvalidArgument));
        // Parameters that it does not take, and a buffer that is too small.
        let labelled = from.user.wrap(trusted, algorithm, &NONE.label(b"l"), key, &mut vec![0; 4000]);
        assert_eq!(labelled.map(drop), Err(Error::InvalidArgument));
        let mut small = vec![0xee; blob.len() - 1];
        let answer = from.user.wrap(trusted, algorithm, &NONE, key, &mut small);
        assert_eq!(answer.map(drop), Err(Error::BufferTooSmall));
        assert!(small.iter().all(|byte| *byte == 0xee));
    }
}

/// Whose deterministic IVs might have been made before is not known of a key that anybody may have sent (GCM-4,
/// CTR-1); to decrypt it may come.
#[test]
fn deterministic_ivs_do_not_travel() {
    let road = Road::new(NATIVE);
    for algorithm in [Algorithm::AesGcmCounter, Algorithm::AesCtr] {
        let both = Usage::ENCRYPT.and(Usage::DECRYPT);
        let policy = Attributes::builder(KeyKind::Aes256).usage(both).permit(Rule::any(algorithm));
        let key = road.from.make(policy.export(Export::INTEROPERABLE));
        let blob = road.from.wrap(road.stranger, NATIVE, key).unwrap();
        let none = Restriction::none();
        let whole = road.to.unwrap(road.private, NATIVE, &blob, UnwrapAs::Native(&none));
        assert_eq!(whole, Err(Error::NotPermitted));
        let decrypts = none.usage(Usage::DECRYPT);
        assert!(road.to.unwrap(road.private, NATIVE, &blob, UnwrapAs::Native(&decrypts)).is_ok());
    }
}

/// The owner and the trusted mark are in the policy, and who brings the key in is asked as for every other.
#[test]
fn a_policy_gives_its_sender_no_rights() {
    let road = Road::new(NATIVE);
    let none = Restriction::none();
    let owned = road.from.make(hmac().export(Export::INTEROPERABLE).owner(1));
    let blob = road.from.wrap(road.stranger, NATIVE, owned).unwrap();
    let another = road.to.engine.open_session(Subject::user(2), b"").unwrap();
    let taken = another.unwrap(road.private, NATIVE, &NONE, &blob, UnwrapAs::Native(&none));
    assert_eq!(taken.map(drop), Err(Error::NotPermitted));
    let wrapping = Usage::WRAP.and(Usage::UNWRAP);
    let kek = Attributes::builder(KeyKind::Aes256).usage(wrapping).permit(Rule::any(Algorithm::NativeWrap));
    let kek = kek.trusted().persistent().export(Export::NATIVE).build().unwrap();
    let kek = road.from.officer.generate(&kek).unwrap().value();
    let mut blob = vec![0; 4000];
    let len = road.from.officer.wrap(road.trusted, NATIVE, &NONE, kek, &mut blob).unwrap().value();
    let form = UnwrapAs::Native(&none);
    assert_eq!(road.to.unwrap(road.private, NATIVE, &blob[..len], form), Err(Error::NotPermitted));
    let officer = &road.to.officer;
    let came = officer.unwrap(road.private, NATIVE, &NONE, &blob[..len], form).unwrap().value();
    assert!(officer.attributes(came).unwrap().value().attributes().trusted());
    let distrusted = none.distrust();
    let form = UnwrapAs::Native(&distrusted);
    assert!(road.to.unwrap(road.private, NATIVE, &blob[..len], form).is_ok());
}

/// The description beside the golden blob.
fn described(name: &str) -> Vec<u8> {
    let text = include_str!("../kat-vectors/tests/wrap/hybrid-signing-key.txt");
    let mut lines = text.lines().filter_map(|line| line.split_once(" = "));
    let hex = lines.find(|(field, _)| *field == name).unwrap().1;
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Written by kat-vectors/tools/wrap_format.py. It says of itself that it is local, never extractable and so on.
#[test]
fn a_blob_of_another_implementation_opens() {
    let side = Side::new();
    let golden = include_bytes!("../kat-vectors/tests/wrap/hybrid-signing-key.bin");
    let kek = bring_in(&side.user, &described("kek"), &pair(NATIVE).build().unwrap());
    let none = Restriction::none();
    let unwrapped = side.user.unwrap(kek, NATIVE, &NONE, golden, UnwrapAs::Native(&none)).unwrap();
    assert!(unwrapped.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));
    let key = unwrapped.value();
    let info = side.user.attributes(key).unwrap().value();
    assert!(info.origin().imported() && !info.origin().never_extractable());
    assert_eq!(info.effective_strength(), Strength::of_bits(112), "as the hybrid key came");
    assert_ne!(info.id().as_bytes()[..], described("id"), "its name is nobody's word");
    assert_eq!((info.attributes().label(), info.remaining_uses()), (&b"hybrid blob"[..], Some(500)));
    let point = described("payload");
    assert!(spki(&side.user, key).ends_with(&point[point.len() - 65..]));
}

#[test]
fn both_halves_of_a_public_key_are_validated() {
    let side = Side::new();
    let own = side.make(pair(KWP));
    let good = spki(&side.user, own);
    let template = public(KWP).build().unwrap();
    let import = |bytes: &[u8]| side.user.import_public(bytes, &template).map(drop);
    assert_eq!(import(&good), Ok(()));
    // 23 bytes of headers and the point; 22 bytes of headers and the key.
    let curve = 23 + POINT;
    assert_eq!(good.len(), curve + 22 + 1568);
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        import(&changed)
    };
    let rejected = Err(Error::Rejected);
    assert_eq!(changed(23, &[2]), rejected, "a compressed point of this length");
    assert_eq!(changed(24, &[0xff; 48]), rejected, "x of more than p");
    assert_eq!(changed(curve - 1, &[good[curve - 1] ^ 1]), rejected, "not on the curve");
    assert_eq!(changed(curve + 22, &[0xff; 3]), rejected, "numbers of more than q");
    for len in 0..good.len() {
        let expected = if len == curve { Err(Error::InvalidArgument) } else { rejected };
        assert_eq!(import(&good[..len]), expected, "cut to {len}: the half alone is a key of another kind");
    }
    assert_eq!(import(&good[curve..]), Err(Error::InvalidArgument), "the other half");
    assert_eq!(import(&[&good[curve..], &good[..curve]].concat()), rejected, "in another order");
    assert_eq!(import(&[&good[..], &[0]].concat()), rejected);
    assert_eq!(import(&[&good[..], &good[curve..]].concat()), rejected, "one more");
    assert_eq!(import(&[&good[..curve], &good[..curve]].concat()), rejected);
    let p256 = side.make(signer(KeyKind::EcP256, Algorithm::EcdsaP256));
    let p256 = spki(&side.user, p256);
    assert_eq!(import(&[&p256[..], &good[curve..]].concat()), rejected, "another curve");
    let set = Usage::ENCAPSULATE.and(Usage::DECAPSULATE);
    let set = Attributes::builder(KeyKind::MlKem768).usage(set).permit(Rule::any(Algorithm::MlKem));
    let set = spki(&side.user, side.make(set));
    assert_eq!(import(&[&good[..curve], &set].concat()), rejected, "another set");
    // As a key of another kind it is none.
    let ecdsa = Attributes::builder(KeyKind::EcP384).public().usage(Usage::VERIFY);
    let ecdsa = ecdsa.permit(Rule::any(Algorithm::EcdsaP384)).build().unwrap();
    let taken = side.user.import_public(&good, &ecdsa).map(drop);
    assert_eq!(taken, Err(Error::InvalidArgument));
}

/// 1 <= d < n and a seed, and nothing else.
#[test]
fn private_keys_that_are_none_do_not_come_in() {
    let side = Side::new();
    let policy = pair(KWP).build().unwrap();
    // The order of P-384 (SP 800-186 section 3.2.1.4).
    let order =
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
    let order: Vec<u8> =
        (0..48).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut last = order.clone();
    last[47] -= 1;
    let bring = |d: &[u8], seed: &[u8]| try_bring_in(&side.user, &[d, seed].concat(), &policy).map(drop);
    assert_eq!(bring(&last, &[0; 64]), Ok(()), "the greatest");
    for (d, seed) in [
        (&[0; 48][..], 64),
        (&order, 64),
        (&[0xff; 48], 64),
        (&last, 63),
        (&last, 65),
        (&last, 0),
        (&last[1..], 64),
    ] {
        assert_eq!(bring(d, &vec![1; seed]), Err(Error::Rejected), "{d:02x?} and {seed}");
    }
}
