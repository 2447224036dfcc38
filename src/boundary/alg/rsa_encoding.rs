//! Encoding methods of RFC 8017 (PKCS #1 v2.2) as FIPS 186-5 section 5.4 and SP 800-56B Rev. 2
//! section 7.2.2 approve them: EMSA-PKCS1-v1_5, EMSA-PSS and EME-OAEP, over bytes.
//!
//! Every modulus length of the engine is a multiple of 8 bits, so the encoded message `em` is
//! always `k` bytes, the length of the modulus, and PSS has `emBits = 8k - 1`. MGF1 always uses the
//! hash of the scheme. A signing or encrypting function zeroes `em` when it fails.

// Lengths of hashes, prefixes and salts are at most 64 bytes each; `em.len()` is only subtracted from,
// after a `checked_sub` of at least as much.
#![allow(clippy::arithmetic_side_effects)]

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::Hash;
use crate::boundary::backend::portable::hash::digest;
use crate::error::{Error, Result};
use crate::marks;

/// Length in bytes of the longest modulus, 4096 bits.
const MAX_K: usize = 512;
/// Length in bytes of the longest hash output.
const MAX_H: usize = 64;

/// EMSA-PKCS1-v1_5, RFC 8017 section 9.2, of a message with this hash.
pub(in crate::boundary) fn pkcs1v15_encode(hash: Hash, message_hash: &[u8], em: &mut [u8]) -> Result<()> {
    let done = pkcs1v15(hash, message_hash, em);
    zero_unless(done, em)
}

/// Accepts `em` if it is the one encoding of `message_hash`, compared whole and never parsed (RSA-6).
pub(in crate::boundary) fn pkcs1v15_verify(hash: Hash, message_hash: &[u8], em: &[u8]) -> Result<()> {
    let mut expected = [0u8; MAX_K];
    let expected = expected.get_mut(..em.len()).ok_or(Error::Rejected)?;
    pkcs1v15(hash, message_hash, expected)?;
    accept(em.ct_eq(expected))
}

/// EMSA-PSS, RFC 8017 section 9.1.1, with `salt.len()` at most the length of the hash (FIPS 186-5
/// section 5.4, item g).
pub(in crate::boundary) fn pss_encode(
    hash: Hash,
    message_hash: &[u8],
    salt: &[u8],
    em: &mut [u8],
) -> Result<()> {
    let done = pss(hash, message_hash, salt, em);
    zero_unless(done, em)
}

/// EMSA-PSS verification, RFC 8017 section 9.1.2, with exactly this length of salt.
pub(in crate::boundary) fn pss_verify(
    hash: Hash,
    message_hash: &[u8],
    salt_len: usize,
    em: &[u8],
) -> Result<()> {
    let h_len = hash.output_len();
    if message_hash.len() != h_len || salt_len > h_len {
        return Err(Error::InvalidArgument);
    }
    // Step 3, and the trailer and the spare bit of steps 4 and 6.
    let pad_len = em.len().checked_sub(h_len + salt_len + 2).ok_or(Error::Rejected)?;
    let (masked_db, tail) = em.split_at_checked(em.len() - h_len - 1).ok_or(Error::Rejected)?;
    let (h, trailer) = tail.split_at_checked(h_len).ok_or(Error::Rejected)?;
    let spare_bit = masked_db.first().copied().unwrap_or(0x80) & 0x80;
    if trailer != [TRAILER] || spare_bit != 0 {
        return Err(Error::Rejected);
    }
    // Steps 7 to 11: DB is zeros, 0x01, salt.
    let mut db = [0u8; MAX_K];
    let db = db.get_mut(..masked_db.len()).ok_or(Error::Rejected)?;
    db.copy_from_slice(masked_db);
    mgf1_xor(hash, h, db)?;
    clear_spare_bit(db);
    let (pad, rest) = db.split_at_checked(pad_len).ok_or(Error::Rejected)?;
    let (one, salt) = rest.split_at_checked(1).ok_or(Error::Rejected)?;
    if pad.iter().any(|&byte| byte != 0) || one != [0x01] {
        return Err(Error::Rejected);
    }
    // Steps 12 to 14.
    let mut expected = [0u8; MAX_H];
    let expected = expected.get_mut(..h_len).ok_or(Error::Rejected)?;
    digest(hash, &[&[0; 8], message_hash, salt], expected)?;
    accept(h.ct_eq(expected))
}

/// EME-OAEP encoding, RFC 8017 section 7.1.1 step 2, with a seed as long as the hash.
pub(in crate::boundary) fn oaep_encode(
    hash: Hash,
    label: &[u8],
    message: &[u8],
    seed: &[u8],
    em: &mut [u8],
) -> Result<()> {
    let done = oaep(hash, label, message, seed, em);
    zero_unless(done, em)
}

/// The longest message that OAEP with this hash carries under a modulus of `k` bytes.
pub(in crate::boundary) fn oaep_capacity(hash: Hash, k: usize) -> Result<usize> {
    k.checked_sub(2 * hash.output_len() + 2).ok_or(Error::InvalidArgument)
}

/// EME-OAEP decoding, RFC 8017 section 7.1.2 step 3: the length of the message, now at the start of
/// `out`.
///
/// `out` must hold [`oaep_capacity`] bytes, so that no decision about room depends on the message.
/// The leading byte, the hash of the label, the padding and the separator end in one verdict,
/// reached in constant time (RSA-8); until it accepts, the length of the message is secret. `out`
/// is zero beyond the message, and all zero on failure.
pub(in crate::boundary) fn oaep_decode(hash: Hash, label: &[u8], em: &[u8], out: &mut [u8]) -> Result<usize> {
    out.zeroize();
    let h_len = hash.output_len();
    if em.len() > MAX_K {
        return Err(Error::InvalidArgument);
    }
    if out.len() < oaep_capacity(hash, em.len())? {
        return Err(Error::BufferTooSmall);
    }
    let (leading, rest) = em.split_at_checked(1).ok_or(Error::InvalidArgument)?;
    let (masked_seed, masked_db) = rest.split_at_checked(h_len).ok_or(Error::InvalidArgument)?;

    let mut seed = Zeroizing::new([0u8; MAX_H]);
    let seed = seed.get_mut(..h_len).ok_or(Error::InvalidArgument)?;
    seed.copy_from_slice(masked_seed);
    mgf1_xor(hash, masked_db, seed)?;
    let mut db = Zeroizing::new([0u8; MAX_K]);
    let db = db.get_mut(..masked_db.len()).ok_or(Error::InvalidArgument)?;
    db.copy_from_slice(masked_db);
    mgf1_xor(hash, seed, db)?;

    let mut label_hash = [0u8; MAX_H];
    let label_hash = label_hash.get_mut(..h_len).ok_or(Error::InvalidArgument)?;
    digest(hash, &[label], label_hash)?;
    let (db_hash, body) = db.split_at_checked(h_len).ok_or(Error::InvalidArgument)?;

    // The body is zeros, 0x01, message: find the first byte that is not zero.
    let mut good = leading.ct_eq(&[0x00]) & db_hash.ct_eq(label_hash);
    let mut in_padding = Choice::from(1);
    let mut start = 0u16; // the body is at most 512 bytes
    for (after, byte) in (1u16..).zip(body.iter()) {
        let is_zero = byte.ct_eq(&0x00);
        let is_one = byte.ct_eq(&0x01);
        start.conditional_assign(&after, in_padding & is_one);
        good &= !in_padding | is_zero | is_one;
        in_padding &= is_zero;
    }
    good &= !in_padding;
    accept(good)?;

    // Accepted: the length of the message is no longer secret.
    let start = marks::declassified("unwrapped length", start);
    let message = body.get(usize::from(start)..).ok_or(Error::Rejected)?;
    out.get_mut(..message.len()).ok_or(Error::Rejected)?.copy_from_slice(message);
    Ok(message.len())
}

/// Last byte of an encoding of EMSA-PSS.
const TRAILER: u8 = 0xbc;

fn pkcs1v15(hash: Hash, message_hash: &[u8], em: &mut [u8]) -> Result<()> {
    if message_hash.len() != hash.output_len() {
        return Err(Error::InvalidArgument);
    }
    // Step 5: 0x00, 0x01, PS, 0x00, T. Steps 3 and 4: PS is at least 8 bytes long.
    let prefix = digest_info(hash);
    let t_len = prefix.len() + message_hash.len();
    let pad_len = em.len().checked_sub(t_len + 3).filter(|&len| len >= 8).ok_or(Error::InvalidArgument)?;
    let (head, t) = em.split_at_mut_checked(pad_len + 3).ok_or(Error::InvalidArgument)?;
    head.fill(0xff);
    if let [first, second, .., last] = head {
        (*first, *second, *last) = (0x00, 0x01, 0x00);
    }
    let (t_prefix, t_hash) = t.split_at_mut_checked(prefix.len()).ok_or(Error::InvalidArgument)?;
    t_prefix.copy_from_slice(&prefix);
    t_hash.copy_from_slice(message_hash);
    Ok(())
}

/// The DER encoding of DigestInfo up to the hash itself, RFC 8017 section 9.2 note 1; the last octets of
/// the object identifiers are those of NIST's register (2.16.840.1.101.3.4.2).
const fn digest_info(hash: Hash) -> [u8; 19] {
    let (oid, len) = match hash {
        Hash::Sha256 => (0x01, 32),
        Hash::Sha384 => (0x02, 48),
        Hash::Sha512 => (0x03, 64),
        Hash::Sha224 => (0x04, 28),
        Hash::Sha512_256 => (0x06, 32),
        Hash::Sha3_224 => (0x07, 28),
        Hash::Sha3_256 => (0x08, 32),
        Hash::Sha3_384 => (0x09, 48),
        Hash::Sha3_512 => (0x0a, 64),
    };
    let sequence = 0x11 + len;
    [
        0x30, sequence, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, oid, 0x05,
        0x00, 0x04, len,
    ]
}

fn pss(hash: Hash, message_hash: &[u8], salt: &[u8], em: &mut [u8]) -> Result<()> {
    let h_len = hash.output_len();
    if message_hash.len() != h_len || salt.len() > h_len {
        return Err(Error::InvalidArgument);
    }
    // Step 3.
    let pad_len = em.len().checked_sub(h_len + salt.len() + 2).ok_or(Error::InvalidArgument)?;
    let (db, tail) = em.split_at_mut_checked(pad_len + 1 + salt.len()).ok_or(Error::InvalidArgument)?;
    let (h, trailer) = tail.split_at_mut_checked(h_len).ok_or(Error::InvalidArgument)?;
    // Steps 5 and 6: H = Hash(eight zeros, mHash, salt).
    digest(hash, &[&[0; 8], message_hash, salt], h)?;
    // Steps 7 and 8: DB = PS, 0x01, salt.
    let (pad, rest) = db.split_at_mut_checked(pad_len).ok_or(Error::InvalidArgument)?;
    let (one, db_salt) = rest.split_at_mut_checked(1).ok_or(Error::InvalidArgument)?;
    pad.fill(0);
    one.fill(0x01);
    db_salt.copy_from_slice(salt);
    // Steps 9 to 12.
    mgf1_xor(hash, h, db)?;
    clear_spare_bit(db);
    trailer.fill(TRAILER);
    Ok(())
}

/// Clears the `8 emLen - emBits` leftmost bits, here always one.
fn clear_spare_bit(db: &mut [u8]) {
    if let Some(first) = db.first_mut() {
        *first &= 0x7f;
    }
}

fn oaep(hash: Hash, label: &[u8], message: &[u8], seed: &[u8], em: &mut [u8]) -> Result<()> {
    let h_len = hash.output_len();
    let pad_len = oaep_capacity(hash, em.len())?.checked_sub(message.len()).ok_or(Error::InvalidArgument)?;
    if seed.len() != h_len {
        return Err(Error::InvalidArgument);
    }
    let (leading, rest) = em.split_at_mut_checked(1).ok_or(Error::InvalidArgument)?;
    let (masked_seed, db) = rest.split_at_mut_checked(h_len).ok_or(Error::InvalidArgument)?;
    leading.fill(0x00);
    // Steps a to c: DB = lHash, PS, 0x01, M.
    let (label_hash, body) = db.split_at_mut_checked(h_len).ok_or(Error::InvalidArgument)?;
    let (pad, rest) = body.split_at_mut_checked(pad_len).ok_or(Error::InvalidArgument)?;
    let (one, m) = rest.split_at_mut_checked(1).ok_or(Error::InvalidArgument)?;
    digest(hash, &[label], label_hash)?;
    pad.fill(0);
    one.fill(0x01);
    m.copy_from_slice(message);
    // Steps e to h.
    mgf1_xor(hash, seed, db)?;
    masked_seed.copy_from_slice(seed);
    mgf1_xor(hash, db, masked_seed)
}

/// MGF1, RFC 8017 appendix B.2.1, added to `target`.
fn mgf1_xor(hash: Hash, seed: &[u8], target: &mut [u8]) -> Result<()> {
    let mut block = Zeroizing::new([0u8; MAX_H]);
    let block = block.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
    for (counter, chunk) in (0u32..).zip(target.chunks_mut(hash.output_len())) {
        digest(hash, &[seed, &counter.to_be_bytes()], block)?;
        for (byte, mask) in chunk.iter_mut().zip(block.iter()) {
            *byte ^= mask;
        }
    }
    Ok(())
}

/// The one place where a verdict becomes a branch.
fn accept(good: Choice) -> Result<()> {
    if marks::declassified("padding verdict", bool::from(good)) { Ok(()) } else { Err(Error::Rejected) }
}

fn zero_unless(done: Result<()>, em: &mut [u8]) -> Result<()> {
    if done.is_err() {
        em.zeroize();
    }
    done
}

#[cfg(test)]
mod tests;
