//! Public keys: read out, and imported after validation.

use strongroom::{
    Algorithm, Attributes, Error, KeyClass, KeyKind, Operation, Params, Rule, Session, Strength, Usage, pem,
};

use super::outside::{self, ec_spki, ed25519_spki, integer, spki};
use super::{bytes, inventory, make, refused, refused_into, served, too_small};
use crate::keys::{engine, gcm, hmac, open, p256};

fn verifier(kind: KeyKind, algorithm: Algorithm) -> Attributes {
    Attributes::builder(kind).public().usage(Usage::VERIFY).permit(Rule::any(algorithm)).build().unwrap()
}

const KINDS: [(KeyKind, Algorithm, u16); 5] = [
    (KeyKind::EcP256, Algorithm::EcdsaP256, 128),
    (KeyKind::EcP384, Algorithm::EcdsaP384, 192),
    (KeyKind::EcP521, Algorithm::EcdsaP521, 256),
    (KeyKind::Ed25519, Algorithm::Ed25519, 128),
    (KeyKind::Rsa2048, Algorithm::RsaPss, 112),
];

#[test]
fn a_public_half_goes_out_and_comes_in_again() {
    let session = open(&engine());
    for (kind, algorithm, bits) in KINDS {
        let usage = Usage::SIGN.and(Usage::VERIFY);
        let pair = make(&session, Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)));
        let spki = bytes(algorithm, Some(bits), |out| session.public_key(pair, out));
        let told = session.output_len(pair, Operation::PublicKey, algorithm, &Params::NONE, 0);
        assert_eq!(told.unwrap().value(), spki.len());
        too_small(spki.len(), |out| session.public_key(pair, out));

        let key = served(session.import_public(&spki, &verifier(kind, algorithm)), algorithm, Some(bits));
        let info = session.attributes(key).unwrap().value();
        assert_eq!(info.attributes().class(), KeyClass::Public);
        assert!(info.origin().imported() && !info.origin().pairwise_tested());
        assert_eq!(info.effective_strength(), Strength::of_bits(bits));
        assert_eq!(bytes(algorithm, Some(bits), |out| session.public_key(key, out)), spki);
        // What the pair signs, the public key verifies, and it signs nothing.
        let hash = algorithm.facts().params.hashes;
        let hash = super::ALL_HASHES.into_iter().rfind(|it| hash.contains(*it));
        let params = hash.map_or(Params::NONE, Params::with_hash);
        let mut out = vec![0; 256];
        let len = session.sign(pair, algorithm, &params, b"m", &mut out).unwrap().value();
        served(session.verify(key, algorithm, &params, b"m", &out[..len]), algorithm, Some(bits));
        refused_into(256, Error::NotPermitted, |out| session.sign(key, algorithm, &params, b"m", out));
        // PEM is the same bytes for people.
        let mut text = vec![0; pem::emitted_len(spki.len()).unwrap()];
        pem::emit(&spki, &mut text).unwrap();
        let mut back = vec![0; spki.len()];
        let len = pem::parse(&text, &mut back).unwrap();
        assert_eq!(back[..len], spki);
    }
    for secret in [gcm(), hmac()] {
        let key = make(&session, secret);
        refused_into(600, Error::NotPermitted, |out| session.public_key(key, out));
    }
}

/// No key is there after a refusal.
#[track_caller]
fn refuses(session: &Session<'_>, spki: &[u8], template: &Attributes, error: Error) {
    let before = inventory(session);
    refused(session.import_public(spki, template), error);
    assert_eq!(inventory(session), before);
}

#[test]
fn points_that_are_none_are_rejected() {
    let session = open(&engine());
    let template = verifier(KeyKind::EcP256, Algorithm::EcdsaP256);
    let theirs = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let import = |point: &[u8]| ec_spki(outside::P256, point);
    let prime = outside::unhex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    for wrong in [
        off_curve,
        vec![0],                                         // infinity
        [&[4], [0; 64].as_slice()].concat(),             // no point
        [&[4], prime.as_slice(), &point[33..]].concat(), // a coordinate that is not reduced
        [&[6], &point[1..]].concat(),                    // hybrid form
        point[..64].to_vec(),
        [point.as_slice(), &[0]].concat(),
        Vec::new(),
    ] {
        refuses(&session, &import(&wrong), &template, Error::Rejected);
    }
    // A compressed point is a point, and goes out uncompressed.
    let compressed = theirs.verifying_key().to_sec1_point(true).as_bytes().to_vec();
    let key = session.import_public(&import(&compressed), &template).unwrap().value();
    assert_eq!(bytes(Algorithm::EcdsaP256, Some(128), |out| session.public_key(key, out)), import(&point));
}

#[test]
fn points_of_p521_that_are_none_are_rejected() {
    let session = open(&engine());
    let template = verifier(KeyKind::EcP521, Algorithm::EcdsaP521);
    let theirs = p521::ecdsa::SigningKey::from_slice(&outside::D521).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let import = |point: &[u8]| ec_spki(outside::P521, point);
    let prime = [&[1], [0xff; 65].as_slice()].concat(); // 2^521 - 1
    let mut off_curve = point.clone();
    off_curve[132] ^= 1;
    let mut high_bits = point.clone();
    high_bits[1] |= 2; // the 522nd bit
    for wrong in [
        off_curve,
        high_bits,
        vec![0],
        [&[4], [0; 132].as_slice()].concat(),
        [&[4], prime.as_slice(), &point[67..]].concat(),
        [&[6 | (point[132] & 1)], &point[1..]].concat(),
        point[..132].to_vec(),
        [point.as_slice(), &[0]].concat(),
    ] {
        refuses(&session, &import(&wrong), &template, Error::Rejected);
    }
    let compressed = theirs.verifying_key().to_sec1_point(true).as_bytes().to_vec();
    let key = session.import_public(&import(&compressed), &template).unwrap().value();
    assert_eq!(bytes(Algorithm::EcdsaP521, Some(256), |out| session.public_key(key, out)), import(&point));
}

#[test]
fn edwards_points_and_moduli_that_are_none_are_rejected() {
    let session = open(&engine());
    let template = verifier(KeyKind::Ed25519, Algorithm::Ed25519);
    let mut unreduced = [0xff; 32]; // 2^255 - 1, above the prime
    unreduced[31] = 0x7f;
    let identity = [[1].as_slice(), &[0; 31]].concat();
    let no_point = [[2].as_slice(), &[0; 31]].concat();
    for wrong in [unreduced.to_vec(), identity, no_point, vec![0; 31], vec![0; 33], Vec::new()] {
        refuses(&session, &ed25519_spki(&wrong), &template, Error::Rejected);
    }

    let template = verifier(KeyKind::Rsa2048, Algorithm::RsaPss);
    let n = outside::rsa(2048).n;
    let rsa = |n: &[u8], e: &[u8]| {
        let numbers = outside::der(0x30, &[&integer(n), &integer(e)]);
        spki(&[&outside::oid(outside::RSA), &[5, 0]], &numbers)
    };
    session.import_public(&rsa(&n, &[1, 0, 1]), &template).unwrap().value();
    let mut even = n.clone();
    even[255] ^= 1;
    let three = [[3].as_slice(), &[0; 254], &[9]].concat(); // divisible by three
    for (n, e) in [
        (even.as_slice(), [1, 0, 1].as_slice()),
        (&three, &[1, 0, 1]),
        (&n[1..], &[1, 0, 1]),
        (&n, &[3]),
        (&n, &[1, 0, 2]),
        (&n, &[1]),
        (&n, &[1; 40]),
        (&[0], &[1, 0, 1]),
    ] {
        refuses(&session, &rsa(n, e), &template, Error::Rejected);
    }
}

#[test]
fn encodings_that_are_not_canonical_are_rejected() {
    let session = open(&engine());
    let template = verifier(KeyKind::EcP256, Algorithm::EcdsaP256);
    let pair = make(&session, p256());
    let spki = bytes(Algorithm::EcdsaP256, Some(128), |out| session.public_key(pair, out));
    for len in 0..spki.len() {
        refuses(&session, &spki[..len], &template, Error::Rejected);
    }
    refuses(&session, &[spki.as_slice(), &[0]].concat(), &template, Error::Rejected);
    refuses(&session, &vec![0x30; 1 << 20], &template, Error::Rejected);
    // Every bit of the frame around the point, which is the last 65 bytes.
    for bit in 0..(spki.len() - 65) * 8 {
        let mut changed = spki.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let before = inventory(&session);
        session.import_public(&changed, &template).unwrap_err();
        assert_eq!(inventory(&session), before);
    }
}

#[test]
fn a_template_has_to_be_that_of_the_key() {
    let session = open(&engine());
    let p256 = make(&session, p256());
    let spki = bytes(Algorithm::EcdsaP256, Some(128), |out| session.public_key(p256, out));
    // Another kind, or no public key.
    for (kind, algorithm, _) in KINDS.into_iter().skip(1) {
        refuses(&session, &spki, &verifier(kind, algorithm), Error::InvalidArgument);
    }
    let private = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::VERIFY)
        .permit(Rule::any(Algorithm::EcdsaP256))
        .build()
        .unwrap();
    refuses(&session, &spki, &private, Error::InvalidArgument);
    let template = Attributes::builder(KeyKind::EcP256)
        .public()
        .usage(Usage::VERIFY)
        .permit(Rule::any(Algorithm::EcdsaP256));
    refuses(&session, &spki, &template.clone().owner(2).build().unwrap(), Error::NotPermitted);
    // A public key can do what anybody can, and does not leave wrapped.
    for wrong in [
        template.clone().usage(Usage::SIGN.and(Usage::VERIFY)),
        template.clone().export(strongroom::Export::NATIVE),
        template.uses(5),
    ] {
        assert_eq!(wrong.build().unwrap_err(), Error::InvalidArgument);
    }
}
