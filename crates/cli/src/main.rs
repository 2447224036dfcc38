//! The strongroom command: shows the engine at work on a real file, tests it, measures it, signs programs.

mod algorithms;
mod image;
mod quickstart;
mod selftest;
mod speed;

use std::io::{self, Write};
use std::process::ExitCode;

use strongroom::{Builder, Engine, HeapStore};
use strongroom_image::{FileImage, slot};

const USAGE: &str = "\
usage: strongroom COMMAND

  quickstart FILE [--out DIR]      make keys, sign, encrypt and wrap with a real file; print how to check it.
                                   Results go to DIR (strongroom-quickstart), over those of an earlier run.
  selftest                         run every self-test and print the report
  algorithms                       the table of algorithms
  speed [FILTER] [--seconds S]     operations per second, engine and bare primitive, one and two threads;
                                   rows whose name contains FILTER, S seconds a row (1)
  sign-image [--linked] FILE       write the integrity value into a program after its link: this one, or
                                   yours (docs/integrity.md); --linked: firmware with regions in its ELF file
  verify-image [--linked] FILE     whether a program is what was signed
  --version, --help

Exit code: 0 done, 1 failed, 2 not understood.
";

slot!(SLOT);

/// Describes an engine whose module is this program.
fn engine() -> Builder<HeapStore> {
    Engine::builder().integrity(FileImage::running(&SLOT))
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let done = words().and_then(|words| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        command(&words, &mut out)?;
        Ok(out.flush()?)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(problem)) => {
            eprintln!("strongroom: {problem}\n`strongroom --help` lists the commands.");
            ExitCode::from(2)
        }
        Err(Failure::Failed(problem)) => {
            // Whoever reads has seen enough (`strongroom algorithms | head`).
            let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
            if problem.downcast_ref().is_some_and(closed) {
                return ExitCode::SUCCESS;
            }
            eprintln!("strongroom: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn words() -> Result<Vec<String>, Failure> {
    let text = |word: std::ffi::OsString| {
        word.into_string().map_err(|word| Failure::Usage(format!("{} is not UTF-8", word.display())))
    };
    std::env::args_os().skip(1).map(text).collect()
}

fn command(words: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    if words.iter().any(|word| matches!(*word, "--help" | "-h")) || words == ["help"] {
        return Ok(out.write_all(USAGE.as_bytes())?);
    }
    match words {
        ["quickstart", rest @ ..] => quickstart::Options::parse(rest)?.run(out),
        ["selftest", rest @ ..] => selftest::run(rest, out),
        ["algorithms"] => algorithms::run(out),
        ["speed", rest @ ..] => speed::Options::parse(rest)?.run(out),
        ["sign-image", rest @ ..] => image::sign(rest, out),
        ["verify-image", rest @ ..] => image::verify(rest, out),
        ["--version" | "-V"] => {
            let build = if cfg!(strongroom_lab) { " (laboratory build)" } else { "" };
            Ok(writeln!(out, "{}{build}", Engine::<HeapStore>::version())?)
        }
        [] => Err(Failure::Usage("which command?".into())),
        ["algorithms" | "--version" | "-V", extra, ..] => Err(unexpected(extra)),
        [other, ..] => Err(Failure::Usage(format!("there is no command \"{other}\""))),
    }
}

fn unexpected(word: &str) -> Failure {
    Failure::Usage(format!("\"{word}\" is one argument too many"))
}

/// Why a command ended early.
enum Failure {
    /// The command line was not understood: exit code 2.
    Usage(String),
    /// It was understood, and failed: exit code 1.
    Failed(Box<dyn std::error::Error>),
}

impl<E: Into<Box<dyn std::error::Error>>> From<E> for Failure {
    fn from(problem: E) -> Self {
        Self::Failed(problem.into())
    }
}
