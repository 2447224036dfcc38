//! RSA key generation, signatures and their verification: the services', but for hashes that policy refuses
//! (SHA-224) and PSS salts that are not as long as the hash.

use strongroom::lab::raw;
use strongroom::{Algorithm, Export, Hash, KeyHandle, KeyKind, Params, Rule, Usage};

use super::{hash_named, test_type};
use crate::der;
use crate::fields::{Fields, Result, answer, fitted, hex, passed, trimmed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// The exponent of the keys that the engine makes.
const E: [u8; 3] = [1, 0, 1];

pub(super) fn kind(group: Fields<'_>) -> Result<KeyKind> {
    match group.number("modulo")? {
        2048 => Ok(KeyKind::Rsa2048),
        3072 => Ok(KeyKind::Rsa3072),
        4096 => Ok(KeyKind::Rsa4096),
        bits => unsupported(format!("modulus of {bits} bits")),
    }
}

/// Refuses exponents that the engine does not take: it has 2^16 < e < 2^64.
pub(super) fn exponent(e: &[u8]) -> Result<()> {
    let e = trimmed(e);
    match e {
        [_] | [_, _] | [1, 0, 0] | [] => unsupported("public exponents of 2^16 or less"),
        [_, _, _, ..] if e.len() <= 8 => Ok(()),
        _ => unsupported("public exponents of 2^64 or more"),
    }
}

pub(crate) fn key_gen<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let kind = kind(group)?;
    test_type(group, &["GDT", "AFT"])?;
    let how = group.text_or("randPQ", "probable")?;
    if !matches!(how, "probable" | "B.3.3") || group.flag_or("infoGeneratedByServer", false)? {
        return unsupported(format!("primes of kind {how} from the server's numbers"));
    }
    if group.has("fixedPubExp") && group.integer("fixedPubExp")? != E {
        return unsupported("a fixed exponent that is not 65537");
    }
    let crt = group.text_or("keyFormat", "standard")? == "crt";
    Ok(Group::of(move |_| {
        let rule = Rule::any(Algorithm::RsaPss);
        let usage = Usage::SIGN.and(Usage::VERIFY);
        let key = rig.generate(policy(kind, usage, rule).export(Export::INTEROPERABLE))?;
        let [n, e, d, p, q, dp, dq, q_inv] = der::rsa_numbers(&rig.take_out(&key)?)?;
        let mut fields = answer([("e", hex(&e)), ("p", hex(&p)), ("q", hex(&q)), ("n", hex(&n))]);
        let private = if crt {
            answer([("dmp1", hex(&dp)), ("dmq1", hex(&dq)), ("iqmp", hex(&q_inv))])
        } else {
            answer([("d", hex(&d))])
        };
        fields.extend(private);
        Ok(fields)
    }))
}

/// How a group signs.
#[derive(Clone, Copy)]
struct Scheme {
    algorithm: Algorithm,
    hash: Hash,
    salt_len: usize,
    len: usize,
}

impl Scheme {
    fn of(group: Fields<'_>, kind: KeyKind) -> Result<Self> {
        let hash = hash_named(group.text("hashAlg")?)?;
        let algorithm = match group.text("sigType")? {
            "pkcs1v1.5" => Algorithm::RsaPkcs1,
            "pss" => Algorithm::RsaPss,
            other => return unsupported(format!("sigType {other}")),
        };
        let mask = group.text_or("maskFunction", "mgf1")?;
        if algorithm == Algorithm::RsaPss && mask != "mgf1" {
            return unsupported(format!("mask function {mask}"));
        }
        let salt_len = group.number_or("saltLen", hash.output_len())?;
        if algorithm == Algorithm::RsaPss && salt_len > hash.output_len() {
            return unsupported("salts longer than the hash");
        }
        Ok(Self { algorithm, hash, salt_len, len: kind.modulus_len() })
    }

    fn served(self) -> bool {
        self.algorithm.facts().params.hashes.contains(self.hash)
            && (self.algorithm == Algorithm::RsaPkcs1 || self.salt_len == self.hash.output_len())
    }

    fn rule(self) -> Rule {
        if self.served() { Rule::hashed(self.algorithm, self.hash) } else { Rule::any(self.algorithm) }
    }

    fn encode(self, rig: &Rig, message: &[u8]) -> Result<Vec<u8>> {
        Ok(match self.algorithm {
            Algorithm::RsaPss => raw::pss_encode(self.hash, message, &rig.random(self.salt_len)?, self.len)?,
            _ => raw::pkcs1_encode(self.hash, message, self.len)?,
        })
    }

    fn check(self, message: &[u8], em: &[u8]) -> strongroom::Result<()> {
        match self.algorithm {
            Algorithm::RsaPss => raw::pss_verify(self.hash, message, self.salt_len, em),
            _ => raw::pkcs1_verify(self.hash, message, em),
        }
    }
}

pub(crate) fn sig_gen<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let kind = kind(group)?;
    test_type(group, &["GDT", "AFT"])?;
    let scheme = Scheme::of(group, kind)?;
    let key = rig.generate(policy(kind, Usage::SIGN, scheme.rule()).export(Export::INTEROPERABLE))?;
    let (n, e) = der::rsa_public(&rig.spki(&key)?)?;
    let bare = if scheme.served() { None } else { Some(der::rsa_numbers(&rig.take_out(&key)?)?) };
    let outputs = answer([("n", hex(&n)), ("e", hex(&e))]);
    let mut opened = Group::of(move |test| {
        let message = test.hex("message")?;
        let signature = if let Some([n, e, d, p, q, ..]) = &bare {
            let parts = raw::RsaParts { n, e, p, q, d: Some(d) };
            raw::rsa_private(parts, &scheme.encode(rig, &message)?, &mut rig.blinding())?
        } else {
            let (params, mut out) = (Params::with_hash(scheme.hash), vec![0; scheme.len]);
            rig.session().sign(key.handle(), scheme.algorithm, &params, &message, &mut out)?.value();
            out
        };
        Ok(answer([("signature", hex(&signature))]))
    });
    opened.outputs = outputs;
    Ok(opened)
}

/// A public key, if it is one.
fn import(rig: &Rig, kind: KeyKind, rule: Rule, n: &[u8], e: &[u8]) -> Result<Option<KeyHandle>> {
    let policy = policy(kind, Usage::VERIFY, rule).public().build()?;
    Ok(verdict(rig.session().import_public(&der::rsa_spki(n, e), &policy))?.map(|key| key.value()))
}

pub(crate) fn sig_ver<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let kind = kind(group)?;
    test_type(group, &["GDT", "AFT"])?;
    let scheme = Scheme::of(group, kind)?;
    // The key is the group's; some sets bring one with each case.
    let shared = if group.has("n") { Some((group.integer("n")?, group.integer("e")?)) } else { None };
    if let Some((_, e)) = &shared {
        exponent(e)?;
    }
    Ok(Group::of(move |test| {
        let (n, e) = match &shared {
            Some(key) => key.clone(),
            None => (test.integer("n")?, test.integer("e")?),
        };
        exponent(&e)?;
        let (message, signature) = (test.hex("message")?, test.integer("signature")?);
        let key = import(rig, kind, scheme.rule(), &n, &e)?.map(|key| rig.hold(key));
        let (Some(key), Some(signature)) = (key, fitted(&signature, scheme.len)) else {
            return Ok(passed(false));
        };
        let judged = if scheme.served() {
            let (session, params) = (rig.session(), Params::with_hash(scheme.hash));
            let judged = session.verify(key.handle(), scheme.algorithm, &params, &message, &signature);
            verdict(judged)?.is_some()
        } else {
            match verdict(raw::rsa_public(&n, &e, &signature))? {
                Some(em) => verdict(scheme.check(&message, &em))?.is_some(),
                None => false,
            }
        };
        Ok(passed(judged))
    }))
}
