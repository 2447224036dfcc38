//! Every committed input of fuzz/corpus, then what proptest comes up with in a few seconds.

#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)] // a test reports by panicking

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strongroom_fuzz_bodies::{Body, TARGETS, acvp, image, public_key, seeds, sequence, unwrap, wrapped_key};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

#[test]
fn the_corpus_replays() {
    for (target, body) in TARGETS {
        let mut inputs: Vec<PathBuf> =
            std::fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{target} has no corpus");
        for input in inputs {
            println!("{}", input.display());
            body(&std::fs::read(input).unwrap());
        }
    }
}

#[test]
fn the_committed_seeds_are_those_that_are_written() {
    for (target, _) in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty());
        for (name, bytes) in seeds {
            let committed = std::fs::read(corpus(target).join(&name)).unwrap();
            assert_eq!(committed, bytes, "{target}/{name}: run the example write_corpus");
        }
    }
}

/// A target that is forgotten on either side would fuzz in one place only.
#[test]
fn cargo_fuzz_has_the_same_targets() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| {
        let entries = std::fs::read_dir(fuzz.join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut bodies = TARGETS.map(|(target, _)| target);
    bodies.sort_unstable();
    assert_eq!(names("fuzz_targets"), bodies);
    assert_eq!(names("corpus"), bodies);
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), bodies.len());
    for target in bodies {
        let binary = format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"\n");
        assert!(manifest.contains(&binary), "{target} is no binary of fuzz/Cargo.toml");
        let source = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{target}.rs"))).unwrap();
        let call = format!("strongroom_fuzz_bodies::{target}(data)");
        assert!(source.contains(&call), "{target} does not run its body");
    }
}

/// New inputs until the time is over, at least one round. A failure is shrunk and printed.
fn explore(body: Body, inputs: impl Strategy<Value = Vec<u8>>) {
    let end = Instant::now() + Duration::from_secs(5);
    let config = Config { cases: 16, failure_persistence: None, max_shrink_iters: 4096, ..Config::default() };
    let mut runner = TestRunner::new(config);
    loop {
        runner
            .run(&inputs, |input| {
                body(&input);
                Ok(())
            })
            .unwrap();
        if Instant::now() > end {
            break;
        }
    }
}

/// A choice or two, then a script of changes: mostly one, sometimes many.
fn damage(choices: usize) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..5u8, 0..2u8, any::<u8>(), any::<u8>()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let script = prop_oneof![
        3 => proptest::collection::vec(change.clone(), 0..2),
        1 => proptest::collection::vec(change, 2..12),
    ];
    let choices = proptest::collection::vec(any::<u8>(), choices);
    (choices, script).prop_map(|(mut input, script)| {
        input.extend(script.concat());
        input
    })
}

fn bytes(len: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..len)
}

#[test]
fn wrapped_key_explored() {
    explore(wrapped_key, prop_oneof![damage(1), bytes(300)]);
}

#[test]
fn unwrap_explored() {
    explore(unwrap, prop_oneof![damage(2), bytes(300)]);
}

#[test]
fn public_key_explored() {
    explore(public_key, prop_oneof![damage(1), bytes(300)]);
}

#[test]
fn sequence_explored() {
    explore(sequence, bytes(2000));
}

#[test]
fn image_explored() {
    explore(image, prop_oneof![damage(1), bytes(300)]);
}

#[test]
fn acvp_explored() {
    explore(acvp, prop_oneof![damage(3), bytes(300)]);
}
