//! The strongroom command: shows the engine at work on a real file, tests it, measures it.

mod algorithms;
mod quickstart;
mod report;
mod speed;

use std::process::ExitCode;

const USAGE: &str = "\
usage: strongroom COMMAND

  quickstart FILE [--out DIR]      make keys, sign, encrypt and wrap with a real file; print how to check it
  selftest                         run every self-test on demand and print the report
  algorithms                       the table of algorithms
  speed [FILTER] [--seconds S]     operations per second, engine and bare primitive, one and two threads
  --version, --help
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["quickstart", file] => quickstart::run(file, "strongroom-quickstart"),
        ["quickstart", file, "--out", folder] => quickstart::run(file, folder),
        ["selftest"] => report::selftest(),
        ["algorithms"] => algorithms::run(),
        ["speed", rest @ ..] => match speed::Options::parse(rest) {
            Some(options) => speed::run(&options),
            None => return usage(),
        },
        ["--version"] => {
            println!("{}", strongroom::Engine::<strongroom::HeapStore>::version());
            Ok(())
        }
        ["--help" | "help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("strongroom: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

/// What went wrong, and where.
type Problem = Box<dyn std::error::Error>;
