//! Builds the program in tests/no_std, which has no standard library, and runs it on this host.
//!
//! Were `std` in it, its panic handler would be there twice and it would not link; were `alloc` in the
//! first build, it would have no allocator and not link either.
#![cfg(all(target_os = "linux", not(strongroom_lab)))]
#![allow(clippy::unwrap_used, missing_docs)] // a test

use std::path::Path;
use std::process::Command;

const LINES: [&str; 9] = [
    "power-on",
    "ECDSA-P256",
    "ECDSA-P384",
    "ECDSA-P521",
    "ED25519",
    "AES-GCM, HMAC",
    "self-test",
    "zeroise",
    "OK",
];

fn build_and_run(features: &[&str], target: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target").join(target);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--manifest-path"])
        .arg(root.join("tests/no_std/Cargo.toml"))
        .args(features)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let program = target.join("debug/strongroom-bare");
    let image = std::fs::read(&program).unwrap();
    // Mangled names (both manglings) and source paths of std; core has its own, to show that names are there.
    let has = |text: &[u8]| image.windows(text.len()).any(|window| window == text);
    assert!(has(b"_ZN4core") || has(b"4core"), "the image has no symbols to look at");
    for trace in [b"_ZN3std".as_slice(), b"_3std", b"library/std/src", b"std::"] {
        assert!(!has(trace), "the image has {}", String::from_utf8_lossy(trace));
    }

    let ran = Command::new(&program).output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), LINES);
    assert_eq!(ran.status.code(), Some(0));
}

#[test]
fn without_a_heap() {
    build_and_run(&[], "no-std");
}

#[test]
fn with_a_heap() {
    build_and_run(&["--features", "alloc"], "no-std-alloc");
}
