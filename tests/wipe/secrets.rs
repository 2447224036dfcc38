//! What becomes of secrets inside a computation, computed by others.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use p256::elliptic_curve::ff::PrimeField;
use sha2::{Digest, Sha512};
use strongroom::KeyKind;

/// The round keys of AES (FIPS 197 section 5.2), with the S-box taken from the cipher itself.
pub fn round_keys(key: &[u8]) -> Vec<u8> {
    let sbox = sbox();
    let words = key.len() / 4;
    let mut schedule: Vec<[u8; 4]> = key.chunks_exact(4).map(|word| word.try_into().unwrap()).collect();
    let mut rcon = 1u8;
    for i in words..4 * (words + 7) {
        let mut word = schedule[i - 1];
        if i % words == 0 {
            word.rotate_left(1);
            word = word.map(|byte| sbox[usize::from(byte)]);
            word[0] ^= rcon;
            rcon = (rcon << 1) ^ if rcon & 0x80 == 0 { 0 } else { 0x1b };
        } else if words > 6 && i % words == 4 {
            word = word.map(|byte| sbox[usize::from(byte)]);
        }
        let before = schedule[i - words];
        schedule.push([0, 1, 2, 3].map(|at| word[at] ^ before[at]));
    }
    let all = schedule.concat();
    // The schedule is right if the last round key explains a ciphertext of the crate.
    let mut block = [0u8; 16].into();
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).unwrap().encrypt_block(&mut block),
        24 => aes::Aes192::new_from_slice(key).unwrap().encrypt_block(&mut block),
        _ => aes::Aes256::new_from_slice(key).unwrap().encrypt_block(&mut block),
    }
    assert_eq!(block.as_slice(), encrypt_zero(&all, &sbox));
    all
}

/// AES of the zero block under a schedule: the check of [`round_keys`].
fn encrypt_zero(schedule: &[u8], sbox: &[u8; 256]) -> [u8; 16] {
    let double = |byte: u8| (byte << 1) ^ if byte & 0x80 == 0 { 0 } else { 0x1b };
    let rounds = schedule.len() / 16 - 1;
    let mut state: [u8; 16] = schedule[..16].try_into().unwrap();
    for round in 1..=rounds {
        let old = state.map(|byte| sbox[usize::from(byte)]);
        for column in 0..4 {
            let s: [u8; 4] = std::array::from_fn(|row| old[(4 * (column + row) + row) % 16]);
            for row in 0..4 {
                let [a, b, c, d] = [0, 1, 2, 3].map(|step| s[(row + step) % 4]);
                let mixed = if round < rounds { double(a) ^ double(b) ^ b ^ c ^ d } else { a };
                state[4 * column + row] = mixed ^ schedule[16 * round + 4 * column + row];
            }
        }
    }
    state
}

/// The S-box by its definition: the inverse in GF(2^8), then an affine map.
fn sbox() -> [u8; 256] {
    let multiply = |mut a: u8, mut b: u8| {
        let mut product = 0;
        while b != 0 {
            if b & 1 != 0 {
                product ^= a;
            }
            a = (a << 1) ^ if a & 0x80 == 0 { 0 } else { 0x1b };
            b >>= 1;
        }
        product
    };
    std::array::from_fn(|byte| {
        let inverse = (0..=255).find(|other| multiply(byte as u8, *other) == 1).unwrap_or(0);
        (0..5).fold(0x63, |sum, turn| sum ^ inverse.rotate_left(turn))
    })
}

/// The bytes of a value as it lies in memory.
#[allow(unsafe_code)]
pub fn in_memory<T: Copy>(value: &T) -> Vec<u8> {
    // SAFETY: as many bytes as the value has; the types here are arrays of limbs without padding.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

/// A scalar as the curve's crate keeps it, as bytes, and its inverse.
macro_rules! scalar_forms {
    ($bytes:expr, $curve:ident) => {{
        let scalar = $curve::Scalar::from_repr($curve::FieldBytes::try_from($bytes).unwrap()).unwrap();
        let inverse = scalar.invert().unwrap();
        vec![$bytes.to_vec(), in_memory(&scalar), inverse.to_repr().to_vec(), in_memory(&inverse)]
    }};
}

pub fn p256_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    scalar_forms!(bytes, p256)
}

pub fn p384_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    scalar_forms!(bytes, p384)
}

/// Of Ed25519 (RFC 8032 section 5.1.5, 5.1.6): the hash of the seed, its halves, and the nonce for a message.
pub fn ed25519_forms(seed: &[u8; 32], message: &[u8]) -> Vec<Vec<u8>> {
    let hash: [u8; 64] = Sha512::digest(seed).into();
    let mut clamped: [u8; 32] = hash[..32].try_into().unwrap();
    clamped[0] &= 248;
    clamped[31] &= 127;
    clamped[31] |= 64;
    let nonce: [u8; 64] = Sha512::new().chain_update(&hash[32..]).chain_update(message).finalize().into();
    let reduced = curve25519_dalek::Scalar::from_bytes_mod_order_wide(&nonce);
    let key = curve25519_dalek::Scalar::from_bytes_mod_order(clamped);
    vec![
        seed.to_vec(),
        hash.to_vec(),
        clamped.to_vec(),
        key.to_bytes().to_vec(),
        nonce.to_vec(),
        reduced.to_bytes().to_vec(),
    ]
}

/// The public key of a seed (FIPS 204 section 6.1).
pub fn ml_dsa_public(kind: KeyKind, seed: &[u8]) -> Vec<u8> {
    let seed = seed.try_into().unwrap();
    match kind {
        KeyKind::MlDsa44 => {
            ml_dsa::ExpandedSigningKey::<MlDsa44>::from_seed(&seed).verifying_key().encode().to_vec()
        }
        KeyKind::MlDsa65 => {
            ml_dsa::ExpandedSigningKey::<MlDsa65>::from_seed(&seed).verifying_key().encode().to_vec()
        }
        _ => ml_dsa::ExpandedSigningKey::<MlDsa87>::from_seed(&seed).verifying_key().encode().to_vec(),
    }
}

/// A polynomial of s1 or s2 from the stream of its index (FIPS 204 algorithm 31), as a prepared key holds it:
/// transformed (algorithm 41). First in the order and with the representatives of the AVX2 form, then as the standard
/// has it.
pub fn ml_dsa_forms(stream: &[u8], eta: i64) -> [Vec<u8>; 2] {
    const Q: i64 = 8_380_417;
    let nibbles = stream.iter().flat_map(|byte| [byte & 15, byte >> 4]).map(i64::from);
    let small = nibbles.filter(|n| *n < if eta == 2 { 15 } else { 9 });
    let mut numbers: Vec<i64> = small.map(|n| if eta == 2 { 2 - n % 5 } else { 4 - n }).take(256).collect();
    assert_eq!(numbers.len(), 256);
    // Products of Montgomery with R = 2^32, signed; powers of 1753 in that form, centred.
    let multiply = |a: i64, b: i64| {
        let m = ((a * b) as i32).wrapping_mul(58_728_449); // q^-1 modulo R
        (a * b - i64::from(m) * Q) >> 32
    };
    let zeta = |at: u8| {
        let power = (0..at.reverse_bits()).fold((1 << 32) % Q, |power, _| power * 1753 % Q);
        if power > Q / 2 { power - Q } else { power }
    };
    let mut at = 0;
    for half in [128, 64, 32, 16, 8, 4, 2, 1] {
        for start in (0..256).step_by(2 * half) {
            at += 1;
            let zeta = zeta(at);
            for low in start..start + half {
                let t = multiply(zeta, numbers[low + half]);
                (numbers[low], numbers[low + half]) = (numbers[low] + t, numbers[low] - t);
            }
        }
    }
    let in_order = numbers.iter().flat_map(|number| (number.rem_euclid(Q) as u32).to_ne_bytes()).collect();
    let place = |at: usize| 64 * (at / 64) + 8 * (at % 8) + at % 64 / 8;
    let turned = (0..256).flat_map(|at| (numbers[place(at)] as i32).to_ne_bytes()).collect();
    [turned, in_order]
}

/// A big-endian number in limbs of 52 bits, each in 64, as vectors of AVX-512 IFMA hold it.
pub fn limbs_of_52(number: &[u8]) -> Vec<u8> {
    let bit = |at: usize| number.len().checked_sub(at / 8 + 1).map_or(0, |byte| number[byte] >> (at % 8) & 1);
    let limb = |limb: usize| (0..52).fold(0u64, |sum, at| sum | u64::from(bit(52 * limb + at)) << at);
    (0..(8 * number.len()).div_ceil(52)).flat_map(|at| limb(at).to_be_bytes()).collect()
}
