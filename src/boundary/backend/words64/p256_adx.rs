//! P-256 on the instructions of [`crate::boundary::backend::adx`], whose head says what holds of time, memory and `unsafe`;
//! [`super::p256_adx`], the only way in, asks for the proof that they are there.
//!
//! The residues are those of [`super::curves::P256`], word for word; that one says why the reduction is right.

#![allow(unsafe_code)] // blocks of instructions

use core::arch::asm;

use super::curves::P256;
use super::field::{Field, Wide};
use super::point::{Comb, Curve};
use crate::boundary::backend::adx::{mac, product, row};

pub(super) struct P256Adx;

/// The highest word of p.
const TOP: u64 = 0xffff_ffff_0000_0001;
static TOP_IN_MEMORY: u64 = TOP;

/// r15 .. r8 = the four words behind rsi, squared. Uses rax, rdx and rdi.
macro_rules! square {
    () => {
        concat!(
            // a0 (a1, a2, a3), a1 (a2, a3), a2 a3
            "mov rdx, [rsi]\n",
            "mulx r10, r9, [rsi + 8]\n",
            "mulx r11, rax, [rsi + 16]\n",
            "add r10, rax\n",
            "mulx r12, rax, [rsi + 24]\n",
            "adc r11, rax\n",
            "adc r12, 0\n",
            "mov rdx, [rsi + 8]\n",
            "xor r13, r13\n",
            "mulx rdi, rax, [rsi + 16]\n",
            "adcx r11, rax\n",
            "adox r12, rdi\n",
            "mulx rdi, rax, [rsi + 24]\n",
            "adcx r12, rax\n",
            "adox r13, rdi\n",
            "adc r13, 0\n",
            "mov rdx, [rsi + 16]\n",
            "mulx r14, rax, [rsi + 24]\n",
            "add r13, rax\n",
            "adc r14, 0\n",
            // Twice that over CF, and the squares over OF.
            "xor r15, r15\n",
            "mov rdx, [rsi]\n",
            "mulx rdi, r8, rdx\n",
            "adcx r9, r9\n",
            "adox r9, rdi\n",
            "mov rdx, [rsi + 8]\n",
            "mulx rdi, rax, rdx\n",
            "adcx r10, r10\n",
            "adox r10, rax\n",
            "adcx r11, r11\n",
            "adox r11, rdi\n",
            "mov rdx, [rsi + 16]\n",
            "mulx rdi, rax, rdx\n",
            "adcx r12, r12\n",
            "adox r12, rax\n",
            "adcx r13, r13\n",
            "adox r13, rdi\n",
            "mov rdx, [rsi + 24]\n",
            "mulx rdi, rax, rdx\n",
            "adcx r14, r14\n",
            "adox r14, rax\n",
            "adcx r15, r15\n",
            "adox r15, rdi\n",
        )
    };
}

/// Clears the lowest word m of what is reduced: adds m 2^32 to the word after it, and m (2^64 - 2^32 + 1) to the two
/// words from the third on, with the carry of the step before in rsi, and its own there afterwards. rcx is 32.
macro_rules! step {
    ($m:literal, $r1:literal, $r2:literal, $r3:literal, $r4:literal) => {
        concat!(
            "shlx rdi, ",
            $m,
            ", rcx\n",
            "shrx rax, ",
            $m,
            ", rcx\n",
            "mov rdx, ",
            $m,
            "\n",
            "sub rdx, rdi\n",
            "sbb ",
            $m,
            ", rax\n",
            "add ",
            $r1,
            ", rdi\n",
            "adc ",
            $r2,
            ", rax\n",
            "adc ",
            $r3,
            ", rdx\n",
            // The high word is below 2^64 - 2^32 + 1: it takes both carries.
            "adc ",
            $m,
            ", rsi\n",
            "add ",
            $r4,
            ", ",
            $m,
            "\n",
            "mov esi, 0\n",
            "adc rsi, rsi\n",
        )
    };
}

/// r15 .. r12 = (r15 .. r8) / 2^256 modulo p.
macro_rules! reduce {
    () => {
        concat!(
            "mov ecx, 32\n",
            "xor esi, esi\n",
            step!("r8", "r9", "r10", "r11", "r12"),
            step!("r9", "r10", "r11", "r12", "r13"),
            step!("r10", "r11", "r12", "r13", "r14"),
            step!("r11", "r12", "r13", "r14", "r15"),
            // Below 2 p. Less p, unless that borrows more than the carry pays.
            "mov rdi, r12\n",
            "mov rdx, r13\n",
            "mov r9, r14\n",
            "mov r10, r15\n",
            "mov r11d, 0xffffffff\n",
            "sub rdi, -1\n",
            "sbb rdx, r11\n",
            "sbb r9, 0\n",
            "sbb r10, [rip + {top}]\n",
            "sbb rsi, 0\n",
            "cmovnc r12, rdi\n",
            "cmovnc r13, rdx\n",
            "cmovnc r14, r9\n",
            "cmovnc r15, r10\n",
        )
    };
}

impl Field<4> for P256Adx {
    const P: [u64; 4] = P256::P;

    fn reduce(t: Wide) -> [u64; 4] {
        P256::reduce(t)
    }

    #[inline(always)]
    fn mul(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let (r0, r1, r2, r3);
        // SAFETY: see the head of adx.rs; a and b are read.
        unsafe {
            asm!(
                product!(),
                reduce!(),
                top = sym TOP_IN_MEMORY,
                inout("rsi") a.as_ptr() => _,
                inout("rcx") b.as_ptr() => _,
                out("rax") _, out("rdx") _, out("rdi") _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                out("r12") r0, out("r13") r1, out("r14") r2, out("r15") r3,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn sqr(a: &[u64; 4]) -> [u64; 4] {
        let (r0, r1, r2, r3);
        // SAFETY: see the head of adx.rs; a is read.
        unsafe {
            asm!(
                square!(),
                reduce!(),
                top = sym TOP_IN_MEMORY,
                inout("rsi") a.as_ptr() => _,
                out("rax") _, out("rcx") _, out("rdx") _, out("rdi") _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                out("r12") r0, out("r13") r1, out("r14") r2, out("r15") r3,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn add(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let [mut r0, mut r1, mut r2, mut r3] = *a;
        // SAFETY: see the head of adx.rs; b is read.
        unsafe {
            asm!(
                "add {r0}, [{b}]",
                "adc {r1}, [{b} + 8]",
                "adc {r2}, [{b} + 16]",
                "adc {r3}, [{b} + 24]",
                "mov {carry:e}, 0",
                "adc {carry}, 0",
                "mov {t0}, {r0}",
                "mov {t1}, {r1}",
                "mov {t2}, {r2}",
                "mov {b}, {r3}",
                "sub {t0}, -1",
                "sbb {t1}, {low}",
                "sbb {t2}, 0",
                "sbb {b}, {top}",
                "sbb {carry}, 0",
                "cmovnc {r0}, {t0}",
                "cmovnc {r1}, {t1}",
                "cmovnc {r2}, {t2}",
                "cmovnc {r3}, {b}",
                b = inout(reg) b.as_ptr() => _,
                r0 = inout(reg) r0, r1 = inout(reg) r1, r2 = inout(reg) r2, r3 = inout(reg) r3,
                carry = out(reg) _, t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _,
                low = in(reg) 0xffff_ffffu64, top = in(reg) TOP,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn sub(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let [mut r0, mut r1, mut r2, mut r3] = *a;
        // SAFETY: see the head of adx.rs; b is read.
        unsafe {
            asm!(
                "sub {r0}, [{b}]",
                "sbb {r1}, [{b} + 8]",
                "sbb {r2}, [{b} + 16]",
                "sbb {r3}, [{b} + 24]",
                // p where there was a borrow: all ones, half of them, none, and the highest word.
                "sbb {mask}, {mask}",
                "mov {low:e}, {mask:e}",
                "and {top}, {mask}",
                "add {r0}, {mask}",
                "adc {r1}, {low}",
                "adc {r2}, 0",
                "adc {r3}, {top}",
                b = in(reg) b.as_ptr(),
                r0 = inout(reg) r0, r1 = inout(reg) r1, r2 = inout(reg) r2, r3 = inout(reg) r3,
                mask = out(reg) _, low = out(reg) _, top = inout(reg) TOP => _,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }
}

impl Curve<4> for P256Adx {
    const ORDER: [u64; 4] = P256::ORDER;
    const BITS: usize = P256::BITS;
    const GENERATOR: [[u64; 4]; 2] = P256::GENERATOR;

    fn comb() -> &'static Comb<4> {
        P256::comb()
    }
}
