//! Making, finding, narrowing, copying and destroying keys.

use super::Session;
use super::cell::Cell;
use super::info::{Filter, KeyInfo};
use crate::admit;
use crate::algorithm::{Algorithm, Params};
use crate::attributes::{Attributes, Lifetime, Restriction, Strength};
use crate::boundary::{Header, Origin, key, table};
use crate::budget::{Budget, Lease};
use crate::engine::Core;
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::policy::ops::{Copy, Create, Destroy, Generate, Inspect, Restrict};
use crate::policy::{self, Role, Subject, Target};
use crate::state::{Outcome, Pass};
use crate::store::backing::Hold;
use crate::store::{Fill, Store};

impl<S: Store> Session<'_, S> {
    /// Generates a key or key pair inside the boundary (SP 800-133 r2; FIPS 186-5 appendix A). A pair
    /// passes its pairwise consistency test, or there is no key.
    ///
    /// # Errors
    /// `NotPermitted` (a trusted key asked for by a user, a working key by an officer, somebody else's
    /// key, too weak); `Unsupported` (a kind or algorithm that this build lacks, a validity period
    /// without a clock); `NoSpace`; `SelfTestFailed` when the pairwise test failed: the pair is gone.
    pub fn generate(&self, template: &Attributes) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            self.generate_one(pass, locked.cell()?, template)
        })())
    }

    pub(super) fn generate_one(
        &self,
        pass: Pass<'_>,
        cell: &mut Cell<S::Pins>,
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        let row = table::kind(template.kind())?;
        let algorithm = served_algorithm(template)?;
        if template.class() == crate::attributes::KeyClass::Public {
            return Err(Error::InvalidArgument);
        }
        let request = core.request(cell.subject, algorithm, &Params::NONE, 0);
        let permit = admit::admit_new::<Generate, S>(core, pass, &request, template)?;
        let indicator = permit.evidence().indicator();
        let mut tools = core.tools(&mut cell.generators);
        let plan = Plan {
            id: new_id(&mut tools)?,
            attributes: template.clone(),
            origin: key::origin_of_new(template, core.rulebook.profile),
            strength: template.strength(),
            uses: policy::ceiling(template).map(|end| Lease::of(0, end)),
            len: table::stored_len(template)?,
        };
        let mut fill = |place: crate::boundary::Vacant<'_>| (row.generate)(&permit, &mut tools, place);
        let handle = core.create(plan, self.serial, &mut fill)?;
        core.release_key(handle, indicator)
    }

    /// What may be known of a key: policy, origin, strength, uses left.
    ///
    /// # Errors
    /// `UnknownKey`.
    pub fn attributes(&self, key: KeyHandle) -> Result<Outcome<KeyInfo>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let (info, indicator) = {
                let held = core.store.hold(&mut cell.pins, key)?;
                let pinned = held.pinned(core.keeper())?;
                let header = pinned.header();
                let request =
                    core.request(cell.subject, served_algorithm(&header.attributes)?, &Params::NONE, 0);
                let remaining = pinned.remaining_uses()?;
                let permit = admit::admit_management::<Inspect>(pass, &request, Target::Key(pinned))?;
                (KeyInfo::new(header, remaining), permit.evidence().indicator())
            };
            core.module.release_value(info, indicator)
        })())
    }

    /// Lists handles of keys that fit `filter`, as many as `out` holds, after the key `after`; answers
    /// how many were written. Users see their own keys and those of nobody, officers see all.
    ///
    /// # Errors
    /// None of its own.
    pub fn keys(
        &self,
        filter: &Filter<'_>,
        after: Option<KeyHandle>,
        out: &mut [KeyHandle],
    ) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let subject = self.lock()?.cell()?.subject;
            let request = core.request(subject, Algorithm::CtrDrbg, &Params::NONE, 0);
            let permit = admit::admit_management::<Inspect>(pass, &request, Target::Keyless)?;
            let first = match after {
                Some(after) => usize::try_from(after.index()).map_or(usize::MAX, |i| i.saturating_add(1)),
                None => 0,
            };
            let mut free = out.iter_mut();
            let mut count = 0usize;
            for index in first..core.store.capacity() {
                let mut found = None;
                core.store.peek(index, &mut |handle, header| {
                    if may_see(subject, &header.attributes) && filter.fits(header) {
                        found = Some(handle);
                    }
                })?;
                if let Some(handle) = found {
                    let Some(place) = free.next() else { break };
                    *place = handle;
                    count = count.saturating_add(1);
                }
            }
            core.module.release_value(count, permit.evidence().indicator())
        })())
    }

    /// Narrows the rights of a live key, for every session at once: when this returns, nobody uses the
    /// old rights any more. Open contexts of the key are dropped.
    ///
    /// # Errors
    /// `NotPermitted` when `limit` would widen anything; `InvalidArgument` when what is left is no valid
    /// policy.
    pub fn restrict(&self, key: KeyHandle, limit: &Restriction) -> Result<Outcome<()>> {
        let core = &*self.core;
        core.notice((|| {
            let (narrow, indicator) = {
                let pass = core.enter()?;
                let mut locked = self.lock()?;
                let cell = locked.cell()?;
                let held = core.store.hold(&mut cell.pins, key)?;
                let pinned = held.pinned(core.keeper())?;
                let header = pinned.header();
                let request =
                    core.request(cell.subject, served_algorithm(&header.attributes)?, &Params::NONE, 0);
                let permit = admit::admit_management::<Restrict>(pass, &request, Target::Key(pinned))?;
                (header.attributes.restricted(limit)?, permit.evidence().indicator())
            };
            core.store.narrow(core.keeper(), key, &narrow, self.serial)?;
            core.sweep(key);
            core.module.release_value((), indicator)
        })())
    }

    /// Copies a key under rights that are the same or narrower. The copy is a key of its own, with its
    /// own id; uses that are counted are halved between the two.
    ///
    /// # Errors
    /// `NotPermitted` when `limit` would widen anything; `LimitReached` when a counted key has no uses
    /// to give; `NoSpace`.
    pub fn copy(&self, key: KeyHandle, limit: &Restriction) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            let header = pinned.header();
            let attributes = header.attributes.restricted(limit)?;
            let request = core.request(cell.subject, served_algorithm(&attributes)?, &Params::NONE, 0);
            let source = admit::admit_management::<Copy>(pass, &request, Target::Key(pinned))?;
            let indicator = source.evidence().indicator();
            let _created = admit::admit_new::<Create, S>(core, core.module.enter()?, &request, &attributes)?;
            let counted = policy::ceiling(&attributes).is_some();
            let uses = if counted { source.key()?.share_uses()? } else { None };
            let mut tools = core.tools(&mut cell.generators);
            let plan = Plan {
                id: new_id(&mut tools)?,
                uses: capped(uses, &attributes),
                attributes,
                origin: header.origin,
                strength: header.strength,
                len: table::stored_len(&header.attributes)?,
            };
            let mut source = Some(source);
            let mut fill =
                |place: crate::boundary::Vacant<'_>| key::copy(source.take().ok_or(Error::Corrupted)?, place);
            let handle = core.create(plan, self.serial, &mut fill)?;
            core.release_key(handle, indicator)
        })())
    }

    /// Destroys a key: when this returns, the record and every pin and context of it in every session
    /// are wiped, and the handle is dead for ever.
    ///
    /// # Errors
    /// `UnknownKey`.
    pub fn destroy(&self, key: KeyHandle) -> Result<Outcome<()>> {
        let core = &*self.core;
        core.notice((|| {
            let indicator = {
                let pass = core.enter()?;
                let mut locked = self.lock()?;
                let cell = locked.cell()?;
                let held = core.store.hold(&mut cell.pins, key)?;
                let pinned = held.pinned(core.keeper())?;
                let algorithm = served_algorithm(&pinned.header().attributes)?;
                let request = core.request(cell.subject, algorithm, &Params::NONE, 0);
                let permit = admit::admit_management::<Destroy>(pass, &request, Target::Key(pinned))?;
                permit.evidence().indicator()
            };
            // Stale first, then swept: whoever runs on a pin now is waited for, nobody can pin again.
            core.store.destroy(key)?;
            core.sweep(key);
            core.module.release_value((), indicator)
        })())
    }

    /// The end of session keys.
    pub(super) fn destroy_session_keys(&self) -> Result<()> {
        let core = &*self.core;
        for index in 0..core.store.capacity() {
            let mut mine = None;
            core.store.peek(index, &mut |handle, header| {
                if header.session == self.serial {
                    mine = Some(handle);
                }
            })?;
            if let Some(handle) = mine {
                core.store.destroy(handle)?;
                core.sweep(handle);
            }
        }
        Ok(())
    }
}

/// What a key is going to be.
pub(super) struct Plan {
    pub(super) id: KeyId,
    pub(super) attributes: Attributes,
    pub(super) origin: Origin,
    pub(super) strength: Strength,
    pub(super) uses: Option<Lease>,
    pub(super) len: usize,
}

impl<S: Store> Core<S> {
    /// Makes the key of a plan.
    pub(super) fn create(&self, plan: Plan, session: u32, fill: Fill<'_>) -> Result<KeyHandle> {
        let session = match plan.attributes.lifetime() {
            Lifetime::Session => session,
            Lifetime::Persistent => 0,
        };
        let budget = plan.uses.map_or(Budget::none(), Budget::of);
        let header = Header {
            id: plan.id,
            attributes: plan.attributes,
            origin: plan.origin,
            strength: plan.strength,
            session,
        };
        self.store.create(self.keeper(), header, plan.len, budget, fill)
    }

    /// Releases the handle of a new key; if the module stopped meanwhile, the key is destroyed.
    pub(super) fn release_key(
        &self,
        handle: KeyHandle,
        indicator: crate::Indicator,
    ) -> Result<Outcome<KeyHandle>> {
        let released = self.module.release_value(handle, indicator);
        if released.is_err() {
            // Gone already if the module was zeroised.
            let _ = self.store.destroy(handle);
        }
        released
    }
}

/// A fresh 128-bit id.
pub(super) fn new_id(tools: &mut crate::boundary::Tools<'_>) -> Result<KeyId> {
    let mut id = [0; 16];
    tools.public(&mut id)?;
    Ok(KeyId::from_bytes(id))
}

/// The first algorithm of a key; every one of them must be in this build.
pub(super) fn served_algorithm(attributes: &Attributes) -> Result<Algorithm> {
    for rule in attributes.rules().iter() {
        table::row(rule.algorithm())?;
    }
    attributes.rules().iter().next().map(|rule| rule.algorithm()).ok_or(Error::InvalidArgument)
}

/// A share of uses under a narrower limit.
pub(super) fn capped(uses: Option<Lease>, attributes: &Attributes) -> Option<Lease> {
    let limit = attributes.uses();
    match (uses, limit) {
        (Some(lease), Some(limit)) => {
            Some(Lease::of(lease.next, lease.end.min(lease.next.saturating_add(limit))))
        }
        (None, Some(limit)) => Some(Lease::of(0, limit)),
        (uses, None) => uses,
    }
}

fn may_see(subject: Subject, attributes: &Attributes) -> bool {
    subject.role == Role::Officer || attributes.owner().is_none_or(|owner| owner == subject.id)
}
