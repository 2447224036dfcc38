//! RSA with AES key wrap, for payloads that OAEP alone cannot carry (private keys as PKCS#8): a fresh AES-256
//! key under RSA-OAEP (SP 800-56B r2 section 9), and the payload under that key with KWP (SP 800-38F section
//! 6.3). The blob is one after the other, as PKCS #11's `CKM_RSA_AES_KEY_WRAP` has it.

use zeroize::Zeroizing;

use super::rsa;
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::aes::BlockKey;
use crate::boundary::backend::portable::key_wrap;
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::policy::ops::{Unwrap, Wrap};

/// Length of the AES key that we make, in bytes.
const AES_KEY: usize = 32;

// -- cells --

pub(in crate::boundary) fn wrap(
    permit: Permit<'_, Wrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let mut temporary = Zeroizing::new([0; AES_KEY]);
    tools.secret(&mut *temporary)?;
    let len = rsa::oaep_wrap(permit, params, tools, &[], &*temporary, out)?;
    let rest = out.get_mut(len..).ok_or(Error::BufferTooSmall)?;
    let rest_len = key_wrap::kwp_wrap(&BlockKey::new(&tools.backends, &*temporary)?, payload, rest)?;
    len.checked_add(rest_len).ok_or(Error::InvalidArgument)
}

/// One verdict, and one way to it: what OAEP rejects is opened with a key of nobody, so that neither the
/// answer nor the time tells the padding's verdict from KWP's (RSA-8).
pub(in crate::boundary) fn unwrap(
    permit: Permit<'_, Unwrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let modulus = permit.key()?.header().attributes.kind.modulus_len();
    let (under_rsa, under_aes) = wrapped.split_at_checked(modulus).ok_or(Error::Rejected)?;
    let backends = tools.backends;
    let mut nobodys = Zeroizing::new([0; AES_KEY]);
    tools.secret(&mut *nobodys)?;
    let mut opened = Zeroizing::new([0; rsa::MAX]);
    let key = match rsa::oaep_unwrap(permit, params, tools, &[], under_rsa, &mut *opened) {
        Ok(len) => opened.get(..len).and_then(|key| BlockKey::new(&backends, key).ok()),
        Err(Error::Rejected) => None,
        Err(other) => return Err(other),
    };
    let fits = key.is_some();
    let key = match key {
        Some(key) => key,
        None => BlockKey::new(&backends, &*nobodys)?,
    };
    let len = key_wrap::kwp_unwrap(&key, under_aes, out)?;
    if fits { Ok(len) } else { Err(Error::Rejected) }
}

/// Length of what [`wrap`] writes.
pub(in crate::boundary) fn wrapped_len(kek: &Attributes, payload: usize) -> Option<usize> {
    key_wrap::kwp_wrapped_len(payload)?.checked_add(kek.kind.modulus_len())
}
