//! Every self-test, run now, and the report for people.

use std::io::{self, Write};

use strongroom::{
    Algorithm, Attributes, Builder, Engine, Error, HeapStore, KeyKind, Profile, Rule, Subject, TestKind,
    TestReport, TestState, Usage,
};

use crate::{Failure, image, unexpected};

/// A kind of key for each pairwise test; where one test serves all sizes, the smallest or fastest.
const PAIRS: [(KeyKind, Algorithm); 10] = [
    (KeyKind::EcP256, Algorithm::EcdsaP256),
    (KeyKind::EcP384, Algorithm::EcdsaP384),
    (KeyKind::EcP521, Algorithm::EcdsaP521),
    (KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1),
    (KeyKind::Ed25519, Algorithm::Ed25519),
    (KeyKind::Rsa2048, Algorithm::RsaPss),
    (KeyKind::MlKem512, Algorithm::MlKem),
    (KeyKind::MlDsa44, Algorithm::MlDsa),
    (KeyKind::SlhDsaSha2_128f, Algorithm::SlhDsa),
    (KeyKind::HybridP384MlKem1024, Algorithm::HybridKwp),
];

/// Runs known-answer and pairwise tests and prints the report; fails unless every one passed.
pub(crate) fn run(words: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    // The general profile makes pairs of every kind, so that every pairwise test runs.
    let engine = builder(words)?.profile(Profile::General).power_on()?;
    let result = engine.self_test().and_then(|()| pairwise(&engine));
    let printed = print(&engine, out);
    // The verdict before the trouble with printing it: the exit code must say.
    let status = engine.status();
    if let Err(error) = result {
        let test = status.failed_test.unwrap_or("no single test");
        return Err(format!("{test}: {error}. Do not use this build.").into());
    }
    // An unsigned program has no integrity test.
    let due = |kind| kind != TestKind::Integrity || status.integrity.is_some();
    let count = engine.self_test_report().filter(|test| due(test.kind)).count();
    let not_passed = |test: &TestReport| due(test.kind) && test.state != TestState::Passed;
    if let Some(test) = engine.self_test_report().find(not_passed) {
        return Err(format!("{} did not run. Do not use this build.", test.name).into());
    }
    printed?;
    writeln!(out, "\nstate {}, backend {}", status.state.name(), status.backends)?;
    integrity(&engine, out)?;
    Ok(writeln!(out, "all {count} self-tests passed")?)
}

#[cfg(not(strongroom_lab))]
fn builder(words: &[&str]) -> Result<Builder<HeapStore>, Failure> {
    match words {
        [] => Ok(crate::engine()),
        [extra, ..] => Err(unexpected(extra)),
    }
}

/// `--break NAME` breaks a test: laboratory builds only.
#[cfg(strongroom_lab)]
fn builder(words: &[&str]) -> Result<Builder<HeapStore>, Failure> {
    match words {
        [] => Ok(crate::engine()),
        ["--break", name] => crate::engine()
            .lab_break(name)
            .map_err(|_| Failure::Usage(format!("there is no self-test \"{name}\""))),
        [extra, ..] => Err(unexpected(extra)),
    }
}

/// Prints the integrity value, or what it takes to have one.
pub(crate) fn integrity(engine: &Engine, out: &mut dyn Write) -> io::Result<()> {
    match engine.status().integrity {
        Some(value) => writeln!(out, "program intact, integrity value {}", image::hex(&value)),
        None => writeln!(out, "program unsigned: `strongroom sign-image` gives it an integrity value"),
    }
}

/// Makes a pair of every sort that this build has: the pairwise tests run on new pairs only.
fn pairwise(engine: &Engine) -> Result<(), Error> {
    let session = engine.open_session(Subject::user(1), b"")?;
    for (kind, algorithm) in PAIRS {
        if Engine::<HeapStore>::has(algorithm) {
            let ends = Usage::SIGN.and(Usage::VERIFY).and(Usage::ENCAPSULATE).and(Usage::DECAPSULATE);
            let usage = ends.and(Usage::WRAP).and(Usage::UNWRAP).common(algorithm.facts().usage);
            let policy = Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)).build()?;
            let _ = session.destroy(session.generate(&policy)?.value())?;
        }
    }
    Ok(())
}

/// Prints one line for each test.
pub(crate) fn print(engine: &Engine, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:<32} {:<10} {:<8} runs", "self-test", "when", "state")?;
    for test in engine.self_test_report() {
        let state = match test.state {
            TestState::NotRun => "not run",
            TestState::Passed => "passed",
            TestState::Failed => "FAILED",
        };
        writeln!(out, "{:<32} {:<10} {state:<8} {}", test.name, test.kind.name(), test.runs)?;
    }
    Ok(())
}
