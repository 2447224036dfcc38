//! The tables of docs/assurance.md, made of those that the tests hold.

use super::absent::ABSENT;
use super::expected::{ROWS, Why};

const PAGE: &str = "docs/assurance.md";
const START: &str =
    "<!-- wycheproof: made by `STRONGROOM_WRITE_DOCS=1 cargo test --test wycheproof document` -->\n";
const END: &str = "<!-- wycheproof: end -->\n";

#[test]
fn document_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let rendered = tables();
    if std::env::var_os("STRONGROOM_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{START}{rendered}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            written, rendered,
            "{PAGE}: STRONGROOM_WRITE_DOCS=1 cargo test --test wycheproof document"
        );
    }
}

fn tables() -> String {
    let mut out = String::from("\n| Family | Sets | Services | Tests | Agreed | Refused | Deviations |\n");
    out += "| --- | --- | --- | --- | --- | --- | --- |\n";
    let (mut tests, mut agreed, mut refused, mut others) = (0, 0, 0, 0);
    for row in ROWS {
        let deviations: usize = row.deviations.iter().map(|(_, tests)| tests).sum();
        let all = row.agreed + row.refused + deviations;
        out += &format!("| {} | {} | {} | {all} | ", row.family, row.sets.replace('*', "\\*"), row.services);
        out += &format!("{} | {} | {deviations} |\n", row.agreed, row.refused);
        (tests, agreed, refused, others) =
            (tests + all, agreed + row.agreed, refused + row.refused, others + deviations);
    }
    out += &format!("| all | | | {tests} | {agreed} | {refused} | {others} |\n");
    out += "\nThe deviations:\n\n| Family | Tests | Reason |\n| --- | --- | --- |\n";
    for row in ROWS {
        for (why, tests) in row.deviations {
            out += &format!("| {} | {tests} | {} |\n", row.family, why.reason());
        }
    }
    out += "\nSets of algorithms that the engine does not have:\n\n";
    for (family, _, absent) in ABSENT {
        out += &format!("* {family}: {}\n", absent.join(", "));
    }
    out.push('\n');
    out
}

#[test]
fn every_reason_is_used() {
    for why in Why::ALL {
        assert!(ROWS.iter().any(|row| row.deviations.iter().any(|(used, _)| *used == why)), "{why:?}");
    }
}
