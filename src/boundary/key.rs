//! The key record, and the only ways to its plaintext: a permit in hand, inside this folder.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::backend::Backends;
use super::prepared::Prepared;
use super::seal::{Absorb, Seal, pairs, words};
use super::secret::{Buffer, Secret, on_scrubbed_stack};
use crate::attributes::{APPLICATION_LEN, Attributes, ExportFormat, KeyClass, LABEL_LEN, Lifetime, Strength};
use crate::budget::{Lease, Spender};
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::marks;
use crate::policy::ops::{self, Op};
use crate::policy::{self, Governed, Profile};

/// Facts about a key's past that the engine alone sets (SSP-7, SSP-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub(crate) local: bool,
    pub(crate) derived: bool,
    pub(crate) password: bool,
    pub(crate) never_extractable: bool,
    pub(crate) always_sensitive: bool,
    pub(crate) pairwise_tested: bool,
    pub(crate) profile: Profile,
}

impl Origin {
    /// Generated inside a strongroom engine.
    #[must_use]
    pub const fn local(self) -> bool {
        self.local
    }

    /// Came of another key inside an engine: derived, agreed on, encapsulated or decapsulated.
    #[must_use]
    pub const fn derived(self) -> bool {
        self.derived
    }

    /// Came of a password; it is derived, too.
    #[must_use]
    pub const fn password(self) -> bool {
        self.password
    }

    /// Came in without a native policy.
    #[must_use]
    pub const fn imported(self) -> bool {
        !self.local && !self.derived
    }

    /// Was at no time allowed to leave in an interoperable format.
    #[must_use]
    pub const fn never_extractable(self) -> bool {
        self.never_extractable
    }

    /// Was at no time outside the policy of a strongroom engine.
    #[must_use]
    pub const fn always_sensitive(self) -> bool {
        self.always_sensitive
    }

    /// The profile of the engine that the key was born in or came into. A key never serves both (IND-2).
    #[must_use]
    pub const fn profile(self) -> Profile {
        self.profile
    }

    /// A pairwise consistency test was passed when the pair was made.
    #[must_use]
    pub const fn pairwise_tested(self) -> bool {
        self.pairwise_tested
    }
}

// Texts are sealed in whole pairs of words.
const _: () = assert!(LABEL_LEN.is_multiple_of(16) && APPLICATION_LEN.is_multiple_of(16));

/// All of a key that is not secret.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) id: KeyId,
    pub(crate) attributes: Attributes,
    pub(crate) origin: Origin,
    pub(crate) strength: Strength,
    /// Session that a session key dies with; 0 for persistent keys.
    pub(crate) session: u32,
}

/// A key: header, secret, prepared form, seals. No trait of it shows, copies or compares the secret.
pub(crate) struct Key<B: Buffer> {
    header: Header,
    handle: KeyHandle,
    secret: Secret<B>,
    prepared: Prepared,
    checksum: u128,
    tag: [u8; 32],
    published: bool,
}

impl<B: Buffer> Key<B> {
    /// A record with room for `len` bytes of secret, not yet a key: every check refuses it until
    /// [`publish`](Self::publish).
    pub(crate) fn vacant(header: Header, handle: KeyHandle, len: usize) -> Result<Self> {
        Ok(Self {
            header,
            handle,
            secret: Secret::zeroed(len)?,
            prepared: Prepared::None,
            checksum: 0,
            tag: [0; 32],
            published: false,
        })
    }

    /// The place to fill, with a key that is prepared for these implementations.
    pub(crate) fn place(&mut self, backends: Backends) -> Vacant<'_> {
        Vacant {
            backends,
            attributes: &self.header.attributes,
            secret: self.secret.bytes_mut(),
            prepared: &mut self.prepared,
        }
    }

    /// Makes it a live key, against the proof that its pair was tested or needs no test (PCT-7).
    pub(crate) fn publish(&mut self, proof: Paired, seal: &Seal) -> Result<()> {
        self.header.origin.pairwise_tested |= proof.tested;
        self.reseal(seal)?;
        self.published = true;
        Ok(())
    }

    /// The check of every use.
    pub(crate) fn check(&self, seal: &Seal) -> Result<()> {
        let now = seal.checksum(|nh| self.absorb(nh))?;
        let intact = marks::declassified("record intact", now == self.checksum);
        if self.published && intact { Ok(()) } else { Err(Error::Corrupted) }
    }

    /// The check of the periodic test.
    pub(crate) fn check_fully(&self, seal: &Seal) -> Result<()> {
        self.check(seal)?;
        let now = seal.tag(|tagger| self.absorb(tagger))?;
        let intact = marks::declassified("record intact", bool::from(now.ct_eq(&self.tag)));
        if intact { Ok(()) } else { Err(Error::Corrupted) }
    }

    /// The header that this key has under narrower attributes. A persistent key that becomes a session
    /// key dies with the session that made it one.
    pub(crate) fn narrowed_header(&self, attributes: &Attributes, session: u32) -> Result<Header> {
        if !attributes.is_within(&self.header.attributes) {
            return Err(Error::NotPermitted);
        }
        let persistent = |attributes: &Attributes| attributes.lifetime == Lifetime::Persistent;
        let bound = persistent(&self.header.attributes) && !persistent(attributes);
        let session = if bound { session } else { self.header.session };
        Ok(Header { attributes: attributes.clone(), session, ..self.header.clone() })
    }

    /// Narrows this record in place.
    pub(crate) fn narrow(&mut self, attributes: &Attributes, session: u32, seal: &Seal) -> Result<()> {
        self.check(seal)?;
        self.header = self.narrowed_header(attributes, session)?;
        self.reseal(seal)
    }

    /// Makes this vacant record a live key with the secret of `old`.
    pub(crate) fn take_over<C: Buffer>(
        &mut self,
        old: &Key<C>,
        seal: &Seal,
        backends: Backends,
    ) -> Result<()> {
        old.check(seal)?;
        copy_secret(self.secret.bytes_mut(), old.secret.bytes())?;
        let proof = self.place(backends).entered()?;
        self.publish(proof, seal)
    }

    /// Length of the secret in bytes.
    pub(crate) fn len(&self) -> usize {
        self.secret.bytes().len()
    }

    fn reseal(&mut self, seal: &Seal) -> Result<()> {
        self.checksum = seal.checksum(|nh| self.absorb(nh))?;
        self.tag = seal.tag(|tagger| self.absorb(tagger))?;
        Ok(())
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn handle(&self) -> KeyHandle {
        self.handle
    }

    pub(crate) fn view(&self) -> KeyRef<'_> {
        KeyRef {
            header: &self.header,
            material: Material { secret: self.secret.bytes(), prepared: &self.prepared },
        }
    }

    /// Test ability: damages the record, to show that it is found.
    #[cfg(strongroom_lab)]
    pub(crate) fn flip(&mut self, bit: usize) {
        let bytes = self.secret.bytes_mut();
        let len = bytes.len().max(1);
        if let Some(byte) = (bit / 8).checked_rem(len).and_then(|at| bytes.get_mut(at)) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// Everything that must not change, lengths of the variable parts in the fixed one.
    fn absorb(&self, to: &mut impl Absorb) {
        let Header { id, attributes, origin, strength, session } = &self.header;
        let flags = [
            origin.local,
            origin.never_extractable,
            origin.always_sensitive,
            origin.pairwise_tested,
            origin.derived,
            origin.password,
            origin.profile == Profile::General,
            attributes.trusted,
            attributes.export.trusted_only,
            attributes.uses.is_some(),
            attributes.owner.is_some(),
            attributes.validity.not_before.is_some(),
            attributes.validity.not_after.is_some(),
        ];
        let flags = flags.iter().fold(1u64, |word, flag| (word << 1) | u64::from(*flag));
        let shape = u64::from(attributes.kind.id()) << 48
            | u64::from(attributes.length) << 32
            | u64::from(attributes.usage.bits());
        let grades = u64::from(strength.bits()) << 32
            | u64::from(attributes.class as u8) << 16
            | u64::from(attributes.export.format as u8) << 8
            | u64::from(attributes.lifetime as u8);
        let [first, second, third, fourth] = attributes.rules.words();
        let (label, label_len) = attributes.label.raw();
        let (application, application_len) = attributes.application.raw();
        let secret = self.secret.bytes();
        let lengths = u64::from(label_len) << 56
            | u64::from(application_len) << 48
            | u64::try_from(secret.len()).unwrap_or(u64::MAX);
        to.fixed(&[
            words(id.as_bytes()),
            [self.handle.to_u64(), flags << 32 | u64::from(*session)],
            [shape, grades],
            [first, second],
            [third, fourth],
            [attributes.uses.unwrap_or(0), attributes.owner.unwrap_or(0)],
            [attributes.validity.not_before.unwrap_or(0), attributes.validity.not_after.unwrap_or(0)],
            [lengths, 0],
        ]);
        to.fixed::<{ LABEL_LEN / 16 }>(&pairs(label));
        to.fixed::<{ APPLICATION_LEN / 16 }>(&pairs(application));
        to.bytes(secret);
    }
}

impl<B: Buffer> Drop for Key<B> {
    fn drop(&mut self) {
        // Secret and prepared form wipe themselves; a dead record also stops being one.
        self.published = false;
        self.checksum.zeroize();
        self.tag.zeroize();
    }
}

/// A key as policy and permits carry it. Its header is for everybody, its material for the boundary.
pub(crate) struct KeyRef<'a> {
    header: &'a Header,
    material: Material<'a>,
}

/// The secret and its prepared form.
pub(crate) struct Material<'a> {
    secret: &'a [u8],
    prepared: &'a Prepared,
}

impl Material<'_> {
    pub(in crate::boundary) fn secret(&self) -> &[u8] {
        self.secret
    }

    pub(in crate::boundary) fn prepared(&self) -> &Prepared {
        self.prepared
    }
}

/// A key with the counter its uses are charged to: what the doorway puts before policy.
pub(crate) struct Pinned<'a> {
    key: KeyRef<'a>,
    spender: Spender<'a>,
}

impl<'a> Pinned<'a> {
    pub(crate) fn new(key: KeyRef<'a>, spender: Spender<'a>) -> Self {
        Self { key, spender }
    }

    pub(crate) fn header(&self) -> &'a Header {
        self.key.header
    }

    /// Uses left, for a counted key.
    pub(crate) fn remaining_uses(&self) -> Result<Option<u64>> {
        self.spender.remaining()
    }

    /// Moves half of the remaining uses out of the key's budget, into a blob or a copy.
    pub(crate) fn share_uses(&self) -> Result<Option<Lease>> {
        self.spender.share()
    }
}

impl Governed for Pinned<'_> {
    fn attributes(&self) -> &Attributes {
        &self.key.header.attributes
    }

    fn is_from_password(&self) -> bool {
        self.header().origin.password
    }

    fn effective_strength(&self) -> Strength {
        self.key.header.strength
    }

    fn identity(&self) -> u128 {
        u128::from_be_bytes(*self.key.header.id.as_bytes())
    }

    fn charge(&mut self) -> Result<u64> {
        self.spender.spend()
    }
}

/// A permit over a key of this engine.
pub(crate) type Permit<'a, O> = policy::Permit<'a, O, Pinned<'a>>;

impl<O: Op> Permit<'_, O> {
    /// The key's material, for the length of one closure: it cannot be borrowed out, and temporaries
    /// are wiped where they are made.
    pub(in crate::boundary) fn material<R>(
        &self,
        with: impl FnOnce(&Material<'_>) -> Result<R>,
    ) -> Result<R> {
        with(&self.key()?.key.material)
    }
}

/// The materials of several permits at once, for the length of one closure: what a group of a batch needs. An
/// empty place of `permits` is an empty place of what the closure sees.
pub(in crate::boundary) fn material_many<'k, O: Op, R, const N: usize>(
    permits: [Option<&'k Permit<'_, O>>; N],
    with: impl for<'m> FnOnce([Option<&'m Material<'m>>; N]) -> R,
) -> R {
    with(permits.map(|permit| permit.and_then(|permit| permit.key().ok()).map(|pinned| &pinned.key.material)))
}

fn copy_secret(to: &mut [u8], from: &[u8]) -> Result<()> {
    if to.len() != from.len() {
        return Err(Error::Corrupted);
    }
    to.copy_from_slice(from);
    Ok(())
}

/// Fills the place with a copy of the permitted key's secret.
pub(crate) fn copy(permit: Permit<'_, ops::Copy>, mut place: Vacant<'_>) -> Result<Paired> {
    permit.material(|material| copy_secret(place.bytes(), material.secret()))?;
    place.entered()
}

/// Origin of a key that is made here.
pub(crate) fn origin_of_new(attributes: &Attributes, profile: Profile) -> Origin {
    Origin {
        local: true,
        derived: false,
        password: false,
        never_extractable: attributes.export.format != ExportFormat::Interoperable,
        always_sensitive: true,
        pairwise_tested: false,
        profile,
    }
}

/// Origin of a key that comes of `parent`: nothing of the parent's past is forgotten.
pub(crate) fn origin_of_child(parent: Origin, attributes: &Attributes, profile: Profile) -> Origin {
    let own = origin_of_new(attributes, profile);
    Origin {
        local: false,
        derived: true,
        password: parent.password,
        never_extractable: own.never_extractable && parent.never_extractable,
        always_sensitive: parent.always_sensitive,
        ..own
    }
}

/// Origin of a key that comes of a password, which the engine does not keep: it was outside.
pub(crate) const fn origin_of_password(profile: Profile) -> Origin {
    Origin { derived: true, password: true, ..origin_of_import(profile) }
}

/// Origin of a key that came in without a native policy.
pub(crate) const fn origin_of_import(profile: Profile) -> Origin {
    Origin {
        local: false,
        derived: false,
        password: false,
        never_extractable: false,
        always_sensitive: false,
        pairwise_tested: false,
        profile,
    }
}

/// A place for a key that is to be, in its final memory.
pub(crate) struct Vacant<'a> {
    backends: Backends,
    attributes: &'a Attributes,
    secret: &'a mut [u8],
    prepared: &'a mut Prepared,
}

impl Vacant<'_> {
    /// The implementations that the key will be used by.
    pub(in crate::boundary) fn backends(&self) -> &Backends {
        &self.backends
    }

    pub(in crate::boundary) fn attributes(&self) -> &Attributes {
        self.attributes
    }

    /// The bytes to fill, exactly as long as the kind asks.
    pub(in crate::boundary) fn bytes(&mut self) -> &mut [u8] {
        self.secret
    }

    /// Proof for a secret key: it has no pair to test.
    pub(in crate::boundary) fn secret_key(self) -> Result<Paired> {
        if self.attributes.class != KeyClass::Secret {
            return Err(Error::Corrupted);
        }
        self.prepare()
    }

    /// Proof for a key that came in: its form was checked while it was prepared; a pair that the module
    /// did not make needs no pairwise test (PCT-3), and one that it made has passed it (PCT-4).
    pub(in crate::boundary) fn entered(self) -> Result<Paired> {
        self.prepare()
    }

    /// Proof for a pair: prepares the stored form (PCT-8) and hands it to the pairwise test.
    pub(in crate::boundary) fn pair(
        mut self,
        test: impl FnOnce(&Prepared, &[u8]) -> Result<()>,
    ) -> Result<Paired> {
        self.set_prepared()?;
        test(self.prepared, self.secret)?;
        Ok(Paired { tested: true })
    }

    fn prepare(mut self) -> Result<Paired> {
        self.set_prepared()?;
        Ok(Paired { tested: false })
    }

    fn set_prepared(&mut self) -> Result<()> {
        if self.attributes.class != KeyClass::Public {
            marks::secret(self.secret);
        }
        on_scrubbed_stack(|| {
            *self.prepared = Prepared::new(&self.backends, self.attributes, self.secret)?;
            Ok(())
        })
    }
}

/// Proof that a key may be published: its pair was tested, or needs no test. Only this file makes one.
#[must_use]
pub(crate) struct Paired {
    tested: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use alloc::boxed::Box;

    use super::*;
    use crate::algorithm::{Algorithm, Hash};
    use crate::attributes::{Export, KeyKind, Lifetime, Rule, Rules, Text, Usage, Validity};

    fn seal() -> Seal {
        let mut next = 7u8;
        Seal::new(|out| {
            for byte in out {
                next = next.wrapping_mul(73).wrapping_add(41);
                *byte = next;
            }
            Ok(())
        })
        .unwrap()
    }

    fn key(seal: &Seal) -> Key<Box<[u8]>> {
        let attributes = Attributes::builder(KeyKind::EcP256)
            .usage(Usage::SIGN)
            .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
            .label(b"label")
            .build()
            .unwrap();
        let header = Header {
            id: KeyId::from_bytes([9; 16]),
            origin: origin_of_new(&attributes, Profile::Approved),
            strength: attributes.strength(),
            attributes,
            session: 3,
        };
        let mut key = Key::vacant(header, KeyHandle::new(5, 6), 32).unwrap();
        let mut place = key.place(Backends::fastest());
        place.bytes().fill(0x42);
        let proof = place.entered().unwrap();
        key.publish(proof, seal).unwrap();
        key
    }

    type Change = fn(&mut Key<Box<[u8]>>);

    /// Whatever changes in a record, header or secret, the check of the next use finds it.
    #[test]
    fn every_field_is_sealed() {
        let seal = seal();
        let intact = key(&seal);
        assert_eq!(intact.check_fully(&seal), Ok(()));
        let changes: [(&str, Change); 29] = [
            ("id", |key| key.header.id = KeyId::from_bytes([8; 16])),
            ("slot", |key| key.handle = KeyHandle::new(4, 6)),
            ("generation", |key| key.handle = KeyHandle::new(5, 7)),
            ("session", |key| key.header.session = 0),
            ("strength", |key| key.header.strength = Strength(256)),
            ("local", |key| key.header.origin.local = false),
            ("password", |key| key.header.origin.password = true),
            ("never extractable", |key| key.header.origin.never_extractable = false),
            ("always sensitive", |key| key.header.origin.always_sensitive = false),
            ("pairwise tested", |key| key.header.origin.pairwise_tested = true),
            ("profile", |key| key.header.origin.profile = Profile::General),
            ("kind", |key| key.header.attributes.kind = KeyKind::EcP384),
            ("class", |key| key.header.attributes.class = KeyClass::Public),
            ("length", |key| key.header.attributes.length = 33),
            ("usage", |key| key.header.attributes.usage = Usage::SIGN.and(Usage::VERIFY)),
            ("export format", |key| key.header.attributes.export = Export::NATIVE),
            ("export trust", |key| key.header.attributes.export.trusted_only = true),
            ("lifetime", |key| key.header.attributes.lifetime = Lifetime::Persistent),
            ("uses", |key| key.header.attributes.uses = Some(0)),
            ("not before", |key| key.header.attributes.validity.not_before = Some(0)),
            ("not after", |key| key.header.attributes.validity.not_after = Some(0)),
            ("not after, late", |key| {
                key.header.attributes.validity = Validity { not_before: None, not_after: Some(u64::MAX) };
            }),
            ("owner", |key| key.header.attributes.owner = Some(0)),
            ("trusted", |key| key.header.attributes.trusted = true),
            ("rule", |key| {
                let rule = Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256).allow_deterministic();
                key.header.attributes.rules = Rules::one(rule);
            }),
            ("another rule", |key| {
                let rules = key.header.attributes.rules.clone();
                let more = Rule::hashed(Algorithm::EcdsaP384, Hash::Sha384);
                key.header.attributes.rules = rules.with(more).unwrap();
            }),
            ("label", |key| key.header.attributes.label = Text::new(b"lapel").unwrap()),
            ("application", |key| key.header.attributes.application = Text::new(&[0]).unwrap()),
            ("unpublished", |key| key.published = false),
        ];
        for (what, change) in changes {
            let mut changed = key(&seal);
            change(&mut changed);
            assert_eq!(changed.check(&seal), Err(Error::Corrupted), "{what}");
        }
        for bit in 0..256 {
            let mut changed = key(&seal);
            if let Some(byte) = changed.secret.bytes_mut().get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert_eq!(changed.check(&seal), Err(Error::Corrupted), "bit {bit}");
        }
    }

    /// A byte that moves from one variable part to the next is seen by the lengths alone.
    #[test]
    fn lengths_are_sealed() {
        let seal = seal();
        let mut changed = key(&seal);
        changed.header.attributes.label = Text::new(b"label\0").unwrap();
        assert_eq!(changed.check(&seal), Err(Error::Corrupted));
    }
}
