//! Signing and verifying a file after the link (INT-11).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{error, fmt};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use strongroom::INTEGRITY_KEY;

use crate::elf::{self, Misfit};
use crate::scan::{self, Found, wide};
use crate::{MARK, VALUE};

/// Why a file was not signed, or did not verify.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImageError {
    /// The file cannot be read or written.
    Io(io::Error),
    /// No slot is in the file.
    NoSlot,
    /// More than one slot is in the file.
    SeveralSlots,
    /// The ELF file lacks this symbol, which the linker script of a linked image defines.
    NoSymbol(&'static str),
    /// The file is no ELF file of a linked image; this is wrong with it.
    NotLinked(&'static str),
    /// The slot is empty: the file was never signed.
    Unsigned,
    /// The file is not what was signed.
    Damaged,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NoSlot => f.write_str("no integrity slot is in the file: was it built with `slot!`?"),
            Self::SeveralSlots => f.write_str("more than one integrity slot is in the file"),
            Self::NoSymbol(name) => write!(f, "no linked image: the symbol {name} is missing"),
            Self::NotLinked(what) => write!(f, "no linked image: {what}"),
            Self::Unsigned => f.write_str("the file was never signed"),
            Self::Damaged => f.write_str("the file is not what was signed"),
        }
    }
}

impl error::Error for ImageError {}

impl From<io::Error> for ImageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Misfit> for ImageError {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Symbol(name) => Self::NoSymbol(name),
            Misfit::File(what) => Self::NotLinked(what),
        }
    }
}

/// Signs an executable or shared object with a slot; answers its integrity value.
///
/// The file is replaced by a signed one at once, with the same permissions, also while it runs. To sign a
/// signed file again changes nothing. Whatever changes the file afterwards (`strip`, `objcopy`, a code
/// signature) undoes it.
///
/// # Errors
/// [`ImageError`]; the file is then as it was.
pub fn sign(path: &Path) -> Result<[u8; VALUE], ImageError> {
    write(path, Form::File)
}

/// Verifies what [`sign`] signed; answers the integrity value.
///
/// # Errors
/// [`ImageError`].
pub fn verify(path: &Path) -> Result<[u8; VALUE], ImageError> {
    verify_bytes(Form::File, &fs::read(path)?)
}

/// Signs the ELF file of a firmware that registers `strongroom::linked_image!`; answers its integrity value.
/// Make raw images (`objcopy -O binary`) from the signed file.
///
/// # Errors
/// [`ImageError`]; the file is then as it was.
pub fn sign_linked(path: &Path) -> Result<[u8; VALUE], ImageError> {
    write(path, Form::Linked)
}

/// Verifies what [`sign_linked`] signed; answers the integrity value.
///
/// # Errors
/// [`ImageError`].
pub fn verify_linked(path: &Path) -> Result<[u8; VALUE], ImageError> {
    verify_bytes(Form::Linked, &fs::read(path)?)
}

/// What an image registers, and so where its integrity value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A [`FileImage`](crate::FileImage): the whole file, with a [`Slot`](crate::Slot) in it.
    File,
    /// `strongroom::linked_image!`: the regions that symbols of an ELF file name.
    Linked,
}

/// As [`sign`] and [`sign_linked`], of a file in memory: for build tools that have not written it yet.
///
/// # Errors
/// [`ImageError`]; the bytes are then as they were.
pub fn sign_bytes(form: Form, file: &mut [u8]) -> Result<[u8; VALUE], ImageError> {
    let Measured { value, place } = form.measure(file)?;
    let mut held = value;
    file.get_mut(place.clone()).ok_or(ImageError::NoSlot)?.swap_with_slice(&mut held);
    if verify_bytes(form, file).is_ok() {
        return Ok(value);
    }
    // The value went over what says where it stands.
    file.get_mut(place).ok_or(ImageError::NoSlot)?.copy_from_slice(&held);
    Err(ImageError::NotLinked(
        "__strongroom_reference lies in the headers of the file, its symbols or their names",
    ))
}

/// As [`verify`] and [`verify_linked`], of a file in memory.
///
/// # Errors
/// [`ImageError`].
pub fn verify_bytes(form: Form, file: &[u8]) -> Result<[u8; VALUE], ImageError> {
    let Measured { value, place } = form.measure(file)?;
    match file.get(place) {
        Some(held) if held == [0; VALUE] => Err(ImageError::Unsigned),
        Some(held) if held == value => Ok(value),
        _ => Err(ImageError::Damaged),
    }
}

/// The value a file should have, and where it stands.
struct Measured {
    value: [u8; VALUE],
    place: Range<usize>,
}

impl Form {
    fn measure(self, file: &[u8]) -> Result<Measured, ImageError> {
        match self {
            Self::File => whole(file),
            Self::Linked => linked(file),
        }
    }
}

fn whole(file: &[u8]) -> Result<Measured, ImageError> {
    let at = match scan::slots(file)? {
        Found::None => return Err(ImageError::NoSlot),
        Found::Several => return Err(ImageError::SeveralSlots),
        Found::One(at) => usize::try_from(at).unwrap_or(usize::MAX).saturating_add(MARK),
    };
    let place = at..at.saturating_add(VALUE);
    let (Some(before), Some(after)) = (file.get(..place.start), file.get(place.end..)) else {
        return Err(ImageError::NoSlot);
    };
    Ok(Measured { value: value(&[&[before, &[0; VALUE], after]]), place })
}

fn linked(file: &[u8]) -> Result<Measured, ImageError> {
    let elf::Linked { regions, reference } = elf::linked(file)?;
    let [text, rodata] = regions.map(|region| file.get(region).unwrap_or_default());
    Ok(Measured { value: value(&[&[text], &[rodata]]), place: reference })
}

/// HMAC-SHA-256 over regions, each as its length (eight bytes, the most significant first) and its bytes.
/// A region is given in parts.
fn value(regions: &[&[&[u8]]]) -> [u8; VALUE] {
    // A key as long as a block is prepared without a way to fail.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(INTEGRITY_KEY) {
        *to = from;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for parts in regions {
        let len = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(wide(part.len())));
        mac.update(&len.to_be_bytes());
        parts.iter().for_each(|part| mac.update(part));
    }
    mac.finalize().into_bytes().into()
}

fn write(path: &Path, form: Form) -> Result<[u8; VALUE], ImageError> {
    // Through links: the file itself is replaced.
    let path = fs::canonicalize(path)?;
    let mut file = fs::read(&path)?;
    let value = sign_bytes(form, &mut file)?;
    let new = beside(&path);
    let replaced = fill(&new, &path, &file).and_then(|()| fs::rename(&new, &path));
    if let Err(error) = replaced {
        let _ = fs::remove_file(&new);
        return Err(error.into());
    }
    Ok(value)
}

/// A running program cannot be written to, but it can be replaced.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.signed", std::process::id()));
    path.with_file_name(name)
}

fn fill(new: &Path, old: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(new)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::metadata(old)?.permissions())?;
    file.sync_all()
}
