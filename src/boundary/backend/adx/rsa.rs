//! Products, squares and Montgomery reductions of numbers of RSA: as in school, with digits of 512 bits. The product of two digits and
//! two more that are added never exceeds two digits, as with words; [`product_of_digits`] and [`reduce_digit`] are that step, the
//! rest is loops over it.

#![allow(unsafe_code)] // blocks of instructions
#![allow(clippy::indexing_slicing)] // digits of numbers of `a.len()`, which every function states
#![allow(clippy::arithmetic_side_effects)] // such indices

use core::arch::asm;
use core::arch::x86_64::{_addcarry_u64, _subborrow_u64};

use zeroize::Zeroizing;

use super::{Adx, mac};

/// Words of a digit: as many as registers can hold beside the rest.
const WORDS: usize = 8;

/// 512 bits, the lowest word first.
type Digit = [u64; WORDS];

/// Whether numbers of so many words can be computed with here.
pub(in crate::boundary) const fn takes(words: usize) -> bool {
    words > 0 && words.is_multiple_of(WORDS)
}

/// `r8 .. r0` += rdx times the eight words behind rsi, then down by a word: the lowest goes where `$lowest` stores it, and `$r0` is the
/// highest. Low halves over CF, high halves over OF; both are clear before, but for what `$before` leaves in OF. Uses rax and rbx.
macro_rules! row {
    ($before:expr, $lowest:expr, $r0:literal $r1:literal $r2:literal $r3:literal $r4:literal $r5:literal $r6:literal $r7:literal) => {
        concat!(
            $before,
            mac!("rbx", "0", $r0, $r1),
            $lowest,
            mac!("rbx", "8", $r1, $r2),
            mac!("rbx", "16", $r2, $r3),
            mac!("rbx", "24", $r3, $r4),
            mac!("rbx", "32", $r4, $r5),
            mac!("rbx", "40", $r5, $r6),
            mac!("rbx", "48", $r6, $r7),
            concat!("mulx ", $r0, ", rax, [rsi + 56]\n", "adcx ", $r7, ", rax\n"),
            "mov eax, 0\n",
            concat!("adox ", $r0, ", rax\n", "adcx ", $r0, ", rax\n"),
        )
    };
}

/// A row of a product: the word at `$at` behind rcx, and the one there behind rdi added and replaced.
macro_rules! product_row {
    ($at:literal, $r0:literal $($r:literal)*) => {
        row!(
            concat!("mov rdx, [rcx + ", $at, "]\n", "xor eax, eax\n", "adox ", $r0, ", [rdi + ", $at, "]\n"),
            concat!("mov [rdi + ", $at, "], ", $r0, "\n"),
            $r0 $($r)*
        )
    };
}

/// A row of a reduction by the word that makes the lowest zero, which is stored at `$at` behind rcx; rdi is n0.
macro_rules! reduce_row {
    ($at:literal, $r0:literal $($r:literal)*) => {
        row!(
            concat!(
                "mov rdx, ", $r0, "\n",
                "imul rdx, rdi\n",
                "mov [rcx + ", $at, "], rdx\n",
                "xor eax, eax\n",
            ),
            "",
            $r0 $($r)*
        )
    };
}

/// Eight of them; the highest word is in r15 again at the end.
macro_rules! rows {
    ($row:ident) => {
        concat!(
            $row!("0", "r8" "r9" "r10" "r11" "r12" "r13" "r14" "r15"),
            $row!("8", "r9" "r10" "r11" "r12" "r13" "r14" "r15" "r8"),
            $row!("16", "r10" "r11" "r12" "r13" "r14" "r15" "r8" "r9"),
            $row!("24", "r11" "r12" "r13" "r14" "r15" "r8" "r9" "r10"),
            $row!("32", "r12" "r13" "r14" "r15" "r8" "r9" "r10" "r11"),
            $row!("40", "r13" "r14" "r15" "r8" "r9" "r10" "r11" "r12"),
            $row!("48", "r14" "r15" "r8" "r9" "r10" "r11" "r12" "r13"),
            $row!("56", "r15" "r8" "r9" "r10" "r11" "r12" "r13" "r14"),
        )
    };
}

/// `digits!(rows)`: with the eight words behind rax in r8 to r15, and back there afterwards.
macro_rules! digits {
    ($row:ident) => {
        concat!(
            "mov r8, [rax]\n",
            "mov r9, [rax + 8]\n",
            "mov r10, [rax + 16]\n",
            "mov r11, [rax + 24]\n",
            "mov r12, [rax + 32]\n",
            "mov r13, [rax + 40]\n",
            "mov r14, [rax + 48]\n",
            "mov r15, [rax + 56]\n",
            // LLVM keeps rbx for itself.
            "push rbx\n",
            "push rax\n",
            rows!($row),
            "pop rax\n",
            "pop rbx\n",
            "mov [rax], r8\n",
            "mov [rax + 8], r9\n",
            "mov [rax + 16], r10\n",
            "mov [rax + 24], r11\n",
            "mov [rax + 32], r12\n",
            "mov [rax + 40], r13\n",
            "mov [rax + 48], r14\n",
            "mov [rax + 56], r15\n",
        )
    };
}

/// carry, t = a b + t + carry: the higher digit, the lower one.
#[inline(never)]
fn product_of_digits(_: Adx, a: &Digit, b: &Digit, t: &mut Digit, carry: &mut Digit) {
    // SAFETY: see the head of adx.rs; a and b are read, t and carry read and written, eight words each. Two words
    // are pushed and popped.
    unsafe {
        asm!(
            digits!(product_row),
            inout("rax") carry.as_mut_ptr() => _,
            in("rsi") a.as_ptr(),
            in("rcx") b.as_ptr(),
            in("rdi") t.as_mut_ptr(),
            out("rdx") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
        );
    }
}

/// The m for which t + m n has a lowest digit of zeros, for the n0 of [`reduce`]; t becomes the higher one.
#[inline(never)]
fn reduce_digit(_: Adx, n: &Digit, n0: u64, t: &mut Digit, m: &mut Digit) {
    // SAFETY: see the head of adx.rs; n is read, m written, t read and written, eight words each. Two words are pushed and
    // popped.
    unsafe {
        asm!(
            digits!(reduce_row),
            inout("rax") t.as_mut_ptr() => _,
            in("rsi") n.as_ptr(),
            in("rcx") m.as_mut_ptr(),
            in("rdi") n0,
            out("rdx") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
        );
    }
}

/// a + b + carry; the carry.
fn add_digit(a: &mut Digit, b: &Digit, mut carry: u8) -> u8 {
    for (a, b) in a.iter_mut().zip(b) {
        carry = _addcarry_u64(carry, *a, *b, a);
    }
    carry
}

/// `t = a b`, for numbers of one length that [`takes`] takes, and twice that of t.
pub(in crate::boundary) fn multiply(cpu: Adx, a: &[u64], b: &[u64], t: &mut [u64]) {
    let (a, b, t) = (a.as_chunks().0, b.as_chunks().0, t.as_chunks_mut().0);
    let mut carry = Zeroizing::new([0; WORDS]);
    t[..a.len()].fill([0; WORDS]);
    for (i, b) in b.iter().enumerate() {
        carry.fill(0);
        for (j, a) in a.iter().enumerate() {
            product_of_digits(cpu, a, b, &mut t[i + j], &mut carry);
        }
        t[i + a.len()] = *carry;
    }
}

/// `t = a a`, as [`multiply`].
pub(in crate::boundary) fn square(cpu: Adx, a: &[u64], t: &mut [u64]) {
    let (a, t) = (a.as_chunks().0, t.as_chunks_mut().0);
    let mut carry = Zeroizing::new([0; WORDS]);
    // Products of two different digits, once.
    t[..a.len()].fill([0; WORDS]);
    for (i, digit) in a.iter().enumerate() {
        carry.fill(0);
        for j in i + 1..a.len() {
            product_of_digits(cpu, &a[j], digit, &mut t[i + j], &mut carry);
        }
        t[i + a.len()] = *carry;
    }
    // Twice those, and the squares of digits.
    let (mut twice, mut more) = (0, 0);
    for (digit, pair) in a.iter().zip(t.as_chunks_mut::<2>().0) {
        for word in pair.as_flattened_mut() {
            twice = _addcarry_u64(twice, *word, *word, word);
        }
        let [low, high] = pair;
        carry.fill(0);
        carry[0] = u64::from(more);
        product_of_digits(cpu, digit, digit, low, &mut carry);
        more = add_digit(high, &carry, 0);
    }
}

/// `out = t / R mod n`, for an odd n of more than R / 2 that [`takes`] takes, n0 = -n^-1 modulo 2^64, and t below n R and of twice its length; t is
/// overwritten with what depends on it.
pub(in crate::boundary) fn reduce(cpu: Adx, n: &[u64], n0: u64, t: &mut [u64], out: &mut [u64]) {
    let words = n.len();
    let n_digits = n.as_chunks().0;
    let digits = t.as_chunks_mut().0;
    let (mut m, mut carry) = (Zeroizing::new([0; WORDS]), Zeroizing::new([0; WORDS]));
    let mut top = 0;
    for i in 0..n_digits.len() {
        *carry = digits[i];
        reduce_digit(cpu, &n_digits[0], n0, &mut carry, &mut m);
        for j in 1..n_digits.len() {
            product_of_digits(cpu, &n_digits[j], &m, &mut digits[i + j], &mut carry);
        }
        top = add_digit(&mut digits[i + n_digits.len()], &carry, top);
    }
    // Below 2 n: n less, where that is not below zero.
    let high = &t[words..];
    let mut borrow = 0;
    for ((out, t), n) in out.iter_mut().zip(high).zip(n) {
        borrow = _subborrow_u64(borrow, *t, *n, out);
    }
    let keep = core::hint::black_box(u64::from(borrow & !top).wrapping_neg());
    for (out, t) in out.iter_mut().zip(high) {
        *out ^= keep & (*out ^ t);
    }
}
