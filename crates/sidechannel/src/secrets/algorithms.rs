//! Every usage of every algorithm.

use strongroom::{
    AgreeItem, Algorithm, Hash, Kdf, KeyHandle, KeyKind, Outcome, Params, Rule, SignItem, Usage, lab,
};

use super::keys::{is_slow, rsa_kind, template};
use super::{Gave, Rig, Run, given, hmac, policy, refused};

/// Hashes of three constructions stand for all in a quick run.
const QUICK: [Hash; 3] = [Hash::Sha256, Hash::Sha512, Hash::Sha3_256];

pub(crate) fn all(run: &mut Run) {
    let rig = Rig::new();
    password(run, &rig);
    for algorithm in Algorithm::all() {
        for &kind in algorithm.facts().kinds {
            if kind == KeyKind::Hmac {
                macs(run, &rig);
                continue;
            }
            if kind.modulus_len() == 0 && run.quick && is_slow(kind) {
                continue;
            }
            let template = template(algorithm, kind);
            let made = if kind.modulus_len() == 0 {
                rig.session.generate(&template).map(Outcome::value)
            } else if let Some(der) = run.keys.iter().find(|der| rsa_kind(der) == kind) {
                rig.bring_in(&template, der)
            } else {
                continue;
            };
            let Ok(key) = made else {
                run.operation(&format!("a {} key for {}", kind.name(), algorithm.name()), || {
                    made.map(|_| Gave::Nothing)
                });
                continue;
            };
            let used = Used { rig: &rig, algorithm, kind, key };
            let usage = algorithm.facts().usage;
            if usage.has(Usage::ENCRYPT) {
                used.ciphers(run);
            } else if usage.has(Usage::MAC) {
                used.mac(run, Params::NONE, "");
            } else if usage.has(Usage::SIGN) {
                used.signatures(run);
            } else if usage.has(Usage::WRAP) {
                used.wraps(run);
            } else if usage.has(Usage::ENCAPSULATE) {
                used.encapsulations(run);
            } else {
                used.derivations(run);
            }
            rig.destroy(key);
        }
    }
}

fn hashes(run: &Run, algorithm: Algorithm) -> Vec<Option<Hash>> {
    let allowed = algorithm.facts().params.hashes;
    let all = Hash::ALL.into_iter().filter(|hash| allowed.contains(*hash));
    let chosen: Vec<_> = all.filter(|hash| !run.quick || QUICK.contains(hash)).map(Some).collect();
    if allowed.is_empty() { vec![None] } else { chosen }
}

fn with(hash: Option<Hash>) -> (Params<'static>, &'static str) {
    (hash.map_or(Params::NONE, Params::with_hash), hash.map_or("", Hash::name))
}

fn password(run: &mut Run, rig: &Rig) {
    let mut password = *b"a password of 32 bytes, no less!";
    lab::mark_secret(&mut password);
    for hash in hashes(run, Algorithm::Pbkdf2) {
        let (params, name) = with(hash);
        run.keyless(Algorithm::Pbkdf2, name, || {
            let params = params.salt(b"salt of 16 bytes").iterations(3);
            let template = hmac().export(strongroom::Export::NONE).build().unwrap();
            let key = rig.session.derive_from_password(Algorithm::Pbkdf2, &params, &password, &template)?;
            rig.says(key.value())
        });
    }
}

fn macs(run: &mut Run, rig: &Rig) {
    for hash in hashes(run, Algorithm::Hmac) {
        let (params, name) = with(hash);
        for length in [32, 128] {
            let rule = Rule::hashed(Algorithm::Hmac, hash.unwrap());
            let template = policy(KeyKind::Hmac, Usage::MAC.and(Usage::VERIFY_MAC), rule).length(length);
            let key = rig.generate(&template.build().unwrap());
            let used = Used { rig, algorithm: Algorithm::Hmac, kind: KeyKind::Hmac, key };
            used.mac(run, params, &format!("{name}, key of {length} bytes"));
            rig.destroy(key);
        }
    }
}

/// A key in use.
struct Used<'r> {
    rig: &'r Rig,
    algorithm: Algorithm,
    kind: KeyKind,
    key: KeyHandle,
}

impl Used<'_> {
    fn named(&self, more: &str) -> String {
        let kind = self.kind.name();
        if more.is_empty() { kind.into() } else { format!("{kind}, {more}") }
    }

    fn mac(&self, run: &mut Run, params: Params<'_>, more: &str) {
        let Self { rig, algorithm, key, .. } = *self;
        let mut message = [3; 100];
        lab::mark_secret(&mut message);
        let mut tag = vec![0; 64];
        run.usage(algorithm, Usage::MAC, &self.named(more), || {
            let len = rig.session.mac(key, algorithm, &params, &message, &mut tag)?.value();
            tag.truncate(len);
            Ok(Gave::Marked(given(&mut tag)))
        });
        run.usage(algorithm, Usage::VERIFY_MAC, &self.named(more), || {
            rig.session.verify_mac(key, algorithm, &params, &message, &tag)?.value();
            Ok(Gave::Nothing)
        });
        for at in [0, tag.len() - 1] {
            run.usage(algorithm, Usage::VERIFY_MAC, &self.named(&format!("{more} byte {at} wrong")), || {
                let mut wrong = tag.clone();
                wrong[at] ^= 1;
                refused(rig.session.verify_mac(key, algorithm, &params, &message, &wrong))
            });
        }
    }

    fn ciphers(&self, run: &mut Run) {
        let Self { rig, algorithm, key, .. } = *self;
        let facts = &algorithm.facts().params;
        let mut plain = [9; 64];
        lab::mark_secret(&mut plain);
        for hash in hashes(run, algorithm) {
            let (params, name) = with(hash);
            let params = if facts.aad { params.aad(b"header") } else { params };
            let (mut sealed, mut iv) = (vec![0; 600], Vec::new());
            run.usage(algorithm, Usage::ENCRYPT, &self.named(name), || {
                let made = rig.session.encrypt(key, algorithm, &params, &plain, &mut sealed)?.value();
                iv = made.iv.as_bytes().to_vec();
                sealed.truncate(made.len);
                Ok(Gave::Marked(given(&mut sealed)))
            });
            let params = if facts.iv_len.is_some() { params.iv(&iv) } else { params };
            let mut out = vec![0; 600];
            run.usage(algorithm, Usage::DECRYPT, &self.named(name), || {
                let len = rig.session.decrypt(key, algorithm, &params, &sealed, &mut out)?.value();
                Ok(Gave::Marked(given(&mut out[..len])))
            });
            if algorithm == Algorithm::AesCbc || algorithm == Algorithm::AesCtr {
                continue; // nothing can be wrong with a ciphertext
            }
            // Of CBC the byte that changes the padding's length, and by it alone. The last one would make a block by
            // chance, whose padding is good once in 256.
            let last = sealed.len() - if algorithm == Algorithm::AesCbcPkcs7 { 17 } else { 1 };
            for at in [0, last] {
                run.usage(algorithm, Usage::DECRYPT, &self.named(&format!("{name} byte {at} wrong")), || {
                    let mut wrong = sealed.clone();
                    wrong[at] ^= 1;
                    match rig.session.decrypt(key, algorithm, &params, &wrong, &mut out) {
                        // CBC: a byte of text changed, and the padding is good still.
                        Ok(_) if algorithm == Algorithm::AesCbcPkcs7 && at == 0 => Ok(Gave::Nothing),
                        answer => refused(answer),
                    }
                });
            }
        }
    }

    fn signatures(&self, run: &mut Run) {
        let Self { rig, algorithm, key, kind } = *self;
        let facts = algorithm.facts();
        // The message is public; which hash it goes through says nothing of the key. The longest is strong enough.
        let hash = Hash::ALL.into_iter().filter(|hash| facts.params.hashes.contains(*hash));
        let (params, _) = with(hash.max_by_key(|hash| hash.output_len()));
        let (mut signature, mut len) = (vec![0; 50_000], 0);
        run.usage(algorithm, Usage::SIGN, &self.named(""), || {
            len = rig.session.sign(key, algorithm, &params, b"message", &mut signature)?.value();
            Ok(Gave::Nothing)
        });
        given(&mut signature[..len]);
        run.usage(algorithm, Usage::VERIFY, &self.named(""), || {
            rig.session.verify(key, algorithm, &params, b"message", &signature[..len])?.value();
            Ok(Gave::Nothing)
        });
        if is_slow(kind) && kind.modulus_len() == 0 {
            if facts.usage.has(Usage::SIGN_DIGEST) {
                self.sign_digest(run, &params);
            }
            return;
        }
        if facts.params.deterministic {
            run.usage(algorithm, Usage::SIGN, &self.named("deterministic"), || {
                rig.session
                    .sign(key, algorithm, &params.deterministic(), b"message", &mut signature)?
                    .value();
                Ok(Gave::Nothing)
            });
        }
        if facts.usage.has(Usage::SIGN_DIGEST) {
            self.sign_digest(run, &params);
        }
        let mut outs = vec![vec![0; 5000]; 3];
        if signature[..len].len() > 5000 {
            return;
        }
        run.usage(algorithm, Usage::SIGN, &self.named("three in a batch"), || {
            let items = outs.iter_mut().map(|out| SignItem::new(key, algorithm, params, b"message", out));
            rig.session.sign_batch(&mut items.collect::<Vec<_>>()).map(|()| Gave::Nothing)
        });
    }

    fn sign_digest(&self, run: &mut Run, params: &Params<'_>) {
        let Self { rig, algorithm, key, .. } = *self;
        // ML-DSA takes mu, which has 64 bytes; the longest hash has as many where it is taken.
        let longest = Hash::ALL.into_iter().filter(|hash| algorithm.facts().params.hashes.contains(*hash));
        let digest = vec![1; longest.map(Hash::output_len).max().unwrap_or(64)];
        let mut signature = vec![0; 50_000];
        run.usage(algorithm, Usage::SIGN_DIGEST, &self.named(""), || {
            rig.session.sign_digest(key, algorithm, params, &digest, &mut signature)?.value();
            Ok(Gave::Nothing)
        });
    }

    fn wraps(&self, run: &mut Run) {
        let Self { rig, algorithm, key, .. } = *self;
        // RSA-2048 takes a strength of 112 bits; KW whole semiblocks.
        let length = if self.kind.modulus_len() > 0 { 14 } else { 16 };
        let template = hmac().length(length).build().unwrap();
        for hash in hashes(run, algorithm) {
            let (params, name) = with(hash);
            let payload = rig.generate(&template);
            let mut blob = Vec::new();
            run.usage(algorithm, Usage::WRAP, &self.named(name), || {
                let (made, marked) = rig.wrap(key, algorithm, &params, payload)?;
                blob = made;
                Ok(Gave::Marked(marked))
            });
            rig.destroy(payload);
            run.usage(algorithm, Usage::UNWRAP, &self.named(name), || {
                let back = rig.unwrap(key, algorithm, &params, &blob, &template)?;
                rig.says(back)
            });
            let mut places = vec![0, blob.len() / 2, blob.len() - 1];
            if algorithm == Algorithm::NativeWrap {
                places.remove(0); // the version of the format, in the clear
            }
            for at in places {
                run.usage(algorithm, Usage::UNWRAP, &self.named(&format!("{name} byte {at} wrong")), || {
                    let mut wrong = blob.clone();
                    wrong[at] ^= 1;
                    refused(rig.unwrap(key, algorithm, &params, &wrong, &template))
                });
            }
        }
    }

    fn encapsulations(&self, run: &mut Run) {
        let Self { rig, algorithm, key, .. } = *self;
        let template = hmac().build().unwrap();
        let mut ciphertext = vec![0; 2000];
        run.usage(algorithm, Usage::ENCAPSULATE, &self.named(""), || {
            let made = rig.session.encapsulate(key, algorithm, &Params::NONE, &template, &mut ciphertext)?;
            let (child, len) = made.value();
            ciphertext.truncate(len);
            rig.says(child)
        });
        given(&mut ciphertext);
        for wrong in [false, true] {
            let name = if wrong { "a ciphertext that nobody made" } else { "" };
            run.usage(algorithm, Usage::DECAPSULATE, &self.named(name), || {
                let mut ciphertext = ciphertext.clone();
                ciphertext[17] ^= u8::from(wrong);
                let child =
                    rig.session.decapsulate(key, algorithm, &Params::NONE, &ciphertext, &template)?.value();
                rig.says(child)
            });
        }
    }

    fn derivations(&self, run: &mut Run) {
        let Self { rig, algorithm, key, .. } = *self;
        let template = hmac().build().unwrap();
        let agrees = algorithm.facts().usage.has(Usage::AGREE);
        for hash in hashes(run, algorithm) {
            let (params, name) = with(hash);
            if !agrees {
                run.usage(algorithm, Usage::DERIVE, &self.named(name), || {
                    let child = rig.session.derive(key, algorithm, &params.info(b"info"), &template)?;
                    rig.says(child.value())
                });
                continue;
            }
            let spki = rig.public_key(key).unwrap();
            let attributes = rig.session.attributes(key).unwrap().value();
            let point = &spki[spki.len() - 1 - 2 * usize::from(attributes.attributes().length())..];
            for kdf in [Kdf::Hkdf, Kdf::OneStepHash, Kdf::OneStepHmac, Kdf::X963] {
                if !kdf.algorithm().facts().params.hashes.contains(hash.unwrap()) {
                    continue;
                }
                let params = params.kdf(kdf);
                let how = format!("{name}, {}", kdf.algorithm().name());
                run.usage(algorithm, Usage::AGREE, &self.named(&how), || {
                    let child = rig.session.agree(key, algorithm, &params, point, &template)?;
                    rig.says(child.value())
                });
            }
            let params = params.kdf(Kdf::Hkdf);
            run.usage(algorithm, Usage::AGREE, &self.named(&format!("{name}, three in a batch")), || {
                let mut items = [0; 3].map(|_| AgreeItem::new(key, algorithm, params, point, &template));
                rig.session.agree_batch(&mut items)?;
                let mut marked = Gave::Marked(0);
                for item in items {
                    marked = rig.says(item.result.map(Outcome::value)?)?;
                }
                Ok(marked)
            });
        }
    }
}
