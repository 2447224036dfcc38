//! What a run found, as Markdown.

use std::fmt::Write;

use crate::task::{Limit, Row, Task};

/// A column of the table of peers.
pub struct Column {
    pub name: &'static str,
    /// Drawn in the plot with this.
    pub colour: &'static str,
}

/// Ours come first.
pub const COLUMNS: [Column; 8] = [
    Column { name: "session", colour: "#d62728" },
    Column { name: "batch of 8", colour: "#ff9e4a" },
    Column { name: "batch of 32", colour: "#e8601c" },
    Column { name: "aws-lc-rs", colour: "#000000" },
    Column { name: "RustCrypto", colour: "#4477aa" },
    Column { name: "graviola", colour: "#228833" },
    Column { name: "ring", colour: "#aa3377" },
    Column { name: "OpenSSL", colour: "#888888" },
];
pub const SESSION: usize = 0;
pub const BATCHES: [(usize, usize); 2] = [(1, 8), (2, 32)];
pub const BASE: usize = 3;

/// Seconds for one operation, in each column that has it.
pub struct Measured {
    pub row: &'static Row,
    pub seconds: [Option<f64>; COLUMNS.len()],
}

impl Measured {
    /// How many times as fast as aws-lc-rs.
    pub fn ratio(&self, column: usize) -> Option<f64> {
        Some(self.seconds[BASE]? / self.seconds[column]?)
    }

    fn best_batch(&self) -> Option<f64> {
        BATCHES.iter().filter_map(|(column, _)| self.ratio(*column)).reduce(f64::max)
    }
}

pub struct Overhead {
    pub task: Task,
    pub limit: Limit,
    pub session: f64,
    pub bare: f64,
    /// The median of the differences within each round.
    pub added: f64,
}

impl Overhead {
    fn verdict(&self) -> (String, &'static str) {
        match self.limit {
            Limit::Percent(limit) => {
                let met = self.added <= self.bare * limit / 100.0;
                (format!("{limit:.0} %"), if met { "met" } else { "short" })
            }
            Limit::Nanos(limit) => {
                (format!("{limit:.0} ns"), if self.added * 1e9 <= limit { "met" } else { "short" })
            }
            Limit::None => ("-".into(), "-"),
        }
    }
}

pub struct Threads {
    pub name: String,
    pub one: f64,
    pub two: f64,
    /// Medians of the ratios within each round, by the clock on the wall and by CPU time.
    pub wall: f64,
    pub cpu: f64,
}

#[derive(Default)]
pub struct Report {
    pub about: String,
    pub peers: Vec<Measured>,
    pub overheads: Vec<Overhead>,
    pub threads: Vec<Threads>,
    /// Seconds until an engine serves.
    pub power_on: Option<f64>,
}

impl Report {
    pub fn markdown(&self) -> String {
        let mut out = self.about.clone();
        self.table(&mut out);
        self.goals(&mut out);
        self.overhead(&mut out);
        self.scaling(&mut out);
        if let Some(seconds) = self.power_on {
            let verdict = if seconds < 0.020 { "met" } else { "short" };
            let _ = writeln!(
                out,
                "\n### Power-on\n\n{:.2} ms to an engine that serves, goal under 20 ms: {verdict}.",
                seconds * 1e3
            );
        }
        out
    }

    fn table(&self, out: &mut String) {
        if self.peers.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n### Operations per second on one core (ratio to aws-lc-rs)\n");
        let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
        let _ = writeln!(out, "| Operation | {} |", names.join(" | "));
        let _ = writeln!(out, "|---|{}", "---:|".repeat(COLUMNS.len()));
        for measured in &self.peers {
            let cells: Vec<_> = (0..COLUMNS.len())
                .map(|column| {
                    let Some(seconds) = measured.seconds[column] else { return "-".into() };
                    let rate = rate(measured.row.task, seconds);
                    match measured.ratio(column) {
                        Some(ratio) if column != BASE => format!("{rate} ({ratio:.2})"),
                        _ => rate,
                    }
                })
                .collect();
            let _ = writeln!(out, "| {} | {} |", measured.row.task.name(), cells.join(" | "));
        }
    }

    /// Goal and result of each row. Within 6 % is a tie, and counts as met.
    fn goals(&self, out: &mut String) {
        if self.peers.iter().all(|measured| measured.ratio(SESSION).is_none()) {
            return;
        }
        let _ = writeln!(out, "\n### Goals, as ratios to aws-lc-rs\n");
        let _ = writeln!(out, "| Operation | goal | session | | goal in batches | best batch | |");
        let _ = writeln!(out, "|---|---:|---:|---|---:|---:|---|");
        for measured in &self.peers {
            let Some(found) = measured.ratio(SESSION) else { continue };
            let (found, note) = match self.without_pairwise(measured) {
                Some(apart) => (apart, ", pairwise test apart"),
                None => (found, ""),
            };
            let row = measured.row;
            let single = format!("{:.2} | {found:.2} | {}{note}", row.goal, verdict(found, row.goal));
            let batch = match (row.batch_goal, measured.best_batch()) {
                (Some(goal), Some(found)) => format!("{goal:.1} | {found:.2} | {}", verdict(found, goal)),
                _ => "- | - | ".into(),
            };
            let _ = writeln!(out, "| {} | {single} | {batch} |", row.task.name());
        }
    }

    /// The ratio of key generation after subtracting one run of each half of the pairwise test.
    fn without_pairwise(&self, measured: &Measured) -> Option<f64> {
        let find = |task| self.peers.iter().find(|other| other.row.task == task)?.seconds[SESSION];
        let [first, second] = measured.row.task.pairwise()?;
        let apart = measured.seconds[SESSION]? - find(first)? - find(second)?;
        (apart > 0.0).then_some(measured.seconds[BASE]? / apart)
    }

    fn overhead(&self, out: &mut String) {
        if self.overheads.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n### What a session adds to the bare primitive\n");
        let _ = writeln!(out, "| Operation | session ns | bare ns | added ns | added | limit | |");
        let _ = writeln!(out, "|---|---:|---:|---:|---:|---:|---|");
        for row in &self.overheads {
            let (limit, verdict) = row.verdict();
            let _ = writeln!(
                out,
                "| {} | {:.0} | {:.0} | {:+.0} | {:+.1} % | {limit} | {verdict} |",
                row.task.name(),
                row.session * 1e9,
                row.bare * 1e9,
                row.added * 1e9,
                100.0 * row.added / row.bare,
            );
        }
    }

    fn scaling(&self, out: &mut String) {
        if self.threads.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n### Two threads, each with a session, on one key\n");
        let _ = writeln!(
            out,
            "| Operation | one thread, ops/s | two threads, ops/s | two/one on the wall | by CPU time |"
        );
        let _ = writeln!(out, "|---|---:|---:|---:|---:|");
        for row in &self.threads {
            let Threads { name, one, two, wall, cpu } = row;
            let _ = writeln!(out, "| {name} | {one:.0} | {two:.0} | {wall:.2} | {cpu:.2} |");
        }
    }
}

fn verdict(found: f64, goal: f64) -> &'static str {
    match found {
        found if found >= goal => "met",
        found if found >= goal * 0.94 => "tie",
        _ => "short",
    }
}

/// Operations a second, or bytes where a message is long.
fn rate(task: Task, seconds: f64) -> String {
    match task.bytes() {
        Some(bytes) if bytes >= 1 << 20 => format!("{:.2} GB/s", bytes as f64 / seconds / 1e9),
        _ => short(1.0 / seconds),
    }
}

fn short(number: f64) -> String {
    match number {
        n if n >= 1e7 => format!("{:.1}M", n / 1e6),
        n if n >= 1e6 => format!("{:.2}M", n / 1e6),
        n if n >= 1e5 => format!("{:.0}k", n / 1e3),
        n if n >= 1e4 => format!("{:.1}k", n / 1e3),
        n if n >= 1e3 => format!("{:.2}k", n / 1e3),
        n if n >= 1e2 => format!("{n:.0}"),
        n => format!("{n:.1}"),
    }
}
