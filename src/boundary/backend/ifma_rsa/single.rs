//! One RSA operation, the limbs of one number across the lanes of K vectors; of a private one both halves of CRT side
//! by side, so that each hides the other's latency.
//!
//! The same almost-Montgomery arithmetic as in [`lanes`](super::lanes): R = 2^(52 L) for L limbs is at least
//! 2^16 n, results are below 2 n, nothing is subtracted before `finish`. The lanes above the L limbs stay zero.
//! Constant time: no branch and no address depends on a number; indices are loop counters.
#![allow(clippy::indexing_slicing)] // indices run over the arrays' own lengths
#![allow(clippy::needless_range_loop)] // one index over several arrays reads like the algorithm
#![allow(clippy::arithmetic_side_effects)] // counters and shifts below a few hundred
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // masks of eight lanes, bits of limbs

use alloc::boxed::Box;
use core::arch::x86_64::{
    _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_broadcastq_epi64, _mm512_castsi512_si128,
    _mm512_cmpeq_epu64_mask, _mm512_cmpgt_epu64_mask, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_add_epi64, _mm512_mask_or_epi64, _mm512_maskz_srli_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_srli_epi64,
};
use core::hint::black_box;

use zeroize::{Zeroize, Zeroizing};

use super::lanes::V;
use super::limbs::{finish, lanes, less_by, vector, zeros};
use super::{Crt, Public};

const MASK: i64 = (1 << 52) - 1;
const WINDOW: usize = 5;
const ENTRIES: usize = 1 << WINDOW;
/// Longest number in limbs, and one limb of zeros.
const LONGEST: usize = 81;

/// A modulus, -1 / n modulo 2^52 in every lane, and R^2 mod n.
struct Modulus<const K: usize> {
    n: [V; K],
    n0: V,
    r2: [V; K],
}

impl<const K: usize> Drop for Modulus<K> {
    fn drop(&mut self) {
        self.n.zeroize();
        self.n0.zeroize();
        self.r2.zeroize();
    }
}

/// The limbs of a second factor, for M products at once.
struct Rows<const M: usize>([[u64; LONGEST]; M]);

impl<const M: usize> Drop for Rows<M> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `a b / R mod n` for M independent moduli of L limbs.
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<const M: usize, const K: usize, const L: usize>(
    moduli: [&Modulus<K>; M],
    a: &[[V; K]; M],
    b: &[[V; K]; M],
    out: &mut [[V; K]; M],
    rows: &mut Rows<M>,
) {
    const { assert!(L <= 8 * K && L < LONGEST) };
    let zero = _mm512_setzero_si512();
    let mask = _mm512_set1_epi64(MASK);
    for m in 0..M {
        for k in 0..K {
            let limbs = lanes(b[m][k]);
            for (row, limb) in rows.0[m].iter_mut().skip(8 * k).zip(limbs) {
                *row = limb;
            }
        }
        rows.0[m][L] = 0;
    }
    let mut s = [[zero; K]; M];
    for m in 0..M {
        let b = _mm512_set1_epi64(rows.0[m][0] as i64);
        for k in 0..K {
            s[m][k] = _mm512_madd52lo_epu64(zero, a[m][k], b);
        }
    }
    for row in 0..L {
        for m in 0..M {
            let b = _mm512_set1_epi64(rows.0[m][row] as i64);
            let following = _mm512_set1_epi64(rows.0[m][row + 1] as i64);
            let f = _mm512_madd52lo_epu64(zero, s[m][0], moduli[m].n0);
            let f = _mm512_broadcastq_epi64(_mm512_castsi512_si128(f));
            // The lowest limb becomes a multiple of 2^52 by adding less than 2^52: its carry is known before.
            let carry = _mm512_maskz_srli_epi64::<52>(1, _mm512_add_epi64(s[m][0], mask));
            for k in 0..K {
                // The low halves of this row are already in s, those of the next come with the high halves.
                let low = _mm512_madd52lo_epu64(s[m][k], moduli[m].n[k], f);
                let high = _mm512_madd52hi_epu64(if k == 0 { carry } else { zero }, a[m][k], b);
                let high = _mm512_madd52lo_epu64(high, a[m][k], following);
                s[m][k] = low;
                out[m][k] = _mm512_madd52hi_epu64(high, moduli[m].n[k], f);
            }
            for k in 0..K {
                let above = if k + 1 < K { s[m][k + 1] } else { zero };
                s[m][k] = _mm512_add_epi64(_mm512_alignr_epi64::<1>(above, s[m][k]), out[m][k]);
            }
        }
    }
    for m in 0..M {
        carry(&s[m], &mut out[m]);
    }
}

/// Makes every limb less than 2^52, for numbers that fit.
#[target_feature(enable = "avx512f")]
fn carry<const K: usize>(s: &[V; K], out: &mut [V; K]) {
    let mask = _mm512_set1_epi64(MASK);
    let mut below = _mm512_setzero_si512();
    // First the bits above 52, then what is left: limbs of at most 2^52 + 2^12, whose carries are one or none.
    let (mut over, mut full) = (0u128, 0u128);
    for k in 0..K {
        let up = _mm512_srli_epi64::<52>(s[k]);
        let moved = _mm512_alignr_epi64::<7>(up, below);
        below = up;
        let sum = _mm512_add_epi64(_mm512_and_si512(s[k], mask), moved);
        over |= u128::from(_mm512_cmpgt_epu64_mask(sum, mask)) << (8 * k);
        full |= u128::from(_mm512_cmpeq_epu64_mask(sum, mask)) << (8 * k);
        out[k] = sum;
    }
    // An addition carries through limbs that are all ones, as the carries do here.
    let carries = (full + (over << 1)) ^ full;
    let one = _mm512_set1_epi64(1);
    for k in 0..K {
        let sum = _mm512_mask_add_epi64(out[k], (carries >> (8 * k)) as u8, out[k], one);
        out[k] = _mm512_and_si512(sum, mask);
    }
}

#[target_feature(enable = "avx512f")]
fn load<const K: usize>(limbs: &[u64]) -> [V; K] {
    let mut out = zeros();
    for (out, limbs) in out.iter_mut().zip(limbs.chunks(8)) {
        let mut padded = Zeroizing::new([0; 8]);
        padded[..limbs.len()].copy_from_slice(limbs);
        *out = vector(*padded);
    }
    out
}

#[target_feature(enable = "avx512f")]
fn store<const K: usize>(number: &[V; K], limbs: &mut [u64]) {
    for (limbs, vector) in limbs.chunks_mut(8).zip(number) {
        let all = Zeroizing::new(lanes(*vector));
        limbs.copy_from_slice(&all[..limbs.len()]);
    }
}

#[target_feature(enable = "avx512f")]
fn modulus<const K: usize>(n: &[u64], n0: u64, r2: &[u64]) -> Modulus<K> {
    Modulus { n: load(n), n0: vector([n0; 8]), r2: load(r2) }
}

/// Everything that holds secrets while both halves are raised, wiped when dropped.
struct Halves<const K: usize> {
    table: [[[V; K]; 2]; ENTRIES],
    power: [[V; K]; 2],
    spare: [[V; K]; 2],
    rows: Rows<2>,
}

impl<const K: usize> Drop for Halves<K> {
    fn drop(&mut self) {
        self.table.zeroize();
        self.power.zeroize();
        self.spare.zeroize();
    }
}

impl<const K: usize> Halves<K> {
    /// `base ^ exponent` in Montgomery form for both halves, to `power`: every window does the same, and every
    /// look-up reads the whole table.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn raise<const L: usize, const E: usize>(
        &mut self,
        primes: [&Modulus<K>; 2],
        base: &[[V; K]; 2],
        exponents: [&[u64; E]; 2],
    ) {
        let Self { table, power, spare, rows } = self;
        let one = [load(&[1]), load(&[1])];
        let r2 = Zeroizing::new(primes.map(|prime| prime.r2));
        multiply::<2, K, L>(primes, &r2, &one, &mut table[0], rows);
        table[1] = *base;
        for i in 2..ENTRIES {
            let (done, rest) = table.split_at_mut(i);
            multiply::<2, K, L>(primes, &done[i - 1], base, &mut rest[0], rows);
        }
        *power = table[0];
        for window in (0..(64 * E).div_ceil(WINDOW)).rev() {
            for _ in 0..WINDOW {
                multiply::<2, K, L>(primes, power, power, spare, rows);
                core::mem::swap(power, spare);
            }
            for half in 0..2 {
                look_up(table, half, digit(exponents[half], window * WINDOW), &mut spare[half]);
            }
            let entry = Zeroizing::new(*spare);
            multiply::<2, K, L>(primes, power, &entry, spare, rows);
            core::mem::swap(power, spare);
        }
    }
}

/// `WINDOW` bits of the exponent from bit `at`.
fn digit<const E: usize>(exponent: &[u64; E], at: usize) -> u64 {
    let (limb, shift) = (at / 64, at % 64);
    let low = exponent[limb] >> shift;
    let high = match exponent.get(limb + 1) {
        Some(next) if shift > 64 - WINDOW => next << (64 - shift),
        _ => 0,
    };
    (low | high) & (ENTRIES as u64 - 1)
}

/// Reads every entry and keeps the one at `index`.
#[target_feature(enable = "avx512f")]
fn look_up<const K: usize>(table: &[[[V; K]; 2]; ENTRIES], half: usize, index: u64, out: &mut [V; K]) {
    let index = _mm512_set1_epi64(black_box(index) as i64);
    let mut found = zeros::<K>();
    for (i, entry) in (0i64..).zip(table) {
        let here = _mm512_cmpeq_epu64_mask(index, _mm512_set1_epi64(i));
        for k in 0..K {
            found[k] = _mm512_mask_or_epi64(found[k], here, found[k], entry[half][k]);
        }
    }
    *out = found;
}

/// `base ^ (e - 1)` for an odd public e, in Montgomery form.
#[target_feature(enable = "avx512f,avx512ifma")]
fn power_before<const J: usize, const N: usize>(
    n: &Modulus<J>,
    base: &[[V; J]; 1],
    e: u64,
    out: &mut [[V; J]; 1],
    rows: &mut Rows<1>,
) {
    *out = *base;
    let mut spare = Zeroizing::new([zeros::<J>()]);
    for bit in (0..e.checked_ilog2().unwrap_or(0)).rev() {
        multiply::<1, J, N>([n], out, out, &mut spare, rows);
        core::mem::swap(out, &mut spare);
        if bit > 0 && e >> bit & 1 == 1 {
            multiply::<1, J, N>([n], out, base, &mut spare, rows);
            core::mem::swap(out, &mut spare);
        }
    }
}

/// `number ^ e mod n`, in place, for a number below n. `N` limbs and `J` vectors hold the modulus.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn public<const N: usize, const J: usize>(key: &Public<N>, number: &mut [u64; N]) {
    let n = modulus::<J>(&key.n, key.n0, &key.r2);
    let mut rows = Rows::<1>([[0; LONGEST]]);
    // The number may be the encoding of a key (OAEP): everything is wiped.
    let m = Zeroizing::new([load::<J>(number)]);
    let (mut x, mut y) = (Zeroizing::new([zeros::<J>()]), Zeroizing::new([zeros::<J>()]));
    multiply::<1, J, N>([&n], &m, &[n.r2], &mut x, &mut rows);
    power_before::<J, N>(&n, &x, key.e, &mut y, &mut rows);
    multiply::<1, J, N>([&n], &y, &m, &mut x, &mut rows);
    store(&x[0], number);
    finish(number, &key.n);
}

/// `input ^ d mod n` for an input below n and a random number of at least one bit less than n, blinded as in
/// [`private`](super::batch::private). False, and zeros, unless the public exponent leads back to the input.
///
/// `H` limbs and `K` vectors hold a prime, `N` and `J` the modulus, `E` limbs of 64 bits an exponent.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn private<const H: usize, const N: usize, const E: usize, const K: usize, const J: usize>(
    key: &Crt<H, N, E>,
    number: &mut [u64; N],
    random: &[u64; N],
) -> bool {
    let n = modulus::<J>(&key.public.n, key.public.n0, &key.public.r2);
    let mut rows = Rows::<1>([[0; LONGEST]]);
    let rows = &mut rows;
    let number_of = |limbs: &[u64]| Zeroizing::new([load::<J>(limbs)]);
    let empty = || Zeroizing::new([zeros::<J>()]);
    let r2 = [n.r2];

    // u = c r^(e - 1), x = u r.
    let c = number_of(number);
    let (mut r, mut y, mut u, mut x) = (empty(), empty(), empty(), empty());
    multiply::<1, J, N>([&n], &number_of(random), &r2, &mut r, rows);
    power_before::<J, N>(&n, &r, key.public.e, &mut y, rows);
    multiply::<1, J, N>([&n], &y, &c, &mut u, rows);
    multiply::<1, J, N>([&n], &r, &u, &mut x, rows);

    // x modulo both primes: x = high R + low.
    let mut limbs = Zeroizing::new([0; N]);
    store(&x[0], &mut *limbs);
    let (low, high) = limbs.split_at(H);
    let p = modulus::<K>(&key.p, key.p_n0, &key.p_r2);
    let q = modulus::<K>(&key.q, key.q_n0, &key.q_r2);
    let primes = [&p, &q];
    let r2 = Zeroizing::new([p.r2, q.r2]);
    let mut halves = Box::new(Halves::<K> {
        table: [[zeros(); 2]; ENTRIES],
        power: [zeros(); 2],
        spare: [zeros(); 2],
        rows: Rows([[0; LONGEST]; 2]),
    });
    let mut base = Zeroizing::new([load(high), load(high)]);
    let Halves { power, spare, rows: both, .. } = &mut *halves;
    multiply::<2, K, H>(primes, &base, &r2, spare, both);
    multiply::<2, K, H>(primes, spare, &r2, power, both);
    *base = [load(low), load(low)];
    multiply::<2, K, H>(primes, &base, &r2, spare, both);
    for half in 0..2 {
        for k in 0..K {
            spare[half][k] = _mm512_add_epi64(spare[half][k], power[half][k]);
        }
        carry(&spare[half], &mut base[half]);
    }
    halves.raise::<H, E>(primes, &base, [&key.dp, &key.dq]);

    // Out of Montgomery form, then Garner: y = yq + q ((yp - yq) qInv mod p); yq < q < 2 p.
    let Halves { power, spare, rows: both, .. } = &mut *halves;
    *base = [load(&[1]), load(&[1])];
    multiply::<2, K, H>(primes, power, &base, spare, both);
    let (mut yp, mut yq) = (Zeroizing::new([0; H]), Zeroizing::new([0; H]));
    store(&spare[0], &mut *yp);
    store(&spare[1], &mut *yq);
    finish(&mut yp, &key.p);
    finish(&mut yq, &key.q);
    let mut difference = Zeroizing::new([0; H]);
    less_by(&yp, &yq, &key.p, &mut difference);
    let mut single = Rows::<1>([[0; LONGEST]]);
    let mut h = Zeroizing::new([zeros::<K>()]);
    let difference = Zeroizing::new([load::<K>(&*difference)]);
    let q_inv = Zeroizing::new([load::<K>(&key.q_inv)]);
    multiply::<1, K, H>([&p], &difference, &q_inv, &mut h, &mut single);
    store(&h[0], &mut *yp);
    finish(&mut yp, &key.p);
    multiply::<1, J, N>([&n], &number_of(&*yp), &number_of(&key.q_form), &mut x, rows);
    for (sum, yq) in y[0].iter_mut().zip(x[0].iter().zip(&number_of(&*yq)[0])) {
        *sum = _mm512_add_epi64(*yq.0, *yq.1);
    }
    carry(&y[0], &mut x[0]);

    // m = y u.
    multiply::<1, J, N>([&n], &u, &[n.r2], &mut r, rows);
    multiply::<1, J, N>([&n], &x, &r, &mut y, rows);
    store(&y[0], number);
    finish(number, &key.public.n);

    // RSA-5: m^e = c, or the result stays here.
    let m = number_of(number);
    multiply::<1, J, N>([&n], &m, &[n.r2], &mut x, rows);
    power_before::<J, N>(&n, &x, key.public.e, &mut y, rows);
    multiply::<1, J, N>([&n], &y, &m, &mut x, rows);
    store(&x[0], &mut *limbs);
    finish(&mut limbs, &key.public.n);
    let mut input = Zeroizing::new([0; N]);
    store(&c[0], &mut *input);
    let wrong = input.iter().zip(&*limbs).fold(0, |wrong, (a, b)| wrong | (a ^ b));
    if wrong != 0 {
        number.zeroize();
    }
    wrong == 0
}
