//! KAS-ECC-SSC: the shared secret of a key agreement on a curve. The services never show one, so it is computed
//! raw; where the pair is the engine's, the agreement service has to reach the same secret.

use serde_json::Value;
use strongroom::lab::raw;
use strongroom::{Algorithm, Export, Hash, Kdf, KeyKind, Params, Rule, Usage};

use super::ecdsa::Curve;
use super::{hash_named, test_type};
use crate::der;
use crate::fields::{
    Answer, Fault, Fields, Result, answer, fitted, hex, malformed, passed, unsupported, verdict,
};
use crate::registry::Group;
use crate::rig::{Held, Rig, policy};

#[derive(Clone, Copy)]
struct Scheme {
    curve: Curve,
    algorithm: Algorithm,
    /// Whether the pair of the engine is ephemeral, and the server's.
    ours: &'static str,
    theirs: &'static str,
    hash_z: Option<Hash>,
}

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let curve = Curve::named(group.text("domainParameterGenerationMode")?)?;
    let judge = test_type(group, &["AFT", "VAL"])? == "VAL";
    let (ours, theirs) = match (group.text("scheme")?, group.text("kasRole")?) {
        ("ephemeralUnified", _) => ("ephemeral", "ephemeral"),
        ("staticUnified", _) => ("static", "static"),
        ("onePassDh", "initiator") => ("ephemeral", "static"),
        ("onePassDh", "responder") => ("static", "ephemeral"),
        (scheme, role) => return unsupported(format!("scheme {scheme} as {role}")),
    };
    let hash_z = match group.text_or("hashFunctionZ", "none")? {
        "none" => None,
        name => Some(hash_named(name)?),
    };
    let algorithm = match curve.kind {
        KeyKind::EcP256 => Algorithm::EcdhP256,
        KeyKind::EcP384 => Algorithm::EcdhP384,
        _ => Algorithm::EcdhP521,
    };
    let scheme = Scheme { curve, algorithm, ours, theirs, hash_z };
    Ok(Group::of(move |test| if judge { validate(rig, scheme, test) } else { agree(rig, scheme, test) }))
}

impl Scheme {
    fn point(self, test: Fields<'_>, whose: &str, side: &str) -> Result<Option<Vec<u8>>> {
        let coordinate = |axis: &str| test.integer(&format!("{whose}Public{side}{axis}"));
        Ok(self.curve.point(&coordinate("X")?, &coordinate("Y")?))
    }

    /// The secret as the group wants it, with its name.
    fn shown(self, rig: &Rig, z: Vec<u8>) -> Result<(&'static str, Vec<u8>)> {
        let Some(hash) = self.hash_z else { return Ok(("z", z)) };
        let mut md = vec![0; hash.output_len()];
        rig.session().digest(hash, &z, &mut md)?.value();
        Ok(("hashZ", md))
    }
}

fn agree(rig: &Rig, scheme: Scheme, test: Fields<'_>) -> Result<Answer> {
    let Some(peer) = scheme.point(test, scheme.theirs, "Server")? else {
        return malformed("the server's key is no point");
    };
    let kind = scheme.curve.kind;
    let rule = Rule::any(scheme.algorithm);
    let own = rig.generate(policy(kind, Usage::AGREE, rule).export(Export::INTEROPERABLE))?;
    let d = der::secret(kind, &rig.take_out(&own)?)?;
    let Some(z) = verdict(raw::ecdh(kind, &d, &peer))? else {
        return malformed("the server's key is no point");
    };
    service_agrees(rig, scheme, &own, &peer, &z)?;
    let [x, y] = scheme.curve.coordinates(&der::point(&rig.spki(&own)?)?)?;
    let (name, shown) = scheme.shown(rig, z)?;
    let (name_x, name_y) = (format!("{}PublicIutX", scheme.ours), format!("{}PublicIutY", scheme.ours));
    Ok(answer([(name_x.as_str(), x), (name_y.as_str(), y), (name, hex(&shown))]))
}

/// The service derives a key from the same secret.
fn service_agrees(rig: &Rig, scheme: Scheme, own: &Held<'_>, peer: &[u8], z: &[u8]) -> Result<()> {
    const HASH: Hash = Hash::Sha384;
    let params = Params::with_hash(HASH).kdf(Kdf::Hkdf);
    let child = policy(KeyKind::Hmac, Usage::MAC, Rule::hashed(Algorithm::Hmac, HASH)).length(48).build()?;
    let made = rig.session().agree(own.handle(), scheme.algorithm, &params, peer, &child)?.value();
    rig.is_hmac_key(&rig.hold(made), HASH, &raw::hkdf(HASH, &[], z, &[], 48)?)
}

fn validate(rig: &Rig, scheme: Scheme, test: Fields<'_>) -> Result<Answer> {
    let (field, kind) = (scheme.curve.field, scheme.curve.kind);
    let d = fitted(&test.integer(&format!("{}PrivateIut", scheme.ours))?, field);
    let (peer, own) = (scheme.point(test, scheme.theirs, "Server")?, scheme.point(test, scheme.ours, "Iut")?);
    let (Some(d), Some(peer), Some(own)) = (d, peer, own) else { return Ok(passed(false)) };
    let derived = verdict(raw::ec_public(kind, &d))?;
    let z = verdict(raw::ecdh(kind, &d, &peer))?;
    let (Some(derived), Some(z)) = (derived, z) else { return Ok(passed(false)) };
    let (name, shown) = scheme.shown(rig, z)?;
    let Value::String(_) = test.value(name)? else {
        return Err(Fault::Malformed(format!("`{name}` is no string")));
    };
    Ok(passed(derived == own && shown == test.hex(name)?))
}
