//! The main job on a real file: keys born inside, used under policy, wrapped, refused where they must be.

use std::fs;
use std::path::Path;

use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, KeyHandle, KeyKind, Outcome, Params, Restriction,
    Rule, Session, Subject, UnwrapAs, Usage, pem,
};

use crate::{Problem, report};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// Runs it on `file`; results go to `folder`.
pub(crate) fn run(file: &str, folder: &str) -> Result<(), Problem> {
    let message = fs::read(file).map_err(|error| {
        format!("cannot read {file}: {error}. Name a file that exists, for example README.md.")
    })?;
    let folder = Path::new(folder);
    fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;

    println!("-- power on");
    let engine = Engine::power_on()?;
    report::print(&engine);
    let caveats = engine.status().caveats;
    println!("\nevery answer carries these caveats:");
    for (name, why) in caveats.iter() {
        println!("  [{name}] {why}");
    }
    let session = engine.open_session(Subject::user(1), b"")?;

    println!("\n-- keys, born inside");
    let signing =
        session.generate(&signing_policy(KeyKind::EcP256, Algorithm::EcdsaP256, Export::NATIVE)?)?;
    let ec = say("P-256 signing key (may leave in native blobs)", signing);
    let rsa = session.generate(&signing_policy(KeyKind::Rsa2048, Algorithm::RsaPkcs1, Export::NONE)?)?;
    let rsa = say("RSA-2048 signing key (never leaves)", rsa);
    let kek = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap))
        .build()?;
    let kek = say("AES-256 wrapping key", session.generate(&kek)?);
    let data = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .build()?;
    let data = say("AES-256 data key", session.generate(&data)?);

    println!("\n-- sign {file}");
    let ec_signature = sign(&session, ec, Algorithm::EcdsaP256, &message)?;
    let rsa_signature = sign(&session, rsa, Algorithm::RsaPkcs1, &message)?;
    let write = |name: &str, bytes: &[u8]| -> Result<String, Problem> {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("  wrote {} ({} bytes)", path.display(), bytes.len());
        Ok(path.display().to_string())
    };
    let ec_file = write("p256.sig", &ecdsa_der(&ec_signature))?;
    let ec_public = write("p256.pem", &public_pem(&session, ec)?)?;
    let rsa_file = write("rsa.sig", &rsa_signature)?;
    let rsa_public = write("rsa.pem", &public_pem(&session, rsa)?)?;

    println!("\n-- encrypt and decrypt {file}");
    let mut ciphertext = vec![0; message.len().saturating_add(16)];
    let params = Params::NONE.aad(b"quickstart");
    let sealed = session.encrypt(data, Algorithm::AesGcm, &params, &message, &mut ciphertext)?;
    println!("  {} bytes with tag: {}", sealed.as_value().len, sealed.indicator());
    let iv = sealed.value().iv;
    let mut plaintext = vec![0; message.len()];
    let params = params.iv(iv.as_bytes());
    let opened = session.decrypt(data, Algorithm::AesGcm, &params, &ciphertext, &mut plaintext)?;
    if plaintext != message {
        return Err("decryption gave another file: do not use this build".into());
    }
    println!("  decrypted to the same file: {}", opened.indicator());

    println!("\n-- wrap the signing key, destroy it, unwrap it, sign again");
    let mut blob = vec![0; session.wrapped_len(kek, Algorithm::NativeWrap, ec)?.value()];
    let len = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, ec, &mut blob)?.value();
    blob.truncate(len);
    write("p256.wrapped", &blob)?;
    let _ = session.destroy(ec)?;
    let all = Restriction::none();
    let back = session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, &blob, UnwrapAs::Native(&all))?;
    let back = say("unwrapped signing key", back);
    let again = sign(&session, back, Algorithm::EcdsaP256, &message)?;
    let _ = session.verify(back, Algorithm::EcdsaP256, &SHA256, &message, &ec_signature)?;
    println!("  it verifies the signature made before it was destroyed");
    let again_file = write("p256-again.sig", &ecdsa_der(&again))?;

    println!("\n-- refusals");
    let decrypt = session.decrypt(back, Algorithm::AesGcm, &params, &ciphertext, &mut plaintext);
    refused("decrypting with a signing key", decrypt, Error::NotPermitted)?;
    let export = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, rsa, &mut vec![0; 4096]);
    refused("exporting a key that may not leave", export, Error::NotPermitted)?;
    let mut tampered = blob.clone();
    if let Some(last) = tampered.last_mut() {
        *last ^= 1;
    }
    let unwrap = session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, &tampered, UnwrapAs::Native(&all));
    refused("a blob with one bit changed", unwrap, Error::Rejected)?;
    let _ = session.destroy(back)?;
    let wider = Restriction::none().export(Export::INTEROPERABLE);
    let unwrap = session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, &blob, UnwrapAs::Native(&wider));
    refused("widening rights on unwrap", unwrap, Error::NotPermitted)?;

    println!("\n-- check the signatures without strongroom:");
    println!("openssl dgst -sha256 -verify {ec_public} -signature {ec_file} {file}");
    println!("openssl dgst -sha256 -verify {ec_public} -signature {again_file} {file}");
    println!("openssl dgst -sha256 -verify {rsa_public} -signature {rsa_file} {file}");
    Ok(())
}

fn signing_policy(kind: KeyKind, algorithm: Algorithm, export: Export) -> Result<Attributes, Error> {
    Attributes::builder(kind)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::hashed(algorithm, Hash::Sha256))
        .export(export)
        .label(b"quickstart")
        .build()
}

fn say(what: &str, made: Outcome<KeyHandle>) -> KeyHandle {
    println!("  {what}: {}", made.indicator());
    made.value()
}

fn sign(session: &Session, key: KeyHandle, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut signature = vec![0; 512];
    let signed = session.sign(key, algorithm, &SHA256, message, &mut signature)?;
    println!("  {}", signed.indicator());
    signature.truncate(signed.value());
    Ok(signature)
}

fn public_pem(session: &Session, key: KeyHandle) -> Result<Vec<u8>, Problem> {
    let mut der = vec![0; 1024];
    let len = session.public_key(key, &mut der)?.value();
    der.truncate(len);
    let mut text = vec![0; pem::emitted_len(der.len())?];
    let len = pem::emit(&der, &mut text)?;
    text.truncate(len);
    Ok(text)
}

/// A refusal is part of the demonstration: anything but the expected one is a failure.
fn refused<T>(what: &str, result: Result<T, Error>, expected: Error) -> Result<(), Problem> {
    match result {
        Err(error) if error == expected => {
            println!("  refused as it should be: {what} ({error})");
            Ok(())
        }
        Err(error) => Err(format!("{what}: refused with \"{error}\" instead of \"{expected}\"").into()),
        Ok(_) => Err(format!("{what} was allowed: do not use this build").into()),
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
