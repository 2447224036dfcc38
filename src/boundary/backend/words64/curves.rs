//! The curves of SP 800-186 (2023), 3.2.1: their primes, and the reductions that these have room for.

// Words of a `Wide`, at constant places below 2 N; casts take halves of double words.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

use std::sync::OnceLock;

use super::field::{Field, Wide, adc, below, sbb};
use super::point::{Comb, Curve};

pub(super) struct P256;
pub(super) struct P384;
pub(super) struct P521;

impl Field<4> for P256 {
    const P: [u64; 4] = [0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0, 0xffff_ffff_0000_0001];

    /// p = 2^256 - 2^224 + 2^192 + 2^96 - 1, so that the multiple of p that clears the lowest word m is m p: it takes
    /// m from that word, and adds m 2^96 and m (2^64 - 2^32 + 1) 2^192.
    #[inline(always)]
    fn reduce(mut t: Wide) -> [u64; 4] {
        let mut top = 0;
        for i in 0..4 {
            let m = t[i];
            let high = u128::from(m) * 0xffff_ffff_0000_0001;
            let mut carry;
            (t[i + 1], carry) = adc(t[i + 1], m << 32, 0);
            (t[i + 2], carry) = adc(t[i + 2], m >> 32, carry);
            (t[i + 3], carry) = adc(t[i + 3], high as u64, carry);
            // high 2^-64 is below 2^64 - 1, and so takes a carry.
            (t[i + 4], top) = adc(t[i + 4], (high >> 64) as u64 + carry, top);
        }
        below(&[t[4], t[5], t[6], t[7]], top, &Self::P)
    }
}

impl Field<6> for P384 {
    const P: [u64; 6] = [
        0x0000_0000_ffff_ffff,
        0xffff_ffff_0000_0000,
        0xffff_ffff_ffff_fffe,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];

    /// p = 2^384 - q with q = 2^128 + 2^96 - 2^32 + 1, and -1/p = 2^32 + 1 modulo 2^64: with m that times the lowest
    /// word, m p clears it, by taking m q and adding m 2^384.
    #[inline(always)]
    fn reduce(mut t: Wide) -> [u64; 6] {
        let mut top = 0;
        for i in 0..6 {
            let m = t[i].wrapping_add(t[i] << 32);
            // m (2^96 - 2^32 + 1) in three words.
            let (q0, borrow) = sbb(m, m << 32, 0);
            let (q1, borrow) = sbb(m << 32, m >> 32, borrow);
            let q2 = (m >> 32).wrapping_sub(borrow);
            let (q2, q3) = adc(q2, m, 0);
            let mut borrow;
            (_, borrow) = sbb(t[i], q0, 0);
            (t[i + 1], borrow) = sbb(t[i + 1], q1, borrow);
            (t[i + 2], borrow) = sbb(t[i + 2], q2, borrow);
            (t[i + 3], borrow) = sbb(t[i + 3], q3, borrow);
            (t[i + 4], borrow) = sbb(t[i + 4], 0, borrow);
            (t[i + 5], borrow) = sbb(t[i + 5], 0, borrow);
            // m 2^384 - m q is not negative: m pays the borrow.
            (t[i + 6], top) = adc(t[i + 6], m.wrapping_sub(borrow), top);
        }
        below(&[t[6], t[7], t[8], t[9], t[10], t[11]], top, &Self::P)
    }
}

impl Field<9> for P521 {
    const P: [u64; 9] = [
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x1ff,
    ];

    /// p = 2^521 - 1: m p takes m from the lowest word, and adds m 2^521.
    #[inline(always)]
    fn reduce(mut t: Wide) -> [u64; 9] {
        let mut top = 0;
        for i in 0..9 {
            let m = t[i];
            let carry;
            (t[i + 8], carry) = adc(t[i + 8], m << 9, 0);
            (t[i + 9], top) = adc(t[i + 9], (m >> 55) + carry, top);
        }
        below(&[t[9], t[10], t[11], t[12], t[13], t[14], t[15], t[16], t[17]], top, &Self::P)
    }
}

impl Curve<4> for P256 {
    const ORDER: [u64; 4] =
        [0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000];
    const BITS: usize = 256;
    const GENERATOR: [[u64; 4]; 2] = [
        [0xf4a1_3945_d898_c296, 0x7703_7d81_2deb_33a0, 0xf8bc_e6e5_63a4_40f2, 0x6b17_d1f2_e12c_4247],
        [0xcbb6_4068_37bf_51f5, 0x2bce_3357_6b31_5ece, 0x8ee7_eb4a_7c0f_9e16, 0x4fe3_42e2_fe1a_7f9b],
    ];

    fn comb() -> &'static Comb<4> {
        static COMB: OnceLock<Comb<4>> = OnceLock::new();
        COMB.get_or_init(Comb::new::<Self>)
    }
}

impl Curve<6> for P384 {
    const ORDER: [u64; 6] = [
        0xecec_196a_ccc5_2973,
        0x581a_0db2_48b0_a77a,
        0xc763_4d81_f437_2ddf,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];
    const BITS: usize = 384;
    const GENERATOR: [[u64; 6]; 2] = [
        [
            0x3a54_5e38_7276_0ab7,
            0x5502_f25d_bf55_296c,
            0x59f7_41e0_8254_2a38,
            0x6e1d_3b62_8ba7_9b98,
            0x8eb1_c71e_f320_ad74,
            0xaa87_ca22_be8b_0537,
        ],
        [
            0x7a43_1d7c_90ea_0e5f,
            0x0a60_b1ce_1d7e_819d,
            0xe9da_3113_b5f0_b8c0,
            0xf8f4_1dbd_289a_147c,
            0x5d9e_98bf_9292_dc29,
            0x3617_de4a_9626_2c6f,
        ],
    ];

    fn comb() -> &'static Comb<6> {
        static COMB: OnceLock<Comb<6>> = OnceLock::new();
        COMB.get_or_init(Comb::new::<Self>)
    }
}

impl Curve<9> for P521 {
    const ORDER: [u64; 9] = [
        0xbb6f_b71e_9138_6409,
        0x3bb5_c9b8_899c_47ae,
        0x7fcc_0148_f709_a5d0,
        0x5186_8783_bf2f_966b,
        0xffff_ffff_ffff_fffa,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x1ff,
    ];
    const BITS: usize = 521;
    const GENERATOR: [[u64; 9]; 2] = [
        [
            0xf97e_7e31_c2e5_bd66,
            0x3348_b3c1_856a_429b,
            0xfe1d_c127_a2ff_a8de,
            0xa14b_5e77_efe7_5928,
            0xf828_af60_6b4d_3dba,
            0x9c64_8139_053f_b521,
            0x9e3e_cb66_2395_b442,
            0x858e_06b7_0404_e9cd,
            0xc6,
        ],
        [
            0x88be_9476_9fd1_6650,
            0x353c_7086_a272_c240,
            0xc550_b901_3fad_0761,
            0x97ee_7299_5ef4_2640,
            0x17af_bd17_273e_662c,
            0x98f5_4449_579b_4468,
            0x5c8a_5fb4_2c7d_1bd9,
            0x3929_6a78_9a3b_c004,
            0x118,
        ],
    ];

    fn comb() -> &'static Comb<9> {
        static COMB: OnceLock<Comb<9>> = OnceLock::new();
        COMB.get_or_init(Comb::new::<Self>)
    }
}
