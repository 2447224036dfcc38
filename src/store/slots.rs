//! Keys in place: a table of `N` slots with room for `BYTES` bytes of secret each, without allocation.

use super::backing::{Backing, Hold};
use super::{Fill, Keeper, Occupant, Slot, Store};
use crate::attributes::Attributes;
use crate::boundary::{Header, Inline, KEYS, Key, Pinned, on_scrubbed_stack};
use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::session::cell::CellSlot;
use crate::sync::{Guard, Lock};

type Record<const BYTES: usize> = Key<Inline<BYTES>>;

/// Live keys in place: the store for firmware. `N` keys of at most `BYTES` bytes of secret or, for public
/// keys alone, of point (P-256: 65, P-521: 133), and `SESSIONS` open sessions.
pub struct SlotTable<const N: usize, const BYTES: usize, const SESSIONS: usize = 2> {
    slots: [Slot<Record<BYTES>>; N],
    ids: Lock<[Option<KeyId>; N]>,
    cells: [CellSlot<()>; SESSIONS],
}

impl<const N: usize, const BYTES: usize, const SESSIONS: usize> SlotTable<N, BYTES, SESSIONS> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: core::array::from_fn(|_| Slot::new(1)),
            ids: Lock::new([None; N]),
            cells: core::array::from_fn(|_| CellSlot::new()),
        }
    }

    fn slot(&self, handle: KeyHandle) -> Result<&Slot<Record<BYTES>>> {
        let index = usize::try_from(handle.index()).map_err(|_| Error::UnknownKey)?;
        self.slots.get(index).ok_or(Error::UnknownKey)
    }

    fn occupied(&self, handle: KeyHandle) -> Result<Guard<'_, Occupant<Record<BYTES>>>> {
        let occupant = self.slot(handle)?.occupant.lock()?;
        if occupant.generation == handle.generation() && occupant.record.is_some() {
            Ok(occupant)
        } else {
            Err(Error::UnknownKey)
        }
    }

    fn forget_id(&self, index: u32) {
        if let Some(mut ids) = self.ids.lock_to_wipe()
            && let Ok(index) = usize::try_from(index)
            && let Some(id) = ids.get_mut(index)
        {
            *id = None;
        }
    }
}

impl<const N: usize, const BYTES: usize, const SESSIONS: usize> Default for SlotTable<N, BYTES, SESSIONS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const BYTES: usize, const SESSIONS: usize> Store for SlotTable<N, BYTES, SESSIONS> {}

/// A slot held for one call.
pub struct SlotHeld<'a, const BYTES: usize> {
    occupant: Guard<'a, Occupant<Record<BYTES>>>,
    slot: &'a Slot<Record<BYTES>>,
}

#[allow(private_interfaces)]
impl<const BYTES: usize> Hold for SlotHeld<'_, BYTES> {
    fn pinned<'s>(&'s self, keeper: Keeper<'s>) -> Result<Pinned<'s>> {
        let record = self.occupant.record.as_ref().ok_or(Error::UnknownKey)?;
        record.check(keeper.seal)?;
        let id = record.header().id;
        Ok(Pinned::new(record.view(), self.slot.spender(id, None, keeper)))
    }
}

#[allow(private_interfaces)]
impl<const N: usize, const BYTES: usize, const SESSIONS: usize> Backing for SlotTable<N, BYTES, SESSIONS> {
    type Pins = ();
    type Held<'a> = SlotHeld<'a, BYTES>;

    fn renew(&self) -> Self {
        Self::new()
    }

    fn start(&self, generation: u32) -> Result<()> {
        self.slots.iter().try_for_each(|slot| slot.start(generation))
    }

    fn cells(&self) -> &[CellSlot<()>] {
        &self.cells
    }

    fn capacity(&self) -> usize {
        N
    }

    fn create(
        &self,
        keeper: Keeper<'_>,
        header: Header,
        len: usize,
        budget: Budget,
        fill: Fill<'_>,
    ) -> Result<KeyHandle> {
        let index = {
            let mut ids = self.ids.lock()?;
            if ids.contains(&Some(header.id)) {
                return Err(Error::NotPermitted);
            }
            let free = ids.iter().position(Option::is_none).ok_or(Error::NoSpace)?;
            *ids.get_mut(free).ok_or(Error::Corrupted)? = Some(header.id);
            u32::try_from(free).map_err(|_| Error::NoSpace)?
        };
        let publish = || -> Result<KeyHandle> {
            let slot = self.slot(KeyHandle::new(index, 0))?;
            let mut occupant = slot.occupant.lock()?;
            let handle = KeyHandle::new(index, occupant.generation);
            let made = (|| {
                let key = occupant.record.insert(Key::vacant(header, handle, len)?);
                let proof = fill(key.place(keeper.backends))?;
                key.publish(proof, keeper.seal)?;
                *slot.budget.lock()? = budget;
                Ok(handle)
            })();
            if made.is_err() {
                occupant.record = None;
            }
            made
        };
        let made = on_scrubbed_stack(publish);
        if made.is_err() {
            self.forget_id(index);
        }
        made
    }

    fn hold<'a>(&'a self, _pins: &'a mut (), handle: KeyHandle) -> Result<SlotHeld<'a, BYTES>> {
        Ok(SlotHeld { occupant: self.occupied(handle)?, slot: self.slot(handle)? })
    }

    fn hold_pair<'a>(
        &'a self,
        _pins: &'a mut (),
        first: KeyHandle,
        second: KeyHandle,
    ) -> Result<(SlotHeld<'a, BYTES>, SlotHeld<'a, BYTES>)> {
        if first.index() == second.index() {
            return Err(if first == second { Error::NotPermitted } else { Error::UnknownKey });
        }
        // Always the lower slot first: two threads that wrap crosswise must not wait for each other.
        let held = |handle| -> Result<SlotHeld<'a, BYTES>> {
            Ok(SlotHeld { occupant: self.occupied(handle)?, slot: self.slot(handle)? })
        };
        if first.index() < second.index() {
            let a = held(first)?;
            Ok((a, held(second)?))
        } else {
            let b = held(second)?;
            Ok((held(first)?, b))
        }
    }

    fn hold_many<'a>(
        &'a self,
        _pins: &'a mut (),
        wanted: &[Option<KeyHandle>; KEYS],
    ) -> [Result<SlotHeld<'a, BYTES>>; KEYS] {
        // In rising order, as in `hold_pair`. A slot that this group holds is not asked for again.
        let mut last = None;
        wanted.map(|handle| {
            let handle = handle.filter(|handle| last != Some(handle.index())).ok_or(Error::UnknownKey)?;
            let held = SlotHeld { occupant: self.occupied(handle)?, slot: self.slot(handle)? };
            last = Some(handle.index());
            Ok(held)
        })
    }

    fn destroy(&self, handle: KeyHandle) -> Result<()> {
        self.slot(handle)?.vacate(handle.generation(), |record| record.header().id)?;
        if handle.generation() != u32::MAX {
            self.forget_id(handle.index());
        }
        Ok(())
    }

    fn narrow(
        &self,
        keeper: Keeper<'_>,
        handle: KeyHandle,
        attributes: &Attributes,
        session: u32,
    ) -> Result<()> {
        let mut occupant = self.occupied(handle)?;
        let record = occupant.record.as_mut().ok_or(Error::UnknownKey)?;
        record.narrow(attributes, session, keeper.seal)?;
        if let Some(uses) = attributes.uses() {
            self.slot(handle)?.budget.lock()?.cap(uses)?;
        }
        Ok(())
    }

    fn peek(&self, index: usize, see: &mut dyn FnMut(KeyHandle, &Header)) -> Result<()> {
        if let Some(slot) = self.slots.get(index)
            && let Some(record) = &slot.occupant.lock()?.record
        {
            see(record.handle(), record.header());
        }
        Ok(())
    }

    fn check_all(&self, keeper: Keeper<'_>) -> Result<()> {
        self.slots.iter().try_for_each(|slot| match &slot.occupant.lock()?.record {
            Some(record) => record.check_fully(keeper.seal),
            None => Ok(()),
        })
    }

    fn wipe_all(&self) {
        for slot in &self.slots {
            slot.wipe();
        }
    }

    fn forget(&self, _pins: &mut (), _all: bool) {}

    #[cfg(strongroom_lab)]
    fn flip(&self, handle: KeyHandle, bit: usize) -> Result<()> {
        let mut occupant = self.occupied(handle)?;
        occupant.record.as_mut().ok_or(Error::UnknownKey)?.flip(bit);
        Ok(())
    }
}
