//! ML-KEM: FIPS 203 (August 2024), the internal functions of section 6 and the checks of section 7, on the
//! crate `ml-kem`.
//!
//! A private key is the seed d || z and nothing else (section 3.3, VAL-KEM-3), so the hash check of section 7.3
//! holds by construction: no expanded key comes in from outside. It is expanded once. Decapsulation is one
//! path: the ciphertext is made anew, compared in constant time, and the answer selected (section 6.3, step 9).
//!
//! The crate wipes the expanded key. It does not wipe what it passes by value: the seed, the shared secret, the
//! message m' and its randomness lie in dead stack memory afterwards. Every function here that touches them
//! scrubs that memory before it returns.

use alloc::boxed::Box;

use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{B32, DecapsulationKey, EncapsulationKey, MlKem512, MlKem768, MlKem1024, Seed};
use zeroize::{Zeroize, Zeroizing};

use crate::attributes::KeyKind;
use crate::boundary::secret::scrub_stack;
use crate::error::{Error, Result};
use crate::marks;

/// Length of a seed.
pub(in crate::boundary) const SEED: usize = 64;
/// Length of a shared secret and of the randomness of an encapsulation.
pub(in crate::boundary) const SECRET: usize = 32;
/// Longest ciphertext: ML-KEM-1024.
pub(in crate::boundary) const MAX_CIPHERTEXT: usize = 1568;

/// 64-bit words of dead stack that the deepest function of the crate leaves: it holds a matrix of 4 x 4
/// polynomials of 256 16-bit numbers, and vectors of them, twice over.
const DEAD_WORDS: usize = 12 * 1024;

/// Length of a ciphertext (FIPS 203 Table 3).
pub(in crate::boundary) const fn ciphertext_len(kind: KeyKind) -> Option<usize> {
    match kind {
        KeyKind::MlKem512 => Some(768),
        KeyKind::MlKem768 => Some(1088),
        KeyKind::MlKem1024 => Some(1568),
        _ => None,
    }
}

/// Runs the same code on whichever set it is.
macro_rules! each {
    ($set:expr, $on:ident, $key:ident => $run:expr) => {
        match $set {
            $on::K512($key) => $run,
            $on::K768($key) => $run,
            $on::K1024($key) => $run,
        }
    };
}

/// A decapsulation key, expanded. Wiped on drop.
pub(in crate::boundary) struct PrivateKey(Private);

enum Private {
    K512(Box<DecapsulationKey<MlKem512>>),
    K768(Box<DecapsulationKey<MlKem768>>),
    K1024(Box<DecapsulationKey<MlKem1024>>),
}

impl PrivateKey {
    /// ML-KEM.KeyGen_internal(d, z): section 6.1, algorithm 16.
    pub(in crate::boundary) fn new(kind: KeyKind, seed: &[u8]) -> Result<Self> {
        let mut seed = Seed::try_from(seed).map_err(|_| Error::Rejected)?;
        let key = match kind {
            KeyKind::MlKem512 => Ok(Private::K512(Box::new(DecapsulationKey::from_seed(seed)))),
            KeyKind::MlKem768 => Ok(Private::K768(Box::new(DecapsulationKey::from_seed(seed)))),
            KeyKind::MlKem1024 => Ok(Private::K1024(Box::new(DecapsulationKey::from_seed(seed)))),
            _ => Err(Error::Unsupported),
        };
        seed.as_mut_slice().zeroize();
        scrub_stack::<DEAD_WORDS>();
        key.map(Self)
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        match self.0 {
            Private::K512(_) => KeyKind::MlKem512,
            Private::K768(_) => KeyKind::MlKem768,
            Private::K1024(_) => KeyKind::MlKem1024,
        }
    }

    /// Hands the encoded public key to `with`.
    pub(in crate::boundary) fn with_public_key<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(&self.0, Private, key => with(&marks::declassified("public key", key.encapsulation_key().to_bytes())))
    }

    /// Encapsulation under the own public key; as [`PublicKey::encapsulate`].
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        let m = Zeroizing::new(B32::from(*m));
        let given = each!(&self.0, Private, key => {
            let (made, mut shared) = key.encapsulation_key().encapsulate_deterministic(&m);
            give(&made, &mut shared, ciphertext, secret)
        });
        scrub_stack::<DEAD_WORDS>();
        given
    }

    /// ML-KEM.Decaps_internal: section 6.3, algorithm 18, after the check of the ciphertext's length of
    /// section 7.3. A ciphertext that nobody made gives J(z || c), and nothing tells the two apart.
    pub(in crate::boundary) fn decapsulate(&self, ciphertext: &[u8], secret: &mut [u8]) -> Result<()> {
        let secret: &mut [u8; SECRET] = secret.try_into().map_err(|_| Error::InvalidArgument)?;
        let made = each!(&self.0, Private, key => key.decapsulate_slice(ciphertext));
        let result = match made {
            Ok(mut made) => {
                secret.copy_from_slice(&made);
                made.as_mut_slice().zeroize();
                Ok(())
            }
            Err(_) => Err(Error::InvalidArgument),
        };
        scrub_stack::<DEAD_WORDS>();
        result
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    #[allow(deprecated)] // it is deprecated as a form to keep
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        use ml_kem::ExpandedKeyEncoding;
        each!(&self.0, Private, key => {
            let mut bytes = key.to_expanded_bytes();
            let result = with(&bytes);
            bytes.as_mut_slice().zeroize();
            result
        })
    }
}

#[cfg(strongroom_lab)]
impl PrivateKey {
    /// An expanded key from outside, which the conformance tests of decapsulation bring: section 7.3, its length
    /// and the hash of its public half.
    #[allow(deprecated)] // it is deprecated as a form to keep
    pub(in crate::boundary) fn from_expanded(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        use ml_kem::ExpandedKeyEncoding;
        macro_rules! checked {
            ($set:ident) => {{
                let bytes = bytes.try_into().map_err(|_| Error::Rejected)?;
                let key = DecapsulationKey::<$set>::from_expanded_bytes(bytes);
                Box::new(key.map_err(|_| Error::Rejected)?)
            }};
        }
        match kind {
            KeyKind::MlKem512 => Ok(Self(Private::K512(checked!(MlKem512)))),
            KeyKind::MlKem768 => Ok(Self(Private::K768(checked!(MlKem768)))),
            KeyKind::MlKem1024 => Ok(Self(Private::K1024(checked!(MlKem1024)))),
            _ => Err(Error::Unsupported),
        }
    }
}

/// An encapsulation key that passed its checks.
pub(in crate::boundary) struct PublicKey(Public);

enum Public {
    K512(Box<EncapsulationKey<MlKem512>>),
    K768(Box<EncapsulationKey<MlKem768>>),
    K1024(Box<EncapsulationKey<MlKem1024>>),
}

impl PublicKey {
    /// The checks of section 7.2, once for the life of the key: its length, and that every number is below the
    /// modulus (VAL-KEM-1).
    pub(in crate::boundary) fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        macro_rules! checked {
            ($set:ident) => {{
                let bytes = bytes.try_into().map_err(|_| Error::Rejected)?;
                Box::new(EncapsulationKey::new(bytes).map_err(|_| Error::Rejected)?)
            }};
        }
        match kind {
            KeyKind::MlKem512 => Ok(Self(Public::K512(checked!(MlKem512)))),
            KeyKind::MlKem768 => Ok(Self(Public::K768(checked!(MlKem768)))),
            KeyKind::MlKem1024 => Ok(Self(Public::K1024(checked!(MlKem1024)))),
            _ => Err(Error::Unsupported),
        }
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        match self.0 {
            Public::K512(_) => KeyKind::MlKem512,
            Public::K768(_) => KeyKind::MlKem768,
            Public::K1024(_) => KeyKind::MlKem1024,
        }
    }

    /// Hands the encoded key to `with`.
    pub(in crate::boundary) fn with_bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(&self.0, Public, key => with(&key.to_bytes()))
    }

    /// ML-KEM.Encaps_internal: section 6.2, algorithm 17, with the randomness m.
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        let m = Zeroizing::new(B32::from(*m));
        let given = each!(&self.0, Public, key => {
            let (made, mut shared) = key.encapsulate_deterministic(&m);
            give(&made, &mut shared, ciphertext, secret)
        });
        scrub_stack::<DEAD_WORDS>();
        given
    }
}

/// Gives what an encapsulation made, and wipes what is left of it.
fn give(made: &[u8], shared: &mut [u8], ciphertext: &mut [u8], secret: &mut [u8]) -> Result<()> {
    let fits = made.len() == ciphertext.len() && shared.len() == secret.len();
    if fits {
        ciphertext.copy_from_slice(made);
        marks::declassify("ciphertext", ciphertext);
        secret.copy_from_slice(shared);
    }
    shared.zeroize();
    if fits { Ok(()) } else { Err(Error::InvalidArgument) }
}

#[cfg(test)]
mod tests;
