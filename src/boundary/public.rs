//! Public keys in and out, as SubjectPublicKeyInfo. Public, and still only with a permit: who may see
//! that a key exists is policy.

use super::key::{Paired, Permit, Vacant};
use super::prepared::Prepared;
use crate::attributes::KeyKind;
use crate::error::{Error, Result};
use crate::policy::ops::Inspect;
use crate::state::Staged;
use crate::wire::spki::{self, EcCurve, PublicKeyInfo};

/// Emits the public half of a key as SubjectPublicKeyInfo (RFC 5480, RFC 8410, RFC 8017, RFC 9935, RFC 9881,
/// RFC 9909).
pub(crate) fn emit(permit: Permit<'_, Inspect>, out: &mut Staged<'_>) -> Result<()> {
    permit.material(|material| {
        with_info(material.prepared(), |info| {
            let len = spki::emitted_len(info)?;
            spki::emit(info, out.claim(len)?).map(drop)
        })
    })
}

/// Room for the public exponent of a stored RSA key, before its modulus.
pub(super) const RSA_E_LEN: usize = 8;

/// Length of what [`emit`] writes.
pub(crate) fn emitted_len(permit: &Permit<'_, Inspect>) -> Result<usize> {
    permit.material(|material| with_info(material.prepared(), spki::emitted_len))
}

/// Fills a place with a public key that was parsed; preparing it validates it (VAL-EC-1, VAL-ED-1,
/// VAL-RSA-1, VAL-KEM-1).
pub(crate) fn fill(info: &PublicKeyInfo<'_>, mut place: Vacant<'_>) -> Result<Paired> {
    match info {
        PublicKeyInfo::Ec { point, .. } => uncompressed(point, &mut place)?,
        PublicKeyInfo::Ed25519 { key } => right_aligned(place.bytes(), key)?,
        PublicKeyInfo::Set { key, .. } if key.len() == place.bytes().len() => {
            place.bytes().copy_from_slice(key)
        }
        PublicKeyInfo::Set { .. } => return Err(Error::Rejected),
        PublicKeyInfo::Hybrid { point, key } => {
            let (first, second) = place.bytes().split_at_mut_checked(point.len()).ok_or(Error::Rejected)?;
            first.copy_from_slice(point);
            right_aligned(second, key)?;
        }
        PublicKeyInfo::Rsa { n, e } => {
            let (exponent, modulus) = place.bytes().split_at_mut_checked(RSA_E_LEN).ok_or(Error::Rejected)?;
            right_aligned(exponent, e)?;
            if modulus.len() != n.len() {
                return Err(Error::Rejected);
            }
            right_aligned(modulus, n)?;
        }
    }
    place.entered()
}

/// The kind of a parsed public key.
pub(crate) fn kind_of(info: &PublicKeyInfo<'_>) -> Result<KeyKind> {
    match info {
        PublicKeyInfo::Ec { curve, .. } => Ok(curve.kind()),
        PublicKeyInfo::Ed25519 { .. } => Ok(KeyKind::Ed25519),
        PublicKeyInfo::Set { kind, .. } => Ok(*kind),
        PublicKeyInfo::Hybrid { .. } => Ok(KeyKind::HybridP384MlKem1024),
        PublicKeyInfo::Rsa { n, .. } => match n.len() {
            256 => Ok(KeyKind::Rsa2048),
            384 => Ok(KeyKind::Rsa3072),
            512 => Ok(KeyKind::Rsa4096),
            _ => Err(Error::Rejected),
        },
    }
}

/// Stored points are uncompressed: a compressed one is decompressed by preparing it.
fn uncompressed(point: &[u8], place: &mut Vacant<'_>) -> Result<()> {
    if point.len() == place.bytes().len() {
        return right_aligned(place.bytes(), point);
    }
    let mut buffer = [0; EcCurve::MAX_POINT];
    let (_, point) = Prepared::new(place.backends(), place.attributes(), point)?.point(&mut buffer)?;
    right_aligned(place.bytes(), point)
}

fn right_aligned(to: &mut [u8], from: &[u8]) -> Result<()> {
    let start = to.len().checked_sub(from.len()).ok_or(Error::Rejected)?;
    to.fill(0);
    to.get_mut(start..).ok_or(Error::Rejected)?.copy_from_slice(from);
    Ok(())
}

/// Hands the public half to `with`.
fn with_info<R>(prepared: &Prepared, with: impl FnOnce(&PublicKeyInfo<'_>) -> Result<R>) -> Result<R> {
    let mut buffer = [0; EcCurve::MAX_POINT];
    if let Ok((curve, point)) = prepared.point(&mut buffer) {
        return with(&PublicKeyInfo::Ec { curve, point });
    }
    #[cfg(feature = "ed25519")]
    match prepared {
        Prepared::Ed25519(key) => return with(&PublicKeyInfo::Ed25519 { key: &key.public_key() }),
        Prepared::Ed25519Public(key) => return with(&PublicKeyInfo::Ed25519 { key: &key.bytes() }),
        _ => {}
    }
    #[cfg(feature = "ml-kem")]
    match prepared {
        Prepared::MlKem(key) => {
            return key.with_public_key(|bytes| with(&PublicKeyInfo::Set { kind: key.kind(), key: bytes }));
        }
        Prepared::MlKemPublic(key) => {
            return key.with_bytes(|bytes| with(&PublicKeyInfo::Set { kind: key.kind(), key: bytes }));
        }
        _ => {}
    }
    #[cfg(feature = "hybrid")]
    {
        use super::backend::hybrid;
        let public = match prepared {
            Prepared::Hybrid(key) => Some(key.public_bytes()?),
            Prepared::HybridPublic(key) => Some(key.bytes()?),
            _ => None,
        };
        if let Some(public) = public {
            let (point, key) = hybrid::halves(&public);
            return with(&PublicKeyInfo::Hybrid { point, key });
        }
    }
    #[cfg(feature = "ml-dsa")]
    match prepared {
        Prepared::MlDsa(key) => {
            let key = key.public();
            return key.with_bytes(|bytes| with(&PublicKeyInfo::Set { kind: key.kind(), key: bytes }));
        }
        Prepared::MlDsaPublic(key) => {
            let key = key.public();
            return key.with_bytes(|bytes| with(&PublicKeyInfo::Set { kind: key.kind(), key: bytes }));
        }
        _ => {}
    }
    #[cfg(feature = "slh-dsa")]
    match prepared {
        Prepared::SlhDsa(key) => {
            return with(&PublicKeyInfo::Set { kind: key.kind(), key: key.public_bytes() });
        }
        Prepared::SlhDsaPublic(key) => {
            return with(&PublicKeyInfo::Set { kind: key.kind(), key: key.bytes() });
        }
        _ => {}
    }
    #[cfg(feature = "rsa")]
    if let Ok(key) = prepared.rsa_public() {
        let e = key.e().to_be_bytes();
        let zeros = e.iter().take_while(|byte| **byte == 0).count();
        return with(&PublicKeyInfo::Rsa { n: key.n(), e: e.get(zeros..).ok_or(Error::Corrupted)? });
    }
    Err(Error::NotPermitted)
}
