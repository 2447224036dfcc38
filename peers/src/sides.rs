//! The libraries. Each file makes, for a task, an operation with everything prepared that its interface lets a
//! caller keep, or says that the library has none.

#[cfg(feature = "aws-lc")]
pub mod aws_lc;
pub mod engine;
#[cfg(feature = "graviola")]
pub mod graviola;
#[cfg(feature = "openssl")]
pub mod openssl;
#[cfg(feature = "ring")]
pub mod ring;
pub mod rust_crypto;

use crate::measure::Side;
use crate::task::Task;

pub const MESSAGE: [u8; 64] = [0x5a; 64];
pub const AAD: [u8; 16] = [7; 16];
pub const KEY: [u8; 32] = [0x42; 32];

type Make = Box<dyn Fn(Task) -> Option<Side>>;

/// A column of the table.
pub struct Peer {
    pub name: &'static str,
    /// How the reader knows what ran.
    pub version: String,
    /// Nothing when this build leaves the library out or the processor lacks what it needs.
    pub make: Result<Make, &'static str>,
}

impl Peer {
    fn new(name: &'static str, version: &str, make: impl Fn(Task) -> Option<Side> + 'static) -> Self {
        Self { name, version: version.into(), make: Ok(Box::new(make)) }
    }

    #[allow(dead_code)] // unless a feature is off
    fn missing(name: &'static str, why: &'static str) -> Self {
        Self { name, version: String::new(), make: Err(why) }
    }
}

/// An RSA private key as PKCS#8, made anew for each run: those who only read keys take the same one.
#[cfg(any(feature = "aws-lc", feature = "ring", feature = "graviola"))]
pub fn rsa_key(bits: usize) -> Vec<u8> {
    use rsa::pkcs8::EncodePrivateKey;
    let key = rsa::PrivateKey::new(&mut rust_crypto::Cheap(bits as u64), bits).expect("RSA key");
    key.to_pkcs8_der().expect("PKCS#8").as_bytes().to_vec()
}

/// The libraries beside the engine, aws-lc-rs first.
pub fn peers() -> Vec<Peer> {
    #[cfg(not(feature = "aws-lc"))]
    let aws_lc = Peer::missing("aws-lc-rs", "built without the feature aws-lc");
    #[cfg(feature = "aws-lc")]
    let aws_lc = Peer::new("aws-lc-rs", "1.19", aws_lc::side);

    let rust_crypto =
        Peer::new("RustCrypto", "p256 0.14, aes-gcm 0.11, rsa 0.10, dalek 3", rust_crypto::side);

    #[cfg(not(feature = "ring"))]
    let ring = Peer::missing("ring", "built without the feature ring");
    #[cfg(feature = "ring")]
    let ring = Peer::new("ring", "0.17", ring::side);

    #[cfg(not(feature = "graviola"))]
    let graviola = Peer::missing("graviola", "built without the feature graviola");
    #[cfg(feature = "graviola")]
    let graviola = if ::graviola::util::is_cpu_supported() {
        Peer::new("graviola", "0.4", graviola::side)
    } else {
        Peer::missing("graviola", "this processor lacks the instructions that it needs")
    };

    #[cfg(not(feature = "openssl"))]
    let openssl = Peer::missing("OpenSSL", "built without the feature openssl");
    #[cfg(feature = "openssl")]
    let openssl = Peer::new("OpenSSL", ::openssl::version::version(), openssl::side);

    vec![aws_lc, rust_crypto, graviola, ring, openssl]
}
