//! Points of edwards25519 (RFC 8032 (2017), 5.1) in eight lanes, and the two multiplications.
//!
//! Extended coordinates and the formulas of Hisil, Wong, Carter and Dawson (2008), which are complete on this
//! curve: -1 is a square and d is not. So no case is exceptional: the identity, equal points, points of small
//! order.

#![allow(unsafe_code)] // one call into a function with features
// Tables have constant lengths, loops end there.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;
use std::sync::OnceLock;
use std::vec::Vec;

use zeroize::Zeroize;

use super::Ifma;
use super::comb::{COMB_ENTRIES, COMB_WIDTH, empty_comb, odd_digit, pick_entry, put_entry};
use super::field::{
    Field, Form, Mask, V, add, below, canonical, carry, choose, fold, is_zero, mul, mul_raw, negate_if, same,
    splat, splat_all, sqr, sqr_raw, sub,
};
use super::invert::{invert_all, power_252_3};

pub(super) const N: usize = 5;

/// Coordinates: modulo 2^255 - 19.
pub(super) struct Base;
/// Scalars: modulo L.
pub(super) struct Order;

impl Field<N> for Base {
    const FORM: Form = Form::Ed25519;
    const MODULUS: [u64; N] =
        [0xfffffffffffed, 0xfffffffffffff, 0xfffffffffffff, 0xfffffffffffff, 0x07fffffffffff];
}

impl Field<N> for Order {
    const FORM: Form = Form::Order;
    const MODULUS: [u64; N] =
        [0x2631a5cf5d3ed, 0xdea2f79cd6581, 0x000000014def9, 0x0000000000000, 0x0100000000000];
}

/// 2 d.
const D2: [u64; N] = [0x69b9426b2f159, 0x9a8283b156ebd, 0xef3d13000e014, 0xfce7198e80f2e, 0x02406d9dc56df];
const D: [u64; N] = [0xb4dca135978a3, 0x4d4141d8ab75e, 0x779e89800700a, 0xfe738cc740797, 0x052036cee2b6f];
/// 2^((p-1)/4), a square root of -1.
const ROOT: [u64; N] = [0xe1b274a0ea0b0, 0x06ad2fe478c4e, 0xdfbd7a72f4318, 0xdf0b2b4d00993, 0x02b8324804fc1];
const GENERATOR: [[u64; N]; 2] = [
    [0x62d608f25d51a, 0x609525a7b2c95, 0xdd6dc5c692cc7, 0x53fec0a4e231f, 0x0216936d3cd6e],
    [0x6666666666658, 0x6666666666666, 0x6666666666666, 0x6666666666666, 0x0666666666666],
];

/// (X/Z, Y/Z), and T = X Y / Z. All tight.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: [V; N],
    pub(super) y: [V; N],
    pub(super) z: [V; N],
    t: [V; N],
}

/// A point prepared for addition: Y + X, Y - X, 2 d T, 2 Z. All tight.
#[derive(Clone, Copy)]
struct Addend {
    sum: [V; N],
    difference: [V; N],
    t: [V; N],
    z: [V; N],
}

type Fe = [V; N];

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn times(a: &Fe, b: &Fe) -> Fe {
    mul::<Base, N>(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn small(a: Fe) -> Fe {
    fold::<Base, N>(a)
}

/// The end of every formula: from raw E, F, G and H.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn finish(e: Fe, f: Fe, g: Fe, h: Fe) -> Point {
    let (e, f, g, h) = (small(e), small(f), small(g), small(h));
    Point { x: times(&e, &f), y: times(&g, &h), z: times(&f, &g), t: times(&e, &h) }
}

/// 2 P.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double(p: &Point) -> Point {
    let (a, b) = (sqr_raw::<Base, N>(&p.x), sqr_raw::<Base, N>(&p.y));
    let c = sqr_raw::<Base, N>(&p.z);
    let both = sqr_raw::<Base, N>(&small(add(&p.x, &p.y)));
    let (sum, g) = (add(&a, &b), sub(&b, &a));
    finish(sub(&both, &sum), sub(&g, &add(&c, &c)), g, sub(&[_mm512_setzero_si512(); N], &sum))
}

/// The halves of P + Q, or P - Q in the lanes of the mask, from raw 2 Z Z'.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_halves(p: &Point, sum: &Fe, difference: &Fe, t: &Fe, z: &Fe, minus: Mask) -> Point {
    let a = mul_raw::<Base, N>(&small(sub(&p.y, &p.x)), &choose(minus, difference, sum));
    let b = mul_raw::<Base, N>(&small(add(&p.y, &p.x)), &choose(minus, sum, difference));
    let c = negate_if(minus, &mul_raw::<Base, N>(&p.t, t));
    finish(sub(&b, &a), sub(z, &c), add(z, &c), add(&b, &a))
}

/// P + Q or, in the lanes of the mask, P - Q.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_points(p: &Point, q: &Addend, minus: Mask) -> Point {
    add_halves(p, &q.sum, &q.difference, &q.t, &mul_raw::<Base, N>(&p.z, &q.z), minus)
}

/// The same where Z' is 1.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn add_affine(p: &Point, [sum, difference, t]: &[Fe; 3], minus: Mask) -> Point {
    add_halves(p, sum, difference, t, &add(&p.z, &p.z), minus)
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn prepare(p: &Point) -> Addend {
    Addend {
        sum: small(add(&p.y, &p.x)),
        difference: small(sub(&p.y, &p.x)),
        t: times(&p.t, &splat_all(&D2)),
        z: small(add(&p.z, &p.z)),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn identity() -> Point {
    let (zero, one) = ([_mm512_setzero_si512(); N], splat_all(&Base::ONE));
    Point { x: zero, y: one, z: one, t: zero }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn choose_point(lanes: Mask, a: &Point, b: &Point) -> Point {
    Point {
        x: choose(lanes, &a.x, &b.x),
        y: choose(lanes, &a.y, &b.y),
        z: choose(lanes, &a.z, &b.z),
        t: choose(lanes, &a.t, &b.t),
    }
}

/// -P
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn negate(lanes: Mask, p: &Point) -> Point {
    Point { x: small(negate_if(lanes, &p.x)), y: p.y, z: p.z, t: small(negate_if(lanes, &p.t)) }
}

// -- multiples of the base point --

/// Digits of a scalar below 2^253.
const POSITIONS: usize = 37;

/// k where it is odd, else k + L, which is the same of points of order L. Below 2^254 for k below L.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn make_odd(k: &Fe) -> Fe {
    let even = _mm512_testn_epi64_mask(k[0], splat(1));
    choose(even, k, &carry(add(k, &splat_all(&Order::MODULUS))))
}

/// k B, 0 <= k < L.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn base_multiple(cpu: Ifma, k: &Fe) -> Point {
    static COMB: OnceLock<Vec<[u64; 8]>> = OnceLock::new();
    let table = COMB.get_or_init(|| comb(cpu));
    let mut k = make_odd(k);
    let mut sum = identity();
    for j in 0..POSITIONS {
        let (place, minus) = odd_digit(&k, j, COMB_WIDTH, j == POSITIONS - 1);
        sum = add_affine(&sum, &pick_entry::<N, 3>(table, j, place), minus);
    }
    k.zeroize();
    sum
}

fn comb(_cpu: Ifma) -> Vec<[u64; 8]> {
    // SAFETY: an `Ifma` exists only where the processor has the features that the function names.
    unsafe { make_comb() }
}

/// The table of [`base_multiple`]: of each position j the points (2 i + 1) 2^(7 j) B, i below 64, as y + x,
/// y - x and 2 d x y. Public.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn make_comb() -> Vec<[u64; 8]> {
    let mut table = empty_comb::<N, 3>(POSITIONS);
    let mut power = from_affine(&GENERATOR.map(|c| splat_all(&c)));
    // Eight positions at a time, one a lane.
    for first in (0..POSITIONS).step_by(8) {
        let mut base = power;
        for lane in 0..8 {
            base = choose_point(1 << lane, &base, &power);
            for _ in 0..COMB_WIDTH {
                power = double(&power);
            }
        }
        let twice = prepare(&double(&base));
        let mut next = base;
        // Eight multiples share an inversion: all 64 would ask much of the stack.
        for done in (0..COMB_ENTRIES).step_by(8) {
            let mut multiples = [next; 8];
            for multiple in &mut multiples {
                *multiple = next;
                next = add_points(&next, &twice, 0);
            }
            let mut z = multiples.map(|p| p.z);
            invert_all::<Base, N, 8>(&mut z, 8);
            for (i, (p, z)) in multiples.iter().zip(&z).enumerate() {
                let p = prepare(&from_affine(&[times(&p.x, z), times(&p.y, z)]));
                put_entry::<N, 3>(&mut table, first, done + i, &[p.sum, p.difference, p.t]);
            }
        }
    }
    table
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn from_affine([x, y]: &[Fe; 2]) -> Point {
    Point { x: *x, y: *y, z: splat_all(&Base::ONE), t: times(x, y) }
}

// -- multiples of any point --

/// Width of a digit.
const WIDTH: u32 = 5;
/// Multiples in a table: 1, 3, .. 31.
const ENTRIES: usize = 16;
/// Digits of a scalar below 2^253.
const DIGITS: usize = 51;

/// k P, 0 <= k < L, of a point of any order.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn multiple(p: &Point, k: &Fe) -> Point {
    // (k or 1), less 1: L P need not be the identity.
    let even = _mm512_testn_epi64_mask(k[0], splat(1));
    let mut k = *k;
    k[0] = _mm512_or_si512(k[0], splat(1));
    let twice = prepare(&double(p));
    let mut point = *p;
    let mut table = [prepare(p); ENTRIES];
    for entry in table.iter_mut().skip(1) {
        point = add_points(&point, &twice, 0);
        *entry = prepare(&point);
    }
    let mut sum = identity();
    for j in (0..DIGITS).rev() {
        if j < DIGITS - 1 {
            for _ in 0..WIDTH {
                sum = double(&sum);
            }
        }
        let (place, minus) = odd_digit(&k, j, WIDTH, j == DIGITS - 1);
        sum = add_points(&sum, &scan(&table, place), minus);
    }
    choose_point(even, &sum, &add_points(&sum, &table[0], 0xff))
}

/// The entry at each lane's place; all entries are read.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn scan(table: &[Addend; ENTRIES], place: V) -> Addend {
    let mut out = table[0];
    for (i, entry) in table.iter().enumerate().skip(1) {
        let here = _mm512_cmpeq_epi64_mask(place, splat(i as u64));
        out.sum = choose(here, &out.sum, &entry.sum);
        out.difference = choose(here, &out.difference, &entry.difference);
        out.t = choose(here, &out.t, &entry.t);
        out.z = choose(here, &out.z, &entry.z);
    }
    out
}

/// P + Q.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn sum(p: &Point, q: &Point) -> Point {
    add_points(p, &prepare(q), 0)
}

// -- encodings --

/// RFC 8032, 5.1.3: the point of a y coordinate and a sign, and the lanes where there is one. Stricter than
/// there: y < p, no "-0", and no point of small order. In the other lanes the base point.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn decode(y: &Fe, sign: Mask) -> (Point, Mask) {
    let range = below(y, &splat_all(&Base::MODULUS));
    let one = splat_all(&Base::ONE);
    let y2 = sqr::<Base, N>(y);
    let u = small(sub(&y2, &one));
    let v = small(add(&times(&y2, &splat_all(&D)), &one));
    // x = u v^3 (u v^7)^((p-5)/8), or that times the root of -1; (p-5)/8 = 2^252 - 3.
    let v3 = times(&sqr::<Base, N>(&v), &v);
    let uv3 = times(&u, &v3);
    let uv7 = times(&uv3, &sqr::<Base, N>(&sqr::<Base, N>(&v)));
    let x = times(&uv3, &power_252_3::<Base, N>(&uv7));
    let vx2 = times(&v, &sqr::<Base, N>(&x));
    let direct = is_zero::<Base, N>(&small(sub(&vx2, &u)));
    let turned = is_zero::<Base, N>(&small(add(&vx2, &u)));
    let x = canonical::<Base, N>(&choose(direct, &times(&x, &splat_all(&ROOT)), &x));
    let x_zero = same(&x, &[_mm512_setzero_si512(); N]);
    let odd = _mm512_test_epi64_mask(x[0], splat(1));
    let x = small(negate_if(odd ^ sign, &x));
    let [bx, by] = GENERATOR.map(|c| splat_all(&c));
    let good = range & (direct | turned) & !(x_zero & sign);
    let point = from_affine(&[choose(good, &bx, &x), choose(good, &by, y)]);
    // [8]P is the identity, (0, 1).
    let eight = double(&double(&double(&point)));
    let weak = is_zero::<Base, N>(&eight.x) & is_zero::<Base, N>(&small(sub(&eight.y, &eight.z)));
    let base = from_affine(&[bx, by]);
    (choose_point(weak, &point, &base), good & !weak)
}

/// RFC 8032, 5.1.2: the encodings of points, in 5 limbs of which the uppermost has 48 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn encode(p: &Point, z_inverse: &Fe) -> Fe {
    let x = canonical::<Base, N>(&times(&p.x, z_inverse));
    let mut y = canonical::<Base, N>(&times(&p.y, z_inverse));
    let sign = _mm512_and_si512(x[0], splat(1));
    y[N - 1] = _mm512_or_si512(y[N - 1], _mm512_slli_epi64::<47>(sign));
    y
}
