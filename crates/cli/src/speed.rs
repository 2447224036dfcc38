//! Operations per second: through the engine with one and two threads, and by the bare primitive.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes_gcm::aead::{AeadInOut, KeyInit};
use hmac::Mac;
use p256::ecdsa::signature::{Signer, Verifier};
use strongroom::{
    Algorithm, Attributes, Engine, Export, Hash, KeyHandle, KeyKind, Params, Restriction, Rule, Session,
    Subject, UnwrapAs, Usage,
};

use crate::Problem;

/// What to measure, and how long.
pub(crate) struct Options {
    filter: String,
    slice: Duration,
}

impl Options {
    /// Reads `[FILTER] [--seconds S]`.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let (filter, seconds) = match words {
            [] => ("", "1"),
            ["--seconds", seconds] => ("", *seconds),
            [filter] => (*filter, "1"),
            [filter, "--seconds", seconds] => (*filter, *seconds),
            _ => return None,
        };
        let seconds: f64 = seconds.parse().ok()?;
        let slice =
            Duration::try_from_secs_f64(seconds / SLICES_PER_ROW).ok().filter(|slice| !slice.is_zero())?;
        Some(Self { filter: filter.to_lowercase(), slice })
    }
}

/// Slices of time for each way of running a row; the median counts.
const ROUNDS: usize = 5;
/// Three ways: engine, engine on two threads, bare.
const SLICES_PER_ROW: f64 = 15.0;

/// One operation, ready to run. Each thread makes its own.
type Operation = Box<dyn FnMut()>;
/// Makes an operation in a session of its own.
type Make = Box<dyn Fn(&Engine) -> Option<Operation> + Send + Sync>;

struct Row {
    name: &'static str,
    bytes: usize,
    engine: Make,
    bare: Option<fn() -> Operation>,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<(), Problem> {
    let engine = Engine::power_on()?;
    let session = engine.open_session(Subject::user(1), b"")?;
    let keys = Keys::new(&session)?;
    let rows: Vec<Row> =
        rows(keys).into_iter().filter(|row| row.name.to_lowercase().contains(&options.filter)).collect();
    if rows.is_empty() {
        return Err(format!("nothing is called \"{}\"; try: strongroom speed sign", options.filter).into());
    }
    println!(
        "{:<28} {:>12} {:>12} {:>6} {:>12} {:>9} {:>9}",
        "operations per second", "engine", "2 threads", "ratio", "bare", "overhead", "MB/s"
    );
    for row in &rows {
        measure(&engine, row, options.slice)?;
    }
    println!(
        "\nmedians of {ROUNDS} interleaved slices; overhead is the engine's time beyond the bare primitive's"
    );
    Ok(())
}

fn measure(engine: &Engine, row: &Row, slice: Duration) -> Result<(), Problem> {
    let (mut one, mut two, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let through_engine = || {
        let mut operation = (row.engine)(engine)?;
        Some(rate(&mut operation, slice))
    };
    let broken = || format!("{} does not run: try `strongroom selftest`", row.name);
    for _ in 0..ROUNDS {
        one.push(through_engine().ok_or_else(broken)?);
        let both = std::thread::scope(|scope| {
            let other = scope.spawn(through_engine);
            Some(through_engine()? + other.join().ok()??)
        });
        two.push(both.ok_or_else(broken)?);
        if let Some(make) = &row.bare {
            bare.push(rate(&mut make(), slice));
        }
    }
    let (one, two) = (median(one), median(two));
    let megabytes =
        if row.bytes > 0 { format!("{:.0}", one * to_f64(row.bytes) / 1e6) } else { String::new() };
    let (bare, overhead) = match row.bare {
        Some(_) => {
            let bare = median(bare);
            (format!("{bare:.0}"), format!("{:.0} ns", 1e9 / one - 1e9 / bare))
        }
        None => (String::new(), String::new()),
    };
    println!(
        "{:<28} {one:>12.0} {two:>12.0} {:>6.2} {bare:>12} {overhead:>9} {megabytes:>9}",
        row.name,
        two / one
    );
    Ok(())
}

/// Operations per second of one slice.
fn rate(operation: &mut Operation, slice: Duration) -> f64 {
    operation();
    let (mut batch, mut done) = (1u32, 0u32);
    let start = Instant::now();
    loop {
        for _ in 0..batch {
            operation();
        }
        done = done.saturating_add(batch);
        let elapsed = start.elapsed();
        if elapsed >= slice {
            return f64::from(done) / elapsed.as_secs_f64();
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

fn to_f64(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const SHA384: Params<'static> = Params::with_hash(Hash::Sha384);
const MESSAGE: &[u8] = &[0x42; 64];

/// The keys that every thread uses.
#[derive(Clone, Copy)]
struct Keys {
    p256: KeyHandle,
    p384: KeyHandle,
    ed25519: KeyHandle,
    rsa: [KeyHandle; 2],
    gcm: KeyHandle,
    hmac: KeyHandle,
    kek: KeyHandle,
}

impl Keys {
    fn new(session: &Session) -> Result<Self, Problem> {
        let make = |kind, usage: Usage, rule| -> Result<KeyHandle, Problem> {
            let policy =
                Attributes::builder(kind).usage(usage).permit(rule).export(Export::NATIVE).persistent();
            Ok(session.generate(&policy.build()?)?.value())
        };
        let sign = Usage::SIGN.and(Usage::VERIFY);
        Ok(Self {
            p256: make(KeyKind::EcP256, sign, Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))?,
            p384: make(KeyKind::EcP384, sign, Rule::hashed(Algorithm::EcdsaP384, Hash::Sha384))?,
            ed25519: make(KeyKind::Ed25519, sign, Rule::any(Algorithm::Ed25519))?,
            rsa: [
                make(KeyKind::Rsa2048, sign, Rule::any(Algorithm::RsaPkcs1))?,
                make(KeyKind::Rsa4096, sign, Rule::any(Algorithm::RsaPkcs1))?,
            ],
            gcm: make(KeyKind::Aes256, Usage::ENCRYPT.and(Usage::DECRYPT), Rule::any(Algorithm::AesGcm))?,
            hmac: make(
                KeyKind::Hmac,
                Usage::MAC.and(Usage::VERIFY_MAC),
                Rule::hashed(Algorithm::Hmac, Hash::Sha256),
            )?,
            kek: make(KeyKind::Aes256, Usage::WRAP.and(Usage::UNWRAP), Rule::any(Algorithm::NativeWrap))?,
        })
    }
}

fn rows(keys: Keys) -> Vec<Row> {
    let mut rows = vec![
        signing("P-256 sign", keys.p256, Algorithm::EcdsaP256, SHA256, Some(bare_p256_sign)),
        verifying("P-256 verify", keys.p256, Algorithm::EcdsaP256, SHA256, Some(bare_p256_verify)),
        signing("P-384 sign", keys.p384, Algorithm::EcdsaP384, SHA384, None),
        verifying("P-384 verify", keys.p384, Algorithm::EcdsaP384, SHA384, None),
        signing("Ed25519 sign", keys.ed25519, Algorithm::Ed25519, Params::NONE, Some(bare_ed25519_sign)),
        verifying("Ed25519 verify", keys.ed25519, Algorithm::Ed25519, Params::NONE, None),
        signing("RSA-2048 PKCS1 sign", keys.rsa[0], Algorithm::RsaPkcs1, SHA256, None),
        verifying("RSA-2048 PKCS1 verify", keys.rsa[0], Algorithm::RsaPkcs1, SHA256, None),
        signing("RSA-4096 PKCS1 sign", keys.rsa[1], Algorithm::RsaPkcs1, SHA256, None),
    ];
    rows.push(sealing("AES-256-GCM seal 64 B", keys.gcm, 64, bare_gcm::<64>));
    rows.push(sealing("AES-256-GCM seal 1 KiB", keys.gcm, 1 << 10, bare_gcm::<{ 1 << 10 }>));
    rows.push(sealing("AES-256-GCM seal 16 KiB", keys.gcm, 1 << 14, bare_gcm::<{ 1 << 14 }>));
    rows.push(sealing("AES-256-GCM seal 1 MiB", keys.gcm, 1 << 20, bare_gcm::<{ 1 << 20 }>));
    rows.push(macing("HMAC-SHA-256 64 B", keys.hmac));
    rows.push(plain("SHA-256 1 KiB", 1 << 10, |session, buffer| {
        let mut digest = [0; 32];
        black_box(session.digest(Hash::Sha256, buffer, &mut digest)).is_ok()
    }));
    rows.push(plain("random 32 B", 32, |session, buffer| black_box(session.random(buffer)).is_ok()));
    rows.push(plain("P-256 keygen + destroy", 0, |session, _| {
        let policy = Attributes::builder(KeyKind::EcP256)
            .usage(Usage::SIGN)
            .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
            .build();
        let key = policy.ok().and_then(|policy| session.generate(&policy).ok());
        key.is_some_and(|key| black_box(session.destroy(key.value())).is_ok())
    }));
    rows.push(wrapping("native wrap of P-256", keys));
    rows.push(unwrapping("native unwrap of P-256", keys));
    rows
}

/// An operation in a session of its own; `None` unless its first run succeeds.
fn in_session(engine: &Engine, mut run: impl FnMut(&Session) -> bool + 'static) -> Option<Operation> {
    let session = engine.open_session(Subject::user(1), b"").ok()?;
    run(&session).then(|| -> Operation {
        Box::new(move || {
            run(&session);
        })
    })
}

fn plain(name: &'static str, bytes: usize, run: fn(&Session, &mut [u8]) -> bool) -> Row {
    let engine = move |engine: &Engine| {
        let mut buffer = vec![0; bytes];
        in_session(engine, move |session| run(session, &mut buffer))
    };
    Row { name, bytes, engine: Box::new(engine), bare: None }
}

fn signing(
    name: &'static str,
    key: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
    bare: Option<fn() -> Operation>,
) -> Row {
    let engine = move |engine: &Engine| {
        let mut signature = [0; 512];
        in_session(engine, move |session| {
            black_box(session.sign(key, algorithm, &params, MESSAGE, &mut signature)).is_ok()
        })
    };
    Row { name, bytes: 0, engine: Box::new(engine), bare }
}

fn verifying(
    name: &'static str,
    key: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
    bare: Option<fn() -> Operation>,
) -> Row {
    let engine = move |engine: &Engine| {
        let mut signature = vec![0; 512];
        let mut len = 0;
        in_session(engine, move |session| {
            if len == 0 {
                len = session.sign(key, algorithm, &params, MESSAGE, &mut signature).map_or(0, |s| s.value());
            }
            let signature = signature.get(..len).unwrap_or(&[]);
            black_box(session.verify(key, algorithm, &params, MESSAGE, signature)).is_ok()
        })
    };
    Row { name, bytes: 0, engine: Box::new(engine), bare }
}

fn sealing(name: &'static str, key: KeyHandle, bytes: usize, bare: fn() -> Operation) -> Row {
    let engine = move |engine: &Engine| {
        let plaintext = vec![0x42; bytes];
        let mut out = vec![0; bytes.saturating_add(16)];
        in_session(engine, move |session| {
            black_box(session.encrypt(key, Algorithm::AesGcm, &Params::NONE, &plaintext, &mut out)).is_ok()
        })
    };
    Row { name, bytes, engine: Box::new(engine), bare: Some(bare) }
}

fn macing(name: &'static str, key: KeyHandle) -> Row {
    let engine = move |engine: &Engine| {
        let mut tag = [0; 32];
        in_session(engine, move |session| {
            black_box(session.mac(key, Algorithm::Hmac, &SHA256, MESSAGE, &mut tag)).is_ok()
        })
    };
    Row { name, bytes: MESSAGE.len(), engine: Box::new(engine), bare: Some(bare_hmac) }
}

fn wrapping(name: &'static str, keys: Keys) -> Row {
    let engine = move |engine: &Engine| {
        let mut blob = [0; 512];
        in_session(engine, move |session| {
            let wrapped = session.wrap(keys.kek, Algorithm::NativeWrap, &Params::NONE, keys.p256, &mut blob);
            black_box(wrapped).is_ok()
        })
    };
    Row { name, bytes: 0, engine: Box::new(engine), bare: None }
}

/// Unwrap and destroy: a key lives once.
fn unwrapping(name: &'static str, keys: Keys) -> Row {
    let engine = move |engine: &Engine| {
        let owner = engine.open_session(Subject::user(1), b"").ok()?;
        let mut blob = vec![0; 512];
        let copy = owner.copy(keys.p256, &Restriction::none()).ok()?.value();
        let len = owner.wrap(keys.kek, Algorithm::NativeWrap, &Params::NONE, copy, &mut blob).ok()?.value();
        let _ = owner.destroy(copy).ok()?;
        blob.truncate(len);
        in_session(engine, move |session| {
            let all = Restriction::none();
            let form = UnwrapAs::Native(&all);
            let key = session.unwrap(keys.kek, Algorithm::NativeWrap, &Params::NONE, &blob, form);
            key.is_ok_and(|key| black_box(session.destroy(key.value())).is_ok())
        })
    };
    Row { name, bytes: 0, engine: Box::new(engine), bare: None }
}

// -- the bare primitives that the engine's backend is made of, prepared as it prepares them --

fn bare_p256_sign() -> Operation {
    let key = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).ok();
    Box::new(move || {
        let signature: Option<p256::ecdsa::Signature> = key.as_ref().map(|key| key.sign(MESSAGE));
        black_box(signature);
    })
}

fn bare_p256_verify() -> Operation {
    let key = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).ok();
    let pair = key.map(|key| {
        let signature: p256::ecdsa::Signature = key.sign(MESSAGE);
        (*key.verifying_key(), signature)
    });
    Box::new(move || {
        black_box(pair.as_ref().map(|(key, signature)| key.verify(MESSAGE, signature)));
    })
}

fn bare_ed25519_sign() -> Operation {
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x11; 32]);
    Box::new(move || {
        black_box(key.sign(MESSAGE));
    })
}

fn bare_gcm<const BYTES: usize>() -> Operation {
    let key = aes_gcm::Aes256Gcm::new(&[0x11; 32].into());
    let mut buffer = vec![0x42; BYTES];
    Box::new(move || {
        let tag = key.encrypt_inout_detached(&[0; 12].into(), b"", buffer.as_mut_slice().into());
        black_box(tag.is_ok());
    })
}

fn bare_hmac() -> Operation {
    let key = hmac::Hmac::<sha2::Sha256>::new_from_slice(&[0x11; 32]).ok();
    Box::new(move || {
        let mut state = key.clone();
        if let Some(state) = &mut state {
            state.update(MESSAGE);
        }
        black_box(state.map(hmac::Mac::finalize));
    })
}
