//! Rights only ever narrow.

use proptest::prelude::*;

use super::*;

/// A subset of these bits that is not empty.
fn subset(of: u32) -> impl Strategy<Value = u32> {
    any::<u32>().prop_map(move |bits| if bits & of == 0 { of } else { bits & of })
}

fn rule(algorithm: Algorithm) -> impl Strategy<Value = Rule> {
    let params = &algorithm.facts().params;
    let hashes = params.hashes.bits();
    let (low, high) = params.tag.unwrap_or((0, 0));
    let one_hash = algorithm == Algorithm::Hmac;
    (any::<u16>(), low..=high, any::<bool>()).prop_map(move |(bits, min_tag, deterministic)| {
        let chosen = match bits & hashes {
            0 => hashes,
            some => some,
        };
        let chosen = if one_hash { 1 << (bits % 3) } else { chosen };
        Rule {
            algorithm,
            hashes: HashSet::from_bits(chosen).unwrap(),
            min_tag,
            deterministic: deterministic && params.deterministic,
        }
    })
}

fn period() -> impl Strategy<Value = Validity> {
    let bound = || prop_oneof![2 => Just(None), 3 => (0..20u64).prop_map(Some)];
    (bound(), bound()).prop_map(|(not_before, not_after)| Validity { not_before, not_after })
}

fn export() -> impl Strategy<Value = Export> {
    (0..3u8, any::<bool>()).prop_map(|(format, trusted_only)| Export {
        format: [ExportFormat::None, ExportFormat::Native, ExportFormat::Interoperable][usize::from(format)],
        trusted_only,
    })
}

prop_compose! {
    /// Rules for one kind of key: one algorithm, or both paddings of an RSA signature, or CBC with and
    /// without padding, or both IV constructions of a key that only decrypts.
    fn rules()(row in 0..SERVED.len())(
        first in rule(SERVED[row].0),
        second in rule(match SERVED[row].0 {
            Algorithm::RsaPkcs1 => Algorithm::RsaPss,
            Algorithm::AesGcm => Algorithm::AesGcmCounter,
            Algorithm::AesCbc => Algorithm::AesCbcPkcs7,
            other => other,
        }),
        both in any::<bool>(),
        row in Just(row),
    ) -> (usize, Rules) {
        let one = Rules::one(first);
        (row, if both { one.clone().with(second).unwrap_or(one) } else { one })
    }
}

/// Any valid attributes, every field in play.
pub(super) fn attributes() -> impl Strategy<Value = Attributes> {
    rules()
        .prop_filter("keyless", |(row, _)| !SERVED[*row].1.is_empty())
        .prop_flat_map(|(row, rules)| {
            let (_, kinds, private, public) = SERVED[row];
            let is_public = if public == 0 { Just(false).boxed() } else { any::<bool>().boxed() };
            (Just(rules), 0..kinds.len(), is_public).prop_flat_map(move |(rules, kind, is_public)| {
                (
                    Just((rules, kinds[kind], is_public)),
                    subset(if is_public { public } else { private }),
                    (14..=128u16, export(), any::<bool>(), period()),
                    (prop::option::of(1..100u64), prop::option::of(0..4u64), any::<bool>()),
                    prop::collection::vec(any::<u8>(), 0..=32),
                    prop::collection::vec(any::<u8>(), 0..=64),
                )
            })
        })
        .prop_filter_map("not valid together", |parts| {
            let ((rules, kind, is_public), bits, (len, export, lasts, validity), numbers, label, data) =
                parts;
            let (uses, owner, trusted) = numbers;
            let class = match (is_public, kind.is_asymmetric()) {
                (true, _) => KeyClass::Public,
                (false, true) => KeyClass::Private,
                (false, false) => KeyClass::Secret,
            };
            let drawn = Attributes {
                kind,
                class,
                length: if kind == KeyKind::Hmac { len } else { u16::try_from(kind.secret_len()).unwrap() },
                usage: usage(bits),
                rules,
                export: if is_public { Export::NONE } else { export },
                lifetime: if lasts { Lifetime::Persistent } else { Lifetime::Session },
                uses: if is_public { None } else { uses },
                validity,
                owner,
                trusted: trusted && usage(bits).has(Usage::WRAP),
                label: Text::new(&label).unwrap(),
                application: Text::new(&data).unwrap(),
            };
            drawn.check().is_ok().then_some(drawn)
        })
}

/// Any limit at all, likely to touch the fields of keys made by [`attributes`].
fn restriction() -> impl Strategy<Value = Restriction> {
    (
        prop::option::weighted(0.3, prop_oneof![subset(0x1fff), (0..13u32).prop_map(|bit| 1 << bit)]),
        prop::option::weighted(0.3, rules()),
        prop::option::weighted(0.3, export()),
        prop::option::weighted(0.3, 0..100u64),
        prop::option::weighted(0.3, period()),
        prop::option::weighted(0.3, 0..4u64),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(bits, rules, export, uses, validity, owner, session_only, distrust)| Restriction {
            usage: bits.map(usage),
            rules: rules.map(|(_, rules)| rules),
            export,
            uses,
            validity,
            owner,
            session_only,
            distrust,
        })
}

/// Every call that these attributes permit, spelled out: usage, algorithm, hash, tag length, determinism.
fn permits(attributes: &Attributes, mut each: impl FnMut(u32, Algorithm, Option<Hash>, u8, bool)) {
    for bit in (0..13).filter(|bit| attributes.usage.bits() >> bit & 1 == 1) {
        for rule in attributes.rules.iter() {
            let hashes = Hash::ALL.into_iter().filter(|hash| rule.hashes.contains(*hash)).map(Some);
            for hash in hashes.chain(rule.hashes.is_empty().then_some(None)) {
                for tag in rule.min_tag..=64 {
                    each(bit, rule.algorithm, hash, tag, false);
                    if rule.deterministic {
                        each(bit, rule.algorithm, hash, tag, true);
                    }
                }
            }
        }
    }
}

fn permitted(attributes: &Attributes, call: (u32, Algorithm, Option<Hash>, u8, bool)) -> bool {
    let (bit, algorithm, hash, tag, deterministic) = call;
    attributes.usage.bits() >> bit & 1 == 1
        && attributes.rules.iter().any(|rule| {
            rule.algorithm == algorithm
                && hash.map_or(rule.hashes.is_empty(), |hash| rule.hashes.contains(hash))
                && tag >= rule.min_tag
                && (rule.deterministic || !deterministic)
        })
}

/// What may be done with `narrow` and not with `wide`; the fields in words, not by calling the code.
fn widened(narrow: &Attributes, wide: &Attributes) -> Option<&'static str> {
    let mut more_calls = false;
    permits(narrow, |bit, algorithm, hash, tag, deterministic| {
        more_calls |= !permitted(wide, (bit, algorithm, hash, tag, deterministic));
    });
    let leaves = |attributes: &Attributes, format: u8, trusted: bool| {
        attributes.export.format as u8 >= format && (trusted || !attributes.export.trusted_only)
    };
    let leaves_wider = [(1, false), (1, true), (2, false), (2, true)]
        .into_iter()
        .any(|(format, trusted)| leaves(narrow, format, trusted) && !leaves(wide, format, trusted));
    let valid = |attributes: &Attributes, now: u64| {
        attributes.validity.not_before.unwrap_or(0) <= now
            && now <= attributes.validity.not_after.unwrap_or(u64::MAX)
    };
    let longer = (0..25).chain([u64::MAX]).any(|now| valid(narrow, now) && !valid(wide, now));
    let owned = |attributes: &Attributes, who: u64| attributes.owner.is_none_or(|owner| owner == who);
    [
        (more_calls, "calls"),
        (leaves_wider, "export"),
        (narrow.uses.unwrap_or(u64::MAX) > wide.uses.unwrap_or(u64::MAX), "uses"),
        (longer, "validity"),
        ((0..5).any(|who| owned(narrow, who) && !owned(wide, who)), "owner"),
        (narrow.trusted && !wide.trusted, "trusted"),
        (narrow.lifetime == Lifetime::Persistent && wide.lifetime == Lifetime::Session, "lifetime"),
        ((narrow.kind, narrow.class, narrow.length) != (wide.kind, wide.class, wide.length), "kind"),
        (narrow.label != wide.label || narrow.application != wide.application, "texts"),
    ]
    .into_iter()
    .find_map(|(wider, what)| wider.then_some(what))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restriction_narrows_or_is_refused(wide in attributes(), limit in restriction()) {
        match wide.restricted(&limit) {
            Ok(narrow) => {
                prop_assert_eq!(widened(&narrow, &wide), None);
                prop_assert!(narrow.is_within(&wide));
                prop_assert_eq!(narrow.check(), Ok(()));
                // What was asked for is what is left.
                prop_assert!(limit.usage.is_none_or(|usage| narrow.usage == usage));
                prop_assert!(limit.uses.is_none_or(|uses| narrow.uses == Some(uses)));
                prop_assert!(limit.owner.is_none_or(|owner| narrow.owner == Some(owner)));
                prop_assert!(!limit.session_only || narrow.lifetime == Lifetime::Session);
                prop_assert!(!limit.distrust || !narrow.trusted);
                prop_assert!(limit.export.is_none_or(|export| narrow.export == export));
                prop_assert!(limit.validity.is_none_or(|validity| narrow.validity == validity));
            }
            Err(error) => prop_assert!(matches!(error, Error::NotPermitted | Error::InvalidArgument)),
        }
    }

    #[test]
    fn within_means_that_nothing_is_wider(a in attributes(), limit in restriction(), b in attributes()) {
        prop_assert!(a.is_within(&a));
        for (x, y) in [(&a, &b), (&b, &a)] {
            prop_assert!(!x.is_within(y) || widened(x, y).is_none());
        }
        if let Ok(narrow) = a.restricted(&limit) {
            // Back again only if nothing was taken away.
            prop_assert_eq!(a.is_within(&narrow), a == narrow);
        }
    }

    #[test]
    fn two_steps_are_no_wider_than_one(wide in attributes(), first in restriction(), second in restriction()) {
        if let Ok(narrow) = wide.restricted(&first)
            && let Ok(narrower) = narrow.restricted(&second)
        {
            prop_assert_eq!(widened(&narrower, &wide), None);
            prop_assert!(narrower.is_within(&wide));
        }
    }
}

/// Each field on its own: what would widen it is refused, with nothing else in the way.
#[test]
fn every_widening_field_is_refused() {
    let signer = Attributes::builder(EcP256)
        .usage(Usage::SIGN)
        .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
        .export(Export::NATIVE.trusted_only())
        .uses(10)
        .validity(Validity { not_before: Some(10), not_after: Some(20) })
        .owner(1)
        .build()
        .unwrap();
    let tagged = hmac(Hash::Sha256).build().unwrap();
    let none = Restriction::none;
    let rule = |rule: Rule| Rules::one(rule);
    let p256 = Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256);
    let period = |first, last| Validity { not_before: first, not_after: last };
    for (what, of, limit) in [
        ("usage", &signer, none().usage(Usage::SIGN.and(Usage::VERIFY))),
        ("usage", &signer, none().usage(Usage::VERIFY)),
        ("usage", &signer, none().usage(Usage::SIGN_DIGEST)),
        ("hash", &signer, none().rules(rule(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha384)))),
        ("hashes", &signer, none().rules(rule(Rule::any(Algorithm::EcdsaP256)))),
        ("deterministic", &signer, none().rules(rule(p256.allow_deterministic()))),
        ("algorithm", &signer, none().rules(rule(Rule::any(Algorithm::EcdsaP384)))),
        ("algorithms", &signer, none().rules(rule(p256).with(Rule::any(Algorithm::EcdsaP384)).unwrap())),
        ("tag", &tagged, none().rules(rule(Rule::hashed(Algorithm::Hmac, Hash::Sha256).min_tag(63)))),
        ("export", &signer, none().export(Export::NATIVE)),
        ("export", &signer, none().export(Export::INTEROPERABLE.trusted_only())),
        ("export", &tagged, none().export(Export::NATIVE)),
        ("export", &tagged, none().export(Export::NATIVE.trusted_only())),
        ("uses", &signer, none().uses(11)),
        ("uses", &signer, none().uses(u64::MAX)),
        ("validity", &signer, none().validity(period(Some(9), Some(20)))),
        ("validity", &signer, none().validity(period(Some(10), Some(21)))),
        ("validity", &signer, none().validity(period(None, Some(20)))),
        ("validity", &signer, none().validity(period(Some(10), None))),
        ("validity", &signer, none().validity(Validity::ALWAYS)),
        ("owner", &signer, none().owner(2)),
    ] {
        assert_eq!(of.restricted(&limit), Err(Error::NotPermitted), "{what}: {limit:?}");
        // Also when something else is taken away in the same breath.
        assert_eq!(of.restricted(&limit.session_only().distrust()), Err(Error::NotPermitted), "{what}");
    }
    // A limit has no field that makes a key persistent or trusted; attributes that are so are no narrower.
    let persistent = gcm().persistent().build().unwrap();
    assert!(!persistent.is_within(&gcm().build().unwrap()));
    let trusted = kek().trusted().build().unwrap();
    assert!(!trusted.is_within(&kek().build().unwrap()));
    for other in [gcm().label(b"x"), gcm().application(b"x"), gcm().owner(1), gcm().uses(5)] {
        let other = other.build().unwrap();
        assert!(!gcm().build().unwrap().is_within(&other), "{other:?}");
    }
}

#[test]
fn what_is_left_must_be_valid() {
    let key = kek().trusted().build().unwrap();
    let invalid = Err(Error::InvalidArgument);
    assert_eq!(key.restricted(&Restriction::none().usage(Usage::NONE)), invalid);
    assert_eq!(key.restricted(&Restriction::none().rules(Rules::empty())), invalid);
    assert_eq!(key.restricted(&Restriction::none().uses(0)), invalid);
    let backwards = Validity { not_before: Some(2), not_after: Some(1) };
    assert_eq!(key.restricted(&Restriction::none().validity(backwards)), invalid);
    // A trusted KEK that cannot wrap is none.
    let unwrapping = Restriction::none().usage(Usage::UNWRAP);
    assert_eq!(key.restricted(&unwrapping), invalid);
    assert!(key.restricted(&unwrapping.distrust()).is_ok());
    assert_eq!(key.restricted(&Restriction::none()), Ok(key.clone()));
}
