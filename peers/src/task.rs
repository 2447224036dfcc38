//! What is measured: tasks, their rows, and the goals that the rows are held against.

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    /// PKCS#1 v1.5 with SHA-256, of so many bits.
    Rsa(usize),
    MlDsa65,
}

impl Scheme {
    fn name(self) -> String {
        match self {
            Self::P256 => "P-256".into(),
            Self::P384 => "P-384".into(),
            Self::P521 => "P-521".into(),
            Self::Secp256k1 => "secp256k1".into(),
            Self::Ed25519 => "Ed25519".into(),
            Self::Rsa(bits) => format!("RSA-{bits}"),
            Self::MlDsa65 => "ML-DSA-65".into(),
        }
    }
}

/// One operation that every library does in its own way. Messages have 64 bytes and are hashed inside; keys are
/// prepared outside the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Sign(Scheme),
    Verify(Scheme),
    Generate(Scheme),
    /// P-256, the other side's key as a point in bytes.
    Agree,
    KemGenerate,
    Encapsulate,
    Decapsulate,
    /// AES-256-GCM with a nonce that counts, 16 bytes of associated data.
    GcmCounter(usize),
    /// The same with a nonce from the library's own generator.
    GcmRandom(usize),
    Ctr(usize),
    CbcDecrypt(usize),
    /// KWP of a key of so many bytes under AES-256.
    Kwp(usize),
    Sha256(usize),
    Sha512(usize),
    /// With SHA-256 and a prepared key.
    Hmac(usize),
    Cmac(usize),
    Random(usize),
}

impl Task {
    pub fn name(self) -> String {
        match self {
            Self::Sign(scheme) => format!("{} sign", scheme.name()),
            Self::Verify(scheme) => format!("{} verify", scheme.name()),
            Self::Generate(scheme) => format!("{} keygen", scheme.name()),
            Self::Agree => "P-256 ECDH".into(),
            Self::KemGenerate => "ML-KEM-768 keygen".into(),
            Self::Encapsulate => "ML-KEM-768 encaps".into(),
            Self::Decapsulate => "ML-KEM-768 decaps".into(),
            Self::GcmCounter(len) => format!("AES-256-GCM seal {}, counter IV", size(len)),
            Self::GcmRandom(len) => format!("AES-256-GCM seal {}, random IV", size(len)),
            Self::Ctr(len) => format!("AES-256-CTR {}", size(len)),
            Self::CbcDecrypt(len) => format!("AES-256-CBC decrypt {}", size(len)),
            Self::Kwp(len) => format!("AES-256-KWP wrap {}", size(len)),
            Self::Sha256(len) => format!("SHA-256 {}", size(len)),
            Self::Sha512(len) => format!("SHA-512 {}", size(len)),
            Self::Hmac(len) => format!("HMAC-SHA-256 {}", size(len)),
            Self::Cmac(len) => format!("AES-256-CMAC {}", size(len)),
            Self::Random(len) => format!("random {}", size(len)),
        }
    }

    /// Bytes processed, where a rate of bytes is of interest.
    pub const fn bytes(self) -> Option<usize> {
        match self {
            Self::GcmCounter(len)
            | Self::GcmRandom(len)
            | Self::Ctr(len)
            | Self::CbcDecrypt(len)
            | Self::Sha256(len)
            | Self::Sha512(len)
            | Self::Hmac(len)
            | Self::Cmac(len)
            | Self::Random(len) => Some(len),
            _ => None,
        }
    }

    /// How much of the time of a row it needs: searching primes takes long, and differs from key to key.
    pub const fn weight(self) -> f64 {
        match self {
            Self::Generate(Scheme::Rsa(_)) => 16.0,
            Self::Sign(Scheme::Rsa(4096)) => 2.0,
            _ => 1.0,
        }
    }

    /// The tasks whose work a pairwise test adds to a generation, that is no part of its goal.
    pub const fn pairwise(self) -> Option<[Self; 2]> {
        match self {
            Self::Generate(Scheme::Rsa(_)) => None,
            Self::Generate(scheme) => Some([Self::Sign(scheme), Self::Verify(scheme)]),
            Self::KemGenerate => Some([Self::Encapsulate, Self::Decapsulate]),
            _ => None,
        }
    }
}

pub fn size(len: usize) -> String {
    match len {
        len if len >= 1 << 20 => format!("{} MiB", len >> 20),
        len if len >= 1 << 10 && len.is_multiple_of(1 << 10) => format!("{} KiB", len >> 10),
        len => format!("{len} B"),
    }
}

/// A row of the table.
pub struct Row {
    pub task: Task,
    /// What one operation through a session is to reach, as a ratio to aws-lc-rs.
    pub goal: f64,
    /// The same for an operation in a batch.
    pub batch_goal: Option<f64>,
}

const fn row(task: Task, goal: f64) -> Row {
    Row { task, goal, batch_goal: None }
}

const fn batched(task: Task, goal: f64, batch_goal: f64) -> Row {
    Row { task, goal, batch_goal: Some(batch_goal) }
}

pub const ROWS: &[Row] = &[
    batched(Task::Sign(Scheme::P256), 1.10, 4.0),
    batched(Task::Verify(Scheme::P256), 1.0, 3.0),
    row(Task::Generate(Scheme::P256), 1.0),
    batched(Task::Agree, 1.0, 3.4),
    batched(Task::Sign(Scheme::P384), 1.0, 4.0),
    batched(Task::Verify(Scheme::P384), 1.0, 4.0),
    row(Task::Sign(Scheme::P521), 1.0),
    row(Task::Sign(Scheme::Secp256k1), 6.9),
    batched(Task::Sign(Scheme::Ed25519), 1.06, 3.0),
    batched(Task::Verify(Scheme::Ed25519), 1.10, 3.0),
    batched(Task::Sign(Scheme::Rsa(2048)), 1.0, 3.4),
    batched(Task::Sign(Scheme::Rsa(3072)), 1.0, 2.4),
    batched(Task::Sign(Scheme::Rsa(4096)), 1.0, 2.4),
    batched(Task::Verify(Scheme::Rsa(2048)), 1.0, 4.9),
    row(Task::Generate(Scheme::Rsa(2048)), 1.6),
    row(Task::KemGenerate, 1.9),
    row(Task::Encapsulate, 2.5),
    row(Task::Decapsulate, 2.9),
    row(Task::Generate(Scheme::MlDsa65), 1.0),
    row(Task::Sign(Scheme::MlDsa65), 1.2),
    row(Task::Verify(Scheme::MlDsa65), 1.0),
    row(Task::GcmCounter(64), 1.0),
    row(Task::GcmRandom(64), 1.0),
    row(Task::GcmCounter(1 << 10), 1.0),
    row(Task::GcmRandom(1 << 10), 1.0),
    row(Task::GcmCounter(16 << 10), 1.0),
    row(Task::GcmRandom(16 << 10), 1.0),
    row(Task::GcmCounter(1 << 20), 1.0),
    row(Task::GcmRandom(1 << 20), 1.0),
    row(Task::Ctr(1 << 20), 1.2),
    row(Task::CbcDecrypt(1 << 20), 1.75),
    row(Task::Kwp(32), 1.17),
    row(Task::Sha256(1 << 10), 1.0),
    row(Task::Sha512(1 << 20), 1.36),
    row(Task::Hmac(64), 1.55),
    row(Task::Cmac(64), 1.0),
    row(Task::Random(32), 3.0),
];

/// Rows of the table of overheads: where the engine's portable implementation is a crate that can be called alone.
pub const OVERHEADS: &[(Task, Limit)] = &[
    (Task::Sign(Scheme::P256), Limit::Percent(2.0)),
    (Task::Verify(Scheme::P256), Limit::Percent(2.0)),
    (Task::Sign(Scheme::P384), Limit::Percent(2.0)),
    (Task::Verify(Scheme::P384), Limit::Percent(2.0)),
    (Task::Sign(Scheme::P521), Limit::Percent(2.0)),
    (Task::Sign(Scheme::Secp256k1), Limit::Percent(2.0)),
    (Task::Sign(Scheme::Ed25519), Limit::Percent(2.0)),
    (Task::Verify(Scheme::Ed25519), Limit::Percent(2.0)),
    (Task::GcmCounter(64), Limit::Nanos(60.0)),
    (Task::GcmRandom(64), Limit::Nanos(80.0)),
    (Task::GcmCounter(1 << 10), Limit::Nanos(60.0)),
    (Task::GcmRandom(1 << 10), Limit::Nanos(80.0)),
    (Task::GcmCounter(16 << 10), Limit::Nanos(60.0)),
    (Task::GcmRandom(16 << 10), Limit::Nanos(80.0)),
    (Task::Hmac(64), Limit::None),
    (Task::Sha256(1 << 10), Limit::None),
];

/// What the engine may add.
#[derive(Clone, Copy)]
pub enum Limit {
    Percent(f64),
    Nanos(f64),
    None,
}

/// Rows of the table of threads; the goal is 1.9.
pub const THREADS: &[Task] = &[
    Task::Sign(Scheme::P256),
    Task::Sign(Scheme::Ed25519),
    Task::Sign(Scheme::Rsa(2048)),
    Task::GcmCounter(1 << 10),
    Task::GcmRandom(1 << 10),
];
