//! The laboratory build says so, and an ordinary build has none of its abilities.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)] // a test

/// `cargo lab` sets both. RUSTFLAGS in the environment undoes the cfg and not the variable: every
/// laboratory test would then be skipped in silence, and this one fails.
#[test]
fn the_alias_and_the_cfg_agree() {
    assert_eq!(
        std::env::var_os("STRONGROOM_LAB").is_some(),
        cfg!(strongroom_lab),
        "unset RUSTFLAGS and CARGO_ENCODED_RUSTFLAGS; run `cargo test` or `cargo lab test`"
    );
}

/// Methods of an ordinary build: a trait with the names of the laboratory's. An inherent method would go
/// first, its result would be no `Absent`, and this would not compile.
#[cfg(not(strongroom_lab))]
mod ordinary {
    use strongroom::{Builder, Engine, KeyHandle, Store};

    #[derive(Debug, PartialEq)]
    struct Absent;

    trait OfTheEngine {
        fn lab_break(&self, _name: Option<&str>) -> Absent {
            Absent
        }

        fn lab_flip(&self, _key: KeyHandle, _bit: usize) -> Absent {
            Absent
        }

        fn lab_raw_samples(&self, _out: &mut [u8]) -> Absent {
            Absent
        }
    }
    impl<S: Store> OfTheEngine for Engine<S> {}

    trait OfTheBuilder: Sized {
        fn lab_break(self, _name: &str) -> (Absent, Self) {
            (Absent, self)
        }
    }
    impl<S: Store> OfTheBuilder for Builder<S> {}

    /// A module of this name in the crate would make the name below ambiguous.
    mod fallback {
        pub(crate) mod lab {
            pub(crate) const ABSENT: bool = true;
        }
    }

    #[test]
    fn has_no_test_ability() {
        let (absent, builder): (Absent, _) = Engine::builder().lab_break("AES");
        assert_eq!(absent, Absent);
        let engine = builder.power_on().unwrap();
        let flipped: Absent = engine.lab_flip(KeyHandle::from_u64(0), 0);
        let broken: Absent = engine.lab_break(None);
        let raw: Absent = engine.lab_raw_samples(&mut [0; 64]);
        assert_eq!((flipped, broken, raw), (Absent, Absent, Absent));
        assert!(!engine.status().caveats.has(strongroom::Caveats::TEST_BUILD));
    }

    #[cfg(not(fuzzing))] // which has the parsers too
    #[test]
    fn has_no_laboratory_module() {
        #[allow(unused_imports)]
        use fallback::*;
        #[allow(unused_imports)]
        use strongroom::*;
        const { assert!(lab::ABSENT) };
    }
}

#[cfg(strongroom_lab)]
#[test]
fn the_laboratory_build_says_so() {
    let engine = strongroom::Engine::power_on().unwrap();
    engine.lab_break(None).unwrap();
    assert_eq!(engine.lab_break(Some("no such test")), Err(strongroom::Error::InvalidArgument));
    assert!(strongroom::Engine::builder().lab_break("no such test").is_err());
    assert_eq!(engine.lab_flip(strongroom::KeyHandle::from_u64(0), 0), Err(strongroom::Error::UnknownKey));
    let (mut one, mut other) = ([0; 64], [0; 64]);
    engine.lab_raw_samples(&mut one).unwrap();
    engine.lab_raw_samples(&mut other).unwrap();
    assert_ne!(one, other, "fresh samples (ENT-9)");
    assert!(strongroom::lab::raw::cbc_encrypt(&[0; 16], &[0; 16], &[0; 32]).is_ok());
    let session = engine.open_session(strongroom::Subject::user(1), b"").unwrap();
    let indicator = session.random(&mut [0; 8]).unwrap().indicator();
    assert!(indicator.caveats().has(strongroom::Caveats::TEST_BUILD), "IND-4");
    assert!(!indicator.approved(), "IND-4");
}

/// Symbols of this very program: the laboratory's are in the one build and not in the other.
#[cfg(unix)]
#[test]
fn symbols_of_this_program() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    // Put together at run time, so that the needle is not in the program.
    let mangled =
        |module: &str, function: &str| format!("{}{module}{}{function}", module.len(), function.len());
    let has = |needle: &str| program.windows(needle.len()).any(|window| window == needle.as_bytes());
    let control = ["power_on", "lookup"].join("");
    assert!(!has(&control), "a name that nothing has is not found");
    assert!(has(&mangled("selftest", "power_on")), "a name that both builds have is found");
    assert_eq!(has(&mangled("builder", "test_named")), cfg!(strongroom_lab));
    assert_eq!(has(&mangled("lab", "cbc_encrypt")), cfg!(strongroom_lab));
    assert_eq!(has(&mangled("imp", "ask")), cfg!(strongroom_lab), "marks::imp::ask");
    // The instructions by which a program speaks to valgrind.
    if cfg!(target_arch = "x86_64") {
        let turned = [0x03, 0x0d, 0x3d, 0x33].map(|by| [0x48, 0xc1, 0xc7, by]);
        let needle = [turned.as_flattened(), &[0x48, 0x87, 0xdb]].concat();
        let found = program.windows(needle.len()).any(|window| window == needle);
        assert_eq!(found, cfg!(strongroom_lab), "requests to valgrind");
    }
}

/// Where secrets become public: each door of the code has a row with its reason in the document, and the other way
/// round.
#[test]
fn every_door_has_its_reason() {
    use std::collections::BTreeSet;
    use std::path::Path;

    fn walk(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in ["declassify(", "declassified("] {
                for after in text.split(call).skip(1) {
                    // The name comes first; the declarations have none.
                    if let Some(named) = after.trim_start().strip_prefix('"') {
                        names.insert(named.split('"').next().unwrap().into());
                    }
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    walk(&root.join("src"), &mut names);
    assert!(names.contains("public key"), "the search finds what is there");
    let document = std::fs::read_to_string(root.join("docs/side-channels.md")).unwrap();
    let (_, table) = document.split_once("| Door | Reason |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let rows: BTreeSet<_> = rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect();
    assert_eq!(rows, names);
}

/// The ACVP program refuses an ordinary build, with the reason and the command; tests pass over it.
#[test]
fn the_acvp_program_is_refused_without_the_flag() {
    let compile = |cfg: &[&str]| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output =
            std::env::temp_dir().join(format!("strongroom-acvp-{}-{}", std::process::id(), cfg.len()));
        let mut command = std::process::Command::new(rustc);
        command.args(["--edition=2024", "--emit=metadata", "crates/acvp/src/main.rs", "-o"]).arg(&output);
        let done = command.args(cfg).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        let _ = std::fs::remove_file(output);
        (done.status.success(), String::from_utf8(done.stderr).unwrap())
    };
    let (built, message) = compile(&[]);
    assert!(!built);
    let errors = message.lines().filter(|line| line.starts_with("error"));
    assert_eq!(errors.count(), 2, "one error and the sum: {message}");
    assert!(message.contains("exists in the laboratory build alone"), "{message}");
    assert!(message.contains("cargo lab build --release -p strongroom-acvp"), "{message}");
    for pass in ["test", "clippy", "doc"] {
        assert!(compile(&["--cfg", pass]).0, "{pass}");
    }
}
