//! Bytes that are wiped when they go, all at once.

use core::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` bytes on the stack. `Zeroizing<[u8; N]>` does the same with a store for each byte, which of a short operation
/// is a good part.
pub(in crate::boundary) struct Wiped<const N: usize>([u8; N]);

impl<const N: usize> Wiped<N> {
    /// Zeros.
    #[inline(always)]
    pub(in crate::boundary) const fn new() -> Self {
        Self([0; N])
    }

    #[inline(always)]
    fn wipe(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl<const N: usize> Deref for Wiped<N> {
    type Target = [u8; N];

    #[inline(always)]
    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Wiped<N> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Wiped<N> {
    #[inline(always)]
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<const N: usize> ZeroizeOnDrop for Wiped<N> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left() {
        let mut bytes = Wiped::<40>::new();
        bytes.fill(0x5a);
        bytes.wipe();
        assert_eq!(*bytes, [0; 40]);
    }
}
