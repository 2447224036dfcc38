//! What sessions say of keys, and how callers choose among them.

use crate::attributes::{Attributes, KeyKind, Restriction, Strength, Usage};
use crate::boundary::{Header, Origin};
use crate::handle::KeyId;

/// All that may be known of a live key.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    pub(super) id: KeyId,
    pub(super) attributes: Attributes,
    pub(super) origin: Origin,
    pub(super) strength: Strength,
    pub(super) remaining: Option<u64>,
}

impl KeyInfo {
    pub(super) fn new(header: &Header, remaining: Option<u64>) -> Self {
        Self {
            id: header.id,
            attributes: header.attributes.clone(),
            origin: header.origin,
            strength: header.strength,
            remaining,
        }
    }

    /// The key's id for its whole life.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Its policy.
    #[must_use]
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Its past.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Its effective strength: its own, or that of the weakest key it travelled under.
    #[must_use]
    pub const fn effective_strength(&self) -> Strength {
        self.strength
    }

    /// Uses left, for a counted key. What open sessions have leased and not used counts as spent here.
    #[must_use]
    pub const fn remaining_uses(&self) -> Option<u64> {
        self.remaining
    }
}

/// Which keys to list. Every field that is set must fit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    pub(super) kind: Option<KeyKind>,
    pub(super) usage: Option<Usage>,
    pub(super) label: Option<&'a [u8]>,
    pub(super) id: Option<KeyId>,
}

impl<'a> Filter<'a> {
    /// Every key that the subject may see.
    pub const ALL: Filter<'static> = Filter { kind: None, usage: None, label: None, id: None };

    /// Keys of this kind.
    #[must_use]
    pub const fn kind(mut self, kind: KeyKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Keys that have all of these usages.
    #[must_use]
    pub const fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Keys with exactly this label.
    #[must_use]
    pub const fn label(mut self, label: &'a [u8]) -> Self {
        self.label = Some(label);
        self
    }

    /// The key with this id.
    #[must_use]
    pub const fn id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    pub(super) fn fits(&self, header: &Header) -> bool {
        let attributes = &header.attributes;
        self.kind.is_none_or(|kind| attributes.kind() == kind)
            && self.usage.is_none_or(|usage| attributes.usage().has(usage))
            && self.label.is_none_or(|label| attributes.label() == label)
            && self.id.is_none_or(|id| header.id == id)
    }
}

/// An operation whose output length is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `sign` and `sign_digest`.
    Sign,
    /// `encrypt`.
    Encrypt,
    /// `decrypt`.
    Decrypt,
    /// `mac`.
    Mac,
    /// `encapsulate`.
    Encapsulate,
    /// `public_key`.
    PublicKey,
}

/// What an unwrapped key is to be.
#[derive(Clone, Copy, Debug)]
pub enum UnwrapAs<'a> {
    /// A native blob, under a symmetric or a hybrid key: its own policy, narrowed by the caller.
    Native(&'a Restriction),
    /// A bare blob, under whatever key: it has no policy, so the caller gives one. The key is marked
    /// imported.
    Foreign(&'a Attributes),
}
