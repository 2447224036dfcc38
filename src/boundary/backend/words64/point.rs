//! Points of the curves y^2 = x^3 - 3 x + b of prime order n, and their multiples.
//!
//! Jacobian coordinates. The formulas are incomplete; why a secret scalar never meets what they leave out:
//!
//! * Scalars are made odd (k or n - k) and recoded into odd digits (Joye and Tunstall, 2009): no digit is zero, so
//!   neither a summand nor a sum is infinity.
//! * [`base_multiple`], k = sum d_j 2^(6 j), adds from j = 0 on. The sum so far, S, is odd and |S| < 2^(6 j) <=
//!   |d_j| 2^(6 j) = |T|, thus S + T and S - T are not zero; and before the last j both are below n in magnitude, thus
//!   not zero modulo n. In the last one S + T = k is not zero, but S - T may be a multiple of n for one value of k: that
//!   addition doubles as well, and chooses.
//! * [`multiple`], from the top digit on: the sum is 32 S with S odd and |S| >= 1, and |d| <= 31. 32 S + d and 32 S - d
//!   are not zero, and below n in magnitude before the last digit. At the last, again 32 S = d modulo n may be: it
//!   doubles as well.
//! * A verification has nothing to hide: [`add_any`] looks.

// Words of N, digits below the sizes of their tables, positions below DIGITS.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::vec::Vec;

use super::field::{Field, add, choose, is_zero, mask, opaque, same, sub, take};
use crate::boundary::backend::inversion::Modulus;

/// What a curve is made of.
pub(super) trait Curve<const N: usize>: Field<N> + Sized + 'static {
    /// n, the order of the base point.
    const ORDER: [u64; N];
    /// Bits of p and of n.
    const BITS: usize;
    /// The base point, as numbers.
    const GENERATOR: [[u64; N]; 2];
    const BASE: Modulus<N> = Modulus::new(&Self::P, bits(Self::BITS));
    const SCALARS: Modulus<N> = Modulus::new(&Self::ORDER, bits(Self::BITS));
    /// Made at first use.
    fn comb() -> &'static Comb<N>;

    /// 1 / a of a residue in Montgomery form, in that form.
    fn invert(a: &[u64; N]) -> [u64; N] {
        Self::mul(&Self::BASE.invert(a), &Self::R3)
    }
}

#[allow(clippy::cast_possible_truncation)] // 521 at most
const fn bits(bits: usize) -> u32 {
    bits as u32
}

/// (x, y), Montgomery forms.
#[derive(Clone, Copy)]
pub(super) struct Affine<const N: usize> {
    pub(super) x: [u64; N],
    pub(super) y: [u64; N],
}

/// (X/Z^2, Y/Z^3), Montgomery forms.
#[derive(Clone, Copy)]
pub(super) struct Point<const N: usize> {
    pub(super) x: [u64; N],
    pub(super) y: [u64; N],
    pub(super) z: [u64; N],
}

impl<const N: usize> Affine<N> {
    pub(super) fn point<C: Curve<N>>(&self) -> Point<N> {
        Point { x: self.x, y: self.y, z: C::ONE }
    }

    fn negate_if<C: Curve<N>>(&self, mask: u64) -> Self {
        Self { x: self.x, y: C::negate_if(mask, &self.y) }
    }
}

impl<const N: usize> Point<N> {
    fn negate_if<C: Curve<N>>(&self, mask: u64) -> Self {
        Self { y: C::negate_if(mask, &self.y), ..*self }
    }

    fn choose(mask: u64, a: &Self, b: &Self) -> Self {
        Self { x: choose(mask, &a.x, &b.x), y: choose(mask, &a.y, &b.y), z: choose(mask, &a.z, &b.z) }
    }

    /// The same point; it is not infinity.
    pub(super) fn affine<C: Curve<N>>(&self) -> Affine<N> {
        let z = C::invert(&self.z);
        let z2 = C::sqr(&z);
        Affine { x: C::mul(&self.x, &z2), y: C::mul(&self.y, &C::mul(&z2, &z)) }
    }
}

/// 2 P; no point has order two. In an order in which neighbours do not wait for each other.
pub(super) fn double<C: Curve<N>, const N: usize>(p: &Point<N>) -> Point<N> {
    let delta = C::sqr(&p.z);
    let gamma = C::sqr(&p.y);
    let z = C::double(&C::mul(&p.y, &p.z));
    let product = C::mul(&C::sub(&p.x, &delta), &C::add(&p.x, &delta));
    let beta = C::mul(&p.x, &gamma);
    let alpha = C::add(&product, &C::double(&product));
    let gamma2 = C::sqr(&C::double(&gamma));
    let beta4 = C::double(&C::double(&beta));
    let x = C::sub(&C::sub(&C::sqr(&alpha), &beta4), &beta4);
    let y = C::sub(&C::mul(&alpha, &C::sub(&beta4, &x)), &C::double(&gamma2));
    Point { x, y, z }
}

/// Where an addition went wrong: x was the same, and y was the same.
struct Met {
    x: u64,
    y: u64,
}

/// The common end of the additions: from U1, S1, H = U2 - U1, R = S2 - S1 and the product of the Zs.
#[inline(always)]
fn add_tail<C: Curve<N>, const N: usize>(
    u1: &[u64; N],
    s1: &[u64; N],
    h: &[u64; N],
    r: &[u64; N],
    z: &[u64; N],
) -> Point<N> {
    let h2 = C::sqr(h);
    let h3 = C::mul(h, &h2);
    let v = C::mul(u1, &h2);
    let x = C::sub(&C::sub(&C::sqr(r), &h3), &C::double(&v));
    let y = C::sub(&C::mul(r, &C::sub(&v, &x)), &C::mul(s1, &h3));
    Point { x, y, z: C::mul(z, h) }
}

/// P + Q, neither infinity; wrong where `Met`.
fn add_affine<C: Curve<N>, const N: usize>(p: &Point<N>, q: &Affine<N>) -> (Point<N>, Met) {
    let z2 = C::sqr(&p.z);
    let h = C::sub(&C::mul(&q.x, &z2), &p.x);
    let r = C::sub(&C::mul(&q.y, &C::mul(&z2, &p.z)), &p.y);
    (add_tail::<C, N>(&p.x, &p.y, &h, &r, &p.z), Met { x: is_zero(&h), y: is_zero(&r) })
}

/// P + Q, neither infinity; wrong where `Met`.
fn add_point<C: Curve<N>, const N: usize>(p: &Point<N>, q: &Point<N>) -> (Point<N>, Met) {
    let (pz2, qz2) = (C::sqr(&p.z), C::sqr(&q.z));
    let u1 = C::mul(&p.x, &qz2);
    let s1 = C::mul(&p.y, &C::mul(&qz2, &q.z));
    let h = C::sub(&C::mul(&q.x, &pz2), &u1);
    let r = C::sub(&C::mul(&q.y, &C::mul(&pz2, &p.z)), &s1);
    (add_tail::<C, N>(&u1, &s1, &h, &r, &C::mul(&p.z, &q.z)), Met { x: is_zero(&h), y: is_zero(&r) })
}

/// P + Q of any points, where infinity has Z = 0. Looks at what it adds.
fn add_any<C: Curve<N>, const N: usize>(p: &Point<N>, q: &Point<N>) -> Point<N> {
    if is_zero(&p.z) != 0 {
        return *q;
    }
    if is_zero(&q.z) != 0 {
        return *p;
    }
    settle::<C, N>(p, add_point::<C, N>(p, q))
}

/// The same with an affine Q.
fn add_any_affine<C: Curve<N>, const N: usize>(p: &Point<N>, q: &Affine<N>) -> Point<N> {
    if is_zero(&p.z) != 0 {
        return q.point::<C>();
    }
    settle::<C, N>(p, add_affine::<C, N>(p, q))
}

fn settle<C: Curve<N>, const N: usize>(p: &Point<N>, (sum, met): (Point<N>, Met)) -> Point<N> {
    match (met.x != 0, met.y != 0) {
        (false, _) => sum,
        (true, true) => double::<C, N>(p),
        // P - P, whose Z is 0 as computed.
        (true, false) => sum,
    }
}

// -- multiples of the base point --

/// Width of a digit of the comb.
const COMB_WIDTH: usize = 6;
const COMB_ENTRIES: usize = 1 << (COMB_WIDTH - 1);

/// Of every position j, G times 2^(6 j) times 1, 3, .. 63. Public.
pub(super) struct Comb<const N: usize>(Vec<[Affine<N>; COMB_ENTRIES]>);

impl<const N: usize> Comb<N> {
    pub(super) fn new<C: Curve<N>>() -> Self {
        let [x, y] = C::GENERATOR;
        let mut first = Affine { x: C::enter(&x), y: C::enter(&y) };
        let mut positions = Vec::new();
        for _ in 0..C::BITS.div_ceil(COMB_WIDTH) {
            let entries = odd_multiples::<C, N, COMB_ENTRIES>(&first.point::<C>());
            positions.push(to_affine::<C, N, COMB_ENTRIES>(&entries));
            let mut next = first.point::<C>();
            for _ in 0..COMB_WIDTH {
                next = double::<C, N>(&next);
            }
            first = next.affine::<C>();
        }
        Self(positions)
    }
}

/// P, 3 P, 5 P ..: differences of these are multiples of P below 128, and so nothing is met.
fn odd_multiples<C: Curve<N>, const N: usize, const M: usize>(p: &Point<N>) -> [Point<N>; M] {
    let twice = double::<C, N>(p);
    let mut multiples = [*p; M];
    for i in 1..M {
        multiples[i] = add_point::<C, N>(&multiples[i - 1], &twice).0;
    }
    multiples
}

/// With one inversion (Montgomery's trick).
fn to_affine<C: Curve<N>, const N: usize, const M: usize>(points: &[Point<N>; M]) -> [Affine<N>; M] {
    let mut before = [C::ONE; M];
    let mut all = C::ONE;
    for (before, point) in before.iter_mut().zip(points) {
        *before = all;
        all = C::mul(&all, &point.z);
    }
    let mut inverse = C::invert(&all);
    let mut out = [Affine { x: C::ONE, y: C::ONE }; M];
    for ((out, point), before) in out.iter_mut().zip(points).zip(&before).rev() {
        let z = C::mul(&inverse, before);
        inverse = C::mul(&inverse, &point.z);
        let z2 = C::sqr(&z);
        *out = Affine { x: C::mul(&point.x, &z2), y: C::mul(&point.y, &C::mul(&z2, &z)) };
    }
    out
}

/// The odd one of k and n - k, and where it is the latter.
fn odd<C: Curve<N>, const N: usize>(k: &[u64; N]) -> ([u64; N], u64) {
    let even = opaque(mask(k[0] & 1 ^ 1));
    (choose(even, k, &sub(&C::ORDER, k).0), even)
}

/// The odd digits of an odd k below 2^(w positions), in the form (k + 2^(w positions) - 1) / 2: w bits of it are a
/// number u with the digit 2 u + 1 - 2^w.
struct Digits<const N: usize> {
    low: [u64; N],
    high: u64,
    width: usize,
}

impl<const N: usize> Digits<N> {
    fn new(k: &[u64; N], width: usize, positions: usize) -> Self {
        let mut low = [0; N];
        for i in 0..N {
            low[i] = k[i] >> 1 | if i + 1 < N { k[i + 1] << 63 } else { 0 };
        }
        // This bit is above those of k.
        let top = width * positions - 1;
        if top < 64 * N {
            low[top / 64] |= 1 << (top % 64);
            return Self { low, high: 0, width };
        }
        Self { low, high: 1 << (top - 64 * N), width }
    }

    /// Digit j: the place of its magnitude among 1, 3, 5 .., and where it is negative.
    #[inline(always)]
    fn get(&self, j: usize) -> (u64, u64) {
        let (place, shift) = (j * self.width / 64, j * self.width % 64);
        let word = |i: usize| if i < N { self.low[i] } else { self.high };
        let mut u = word(place) >> shift;
        if shift + self.width > 64 {
            u |= word(place + 1) << (64 - shift);
        }
        let half = 1 << (self.width - 1);
        let minus = opaque(mask((u >> (self.width - 1)) & 1 ^ 1));
        ((u ^ minus) & (half - 1), minus)
    }
}

/// The entry at a secret place: all are read.
#[inline(always)]
fn pick_affine<const N: usize>(table: &[Affine<N>; COMB_ENTRIES], place: u64) -> Affine<N> {
    let mut out = Affine { x: [0; N], y: [0; N] };
    for (i, entry) in (0u64..).zip(table) {
        let here = opaque(same(i, place));
        take(&mut out.x, &entry.x, here);
        take(&mut out.y, &entry.y, here);
    }
    out
}

/// The end of a multiplication: the last addition may be a doubling, and the scalar was made odd.
fn finish<C: Curve<N>, const N: usize>(
    before: &Point<N>,
    (added, met): (Point<N>, Met),
    negated: u64,
) -> Point<N> {
    let doubled = double::<C, N>(before);
    Point::choose(opaque(met.x & met.y), &added, &doubled).negate_if::<C>(negated)
}

/// k G, for k in [1, n-1].
pub(super) fn base_multiple<C: Curve<N>, const N: usize>(k: &[u64; N]) -> Point<N> {
    let (k, negated) = odd::<C, N>(k);
    let comb = &C::comb().0;
    let digits = Digits::new(&k, COMB_WIDTH, comb.len());
    let entry = |j: usize| {
        let (place, minus) = digits.get(j);
        pick_affine(&comb[j], place).negate_if::<C>(minus)
    };
    let last = comb.len() - 1;
    let mut sum = entry(0).point::<C>();
    for j in 1..last {
        sum = add_affine::<C, N>(&sum, &entry(j)).0;
    }
    finish::<C, N>(&sum, add_affine::<C, N>(&sum, &entry(last)), negated)
}

// -- multiples of a point --

/// Width of a digit in [`multiple`].
const WIDTH: usize = 5;
const ENTRIES: usize = 1 << (WIDTH - 1);

#[inline(always)]
fn pick_point<const N: usize>(table: &[Point<N>; ENTRIES], place: u64) -> Point<N> {
    let mut out = Point { x: [0; N], y: [0; N], z: [0; N] };
    for (i, entry) in (0u64..).zip(table) {
        let here = opaque(same(i, place));
        take(&mut out.x, &entry.x, here);
        take(&mut out.y, &entry.y, here);
        take(&mut out.z, &entry.z, here);
    }
    out
}

/// k Q, for k in [1, n-1] and Q on the curve.
pub(super) fn multiple<C: Curve<N>, const N: usize>(k: &[u64; N], q: &Affine<N>) -> Point<N> {
    let (k, negated) = odd::<C, N>(k);
    let table = odd_multiples::<C, N, ENTRIES>(&q.point::<C>());
    let positions = C::BITS.div_ceil(WIDTH);
    let digits = Digits::new(&k, WIDTH, positions);
    let entry = |j: usize| {
        let (place, minus) = digits.get(j);
        pick_point(&table, place).negate_if::<C>(minus)
    };
    let mut sum = entry(positions - 1);
    for j in (1..positions - 1).rev() {
        for _ in 0..WIDTH {
            sum = double::<C, N>(&sum);
        }
        sum = add_point::<C, N>(&sum, &entry(j)).0;
    }
    for _ in 0..WIDTH {
        sum = double::<C, N>(&sum);
    }
    finish::<C, N>(&sum, add_point::<C, N>(&sum, &entry(0)), negated)
}

// -- verification --

/// Signed digits of a public scalar, odd or zero, of which no `width` in a row have two that are not zero.
pub(super) fn sparse<const N: usize>(k: &[u64; N], width: usize) -> Vec<i8> {
    let mut digits = Vec::with_capacity(64 * N + 1);
    let bit = |i: usize| k.get(i / 64).map_or(0, |word| word >> (i % 64) & 1);
    let (mut carry, mut i) = (0, 0);
    while i < 64 * N + 1 {
        if bit(i) == carry {
            digits.push(0);
            i += 1;
            continue;
        }
        let mut digit = carry;
        for j in 0..width {
            digit += bit(i + j) << j;
        }
        carry = digit >> (width - 1) & 1;
        // Below 2^(width - 1) in magnitude, and that is 64.
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        digits.push((digit as i64 - ((carry as i64) << width)) as i8);
        digits.extend(std::iter::repeat_n(0, width - 1));
        i += width;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    digits
}

/// Digit i if it is not zero: its place among 1, 3, 5 .., and where it is negative.
fn nonzero(digits: &[i8], i: usize) -> Option<(usize, u64)> {
    let digit = *digits.get(i).filter(|digit| **digit != 0)?;
    Some((usize::from(digit.unsigned_abs() / 2), mask(u64::from(digit < 0))))
}

/// Multiples of a public key Q for [`Multiples::combine`]: of each of eight parts of a scalar, Q times 2^(bits below it)
/// times 1, 3, .. 15.
pub(super) struct Multiples<const N: usize>([Affine<N>; PARTS * PART_ENTRIES]);

/// Parts of a scalar that run over one chain of doublings, as long as one of them.
const PARTS: usize = 8;
const PART_ENTRIES: usize = ENTRIES / 2;

impl<const N: usize> Multiples<N> {
    /// Bits of a part.
    const PART: usize = (64 * N).div_ceil(PARTS);

    pub(super) fn new<C: Curve<N>>(q: &Affine<N>) -> Self {
        let mut first = q.point::<C>();
        let mut parts = [first; PARTS * PART_ENTRIES];
        for (i, part) in parts.chunks_exact_mut(PART_ENTRIES).enumerate() {
            if i > 0 {
                for _ in 0..Self::PART {
                    first = double::<C, N>(&first);
                }
            }
            part.copy_from_slice(&odd_multiples::<C, N, PART_ENTRIES>(&first));
        }
        Self(to_affine::<C, N, { PARTS * PART_ENTRIES }>(&parts))
    }

    /// u1 G + u2 Q, by time that tells both.
    pub(super) fn combine<C: Curve<N>>(&self, u1: &[u64; N], u2: &[u64; N]) -> Point<N> {
        let digits = sparse(u2, WIDTH);
        let mut sum = Point { x: C::ONE, y: C::ONE, z: [0; N] };
        // The last part has a bit more, where the last digit is carried out of all words.
        for i in (0..=Self::PART).rev() {
            sum = double::<C, N>(&sum);
            for (part, table) in self.0.chunks_exact(PART_ENTRIES).enumerate() {
                if i == Self::PART && part + 1 < PARTS {
                    continue;
                }
                if let Some((place, minus)) = nonzero(&digits, part * Self::PART + i) {
                    sum = add_any_affine::<C, N>(&sum, &table[place].negate_if::<C>(minus));
                }
            }
        }
        if is_zero(u1) != 0 {
            return sum;
        }
        // The comb needs no doublings.
        add_any::<C, N>(&sum, &base_multiple::<C, N>(u1))
    }
}

/// u1 G + u2 Q, by time that tells both.
pub(super) fn combine<C: Curve<N>, const N: usize>(u1: &[u64; N], u2: &[u64; N], q: &Affine<N>) -> Point<N> {
    let (first, second) = (sparse(u1, COMB_WIDTH + 1), sparse(u2, WIDTH));
    let base = &C::comb().0[0];
    let table = odd_multiples::<C, N, PART_ENTRIES>(&q.point::<C>());
    let mut sum = Point { x: C::ONE, y: C::ONE, z: [0; N] };
    for i in (0..first.len().max(second.len())).rev() {
        sum = double::<C, N>(&sum);
        if let Some((place, minus)) = nonzero(&first, i) {
            sum = add_any_affine::<C, N>(&sum, &base[place].negate_if::<C>(minus));
        }
        if let Some((place, minus)) = nonzero(&second, i) {
            sum = add_any::<C, N>(&sum, &table[place].negate_if::<C>(minus));
        }
    }
    sum
}

/// Whether r is the x coordinate modulo n of this point: it is x, or r + n is.
pub(super) fn has_x<C: Curve<N>, const N: usize>(point: &Point<N>, r: &[u64; N]) -> bool {
    if is_zero(&point.z) != 0 {
        return false;
    }
    let z2 = C::sqr(&point.z);
    let is = |x: &[u64; N]| C::mul(&C::enter(x), &z2) == point.x;
    let (greater, carry) = add(r, &C::ORDER);
    let in_range = carry == 0 && sub(&greater, &C::P).1 == 1;
    is(r) || (in_range && is(&greater))
}
