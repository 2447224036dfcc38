//! SHA-2 (FIPS 180-4, 2015), SHA-3 and SHAKE (FIPS 202, 2015), and HMAC over them (FIPS 198-1, 2008),
//! portable backend.
//!
//! The hash functions are the crates `sha2` and `sha3`, whose states are wiped on drop. HMAC is
//! composed here: the crate `hmac` leaves the padded key and the inner digest on the stack, and this way a
//! prepared key is two hash states and nothing else.

use sha2::digest::{FixedOutput, OutputSizeUser, Update};
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_256};
#[cfg(feature = "sha3")]
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
#[cfg(feature = "sha3")]
use shake::digest::{ExtendableOutput, XofReader};
#[cfg(feature = "sha3")]
use shake::{Shake128, Shake256};
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::{Hash, Xof};
use crate::boundary::Wiped;
use crate::error::{Error, Result};

/// Longest digest of this file, in bytes.
const MAX_OUTPUT: usize = 64;
/// Longest input block of this file, in bytes: the rate of SHA3-224.
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

/// A prepared HMAC key: the hash states after K0 xor ipad and after K0 xor opad. Wiped on drop.
pub(in crate::boundary) struct HmacKey {
    inner: HashState,
    outer: HashState,
    hash: Hash,
}

impl HmacKey {
    const IPAD: u8 = 0x36;
    const OPAD: u8 = 0x5c;

    /// Prepares a key of any length; which lengths are allowed is policy, not arithmetic.
    pub(in crate::boundary) fn new(hash: Hash, key: &[u8]) -> Result<Self> {
        // FIPS 198-1 section 4, steps 1 to 3: K0 is the key, or its digest, and zeros up to one block.
        let mut block = Zeroizing::new([0u8; MAX_BLOCK]);
        let block = block.get_mut(..hash.block_len()).ok_or(Error::InvalidArgument)?;
        if let Some(short) = block.get_mut(..key.len()) {
            short.copy_from_slice(key);
        } else {
            let hashed = block.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
            digest(hash, &[key], hashed)?;
        }

        // Steps 4 and 7.
        let mut prepared = Self { inner: HashState::new(hash)?, outer: HashState::new(hash)?, hash };
        block.iter_mut().for_each(|b| *b ^= Self::IPAD);
        prepared.inner.update(block);
        block.iter_mut().for_each(|b| *b ^= Self::IPAD ^ Self::OPAD);
        prepared.outer.update(block);
        Ok(prepared)
    }

    /// Starts a MAC computation.
    pub(in crate::boundary) fn start(&self) -> HmacState {
        HmacState { inner: self.inner.fork(), outer: self.outer.fork(), hash: self.hash }
    }

    /// The full-length MAC of the concatenation of `parts`; the length of `out` as in [`HmacState::finish`].
    pub(in crate::boundary) fn mac(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<()> {
        match (&self.inner.0, &self.outer.0) {
            (State::Sha224(inner), State::Sha224(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha256(inner), State::Sha256(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha384(inner), State::Sha384(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha512(inner), State::Sha512(outer)) => mac_at_once(inner, outer, parts, out),
            (State::Sha512_256(inner), State::Sha512_256(outer)) => mac_at_once(inner, outer, parts, out),
            #[cfg(feature = "sha3")]
            (State::Sha3_224(inner), State::Sha3_224(outer)) => mac_at_once(inner, outer, parts, out),
            #[cfg(feature = "sha3")]
            (State::Sha3_256(inner), State::Sha3_256(outer)) => mac_at_once(inner, outer, parts, out),
            #[cfg(feature = "sha3")]
            (State::Sha3_384(inner), State::Sha3_384(outer)) => mac_at_once(inner, outer, parts, out),
            #[cfg(feature = "sha3")]
            (State::Sha3_512(inner), State::Sha3_512(outer)) => mac_at_once(inner, outer, parts, out),
            _ => Err(Error::Corrupted),
        }
    }
}

/// FIPS 198-1 section 4, steps 5 to 9, without a running state in between: the prepared states are copied
/// once each, which is most of the cost of a short message.
fn mac_at_once<D: FixedOutput + Update + Clone>(
    inner: &D,
    outer: &D,
    parts: &[&[u8]],
    out: &mut [u8],
) -> Result<()> {
    let mut state = inner.clone();
    for part in parts {
        state.update(part);
    }
    let mut buffer = Wiped::<MAX_OUTPUT>::new();
    let digest = buffer.get_mut(..<D as OutputSizeUser>::output_size()).ok_or(Error::InvalidArgument)?;
    finish(state, digest)?;
    let mut state = outer.clone();
    state.update(digest);
    finish(state, out)
}

/// A MAC computation in progress. Wiped on drop.
pub(in crate::boundary) struct HmacState {
    inner: HashState,
    outer: HashState,
    hash: Hash,
}

impl HmacState {
    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    /// Length of the MAC in bytes.
    pub(in crate::boundary) const fn output_len(&self) -> usize {
        self.hash.output_len()
    }

    /// Writes the MAC; `out` has exactly the hash's length, otherwise it is zeroed and the call refused.
    pub(in crate::boundary) fn finish(self, out: &mut [u8]) -> Result<()> {
        let Self { inner, mut outer, hash } = self;
        // FIPS 198-1 section 4, steps 6, 8 and 9. The inner digest is as secret as the key's use of it.
        let mut inner_digest = Wiped::<MAX_OUTPUT>::new();
        let inner_digest = inner_digest.get_mut(..hash.output_len()).ok_or(Error::InvalidArgument)?;
        inner.finish(inner_digest)?;
        outer.update(inner_digest);
        outer.finish(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
