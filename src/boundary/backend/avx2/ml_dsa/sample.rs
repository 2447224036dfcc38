//! Pseudorandom sampling (FIPS 204 section 7.3), four polynomials at a time where the standard lets one.

// Positions inside arrays of fixed length, which the loops compare with; bytes, and numbers below 2^23.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};

use super::super::keccak::{SHAKE128, SHAKE256, Sponges};
use super::{N, Poly, Q, Set, encode, ntt};

/// ExpandA (algorithm 32): entry after entry of the matrix, in the order that [`ntt`] has.
#[target_feature(enable = "avx2")]
pub(super) fn matrix<const L: usize>(rho: &[u8; 32], rows: &mut [[Poly; L]]) {
    let entries = rows.as_flattened_mut();
    for (fours, entries) in entries.chunks_mut(4).enumerate() {
        // Of the last four some may be too many: they are made and dropped.
        let mut seeds = [[0; 34]; 4];
        for (i, seed) in seeds.iter_mut().enumerate() {
            let at = 4 * fours + i;
            seed[..32].copy_from_slice(rho);
            seed[32] = (at % L) as u8;
            seed[33] = (at / L) as u8;
        }
        let mut sponges = Sponges::<SHAKE128>::new(seeds.each_ref());
        let mut blocks = [[0; SHAKE128]; 4];
        let mut counts = [0; 4];
        for entry in entries.iter_mut() {
            *entry = Poly::ZERO;
        }
        while entries.iter().zip(counts).any(|(_, count)| count < N) {
            sponges.squeeze(blocks.each_mut());
            for ((entry, block), count) in entries.iter_mut().zip(&blocks).zip(&mut counts) {
                *count = accept(entry.0.as_flattened_mut(), *count, block);
            }
        }
        for entry in entries {
            ntt::order(entry);
        }
    }
}

/// Numbers of 23 bits that are below q (algorithm 14), behind the first `count`; answers how many there are then.
fn accept(to: &mut [i32], mut count: usize, block: &[u8; SHAKE128]) -> usize {
    for [low, middle, high] in block.as_chunks::<3>().0 {
        let number = i32::from(*low) | i32::from(*middle) << 8 | i32::from(*high & 0x7f) << 16;
        let Some(place) = to.get_mut(count) else { break };
        *place = number;
        count += usize::from(number < Q);
    }
    count
}

/// ExpandS (algorithm 33) from polynomial number `first` on. Which candidates are refused is all that the time tells.
#[target_feature(enable = "avx2")]
#[inline(never)]
pub(super) fn secrets(set: &Set, rho: &[u8; 64], first: usize, polys: &mut [Poly]) {
    for (fours, polys) in polys.chunks_mut(4).enumerate() {
        let mut seeds = [[0; 66]; 4];
        for (i, seed) in seeds.iter_mut().enumerate() {
            seed[..64].copy_from_slice(rho);
            seed[64] = (first + 4 * fours + i) as u8;
        }
        let mut sponges = Sponges::<SHAKE256>::new(seeds.each_ref());
        let mut blocks = [[0; SHAKE256]; 4];
        let mut counts = [0; 4];
        while polys.iter().zip(counts).any(|(_, count)| count < N) {
            sponges.squeeze(blocks.each_mut());
            for ((poly, block), count) in polys.iter_mut().zip(&blocks).zip(&mut counts) {
                let numbers = poly.0.as_flattened_mut();
                *count = match set.eta {
                    2 => accept_small::<2>(numbers, *count, block),
                    _ => accept_small::<4>(numbers, *count, block),
                };
            }
        }
    }
}

/// Numbers of 4 bits that are small enough (algorithm 15), the low half of a byte first.
fn accept_small<const ETA: i32>(to: &mut [i32], mut count: usize, block: &[u8; SHAKE256]) -> usize {
    for half in block.iter().flat_map(|byte| [byte & 15, byte >> 4]) {
        let half = i32::from(half);
        let Some(place) = to.get_mut(count) else { break };
        let (number, fits) = match ETA {
            // 205 / 1024 is 1/5 for what is below 15.
            2 => (2 - (half - ((half * 205) >> 10) * 5), half < 15),
            _ => (4 - half, half < 9),
        };
        *place = number;
        count += usize::from(fits);
    }
    count
}

/// The masks y of one signature (ExpandMask, algorithm 34), one after the other: rounds take as many as they need.
pub(super) struct Masks<'s> {
    seed: &'s [u8; 64],
    next: u16,
    four: [Poly; 4],
    left: usize,
}

impl<'s> Masks<'s> {
    pub(super) fn new(seed: &'s [u8; 64]) -> Self {
        Self { seed, next: 0, four: [Poly::ZERO; 4], left: 0 }
    }

    /// The next mask, or nothing when the counter of 16 bits has no more.
    #[target_feature(enable = "avx2")]
    pub(super) fn next(&mut self, set: &Set) -> Option<&Poly> {
        if self.left == 0 {
            let mut seeds = [[0; 66]; 4];
            for (i, seed) in (0..).zip(&mut seeds) {
                seed[..64].copy_from_slice(self.seed);
                seed[64..].copy_from_slice(&self.next.checked_add(i)?.to_le_bytes());
            }
            self.next = self.next.checked_add(4)?;
            let mut sponges = Sponges::<SHAKE256>::new(seeds.each_ref());
            // 640 bytes at most.
            let mut bytes = [[[0; SHAKE256]; 5]; 4];
            let [a, b, c, d] = &mut bytes;
            for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                sponges.squeeze([a, b, c, d]);
            }
            for (poly, bytes) in self.four.iter_mut().zip(&bytes) {
                encode::unpack_gamma1(set, bytes.as_flattened(), poly);
            }
            self.left = 4;
        }
        let at = 4 - self.left;
        self.left -= 1;
        Some(&self.four[at])
    }
}

/// SampleInBall (algorithm 29). What it is made of is public, in a refused round too: a hash of what the mask
/// hides.
pub(super) fn ball(set: &Set, hash: &[u8]) -> Poly {
    let mut poly = Poly::ZERO;
    let c = poly.0.as_flattened_mut();
    let mut state = Shake256::default();
    state.update(hash);
    let mut reader = state.finalize_xof();
    let mut signs = [0; 8];
    reader.read(&mut signs);
    let mut signs = u64::from_le_bytes(signs);
    let (mut block, mut at) = ([0; SHAKE256 - 8], usize::MAX);
    for i in N - set.tau..N {
        let j = loop {
            if at >= block.len() {
                reader.read(&mut block);
                at = 0;
            }
            at += 1;
            let j = usize::from(block[at - 1]);
            if j <= i {
                break j;
            }
        };
        c[i] = c[j];
        c[j] = 1 - 2 * (signs & 1) as i32;
        signs >>= 1;
    }
    poly
}
