//! Public keys: DER and PEM. What is imported is exported as a form that imports again, unchanged.

use std::cell::RefCell;

use strongroom::{Algorithm, Attributes, Error, KeyKind, Rule, Usage, pem};

use crate::fixture::{Bench, mutate, with};

/// Keys to start from: OpenSSL's encodings.
pub(crate) const DER: [&[u8]; 9] = [
    include_bytes!("../../../kat-vectors/tests/wire/p256-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/p256-compressed-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/p384-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/ed25519-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/rsa2048-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/secp256k1-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/p521-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/mlkem768-spki.der"),
    include_bytes!("../../../kat-vectors/tests/wire/mldsa65-spki.der"),
];

const PEM: [&[u8]; 2] = [
    include_bytes!("../../../kat-vectors/tests/wire/p256-spki.pem"),
    include_bytes!("../../../kat-vectors/tests/wire/rsa2048-spki.pem"),
];

const KINDS: [(KeyKind, Algorithm); 10] = [
    (KeyKind::EcP256, Algorithm::EcdsaP256),
    (KeyKind::EcP384, Algorithm::EcdsaP384),
    (KeyKind::EcP521, Algorithm::EcdsaP521),
    (KeyKind::Ed25519, Algorithm::Ed25519),
    (KeyKind::Rsa2048, Algorithm::RsaPss),
    (KeyKind::Rsa3072, Algorithm::RsaPkcs1),
    (KeyKind::Rsa4096, Algorithm::RsaPss),
    (KeyKind::MlKem768, Algorithm::MlKem),
    (KeyKind::MlDsa65, Algorithm::MlDsa),
    (KeyKind::SlhDsaSha2_128s, Algorithm::SlhDsa),
];

struct Importing {
    bench: Bench,
    templates: Vec<Attributes>,
}

thread_local! {
    static IMPORTING: RefCell<Option<Importing>> = const { RefCell::new(None) };
}

fn make() -> Importing {
    let template = |(kind, algorithm)| {
        let seals = algorithm == Algorithm::MlKem;
        let usage = if seals { Usage::ENCAPSULATE } else { Usage::VERIFY };
        let builder = Attributes::builder(kind).public().usage(usage);
        builder.permit(Rule::any(algorithm)).build().unwrap()
    };
    Importing { bench: Bench::new(), templates: KINDS.map(template).into() }
}

/// First byte: a DER or PEM key to damage with the rest as a script, or else the rest as it is, as either.
pub fn public_key(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let choice = usize::from(choice) % (DER.len() + PEM.len() + 2);
    with(&IMPORTING, make, |all| match choice.checked_sub(DER.len() + 1) {
        None => all.der(&DER.get(choice).map_or(rest.to_vec(), |good| mutate(good, rest))),
        Some(choice) => all.pem(&PEM.get(choice).map_or(rest.to_vec(), |good| mutate(good, rest))),
    });
}

impl Importing {
    fn pem(&self, text: &[u8]) {
        let mut der = vec![0xee; text.len()];
        match pem::parse(text, &mut der) {
            Ok(len) => {
                der.truncate(len);
                let mut again = vec![0; pem::emitted_len(len).unwrap()];
                pem::emit(&der, &mut again).unwrap();
                assert_eq!(again, text, "accepted and not canonical");
                self.der(&der);
            }
            Err(error) => {
                assert_eq!(error, Error::Rejected);
                assert!(der.iter().all(|byte| *byte == 0), "a refusal leaves nothing behind");
            }
        }
    }

    fn der(&self, der: &[u8]) {
        #[cfg(any(strongroom_lab, fuzzing))]
        let parsed = {
            let canonical = strongroom::lab::public_key_canonical(der);
            assert_ne!(canonical, Some(false), "accepted and not canonical: {der:02x?}");
            canonical.is_some()
        };
        let session = &self.bench.session;
        let keys = self.bench.keys();
        let mut accepted = 0;
        for template in &self.templates {
            match session.import_public(der, template) {
                Ok(key) => {
                    accepted += 1;
                    let key = key.value();
                    let form = self.exported(key);
                    // Only a compressed point has another, longer form.
                    assert!(form == der || form.len() > der.len(), "{der:02x?} became {form:02x?}");
                    session.destroy(key).unwrap().value();
                    let key = session.import_public(&form, template).unwrap().value();
                    assert_eq!(self.exported(key), form, "the exported form is stable");
                    session.destroy(key).unwrap().value();
                    #[cfg(any(strongroom_lab, fuzzing))]
                    assert!(parsed, "imported what the parser rejects");
                }
                Err(error) => assert!(
                    // Damaged; of another kind, secp256k1 among them, which the approved profile has not.
                    matches!(error, Error::Rejected | Error::InvalidArgument | Error::Unsupported),
                    "{error}: {der:02x?}"
                ),
            }
            self.bench.unmoved(keys);
        }
        assert!(accepted <= 1, "one key, one kind");
    }

    fn exported(&self, key: strongroom::KeyHandle) -> Vec<u8> {
        let mut out = vec![0; 4096];
        let len = self.bench.session.public_key(key, &mut out).unwrap().value();
        out.truncate(len);
        out
    }
}
