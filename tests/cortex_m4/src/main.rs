//! The engine on a Cortex-M4: what firmware would do, each operation with the stack, heap and instructions that it
//! took. docs/embedded.md says how it is built and keeps the figures; run.sh builds and runs it.
#![no_std]
#![no_main]

#[cfg(feature = "heap")]
mod heap;
#[cfg(not(feature = "heap"))]
mod heap {
    pub(crate) fn live() -> usize {
        0
    }
    pub(crate) fn peak() -> usize {
        0
    }
}
mod machine;
mod services;

use core::mem::size_of;

use machine::{exit, print, sizes, stack, timer};
use strongroom::{
    Caveats, Engine, Entropy, EntropyClaim, EntropyFailure, Error, Result, SlotTable, State, Subject,
};

#[cfg(feature = "heap")]
pub(crate) type Keys = strongroom::HeapStore;
#[cfg(not(feature = "heap"))]
pub(crate) type Keys = SlotTable<8, 128, 2>;

strongroom::linked_image!(Firmware);

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    timer::start();
    let [text, rodata, data, ram] = sizes();
    print!("code {text}, constants {rodata}, initial data {data}, static memory {ram} bytes\n");
    print!("the store {} bytes, the engine {} bytes\n", size_of::<Keys>(), size_of::<Engine<Keys>>());
    let (slot, session) = (size_of::<SlotTable<9, 128, 2>>(), size_of::<SlotTable<8, 128, 3>>());
    let of = |more: usize| more - size_of::<SlotTable<8, 128, 2>>();
    print!("in a SlotTable a slot of 128 bytes takes {} bytes, a session {}\n", of(slot), of(session));
    match run() {
        Ok(()) => {
            print!("OK\n");
            exit(0)
        }
        Err(error) => {
            print!("FAILED: {}\n", error.message());
            exit(1)
        }
    }
}

/// What must hold; otherwise the program says where and ends with 1.
macro_rules! hold {
    ($fact:expr) => {
        if !$fact {
            $crate::machine::print!("FAILED: {}:{}: {}\n", file!(), line!(), stringify!($fact));
            return Err(strongroom::Error::Corrupted);
        }
    };
}
pub(crate) use hold;

/// A source for this program alone: a linear congruential sequence is no entropy, and says so.
struct Sequence(u64);

impl Entropy for Sequence {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::Unassessed
    }

    fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
        for byte in out {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

fn store() -> Keys {
    #[cfg(feature = "heap")]
    return strongroom::HeapStore::new(16, 2);
    #[cfg(not(feature = "heap"))]
    Keys::new()
}

fn run() -> Result<()> {
    // One entropy source for the life of the program.
    static mut SOURCE: Sequence = Sequence(0x5eed);
    // SAFETY: `run` is called once, and nothing else names SOURCE.
    let source: &'static mut dyn Entropy = unsafe {
        let only = &raw mut SOURCE;
        &mut *only
    };
    print!("| Operation | Stack | Heap, most | Heap, kept | Instructions, thousands |\n");
    print!("| --- | ---: | ---: | ---: | ---: |\n");
    let engine = measured("power-on", || {
        Engine::with_store(store()).entropy_static(source).integrity_static(&Firmware).power_on().map_err(
            |error| {
                print!("{error}\n");
                error.into()
            },
        )
    })?;
    hold!(engine.status().state == State::Operational);
    let is_signed = !engine.status().caveats.has(Caveats::UNSIGNED);
    hold!(is_signed == engine.status().integrity.is_some());
    measured("every known-answer test", || engine.self_test())?;
    {
        let session = measured("open a session", || engine.open_session(Subject::user(7), b""))?;
        services::all(&session, is_signed)?;
        measured("every known-answer test, and the record of every key", || engine.self_test())?;
    }
    engine.zeroise();
    hold!(engine.status().state == State::Zeroised);
    let closed = engine.open_session(Subject::user(7), b"").err();
    hold!(closed == Some(Error::NotOperational));
    print!("{}\n", if is_signed { "signed image, approved" } else { "unsigned image, not approved" });
    Ok(())
}

/// Runs `body` and prints what it took.
#[inline(never)]
pub(crate) fn measured<T>(name: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = heap::live();
    heap::peak();
    stack::paint();
    let (top, start) = (stack::pointer(), timer::ticks());
    let value = alone(body);
    let ticks = timer::ticks() - start;
    let depth = top - stack::lowest();
    let (most, kept) = (heap::peak() - before, heap::live() as isize - before as isize);
    let thousands = u64::from(ticks) * timer::INSTRUCTIONS_PER_TICK / 1000;
    print!("| {name} | {depth} | {most} | {kept} | {thousands} |\n");
    value
}

#[inline(never)]
fn alone<T>(body: impl FnOnce() -> T) -> T {
    body()
}
