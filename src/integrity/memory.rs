//! Images that lie in memory: firmware, whose linker script says where its code and constants are.

use super::{ImageUnreadable, IntegrityImage, Measurement};

/// Regions in memory and a reference beside them.
///
/// The reference must be outside the regions, and the compiler must not know its value: it is written after
/// the link. Take it from an `extern` static, as [`linked_image!`](crate::linked_image) does.
#[derive(Clone, Copy, Debug)]
pub struct MemoryImage {
    regions: &'static [&'static [u8]],
    reference: &'static [u8; 32],
}

impl MemoryImage {
    /// These regions, measured in this order, against this reference.
    #[must_use]
    pub const fn new(regions: &'static [&'static [u8]], reference: &'static [u8; 32]) -> Self {
        Self { regions, reference }
    }
}

impl IntegrityImage for MemoryImage {
    fn reference(&self) -> Result<[u8; 32], ImageUnreadable> {
        Ok(*core::hint::black_box(self.reference))
    }

    /// An empty region is a mistake in the linker script.
    fn measure(&self, measurement: &mut Measurement) -> Result<(), ImageUnreadable> {
        for region in self.regions {
            if region.is_empty() {
                return Err(ImageUnreadable);
            }
            measurement.region(region);
        }
        Ok(())
    }
}

/// Declares a unit struct that is the image of a firmware: code and constants between symbols of the linker
/// script, and the reference in a section of its own.
///
/// ```ignore
/// strongroom::linked_image!(Firmware);
/// let engine = Engine::with_store(table).integrity_static(&Firmware).power_on()?;
/// ```
///
/// The linker script defines `__strongroom_text_start`, `__strongroom_text_end`, `__strongroom_rodata_start`,
/// `__strongroom_rodata_end`, and 32 zero bytes at `__strongroom_reference`, outside both regions;
/// docs/integrity.md has the fragment. `strongroom sign-image --linked` writes the reference.
///
/// The struct contains `unsafe` code, whose claim is the linker script's to keep: between each pair of symbols
/// lies memory that can be read and that nobody writes while the program runs. Without the symbols the program
/// does not link. Bounds that are the wrong way round fail the test.
#[macro_export]
macro_rules! linked_image {
    ($(#[$meta:meta])* $visibility:vis $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $visibility struct $name;

        const _: () = {
            unsafe extern "C" {
                static __strongroom_text_start: u8;
                static __strongroom_text_end: u8;
                static __strongroom_rodata_start: u8;
                static __strongroom_rodata_end: u8;
                static __strongroom_reference: [u8; 32];
            }

            /// # Safety
            /// From `start` to `end` lies memory that can be read and that nobody writes.
            unsafe fn between(
                start: *const u8,
                end: *const u8,
            ) -> ::core::result::Result<&'static [u8], $crate::ImageUnreadable> {
                match (end as usize).checked_sub(start as usize) {
                    // SAFETY: the caller's promise; a `u8` needs no alignment, and the start of a linked
                    // region is not null.
                    Some(len) if len > 0 => Ok(unsafe { ::core::slice::from_raw_parts(start, len) }),
                    _ => Err($crate::ImageUnreadable),
                }
            }

            impl $crate::IntegrityImage for $name {
                fn reference(&self) -> ::core::result::Result<[u8; 32], $crate::ImageUnreadable> {
                    // SAFETY: the linker script places 32 initialised bytes at this symbol. Volatile, because
                    // what stands there is written after the compiler has seen it.
                    Ok(unsafe { ::core::ptr::read_volatile(&raw const __strongroom_reference) })
                }

                fn measure(
                    &self,
                    measurement: &mut $crate::Measurement,
                ) -> ::core::result::Result<(), $crate::ImageUnreadable> {
                    // SAFETY: the linker script puts the symbols around code and around constants, which are
                    // read-only memory for as long as the program runs.
                    let (text, rodata) = unsafe {
                        (
                            between(&raw const __strongroom_text_start, &raw const __strongroom_text_end)?,
                            between(&raw const __strongroom_rodata_start, &raw const __strongroom_rodata_end)?,
                        )
                    };
                    measurement.region(text);
                    measurement.region(rodata);
                    Ok(())
                }
            }
        };
    };
}
