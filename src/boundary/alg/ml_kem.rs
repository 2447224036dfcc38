//! ML-KEM, key encapsulation over module lattices: FIPS 203 (August 2024), sections 6 and 7; SP 800-227
//! (September 2025).
//!
//! The shared secret of 32 bytes is the new key (FIPS 203 section 3.3). A protocol that derives keys from it
//! encapsulates into a derivation key, and derives from that: docs/decisions/014.

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::sha2::SHA256;
use crate::algorithm::{Hash, Params};
use crate::attributes::{Attributes, KeyKind};
use crate::boundary::backend::ml_kem::{self, MAX_CIPHERTEXT, PrivateKey, PublicKey, SECRET, SEED};
use crate::boundary::backend::portable::hash;
use crate::boundary::key::{Paired, Permit, Vacant};
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::{Pairwise, Tools};
use crate::error::{Error, Result};
use crate::kat;
use crate::marks;
use crate::policy::ops::{Decapsulate, Encapsulate, Generate};
use crate::state::{Staged, TestId};

// -- cells --

/// ML-KEM.Encaps: section 7.2. The checks of the public key were made when it came in. The randomness m is
/// secret: with it anybody has the key.
pub(in crate::boundary) fn encapsulate(
    permit: Permit<'_, Encapsulate>,
    tools: &mut Tools<'_>,
    secret: &mut [u8],
    out: &mut Staged<'_>,
) -> Result<()> {
    if secret.len() != SECRET {
        return Err(Error::InvalidArgument);
    }
    let mut m = Zeroizing::new([0; SECRET]);
    tools.secret(&mut *m)?;
    permit.material(|material| match material.prepared() {
        Prepared::MlKem(key) => key.encapsulate(&m, out.claim(length_of(key.kind())?)?, secret),
        Prepared::MlKemPublic(key) => key.encapsulate(&m, out.claim(length_of(key.kind())?)?, secret),
        _ => Err(Error::Corrupted),
    })
}

/// ML-KEM.Decaps: section 7.3.
pub(in crate::boundary) fn decapsulate(
    permit: Permit<'_, Decapsulate>,
    _params: &Params<'_>,
    _tools: &mut Tools<'_>,
    ciphertext: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    permit.material(|material| private(material.prepared())?.decapsulate(ciphertext, secret))
}

/// ML-KEM.KeyGen: section 7.1. The seed is direct output of the DRBG; the pair that is made of the stored seed
/// is tested by encapsulating and decapsulating (PCT-6).
pub(in crate::boundary) fn generate(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    tools.secret(place.bytes())?;
    place.pair(|prepared, _seed| {
        tools.pairwise(&PAIR, |tools, broken| pairwise(private(prepared)?, tools, broken))
    })
}

/// Length of a ciphertext.
pub(in crate::boundary) fn ciphertext_len(
    attributes: &Attributes,
    _: &Params<'_>,
    _input: usize,
) -> Option<usize> {
    ml_kem::ciphertext_len(attributes.kind())
}

// -- raw --

fn length_of(kind: KeyKind) -> Result<usize> {
    ml_kem::ciphertext_len(kind).ok_or(Error::Corrupted)
}

fn private(prepared: &Prepared) -> Result<&PrivateKey> {
    match prepared {
        Prepared::MlKem(key) => Ok(key),
        _ => Err(Error::Corrupted),
    }
}

/// Encapsulates and decapsulates with the prepared form of the new key, the one that services use.
pub(super) fn pairwise(key: &PrivateKey, tools: &mut Tools<'_>, broken: bool) -> Result<()> {
    let mut ciphertext = Zeroizing::new([0; MAX_CIPHERTEXT]);
    let ciphertext = ciphertext.get_mut(..length_of(key.kind())?).ok_or(Error::Corrupted)?;
    let (mut m, mut theirs) = (Zeroizing::new([0; SECRET]), Zeroizing::new([0; SECRET]));
    let mut ours = Zeroizing::new([0; SECRET]);
    tools.secret(&mut *m)?;
    key.encapsulate(&m, ciphertext, &mut *theirs)?;
    if let Some(first) = ciphertext.first_mut()
        && broken
    {
        *first ^= 1;
    }
    key.decapsulate(ciphertext, &mut *ours)?;
    let same = subtle::ConstantTimeEq::ct_eq(&ours[..], &theirs[..]);
    if marks::declassified("pairwise verdict", bool::from(same)) { Ok(()) } else { Err(Error::Rejected) }
}

fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hash::digest(Hash::Sha256, &[bytes], &mut digest)?;
    Ok(digest)
}

// -- casts --

pub(in crate::boundary) static PAIR: Pairwise = Pairwise { id: TestId(114), name: "ML-KEM pairwise" };

const FILE: &str = include_str!("../../../kat-vectors/cast/ml_kem.txt");

/// The set whose answers are known; the other two are the same code with other numbers.
const SET: KeyKind = KeyKind::MlKem768;

pub(in crate::boundary) static KEYGEN: Cast = Cast {
    id: TestId(110),
    name: "ML-KEM key generation",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: cast_keygen,
};
pub(in crate::boundary) static ENCAPSULATE: Cast = Cast {
    id: TestId(111),
    name: "ML-KEM encapsulate",
    at_power_on: false,
    depends_on: &[&SHA256],
    run: cast_encapsulate,
};
pub(in crate::boundary) static DECAPSULATE: Cast = Cast {
    id: TestId(112),
    name: "ML-KEM decapsulate",
    at_power_on: false,
    depends_on: &[],
    run: cast_decapsulate,
};
pub(in crate::boundary) static REJECT: Cast = Cast {
    id: TestId(113),
    name: "ML-KEM implicit rejection",
    at_power_on: false,
    depends_on: &[],
    run: cast_reject,
};

/// Both halves, by their hashes (CAST-4).
fn cast_keygen(check: &mut Check) -> Result<()> {
    static KEY: [u8; SEED] = kat::hex(FILE, "keygen_seed");
    static PUBLIC: [u8; 32] = kat::hex(FILE, "keygen_ek_sha256");
    static EXPANDED: [u8; 32] = kat::hex(FILE, "keygen_dk_sha256");
    let key = PrivateKey::new(check.backends(), SET, &KEY)?;
    check.equal(&mut key.with_public_key(sha256)?, &PUBLIC)?;
    check.equal(&mut key.with_expanded(sha256)?, &EXPANDED)
}

fn cast_encapsulate(check: &mut Check) -> Result<()> {
    static KEY: [u8; 1184] = kat::hex(FILE, "encaps_ek");
    static M: [u8; SECRET] = kat::hex(FILE, "encaps_m");
    static CIPHERTEXT: [u8; 32] = kat::hex(FILE, "encaps_c_sha256");
    static SHARED: [u8; SECRET] = kat::hex(FILE, "encaps_k");
    let (mut ciphertext, mut secret) = ([0; 1088], Zeroizing::new([0; SECRET]));
    PublicKey::new(check.backends(), SET, &KEY)?.encapsulate(&M, &mut ciphertext, &mut *secret)?;
    check.equal(&mut sha256(&ciphertext)?, &CIPHERTEXT)?;
    check.equal(&mut *secret, &SHARED)
}

fn cast_decapsulate(check: &mut Check) -> Result<()> {
    static KEY: [u8; SEED] = kat::hex(FILE, "decaps_seed");
    static CIPHERTEXT: [u8; 1088] = kat::hex(FILE, "decaps_c");
    static SHARED: [u8; SECRET] = kat::hex(FILE, "decaps_k");
    opens(check, &KEY, &CIPHERTEXT, &SHARED)
}

fn cast_reject(check: &mut Check) -> Result<()> {
    static KEY: [u8; SEED] = kat::hex(FILE, "reject_seed");
    static CIPHERTEXT: [u8; 1088] = kat::hex(FILE, "reject_c");
    static SHARED: [u8; SECRET] = kat::hex(FILE, "reject_k");
    opens(check, &KEY, &CIPHERTEXT, &SHARED)
}

fn opens(check: &mut Check, key: &[u8], ciphertext: &[u8], expected: &[u8]) -> Result<()> {
    let mut secret = Zeroizing::new([0; SECRET]);
    PrivateKey::new(check.backends(), SET, key)?.decapsulate(ciphertext, &mut *secret)?;
    check.equal(&mut *secret, expected)
}
