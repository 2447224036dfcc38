//! Who may use whom inside the engine, and where a few words may stand. This reads lines, it does not
//! parse Rust: comments and test modules are cut away, what is left is searched.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use Way::{Back, Down};

/// `Down` edges have no cycle. A `Back` edge closes one, and is a debt: each new one needs a decision.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Back,
}

/// Every edge between top-level modules of src, with its reason.
const EDGES: &[(&str, &str, Way, &str)] = &[
    ("admit", "attributes", Down, "the template of a key that is to be"),
    ("admit", "boundary", Down, "rows name their self-tests; keys are what permits are over"),
    ("admit", "engine", Back, "Core, the instance, is declared in engine.rs"),
    ("admit", "error", Down, "answers"),
    ("admit", "policy", Down, "asks the one function that says yes"),
    ("admit", "selftest", Down, "step 4 of the doorway"),
    ("admit", "state", Down, "a pass goes in"),
    ("admit", "store", Down, "Core is generic over its store"),
    ("algorithm", "attributes", Down, "facts name key kinds and usages"),
    ("algorithm", "error", Down, "answers of the closed sets"),
    ("attributes", "algorithm", Back, "rules name algorithms, whose facts name kinds"),
    ("attributes", "error", Down, "answers"),
    ("boundary", "algorithm", Down, "parameters and facts of the rows"),
    ("boundary", "attributes", Down, "the header of a key"),
    ("boundary", "budget", Down, "a pinned key carries the counter it is charged to"),
    ("boundary", "entropy", Down, "the DRBGs are seeded through its health tests"),
    ("boundary", "error", Down, "answers"),
    ("boundary", "faults", Down, "pairwise tests ask whether a fault is armed"),
    ("boundary", "fork", Down, "a DRBG reseeds in a child"),
    ("boundary", "handle", Down, "ids and handles are sealed with the record"),
    ("boundary", "kat", Down, "known answers of the self-tests"),
    ("boundary", "marks", Down, "what is secret, and where it becomes public"),
    ("boundary", "outcome", Down, "a job of a batch keeps what its indicator will say"),
    ("boundary", "policy", Down, "cells take permits; keys are governed"),
    ("boundary", "state", Down, "cells write to staged output; pairwise results go into the ledger"),
    ("boundary", "sync", Down, "the entropy source is shared"),
    ("boundary", "wire", Down, "encodings of keys and blobs"),
    ("budget", "error", Down, "answers"),
    ("budget", "handle", Down, "the usage log knows keys by id"),
    ("budget", "hooks", Down, "uses are reserved in the usage log"),
    ("budget", "sync", Down, "sessions lease from one budget"),
    ("engine", "algorithm", Down, "has() answers for an id"),
    ("engine", "attributes", Down, "least strength"),
    ("engine", "boundary", Down, "seal, entropy pool and table"),
    ("engine", "entropy", Down, "the source that the embedder registers"),
    ("engine", "error", Down, "answers"),
    ("engine", "faults", Down, "holds them"),
    ("engine", "fork", Down, "starts counting at power-on"),
    ("engine", "handle", Down, "sweeps by handle"),
    ("engine", "hooks", Down, "holds them"),
    ("engine", "integrity", Down, "holds the image of the program"),
    ("engine", "marks", Down, "numbers drawn at power-on that are public"),
    ("engine", "outcome", Down, "caveats in the status"),
    ("engine", "policy", Down, "profile and rulebook"),
    ("engine", "selftest", Down, "power-on and on demand"),
    ("engine", "session", Down, "opens sessions, wipes their cells"),
    ("engine", "state", Down, "holds the module's state"),
    ("engine", "store", Down, "holds the keys"),
    ("engine", "sync", Down, "wiping happens once"),
    ("entropy", "error", Down, "answers"),
    ("faults", "state", Down, "tests are named by TestId"),
    ("hooks", "error", Down, "a log may refuse"),
    ("hooks", "handle", Down, "the usage log knows keys by id"),
    ("hooks", "policy", Down, "the authenticator is asked about a subject"),
    ("integrity", "boundary", Down, "the MAC of the image, and its comparison"),
    ("integrity", "error", Down, "answers"),
    ("lab", "algorithm", Down, "which of the native formats a blob is of"),
    ("lab", "boundary", Down, "raw primitives, in the laboratory build alone"),
    ("lab", "marks", Down, "a caller's secrets, in the laboratory build alone"),
    ("lab", "wire", Down, "pure parsers, for fuzzing"),
    ("outcome", "algorithm", Down, "the indicator names it"),
    ("outcome", "attributes", Down, "the indicator names a strength"),
    ("policy", "algorithm", Down, "closed sets and approval"),
    ("policy", "attributes", Down, "what is decided about"),
    ("policy", "error", Down, "answers"),
    ("policy", "outcome", Down, "the indicator is computed with the decision"),
    ("policy", "state", Down, "no permit without a pass"),
    ("selftest", "boundary", Down, "walks the table"),
    ("selftest", "engine", Back, "Core, the instance, is declared in engine.rs"),
    ("selftest", "error", Down, "answers"),
    ("selftest", "faults", Down, "a broken test must fail"),
    ("selftest", "integrity", Down, "measures the program"),
    ("selftest", "state", Down, "the ledger"),
    ("selftest", "store", Down, "Core is generic over its store"),
    ("services", "attributes", Down, "services name usages"),
    ("services", "policy", Down, "services name roles"),
    ("services", "ssp", Down, "services name the parameters they touch"),
    ("session", "admit", Down, "the doorway"),
    ("session", "algorithm", Down, "arguments of services"),
    ("session", "attributes", Down, "arguments of services"),
    ("session", "boundary", Down, "the table, and places for keys"),
    ("session", "budget", Down, "shares of uses for blobs and copies"),
    ("session", "engine", Back, "Core, the instance, is declared in engine.rs"),
    ("session", "error", Down, "answers"),
    ("session", "handle", Down, "arguments of services"),
    ("session", "outcome", Down, "what encryption answers"),
    ("session", "policy", Down, "requests and targets"),
    ("session", "state", Down, "output is staged, outcomes are released"),
    ("session", "store", Down, "keys are held there"),
    ("session", "sync", Down, "the cell's lock"),
    ("session", "wire", Down, "parses blobs before anything opens them"),
    ("ssp", "attributes", Down, "kinds of key are parameters"),
    ("state", "error", Down, "answers"),
    ("state", "outcome", Down, "an outcome carries its indicator"),
    ("state", "sync", Down, "tests run one at a time"),
    ("store", "attributes", Down, "narrows them"),
    ("store", "boundary", Down, "keeps key records, whose bytes it cannot see"),
    ("store", "budget", Down, "a slot keeps the key's uses"),
    ("store", "error", Down, "answers"),
    ("store", "handle", Down, "handles name slots"),
    ("store", "hooks", Down, "passes the usage log on"),
    ("store", "session", Back, "a store fixes the number of sessions and so holds their cells"),
    ("store", "sync", Down, "slots are locked"),
    ("sync", "error", Down, "a poisoned lock is corruption"),
    ("wire", "algorithm", Down, "ids in encodings"),
    ("wire", "attributes", Down, "policies in blobs"),
    ("wire", "error", Down, "answers"),
    ("wire", "handle", Down, "ids in blobs"),
    ("wire", "marks", Down, "tags and lengths are public, in a private key too"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Path below src and the lines that count: no comments, no test modules, no files of tests.
fn sources() -> Vec<(String, Vec<String>)> {
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let found: Vec<_> = files
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .filter(|(name, _)| !name.ends_with("tests.rs") && !name.contains("/tests/"))
        .map(|(name, text)| (name, code(&text)))
        .collect();
    assert!(found.len() > 40, "src was not found whole");
    found
}

fn code(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    // A test module is the last thing in a file; one in between is cut by nothing and would show.
    let end = lines.iter().enumerate().position(|(at, line)| {
        let rest = lines.iter().skip(at + 1).find(|next| !next.trim_start().starts_with("#["));
        *line == "#[cfg(test)]" && rest.is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'))
    });
    lines.into_iter().take(end.unwrap_or(usize::MAX)).map(|line| strip(line).to_owned()).collect()
}

fn strip(line: &str) -> &str {
    line.find("//").map_or(line, |at| line.get(..at).unwrap())
}

/// The identifiers that follow each `crate::` of a line.
fn after_crate(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .map(|(at, found)| {
            let rest = line.get(at + found.len()..).unwrap();
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest.get(..end).unwrap()
        })
        .collect()
}

/// What lib.rs lifts to the root, with the module it comes from: `crate::KeyHandle` is an edge too.
fn lifted() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("lib.rs")).unwrap();
    let mut names = BTreeMap::new();
    for item in code(&text).join(" ").split(';') {
        let Some((_, list)) = item.split_once("pub use ") else { continue };
        let Some((module, list)) = list.split_once("::") else { continue };
        for name in list.trim_matches(['{', '}', ' ']).split(',') {
            let name = name.trim().rsplit(' ').next().unwrap();
            names.insert(name.to_owned(), module.to_owned());
        }
    }
    assert_eq!(names.get("KeyHandle").map(String::as_str), Some("handle"), "lib.rs is read wrongly");
    names
}

fn edges() -> BTreeSet<(String, String)> {
    let lifted = lifted();
    let mut edges = BTreeSet::new();
    for (file, lines) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        for line in &lines {
            for target in after_crate(line) {
                assert!(!target.is_empty(), "{file}: name one module per `crate::`: {line}");
                let target = lifted.get(target).map_or(target, String::as_str);
                if target != module {
                    edges.insert((module.to_owned(), target.to_owned()));
                }
            }
        }
    }
    edges
}

#[test]
fn every_edge_is_allowed_and_every_allowed_edge_is_used() {
    let found = edges();
    let allowed: BTreeSet<_> =
        EDGES.iter().map(|(from, to, ..)| ((*from).to_owned(), (*to).to_owned())).collect();
    assert_eq!(allowed.len(), EDGES.len(), "an edge is listed twice");
    let new: Vec<_> = found.difference(&allowed).collect();
    let unused: Vec<_> = allowed.difference(&found).collect();
    assert!(new.is_empty(), "edges that the table does not allow: {new:?}");
    assert!(unused.is_empty(), "edges of the table that nothing uses: {unused:?}");
    assert!(EDGES.iter().all(|(.., reason)| !reason.is_empty()));
}

/// Whether `to` can be reached from `from` over `Down` edges.
fn reaches(from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(here) = next.pop() {
        for (_, down, ..) in EDGES.iter().filter(|(edge, _, way, _)| *edge == here && *way == Down) {
            if *down == to {
                return true;
            }
            if seen.insert(down) {
                next.push(down);
            }
        }
    }
    false
}

#[test]
fn layers_have_no_cycle_but_the_known_ones() {
    for (from, to, way, _) in EDGES {
        let cycle = reaches(to, from);
        assert_eq!(cycle, *way == Back, "{from} -> {to}");
    }
    for leaf in ["error", "handle", "kat", "fork", "marks"] {
        assert!(!EDGES.iter().any(|(from, ..)| *from == leaf), "{leaf} is a leaf");
    }
}

/// Whether `word` stands in `line` and is no part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, found)| {
        let before = line.get(..at).unwrap().chars().next_back();
        let after = line.get(at + found.len()..).unwrap().chars().next();
        let inside = (word.starts_with(joins) && before.is_some_and(joins))
            || (word.ends_with(joins) && after.is_some_and(joins));
        !inside
    })
}

/// `word` stands in these files and no others. `at` is a file, or a folder that ends in a slash.
fn only_in(word: &str, places: &[&str], except: fn(&str) -> bool) {
    let mut used = 0;
    for (file, lines) in sources() {
        for line in lines.iter().filter(|line| has_word(line, word) && !except(line)) {
            let allowed = places
                .iter()
                .any(|place| *place == file || (place.ends_with('/') && file.starts_with(place)));
            assert!(allowed, "`{word}` in {file}: {line}");
            used += 1;
        }
    }
    assert!(places.is_empty() || used > 0, "`{word}` is nowhere: the search is wrong or out of date");
}

/// Not a value that is made: a declaration, an `impl` block or a return type.
fn is_no_literal(line: &str) -> bool {
    line.contains("struct ") || line.contains("impl") || line.contains("->")
}

#[test]
fn unsafe_code_has_its_places() {
    // In marks.rs it is in the laboratory build alone. In integrity/memory.rs it is the text of a macro: it is compiled in the firmware that calls it.
    only_in("unsafe", &["fork.rs", "marks.rs", "boundary/backend/", "integrity/memory.rs"], |_| false);
    // What allows it is as rare as what is allowed.
    for (file, lines) in sources() {
        let lifts = lines.iter().any(|line| line.contains("allow(unsafe_code)"));
        assert!(
            !lifts
                || ["fork.rs", "marks.rs"].contains(&file.as_str())
                || file.starts_with("boundary/backend/"),
            "{file}"
        );
    }
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    assert!(lib.contains("#![deny(unsafe_code)]") && lib.contains("#![no_std]"));
}

#[test]
fn claims_of_a_blob_are_believed_in_one_place() {
    // lab.rs exists in laboratory and fuzzing builds alone, and only writes the claims down again.
    only_in(".authenticated", &["boundary/wrapping.rs", "lab.rs"], |_| false);
}

#[test]
fn raw_primitives_are_in_laboratory_builds_alone() {
    let declared = |file: &str, cfg: &str, item: &str| {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&format!("{cfg}\n{item}")), "{file}: `{item}` stands behind `{cfg}`");
        assert_eq!(text.matches(item).count(), 1, "{file}");
    };
    declared("boundary.rs", "#[cfg(all(feature = \"alloc\", strongroom_lab))]", "pub mod lab;");
    declared("lab.rs", "#[cfg(strongroom_lab)]", "pub use crate::boundary::lab as raw;");
    // Nothing else of the engine uses them.
    only_in("boundary::lab", &["lab.rs"], |_| false);
}

#[test]
fn proofs_are_made_in_one_place() {
    only_in("Permit {", &["policy.rs"], is_no_literal);
    only_in("Evidence(", &["policy.rs"], is_no_literal);
    only_in("Pass {", &["state.rs"], is_no_literal);
    only_in("Outcome {", &["state.rs"], is_no_literal);
    only_in("Paired {", &["boundary/key.rs"], is_no_literal);
    only_in("Pinned::new(", &["store/heap.rs", "store/slots.rs"], |_| false);
}

#[test]
fn plaintext_is_handled_in_one_folder() {
    for word in [".material(", ".prepared()", ".secret_key()"] {
        only_in(word, &["boundary/"], |_| false);
    }
    // Only the record's own file and the stores ask for the view that goes into a permit.
    only_in(".view()", &["boundary/key.rs", "store/heap.rs", "store/slots.rs"], |_| false);
}

#[test]
fn locks_live_in_one_file() {
    for word in ["Mutex", "MutexGuard", "PoisonError", "RefCell", "RefMut"] {
        only_in(word, &["sync.rs"], |_| false);
    }
    for word in ["RwLock", "Condvar", "LazyLock", "OnceCell", "parking_lot", "spin"] {
        only_in(word, &[], |_| false);
    }
    // Public tables of multiples of base points and of public keys, made once.
    let tables = [
        "boundary/backend/adx/",
        "boundary/backend/ifma/",
        "boundary/backend/words64/",
        "boundary/backend/words64.rs",
    ];
    only_in("OnceLock", &tables, |_| false);
    // Registers the fork handler once; guards no data.
    only_in("Once", &["fork.rs"], |_| false);
}

#[test]
fn the_library_reads_no_environment() {
    for word in ["env::var", "env::vars", "env::var_os", "std::env", "option_env!"] {
        only_in(word, &[], |_| false);
    }
    for word in ["std::fs", "std::net", "std::process", "std::io", "println!", "eprintln!", "dbg!"] {
        only_in(word, &[], |_| false);
    }
}

#[test]
fn the_search_itself_finds_what_it_should() {
    assert_eq!(after_crate("use crate::wire::{pem, spki}; crate::fork::watch()"), ["wire", "fork"]);
    assert_eq!(after_crate("pub(in crate::boundary) fn f()"), ["boundary"]);
    assert_eq!(strip("let a = 1; // unsafe"), "let a = 1; ");
    assert!(has_word("    unsafe { f() }", "unsafe") && !has_word("#![deny(unsafe_code)]", "unsafe"));
    assert!(has_word("Ok(Pass { module })", "Pass {") && !has_word("Bypass { x }", "Pass {"));
    let cut = code("fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n use crate::b;\n}");
    assert_eq!(cut, ["fn a() {}"]);
}
