//! Writes the seeds of every target to `fuzz/corpus`:
//! `cargo run -p strongroom-fuzz-bodies --example write_corpus`.

use std::path::Path;

use strongroom_fuzz_bodies::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, _) in TARGETS {
        let folder = corpus.join(target);
        std::fs::create_dir_all(&folder)?;
        for (name, bytes) in seeds(target) {
            std::fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
