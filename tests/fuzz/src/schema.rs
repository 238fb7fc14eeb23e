//! JSON Schemas and instances: loading never goes on for long, checking keeps its budget, and the laws of logic hold.

use toolgate::validate::schema::{STEPS, Schema, ValidationFault};
use toolgate::words::json::{Json, Limits, parse};
use toolgate::words::limits;

/// As a request's body is read, only wider.
const INSTANCE: Limits = Limits { depth: 128, values: 100_000, string_bytes: 1 << 20, number_bytes: 4_400 };

/// Rules that say that a check was given up: nothing follows from them.
const GIVEN_UP: [&str; 3] = ["steps", "depth", "number_range"];

/// A schema; behind `\n---\n`, an instance.
pub(crate) fn run(data: &[u8]) {
    let (schema, instance) = crate::text::split(data, b"\n---\n").unwrap_or((data, b"{}"));
    let (Ok(text), Ok(instance)) = (std::str::from_utf8(schema), parse(instance, INSTANCE)) else {
        return;
    };
    check_values(&instance);
    let schema = match Schema::compile_text(text) {
        Ok(schema) => schema,
        Err(faults) => {
            assert!((1..=limits::SCHEMA_FAULTS).contains(&faults.len()), "{} faults", faults.len());
            for fault in faults {
                assert!(fault.place.is_empty() || fault.place.starts_with('/'), "a place is a pointer: {fault}");
                assert!(!fault.message.is_empty());
            }
            return;
        }
    };
    let Some(fits) = outcome(&schema, &instance, text) else { return };
    // References would lead elsewhere inside another schema.
    if text.contains("$ref") || text.contains("$id") || text.contains("$anchor") {
        return;
    }
    for (before, after, same) in [
        (r#"{"allOf":["#, "]}", true),
        (r#"{"anyOf":[false,"#, "]}", true),
        (r#"{"oneOf":["#, ",false]}", true),
        (r#"{"not":"#, "}", false),
        (r#"{"not":{"not":"#, "}}", true),
        (r#"{"if":"#, r#","else":false}"#, true),
        (r#"{"if":"#, r#","then":false}"#, false),
        (r##"{"$defs":{"s":"##, r##"},"$ref":"#/$defs/s"}"##, true),
        (r#"{"minProperties":0,"allOf":["#, r#",true,{"minItems":0}]}"#, true),
    ] {
        let around = [before, text, after].concat();
        // One level more may be one too many.
        let Ok(around) = Schema::compile_text(&around) else { continue };
        if let Some(outcome) = outcome(&around, &instance, text) {
            assert_eq!(outcome, fits == same, "{before}...{after}");
        }
    }
}

/// Returns whether the instance is valid; `None` when the check was given up.
fn outcome(schema: &Schema, instance: &Json<'_>, text: &str) -> Option<bool> {
    let (checked, steps) = schema.check_within(instance, STEPS);
    assert!(steps <= STEPS, "{steps} steps");
    let faults = checked.err().unwrap_or_default();
    assert!(faults.len() <= limits::SCHEMA_FAULTS);
    let mut values = Vec::new();
    collect(instance, &mut values);
    for fault in &faults {
        check_fault(fault, &values, text);
    }
    if faults.iter().any(|fault| GIVEN_UP.contains(&fault.rule)) { None } else { Some(faults.is_empty()) }
}

fn check_fault(fault: &ValidationFault, values: &[&str], text: &str) {
    assert!(!fault.rule.is_empty() && !fault.message.is_empty());
    assert!(fault.path.len() <= 128 * 70, "a path is bounded");
    for value in values {
        assert!(!fault.message.contains(value) || text.contains(value), "a message repeats a value: {fault}");
    }
}

/// Texts that cannot stand in a message by chance.
fn collect<'j>(value: &'j Json<'_>, found: &mut Vec<&'j str>) {
    match value {
        Json::String(text) if text.len() >= 24 => found.push(text),
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(object) => object.iter().for_each(|(_, item)| collect(item, found)),
        _ => {}
    }
}

/// A value is equal to itself, and to no other.
fn check_values(instance: &Json<'_>) {
    let mut text = br#"{"const":"#.to_vec();
    toolgate::words::json::write_json(&mut text, instance);
    text.push(b'}');
    let Ok(text) = String::from_utf8(text) else { return };
    let Ok(schema) = Schema::compile_text(&text) else { return };
    if let Some(fits) = outcome(&schema, instance, &text) {
        assert!(fits, "a value is itself: {text}");
    }
    let pair = Json::Array(vec![instance.clone(), Json::Array(vec![instance.clone()])]);
    let unique = Schema::compile_text(r#"{"uniqueItems":true}"#).expect("a schema");
    if let Some(fits) = outcome(&unique, &pair, &text) {
        assert!(fits, "a value is not the list of it: {text}");
    }
    let twice = Json::Array(vec![instance.clone(), instance.clone()]);
    if let Some(fits) = outcome(&unique, &twice, &text) {
        assert!(!fits, "a value twice is not unique: {text}");
    }
}
