//! A program that is measured as firmware is: regions in memory between symbols of a linker script. Linked
//! with crates/image/examples/linked.ld, which tests/linked.rs does; without that script it cannot link, so an
//! ordinary build leaves the image out.

#[cfg(strongroom_linked)]
strongroom::linked_image!(
    /// This program.
    Program
);

/// Powers on and prints the integrity value, or why not.
fn main() {
    let builder = strongroom::Engine::builder();
    #[cfg(strongroom_linked)]
    let builder = builder.integrity_static(&Program);
    match builder.power_on() {
        Err(failure) => println!("{failure}"),
        Ok(engine) => match engine.self_test().map(|()| engine.status().integrity) {
            Err(error) => println!("on demand: {error}"),
            Ok(None) => println!("unsigned"),
            Ok(Some(value)) => println!("intact {}", value.map(|byte| format!("{byte:02x}")).concat()),
        },
    }
}
