//! AES-256-GCM from 64 bytes to 1 MiB and HMAC-SHA-256, each beside the bare crate.

// criterion_group! makes an undocumented public function.
#![allow(missing_docs)]

mod common;

use common::{ciphers, criterion_pairs, rig::Rig};
use criterion::{Criterion, criterion_group, criterion_main};

fn sealing(criterion: &mut Criterion) {
    let rig = Rig::new();
    for len in [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20] {
        criterion_pairs(criterion, ciphers::gcm(&rig, len));
    }
}

fn macs(criterion: &mut Criterion) {
    let rig = Rig::new();
    for len in [64, 1 << 10, 16 << 10] {
        criterion_pairs(criterion, ciphers::hmac(&rig, len));
    }
}

criterion_group!(benches, sealing, macs);
criterion_main!(benches);
