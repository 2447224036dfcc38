//! Signing and verifying programs after the link.

use std::io::Write;
use std::path::Path;

use strongroom_image::ImageError;

use crate::{Failure, unexpected};

type Job = fn(&Path) -> Result<[u8; 32], ImageError>;

/// Writes the integrity value into a file.
pub(crate) fn sign(words: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    run("sign-image", words, [strongroom_image::sign, strongroom_image::sign_linked], "signed", out)
}

/// Whether a file is what was signed.
pub(crate) fn verify(words: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    run("verify-image", words, [strongroom_image::verify, strongroom_image::verify_linked], "intact", out)
}

fn run(
    command: &str,
    words: &[&str],
    [whole, linked]: [Job; 2],
    verdict: &str,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (job, file) = match words {
        ["--linked", file] | [file, "--linked"] => (linked, file),
        [] | ["--linked"] => return Err(Failure::Usage(format!("{command} needs a FILE"))),
        [file] => (whole, file),
        [.., extra] => return Err(unexpected(extra)),
    };
    if file.starts_with('-') || file.is_empty() {
        return Err(Failure::Usage(format!("\"{file}\" is no name of a file; try ./{file}")));
    }
    let value = job(Path::new(file)).map_err(|error| format!("{file}: {error}"))?;
    Ok(writeln!(out, "{file}: {verdict}, integrity value {}", hex(&value))?)
}

/// A value for people to compare.
pub(crate) fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}
