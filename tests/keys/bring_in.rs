//! Brings a secret that the test knows into an engine: under RSA-OAEP, encrypted by the crate `rsa`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    unreachable_pub
)] // a test

use rand_core::UnwrapErr;
use rsa::{BoxedUint, Oaep, PublicKey};
use strongroom::{
    Algorithm, Attributes, Error, Hash, KeyHandle, KeyKind, Params, Rule, Session, UnwrapAs, Usage,
};

/// The key has at most the 112 bits of the RSA key it came under.
pub fn bring_in(session: &Session<'static>, secret: &[u8], policy: &Attributes) -> KeyHandle {
    try_bring_in(session, secret, policy).unwrap()
}

/// The same, for secrets that the engine refuses.
pub fn try_bring_in(
    session: &Session<'static>,
    secret: &[u8],
    policy: &Attributes,
) -> Result<KeyHandle, Error> {
    let transport = Attributes::builder(KeyKind::Rsa2048)
        .usage(Usage::UNWRAP)
        .permit(Rule::hashed(Algorithm::RsaOaep, Hash::Sha256))
        .build()
        .unwrap();
    let kek = session.generate(&transport).unwrap().value();
    let mut spki = [0; 512];
    let len = session.public_key(kek, &mut spki).unwrap().value();
    // The end of a SubjectPublicKeyInfo: the modulus, then the exponent 02 03 01 00 01.
    let (e, n) = ([1u8, 0, 1], &spki[len - 5 - 256..len - 5]);
    assert_eq!(spki[len - 3..len], e);
    let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
    let public = PublicKey::new(number(n), number(&e)).unwrap();
    let mut random = UnwrapErr(getrandom::SysRng);
    let blob = public.encrypt(&mut random, Oaep::<sha2::Sha256>::new(), secret).unwrap();
    let params = Params::with_hash(Hash::Sha256);
    let key = session.unwrap(kek, Algorithm::RsaOaep, &params, &blob, UnwrapAs::Foreign(policy));
    let _ = session.destroy(kek).unwrap();
    Ok(key?.value())
}
