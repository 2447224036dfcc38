//! Prepared forms: what a key's secret becomes once, at creation, so that each use is as fast as the
//! bare primitive. One variant per family and backend; each wipes itself on drop.

use super::alg::mac::MacState;
use super::backend::Backends;
use super::backend::aes::cmac::CmacKey;
use super::backend::aes::{BlockKey, GcmKey};
#[cfg(feature = "hybrid")]
use super::backend::hybrid;
#[cfg(feature = "ml-dsa")]
use super::backend::ml_dsa;
#[cfg(feature = "ml-kem")]
use super::backend::ml_kem;
#[cfg(feature = "ecdsa")]
#[cfg(feature = "secp256k1")]
use super::backend::portable::ec::Secp256k1;
#[cfg(feature = "ecdsa")]
use super::backend::portable::ec::{self, P256, P384, P521};
#[cfg(feature = "ed25519")]
use super::backend::portable::ed25519;
use super::backend::portable::hash::HmacKey;
#[cfg(feature = "slh-dsa")]
use super::backend::portable::slh_dsa;
#[cfg(feature = "rsa")]
use super::backend::rsa;
use crate::algorithm::Family;
use crate::attributes::{Attributes, KeyClass, KeyKind};
use crate::error::{Error, Result};
use crate::wire::spki::EcCurve;

/// A prepared form.
// The size of a variant is the size of its tables; a Box would put key bytes on a heap.
#[allow(clippy::large_enum_variant)]
pub(in crate::boundary) enum Prepared {
    None,
    Gcm(GcmKey),
    Block(BlockKey),
    /// A derivation key is used as it is stored.
    Stored,
    Cmac(CmacKey),
    Hmac(HmacKey),
    #[cfg(feature = "ecdsa")]
    P256(ec::Key<P256>),
    #[cfg(feature = "ecdsa")]
    P384(ec::Key<P384>),
    #[cfg(feature = "ecdsa")]
    P521(ec::Key<P521>),
    #[cfg(feature = "secp256k1")]
    Secp256k1(ec::Key<Secp256k1>),
    #[cfg(feature = "ed25519")]
    Ed25519(ed25519::PrivateKey),
    #[cfg(feature = "ed25519")]
    Ed25519Public(ed25519::PublicKey),
    #[cfg(feature = "ml-kem")]
    MlKem(ml_kem::PrivateKey),
    #[cfg(feature = "ml-kem")]
    MlKemPublic(ml_kem::PublicKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa(ml_dsa::PrivateKey),
    #[cfg(feature = "ml-dsa")]
    MlDsaPublic(ml_dsa::PublicKey),
    #[cfg(feature = "slh-dsa")]
    SlhDsa(slh_dsa::PrivateKey),
    #[cfg(feature = "slh-dsa")]
    SlhDsaPublic(slh_dsa::PublicKey),
    #[cfg(feature = "hybrid")]
    Hybrid(alloc::boxed::Box<hybrid::PrivateKey>),
    #[cfg(feature = "hybrid")]
    HybridPublic(alloc::boxed::Box<hybrid::PublicKey>),
    #[cfg(feature = "rsa")]
    Rsa(alloc::boxed::Box<rsa::PrivateKey>),
    #[cfg(feature = "rsa")]
    RsaPublic(alloc::boxed::Box<rsa::PublicKey>),
}

impl Prepared {
    /// Prepares stored bytes for the one family of algorithms that the key serves. This is also the
    /// validation of keys that come in: bytes that are no key of the kind are [`Error::Rejected`].
    pub(in crate::boundary) fn new(
        backends: &Backends,
        attributes: &Attributes,
        bytes: &[u8],
    ) -> Result<Self> {
        let family = attributes.rules.iter().next().map(|rule| rule.algorithm.facts().family);
        let family = family.ok_or(Error::Corrupted)?;
        match (attributes.kind, attributes.class) {
            (KeyKind::Aes128 | KeyKind::Aes192 | KeyKind::Aes256, KeyClass::Secret) => match family {
                Family::Gcm | Family::GcmWrap | Family::Native => {
                    Ok(Self::Gcm(GcmKey::new(backends, bytes)?))
                }
                Family::Kw | Family::Kwp | Family::Cbc | Family::Ctr => {
                    Ok(Self::Block(BlockKey::new(backends, bytes)?))
                }
                Family::Cmac | Family::CounterKdf | Family::FeedbackKdf => {
                    Ok(Self::Cmac(CmacKey::new(backends, bytes)?))
                }
                _ => Err(Error::Unsupported),
            },
            (KeyKind::Hmac, KeyClass::Secret) => {
                let hash = attributes.rules.iter().next().and_then(|rule| rule.hashes.only());
                Ok(Self::Hmac(HmacKey::new(hash.ok_or(Error::Corrupted)?, bytes)?))
            }
            (KeyKind::Derivation, KeyClass::Secret) => Ok(Self::Stored),
            #[cfg(feature = "ecdsa")]
            (KeyKind::EcP256, class) => Ok(Self::P256(ec_key(backends, class, bytes)?)),
            #[cfg(feature = "ecdsa")]
            (KeyKind::EcP384, class) => Ok(Self::P384(ec_key(backends, class, bytes)?)),
            #[cfg(feature = "ecdsa")]
            (KeyKind::EcP521, class) => Ok(Self::P521(ec_key(backends, class, bytes)?)),
            #[cfg(feature = "secp256k1")]
            (KeyKind::EcSecp256k1, class) => Ok(Self::Secp256k1(ec_key(backends, class, bytes)?)),
            #[cfg(feature = "ed25519")]
            (KeyKind::Ed25519, KeyClass::Private) => {
                let seed = bytes.try_into().map_err(|_| Error::Rejected)?;
                Ok(Self::Ed25519(ed25519::PrivateKey::new(backends, seed)))
            }
            #[cfg(feature = "ed25519")]
            (KeyKind::Ed25519, KeyClass::Public) => Ok(Self::Ed25519Public(ed25519::PublicKey::new(bytes)?)),
            #[cfg(feature = "ml-kem")]
            (KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024, KeyClass::Private) => {
                Ok(Self::MlKem(ml_kem::PrivateKey::new(backends, attributes.kind, bytes)?))
            }
            #[cfg(feature = "ml-kem")]
            (KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024, KeyClass::Public) => {
                Ok(Self::MlKemPublic(ml_kem::PublicKey::new(backends, attributes.kind, bytes)?))
            }
            #[cfg(feature = "hybrid")]
            (KeyKind::HybridP384MlKem1024, KeyClass::Private) => {
                Ok(Self::Hybrid(alloc::boxed::Box::new(hybrid::PrivateKey::new(backends, bytes)?)))
            }
            #[cfg(feature = "hybrid")]
            (KeyKind::HybridP384MlKem1024, KeyClass::Public) => {
                Ok(Self::HybridPublic(alloc::boxed::Box::new(hybrid::PublicKey::new(backends, bytes)?)))
            }
            #[cfg(feature = "ml-dsa")]
            (KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87, KeyClass::Private) => {
                Ok(Self::MlDsa(ml_dsa::PrivateKey::new(backends, attributes.kind, bytes)?))
            }
            #[cfg(feature = "ml-dsa")]
            (KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87, KeyClass::Public) => {
                Ok(Self::MlDsaPublic(ml_dsa::PublicKey::new(backends, attributes.kind, bytes)?))
            }
            #[cfg(feature = "rsa")]
            (KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096, KeyClass::Private) => {
                Ok(Self::Rsa(alloc::boxed::Box::new(rsa::PrivateKey::load(backends, bytes, rsa::E)?)))
            }
            #[cfg(feature = "rsa")]
            (KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096, KeyClass::Public) => {
                let (e, n) = bytes.split_at_checked(super::public::RSA_E_LEN).ok_or(Error::Rejected)?;
                Ok(Self::RsaPublic(alloc::boxed::Box::new(rsa::PublicKey::new(backends, n, e)?)))
            }
            // What is left are the sets of SLH-DSA, or kinds that this build lacks.
            #[cfg(feature = "slh-dsa")]
            (kind, KeyClass::Private) => Ok(Self::SlhDsa(slh_dsa::PrivateKey::new(kind, bytes)?)),
            #[cfg(feature = "slh-dsa")]
            (kind, KeyClass::Public) => Ok(Self::SlhDsaPublic(slh_dsa::PublicKey::new(kind, bytes)?)),
            _ => Err(Error::Unsupported),
        }
    }

    pub(in crate::boundary) fn gcm(&self) -> Result<&GcmKey> {
        match self {
            Self::Gcm(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    pub(in crate::boundary) fn block(&self) -> Result<&BlockKey> {
        match self {
            Self::Block(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    pub(in crate::boundary) fn cmac(&self) -> Result<&CmacKey> {
        match self {
            Self::Cmac(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    /// A running MAC under the key.
    pub(in crate::boundary) fn start_mac(&self) -> Result<MacState> {
        match self {
            Self::Hmac(key) => Ok(MacState::Hmac(key.start())),
            Self::Cmac(key) => Ok(MacState::Cmac(key.start())),
            _ => Err(Error::Corrupted),
        }
    }

    pub(in crate::boundary) fn hmac(&self) -> Result<&HmacKey> {
        match self {
            Self::Hmac(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    /// The public half of a key on whichever curve: the curve, and the uncompressed point in `buffer`.
    pub(in crate::boundary) fn point<'a>(
        &self,
        buffer: &'a mut [u8; EcCurve::MAX_POINT],
    ) -> Result<(EcCurve, &'a [u8])> {
        match self {
            #[cfg(feature = "ecdsa")]
            Self::P256(key) => ec_point(EcCurve::P256, key, buffer),
            #[cfg(feature = "ecdsa")]
            Self::P384(key) => ec_point(EcCurve::P384, key, buffer),
            #[cfg(feature = "ecdsa")]
            Self::P521(key) => ec_point(EcCurve::P521, key, buffer),
            #[cfg(feature = "secp256k1")]
            Self::Secp256k1(key) => ec_point(EcCurve::Secp256k1, key, buffer),
            _ => Err(Error::Unsupported),
        }
    }

    #[cfg(feature = "ed25519")]
    pub(in crate::boundary) fn ed25519(&self) -> Result<&ed25519::PrivateKey> {
        match self {
            Self::Ed25519(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    #[cfg(feature = "rsa")]
    pub(in crate::boundary) fn rsa(&self) -> Result<&rsa::PrivateKey> {
        match self {
            Self::Rsa(key) => Ok(key),
            _ => Err(Error::Corrupted),
        }
    }

    #[cfg(feature = "rsa")]
    pub(in crate::boundary) fn rsa_public(&self) -> Result<rsa::PublicView<'_>> {
        match self {
            Self::Rsa(key) => Ok(key.public()),
            Self::RsaPublic(key) => Ok(key.public()),
            _ => Err(Error::Corrupted),
        }
    }
}

/// A private key, or a public one validated in full (SP 800-56A r3 section 5.6.2.3.3, VAL-EC-1), once, when
/// it is brought in.
#[cfg(feature = "ecdsa")]
fn ec_key<C: ec::Curve>(backends: &Backends, class: KeyClass, bytes: &[u8]) -> Result<ec::Key<C>> {
    match class {
        KeyClass::Private => Ok(ec::Key::Private(ec::PrivateKey::new(backends, bytes)?)),
        KeyClass::Public => {
            let key = ec::PublicKey::new(backends, bytes)?;
            key.validate_full()?;
            Ok(ec::Key::Public(key))
        }
        KeyClass::Secret => Err(Error::Unsupported),
    }
}

#[cfg(feature = "ecdsa")]
fn ec_point<'a, C: ec::Curve>(
    curve: EcCurve,
    key: &ec::Key<C>,
    buffer: &'a mut [u8; EcCurve::MAX_POINT],
) -> Result<(EcCurve, &'a [u8])> {
    let point = buffer.get_mut(..curve.point_len()).ok_or(Error::Corrupted)?;
    key.public().bytes(point)?;
    Ok((curve, point))
}
