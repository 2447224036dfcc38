//! CMAC (SP 800-38B, May 2005, updated 2016) over a key of either implementation.

use zeroize::Zeroize;

use super::{BLOCK, ForwardKey};
use crate::boundary::Wiped;
use crate::boundary::backend::Backends;
use crate::error::{Error, Result};

/// A prepared CMAC key: expanded key, forward direction only, and the two subkeys. Wiped on drop.
pub(in crate::boundary) struct CmacKey {
    cipher: ForwardKey,
    k1: Wiped<BLOCK>,
    k2: Wiped<BLOCK>,
}

impl CmacKey {
    /// Prepares a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(backends: &Backends, key: &[u8]) -> Result<Self> {
        let cipher = ForwardKey::new(backends.aes, key)?;
        // SP 800-38B 6.1: L is the cipher of the zero block, K1 and K2 are L times x and x^2.
        let mut l = Wiped::new();
        cipher.encrypt_block(&mut l);
        let k1 = doubled(&l);
        let k2 = doubled(&k1);
        Ok(Self { cipher, k1, k2 })
    }

    /// Starts a MAC computation, with a copy of the expanded key.
    pub(in crate::boundary) fn start(&self) -> CmacState {
        let (mut k1, mut k2) = (Wiped::new(), Wiped::new());
        *k1 = *self.k1;
        *k2 = *self.k2;
        CmacState { key: Self { cipher: self.cipher.another(), k1, k2 }, message: Message::new() }
    }

    /// The 16-byte MAC of a message; an `out` of another length is zeroed and the call refused.
    pub(in crate::boundary) fn mac(&self, message: &[u8], out: &mut [u8]) -> Result<()> {
        let mut run = Message::new();
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
struct Message {
    chain: Wiped<BLOCK>,
    last: Wiped<BLOCK>,
    held: usize,
}

impl Message {
    const fn new() -> Self {
        Self { chain: Wiped::new(), last: Wiped::new(), held: 0 }
    }

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
        self.last.iter_mut().zip(mask.iter()).for_each(|(byte, mask)| *byte ^= mask);
        key.cipher.chain(&mut self.chain, core::slice::from_ref(&*self.last));
        out.copy_from_slice(&*self.chain);
        Ok(())
    }
}

/// Times x in GF(2^128) as SP 800-38B 5.3 and 6.1 write it, without a branch.
fn doubled(block: &[u8; BLOCK]) -> Wiped<BLOCK> {
    let mut value = u128::from_be_bytes(*block);
    let carry = (value >> 127).wrapping_neg() & 0x87;
    value = (value << 1) ^ carry;
    let mut doubled = Wiped::new();
    *doubled = value.to_be_bytes();
    value.zeroize();
    doubled
}

#[cfg(test)]
mod tests;
