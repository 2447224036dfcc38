//! What a key is and what it may be used for. Only valid attributes can be built.
//!
//! [`Attributes`] are immutable once built; a live key only ever gets *narrower* ones
//! ([`Attributes::restricted`]). The separation-of-use rules (SSP-9, SP 800-57 part 1 section 5.2) are
//! the data in [`PURPOSES`] and in [`Attributes::check`].

mod builder;
mod parts;

pub use builder::AttributesBuilder;
pub use parts::{
    Export, ExportFormat, KeyClass, KeyKind, Lifetime, Rule, Rules, Strength, Text, Usage, Validity,
};

use crate::error::{Error, Result};

/// Owner of a key: the id of the subject that alone may use it.
pub type Owner = u64;

/// Longest label, in bytes.
pub const LABEL_LEN: usize = 32;
/// Longest application data, in bytes.
pub const APPLICATION_LEN: usize = 64;
/// Shortest and longest HMAC or derivation key, in bytes (HMAC-1: 112 bits at least).
pub const HMAC_KEY_LEN: (u16, u16) = (14, 128);

/// Usages that may stand together on one key. A key's usages lie inside exactly one of these:
/// sign and decrypt, or wrap and decrypt, never meet (trap T-7).
pub const PURPOSES: [Usage; 7] = [
    Usage::ENCRYPT.and(Usage::DECRYPT),
    Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY),
    Usage::MAC.and(Usage::VERIFY_MAC),
    Usage::WRAP.and(Usage::UNWRAP),
    Usage::DERIVE,
    Usage::AGREE,
    Usage::ENCAPSULATE.and(Usage::DECAPSULATE),
];

/// The policy of a key: kind, usages, permitted algorithms, export rule, lifetime, limits, owner, label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    pub(crate) kind: KeyKind,
    pub(crate) class: KeyClass,
    /// Length of the secret in bytes, for kinds of variable length; else the length of the kind.
    pub(crate) length: u16,
    pub(crate) usage: Usage,
    pub(crate) rules: Rules,
    pub(crate) export: Export,
    pub(crate) lifetime: Lifetime,
    pub(crate) uses: Option<u64>,
    pub(crate) validity: Validity,
    pub(crate) owner: Option<Owner>,
    pub(crate) trusted: bool,
    pub(crate) label: Text<LABEL_LEN>,
    pub(crate) application: Text<APPLICATION_LEN>,
}

impl Attributes {
    /// Starts to describe a key of this kind. Private for asymmetric kinds, secret for the others.
    #[must_use]
    pub fn builder(kind: KeyKind) -> AttributesBuilder {
        AttributesBuilder::new(kind)
    }

    /// Kind of key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Secret, private or public.
    #[must_use]
    pub const fn class(&self) -> KeyClass {
        self.class
    }

    /// Length of an HMAC key in bytes; of other kinds, the length their kind fixes.
    #[must_use]
    pub const fn length(&self) -> u16 {
        self.length
    }

    /// What the key may be used for.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// The permitted algorithms with their parameters.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether, how and under which KEKs the key may leave.
    #[must_use]
    pub const fn export(&self) -> Export {
        self.export
    }

    /// Session or persistent.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// Total number of uses the key was created with, if limited.
    #[must_use]
    pub const fn uses(&self) -> Option<u64> {
        self.uses
    }

    /// Validity period.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The one subject that may use the key; `None` for every user.
    #[must_use]
    pub const fn owner(&self) -> Option<Owner> {
        self.owner
    }

    /// Whether this KEK may export keys that leave only under trusted KEKs.
    #[must_use]
    pub const fn trusted(&self) -> bool {
        self.trusted
    }

    /// Label.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        self.label.as_bytes()
    }

    /// Bytes of the application.
    #[must_use]
    pub fn application(&self) -> &[u8] {
        self.application.as_bytes()
    }

    /// Every rule a valid set of attributes obeys. The only constructors call it.
    pub(crate) fn check(&self) -> Result<()> {
        let ok = self.usage_has_one_purpose()
            && self.class_fits()
            && self.rules_fit()
            && self.length_fits()
            && self.limits_fit();
        if ok { Ok(()) } else { Err(Error::InvalidArgument) }
    }

    fn usage_has_one_purpose(&self) -> bool {
        !self.usage.is_empty() && PURPOSES.iter().any(|purpose| self.usage.is_subset(*purpose))
    }

    fn class_fits(&self) -> bool {
        let usage_fits = match self.class {
            KeyClass::Secret | KeyClass::Private => true,
            // A public key can only do what anybody may do.
            KeyClass::Public => {
                self.usage
                    .is_subset(Usage::VERIFY.and(Usage::ENCRYPT).and(Usage::WRAP).and(Usage::ENCAPSULATE))
                    && self.export == Export::NONE
                    && self.uses.is_none()
            }
        };
        usage_fits && self.kind.is_asymmetric() == (self.class != KeyClass::Secret)
    }

    fn rules_fit(&self) -> bool {
        let mut rules = self.rules.iter();
        let Some(first) = rules.next() else { return false };
        let family = first.algorithm.facts().family;
        let each = self.rules.iter().all(|rule| {
            let facts = rule.algorithm.facts();
            facts.family == family
                && facts.kinds.contains(&self.kind)
                && rule.is_valid()
                && self.usage.is_subset(facts.usage)
        });
        let distinct = self.rules.iter().enumerate().all(|(i, rule)| {
            self.rules.iter().skip(i.saturating_add(1)).all(|other| other.algorithm > rule.algorithm)
        });
        // Random and counter IVs never meet under one key that encrypts (SP 800-38D section 8.2),
        // and an HMAC key serves one hash.
        let ivs = |rule: &Rule| rule.algorithm.facts().params.ivs;
        let one_iv_construction =
            !self.usage.has(Usage::ENCRYPT) || self.rules.iter().all(|rule| ivs(rule) == ivs(first));
        let one_hash = self.kind != KeyKind::Hmac || first.hashes.only().is_some();
        each && distinct && one_iv_construction && one_hash
    }

    fn length_fits(&self) -> bool {
        match self.kind {
            KeyKind::Hmac | KeyKind::Derivation => {
                self.length >= HMAC_KEY_LEN.0 && self.length <= HMAC_KEY_LEN.1
            }
            kind => usize::from(self.length) == kind.secret_len(),
        }
    }

    fn limits_fit(&self) -> bool {
        self.uses != Some(0)
            && self.validity.is_ordered()
            && (!self.trusted || self.usage.has(Usage::WRAP))
            && (self.export.format != ExportFormat::None || !self.export.trusted_only)
    }

    /// The effective strength of a key of this kind and length in bits of security (STR-1).
    pub(crate) fn strength(&self) -> Strength {
        match self.kind {
            KeyKind::Hmac => {
                let key = self.length.saturating_mul(8);
                let hash = self.rules.iter().next().and_then(|rule| rule.hashes.only());
                let cap =
                    hash.map_or(0, |hash| u16::try_from(hash.output_len()).unwrap_or(0).saturating_mul(8));
                // The DRBG instantiates at 256 bits, and so no secret is stronger.
                Strength(key.min(cap).min(256))
            }
            KeyKind::Derivation => Strength(self.length.saturating_mul(8).min(256)),
            kind => kind.strength(),
        }
    }

    /// These attributes with narrower rights. Anything that would widen is refused.
    ///
    /// # Errors
    /// `NotPermitted` when a field of `limit` exceeds what this key has; `InvalidArgument` when what
    /// is left is no valid set of attributes.
    pub fn restricted(&self, limit: &Restriction) -> Result<Self> {
        let mut narrow = self.clone();
        if let Some(usage) = limit.usage {
            require(usage.is_subset(self.usage))?;
            narrow.usage = usage;
        }
        if let Some(rules) = &limit.rules {
            require(rules.iter().all(|rule| self.rules.permits(rule)))?;
            narrow.rules = rules.clone();
        }
        if let Some(export) = limit.export {
            require(export.is_within(self.export))?;
            narrow.export = export;
        }
        if let Some(uses) = limit.uses {
            require(self.uses.is_none_or(|have| uses <= have))?;
            narrow.uses = Some(uses);
        }
        if let Some(validity) = limit.validity {
            require(validity.is_within(self.validity))?;
            narrow.validity = validity;
        }
        if let Some(owner) = limit.owner {
            require(self.owner.is_none_or(|have| have == owner))?;
            narrow.owner = Some(owner);
        }
        if limit.session_only {
            narrow.lifetime = Lifetime::Session;
        }
        if limit.distrust {
            narrow.trusted = false;
        }
        narrow.check()?;
        Ok(narrow)
    }

    /// Whether every right of `self` is a right of `other` too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.class == other.class
            && self.length == other.length
            && self.usage.is_subset(other.usage)
            && self.rules.iter().all(|rule| other.rules.permits(rule))
            && self.export.is_within(other.export)
            && other.uses.is_none_or(|limit| self.uses.is_some_and(|uses| uses <= limit))
            && self.validity.is_within(other.validity)
            && other.owner.is_none_or(|owner| self.owner == Some(owner))
            && (other.trusted || !self.trusted)
            && (other.lifetime == Lifetime::Persistent || self.lifetime == Lifetime::Session)
            && self.label == other.label
            && self.application == other.application
    }
}

fn require(within: bool) -> Result<()> {
    if within { Ok(()) } else { Err(Error::NotPermitted) }
}

/// What to take away: each field that is set becomes the new, narrower value.
#[derive(Clone, Debug, Default)]
pub struct Restriction {
    usage: Option<Usage>,
    rules: Option<Rules>,
    export: Option<Export>,
    uses: Option<u64>,
    validity: Option<Validity>,
    owner: Option<Owner>,
    session_only: bool,
    distrust: bool,
}

impl Restriction {
    /// Takes nothing away.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Leaves only these usages.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Leaves only these algorithms and parameters.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Leaves only this right to leave.
    #[must_use]
    pub fn export(mut self, export: Export) -> Self {
        self.export = Some(export);
        self
    }

    /// Leaves at most this many uses in total.
    #[must_use]
    pub fn uses(mut self, uses: u64) -> Self {
        self.uses = Some(uses);
        self
    }

    /// Leaves only this period, which lies inside the present one.
    #[must_use]
    pub fn validity(mut self, validity: Validity) -> Self {
        self.validity = Some(validity);
        self
    }

    /// Leaves the key to this subject alone.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Makes it a session key.
    #[must_use]
    pub fn session_only(mut self) -> Self {
        self.session_only = true;
        self
    }

    /// Takes the trusted mark away.
    #[must_use]
    pub fn distrust(mut self) -> Self {
        self.distrust = true;
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
