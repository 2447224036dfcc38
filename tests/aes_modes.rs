//! CBC, CTR and CMAC as services: round trips, what is refused, and where IVs come from.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(feature = "std", feature = "aes"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a test

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Hash, KeyHandle, KeyId, KeyKind,
    Operation, Params, Restriction, Rule, Session, Subject, UnwrapAs, Usage, UsageLog,
};

const CIPHERS: [Algorithm; 3] = [Algorithm::AesCbc, Algorithm::AesCbcPkcs7, Algorithm::AesCtr];
const KINDS: [KeyKind; 3] = [KeyKind::Aes128, KeyKind::Aes192, KeyKind::Aes256];

fn session() -> Session<'static> {
    let engine = Engine::builder().device_id(0xd0d1_d2d3).power_on().unwrap();
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn cipher(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::ENCRYPT.and(Usage::DECRYPT)).permit(Rule::any(algorithm))
}

fn cmac(kind: KeyKind, min_tag: u8) -> AttributesBuilder {
    Attributes::builder(kind)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::any(Algorithm::AesCmac).min_tag(min_tag))
}

fn kek(algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(KeyKind::Aes256).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(Rule::any(algorithm))
}

fn make(session: &Session<'_>, template: AttributesBuilder) -> KeyHandle {
    session.generate(&template.build().unwrap()).unwrap().value()
}

fn ciphertext_len(algorithm: Algorithm, len: usize) -> usize {
    if algorithm == Algorithm::AesCbcPkcs7 { (len / 16 + 1) * 16 } else { len }
}

/// Encrypts into a buffer that is exactly large enough.
fn encrypt(session: &Session<'_>, key: KeyHandle, algorithm: Algorithm, text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut out = vec![0xee; ciphertext_len(algorithm, text.len())];
    let outcome = session.encrypt(key, algorithm, &Params::NONE, text, &mut out).unwrap();
    assert!(outcome.indicator().approved_parameters());
    let made = outcome.value();
    assert_eq!(made.len, out.len());
    (out, made.iv.as_bytes().to_vec())
}

fn decrypt(
    session: &Session<'_>,
    key: KeyHandle,
    algorithm: Algorithm,
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut out = vec![0xee; ciphertext.len()];
    let answer = session.decrypt(key, algorithm, &Params::NONE.iv(iv), ciphertext, &mut out);
    match answer {
        Ok(outcome) => {
            out.truncate(outcome.value());
            Ok(out)
        }
        Err(error) => {
            assert!(out.iter().all(|byte| *byte == 0) || out.iter().all(|byte| *byte == 0xee), "{error:?}");
            Err(error)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn round_trips_at_once_and_in_pieces(
        text in prop::collection::vec(any::<u8>(), 0..200),
        cut in any::<prop::sample::Index>(),
        kind in prop::sample::select(KINDS.to_vec()),
        algorithm in prop::sample::select(CIPHERS.to_vec()),
    ) {
        let session = session();
        let key = make(&session, cipher(kind, algorithm));
        let text = if algorithm == Algorithm::AesCbc { &text[..text.len() / 16 * 16] } else { &text[..] };
        let (sealed, iv) = encrypt(&session, key, algorithm, text);
        prop_assert_eq!(decrypt(&session, key, algorithm, &iv, &sealed), Ok(text.to_vec()));

        let (first, second) = text.split_at(cut.index(text.len() + 1));
        let context = session.encrypt_start(key, algorithm, &Params::NONE).unwrap();
        session.update(&context, first).unwrap();
        session.update(&context, second).unwrap();
        let mut sealed = vec![0; ciphertext_len(algorithm, text.len())];
        let made = session.encrypt_finish(&context, &mut sealed).unwrap().value();
        prop_assert_ne!(made.iv.as_bytes(), &iv[..]);
        let context = session.decrypt_start(key, algorithm, &Params::NONE.iv(made.iv.as_bytes())).unwrap();
        session.update(&context, &sealed).unwrap();
        let mut opened = vec![0; sealed.len()];
        let len = session.decrypt_finish(&context, &mut opened).unwrap().value();
        prop_assert_eq!(&opened[..len], text);
    }

    #[test]
    fn macs_at_once_and_in_pieces(
        text in prop::collection::vec(any::<u8>(), 0..100),
        cut in any::<prop::sample::Index>(),
        kind in prop::sample::select(KINDS.to_vec()),
        len in 8usize..=16,
    ) {
        let session = session();
        let key = make(&session, cmac(kind, 8));
        let params = Params::NONE.tag_len(len);
        let (mut full, mut tag) = ([0; 16], vec![0; len]);
        session.mac(key, Algorithm::AesCmac, &Params::NONE, &text, &mut full).unwrap().value();
        let context = session.mac_start(key, Algorithm::AesCmac, &params).unwrap();
        let (first, second) = text.split_at(cut.index(text.len() + 1));
        session.update(&context, first).unwrap();
        session.update(&context, second).unwrap();
        prop_assert_eq!(session.mac_finish(&context, &mut tag).unwrap().value(), len);
        prop_assert_eq!(&tag[..], &full[..len]);

        let verify = |params: &Params<'_>, tag: &[u8]| {
            let context = session.verify_mac_start(key, Algorithm::AesCmac, params).unwrap();
            session.update(&context, &text).unwrap();
            let in_pieces = session.verify_mac_finish(&context, tag).map(|outcome| outcome.value());
            let at_once = session.verify_mac(key, Algorithm::AesCmac, params, &text, tag);
            assert_eq!(at_once.map(|outcome| outcome.value()), in_pieces);
            in_pieces
        };
        prop_assert_eq!(verify(&params, &tag), Ok(()));
        // Another length than the one asked for, and a flipped bit, whichever.
        prop_assert_eq!(verify(&params, &full[..len - 1]), Err(Error::Rejected));
        prop_assert_eq!(verify(&params, &[&full[..len], &[0]].concat()), Err(Error::Rejected));
        let bit = cut.index(len * 8);
        tag[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(verify(&params, &tag), Err(Error::Rejected));
    }
}

/// SP 800-38A appendix C: IVs of CBC cannot be foreseen; those of CTR count (CTR-1).
#[test]
fn where_ivs_come_from() {
    let session = session();
    for algorithm in [Algorithm::AesCbc, Algorithm::AesCbcPkcs7] {
        let key = make(&session, cipher(KeyKind::Aes128, algorithm));
        let ivs: BTreeSet<_> = (0..50).map(|_| encrypt(&session, key, algorithm, &[7; 32]).1).collect();
        assert_eq!(ivs.len(), 50);
        // Each of the sixteen bytes moves: one that stood still would be 2^-392 by chance.
        for at in 0..16 {
            assert!(ivs.iter().map(|iv| iv[at]).collect::<BTreeSet<_>>().len() > 1, "byte {at}");
        }
    }
    let key = make(&session, cipher(KeyKind::Aes256, Algorithm::AesCtr));
    for number in 0..5u64 {
        let (_, iv) = encrypt(&session, key, Algorithm::AesCtr, &[7; 100]);
        assert_eq!(iv[..4], [0xd0, 0xd1, 0xd2, 0xd3], "the device");
        assert_eq!(iv[4..12], number.to_be_bytes(), "the number of the use");
        assert_eq!(iv[12..], [0; 4], "the first block");
    }
}

#[test]
fn only_whole_blocks_without_padding() {
    let session = session();
    let algorithm = Algorithm::AesCbc;
    let key = make(&session, cipher(KeyKind::Aes128, algorithm).uses(5));
    let left = || session.attributes(key).unwrap().as_value().remaining_uses();
    for len in (0..50).filter(|len| len % 16 != 0) {
        let mut out = [0xee; 64];
        let refused = session.encrypt(key, algorithm, &Params::NONE, &vec![7; len], &mut out).map(drop);
        assert_eq!(refused, Err(Error::InvalidArgument), "{len}");
        assert_eq!(out, [0xee; 64]);
        let len_of = session.output_len(key, Operation::Encrypt, algorithm, &Params::NONE, len);
        assert_eq!(len_of.map(|len| len.value()), Err(Error::InvalidArgument));
    }
    assert_eq!(left(), Some(5), "a refused call spends nothing");
    assert_eq!(decrypt(&session, key, algorithm, &[0; 16], &[7; 17]), Err(Error::Rejected));
    assert_eq!(left(), Some(4));
    assert_eq!(encrypt(&session, key, algorithm, &[]).0, vec![], "no block is a whole number of them");
}

#[test]
fn ivs_that_do_not_belong() {
    let session = session();
    for algorithm in CIPHERS {
        let key = make(&session, cipher(KeyKind::Aes192, algorithm));
        let mut out = [0xee; 64];
        let given = session.encrypt(key, algorithm, &Params::NONE.iv(&[1; 16]), &[7; 16], &mut out);
        assert_eq!(given.map(drop), Err(Error::InvalidArgument), "{algorithm:?}: encryption makes its own");
        let params = Params::NONE.iv(&[1; 16]);
        let start = session.encrypt_start(key, algorithm, &params).map(drop);
        assert_eq!(start, Err(Error::InvalidArgument));
        for len in [0, 8, 12, 15, 17] {
            let opened = decrypt(&session, key, algorithm, &vec![1; len], &[7; 16]);
            assert_eq!(opened, Err(Error::InvalidArgument), "{algorithm:?}, {len} bytes");
        }
        let missing = session.decrypt(key, algorithm, &Params::NONE, &[7; 16], &mut out).map(drop);
        assert_eq!(missing, Err(Error::InvalidArgument), "{algorithm:?}");
        assert_eq!(out, [0; 64], "nothing comes out");
    }
}

/// Every last byte and every cut: one answer, zeros in the buffer.
#[test]
fn bad_padding_is_one_answer_and_zeros() {
    let session = session();
    // The same key without padding shows what stands in the last block.
    let both = cipher(KeyKind::Aes128, Algorithm::AesCbcPkcs7).permit(Rule::any(Algorithm::AesCbc));
    let key = make(&session, both);
    let (mut accepted, mut rejected) = (0, 0);
    for byte in 0..=255 {
        for before in [byte, byte ^ 0x40] {
            let mut text = [0x55; 32];
            (text[30], text[31]) = (before, byte);
            let (sealed, iv) = encrypt(&session, key, Algorithm::AesCbc, &text);
            let missing = usize::from(byte);
            let stands = (1..=16).contains(&missing) && text[32 - missing..].iter().all(|b| *b == byte);
            let mut out = [0xee; 32];
            let params = Params::NONE.iv(&iv);
            let opened = session.decrypt(key, Algorithm::AesCbcPkcs7, &params, &sealed, &mut out);
            if stands {
                let len = opened.unwrap().value();
                assert_eq!(out[..len], text[..32 - missing]);
                accepted += 1;
            } else {
                assert_eq!(opened.map(drop), Err(Error::Rejected));
                assert_eq!(out, [0; 32], "nothing comes out");
                rejected += 1;
            }
        }
    }
    assert_eq!((accepted, rejected), (3, 509)); // 01, 01 after anything, 02 02
    let (sealed, iv) = encrypt(&session, key, Algorithm::AesCbcPkcs7, b"a text of more than one block");
    for len in (0..sealed.len()).filter(|len| len % 16 != 0).chain([0]) {
        let opened = decrypt(&session, key, Algorithm::AesCbcPkcs7, &iv, &sealed[..len]);
        assert_eq!(opened, Err(Error::Rejected), "{len} bytes");
    }
}

/// A log that forgets nothing as long as the test runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<std::collections::BTreeMap<[u8; 16], u64>>>);

impl UsageLog for Log {
    fn high_water(&self, id: &KeyId) -> Result<u64, Error> {
        Ok(self.0.lock().unwrap().get(id.as_bytes()).copied().unwrap_or(0))
    }

    fn reserve(&self, id: &KeyId, up_to: u64) -> Result<(), Error> {
        let mut log = self.0.lock().unwrap();
        let mark = log.entry(*id.as_bytes()).or_insert(0);
        *mark = up_to.max(*mark);
        Ok(())
    }
}

fn powered_on(log: Option<&Log>) -> Session<'static> {
    let builder = Engine::builder().device_id(1);
    let builder = match log {
        Some(log) => builder.usage_log(log.clone()),
        None => builder,
    };
    builder.power_on().unwrap().open_session(Subject::user(1), b"").unwrap()
}

fn wrap(session: &Session<'_>, carrier: KeyHandle, algorithm: Algorithm, key: KeyHandle) -> Vec<u8> {
    let mut blob = vec![0; 512];
    let len = session.wrap(carrier, algorithm, &Params::NONE, key, &mut blob).unwrap().value();
    blob.truncate(len);
    blob
}

fn unwrap_native(session: &Session<'_>, carrier: KeyHandle, blob: &[u8]) -> KeyHandle {
    let limit = Restriction::none();
    let form = UnwrapAs::Native(&limit);
    session.unwrap(carrier, Algorithm::NativeWrap, &Params::NONE, blob, form).unwrap().value()
}

/// CTR-1: numbers run out, and none comes back with a blob, however often that is unwrapped.
#[test]
fn no_counter_block_of_ctr_comes_twice() {
    let algorithm = Algorithm::AesCtr;
    for (log, expected) in [(None, 50), (Some(Log::default()), 100)] {
        let session = powered_on(log.as_ref());
        let carrier = make(&session, kek(Algorithm::NativeWrap));
        let template = cipher(KeyKind::Aes256, algorithm).export(Export::NATIVE).persistent().uses(100);
        let mut key = make(&session, template);
        let blob = wrap(&session, carrier, Algorithm::NativeWrap, key);
        let mut seen = BTreeSet::new();
        for round in 0..4 {
            let mut out = [0xee; 5];
            let refused = loop {
                match session.encrypt(key, algorithm, &Params::NONE, b"texts", &mut out) {
                    Ok(made) => {
                        let iv = made.value().iv;
                        assert!(seen.insert(iv.as_bytes().to_vec()), "round {round}: a counter block twice");
                        out.fill(0xee);
                    }
                    Err(error) => break error,
                }
            };
            assert_eq!((refused, out[1..].iter().all(|byte| *byte == out[0])), (Error::LimitReached, true));
            session.destroy(key).unwrap().value();
            key = unwrap_native(&session, carrier, &blob);
        }
        assert_eq!(seen.len(), expected, "half went into the blob, and is lost without a log");
    }
}

#[test]
fn a_ctr_key_of_a_blob_still_decrypts_without_a_log() {
    let algorithm = Algorithm::AesCtr;
    let session = session();
    let carrier = make(&session, kek(Algorithm::NativeWrap));
    let key = make(&session, cipher(KeyKind::Aes128, algorithm).export(Export::NATIVE));
    let (sealed, iv) = encrypt(&session, key, algorithm, b"text");
    let blob = wrap(&session, carrier, Algorithm::NativeWrap, key);
    session.destroy(key).unwrap().value();
    let key = unwrap_native(&session, carrier, &blob);
    let refused = session.encrypt(key, algorithm, &Params::NONE, b"text", &mut [0; 4]).map(drop);
    assert_eq!(refused, Err(Error::LimitReached));
    assert_eq!(decrypt(&session, key, algorithm, &iv, &sealed), Ok(b"text".to_vec()));
}

/// A bare key has a past that nobody knows, and so makes no counter blocks; other modes do not mind.
#[test]
fn foreign_keys_encrypt_with_random_ivs_alone() {
    let session = session();
    let carrier = make(&session, kek(Algorithm::AesKw));
    let bare = |algorithm| cipher(KeyKind::Aes128, algorithm).export(Export::INTEROPERABLE);
    let come_in = |blob: &[u8], template: AttributesBuilder| {
        let template = template.build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        session.unwrap(carrier, Algorithm::AesKw, &Params::NONE, blob, form).map(|outcome| outcome.value())
    };
    for algorithm in CIPHERS {
        let key = make(&session, bare(algorithm));
        let (sealed, iv) = encrypt(&session, key, algorithm, &[9; 32]);
        let blob = wrap(&session, carrier, Algorithm::AesKw, key);
        let numbered = algorithm == Algorithm::AesCtr;
        match come_in(&blob, bare(algorithm)) {
            Ok(other) => {
                assert!(!numbered);
                let (sealed, iv) = encrypt(&session, other, algorithm, &[7; 32]);
                assert_eq!(decrypt(&session, key, algorithm, &iv, &sealed), Ok(vec![7; 32]));
            }
            Err(error) => assert_eq!((error, numbered), (Error::NotPermitted, true)),
        }
        let opener = come_in(&blob, bare(algorithm).usage(Usage::DECRYPT)).unwrap();
        assert_eq!(decrypt(&session, opener, algorithm, &iv, &sealed), Ok(vec![9; 32]));
    }
}

/// A key serves one family, and its handle no other algorithm.
#[test]
fn modes_never_mix() {
    let session = session();
    for algorithm in CIPHERS {
        let key = make(&session, cipher(KeyKind::Aes128, algorithm));
        for other in CIPHERS.into_iter().chain([Algorithm::AesGcm]).filter(|other| *other != algorithm) {
            let refused = session.encrypt(key, other, &Params::NONE, &[7; 16], &mut [0; 32]).map(drop);
            assert_eq!(refused, Err(Error::NotPermitted), "{algorithm:?} for {other:?}");
        }
        let mac = session.mac(key, Algorithm::AesCmac, &Params::NONE, b"m", &mut [0; 16]).map(drop);
        assert_eq!(mac, Err(Error::NotPermitted));
        let mixed = cipher(KeyKind::Aes128, algorithm).permit(Rule::any(Algorithm::AesGcm)).build();
        assert_eq!(mixed, Err(Error::InvalidArgument));
    }
    let key = make(&session, cmac(KeyKind::Aes128, 16));
    let short = session.mac(key, Algorithm::AesCmac, &Params::NONE.tag_len(8), b"m", &mut [0; 16]).map(drop);
    assert_eq!(short, Err(Error::NotPermitted), "below 16 bytes only where the rule says so");
    let shorter =
        session.mac(key, Algorithm::AesCmac, &Params::NONE.tag_len(7), b"m", &mut [0; 16]).map(drop);
    assert_eq!(shorter, Err(Error::Unsupported));
    let params = Params::with_hash(Hash::Sha256);
    let hmac = session.mac(key, Algorithm::Hmac, &params, b"m", &mut [0; 64]).map(drop);
    assert_eq!(hmac, Err(Error::NotPermitted));
}

#[test]
fn buffers_that_are_too_small() {
    let session = session();
    for algorithm in CIPHERS {
        let key = make(&session, cipher(KeyKind::Aes128, algorithm).uses(2));
        let needed = ciphertext_len(algorithm, 32);
        let len = session.output_len(key, Operation::Encrypt, algorithm, &Params::NONE, 32).unwrap().value();
        assert_eq!(len, needed);
        let mut out = vec![0xee; needed - 1];
        let refused = session.encrypt(key, algorithm, &Params::NONE, &[7; 32], &mut out).map(drop);
        assert_eq!(refused, Err(Error::BufferTooSmall), "{algorithm:?}");
        assert!(out.iter().all(|byte| *byte == 0xee));
        let (sealed, iv) = encrypt(&session, key, algorithm, &[7; 32]);
        let params = Params::NONE.iv(&iv);
        let most =
            session.output_len(key, Operation::Decrypt, algorithm, &params, sealed.len()).unwrap().value();
        let mut out = vec![0xee; most - 1];
        let refused = session.decrypt(key, algorithm, &params, &sealed, &mut out).map(drop);
        assert_eq!(refused, Err(Error::BufferTooSmall), "{algorithm:?}");
        let mut out = vec![0xee; most];
        assert_eq!(session.decrypt(key, algorithm, &params, &sealed, &mut out).unwrap().value(), 32);
        assert_eq!(out[..32], [7; 32]);
    }
}
