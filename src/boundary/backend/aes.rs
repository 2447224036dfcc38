//! AES: the contract, and its dispatcher. What runs is decided where a key is prepared; a key holds one form.
//!
//! Everything has two implementations; CMAC is written once, over the forward direction of either.

pub(in crate::boundary) mod cmac;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Backends;
use super::portable::aes as portable;
#[cfg(all(target_arch = "x86_64", feature = "std"))]
use super::vaes;
use crate::boundary::Wiped;
use crate::error::{Error, Result};

pub(in crate::boundary) use portable::BLOCK;

/// The implementation of the family.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Which {
    /// On every processor; with AES-NI and CLMUL where it has them.
    Portable,
    /// VAES and VPCLMULQDQ. The proof that the processor has them is the choice.
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Vaes(vaes::Vaes),
}

impl Which {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Portable => super::Backend::Portable.name(),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Vaes(vaes) => vaes.name(),
        }
    }

    /// VAES in the widest registers that the processor has.
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    pub(super) fn vaes() -> Option<Self> {
        vaes::Vaes::detect().map(Self::Vaes)
    }

    #[cfg(not(all(target_arch = "x86_64", feature = "std")))]
    pub(super) const fn vaes() -> Option<Self> {
        None
    }
}

/// A prepared AES-GCM key, for 96-bit IVs. Wiped on drop.
pub(in crate::boundary) struct GcmKey(Gcm);

// The size of a variant is the size of its tables; a Box would put key bytes on a heap.
#[allow(clippy::large_enum_variant)]
enum Gcm {
    Portable(portable::GcmKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Vaes(vaes::GcmKey),
}

impl GcmKey {
    /// Prepares a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(backends: &Backends, key: &[u8]) -> Result<Self> {
        Ok(Self(match backends.aes {
            Which::Portable => Gcm::Portable(portable::GcmKey::new(key)?),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Vaes(vaes) => Gcm::Vaes(vaes::GcmKey::new(vaes, key)?),
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
            Gcm::Portable(key) => key.seal(iv, aad, plaintext, ciphertext, tag),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Gcm::Vaes(key) => portable::check_lengths(aad, plaintext)
                .and_then(|()| key.seal(iv, aad, plaintext, ciphertext, tag)),
        };
        if done.is_err() {
            ciphertext.zeroize();
            tag.zeroize();
        }
        done
    }

    /// Authenticated decryption (SP 800-38D 7.2) under a tag of 12 to 16 bytes (GCM-6).
    ///
    /// `plaintext` is exactly as long as `ciphertext`; on failure, found in constant time, it is zero
    /// (GCM-7). Where cipher and hash run together it holds text before the tag is checked, so it has to be a buffer that
    /// nobody else reads. That the tag length is the key's is the caller's duty.
    pub(in crate::boundary) fn open(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        plaintext: &mut [u8],
    ) -> Result<()> {
        let done = match &self.0 {
            Gcm::Portable(key) => key.open(iv, aad, ciphertext, tag, plaintext),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Gcm::Vaes(key) => (|| {
                portable::check_lengths(aad, ciphertext).map_err(|_| Error::Rejected)?;
                let mut right = Wiped::new();
                key.open(iv, aad, ciphertext, plaintext, &mut right)?;
                same_tag(tag, &mut right)
            })(),
        };
        if done.is_err() {
            plaintext.zeroize();
        }
        done
    }
}

/// The first 12 to 16 bytes of the right tag.
#[cfg(all(target_arch = "x86_64", feature = "std"))]
fn same_tag(tag: &[u8], right: &mut [u8; BLOCK]) -> Result<()> {
    let mut given = [0; BLOCK];
    if tag.len() < 12 {
        return Err(Error::Rejected);
    }
    given.get_mut(..tag.len()).ok_or(Error::Rejected)?.copy_from_slice(tag);
    right.get_mut(tag.len()..).unwrap_or(&mut []).fill(0);
    let words = given.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0);
    let difference = words.fold(0, |all, (a, b)| all | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
    if bool::from(difference.ct_eq(&0)) { Ok(()) } else { Err(Error::Rejected) }
}

/// An expanded AES key, forward direction only, for CMAC and the DRBG: blocks that wait for one another, and keys that
/// serve once. Wiped on drop.
pub(in crate::boundary) struct ForwardKey(Forward);

// As for `Gcm`.
#[allow(clippy::large_enum_variant)]
enum Forward {
    Portable(portable::ForwardKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Vaes(vaes::ForwardKey),
}

impl ForwardKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(which: Which, key: &[u8]) -> Result<Self> {
        Ok(Self(match which {
            Which::Portable => Forward::Portable(portable::ForwardKey::new(key)?),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Vaes(vaes) => Forward::Vaes(vaes::ForwardKey::new(vaes, key)?),
        }))
    }

    /// The same key again.
    pub(in crate::boundary) fn another(&self) -> Self {
        Self(match &self.0 {
            Forward::Portable(key) => Forward::Portable(key.clone()),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Forward::Vaes(key) => Forward::Vaes(key.clone()),
        })
    }

    /// Another key in the place of this one.
    pub(in crate::boundary) fn renew(&mut self, key: &[u8; 32]) -> Result<()> {
        match &mut self.0 {
            Forward::Portable(place) => *place = portable::ForwardKey::new(key)?,
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Forward::Vaes(place) => place.renew(key),
        }
        Ok(())
    }

    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        match &self.0 {
            Forward::Portable(key) => key.encrypt_block(block),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Forward::Vaes(key) => key.encrypt_block(block),
        }
    }

    /// CIPH_K of each block, in place, pipelined.
    pub(in crate::boundary) fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        match &self.0 {
            Forward::Portable(key) => key.encrypt_blocks(blocks),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Forward::Vaes(key) => key.encrypt_blocks(blocks),
        }
    }

    /// `chain = CIPH_K(chain xor block)` for each block.
    pub(in crate::boundary) fn chain(&self, chain: &mut [u8; BLOCK], input: &[[u8; BLOCK]]) {
        match &self.0 {
            Forward::Portable(key) => key.chain(chain, input),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Forward::Vaes(key) => key.chain(chain, input),
        }
    }
}

/// An expanded AES key, both directions, for key wrap and for CBC and CTR. Single blocks are never a service
/// (KW-4). Wiped on drop.
pub(in crate::boundary) struct BlockKey(Block);

// As for `Gcm`.
#[allow(clippy::large_enum_variant)]
enum Block {
    Portable(portable::BlockKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Vaes(vaes::BlockKey),
}

impl BlockKey {
    /// Expands a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(backends: &Backends, key: &[u8]) -> Result<Self> {
        Ok(Self(match backends.aes {
            Which::Portable => Block::Portable(portable::BlockKey::new(key)?),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Vaes(vaes) => Block::Vaes(vaes::BlockKey::new(vaes, key)?),
        }))
    }

    /// CIPH_K of one block, in place.
    pub(in crate::boundary) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        match &self.0 {
            Block::Portable(key) => key.encrypt_block(block),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => key.encrypt_block(block),
        }
    }

    /// The inverse of CIPH_K of one block, in place.
    pub(in crate::boundary) fn decrypt_block(&self, block: &mut [u8; BLOCK]) {
        match &self.0 {
            Block::Portable(key) => key.decrypt_block(block),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => key.decrypt_block(block),
        }
    }

    /// The steps of W (SP 800-38F, algorithm 1) on A and two semiblocks of text or more; answers A. Keys have at most
    /// 2^17 semiblocks.
    pub(in crate::boundary) fn wrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        match &self.0 {
            Block::Portable(key) => key.wrap(a, text),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => key.wrap(a, text),
        }
    }

    /// The steps of its inverse (algorithm 2).
    pub(in crate::boundary) fn unwrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        match &self.0 {
            Block::Portable(key) => key.unwrap(a, text),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => key.unwrap(a, text),
        }
    }

    /// CBC encryption (SP 800-38A 6.2) of whole blocks. `chain` is the IV, and afterwards the last ciphertext
    /// block, so that a text can go on in another buffer. A length that does not fit leaves zeros.
    pub(in crate::boundary) fn cbc_encrypt(
        &self,
        chain: &mut [u8; BLOCK],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<()> {
        check(plaintext.len().is_multiple_of(BLOCK), plaintext, ciphertext)?;
        match &self.0 {
            Block::Portable(key) => key.cbc_encrypt(chain, plaintext, ciphertext),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => {
                key.cbc_encrypt(chain, plaintext, ciphertext);
                Ok(())
            }
        }
    }

    /// CBC decryption of whole blocks; `chain` as in [`cbc_encrypt`](Self::cbc_encrypt).
    pub(in crate::boundary) fn cbc_decrypt(
        &self,
        chain: &mut [u8; BLOCK],
        ciphertext: &[u8],
        plaintext: &mut [u8],
    ) -> Result<()> {
        check(ciphertext.len().is_multiple_of(BLOCK), ciphertext, plaintext)?;
        match &self.0 {
            Block::Portable(key) => key.cbc_decrypt(chain, ciphertext, plaintext),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => {
                key.cbc_decrypt(chain, ciphertext, plaintext);
                Ok(())
            }
        }
    }

    /// CTR, both directions (SP 800-38A 6.5). The first counter block is `counter`; the standard incrementing
    /// function runs over all of its 128 bits (appendix B.1). That no counter block comes twice under a key is
    /// the caller's duty. Buffers of different lengths leave zeros.
    pub(in crate::boundary) fn ctr(
        &self,
        counter: &[u8; BLOCK],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<()> {
        check(true, input, output)?;
        match &self.0 {
            Block::Portable(key) => key.ctr(counter, input, output),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Block::Vaes(key) => {
                key.ctr(counter, input, output);
                Ok(())
            }
        }
    }
}

/// Buffers of one length, which `fits`; else the output is zero.
fn check(fits: bool, input: &[u8], output: &mut [u8]) -> Result<()> {
    if fits && input.len() == output.len() {
        return Ok(());
    }
    output.zeroize();
    Err(Error::InvalidArgument)
}

#[cfg(test)]
mod tests;
