//! Random rights.

use proptest::collection::vec;
use proptest::prelude::*;
use strongroom::{Export, Hash, Restriction, Rule, Rules, Usage, Validity};

use crate::bench::{Shape, USER};

/// Rights, and what is done with them.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) usage: u8,
    pub(crate) hash: usize,
    pub(crate) min_tag: u8,
    pub(crate) deterministic: bool,
    pub(crate) export: Export,
    pub(crate) uses: Option<u64>,
    pub(crate) owned: bool,
    pub(crate) validity: (bool, bool),
    pub(crate) session_only: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) length: u16,
    pub(crate) label: Vec<u8>,
    pub(crate) application: Vec<u8>,
    pub(crate) rights: Draft,
    /// One field of these is taken away on the way in.
    pub(crate) less: Draft,
    pub(crate) field: u8,
    pub(crate) message: Vec<u8>,
}

fn drafts() -> impl Strategy<Value = Draft> {
    let exports = [Export::NONE, Export::NATIVE, Export::INTEROPERABLE, Export::INTEROPERABLE];
    let terms = (any::<u8>(), 0..4usize, 0..64u8, any::<bool>());
    let uses = prop_oneof![Just(None), (100..1000u64).prop_map(Some)];
    (terms, 0..4usize, uses, any::<(bool, (bool, bool), bool)>()).prop_map(
        move |(terms, export, uses, flags)| {
            let (usage, hash, min_tag, deterministic) = terms;
            let (owned, validity, session_only) = flags;
            let export = exports[export];
            Draft { usage, hash, min_tag, deterministic, export, uses, owned, validity, session_only }
        },
    )
}

pub(crate) fn stories() -> impl Strategy<Value = Story> {
    let texts = (vec(any::<u8>(), 0..=32), vec(any::<u8>(), 0..=64), vec(any::<u8>(), 0..200));
    (14..=128u16, texts, drafts(), drafts(), 0..9u8).prop_map(|(length, texts, rights, less, field)| {
        let (label, application, message) = texts;
        Story { length, label, application, rights, less, field, message }
    })
}

impl Draft {
    fn usage(&self, shape: &Shape) -> Usage {
        let all = shape.algorithm.facts().usage;
        let singles = Usage::NAMED.iter().map(|(usage, _)| *usage).filter(|one| one.is_subset(all));
        let chosen = singles.enumerate().filter(|(bit, _)| self.usage >> bit & 1 != 0);
        let some = chosen.fold(Usage::NONE, |some, (_, one)| some.and(one));
        if some.is_empty() { all } else { some }
    }

    fn rule(&self, shape: &Shape) -> Rule {
        let params = &shape.algorithm.facts().params;
        let one =
            Hash::ALL.get(self.hash).filter(|hash| params.hashes.contains(**hash) && shape.is_strong(**hash));
        let mut rule = match shape.hash.or(one.copied()) {
            Some(hash) => Rule::hashed(shape.algorithm, hash),
            None => Rule::any(shape.algorithm),
        };
        if let Some((least, most)) = params.tag {
            rule = rule.min_tag(least + self.min_tag % (most - least + 1));
        }
        if params.deterministic && self.deterministic { rule.allow_deterministic() } else { rule }
    }

    /// All fields, or one of them.
    pub(crate) fn limit(&self, shape: &Shape, field: Option<u8>) -> Restriction {
        let chosen = |number| field.is_none_or(|field| field == number);
        let mut limit = Restriction::none();
        if chosen(0) {
            limit = limit.usage(self.usage(shape));
        }
        if chosen(1) {
            limit = limit.rules(Rules::one(self.rule(shape)));
        }
        if chosen(2) {
            limit = limit.export(self.export);
        }
        if let (true, Some(uses)) = (chosen(3), self.uses) {
            limit = limit.uses(uses);
        }
        if chosen(4) && self.owned {
            limit = limit.owner(USER);
        }
        if chosen(5) {
            let (begins, ends) = self.validity;
            limit = limit
                .validity(Validity { not_before: begins.then_some(900), not_after: ends.then_some(1100) });
        }
        if chosen(6) && self.session_only { limit.session_only() } else { limit }
    }
}
