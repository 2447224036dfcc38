//! Arithmetic modulo a prime in eight lanes: N limbs of 52 bits, one vector a limb.
//!
//! Three shapes of a value, and only `V` arrays of the first are multiplied:
//! * *tight*: every limb in [0, 2^52), the value below 2^(52 N). What [`mul`], [`sqr`] and [`fold`] return
//!   is tight, and small: below 1.3 and 2.02 times the modulus.
//! * *raw*: limbs are signed 64-bit numbers, below 2^58 in magnitude, of a value between -2^9 and 2^9 times
//!   the modulus. [`mul_raw`], [`sqr_raw`], [`add`], [`sub`] and the like return it: a raw product is below
//!   33 times the modulus of Ed25519 and 1.3 times the others, and no formula adds more than eight of them.
//! * *canonical*: tight and below the modulus.
//!
//! Residues of every modulus but that of Ed25519's field are in Montgomery form with R = 2^(52 N). With
//! both factors below 2.02 p, and p at most R/16, a product is below (4.09/16 + 1) p = 1.26 p.
//!
//! No branch and no address depends on a value.

// Arrays of N or 2 MAX limbs and constant indices; arithmetic on constants of moduli.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

/// One limb in eight lanes.
pub(super) type V = __m512i;
/// One bit a lane.
pub(super) type Mask = u8;
/// The most limbs: P-384.
pub(super) const MAX: usize = 8;
pub(super) const LIMB: usize = 52;
pub(super) const LOW: u64 = (1 << LIMB) - 1;

/// Repeats a block for the constants 0, 1, .. below `$n`, which is at most 8: the compiler then sees
/// straight code whatever it thinks of loops.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => { unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7) };
    (@ $i:ident, $n:expr, $body:block, $($k:literal)*) => { $( if $k < $n { const $i: usize = $k; $body } )* };
}
pub(super) use unroll;

/// How a field reduces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Montgomery reduction by 2^256 - 2^224 + 2^192 + 2^96 - 1.
    P256,
    /// Montgomery reduction by 2^384 - 2^128 - 2^96 + 2^32 - 1.
    P384,
    /// Reduction by 2^255 - 19, no Montgomery form.
    Ed25519,
    /// Montgomery reduction by any odd modulus; [`fold`] is not for these.
    Order,
}

/// A prime modulus of N limbs, at most R/16 where Montgomery form is used.
pub(super) trait Field<const N: usize> {
    const FORM: Form;
    const MODULUS: [u64; N];
    /// R modulo the modulus: the residue 1.
    const ONE: [u64; N] = power_of_two(&Self::MODULUS, if is_plain(Self::FORM) { 0 } else { LIMB * N });
    /// R^2 modulo the modulus: the factor into Montgomery form.
    const R2: [u64; N] = power_of_two(&Self::MODULUS, if is_plain(Self::FORM) { 0 } else { 2 * LIMB * N });
    /// Bits of the modulus.
    const BITS: usize = bits_of(&Self::MODULUS);
    /// The inverse of x R is 1/x R, for which 1/(x R) lacks R^2, and a product takes R away.
    const INVERSE_SHIFT: usize = if is_plain(Self::FORM) { 0 } else { 3 * LIMB * N };
    /// -1/modulus modulo 2^52.
    const NEG_INVERSE: u64 = negative_inverse(Self::MODULUS[0]);
}

const fn is_plain(form: Form) -> bool {
    matches!(form, Form::Ed25519)
}

const fn bits_of<const N: usize>(m: &[u64; N]) -> usize {
    let mut at = N - 1;
    while m[at] == 0 {
        at -= 1;
    }
    LIMB * at + 64 - m[at].leading_zeros() as usize
}

/// 2^e modulo m, by doubling.
pub(super) const fn power_of_two<const N: usize>(m: &[u64; N], e: usize) -> [u64; N] {
    let mut a = [0; N];
    a[0] = 1;
    let mut done = 0;
    while done < e {
        let mut doubled = [0; N];
        let mut less = [0; N];
        let (mut carry, mut borrow, mut i) = (0, 0, 0);
        while i < N {
            let d = 2 * a[i] + carry;
            carry = d >> LIMB;
            doubled[i] = d & LOW;
            // 2^63 - ish keeps the difference positive; its bit 52 says whether there was a borrow.
            let l = (1 << LIMB) + doubled[i] - m[i] - borrow;
            borrow = 1 - (l >> LIMB);
            less[i] = l & LOW;
            i += 1;
        }
        a = if borrow == 1 { doubled } else { less };
        done += 1;
    }
    a
}

/// Newton's iteration: each step doubles the number of right bits.
const fn negative_inverse(m: u64) -> u64 {
    let mut inverse = 1u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg() & LOW
}

// -- constants --

/// The same limb in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn splat(limb: u64) -> V {
    _mm512_set1_epi64(limb.cast_signed())
}

/// The same number in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn splat_all<const N: usize>(a: &[u64; N]) -> [V; N] {
    let mut out = [_mm512_setzero_si512(); N];
    unroll!(I < N, {
        out[I] = splat(a[I]);
    });
    out
}

// -- products --

/// The product of two tight numbers, in limbs below 2^52 * 16.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn wide_mul<const N: usize>(a: &[V; N], b: &[V; N]) -> [V; 2 * MAX] {
    let mut t = [_mm512_setzero_si512(); 2 * MAX];
    unroll!(I < N, {
        unroll!(J < N, {
            t[I + J] = _mm512_madd52lo_epu64(t[I + J], a[J], b[I]);
        });
        unroll!(J < N, {
            t[I + J + 1] = _mm512_madd52hi_epu64(t[I + J + 1], a[J], b[I]);
        });
    });
    t
}

/// The square of a tight number: products of different limbs once, then doubled.
#[allow(clippy::absurd_extreme_comparisons)] // of constants, 0 among them
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn wide_sqr<const N: usize>(a: &[V; N]) -> [V; 2 * MAX] {
    let mut t = [_mm512_setzero_si512(); 2 * MAX];
    unroll!(I < N, {
        unroll!(J < N, {
            if J > I {
                t[I + J] = _mm512_madd52lo_epu64(t[I + J], a[J], a[I]);
                t[I + J + 1] = _mm512_madd52hi_epu64(t[I + J + 1], a[J], a[I]);
            }
        });
    });
    unroll!(I < N, {
        t[2 * I] = _mm512_add_epi64(t[2 * I], t[2 * I]);
        t[2 * I + 1] = _mm512_add_epi64(t[2 * I + 1], t[2 * I + 1]);
    });
    unroll!(I < N, {
        t[2 * I] = _mm512_madd52lo_epu64(t[2 * I], a[I], a[I]);
        t[2 * I + 1] = _mm512_madd52hi_epu64(t[2 * I + 1], a[I], a[I]);
    });
    t
}

/// Montgomery reduction of a product (or the plain one of Ed25519), result raw and not negative.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn reduce<F: Field<N>, const N: usize>(mut t: [V; 2 * MAX]) -> [V; N] {
    let mut out = [_mm512_setzero_si512(); N];
    match F::FORM {
        // m = t_i, as -1/p = 1 modulo 2^52, and t_i + m p = m 2^96 + m 2^192 + m (2^256 - 2^224) above it.
        Form::P256 => {
            let (low, c44) = (splat(LOW), splat(1 << 44));
            let (c36, top) = (splat(1 << 36), splat((1 << 48) - (1 << 16)));
            unroll!(I < N, {
                let m = _mm512_and_si512(t[I], low);
                t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(t[I]));
                t[I + 1] = _mm512_madd52lo_epu64(t[I + 1], m, c44);
                t[I + 2] = _mm512_madd52hi_epu64(t[I + 2], m, c44);
                t[I + 3] = _mm512_madd52lo_epu64(t[I + 3], m, c36);
                t[I + 4] = _mm512_madd52hi_epu64(t[I + 4], m, c36);
                t[I + 4] = _mm512_madd52lo_epu64(t[I + 4], m, top);
                t[I + 5] = _mm512_madd52hi_epu64(t[I + 5], m, top);
            });
            unroll!(I < N, {
                out[I] = t[I + N];
            });
        }
        // -1/p = 1 + 2^32 modulo 2^52. What p has negative goes into sums of its own.
        Form::P384 => {
            let mut minus = [_mm512_setzero_si512(); 2 * MAX + 4];
            let (c0, c44) = (splat((1 << 32) - 1), splat(1 << 44));
            let (c24, c20) = (splat(1 << 24), splat(1 << 20));
            unroll!(I < N, {
                let ti = _mm512_sub_epi64(t[I], minus[I]);
                // Only the low 52 bits of a factor count.
                let m = _mm512_add_epi64(ti, _mm512_slli_epi64::<32>(ti));
                let ti = _mm512_madd52lo_epu64(ti, m, c0);
                t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(ti));
                t[I + 1] = _mm512_madd52hi_epu64(t[I + 1], m, c0);
                minus[I + 1] = _mm512_madd52lo_epu64(minus[I + 1], m, c44);
                minus[I + 2] = _mm512_madd52hi_epu64(minus[I + 2], m, c44);
                minus[I + 2] = _mm512_madd52lo_epu64(minus[I + 2], m, c24);
                minus[I + 3] = _mm512_madd52hi_epu64(minus[I + 3], m, c24);
                t[I + 7] = _mm512_madd52lo_epu64(t[I + 7], m, c20);
                t[I + 8] = _mm512_madd52hi_epu64(t[I + 8], m, c20);
            });
            unroll!(I < N, {
                out[I] = t[I + N];
            });
            unroll!(I < 3, {
                out[I] = _mm512_sub_epi64(out[I], minus[I + N]);
            });
        }
        // 2^260 = 608 modulo p.
        Form::Ed25519 => {
            let c = splat(608);
            unroll!(I < 4, {
                t[I + 6] = _mm512_add_epi64(t[I + 6], _mm512_srli_epi64::<52>(t[I + 5]));
            });
            unroll!(I < 4, {
                t[I] = _mm512_madd52lo_epu64(t[I], t[I + 5], c);
                t[I + 1] = _mm512_madd52hi_epu64(t[I + 1], t[I + 5], c);
            });
            t[4] = _mm512_madd52lo_epu64(t[4], t[9], c);
            let over = _mm512_madd52hi_epu64(_mm512_setzero_si512(), t[9], c);
            t[0] = _mm512_madd52lo_epu64(t[0], over, c);
            unroll!(I < N, {
                out[I] = t[I];
            });
        }
        Form::Order => {
            let n0 = splat(F::NEG_INVERSE);
            let n = splat_all(&F::MODULUS);
            unroll!(I < N, {
                let m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), t[I], n0);
                unroll!(J < N, {
                    t[I + J] = _mm512_madd52lo_epu64(t[I + J], m, n[J]);
                });
                t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(t[I]));
                unroll!(J < N, {
                    t[I + J + 1] = _mm512_madd52hi_epu64(t[I + J + 1], m, n[J]);
                });
            });
            unroll!(I < N, {
                out[I] = t[I + N];
            });
        }
    }
    out
}

/// A raw value that is not negative and below 2^(52 N), made tight.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn carry<const N: usize>(mut t: [V; N]) -> [V; N] {
    let low = splat(LOW);
    unroll!(I < N, {
        if I + 1 < N {
            t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(t[I]));
            t[I] = _mm512_and_si512(t[I], low);
        }
    });
    t
}

/// The end of a product: tight.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn finish<F: Field<N>, const N: usize>(mut t: [V; N]) -> [V; N] {
    if is_plain(F::FORM) {
        // Bits from 255 on come back as 19 times themselves; the rest is below 2^255 + 2^214.
        let over = _mm512_srli_epi64::<47>(t[4]);
        t[4] = _mm512_and_si512(t[4], splat((1 << 47) - 1));
        t[0] = _mm512_madd52lo_epu64(t[0], over, splat(19));
    }
    carry(t)
}

/// a * b, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn mul_raw<F: Field<N>, const N: usize>(a: &[V; N], b: &[V; N]) -> [V; N] {
    reduce::<F, N>(wide_mul(a, b))
}

/// a * b.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn mul<F: Field<N>, const N: usize>(a: &[V; N], b: &[V; N]) -> [V; N] {
    finish::<F, N>(mul_raw::<F, N>(a, b))
}

/// a^2, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn sqr_raw<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    reduce::<F, N>(wide_sqr(a))
}

/// a^2.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn sqr<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    finish::<F, N>(sqr_raw::<F, N>(a))
}

// -- sums --

/// a + b, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn add<const N: usize>(a: &[V; N], b: &[V; N]) -> [V; N] {
    let mut out = *a;
    unroll!(I < N, {
        out[I] = _mm512_add_epi64(a[I], b[I]);
    });
    out
}

/// a - b, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn sub<const N: usize>(a: &[V; N], b: &[V; N]) -> [V; N] {
    let mut out = *a;
    unroll!(I < N, {
        out[I] = _mm512_sub_epi64(a[I], b[I]);
    });
    out
}

/// a * 2^S, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn shl<const S: u32, const N: usize>(a: &[V; N]) -> [V; N] {
    let mut out = *a;
    unroll!(I < N, {
        out[I] = _mm512_slli_epi64::<S>(a[I]);
    });
    out
}

/// -a in the lanes of the mask, raw.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn negate_if<const N: usize>(lanes: Mask, a: &[V; N]) -> [V; N] {
    let mut out = *a;
    unroll!(I < N, {
        out[I] = _mm512_mask_sub_epi64(a[I], lanes, _mm512_setzero_si512(), a[I]);
    });
    out
}

/// A raw value made tight, between about p and 2 p.
///
/// With q the top limb over 2^(bits of p), rounded down, the value is q 2^bits plus something between
/// -2^(bits - 13) and (1 + 2^-13) 2^bits, the limbs below being raw. Adding (1 - q) p leaves what is said.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn fold<F: Field<N>, const N: usize>(mut t: [V; N]) -> [V; N] {
    let one = splat(1);
    match F::FORM {
        Form::P256 => {
            let s = _mm512_sub_epi64(one, _mm512_srai_epi64::<48>(t[4]));
            t[0] = _mm512_sub_epi64(t[0], s);
            t[1] = _mm512_add_epi64(t[1], _mm512_slli_epi64::<44>(s));
            t[3] = _mm512_add_epi64(t[3], _mm512_slli_epi64::<36>(s));
            let top = _mm512_sub_epi64(_mm512_slli_epi64::<48>(s), _mm512_slli_epi64::<16>(s));
            t[4] = _mm512_add_epi64(t[4], top);
        }
        Form::P384 => {
            let s = _mm512_sub_epi64(one, _mm512_srai_epi64::<20>(t[7]));
            t[0] = _mm512_add_epi64(t[0], _mm512_sub_epi64(_mm512_slli_epi64::<32>(s), s));
            t[1] = _mm512_sub_epi64(t[1], _mm512_slli_epi64::<44>(s));
            t[2] = _mm512_sub_epi64(t[2], _mm512_slli_epi64::<24>(s));
            t[7] = _mm512_add_epi64(t[7], _mm512_slli_epi64::<20>(s));
        }
        Form::Ed25519 => {
            let s = _mm512_sub_epi64(one, _mm512_srai_epi64::<47>(t[4]));
            let s16 = _mm512_slli_epi64::<4>(s);
            let s3 = _mm512_add_epi64(_mm512_add_epi64(s, s), s);
            t[0] = _mm512_sub_epi64(t[0], _mm512_add_epi64(s16, s3));
            t[4] = _mm512_add_epi64(t[4], _mm512_slli_epi64::<47>(s));
        }
        // No sum of scalars needs it.
        Form::Order => {}
    }
    carry(t)
}

// -- comparisons and choices --

/// b in the lanes of the mask, a elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn choose<const N: usize>(lanes: Mask, a: &[V; N], b: &[V; N]) -> [V; N] {
    let mut out = *a;
    unroll!(I < N, {
        out[I] = _mm512_mask_blend_epi64(lanes, a[I], b[I]);
    });
    out
}

/// Lanes where two tight numbers have the same limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn same<const N: usize>(a: &[V; N], b: &[V; N]) -> Mask {
    let mut difference = _mm512_setzero_si512();
    unroll!(I < N, {
        difference = _mm512_or_si512(difference, _mm512_xor_si512(a[I], b[I]));
    });
    _mm512_testn_epi64_mask(difference, difference)
}

/// Lanes where a tight number is below another.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn below<const N: usize>(a: &[V; N], b: &[V; N]) -> Mask {
    _mm512_movepi64_mask(carry(sub(a, b))[N - 1])
}

/// A tight number below twice the modulus, less the modulus where it is not below it.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn subtract_once<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    let less = carry(sub(a, &splat_all(&F::MODULUS)));
    choose(_mm512_movepi64_mask(less[N - 1]), &less, a)
}

/// A tight number below 2.02 p (of a scalar: below 2 n), reduced; still in Montgomery form if it was.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn reduced<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    subtract_once::<F, N>(&subtract_once::<F, N>(a))
}

/// A tight residue out of Montgomery form, canonical.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn canonical<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    if is_plain(F::FORM) {
        // Below 2.02 p.
        return reduced::<F, N>(&fold::<F, N>(*a));
    }
    let mut one = [0; N];
    one[0] = 1;
    // (a + m p) / R with a and m below R is at most p.
    subtract_once::<F, N>(&mul::<F, N>(a, &splat_all(&one)))
}

/// A tight number below R into Montgomery form, reduced.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn enter<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    mul::<F, N>(a, &splat_all(&F::R2))
}

/// Lanes where a tight value is zero modulo p.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn is_zero<F: Field<N>, const N: usize>(a: &[V; N]) -> Mask {
    same(&canonical::<F, N>(a), &[_mm512_setzero_si512(); N])
}

/// Lanes where a product, which is below 1.3 p and so 0 or p if it is zero, is zero modulo p.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn is_zero_product<F: Field<N>, const N: usize>(a: &[V; N]) -> Mask {
    same(a, &[_mm512_setzero_si512(); N]) | same(a, &splat_all(&F::MODULUS))
}

/// `width` bits of a tight number from bit `at` on, the same place in every lane; zeros above the number.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn bits<const N: usize>(a: &[V; N], at: usize, width: u32) -> V {
    let zero = _mm512_setzero_si512();
    let (limb, shift) = (at / LIMB, (at % LIMB) as u64);
    let this = a.get(limb).copied().unwrap_or(zero);
    let next = a.get(limb + 1).copied().unwrap_or(zero);
    let low = _mm512_srlv_epi64(this, splat(shift));
    let high = _mm512_sllv_epi64(next, splat(LIMB as u64 - shift));
    _mm512_and_si512(_mm512_or_si512(low, high), splat((1 << width) - 1))
}
