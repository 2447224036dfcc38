//! RSA of all three sizes in groups, with every backend; keys are brought in, as making them takes long.

use super::*;
use crate::outside::{self, Partner};

const BITS: [(usize, KeyKind); 3] =
    [(2048, KeyKind::Rsa2048), (3072, KeyKind::Rsa3072), (4096, KeyKind::Rsa4096)];

/// PKCS#1 v1.5 repeats: its signatures are compared byte for byte.
fn schemes(kind: KeyKind) -> [Scheme; 2] {
    [scheme(kind, Algorithm::RsaPkcs1, SHA256, true), scheme(kind, Algorithm::RsaPss, SHA384, false)]
}

fn bring(session: &Session<'static>, partner: &Partner, bits: usize, scheme: Scheme) -> KeyHandle {
    let template = Attributes::builder(scheme.kind)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::any(scheme.algorithm));
    partner.bring(session, &outside::rsa(bits).pkcs8(), template)
}

#[test]
fn every_size_with_every_backend() {
    let mut all = vec![];
    for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
        let session = open(&with_backend(backend));
        let partner = Partner::of(&session, Algorithm::AesKwp);
        let mut made = vec![];
        for (bits, kind) in BITS {
            for scheme in schemes(kind) {
                let key = bring(&session, &partner, bits, scheme);
                like_single_calls(&session, scheme, &[key]);
                if scheme.repeats {
                    let messages = messages(9);
                    let signatures = sign(&session, scheme, &[key], &messages);
                    for (message, signature) in messages.iter().zip(&signatures) {
                        let theirs = outside::rsa(bits).sign(scheme.algorithm, Hash::Sha256, message);
                        assert_eq!(*signature, theirs, "{bits}: another implementation");
                    }
                    made.push(signatures);
                }
            }
        }
        all.push(made);
    }
    assert!(all.iter().all(|made| *made == all[0]), "the backends agree");
}

/// Neighbours of one algorithm and three sizes are one group.
#[test]
fn sizes_mixed_in_a_group() {
    for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
        let session = open(&with_backend(backend));
        let partner = Partner::of(&session, Algorithm::AesKwp);
        let scheme = schemes(KeyKind::Rsa2048)[0];
        let keys: Vec<_> = BITS
            .into_iter()
            .map(|(bits, kind)| bring(&session, &partner, bits, Scheme { kind, ..scheme }))
            .collect();
        // 32 items: eleven, eleven and ten.
        let messages = messages(32);
        let signatures = sign(&session, scheme, &keys, &messages);
        for ((message, signature), (bits, _)) in messages.iter().zip(&signatures).zip(BITS.iter().cycle()) {
            assert_eq!(*signature, outside::rsa(*bits).sign(scheme.algorithm, Hash::Sha256, message));
        }
        let judged = verify(&session, scheme, &keys, &messages, &signatures);
        assert_eq!(judged, (Ok(()), vec![Ok(()); 32]));
        // Under the key of a neighbour: mostly of another length.
        let turned = [keys[1], keys[2], keys[0]];
        let (_, verdicts) = verify(&session, scheme, &turned, &messages, &signatures);
        assert_eq!(verdicts, vec![Err(Error::Rejected); 32]);
    }
}
