//! What firmware asks of the engine.

use strongroom::{
    Algorithm, Attributes, Caveats, Error, Export, Hash, Kdf, KeyHandle, KeyKind, Outcome, Params,
    Restriction, Result, Rule, Session, UnwrapAs, Usage,
};

use crate::{Keys, hold, measured};

type Open<'a> = Session<'a, Keys>;

const NONE: Params<'static> = Params::NONE;
const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const MESSAGE: &[u8; 1024] = &[0x6d; 1024];

pub(crate) fn all(session: &Open<'_>, is_signed: bool) -> Result<()> {
    let mut out = [0; 132];
    let p256 = Scheme { kind: KeyKind::EcP256, algorithm: Algorithm::EcdsaP256, hash: Some(Hash::Sha256) };
    let p384 = Scheme { kind: KeyKind::EcP384, algorithm: Algorithm::EcdsaP384, hash: Some(Hash::Sha384) };
    let p521 = Scheme { kind: KeyKind::EcP521, algorithm: Algorithm::EcdsaP521, hash: Some(Hash::Sha512) };
    let ed25519 = Scheme { kind: KeyKind::Ed25519, algorithm: Algorithm::Ed25519, hash: None };
    for scheme in [p256, p384, p521, ed25519] {
        signs(session, scheme, &mut out, is_signed)?;
    }
    agrees(session)?;
    encrypts(session)?;
    travels_bare(session)?;
    #[cfg(feature = "rsa")]
    rsa(session, is_signed)?;
    #[cfg(feature = "lattice")]
    {
        ml_kem(session)?;
        let scheme = Scheme { kind: KeyKind::MlDsa65, algorithm: Algorithm::MlDsa, hash: None };
        signs(session, scheme, &mut [0; 3309], is_signed)?;
    }
    #[cfg(feature = "slh-dsa")]
    {
        let scheme = Scheme { kind: KeyKind::SlhDsaSha2_128f, algorithm: Algorithm::SlhDsa, hash: None };
        signs(session, scheme, &mut [0; 17088], is_signed)?;
    }
    Ok(())
}

/// A name for the table, of several parts.
macro_rules! took {
    ($scheme:expr, $what:literal, $body:expr) => {{
        let mut name = Name::default();
        let _ = core::fmt::Write::write_fmt(&mut name, format_args!("{}, {}", $scheme, $what));
        measured(name.as_str(), $body)
    }};
}

#[derive(Clone, Copy)]
struct Scheme {
    kind: KeyKind,
    algorithm: Algorithm,
    hash: Option<Hash>,
}

impl Scheme {
    fn rule(self) -> Rule {
        self.hash.map_or(Rule::any(self.algorithm), |hash| Rule::hashed(self.algorithm, hash))
    }

    fn params(self) -> Params<'static> {
        self.hash.map_or(NONE, Params::with_hash)
    }
}

/// Generates a pair, signs, verifies; wraps it, destroys it, unwraps it, signs again.
#[inline(never)]
fn signs(session: &Open<'_>, scheme: Scheme, out: &mut [u8], is_signed: bool) -> Result<()> {
    let (algorithm, params, name) = (scheme.algorithm, scheme.params(), scheme.kind.name());
    let policy = Attributes::builder(scheme.kind)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(scheme.rule())
        .export(Export::NATIVE)
        .build()?;
    let key = took!(name, "generate", || session.generate(&policy))?.value();
    let made = took!(name, "sign", || session.sign(key, algorithm, &params, MESSAGE, out))?;
    hold!(made.indicator().approved() == is_signed);
    hold!(made.indicator().caveats().has(Caveats::ENTROPY_NOT_ASSURED));
    let len = made.value();
    let signature = out.get(..len).ok_or(Error::Corrupted)?;
    took!(name, "verify", || session.verify(key, algorithm, &params, MESSAGE, signature))?.value();
    hold!(session.verify(key, algorithm, &params, b"message", signature).err() == Some(Error::Rejected));

    let kek = kek(session, Algorithm::NativeWrap)?;
    let mut blob = [0; 1024];
    let wrap = || session.wrap(kek, Algorithm::NativeWrap, &NONE, key, &mut blob);
    let len = took!(name, "native wrap", wrap)?.value();
    let blob = blob.get_mut(..len).ok_or(Error::Corrupted)?;
    session.destroy(key)?.value();
    hold!(session.attributes(key).err() == Some(Error::UnknownKey));
    let limit = Restriction::none();
    let unwrap =
        |blob: &[u8]| session.unwrap(kek, Algorithm::NativeWrap, &NONE, blob, UnwrapAs::Native(&limit));
    flip(blob);
    hold!(unwrap(blob).err() == Some(Error::Rejected));
    flip(blob);
    let back = took!(name, "native unwrap", || unwrap(blob))?.value();
    // The key that came back is the one that signed, and signs.
    session.verify(back, algorithm, &params, MESSAGE, signature)?.value();
    let len = session.sign(back, algorithm, &params, MESSAGE, out)?.value();
    let signature = out.get(..len).ok_or(Error::Corrupted)?;
    session.verify(back, algorithm, &params, MESSAGE, signature)?.value();
    session.destroy(back)?.value();
    session.destroy(kek)?.value();
    Ok(())
}

fn flip(blob: &mut [u8]) {
    if let Some(last) = blob.last_mut() {
        *last ^= 1;
    }
}

fn kek(session: &Open<'_>, algorithm: Algorithm) -> Result<KeyHandle> {
    let policy = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(algorithm))
        .build()?;
    session.generate(&policy).map(Outcome::value)
}

/// A key whose MACs show which secret it has.
fn mac_key(export: Export) -> Result<Attributes> {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .export(export)
        .length(32)
        .build()
}

fn mac_of(session: &Open<'_>, key: KeyHandle) -> Result<[u8; 32]> {
    let mut tag = [0; 32];
    session.mac(key, Algorithm::Hmac, &SHA256, MESSAGE, &mut tag)?.value();
    Ok(tag)
}

#[inline(never)]
fn agrees(session: &Open<'_>) -> Result<()> {
    let policy = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::AGREE)
        .permit(Rule::any(Algorithm::EcdhP256))
        .build()?;
    let ours = session.generate(&policy)?.value();
    let theirs = session.generate(&policy)?.value();
    let params = SHA256.kdf(Kdf::Hkdf).info(b"info");
    let template = mac_key(Export::NONE)?;
    let (mut spki, mut peer) = ([0; 128], [0; 65]);
    let mut agree = |own, other| {
        let len = session.public_key(other, &mut spki)?.value();
        // The point is the end of a SubjectPublicKeyInfo.
        peer.copy_from_slice(spki.get(len - 65..len).ok_or(Error::Corrupted)?);
        took!("P-256", "agree", || session.agree(own, Algorithm::EcdhP256, &params, &peer, &template))
            .map(Outcome::value)
    };
    let one = agree(ours, theirs)?;
    let other = agree(theirs, ours)?;
    hold!(mac_of(session, one)? == mac_of(session, other)?);
    for key in [ours, theirs, one, other] {
        session.destroy(key)?.value();
    }
    Ok(())
}

#[inline(never)]
fn encrypts(session: &Open<'_>) -> Result<()> {
    let policy = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .build()?;
    let aes = took!("AES-256", "generate", || session.generate(&policy))?.value();
    let (mut sealed, mut opened) = ([0; 1040], [0; 1024]);
    let made = took!("AES-256-GCM", "encrypt 1 KiB", || {
        session.encrypt(aes, Algorithm::AesGcm, &NONE, MESSAGE, &mut sealed)
    })?;
    let iv = made.value().iv;
    let params = NONE.iv(iv.as_bytes());
    took!("AES-256-GCM", "decrypt 1 KiB", || {
        session.decrypt(aes, Algorithm::AesGcm, &params, &sealed, &mut opened)
    })?
    .value();
    hold!(&opened == MESSAGE);
    flip(&mut sealed);
    hold!(
        session.decrypt(aes, Algorithm::AesGcm, &params, &sealed, &mut opened).err() == Some(Error::Rejected)
    );
    session.destroy(aes)?.value();

    let hmac = session.generate(&mac_key(Export::NONE)?)?.value();
    let tag = took!("HMAC-SHA-256", "1 KiB", || mac_of(session, hmac))?;
    session.verify_mac(hmac, Algorithm::Hmac, &SHA256, MESSAGE, &tag)?.value();
    session.destroy(hmac)?.value();
    Ok(())
}

/// A key without its policy, under KWP.
#[inline(never)]
fn travels_bare(session: &Open<'_>) -> Result<()> {
    let kek = kek(session, Algorithm::AesKwp)?;
    let policy = mac_key(Export::INTEROPERABLE)?;
    let key = session.generate(&policy)?.value();
    let tag = mac_of(session, key)?;
    let mut blob = [0; 40];
    took!("HMAC key", "KWP wrap", || session.wrap(kek, Algorithm::AesKwp, &NONE, key, &mut blob))?.value();
    session.destroy(key)?.value();
    let unwrap =
        |blob: &[u8]| session.unwrap(kek, Algorithm::AesKwp, &NONE, blob, UnwrapAs::Foreign(&policy));
    flip(&mut blob);
    hold!(unwrap(&blob).err() == Some(Error::Rejected));
    flip(&mut blob);
    let back = took!("HMAC key", "KWP unwrap", || unwrap(&blob))?.value();
    hold!(mac_of(session, back)? == tag);
    session.destroy(back)?.value();
    session.destroy(kek)?.value();
    Ok(())
}

/// An RSA key is made, signs, leaves as PKCS #8 and comes in again, which checks it against its primes.
#[cfg(feature = "rsa")]
#[inline(never)]
fn rsa(session: &Open<'_>, is_signed: bool) -> Result<()> {
    let policy = Attributes::builder(KeyKind::Rsa2048)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::hashed(Algorithm::RsaPkcs1, Hash::Sha256))
        .permit(Rule::hashed(Algorithm::RsaPss, Hash::Sha256))
        .export(Export::INTEROPERABLE)
        .build()?;
    let key = took!("RSA-2048", "generate", || session.generate(&policy))?.value();
    let (mut pkcs1, mut pss, mut again) = ([0; 256], [0; 256], [0; 256]);
    let made = took!("RSA-2048", "sign, PKCS#1 v1.5", || {
        session.sign(key, Algorithm::RsaPkcs1, &SHA256, MESSAGE, &mut pkcs1)
    })?;
    hold!(made.indicator().approved() == is_signed);
    took!("RSA-2048", "sign, PSS", || session.sign(key, Algorithm::RsaPss, &SHA256, MESSAGE, &mut pss))?
        .value();
    took!("RSA-2048", "verify, PSS", || session.verify(key, Algorithm::RsaPss, &SHA256, MESSAGE, &pss))?
        .value();
    session.verify(key, Algorithm::RsaPkcs1, &SHA256, MESSAGE, &pkcs1)?.value();
    hold!(session.verify(key, Algorithm::RsaPss, &SHA256, b"message", &pss).err() == Some(Error::Rejected));

    let kek = kek(session, Algorithm::AesKwp)?;
    let mut blob = [0; 1280];
    let wrap = || session.wrap(kek, Algorithm::AesKwp, &NONE, key, &mut blob);
    let len = took!("RSA-2048", "KWP wrap", wrap)?.value();
    let blob = blob.get(..len).ok_or(Error::Corrupted)?;
    session.destroy(key)?.value();
    let back = took!("RSA-2048", "KWP unwrap", || {
        session.unwrap(kek, Algorithm::AesKwp, &NONE, blob, UnwrapAs::Foreign(&policy))
    })?
    .value();
    session.sign(back, Algorithm::RsaPkcs1, &SHA256, MESSAGE, &mut again)?.value();
    // PKCS#1 v1.5 is deterministic: the same key signs the same.
    hold!(again == pkcs1);
    session.verify(back, Algorithm::RsaPss, &SHA256, MESSAGE, &pss)?.value();

    let mut spki = [0; 512];
    let len = session.public_key(back, &mut spki)?.value();
    let public = Attributes::builder(KeyKind::Rsa2048)
        .public()
        .usage(Usage::VERIFY)
        .permit(Rule::hashed(Algorithm::RsaPss, Hash::Sha256))
        .build()?;
    let spki = spki.get(..len).ok_or(Error::Corrupted)?;
    let public = took!("RSA-2048", "import a public key", || session.import_public(spki, &public))?.value();
    session.verify(public, Algorithm::RsaPss, &SHA256, MESSAGE, &pss)?.value();
    for key in [public, back, kek] {
        session.destroy(key)?.value();
    }
    Ok(())
}

#[cfg(feature = "lattice")]
#[inline(never)]
fn ml_kem(session: &Open<'_>) -> Result<()> {
    let policy = Attributes::builder(KeyKind::MlKem768)
        .usage(Usage::ENCAPSULATE.and(Usage::DECAPSULATE))
        .permit(Rule::any(Algorithm::MlKem))
        .build()?;
    let template = mac_key(Export::NONE)?;
    let own = took!("ML-KEM-768", "generate", || session.generate(&policy))?.value();
    let mut ciphertext = [0; 1088];
    let (sent, _) = took!("ML-KEM-768", "encapsulate", || {
        session.encapsulate(own, Algorithm::MlKem, &NONE, &template, &mut ciphertext)
    })?
    .value();
    let decapsulate =
        |ciphertext: &[u8]| session.decapsulate(own, Algorithm::MlKem, &NONE, ciphertext, &template);
    let got = took!("ML-KEM-768", "decapsulate", || decapsulate(&ciphertext))?.value();
    hold!(mac_of(session, sent)? == mac_of(session, got)?);
    // A ciphertext that nobody made gives another key (FIPS 203 section 6.3).
    flip(&mut ciphertext);
    let other = decapsulate(&ciphertext)?.value();
    hold!(mac_of(session, sent)? != mac_of(session, other)?);
    for key in [own, sent, got, other] {
        session.destroy(key)?.value();
    }
    Ok(())
}

/// Text of at most 64 bytes.
struct Name {
    bytes: [u8; 64],
    len: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self { bytes: [0; 64], len: 0 }
    }
}

impl Name {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default()
    }
}

impl core::fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
