//! A sequence of calls of two users' sessions, each checked against a model of policy.
//!
//! The model is written from the documentation and shares no code with the engine: it knows each key's
//! rights, uses left, owner and life, and says of each call whether it succeeds, or which errors it may
//! answer.

mod calls;
mod model;
mod rights;

use std::cell::RefCell;

use arbitrary::{Arbitrary, Unstructured};
use strongroom::Engine;

use crate::fixture::{powered_on, with};
use calls::Step;
use model::Model;

/// Longest sequence: what one input can cost is bounded.
const STEPS: usize = 64;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Runs the calls that the input spells.
pub fn sequence(data: &[u8]) {
    let mut input = Unstructured::new(data);
    with(&ENGINE, powered_on, |engine| {
        let mut model = Model::new(engine);
        for _ in 0..STEPS {
            if input.is_empty() {
                break;
            }
            let Ok(step) = Step::arbitrary(&mut input) else { break };
            if !model.step(&step) {
                break;
            }
        }
        model.finish();
    });
}
