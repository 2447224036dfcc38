//! The policy matrix, exhaustive, without one key or cipher. What is expected comes from [`RULES`], which
//! states the rules a second time, by name, and calls nothing of the code under test.

use core::cell::Cell;
use std::vec::Vec;

use super::ops::{Visitor, visit_all};
use super::*;
use crate::attributes::{Export, KeyKind, Lifetime, Rule, Rules, Text, Validity};
use crate::state::{Event, Module, State};

/// One operation as a person would state its rules.
struct Stated {
    name: &'static str,
    /// The one usage that the key must hold; `None` when its user needs none.
    usage: Option<Usage>,
    user: bool,
    officer: bool,
    /// The officer may do it to anybody's key.
    officer_over_owner: bool,
    /// Applies protection.
    protects: bool,
    /// Counts against a use limit.
    uses_secret: bool,
    /// Signs what was hashed outside.
    external_digest: bool,
}

const STATED: Stated = Stated {
    name: "",
    usage: None,
    user: true,
    officer: true,
    officer_over_owner: false,
    protects: false,
    uses_secret: false,
    external_digest: false,
};

/// Uses the secret to protect; users only.
const fn applying(name: &'static str, usage: Usage) -> Stated {
    Stated { name, usage: Some(usage), officer: false, protects: true, uses_secret: true, ..STATED }
}

/// Uses the secret to open or check; users only.
const fn opening(name: &'static str, usage: Usage) -> Stated {
    Stated { name, usage: Some(usage), officer: false, uses_secret: true, ..STATED }
}

const RULES: [Stated; 23] = [
    Stated { name: "generate", ..STATED },
    Stated { name: "create", ..STATED },
    applying("sign", Usage::SIGN),
    Stated { external_digest: true, ..applying("sign-digest", Usage::SIGN_DIGEST) },
    Stated { uses_secret: false, ..opening("verify", Usage::VERIFY) },
    applying("encrypt", Usage::ENCRYPT),
    opening("decrypt", Usage::DECRYPT),
    applying("mac", Usage::MAC),
    opening("verify-mac", Usage::VERIFY_MAC),
    Stated { officer: true, ..applying("wrap", Usage::WRAP) },
    Stated { name: "export", user: false, officer: false, ..STATED },
    Stated { officer: true, ..opening("unwrap", Usage::UNWRAP) },
    applying("derive", Usage::DERIVE),
    Stated { name: "stretch", officer: false, protects: true, ..STATED },
    applying("agree", Usage::AGREE),
    Stated { uses_secret: false, ..applying("encapsulate", Usage::ENCAPSULATE) },
    opening("decapsulate", Usage::DECAPSULATE),
    Stated { name: "digest", ..STATED },
    Stated { name: "random", ..STATED },
    Stated { name: "inspect", officer_over_owner: true, ..STATED },
    Stated { name: "copy", officer: false, ..STATED },
    Stated { name: "restrict", officer_over_owner: true, ..STATED },
    Stated { name: "destroy", officer_over_owner: true, ..STATED },
];

fn stated<O: Op>() -> &'static Stated {
    RULES.iter().find(|rule| rule.name == O::NAME).unwrap()
}

/// What policy sees of a key, and how often it charged it.
struct Fake<'c> {
    attributes: Attributes,
    strength: Strength,
    from_password: bool,
    identity: u128,
    charges: &'c Cell<u64>,
    exhausted: bool,
}

impl Governed for Fake<'_> {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn effective_strength(&self) -> Strength {
        self.strength
    }

    fn is_from_password(&self) -> bool {
        self.from_password
    }

    fn identity(&self) -> u128 {
        self.identity
    }

    fn charge(&mut self) -> Result<u64> {
        if self.exhausted {
            return Err(Error::LimitReached);
        }
        self.charges.set(self.charges.get() + 1);
        Ok(100 + self.charges.get())
    }
}

fn fake<'c>(attributes: &Attributes, charges: &'c Cell<u64>) -> Fake<'c> {
    Fake {
        attributes: attributes.clone(),
        strength: attributes.strength(),
        from_password: false,
        identity: 1,
        charges,
        exhausted: false,
    }
}

/// An AES-256 key for KW, whose parameters fit every operation. Not checked: policy must not rely on what
/// attributes forbid.
fn key_for(usage: Usage) -> Attributes {
    Attributes {
        kind: KeyKind::Aes256,
        class: KeyClass::Secret,
        length: 32,
        usage,
        rules: Rules::one(Rule::any(Algorithm::AesKw)),
        export: Export::NONE,
        lifetime: Lifetime::Session,
        uses: None,
        validity: Validity::ALWAYS,
        owner: None,
        trusted: false,
        label: Text::EMPTY,
        application: Text::EMPTY,
    }
}

const ME: u64 = 7;
const OTHER: u64 = 8;

fn rulebook(profile: Profile) -> Rulebook {
    Rulebook { profile, min_strength: Strength(112), min_iterations: 1000, caveats: Caveats::NONE }
}

fn request(role: Role, algorithm: Algorithm, params: Params<'_>) -> Request<'_> {
    Request {
        subject: Subject { role, id: ME },
        algorithm,
        params: alloc::boxed::Box::leak(alloc::boxed::Box::new(params)),
        input_len: 0,
        spends: true,
        now: None,
        rulebook: rulebook(Profile::Approved),
    }
}

fn operational() -> Module {
    let module = Module::new();
    module.apply(Event::PowerOn);
    assert_eq!(module.apply(Event::TestsPassed), State::Operational);
    module
}

fn module_in(state: State) -> Module {
    let module = Module::new();
    let path: &[Event] = match state {
        State::PowerOff => &[],
        State::Initialising => &[Event::PowerOn],
        State::Operational => &[Event::PowerOn, Event::TestsPassed],
        State::SelfTest => &[Event::PowerOn, Event::TestsPassed, Event::TestsRequested],
        State::Error => &[Event::PowerOn, Event::Fault],
        State::Zeroised => &[Event::Zeroise],
    };
    for event in path {
        module.apply(*event);
    }
    assert_eq!(module.state(), state);
    module
}

/// The verdict alone: a permit is compared with nothing.
fn ask<O: Op>(request: &Request<'_>, target: Target<'_, Fake<'_>>) -> Result<Indicator> {
    let module = operational();
    authorise::<O, _>(module.enter().unwrap(), request, target).map(|permit| permit.evidence().indicator())
}

fn verdict<O: Op>(request: &Request<'_>, target: Target<'_, Fake<'_>>) -> Result<()> {
    ask::<O>(request, target).map(|_| ())
}

/// Asks for one key; a refusal must have charged nothing.
fn one<O: Op>(request: &Request<'_>, attributes: &Attributes) -> Result<()> {
    let charges = Cell::new(0);
    let verdict = verdict::<O>(request, Target::Key(fake(attributes, &charges)));
    assert!(verdict.is_ok() || charges.get() == 0, "{} charged and refused", O::NAME);
    verdict
}

/// Calls `with` for every operation.
macro_rules! for_every_operation {
    (|$op:ident| $body:block) => {{
        struct Each;
        impl Visitor for Each {
            fn visit<$op: Op>(&mut self) $body
        }
        visit_all(&mut Each);
    }};
}

// Below the macro that they use.
mod decisions;
mod evidence;

#[test]
fn the_stated_rules_know_every_operation() {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<O: Op>(&mut self) {
            self.0.push(O::NAME);
        }
    }
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    assert_eq!(names.0, RULES.map(|rule| rule.name));
}

/// Every single usage x operation x role x owner x state x profile x use limit.
#[test]
fn the_whole_matrix() {
    for_every_operation!(|O| {
        let rule = stated::<O>();
        for (held, _) in Usage::NAMED {
            for role in Role::ALL {
                for owner in [None, Some(ME), Some(OTHER)] {
                    for profile in [Profile::Approved, Profile::General] {
                        for uses in [None, Some(3)] {
                            for state in State::ALL {
                                cell::<O>(rule, held, role, owner, profile, uses, state);
                            }
                        }
                    }
                }
            }
        }
    });
}

fn cell<O: Op>(
    rule: &Stated,
    held: Usage,
    role: Role,
    owner: Option<u64>,
    profile: Profile,
    uses: Option<u64>,
    state: State,
) {
    let role_fits = match role {
        Role::User => rule.user,
        Role::Officer => rule.officer,
    };
    let over_owner = role == Role::Officer && rule.officer_over_owner;
    let expected = if state != State::Operational {
        Err(Error::NotOperational)
    } else if !role_fits {
        Err(Error::NotPermitted)
    } else if owner == Some(OTHER) && !over_owner {
        Err(Error::UnknownKey)
    } else if rule.usage.is_some_and(|needed| needed != held)
        || (rule.external_digest && profile == Profile::Approved)
    {
        Err(Error::NotPermitted)
    } else {
        Ok(())
    };

    let charges = Cell::new(0);
    let attributes = Attributes { owner, uses, ..key_for(held) };
    let asked = Request { rulebook: rulebook(profile), ..request(role, Algorithm::AesKw, Params::NONE) };
    let module = module_in(state);
    let answer = module.enter().and_then(|pass| {
        authorise::<O, _>(pass, &asked, Target::Key(fake(&attributes, &charges)))
            .map(|permit| assert_eq!(permit.ticket() > 0, charges.get() > 0))
    });
    let cell = (O::NAME, held.bits(), role, owner, profile, uses, state);
    assert_eq!(answer, expected, "{cell:?}");
    let counted = expected.is_ok() && rule.uses_secret && uses.is_some();
    assert_eq!(charges.get(), u64::from(counted), "charged: {cell:?}");
}

/// Every set of usages, valid or not: an operation needs its own usage and no other one helps.
#[test]
fn no_set_of_other_usages_stands_in_for_one() {
    for_every_operation!(|O| {
        let rule = stated::<O>();
        for bits in 0..1 << 13 {
            let held = Usage::from_bits(bits).unwrap();
            for role in Role::ALL {
                let role_fits = if role == Role::User { rule.user } else { rule.officer };
                let expected = role_fits && rule.usage.is_none_or(|needed| needed.bits() & bits != 0);
                let asked = Request {
                    rulebook: rulebook(Profile::General),
                    ..request(role, Algorithm::AesKw, Params::NONE)
                };
                let answer = one::<O>(&asked, &key_for(held));
                let expected = if expected { Ok(()) } else { Err(Error::NotPermitted) };
                assert_eq!(answer, expected, "{} with {bits:#x} as {role:?}", O::NAME);
            }
        }
    });
}

/// Export is decided together with the wrapping, and no role can ask for it alone.
#[test]
fn export_is_never_authorised_alone() {
    for role in Role::ALL {
        for profile in [Profile::Approved, Profile::General] {
            let charges = Cell::new(0);
            let leaving = Attributes { export: Export::INTEROPERABLE, ..key_for(Usage::ENCRYPT) };
            let kek = key_for(Usage::WRAP);
            let asked =
                Request { rulebook: rulebook(profile), ..request(role, Algorithm::AesKw, Params::NONE) };
            let target = || Target::Key(fake(&leaving, &charges));
            assert_eq!(verdict::<ops::Export>(&asked, target()), Err(Error::NotPermitted));
            let target = Target::Pair { kek: fake(&kek, &charges), payload: fake(&leaving, &charges) };
            assert_eq!(verdict::<ops::Export>(&asked, target), Err(Error::NotPermitted));
            let target = Target::New { template: &leaving };
            assert_eq!(verdict::<ops::Export>(&asked, target), Err(Error::NotPermitted));
            assert_eq!(verdict::<ops::Export>(&asked, Target::Keyless), Err(Error::NotPermitted));
        }
    }
}

/// SSP-13, for every operation at every edge of the period.
#[test]
fn validity_periods() {
    for_every_operation!(|O| {
        let rule = stated::<O>();
        let Some(usage) = rule.usage else { return };
        let validity = Validity { not_before: Some(1000), not_after: Some(2000) };
        let attributes = Attributes { validity, uses: Some(9), ..key_for(usage) };
        let late = if rule.protects { Err(Error::LimitReached) } else { Ok(()) };
        for (now, expected) in [
            (None, Err(Error::NotPermitted)),
            (Some(0), Err(Error::NotPermitted)),
            (Some(999), Err(Error::NotPermitted)),
            (Some(1000), Ok(())),
            (Some(2000), Ok(())),
            (Some(2001), late),
            (Some(u64::MAX), late),
        ] {
            let asked = Request {
                now,
                rulebook: rulebook(Profile::General),
                ..request(Role::User, Algorithm::AesKw, Params::NONE)
            };
            assert_eq!(one::<O>(&asked, &attributes), expected, "{} at {now:?}", O::NAME);
        }
        let open_ended =
            Attributes { validity: Validity { not_before: None, not_after: Some(2000) }, ..key_for(usage) };
        let asked = Request {
            now: Some(0),
            rulebook: rulebook(Profile::General),
            ..request(Role::User, Algorithm::AesKw, Params::NONE)
        };
        assert_eq!(one::<O>(&asked, &open_ended), Ok(()), "{}", O::NAME);
    });
}

/// STR-4: below the least strength a key protects nothing, and still opens what it protected.
#[test]
fn least_strength() {
    for_every_operation!(|O| {
        let rule = stated::<O>();
        let attributes = key_for(rule.usage.unwrap_or(Usage::ENCRYPT));
        for least in [112, 128, 192, 256] {
            for strength in [80, 111, 112, 127, 128, 192, 255, 256] {
                for role in Role::ALL {
                    let charges = Cell::new(0);
                    let key = Fake { strength: Strength(strength), ..fake(&attributes, &charges) };
                    let mut rulebook = rulebook(Profile::General);
                    rulebook.min_strength = Strength(least);
                    let asked = Request { rulebook, ..request(role, Algorithm::AesKw, Params::NONE) };
                    let role_fits = if role == Role::User { rule.user } else { rule.officer };
                    // What comes of no key is weighed by its template.
                    let weighed = rule.protects && rule.usage.is_some();
                    let strong_enough = !weighed || strength >= least;
                    let expected = if role_fits && strong_enough { Ok(()) } else { Err(Error::NotPermitted) };
                    let answer = verdict::<O>(&asked, Target::Key(key));
                    assert_eq!(answer, expected, "{} at {strength} of {least}", O::NAME);
                }
            }
        }
    });
}
