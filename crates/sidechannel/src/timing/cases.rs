//! The services that are timed, and the classes of their inputs.
//!
//! Both classes go through one buffer and through as many keys, so that no cache tells them apart.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

use strongroom::{
    Algorithm, Attributes, Backend, Engine, Error, Hash, HeapStore, KeyHandle, KeyKind, Params, Profile,
    Restriction, Rule, Session, SignItem, Subject, UnwrapAs, Usage,
};

use super::craft;
use super::{Case, Random};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const MESSAGE: usize = 64;

struct Rig {
    // Dropped last.
    session: Session<'static>,
    _engine: Engine,
    kek: KeyHandle,
    kek_bytes: [u8; 32],
}

pub(crate) fn all(backend: Backend) -> Vec<Case> {
    let engine = Engine::builder().store(HeapStore::new(128, 2)).profile(Profile::General).min_iterations(1);
    let engine = engine.backend(backend).unwrap().power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let (password, salt) = (b"not a password at all", b"salt of 16 bytes");
    let template = policy(KeyKind::Aes256, Usage::UNWRAP, Rule::any(Algorithm::AesKwp));
    let params = SHA256.salt(salt).iterations(1);
    let kek = session.derive_from_password(Algorithm::Pbkdf2, &params, password, &template).unwrap().value();
    let kek_bytes = craft::stretched(password, salt);
    let rig = &Rc::new(Rig { session, _engine: engine, kek, kek_bytes });

    let mut cases = controls();
    for (kind, algorithm, hash) in [
        (KeyKind::EcP256, Algorithm::EcdsaP256, Hash::Sha256),
        (KeyKind::EcP384, Algorithm::EcdsaP384, Hash::Sha384),
    ] {
        let params = Params::with_hash(hash);
        cases.push(keys(rig, kind, algorithm, params));
        let rule = Rule::any(algorithm).allow_deterministic();
        let key = rig.generate(&policy(kind, Usage::SIGN, rule));
        cases.push(messages(
            rig,
            &format!("{} sign", algorithm.name()),
            key,
            algorithm,
            params.deterministic(),
        ));
        cases.push(batches(rig, key, algorithm, params.deterministic()));
    }
    let key = rig.generate(&policy(KeyKind::Ed25519, Usage::SIGN, Rule::any(Algorithm::Ed25519)));
    cases.push(messages(rig, "ED25519 sign", key, Algorithm::Ed25519, Params::NONE));
    cases.push(batches(rig, key, Algorithm::Ed25519, Params::NONE));
    let key = rig.generate(&policy(KeyKind::Rsa2048, Usage::SIGN, Rule::any(Algorithm::RsaPkcs1)));
    cases.push(messages(rig, "RSA-2048 PKCS1 sign", key, Algorithm::RsaPkcs1, SHA256));
    cases.push(batches(rig, key, Algorithm::RsaPkcs1, SHA256));
    for kind in [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024] {
        cases.push(decapsulation(rig, kind));
    }
    cases.extend(kwp(rig));
    cases.extend(oaep(rig));
    cases.extend(native(rig));
    cases.extend(tags(rig));
    cases
}

fn policy(kind: KeyKind, usage: Usage, rule: Rule) -> Attributes {
    let builder = Attributes::builder(kind).usage(usage).permit(rule);
    let builder = if kind == KeyKind::Hmac { builder.length(32) } else { builder };
    builder.build().unwrap()
}

fn hmac() -> Attributes {
    policy(KeyKind::Hmac, Usage::MAC.and(Usage::VERIFY_MAC), Rule::hashed(Algorithm::Hmac, Hash::Sha256))
}

impl Rig {
    fn generate(&self, template: &Attributes) -> KeyHandle {
        self.session.generate(template).unwrap().value()
    }

    /// A private key whose bytes are known: PKCS #8 under the KEK.
    fn bring_in(&self, template: &Attributes, plain: &[u8]) -> KeyHandle {
        let mut padded = plain.to_vec();
        padded.resize(plain.len().next_multiple_of(8), 0);
        let blob = craft::w(&self.kek_bytes, craft::kwp_check(u32::try_from(plain.len()).unwrap()), &padded);
        let form = UnwrapAs::Foreign(template);
        self.session.unwrap(self.kek, Algorithm::AesKwp, &Params::NONE, &blob, form).unwrap().value()
    }
}

fn nanoseconds(call: impl FnOnce()) -> u64 {
    let start = Instant::now();
    call();
    u64::try_from(start.elapsed().as_nanos()).unwrap()
}

/// What the method shows where nothing differs, and where it does.
fn controls() -> Vec<Case> {
    let compare = |leaky: bool| {
        let other = [7u8; 4096];
        move |class: bool, _: &mut Random| {
            let mut buffer = other;
            buffer[if class && leaky { 4095 } else { 0 }] ^= 1;
            nanoseconds(|| {
                black_box(black_box(&buffer) == black_box(&other));
            })
        }
    };
    vec![
        Case {
            name: "control: nothing differs".into(),
            classes: "none, an early end of ==",
            run: Box::new(compare(false)),
        },
        Case {
            name: "control: a leak on purpose".into(),
            classes: "first or last byte, an early end of ==",
            run: Box::new(compare(true)),
        },
    ]
}

/// Private scalars with one bit, and random ones; eight keys each, hedged.
fn keys(rig: &Rc<Rig>, kind: KeyKind, algorithm: Algorithm, params: Params<'static>) -> Case {
    let template = policy(kind, Usage::SIGN, Rule::any(algorithm));
    // PrivateKeyInfo without the public key (RFC 5208, RFC 5915).
    let header: &[u8] = match kind {
        KeyKind::EcP256 => &[
            0x30, 0x41, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86,
            0x48, 0xce, 0x3d, 3, 1, 7, 4, 0x27, 0x30, 0x25, 2, 1, 1, 4, 0x20,
        ],
        _ => &[
            0x30, 0x4e, 2, 1, 0, 0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4,
            0, 0x22, 4, 0x37, 0x30, 0x35, 2, 1, 1, 4, 0x30,
        ],
    };
    let mut random = Random(kind.id().into());
    let pool = [false, true].map(|any| {
        [0; 8].map(|_| {
            let mut d = vec![0; if kind == KeyKind::EcP256 { 32 } else { 48 }];
            if any {
                random.fill(&mut d[1..]);
            } else {
                *d.last_mut().unwrap() = 4;
            }
            rig.bring_in(&template, &[header, &d].concat())
        })
    });
    let rig = Rc::clone(rig);
    let mut signature = [0; 96];
    Case {
        name: format!("{} sign", algorithm.name()),
        classes: "key 4, or random keys",
        run: Box::new(move |class, random| {
            let key = pool[usize::from(class)][usize::try_from(random.next() % 8).unwrap()];
            let mut message = [0; MESSAGE];
            random.fill(&mut message);
            // The session keeps the key at hand from here on.
            rig.session.sign(key, algorithm, &params, b"", &mut signature).unwrap().value();
            nanoseconds(|| {
                rig.session.sign(key, algorithm, &params, &message, &mut signature).unwrap().value();
            })
        }),
    }
}

/// One message, or another each time: where signing is deterministic, one nonce or another.
fn messages(
    rig: &Rc<Rig>,
    name: &str,
    key: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
) -> Case {
    let rig = Rc::clone(rig);
    let (mut message, mut signature) = ([0; MESSAGE], [0; 256]);
    Case {
        name: name.into(),
        classes: "one message, or random ones",
        run: Box::new(move |class, random| {
            random.fill(&mut message);
            if !class {
                message = [7; MESSAGE];
            }
            nanoseconds(|| {
                rig.session.sign(key, algorithm, &params, &message, &mut signature).unwrap().value();
            })
        }),
    }
}

/// The same in groups of eight, whose messages differ: eight lanes with one message need less power, and are faster.
fn batches(rig: &Rc<Rig>, key: KeyHandle, algorithm: Algorithm, params: Params<'static>) -> Case {
    let rig = Rc::clone(rig);
    let (mut messages, mut signatures) = ([[0; MESSAGE]; 8], [[0; 256]; 8]);
    Case {
        name: format!("{} sign, batch of 8", algorithm.name()),
        classes: "one message, or random ones",
        run: Box::new(move |class, random| {
            for (message, lane) in messages.iter_mut().zip(1..) {
                random.fill(message);
                if !class {
                    *message = [lane; MESSAGE];
                }
            }
            let items = messages.iter().zip(&mut signatures);
            let items = items.map(|(message, out)| SignItem::new(key, algorithm, params, message, out));
            let mut items: Vec<_> = items.collect();
            nanoseconds(|| rig.session.sign_batch(&mut items).unwrap())
        }),
    }
}

fn decapsulation(rig: &Rc<Rig>, kind: KeyKind) -> Case {
    let usage = Usage::ENCAPSULATE.and(Usage::DECAPSULATE);
    let key = rig.generate(&policy(kind, usage, Rule::any(Algorithm::MlKem)));
    let template = hmac();
    let mut valid = vec![0; 1600];
    let made = rig.session.encapsulate(key, Algorithm::MlKem, &Params::NONE, &template, &mut valid);
    valid.truncate(made.unwrap().value().1);
    let rig = Rc::clone(rig);
    let mut ciphertext = valid.clone();
    Case {
        name: format!("{} decapsulate", kind.name()),
        classes: "valid, or one byte changed",
        run: Box::new(move |class, random| {
            ciphertext.copy_from_slice(&valid);
            let at = usize::try_from(random.next()).unwrap() % valid.len();
            ciphertext[at] ^= u8::from(class);
            let mut made = None;
            let time = nanoseconds(|| {
                let params = &Params::NONE;
                made = Some(rig.session.decapsulate(key, Algorithm::MlKem, params, &ciphertext, &template));
            });
            rig.session.destroy(made.unwrap().unwrap().value()).unwrap().value();
            time
        }),
    }
}

/// Two blobs that are refused; which, is nobody's to know.
fn refusals(
    rig: &Rc<Rig>,
    (name, classes): (&str, &'static str),
    blobs: [Vec<u8>; 2],
    mut open: impl FnMut(&Session<'static>, &[u8]) -> Result<(), Error> + 'static,
) -> Case {
    let rig = Rc::clone(rig);
    let mut buffer = blobs[0].clone();
    Case {
        name: name.into(),
        classes,
        run: Box::new(move |class, _| {
            buffer.copy_from_slice(&blobs[usize::from(class)]);
            let mut answer = Ok(());
            let time = nanoseconds(|| answer = open(&rig.session, &buffer));
            assert_eq!(answer, Err(Error::Rejected));
            time
        }),
    }
}

fn kwp(rig: &Rc<Rig>) -> Vec<Case> {
    let (kek, kek_bytes) = (rig.kek, rig.kek_bytes);
    // 32 bytes of text, or 33 with 7 of padding; the check value, the length and the padding go wrong.
    let blob = |check: [u8; 8], change: &[usize]| {
        let mut text = [5; 40];
        text[33..].fill(0);
        change.iter().for_each(|at| text[*at] = 1);
        craft::w(&kek_bytes, check, &text)
    };
    let good = craft::kwp_check(33);
    let mut bad_first = good;
    bad_first[0] ^= 1;
    let open = move |session: &Session<'static>, blob: &[u8]| {
        let template = hmac();
        let form = UnwrapAs::Foreign(&template);
        session.unwrap(kek, Algorithm::AesKwp, &Params::NONE, blob, form).map(drop)
    };
    let pairs = [
        ("check value wrong, or padding", [blob(bad_first, &[]), blob(good, &[39])]),
        ("first byte of padding wrong, or last", [blob(good, &[33]), blob(good, &[39])]),
        (
            "length too small, or too large",
            [blob(craft::kwp_check(1), &[]), blob(craft::kwp_check(u32::MAX), &[])],
        ),
        ("length wrong, or padding", [blob(craft::kwp_check(32), &[]), blob(good, &[36])]),
    ];
    pairs.map(|(classes, blobs)| refusals(rig, ("AES-KWP unwrap", classes), blobs, open)).into()
}

fn oaep(rig: &Rc<Rig>) -> Vec<Case> {
    let rule = |algorithm| Rule::hashed(algorithm, Hash::Sha256);
    let kek = rig.generate(&policy(KeyKind::Rsa2048, Usage::UNWRAP, rule(Algorithm::RsaOaep)));
    let n = modulus(rig, kek);
    let blob = |damage: fn(&mut u8, &mut [u8])| craft::oaep(&n, &[9; 32], [3; 32], damage);
    let pairs: [(&'static str, [Vec<u8>; 2]); 4] = [
        ("first byte wrong, or hash of the label", [blob(|first, _| *first = 1), blob(|_, db| db[0] ^= 1)]),
        (
            "hash of the label wrong, or no separator",
            [blob(|_, db| db[0] ^= 1), blob(|_, db| db[32..].fill(0))],
        ),
        (
            "padding wrong at its start, or at its end",
            [blob(|_, db| db[32] = 2), blob(|_, db| *db.iter_mut().rev().nth(33).unwrap() = 2)],
        ),
        (
            "first byte wrong and all else right, or nothing right",
            [
                blob(|first, _| *first = 1),
                blob(|first, db| {
                    *first = 1;
                    db.fill(0x55);
                }),
            ],
        ),
    ];
    let open = move |session: &Session<'static>, blob: &[u8]| {
        let template = hmac();
        session.unwrap(kek, Algorithm::RsaOaep, &SHA256, blob, UnwrapAs::Foreign(&template)).map(drop)
    };
    let mut cases: Vec<_> =
        pairs.map(|(classes, blobs)| refusals(rig, ("RSA-2048 OAEP unwrap", classes), blobs, open)).into();

    let kek = rig.generate(&policy(KeyKind::Rsa2048, Usage::UNWRAP, rule(Algorithm::RsaAesKwp)));
    let n = modulus(rig, kek);
    let under_rsa = |damage: fn(&mut u8, &mut [u8])| craft::oaep(&n, &[9; 32], [3; 32], damage);
    let wrong = craft::w(&[9; 32], craft::kwp_check(31), &[5; 40]);
    let blobs =
        [[under_rsa(|_, db| db[0] ^= 1), wrong.clone()].concat(), [under_rsa(|_, _| {}), wrong].concat()];
    cases.push(refusals(
        rig,
        ("RSA-2048 RSA-AES-KWP unwrap", "OAEP wrong, or KWP"),
        blobs,
        move |session, blob| {
            let template = hmac();
            session.unwrap(kek, Algorithm::RsaAesKwp, &SHA256, blob, UnwrapAs::Foreign(&template)).map(drop)
        },
    ));
    cases
}

/// The modulus, which stands before the exponent 02 03 01 00 01 at the end.
fn modulus(rig: &Rig, key: KeyHandle) -> Vec<u8> {
    let mut spki = [0; 512];
    let len = rig.session.public_key(key, &mut spki).unwrap().value();
    spki[len - 5 - 256..len - 5].to_vec()
}

fn changed(good: &[u8], at: usize) -> Vec<u8> {
    let mut blob = good.to_vec();
    blob[at] ^= 1;
    blob
}

fn native(rig: &Rc<Rig>) -> Vec<Case> {
    let template = policy(KeyKind::Aes256, Usage::WRAP.and(Usage::UNWRAP), Rule::any(Algorithm::NativeWrap));
    let kek = rig.generate(&template);
    let usage = Usage::MAC.and(Usage::VERIFY_MAC);
    let payload = Attributes::builder(KeyKind::Hmac).usage(usage).length(128);
    let payload =
        payload.permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256)).export(strongroom::Export::NATIVE);
    let payload = rig.generate(&payload.build().unwrap());
    let mut blob = vec![0; 1024];
    let len = rig.session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, payload, &mut blob);
    blob.truncate(len.unwrap().value());
    rig.session.destroy(payload).unwrap().value();
    let end = blob.len();
    let pairs = [
        ("tag wrong in its first byte, or in its last", [changed(&blob, end - 16), changed(&blob, end - 1)]),
        (
            "key wrong in its first byte, or in its last",
            [changed(&blob, end - 144), changed(&blob, end - 17)],
        ),
    ];
    let open = move |session: &Session<'static>, blob: &[u8]| {
        let none = Restriction::none();
        session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, blob, UnwrapAs::Native(&none)).map(drop)
    };
    pairs.map(|(classes, blobs)| refusals(rig, ("NATIVE-WRAP unwrap", classes), blobs, open)).into()
}

fn tags(rig: &Rc<Rig>) -> Vec<Case> {
    let message = [7; 256];
    let key = rig.generate(&hmac());
    let mut tag = [0; 32];
    rig.session.mac(key, Algorithm::Hmac, &SHA256, &message, &mut tag).unwrap().value();
    let first_or_last = "tag wrong in its first byte, or in its last";
    let blobs = [changed(&tag, 0), changed(&tag, 31)];
    let hmac = refusals(rig, ("HMAC verify", first_or_last), blobs, move |session, tag| {
        session.verify_mac(key, Algorithm::Hmac, &SHA256, &message, tag).map(drop)
    });

    let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
    let key = rig.generate(&policy(KeyKind::Aes256, usage, Rule::any(Algorithm::AesGcm)));
    let mut sealed = [0; 272];
    let made =
        rig.session.encrypt(key, Algorithm::AesGcm, &Params::NONE, &message, &mut sealed).unwrap().value();
    let iv = made.iv.as_bytes().to_vec();
    let blobs = [changed(&sealed, 256), changed(&sealed, 271)];
    let mut out = [0; 272];
    let gcm = refusals(rig, ("AES-GCM decrypt", first_or_last), blobs, move |session, sealed| {
        session.decrypt(key, Algorithm::AesGcm, &Params::NONE.iv(&iv), sealed, &mut out).map(drop)
    });

    let key = rig.generate(&policy(KeyKind::Aes256, usage, Rule::any(Algorithm::AesCbcPkcs7)));
    let mut sealed = [0; 32];
    let params = Params::NONE;
    let made =
        rig.session.encrypt(key, Algorithm::AesCbcPkcs7, &params, &[7; 24], &mut sealed).unwrap().value();
    let iv = made.iv.as_bytes().to_vec();
    // The text ends in eight bytes of 08: a change in the block before changes the same bit of padding.
    let blobs = [changed(&sealed, 8), changed(&sealed, 14)];
    let mut out = [0; 32];
    let cbc = refusals(
        rig,
        ("AES-CBC-PKCS7 decrypt", "padding wrong in its first byte, or in its last but one"),
        blobs,
        move |session, sealed| {
            session.decrypt(key, Algorithm::AesCbcPkcs7, &Params::NONE.iv(&iv), sealed, &mut out).map(drop)
        },
    );
    vec![hmac, gcm, cbc]
}
