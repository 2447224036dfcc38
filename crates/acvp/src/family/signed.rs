//! What ML-DSA and SLH-DSA sign, and their services: both take messages pure or hashed, under a context, and have
//! an internal interface that only raw functions reach.

use strongroom::lab::raw::Content;
use strongroom::{Algorithm, Error, Hash, KeyKind, Params, Rule, Usage};

use super::hash_named;
use crate::der;
use crate::fields::{Fields, Result, array, malformed, passed, unsupported, verdict};
use crate::rig::{Rig, policy};

/// Longer than every signature.
const SIGNATURE: usize = 1 << 16;
const LONGEST_CONTEXT: usize = 255;

/// The interface of a group.
#[derive(Clone, Copy)]
pub(super) enum Interface {
    Internal,
    Pure,
    Hashed,
    Mu,
}

impl Interface {
    /// Sets from before the external interface say nothing: theirs is the internal one.
    pub(super) fn of(group: Fields<'_>) -> Result<Self> {
        let interface = group.text_or("signatureInterface", "internal")?;
        match (interface, group.text_or("preHash", "pure")?, group.flag_or("externalMu", false)?) {
            ("internal", _, true) => Ok(Self::Mu),
            ("internal", ..) => Ok(Self::Internal),
            ("external", "pure", _) => Ok(Self::Pure),
            ("external", "preHash", _) => Ok(Self::Hashed),
            (interface, hash, _) => unsupported(format!("signatureInterface {interface}, preHash {hash}")),
        }
    }

    pub(super) fn read(self, test: Fields<'_>) -> Result<Signed> {
        let how = match self {
            Self::Internal => How::Formatted,
            Self::Pure => How::Pure,
            Self::Hashed => How::Hashed(hash_named(test.text("hashAlg")?)?),
            Self::Mu => How::Mu(array(&test.hex("mu")?, "mu")?),
        };
        let message = if let Self::Mu = self { Vec::new() } else { test.hex("message")? };
        let context = match self {
            Self::Pure | Self::Hashed => test.hex_or_empty("context")?,
            _ => Vec::new(),
        };
        if context.len() > LONGEST_CONTEXT {
            return malformed("`context` is longer than 255 bytes");
        }
        Ok(Signed { how, context, message })
    }
}

enum How {
    Formatted,
    Pure,
    Hashed(Hash),
    Mu([u8; 64]),
}

/// The content of a case.
pub(super) struct Signed {
    how: How,
    context: Vec<u8>,
    message: Vec<u8>,
}

/// Algorithms of a scheme: pure, and over a hash.
pub(super) type Pair = (Algorithm, Algorithm);

impl Signed {
    pub(super) fn content(&self) -> Content<'_> {
        match &self.how {
            How::Formatted => Content::Formatted(&self.message),
            How::Pure => Content::Pure(&self.context, &self.message),
            How::Hashed(hash) => Content::Hashed(*hash, &self.context, &self.message),
            How::Mu(mu) => Content::Mu(mu),
        }
    }

    fn algorithm(&self, (pure, hashed): Pair) -> Algorithm {
        if let How::Hashed(_) = self.how { hashed } else { pure }
    }

    fn params(&self) -> Params<'_> {
        let params = if let How::Hashed(hash) = self.how { Params::with_hash(hash) } else { Params::NONE };
        params.context(&self.context)
    }

    /// The service's signature with a key in its stored form. None, if no service signs such content: formatted
    /// messages, and hashes that are weaker than the key.
    pub(super) fn sign(
        &self,
        rig: &Rig,
        pair: Pair,
        kind: KeyKind,
        secret: &[u8],
        deterministic: bool,
    ) -> Result<Option<Vec<u8>>> {
        let (algorithm, mut params) = (self.algorithm(pair), self.params());
        let (usage, mut rule) = match self.how {
            How::Formatted => return Ok(None),
            How::Mu(_) => (Usage::SIGN_DIGEST, Rule::any(algorithm)),
            _ => (Usage::SIGN, Rule::any(algorithm)),
        };
        if deterministic {
            (rule, params) = (rule.allow_deterministic(), params.deterministic());
        }
        let key = rig.bring_in(policy(kind, usage, rule), &der::pkcs8(kind, secret))?;
        let (session, mut out) = (rig.session(), vec![0; SIGNATURE]);
        let signed = match &self.how {
            How::Mu(mu) => session.sign_digest(key.handle(), algorithm, &params, mu, &mut out),
            _ => session.sign(key.handle(), algorithm, &params, &self.message, &mut out),
        };
        match signed {
            Ok(len) => {
                out.truncate(len.value());
                Ok(Some(out))
            }
            Err(Error::Unsupported) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the service says of a signature, or what `raw` says where it takes no such content.
    pub(super) fn verify(
        &self,
        rig: &Rig,
        pair: Pair,
        kind: KeyKind,
        public: &[u8],
        signature: &[u8],
        raw: impl FnOnce() -> strongroom::Result<()>,
    ) -> Result<crate::fields::Answer> {
        let (algorithm, params) = (self.algorithm(pair), self.params());
        let policy = policy(kind, Usage::VERIFY, Rule::any(algorithm));
        let Some(key) = rig.import(policy, &der::spki(kind, public))? else { return Ok(passed(false)) };
        let session = rig.session();
        let judged = match &self.how {
            How::Formatted => Err(Error::Unsupported),
            How::Mu(mu) => session.verify_digest(key.handle(), algorithm, &params, mu, signature).map(drop),
            _ => session.verify(key.handle(), algorithm, &params, &self.message, signature).map(drop),
        };
        let judged = if judged == Err(Error::Unsupported) { raw() } else { judged };
        Ok(passed(verdict(judged)?.is_some()))
    }
}
