//! One thread and two, each with a session of its own, on the same key. Slices take turns.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use strongroom::Session;

use crate::measure::{median, thread_time};
use crate::report::Threads;
use crate::sides::engine::{Rig, open, shared};
use crate::task::Task;

const ROUNDS: usize = 15;
/// Operations between two looks at the clock.
const GROUP: u32 = 4;

/// The control: nothing shared. Its ratio is what the machine had to give, 2.00 on two free cores.
pub fn control(seconds: f64) -> Threads {
    let name = "control: SHA-256 of 1 KiB, nothing shared".into();
    measure(name, seconds, &|_, out| out[..32].copy_from_slice(&Sha256::digest(black_box([0x5a; 1024]))))
}

pub fn row(rig: &Rig, task: Task, seconds: f64) -> Threads {
    let work = shared(&rig.session, task);
    let sessions: [Session<'static>; 2] = [open(&rig.engine), open(&rig.engine)];
    measure(task.name(), seconds, &|thread, out| work(&sessions[thread], out))
}

type Work<'w> = &'w (dyn Fn(usize, &mut [u8]) + Sync);

fn measure(name: String, seconds: f64, work: Work<'_>) -> Threads {
    for thread in 0..2 {
        work(thread, &mut [0; 2048]); // self-tests, pins
    }
    let length = Duration::from_secs_f64(seconds / (2 * ROUNDS) as f64);
    let (mut ones, mut twos, mut wall, mut cpu) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        // Alone as either thread in turn, before the pair or after it.
        let alone = || rates(&[round % 2], length, work);
        let pair = || rates(&[0, 1], length, work);
        let (one, two) = if round % 4 < 2 {
            let one = alone();
            (one, pair())
        } else {
            let two = pair();
            (alone(), two)
        };
        ones.push(one.0);
        twos.push(two.0);
        wall.push(two.0 / one.0);
        cpu.push(two.1 / one.1);
    }
    let one = median(&mut ones);
    Threads { name, one, two: median(&mut twos), wall: median(&mut wall), cpu: median(&mut cpu) }
}

/// Operations a second of these threads together, by the clock on the wall and by their CPU time. Threads that wait
/// for each other lose on the wall; those that fight for a cache line lose in CPU time too; those that share the
/// machine with other programs lose on the wall alone.
fn rates(threads: &[usize], length: Duration, work: Work<'_>) -> (f64, f64) {
    let start_line = Barrier::new(threads.len());
    std::thread::scope(|scope| {
        let started: Vec<_> = threads
            .iter()
            .map(|&thread| {
                let start_line = &start_line;
                scope.spawn(move || {
                    let mut out = [0; 2048];
                    start_line.wait();
                    let (start, used, mut done) = (Instant::now(), thread_time(), 0u32);
                    while start.elapsed() < length {
                        for _ in 0..GROUP {
                            work(thread, &mut out);
                        }
                        done += GROUP;
                    }
                    let wall = start.elapsed().as_secs_f64();
                    let used = (thread_time() - used).as_secs_f64();
                    (f64::from(done) / wall, f64::from(done) / used)
                })
            })
            .collect();
        let found = started.into_iter().map(|thread| thread.join().expect("a thread that measures"));
        found.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    })
}
