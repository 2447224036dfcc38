//! Keys that come of other keys. What is computed stays inside: each service answers the handle of a new
//! key, whose rights lie inside its parent's.

use super::keys::{Plan, new_id, served_algorithm};
use super::{Session, stage};
use crate::admit;
use crate::algorithm::{Algorithm, Params};
use crate::attributes::Attributes;
use crate::boundary::derivation::{self, Yields};
use crate::boundary::{Origin, Tools, key, table};
use crate::budget::Lease;
use crate::error::{Error, Result};
use crate::handle::KeyHandle;
use crate::outcome::Indicator;
use crate::policy;
use crate::policy::ops::{Agree, Decapsulate, Derive, Encapsulate, Stretch};
use crate::state::Outcome;
use crate::store::Store;
use crate::store::backing::Hold;

impl<S: Store> Session<'_, S> {
    /// Derives a key from a key (SP 800-56C r2, SP 800-108 r1). The same parent and parameters give the same
    /// secret again; the context in `params` is what tells two keys apart, and an answer without one says so.
    ///
    /// The new key leaves in no format, lives no longer, and belongs to nobody, that its parent does not;
    /// its strength is the least of its own, its parent's and the hash's (STR-3).
    ///
    /// Role: user. Usage: `DERIVE`.
    ///
    /// # Errors
    /// `NotPermitted` when the template asks for more than the parent has; `InvalidArgument` for a template
    /// of a pair or a length that the derivation does not reach; `NoSpace`, `LimitReached`, `Unsupported`.
    pub fn derive(
        &self,
        parent: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        self.make_child::<Derive>(parent, algorithm, params, &[], template)
    }

    /// Derives a key from a password (PBKDF2, SP 800-132), for data that is stored: the key encrypts, wraps or makes
    /// MACs, with IVs that are random, and never leaves. The same password and parameters give it again.
    ///
    /// `params` name hash, salt and iterations. Draw the salt from [`random`](Self::random), 16 bytes or more, and
    /// keep it with the data. An approved service asks for that, for a password of 14 bytes, and for 1000
    /// iterations; an engine asks for 600 000 unless
    /// [`Builder::min_iterations`](crate::Builder::min_iterations) says otherwise. Nobody knows what a password is
    /// worth: the key is counted for 112 bits at most, and every answer of it has a caveat.
    ///
    /// Role: user.
    ///
    /// # Errors
    /// `NotPermitted` for a template that may do anything else, too few iterations, or less than an approved
    /// service asks for in the approved profile; `InvalidArgument` for an empty password, one or a salt of more
    /// than 1024 bytes, no or more than 10 000 000 iterations, or a template of a pair; `NoSpace`, `Unsupported`.
    pub fn derive_from_password(
        &self,
        algorithm: Algorithm,
        params: &Params<'_>,
        password: &[u8],
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            row.stretch.ok_or(Error::Unsupported)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            served_algorithm(template)?;
            let request = core.request(cell.subject, algorithm, params, password.len());
            let permit = admit::admit_password::<Stretch, S>(core, pass, row, &request, template)?;
            let indicator = permit.evidence().indicator();
            let mut tools = core.tools(&mut cell.generators);
            let origin = key::origin_of_password(core.rulebook.profile);
            let plan = plan_derived(origin, &indicator, template, &mut tools)?;
            let opened = derivation::run::<Stretch>(row, permit, params, &mut tools, password, plan.len)?;
            let mut fill = |place: crate::boundary::Vacant<'_>| opened.fill(place, &mut tools);
            let handle = core.create(plan, self.serial, &mut fill)?;
            core.release_key(handle, indicator)
        })())
    }

    /// Agrees on a key with the holder of another pair (SP 800-56A r3). `peer` is the other side's public key
    /// as a point in SEC 1 form (section 2.3.3), compressed or not. It is validated (section 5.6.2.3.4, which on these
    /// curves, of cofactor 1, refuses what the full validation of section 5.6.2.3.3 refuses). `params` name
    /// the derivation that follows: the shared secret itself is nobody's to see (KAS-1).
    ///
    /// Role: user. Usage: `AGREE`.
    ///
    /// # Errors
    /// `Rejected` for a peer key that is none; the rest as [`derive`](Self::derive).
    pub fn agree(
        &self,
        own: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        peer: &[u8],
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        self.make_child::<Agree>(own, algorithm, params, peer, template)
    }

    /// Opens an encapsulation into a key (FIPS 203 section 7.3). A ciphertext that nobody made gives a key that
    /// nobody else has, and no error says so. The key is the shared secret itself, so `template` asks for 32
    /// bytes; other keys are derived from a derivation key of that length.
    ///
    /// Role: user. Usage: `DECAPSULATE`.
    ///
    /// # Errors
    /// `InvalidArgument` for a ciphertext or a template of another length; the rest as [`derive`](Self::derive).
    pub fn decapsulate(
        &self,
        own: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        ciphertext: &[u8],
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        self.make_child::<Decapsulate>(own, algorithm, params, ciphertext, template)
    }

    /// Makes a key and its encapsulation under a public key (FIPS 203 section 7.2), which goes to `out`; answers
    /// the key and the length of the ciphertext. `template` as for [`decapsulate`](Self::decapsulate).
    ///
    /// Role: user. Usage: `ENCAPSULATE`.
    ///
    /// # Errors
    /// `BufferTooSmall`; the rest as [`derive`](Self::derive).
    pub fn encapsulate(
        &self,
        public: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        template: &Attributes,
        out: &mut [u8],
    ) -> Result<Outcome<(KeyHandle, usize)>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            row.encapsulate.ok_or(Error::Unsupported)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, public)?;
            let pinned = held.pinned(core.keeper())?;
            let mut staged = stage(out, (row.applied_len)(&pinned.header().attributes, params, 0))?;
            served_algorithm(template)?;
            let request = core.request(cell.subject, algorithm, params, 0);
            let origin = key::origin_of_child(pinned.header().origin, template, core.rulebook.profile);
            let permit = admit::admit_child::<Encapsulate, S>(core, pass, row, &request, pinned, template)?;
            let indicator = permit.evidence().indicator();
            let mut tools = core.tools(&mut cell.generators);
            let plan = plan_derived(origin, &indicator, template, &mut tools)?;
            let opened = derivation::encapsulate(row, permit, &mut tools, plan.len, &mut staged)?;
            drop(held);
            let mut fill = |place: crate::boundary::Vacant<'_>| opened.fill(place, &mut tools);
            let handle = core.create(plan, self.serial, &mut fill)?;
            let released = core.module.release(staged, indicator);
            if released.is_err() {
                let _ = core.store.destroy(handle);
            }
            Ok(released?.map(|written| (handle, written.len)))
        })())
    }

    fn make_child<O: Yields>(
        &self,
        parent: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        input: &[u8],
        template: &Attributes,
    ) -> Result<Outcome<KeyHandle>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            O::cell(row).ok_or(Error::Unsupported)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, parent)?;
            let pinned = held.pinned(core.keeper())?;
            served_algorithm(template)?;
            let request = core.request(cell.subject, algorithm, params, input.len());
            let origin = key::origin_of_child(pinned.header().origin, template, core.rulebook.profile);
            let permit = admit::admit_child::<O, S>(core, pass, row, &request, pinned, template)?;
            let indicator = permit.evidence().indicator();
            let mut tools = core.tools(&mut cell.generators);
            let plan = plan_derived(origin, &indicator, template, &mut tools)?;
            let opened = derivation::run::<O>(row, permit, params, &mut tools, input, plan.len)?;
            drop(held);
            let mut fill = |place: crate::boundary::Vacant<'_>| opened.fill(place, &mut tools);
            let handle = core.create(plan, self.serial, &mut fill)?;
            core.release_key(handle, indicator)
        })())
    }
}

/// What a key is going to be that comes of another one, or of a password.
pub(super) fn plan_derived(
    origin: Origin,
    indicator: &Indicator,
    template: &Attributes,
    tools: &mut Tools<'_>,
) -> Result<Plan> {
    Ok(Plan {
        id: new_id(tools)?,
        attributes: template.clone(),
        origin,
        strength: indicator.strength().unwrap_or_else(|| template.strength()),
        uses: policy::ceiling(template).map(|end| Lease::of(0, end)),
        len: table::stored_len(template)?,
    })
}
