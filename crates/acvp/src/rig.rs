//! The engine under test, and the front door: test keys are wrapped here, with KWP under a KEK that this
//! program knows, and unwrapped by the engine. Nothing is put into the engine in any other way.
//!
//! * In: the KEK comes under RSA-OAEP, as an operator would bring one. Keys have 112 bits of strength then.
//! * Out: generated keys, for the responses that show them, leave under a KEK that comes of key agreement on
//!   P-521, because a weaker KEK wraps no stronger key.

use std::cell::OnceCell;

use strongroom::lab::raw;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Hash, Kdf, KeyHandle, KeyKind, Params, Profile, Rule,
    Session, Subject, UnwrapAs, Usage,
};

use crate::der;
use crate::fields::{Fault, Result, verdict};

/// An engine with one session.
pub(crate) struct Rig {
    session: Session<'static>,
    inward: OnceCell<Kek>,
    outward: OnceCell<Kek>,
}

/// A KEK of the engine whose bytes this program knows.
struct Kek {
    handle: KeyHandle,
    bytes: Vec<u8>,
}

/// A key that lives as long as this.
pub(crate) struct Held<'r> {
    rig: &'r Rig,
    handle: KeyHandle,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // A key that the engine no longer has is gone all the same.
        let _ = self.rig.session.destroy(self.handle);
    }
}

impl Held<'_> {
    pub(crate) fn handle(&self) -> KeyHandle {
        self.handle
    }
}

/// The policy of a key for one thing.
pub(crate) fn policy(kind: KeyKind, usage: Usage, rule: Rule) -> AttributesBuilder {
    Attributes::builder(kind).usage(usage).permit(rule)
}

impl Rig {
    /// The general profile: some sets ask for what the approved profile refuses, such as signing digests, and for
    /// passwords that are stretched little.
    pub(crate) fn power_on() -> Result<Self> {
        let engine = Engine::builder().profile(Profile::General).min_iterations(1).power_on();
        let engine = engine.map_err(|_| Fault::Failed("the engine does not power on".into()))?;
        let session = engine.open_session(Subject::user(1), b"")?;
        Ok(Self { session, inward: OnceCell::new(), outward: OnceCell::new() })
    }

    pub(crate) fn session(&self) -> &Session<'static> {
        &self.session
    }

    pub(crate) fn random(&self, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.session.random(&mut bytes)?.value();
        Ok(bytes)
    }

    pub(crate) fn blinding(&self) -> impl FnMut(&mut [u8]) -> strongroom::Result<()> + '_ {
        |out| self.session.random(out).map(|done| done.value())
    }

    /// Brings a key in: bytes of a secret key, PKCS #8 of a pair. `Ok(Err)` is what the engine said.
    pub(crate) fn try_bring_in(
        &self,
        policy: AttributesBuilder,
        plain: &[u8],
    ) -> Result<strongroom::Result<Held<'_>>> {
        let kek = made(&self.inward, || self.inward_kek())?;
        let (blob, policy) = (raw::key_wrap(&kek.bytes, true, plain)?, policy.build()?);
        let form = UnwrapAs::Foreign(&policy);
        let key = self.session.unwrap(kek.handle, Algorithm::AesKwp, &Params::NONE, &blob, form);
        Ok(key.map(|key| self.hold(key.value())))
    }

    pub(crate) fn bring_in(&self, policy: AttributesBuilder, plain: &[u8]) -> Result<Held<'_>> {
        Ok(self.try_bring_in(policy, plain)??)
    }

    pub(crate) fn generate(&self, policy: AttributesBuilder) -> Result<Held<'_>> {
        Ok(self.hold(self.session.generate(&policy.build()?)?.value()))
    }

    /// A public key, if it is one.
    pub(crate) fn import(&self, policy: AttributesBuilder, spki: &[u8]) -> Result<Option<Held<'_>>> {
        let imported = self.session.import_public(spki, &policy.public().build()?);
        Ok(verdict(imported)?.map(|key| self.hold(key.value())))
    }

    pub(crate) fn hold(&self, handle: KeyHandle) -> Held<'_> {
        Held { rig: self, handle }
    }

    /// The plaintext of an exportable key: secret bytes, or PKCS #8.
    pub(crate) fn take_out(&self, key: &Held<'_>) -> Result<Vec<u8>> {
        let kek = made(&self.outward, || self.outward_kek())?;
        let mut blob = vec![0; 4096];
        let wrapped =
            self.session.wrap(kek.handle, Algorithm::AesKwp, &Params::NONE, key.handle, &mut blob)?;
        Ok(raw::key_unwrap(&kek.bytes, true, blob.get(..wrapped.value()).unwrap_or(&[]))?)
    }

    /// The public half as SubjectPublicKeyInfo.
    pub(crate) fn spki(&self, key: &Held<'_>) -> Result<Vec<u8>> {
        let mut out = vec![0; 4096];
        let len = self.session.public_key(key.handle, &mut out)?.value();
        out.truncate(len);
        Ok(out)
    }

    fn inward_kek(&self) -> Result<Kek> {
        const HASH: Hash = Hash::Sha256;
        let rule = Rule::hashed(Algorithm::RsaOaep, HASH);
        let transport = self.generate(policy(KeyKind::Rsa2048, Usage::UNWRAP, rule))?;
        let (n, e) = der::rsa_public(&self.spki(&transport)?)?;
        let bytes = self.random(32)?;
        let em = raw::oaep_encode(HASH, b"", &bytes, &self.random(HASH.output_len())?, n.len())?;
        let blob = raw::rsa_public(&n, &e, &em)?;
        let kek = policy(KeyKind::Aes256, Usage::UNWRAP, Rule::any(Algorithm::AesKwp)).build()?;
        let (params, form) = (Params::with_hash(HASH), UnwrapAs::Foreign(&kek));
        let handle = self.session.unwrap(transport.handle, Algorithm::RsaOaep, &params, &blob, form)?.value();
        Ok(Kek { handle, bytes })
    }

    fn outward_kek(&self) -> Result<Kek> {
        const HASH: Hash = Hash::Sha512;
        const INFO: &[u8] = b"strongroom-acvp";
        let rule = Rule::hashed(Algorithm::EcdhP521, HASH);
        let theirs = self.generate(policy(KeyKind::EcP521, Usage::AGREE, rule))?;
        // Below the order, whose first bits are 1.
        let d = [vec![0], self.random(65)?].concat();
        let ours = raw::ec_public(KeyKind::EcP521, &d)?;
        let kek = policy(KeyKind::Aes256, Usage::WRAP, Rule::any(Algorithm::AesKwp)).build()?;
        let params = Params::with_hash(HASH).kdf(Kdf::Hkdf).info(INFO);
        let agreed = self.session.agree(theirs.handle, Algorithm::EcdhP521, &params, &ours, &kek)?;
        let z = raw::ecdh(KeyKind::EcP521, &d, &der::point(&self.spki(&theirs)?)?)?;
        Ok(Kek { handle: agreed.value(), bytes: raw::hkdf(HASH, &[], &z, INFO, 32)? })
    }
}

fn made(place: &OnceCell<Kek>, make: impl FnOnce() -> Result<Kek>) -> Result<&Kek> {
    if place.get().is_none() {
        let _ = place.set(make()?);
    }
    place.get().ok_or_else(|| Fault::Failed("no KEK".into()))
}

impl Rig {
    /// Whether a key of the engine is the HMAC key with these bytes.
    pub(crate) fn is_hmac_key(&self, key: &Held<'_>, hash: Hash, bytes: &[u8]) -> Result<()> {
        const MESSAGE: &[u8] = b"the same key?";
        let mut mac = vec![0; hash.output_len()];
        let params = Params::with_hash(hash);
        self.session.mac(key.handle, Algorithm::Hmac, &params, MESSAGE, &mut mac)?.value();
        if mac == raw::hmac(hash, bytes, MESSAGE)? {
            Ok(())
        } else {
            Err(Fault::Failed("the service and the raw function derive different keys".into()))
        }
    }
}
