//! Interleaved slices: both sides take turns of about a millisecond, so that a busy machine and a changing
//! clock hit them alike; medians are reported.

use std::time::{Duration, Instant};

/// Nanoseconds for one operation.
#[derive(Clone, Copy)]
pub struct Compared {
    pub engine: f64,
    pub bare: f64,
    /// Median of the differences within each pair of slices.
    pub overhead: f64,
}

pub fn time_once(run: &mut dyn FnMut()) -> Duration {
    run(); // first use: self-tests, pins, tables
    let start = Instant::now();
    run();
    start.elapsed()
}

/// How many operations fill one slice.
fn calibrate(run: &mut dyn FnMut(), slice: Duration) -> u32 {
    run();
    let mut count = 1u32;
    loop {
        let took = slice_of(run, count);
        if took >= slice / 2 || count >= 1 << 20 {
            let each = took.as_secs_f64() / f64::from(count);
            return ((slice.as_secs_f64() / each) as u32).clamp(1, 1 << 22);
        }
        count *= 2;
    }
}

fn slice_of(run: &mut dyn FnMut(), count: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        run();
    }
    start.elapsed()
}

pub fn compare(engine: &mut dyn FnMut(), bare: &mut dyn FnMut(), slices: usize, slice: Duration) -> Compared {
    let counts = (calibrate(engine, slice), calibrate(bare, slice));
    let nanos = |took: Duration, count: u32| took.as_secs_f64() * 1e9 / f64::from(count);
    let (mut engines, mut bares, mut differences) = (vec![], vec![], vec![]);
    for turn in 0..slices {
        // Who goes first changes, so that neither always inherits the other's caches.
        let (e, b) = if turn % 2 == 0 {
            let e = slice_of(engine, counts.0);
            (e, slice_of(bare, counts.1))
        } else {
            let b = slice_of(bare, counts.1);
            (slice_of(engine, counts.0), b)
        };
        let (e, b) = (nanos(e, counts.0), nanos(b, counts.1));
        engines.push(e);
        bares.push(b);
        differences.push(e - b);
    }
    Compared { engine: median(&mut engines), bare: median(&mut bares), overhead: median(&mut differences) }
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
