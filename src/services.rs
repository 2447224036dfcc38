//! The services of the module (ISO/IEC 19790 section 7.4.3, SP 800-140B r1 section 4): what each does, who may
//! ask for it, and what it does to which parameters.
//!
//! Facts for documents and for front ends that show them; tests hold them against the operations of
//! policy, here, and against the calls of `Session` and `Engine`, in tests/docs.rs.

use crate::attributes::Usage;
use crate::policy::Role;
use crate::ssp::Ssp;

/// What a service does to a parameter: generate, read, write, execute with, zeroise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Makes it.
    Generate,
    /// Hands it out.
    Read,
    /// Brings it in, or changes it.
    Write,
    /// Uses it.
    Execute,
    /// Wipes it.
    Zeroise,
}

impl Access {
    /// The letter of SP 800-140B.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Generate => 'G',
            Self::Read => 'R',
            Self::Write => 'W',
            Self::Execute => 'E',
            Self::Zeroise => 'Z',
        }
    }
}

/// What is to be said of one service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Name for documents.
    pub name: &'static str,
    /// The calls of `Session` and `Engine` that are this service.
    pub calls: &'static [&'static str],
    /// What it does.
    pub does: &'static str,
    /// Who may ask; nobody in particular when empty: it is served to everybody, without a session.
    pub roles: &'static [Role],
    /// The usage that a key must have.
    pub usage: Usage,
    /// Served in every state, or in Operational alone.
    pub every_state: bool,
    /// Whether the answer carries an indicator.
    pub indicated: bool,
    /// Which parameters it touches, and how.
    pub ssps: &'static [(Ssp, &'static [Access])],
    /// Names of policy's operations that decide it.
    #[cfg_attr(not(test), allow(dead_code))] // the tests compare
    pub(crate) operations: &'static [&'static str],
}

const USER: &[Role] = &[Role::User];
const BOTH: &[Role] = &Role::ALL;

use Access::{Execute, Generate, Read, Write, Zeroise};

/// Whatever key the algorithm takes.
const ANY_SECRET: &[(Ssp, &[Access])] =
    &[(Ssp::AesKey, &[Execute]), (Ssp::HmacKey, &[Execute]), (Ssp::KeyPolicy, &[Execute])];
const NEW_KEY: &[Access] = &[Generate, Write];

const SESSION: Service = Service {
    name: "",
    calls: &[],
    does: "",
    roles: USER,
    usage: Usage::NONE,
    every_state: false,
    indicated: true,
    ssps: &[],
    operations: &[],
};
const ENGINE: Service = Service { roles: &[], every_state: true, indicated: false, ..SESSION };

/// Every service of the module.
pub static SERVICES: &[Service] = &[
    Service {
        name: "power on",
        calls: &["builder", "with_store", "power_on"],
        does: "self-tests, then a serving engine",
        ssps: &[
            (Ssp::EntropyInput, &[Write, Execute]),
            (Ssp::DrbgState, &[Generate]),
            (Ssp::RecordSeal, &[Generate]),
        ],
        ..ENGINE
    },
    Service {
        name: "show status",
        calls: &[
            "status",
            "self_test_report",
            "self_test_due",
            "has",
            "tests_of",
            "tests_of_batches",
            "tests_of_kind",
        ],
        does: "state, failed test, caveats, report of the self-tests",
        ..ENGINE
    },
    Service { name: "show version", calls: &["version"], does: "name and version of the module", ..ENGINE },
    Service {
        name: "self-test",
        calls: &["self_test"],
        does: "every known-answer test, the entropy source, then every key record",
        every_state: false,
        ssps: &[(Ssp::RecordSeal, &[Execute])],
        ..ENGINE
    },
    Service {
        name: "zeroise",
        calls: &["zeroise", "tamper_switch"],
        does: "wipes every key, context and DRBG of every session",
        ssps: &[
            (Ssp::AesKey, &[Zeroise]),
            (Ssp::HmacKey, &[Zeroise]),
            (Ssp::DerivationKey, &[Zeroise]),
            (Ssp::RsaPrivate, &[Zeroise]),
            (Ssp::EcPrivate, &[Zeroise]),
            (Ssp::EdPrivate, &[Zeroise]),
            (Ssp::PqPrivate, &[Zeroise]),
            (Ssp::DrbgState, &[Zeroise]),
        ],
        ..ENGINE
    },
    Service {
        name: "note a copy",
        calls: &["resumed"],
        does: "makes every DRBG reseed before its next output, after a snapshot say",
        ssps: &[(Ssp::DrbgState, &[Write])],
        ..ENGINE
    },
    Service {
        name: "restart",
        calls: &["restart"],
        does: "zeroises, then powers a new instance on",
        ssps: &[(Ssp::DrbgState, &[Zeroise, Generate]), (Ssp::RecordSeal, &[Zeroise, Generate])],
        ..ENGINE
    },
    Service {
        name: "open a session",
        calls: &["open_session"],
        does: "asks the authenticator, seeds the session's DRBGs",
        every_state: false,
        ssps: &[
            (Ssp::Credential, &[Write, Execute]),
            (Ssp::EntropyInput, &[Write, Execute]),
            (Ssp::DrbgState, &[Generate]),
        ],
        ..ENGINE
    },
    Service {
        name: "generate",
        calls: &["generate", "generate_batch"],
        does: "makes a key or a pair",
        roles: BOTH,
        ssps: &[
            (Ssp::AesKey, &[Generate]),
            (Ssp::HmacKey, &[Generate]),
            (Ssp::DerivationKey, &[Generate]),
            (Ssp::RsaPrivate, &[Generate]),
            (Ssp::EcPrivate, &[Generate]),
            (Ssp::EdPrivate, &[Generate]),
            (Ssp::PqPrivate, &[Generate]),
            (Ssp::KeyPolicy, &[Write]),
            (Ssp::DrbgState, &[Execute]),
        ],
        operations: &["generate"],
        ..SESSION
    },
    Service {
        name: "sign",
        calls: &["sign", "sign_start", "sign_finish", "sign_batch"],
        does: "signs a message",
        usage: Usage::SIGN,
        ssps: SIGNS,
        operations: &["sign"],
        ..SESSION
    },
    Service {
        name: "sign a digest",
        calls: &["sign_digest"],
        does: "signs what was hashed outside; never approved",
        usage: Usage::SIGN_DIGEST,
        ssps: SIGNS,
        operations: &["sign-digest"],
        ..SESSION
    },
    Service {
        name: "verify",
        calls: &["verify", "verify_digest", "verify_start", "verify_finish", "verify_batch"],
        does: "checks a signature",
        usage: Usage::VERIFY,
        ssps: &[
            (Ssp::RsaPublic, &[Execute]),
            (Ssp::EcPublic, &[Execute]),
            (Ssp::EdPublic, &[Execute]),
            (Ssp::PqPublic, &[Execute]),
            (Ssp::KeyPolicy, &[Execute]),
        ],
        operations: &["verify"],
        ..SESSION
    },
    Service {
        name: "encrypt",
        calls: &["encrypt", "encrypt_start", "encrypt_finish"],
        does: "encrypts, with an IV made inside",
        usage: Usage::ENCRYPT,
        ssps: &[(Ssp::AesKey, &[Execute]), (Ssp::KeyPolicy, &[Execute]), (Ssp::DrbgState, &[Execute])],
        operations: &["encrypt"],
        ..SESSION
    },
    Service {
        name: "decrypt",
        calls: &["decrypt", "decrypt_start", "decrypt_finish"],
        does: "decrypts; releases nothing before a tag is checked",
        usage: Usage::DECRYPT,
        ssps: &[(Ssp::AesKey, &[Execute]), (Ssp::KeyPolicy, &[Execute])],
        operations: &["decrypt"],
        ..SESSION
    },
    Service {
        name: "make a MAC",
        calls: &["mac", "mac_start", "mac_finish"],
        does: "message authentication code",
        usage: Usage::MAC,
        ssps: ANY_SECRET,
        operations: &["mac"],
        ..SESSION
    },
    Service {
        name: "verify a MAC",
        calls: &["verify_mac", "verify_mac_start", "verify_mac_finish"],
        does: "checks a message authentication code",
        usage: Usage::VERIFY_MAC,
        ssps: ANY_SECRET,
        operations: &["verify-mac"],
        ..SESSION
    },
    Service {
        name: "go on with pieces",
        calls: &["update", "cancel"],
        does: "takes the next piece of a multi-part operation, or gives it up",
        roles: BOTH,
        indicated: false,
        ssps: ANY_SECRET,
        ..SESSION
    },
    Service {
        name: "wrap",
        calls: &["wrap", "wrapped_len", "wrap_batch"],
        does: "lets a key out under another",
        roles: BOTH,
        usage: Usage::WRAP,
        ssps: &[
            (Ssp::AesKey, &[Execute, Read]),
            (Ssp::HmacKey, &[Read]),
            (Ssp::DerivationKey, &[Read]),
            (Ssp::RsaPrivate, &[Read]),
            (Ssp::RsaPublic, &[Execute]),
            (Ssp::EcPrivate, &[Read]),
            (Ssp::EdPrivate, &[Read]),
            (Ssp::PqPrivate, &[Execute, Read]),
            (Ssp::PqPublic, &[Execute]),
            (Ssp::SharedSecret, &[Generate, Execute, Zeroise]),
            (Ssp::KeyPolicy, &[Execute, Read]),
            (Ssp::DrbgState, &[Execute]),
        ],
        operations: &["wrap", "export"],
        ..SESSION
    },
    Service {
        name: "unwrap",
        calls: &["unwrap", "unwrap_batch"],
        does: "brings a wrapped key in",
        roles: BOTH,
        usage: Usage::UNWRAP,
        ssps: &[
            (Ssp::AesKey, &[Execute, Write]),
            (Ssp::HmacKey, &[Write]),
            (Ssp::DerivationKey, &[Write]),
            (Ssp::RsaPrivate, &[Execute, Write]),
            (Ssp::EcPrivate, &[Write]),
            (Ssp::EdPrivate, &[Write]),
            (Ssp::PqPrivate, &[Execute, Write]),
            (Ssp::SharedSecret, &[Generate, Execute, Zeroise]),
            (Ssp::KeyPolicy, &[Execute, Write]),
        ],
        operations: &["unwrap", "create"],
        ..SESSION
    },
    Service {
        name: "import a public key",
        calls: &["import_public"],
        does: "brings a public key in, validated",
        roles: BOTH,
        ssps: &[
            (Ssp::RsaPublic, &[Write]),
            (Ssp::EcPublic, &[Write]),
            (Ssp::EdPublic, &[Write]),
            (Ssp::PqPublic, &[Write]),
            (Ssp::KeyPolicy, &[Write]),
        ],
        operations: &["create"],
        ..SESSION
    },
    Service {
        name: "derive",
        calls: &["derive"],
        does: "makes a key of a key",
        usage: Usage::DERIVE,
        ssps: &[
            (Ssp::DerivationKey, &[Execute, Generate]),
            (Ssp::AesKey, &[Execute, Generate, Write]),
            (Ssp::HmacKey, NEW_KEY),
            (Ssp::KeyPolicy, &[Execute, Write]),
        ],
        operations: &["derive"],
        ..SESSION
    },
    Service {
        name: "derive from a password",
        calls: &["derive_from_password"],
        does: "makes a key of a password, for stored data",
        ssps: &[
            (Ssp::Password, &[Write, Execute, Zeroise]),
            (Ssp::AesKey, NEW_KEY),
            (Ssp::HmacKey, NEW_KEY),
            (Ssp::KeyPolicy, &[Write]),
        ],
        operations: &["stretch"],
        ..SESSION
    },
    Service {
        name: "agree",
        calls: &["agree", "agree_batch"],
        does: "makes a key of an own pair and a peer's public key",
        usage: Usage::AGREE,
        ssps: &[
            (Ssp::EcPrivate, &[Execute]),
            (Ssp::EcPublic, &[Write, Execute]),
            (Ssp::SharedSecret, &[Generate, Execute, Zeroise]),
            (Ssp::AesKey, NEW_KEY),
            (Ssp::HmacKey, NEW_KEY),
            (Ssp::DerivationKey, NEW_KEY),
            (Ssp::KeyPolicy, &[Execute, Write]),
        ],
        operations: &["agree"],
        ..SESSION
    },
    Service {
        name: "encapsulate",
        calls: &["encapsulate"],
        does: "makes a key, and its encapsulation under a public key",
        usage: Usage::ENCAPSULATE,
        ssps: ENCAPSULATES,
        operations: &["encapsulate"],
        ..SESSION
    },
    Service {
        name: "decapsulate",
        calls: &["decapsulate"],
        does: "opens an encapsulation into a key",
        usage: Usage::DECAPSULATE,
        ssps: ENCAPSULATES,
        operations: &["decapsulate"],
        ..SESSION
    },
    Service {
        name: "digest",
        calls: &["digest", "digest_start", "digest_finish", "xof"],
        does: "hashes",
        roles: BOTH,
        operations: &["digest"],
        ..SESSION
    },
    Service {
        name: "random",
        calls: &["random", "random_mixed", "random_fresh"],
        does: "random bytes; with additional input, and with prediction resistance",
        roles: BOTH,
        ssps: &[(Ssp::DrbgState, &[Execute]), (Ssp::EntropyInput, &[Write, Execute])],
        operations: &["random"],
        ..SESSION
    },
    Service {
        name: "inspect",
        calls: &["attributes", "public_key", "keys", "output_len"],
        does: "shows policies, public halves and lengths, and lists keys",
        roles: BOTH,
        ssps: &[
            (Ssp::KeyPolicy, &[Read]),
            (Ssp::RsaPublic, &[Read]),
            (Ssp::EcPublic, &[Read]),
            (Ssp::EdPublic, &[Read]),
            (Ssp::PqPublic, &[Read]),
        ],
        operations: &["inspect"],
        ..SESSION
    },
    Service {
        name: "copy",
        calls: &["copy"],
        does: "makes a second key of the same secret, with the same or narrower rights",
        ssps: &[(Ssp::AesKey, &[Write]), (Ssp::HmacKey, &[Write]), (Ssp::KeyPolicy, &[Execute, Write])],
        operations: &["copy", "create"],
        ..SESSION
    },
    Service {
        name: "restrict",
        calls: &["restrict"],
        does: "narrows the rights of a key",
        roles: BOTH,
        ssps: &[(Ssp::KeyPolicy, &[Write])],
        operations: &["restrict"],
        ..SESSION
    },
    Service {
        name: "destroy",
        calls: &["destroy"],
        does: "wipes a key and all that sessions hold of it",
        roles: BOTH,
        ssps: &[
            (Ssp::AesKey, &[Zeroise]),
            (Ssp::HmacKey, &[Zeroise]),
            (Ssp::DerivationKey, &[Zeroise]),
            (Ssp::RsaPrivate, &[Zeroise]),
            (Ssp::EcPrivate, &[Zeroise]),
            (Ssp::EdPrivate, &[Zeroise]),
            (Ssp::PqPrivate, &[Zeroise]),
            (Ssp::KeyPolicy, &[Zeroise]),
        ],
        operations: &["destroy"],
        ..SESSION
    },
];

const SIGNS: &[(Ssp, &[Access])] = &[
    (Ssp::RsaPrivate, &[Execute]),
    (Ssp::EcPrivate, &[Execute]),
    (Ssp::EdPrivate, &[Execute]),
    (Ssp::PqPrivate, &[Execute]),
    (Ssp::PerMessageSecret, &[Generate, Execute, Zeroise]),
    (Ssp::KeyPolicy, &[Execute]),
    (Ssp::DrbgState, &[Execute]),
];
const ENCAPSULATES: &[(Ssp, &[Access])] = &[
    (Ssp::PqPrivate, &[Execute]),
    (Ssp::PqPublic, &[Execute]),
    (Ssp::SharedSecret, &[Generate, Execute, Zeroise]),
    (Ssp::AesKey, NEW_KEY),
    (Ssp::HmacKey, NEW_KEY),
    (Ssp::DerivationKey, NEW_KEY),
    (Ssp::KeyPolicy, &[Execute, Write]),
    (Ssp::DrbgState, &[Execute]),
];

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::policy::ops::{Op, Visitor, visit_all};

    /// Roles and usages are those that policy decides by.
    #[test]
    fn services_say_what_policy_does() {
        struct Compare(usize);
        impl Visitor for Compare {
            fn visit<O: Op>(&mut self) {
                let mut served =
                    SERVICES.iter().filter(|service| service.operations.contains(&O::NAME)).peekable();
                assert!(served.peek().is_some(), "no service is decided by {}", O::NAME);
                for service in served {
                    // Decided together with another operation, which has the roles: `export`, `create`.
                    let alone = service.operations.len() == 1;
                    if alone || service.operations.first() == Some(&O::NAME) {
                        assert_eq!(service.roles, O::ROLES, "{}", service.name);
                        assert_eq!(service.usage, O::USAGE, "{}", service.name);
                    }
                }
                self.0 = self.0.saturating_add(1);
            }
        }
        let mut compare = Compare(0);
        visit_all(&mut compare);
        assert!(compare.0 > 20);
    }
}
