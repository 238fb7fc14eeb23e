//! The canonical text of a value: equal arguments have equal texts, different ones differ.
//!
//! Members are ordered as RFC 8785 section 3.2.3 orders them (by UTF-16 code units), strings are escaped as its section
//! 3.2.2.2 says. Numbers are the one departure: RFC 8785 passes them through an IEEE double, which would make different
//! large integers equal; here a number keeps its text, so `1` and `1.0` are different keys (at worst a miss, never a
//! wrong hit).

use super::{Json, write_json, write_string};

/// Appends the canonical text of `value` to `out`.
pub fn write_canonical(out: &mut Vec<u8>, value: &Json<'_>) {
    match value {
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(out, item);
            }
            out.push(b']');
        }
        Json::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            out.push(b'{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, name);
                out.push(b':');
                write_canonical(out, member);
            }
            out.push(b'}');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => write_json(out, value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;

    fn canonical(text: &str) -> String {
        let limits = Limits { depth: 8, values: 100, string_bytes: 100, number_bytes: 100 };
        let mut out = Vec::new();
        write_canonical(&mut out, &parse(text.as_bytes(), limits).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn order_space_and_escapes_do_not_matter() {
        assert_eq!(canonical(r#"{ "b":1, "a":{"d":"\u0041","c":[1, 2]}}"#), r#"{"a":{"c":[1,2],"d":"A"},"b":1}"#);
    }

    #[test]
    fn different_values_stay_apart() {
        let texts =
            ["1", "\"1\"", "1.0", "1e0", "[1]", "{\"1\":1}", "null", "\"null\"", "-0", "0", "[[],[]]", "[[[]]]"];
        for (index, left) in texts.iter().enumerate() {
            for right in texts.iter().skip(index + 1) {
                assert_ne!(canonical(left), canonical(right));
            }
        }
    }

    #[test]
    fn members_are_ordered_by_utf16_code_units() {
        // RFC 8785 section 3.2.3: U+1F600 (surrogates D83D DE00) sorts before U+FB33.
        assert_eq!(canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{fb33}\":1}");
    }
}
