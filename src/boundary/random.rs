//! The DRBGs of the module as services see them: seeded and reseeded from the one registered source.
//!
//! Keys, nonces and salts come from here and from nowhere else. Each session has two instances, one for
//! secrets and one for public values (DRBG-10), so that no lock is shared on the way.

use zeroize::{Zeroize, Zeroizing};

use super::drbg::{CtrDrbg, MAX_REQUEST};
use crate::entropy::Monitored;
use crate::error::{Error, Result};
use crate::sync::Lock;

/// Output between reseeds in bytes: 2^17 bits (DRBG-2).
const RESEED_AFTER: u64 = 1 << 14;
/// Room for the entropy input of one seeding, raw samples included.
const SEED_ROOM: usize = 2560;

/// The registered entropy source behind its health tests.
pub(crate) struct EntropyPool(Lock<Option<Monitored>>);

impl EntropyPool {
    pub(crate) fn new(source: Monitored) -> Self {
        Self(Lock::new(Some(source)))
    }

    /// Gathers enough for `bits` of min-entropy; answers how many bytes that took.
    fn gather(&self, bits: usize, out: &mut [u8]) -> Result<usize> {
        self.0.lock()?.as_mut().ok_or(Error::EntropyFailed)?.gather(bits, out)
    }

    /// Consecutive failures of the health tests.
    pub(crate) fn failures(&self) -> u32 {
        let source = self.0.lock();
        source.map_or(0, |source| source.as_ref().map_or(0, Monitored::consecutive_failures))
    }

    /// What the source claims.
    pub(crate) fn claim(&self) -> Option<crate::entropy::EntropyClaim> {
        self.0.lock().ok()?.as_ref().map(Monitored::claim)
    }

    /// Takes the source out, for the next power cycle.
    pub(crate) fn take(&self) -> Option<Monitored> {
        self.0.lock_to_wipe()?.take()
    }
}

/// One instance of CTR_DRBG-AES-256.
pub(crate) struct Drbg {
    mechanism: CtrDrbg,
    fork: u32,
}

impl Drbg {
    /// Instantiates: 256 bits of entropy, a 128-bit nonce from the same source, and a
    /// personalisation string that no other instance has (DRBG-14).
    pub(crate) fn new(pool: &EntropyPool, purpose: &str, instance: u32) -> Result<Self> {
        let mut personalisation = [0u8; 48];
        let parts =
            [b"strongroom ".as_slice(), env!("CARGO_PKG_VERSION").as_bytes(), b" ", purpose.as_bytes()];
        let text = parts.iter().flat_map(|part| part.iter());
        for (to, from) in personalisation.iter_mut().zip(text) {
            *to = *from;
        }
        let number = instance.to_be_bytes();
        for (to, from) in personalisation.iter_mut().rev().zip(number) {
            *to = from;
        }
        let mut entropy = Zeroizing::new([0u8; SEED_ROOM]);
        let mut nonce = Zeroizing::new([0u8; SEED_ROOM]);
        let entropy_len = pool.gather(256, &mut *entropy)?;
        let nonce_len = pool.gather(128, &mut *nonce)?;
        let mechanism = CtrDrbg::instantiate(
            entropy.get(..entropy_len).ok_or(Error::EntropyFailed)?,
            nonce.get(..nonce_len).ok_or(Error::EntropyFailed)?,
            &personalisation,
        )?;
        Ok(Self { mechanism, fork: crate::fork::generation() })
    }

    /// Fills `out`; on failure it is zeroed (DRBG-12).
    pub(crate) fn fill(&mut self, pool: &EntropyPool, out: &mut [u8]) -> Result<()> {
        let filled = self.fill_pieces(pool, out);
        if filled.is_err() {
            out.zeroize();
        }
        filled
    }

    fn fill_pieces(&mut self, pool: &EntropyPool, out: &mut [u8]) -> Result<()> {
        // DRBG-3: long requests in pieces, the need to reseed checked for each.
        for piece in out.chunks_mut(MAX_REQUEST.min(usize::try_from(RESEED_AFTER).unwrap_or(MAX_REQUEST))) {
            let fork = crate::fork::generation();
            let want = u64::try_from(piece.len()).map_err(|_| Error::InvalidArgument)?;
            let due = self.mechanism.bytes_since_reseed().saturating_add(want) > RESEED_AFTER;
            if due || fork != self.fork {
                self.reseed(pool)?;
                self.fork = fork;
            }
            self.mechanism.generate(piece, &[])?;
        }
        Ok(())
    }

    fn reseed(&mut self, pool: &EntropyPool) -> Result<()> {
        let mut entropy = Zeroizing::new([0u8; SEED_ROOM]);
        let len = pool.gather(256, &mut *entropy)?;
        self.mechanism.reseed(entropy.get(..len).ok_or(Error::EntropyFailed)?, &[])
    }
}

/// The instances of one session.
pub(crate) struct Generators {
    pub(crate) secret: Drbg,
    pub(crate) public: Drbg,
    /// Output of `public` that is not handed out yet.
    ready: Ready,
}

impl Generators {
    pub(crate) fn new(pool: &EntropyPool, session: u32) -> Result<Self> {
        Ok(Self {
            secret: Drbg::new(pool, "secret", session)?,
            public: Drbg::new(pool, "public", session)?,
            ready: Ready { bytes: [0; READY], left: 0, fork: 0 },
        })
    }

    /// A few bytes that will be seen, an IV above all: drawn many at a time, because one request to the
    /// mechanism costs as much as sealing a short message. No byte is handed out twice, and none across a
    /// fork.
    pub(crate) fn few_public(&mut self, pool: &EntropyPool, out: &mut [u8]) -> Result<()> {
        if out.len() > FEW {
            return self.public.fill(pool, out);
        }
        let fork = crate::fork::generation();
        if self.ready.left < out.len() || self.ready.fork != fork {
            self.ready.left = 0;
            if let Err(error) = self.public.fill(pool, &mut self.ready.bytes) {
                out.zeroize();
                return Err(error);
            }
            self.ready.left = READY;
            self.ready.fork = fork;
        }
        self.ready.take(out)
    }
}

/// Longest request that is served from what is ready.
const FEW: usize = 16;
/// Twenty IVs of 96 bits: 15 blocks of CTR output, and the 3 that the mechanism takes for itself.
const READY: usize = 240;

/// Random bytes ahead of their use; wiped as they are handed out and on drop.
struct Ready {
    bytes: [u8; READY],
    /// How many at the end are fresh.
    left: usize,
    /// The fork generation they were drawn in.
    fork: u32,
}

impl Ready {
    fn take(&mut self, out: &mut [u8]) -> Result<()> {
        let start = READY.checked_sub(self.left).ok_or(Error::Corrupted)?;
        let end = start.checked_add(out.len()).ok_or(Error::Corrupted)?;
        let fresh = self.bytes.get_mut(start..end).ok_or(Error::Corrupted)?;
        self.left = self.left.saturating_sub(out.len());
        out.copy_from_slice(fresh);
        fresh.zeroize();
        Ok(())
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.left = 0;
        self.bytes.zeroize();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use alloc::boxed::Box;
    use std::collections::BTreeSet;

    use super::*;
    use crate::entropy::{Entropy, EntropyClaim, EntropyFailure, Source};

    /// Gives good samples, so many times.
    struct Fills(usize, u64);

    impl Entropy for Fills {
        fn claim(&self) -> EntropyClaim {
            EntropyClaim::FullEntropy
        }

        fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
            self.0 = self.0.checked_sub(1).ok_or(EntropyFailure)?;
            for byte in out {
                self.1 = self.1.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                *byte = self.1.to_be_bytes()[0];
            }
            Ok(())
        }
    }

    fn session(fills: usize) -> (EntropyPool, Generators) {
        let source = Monitored::new(Source::Boxed(Box::new(Fills(fills, 1)))).unwrap();
        let pool = EntropyPool::new(source);
        let generators = Generators::new(&pool, 1).unwrap();
        (pool, generators)
    }

    /// Fills that start-up and the two instances of a session take.
    fn fills_at_start() -> usize {
        (1..)
            .find(|fills| {
                let source = Monitored::new(Source::Boxed(Box::new(Fills(*fills, 1)))).unwrap();
                Generators::new(&EntropyPool::new(source), 1).is_ok()
            })
            .unwrap()
    }

    #[test]
    fn nothing_that_was_ready_is_handed_out_twice_or_kept() {
        let (pool, mut generators) = session(usize::MAX);
        let mut seen = BTreeSet::new();
        for len in (1..=FEW).cycle().take(1000) {
            let mut out = [0; FEW];
            let out = out.get_mut(..len).unwrap();
            generators.few_public(&pool, out).unwrap();
            let used = READY - generators.ready.left;
            assert!(generators.ready.bytes.get(..used).unwrap().iter().all(|byte| *byte == 0));
            assert!(len < 8 || seen.insert(out.to_vec()), "{out:x?} again");
        }
    }

    /// The ready bytes are the stream of the public instance and of no other.
    #[test]
    fn ready_bytes_come_from_the_public_instance() {
        let (pool, mut generators) = session(usize::MAX);
        let (other_pool, mut other) = session(usize::MAX);
        let mut stream = [0; READY];
        other.public.fill(&other_pool, &mut stream).unwrap();
        for wanted in stream.chunks_exact(12) {
            let mut iv = [0; 12];
            generators.few_public(&pool, &mut iv).unwrap();
            assert_eq!(iv, wanted);
        }
        other.public.fill(&other_pool, &mut stream).unwrap();
        let mut iv = [0; 12];
        generators.few_public(&pool, &mut iv).unwrap();
        assert_eq!(Some(&iv[..]), stream.get(..12));
    }

    #[test]
    fn a_fork_makes_ready_bytes_stale() {
        let (pool, mut generators) = session(usize::MAX);
        generators.few_public(&pool, &mut [0; 12]).unwrap();
        let stale: [u8; 12] = generators.ready.bytes.get(12..24).unwrap().try_into().unwrap();
        generators.ready.fork = generators.ready.fork.wrapping_sub(1);
        let mut iv = [0; 12];
        generators.few_public(&pool, &mut iv).unwrap();
        assert_ne!(iv, stale);
        assert_eq!(generators.ready.left, READY - 12);
    }

    /// DRBG-12: no IV when the reseed that is due fails, and nothing left from before.
    #[test]
    fn a_failed_reseed_leaves_nothing_ready() {
        let (pool, mut generators) = session(fills_at_start());
        let mut served = 0;
        let mut iv = [0xaa; 12];
        while generators.few_public(&pool, &mut iv).is_ok() {
            served += 12;
            assert!(served <= RESEED_AFTER);
            iv = [0xaa; 12];
        }
        assert!(served > RESEED_AFTER - u64::try_from(READY).unwrap());
        assert_eq!(generators.few_public(&pool, &mut iv), Err(Error::EntropyFailed));
        assert_eq!((generators.ready.left, generators.ready.bytes), (0, [0; READY]));
        assert_eq!(iv, [0; 12]);
    }
}
