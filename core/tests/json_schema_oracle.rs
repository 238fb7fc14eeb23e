//! Our validator and the crate `jsonschema` say the same of schemas and instances that nobody wrote by hand.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![expect(clippy::arithmetic_side_effects, reason = "overflow is checked in tests")]

use std::collections::BTreeSet;
use std::fs;

use fastrand::Rng;
use serde_json::{Map, Value, json};
use toolgate::validate::schema::Schema;
use toolgate::words::json::{Limits, parse};

/// As a request's body is read, only wider.
const INSTANCE: Limits = Limits { depth: 64, values: 20_000, string_bytes: 1 << 16, number_bytes: 4_400 };

/// Rules that say that a check was given up: nothing follows from them.
const GIVEN_UP: [&str; 3] = ["steps", "depth", "number_range"];

/// A schema, compiled by both.
struct Pair {
    ours: Schema,
    theirs: jsonschema::Validator,
}

impl Pair {
    /// Returns `None` where either refuses the schema: ours refuses by design what `docs/input.md` lists.
    fn compile(schema: &Value) -> Option<Self> {
        let ours = Schema::compile_text(&schema.to_string()).ok()?;
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Some(Self { ours, theirs: options.build(schema).ok()? })
    }

    /// Returns both verdicts; `None` where ours was given up.
    fn judge(&self, instance: &Value) -> Option<[bool; 2]> {
        let text = instance.to_string();
        let faults = self.ours.check(&parse(text.as_bytes(), INSTANCE).unwrap()).err().unwrap_or_default();
        let is_given_up = faults.iter().any(|fault| GIVEN_UP.contains(&fault.rule));
        (!is_given_up).then(|| [faults.is_empty(), self.theirs.is_valid(instance)])
    }
}

/// An instance of this kind in this file of the suite is judged differently, for this reason.
type Difference = (&'static str, fn(&Value) -> bool, &'static str);

/// Lists the known differences of the two.
const DIFFERENCES: &[Difference] = &[(
    "optional/format/hostname.json",
    |instance| {
        let mut labels = instance.as_str().unwrap_or_default().split('.');
        labels.any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
    },
    "JSON Schema Validation section 7.3.3 asks for RFC 5891 section 4.4: an `xn--` label that decodes to nothing is none. That needs \
     the tables of IDNA, which are not shipped: such a label is taken as it stands (docs/input.md).",
)];

/// Puts every instance of a file to every schema of it: the official suite states only the verdicts on a schema's own.
#[test]
fn the_suites_schemas_judge_each_others_instances_alike() {
    let (mut judged, mut wrong, mut used) = (0_u32, Vec::new(), BTreeSet::new());
    for file in suite() {
        let groups: Value = serde_json::from_slice(&fs::read(format!("{}/{file}", root())).unwrap()).unwrap();
        let groups = groups.as_array().unwrap();
        let tests = groups.iter().flat_map(|group| group["tests"].as_array().unwrap());
        let instances: Vec<&Value> = tests.map(|test| &test["data"]).collect();
        for group in groups {
            let name = group["description"].as_str().unwrap();
            let Some(pair) = Pair::compile(&group["schema"]) else { continue };
            for instance in &instances {
                let Some([ours, theirs]) = pair.judge(instance) else { continue };
                judged += 1;
                if ours == theirs {
                    continue;
                }
                match DIFFERENCES.iter().position(|(in_file, is_known, _)| *in_file == file && is_known(instance)) {
                    Some(known) => _ = used.insert(known),
                    None => wrong.push(format!("{file}: {name}: {instance}: ours {ours}, theirs {theirs}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences: {wrong:#?}", wrong.len());
    assert_eq!(used.len(), DIFFERENCES.len(), "a difference that is listed is none");
    assert!(judged > 19_000, "{judged}");
}

#[test]
fn random_schemas_judge_random_instances_alike() {
    let (mut judged, mut fitting, mut wrong) = (0_u32, 0_u32, Vec::new());
    for seed in 0..4_000 {
        let mut random = Rng::with_seed(seed);
        let mut schema = schema(&mut random, 3);
        if let Value::Object(members) = &mut schema {
            members.insert("$defs".to_owned(), json!({"named": self::schema(&mut random, 1)}));
        }
        let Some(pair) = Pair::compile(&schema) else { continue };
        for _ in 0..20 {
            let instance = instance(&mut random, 3);
            let Some([ours, theirs]) = pair.judge(&instance) else { continue };
            judged += 1;
            fitting += u32::from(ours);
            if ours != theirs {
                wrong.push(format!("seed {seed}: {schema}: {instance}: ours {ours}, theirs {theirs}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences: {:#?}", wrong.len(), wrong.iter().take(10).collect::<Vec<_>>());
    assert!(judged > 60_000 && fitting > judged / 10 && fitting < judged / 10 * 9, "{judged} judged, {fitting} fit");
}

const NAMES: [&str; 5] = ["a", "b", "ab", "é", ""];
const TEXTS: [&str; 9] = ["", "a", "ab", "abc", "é", "😀", "2026-02-29", "127.0.0.1", "aaaa"];
const PATTERNS: [&str; 6] = ["^a", "b$", "^[a-c]+$", "^.$", "a{2,3}", "(a|é)b?"];
const FORMATS: [&str; 4] = ["date", "ipv4", "uuid", "ipv6"];
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

fn pick<T: Copy>(random: &mut Rng, of: &[T]) -> T {
    random.choice(of).copied().unwrap()
}

/// Small, so that equal ones meet; with a fraction that binary numbers hold.
fn number(random: &mut Rng) -> Value {
    match random.u8(..4) {
        0 => json!(random.i32(-3..8)),
        1 => json!(f64::from(random.i32(-12..24)) / 4.0),
        2 => json!(f64::from(random.i32(-3..8))),
        _ => json!(random.i32(-2..3)),
    }
}

fn instance(random: &mut Rng, depth: u8) -> Value {
    match random.u8(..if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 | 3 => number(random),
        4 => pick(random, &TEXTS).into(),
        5 | 6 => {
            (0..random.usize(..5)).map(|_| (pick(random, &NAMES).to_owned(), instance(random, depth - 1))).collect()
        }
        _ => (0..random.usize(..5)).map(|_| instance(random, depth - 1)).collect(),
    }
}

fn schema(random: &mut Rng, depth: u8) -> Value {
    if random.u8(..12) == 0 {
        return random.bool().into();
    }
    let mut members = Map::new();
    for _ in 0..=random.usize(..4) {
        let (name, value) = if depth == 0 || random.bool() { assertion(random) } else { applicator(random, depth - 1) };
        members.insert(name.to_owned(), value);
    }
    members.into()
}

fn count(random: &mut Rng) -> Value {
    random.u8(..4).into()
}

fn names(random: &mut Rng) -> Value {
    let names: BTreeSet<&str> = (0..random.usize(..3)).map(|_| pick(random, &NAMES)).collect();
    names.into_iter().collect()
}

fn assertion(random: &mut Rng) -> (&'static str, Value) {
    match random.u8(..20) {
        0..3 => ("type", pick(random, &TYPES).into()),
        3 => ("type", json!([pick(random, &TYPES[..3]), pick(random, &TYPES[4..])])),
        4 => ("const", instance(random, 1)),
        5 => ("enum", (0..3).map(|_| instance(random, 1)).collect()),
        6 => ("minimum", number(random)),
        7 => ("exclusiveMaximum", number(random)),
        8 => ("maximum", number(random)),
        9 => ("exclusiveMinimum", number(random)),
        10 => ("multipleOf", pick(random, &[json!(1), json!(2), json!(0.5), json!(0.75)].each_ref()).clone()),
        11 => ("minLength", count(random)),
        12 => ("maxLength", count(random)),
        13 => ("pattern", pick(random, &PATTERNS).into()),
        14 => (pick(random, &["minItems", "maxItems"]), count(random)),
        15 => ("uniqueItems", random.bool().into()),
        16 => (pick(random, &["minProperties", "maxProperties"]), count(random)),
        17 => ("required", names(random)),
        18 => ("dependentRequired", json!({ pick(random, &NAMES): names(random) })),
        _ => ("format", pick(random, &FORMATS).into()),
    }
}

fn applicator(random: &mut Rng, depth: u8) -> (&'static str, Value) {
    let list = |random: &mut Rng| (0..=random.usize(..3)).map(|_| schema(random, depth)).collect::<Value>();
    match random.u8(..20) {
        0..3 => ("properties", NAMES.iter().take(3).map(|name| ((*name).to_owned(), schema(random, depth))).collect()),
        3 => ("patternProperties", json!({ pick(random, &PATTERNS): schema(random, depth) })),
        4 => ("additionalProperties", schema(random, depth)),
        5 => ("propertyNames", schema(random, depth)),
        6 => ("unevaluatedProperties", schema(random, depth)),
        7 => ("dependentSchemas", json!({ pick(random, &NAMES): schema(random, depth) })),
        8 => ("prefixItems", list(random)),
        9 => ("items", schema(random, depth)),
        10 => ("contains", schema(random, depth)),
        11 => (pick(random, &["minContains", "maxContains"]), count(random)),
        12 => ("unevaluatedItems", schema(random, depth)),
        13 => ("allOf", list(random)),
        14 => ("anyOf", list(random)),
        15 => ("oneOf", list(random)),
        16 => ("not", schema(random, depth)),
        17 => ("if", schema(random, depth)),
        18 => (pick(random, &["then", "else"]), schema(random, depth)),
        _ => ("$ref", "#/$defs/named".into()),
    }
}

fn root() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/json-schema/draft2020-12")
}

/// Returns the suite's files, without what is not about instances.
fn suite() -> Vec<String> {
    let entries = ["", "optional/", "optional/format/"].into_iter().flat_map(|directory| {
        let entries = fs::read_dir(format!("{}/{directory}", root())).unwrap();
        entries.map(move |entry| format!("{directory}{}", entry.unwrap().file_name().to_string_lossy()))
    });
    let mut files: Vec<String> = entries.filter(|name| name.ends_with(".json")).collect();
    files.sort();
    files
}
