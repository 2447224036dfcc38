//! The whole-file image over small files: what is signed powers on, and nothing else does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use strongroom::{Caveats, Engine, Error, PowerOnError, State};
use strongroom_image::{FileImage, ImageError, Slot, sign, verify};

/// A file of its own for each test.
fn file(test: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("image-{test}"));
    fs::write(&path, bytes).unwrap();
    path
}

fn with_slot(before: &[u8], after: &[u8]) -> Vec<u8> {
    [before, &Slot::unsigned().to_bytes(), after].concat()
}

/// The slot as it would stand in the memory of a program that was loaded from a file with this value.
fn loaded(value: [u8; 32]) -> &'static Slot {
    Box::leak(Box::new(Slot::holding(value)))
}

fn power_on(path: &Path, slot: &'static Slot) -> Result<Engine, PowerOnError> {
    Engine::builder().integrity(FileImage::at(path, slot)).power_on()
}

const REFUSED: PowerOnError = PowerOnError { error: Error::SelfTestFailed, test: Some("integrity") };

#[test]
fn a_signed_file_powers_on_and_says_its_value() {
    for (before, after) in [(0, 0), (1, 0), (0, 1), (100, 31), (65_530, 5), (70_000, 140_000)] {
        let path = file("signed", &with_slot(&vec![0x8f; before], &vec![3; after]));
        assert!(matches!(verify(&path), Err(ImageError::Unsigned)));
        let value = sign(&path).unwrap();
        assert_eq!(verify(&path).unwrap(), value);
        assert_eq!(sign(&path).unwrap(), value, "to sign twice changes nothing");
        let engine = power_on(&path, loaded(value)).unwrap();
        assert_eq!(engine.status().integrity, Some(value));
        assert!(!engine.status().caveats.has(Caveats::UNSIGNED));
        assert_eq!(engine.self_test(), Ok(()));
    }
}

/// The value, with a computation that shares nothing with signer or engine but its definition:
/// `openssl dgst -sha256 -mac HMAC` over length and file.
#[test]
fn the_value_is_an_hmac_that_openssl_makes_too() {
    let zeroed = with_slot(b"before", b"after");
    let path = file("openssl", &zeroed);
    let value = sign(&path).unwrap();
    let measured = file("openssl-measured", &[&(zeroed.len() as u64).to_be_bytes()[..], &zeroed].concat());
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let output = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt"])
        .arg(format!("hexkey:{}", hex(b"strongroom integrity key, public")))
        .arg(&measured)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.trim_end().ends_with(&hex(&value)), "{said}");
}

#[test]
fn every_flipped_bit_of_a_small_file_fails() {
    let path = file("bits", &with_slot(b"before", b"after"));
    let value = sign(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bad).unwrap();
        assert!(matches!(verify(&path), Err(ImageError::Damaged | ImageError::NoSlot)), "bit {bit}");
        // Every byte of it, each by another bit.
        if bit % 9 == 0 {
            assert_eq!(power_on(&path, loaded(value)).map(drop), Err(REFUSED), "bit {bit}");
        }
    }
}

#[test]
fn files_that_are_cut_grown_gone_or_of_another_shape_fail() {
    let path = file("shape", &with_slot(b"before", b"after"));
    let value = sign(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let slot = &good[6..70];
    let shapes: [(&str, Vec<u8>); 7] = [
        ("empty", vec![]),
        ("cut at the end", good[..good.len() - 1].to_vec()),
        ("cut at the start", good[1..].to_vec()),
        ("cut in the slot", good[..40].to_vec()),
        ("grown", [&good[..], b"\0"].concat()),
        ("two slots", [&good[..], slot].concat()),
        ("no slot", [&good[..6], &good[70..]].concat()),
    ];
    for (what, bytes) in shapes {
        fs::write(&path, bytes).unwrap();
        assert!(verify(&path).is_err(), "{what}");
        assert_eq!(power_on(&path, loaded(value)).map(drop), Err(REFUSED), "{what}");
    }
    // Another file, signed: not the one that was loaded.
    fs::write(&path, with_slot(b"Before", b"after")).unwrap();
    let other = sign(&path).unwrap();
    assert_eq!(power_on(&path, loaded(value)).map(drop), Err(REFUSED));
    assert!(power_on(&path, loaded(other)).is_ok());
    // No file, and a folder.
    assert_eq!(power_on(&path.with_extension("missing"), loaded(value)).map(drop), Err(REFUSED));
    assert_eq!(power_on(path.parent().unwrap(), loaded(value)).map(drop), Err(REFUSED));
    // Nothing in memory says "signed": then nothing is read, and nothing is approved (INT-4).
    let unsigned = power_on(&path.with_extension("missing"), loaded([0; 32])).unwrap();
    assert!(unsigned.status().caveats.has(Caveats::UNSIGNED));
}

#[test]
fn the_signer_takes_one_slot_and_leaves_other_files_alone() {
    for (what, bytes) in [
        ("none", b"no slot here".to_vec()),
        ("two", with_slot(&Slot::unsigned().to_bytes(), b"")),
        ("three", with_slot(&Slot::unsigned().to_bytes(), &Slot::unsigned().to_bytes())),
    ] {
        let path = file("refused", &bytes);
        let refused = sign(&path).unwrap_err();
        assert_eq!(matches!(refused, ImageError::NoSlot), what == "none", "{refused}");
        assert_eq!(matches!(refused, ImageError::SeveralSlots), what != "none", "{refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-missing");
    assert!(matches!(sign(&missing), Err(ImageError::Io(_))));
}

#[cfg(unix)]
#[test]
fn signing_keeps_permissions_follows_links_and_leaves_nothing_behind() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-links");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (path, link) = (folder.join("program"), folder.join("link"));
    fs::write(&path, with_slot(b"before", b"after")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
    symlink("program", &link).unwrap();
    let value = sign(&link).unwrap();
    assert_eq!(verify(&path).unwrap(), value);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o751);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_file_that_changes_under_a_running_module_stops_it_at_the_next_test() {
    let path = file("on-demand", &with_slot(b"before", b"after"));
    let value = sign(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for bad in [vec![], [&good[..], b"x"].concat(), good.iter().map(|byte| byte ^ 1).collect()] {
        fs::write(&path, &good).unwrap();
        let engine = power_on(&path, loaded(value)).unwrap();
        fs::write(&path, bad).unwrap();
        assert_eq!(engine.self_test(), Err(Error::SelfTestFailed));
        let status = engine.status();
        assert_eq!((status.state, status.failed_test), (State::Error, Some("integrity")));
        assert_eq!(engine.restart().map(drop), Err(REFUSED));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_else_the_file_holds_only_what_was_signed_powers_on(
        before in prop::collection::vec(any::<u8>(), 0..200),
        after in prop::collection::vec(any::<u8>(), 0..200),
        at: prop::sample::Index,
        damage in 1_u8..=255,
        how in 0..4,
    ) {
        let path = file("any", &with_slot(&before, &after));
        let value = sign(&path).unwrap();
        prop_assert!(power_on(&path, loaded(value)).is_ok());
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] ^= damage,
            1 => bytes.insert(at, damage),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        fs::write(&path, &bytes).unwrap();
        prop_assert_eq!(power_on(&path, loaded(value)).map(drop), Err(REFUSED));
    }
}
