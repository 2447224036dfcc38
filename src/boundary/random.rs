//! The DRBGs of the module as services see them: seeded and reseeded from the one registered source.
//!
//! Keys, nonces and salts come from here and from nowhere else. Each session has two instances, one for
//! secrets and one for public values (DRBG-10), so that no lock is shared on the way.

use core::sync::atomic::{AtomicU32, Ordering};

use zeroize::{Zeroize, Zeroizing};

use super::backend::Backends;
use super::drbg::{MAX_REQUEST, Mechanism};
use crate::algorithm::DrbgMechanism;
use crate::entropy::Monitored;
use crate::error::{Error, Result};
use crate::marks;
use crate::sync::Lock;

/// Output between reseeds in bytes: 2^17 bits (DRBG-2).
const RESEED_AFTER: u64 = 1 << 14;
/// Most output in one request to the mechanism.
const PIECE: usize = 1 << 14;
const _: () = assert!(PIECE <= MAX_REQUEST);
/// Room for the entropy input of one seeding, raw samples included.
const SEED_ROOM: usize = 2560;

/// The registered entropy source behind its health tests.
pub(crate) struct EntropyPool {
    source: Lock<Option<Monitored>>,
    /// Times that the engine was told it is a copy, of a virtual machine say.
    copies: AtomicU32,
}

impl EntropyPool {
    pub(crate) fn new(source: Monitored) -> Self {
        Self { source: Lock::new(Some(source)), copies: AtomicU32::new(0) }
    }

    /// Gathers enough for `bits` of min-entropy; answers how many bytes that took.
    fn gather(&self, bits: usize, out: &mut [u8]) -> Result<usize> {
        let len = self.source.lock()?.as_mut().ok_or(Error::EntropyFailed)?.gather(bits, out)?;
        marks::secret(out);
        Ok(len)
    }

    /// The health tests on demand (ENT-4).
    pub(crate) fn test(&self) -> Result<()> {
        self.source.lock()?.as_mut().ok_or(Error::EntropyFailed)?.on_demand()
    }

    /// Whether the source measures when it is asked.
    fn is_live(&self) -> Result<bool> {
        Ok(self.source.lock()?.as_mut().ok_or(Error::EntropyFailed)?.is_live())
    }

    /// Consecutive failures of the health tests.
    pub(crate) fn failures(&self) -> u32 {
        let source = self.source.lock();
        source.map_or(0, |source| source.as_ref().map_or(0, Monitored::consecutive_failures))
    }

    /// What the source claims.
    pub(crate) fn claim(&self) -> Option<crate::entropy::EntropyClaim> {
        self.source.lock().ok()?.as_ref().map(Monitored::claim)
    }

    /// Takes the source out, for the next power cycle.
    pub(crate) fn take(&self) -> Option<Monitored> {
        self.source.lock_to_wipe()?.take()
    }

    /// Makes every instance reseed before its next output.
    pub(crate) fn mark_copied(&self) {
        self.copies.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes when this may be a second one with the same state (DRBG-13).
    #[inline]
    fn generation(&self) -> (u32, u32) {
        (crate::fork::generation(), self.copies.load(Ordering::Relaxed))
    }

    /// Raw samples, past the health tests, for an assessment (ENT-9). Laboratory builds only.
    #[cfg(strongroom_lab)]
    pub(crate) fn raw(&self, out: &mut [u8]) -> Result<()> {
        self.source.lock()?.as_mut().ok_or(Error::EntropyFailed)?.raw(out)
    }
}

/// What the instances of one engine have in common.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) mechanism: DrbgMechanism,
    /// Of the embedder, if it gave one.
    pub(crate) device: Option<u32>,
    pub(crate) backends: Backends,
}

impl Setup {
    /// A string that no other instance has: module, version, purpose, device, number (DRBG-14).
    fn personalisation(&self, purpose: &str, instance: u32) -> [u8; 48] {
        let mut personalisation = [0u8; 48];
        let parts =
            [b"strongroom ".as_slice(), env!("CARGO_PKG_VERSION").as_bytes(), b" ", purpose.as_bytes()];
        let text = parts.iter().flat_map(|part| part.iter());
        for (to, from) in personalisation.iter_mut().zip(text) {
            *to = *from;
        }
        let [a, b, c, d] = instance.to_be_bytes();
        let [e, f, g, h] = self.device.unwrap_or(0).to_be_bytes();
        for (to, from) in personalisation.iter_mut().rev().zip([a, b, c, d, e, f, g, h]) {
            *to = from;
        }
        personalisation
    }
}

/// One instance of the engine's mechanism.
pub(crate) struct Drbg {
    mechanism: Mechanism,
    generation: (u32, u32),
}

impl Drbg {
    /// Instantiates: 256 bits of entropy, and a 128-bit nonce from the same source.
    pub(crate) fn new(pool: &EntropyPool, setup: Setup, purpose: &str, instance: u32) -> Result<Self> {
        let generation = pool.generation();
        let mut entropy = Zeroizing::new([0u8; SEED_ROOM]);
        let mut nonce = Zeroizing::new([0u8; SEED_ROOM]);
        let entropy_len = pool.gather(256, &mut *entropy)?;
        let nonce_len = pool.gather(128, &mut *nonce)?;
        let mechanism = Mechanism::instantiate(
            setup.mechanism,
            &setup.backends,
            entropy.get(..entropy_len).ok_or(Error::EntropyFailed)?,
            nonce.get(..nonce_len).ok_or(Error::EntropyFailed)?,
            &setup.personalisation(purpose, instance),
        )?;
        Ok(Self { mechanism, generation })
    }

    /// Fills `out`; on failure it is zeroed (DRBG-12).
    pub(crate) fn fill(&mut self, pool: &EntropyPool, out: &mut [u8]) -> Result<()> {
        self.fill_with(pool, &[], false, out)
    }

    /// The same with additional input; and, if it is to be `fresh`, with prediction resistance: entropy that a live
    /// source gives for this call stands before every piece (SP 800-90A r1 section 8.8, DRBG-5).
    pub(crate) fn fill_with(
        &mut self,
        pool: &EntropyPool,
        additional: &[u8],
        fresh: bool,
        out: &mut [u8],
    ) -> Result<()> {
        let filled = self.fill_pieces(pool, additional, fresh, out);
        if filled.is_err() {
            out.zeroize();
        }
        filled
    }

    fn fill_pieces(
        &mut self,
        pool: &EntropyPool,
        mut additional: &[u8],
        fresh: bool,
        out: &mut [u8],
    ) -> Result<()> {
        if fresh && !pool.is_live()? {
            return Err(Error::Unsupported);
        }
        // DRBG-3: long requests in pieces, the need to reseed checked for each.
        for piece in out.chunks_mut(PIECE) {
            let generation = pool.generation();
            let want = u64::try_from(piece.len()).map_err(|_| Error::InvalidArgument)?;
            let meter = self.mechanism.meter();
            let due = meter.is_worn_out() || meter.bytes().saturating_add(want) > RESEED_AFTER;
            if due || fresh || generation != self.generation {
                self.reseed(pool, additional)?;
                self.generation = generation;
                // DRBG-4: what went into the reseed is null for the request.
                additional = &[];
            }
            self.mechanism.generate(piece, additional)?;
            additional = &[];
        }
        Ok(())
    }

    fn reseed(&mut self, pool: &EntropyPool, additional: &[u8]) -> Result<()> {
        let mut entropy = Zeroizing::new([0u8; SEED_ROOM]);
        let len = pool.gather(256, &mut *entropy)?;
        self.mechanism.reseed(entropy.get(..len).ok_or(Error::EntropyFailed)?, additional)
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
    pub(crate) fn new(pool: &EntropyPool, setup: Setup, session: u32) -> Result<Self> {
        Ok(Self {
            secret: Drbg::new(pool, setup, "secret", session)?,
            public: Drbg::new(pool, setup, "public", session)?,
            ready: Ready { bytes: [0; READY], left: 0, generation: (0, 0) },
        })
    }

    /// A few bytes that will be seen, an IV above all: drawn many at a time, because one request to the
    /// mechanism costs as much as sealing a short message. No byte is handed out twice, and none across a
    /// fork.
    pub(crate) fn few_public(&mut self, pool: &EntropyPool, out: &mut [u8]) -> Result<()> {
        if out.len() > FEW {
            self.public.fill(pool, out)?;
            marks::declassify("public random numbers", out);
            return Ok(());
        }
        let generation = pool.generation();
        if self.ready.left < out.len() || self.ready.generation != generation {
            self.ready.left = 0;
            if let Err(error) = self.public.fill(pool, &mut self.ready.bytes) {
                out.zeroize();
                return Err(error);
            }
            marks::declassify("public random numbers", &self.ready.bytes);
            self.ready.left = READY;
            self.ready.generation = generation;
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
    /// The generation they were drawn in.
    generation: (u32, u32),
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
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use alloc::boxed::Box;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::vec;

    use super::*;
    use crate::entropy::{Entropy, EntropyClaim, EntropyFailure, Source};

    /// Gives good samples, so many times; counts how often it was asked.
    struct Fills {
        left: usize,
        state: u64,
        live: bool,
        asked: Arc<AtomicUsize>,
    }

    impl Entropy for Fills {
        fn claim(&self) -> EntropyClaim {
            EntropyClaim::FullEntropy
        }

        fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.left = self.left.checked_sub(1).ok_or(EntropyFailure)?;
            for byte in out {
                self.state = self.state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                *byte = self.state.to_be_bytes()[0];
            }
            Ok(())
        }

        fn is_live(&self) -> bool {
            self.live
        }
    }

    const CTR: Setup =
        Setup { mechanism: DrbgMechanism::CtrAes256, device: None, backends: Backends::PORTABLE };
    const HMAC: Setup =
        Setup { mechanism: DrbgMechanism::HmacSha512, device: None, backends: Backends::PORTABLE };

    /// A pool, and the count of its fills.
    fn pool(left: usize, live: bool) -> (EntropyPool, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Fills { left, state: 1, live, asked: asked.clone() };
        (EntropyPool::new(Monitored::new(Source::Boxed(Box::new(source))).unwrap()), asked)
    }

    fn session(fills: usize) -> (EntropyPool, Generators) {
        let (pool, _) = pool(fills, true);
        let generators = Generators::new(&pool, CTR, 1).unwrap();
        (pool, generators)
    }

    /// Fills that start-up and the two instances of a session take.
    fn fills_at_start() -> usize {
        (1..).find(|fills| Generators::new(&pool(*fills, true).0, CTR, 1).is_ok()).unwrap()
    }

    /// How often `run` made the source be asked.
    fn fills_of(asked: &AtomicUsize, run: impl FnOnce()) -> usize {
        let before = asked.load(Ordering::Relaxed);
        run();
        asked.load(Ordering::Relaxed) - before
    }

    /// DRBG-1 to DRBG-3: reseeds by volume, by count, and in the middle of long requests.
    #[test]
    fn reseeds_are_counted() {
        for setup in [CTR, HMAC] {
            let (pool, asked) = pool(usize::MAX, true);
            let mut drbg = Drbg::new(&pool, setup, "test", 1).unwrap();
            let fill = |drbg: &mut Drbg, len: usize| {
                let mut out = vec![0; len];
                fills_of(&asked, || drbg.fill(&pool, &mut out).unwrap())
            };
            assert_eq!(fill(&mut drbg, PIECE - 1), 0);
            assert_eq!(fill(&mut drbg, 1), 0, "2^17 bits");
            assert_eq!(fill(&mut drbg, 1), 1, "and one more byte");
            assert_eq!(fill(&mut drbg, 0), 0);
            drbg.mechanism.wear_out();
            assert_eq!(fill(&mut drbg, 1), 1, "2^48 requests");
            assert_eq!(fill(&mut drbg, 1), 0);
            assert_eq!(
                fill(&mut drbg, 200 << 10),
                13,
                "200 KiB: twelve and a half pieces, each after a reseed"
            );
        }
    }

    /// DRBG-5: each call reseeds first, from a live source; from another one it is refused.
    #[test]
    fn prediction_resistance_asks_the_source_each_time() {
        for setup in [CTR, HMAC] {
            let (live, asked) = pool(usize::MAX, true);
            let mut drbg = Drbg::new(&live, setup, "test", 1).unwrap();
            for (len, fills) in [(1, 1), (1, 1), (PIECE, 1), (PIECE + 1, 2)] {
                let mut out = vec![0; len];
                let run = || drbg.fill_with(&live, b"more", true, &mut out).unwrap();
                assert_eq!(fills_of(&asked, run), fills);
            }
            let (stored, asked) = pool(usize::MAX, false);
            let mut drbg = Drbg::new(&stored, setup, "test", 1).unwrap();
            let mut out = [0xaa; 8];
            let run = || {
                let answer = drbg.fill_with(&stored, &[], true, &mut out);
                assert_eq!(answer, Err(Error::Unsupported));
            };
            assert_eq!(fills_of(&asked, run), 0);
            assert_eq!(out, [0; 8]);
            assert_eq!(drbg.fill(&stored, &mut out), Ok(()), "without it, it serves");
        }
    }

    /// DRBG-4: with a reseed due, additional input goes into the reseed and into nothing else.
    #[test]
    fn additional_input_goes_into_the_reseed_that_is_due() {
        for setup in [CTR, HMAC] {
            let run = |additional: &[u8], worn_out: bool| {
                let (pool, _) = pool(usize::MAX, true);
                let mut drbg = Drbg::new(&pool, setup, "test", 1).unwrap();
                if worn_out {
                    drbg.mechanism.wear_out();
                }
                let mut out = [0; 32];
                drbg.fill_with(&pool, additional, false, &mut out).unwrap();
                out
            };
            let by_hand = {
                let (pool, _) = pool(usize::MAX, true);
                let mut drbg = Drbg::new(&pool, setup, "test", 1).unwrap();
                drbg.reseed(&pool, b"additional").unwrap();
                let mut out = [0; 32];
                drbg.mechanism.generate(&mut out, &[]).unwrap();
                out
            };
            assert_eq!(run(b"additional", true), by_hand);
            assert_ne!(run(b"additional", false), run(b"", false));
            let (pool, _) = pool(usize::MAX, true);
            let mut drbg = Drbg::new(&pool, setup, "test", 1).unwrap();
            let mut out = [0xaa; 4];
            let long = drbg.fill_with(&pool, &[0; 4097], false, &mut out);
            assert_eq!((long, out), (Err(Error::InvalidArgument), [0; 4]));
        }
    }

    /// DRBG-13, for what no fork handler sees.
    #[test]
    fn a_copy_of_the_engine_reseeds_first() {
        let (pool, asked) = pool(usize::MAX, true);
        let mut generators = Generators::new(&pool, CTR, 1).unwrap();
        generators.few_public(&pool, &mut [0; 12]).unwrap();
        pool.mark_copied();
        assert_eq!(fills_of(&asked, || generators.few_public(&pool, &mut [0; 12]).unwrap()), 1);
        assert_eq!(fills_of(&asked, || generators.secret.fill(&pool, &mut [0; 12]).unwrap()), 1);
        assert_eq!(fills_of(&asked, || generators.secret.fill(&pool, &mut [0; 12]).unwrap()), 0);
    }

    /// DRBG-10, DRBG-14: mechanism, purpose, number and device each make another stream of one entropy.
    #[test]
    fn no_two_instances_are_one() {
        let mut seen = BTreeSet::new();
        let with_device = Setup { device: Some(7), ..CTR };
        for (setup, purpose, instance) in [
            (CTR, "secret", 1),
            (CTR, "secret", 2),
            (CTR, "public", 1),
            (with_device, "secret", 1),
            (HMAC, "secret", 1),
            (HMAC, "public", 1),
        ] {
            let (pool, _) = pool(usize::MAX, true);
            let mut out = [0; 16];
            Drbg::new(&pool, setup, purpose, instance).unwrap().fill(&pool, &mut out).unwrap();
            assert!(seen.insert(out));
        }
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
        generators.ready.generation.0 = generators.ready.generation.0.wrapping_sub(1);
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
