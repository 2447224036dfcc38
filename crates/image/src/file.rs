//! The whole-file image: what the engine measures in the running program.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use strongroom::{ImageUnreadable, IntegrityImage, Measurement};

use crate::scan::{self, Found, wide};
use crate::{MARK, Slot, VALUE, running};

/// The file that the program runs from, as one region, with the 32 bytes of the value taken as zeros.
///
/// The reference is the slot's value *in the running program*. The file must hold the same value in its one
/// slot: so the file that is measured is the file that was loaded, or has the same bytes.
#[derive(Debug)]
pub struct FileImage {
    place: Place,
    slot: &'static Slot,
}

#[derive(Debug)]
enum Place {
    Running,
    At(PathBuf),
}

impl FileImage {
    /// The file that holds `slot` while it runs. On Linux that is the executable or the shared object that
    /// the slot was mapped from, found through /proc; elsewhere the executable.
    #[must_use]
    pub const fn running(slot: &'static Slot) -> Self {
        Self { place: Place::Running, slot }
    }

    /// This file: for a shared object where the platform does not say which file it came from.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>, slot: &'static Slot) -> Self {
        Self { place: Place::At(path.into()), slot }
    }

    fn open(&self) -> io::Result<File> {
        match &self.place {
            Place::Running => running::file_at(std::ptr::from_ref(self.slot).addr()),
            Place::At(path) => File::open(path),
        }
    }

    /// Twice through the file: once for the slot, once for the measurement. What changes in between is
    /// measured as it is the second time.
    fn read(&self, measurement: &mut Measurement) -> io::Result<()> {
        let mut file = self.open()?;
        let len = file.metadata()?.len();
        let Found::One(at) = scan::slots(&file)? else { return Err(io::ErrorKind::InvalidData.into()) };
        file.rewind()?;
        measurement.begin(len);
        let value = at.saturating_add(wide(MARK));
        pass(&mut file, value, measurement)?;
        let mut found = [0; VALUE];
        file.read_exact(&mut found)?;
        measurement.bytes(&[0; VALUE]);
        if found != self.slot.value() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        pass(&mut file, u64::MAX, measurement)
    }
}

/// Hands on the next `len` bytes, or what there is to the end of the file.
fn pass(file: &mut File, len: u64, measurement: &mut Measurement) -> io::Result<()> {
    let mut part = file.take(len);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match scan::read(&mut part, &mut buffer)? {
            0 => return Ok(()),
            read => measurement.bytes(buffer.get(..read).unwrap_or_default()),
        }
    }
}

impl IntegrityImage for FileImage {
    fn reference(&self) -> Result<[u8; VALUE], ImageUnreadable> {
        Ok(self.slot.value())
    }

    fn measure(&self, measurement: &mut Measurement) -> Result<(), ImageUnreadable> {
        self.read(measurement).map_err(|_| ImageUnreadable)
    }
}
