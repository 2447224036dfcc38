//! A session's own cell: everything a call needs, behind one uncontended lock.

use core::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crate::algorithm::{Algorithm, MAX_CONTEXT, Params};
use crate::boundary::on_scrubbed_stack;
use crate::boundary::random::Generators;
use crate::boundary::stream::Running;
use crate::error::{Error, Result};
use crate::handle::KeyHandle;
use crate::policy::Subject;
use crate::sync::{Guard, Lock};

/// Open multi-part operations of one session.
const CONTEXTS: usize = 8;

/// A place for one session. Alone on its cache lines, so that sessions do not slow each other down.
#[repr(align(128))]
pub struct CellSlot<P> {
    in_use: AtomicBool,
    /// How many wait to wipe something in the cell: a batch steps aside for them.
    wanted: AtomicU16,
    pub(crate) cell: Lock<Option<Cell<P>>>,
}

/// What an open session owns. Dropped in place, every part wipes itself.
pub(crate) struct Cell<P> {
    pub(crate) serial: u32,
    pub(crate) subject: Subject,
    pub(crate) pins: P,
    pub(crate) generators: Generators,
    pub(crate) contexts: Contexts,
}

impl<P> CellSlot<P> {
    pub(crate) fn new() -> Self {
        Self { in_use: AtomicBool::new(false), wanted: AtomicU16::new(0), cell: Lock::new(None) }
    }

    /// Takes the place, if it is free.
    pub(crate) fn occupy(&self) -> bool {
        self.in_use.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Gives the place back. The cell was wiped before.
    pub(crate) fn vacate(&self) {
        self.in_use.store(false, Ordering::Release);
    }

    /// The cell, for wiping: waits for the call that is running, or for one group of its batch.
    pub(crate) fn lock_to_wipe(&self) -> Option<Guard<'_, Option<Cell<P>>>> {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        let cell = self.cell.lock_to_wipe();
        self.wanted.fetch_sub(1, Ordering::AcqRel);
        cell
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire) != 0
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Acquire)
    }
}

/// What a multi-part operation is going to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sign,
    Verify,
    Mac,
    VerifyMac,
    Encrypt,
    Decrypt,
    Digest,
}

/// A multi-part operation: handle and running state, never a permit.
pub(crate) struct Context {
    pub(crate) serial: u32,
    pub(crate) purpose: Purpose,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Option<KeyHandle>,
    pub(crate) params: OwnedParams,
    pub(crate) running: Running,
}

/// Parameters that outlive their call. Associated data of a context is bounded.
pub(crate) struct OwnedParams {
    hash: Option<crate::algorithm::Hash>,
    tag_len: Option<usize>,
    deterministic: bool,
    iv: [u8; 16],
    iv_len: Option<usize>,
    aad: [u8; 128],
    aad_len: usize,
    context: [u8; MAX_CONTEXT],
    context_len: usize,
}

impl OwnedParams {
    pub(crate) fn new(params: &Params<'_>) -> Result<Self> {
        let mut owned = Self {
            hash: params.hash,
            tag_len: params.tag_len,
            deterministic: params.deterministic,
            iv: [0; 16],
            iv_len: params.iv.map(<[u8]>::len),
            aad: [0; 128],
            aad_len: params.aad.len(),
            context: [0; MAX_CONTEXT],
            context_len: params.context.len(),
        };
        let iv = params.iv.unwrap_or(&[]);
        owned.iv.get_mut(..iv.len()).ok_or(Error::InvalidArgument)?.copy_from_slice(iv);
        owned.aad.get_mut(..params.aad.len()).ok_or(Error::Unsupported)?.copy_from_slice(params.aad);
        let context = owned.context.get_mut(..params.context.len()).ok_or(Error::InvalidArgument)?;
        context.copy_from_slice(params.context);
        // The rest belongs to operations that take no pieces.
        if !(params.label.is_empty() && params.salt.is_empty() && params.info.is_empty()) {
            return Err(Error::InvalidArgument);
        }
        Ok(owned)
    }

    pub(crate) fn as_params(&self) -> Params<'_> {
        Params {
            hash: self.hash,
            tag_len: self.tag_len,
            aad: self.aad.get(..self.aad_len).unwrap_or(&[]),
            iv: self.iv_len.and_then(|len| self.iv.get(..len)),
            deterministic: self.deterministic,
            context: self.context.get(..self.context_len).unwrap_or(&[]),
            ..Params::NONE
        }
    }
}

/// The open multi-part operations of a session.
#[derive(Default)]
pub(crate) struct Contexts {
    open: [Option<Context>; CONTEXTS],
    last: u32,
}

impl Contexts {
    /// Opens one; answers its number.
    pub(crate) fn open(
        &mut self,
        purpose: Purpose,
        algorithm: Algorithm,
        key: Option<KeyHandle>,
        params: OwnedParams,
        start: impl FnOnce() -> Result<Running>,
    ) -> Result<u32> {
        let free = self.open.iter_mut().find(|place| place.is_none()).ok_or(Error::NoSpace)?;
        let serial = self.last.checked_add(1).ok_or(Error::NoSpace)?;
        on_scrubbed_stack(|| {
            *free = Some(Context { serial, purpose, algorithm, key, params, running: start()? });
            Ok(())
        })?;
        self.last = serial;
        Ok(serial)
    }

    /// The one with this number, if it was opened for this purpose.
    pub(crate) fn get(&self, serial: u32, purpose: Purpose) -> Result<&Context> {
        let context = self.open.iter().flatten().find(|context| context.serial == serial);
        context.filter(|context| context.purpose == purpose).ok_or(Error::InvalidArgument)
    }

    pub(crate) fn get_mut(&mut self, serial: u32) -> Result<&mut Context> {
        self.open.iter_mut().flatten().find(|context| context.serial == serial).ok_or(Error::InvalidArgument)
    }

    /// Takes one out, to be finished or dropped.
    pub(crate) fn take(&mut self, serial: u32) -> Result<Context> {
        let place =
            self.open.iter_mut().find(|place| place.as_ref().is_some_and(|context| context.serial == serial));
        place.and_then(Option::take).ok_or(Error::InvalidArgument)
    }

    /// Wipes those of one key.
    pub(crate) fn forget(&mut self, key: KeyHandle) {
        for place in &mut self.open {
            if place.as_ref().is_some_and(|context| context.key == Some(key)) {
                *place = None;
            }
        }
    }
}
