//! The table of algorithms.

use strongroom::{Algorithm, Approval, Engine, HeapStore, Usage};

use crate::Problem;

/// Prints it.
#[allow(clippy::unnecessary_wraps)] // the shape of every command
pub(crate) fn run() -> Result<(), Problem> {
    println!(
        "{:<16} {:<30} {:<13} {:<8} {:<28} keys",
        "algorithm", "standard", "approved", "built in", "usages"
    );
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
        println!(
            "{:<16} {:<30} {approved:<13} {present:<8} {:<28} {}",
            facts.name,
            facts.standard,
            usages.join(" "),
            kinds.join(" ")
        );
    }
    println!(
        "\napproved: an approved security function with the engine's parameters. This module holds no certificate."
    );
    Ok(())
}
