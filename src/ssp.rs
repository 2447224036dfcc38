//! The sensitive security parameters of the module (ISO/IEC 19790 section 7.9, SP 800-140B r1 section 9; SSP-2).
//!
//! Facts for documents and for front ends that show them: nothing here holds or touches a parameter.

use crate::attributes::{KeyClass, KeyKind};

/// A sensitive security parameter: critical (CSP) when its disclosure harms, public (PSP) when only its
/// change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ssp {
    /// AES keys.
    AesKey,
    /// HMAC keys.
    HmacKey,
    /// Secrets that keys are derived from.
    DerivationKey,
    /// RSA private keys.
    RsaPrivate,
    /// RSA public keys.
    RsaPublic,
    /// Private keys on elliptic curves, for signatures or agreement.
    EcPrivate,
    /// Public keys on elliptic curves.
    EcPublic,
    /// Ed25519 private keys.
    EdPrivate,
    /// Ed25519 public keys.
    EdPublic,
    /// Private keys of ML-KEM, ML-DSA and SLH-DSA, and of P-384 with ML-KEM.
    PqPrivate,
    /// Public keys of ML-KEM, ML-DSA and SLH-DSA, and of P-384 with ML-KEM.
    PqPublic,
    /// What two parties agree on, before it is derived from.
    SharedSecret,
    /// Passwords that keys are derived from.
    Password,
    /// Nonces of ECDSA, hashes of Ed25519, blinding of RSA.
    PerMessageSecret,
    /// Samples of the registered entropy source, and what is gathered of them.
    EntropyInput,
    /// V, Key and counters of a DRBG.
    DrbgState,
    /// Keys of this power cycle under which key records are sealed.
    RecordSeal,
    /// A key's policy, with its id, its origin and its counter.
    KeyPolicy,
    /// What an operator shows to open a session.
    Credential,
}

/// What is to be said of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct SspFacts {
    /// Which one.
    pub ssp: Ssp,
    /// Name for documents.
    pub name: &'static str,
    /// Critical, or public.
    pub critical: bool,
    /// Strengths in bits.
    pub strength: &'static str,
    /// How it comes about.
    pub generation: &'static str,
    /// How it enters.
    pub entry: &'static str,
    /// How it leaves.
    pub output: &'static str,
    /// Where it is, and for how long.
    pub storage: &'static str,
    /// How it is zeroised.
    pub zeroisation: &'static str,
    /// What it is used for.
    pub usage: &'static str,
}

impl Ssp {
    /// The parameter that a key of this kind and class is.
    #[must_use]
    pub const fn of_key(kind: KeyKind, class: KeyClass) -> Self {
        let public = matches!(class, KeyClass::Public);
        match kind {
            KeyKind::Aes128 | KeyKind::Aes192 | KeyKind::Aes256 => Self::AesKey,
            KeyKind::Hmac => Self::HmacKey,
            KeyKind::Derivation => Self::DerivationKey,
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 if public => Self::RsaPublic,
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => Self::RsaPrivate,
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::EcSecp256k1 if public => {
                Self::EcPublic
            }
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::EcSecp256k1 => Self::EcPrivate,
            KeyKind::Ed25519 if public => Self::EdPublic,
            KeyKind::Ed25519 => Self::EdPrivate,
            // ML-KEM, ML-DSA, SLH-DSA, hybrid.
            _ if public => Self::PqPublic,
            _ => Self::PqPrivate,
        }
    }

    /// What is to be said of it.
    #[must_use]
    pub fn facts(self) -> Option<&'static SspFacts> {
        SSPS.iter().find(|facts| facts.ssp == self)
    }
}

const WRAPPED_IN: &str = "wrapped: native, KW, KWP, AES-GCM, OAEP, RSA with AES, P-384 with ML-KEM-1024";
const WRAPPED_OUT: &str = "wrapped, as its export rule allows";
const RECORD: &str = "plaintext in its record, in memory, until destroyed; on no medium";
const DESTROYED: &str = "destroy, end of its session, zeroise, tamper switch, power-off";
const BORN: &str = "DRBG (SP 800-133 r2), or derived";
const PAIR: &str = "DRBG (FIPS 186-5), with a pairwise test";

/// A secret that lives for one call.
const WITHIN_A_CALL: SspFacts = SspFacts {
    ssp: Ssp::SharedSecret,
    name: "",
    critical: true,
    strength: "of its key",
    generation: "",
    entry: "-",
    output: "-",
    storage: "plaintext in memory, within one call",
    zeroisation: "at the end of the call",
    usage: "",
};
const KEY: SspFacts = SspFacts {
    ssp: Ssp::AesKey,
    name: "",
    critical: true,
    strength: "",
    generation: BORN,
    entry: WRAPPED_IN,
    output: WRAPPED_OUT,
    storage: RECORD,
    zeroisation: DESTROYED,
    usage: "",
};
const PUBLIC: SspFacts = SspFacts {
    critical: false,
    generation: "with its private key",
    entry: "SubjectPublicKeyInfo, validated",
    output: "SubjectPublicKeyInfo",
    ..KEY
};

/// Every sensitive security parameter of the module.
pub static SSPS: &[SspFacts] = &[
    SspFacts {
        ssp: Ssp::AesKey,
        name: "AES key",
        strength: "128, 192, 256",
        usage: "encryption, MAC, key wrapping, derivation",
        ..KEY
    },
    SspFacts { ssp: Ssp::HmacKey, name: "HMAC key", strength: "112 to 256", usage: "MAC", ..KEY },
    SspFacts {
        ssp: Ssp::DerivationKey,
        name: "derivation key",
        strength: "112 to 256",
        usage: "derivation",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::RsaPrivate,
        name: "RSA private key",
        strength: "112, 128",
        generation: PAIR,
        usage: "signatures, or key transport",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::RsaPublic,
        name: "RSA public key",
        strength: "112, 128",
        usage: "verification, or key transport",
        ..PUBLIC
    },
    SspFacts {
        ssp: Ssp::EcPrivate,
        name: "elliptic-curve private key",
        strength: "128 to 256",
        generation: PAIR,
        usage: "signatures, or key agreement",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::EcPublic,
        name: "elliptic-curve public key",
        strength: "128 to 256",
        usage: "verification, key agreement",
        ..PUBLIC
    },
    SspFacts {
        ssp: Ssp::EdPrivate,
        name: "Ed25519 private key",
        strength: "128",
        generation: PAIR,
        usage: "signatures",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::EdPublic,
        name: "Ed25519 public key",
        strength: "128",
        usage: "verification",
        ..PUBLIC
    },
    SspFacts {
        ssp: Ssp::PqPrivate,
        name: "post-quantum private key",
        strength: "128 to 256",
        generation: "DRBG (FIPS 186-5, 203, 204, 205), with a pairwise test",
        usage: "signatures, decapsulation, or key transport",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::PqPublic,
        name: "post-quantum public key",
        strength: "128 to 256",
        usage: "verification, encapsulation, or key transport",
        ..PUBLIC
    },
    SspFacts {
        ssp: Ssp::SharedSecret,
        name: "shared secret",
        generation: "key agreement (SP 800-56A r3), encapsulation",
        usage: "derivation of one key",
        ..WITHIN_A_CALL
    },
    SspFacts {
        ssp: Ssp::Password,
        name: "password",
        strength: "unknown; at most 112 are counted",
        generation: "outside",
        entry: "as the input of one call",
        usage: "derivation of one key for stored data",
        ..WITHIN_A_CALL
    },
    SspFacts {
        ssp: Ssp::PerMessageSecret,
        name: "per-message secret",
        generation: "DRBG, or from key and message (FIPS 186-5)",
        usage: "one signature, one private operation",
        ..WITHIN_A_CALL
    },
    SspFacts {
        ssp: Ssp::EntropyInput,
        name: "entropy input",
        strength: "256, as claimed for the source",
        generation: "outside: the registered source",
        entry: "from the source, through the health tests",
        usage: "seeding of DRBGs",
        ..WITHIN_A_CALL
    },
    SspFacts {
        ssp: Ssp::DrbgState,
        name: "DRBG state",
        strength: "256",
        generation: "from entropy input (SP 800-90A r1)",
        entry: "-",
        output: "-",
        storage: "plaintext in the cell of its session, in memory",
        zeroisation: "end of its session, zeroise, tamper switch, power-off",
        usage: "keys, nonces, salts, IVs, random numbers",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::RecordSeal,
        name: "record seal keys",
        strength: "256",
        generation: "DRBG at power-on",
        entry: "-",
        output: "-",
        storage: "plaintext in memory, for one power cycle",
        zeroisation: "power-off, end of the engine",
        usage: "integrity of key records",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::KeyPolicy,
        name: "key policy",
        critical: false,
        strength: "-",
        generation: "with its key",
        entry: "with the call that makes the key, or in a native blob",
        output: "attributes, native blobs",
        usage: "every decision about its key: attributes, id, origin, counter",
        ..KEY
    },
    SspFacts {
        ssp: Ssp::Credential,
        name: "operator credential",
        strength: "the embedder's",
        generation: "-",
        entry: "with the call that opens a session",
        usage: "handed to the embedder's authenticator",
        ..WITHIN_A_CALL
    },
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_table_once() {
        for kind in KeyKind::ALL {
            let classes: &[_] = if kind.is_asymmetric() {
                &[KeyClass::Private, KeyClass::Public]
            } else {
                &[KeyClass::Secret]
            };
            for class in classes {
                let facts = Ssp::of_key(kind, *class).facts().unwrap();
                assert_eq!(facts.critical, *class != KeyClass::Public, "{}", kind.name());
            }
        }
        for (i, facts) in SSPS.iter().enumerate() {
            let again = SSPS.iter().skip(i.saturating_add(1));
            assert!(again.clone().all(|other| other.ssp != facts.ssp && other.name != facts.name));
            let fields = [facts.name, facts.strength, facts.generation, facts.storage, facts.usage];
            assert!(fields.iter().all(|field| !field.is_empty()), "{}", facts.name);
        }
    }

    /// No critical parameter enters or leaves in plaintext (SSP-6).
    #[test]
    fn no_key_crosses_the_boundary_in_plaintext() {
        for facts in SSPS.iter().filter(|facts| facts.critical) {
            assert!(facts.output == "-" || facts.output.starts_with("wrapped"), "{}", facts.name);
        }
    }
}
