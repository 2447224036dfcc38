//! The machine: start-up, printing and ending through semihosting, a timer, the stack.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

// The vector table, and what runs before `main`: .data is copied from flash, .bss cleared.
global_asm!(
    ".section .vectors, \"a\"",
    ".word __stack_top",
    ".word reset",
    ".rept 14",
    ".word fault",
    ".endr",
    ".section .text.reset, \"ax\"",
    ".global reset",
    ".type reset, %function",
    ".thumb_func",
    "reset:",
    "ldr r0, =__data_start",
    "ldr r1, =__data_end",
    "ldr r2, =__data_load",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldr r3, [r2], #4",
    "str r3, [r0], #4",
    "b 1b",
    "2: ldr r0, =__bss_start",
    "ldr r1, =__bss_end",
    "movs r3, #0",
    "3: cmp r0, r1",
    "bhs 4f",
    "str r3, [r0], #4",
    "b 3b",
    "4: bl main",
    ".pool",
);

unsafe extern "C" {
    static __strongroom_text_start: u8;
    static __strongroom_text_end: u8;
    static __strongroom_rodata_start: u8;
    static __strongroom_rodata_end: u8;
    static __data_start: u8;
    static __data_end: u8;
    static __bss_end: u8;
    static __stack_bottom: u8;
    static __stack_top: u8;
}

/// Asks the debugger, or the emulator, for a service (Arm semihosting, version 3).
fn semihosting(operation: usize, argument: usize) {
    // SAFETY: operations 4 and 0x20 read what `argument` points to and write nothing.
    unsafe { asm!("bkpt #0xab", inout("r0") operation => _, in("r1") argument) };
}

/// Where `print!` goes.
pub(crate) struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.as_bytes().chunks(127) {
            // SYS_WRITE0 ends at a zero.
            let mut line = [0; 128];
            line[..piece.len()].copy_from_slice(piece);
            semihosting(0x04, line.as_ptr() as usize);
        }
        Ok(())
    }
}

macro_rules! print {
    ($($text:tt)*) => {{
        use core::fmt::Write as _;
        let _ = write!($crate::machine::Console, $($text)*);
    }};
}
pub(crate) use print;

/// Ends the emulator with this code (SYS_EXIT_EXTENDED, ADP_Stopped_ApplicationExit).
pub(crate) fn exit(code: usize) -> ! {
    let block = [0x20026, code];
    semihosting(0x20, block.as_ptr() as usize);
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    print!("PANIC {info}\n");
    exit(2)
}

/// Every exception that is none of ours.
#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    print!("FAULT\n");
    exit(3)
}

/// Sizes of the image: code, constants, initial data, all static memory.
pub(crate) fn sizes() -> [usize; 4] {
    let between = |start: *const u8, end: *const u8| end as usize - start as usize;
    [
        between(&raw const __strongroom_text_start, &raw const __strongroom_text_end),
        between(&raw const __strongroom_rodata_start, &raw const __strongroom_rodata_end),
        between(&raw const __data_start, &raw const __data_end),
        between(&raw const __data_start, &raw const __bss_end),
    ]
}

/// The timer of the board, 25 MHz. Where the emulator lets an instruction take a nanosecond, a tick is 40 of them.
pub(crate) mod timer {
    const TIMER0: *mut u32 = 0x4000_0000 as *mut u32;
    pub(crate) const INSTRUCTIONS_PER_TICK: u64 = 40;

    /// Starts it, counting down from the largest value.
    pub(crate) fn start() {
        // SAFETY: the registers RELOAD, VALUE and CTRL of the first CMSDK timer; nothing else uses it.
        unsafe {
            TIMER0.add(2).write_volatile(u32::MAX);
            TIMER0.add(1).write_volatile(u32::MAX);
            TIMER0.write_volatile(1);
        }
    }

    /// Ticks since the start.
    pub(crate) fn ticks() -> u32 {
        // SAFETY: the register VALUE.
        u32::MAX - unsafe { TIMER0.add(1).read_volatile() }
    }
}

/// How deep the stack was.
pub(crate) mod stack {
    use super::*;

    const PAINT: u32 = 0x5ca1_ab1e;

    /// Paints everything below the stack pointer.
    #[inline(never)]
    pub(crate) fn paint() {
        // SAFETY: writes from the end of the static memory to the stack pointer: memory that nothing lives in,
        // since no interrupt is enabled and Arm has no red zone.
        unsafe {
            asm!(
                "mov {top}, sp",
                "2: cmp {at}, {top}",
                "bhs 3f",
                "str {paint}, [{at}], #4",
                "b 2b",
                "3:",
                at = inout(reg) &raw const __stack_bottom => _,
                top = out(reg) _,
                paint = in(reg) PAINT,
            );
        }
    }

    /// The lowest address that was written since; the whole stack, if it may have overflowed.
    pub(crate) fn lowest() -> usize {
        let mut at = (&raw const __stack_bottom).cast::<u32>();
        // SAFETY: reads words of the stack, up to its end.
        unsafe {
            while at < (&raw const __stack_top).cast() && at.read_volatile() == PAINT {
                at = at.add(1);
            }
        }
        at as usize
    }

    pub(crate) fn pointer() -> usize {
        let pointer;
        // SAFETY: reads a register.
        unsafe { asm!("mov {}, sp", out(reg) pointer) };
        pointer
    }
}
