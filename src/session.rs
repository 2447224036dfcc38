//! A session: the whole keyed service list. Each body is the same few lines: enter, hold the key, stage
//! the output, pass the doorway, run the cell, release.
//!
//! Every service may answer `NotOperational` (any state but Operational), `SelfTestFailed`,
//! `UnknownKey` (no such key, or somebody else's), `NotPermitted`, `EntropyFailed` and `Corrupted`
//! beside the errors its documentation names.

mod batch;
pub(crate) mod cell;
mod derivation;
mod info;
mod keys;
mod services;
mod streams;
mod transport;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

pub use batch::{AgreeItem, GenerateItem, SignItem, UnwrapItem, VerifyItem, WrapItem};
use cell::{Cell, CellSlot};
pub use info::{Filter, KeyInfo, Operation, UnwrapAs};
pub use streams::Context;

use crate::algorithm::{Algorithm, Params};
use crate::boundary::Tools;
use crate::boundary::random::Generators;
use crate::engine::Core;
use crate::error::{Error, Result};
use crate::policy::{Request, Subject};
use crate::state::Staged;
#[cfg(feature = "alloc")]
use crate::store::HeapStore;
use crate::store::Store;
use crate::sync::Guard;

/// An open session. Dropping it wipes its cell and destroys its session keys.
#[cfg(feature = "alloc")]
pub struct Session<'e, S: Store = HeapStore> {
    core: CoreRef<'e, S>,
    slot: usize,
    serial: u32,
}

/// An open session. Dropping it wipes its cell and destroys its session keys.
#[cfg(not(feature = "alloc"))]
pub struct Session<'e, S: Store> {
    core: CoreRef<'e, S>,
    slot: usize,
    serial: u32,
}

enum CoreRef<'e, S: Store> {
    #[cfg(not(feature = "alloc"))]
    Borrowed(&'e Core<S>),
    #[cfg(feature = "alloc")]
    Shared(Arc<Core<S>>, core::marker::PhantomData<&'e ()>),
}

impl<S: Store> core::ops::Deref for CoreRef<'_, S> {
    type Target = Core<S>;

    fn deref(&self) -> &Core<S> {
        match self {
            #[cfg(not(feature = "alloc"))]
            Self::Borrowed(core) => core,
            #[cfg(feature = "alloc")]
            Self::Shared(core, _) => core,
        }
    }
}

/// A session's cell, locked for one call.
pub(crate) struct Locked<'s, P>(Guard<'s, Option<Cell<P>>>);

impl<P> Locked<'_, P> {
    fn cell(&mut self) -> Result<&mut Cell<P>> {
        self.0.as_mut().ok_or(Error::NotOperational)
    }
}

impl<'e, S: Store> Session<'e, S> {
    #[cfg(feature = "alloc")]
    pub(crate) fn shared(core: Arc<Core<S>>, slot: usize, serial: u32) -> Self {
        Self { core: CoreRef::Shared(core, core::marker::PhantomData), slot, serial }
    }

    #[cfg(not(feature = "alloc"))]
    pub(crate) fn borrowed(core: &'e Core<S>, slot: usize, serial: u32) -> Self {
        Self { core: CoreRef::Borrowed(core), slot, serial }
    }

    /// Locks the session's own cell.
    fn lock(&self) -> Result<Locked<'_, S::Pins>> {
        let slot = self.core.store.cells().get(self.slot).ok_or(Error::Corrupted)?;
        let guard = slot.cell.lock()?;
        match &*guard {
            Some(cell) if cell.serial == self.serial => Ok(Locked(guard)),
            // Wiped under this session: the module was zeroised.
            _ => Err(Error::NotOperational),
        }
    }

    /// Whether somebody waits for this session's cell, to wipe something in it.
    fn someone_waits(&self) -> bool {
        self.core.store.cells().get(self.slot).is_some_and(CellSlot::is_wanted)
    }

    /// Lets whoever waits go first. The lock alone would not: who has just left it is the first to be back.
    fn give_way(&self) {
        // Without threads nobody else comes by.
        #[cfg(feature = "std")]
        while self.someone_waits() {
            std::thread::yield_now();
        }
    }
}

impl<S: Store> Drop for Session<'_, S> {
    fn drop(&mut self) {
        let Some(slot) = self.core.store.cells().get(self.slot) else { return };
        if let Some(mut place) = slot.cell.lock_to_wipe() {
            if let Some(cell) = place.as_mut() {
                self.core.store.forget(&mut cell.pins, true);
            }
            *place = None;
        }
        let _ = self.destroy_session_keys();
        slot.vacate();
    }
}

impl<S: Store> Core<S> {
    #[inline(always)]
    fn tools<'a>(&'a self, generators: &'a mut Generators) -> Tools<'a> {
        Tools {
            generators,
            pool: &self.pool,
            module: &self.module,
            faults: &self.faults,
            device: self.device,
            backends: self.backends,
        }
    }

    #[inline(always)]
    fn request<'p>(
        &self,
        subject: Subject,
        algorithm: Algorithm,
        params: &'p Params<'p>,
        input_len: usize,
    ) -> Request<'p> {
        Request {
            subject,
            algorithm,
            params,
            input_len,
            spends: true,
            now: self.now(),
            rulebook: self.rulebook,
        }
    }
}

/// Stages the caller's buffer, if it is large enough: decided before anything is charged.
#[inline(always)]
fn stage(out: &mut [u8], needed: Option<usize>) -> Result<Staged<'_>> {
    let needed = needed.ok_or(Error::InvalidArgument)?;
    if out.len() < needed { Err(Error::BufferTooSmall) } else { Ok(Staged::new(out)) }
}
