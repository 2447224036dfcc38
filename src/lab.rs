//! Pure functions of the wire layer, for fuzzing and for the laboratory. They read bytes and nothing else:
//! no key, no engine, no state.
//!
//! Each answers `None` for bytes that its parser rejects, else whether emitting what was parsed gives the
//! same bytes again, which must be `true`.
//!
//! The laboratory build alone has [`raw`] beside them: primitives over bytes, for conformance tests whose inputs
//! no service takes.

use crate::algorithm::Algorithm;
#[cfg(strongroom_lab)]
pub use crate::boundary::lab as raw;
#[cfg(strongroom_lab)]
use crate::marks;
use crate::wire::{pkcs8, spki, wrapped_key};

/// Marks what a caller hands in as secret, for valgrind.
#[cfg(strongroom_lab)]
pub fn mark_secret(bytes: &mut [u8]) {
    marks::secret(bytes);
}

/// Marks what a caller was given as public, for valgrind.
#[cfg(strongroom_lab)]
pub fn mark_public(bytes: &[u8]) {
    marks::declassify("what a service gave out", bytes);
}

#[cfg(strongroom_lab)]
pub use marks::{errors as valgrind_errors, marked};

/// A native wrapped-key blob.
#[must_use]
pub fn wrapped_key_canonical(blob: &[u8]) -> Option<bool> {
    let algorithms = [Algorithm::NativeWrap, Algorithm::HybridNative];
    let mut parsed = algorithms.iter().filter_map(|of| Some((*of, wrapped_key::parse(*of, blob).ok()?)));
    let (algorithm, parsed) = parsed.next()?;
    let mut header = [0; wrapped_key::MAX_HEADER];
    let (kek, sealed) = (parsed.kek, parsed.sealed);
    let claims = parsed.claims.authenticated();
    let written = wrapped_key::emit_header(algorithm, &kek, &claims, sealed.len(), &mut header);
    let front = written.ok().and_then(|len| header.get(..len));
    Some(front.is_some_and(|front| blob.strip_prefix(front) == Some(sealed)))
}

/// A SubjectPublicKeyInfo.
#[must_use]
pub fn public_key_canonical(der: &[u8]) -> Option<bool> {
    let parsed = spki::parse(der).ok()?;
    let mut out = alloc::vec![0; der.len()];
    let same = spki::emit(&parsed, &mut out).is_ok_and(|len| len == der.len()) && out == der;
    Some(same)
}

/// A PKCS#8 private key, as it stands in bare wrapped forms.
#[must_use]
pub fn private_key_canonical(der: &[u8]) -> Option<bool> {
    let parsed = pkcs8::parse(der).ok()?;
    let mut out = zeroize::Zeroizing::new(alloc::vec![0; der.len()]);
    let same = pkcs8::emit(&parsed, &mut out).is_ok_and(|len| len == der.len()) && *out == *der;
    Some(same)
}
