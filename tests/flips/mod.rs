//! Random bit flips: in key records, wrapped blobs and sealed messages. Nothing wrong comes out, nothing
//! panics, and what stops says why. Shared by tests/lab_faults.rs (a thousand) and examples/bitflips.rs (as
//! many as one asks for).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a test

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Hash, KeyHandle, KeyKind, Outcome,
    Params, Restriction, Result, Rule, Session, State, Subject, UnwrapAs, Usage,
};

/// How many of each sort were done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) records: u32,
    pub(crate) blobs: u32,
    pub(crate) messages: u32,
}

/// Damages `count` things, one to three bits each, in an order that `seed` fixes. Panics at the first that is
/// not found.
pub(crate) fn run(seed: u64, count: u32) -> Tally {
    let mut dice = Dice(seed);
    let mut tally = Tally::default();
    let bench = Bench::new();
    for round in 0..count {
        // A record stops its module, so it has an engine of its own; the others share one.
        match dice.below(8) {
            0 => {
                record(&mut dice, round);
                tally.records += 1;
            }
            1..=5 => {
                bench.blob(&mut dice, round);
                tally.blobs += 1;
            }
            _ => {
                bench.message(&mut dice, round);
                tally.messages += 1;
            }
        }
    }
    assert_eq!(bench.engine.status().state, State::Operational, "bytes from outside stop nothing");
    assert_eq!(bench.engine.self_test(), Ok(()), "and damage nothing");
    tally
}

/// SplitMix64: reproducible, and no secret.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Different bits of so many bytes.
    fn bits(&mut self, bytes: usize) -> Vec<usize> {
        let mut bits: Vec<usize> = (0..=self.below(3)).map(|_| self.below(bytes * 8)).collect();
        bits.sort_unstable();
        bits.dedup();
        bits
    }
}

fn flipped(good: &[u8], dice: &mut Dice) -> (Vec<u8>, Vec<usize>) {
    let bits = dice.bits(good.len());
    let mut bad = good.to_vec();
    bits.iter().for_each(|bit| bad[bit / 8] ^= 1 << (bit % 8));
    (bad, bits)
}

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

fn policy(kind: KeyKind, usage: [Usage; 2], rule: Rule) -> AttributesBuilder {
    Attributes::builder(kind).usage(usage[0].and(usage[1])).permit(rule).export(Export::INTEROPERABLE)
}

const SIGN: [Usage; 2] = [Usage::SIGN, Usage::VERIFY];
const MAC: [Usage; 2] = [Usage::MAC, Usage::VERIFY_MAC];
const CRYPT: [Usage; 2] = [Usage::ENCRYPT, Usage::DECRYPT];
const WRAP: [Usage; 2] = [Usage::WRAP, Usage::UNWRAP];

fn hmac() -> AttributesBuilder {
    policy(KeyKind::Hmac, MAC, Rule::hashed(Algorithm::Hmac, Hash::Sha256)).length(16)
}

fn made(session: &Session<'static>, policy: AttributesBuilder) -> KeyHandle {
    session.generate(&policy.build().unwrap()).unwrap().value()
}

/// A damaged record is found by whatever touches it first; the module stops; nothing comes out.
fn record(dice: &mut Dice, round: u32) {
    let engine = Engine::power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let (key, bytes, algorithm) = match dice.below(4) {
        0 => (made(&session, hmac()), 16, Algorithm::Hmac),
        1 => (
            made(&session, policy(KeyKind::Aes256, CRYPT, Rule::any(Algorithm::AesGcm))),
            32,
            Algorithm::AesGcm,
        ),
        2 => {
            let rule = Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256);
            (made(&session, policy(KeyKind::EcP256, SIGN, rule)), 32, Algorithm::EcdsaP256)
        }
        _ => (
            made(&session, policy(KeyKind::Ed25519, SIGN, Rule::any(Algorithm::Ed25519))),
            32,
            Algorithm::Ed25519,
        ),
    };
    let bits = dice.bits(bytes);
    for bit in &bits {
        engine.lab_flip(key, *bit).unwrap();
    }
    let mut out = [0xee; 128];
    let touched: Result<()> = match dice.below(3) {
        0 => session.attributes(key).map(drop),
        1 => engine.self_test(),
        _ => match algorithm {
            Algorithm::Hmac => session.mac(key, algorithm, &SHA256, b"m", &mut out).map(drop),
            Algorithm::AesGcm => session.encrypt(key, algorithm, &Params::NONE, b"m", &mut out).map(drop),
            Algorithm::EcdsaP256 => session.sign(key, algorithm, &SHA256, b"m", &mut out).map(drop),
            _ => session.sign(key, algorithm, &Params::NONE, b"m", &mut out).map(drop),
        },
    };
    let what = format!("round {round}: {algorithm:?}, bits {bits:?}");
    assert_eq!(touched, Err(Error::Corrupted), "{what}");
    assert!(out == [0xee; 128] || out == [0; 128], "{what}: no output");
    assert_eq!(engine.status().state, State::Error, "{what}");
    assert_eq!(session.random(&mut out).unwrap_err(), Error::NotOperational, "{what}");
}

/// Good blobs and messages of one engine.
struct Bench {
    engine: Engine,
    session: Session<'static>,
    blobs: Vec<Blob>,
    sealed: (KeyHandle, [u8; 12], Vec<u8>),
    signed: Vec<(KeyHandle, Algorithm, Params<'static>, Vec<u8>)>,
    tagged: (KeyHandle, Vec<u8>),
}

/// A wrapped key, and how it would come back.
struct Blob {
    kek: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
    bytes: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let engine = Engine::power_on().unwrap();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        let mut blobs = vec![];
        for (algorithm, kind, params) in [
            (Algorithm::NativeWrap, KeyKind::Aes256, Params::NONE),
            (Algorithm::AesKw, KeyKind::Aes256, Params::NONE),
            (Algorithm::AesKwp, KeyKind::Aes256, Params::NONE),
            (Algorithm::AesGcmWrap, KeyKind::Aes256, Params::NONE),
            // An HMAC key of 112 bits is what RSA-2048 may carry.
            (Algorithm::RsaOaep, KeyKind::Rsa2048, SHA256),
            (Algorithm::HybridKwp, KeyKind::HybridP384MlKem1024, Params::NONE),
            (Algorithm::HybridNative, KeyKind::HybridP384MlKem1024, Params::NONE),
        ] {
            let kek = made(&session, policy(kind, WRAP, Rule::any(algorithm)).export(Export::NONE));
            let payload = made(&session, if kind == KeyKind::Rsa2048 { hmac().length(14) } else { hmac() });
            let mut bytes = vec![0; 2048];
            let len = session.wrap(kek, algorithm, &params, payload, &mut bytes).unwrap().value();
            bytes.truncate(len);
            // Gone, so that nothing but the damage can be in the way.
            session.destroy(payload).unwrap().value();
            blobs.push(Blob { kek, algorithm, params, bytes });
        }
        let key = made(&session, policy(KeyKind::Aes256, CRYPT, Rule::any(Algorithm::AesGcm)));
        let mut text = vec![0; 100 + 16];
        let sealed = session.encrypt(key, Algorithm::AesGcm, &Params::NONE, &[7; 100], &mut text).unwrap();
        let iv = *sealed.value().iv.as_bytes().first_chunk().unwrap();
        let mut signed = vec![];
        for (kind, algorithm, params) in [
            (KeyKind::EcP256, Algorithm::EcdsaP256, SHA256),
            (KeyKind::Ed25519, Algorithm::Ed25519, Params::NONE),
            (KeyKind::Rsa2048, Algorithm::RsaPss, SHA256),
        ] {
            let signer = made(&session, policy(kind, SIGN, Rule::any(algorithm)));
            let mut signature = vec![0; 256];
            let len = session.sign(signer, algorithm, &params, MESSAGE, &mut signature).unwrap().value();
            signature.truncate(len);
            signed.push((signer, algorithm, params, signature));
        }
        let mac = made(&session, hmac());
        let mut tag = vec![0; 32];
        session.mac(mac, Algorithm::Hmac, &SHA256, MESSAGE, &mut tag).unwrap().value();
        Self { engine, session, blobs, sealed: (key, iv, text), signed, tagged: (mac, tag) }
    }

    /// No damaged blob becomes a key.
    fn blob(&self, dice: &mut Dice, round: u32) {
        // Private operations of RSA and of a hybrid key take a hundred times as long.
        let pick = if dice.below(64) == 0 { 4 + dice.below(3) } else { dice.below(4) };
        let Blob { kek, algorithm, params, bytes } = &self.blobs[pick];
        let (bad, bits) = flipped(bytes, dice);
        let unwrapped = self.unwrap(*kek, *algorithm, params, &bad);
        assert_eq!(
            unwrapped.map(drop).unwrap_err(),
            Error::Rejected,
            "round {round}: {algorithm:?}, bits {bits:?}"
        );
        // Now and then the good one, to see that it is the damage that is refused.
        if dice.below(100) == 0 {
            let key = self.unwrap(*kek, *algorithm, params, bytes).unwrap().value();
            self.session.destroy(key).unwrap().value();
        }
    }

    fn unwrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        blob: &[u8],
    ) -> Result<Outcome<KeyHandle>> {
        let template =
            if algorithm == Algorithm::RsaOaep { hmac().length(14) } else { hmac() }.build().unwrap();
        let limit = Restriction::none();
        let form = match algorithm {
            Algorithm::NativeWrap | Algorithm::HybridNative => UnwrapAs::Native(&limit),
            _ => UnwrapAs::Foreign(&template),
        };
        self.session.unwrap(kek, algorithm, params, blob, form)
    }

    /// No damaged ciphertext is opened, no damaged signature or tag accepted.
    fn message(&self, dice: &mut Dice, round: u32) {
        let session = &self.session;
        let (answer, what) = match dice.below(8) {
            0..=3 => {
                let (key, iv, text) = &self.sealed;
                let (bad, bits) = flipped(text, dice);
                let mut out = [0xee; 100];
                let params = Params::NONE.iv(iv);
                let opened = session.decrypt(*key, Algorithm::AesGcm, &params, &bad, &mut out).map(drop);
                assert!(out == [0xee; 100] || out == [0; 100], "round {round}: no plaintext");
                (opened, ("AES-GCM", bits))
            }
            4..=5 => {
                let (key, tag) = &self.tagged;
                let (bad, bits) = flipped(tag, dice);
                (session.verify_mac(*key, Algorithm::Hmac, &SHA256, MESSAGE, &bad).map(drop), ("HMAC", bits))
            }
            _ => {
                let (key, algorithm, params, signature) = &self.signed[dice.below(self.signed.len())];
                let (bad, bits) = flipped(signature, dice);
                (session.verify(*key, *algorithm, params, MESSAGE, &bad).map(drop), (algorithm.name(), bits))
            }
        };
        assert_eq!(answer, Err(Error::Rejected), "round {round}: {what:?}");
    }
}

const MESSAGE: &[u8] = b"what was signed";
