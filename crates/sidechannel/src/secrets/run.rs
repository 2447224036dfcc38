//! The run: arguments, rows, coverage.

mod algorithms;
mod keys;
mod module;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::OnceLock;

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Backend, Engine, Error, Export, Hash, HeapStore, KeyHandle,
    KeyKind, Params, Profile, Restriction, Rule, Session, Subject, UnwrapAs, Usage, lab,
};

const HELP: &str = "strongroom-secrets [--backend NAME] [--quick] [--leak] [--dry] [RSA-KEY.der ...]\n\
    --backend is adx, words64 or portable, the first that there is without it: no other has its doors and suppressions yet;\n\
    --quick leaves out what takes minutes under valgrind; --leak branches on secrets on purpose; --dry runs without valgrind\n\
    and shows nothing but that it runs;\n\
    RSA keys are PKCS #8, one for each size that is to be run";

pub(crate) fn main() -> ExitCode {
    let mut run =
        Run { quick: false, keys: Vec::new(), rows: 0, errors: 0, bad: Vec::new(), served: BTreeSet::new() };
    let (mut leak, mut dry) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--backend" => match arguments.next().as_deref().and_then(watched) {
                Some(backend) => _ = BACKEND.set(backend),
                None => return refuse(HELP),
            },
            "--quick" => run.quick = true,
            "--leak" => leak = true,
            "--dry" => dry = true,
            path if !path.starts_with('-') => match std::fs::read(path) {
                Ok(key) => run.keys.push(key),
                Err(error) => return refuse(&format!("{path}: {error}")),
            },
            _ => return refuse(HELP),
        }
    }
    if lab::valgrind_errors().is_none() && !dry {
        return refuse("not under valgrind: run tests/valgrind/run.sh");
    }
    println!("backend {}", backend().name());
    if leak {
        return on_purpose();
    }
    module::all(&mut run);
    keys::all(&mut run);
    algorithms::all(&mut run);
    run.finish()
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("strongroom-secrets: {message}");
    ExitCode::from(2)
}

/// Branches on bits of a MAC and looks up one byte of a random number: nothing here marks them, so the marks are
/// those of the key and of the DRBG, and three errors say that valgrind sees them.
fn on_purpose() -> ExitCode {
    static TABLE: [u8; 256] = [1; 256];
    let rig = Rig::new();
    let key = rig.generate(&hmac().build().unwrap());
    let (mut tag, mut random) = ([0; 32], [0; 1]);
    rig.session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap().value();
    rig.session.random(&mut random).unwrap().value();
    let before = lab::valgrind_errors();
    let mut sum = 0u32;
    for byte in &tag[..2] {
        if std::hint::black_box(*byte) & 1 == 1 {
            sum = std::hint::black_box(sum + 1);
        }
    }
    sum += u32::from(std::hint::black_box(&TABLE)[usize::from(random[0])]);
    std::hint::black_box(sum);
    println!("leak on purpose: {} errors", lab::valgrind_errors().unwrap() - before.unwrap());
    ExitCode::SUCCESS
}

pub(crate) const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// What ran, and how it went.
pub(crate) struct Run {
    pub(crate) quick: bool,
    /// RSA keys, PKCS #8.
    pub(crate) keys: Vec<Vec<u8>>,
    rows: usize,
    /// Reported inside operations.
    errors: usize,
    bad: Vec<String>,
    served: BTreeSet<(&'static str, &'static str)>,
}

/// What an operation gave, as far as it shows that a secret was in it.
pub(crate) enum Gave {
    /// Output that carries marks, because it was made of secrets and nothing has declared it public.
    Marked(usize),
    /// A verdict, or output that the engine itself declared public.
    Nothing,
}

impl Run {
    /// Runs one operation and prints its row.
    pub(crate) fn operation(&mut self, name: &str, body: impl FnOnce() -> Result<Gave, Error>) {
        eprintln!("== {name}");
        let before = lab::valgrind_errors().unwrap_or_default();
        let gave = body();
        let errors = lab::valgrind_errors().unwrap_or_default() - before;
        self.errors += errors;
        let verdict = match gave {
            Err(error) => format!("FAILED: {error:?}"),
            Ok(Gave::Marked(0)) if lab::valgrind_errors().is_some() => {
                "FAILED: no secret reached its output".into()
            }
            Ok(_) if errors > 0 => format!("{errors} ERRORS"),
            Ok(_) => "clean".into(),
        };
        println!("{name} -> {verdict}");
        self.rows += 1;
        if verdict != "clean" {
            self.bad.push(format!("{name}: {verdict}"));
        }
    }

    /// The same, as a usage of an algorithm.
    pub(crate) fn usage(
        &mut self,
        algorithm: Algorithm,
        usage: Usage,
        what: &str,
        body: impl FnOnce() -> Result<Gave, Error>,
    ) {
        let (_, named) = Usage::NAMED.iter().find(|(one, _)| *one == usage).unwrap();
        self.served.insert((algorithm.name(), named));
        self.operation(
            &format!("{} {named}{}{what}", algorithm.name(), if what.is_empty() { "" } else { ", " }),
            body,
        );
    }

    /// An algorithm without keys.
    pub(crate) fn keyless(
        &mut self,
        algorithm: Algorithm,
        what: &str,
        body: impl FnOnce() -> Result<Gave, Error>,
    ) {
        self.served.insert((algorithm.name(), ""));
        self.operation(&format!("{} {what}", algorithm.name()), body);
    }

    fn finish(self) -> ExitCode {
        let mut missing = Vec::new();
        for algorithm in Algorithm::all() {
            let usages = Usage::NAMED.iter().filter(|(usage, _)| algorithm.facts().usage.has(*usage));
            let mut named: Vec<_> = usages.map(|(_, name)| *name).collect();
            if named.is_empty() {
                named.push("");
            }
            for usage in named {
                if !self.served.contains(&(algorithm.name(), usage)) {
                    missing.push(format!("{} {usage}: not run", algorithm.name()));
                }
            }
        }
        let all = lab::valgrind_errors().unwrap_or_default();
        if all > self.errors {
            missing.push(format!("{} errors while operations were prepared", all - self.errors));
        }
        println!("{} operations, {} not clean, {} missing", self.rows, self.bad.len(), missing.len());
        for line in self.bad.iter().chain(&missing) {
            println!("  {line}");
        }
        if self.bad.is_empty() && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

static BACKEND: OnceLock<Backend> = OnceLock::new();

/// What runs.
pub(crate) fn backend() -> Backend {
    *BACKEND.get_or_init(|| if Backend::Adx.is_available() { Backend::Adx } else { Backend::Words64 })
}

/// The backends that have their doors and suppressions.
fn watched(name: &str) -> Option<Backend> {
    [Backend::Adx, Backend::Words64, Backend::Portable].into_iter().find(|backend| backend.name() == name)
}

/// An engine of the general profile, which has every algorithm, and a session.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) session: Session<'static>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let builder = Engine::builder().store(HeapStore::new(64, 4)).profile(Profile::General);
        let engine = builder.min_iterations(1).backend(backend()).unwrap().power_on().unwrap();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        Self { engine, session }
    }

    pub(crate) fn generate(&self, template: &Attributes) -> KeyHandle {
        self.session.generate(template).unwrap().value()
    }

    pub(crate) fn destroy(&self, key: KeyHandle) {
        self.session.destroy(key).unwrap().value();
    }

    /// The public half, SubjectPublicKeyInfo. Public it is already: no mark is taken away here.
    pub(crate) fn public_key(&self, key: KeyHandle) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; 4096];
        let len = self.session.public_key(key, &mut out)?.value();
        out.truncate(len);
        Ok(out)
    }

    /// A key of a KEK that this program knows: KWP under a stretched password.
    pub(crate) fn bring_in(&self, template: &Attributes, plain: &[u8]) -> Result<KeyHandle, Error> {
        let (password, salt) = (b"not a password at all", b"salt of 16 bytes");
        let kek = policy(KeyKind::Aes256, Usage::UNWRAP, Rule::any(Algorithm::AesKwp));
        // What comes of a password does not leave.
        let kek = kek.export(Export::NONE).build().unwrap();
        let params = SHA256.salt(salt).iterations(1);
        let kek = self.session.derive_from_password(Algorithm::Pbkdf2, &params, password, &kek)?.value();
        let bytes = lab::raw::pbkdf2(Hash::Sha256, password, salt, 1, 32)?;
        let blob = lab::raw::key_wrap(&bytes, true, plain)?;
        let form = UnwrapAs::Foreign(template);
        let key = self.session.unwrap(kek, Algorithm::AesKwp, &Params::NONE, &blob, form);
        self.destroy(kek);
        Ok(key?.value())
    }

    /// Wraps a key, and declares the blob public as it leaves.
    pub(crate) fn wrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        payload: KeyHandle,
    ) -> Result<(Vec<u8>, usize), Error> {
        let mut blob = vec![0; 8192];
        let len = self.session.wrap(kek, algorithm, params, payload, &mut blob)?.value();
        blob.truncate(len);
        let marked = given(&mut blob);
        Ok((blob, marked))
    }

    pub(crate) fn unwrap(
        &self,
        kek: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        blob: &[u8],
        template: &Attributes,
    ) -> Result<KeyHandle, Error> {
        let none = Restriction::none();
        let native = matches!(algorithm, Algorithm::NativeWrap | Algorithm::HybridNative);
        let form = if native { UnwrapAs::Native(&none) } else { UnwrapAs::Foreign(template) };
        self.session.unwrap(kek, algorithm, params, blob, form).map(strongroom::Outcome::value)
    }

    /// What a new MAC key says: marked, since the key is secret.
    pub(crate) fn says(&self, key: KeyHandle) -> Result<Gave, Error> {
        let mut tag = [0; 32];
        self.session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag)?.value();
        self.destroy(key);
        Ok(Gave::Marked(given(&mut tag)))
    }
}

/// How many bytes of an output carry marks; it is public from here on.
pub(crate) fn given(output: &mut [u8]) -> usize {
    let marked = lab::marked(output);
    lab::mark_public(output);
    marked
}

pub(crate) fn refused<T>(answer: Result<T, Error>) -> Result<Gave, Error> {
    match answer {
        Err(Error::Rejected) => Ok(Gave::Nothing),
        Err(error) => Err(error),
        Ok(_) => panic!("what was damaged was taken"),
    }
}

pub(crate) fn policy(kind: KeyKind, usage: Usage, rule: Rule) -> AttributesBuilder {
    let builder = Attributes::builder(kind).usage(usage).permit(rule).export(Export::INTEROPERABLE);
    if kind == KeyKind::Hmac || kind == KeyKind::Derivation { builder.length(32) } else { builder }
}

pub(crate) fn hmac() -> AttributesBuilder {
    policy(KeyKind::Hmac, Usage::MAC.and(Usage::VERIFY_MAC), Rule::hashed(Algorithm::Hmac, Hash::Sha256))
}
