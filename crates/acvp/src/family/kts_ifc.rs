//! KTS-IFC with KTS-OAEP-basic: RSA-OAEP wraps and unwraps a key of the engine, the service's; with a hash that
//! policy refuses (SHA-224), an exponent that private keys of the engine do not have, or a key that is too long
//! to be one of the engine's, the raw encoding and operation do.

use strongroom::lab::raw;
use strongroom::{
    Algorithm, AttributesBuilder, Export, HMAC_KEY_LEN, Hash, KeyKind, Params, Rule, UnwrapAs, Usage,
};

use super::pattern::{assemble, length};
use super::rsa::{exponent, kind};
use super::{hash_named, test_type};
use crate::der;
use crate::fields::{Answer, Fields, Result, answer, fitted, hex, malformed, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// What a group says.
#[derive(Clone)]
struct Transport {
    kind: KeyKind,
    hash: Hash,
    /// Length of the transported key in bytes.
    len: usize,
    pattern: String,
    /// Party U, who sends, and party V.
    parties: [Vec<u8>; 2],
}

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let scheme = group.text("scheme")?;
    if scheme != "KTS-OAEP-basic" {
        return unsupported(format!("scheme {scheme}"));
    }
    let initiator = match group.text("kasRole")? {
        "initiator" => true,
        "responder" => false,
        other => return malformed(format!("kasRole {other:?}")),
    };
    let judge = test_type(group, &["AFT", "VAL"])? == "VAL";
    let configuration = group.object("ktsConfiguration")?;
    let pattern = configuration.text_or("associatedDataPattern", "")?.to_owned();
    let encoding = configuration.text_or("encoding", "none")?;
    if !pattern.is_empty() && encoding != "concatenation" && encoding != "none" {
        return unsupported(format!("encoding {encoding}"));
    }
    let (iut, server) = (group.hex_or_empty("iutId")?, group.hex_or_empty("serverId")?);
    let transport = Transport {
        kind: kind(group)?,
        hash: hash_named(configuration.text("hashAlg")?)?,
        len: group.whole_bytes("l")?,
        pattern,
        parties: if initiator { [iut, server] } else { [server, iut] },
    };
    if judge && initiator {
        return unsupported("validation as initiator");
    }
    Ok(Group::of(move |test| {
        if initiator {
            return send(rig, &transport, test);
        }
        let received = receive(rig, &transport, test)?;
        match (judge, received) {
            (true, received) => {
                let expected = test.hex("dkm")?;
                Ok(passed(received.is_some_and(|key| key == expected)))
            }
            (false, Some(key)) => Ok(answer([("dkm", hex(&key))])),
            (false, None) => malformed("`serverC` does not open"),
        }
    }))
}

impl Transport {
    /// The associated data, which is OAEP's label.
    fn label(&self, test: Fields<'_>) -> Result<Vec<u8>> {
        let parameter = if test.has("ktsParameter") { Some(test.object("ktsParameter")?) } else { None };
        assemble(&self.pattern, |name| match name {
            "uPartyInfo" => Ok(self.parties.first().cloned()),
            "vPartyInfo" => Ok(self.parties.last().cloned()),
            "l" => length(self.len * 8).map(Some),
            "label" | "context" | "algorithmId" => parameter.map(|parameter| parameter.hex(name)).transpose(),
            _ => Ok(None),
        })
    }

    /// The transported key as one of the engine's, if the service can carry it.
    fn payload(&self) -> Option<AttributesBuilder> {
        let len = u16::try_from(self.len).ok();
        let len = len.filter(|len| (HMAC_KEY_LEN.0..=HMAC_KEY_LEN.1).contains(len))?;
        let served = Algorithm::RsaOaep.facts().params.hashes.contains(self.hash);
        let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
        served.then(|| policy(KeyKind::Hmac, Usage::MAC, rule).length(len).export(Export::INTEROPERABLE))
    }

    fn rule(&self) -> Rule {
        Rule::hashed(Algorithm::RsaOaep, self.hash)
    }
}

fn send(rig: &Rig, transport: &Transport, test: Fields<'_>) -> Result<Answer> {
    let (n, e) = (test.integer("serverN")?, test.integer("serverE")?);
    exponent(&e)?;
    let (label, key) = (transport.label(test)?, rig.random(transport.len)?);
    let sent = if let Some(payload) = transport.payload() {
        // The payload must not be stronger than the RSA key: it came in under one of 2048 bits.
        let payload = rig.bring_in(payload, &key)?;
        let policy = policy(transport.kind, Usage::WRAP, transport.rule()).public().build()?;
        let kek = rig.hold(rig.session().import_public(&der::rsa_spki(&n, &e), &policy)?.value());
        let (params, mut out) = (Params::with_hash(transport.hash).label(&label), vec![0; n.len()]);
        let session = rig.session();
        session.wrap(kek.handle(), Algorithm::RsaOaep, &params, payload.handle(), &mut out)?.value();
        out
    } else {
        let seed = rig.random(transport.hash.output_len())?;
        let em = raw::oaep_encode(transport.hash, &label, &key, &seed, n.len())?;
        raw::rsa_public(&n, &e, &em)?
    };
    Ok(answer([("iutC", hex(&sent)), ("dkm", hex(&key))]))
}

fn receive(rig: &Rig, transport: &Transport, test: Fields<'_>) -> Result<Option<Vec<u8>>> {
    let number = |name| test.integer(name);
    let (n, e, d) = (number("iutN")?, number("iutE")?, number("iutD")?);
    let (p, q) = (number("iutP")?, number("iutQ")?);
    exponent(&e)?;
    let label = transport.label(test)?;
    let Some(blob) = fitted(&number("serverC")?, n.len()) else { return Ok(None) };
    let parts = raw::RsaParts { n: &n, e: &e, p: &p, q: &q, d: Some(&d) };
    // Private keys of the engine have the exponent 65537.
    if let (Some(payload), [1, 0, 1]) = (transport.payload(), e.as_slice()) {
        let Some(numbers) = verdict(raw::rsa_numbers(parts, &mut rig.blinding()))? else { return Ok(None) };
        let pkcs8 = der::rsa_pkcs8(numbers.each_ref().map(Vec::as_slice));
        let kek = rig.bring_in(policy(transport.kind, Usage::UNWRAP, transport.rule()), &pkcs8)?;
        let (payload, params) = (payload.build()?, Params::with_hash(transport.hash).label(&label));
        let (session, form) = (rig.session(), UnwrapAs::Foreign(&payload));
        let opened = verdict(session.unwrap(kek.handle(), Algorithm::RsaOaep, &params, &blob, form))?;
        return opened.map(|key| rig.take_out(&rig.hold(key.value()))).transpose();
    }
    let Some(em) = verdict(raw::rsa_private(parts, &blob, &mut rig.blinding()))? else { return Ok(None) };
    verdict(raw::oaep_decode(transport.hash, &label, &em))
}
