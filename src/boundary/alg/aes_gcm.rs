//! AES-GCM: SP 800-38D (November 2007), 96-bit IVs made inside. Approved IV constructions: random
//! (section 8.2.2) and deterministic (section 8.2.1). Also the cipher of the native wrapped-key format.

use zeroize::{Zeroize, Zeroizing};

use super::cast::{Cast, Check};
use crate::algorithm::{Algorithm, Params};
use crate::attributes::Attributes;
use crate::boundary::backend::aes::{BlockKey, GcmKey};
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Decrypt, Encrypt, Unwrap, Wrap};
use crate::state::{Staged, TestId};

pub(in crate::boundary) const IV: usize = 12;
pub(in crate::boundary) const TAG: usize = 16;

// -- cells --

/// Ciphertext, then tag; the IV goes beside.
pub(in crate::boundary) fn encrypt(
    permit: Permit<'_, Encrypt>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let mut iv = [0; IV];
    make_iv(permit.evidence().indicator().algorithm(), permit.ticket(), tools, &mut iv)?;
    out.set_iv(&iv)?;
    let tag_len = params.tag_len.unwrap_or(TAG);
    let buffer = out.claim(input.len().checked_add(tag_len).ok_or(Error::InvalidArgument)?)?;
    let (ciphertext, tag_out) = buffer.split_at_mut_checked(input.len()).ok_or(Error::Corrupted)?;
    permit.material(|material| {
        let key = material.prepared().gcm()?;
        if let Ok(tag) = tag_out.try_into() {
            return key.seal(&iv, params.aad, input, ciphertext, tag);
        }
        let mut tag = [0; TAG];
        key.seal(&iv, params.aad, input, ciphertext, &mut tag)?;
        tag_out.copy_from_slice(tag.get(..tag_len).ok_or(Error::InvalidArgument)?);
        Ok(())
    })
}

/// Nothing is released before the tag is checked (GCM-7).
pub(in crate::boundary) fn decrypt(
    permit: Permit<'_, Decrypt>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let iv: &[u8; IV] = params.iv.and_then(|iv| iv.try_into().ok()).ok_or(Error::InvalidArgument)?;
    let tag_len = params.tag_len.unwrap_or(TAG);
    let split = input.len().checked_sub(tag_len).ok_or(Error::Rejected)?;
    let (ciphertext, tag) = input.split_at_checked(split).ok_or(Error::Rejected)?;
    let plaintext = out.claim(ciphertext.len())?;
    permit.material(|material| material.prepared().gcm()?.open(iv, params.aad, ciphertext, tag, plaintext))
}

/// The native format's cipher: IV, ciphertext, tag; `associated` is all that stands before them.
pub(in crate::boundary) fn wrap(
    permit: Permit<'_, Wrap>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| seal_under(material.prepared().gcm()?, tools, associated, payload, out))
}

/// Opens what [`wrap`] made.
pub(in crate::boundary) fn unwrap(
    permit: Permit<'_, Unwrap>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    permit.material(|material| open_under(material.prepared().gcm()?, associated, wrapped, out))
}

/// A bare payload under GCM (SP 800-38F section 3.1): IV, ciphertext, tag; the caller's associated data.
pub(in crate::boundary) fn wrap_bare(
    permit: Permit<'_, Wrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    wrap(permit, params, tools, params.aad, payload, out)
}

/// Opens what [`wrap_bare`] made.
pub(in crate::boundary) fn unwrap_bare(
    permit: Permit<'_, Unwrap>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    _associated: &[u8],
    wrapped: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    unwrap(permit, params, tools, params.aad, wrapped, out)
}

/// Length of what [`wrap`] and [`wrap_bare`] write.
pub(in crate::boundary) fn wrapped_len(_: &Attributes, payload: usize) -> Option<usize> {
    sealed_len(payload)
}

/// Length of what [`encrypt`] writes.
pub(in crate::boundary) fn encrypted_len(_: &Attributes, params: &Params<'_>, input: usize) -> Option<usize> {
    input.checked_add(params.tag_len.unwrap_or(TAG))
}

/// Length of what [`decrypt`] writes; an input that is too short is left for it to reject.
pub(in crate::boundary) fn decrypted_len(_: &Attributes, params: &Params<'_>, input: usize) -> Option<usize> {
    Some(input.saturating_sub(params.tag_len.unwrap_or(TAG)))
}

/// Length of what [`wrap`] writes.
pub(in crate::boundary) fn sealed_len(payload: usize) -> Option<usize> {
    payload.checked_add(IV + TAG)
}

// -- raw --

/// IV, ciphertext, tag; the IV is random.
pub(super) fn seal_under(
    key: &GcmKey,
    tools: &mut Tools<'_>,
    associated: &[u8],
    payload: &[u8],
    out: &mut [u8],
) -> Result<usize> {
    let len = sealed_len(payload.len()).ok_or(Error::InvalidArgument)?;
    let out = out.get_mut(..len).ok_or(Error::BufferTooSmall)?;
    let (iv_out, rest) = out.split_first_chunk_mut::<IV>().ok_or(Error::Corrupted)?;
    let (ciphertext, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(Error::Corrupted)?;
    tools.public(iv_out)?;
    key.seal(iv_out, associated, payload, ciphertext, tag)?;
    Ok(len)
}

/// Opens what [`seal_under`] made.
pub(super) fn open_under(key: &GcmKey, associated: &[u8], wrapped: &[u8], out: &mut [u8]) -> Result<usize> {
    let (iv, rest) = wrapped.split_first_chunk::<IV>().ok_or(Error::Rejected)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::Rejected)?;
    let out = out.get_mut(..ciphertext.len()).ok_or(Error::Rejected)?;
    key.open(iv, associated, ciphertext, tag, out)?;
    Ok(ciphertext.len())
}

/// GCM-1: random, or the device's fixed field and the number of this use, which no other use has.
fn make_iv(algorithm: Algorithm, ticket: u64, tools: &mut Tools<'_>, iv: &mut [u8; IV]) -> Result<()> {
    if algorithm != Algorithm::AesGcmCounter {
        return tools.public(iv);
    }
    // The fixed field, then the invocation field; in the halves that the cipher reads.
    let [a, b, c, d] = tools.device;
    let [e, f, g, h, tail @ ..] = ticket.to_be_bytes();
    let (head, rest) = iv.split_first_chunk_mut::<8>().ok_or(Error::Corrupted)?;
    *head = [a, b, c, d, e, f, g, h];
    rest.copy_from_slice(&tail);
    Ok(())
}

// -- casts --

const BLOCK_FILE: &str = include_str!("../../../kat-vectors/cast/aes_block.txt");
const GCM_FILE: &str = include_str!("../../../kat-vectors/cast/aes_gcm.txt");

/// Forward and inverse cipher with each key schedule.
pub(in crate::boundary) static AES: Cast =
    Cast { id: TestId(10), name: "AES", at_power_on: true, depends_on: &[], run: aes };
pub(in crate::boundary) static SEAL: Cast =
    Cast { id: TestId(11), name: "AES-GCM encrypt", at_power_on: false, depends_on: &[&AES], run: seal };
pub(in crate::boundary) static OPEN: Cast =
    Cast { id: TestId(12), name: "AES-GCM decrypt", at_power_on: false, depends_on: &[&AES], run: open };

fn aes(check: &mut Check) -> Result<()> {
    macro_rules! size {
        ($len:literal, $enc_key:literal, $enc_pt:literal, $enc_ct:literal, $dec_key:literal, $dec_pt:literal, $dec_ct:literal) => {{
            static ENC_KEY: [u8; $len] = kat::hex(BLOCK_FILE, $enc_key);
            static ENC_PT: [u8; 16] = kat::hex(BLOCK_FILE, $enc_pt);
            static ENC_CT: [u8; 16] = kat::hex(BLOCK_FILE, $enc_ct);
            static DEC_KEY: [u8; $len] = kat::hex(BLOCK_FILE, $dec_key);
            static DEC_PT: [u8; 16] = kat::hex(BLOCK_FILE, $dec_pt);
            static DEC_CT: [u8; 16] = kat::hex(BLOCK_FILE, $dec_ct);
            let mut block = ENC_PT;
            BlockKey::new(check.backends(), &ENC_KEY)?.encrypt_block(&mut block);
            check.equal(&mut block, &ENC_CT)?;
            let mut block = DEC_CT;
            BlockKey::new(check.backends(), &DEC_KEY)?.decrypt_block(&mut block);
            check.equal(&mut block, &DEC_PT)?;
        }};
    }
    size!(
        16,
        "aes128_enc_key",
        "aes128_enc_pt",
        "aes128_enc_ct",
        "aes128_dec_key",
        "aes128_dec_pt",
        "aes128_dec_ct"
    );
    size!(
        24,
        "aes192_enc_key",
        "aes192_enc_pt",
        "aes192_enc_ct",
        "aes192_dec_key",
        "aes192_dec_pt",
        "aes192_dec_ct"
    );
    size!(
        32,
        "aes256_enc_key",
        "aes256_enc_pt",
        "aes256_enc_ct",
        "aes256_dec_key",
        "aes256_dec_pt",
        "aes256_dec_ct"
    );
    Ok(())
}

fn seal(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(GCM_FILE, "aes256_seal_key");
    static NONCE: [u8; 12] = kat::hex(GCM_FILE, "aes256_seal_iv");
    static AAD: [u8; 20] = kat::hex(GCM_FILE, "aes256_seal_aad");
    static PLAIN: [u8; 51] = kat::hex(GCM_FILE, "aes256_seal_pt");
    static CIPHER: [u8; 51] = kat::hex(GCM_FILE, "aes256_seal_ct");
    static SEALED: [u8; 16] = kat::hex(GCM_FILE, "aes256_seal_tag");
    let (mut ciphertext, mut tag) = ([0; 51], [0; 16]);
    GcmKey::new(check.backends(), &KEY)?.seal(&NONCE, &AAD, &PLAIN, &mut ciphertext, &mut tag)?;
    check.equal(&mut ciphertext, &CIPHER)?;
    check.equal(&mut tag, &SEALED)?;

    static LONG_SEALED: [u8; 16] = kat::hex(GCM_FILE, "long_seal_tag");
    let mut ciphertext = [0; LONG];
    GcmKey::new(check.backends(), &LONG_KEY)?.seal(&LONG_NONCE, &[], &long(), &mut ciphertext, &mut tag)?;
    check.equal(&mut tag, &LONG_SEALED)
}

// More than two batches of what computes many blocks at once.
const LONG: usize = 1075;
static LONG_KEY: [u8; 32] = kat::hex(GCM_FILE, "long_key");
static LONG_NONCE: [u8; 12] = kat::hex(GCM_FILE, "long_iv");

fn long() -> [u8; LONG] {
    let mut text = [0; LONG];
    text.iter_mut().zip((0..=250).cycle()).for_each(|(to, from)| *to = from);
    text
}

fn open(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(GCM_FILE, "aes256_open_key");
    static NONCE: [u8; 12] = kat::hex(GCM_FILE, "aes256_open_iv");
    static AAD: [u8; 48] = kat::hex(GCM_FILE, "aes256_open_aad");
    static PLAIN: [u8; 51] = kat::hex(GCM_FILE, "aes256_open_pt");
    static CIPHER: [u8; 51] = kat::hex(GCM_FILE, "aes256_open_ct");
    static SEALED: [u8; 16] = kat::hex(GCM_FILE, "aes256_open_tag");
    let key = GcmKey::new(check.backends(), &KEY)?;
    let mut plaintext = Zeroizing::new([0; 51]);
    key.open(&NONCE, &AAD, &CIPHER, &SEALED, &mut *plaintext)?;
    check.equal(&mut *plaintext, &PLAIN)?;
    let mut bad = SEALED;
    if let Some(last) = bad.last_mut() {
        *last ^= 0x80;
    }
    let verdict = key.open(&NONCE, &AAD, &CIPHER, &bad, &mut *plaintext);
    plaintext.zeroize();
    check.rejects(verdict)?;

    static LONG_SEALED: [u8; 16] = kat::hex(GCM_FILE, "long_open_tag");
    static LONG_SUM: [u8; 16] = kat::hex(GCM_FILE, "long_open_sum");
    let (mut plaintext, mut sum) = (Zeroizing::new([0; LONG]), Zeroizing::new([0; 16]));
    let key = GcmKey::new(check.backends(), &LONG_KEY)?;
    key.open(&LONG_NONCE, &[], &long(), &LONG_SEALED, &mut *plaintext)?;
    for block in plaintext.chunks(16) {
        sum.iter_mut().zip(block).for_each(|(to, from)| *to ^= from);
    }
    check.equal(&mut *sum, &LONG_SUM)
}
