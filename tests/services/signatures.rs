//! Signing and verifying, with every algorithm and hash, in one call and in pieces.

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Hash, KeyHandle, KeyKind, Operation, Params,
    Profile, Reason, Rule, Session, Subject, Usage,
};

use super::outside::{self, Partner};
use super::{
    ALL_HASHES, bytes, inventory, make, refused, refused_into, served, strong_hashes, too_small, uses_left,
};
use crate::keys::{SHA256, engine, open, p256};

const BOTH: Usage = Usage::SIGN.and(Usage::VERIFY);

/// A way to sign: algorithm, hash, and the length of the signature.
struct Scheme {
    algorithm: Algorithm,
    hash: Option<Hash>,
    len: usize,
}

impl Scheme {
    fn params(&self) -> Params<'static> {
        self.hash.map_or(Params::NONE, Params::with_hash)
    }
}

/// Every scheme of a kind of key, and the strength of such a key.
fn schemes(kind: KeyKind) -> (u16, Vec<Scheme>) {
    let (bits, len, algorithms): (_, _, &[Algorithm]) = match kind {
        KeyKind::EcP256 => (128, 64, &[Algorithm::EcdsaP256]),
        KeyKind::EcP384 => (192, 96, &[Algorithm::EcdsaP384]),
        KeyKind::EcP521 => (256, 132, &[Algorithm::EcdsaP521]),
        KeyKind::Ed25519 => (128, 64, &[Algorithm::Ed25519]),
        KeyKind::Rsa2048 => (112, 256, &[Algorithm::RsaPkcs1, Algorithm::RsaPss]),
        KeyKind::Rsa3072 => (128, 384, &[Algorithm::RsaPkcs1, Algorithm::RsaPss]),
        KeyKind::Rsa4096 => (128, 512, &[Algorithm::RsaPkcs1, Algorithm::RsaPss]),
        other => panic!("{other:?} signs nothing"),
    };
    let mut schemes = Vec::new();
    for algorithm in algorithms.iter().copied() {
        let allowed = algorithm.facts().params.hashes;
        let hashes = ALL_HASHES.into_iter().filter(|hash| allowed.contains(*hash)).map(Some);
        let hashes = if allowed.is_empty() { vec![None] } else { hashes.collect() };
        schemes.extend(hashes.into_iter().map(|hash| Scheme { algorithm, hash, len }));
    }
    (bits, schemes)
}

fn signer(kind: KeyKind) -> AttributesBuilder {
    let mut algorithms: Vec<_> = schemes(kind).1.into_iter().map(|scheme| scheme.algorithm).collect();
    algorithms.dedup();
    let builder = Attributes::builder(kind).usage(BOTH);
    algorithms.into_iter().fold(builder, |builder, algorithm| builder.permit(Rule::any(algorithm)))
}

fn spki_of(session: &Session<'_>, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 600];
    let len = session.public_key(key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

/// Signs in one call and in pieces with every scheme of the key; others have to take each signature.
fn signs(session: &Session<'_>, key: KeyHandle, kind: KeyKind) {
    let spki = spki_of(session, key);
    let bits = session.attributes(key).unwrap().value().effective_strength().bits();
    let long: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
    for scheme in schemes(kind).1 {
        let Scheme { algorithm, hash, len } = scheme;
        let params = scheme.params();
        let needed = session.output_len(key, Operation::Sign, algorithm, &params, 7).unwrap().value();
        assert_eq!(needed, len);
        for message in [b"".as_slice(), b"message", &long] {
            let sign = |out: &mut [u8]| session.sign(key, algorithm, &params, message, out);
            let signature = bytes(algorithm, Some(bits), sign);
            assert_eq!(signature.len(), len);
            assert!(outside::verifies(algorithm, hash, &spki, message, &signature), "{kind:?} {hash:?}");
            let verdict = session.verify(key, algorithm, &params, message, &signature);
            served(verdict, algorithm, Some(bits));
            too_small(len, |out| session.sign(key, algorithm, &params, message, out));
        }
        let Some(hash) = hash else {
            let started = session.sign_start(key, algorithm, &params);
            assert_eq!(started.unwrap_err(), Error::Unsupported, "it reads the message twice");
            assert_eq!(session.verify_start(key, algorithm, &params).unwrap_err(), Error::Unsupported);
            continue;
        };
        let context = session.sign_start(key, algorithm, &params).unwrap();
        for piece in long.chunks(777) {
            session.update(&context, piece).unwrap();
        }
        too_small(len, |out| session.sign_finish(&context, out));
        let signature = bytes(algorithm, Some(bits), |out| session.sign_finish(&context, out));
        assert!(outside::verifies(algorithm, Some(hash), &spki, &long, &signature));
        refused(session.sign_finish(&context, &mut [0; 512]), Error::InvalidArgument);

        let context = session.verify_start(key, algorithm, &params).unwrap();
        for piece in long.chunks(1001) {
            session.update(&context, piece).unwrap();
        }
        served(session.verify_finish(&context, &signature), algorithm, Some(bits));
        let digest = outside::digest(hash, &long);
        served(session.verify_digest(key, algorithm, &params, &digest, &signature), algorithm, Some(bits));
    }
}

/// Whatever is wrong with a signature, the answer is one.
fn rejects(session: &Session<'_>, key: KeyHandle, kind: KeyKind) {
    for scheme in schemes(kind).1 {
        let (algorithm, params) = (scheme.algorithm, scheme.params());
        let mut signature = vec![0; scheme.len];
        session.sign(key, algorithm, &params, b"message", &mut signature).unwrap().value();
        let verify =
            |message: &[u8], signature: &[u8]| session.verify(key, algorithm, &params, message, signature);
        refused(verify(b"massage", &signature), Error::Rejected);
        refused(verify(b"", &signature), Error::Rejected);
        for at in (0..scheme.len).step_by(7) {
            let mut changed = signature.clone();
            changed[at] ^= 0x10;
            refused(verify(b"message", &changed), Error::Rejected);
        }
        let longer = [signature.as_slice(), &[0]].concat();
        let (zeros, ones) = (vec![0; scheme.len], vec![0xff; scheme.len]);
        for wrong in [&[], &signature[1..], &signature[..scheme.len - 1], &longer, &zeros, &ones] {
            refused(verify(b"message", wrong), Error::Rejected);
            if let Some(hash) = scheme.hash {
                let digest = outside::digest(hash, b"message");
                refused(session.verify_digest(key, algorithm, &params, &digest, wrong), Error::Rejected);
                let context = session.verify_start(key, algorithm, &params).unwrap();
                session.update(&context, b"message").unwrap();
                refused(session.verify_finish(&context, wrong), Error::Rejected);
            }
        }
    }
}

#[test]
fn keys_born_here_sign_what_others_verify() {
    let session = open(&engine());
    for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let key = make(&session, signer(kind));
        let strength = session.attributes(key).unwrap().value().effective_strength();
        assert_eq!(strength.bits(), schemes(kind).0);
        signs(&session, key, kind);
        rejects(&session, key, kind);
    }
}

#[test]
fn keys_brought_in_sign_what_others_verify() {
    let session = open(&engine());
    let partner = Partner::of(&session, Algorithm::AesKwp);
    for (kind, bits) in [(KeyKind::Rsa3072, 3072), (KeyKind::Rsa4096, 4096)] {
        let key = partner.bring(&session, &outside::rsa(bits).pkcs8(), signer(kind));
        signs(&session, key, kind);
        rejects(&session, key, kind);
    }
}

/// With one private key on both sides, what is deterministic comes out the same.
#[test]
fn deterministic_signatures_are_those_of_others() {
    use rsa::signature::Signer;
    use rsa::signature::hazmat::PrehashSigner;
    let session = open(&engine());
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let bring = |plain: &[u8], builder| partner.bring(&session, plain, builder);
    let sign = |key, algorithm, params: &Params<'_>| {
        let mut out = vec![0; 512];
        let len = session.sign(key, algorithm, params, b"message", &mut out).unwrap().value();
        out.truncate(len);
        out
    };

    let theirs = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false);
    let pkcs8 = outside::ec_pkcs8(outside::P256, &[0x11; 32], point.as_bytes());
    let rule = Rule::any(Algorithm::EcdsaP256).allow_deterministic();
    let key = bring(&pkcs8, Attributes::builder(KeyKind::EcP256).usage(Usage::SIGN).permit(rule));
    for hash in strong_hashes() {
        let params = Params::with_hash(hash);
        let hedged = sign(key, Algorithm::EcdsaP256, &params);
        assert_ne!(hedged, sign(key, Algorithm::EcdsaP256, &params), "hedged by default");
        let made = sign(key, Algorithm::EcdsaP256, &params.deterministic());
        if hash == Hash::Sha256 {
            // The crate's nonces always come from SHA-256, the curve's own hash.
            let expected: p256::ecdsa::Signature =
                theirs.sign_prehash(&outside::digest(hash, b"message")).unwrap();
            assert_eq!(made, expected.to_bytes().as_slice());
        }
        assert_eq!(made, sign(key, Algorithm::EcdsaP256, &params.deterministic()));
    }

    let theirs = p384::ecdsa::SigningKey::from_slice(&[0x22; 48]).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false);
    let pkcs8 = outside::ec_pkcs8(outside::P384, &[0x22; 48], point.as_bytes());
    let rule = Rule::any(Algorithm::EcdsaP384).allow_deterministic();
    let key = bring(&pkcs8, Attributes::builder(KeyKind::EcP384).usage(Usage::SIGN).permit(rule));
    let expected: p384::ecdsa::Signature =
        theirs.sign_prehash(&outside::digest(Hash::Sha384, b"message")).unwrap();
    let params = Params::with_hash(Hash::Sha384).deterministic();
    assert_eq!(sign(key, Algorithm::EcdsaP384, &params), expected.to_bytes().as_slice());

    let theirs = p521::ecdsa::SigningKey::from_slice(&outside::D521).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false);
    let pkcs8 = outside::ec_pkcs8(outside::P521, &outside::D521, point.as_bytes());
    let rule = Rule::any(Algorithm::EcdsaP521).allow_deterministic();
    let key = bring(&pkcs8, Attributes::builder(KeyKind::EcP521).usage(Usage::SIGN).permit(rule));
    let expected: p521::ecdsa::Signature =
        theirs.sign_prehash(&outside::digest(Hash::Sha512, b"message")).unwrap();
    let params = Params::with_hash(Hash::Sha512);
    assert_eq!(sign(key, Algorithm::EcdsaP521, &params.deterministic()), expected.to_bytes().as_slice());
    assert_ne!(sign(key, Algorithm::EcdsaP521, &params), sign(key, Algorithm::EcdsaP521, &params));

    let theirs = ed25519_dalek::SigningKey::from_bytes(&[0x33; 32]);
    let key = bring(&outside::ed25519_pkcs8(&[0x33; 32]), signer(KeyKind::Ed25519));
    let expected = theirs.sign(b"message").to_bytes();
    assert_eq!(sign(key, Algorithm::Ed25519, &Params::NONE), expected);

    let theirs = outside::rsa(2048);
    let key = bring(&theirs.pkcs8(), signer(KeyKind::Rsa2048));
    for hash in strong_hashes() {
        let expected = theirs.sign(Algorithm::RsaPkcs1, hash, b"message");
        assert_eq!(sign(key, Algorithm::RsaPkcs1, &Params::with_hash(hash)), expected);
        let params = Params::with_hash(hash);
        assert_ne!(sign(key, Algorithm::RsaPss, &params), sign(key, Algorithm::RsaPss, &params));
    }
}

#[test]
fn keys_verify_what_others_signed() {
    use rsa::signature::Signer;
    use rsa::signature::hazmat::PrehashSigner;
    let session = open(&engine());
    let verifier = |kind, algorithm| {
        Attributes::builder(kind).public().usage(Usage::VERIFY).permit(Rule::any(algorithm)).build().unwrap()
    };
    let check = |spki: &[u8], kind, algorithm, hash: Option<Hash>, signature: &[u8]| {
        let bits = Some(schemes(kind).0);
        let key = served(session.import_public(spki, &verifier(kind, algorithm)), algorithm, bits);
        assert_eq!(spki_of(&session, key), spki);
        let params = hash.map_or(Params::NONE, Params::with_hash);
        served(session.verify(key, algorithm, &params, b"message", signature), algorithm, bits);
        refused(session.verify(key, algorithm, &params, b"massage", signature), Error::Rejected);
        if let Some(hash) = hash {
            let digest = outside::digest(hash, b"message");
            served(session.verify_digest(key, algorithm, &params, &digest, signature), algorithm, bits);
            let context = session.verify_start(key, algorithm, &params).unwrap();
            for piece in [b"mes".as_slice(), b"", b"sage"] {
                session.update(&context, piece).unwrap();
            }
            served(session.verify_finish(&context, signature), algorithm, bits);
        }
        session.destroy(key).unwrap().value();
    };

    let p256 = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let spki = outside::ec_spki(outside::P256, p256.verifying_key().to_sec1_point(false).as_bytes());
    for hash in strong_hashes() {
        let made: p256::ecdsa::Signature = p256.sign_prehash(&outside::digest(hash, b"message")).unwrap();
        check(&spki, KeyKind::EcP256, Algorithm::EcdsaP256, Some(hash), &made.to_bytes());
    }
    let p384 = p384::ecdsa::SigningKey::from_slice(&[0x22; 48]).unwrap();
    let spki = outside::ec_spki(outside::P384, p384.verifying_key().to_sec1_point(false).as_bytes());
    for hash in [Hash::Sha384, Hash::Sha512] {
        let made: p384::ecdsa::Signature = p384.sign_prehash(&outside::digest(hash, b"message")).unwrap();
        check(&spki, KeyKind::EcP384, Algorithm::EcdsaP384, Some(hash), &made.to_bytes());
    }
    let p521 = p521::ecdsa::SigningKey::from_slice(&outside::D521).unwrap();
    let spki = outside::ec_spki(outside::P521, p521.verifying_key().to_sec1_point(false).as_bytes());
    for hash in [Hash::Sha512, Hash::Sha3_512] {
        let made: p521::ecdsa::Signature = p521.sign_prehash(&outside::digest(hash, b"message")).unwrap();
        check(&spki, KeyKind::EcP521, Algorithm::EcdsaP521, Some(hash), &made.to_bytes());
    }
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[0x33; 32]);
    let spki = outside::ed25519_spki(ed25519.verifying_key().as_bytes());
    check(&spki, KeyKind::Ed25519, Algorithm::Ed25519, None, &ed25519.sign(b"message").to_bytes());
    for (kind, bits) in [(KeyKind::Rsa2048, 2048), (KeyKind::Rsa3072, 3072), (KeyKind::Rsa4096, 4096)] {
        let rsa = outside::rsa(bits);
        for algorithm in [Algorithm::RsaPkcs1, Algorithm::RsaPss] {
            for hash in strong_hashes() {
                let made = rsa.sign(algorithm, hash, b"message");
                check(&rsa.spki(), kind, algorithm, Some(hash), &made);
            }
        }
    }
    assert_eq!(inventory(&session), []);
}

/// A digest that was made outside is no approved service (ECDSA-4).
#[test]
fn digests_from_outside_are_for_the_general_profile() {
    let digest = outside::digest(Hash::Sha256, b"message");
    let builder = |kind, algorithm| {
        let usage = Usage::SIGN_DIGEST.and(Usage::VERIFY);
        Attributes::builder(kind).usage(usage).permit(Rule::hashed(algorithm, Hash::Sha256))
    };
    let strict = open(&engine());
    let key = make(&strict, builder(KeyKind::EcP256, Algorithm::EcdsaP256));
    refused_into(64, Error::NotPermitted, |out| {
        strict.sign_digest(key, Algorithm::EcdsaP256, &SHA256, &digest, out)
    });

    let general = Engine::builder().profile(Profile::General).power_on().unwrap();
    let session = general.open_session(Subject::user(1), b"").unwrap();
    for (kind, algorithm, len) in [
        (KeyKind::EcP256, Algorithm::EcdsaP256, 64),
        (KeyKind::Rsa2048, Algorithm::RsaPkcs1, 256),
        (KeyKind::Rsa2048, Algorithm::RsaPss, 256),
    ] {
        let key = make(&session, builder(kind, algorithm));
        let mut out = vec![0; len];
        let made = session.sign_digest(key, algorithm, &SHA256, &digest, &mut out).unwrap();
        assert_eq!(made.indicator().reason(), Some(Reason::ExternalDigest));
        assert!(!made.indicator().approved_parameters());
        assert_eq!(made.value(), len);
        assert!(outside::verifies(algorithm, Some(Hash::Sha256), &spki_of(&session, key), b"message", &out));
        // Nothing that this profile does is approved, and it says so.
        let verdict = session.verify_digest(key, algorithm, &SHA256, &digest, &out).unwrap();
        assert_eq!(verdict.indicator().reason(), Some(Reason::GeneralProfile));

        for wrong in [&digest[1..], &[], &[0; 33]] {
            refused_into(len, Error::InvalidArgument, |out| {
                session.sign_digest(key, algorithm, &SHA256, wrong, out)
            });
            refused(session.verify_digest(key, algorithm, &SHA256, wrong, &out), Error::InvalidArgument);
        }
        too_small(len, |out| session.sign_digest(key, algorithm, &SHA256, &digest, out));
        // The right to sign digests is not the right to sign messages.
        refused_into(len, Error::NotPermitted, |out| session.sign(key, algorithm, &SHA256, b"message", out));
    }
    let key = make(&session, signer(KeyKind::Ed25519));
    refused_into(64, Error::Unsupported, |out| {
        session.sign_digest(key, Algorithm::Ed25519, &Params::NONE, &digest, out)
    });
    refused(
        session.verify_digest(key, Algorithm::Ed25519, &Params::NONE, &digest, &[0; 64]),
        Error::Unsupported,
    );
}

#[test]
fn parameters_come_from_the_closed_sets_and_from_the_rule() {
    let session = open(&engine());
    let p256 = make(&session, p256());
    let p384 = make(&session, signer(KeyKind::EcP384));
    let p521 = make(&session, signer(KeyKind::EcP521));
    let ed25519 = make(&session, signer(KeyKind::Ed25519));
    let sha384 = Params::with_hash(Hash::Sha384);
    for (key, algorithm, params, error) in [
        (p256, Algorithm::EcdsaP256, Params::NONE, Error::InvalidArgument),
        (p256, Algorithm::EcdsaP256, sha384, Error::NotPermitted), // not in the rule
        (p256, Algorithm::EcdsaP256, SHA256.deterministic(), Error::NotPermitted),
        (p256, Algorithm::EcdsaP256, SHA256.aad(b"x"), Error::InvalidArgument),
        (p256, Algorithm::EcdsaP256, SHA256.iv(&[0; 12]), Error::InvalidArgument),
        (p256, Algorithm::EcdsaP256, SHA256.label(b"x"), Error::InvalidArgument),
        (p256, Algorithm::EcdsaP256, SHA256.tag_len(16), Error::Unsupported),
        (p256, Algorithm::EcdsaP384, sha384, Error::NotPermitted), // not the key's algorithm
        (p256, Algorithm::Ed25519, Params::NONE, Error::NotPermitted),
        (p256, Algorithm::Hmac, SHA256, Error::Unsupported), // a MAC signs nothing
        (p384, Algorithm::EcdsaP384, SHA256, Error::Unsupported), // weaker than the curve
        (p521, Algorithm::EcdsaP521, sha384, Error::Unsupported),
        (p521, Algorithm::EcdsaP521, Params::with_hash(Hash::Sha3_384), Error::Unsupported),
        (ed25519, Algorithm::Ed25519, SHA256, Error::Unsupported),
        (ed25519, Algorithm::Ed25519, Params::NONE.deterministic(), Error::InvalidArgument),
    ] {
        let before = inventory(&session);
        refused_into(132, error, |out| session.sign(key, algorithm, &params, b"m", out));
        refused(session.verify(key, algorithm, &params, b"m", &[0; 64]), error);
        assert_eq!(inventory(&session), before);
    }
    // A key that signs ECDSA wants its parameters at the start of a message in pieces, too.
    let started = session.sign_start(p256, Algorithm::EcdsaP256, &sha384);
    assert_eq!(started.unwrap_err(), Error::NotPermitted);
}

#[test]
fn a_use_limit_holds_at_the_limit_and_one_past_it() {
    let session = open(&engine());
    let key = make(&session, p256().uses(3));
    let mut out = [0; 64];
    let sign = |out: &mut [u8]| session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", out);
    served(sign(&mut out), Algorithm::EcdsaP256, Some(128));
    // Refused before it is charged: a small buffer, a parameter outside the rule, another usage.
    too_small(64, sign);
    let sha384 = Params::with_hash(Hash::Sha384);
    refused_into(64, Error::NotPermitted, |out| session.sign(key, Algorithm::EcdsaP256, &sha384, b"m", out));
    assert_eq!(uses_left(&session, key), 2);
    // Verifying uses no secret.
    served(session.verify(key, Algorithm::EcdsaP256, &SHA256, b"m", &out), Algorithm::EcdsaP256, Some(128));
    // The start of a message in pieces spends nothing, its end does.
    let context = session.sign_start(key, Algorithm::EcdsaP256, &SHA256).unwrap();
    let idle = session.sign_start(key, Algorithm::EcdsaP256, &SHA256).unwrap();
    assert_eq!(uses_left(&session, key), 2);
    session.sign_finish(&context, &mut out).unwrap().value();
    assert_eq!(uses_left(&session, key), 1);
    served(sign(&mut out), Algorithm::EcdsaP256, Some(128));
    assert_eq!(uses_left(&session, key), 0);

    refused_into(64, Error::LimitReached, sign);
    refused_into(64, Error::LimitReached, |out| session.sign_finish(&idle, out));
    let other = session.verify(key, Algorithm::EcdsaP256, &SHA256, b"m", &out);
    served(other, Algorithm::EcdsaP256, Some(128));
}
