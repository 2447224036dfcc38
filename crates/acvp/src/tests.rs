//! Every set of `sets/`, compared answer by answer; what is generated, fed back; and inputs that are no sets.
//!
//! Sets and answers come from `tools/make_sets.py` and `tools/more_sets.py`, from independent implementations.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::envelope::{Report, run};
use crate::registry::supported;

mod generated;
mod inputs;

/// Families whose sets must have cases that fail (ACV-6): a program that always says yes must not pass.
const JUDGES: [&str; 19] = [
    "ACVP-AES-GCM",
    "ACVP-AES-GMAC",
    "ACVP-AES-KW",
    "ACVP-AES-KWP",
    "CMAC-AES",
    "ECDSA-keyVer",
    "ECDSA-sigVer",
    "EDDSA-keyVer",
    "EDDSA-sigVer",
    "RSA-sigVer",
    "RSA-signaturePrimitive",
    "RSA-decryptionPrimitive",
    "KTS-IFC",
    "KAS-ECC-SSC",
    "KDA-HKDF",
    "KDA-OneStep",
    "ML-KEM-encapDecap",
    "ML-DSA-sigVer",
    "SLH-DSA-sigVer",
];

/// What a comparison counted (ACV-2).
#[derive(Debug, Default)]
struct Count {
    compared: usize,
    negative: usize,
    generated: usize,
    left_out: usize,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sets")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The set in an envelope, or the set.
fn inner(value: &Value) -> &Value {
    value.as_array().map_or(value, |parts| parts.last().unwrap())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap()
}

fn by_id<'a>(values: &'a [Value], name: &str) -> BTreeMap<u64, &'a Value> {
    values.iter().map(|value| (value[name].as_u64().unwrap(), value)).collect()
}

/// Hex differs in case, and nothing else may differ.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

fn compare_fields(place: &str, got: &Value, expected: &Value) {
    let (got, expected) = (got.as_object().unwrap(), expected.as_object().unwrap());
    for (name, value) in expected.iter().filter(|(name, _)| *name != "tests") {
        let found = got.get(name).unwrap_or_else(|| panic!("{place}: no {name}"));
        assert!(same(found, value), "{place}: {name} is {found}, not {value}");
    }
    let names: BTreeSet<_> = got.keys().chain(expected.keys()).filter(|name| *name != "tests").collect();
    assert_eq!(names.len(), expected.keys().filter(|name| *name != "tests").count(), "{place}: {names:?}");
}

/// The first, the second and the last of the results, each of which depends on all before it.
fn compare_results(place: &str, got: &Value, expected: &Value) {
    let results = list(got, "resultsArray");
    assert_eq!(results.len() as u64, expected["resultsCount"].as_u64().unwrap(), "{place}");
    let kept: &Map<_, _> = expected["resultsSample"].as_object().unwrap();
    assert_eq!(kept.len(), 3, "{place}");
    for (at, result) in kept {
        compare_fields(&format!("{place} result {at}"), &results[at.parse::<usize>().unwrap()], result);
    }
}

fn compare(path: &Path) -> Count {
    let (name, data) = (path.file_stem().unwrap().to_str().unwrap(), read(path));
    let mut text = serde_json::to_vec(&data["prompt"]).unwrap();
    text.extend_from_slice(b"\nEOF.");
    let Report { code, response, message } = run(&text);
    assert_eq!(u64::from(code), data["code"].as_u64().unwrap(), "{name}: {message:?}");
    assert_eq!(message.is_some(), code != 0, "{name}");
    let response = response.unwrap_or_else(|| panic!("{name}: no response"));
    // The shape of the input.
    assert_eq!(response.is_array(), data["prompt"].is_array(), "{name}");
    if response.is_array() {
        assert_eq!(response[0], data["prompt"][0], "{name}");
    }
    let (prompt, response) = (inner(&data["prompt"]), inner(&response));
    for field in ["vsId", "algorithm", "mode", "revision"] {
        assert_eq!(response.get(field), prompt.get(field), "{name}: {field}");
    }
    let (got, expected) = (list(response, "testGroups"), data["expected"].as_array().unwrap());
    let order: Vec<_> = got.iter().map(|group| &group["tgId"]).collect();
    assert_eq!(order, expected.iter().map(|group| &group["tgId"]).collect::<Vec<_>>(), "{name}");
    let mut count = Count::default();
    for (group, expected) in got.iter().zip(expected) {
        let place = format!("{name} tgId {}", group["tgId"]);
        if expected["generated"] != true {
            compare_fields(&place, group, expected);
        }
        let (got, expected) = (by_id(list(group, "tests"), "tcId"), by_id(list(expected, "tests"), "tcId"));
        assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{place}");
        for (id, expected) in expected {
            let (place, got) = (format!("{place} tcId {id}"), got[&id]);
            if expected["generated"] == true {
                count.generated += 1;
                continue;
            }
            if expected.get("resultsSample").is_some() {
                compare_results(&place, got, expected);
            } else {
                compare_fields(&place, got, expected);
            }
            count.compared += 1;
            count.negative += usize::from(expected["testPassed"] == false);
        }
    }
    let total: usize = list(prompt, "testGroups").iter().map(|group| list(group, "tests").len()).sum();
    count.left_out = total - count.compared - count.generated;
    assert_eq!(count.left_out > 0, code == 3, "{name}");
    println!("{name}: {count:?}");
    count
}

#[test]
fn every_set_is_answered_as_expected() {
    let mut covered = BTreeSet::new();
    for path in files(&folder()) {
        let count = compare(&path);
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(count.compared + count.generated > 0, "{name}: nothing was compared");
        if JUDGES.contains(&name.as_str()) {
            assert!(count.negative > 0, "{name}: no case that fails");
        }
        let data = read(&path);
        let set = inner(&data["prompt"]);
        let mode = set["mode"].as_str().unwrap_or("");
        covered.insert(format!("{} {mode}", set["algorithm"].as_str().unwrap()).trim().to_lowercase());
    }
    for line in supported() {
        let (name, _revisions) = line.rsplit_once(' ').unwrap();
        assert!(covered.contains(&name.trim().to_lowercase()), "no set for {name}");
    }
    assert_eq!(covered.len(), supported().count());
}

/// 1 GiB of SHA-3: half a minute without optimisation.
#[test]
#[ignore = "long: cargo lab test -p strongroom-acvp --release -- --ignored"]
fn long_sets_are_answered_as_expected() {
    let long = files(&folder().join("long"));
    assert!(!long.is_empty());
    for path in long {
        assert!(compare(&path).compared > 0);
    }
}

/// The answer to one case of a set that is put together here.
fn ask(head: Value, mut group: Value, mut test: Value) -> (Map<String, Value>, Map<String, Value>) {
    test["tcId"] = json!(1);
    group["tgId"] = json!(1);
    group["tests"] = json!([test]);
    let mut set = head;
    set["testGroups"] = json!([group]);
    let report = run(&serde_json::to_vec(&set).unwrap());
    assert_eq!(report.code, 0, "{:?}: {set}", report.message);
    let response = report.response.unwrap();
    let group = response["testGroups"][0].as_object().unwrap().clone();
    (group.clone(), group["tests"][0].as_object().unwrap().clone())
}
