//! Equality of JSON values by JSON Schema (core, section 4.2.2): `1` equals `1.0`, members have no order.

use std::collections::BTreeSet;

use super::number::NormalizedNumber;
use crate::words::json::{Json, write_string};

/// Returns true if the two are equal; `None` when a number is out of range.
pub(super) fn are_equal(left: &Json<'_>, right: &Json<'_>) -> Option<bool> {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => Some(if left.as_str() == right.as_str() {
            true
        } else {
            NormalizedNumber::parse(left.as_str())? == NormalizedNumber::parse(right.as_str())?
        }),
        (Json::Array(_), Json::Array(_)) | (Json::Object(_), Json::Object(_)) => Some(key(left)? == key(right)?),
        _ => Some(left == right),
    }
}

/// Returns true if all items differ; `None` when a number is out of range.
pub(super) fn all_differ(items: &[Json<'_>]) -> Option<bool> {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert(key(item)?) {
            return Some(false);
        }
    }
    Some(true)
}

/// Returns bytes that are the same for equal values, and for those only.
fn key(value: &Json<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write_key(&mut out, value)?;
    Some(out)
}

fn write_key(out: &mut Vec<u8>, value: &Json<'_>) -> Option<()> {
    match value {
        Json::Null => out.push(b'n'),
        Json::Bool(flag) => out.push(if *flag { b't' } else { b'f' }),
        Json::String(text) => write_string(out, text),
        Json::Number(number) => {
            out.push(b'#');
            NormalizedNumber::parse(number.as_str())?.write_key(out);
        }
        Json::Array(items) => {
            out.push(b'[');
            for item in items {
                write_key(out, item)?;
                out.push(b',');
            }
            out.push(b']');
        }
        Json::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, member) in members {
                write_string(out, name);
                out.push(b':');
                write_key(out, member)?;
                out.push(b',');
            }
            out.push(b'}');
        }
    }
    Some(())
}
