//! Residues modulo p = 2^255 - 19 in four words of 64 bits, the lowest first: any number below 2^256 that is the same modulo p.
//! [`canonical`] makes it the one below p.

#![allow(unsafe_code)] // blocks of instructions
// Words of arrays of four; shifts by less than 64.
#![allow(clippy::arithmetic_side_effects)]

use core::arch::asm;

use super::{mac, product, row};
use crate::boundary::backend::inversion::Modulus;

pub(super) type Fe = [u64; 4];

/// p.
const P: Fe = [0xffff_ffff_ffff_ffed, u64::MAX, u64::MAX, u64::MAX >> 1];
pub(super) const ZERO: Fe = [0; 4];
pub(super) const ONE: Fe = [1, 0, 0, 0];

/// r11 .. r8 = r15 .. r8 modulo p: 2^256 is 38. Uses rax, rcx, rdx, rdi and rsi.
macro_rules! fold {
    () => {
        concat!(
            "mov edx, 38\n",
            "xor esi, esi\n",
            "mulx rdi, rax, r12\n",
            "adcx r8, rax\n",
            "adox r9, rdi\n",
            "mulx rdi, rax, r13\n",
            "adcx r9, rax\n",
            "adox r10, rdi\n",
            "mulx rdi, rax, r14\n",
            "adcx r10, rax\n",
            "adox r11, rdi\n",
            "mulx rcx, rax, r15\n",
            "adcx r11, rax\n",
            "adox rcx, rsi\n",
            "adcx rcx, rsi\n",
            // At most 38 of what is above 256 bits. If these carry, little is left, and 38 more do not.
            "imul rcx, rcx, 38\n",
            "add r8, rcx\n",
            "adc r9, 0\n",
            "adc r10, 0\n",
            "adc r11, 0\n",
            "sbb rax, rax\n",
            "and eax, 38\n",
            "add r8, rax\n",
        )
    };
}

#[inline(always)]
pub(super) fn mul(a: &Fe, b: &Fe) -> Fe {
    let (r0, r1, r2, r3);
    // SAFETY: see the head of adx.rs; a and b are read.
    unsafe {
        asm!(
            product!(),
            fold!(),
            inout("rsi") a.as_ptr() => _,
            inout("rcx") b.as_ptr() => _,
            out("rax") _, out("rdx") _, out("rdi") _,
            out("r8") r0, out("r9") r1, out("r10") r2, out("r11") r3,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
            options(pure, readonly, nostack),
        );
    }
    [r0, r1, r2, r3]
}

#[inline(always)]
pub(super) fn add(a: &Fe, b: &Fe) -> Fe {
    let [mut r0, mut r1, mut r2, mut r3] = *a;
    // SAFETY: see the head of adx.rs; b is read.
    unsafe {
        asm!(
            "add {r0}, [{b}]",
            "adc {r1}, [{b} + 8]",
            "adc {r2}, [{b} + 16]",
            "adc {r3}, [{b} + 24]",
            "sbb {more}, {more}",
            "and {more:e}, 38",
            "add {r0}, {more}",
            "adc {r1}, 0",
            "adc {r2}, 0",
            "adc {r3}, 0",
            // Below 38 if that carried.
            "sbb {more}, {more}",
            "and {more:e}, 38",
            "add {r0}, {more}",
            b = in(reg) b.as_ptr(),
            r0 = inout(reg) r0, r1 = inout(reg) r1, r2 = inout(reg) r2, r3 = inout(reg) r3,
            more = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    [r0, r1, r2, r3]
}

#[inline(always)]
pub(super) fn sub(a: &Fe, b: &Fe) -> Fe {
    let [mut r0, mut r1, mut r2, mut r3] = *a;
    // SAFETY: see the head of adx.rs; b is read.
    unsafe {
        asm!(
            "sub {r0}, [{b}]",
            "sbb {r1}, [{b} + 8]",
            "sbb {r2}, [{b} + 16]",
            "sbb {r3}, [{b} + 24]",
            "sbb {less}, {less}",
            "and {less:e}, 38",
            "sub {r0}, {less}",
            "sbb {r1}, 0",
            "sbb {r2}, 0",
            "sbb {r3}, 0",
            // At least 2^256 - 38 if that borrowed.
            "sbb {less}, {less}",
            "and {less:e}, 38",
            "sub {r0}, {less}",
            b = in(reg) b.as_ptr(),
            r0 = inout(reg) r0, r1 = inout(reg) r1, r2 = inout(reg) r2, r3 = inout(reg) r3,
            less = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    [r0, r1, r2, r3]
}

/// 1 / a; of 0, 0. Below p.
pub(super) fn invert(a: &Fe) -> Fe {
    const MODULUS: Modulus<4> = Modulus::new(&P, 255);
    MODULUS.invert(&canonical(a))
}

/// The number below p.
pub(super) fn canonical(a: &Fe) -> Fe {
    const TOP: u64 = 1 << 63;
    let plus = |[r0, r1, r2, r3]: Fe, small: u64| {
        let (r0, c) = r0.overflowing_add(small);
        let (r1, c) = r1.overflowing_add(u64::from(c));
        let (r2, c) = r2.overflowing_add(u64::from(c));
        [r0, r1, r2, r3.wrapping_add(u64::from(c))]
    };
    let [r0, r1, r2, r3] = *a;
    // 2^255 is 19: below 2^255 + 19 now, which is p + 38.
    let a = plus([r0, r1, r2, r3 & !TOP], 19 * (r3 >> 63));
    // Where 19 more reach 2^255, the number is at least p, and those without the bit are the number less p.
    let [s0, s1, s2, s3] = plus(a, 19);
    let mask = core::hint::black_box(0u64.wrapping_sub(s3 >> 63));
    let choose = |less: u64, same: u64| same ^ (mask & (less ^ same));
    let [r0, r1, r2, r3] = a;
    [choose(s0, r0), choose(s1, r1), choose(s2, r2), choose(s3 & !TOP, r3)]
}
