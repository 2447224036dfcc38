//! The built command, signed and damaged: what runs, what says "approved", what is refused (INT-4, INT-11,
//! INT-12, BRK-3).
#![cfg(target_os = "linux")] // it looks for sections of ELF
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of the command in a folder of its own.
fn copy(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("strongroom");
    fs::copy(env!("CARGO_BIN_EXE_strongroom"), &copy).unwrap();
    copy
}

fn run(program: &Path, words: &[&str]) -> Output {
    // A test beside this one may have forked while the copy was open for writing: until its child has become
    // another program, this one is busy.
    let output = (0..200).find_map(|_| {
        match Command::new(program).current_dir(program.parent().unwrap()).args(words).output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(10));
                None
            }
            output => Some(output.unwrap()),
        }
    });
    output.unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].concat().iter().map(|byte| char::from(*byte)).collect()
}

fn works(program: &Path, words: &[&str]) -> String {
    let output = run(program, words);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    said(&output)
}

/// The command says that its integrity test failed, and serves nothing.
fn is_refused(program: &Path, what: &str) {
    for words in
        [&["selftest"][..], &["quickstart", "strongroom"], &["speed", "SHA-256", "--seconds", "0.01"]]
    {
        let output = run(program, words);
        assert_eq!(output.status.code(), Some(1), "{what}, {words:?}: {}", said(&output));
        assert!(said(&output).contains("power-on failed"), "{what}: {}", said(&output));
        assert!(said(&output).contains("(integrity)"), "{what}: {}", said(&output));
        assert!(!said(&output).contains("approved"), "{what}: {}", said(&output));
    }
}

#[test]
fn a_signed_command_is_approved() {
    let program = copy("signed");
    let unsigned = works(&program, &["quickstart", "strongroom"]);
    assert!(unsigned.contains("[unsigned image]"), "{unsigned}");
    assert!(unsigned.contains("ECDSA-P256 not approved") && !unsigned.contains("ECDSA-P256 approved"));
    assert_eq!(run(&program, &["verify-image", "strongroom"]).status.code(), Some(1), "never signed");

    // It signs itself while it runs.
    let signed = works(&program, &["sign-image", "strongroom"]);
    let value = signed.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(value.len(), 64, "{signed}");
    assert!(works(&program, &["verify-image", "strongroom"]).contains(&value));
    assert!(works(&program, &["sign-image", "strongroom"]).contains(&value), "twice changes nothing");

    let report = works(&program, &["selftest"]);
    assert!(report.contains(&format!("program intact, integrity value {value}\n")), "{report}");
    let line = report.lines().find(|line| line.starts_with("integrity")).unwrap();
    assert!(line.contains("passed") && line.ends_with('2'), "at power-on and on demand: {line}");
    let story = works(&program, &["quickstart", "strongroom"]);
    assert!(!story.contains("unsigned"), "{story}");
    // IND-4: a laboratory build never is.
    assert_eq!(story.contains("ECDSA-P256 approved ["), !cfg!(strongroom_lab), "{story}");
    assert_eq!(story.contains("not approved"), cfg!(strongroom_lab), "{story}");
}

/// Offset and size of a section (System V ABI, gABI 4.1 chapter 4).
fn section(file: &[u8], name: &[u8]) -> std::ops::Range<usize> {
    let number = |at: usize, width: usize| {
        file[at..at + width].iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
    };
    assert_eq!(&file[..6], b"\x7fELF\x02\x01", "64 bits, little-endian");
    let header = |index: usize| number(40, 8) + index * number(58, 2);
    let names = number(header(number(62, 2)) + 24, 8);
    let found = (0..number(60, 2)).map(header).find(|at| {
        let text = &file[names + number(*at, 4)..];
        text.starts_with(name) && text[name.len()] == 0
    });
    let (offset, size) = (number(found.unwrap() + 24, 8), number(found.unwrap() + 32, 8));
    offset..offset + size
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

#[test]
fn one_damaged_bit_anywhere_and_nothing_is_served() {
    let program = copy("damaged");
    let before = fs::read(&program).unwrap();
    works(&program, &["sign-image", "strongroom"]);
    let good = fs::read(&program).unwrap();
    let empty = strongroom_image::Slot::holding([0; 32]).to_bytes();
    let mark = find(&before, &empty);
    let value = mark + 16;
    assert_ne!(good[value..value + 32], [0; 32]);
    let (text, rodata) = (section(&good, b".text"), section(&good, b".rodata"));
    // Filling between functions, which nobody runs into: the program must live to tell.
    let padding = text.start + find(&good[text], &[0xcc; 4]);
    let words = rodata.start + find(&good[rodata], b"Exit code: 0 done");
    for (what, at) in [
        ("text", padding),
        ("rodata", words),
        ("the value", value),
        ("the mark before it", mark + 3),
        ("the mark after it", mark + 50),
        ("the last byte", good.len() - 1),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&program, &bad).unwrap();
        is_refused(&program, what);
        let verdict = run(&program, &["verify-image", "strongroom"]);
        assert_eq!(verdict.status.code(), Some(1), "{what}: {}", said(&verdict));
    }
    // The end of the file is a table that the loader does not read.
    fs::write(&program, &good[..good.len() - 1]).unwrap();
    is_refused(&program, "cut");
    fs::write(&program, [&good[..], b"x"].concat()).unwrap();
    is_refused(&program, "grown");
    let slot = &good[mark..][..64];
    fs::write(&program, [&good[..], slot].concat()).unwrap();
    is_refused(&program, "two slots");
    let verdict = run(&program, &["sign-image", "strongroom"]);
    assert!(said(&verdict).contains("more than one integrity slot"), "{}", said(&verdict));
    fs::write(&program, &good).unwrap();
    works(&program, &["selftest"]);
}

#[test]
fn files_without_a_slot_are_not_signed() {
    let program = copy("refused");
    let folder = program.parent().unwrap();
    fs::write(folder.join("text"), "no program").unwrap();
    for (words, message) in [
        (["sign-image", "text"], "no integrity slot"),
        (["verify-image", "text"], "no integrity slot"),
        (["sign-image", "missing"], "missing: "),
        (["verify-image", "strongroom"], "never signed"),
    ] {
        let output = run(&program, &words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(said(&output).contains(message), "{words:?}: {}", said(&output));
    }
    let output = run(&program, &["sign-image", "--linked", "text"]);
    assert!(said(&output).contains("no ELF file"), "{}", said(&output));
    let output = run(&program, &["sign-image", "--linked", "strongroom"]);
    assert!(said(&output).contains("__strongroom_text_start is missing"), "{}", said(&output));
    assert_eq!(fs::read(folder.join("text")).unwrap(), b"no program");
}

#[cfg(strongroom_lab)]
#[test]
fn the_integrity_test_is_broken_by_its_name() {
    let program = copy("broken");
    works(&program, &["sign-image", "strongroom"]);
    let output = run(&program, &["selftest", "--break", "integrity"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("(integrity)"), "{}", said(&output));
}
