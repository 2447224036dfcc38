//! What the engine does in a row, and the keys that every thread of the row uses.

use std::hint::black_box;

use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, KeyHandle, KeyKind, Params, Restriction, Rule,
    Session, SignItem, Subject, UnwrapAs, Usage, VerifyItem,
};

use super::{MESSAGE, Operation, SHA256};

/// Items in a batch.
pub(super) const BATCH: u16 = 64;
/// Bytes of the longest signature of a row, SLH-DSA-SHA2-128f.
const LONGEST_SIGNATURE: usize = 17088;

/// An operation of the engine.
#[derive(Clone, Copy)]
pub(super) enum Job {
    Sign {
        kind: KeyKind,
        algorithm: Algorithm,
        params: Params<'static>,
    },
    Verify {
        kind: KeyKind,
        algorithm: Algorithm,
        params: Params<'static>,
    },
    /// This many bytes with AES-256-GCM.
    Seal(u32),
    Mac,
    /// SHA-256 of this many bytes.
    Digest(u32),
    Random(u32),
    Generate,
    Wrap,
    /// And destroy: a key lives once.
    Unwrap,
    /// Into a MAC key, and destroy it.
    Encapsulate,
    Decapsulate,
}

/// The keys of a job: what works, what wraps it, and what was made of them before the clock started.
pub(super) struct Keys {
    working: Option<KeyHandle>,
    kek: Option<KeyHandle>,
    /// The signature to verify.
    made: Vec<u8>,
}

impl Keys {
    pub(super) fn new(session: &Session, job: &Job) -> Result<Self, Error> {
        let generate = |kind, usage: Usage, rule| -> Result<KeyHandle, Error> {
            let policy =
                Attributes::builder(kind).usage(usage).permit(rule).export(Export::NATIVE).persistent();
            Ok(session.generate(&policy.build()?)?.value())
        };
        let signing = Usage::SIGN.and(Usage::VERIFY);
        let working = match *job {
            Job::Sign { kind, algorithm, .. } | Job::Verify { kind, algorithm, .. } => {
                Some(generate(kind, signing, Rule::any(algorithm))?)
            }
            Job::Seal(_) => Some(generate(
                KeyKind::Aes256,
                Usage::ENCRYPT.and(Usage::DECRYPT),
                Rule::any(Algorithm::AesGcm),
            )?),
            Job::Mac => Some(generate(
                KeyKind::Hmac,
                Usage::MAC.and(Usage::VERIFY_MAC),
                Rule::hashed(Algorithm::Hmac, Hash::Sha256),
            )?),
            Job::Wrap | Job::Unwrap => {
                Some(generate(KeyKind::EcP256, signing, Rule::any(Algorithm::EcdsaP256))?)
            }
            Job::Encapsulate | Job::Decapsulate => Some(generate(
                KeyKind::MlKem768,
                Usage::ENCAPSULATE.and(Usage::DECAPSULATE),
                Rule::any(Algorithm::MlKem),
            )?),
            Job::Digest(_) | Job::Random(_) | Job::Generate => None,
        };
        let kek = match job {
            Job::Wrap | Job::Unwrap => Some(generate(
                KeyKind::Aes256,
                Usage::WRAP.and(Usage::UNWRAP),
                Rule::any(Algorithm::NativeWrap),
            )?),
            _ => None,
        };
        let mut made = vec![0; LONGEST_SIGNATURE];
        let len = match (job, working) {
            (Job::Verify { algorithm, params, .. }, Some(key)) => {
                session.sign(key, *algorithm, params, MESSAGE, &mut made)?.value()
            }
            (Job::Decapsulate, Some(key)) => {
                let (secret, len) =
                    session.encapsulate(key, Algorithm::MlKem, &Params::NONE, &secret()?, &mut made)?.value();
                let _ = session.destroy(secret)?;
                len
            }
            _ => 0,
        };
        made.truncate(len);
        Ok(Self { working, kek, made })
    }

    /// Makes room for the next row.
    pub(super) fn destroy(self, session: &Session) -> Result<(), Error> {
        for key in [self.working, self.kek].into_iter().flatten() {
            let _ = session.destroy(key)?;
        }
        Ok(())
    }
}

/// What an encapsulated key becomes.
fn secret() -> Result<Attributes, Error> {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(32)
        .build()
}

impl Job {
    /// Bytes that go through in one operation, where they are what matters.
    pub(super) const fn bytes(&self) -> Option<u32> {
        match self {
            Self::Seal(bytes) | Self::Digest(bytes) | Self::Random(bytes) => Some(*bytes),
            _ => None,
        }
    }

    /// A batch of [`BATCH`] such operations in a session of its own, where there is one.
    pub(super) fn batch(self, engine: &Engine, keys: &Keys) -> Result<Option<Operation>, Error> {
        let session = engine.open_session(Subject::user(1), b"")?;
        let key = || keys.working.ok_or(Error::InvalidArgument);
        Ok(Some(match self {
            Self::Sign { algorithm, params, .. } => {
                let (key, mut signatures) = (key()?, vec![vec![0; LONGEST_SIGNATURE]; BATCH.into()]);
                Box::new(move || {
                    let item = |out| SignItem::new(key, algorithm, params, MESSAGE, out);
                    let mut items: Vec<_> =
                        signatures.iter_mut().map(|out| item(out.as_mut_slice())).collect();
                    black_box(session.sign_batch(&mut items))
                })
            }
            Self::Verify { algorithm, params, .. } => {
                let (key, signature) = (key()?, keys.made.clone());
                Box::new(move || {
                    let item = || VerifyItem::new(key, algorithm, params, MESSAGE, &signature);
                    let mut items: Vec<_> = (0..BATCH).map(|_| item()).collect();
                    black_box(session.verify_batch(&mut items))
                })
            }
            _ => return Ok(None),
        }))
    }

    /// The operation, in a session of its own.
    pub(super) fn operation(self, engine: &Engine, keys: &Keys) -> Result<Operation, Error> {
        let session = engine.open_session(Subject::user(1), b"")?;
        let working = || keys.working.ok_or(Error::InvalidArgument);
        let kek = || keys.kek.ok_or(Error::InvalidArgument);
        let bytes = self.bytes().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        Ok(match self {
            Self::Sign { algorithm, params, .. } => {
                let key = working()?;
                let mut signature = vec![0; LONGEST_SIGNATURE];
                Box::new(move || {
                    black_box(session.sign(key, algorithm, &params, MESSAGE, &mut signature)).map(drop)
                })
            }
            Self::Verify { algorithm, params, .. } => {
                let (key, signature) = (working()?, keys.made.clone());
                Box::new(move || {
                    black_box(session.verify(key, algorithm, &params, MESSAGE, &signature)).map(drop)
                })
            }
            Self::Seal(_) => {
                let key = working()?;
                let (plaintext, mut out) = (vec![0x42; bytes], vec![0; bytes.saturating_add(16)]);
                Box::new(move || {
                    let sealed = session.encrypt(key, Algorithm::AesGcm, &Params::NONE, &plaintext, &mut out);
                    black_box(sealed).map(drop)
                })
            }
            Self::Mac => {
                let key = working()?;
                let mut tag = [0; 32];
                Box::new(move || {
                    black_box(session.mac(key, Algorithm::Hmac, &SHA256, MESSAGE, &mut tag)).map(drop)
                })
            }
            Self::Digest(_) => {
                let (message, mut digest) = (vec![0x42; bytes], [0; 32]);
                Box::new(move || black_box(session.digest(Hash::Sha256, &message, &mut digest)).map(drop))
            }
            Self::Random(_) => {
                let mut out = vec![0; bytes];
                Box::new(move || black_box(session.random(&mut out)).map(drop))
            }
            Self::Generate => {
                let policy = Attributes::builder(KeyKind::EcP256)
                    .usage(Usage::SIGN)
                    .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
                    .build()?;
                Box::new(move || {
                    let key = session.generate(&policy)?.value();
                    black_box(session.destroy(key)).map(drop)
                })
            }
            Self::Encapsulate => {
                let (key, template, mut ciphertext) = (working()?, secret()?, [0; 1088]);
                Box::new(move || {
                    let made = session.encapsulate(
                        key,
                        Algorithm::MlKem,
                        &Params::NONE,
                        &template,
                        &mut ciphertext,
                    )?;
                    black_box(session.destroy(made.value().0)).map(drop)
                })
            }
            Self::Decapsulate => {
                let (key, template, ciphertext) = (working()?, secret()?, keys.made.clone());
                Box::new(move || {
                    let made =
                        session.decapsulate(key, Algorithm::MlKem, &Params::NONE, &ciphertext, &template)?;
                    black_box(session.destroy(made.value())).map(drop)
                })
            }
            Self::Wrap => {
                let (key, kek) = (working()?, kek()?);
                let mut blob = [0; 512];
                Box::new(move || {
                    let wrapped = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, key, &mut blob);
                    black_box(wrapped).map(drop)
                })
            }
            Self::Unwrap => {
                let kek = kek()?;
                // A copy for each thread: a second live instance of one key is refused.
                let copy = session.copy(working()?, &Restriction::none())?.value();
                let mut blob = vec![0; 512];
                let len = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, copy, &mut blob)?.value();
                blob.truncate(len);
                let _ = session.destroy(copy)?;
                Box::new(move || {
                    let all = Restriction::none();
                    let form = UnwrapAs::Native(&all);
                    let key = session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, &blob, form)?;
                    black_box(session.destroy(key.value())).map(drop)
                })
            }
        })
    }
}
