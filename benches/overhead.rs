//! `cargo bench --bench overhead [FILTER]`: one table of the engine beside the bare crates, from medians of
//! interleaved slices in one run.

// Figures are rounded for people.
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{Pair, ciphers, rig::Rig, signatures, slices, transport};
use strongroom::KeyKind;

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let start = Instant::now();
    let rig = Rig::new();
    println!(
        "{}, backend: {}\n",
        strongroom::Engine::<strongroom::HeapStore>::version(),
        rig.engine.status().backends
    );
    println!("| Operation | engine ops/s | bare ops/s | engine ns | bare ns | overhead ns | overhead |");
    println!("|---|---:|---:|---:|---:|---:|---:|");

    let mut notes: Vec<(&'static str, Vec<String>)> = Vec::new();
    let mut run = |pairs: Vec<Pair>| {
        for mut pair in pairs.into_iter().filter(|pair| pair.name.contains(&filter)) {
            print_row(&mut pair);
            match notes.iter_mut().find(|(note, _)| *note == pair.bare_is) {
                Some((_, list)) => list.push(pair.name),
                None => notes.push((pair.bare_is, vec![pair.name])),
            }
        }
    };
    for len in [64, 1024, 16 << 10, 1 << 20] {
        run(ciphers::gcm(&rig, len));
    }
    for len in [64, 1024] {
        run(ciphers::hmac(&rig, len));
    }
    run(signatures::curves(&rig));
    run(transport::symmetric(&rig));
    // RSA keys take their time: made only if a row of theirs is asked for.
    for kind in [KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096] {
        let bits = kind.modulus_len() * 8;
        let rows = ["PKCS#1 sign", "PKCS#1 verify", "PSS sign", "PSS verify"];
        if rows.iter().any(|row| format!("RSA-{bits} {row}").contains(&filter)) {
            run(signatures::rsa(&rig, kind));
        }
    }
    if ["OAEP-3072 wrap AES-128", "OAEP-3072 unwrap and destroy"].iter().any(|row| row.contains(&filter)) {
        run(transport::oaep(&rig, KeyKind::Rsa3072));
    }

    println!("\nWhat the bare side does:");
    for (note, names) in notes {
        match names.as_slice() {
            [first, _, ..] => println!("- {first}, and {} more: {note}", names.len() - 1),
            _ => println!("- {}: {note}", names.join(", ")),
        }
    }
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
}

fn print_row(pair: &mut Pair) {
    let slow = slices::time_once(&mut *pair.engine) > Duration::from_millis(2);
    let slices = if slow { 15 } else { 301 };
    let found = slices::compare(&mut *pair.engine, &mut *pair.bare, slices, Duration::from_millis(1));
    println!(
        "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:+.0} | {:+.1} % |",
        pair.name,
        1e9 / found.engine,
        1e9 / found.bare,
        found.engine,
        found.bare,
        found.overhead,
        100.0 * found.overhead / found.bare,
    );
}
