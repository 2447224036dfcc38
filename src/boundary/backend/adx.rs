//! What the instructions of BMI2 and ADX are good for on x86-64: a multiplication without flags, and two chains of
//! carries at once. Ed25519 signatures and the products of RSA are here; P-256 over them is a part of [`super::words64`].
//! docs/decisions/030 and 032 have the reasons.
//!
//! **Time.** A fixed sequence of instructions, none of whose times depend on values; tables are read whole.
//! **Memory.** What a call works with lies in registers and in its frames, which it overwrites.
//!
//! **Unsafe code** is of two sorts: blocks of instructions that read four words behind each of one or two pointers, which
//! come of references to such arrays, and constants; write registers that they name; and leave stack and other memory
//! alone; and one call into a function with AVX2. That the processor has the instructions is what an [`Adx`] proves:
//! every way in asks for one.

#[cfg(feature = "ed25519")]
pub(in crate::boundary) mod edwards;
#[cfg(feature = "ed25519")]
mod field;
#[cfg(feature = "rsa")]
pub(in crate::boundary) mod rsa;
#[cfg(all(test, feature = "ed25519"))]
mod tests;

use std::arch::is_x86_feature_detected;

/// The proof that this processor, and the operating system, have BMI2, ADX and AVX2.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct Adx(());

impl Adx {
    /// Looks the features up; the standard library remembers them.
    pub(in crate::boundary) fn detect() -> Option<Self> {
        let adx = is_x86_feature_detected!("adx") || under_valgrind();
        let found = adx && is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("avx2");
        found.then_some(Self(()))
    }
}

/// Valgrind runs these instructions on every processor, but does not say so: its CPUID is that of an older one.
fn under_valgrind() -> bool {
    #[cfg(strongroom_lab)]
    let found = crate::marks::errors().is_some();
    #[cfg(not(strongroom_lab))]
    let found = false;
    found
}

/// `$next, $here` += rdx times the word at this place behind rsi: the low half over CF, the high half over OF. Uses rax and `$high`.
macro_rules! mac {
    ($high:literal, $place:literal, $here:literal, $next:literal) => {
        concat!(
            concat!("mulx ", $high, ", rax, [rsi + ", $place, "]\n"),
            concat!("adcx ", $here, ", rax\n", "adox ", $next, ", ", $high, "\n"),
        )
    };
}

/// `r4 .. r0` += the word at this place behind rcx times the four behind rsi, with r4 zero before: low halves over CF, high
/// halves over OF. Uses rax, rdx and rdi.
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
macro_rules! row {
    ($place:literal, $r0:literal, $r1:literal, $r2:literal, $r3:literal, $r4:literal) => {
        concat!(
            "mov rdx, [rcx + ",
            $place,
            "]\n",
            concat!("xor ", $r4, ", ", $r4, "\n"),
            mac!("rdi", "0", $r0, $r1),
            mac!("rdi", "8", $r1, $r2),
            mac!("rdi", "16", $r2, $r3),
            mac!("rdi", "24", $r3, $r4),
            concat!("adc ", $r4, ", 0\n"),
        )
    };
}

/// r15 .. r8 = the four words behind rsi times the four behind rcx. Uses rax, rdx and rdi.
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
macro_rules! product {
    () => {
        concat!(
            "mov rdx, [rcx]\n",
            "mulx r9, r8, [rsi]\n",
            "mulx r10, rax, [rsi + 8]\n",
            "add r9, rax\n",
            "mulx r11, rax, [rsi + 16]\n",
            "adc r10, rax\n",
            "mulx r12, rax, [rsi + 24]\n",
            "adc r11, rax\n",
            "adc r12, 0\n",
            row!("8", "r9", "r10", "r11", "r12", "r13"),
            row!("16", "r10", "r11", "r12", "r13", "r14"),
            row!("24", "r11", "r12", "r13", "r14", "r15"),
        )
    };
}

pub(in crate::boundary::backend) use mac;
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
pub(in crate::boundary::backend) use {product, row};
