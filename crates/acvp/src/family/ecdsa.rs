//! ECDSA and DetECDSA on the curves of the engine: the services', but for the pairs of curve and hash that
//! policy refuses (SHA-224; on larger curves every hash that is weaker than the curve).

use strongroom::lab::raw;
use strongroom::{Algorithm, Export, Hash, KeyHandle, KeyKind, Params, Rule, Usage};

use super::{hash_named, test_type};
use crate::der;
use crate::fields::{Fields, Result, answer, fitted, hex, passed, unsupported, verdict};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// A curve of the engine.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub(super) kind: KeyKind,
    pub(super) field: usize,
    algorithm: Algorithm,
}

impl Curve {
    pub(super) fn named(name: &str) -> Result<Self> {
        match name {
            "P-256" => Ok(Self { kind: KeyKind::EcP256, field: 32, algorithm: Algorithm::EcdsaP256 }),
            "P-384" => Ok(Self { kind: KeyKind::EcP384, field: 48, algorithm: Algorithm::EcdsaP384 }),
            "P-521" => Ok(Self { kind: KeyKind::EcP521, field: 66, algorithm: Algorithm::EcdsaP521 }),
            _ => unsupported(format!("curve {name}")),
        }
    }

    fn of(group: Fields<'_>) -> Result<Self> {
        Self::named(group.text("curve")?)
    }

    /// A point in SEC 1 form, if both coordinates have the length of the field.
    pub(super) fn point(self, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
        Some([&[4][..], &fitted(x, self.field)?, &fitted(y, self.field)?].concat())
    }

    /// The coordinates of such a point, in hex.
    pub(super) fn coordinates(self, point: &[u8]) -> Result<[serde_json::Value; 2]> {
        let both = point.get(1..).and_then(|both| both.split_at_checked(self.field));
        both.map_or_else(|| unsupported("points in another form"), |(x, y)| Ok([hex(x), hex(y)]))
    }

    fn serves(self, hash: Hash) -> bool {
        self.algorithm.facts().params.hashes.contains(hash)
    }
}

const EVERYTHING: Usage = Usage::SIGN.and(Usage::VERIFY);

pub(crate) fn key_gen<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let curve = Curve::of(group)?;
    test_type(group, &["AFT"])?;
    let how = group.text_or("secretGenerationMode", "testing candidates")?;
    if how != "testing candidates" {
        return unsupported(format!("secretGenerationMode {how}"));
    }
    Ok(Group::of(move |_| {
        let rule = Rule::any(curve.algorithm);
        let key = rig.generate(policy(curve.kind, EVERYTHING, rule).export(Export::INTEROPERABLE))?;
        let d = der::secret(curve.kind, &rig.take_out(&key)?)?;
        let [qx, qy] = curve.coordinates(&der::point(&rig.spki(&key)?)?)?;
        Ok(answer([("d", hex(&d)), ("qx", qx), ("qy", qy)]))
    }))
}

/// A public key, if it is one.
fn import(rig: &Rig, curve: Curve, point: &[u8]) -> Result<Option<KeyHandle>> {
    let policy = policy(curve.kind, Usage::VERIFY, Rule::any(curve.algorithm)).public().build()?;
    let imported = rig.session().import_public(&der::spki(curve.kind, point), &policy);
    Ok(verdict(imported)?.map(|key| key.value()))
}

pub(crate) fn key_ver<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let curve = Curve::of(group)?;
    test_type(group, &["AFT"])?;
    Ok(Group::of(move |test| {
        let Some(point) = curve.point(&test.integer("qx")?, &test.integer("qy")?) else {
            return Ok(passed(false));
        };
        let key = import(rig, curve, &point)?.map(|key| rig.hold(key));
        Ok(passed(key.is_some()))
    }))
}

pub(crate) fn sig_gen<'r>(rig: &'r Rig, set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let (curve, hash) = (Curve::of(group)?, hash_named(group.text("hashAlg")?)?);
    test_type(group, &["AFT"])?;
    let deterministic = set.text("algorithm")? == "DetECDSA";
    let component = group.flag_or("componentTest", false)?;
    let served = curve.serves(hash);
    if component && !served {
        return unsupported("digests of hashes that are too short for the curve");
    }
    let (usage, mut rule) = match (component, served) {
        (true, _) => (Usage::SIGN_DIGEST, Rule::hashed(curve.algorithm, hash)),
        (_, true) => (Usage::SIGN, Rule::hashed(curve.algorithm, hash)),
        _ => (Usage::SIGN, Rule::any(curve.algorithm)),
    };
    let mut params = Params::with_hash(hash);
    if deterministic {
        (rule, params) = (rule.allow_deterministic(), params.deterministic());
    }
    let policy = policy(curve.kind, usage, rule).export(Export::INTEROPERABLE);
    let key = if group.has("d") {
        let Some(d) = fitted(&group.integer("d")?, curve.field) else { return unsupported("d above n") };
        rig.bring_in(policy, &der::pkcs8(curve.kind, &d))?
    } else {
        rig.generate(policy)?
    };
    let [qx, qy] = curve.coordinates(&der::point(&rig.spki(&key)?)?)?;
    let bare = if served { None } else { Some(der::secret(curve.kind, &rig.take_out(&key)?)?) };
    let mut opened = Group::of(move |test| {
        let message = test.hex("message")?;
        let mut signature = vec![0; curve.field * 2];
        match (&bare, component) {
            (Some(d), _) => {
                let z = if deterministic { None } else { Some(rig.random(curve.field)?) };
                signature = raw::ecdsa_sign(curve.kind, hash, d, &message, z.as_deref())?;
            }
            (None, true) if message.len() != hash.output_len() => {
                return unsupported("digests of another length");
            }
            (None, true) => {
                let session = rig.session();
                session
                    .sign_digest(key.handle(), curve.algorithm, &params, &message, &mut signature)?
                    .value();
            }
            (None, false) => {
                rig.session().sign(key.handle(), curve.algorithm, &params, &message, &mut signature)?.value();
            }
        }
        let (r, s) = signature.split_at(curve.field);
        Ok(answer([("r", hex(r)), ("s", hex(s))]))
    });
    opened.outputs = answer([("qx", qx), ("qy", qy)]);
    Ok(opened)
}

pub(crate) fn sig_ver<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let (curve, hash) = (Curve::of(group)?, hash_named(group.text("hashAlg")?)?);
    test_type(group, &["AFT"])?;
    let component = group.flag_or("componentTest", false)?;
    let served = curve.serves(hash);
    if component && !served {
        return unsupported("digests of hashes that are too short for the curve");
    }
    Ok(Group::of(move |test| {
        let message = test.hex("message")?;
        let point = curve.point(&test.integer("qx")?, &test.integer("qy")?);
        let halves = (fitted(&test.integer("r")?, curve.field), fitted(&test.integer("s")?, curve.field));
        let (Some(point), (Some(r), Some(s))) = (point, halves) else { return Ok(passed(false)) };
        let (signature, params) = ([r, s].concat(), Params::with_hash(hash));
        let Some(key) = import(rig, curve, &point)?.map(|key| rig.hold(key)) else {
            return Ok(passed(false));
        };
        let (session, handle) = (rig.session(), key.handle());
        let judged = if !served {
            verdict(raw::ecdsa_verify(curve.kind, hash, &point, &message, &signature))?.is_some()
        } else if component {
            if message.len() != hash.output_len() {
                return unsupported("digests of another length");
            }
            verdict(session.verify_digest(handle, curve.algorithm, &params, &message, &signature))?.is_some()
        } else {
            verdict(session.verify(handle, curve.algorithm, &params, &message, &signature))?.is_some()
        };
        Ok(passed(judged))
    }))
}
