//! Keys in and out: always wrapped, except public ones.

use super::cell::Cell;
use super::info::UnwrapAs;
use super::keys::{Plan, capped, new_id, served_algorithm};
use super::{Session, stage};
use crate::admit::{self, admit};
use crate::algorithm::{Algorithm, Family, Params};
use crate::attributes::{Attributes, KeyClass};
use crate::boundary::wrapping::{self, Opened};
use crate::boundary::{key, public, table};
use crate::budget::Lease;
use crate::engine::Core;
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::outcome::{Caveats, Indicator};
use crate::policy::ops::{Create, Inspect, Unwrap, Wrap};
use crate::policy::{self, Target};
use crate::state::{Outcome, Pass};
use crate::store::Store;
use crate::store::backing::Hold;
use crate::wire::{spki, wrapped_key};

impl<S: Store> Session<'_, S> {
    /// Wraps `payload` under `kek` and writes the blob to `out`; answers its length.
    ///
    /// `NativeWrap` seals the whole policy with the key. The others write bare forms (asymmetric keys as PKCS#8),
    /// for keys whose export rule says interoperable: `AesKw`, `AesKwp`, `AesGcmWrap` (IV, ciphertext, tag),
    /// `RsaOaep`, `RsaAesKwp` for what OAEP alone is too short for, and `HybridKwp`. `HybridNative` seals the policy
    /// under a hybrid key; a public one must be trusted, or the key's export rule say interoperable. Half of the
    /// remaining uses of a counted key go with a native blob.
    ///
    /// Role: user or officer. Usage: `WRAP` on the KEK. SP 800-38F, SP 800-56B r2.
    ///
    /// # Errors
    /// `NotPermitted` (export rule, trust, a KEK weaker than the key: STR-2), `BufferTooSmall`,
    /// `InvalidArgument` (a form that the algorithm cannot carry), `LimitReached`.
    pub fn wrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        payload: KeyHandle,
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            self.wrap_one(pass, locked.cell()?, (kek, payload), algorithm, params, out)
        })())
    }

    /// `keys` are the KEK and its payload.
    pub(super) fn wrap_one(
        &self,
        pass: Pass<'_>,
        cell: &mut Cell<S::Pins>,
        keys: (KeyHandle, KeyHandle),
        algorithm: Algorithm,
        params: &Params<'_>,
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        let core = &*self.core;
        let row = table::row(algorithm)?;
        row.wrap.ok_or(Error::Unsupported)?;
        let (kek, payload) = core.store.hold_pair(&mut cell.pins, keys.0, keys.1)?;
        let kek = kek.pinned(core.keeper())?;
        let payload = payload.pinned(core.keeper())?;
        let needed = wrapping::output_len(row, &kek.header().attributes, payload.header())?;
        let mut staged = stage(out, Some(needed))?;
        let request = core.request(cell.subject, algorithm, params, needed);
        let permit = admit::<Wrap, S>(core, pass, row, &request, Target::Pair { kek, payload })?;
        let indicator = permit.evidence().indicator();
        let (wrap, export) = permit.split()?;
        let native = algorithm.facts().family == Family::Native;
        // Rights that are not counted any more (narrowed to decryption, say) have no uses to bring.
        let counted = native && policy::ceiling(&export.key()?.header().attributes).is_some();
        let uses = if counted { export.key()?.share_uses()? } else { None };
        let mut tools = core.tools(&mut cell.generators);
        wrapping::wrap(row, wrap, &export, params, &mut tools, uses, &mut staged)?;
        let outcome = core.module.release(staged, indicator)?;
        Ok(outcome.map(|written| written.len))
    }

    /// How many bytes [`wrap`](Self::wrap) writes at most.
    ///
    /// # Errors
    /// `InvalidArgument`, `Unsupported`.
    pub fn wrapped_len(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        payload: KeyHandle,
    ) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            row.wrap.ok_or(Error::Unsupported)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let (kek, payload) = core.store.hold_pair(&mut cell.pins, kek, payload)?;
            let kek = kek.pinned(core.keeper())?;
            let payload = payload.pinned(core.keeper())?;
            let needed = wrapping::output_len(row, &kek.header().attributes, payload.header())?;
            let request = core.request(cell.subject, algorithm, &Params::NONE, 0);
            let _seen = admit::admit_management::<Inspect>(pass, &request, Target::Key(kek))?;
            let seen =
                admit::admit_management::<Inspect>(core.module.enter()?, &request, Target::Key(payload))?;
            core.module.release_value(needed, seen.evidence().indicator())
        })())
    }

    /// Unwraps a blob into a new key.
    ///
    /// A native blob brings its own policy, which `limit` can only narrow, its id and what is left of its
    /// uses; its owner must be the caller or nobody. One that came under a hybrid key may be anybody's: its policy
    /// holds, but the key gets a new id and is marked imported. A bare blob takes the policy that the caller gives,
    /// is marked imported, and has at most the strength of the KEK.
    ///
    /// Role: user or officer. Usage: `UNWRAP`.
    ///
    /// # Errors
    /// `Rejected` for every malformed, truncated, altered or over-long blob, whatever is wrong: nothing
    /// is created. `NotPermitted` when the limit would widen rights, when a key with this id is live
    /// already, or when the key would be too weak; `NoSpace`, `InvalidArgument`, `Unsupported`.
    pub fn unwrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        blob: &[u8],
        form: UnwrapAs<'_>,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            self.unwrap_one(pass, locked.cell()?, kek, algorithm, params, blob, form)
        })())
    }

    #[allow(clippy::too_many_arguments)] // those of the service, and what it was entered with
    pub(super) fn unwrap_one(
        &self,
        pass: Pass<'_>,
        cell: &mut Cell<S::Pins>,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        blob: &[u8],
        form: UnwrapAs<'_>,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        let row = table::row(algorithm)?;
        row.unwrap.ok_or(Error::Unsupported)?;
        let native = algorithm.facts().family == Family::Native;
        if native != matches!(form, UnwrapAs::Native(_)) {
            return Err(Error::InvalidArgument);
        }
        // Bytes that cannot be a blob cost the KEK no use.
        let parsed = if native { Some(wrapped_key::parse(algorithm, blob)?) } else { None };
        let held = core.store.hold(&mut cell.pins, kek)?;
        let pinned = held.pinned(core.keeper())?;
        let request = core.request(cell.subject, algorithm, params, blob.len());
        let permit = admit::<Unwrap, S>(core, pass, row, &request, Target::Key(pinned))?;
        let served = permit.evidence().indicator();
        let mut tools = core.tools(&mut cell.generators);
        let (plan, opened) = match form {
            UnwrapAs::Native(limit) => {
                let parsed = parsed.ok_or(Error::InvalidArgument)?;
                let key = wrapping::open_native(row, permit, params, &mut tools, parsed)?;
                if key.origin.profile() != core.rulebook.profile {
                    return Err(Error::NotPermitted);
                }
                let attributes = key.attributes.restricted(limit)?;
                let (id, uses) = if key.vouched {
                    (key.id, core.uses_of_blob(&key.id, key.uses, &key.attributes)?)
                } else {
                    may_be_foreign(&attributes)?;
                    (new_id(&mut tools)?, uses_of_stranger(key.uses, &key.attributes, &attributes)?)
                };
                let plan = Plan {
                    id,
                    uses: capped(uses, &attributes),
                    len: table::stored_len(&attributes)?,
                    attributes,
                    origin: key.origin,
                    strength: key.strength,
                };
                (plan, key.opened)
            }
            UnwrapAs::Foreign(template) => {
                may_be_foreign(template)?;
                let (kek_strength, opened) = wrapping::open_foreign(row, permit, params, &mut tools, blob)?;
                let plan = Plan {
                    id: new_id(&mut tools)?,
                    uses: policy::ceiling(template).map(|end| Lease::of(0, end)),
                    len: table::stored_len(template)?,
                    attributes: template.clone(),
                    origin: key::origin_of_import(core.rulebook.profile),
                    strength: template.strength().min(kek_strength),
                };
                (plan, opened)
            }
        };
        drop(held);
        self.bring_in(cell, plan, opened, served)
    }

    /// Imports a public key from SubjectPublicKeyInfo in DER, validated (SP 800-56A r3 section 5.6.2.3,
    /// SP 800-89 section 5.3.3): on its curve, canonical, of a size that the engine has.
    ///
    /// Role: user. `template` describes a public key ([`AttributesBuilder::public`]).
    ///
    /// # Errors
    /// `Rejected` for bytes that are no valid public key; `InvalidArgument` when they are one of another
    /// kind than the template's; `NotPermitted`, `NoSpace`, `Unsupported`.
    ///
    /// [`AttributesBuilder::public`]: crate::AttributesBuilder::public
    pub fn import_public(&self, spki: &[u8], template: &Attributes) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let info = spki::parse(spki)?;
            if template.class() != KeyClass::Public || public::kind_of(&info)? != template.kind() {
                return Err(Error::InvalidArgument);
            }
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let request = core.request(cell.subject, served_algorithm(template)?, &Params::NONE, 0);
            let permit = admit::admit_new::<Create, S>(core, pass, &request, template)?;
            let mut tools = core.tools(&mut cell.generators);
            let plan = Plan {
                id: new_id(&mut tools)?,
                attributes: template.clone(),
                origin: key::origin_of_import(core.rulebook.profile),
                strength: template.strength(),
                uses: None,
                len: table::stored_len(template)?,
            };
            let mut fill = |place: crate::boundary::Vacant<'_>| public::fill(&info, place);
            let handle = core.create(plan, self.serial, &mut fill)?;
            core.release_key(handle, permit.evidence().indicator())
        })())
    }

    /// The second half of unwrapping: policy for the new key, then its making. `served` is what the KEK's
    /// permit says of the call.
    fn bring_in(
        &self,
        cell: &mut Cell<S::Pins>,
        plan: Plan,
        opened: Opened,
        served: Indicator,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        let request = core.request(cell.subject, served_algorithm(&plan.attributes)?, &Params::NONE, 0);
        let _permit = admit::admit_new::<Create, S>(core, core.module.enter()?, &request, &plan.attributes)?;
        if plan.strength < core.rulebook.min_strength {
            return Err(Error::NotPermitted);
        }
        let weaker = plan.strength < plan.attributes.strength();
        let caveats = if weaker { Caveats::TRANSPORT_STRENGTH } else { Caveats::NONE };
        let mut tools = core.tools(&mut cell.generators);
        let mut fill = |place: crate::boundary::Vacant<'_>| opened.fill(place, &mut tools);
        let handle = core.create(plan, self.serial, &mut fill)?;
        core.release_key(handle, served.and_caveats(caveats))
    }
}

impl<S: Store> Core<S> {
    /// The uses that a blob brings. With a usage log, none that was ever reserved comes back (GCM-3).
    /// Without one, each unwrap has the blob's whole share again; that is tolerable for random IVs and
    /// deadly for deterministic ones, which therefore get none (GCM-4, CTR-1).
    fn uses_of_blob(
        &self,
        id: &KeyId,
        uses: Option<Lease>,
        attributes: &Attributes,
    ) -> Result<Option<Lease>> {
        let counted = policy::ceiling(attributes).is_some();
        let Some(mut lease) = uses else {
            // A counted key whose blob forgot the count is no blob of ours.
            return if counted { Err(Error::Rejected) } else { Ok(None) };
        };
        match self.log() {
            Some(log) => lease.next = lease.next.max(log.high_water(id)?).min(lease.end),
            None if policy::numbers_ivs(attributes) => lease.end = lease.next,
            None => {}
        }
        Ok(Some(lease))
    }
}

/// The uses that a blob brings which anybody may have written: as many as it says, and no more than such a key can
/// have. Their numbers are those of a new key.
fn uses_of_stranger(
    uses: Option<Lease>,
    sent: &Attributes,
    attributes: &Attributes,
) -> Result<Option<Lease>> {
    if uses.is_none() && policy::ceiling(sent).is_some() {
        return Err(Error::Rejected);
    }
    let share = uses.map_or(u64::MAX, |uses| uses.end.saturating_sub(uses.next));
    Ok(policy::ceiling(attributes).map(|most| Lease::of(0, most.min(share))))
}

/// A key whose past is unknown must not make deterministic IVs: they might have been made before.
fn may_be_foreign(template: &Attributes) -> Result<()> {
    if template.class() == KeyClass::Public || policy::numbers_ivs(template) {
        return Err(Error::NotPermitted);
    }
    Ok(())
}
