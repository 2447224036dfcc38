//! The envelope of a vector set: what is read, what is written, and what the exit code says.

use std::collections::BTreeMap;

use serde_json::{Deserializer, Map, Value, json};

use crate::fields::{Answer, Fault, Fields, Result, malformed};
use crate::registry;
use crate::rig::Rig;

/// The whole set was answered.
const ANSWERED: u8 = 0;
/// The engine failed on a case that it should have answered.
const FAILED: u8 = 1;
/// The input is no vector set.
const MALFORMED: u8 = 2;
/// Something is not supported; the response holds the rest.
const UNSUPPORTED: u8 = 3;

/// What became of an input.
#[derive(Debug)]
pub struct Report {
    /// Exit code: 0 answered whole, 1 failed, 2 malformed, 3 not all supported.
    pub code: u8,
    /// The response, in the shape of the input, if there is anything to answer.
    pub response: Option<Value>,
    /// One line for standard error, unless the whole set was answered.
    pub message: Option<String>,
}

/// Answers a vector set. What follows the JSON value is ignored.
#[must_use]
pub fn run(input: &[u8]) -> Report {
    match answer_input(input) {
        Ok(report) => report,
        Err(fault) => {
            let (code, text) = match fault {
                Fault::Malformed(text) => (MALFORMED, format!("malformed vector set: {text}")),
                Fault::Failed(text) => (FAILED, text),
                Fault::Unsupported(text) => (UNSUPPORTED, text),
            };
            Report { code, response: None, message: Some(one_line(&text)) }
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn answer_input(input: &[u8]) -> Result<Report> {
    let parsed = Deserializer::from_slice(input).into_iter::<Value>().next();
    let value = match parsed {
        Some(Ok(value)) => value,
        Some(Err(error)) => return malformed(format!("no JSON: {error}")),
        None => return malformed("no JSON: empty input"),
    };
    let (header, set) = match &value {
        Value::Object(_) => (None, &value),
        Value::Array(parts) => match parts.as_slice() {
            [header, set] if is_header(header) && !is_header(set) => (Some(header), set),
            [set] if !is_header(set) => (None, set),
            [_] => return malformed("a header and no vector set"),
            _ => return malformed("an array holds a header and one vector set"),
        },
        _ => return malformed("neither an object nor an array"),
    };
    let answered = answer_set(Fields::of(set, "the vector set")?)?;
    let response = answered.response.map(|response| match (&value, header) {
        (Value::Array(_), Some(header)) => json!([header, response]),
        (Value::Array(_), None) => json!([response]),
        _ => response,
    });
    Ok(Report { response, ..answered })
}

/// What stands before the sets: a version, or where they came from.
fn is_header(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.contains_key("testGroups") && !map.contains_key("algorithm"))
}

fn answer_set(set: Fields<'_>) -> Result<Report> {
    let name = title(set)?;
    let groups = set.list("testGroups")?;
    let open = match registry::find(set) {
        Ok(open) => open,
        Err(Fault::Unsupported(what)) => {
            check_shape(groups)?;
            return Err(Fault::Unsupported(format!("{name}: not supported: {what}")));
        }
        Err(other) => return Err(other),
    };
    let rig = Rig::power_on()?;
    let mut answered_groups = Vec::new();
    let mut missing = BTreeMap::<String, usize>::new();
    let (mut answered, mut total) = (0_usize, 0_usize);
    for group in groups {
        let group = Fields::of(group, "a test group")?;
        let group_id = group.value("tgId")?;
        let tests = group.list("tests")?;
        let place = |fault: Fault, test: Option<&Value>| at(fault, &name, group_id, test);
        let mut opened = match open(&rig, set, group) {
            Ok(opened) => opened,
            Err(Fault::Unsupported(what)) => {
                check_tests(tests)?;
                total += tests.len();
                *missing.entry(what).or_default() += tests.len();
                continue;
            }
            Err(fault) => return Err(place(fault, None)),
        };
        let mut answers = Vec::new();
        for test in tests {
            let test = Fields::of(test, "a test case")?;
            let id = test.value("tcId")?;
            total += 1;
            match (opened.each)(test) {
                Ok(answer) => answers.push(with_first("tcId", id, answer)),
                Err(Fault::Unsupported(what)) => *missing.entry(what).or_default() += 1,
                Err(fault) => return Err(place(fault, Some(id))),
            }
        }
        answered += answers.len();
        if !answers.is_empty() {
            let mut group = opened.outputs;
            group.insert("tests".into(), Value::Array(answers));
            answered_groups.push(with_first("tgId", group_id, group));
        }
    }
    if total == 0 {
        return malformed(format!("{name}: no test case"));
    }
    let mut response = Map::new();
    for field in ["vsId", "algorithm", "mode", "revision", "isSample"] {
        if let Some(value) = set.map().get(field) {
            response.insert(field.into(), value.clone());
        }
    }
    response.insert("testGroups".into(), Value::Array(answered_groups));
    if missing.is_empty() {
        return Ok(Report { code: ANSWERED, response: Some(Value::Object(response)), message: None });
    }
    let reasons: Vec<_> = missing.iter().map(|(what, count)| format!("{what} ({count})")).collect();
    let message =
        format!("{name}: {answered} of {total} cases answered; not supported: {}", reasons.join(", "));
    let response = (answered > 0).then_some(Value::Object(response));
    Ok(Report { code: UNSUPPORTED, response, message: Some(one_line(&message)) })
}

/// Algorithm, mode and revision, for people.
fn title(set: Fields<'_>) -> Result<String> {
    let parts = [set.text("algorithm")?, set.text_or("mode", "")?, set.text_or("revision", "")?];
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// A set that nobody can answer is still a set.
fn check_shape(groups: &[Value]) -> Result<()> {
    groups.iter().try_for_each(|group| check_tests(Fields::of(group, "a test group")?.list("tests")?))
}

fn check_tests(tests: &[Value]) -> Result<()> {
    tests.iter().try_for_each(|test| Fields::of(test, "a test case")?.value("tcId").map(drop))
}

fn at(fault: Fault, name: &str, group: &Value, test: Option<&Value>) -> Fault {
    let place = test.map_or_else(|| format!("tgId {group}"), |test| format!("tgId {group} tcId {test}"));
    match fault {
        Fault::Malformed(text) => Fault::Malformed(format!("{name} {place}: {text}")),
        Fault::Failed(text) => Fault::Failed(format!("{name} {place}: {text}")),
        Fault::Unsupported(text) => Fault::Unsupported(text),
    }
}

fn with_first(name: &str, value: &Value, rest: Answer) -> Value {
    let mut out = Map::new();
    out.insert(name.into(), value.clone());
    out.extend(rest);
    Value::Object(out)
}
