//! Signing and verifying, each beside the bare crate.

// criterion_group! makes an undocumented public function.
#![allow(missing_docs)]

mod common;

use common::{criterion_pairs, rig::Rig, signatures};
use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::KeyKind;

fn signing(criterion: &mut Criterion) {
    let rig = Rig::new();
    criterion_pairs(criterion, signatures::curves(&rig));
    for kind in [KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096] {
        criterion_pairs(criterion, signatures::rsa(&rig, kind));
    }
}

criterion_group!(benches, signing);
criterion_main!(benches);
