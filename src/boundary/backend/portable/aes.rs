//! AES (FIPS 197, update 1 of 2023) and AES-GCM (SP 800-38D, 2007), portable backend.
//!
//! The block cipher and GHASH are the crates `aes` and `aes-gcm`; their expanded keys and hash keys are
//! wiped on drop (cargo feature `zeroize`; the tests hold the marker traits to it). This file adds what the
//! engine asks of a backend: prepared keys that cannot be copied or printed, separate input and output
//! buffers, every tag length of GCM-6, and the length limits of GCM-5.

pub(in crate::boundary) mod modes;

use aes::cipher::array::Array;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes128Enc, Aes192, Aes192Enc, Aes256, Aes256Enc};
use aes_gcm::aead::consts::{U12, U13, U14, U15, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, AesGcm, TagSize};
use zeroize::Zeroize;

use crate::error::{Error, Result};
use crate::marks;

/// Bytes of one AES block.
pub(in crate::boundary) const BLOCK: usize = 16;

/// Longest GCM plaintext in bytes: 2^39 - 256 bits (SP 800-38D 5.2.1.1, GCM-5).
const GCM_MAX_TEXT: u64 = (1 << 36) - 32;

/// Longest GCM associated data in bytes: 2^64 - 1 bits (SP 800-38D 5.2.1.1, GCM-5).
const GCM_MAX_AAD: u64 = (1 << 61) - 1;

/// An expanded AES key, both directions, for key wrap and for CBC and CTR (in `modes`). Single blocks are
/// never a service (KW-4).
pub(in crate::boundary) struct BlockKey(Block);

// The size of a variant is the size of its key schedule; a Box would put key bytes on a heap.
#[allow(clippy::large_enum_variant)]
enum Block {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl BlockKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(key: &[u8]) -> Result<Self> {
        Ok(Self(match key.len() {
            16 => Block::Aes128(expand(key)?),
            24 => Block::Aes192(expand(key)?),
            32 => Block::Aes256(expand(key)?),
            _ => return Err(Error::InvalidArgument),
        }))
    }

    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        let block = Array::cast_from_core_mut(block);
        match &self.0 {
            Block::Aes128(k) => k.encrypt_block(block),
            Block::Aes192(k) => k.encrypt_block(block),
            Block::Aes256(k) => k.encrypt_block(block),
        }
    }

    /// The inverse of CIPH_K of one block, in place.
    pub(in crate::boundary) fn decrypt_block(&self, block: &mut [u8; BLOCK]) {
        let block = Array::cast_from_core_mut(block);
        match &self.0 {
            Block::Aes128(k) => k.decrypt_block(block),
            Block::Aes192(k) => k.decrypt_block(block),
            Block::Aes256(k) => k.decrypt_block(block),
        }
    }
}

/// An expanded AES key, forward direction only: what CMAC needs, and a DRBG that changes its key with every request,
/// without paying for the inverse schedule.
#[derive(Clone)]
pub(in crate::boundary) struct ForwardKey(Forward);

// As for `Block`.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum Forward {
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

impl ForwardKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(key: &[u8]) -> Result<Self> {
        Ok(Self(match key.len() {
            16 => Forward::Aes128(expand(key)?),
            24 => Forward::Aes192(expand(key)?),
            32 => Forward::Aes256(expand(key)?),
            _ => return Err(Error::InvalidArgument),
        }))
    }

    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        let block = Array::cast_from_core_mut(block);
        match &self.0 {
            Forward::Aes128(k) => k.encrypt_block(block),
            Forward::Aes192(k) => k.encrypt_block(block),
            Forward::Aes256(k) => k.encrypt_block(block),
        }
    }

    /// CIPH_K of each block, in place, pipelined.
    pub(in crate::boundary) fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match &self.0 {
            Forward::Aes128(k) => k.encrypt_blocks(blocks),
            Forward::Aes192(k) => k.encrypt_blocks(blocks),
            Forward::Aes256(k) => k.encrypt_blocks(blocks),
        }
    }
}

/// A prepared AES-GCM key: expanded key and GHASH key, for 96-bit IVs.
pub(in crate::boundary) struct GcmKey(Gcm);

// As for `Block`.
#[allow(clippy::large_enum_variant)]
enum Gcm {
    Aes128(Prepared<Aes128Enc>),
    Aes192(Prepared<Aes192Enc>),
    Aes256(Prepared<Aes256Enc>),
}

impl GcmKey {
    /// Prepares a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(key: &[u8]) -> Result<Self> {
        Ok(Self(match key.len() {
            16 => Gcm::Aes128(Prepared::new(key)?),
            24 => Gcm::Aes192(Prepared::new(key)?),
            32 => Gcm::Aes256(Prepared::new(key)?),
            _ => return Err(Error::InvalidArgument),
        }))
    }

    /// Authenticated encryption (SP 800-38D 7.1) with a 128-bit tag.
    ///
    /// `ciphertext` is exactly as long as `plaintext`. That an IV never repeats is the caller's duty.
    /// On failure `ciphertext` and `tag` are zero.
    pub(in crate::boundary) fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<()> {
        let done = match &self.0 {
            Gcm::Aes128(k) => k.seal(iv, aad, plaintext, ciphertext, tag),
            Gcm::Aes192(k) => k.seal(iv, aad, plaintext, ciphertext, tag),
            Gcm::Aes256(k) => k.seal(iv, aad, plaintext, ciphertext, tag),
        };
        if done.is_err() {
            ciphertext.zeroize();
            tag.zeroize();
        }
        done
    }

    /// Authenticated decryption (SP 800-38D 7.2) under a tag of 12 to 16 bytes (GCM-6).
    ///
    /// The tag is checked, in constant time, before a byte is decrypted (GCM-7). `plaintext` is exactly as
    /// long as `ciphertext`; on failure it is zero. That the tag length is the key's is the caller's duty.
    pub(in crate::boundary) fn open(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        plaintext: &mut [u8],
    ) -> Result<()> {
        let done = match &self.0 {
            Gcm::Aes128(k) => k.open(iv, aad, ciphertext, tag, plaintext),
            Gcm::Aes192(k) => k.open(iv, aad, ciphertext, tag, plaintext),
            Gcm::Aes256(k) => k.open(iv, aad, ciphertext, tag, plaintext),
        };
        if done.is_err() {
            plaintext.zeroize();
        }
        done
    }
}

/// What `aes-gcm` asks of a block cipher, plus expansion.
trait Cipher: BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt + KeyInit + Clone {}
impl<C: BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt + KeyInit + Clone> Cipher for C {}

struct Prepared<C: Cipher> {
    full: AesGcm<C, U12, U16>,
    /// `aes-gcm` fixes the tag length in the type and does not lend its cipher: the schedule once more,
    /// from which a key for a shorter tag is made when one is met (one block encryption).
    cipher: C,
}

impl<C: Cipher> Prepared<C> {
    fn new(key: &[u8]) -> Result<Self> {
        let cipher: C = expand(key)?;
        Ok(Self { full: AesGcm::from(cipher.clone()), cipher })
    }

    fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<()> {
        check_lengths(aad, plaintext)?;
        let buffer = InOutBuf::new(plaintext, ciphertext).map_err(|_| Error::InvalidArgument)?;
        let made = self.full.encrypt_inout_detached(Array::cast_from_core(iv), aad, buffer);
        tag.copy_from_slice(&made.map_err(|_| Error::InvalidArgument)?);
        Ok(())
    }

    fn open(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        plaintext: &mut [u8],
    ) -> Result<()> {
        check_lengths(aad, ciphertext).map_err(|_| Error::Rejected)?;
        let buffer = InOutBuf::new(ciphertext, plaintext).map_err(|_| Error::InvalidArgument)?;
        match tag.len() {
            16 => open_with(&self.full, iv, aad, buffer, tag),
            15 => open_with::<_, U15>(&AesGcm::from(&self.cipher), iv, aad, buffer, tag),
            14 => open_with::<_, U14>(&AesGcm::from(&self.cipher), iv, aad, buffer, tag),
            13 => open_with::<_, U13>(&AesGcm::from(&self.cipher), iv, aad, buffer, tag),
            12 => open_with::<_, U12>(&AesGcm::from(&self.cipher), iv, aad, buffer, tag),
            _ => Err(Error::Rejected),
        }
    }
}

fn open_with<C, T>(
    key: &AesGcm<C, U12, T>,
    iv: &[u8; 12],
    aad: &[u8],
    buffer: InOutBuf<'_, '_, u8>,
    tag: &[u8],
) -> Result<()>
where
    C: BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt,
    T: TagSize,
{
    let tag = tag.try_into().map_err(|_| Error::Rejected)?;
    let opened = key.decrypt_inout_detached(Array::cast_from_core(iv), aad, buffer, tag);
    marks::declassified("MAC verdict", opened).map_err(|_| Error::Rejected)
}

/// GCM-5, before any byte is processed.
pub(in crate::boundary::backend) fn check_lengths(aad: &[u8], text: &[u8]) -> Result<()> {
    // A usize of more than 64 bits does not exist; if it did, it would be refused.
    let fits = |bytes: &[u8], limit| u64::try_from(bytes.len()).is_ok_and(|n| n <= limit);
    if fits(aad, GCM_MAX_AAD) && fits(text, GCM_MAX_TEXT) { Ok(()) } else { Err(Error::InvalidArgument) }
}

fn expand<C: KeyInit>(key: &[u8]) -> Result<C> {
    C::new_from_slice(key).map_err(|_| Error::InvalidArgument)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn hex(s: &str) -> Vec<u8> {
        let digits: Vec<u8> = s
            .bytes()
            .filter(u8::is_ascii_hexdigit)
            .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
            .collect();
        digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
    }

    /// FIPS 197 appendix C.1, C.2 and C.3.
    #[test]
    fn block_known_answers() {
        let cases = [(16, "69c4e0d86a7b0430d8cdb78070b4c55a"), (24, "dda97ca4864cdfe06eaf70a0ec0d7191")];
        for (len, want) in cases.into_iter().chain([(32, "8ea2b7ca516745bfeafc49904b496089")]) {
            let key: Vec<u8> = (0..len).collect();
            let plain: [u8; 16] = hex("00112233445566778899aabbccddeeff").try_into().unwrap();
            let mut block = plain;
            let prepared = BlockKey::new(&key).unwrap();
            prepared.encrypt_block(&mut block);
            assert_eq!(block.to_vec(), hex(want));
            prepared.decrypt_block(&mut block);
            assert_eq!(block, plain);
        }
    }

    #[test]
    fn other_key_lengths_are_refused() {
        for len in (0..=64).filter(|n| ![16, 24, 32].contains(n)) {
            assert_eq!(BlockKey::new(&vec![0; len]).err(), Some(Error::InvalidArgument));
            assert_eq!(GcmKey::new(&vec![0; len]).err(), Some(Error::InvalidArgument));
            assert_eq!(ForwardKey::new(&vec![0; len]).err(), Some(Error::InvalidArgument));
        }
    }

    /// Without the cargo feature `zeroize` of either crate this does not compile.
    #[test]
    fn key_types_wipe_on_drop() {
        fn wipes<T: zeroize::ZeroizeOnDrop>() {}
        wipes::<Aes128>();
        wipes::<Aes192>();
        wipes::<Aes256>();
        wipes::<Aes256Enc>();
        wipes::<AesGcm<Aes128Enc, U12>>();
        wipes::<AesGcm<Aes192Enc, U12>>();
        wipes::<AesGcm<Aes256Enc, U12>>();
    }
}
