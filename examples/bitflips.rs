//! Random bit flips, as many as one asks for: `cargo lab run --release --example bitflips -- 100000 [SEED]`.
//! Laboratory builds only: an ordinary one cannot damage a key record.

#[cfg(strongroom_lab)]
#[path = "../tests/flips/mod.rs"]
mod flips;

#[cfg(strongroom_lab)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let count = words.next().map_or(Ok(1000), |word| word.parse())?;
    let seed = words.next().map_or(Ok(1), |word| word.parse())?;
    let start = std::time::Instant::now();
    let tally = flips::run(seed, count);
    println!(
        "{count} of seed {seed} in {:.0} s: {} key records, {} wrapped blobs, {} messages, signatures and tags; \
         every one was found, nothing came out",
        start.elapsed().as_secs_f64(),
        tally.records,
        tally.blobs,
        tally.messages
    );
    Ok(())
}

#[cfg(not(strongroom_lab))]
fn main() {
    eprintln!("bitflips: run it with `cargo lab run --release --example bitflips -- 100000`");
    std::process::exit(1);
}
