//! What becomes of every test, by family: the accepted deviations with their reasons, and their number.

/// Why a test ends otherwise than Wycheproof says, or is not for this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Curve,
    Hash,
    IvLength,
    SecretLength,
    DerivedLength,
    ModulusLength,
    SmallExponent,
    SaltLength,
    OurSalt,
    MaskHash,
    MissingNull,
    SignatureDer,
    HighS,
    CurveParameters,
    KeyDer,
    NoPassword,
    ExpandedKey,
    OwnRandomness,
    OpenTaken,
}

impl Why {
    pub const ALL: [Self; 19] = [
        Self::Curve,
        Self::Hash,
        Self::IvLength,
        Self::SecretLength,
        Self::DerivedLength,
        Self::ModulusLength,
        Self::SmallExponent,
        Self::SaltLength,
        Self::OurSalt,
        Self::MaskHash,
        Self::MissingNull,
        Self::SignatureDer,
        Self::HighS,
        Self::CurveParameters,
        Self::KeyDer,
        Self::NoPassword,
        Self::ExpandedKey,
        Self::OwnRandomness,
        Self::OpenTaken,
    ];

    /// The reason, for the document.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Curve => "the engine has no such curve, or not for this use; keys on it are refused",
            Self::Hash => {
                "the hash is outside the closed set of the algorithm and curve ([algorithms.md](algorithms.md)); \
                SHA-1, SHA-512/224 and SHAKE are in none; refused as unsupported"
            }
            Self::IvLength => "IVs have 96 bits (SP 800-38D 5.2.1.1 recommends no other); others are refused",
            Self::SecretLength => {
                "the secret is shorter than 14 or longer than 128 bytes: no key of the engine"
            }
            Self::DerivedLength => {
                "the derived key would be shorter than 14 or longer than 128 bytes: no policy \
                describes one"
            }
            Self::ModulusLength => "the modulus has not 2048, 3072 or 4096 bits; the key is refused",
            Self::SmallExponent => {
                "the public exponent is below 65537 (FIPS 186-5 A.1.1); the key is refused"
            }
            Self::SaltLength => "the salt is not as long as the hash; refused",
            Self::OurSalt => {
                "taken: Wycheproof faults this signature for one thing, that its salt is as long as the \
                hash where its group asks for another length; the engine asks for this one"
            }
            Self::MaskHash => "MGF1 runs over another hash than the message, or the mask is SHAKE; refused",
            Self::MissingNull => "DigestInfo without NULL parameters, which RFC 8017 leaves open; refused",
            Self::SignatureDer => {
                "not strict DER: refused by the reader of this test, for the engine takes r, then s"
            }
            Self::HighS => {
                "taken: verifying takes either s, as SEC 1 does; that a ledger demands the lower one is \
                its rule, and the engine's own signatures keep it"
            }
            Self::CurveParameters => {
                "curves are given by name, never by parameters (RFC 5480 2.1.1), which \
                Wycheproof leaves open; refused"
            }
            Self::KeyDer => "DER that is not canonical, which Wycheproof leaves open; refused",
            Self::NoPassword => "an empty password is none; refused",
            Self::ExpandedKey => {
                "private keys are seeds; expanded ones are refused, good or bad. Of ML-DSA the \
                signature is verified under the public key instead"
            }
            Self::OwnRandomness => {
                "the engine draws its own randomness. The public key is imported and used, or the \
                signature verified, instead"
            }
            Self::OpenTaken => "taken: compressed points, which Wycheproof leaves open",
        }
    }
}

pub struct Row {
    pub family: &'static str,
    /// The crate's sets.
    pub sets: &'static str,
    /// The services that the tests go through.
    pub services: &'static str,
    pub agreed: usize,
    pub refused: usize,
    pub deviations: &'static [(Why, usize)],
}

pub fn of(family: &str) -> &'static Row {
    ROWS.iter().find(|row| row.family == family).unwrap()
}

pub const ROWS: &[Row] = &[
    Row {
        family: "AES-GCM",
        sets: "aes_gcm",
        services: "unwrap, decrypt",
        agreed: 116,
        refused: 87,
        deviations: &[(Why::IvLength, 113)],
    },
    Row {
        family: "AES-GCM around keys",
        sets: "aes_gcm",
        services: "unwrap, mac",
        agreed: 84,
        refused: 87,
        deviations: &[(Why::IvLength, 113), (Why::SecretLength, 32)],
    },
    Row {
        family: "AES-GMAC",
        sets: "aes_gmac",
        services: "unwrap, decrypt",
        agreed: 45,
        refused: 324,
        deviations: &[(Why::IvLength, 45)],
    },
    Row {
        family: "AES-CBC-PKCS7",
        sets: "aes_cbc_pkcs5",
        services: "unwrap, decrypt",
        agreed: 72,
        refused: 144,
        deviations: &[],
    },
    Row {
        family: "AES-KW",
        sets: "aes_wrap",
        services: "unwrap, mac",
        agreed: 33,
        refused: 126,
        deviations: &[(Why::SecretLength, 6)],
    },
    Row {
        family: "AES-KWP",
        sets: "aes_kwp",
        services: "unwrap, mac",
        agreed: 34,
        refused: 177,
        deviations: &[(Why::SecretLength, 43)],
    },
    Row {
        family: "AES-CMAC",
        sets: "aes_cmac",
        services: "unwrap, mac, verify-mac",
        agreed: 63,
        refused: 248,
        deviations: &[],
    },
    Row {
        family: "HMAC",
        sets: "hmac_sha224 to hmac_sha3_512",
        services: "unwrap, mac, verify-mac",
        agreed: 594,
        refused: 969,
        deviations: &[],
    },
    Row {
        family: "ECDSA",
        sets: "every ecdsa_* set",
        services: "import, verify",
        agreed: 3465,
        refused: 1333,
        deviations: &[(Why::Curve, 15598), (Why::Hash, 6940), (Why::SignatureDer, 2565), (Why::HighS, 2)],
    },
    Row {
        family: "EdDSA",
        sets: "ed25519, ed448",
        services: "import, verify",
        agreed: 88,
        refused: 63,
        deviations: &[(Why::Curve, 87)],
    },
    Row {
        family: "ECDH",
        sets: "every ecdh_* set",
        services: "unwrap, import, agree, mac",
        agreed: 3466,
        refused: 224,
        deviations: &[
            (Why::Curve, 6016),
            (Why::CurveParameters, 21),
            (Why::KeyDer, 664),
            (Why::OpenTaken, 6),
        ],
    },
    Row {
        family: "RSA PKCS#1 v1.5 signatures",
        sets: "every rsa_signature_* set",
        services: "import, verify",
        agreed: 126,
        refused: 4503,
        deviations: &[
            (Why::Hash, 774),
            (Why::ModulusLength, 776),
            (Why::SmallExponent, 5),
            (Why::MissingNull, 18),
        ],
    },
    Row {
        family: "RSA-PSS",
        sets: "every rsa_pss_* set",
        services: "import, verify",
        agreed: 844,
        refused: 720,
        deviations: &[(Why::Hash, 1176), (Why::SaltLength, 416), (Why::OurSalt, 2), (Why::MaskHash, 339)],
    },
    Row {
        family: "RSA-OAEP over data",
        sets: "every rsa_oaep_* set",
        services: "unwrap, decrypt",
        agreed: 161,
        refused: 296,
        deviations: &[(Why::Hash, 289), (Why::ModulusLength, 140), (Why::MaskHash, 212)],
    },
    Row {
        family: "RSA-OAEP around keys",
        sets: "every rsa_oaep_* set",
        services: "unwrap, mac",
        agreed: 19,
        refused: 296,
        deviations: &[
            (Why::Hash, 289),
            (Why::SecretLength, 142),
            (Why::ModulusLength, 140),
            (Why::MaskHash, 212),
        ],
    },
    Row {
        family: "HKDF",
        sets: "hkdf_sha256, 384, 512",
        services: "unwrap, derive, mac",
        agreed: 232,
        refused: 9,
        deviations: &[(Why::DerivedLength, 11)],
    },
    Row {
        family: "PBKDF2",
        sets: "pbkdf2_hmacsha224 to 512",
        services: "derive from a password, mac",
        agreed: 173,
        refused: 0,
        deviations: &[(Why::Hash, 58), (Why::NoPassword, 3)],
    },
    Row {
        family: "ML-KEM",
        sets: "every mlkem_* set",
        services: "unwrap, import, encapsulate, decapsulate, mac",
        agreed: 783,
        refused: 534,
        deviations: &[(Why::ExpandedKey, 9), (Why::OwnRandomness, 399)],
    },
    Row {
        family: "ML-DSA verify",
        sets: "every mldsa_*_verify set",
        services: "import, verify",
        agreed: 227,
        refused: 404,
        deviations: &[],
    },
    Row {
        family: "ML-DSA sign",
        sets: "every mldsa_*_sign_* set",
        services: "unwrap, sign, sign-digest, verify",
        agreed: 272,
        refused: 27,
        deviations: &[(Why::ExpandedKey, 205), (Why::OwnRandomness, 3)],
    },
];
