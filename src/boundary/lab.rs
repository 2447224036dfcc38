//! Primitives over bytes, for conformance tests in laboratory builds: what no service takes because policy
//! refuses it or because the engine makes it inside. Fixed IVs and nonces, entropy input, short keys and tags,
//! raw shared secrets, derived keys, RSA without its padding, expanded keys of the lattice schemes.
//!
//! No key record, no policy, no permit: each function hands its arguments to the function that the services
//! use, and nothing else is computed here. This module exists under `--cfg strongroom_lab` alone.

use alloc::vec;
use alloc::vec::Vec;

use super::alg::kbkdf::{self, Prf};
use super::alg::kdf::{hkdf_raw, one_step_hash_raw, one_step_hmac_raw};
use super::alg::pbkdf2::stretch_raw;
use super::backend::Backends;
use super::backend::aes::cmac::CmacKey;
use super::backend::aes::{BLOCK, BlockKey, GcmKey};
use super::backend::portable::hash::HmacKey;
use super::backend::portable::key_wrap;
use super::drbg::ctr::CtrDrbg;
use super::drbg::hmac::HmacDrbg;
use crate::algorithm::{Algorithm, Hash};
#[cfg(feature = "ecdsa")]
use crate::attributes::KeyKind;
use crate::error::{Error, Result};

/// AES-CBC encryption under a given IV (SP 800-38A section 6.2).
///
/// # Errors
/// `InvalidArgument` for a key or a text of another length.
#[inline(never)]
pub fn cbc_encrypt(key: &[u8], iv: &[u8; BLOCK], plaintext: &[u8]) -> Result<Vec<u8>> {
    let (mut chain, mut out) = (*iv, vec![0; plaintext.len()]);
    BlockKey::new(&Backends::fastest(), key)?.cbc_encrypt(&mut chain, plaintext, &mut out)?;
    Ok(out)
}

/// AES-CTR from a given counter block (SP 800-38A section 6.5).
///
/// # Errors
/// `InvalidArgument` for a key of another length.
pub fn ctr(key: &[u8], counter: &[u8; BLOCK], input: &[u8]) -> Result<Vec<u8>> {
    let mut out = vec![0; input.len()];
    BlockKey::new(&Backends::fastest(), key)?.ctr(counter, input, &mut out)?;
    Ok(out)
}

/// AES-GCM encryption under a given IV (SP 800-38D section 7.1): ciphertext and full tag.
///
/// # Errors
/// `InvalidArgument` for a key of another length.
pub fn gcm_seal(key: &[u8], iv: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<(Vec<u8>, [u8; 16])> {
    let (mut out, mut tag) = (vec![0; plaintext.len()], [0; 16]);
    GcmKey::new(&Backends::fastest(), key)?.seal(iv, aad, plaintext, &mut out, &mut tag)?;
    Ok((out, tag))
}

/// The full AES-CMAC of a message (SP 800-38B section 6.2).
///
/// # Errors
/// `InvalidArgument` for a key of another length.
pub fn cmac(key: &[u8], message: &[u8]) -> Result<[u8; BLOCK]> {
    let mut out = [0; BLOCK];
    CmacKey::new(&Backends::PORTABLE, key)?.mac(message, &mut out)?;
    Ok(out)
}

/// AES key wrap (SP 800-38F), with padding or without.
///
/// # Errors
/// `InvalidArgument` for lengths outside those of the standard.
pub fn key_wrap(kek: &[u8], padded: bool, plaintext: &[u8]) -> Result<Vec<u8>> {
    let (kek, mut out) =
        (BlockKey::new(&Backends::fastest(), kek)?, vec![0; plaintext.len().saturating_add(16)]);
    let len = if padded {
        key_wrap::kwp_wrap(&kek, plaintext, &mut out)?
    } else {
        key_wrap::kw_wrap(&kek, plaintext, &mut out)?
    };
    out.truncate(len);
    Ok(out)
}

/// Undoes [`key_wrap`].
///
/// # Errors
/// `Rejected` for what it did not make.
pub fn key_unwrap(kek: &[u8], padded: bool, ciphertext: &[u8]) -> Result<Vec<u8>> {
    let (kek, mut out) = (BlockKey::new(&Backends::fastest(), kek)?, vec![0; ciphertext.len()]);
    let len = if padded {
        key_wrap::kwp_unwrap(&kek, ciphertext, &mut out)?
    } else {
        key_wrap::kw_unwrap(&kek, ciphertext, &mut out)?
    };
    out.truncate(len);
    Ok(out)
}

/// The full HMAC of a message under a key of any length (FIPS 198-1).
///
/// # Errors
/// `Unsupported` where the build lacks the hash.
pub fn hmac(hash: Hash, key: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let mut out = vec![0; hash.output_len()];
    HmacKey::new(hash, key)?.mac(&[message], &mut out)?;
    Ok(out)
}

/// HKDF (RFC 5869; SP 800-56C r2 section 5), `len` bytes.
///
/// # Errors
/// `InvalidArgument` for more than 255 blocks.
pub fn hkdf(hash: Hash, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; len];
    hkdf_raw(hash, salt, secret, info, &mut out)?;
    Ok(out)
}

/// One-step derivation with a hash (SP 800-56C r2 section 4.1, option 1), `len` bytes.
///
/// # Errors
/// `InvalidArgument` for more blocks than 32 bits count.
pub fn one_step_hash(hash: Hash, secret: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; len];
    one_step_hash_raw(hash, secret, info, &mut out)?;
    Ok(out)
}

/// One-step derivation with HMAC (SP 800-56C r2 section 4.1, option 2), `len` bytes.
///
/// # Errors
/// As [`one_step_hash`].
pub fn one_step_hmac(hash: Hash, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; len];
    one_step_hmac_raw(hash, salt, secret, info, &mut out)?;
    Ok(out)
}

/// Derivation from a derivation key (SP 800-108 r1 section 4) with a given fixed input, `len` bytes. `algorithm`
/// is one of the four; the hash is that of HMAC.
///
/// # Errors
/// `InvalidArgument` for an AES key of another length; `Unsupported` for another algorithm, or HMAC and no hash.
pub fn kbkdf(
    algorithm: Algorithm,
    hash: Option<Hash>,
    key: &[u8],
    fixed: &[u8],
    len: usize,
) -> Result<Vec<u8>> {
    let (mut out, fixed): (_, kbkdf::Fixed<'_>) = (vec![0; len], [fixed, &[], &[], &[]]);
    match algorithm {
        Algorithm::CounterHmac | Algorithm::FeedbackHmac => {
            let hash = hash.ok_or(Error::Unsupported)?;
            let key = HmacKey::new(hash, key)?;
            let prf = Prf::Hmac(&key, hash);
            match algorithm {
                Algorithm::CounterHmac => kbkdf::counter(&prf, &fixed, &mut out)?,
                _ => kbkdf::feedback(&prf, &fixed, &mut out)?,
            }
        }
        Algorithm::CounterCmac => {
            kbkdf::counter(&Prf::Cmac(&CmacKey::new(&Backends::PORTABLE, key)?), &fixed, &mut out)?
        }
        Algorithm::FeedbackCmac => {
            kbkdf::feedback(&Prf::Cmac(&CmacKey::new(&Backends::PORTABLE, key)?), &fixed, &mut out)?
        }
        _ => return Err(Error::Unsupported),
    }
    Ok(out)
}

/// PBKDF2 (SP 800-132 section 5.3), `len` bytes.
///
/// # Errors
/// `InvalidArgument` for no iteration.
pub fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], iterations: u32, len: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; len];
    stretch_raw(hash, password, salt, iterations, &mut out, || true)?;
    Ok(out)
}

/// A CTR_DRBG over given entropy (SP 800-90A r1 section 10.2.1, AES-256 with the derivation function).
pub struct CtrDrbgUnderTest(CtrDrbg);

impl CtrDrbgUnderTest {
    /// Instantiates.
    ///
    /// # Errors
    /// `InvalidArgument` for an input shorter than the standard asks for.
    pub fn instantiate(entropy: &[u8], nonce: &[u8], personalisation: &[u8]) -> Result<Self> {
        CtrDrbg::instantiate(Backends::PORTABLE.aes, entropy, nonce, personalisation).map(Self)
    }

    /// Reseeds.
    ///
    /// # Errors
    /// As [`instantiate`](Self::instantiate).
    pub fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<()> {
        self.0.reseed(entropy, additional)
    }

    /// Generates.
    ///
    /// # Errors
    /// `InvalidArgument` for more than 2^19 bits.
    pub fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Result<()> {
        Ok(self.0.generate(out, additional)?)
    }
}

/// An HMAC_DRBG over given entropy (SP 800-90A r1 section 10.1.2, SHA-512).
pub struct HmacDrbgUnderTest(HmacDrbg);

impl HmacDrbgUnderTest {
    /// Instantiates.
    ///
    /// # Errors
    /// `InvalidArgument` for an input shorter than the standard asks for.
    pub fn instantiate(entropy: &[u8], nonce: &[u8], personalisation: &[u8]) -> Result<Self> {
        HmacDrbg::instantiate(entropy, nonce, personalisation).map(Self)
    }

    /// Reseeds.
    ///
    /// # Errors
    /// As [`instantiate`](Self::instantiate).
    pub fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<()> {
        self.0.reseed(entropy, additional)
    }

    /// Generates.
    ///
    /// # Errors
    /// `InvalidArgument` for more than 2^19 bits.
    pub fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Result<()> {
        Ok(self.0.generate(out, additional)?)
    }
}

/// Random bytes for an operation that blinds.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<()> + 'a;

#[cfg(feature = "ecdsa")]
mod ec_raw {
    use super::{Error, Hash, KeyKind, Result, Vec, vec};
    use crate::boundary::alg::ecdsa::{Named, sign_raw};
    use crate::boundary::backend::Backends;
    use crate::boundary::backend::portable::ec::{P256, P384, P521, PrivateKey, PublicKey};
    use crate::boundary::backend::portable::hash;

    /// Signs with any hash (FIPS 186-5 section 6.4): `z` hedges the nonce, none makes it deterministic.
    ///
    /// # Errors
    /// `Rejected` for a private key out of range; `Unsupported` for a kind that is no curve.
    pub fn ecdsa_sign(
        curve: KeyKind,
        hash: Hash,
        d: &[u8],
        message: &[u8],
        z: Option<&[u8]>,
    ) -> Result<Vec<u8>> {
        match curve {
            KeyKind::EcP256 => sign::<P256>(hash, d, message, z),
            KeyKind::EcP384 => sign::<P384>(hash, d, message, z),
            KeyKind::EcP521 => sign::<P521>(hash, d, message, z),
            _ => Err(Error::Unsupported),
        }
    }

    /// Verifies with any hash; `q` is a point in SEC 1 form.
    ///
    /// # Errors
    /// `Rejected`; `Unsupported` for a kind that is no curve.
    pub fn ecdsa_verify(
        curve: KeyKind,
        hash: Hash,
        q: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        match curve {
            KeyKind::EcP256 => verify::<P256>(hash, q, message, signature),
            KeyKind::EcP384 => verify::<P384>(hash, q, message, signature),
            KeyKind::EcP521 => verify::<P521>(hash, q, message, signature),
            _ => Err(Error::Unsupported),
        }
    }

    /// The raw shared secret (SP 800-56A r3 section 5.7.1.2).
    ///
    /// # Errors
    /// `Rejected` for a key that is none; `Unsupported` for a kind that is no curve.
    pub fn ecdh(curve: KeyKind, d: &[u8], peer: &[u8]) -> Result<Vec<u8>> {
        match curve {
            KeyKind::EcP256 => agree::<P256>(d, peer),
            KeyKind::EcP384 => agree::<P384>(d, peer),
            KeyKind::EcP521 => agree::<P521>(d, peer),
            _ => Err(Error::Unsupported),
        }
    }

    /// The public point of a private key, uncompressed.
    ///
    /// # Errors
    /// `Rejected` for a key out of range; `Unsupported` for a kind that is no curve.
    pub fn ec_public(curve: KeyKind, d: &[u8]) -> Result<Vec<u8>> {
        match curve {
            KeyKind::EcP256 => public::<P256>(d),
            KeyKind::EcP384 => public::<P384>(d),
            KeyKind::EcP521 => public::<P521>(d),
            _ => Err(Error::Unsupported),
        }
    }

    fn sign<C: Named>(hash: Hash, d: &[u8], message: &[u8], z: Option<&[u8]>) -> Result<Vec<u8>> {
        let mut out = vec![0; C::FIELD.saturating_mul(2)];
        let digest = digest(hash, message)?;
        sign_raw::<C>(&PrivateKey::<C>::new(&Backends::fastest(), d)?, d, hash, &digest, z, &mut out)?;
        Ok(out)
    }

    fn verify<C: Named>(hash: Hash, q: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
        PublicKey::<C>::new(&Backends::fastest(), q)?.verify(&digest(hash, message)?, signature)
    }

    fn agree<C: Named>(d: &[u8], peer: &[u8]) -> Result<Vec<u8>> {
        let mut z = vec![0; C::FIELD];
        let peer = PublicKey::<C>::new(&Backends::fastest(), peer)?;
        peer.validate_full()?;
        PrivateKey::<C>::new(&Backends::fastest(), d)?.agree(&peer, &mut z)?;
        Ok(z)
    }

    fn public<C: Named>(d: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; C::FIELD.saturating_mul(2).saturating_add(1)];
        PrivateKey::<C>::new(&Backends::fastest(), d)?.public_key_bytes(&mut out)?;
        Ok(out)
    }

    fn digest(hash: Hash, message: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; hash.output_len()];
        hash::digest(hash, &[message], &mut out)?;
        Ok(out)
    }
}
#[cfg(feature = "ecdsa")]
pub use ec_raw::{ec_public, ecdh, ecdsa_sign, ecdsa_verify};

#[cfg(feature = "rsa")]
mod rsa_raw {
    use super::{Error, Hash, Random, Result, Vec, vec};
    use crate::boundary::alg::rsa_encoding as encoding;
    use crate::boundary::backend::Backends;
    use crate::boundary::backend::portable::hash;
    use crate::boundary::backend::rsa::{Components, PrivateKey, PublicKey};

    /// An RSA key by its numbers, big-endian.
    #[derive(Clone, Copy)]
    pub struct RsaParts<'a> {
        /// Modulus.
        pub n: &'a [u8],
        /// Public exponent.
        pub e: &'a [u8],
        /// One prime.
        pub p: &'a [u8],
        /// The other prime.
        pub q: &'a [u8],
        /// Private exponent, if it is given: checked then.
        pub d: Option<&'a [u8]>,
    }

    fn import(parts: RsaParts<'_>, random: &mut Random<'_>) -> Result<PrivateKey> {
        let RsaParts { n, e, p, q, d } = parts;
        let parts = Components { n, e, p, q, d, crt: None };
        PrivateKey::import(&Backends::fastest(), &parts, random).map(|(key, _primes)| key)
    }

    /// `input ^ d mod n` (RFC 8017 sections 5.1.2 and 5.2.1), as long as n.
    ///
    /// # Errors
    /// `Rejected` for a key that fails its checks and for an input that is not below n.
    pub fn rsa_private(parts: RsaParts<'_>, input: &[u8], random: &mut Random<'_>) -> Result<Vec<u8>> {
        let key = import(parts, random)?;
        let mut out = vec![0; key.public().len()];
        key.private_op(&padded(input, out.len())?, &mut out, random)?;
        Ok(out)
    }

    /// The numbers of a key: n, e, d, p, q, dP, dQ, qInv (RFC 8017 section 3.2).
    ///
    /// # Errors
    /// `Rejected` for a key that fails its checks.
    pub fn rsa_numbers(parts: RsaParts<'_>, random: &mut Random<'_>) -> Result<[Vec<u8>; 8]> {
        let key = import(parts, random)?;
        key.numbers().with_components(|n, e, d, p, q, dp, dq, q_inv| {
            Ok([n, e, d, p, q, dp, dq, q_inv].map(<[u8]>::to_vec))
        })
    }

    /// `input ^ e mod n` (RFC 8017 sections 5.1.1 and 5.2.2), as long as n.
    ///
    /// # Errors
    /// `Rejected` for a key that fails its checks and for an input that is not below n.
    pub fn rsa_public(n: &[u8], e: &[u8], input: &[u8]) -> Result<Vec<u8>> {
        let key = PublicKey::new(&Backends::fastest(), n, e)?;
        let key = key.public();
        let mut out = vec![0; key.len()];
        key.public_op(&padded(input, out.len())?, &mut out)?;
        Ok(out)
    }

    /// EMSA-PKCS1-v1_5 of a message, `len` bytes.
    ///
    /// # Errors
    /// `InvalidArgument` when it does not fit.
    pub fn pkcs1_encode(hash: Hash, message: &[u8], len: usize) -> Result<Vec<u8>> {
        let mut em = vec![0; len];
        encoding::pkcs1v15_encode(hash, &digest(hash, message)?, &mut em)?;
        Ok(em)
    }

    /// Whether `em` is the encoding of [`pkcs1_encode`].
    ///
    /// # Errors
    /// `Rejected`.
    pub fn pkcs1_verify(hash: Hash, message: &[u8], em: &[u8]) -> Result<()> {
        encoding::pkcs1v15_verify(hash, &digest(hash, message)?, em)
    }

    /// EMSA-PSS of a message with this salt, `len` bytes.
    ///
    /// # Errors
    /// `InvalidArgument` for a salt longer than the hash.
    pub fn pss_encode(hash: Hash, message: &[u8], salt: &[u8], len: usize) -> Result<Vec<u8>> {
        let mut em = vec![0; len];
        encoding::pss_encode(hash, &digest(hash, message)?, salt, &mut em)?;
        Ok(em)
    }

    /// Whether `em` encodes the message with a salt of this length.
    ///
    /// # Errors
    /// `Rejected`; `InvalidArgument` for a salt longer than the hash.
    pub fn pss_verify(hash: Hash, message: &[u8], salt_len: usize, em: &[u8]) -> Result<()> {
        encoding::pss_verify(hash, &digest(hash, message)?, salt_len, em)
    }

    /// EME-OAEP of a message with this seed, `len` bytes.
    ///
    /// # Errors
    /// `InvalidArgument` when it does not fit.
    pub fn oaep_encode(hash: Hash, label: &[u8], message: &[u8], seed: &[u8], len: usize) -> Result<Vec<u8>> {
        let mut em = vec![0; len];
        encoding::oaep_encode(hash, label, message, seed, &mut em)?;
        Ok(em)
    }

    /// Undoes [`oaep_encode`].
    ///
    /// # Errors
    /// `Rejected`.
    pub fn oaep_decode(hash: Hash, label: &[u8], em: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; em.len()];
        let len = encoding::oaep_decode(hash, label, em, &mut out)?;
        out.truncate(len);
        Ok(out)
    }

    fn padded(input: &[u8], len: usize) -> Result<Vec<u8>> {
        let gap = len.checked_sub(input.len()).ok_or(Error::Rejected)?;
        let mut out = vec![0; gap];
        out.extend_from_slice(input);
        Ok(out)
    }

    fn digest(hash: Hash, message: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; hash.output_len()];
        hash::digest(hash, &[message], &mut out)?;
        Ok(out)
    }
}
#[cfg(feature = "rsa")]
pub use rsa_raw::{
    RsaParts, oaep_decode, oaep_encode, pkcs1_encode, pkcs1_verify, pss_encode, pss_verify, rsa_numbers,
    rsa_private, rsa_public,
};

#[cfg(any(feature = "ml-kem", feature = "ml-dsa"))]
/// A private key of a lattice scheme, in one of its two forms.
#[derive(Clone, Copy)]
pub enum LatticeKey<'a> {
    /// The seed: of ML-KEM d and z, of ML-DSA xi. The form of the engine.
    Seed(&'a [u8]),
    /// As FIPS 203 section 6.1 and FIPS 204 algorithm 24 encode it. The engine takes none.
    Expanded(&'a [u8]),
}

#[cfg(any(feature = "ml-dsa", feature = "slh-dsa"))]
mod content;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
#[cfg(feature = "ml-kem")]
mod ml_kem;
#[cfg(feature = "slh-dsa")]
mod slh_dsa;

#[cfg(any(feature = "ml-dsa", feature = "slh-dsa"))]
pub use content::Content;
#[cfg(feature = "ml-dsa")]
pub use ml_dsa::{ml_dsa_key, ml_dsa_sign, ml_dsa_verify};
#[cfg(feature = "ml-kem")]
pub use ml_kem::{ml_kem_ciphertext_len, ml_kem_decapsulate, ml_kem_encapsulate, ml_kem_key};
#[cfg(feature = "slh-dsa")]
pub use slh_dsa::{slh_dsa_key, slh_dsa_sign, slh_dsa_verify};
