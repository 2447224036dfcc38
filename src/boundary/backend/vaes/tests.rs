//! The algorithm of four blocks in a register, on pairs of registers of two: a processor without AVX-512 runs the same
//! code over the width, with all but the instructions of that width itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(unsafe_code)] // functions with features, called with a proof

use std::vec;
use std::vec::Vec;

use super::cpu::{BLOCK, Cpu, Ymm};
use super::gcm::{self, Job, Material};
use super::keys::RoundKeys;
use super::modes;
use crate::boundary::backend::portable::aes as portable;

#[derive(Clone, Copy)]
struct Pair(Ymm);

type Two = [<Ymm as Cpu>::Reg; 2];

impl Pair {
    fn each(self, a: Two, f: impl Fn(<Ymm as Cpu>::Reg) -> <Ymm as Cpu>::Reg) -> Two {
        a.map(f)
    }

    fn both(
        self,
        a: Two,
        b: Two,
        f: fn(Ymm, <Ymm as Cpu>::Reg, <Ymm as Cpu>::Reg) -> <Ymm as Cpu>::Reg,
    ) -> Two {
        [f(self.0, a[0], b[0]), f(self.0, a[1], b[1])]
    }

    fn bytes(self, a: Two) -> [u8; 64] {
        let mut bytes = [0; 64];
        self.store(&mut bytes, a);
        bytes
    }
}

impl Cpu for Pair {
    type Reg = Two;
    type Chunk = [u8; 64];
    const BLOCKS: usize = 4;

    fn chunks(bytes: &[u8]) -> (&[[u8; 64]], &[u8]) {
        bytes.as_chunks()
    }

    fn chunks_mut(bytes: &mut [u8]) -> (&mut [[u8; 64]], &mut [u8]) {
        bytes.as_chunks_mut()
    }

    fn load(self, from: &[u8; 64]) -> Two {
        [0, 1].map(|i| self.0.load(&from.as_chunks().0[i]))
    }

    fn store(self, to: &mut [u8; 64], a: Two) {
        to.as_chunks_mut().0.iter_mut().zip(a).for_each(|(to, a)| self.0.store(to, a));
    }

    fn load_part(self, from: &[u8]) -> Two {
        assert!(from.len() < 64);
        let mut bytes = [0; 64];
        bytes[..from.len()].copy_from_slice(from);
        self.load(&bytes)
    }

    fn store_part(self, to: &mut [u8], a: Two) {
        assert!(to.len() < 64);
        let len = to.len();
        to.copy_from_slice(&self.bytes(a)[..len]);
    }

    fn keep(self, a: Two, len: usize) -> Two {
        let mut bytes = self.bytes(a);
        bytes[len..].fill(0);
        self.load(&bytes)
    }

    fn zero(self) -> Two {
        [self.0.zero(); 2]
    }

    fn spread(self, block: &[u8; BLOCK]) -> Two {
        [self.0.spread(block); 2]
    }

    fn number(self, high: u64, low: u64) -> Two {
        [self.0.number(high, low); 2]
    }

    fn lanes(self) -> Two {
        [self.0.lanes(), self.0.add64(self.0.lanes(), self.0.number(0, 2))]
    }

    fn first(self, a: Two) -> [u8; BLOCK] {
        self.0.first(a[0])
    }

    fn alone(self, block: &[u8; BLOCK]) -> Two {
        [self.0.alone(block), self.0.zero()]
    }

    fn fold(self, a: Two) -> Two {
        [self.0.fold(self.0.xor(a[0], a[1])), self.0.zero()]
    }

    fn one_earlier(self, before: Two, a: Two) -> Two {
        [self.0.one_earlier(before[1], a[0]), self.0.one_earlier(a[0], a[1])]
    }

    fn xor(self, a: Two, b: Two) -> Two {
        self.both(a, b, Ymm::xor)
    }

    fn add32(self, a: Two, b: Two) -> Two {
        self.both(a, b, Ymm::add32)
    }

    fn add64(self, a: Two, b: Two) -> Two {
        self.both(a, b, Ymm::add64)
    }

    fn reverse(self, a: Two) -> Two {
        self.each(a, |a| self.0.reverse(a))
    }

    fn swap(self, a: Two) -> Two {
        self.each(a, |a| self.0.swap(a))
    }

    fn encrypt(self, a: Two, key: Two) -> Two {
        self.both(a, key, Ymm::encrypt)
    }

    fn encrypt_last(self, a: Two, key: Two) -> Two {
        self.both(a, key, Ymm::encrypt_last)
    }

    fn decrypt(self, a: Two, key: Two) -> Two {
        self.both(a, key, Ymm::decrypt)
    }

    fn decrypt_last(self, a: Two, key: Two) -> Two {
        self.both(a, key, Ymm::decrypt_last)
    }

    fn multiply<const HALVES: i32>(self, a: Two, b: Two) -> Two {
        self.both(a, b, Ymm::multiply::<HALVES>)
    }

    fn clear(self) {}
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn seal(cpu: Pair, key: &Material, job: Job<'_>) -> [u8; BLOCK] {
    let mut tag = [0; BLOCK];
    gcm::run::<_, true>(cpu, key, job, &mut tag);
    tag
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn open(cpu: Pair, key: &Material, job: Job<'_>) -> [u8; BLOCK] {
    let mut tag = [0; BLOCK];
    gcm::run::<_, false>(cpu, key, job, &mut tag);
    tag
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn ctr(cpu: Pair, keys: &RoundKeys, counter: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    modes::ctr(cpu, keys, counter, input, output);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn cbc(cpu: Pair, keys: &RoundKeys, chain: &[u8; BLOCK], input: &[u8], output: &mut [u8]) {
    modes::cbc_decrypt(cpu, keys, chain, input, output);
}

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| (i * 167 + i / 251).to_le_bytes()[0] ^ seed).collect()
}

/// Every length up to more than two batches.
#[test]
fn four_blocks_in_a_register() {
    let Some(cpu) = Ymm::detect().map(Pair) else { return };
    for len in 0..=1300 {
        let (key, text) = (bytes([16, 24, 32][len % 3], 1), bytes(len, 2));
        let (iv, aad) = ([0x5a; 12], bytes(len * 7 % 150, 3));
        let theirs = portable::GcmKey::new(&key).unwrap();
        let (mut cipher, mut tag) = (vec![0; len], [0; 16]);
        theirs.seal(&iv, &aad, &text, &mut cipher, &mut tag).unwrap();

        let ours = gcm::prepare(cpu, &key).unwrap();
        let (mut made, mut opened) = (vec![0xaa; len], vec![0xaa; len]);
        // SAFETY: the proof is there.
        let (sealed, found) = unsafe {
            let sealed = seal(cpu, &ours, Job { iv: &iv, aad: &aad, input: &text, output: &mut made });
            (sealed, open(cpu, &ours, Job { iv: &iv, aad: &aad, input: &cipher, output: &mut opened }))
        };
        assert!(made == cipher && opened == text, "{len} bytes");
        assert_eq!((sealed, found), (tag, tag), "{len} bytes");

        let theirs = portable::BlockKey::new(&key).unwrap();
        let (forward, inverse) = RoundKeys::pair(cpu, &key).unwrap();
        let counter = (u128::from(u64::MAX) - (len % 70) as u128).to_be_bytes();
        theirs.ctr(&counter, &text, &mut cipher).unwrap();
        // SAFETY: the same.
        unsafe { ctr(cpu, &forward, &counter, &text, &mut made) };
        assert!(made == cipher, "{len} bytes");

        let whole = len / BLOCK * BLOCK;
        theirs.cbc_decrypt(&mut counter.clone(), &text[..whole], &mut cipher[..whole]).unwrap();
        // SAFETY: the same.
        unsafe { cbc(cpu, &inverse, &counter, &text[..whole], &mut made[..whole]) };
        assert!(made[..whole] == cipher[..whole], "{len} bytes");
    }
}

/// FIPS 197, the keys of appendix A and the blocks of appendix B and C.3, and that keys wipe themselves.
#[test]
fn keys() {
    let Some(cpu) = Ymm::detect() else { return };
    let block = |n: u128| n.to_be_bytes();
    let key = block(0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c);
    let (forward, inverse) = RoundKeys::pair(cpu, &key).unwrap();
    let mut text = block(0x3243_f6a8_885a_308d_3131_98a2_e037_0734);
    // SAFETY: the proof is there.
    unsafe {
        forward.encrypt_block(&mut text);
        assert_eq!(text, block(0x3925_841d_02dc_09fb_dc11_8597_196a_0b32));
        inverse.decrypt_block(&mut text);
    }
    assert_eq!(text, block(0x3243_f6a8_885a_308d_3131_98a2_e037_0734));
}

#[test]
fn key_types_wipe_on_drop() {
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<RoundKeys>();
    wipes::<super::ghash::Powers>();
    wipes::<Material>();
    wipes::<modes::Keys>();
}
