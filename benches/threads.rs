//! `cargo bench --bench threads`: one thread and two threads, each with a session of its own, on the same
//! key. Slices of one and of two threads take turns; medians. The control shares nothing: its ratio is what
//! the machine had to give, 2.00 on two free cores.

// A benchmark panics when its set-up fails; figures are rounded for people.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use common::{
    rig::{Rig, open},
    slices::median,
};
use sha2::{Digest, Sha256};
use strongroom::{Algorithm, Hash, KeyHandle, KeyKind, Params, Rule, Session, Usage};

const SLICE: Duration = Duration::from_millis(60);
const SLICES: usize = 31;

/// Operations between two looks at the clock.
const BATCH: u32 = 8;

type Run = fn(&Session<'static>, KeyHandle, &mut [u8]);

fn sign(session: &Session<'static>, key: KeyHandle, algorithm: Algorithm, out: &mut [u8]) {
    let params = match algorithm {
        Algorithm::Ed25519 => Params::NONE,
        _ => Params::with_hash(Hash::Sha256),
    };
    let _ = session.sign(key, algorithm, &params, &[0x5a; 64], out).unwrap();
}

fn seal(session: &Session<'static>, key: KeyHandle, algorithm: Algorithm, out: &mut [u8]) {
    let _ = session.encrypt(key, algorithm, &Params::NONE, &[0x5a; 1024], out).unwrap();
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let rig = Rig::new();
    let sha256 = |algorithm| Rule::hashed(algorithm, Hash::Sha256);
    let signing = Usage::SIGN.and(Usage::VERIFY);
    let sealing = Usage::ENCRYPT.and(Usage::DECRYPT);
    let macs = Usage::MAC.and(Usage::VERIFY_MAC);
    let cases: [(&str, KeyKind, Usage, Rule, Run); 6] = [
        ("ECDSA P-256 sign", KeyKind::EcP256, signing, sha256(Algorithm::EcdsaP256), |session, key, out| {
            sign(session, key, Algorithm::EcdsaP256, out);
        }),
        ("Ed25519 sign", KeyKind::Ed25519, signing, Rule::any(Algorithm::Ed25519), |session, key, out| {
            sign(session, key, Algorithm::Ed25519, out);
        }),
        ("RSA-2048 PSS sign", KeyKind::Rsa2048, signing, sha256(Algorithm::RsaPss), |session, key, out| {
            sign(session, key, Algorithm::RsaPss, out);
        }),
        (
            "AES-256-GCM seal 1 KiB",
            KeyKind::Aes256,
            sealing,
            Rule::any(Algorithm::AesGcm),
            |session, key, out| {
                seal(session, key, Algorithm::AesGcm, out);
            },
        ),
        (
            "AES-256-GCM seal 1 KiB counter IV",
            KeyKind::Aes256,
            sealing,
            Rule::any(Algorithm::AesGcmCounter),
            |session, key, out| seal(session, key, Algorithm::AesGcmCounter, out),
        ),
        ("HMAC-SHA-256 64 B", KeyKind::Hmac, macs, sha256(Algorithm::Hmac), |session, key, out| {
            let params = Params::with_hash(Hash::Sha256);
            let _ = session.mac(key, Algorithm::Hmac, &params, &[0x5a; 64], out).unwrap();
        }),
    ];
    println!("| Operation | one thread, ops/s | two threads, ops/s | two/one |");
    println!("|---|---:|---:|---:|");
    print_row("control: SHA-256 of 1 KiB, nothing shared", &|_, out: &mut [u8]| {
        out[..32].copy_from_slice(&Sha256::digest(black_box([0x5a; 1024])));
    });
    for (name, kind, usage, rule, run) in cases {
        if name.contains(&filter) {
            let key = rig.key(kind, usage, rule);
            let sessions = [open(&rig.engine), open(&rig.engine)];
            print_row(name, &|thread: usize, out: &mut [u8]| run(&sessions[thread], key, out));
        }
    }
}

type Work<'w> = &'w (dyn Fn(usize, &mut [u8]) + Sync);

fn print_row(name: &str, work: Work<'_>) {
    for thread in 0..2 {
        work(thread, &mut [0; 2048]); // self-tests, pins
    }
    let (mut ones, mut twos, mut ratios) = (vec![], vec![], vec![]);
    for turn in 0..SLICES {
        // Alone as either thread in turn, before the pair or after it.
        let alone = [turn % 2];
        let (one, two) = if turn % 4 < 2 {
            let one = rate(&alone, work);
            (one, rate(&[0, 1], work))
        } else {
            let two = rate(&[0, 1], work);
            (rate(&alone, work), two)
        };
        ones.push(one);
        twos.push(two);
        ratios.push(two / one);
    }
    let (one, two, ratio) = (median(&mut ones), median(&mut twos), median(&mut ratios));
    println!("| {name} | {one:.0} | {two:.0} | {ratio:.2} |");
}

/// Operations a second of these threads together.
fn rate(threads: &[usize], work: Work<'_>) -> f64 {
    let start_line = Barrier::new(threads.len());
    std::thread::scope(|scope| {
        let started: Vec<_> = threads
            .iter()
            .map(|&thread| {
                let start_line = &start_line;
                scope.spawn(move || {
                    let mut out = [0; 2048];
                    start_line.wait();
                    let (start, mut done) = (Instant::now(), 0u32);
                    while start.elapsed() < SLICE {
                        for _ in 0..BATCH {
                            work(thread, &mut out);
                        }
                        done += BATCH;
                    }
                    f64::from(done) / start.elapsed().as_secs_f64()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}
