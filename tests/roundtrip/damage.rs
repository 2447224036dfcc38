//! Damaged blobs, and blobs of somebody else.

use strongroom::{
    Algorithm, Attributes, Error, Export, KeyKind, Params, Restriction, Rule, State, UnwrapAs, Usage,
};

use crate::bench::{Bench, Mechanism, USER, is_rsa, shapes, small, strong_hashes};

impl Bench {
    /// A blob of a new key, which is gone, so that it can come in.
    fn blob(&self, by: &Mechanism, payload: &Attributes) -> Vec<u8> {
        let key = self.generate(payload);
        let blob = self.wrap(by, key).unwrap();
        self.destroy(key);
        blob
    }

    /// The blob is rejected, and nothing has happened.
    fn rejects(&self, by: &Mechanism, blob: &[u8], form: UnwrapAs<'_>, keys: usize) {
        let verdict = self.unwrap(by, blob, form);
        assert_eq!(verdict.unwrap_err(), Error::Rejected, "{}: {blob:02x?}", by.name());
        assert_eq!(self.keys(), keys, "{}: {blob:02x?}", by.name());
        assert_eq!(self.engine.status().state, State::Operational);
    }

    /// Rejects every truncation, every byte changed by each of `changes`, and bytes more at either end.
    fn rejects_all_damage(&self, by: &Mechanism, payload: &Attributes, changes: &[u8]) {
        let blob = self.blob(by, payload);
        let keys = self.keys();
        let none = Restriction::none();
        let form = if by.is_native() { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(payload) };
        for len in 0..blob.len() {
            self.rejects(by, &blob[..len], form, keys);
            self.rejects(by, &blob[len + 1..], form, keys);
        }
        for at in 0..blob.len() {
            for change in changes {
                let mut changed = blob.clone();
                changed[at] ^= change;
                self.rejects(by, &changed, form, keys);
            }
        }
        for more in [1, 2, 7, 8, 16, 255, 4096, 1 << 16] {
            for byte in [0, 1, 0xff] {
                let more = vec![byte; more];
                self.rejects(by, &[&blob[..], &more].concat(), form, keys);
                self.rejects(by, &[&more, &blob[..]].concat(), form, keys);
            }
        }
        self.rejects(by, &[&blob[..], &blob[..]].concat(), form, keys);
        // It was the damage: without, it opens.
        let key = self.unwrap(by, &blob, form).unwrap().value();
        self.destroy(key);
    }
}

const EVERY_CHANGE: [u8; 255] = {
    let mut changes = [0; 255];
    let mut at = 0;
    while at < 255 {
        changes[at] = at as u8 + 1;
        at += 1;
    }
    changes
};

#[test]
fn damaged_blobs_of_symmetric_mechanisms_are_rejected() {
    let bench = Bench::new();
    let signing = Attributes::builder(KeyKind::Ed25519)
        .usage(Usage::SIGN)
        .permit(Rule::any(Algorithm::Ed25519))
        .export(Export::INTEROPERABLE)
        .uses(1000)
        .owner(USER)
        .label(b"label")
        .application(b"application")
        .build()
        .unwrap();
    for by in bench.symmetric_mechanisms() {
        bench.rejects_all_damage(&by, &signing, &EVERY_CHANGE);
    }
}

#[test]
fn damaged_blobs_of_oaep_are_rejected() {
    let bench = Bench::new();
    let mechanisms = bench.oaep_mechanisms(KeyKind::Rsa2048);
    let payload = small(&shapes(|kind| kind == KeyKind::Rsa2048)[0]);
    bench.rejects_all_damage(&mechanisms[0], &payload, &[0x01, 0x80, 0xff]);
}

/// Only the KEK, the mechanism and the parameters that made a blob open it.
#[test]
fn blobs_are_rejected_by_every_other_mechanism() {
    let bench = Bench::new();
    let oaep = bench.mechanism(KeyKind::Rsa2048, Algorithm::RsaOaep);
    let oaep = |hash| Mechanism { hash: Some(hash), ..oaep };
    // Each mechanism twice: another key of the same kind is another KEK.
    let all =
        [bench.symmetric_mechanisms(), bench.symmetric_mechanisms(), strong_hashes().map(oaep).collect()]
            .concat();
    let payload = small(&shapes(is_rsa)[0]);
    let none = Restriction::none();
    let mut rejected = 0;
    for (maker, by) in all.iter().enumerate() {
        if by.algorithm == Algorithm::AesKw {
            continue; // 14 bytes are no semiblocks
        }
        let blob = bench.blob(by, &payload);
        let keys = bench.keys();
        for (other, by) in all.iter().enumerate() {
            let form = if by.is_native() { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(&payload) };
            if other == maker {
                let key = bench.unwrap(by, &blob, form).unwrap().value();
                bench.destroy(key);
            } else {
                bench.rejects(by, &blob, form, keys);
                rejected += 1;
            }
        }
        if by.algorithm == Algorithm::RsaOaep {
            let params = Params::with_hash(by.hash.unwrap()).label(b"another label");
            let form = UnwrapAs::Foreign(&payload);
            let verdict = bench.session.unwrap(by.kek, by.algorithm, &params, &blob, form);
            assert_eq!(verdict.unwrap_err(), Error::Rejected);
        }
    }
    assert!(rejected > 100);
}
