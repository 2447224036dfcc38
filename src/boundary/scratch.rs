//! Working memory for one payload while it is wrapped or unwrapped; wiped on drop.

use zeroize::Zeroize;

use crate::error::{Error, Result};

/// Largest payload without a heap: no PKCS#8 RSA key fits, and without a heap there is no RSA.
#[cfg(not(feature = "alloc"))]
const ROOM: usize = 512;
/// Largest payload: an RSA-4096 private key as PKCS#8 has about 2.4 KiB.
#[cfg(feature = "alloc")]
const ROOM: usize = 8192;

/// A buffer of exact size.
pub(in crate::boundary) struct Scratch {
    #[cfg(feature = "alloc")]
    bytes: alloc::boxed::Box<[u8]>,
    #[cfg(not(feature = "alloc"))]
    bytes: [u8; ROOM],
    len: usize,
}

impl Scratch {
    /// A zeroed buffer. What is longer than any key is refused.
    pub(in crate::boundary) fn new(len: usize) -> Result<Self> {
        if len > ROOM {
            return Err(Error::Rejected);
        }
        #[cfg(feature = "alloc")]
        let bytes = alloc::vec![0; len].into_boxed_slice();
        #[cfg(not(feature = "alloc"))]
        let bytes = [0; ROOM];
        Ok(Self { bytes, len })
    }

    pub(in crate::boundary) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    pub(in crate::boundary) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or(&mut [])
    }

    /// Shortens to what was written; the rest is zeroed.
    pub(in crate::boundary) fn truncate(&mut self, len: usize) {
        if let Some(rest) = self.bytes_mut().get_mut(len..) {
            rest.zeroize();
            self.len = len;
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
