//! JSON texts: what our reader accepts, another reader accepts and understands in the same way; what is written is read back.

use serde::de::IgnoredAny;
use serde_json::Value;
use toolgate::words::json::{FaultKind, Json, Limits, Object, parse, write_canonical, write_json};

/// Wide enough for any input; less deep than `serde_json` goes.
const WIDE: Limits = Limits { depth: 120, values: 200_000, string_bytes: 1 << 20, number_bytes: 4_400 };

/// Narrow enough for every limit to be met.
const NARROW: Limits = Limits { depth: 4, values: 24, string_bytes: 16, number_bytes: 8 };

pub(crate) fn run(data: &[u8]) {
    let wide = parse(data, WIDE);
    match (&wide, parse(data, NARROW)) {
        (Ok(wide), Ok(narrow)) => {
            assert_eq!(*wide, narrow, "limits change nothing but what is refused");
            check_limits(&narrow, 0, &mut 0);
        }
        (Err(_), Ok(_)) => panic!("narrow limits accept what wide ones refuse"),
        (_, Err(fault)) => assert!(fault.offset <= data.len(), "a fault has a place in the text: {fault:?}"),
    }
    let other: Result<Value, serde_json::Error> = serde_json::from_slice(data);
    match (&wide, &other) {
        (Err(fault), Ok(_)) => {
            let refused = matches!(fault.kind, FaultKind::Syntax | FaultKind::Unicode);
            assert!(!refused, "the other reader finds no fault in the syntax: {fault:?}");
        }
        (Ok(value), Ok(other)) => assert!(is_same(value, other), "two readers, two values: {value:?}, {other:?}"),
        (Ok(_), Err(error)) => {
            // It reads no number that its own types cannot hold. The grammar it knows all the same.
            assert!(error.to_string().starts_with("number out of range"), "only we accept it: {error}");
            assert!(serde_json::from_slice::<IgnoredAny>(data).is_ok(), "only we accept it");
        }
        (Err(_), Err(_)) => {}
    }
    if let Ok(value) = wide {
        check_written(&value);
    }
}

fn check_written(value: &Json<'_>) {
    let text = written(value, write_json);
    assert_eq!(parse(&text, WIDE).as_ref(), Ok(value), "what is written is read back");
    assert_eq!(value.clone().into_owned(), *value, "an owned copy is the same value");
    let canonical = written(value, write_canonical);
    let read = parse(&canonical, WIDE).expect("a canonical text is a text");
    assert_eq!(written(&read, write_canonical), canonical, "a canonical text is its own canonical text");
    assert_eq!(written(&reversed(value), write_canonical), canonical, "the order of members does not matter");
    assert_eq!(canonical.len(), text.len(), "a canonical text leaves nothing out");
}

fn written(value: &Json<'_>, write: fn(&mut Vec<u8>, &Json<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value);
    out
}

/// The value with the members of every object the other way round.
fn reversed<'a>(value: &Json<'a>) -> Json<'a> {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(reversed).collect()),
        Json::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.reverse();
            let mut other = Object::new();
            for (name, member) in members {
                other.insert(name.to_owned(), reversed(member));
            }
            Json::Object(other)
        }
        other => other.clone(),
    }
}

fn check_limits(value: &Json<'_>, depth: usize, values: &mut usize) {
    *values = values.saturating_add(1);
    assert!(*values <= NARROW.values, "more values than the limit");
    let inner = depth.saturating_add(1);
    match value {
        Json::Number(number) => assert!(number.as_str().len() <= NARROW.number_bytes, "a longer number than the limit"),
        Json::String(text) => assert!(text.len() <= NARROW.string_bytes, "a longer string than the limit"),
        Json::Array(items) => {
            assert!(inner <= NARROW.depth, "deeper than the limit");
            items.iter().for_each(|item| check_limits(item, inner, values));
        }
        Json::Object(object) => {
            assert!(inner <= NARROW.depth, "deeper than the limit");
            for (name, member) in object.iter() {
                assert!(name.len() <= NARROW.string_bytes, "a longer name than the limit");
                check_limits(member, inner, values);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

fn is_same(ours: &Json<'_>, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(left), Value::Bool(right)) => left == right,
        (Json::String(left), Value::String(right)) => left == right,
        (Json::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            // `-0` is an integer's text to us and a float to them.
            (Some(left), Some(right)) => left == right,
            _ => is_near(left.as_f64(), right.as_f64().unwrap_or(f64::NAN)),
        },
        (Json::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
        }
        (Json::Object(left), Value::Object(right)) => {
            let same = |(name, member): (&String, &Value)| left.get(name).is_some_and(|ours| is_same(ours, member));
            left.len() == right.len() && right.iter().all(same)
        }
        _ => false,
    }
}

/// Their reader rounds some floats otherwise, and loses digits of the smallest.
fn is_near(left: f64, right: f64) -> bool {
    left == right || (left - right).abs() <= left.abs() * 1e-12 + 1e-300
}
