//! Where live keys lie: [`HeapStore`] on the heap, [`SlotTable`] in place without allocation.
//!
//! Lock order: session cell, then slot record, then slot budget or index; a sweep over the cells holds
//! nothing else.

#[cfg(feature = "alloc")]
mod heap;
mod slots;

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::budget::{Budget, Lease, Spender};
#[cfg(feature = "alloc")]
pub use heap::HeapStore;
pub use slots::SlotTable;

use crate::attributes::Attributes;
use crate::boundary::{Backends, Header, KEYS, Paired, Pinned, Seal, Vacant};
use crate::error::{Error, Result};
use crate::handle::{KeyHandle, KeyId};
use crate::session::cell::CellSlot;
use crate::sync::Lock;

/// A store of live keys. Sealed: [`HeapStore`] and [`SlotTable`] are all there are.
pub trait Store: backing::Backing {}

/// Fills a vacant place and proves that the key may be published.
pub(crate) type Fill<'f> = &'f mut dyn FnMut(Vacant<'_>) -> Result<Paired>;

/// What is needed to make and to seal records, and to spend uses.
#[derive(Clone, Copy)]
pub(crate) struct Keeper<'e> {
    pub(crate) seal: &'e Seal,
    pub(crate) backends: Backends,
    pub(crate) log: Option<&'e dyn crate::hooks::UsageLog>,
}

pub(crate) mod backing {
    use super::*;

    /// What a store does, inside the crate.
    #[allow(private_interfaces)] // sealed: the types are the crate's own
    pub trait Backing: Sized {
        /// What a session remembers of the keys it used.
        type Pins: Default;
        /// A key held for one call.
        type Held<'a>: Hold
        where
            Self: 'a;

        /// An empty store of the same size, for the next power cycle.
        fn renew(&self) -> Self;

        /// Starts every slot at this generation: handles of another power cycle mean nothing (FSM-5).
        fn start(&self, generation: u32) -> Result<()>;

        fn cells(&self) -> &[CellSlot<Self::Pins>];
        fn capacity(&self) -> usize;

        /// Makes a key: reserves a slot, lets `fill` fill it in place, publishes it against the proof.
        /// Refuses a second live key with the same id.
        fn create(
            &self,
            keeper: Keeper<'_>,
            header: Header,
            len: usize,
            budget: Budget,
            fill: Fill<'_>,
        ) -> Result<KeyHandle>;

        /// Holds a live key: a pinned one costs one load.
        fn hold<'a>(&'a self, pins: &'a mut Self::Pins, handle: KeyHandle) -> Result<Self::Held<'a>>;

        /// Holds two different keys.
        fn hold_pair<'a>(
            &'a self,
            pins: &'a mut Self::Pins,
            first: KeyHandle,
            second: KeyHandle,
        ) -> Result<(Self::Held<'a>, Self::Held<'a>)>;

        /// Holds the keys of a group of a batch: `wanted` names each once, in rising order.
        fn hold_many<'a>(
            &'a self,
            pins: &'a mut Self::Pins,
            wanted: &[Option<KeyHandle>; KEYS],
        ) -> [Result<Self::Held<'a>>; KEYS];

        /// Takes the key out of its slot and makes its handle stale. The last holder wipes it.
        fn destroy(&self, handle: KeyHandle) -> Result<()>;

        /// Puts narrower attributes on a live key, under the same handle, for this session.
        fn narrow(
            &self,
            keeper: Keeper<'_>,
            handle: KeyHandle,
            attributes: &Attributes,
            session: u32,
        ) -> Result<()>;

        /// Shows the key in slot `index`, if there is one.
        fn peek(&self, index: usize, see: &mut dyn FnMut(KeyHandle, &Header)) -> Result<()>;

        /// The full integrity check of every record.
        fn check_all(&self, keeper: Keeper<'_>) -> Result<()>;

        /// Takes every key out. Never refuses.
        fn wipe_all(&self);

        /// Drops what a session remembers of stale keys, or of all; unused leases go back.
        fn forget(&self, pins: &mut Self::Pins, all: bool);

        /// Test ability: damages the record of a live key.
        #[cfg(strongroom_lab)]
        fn flip(&self, handle: KeyHandle, bit: usize) -> Result<()>;
    }

    /// A key held for one call.
    #[allow(private_interfaces)]
    pub trait Hold {
        /// The key as policy sees it, its record checked. The items of a group that share a key share its hold.
        fn pinned<'s>(&'s self, keeper: Keeper<'s>) -> Result<Pinned<'s>>;
    }
}

/// One slot. `R` is the record: in place, or a pointer to it.
pub(crate) struct Slot<R> {
    /// Counts every change that makes a pinned copy stale.
    stamp: AtomicU32,
    occupant: Lock<Occupant<R>>,
    budget: Lock<Budget>,
}

struct Occupant<R> {
    generation: u32,
    record: Option<R>,
}

impl<R> Slot<R> {
    fn new(generation: u32) -> Self {
        Self {
            stamp: AtomicU32::new(0),
            occupant: Lock::new(Occupant { generation, record: None }),
            budget: Lock::new(Budget::none()),
        }
    }

    fn start(&self, generation: u32) -> Result<()> {
        self.occupant.lock()?.generation = generation;
        Ok(())
    }

    fn stamp(&self) -> u32 {
        self.stamp.load(Ordering::Acquire)
    }

    fn bump(&self) {
        self.stamp.fetch_add(1, Ordering::AcqRel);
    }

    /// Wipes the record where it lies; the handle is stale from here on.
    fn vacate(&self, generation: u32, id: impl Fn(&R) -> KeyId) -> Result<KeyId> {
        let mut occupant = self.occupant.lock()?;
        if occupant.generation != generation {
            return Err(Error::UnknownKey);
        }
        let id = occupant.record.as_ref().map(id).ok_or(Error::UnknownKey)?;
        self.clear(&mut occupant);
        Ok(id)
    }

    /// Wipes whatever is there. Never refuses.
    fn wipe(&self) {
        if let Some(mut occupant) = self.occupant.lock_to_wipe() {
            self.clear(&mut occupant);
        }
    }

    fn clear(&self, occupant: &mut Occupant<R>) {
        // Dropped in place, not moved out: a moved record would leave its bytes behind.
        occupant.record = None;
        occupant.generation = occupant.generation.wrapping_add(1);
        self.bump();
        if let Some(mut budget) = self.budget.lock_to_wipe() {
            *budget = Budget::none();
        }
    }

    fn spender<'a>(&'a self, id: KeyId, lease: Option<&'a Cell<Lease>>, keeper: Keeper<'a>) -> Spender<'a> {
        Spender::new(lease, &self.budget, id, keeper.log)
    }
}
