//! Malformed blobs that only who has the key can make: the block operations of key wrap and of RSA-OAEP, by hand.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use rsa::{BoxedUint, PublicKey, hazmat::rsa_encrypt};
use sha2::{Digest, Sha256};

/// PBKDF2 (RFC 8018 5.2) of one iteration and one block.
pub(crate) fn stretched(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(password).unwrap();
    mac.update(salt);
    mac.update(&1u32.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// W (SP 800-38F section 6.1) of any check value and any semiblocks, at least two.
pub(crate) fn w(kek: &[u8; 32], check: [u8; 8], semiblocks: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes256::new(kek.into());
    let mut out = [&check, semiblocks].concat();
    let count = semiblocks.len() / 8;
    for t in 1..=6 * count {
        let at = 8 + 8 * ((t - 1) % count);
        let mut block = [0; 16];
        block[..8].copy_from_slice(&out[..8]);
        block[8..].copy_from_slice(&out[at..at + 8]);
        cipher.encrypt_block((&mut block).into());
        out[at..at + 8].copy_from_slice(&block[8..]);
        for (to, (from, step)) in
            out[..8].iter_mut().zip(block.iter().zip(u64::try_from(t).unwrap().to_be_bytes()))
        {
            *to = from ^ step;
        }
    }
    out
}

/// The check value of KWP (section 6.3) for a text of this length.
pub(crate) fn kwp_check(len: u32) -> [u8; 8] {
    let mut check = [0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, 0];
    check[4..].copy_from_slice(&len.to_be_bytes());
    check
}

/// An encoding of EME-OAEP with SHA-256 and no label (RFC 8017 section 7.1.1), its parts changed by `damage` before
/// they are masked: the first byte, and DB, which is the hash of the label, zeros, 01 and the message.
pub(crate) fn oaep(
    n: &[u8],
    message: &[u8],
    seed: [u8; 32],
    damage: impl FnOnce(&mut u8, &mut [u8]),
) -> Vec<u8> {
    let mut db = vec![0; n.len() - 33];
    let start = db.len() - message.len();
    db[..32].copy_from_slice(&Sha256::digest([]));
    db[start - 1] = 1;
    db[start..].copy_from_slice(message);
    let mut first = 0;
    damage(&mut first, &mut db);
    mask(&seed, &mut db);
    let mut seed = seed;
    mask(&db, &mut seed);
    let encoded = [&[first], &seed[..], &db].concat();
    let key = PublicKey::new(number(n), number(&[1, 0, 1])).unwrap();
    let bytes = rsa_encrypt(&key, &number(&encoded)).unwrap().to_be_bytes().to_vec();
    bytes[bytes.len() - n.len()..].to_vec()
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

/// MGF1 with SHA-256.
fn mask(seed: &[u8], target: &mut [u8]) {
    for (counter, chunk) in (0u32..).zip(target.chunks_mut(32)) {
        let block = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter_mut().zip(block).for_each(|(to, from)| *to ^= from);
    }
}
