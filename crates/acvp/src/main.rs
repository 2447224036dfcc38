//! Reads one ACVP vector set on standard input and writes its response to standard output.
//!
//! Only the laboratory build has this program. Tests, lints and documentation of the ordinary build pass over
//! it; building it there is refused, so that no shipped program ever has raw primitives in it.

#[cfg(not(any(strongroom_lab, test, clippy, doc)))]
compile_error!(
    "strongroom-acvp reaches raw primitives that no shipped engine has, and exists in the laboratory build \
     alone. Build it with: cargo lab build --release -p strongroom-acvp   (RUSTFLAGS in the environment \
     undoes that: unset it. In an ordinary build of everything: --exclude strongroom-acvp)"
);

#[cfg(strongroom_lab)]
fn main() -> std::process::ExitCode {
    strongroom_acvp::command()
}

#[cfg(not(strongroom_lab))]
fn main() {}
