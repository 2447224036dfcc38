//! Operations per second, in the manner of `openssl speed`: through the engine with one and two threads, in
//! batches where there are such, and by the bare primitive where the engine's backend is one that can be called
//! alone.

mod bare;
mod job;

use std::io::Write;
use std::time::{Duration, Instant};

use strongroom::{Algorithm, Engine, Error, Hash, KeyKind, Params, Profile, Subject};

use crate::{Failure, unexpected};
use job::{Job, Keys};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const SHA384: Params<'static> = Params::with_hash(Hash::Sha384);
const SHA512: Params<'static> = Params::with_hash(Hash::Sha512);

/// What is signed and authenticated.
const MESSAGE: &[u8] = &[0x42; 64];

/// One operation, ready to run. Each thread makes its own.
type Operation = Box<dyn FnMut() -> Result<(), Error>>;

/// A row of the table: its name, what the engine does, and the bare primitive.
type Row = (&'static str, Job, Option<fn() -> Operation>);

const ROWS: [Row; 29] = [
    ("P-256 sign", sign(KeyKind::EcP256, Algorithm::EcdsaP256, SHA256), Some(bare::p256_sign)),
    ("P-256 verify", verify(KeyKind::EcP256, Algorithm::EcdsaP256, SHA256), Some(bare::p256_verify)),
    ("P-384 sign", sign(KeyKind::EcP384, Algorithm::EcdsaP384, SHA384), Some(bare::p384_sign)),
    ("P-384 verify", verify(KeyKind::EcP384, Algorithm::EcdsaP384, SHA384), Some(bare::p384_verify)),
    ("P-521 sign", sign(KeyKind::EcP521, Algorithm::EcdsaP521, SHA512), Some(bare::p521_sign)),
    ("P-521 verify", verify(KeyKind::EcP521, Algorithm::EcdsaP521, SHA512), Some(bare::p521_verify)),
    (
        "secp256k1 sign",
        sign(KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1, SHA256),
        Some(bare::secp256k1_sign),
    ),
    (
        "secp256k1 verify",
        verify(KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1, SHA256),
        Some(bare::secp256k1_verify),
    ),
    ("Ed25519 sign", sign(KeyKind::Ed25519, Algorithm::Ed25519, Params::NONE), Some(bare::ed25519_sign)),
    (
        "Ed25519 verify",
        verify(KeyKind::Ed25519, Algorithm::Ed25519, Params::NONE),
        Some(bare::ed25519_verify),
    ),
    ("RSA-2048 PKCS1 sign", sign(KeyKind::Rsa2048, Algorithm::RsaPkcs1, SHA256), None),
    ("RSA-2048 PKCS1 verify", verify(KeyKind::Rsa2048, Algorithm::RsaPkcs1, SHA256), None),
    ("RSA-4096 PKCS1 sign", sign(KeyKind::Rsa4096, Algorithm::RsaPkcs1, SHA256), None),
    ("ML-DSA-65 sign", sign(KeyKind::MlDsa65, Algorithm::MlDsa, Params::NONE), None),
    ("ML-DSA-65 verify", verify(KeyKind::MlDsa65, Algorithm::MlDsa, Params::NONE), None),
    ("SLH-DSA-SHA2-128f sign", sign(KeyKind::SlhDsaSha2_128f, Algorithm::SlhDsa, Params::NONE), None),
    ("SLH-DSA-SHA2-128f verify", verify(KeyKind::SlhDsaSha2_128f, Algorithm::SlhDsa, Params::NONE), None),
    ("ML-KEM-768 encapsulate", Job::Encapsulate, None),
    ("ML-KEM-768 decapsulate", Job::Decapsulate, None),
    ("AES-256-GCM seal 64 B", Job::Seal(64), Some(bare::gcm::<64>)),
    ("AES-256-GCM seal 1 KiB", Job::Seal(1 << 10), Some(bare::gcm::<{ 1 << 10 }>)),
    ("AES-256-GCM seal 16 KiB", Job::Seal(1 << 14), Some(bare::gcm::<{ 1 << 14 }>)),
    ("AES-256-GCM seal 1 MiB", Job::Seal(1 << 20), Some(bare::gcm::<{ 1 << 20 }>)),
    ("HMAC-SHA-256 64 B", Job::Mac, Some(bare::hmac)),
    ("SHA-256 1 KiB", Job::Digest(1 << 10), Some(bare::sha256::<{ 1 << 10 }>)),
    ("random 32 B", Job::Random(32), None),
    ("P-256 keygen + destroy", Job::Generate, None),
    ("native wrap of P-256", Job::Wrap, None),
    ("native unwrap of P-256", Job::Unwrap, None),
];

const fn sign(kind: KeyKind, algorithm: Algorithm, params: Params<'static>) -> Job {
    Job::Sign { kind, algorithm, params }
}

const fn verify(kind: KeyKind, algorithm: Algorithm, params: Params<'static>) -> Job {
    Job::Verify { kind, algorithm, params }
}

/// What to measure, and how long.
pub(crate) struct Options {
    rows: Vec<&'static Row>,
    slice: Duration,
}

/// Slices of time for each way of running a row; the median counts.
const ROUNDS: usize = 5;
/// Four ways: engine, engine on two threads, batches, bare.
const SLICES_PER_ROW: f64 = 20.0;

impl Options {
    /// Reads `[FILTER] [--seconds S]`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, Failure> {
        let (filter, seconds) = match words {
            [] => ("", "1"),
            [.., "--seconds"] => return Err(Failure::Usage("--seconds needs a number, such as 0.5".into())),
            ["--seconds", seconds] => ("", *seconds),
            ["--seconds", seconds, filter] | [filter, "--seconds", seconds] => (*filter, *seconds),
            [filter] => (*filter, "1"),
            [_, extra, ..] => return Err(unexpected(extra)),
        };
        let number = seconds.parse().ok().filter(|number| (0.001..=3600.0).contains(number));
        let slice = number.and_then(|number: f64| Duration::try_from_secs_f64(number / SLICES_PER_ROW).ok());
        let Some(slice) = slice else {
            let problem = format!("\"{seconds}\" is no number of seconds between 0.001 and 3600");
            return Err(Failure::Usage(problem));
        };
        let wanted = filter.to_lowercase();
        let rows: Vec<_> = ROWS.iter().filter(|row| row.0.to_lowercase().contains(&wanted)).collect();
        if rows.is_empty() {
            let names = ROWS.map(|row| row.0).join("\n  ");
            return Err(Failure::Usage(format!("no row has \"{filter}\" in its name; there are\n  {names}")));
        }
        Ok(Self { rows, slice })
    }

    /// Measures and prints.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        // The general profile serves what is not approved, too.
        let engine = crate::engine().profile(Profile::General).power_on()?;
        writeln!(
            out,
            "{:<28} {:>12} {:>12} {:>6} {:>12} {:>9} {:>9} {:>12}",
            "operations per second", "engine", "2 threads", "ratio", "bare", "overhead", "MB/s", "batch"
        )?;
        for row in &self.rows {
            let line = measure(&engine, row, self.slice).map_err(|error| format!("{}: {error}", row.0))?;
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(
            out,
            "\nmedians of {ROUNDS} interleaved slices; overhead is the engine's time beyond the bare primitive's; \
             batches of {}, {}",
            job::BATCH,
            engine.status().backends
        )?;
        if cfg!(debug_assertions) {
            writeln!(out, "this is a debug build: figures mean little, build with --release")?;
        }
        Ok(())
    }
}

fn measure(engine: &Engine, &(name, job, bare): &Row, slice: Duration) -> Result<String, Error> {
    let session = engine.open_session(Subject::user(1), b"")?;
    let keys = Keys::new(&session, &job)?;
    let through_engine = || rate(&mut job.operation(engine, &keys)?, slice);
    let (mut one, mut two, mut alone, mut many) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(through_engine()?);
        two.push(std::thread::scope(|scope| {
            let other = scope.spawn(through_engine);
            let here = through_engine();
            // A thread that panicked has printed why.
            Ok::<f64, Error>(here? + other.join().unwrap_or(Err(Error::Corrupted))?)
        })?);
        if let Some(make) = bare {
            alone.push(rate(&mut make(), slice)?);
        }
        if let Some(mut batch) = job.batch(engine, &keys)? {
            many.push(rate(&mut batch, slice)? * f64::from(job::BATCH));
        }
    }
    keys.destroy(&session)?;
    let (one, two) = (median(one), median(two));
    let megabytes = job.bytes().map_or(String::new(), |bytes| format!("{:.0}", one * f64::from(bytes) / 1e6));
    let (bare, overhead) = if alone.is_empty() {
        (String::new(), String::new())
    } else {
        let bare = median(alone);
        (format!("{bare:.0}"), format!("{:.0} ns", 1e9 / one - 1e9 / bare))
    };
    let ratio = two / one;
    let batch = if many.is_empty() { String::new() } else { format!("{:.0}", median(many)) };
    let front = format!("{name:<28} {one:>12.0} {two:>12.0} {ratio:>6.2} {bare:>12} {overhead:>9}");
    Ok(format!("{front} {megabytes:>9} {batch:>12}"))
}

/// Operations per second of one slice.
fn rate(operation: &mut Operation, slice: Duration) -> Result<f64, Error> {
    operation()?;
    let (mut batch, mut done) = (1u32, 0u32);
    let start = Instant::now();
    loop {
        for _ in 0..batch {
            operation()?;
        }
        done = done.saturating_add(batch);
        let elapsed = start.elapsed();
        if elapsed >= slice {
            return Ok(f64::from(done) / elapsed.as_secs_f64());
        }
        // The clock is read about a hundred times in a slice.
        let per_operation = elapsed.as_secs_f64() / f64::from(done);
        let fit = slice.as_secs_f64() / 100.0 / per_operation;
        batch = (1..=16)
            .map(|power| 1u32 << power)
            .take_while(|size| f64::from(*size) <= fit)
            .last()
            .unwrap_or(1);
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}
