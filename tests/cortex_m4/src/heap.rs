//! A heap that counts: what lives, and the most that lived.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

unsafe extern "C" {
    static __heap_start: u8;
    static __heap_end: u8;
}

/// Blocks have sizes of powers of two, and one list of free blocks each.
struct Blocks {
    free: [*mut u8; usize::BITS as usize],
    /// Where blocks were never made.
    end: usize,
    live: usize,
    peak: usize,
}

struct Heap(UnsafeCell<Blocks>);

// SAFETY: the machine has one processor, and no interrupt is enabled.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap =
    Heap(UnsafeCell::new(Blocks { free: [ptr::null_mut(); usize::BITS as usize], end: 0, live: 0, peak: 0 }));

/// As the engine's own: a session's cell fills cache lines of its own.
const MOST_ALIGNED: usize = 128;

fn class(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size().max(layout.align()).max(16).checked_next_power_of_two()?;
    (layout.align() <= MOST_ALIGNED).then_some((size, size.trailing_zeros() as usize))
}

// SAFETY: a block is aligned to its size or to MOST_ALIGNED; it is in a list of free blocks or in use, never both.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one processor, no interrupts, and nothing below allocates.
        let blocks = unsafe { &mut *self.0.get() };
        let Some((size, class)) = class(layout) else { return ptr::null_mut() };
        let mut block = blocks.free[class];
        if block.is_null() {
            let start = blocks.end.max(&raw const __heap_start as usize);
            let start = start.next_multiple_of(size.min(MOST_ALIGNED));
            match start.checked_add(size) {
                Some(end) if end <= &raw const __heap_end as usize => blocks.end = end,
                _ => return ptr::null_mut(),
            }
            block = start as *mut u8;
        } else {
            // SAFETY: a free block holds the address of the next one.
            blocks.free[class] = unsafe { block.cast::<*mut u8>().read() };
        }
        blocks.live += layout.size();
        blocks.peak = blocks.peak.max(blocks.live);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        let blocks = unsafe { &mut *self.0.get() };
        let Some((_, class)) = class(layout) else { return };
        // SAFETY: the block is the caller's to give back, and has room for an address.
        unsafe { block.cast::<*mut u8>().write(blocks.free[class]) };
        blocks.free[class] = block;
        blocks.live -= layout.size();
    }
}

/// Bytes that live, as they were asked for.
pub(crate) fn live() -> usize {
    // SAFETY: one processor; nothing allocates meanwhile.
    unsafe { (*HEAP.0.get()).live }
}

/// The most bytes that lived since the last call.
pub(crate) fn peak() -> usize {
    // SAFETY: as above.
    let blocks = unsafe { &mut *HEAP.0.get() };
    core::mem::replace(&mut blocks.peak, blocks.live)
}
