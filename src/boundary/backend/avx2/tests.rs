//! What is left behind: nothing in a box, and nothing on the stack below what is scrubbed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, unsafe_code)]

extern crate std;

use std::hint::black_box;

use super::*;
use crate::attributes::KeyKind;

const PAINTED: usize = 512 * 1024;
/// Less than what is painted, whose frame need not begin where the reader's does.
const READ: usize = PAINTED - 8192;
const COLOUR: u8 = 0xa5;

/// How many bytes of the stack below the caller `body` reaches down to.
fn depth(body: impl FnOnce()) -> usize {
    #[inline(never)]
    fn paint() {
        black_box(&mut [COLOUR; PAINTED]);
    }
    // Reads below its own frame: one that held the array would be probed page by page, which writes.
    #[inline(never)]
    fn unpainted() -> usize {
        let here = 0u8;
        let bottom = black_box(core::ptr::from_ref(&here).expose_provenance()) - READ;
        // SAFETY: the thread's stack, which `paint` has touched farther down; its bytes are what frames left.
        let byte =
            |at: usize| unsafe { core::ptr::with_exposed_provenance::<u8>(bottom + at).read_volatile() };
        READ - (0..READ).take_while(|at| byte(*at) == COLOUR).count()
    }
    #[inline(never)]
    fn below(body: impl FnOnce()) {
        body();
    }
    paint();
    below(body);
    unpainted()
}

#[test]
fn the_depth_is_measured() {
    #[inline(never)]
    fn deep<const N: usize>() {
        black_box(&mut [1u8; N]);
    }
    for (found, least) in [(depth(deep::<4096>), 4096), (depth(deep::<100_000>), 100_000)] {
        assert!((least..least + 2048).contains(&found), "{found} {least}");
    }
}

#[test]
fn calls_reach_no_deeper_than_what_is_scrubbed() {
    let cpu = Avx2::detect().unwrap();
    let report = |what: &str, found: usize, words: usize| {
        std::eprintln!("{what}: {found} of {} bytes", 8 * words);
        assert!(found + 1024 < 8 * words, "{what}: {found}");
    };
    #[cfg(feature = "ml-kem")]
    for kind in [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024] {
        ml_kem::depths(cpu, kind, |what, body| report(what, depth(body), ml_kem::DEAD_WORDS));
    }
    #[cfg(feature = "ml-dsa")]
    for kind in [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87] {
        ml_dsa::depths(cpu, kind, |what, body| report(what, depth(body), ml_dsa::DEAD_WORDS));
    }
}

#[test]
fn a_box_is_overwritten() {
    let mut wiped = Wiped::new([0xa5u8; 100]);
    assert_eq!(*wiped, [0xa5; 100]);
    wiped.wipe();
    assert_eq!(*wiped, [0; 100]);
}
