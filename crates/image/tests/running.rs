//! This very program, signed and run again: the file that is measured is the file that runs (INT-6).
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // a test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use strongroom::{Algorithm, Caveats, Engine, HeapStore, KeyKind, Session};
use strongroom_image::{FileImage, sign, slot};

slot!(SLOT);

/// The file behind an address, by the kernel's list.
fn file_at(address: *const u8) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().find_map(|line| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        range.contains(&address.addr()).then(|| line.find('/').map(|at| PathBuf::from(&line[at..])))?
    })
}

/// Runs in the signed copy: see below.
#[test]
#[ignore = "runs in a copy that the other test signs"]
fn in_the_signed_copy() {
    let exe = fs::read_link("/proc/self/exe").unwrap();
    let inside: [(&str, *const u8); 9] = [
        ("the slot", (&raw const SLOT).cast()),
        ("power-on", Engine::<HeapStore>::power_on as *const u8),
        ("sign", Session::<HeapStore>::sign as *const u8),
        ("verify", Session::<HeapStore>::verify as *const u8),
        ("a table of facts", std::ptr::from_ref(Algorithm::EcdsaP256.facts()).cast()),
        ("a name in a table", Algorithm::AesGcm.name().as_ptr()),
        ("a name of a kind", KeyKind::Rsa2048.name().as_ptr()),
        ("a name of a caveat", Caveats::NAMED[0].1.as_ptr()),
        ("the integrity key", std::ptr::from_ref(&strongroom::INTEGRITY_KEY).cast()),
    ];
    for (what, address) in inside {
        assert_eq!(file_at(address).as_ref(), Some(&exe), "{what} is in the file that is measured");
    }
    unsafe extern "C" {
        safe fn getpid() -> i32;
    }
    let heap = Box::new(0_u8);
    for (what, address) in [("libc", getpid as *const u8), ("the heap", &raw const *heap)] {
        assert_ne!(file_at(address).as_ref(), Some(&exe), "{what} is outside");
    }

    let engine = Engine::builder().integrity(FileImage::running(&SLOT)).power_on().unwrap();
    assert!(!engine.status().caveats.has(Caveats::UNSIGNED));
    assert!(engine.status().integrity.is_some());
    // Another file takes the name of the running one: the running one is still there, and measured.
    let other = exe.with_extension("other");
    fs::write(&other, "another program").unwrap();
    fs::rename(&other, &exe).unwrap();
    assert_eq!(engine.self_test(), Ok(()));
    fs::remove_file(&exe).unwrap();
    assert_eq!(engine.self_test(), Ok(()));
    println!("measured {}", exe.display());
}

#[test]
fn a_signed_copy_of_this_program_measures_itself() {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-copy of this program");
    fs::copy("/proc/self/exe", &copy).unwrap();
    sign(&copy).unwrap();
    let words = ["in_the_signed_copy", "--exact", "--ignored", "--nocapture"];
    // A test beside this one may have forked while the copy was open for writing; then it is busy for a moment.
    let output = (0..200).find_map(|_| match Command::new(&copy).args(words).output() {
        Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
            std::thread::sleep(std::time::Duration::from_millis(10));
            None
        }
        output => Some(output.unwrap()),
    });
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("measured") && said.contains("1 passed"), "{said}");
}

/// As it was built, this program is unsigned.
#[test]
fn this_program_is_unsigned() {
    let engine = Engine::builder().integrity(FileImage::running(&SLOT)).power_on().unwrap();
    assert!(engine.status().caveats.has(Caveats::UNSIGNED));
    assert_eq!(engine.status().integrity, None);
}
