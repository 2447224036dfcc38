//! CBC and CTR (SP 800-38A, December 2001), the chain of CMAC, and the steps of key wrap, portable backend.
//!
//! Own loops over the block functions of the crate `aes`. What can run in parallel does, many blocks a call
//! (CBC decryption, CTR); what cannot (CBC encryption, CMAC) is one loop inside the cipher's own context.
//! Nothing is left on the stack but blocks that are wiped; the expanded keys wipe themselves.

use aes::cipher::array::Array;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
};
use zeroize::{Zeroize, Zeroizing};

use super::{BLOCK, Block, BlockKey, Forward, ForwardKey};
use crate::boundary::backend::portable::key_wrap::{join, split};
use crate::error::{Error, Result};

/// Blocks worked on before they leave the nearest cache: a multiple of every backend's batch but VAES-512's.
const BATCH: usize = 240;

impl BlockKey {
    /// CBC encryption (SP 800-38A 6.2) of whole blocks. `chain` is the IV, and afterwards the last ciphertext
    /// block, so that a text can go on in another buffer. A length that does not fit leaves zeros.
    pub(in crate::boundary) fn cbc_encrypt(
        &self,
        chain: &mut [u8; BLOCK],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<()> {
        let (input, output) = whole_blocks(plaintext, ciphertext)?;
        let mut output = output.iter_mut();
        let each = |block: &[u8; BLOCK]| {
            if let Some(out) = output.next() {
                *out = *block;
            }
        };
        match &self.0 {
            Block::Aes128(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Block::Aes192(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Block::Aes256(k) => k.encrypt_with_backend(Chain { chain, input, each }),
        }
        Ok(())
    }

    /// CBC decryption of whole blocks; `chain` as in [`cbc_encrypt`](Self::cbc_encrypt).
    pub(in crate::boundary) fn cbc_decrypt(
        &self,
        chain: &mut [u8; BLOCK],
        ciphertext: &[u8],
        plaintext: &mut [u8],
    ) -> Result<()> {
        let (input, output) = whole_blocks(ciphertext, plaintext)?;
        for (text, out) in input.chunks(BATCH).zip(output.chunks_mut(BATCH)) {
            out.copy_from_slice(text);
            self.decrypt_blocks(out);
            if let (Some((first, others)), Some((last, before))) = (out.split_first_mut(), text.split_last())
            {
                xor(first, chain);
                xor(others.as_flattened_mut(), before.as_flattened());
                *chain = *last;
            }
        }
        Ok(())
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
        if input.len() != output.len() {
            output.zeroize();
            return Err(Error::InvalidArgument);
        }
        let mut next = u128::from_be_bytes(*counter);
        for (text, out) in input.chunks(BATCH * BLOCK).zip(output.chunks_mut(BATCH * BLOCK)) {
            // The key stream is made in the output itself: there is no other copy to wipe.
            let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
            for block in blocks.iter_mut() {
                *block = next.to_be_bytes();
                next = next.wrapping_add(1);
            }
            self.encrypt_blocks(blocks);
            if !rest.is_empty() {
                let mut last = Zeroizing::new(next.to_be_bytes());
                self.encrypt_block(&mut last);
                rest.iter_mut().zip(last.iter()).for_each(|(to, from)| *to = *from);
            }
            xor(out, text);
        }
        Ok(())
    }

    /// The steps of W (SP 800-38F, algorithm 1) on A and two semiblocks of text or more; answers A.
    pub(in crate::boundary) fn wrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        let mut block = Zeroizing::new([0u8; BLOCK]);
        let mut a = Zeroizing::new(a);
        let mut t = 0u64;
        for _ in 0..6 {
            for r in text.iter_mut() {
                join(&mut block, *a, r);
                self.encrypt_block(&mut block);
                t = t.wrapping_add(1); // at most 6 * 2^17
                *a = split(&block, r) ^ t;
            }
        }
        *a
    }

    /// The steps of its inverse (algorithm 2).
    pub(in crate::boundary) fn unwrap(&self, a: u64, text: &mut [[u8; 8]]) -> u64 {
        let mut block = Zeroizing::new([0u8; BLOCK]);
        let mut a = Zeroizing::new(a);
        let mut t = u64::try_from(text.len()).unwrap_or_default().wrapping_mul(6);
        for _ in 0..6 {
            for r in text.iter_mut().rev() {
                join(&mut block, *a ^ t, r);
                self.decrypt_block(&mut block);
                t = t.wrapping_sub(1);
                *a = split(&block, r);
            }
        }
        *a
    }

    fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match &self.0 {
            Block::Aes128(k) => k.encrypt_blocks(blocks),
            Block::Aes192(k) => k.encrypt_blocks(blocks),
            Block::Aes256(k) => k.encrypt_blocks(blocks),
        }
    }

    fn decrypt_blocks(&self, blocks: &mut [[u8; BLOCK]]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match &self.0 {
            Block::Aes128(k) => k.decrypt_blocks(blocks),
            Block::Aes192(k) => k.decrypt_blocks(blocks),
            Block::Aes256(k) => k.decrypt_blocks(blocks),
        }
    }
}

/// `chain = CIPH_K(chain xor block)` for each block, shown to `each`: the loop of CBC and of CMAC.
struct Chain<'a, F> {
    chain: &'a mut [u8; BLOCK],
    input: &'a [[u8; BLOCK]],
    each: F,
}

impl<F> BlockSizeUser for Chain<'_, F> {
    type BlockSize = U16;
}

impl<F: FnMut(&[u8; BLOCK])> BlockCipherEncClosure for Chain<'_, F> {
    // Inlined into the backend's own function, where the CPU's AES instructions are enabled.
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { chain, input, mut each } = self;
        // A local copy can stay in a register from one block to the next.
        let mut state = Zeroizing::new(*chain);
        for block in input {
            xor(&mut *state, block);
            backend.encrypt_block_inplace(Array::cast_from_core_mut(&mut state));
            each(&state);
        }
        *chain = *state;
    }
}

type Blocks = [[u8; BLOCK]];

/// Both buffers as blocks, if they are equally many whole ones.
fn whole_blocks<'i, 'o>(input: &'i [u8], output: &'o mut [u8]) -> Result<(&'i Blocks, &'o mut Blocks)> {
    if input.len() != output.len() || !input.len().is_multiple_of(BLOCK) {
        output.zeroize();
        return Err(Error::InvalidArgument);
    }
    Ok((input.as_chunks().0, output.as_chunks_mut().0))
}

#[inline(always)]
fn xor(to: &mut [u8], with: &[u8]) {
    for (to, with) in to.iter_mut().zip(with) {
        *to ^= with;
    }
}

impl ForwardKey {
    /// `chain = CIPH_K(chain xor block)` for each block.
    pub(in crate::boundary) fn chain(&self, chain: &mut [u8; BLOCK], input: &[[u8; BLOCK]]) {
        let each = |_: &[u8; BLOCK]| {};
        match &self.0 {
            Forward::Aes128(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Forward::Aes192(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Forward::Aes256(k) => k.encrypt_with_backend(Chain { chain, input, each }),
        }
    }
}

#[cfg(test)]
mod tests;
