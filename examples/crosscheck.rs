//! The engine's end of tests/crosscheck: one JSON request a line in, one answer a line out, `{"ok": ..}` or
//! `{"error": ..}`. Bytes are hex; keys are handles. The names are those of docs/algorithms.md.

use std::error::Error as StdError;
use std::io::{BufRead, Write};

use serde_json::{Value, json};
use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, Kdf, KeyHandle, KeyKind, Params, Profile,
    Restriction, Result, Rule, Session, Subject, UnwrapAs, Usage, Xof,
};

/// Longer than every answer: a signature of SLH-DSA has 49856 bytes.
const ROOM: usize = 50_000;

fn main() -> std::result::Result<(), Box<dyn StdError>> {
    // The general profile has the algorithms that are not approved too.
    let engine = Engine::builder().profile(Profile::General).min_iterations(1000).power_on()?;
    let session = engine.open_session(Subject::user(1), b"")?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = match serve(&session, &Request(&request)) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": format!("{error:?}") }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    engine.zeroise();
    Ok(())
}

fn serve(session: &Session<'static>, request: &Request<'_>) -> Result<Value> {
    let salt = request.bytes("salt")?;
    let (aad, iv, label) = (request.bytes("aad")?, request.bytes("iv")?, request.bytes("label")?);
    let (context, info) = (request.bytes("context")?, request.bytes("info")?);
    let mut params = Params::NONE.aad(&aad).label(&label).context(&context).salt(&salt).info(&info);
    if let Some(hash) = request.hash()? {
        // What is set after it stays.
        params = Params::with_hash(hash).aad(&aad).label(&label).context(&context).salt(&salt).info(&info);
    }
    if !iv.is_empty() {
        params = params.iv(&iv);
    }
    if let Some(len) = request.number("tag") {
        params = params.tag_len(usize::try_from(len).map_err(|_| Error::InvalidArgument)?);
    }
    if let Some(count) = request.number("iterations") {
        params = params.iterations(u32::try_from(count).map_err(|_| Error::InvalidArgument)?);
    }
    if let Some(name) = request.text("kdf") {
        let named = Kdf::ALL.into_iter().find(|kdf| kdf.algorithm().name() == name);
        params = params.kdf(named.ok_or(Error::InvalidArgument)?);
    }
    if request.flag("deterministic") {
        params = params.deterministic();
    }
    let (data, other) = (request.bytes("data")?, request.bytes("other")?);
    let mut out = vec![0; ROOM];
    let made = |out: &[u8], len: usize| json!(hex(out.get(..len).unwrap_or(&[])));
    match request.text("op").ok_or(Error::InvalidArgument)? {
        "generate" => Ok(handle(session.generate(&request.template()?)?.value())),
        "import" => Ok(handle(session.import_public(&data, &request.template()?)?.value())),
        "public" => {
            let len = session.public_key(request.key("key")?, &mut out)?.value();
            Ok(made(&out, len))
        }
        "id" => Ok(json!(hex(session.attributes(request.key("key")?)?.value().id().as_bytes()))),
        "destroy" => {
            session.destroy(request.key("key")?)?.value();
            Ok(Value::Null)
        }
        "wrap" => {
            let (kek, payload) = (request.key("key")?, request.key("payload")?);
            let len = session.wrap(kek, request.algorithm()?, &params, payload, &mut out)?.value();
            Ok(made(&out, len))
        }
        "unwrap" => {
            let (template, nothing) = (request.template(), Restriction::none());
            let form = match &template {
                Ok(template) => UnwrapAs::Foreign(template),
                Err(_) => UnwrapAs::Native(&nothing),
            };
            let key = session.unwrap(request.key("key")?, request.algorithm()?, &params, &data, form)?;
            Ok(handle(key.value()))
        }
        "sign" => {
            let key = request.key("key")?;
            let len = session.sign(key, request.algorithm()?, &params, &data, &mut out)?.value();
            Ok(made(&out, len))
        }
        "sign-digest" => {
            let key = request.key("key")?;
            let len = session.sign_digest(key, request.algorithm()?, &params, &data, &mut out)?.value();
            Ok(made(&out, len))
        }
        "verify" => {
            session.verify(request.key("key")?, request.algorithm()?, &params, &data, &other)?.value();
            Ok(Value::Null)
        }
        "verify-digest" => {
            session.verify_digest(request.key("key")?, request.algorithm()?, &params, &data, &other)?.value();
            Ok(Value::Null)
        }
        "encrypt" => {
            let key = request.key("key")?;
            let sealed = session.encrypt(key, request.algorithm()?, &params, &data, &mut out)?.value();
            Ok(json!({ "iv": hex(sealed.iv.as_bytes()), "text": made(&out, sealed.len) }))
        }
        "decrypt" => {
            let key = request.key("key")?;
            let len = session.decrypt(key, request.algorithm()?, &params, &data, &mut out)?.value();
            Ok(made(&out, len))
        }
        "mac" => {
            let len = session.mac(request.key("key")?, request.algorithm()?, &params, &data, &mut out)?;
            Ok(made(&out, len.value()))
        }
        "verify-mac" => {
            session.verify_mac(request.key("key")?, request.algorithm()?, &params, &data, &other)?.value();
            Ok(Value::Null)
        }
        "digest" => {
            let hash = request.hash()?.ok_or(Error::InvalidArgument)?;
            let len = session.digest(hash, &data, &mut out)?.value();
            Ok(made(&out, len))
        }
        "xof" => {
            let name = request.text("xof");
            let named = [Xof::Shake128, Xof::Shake256].into_iter().find(|xof| Some(xof.name()) == name);
            let len = request.number("len").and_then(|len| usize::try_from(len).ok());
            let place = len.and_then(|len| out.get_mut(..len)).ok_or(Error::InvalidArgument)?;
            session.xof(named.ok_or(Error::InvalidArgument)?, &data, place)?.value();
            Ok(json!(hex(place)))
        }
        "derive" => {
            let template = request.template()?;
            Ok(handle(session.derive(request.key("key")?, request.algorithm()?, &params, &template)?.value()))
        }
        "password" => {
            let template = request.template()?;
            let key = session.derive_from_password(request.algorithm()?, &params, &data, &template)?;
            Ok(handle(key.value()))
        }
        "agree" => {
            let template = request.template()?;
            let key = session.agree(request.key("key")?, request.algorithm()?, &params, &data, &template)?;
            Ok(handle(key.value()))
        }
        "decapsulate" => {
            let (own, template) = (request.key("key")?, request.template()?);
            let key = session.decapsulate(own, request.algorithm()?, &params, &data, &template)?;
            Ok(handle(key.value()))
        }
        "encapsulate" => {
            let (public, template) = (request.key("key")?, request.template()?);
            let key = session.encapsulate(public, request.algorithm()?, &params, &template, &mut out)?;
            let (key, len) = key.value();
            Ok(json!({ "key": handle(key), "text": made(&out, len) }))
        }
        _ => Err(Error::Unsupported),
    }
}

/// One request. What is absent is empty.
struct Request<'a>(&'a Value);

impl Request<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        unhex(self.text(name).unwrap_or("")).ok_or(Error::InvalidArgument)
    }

    fn key(&self, name: &str) -> Result<KeyHandle> {
        self.text(name)
            .and_then(|text| text.parse().ok())
            .map(KeyHandle::from_u64)
            .ok_or(Error::InvalidArgument)
    }

    fn algorithm(&self) -> Result<Algorithm> {
        let name = self.text("algorithm").ok_or(Error::InvalidArgument)?;
        Algorithm::all().find(|algorithm| algorithm.name() == name).ok_or(Error::InvalidArgument)
    }

    fn hash(&self) -> Result<Option<Hash>> {
        let Some(name) = self.text("hash") else { return Ok(None) };
        Hash::ALL.into_iter().find(|hash| hash.name() == name).map(Some).ok_or(Error::InvalidArgument)
    }

    /// `"template": {"kind", "usage": [..], "algorithm", "hash", "length", "export", "public", "min_tag"}`
    fn template(&self) -> Result<Attributes> {
        let template = Request(self.0.get("template").ok_or(Error::InvalidArgument)?);
        let kind = KeyKind::ALL.into_iter().find(|kind| Some(kind.name()) == template.text("kind"));
        let mut usage = Usage::NONE;
        for name in template.0.get("usage").and_then(Value::as_array).into_iter().flatten() {
            let named = Usage::NAMED.into_iter().find(|(_, its)| Some(*its) == name.as_str());
            usage = usage.and(named.ok_or(Error::InvalidArgument)?.0);
        }
        let algorithm = template.algorithm()?;
        let mut rule = match template.hash()? {
            Some(hash) => Rule::hashed(algorithm, hash),
            None => Rule::any(algorithm),
        };
        if algorithm.facts().params.deterministic {
            rule = rule.allow_deterministic();
        }
        if let Some(min) = template.number("min_tag").and_then(|min| u8::try_from(min).ok()) {
            rule = rule.min_tag(min);
        }
        let mut policy = Attributes::builder(kind.ok_or(Error::InvalidArgument)?).usage(usage).permit(rule);
        if let Some(length) = template.number("length").and_then(|length| u16::try_from(length).ok()) {
            policy = policy.length(length);
        }
        policy = match template.text("export") {
            Some("interoperable") => policy.export(Export::INTEROPERABLE),
            Some("native") => policy.export(Export::NATIVE),
            _ => policy,
        };
        if template.flag("public") {
            policy = policy.public();
        }
        policy.build()
    }
}

fn handle(key: KeyHandle) -> Value {
    // As text: not every reader of JSON has integers of 64 bits.
    json!(key.to_u64().to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at.saturating_add(2))?, 16).ok())
        .collect()
}
