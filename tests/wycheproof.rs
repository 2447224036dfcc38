//! Every group of every Wycheproof set of an algorithm that the engine has, through the services of a session:
//! secret and private keys come in wrapped, public keys as SubjectPublicKeyInfo, and what an agreement or a
//! derivation made is judged by the MACs that the new key makes. The crate's sets of algorithms that the engine
//! does not have are named one by one (`absent.rs`).
//!
//! Each test ends in one of three ways: *agreed*, the service did what Wycheproof calls valid; *refused*, the
//! service refused what it calls invalid; or a deviation with a reason. How many of each there are, family by
//! family, is written down in `expected.rs`, and a run that counts otherwise fails: nothing is left out in silence.
//! docs/assurance.md shows the same table.
#![cfg(all(
    feature = "std",
    feature = "os-entropy",
    feature = "aes",
    feature = "hmac",
    feature = "sha3",
    feature = "kdf",
    feature = "rsa",
    feature = "ecdsa",
    feature = "secp256k1",
    feature = "ed25519",
    feature = "ml-kem",
    feature = "ml-dsa",
    not(strongroom_lab)
))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    unreachable_pub,
    missing_docs
)] // a test reports by panicking

#[path = "wycheproof/absent.rs"]
mod absent;
#[path = "wycheproof/derivations.rs"]
mod derivations;
#[path = "wycheproof/document.rs"]
mod document;
#[path = "wycheproof/elliptic.rs"]
mod elliptic;
#[path = "wycheproof/expected.rs"]
mod expected;
#[path = "wycheproof/lattice.rs"]
mod lattice;
#[allow(dead_code)] // other tests use the rest
#[path = "services/outside.rs"]
mod outside;
#[path = "wycheproof/rsa.rs"]
mod rsa_family;
#[path = "wycheproof/symmetric.rs"]
mod symmetric;

use std::collections::BTreeMap;

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Hash, KeyHandle, KeyKind, Outcome, Params,
    Profile, Rule, Session, State, Strength, Subject, UnwrapAs, Usage,
};
use wycheproof::{HashFunction, TestResult};

use expected::Why;

/// An engine of the general profile that takes weak keys and quick passwords, and a partner who shares a KEK.
struct Bench {
    engine: Engine,
    session: Session<'static>,
    partner: outside::Partner,
}

impl Bench {
    fn new() -> Self {
        let builder = Engine::builder().profile(Profile::General).min_iterations(1);
        let engine = builder.min_strength(Strength::of_bits(0)).power_on().unwrap();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        let partner = outside::Partner::of(&session, Algorithm::AesKwp);
        Self { engine, session, partner }
    }

    /// Brings a key in under the shared KEK.
    fn bring(&self, secret: &[u8], policy: AttributesBuilder) -> Result<KeyHandle, Error> {
        self.open(self.partner.kek, Algorithm::AesKwp, &Params::NONE, &self.partner.seal(secret), policy)
    }

    fn open(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        blob: &[u8],
        policy: AttributesBuilder,
    ) -> Result<KeyHandle, Error> {
        let form = policy.build()?;
        self.session.unwrap(kek, algorithm, params, blob, UnwrapAs::Foreign(&form)).map(Outcome::value)
    }

    fn import(&self, spki: &[u8], policy: AttributesBuilder) -> Result<KeyHandle, Error> {
        self.session.import_public(spki, &policy.public().build()?).map(Outcome::value)
    }

    fn spki(&self, key: KeyHandle) -> Vec<u8> {
        let mut out = vec![0; 4096];
        let len = self.session.public_key(key, &mut out).unwrap().value();
        out.truncate(len);
        out
    }

    fn destroy(&self, key: KeyHandle) {
        self.session.destroy(key).unwrap().value();
    }

    /// Decrypts; a refusal leaves nothing of its work behind.
    fn decrypt(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        text: &[u8],
        len: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut out = vec![0xee; len];
        match self.session.decrypt(key, algorithm, params, text, &mut out) {
            Ok(outcome) => {
                out.truncate(outcome.value());
                Ok(out)
            }
            Err(error) => {
                assert!(out.iter().all(|byte| *byte == 0) || out.iter().all(|byte| *byte == 0xee));
                Err(error)
            }
        }
    }

    fn verify(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        self.session.verify(key, algorithm, params, message, signature).map(Outcome::value)
    }

    /// Whether this key, which came out of a service as [`mac_key`], has this secret; it is gone then.
    fn has_secret(&self, key: KeyHandle, secret: &[u8]) -> bool {
        let mut tag = [0; 32];
        let params = Params::with_hash(Hash::Sha256);
        self.session.mac(key, Algorithm::Hmac, &params, b"message", &mut tag).unwrap().value();
        self.destroy(key);
        tag[..] == outside::hmac(Hash::Sha256, secret, b"message")
    }

    /// Good answers and bad ones left the engine as it was.
    fn settle(&self, ledger: &Ledger) {
        assert_eq!(self.engine.status().state, State::Operational);
        ledger.settle();
    }
}

/// A key whose secret is seen by the MACs it makes. No other length is known to the engine.
fn mac_key(len: usize) -> Option<AttributesBuilder> {
    let policy = Attributes::builder(KeyKind::Hmac).usage(Usage::MAC);
    let policy = policy.permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256));
    (14..=128).contains(&len).then(|| policy.length(len as u16))
}

const fn aes(len: usize) -> Option<KeyKind> {
    match len {
        16 => Some(KeyKind::Aes128),
        24 => Some(KeyKind::Aes192),
        32 => Some(KeyKind::Aes256),
        _ => None,
    }
}

const fn ours(hash: HashFunction) -> Option<Hash> {
    match hash {
        HashFunction::Sha2_224 => Some(Hash::Sha224),
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        HashFunction::Sha2_512_256 => Some(Hash::Sha512_256),
        HashFunction::Sha3_224 => Some(Hash::Sha3_224),
        HashFunction::Sha3_256 => Some(Hash::Sha3_256),
        HashFunction::Sha3_384 => Some(Hash::Sha3_384),
        HashFunction::Sha3_512 => Some(Hash::Sha3_512),
        HashFunction::Sha1 | HashFunction::Sha2_512_224 | HashFunction::Shake128 | HashFunction::Shake256 => {
            None
        }
    }
}

/// What became of the tests of one family.
struct Ledger {
    family: &'static str,
    /// Tests that the files say they have.
    given: usize,
    agreed: usize,
    refused: usize,
    deviations: BTreeMap<Why, usize>,
}

impl Ledger {
    const fn of(family: &'static str) -> Self {
        Self { family, given: 0, agreed: 0, refused: 0, deviations: BTreeMap::new() }
    }

    /// Judges one test. `why` is the reason to refuse what is valid or left open, where there is one.
    #[track_caller]
    fn judge(&mut self, what: &str, result: TestResult, good: bool, why: Option<Why>) {
        match (result, good) {
            (TestResult::Valid, true) => self.agreed += 1,
            (TestResult::Invalid, false) => self.refused += 1,
            (TestResult::Acceptable, true) => self.deviate(Why::OpenTaken, 1),
            (TestResult::Invalid, true) => panic!("{} {what}: taken", self.family),
            (TestResult::Valid | TestResult::Acceptable, false) => {
                let why = why.unwrap_or_else(|| panic!("{} {what}: refused ({result:?})", self.family));
                self.deviate(why, 1);
            }
        }
    }

    fn deviate(&mut self, why: Why, tests: usize) {
        *self.deviations.entry(why).or_default() += tests;
    }

    fn settle(&self) {
        let counted = (self.agreed, self.refused, self.deviations.iter().map(|(w, n)| (*w, *n)).collect());
        let sum = self.agreed + self.refused + self.deviations.values().sum::<usize>();
        assert_eq!(sum, self.given, "{}: every test has one end: {counted:?}", self.family);
        let row = expected::of(self.family);
        let expected: (usize, usize, Vec<(Why, usize)>) = (row.agreed, row.refused, row.deviations.to_vec());
        assert_eq!(counted, expected, "{}", self.family);
        assert!(self.agreed > 0, "{}", self.family);
    }
}
