//! Keys on the heap, shared by reference count, pinned by the sessions that use them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;

use super::backing::{Backing, Hold};
use super::{Fill, Keeper, Occupant, Slot, Store};
use crate::attributes::Attributes;
use crate::boundary::{Header, KEYS, Key, Pinned, on_scrubbed_stack};
use crate::budget::{Budget, Lease};
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::session::cell::CellSlot;
use crate::sync::Lock;

type Record = Arc<Key<Box<[u8]>>>;

/// Live keys on the heap: the store for servers.
pub struct HeapStore {
    slots: Box<[Slot<Record>]>,
    index: Lock<Index>,
    cells: Box<[CellSlot<HeapPins>]>,
}

/// Free slots, and the ids of live keys.
struct Index {
    free: Vec<u32>,
    ids: BTreeMap<KeyId, u32>,
}

impl HeapStore {
    /// Room for this many live keys and open sessions. Slots are small; secrets are allocated at
    /// their exact size when keys are made.
    #[must_use]
    pub fn new(keys: u32, sessions: u16) -> Self {
        Self {
            slots: (0..keys).map(|_| Slot::new(1)).collect(),
            index: Lock::new(Index { free: (0..keys).rev().collect(), ids: BTreeMap::new() }),
            cells: (0..sessions).map(|_| CellSlot::new()).collect(),
        }
    }

    fn slot(&self, handle: KeyHandle) -> Result<&Slot<Record>> {
        let index = usize::try_from(handle.index()).map_err(|_| Error::UnknownKey)?;
        self.slots.get(index).ok_or(Error::UnknownKey)
    }

    fn release_slot(&self, handle: KeyHandle, id: &KeyId) {
        if let Some(mut table) = self.index.lock_to_wipe() {
            table.ids.remove(id);
            // A slot whose generations are used up is retired: a handle never means two keys.
            if handle.generation() != u32::MAX {
                table.free.push(handle.index());
            }
        }
    }

    /// Position of the pin for `handle`, made now if need be; none of `keep` is given up for it.
    fn pin(&self, pins: &mut HeapPins, handle: KeyHandle, keep: Kept) -> Result<usize> {
        let slot = self.slot(handle)?;
        let found = pins.0.iter().position(|pin| {
            pin.as_ref().is_some_and(|pin| pin.handle == handle && pin.stamp == slot.stamp())
        });
        if let Some(position) = found {
            return Ok(position);
        }
        // The other keys of a call stay, though they be changed at this moment: its call came first.
        self.drop_pins(pins, keep, |pin| self.is_stale(pin));
        // The stamp is read before the record: a change in between makes the pin stale, never wrong.
        let stamp = slot.stamp();
        let record = {
            let occupant = slot.occupant.lock()?;
            if occupant.generation != handle.generation() {
                return Err(Error::UnknownKey);
            }
            Arc::clone(occupant.record.as_ref().ok_or(Error::UnknownKey)?)
        };
        let free = pins.0.iter().position(Option::is_none);
        let position = match free {
            Some(position) => position,
            None => {
                // Oldest first, by a clock hand.
                let turn = (0..PINS).map(|step| pins.1.wrapping_add(step) % PINS);
                let chosen = turn.clone().find(|position| !keep.has(*position)).ok_or(Error::Corrupted)?;
                pins.1 = chosen.wrapping_add(1) % PINS;
                chosen
            }
        };
        let place = pins.0.get_mut(position).ok_or(Error::Corrupted)?;
        if let Some(old) = place.take() {
            self.give_back(&old);
        }
        *place = Some(Pin { handle, stamp, record, lease: Cell::new(Lease::EMPTY) });
        Ok(position)
    }

    #[inline]
    fn held<'a>(&'a self, pins: &'a HeapPins, position: usize, handle: KeyHandle) -> Result<HeapHeld<'a>> {
        let pin = pins.0.get(position).and_then(Option::as_ref).ok_or(Error::Corrupted)?;
        Ok(HeapHeld { record: &pin.record, lease: &pin.lease, slot: self.slot(handle)? })
    }

    fn is_stale(&self, pin: &Pin) -> bool {
        self.slot(pin.handle).map_or(true, |slot| slot.stamp() != pin.stamp)
    }

    /// Drops pins, but none of `keep`; unused leases go back.
    fn drop_pins(&self, pins: &mut HeapPins, keep: Kept, which: impl Fn(&Pin) -> bool) {
        for (position, place) in pins.0.iter_mut().enumerate() {
            if !keep.has(position)
                && place.as_ref().is_some_and(&which)
                && let Some(pin) = place.take()
            {
                self.give_back(&pin);
            }
        }
    }

    fn give_back(&self, pin: &Pin) {
        let Ok(slot) = self.slot(pin.handle) else { return };
        // Only to the budget the block came from: the slot may belong to another key by now.
        if let Ok(occupant) = slot.occupant.lock()
            && occupant.generation == pin.handle.generation()
            && let Ok(mut budget) = slot.budget.lock()
        {
            budget.give_back(pin.lease.get());
        }
    }
}

impl Store for HeapStore {}

/// As many as a group of a batch may have.
const PINS: usize = KEYS;

/// Positions of pins that the call at hand holds.
#[derive(Clone, Copy)]
struct Kept(u8);

const _: () = assert!(PINS <= 8);

impl Kept {
    const NONE: Self = Self(0);

    const fn has(self, position: usize) -> bool {
        position < PINS && self.0 >> position & 1 != 0
    }

    const fn and(self, position: usize) -> Self {
        if position < PINS { Self(self.0 | 1 << position) } else { self }
    }
}

/// Keys that a session used lately.
#[derive(Default)]
pub struct HeapPins([Option<Pin>; PINS], usize);

struct Pin {
    handle: KeyHandle,
    stamp: u32,
    record: Record,
    lease: Cell<Lease>,
}

/// A pinned key for one call.
pub struct HeapHeld<'a> {
    record: &'a Record,
    lease: &'a Cell<Lease>,
    slot: &'a Slot<Record>,
}

#[allow(private_interfaces)]
impl Hold for HeapHeld<'_> {
    #[inline(always)]
    fn pinned<'s>(&'s self, keeper: Keeper<'s>) -> Result<Pinned<'s>> {
        self.record.check(keeper.seal)?;
        let view = self.record.view();
        let id = self.record.header().id;
        Ok(Pinned::new(view, self.slot.spender(id, Some(self.lease), keeper)))
    }
}

#[allow(private_interfaces)]
impl Backing for HeapStore {
    type Pins = HeapPins;
    type Held<'a> = HeapHeld<'a>;

    fn renew(&self) -> Self {
        let keys = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let sessions = u16::try_from(self.cells.len()).unwrap_or(u16::MAX);
        Self::new(keys, sessions)
    }

    fn start(&self, generation: u32) -> Result<()> {
        self.slots.iter().try_for_each(|slot| slot.start(generation))
    }

    fn cells(&self) -> &[CellSlot<HeapPins>] {
        &self.cells
    }

    fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn create(
        &self,
        keeper: Keeper<'_>,
        header: Header,
        len: usize,
        budget: Budget,
        fill: Fill<'_>,
    ) -> Result<KeyHandle> {
        let id = header.id;
        let index = {
            let mut table = self.index.lock()?;
            if table.ids.contains_key(&id) {
                return Err(Error::NotPermitted);
            }
            let index = table.free.pop().ok_or(Error::NoSpace)?;
            table.ids.insert(id, index);
            index
        };
        let publish = || -> Result<KeyHandle> {
            let slot = self.slot(KeyHandle::new(index, 0))?;
            let generation = slot.occupant.lock()?.generation;
            let handle = KeyHandle::new(index, generation);
            // On the heap from the start: the secret and its prepared form never move again.
            let mut record = Arc::new(Key::vacant(header, handle, len)?);
            let key = Arc::get_mut(&mut record).ok_or(Error::Corrupted)?;
            let proof = fill(key.place(keeper.backends))?;
            key.publish(proof, keeper.seal)?;
            let mut occupant = slot.occupant.lock()?;
            *slot.budget.lock()? = budget;
            occupant.record = Some(record);
            Ok(handle)
        };
        let made = on_scrubbed_stack(publish);
        if made.is_err() {
            self.release_slot(KeyHandle::new(index, 0), &id);
        }
        made
    }

    #[inline]
    fn hold<'a>(&'a self, pins: &'a mut HeapPins, handle: KeyHandle) -> Result<HeapHeld<'a>> {
        let position = self.pin(pins, handle, Kept::NONE)?;
        self.held(pins, position, handle)
    }

    fn hold_pair<'a>(
        &'a self,
        pins: &'a mut HeapPins,
        first: KeyHandle,
        second: KeyHandle,
    ) -> Result<(HeapHeld<'a>, HeapHeld<'a>)> {
        if first == second {
            return Err(Error::NotPermitted);
        }
        let a = self.pin(pins, first, Kept::NONE)?;
        let b = self.pin(pins, second, Kept::NONE.and(a))?;
        Ok((self.held(pins, a, first)?, self.held(pins, b, second)?))
    }

    fn hold_many<'a>(
        &'a self,
        pins: &'a mut HeapPins,
        wanted: &[Option<KeyHandle>; KEYS],
    ) -> [Result<HeapHeld<'a>>; KEYS] {
        let mut kept = Kept::NONE;
        let positions = wanted.map(|handle| {
            let handle = handle.ok_or(Error::UnknownKey)?;
            let position = self.pin(pins, handle, kept)?;
            kept = kept.and(position);
            Ok((position, handle))
        });
        let pins = &*pins;
        positions.map(|found| found.and_then(|(position, handle)| self.held(pins, position, handle)))
    }

    fn destroy(&self, handle: KeyHandle) -> Result<()> {
        let id = self.slot(handle)?.vacate(handle.generation(), |record| record.header().id)?;
        self.release_slot(handle, &id);
        Ok(())
    }

    fn narrow(
        &self,
        keeper: Keeper<'_>,
        handle: KeyHandle,
        attributes: &Attributes,
        session: u32,
    ) -> Result<()> {
        let slot = self.slot(handle)?;
        let mut occupant: crate::sync::Guard<'_, Occupant<Record>> = slot.occupant.lock()?;
        if occupant.generation != handle.generation() {
            return Err(Error::UnknownKey);
        }
        let old = occupant.record.as_ref().ok_or(Error::UnknownKey)?;
        let header = old.narrowed_header(attributes, session)?;
        let mut record = Arc::new(Key::vacant(header, handle, old.len())?);
        let key = Arc::get_mut(&mut record).ok_or(Error::Corrupted)?;
        on_scrubbed_stack(|| key.take_over(old, keeper.seal, keeper.backends))?;
        if let Some(uses) = attributes.uses() {
            slot.budget.lock()?.cap(uses)?;
        }
        occupant.record = Some(record);
        slot.bump();
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
        if let Some(mut table) = self.index.lock_to_wipe() {
            // No slot is reused after this: the instance is finished.
            table.ids.clear();
            table.free.clear();
        }
    }

    fn forget(&self, pins: &mut HeapPins, all: bool) {
        self.drop_pins(pins, Kept::NONE, |pin| all || self.is_stale(pin));
    }

    #[cfg(strongroom_lab)]
    fn flip(&self, handle: KeyHandle, bit: usize) -> Result<()> {
        let slot = self.slot(handle)?;
        let mut occupant = slot.occupant.lock()?;
        let record = occupant.record.as_mut().ok_or(Error::UnknownKey)?;
        let key = Arc::get_mut(record).ok_or(Error::NotPermitted)?;
        key.flip(bit);
        Ok(())
    }
}
