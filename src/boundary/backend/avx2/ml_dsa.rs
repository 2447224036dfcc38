//! ML-DSA on AVX2: FIPS 204 (August 2024), sections 6 and 7, over a mu that is computed elsewhere. Answers are those
//! of the portable implementation, byte for byte.
//!
//! A key is kept transformed: the matrix, s1, s2, t0, and t1 times 2^13. The numbers of a round of signing are those
//! of the standard; a round ends at the first polynomial that is too large, which tells what the standard's own
//! rejection tells (FIPS 204 section 3.6.3: rejected values are wiped, with the stack).

// Rows and columns of array types, and slices of a signature whose length is checked before.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod encode;
mod ntt;
mod rounding;
mod sample;

use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Avx2, Plain, Wiped, scrubbed};
use crate::attributes::KeyKind;
use crate::boundary::backend::portable::ml_dsa::{MU, RANDOM, SEED, signature_len};
use crate::error::{Error, Result};

const Q: i32 = 8_380_417;
const N: usize = 256;

/// 256 numbers.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Poly([[i32; 8]; 32]);

impl Poly {
    const ZERO: Self = Self([[0; 8]; 32]);
}

/// A parameter set (Table 1), apart from k and l, which are lengths of arrays.
struct Set {
    tau: usize,
    /// Length of the commitment hash: lambda / 4.
    hash: usize,
    gamma1: i32,
    gamma2: i32,
    eta: i32,
    omega: usize,
}

impl Set {
    const fn of(k: usize) -> &'static Self {
        match k {
            4 => &Self { tau: 39, hash: 32, gamma1: 1 << 17, gamma2: (Q - 1) / 88, eta: 2, omega: 80 },
            6 => &Self { tau: 49, hash: 48, gamma1: 1 << 19, gamma2: (Q - 1) / 32, eta: 4, omega: 55 },
            _ => &Self { tau: 60, hash: 64, gamma1: 1 << 19, gamma2: (Q - 1) / 32, eta: 2, omega: 75 },
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // 60 at most
    const fn beta(&self) -> i32 {
        self.tau as i32 * self.eta
    }
}

/// Longest hash of a commitment, encoded high part of one, and encoded public key.
const HASH: usize = 64;
const W1: usize = 8 * 32 * 4;
const PUBLIC: usize = 32 + 8 * encode::T1;

/// 64-bit words of dead stack that the deepest function leaves, a signature of ML-DSA-87: 46 KiB in a release build. A test
/// measures it.
pub(super) const DEAD_WORDS: usize = if cfg!(debug_assertions) { 24 * 1024 } else { 8 * 1024 };

// -- public keys --

/// A public key ready for use.
#[repr(C)]
struct Public<const K: usize, const L: usize> {
    /// Transformed, as the rest.
    matrix: [[Poly; L]; K],
    /// t1 times 2^13.
    t1: [Poly; K],
    rho: [u8; 32],
    /// H(pk, 64): algorithm 6, step 9.
    hash: [u8; MU],
    encoded: [[u8; encode::T1]; K],
}

// SAFETY: arrays of integers alone.
unsafe impl<const K: usize, const L: usize> Plain for Public<K, L> {}

impl<const K: usize, const L: usize> Public<K, L> {
    /// pkDecode (algorithm 23), with what verification needs of it.
    #[target_feature(enable = "avx2")]
    fn decode(&mut self, rho: &[u8; 32], encoded: &[u8]) {
        self.rho = *rho;
        self.encoded.as_flattened_mut().copy_from_slice(encoded);
        sample::matrix(rho, &mut self.matrix);
        self.prepare();
    }

    /// What follows from `rho` and `encoded`, but for the matrix.
    #[target_feature(enable = "avx2")]
    fn prepare(&mut self) {
        for (t1, bytes) in self.t1.iter_mut().zip(&self.encoded) {
            encode::unpack_t1(bytes, t1);
            for number in t1.0.as_flattened_mut() {
                *number <<= 13;
            }
            ntt::ntt(t1);
            rounding::reduce(t1);
        }
        let mut state = Shake256::default();
        state.update(&self.rho);
        state.update(self.encoded.as_flattened());
        state.finalize_xof().read(&mut self.hash);
    }

    /// ML-DSA.Verify_internal: section 6.3, algorithm 8 from step 8 on.
    #[target_feature(enable = "avx2")]
    fn verify(&self, mu: &[u8; MU], signature: &[u8]) -> Result<()> {
        let set = const { Set::of(K) };
        let (hash, rest) = signature.split_at_checked(set.hash).ok_or(Error::Rejected)?;
        let len = encode::gamma1_len(set);
        let (responses, hints) = rest.split_at_checked(L * len).ok_or(Error::Rejected)?;
        if hints.len() != set.omega + K {
            return Err(Error::Rejected);
        }
        let hints = encode::unpack_hints::<K>(set, hints).ok_or(Error::Rejected)?;
        let mut z = [Poly::ZERO; L];
        for (z, bytes) in z.iter_mut().zip(responses.chunks(len)) {
            encode::unpack_gamma1(set, bytes, z);
            if !rounding::is_below(z, set.gamma1 - set.beta()) {
                return Err(Error::Rejected);
            }
            ntt::ntt(z);
        }
        let mut c = sample::ball(set, hash);
        ntt::ntt(&mut c);
        let mut encoded = [0; W1];
        for (i, to) in encoded.chunks_mut(encode::w1_len(set)).take(K).enumerate() {
            let mut w = ntt::dot_less(&self.matrix[i], &z, &c, &self.t1[i]);
            ntt::inverse(&mut w);
            rounding::positive(&mut w);
            rounding::use_hint(set, &mut w, &hints[i]);
            encode::pack_w1(set, &w, to);
        }
        let mut made = [0; HASH];
        commit(set, mu, &encoded[..K * encode::w1_len(set)], &mut made);
        if bool::from(made[..set.hash].ct_eq(hash)) { Ok(()) } else { Err(Error::Rejected) }
    }
}

/// The hash of mu and the commitment (algorithm 7, step 15).
fn commit(set: &Set, mu: &[u8; MU], encoded: &[u8], to: &mut [u8; HASH]) {
    let mut state = Shake256::default();
    state.update(mu);
    state.update(encoded);
    state.finalize_xof().read(&mut to[..set.hash]);
}

// -- private keys --

/// A signing key with its public half.
#[repr(C)]
struct Private<const K: usize, const L: usize> {
    public: Public<K, L>,
    /// Transformed, as the rest.
    s1: [Poly; L],
    s2: [Poly; K],
    t0: [Poly; K],
    /// K of the standard.
    key: [u8; 32],
}

// SAFETY: arrays of integers alone.
unsafe impl<const K: usize, const L: usize> Plain for Private<K, L> {}

impl<const K: usize, const L: usize> Private<K, L> {
    /// ML-DSA.KeyGen_internal: section 6.1, algorithm 6.
    #[target_feature(enable = "avx2")]
    #[allow(clippy::cast_possible_truncation)] // 8 at most
    fn generate(&mut self, seed: &[u8; SEED]) {
        let set = const { Set::of(K) };
        let mut expanded = [0; 128];
        let mut state = Shake256::default();
        state.update(seed);
        state.update(&[K as u8, L as u8]);
        state.finalize_xof().read(&mut expanded);
        let (rho, rest) = expanded.split_at(32);
        let (rho_prime, key) = rest.split_at(64);
        self.public.rho.copy_from_slice(rho);
        self.key.copy_from_slice(key);
        let mut secret = [0; 64];
        secret.copy_from_slice(rho_prime);
        sample::secrets(set, &secret, 0, &mut self.s1);
        sample::secrets(set, &secret, L, &mut self.s2);
        sample::matrix(&self.public.rho, &mut self.public.matrix);
        for s in &mut self.s1 {
            ntt::ntt(s);
        }
        for i in 0..K {
            // t = A s1 + s2; its parts.
            let mut t = ntt::dot(&self.public.matrix[i], &self.s1);
            ntt::inverse(&mut t);
            rounding::add(&mut t, &self.s2[i]);
            rounding::positive(&mut t);
            let high = &mut self.public.t1[i];
            rounding::power2_round(&mut t, high);
            encode::pack_t1(high, &mut self.public.encoded[i]);
            ntt::ntt(&mut t);
            self.t0[i] = t;
            ntt::ntt(&mut self.s2[i]);
        }
        self.public.prepare();
    }

    /// ML-DSA.Sign_internal: section 6.2, algorithm 7 from step 7 on. Answers whether a round was accepted before the
    /// masks ran out.
    #[target_feature(enable = "avx2")]
    fn sign(&self, mu: &[u8; MU], random: &[u8; RANDOM], signature: &mut [u8]) -> bool {
        let set = const { Set::of(K) };
        let mut seed = [0; 64];
        let mut state = Shake256::default();
        for part in [&self.key[..], random, mu] {
            state.update(part);
        }
        state.finalize_xof().read(&mut seed);
        let mut masks = sample::Masks::new(&seed);
        let mut y = [Poly::ZERO; L];
        loop {
            for y in &mut y {
                let Some(mask) = masks.next(set) else { return false };
                *y = *mask;
            }
            if self.round(set, mu, &mut y, signature) {
                return true;
            }
        }
    }

    /// One round (algorithm 7, steps 11 to 33) with the masks y, which become the response: whether it was accepted,
    /// and then the signature.
    #[target_feature(enable = "avx2")]
    fn round(&self, set: &Set, mu: &[u8; MU], y: &mut [Poly; L], signature: &mut [u8]) -> bool {
        let (hash, rest) = signature.split_at_mut(set.hash);
        let (responses, encoded_hints) = rest.split_at_mut(L * encode::gamma1_len(set));
        let mut transformed = *y;
        for y in &mut transformed {
            ntt::ntt(y);
        }
        // w and its parts.
        let (mut low, mut high) = ([Poly::ZERO; K], [Poly::ZERO; K]);
        let mut encoded = [0; W1];
        let len = encode::w1_len(set);
        for i in 0..K {
            low[i] = ntt::dot(&self.public.matrix[i], &transformed);
            ntt::inverse(&mut low[i]);
            rounding::positive(&mut low[i]);
            rounding::decompose(set, &mut low[i], &mut high[i]);
            encode::pack_w1(set, &high[i], &mut encoded[i * len..(i + 1) * len]);
        }
        let mut made = [0; HASH];
        commit(set, mu, &encoded[..K * len], &mut made);
        let mut c = sample::ball(set, &made[..set.hash]);
        ntt::ntt(&mut c);
        for (z, s1) in y.iter_mut().zip(&self.s1) {
            let mut moved = ntt::product(&c, s1);
            ntt::inverse(&mut moved);
            rounding::add(z, &moved);
            if !rounding::is_below(z, set.gamma1 - set.beta()) {
                return false;
            }
        }
        for (low, s2) in low.iter_mut().zip(&self.s2) {
            let mut moved = ntt::product(&c, s2);
            ntt::inverse(&mut moved);
            rounding::subtract(low, &moved);
            if !rounding::is_below(low, set.gamma2 - set.beta()) {
                return false;
            }
        }
        let mut hints = [[0; N]; K];
        let mut count = 0;
        for i in 0..K {
            let mut moved = ntt::product(&c, &self.t0[i]);
            ntt::inverse(&mut moved);
            rounding::reduce(&mut moved);
            if !rounding::is_below(&moved, set.gamma2) {
                return false;
            }
            rounding::add(&mut low[i], &moved);
            count += rounding::make_hint(set, &low[i], &high[i], &mut hints[i]);
        }
        if count > set.omega {
            return false;
        }
        hash.copy_from_slice(&made[..set.hash]);
        for (z, to) in y.iter().zip(responses.chunks_mut(encode::gamma1_len(set))) {
            encode::pack_gamma1(set, z, to);
        }
        encode::pack_hints(set, &hints, encoded_hints);
        true
    }

    /// skEncode (algorithm 24), of the prepared form.
    #[target_feature(enable = "avx2")]
    fn expand(&self, out: &mut [u8; EXPANDED]) -> usize {
        let set = const { Set::of(K) };
        let mut at = 0;
        let mut put = |len: usize, write: &mut dyn FnMut(&mut [u8])| {
            write(&mut out[at..at + len]);
            at += len;
        };
        for seed in [&self.public.rho[..], &self.key, &self.public.hash] {
            put(seed.len(), &mut |to| to.copy_from_slice(seed));
        }
        for s in self.s1.iter().chain(&self.s2) {
            let s = plain(s);
            put(encode::eta_len(set), &mut |to| encode::pack_eta(set, &s, to));
        }
        for t0 in &self.t0 {
            let t0 = plain(t0);
            put(encode::T0, &mut |to| encode::pack_t0(&t0, to));
        }
        at
    }
}

/// Longest expanded key: ML-DSA-87.
const EXPANDED: usize = 4896;

/// The polynomial that was transformed, centred.
#[target_feature(enable = "avx2")]
fn plain(p: &Poly) -> Poly {
    let mut p = *p;
    ntt::divide(&mut p);
    ntt::inverse(&mut p);
    rounding::positive(&mut p);
    rounding::centre(&mut p);
    p
}

// -- the three sets --

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

/// A signing key, expanded, with its public half. Wiped on drop.
pub(in crate::boundary) struct SigningKey(AnyPrivate);

enum AnyPrivate {
    D44(Wiped<Private<4, 4>>),
    D65(Wiped<Private<6, 5>>),
    D87(Wiped<Private<8, 7>>),
}

/// A public key of its own.
pub(in crate::boundary) struct VerifyingKey(AnyPublic);

enum AnyPublic {
    D44(Wiped<Public<4, 4>>),
    D65(Wiped<Public<6, 5>>),
    D87(Wiped<Public<8, 7>>),
}

/// A public key, its own or that of a private one.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct View<'k>(AnyView<'k>);

#[derive(Clone, Copy)]
enum AnyView<'k> {
    D44(&'k Public<4, 4>),
    D65(&'k Public<6, 5>),
    D87(&'k Public<8, 7>),
}

impl SigningKey {
    /// ML-DSA.KeyGen_internal(xi).
    pub(in crate::boundary) fn new(_: Avx2, kind: KeyKind, seed: &[u8]) -> Result<Self> {
        let seed = seed.try_into().map_err(|_| Error::Rejected)?;
        macro_rules! generated {
            ($variant:ident) => {{
                let mut key = Wiped::zeroed();
                // SAFETY: there is an Avx2.
                scrubbed::<DEAD_WORDS, _>(|| unsafe { Private::generate(&mut key, seed) });
                Ok(Self(AnyPrivate::$variant(key)))
            }};
        }
        match kind {
            KeyKind::MlDsa44 => generated!(D44),
            KeyKind::MlDsa65 => generated!(D65),
            KeyKind::MlDsa87 => generated!(D87),
            _ => Err(Error::Unsupported),
        }
    }

    /// Its public half.
    pub(in crate::boundary) fn public(&self) -> View<'_> {
        View(match &self.0 {
            AnyPrivate::D44(key) => AnyView::D44(&key.public),
            AnyPrivate::D65(key) => AnyView::D65(&key.public),
            AnyPrivate::D87(key) => AnyView::D87(&key.public),
        })
    }

    /// ML-DSA.Sign_internal; `random` of zeros is the deterministic variant.
    pub(in crate::boundary) fn sign(
        &self,
        mu: &[u8; MU],
        random: &[u8; RANDOM],
        signature: &mut [u8],
    ) -> Result<()> {
        if Some(signature.len()) != signature_len(self.public().kind()) {
            return Err(Error::Corrupted);
        }
        // SAFETY: the key was made with an Avx2.
        let made = scrubbed::<DEAD_WORDS, _>(|| unsafe {
            each!(&self.0, AnyPrivate, key => key.sign(mu, random, signature))
        });
        // Out of rounds: a fault, not chance.
        if made { Ok(()) } else { Err(Error::Corrupted) }
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        let mut bytes = Zeroizing::new([0; EXPANDED]);
        // SAFETY: the key was made with an Avx2.
        let len = scrubbed::<DEAD_WORDS, _>(|| unsafe {
            each!(&self.0, AnyPrivate, key => key.expand(&mut bytes))
        });
        with(&bytes[..len])
    }
}

impl VerifyingKey {
    /// Decodes a public key: algorithm 23. Every encoding of the right length is one.
    pub(in crate::boundary) fn new(_: Avx2, kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        let (rho, encoded) = bytes.split_first_chunk().ok_or(Error::Rejected)?;
        macro_rules! decoded {
            ($variant:ident, $rows:literal) => {{
                if encoded.len() != $rows * encode::T1 {
                    return Err(Error::Rejected);
                }
                let mut key = Wiped::zeroed();
                // SAFETY: there is an Avx2.
                unsafe { Public::decode(&mut key, rho, encoded) };
                Ok(Self(AnyPublic::$variant(key)))
            }};
        }
        match kind {
            KeyKind::MlDsa44 => decoded!(D44, 4),
            KeyKind::MlDsa65 => decoded!(D65, 6),
            KeyKind::MlDsa87 => decoded!(D87, 8),
            _ => Err(Error::Unsupported),
        }
    }

    pub(in crate::boundary) fn public(&self) -> View<'_> {
        View(match &self.0 {
            AnyPublic::D44(key) => AnyView::D44(key),
            AnyPublic::D65(key) => AnyView::D65(key),
            AnyPublic::D87(key) => AnyView::D87(key),
        })
    }
}

impl<'k> View<'k> {
    /// The parameter set.
    pub(in crate::boundary) const fn kind(self) -> KeyKind {
        match self.0 {
            AnyView::D44(_) => KeyKind::MlDsa44,
            AnyView::D65(_) => KeyKind::MlDsa65,
            AnyView::D87(_) => KeyKind::MlDsa87,
        }
    }

    /// Hands the encoded key to `with`.
    pub(in crate::boundary) fn with_bytes<R>(self, with: impl FnOnce(&[u8]) -> R) -> R {
        let (rho, encoded) = each!(self.0, AnyView, key => (&key.rho, key.encoded.as_flattened()));
        let mut bytes = [0; PUBLIC];
        let len = 32 + encoded.len();
        bytes[..32].copy_from_slice(rho);
        bytes[32..len].copy_from_slice(encoded);
        with(&bytes[..len])
    }

    /// H(pk, 64), which begins every mu.
    pub(in crate::boundary) const fn hash(self) -> &'k [u8; MU] {
        each!(self.0, AnyView, key => &key.hash)
    }

    /// ML-DSA.Verify_internal.
    pub(in crate::boundary) fn verify(self, mu: &[u8; MU], signature: &[u8]) -> Result<()> {
        // SAFETY: the key was made with an Avx2.
        unsafe { each!(self.0, AnyView, key => key.verify(mu, signature)) }
    }
}

/// Hands every function that is given a secret to `measure`, with its name.
#[cfg(test)]
pub(super) fn depths(_: Avx2, kind: KeyKind, measure: impl Fn(&str, &mut dyn FnMut())) {
    fn of<const K: usize, const L: usize>(len: usize, measure: impl Fn(&str, &mut dyn FnMut())) {
        let mut key = Wiped::<Private<K, L>>::zeroed();
        let (mut signature, mut expanded) = (alloc::vec![0; len], [0; EXPANDED]);
        // SAFETY: there is an Avx2.
        unsafe {
            measure("key generation", &mut || key.generate(&[1; SEED]));
            measure("signature", &mut || _ = key.sign(&[2; MU], &[3; RANDOM], &mut signature));
            measure("encoding", &mut || _ = key.expand(&mut expanded));
        }
    }
    match kind {
        KeyKind::MlDsa44 => of::<4, 4>(2420, measure),
        KeyKind::MlDsa65 => of::<6, 5>(3309, measure),
        _ => of::<8, 7>(4627, measure),
    }
}
