//! What the benchmarks share: pairs of one operation of the engine and the same work on the bare crates.
// A benchmark panics when its set-up fails, each file uses its own part of this, and figures are rounded.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_lossless
)]

pub mod ciphers;
pub mod rig;
pub mod signatures;
pub mod slices;
pub mod transport;

use std::time::Duration;

/// One operation, twice.
pub struct Pair {
    pub name: String,
    /// What the bare side does.
    pub bare_is: &'static str,
    /// Bytes processed by one operation, where that is of interest.
    pub bytes: Option<usize>,
    pub engine: Box<dyn FnMut()>,
    pub bare: Box<dyn FnMut()>,
}

impl Pair {
    pub fn new(
        name: impl Into<String>,
        bare_is: &'static str,
        engine: impl FnMut() + 'static,
        bare: impl FnMut() + 'static,
    ) -> Self {
        Self { name: name.into(), bare_is, bytes: None, engine: Box::new(engine), bare: Box::new(bare) }
    }

    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }
}

/// Runs pairs under criterion, one group each; slow ones with few samples.
pub fn criterion_pairs(criterion: &mut criterion::Criterion, pairs: Vec<Pair>) {
    for mut pair in pairs {
        let mut group = criterion.benchmark_group(&pair.name);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
        if let Some(bytes) = pair.bytes {
            group.throughput(criterion::Throughput::Bytes(bytes as u64));
        } else {
            group.throughput(criterion::Throughput::Elements(1));
        }
        let once = slices::time_once(&mut *pair.engine);
        group.sample_size(if once > Duration::from_millis(2) { 10 } else { 30 });
        group.bench_function("engine", |bencher| bencher.iter(&mut *pair.engine));
        group.bench_function("bare", |bencher| bencher.iter(&mut *pair.bare));
        group.finish();
    }
}
