//! The native blob's parser: what it accepts is canonical.

use crate::fixture::mutate;

/// Blobs to start from: those of kat-vectors/tests/wrap.
pub(crate) const GOLDEN: [&[u8]; 3] = [
    include_bytes!("../../../kat-vectors/tests/wrap/signing-key.bin"),
    include_bytes!("../../../kat-vectors/tests/wrap/unwrapping-key.bin"),
    include_bytes!("../../../kat-vectors/tests/wrap/hybrid-signing-key.bin"),
];

/// First byte: a golden blob to damage with the rest as a script, or else the rest as it is.
///
/// The parser is not public. An ordinary build reaches it through the engine only: there the bytes must be
/// rejected, because no key of the engine made them.
pub fn wrapped_key(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let blob = match GOLDEN.get(usize::from(choice) % (GOLDEN.len() + 1)) {
        Some(golden) => mutate(golden, rest),
        None => rest.to_vec(),
    };
    check(&blob);
}

#[cfg(any(strongroom_lab, fuzzing))]
fn check(blob: &[u8]) {
    let canonical = strongroom::lab::wrapped_key_canonical(blob);
    assert_ne!(canonical, Some(false), "accepted and not canonical: {blob:02x?}");
    // The other parser that reads what a blob may hold.
    assert_ne!(strongroom::lab::private_key_canonical(blob), Some(false));
}

#[cfg(not(any(strongroom_lab, fuzzing)))]
fn check(blob: &[u8]) {
    crate::unwrap::rejected_by_all(blob);
}
