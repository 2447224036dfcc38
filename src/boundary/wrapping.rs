//! Wrapping and unwrapping: the native blob, and the bare forms for interoperation.
//!
//! * Native: the stored secret under AES-256-GCM, with identity, origin, strength, counter and policy as
//!   associated data (SSP-7). Under a hybrid key the bare form takes the place of the stored one, because whoever
//!   has the public key can write such a blob: what comes in so is examined like every foreign key.
//! * Interoperable: symmetric keys as they are, asymmetric keys as PKCS#8 (RFC 5208, RFC 5915, RFC 8017,
//!   RFC 8410), under KW, KWP, GCM, OAEP, RSA with AES, or a hybrid key. The policy stays behind.

use super::backend::Backends;
use super::key::{Header, Origin, Paired, Permit, Vacant};
use super::prepared::Prepared;
use super::scratch::Scratch;
use super::table::Row;
use super::tools::Tools;
use crate::algorithm::{Algorithm, Family, Params};
use crate::attributes::{Attributes, KeyKind, Strength};
use crate::budget::Lease;
use crate::error::{Error, Result};
use crate::handle::KeyId;
use crate::marks;
use crate::policy::Profile;
use crate::policy::ops::{Export, Op, Unwrap, Wrap};
use crate::state::Staged;
use crate::wire::pkcs8::{self, PrivateKeyInfo};
use crate::wire::spki::EcCurve;
use crate::wire::wrapped_key::{self, Claims, WrappedKey};

// -- wrap --

/// Wraps the payload of one permit under the KEK of the other. `uses` is the share of the payload's
/// counted uses that goes with the blob.
pub(crate) fn wrap(
    row: &Row,
    kek: Permit<'_, Wrap>,
    payload: &Permit<'_, Export>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    uses: Option<Lease>,
    out: &mut Staged<'_>,
) -> Result<()> {
    let cell = row.wrap.ok_or(Error::Unsupported)?;
    if row.algorithm.facts().family == Family::Native {
        let claims = claims_of(payload.key()?.header(), uses);
        let kek_id = name_of(&kek)?;
        let bare = if is_vouched(row) { None } else { Some(bare_form(payload)?) };
        payload.material(|material| {
            let secret = bare.as_ref().map_or(material.secret(), Scratch::bytes);
            let sealed_len = (row.wrapped_len)(&kek.key()?.header().attributes, secret.len());
            let sealed_len = sealed_len.ok_or(Error::InvalidArgument)?;
            let mut header = [0; wrapped_key::MAX_HEADER];
            let header_len =
                wrapped_key::emit_header(row.algorithm, &kek_id, &claims, sealed_len, &mut header)?;
            let header = header.get(..header_len).ok_or(Error::Corrupted)?;
            let total = header_len.checked_add(sealed_len).ok_or(Error::InvalidArgument)?;
            let (front, sealed) =
                out.claim(total)?.split_at_mut_checked(header_len).ok_or(Error::Corrupted)?;
            front.copy_from_slice(header);
            cell(kek, params, tools, header, secret, sealed).map(drop)
        })?;
    } else {
        let plain = bare_form(payload)?;
        let kek_attributes = &kek.key()?.header().attributes;
        let room = (row.wrapped_len)(kek_attributes, plain.bytes().len()).ok_or(Error::InvalidArgument)?;
        let written = cell(kek, params, tools, &[], plain.bytes(), out.claim(room)?)?;
        out.truncate(written);
    }
    Ok(())
}

/// Whether a native blob is the word of whoever holds the KEK, and not of whoever has a public key.
fn is_vouched(row: &Row) -> bool {
    row.algorithm == Algorithm::NativeWrap
}

/// What a native blob calls its KEK: a symmetric one by its id, which travels with it; a hybrid one by its public key.
fn name_of<O: Op>(kek: &Permit<'_, O>) -> Result<KeyId> {
    #[cfg(feature = "hybrid")]
    if let Some(name) = kek.material(|material| super::alg::hybrid::name(material.prepared()))? {
        return Ok(name);
    }
    Ok(kek.key()?.header().id)
}

/// Most bytes that wrapping this key can write.
pub(crate) fn output_len(row: &Row, kek: &Attributes, payload: &Header) -> Result<usize> {
    let attributes = &payload.attributes;
    if row.algorithm.facts().family == Family::Native {
        let mut header = [0; wrapped_key::MAX_HEADER];
        // Every counted form is as long as this one, whatever the numbers.
        let uses = crate::policy::ceiling(attributes).map(|end| Lease::of(0, end));
        let claims = claims_of(payload, uses);
        let len = wrapped_key::emit_header(row.algorithm, &payload.id, &claims, 0, &mut header)?;
        let plain = if is_vouched(row) { usize::from(attributes.length) } else { bare_len_bound(attributes) };
        let sealed = (row.wrapped_len)(kek, plain);
        return sealed.and_then(|sealed| sealed.checked_add(len)).ok_or(Error::InvalidArgument);
    }
    (row.wrapped_len)(kek, bare_len_bound(attributes)).ok_or(Error::InvalidArgument)
}

/// Longest bare form of a key, in whole semiblocks.
fn bare_len_bound(attributes: &Attributes) -> usize {
    // The scalar, the point, and the headers of both.
    if let Some(curve) = EcCurve::of(attributes.kind) {
        let len = curve.field_len().saturating_add(curve.point_len()).saturating_add(47);
        return len.next_multiple_of(8);
    }
    match attributes.kind {
        kind if is_bare_as_stored(kind) => usize::from(attributes.length),
        KeyKind::Ed25519 => 88,
        // A seed and 22 octets of headers.
        KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => 88,
        KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => 56,
        // SLH-DSA: the key and at most 24 octets of headers.
        kind if kind.modulus_len() == 0 => kind.secret_len().saturating_add(24),
        // Nine integers, four and a half moduli together, and their headers.
        kind => kind.modulus_len().saturating_mul(9).saturating_div(2).saturating_add(96),
    }
}

/// Whether the bare form of a key is its stored one: no PKCS#8 is known for a hybrid key.
fn is_bare_as_stored(kind: KeyKind) -> bool {
    !kind.is_asymmetric() || kind == KeyKind::HybridP384MlKem1024
}

fn claims_of(header: &Header, uses: Option<Lease>) -> Claims {
    Claims {
        id: header.id,
        origin: origin_bits(header.origin),
        strength: header.strength,
        uses: uses.map(|lease| (lease.next, lease.end)),
        attributes: header.attributes.clone(),
    }
}

/// The key as other systems know it.
fn bare_form(payload: &Permit<'_, Export>) -> Result<Scratch> {
    let header = payload.key()?.header();
    payload.material(|material| {
        let secret = material.secret();
        let emit = |info: &PrivateKeyInfo<'_>| -> Result<Scratch> {
            let mut plain = Scratch::new(pkcs8::emitted_len(info)?)?;
            pkcs8::emit(info, plain.bytes_mut())?;
            Ok(plain)
        };
        let mut buffer = [0; EcCurve::MAX_POINT];
        if let Ok((curve, point)) = material.prepared().point(&mut buffer) {
            let public = Some(point);
            return emit(&PrivateKeyInfo::Ec { curve, d: secret, public, parameters: false });
        }
        match (header.attributes.kind, material.prepared()) {
            (kind, _) if is_bare_as_stored(kind) => {
                let mut plain = Scratch::new(secret.len())?;
                plain.bytes_mut().copy_from_slice(secret);
                Ok(plain)
            }
            #[cfg(feature = "ed25519")]
            (KeyKind::Ed25519, Prepared::Ed25519(_)) => {
                let seed = secret.try_into().map_err(|_| Error::Corrupted)?;
                emit(&PrivateKeyInfo::Ed25519 { seed, public: None })
            }
            #[cfg(feature = "ml-kem")]
            (kind, Prepared::MlKem(_)) => emit(&PrivateKeyInfo::Set { kind, secret, public: None }),
            #[cfg(feature = "ml-dsa")]
            (kind, Prepared::MlDsa(_)) => emit(&PrivateKeyInfo::Set { kind, secret, public: None }),
            #[cfg(feature = "slh-dsa")]
            (kind, Prepared::SlhDsa(_)) => emit(&PrivateKeyInfo::Set { kind, secret, public: None }),
            #[cfg(feature = "rsa")]
            (_, Prepared::Rsa(key)) => key.numbers().with_components(|n, e, d, p, q, dp, dq, qinv| {
                emit(&PrivateKeyInfo::Rsa { n, e, d, p, q, dp, dq, qinv })
            }),
            _ => Err(Error::Corrupted),
        }
    })
}

// -- unwrap --

/// The plaintext of an unwrapped key on its way into a record, never out of the boundary.
pub(crate) struct Opened {
    plain: Scratch,
    native: bool,
}

impl Opened {
    /// The stored bytes of a key that was computed here.
    pub(in crate::boundary) fn computed(plain: Scratch) -> Self {
        Self { plain, native: true }
    }
}

/// What came out of a native blob, authenticated.
pub(crate) struct NativeKey {
    /// Whether identity, past and uses are the word of an engine. Under a hybrid key they are the word of nobody, and
    /// the key is imported.
    pub(crate) vouched: bool,
    pub(crate) id: KeyId,
    pub(crate) attributes: Attributes,
    pub(crate) origin: Origin,
    pub(crate) strength: Strength,
    pub(crate) uses: Option<Lease>,
    pub(crate) opened: Opened,
}

/// Opens a native blob.
pub(crate) fn open_native(
    row: &Row,
    permit: Permit<'_, Unwrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    blob: WrappedKey<'_>,
) -> Result<NativeKey> {
    let cell = row.unwrap.ok_or(Error::Unsupported)?;
    let kek_strength = permit.key()?.header().strength;
    if blob.kek != name_of(&permit)? {
        return Err(Error::Rejected);
    }
    let vouched = is_vouched(row);
    let mut plain = Scratch::new(blob.sealed.len())?;
    let len = cell(permit, params, tools, blob.associated, blob.sealed, plain.bytes_mut())?;
    plain.truncate(len);
    // The tag covers all that was claimed: from here on it is the word of the key that wrapped it.
    let claims = blob.claims.authenticated();
    let claimed = origin_of(claims.origin);
    Ok(NativeKey {
        vouched,
        id: claims.id,
        origin: if vouched { claimed } else { super::key::origin_of_import(claimed.profile) },
        strength: claims.strength.min(kek_strength).min(claims.attributes.strength()),
        uses: claims.uses.map(|(next, end)| Lease::of(next, end)),
        attributes: claims.attributes,
        opened: Opened { plain, native: vouched },
    })
}

/// Opens a bare blob; answers the strength that the key can have at most.
pub(crate) fn open_foreign(
    row: &Row,
    permit: Permit<'_, Unwrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    blob: &[u8],
) -> Result<(Strength, Opened)> {
    let cell = row.unwrap.ok_or(Error::Unsupported)?;
    let strength = permit.key()?.header().strength;
    let mut plain = Scratch::new(blob.len())?;
    let len = cell(permit, params, tools, &[], blob, plain.bytes_mut())?;
    plain.truncate(len);
    Ok((strength, Opened { plain, native: false }))
}

impl Opened {
    /// Fills a place with the key. Bytes that are no key of the kind that policy asks for are
    /// rejected like any other bad blob.
    pub(crate) fn fill(&self, mut place: Vacant<'_>, tools: &mut Tools<'_>) -> Result<Paired> {
        let attributes = place.attributes();
        let kind = attributes.kind;
        if self.native || is_bare_as_stored(kind) {
            let bytes = place.bytes();
            if bytes.len() != self.plain.bytes().len() {
                return Err(Error::Rejected);
            }
            bytes.copy_from_slice(self.plain.bytes());
        } else {
            self.fill_pair(kind, &mut place, tools)?;
        }
        place.entered()
    }

    fn fill_pair(&self, kind: KeyKind, place: &mut Vacant<'_>, tools: &mut Tools<'_>) -> Result<()> {
        let _ = &tools;
        match (kind, pkcs8::parse(self.plain.bytes())?) {
            (kind, PrivateKeyInfo::Ec { curve, d, public, .. }) if curve.kind() == kind => {
                exactly(place.bytes(), d)?;
                let mut buffer = [0; EcCurve::MAX_POINT];
                let (_, point) =
                    Prepared::new(place.backends(), place.attributes(), d)?.point(&mut buffer)?;
                same_if_given(public, point)
            }
            #[cfg(feature = "ed25519")]
            (KeyKind::Ed25519, PrivateKeyInfo::Ed25519 { seed, public }) => {
                use super::backend::portable::ed25519::PrivateKey;
                exactly(place.bytes(), seed)?;
                // VAL-ED-2: never sign with a public half that somebody supplied.
                same_if_given(public, &PrivateKey::new(place.backends(), seed).public_key())
            }
            (_, PrivateKeyInfo::Set { kind: found, secret, public }) if found == kind => {
                exactly(place.bytes(), secret)?;
                same_as_derived(place.backends(), kind, secret, public)
            }
            #[cfg(feature = "rsa")]
            (_, PrivateKeyInfo::Rsa { n, e, d, p, q, dp, dq, qinv }) if n.len() == kind.modulus_len() => {
                use super::backend::rsa::{Components, Crt, E, PrivateKey};
                let crt = Some(Crt { dp, dq, q_inv: qinv });
                let parts = Components { n, e, p, q, d: Some(d), crt };
                let random = &mut |out: &mut [u8]| tools.secret(out);
                let (key, mut primes) = PrivateKey::import(place.backends(), &parts, random)?;
                // The stored form has no room for another exponent.
                let copied = if key.public().e() == E {
                    exactly(place.bytes(), &primes)
                } else {
                    Err(Error::Rejected)
                };
                zeroize::Zeroize::zeroize(&mut primes);
                copied
            }
            _ => Err(Error::Rejected),
        }
    }
}

fn exactly(to: &mut [u8], from: &[u8]) -> Result<()> {
    if to.len() != from.len() {
        return Err(Error::Rejected);
    }
    to.copy_from_slice(from);
    Ok(())
}

/// A post-quantum key: the public half that came along, if any, is that of the secret.
fn same_as_derived(backends: &Backends, kind: KeyKind, secret: &[u8], public: Option<&[u8]>) -> Result<()> {
    let _ = (backends, secret, public);
    match kind {
        #[cfg(feature = "ml-kem")]
        KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => {
            let key = super::backend::ml_kem::PrivateKey::new(backends, kind, secret)?;
            key.with_public_key(|key| same_if_given(public, key))
        }
        #[cfg(feature = "ml-dsa")]
        KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => {
            let key = super::backend::ml_dsa::PrivateKey::new(backends, kind, secret)?;
            key.public().with_bytes(|key| same_if_given(public, key))
        }
        // PK.root must be that of the seeds (VAL-DSA-2): it is computed.
        #[cfg(feature = "slh-dsa")]
        kind if kind.modulus_len() == 0 => {
            use super::backend::portable::slh_dsa::{MAX_N, PrivateKey, n, root};
            let key = PrivateKey::new(kind, secret)?;
            let n = n(kind);
            let (seeds, stored) = secret.split_at_checked(n.saturating_mul(3)).ok_or(Error::Rejected)?;
            let mut computed = [0; MAX_N];
            let computed = computed.get_mut(..n).ok_or(Error::Corrupted)?;
            root(kind, seeds, computed)?;
            same_if_given(Some(stored), computed)?;
            same_if_given(public, key.public_bytes())
        }
        _ => Err(Error::Rejected),
    }
}

/// VAL-EC-3: a public half that comes along must be the right one.
fn same_if_given(given: Option<&[u8]>, derived: &[u8]) -> Result<()> {
    given.inspect(|given| marks::declassify("public key", *given));
    marks::declassify("public key", derived);
    if given.is_none_or(|given| given == derived) { Ok(()) } else { Err(Error::Rejected) }
}

const LOCAL: u8 = 1;
const NEVER_EXTRACTABLE: u8 = 2;
const ALWAYS_SENSITIVE: u8 = 4;
const PAIRWISE_TESTED: u8 = 8;
const GENERAL_PROFILE: u8 = 16;
const DERIVED: u8 = 32;

fn origin_bits(origin: Origin) -> u8 {
    [
        (LOCAL, origin.local),
        (NEVER_EXTRACTABLE, origin.never_extractable),
        (ALWAYS_SENSITIVE, origin.always_sensitive),
        (PAIRWISE_TESTED, origin.pairwise_tested),
        (GENERAL_PROFILE, origin.profile == Profile::General),
        (DERIVED, origin.derived),
    ]
    .into_iter()
    .fold(0, |bits, (bit, fact)| if fact { bits | bit } else { bits })
}

fn origin_of(bits: u8) -> Origin {
    Origin {
        local: bits & LOCAL != 0,
        derived: bits & DERIVED != 0,
        // One that came of a password never leaves.
        password: false,
        never_extractable: bits & NEVER_EXTRACTABLE != 0,
        always_sensitive: bits & ALWAYS_SENSITIVE != 0,
        pairwise_tested: bits & PAIRWISE_TESTED != 0,
        profile: if bits & GENERAL_PROFILE != 0 { Profile::General } else { Profile::Approved },
    }
}

#[cfg(test)]
mod tests;
