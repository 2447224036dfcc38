//! AES-CTR: SP 800-38A (December 2001) section 6.5, counter blocks made inside. For interoperation: new
//! designs take AES-GCM.
//!
//! No counter block may come twice under a key, or two texts are encrypted with one key stream and their
//! difference is seen. So the engine makes them (CTR-1), by the second approach of appendix B.2: the first
//! twelve bytes are the message's own, the last four count its blocks from zero.
//!
//! | Bytes | What |
//! | --- | --- |
//! | 4 | fixed field of the device, as in deterministic GCM IVs (GCM-1) |
//! | 8 | number of this use of the key, which no other use has (`budget.rs`) |
//! | 4 | block of the message, from 0; so a message has at most 2^32 blocks |
//!
//! A key that encrypts is therefore counted, comes in only in native form, and after an unwrap without a
//! usage log can only decrypt, as with `AES-GCM-COUNTER`.
//!
//! **Not authenticated.** Whoever flips a bit of the ciphertext flips that bit of the plaintext, and nobody
//! notices; a MAC over counter block and ciphertext under another key has to be verified first. And decryption
//! is the same function as encryption, with a counter block that the caller chooses: whoever may **decrypt**
//! with a key can make the key stream of any message under it. The right to decrypt is the right to forge.

use super::aes_gcm::AES;
use super::cast::{Cast, Check};
use crate::algorithm::Params;
use crate::attributes::Attributes;
use crate::boundary::backend::aes::{BLOCK, BlockKey};
use crate::boundary::key::Permit;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::{Decrypt, Encrypt};
use crate::state::{Staged, TestId};

/// Longest message in bytes: as many blocks as the last four bytes of a counter block can count.
const MAX_TEXT: u64 = (1 << 32) * 16;

// -- cells --

/// As many bytes out as in; the initial counter block goes beside as the IV.
pub(in crate::boundary) fn encrypt(
    permit: Permit<'_, Encrypt>,
    _params: &Params<'_>,
    tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let counter = initial_counter(tools.device, permit.ticket());
    out.set_iv(&counter)?;
    let ciphertext = out.claim(input.len())?;
    permit.material(|material| material.prepared().block()?.ctr(&counter, input, ciphertext))
}

/// The inverse, from whatever counter block the other side began with.
pub(in crate::boundary) fn decrypt(
    permit: Permit<'_, Decrypt>,
    params: &Params<'_>,
    _tools: &mut Tools<'_>,
    input: &[u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    let counter: &[u8; BLOCK] = params.iv.and_then(|iv| iv.try_into().ok()).ok_or(Error::InvalidArgument)?;
    let plaintext = out.claim(input.len())?;
    permit.material(|material| material.prepared().block()?.ctr(counter, input, plaintext))
}

/// Length of what [`encrypt`] writes; a longer message would run into the counter blocks of the next.
pub(in crate::boundary) fn encrypted_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    u64::try_from(input).is_ok_and(|len| len <= MAX_TEXT).then_some(input)
}

/// Length of what [`decrypt`] writes.
pub(in crate::boundary) fn decrypted_len(_: &Attributes, _: &Params<'_>, input: usize) -> Option<usize> {
    Some(input)
}

// -- raw --

const fn initial_counter(device: [u8; 4], ticket: u64) -> [u8; BLOCK] {
    let [a, b, c, d] = device;
    let [e, f, g, h, i, j, k, l] = ticket.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 0]
}

// -- casts --

const FILE: &str = include_str!("../../../kat-vectors/cast/aes_ctr.txt");

/// One test for both directions, which are one function.
pub(in crate::boundary) static CTR: Cast =
    Cast { id: TestId(19), name: "AES-CTR", at_power_on: false, depends_on: &[&AES], run: ctr };

fn ctr(check: &mut Check) -> Result<()> {
    static KEY: [u8; 32] = kat::hex(FILE, "key");
    static COUNTER: [u8; 16] = kat::hex(FILE, "counter");
    static PLAIN: [u8; 16] = kat::hex(FILE, "pt");
    static CIPHER: [u8; 16] = kat::hex(FILE, "ct");
    let mut text = [0; 16];
    BlockKey::new(check.backends(), &KEY)?.ctr(&COUNTER, &PLAIN, &mut text)?;
    check.equal(&mut text, &CIPHER)?;

    // A carry into the upper half of the counter block.
    static CARRY_KEY: [u8; 32] = kat::hex(FILE, "carry_key");
    static CARRY_COUNTER: [u8; 16] = kat::hex(FILE, "carry_counter");
    static CARRY_PLAIN: [u8; 61] = kat::hex(FILE, "carry_pt");
    static CARRY_CIPHER: [u8; 61] = kat::hex(FILE, "carry_ct");
    let mut text = [0; 61];
    BlockKey::new(check.backends(), &CARRY_KEY)?.ctr(&CARRY_COUNTER, &CARRY_PLAIN, &mut text)?;
    check.equal(&mut text, &CARRY_CIPHER)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test
mod tests {
    use super::*;
    use crate::attributes::{KeyKind, Rule, Usage};

    #[test]
    fn counter_blocks_of_two_uses_never_meet() {
        let first = |ticket| u128::from_be_bytes(initial_counter([0xa1, 0xb2, 0xc3, 0xd4], ticket));
        assert_eq!(first(0x0102_0304_0506_0708), 0xa1b2_c3d4_0102_0304_0506_0708_0000_0000);
        let blocks = u128::from(MAX_TEXT / 16);
        for ticket in [0, 1, 255, 1 << 32, (1 << 62) - 2] {
            assert_eq!(
                first(ticket) + blocks,
                first(ticket + 1),
                "the longest message ends where the next begins"
            );
        }
        // Nor those of two devices, up to the last number that a key can have.
        let last = |device| u128::from_be_bytes(initial_counter(device, (1 << 62) - 1)) + blocks;
        assert!(last([0, 0, 0, 1]) <= u128::from_be_bytes(initial_counter([0, 0, 0, 2], 0)));
    }

    #[test]
    fn a_message_has_at_most_so_many_blocks_as_its_counter_counts() {
        let attributes = Attributes::builder(KeyKind::Aes128)
            .usage(Usage::ENCRYPT)
            .permit(Rule::any(crate::algorithm::Algorithm::AesCtr))
            .build()
            .unwrap();
        let len = |bytes: u64| encrypted_len(&attributes, &Params::NONE, usize::try_from(bytes).unwrap());
        assert!(len(MAX_TEXT).is_some());
        assert_eq!(len(MAX_TEXT + 1), None);
        assert_eq!(len(u64::MAX), None);
    }
}
