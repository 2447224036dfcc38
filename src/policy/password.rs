//! Keys from passwords: SP 800-132 (December 2010), section 5, and FIPS 140-3 IG D.N (KDF-3).
//!
//! Nobody knows what a password is worth. So the key is counted for 112 bits at most, says on every use that it
//! came of a password, protects stored data and nothing else, and does not leave: who has the password can make it
//! again.

use super::{Request, numbers_ivs};
use crate::attributes::{Attributes, Export, KeyClass, Strength, Usage};
use crate::error::{Error, Result};
use crate::outcome::Reason;

/// Shortest password of an approved service, in bytes: 112 bits, were every bit of it random.
const APPROVED_PASSWORD: usize = 14;
/// Shortest salt of an approved service, in bytes (SP 800-132 section 5.1).
const APPROVED_SALT: usize = 16;
/// Fewest iterations of an approved service (SP 800-132 section 5.2).
const APPROVED_ITERATIONS: u32 = 1000;
/// Fewest iterations that an engine serves, unless set otherwise.
pub(crate) const DEFAULT_ITERATIONS: u32 = 600_000;
/// Most iterations: seconds of work, in which the session serves nothing else.
const MAX_ITERATIONS: u32 = 10_000_000;
/// Longest password and longest salt, in bytes.
const MAX_INPUT: usize = 1024;
/// What a key may do that protects stored data.
const STORED_DATA: Usage = Usage::ENCRYPT
    .and(Usage::DECRYPT)
    .and(Usage::WRAP)
    .and(Usage::UNWRAP)
    .and(Usage::MAC)
    .and(Usage::VERIFY_MAC);

/// Whether such a key may come of a password.
pub(super) fn may_stretch(request: &Request<'_>, template: &Attributes) -> Result<()> {
    let iterations = request.params.iterations.ok_or(Error::InvalidArgument)?;
    let fits = (1..=MAX_INPUT).contains(&request.input_len)
        && request.params.salt.len() <= MAX_INPUT
        && (1..=MAX_ITERATIONS).contains(&iterations)
        && template.class == KeyClass::Secret;
    if !fits {
        return Err(Error::InvalidArgument);
    }
    // The password makes the same secret again, and its counter would start anew.
    let permitted = iterations >= request.rulebook.min_iterations
        && template.usage.is_subset(STORED_DATA)
        && template.export == Export::NONE
        && !numbers_ivs(template);
    if permitted { Ok(()) } else { Err(Error::NotPermitted) }
}

/// What a password of this length is counted for.
pub(super) fn strength(request: &Request<'_>) -> Strength {
    Strength(u16::try_from(request.input_len.saturating_mul(8)).unwrap_or(u16::MAX).min(112))
}

/// Why the indicator would not say "approved".
pub(super) fn fault(request: &Request<'_>) -> Option<Reason> {
    let approved = request.input_len >= APPROVED_PASSWORD
        && request.params.salt.len() >= APPROVED_SALT
        && request.params.iterations.is_some_and(|count| count >= APPROVED_ITERATIONS);
    (!approved).then_some(Reason::Password)
}
