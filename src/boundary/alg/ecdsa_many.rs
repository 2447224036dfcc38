//! ECDSA in groups: FIPS 186-5 (February 2023), section 6, each lane as ecdsa.rs does it alone. The same
//! digests, the same candidates for k in the same order, and so the same answers.

use core::array;
use core::marker::PhantomData;

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::ecdsa::{
    MAX_FIELD, MAX_TRIES, Named, P256_DETERMINISTIC, P256_FILE, P256_SIGN, P256_VERIFY, P384_FILE, P384_SIGN,
    P384_VERIFY,
};
use super::ecdsa_nonce::NonceGenerator;
use crate::algorithm::{Hash, Params};
use crate::boundary::backend::ec_lanes::{Grouped, Signing, Verifying};
use crate::boundary::backend::portable::ec::{P256, P384, PrivateKey, PublicKey};
use crate::boundary::backend::portable::hash;
use crate::boundary::backend::{Backends, Lanes};
use crate::boundary::batch::{Group, Judging, LANES, Making, permits};
use crate::boundary::key::{Material, material_many};
use crate::boundary::tools::Tools;
use crate::error::{Error, Result, attempt};
use crate::kat;
use crate::policy::ops::{Sign, Verify};
use crate::state::{Staged, TestId};

// -- cells --

/// Signs the messages of a group: `r || s`, each as long as the field.
pub(in crate::boundary) fn sign<C: Named + Grouped>(
    jobs: &mut Group<Making<'_, '_, Sign>>,
    tools: &mut Tools<'_>,
) {
    let mut orders: Lanes<Order> = jobs.each_ref().map(|making| {
        making.as_ref().map(|making| Order::new::<C>(making.job.params, making.job.input, tools))
    });
    let permits = permits(jobs);
    let backends = tools.backends;
    material_many(permits, |materials| {
        let mut lanes: Lanes<Whole<'_, C>> = array::from_fn(|_| None);
        for ((lane, order), material) in lanes.iter_mut().zip(&mut orders).zip(materials) {
            let Some(order) = order else { continue };
            *lane = Whole::of(order, material);
        }
        sign_raw::<C>(&backends, &mut lanes);
    });
    for (making, order) in jobs.iter_mut().zip(orders) {
        if let (Some(making), Some(order)) = (making, order) {
            let staged = core::mem::replace(&mut making.out, Err(Error::Corrupted));
            making.out = staged.and_then(|mut staged| order.deliver::<C>(&mut staged).map(|()| staged));
        }
    }
}

/// Verifies the signatures of a group.
pub(in crate::boundary) fn verify<C: Named + Grouped>(
    jobs: &mut Group<Judging<'_, '_, Verify>>,
    backends: &Backends,
) {
    let mut verdicts: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let mut digests = [[0; MAX_HASH]; LANES];
    let permits = jobs.each_ref().map(|judging| judging.as_ref()?.job.permit().ok());
    material_many(permits, |materials| {
        let mut lanes: Lanes<Verifying<'_, C>> = array::from_fn(|_| None);
        let places = lanes.iter_mut().zip(&mut digests).zip(&mut verdicts);
        for (((lane, digest), verdict), (judging, material)) in places.zip(jobs.iter().zip(materials)) {
            let Some(judging) = judging else { continue };
            let ready = attempt(move || {
                let digest = digest_of(judging.job.params, judging.job.input, digest)?;
                let key = C::public(material.ok_or(Error::Corrupted)?.prepared())?;
                Ok(Verifying::new(key, digest, judging.proof))
            });
            match ready {
                Ok(ready) => *lane = Some(ready),
                Err(error) => *verdict = Err(error),
            }
        }
        C::verify_lanes(backends, &mut lanes);
        for (lane, verdict) in lanes.iter().zip(&mut verdicts) {
            if let Some(lane) = lane {
                *verdict = lane.verdict;
            }
        }
    });
    for (judging, verdict) in jobs.iter_mut().zip(verdicts) {
        if let Some(judging) = judging {
            judging.verdict = verdict;
        }
    }
}

// -- raw --

/// Longest digest.
const MAX_HASH: usize = 64;

/// One signature that is asked for, with all that is not the key's; then its answer.
struct Order {
    hash: Hash,
    digest: [u8; MAX_HASH],
    /// Fresh random bytes of a hedged signature.
    z: Option<Zeroizing<[u8; MAX_FIELD]>>,
    signature: Zeroizing<[u8; 2 * MAX_FIELD]>,
    answer: Result<()>,
}

impl Order {
    fn new<C: Named>(params: &Params<'_>, message: &[u8], tools: &mut Tools<'_>) -> Self {
        let mut order = Self {
            hash: params.hash.unwrap_or(Hash::Sha256),
            digest: [0; MAX_HASH],
            z: None,
            signature: Zeroizing::new([0; 2 * MAX_FIELD]),
            answer: Ok(()),
        };
        order.answer = (|| {
            digest_of(params, message, &mut order.digest)?;
            if !params.deterministic {
                let z = order.z.insert(Zeroizing::new([0; MAX_FIELD]));
                tools.secret(z.get_mut(..C::FIELD).ok_or(Error::Corrupted)?)?;
            }
            Ok(())
        })();
        order
    }

    fn deliver<C: Named>(self, staged: &mut Staged<'_>) -> Result<()> {
        self.answer?;
        let len = C::FIELD.saturating_mul(2);
        let signature = self.signature.get(..len).ok_or(Error::Corrupted)?;
        staged.claim(len)?.copy_from_slice(signature);
        Ok(())
    }
}

/// The same with its key.
struct Whole<'l, C: Named> {
    key: &'l PrivateKey<C>,
    d: &'l [u8],
    hash: Hash,
    digest: &'l [u8],
    z: Option<&'l [u8]>,
    signature: &'l mut [u8],
    answer: &'l mut Result<()>,
}

impl<'l, C: Named> Whole<'l, C> {
    /// Nothing, when the order has its answer already.
    fn of(order: &'l mut Order, material: Option<&'l Material<'_>>) -> Option<Self> {
        let Order { hash, digest, z, signature, answer } = order;
        (*answer).ok()?;
        // From here on only its lane says otherwise.
        *answer = Err(Error::Corrupted);
        let material = material?;
        Some(Self {
            key: C::private(material.prepared()).ok()?,
            d: material.secret(),
            hash: *hash,
            digest: digest.get(..hash.output_len())?,
            z: match z {
                Some(z) => Some(z.get(..C::FIELD)?),
                None => None,
            },
            signature: signature.get_mut(..C::FIELD.saturating_mul(2))?,
            answer,
        })
    }
}

/// FIPS 186-5, 6.4.1, in every lane. A lane whose k cannot be used tries its next one, as it would alone.
fn sign_raw<C: Named + Grouped>(backends: &Backends, lanes: &mut Lanes<Whole<'_, C>>) {
    let order = <C as Named>::ORDER;
    let mut candidates: Lanes<NonceGenerator<'_>> = array::from_fn(|_| None);
    for (lane, candidates) in lanes.iter_mut().zip(&mut candidates) {
        let Some(lane) = lane else { continue };
        match NonceGenerator::new(lane.hash, &order, lane.d, lane.digest, lane.z) {
            Ok(generator) => *candidates = Some(generator),
            Err(error) => *lane.answer = Err(error),
        }
    }
    for _ in 0..MAX_TRIES {
        if candidates.iter().all(Option::is_none) {
            break;
        }
        try_once::<C>(backends, lanes, &mut candidates);
    }
    for (lane, candidates) in lanes.iter_mut().zip(&candidates) {
        if let (Some(lane), Some(_)) = (lane, candidates) {
            *lane.answer = Err(Error::EntropyFailed);
        }
    }
    check_deterministic::<C>(backends, lanes);
}

/// One k for every lane that has none yet. A lane that is served gives its generator up.
fn try_once<C: Named + Grouped>(
    backends: &Backends,
    lanes: &mut Lanes<Whole<'_, C>>,
    candidates: &mut Lanes<NonceGenerator<'_>>,
) {
    let mut ks = Zeroizing::new([[0; MAX_FIELD]; LANES]);
    let mut signing: Lanes<Signing<'_, C>> = array::from_fn(|_| None);
    let places = signing.iter_mut().zip(ks.iter_mut());
    for ((place, k), (lane, candidates)) in places.zip(lanes.iter_mut().zip(candidates.iter_mut())) {
        let (Some(lane), Some(generator)) = (lane, &mut *candidates) else { continue };
        let k = k.get_mut(..C::FIELD).ok_or(Error::Corrupted).and_then(|k| {
            generator.next(k)?;
            Ok(k)
        });
        match k {
            Ok(k) => *place = Some(Signing::new(lane.key, lane.d, k, lane.digest, lane.signature)),
            Err(error) => {
                *lane.answer = Err(error);
                *candidates = None;
            }
        }
    }
    C::sign_lanes(backends, &mut signing);
    let made: [Option<Result<bool>>; LANES] = signing.map(|lane| lane.map(|lane| lane.made));
    for ((made, lane), candidates) in made.into_iter().zip(lanes.iter_mut()).zip(candidates) {
        let (Some(made), Some(lane)) = (made, lane) else { continue };
        if made != Ok(false) {
            *lane.answer = made.map(|_| ());
            *candidates = None;
        }
    }
}

/// The result of a deterministic signature is verified before release: a fault in it would give the key away.
fn check_deterministic<C: Named + Grouped>(backends: &Backends, lanes: &mut Lanes<Whole<'_, C>>) {
    let mut verifying: Lanes<Verifying<'_, C>> = lanes.each_ref().map(|lane| {
        let lane = lane.as_ref().filter(|lane| lane.z.is_none() && lane.answer.is_ok())?;
        Some(Verifying::new(lane.key.public_key(), lane.digest, lane.signature))
    });
    if verifying.iter().all(Option::is_none) {
        return;
    }
    C::verify_lanes(backends, &mut verifying);
    let verdicts = verifying.map(|lane| lane.map(|lane| lane.verdict));
    for (lane, verdict) in lanes.iter_mut().zip(verdicts) {
        if let (Some(lane), Some(Err(_))) = (lane, verdict) {
            *lane.answer = Err(Error::Corrupted);
        }
    }
}

fn digest_of<'d>(params: &Params<'_>, message: &[u8], digest: &'d mut [u8; MAX_HASH]) -> Result<&'d [u8]> {
    let hash = params.hash.ok_or(Error::InvalidArgument)?;
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[message], digest)?;
    Ok(digest)
}

// -- casts --

pub(in crate::boundary) static P256_SIGN_MANY: Cast = Cast {
    id: TestId(160),
    name: "ECDSA-P256 batch sign",
    at_power_on: false,
    depends_on: &[&P256_SIGN, &P256_DETERMINISTIC],
    run: |check| signs(check, &P256_KNOWN),
};
pub(in crate::boundary) static P256_VERIFY_MANY: Cast = Cast {
    id: TestId(161),
    name: "ECDSA-P256 batch verify",
    at_power_on: false,
    depends_on: &[&P256_VERIFY],
    run: |check| verifies(check, &P256_KNOWN),
};
pub(in crate::boundary) static P384_SIGN_MANY: Cast = Cast {
    id: TestId(163),
    name: "ECDSA-P384 batch sign",
    at_power_on: false,
    depends_on: &[&P384_SIGN, &P256_DETERMINISTIC],
    run: |check| signs(check, &P384_KNOWN),
};
pub(in crate::boundary) static P384_VERIFY_MANY: Cast = Cast {
    id: TestId(164),
    name: "ECDSA-P384 batch verify",
    at_power_on: false,
    depends_on: &[&P384_VERIFY],
    run: |check| verifies(check, &P384_KNOWN),
};

/// A known signature: private key, point, digest, k and signature.
type Signed<const F: usize, const Q: usize, const S: usize> = ([u8; F], [u8; Q], [u8; F], [u8; F], [u8; S]);

/// Known answers of a curve.
struct Known<C, const F: usize, const Q: usize, const S: usize> {
    hash: Hash,
    sign: Signed<F, Q, S>,
    deterministic: Signed<F, Q, S>,
    verify: ([u8; Q], [u8; F], [u8; S]),
    curve: PhantomData<fn(C)>,
}

static P256_KNOWN: Known<P256, 32, 65, 64> = Known {
    hash: Hash::Sha256,
    sign: (
        kat::hex(P256_FILE, "sign_d"),
        kat::hex(P256_FILE, "sign_q"),
        kat::hex(P256_FILE, "sign_digest"),
        kat::hex(P256_FILE, "sign_k"),
        kat::hex(P256_FILE, "sign_sig"),
    ),
    deterministic: (
        kat::hex(P256_FILE, "det_d"),
        kat::hex(P256_FILE, "det_q"),
        kat::hex(P256_FILE, "det_digest"),
        kat::hex(P256_FILE, "det_k"),
        kat::hex(P256_FILE, "det_sig"),
    ),
    verify: (
        kat::hex(P256_FILE, "verify_q"),
        kat::hex(P256_FILE, "verify_digest"),
        kat::hex(P256_FILE, "verify_sig"),
    ),
    curve: PhantomData,
};

static P384_KNOWN: Known<P384, 48, 97, 96> = Known {
    hash: Hash::Sha384,
    sign: (
        kat::hex(P384_FILE, "sign_d"),
        kat::hex(P384_FILE, "sign_q"),
        kat::hex(P384_FILE, "sign_digest"),
        kat::hex(P384_FILE, "sign_k"),
        kat::hex(P384_FILE, "sign_sig"),
    ),
    deterministic: (
        kat::hex(P384_FILE, "det_d"),
        kat::hex(P384_FILE, "det_q"),
        kat::hex(P384_FILE, "det_digest"),
        kat::hex(P384_FILE, "det_k"),
        kat::hex(P384_FILE, "det_sig"),
    ),
    verify: (
        kat::hex(P384_FILE, "verify_q"),
        kat::hex(P384_FILE, "verify_digest"),
        kat::hex(P384_FILE, "verify_sig"),
    ),
    curve: PhantomData,
};

/// Lanes that a self-test fills.
const TESTED: usize = 8;

/// Neighbouring lanes have different keys, digests and k: an answer in the wrong lane is seen. Then k made
/// inside, in every lane.
fn signs<C: Named + Grouped, const F: usize, const Q: usize, const S: usize>(
    check: &mut Check,
    known: &Known<C, F, Q, S>,
) -> Result<()> {
    let (given, made) = (&known.sign, &known.deterministic);
    let backends = *check.backends();
    let (given_key, made_key) =
        (PrivateKey::<C>::new(&backends, &given.0)?, PrivateKey::<C>::new(&backends, &made.0)?);
    let mut signatures = [[0; S]; TESTED];
    let mut each = signatures.iter_mut().enumerate();
    let mut lanes: Lanes<Signing<'_, C>> = array::from_fn(|_| {
        let (lane, signature) = each.next()?;
        let (key, of) = if lane.is_multiple_of(2) { (&given_key, given) } else { (&made_key, made) };
        Some(Signing::new(key, &of.0, &of.3, &of.2, signature))
    });
    C::sign_lanes(&backends, &mut lanes);
    for (signature, stored) in signatures.iter_mut().zip([&given.4, &made.4].into_iter().cycle()) {
        check.equal(signature, stored)?;
    }

    let mut signatures = [[0; S]; TESTED];
    let mut answers = [Err(Error::Corrupted); TESTED];
    let mut each = signatures.iter_mut().zip(&mut answers);
    let mut lanes: Lanes<Whole<'_, C>> = array::from_fn(|_| {
        let (signature, answer) = each.next()?;
        let (key, d, digest) = (&made_key, &made.0, &made.2);
        Some(Whole { key, d, hash: known.hash, digest, z: None, signature, answer })
    });
    sign_raw::<C>(&backends, &mut lanes);
    for (signature, answer) in signatures.iter_mut().zip(answers) {
        answer?;
        check.equal(signature, &made.4)?;
    }
    Ok(())
}

/// Every other signature is good; the rest are good ones of another key or of another digest.
fn verifies<C: Named + Grouped, const F: usize, const Q: usize, const S: usize>(
    check: &mut Check,
    known: &Known<C, F, Q, S>,
) -> Result<()> {
    let (one, two, three) = (&known.verify, &known.sign, &known.deterministic);
    let a = PublicKey::<C>::new(check.backends(), &one.0)?;
    let b = PublicKey::<C>::new(check.backends(), &two.1)?;
    let c = PublicKey::<C>::new(check.backends(), &three.1)?;
    let mut each = [
        (&a, &one.1, &one.2),
        (&a, &two.2, &one.2),
        (&b, &two.2, &two.4),
        (&b, &two.2, &one.2),
        (&c, &three.2, &three.4),
        (&b, &three.2, &three.4),
        (&a, &one.1, &one.2),
        (&c, &one.1, &three.4),
    ]
    .into_iter();
    let mut lanes: Lanes<Verifying<'_, C>> = array::from_fn(|_| {
        let (key, digest, signature) = each.next()?;
        Some(Verifying::new(key, digest, signature))
    });
    C::verify_lanes(check.backends(), &mut lanes);
    for (lane, good) in lanes.iter().flatten().zip([true, false].into_iter().cycle()) {
        match good {
            true => check.accepts(lane.verdict)?,
            false => check.rejects(lane.verdict)?,
        }
    }
    Ok(())
}
