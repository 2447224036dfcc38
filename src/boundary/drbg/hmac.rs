//! HMAC_DRBG: SP 800-90A r1 (2015), section 10.1.2. As a mechanism of the engine with SHA-512, security strength
//! 256 bits; its working state with any hash also makes the per-message secrets of ECDSA.

use zeroize::Zeroize;

use super::{Answer, MIN_ENTROPY_INPUT, MIN_NONCE, Meter, Refusal, check_range};
use crate::algorithm::Hash;
use crate::boundary::Wiped;
use crate::boundary::backend::portable::hash::HmacKey;
use crate::error::{Error, Result};

/// Longest output of a hash.
const MAX_HASH_LEN: usize = 64;

/// Key and V, under some hash.
pub(in crate::boundary) struct Working {
    hash: Hash,
    /// Prepared; wiped by its own drop. None: uninstantiated.
    key: Option<HmacKey>,
    v: Wiped<MAX_HASH_LEN>,
}

impl Working {
    /// HMAC_DRBG_Instantiate_algorithm (section 10.1.2.3) of the concatenation of `seed`.
    pub(in crate::boundary) fn new(hash: Hash, seed: &[&[u8]; 5]) -> Result<Self> {
        let mut v = Wiped::new();
        v.fill(0x01);
        let zeros = [0; MAX_HASH_LEN];
        let key = HmacKey::new(hash, prefix(&zeros, hash)?)?;
        let mut working = Self { hash, key: Some(key), v };
        working.update(seed)?;
        Ok(working)
    }

    /// HMAC_DRBG_Update (section 10.1.2.2) with the concatenation of `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[&[u8]; 5]) -> Result<()> {
        self.half_update(0x00, data)?;
        if data.iter().all(|part| part.is_empty()) { Ok(()) } else { self.half_update(0x01, data) }
    }

    /// K = HMAC(K, V || octet || data), V = HMAC(K, V).
    fn half_update(&mut self, octet: u8, data: &[&[u8]; 5]) -> Result<()> {
        let [a, b, c, d, e] = *data;
        let mut key = Wiped::<MAX_HASH_LEN>::new();
        let key = key.get_mut(..self.hash.output_len()).ok_or(Error::Unsupported)?;
        self.key()?.mac(&[prefix(&self.v, self.hash)?, &[octet], a, b, c, d, e], key)?;
        self.key = Some(HmacKey::new(self.hash, key)?);
        self.step()
    }

    /// Output, block after block of V (section 10.1.2.5, step 4). The caller updates before it goes on.
    pub(in crate::boundary) fn fill(&mut self, out: &mut [u8]) -> Result<()> {
        for place in out.chunks_mut(self.hash.output_len()) {
            self.step()?;
            place.iter_mut().zip(self.v.iter()).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    /// V = HMAC(K, V).
    fn step(&mut self) -> Result<()> {
        let mut next = Wiped::<MAX_HASH_LEN>::new();
        let out = next.get_mut(..self.hash.output_len()).ok_or(Error::Unsupported)?;
        self.key()?.mac(&[prefix(&self.v, self.hash)?], out)?;
        *self.v = *next;
        Ok(())
    }

    fn key(&self) -> Result<&HmacKey> {
        self.key.as_ref().ok_or(Error::NotOperational)
    }

    fn wipe(&mut self) {
        self.key = None;
        self.v.zeroize();
    }
}

fn prefix(buffer: &[u8; MAX_HASH_LEN], hash: Hash) -> Result<&[u8]> {
    buffer.get(..hash.output_len()).ok_or(Error::Unsupported)
}

/// An instance with SHA-512. Its state is a CSP: wiped on drop, never copied or printed (DRBG-12, DRBG-13).
pub(in crate::boundary) struct HmacDrbg {
    working: Working,
    pub(super) meter: Meter,
}

impl HmacDrbg {
    /// HMAC_DRBG_Instantiate_algorithm (section 10.1.2.3), inputs as of [`super::Mechanism::instantiate`].
    pub(in crate::boundary) fn instantiate(
        entropy: &[u8],
        nonce: &[u8],
        personalisation: &[u8],
    ) -> Result<Self> {
        check_range(entropy, MIN_ENTROPY_INPUT)?;
        check_range(nonce, MIN_NONCE)?;
        check_range(personalisation, 0)?;
        let working = Working::new(Hash::Sha512, &[entropy, nonce, personalisation, &[], &[]])?;
        Ok(Self { working, meter: Meter::seeded() })
    }

    /// HMAC_DRBG_Reseed_algorithm (section 10.1.2.4).
    pub(in crate::boundary) fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<()> {
        check_range(entropy, MIN_ENTROPY_INPUT)?;
        check_range(additional, 0)?;
        if self.meter.is_wiped() {
            return Err(Error::NotOperational);
        }
        self.working.update(&[entropy, additional, &[], &[], &[]])?;
        self.meter = Meter::seeded();
        Ok(())
    }

    /// HMAC_DRBG_Generate_algorithm (section 10.1.2.5). An empty `additional` is a null one. A refused call changes
    /// nothing and leaves `out` zeroed.
    pub(in crate::boundary) fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Answer {
        let done = self.try_generate(out, additional);
        if done.is_err() {
            out.zeroize();
        }
        done
    }

    fn try_generate(&mut self, out: &mut [u8], additional: &[u8]) -> Answer {
        // Step 1, before any output.
        self.meter.admits(out.len(), additional.len())?;
        let data: [&[u8]; 5] = [additional, &[], &[], &[], &[]];
        // Step 2, then 3 to 5, then 6. SHA-512 is in every build, so that none of them fails.
        let unavailable = |_| Refusal::NotInstantiated;
        if !additional.is_empty() {
            self.working.update(&data).map_err(unavailable)?;
        }
        self.working.fill(out).map_err(unavailable)?;
        self.working.update(&data).map_err(unavailable)?;
        self.meter.served(out.len());
        Ok(())
    }

    /// Uninstantiate (section 9.4): leaves zeros; every later use is refused (DRBG-8).
    pub(in crate::boundary) fn uninstantiate(&mut self) {
        self.working.wipe();
        self.meter.wipe();
    }

    /// Whether nothing is left of the state.
    pub(in crate::boundary) fn is_wiped(&self) -> bool {
        let zero = |buffer: &[u8; MAX_HASH_LEN]| buffer.iter().fold(0, |all, byte| all | byte) == 0;
        self.meter.is_wiped() && self.working.key.is_none() && zero(&self.working.v)
    }

    /// To the end of the interval, for the health test.
    pub(in crate::boundary) fn wear_out(&mut self) {
        self.meter.wear_out();
    }

    /// Whether a request of these lengths would be served.
    pub(in crate::boundary) fn admits(&self, out_len: usize, additional_len: usize) -> Answer {
        self.meter.admits(out_len, additional_len)
    }
}

impl Drop for HmacDrbg {
    fn drop(&mut self) {
        self.uninstantiate();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
