//! Timings of two classes of input, and Welch's t-test whether they differ (Reparaz, Balasch, Verbauwhede, "Dude,
//! is my code constant time?", 2017). It decides nothing: it prints |t|, and a person looks at what is large.
//!
//! `cargo run --release -p strongroom-sidechannel --bin strongroom-timing -- [--seconds N] [NAME ...]`

// A tool: what goes wrong ends it with a message. Times and counts become floating-point numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss
)]

#[path = "timing/cases.rs"]
mod cases;
#[path = "timing/craft.rs"]
mod craft;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use strongroom::Backend;

/// Two classes of input for one service.
pub(crate) struct Case {
    pub(crate) name: String,
    /// What tells the classes apart.
    pub(crate) classes: &'static str,
    /// Prepares an input of the class, and answers the nanoseconds of the call alone.
    pub(crate) run: Box<dyn FnMut(bool, &mut Random) -> u64>,
}

fn main() -> ExitCode {
    let (mut seconds, mut names) = (6, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            match arguments.next().and_then(|number| number.parse().ok()) {
                Some(number) => seconds = number,
                None => return help(),
            }
        } else if argument.starts_with('-') {
            return help();
        } else {
            names.push(argument);
        }
    }
    println!("load {}", load());
    println!(
        "| Operation | Backend | Classes | Samples | Median ns | t | Largest t, cropped | Difference there, ns |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for backend in Backend::ALL {
        if !backend.is_available() {
            println!("backend {} is not available on this processor: not run", backend.name());
            continue;
        }
        for mut case in cases::all(backend) {
            if names.is_empty() || names.iter().any(|name| case.name.contains(name.as_str())) {
                measure(&mut case, backend, Duration::from_secs(seconds));
            }
        }
    }
    println!("load {}", load());
    ExitCode::SUCCESS
}

fn help() -> ExitCode {
    eprintln!("strongroom-timing [--seconds FOR-EACH-OPERATION] [PART-OF-A-NAME ...]");
    ExitCode::from(2)
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").map_or_else(|_| "unknown".into(), |text| text.trim().into())
}

fn measure(case: &mut Case, backend: Backend, time: Duration) {
    let mut random = Random(0x5eed);
    let mut samples: [Vec<u64>; 2] = [Vec::new(), Vec::new()];
    for warming in 0..50 {
        (case.run)(warming % 2 == 0, &mut random);
    }
    let start = Instant::now();
    while start.elapsed() < time {
        let class = random.next() & 1 == 1;
        samples[usize::from(class)].push((case.run)(class, &mut random));
    }
    let mut pooled = samples.concat();
    pooled.sort_unstable();
    let (whole, _) = welch(&samples, u64::MAX);
    // The slowest measurements are interrupts and other programs: cut at several places, and the largest counts.
    let crops = [50, 75, 90, 95, 99].map(|percent| {
        let (t, difference) = welch(&samples, pooled[pooled.len() * percent / 100]);
        (percent, t, difference)
    });
    let (percent, t, difference) = crops.into_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
    println!(
        "| {} | {} | {} | {} + {} | {} | {whole:.1} | {t:.1} below {percent} % | {difference:.1} |",
        case.name,
        backend.name(),
        case.classes,
        samples[0].len(),
        samples[1].len(),
        pooled[pooled.len() / 2],
    );
}

/// Welch's t of the samples up to `limit`, and how much longer the second class takes.
fn welch(samples: &[Vec<u64>; 2], limit: u64) -> (f64, f64) {
    let moments = |samples: &[u64]| {
        let kept: Vec<_> = samples.iter().filter(|time| **time <= limit).map(|time| *time as f64).collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((first, spread), (second, other_spread)) = (moments(&samples[0]), moments(&samples[1]));
    let difference = second - first;
    (difference / (spread + other_spread).sqrt().max(f64::MIN_POSITIVE), difference)
}

/// SplitMix64: which class comes next, and public inputs.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
