//! What the program generates is judged by the other half of it (ACV-3). `tools/check_response.py` judges it
//! once more, with packages that share no code with the engine.

use serde_json::{Value, json};

use super::{ask, by_id, folder, inner, list, read};
use crate::envelope::run;

/// Head of the prompt, group, answered group, case, answer: of every generated case of a set.
fn cases(name: &str) -> Vec<[Value; 5]> {
    let data = read(&folder().join(format!("{name}.json")));
    let prompt = inner(&data["prompt"]);
    let response = run(&serde_json::to_vec(prompt).unwrap()).response.unwrap();
    let (groups, answers) = (list(prompt, "testGroups"), list(&response, "testGroups"));
    let (groups, answers) = (by_id(groups, "tgId"), by_id(answers, "tgId"));
    let mut found = Vec::new();
    for expected in data["expected"].as_array().unwrap() {
        let id = expected["tgId"].as_u64().unwrap();
        let (group, answer) = (groups[&id], answers[&id]);
        let (tests, answered) = (by_id(list(group, "tests"), "tcId"), by_id(list(answer, "tests"), "tcId"));
        for case in list(expected, "tests").iter().filter(|case| case["generated"] == true) {
            let id = case["tcId"].as_u64().unwrap();
            let head = json!({ "vsId": 1, "algorithm": prompt["algorithm"], "revision": prompt["revision"] });
            found.push([head, group.clone(), answer.clone(), tests[&id].clone(), answered[&id].clone()]);
        }
    }
    assert!(!found.is_empty(), "{name}");
    found
}

fn with_mode(mut head: Value, algorithm: &str, mode: &str) -> Value {
    head["algorithm"] = json!(algorithm);
    head["mode"] = json!(mode);
    head
}

fn merged(parts: &[&Value]) -> Value {
    let fields = parts.iter().flat_map(|part| part.as_object().unwrap().clone());
    Value::Object(fields.collect())
}

fn passes(head: Value, group: Value, test: Value) -> bool {
    ask(head, group, test).1["testPassed"] == true
}

#[test]
fn signatures_verify_and_not_for_another_message() {
    for (name, algorithm) in [
        ("ECDSA-sigGen", "ECDSA"),
        ("DetECDSA-SigGen", "ECDSA"),
        ("EDDSA-sigGen", "EDDSA"),
        ("RSA-sigGen", "RSA"),
    ] {
        for [head, group, answered, test, answer] in cases(name) {
            let head = with_mode(head, algorithm, "sigVer");
            let mut group = merged(&[&group, &answered]);
            group["testType"] = json!(if algorithm == "RSA" { "GDT" } else { "AFT" });
            let mut case = merged(&[&test, &answer]);
            for field in ["qx", "qy", "q"] {
                if let Some(value) = answered.get(field) {
                    case[field] = value.clone();
                }
            }
            assert!(passes(head.clone(), group.clone(), case.clone()), "{name} {group}");
            let message = case["message"].as_str().unwrap();
            let other = if message.starts_with('0') { "1" } else { "0" };
            case["message"] = json!(format!("{other}{}", &message[1..]));
            assert!(!passes(head, group, case), "{name}");
        }
    }
}

#[test]
fn post_quantum_signatures_verify_and_not_for_another_message() {
    for (name, scheme) in
        [("ML-DSA-sigGen", "ML-DSA"), ("ML-DSA-sigGen-tr1", "ML-DSA"), ("SLH-DSA-sigGen", "SLH-DSA")]
    {
        for [head, group, _, test, answer] in cases(name) {
            let mut head = with_mode(head, scheme, "sigVer");
            head["revision"] = json!(if scheme == "ML-DSA" { "FIPS204" } else { "FIPS205" });
            let mut case = merged(&[&test, &answer]);
            if let ("SLH-DSA", Some(sk)) = (scheme, test["sk"].as_str()) {
                case["pk"] = json!(sk[sk.len() / 2..]);
            }
            assert!(passes(head.clone(), group.clone(), case.clone()), "{name} {group}");
            let signed = if case.get("mu").is_some() { "mu" } else { "message" };
            let text = case[signed].as_str().unwrap();
            let other = if text.starts_with('0') { "1" } else { "0" };
            case[signed] = json!(format!("{other}{}", &text[1..]));
            assert!(!passes(head, group, case), "{name}");
        }
    }
}

/// The fixed data that the program chose give the same key when they are given.
#[test]
fn chosen_fixed_data_give_the_key() {
    for [head, group, _, test, answer] in cases("KDF") {
        let mut case = test;
        case["fixedData"] = answer["fixedData"].clone();
        let (_, again) = ask(with_mode(head, "KDF", ""), group, case);
        assert_eq!(again["keyOut"], answer["keyOut"]);
    }
}

#[test]
fn generated_keys_work() {
    for [head, group, _, _, answer] in cases("ECDSA-keyGen") {
        assert!(passes(with_mode(head, "ECDSA", "keyVer"), group.clone(), answer.clone()));
        // The same key signs and gives the same point.
        let signing =
            json!({ "testType": "AFT", "curve": group["curve"], "hashAlg": "SHA2-512", "d": answer["d"] });
        let head = json!({ "vsId": 1, "algorithm": "DetECDSA", "mode": "sigGen", "revision": "FIPS186-5" });
        let (signed, _) = ask(head, signing, json!({ "message": "00" }));
        assert_eq!([&signed["qx"], &signed["qy"]], [&answer["qx"], &answer["qy"]]);
    }
    for [head, group, _, _, answer] in cases("EDDSA-keyGen") {
        assert!(passes(with_mode(head.clone(), "EDDSA", "keyVer"), group.clone(), answer.clone()));
        let mut signing = group;
        signing["d"] = answer["d"].clone();
        let (signed, _) = ask(with_mode(head, "EDDSA", "sigGen"), signing, json!({ "message": "00" }));
        assert_eq!(signed["q"], answer["q"]);
    }
    for [_, group, _, _, answer] in cases("RSA-keyGen") {
        let head = json!({ "vsId": 1, "algorithm": "RSA", "mode": "signaturePrimitive", "revision": "2.0" });
        let group = json!({ "testType": "AFT", "modulo": group["modulo"], "keyMode": group["keyFormat"] });
        let mut case = answer;
        case["message"] = json!("0123456789");
        assert!(passes(head, group, case));
    }
}

#[test]
fn both_sides_agree() {
    for [head, mut group, _, test, answer] in cases("KAS-ECC-SSC") {
        // The server's side of the same agreement.
        let ours = if answer.get("ephemeralPublicIutX").is_some() { "ephemeral" } else { "static" };
        let theirs = if test.get("ephemeralPublicServerX").is_some() { "ephemeral" } else { "static" };
        let mut case = answer.clone();
        for axis in ["X", "Y"] {
            case[format!("{ours}PublicServer{axis}")] = answer[format!("{ours}PublicIut{axis}")].clone();
            case[format!("{theirs}PublicIut{axis}")] = test[format!("{theirs}PublicServer{axis}")].clone();
        }
        case[format!("{theirs}PrivateIut")] = test["serverD"].clone();
        group["testType"] = json!("VAL");
        let other = if group["kasRole"] == "initiator" { "responder" } else { "initiator" };
        group["kasRole"] = json!(other);
        assert!(passes(head, group, case));
    }
    for [head, mut group, _, test, answer] in cases("KTS-IFC") {
        let find = |side: &str, name: &str| test[format!("{side}{name}")].clone();
        let case = json!({
            "iutN": find("server", "N"), "iutE": find("server", "E"), "iutP": find("server", "P"),
            "iutQ": find("server", "Q"), "iutD": private_exponent(&test), "serverC": answer["iutC"],
            "ktsParameter": test["ktsParameter"], "dkm": answer["dkm"],
        });
        let (iut, server) = (group["iutId"].clone(), group["serverId"].clone());
        (group["iutId"], group["serverId"]) = (server, iut);
        group["kasRole"] = json!("responder");
        group["testType"] = json!("VAL");
        assert!(passes(head, group, case));
    }
}

/// The private exponent of a server's key stands in another case of the same set.
fn private_exponent(test: &Value) -> Value {
    let data = read(&folder().join("KTS-IFC.json"));
    let groups = list(inner(&data["prompt"]), "testGroups");
    let mut tests = groups.iter().flat_map(|group| list(group, "tests"));
    let same = tests.find(|other| other["iutN"] == test["serverN"] && other["iutE"] == test["serverE"]);
    same.unwrap()["iutD"].clone()
}

#[test]
fn ivs_made_inside_open_and_never_repeat() {
    let head = json!({ "vsId": 1, "algorithm": "ACVP-AES-GCM", "revision": "1.0" });
    let (key, aad, plain) = ("00".repeat(16), "0102", "03".repeat(21));
    for mode in ["8.2.1", "8.2.2"] {
        let cases: Vec<_> =
            (1..=20).map(|id| json!({ "tcId": id, "key": key, "aad": aad, "pt": plain })).collect();
        let mut set = head.clone();
        set["testGroups"] = json!([{
            "tgId": 1, "testType": "AFT", "direction": "encrypt", "keyLen": 128, "ivLen": 96, "tagLen": 104,
            "ivGen": "internal", "ivGenMode": mode, "tests": cases,
        }]);
        let report = run(&serde_json::to_vec(&set).unwrap());
        let response = report.response.unwrap();
        let answers = list(&response["testGroups"][0], "tests");
        let ivs: std::collections::BTreeSet<_> =
            answers.iter().map(|answer| answer["iv"].as_str().unwrap()).collect();
        assert_eq!(ivs.len(), 20, "{mode}");
        for answer in answers.iter().take(3) {
            let opening = json!({ "testType": "AFT", "direction": "decrypt", "keyLen": 128, "tagLen": 104 });
            let case = merged(&[&json!({ "key": key, "aad": aad }), answer]);
            assert_eq!(ask(head.clone(), opening, case).1["pt"], plain.as_str(), "{mode}");
        }
    }
}
