//! Groups of Ed25519 in the lanes of AVX-512 IFMA: the kernels compute with points and numbers, and what is hashed
//! between (RFC 8032, 5.1.6 and 5.1.7) is hashed here, lane by lane.

use std::vec::Vec;

use zeroize::{Zeroize, Zeroizing};

use super::{Signing, Verifying};
use crate::algorithm::Hash;
use crate::boundary::backend::Lanes;
use crate::boundary::backend::ifma::{Ifma, ed25519};
use crate::boundary::backend::portable::hash::digest;
use crate::boundary::batch::LANES;
use crate::error::{Error, Result};

/// Fewer lanes than this are faster one by one.
pub(super) const FEW: usize = 3;

/// What a signature goes through.
#[derive(Clone, Copy, Zeroize)]
struct Work {
    /// SHA-512 of the prefix and the message, secret; then of R, the key and the message.
    digest: [u8; 64],
    /// The first modulo L, secret.
    r: [u8; 32],
    /// The encoding of R.
    point: [u8; 32],
    s: [u8; 32],
}

pub(super) fn sign(cpu: Ifma, lanes: &mut Lanes<Signing<'_>>) {
    let made = sign_all(cpu, lanes);
    lanes.iter_mut().flatten().for_each(|lane| lane.made = made);
}

fn sign_all(cpu: Ifma, lanes: &mut Lanes<Signing<'_>>) -> Result<()> {
    let empty = Work { digest: [0; 64], r: [0; 32], point: [0; 32], s: [0; 32] };
    let mut work = Zeroizing::new([empty; LANES]);
    let count = lanes.iter().flatten().count();
    let work = work.get_mut(..count).ok_or(Error::Corrupted)?;

    for (lane, work) in lanes.iter().flatten().zip(work.iter_mut()) {
        digest(Hash::Sha512, &[lane.key.prefix(), lane.message], &mut work.digest)?;
    }
    let commits =
        work.iter_mut().map(|Work { digest, r, point, .. }| ed25519::CommitLane { digest, r, point });
    ed25519::commit(cpu, &mut commits.collect::<Vec<_>>());

    for (lane, work) in lanes.iter().flatten().zip(work.iter_mut()) {
        let parts = [work.point.as_slice(), &lane.key.public_key(), lane.message];
        digest(Hash::Sha512, &parts, &mut work.digest)?;
    }
    let responds = lanes.iter().flatten().zip(work.iter_mut()).map(|(lane, work)| {
        let Work { digest, r, s, .. } = work;
        ed25519::RespondLane { r, digest, scalar: lane.key.scalar(), s }
    });
    ed25519::respond(cpu, &mut responds.collect::<Vec<_>>());

    for (lane, work) in lanes.iter_mut().flatten().zip(work.iter()) {
        let (point, s) = lane.signature.split_at_mut(32);
        point.copy_from_slice(&work.point);
        s.copy_from_slice(&work.s);
    }
    Ok(())
}

pub(super) fn verify(cpu: Ifma, lanes: &mut Lanes<Verifying<'_>>) {
    let mut inputs = [([0; 32], [0; 64]); LANES];
    let (mut ready, mut verdicts) = (Vec::with_capacity(LANES), Vec::with_capacity(LANES));
    for (lane, (public, hashed)) in lanes.iter_mut().flatten().zip(&mut inputs) {
        let Verifying { key, message, signature, verdict } = lane;
        let Some((r, s)) = halves(signature) else {
            *verdict = Err(Error::Rejected);
            continue;
        };
        *public = key.bytes();
        if let Err(error) = digest(Hash::Sha512, &[r, public, message], hashed) {
            *verdict = Err(error);
            continue;
        }
        ready.push(ed25519::VerifyLane { public, digest: hashed, r, s, ok: false });
        verdicts.push(verdict);
    }
    ed25519::verify(cpu, &mut ready);
    for (lane, verdict) in ready.iter().zip(verdicts) {
        *verdict = if lane.ok { Ok(()) } else { Err(Error::Rejected) };
    }
}

/// R and S of a signature of the right length.
fn halves(signature: &[u8]) -> Option<(&[u8; 32], &[u8; 32])> {
    let (r, s) = signature.split_first_chunk()?;
    Some((r, s.try_into().ok()?))
}
