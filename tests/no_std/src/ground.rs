//! What a program without the standard library must bring itself.

use core::panic::PanicInfo;

// The start-up code of the C library calls `main`.
#[link(name = "c")]
unsafe extern "C" {
    fn write(fd: i32, bytes: *const u8, len: usize) -> isize;
    fn abort() -> !;
}

pub(crate) fn print(text: &str) {
    // SAFETY: `write` reads exactly `len` bytes from the pointer, which `text` keeps alive.
    let _ = unsafe { write(1, text.as_ptr(), text.len()) };
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    match super::run() {
        Ok(()) => {
            print("OK\n");
            0
        }
        Err(error) => {
            print(error.message());
            print("\n");
            1
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    print("PANIC ");
    print(info.location().map_or("", |place| place.file()));
    print("\n");
    // SAFETY: `abort` takes nothing and does not return.
    unsafe { abort() }
}

// The compiled `core` names it; with panics that abort, nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[cfg(feature = "alloc")]
mod heap {
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;
    use core::sync::atomic::{AtomicUsize, Ordering};

    const SIZE: usize = 1 << 20;
    /// As the arena's own: a session's cell fills cache lines of its own.
    const ALIGN: usize = 128;

    #[repr(align(128))]
    struct Arena(UnsafeCell<[u8; SIZE]>);

    // SAFETY: every byte is handed out at most once, by one atomic counter.
    unsafe impl Sync for Arena {}

    static ARENA: Arena = Arena(UnsafeCell::new([0; SIZE]));
    static USED: AtomicUsize = AtomicUsize::new(0);

    /// Counts up and never gives back.
    struct Bump;

    // SAFETY: blocks lie in ARENA, are aligned, disjoint and live for ever.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let base = ARENA.0.get().cast::<u8>();
            let mut used = USED.load(Ordering::Relaxed);
            loop {
                let Some(start) = used.checked_next_multiple_of(layout.align()) else { break };
                let Some(end) = start.checked_add(layout.size()) else { break };
                if end > SIZE || layout.align() > ALIGN {
                    break;
                }
                match USED.compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed) {
                    // SAFETY: start is below SIZE.
                    Ok(_) => return unsafe { base.add(start) },
                    Err(changed) => used = changed,
                }
            }
            core::ptr::null_mut()
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static HEAP: Bump = Bump;
}
