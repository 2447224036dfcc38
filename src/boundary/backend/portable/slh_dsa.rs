//! SLH-DSA: FIPS 205 (August 2024), the internal functions of section 9, all twelve sets, on the crate
//! `slh-dsa`.
//!
//! A private key is SK.seed, SK.prf, PK.seed and PK.root as section 9.1 lays them out. The root is stored, not
//! made anew each time: that takes as long as a new key (a quarter of a second for the slowest set).
//!
//! The crate's own key prints and compares its secrets; it is private here, and nothing of it is derived. Its
//! signatures are built on the stack, 50 KB and copies of it: a thread that signs needs 512 KiB. The crate
//! wipes the seeds; of one signature it leaves the secret values of WOTS+ and FORS, which the signature itself
//! mostly reveals, and PRF inputs in dead stack memory, which is scrubbed here.
//!
//! A run cannot be interrupted: see the documentation of the algorithm file.
#![allow(clippy::arithmetic_side_effects)] // on n, which is at most 32

use slh_dsa::{
    ParameterSet, Sha2_128f, Sha2_128s, Sha2_192f, Sha2_192s, Sha2_256f, Sha2_256s, Shake128f, Shake128s,
    Shake192f, Shake192s, Shake256f, Shake256s, Signature, SigningKey, VerifyingKey,
};

use zeroize::Zeroizing;

use crate::attributes::KeyKind;
use crate::boundary::secret::scrub_stack;
use crate::error::{Error, Result};
use crate::marks;

/// Most octets of one hash value.
pub(in crate::boundary) const MAX_N: usize = 32;

/// 64-bit words of dead stack: what computes with secrets lies above the signature.
const DEAD_WORDS: usize = 16 * 1024;

/// Octets of a hash value, the n of FIPS 205 Table 2.
pub(in crate::boundary) const fn n(kind: KeyKind) -> usize {
    kind.secret_len() / 4
}

/// Length of a signature (FIPS 205 Table 2).
pub(in crate::boundary) const fn signature_len(kind: KeyKind) -> Option<usize> {
    match kind {
        KeyKind::SlhDsaSha2_128s | KeyKind::SlhDsaShake128s => Some(7856),
        KeyKind::SlhDsaSha2_128f | KeyKind::SlhDsaShake128f => Some(17088),
        KeyKind::SlhDsaSha2_192s | KeyKind::SlhDsaShake192s => Some(16224),
        KeyKind::SlhDsaSha2_192f | KeyKind::SlhDsaShake192f => Some(35664),
        KeyKind::SlhDsaSha2_256s | KeyKind::SlhDsaShake256s => Some(29792),
        KeyKind::SlhDsaSha2_256f | KeyKind::SlhDsaShake256f => Some(49856),
        _ => None,
    }
}

/// Runs the same code with the set of a kind of key.
macro_rules! with_set {
    ($kind:expr, $set:ident => $run:expr) => {
        with_set!($kind, $set => $run;
            SlhDsaSha2_128s Sha2_128s, SlhDsaShake128s Shake128s, SlhDsaSha2_128f Sha2_128f,
            SlhDsaShake128f Shake128f, SlhDsaSha2_192s Sha2_192s, SlhDsaShake192s Shake192s,
            SlhDsaSha2_192f Sha2_192f, SlhDsaShake192f Shake192f, SlhDsaSha2_256s Sha2_256s,
            SlhDsaShake256s Shake256s, SlhDsaSha2_256f Sha2_256f, SlhDsaShake256f Shake256f)
    };
    ($kind:expr, $set:ident => $run:expr; $($variant:ident $type:ident),*) => {
        match $kind {
            $(KeyKind::$variant => { type $set = $type; $run })*
            _ => Err(Error::Unsupported),
        }
    };
}

/// A private key: SK.seed, SK.prf, PK.seed, PK.root. Wiped on drop.
pub(in crate::boundary) struct PrivateKey {
    kind: KeyKind,
    bytes: Zeroizing<[u8; 4 * MAX_N]>,
}

impl PrivateKey {
    /// Takes the stored form; the lengths are all that can be wrong with it. Whether PK.root belongs to the
    /// rest is [`root`]'s to say.
    pub(in crate::boundary) fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        signature_len(kind).ok_or(Error::Unsupported)?;
        if bytes.len() != 4 * n(kind) {
            return Err(Error::Rejected);
        }
        let mut key = Self { kind, bytes: Zeroizing::new([0; 4 * MAX_N]) };
        key.bytes.get_mut(..bytes.len()).ok_or(Error::Corrupted)?.copy_from_slice(bytes);
        marks::declassify("public key", key.public_bytes());
        Ok(key)
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        self.kind
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..4 * n(self.kind)).unwrap_or(&[])
    }

    /// The encoded public key.
    pub(in crate::boundary) fn public_bytes(&self) -> &[u8] {
        self.bytes().get(2 * n(self.kind)..).unwrap_or(&[])
    }

    /// The public half, ready for use.
    pub(in crate::boundary) fn public(&self) -> Result<PublicKey> {
        PublicKey::new(self.kind, self.public_bytes())
    }

    /// slh_sign_internal: section 9.2, algorithm 19, of a message in parts. Without randomness the deterministic
    /// variant.
    pub(in crate::boundary) fn sign(
        &self,
        message: &[&[u8]],
        random: Option<&[u8]>,
        signature: &mut [u8],
    ) -> Result<()> {
        if random.is_some_and(|random| random.len() != n(self.kind)) {
            return Err(Error::Corrupted);
        }
        let result = with_set!(self.kind, Set => sign_with::<Set>(self.bytes(), message, random, signature));
        scrub_stack::<DEAD_WORDS>();
        result
    }
}

#[inline(never)] // its frame is the signature, many times over
fn sign_with<P: ParameterSet>(
    key: &[u8],
    message: &[&[u8]],
    random: Option<&[u8]>,
    signature: &mut [u8],
) -> Result<()> {
    let key = SigningKey::<P>::try_from(key).map_err(|_| Error::Corrupted)?;
    let made = key.slh_sign_internal(message, random).to_bytes();
    if made.len() != signature.len() {
        return Err(Error::Corrupted);
    }
    signature.copy_from_slice(&made);
    marks::declassify("signature", signature);
    Ok(())
}

/// slh_keygen_internal: section 9.1, algorithm 18. Computes PK.root of SK.seed, SK.prf and PK.seed.
pub(in crate::boundary) fn root(kind: KeyKind, seeds: &[u8], root: &mut [u8]) -> Result<()> {
    let n = n(kind);
    let (sk_seed, rest) = seeds.split_at_checked(n).ok_or(Error::Rejected)?;
    let (sk_prf, pk_seed) = rest.split_at_checked(n).ok_or(Error::Rejected)?;
    if pk_seed.len() != n || root.len() != n {
        return Err(Error::Rejected);
    }
    let result = with_set!(kind, Set => {
        let key = SigningKey::<Set>::slh_keygen_internal(sk_seed, sk_prf, pk_seed);
        let public: &VerifyingKey<Set> = key.as_ref();
        let bytes = public.to_bytes();
        root.copy_from_slice(bytes.get(n..).filter(|made| made.len() == n).ok_or(Error::Corrupted)?);
        marks::declassify("public key", root);
        Ok(())
    });
    scrub_stack::<DEAD_WORDS>();
    result
}

/// A public key: PK.seed, PK.root. Every encoding of the right length is one (VAL-DSA-2).
pub(in crate::boundary) struct PublicKey {
    kind: KeyKind,
    bytes: [u8; 2 * MAX_N],
}

impl PublicKey {
    pub(in crate::boundary) fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        signature_len(kind).ok_or(Error::Unsupported)?;
        if bytes.len() != 2 * n(kind) {
            return Err(Error::Rejected);
        }
        let mut key = Self { kind, bytes: [0; 2 * MAX_N] };
        key.bytes.get_mut(..bytes.len()).ok_or(Error::Corrupted)?.copy_from_slice(bytes);
        Ok(key)
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The encoded key.
    pub(in crate::boundary) fn bytes(&self) -> &[u8] {
        self.bytes.get(..2 * n(self.kind)).unwrap_or(&[])
    }

    /// slh_verify_internal: section 9.3, algorithm 20. The signature has its exact length.
    pub(in crate::boundary) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> Result<()> {
        with_set!(self.kind, Set => verify_with::<Set>(self.bytes(), message, signature))
    }
}

#[inline(never)]
fn verify_with<P: ParameterSet>(key: &[u8], message: &[&[u8]], signature: &[u8]) -> Result<()> {
    let key = VerifyingKey::<P>::try_from(key).map_err(|_| Error::Corrupted)?;
    let signature = Signature::<P>::try_from(signature).map_err(|_| Error::Rejected)?;
    key.slh_verify_internal(message, &signature).map_err(|_| Error::Rejected)
}

#[cfg(test)]
mod tests;
