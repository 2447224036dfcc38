//! Inversion by division steps: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion"
//! (2019), that start at delta = 1/2.
//!
//! The steps of one [`jump`] are those of the lowest 62 bits and end in a matrix, which is then applied to the whole
//! numbers. floor((45907 b + 30179) / 19929) steps bring g to 0 for an odd modulus of b bits and 0 <= g < modulus: 591
//! for 256 bits, 886 for 384, 1201 for 521. That is Wuille's bound by convex hulls (github.com/sipa/safegcd-bounds, 2021),
//! on which libsecp256k1 and crypto-bigint stand too; theorem 11.2 of the paper, for delta = 1, has a quarter more. Their
//! number is fixed, no value is looked at.
//!
//! Signed numbers here are words of 62 bits, the lowest first; the last one has the sign.

// Words of arrays of `Modulus::WORDS`; products of words of 62 bits and factors below 2^62, two of them and a carry,
// fit 127 bits. What is cut off by a cast is what the next word carries.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

// words64/field.rs says why.
use core::hint::black_box as opaque;

use zeroize::Zeroize;

/// Division steps of one jump. The entries of a row of its matrix are together at most 2^62 in magnitude.
const JUMP: u32 = 62;
const LOW: u64 = (1 << JUMP) - 1;
/// Words of the longest number, which has 523 bits with its sign.
const MAX: usize = 9;

type Signed = [i64; MAX];

/// An odd modulus of `bits` bits.
pub(super) struct Modulus<const N: usize> {
    words: Signed,
    /// 1 / modulus, modulo 2^62.
    inverse: u64,
    jumps: u32,
}

impl<const N: usize> Modulus<N> {
    /// Two bits more than N words of 64, since |d| and |e| reach twice the modulus.
    const WORDS: usize = match N {
        4 => 5,
        6 => 7,
        _ => MAX,
    };

    pub(super) const fn new(modulus: &[u64; N], bits: u32) -> Self {
        // Newton: each round doubles the bits that are right, of which an odd number has three.
        let mut inverse = modulus[0];
        let mut i = 0;
        while i < 5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
            i += 1;
        }
        Self {
            words: split(modulus),
            inverse: inverse & LOW,
            jumps: ((45907 * bits + 30179) / 19929).div_ceil(JUMP),
        }
    }

    /// 1 / x modulo the modulus, for x below it; of 0, 0.
    pub(super) fn invert(&self, x: &[u64; N]) -> [u64; N] {
        let (mut f, mut g) = (self.words, split(x));
        let (mut d, mut e) = ([0; MAX], [0; MAX]);
        e[0] = 1;
        let mut zeta = -1;
        for _ in 0..self.jumps {
            let m = jump(&mut zeta, f[0] as u64, g[0] as u64);
            apply::<N>(&m, &mut f, &mut g);
            self.apply_modulo(&m, &mut d, &mut e);
        }
        // f is 1 or -1 now, and d what x has to be multiplied with to become f.
        let sign = opaque(f[Self::WORDS - 1] >> 63);
        let out = self.normal(&mut d, sign);
        for dead in [&mut f, &mut g, &mut d, &mut e] {
            dead.zeroize();
        }
        out
    }

    /// (u d + v e) / 2^62 and (q d + r e) / 2^62 modulo the modulus, between -2 and 1 times it if d and e are.
    #[inline(always)]
    fn apply_modulo(&self, m: &Matrix, d: &mut Signed, e: &mut Signed) {
        let (d_sign, e_sign) = (opaque(d[Self::WORDS - 1] >> 63), opaque(e[Self::WORDS - 1] >> 63));
        let p = &self.words;
        // Times of the modulus to add: one factor for each negative number, which brings both between -1 and 1 times it.
        // Then what clears the lowest 62 bits is taken away, less than 2^62 times.
        let mut d_times = (m.u & d_sign) + (m.v & e_sign);
        let mut e_times = (m.q & d_sign) + (m.r & e_sign);
        let mut d_sum = wide(m.u, d[0]) + wide(m.v, e[0]);
        let mut e_sum = wide(m.q, d[0]) + wide(m.r, e[0]);
        let clear = |sum: i128, times: i64| {
            let too_much = self.inverse.wrapping_mul(sum as u64).wrapping_add(times as u64);
            times - (too_much & LOW) as i64
        };
        d_times = clear(d_sum, d_times);
        e_times = clear(e_sum, e_times);
        d_sum = (d_sum + wide(p[0], d_times)) >> JUMP;
        e_sum = (e_sum + wide(p[0], e_times)) >> JUMP;
        for i in 1..Self::WORDS {
            d_sum += wide(m.u, d[i]) + wide(m.v, e[i]) + wide(p[i], d_times);
            e_sum += wide(m.q, d[i]) + wide(m.r, e[i]) + wide(p[i], e_times);
            d[i - 1] = (d_sum as u64 & LOW) as i64;
            e[i - 1] = (e_sum as u64 & LOW) as i64;
            d_sum >>= JUMP;
            e_sum >>= JUMP;
        }
        d[Self::WORDS - 1] = d_sum as i64;
        e[Self::WORDS - 1] = e_sum as i64;
    }

    /// d, between -2 and 1 times the modulus, negated where `sign` is -1, as a number below the modulus.
    fn normal(&self, d: &mut Signed, sign: i64) -> [u64; N] {
        self.add_if(d, opaque(d[Self::WORDS - 1] >> 63));
        for word in d.iter_mut() {
            *word = (*word ^ sign) - sign;
        }
        carry::<N>(d);
        // Between -1 and 1 times the modulus, whatever the sign.
        self.add_if(d, opaque(d[Self::WORDS - 1] >> 63));
        let mut out = [0; N];
        for (i, word) in out.iter_mut().enumerate() {
            let (place, shift) = (64 * i / 62, (64 * i % 62) as u32);
            *word = d[place] as u64 >> shift;
            if place + 1 < Self::WORDS {
                *word |= (d[place + 1] as u64) << (62 - shift);
            }
            if shift > 60 && place + 2 < Self::WORDS {
                *word |= (d[place + 2] as u64) << (124 - shift);
            }
        }
        out
    }

    /// Adds the modulus where the mask is set.
    fn add_if(&self, d: &mut Signed, mask: i64) {
        for (word, p) in d.iter_mut().zip(&self.words) {
            *word += p & mask;
        }
        carry::<N>(d);
    }
}

/// A matrix over 2^62: f takes the first row, g the second.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// 62 division steps on the lowest bits. With delta > 0 and g odd: (f, g) = (g, (g - f) / 2); else (f, (g + f) / 2) or
/// (f, g / 2). `zeta` is -(delta + 1/2).
#[inline(always)]
fn jump(zeta: &mut i64, mut f: u64, mut g: u64) -> Matrix {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    for _ in 0..JUMP {
        let positive = (*zeta >> 63) as u64;
        let odd = (g & 1).wrapping_neg();
        // -f where delta is positive.
        g = g.wrapping_add(((f ^ positive).wrapping_sub(positive)) & odd);
        q = q.wrapping_add(((u ^ positive).wrapping_sub(positive)) & odd);
        r = r.wrapping_add(((v ^ positive).wrapping_sub(positive)) & odd);
        let swap = positive & odd;
        *zeta = (*zeta ^ swap as i64) - 1;
        // f + (g - f)
        f = f.wrapping_add(g & swap);
        u = u.wrapping_add(q & swap) << 1;
        v = v.wrapping_add(r & swap) << 1;
        g >>= 1;
    }
    Matrix { u: u as i64, v: v as i64, q: q as i64, r: r as i64 }
}

/// (u f + v g) / 2^62 and (q f + r g) / 2^62, which is exact.
#[inline(always)]
fn apply<const N: usize>(m: &Matrix, f: &mut Signed, g: &mut Signed) {
    let mut f_sum = (wide(m.u, f[0]) + wide(m.v, g[0])) >> JUMP;
    let mut g_sum = (wide(m.q, f[0]) + wide(m.r, g[0])) >> JUMP;
    for i in 1..Modulus::<N>::WORDS {
        f_sum += wide(m.u, f[i]) + wide(m.v, g[i]);
        g_sum += wide(m.q, f[i]) + wide(m.r, g[i]);
        f[i - 1] = (f_sum as u64 & LOW) as i64;
        g[i - 1] = (g_sum as u64 & LOW) as i64;
        f_sum >>= JUMP;
        g_sum >>= JUMP;
    }
    f[Modulus::<N>::WORDS - 1] = f_sum as i64;
    g[Modulus::<N>::WORDS - 1] = g_sum as i64;
}

#[inline(always)]
fn wide(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// Words back to 62 bits.
fn carry<const N: usize>(d: &mut Signed) {
    for i in 1..Modulus::<N>::WORDS {
        d[i] += d[i - 1] >> JUMP;
        d[i - 1] = (d[i - 1] as u64 & LOW) as i64;
    }
}

/// A number in words of 62 bits.
const fn split<const N: usize>(number: &[u64; N]) -> Signed {
    let mut out = [0; MAX];
    let mut i = 0;
    while i < Modulus::<N>::WORDS {
        let (place, shift) = (62 * i / 64, (62 * i % 64) as u32);
        let mut word = 0;
        if place < N {
            word = number[place] >> shift;
            if shift > 2 && place + 1 < N {
                word |= number[place + 1] << (64 - shift);
            }
        }
        out[i] = (word & LOW) as i64;
        i += 1;
    }
    out
}
