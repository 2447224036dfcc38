//! The finite state model against a literal table, and the two doors that hang on it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::algorithm::Algorithm;
use crate::outcome::Caveats;

const TEST: TestId = TestId(3);
const OTHER: TestId = TestId(4);

fn module_in(state: State) -> Module {
    let module = Module::new();
    module.state.store(state as u8, Ordering::SeqCst);
    module
}

fn indicator() -> Indicator {
    Indicator { algorithm: Algorithm::Sha2, strength: None, reason: None, caveats: Caveats::NONE }
}

/// The whole transition function, written out: one row a state, one column an event, in the order
/// PowerOn, TestsPassed, Fault, TestsRequested, Zeroise.
const TABLE: [(State, [State; 5]); 6] = {
    use State::{Error, Initialising, Operational, PowerOff, SelfTest, Zeroised};
    [
        (PowerOff, [Initialising, PowerOff, Error, PowerOff, Zeroised]),
        (Initialising, [Initialising, Operational, Error, Initialising, Zeroised]),
        (Operational, [Operational, Operational, Error, SelfTest, Zeroised]),
        (SelfTest, [SelfTest, Operational, Error, SelfTest, Zeroised]),
        (Error, [Error, Error, Error, Error, Zeroised]),
        (Zeroised, [Zeroised, Zeroised, Zeroised, Zeroised, Zeroised]),
    ]
};
const COLUMNS: [Event; 5] =
    [Event::PowerOn, Event::TestsPassed, Event::Fault, Event::TestsRequested, Event::Zeroise];

#[test]
fn every_transition_is_the_one_in_the_table() {
    assert_eq!(COLUMNS, Event::ALL, "the table knows every event, in order");
    assert_eq!(TABLE.map(|(state, _)| state), State::ALL, "the table knows every state, in order");
    for (before, row) in TABLE {
        for (event, after) in COLUMNS.into_iter().zip(row) {
            assert_eq!(next(before, event), after, "{before:?} on {event:?}");
            let module = module_in(before);
            assert_eq!(module.apply(event), after, "{before:?} on {event:?}, applied");
            assert_eq!(module.state(), after);
        }
    }
}

#[test]
fn every_state_has_its_name() {
    let names = State::ALL.map(State::name);
    assert_eq!(names, ["PowerOff", "Initialising", "Operational", "SelfTest", "Error", "Zeroised"]);
    assert_eq!(names, State::ALL.map(|state| std::format!("{state:?}")), "as in reports, so in messages");
}

#[test]
fn only_operational_serves() {
    for (state, serves) in [
        (State::PowerOff, false),
        (State::Initialising, false),
        (State::Operational, true),
        (State::SelfTest, false),
        (State::Error, false),
        (State::Zeroised, false),
    ] {
        let module = module_in(state);
        assert_eq!(module.enter().is_ok(), serves, "{state:?}");
        if !serves {
            assert!(matches!(module.enter(), Err(Error::NotOperational)), "{state:?}");
        }
        let mut out = [0xee; 8];
        let mut staged = Staged::new(&mut out);
        staged.claim(5).unwrap().fill(7);
        let released = module.release(staged, indicator());
        assert_eq!(released.is_ok(), serves, "{state:?}");
        let expected = if serves { [7, 7, 7, 7, 7, 0xee, 0xee, 0xee] } else { [0; 8] };
        assert_eq!(out, expected, "{state:?}: all of the buffer is zeroed, or what was claimed is written");
        assert_eq!(module.release_value((), indicator()).is_ok(), serves, "{state:?}");
    }
}

#[test]
fn every_byte_is_a_state_and_only_the_right_one_serves() {
    let module = Module::new();
    for byte in 0..=255u8 {
        let expected = match byte {
            0x00 => State::PowerOff,
            0x17 => State::Initialising,
            0x5a => State::Operational,
            0x6c => State::SelfTest,
            0xf0 => State::Zeroised,
            _ => State::Error,
        };
        module.state.store(byte, Ordering::SeqCst);
        assert_eq!(module.state(), expected, "{byte:#04x}");
        assert_eq!(module.enter().is_ok(), byte == 0x5a, "{byte:#04x}");
    }
    assert_eq!(Module::new().state(), State::PowerOff, "a module starts without power");
}

/// One flipped bit never turns a state that refuses into the one that serves.
#[test]
fn no_two_states_are_one_bit_apart() {
    for (i, a) in State::ALL.into_iter().enumerate() {
        for b in State::ALL.into_iter().skip(i + 1) {
            assert!((a as u8 ^ b as u8).count_ones() > 1, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn error_and_zeroised_are_latched() {
    // Every sequence of four events.
    for code in 0..5usize.pow(4) {
        let events = (0..4u32).map(|i| Event::ALL[code / 5usize.pow(i) % 5]);
        let error = module_in(State::Error);
        let zeroised = module_in(State::Zeroised);
        let mut wiped = false;
        for event in events {
            wiped |= event == Event::Zeroise;
            assert_eq!(error.apply(event), if wiped { State::Zeroised } else { State::Error });
            assert_eq!(zeroised.apply(event), State::Zeroised);
        }
    }
}

#[test]
fn staged_output_is_zeroed_unless_it_is_released() {
    let mut out = [0xaa; 16];
    drop(Staged::new(&mut out));
    assert_eq!(out, [0; 16], "dropped without a claim");

    let mut out = [0xaa; 16];
    let fails = |out: &mut [u8]| -> Result<()> {
        let mut staged = Staged::new(out);
        staged.claim(4)?.fill(1);
        staged.claim(17)?;
        Ok(())
    };
    assert_eq!(fails(&mut out), Err(Error::BufferTooSmall));
    assert_eq!(out, [0; 16], "dropped by an early return");

    let mut out = [0xaa; 16];
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut staged = Staged::new(&mut out);
        staged.claim(16).unwrap().fill(1);
        panic!("a cell panics");
    }));
    assert!(unwound.is_err());
    assert_eq!(out, [0; 16], "dropped by a panic (FSM-12)");

    let module = module_in(State::Operational);
    let mut out = [0xaa; 16];
    let mut staged = Staged::new(&mut out);
    staged.claim(8).unwrap().fill(1);
    staged.truncate(3);
    staged.set_iv(&[9; 12]).unwrap();
    let written = module.release(staged, indicator()).unwrap().value();
    assert_eq!((written.len, written.iv.as_bytes()), (3, [9; 12].as_slice()));
    assert_eq!(out[..9], [1, 1, 1, 0, 0, 0, 0, 0, 0xaa], "shortened output leaves nothing behind");
}

#[test]
fn an_iv_that_is_too_long_is_refused() {
    let mut out = [0; 4];
    assert_eq!(Staged::new(&mut out).set_iv(&[0; 17]), Err(Error::InvalidArgument));
}

/// FSM-2: another thread trips the module between the computation and its release.
#[test]
fn output_computed_before_a_fault_is_not_released_after_it() {
    for event in [Event::Fault, Event::Zeroise] {
        let module = module_in(State::Operational);
        let (computed, is_computed) = mpsc::channel();
        let (tripped, is_tripped) = mpsc::channel::<()>();
        let module = &module;
        thread::scope(|scope| {
            let server = scope.spawn(move || {
                let mut out = [0xaa; 64];
                let pass = module.enter().unwrap();
                let mut staged = Staged::new(&mut out);
                staged.claim(64).unwrap().fill(0x55);
                computed.send(()).unwrap();
                is_tripped.recv().unwrap();
                assert!(!pass.still_serving(), "a long loop would stop now");
                let refused = module.release(staged, indicator()).map(|_| ());
                (refused, module.release_value((), indicator()).map(|_| ()), out)
            });
            is_computed.recv().unwrap();
            module.apply(event);
            tripped.send(()).unwrap();
            let (refused, value, out) = server.join().unwrap();
            assert_eq!(refused, Err(Error::NotOperational));
            assert_eq!(value, Err(Error::NotOperational));
            assert_eq!(out, [0; 64]);
        });
    }
}

/// FSM-8: output that is ready while self-tests run waits for their verdict.
#[test]
fn output_waits_for_running_self_tests() {
    for (verdict, released) in [(Event::TestsPassed, true), (Event::Fault, false)] {
        let module = module_in(State::Operational);
        let (ready, is_ready) = mpsc::channel();
        thread::scope(|scope| {
            let testing = module.begin_tests().unwrap();
            assert_eq!(module.apply(Event::TestsRequested), State::SelfTest);
            let (answer, answered) = mpsc::channel();
            let module = &module;
            scope.spawn(move || {
                let mut out = [0xaa; 8];
                let mut staged = Staged::new(&mut out);
                staged.claim(8).unwrap().fill(1);
                ready.send(()).unwrap();
                let done = module.release(staged, indicator()).is_ok();
                answer.send((done, out)).unwrap();
            });
            is_ready.recv().unwrap();
            assert!(answered.recv_timeout(Duration::from_millis(50)).is_err(), "it waits");
            module.apply(verdict);
            drop(testing);
            let expected = if released { [1; 8] } else { [0; 8] };
            assert_eq!(answered.recv().unwrap(), (released, expected));
        });
    }
}

/// FSM-12: nobody waits for tests that no thread runs any more.
#[test]
fn tests_that_were_abandoned_stop_the_module() {
    for poisoned in [false, true] {
        let module = module_in(State::Operational);
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let testing = module.begin_tests().unwrap();
            module.apply(Event::TestsRequested);
            if !poisoned {
                drop(testing);
            }
            panic!("a self-test panics");
        }));
        assert!(unwound.is_err());
        assert!(matches!(module.enter(), Err(Error::NotOperational)), "poisoned: {poisoned}");
        assert_eq!(module.state(), State::Error);
    }
}

/// FSM-12: who waited for tests trusts no verdict of a thread that then panicked.
#[test]
fn a_verdict_whose_thread_panicked_is_none() {
    // A waiter that comes too late to wait is served: then the next attempt, with more time, decides.
    let refused = (1..=40).any(|attempt| {
        let module = module_in(State::Operational);
        let (started, has_started) = mpsc::channel();
        thread::scope(|scope| {
            let module = &module;
            let testing = module.begin_tests().unwrap();
            module.apply(Event::TestsRequested);
            let waiter = scope.spawn(move || {
                started.send(()).unwrap();
                module.enter().is_err()
            });
            has_started.recv().unwrap();
            thread::sleep(Duration::from_millis(5 * attempt));
            let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _testing = testing;
                module.apply(Event::TestsPassed);
                panic!("a self-test panics at last");
            }));
            assert!(unwound.is_err());
            waiter.join().unwrap() && module.state() == State::Error
        })
    });
    assert!(refused);
}

/// The tests may pass between the short look at the state and the long one.
#[test]
fn the_long_look_at_the_state_serves_too() {
    assert_eq!(module_in(State::Operational).settle_later(), Ok(()));
}

#[test]
fn a_panic_with_a_pass_in_hand_stops_the_module() {
    let module = module_in(State::Operational);
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _pass = module.enter().unwrap();
        panic!("a service panics");
    }));
    assert!(unwound.is_err());
    assert_eq!(module.state(), State::Error);

    let module = module_in(State::Operational);
    drop(module.enter().unwrap().again());
    assert_eq!(module.state(), State::Operational, "a call that ends well stops nothing");
}

#[test]
fn the_tamper_switch_latches_from_every_state() {
    for state in State::ALL {
        let module = module_in(state);
        let pass = module_in(State::Operational);
        let switch = TamperSwitch::new(&module);
        let copy = switch;
        thread::scope(|scope| {
            scope.spawn(move || copy.fire());
        });
        assert_eq!(module.state(), State::Zeroised, "{state:?}");
        assert_eq!(module.apply(Event::TestsPassed), State::Zeroised);
        assert!(module.enter().is_err());
        assert!(pass.enter().is_ok(), "another instance goes on");
        switch.fire();
        assert_eq!(module.state(), State::Zeroised, "firing twice changes nothing");
    }
}

#[test]
fn the_ledger_keeps_the_first_failure_until_the_test_passes() {
    let module = module_in(State::Operational);
    assert_eq!((module.test_state(TEST), module.test_runs(TEST)), (TestState::NotRun, 0));
    module.record(TEST, true);
    assert_eq!((module.test_state(TEST), module.test_runs(TEST)), (TestState::Passed, 1));
    assert_eq!(module.failed_test(), None);
    module.record(TEST, false);
    module.record(OTHER, false);
    assert_eq!((module.test_state(TEST), module.test_runs(TEST)), (TestState::Failed, 2));
    assert_eq!(module.failed_test(), Some(TEST), "the first one is named");
    module.record(OTHER, true);
    assert_eq!(module.failed_test(), Some(TEST), "another test's success says nothing of this one");
    module.record(TEST, true);
    assert_eq!(module.failed_test(), None);
    assert_eq!(module.test_state(TestId(u16::MAX)), TestState::NotRun, "no such test");
}

#[test]
fn three_pairwise_failures_in_a_row_stop_the_module() {
    let module = module_in(State::Operational);
    for _ in 0..4 {
        module.record_pairwise(TEST, false);
        module.record_pairwise(TEST, false);
        assert_eq!(module.state(), State::Operational, "two in a row are a soft failure (FSM-6)");
        module.record_pairwise(TEST, true);
    }
    module.record_pairwise(TEST, false);
    module.record_pairwise(OTHER, false);
    assert_eq!(module.state(), State::Operational);
    module.record_pairwise(TEST, false);
    assert_eq!(module.state(), State::Error, "of whatever pair");
}
