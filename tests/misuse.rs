//! Misuse that the compiler refuses: each row of `rows.rs` makes one mistake in a copy of the source, and
//! the compiler has to answer with that error, at that line, and with nothing else.
//!
//! A row puts `//~ E0624` behind the line where it expects error E0624; other lines must have no error.
//! Rows for the boundary are mistakes that somebody could make *inside* the crate: from outside, private
//! items would be refused for the wrong reason.
#![cfg(not(strongroom_lab))] // the copy is an ordinary build, whatever this one is
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)] // a test

#[path = "misuse/rows.rs"]
mod rows;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One mistake.
struct Row {
    what: &'static str,
    edits: &'static [Edit],
}

/// A change to one file of the copy.
enum Edit {
    /// This text, which is there exactly once, becomes that text.
    Replace(&'static str, &'static str, &'static str),
    /// More code at the end of the file.
    Append(&'static str, &'static str),
}

/// An error: file, line, and the code (or, of the few without a code, the message).
type Refusal = (String, u64, String);

const MARK: &str = "//~ ";

#[test]
fn misuse_is_refused() {
    let copy = Copy::new();
    assert_eq!(copy.check(), BTreeSet::new(), "the copy compiles before anything is changed");
    let mut wrong = String::new();
    for row in rows::ROWS {
        let touched = copy.apply(row);
        let expected: BTreeSet<Refusal> = touched.iter().flat_map(|file| copy.marks(file)).collect();
        assert!(!expected.is_empty(), "{}: no line is marked", row.what);
        let refused = copy.check();
        if refused != expected {
            writeln!(wrong, "{}\n  expected {expected:?}\n  refused  {refused:?}", row.what).unwrap();
        }
        touched.iter().for_each(|file| copy.restore(file));
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_eq!(copy.check(), BTreeSet::new(), "the copy compiles again after everything was restored");
}

/// A copy of the engine's source with its own manifest and target folder. The target folder stays, so that
/// only the first run compiles the dependencies.
struct Copy {
    folder: PathBuf,
    /// Held while the test runs: another run of it waits.
    _alone: fs::File,
}

impl Copy {
    fn new() -> Self {
        let original = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("misuse");
        fs::create_dir_all(&folder).unwrap();
        let alone = fs::File::create(folder.join("lock")).unwrap();
        alone.lock().unwrap();
        for part in ["src", "kat-vectors/cast", "kat-vectors/signatures"] {
            let _ = fs::remove_dir_all(folder.join(part)); // not there in the first run
            copy_all(&original.join(part), &folder.join(part));
        }
        let manifest = fs::read_to_string(original.join("Cargo.toml")).unwrap();
        fs::write(folder.join("Cargo.toml"), library_alone(&manifest)).unwrap();
        fs::copy(original.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        Self { folder, _alone: alone }
    }

    /// Makes a row's changes; answers which files they touched.
    fn apply(&self, row: &Row) -> BTreeSet<&'static str> {
        let mut touched = BTreeSet::new();
        for edit in row.edits {
            let (Edit::Replace(file, ..) | Edit::Append(file, _)) = *edit;
            let text = fs::read_to_string(self.folder.join(file)).unwrap();
            let changed = match edit {
                Edit::Replace(_, find, put) => {
                    let found = text.matches(find).count();
                    assert_eq!(found, 1, "{}: {file} has {found} times: {find}", row.what);
                    text.replacen(find, put, 1)
                }
                Edit::Append(_, code) => format!("{text}\n{}\n", code.trim()),
            };
            fs::write(self.folder.join(file), changed).unwrap();
            touched.insert(file);
        }
        touched
    }

    fn restore(&self, file: &str) {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        // Written anew, so that the file is newer than the last build.
        fs::write(self.folder.join(file), fs::read(original).unwrap()).unwrap();
    }

    /// The refusals that the marks in a file ask for.
    fn marks(&self, file: &str) -> Vec<Refusal> {
        let text = fs::read_to_string(self.folder.join(file)).unwrap();
        let marked = (1..).zip(text.lines()).filter_map(|(number, line)| {
            line.split_once(MARK).map(|(_, code)| (file.to_string(), number, code.trim().to_string()))
        });
        marked.collect()
    }

    /// Compiles the copy; answers every error that the compiler has.
    fn check(&self) -> BTreeSet<Refusal> {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--quiet", "--lib", "--message-format=json"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "1")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .unwrap();
        let mut refused = BTreeSet::new();
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let report: serde_json::Value = serde_json::from_slice(line).unwrap();
            let message = &report["message"];
            if report["reason"] != "compiler-message" || message["level"] != "error" {
                continue;
            }
            let text = message["message"].as_str().unwrap();
            if text.starts_with("aborting due to") {
                continue; // the count at the end
            }
            let code = message["code"]["code"].as_str().unwrap_or(text);
            let spans = message["spans"].as_array().unwrap();
            let first =
                spans.iter().find(|span| span["is_primary"] == true).unwrap_or_else(|| panic!("{text}"));
            let file = first["file_name"].as_str().unwrap();
            refused.insert((file.to_string(), first["line_start"].as_u64().unwrap(), code.to_string()));
        }
        // Whatever cargo itself has to say (a manifest it does not like) is no row's error.
        assert_eq!(
            output.status.success(),
            refused.is_empty(),
            "cargo check: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        refused
    }
}

/// The manifest without what only tests and benchmarks need, as a workspace of its own.
fn library_alone(manifest: &str) -> String {
    let members = r#"members = [".", "crates/*"]"#;
    assert_eq!(manifest.matches(members).count(), 1, "the manifest has another list of members now");
    let mut kept = String::new();
    let mut keeping = true;
    for line in manifest.replace(members, r#"members = ["."]"#).lines() {
        if line.starts_with('[') {
            keeping = !matches!(line, "[dev-dependencies]" | "[[bench]]");
        }
        if keeping {
            writeln!(kept, "{line}").unwrap();
        }
    }
    kept
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
