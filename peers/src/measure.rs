//! The clock, and slices that take turns.

use std::mem::MaybeUninit;
use std::time::Duration;

/// One library's way of doing a task once. It panics when the library fails: nothing is measured then.
pub type Side = Box<dyn FnMut()>;

/// CPU time that this thread has used. Other processes on the machine do not add to it, as they do to the time on
/// the wall; what they do to caches and to the clock of the processor hits every side alike, in turn.
pub fn thread_time() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the pointer is valid for a write of one timespec.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) };
    assert_eq!(answer, 0, "no clock of the thread's CPU time");
    // SAFETY: the call succeeded, so it was written.
    let time = unsafe { time.assume_init() };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("nanoseconds"))
}

fn slice(side: &mut Side, count: u32) -> f64 {
    let start = thread_time();
    for _ in 0..count {
        side();
    }
    (thread_time() - start).as_secs_f64() / f64::from(count)
}

/// How many operations fill one slice.
fn calibrate(side: &mut Side, length: f64) -> u32 {
    side(); // first use: self-tests, tables, pins
    let mut count = 1;
    loop {
        let each = slice(side, count).max(1e-9);
        if each * f64::from(count) > length / 4.0 || count >= 1 << 22 {
            return (length / each).round().clamp(1.0, f64::from(1 << 24)) as u32;
        }
        count *= 2;
    }
}

/// Rounds in which every side has a slice. An odd number has a middle.
const ROUNDS: usize = 25;
/// Rounds at least, however slow a side is.
const FEWEST: usize = 5;

/// Seconds for one operation of each side: medians of slices that take turns, in about `seconds` altogether.
pub fn compare(sides: &mut [Side], seconds: f64) -> Vec<f64> {
    medians(&mut turns(sides, seconds))
}

/// The slices themselves, a list for each side.
pub fn turns(sides: &mut [Side], seconds: f64) -> Vec<Vec<f64>> {
    let length = seconds / (sides.len() * ROUNDS) as f64;
    let counts: Vec<u32> = sides.iter_mut().map(|side| calibrate(side, length)).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); sides.len()];
    let start = thread_time();
    for round in 0..ROUNDS {
        for turn in 0..sides.len() {
            // Whoever comes first changes, and so does who comes after whom.
            let at = if round % 2 == 0 { turn + round } else { 2 * sides.len() + round - turn } % sides.len();
            let time = slice(&mut sides[at], counts[at]);
            times[at].push(time);
        }
        if round + 1 >= FEWEST && round % 2 == 0 && (thread_time() - start).as_secs_f64() > seconds {
            break;
        }
    }
    times
}

fn medians(times: &mut [Vec<f64>]) -> Vec<f64> {
    times.iter_mut().map(|times| median(times)).collect()
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
