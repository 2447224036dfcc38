//! Multiples of the base point of edwards25519 (RFC 8032 (2017), 5.1) by secret scalars.
//!
//! Extended coordinates and the addition of Hisil, Wong, Carter and Dawson (2008), which on this curve is complete: no two
//! points are an exception.

// One call into a function with AVX2, whose loads and stores are of arrays by reference.
#![allow(unsafe_code)]
// Places below the sizes of their tables; digits of five bits and a carry.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi64, _mm256_loadu_si256, _mm256_or_si256, _mm256_set1_epi64x,
    _mm256_setzero_si256, _mm256_storeu_si256,
};
use std::sync::OnceLock;
use std::vec::Vec;

use super::Adx;
use super::field::{Fe, ONE, ZERO, add, canonical, invert, mul, sub};
use crate::boundary::secret::scrubbed;

/// Words of the frames below [`base_multiple`]; tests/wipe knows of less.
const DEAD_WORDS: usize = 512;

/// 2 d.
const D2: Fe = [0xebd6_9b94_26b2_f159, 0x00e0_149a_8283_b156, 0x198e_80f2_eef3_d130, 0x2406_d9dc_56df_fce7];
/// The base point.
const X: Fe = [0xc956_2d60_8f25_d51a, 0x692c_c760_9525_a7b2, 0xc0a4_e231_fdd6_dc5c, 0x2169_36d3_cd6e_53fe];
const Y: Fe = [0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666];

/// Bits of a digit.
const WIDTH: usize = 5;
/// Digits of a number below 2^253, with the carry of the last.
const DIGITS: usize = 51;
/// 1 to 2^(WIDTH - 1) times a point.
const ENTRIES: usize = 1 << (WIDTH - 1);

/// (X/Z, Y/Z), with T = X Y / Z.
struct Point {
    x: Fe,
    y: Fe,
    z: Fe,
    t: Fe,
}

/// An affine point prepared for addition: y + x, y - x, 2 d x y.
#[derive(Clone, Copy)]
struct Addend {
    sum: Fe,
    difference: Fe,
    product: Fe,
}

const NEUTRAL: Addend = Addend { sum: ONE, difference: ONE, product: ZERO };

impl Addend {
    fn new(x: &Fe, y: &Fe) -> Self {
        Self { sum: add(y, x), difference: sub(y, x), product: mul(&D2, &mul(x, y)) }
    }
}

/// P + Q.
#[inline(always)]
fn add_affine(p: &Point, q: &Addend) -> Point {
    let a = mul(&sub(&p.y, &p.x), &q.difference);
    let b = mul(&add(&p.y, &p.x), &q.sum);
    let c = mul(&p.t, &q.product);
    let d = add(&p.z, &p.z);
    let (e, f, g, h) = (sub(&b, &a), sub(&d, &c), add(&d, &c), add(&b, &a));
    Point { x: mul(&e, &f), y: mul(&g, &h), z: mul(&f, &g), t: mul(&e, &h) }
}

/// Of every digit j, 32^j B times 1 to 16. Public.
struct Comb(Vec<[Addend; ENTRIES]>);

impl Comb {
    fn get() -> &'static Self {
        static COMB: OnceLock<Comb> = OnceLock::new();
        COMB.get_or_init(Self::new)
    }

    fn new() -> Self {
        let (mut x, mut y) = (X, Y);
        let mut positions = Vec::with_capacity(DIGITS);
        for _ in 0..DIGITS {
            let first = Addend::new(&x, &y);
            let mut entries = [first; ENTRIES];
            let mut point = Point { x, y, z: ONE, t: mul(&x, &y) };
            // 2 to 32 times: the last of them is what the next digit starts from.
            for i in 1..2 * ENTRIES {
                point = add_affine(&point, &first);
                let z = invert(&point.z);
                (x, y) = (mul(&point.x, &z), mul(&point.y, &z));
                if let Some(entry) = entries.get_mut(i) {
                    *entry = Addend::new(&x, &y);
                }
            }
            positions.push(entries);
        }
        Self(positions)
    }
}

/// Digits from -16 to 16, the lowest first, whose sum with powers of 32 is the number.
fn digits(scalar: &[u8; 32]) -> [i8; DIGITS] {
    let mut digits = [0; DIGITS];
    let mut carry = 0;
    for (j, digit) in digits.iter_mut().enumerate() {
        let (byte, shift) = (j * WIDTH / 8, j * WIDTH % 8);
        let pair = u16::from(scalar[byte]) | u16::from(scalar.get(byte + 1).copied().unwrap_or(0)) << 8;
        // At most 31, and 32 with the carry.
        let [low, _] = (pair >> shift).to_le_bytes();
        let value = (low & 31).cast_signed() + carry;
        carry = (value + 16) >> WIDTH;
        *digit = value - (carry << WIDTH);
    }
    digits
}

/// The entry of a secret digit: all are read.
#[target_feature(enable = "avx2")]
fn pick(entries: &[Addend; ENTRIES], digit: i8) -> Addend {
    let place = _mm256_set1_epi64x(i64::from(core::hint::black_box(digit.unsigned_abs())));
    let mut out = [_mm256_setzero_si256(); 3];
    for (i, entry) in (0..).zip(core::iter::once(&NEUTRAL).chain(entries)) {
        let here = _mm256_cmpeq_epi64(place, _mm256_set1_epi64x(i));
        for (out, words) in out.iter_mut().zip([&entry.sum, &entry.difference, &entry.product]) {
            *out = _mm256_or_si256(*out, _mm256_and_si256(here, load(words)));
        }
    }
    let (sum, difference, product) = (store(out[0]), store(out[1]), store(out[2]));
    let minus = core::hint::black_box(0u64.wrapping_sub(u64::from(digit.cast_unsigned() >> 7)));
    let choose = |a: &Fe, b: &Fe| core::array::from_fn(|i| a[i] ^ (minus & (a[i] ^ b[i])));
    Addend {
        sum: choose(&sum, &difference),
        difference: choose(&difference, &sum),
        product: choose(&product, &sub(&ZERO, &product)),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &Fe) -> __m256i {
    // SAFETY: four words are 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: __m256i) -> Fe {
    let mut out = ZERO;
    // SAFETY: as above.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), words) };
    out
}

/// The encoding of k B, for k below 2^253, little-endian.
pub(in crate::boundary) fn base_multiple(_: Adx, k: &[u8; 32]) -> [u8; 32] {
    scrubbed::<DEAD_WORDS, _>(|| {
        let mut sum = Point { x: ZERO, y: ONE, z: ONE, t: ZERO };
        for (entries, digit) in Comb::get().0.iter().zip(digits(k)) {
            // SAFETY: an `Adx` proves that there is AVX2.
            let addend = unsafe { pick(entries, digit) };
            sum = add_affine(&sum, &addend);
        }
        let z = invert(&sum.z);
        let (x, y) = (canonical(&mul(&sum.x, &z)), canonical(&mul(&sum.y, &z)));
        let mut out = [0; 32];
        for (bytes, word) in out.chunks_exact_mut(8).zip(y) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out[31] |= x[0].to_le_bytes()[0] << 7;
        out
    })
}
