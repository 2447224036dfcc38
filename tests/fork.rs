//! A forked child never repeats its parent's random numbers (DRBG-13, FSM-13).
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

use strongroom::{Algorithm, Attributes, Engine, KeyHandle, KeyKind, Params, Rule, Session, Subject, Usage};

#[test]
fn parent_and_child_differ() {
    let engine = Engine::power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    // Both sides continue this DRBG: without detection they would give the same next bytes.
    let _ = session.random(&mut [0; 16]).unwrap();
    // IVs are drawn ahead of their use: those that are ready must not serve both sides.
    let policy = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT)
        .permit(Rule::any(Algorithm::AesGcm))
        .build()
        .unwrap();
    let key = session.generate(&policy).unwrap().value();
    next_iv(&session, key).unwrap();

    let mut pipe = [0; 2];
    // SAFETY: `pipe` has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    let [read_end, write_end] = pipe;
    // SAFETY: the child only draws random bytes and an IV, writes them and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    let mut ours = [0; 44];
    let (random, iv) = ours.split_at_mut(32);
    let drawn = session.random(random);
    let iv = next_iv(&session, key).map(|made| iv.copy_from_slice(&made));
    if child == 0 {
        let ok = drawn.is_ok() && iv.is_ok();
        // SAFETY: `ours` is 44 readable bytes and the descriptor is open; `_exit` does not return.
        unsafe {
            let written = libc::write(write_end, ours.as_ptr().cast(), ours.len());
            libc::_exit(i32::from(!(ok && written == 44)));
        }
    }
    let _ = drawn.unwrap();
    iv.unwrap();
    let (mut theirs, mut status) = ([0u8; 44], 0);
    // SAFETY: `theirs` is 44 writable bytes, `status` one int; the descriptor is open.
    unsafe {
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert_eq!(libc::read(read_end, theirs.as_mut_ptr().cast(), theirs.len()), 44);
    }
    assert_eq!(status, 0, "the child failed");
    assert_ne!(ours[..32], theirs[..32]);
    assert_ne!(ours[32..], theirs[32..], "one IV under one key on both sides");
    assert_ne!(theirs[..32], [0; 32]);
    assert_ne!(theirs[32..], [0; 12]);
}

fn next_iv(session: &Session<'_>, key: KeyHandle) -> strongroom::Result<[u8; 12]> {
    let sealed = session.encrypt(key, Algorithm::AesGcm, &Params::NONE, b"", &mut [0; 16])?;
    Ok(sealed.value().iv.as_bytes().try_into().unwrap())
}
