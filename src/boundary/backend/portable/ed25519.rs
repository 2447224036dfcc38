//! Ed25519, pure and over a hash: FIPS 186-5 (2023), 7.6 to 7.8, RFC 8032 (2017), 5.1.
//!
//! Verification uses one equation, the cofactorless one that RFC 8032, 5.1.7 allows: with S < L,
//! R' = [S]B - [k]A is computed and its encoding compared with the first half of the signature byte by
//! byte. A non-canonical R can therefore never match. Batch verification, which would use the cofactored
//! equation and answer differently on crafted keys, is not offered.
//!
//! On keys we are stricter than FIPS 186-5 (VAL-ED-1): an encoding must be canonical and the point must
//! not have small order, because under such a key one signature fits many messages. A point of mixed order
//! is accepted, as FIPS 186-5 does.
//!
//! Signing on `Backend::Adx` leaves to dalek the arithmetic of scalars, and is written here: RFC 8032, 5.1.6.
//!
//! Not wiped, because ed25519-dalek holds it: the secret scalar r of one signature and the digest it comes
//! from, in dead stack memory after signing by dalek.

use ed25519_dalek::hazmat::{
    ExpandedSecretKey, raw_sign, raw_sign_prehashed, raw_verify, raw_verify_prehashed,
};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use made::Made;

use crate::boundary::backend::{Backends, Words};
use crate::error::{Error, Result};
use crate::marks;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use {
    super::hash::digest,
    crate::algorithm::Hash,
    crate::boundary::backend::adx::{Adx, edwards},
    curve25519_dalek::Scalar,
};

/// Length of a seed, of a public key and of each half of a signature.
const LEN: usize = 32;
/// Length of a signature, R || S.
const SIGNATURE_LEN: usize = 64;
/// What dom2 begins with: RFC 8032, 5.1.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const DOM2: &[u8] = b"SigEd25519 no Ed25519 collisions";

/// A private key ready for use: the expanded seed, and the public key computed from it. There is no way to
/// give another public key, which would give the private key away (VAL-ED-2).
pub(in crate::boundary) struct PrivateKey {
    // Wiped by its own drop.
    expanded: ExpandedSecretKey,
    // Canonical by construction, and not of small order: a multiple of the base point by a scalar that
    // is not zero modulo L.
    public: PublicKey,
    signs: Words,
}

impl PrivateKey {
    /// Expands the 32-byte seed: RFC 8032, 5.1.5.
    pub(in crate::boundary) fn new(backends: &Backends, seed: &[u8; LEN]) -> Self {
        let mut digest = Zeroizing::new([0; SIGNATURE_LEN]);
        Sha512::new().chain_update(seed).finalize_into((&mut *digest).into());
        let expanded = ExpandedSecretKey::from_bytes(&digest);
        let public = PublicKey(marks::declassified("public key", VerifyingKey::from(&expanded)));
        Self { expanded, public, signs: backends.ed25519 }
    }

    /// The public half, ready for use.
    pub(in crate::boundary) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The encoded public key.
    pub(in crate::boundary) fn public_key(&self) -> [u8; LEN] {
        self.public.bytes()
    }

    /// The secret scalar, for a backend in lanes.
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    pub(in crate::boundary) fn scalar(&self) -> &[u8; LEN] {
        self.expanded.scalar.as_bytes()
    }

    /// What is hashed before the message to make r, for a backend in lanes.
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    pub(in crate::boundary) fn prefix(&self) -> &[u8; LEN] {
        &self.expanded.hash_prefix
    }

    /// Signature generation: FIPS 186-5, 7.6; RFC 8032, 5.1.6.
    pub(in crate::boundary) fn sign(&self, msg: &[u8], sig: &mut [u8; SIGNATURE_LEN]) -> Result<()> {
        match self.signs {
            Words::Portable => {
                *sig = raw_sign::<Sha512>(&self.expanded, msg, &self.public.0).to_bytes();
                marks::declassify("signature", sig);
                Ok(())
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Words::Adx(cpu) => self.sign_parts(cpu, [&[]; 3], msg, sig),
        }
    }

    /// Ed25519ph: FIPS 186-5, 7.8.1, of the SHA-512 digest of a message, with a context of at most 255 bytes.
    pub(in crate::boundary) fn sign_digest(
        &self,
        digest: &[u8; 64],
        context: &[u8],
        sig: &mut [u8; SIGNATURE_LEN],
    ) -> Result<()> {
        let context = within_bound(context)?;
        match self.signs {
            Words::Portable => {
                let (key, made) = (&self.expanded, Made(*digest));
                let made = raw_sign_prehashed::<Sha512, _>(key, made, &self.public.0, Some(context));
                *sig = made.map_err(|_| Error::InvalidArgument)?.to_bytes();
                marks::declassify("signature", sig);
                Ok(())
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Words::Adx(cpu) => {
                let len = u8::try_from(context.len()).map_err(|_| Error::InvalidArgument)?;
                self.sign_parts(cpu, [DOM2, &[1, len], context], digest, sig)
            }
        }
    }

    /// RFC 8032, 5.1.6, with the parts of dom2 (5.1), which are empty for Ed25519.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    #[allow(clippy::arithmetic_side_effects)] // operators on scalars are modular
    fn sign_parts(
        &self,
        cpu: Adx,
        [name, flags, context]: [&[u8]; 3],
        msg: &[u8],
        sig: &mut [u8; SIGNATURE_LEN],
    ) -> Result<()> {
        sig.fill(0);
        let key = &self.expanded;
        let mut hashed = Zeroizing::new([0; 64]);
        digest(Hash::Sha512, &[name, flags, context, &key.hash_prefix, msg], &mut *hashed)?;
        let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&hashed));
        // R, the first half of the signature.
        let point = edwards::base_multiple(cpu, r.as_bytes());
        digest(Hash::Sha512, &[name, flags, context, &point, &self.public_key(), msg], &mut *hashed)?;
        let k = Scalar::from_bytes_mod_order_wide(&hashed);
        let product = Zeroizing::new(k * key.scalar);
        let s = *product + *r;
        let (first, second) = sig.split_at_mut(LEN);
        first.copy_from_slice(&point);
        second.copy_from_slice(s.as_bytes());
        marks::declassify("signature", sig);
        Ok(())
    }
}

/// A public key ready for use: canonical, on the curve and not of small order.
pub(in crate::boundary) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Decodes a public key (VAL-ED-1).
    pub(in crate::boundary) fn new(bytes: &[u8]) -> Result<Self> {
        let bytes = <&[u8; LEN]>::try_from(bytes).map_err(|_| Error::Rejected)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::Rejected)?;
        // The crate reduces y >= p and takes "-0" for x: both encode to something else.
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        if canonical && !key.is_weak() { Ok(Self(key)) } else { Err(Error::Rejected) }
    }

    /// The encoded public key.
    pub(in crate::boundary) fn bytes(&self) -> [u8; LEN] {
        self.0.to_bytes()
    }

    /// Signature verification: FIPS 186-5, 7.7; RFC 8032, 5.1.7, with the equation named above.
    pub(in crate::boundary) fn verify(&self, msg: &[u8], sig: &[u8]) -> Result<()> {
        let sig = <&[u8; SIGNATURE_LEN]>::try_from(sig).map_err(|_| Error::Rejected)?;
        // S < L is checked inside.
        raw_verify::<Sha512>(&self.0, msg, &Signature::from_bytes(sig)).map_err(|_| Error::Rejected)
    }

    /// Verification of Ed25519ph: FIPS 186-5, 7.8.2, with the same equation.
    pub(in crate::boundary) fn verify_digest(
        &self,
        digest: &[u8; 64],
        context: &[u8],
        sig: &[u8],
    ) -> Result<()> {
        let sig = <&[u8; SIGNATURE_LEN]>::try_from(sig).map_err(|_| Error::Rejected)?;
        let (context, sig) = (Some(within_bound(context)?), Signature::from_bytes(sig));
        raw_verify_prehashed::<Sha512, _>(&self.0, Made(*digest), context, &sig).map_err(|_| Error::Rejected)
    }
}

fn within_bound(context: &[u8]) -> Result<&[u8]> {
    if context.len() <= crate::algorithm::MAX_CONTEXT { Ok(context) } else { Err(Error::InvalidArgument) }
}

/// In a module of its own, where the traits of `digest` stand in nobody's way.
mod made {
    use sha2::digest::consts::U64;
    use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

    /// A digest that was made before, where the crate wants one that is going to be made. Public data: it is
    /// handed in finished and absorbs nothing.
    pub(super) struct Made(pub(super) [u8; 64]);

    impl Default for Made {
        fn default() -> Self {
            Self([0; 64])
        }
    }

    impl HashMarker for Made {}

    impl OutputSizeUser for Made {
        type OutputSize = U64;
    }

    impl Update for Made {
        fn update(&mut self, _data: &[u8]) {}
    }

    impl FixedOutput for Made {
        fn finalize_into(self, out: &mut Output<Self>) {
            out.copy_from_slice(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

    extern crate std;

    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::boundary::backend::Backend;

    /// Seed, public key, message, signature: RFC 8032, 7.1, tests 1, 2, 3 and SHA(abc). Confirmed with Python
    /// `cryptography` 48 (OpenSSL 4.0).
    const RFC8032: [[&str; 4]; 4] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
        [
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589\
             09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ],
    ];

    /// The order L of the base point, little-endian (RFC 8032, 5.1).
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

    fn every_backend() -> impl Iterator<Item = Backends> {
        Backend::ALL.into_iter().filter_map(Backends::of).chain([Backends::fastest()])
    }

    fn hex(s: &str) -> Vec<u8> {
        assert!(s.len().is_multiple_of(2));
        (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
    }

    fn refused(bytes: &[u8]) {
        assert_eq!(PublicKey::new(bytes).err(), Some(Error::Rejected), "{bytes:02x?}");
    }

    #[test]
    fn published_signatures() {
        for [seed, public, msg, sig] in RFC8032.map(|row| row.map(hex)) {
            let seed = seed.try_into().unwrap();
            for backends in every_backend() {
                let key = PrivateKey::new(&backends, &seed);
                assert_eq!(key.public_key()[..], public);
                let mut out = [0; SIGNATURE_LEN];
                key.sign(&msg, &mut out).unwrap();
                assert_eq!(out[..], sig);
            }
            let key = PublicKey::new(&public).unwrap();
            assert_eq!(key.bytes()[..], public);
            key.verify(&msg, &sig).unwrap();
        }
    }

    #[test]
    fn public_keys_are_canonical() {
        // y = 3 is on the curve and not of small order; p + 3 is the same y.
        let three = hex("0300000000000000000000000000000000000000000000000000000000000000");
        PublicKey::new(&three).unwrap();
        refused(&hex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
        // No x for y = 2.
        refused(&hex("0200000000000000000000000000000000000000000000000000000000000000"));
        for length in [&[][..], &three[..31], &[&three[..], &[0]].concat()] {
            refused(length);
        }
    }

    #[test]
    fn public_keys_of_small_order_are_refused() {
        // All eight points, orders 1, 2, 4, 4 and 8: [8]P = O checked with Python integers. Then x = -0.
        for point in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ] {
            let point = hex(point);
            // Each decodes, so it is the check under test that refuses it.
            assert!(VerifyingKey::from_bytes(point.as_slice().try_into().unwrap()).is_ok());
            refused(&point);
        }
    }

    /// The signature equation without cofactor. Both made with Python integers; OpenSSL 4.0 gives the same answers.
    #[test]
    fn the_equation_is_the_cofactorless_one() {
        // R = [r]B + a point of order 8: holds only when multiplied by 8.
        let key = hex("1b3792a3b77fa5971bc088ceda2d95272b7ec86389ae702d24d42a85a0af5219");
        let sig = hex("24721ba993580dd8022f5517ff58867148e89d2e5fd7a59937b68c7d9690d488\
             10fd1a9922491da625fae36b1df49f941ce379a132f8ac10e4303c23997fb007");
        assert_eq!(PublicKey::new(&key).unwrap().verify(b"torsion in R", &sig), Err(Error::Rejected));
        // A = [a]B + a point of order 8, k a multiple of 8: holds as it is.
        let key = hex("f9c5af42fa72dddb7207623ada9c3c8de59b47cfcdd6add59843440f8538f098");
        let sig = hex("0bb6bbd5d04fae0ce69a05f54f3b401f9bcb2a6fc5948fa0acaf8038c2091804\
             ef0458b863441ed912f31418aac3d9f09720393fd5b041579c7b7f8ab7e97905");
        PublicKey::new(&key).unwrap().verify(b"torsion in A", &sig).unwrap();
    }

    #[test]
    fn s_is_below_the_order() {
        let [_, public, msg, sig] = RFC8032[1].map(hex);
        let key = PublicKey::new(&public).unwrap();
        // S + L satisfies the equation too.
        let mut malleable = sig.clone();
        let mut carry = 0u16;
        for (byte, order) in malleable[LEN..].iter_mut().zip(hex(ORDER)) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_be_bytes()[1];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        assert_eq!(key.verify(&msg, &malleable), Err(Error::Rejected));
        key.verify(&msg, &sig).unwrap();
    }

    #[test]
    fn signature_lengths_are_exact() {
        let [_, public, msg, sig] = RFC8032[0].map(hex);
        let key = PublicKey::new(&public).unwrap();
        for wrong in [&[][..], &sig[..32], &sig[..63], &[&sig[..], &[0]].concat()] {
            assert_eq!(key.verify(&msg, wrong), Err(Error::Rejected));
        }
    }

    #[test]
    fn a_private_key_is_wiped_on_drop() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<ExpandedSecretKey>(); // only with the crate's feature `zeroize`
        wiped::<Sha512>(); // only with the feature `zeroize` of sha2
        assert!(core::mem::needs_drop::<PrivateKey>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn signatures_verify_and_changed_ones_do_not(
            seed: [u8; LEN], msg in prop::collection::vec(any::<u8>(), 0..200), flip in 0usize..8 * SIGNATURE_LEN,
        ) {
            let private = PrivateKey::new(&Backends::PORTABLE, &seed);
            let public = PublicKey::new(&private.public_key()).unwrap();
            let mut sig = [0; SIGNATURE_LEN];
            private.sign(&msg, &mut sig).unwrap();
            for backends in every_backend() {
                let (key, mut again) = (PrivateKey::new(&backends, &seed), [0xee; SIGNATURE_LEN]);
                key.sign(&msg, &mut again).unwrap();
                prop_assert_eq!(again, sig);
                let (digest, mut signatures) = ([msg.first().copied().unwrap_or(7); 64], [[0xee; SIGNATURE_LEN]; 2]);
                for (key, signature) in [&private, &key].into_iter().zip(&mut signatures) {
                    key.sign_digest(&digest, &msg, signature).unwrap();
                }
                prop_assert_eq!(signatures[0], signatures[1]);
                public.verify_digest(&digest, &msg, &signatures[0]).unwrap();
                let longer = [0; 256];
                prop_assert_eq!(key.sign_digest(&digest, &longer, &mut again), Err(Error::InvalidArgument));
            }
            public.verify(&msg, &sig).unwrap();
            let other = [&msg[..], &[0]].concat();
            prop_assert_eq!(public.verify(&other, &sig), Err(Error::Rejected));
            sig[flip / 8] ^= 1 << (flip % 8);
            prop_assert_eq!(public.verify(&msg, &sig), Err(Error::Rejected));
        }
    }
}
