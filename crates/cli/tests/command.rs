//! The built command, as a user runs it: in a folder, on real files, with right and wrong words.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)] // a test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use strongroom::{Algorithm, Engine};

/// A folder of its own for each test, empty at its start.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn strongroom(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_strongroom")).current_dir(folder).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs it and expects success; answers what it printed.
fn works(folder: &Path, words: &[&str]) -> String {
    let output = strongroom(folder, words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{words:?}");
    text(&output.stdout)
}

/// Runs it and expects this exit code, and this in the message.
fn fails(folder: &Path, words: &[&str], code: i32, message: &str) {
    let output = strongroom(folder, words);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert!(said.contains(message), "{words:?}: {said}");
    assert!(said.starts_with("strongroom: "), "{words:?}: {said}");
    assert!(!said.contains("panicked"), "{words:?}: {said}");
    if code == 2 {
        assert_eq!(text(&output.stdout), "", "{words:?}: nothing was begun");
    }
}

/// The commands that quickstart printed, run as they stand.
fn check_signatures(folder: &Path, printed: &str, valid: bool) {
    let commands: Vec<&str> = printed.lines().filter(|line| line.starts_with("openssl ")).collect();
    assert_eq!(commands.len(), 3, "{printed}");
    for command in commands {
        let output = Command::new("sh").current_dir(folder).args(["-c", command]).output().unwrap();
        let said = text(&output.stdout);
        if valid {
            assert!(output.status.success(), "{command}: {}", text(&output.stderr));
            assert_eq!(said, "Verified OK\n", "{command}");
        } else {
            assert!(!output.status.success(), "{command}");
            // Not some other trouble, such as a file that is missing.
            assert!(said.contains("Verification failure"), "{command}: {said}{}", text(&output.stderr));
        }
    }
}

const WRITTEN: [&str; 6] = ["p256-again.sig", "p256.pem", "p256.sig", "p256.wrapped", "rsa.pem", "rsa.sig"];

fn files(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn openssl_verifies_what_quickstart_signed() {
    let folder = folder("quickstart");
    let file = folder.join("contract.txt");
    fs::write(&file, "one hundred pounds\n").unwrap();
    let printed = works(&folder, &["quickstart", "contract.txt"]);
    check_signatures(&folder, &printed, true);
    fs::write(&file, "nine hundred pounds\n").unwrap();
    check_signatures(&folder, &printed, false);
}

#[test]
fn quickstart_tells_its_story() {
    let folder = folder("story");
    fs::write(folder.join("file"), vec![0x5a; 100_000]).unwrap();
    let printed = works(&folder, &["quickstart", "file"]);
    let engine = Engine::power_on().unwrap();
    for test in engine.self_test_report() {
        assert!(printed.lines().any(|line| line.starts_with(test.name)), "{}: {printed}", test.name);
    }
    let caveats = engine.status().caveats;
    assert!(!caveats.is_empty());
    for (name, why) in caveats.iter() {
        assert!(printed.contains(&format!("[{name}] {why}\n")), "{name}: {printed}");
    }
    let refusals: Vec<(&str, &str)> = printed
        .lines()
        .zip(printed.lines().skip(1))
        .filter_map(|(asked, answer)| {
            Some((asked.strip_prefix("  asked:  ")?, answer.strip_prefix("  answer: refused, ")?))
        })
        .collect();
    let expected = [
        ("anything of the destroyed key", "(UnknownKey)"),
        ("decrypt the file with the signing key", "(NotPermitted)"),
        ("wrap the RSA key, which may not leave", "(NotPermitted)"),
        ("unwrap the blob with one bit changed", "(Rejected)"),
        ("unwrap the blob with more rights than it has", "(NotPermitted)"),
    ];
    assert_eq!(refusals.len(), expected.len(), "{printed}");
    for ((asked, answer), (question, error)) in refusals.iter().zip(expected) {
        assert_eq!(*asked, question);
        assert!(answer.ends_with(error), "{asked}: {answer}");
    }
    assert!(printed.contains("100016 bytes with tag"), "{printed}");
    assert!(printed.contains("decrypted to the same file"), "{printed}");
}

#[test]
fn quickstart_writes_files_of_the_right_form() {
    let folder = folder("files");
    fs::write(folder.join("file"), "text").unwrap();
    works(&folder, &["quickstart", "file", "--out", "a/b"]);
    assert_eq!(files(&folder), ["a", "file"], "nothing is written elsewhere");
    let out = folder.join("a/b");
    assert_eq!(files(&out), WRITTEN);
    for name in ["p256.pem", "rsa.pem"] {
        let pem = fs::read_to_string(out.join(name)).unwrap();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        assert!(pem.ends_with("-----END PUBLIC KEY-----\n"), "{pem}");
        assert!(!pem.contains("PRIVATE"), "{pem}");
    }
    for name in ["p256.sig", "p256-again.sig"] {
        let der = fs::read(out.join(name)).unwrap();
        assert_eq!((der[0], usize::from(der[1])), (0x30, der.len() - 2), "ECDSA-Sig-Value");
    }
    assert_eq!(fs::read(out.join("rsa.sig")).unwrap().len(), 256);
    assert_ne!(fs::read(out.join("p256.sig")).unwrap(), fs::read(out.join("p256-again.sig")).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in WRITTEN {
            let mode = fs::metadata(out.join(name)).unwrap().permissions().mode();
            let forbidden = if name == "p256.wrapped" { 0o177 } else { 0o133 };
            assert_eq!(mode & forbidden, 0, "{name}: {mode:o}");
            assert_eq!(mode & 0o600, 0o600, "{name}: {mode:o}");
        }
    }
}

#[test]
fn a_second_quickstart_replaces_the_files_of_the_first_and_no_others() {
    let folder = folder("second");
    fs::write(folder.join("file"), "text").unwrap();
    works(&folder, &["quickstart", "file"]);
    let out = folder.join("strongroom-quickstart");
    let read = || WRITTEN.map(|name| fs::read(out.join(name)).unwrap());
    let first = read();
    fs::write(out.join("notes"), "mine").unwrap();
    #[cfg(unix)]
    {
        // A link in the place of a result must not lead the bytes elsewhere.
        fs::remove_file(out.join("rsa.sig")).unwrap();
        std::os::unix::fs::symlink("notes", out.join("rsa.sig")).unwrap();
    }
    let printed = works(&folder, &["quickstart", "file"]);
    for (name, (before, after)) in WRITTEN.iter().zip(first.iter().zip(read())) {
        assert_ne!(*before, after, "{name}: other keys, other bytes");
    }
    assert_eq!(fs::read(out.join("notes")).unwrap(), b"mine");
    check_signatures(&folder, &printed, true);
}

#[test]
fn quickstart_takes_empty_files_and_names_that_a_shell_would_break() {
    let folder = folder("names");
    let name = "it's $(a) \"file\" & more.txt";
    fs::write(folder.join(name), "").unwrap();
    let printed = works(&folder, &["quickstart", "--out", "out of; the way", name]);
    check_signatures(&folder, &printed, true);
}

#[test]
fn quickstart_says_what_to_do_about_files() {
    let folder = folder("trouble");
    fs::write(folder.join("file"), "text").unwrap();
    fs::create_dir(folder.join("sub")).unwrap();
    let hint = "Name a file that you may read";
    fails(&folder, &["quickstart", "missing.txt"], 1, "cannot read missing.txt");
    fails(&folder, &["quickstart", "missing.txt"], 1, hint);
    fails(&folder, &["quickstart", "sub"], 1, hint);
    fails(&folder, &["quickstart", "file", "--out", "file"], 1, "Name another folder with --out");
    assert_eq!(files(&folder), ["file", "sub"], "a run that fails early leaves nothing");
    // The file itself would be a result.
    fs::write(folder.join("sub/p256.sig"), "precious").unwrap();
    fails(&folder, &["quickstart", "sub/p256.sig", "--out", "sub"], 1, "would be overwritten");
    assert_eq!(fs::read(folder.join("sub/p256.sig")).unwrap(), b"precious");
    // A result cannot take the place of a folder.
    fs::create_dir_all(folder.join("odd/p256.wrapped")).unwrap();
    fails(&folder, &["quickstart", "file", "--out", "odd"], 1, "cannot write odd/p256.wrapped");
}

/// The lines of the report: name, kind, state, runs.
fn report(printed: &str) -> Vec<(String, String, u32)> {
    let lines = printed.lines().skip(1).take_while(|line| !line.is_empty());
    let column = |line: &str| {
        let runs = line.rsplit(' ').next().unwrap().parse().unwrap();
        (line[..32].trim_end().to_owned(), line[44..52].trim_end().to_owned(), runs)
    };
    lines.map(column).collect()
}

#[test]
fn selftest_runs_every_test() {
    let printed = works(&folder("selftest"), &["selftest"]);
    let report = report(&printed);
    let names: Vec<&str> = report.iter().map(|line| line.0.as_str()).collect();
    let engine = Engine::power_on().unwrap();
    let expected: Vec<&str> = engine.self_test_report().map(|test| test.name).collect();
    assert_eq!(names, expected);
    for (name, state, runs) in &report {
        // The program of this test is not signed; tests/image.rs signs it.
        let due = name != "integrity";
        assert_eq!(
            (state.as_str(), *runs >= 1),
            if due { ("passed", true) } else { ("not run", false) },
            "{name}"
        );
    }
    assert!(printed.contains(&format!("all {} self-tests passed", expected.len() - 1)), "{printed}");
    assert!(printed.contains("program unsigned: `strongroom sign-image`"), "{printed}");
}

#[cfg(strongroom_lab)]
#[test]
fn a_broken_self_test_fails_the_command_and_is_named() {
    let folder = folder("broken");
    // At power-on, before first use, and of new pairs.
    for (name, reported) in [("SHA-256", false), ("RSA-PSS sign", true), ("P-384 pairwise", true)] {
        let words = ["selftest", "--break", name];
        fails(&folder, &words, 1, name);
        let printed = text(&strongroom(&folder, &words).stdout);
        if reported {
            let report = report(&printed);
            let broken: Vec<_> = report.iter().filter(|line| line.1 == "FAILED").collect();
            assert_eq!(broken.len(), 1, "{printed}");
            assert_eq!(broken[0].0, name);
        }
        assert!(!printed.contains("self-tests passed"), "{printed}");
    }
    fails(&folder, &["selftest", "--break", "no such test"], 2, "no self-test \"no such test\"");
}

#[cfg(not(strongroom_lab))]
#[test]
fn an_ordinary_build_cannot_break_a_self_test() {
    fails(&folder("ordinary"), &["selftest", "--break", "SHA-256"], 2, "one argument too many");
}

#[test]
fn algorithms_lists_every_algorithm() {
    let printed = works(&folder("algorithms"), &["algorithms"]);
    let mut lines = printed.lines().skip(1);
    for algorithm in Algorithm::all() {
        let facts = algorithm.facts();
        let line = lines.next().unwrap();
        assert_eq!(line.split_whitespace().next(), Some(facts.name));
        assert!(line.contains(facts.standard), "{line}");
        for kind in facts.kinds {
            assert!(line.contains(kind.name()), "{line}");
        }
    }
    assert_eq!(lines.next(), Some(""), "and no other");
}

#[test]
fn speed_measures_what_was_asked_for() {
    let folder = folder("speed");
    let printed = works(&folder, &["speed", "sha-256", "--seconds", "0.05"]);
    let rows: Vec<&str> = printed.lines().filter(|line| line.contains("SHA-256")).collect();
    assert_eq!(rows.len(), 2, "{printed}");
    for (row, name) in rows.iter().zip(["HMAC-SHA-256 64 B", "SHA-256 1 KiB"]) {
        assert!(row.starts_with(name), "{row}");
        let figures: Vec<&str> = row[28..].split_whitespace().collect();
        let [one, two, ratio, bare, ..] = figures[..] else { panic!("{row}") };
        for figure in [one, two, ratio, bare] {
            assert!(figure.parse::<f64>().unwrap() > 0.0, "{row}");
        }
    }
    // Signatures are measured in batches too: the last column.
    let printed = works(&folder, &["speed", "ed25519 sign", "--seconds", "0.05"]);
    let row = printed.lines().find(|line| line.starts_with("Ed25519 sign")).unwrap();
    assert!(row.split_whitespace().last().unwrap().parse::<f64>().unwrap() > 0.0, "{row}");
    assert!(printed.contains("batches of 64"), "{printed}");
    // Every row, some by name, and the options in either order.
    for (filter, rows) in [("", 29), ("P-256", 5), ("ml-kem", 2)] {
        let printed = works(&folder, &["speed", "--seconds", "0.01", filter]);
        assert_eq!(printed.lines().count(), rows + 3 + usize::from(cfg!(debug_assertions)), "{printed}");
    }
}

#[test]
fn words_that_are_not_understood_are_named() {
    let folder = folder("usage");
    for (words, message) in [
        (&[][..], "which command?"),
        (&["sign"], "no command \"sign\""),
        (&[""], "no command \"\""),
        (&["quickstart"], "quickstart needs a FILE"),
        (&["quickstart", "a", "b"], "\"b\" is one argument too many"),
        (&["quickstart", "a", "--out"], "--out needs a folder"),
        (&["quickstart", "a", "--out", "b", "c"], "too many"),
        (&["quickstart", "--verbose"], "try ./--verbose"),
        (&["selftest", "now"], "\"now\" is one argument too many"),
        (&["algorithms", "all"], "\"all\" is one argument too many"),
        (&["sign-image"], "sign-image needs a FILE"),
        (&["verify-image", "--linked"], "verify-image needs a FILE"),
        (&["sign-image", "a", "b"], "\"b\" is one argument too many"),
        (&["sign-image", "--all"], "try ./--all"),
        (&["--version", "now"], "too many"),
        (&["speed", "nonsense"], "no row has \"nonsense\""),
        (&["speed", "nonsense"], "native unwrap of P-256"),
        (&["speed", "sign", "--seconds"], "--seconds needs a number"),
        (&["speed", "sign", "--seconds", "soon"], "\"soon\" is no number of seconds"),
        (&["speed", "sign", "--seconds", "-1"], "is no number of seconds"),
        (&["speed", "sign", "--seconds", "0"], "is no number of seconds"),
        (&["speed", "sign", "--seconds", "NaN"], "is no number of seconds"),
        (&["speed", "sign", "verify"], "\"verify\" is one argument too many"),
    ] {
        fails(&folder, words, 2, message);
        fails(&folder, words, 2, "`strongroom --help` lists the commands.");
    }
    assert_eq!(files(&folder), [""; 0]);
}

#[cfg(unix)]
#[test]
fn arguments_in_no_known_encoding_are_refused_in_words() {
    use std::os::unix::ffi::OsStrExt;
    let word = std::ffi::OsStr::from_bytes(b"\xff");
    let output = Command::new(env!("CARGO_BIN_EXE_strongroom")).arg(word).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is not UTF-8"), "{}", text(&output.stderr));
}

#[test]
fn help_and_version_answer_anywhere() {
    let folder = folder("help");
    let help = works(&folder, &["--help"]);
    for command in ["quickstart FILE", "selftest", "algorithms", "speed [FILTER]", "sign-image [--linked]"] {
        assert!(help.contains(command), "{help}");
    }
    for words in [&["help"][..], &["-h"], &["quickstart", "--help"], &["speed", "-h"]] {
        assert_eq!(works(&folder, words), help);
    }
    let version = works(&folder, &["--version"]);
    let expected = concat!("strongroom ", env!("CARGO_PKG_VERSION"));
    assert!(version.trim_end().starts_with(expected), "{version}");
    assert_eq!(version.contains("laboratory"), cfg!(strongroom_lab), "{version}");
    assert_eq!(works(&folder, &["-V"]), version);
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_strongroom"))
        .arg("selftest")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed long before the report is written.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
}
