//! Batches that make keys: agreed on, generated, unwrapped; and keys that leave in one.

use strongroom::{
    AgreeItem, Algorithm, Attributes, AttributesBuilder, Backend, Error, Export, Filter, GenerateItem, Hash,
    Kdf, KeyHandle, KeyKind, Params, Restriction, Rule, Session, State, Store, Subject, UnwrapAs, UnwrapItem,
    Usage, WrapItem,
};

use super::{Engine, SHA256, SIZES, SlotTable, engine, open, with_backend};
use crate::keys::{hmac, kek, p256};

fn live<S: Store>(session: &Session<'_, S>) -> usize {
    session.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 512]).unwrap().value()
}

fn make<S: Store>(session: &Session<'_, S>, key: AttributesBuilder) -> KeyHandle {
    session.generate(&key.build().unwrap()).unwrap().value()
}

fn agrees(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::AGREE).permit(Rule::any(algorithm))
}

fn mac_key() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(32)
}

/// The point at the end of a SubjectPublicKeyInfo.
fn point<S: Store>(session: &Session<'_, S>, key: KeyHandle, len: usize) -> Vec<u8> {
    let mut spki = [0; 256];
    let written = session.public_key(key, &mut spki).unwrap().value();
    spki[written - len..written].to_vec()
}

fn mac_of<S: Store>(session: &Session<'_, S>, key: KeyHandle) -> [u8; 32] {
    let mut tag = [0; 32];
    session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap().value();
    tag
}

/// Both sides of each agreement have one key, and it is that of the single call; every lane has another.
fn agree_like_single_calls<S: Store>(
    session: &Session<'_, S>,
    kind: KeyKind,
    algorithm: Algorithm,
    len: usize,
) {
    let template = mac_key().build().unwrap();
    let own: Vec<_> = (0..3).map(|_| make(session, agrees(kind, algorithm))).collect();
    let theirs: Vec<_> = (0..5).map(|_| make(session, agrees(kind, algorithm))).collect();
    let points: Vec<_> = theirs.iter().map(|key| point(session, *key, len)).collect();
    let infos: Vec<_> = (0..100usize).map(usize::to_be_bytes).collect();
    for size in SIZES.into_iter().filter(|size| *size <= 17) {
        let before = live(session);
        let params = |at: usize| SHA256.kdf(Kdf::Hkdf).info(&infos[at]);
        let mut items: Vec<_> = (0..size)
            .map(|at| AgreeItem::new(own[at % 3], algorithm, params(at), &points[at % 5], &template))
            .collect();
        assert_eq!(session.agree_batch(&mut items), Ok(()));
        let made: Vec<_> = items.into_iter().map(|item| item.result.unwrap()).collect();
        assert_eq!(live(session), before + size);
        let mut seen = std::collections::BTreeSet::new();
        for (at, outcome) in made.into_iter().enumerate() {
            let (key, indicator) = outcome.into_parts();
            let mine = point(session, own[at % 3], len);
            let single = session.agree(theirs[at % 5], algorithm, &params(at), &mine, &template).unwrap();
            assert_eq!(indicator, single.indicator());
            let tag = mac_of(session, key);
            assert_eq!(tag, mac_of(session, single.value()), "{} of {size}", at);
            assert!(seen.insert(tag));
            assert!(session.attributes(key).unwrap().value().origin().derived());
            session.destroy(key).unwrap().value();
            session.destroy(single.value()).unwrap().value();
        }
    }
    own.iter().chain(&theirs).for_each(|key| session.destroy(*key).unwrap().value());
}

#[test]
fn agreement() {
    for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
        let session = open(&with_backend(backend));
        agree_like_single_calls(&session, KeyKind::EcP256, Algorithm::EcdhP256, 65);
        agree_like_single_calls(&session, KeyKind::EcP384, Algorithm::EcdhP384, 97);
    }
    let engine = Engine::with_store(SlotTable::<32, 64, 2>::new()).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    agree_like_single_calls(&session, KeyKind::EcP256, Algorithm::EcdhP256, 65);
}

#[test]
fn peers_that_are_none_make_no_key() {
    for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
        let engine = with_backend(backend);
        let session = open(&engine);
        let own = make(&session, agrees(KeyKind::EcP256, Algorithm::EcdhP256));
        let signer = make(&session, p256());
        let good = point(&session, make(&session, agrees(KeyKind::EcP256, Algorithm::EcdhP256)), 65);
        let compressed = [&[2 + (good[64] & 1)], &good[1..33]].concat();
        let mut off = good.clone();
        off[64] ^= 1;
        let (fits, wide) =
            (mac_key().build().unwrap(), mac_key().export(Export::INTEROPERABLE).build().unwrap());
        let rejected = Err(Error::Rejected);
        let asked: [(KeyHandle, &[u8], &Attributes, Result<(), Error>); 9] = [
            (own, &good, &fits, Ok(())),
            (own, &off, &fits, rejected),
            (own, &[], &fits, rejected),
            (own, &compressed, &fits, Ok(())),
            (own, &good[..64], &fits, rejected),
            (own, &[0; 65], &fits, rejected),
            (signer, &good, &fits, Err(Error::NotPermitted)),
            (own, &good, &wide, Err(Error::NotPermitted)),
            (own, &good, &fits, Ok(())),
        ];
        let before = live(&session);
        let params = SHA256.kdf(Kdf::Hkdf);
        let mut items: Vec<_> = asked
            .iter()
            .map(|(own, peer, template, _)| AgreeItem::new(*own, Algorithm::EcdhP256, params, peer, template))
            .collect();
        assert_eq!(session.agree_batch(&mut items), Err(Error::Rejected));
        let mut tags = vec![];
        for (item, (.., expected)) in items.into_iter().zip(&asked) {
            if let Ok(outcome) = &item.result {
                tags.push(mac_of(&session, *outcome.as_value()));
            }
            assert_eq!(item.result.map(drop), *expected);
        }
        assert_eq!(live(&session), before + 3);
        assert!(tags.iter().all(|tag| *tag == tags[0]), "one secret: the same pair, compressed or not");
        assert_eq!(engine.status().state, State::Operational);
    }
}

#[test]
fn generation() {
    let engine = engine();
    let session = open(&engine);
    let pair = p256().build().unwrap();
    let agreeing = agrees(KeyKind::EcP256, Algorithm::EcdhP256).build().unwrap();
    let secret = hmac().build().unwrap();
    let public = Attributes::builder(KeyKind::EcP256)
        .public()
        .usage(Usage::VERIFY)
        .permit(Rule::any(Algorithm::EcdsaP256))
        .build()
        .unwrap();
    for size in SIZES {
        let templates = [&pair, &agreeing, &secret, &pair, &public];
        let mut items: Vec<_> = (0..size).map(|at| GenerateItem::new(templates[at % 5])).collect();
        let all = session.generate_batch(&mut items);
        assert_eq!(all, if size < 5 { Ok(()) } else { Err(Error::InvalidArgument) });
        let mut points = std::collections::BTreeSet::new();
        for (at, item) in items.into_iter().enumerate() {
            if at % 5 == 4 {
                assert_eq!(item.result.map(drop), Err(Error::InvalidArgument), "no public key is generated");
                continue;
            }
            let key = item.result.unwrap().value();
            let info = session.attributes(key).unwrap().value();
            assert_eq!(info.origin().pairwise_tested(), at % 5 != 2, "each pair by itself");
            if at % 5 != 2 {
                assert!(points.insert(point(&session, key, 65)), "every pair is another one");
            }
            session.destroy(key).unwrap().value();
        }
    }
}

#[test]
fn a_full_store_refuses_the_rest() {
    let engine = Engine::with_store(SlotTable::<5, 64, 2>::new()).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let pair = p256().build().unwrap();
    let mut items: Vec<_> = (0..9).map(|_| GenerateItem::new(&pair)).collect();
    assert_eq!(session.generate_batch(&mut items), Err(Error::NoSpace));
    let results: Vec<_> = items.into_iter().map(|item| item.result.map(drop)).collect();
    assert_eq!(results, [vec![Ok(()); 5], vec![Err(Error::NoSpace); 4]].concat());
}

#[test]
fn out_and_in_again() {
    let engine = engine();
    let session = open(&engine);
    let kek = make(&session, kek());
    let pairs: Vec<_> = (0..17).map(|_| make(&session, p256().export(Export::NATIVE))).collect();
    let stays = make(&session, p256());
    let native = Algorithm::NativeWrap;

    let mut blobs = vec![vec![0xee; 512]; 19];
    let payloads: Vec<_> = pairs[..9].iter().chain([&stays, &kek]).chain(&pairs[9..]).copied().collect();
    let mut items: Vec<_> = payloads
        .iter()
        .zip(&mut blobs)
        .map(|(payload, out)| WrapItem::new(kek, native, Params::NONE, *payload, out))
        .collect();
    assert_eq!(session.wrap_batch(&mut items), Err(Error::NotPermitted));
    let lens: Vec<_> = items.into_iter().map(|item| item.result.map(|outcome| outcome.value())).collect();
    for (at, (len, blob)) in lens.iter().zip(&mut blobs).enumerate() {
        // A key that may not leave, and one that would leave under itself.
        assert_eq!(len.is_err(), at == 9 || at == 10, "{at}: {len:?}");
        assert!(len.is_ok() || [0, 0xee].iter().any(|fill| blob.iter().all(|byte| byte == fill)));
        blob.truncate(len.unwrap_or(0));
    }
    let points: Vec<_> = pairs.iter().map(|key| point(&session, *key, 65)).collect();
    pairs.iter().for_each(|key| session.destroy(*key).unwrap().value());

    let last = blobs.len() - 1;
    *blobs[last].last_mut().unwrap() ^= 1;
    let all = Restriction::none();
    let before = live(&session);
    let mut items: Vec<_> = blobs
        .iter()
        .map(|blob| UnwrapItem::new(kek, native, Params::NONE, blob, UnwrapAs::Native(&all)))
        .collect();
    assert_eq!(session.unwrap_batch(&mut items), Err(Error::Rejected));
    let mut back = vec![];
    for (at, item) in items.into_iter().enumerate() {
        if [9, 10, last].contains(&at) {
            assert_eq!(item.result.map(drop), Err(Error::Rejected), "{at}");
        } else {
            back.push(point(&session, item.result.unwrap().value(), 65));
        }
    }
    assert_eq!(back, points[..16]);
    assert_eq!(live(&session), before + 16);
    assert_eq!(engine.status().state, State::Operational);
}
