//! Other implementations: the crates rsa, p256, p384, p521, k256, ed25519-dalek, hmac, sha2, aes and aes-gcm; and the few
//! lines of key wrap and DER that no crate at hand has. Nothing here is the engine's.

use std::convert::Infallible;

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes_gcm::AeadInOut;
use aes_gcm::aead::consts::U12;
use rsa::BoxedUint;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::hazmat::PrehashVerifier;
use rsa::signature::{RandomizedSigner, SignatureEncoding, Signer, Verifier};
use rsa::traits::{Decryptor, RandomizedEncryptor};
use sha2::Digest;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Export, Hash, KeyHandle, KeyKind, Params, Rule, Session,
    UnwrapAs, Usage,
};

/// Runs a body with `$D` as the digest of a hash.
macro_rules! with_digest {
    ($hash:expr, $D:ident => $body:expr) => {
        match $hash {
            Hash::Sha256 => {
                type $D = sha2::Sha256;
                $body
            }
            Hash::Sha384 => {
                type $D = sha2::Sha384;
                $body
            }
            Hash::Sha512 => {
                type $D = sha2::Sha512;
                $body
            }
            Hash::Sha224 => {
                type $D = sha2::Sha224;
                $body
            }
            Hash::Sha512_256 => {
                type $D = sha2::Sha512_256;
                $body
            }
            Hash::Sha3_224 => {
                type $D = sha3::Sha3_224;
                $body
            }
            Hash::Sha3_256 => {
                type $D = sha3::Sha3_256;
                $body
            }
            Hash::Sha3_384 => {
                type $D = sha3::Sha3_384;
                $body
            }
            Hash::Sha3_512 => {
                type $D = sha3::Sha3_512;
                $body
            }
            other => panic!("{other:?}"),
        }
    };
}

pub fn digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    with_digest!(hash, D => D::digest(message).to_vec())
}

pub fn hmac(hash: Hash, key: &[u8], message: &[u8]) -> Vec<u8> {
    use hmac::{Mac, SimpleHmac};
    with_digest!(hash, D => {
        let mut mac = <SimpleHmac<D> as hmac::KeyInit>::new_from_slice(key).unwrap();
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    })
}

/// Random enough for salts, seeds and blinding in a test.
pub struct Dice(pub u64);

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

// -- AES-GCM, KW, KWP --

/// Ciphertext and full tag.
pub fn gcm(key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    fn seal<C: AeadInOut<NonceSize = U12> + KeyInit>(
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Vec<u8> {
        let mut text = plain.to_vec();
        let cipher = C::new_from_slice(key).unwrap();
        let iv = iv.try_into().unwrap();
        let tag = cipher.encrypt_inout_detached(iv, aad, text.as_mut_slice().into()).unwrap();
        [text, tag.to_vec()].concat()
    }
    match key.len() {
        16 => seal::<aes_gcm::Aes128Gcm>(key, iv, aad, plain),
        24 => seal::<aes_gcm::AesGcm<aes::Aes192, U12>>(key, iv, aad, plain),
        _ => seal::<aes_gcm::Aes256Gcm>(key, iv, aad, plain),
    }
}

fn encrypt_block(key: &[u8], block: &mut [u8; 16]) {
    let block = block.into();
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).unwrap().encrypt_block(block),
        24 => aes::Aes192::new_from_slice(key).unwrap().encrypt_block(block),
        _ => aes::Aes256::new_from_slice(key).unwrap().encrypt_block(block),
    }
}

/// W of SP 800-38F section 6.1.
fn w(kek: &[u8], check: [u8; 8], plain: &[u8]) -> Vec<u8> {
    let mut out = [&check, plain].concat();
    let semiblocks = plain.len() / 8;
    let mut block = [0; 16];
    block[..8].copy_from_slice(&check);
    for step in 1..=6 * semiblocks {
        let at = 8 + 8 * ((step - 1) % semiblocks);
        block[8..].copy_from_slice(&out[at..at + 8]);
        encrypt_block(kek, &mut block);
        out[at..at + 8].copy_from_slice(&block[8..]);
        let counted = u64::from_be_bytes(block[..8].try_into().unwrap()) ^ step as u64;
        block[..8].copy_from_slice(&counted.to_be_bytes());
    }
    out[..8].copy_from_slice(&block[..8]);
    out
}

pub fn kw(kek: &[u8], plain: &[u8]) -> Vec<u8> {
    w(kek, [0xa6; 8], plain)
}

pub fn kwp(kek: &[u8], plain: &[u8]) -> Vec<u8> {
    let [a, b, c, d] = (plain.len() as u32).to_be_bytes();
    let check = [0xa6, 0x59, 0x59, 0xa6, a, b, c, d];
    let mut padded = plain.to_vec();
    padded.resize(plain.len().next_multiple_of(8), 0);
    if padded.len() > 8 {
        return w(kek, check, &padded);
    }
    let mut block: [u8; 16] = [check.as_slice(), &padded].concat().try_into().unwrap();
    encrypt_block(kek, &mut block);
    block.to_vec()
}

/// What [`kwp`] sealed, of more than one semiblock.
pub fn kwp_open(kek: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut check: [u8; 8] = sealed[..8].try_into().unwrap();
    let mut text = sealed[8..].to_vec();
    let blocks = text.len() / 8;
    for step in (1..=6 * blocks).rev() {
        let at = (step - 1) % blocks * 8;
        let counted = u64::from_be_bytes(check) ^ step as u64;
        let mut block: [u8; 16] = [&counted.to_be_bytes(), &text[at..at + 8]].concat().try_into().unwrap();
        decrypt_block(kek, &mut block);
        check.copy_from_slice(&block[..8]);
        text[at..at + 8].copy_from_slice(&block[8..]);
    }
    let len = u32::from_be_bytes(check[4..].try_into().unwrap()) as usize;
    let padding = text.get(len..)?;
    let fits = check[..4] == [0xa6, 0x59, 0x59, 0xa6] && padding.len() < 8 && padding.iter().all(|b| *b == 0);
    fits.then(|| text[..len].to_vec())
}

fn decrypt_block(key: &[u8], block: &mut [u8; 16]) {
    let block = block.into();
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).unwrap().decrypt_block(block),
        24 => aes::Aes192::new_from_slice(key).unwrap().decrypt_block(block),
        _ => aes::Aes256::new_from_slice(key).unwrap().decrypt_block(block),
    }
}

// -- RSA --

/// The numbers of a test key of kat-vectors/tests/rsa.txt, which openssl made.
pub struct Rsa {
    pub n: Vec<u8>,
    pub numbers: [Vec<u8>; 8],
    pub key: rsa::PrivateKey,
}

pub fn rsa(bits: usize) -> Rsa {
    const VECTORS: &str = include_str!("../../kat-vectors/tests/rsa.txt");
    let mut lines = VECTORS.lines().skip_while(|line| *line != format!("key {bits}")).skip(1);
    let numbers = ["n ", "e ", "d ", "p ", "q ", "dp ", "dq ", "qinv "]
        .map(|name| unhex(lines.next().unwrap().strip_prefix(name).unwrap()));
    let int = |at: usize| BoxedUint::from_be_slice_vartime(&numbers[at]);
    let key = rsa::PrivateKey::from_p_q(int(3), int(4), int(1)).unwrap();
    Rsa { n: numbers[0].clone(), numbers, key }
}

impl Rsa {
    pub fn spki(&self) -> Vec<u8> {
        let numbers = der(0x30, &[&integer(&self.n), &integer(&[1, 0, 1])]);
        spki(&[&oid(RSA), &[5, 0]], &numbers)
    }

    pub fn pkcs8(&self) -> Vec<u8> {
        let numbers: Vec<_> = self.numbers.iter().map(|number| integer(number)).collect();
        let mut parts = vec![integer(&[0])];
        parts.extend(numbers);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        pkcs8(&[&oid(RSA), &[5, 0]], &der(0x30, &parts))
    }

    pub fn sign(&self, algorithm: Algorithm, hash: Hash, message: &[u8]) -> Vec<u8> {
        let key = self.key.clone();
        with_digest!(hash, D => match algorithm {
            Algorithm::RsaPkcs1 => rsa::pkcs1v15::SigningKey::<D>::new(key).sign(message).to_vec(),
            _ => rsa::pss::SigningKey::<D>::new(key).sign_with_rng(&mut Dice(1), message).to_vec(),
        })
    }

    pub fn oaep_open(&self, hash: Hash, label: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.clone();
        with_digest!(hash, D => {
            rsa::oaep::DecryptingKey::<D>::new_with_label(key, label).decrypt(sealed).ok()
        })
    }
}

pub fn oaep_seal(spki: &[u8], hash: Hash, label: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = rsa_public(spki);
    with_digest!(hash, D => {
        rsa::oaep::EncryptingKey::<D>::new_with_label(key, label).encrypt_with_rng(&mut Dice(2), plain).unwrap()
    })
}

/// A public key whose exponent is 65537, which stands at the end; the modulus stands before it.
fn rsa_public(spki: &[u8]) -> rsa::PublicKey {
    let (front, e) = spki.split_at(spki.len() - 3);
    assert_eq!(e, [1, 0, 1]);
    let len = (spki.len() - 38) / 128 * 128; // 38 bytes of DER stand around 2048, 3072 and 4096 bits
    let n = &front[front.len() - 2 - len..front.len() - 2];
    rsa::PublicKey::new(BoxedUint::from_be_slice_vartime(n), BoxedUint::from(65_537u32)).unwrap()
}

// -- any signature --

/// Whether another implementation takes this signature under this SubjectPublicKeyInfo.
pub fn verifies(
    algorithm: Algorithm,
    hash: Option<Hash>,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    match algorithm {
        Algorithm::RsaPkcs1 => with_digest!(hash.unwrap(), D => {
            rsa_public(spki).pkcs1v15_verify::<D>(message, signature).is_ok()
        }),
        Algorithm::RsaPss => with_digest!(hash.unwrap(), D => {
            rsa_public(spki).pss_verify::<D>(message, signature).is_ok()
        }),
        Algorithm::EcdsaP256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&spki[spki.len() - 65..]).unwrap();
            let signature = p256::ecdsa::Signature::from_slice(signature);
            signature.is_ok_and(|it| key.verify_prehash(&digest(hash.unwrap(), message), &it).is_ok())
        }
        Algorithm::EcdsaP384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&spki[spki.len() - 97..]).unwrap();
            let signature = p384::ecdsa::Signature::from_slice(signature);
            signature.is_ok_and(|it| key.verify_prehash(&digest(hash.unwrap(), message), &it).is_ok())
        }
        Algorithm::EcdsaP521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&spki[spki.len() - 133..]).unwrap();
            let signature = p521::ecdsa::Signature::from_slice(signature);
            signature.is_ok_and(|it| key.verify_prehash(&digest(hash.unwrap(), message), &it).is_ok())
        }
        Algorithm::EcdsaSecp256k1 => {
            let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&spki[spki.len() - 65..]).unwrap();
            let signature = k256::ecdsa::Signature::from_slice(signature);
            signature.is_ok_and(|it| key.verify_prehash(&digest(hash.unwrap(), message), &it).is_ok())
        }
        Algorithm::Ed25519 => {
            let key: &[u8; 32] = spki[spki.len() - 32..].try_into().unwrap();
            let key = ed25519_dalek::VerifyingKey::from_bytes(key).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(signature);
            signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        other => panic!("{other:?} signs nothing"),
    }
}

/// A private key on P-521, whose first bits are zero.
pub const D521: [u8; 66] = {
    let mut d = [0x44; 66];
    d[0] = 0;
    d
};

// -- key encodings, written down from the RFCs --

pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
pub const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
pub const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
pub const SECP256K1: &[u8] = &[0x2b, 0x81, 4, 0, 0x0a];
pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// One DER value.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = match content.len() {
        len @ 0..=0x7f => vec![len as u8],
        len @ 0x80..=0xff => vec![0x81, len as u8],
        len => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [vec![tag], len, content].concat()
}

pub fn oid(content: &[u8]) -> Vec<u8> {
    der(6, &[content])
}

/// A positive INTEGER.
pub fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len() - 1);
    let number = &number[zeros..];
    if number[0] < 0x80 { der(2, &[number]) } else { der(2, &[&[0], number]) }
}

pub fn spki(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(0x30, algorithm), &der(3, &[&[0], key])])
}

pub fn ec_spki(curve: &[u8], point: &[u8]) -> Vec<u8> {
    spki(&[&oid(EC), &oid(curve)], point)
}

pub fn ed25519_spki(key: &[u8]) -> Vec<u8> {
    spki(&[&oid(ED25519)], key)
}

pub fn pkcs8(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    der(0x30, &[&integer(&[0]), &der(0x30, algorithm), &der(4, &[key])])
}

pub fn ec_pkcs8(curve: &[u8], d: &[u8], point: &[u8]) -> Vec<u8> {
    let public = der(0xa1, &[&der(3, &[&[0], point])]);
    pkcs8(&[&oid(EC), &oid(curve)], &der(0x30, &[&integer(&[1]), &der(4, &[d]), &public]))
}

pub fn ed25519_pkcs8(seed: &[u8]) -> Vec<u8> {
    pkcs8(&[&oid(ED25519)], &der(4, &[seed]))
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

// -- a party that shares a key with the engine --

/// Knows a KEK that the engine has too, and so brings keys in whose bytes a test knows. The engine made the
/// KEK and sent it out under the other party's RSA key.
pub struct Partner {
    pub kek: KeyHandle,
    pub bytes: Vec<u8>,
    algorithm: Algorithm,
}

impl Partner {
    /// A shared AES-128 key for KW or KWP.
    pub fn of(session: &Session<'_>, algorithm: Algorithm) -> Self {
        let partner = rsa(3072);
        let oaep = Params::with_hash(Hash::Sha256);
        let template = Attributes::builder(KeyKind::Rsa3072).public().usage(Usage::WRAP);
        let template = template.permit(Rule::any(Algorithm::RsaOaep)).build().unwrap();
        let theirs = session.import_public(&partner.spki(), &template).unwrap().value();
        let kek = Attributes::builder(KeyKind::Aes128).usage(Usage::WRAP.and(Usage::UNWRAP));
        let kek = kek.permit(Rule::any(algorithm)).export(Export::INTEROPERABLE).build().unwrap();
        let kek = session.generate(&kek).unwrap().value();
        let mut sent = vec![0; 384];
        session.wrap(theirs, Algorithm::RsaOaep, &oaep, kek, &mut sent).unwrap().value();
        session.destroy(theirs).unwrap().value();
        let bytes = partner.oaep_open(Hash::Sha256, b"", &sent).unwrap();
        Self { kek, bytes, algorithm }
    }

    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        if self.algorithm == Algorithm::AesKw { kw(&self.bytes, plain) } else { kwp(&self.bytes, plain) }
    }

    /// Brings in a key with these bytes.
    pub fn bring(&self, session: &Session<'_>, plain: &[u8], key: AttributesBuilder) -> KeyHandle {
        let (blob, template) = (self.seal(plain), key.build().unwrap());
        let form = UnwrapAs::Foreign(&template);
        session.unwrap(self.kek, self.algorithm, &Params::NONE, &blob, form).unwrap().value()
    }
}
