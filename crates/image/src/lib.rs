//! Integrity of programs that are built on strongroom (INT-8 to INT-12).
//!
//! A program has a [`Slot`] for its integrity value, and registers the file it runs from:
//!
//! ```
//! use strongroom::Engine;
//! use strongroom_image::{FileImage, slot};
//!
//! slot!(SLOT);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::builder().integrity(FileImage::running(&SLOT)).power_on()?;
//! # Ok(())
//! # }
//! ```
//!
//! After the link, `strongroom sign-image FILE` ([`sign`]) computes HMAC-SHA-256 over the whole file, with the
//! value's own 32 bytes taken as zeros, and writes it into the slot. At power-on and on demand the engine reads
//! the file again and compares. A file that was not signed runs, with the caveat *unsigned image*.
//!
//! Firmware has no file: it registers `strongroom::linked_image!`, and [`sign_linked`] signs its ELF file.
//!
//! The key of the HMAC is public. This finds damage and mistakes; it stops nobody who can sign.

mod elf;
mod file;
mod running;
mod scan;
mod sign;

pub use file::FileImage;
pub use sign::{Form, ImageError, sign, sign_bytes, sign_linked, verify, verify_bytes, verify_linked};

/// Length of an integrity value.
pub(crate) const VALUE: usize = 32;
/// Length of each of the two marks of a slot.
pub(crate) const MARK: usize = 16;
/// Length of a slot.
pub(crate) const SLOT: usize = MARK + VALUE + MARK;

/// The place for the integrity value in a program: 16 bytes by which the signer finds it, the 32 bytes of the
/// value, 16 bytes again. Declare the one of a program with [`slot!`].
#[derive(Debug)]
#[repr(C)]
pub struct Slot {
    head: [u8; MARK],
    value: [u8; VALUE],
    tail: [u8; MARK],
}

impl Slot {
    /// An empty slot. For a `static` only: a value on the stack may leave a second copy of the marks among
    /// the program's constants, and a program with two slots fails its test.
    #[inline]
    #[must_use]
    pub const fn unsigned() -> Self {
        Self::holding([0; VALUE])
    }

    /// A slot that holds this value: for images that are put together by hand.
    #[inline]
    #[must_use]
    pub const fn holding(value: [u8; VALUE]) -> Self {
        let [a, b, c, d] = scan::HALVES;
        Self { head: joined(a, b), value, tail: joined(c, d) }
    }

    /// The 64 bytes as they stand in the file.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        let parts = self.head.iter().chain(&self.value).chain(&self.tail);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// What stands in the running program.
    #[allow(unsafe_code)]
    pub(crate) fn value(&self) -> [u8; VALUE] {
        // SAFETY: a reference to an initialised array. Volatile, because the compiler saw zeros here and the
        // signer wrote the file afterwards.
        unsafe { core::ptr::read_volatile(&raw const self.value) }
    }
}

const fn joined(first: u64, second: u64) -> [u8; MARK] {
    (((first as u128) << 64) | second as u128).to_be_bytes()
}

/// Declares the slot of a program, `slot!(pub NAME)`. Exactly one in each executable or shared object.
#[macro_export]
macro_rules! slot {
    ($(#[$meta:meta])* $visibility:vis $name:ident) => {
        $(#[$meta])*
        #[used]
        $visibility static $name: $crate::Slot = $crate::Slot::unsigned();
    };
}
