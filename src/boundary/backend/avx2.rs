//! Lattices on AVX2: ML-KEM by the crate `libcrux-ml-kem`, ML-DSA by kernels of our own over four Keccak states
//! at once. Keys are kept expanded, matrix included; docs/decisions/028 has the reasons.
//!
//! **Time.** No branch and no address depends on a secret, but for the rejections that the standards' sampling
//! has, which tell nothing of what is accepted.
//!
//! **Memory.** Prepared keys lie in a [`Wiped`] box. What a call works with lies in its frames, which
//! every function that was given a secret overwrites before it returns. Out of reach: the vector registers
//! themselves, until the next function that uses them.
//!
//! **Unsafe code** is of three sorts: loads and stores of arrays by reference, calls into functions that need the
//! features, which are made only with an [`Avx2`], the proof that they are there, and the wiping of plain data.

#![allow(unsafe_code)] // see above

#[cfg(feature = "ml-dsa")]
mod keccak;
#[cfg(feature = "ml-dsa")]
pub(in crate::boundary) mod ml_dsa;
#[cfg(feature = "ml-kem")]
pub(in crate::boundary) mod ml_kem;

use alloc::boxed::Box;
#[cfg(feature = "ml-dsa")]
use core::arch::x86_64::*;
use std::arch::is_x86_feature_detected;

use zeroize::optimization_barrier;

use super::super::secret::scrubbed;

/// The proof that this processor, and the operating system, have what the kernels need.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct Avx2(());

impl Avx2 {
    /// Looks the feature up; the standard library remembers it.
    pub(in crate::boundary) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// What any bytes, zeros among them, are a value of.
///
/// # Safety
/// The type holds arrays of integers and nothing else.
#[cfg(feature = "ml-dsa")]
unsafe trait Plain {}

/// Plain data on the heap that is overwritten before it is freed.
struct Wiped<T>(Box<T>);

impl<T> Wiped<T> {
    /// Zeros. What fills them does so in place.
    #[cfg(feature = "ml-dsa")]
    fn zeroed() -> Self
    where
        T: Plain,
    {
        let layout = core::alloc::Layout::new::<T>();
        const { assert!(size_of::<T>() > 0 && !core::mem::needs_drop::<T>()) };
        // SAFETY: the layout is not empty. What comes is null, which is dealt with, or memory of a T that is zeroed,
        // and zeros are a value of a `Plain` type; a box gives memory of that layout back to the same allocator.
        unsafe {
            let memory = alloc::alloc::alloc_zeroed(layout).cast::<T>();
            if memory.is_null() {
                alloc::alloc::handle_alloc_error(layout);
            }
            Self(Box::from_raw(memory))
        }
    }

    /// `empty` holds no secret yet: it may leave copies behind. What fills it does so in place.
    #[cfg(feature = "ml-kem")]
    fn new(empty: T) -> Self {
        const { assert!(!core::mem::needs_drop::<T>(), "owns something that overwriting it would lose") };
        Self(Box::new(empty))
    }
}

impl<T> core::ops::Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> core::ops::DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Wiped<T> {
    fn wipe(&mut self) {
        // SAFETY: the box owns as many writable bytes as a T has, padding included. A T has nothing to drop (both
        // constructors refuse others), nobody else refers to it, and zeros are a value of it: those that it begins
        // with are integers and vectors of them.
        unsafe { core::ptr::from_mut::<T>(&mut self.0).write_bytes(0, 1) };
        optimization_barrier(&*self.0);
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(feature = "ml-dsa")]
#[inline]
#[target_feature(enable = "avx2")]
fn load(numbers: &[i32; 8]) -> __m256i {
    // SAFETY: the reference is to 32 readable bytes; this load asks for no alignment.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

#[cfg(feature = "ml-dsa")]
#[inline]
#[target_feature(enable = "avx2")]
fn store(numbers: &mut [i32; 8], v: __m256i) {
    // SAFETY: the reference is to 32 writable bytes; this store asks for no alignment.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), v) }
}

#[cfg(feature = "ml-dsa")]
#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &[u64; 4]) -> __m256i {
    // SAFETY: the reference is to 32 readable bytes; this load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[cfg(feature = "ml-dsa")]
#[inline]
#[target_feature(enable = "avx2")]
fn store_words(words: &mut [u64; 4], v: __m256i) {
    // SAFETY: the reference is to 32 writable bytes; this store asks for no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), v) }
}

#[cfg(test)]
mod tests;
