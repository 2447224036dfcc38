//! The smallest complete HSM front end on the engine: a request loop with handles, a stored wrapped key, and
//! an error path. `cargo run --example front_end` runs a script; pipe your own requests into
//! `cargo run --example front_end -- -`.
//!
//! Requests: `new`, `sign HANDLE TEXT`, `verify HANDLE TEXT HEX`, `store HANDLE`, `load`, `destroy HANDLE`.

use std::error::Error as StdError;
use std::io::BufRead;

use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, KeyHandle, KeyKind, Params, Restriction, Rule,
    Session, Subject, UnwrapAs, Usage,
};

const SCRIPT: &str = "new\nsign $ hello\nverify $ hello %\nverify $ goodbye %\nstore $\ndestroy $\nsign $ hello\n\
                      load\nsign $ hello\nsign 12345 hello\nnonsense\n";

/// One client's connection.
struct FrontEnd {
    session: Session<'static>,
    kek: KeyHandle,
    /// What a real front end keeps in its database: useless without the KEK.
    stored: Option<Vec<u8>>,
}

impl FrontEnd {
    fn open(engine: &Engine) -> Result<Self, Error> {
        // A real front end checks who connects, here or in an `Authenticator`.
        let session = engine.open_session(Subject::user(1), b"")?;
        let kek = Attributes::builder(KeyKind::Aes256)
            .usage(Usage::WRAP.and(Usage::UNWRAP))
            .permit(Rule::any(Algorithm::NativeWrap))
            .build()?;
        let kek = session.generate(&kek)?.value();
        Ok(Self { session, kek, stored: None })
    }

    fn serve(&mut self, request: &str) -> Result<String, Error> {
        let params = Params::with_hash(Hash::Sha256);
        let words: Vec<&str> = request.split_whitespace().collect();
        match words.as_slice() {
            ["new"] => {
                let policy = Attributes::builder(KeyKind::EcP256)
                    .usage(Usage::SIGN.and(Usage::VERIFY))
                    .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
                    .export(Export::NATIVE)
                    .build()?;
                Ok(self.session.generate(&policy)?.value().to_u64().to_string())
            }
            ["sign", key, text] => {
                let mut signature = [0; 64];
                let (session, key) = (&self.session, handle(key)?);
                let signed =
                    session.sign(key, Algorithm::EcdsaP256, &params, text.as_bytes(), &mut signature)?;
                // The indicator goes to the audit log with the request.
                eprintln!("audit: {}", signed.indicator());
                Ok(signature.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            ["verify", key, text, signature] => {
                let (session, key) = (&self.session, handle(key)?);
                let signature = unhex(signature).ok_or(Error::InvalidArgument)?;
                let _ = session.verify(key, Algorithm::EcdsaP256, &params, text.as_bytes(), &signature)?;
                Ok("valid".into())
            }
            ["store", key] => {
                let (session, key) = (&self.session, handle(key)?);
                let mut blob = vec![0; session.wrapped_len(self.kek, Algorithm::NativeWrap, key)?.value()];
                let wrapped = session.wrap(self.kek, Algorithm::NativeWrap, &Params::NONE, key, &mut blob)?;
                blob.truncate(wrapped.value());
                self.stored = Some(blob);
                Ok("stored".into())
            }
            ["load"] => {
                let blob = self.stored.as_ref().ok_or(Error::UnknownKey)?;
                let form = UnwrapAs::Native(&Restriction::none());
                let key = self.session.unwrap(self.kek, Algorithm::NativeWrap, &Params::NONE, blob, form)?;
                Ok(key.value().to_u64().to_string())
            }
            ["destroy", key] => {
                let _ = self.session.destroy(handle(key)?)?;
                Ok("destroyed".into())
            }
            _ => Err(Error::InvalidArgument),
        }
    }
}

/// What the caller must do next is in the class of the error.
fn reply(error: Error) -> &'static str {
    match error {
        Error::NotPermitted | Error::UnknownKey => "DENIED",
        Error::Rejected => "INVALID",
        Error::BufferTooSmall | Error::NoSpace | Error::LimitReached | Error::InvalidArgument => {
            "BAD REQUEST"
        }
        Error::Unsupported => "NOT SUPPORTED",
        _ => "OUT OF SERVICE",
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let engine = Engine::power_on()?;
    let mut front_end = FrontEnd::open(&engine)?;
    let (mut last, mut signature) = (String::new(), String::new());
    let requests: Box<dyn Iterator<Item = String>> = if std::env::args().nth(1).as_deref() == Some("-") {
        Box::new(std::io::stdin().lock().lines().map_while(Result::ok))
    } else {
        Box::new(SCRIPT.lines().map(String::from))
    };
    for request in requests {
        // In the script, $ is the latest handle and % the latest signature.
        let request = request.replace('$', &last).replace('%', &signature);
        let answer = front_end.serve(&request);
        println!("> {request}\n{}", answer.as_deref().unwrap_or_else(|error| reply(*error)));
        match (request.split(' ').next(), answer) {
            (Some("new" | "load"), Ok(handle)) => last = handle,
            (Some("sign"), Ok(made)) => signature = made,
            (_, Err(Error::NotOperational | Error::Corrupted | Error::SelfTestFailed)) => {
                return Err(format!("stopped: {:?}", engine.status()).into());
            }
            _ => {}
        }
    }
    engine.zeroise();
    Ok(())
}

fn handle(text: &str) -> Result<KeyHandle, Error> {
    text.parse().map(KeyHandle::from_u64).map_err(|_| Error::InvalidArgument)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at.saturating_add(2))?, 16).ok())
        .collect()
}
