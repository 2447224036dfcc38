//! docs/algorithms.md, self-tests.md, state-model.md, services.md and ssp-table.md are made from the code. This test
//! renders them and compares;
//! `STRONGROOM_WRITE_DOCS=1 cargo test --test docs` writes them.
#![cfg(all(feature = "std", feature = "aes", feature = "hmac"))]
#![cfg(all(
    feature = "rsa",
    feature = "ecdsa",
    feature = "ed25519",
    feature = "ml-kem",
    feature = "ml-dsa",
    feature = "slh-dsa",
    feature = "hybrid"
))] // the documents show the full build
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test

use std::fmt::Write;
use std::path::Path;

use strongroom::{
    Algorithm, Approval, Engine, Event, Facts, Family, Hash, KeyClass, KeyKind, ParamSet, SERVICES, SSPS,
    Ssp, SspFacts, State, TestKind, TestState, Usage, next_state,
};

const MADE: &str =
    "<!-- Made by `STRONGROOM_WRITE_DOCS=1 cargo test --test docs`. Do not edit: change the table. -->\n";

#[test]
fn algorithms_md_is_current() {
    current("docs/algorithms.md", &algorithms());
}

#[test]
fn self_tests_md_is_current() {
    current("docs/self-tests.md", &self_tests());
}

#[test]
fn state_model_md_is_current() {
    current("docs/state-model.md", &state_model());
}

#[test]
fn services_md_is_current() {
    current("docs/services.md", &services());
}

#[test]
fn ssp_table_md_is_current() {
    current("docs/ssp-table.md", &ssp_table());
}

/// Every public call of `Session` and `Engine` is a service, and every call named here exists.
#[test]
fn every_call_is_a_service() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join("engine.rs"), source.join("engine/builder.rs")];
    for entry in std::fs::read_dir(source.join("session")).unwrap() {
        let path = entry.unwrap().path();
        files.extend(path.is_file().then_some(path));
    }
    let mut calls: Vec<String> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // Calls stand in impl blocks of the two types; others (builders, values) are no services.
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("impl") {
                inside = line.contains("Session<") || line.contains("Engine<");
            } else if line.starts_with('}') {
                inside = false;
            }
            let name = line.trim().strip_prefix("pub fn ").or(line.trim().strip_prefix("pub const fn "));
            if let Some(name) = name.filter(|_| inside) {
                calls.push(name.split(['(', '<']).next().unwrap().to_string());
            }
        }
    }
    let named = |call: &str| SERVICES.iter().any(|service| service.calls.contains(&call));
    let laboratory = |call: &str| call.starts_with("lab_");
    let missing: Vec<_> = calls.iter().filter(|call| !named(call) && !laboratory(call)).collect();
    assert!(missing.is_empty(), "calls that no service names: {missing:?}");
    for service in SERVICES {
        for call in service.calls {
            assert!(calls.iter().any(|found| found == call), "{}: there is no call {call}", service.name);
        }
    }
    assert!(calls.len() > 40);
}

/// A link that leads nowhere is worse than none.
#[test]
fn links_between_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![];
    for folder in ["", "docs", "docs/decisions"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let (mut seen, mut dead) = (0, vec![]);
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            seen += 1;
            if !there.exists() || !(anchor.is_empty() || has_heading(&there, anchor)) {
                dead.push(format!("{}: {target}", page.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(seen > 10, "the search found only {seen} links");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

fn has_heading(page: &Path, anchor: &str) -> bool {
    let text = std::fs::read_to_string(page).unwrap();
    text.lines().filter(|line| line.starts_with('#')).any(|line| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().replace(' ', "-") == anchor
    })
}

fn current(file: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("STRONGROOM_WRITE_DOCS").is_some() {
        std::fs::write(&path, rendered).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = rendered.lines().zip(stored.lines()).find(|(new, old)| new != old);
    assert!(
        stored == rendered,
        "{file} is not current; run `STRONGROOM_WRITE_DOCS=1 cargo test --test docs`\nfirst difference: {differs:?}"
    );
}

fn algorithms() -> String {
    let mut out = format!("{MADE}\n# Algorithms\n\n");
    out += "What the full build offers. \"Approved\" says that the function is an approved one with the \
            parameters below;\nwhether a call was an approved service is the indicator's to say \
            ([policy.md](policy.md#indicator)).\nIds are permanent: they stand in wrapped keys.\n\n";
    out += "| Algorithm | Id | Standard | Keys | Usages | Parameters | Approved |\n";
    out += "| --- | --- | --- | --- | --- | --- | --- |\n";
    for algorithm in Algorithm::all() {
        assert!(<Engine>::has(algorithm), "the documents show the full build");
        let Facts { name, standard, approval, kinds, usage, params, .. } = algorithm.facts();
        let approved = match approval {
            Approval::Approved => "yes",
            Approval::NotApproved => "no",
        };
        let keys = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>();
        let id = algorithm.id();
        let (keys, usages, params) = (or_dash(&keys), usages(*usage), parameters(params));
        writeln!(out, "| {name} | `0x{id:04x}` | {standard} | {keys} | {usages} | {params} | {approved} |")
            .unwrap();
    }
    out += "\nEvery algorithm names its hash with each call; there are no defaults. IVs are made inside when \
            a call protects,\nand taken when it opens. PSS salts are as long as the hash. An HMAC tag is never \
            longer than its hash.\n\"sign-digest\" signs what was hashed outside: that is never an approved \
            service.\nOf the hashes of HASH-ML-DSA and HASH-SLH-DSA a key takes those that are as strong against \
            collisions as its set (FIPS 204 5.4,\nFIPS 205 10.2.2): with ML-DSA-65 and the sets of 192 bits from \
            384 bits on, with ML-DSA-87 and those of 256 bits only 512.\n";
    out += "\n## Families\n\nKeys serve algorithms of one family only.\n\n";
    for family in families() {
        let members = Algorithm::all().filter(|algorithm| algorithm.facts().family == family);
        writeln!(out, "* {}", members.map(Algorithm::name).collect::<Vec<_>>().join(", ")).unwrap();
    }
    out += "\n## Kinds of key\n\n| Kind | Id | Pairwise test | Algorithms |\n| --- | --- | --- | --- |\n";
    for kind in KeyKind::ALL {
        let (_, pairwise) = <Engine>::tests_of_kind(kind).unwrap();
        let serves = Algorithm::all().filter(|algorithm| algorithm.facts().kinds.contains(&kind));
        let serves = serves.map(Algorithm::name).collect::<Vec<_>>();
        let pairwise = pairwise.unwrap_or("-");
        writeln!(out, "| {} | `0x{:04x}` | {pairwise} | {} |", kind.name(), kind.id(), or_dash(&serves))
            .unwrap();
    }
    out
}

fn families() -> Vec<Family> {
    let mut families = vec![];
    for family in Algorithm::all().map(|algorithm| algorithm.facts().family) {
        if !families.contains(&family) {
            families.push(family);
        }
    }
    families
}

fn usages(usage: Usage) -> String {
    let held = Usage::NAMED.into_iter().filter(|(one, _)| usage.has(*one)).map(|(_, name)| name);
    or_dash(&held.collect::<Vec<_>>())
}

fn parameters(params: &ParamSet) -> String {
    let hashes = Hash::ALL.into_iter().filter(|hash| params.hashes.contains(*hash)).map(Hash::name);
    let mut parts = hashes.map(str::to_owned).collect::<Vec<_>>();
    if let Some((low, high)) = params.tag {
        parts.push(format!("tag {low} to {high} bytes"));
    }
    if params.aad {
        parts.push("associated data".to_owned());
    }
    if let Some(len) = params.iv_len {
        parts.push(format!("IV {len} bytes"));
    }
    if params.deterministic {
        parts.push("hedged or deterministic".to_owned());
    }
    if params.label {
        parts.push("label".to_owned());
    }
    or_dash(&parts)
}

fn or_dash<T: AsRef<str>>(parts: &[T]) -> String {
    if parts.is_empty() {
        return "-".to_owned();
    }
    parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

fn self_tests() -> String {
    let engine = Engine::power_on().unwrap();
    let mut out = format!("{MADE}\n# Self-tests\n\n");
    out += "Names are unique and stable: the report, the error of a failed power-on and the laboratory build's\n\
            `lab_break` use them. Known answers come from `kat-vectors/cast/`, compiled in.\n\n\
            * **power-on**: runs before an engine is returned.\n\
            * **first use**: runs before the first operation that depends on it.\n\
            * **pairwise**: runs on every generated pair, before the pair becomes a key.\n\
            * **integrity**: runs at power-on, after the tests of what it uses and before all others, if the \
            program was signed\n  ([integrity.md](integrity.md)).\n\n\
            `Engine::self_test` runs every known-answer test and the integrity test on demand, then checks every \
            key record.\nA failed known-answer or integrity test puts the module into the error state. A failed pairwise test costs \
            the pair;\nthree in a row put the module into the error state. Where \
            `Builder::self_test_every` sets a period, services stop when it is\nover, until `Engine::self_test` has \
            run.\n\n";
    out += "| Test | When | After | Guards |\n| --- | --- | --- | --- |\n";
    for test in engine.self_test_report() {
        let ran = test.state == TestState::Passed;
        assert_eq!(ran, test.kind == TestKind::PowerOn, "{} at power-on", test.name);
        let after = test.depends_on().collect::<Vec<_>>();
        let guards = match test.kind {
            TestKind::Pairwise => pairs(test.name),
            TestKind::PowerOn | TestKind::FirstUse => guarded(test.name),
            TestKind::Integrity => vec!["the program".to_owned()],
        };
        assert!(!guards.is_empty(), "{} guards nothing", test.name);
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            test.name,
            test.kind.name(),
            or_dash(&after),
            guards.join("; ")
        )
        .unwrap();
    }
    out += "\n## Before the first use\n\nWhat must have passed, beside the power-on tests.\n\n";
    out += "| Algorithm | To protect | To open or check |\n| --- | --- | --- |\n";
    for algorithm in Algorithm::all() {
        let (applying, opening) = <Engine>::tests_of(algorithm).unwrap();
        let (applying, opening) = (applying.collect::<Vec<_>>(), opening.collect::<Vec<_>>());
        writeln!(out, "| {} | {} | {} |", algorithm.name(), or_dash(&applying), or_dash(&opening)).unwrap();
    }
    out += "\nBefore the first group of a batch, beside those. Other algorithms run the items of a batch one by \
            one.\n\n| Algorithm | To protect | To check |\n| --- | --- | --- |\n";
    for algorithm in Algorithm::all() {
        let (applying, opening) = <Engine>::tests_of_batches(algorithm).unwrap();
        let (applying, opening) = (applying.collect::<Vec<_>>(), opening.collect::<Vec<_>>());
        if !(applying.is_empty() && opening.is_empty()) {
            writeln!(out, "| {} | {} | {} |", algorithm.name(), or_dash(&applying), or_dash(&opening))
                .unwrap();
        }
    }
    out += "\n| New key of kind | Known answers | Pairwise |\n| --- | --- | --- |\n";
    for kind in KeyKind::ALL {
        let (casts, pairwise) = <Engine>::tests_of_kind(kind).unwrap();
        let casts = casts.collect::<Vec<_>>();
        writeln!(out, "| {} | {} | {} |", kind.name(), or_dash(&casts), pairwise.unwrap_or("-")).unwrap();
    }
    out
}

/// What a known-answer test guards: algorithms, or the tests that come after it.
fn guarded(name: &str) -> Vec<String> {
    let mut guards = vec![];
    for algorithm in Algorithm::all() {
        let (mut applying, mut opening) = <Engine>::tests_of(algorithm).unwrap();
        let (applies, opens) = (applying.any(|test| test == name), opening.any(|test| test == name));
        let half = match (applies, opens) {
            (true, true) => "",
            // Digests and random numbers have one half.
            (true, false) if algorithm.facts().usage.is_empty() => "",
            (true, false) => ": protect",
            (false, true) => ": open",
            (false, false) => continue,
        };
        guards.push(format!("{}{half}", algorithm.name()));
    }
    for algorithm in Algorithm::all() {
        let (mut applying, mut opening) = <Engine>::tests_of_batches(algorithm).unwrap();
        if applying.any(|test| test == name) || opening.any(|test| test == name) {
            guards.push(format!("{}: batches", algorithm.name()));
        }
    }
    if guards.is_empty() {
        let engine = Engine::power_on().unwrap();
        let after = engine.self_test_report().filter(|test| test.depends_on().any(|needed| needed == name));
        guards.extend(after.map(|test| format!("test {}", test.name)));
    }
    guards
}

fn pairs(name: &str) -> Vec<String> {
    let with = |kind: &KeyKind| <Engine>::tests_of_kind(*kind).unwrap().1 == Some(name);
    KeyKind::ALL.into_iter().filter(with).map(|kind| format!("new {} pairs", kind.name())).collect()
}

fn state_model() -> String {
    let mut out = format!("{MADE}\n# State model\n\n");
    out += "One atomic byte and one total function, `next_state(state, event)`. The check at entry and the \
            check before output\nread the same byte. Bytes that are no state read as Error.\n\n";
    out += "```mermaid\nstateDiagram-v2\n    [*] --> PowerOff\n";
    for state in State::ALL {
        for event in Event::ALL {
            let next = next_state(state, event);
            if next != state {
                writeln!(out, "    {} --> {}: {event:?}", state.name(), next.name()).unwrap();
            }
        }
    }
    out += "```\n\n| State | Byte | Served |\n| --- | --- | --- |\n";
    for state in State::ALL {
        let served = match state {
            State::PowerOff | State::Initialising => "nothing: there is no engine yet",
            State::Operational => "everything",
            State::SelfTest => "status, version, report, zeroise; services wait for the result",
            State::Error => "status, version, report, zeroise, restart",
            State::Zeroised => "status, version, report, zeroise (nothing left to do), restart",
        };
        writeln!(out, "| {} | `0x{:02x}` | {served} |", state.name(), state as u8).unwrap();
    }
    out += "\n| State |";
    out += &Event::ALL.map(|event| format!(" {event:?} |")).concat();
    out += "\n| --- |";
    out += &" --- |".repeat(Event::ALL.len());
    out += "\n";
    for state in State::ALL {
        write!(out, "| **{}** |", state.name()).unwrap();
        for event in Event::ALL {
            let next = next_state(state, event);
            let shown = if next == state { "." } else { next.name() };
            write!(out, " {shown} |").unwrap();
        }
        out += "\n";
    }
    out += "\nA dot: the state stays. Zeroised is the last state of an instance; `Engine::restart` makes a new \
            instance, from any state.\n\n\
            Fault is applied when a known-answer test fails, when three pairwise tests fail in a row, when the \
            entropy source fails\nits health tests three times in a row, when a key record is damaged, and when \
            a service panics. Zeroise is applied by\n`Engine::zeroise` and by a tamper switch, in every state. \
            TestsRequested is applied by `Engine::self_test`.\n";
    out
}

fn services() -> String {
    let mut out = format!("{MADE}\n# Services\n\n");
    out += "What the module serves (ISO/IEC 19790 section 7.4.3). Who may ask for a key's use is in \
            [policy.md](policy.md#who-may-ask);\nwhat is an approved service, in [policy.md](policy.md#indicator). \
            An answer with an indicator says so of that very call.\n\n";
    out += "| Service | Calls | What it does | Roles | Usage | States | Indicator | Parameters |\n";
    out += "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for service in SERVICES {
        let calls: Vec<_> = service.calls.iter().map(|call| format!("`{call}`")).collect();
        let roles = match service.roles {
            [] => "none".to_owned(),
            roles => {
                roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect::<Vec<_>>().join(", ")
            }
        };
        let states = if service.every_state { "every" } else { "Operational" };
        let indicated = if service.indicated { "yes" } else { "-" };
        let touched: Vec<_> = service
            .ssps
            .iter()
            .map(|(ssp, how)| {
                let letters: String = how.iter().map(|access| access.letter()).collect();
                format!("{} {letters}", ssp.facts().unwrap().name)
            })
            .collect();
        writeln!(
            out,
            "| {} | {} | {} | {roles} | {} | {states} | {indicated} | {} |",
            service.name,
            calls.join(" "),
            service.does,
            usages(service.usage),
            or_dash(&touched),
        )
        .unwrap();
    }
    out += "\n\"none\": served to everybody, without a session. Parameters ([ssp-table.md](ssp-table.md)): G generated, \
            R read out,\nW written, E used, Z wiped; which of them a call touches depends on the key it is made \
            with.\n";
    out
}

fn ssp_table() -> String {
    let mut out = format!("{MADE}\n# Sensitive security parameters\n\n");
    out += "Critical ones (CSP) must not be disclosed or changed, public ones (PSP) must not be changed. Every one \
            is held in\nmemory alone: the engine stores nothing. Strengths are in bits.\n\n";
    out += "| Parameter | Class | Strength | Made by | Enters | Leaves | Kept | Wiped by | Used for |\n";
    out += "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for facts in SSPS {
        let SspFacts { name, strength, generation, entry, output, storage, zeroisation, usage, .. } = facts;
        let class = if facts.critical { "CSP" } else { "PSP" };
        writeln!(
            out,
            "| {name} | {class} | {strength} | {generation} | {entry} | {output} | {storage} | {zeroisation} | {usage} |"
        )
        .unwrap();
    }
    out += "\n## Keys\n\n| Kind of key | Private or secret | Public |\n| --- | --- | --- |\n";
    for kind in KeyKind::ALL {
        let name = |class| Ssp::of_key(kind, class).facts().unwrap().name;
        let (own, public) = if kind.is_asymmetric() {
            (name(KeyClass::Private), name(KeyClass::Public))
        } else {
            (name(KeyClass::Secret), "-")
        };
        writeln!(out, "| {} | {own} | {public} |", kind.name()).unwrap();
    }
    out
}
