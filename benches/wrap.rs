//! Wrapping and unwrapping in every format, each beside the bare crate. Unwrapping makes a key, with its
//! record, its seals and its prepared form, and the benchmark destroys it again.

// criterion_group! makes an undocumented public function.
#![allow(missing_docs)]

mod common;

use common::{criterion_pairs, rig::Rig, transport};
use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::KeyKind;

fn wrapping(criterion: &mut Criterion) {
    let rig = Rig::new();
    criterion_pairs(criterion, transport::symmetric(&rig));
    for kind in [KeyKind::Rsa3072, KeyKind::Rsa4096] {
        criterion_pairs(criterion, transport::oaep(&rig, kind));
    }
}

criterion_group!(benches, wrapping);
criterion_main!(benches);
