//! Small inputs to start from: what `examples/write_corpus.rs` writes to `fuzz/corpus`.

use crate::fixture::flip;
use crate::public_key::DER;
use crate::wrapped_key::GOLDEN;

/// Names and bytes of a target's seeds.
#[must_use]
pub fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "wrapped_key" => wrapped_key(),
        "unwrap" => unwrap(),
        "public_key" => public_key(),
        "sequence" => sequence(),
        "image" => image(),
        "acvp" => acvp(),
        _ => Vec::new(),
    }
}

fn wrapped_key() -> Vec<(String, Vec<u8>)> {
    let mut seeds = vec![("empty".into(), Vec::new())];
    for (number, golden) in GOLDEN.iter().enumerate() {
        let choice = number as u8;
        seeds.push((format!("golden-{number}"), vec![choice]));
        // Version, origin, count mark, policy length, sealed length.
        for at in [4, 39, 42, 59, 60, 142] {
            seeds.push((format!("golden-{number}-byte-{at}"), [&[choice][..], &flip(at, 1)].concat()));
        }
        seeds.push((format!("raw-{number}"), [&[GOLDEN.len() as u8], *golden].concat()));
    }
    seeds
}

fn unwrap() -> Vec<(String, Vec<u8>)> {
    const CASES: u8 = 6;
    let mut seeds = vec![("raw-empty".into(), vec![0, CASES]), ("raw".into(), vec![1, CASES, 0x53, 0x52])];
    for case in 0..CASES {
        seeds.push((format!("good-{case}"), vec![case, case]));
        seeds.push((format!("crossed-{case}"), vec![case, (case + 1) % CASES]));
        seeds.push((format!("flipped-{case}"), [&[case, case][..], &flip(0, 0x80)].concat()));
        seeds.push((format!("cut-{case}"), vec![case, case, 4, 0, 17, 0]));
        seeds.push((format!("longer-{case}"), vec![case, case, 2, 0, 0, 0]));
    }
    seeds
}

fn public_key() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (number, der) in DER.iter().enumerate() {
        let choice = number as u8;
        seeds.push((format!("der-{number}"), vec![choice]));
        seeds.push((format!("der-{number}-last"), [&[choice][..], &flip(der.len() as u16 - 1, 1)].concat()));
    }
    let raw = DER.len() as u8;
    seeds.push(("raw".into(), [&[raw], DER[3]].concat()));
    seeds.push(("pem-0".into(), vec![raw + 1]));
    seeds.push(("pem-1".into(), vec![raw + 2]));
    seeds.push(("pem-0-line".into(), [&[raw + 1][..], &flip(40, 1)].concat()));
    seeds
}

/// Bytes of a SplitMix64 generator: sequences of calls that are not chosen by hand.
fn sequence() -> Vec<(String, Vec<u8>)> {
    let stream = |seed: u64, len: usize| {
        let mut state = seed;
        let bytes = (0..len).map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 40) as u8
        });
        bytes.collect()
    };
    (1..=12).map(|seed| (format!("calls-{seed}"), stream(seed, 150 * seed as usize))).collect()
}

fn image() -> Vec<(String, Vec<u8>)> {
    let mut seeds = vec![("raw".into(), vec![3, 0x7f, b'E', b'L', b'F', 2, 1])];
    for (number, name) in ["elf-32", "elf-64", "slot"].into_iter().enumerate() {
        seeds.push((name.into(), vec![number as u8]));
        seeds.push((format!("{name}-flipped"), [&[number as u8][..], &flip(40, 1)].concat()));
        seeds.push((format!("{name}-cut"), vec![number as u8, 4, 0, 60, 0]));
    }
    seeds
}

fn acvp() -> Vec<(String, Vec<u8>)> {
    let mut seeds = vec![("raw".into(), [&[255, 0, 0][..], b"[{}]"].concat())];
    for set in 0..16 {
        seeds.push((format!("set-{set:02}"), vec![set, 0, 0]));
        seeds.push((format!("set-{set:02}-flipped"), [&[set, 1, 1][..], &flip(150, 2)].concat()));
    }
    seeds
}
