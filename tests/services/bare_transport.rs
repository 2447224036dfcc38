//! Bare transport beside KW, KWP and OAEP: AES-GCM over a key, and RSA with AES key wrap, both directions
//! against other implementations.

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Error, Export, Hash, KeyKind, Params, Rule, Strength,
    UnwrapAs, Usage,
};

use super::outside::{self, Partner};
use super::{bytes, inventory, make, refused, strong_hashes, too_small};
use crate::keys::{SHA256, engine, hmac, open};

const GCM_WRAP: Algorithm = Algorithm::AesGcmWrap;
const RSA_AES: Algorithm = Algorithm::RsaAesKwp;

fn signer(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::SIGN).permit(Rule::any(algorithm)).export(Export::INTEROPERABLE)
}

/// Every way to damage a blob is rejected, and nothing is created.
fn every_damage_is_rejected(blob: &[u8], unwrap: impl Fn(&[u8]) -> Result<(), Error>) {
    for len in 0..blob.len() {
        assert_eq!(unwrap(&blob[..len]), Err(Error::Rejected), "cut to {len}");
    }
    for at in 0..blob.len() {
        let mut changed = blob.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(unwrap(&changed), Err(Error::Rejected), "byte {at}");
    }
    assert_eq!(unwrap(&[blob, &[0]].concat()), Err(Error::Rejected));
    assert_eq!(unwrap(&[blob, &[0; 8]].concat()), Err(Error::Rejected));
}

#[test]
fn gcm_over_keys_is_that_of_others() {
    let session = open(&engine());
    let partner = Partner::of(&session, Algorithm::AesKwp);
    for (kind, len) in [(KeyKind::Aes128, 16u8), (KeyKind::Aes192, 24), (KeyKind::Aes256, 32)] {
        let kek_bytes: Vec<u8> = (1..=len).collect();
        let rule = Rule::any(GCM_WRAP);
        let kek = Attributes::builder(kind).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(rule);
        let kek = partner.bring(&session, &kek_bytes, kek);
        let params = Params::NONE.aad(b"to whom");

        let secret = [0x5c; 14];
        let payload = partner.bring(&session, &secret, hmac().length(14).export(Export::INTEROPERABLE));
        let wrap = |out: &mut [u8]| session.wrap(kek, GCM_WRAP, &params, payload, out);
        assert_eq!(session.wrapped_len(kek, GCM_WRAP, payload).unwrap().value(), 12 + 14 + 16);
        too_small(12 + 14 + 16, wrap);
        let wrapped = || {
            let mut blob = [0; 42];
            let made = wrap(&mut blob).unwrap();
            assert_eq!(made.indicator().strength(), Some(Strength::of_bits(128)), "as the KEK travelled");
            assert_eq!((made.indicator().reason(), made.value()), (None, 42));
            blob
        };
        let blob = wrapped();
        assert_eq!(blob[12..], outside::gcm(&kek_bytes, &blob[..12], b"to whom", &secret));
        assert_ne!(blob[..12], wrapped()[..12], "an IV of its own each time");

        let iv = [0x21; 12];
        let theirs = [&iv[..], &outside::gcm(&kek_bytes, &iv, b"to whom", &secret)].concat();
        let template = hmac().length(14).build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        let key = session.unwrap(kek, GCM_WRAP, &params, &theirs, form).unwrap().value();
        assert!(session.attributes(key).unwrap().value().origin().imported());
        let mut tag = [0; 32];
        session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap().value();
        assert_eq!(tag.as_slice(), outside::hmac(Hash::Sha256, &secret, b"m"));

        let before = inventory(&session);
        every_damage_is_rejected(&theirs, |blob| {
            session.unwrap(kek, GCM_WRAP, &params, blob, form).map(drop)
        });
        refused(session.unwrap(kek, GCM_WRAP, &Params::NONE, &theirs, form), Error::Rejected);
        assert_eq!(inventory(&session), before);
    }
}

/// Each wrap makes a random IV, so the KEK is counted like any key that does (GCM-3).
#[test]
fn a_gcm_kek_has_the_ceiling_of_random_ivs() {
    let session = open(&engine());
    let kek = Attributes::builder(KeyKind::Aes128).usage(Usage::WRAP).permit(Rule::any(GCM_WRAP));
    let unlimited = make(&session, kek.clone());
    let uses = |key| session.attributes(key).unwrap().value().remaining_uses();
    assert_eq!(uses(unlimited), Some(1 << 32));
    let twice = make(&session, kek.uses(2));
    let payload = make(&session, hmac().length(14).export(Export::INTEROPERABLE));
    let mut out = [0; 64];
    for left in [Ok(()), Ok(()), Err(Error::LimitReached)] {
        assert_eq!(session.wrap(twice, GCM_WRAP, &Params::NONE, payload, &mut out).map(drop), left);
    }
}

#[test]
fn rsa_with_aes_carries_private_keys_out() {
    let session = open(&engine());
    let theirs = outside::rsa(3072);
    let template =
        Attributes::builder(KeyKind::Rsa3072).public().usage(Usage::WRAP).permit(Rule::any(RSA_AES));
    let kek = session.import_public(&theirs.spki(), &template.build().unwrap()).unwrap().value();
    let key = make(&session, signer(KeyKind::EcP256, Algorithm::EcdsaP256));
    let told = session.wrapped_len(kek, RSA_AES, key).unwrap().value();
    for hash in strong_hashes() {
        let params = Params::with_hash(hash).label(b"label");
        let wrap = |out: &mut [u8]| session.wrap(kek, RSA_AES, &params, key, out);
        too_small(told, wrap);
        let blob = bytes(RSA_AES, Some(128), wrap);
        assert!(blob.len() <= told);
        let (under_rsa, under_aes) = blob.split_at(384);
        let aes = theirs.oaep_open(hash, b"label", under_rsa).unwrap();
        assert_eq!(aes.len(), 32);
        // They open the rest, and find the key: wrapped by them it is the same blob.
        let pkcs8 = outside::kwp_open(&aes, under_aes).unwrap();
        let scalar: &[u8; 32] = pkcs8[pkcs8.len() - 102..][..32].try_into().unwrap();
        let found = p256::ecdsa::SigningKey::from_slice(scalar).unwrap();
        let mut spki = [0; 91];
        session.public_key(key, &mut spki).unwrap().value();
        assert_eq!(found.verifying_key().to_sec1_point(false).as_bytes(), &spki[26..]);
        assert_eq!(outside::kwp(&aes, &pkcs8), under_aes);
    }
}

#[test]
fn rsa_with_aes_brings_private_keys_in() {
    let session = open(&engine());
    let kek = Attributes::builder(KeyKind::Rsa2048).usage(Usage::UNWRAP).permit(Rule::any(RSA_AES));
    let kek = make(&session, kek);
    let mut spki = vec![0; 294];
    session.public_key(kek, &mut spki).unwrap().value();
    let theirs = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = theirs.verifying_key().to_sec1_point(false);
    let pkcs8 = outside::ec_pkcs8(outside::P256, &[0x11; 32], point.as_bytes());
    let template = signer(KeyKind::EcP256, Algorithm::EcdsaP256).build().unwrap();
    let form = UnwrapAs::Foreign(&template);
    let params = SHA256.label(b"label");
    let seal = |aes: &[u8]| {
        let under_rsa = outside::oaep_seal(&spki, Hash::Sha256, b"label", aes);
        [under_rsa, outside::kwp(aes, &pkcs8)].concat()
    };
    for len in [16, 24, 32] {
        let came = session.unwrap(kek, RSA_AES, &params, &seal(&vec![9; len]), form).unwrap();
        assert_eq!(came.indicator().reason(), None);
        assert!(came.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));
        let key = came.value();
        let info = session.attributes(key).unwrap().value();
        assert_eq!(info.effective_strength(), Strength::of_bits(112), "at the strength of RSA-2048");
        let mut out = [0; 91];
        session.public_key(key, &mut out).unwrap().value();
        assert_eq!(&out[26..], point.as_bytes());
    }
    let before = inventory(&session);
    let unwrap = |blob: &[u8]| session.unwrap(kek, RSA_AES, &params, blob, form).map(drop);
    let blob = seal(&[9; 32]);
    every_damage_is_rejected(&blob, unwrap);
    // A key of no AES length, another label, only one of the two parts.
    let under_rsa = outside::oaep_seal(&spki, Hash::Sha256, b"label", &[9; 31]);
    assert_eq!(unwrap(&[&under_rsa, &blob[256..]].concat()), Err(Error::Rejected));
    let other_label = session.unwrap(kek, RSA_AES, &SHA256, &blob, form);
    refused(other_label, Error::Rejected);
    assert_eq!(unwrap(&blob[..256]), Err(Error::Rejected));
    assert_eq!(unwrap(&blob[256..]), Err(Error::Rejected));
    // The AES key inside is nobody's to bring in as a key.
    let aes = Attributes::builder(KeyKind::Aes256).usage(Usage::UNWRAP).permit(Rule::any(Algorithm::AesKwp));
    let aes = aes.build().unwrap();
    let oaep = session.unwrap(kek, Algorithm::RsaOaep, &params, &blob[..256], UnwrapAs::Foreign(&aes));
    refused(oaep, Error::NotPermitted);
    assert_eq!(inventory(&session), before);
}

/// STR-2, and the export rule: these formats are interoperable ones.
#[test]
fn what_may_not_leave_bare_does_not_leave_so() {
    let session = open(&engine());
    let rule = Rule::any(GCM_WRAP);
    let weak = make(&session, Attributes::builder(KeyKind::Aes128).usage(Usage::WRAP).permit(rule));
    let rsa = Attributes::builder(KeyKind::Rsa2048).usage(Usage::WRAP).permit(Rule::any(RSA_AES));
    let rsa = make(&session, rsa);
    let strong = make(&session, hmac().export(Export::INTEROPERABLE));
    let native = make(&session, hmac().length(14).export(Export::NATIVE));
    let mut out = [0; 1024];
    for payload in [strong, native] {
        refused(session.wrap(weak, GCM_WRAP, &Params::NONE, payload, &mut out), Error::NotPermitted);
        refused(session.wrap(rsa, RSA_AES, &SHA256, payload, &mut out), Error::NotPermitted);
    }
}
