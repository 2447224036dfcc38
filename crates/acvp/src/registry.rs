//! Every algorithm that is answered, a row each: the table to add to.

use crate::family::{
    aes_cbc, aes_ctr, aes_gcm, cmac, drbg, ecdsa, eddsa, hash, hmac, kas_ecc, kda, kdf, key_wrap, kts_ifc,
    ml_dsa, ml_kem, pbkdf, rsa, rsa_primitive, slh_dsa,
};
use crate::fields::{Answer, Fields, Result, unsupported};
use crate::rig::Rig;

/// A test group, opened: what the group answers with, and the function that answers its cases.
pub(crate) struct Group<'r> {
    pub(crate) outputs: Answer,
    pub(crate) each: Box<dyn FnMut(Fields<'_>) -> Result<Answer> + 'r>,
}

impl<'r> Group<'r> {
    pub(crate) fn of(each: impl FnMut(Fields<'_>) -> Result<Answer> + 'r) -> Self {
        Self { outputs: Answer::new(), each: Box::new(each) }
    }
}

/// Opens a group: engine, vector set, group.
pub(crate) type Open = for<'r> fn(&'r Rig, Fields<'_>, Fields<'_>) -> Result<Group<'r>>;

struct Row {
    algorithm: &'static str,
    /// Empty where the algorithm has none. Compared without regard to case: sets differ in it.
    mode: &'static str,
    revisions: &'static [&'static str],
    open: Open,
}

const fn row(
    algorithm: &'static str,
    mode: &'static str,
    revisions: &'static [&'static str],
    open: Open,
) -> Row {
    Row { algorithm, mode, revisions, open }
}

const FIPS186: &[&str] = &["FIPS186-5", "1.0", "FIPS186-4"];
const SP800_56C: &[&str] = &["Sp800-56Cr2", "Sp800-56Cr1"];
const FIPS202: &[&str] = &["2.0", "1.0", "FIPS202"];

static ROWS: &[Row] = &[
    row("ACVP-AES-CBC", "", &["1.0"], aes_cbc::open),
    row("ACVP-AES-CTR", "", &["1.0"], aes_ctr::open),
    row("ACVP-AES-GCM", "", &["1.0"], aes_gcm::open),
    row("ACVP-AES-GMAC", "", &["1.0"], aes_gcm::open),
    row("ACVP-AES-KW", "", &["1.0"], key_wrap::open),
    row("ACVP-AES-KWP", "", &["1.0"], key_wrap::open),
    row("CMAC-AES", "", &["1.0"], cmac::open),
    row("SHA2-224", "", &["1.0"], hash::open),
    row("SHA2-256", "", &["1.0"], hash::open),
    row("SHA2-384", "", &["1.0"], hash::open),
    row("SHA2-512", "", &["1.0"], hash::open),
    row("SHA2-512/256", "", &["1.0"], hash::open),
    row("SHA3-224", "", FIPS202, hash::open),
    row("SHA3-256", "", FIPS202, hash::open),
    row("SHA3-384", "", FIPS202, hash::open),
    row("SHA3-512", "", FIPS202, hash::open),
    row("SHAKE-128", "", FIPS202, hash::open_xof),
    row("SHAKE-256", "", FIPS202, hash::open_xof),
    row("HMAC-SHA2-224", "", &["1.0"], hmac::open),
    row("HMAC-SHA2-256", "", &["1.0"], hmac::open),
    row("HMAC-SHA2-384", "", &["1.0"], hmac::open),
    row("HMAC-SHA2-512", "", &["1.0"], hmac::open),
    row("HMAC-SHA2-512/256", "", &["1.0"], hmac::open),
    row("HMAC-SHA3-224", "", &["1.0", "2.0"], hmac::open),
    row("HMAC-SHA3-256", "", &["1.0", "2.0"], hmac::open),
    row("HMAC-SHA3-384", "", &["1.0", "2.0"], hmac::open),
    row("HMAC-SHA3-512", "", &["1.0", "2.0"], hmac::open),
    row("ECDSA", "keyGen", FIPS186, ecdsa::key_gen),
    row("ECDSA", "keyVer", FIPS186, ecdsa::key_ver),
    row("ECDSA", "sigGen", FIPS186, ecdsa::sig_gen),
    row("ECDSA", "sigVer", FIPS186, ecdsa::sig_ver),
    row("DetECDSA", "sigGen", &["FIPS186-5"], ecdsa::sig_gen),
    row("EDDSA", "keyGen", &["1.0", "FIPS186-5"], eddsa::key_gen),
    row("EDDSA", "keyVer", &["1.0", "FIPS186-5"], eddsa::key_ver),
    row("EDDSA", "sigGen", &["1.0", "FIPS186-5"], eddsa::sig_gen),
    row("EDDSA", "sigVer", &["1.0", "FIPS186-5"], eddsa::sig_ver),
    row("RSA", "keyGen", &["FIPS186-5", "FIPS186-4"], rsa::key_gen),
    row("RSA", "sigGen", &["FIPS186-5", "FIPS186-4"], rsa::sig_gen),
    row("RSA", "sigVer", &["FIPS186-5", "FIPS186-4"], rsa::sig_ver),
    row("RSA", "signaturePrimitive", &["2.0", "1.0"], rsa_primitive::signature),
    row("RSA", "decryptionPrimitive", &["Sp800-56Br2"], rsa_primitive::decryption),
    row("KTS-IFC", "", &["Sp800-56Br2"], kts_ifc::open),
    row("KAS-ECC-SSC", "", &["Sp800-56Ar3"], kas_ecc::open),
    row("KDA", "HKDF", SP800_56C, kda::hkdf),
    row("KDA", "OneStep", SP800_56C, kda::one_step),
    row("KDF", "", &["1.0"], kdf::open),
    row("PBKDF", "", &["1.0"], pbkdf::open),
    row("ctrDRBG", "", &["1.0"], drbg::ctr),
    row("hmacDRBG", "", &["1.0"], drbg::hmac),
    row("ML-KEM", "keyGen", &["FIPS203"], ml_kem::key_gen),
    row("ML-KEM", "encapDecap", &["FIPS203", "FIPS203-tr1"], ml_kem::encap_decap),
    row("ML-DSA", "keyGen", &["FIPS204"], ml_dsa::key_gen),
    row("ML-DSA", "sigGen", &["FIPS204", "FIPS204-tr1"], ml_dsa::sig_gen),
    row("ML-DSA", "sigVer", &["FIPS204"], ml_dsa::sig_ver),
    row("SLH-DSA", "keyGen", &["FIPS205"], slh_dsa::key_gen),
    row("SLH-DSA", "sigGen", &["FIPS205"], slh_dsa::sig_gen),
    row("SLH-DSA", "sigVer", &["FIPS205"], slh_dsa::sig_ver),
];

/// The row of a set.
pub(crate) fn find(set: Fields<'_>) -> Result<Open> {
    let (algorithm, mode) = (set.text("algorithm")?, set.text_or("mode", "")?);
    let revision = set.text_or("revision", "")?;
    let named = |row: &&Row| row.algorithm == algorithm && row.mode.eq_ignore_ascii_case(mode);
    let Some(row) = ROWS.iter().find(named) else { return unsupported("no such algorithm and mode here") };
    let same = |known: &&str| known.eq_ignore_ascii_case(revision);
    if revision.is_empty() || row.revisions.iter().any(same) {
        Ok(row.open)
    } else {
        unsupported(format!("revision {revision}"))
    }
}

/// Every algorithm, mode and revision that is answered, a line each.
pub fn supported() -> impl Iterator<Item = String> {
    ROWS.iter().map(|row| {
        let gap = if row.mode.is_empty() { "" } else { " " };
        format!("{}{gap}{} {}", row.algorithm, row.mode, row.revisions.join("|"))
    })
}
