//! Groups of elliptic-curve operations: the contract, and its dispatcher.
//!
//! Each lane has its own inputs and its own answer, which is the one that the single operation gives; an empty
//! lane answers nothing.

#[cfg(all(target_arch = "x86_64", feature = "std"))]
mod ifma;

use super::portable::ec::{Curve, P256, P384, PrivateKey, PublicKey};
use super::{Backends, Lanes, Which};
use crate::error::{Error, Result};

/// One ECDSA signature with a given k, see [`PrivateKey::sign_with_k`].
pub(in crate::boundary) struct Signing<'l, C: Curve> {
    pub(in crate::boundary) key: &'l PrivateKey<C>,
    /// The private key, big-endian and of the field length, as k: what a backend in lanes starts from.
    #[cfg_attr(not(all(target_arch = "x86_64", feature = "std")), allow(dead_code))]
    // the portable one has it prepared
    pub(in crate::boundary) d: &'l [u8],
    pub(in crate::boundary) k: &'l [u8],
    pub(in crate::boundary) digest: &'l [u8],
    pub(in crate::boundary) signature: &'l mut [u8],
    /// False when this k cannot be used.
    pub(in crate::boundary) made: Result<bool>,
}

/// One ECDSA verification, see [`PublicKey::verify`].
pub(in crate::boundary) struct Verifying<'l, C: Curve> {
    pub(in crate::boundary) key: &'l PublicKey<C>,
    pub(in crate::boundary) digest: &'l [u8],
    pub(in crate::boundary) signature: &'l [u8],
    pub(in crate::boundary) verdict: Result<()>,
}

/// One agreement, see [`PrivateKey::agree`]; the peer's key is validated in full.
pub(in crate::boundary) struct Agreeing<'l, C: Curve> {
    pub(in crate::boundary) key: &'l PrivateKey<C>,
    /// The private key, as in [`Signing`].
    #[cfg_attr(not(all(target_arch = "x86_64", feature = "std")), allow(dead_code))]
    // the portable one has it prepared
    pub(in crate::boundary) d: &'l [u8],
    pub(in crate::boundary) peer: &'l PublicKey<C>,
    pub(in crate::boundary) z: &'l mut [u8],
    pub(in crate::boundary) agreed: Result<()>,
}

impl<'l, C: Curve> Signing<'l, C> {
    pub(in crate::boundary) fn new(
        key: &'l PrivateKey<C>,
        d: &'l [u8],
        k: &'l [u8],
        digest: &'l [u8],
        signature: &'l mut [u8],
    ) -> Self {
        Self { key, d, k, digest, signature, made: Err(Error::Corrupted) }
    }
}

impl<'l, C: Curve> Verifying<'l, C> {
    pub(in crate::boundary) fn new(key: &'l PublicKey<C>, digest: &'l [u8], signature: &'l [u8]) -> Self {
        Self { key, digest, signature, verdict: Err(Error::Corrupted) }
    }
}

impl<'l, C: Curve> Agreeing<'l, C> {
    pub(in crate::boundary) fn new(
        key: &'l PrivateKey<C>,
        d: &'l [u8],
        peer: &'l PublicKey<C>,
        z: &'l mut [u8],
    ) -> Self {
        Self { key, d, peer, z, agreed: Err(Error::Corrupted) }
    }
}

/// A curve whose operations run in groups.
pub(in crate::boundary) trait Grouped: Curve {
    /// Signs in every lane.
    fn sign_lanes(backends: &Backends, lanes: &mut Lanes<Signing<'_, Self>>);
    /// Verifies in every lane.
    fn verify_lanes(backends: &Backends, lanes: &mut Lanes<Verifying<'_, Self>>);
    /// Agrees in every lane.
    fn agree_lanes(backends: &Backends, lanes: &mut Lanes<Agreeing<'_, Self>>);
}

impl Grouped for P256 {
    fn sign_lanes(backends: &Backends, lanes: &mut Lanes<Signing<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => sign_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::sign::<Self, 32>(cpu, lanes),
        }
    }

    fn verify_lanes(backends: &Backends, lanes: &mut Lanes<Verifying<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => verify_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::verify::<Self, 32>(cpu, lanes),
        }
    }

    fn agree_lanes(backends: &Backends, lanes: &mut Lanes<Agreeing<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => agree_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::agree::<Self, 32>(cpu, lanes),
        }
    }
}

impl Grouped for P384 {
    fn sign_lanes(backends: &Backends, lanes: &mut Lanes<Signing<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => sign_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::sign::<Self, 48>(cpu, lanes),
        }
    }

    fn verify_lanes(backends: &Backends, lanes: &mut Lanes<Verifying<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => verify_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::verify::<Self, 48>(cpu, lanes),
        }
    }

    fn agree_lanes(backends: &Backends, lanes: &mut Lanes<Agreeing<'_, Self>>) {
        match backends.ec_groups {
            Which::Portable => agree_each(lanes),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Which::Ifma(cpu) => ifma::agree::<Self, 48>(cpu, lanes),
        }
    }
}

// -- portable: one after the other --

fn sign_each<C: Curve>(lanes: &mut Lanes<Signing<'_, C>>) {
    for lane in lanes.iter_mut().flatten() {
        lane.made = lane.key.sign_with_k(lane.k, lane.digest, lane.signature);
    }
}

fn verify_each<C: Curve>(lanes: &mut Lanes<Verifying<'_, C>>) {
    for lane in lanes.iter_mut().flatten() {
        lane.verdict = lane.key.verify(lane.digest, lane.signature);
    }
}

fn agree_each<C: Curve>(lanes: &mut Lanes<Agreeing<'_, C>>) {
    for lane in lanes.iter_mut().flatten() {
        lane.agreed = lane.key.agree(lane.peer, lane.z);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use std::vec::Vec;
    use std::{array, vec};

    use super::super::Backend;
    use super::super::portable::ec::generate;
    use super::*;
    use crate::boundary::batch::LANES;

    /// A sequence that is no secret.
    struct Sequence(u64);

    impl Sequence {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                *byte = self.0.to_be_bytes()[0];
            }
        }

        fn scalar<C: Curve>(&mut self, len: usize) -> Vec<u8> {
            let mut d = vec![0; len];
            let mut draw = |out: &mut [u8]| {
                self.fill(out);
                Ok(())
            };
            generate::<C>(&mut draw, &mut d).unwrap();
            d
        }

        fn bytes(&mut self, len: usize) -> Vec<u8> {
            let mut out = vec![0; len];
            self.fill(&mut out);
            out
        }
    }

    /// The order n and numbers about it, 0, 1, and all ones; and the same of p.
    fn edges(len: usize) -> Vec<Vec<u8>> {
        let n: Vec<u8> = match len {
            32 => crate::boundary::alg::ecdsa_nonce::Order::P256.number().to_vec(),
            _ => crate::boundary::alg::ecdsa_nonce::Order::P384.number().to_vec(),
        };
        let mut edges = vec![vec![0; len], vec![0xff; len], n.clone()];
        for change in [-2i16, -1, 1, 2] {
            let mut near = n.clone();
            let last = near.last_mut().unwrap();
            *last = u8::try_from(i16::from(*last) + change).unwrap();
            edges.push(near);
        }
        for small in [1, 2, 3] {
            let mut number = vec![0; len];
            *number.last_mut().unwrap() = small;
            edges.push(number);
        }
        edges
    }

    /// Groups of every size, and lanes left out in the middle.
    fn shapes() -> impl Iterator<Item = [bool; LANES]> {
        let sizes = (1..=LANES).map(|size| array::from_fn(|lane| lane < size));
        let holes = [2, 3, 7].map(|step| array::from_fn(|lane| lane % step == 0));
        sizes.chain(holes)
    }

    /// What the other backends answer, beside the portable one, to keys, k and digests of all sorts.
    fn same_answers<C: Grouped>(len: usize) {
        let others: Vec<_> = Backend::ALL.into_iter().filter_map(Backends::of).collect();
        assert!(!others.is_empty());
        let mut random = Sequence(len as u64);
        let edges = edges(len);
        let keys: Vec<_> = (0..5)
            .map(|i| if i == 0 { edges[7].clone() } else { random.scalar::<C>(len) })
            .map(|d| (PrivateKey::<C>::new(&Backends::PORTABLE, &d).unwrap(), d))
            .collect();
        for (round, shape) in shapes().enumerate() {
            let ks: [Vec<u8>; LANES] = array::from_fn(|lane| match lane % 3 {
                0 => edges[(lane + round) % edges.len()].clone(),
                _ => random.scalar::<C>(len),
            });
            let digests: [Vec<u8>; LANES] = array::from_fn(|lane| match lane % 4 {
                0 => edges[(lane + 3 * round) % edges.len()].clone(),
                1 => random.bytes(64),
                2 => random.bytes(28),
                _ => random.bytes(48),
            });
            let sign = |backends: &Backends| {
                let mut signatures = vec![vec![0xee; 2 * len]; LANES];
                let mut each = signatures.iter_mut();
                let mut lanes: Lanes<Signing<'_, C>> = array::from_fn(|lane| {
                    let (signature, (key, d)) = (each.next()?, &keys[(lane + round) % keys.len()]);
                    shape[lane].then(|| Signing::new(key, d, &ks[lane], &digests[lane], signature))
                });
                C::sign_lanes(backends, &mut lanes);
                let made = lanes.map(|lane| lane.map(|lane| lane.made));
                (signatures, made)
            };
            let expected = sign(&Backends::PORTABLE);
            assert!(round == 0 || expected.1.iter().flatten().any(|made| *made == Ok(true)));
            for other in &others {
                assert_eq!(sign(other), expected, "{other}, {round}");
            }

            // Good ones; of each third something is changed.
            let signatures: Vec<Vec<u8>> = expected
                .0
                .iter()
                .enumerate()
                .map(|(lane, signature)| {
                    let mut signature = signature.clone();
                    match (lane + round) % 9 {
                        0 => signature[len - 1] ^= 1,
                        3 => signature[len..].copy_from_slice(&edges[round % edges.len()]),
                        6 => signature[..len].copy_from_slice(&edges[round % edges.len()]),
                        8 => signature.truncate(2 * len - lane % 3),
                        _ => {}
                    }
                    signature
                })
                .collect();
            let verify = |backends: &Backends| {
                let mut lanes: Lanes<Verifying<'_, C>> = array::from_fn(|lane| {
                    let key = keys[(lane + round) % keys.len()].0.public_key();
                    shape[lane].then(|| Verifying::new(key, &digests[lane], &signatures[lane]))
                });
                C::verify_lanes(backends, &mut lanes);
                lanes.map(|lane| lane.map(|lane| lane.verdict))
            };
            let expected = verify(&Backends::PORTABLE);
            for other in &others {
                assert_eq!(verify(other), expected, "{other}, {round}");
            }

            let agree = |backends: &Backends| {
                let mut zs = vec![vec![0xee; len]; LANES];
                let mut each = zs.iter_mut();
                let mut lanes: Lanes<Agreeing<'_, C>> = array::from_fn(|lane| {
                    let (z, (key, d)) = (each.next()?, &keys[lane % keys.len()]);
                    let peer = keys[(lane / 5 + round) % keys.len()].0.public_key();
                    shape[lane].then(|| Agreeing::new(key, d, peer, z))
                });
                C::agree_lanes(backends, &mut lanes);
                let agreed = lanes.map(|lane| lane.map(|lane| lane.agreed));
                (zs, agreed)
            };
            let expected = agree(&Backends::PORTABLE);
            assert!(expected.1.iter().flatten().all(|agreed| *agreed == Ok(())));
            for other in &others {
                assert_eq!(agree(other), expected, "{other}, {round}");
            }
        }
    }

    #[test]
    fn every_backend_answers_as_the_portable_one_p256() {
        same_answers::<P256>(32);
    }

    #[test]
    fn every_backend_answers_as_the_portable_one_p384() {
        same_answers::<P384>(48);
    }
}
