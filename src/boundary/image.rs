//! The MAC of the module's own image: HMAC-SHA-256 (FIPS 198-1) under a fixed key (INT-2).

use zeroize::Zeroizing;

use super::alg::cast::{Check, ModuleTest};
use super::alg::hmac::HMAC256;
use super::backend::portable::hash::{HmacKey, HmacState};
use crate::algorithm::Hash;
use crate::error::Result;
use crate::state::TestId;

/// The key of the integrity value. It is public and the same in every build: the test finds damage and
/// mistakes in building and copying. It does not stop anybody who can change the program, because such a
/// person can sign the change.
pub const INTEGRITY_KEY: [u8; 32] = *b"strongroom integrity key, public";

/// Length of an integrity value.
pub(crate) const VALUE: usize = 32;

/// The integrity test. What it uses is tested before it (INT-1): HMAC-SHA-256, and SHA-256 under that.
pub(crate) static INTEGRITY: ModuleTest =
    ModuleTest { id: TestId(176), name: "integrity", depends_on: &[&HMAC256] };

/// A running MAC over an image. Wiped on drop (INT-3).
pub(crate) struct ImageMac(HmacState);

impl ImageMac {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(HmacKey::new(Hash::Sha256, &INTEGRITY_KEY)?.start()))
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// Ends with a comparison, in constant time. The computed value is wiped (INT-3).
    pub(crate) fn judge(self, check: &mut Check, reference: &[u8; VALUE]) -> Result<()> {
        let mut computed = Zeroizing::new([0; VALUE]);
        self.0.finish(&mut *computed)?;
        check.equal(&mut *computed, reference)
    }
}
