//! The mechanisms of SP 800-90A r1 (June 2015), both at a security strength of 256 bits: CTR_DRBG with AES-256
//! and the derivation function, HMAC_DRBG with SHA-512.
//!
//! These are the mechanisms alone. Where entropy comes from, when to reseed earlier than the standard asks
//! (DRBG-2), splitting of long requests (DRBG-3), prediction resistance and forks are decided in `random.rs`.

pub(in crate::boundary) mod ctr;
pub(in crate::boundary) mod hmac;

use zeroize::Zeroize;

use super::backend::Backends;
use crate::algorithm::DrbgMechanism;
use crate::error::{Error, Result};
use ctr::CtrDrbg;
use hmac::HmacDrbg;

/// Least entropy input: security_strength bits, at full entropy (Tables 2 and 3).
pub(in crate::boundary) const MIN_ENTROPY_INPUT: usize = 32;
/// Least nonce: half the security strength (section 8.6.7).
pub(in crate::boundary) const MIN_NONCE: usize = 16;
/// Longest entropy input, nonce, personalisation string or additional input in bytes. Tables 2 and 3 allow 2^35
/// bits; this holds 384 bits of entropy from a source that claims 0.1 bit a byte.
pub(in crate::boundary) const MAX_INPUT: usize = 4096;
/// max_number_of_bits_per_request in bytes: 2^19 bits (Tables 2 and 3, DRBG-1).
pub(in crate::boundary) const MAX_REQUEST: usize = 1 << 16;
/// reseed_interval: requests between reseeds (Tables 2 and 3, DRBG-1).
pub(in crate::boundary) const RESEED_INTERVAL: u64 = 1 << 48;

/// Why a mechanism made no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::boundary) enum Refusal {
    /// [`RESEED_INTERVAL`] is reached: reseed with the additional input, then call without it (DRBG-4).
    ReseedRequired,
    /// More than [`MAX_REQUEST`] bytes, or additional input of more than [`MAX_INPUT`].
    TooLong,
    /// Uninstantiated (DRBG-8).
    NotInstantiated,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Reached only by a caller that does not reseed: it has no entropy to go on with.
            Refusal::ReseedRequired => Self::EntropyFailed,
            Refusal::TooLong => Self::InvalidArgument,
            Refusal::NotInstantiated => Self::NotOperational,
        }
    }
}

type Answer = core::result::Result<(), Refusal>;

/// An instance of whichever mechanism. Neither Clone nor Copy: no two continue one state (DRBG-13).
#[allow(clippy::large_enum_variant)] // without a heap there is nowhere to put the larger one
pub(in crate::boundary) enum Mechanism {
    Ctr(CtrDrbg),
    Hmac(HmacDrbg),
}

impl Mechanism {
    /// Instantiate (section 9.1). `entropy` carries at least 256 bits of min-entropy in at least
    /// [`MIN_ENTROPY_INPUT`] bytes, the nonce as section 8.6.7 asks in at least [`MIN_NONCE`]; no input is longer
    /// than [`MAX_INPUT`].
    pub(in crate::boundary) fn instantiate(
        mechanism: DrbgMechanism,
        backends: &Backends,
        entropy: &[u8],
        nonce: &[u8],
        personalisation: &[u8],
    ) -> Result<Self> {
        match mechanism {
            DrbgMechanism::CtrAes256 => {
                CtrDrbg::instantiate(backends.aes, entropy, nonce, personalisation).map(Self::Ctr)
            }
            DrbgMechanism::HmacSha512 => {
                HmacDrbg::instantiate(entropy, nonce, personalisation).map(Self::Hmac)
            }
        }
    }

    /// Reseed (section 9.2).
    pub(in crate::boundary) fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<()> {
        match self {
            Self::Ctr(drbg) => drbg.reseed(entropy, additional),
            Self::Hmac(drbg) => drbg.reseed(entropy, additional),
        }
    }

    /// Generate (section 9.3), of at most [`MAX_REQUEST`] bytes. Refused, it leaves `out` zeroed.
    pub(in crate::boundary) fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Answer {
        match self {
            Self::Ctr(drbg) => drbg.generate(out, additional),
            Self::Hmac(drbg) => drbg.generate(out, additional),
        }
    }

    /// What was served since the last seeding.
    pub(in crate::boundary) const fn meter(&self) -> &Meter {
        match self {
            Self::Ctr(drbg) => &drbg.meter,
            Self::Hmac(drbg) => &drbg.meter,
        }
    }

    /// Brings the instance to the end of its interval.
    #[cfg(test)]
    pub(in crate::boundary) fn wear_out(&mut self) {
        match self {
            Self::Ctr(drbg) => drbg.meter.wear_out(),
            Self::Hmac(drbg) => drbg.meter.wear_out(),
        }
    }
}

/// What an instance has served since it was seeded, and what it therefore may.
pub(in crate::boundary) struct Meter {
    /// Requests since seeding, plus 1; zero: uninstantiated.
    reseed_counter: u64,
    bytes: u64,
}

impl Meter {
    const fn seeded() -> Self {
        Self { reseed_counter: 1, bytes: 0 }
    }

    /// Whether a request may be served: asked before any output (DRBG-1).
    pub(in crate::boundary) fn admits(&self, out_len: usize, additional_len: usize) -> Answer {
        if self.reseed_counter == 0 {
            return Err(Refusal::NotInstantiated);
        }
        if out_len > MAX_REQUEST || additional_len > MAX_INPUT {
            return Err(Refusal::TooLong);
        }
        if self.reseed_counter > RESEED_INTERVAL {
            return Err(Refusal::ReseedRequired);
        }
        Ok(())
    }

    fn served(&mut self, out_len: usize) {
        self.reseed_counter = self.reseed_counter.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(out_len).unwrap_or(u64::MAX));
    }

    /// Output bytes since the last seeding.
    pub(in crate::boundary) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether [`RESEED_INTERVAL`] is reached.
    pub(in crate::boundary) const fn is_worn_out(&self) -> bool {
        self.reseed_counter > RESEED_INTERVAL
    }

    /// Requests served since the last seeding.
    #[cfg(test)]
    fn requests(&self) -> u64 {
        self.reseed_counter.saturating_sub(1)
    }

    /// Goes to the end of the interval, for the health test of that (section 11.3.3). It only takes away.
    fn wear_out(&mut self) {
        self.reseed_counter = RESEED_INTERVAL.saturating_add(1);
    }

    fn wipe(&mut self) {
        self.reseed_counter.zeroize();
        self.bytes.zeroize();
    }

    const fn is_wiped(&self) -> bool {
        self.reseed_counter == 0 && self.bytes == 0
    }
}

fn check_range(input: &[u8], least: usize) -> Result<()> {
    if (least..=MAX_INPUT).contains(&input.len()) { Ok(()) } else { Err(Error::InvalidArgument) }
}
