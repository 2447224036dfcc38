//! Encryption, MACs, digests and random numbers, in one call and in pieces.

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Context, Encrypted, Engine, Error, Hash, KeyHandle, KeyKind,
    Operation, Params, Result, Rule, Session, Subject, Usage,
};

use super::outside::{self, Partner};
use super::{ALL_HASHES, BEFORE, bytes, make, refused, refused_into, served, too_small, uses_left, written};
use crate::keys::{SHA256, engine, gcm, hmac, open};

const GCM: Algorithm = Algorithm::AesGcm;
const AES: [(KeyKind, usize); 3] = [(KeyKind::Aes128, 16), (KeyKind::Aes192, 24), (KeyKind::Aes256, 32)];

fn cipher(kind: KeyKind, algorithm: Algorithm, usage: Usage) -> AttributesBuilder {
    Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm).min_tag(12))
}

fn both(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    cipher(kind, algorithm, Usage::ENCRYPT.and(Usage::DECRYPT))
}

/// Bytes of a message; lengths around the block and far from it.
fn messages() -> Vec<Vec<u8>> {
    [0, 1, 15, 16, 17, 100, 10_000].map(|len| (0..len).map(|i: u32| i as u8).collect()).to_vec()
}

#[test]
fn aes_gcm_is_that_of_others() {
    let session = open(&engine());
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let mut ivs = std::collections::BTreeSet::new();
    for (kind, len) in AES {
        let secret = vec![len as u8; len];
        // The key came in under an AES-128 key.
        let bits = Some(128);
        let key = partner.bring(&session, &secret, both(kind, GCM));
        for (plain, aad) in messages().iter().zip([b"".as_slice(), b"aad"].into_iter().cycle()) {
            for tag in [12, 13, 14, 15, 16] {
                let params = Params::NONE.aad(aad).tag_len(tag);
                let encrypt = |out: &mut [u8]| session.encrypt(key, GCM, &params, plain, out);
                let mut out = vec![BEFORE; 2 * plain.len() + 32];
                let (made, indicator) = encrypt(&mut out).unwrap().into_parts();
                assert_eq!(indicator.strength().map(|strength| strength.bits()), bits);
                assert_eq!(indicator.reason(), None);
                let Encrypted { len, iv } = made;
                assert!(ivs.insert(iv.as_bytes().to_vec()), "no IV twice");
                let expected = outside::gcm(&secret, iv.as_bytes(), aad, plain);
                assert_eq!(len, plain.len() + tag);
                assert_eq!(out[..len], expected[..len]);
                assert!(out[len..].iter().all(|byte| *byte == BEFORE));
                let told = session.output_len(key, Operation::Encrypt, GCM, &params, plain.len());
                assert_eq!(told.unwrap().value(), len);

                let opening = params.iv(iv.as_bytes());
                let told = session.output_len(key, Operation::Decrypt, GCM, &opening, len);
                assert_eq!(told.unwrap().value(), plain.len());
                let mut opened = vec![BEFORE; plain.len() + 5];
                let decrypted = session.decrypt(key, GCM, &opening, &out[..len], &mut opened).unwrap();
                assert_eq!(decrypted.value(), plain.len());
                assert_eq!(&opened[..plain.len()], plain);
                assert_eq!(opened[plain.len()..], [BEFORE; 5]);
            }
            // What others encrypted, with an IV of their own.
            let sealed = outside::gcm(&secret, &[9; 12], aad, plain);
            let params = Params::NONE.aad(aad).iv(&[9; 12]);
            let mut opened = vec![0; plain.len()];
            session.decrypt(key, GCM, &params, &sealed, &mut opened).unwrap().value();
            assert_eq!(&opened, plain);
        }
    }
}

#[test]
fn encryption_says_that_it_was_approved() {
    let session = open(&engine());
    for algorithm in [GCM, Algorithm::AesGcmCounter] {
        for (kind, len) in AES {
            let key = make(&session, both(kind, algorithm));
            let bits = Some(len as u16 * 8);
            let encrypt = |out: &mut [u8]| session.encrypt(key, algorithm, &Params::NONE, b"message", out);
            let (made, sealed) = written(algorithm, bits, |made: &Encrypted| made.len, encrypt);
            let params = Params::NONE.iv(made.iv.as_bytes());
            let decrypt = |out: &mut [u8]| session.decrypt(key, algorithm, &params, &sealed, out);
            assert_eq!(bytes(algorithm, bits, decrypt), b"message");
            too_small(7 + 16, encrypt);
            too_small(7, decrypt);
        }
    }
}

/// GCM-1: the device's four bytes, then the number of the use.
#[test]
fn deterministic_ivs_count() {
    let engine = Engine::builder().device_id(0xa1b2_c3d4).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let algorithm = Algorithm::AesGcmCounter;
    let key = make(&session, both(KeyKind::Aes256, algorithm));
    for number in 0..600u64 {
        let made = session.encrypt(key, algorithm, &Params::NONE, b"", &mut [0; 16]).unwrap().value();
        assert_eq!(made.iv.as_bytes()[..4], [0xa1, 0xb2, 0xc3, 0xd4]);
        assert_eq!(made.iv.as_bytes()[4..], number.to_be_bytes());
    }
}

/// GCM-7: nothing of the plaintext is released before the tag was checked, whatever is changed.
#[test]
fn changed_ciphertexts_are_rejected_and_the_buffer_is_zeroed() {
    let session = open(&engine());
    let key = make(&session, both(KeyKind::Aes256, GCM));
    let mut sealed = [0; 39];
    let params = Params::NONE.aad(b"aad");
    let made = session.encrypt(key, GCM, &params, &[0x55; 23], &mut sealed).unwrap().value();
    let opening = params.iv(made.iv.as_bytes());
    let zeroed = |params: &Params<'_>, input: &[u8]| {
        let mut out = [BEFORE; 64];
        refused(session.decrypt(key, GCM, params, input, &mut out), Error::Rejected);
        assert_eq!(out, [0; 64], "the whole buffer");
    };
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed;
        changed[bit / 8] ^= 1 << (bit % 8);
        zeroed(&opening, &changed);
    }
    for len in 0..sealed.len() {
        zeroed(&opening, &sealed[..len]);
        zeroed(&opening, &sealed[sealed.len() - len..]);
    }
    zeroed(&opening, &[sealed.as_slice(), &[0]].concat());
    zeroed(&opening.aad(b"abd"), &sealed);
    zeroed(&opening.aad(b""), &sealed);
    zeroed(&opening.tag_len(12), &sealed);
    zeroed(&opening.iv(&[0; 12]), &sealed);
    // In pieces: the same, and the context is gone.
    let context = session.decrypt_start(key, GCM, &opening).unwrap();
    session.update(&context, &sealed[1..]).unwrap();
    let mut out = [BEFORE; 64];
    refused(session.decrypt_finish(&context, &mut out), Error::Rejected);
    assert_eq!(out, [0; 64]);
    refused(session.decrypt_finish(&context, &mut out), Error::InvalidArgument);
    assert_eq!(session.decrypt(key, GCM, &opening, &sealed, &mut out).unwrap().value(), 23);
}

#[test]
fn gcm_parameters_out_of_range_are_refused() {
    let session = open(&engine());
    let key = make(&session, gcm()); // full tags only
    let none = Params::NONE;
    for (params, error) in [
        (none.iv(&[0; 12]), Error::InvalidArgument), // IVs are made inside
        (none.tag_len(11), Error::Unsupported),
        (none.tag_len(17), Error::Unsupported),
        (none.tag_len(0), Error::Unsupported),
        (none.tag_len(12), Error::NotPermitted), // in the closed set, not in the rule
        (SHA256, Error::Unsupported),
        (none.deterministic(), Error::InvalidArgument),
        (none.label(b"x"), Error::InvalidArgument),
    ] {
        refused_into(64, error, |out| session.encrypt(key, GCM, &params, b"m", out));
        assert_eq!(session.encrypt_start(key, GCM, &params).unwrap_err(), error);
    }
    for (params, error) in [
        (none, Error::InvalidArgument), // no IV
        (none.iv(&[0; 11]), Error::InvalidArgument),
        (none.iv(&[0; 16]), Error::InvalidArgument),
        (none.iv(&[]), Error::InvalidArgument),
        (none.iv(&[0; 12]).tag_len(8), Error::Unsupported),
        (none.iv(&[0; 12]).tag_len(15), Error::NotPermitted),
    ] {
        refused_into(64, error, |out| session.decrypt(key, GCM, &params, &[0; 32], out));
        assert_eq!(session.decrypt_start(key, GCM, &params).unwrap_err(), error);
    }
    // The other IV construction is another algorithm.
    refused_into(64, Error::NotPermitted, |out| {
        session.encrypt(key, Algorithm::AesGcmCounter, &none, b"m", out)
    });
    refused_into(64, Error::Unsupported, |out| session.encrypt(key, Algorithm::AesKw, &none, b"m", out));
}

/// Encryptions of a GCM key are always counted, decryptions if the key has a limit (GCM-3).
#[test]
fn gcm_uses_are_counted() {
    let session = open(&engine());
    let free = make(&session, gcm());
    assert_eq!(uses_left(&session, free), 1 << 32);
    let mut sealed = [0; 17];
    let made = session.encrypt(free, GCM, &Params::NONE, b"m", &mut sealed).unwrap().value();
    let opening = Params::NONE.iv(made.iv.as_bytes());
    session.decrypt(free, GCM, &opening, &sealed, &mut [0; 1]).unwrap().value();
    assert_eq!(uses_left(&session, free), (1 << 32) - 1);

    let key = make(&session, gcm().uses(4));
    let encrypt = |out: &mut [u8]| session.encrypt(key, GCM, &Params::NONE, b"m", out);
    too_small(17, encrypt);
    assert_eq!(uses_left(&session, key), 4);
    let made = encrypt(&mut sealed).unwrap().value();
    let opening = Params::NONE.iv(made.iv.as_bytes());
    let decrypt = |sealed: &[u8], out: &mut [u8]| session.decrypt(key, GCM, &opening, sealed, out);
    decrypt(&sealed, &mut [0; 1]).unwrap().value();
    assert_eq!(uses_left(&session, key), 2);
    // A failed operation has spent its use.
    refused(decrypt(&[0; 17], &mut [0; 1]), Error::Rejected);
    encrypt(&mut sealed).unwrap().value();
    assert_eq!(uses_left(&session, key), 0);
    refused_into(17, Error::LimitReached, encrypt);
    refused_into(1, Error::LimitReached, |out| decrypt(&sealed, out));
}

/// Encrypts in pieces; the context stays when the buffer is too small.
fn in_pieces(
    session: &Session<'_>,
    key: KeyHandle,
    params: &Params<'_>,
    plain: &[u8],
) -> (Encrypted, Vec<u8>) {
    let context = session.encrypt_start(key, GCM, params).unwrap();
    for piece in plain.chunks(999) {
        session.update(&context, piece).unwrap();
    }
    too_small(plain.len() + 16, |out| session.encrypt_finish(&context, out));
    let mut out = vec![0; plain.len() + 16];
    let made = served(session.encrypt_finish(&context, &mut out), GCM, Some(256));
    refused(session.encrypt_finish(&context, &mut out), Error::InvalidArgument);
    (made, out)
}

#[test]
fn gcm_in_pieces() {
    let engine = Engine::builder().stream_limit(10_016).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let key = make(&session, gcm());
    for plain in messages() {
        let params = Params::NONE.aad(b"aad");
        let (made, sealed) = in_pieces(&session, key, &params, &plain);
        let opening = params.iv(made.iv.as_bytes());
        let mut at_once = vec![0; plain.len()];
        session.decrypt(key, GCM, &opening, &sealed, &mut at_once).unwrap().value();
        assert_eq!(at_once, plain);
        let context = session.decrypt_start(key, GCM, &opening).unwrap();
        for piece in sealed.chunks(1) {
            session.update(&context, piece).unwrap();
        }
        let mut opened = vec![0; plain.len()];
        served(session.decrypt_finish(&context, &mut opened), GCM, Some(256));
        assert_eq!(opened, plain);
    }
    // Past the limit of what is kept, the context is gone.
    let context = session.encrypt_start(key, GCM, &Params::NONE).unwrap();
    session.update(&context, &[0; 10_016]).unwrap();
    assert_eq!(session.update(&context, &[0]), Err(Error::LimitReached));
    assert_eq!(session.update(&context, &[]), Err(Error::InvalidArgument));
    // Associated data of a context is kept, and bounded.
    let context = session.encrypt_start(key, GCM, &Params::NONE.aad(&[7; 128])).unwrap();
    session.cancel(context).unwrap();
    let longer = session.encrypt_start(key, GCM, &Params::NONE.aad(&[7; 129]));
    assert_eq!(longer.unwrap_err(), Error::Unsupported);
}

// -- MACs --

#[test]
fn hmac_is_that_of_others() {
    let session = open(&engine());
    let partner = Partner::of(&session, Algorithm::AesKwp);
    for hash in ALL_HASHES {
        for len in [14, 32, 64, 65, 127, 128] {
            let secret: Vec<u8> = (0..len).map(|i| i as u8 ^ 0xa5).collect();
            let rule = Rule::hashed(Algorithm::Hmac, hash).min_tag(10);
            let usage = Usage::MAC.and(Usage::VERIFY_MAC);
            let template = Attributes::builder(KeyKind::Hmac).length(len).usage(usage).permit(rule);
            let key = partner.bring(&session, &secret, template);
            for message in messages() {
                let full = outside::hmac(hash, &secret, &message);
                for tag_len in [10, 16, full.len()] {
                    let params = Params::with_hash(hash).tag_len(tag_len);
                    let mut out = [BEFORE; 80];
                    let made = session.mac(key, Algorithm::Hmac, &params, &message, &mut out).unwrap();
                    assert_eq!(made.indicator().reason(), None);
                    assert_eq!(made.value(), tag_len);
                    assert_eq!(out[..tag_len], full[..tag_len]);
                    assert!(out[tag_len..].iter().all(|byte| *byte == BEFORE));
                    let verdict =
                        session.verify_mac(key, Algorithm::Hmac, &params, &message, &full[..tag_len]);
                    verdict.unwrap().value();
                }
            }
        }
    }
}

fn mac_in_pieces(session: &Session<'_>, context: &Context) {
    for piece in [b"mes".as_slice(), b"", b"sage"] {
        session.update(context, piece).unwrap();
    }
}

#[test]
fn macs_are_made_and_verified_in_one_call_and_in_pieces() {
    let session = open(&engine());
    for (hash, bits) in [(Hash::Sha256, 256), (Hash::Sha384, 256), (Hash::Sha512, 256)] {
        let (algorithm, bits, params) = (Algorithm::Hmac, Some(bits), Params::with_hash(hash));
        let len = hash.output_len();
        let usage = Usage::MAC.and(Usage::VERIFY_MAC);
        let rule = Rule::hashed(algorithm, hash);
        let key = make(&session, Attributes::builder(KeyKind::Hmac).usage(usage).permit(rule));
        let mac = |out: &mut [u8]| session.mac(key, algorithm, &params, b"message", out);
        let tag = bytes(algorithm, bits, mac);
        assert_eq!(tag.len(), len);
        let told = session.output_len(key, Operation::Mac, algorithm, &params, 7).unwrap().value();
        assert_eq!(told, len);
        too_small(len, mac);
        served(session.verify_mac(key, algorithm, &params, b"message", &tag), algorithm, bits);

        let context = session.mac_start(key, algorithm, &params).unwrap();
        mac_in_pieces(&session, &context);
        too_small(len, |out| session.mac_finish(&context, out));
        assert_eq!(bytes(algorithm, bits, |out| session.mac_finish(&context, out)), tag);
        let verify = |tag: &[u8]| {
            let context = session.verify_mac_start(key, algorithm, &params).unwrap();
            mac_in_pieces(&session, &context);
            session.verify_mac_finish(&context, tag)
        };
        served(verify(&tag), algorithm, bits);

        // Whatever is wrong with a tag, the answer is one; a shorter one is wrong too.
        for bit in 0..len * 8 {
            let mut changed = tag.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            refused(session.verify_mac(key, algorithm, &params, b"message", &changed), Error::Rejected);
            refused(verify(&changed), Error::Rejected);
        }
        let longer = [tag.as_slice(), &[0]].concat();
        for wrong in [&[], &tag[1..], &tag[..len - 1], &longer] {
            refused(session.verify_mac(key, algorithm, &params, b"message", wrong), Error::Rejected);
            refused(verify(wrong), Error::Rejected);
        }
        refused(session.verify_mac(key, algorithm, &params, b"massage", &tag), Error::Rejected);
        for (tag_len, making, verifying) in [
            (9, Error::Unsupported, Error::Unsupported),         // HMAC-1
            (len - 1, Error::NotPermitted, Error::NotPermitted), // full tags only
            (65, Error::InvalidArgument, Error::Unsupported),    // no such output
        ] {
            let params = params.tag_len(tag_len);
            refused_into(80, making, |out| session.mac(key, algorithm, &params, b"message", out));
            let wrong = vec![0; tag_len];
            refused(session.verify_mac(key, algorithm, &params, b"message", &wrong), verifying);
        }
    }
    let key = make(&session, hmac());
    for (params, error) in [
        (Params::NONE, Error::InvalidArgument),
        (Params::with_hash(Hash::Sha384), Error::NotPermitted),
        (SHA256.iv(&[0; 12]), Error::InvalidArgument),
    ] {
        refused(session.verify_mac(key, Algorithm::Hmac, &params, b"m", &[0; 32]), error);
        assert_eq!(session.mac_start(key, Algorithm::Hmac, &params).unwrap_err(), error);
    }
}

#[test]
fn mac_uses_are_counted_when_the_key_has_a_limit() {
    let session = open(&engine());
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256).min_tag(10);
    let usage = Usage::MAC.and(Usage::VERIFY_MAC);
    let key = make(&session, Attributes::builder(KeyKind::Hmac).usage(usage).permit(rule).uses(3));
    // A tag that is longer than its hash is no parameter, and costs nothing.
    let long = SHA256.tag_len(33);
    refused(session.verify_mac(key, Algorithm::Hmac, &long, b"m", &[0; 33]), Error::Unsupported);
    assert_eq!(session.mac_start(key, Algorithm::Hmac, &long).unwrap_err(), Error::Unsupported);
    assert_eq!(uses_left(&session, key), 3);
    let mac = |out: &mut [u8]| session.mac(key, Algorithm::Hmac, &SHA256, b"m", out);
    let mut tag = [0; 32];
    mac(&mut tag).unwrap().value();
    too_small(32, mac);
    session.verify_mac(key, Algorithm::Hmac, &SHA256, b"m", &tag).unwrap().value();
    let context = session.mac_start(key, Algorithm::Hmac, &SHA256).unwrap();
    let late = session.verify_mac_start(key, Algorithm::Hmac, &SHA256).unwrap();
    session.mac_finish(&context, &mut tag).unwrap().value();
    assert_eq!(uses_left(&session, key), 0);
    refused_into(32, Error::LimitReached, mac);
    refused(session.verify_mac_finish(&late, &tag), Error::LimitReached);
}

// -- keyless --

#[test]
fn digests_are_those_of_others() {
    let session = open(&engine());
    for hash in ALL_HASHES {
        for message in messages() {
            let expected = outside::digest(hash, &message);
            let digest = |out: &mut [u8]| session.digest(hash, &message, out);
            assert_eq!(bytes(hash.algorithm(), None, digest), expected);
            too_small(expected.len(), digest);
            let context = session.digest_start(hash).unwrap();
            for piece in message.chunks(63) {
                session.update(&context, piece).unwrap();
            }
            too_small(expected.len(), |out| session.digest_finish(&context, out));
            assert_eq!(bytes(hash.algorithm(), None, |out| session.digest_finish(&context, out)), expected);
            refused(session.digest_finish(&context, &mut [0; 64]), Error::InvalidArgument);
        }
    }
}

#[test]
fn random_numbers_fill_the_buffer_and_never_repeat() {
    let engine = engine();
    let (session, other) = (open(&engine), open(&engine));
    served(session.random(&mut []), Algorithm::CtrDrbg, None);
    let mut seen = std::collections::BTreeSet::new();
    for session in [&session, &other] {
        for _ in 0..200 {
            let mut out = [0; 32];
            served(session.random(&mut out), Algorithm::CtrDrbg, None);
            assert!(seen.insert(out));
        }
    }
    // More than one request of the DRBG, every part of it filled.
    let mut long = vec![0; 200_000];
    served(session.random(&mut long), Algorithm::CtrDrbg, None);
    for part in long.chunks(32) {
        assert!(seen.insert(part.try_into().unwrap()));
    }
}

#[test]
fn contexts_are_few_and_serve_one_purpose() -> Result<()> {
    let session = open(&engine());
    let key = make(&session, hmac());
    let mut open: Vec<_> = (0..8).map(|_| session.digest_start(Hash::Sha256).unwrap()).collect();
    assert_eq!(session.digest_start(Hash::Sha256).unwrap_err(), Error::NoSpace);
    assert_eq!(session.mac_start(key, Algorithm::Hmac, &SHA256).unwrap_err(), Error::NoSpace);
    session.cancel(open.pop().unwrap())?;
    let mac = session.mac_start(key, Algorithm::Hmac, &SHA256)?;
    let mut out = [BEFORE; 64];
    // None of these ends it, and it goes on.
    refused(session.digest_finish(&mac, &mut out), Error::InvalidArgument);
    refused(session.sign_finish(&mac, &mut out), Error::InvalidArgument);
    refused(session.encrypt_finish(&mac, &mut out), Error::InvalidArgument);
    refused(session.decrypt_finish(&mac, &mut out), Error::InvalidArgument);
    refused(session.verify_finish(&mac, &[0; 64]), Error::InvalidArgument);
    refused(session.verify_mac_finish(&mac, &[0; 32]), Error::InvalidArgument);
    assert_eq!(out, [BEFORE; 64]);
    assert_eq!(session.mac_finish(&mac, &mut out)?.value(), 32);
    assert_eq!(session.update(&mac, b"more"), Err(Error::InvalidArgument));
    assert_eq!(session.cancel(mac), Err(Error::InvalidArgument));
    Ok(())
}
