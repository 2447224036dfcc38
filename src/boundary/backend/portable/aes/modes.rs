//! CBC and CTR (SP 800-38A, December 2001) and CMAC (SP 800-38B, May 2005, updated 2016), portable backend.
//!
//! Own loops over the block functions of the crate `aes`. What can run in parallel does, many blocks a call
//! (CBC decryption, CTR); what cannot (CBC encryption, CMAC) is one loop inside the cipher's own context.
//! Nothing is left on the stack but blocks that are wiped; the expanded keys wipe themselves.

use aes::cipher::array::Array;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use zeroize::{Zeroize, Zeroizing};

use super::{BLOCK, Block, BlockKey, expand};
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

/// A prepared CMAC key: expanded key, forward direction only, and the two subkeys. Wiped on drop.
pub(in crate::boundary) struct CmacKey {
    cipher: Forward,
    k1: Zeroizing<[u8; BLOCK]>,
    k2: Zeroizing<[u8; BLOCK]>,
}

// As for `Block`.
#[allow(clippy::large_enum_variant)]
enum Forward {
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

impl Forward {
    fn chain(&self, chain: &mut [u8; BLOCK], input: &[[u8; BLOCK]]) {
        let each = |_: &[u8; BLOCK]| {};
        match self {
            Self::Aes128(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Self::Aes192(k) => k.encrypt_with_backend(Chain { chain, input, each }),
            Self::Aes256(k) => k.encrypt_with_backend(Chain { chain, input, each }),
        }
    }
}

impl CmacKey {
    /// Prepares a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(key: &[u8]) -> Result<Self> {
        let cipher = match key.len() {
            16 => Forward::Aes128(expand(key)?),
            24 => Forward::Aes192(expand(key)?),
            32 => Forward::Aes256(expand(key)?),
            _ => return Err(Error::InvalidArgument),
        };
        // SP 800-38B 6.1: L is the cipher of the zero block, K1 and K2 are L times x and x^2.
        let mut l = Zeroizing::new([0; BLOCK]);
        cipher.chain(&mut l, &[[0; BLOCK]]);
        let k1 = doubled(&l);
        let k2 = doubled(&k1);
        Ok(Self { cipher, k1, k2 })
    }

    /// Starts a MAC computation, with a copy of the expanded key.
    pub(in crate::boundary) fn start(&self) -> CmacState {
        let cipher = match &self.cipher {
            Forward::Aes128(k) => Forward::Aes128(k.clone()),
            Forward::Aes192(k) => Forward::Aes192(k.clone()),
            Forward::Aes256(k) => Forward::Aes256(k.clone()),
        };
        let key = Self { cipher, k1: self.k1.clone(), k2: self.k2.clone() };
        CmacState { key, message: Message::default() }
    }

    /// The 16-byte MAC of a message; an `out` of another length is zeroed and the call refused.
    pub(in crate::boundary) fn mac(&self, message: &[u8], out: &mut [u8]) -> Result<()> {
        let mut run = Message::default();
        run.update(self, message);
        run.finish(self, out)
    }
}

/// A MAC computation in progress. Wiped on drop.
pub(in crate::boundary) struct CmacState {
    key: CmacKey,
    message: Message,
}

impl CmacState {
    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        self.message.update(&self.key, data);
    }

    /// Writes the MAC; the length of `out` as in [`CmacKey::mac`].
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        self.message.finish(&self.key, out)
    }
}

/// What was absorbed: all whole blocks but the last, and the last, which is masked before it is encrypted.
#[derive(Default)]
struct Message {
    chain: Zeroizing<[u8; BLOCK]>,
    last: Zeroizing<[u8; BLOCK]>,
    held: usize,
}

impl Message {
    fn update(&mut self, key: &CmacKey, data: &[u8]) {
        let mut rest = data;
        if self.held > 0 {
            rest = self.hold(data);
            if rest.is_empty() {
                return;
            }
            // More is to come, so what is held is whole and not the last.
            key.cipher.chain(&mut self.chain, core::slice::from_ref(&*self.last));
            self.held = 0;
        }
        let (mut blocks, mut tail) = rest.as_chunks::<BLOCK>();
        if tail.is_empty()
            && let Some((last, before)) = blocks.split_last()
        {
            (blocks, tail) = (before, last);
        }
        if !blocks.is_empty() {
            key.cipher.chain(&mut self.chain, blocks);
        }
        self.hold(tail);
    }

    /// Fills up the held block; answers what has no room in it.
    fn hold<'d>(&mut self, data: &'d [u8]) -> &'d [u8] {
        let room = self.last.get_mut(self.held..).unwrap_or(&mut []);
        let taken = room.len().min(data.len());
        room.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        self.held = self.held.saturating_add(taken);
        data.get(taken..).unwrap_or(&[])
    }

    /// SP 800-38B 6.2, steps 4 to 6.
    fn finish(mut self, key: &CmacKey, out: &mut [u8]) -> Result<()> {
        if out.len() != BLOCK {
            out.zeroize();
            return Err(Error::InvalidArgument);
        }
        let mask = if self.held == BLOCK { &key.k1 } else { &key.k2 };
        if let Some((first, rest)) = self.last.get_mut(self.held..).and_then(<[u8]>::split_first_mut) {
            *first = 0x80;
            rest.fill(0);
        }
        xor(&mut *self.last, &**mask);
        key.cipher.chain(&mut self.chain, core::slice::from_ref(&*self.last));
        out.copy_from_slice(&*self.chain);
        Ok(())
    }
}

/// Times x in GF(2^128) as SP 800-38B 5.3 and 6.1 write it, without a branch.
fn doubled(block: &[u8; BLOCK]) -> Zeroizing<[u8; BLOCK]> {
    let mut value = u128::from_be_bytes(*block);
    let carry = (value >> 127).wrapping_neg() & 0x87;
    value = (value << 1) ^ carry;
    let doubled = Zeroizing::new(value.to_be_bytes());
    value.zeroize();
    doubled
}

#[cfg(test)]
mod tests;
