//! The official JSON-Schema-Test-Suite: every group runs without a mismatch, or is left out here by name.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;

use toolgate::validate::schema::Schema;
use toolgate::words::json::{Json, Limits, parse};

/// Groups that do not run: file, group (`*` for all of the file), and what the refusal at load says, or why they are skipped.
const LEFT_OUT: &[(&str, &str, Why)] = &[
    ("defs.json", "validate definition against metaschema", Why::Refused("others are not fetched")),
    ("dynamicRef.json", "*", Why::Refused("")),
    ("format.json", "*", Why::Skipped("says that formats assert nothing; ours do")),
    ("optional/ecmascript-regex.json", "patterns always use unicode semantics with pattern", Why::Refused("\\p")),
    ("optional/ecmascript-regex.json", "pattern with non-ASCII digits", Why::Refused("\\p")),
    (
        "optional/ecmascript-regex.json",
        "patterns always use unicode semantics with patternProperties",
        Why::Refused("\\p"),
    ),
    ("optional/ecmascript-regex.json", "patternProperties with non-ASCII digits", Why::Refused("\\p")),
    (
        "optional/format/hostname.json",
        "validation of A-label (punycode) host names",
        Why::Skipped("needs the tables of IDNA: an `xn--` label is taken as it stands"),
    ),
    ("optional/refOfUnknownKeyword.json", "reference of a root arbitrary keyword ", Why::Refused("unknown-keyword is")),
    (
        "optional/refOfUnknownKeyword.json",
        "reference of a root arbitrary keyword with encoded ref",
        Why::Refused("unknown/keyword is"),
    ),
    (
        "optional/refOfUnknownKeyword.json",
        "reference of an arbitrary keyword of a sub-schema",
        Why::Refused("unknown-keyword is"),
    ),
    (
        "optional/refOfUnknownKeyword.json",
        "reference internals of known non-applicator",
        Why::Refused("names no schema of this document"),
    ),
    (
        "optional/refOfUnknownKeyword.json",
        "reference of an arbitrary keyword of a sub-schema with encoded ref",
        Why::Refused("unknown/keyword is"),
    ),
    (
        "optional/unknownKeyword.json",
        "$id inside an unknown keyword is not a real identifier",
        Why::Refused("array_of_schemas is not a keyword"),
    ),
    ("pattern.json", "pattern with Unicode property escape requires unicode mode", Why::Refused("\\p")),
    ("patternProperties.json", "patternProperties with Unicode property escape", Why::Refused("\\p")),
    ("ref.json", "remote ref, containing refs itself", Why::Refused("others are not fetched")),
    ("refRemote.json", "*", Why::Refused("others are not fetched")),
    ("unevaluatedItems.json", "unevaluatedItems with $dynamicRef", Why::Refused("$dynamicRef is not supported")),
    (
        "unevaluatedProperties.json",
        "unevaluatedProperties with $dynamicRef",
        Why::Refused("$dynamicRef is not supported"),
    ),
    (
        "vocabulary.json",
        "schema that uses custom metaschema with with no validation vocabulary",
        Why::Refused("/$schema: must be"),
    ),
    ("vocabulary.json", "ignore unrecognized optional vocabulary", Why::Refused("/$schema: must be")),
];

/// Why a group does not run.
enum Why {
    /// The schema is refused at load with these words.
    Refused(&'static str),
    /// It could be loaded; the reason is for the reader.
    Skipped(#[expect(dead_code, reason = "for the reader of the table")] &'static str),
}

/// Files, groups that ran, tests that ran, groups left out.
const COUNTS: [usize; 4] = [64, 358, 1_536, 74];

#[test]
fn every_group_runs_without_a_mismatch_or_is_left_out_by_name() {
    let mut counts = [0; 4];
    let mut wrong = Vec::new();
    let mut used = vec![false; LEFT_OUT.len()];
    for file in files() {
        counts[0] += 1;
        let text = fs::read(format!("{}/{file}", root())).unwrap();
        let limits = Limits { depth: 64, values: 20_000, string_bytes: 1 << 16, number_bytes: 4_400 };
        for group in parse(&text, limits).unwrap().as_array().unwrap() {
            let name = group.get("description").and_then(Json::as_str).unwrap();
            let compiled = Schema::compile(group.get("schema").unwrap());
            let left_out = LEFT_OUT
                .iter()
                .position(|(its_file, its_group, _)| *its_file == file && (*its_group == "*" || *its_group == name));
            if let Some(index) = left_out {
                used[index] = true;
                counts[3] += 1;
                if let Why::Refused(words) = LEFT_OUT[index].2 {
                    let faults: Vec<String> = compiled.unwrap_err().iter().map(ToString::to_string).collect();
                    assert!(faults.iter().any(|fault| fault.contains(words)), "{file}: {name}: {faults:?}");
                }
                continue;
            }
            let schema = compiled.unwrap_or_else(|faults| panic!("{file}: {name}: {faults:?}"));
            counts[1] += 1;
            for test in group.get("tests").and_then(Json::as_array).unwrap() {
                counts[2] += 1;
                let checked = schema.check(test.get("data").unwrap());
                if checked.is_ok() != test.get("valid").and_then(Json::as_bool).unwrap() {
                    wrong.push(format!("{file}: {name}: {:?}: {checked:?}", test.get("description")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unused: Vec<&str> = LEFT_OUT.iter().zip(used).filter(|(_, used)| !used).map(|(left, _)| left.1).collect();
    assert!(unused.is_empty(), "left out, and not there: {unused:?}");
    assert_eq!(counts, COUNTS, "files, groups and tests that ran, groups left out");
}

fn root() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/json-schema/draft2020-12")
}

fn files() -> Vec<String> {
    let mut files = Vec::new();
    for directory in ["", "optional/", "optional/format/"] {
        for entry in fs::read_dir(format!("{}/{directory}", root())).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".json") {
                files.push(format!("{directory}{name}"));
            }
        }
    }
    files.sort();
    files
}
