use std::vec;
use std::vec::Vec;

use ::hmac::{Hmac, KeyInit, Mac};
use proptest::{collection, prelude::*};

use super::super::{MAX_INPUT, MAX_REQUEST, RESEED_INTERVAL};
use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    let byte = |pair: &[char]| pair.iter().fold(0, |byte, c| byte << 4 | c.to_digit(16).unwrap());
    digits.chunks(2).map(|pair| u8::try_from(byte(pair)).unwrap()).collect()
}

fn fresh() -> HmacDrbg {
    HmacDrbg::instantiate(&[1; 32], &[2; 16], b"test").unwrap()
}

/// CAVP records beside that of the self-test.
#[test]
fn known_answers() {
    let text = include_str!("../../../../kat-vectors/tests/hmac_drbg.txt");
    let mut records = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<Vec<u8>> = line.split(' ').map(hex).collect();
        let mut drbg = HmacDrbg::instantiate(&fields[0], &fields[1], &fields[2]).unwrap();
        drbg.reseed(&fields[3], &fields[4]).unwrap();
        let mut out = vec![0; fields[7].len()];
        drbg.generate(&mut out, &fields[5]).unwrap();
        drbg.generate(&mut out, &fields[6]).unwrap();
        assert_eq!(out, fields[7]);
        records += 1;
    }
    assert_eq!(records, 2);
}

#[test]
fn input_lengths_out_of_range_are_refused() {
    let (ok, long) = (vec![3; MAX_INPUT], vec![3; MAX_INPUT + 1]);
    assert!(HmacDrbg::instantiate(&ok, &ok, &ok).is_ok());
    for (entropy, nonce, personalisation) in [
        (&ok[..31], &ok[..16], &ok[..0]),
        (&ok[..32], &ok[..15], &ok[..0]),
        (&long, &ok[..16], &ok[..0]),
        (&ok[..32], &long, &ok[..0]),
        (&ok[..32], &ok[..16], &long),
    ] {
        assert_eq!(
            HmacDrbg::instantiate(entropy, nonce, personalisation).err(),
            Some(Error::InvalidArgument)
        );
    }
    let mut drbg = fresh();
    for (entropy, additional) in [(&ok[..31], &ok[..0]), (&long, &ok[..0]), (&ok[..32], &long)] {
        assert_eq!(drbg.reseed(entropy, additional), Err(Error::InvalidArgument));
    }
    for (len, additional) in [(4, &long[..]), (MAX_REQUEST + 1, &[])] {
        let mut out = vec![0xaa; len];
        assert_eq!(drbg.generate(&mut out, additional), Err(Refusal::TooLong));
        assert!(out.iter().all(|&b| b == 0));
    }
    // None of these changed the state.
    let (mut a, mut b) = (vec![0; MAX_REQUEST], vec![0; MAX_REQUEST]);
    drbg.generate(&mut a, &[]).unwrap();
    fresh().generate(&mut b, &[]).unwrap();
    assert_eq!(a, b);
}

/// DRBG-1 at the limit and after it.
#[test]
fn the_reseed_interval_is_enforced() {
    let mut drbg = fresh();
    drbg.meter.reseed_counter = RESEED_INTERVAL;
    let mut out = [0xaa; 4];
    assert_eq!(drbg.generate(&mut out, &[]), Ok(()));
    out = [0xaa; 4];
    assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::ReseedRequired));
    assert_eq!(out, [0; 4]);
    drbg.reseed(&[4; 32], &[]).unwrap();
    assert_eq!(drbg.generate(&mut out, &[]), Ok(()));
    assert_eq!((drbg.meter.requests(), drbg.meter.bytes()), (1, 4));
}

/// DRBG-8.
#[test]
fn uninstantiate_leaves_zeros_and_refuses_further_use() {
    let mut drbg = fresh();
    assert!(!drbg.is_wiped());
    drbg.uninstantiate();
    assert!(drbg.working.key.is_none());
    assert_eq!((*drbg.working.v, drbg.is_wiped()), ([0; 64], true));
    let mut out = [0xaa; 4];
    assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::NotInstantiated));
    assert_eq!(out, [0; 4]);
    assert_eq!(drbg.reseed(&[4; 32], &[]), Err(Error::NotOperational));
    assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::NotInstantiated));
}

/// The mechanism as the standard writes it, over the crate `hmac`.
struct Plain(Vec<u8>, Vec<u8>);

impl Plain {
    fn new(seed: &[u8]) -> Self {
        let mut plain = Self(vec![0; 64], vec![1; 64]);
        plain.update(seed);
        plain
    }

    fn mac(&self, data: &[u8]) -> Vec<u8> {
        let mut mac = <Hmac<sha2::Sha512> as KeyInit>::new_from_slice(&self.0).unwrap();
        mac.update(data);
        mac.finalize().into_bytes().to_vec()
    }

    fn update(&mut self, data: &[u8]) {
        for octet in [0, 1].into_iter().take(if data.is_empty() { 1 } else { 2 }) {
            self.0 = self.mac(&[&self.1[..], &[octet], data].concat());
            self.1 = self.mac(&self.1);
        }
    }

    fn generate(&mut self, len: usize, additional: &[u8]) -> Vec<u8> {
        if !additional.is_empty() {
            self.update(additional);
        }
        let mut out = vec![];
        while out.len() < len {
            self.1 = self.mac(&self.1);
            out.extend_from_slice(&self.1);
        }
        self.update(additional);
        out.truncate(len);
        out
    }
}

proptest! {
    #[test]
    fn it_is_what_the_standard_says(
        entropy in collection::vec(any::<u8>(), 32..80),
        nonce in collection::vec(any::<u8>(), 16..40),
        personalisation in collection::vec(any::<u8>(), 0..40),
        calls in collection::vec((any::<bool>(), 0usize..300, collection::vec(any::<u8>(), 0..40)), 1..8),
    ) {
        let mut ours = HmacDrbg::instantiate(&entropy, &nonce, &personalisation).unwrap();
        let mut theirs = Plain::new(&[&entropy[..], &nonce, &personalisation].concat());
        for (reseeds, len, additional) in calls {
            if reseeds {
                ours.reseed(&entropy, &additional).unwrap();
                theirs.update(&[&entropy[..], &additional].concat());
            }
            let mut out = vec![0; len];
            ours.generate(&mut out, &additional).unwrap();
            prop_assert_eq!(out, theirs.generate(len, &additional));
        }
    }
}
