//! What the indicator says (IND-1 to IND-6).

use super::*;
use crate::algorithm::Hash;

const MODULE: Caveats = Caveats::ENTROPY_NOT_ASSURED;

fn with(profile: Profile, caveats: Caveats, least: u16) -> Rulebook {
    Rulebook { profile, min_strength: Strength(least), min_iterations: 1000, caveats }
}

fn said<O: Op>(rulebook: Rulebook, attributes: &Attributes, strength: u16) -> Result<Indicator> {
    let charges = Cell::new(0);
    let key = Fake { strength: Strength(strength), ..fake(attributes, &charges) };
    let asked = Request { rulebook, ..request(Role::User, Algorithm::AesKw, Params::NONE) };
    ask::<O>(&asked, Target::Key(key))
}

/// Every operation with a key, both profiles, strengths around 112 bits.
#[test]
fn reasons_by_operation_profile_and_strength() {
    for_every_operation!(|O| {
        let rule = stated::<O>();
        if !rule.user {
            return;
        }
        let attributes = key_for(rule.usage.unwrap_or(Usage::ENCRYPT));
        for strength in [80, 111, 112, 256] {
            for profile in [Profile::Approved, Profile::General] {
                let weak = rule.protects && strength < 112;
                let fault = if rule.external_digest {
                    Some(Reason::ExternalDigest)
                } else if weak {
                    Some(Reason::Strength)
                } else {
                    None
                };
                let answer = said::<O>(with(profile, MODULE, 0), &attributes, strength);
                let cell = (O::NAME, strength, profile);
                if profile == Profile::Approved && fault.is_some() {
                    // IND-2, IND-6: refused, and so nothing is reported.
                    assert_eq!(answer, Err(Error::NotPermitted), "{cell:?}");
                    continue;
                }
                let indicator = answer.unwrap();
                let expected = match profile {
                    Profile::Approved => None,
                    Profile::General => Some(fault.unwrap_or(Reason::GeneralProfile)),
                };
                assert_eq!(indicator.reason(), expected, "{cell:?}");
                assert_eq!(indicator.approved_parameters(), expected.is_none(), "{cell:?}");
                assert_eq!(indicator.approved(), expected.is_none(), "{cell:?}");
                assert_eq!(indicator.algorithm(), Algorithm::AesKw);
                assert_eq!(indicator.strength(), Some(Strength(strength)));
            }
        }
    });
}

/// IND-4: which caveats cost the approval.
#[test]
fn caveats_go_with_every_answer() {
    for bits in 0..8u8 {
        let mut caveats = Caveats::NONE;
        for (i, (caveat, _, _)) in Caveats::NAMED.into_iter().take(3).enumerate() {
            if bits >> i & 1 == 1 {
                caveats = caveats.and(caveat);
            }
        }
        let disqualified = caveats.has(Caveats::UNSIGNED) || caveats.has(Caveats::TEST_BUILD);
        let rulebook = with(Profile::Approved, caveats, 112);
        let keyed = said::<ops::Encrypt>(rulebook, &key_for(Usage::ENCRYPT), 256).unwrap();
        let asked =
            Request { rulebook, ..request(Role::User, Algorithm::Sha2, Params::with_hash(Hash::Sha256)) };
        let keyless = ask::<ops::Digest>(&asked, Target::Keyless).unwrap();
        for indicator in [keyed, keyless] {
            assert_eq!(indicator.caveats(), caveats);
            assert_eq!(indicator.approved(), !disqualified, "{caveats:?}");
            assert!(indicator.approved_parameters());
        }
        assert_eq!(keyless.strength(), None);
    }
}

#[test]
fn a_key_that_travelled_under_a_weaker_one_says_so() {
    let attributes = key_for(Usage::ENCRYPT);
    let rulebook = with(Profile::Approved, MODULE, 112);
    let own = said::<ops::Encrypt>(rulebook, &attributes, 256).unwrap();
    assert_eq!((own.caveats(), own.strength()), (MODULE, Some(Strength(256))));
    let travelled = said::<ops::Encrypt>(rulebook, &attributes, 112).unwrap();
    assert_eq!(travelled.caveats(), MODULE.and(Caveats::TRANSPORT_STRENGTH));
    assert_eq!(travelled.strength(), Some(Strength(112)), "the effective strength is reported");
    assert!(travelled.approved(), "a caveat, not a refusal");

    // As a KEK it says so too.
    let charges = Cell::new(0);
    let kek = Fake { strength: Strength(128), ..fake(&key_for(Usage::WRAP), &charges) };
    let weak = Attributes { kind: KeyKind::Aes128, export: Export::INTEROPERABLE, ..key_for(Usage::ENCRYPT) };
    let payload = Fake { identity: 2, ..fake(&weak, &charges) };
    let asked = Request { rulebook, ..request(Role::User, Algorithm::AesKw, Params::NONE) };
    let indicator = ask::<ops::Wrap>(&asked, Target::Pair { kek, payload }).unwrap();
    assert_eq!(indicator.strength(), Some(Strength(128)));
    assert!(indicator.caveats().has(Caveats::TRANSPORT_STRENGTH));
}

#[test]
fn a_new_key_is_reported_at_its_own_strength() {
    let rulebook = with(Profile::Approved, MODULE, 112);
    let asked = Request { rulebook, ..request(Role::User, Algorithm::AesKw, Params::NONE) };
    let template = Attributes { kind: KeyKind::Aes192, ..key_for(Usage::ENCRYPT) };
    let indicator = ask::<ops::Generate>(&asked, Target::New { template: &template }).unwrap();
    assert_eq!((indicator.strength(), indicator.caveats()), (Some(Strength(192)), MODULE));
    let general = Request { rulebook: with(Profile::General, MODULE, 112), ..asked };
    let indicator = ask::<ops::Generate>(&general, Target::New { template: &template }).unwrap();
    assert_eq!(indicator.reason(), Some(Reason::GeneralProfile));
}

#[test]
fn an_indicator_reads_as_a_sentence() {
    let rulebook = with(Profile::General, Caveats::UNSIGNED, 112);
    let indicator = said::<ops::Encrypt>(rulebook, &key_for(Usage::ENCRYPT), 112).unwrap();
    let text = std::format!("{indicator}");
    assert_eq!(
        text,
        "AES-KW not approved (the engine runs in the general profile) [unsigned image] [transport strength]"
    );
}
