//! Groups of elliptic-curve operations in the lanes of AVX-512 IFMA: from the contract's lanes to the kernels' and
//! back. What the kernels leave to their caller is done here, lane by lane: lengths, and the bits of a digest
//! that count.

use core::array;
use std::vec::Vec;

use super::{Agreeing, Signing, Verifying};
use crate::boundary::backend::Lanes;
use crate::boundary::backend::ifma::ecdsa::{AgreeLane, SignLane, VerifyLane};
use crate::boundary::backend::ifma::{Ifma, p256, p384};
use crate::boundary::backend::portable::ec::{Curve, P256, P384, PublicKey, bits2int};
use crate::boundary::batch::LANES;
use crate::error::{Error, Result};

/// The kernels of a curve whose numbers have F bytes.
pub(super) trait Kernels<const F: usize>: Curve {
    fn sign(cpu: Ifma, lanes: &mut [SignLane<'_, F>]);
    fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_, F>]);
    fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_, F>]);
}

impl Kernels<32> for P256 {
    fn sign(cpu: Ifma, lanes: &mut [SignLane<'_, 32>]) {
        p256::sign(cpu, lanes);
    }

    fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_, 32>]) {
        p256::verify(cpu, lanes);
    }

    fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_, 32>]) {
        p256::agree(cpu, lanes);
    }
}

impl Kernels<48> for P384 {
    fn sign(cpu: Ifma, lanes: &mut [SignLane<'_, 48>]) {
        p384::sign(cpu, lanes);
    }

    fn verify(cpu: Ifma, lanes: &mut [VerifyLane<'_, 48>]) {
        p384::verify(cpu, lanes);
    }

    fn agree(cpu: Ifma, lanes: &mut [AgreeLane<'_, 48>]) {
        p384::agree(cpu, lanes);
    }
}

/// A lane that is not filled is left out: kernels take as many as there are.
pub(super) fn sign<C: Kernels<F>, const F: usize>(cpu: Ifma, lanes: &mut Lanes<Signing<'_, C>>) {
    let digests: Vec<[u8; F]> = lanes.iter().flatten().map(|lane| leftmost(lane.digest)).collect();
    let (mut ready, mut answers) = (Vec::with_capacity(LANES), Vec::with_capacity(LANES));
    for (lane, digest) in lanes.iter_mut().flatten().zip(&digests) {
        let Signing { d, k, signature, made, .. } = lane;
        signature.fill(0);
        let (Some(d), Some(k), Some((r, s))) = (number(d), number(k), two_mut(signature)) else {
            *made = Err(Error::InvalidArgument);
            continue;
        };
        ready.push(SignLane { d, k, digest, r, s, ok: false });
        answers.push(made);
    }
    C::sign(cpu, &mut ready);
    for (lane, made) in ready.iter().zip(answers) {
        *made = Ok(lane.ok);
    }
}

pub(super) fn verify<C: Kernels<F>, const F: usize>(cpu: Ifma, lanes: &mut Lanes<Verifying<'_, C>>) {
    let digests: Vec<[u8; F]> = lanes.iter().flatten().map(|lane| leftmost(lane.digest)).collect();
    let points: Vec<Result<Point>> = lanes.iter().flatten().map(|lane| Point::of::<C, F>(lane.key)).collect();
    let (mut ready, mut answers) = (Vec::with_capacity(LANES), Vec::with_capacity(LANES));
    for ((lane, digest), point) in lanes.iter_mut().flatten().zip(&digests).zip(&points) {
        let Some((r, s)) = two(lane.signature) else {
            lane.verdict = Err(Error::Rejected);
            continue;
        };
        let Some(q) = point.as_ref().ok().and_then(Point::coordinates) else { continue };
        ready.push(VerifyLane { q, digest, r, s, ok: false });
        answers.push(&mut lane.verdict);
    }
    C::verify(cpu, &mut ready);
    for (lane, verdict) in ready.iter().zip(answers) {
        *verdict = if lane.ok { Ok(()) } else { Err(Error::Rejected) };
    }
}

/// The peers' keys were validated as they were decoded (decision 029).
pub(super) fn agree<C: Kernels<F>, const F: usize>(cpu: Ifma, lanes: &mut Lanes<Agreeing<'_, C>>) {
    let points: Vec<Result<Point>> =
        lanes.iter().flatten().map(|lane| Point::of::<C, F>(lane.peer)).collect();
    let (mut ready, mut answers) = (Vec::with_capacity(LANES), Vec::with_capacity(LANES));
    for (lane, point) in lanes.iter_mut().flatten().zip(&points) {
        let Agreeing { d, z, agreed, .. } = lane;
        z.fill(0);
        let Some(q) = point.as_ref().ok().and_then(Point::coordinates) else { continue };
        let (Some(d), Ok(z)) = (number(d), <&mut [u8; F]>::try_from(&mut **z)) else {
            *agreed = Err(Error::InvalidArgument);
            continue;
        };
        ready.push(AgreeLane { d, q, z, ok: false });
        answers.push(agreed);
    }
    C::agree(cpu, &mut ready);
    for (lane, agreed) in ready.iter_mut().zip(answers) {
        *agreed = if lane.ok {
            Ok(())
        } else {
            lane.z.fill(0);
            Err(Error::Rejected)
        };
    }
}

/// The coordinates of a public key, in the first bytes of each half.
struct Point([[u8; MAX_FIELD]; 2], usize);

const MAX_FIELD: usize = 48;

impl Point {
    fn of<C: Curve, const F: usize>(key: &PublicKey<C>) -> Result<Self> {
        let mut sec1 = [0; 2 * MAX_FIELD + 1];
        let len = F.saturating_mul(2).saturating_add(1);
        key.bytes(sec1.get_mut(..len).ok_or(Error::Corrupted)?)?;
        let mut halves = [[0; MAX_FIELD]; 2];
        for (half, from) in halves.iter_mut().zip(sec1.get(1..len).ok_or(Error::Corrupted)?.chunks_exact(F)) {
            half.get_mut(..F).ok_or(Error::Corrupted)?.copy_from_slice(from);
        }
        Ok(Self(halves, F))
    }

    fn coordinates<const F: usize>(&self) -> Option<[&[u8; F]; 2]> {
        let [x, y] = &self.0;
        Some([number(x.get(..self.1)?)?, number(y.get(..self.1)?)?])
    }
}

fn number<const F: usize>(bytes: &[u8]) -> Option<&[u8; F]> {
    bytes.try_into().ok()
}

fn two<const F: usize>(pair: &[u8]) -> Option<(&[u8; F], &[u8; F])> {
    let (first, second) = pair.split_at_checked(F)?;
    Some((number(first)?, number(second)?))
}

fn two_mut<const F: usize>(pair: &mut [u8]) -> Option<(&mut [u8; F], &mut [u8; F])> {
    let (first, second) = pair.split_at_mut_checked(F)?;
    Some((first.try_into().ok()?, second.try_into().ok()?))
}

/// The bits of a digest that count: n of these curves has whole bytes.
fn leftmost<const F: usize>(digest: &[u8]) -> [u8; F] {
    let mut bits = array::from_fn(|_| 0);
    bits2int(digest, u32::try_from(F).unwrap_or(0).saturating_mul(8), &mut bits);
    bits
}
