//! Generating keys: record, pairwise test and the destruction of the key included. RSA is a search for
//! primes, whose time varies widely: few samples, and a wide interval.

// A benchmark panics when its set-up fails, and criterion_group! makes an undocumented public function.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::rig::Rig;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use strongroom::{Algorithm, Attributes, Hash, KeyKind, Rule, Usage};

fn generating(criterion: &mut Criterion) {
    let rig = Rig::new();
    let signing = Usage::SIGN.and(Usage::VERIFY);
    let sealing = Usage::ENCRYPT.and(Usage::DECRYPT);
    let ecdsa = |algorithm, hash| (signing, Rule::hashed(algorithm, hash));
    let rsa = (signing, Rule::hashed(Algorithm::RsaPss, Hash::Sha256));
    let kinds = [
        (KeyKind::Aes256, (sealing, Rule::any(Algorithm::AesGcm))),
        (KeyKind::EcP256, ecdsa(Algorithm::EcdsaP256, Hash::Sha256)),
        (KeyKind::EcP384, ecdsa(Algorithm::EcdsaP384, Hash::Sha384)),
        (KeyKind::EcP521, ecdsa(Algorithm::EcdsaP521, Hash::Sha512)),
        (KeyKind::Ed25519, (signing, Rule::any(Algorithm::Ed25519))),
        (KeyKind::MlKem768, (Usage::ENCAPSULATE.and(Usage::DECAPSULATE), Rule::any(Algorithm::MlKem))),
        (KeyKind::MlDsa65, (signing, Rule::any(Algorithm::MlDsa))),
        (KeyKind::SlhDsaSha2_128f, (signing, Rule::any(Algorithm::SlhDsa))),
        (KeyKind::Rsa2048, rsa),
        (KeyKind::Rsa3072, rsa),
        (KeyKind::Rsa4096, rsa),
    ];
    let mut group = criterion.benchmark_group("generate and destroy");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(3)).sample_size(10);
    for (kind, (usage, rule)) in kinds {
        if kind.modulus_len() > 0 {
            group.sampling_mode(SamplingMode::Flat);
        }
        let template = Attributes::builder(kind).usage(usage).permit(rule).build().unwrap();
        group.bench_function(kind.name(), |bencher| {
            bencher.iter(|| {
                let key = rig.session.generate(&template).unwrap().value();
                rig.session.destroy(key).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, generating);
criterion_main!(benches);
