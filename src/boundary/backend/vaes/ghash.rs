//! GHASH (SP 800-38D section 6.4), many blocks under one reduction.
//!
//! A block, its bytes reversed, is a polynomial with its bits in reverse: the coefficient of x^0 on top. The product of
//! two such numbers stands one bit too low, so the powers of H are kept multiplied by x. A sum of products,
//! 256 bits, is reduced from below: its low quarter q is replaced by q times x^128 / x^64 modulo the polynomial, which is
//! one multiplication by 0xc2 << 56, twice.

// Powers up to TABLE, registers up to eight.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::cpu::{BLOCK, Cpu};

/// Registers of a batch.
pub(super) const WIDE: usize = 8;

/// The highest power of H: of the first of 32 blocks, which two blocks of associated data precede and that of
/// the lengths follows, and one to keep batches aligned.
pub(super) const TABLE: usize = 36;

/// 1 and the polynomial's upper half: x^128 + x^127 + x^126 + x^121 + 1, bits in reverse.
const POLYNOMIAL: (u64, u64) = (0xc200_0000_0000_0000, 1);

/// H to the powers [`TABLE`] to 1, each times x; then zeros, so that a whole register can be read at each.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Powers([[u8; BLOCK]; TABLE + 4]);

impl Powers {
    /// From H, the cipher of the zero block.
    #[inline(always)]
    pub(super) fn new<C: Cpu>(cpu: C, h: &[u8; BLOCK]) -> Self {
        let mut powers = Self([[0; BLOCK]; TABLE + 4]);
        // Times x: a shift to the left, and the polynomial for what falls out.
        let h = u128::from_be_bytes(*h);
        let carry = (h >> 127).wrapping_neg();
        let polynomial = u128::from(POLYNOMIAL.0) << 64 | u128::from(POLYNOMIAL.1);
        let mut h = (h << 1) ^ (carry & polynomial);
        let mut bytes = h.to_le_bytes();
        h.zeroize();
        let first = cpu.alone(&bytes);
        bytes.zeroize();
        let mut power = first;
        for slot in powers.0[..TABLE].iter_mut().rev() {
            *slot = cpu.first(power);
            let mut product = Sum::new(cpu);
            product.add(power, first);
            power = product.reduce();
        }
        powers
    }

    /// The register that begins with H to the power `n`, 1 to [`TABLE`], and goes on with the next lower ones.
    #[inline(always)]
    fn from<C: Cpu>(&self, cpu: C, n: usize) -> C::Reg {
        match C::chunks(self.0[TABLE - n..].as_flattened()).0 {
            [first, ..] => cpu.load(first),
            [] => cpu.zero(),
        }
    }

    /// Those of a batch, the last of which is the last block so far.
    #[inline(always)]
    pub(super) fn batch<C: Cpu>(&self) -> &[C::Chunk] {
        C::chunks(self.0[TABLE - WIDE * C::BLOCKS..TABLE].as_flattened()).0
    }
}

/// A sum of products in each lane.
pub(super) struct Sum<C: Cpu> {
    cpu: C,
    low: C::Reg,
    middle: C::Reg,
    high: C::Reg,
}

impl<C: Cpu> Sum<C> {
    #[inline(always)]
    pub(super) fn new(cpu: C) -> Self {
        Self { cpu, low: cpu.zero(), middle: cpu.zero(), high: cpu.zero() }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, a: C::Reg, b: C::Reg) {
        let cpu = self.cpu;
        self.low = cpu.xor(self.low, cpu.multiply::<0x00>(a, b));
        let crossed = cpu.xor(cpu.multiply::<0x01>(a, b), cpu.multiply::<0x10>(a, b));
        self.middle = cpu.xor(self.middle, crossed);
        self.high = cpu.xor(self.high, cpu.multiply::<0x11>(a, b));
    }

    /// Each lane modulo the polynomial.
    #[inline(always)]
    pub(super) fn reduce(self) -> C::Reg {
        let Self { cpu, low, middle, high } = self;
        let polynomial = cpu.number(POLYNOMIAL.0, POLYNOMIAL.1);
        let once = cpu.xor(cpu.swap(low), cpu.multiply::<0x01>(polynomial, low));
        let middle = cpu.xor(middle, once);
        let twice = cpu.xor(cpu.swap(middle), cpu.multiply::<0x01>(polynomial, middle));
        cpu.xor(high, twice)
    }
}

/// Hash of the text so far, in the lowest lane, and of `data` after it, filled up with zeros.
#[inline(always)]
pub(super) fn absorb<C: Cpu>(cpu: C, powers: &Powers, hash: C::Reg, data: &[u8]) -> C::Reg {
    let (chunks, part) = C::chunks(data);
    let (batches, rest) = chunks.as_chunks::<WIDE>();
    let mut hash = hash;
    for batch in batches {
        hash = absorb_batch(cpu, powers, hash, batch);
    }
    let mut blocks = rest.len() * C::BLOCKS + part.len().div_ceil(BLOCK);
    if blocks == 0 {
        return hash;
    }
    let mut sum = Sum::new(cpu);
    for chunk in rest {
        sum.add(cpu.xor(hash, cpu.reverse(cpu.load(chunk))), powers.from(cpu, blocks));
        hash = cpu.zero();
        blocks -= C::BLOCKS;
    }
    if blocks > 0 {
        sum.add(cpu.xor(hash, cpu.reverse(cpu.load_part(part))), powers.from(cpu, blocks));
    }
    cpu.fold(sum.reduce())
}

/// The same for a batch.
#[inline(always)]
pub(super) fn absorb_batch<C: Cpu>(
    cpu: C,
    powers: &Powers,
    hash: C::Reg,
    batch: &[C::Chunk; WIDE],
) -> C::Reg {
    let mut sum = Sum::new(cpu);
    let mut before = hash;
    for (chunk, power) in batch.iter().zip(powers.batch::<C>()) {
        sum.add(cpu.xor(before, cpu.reverse(cpu.load(chunk))), cpu.load(power));
        before = cpu.zero();
    }
    cpu.fold(sum.reduce())
}

/// The end of a hash: a few registers that share one reduction.
pub(super) struct End<'p, C: Cpu> {
    powers: &'p Powers,
    sum: Sum<C>,
    before: C::Reg,
    blocks: usize,
}

impl<'p, C: Cpu> End<'p, C> {
    /// After `hash`, `blocks` are to come, up to [`TABLE`].
    #[inline(always)]
    pub(super) fn new(cpu: C, powers: &'p Powers, hash: C::Reg, blocks: usize) -> Self {
        Self { powers, sum: Sum::new(cpu), before: hash, blocks }
    }

    /// The next `count` blocks, up to a register; what is above them is zero.
    #[inline(always)]
    pub(super) fn add(&mut self, a: C::Reg, count: usize) {
        let cpu = self.sum.cpu;
        let a = cpu.xor(self.before, cpu.reverse(a));
        self.before = cpu.zero();
        self.sum.add(a, self.powers.from(cpu, self.blocks));
        self.blocks -= count;
    }

    /// The last block is the two lengths, in every lane with its bytes in reverse: above the lowest lane are no powers
    /// left. Answers the hash as a block in the lowest lane.
    #[inline(always)]
    pub(super) fn finish(mut self, lengths: C::Reg) -> C::Reg {
        let cpu = self.sum.cpu;
        let a = cpu.xor(self.before, lengths);
        self.sum.add(a, self.powers.from(cpu, 1));
        cpu.reverse(cpu.fold(self.sum.reduce()))
    }
}
