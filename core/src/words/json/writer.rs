//! Writes JSON text without white space, members in their stored order.

use super::Json;

/// Appends `value` to `out` as JSON text.
pub fn write_json(out: &mut Vec<u8>, value: &Json<'_>) {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Json::String(text) => write_string(out, text),
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(out, item);
            }
            out.push(b']');
        }
        Json::Object(object) => {
            out.push(b'{');
            for (index, (name, member)) in object.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, name);
                out.push(b':');
                write_json(out, member);
            }
            out.push(b'}');
        }
    }
}

/// Appends `text` to `out` as a JSON string: only what RFC 8259 section 7 demands is escaped.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    // Almost every text is one run without anything to escape.
    while let Some((run, byte, behind)) = first_escaped(rest) {
        out.extend_from_slice(run);
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            _ => {
                out.extend_from_slice(b"\\u00");
                for nibble in [byte >> 4, byte & 15] {
                    out.push(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
                }
            }
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Returns the run before the first byte that must be escaped, that byte, and the rest behind it.
fn first_escaped(text: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (words, _) = text.as_chunks::<8>();
    let plain = words.iter().take_while(|word| is_plain(u64::from_le_bytes(**word))).count().saturating_mul(8);
    let in_rest = text.get(plain..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    let (run, behind) = text.split_at_checked(plain.saturating_add(in_rest))?;
    let (&byte, behind) = behind.split_first()?;
    Some((run, byte, behind))
}

/// Returns true if none of eight bytes must be escaped: a byte is below `n`, with `n` up to 128, in a word if and only
/// if subtracting `n` from each borrows into a highest bit that was not set (Anderson, Bit Twiddling Hacks, "hasless").
const fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = ONES << 7;
    const CONTROLS: u64 = ONES << 5;
    const QUOTES: u64 = ONES.wrapping_mul(b'"' as u64);
    const BACKSLASHES: u64 = ONES.wrapping_mul(b'\\' as u64);
    let controls = word.wrapping_sub(CONTROLS) & !word;
    // Two bytes are equal if they differ in less than one.
    let (quotes, backslashes) = (word ^ QUOTES, word ^ BACKSLASHES);
    let equal = (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
    (controls | equal) & HIGHEST == 0
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;

    #[test]
    fn every_byte_is_escaped_or_not_wherever_it_stands() {
        for byte in 0..128_u8 {
            for place in 0..19 {
                let text: String = (0..19).map(|at| char::from(if at == place { byte } else { b'~' })).collect();
                for text in [text.clone(), text.replace('~', "\u{e9}"), text.replace('~', "!")] {
                    let mut out = Vec::new();
                    write_string(&mut out, &text);
                    let expected = serde_json::to_string(&text).unwrap();
                    assert_eq!(String::from_utf8(out).unwrap(), expected, "{byte} at {place}");
                }
            }
        }
    }

    #[test]
    fn writes_what_it_read() {
        let text = r#"{"b":[1.50,"\u0001\"\\é\b\f\n\r\t",null,true,false,{}],"a":[]}"#;
        let limits = Limits { depth: 8, values: 100, string_bytes: 100, number_bytes: 100 };
        let mut out = Vec::new();
        write_json(&mut out, &parse(text.as_bytes(), limits).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}
