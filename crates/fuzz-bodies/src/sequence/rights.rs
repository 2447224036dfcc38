//! The rights of a key as the model knows them.

use strongroom::{
    Algorithm, Attributes, Error, Export, ExportFormat, Hash, HashSet, KeyKind, Lifetime, Restriction, Rule,
    Rules, Usage,
};

/// What a key is for: kind and algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Gcm,
    Counter,
    Kw,
    Kwp,
    Native,
    Hmac,
    P256,
    Ed25519,
    Parent,
    MlDsa,
}

impl Shape {
    pub(super) const ALL: [Self; 10] = [
        Self::Gcm,
        Self::Counter,
        Self::Kw,
        Self::Kwp,
        Self::Native,
        Self::Hmac,
        Self::P256,
        Self::Ed25519,
        Self::Parent,
        Self::MlDsa,
    ];

    pub(super) fn kind(self) -> KeyKind {
        match self {
            Self::Gcm | Self::Kw => KeyKind::Aes128,
            Self::Counter | Self::Kwp | Self::Native => KeyKind::Aes256,
            Self::Hmac => KeyKind::Hmac,
            Self::P256 => KeyKind::EcP256,
            Self::Ed25519 => KeyKind::Ed25519,
            Self::Parent => KeyKind::Derivation,
            Self::MlDsa => KeyKind::MlDsa44,
        }
    }

    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Gcm => Algorithm::AesGcm,
            Self::Counter => Algorithm::AesGcmCounter,
            Self::Kw => Algorithm::AesKw,
            Self::Kwp => Algorithm::AesKwp,
            Self::Native => Algorithm::NativeWrap,
            Self::Hmac => Algorithm::Hmac,
            Self::P256 => Algorithm::EcdsaP256,
            Self::Ed25519 => Algorithm::Ed25519,
            Self::Parent => Algorithm::CounterHmac,
            Self::MlDsa => Algorithm::MlDsa,
        }
    }

    /// The usages that may stand together on such a key.
    pub(super) fn usages(self) -> &'static [Usage] {
        match self {
            Self::Gcm | Self::Counter => &[Usage::ENCRYPT, Usage::DECRYPT],
            Self::Kw | Self::Kwp | Self::Native => &[Usage::WRAP, Usage::UNWRAP],
            Self::Hmac => &[Usage::MAC, Usage::VERIFY_MAC],
            Self::P256 => &[Usage::SIGN, Usage::VERIFY, Usage::SIGN_DIGEST],
            Self::Ed25519 | Self::MlDsa => &[Usage::SIGN, Usage::VERIFY],
            Self::Parent => &[Usage::DERIVE],
        }
    }

    pub(super) fn strength(self) -> u16 {
        match self {
            Self::Gcm | Self::Kw | Self::P256 | Self::Ed25519 | Self::MlDsa => 128,
            Self::Counter | Self::Kwp | Self::Native | Self::Hmac | Self::Parent => 256,
        }
    }

    pub(super) fn is_pair(self) -> bool {
        matches!(self, Self::P256 | Self::Ed25519 | Self::MlDsa)
    }

    /// Length of the bare secret of a symmetric key.
    pub(super) fn len(self) -> usize {
        if self.strength() == 128 { 16 } else { 32 }
    }

    /// Least and greatest tag that a rule may ask for.
    fn tags(self) -> (u8, u8) {
        match self {
            Self::Gcm | Self::Counter => (12, 16),
            Self::Hmac => (10, 64),
            _ => (0, 0),
        }
    }

    fn takes_hash(self) -> bool {
        matches!(self, Self::Hmac | Self::P256 | Self::Parent)
    }
}

/// Parameters that a key permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// One hash, or all of them.
    pub(super) hash: Option<Hash>,
    pub(super) min_tag: u8,
    pub(super) deterministic: bool,
}

impl Terms {
    fn rule(self, shape: Shape) -> Rule {
        let mut rule = match self.hash {
            Some(hash) if shape.takes_hash() => Rule::hashed(shape.algorithm(), hash),
            _ => Rule::any(shape.algorithm()),
        };
        rule = rule.min_tag(self.min_tag);
        if self.deterministic { rule.allow_deterministic() } else { rule }
    }

    pub(super) fn permits_hash(self, hash: Hash) -> bool {
        self.hash.is_none_or(|only| only == hash)
    }
}

/// A key's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) shape: Shape,
    pub(super) usage: Usage,
    pub(super) terms: Terms,
    pub(super) export: Export,
    pub(super) uses: Option<u64>,
    pub(super) owner: Option<u64>,
    pub(super) persistent: bool,
}

impl Rights {
    /// All that a key of this shape can be allowed.
    pub(super) fn full(shape: Shape) -> Self {
        Self {
            shape,
            usage: shape.usages().iter().fold(Usage::NONE, |all, one| all.and(*one)),
            terms: Terms {
                hash: (shape == Shape::Hmac).then_some(Hash::Sha256),
                min_tag: shape.tags().0,
                deterministic: shape == Shape::P256,
            },
            export: Export::INTEROPERABLE,
            uses: None,
            owner: None,
            persistent: true,
        }
    }

    pub(super) fn attributes(&self) -> Result<Attributes, Error> {
        let mut builder = Attributes::builder(self.shape.kind())
            .usage(self.usage)
            .permit(self.terms.rule(self.shape))
            .export(self.export);
        if matches!(self.shape, Shape::Hmac | Shape::Parent) {
            builder = builder.length(32);
        }
        if let Some(uses) = self.uses {
            builder = builder.uses(uses);
        }
        if let Some(owner) = self.owner {
            builder = builder.owner(owner);
        }
        if self.persistent {
            builder = builder.persistent();
        }
        builder.build()
    }

    /// Whether such a key can exist.
    pub(super) fn are_valid(&self) -> bool {
        let all = self.shape.usages().iter().fold(Usage::NONE, |all, one| all.and(*one));
        let (low, high) = self.shape.tags();
        !self.usage.is_empty()
            && self.usage.is_subset(all)
            && self.uses != Some(0)
            && (low..=high).contains(&self.terms.min_tag)
            && (!self.terms.deterministic || matches!(self.shape, Shape::P256 | Shape::MlDsa))
            && (self.shape != Shape::Hmac || self.terms.hash.is_some())
            && (self.export.format() != ExportFormat::None || !self.export.needs_trusted())
    }

    /// Whether a key with these rights has none that `parent` lacks.
    pub(super) fn descend_from(&self, parent: &Self) -> bool {
        let export = self.export.format() == ExportFormat::None
            || (self.export.format() <= parent.export.format()
                && (self.export.needs_trusted() || !parent.export.needs_trusted()));
        export
            && (parent.persistent || !self.persistent)
            && parent.owner.is_none_or(|owner| self.owner == Some(owner))
    }

    /// Whether the engine keeps count of its uses.
    pub(super) fn are_counted(&self) -> bool {
        self.uses.is_some() || self.make_ivs()
    }

    /// Whether each use of `ENCRYPT` or `WRAP` spends an IV.
    pub(super) fn make_ivs(&self) -> bool {
        match self.shape {
            Shape::Gcm | Shape::Counter => self.usage.has(Usage::ENCRYPT),
            Shape::Native => self.usage.has(Usage::WRAP),
            _ => false,
        }
    }

    /// Uses of a new key.
    pub(super) fn budget(&self) -> Option<u64> {
        let ivs = if self.shape == Shape::Counter { 1 << 62 } else { 1 << 32 };
        self.uses.or(self.make_ivs().then_some(ivs))
    }

    /// These rights under a limit, or the errors that it may be refused with.
    pub(super) fn narrowed(&self, limit: &Limit) -> (Self, Vec<Error>) {
        let mut narrow = self.clone();
        let mut within = true;
        if let Some(usage) = limit.usage {
            within &= usage.is_subset(self.usage);
            narrow.usage = usage;
        }
        if let Some(terms) = limit.terms {
            let hash = !self.shape.takes_hash() || self.terms.hash.is_none() || terms.hash == self.terms.hash;
            within &= hash
                && terms.min_tag >= self.terms.min_tag
                && (self.terms.deterministic || !terms.deterministic);
            narrow.terms = terms;
        }
        if let Some(export) = limit.export {
            let gone = export.format() == ExportFormat::None;
            let trust = export.needs_trusted() || !self.export.needs_trusted();
            within &= gone || (export.format() <= self.export.format() && trust);
            narrow.export = export;
        }
        if let Some(uses) = limit.uses {
            within &= self.uses.is_none_or(|have| uses <= have);
            narrow.uses = Some(uses);
        }
        if let Some(owner) = limit.owner {
            within &= self.owner.is_none_or(|have| owner == have);
            narrow.owner = Some(owner);
        }
        if limit.session_only {
            narrow.persistent = false;
        }
        let mut faults = Vec::new();
        if !within {
            faults.push(Error::NotPermitted);
        }
        if !narrow.are_valid() {
            faults.push(Error::InvalidArgument);
        }
        (narrow, faults)
    }

    /// Whether the engine says the same of the key.
    pub(super) fn match_what(&self, seen: &Attributes) -> bool {
        let rule = self.terms.rule(self.shape);
        let lifetime = if self.persistent { Lifetime::Persistent } else { Lifetime::Session };
        seen.kind() == self.shape.kind()
            && seen.usage() == self.usage
            && *seen.rules() == Rules::one(rule)
            && seen.export() == self.export
            && seen.uses() == self.uses
            && seen.owner() == self.owner
            && seen.lifetime() == lifetime
    }
}

/// What a caller takes away.
#[derive(Clone, Debug, Default)]
pub(super) struct Limit {
    pub(super) usage: Option<Usage>,
    pub(super) terms: Option<Terms>,
    pub(super) export: Option<Export>,
    pub(super) uses: Option<u64>,
    pub(super) owner: Option<u64>,
    pub(super) session_only: bool,
}

impl Limit {
    pub(super) fn restriction(&self, shape: Shape) -> Restriction {
        let mut limit = Restriction::none();
        if let Some(usage) = self.usage {
            limit = limit.usage(usage);
        }
        if let Some(terms) = self.terms {
            limit = limit.rules(Rules::one(terms.rule(shape)));
        }
        if let Some(export) = self.export {
            limit = limit.export(export);
        }
        if let Some(uses) = self.uses {
            limit = limit.uses(uses);
        }
        if let Some(owner) = self.owner {
            limit = limit.owner(owner);
        }
        if self.session_only { limit.session_only() } else { limit }
    }
}

/// Hashes that calls name: those that signatures and MACs both take.
pub(super) fn hash(byte: u8) -> Hash {
    let strong = |hash: &Hash| HashSet::STRONG.contains(*hash);
    let count = Hash::ALL.iter().copied().filter(strong).count();
    Hash::ALL.into_iter().filter(strong).nth(usize::from(byte) % count).unwrap()
}
