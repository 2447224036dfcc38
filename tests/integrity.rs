//! The integrity test as an embedder meets it: signed, unsigned, damaged and unreadable images, at power-on
//! and on demand (INT-1 to INT-4, INT-10, BRK-3, IND-4).
#![cfg(all(feature = "std", feature = "os-entropy"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use strongroom::{
    Caveats, Engine, Error, Hash, INTEGRITY_KEY, ImageUnreadable, Indicator, IntegrityImage, Measurement,
    MemoryImage, PowerOnError, State, Subject, TestKind, TestReport, TestState,
};

/// An image that the test can change under the engine.
#[derive(Clone, Debug)]
struct Fake {
    regions: Vec<Vec<u8>>,
    reference: [u8; 32],
    readable: [bool; 2],
    asked: u32,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Fake>>);

impl Shared {
    fn new(regions: &[&[u8]]) -> Self {
        let regions = regions.iter().map(|region| region.to_vec()).collect();
        let fake = Fake { reference: value(&regions), regions, readable: [true; 2], asked: 0 };
        Self(Arc::new(Mutex::new(fake)))
    }

    fn change(&self, how: impl FnOnce(&mut Fake)) {
        how(&mut self.0.lock().unwrap());
    }

    fn power_on(&self) -> Result<Engine, PowerOnError> {
        Engine::builder().integrity(self.clone()).power_on()
    }
}

impl IntegrityImage for Shared {
    fn reference(&self) -> Result<[u8; 32], ImageUnreadable> {
        let mut fake = self.0.lock().unwrap();
        fake.asked += 1;
        if fake.readable[0] { Ok(fake.reference) } else { Err(ImageUnreadable) }
    }

    fn measure(&self, measurement: &mut Measurement) -> Result<(), ImageUnreadable> {
        let fake = self.0.lock().unwrap();
        fake.regions.iter().for_each(|region| measurement.region(region));
        // After the bytes: an image that says so at the end is as unreadable.
        if fake.readable[1] { Ok(()) } else { Err(ImageUnreadable) }
    }
}

fn value(regions: &Vec<Vec<u8>>) -> [u8; 32] {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&INTEGRITY_KEY).unwrap();
    for region in regions {
        mac.update(&(region.len() as u64).to_be_bytes());
        mac.update(region);
    }
    mac.finalize().into_bytes().into()
}

fn report(engine: &Engine) -> TestReport {
    let mut found = engine.self_test_report().filter(|test| test.kind == TestKind::Integrity);
    let report = found.next().unwrap();
    assert!(found.next().is_none());
    assert_eq!(report.name, "integrity");
    report
}

fn indicator(engine: &Engine) -> Indicator {
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    session.digest(Hash::Sha256, b"m", &mut [0; 32]).unwrap().indicator()
}

const REFUSED: PowerOnError = PowerOnError { error: Error::SelfTestFailed, test: Some("integrity") };

#[test]
fn a_signed_image_is_approved() {
    let image = Shared::new(&[b"code", b"constants"]);
    let engine = image.power_on().unwrap();
    let status = engine.status();
    assert_eq!(status.integrity, Some(image.0.lock().unwrap().reference), "ROLE-1");
    assert!(!status.caveats.has(Caveats::UNSIGNED));
    assert_eq!((report(&engine).state, report(&engine).runs), (TestState::Passed, 1));
    assert_eq!(report(&engine).depends_on().collect::<Vec<_>>(), ["HMAC-SHA-256"], "INT-1");
    // IND-4: a laboratory build never is.
    assert_eq!(indicator(&engine).approved(), !cfg!(strongroom_lab), "{}", indicator(&engine));
    assert!(!indicator(&engine).caveats().has(Caveats::UNSIGNED));
    assert_eq!(engine.self_test(), Ok(()));
    assert_eq!(report(&engine).runs, 2);
    // A restart measures again.
    let engine = engine.restart().unwrap();
    assert_eq!((report(&engine).state, report(&engine).runs), (TestState::Passed, 1));
    assert!(!engine.status().caveats.has(Caveats::UNSIGNED));
    assert_eq!(image.0.lock().unwrap().asked, 3);
}

#[test]
fn an_unsigned_image_and_none_at_all_work_and_are_never_approved() {
    let unsigned = Shared::new(&[b"code"]);
    unsigned.change(|fake| fake.reference = [0; 32]);
    for engine in [unsigned.power_on().unwrap(), Engine::power_on().unwrap()] {
        for _ in 0..2 {
            assert_eq!(engine.status().integrity, None);
            assert!(engine.status().caveats.has(Caveats::UNSIGNED), "INT-4");
            assert_eq!((report(&engine).state, report(&engine).runs), (TestState::NotRun, 0));
            assert!(!indicator(&engine).approved() && indicator(&engine).approved_parameters());
            assert_eq!(engine.self_test(), Ok(()));
        }
    }
    // Signed while it runs: not this instance.
    let engine = unsigned.power_on().unwrap();
    unsigned.change(|fake| fake.reference = value(&fake.regions));
    assert_eq!(engine.self_test(), Ok(()));
    assert!(!indicator(&engine).approved());
    assert!(engine.restart().unwrap().status().integrity.is_some());
}

#[test]
fn every_damaged_bit_of_regions_and_reference_fails_power_on() {
    let image = Shared::new(&[b"code", b"constants"]);
    for region in 0..2 {
        let bits = image.0.lock().unwrap().regions[region].len() * 8;
        for bit in 0..bits {
            let flip = |fake: &mut Fake| fake.regions[region][bit / 8] ^= 1 << (bit % 8);
            image.change(flip);
            assert_eq!(image.power_on().map(drop), Err(REFUSED), "region {region}, bit {bit}");
            image.change(flip);
        }
    }
    for bit in 0..256 {
        let flip = |fake: &mut Fake| fake.reference[bit / 8] ^= 1 << (bit % 8);
        image.change(flip);
        assert_eq!(image.power_on().map(drop), Err(REFUSED), "reference, bit {bit}");
        image.change(flip);
    }
    assert!(image.power_on().is_ok());
    assert!(REFUSED.to_string().contains("(integrity)"), "{REFUSED}");
}

#[test]
fn an_image_that_cannot_be_read_fails_power_on() {
    let image = Shared::new(&[b"code"]);
    for part in 0..2 {
        image.change(|fake| fake.readable[part] = false);
        assert_eq!(image.power_on().map(drop), Err(REFUSED));
        image.change(|fake| fake.readable[part] = true);
    }
    let empty = Shared::new(&[]);
    assert_eq!(empty.power_on().map(drop), Err(REFUSED), "nothing measured is nothing tested");
}

/// Everything that can happen to the image of a running module.
#[test]
fn the_test_on_demand_stops_a_module_whose_image_has_changed() {
    let changes: [(&str, fn(&mut Fake)); 6] = [
        ("code", |fake| fake.regions[0][0] ^= 1),
        ("reference", |fake| fake.reference[31] ^= 0x80),
        ("reference gone", |fake| fake.reference = [0; 32]),
        ("another image, signed", |fake| {
            fake.regions[0].push(0);
            fake.reference = value(&fake.regions);
        }),
        ("reference unreadable", |fake| fake.readable[0] = false),
        ("image unreadable", |fake| fake.readable[1] = false),
    ];
    for (what, change) in changes {
        let image = Shared::new(&[b"code", b"constants"]);
        let engine = image.power_on().unwrap();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        image.change(change);
        assert!(session.random(&mut [0; 8]).is_ok(), "{what}: not noticed before it is looked for");
        assert_eq!(engine.self_test(), Err(Error::SelfTestFailed), "{what}");
        let status = engine.status();
        assert_eq!((status.state, status.failed_test), (State::Error, Some("integrity")), "{what}");
        assert_eq!((report(&engine).state, report(&engine).runs >= 2), (TestState::Failed, true), "{what}");
        let mut out = [0xee; 32];
        assert_eq!(session.random(&mut out).unwrap_err(), Error::NotOperational, "{what}");
        assert_eq!(session.digest(Hash::Sha256, b"m", &mut out).unwrap_err(), Error::NotOperational);
        assert_eq!(out, [0xee; 32]);
        assert_eq!(engine.open_session(Subject::user(1), b"").map(drop).unwrap_err(), Error::NotOperational);
    }
}

#[test]
fn a_memory_image_takes_its_regions_in_order_and_none_empty() {
    static CODE: [u8; 5] = *b"code!";
    static CONSTANTS: [u8; 3] = *b"abc";
    static REGIONS: [&[u8]; 2] = [&CODE, &CONSTANTS];
    let power_on = |regions, reference: [u8; 32]| {
        let reference: &'static [u8; 32] = Box::leak(Box::new(reference));
        let image: &'static MemoryImage = Box::leak(Box::new(MemoryImage::new(regions, reference)));
        Engine::builder().integrity_static(image).power_on().map(|engine| engine.status().integrity)
    };
    let reference = value(&vec![CODE.to_vec(), CONSTANTS.to_vec()]);
    assert_eq!(power_on(&REGIONS, reference), Ok(Some(reference)));
    assert_eq!(power_on(&REGIONS, [0; 32]), Ok(None));
    assert_eq!(power_on(&REGIONS[..1], reference), Err(REFUSED));
    static HOLE: [&[u8]; 3] = [&CODE, &[], &CONSTANTS];
    let with_hole = value(&vec![CODE.to_vec(), vec![], CONSTANTS.to_vec()]);
    assert_eq!(power_on(&HOLE, with_hole), Err(REFUSED), "a mistake in the linker script");
}

/// What the test is made of is tested first, and nothing of the image is looked at before (INT-1).
#[cfg(strongroom_lab)]
#[test]
fn the_hash_and_the_mac_are_tested_before_the_image_and_the_rest_after_it() {
    let broken = |image: &Shared, name: &str| {
        let builder = Engine::builder().integrity(image.clone()).lab_break(name).unwrap();
        builder.power_on().map(drop).unwrap_err().test
    };
    for name in ["SHA-256", "HMAC-SHA-256"] {
        let image = Shared::new(&[b"code"]);
        image.change(|fake| fake.regions[0][0] ^= 1);
        assert_eq!(broken(&image, name), Some(name));
        assert_eq!(image.0.lock().unwrap().asked, 0);
    }
    for name in ["SHA-512", "AES", "CTR-DRBG-AES-256"] {
        let image = Shared::new(&[b"code"]);
        assert_eq!(broken(&image, name), Some(name));
        assert_eq!(image.0.lock().unwrap().asked, 1);
        image.change(|fake| fake.regions[0][0] ^= 1);
        assert_eq!(broken(&image, name), Some("integrity"));
    }
    // By its own name, with an image that is as it should be.
    let image = Shared::new(&[b"code"]);
    assert_eq!(broken(&image, "integrity"), Some("integrity"));
    let engine = image.power_on().unwrap();
    engine.lab_break(Some("integrity")).unwrap();
    assert_eq!(engine.self_test(), Err(Error::SelfTestFailed));
    assert_eq!(engine.status().failed_test, Some("integrity"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn only_the_image_that_was_signed_powers_on(
        regions in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..5),
        which: prop::sample::Index,
        at: prop::sample::Index,
        damage in 1_u8..=255,
        how in 0..5,
    ) {
        let parts: Vec<&[u8]> = regions.iter().map(Vec::as_slice).collect();
        let image = Shared::new(&parts);
        prop_assert!(image.power_on().is_ok());
        image.change(|fake| {
            let which = which.index(fake.regions.len());
            let region = &mut fake.regions[which];
            let at = at.index(region.len());
            match how {
                0 => region[at] ^= damage,
                1 => region.insert(at, damage),
                2 => drop(region.remove(at)),
                3 => {
                    // The same bytes, cut elsewhere.
                    let rest = region.split_off(at);
                    fake.regions.insert(which + 1, rest);
                }
                _ => fake.reference[usize::from(damage) % 32] ^= damage,
            }
        });
        prop_assert_eq!(image.power_on().map(drop), Err(REFUSED));
    }
}
