//! Describing a key, field by field; nothing exists until the whole is valid.

use super::{
    APPLICATION_LEN, Attributes, Export, KeyClass, KeyKind, LABEL_LEN, Lifetime, Owner, Rule, Rules, Text,
    Usage, Validity,
};
use crate::error::{Error, Result};

/// Collects the fields of [`Attributes`]; [`build`](Self::build) checks them together.
#[derive(Clone, Debug)]
pub struct AttributesBuilder {
    draft: Attributes,
    ok: bool,
}

impl AttributesBuilder {
    pub(super) fn new(kind: KeyKind) -> Self {
        let class = if kind.is_asymmetric() { KeyClass::Private } else { KeyClass::Secret };
        let length = u16::try_from(kind.secret_len()).unwrap_or(0);
        let draft = Attributes {
            kind,
            class,
            length,
            usage: Usage::NONE,
            rules: Rules::empty(),
            export: Export::NONE,
            lifetime: Lifetime::Session,
            uses: None,
            validity: Validity::ALWAYS,
            owner: None,
            trusted: false,
            label: Text::EMPTY,
            application: Text::EMPTY,
        };
        Self { draft, ok: true }
    }

    /// A public key alone (for import).
    #[must_use]
    pub fn public(mut self) -> Self {
        self.draft.class = KeyClass::Public;
        self
    }

    /// Length of an HMAC or derivation key in bytes. The default is the output length of an HMAC key's hash,
    /// and 32 for a derivation key.
    #[must_use]
    pub fn length(mut self, bytes: u16) -> Self {
        self.draft.length = bytes;
        self
    }

    /// What the key may be used for.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.draft.usage = usage;
        self
    }

    /// Permits an algorithm; call again for more.
    #[must_use]
    pub fn permit(mut self, rule: Rule) -> Self {
        match self.draft.rules.clone().with(rule) {
            Some(rules) => self.draft.rules = rules,
            None => self.ok = false,
        }
        self
    }

    /// The export rule. The default is that the key never leaves.
    #[must_use]
    pub fn export(mut self, export: Export) -> Self {
        self.draft.export = export;
        self
    }

    /// Makes it persistent: it outlives its session.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.draft.lifetime = Lifetime::Persistent;
        self
    }

    /// Limits the number of uses.
    #[must_use]
    pub fn uses(mut self, uses: u64) -> Self {
        self.draft.uses = Some(uses);
        self
    }

    /// Limits the period of use; the engine needs a clock then.
    #[must_use]
    pub fn validity(mut self, validity: Validity) -> Self {
        self.draft.validity = validity;
        self
    }

    /// Gives the key to one subject alone.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.draft.owner = Some(owner);
        self
    }

    /// Marks a KEK as trusted. Only an officer can create such a key.
    #[must_use]
    pub fn trusted(mut self) -> Self {
        self.draft.trusted = true;
        self
    }

    /// Label, at most 32 bytes.
    #[must_use]
    pub fn label(mut self, label: &[u8]) -> Self {
        match Text::<LABEL_LEN>::new(label) {
            Some(text) => self.draft.label = text,
            None => self.ok = false,
        }
        self
    }

    /// Bytes of the application, at most 64.
    #[must_use]
    pub fn application(mut self, bytes: &[u8]) -> Self {
        match Text::<APPLICATION_LEN>::new(bytes) {
            Some(text) => self.draft.application = text,
            None => self.ok = false,
        }
        self
    }

    /// The attributes, if they are valid together.
    ///
    /// # Errors
    /// `InvalidArgument` when a field is too long or the combination is forbidden: usages of more than
    /// one purpose, an algorithm that does not fit the kind, more than one family of algorithms, no
    /// algorithm at all.
    pub fn build(mut self) -> Result<Attributes> {
        if self.draft.kind == KeyKind::Hmac && self.draft.length == 0 {
            let hash = self.draft.rules.iter().next().and_then(|rule| rule.hashes.only());
            self.draft.length = hash.and_then(|hash| u16::try_from(hash.output_len()).ok()).unwrap_or(0);
        }
        if self.draft.kind == KeyKind::Derivation && self.draft.length == 0 {
            self.draft.length = 32;
        }
        if !self.ok {
            return Err(Error::InvalidArgument);
        }
        self.draft.check()?;
        Ok(self.draft)
    }
}
