//! The engine beside aws-lc-rs, RustCrypto, graviola, ring and OpenSSL, in one interleaved run.
//!
//! `cargo peers [FILTER ..] [--seconds S] [--list] [--write-docs]`

// A benchmark stops at the first failure, and rounds figures for people.
#![allow(clippy::unwrap_used)]

mod measure;
mod plot;
mod report;
mod sides;
mod task;
mod threads;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::rc::Rc;

use strongroom::{Backend, Engine};

use measure::Side;
use report::{BATCHES, COLUMNS, Measured, Overhead, Report, SESSION};
use sides::engine::{self, Rig};
use sides::{Peer, rust_crypto};
use task::{OVERHEADS, ROWS, THREADS};

const USAGE: &str = "\
cargo peers [FILTER ..] [--seconds S] [--list] [--write-docs]

  FILTER        rows whose name has one of these in it, whatever the case; all without one.
                Names are those of the tables; before those of the other tables stand
                \"overhead: \" and \"threads: \", and there is \"power-on\"
  --seconds S   CPU time of a row, 0.8 unless said; searching RSA keys takes sixteen times that
  --list        prints the names of the rows
  --write-docs  writes the result of a run of all rows into docs/performance.md and docs/performance.svg

Written to target/peers/: report.md and peers.svg";

struct Options {
    filters: Vec<String>,
    seconds: f64,
    write_docs: bool,
    list: bool,
}

impl Options {
    fn parse() -> Result<Self, String> {
        let mut options = Self { filters: vec![], seconds: 0.8, write_docs: false, list: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seconds" => {
                    let number = words.next().and_then(|word| word.parse().ok());
                    options.seconds = number
                        .filter(|seconds| (0.01..=600.0).contains(seconds))
                        .ok_or("--seconds needs a number between 0.01 and 600")?;
                }
                "--write-docs" => options.write_docs = true,
                "--list" => options.list = true,
                "--bench" => {} // cargo bench says so
                word if word.starts_with('-') => return Err(USAGE.into()),
                filter => options.filters.push(filter.to_lowercase()),
            }
        }
        if options.write_docs && !options.filters.is_empty() {
            return Err("--write-docs takes a run of all rows: leave the filter out".into());
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let wanted = self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter));
        if wanted && self.list {
            println!("{name}");
        } else if wanted {
            eprintln!("  {name}");
        }
        wanted && !self.list
    }
}

fn main() -> ExitCode {
    match Options::parse().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    if cfg!(debug_assertions) {
        return Err("a debug build measures nothing: cargo peers, or --release".into());
    }
    let used = measure::thread_time();
    let (fast, portable) = (engine::rig(None), engine::rig(Some(Backend::Portable)));
    let peers = sides::peers();
    let mut report = Report::default();
    for row in ROWS.iter().filter(|row| options.wants(&row.task.name())) {
        report.peers.push(peer_row(&fast, &peers, row, options.seconds * row.task.weight()));
    }
    for &(task, limit) in OVERHEADS {
        if options.wants(&format!("overhead: {}", task.name())) {
            let session = engine::side(&portable, task).expect("the engine has it");
            let bare = rust_crypto::bare(task).expect("the crate has it");
            let turns = measure::turns(&mut [session, bare], options.seconds);
            let mut differences: Vec<_> =
                turns[0].iter().zip(&turns[1]).map(|(with, bare)| with - bare).collect();
            let [mut session, mut bare] = [turns[0].clone(), turns[1].clone()];
            let added = measure::median(&mut differences);
            let (session, bare) = (measure::median(&mut session), measure::median(&mut bare));
            report.overheads.push(Overhead { task, limit, session, bare, added });
        }
    }
    if options.wants("threads: control") {
        report.threads.push(threads::control(options.seconds));
    }
    for &task in THREADS {
        if options.wants(&format!("threads: {}", task.name())) {
            report.threads.push(threads::row(&fast, task, options.seconds * 1.5));
        }
    }
    if options.wants("power-on") {
        let power_on: Side = Box::new(|| drop(Engine::power_on().expect("power-on")));
        report.power_on = measure::compare(&mut [power_on], options.seconds).pop();
    }
    if options.list {
        return Ok(());
    }
    report.about = about(options, &fast, &peers, (measure::thread_time() - used).as_secs());
    write(options, &report)
}

/// Every library does the row's task, in turn.
fn peer_row(rig: &Rc<Rig>, peers: &[Peer], row: &'static task::Row, seconds: f64) -> Measured {
    let mut columns = Vec::new();
    let mut sides: Vec<Side> = Vec::new();
    let mut add = |column: usize, size: usize, side: Option<Side>| {
        if let Some(side) = side {
            columns.push((column, size));
            sides.push(side);
        }
    };
    add(SESSION, 1, engine::side(rig, row.task));
    if row.batch_goal.is_some() {
        for (column, size) in BATCHES {
            add(column, size, engine::batch(rig, row.task, size));
        }
    }
    for (column, head) in COLUMNS.iter().enumerate() {
        let peer = peers.iter().find(|peer| peer.name == head.name);
        if let Some(make) = peer.and_then(|peer| peer.make.as_ref().ok()) {
            add(column, 1, make(row.task));
        }
    }
    let mut seconds_each = [None; COLUMNS.len()];
    for (&(column, size), time) in columns.iter().zip(measure::compare(&mut sides, seconds)) {
        seconds_each[column] = Some(time / size as f64);
    }
    Measured { row, seconds: seconds_each }
}

/// Machine, date, command, versions, and who is missing.
fn about(options: &Options, rig: &Rig, peers: &[Peer], used: u64) -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.split(':').next().map(str::trim) == Some(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field("model name").unwrap_or_else(|| "unknown processor".into());
    let number = |name| field(name).unwrap_or_else(|| "?".into());
    let (family, kind) = (number("cpu family"), number("model"));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().nth(1).unwrap_or("?");
    let date = output("date", &["-u", "+%Y-%m-%d"]);
    let rustc = output("rustc", &["--version"]);
    let words: Vec<_> = std::env::args().skip(1).collect();
    let mut lines = vec![
        format!(
            "* Machine: {model} (family {family}, model {kind}), {cores} cores, load {load} in five minutes"
        ),
        format!("* Date: {date}; {rustc}"),
        format!("* Command: `{}`", format!("cargo peers {}", words.join(" ")).trim()),
        format!("* Engine: {}, {}", Engine::<strongroom::HeapStore>::version(), rig.engine.status().backends),
        format!(
            "* Medians of slices that take turns, {} s of CPU time a row, {used} s altogether",
            options.seconds
        ),
    ];
    let present: Vec<_> = peers
        .iter()
        .filter(|peer| peer.make.is_ok())
        .map(|peer| format!("{} ({})", peer.name, peer.version))
        .collect();
    lines.push(format!("* Peers: {}", present.join(", ")));
    for peer in peers {
        if let Err(why) = peer.make {
            lines.push(format!("* **Not measured: {}**: {why}", peer.name));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn output(program: &str, words: &[&str]) -> String {
    let found = Command::new(program).args(words).output();
    found.map_or_else(|_| "?".into(), |found| String::from_utf8_lossy(&found.stdout).trim().to_owned())
}

const BEGIN: &str = "<!-- begin: cargo peers --write-docs -->\n";
const END: &str = "<!-- end -->\n";

fn write(options: &Options, report: &Report) -> Result<(), String> {
    let text = report.markdown();
    println!("{text}");
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.parent().ok_or("this crate has left its repository")?;
    let caption = report.about.lines().take(2).map(|line| line.trim_start_matches("* "));
    let picture = plot::svg(&report.peers, &caption.collect::<Vec<_>>().join("; "));
    let folder = root.join("target/peers");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    put(folder.join("report.md"), &text)?;
    put(folder.join("peers.svg"), &picture)?;
    if options.write_docs {
        let page = root.join("docs/performance.md");
        let old = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let place = old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) = place.ok_or("docs/performance.md has lost the marks of its generated part")?;
        put(page, &format!("{before}{BEGIN}\n{text}\n{END}{after}"))?;
        put(root.join("docs/performance.svg"), &picture)?;
    }
    Ok(())
}

fn put(path: PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
