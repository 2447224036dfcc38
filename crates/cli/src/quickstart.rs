//! The main job on a real file: keys born inside, used under policy, wrapped, refused where they must be.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use strongroom::{
    Algorithm, Attributes, Error, Export, Hash, KeyHandle, KeyKind, Outcome, Params, Restriction, Rule,
    Session, Subject, UnwrapAs, Usage, pem,
};

use crate::{Failure, selftest, unexpected};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// Every file that is written.
const EC_SIGNATURE: &str = "p256.sig";
const EC_AGAIN: &str = "p256-again.sig";
const EC_PUBLIC: &str = "p256.pem";
const EC_WRAPPED: &str = "p256.wrapped";
const RSA_SIGNATURE: &str = "rsa.sig";
const RSA_PUBLIC: &str = "rsa.pem";
const OUTPUTS: [&str; 6] = [EC_SIGNATURE, EC_AGAIN, EC_PUBLIC, EC_WRAPPED, RSA_SIGNATURE, RSA_PUBLIC];

/// What to work on, and where results go.
pub(crate) struct Options<'a> {
    file: &'a str,
    folder: &'a str,
}

impl<'a> Options<'a> {
    /// Reads `FILE [--out DIR]`.
    pub(crate) fn parse(words: &[&'a str]) -> Result<Self, Failure> {
        let (file, folder) = match words {
            ["--out", folder, file] | [file, "--out", folder] => (*file, *folder),
            [] => return Err(Failure::Usage("quickstart needs a FILE, for example README.md".into())),
            [.., "--out"] => return Err(Failure::Usage("--out needs a folder".into())),
            [file] => (*file, "strongroom-quickstart"),
            [_, extra, ..] => return Err(unexpected(extra)),
        };
        // openssl would take such a name for an option.
        match [file, folder].into_iter().find(|name| name.starts_with('-') || name.is_empty()) {
            Some(name) => Err(Failure::Usage(format!("\"{name}\" is no name of a file; try ./{name}"))),
            None => Ok(Self { file, folder }),
        }
    }

    /// The whole demonstration.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let (file, folder) = (self.file, Path::new(self.folder));
        let message = fs::read(file).map_err(|error| {
            format!("cannot read {file}: {error}. Name a file that you may read, for example README.md.")
        })?;
        fs::create_dir_all(folder).map_err(|error| {
            format!("cannot create {}: {error}. Name another folder with --out.", folder.display())
        })?;
        let input = fs::canonicalize(file)?;
        if OUTPUTS.iter().any(|name| fs::canonicalize(folder.join(name)).is_ok_and(|path| path == input)) {
            return Err(format!("{file} would be overwritten. Name another folder with --out.").into());
        }
        demonstrate(file, &message, folder, out)
    }
}

fn demonstrate(file: &str, message: &[u8], folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "-- power on")?;
    let engine = crate::engine().power_on()?;
    selftest::print(&engine, out)?;
    selftest::integrity(&engine, out)?;
    writeln!(out, "\nevery answer carries these caveats:")?;
    for (name, why) in engine.status().caveats.iter() {
        writeln!(out, "  [{name}] {why}")?;
    }
    let session = engine.open_session(Subject::user(1), b"")?;

    writeln!(out, "\n-- keys, born inside")?;
    let may_leave = signing_policy(KeyKind::EcP256, Algorithm::EcdsaP256, Export::NATIVE)?;
    let ec = say(out, "P-256 signing key (may leave in native blobs)", session.generate(&may_leave)?)?;
    let stays = signing_policy(KeyKind::Rsa2048, Algorithm::RsaPkcs1, Export::NONE)?;
    let rsa = say(out, "RSA-2048 signing key (never leaves)", session.generate(&stays)?)?;
    let kek = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap))
        .build()?;
    let kek = say(out, "AES-256 wrapping key (never leaves)", session.generate(&kek)?)?;
    let data = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .build()?;
    let data = say(out, "AES-256 data key (never leaves)", session.generate(&data)?)?;

    writeln!(out, "\n-- sign {file}")?;
    let ec_signature = sign(out, &session, ec, Algorithm::EcdsaP256, message)?;
    let rsa_signature = sign(out, &session, rsa, Algorithm::RsaPkcs1, message)?;
    write(out, folder, EC_SIGNATURE, &ecdsa_der(&ec_signature))?;
    write(out, folder, EC_PUBLIC, &public_pem(&session, ec)?)?;
    write(out, folder, RSA_SIGNATURE, &rsa_signature)?;
    write(out, folder, RSA_PUBLIC, &public_pem(&session, rsa)?)?;

    writeln!(out, "\n-- encrypt and decrypt {file}")?;
    let mut ciphertext = vec![0; message.len().saturating_add(16)];
    let params = Params::NONE.aad(b"quickstart");
    let sealed = session.encrypt(data, Algorithm::AesGcm, &params, message, &mut ciphertext)?;
    writeln!(out, "  {} bytes with tag: {}", sealed.as_value().len, sealed.indicator())?;
    let iv = sealed.value().iv;
    let mut plaintext = vec![0; message.len()];
    let params = params.iv(iv.as_bytes());
    let opened = session.decrypt(data, Algorithm::AesGcm, &params, &ciphertext, &mut plaintext)?;
    if plaintext != message {
        return Err("decryption gave another file: do not use this build".into());
    }
    writeln!(out, "  decrypted to the same file: {}", opened.indicator())?;

    writeln!(out, "\n-- wrap the signing key, destroy it, unwrap it, sign again")?;
    let mut blob = vec![0; session.wrapped_len(kek, Algorithm::NativeWrap, ec)?.value()];
    let wrapped = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, ec, &mut blob)?;
    writeln!(out, "  wrapped: {}", wrapped.indicator())?;
    blob.truncate(wrapped.value());
    write(out, folder, EC_WRAPPED, &blob)?;
    writeln!(out, "  (of use to this run alone: its wrapping key dies with it)")?;
    let _ = session.destroy(ec)?;
    let gone = session.attributes(ec);
    refused(out, "anything of the destroyed key", gone, Error::UnknownKey)?;
    let all = Restriction::none();
    let unwrap = |blob: &[u8], limit: &Restriction| {
        session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, blob, UnwrapAs::Native(limit))
    };
    let back = say(out, "unwrapped signing key", unwrap(&blob, &all)?)?;
    let again = sign(out, &session, back, Algorithm::EcdsaP256, message)?;
    let _ = session.verify(back, Algorithm::EcdsaP256, &SHA256, message, &ec_signature)?;
    writeln!(out, "  it verifies the signature made before it was destroyed")?;
    write(out, folder, EC_AGAIN, &ecdsa_der(&again))?;

    writeln!(out, "\n-- refusals")?;
    let decrypt = session.decrypt(back, Algorithm::AesGcm, &params, &ciphertext, &mut plaintext);
    refused(out, "decrypt the file with the signing key", decrypt, Error::NotPermitted)?;
    let export = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, rsa, &mut vec![0; 4096]);
    refused(out, "wrap the RSA key, which may not leave", export, Error::NotPermitted)?;
    // Destroyed first: a second live instance would be refused whatever the blob.
    let _ = session.destroy(back)?;
    let mut tampered = blob.clone();
    if let Some(last) = tampered.last_mut() {
        *last ^= 1;
    }
    refused(out, "unwrap the blob with one bit changed", unwrap(&tampered, &all), Error::Rejected)?;
    let wider = Restriction::none().export(Export::INTEROPERABLE);
    let widened = unwrap(&blob, &wider);
    refused(out, "unwrap the blob with more rights than it has", widened, Error::NotPermitted)?;
    let _ = say(out, "the blob as it is still unwraps", unwrap(&blob, &all)?)?;

    writeln!(out, "\n-- check the signatures without strongroom; each command answers \"Verified OK\":")?;
    for (public, signature) in [(EC_PUBLIC, EC_SIGNATURE), (EC_PUBLIC, EC_AGAIN), (RSA_PUBLIC, RSA_SIGNATURE)]
    {
        let [public, signature] = [public, signature].map(|name| quoted(&folder.join(name)));
        let file = quoted(Path::new(file));
        writeln!(out, "openssl dgst -sha256 -verify {public} -signature {signature} {file}")?;
    }
    Ok(())
}

/// Writes a file anew, never through a link that lies in its place. The wrapped key is for its owner alone.
fn write(out: &mut dyn Write, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    let written = match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => create(&path, name == EC_WRAPPED).and_then(|mut file| file.write_all(bytes)),
    };
    written.map_err(|error| {
        format!("cannot write {}: {error}. Name another folder with --out.", path.display())
    })?;
    Ok(writeln!(out, "  wrote {} ({} bytes)", path.display(), bytes.len())?)
}

fn create(path: &Path, private: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./+,:@%=-".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn signing_policy(kind: KeyKind, algorithm: Algorithm, export: Export) -> Result<Attributes, Error> {
    Attributes::builder(kind)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::hashed(algorithm, Hash::Sha256))
        .export(export)
        .label(b"quickstart")
        .build()
}

fn say(out: &mut dyn Write, what: &str, made: Outcome<KeyHandle>) -> io::Result<KeyHandle> {
    writeln!(out, "  {what}: {}", made.indicator())?;
    Ok(made.value())
}

fn sign(
    out: &mut dyn Write,
    session: &Session,
    key: KeyHandle,
    algorithm: Algorithm,
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut signature = vec![0; 512];
    let signed = session.sign(key, algorithm, &SHA256, message, &mut signature)?;
    writeln!(out, "  signed: {}", signed.indicator())?;
    signature.truncate(signed.value());
    Ok(signature)
}

fn public_pem(session: &Session, key: KeyHandle) -> Result<Vec<u8>, Failure> {
    let mut der = vec![0; 1024];
    let len = session.public_key(key, &mut der)?.value();
    der.truncate(len);
    let mut text = vec![0; pem::emitted_len(der.len())?];
    let len = pem::emit(&der, &mut text)?;
    text.truncate(len);
    Ok(text)
}

/// A refusal is part of the demonstration: anything but the expected one is a failure.
fn refused<T>(
    out: &mut dyn Write,
    asked: &str,
    answer: Result<T, Error>,
    expected: Error,
) -> Result<(), Failure> {
    match answer {
        Err(error) if error == expected => {
            writeln!(out, "  asked:  {asked}\n  answer: refused, {error} ({error:?})")?;
            Ok(())
        }
        Err(error) => Err(format!("{asked}: refused with \"{error}\" instead of \"{expected}\"").into()),
        Ok(_) => Err(format!("{asked}: this was allowed. Do not use this build.").into()),
    }
}

/// ECDSA-Sig-Value (RFC 3279 section 2.2.3) from r || s, for tools that want DER.
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    fn integer(number: &[u8]) -> Vec<u8> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len().saturating_sub(1));
        let digits = number.get(zeros..).unwrap_or(&[]);
        let sign = digits.first().is_some_and(|byte| *byte >= 0x80);
        let mut content = if sign { vec![0] } else { Vec::new() };
        content.extend_from_slice(digits);
        element(0x02, &content)
    }
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        // P-256 and P-384: every content is below 128 bytes.
        let len = u8::try_from(content.len()).unwrap_or(u8::MAX);
        [&[tag, len], content].concat()
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    element(0x30, &[integer(r), integer(s)].concat())
}
