//! Keys come and go: every kind is generated, wrapped and unwrapped, and RSA keys of every size come in.

use std::collections::BTreeSet;

use strongroom::{Algorithm, KeyKind, Params, Rule, Usage};

use super::{Gave, Rig, Run, policy};

pub(crate) fn all(run: &mut Run) {
    let rig = Rig::new();
    let kwp = policy(KeyKind::Aes256, Usage::WRAP.and(Usage::UNWRAP), Rule::any(Algorithm::AesKwp));
    let native = policy(KeyKind::Aes256, Usage::WRAP.and(Usage::UNWRAP), Rule::any(Algorithm::NativeWrap));
    let kwp = rig.generate(&kwp.build().unwrap());
    let native = rig.generate(&native.build().unwrap());
    let mut seen = BTreeSet::new();
    let slow = |kind: KeyKind| kind == KeyKind::Rsa3072 || kind == KeyKind::Rsa4096;
    for algorithm in Algorithm::all() {
        for &kind in algorithm.facts().kinds {
            if !seen.insert(kind.id()) || slow(kind) || (run.quick && is_slow(kind)) {
                continue;
            }
            let template = template(algorithm, kind);
            let mut made = None;
            run.operation(&format!("generate {}", kind.name()), || {
                made = Some(rig.session.generate(&template)?.value());
                Ok(Gave::Nothing)
            });
            let Some(key) = made else { continue };
            if kind.is_asymmetric() {
                run.operation(&format!("public half of {}", kind.name()), || {
                    rig.public_key(key).map(|_| Gave::Nothing)
                });
            }
            let mut blobs = Vec::new();
            for (kek, by) in [(kwp, Algorithm::AesKwp), (native, Algorithm::NativeWrap)] {
                run.operation(&format!("wrap {} under {}", kind.name(), by.name()), || {
                    let (blob, marked) = rig.wrap(kek, by, &Params::NONE, key)?;
                    blobs.push((kek, by, blob));
                    Ok(Gave::Marked(marked))
                });
            }
            rig.destroy(key);
            for (kek, by, blob) in blobs {
                run.operation(&format!("unwrap {} under {}", kind.name(), by.name()), || {
                    rig.destroy(rig.unwrap(kek, by, &Params::NONE, &blob, &template)?);
                    Ok(Gave::Nothing)
                });
            }
        }
    }
    for der in run.keys.clone() {
        let kind = rsa_kind(&der);
        let template = template(Algorithm::RsaPss, kind);
        let mut made = None;
        run.operation(&format!("bring in {}", kind.name()), || {
            made = Some(rig.bring_in(&template, &der)?);
            Ok(Gave::Nothing)
        });
        let Some(key) = made else { continue };
        run.operation(&format!("wrap {} under AES-KWP", kind.name()), || {
            rig.wrap(kwp, Algorithm::AesKwp, &Params::NONE, key).map(|(_, marked)| Gave::Marked(marked))
        });
        rig.destroy(key);
    }
}

/// A minute and more under valgrind, each.
pub(crate) fn is_slow(kind: KeyKind) -> bool {
    let sets = kind.name().strip_prefix("SLH-DSA-");
    kind.modulus_len() > 0 || sets.is_some_and(|set| !set.ends_with("128f"))
}

/// What a PKCS #8 RSA key of this length is.
pub(crate) fn rsa_kind(der: &[u8]) -> KeyKind {
    match der.len() {
        ..1500 => KeyKind::Rsa2048,
        1500..2100 => KeyKind::Rsa3072,
        _ => KeyKind::Rsa4096,
    }
}

/// All that the algorithm may do, with any of its parameters.
pub(crate) fn template(algorithm: Algorithm, kind: KeyKind) -> strongroom::Attributes {
    let rule = match kind {
        KeyKind::Hmac => Rule::hashed(algorithm, strongroom::Hash::Sha256),
        _ => Rule::any(algorithm),
    };
    let deterministic = algorithm.facts().params.deterministic;
    let rule = if deterministic { rule.allow_deterministic() } else { rule };
    policy(kind, algorithm.facts().usage, rule).build().unwrap()
}
