//! PBKDF (SP 800-132). The service's derived keys never come out, so what is answered is computed raw, and the
//! service has to have made the same key of the same password.

use strongroom::lab::raw;
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::{hash_named, served, test_type};
use crate::fields::{Fields, Result, answer, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::{Rig, policy};

/// Most iterations of the service.
const ITERATIONS: u32 = 10_000_000;
/// Most bytes of a password or a salt of the service.
const MOST: usize = 1024;
/// Fewest bytes of a password: keys of shorter ones are weaker than the engine makes MACs with.
const LEAST: usize = 14;

pub(crate) fn open<'r>(rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let hash = hash_named(group.text("hmacAlg")?.trim_start_matches("HMAC-"))?;
    Ok(Group::of(move |test| {
        let (password, salt) = (test.text("password")?.as_bytes(), test.hex("salt")?);
        let (count, len) = (test.number("iterationCount")?, test.whole_bytes("keyLen")?);
        let Some(count) = u32::try_from(count).ok().filter(|count| (1..=ITERATIONS).contains(count)) else {
            return unsupported(format!("{count} iterations"));
        };
        if len == 0 || len > 1 << 16 {
            return unsupported(format!("keys of {len} bytes"));
        }
        if password.is_empty() {
            return malformed("an empty password");
        }
        let key = raw::pbkdf2(hash, password, &salt, count, len)?;
        let takes = (LEAST..=MOST).contains(&password.len()) && salt.len() <= MOST;
        let offered = Algorithm::Pbkdf2.facts().params.hashes.contains(hash);
        if let Some(len) = served(len).filter(|_| takes && offered) {
            let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
            let child = policy(KeyKind::Hmac, Usage::MAC, rule).length(len).build()?;
            let params = Params::with_hash(hash).salt(&salt).iterations(count);
            let session = rig.session();
            let made = session.derive_from_password(Algorithm::Pbkdf2, &params, password, &child)?.value();
            rig.is_hmac_key(&rig.hold(made), Hash::Sha256, &key)?;
        }
        Ok(answer([("derivedKey", hex(&key))]))
    }))
}
