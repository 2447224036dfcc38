//! SHA-2 (FIPS 180-4, 2015), SHA-3 and SHAKE (FIPS 202, 2015), and HMAC over them (FIPS 198-1, 2008),
//! portable backend.
//!
//! The hash functions are the crates `sha2` and `sha3`, whose states are wiped on drop. HMAC is
//! composed here: the crate `hmac` leaves the padded key and the inner digest on the stack. Over SHA-2 it goes from the
//! compression function on (`blocks`), over SHA-3 from whole hash states.

mod blocks;

use sha2::digest::{FixedOutput, Update};
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_256};
#[cfg(feature = "sha3")]
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
#[cfg(feature = "sha3")]
use shake::digest::{ExtendableOutput, XofReader};
#[cfg(feature = "sha3")]
use shake::{Shake128, Shake256};
use zeroize::Zeroize;

use self::blocks::{Chaining, Pair, Running, Start};
use crate::algorithm::{Hash, Xof};
use crate::boundary::Wiped;
use crate::error::{Error, Result};

/// Longest digest of this file, in bytes.
#[cfg(feature = "sha3")]
const MAX_OUTPUT: usize = 64;
/// Longest input block of this file, in bytes: the rate of SHA3-224.
#[cfg(feature = "sha3")]
const MAX_BLOCK: usize = 144;

/// A hash computation in progress. Wiped on drop.
pub(in crate::boundary) struct HashState(State);

enum State {
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Sha512_256(Sha512_256),
    #[cfg(feature = "sha3")]
    Sha3_224(Sha3_224),
    #[cfg(feature = "sha3")]
    Sha3_256(Sha3_256),
    #[cfg(feature = "sha3")]
    Sha3_384(Sha3_384),
    #[cfg(feature = "sha3")]
    Sha3_512(Sha3_512),
}

/// The same for whatever hash it is.
macro_rules! each {
    ($state:expr, $s:ident => $same:expr) => {
        match $state {
            State::Sha224($s) => $same,
            State::Sha256($s) => $same,
            State::Sha384($s) => $same,
            State::Sha512($s) => $same,
            State::Sha512_256($s) => $same,
            #[cfg(feature = "sha3")]
            State::Sha3_224($s) => $same,
            #[cfg(feature = "sha3")]
            State::Sha3_256($s) => $same,
            #[cfg(feature = "sha3")]
            State::Sha3_384($s) => $same,
            #[cfg(feature = "sha3")]
            State::Sha3_512($s) => $same,
        }
    };
}

impl HashState {
    /// Starts a computation; [`Error::Unsupported`] when this build lacks the hash.
    pub(in crate::boundary) fn new(hash: Hash) -> Result<Self> {
        Ok(Self(match hash {
            Hash::Sha224 => State::Sha224(Sha224::default()),
            Hash::Sha256 => State::Sha256(Sha256::default()),
            Hash::Sha384 => State::Sha384(Sha384::default()),
            Hash::Sha512 => State::Sha512(Sha512::default()),
            Hash::Sha512_256 => State::Sha512_256(Sha512_256::default()),
            #[cfg(feature = "sha3")]
            Hash::Sha3_224 => State::Sha3_224(Sha3_224::default()),
            #[cfg(feature = "sha3")]
            Hash::Sha3_256 => State::Sha3_256(Sha3_256::default()),
            #[cfg(feature = "sha3")]
            Hash::Sha3_384 => State::Sha3_384(Sha3_384::default()),
            #[cfg(feature = "sha3")]
            Hash::Sha3_512 => State::Sha3_512(Sha3_512::default()),
            #[cfg(not(feature = "sha3"))]
            _ => return Err(Error::Unsupported),
        }))
    }

    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        each!(&mut self.0, s => s.update(data));
    }

    /// Writes the digest; `out` has exactly its length, otherwise it is zeroed and the call refused.
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        each!(self.0, s => finish(s, out))
    }

    /// A second computation that has absorbed the same. Private: a state may have absorbed a key.
    #[cfg(feature = "sha3")]
    fn fork(&self) -> Self {
        Self(match &self.0 {
            State::Sha224(s) => State::Sha224(s.clone()),
            State::Sha256(s) => State::Sha256(s.clone()),
            State::Sha384(s) => State::Sha384(s.clone()),
            State::Sha512(s) => State::Sha512(s.clone()),
            State::Sha512_256(s) => State::Sha512_256(s.clone()),
            #[cfg(feature = "sha3")]
            State::Sha3_224(s) => State::Sha3_224(s.clone()),
            #[cfg(feature = "sha3")]
            State::Sha3_256(s) => State::Sha3_256(s.clone()),
            #[cfg(feature = "sha3")]
            State::Sha3_384(s) => State::Sha3_384(s.clone()),
            #[cfg(feature = "sha3")]
            State::Sha3_512(s) => State::Sha3_512(s.clone()),
        })
    }
}

/// Fills `out` from SHAKE over `input`.
#[cfg(feature = "sha3")]
pub(in crate::boundary) fn xof(function: Xof, input: &[u8], out: &mut [u8]) -> Result<()> {
    fn fill<S: Default + Update + ExtendableOutput>(input: &[u8], out: &mut [u8]) {
        let mut state = S::default();
        state.update(input);
        state.finalize_xof().read(out);
    }
    match function {
        Xof::Shake128 => fill::<Shake128>(input, out),
        Xof::Shake256 => fill::<Shake256>(input, out),
    }
    Ok(())
}

fn finish<D: FixedOutput>(state: D, out: &mut [u8]) -> Result<()> {
    match (&mut *out).try_into() {
        Ok(exact) => {
            state.finalize_into(exact);
            Ok(())
        }
        Err(_) => {
            out.zeroize();
            Err(Error::InvalidArgument)
        }
    }
}

/// The digest of the concatenation of `parts`.
pub(in crate::boundary) fn digest(hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
    let mut state = HashState::new(hash)?;
    for part in parts {
        state.update(part);
    }
    state.finish(out)
}

/// A prepared HMAC key. Wiped on drop.
pub(in crate::boundary) struct HmacKey {
    keyed: Keyed,
    hash: Hash,
}

/// What there is after K0 xor ipad and after K0 xor opad.
// Its own size, that of SHA-3's states: without a heap there is nowhere else to put them.
#[cfg_attr(feature = "sha3", allow(clippy::large_enum_variant))]
enum Keyed {
    Words32(Pair<[u32; 8], 64>),
    Words64(Pair<[u64; 8], 128>),
    #[cfg(feature = "sha3")]
    Sponge(Sponges),
}

/// Of SHA-3: two hash states.
#[cfg(feature = "sha3")]
struct Sponges {
    inner: HashState,
    outer: HashState,
}

impl HmacKey {
    const IPAD: u8 = 0x36;
    const OPAD: u8 = 0x5c;

    /// Prepares a key of any length; which lengths are allowed is policy, not arithmetic.
    pub(in crate::boundary) fn new(hash: Hash, key: &[u8]) -> Result<Self> {
        let keyed = match Start::of(hash) {
            Some(Start::Words32(start)) => Keyed::Words32(pair(hash, start, key)?),
            Some(Start::Words64(start)) => Keyed::Words64(pair(hash, start, key)?),
            #[cfg(feature = "sha3")]
            None => Keyed::Sponge(Sponges::new(hash, key)?),
            #[cfg(not(feature = "sha3"))]
            None => return Err(Error::Unsupported),
        };
        Ok(Self { keyed, hash })
    }

    /// Starts a MAC computation.
    pub(in crate::boundary) fn start(&self) -> HmacState {
        let running = match &self.keyed {
            Keyed::Words32(pair) => Hashing::Words32(pair.start()),
            Keyed::Words64(pair) => Hashing::Words64(pair.start()),
            #[cfg(feature = "sha3")]
            Keyed::Sponge(sponges) => Hashing::Sponge(sponges.fork()),
        };
        HmacState { running, hash: self.hash }
    }

    /// The full-length MAC of the concatenation of `parts`; the length of `out` as in [`HmacState::finish`].
    #[inline]
    pub(in crate::boundary) fn mac(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
        check(self.hash, out)?;
        match &self.keyed {
            Keyed::Words32(pair) => pair.mac(parts, out),
            Keyed::Words64(pair) => pair.mac(parts, out),
            #[cfg(feature = "sha3")]
            Keyed::Sponge(sponges) => {
                let mut sponges = sponges.fork();
                parts.iter().for_each(|part| sponges.inner.update(part));
                sponges.finish(self.hash, out)?;
            }
        }
        Ok(())
    }
}

/// FIPS 198-1 section 4, steps 1 to 3: K0 is the key, or its digest, and zeros up to one block.
fn k0(hash: Hash, key: &[u8], block: &mut [u8]) -> Result<()> {
    if let Some(short) = block.get_mut(..key.len()) {
        short.copy_from_slice(key);
        return Ok(());
    }
    digest(hash, &[key], block.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?)
}

fn pair<S: Chaining<B>, const B: usize>(hash: Hash, start: S, key: &[u8]) -> Result<Pair<S, B>> {
    let (mut inner, mut outer) = (Wiped::<B>::new(), Wiped::<B>::new());
    k0(hash, key, inner.as_mut_slice())?;
    outer.iter_mut().zip(inner.iter()).for_each(|(to, from)| *to = from ^ HmacKey::OPAD);
    inner.iter_mut().for_each(|byte| *byte ^= HmacKey::IPAD);
    Ok(Pair::new(start, &inner, &outer))
}

#[cfg(feature = "sha3")]
impl Sponges {
    fn new(hash: Hash, key: &[u8]) -> Result<Self> {
        let mut block = Wiped::<MAX_BLOCK>::new();
        let block = block.get_mut(..hash.block_len()).ok_or(Error::InvalidArgument)?;
        k0(hash, key, block)?;
        let mut sponges = Self { inner: HashState::new(hash)?, outer: HashState::new(hash)? };
        block.iter_mut().for_each(|byte| *byte ^= HmacKey::IPAD);
        sponges.inner.update(block);
        block.iter_mut().for_each(|byte| *byte ^= HmacKey::IPAD ^ HmacKey::OPAD);
        sponges.outer.update(block);
        Ok(sponges)
    }

    fn fork(&self) -> Self {
        Self { inner: self.inner.fork(), outer: self.outer.fork() }
    }

    /// FIPS 198-1 section 4, steps 6, 8 and 9. The inner digest is as secret as the key's use of it.
    fn finish(self, hash: Hash, out: &mut [u8]) -> Result<()> {
        let Self { inner, mut outer } = self;
        let mut digest = Wiped::<MAX_OUTPUT>::new();
        let digest = digest.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
        inner.finish(digest)?;
        outer.update(digest);
        outer.finish(out)
    }
}

/// `out` is as long as the hash; else it is zeroed and the call refused.
#[inline]
fn check(hash: Hash, out: &mut [u8]) -> Result<()> {
    if out.len() == hash.output_len() {
        return Ok(());
    }
    out.zeroize();
    Err(Error::InvalidArgument)
}

/// A MAC computation in progress. Wiped on drop.
pub(in crate::boundary) struct HmacState {
    running: Hashing,
    hash: Hash,
}

// As for `Keyed`.
#[cfg_attr(feature = "sha3", allow(clippy::large_enum_variant))]
enum Hashing {
    Words32(Running<[u32; 8], 64>),
    Words64(Running<[u64; 8], 128>),
    #[cfg(feature = "sha3")]
    Sponge(Sponges),
}

impl HmacState {
    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        match &mut self.running {
            Hashing::Words32(running) => running.update(data),
            Hashing::Words64(running) => running.update(data),
            #[cfg(feature = "sha3")]
            Hashing::Sponge(sponges) => sponges.inner.update(data),
        }
    }

    /// Length of the MAC in bytes.
    pub(in crate::boundary) const fn output_len(&self) -> usize {
        self.hash.output_len()
    }

    /// Writes the MAC; `out` has exactly the hash's length, otherwise it is zeroed and the call refused.
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        check(self.hash, out)?;
        match self.running {
            Hashing::Words32(running) => running.finish(out),
            Hashing::Words64(running) => running.finish(out),
            #[cfg(feature = "sha3")]
            Hashing::Sponge(sponges) => sponges.finish(self.hash, out)?,
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
