//! ML-DSA: FIPS 204 (August 2024), the internal functions of section 6 on a mu that is computed here, on the
//! crate `ml-dsa`.
//!
//! A private key is the seed xi and nothing else, so no expanded key has to be checked (VAL-DSA-1). It is
//! expanded once, matrix included: an ML-DSA-87 pair takes about 170 KiB of heap, an ML-DSA-44 pair about 65.
//!
//! The crate gives up after as many rounds as a 16-bit nonce allows (9362 at least; appendix C asks for no fewer
//! than 814). It wipes the expanded key. It does not wipe what one signature works with (rho'', y, c s1, c s2)
//! nor what key generation passes by value: these lie in dead stack memory, which every function here that
//! touches them scrubs before it returns; and no such value goes to the heap but in the expanded key.

use alloc::boxed::Box;

use ml_dsa::signature::rand_core::{TryCryptoRng, TryRng};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, Seed, Signature, VerifyingKey};
use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};
use zeroize::{Zeroize, Zeroizing};

use crate::attributes::KeyKind;
use crate::boundary::secret::scrub_stack;
use crate::error::{Error, Result};
use crate::marks;

/// Length of a seed.
pub(in crate::boundary) const SEED: usize = 32;
/// Length of the randomness of one signature.
pub(in crate::boundary) const RANDOM: usize = 32;
/// Length of mu, and of the hash of a public key.
pub(in crate::boundary) const MU: usize = 64;
/// Longest signature: ML-DSA-87.
pub(in crate::boundary) const MAX_SIGNATURE: usize = 4627;

/// Length of a signature (FIPS 204 Table 2).
pub(in crate::boundary) const fn signature_len(kind: KeyKind) -> Option<usize> {
    match kind {
        KeyKind::MlDsa44 => Some(2420),
        KeyKind::MlDsa65 => Some(3309),
        KeyKind::MlDsa87 => Some(4627),
        _ => None,
    }
}

/// Runs the same code on whichever set it is.
macro_rules! each {
    ($set:expr, $on:ident, $key:ident => $run:expr) => {
        match $set {
            $on::D44($key) => $run,
            $on::D65($key) => $run,
            $on::D87($key) => $run,
        }
    };
}

/// A mu in the making: SHAKE256 over the hash of the public key and the formatted message (algorithm 7, step 6).
pub(in crate::boundary) struct MuState(Shake256);

impl MuState {
    /// Begins with the hash of the public key.
    pub(in crate::boundary) fn new(hash: &[u8; MU]) -> Self {
        let mut state = Self(Shake256::default());
        state.update(hash);
        state
    }

    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(in crate::boundary) fn finish(self, mu: &mut [u8]) {
        self.0.finalize_xof().read(mu);
    }
}

/// A signing key, expanded, with its public half. Wiped on drop.
pub(in crate::boundary) struct PrivateKey {
    expanded: Private,
    public: PublicKey,
}

enum Private {
    D44(Box<ExpandedSigningKey<MlDsa44>>),
    D65(Box<ExpandedSigningKey<MlDsa65>>),
    D87(Box<ExpandedSigningKey<MlDsa87>>),
}

impl PrivateKey {
    /// ML-DSA.KeyGen_internal(xi): section 6.1, algorithm 6.
    pub(in crate::boundary) fn new(kind: KeyKind, seed: &[u8]) -> Result<Self> {
        let seed = Zeroizing::new(Seed::try_from(seed).map_err(|_| Error::Rejected)?);
        macro_rules! expand {
            ($variant:ident) => {{
                let expanded = Box::new(ExpandedSigningKey::from_seed(&seed));
                let public = Box::new(expanded.verifying_key());
                Ok(Self {
                    expanded: Private::$variant(expanded),
                    public: PublicKey::of(kind, Public::$variant(public)),
                })
            }};
        }
        let key = match kind {
            KeyKind::MlDsa44 => expand!(D44),
            KeyKind::MlDsa65 => expand!(D65),
            KeyKind::MlDsa87 => expand!(D87),
            _ => Err(Error::Unsupported),
        };
        scrub(kind);
        key
    }

    /// The public half, ready for use.
    pub(in crate::boundary) const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// ML-DSA.Sign_internal: section 6.2, algorithm 7 from step 7 on. `random` of zeros is the deterministic
    /// variant (section 5.2).
    pub(in crate::boundary) fn sign(
        &self,
        mu: &[u8; MU],
        random: &[u8; RANDOM],
        signature: &mut [u8],
    ) -> Result<()> {
        let mut given = Given(Zeroizing::new(*random));
        let result = each!(&self.expanded, Private, key => {
            match key.sign_mu_randomized(&(*mu).into(), &mut given) {
                Ok(made) => give(&made.encode(), signature),
                // Out of rounds: a fault, not chance.
                Err(_) => Err(Error::Corrupted),
            }
        });
        scrub(self.public.kind);
        result
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    #[allow(deprecated)] // it is deprecated as a form to keep
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(&self.expanded, Private, key => {
            let mut bytes = key.to_expanded();
            let result = with(&bytes);
            bytes.as_mut_slice().zeroize();
            result
        })
    }
}

#[cfg(strongroom_lab)]
impl PrivateKey {
    /// An expanded key from outside, which the conformance tests of signing bring: algorithm 25. The crate does
    /// not take a number of s1 or s2 out of range, so they are looked at first. The public half is computed
    /// from them; that it has the hash which stands in the key is checked, and of t0 nothing.
    #[allow(deprecated)] // it is deprecated as a form to keep
    pub(in crate::boundary) fn from_expanded(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        // rho, K and tr come first; s1 and s2 are k + l polynomials of 256 numbers (Table 1).
        const SEEDS: usize = 32 + 32 + MU;
        let (eta, small) = match kind {
            KeyKind::MlDsa44 => (2, 8 * 96),
            KeyKind::MlDsa65 => (4, 11 * 128),
            KeyKind::MlDsa87 => (2, 15 * 96),
            _ => return Err(Error::Unsupported),
        };
        let (seeds, rest) = bytes.split_at_checked(SEEDS).ok_or(Error::Rejected)?;
        if !rest.get(..small).is_some_and(|encoded| in_range(encoded, eta)) {
            return Err(Error::Rejected);
        }
        macro_rules! decoded {
            ($variant:ident) => {{
                let bytes = bytes.try_into().map_err(|_| Error::Rejected)?;
                let expanded = Box::new(ExpandedSigningKey::from_expanded(bytes));
                let public = PublicKey::of(kind, Public::$variant(Box::new(expanded.verifying_key())));
                Self { expanded: Private::$variant(expanded), public }
            }};
        }
        let key = match kind {
            KeyKind::MlDsa44 => decoded!(D44),
            KeyKind::MlDsa65 => decoded!(D65),
            _ => decoded!(D87),
        };
        if seeds.ends_with(&key.public.hash) { Ok(key) } else { Err(Error::Rejected) }
    }
}

/// Whether all numbers of an encoding, which are small, are at most 2 eta (algorithm 19).
#[cfg(strongroom_lab)]
fn in_range(encoded: &[u8], eta: u32) -> bool {
    // Eight numbers are in as many bytes as one has bits.
    let (bits, bytes, mask) = if eta == 2 { (3, 3, 7) } else { (4, 4, 15) };
    encoded.chunks(bytes).all(|group| {
        let mut left = group.iter().rev().fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        (0..8).all(|_| {
            let number = left & mask;
            left = left.checked_shr(bits).unwrap_or(0);
            number <= eta.saturating_mul(2)
        })
    })
}

fn give(made: &[u8], signature: &mut [u8]) -> Result<()> {
    if made.len() != signature.len() {
        return Err(Error::Corrupted);
    }
    signature.copy_from_slice(made);
    marks::declassify("signature", signature);
    Ok(())
}

/// 64-bit words of dead stack that the deepest function of the crate leaves: key generation, which moves the
/// matrix and the expanded key about.
fn scrub(kind: KeyKind) {
    match kind {
        KeyKind::MlDsa44 => scrub_stack::<{ 24 * 1024 }>(),
        KeyKind::MlDsa65 => scrub_stack::<{ 40 * 1024 }>(),
        _ => scrub_stack::<{ 64 * 1024 }>(),
    }
}

/// A public key ready for use: its matrix, and its hash. Every encoding of the right length is a key (section
/// 5.3): there is nothing else to validate (VAL-DSA-2).
pub(in crate::boundary) struct PublicKey {
    kind: KeyKind,
    key: Public,
    /// H(pk, 64): algorithm 6, step 9.
    hash: [u8; MU],
}

enum Public {
    D44(Box<VerifyingKey<MlDsa44>>),
    D65(Box<VerifyingKey<MlDsa65>>),
    D87(Box<VerifyingKey<MlDsa87>>),
}

impl PublicKey {
    /// Decodes a public key: algorithm 23.
    pub(in crate::boundary) fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        macro_rules! decoded {
            ($variant:ident) => {{
                let bytes = bytes.try_into().map_err(|_| Error::Rejected)?;
                Ok(Self::of(kind, Public::$variant(Box::new(VerifyingKey::decode(bytes)))))
            }};
        }
        match kind {
            KeyKind::MlDsa44 => decoded!(D44),
            KeyKind::MlDsa65 => decoded!(D65),
            KeyKind::MlDsa87 => decoded!(D87),
            _ => Err(Error::Unsupported),
        }
    }

    fn of(kind: KeyKind, key: Public) -> Self {
        let mut public = Self { kind, key, hash: [0; MU] };
        let mut state = Shake256::default();
        public.with_bytes(|bytes| state.update(bytes));
        state.finalize_xof().read(&mut public.hash);
        public
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Hands the encoded key to `with`.
    pub(in crate::boundary) fn with_bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(&self.key, Public, key => with(&marks::declassified("public key", key.encode())))
    }

    /// H(pk, 64), which begins every mu.
    pub(in crate::boundary) const fn hash(&self) -> &[u8; MU] {
        &self.hash
    }

    /// ML-DSA.Verify_internal: section 6.3, algorithm 8 from step 8 on. The signature has its exact length; its
    /// hint and the norm of its z are checked.
    pub(in crate::boundary) fn verify(&self, mu: &[u8; MU], signature: &[u8]) -> Result<()> {
        let fits = each!(&self.key, Public, key => {
            Signature::try_from(signature).is_ok_and(|signature| key.verify_mu(&(*mu).into(), &signature))
        });
        if fits { Ok(()) } else { Err(Error::Rejected) }
    }
}

/// Randomness that was drawn before, where the crate wants a generator: our DRBG may fail, and has said so by
/// then.
struct Given(Zeroizing<[u8; RANDOM]>);

impl TryRng for Given {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        Err(Error::Corrupted)
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        Err(Error::Corrupted)
    }

    /// All of it, once: what is asked for has its length.
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<()> {
        if out.len() != RANDOM {
            return Err(Error::Corrupted);
        }
        out.copy_from_slice(&*self.0);
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[cfg(test)]
mod tests;
