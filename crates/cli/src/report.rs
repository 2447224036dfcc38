//! Self-test reports for people.

use strongroom::{Engine, TestState};

use crate::Problem;

/// Runs every known-answer test and prints the report; fails if one failed.
pub(crate) fn selftest() -> Result<(), Problem> {
    let engine = Engine::power_on()?;
    let result = engine.self_test();
    print(&engine);
    let status = engine.status();
    println!("\nstate {}, backend {}", status.state.name(), status.backend);
    match result {
        Ok(()) => {
            println!("all known-answer tests passed; pairwise tests run whenever a pair is made");
            Ok(())
        }
        Err(error) => {
            let test = status.failed_test.unwrap_or("no single test");
            Err(format!("self-test failed: {error} ({test}). Do not use this build.").into())
        }
    }
}

/// Prints one line for each test.
pub(crate) fn print(engine: &Engine) {
    println!("{:<32} {:<10} {:<8} runs", "self-test", "when", "state");
    for test in engine.self_test_report() {
        let state = match test.state {
            TestState::NotRun => "not run",
            TestState::Passed => "passed",
            TestState::Failed => "FAILED",
        };
        println!("{:<32} {:<10} {state:<8} {}", test.name, test.kind.name(), test.runs);
    }
}
