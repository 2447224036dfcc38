//! RSA over AVX-512 IFMA, where the engine chose it: nothing, where it runs the portable implementation.

use alloc::vec;
use alloc::vec::Vec;

use zeroize::{Zeroize, Zeroizing};

use super::{PrivateOp, PublicOp, Random, portable};
use crate::boundary::backend::{Backends, Which, ifma_rsa};
use crate::error::{Error, Result};

pub(super) type Private = Option<ifma_rsa::PrivateKey>;
pub(super) type Public = Option<ifma_rsa::PublicKey>;
pub(super) type View<'k> = Option<ifma_rsa::PublicView<'k>>;

/// A pass costs the same with one lane as with eight; fewer operations than this are faster one by one. Measured on
/// AMD Zen 4: a pass of RSA-2048 takes as long as 4.4 private operations alone, or 5.9 public
/// ones.
const FEW_PRIVATE: usize = 5;
const FEW_PUBLIC: usize = 6;

pub(super) fn private(backends: &Backends, key: &portable::PrivateKey) -> Result<Private> {
    match backends.rsa {
        Which::Portable => Ok(None),
        Which::Ifma(_) => ifma_rsa::PrivateKey::new(key).map(Some),
    }
}

pub(super) fn public(backends: &Backends, key: &portable::PublicKey) -> Result<Public> {
    match backends.rsa {
        Which::Portable => Ok(None),
        Which::Ifma(_) => ifma_rsa::PublicKey::new(key).map(Some),
    }
}

pub(super) fn public_half(key: &Public) -> View<'_> {
    key.as_ref().map(ifma_rsa::PublicKey::public)
}

pub(super) fn public_of(key: &Private) -> View<'_> {
    key.as_ref().map(ifma_rsa::PrivateKey::public)
}

pub(super) fn private_op(
    key: &Private,
    input: &[u8],
    out: &mut [u8],
    random: &mut Random<'_>,
) -> Option<Result<()>> {
    key.as_ref().map(|key| key.private_op(input, out, random))
}

pub(super) fn public_op(key: View<'_>, input: &[u8], out: &mut [u8]) -> Option<Result<()>> {
    key.map(|key| key.public_op(input, out))
}

/// False, and nothing done, where the operations are to go one by one. Each lane's blinding is drawn first; a
/// lane that gets none is left out.
pub(super) fn private_pass(ops: &mut [&mut PrivateOp<'_>], random: &mut Random<'_>) -> bool {
    let len = ops.first().map_or(0, |op| op.key.public().len());
    if ops.len() < FEW_PRIVATE || ops.iter().any(|op| op.key.fast.is_none()) {
        return false;
    }
    let mut blinding = Zeroizing::new(vec![0; len.saturating_mul(ops.len())]);
    let (mut ready, mut answers) = (Vec::with_capacity(ops.len()), Vec::with_capacity(ops.len()));
    for (op, blinding) in ops.iter_mut().zip(blinding.chunks_exact_mut(len)) {
        let PrivateOp { key, input, out, result } = &mut **op;
        let Some(key) = &key.fast else { continue };
        if let Err(error) = random(blinding) {
            out.zeroize();
            *result = Err(error);
            continue;
        }
        let result_of_pass = Err(Error::Corrupted);
        ready.push(ifma_rsa::PrivateLane { key, input, random: blinding, out, result: result_of_pass });
        answers.push(result);
    }
    ifma_rsa::private_many(&mut ready);
    for (lane, answer) in ready.iter().zip(answers) {
        *answer = lane.result;
    }
    true
}

/// The same for public operations.
pub(super) fn public_pass(ops: &mut [&mut PublicOp<'_>]) -> bool {
    if ops.len() < FEW_PUBLIC || ops.iter().any(|op| op.key.fast.is_none()) {
        return false;
    }
    let (mut ready, mut answers) = (Vec::with_capacity(ops.len()), Vec::with_capacity(ops.len()));
    for PublicOp { key, input, out, result } in ops.iter_mut().map(|op| &mut **op) {
        let Some(key) = key.fast else { continue };
        ready.push(ifma_rsa::PublicLane { key, input, out, result: Err(Error::Corrupted) });
        answers.push(result);
    }
    ifma_rsa::public_many(&mut ready);
    for (lane, answer) in ready.iter().zip(answers) {
        *answer = lane.result;
    }
    true
}
