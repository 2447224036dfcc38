//! The integrity test of the module (INT-1 to INT-13): what an image is, and how it is measured.
//!
//! A library has no bytes of its own before the final link, so the module whose integrity is tested is the
//! program, shared object or firmware image that was linked from it (INT-8). The embedder registers an
//! [`IntegrityImage`] that knows where those bytes are, and a signer writes the reference after the link.

mod memory;

pub use memory::MemoryImage;

use crate::boundary::alg::cast::Check;
use crate::boundary::image::{ImageMac, VALUE};
use crate::error::{Error, Result};

/// The bytes of the running module, and the value that they must have.
///
/// Registered with [`Builder::integrity`](crate::Builder::integrity); asked at power-on and by each
/// [`Engine::self_test`](crate::Engine::self_test). It must give the same regions in the same order each
/// time, without the reference itself. [`MemoryImage`] and [`linked_image!`](crate::linked_image) are images
/// in memory; the crate `strongroom-image` has the whole-file form.
pub trait IntegrityImage: Send + Sync {
    /// The reference value: HMAC-SHA-256 under [`INTEGRITY_KEY`](crate::INTEGRITY_KEY) over all regions,
    /// the length of each before its bytes. All zeros: the image was never signed.
    ///
    /// # Errors
    /// [`ImageUnreadable`], and the integrity test fails.
    fn reference(&self) -> core::result::Result<[u8; 32], ImageUnreadable>;

    /// Hands every region to `measurement`.
    ///
    /// # Errors
    /// [`ImageUnreadable`], and the integrity test fails.
    fn measure(&self, measurement: &mut Measurement) -> core::result::Result<(), ImageUnreadable>;
}

/// The image, or its reference, could not be read, or is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageUnreadable;

impl core::fmt::Display for ImageUnreadable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the image of the module cannot be read")
    }
}

impl core::error::Error for ImageUnreadable {}

/// The running MAC over an image. The length of a region goes in before its bytes, eight bytes with the most
/// significant first, so that no byte can move from one region to the next unnoticed (INT-10).
pub struct Measurement {
    mac: ImageMac,
    owed: u64,
    is_empty: bool,
    is_torn: bool,
}

impl Measurement {
    fn new() -> Result<Self> {
        Ok(Self { mac: ImageMac::new()?, owed: 0, is_empty: true, is_torn: false })
    }

    /// Takes in a region that lies in memory.
    pub fn region(&mut self, bytes: &[u8]) {
        match u64::try_from(bytes.len()) {
            Ok(len) => self.begin(len),
            Err(_) => self.is_torn = true,
        }
        self.bytes(bytes);
    }

    /// Begins a region of `len` bytes, which follow in pieces. Without exactly `len` bytes before the next
    /// region, or the end, the test fails.
    pub fn begin(&mut self, len: u64) {
        self.is_torn |= self.owed != 0;
        self.owed = len;
        self.mac.update(&len.to_be_bytes());
    }

    /// The next bytes of the region.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match u64::try_from(bytes.len()).ok().and_then(|len| self.owed.checked_sub(len)) {
            Some(rest) => self.owed = rest,
            None => self.is_torn = true,
        }
        self.is_empty &= bytes.is_empty();
        self.mac.update(bytes);
    }

    fn judge(self, check: &mut Check, reference: &[u8; VALUE]) -> Result<()> {
        // Nothing measured is nothing tested.
        if self.is_torn || self.is_empty || self.owed != 0 {
            return Err(Error::SelfTestFailed);
        }
        self.mac.judge(check, reference)
    }
}

/// Measures the image and compares. Answers the integrity value, or `None` for an image that was never
/// signed, which is not measured.
pub(crate) fn test(image: &dyn IntegrityImage, check: &mut Check) -> Result<Option<[u8; VALUE]>> {
    let failed = |ImageUnreadable| Error::SelfTestFailed;
    let reference = image.reference().map_err(failed)?;
    if reference == [0; VALUE] {
        return Ok(None);
    }
    let mut measurement = Measurement::new()?;
    image.measure(&mut measurement).map_err(failed)?;
    measurement.judge(check, &reference)?;
    Ok(Some(reference))
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
