//! Residues modulo the primes of the curves, and numbers, in words of 64 bits, the lowest first.
//!
//! Residues are in Montgomery form with R = 2^(64 N), always below p. Nothing here looks at a value: sums are
//! corrected by masks, and the loops run over N.

// Words of arrays of N, and of 2 N within a `Wide`; carries fit the double word by the bounds beside them, and a cast takes
// one of its halves, or a carry out of a `bool` in a constant function.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_lossless
)]

/// Words of the longest number: P-521.
pub(super) const MAX: usize = 9;

/// A product: its first 2 N words.
pub(super) type Wide = [u64; 2 * MAX];

/// A prime p, and what its form spares the reduction.
pub(super) trait Field<const N: usize> {
    const P: [u64; N];
    /// 1, which is R modulo p.
    const ONE: [u64; N] = power_of_two(&Self::P, 64 * N);
    /// R^2 modulo p: what brings a number into Montgomery form.
    const R2: [u64; N] = power_of_two(&Self::P, 128 * N);
    /// R^3 modulo p: what brings the inverse of a Montgomery form into it.
    const R3: [u64; N] = power_of_two(&Self::P, 192 * N);

    /// t / R modulo p, for t below p R.
    fn reduce(t: Wide) -> [u64; N];

    #[inline(always)]
    fn mul(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        Self::reduce(product(a, b))
    }

    #[inline(always)]
    fn sqr(a: &[u64; N]) -> [u64; N] {
        Self::reduce(square(a))
    }

    #[inline(always)]
    fn add(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let (sum, carry) = add(a, b);
        below(&sum, carry, &Self::P)
    }

    #[inline(always)]
    fn sub(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let (difference, borrow) = sub(a, b);
        add(&difference, &masked(&Self::P, mask(borrow))).0
    }

    #[inline(always)]
    fn double(a: &[u64; N]) -> [u64; N] {
        Self::add(a, a)
    }

    /// -a where the mask says so; a is not zero there.
    #[inline(always)]
    fn negate_if(mask: u64, a: &[u64; N]) -> [u64; N] {
        choose(mask, a, &sub(&Self::P, a).0)
    }

    /// A number below p into Montgomery form.
    #[inline(always)]
    fn enter(a: &[u64; N]) -> [u64; N] {
        Self::mul(a, &Self::R2)
    }

    /// And out of it.
    #[inline(always)]
    fn leave(a: &[u64; N]) -> [u64; N] {
        let mut t = [0; 2 * MAX];
        t[..N].copy_from_slice(a);
        Self::reduce(t)
    }
}

/// 2^bits modulo p.
const fn power_of_two<const N: usize>(p: &[u64; N], bits: usize) -> [u64; N] {
    let mut value = [0; N];
    value[0] = 1;
    let mut i = 0;
    while i < bits {
        let (doubled, carry) = add(&value, &value);
        let (less, borrow) = sub(&doubled, p);
        value = if carry >= borrow { less } else { doubled };
        i += 1;
    }
    value
}

/// a + b + carry, and the next carry.
#[inline(always)]
pub(super) const fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let (sum, one) = a.overflowing_add(b);
    let (sum, two) = sum.overflowing_add(carry);
    (sum, (one | two) as u64)
}

/// a - b - borrow, and the next borrow.
#[inline(always)]
pub(super) const fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (difference, one) = a.overflowing_sub(b);
    let (difference, two) = difference.overflowing_sub(borrow);
    (difference, (one | two) as u64)
}

/// t + a b + carry, in two words: (2^64 - 1)^2 + 2 (2^64 - 1) is the most that these hold.
#[inline(always)]
fn mac(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(a) * u128::from(b) + u128::from(t) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

/// All ones for 1, nothing for 0.
#[inline(always)]
pub(super) const fn mask(bit: u64) -> u64 {
    0u64.wrapping_sub(bit)
}

/// A mask of which the compiler does not know what it can be. It makes branches of the others where that spares it much,
/// which the run under valgrind has shown for table look-ups and signs: those masks come from here. (A hint to the
/// compiler, not a promise of it: so that run has the last word.)
#[inline(always)]
pub(super) fn opaque<T>(mask: T) -> T {
    core::hint::black_box(mask)
}

#[inline(always)]
fn masked<const N: usize>(a: &[u64; N], mask: u64) -> [u64; N] {
    a.map(|word| word & mask)
}

/// `out` takes these words where the mask is set: one entry of a table that is read whole.
#[inline(always)]
pub(super) fn take<const N: usize>(out: &mut [u64; N], words: &[u64; N], mask: u64) {
    for (out, word) in out.iter_mut().zip(words) {
        *out |= word & mask;
    }
}

/// b where the mask is set, else a.
#[inline(always)]
pub(super) fn choose<const N: usize>(mask: u64, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
    let mut out = [0; N];
    for i in 0..N {
        out[i] = a[i] ^ (mask & (a[i] ^ b[i]));
    }
    out
}

#[inline(always)]
pub(super) const fn add<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], u64) {
    let (mut out, mut carry) = ([0; N], 0);
    let mut i = 0;
    while i < N {
        (out[i], carry) = adc(a[i], b[i], carry);
        i += 1;
    }
    (out, carry)
}

#[inline(always)]
pub(super) const fn sub<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], u64) {
    let (mut out, mut borrow) = ([0; N], 0);
    let mut i = 0;
    while i < N {
        (out[i], borrow) = sbb(a[i], b[i], borrow);
        i += 1;
    }
    (out, borrow)
}

/// A number below 2 p, whose bit above the words is `carry`, modulo p.
#[inline(always)]
pub(super) fn below<const N: usize>(a: &[u64; N], carry: u64, p: &[u64; N]) -> [u64; N] {
    let (less, borrow) = sub(a, p);
    // Too much was taken where there was a borrow and no carry to pay it.
    choose(mask(borrow & (carry ^ 1)), &less, a)
}

/// All ones where the number is zero.
#[inline(always)]
pub(super) fn is_zero<const N: usize>(a: &[u64; N]) -> u64 {
    let any = a.iter().fold(0, |any, word| any | word);
    same(any, 0)
}

/// All ones where the words are the same.
#[inline(always)]
pub(super) const fn same(a: u64, b: u64) -> u64 {
    let different = a ^ b;
    ((different | different.wrapping_neg()) >> 63).wrapping_sub(1)
}

#[inline(always)]
fn product<const N: usize>(a: &[u64; N], b: &[u64; N]) -> Wide {
    let mut t = [0; 2 * MAX];
    for i in 0..N {
        let mut carry = 0;
        for j in 0..N {
            (t[i + j], carry) = mac(t[i + j], a[j], b[i], carry);
        }
        t[i + N] = carry;
    }
    t
}

#[inline(always)]
fn square<const N: usize>(a: &[u64; N]) -> Wide {
    let mut t = [0; 2 * MAX];
    for i in 0..N {
        let mut carry = 0;
        for j in i + 1..N {
            (t[i + j], carry) = mac(t[i + j], a[j], a[i], carry);
        }
        t[i + N] = carry;
    }
    let (mut top, mut carry) = (0, 0);
    for i in 0..N {
        let square = u128::from(a[i]) * u128::from(a[i]);
        let (low, high) = (t[2 * i], t[2 * i + 1]);
        (t[2 * i], carry) = adc(low << 1 | top, square as u64, carry);
        (t[2 * i + 1], carry) = adc(high << 1 | low >> 63, (square >> 64) as u64, carry);
        top = high >> 63;
    }
    t
}

/// Big-endian bytes, at most 8 N.
pub(super) fn from_bytes<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut out = [0; N];
    for (word, chunk) in out.iter_mut().zip(bytes.rchunks(8)) {
        *word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    out
}

/// Big-endian bytes, at most 8 N; what they have no room for is zero.
pub(super) fn to_bytes<const N: usize>(a: &[u64; N], bytes: &mut [u8]) {
    for (word, chunk) in a.iter().zip(bytes.rchunks_mut(8)) {
        for (byte, from) in chunk.iter_mut().rev().zip(word.to_le_bytes()) {
            *byte = from;
        }
    }
}
