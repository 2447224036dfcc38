//! Eight private or public RSA operations at once, one a lane (RFC 8017 sections 5.1 and 5.2).
//!
//! `H` limbs of 52 bits hold a prime, `N = 2 H` the modulus, `D = 2 N` a product, `E` limbs of 64 bits an
//! exponent of CRT. The keys of the lanes may differ; their size is one.

#![allow(clippy::indexing_slicing)] // one constant index

use alloc::boxed::Box;
use core::arch::x86_64::{_mm512_add_epi64, _mm512_mask_blend_epi64};
use zeroize::{Zeroize, Zeroizing};

use super::lanes::{ENTRIES, Moduli, V, Wide};
use super::limbs::{from_lanes, into_lanes, lanes, vector, zeros};
use super::{Crt, LANES, Public};

/// What one pass computes over, wiped when dropped.
struct Work<const N: usize, const D: usize> {
    n: Moduli<N>,
    c: [V; N],
    r: [V; N],
    u: [V; N],
    x: [V; N],
    y: [V; N],
    m: [V; N],
    wide: Wide<D>,
}

/// The part for one half of CRT.
struct Half<const H: usize, const N: usize, const E: usize> {
    prime: Moduli<H>,
    low: [V; H],
    high: [V; H],
    base: [V; H],
    power: [V; H],
    exponent: [V; E],
    table: [[V; H]; ENTRIES],
    wide: Wide<N>,
}

/// A prime, -1 / p modulo 2^52, R^2 modulo p, and its exponent.
type Prime<'a, const H: usize, const E: usize> = (&'a [u64; H], u64, &'a [u64; H], &'a [u64; E]);

impl<const N: usize, const D: usize> Work<N, D> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new() -> Box<Self> {
        Box::new(Self {
            n: moduli(),
            c: zeros(),
            r: zeros(),
            u: zeros(),
            x: zeros(),
            y: zeros(),
            m: zeros(),
            wide: Zeroizing::new(zeros()),
        })
    }
}

impl<const N: usize, const D: usize> Drop for Work<N, D> {
    fn drop(&mut self) {
        for number in [&mut self.c, &mut self.r, &mut self.u, &mut self.x, &mut self.y, &mut self.m] {
            number.zeroize();
        }
    }
}

impl<const H: usize, const N: usize, const E: usize> Half<H, N, E> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new() -> Box<Self> {
        Box::new(Self {
            prime: moduli(),
            low: zeros(),
            high: zeros(),
            base: zeros(),
            power: zeros(),
            exponent: zeros(),
            table: [zeros(); ENTRIES],
            wide: Zeroizing::new(zeros()),
        })
    }

    /// Takes the primes and their exponents.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn load(&mut self, keys: [Prime<'_, H, E>; LANES]) {
        into_lanes(keys.map(|(prime, ..)| prime), &mut self.prime.n);
        into_lanes(keys.map(|(_, _, r2, _)| r2), &mut self.prime.r2);
        into_lanes(keys.map(|(.., exponent)| exponent), &mut self.exponent);
        self.prime.n0 = vector(keys.map(|(_, n0, ..)| n0));
    }

    /// `x ^ exponent` modulo the primes, x of twice their size, to `power`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn power_of(&mut self, x: &[V; N]) {
        let Self { prime, low, high, base, power, exponent, table, wide } = self;
        let (x_low, x_high) = x.split_at(H);
        low.copy_from_slice(x_low);
        high.copy_from_slice(x_high);
        // x = high R + low.
        prime.enter(high, base, wide);
        prime.enter(base, high, wide);
        prime.enter(low, base, wide);
        prime.add(base, high, low);
        prime.power(low, exponent, power, table, wide);
        prime.leave(power, wide);
        prime.finish(power);
    }
}

impl<const H: usize, const N: usize, const E: usize> Drop for Half<H, N, E> {
    fn drop(&mut self) {
        for number in [&mut self.low, &mut self.high, &mut self.base, &mut self.power] {
            number.zeroize();
        }
        self.exponent.zeroize();
        self.table.zeroize();
    }
}

#[target_feature(enable = "avx512f")]
fn moduli<const N: usize>() -> Moduli<N> {
    Moduli { n: zeros(), n0: vector([0; LANES]), r2: zeros() }
}

/// `base ^ (e - 1)` for odd public e, in Montgomery form. Time tells the exponents.
#[target_feature(enable = "avx512f,avx512ifma")]
fn power_before<const N: usize, const D: usize>(
    n: &Moduli<N>,
    base: &[V; N],
    e: [u64; LANES],
    out: &mut [V; N],
    wide: &mut Wide<D>,
) {
    let some = |bit: u32| e.iter().rev().fold(0u8, |mask, e| mask << 1 | u8::from(e >> bit & 1 == 1));
    let top = e.iter().fold(0, |all, e| all | e).checked_ilog2().unwrap_or(0);
    if some(top) == u8::MAX {
        *out = *base;
    } else {
        n.one(out, wide);
        select(some(top), out, base);
    }
    let mut product = Zeroizing::new(zeros());
    for bit in (1..top).rev() {
        n.square(out, wide);
        if some(bit) != 0 {
            n.mul(out, base, &mut product, wide);
            select(some(bit), out, &product);
        }
    }
    n.square(out, wide);
}

/// Takes `other` in the lanes of `mask`.
#[target_feature(enable = "avx512f")]
fn select<const N: usize>(mask: u8, number: &mut [V; N], other: &[V; N]) {
    for (number, other) in number.iter_mut().zip(other) {
        *number = _mm512_mask_blend_epi64(mask, *number, *other);
    }
}

/// R^2 modulo eight odd numbers of exactly `bits` bits, and -1 / n modulo 2^52.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn constants<const N: usize, const D: usize>(
    numbers: [&[u64; N]; LANES],
    bits: usize,
    r2: &mut [Zeroizing<[u64; N]>; LANES],
) -> [u64; LANES] {
    let mut moduli: Moduli<N> = moduli();
    into_lanes(numbers, &mut moduli.n);
    let mut wide: Wide<D> = Zeroizing::new(zeros());
    moduli.prepare(bits, &mut wide);
    from_lanes(&moduli.r2, r2.each_mut().map(|number| &mut **number));
    lanes(moduli.n0)
}

/// A number of a key in Montgomery form: `a R mod n`.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn enter<const N: usize, const D: usize>(n: &[u64; N], n0: u64, r2: &[u64; N], a: &mut [u64; N]) {
    let mut moduli: Moduli<N> = moduli();
    into_lanes([n; LANES], &mut moduli.n);
    into_lanes([r2; LANES], &mut moduli.r2);
    moduli.n0 = vector([n0; LANES]);
    let mut wide: Wide<D> = Zeroizing::new(zeros());
    let (mut plain, mut form) = (Zeroizing::new(zeros()), Zeroizing::new(zeros()));
    into_lanes([a; LANES], &mut plain);
    moduli.enter(&plain, &mut form, &mut wide);
    moduli.finish(&mut form);
    let mut copies: [_; LANES] = core::array::from_fn(|_| Zeroizing::new([0; N]));
    from_lanes(&form, copies.each_mut().map(|number| &mut **number));
    *a = *copies[0];
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn load_public<const N: usize>(keys: [&Public<N>; LANES], n: &mut Moduli<N>) {
    into_lanes(keys.map(|key| &key.n), &mut n.n);
    into_lanes(keys.map(|key| &key.r2), &mut n.r2);
    n.n0 = vector(keys.map(|key| key.n0));
}

/// `input ^ e mod n` in every lane, for inputs below n.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn public<const N: usize, const D: usize>(
    keys: [&Public<N>; LANES],
    numbers: &mut [Zeroizing<[u64; N]>; LANES],
) {
    let mut work = Work::<N, D>::new();
    let Work { n, c, x, y, m, wide, .. } = &mut *work;
    load_public(keys, n);
    into_lanes(numbers.each_ref().map(|number| &**number), c);
    n.enter(c, x, wide);
    power_before(n, x, keys.map(|key| key.e), y, wide);
    // One factor in plain form takes the product out of Montgomery form.
    n.mul(y, c, m, wide);
    n.finish(m);
    from_lanes(m, numbers.each_mut().map(|number| &mut **number));
}

/// `input ^ d mod n` in every lane, for inputs below n and random numbers of at least one bit less than n.
/// The answer says in which lanes the public exponent leads back to the input; the others are zero.
///
/// Blinding without an inversion: with x = c r^e, the power x^(d - 1) is c^(d - 1) r^(1 - e), so that
/// x^(d - 1) c r^(e - 1) = c^d. All that touches the factors is x, and x is random.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn private<const H: usize, const N: usize, const D: usize, const E: usize>(
    keys: [&Crt<H, N, E>; LANES],
    numbers: &mut [Zeroizing<[u64; N]>; LANES],
    random: &[Zeroizing<[u64; N]>; LANES],
) -> [bool; LANES] {
    let mut work = Work::<N, D>::new();
    let Work { n, c, r, u, x, y, m, wide, .. } = &mut *work;
    let e = keys.map(|key| key.public.e);
    load_public(keys.map(|key| &key.public), n);
    into_lanes(numbers.each_ref().map(|number| &**number), c);
    into_lanes(random.each_ref().map(|number| &**number), x);

    // u = c r^(e - 1), x = u r.
    n.enter(x, r, wide);
    power_before(n, r, e, y, wide);
    n.mul(y, c, u, wide);
    n.mul(r, u, x, wide);

    let mut half = Half::<H, N, E>::new();
    half.load(keys.map(|key| (&key.q, key.q_n0, &key.q_r2, &key.dq)));
    half.power_of(x);
    let yq = Zeroizing::new(half.power);
    half.load(keys.map(|key| (&key.p, key.p_n0, &key.p_r2, &key.dp)));
    half.power_of(x);

    // Garner: y = yq + q ((yp - yq) qInv mod p); yq < q < 2 p.
    let Half { prime, low, high, base, power, wide: half_wide, .. } = &mut *half;
    prime.sub(power, &yq, low);
    into_lanes(keys.map(|key| &key.q_inv), high);
    prime.mul(low, high, base, half_wide);
    prime.finish(base);
    into_lanes(keys.map(|key| &key.q), high);
    super::lanes::product(base, high, half_wide);
    for (sum, yq) in half_wide.iter_mut().zip(&*yq) {
        *sum = _mm512_add_epi64(*sum, *yq);
    }
    super::lanes::carry(&**half_wide, y);

    n.enter(u, x, wide);
    n.mul(y, x, m, wide);
    n.finish(m);

    // RSA-5: m^e = c, or the result stays here.
    n.enter(m, x, wide);
    power_before(n, x, e, y, wide);
    n.mul(y, m, x, wide);
    n.finish(x);
    let mut wrong = vector([0; LANES]);
    for (c, x) in c.iter().zip(&*x) {
        wrong = super::lanes::difference(wrong, *c, *x);
    }
    let good = lanes(wrong).map(|wrong| wrong == 0);
    from_lanes(m, numbers.each_mut().map(|number| &mut **number));
    for (number, good) in numbers.iter_mut().zip(good) {
        if !good {
            number.zeroize();
        }
    }
    good
}
