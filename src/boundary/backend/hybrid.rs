//! A key on P-384 and one of ML-KEM-1024 as one: both secrets are agreed on, and one key is made of both.
//!
//! * One-pass Diffie-Hellman, SP 800-56A r3 (April 2018), section 6.2.2.2: Z.
//! * ML-KEM, FIPS 203 (August 2024), section 7: T.
//! * One-step derivation from Z || T, SP 800-56C r2 (August 2020), section 4.1 option 1 with SHA-512, and the hybrid
//!   secret of section 2.
//!
//! The curve is first in everything: the private key d || seed, the public key, the encapsulation.

use zeroize::Zeroizing;

use super::portable::ec::{self, P384};
use super::portable::hash;
use super::{Backends, ml_kem};
use crate::algorithm::Hash;
use crate::attributes::KeyKind;
use crate::error::{Error, Result};

const KIND: KeyKind = KeyKind::MlKem1024;
const SCALAR: usize = 48;
const POINT: usize = 2 * SCALAR + 1;
const CIPHERTEXT: usize = ml_kem::MAX_CIPHERTEXT;
/// The encapsulation key of ML-KEM-1024 (FIPS 203 Table 3).
const LATTICE: usize = 1568;

/// Length of a public key.
pub(in crate::boundary) const PUBLIC: usize = POINT + LATTICE;
/// Length of an encapsulation: the ephemeral point and the ciphertext.
pub(in crate::boundary) const ENCAPSULATION: usize = POINT + CIPHERTEXT;
/// Length of the key that is made of both secrets.
pub(in crate::boundary) const SECRET: usize = 32;
/// Length of Z || T.
const SECRETS: usize = SCALAR + ml_kem::SECRET;
/// Length of the AlgorithmID in FixedInfo.
pub(in crate::boundary) const LABEL: usize = 14;

/// Both private keys. Wiped on drop.
pub(in crate::boundary) struct PrivateKey {
    ec: ec::PrivateKey<P384>,
    kem: ml_kem::PrivateKey,
}

impl PrivateKey {
    /// From d || seed.
    pub(in crate::boundary) fn new(backends: &Backends, bytes: &[u8]) -> Result<Self> {
        let (d, seed) = bytes.split_at_checked(SCALAR).ok_or(Error::Rejected)?;
        Ok(Self {
            ec: ec::PrivateKey::new(backends, d)?,
            kem: ml_kem::PrivateKey::new(backends, KIND, seed)?,
        })
    }

    /// The half on the curve.
    pub(in crate::boundary) const fn ec(&self) -> &ec::PrivateKey<P384> {
        &self.ec
    }

    /// The half of the lattice.
    pub(in crate::boundary) const fn kem(&self) -> &ml_kem::PrivateKey {
        &self.kem
    }

    /// The public key.
    pub(in crate::boundary) fn public_bytes(&self) -> Result<[u8; PUBLIC]> {
        self.kem.with_public_key(|kem| joined(self.ec.public_key(), kem))
    }

    /// As [`PublicKey::encapsulate`], under the own public key.
    pub(in crate::boundary) fn encapsulate(
        &self,
        label: &[u8; LABEL],
        ephemeral: &ec::PrivateKey<P384>,
        m: &[u8; ml_kem::SECRET],
        encapsulation: &mut [u8; ENCAPSULATION],
    ) -> Result<Zeroizing<[u8; SECRET]>> {
        let public = self.public_bytes()?;
        let lattice = |ciphertext: &mut [u8], t: &mut [u8]| self.kem.encapsulate(m, ciphertext, t);
        send(label, ephemeral, self.ec.public_key(), lattice, &public, encapsulation)
    }

    /// The key of an encapsulation. A point that is none is rejected; a ciphertext that nobody made gives a key
    /// that nobody has.
    pub(in crate::boundary) fn decapsulate(
        &self,
        label: &[u8; LABEL],
        encapsulation: &[u8; ENCAPSULATION],
    ) -> Result<Zeroizing<[u8; SECRET]>> {
        let (point, ciphertext) = encapsulation.split_at(POINT);
        // Validated as it is decoded (VAL-EC-2, decision 029).
        let peer = self.ec.peer(point)?;
        let mut secrets = Zeroizing::new([0; SECRETS]);
        let (z, t) = secrets.split_at_mut(SCALAR);
        self.ec.agree(&peer, z)?;
        self.kem.decapsulate(ciphertext, t)?;
        combine(label, &secrets, encapsulation, &self.public_bytes()?)
    }
}

/// Both public keys, each validated.
pub(in crate::boundary) struct PublicKey {
    ec: ec::PublicKey<P384>,
    kem: ml_kem::PublicKey,
}

impl PublicKey {
    /// From the uncompressed point and the encapsulation key, each validated in full (VAL-EC-1, VAL-KEM-1).
    pub(in crate::boundary) fn new(backends: &Backends, bytes: &[u8]) -> Result<Self> {
        let (point, kem) = bytes.split_at_checked(POINT).ok_or(Error::Rejected)?;
        let ec = ec::PublicKey::new(backends, point)?;
        ec.validate_full()?;
        Ok(Self { ec, kem: ml_kem::PublicKey::new(backends, KIND, kem)? })
    }

    /// The public key.
    pub(in crate::boundary) fn bytes(&self) -> Result<[u8; PUBLIC]> {
        self.kem.with_bytes(|kem| joined(&self.ec, kem))
    }

    /// Writes an encapsulation, and answers its key. `ephemeral` and `m` are used this once.
    pub(in crate::boundary) fn encapsulate(
        &self,
        label: &[u8; LABEL],
        ephemeral: &ec::PrivateKey<P384>,
        m: &[u8; ml_kem::SECRET],
        encapsulation: &mut [u8; ENCAPSULATION],
    ) -> Result<Zeroizing<[u8; SECRET]>> {
        let public = self.bytes()?;
        let lattice = |ciphertext: &mut [u8], t: &mut [u8]| self.kem.encapsulate(m, ciphertext, t);
        send(label, ephemeral, &self.ec, lattice, &public, encapsulation)
    }
}

/// Splits a public key into the point and the encapsulation key.
pub(in crate::boundary) fn halves(public: &[u8; PUBLIC]) -> (&[u8], &[u8]) {
    public.split_at(POINT)
}

fn joined(ec: &ec::PublicKey<P384>, kem: &[u8]) -> Result<[u8; PUBLIC]> {
    let mut public = [0; PUBLIC];
    let (point, rest) = public.split_at_mut(POINT);
    if rest.len() != kem.len() {
        return Err(Error::Corrupted);
    }
    ec.bytes(point)?;
    rest.copy_from_slice(kem);
    Ok(public)
}

fn send(
    label: &[u8; LABEL],
    ephemeral: &ec::PrivateKey<P384>,
    recipient: &ec::PublicKey<P384>,
    lattice: impl FnOnce(&mut [u8], &mut [u8]) -> Result<()>,
    public: &[u8; PUBLIC],
    encapsulation: &mut [u8; ENCAPSULATION],
) -> Result<Zeroizing<[u8; SECRET]>> {
    let mut secrets = Zeroizing::new([0; SECRETS]);
    let (z, t) = secrets.split_at_mut(SCALAR);
    let (point, ciphertext) = encapsulation.split_at_mut(POINT);
    ephemeral.public_key_bytes(point)?;
    ephemeral.agree(recipient, z)?;
    lattice(ciphertext, t)?;
    combine(label, &secrets, encapsulation, public)
}

/// SP 800-56C r2 section 4.1: K(1) = SHA-512(1 || Z || T || FixedInfo), of which the leftmost bytes are the key.
/// FixedInfo (SP 800-56A r3 section 5.8.2.1.1): AlgorithmID, then of the sender its encapsulation, then of the
/// recipient its public key; each has one length.
fn combine(
    label: &[u8; LABEL],
    secrets: &[u8; SECRETS],
    encapsulation: &[u8; ENCAPSULATION],
    public: &[u8; PUBLIC],
) -> Result<Zeroizing<[u8; SECRET]>> {
    let mut block = Zeroizing::new([0; 64]);
    hash::digest(Hash::Sha512, &[&1u32.to_be_bytes(), secrets, label, encapsulation, public], &mut *block)?;
    let mut key = Zeroizing::new([0; SECRET]);
    key.copy_from_slice(block.get(..SECRET).ok_or(Error::Corrupted)?);
    Ok(key)
}
