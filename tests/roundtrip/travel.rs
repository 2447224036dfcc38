//! Keys travel and come back.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use strongroom::{
    Algorithm, Attributes, Caveats, Error, Export, ExportFormat, Ivs, KeyHandle, KeyInfo, KeyKind,
    Restriction, State, UnwrapAs, Usage,
};

use crate::bench::{Bench, Mechanism, Shape, is_rsa, shapes};
use crate::story::{Story, stories};

impl Bench {
    /// A key that may do all that its shape can. It stays here: copies travel, and are held against it.
    fn original(&self, shape: &Shape, story: Option<&Story>) -> KeyHandle {
        let mut builder = Attributes::builder(shape.kind)
            .usage(shape.algorithm.facts().usage)
            .permit(shape.any())
            .export(Export::INTEROPERABLE)
            .persistent();
        if let Some(story) = story {
            builder = builder.label(&story.label).application(&story.application);
            if shape.kind == KeyKind::Hmac {
                builder = builder.length(story.length);
            }
        }
        self.generate(&builder.build().unwrap())
    }

    /// Sends a copy of the original with the rights of the story through the mechanism and back, if it may
    /// go so.
    fn travels(&self, shape: &Shape, original: KeyHandle, by: &Mechanism, story: &Story) {
        let keys = self.keys();
        let what = format!("{}, {}", shape.name(), by.name());
        let payload = self.session.copy(original, &story.rights.limit(shape, None)).unwrap().value();
        let before = self.info(payload);
        let blob = match self.wrap(by, payload) {
            Ok(blob) => blob,
            Err(error) => {
                let (faults, unsure) = self.faults(shape, by, &before);
                let expected = faults.contains(&error) || (unsure && error == Error::InvalidArgument);
                assert!(expected, "{what}: {error}, not {faults:?}");
                self.destroy(payload);
                assert_eq!(self.keys(), keys);
                return;
            }
        };
        assert_eq!(self.faults(shape, by, &before).0, [], "{what}: it left");

        let none = Restriction::none();
        let limit = story.less.limit(shape, Some(story.field));
        let narrowed = before.attributes().restricted(&limit);
        let expected = narrowed.clone().unwrap_or(before.attributes().clone());
        if by.is_native() {
            let again = self.unwrap(by, &blob, UnwrapAs::Native(&none));
            assert_eq!(again.unwrap_err(), Error::NotPermitted, "{what}: a second live instance");
        }
        let kept = self.info(payload).remaining_uses();
        self.destroy(payload);
        if let (true, Err(refusal)) = (by.is_native(), &narrowed) {
            let wider = self.unwrap(by, &blob, UnwrapAs::Native(&limit));
            assert_eq!(wider.unwrap_err(), *refusal, "{what}: {limit:?}");
            assert_eq!(self.keys(), keys, "{what}: a refusal creates nothing");
        }
        let limit = if narrowed.is_ok() { &limit } else { &none };
        let form = if by.is_native() { UnwrapAs::Native(limit) } else { UnwrapAs::Foreign(&expected) };
        // A blob's own rights decide, a template's otherwise.
        let deciding = if by.is_native() { before.attributes() } else { &expected };
        let numbered = shape.algorithm.facts().params.ivs == Ivs::Numbered;
        let counter = numbered && deciding.usage().has(Usage::ENCRYPT);
        if counter && !by.is_native() {
            // GCM-4: its IVs might have been made before.
            assert_eq!(self.unwrap(by, &blob, form).unwrap_err(), Error::NotPermitted, "{what}");
            assert_eq!(self.keys(), keys);
            return;
        }
        let outcome = self.unwrap(by, &blob, form).unwrap();
        assert!(!outcome.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH), "{what}");
        assert_eq!(outcome.indicator().algorithm(), by.algorithm);
        let key = outcome.value();
        let after = self.info(key);
        assert_eq!(*after.attributes(), expected, "{what}");
        assert_eq!(after.effective_strength(), before.effective_strength());
        let uses = after.remaining_uses();
        if by.is_native() {
            assert_eq!((after.id(), after.origin()), (before.id(), before.origin()), "{what}");
            let sum = uses.unwrap_or(0) + kept.unwrap_or(0);
            assert!(before.remaining_uses().is_none_or(|had| sum <= had), "{what}: uses out of nothing");
        } else {
            assert_ne!(after.id(), before.id(), "{what}");
            let origin = after.origin();
            assert!(origin.imported() && !origin.pairwise_tested());
            assert!(!origin.never_extractable() && !origin.always_sensitive());
        }
        assert!(expected.uses().is_none_or(|limit| uses.is_some_and(|uses| uses <= limit)), "{what}");
        if shape.kind.is_asymmetric() {
            assert_eq!(self.public_key(key), self.public_key(original), "{what}");
        }
        // Without a usage log a key that comes back makes no deterministic IVs (GCM-4).
        assert!(!counter || uses == Some(0), "{what}");
        self.serves(shape, original, key, &story.message, counter);

        let second = self.unwrap(by, &blob, form);
        if by.is_native() {
            assert_eq!(second.unwrap_err(), Error::NotPermitted, "{what}: a second live instance");
        } else {
            let second = second.unwrap().value();
            assert_ne!(self.info(second).id(), after.id(), "{what}: another key");
            self.destroy(second);
        }
        self.destroy(key);
        assert_eq!(self.keys(), keys, "{what}");
        assert_eq!(self.engine.status().state, State::Operational);
    }

    /// Why a key with these rights may not leave so; and whether its length is unknown, and may be a reason.
    fn faults(&self, shape: &Shape, by: &Mechanism, key: &KeyInfo) -> (Vec<Error>, bool) {
        let format = if by.is_native() { ExportFormat::Native } else { ExportFormat::Interoperable };
        let strength = self.info(by.kek).effective_strength();
        let mut faults = Vec::new();
        if key.attributes().export().format() < format || key.effective_strength() > strength {
            faults.push(Error::NotPermitted);
        }
        let len = shape.bare_len(key.attributes());
        let fits = match by.algorithm {
            Algorithm::AesKw => len.is_none_or(|len| len % 8 == 0 && len >= 16),
            // RFC 8017 section 7.1.1.
            Algorithm::RsaOaep => {
                let most = by.kind.modulus_len() - 2 * by.hash.unwrap().output_len() - 2;
                len.is_some_and(|len| len <= most)
            }
            _ => true,
        };
        if !fits {
            faults.push(Error::InvalidArgument);
        }
        (faults, by.algorithm == Algorithm::AesKw && len.is_none())
    }

    /// Sends keys of these shapes through these mechanisms: once with the right to leave, then with any.
    fn every(&self, shapes: &[Shape], mechanisms: &[Mechanism], cases: u32) {
        for shape in shapes {
            // RSA and SLH-DSA keys are slow to make and to use: one serves all stories, and few are told.
            let slow = shape.is_rsa() || shape.kind.name().starts_with("SLH-DSA");
            let cases = if slow { cases.min(2) } else { cases };
            let shared = slow.then(|| self.original(shape, None));
            for by in mechanisms {
                let tell = |story: &Story| {
                    let original = shared.unwrap_or_else(|| self.original(shape, Some(story)));
                    self.travels(shape, original, by, story);
                    if shared.is_none() {
                        self.destroy(original);
                    }
                };
                let run = |cases, stories: BoxedStrategy<Story>| {
                    let config = ProptestConfig {
                        cases,
                        failure_persistence: None,
                        max_shrink_iters: 64,
                        ..ProptestConfig::default()
                    };
                    let told = TestRunner::new(config).run(&stories, |story| {
                        tell(&story);
                        Ok(())
                    });
                    told.unwrap();
                };
                let leaving = stories().prop_map(|mut story| {
                    story.rights.export = Export::INTEROPERABLE;
                    story
                });
                run(1, leaving.boxed());
                run(cases, stories().boxed());
            }
            if let Some(original) = shared {
                self.destroy(original);
            }
        }
    }
}

#[test]
fn keys_come_back_from_symmetric_mechanisms() {
    let bench = Bench::new();
    bench.every(&shapes(|kind| !is_rsa(kind)), &bench.symmetric_mechanisms(), 40);
}

#[test]
fn rsa_keys_come_back_from_symmetric_mechanisms() {
    let bench = Bench::new();
    bench.every(&shapes(|kind| kind == KeyKind::Rsa2048), &bench.symmetric_mechanisms(), 2);
}

#[test]
fn keys_come_back_from_oaep() {
    let bench = Bench::new();
    bench.every(&shapes(|kind| !is_rsa(kind)), &bench.oaep_mechanisms(KeyKind::Rsa2048), 16);
}

#[test]
fn keys_travel_under_rsa_3072() {
    let bench = Bench::new();
    bench.every(&shapes(|kind| !is_rsa(kind)), &bench.oaep_mechanisms(KeyKind::Rsa3072), 1);
}

#[test]
fn long_rsa_keys_come_back() {
    let bench = Bench::new();
    let long = |algorithm, kind| Shape { kind, algorithm, hash: None };
    let shapes = [long(Algorithm::RsaPss, KeyKind::Rsa3072), long(Algorithm::RsaPkcs1, KeyKind::Rsa4096)];
    let mechanisms = [Algorithm::NativeWrap, Algorithm::AesKwp];
    let mechanisms = mechanisms.map(|algorithm| bench.mechanism(KeyKind::Aes256, algorithm));
    bench.every(&shapes, &mechanisms, 1);
}

/// Bare under a hybrid key; tests/hybrid.rs has its native form, which brings no past along.
#[test]
fn keys_come_back_from_a_hybrid_key() {
    let bench = Bench::new();
    let by = bench.mechanism(KeyKind::HybridP384MlKem1024, Algorithm::HybridKwp);
    bench.every(&shapes(|kind| !is_rsa(kind)), &[by], 4);
}
