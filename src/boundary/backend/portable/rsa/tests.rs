//! The keys are of kat-vectors/tests/rsa.txt, made by openssl; every factor with a flaw there has been
//! shown by kat-vectors/tools/rsa_vectors.py to have that flaw and no other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::string::String;
use core::cell::Cell;

use crypto_bigint::{CheckedAdd, Integer};

use super::*;
use crate::algorithm::Hash;
use crate::boundary::backend::portable::hash::digest;

pub(in crate::boundary) const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/kat-vectors/tests/rsa.txt"));

/// The numbers of one test key.
#[derive(Clone, Default)]
pub(in crate::boundary) struct TestKey {
    pub(in crate::boundary) n: Vec<u8>,
    pub(in crate::boundary) e: Vec<u8>,
    d: Vec<u8>,
    p: Vec<u8>,
    q: Vec<u8>,
    dp: Vec<u8>,
    dq: Vec<u8>,
    q_inv: Vec<u8>,
}

impl TestKey {
    pub(in crate::boundary) fn read(bits: usize) -> Self {
        let mut key = Self::default();
        let mut lines = VECTORS.lines().skip_while(|line| *line != alloc::format!("key {bits}")).skip(1);
        for (name, field) in [
            ("n ", &mut key.n),
            ("e ", &mut key.e),
            ("d ", &mut key.d),
            ("p ", &mut key.p),
            ("q ", &mut key.q),
            ("dp ", &mut key.dp),
            ("dq ", &mut key.dq),
            ("qinv ", &mut key.q_inv),
        ] {
            *field = unhex(lines.next().unwrap().strip_prefix(name).unwrap());
        }
        key
    }

    pub(in crate::boundary) fn load(&self) -> PrivateKey {
        PrivateKey::load(Words::Portable, &self.primes(), 65_537).unwrap()
    }

    pub(in crate::boundary) fn primes(&self) -> Vec<u8> {
        [self.p.as_slice(), &self.q].concat()
    }

    fn parts(&self) -> Components<'_> {
        let crt = Crt { dp: &self.dp, dq: &self.dq, q_inv: &self.q_inv };
        Components { n: &self.n, e: &self.e, p: &self.p, q: &self.q, d: Some(&self.d), crt: Some(crt) }
    }

    fn import(&self) -> Result<(PrivateKey, Zeroizing<Vec<u8>>)> {
        PrivateKey::import(Words::Portable, &self.parts(), &mut source(1))
    }
}

pub(in crate::boundary) fn unhex(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// A reproducible source of bytes.
pub(in crate::boundary) fn source(seed: u64) -> impl FnMut(&mut [u8]) -> Result<()> {
    let mut counter = 0u64;
    move |out: &mut [u8]| {
        for chunk in out.chunks_mut(64) {
            let mut block = [0; 64];
            digest(Hash::Sha512, &[&seed.to_le_bytes(), &counter.to_le_bytes()], &mut block)?;
            chunk.copy_from_slice(&block[..chunk.len()]);
            counter += 1;
        }
        Ok(())
    }
}

/// Adds to the last byte, so that small changes of a big-endian number read well.
fn plus(number: &[u8], add: u8) -> Vec<u8> {
    let mut changed = number.to_vec();
    let last = changed.last_mut().unwrap();
    *last = last.checked_add(add).unwrap_or_else(|| *last - add);
    changed
}

fn int(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

fn product(p: &[u8], q: &[u8]) -> Vec<u8> {
    use crypto_bigint::ConcatenatingMul;
    int(p).concatenating_mul(&int(q)).to_be_bytes().to_vec()
}

fn rejected<T>(result: Result<T>) -> bool {
    result.err() == Some(Error::Rejected)
}

#[test]
fn public_key_takes_the_closed_list() {
    for bits in [2048usize, 3072, 4096] {
        let key = TestKey::read(bits);
        let public = PublicKey::new(Words::Portable, &key.n, &key.e).unwrap();
        assert_eq!((public.n(), public.e(), public.len() * 8), (key.n.as_slice(), 65_537, bits));
        // Leading zeros do not change a number.
        let padded = [[0].as_slice(), &key.n].concat();
        assert_eq!(PublicKey::new(Words::Portable, &padded, &[0, 0, 1, 0, 1]).unwrap().n(), key.n);
    }
}

#[test]
fn public_key_refusals() {
    let TestKey { n, e, p, .. } = TestKey::read(2048);
    let other = TestKey::read(4096);
    // VAL-RSA-1: size, from both sides and in bits.
    for wrong in [&n[1..], &[&[1], n.as_slice()].concat(), &p, &[], &[0; 256]] {
        assert!(rejected(PublicKey::new(Words::Portable, wrong, &e)));
    }
    let mut short = n.clone();
    short[0] &= 0x7f;
    assert!(rejected(PublicKey::new(Words::Portable, &short, &e)));
    // Even.
    assert!(rejected(PublicKey::new(Words::Portable, &plus(&n, 1), &e)));
    // A prime of 2048 bits, and the square of a prime of 1024 bits.
    assert!(rejected(PublicKey::new(Words::Portable, &other.p, &e)));
    assert!(rejected(PublicKey::new(Words::Portable, &product(&p, &p), &e)));
    // The exponent.
    for wrong in [
        &[][..],
        &[0],
        &[1],
        &[3],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[1, 0, 2],
        &[0xff, 0xff, 0xff, 0xfe],
        &[1, 0, 0, 0, 0, 0, 0, 0, 1],
    ] {
        assert!(rejected(PublicKey::new(Words::Portable, &n, wrong)), "{wrong:?}");
    }
    for right in [&[1, 0, 1][..], &[0xff; 4], &[1, 0, 0, 0, 1], &[0xff; 8]] {
        assert!(PublicKey::new(Words::Portable, &n, right).is_ok(), "{right:?}");
    }
}

#[test]
fn public_key_with_a_small_factor_is_refused() {
    // A multiple of one small prime times a prime of 1024 bits, such that no other check objects.
    let TestKey { q, e, .. } = TestKey::read(2048);
    for prime in [5u64, 7, 751, 1621] {
        let top = BoxedUint::max(1024);
        let rest = top.rem(&NonZero::new(BoxedUint::from(prime)).unwrap());
        let mut multiple = top.wrapping_sub(&rest);
        if !multiple.is_odd().to_bool() {
            multiple.wrapping_sub_assign(BoxedUint::from(prime));
        }
        let mut n = product(&multiple.to_be_bytes(), &q);
        while may_be_prime_power(&NonZero::new(int(&n)).unwrap()).unwrap() {
            multiple.wrapping_sub_assign(BoxedUint::from(2 * prime));
            n = product(&multiple.to_be_bytes(), &q);
        }
        assert!(prime::has_small_factor_boxed(&int(&n)));
        assert!(PublicKey::unchecked(Words::Portable, &n, 65_537).is_ok());
        assert!(rejected(PublicKey::new(Words::Portable, &n, &e)), "{prime}");
    }
    assert!(!prime::has_small_factor_boxed(&int(&q)));
}

#[test]
fn public_op_refuses_what_is_not_below_n() {
    let key = TestKey::read(2048);
    let public = PublicKey::new(Words::Portable, &key.n, &key.e).unwrap();
    let mut out = [0xaa; 256];
    for wrong in [&key.n[..], &[0xff; 256], &[1; 255], &[1; 257], &[]] {
        out.fill(0xaa);
        assert_eq!(public.public_op(wrong, &mut out), Err(Error::Rejected));
        assert_eq!(out, [0; 256]);
    }
    for size in [0, 255, 257] {
        let mut out = vec![0xaa; size];
        assert_eq!(public.public_op(&[1; 256], &mut out), Err(Error::InvalidArgument));
        assert!(out.iter().all(|&byte| byte == 0));
    }
    // n - 1 is in range, and an odd power of -1 is -1.
    let mut last = key.n.clone();
    last[255] -= 1;
    public.public_op(&last, &mut out).unwrap();
    assert_eq!(out.as_slice(), last);
}

#[test]
fn private_op_inverts_public_op_and_blinding_does_not_show() {
    for bits in [2048, 3072, 4096] {
        let key = TestKey::read(bits).load();
        let k = key.public().len();
        let mut m = vec![0; k];
        source(7)(&mut m[1..]).unwrap();
        let (mut a, mut b, mut back) = (vec![0; k], vec![0; k], vec![0; k]);
        key.private_op(&m, &mut a, &mut source(1)).unwrap();
        key.private_op(&m, &mut b, &mut source(2)).unwrap();
        assert_eq!(a, b);
        assert_ne!(a, m);
        key.public().public_op(&a, &mut back).unwrap();
        assert_eq!(back, m);
    }
}

#[test]
fn private_op_of_the_ends_of_the_range() {
    let test = TestKey::read(2048);
    let key = test.load();
    let mut last = test.n.clone();
    last[255] -= 1;
    let mut p = vec![0; 128];
    p.extend_from_slice(&test.p); // shares a factor with n
    for m in [vec![0; 256], [vec![0; 255], vec![1]].concat(), last, p] {
        let (mut out, mut back) = ([0; 256], [0; 256]);
        key.private_op(&m, &mut out, &mut source(3)).unwrap();
        key.public().public_op(&out, &mut back).unwrap();
        assert_eq!(back.as_slice(), m);
    }
}

#[test]
fn private_op_refuses_and_zeroes() {
    let test = TestKey::read(2048);
    let key = test.load();
    let mut out = [0xaa; 256];
    for wrong in [&test.n[..], &[0xff; 256], &[1; 255], &[]] {
        out.fill(0xaa);
        assert_eq!(key.private_op(wrong, &mut out, &mut source(1)), Err(Error::Rejected));
        assert_eq!(out, [0; 256]);
    }
    assert_eq!(key.private_op(&[1; 256], &mut [0; 255], &mut source(1)), Err(Error::InvalidArgument));
}

#[test]
fn private_op_stops_at_any_failing_draw() {
    let key = TestKey::read(2048).load();
    let calls = Cell::new(0);
    let mut good = source(1);
    let mut counted = |out: &mut [u8]| {
        calls.set(calls.get() + 1);
        good(out)
    };
    let mut out = [0; 256];
    key.private_op(&[1; 256], &mut out, &mut counted).unwrap();
    // r: no operation without blinding.
    let needed = calls.get();
    assert_eq!(needed, 1);
    for failing in 0..needed {
        let mut good = source(1);
        let mut left = failing;
        let mut random = |out: &mut [u8]| {
            if left == 0 {
                return Err(Error::NotOperational);
            }
            left -= 1;
            good(out)
        };
        out.fill(0xaa);
        assert_eq!(key.private_op(&[1; 256], &mut out, &mut random), Err(Error::NotOperational));
        assert_eq!(out, [0; 256]);
    }
}

#[test]
fn private_op_does_not_hang_on_a_stuck_source() {
    let key = TestKey::read(2048).load();
    let mut zeros = |out: &mut [u8]| {
        out.fill(0);
        Ok(())
    };
    let mut out = [0xaa; 256];
    assert_eq!(key.private_op(&[1; 256], &mut out, &mut zeros), Err(Error::EntropyFailed));
    assert_eq!(out, [0; 256]);
}

#[test]
fn a_wrong_private_result_is_not_released() {
    // RSA-5: one wrong bit in the exponent of one half.
    for bits in [2048, 3072, 4096] {
        let mut key = TestKey::read(bits).load();
        key.numbers.damage();
        let k = key.public().len();
        let mut out = vec![0xaa; k];
        assert_eq!(key.private_op(&vec![1; k], &mut out, &mut source(1)), Err(Error::Corrupted));
        assert_eq!(out, vec![0; k]);
    }
}

#[test]
fn agrees_with_another_implementation() {
    use ::rsa::hazmat::{rsa_decrypt, rsa_encrypt};
    for bits in [2048, 3072, 4096] {
        let test = TestKey::read(bits);
        let key = test.load();
        let k = key.public().len();
        let theirs = ::rsa::PrivateKey::from_p_q(int(&test.p), int(&test.q), int(&test.e)).unwrap();
        for seed in 0..8 {
            let mut m = vec![0; k];
            source(seed)(&mut m[1..]).unwrap();
            let (mut signed, mut raised) = (vec![0; k], vec![0; k]);
            key.private_op(&m, &mut signed, &mut source(seed + 100)).unwrap();
            key.public().public_op(&m, &mut raised).unwrap();
            let none: Option<&mut NoRandom> = None;
            assert_eq!(int(&signed), rsa_decrypt(none, &theirs, &int(&m)).unwrap());
            assert_eq!(int(&raised), rsa_encrypt(&theirs, &int(&m)).unwrap());
        }
    }
}

/// The other implementation is run without blinding.
struct NoRandom;

impl rand_core::TryRng for NoRandom {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> core::result::Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> core::result::Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, _out: &mut [u8]) -> core::result::Result<(), Self::Error> {
        Ok(())
    }
}

impl rand_core::TryCryptoRng for NoRandom {}

#[test]
fn load_refuses_what_cannot_be_a_key() {
    let key = TestKey::read(2048);
    let primes = key.primes();
    assert!(rejected(PrivateKey::load(Words::Portable, &primes[1..], 65_537)));
    assert!(rejected(PrivateKey::load(Words::Portable, &[], 65_537)));
    assert!(rejected(PrivateKey::load(Words::Portable, &primes, 3)));
    assert!(rejected(PrivateKey::load(Words::Portable, &primes, 65_536)));
    for wrong in [vec![0; 256], vec![1; 256], [key.p.clone(), vec![0; 128]].concat()] {
        assert!(rejected(PrivateKey::load(Words::Portable, &wrong, 65_537)));
    }
}

#[test]
fn import_takes_good_keys_of_every_size() {
    for bits in [2048, 3072, 4096] {
        let key = TestKey::read(bits);
        let (loaded, primes) = key.import().unwrap();
        assert_eq!(*primes, key.primes());
        assert_eq!(loaded.public().n(), key.n);
    }
}

#[test]
fn components_are_those_that_came_in() {
    for bits in [2048, 3072, 4096] {
        let key = TestKey::read(bits);
        let shown = key.load().with_components(|n, e, d, p, q, dp, dq, q_inv| {
            Ok([n, e, d, p, q, dp, dq, q_inv].map(<[u8]>::to_vec))
        });
        assert_eq!(shown.unwrap(), [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.q_inv]);
        let failed =
            TestKey::read(bits).load().with_components(|_, _, _, _, _, _, _, _| Err::<(), _>(Error::NoSpace));
        assert_eq!(failed, Err(Error::NoSpace));
    }
}

#[test]
fn import_takes_the_forms_of_other_tools() {
    let key = TestKey::read(2048);
    let mut random = source(1);
    // Without d and the CRT numbers; with the primes exchanged; with leading zeros.
    let bare = Components { d: None, crt: None, ..key.parts() };
    assert!(PrivateKey::import(Words::Portable, &bare, &mut random).is_ok());
    let exchanged = Components { p: &key.q, q: &key.p, crt: None, ..key.parts() };
    assert_eq!(
        *PrivateKey::import(Words::Portable, &exchanged, &mut random).unwrap().1,
        [key.q.as_slice(), &key.p].concat()
    );
    let (p, d) = ([[0; 4].as_slice(), &key.p].concat(), [[0; 9].as_slice(), &key.d].concat());
    let padded = Components { p: &p, d: Some(&d), ..key.parts() };
    assert!(PrivateKey::import(Words::Portable, &padded, &mut random).is_ok());
    // d of RFC 2313 tools: modulo (p-1)(q-1).
    let totient = product(&minus_one(&key.p), &minus_one(&key.q));
    let totient = NonZero::new(int(&totient)).unwrap();
    let d = BoxedUint::from(65_537u32).resize_unchecked(2048).invert_mod(&totient).unwrap().to_be_bytes();
    assert_ne!(&d[..], key.d);
    assert!(
        PrivateKey::import(Words::Portable, &Components { d: Some(&d), ..key.parts() }, &mut random).is_ok()
    );
}

fn minus_one(odd: &[u8]) -> Vec<u8> {
    let mut even = odd.to_vec();
    *even.last_mut().unwrap() -= 1;
    even
}

#[test]
fn import_refuses_numbers_that_do_not_fit_together() {
    let good = TestKey::read(2048);
    let other = TestKey::read(3072);
    let changes: [fn(&mut TestKey); 13] = [
        |key| key.p = plus(&key.p, 2),
        |key| key.q = plus(&key.q, 2),
        |key| key.p = [[1].as_slice(), &key.p].concat(),
        |key| key.p = vec![0; 128],
        |key| (key.p, key.q) = (key.n.clone(), vec![1]),
        |key| key.n = plus(&key.n, 2),
        |key| key.e = vec![1, 0, 3],
        |key| key.d = plus(&key.d, 2),
        |key| key.d = vec![],
        |key| key.d = [[1].as_slice(), &key.d].concat(),
        |key| key.dp = plus(&key.dp, 2),
        |key| key.dq = plus(&key.dq, 2),
        |key| key.q_inv = plus(&key.q_inv, 1),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut key = good.clone();
        change(&mut key);
        assert!(rejected(key.import()), "change {index}");
    }
    // Numbers of the right residue and the wrong range: dP + (p-1), qInv + p.
    let good = small_crt_numbers();
    assert!(good.import().is_ok());
    let mut key = good.clone();
    key.dp = sum(&key.dp, &minus_one(&key.p));
    assert!(rejected(key.import()));
    let mut key = good.clone();
    key.q_inv = sum(&key.q_inv, &key.p);
    assert!(rejected(key.import()));
    // Factors of another size of key.
    let parts = Components { p: &other.p, q: &other.q, ..good.parts() };
    assert!(rejected(PrivateKey::import(Words::Portable, &parts, &mut source(1))));
}

/// A key whose dP and qInv are so small that p-1 and p can be added in 1024 bits.
fn small_crt_numbers() -> TestKey {
    let words: Vec<&str> =
        VECTORS.lines().find(|line| line.starts_with("small_crt ")).unwrap().split(' ').collect();
    let (p, q) = (unhex(words[2]), unhex(words[3]));
    let (wide_p, wide_q) = (check::half::<{ U1024::LIMBS }>(&p).unwrap(), check::half(&q).unwrap());
    let d = int(&check::private_exponent(&wide_p, &wide_q, 65_537).unwrap());
    let modulo = |number: &BoxedUint, modulus: &[u8]| {
        number.rem(&NonZero::new(int(modulus)).unwrap()).to_be_bytes().to_vec()
    };
    let q_inv = int(&q).invert_mod(&NonZero::new(int(&p)).unwrap()).unwrap();
    TestKey {
        n: product(&p, &q),
        e: vec![1, 0, 1],
        d: d.to_be_bytes().to_vec(),
        dp: modulo(&d, &minus_one(&p)),
        dq: modulo(&d, &minus_one(&q)),
        q_inv: q_inv.to_be_bytes().to_vec(),
        p,
        q,
    }
}

fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    int(a).checked_add(&int(b)).unwrap().to_be_bytes().to_vec()
}

#[test]
fn import_refuses_every_flaw_of_the_factors() {
    let mut seen = Vec::new();
    for line in VECTORS.lines().filter(|line| line.starts_with("bad ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let (p, q) = (unhex(words[2]), unhex(words[3]));
        let n = product(&p, &q);
        // The public key shows nothing, so the refusal is that of the private check.
        assert!(PublicKey::new(Words::Portable, &n, &[1, 0, 1]).is_ok(), "{}", words[1]);
        let (wide_p, wide_q) =
            (check::half::<{ U1024::LIMBS }>(&p).unwrap(), check::half::<{ U1024::LIMBS }>(&q).unwrap());
        let is_prime = |number| {
            prime::miller_rabin::<_, 16>(Words::Portable, &Odd::new(number).unwrap(), 8, &mut source(4))
                .unwrap()
        };
        let verdicts = [
            ("small_prime", !check::large_enough(&wide_p) || !check::large_enough(&wide_q)),
            ("close", !check::far_apart(&wide_p, &wide_q)),
            ("gcd", !check::coprime_before(&wide_p, 65_537).unwrap()),
            ("composite", !is_prime(*wide_p) || !is_prime(*wide_q)),
            // Without an inverse there is no d to be small.
            ("small_d", words[1] != "gcd" && check::private_exponent(&wide_p, &wide_q, 65_537).is_err()),
        ];
        for (flaw, found) in verdicts {
            assert_eq!(found, flaw == words[1], "{flaw} of {}", words[1]);
        }
        for (p, q) in [(&p, &q), (&q, &p)] {
            let parts = Components { n: &n, e: &[1, 0, 1], p, q, d: None, crt: None };
            assert!(rejected(PrivateKey::import(Words::Portable, &parts, &mut source(1))), "{}", words[1]);
        }
        seen.push(String::from(words[1]));
    }
    assert_eq!(seen, ["small_prime", "close", "gcd", "composite", "small_d"]);
}

#[test]
fn import_passes_on_a_failure_of_the_source() {
    let key = TestKey::read(2048);
    let result = PrivateKey::import(Words::Portable, &key.parts(), &mut |_| Err(Error::EntropyFailed));
    assert_eq!(result.err(), Some(Error::EntropyFailed));
}

#[test]
fn bounds_are_exact() {
    // sqrt(2) 2^1023 = sqrt(2^2047), by an integer square root.
    let root = BoxedUint::one_with_precision(2048).shl(2047).floor_sqrt().resize_unchecked(1024);
    let root = U1024::from_be_slice(&root.to_be_bytes());
    assert!(!check::large_enough(&root));
    assert!(check::large_enough(&root.wrapping_add(&U1024::ONE)));
    // |p - q| > 2^924, in both orders.
    let limit = U1024::ONE.shl_vartime(924);
    let p = U1024::MAX.wrapping_sub(&limit).wrapping_sub(&U1024::ONE);
    for (distance, far) in [
        (U1024::ZERO, false),
        (limit, false),
        (limit.wrapping_add(&U1024::ONE), true),
        (limit.wrapping_sub(&U1024::ONE), false),
    ] {
        let q = p.wrapping_add(&distance);
        assert_eq!((check::far_apart(&p, &q), check::far_apart(&q, &p)), (far, far));
    }
}

#[test]
fn miller_rabin_knows_primes() {
    let key = TestKey::read(2048);
    let prime = Odd::new(U1024::from_be_slice(&key.p)).unwrap();
    assert_eq!(prime::miller_rabin::<_, 16>(Words::Portable, &prime, 5, &mut source(1)), Ok(true));
    for add in (2..60u32).step_by(2) {
        // The table of divisors agrees with division, and such a neighbour is no prime.
        let neighbour = Odd::new(prime.wrapping_add(&U1024::from_u32(add))).unwrap();
        let small = (3..=1621u32)
            .step_by(2)
            .any(|r| neighbour.rem_limb(NonZero::new(Limb::from_u32(r)).unwrap()) == Limb::ZERO);
        assert_eq!(prime::has_small_factor(&neighbour), small);
        if small {
            assert_eq!(
                prime::miller_rabin::<_, 16>(Words::Portable, &neighbour, 5, &mut source(1)),
                Ok(false)
            );
        }
    }
    // 2^1024 - 105 is prime (known as the largest 1024-bit prime), 2^1024 - 1 is not.
    let largest = U1024::MAX.wrapping_sub(&U1024::from_u32(104));
    assert_eq!(
        prime::miller_rabin::<_, 16>(Words::Portable, &Odd::new(largest).unwrap(), 5, &mut source(2)),
        Ok(true)
    );
    assert_eq!(
        prime::miller_rabin::<_, 16>(Words::Portable, &Odd::new(U1024::MAX).unwrap(), 5, &mut source(2)),
        Ok(false)
    );
    // Bases that never fit end the test.
    let stuck = prime::miller_rabin::<_, 16>(Words::Portable, &prime, 5, &mut |out| {
        out.fill(0);
        Ok(())
    });
    assert_eq!(stuck, Err(Error::EntropyFailed));
}

#[test]
fn generated_keys_pass_the_import_checks() {
    for (bits, seed) in [(2048, 11), (2048, 12), (3072, 13)] {
        let mut random = source(seed);
        let polls = Cell::new(0u32);
        let keep_going = || {
            polls.set(polls.get() + 1);
            true
        };
        let primes = generate(Words::Portable, bits, &mut random, &keep_going).unwrap();
        assert!(polls.get() > 1);
        let (p, q) = primes.split_at(primes.len() / 2);
        let n = product(p, q);
        let parts = Components { n: &n, e: &[1, 0, 1], p, q, d: None, crt: None };
        let (key, stored) = PrivateKey::import(Words::Portable, &parts, &mut random).unwrap();
        assert_eq!((stored, key.public().len() * 8), (primes.clone(), usize::try_from(bits).unwrap()));
    }
}

#[test]
fn generation_stops_when_it_is_told() {
    for allowed in [0u32, 1, 40] {
        let polls = Cell::new(0);
        let keep_going = || {
            polls.set(polls.get() + 1);
            polls.get() <= allowed
        };
        let result = generate(Words::Portable, 2048, &mut source(1), &keep_going);
        assert_eq!(result.err(), Some(Error::NotOperational));
        assert_eq!(polls.get(), allowed + 1);
    }
}

#[test]
fn generation_needs_a_working_source() {
    let mut left = 10;
    let mut good = source(1);
    let mut failing = |out: &mut [u8]| {
        left -= 1;
        if left == 0 { Err(Error::LimitReached) } else { good(out) }
    };
    assert_eq!(generate(Words::Portable, 2048, &mut failing, &|| true).err(), Some(Error::LimitReached));
    for stuck in [0x00, 0xff] {
        let mut random = |out: &mut [u8]| {
            out.fill(stuck);
            Ok(())
        };
        assert_eq!(generate(Words::Portable, 2048, &mut random, &|| true).err(), Some(Error::EntropyFailed));
    }
    for bits in [0, 1024, 2047, 2056, 8192] {
        assert_eq!(generate(Words::Portable, bits, &mut source(1), &|| true).err(), Some(Error::Unsupported));
    }
}
