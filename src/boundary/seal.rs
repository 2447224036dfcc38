//! The integrity of key records, under keys of this power cycle.
//!
//! Two seals over the same words (identity, place, policy, secret): an HMAC made at creation and checked
//! by the periodic test, and a cheap checksum checked at every use. The checksum is NH, the universal
//! hash inside UMAC: with 64-bit words, two different records agree with probability at most 2^-64
//! for a key that the fault does not depend on. That holds for records of different lengths too, because
//! the lengths stand in the fixed part: a difference there is multiplied by a key word of its own.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::backend::portable::hash::{HmacKey, HmacState};
use crate::algorithm::Hash;
use crate::error::{Error, Result};

/// Most pairs of words that a record can have: its public key, label, application data and the header. An
/// RSA-4096 key has 516 bytes, an ML-DSA-87 key 2592.
const NH_PAIRS: usize = if cfg!(any(feature = "ml-kem", feature = "ml-dsa")) { 192 } else { 64 };

/// The per-power-cycle integrity keys.
pub(crate) struct Seal {
    nh: [[u64; 2]; NH_PAIRS],
    mac: HmacKey,
}

impl Seal {
    /// Draws fresh keys: `fill` is the module's DRBG.
    pub(crate) fn new(mut fill: impl FnMut(&mut [u8]) -> Result<()>) -> Result<Self> {
        let mut seed = zeroize::Zeroizing::new([0u8; 32]);
        fill(&mut *seed)?;
        let mut nh = [[0u64; 2]; NH_PAIRS];
        for word in nh.as_flattened_mut() {
            let mut bytes = [0u8; 8];
            fill(&mut bytes)?;
            *word = u64::from_le_bytes(bytes);
            bytes.zeroize();
        }
        Ok(Self { nh, mac: HmacKey::new(Hash::Sha256, &*seed)? })
    }

    /// The checksum of what `feed` gives.
    pub(in crate::boundary) fn checksum(&self, feed: impl FnOnce(&mut Nh<'_>)) -> Result<u128> {
        let mut nh = Nh { key: &self.nh, sum: 0, overrun: false };
        feed(&mut nh);
        if nh.overrun { Err(Error::Corrupted) } else { Ok(nh.sum) }
    }

    /// The HMAC of what `feed` gives.
    pub(in crate::boundary) fn tag(&self, feed: impl FnOnce(&mut Tagger)) -> Result<[u8; 32]> {
        let mut tagger = Tagger(self.mac.start());
        feed(&mut tagger);
        let mut tag = [0; 32];
        tagger.0.finish(&mut tag)?;
        Ok(tag)
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        self.nh.as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Seal {}

/// Takes in a record: pairs of words, so that nothing waits for its other half.
pub(crate) trait Absorb {
    fn pair(&mut self, pair: [u64; 2]);

    /// The part of a record that is always there. It holds the lengths of all that follows.
    #[inline]
    fn fixed<const PAIRS: usize>(&mut self, words: &[[u64; 2]; PAIRS]) {
        for pair in words {
            self.pair(*pair);
        }
    }

    /// Bytes, sixteen a pair, the last one filled up with zeros.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            self.pair(words(pair));
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.pair(words(&last));
            last.zeroize();
        }
    }
}

/// `16 * PAIRS` bytes as pairs of words, without a loop over a length that is not known beforehand.
#[inline]
pub(in crate::boundary) fn pairs<const PAIRS: usize>(bytes: &[u8]) -> [[u64; 2]; PAIRS] {
    let (chunks, _) = bytes.as_chunks::<16>();
    core::array::from_fn(|i| chunks.get(i).map_or([0; 2], words))
}

/// Sixteen bytes as two words.
#[inline]
#[allow(clippy::cast_possible_truncation)] // the two halves of 128 bits
pub(in crate::boundary) const fn words(bytes: &[u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(*bytes);
    [both as u64, (both >> 64) as u64]
}

/// Running NH.
pub(in crate::boundary) struct Nh<'k> {
    key: &'k [[u64; 2]],
    sum: u128,
    overrun: bool,
}

impl Absorb for Nh<'_> {
    #[inline]
    fn pair(&mut self, pair: [u64; 2]) {
        let Some((key, rest)) = self.key.split_first() else {
            self.overrun = true;
            return;
        };
        self.key = rest;
        self.sum = self.sum.wrapping_add(product(pair, *key));
    }

    #[inline]
    fn fixed<const PAIRS: usize>(&mut self, words: &[[u64; 2]; PAIRS]) {
        let Some((keys, rest)) = self.key.split_first_chunk::<PAIRS>() else {
            self.overrun = true;
            return;
        };
        self.key = rest;
        for (pair, key) in words.iter().zip(keys) {
            self.sum = self.sum.wrapping_add(product(*pair, *key));
        }
    }
}

#[inline]
fn product([a, b]: [u64; 2], [x, y]: [u64; 2]) -> u128 {
    u128::from(a.wrapping_add(x)).wrapping_mul(u128::from(b.wrapping_add(y)))
}

/// Running HMAC.
pub(in crate::boundary) struct Tagger(HmacState);

impl Absorb for Tagger {
    fn pair(&mut self, [a, b]: [u64; 2]) {
        self.0.update(&a.to_le_bytes());
        self.0.update(&b.to_le_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        let mut next = 1u8;
        Seal::new(|out| {
            for byte in out {
                next = next.wrapping_mul(73).wrapping_add(41);
                *byte = next;
            }
            Ok(())
        })
        .unwrap()
    }

    #[test]
    fn every_bit_counts() {
        let seal = seal();
        let record: alloc::vec::Vec<u8> = (0..=200).collect();
        let sum = seal.checksum(|nh| nh.bytes(&record)).unwrap();
        let tag = seal.tag(|mac| mac.bytes(&record)).unwrap();
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            if let Some(byte) = changed.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert_ne!(seal.checksum(|nh| nh.bytes(&changed)).unwrap(), sum);
            assert_ne!(seal.tag(|mac| mac.bytes(&changed)).unwrap(), tag);
        }
    }

    #[test]
    fn the_fixed_part_counts_word_by_word() {
        let seal = seal();
        let words: [[u64; 2]; 8] = core::array::from_fn(|i| [i as u64, !(i as u64)]);
        let at_once = seal.checksum(|nh| nh.fixed(&words)).unwrap();
        assert_eq!(seal.checksum(|nh| words.iter().for_each(|pair| nh.pair(*pair))).unwrap(), at_once);
        for bit in 0..16 * 64 {
            let mut changed = words;
            if let Some(word) = changed.as_flattened_mut().get_mut(bit / 64) {
                *word ^= 1 << (bit % 64);
            }
            assert_ne!(seal.checksum(|nh| nh.fixed(&changed)).unwrap(), at_once);
        }
    }

    #[test]
    fn a_record_that_is_too_long_is_refused() {
        let seal = seal();
        let full = [1; 16 * NH_PAIRS];
        assert!(seal.checksum(|nh| nh.bytes(&full)).is_ok());
        let refused = Err(Error::Corrupted);
        assert_eq!(
            seal.checksum(|nh| [&full[..], &[1]].into_iter().for_each(|part| nh.bytes(part))),
            refused
        );
        assert_eq!(seal.checksum(|nh| nh.fixed(&[[1; 2]; NH_PAIRS + 1])), refused);
    }
}
