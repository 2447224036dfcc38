//! An engine, kinds of keys, mechanisms, and what keys do.

use strongroom::{
    Algorithm, Approval, Attributes, Clock, Engine, Error, Export, Family, Filter, Hash, HashSet, Kdf,
    KeyHandle, KeyInfo, KeyKind, Outcome, Params, Restriction, Rule, Session, Subject, UnwrapAs, Usage,
};

pub(crate) const USER: u64 = 7;

pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> u64 {
        1000
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) session: Session<'static>,
}

/// How a key travels.
#[derive(Clone, Copy)]
pub(crate) struct Mechanism {
    pub(crate) kek: KeyHandle,
    pub(crate) kind: KeyKind,
    pub(crate) algorithm: Algorithm,
    /// OAEP takes one.
    pub(crate) hash: Option<Hash>,
}

impl Mechanism {
    pub(crate) fn params(&self) -> Params<'static> {
        self.hash.map_or(Params::NONE, |hash| Params::with_hash(hash).label(b"label"))
    }

    pub(crate) fn is_native(&self) -> bool {
        self.algorithm == Algorithm::NativeWrap
    }

    pub(crate) fn name(&self) -> String {
        format!("{} under {}", self.algorithm.name(), self.kind.name())
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) kind: KeyKind,
    pub(crate) algorithm: Algorithm,
    /// The one hash of an HMAC key.
    pub(crate) hash: Option<Hash>,
}

pub(crate) const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// The hashes of signatures and key transport.
pub(crate) fn strong_hashes() -> impl Iterator<Item = Hash> {
    Hash::ALL.into_iter().filter(|hash| HashSet::STRONG.contains(*hash))
}

/// Every approved algorithm with every kind of key that it takes. The others are for the general profile.
pub(crate) fn shapes(fits: impl Fn(KeyKind) -> bool) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let approved = |it: &Algorithm| it.facts().approval == Approval::Approved;
    for algorithm in Algorithm::all().filter(approved) {
        // SLH-DSA: the sets that are fast to make and to sign with stand for all.
        let slow = |kind: &KeyKind| kind.name().starts_with("SLH-DSA") && !kind.name().ends_with("128f");
        for &kind in algorithm.facts().kinds.iter().filter(|kind| fits(**kind) && !slow(kind)) {
            if kind == KeyKind::Hmac {
                shapes.extend(Hash::ALL.map(|hash| Shape { kind, algorithm, hash: Some(hash) }));
            } else {
                shapes.push(Shape { kind, algorithm, hash: None });
            }
        }
    }
    assert!(!shapes.is_empty());
    shapes
}

impl Shape {
    pub(crate) fn name(&self) -> String {
        format!("{} for {}", self.kind.name(), self.algorithm.name())
    }

    /// Whether a hash is long enough for the kind, where that asks for more than the algorithm does.
    pub(crate) fn is_strong(&self, hash: Hash) -> bool {
        let needed = match self.kind {
            KeyKind::MlDsa65 => 48,
            KeyKind::MlDsa87 => 64,
            _ => 0,
        };
        hash.output_len() >= needed
    }

    pub(crate) fn is_rsa(&self) -> bool {
        is_rsa(self.kind)
    }

    /// The usages that protect and that open.
    pub(crate) fn usages(&self) -> (Usage, Usage) {
        let all = self.algorithm.facts().usage;
        [
            (Usage::ENCRYPT, Usage::DECRYPT),
            (Usage::MAC, Usage::VERIFY_MAC),
            (Usage::WRAP, Usage::UNWRAP),
            (Usage::SIGN, Usage::VERIFY),
            (Usage::DERIVE, Usage::DERIVE),
            (Usage::AGREE, Usage::AGREE),
            (Usage::ENCAPSULATE, Usage::DECAPSULATE),
        ]
        .into_iter()
        .find(|(protects, _)| all.has(*protects))
        .unwrap()
    }

    /// The message as the algorithm takes it: CBC without padding takes whole blocks.
    fn fitted(&self, message: &[u8]) -> Vec<u8> {
        let whole = self.algorithm == Algorithm::AesCbc;
        let len = if whole { message.len().next_multiple_of(16) } else { message.len() };
        let mut fitted = message.to_vec();
        fitted.resize(len, 0);
        fitted
    }

    fn params(&self, hash: Option<Hash>) -> Params<'static> {
        let params = hash.map_or(Params::NONE, Params::with_hash);
        let facts = self.algorithm.facts();
        let params = if facts.params.aad { params.aad(b"aad") } else { params };
        if facts.usage.has(Usage::AGREE) { params.kdf(Kdf::Hkdf) } else { params }
    }

    pub(crate) fn signs(&self) -> bool {
        self.usages().0 == Usage::SIGN
    }

    /// The widest rule there is.
    pub(crate) fn any(&self) -> Rule {
        let params = &self.algorithm.facts().params;
        let rule = match self.hash {
            Some(hash) => Rule::hashed(self.algorithm, hash),
            None => Rule::any(self.algorithm),
        };
        let rule = params.tag.map_or(rule, |(least, _)| rule.min_tag(least));
        if params.deterministic { rule.allow_deterministic() } else { rule }
    }

    /// Length of the key as other systems know it; RSA keys vary.
    pub(crate) fn bare_len(&self, attributes: &Attributes) -> Option<usize> {
        match self.kind {
            // RFC 5915 in RFC 5208, with the public key, without the curve a second time; RFC 8410.
            KeyKind::EcP256 => Some(138),
            KeyKind::EcP384 => Some(185),
            KeyKind::EcP521 => Some(241),
            KeyKind::Ed25519 => Some(48),
            // RFC 9935, the seed.
            KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => Some(86),
            KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => Some(54),
            // RFC 9909: the key, longer than 127 bytes with its headers or not.
            kind if kind.name().starts_with("SLH-DSA") => Some(usize::from(attributes.length()) + 20),
            _ if self.is_rsa() => None,
            _ => Some(usize::from(attributes.length())),
        }
    }
}

/// Something that a key made.
pub(crate) struct Made {
    pub(crate) hash: Option<Hash>,
    pub(crate) iv: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// What the wrapped key said before it was wrapped.
    pub(crate) said: [u8; 32],
}

impl Bench {
    pub(crate) fn new() -> Self {
        let engine = Engine::builder().clock(Noon).power_on().unwrap();
        let session = engine.open_session(Subject::user(USER), b"").unwrap();
        Self { engine, session }
    }

    pub(crate) fn keys(&self) -> usize {
        let mut out = [KeyHandle::from_u64(0); 256];
        self.session.keys(&Filter::ALL, None, &mut out).unwrap().value()
    }

    pub(crate) fn info(&self, key: KeyHandle) -> KeyInfo {
        self.session.attributes(key).unwrap().value()
    }

    pub(crate) fn destroy(&self, key: KeyHandle) {
        self.session.destroy(key).unwrap().value();
    }

    pub(crate) fn generate(&self, attributes: &Attributes) -> KeyHandle {
        self.session.generate(attributes).unwrap().value()
    }

    pub(crate) fn mechanism(&self, kind: KeyKind, algorithm: Algorithm) -> Mechanism {
        let usage = Usage::WRAP.and(Usage::UNWRAP);
        let template = Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)).build().unwrap();
        Mechanism { kek: self.generate(&template), kind, algorithm, hash: None }
    }

    pub(crate) fn symmetric_mechanisms(&self) -> Vec<Mechanism> {
        let all = [Algorithm::NativeWrap, Algorithm::AesKw, Algorithm::AesKwp];
        let pairs = all.iter().flat_map(|one| one.facts().kinds.iter().map(|kind| (*kind, *one)));
        pairs.map(|(kind, algorithm)| self.mechanism(kind, algorithm)).collect()
    }

    /// OAEP with each hash, under one key.
    pub(crate) fn oaep_mechanisms(&self, kind: KeyKind) -> Vec<Mechanism> {
        let one = self.mechanism(kind, Algorithm::RsaOaep);
        strong_hashes().map(|hash| Mechanism { hash: Some(hash), ..one }).collect()
    }

    pub(crate) fn public_key(&self, key: KeyHandle) -> Vec<u8> {
        let mut out = vec![0; 4096];
        let len = self.session.public_key(key, &mut out).unwrap().value();
        out.truncate(len);
        out
    }

    // -- what keys do --

    /// A hash that the key permits, if it takes one.
    pub(crate) fn hash(&self, shape: &Shape, key: KeyHandle) -> Option<Hash> {
        let rules = self.info(key).attributes().rules().clone();
        let permitted = rules.find(shape.algorithm).unwrap().hashes();
        // As strong as the key, where the kind asks for that: the longest.
        Hash::ALL.into_iter().filter(|hash| permitted.contains(*hash)).max_by_key(|hash| hash.output_len())
    }

    pub(crate) fn protect(
        &self,
        shape: &Shape,
        key: KeyHandle,
        hash: Option<Hash>,
        message: &[u8],
    ) -> Result<Made, Error> {
        let (params, message) = (shape.params(hash), &shape.fitted(message)[..]);
        let (session, algorithm) = (&self.session, shape.algorithm);
        let mut made = Made { hash, iv: Vec::new(), output: vec![0; 17088], said: [0; 32] };
        let len = match shape.usages().0 {
            Usage::ENCRYPT => {
                let sealed = session.encrypt(key, algorithm, &params, message, &mut made.output)?.value();
                made.iv = sealed.iv.as_bytes().to_vec();
                sealed.len
            }
            Usage::MAC => session.mac(key, algorithm, &params, message, &mut made.output)?.value(),
            Usage::SIGN => session.sign(key, algorithm, &params, message, &mut made.output)?.value(),
            Usage::DERIVE | Usage::AGREE => {
                let child = self.child(shape, key, &params)?;
                let mac = session.mac(child, Algorithm::Hmac, &SHA256, message, &mut made.output);
                self.destroy(child);
                mac.unwrap().value()
            }
            Usage::ENCAPSULATE => {
                let template = self.template(key, 32);
                let made_key = session.encapsulate(key, algorithm, &params, &template, &mut made.output)?;
                let (child, len) = made_key.value();
                session.mac(child, Algorithm::Hmac, &SHA256, message, &mut made.said).unwrap().value();
                self.destroy(child);
                len
            }
            _ => {
                let small = self.generate(&small(shape));
                let sha256 = Params::with_hash(Hash::Sha256);
                session.mac(small, Algorithm::Hmac, &sha256, message, &mut made.said).unwrap().value();
                let wrapped = session.wrap(key, algorithm, &params, small, &mut made.output);
                self.destroy(small);
                wrapped?.value()
            }
        };
        made.output.truncate(len);
        Ok(made)
    }

    pub(crate) fn open(
        &self,
        shape: &Shape,
        key: KeyHandle,
        message: &[u8],
        made: &Made,
    ) -> Result<(), Error> {
        let (params, message) = (shape.params(made.hash), &shape.fitted(message)[..]);
        let (session, algorithm) = (&self.session, shape.algorithm);
        match shape.usages().0 {
            Usage::ENCRYPT => {
                let mut out = vec![0; made.output.len()];
                let params = params.iv(&made.iv);
                let len = session.decrypt(key, algorithm, &params, &made.output, &mut out)?.value();
                assert_eq!(&out[..len], message);
                Ok(())
            }
            Usage::MAC => {
                session.verify_mac(key, algorithm, &params, message, &made.output).map(Outcome::value)
            }
            Usage::SIGN => session.verify(key, algorithm, &params, message, &made.output).map(Outcome::value),
            Usage::DERIVE | Usage::AGREE => {
                let child = self.child(shape, key, &params)?;
                let verdict = session.verify_mac(child, Algorithm::Hmac, &SHA256, message, &made.output);
                self.destroy(child);
                verdict.map(Outcome::value)
            }
            Usage::ENCAPSULATE => {
                let template = self.template(key, 32);
                let child = session.decapsulate(key, algorithm, &params, &made.output, &template)?.value();
                let verdict = session.verify_mac(child, Algorithm::Hmac, &SHA256, message, &made.said);
                self.destroy(child);
                verdict.map(Outcome::value)
            }
            _ => {
                let (template, none) = (small(shape), Restriction::none());
                let native = algorithm.facts().family == Family::Native;
                let form = if native { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(&template) };
                let small = session.unwrap(key, algorithm, &params, &made.output, form)?.value();
                let sha256 = Params::with_hash(Hash::Sha256);
                session.verify_mac(small, Algorithm::Hmac, &sha256, message, &made.said).unwrap().value();
                self.destroy(small);
                Ok(())
            }
        }
    }

    /// A MAC key that may come of this one.
    fn template(&self, parent: KeyHandle, length: u16) -> Attributes {
        let parent = self.info(parent).attributes().clone();
        let template = Attributes::builder(KeyKind::Hmac)
            .usage(Usage::MAC.and(Usage::VERIFY_MAC))
            .length(length)
            .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
            .validity(parent.validity());
        let template = parent.owner().map_or(template.clone(), |owner| template.owner(owner));
        template.build().unwrap()
    }

    /// A MAC key that comes of this one: derived, or agreed on with its own public half.
    fn child(&self, shape: &Shape, key: KeyHandle, params: &Params<'_>) -> Result<KeyHandle, Error> {
        let parent = self.info(key).attributes().clone();
        let template = self.template(key, 14);
        let made = if shape.usages().0 == Usage::DERIVE {
            self.session.derive(key, shape.algorithm, params, &template)
        } else {
            let spki = self.public_key(key);
            let point = spki.len() - 1 - 2 * usize::from(parent.length());
            self.session.agree(key, shape.algorithm, params, &spki[point..], &template)
        };
        made.map(Outcome::value)
    }

    /// The key does what the original does, as far as it may. `spent` when it may make no more IVs.
    pub(crate) fn serves(
        &self,
        shape: &Shape,
        original: KeyHandle,
        key: KeyHandle,
        message: &[u8],
        spent: bool,
    ) {
        let attributes = self.info(key).attributes().clone();
        let (protects, opens) = shape.usages();
        let refusal = |needed: Usage, counted: bool| {
            if !attributes.usage().has(needed) {
                Some(Error::NotPermitted)
            } else {
                (spent && counted).then_some(Error::LimitReached)
            }
        };
        let native = shape.algorithm == Algorithm::NativeWrap;
        let cannot_open = refusal(opens, attributes.uses().is_some());
        let hash = self.hash(shape, key);
        let theirs = self.protect(shape, original, hash, message).unwrap();
        let opened = self.open(shape, key, message, &theirs);
        // Native blobs name their KEK by its id, and the original has another one.
        let expected = cannot_open.or(native.then_some(Error::Rejected));
        assert_eq!(opened.err(), expected, "{}: opening what the original made", shape.name());

        let mine = self.protect(shape, key, hash, message);
        assert_eq!(mine.as_ref().err(), refusal(protects, true).as_ref(), "{}: protecting", shape.name());
        let Ok(mine) = mine else { return };
        let opener = if native { key } else { original };
        let expected = if native { cannot_open } else { None };
        assert_eq!(self.open(shape, opener, message, &mine).err(), expected, "{}", shape.name());
        if shape.signs() {
            let verifier = Attributes::builder(shape.kind).public().usage(Usage::VERIFY);
            let verifier = verifier.permit(Rule::any(shape.algorithm)).build().unwrap();
            let public = self.public_key(original);
            let public = self.session.import_public(&public, &verifier).unwrap().value();
            assert_eq!(self.open(shape, public, message, &mine), Ok(()), "{}", shape.name());
            let another = self.open(shape, public, &[message, &[0]].concat(), &mine);
            assert_eq!(another, Err(Error::Rejected));
            self.destroy(public);
        }
    }

    // -- in and out --

    pub(crate) fn unwrap(
        &self,
        by: &Mechanism,
        blob: &[u8],
        form: UnwrapAs<'_>,
    ) -> Result<Outcome<KeyHandle>, Error> {
        self.session.unwrap(by.kek, by.algorithm, &by.params(), blob, form)
    }

    pub(crate) fn wrap(&self, by: &Mechanism, payload: KeyHandle) -> Result<Vec<u8>, Error> {
        let most = self.session.wrapped_len(by.kek, by.algorithm, payload).map(Outcome::value);
        let mut blob = vec![0; most.unwrap_or(4096)];
        let len = self.session.wrap(by.kek, by.algorithm, &by.params(), payload, &mut blob)?.value();
        assert!(most.is_ok());
        blob.truncate(len);
        Ok(blob)
    }
}

/// A key small and weak enough for every KEK to wrap.
pub(crate) fn small(shape: &Shape) -> Attributes {
    // KW takes whole semiblocks; RSA-2048 takes a strength of 112 bits.
    let length = if shape.is_rsa() { 14 } else { 16 };
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .length(length)
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .export(Export::INTEROPERABLE)
        .build()
        .unwrap()
}

pub(crate) fn is_rsa(kind: KeyKind) -> bool {
    kind.modulus_len() != 0
}
