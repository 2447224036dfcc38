//! The golden blobs of kat-vectors/tests/wrap, which another implementation made: the engine's own parts
//! make the same bytes and open them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::boundary::backend::Backends;
use crate::boundary::backend::aes::GcmKey;
use alloc::vec;
use alloc::vec::Vec;

const SIGNING: &[u8] = include_bytes!("../../../kat-vectors/tests/wrap/signing-key.bin");
const SIGNING_FIELDS: &str = include_str!("../../../kat-vectors/tests/wrap/signing-key.txt");
const UNWRAPPING: &[u8] = include_bytes!("../../../kat-vectors/tests/wrap/unwrapping-key.bin");
const UNWRAPPING_FIELDS: &str = include_str!("../../../kat-vectors/tests/wrap/unwrapping-key.txt");

/// The bytes that a description gives for a field.
fn field(description: &str, name: &str) -> Vec<u8> {
    let value = description
        .lines()
        .filter_map(|line| line.split_once('='))
        .find_map(|(field, value)| (field.trim() == name).then_some(value.trim()))
        .unwrap();
    let digits = value.as_bytes().as_chunks::<2>().0;
    digits.iter().map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

#[test]
fn golden_blobs_are_made_and_opened_by_the_engine_s_parts() {
    for (golden, description) in [(SIGNING, SIGNING_FIELDS), (UNWRAPPING, UNWRAPPING_FIELDS)] {
        let kek = GcmKey::new(&Backends::fastest(), &field(description, "kek")).unwrap();
        let payload = field(description, "payload");
        let iv: [u8; 12] = array(&field(description, "iv"));

        let blob = wrapped_key::parse(Algorithm::NativeWrap, golden).unwrap();
        assert_eq!(blob.kek, KeyId::from_bytes(array(&field(description, "kek_id"))));
        let (front, rest) = blob.sealed.split_at(12);
        let (ciphertext, tag) = rest.split_at(rest.len() - 16);
        assert_eq!(front, iv);
        let mut opened = vec![0; ciphertext.len()];
        kek.open(&iv, blob.associated, ciphertext, tag, &mut opened).unwrap();
        assert_eq!(opened, payload);

        let (kek_id, sealed_len) = (blob.kek, blob.sealed.len());
        let mut header = [0; wrapped_key::MAX_HEADER];
        let claims = blob.claims.authenticated();
        let len = wrapped_key::emit_header(Algorithm::NativeWrap, &kek_id, &claims, sealed_len, &mut header)
            .unwrap();
        let (mut ciphertext, mut tag) = (vec![0; payload.len()], [0; 16]);
        kek.seal(&iv, &header[..len], &payload, &mut ciphertext, &mut tag).unwrap();
        assert_eq!([&header[..len], &iv, &ciphertext, &tag].concat(), golden);
    }
}

#[test]
fn origin_bits_go_both_ways() {
    for bits in 0..32 {
        assert_eq!(origin_bits(origin_of(bits)), bits);
    }
}
