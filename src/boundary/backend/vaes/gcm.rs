//! AES-GCM with 96-bit IVs (SP 800-38D section 7).

#![allow(unsafe_code)] // functions with features, called with a proof
// Positions within a text and its last batch.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use zeroize::ZeroizeOnDrop;

use super::Vaes;
use super::cpu::{BLOCK, Cpu, Ymm, Zmm};
use super::ghash::{End, Powers, Sum, WIDE, absorb, absorb_batch};
use super::keys::RoundKeys;
use crate::error::{Error, Result};

/// Associated data up to this shares a reduction with a short text.
const SHORT_AAD: usize = 2 * BLOCK;

/// A prepared key: round keys and powers of the hash key.
pub(in crate::boundary) struct GcmKey {
    vaes: Vaes,
    material: Material,
}

#[derive(ZeroizeOnDrop)]
pub(super) struct Material {
    powers: Powers,
    keys: RoundKeys,
}

/// What an operation is about. `input` and `output` have one length.
pub(super) struct Job<'a> {
    pub(super) iv: &'a [u8; 12],
    pub(super) aad: &'a [u8],
    pub(super) input: &'a [u8],
    pub(super) output: &'a mut [u8],
}

impl GcmKey {
    /// Prepares a key of 16, 24 or 32 bytes.
    pub(in crate::boundary) fn new(vaes: Vaes, key: &[u8]) -> Result<Self> {
        let material = match vaes {
            // SAFETY: the value is the proof of the features.
            Vaes::Ymm(cpu) => unsafe { prepare_ymm(cpu, key) },
            // SAFETY: the same.
            Vaes::Zmm(cpu) => unsafe { prepare_zmm(cpu, key) },
        }?;
        Ok(Self { vaes, material })
    }

    /// Encrypts, and writes the tag. Lengths are the caller's duty.
    #[inline]
    pub(in crate::boundary) fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; BLOCK],
    ) -> Result<()> {
        let job = Job { iv, aad, input: plaintext, output: ciphertext };
        self.check(&job)?;
        match self.vaes {
            // SAFETY: the value is the proof of the features.
            Vaes::Ymm(cpu) => unsafe { seal_ymm(cpu, &self.material, job, tag) },
            // SAFETY: the same.
            Vaes::Zmm(cpu) => unsafe { seal_zmm(cpu, &self.material, job, tag) },
        }
        Ok(())
    }

    /// Decrypts, and writes the tag that would be right, which the caller compares.
    #[inline]
    pub(in crate::boundary) fn open(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
        plaintext: &mut [u8],
        tag: &mut [u8; BLOCK],
    ) -> Result<()> {
        let job = Job { iv, aad, input: ciphertext, output: plaintext };
        self.check(&job)?;
        match self.vaes {
            // SAFETY: the value is the proof of the features.
            Vaes::Ymm(cpu) => unsafe { open_ymm(cpu, &self.material, job, tag) },
            // SAFETY: the same.
            Vaes::Zmm(cpu) => unsafe { open_zmm(cpu, &self.material, job, tag) },
        }
        Ok(())
    }

    fn check(&self, job: &Job<'_>) -> Result<()> {
        if job.input.len() == job.output.len() { Ok(()) } else { Err(Error::InvalidArgument) }
    }
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn prepare_ymm(cpu: Ymm, key: &[u8]) -> Result<Material> {
    prepare(cpu, key)
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn prepare_zmm(cpu: Zmm, key: &[u8]) -> Result<Material> {
    prepare(cpu, key)
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn seal_ymm(cpu: Ymm, key: &Material, job: Job<'_>, tag: &mut [u8; BLOCK]) {
    run::<_, true>(cpu, key, job, tag);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn seal_zmm(cpu: Zmm, key: &Material, job: Job<'_>, tag: &mut [u8; BLOCK]) {
    run::<_, true>(cpu, key, job, tag);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq")]
fn open_ymm(cpu: Ymm, key: &Material, job: Job<'_>, tag: &mut [u8; BLOCK]) {
    run::<_, false>(cpu, key, job, tag);
}

#[target_feature(enable = "avx2,aes,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn open_zmm(cpu: Zmm, key: &Material, job: Job<'_>, tag: &mut [u8; BLOCK]) {
    run::<_, false>(cpu, key, job, tag);
}

#[inline(always)]
pub(super) fn prepare<C: Cpu>(cpu: C, key: &[u8]) -> Result<Material> {
    let keys = RoundKeys::new(cpu, key)?;
    let mut zero = [cpu.zero()];
    keys.encrypt(cpu, &mut zero, |_| ());
    let mut h = zeroize::Zeroizing::new(cpu.first(cpu.encrypt_last(zero[0], keys.last(cpu))));
    let material = Material { powers: Powers::new(cpu, &h), keys };
    zeroize::Zeroize::zeroize(&mut *h);
    cpu.clear();
    Ok(material)
}

/// Both directions; writes the tag. Ciphertext is hashed as it is there: a batch behind the cipher if it is made
/// here, with the cipher if it is given.
#[inline(always)]
pub(super) fn run<C: Cpu, const SEAL: bool>(cpu: C, key: &Material, job: Job<'_>, tag: &mut [u8; BLOCK]) {
    let Job { iv, aad, input, output } = job;
    let Material { keys, powers } = key;
    // The last pass has up to one batch, and something if there is anything.
    let whole = input.len().saturating_sub(1) / (WIDE * C::BYTES) * (WIDE * C::BYTES);
    let (batches, rest) = input.split_at(whole);
    let batches = C::chunks(batches).0.as_chunks::<WIDE>().0;
    let (out, rest_out) = output.split_at_mut(whole);
    let out = C::chunks_mut(out).0.as_chunks_mut::<WIDE>().0;

    // Counter blocks, bytes in reverse: the counter is the lowest word.
    // Put together in registers: what was stored in parts is slow to be read as a whole.
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *iv;
    let low = u64::from(u32::from_be_bytes([i, j, k, l])) << 32 | 1;
    let j0 = cpu.number(u64::from_be_bytes([a, b, c, d, e, f, g, h]), low);
    let mut counter = cpu.add32(j0, cpu.add32(cpu.lanes(), cpu.number(0, 1)));
    let step = cpu.number(0, C::BLOCKS as u64);

    let mut hash = cpu.zero();
    let mut first_aad = aad;
    if !batches.is_empty() || aad.len() > SHORT_AAD {
        hash = absorb(cpu, powers, hash, aad);
        first_aad = &[];
    }

    let mut behind: Option<&[C::Chunk; WIDE]> = None;
    for (text, out) in batches.iter().zip(out) {
        let mut blocks = counters::<C, WIDE>(cpu, &mut counter, step);
        let hashed = if SEAL { behind } else { Some(text) };
        if let Some(hashed) = hashed {
            let mut sum = Sum::new(cpu);
            let mut before = hash;
            keys.encrypt(cpu, &mut blocks, |i| {
                let a = cpu.xor(before, cpu.reverse(cpu.load(&hashed[i])));
                before = cpu.zero();
                sum.add(a, cpu.load(&powers.batch::<C>()[i]));
            });
            hash = cpu.fold(sum.reduce());
        } else {
            keys.encrypt(cpu, &mut blocks, |_| ());
        }
        let last = keys.last(cpu);
        for ((block, text), out) in blocks.iter().zip(text).zip(&mut *out) {
            cpu.store(out, cpu.encrypt_last(*block, cpu.xor(last, cpu.load(text))));
        }
        behind = Some(out);
    }
    if SEAL && let Some(behind) = behind {
        hash = absorb_batch(cpu, powers, hash, behind);
    }

    let bits = |bytes: &[u8]| (bytes.len() as u64) * 8;
    let end = Tail { counter, step, j0, hash, aad: first_aad, lengths: cpu.number(bits(aad), bits(input)) };
    let made = match rest.len().div_ceil(C::BYTES) {
        0 | 1 => end.run::<1, SEAL>(cpu, key, rest, rest_out),
        2 => end.run::<2, SEAL>(cpu, key, rest, rest_out),
        3 | 4 => end.run::<4, SEAL>(cpu, key, rest, rest_out),
        _ => end.run::<8, SEAL>(cpu, key, rest, rest_out),
    };
    *tag = cpu.first(made);
    cpu.clear();
}

#[inline(always)]
fn counters<C: Cpu, const V: usize>(cpu: C, next: &mut C::Reg, step: C::Reg) -> [C::Reg; V] {
    let mut blocks = [*next; V];
    for block in &mut blocks {
        *block = cpu.reverse(*next);
        *next = cpu.add32(*next, step);
    }
    blocks
}

/// What is left after the batches, up to one.
struct Tail<'a, C: Cpu> {
    counter: C::Reg,
    step: C::Reg,
    j0: C::Reg,
    hash: C::Reg,
    aad: &'a [u8],
    /// Of all associated data and text in bits, in the lowest lane; as a block it is reversed.
    lengths: C::Reg,
}

impl<C: Cpu> Tail<'_, C> {
    /// Up to V registers, the last of which may be in part; answers the tag in the lowest lane.
    #[inline(always)]
    fn run<const V: usize, const SEAL: bool>(
        mut self,
        cpu: C,
        key: &Material,
        input: &[u8],
        output: &mut [u8],
    ) -> C::Reg {
        let Material { keys, powers } = key;
        let blocks = |bytes: &[u8]| bytes.len().div_ceil(BLOCK);
        let total = blocks(self.aad) + blocks(input) + 1;
        let mut end = End::new(cpu, powers, self.hash, total);
        match C::chunks(self.aad).0 {
            [chunk, ..] => end.add(cpu.load(chunk), C::BLOCKS),
            [] if self.aad.is_empty() => (),
            [] => end.add(cpu.load_part(self.aad), blocks(self.aad)),
        }

        let mut own = [self.j0; 1];
        let mut stream = counters::<C, V>(cpu, &mut self.counter, self.step);
        own[0] = cpu.reverse(self.j0);
        keys.encrypt2(cpu, &mut own, &mut stream);
        let last = keys.last(cpu);

        let (chunks, part) = C::chunks(input);
        let (chunks_out, part_out) = C::chunks_mut(output);
        let part_in = if part.is_empty() { cpu.zero() } else { cpu.load_part(part) };
        let mut part_made = cpu.zero();
        for (i, block) in stream.iter().enumerate() {
            if let (Some(text), Some(out)) = (chunks.get(i), chunks_out.get_mut(i)) {
                let text = cpu.load(text);
                let made = cpu.encrypt_last(*block, cpu.xor(last, text));
                cpu.store(out, made);
                end.add(if SEAL { made } else { text }, C::BLOCKS);
            } else if !part.is_empty() {
                part_made = cpu.encrypt_last(*block, cpu.xor(last, part_in));
                let hashed = if SEAL { cpu.keep(part_made, part.len()) } else { part_in };
                end.add(hashed, blocks(part));
                break;
            } else {
                break;
            }
        }
        if !part.is_empty() {
            cpu.store_part(part_out, part_made);
        }
        let hash = end.finish(self.lengths);
        cpu.encrypt_last(own[0], cpu.xor(last, hash))
    }
}
