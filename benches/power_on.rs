//! Time from power-on to an engine that serves, and of the self-tests that run before first use.

// A benchmark panics when its set-up fails, and criterion_group! makes an undocumented public function.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::rig::open;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use strongroom::{Algorithm, Attributes, Engine, Hash, KeyKind, Params, Rule, TestKind, TestState, Usage};

fn starting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("power-on");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(3)).sample_size(20);
    group.bench_function("power-on", |bencher| bencher.iter(|| Engine::power_on().unwrap()));
    let engine = Engine::power_on().unwrap();
    group.bench_function("open and close a session", |bencher| bencher.iter(|| open(&engine)));
    group
        .bench_function("every self-test, on demand", |bencher| bencher.iter(|| engine.self_test().unwrap()));
    group.finish();
}

/// The first signature of an engine beside its second: the difference is the self-tests.
fn first_use(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("first use");
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(3)).sample_size(10);
    let hashed = |algorithm, hash| (Rule::hashed(algorithm, hash), Params::with_hash(hash));
    for (kind, (rule, params)) in [
        (KeyKind::EcP256, hashed(Algorithm::EcdsaP256, Hash::Sha256)),
        (KeyKind::EcP384, hashed(Algorithm::EcdsaP384, Hash::Sha384)),
        (KeyKind::EcP521, hashed(Algorithm::EcdsaP521, Hash::Sha512)),
        (KeyKind::Ed25519, (Rule::any(Algorithm::Ed25519), Params::NONE)),
    ] {
        // Generation needs the tests of signing and verifying, and the pairwise test comes on top.
        let usage = Usage::SIGN.and(Usage::VERIFY);
        let template = Attributes::builder(kind).usage(usage).permit(rule).build().unwrap();
        group.bench_function(format!("{}: generate and sign, tests included", kind.name()), |bencher| {
            let fresh = || open(&Engine::power_on().unwrap());
            bencher.iter_batched(
                fresh,
                |session| {
                    let key = session.generate(&template).unwrap().value();
                    let mut out = [0; 512];
                    let _ = session.sign(key, rule.algorithm(), &params, b"first", &mut out).unwrap();
                    session
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("{}: generate and sign, tests done", kind.name()), |bencher| {
            let session = open(&Engine::power_on().unwrap());
            bencher.iter(|| {
                let key = session.generate(&template).unwrap().value();
                let mut out = [0; 512];
                let _ = session.sign(key, rule.algorithm(), &params, b"again", &mut out).unwrap();
                session.destroy(key).unwrap()
            });
        });
    }
    group.finish();
    whole_report();
}

/// What one engine spends on its tests until all have run.
fn whole_report() {
    let start = Instant::now();
    let engine = Engine::power_on().unwrap();
    let powered = start.elapsed();
    let start = Instant::now();
    engine.self_test().unwrap();
    let tested = start.elapsed();
    let run = |kind| {
        let passed = |test: &strongroom::TestReport| test.kind == kind && test.state == TestState::Passed;
        engine.self_test_report().filter(passed).count()
    };
    println!(
        "power-on {powered:?} with {} tests; then all known-answer tests in {tested:?}, {} of them first-use tests",
        run(TestKind::PowerOn),
        run(TestKind::FirstUse),
    );
}

criterion_group!(benches, starting, first_use);
criterion_main!(benches);
