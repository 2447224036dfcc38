//! The one function that says yes: [`authorise`].
//!
//! Policy sees a [`Request`], a [`Target`] and nothing of keys or ciphers: whatever is [`Governed`] can
//! be put before it, so the whole matrix is tested without one key. Its yes is a [`Permit`], which only
//! this file can make, which is moved and so used once, and which contains the key it speaks of.

pub(crate) mod ops;
pub(crate) mod password;

use core::marker::PhantomData;

use crate::algorithm::{Algorithm, Approval, Family, Ivs, Params};
use crate::attributes::{Attributes, ExportFormat, KeyClass, Lifetime, Strength, Usage};
use crate::error::{Error, Result};
use crate::outcome::{Caveats, Indicator, Reason};
use crate::state::Pass;
use ops::Op;

/// In whose name a session runs. The engine trusts its embedder for the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Role.
    pub role: Role,
    /// Identity, compared with the owner of keys.
    pub id: u64,
}

impl Subject {
    /// A user.
    #[must_use]
    pub const fn user(id: u64) -> Self {
        Self { role: Role::User, id }
    }

    /// A crypto officer.
    #[must_use]
    pub const fn officer(id: u64) -> Self {
        Self { role: Role::Officer, id }
    }
}

/// Roles (ISO/IEC 19790 section 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Uses keys.
    User,
    /// Manages: creates trusted KEKs, destroys any key; uses none.
    Officer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::User, Self::Officer];
}

/// What the engine serves: approved services only, or everything with an honest indicator (IND-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Profile {
    /// A call whose parameters are not approved is refused.
    #[default]
    Approved,
    /// Every call of the closed sets is served, and none is reported as approved.
    General,
}

/// The engine's standing rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rulebook {
    pub(crate) profile: Profile,
    pub(crate) min_strength: Strength,
    /// Least iterations of a derivation from a password.
    pub(crate) min_iterations: u32,
    pub(crate) caveats: Caveats,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) subject: Subject,
    pub(crate) algorithm: Algorithm,
    pub(crate) params: &'a Params<'a>,
    pub(crate) input_len: usize,
    /// Whether a use is spent; false only at the start of a multi-part operation, whose end asks again.
    pub(crate) spends: bool,
    /// Seconds of the embedder's clock, if it has one.
    pub(crate) now: Option<u64>,
    pub(crate) rulebook: Rulebook,
}

/// What it is asked of.
pub(crate) enum Target<'a, K> {
    /// One key.
    Key(K),
    /// A key that leaves under another.
    Pair { kek: K, payload: K },
    /// A key that is to be: born, unwrapped or imported.
    New { template: &'a Attributes },
    /// A key that is to come of another one: derived, agreed on, encapsulated.
    Child { parent: K, template: &'a Attributes },
    /// A key that is to come of a password, which is as long as the input of the request.
    Password { template: &'a Attributes },
    /// No key: digests and random numbers.
    Keyless,
}

/// What policy must know of a key.
pub(crate) trait Governed {
    fn attributes(&self) -> &Attributes;
    /// The key's own strength, or that of the weakest key it travelled under.
    fn effective_strength(&self) -> Strength;
    /// It came of a password.
    fn is_from_password(&self) -> bool;
    /// Stable for the key's life; tells whether two targets are one key.
    fn identity(&self) -> u128;
    /// Spends one use; answers the number of this use, which no other call gets.
    fn charge(&mut self) -> Result<u64>;
}

/// What the indicator will say if the call succeeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence(Indicator);

impl Evidence {
    pub(crate) const fn indicator(self) -> Indicator {
        self.0
    }
}

/// A yes to one operation, with the key inside. Neither `Clone` nor `Copy`: one permit, one use.
pub(crate) struct Permit<'m, O: Op, K> {
    pass: Pass<'m>,
    key: Option<K>,
    payload: Option<K>,
    ticket: u64,
    evidence: Evidence,
    op: PhantomData<fn(O)>,
}

impl<'m, O: Op, K> Permit<'m, O, K> {
    /// The key this permit speaks of. Its bytes are another matter: they are private to the boundary.
    pub(crate) fn key(&self) -> Result<&K> {
        self.key.as_ref().ok_or(Error::Corrupted)
    }

    /// The number of this use; unique over the key's life where uses are counted.
    pub(crate) const fn ticket(&self) -> u64 {
        self.ticket
    }

    pub(crate) const fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Still serving? Long loops poll this.
    pub(crate) fn still_serving(&self) -> bool {
        self.pass.still_serving()
    }
}

impl<'m, K> Permit<'m, ops::Wrap, K> {
    /// One decision about a pair is two permits: the KEK wraps, the payload leaves.
    pub(crate) fn split(mut self) -> Result<(Self, Permit<'m, ops::Export, K>)> {
        let export = Permit {
            pass: self.pass.again(),
            key: Some(self.payload.take().ok_or(Error::Corrupted)?),
            payload: None,
            ticket: 0,
            evidence: self.evidence,
            op: PhantomData,
        };
        Ok((self, export))
    }
}

/// Says yes or no. Everything is checked first, and only then is anything charged.
#[cfg_attr(feature = "std", inline(always))]
pub(crate) fn authorise<'m, O: Op, K: Governed>(
    pass: Pass<'m>,
    request: &Request<'_>,
    target: Target<'_, K>,
) -> Result<Permit<'m, O, K>> {
    if !O::ROLES.contains(&request.subject.role) {
        return Err(Error::NotPermitted);
    }
    let mut fault = None;
    let mut own_caveats = Caveats::NONE;
    let (mut key, payload, strength) = match target {
        Target::Key(key) => {
            let strength = may_use::<O>(request, &key)?;
            (Some(key), None, Some(strength))
        }
        Target::Pair { kek, payload } => {
            let strength = may_use::<O>(request, &kek)?;
            may_leave(request, &kek, &payload)?;
            (Some(kek), Some(payload), Some(strength))
        }
        Target::New { template } => {
            may_create(request, template)?;
            (None, None, Some(template.strength()))
        }
        Target::Child { parent, template } => {
            let strength = may_use::<O>(request, &parent)?;
            may_create(request, template)?;
            may_descend(&parent, template)?;
            let strength = strength_of_child(request, strength, template);
            if strength < request.rulebook.min_strength {
                return Err(Error::NotPermitted);
            }
            own_caveats = caveats_of_child(request);
            (Some(parent), None, Some(strength))
        }
        Target::Password { template } => {
            request.algorithm.facts().params.check(request.params, false)?;
            may_create(request, template)?;
            password::may_stretch(request, template)?;
            let strength = strength_of_child(request, password::strength(request), template);
            if strength < request.rulebook.min_strength {
                return Err(Error::NotPermitted);
            }
            fault = password::fault(request);
            own_caveats = Caveats::PASSWORD;
            (None, None, Some(strength))
        }
        Target::Keyless => {
            request.algorithm.facts().params.check(request.params, false)?;
            (None, None, None)
        }
    };
    if let Some(key) = &key {
        own_caveats = own_caveats.and(caveats_of_key(key));
    }
    let reason = appraise::<O>(request, strength, fault)?;
    let ticket = match &mut key {
        Some(key) if request.spends && is_counted::<O>(key.attributes()) => key.charge()?,
        _ => 0,
    };
    let caveats = request.rulebook.caveats.and(own_caveats);
    let evidence = Evidence(Indicator { algorithm: request.algorithm, strength, reason, caveats });
    Ok(Permit { pass, key, payload, ticket, evidence, op: PhantomData })
}

/// Whether the subject may use this key for this operation with these parameters.
#[cfg_attr(feature = "std", inline(always))]
fn may_use<O: Op>(request: &Request<'_>, key: &impl Governed) -> Result<Strength> {
    let attributes = key.attributes();
    let owned = attributes.owner.is_none_or(|owner| owner == request.subject.id);
    if !owned && !O::IGNORES_OWNER.contains(&request.subject.role) {
        // Somebody else's key and no key look the same.
        return Err(Error::UnknownKey);
    }
    let strength = key.effective_strength();
    if O::USAGE.is_empty() {
        return Ok(strength);
    }
    if !attributes.usage.has(O::USAGE) {
        return Err(Error::NotPermitted);
    }
    let rule = attributes.rules.find(request.algorithm).ok_or(Error::NotPermitted)?;
    let facts = request.algorithm.facts();
    facts.params.check(request.params, O::OPENS)?;
    let hash_fits = request.params.hash.is_none_or(|hash| rule.hashes.contains(hash));
    let tag_fits = request.params.tag_len.is_none_or(|len| len >= usize::from(rule.min_tag))
        || request.params.tag_len == request.params.hash.map(crate::algorithm::Hash::output_len);
    let nonce_fits = rule.deterministic || !request.params.deterministic;
    if !(hash_fits && tag_fits && nonce_fits) {
        return Err(Error::NotPermitted);
    }
    if O::TAKES_DIGEST && request.params.hash.is_some_and(|hash| hash.output_len() != request.input_len) {
        return Err(Error::InvalidArgument);
    }
    in_force::<O>(request, attributes)?;
    if O::PROTECTS && strength < request.rulebook.min_strength {
        return Err(Error::NotPermitted);
    }
    Ok(strength)
}

/// SSP-13: outside its period a key protects nothing; after it, it still opens what it protected.
fn in_force<O: Op>(request: &Request<'_>, attributes: &Attributes) -> Result<()> {
    let validity = attributes.validity;
    if validity == crate::attributes::Validity::ALWAYS {
        return Ok(());
    }
    let now = request.now.ok_or(Error::NotPermitted)?;
    if validity.not_before.is_some_and(|first| now < first) {
        return Err(Error::NotPermitted);
    }
    if O::PROTECTS && validity.not_after.is_some_and(|last| now > last) {
        return Err(Error::LimitReached);
    }
    Ok(())
}

/// Whether `payload` may leave under `kek` in the format of the algorithm.
fn may_leave(request: &Request<'_>, kek: &impl Governed, payload: &impl Governed) -> Result<()> {
    let leaving = payload.attributes();
    let owned = leaving.owner.is_none_or(|owner| owner == request.subject.id);
    if !owned {
        return Err(Error::UnknownKey);
    }
    if leaving.class == KeyClass::Public {
        return Err(Error::InvalidArgument);
    }
    // Nobody but an officer's mark says that the private half of a public key is inside an engine.
    let inside = kek.attributes().class != KeyClass::Public || kek.attributes().trusted;
    let needed = match request.algorithm.facts().family {
        Family::Native if inside => ExportFormat::Native,
        _ => ExportFormat::Interoperable,
    };
    let format_fits = leaving.export.format >= needed;
    let trust_fits = kek.attributes().trusted || !leaving.export.trusted_only;
    // STR-2: no key leaves under a weaker one.
    let strong_enough = kek.effective_strength() >= payload.effective_strength();
    let distinct = kek.identity() != payload.identity();
    if format_fits && trust_fits && strong_enough && distinct { Ok(()) } else { Err(Error::NotPermitted) }
}

/// Whether the subject may bring such a key into being.
fn may_create(request: &Request<'_>, template: &Attributes) -> Result<()> {
    let subject = request.subject;
    match subject.role {
        Role::User => {
            if template.trusted || template.owner.is_some_and(|owner| owner != subject.id) {
                return Err(Error::NotPermitted);
            }
        }
        // Officers make the KEKs that others rely on, and no working keys.
        Role::Officer => {
            if !template.usage.is_subset(Usage::WRAP.and(Usage::UNWRAP)) {
                return Err(Error::NotPermitted);
            }
        }
    }
    if template.validity != crate::attributes::Validity::ALWAYS && request.now.is_none() {
        return Err(Error::Unsupported);
    }
    if template.strength() < request.rulebook.min_strength {
        return Err(Error::NotPermitted);
    }
    Ok(())
}

/// A key that comes of another has no right that its parent lacks. A public key is nobody's to inherit
/// from: what is encapsulated under it is fresh.
fn may_descend(parent: &impl Governed, template: &Attributes) -> Result<()> {
    if template.class != KeyClass::Secret {
        return Err(Error::InvalidArgument);
    }
    // The same secret can come of the same parent again, and its counter would start anew.
    if numbers_ivs(template) {
        return Err(Error::NotPermitted);
    }
    let above = parent.attributes();
    let inherits = template.export.is_within(above.export)
        && template.validity.is_within(above.validity)
        && above.owner.is_none_or(|owner| template.owner == Some(owner))
        && (above.lifetime == Lifetime::Persistent || template.lifetime == Lifetime::Session)
        && !template.trusted;
    if above.class == KeyClass::Public || inherits { Ok(()) } else { Err(Error::NotPermitted) }
}

/// STR-3: the least of what the key could have, what its parent has and what the hash between them gives. AES-CMAC
/// gives as much as its key, which is the parent (SP 800-108 r1 section 6.1).
fn strength_of_child(request: &Request<'_>, parent: Strength, template: &Attributes) -> Strength {
    let bits = request.params.hash.and_then(|hash| u16::try_from(hash.output_len().saturating_mul(8)).ok());
    template.strength().min(parent).min(bits.map_or(Strength(256), Strength))
}

/// KDF-1: of one parent and no context comes one key, whatever it is for. The standards allow it, and it is seldom
/// meant.
fn caveats_of_child(request: &Request<'_>) -> Caveats {
    let takes_context = request.algorithm.facts().params.derives;
    let named = !(request.params.info.is_empty() && request.params.label.is_empty());
    if takes_context && !named { Caveats::NO_CONTEXT } else { Caveats::NONE }
}

#[cfg_attr(feature = "std", inline(always))]
fn caveats_of_key(key: &impl Governed) -> Caveats {
    if key.is_from_password() {
        Caveats::PASSWORD
    } else if key.effective_strength() < key.attributes().strength() {
        Caveats::TRANSPORT_STRENGTH
    } else {
        Caveats::NONE
    }
}

/// Why the indicator would not say "approved"; in the approved profile that is a refusal (IND-2).
#[cfg_attr(feature = "std", inline(always))]
fn appraise<O: Op>(
    request: &Request<'_>,
    strength: Option<Strength>,
    fault: Option<Reason>,
) -> Result<Option<Reason>> {
    let reason = if request.algorithm.facts().approval == Approval::NotApproved {
        Some(Reason::Algorithm)
    } else if O::TAKES_DIGEST {
        Some(Reason::ExternalDigest)
    } else if O::PROTECTS && strength.is_some_and(|strength| strength < Strength(112)) {
        Some(Reason::Strength)
    } else {
        fault
    };
    match (request.rulebook.profile, reason) {
        (Profile::Approved, Some(_)) => Err(Error::NotPermitted),
        (Profile::General, None) => Ok(Some(Reason::GeneralProfile)),
        (_, reason) => Ok(reason),
    }
}

/// Which uses are counted: all of a key with a use limit; of others those that make an IV whose number
/// under one key is limited (GCM-3, CTR-1).
#[cfg_attr(feature = "std", inline(always))]
fn is_counted<O: Op>(attributes: &Attributes) -> bool {
    (O::USES_SECRET && attributes.uses.is_some()) || (O::MAKES_IV && ivs(attributes).ceiling().is_some())
}

/// The IVs that the key makes. A key that makes any has one construction of them, whatever its rules.
fn ivs(attributes: &Attributes) -> Ivs {
    let protects = attributes.usage.has(Usage::ENCRYPT) || attributes.usage.has(Usage::WRAP);
    let first = attributes.rules.iter().next().filter(|_| protects);
    first.map_or(Ivs::None, |rule| rule.algorithm.facts().params.ivs)
}

/// Whether the key makes IVs of the numbers of its uses: no number may ever come twice.
pub(crate) fn numbers_ivs(attributes: &Attributes) -> bool {
    ivs(attributes) == Ivs::Numbered
}

/// The number of uses a new key starts with: its own limit, and never more than the IVs it may make.
pub(crate) fn ceiling(attributes: &Attributes) -> Option<u64> {
    match (attributes.uses, ivs(attributes).ceiling()) {
        (Some(uses), Some(ivs)) => Some(uses.min(ivs)),
        (uses, ivs) => uses.or(ivs),
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
