//! Published signatures, encodings, ranges and limits, on every curve.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation)]

extern crate std;

use std::vec::Vec;
use std::{format, vec};

use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha512};

use super::*;
use crate::boundary::backend::Backends;

// RFC 6979, A.2.5 and A.2.6, message "sample": with SHA-256 the digest fills P-256; with SHA-512 it is
// longer than the order of P-384. r and s confirmed with Python `cryptography` 48 (OpenSSL 4.0).
const D256: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const Q256: &str = "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
    7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
const K256: &str = "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60";
const SIG256: &str = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
    F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
const D384: &str = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA\
    9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5";
const Q384: &str = "04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E\
    06AAE5286B300C64DEF8F0EA9055866064A254515480BC13\
    8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9\
    F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720";
const K384: &str = "92FC3C7183A883E24216D1141F1A8976C5B0DD797DFA597E\
    3D7B32198BD35331A4E966532593A52980D0E3AAA5E10EC3";
const SIG384: &str = "ED0959D5880AB2D869AE7F6C2915C6D60F96507F9CB3E047\
    C0046861DA4A799CFE30F35CC900056D7C99CD7882433709\
    512C8CCEEE3890A84058CE1E22DBC2198F42323CE8ACA913\
    5329F03C068E5112DC7CC3EF3446DEFCEB01A45C2667FDD5";

// RFC 6979, A.2.7, "sample" with SHA-512, confirmed likewise: the digest is shorter than the order.
const D521: &str = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CA\
    A896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";
const Q521: &str = "0401894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD\
    371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023\
    A400493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A\
    28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFC\
    F5";
const K521: &str = "01DAE2EA071F8110DC26882D4D5EAE0621A3256FC8847FB9022E2B7D28E6F10198\
    B1574FDD03A9053C08A1854A168AA5A57470EC97DD5CE090124EF52A2F7ECBFFD3";
const SIG521: &str = "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17\
    4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA\
    00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28\
    2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A";
// The test data of Python `cryptography` (vectors/.../ECDSA/SECP256K1/SigGen.txt), [K-256,SHA-256], record 1:
// its digest, k = (e + r*d)/s, and an s below n/2.
#[cfg(feature = "secp256k1")]
const DK1: &str = "42202A98374F6DCA439C0AF88140E41F8ECED3062682EC7F9FC8AC9EA83C7CB2";
#[cfg(feature = "secp256k1")]
const QK1: &str = "04131CA4E5811267FA90FC631D6298C2D7A4ECCCC45CC60D378E0660B61F82FE8D\
    CF5ACF8ED3E0BBF735308CC415604BD34AB8F7FC8B4A22741117A7FBC72A7949";
#[cfg(feature = "secp256k1")]
const KK1: &str = "D3DF8A9E6486FD25DBD761B92249FDF6C961C65FC34F8FAB29512D42AA32F8CF";
#[cfg(feature = "secp256k1")]
const EK1: &str = "5AE8317D34D1E595E3FA7247DB80C0AF4320CCE1116DE187F8F7E2E099C0D8D0";
#[cfg(feature = "secp256k1")]
const SIGK1: &str = "D89F9586070230BB03E625CCA18C89BB3117CD472FF6EE2A50809F0E8903930945\
    972842E92E3A41ABEEA1089D812EB5343CA8F075AC9C66E13F3DB287048638";

// SP 800-186, 3.2.1.3 to 3.2.1.5; SEC 2 version 2.0, 2.4.1.
const N256: &str = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
const P256_PRIME: &str = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
const N384: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
    C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973";
const P384_PRIME: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
    FFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF";

const N521: &str = "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
    FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409";
const P521_PRIME: &str = "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
    FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
#[cfg(feature = "secp256k1")]
const NK1: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141";
#[cfg(feature = "secp256k1")]
const K1_PRIME: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F";

// y of the point with the least x: x = 0, y a square root of b, computed with Python integers; on secp256k1 7 has
// none, and x = 1. The same point with x + p for x is a non-canonical encoding.
const Y_AT_0_256: &str = "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4";
const Y_AT_0_384: &str = "C306610FB0AE5A159CF45C06069F22A6C5EB3641C602D42D\
    EA2C4B4F75550793406D80D2B91AD54F9048BD487AF1ADE1";
const Y_AT_0_521: &str = "012DF13601594A883EF2D935E44BB90BF4D6619B74E52AF7552F97769011C0719E\
    B439CFAB2A88D40FE59A2BED1F43557169A2D0A2CCD280C607B92BBF51FFE0B078";
#[cfg(feature = "secp256k1")]
const Y_AT_1_K1: &str = "4218F20AE6C646B363DB68605822FB14264CA8D2587FDD6FBC750D587E76A7EE";

fn hex(s: &str) -> Vec<u8> {
    assert!(s.len().is_multiple_of(2));
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}

/// `bytes` plus a small number, as a big-endian integer.
fn plus(bytes: &[u8], add: i16) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut carry = add;
    for byte in out.iter_mut().rev() {
        let sum = i16::from(*byte) + carry;
        *byte = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    out
}

fn known_answer<C: Curve>(d: &str, q: &str, k: &str, digest: &[u8], sig: &str) {
    let (q, sig) = (hex(q), hex(sig));
    let private = PrivateKey::<C>::new(&Backends::fastest(), &hex(d)).unwrap();
    let mut out = vec![0xaa; q.len()];
    private.public_key_bytes(&mut out).unwrap();
    assert_eq!(out, q);

    let mut out = vec![0xaa; sig.len()];
    assert!(private.sign_with_k(&hex(k), digest, &mut out).unwrap());
    assert_eq!(out, sig);
    PublicKey::<C>::new(&Backends::fastest(), &q).unwrap().verify(digest, &sig).unwrap();
}

#[test]
fn published_signatures() {
    known_answer::<P256>(D256, Q256, K256, &Sha256::digest(b"sample"), SIG256);
    known_answer::<P384>(D384, Q384, K384, &Sha512::digest(b"sample"), SIG384);
    known_answer::<P521>(D521, Q521, K521, &Sha512::digest(b"sample"), SIG521);
    #[cfg(feature = "secp256k1")]
    known_answer::<Secp256k1>(DK1, QK1, KK1, &hex(EK1), SIGK1);
}

fn private_key_range<C: Curve>(n: &str) {
    let n = hex(n);
    let zero = vec![0; n.len()];
    for refused in
        [&zero, &n, &plus(&n, 1), &vec![0xff; n.len()], &n[1..].to_vec(), &[&[0][..], &n].concat(), &vec![]]
    {
        assert_eq!(PrivateKey::<C>::new(&Backends::fastest(), refused).err(), Some(Error::Rejected));
    }
    // 1 and n-1 give G and -G.
    let mut first = vec![0; 2 * n.len() + 1];
    let mut last = first.clone();
    PrivateKey::<C>::new(&Backends::fastest(), &plus(&zero, 1))
        .unwrap()
        .public_key_bytes(&mut first)
        .unwrap();
    PrivateKey::<C>::new(&Backends::fastest(), &plus(&n, -1)).unwrap().public_key_bytes(&mut last).unwrap();
    assert_eq!(first[..n.len() + 1], last[..n.len() + 1]);
    assert_ne!(first, last);
}

#[test]
fn private_keys_are_in_range() {
    private_key_range::<P256>(N256);
    private_key_range::<P384>(N384);
    private_key_range::<P521>(N521);
    #[cfg(feature = "secp256k1")]
    private_key_range::<Secp256k1>(NK1);
}

fn public_key_encodings<C: Curve>(q: &str, prime: &str, (x0, y0): (i16, &str)) {
    let (q, p, y0) = (hex(q), hex(prime), hex(y0));
    let len = p.len();
    let refuse = |bytes: &[u8]| {
        assert_eq!(
            PublicKey::<C>::new(&Backends::fastest(), bytes).err(),
            Some(Error::Rejected),
            "{bytes:02x?}"
        );
    };
    let accept = |bytes: &[u8]| {
        let key = PublicKey::<C>::new(&Backends::fastest(), bytes).unwrap();
        key.validate_full().unwrap();
        let mut out = vec![0; 2 * len + 1];
        key.bytes(&mut out).unwrap();
        out
    };
    let with_tag = |tag: u8, rest: &[u8]| [&[tag], rest].concat();
    let parity = q[2 * len] & 1;
    let (x, y) = (&q[1..=len], &q[len + 1..]);

    assert_eq!(accept(&q), q);
    assert_eq!(accept(&with_tag(2 + parity, x)), q);
    // The other parity is the negative point.
    assert_ne!(accept(&with_tag(3 - parity, x)), q);

    // Tags: infinity, compact, hybrid, unknown; infinity also in full length.
    refuse(&[]);
    refuse(&[0]);
    refuse(&vec![0; 2 * len + 1]);
    for tag in [0, 1, 2, 3, 5, 6, 7, 0xff] {
        refuse(&with_tag(tag, &q[1..]));
    }
    for tag in [0, 1, 4, 5, 6, 7, 0xff] {
        refuse(&with_tag(tag, x));
    }
    // Lengths.
    for tag in [2, 3, 4] {
        refuse(&[tag]);
    }
    refuse(&q[..2 * len]);
    refuse(&[&q[..], &[0]].concat());
    refuse(&with_tag(2, &x[1..]));
    refuse(&with_tag(2, &[x, &[0]].concat()));
    // Not on the curve.
    refuse(&with_tag(4, &[x, &plus(y, 1)].concat()));
    refuse(&with_tag(4, &vec![0; 2 * len]));
    let off_curve = (1..=16)
        .filter(|i| PublicKey::<C>::new(&Backends::fastest(), &with_tag(2, &plus(x, *i))).is_err())
        .count();
    assert!((1..16).contains(&off_curve), "about half of all x have no point: {off_curve}");
    // Coordinates not below p, with the canonical ones as the control.
    let (least, beyond) = (plus(&vec![0; len], x0), plus(&p, x0));
    accept(&with_tag(4, &[&least[..], &y0].concat()));
    accept(&with_tag(2, &least));
    refuse(&with_tag(4, &[&beyond[..], &y0].concat()));
    refuse(&with_tag(2, &beyond));
    refuse(&with_tag(3, &beyond));
    refuse(&with_tag(4, &[x, &p[..]].concat()));
}

#[test]
fn public_keys_have_one_canonical_encoding_per_form() {
    public_key_encodings::<P256>(Q256, P256_PRIME, (0, Y_AT_0_256));
    public_key_encodings::<P384>(Q384, P384_PRIME, (0, Y_AT_0_384));
    public_key_encodings::<P521>(Q521, P521_PRIME, (0, Y_AT_0_521));
    #[cfg(feature = "secp256k1")]
    public_key_encodings::<Secp256k1>(QK1, K1_PRIME, (1, Y_AT_1_K1));
}

#[test]
fn output_lengths_are_exact() {
    let key = PrivateKey::<P521>::new(&Backends::fastest(), &hex(D521)).unwrap();
    let mut sig = [0xaa; 132];
    assert_eq!(key.sign_with_k(&[1; 65], &[1; 64], &mut sig), Err(Error::InvalidArgument));
    assert_eq!(sig, [0; 132]);
    for len in [0, 65, 97, 132, 134] {
        assert_eq!(key.public_key_bytes(&mut vec![0xaa; len]), Err(Error::InvalidArgument));
    }
    let key = PrivateKey::<P256>::new(&Backends::fastest(), &hex(D256)).unwrap();
    for len in [0, 1, 64, 66] {
        let mut out = vec![0xaa; len];
        assert_eq!(key.public_key_bytes(&mut out), Err(Error::InvalidArgument));
        assert_eq!(key.public_key().bytes(&mut out), Err(Error::InvalidArgument));
    }
    let digest = [1; 32];
    for (k_len, sig_len) in [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65), (32, 0), (32, 32)] {
        let mut sig = vec![0xaa; sig_len];
        let answer = key.sign_with_k(&vec![1; k_len], &digest, &mut sig);
        assert_eq!(answer, Err(Error::InvalidArgument));
        assert_eq!(sig, vec![0; sig_len]);
    }
}

#[test]
fn an_unusable_k_asks_for_another() {
    let key = PrivateKey::<P256>::new(&Backends::fastest(), &hex(D256)).unwrap();
    let n = hex(N256);
    for k in [vec![0; 32], n.clone(), plus(&n, 1), vec![0xff; 32]] {
        let mut sig = [0xaa; 64];
        assert_eq!(key.sign_with_k(&k, &[1; 32], &mut sig), Ok(false));
        assert_eq!(sig, [0; 64]);
    }
    for k in [plus(&[0; 32], 1), plus(&n, -1)] {
        assert_eq!(key.sign_with_k(&k, &[1; 32], &mut [0; 64]), Ok(true));
    }
}

/// e = -r*d makes s = 0 for the signer and u1*G + u2*Q the point at infinity for the verifier.
#[test]
fn zero_s_and_the_point_at_infinity() {
    let key = PrivateKey::<P256>::new(&Backends::fastest(), &hex(D256)).unwrap();
    let k = hex(K256);
    let mut sig = [0; 64];
    assert_eq!(key.sign_with_k(&k, &[1; 32], &mut sig), Ok(true));
    let r = nonzero_scalar::<P256>(&sig[..32]).unwrap();
    let digest = (-(*r * *key.d)).to_repr();
    assert_eq!(key.public_key().verify(&digest, &sig), Err(Error::Rejected));
    assert_eq!(key.sign_with_k(&k, &digest, &mut sig), Ok(false));
    assert_eq!(sig, [0; 64]);
}

#[test]
fn verification_refuses_values_out_of_range() {
    let key = PublicKey::<P256>::new(&Backends::fastest(), &hex(Q256)).unwrap();
    let (digest, sig, n) = (Sha256::digest(b"sample"), hex(SIG256), hex(N256));
    let zero = [0; 32];
    for bad in [&zero[..], &n, &[0xff; 32]] {
        for refused in [[bad, &sig[32..]].concat(), [&sig[..32], bad].concat(), [bad, bad].concat()] {
            assert_eq!(key.verify(&digest, &refused), Err(Error::Rejected));
        }
    }
    for refused in [&[][..], &sig[..63], &sig[..32], &[&sig[..], &[0]].concat(), &[0; 66]] {
        assert_eq!(key.verify(&digest, refused), Err(Error::Rejected));
    }
    key.verify(&digest, &sig).unwrap();
}

/// Feeds the given candidates, then all ones without end; returns the answer, d and the calls made.
fn generate_from<C: Curve>(given: &[Vec<u8>], len: usize) -> (Result<()>, Vec<u8>, usize) {
    let mut calls = 0;
    let mut d = vec![0xaa; len];
    let answer = generate::<C>(
        &mut |out| {
            match given.get(calls) {
                Some(candidate) => out.copy_from_slice(candidate),
                None => out.fill(0xff),
            }
            calls += 1;
            Ok(())
        },
        &mut d,
    );
    (answer, d, calls)
}

fn generation<C: Curve>(n: &str) {
    let n = hex(n);
    let zero = vec![0; n.len()];
    // c >= n and c = n-1 are refused; c = n-2 gives n-1, c = 0 gives 1.
    // What a candidate becomes is its leftmost bits: on P-521 they stand higher than in n (ECDSA-1).
    let excess = n[0].leading_zeros();
    let candidate = |c: &[u8]| -> Vec<u8> {
        let next = c.iter().skip(1).chain(&[0]);
        c.iter()
            .zip(next)
            .map(|(high, low)| ((u16::from_be_bytes([*high, *low]) << excess) >> 8) as u8)
            .collect()
    };
    let high = [vec![0xff; n.len()], candidate(&n), candidate(&plus(&n, -1)), candidate(&plus(&n, -2))];
    assert_eq!(generate_from::<C>(&high, n.len()), (Ok(()), plus(&n, -1), 4));
    assert_eq!(generate_from::<C>(core::slice::from_ref(&zero), n.len()), (Ok(()), plus(&zero, 1), 1));
    // A generator that never gives a candidate in range.
    assert_eq!(generate_from::<C>(&[], n.len()), (Err(Error::EntropyFailed), zero, MAX_CANDIDATES));
    for len in [0, n.len() - 1, n.len() + 1] {
        assert_eq!(generate_from::<C>(&[], len), (Err(Error::InvalidArgument), vec![0; len], 0));
    }
}

#[test]
fn generation_tests_candidates() {
    generation::<P256>(N256);
    generation::<P384>(N384);
    generation::<P521>(N521);
    #[cfg(feature = "secp256k1")]
    generation::<Secp256k1>(NK1);
}

#[test]
fn generation_passes_on_a_failed_source() {
    let mut d = [0xaa; 32];
    let answer = generate::<P256>(&mut |_| Err(Error::NotOperational), &mut d);
    assert_eq!((answer, d), (Err(Error::NotOperational), [0; 32]));
}

#[test]
fn a_private_key_is_wiped_on_drop() {
    // What lies in it as a secret is d, in a wrapper that wipes; the rest is public.
    assert!(core::mem::needs_drop::<PrivateKey<P256>>() && core::mem::needs_drop::<PrivateKey<P384>>());
    assert!(core::mem::needs_drop::<PrivateKey<P521>>() && core::mem::needs_drop::<Key<P521>>());
    #[cfg(feature = "secp256k1")]
    assert!(core::mem::needs_drop::<PrivateKey<Secp256k1>>());
    assert!(!core::mem::needs_drop::<p256::Scalar>());
    fn wiped<C: Curve>(key: &PrivateKey<C>) -> &Zeroizing<Scalar<C>> {
        &key.d
    }
    assert!(core::mem::needs_drop::<Zeroizing<p256::Scalar>>());
    wiped(&PrivateKey::<P256>::new(&Backends::fastest(), &hex(D256)).unwrap());
}

/// On secp256k1 s is at most n/2 whatever k gives, and n-s verifies as well.
#[cfg(feature = "secp256k1")]
#[test]
fn ledgers_get_the_lesser_s() {
    let key = PrivateKey::<Secp256k1>::new(&Backends::fastest(), &hex(DK1)).unwrap();
    let (k, digest) = (hex(KK1), hex(EK1));
    let minus_k = -*nonzero_scalar::<Secp256k1>(&k).unwrap();
    let mut made = [[0; 64]; 2];
    assert_eq!(key.sign_with_k(&k, &digest, &mut made[0]), Ok(true));
    // -k gives the same r and the other s.
    assert_eq!(key.sign_with_k(&minus_k.to_repr(), &digest, &mut made[1]), Ok(true));
    assert_eq!((made[0].to_vec(), made[1]), (hex(SIGK1), made[0]));
    let mut other = made[0];
    other[32..].copy_from_slice(&(-*nonzero_scalar::<Secp256k1>(&made[0][32..]).unwrap()).to_repr());
    assert!(made[0][32..] < other[32..]);
    key.public_key().verify(&digest, &other).unwrap();
    // The NIST curves leave s as it comes: of one r both occur.
    let key = PrivateKey::<P256>::new(&Backends::fastest(), &hex(D256)).unwrap();
    let minus_k = -*nonzero_scalar::<P256>(&hex(K256)).unwrap();
    assert_eq!(key.sign_with_k(&minus_k.to_repr(), &Sha256::digest(b"sample"), &mut other), Ok(true));
    assert_eq!(other[..32], hex(SIG256)[..32]);
    assert_ne!(other[32..], hex(SIG256)[32..]);
}

fn round_trip<C: Curve>(d: &[u8], k: &[u8], digest: &[u8], flip: usize) {
    let private = PrivateKey::<C>::new(&Backends::fastest(), d).unwrap();
    let mut sig = vec![0; 2 * d.len()];
    assert!(private.sign_with_k(k, digest, &mut sig).unwrap());
    private.public_key().verify(digest, &sig).unwrap();
    sig[flip / 8 % (2 * d.len())] ^= 1 << (flip % 8);
    assert_eq!(private.public_key().verify(digest, &sig), Err(Error::Rejected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn signatures_verify_and_changed_ones_do_not(
        d in prop::array::uniform32(1u8..0xff), k in prop::array::uniform32(1u8..0xff),
        digest in prop::collection::vec(any::<u8>(), 0..70), flip in 0usize..1056,
    ) {
        round_trip::<P256>(&d, &k, &digest, flip);
        let long = |bytes: &[u8]| [bytes, &bytes[..16]].concat();
        round_trip::<P384>(&long(&d), &long(&k), &digest, flip);
        let longest = |bytes: &[u8]| [&[0, bytes[0] & 1], bytes, bytes].concat();
        round_trip::<P521>(&longest(&d), &longest(&k), &digest, flip);
        #[cfg(feature = "secp256k1")]
        round_trip::<Secp256k1>(&d, &k, &digest, flip);
    }

    #[test]
    fn bits2int_takes_the_leftmost_bits(
        input in prop::collection::vec(any::<u8>(), 0..80), bits in 1u32..600,
    ) {
        let as_text = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:08b}")).collect::<std::string::String>();
        let bits_len = usize::try_from(bits).unwrap();
        let mut out = vec![0xaa; bits_len.div_ceil(8)];
        bits2int(&input, bits, &mut out);
        let mut expected = as_text(&input);
        expected.truncate(bits_len);
        prop_assert_eq!(as_text(&out), format!("{expected:0>width$}", width = out.len() * 8));
    }
}
