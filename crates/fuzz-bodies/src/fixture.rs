//! What the bodies share: an engine that is the same in every process, and damage made from input bytes.

use std::cell::RefCell;
use std::thread::LocalKey;

use strongroom::{
    Engine, Entropy, EntropyClaim, EntropyFailure, Filter, HeapStore, KeyHandle, Session, State, Subject,
};

/// An engine with a predictable source, and one session of it.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) session: Session<'static>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let engine = powered_on();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        Self { engine, session }
    }

    /// How many keys live.
    pub(crate) fn keys(&self) -> usize {
        count(&self.session)
    }

    /// Nothing was created, and the module still serves.
    pub(crate) fn unmoved(&self, keys: usize) {
        assert_eq!(self.engine.status().state, State::Operational);
        assert_eq!(self.keys(), keys);
    }
}

pub(crate) fn powered_on() -> Engine {
    Engine::builder().store(HeapStore::new(64, 4)).entropy(Fixed(0x5eed)).power_on().unwrap()
}

/// How many keys this session may see.
pub(crate) fn count(session: &Session<'_>) -> usize {
    let mut out = [KeyHandle::from_u64(0); 64];
    session.keys(&Filter::ALL, None, &mut out).unwrap().value()
}

/// SplitMix64: predictable on purpose, good enough to pass the health tests.
struct Fixed(u64);

impl Entropy for Fixed {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::Unassessed
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailure> {
        for byte in out {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
        Ok(())
    }
}

/// Runs with a thread's fixture. A body that panics loses it, so that the next input starts afresh.
pub(crate) fn with<T>(
    slot: &'static LocalKey<RefCell<Option<T>>>,
    make: fn() -> T,
    body: impl FnOnce(&mut T),
) {
    let mut fixture = slot.take().unwrap_or_else(make);
    body(&mut fixture);
    slot.set(Some(fixture));
}

/// Changes `good` as the script says: four bytes a change, the operation, the place, the byte.
pub(crate) fn mutate(good: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for change in script.as_chunks::<4>().0 {
        let [operation, high, low, byte] = *change;
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match operation % 5 {
            0 if at < bytes.len() => bytes[at] ^= byte,
            1 if at < bytes.len() => bytes[at] = byte,
            2 if bytes.len() < 1 << 14 => bytes.insert(at, byte),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

/// A change of one byte, as a script of [`mutate`].
pub(crate) fn flip(at: u16, bits: u8) -> [u8; 4] {
    let [high, low] = at.to_be_bytes();
    [0, high, low, bits]
}
