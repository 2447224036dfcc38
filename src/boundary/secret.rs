//! Where the bytes of a secret lie: a buffer of exact size, wiped on drop, created in place.

use zeroize::Zeroize;

use crate::error::{Error, Result};

/// Memory for one secret. The store chooses: the heap, or the slot itself.
pub(crate) trait Buffer: Sized {
    /// A zeroed buffer of this many bytes.
    fn zeroed(len: usize) -> Result<Self>;
    fn as_slice(&self) -> &[u8];
    fn as_mut_slice(&mut self) -> &mut [u8];
}

#[cfg(feature = "alloc")]
impl Buffer for alloc::boxed::Box<[u8]> {
    fn zeroed(len: usize) -> Result<Self> {
        Ok(alloc::vec![0; len].into_boxed_slice())
    }

    fn as_slice(&self) -> &[u8] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }
}

/// A buffer inside the slot, for stores without allocation.
pub(crate) struct Inline<const BYTES: usize> {
    len: usize,
    bytes: [u8; BYTES],
}

impl<const BYTES: usize> Buffer for Inline<BYTES> {
    fn zeroed(len: usize) -> Result<Self> {
        if len > BYTES { Err(Error::NoSpace) } else { Ok(Self { len, bytes: [0; BYTES] }) }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or(&mut [])
    }
}

/// Runs `body` in a frame of its own on a stack that is overwritten before and after (SSP-5).
///
/// Finished calls leave what they worked with in dead frames: values that crates build and return by value,
/// running states. Before, because a value that is built over them and moved to the heap carries them along in
/// its padding; after, because `body` makes a key. What lives long is made in here: keys, and cells of sessions.
pub(crate) fn on_scrubbed_stack<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    #[inline(never)]
    fn below<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
    scrub_dead_stack();
    let value = below(body);
    scrub_dead_stack();
    value
}

fn scrub_dead_stack() {
    // The deepest frames that handle a secret are those of RSA, where there is a heap, and else those with the
    // window table of P-521.
    const WORDS: usize = if cfg!(feature = "alloc") { 4096 } else { 1024 };
    scrub_stack::<WORDS>();
}

/// Overwrites this many words of 64 bits of the stack below the caller. Called by itself where the frames of a
/// crate reach deeper than those above.
#[inline(never)]
pub(in crate::boundary) fn scrub_stack<const WORDS: usize>() {
    let dead = [0u64; WORDS];
    zeroize::optimization_barrier(&dead);
}

/// Runs `body` in frames below the caller's, and overwrites this many words of 64 bits of them.
#[cfg(all(
    feature = "std",
    any(
        all(feature = "ecdsa", target_pointer_width = "64"),
        all(target_arch = "x86_64", any(feature = "ed25519", feature = "ml-kem", feature = "ml-dsa"))
    )
))]
pub(in crate::boundary) fn scrubbed<const WORDS: usize, T>(body: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn below<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
    let value = below(body);
    scrub_stack::<WORDS>();
    value
}

/// The secret of a key. Masking would go here: nobody outside the boundary sees how it is stored.
pub(crate) struct Secret<B: Buffer> {
    buffer: B,
}

impl<B: Buffer> Secret<B> {
    pub(in crate::boundary) fn zeroed(len: usize) -> Result<Self> {
        Ok(Self { buffer: B::zeroed(len)? })
    }

    pub(in crate::boundary) fn bytes(&self) -> &[u8] {
        self.buffer.as_slice()
    }

    pub(in crate::boundary) fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.as_mut_slice()
    }
}

impl<B: Buffer> Drop for Secret<B> {
    fn drop(&mut self) {
        self.buffer.as_mut_slice().zeroize();
    }
}
