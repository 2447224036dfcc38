//! Unwrapping through the engine: one blob of each format is good, everything else is rejected, and a
//! rejection changes nothing.

use std::cell::RefCell;

use strongroom::{
    Algorithm, Attributes, Error, Export, Family, Hash, KeyHandle, KeyKind, Params, Restriction, Rule,
    UnwrapAs, Usage,
};

use crate::fixture::{Bench, mutate, with};

/// A KEK, and the one blob that it opens.
pub(crate) struct Case {
    kek: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
    /// Policy of a bare key; a native blob brings its own.
    template: Option<Attributes>,
    blob: Vec<u8>,
}

struct Unwrapping {
    bench: Bench,
    cases: Vec<Case>,
}

thread_local! {
    static UNWRAPPING: RefCell<Option<Unwrapping>> = const { RefCell::new(None) };
}

fn make() -> Unwrapping {
    let bench = Bench::new();
    let cases = [
        (KeyKind::Aes256, Algorithm::NativeWrap, signing()),
        (KeyKind::Aes256, Algorithm::NativeWrap, authentication(32)),
        (KeyKind::Aes128, Algorithm::AesKw, cipher()),
        (KeyKind::Aes256, Algorithm::AesKwp, signing()),
        (KeyKind::Aes192, Algorithm::AesKwp, authentication(15)),
        (KeyKind::Rsa2048, Algorithm::RsaOaep, authentication(14)),
        (KeyKind::HybridP384MlKem1024, Algorithm::HybridKwp, signing()),
        (KeyKind::HybridP384MlKem1024, Algorithm::HybridNative, signing()),
    ]
    .map(|(kind, algorithm, payload)| case(&bench, kind, algorithm, &payload));
    Unwrapping { bench, cases: cases.into() }
}

/// Makes a KEK and a blob; the key in the blob is destroyed, so that it can come in.
fn case(bench: &Bench, kind: KeyKind, algorithm: Algorithm, payload: &Attributes) -> Case {
    let session = &bench.session;
    let wrapping = Attributes::builder(kind)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(algorithm))
        .build()
        .unwrap();
    let kek = session.generate(&wrapping).unwrap().value();
    let key = session.generate(payload).unwrap().value();
    let params =
        if kind == KeyKind::Rsa2048 { Params::with_hash(Hash::Sha256).label(b"label") } else { Params::NONE };
    let mut blob = vec![0; session.wrapped_len(kek, algorithm, key).unwrap().value()];
    let len = session.wrap(kek, algorithm, &params, key, &mut blob).unwrap().value();
    blob.truncate(len);
    session.destroy(key).unwrap().value();
    let template = (algorithm.facts().family != Family::Native).then(|| payload.clone());
    Case { kek, algorithm, params, template, blob }
}

fn signing() -> Attributes {
    Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN)
        .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
        .export(Export::INTEROPERABLE)
        .uses(1000)
        .label(b"fuzzed")
        .build()
        .unwrap()
}

fn authentication(len: u16) -> Attributes {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC)
        .length(len)
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha384))
        .export(Export::INTEROPERABLE)
        .build()
        .unwrap()
}

fn cipher() -> Attributes {
    Attributes::builder(KeyKind::Aes128)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .export(Export::INTEROPERABLE)
        .build()
        .unwrap()
}

impl Unwrapping {
    /// Hands `blob` to one KEK.
    fn offer(&self, case: &Case, blob: &[u8]) {
        let keys = self.bench.keys();
        let session = &self.bench.session;
        let limit = Restriction::none();
        let form = case.template.as_ref().map_or(UnwrapAs::Native(&limit), UnwrapAs::Foreign);
        let unwrapped = session.unwrap(case.kek, case.algorithm, &case.params, blob, form);
        match unwrapped {
            Ok(key) => {
                assert!(blob == case.blob, "{}: accepted {blob:02x?}", case.algorithm.name());
                assert_eq!(self.bench.keys(), keys + 1);
                session.destroy(key.value()).unwrap().value();
            }
            Err(error) => {
                assert!(blob != case.blob, "{}: the good blob: {error}", case.algorithm.name());
                assert_eq!(error, Error::Rejected, "{}: {blob:02x?}", case.algorithm.name());
            }
        }
        self.bench.unmoved(keys);
    }
}

/// First byte: a KEK. Second byte: the blob to damage with the rest as a script, or else the rest as it is.
pub fn unwrap(data: &[u8]) {
    let [kek, source, rest @ ..] = data else { return };
    with(&UNWRAPPING, make, |all| {
        let blob = match all.cases.get(usize::from(*source) % (all.cases.len() + 1)) {
            Some(case) => mutate(&case.blob, rest),
            None => rest.to_vec(),
        };
        all.offer(&all.cases[usize::from(*kek) % all.cases.len()], &blob);
    });
}

/// Offers bytes that none of the KEKs made to each of them.
#[cfg(not(any(strongroom_lab, fuzzing)))]
pub(crate) fn rejected_by_all(blob: &[u8]) {
    with(&UNWRAPPING, make, |all| {
        for case in &all.cases {
            all.offer(case, blob);
        }
    });
}
