//! ML-KEM on AVX2, on the crate `libcrux-ml-kem`, whose arithmetic and encodings are verified. Its functions are
//! safe to call on any processor and must not be: here only with the proof that it has AVX2.
//!
//! The crate checks nothing on its own: lengths are those of its types, and a public key is checked here.

use libcrux_ml_kem::{mlkem512, mlkem768, mlkem1024};
use zeroize::Zeroize;

use super::{Avx2, Wiped, scrubbed};
use crate::attributes::KeyKind;
use crate::boundary::backend::portable::ml_kem::{SECRET, SEED};
use crate::error::{Error, Result};

/// 64-bit words of dead stack that the deepest function leaves, the generation of an ML-KEM-1024 key, which
/// moves the matrix about: 27 KiB in a release build. A test measures it.
pub(super) const DEAD_WORDS: usize = if cfg!(debug_assertions) { 12 * 1024 } else { 5 * 1024 };

/// A parameter set: the functions of the crate for it.
trait Set {
    type Pair;
    type Public;

    fn empty_pair() -> Self::Pair;
    fn empty_public() -> Self::Public;
    /// ML-KEM.KeyGen_internal.
    fn generate(seed: &[u8; SEED], to: &mut Self::Pair);
    fn public_of(pair: &Self::Pair) -> &Self::Public;
    fn with_public<R>(key: &Self::Public, with: impl FnOnce(&[u8]) -> R) -> R;
    fn with_expanded<R>(pair: &Self::Pair, with: impl FnOnce(&[u8]) -> R) -> R;
    /// Of a key that was checked.
    fn unpack(bytes: &[u8], to: &mut Self::Public) -> Result<()>;
    fn encapsulate(
        key: &Self::Public,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()>;
    fn decapsulate(pair: &Self::Pair, ciphertext: &[u8], secret: &mut [u8; SECRET]) -> Result<()>;
}

macro_rules! set {
    ($set:ident, $module:ident, $pair:ident, $public:ident, $key:ident, $ciphertext:ident) => {
        struct $set;

        impl Set for $set {
            type Pair = $module::avx2::unpacked::$pair;
            type Public = $module::avx2::unpacked::$public;

            fn empty_pair() -> Self::Pair {
                $module::avx2::unpacked::init_key_pair()
            }

            fn empty_public() -> Self::Public {
                $module::avx2::unpacked::init_public_key()
            }

            fn generate(seed: &[u8; SEED], to: &mut Self::Pair) {
                $module::avx2::unpacked::generate_key_pair_mut(*seed, to);
            }

            fn public_of(pair: &Self::Pair) -> &Self::Public {
                &pair.public_key
            }

            fn with_public<R>(key: &Self::Public, with: impl FnOnce(&[u8]) -> R) -> R {
                let mut bytes = $module::$key::default();
                $module::avx2::unpacked::serialized_public_key(key, &mut bytes);
                with(bytes.as_ref())
            }

            fn with_expanded<R>(pair: &Self::Pair, with: impl FnOnce(&[u8]) -> R) -> R {
                with($module::avx2::unpacked::key_pair_serialized_private_key(pair).as_ref())
            }

            fn unpack(bytes: &[u8], to: &mut Self::Public) -> Result<()> {
                let bytes = $module::$key::try_from(bytes).map_err(|_| Error::Rejected)?;
                $module::avx2::unpacked::unpacked_public_key(&bytes, to);
                Ok(())
            }

            fn encapsulate(
                key: &Self::Public,
                m: &[u8; SECRET],
                ciphertext: &mut [u8],
                secret: &mut [u8],
            ) -> Result<()> {
                let (made, mut shared) = $module::avx2::unpacked::encapsulate(key, *m);
                let fits = made.as_slice().len() == ciphertext.len() && shared.len() == secret.len();
                if fits {
                    ciphertext.copy_from_slice(made.as_slice());
                    secret.copy_from_slice(&shared);
                }
                shared.zeroize();
                if fits { Ok(()) } else { Err(Error::InvalidArgument) }
            }

            fn decapsulate(pair: &Self::Pair, ciphertext: &[u8], secret: &mut [u8; SECRET]) -> Result<()> {
                let ciphertext =
                    $module::$ciphertext::try_from(ciphertext).map_err(|_| Error::InvalidArgument)?;
                *secret = $module::avx2::unpacked::decapsulate(pair, &ciphertext);
                Ok(())
            }
        }
    };
}

set!(
    K512,
    mlkem512,
    MlKem512KeyPairUnpacked,
    MlKem512PublicKeyUnpacked,
    MlKem512PublicKey,
    MlKem512Ciphertext
);
set!(
    K768,
    mlkem768,
    MlKem768KeyPairUnpacked,
    MlKem768PublicKeyUnpacked,
    MlKem768PublicKey,
    MlKem768Ciphertext
);
set!(
    K1024,
    mlkem1024,
    MlKem1024KeyPairUnpacked,
    MlKem1024PublicKeyUnpacked,
    MlKem1024PublicKey,
    MlKem1024Ciphertext
);

/// Runs the same code on whichever set it is.
macro_rules! each {
    ($key:expr, $on:ident, $set:ident, $form:ident => $run:expr) => {
        match $key {
            $on::K512($form) => {
                type $set = K512;
                $run
            }
            $on::K768($form) => {
                type $set = K768;
                $run
            }
            $on::K1024($form) => {
                type $set = K1024;
                $run
            }
        }
    };
}

/// A decapsulation key, expanded. Wiped on drop.
pub(in crate::boundary) struct PrivateKey(Private);

enum Private {
    K512(Wiped<<K512 as Set>::Pair>),
    K768(Wiped<<K768 as Set>::Pair>),
    K1024(Wiped<<K1024 as Set>::Pair>),
}

impl PrivateKey {
    /// ML-KEM.KeyGen_internal(d, z): section 6.1, algorithm 16.
    pub(in crate::boundary) fn new(_: Avx2, kind: KeyKind, seed: &[u8]) -> Result<Self> {
        let seed = seed.try_into().map_err(|_| Error::Rejected)?;
        fn generated<S: Set>(seed: &[u8; SEED]) -> Wiped<S::Pair> {
            let mut pair = Wiped::new(S::empty_pair());
            scrubbed::<DEAD_WORDS, _>(|| S::generate(seed, &mut pair));
            pair
        }
        match kind {
            KeyKind::MlKem512 => Ok(Self(Private::K512(generated::<K512>(seed)))),
            KeyKind::MlKem768 => Ok(Self(Private::K768(generated::<K768>(seed)))),
            KeyKind::MlKem1024 => Ok(Self(Private::K1024(generated::<K1024>(seed)))),
            _ => Err(Error::Unsupported),
        }
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
        each!(&self.0, Private, S, pair => S::with_public(S::public_of(pair), with))
    }

    /// Encapsulation under the own public key; as [`PublicKey::encapsulate`].
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        scrubbed::<DEAD_WORDS, _>(
            || each!(&self.0, Private, S, pair => S::encapsulate(S::public_of(pair), m, ciphertext, secret)),
        )
    }

    /// ML-KEM.Decaps_internal: section 6.3, algorithm 18, after the check of the ciphertext's length of
    /// section 7.3.
    pub(in crate::boundary) fn decapsulate(&self, ciphertext: &[u8], secret: &mut [u8]) -> Result<()> {
        let secret = secret.try_into().map_err(|_| Error::InvalidArgument)?;
        scrubbed::<DEAD_WORDS, _>(
            || each!(&self.0, Private, S, pair => S::decapsulate(pair, ciphertext, secret)),
        )
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        scrubbed::<DEAD_WORDS, _>(|| each!(&self.0, Private, S, pair => S::with_expanded(pair, with)))
    }
}

/// An encapsulation key that passed its checks.
pub(in crate::boundary) struct PublicKey(Public);

enum Public {
    K512(Wiped<<K512 as Set>::Public>),
    K768(Wiped<<K768 as Set>::Public>),
    K1024(Wiped<<K1024 as Set>::Public>),
}

impl PublicKey {
    /// The checks of section 7.2, once for the life of the key (VAL-KEM-1).
    pub(in crate::boundary) fn new(_: Avx2, kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        fn unpacked<S: Set>(bytes: &[u8]) -> Result<Wiped<S::Public>> {
            let mut key = Wiped::new(S::empty_public());
            S::unpack(bytes, &mut key)?;
            Ok(key)
        }
        // Behind the numbers comes rho, which is any 32 bytes.
        let (numbers, _rho) = bytes.split_last_chunk::<32>().ok_or(Error::Rejected)?;
        if !below_modulus(numbers) {
            return Err(Error::Rejected);
        }
        match kind {
            KeyKind::MlKem512 => unpacked::<K512>(bytes).map(Public::K512),
            KeyKind::MlKem768 => unpacked::<K768>(bytes).map(Public::K768),
            KeyKind::MlKem1024 => unpacked::<K1024>(bytes).map(Public::K1024),
            _ => Err(Error::Unsupported),
        }
        .map(Self)
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
        each!(&self.0, Public, S, key => S::with_public(key, with))
    }

    /// ML-KEM.Encaps_internal: section 6.2, algorithm 17, with the randomness m.
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        scrubbed::<DEAD_WORDS, _>(
            || each!(&self.0, Public, S, key => S::encapsulate(key, m, ciphertext, secret)),
        )
    }
}

/// The check of the modulus, section 7.2: every number of 12 bits is below 3329. A public key is public.
fn below_modulus(encoded: &[u8]) -> bool {
    let (pairs, rest) = encoded.as_chunks::<3>();
    rest.is_empty()
        && pairs.iter().all(|[low, both, high]| {
            let first = u16::from(*low) | u16::from(*both & 0x0f) << 8;
            let second = u16::from(*both >> 4) | u16::from(*high) << 4;
            first < MODULUS && second < MODULUS
        })
}

const MODULUS: u16 = 3329;

/// Hands every function that is given a secret to `measure`, with its name.
#[cfg(test)]
pub(super) fn depths(_: Avx2, kind: KeyKind, measure: impl Fn(&str, &mut dyn FnMut())) {
    fn of<S: Set>(len: usize, measure: impl Fn(&str, &mut dyn FnMut())) {
        let mut pair = Wiped::new(S::empty_pair());
        let (mut ciphertext, mut secret) = (alloc::vec![0; len], [0; SECRET]);
        measure("key generation", &mut || S::generate(&[1; SEED], &mut pair));
        measure("encapsulation", &mut || {
            let _ = S::encapsulate(S::public_of(&pair), &[2; SECRET], &mut ciphertext, &mut secret);
        });
        measure("decapsulation", &mut || {
            let _ = S::decapsulate(&pair, &ciphertext, &mut secret);
        });
        measure("encoding", &mut || S::with_expanded(&pair, |_| ()));
    }
    match kind {
        KeyKind::MlKem512 => of::<K512>(768, measure),
        KeyKind::MlKem768 => of::<K768>(1088, measure),
        _ => of::<K1024>(1568, measure),
    }
}
