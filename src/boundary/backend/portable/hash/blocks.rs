//! SHA-2 from its compression function on (FIPS 180-4, 2015, sections 5 and 6), for HMAC: a prepared key is two
//! chaining values, and a short message costs its compressions and little else. The function itself is the crate's.

use sha2::block_api::{compress256, compress512};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::algorithm::Hash;

/// A chaining value; B is the length of a block in bytes.
pub(super) trait Chaining<const B: usize>: Copy {
    /// Bytes of the length at the end of a message.
    const LENGTH: usize;

    fn compress(&mut self, blocks: &[[u8; B]]);
    /// The leftmost bytes, as many as fit.
    fn write(&self, out: &mut [u8]);
    fn wipe(&mut self);
}

macro_rules! chaining {
    ($word:ty, $block:literal, $length:literal, $compress:ident) => {
        impl Chaining<$block> for [$word; 8] {
            const LENGTH: usize = $length;

            #[inline(always)]
            fn compress(&mut self, blocks: &[[u8; $block]]) {
                $compress(self, blocks);
            }

            #[inline(always)]
            fn write(&self, out: &mut [u8]) {
                // Every hash of the family is some whole words.
                let places = out.as_chunks_mut::<{ size_of::<$word>() }>().0;
                places.iter_mut().zip(self).for_each(|(place, word)| *place = word.to_be_bytes());
            }

            #[inline(always)]
            fn wipe(&mut self) {
                self.as_mut_slice().zeroize();
            }
        }
    };
}

chaining!(u32, 64, 8, compress256);
chaining!(u64, 128, 16, compress512);

/// Where the function starts (FIPS 180-4 section 5.3).
pub(super) enum Start {
    Words32([u32; 8]),
    Words64([u64; 8]),
}

impl Start {
    /// Of a hash of this family.
    pub(super) const fn of(hash: Hash) -> Option<Self> {
        Some(match hash {
            Hash::Sha224 => Self::Words32([
                0xc105_9ed8,
                0x367c_d507,
                0x3070_dd17,
                0xf70e_5939,
                0xffc0_0b31,
                0x6858_1511,
                0x64f9_8fa7,
                0xbefa_4fa4,
            ]),
            Hash::Sha256 => Self::Words32([
                0x6a09_e667,
                0xbb67_ae85,
                0x3c6e_f372,
                0xa54f_f53a,
                0x510e_527f,
                0x9b05_688c,
                0x1f83_d9ab,
                0x5be0_cd19,
            ]),
            Hash::Sha384 => Self::Words64([
                0xcbbb_9d5d_c105_9ed8,
                0x629a_292a_367c_d507,
                0x9159_015a_3070_dd17,
                0x152f_ecd8_f70e_5939,
                0x6733_2667_ffc0_0b31,
                0x8eb4_4a87_6858_1511,
                0xdb0c_2e0d_64f9_8fa7,
                0x47b5_481d_befa_4fa4,
            ]),
            Hash::Sha512 => Self::Words64([
                0x6a09_e667_f3bc_c908,
                0xbb67_ae85_84ca_a73b,
                0x3c6e_f372_fe94_f82b,
                0xa54f_f53a_5f1d_36f1,
                0x510e_527f_ade6_82d1,
                0x9b05_688c_2b3e_6c1f,
                0x1f83_d9ab_fb41_bd6b,
                0x5be0_cd19_137e_2179,
            ]),
            Hash::Sha512_256 => Self::Words64([
                0x2231_2194_fc2b_f72c,
                0x9f55_5fa3_c84c_64c2,
                0x2393_b86b_6f53_b151,
                0x9638_7719_5940_eabd,
                0x9628_3ee2_a88e_ffe3,
                0xbe5e_1e25_5386_3992,
                0x2b01_99fc_2c85_b8aa,
                0x0eb7_2ddc_81c5_2ca2,
            ]),
            _ => return None,
        })
    }
}

/// A prepared key: the chaining values after K0 xor ipad and after K0 xor opad. Wiped on drop.
pub(super) struct Pair<S: Chaining<B>, const B: usize> {
    inner: S,
    outer: S,
}

impl<S: Chaining<B>, const B: usize> Pair<S, B> {
    /// FIPS 198-1 section 4, steps 4, 5, 7 and 8.
    #[inline]
    pub(super) fn new(start: S, inner_block: &[u8; B], outer_block: &[u8; B]) -> Self {
        let mut pair = Self { inner: start, outer: start };
        pair.inner.compress(core::slice::from_ref(inner_block));
        pair.outer.compress(core::slice::from_ref(outer_block));
        pair
    }

    /// The MAC of the concatenation of `parts`; `out` is as long as the hash.
    #[inline]
    pub(super) fn mac(&self, parts: &[&[u8]], out: &mut [u8]) {
        let mut run = self.start();
        for part in parts {
            run.update(part);
        }
        run.finish(out);
    }

    /// Starts a computation: one block has been absorbed.
    #[inline(always)]
    pub(super) fn start(&self) -> Running<S, B> {
        Running { state: self.inner, outer: self.outer, block: [0; B], held: 0, total: B as u64 }
    }
}

impl<S: Chaining<B>, const B: usize> Drop for Pair<S, B> {
    #[inline]
    fn drop(&mut self) {
        self.inner.wipe();
        self.outer.wipe();
    }
}

impl<S: Chaining<B>, const B: usize> ZeroizeOnDrop for Pair<S, B> {}

/// The inner hash in progress, with the other half of the key. Wiped on drop.
pub(super) struct Running<S: Chaining<B>, const B: usize> {
    state: S,
    outer: S,
    block: [u8; B],
    /// Bytes that wait in the block, fewer than B.
    held: usize,
    /// Bytes of the whole message, the key's block included.
    total: u64,
}

impl<S: Chaining<B>, const B: usize> Running<S, B> {
    #[inline]
    pub(super) fn update(&mut self, data: &[u8]) {
        self.total = self.total.wrapping_add(data.len() as u64);
        let mut rest = data;
        if self.held > 0 {
            rest = self.hold(data);
            if self.held < B {
                return;
            }
            self.state.compress(core::slice::from_ref(&self.block));
            self.held = 0;
        }
        let (blocks, tail) = rest.as_chunks::<B>();
        if !blocks.is_empty() {
            self.state.compress(blocks);
        }
        self.hold(tail);
    }

    /// Fills up the block; answers what has no room in it.
    #[inline(always)]
    fn hold<'d>(&mut self, data: &'d [u8]) -> &'d [u8] {
        let room = self.block.get_mut(self.held..).unwrap_or(&mut []);
        let (now, rest) = data.split_at(room.len().min(data.len()));
        if let Some(room) = room.get_mut(..now.len()) {
            room.copy_from_slice(now);
        }
        self.held = self.held.saturating_add(now.len());
        rest
    }

    /// Pads the message, hashes the digest with the other half of the key, and writes as much as `out` holds: the
    /// length of the hash (FIPS 198-1 section 4, steps 6 to 9).
    #[inline]
    pub(super) fn finish(mut self, out: &mut [u8]) {
        let (held, total) = (self.held, self.total);
        self.close(held, total);
        let len = out.len();
        if let Some(digest) = self.block.get_mut(..len) {
            self.state.write(digest);
        }
        self.state = self.outer;
        self.close(len, (B as u64).wrapping_add(len as u64));
        self.state.write(out);
    }

    /// Padding after `held` bytes of the block (FIPS 180-4 section 5.1), and the last compressions.
    #[inline(always)]
    fn close(&mut self, held: usize, total: u64) {
        if let Some((first, rest)) = self.block.get_mut(held..).and_then(<[u8]>::split_first_mut) {
            *first = 0x80;
            rest.fill(0);
        }
        if held.saturating_add(S::LENGTH) >= B {
            self.state.compress(core::slice::from_ref(&self.block));
            self.block.fill(0);
        }
        if let Some(length) = self.block.last_chunk_mut() {
            *length = total.wrapping_mul(8).to_be_bytes();
        }
        self.state.compress(core::slice::from_ref(&self.block));
    }
}

impl<S: Chaining<B>, const B: usize> Drop for Running<S, B> {
    #[inline]
    fn drop(&mut self) {
        self.state.wipe();
        self.outer.wipe();
        self.block.as_mut_slice().zeroize();
    }
}

impl<S: Chaining<B>, const B: usize> ZeroizeOnDrop for Running<S, B> {}
