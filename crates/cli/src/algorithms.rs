//! The table of algorithms.

use std::io::Write;

use strongroom::{Algorithm, Approval, Engine, HeapStore, Usage};

use crate::Failure;

/// Prints it.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{:<16} {:<30} {:<13} {:<8} {:<24} keys",
        "algorithm", "standard", "approved", "built in", "usages"
    )?;
    for algorithm in Algorithm::all() {
        let facts = algorithm.facts();
        let approved = match facts.approval {
            Approval::Approved => "approved",
            Approval::NotApproved => "not approved",
        };
        let present = if Engine::<HeapStore>::has(algorithm) { "yes" } else { "no" };
        let usages: Vec<&str> =
            Usage::NAMED.iter().filter(|(usage, _)| facts.usage.has(*usage)).map(|(_, name)| *name).collect();
        let kinds: Vec<&str> = facts.kinds.iter().map(|kind| kind.name()).collect();
        let line = format!(
            "{:<16} {:<30} {approved:<13} {present:<8} {:<24} {}",
            facts.name,
            facts.standard,
            usages.join(" "),
            kinds.join(" ")
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(writeln!(
        out,
        "\napproved: an approved security function with the engine's parameters. This module holds no certificate."
    )?)
}
