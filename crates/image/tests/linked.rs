//! `linked_image!` in a real program of this host, linked with the symbols that a firmware's script has:
//! signed by `sign_linked`, and damaged.
#![cfg(all(target_os = "linux", target_arch = "x86_64", not(strongroom_lab)))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use strongroom_image::{ImageError, sign_linked, verify_linked};

fn build() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The target folder of this test: the libraries are there already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let script = here.join("examples/linked.ld");
    let built = Command::new(env!("CARGO"))
        .args(["rustc", "--offline", "--quiet", "--example", "linked", "--manifest-path"])
        .arg(here.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        // These go to the example alone, so that nothing else is compiled anew.
        .args(["--", "--cfg", "strongroom_linked", "-C"])
        .arg(format!("link-arg=-Wl,-T,{}", script.display()))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/examples/linked")
}

#[test]
fn a_linked_image_is_signed_measured_and_found_damaged() {
    let program = build().with_extension("copy");
    fs::copy(program.with_extension(""), &program).unwrap();
    let says = || String::from_utf8(Command::new(&program).output().unwrap().stdout).unwrap();
    assert_eq!(says(), "unsigned\n");
    assert!(matches!(verify_linked(&program), Err(ImageError::Unsigned)));

    let before = fs::read(&program).unwrap();
    let value = sign_linked(&program).unwrap();
    assert_eq!(verify_linked(&program).unwrap(), value);
    assert_eq!(sign_linked(&program).unwrap(), value);
    assert_eq!(says(), format!("intact {}\n", value.map(|byte| format!("{byte:02x}")).concat()));
    let good = fs::read(&program).unwrap();
    let differs: Vec<usize> = (0..good.len()).filter(|at| before[*at] != good[*at]).collect();
    assert!(differs.len() > 16 && differs[differs.len() - 1] - differs[0] < 32, "the value and nothing else");

    // Filling between functions; a text that only a damaged program would print; the value.
    let find = |needle: &[u8]| good.windows(needle.len()).position(|window| window == needle).unwrap();
    for (what, at) in [("text", find(&[0xcc; 8])), ("rodata", find(b"on demand: ")), ("value", differs[0])] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&program, bad).unwrap();
        assert!(matches!(verify_linked(&program), Err(ImageError::Damaged)), "{what}");
        assert!(
            says().starts_with("power-on failed") && says().contains("(integrity)"),
            "{what}: {}",
            says()
        );
    }
    // Outside the regions nothing is measured: the end of the file is a table that is not even loaded.
    let mut other = good.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&program, other).unwrap();
    assert_eq!(verify_linked(&program).unwrap(), value);
    fs::write(&program, &good).unwrap();
    assert!(says().starts_with("intact"));
}
