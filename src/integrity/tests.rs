use super::*;
use crate::boundary::Backends;
use crate::boundary::image::INTEGRITY_KEY;

/// The definition, with another implementation: length and bytes of each region.
fn expected(regions: &[&[u8]]) -> [u8; 32] {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&INTEGRITY_KEY).unwrap();
    for region in regions {
        mac.update(&(region.len() as u64).to_be_bytes());
        mac.update(region);
    }
    mac.finalize().into_bytes().into()
}

/// Judges what `feed` measures.
fn judged(reference: &[u8; 32], feed: impl FnOnce(&mut Measurement)) -> Result<()> {
    let mut check = Check::new(false, Backends::fastest());
    let mut measurement = Measurement::new().unwrap();
    feed(&mut measurement);
    let answer = measurement.judge(&mut check, reference);
    let passed = answer.is_ok();
    assert_eq!(check.verdict(answer), passed, "a pass is a comparison that was made");
    answer
}

#[test]
fn the_value_is_the_hmac_of_lengths_and_bytes() {
    let reference = expected(&[b"code", b"constants"]);
    let at_once = |m: &mut Measurement| [&b"code"[..], b"constants"].iter().for_each(|part| m.region(part));
    assert_eq!(judged(&reference, at_once), Ok(()));
    let in_pieces = |m: &mut Measurement| {
        m.begin(4);
        [&b"c"[..], b"", b"ode"].iter().for_each(|part| m.bytes(part));
        m.region(b"constants");
    };
    assert_eq!(judged(&reference, in_pieces), Ok(()));
}

#[test]
fn bytes_that_move_between_regions_are_seen() {
    let reference = expected(&[b"code", b"constants"]);
    let others: [&[&[u8]]; 5] = [
        &[b"codec", b"onstants"],
        &[b"codeconstants"],
        &[b"constants", b"code"],
        &[b"code", b"constants", b""],
        &[b"code", b"", b"constants"],
    ];
    for regions in others {
        let fed = judged(&reference, |m| regions.iter().for_each(|region| m.region(region)));
        assert_eq!(fed, Err(Error::SelfTestFailed), "{regions:?}");
    }
}

/// Even with a reference over exactly what was fed.
#[test]
fn a_measurement_of_nothing_and_torn_regions_fail() {
    assert!(judged(&expected(&[]), |_| {}).is_err());
    assert!(judged(&expected(&[b""]), |m| m.region(b"")).is_err());
    let code = expected(&[b"code"]);
    assert!(judged(&code, |m| m.begin(4)).is_err());
    let short = |m: &mut Measurement| {
        m.begin(4);
        m.bytes(b"cod");
    };
    assert!(judged(&code, short).is_err());
    let long = |m: &mut Measurement| {
        m.begin(4);
        m.bytes(b"code");
        m.bytes(b"s");
    };
    assert!(judged(&code, long).is_err());
    assert!(judged(&code, |m| m.bytes(b"code")).is_err(), "no region was begun");
    // What is owed stays owed.
    let torn = |m: &mut Measurement| {
        m.begin(9);
        m.begin(4);
        m.bytes(b"code");
    };
    assert!(judged(&code, torn).is_err());
}

#[test]
fn an_armed_fault_fails_a_good_image() {
    let mut check = Check::new(true, Backends::fastest());
    let mut measurement = Measurement::new().unwrap();
    measurement.region(b"code");
    let answer = measurement.judge(&mut check, &expected(&[b"code"]));
    assert!(!check.verdict(answer));
}
