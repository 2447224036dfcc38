//! What is left of secrets in memory: nothing in any block that is freed, and nothing in any that is allocated
//! once the key is gone (SSP-3, SSP-5, FSM-9, DRBG-12). Keys come in wrapped, and the test knows their bytes;
//! of keys that are born inside it knows them from a twin, an engine with the same entropy.
//!
//! That a key *is* found while it lives shows that the detector knows what it looks like.
//! `STRONGROOM_WIPE_TRACE=1` prints where a block with a secret was freed.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(
    feature = "std",
    feature = "os-entropy",
    feature = "aes",
    feature = "hmac",
    feature = "kdf",
    feature = "rsa",
    feature = "ecdsa",
    feature = "ed25519",
    feature = "sha3",
    feature = "ml-kem",
    feature = "ml-dsa",
    feature = "slh-dsa",
    feature = "hybrid"
))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    dead_code,
    unreachable_pub,
    missing_docs
)] // a test reports by panicking; some helpers are other tests'

mod memory;
#[path = "../services/outside.rs"]
mod outside;
mod secrets;

use memory::Watch;
use outside::{Dice, Partner};
use p256::elliptic_curve::point::AffineCoordinates;
use rsa::rand_core::TryRng;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Backend, Engine, Entropy, EntropyClaim, EntropyFailure, Export,
    Hash, Kdf, KeyHandle, KeyKind, Params, Restriction, Rule, Session, SignItem, SlotTable, Store, Subject,
    UnwrapAs, Usage,
};

#[global_allocator]
static HEAP: memory::Checking = memory::Checking;

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

fn open<S: Store + 'static>(engine: &Engine<S>) -> Session<'static, S> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn make(session: &Session<'_>, policy: AttributesBuilder) -> KeyHandle {
    session.generate(&policy.build().unwrap()).unwrap().value()
}

/// Runs on a stack of its own. What the test computes of secrets lies in dead frames for long, and the engine's
/// own values, moved over them, carry it along in their padding.
fn apart<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(body).join().unwrap())
}

fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Dice(seed).try_fill_bytes(&mut bytes).unwrap();
    bytes
}

/// A key that may leave in every form.
fn leaving(kind: KeyKind, usage: Usage, rule: Rule) -> AttributesBuilder {
    Attributes::builder(kind).usage(usage).permit(rule).export(Export::INTEROPERABLE).persistent()
}

/// A KEK for native blobs.
fn native(session: &Session<'_>) -> KeyHandle {
    let rule = Rule::any(Algorithm::NativeWrap);
    make(session, Attributes::builder(KeyKind::Aes256).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(rule))
}

/// One engine, and a partner who knows a KWP key of it.
struct Bench {
    engine: Engine,
    session: Session<'static>,
    partner: Partner,
    native: KeyHandle,
}

impl Bench {
    fn new() -> Self {
        Self::of(Engine::power_on().unwrap())
    }

    fn of(engine: Engine) -> Self {
        let session = open(&engine);
        let partner = Partner::of(&session, Algorithm::AesKwp);
        let native = native(&session);
        // Self-tests work with known keys of their own: they are no secrets of this test, and run now.
        engine.self_test().unwrap();
        Self { engine, session, partner, native }
    }

    /// Takes a key through everything that can become of it: it comes in, is used, leaves in native form and
    /// comes back, leaves bare, is copied, narrowed and destroyed. Nothing of it may be left.
    #[track_caller]
    fn life(
        &self,
        watch: &Watch,
        blob: &[u8],
        policy: AttributesBuilder,
        run: impl Fn(&Session<'_>, KeyHandle),
    ) {
        let Self { session, partner, native, .. } = self;
        let template = policy.build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        watch.nothing_lives();
        watch.nothing_is_freed(|| {
            let _key =
                session.unwrap(partner.kek, Algorithm::AesKwp, &Params::NONE, blob, form).unwrap().value();
            assert!(watch.live() > 0, "the detector does not know what the key looks like");
        });
        watch.nothing_is_freed(|| {
            let mut keys = [key_of(session)];
            run(session, keys[0]);
            let mut blob = vec![0; 4096];
            let len = session.wrap(*native, Algorithm::NativeWrap, &Params::NONE, keys[0], &mut blob);
            blob.truncate(len.unwrap().value());
            let mut bare = vec![0; 4096];
            session.wrap(partner.kek, Algorithm::AesKwp, &Params::NONE, keys[0], &mut bare).unwrap().value();
            let copy = session.copy(keys[0], &Restriction::none()).unwrap().value();
            session.restrict(copy, &Restriction::none().export(Export::NATIVE)).unwrap().value();
            run(session, copy);
            for key in keys.iter_mut().chain([&mut { copy }]) {
                session.destroy(*key).unwrap().value();
            }
            let whole = UnwrapAs::Native(&Restriction::none());
            let back =
                session.unwrap(*native, Algorithm::NativeWrap, &Params::NONE, &blob, whole).unwrap().value();
            run(session, back);
            // What is damaged is refused, and leaves nothing either.
            *blob.last_mut().unwrap() ^= 1;
            session.unwrap(*native, Algorithm::NativeWrap, &Params::NONE, &blob, whole).unwrap_err();
            session.destroy(back).unwrap().value();
        });
        watch.nothing_lives();
    }
}

/// A full pass of lanes, and two items that go alone.
fn sign_in_groups(session: &Session<'_>, key: KeyHandle, algorithm: Algorithm, params: Params<'static>) {
    let mut outs = [[0; 512]; 10];
    let mut items = outs.each_mut().map(|out| SignItem::new(key, algorithm, params, b"message", out));
    session.sign_batch(&mut items).unwrap();
}

/// The latest key of a session that has no handle at hand.
fn key_of(session: &Session<'_>) -> KeyHandle {
    let mut handles = [KeyHandle::from_u64(0); 16];
    let found = session.keys(&strongroom::Filter::ALL, None, &mut handles).unwrap().value();
    handles[found - 1]
}

#[test]
fn the_detector_finds_what_it_looks_for() {
    let watch = Watch::new();
    let mut secret = random(1, 32);
    watch.secret("secret", &secret);
    assert!(watch.live() >= 4, "the vector itself");
    secret.fill(0);
    watch.nothing_lives();
    watch.nothing_is_freed(|| drop(secret));
    for change in [
        (|bytes: &mut Vec<u8>| bytes.reverse()) as fn(&mut Vec<u8>),
        |bytes| bytes.truncate(8),
        |bytes| {
            bytes.splice(..24, [0; 27]);
        },
    ] {
        let freed = std::panic::catch_unwind(|| {
            watch.nothing_is_freed(|| {
                let mut copy = random(1, 32);
                change(&mut copy);
            });
        });
        assert!(freed.is_err(), "a copy was freed and not found");
    }
}

#[test]
fn keys_of_aes_leave_nothing() {
    let bench = Bench::new();
    let both = Usage::ENCRYPT.and(Usage::DECRYPT);
    let wrapping = Usage::WRAP.and(Usage::UNWRAP);
    let mac = Usage::MAC.and(Usage::VERIFY_MAC);
    let ciphers = |algorithm: Algorithm| {
        move |session: &Session<'_>, key: KeyHandle| {
            let mut out = [0; 96];
            let made = session.encrypt(key, algorithm, &Params::NONE, &[7; 48], &mut out).unwrap().value();
            let mut back = [0; 64];
            let params = Params::NONE.iv(made.iv.as_bytes());
            session.decrypt(key, algorithm, &params, &out[..made.len], &mut back).unwrap().value();
            let context = session.encrypt_start(key, algorithm, &Params::NONE).unwrap();
            session.update(&context, &[7; 16]).unwrap();
            session.encrypt_finish(&context, &mut out).unwrap().value();
        }
    };
    for (kind, len) in [(KeyKind::Aes128, 16), (KeyKind::Aes192, 24), (KeyKind::Aes256, 32)] {
        let watch = Watch::new();
        let blob = apart(|| {
            let secret = random(len as u64, len);
            watch.secret("AES key schedule", &secrets::round_keys(&secret));
            bench.partner.seal(&secret)
        });
        for algorithm in [Algorithm::AesGcm, Algorithm::AesCbc, Algorithm::AesCbcPkcs7] {
            bench.life(&watch, &blob, leaving(kind, both, Rule::any(algorithm)), ciphers(algorithm));
        }
        bench.life(&watch, &blob, leaving(kind, mac, Rule::any(Algorithm::AesCmac)), |session, key| {
            let mut tag = [0; 16];
            session.mac(key, Algorithm::AesCmac, &Params::NONE, b"message", &mut tag).unwrap().value();
            session.verify_mac(key, Algorithm::AesCmac, &Params::NONE, b"message", &tag).unwrap().value();
        });
        for algorithm in [Algorithm::AesKw, Algorithm::AesKwp, Algorithm::AesGcmWrap] {
            bench.life(&watch, &blob, leaving(kind, wrapping, Rule::any(algorithm)), |session, key| {
                let payload = leaving(KeyKind::Aes128, both, Rule::any(Algorithm::AesGcm));
                let payload = make(session, payload);
                let mut out = [0; 64];
                let len = session.wrap(key, algorithm, &Params::NONE, payload, &mut out).unwrap().value();
                let template = leaving(KeyKind::Aes128, both, Rule::any(Algorithm::AesGcm)).build().unwrap();
                let form = UnwrapAs::Foreign(&template);
                let back = session.unwrap(key, algorithm, &Params::NONE, &out[..len], form).unwrap().value();
                session.destroy(payload).unwrap().value();
                session.destroy(back).unwrap().value();
            });
        }
    }
}

#[test]
fn keys_for_macs_and_derivation_leave_nothing() {
    let bench = Bench::new();
    for hash in Hash::ALL {
        let watch = Watch::new();
        let blob = apart(|| {
            let secret = random(9, 32);
            watch.secret("HMAC key", &secret);
            for pad in [0x36, 0x5c] {
                let block: Vec<u8> = secret.iter().map(|byte| byte ^ pad).collect();
                watch.secret("padded HMAC key", &block);
            }
            bench.partner.seal(&secret)
        });
        let usage = Usage::MAC.and(Usage::VERIFY_MAC);
        let policy = leaving(KeyKind::Hmac, usage, Rule::hashed(Algorithm::Hmac, hash)).length(32);
        let params = Params::with_hash(hash);
        bench.life(&watch, &blob, policy, |session, key| {
            let mut tag = [0; 64];
            let len = session.mac(key, Algorithm::Hmac, &params, b"message", &mut tag).unwrap().value();
            session.verify_mac(key, Algorithm::Hmac, &params, b"message", &tag[..len]).unwrap().value();
            let context = session.mac_start(key, Algorithm::Hmac, &params).unwrap();
            session.update(&context, b"message").unwrap();
            session.mac_finish(&context, &mut tag).unwrap().value();
        });
    }

    let watch = Watch::new();
    let blob = apart(|| {
        let secret = random(10, 32);
        watch.secret("parent", &secret);
        let extracted = outside::hmac(Hash::Sha256, b"salt", &secret);
        watch.secret("pseudorandom key", &extracted);
        let child = outside::hmac(Hash::Sha256, &extracted, b"info\x01");
        watch.secret("child", &secrets::round_keys(&child));
        bench.partner.seal(&secret)
    });
    let policy = leaving(KeyKind::Derivation, Usage::DERIVE, Rule::hashed(Algorithm::Hkdf, Hash::Sha256));
    bench.life(&watch, &blob, policy.length(32), |session, key| {
        let template =
            leaving(KeyKind::Aes256, Usage::ENCRYPT, Rule::any(Algorithm::AesGcm)).export(Export::NATIVE);
        let template = template.build().unwrap();
        let params = SHA256.salt(b"salt").info(b"info");
        let child = session.derive(key, Algorithm::Hkdf, &params, &template).unwrap().value();
        session.destroy(child).unwrap().value();
    });
}

/// Each construction from a derivation key: parent, child, and nothing of either afterwards.
#[test]
fn derivations_leave_nothing() {
    const FIXED: &[u8] = b"label\0info\0\0\x01\0"; // L: 256 bits
    let bench = Bench::new();
    let labelled = SHA256.label(b"label").info(b"info");
    let first = |fixed: &[u8]| [&[0, 0, 0, 1], fixed].concat();
    for (algorithm, params, child) in [
        (Algorithm::OneStepHash, SHA256.info(b"info"), None),
        (Algorithm::OneStepHmac, SHA256.info(b"info").salt(b"salt"), Some(false)),
        (Algorithm::CounterHmac, labelled, Some(true)),
        (Algorithm::FeedbackHmac, labelled, Some(true)),
    ] {
        let watch = Watch::new();
        let blob = apart(|| {
            let secret = random(11, 32);
            watch.secret("parent", &secret);
            let z = [&first(&secret)[..], b"info"].concat();
            let child = match child {
                None => outside::digest(Hash::Sha256, &z),
                Some(false) => outside::hmac(Hash::Sha256, b"salt", &z),
                Some(true) => outside::hmac(Hash::Sha256, &secret, &first(FIXED)),
            };
            watch.secret("child", &secrets::round_keys(&child));
            bench.partner.seal(&secret)
        });
        let policy = leaving(KeyKind::Derivation, Usage::DERIVE, Rule::hashed(algorithm, Hash::Sha256));
        bench.life(&watch, &blob, policy.length(32), |session, key| {
            let template =
                leaving(KeyKind::Aes256, Usage::ENCRYPT, Rule::any(Algorithm::AesGcm)).export(Export::NATIVE);
            let template = template.build().unwrap();
            let child = session.derive(key, algorithm, &params, &template).unwrap().value();
            session.destroy(child).unwrap().value();
        });
    }
}

/// PBKDF2: the padded password and the key. The password itself is the caller's.
#[test]
fn keys_from_passwords_leave_nothing() {
    const PASSWORD: &[u8] = b"a password of the embedder";
    let engine = Engine::builder().min_iterations(1000).power_on().unwrap();
    let session = open(&engine);
    engine.self_test().unwrap();
    let watch = Watch::new();
    apart(|| {
        let mut block = [0; 64];
        block[..PASSWORD.len()].copy_from_slice(PASSWORD);
        for pad in [0x36, 0x5c] {
            let padded: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
            watch.secret("padded password", &padded[..PASSWORD.len()]);
        }
        let mut u = outside::hmac(Hash::Sha256, PASSWORD, b"sixteen of salt.\0\0\0\x01");
        let mut key = u.clone();
        for _ in 1..1000 {
            u = outside::hmac(Hash::Sha256, PASSWORD, &u);
            key.iter_mut().zip(&u).for_each(|(t, u)| *t ^= u);
        }
        watch.secret("the last iteration", &u);
        watch.secret("key", &secrets::round_keys(&key));
    });
    let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
    let template = Attributes::builder(KeyKind::Aes256).usage(usage).permit(Rule::any(Algorithm::AesGcm));
    let template = template.build().unwrap();
    let params = SHA256.salt(b"sixteen of salt.").iterations(1000);
    watch.nothing_lives();
    watch.nothing_is_freed(|| {
        let made = session.derive_from_password(Algorithm::Pbkdf2, &params, PASSWORD, &template);
        let key = made.unwrap().value();
        assert!(watch.live() > 0, "the detector does not know what the key looks like");
        session.encrypt(key, Algorithm::AesGcm, &Params::NONE, b"m", &mut [0; 17]).unwrap().value();
        session.destroy(key).unwrap().value();
    });
    watch.nothing_lives();
}

#[test]
fn keys_of_rsa_leave_nothing() {
    let bench = Bench::new();
    for (bits, kind) in [(2048, KeyKind::Rsa2048), (3072, KeyKind::Rsa3072), (4096, KeyKind::Rsa4096)] {
        let watch = Watch::new();
        let blob = apart(|| {
            let key = outside::rsa(bits);
            for (name, number) in ["d", "p", "q", "dP", "dQ", "qInv"].into_iter().zip(&key.numbers[2..]) {
                watch.secret(name, number);
                watch.secret("limbs of 52 bits", &secrets::limbs_of_52(number));
            }
            bench.partner.seal(&key.pkcs8())
        });
        let signs = Usage::SIGN.and(Usage::VERIFY);
        for algorithm in [Algorithm::RsaPkcs1, Algorithm::RsaPss] {
            let policy = leaving(kind, signs, Rule::hashed(algorithm, Hash::Sha256));
            bench.life(&watch, &blob, policy, |session, key| {
                let mut signature = [0; 512];
                let signed =
                    session.sign(key, algorithm, &SHA256, b"message", &mut signature).unwrap().value();
                session.verify(key, algorithm, &SHA256, b"message", &signature[..signed]).unwrap().value();
                sign_in_groups(session, key, algorithm, SHA256);
            });
        }
        let unwraps = Usage::WRAP.and(Usage::UNWRAP);
        let policy = leaving(kind, unwraps, Rule::hashed(Algorithm::RsaOaep, Hash::Sha256));
        bench.life(&watch, &blob, policy, |session, key| {
            // At most as strong as RSA-2048.
            let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
            let payload = || leaving(KeyKind::Hmac, Usage::MAC, rule).length(14);
            let secret = make(session, payload());
            let mut sealed = [0; 512];
            let len = session.wrap(key, Algorithm::RsaOaep, &SHA256, secret, &mut sealed).unwrap().value();
            let template = payload().build().unwrap();
            let form = UnwrapAs::Foreign(&template);
            let back =
                session.unwrap(key, Algorithm::RsaOaep, &SHA256, &sealed[..len], form).unwrap().value();
            session.destroy(secret).unwrap().value();
            session.destroy(back).unwrap().value();
        });
    }
}

/// PrivateKeyInfo of a post-quantum key: the last two arcs of its object identifier, and what is in the OCTET
/// STRING.
fn pkcs8(arc: [u8; 2], content: &[u8]) -> Vec<u8> {
    let oid = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, arc[0], arc[1]];
    let len = content.len() as u8;
    [&[0x30, len + 18, 2, 1, 0, 0x30, 11], &oid[..], &[4, len], content].concat()
}

#[test]
fn post_quantum_keys_leave_nothing() {
    post_quantum_keys(&Bench::new());
}

#[test]
fn post_quantum_keys_of_the_portable_backend_leave_nothing() {
    let builder = Engine::builder().backend(Backend::Portable).unwrap();
    post_quantum_keys(&Bench::of(builder.power_on().unwrap()));
}

/// Seeds, what they are expanded to (FIPS 203 section 5.1, FIPS 204 section 6.1), shared secrets, and the seed of a
/// signature's masks.
fn post_quantum_keys(bench: &Bench) {
    let shake = |input: &[u8], len: usize| {
        let mut out = vec![0; len];
        bench.session.xof(strongroom::Xof::Shake256, input, &mut out).unwrap().value();
        out
    };
    let both = Usage::ENCAPSULATE.and(Usage::DECAPSULATE);
    for (kind, arc, len) in
        [(KeyKind::MlKem512, 1, 768), (KeyKind::MlKem768, 2, 1088), (KeyKind::MlKem1024, 3, 1568)]
    {
        let watch = Watch::new();
        // A ciphertext of zeros opens to J(z || c): a shared secret that the test knows.
        let zeros = vec![0; len];
        let blob = apart(|| {
            let seed = random(u64::from(arc), 64);
            watch.secret("d", &seed[..32]);
            watch.secret("z", &seed[32..]);
            let rank = [arc + 1]; // k of the set
            let mut expanded = [0; 64];
            let input = [&seed[..32], &rank].concat();
            bench.session.digest(Hash::Sha3_512, &input, &mut expanded).unwrap().value();
            watch.secret("sigma", &expanded[32..]);
            watch.secret("shared secret", &shake(&[&seed[32..], &zeros].concat(), 32));
            bench.partner.seal(&pkcs8([4, arc], &[&[0x80, 64], &seed[..]].concat()))
        });
        let template = || {
            leaving(KeyKind::Derivation, Usage::DERIVE, Rule::any(Algorithm::Hkdf))
                .length(32)
                .export(Export::NATIVE)
                .build()
        };
        bench.life(&watch, &blob, leaving(kind, both, Rule::any(Algorithm::MlKem)), |session, key| {
            let template = template().unwrap();
            let none = Params::NONE;
            let opened = session.decapsulate(key, Algorithm::MlKem, &none, &zeros, &template);
            session.destroy(opened.unwrap().value()).unwrap().value();
            let mut ciphertext = vec![0; len];
            let made = session.encapsulate(key, Algorithm::MlKem, &none, &template, &mut ciphertext).unwrap();
            session.destroy(made.value().0).unwrap().value();
        });
    }
    let signs = Usage::SIGN.and(Usage::VERIFY);
    let signing = |algorithm, len| {
        move |session: &Session<'_>, key: KeyHandle| {
            let mut signature = vec![0; len];
            session.sign(key, algorithm, &Params::NONE, b"message", &mut signature).unwrap().value();
            session.verify(key, algorithm, &Params::NONE, b"message", &signature).unwrap().value();
        }
    };
    for (kind, arc, rows, columns, len) in [
        (KeyKind::MlDsa44, 17, 4, 4, 2420),
        (KeyKind::MlDsa65, 18, 6, 5, 3309),
        (KeyKind::MlDsa87, 19, 8, 7, 4627),
    ] {
        let watch = Watch::new();
        let blob = apart(|| {
            let seed = random(u64::from(arc), 32);
            watch.secret("xi", &seed);
            let expanded = shake(&[&seed[..], &[rows, columns]].concat(), 128);
            watch.secret("rho prime", &expanded[32..96]);
            watch.secret("K", &expanded[96..]);
            // Algorithm 7 of b"message" without a context, deterministic.
            let public = shake(&secrets::ml_dsa_public(kind, &seed), 64);
            let mu = shake(&[&public[..], &[0, 0], b"message"].concat(), 64);
            watch.secret("rho second", &shake(&[&expanded[96..], &[0; 32], &mu].concat(), 64));
            bench.partner.seal(&pkcs8([3, arc], &[&[0x80, 32], &seed[..]].concat()))
        });
        let policy = || leaving(kind, signs, Rule::any(Algorithm::MlDsa).allow_deterministic());
        bench.life(&watch, &blob, policy(), |session, key| {
            signing(Algorithm::MlDsa, len)(session, key);
            let (params, mut signature) = (Params::NONE.deterministic(), vec![0; len]);
            session.sign(key, Algorithm::MlDsa, &params, b"message", &mut signature).unwrap().value();
        });
        drop(watch);
        // The numbers of s1 and s2 are too plain to be looked for; transformed they are not. One at a time: each
        // must be seen in the living key.
        for (name, index) in [("s1", 0), ("s2", columns)] {
            let watch = Watch::new();
            apart(|| {
                let seed = random(u64::from(arc), 32);
                let expanded = shake(&[&seed[..], &[rows, columns]].concat(), 128);
                let stream = shake(&[&expanded[32..96], &[index, 0]].concat(), 1024);
                for form in secrets::ml_dsa_forms(&stream, if rows == 6 { 4 } else { 2 }) {
                    watch.secret(name, &form);
                }
            });
            bench.life(&watch, &blob, policy(), signing(Algorithm::MlDsa, len));
        }
    }
    // Seeds and root of kat-vectors/tests/slh_dsa.txt, whose root fits.
    let vectors = include_str!("../../kat-vectors/tests/slh_dsa.txt");
    for (kind, arc) in [(KeyKind::SlhDsaSha2_128f, 21), (KeyKind::SlhDsaShake128f, 27)] {
        let watch = Watch::new();
        let blob = apart(|| {
            let line = vectors.lines().find(|line| line.split(' ').next() == Some(kind.name())).unwrap();
            let fields: Vec<&str> = line.split(' ').collect();
            let key = outside::unhex(&[fields[1], fields[2]].concat());
            watch.secret("SK.seed", &key[..16]);
            watch.secret("SK.prf", &key[16..32]);
            bench.partner.seal(&pkcs8([3, arc], &key))
        });
        let policy = leaving(kind, signs, Rule::any(Algorithm::SlhDsa));
        bench.life(&watch, &blob, policy, signing(Algorithm::SlhDsa, 17088));
    }
}

// RFC 6979 A.2.5, message "sample" with SHA-256, and A.2.6 with SHA-512: private key and nonce.
const P256: [&str; 2] = [
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
    "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
];
const P384: [&str; 2] = [
    "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
    "92FC3C7183A883E24216D1141F1A8976C5B0DD797DFA597E3D7B32198BD35331A4E966532593A52980D0E3AAA5E10EC3",
];

#[test]
fn keys_and_nonces_of_ecdsa_leave_nothing() {
    let bench = Bench::new();
    for p384 in [false, true] {
        let watch = Watch::new();
        let ([d, k], curve, hash) =
            if p384 { (P384, outside::P384, Hash::Sha512) } else { (P256, outside::P256, Hash::Sha256) };
        let blob = apart(|| {
            let (d, k) = (outside::unhex(d), outside::unhex(k));
            let forms =
                |bytes: &[u8]| if p384 { secrets::p384_forms(bytes) } else { secrets::p256_forms(bytes) };
            // The inverse of d is nobody's; that of k is the whole key.
            forms(&d)[..2].iter().for_each(|form| _ = watch.secret("d", form));
            forms(&k).iter().for_each(|form| _ = watch.secret("k", form));
            let point = if p384 {
                p384::ecdsa::SigningKey::from_slice(&d)
                    .unwrap()
                    .verifying_key()
                    .to_sec1_point(false)
                    .to_bytes()
            } else {
                p256::ecdsa::SigningKey::from_slice(&d)
                    .unwrap()
                    .verifying_key()
                    .to_sec1_point(false)
                    .to_bytes()
            };
            bench.partner.seal(&outside::ec_pkcs8(curve, &d, &point))
        });
        let (kind, algorithm) = if p384 {
            (KeyKind::EcP384, Algorithm::EcdsaP384)
        } else {
            (KeyKind::EcP256, Algorithm::EcdsaP256)
        };
        let rule = Rule::hashed(algorithm, hash).allow_deterministic();
        bench.life(&watch, &blob, leaving(kind, Usage::SIGN.and(Usage::VERIFY), rule), |session, key| {
            let params = Params::with_hash(hash);
            let mut signature = [0; 96];
            for params in [params, params.deterministic()] {
                let len = session.sign(key, algorithm, &params, b"sample", &mut signature).unwrap().value();
                session.verify(key, algorithm, &params, b"sample", &signature[..len]).unwrap().value();
            }
        });
    }
}

#[test]
fn keys_of_ed25519_leave_nothing() {
    let bench = Bench::new();
    let watch = Watch::new();
    let blob = apart(|| {
        let seed: [u8; 32] = random(25519, 32).try_into().unwrap();
        let forms = secrets::ed25519_forms(&seed, b"message");
        for (name, form) in
            ["seed", "hash", "scalar", "reduced scalar", "nonce", "reduced nonce"].iter().zip(forms)
        {
            watch.secret(name, &form);
        }
        bench.partner.seal(&outside::ed25519_pkcs8(&seed))
    });
    let policy = leaving(KeyKind::Ed25519, Usage::SIGN.and(Usage::VERIFY), Rule::any(Algorithm::Ed25519));
    bench.life(&watch, &blob, policy, |session, key| {
        let mut signature = [0; 64];
        session.sign(key, Algorithm::Ed25519, &Params::NONE, b"message", &mut signature).unwrap().value();
        session.verify(key, Algorithm::Ed25519, &Params::NONE, b"message", &signature).unwrap().value();
        sign_in_groups(session, key, Algorithm::Ed25519, Params::NONE);
    });
}

#[test]
fn agreed_secrets_leave_nothing() {
    let bench = Bench::new();
    let watch = Watch::new();
    let peer = p256::SecretKey::from_slice(&random(256, 32)).unwrap();
    let peer = peer.public_key();
    let point = peer.to_sec1_bytes();
    let blob = apart(|| {
        let d = outside::unhex(P256[0]);
        let own = p256::SecretKey::from_slice(&d).unwrap();
        let shared = (peer.to_projective() * *own.to_nonzero_scalar()).to_affine().x();
        secrets::p256_forms(&d)[..2].iter().for_each(|form| _ = watch.secret("d", form));
        watch.secret("Z", &shared);
        let extracted = outside::hmac(Hash::Sha256, b"salt", &shared);
        watch.secret("pseudorandom key", &extracted);
        watch.secret("child", &secrets::round_keys(&outside::hmac(Hash::Sha256, &extracted, b"info\x01")));
        let own_point = own.public_key().to_sec1_bytes();
        bench.partner.seal(&outside::ec_pkcs8(outside::P256, &d, &own_point))
    });
    let policy = leaving(KeyKind::EcP256, Usage::AGREE, Rule::hashed(Algorithm::EcdhP256, Hash::Sha256));
    bench.life(&watch, &blob, policy, |session, key| {
        let template =
            leaving(KeyKind::Aes256, Usage::ENCRYPT, Rule::any(Algorithm::AesGcm)).export(Export::NATIVE);
        let params = SHA256.salt(b"salt").info(b"info").kdf(Kdf::Hkdf);
        let agreed = session.agree(key, Algorithm::EcdhP256, &params, &point, &template.build().unwrap());
        session.destroy(agreed.unwrap().value()).unwrap().value();
    });
}

/// Both private halves, both shared secrets, and the key that is made of them for one call.
#[test]
fn hybrid_keys_leave_nothing() {
    const KWP: Algorithm = Algorithm::HybridKwp;
    let bench = Bench::new();
    let policy = || {
        let usage = Usage::WRAP.and(Usage::UNWRAP);
        leaving(KeyKind::HybridP384MlKem1024, usage, Rule::any(KWP))
    };
    let secret = || [outside::unhex(P384[0]), random(386, 64)].concat();
    // The public key is in the derivation: an engine that is gone computed it.
    let public = apart(|| {
        let other = Bench::new();
        let template = policy().build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        let blob = other.partner.seal(&secret());
        let key = other.session.unwrap(other.partner.kek, Algorithm::AesKwp, &Params::NONE, &blob, form);
        let mut spki = [0; 2000];
        let len = other.session.public_key(key.unwrap().value(), &mut spki).unwrap().value();
        // 23 and 22 bytes of headers.
        [&spki[23..120], &spki[142..len]].concat()
    });
    // A ciphertext of zeros opens to J(z || c): a shared secret that the test knows.
    let peer = p384::SecretKey::from_slice(&random(385, 48)).unwrap().public_key();
    let encapsulation = [&peer.to_sec1_bytes()[..], &[0; 1568]].concat();
    let watch = Watch::new();
    let blob = apart(|| {
        let secret = secret();
        let (d, seed) = secret.split_at(48);
        secrets::p384_forms(d)[..2].iter().for_each(|form| _ = watch.secret("d", form));
        watch.secret("seed d", &seed[..32]).secret("seed z", &seed[32..]);
        let own = p384::SecretKey::from_slice(d).unwrap();
        let z = (peer.to_projective() * *own.to_nonzero_scalar()).to_affine().x();
        let mut t = vec![0; 32];
        let rejected = [&seed[32..], &[0; 1568]].concat();
        bench.session.xof(strongroom::Xof::Shake256, &rejected, &mut t).unwrap().value();
        let ids = b"strongroom\x05\x31\x09\x01";
        let input = [&[0, 0, 0, 1], &z[..], &t, &ids[..], &encapsulation, &public].concat();
        let kek = outside::digest(Hash::Sha512, &input);
        watch.secret("Z", &z).secret("T", &t).secret("KEK", &secrets::round_keys(&kek[..32]));
        bench.partner.seal(&secret)
    });
    bench.life(&watch, &blob, policy(), |session, key| {
        let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
        let payload = || leaving(KeyKind::Aes128, usage, Rule::any(Algorithm::AesGcm));
        let template = payload().build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        let garbage = [&encapsulation[..], &[1; 24]].concat();
        session.unwrap(key, KWP, &Params::NONE, &garbage, form).unwrap_err();
        let payload = make(session, payload());
        let mut out = [0; 1800];
        let len = session.wrap(key, KWP, &Params::NONE, payload, &mut out).unwrap().value();
        let back = session.unwrap(key, KWP, &Params::NONE, &out[..len], form).unwrap().value();
        session.destroy(payload).unwrap().value();
        session.destroy(back).unwrap().value();
    });
}

/// An entropy source that gives every engine the same.
struct Fixed(Dice);

impl Entropy for Fixed {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::FullEntropy
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailure> {
        self.0.try_fill_bytes(out).map_err(|_| EntropyFailure)
    }
}

/// What the engine with [`Fixed`] entropy generates, by kind, with the names of its numbers.
fn of_a_twin(watch: &Watch, kind: KeyKind, rule: Rule, usage: Usage) {
    let session = open(&Engine::builder().entropy(Fixed(Dice(77))).power_on().unwrap());
    let key = make(&session, leaving(kind, usage, rule));
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let mut blob = vec![0; 4096];
    let len = session.wrap(partner.kek, Algorithm::AesKwp, &Params::NONE, key, &mut blob).unwrap().value();
    let bytes = outside::kwp_open(&partner.bytes, &blob[..len]).unwrap();
    let secrets: Vec<(&'static str, Vec<u8>)> = match kind {
        KeyKind::Aes128 => vec![("round keys", secrets::round_keys(&bytes))],
        KeyKind::Rsa2048 => {
            // PrivateKeyInfo around version, n, e, d, p, q, dP, dQ, qInv: the numbers by their DER headers.
            let mut numbers = integers(&bytes[bytes.windows(3).position(|w| w == [2, 1, 0]).unwrap() + 3..]);
            let secret = numbers.split_off(numbers.len() - 6);
            ["d", "p", "q", "dP", "dQ", "qInv"].into_iter().zip(secret).collect()
        }
        KeyKind::EcP256 => {
            let at = bytes.windows(2).rposition(|w| w == [4, 32]).unwrap() + 2;
            secrets::p256_forms(&bytes[at..at + 32])[..2].iter().map(|form| ("d", form.clone())).collect()
        }
        _ => {
            let seed: [u8; 32] = bytes[bytes.len() - 32..].try_into().unwrap();
            secrets::ed25519_forms(&seed, b"").into_iter().take(4).map(|form| ("seed", form)).collect()
        }
    };
    for (name, bytes) in secrets {
        watch.secret(name, &bytes);
    }
}

/// The contents of the DER integers that follow each other at the end of `bytes`.
fn integers(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == 2) {
        let (len, header) = match rest.get(at + 1) {
            Some(0x82) => (usize::from(rest[at + 2]) << 8 | usize::from(rest[at + 3]), 4),
            Some(0x81) => (usize::from(rest[at + 2]), 3),
            Some(short @ ..=0x7f) => (usize::from(*short), 2),
            _ => return found,
        };
        let Some(number) = rest.get(at + header..at + header + len) else { break };
        found.push(number[number.iter().take_while(|byte| **byte == 0).count()..].to_vec());
        rest = &rest[at + header + len..];
    }
    found
}

#[test]
fn keys_that_are_born_inside_leave_nothing() {
    let signs = Usage::SIGN.and(Usage::VERIFY);
    for (kind, rule, usage) in [
        (KeyKind::Aes128, Rule::any(Algorithm::AesGcm), Usage::ENCRYPT),
        (KeyKind::EcP256, Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256), signs),
        (KeyKind::Ed25519, Rule::any(Algorithm::Ed25519), signs),
        (KeyKind::Rsa2048, Rule::hashed(Algorithm::RsaPss, Hash::Sha256), signs),
    ] {
        let watch = Watch::new();
        apart(|| of_a_twin(&watch, kind, rule, usage));
        let session = open(&Engine::builder().entropy(Fixed(Dice(77))).power_on().unwrap());
        watch.nothing_lives();
        let key = watch.nothing_is_freed(|| {
            let key = make(&session, leaving(kind, usage, rule));
            assert!(watch.live() > 0, "{}: the twins are not alike", kind.name());
            key
        });
        watch.nothing_is_freed(|| session.destroy(key).unwrap().value());
        watch.nothing_lives();
    }
}

/// Keys, pins, contexts of idle sessions: all is gone when `zeroise` returns, and the sessions are still there.
#[test]
fn zeroise_leaves_nothing_alive() {
    let bench = Bench::new();
    let watch = Watch::new();
    let (aes, hmac) = apart(|| {
        let (aes, hmac) = (random(31, 32), random(32, 32));
        watch.secret("AES key schedule", &secrets::round_keys(&aes)).secret("HMAC key", &hmac);
        (bench.partner.seal(&aes), bench.partner.seal(&hmac))
    });
    let Bench { engine, session, partner, .. } = &bench;
    let bring = |blob: &[u8], policy: AttributesBuilder| {
        let template = policy.build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        session.unwrap(partner.kek, Algorithm::AesKwp, &Params::NONE, blob, form).unwrap().value()
    };
    let gcm = bring(&aes, leaving(KeyKind::Aes256, Usage::ENCRYPT, Rule::any(Algorithm::AesGcm)));
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
    let hmac = bring(&hmac, leaving(KeyKind::Hmac, Usage::MAC, rule).length(32));
    let idle: Vec<_> = (0..3).map(|_| open(engine)).collect();
    for session in &idle {
        let mut out = [0; 64];
        session.encrypt(gcm, Algorithm::AesGcm, &Params::NONE, b"text", &mut out).unwrap().value();
        let context = session.mac_start(hmac, Algorithm::Hmac, &SHA256).unwrap();
        session.update(&context, b"begun").unwrap();
        let context = session.encrypt_start(gcm, Algorithm::AesGcm, &Params::NONE).unwrap();
        session.update(&context, b"a text of the caller").unwrap();
    }
    watch.secret("buffered text", b"a text of the caller");
    assert!(watch.live() > 0);
    watch.nothing_is_freed(|| engine.zeroise());
    watch.nothing_lives();
    drop(idle);
}

/// The same where keys lie in their slots, in one block that nobody frees.
#[test]
fn slots_are_wiped_in_place() {
    let rule = Rule::any(Algorithm::AesGcm);
    for zeroise in [false, true] {
        let watch = Watch::new();
        apart(|| of_a_twin(&watch, KeyKind::Aes128, rule, Usage::ENCRYPT));
        let store = SlotTable::<8, 64, 2>::new();
        let engine = Engine::with_store(store).entropy(Fixed(Dice(77))).power_on().unwrap();
        let session = open(&engine);
        let key = session.generate(&leaving(KeyKind::Aes128, Usage::ENCRYPT, rule).build().unwrap());
        let key = key.unwrap().value();
        assert!(watch.live() > 0, "the twins are not alike");
        let mut out = [0; 64];
        session.encrypt(key, Algorithm::AesGcm, &Params::NONE, b"text", &mut out).unwrap().value();
        watch.nothing_is_freed(|| {
            if zeroise { engine.zeroise() } else { session.destroy(key).unwrap().value() }
        });
        watch.nothing_lives();
    }
}
