//! A global allocator that looks for secrets: in every block that is freed while a test watches, and, when
//! asked, in all that is allocated. It zeroes what is freed, so that nothing old is found in new blocks.
//!
//! A secret is looked for in pieces of eight bytes, as it stands and in the order of 64-bit limbs, so that a
//! number is found as bytes, as limbs, and when half of it was overwritten. The pieces are kept under a mask,
//! outside the heap.
#![allow(unsafe_code)] // an allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

pub struct Checking;

const MASK: u64 = 0x5bd1_e995_9d2c_5680;
const ROOM: usize = 8192;
const BLOCKS: usize = 1 << 17;

struct Watched {
    pieces: [u64; ROOM],
    names: [&'static str; ROOM],
    count: usize,
    /// Which values the first two bytes of a piece have.
    first: [u64; 1024],
    found: [(&'static str, usize); 64],
    finds: usize,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    pieces: [0; ROOM],
    names: [""; ROOM],
    count: 0,
    first: [0; 1024],
    found: [("", 0); 64],
    finds: 0,
});
static WATCHING: AtomicBool = AtomicBool::new(false);
/// Address and length of every live block, by open addressing.
static LIVE: [(AtomicUsize, AtomicUsize); BLOCKS] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; BLOCKS];
static TABLE: Mutex<()> = Mutex::new(());
const GONE: usize = 1;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn slots(address: usize) -> impl Iterator<Item = &'static (AtomicUsize, AtomicUsize)> {
    let start = (address >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 47;
    (0..BLOCKS).map(move |step| &LIVE[(start + step) % BLOCKS])
}

// SAFETY: memory comes from the system's allocator with the layout that was asked for, and goes back to it with
// the same one. What is added, reading and zeroing a block before it goes back, stays inside the block.
unsafe impl GlobalAlloc for Checking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            let _table = lock(&TABLE);
            let free = slots(block as usize).find(|slot| slot.0.load(Ordering::Relaxed) <= GONE);
            let slot = free.expect("more live blocks than the table holds");
            slot.1.store(layout.size(), Ordering::Relaxed);
            slot.0.store(block as usize, Ordering::Relaxed);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WATCHING.load(Ordering::Acquire) {
            // SAFETY: the block is live until the last line.
            unsafe { look(block, layout.size()) };
        }
        for at in 0..layout.size() {
            // SAFETY: inside the block.
            unsafe { block.add(at).write_volatile(0) };
        }
        {
            let _table = lock(&TABLE);
            let slot = slots(block as usize)
                .take_while(|slot| slot.0.load(Ordering::Relaxed) != 0)
                .find(|slot| slot.0.load(Ordering::Relaxed) == block as usize);
            if let Some(slot) = slot {
                slot.0.store(GONE, Ordering::Relaxed);
            }
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Looks for the secrets in a block and notes what it finds.
///
/// # Safety
/// The block is readable. (Bytes that were never written are read as what they happen to be.)
unsafe fn look(block: *const u8, len: usize) {
    let mut watched = lock(&WATCHED);
    for at in 0..(len + 1).saturating_sub(8) {
        // SAFETY: at + 8 <= len.
        let piece = unsafe { block.add(at).cast::<u64>().read_unaligned() };
        let first = (piece & 0xffff) as usize;
        if watched.first[first / 64] >> (first % 64) & 1 == 0 {
            continue;
        }
        let masked = piece ^ MASK;
        if let Ok(which) = watched.pieces[..watched.count].binary_search(&masked) {
            let finds = watched.finds;
            if let Some(place) = watched.found.get_mut(finds) {
                *place = ("", len);
            }
            let name = watched.names[which];
            if let Some(place) = watched.found.get_mut(finds) {
                place.0 = name;
            }
            watched.finds += 1;
        }
    }
    let trace = watched.finds > 0 && std::env::var_os("STRONGROOM_WIPE_TRACE").is_some();
    drop(watched);
    if trace && WATCHING.swap(false, Ordering::AcqRel) {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
        WATCHING.store(true, Ordering::Release);
    }
}

/// The secrets of one test. One test at a time has any.
pub struct Watch(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Watch {
    /// No secret yet.
    pub fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let turn = lock(&ONE_AT_A_TIME);
        let mut watched = lock(&WATCHED);
        (watched.count, watched.finds, watched.first) = (0, 0, [0; 1024]);
        Self(turn)
    }

    /// Adds a secret, in whatever order of bytes it lies: the caller's copy must be gone before a scan.
    pub fn secret(&self, name: &'static str, bytes: &[u8]) -> &Self {
        let mut watched = lock(&WATCHED);
        for piece in bytes.chunks_exact(8).chain(bytes.rchunks_exact(8)) {
            let piece: [u8; 8] = piece.try_into().unwrap();
            let mut distinct = piece;
            distinct.sort_unstable();
            if distinct.windows(2).filter(|pair| pair[0] != pair[1]).count() < 4 {
                continue; // too plain: zeros, a DER header
            }
            for value in [u64::from_ne_bytes(piece), u64::from_ne_bytes(piece).swap_bytes()] {
                // In order: a number that memory is full of may begin as a secret does.
                let (count, masked, first) = (watched.count, value ^ MASK, (value & 0xffff) as usize);
                let at = watched.pieces[..count].partition_point(|known| *known < masked);
                watched.pieces.copy_within(at..count, at + 1);
                watched.names.copy_within(at..count, at + 1);
                watched.pieces[at] = masked;
                watched.names[at] = name;
                watched.first[first / 64] |= 1 << (first % 64);
                watched.count += 1;
            }
        }
        self
    }

    /// Runs `body` while every block that is freed is looked at. Nothing may be found.
    #[track_caller]
    pub fn nothing_is_freed<T>(&self, body: impl FnOnce() -> T) -> T {
        lock(&WATCHED).finds = 0;
        WATCHING.store(true, Ordering::Release);
        let value = body();
        WATCHING.store(false, Ordering::Release);
        self.report("freed");
        value
    }

    /// Looks at all that is allocated; answers how many pieces were found.
    pub fn live(&self) -> usize {
        let before = std::mem::take(&mut lock(&WATCHED).finds);
        self.look_at_all();
        std::mem::replace(&mut lock(&WATCHED).finds, before)
    }

    fn look_at_all(&self) {
        let _table = lock(&TABLE);
        for (address, len) in &LIVE {
            let (address, len) = (address.load(Ordering::Relaxed), len.load(Ordering::Relaxed));
            if address > GONE {
                // SAFETY: a live block: freeing one waits for the table.
                unsafe { look(address as *const u8, len) };
            }
        }
    }

    /// Nothing of any secret is allocated.
    #[track_caller]
    pub fn nothing_lives(&self) {
        lock(&WATCHED).finds = 0;
        self.look_at_all();
        self.report("live");
    }

    #[track_caller]
    fn report(&self, where_: &str) {
        let (finds, found) = {
            let watched = lock(&WATCHED);
            (watched.finds, watched.found)
        };
        let shown = &found[..finds.min(found.len())];
        assert_eq!(
            finds, 0,
            "{finds} pieces of secrets in {where_} memory (name, length of the block): {shown:?}"
        );
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHING.store(false, Ordering::Release);
    }
}
