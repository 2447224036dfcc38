//! Prints the public interface that a file of rustdoc's JSON describes: a line an item, sorted by path.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: strongroom-public-api FILE.json");
        return ExitCode::from(2);
    };
    match public_api::Builder::from_rustdoc_json(file).omit_blanket_impls(true).build() {
        Ok(interface) => {
            for item in interface.items().map(ToString::to_string).filter(|item| !is_noise(item)) {
                println!("{item}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}: the toolchain and the crate public-api have to agree on a format");
            ExitCode::FAILURE
        }
    }
}

/// Send and Sync are promises. The other auto traits are of no use to an embedder, and compilers add to them.
fn is_noise(item: &str) -> bool {
    let of_no_use = ["Freeze", "Unpin", "UnsafeUnpin", "RefUnwindSafe", "UnwindSafe"];
    item.starts_with("impl") && of_no_use.iter().any(|name| item.contains(&format!("::{name} for ")))
}
