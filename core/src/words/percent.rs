//! Percent-encoding (RFC 3986 section 2.1).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends `text` percent-encoded: everything but RFC 3986's unreserved characters.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    out.extend(utf8_percent_encode(text, RESERVED));
}

/// Decodes percent-encoding; `None` for a `%` without two digits, and for a result that is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    let is_escape = |rest: &str| {
        rest.as_bytes().first_chunk().is_some_and(|[a, b]: &[u8; 2]| a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    };
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_stay() {
        let ascii: String = (0..=127_u8).map(char::from).collect();
        let mut text = String::new();
        encode_into(&mut text, &ascii);
        let stayed: String = text.split('%').skip(1).filter_map(|escape| escape.get(2..)).collect();
        assert_eq!(stayed, "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
        assert_eq!(decode(&text).as_deref(), Some(&*ascii));
        text.clear();
        encode_into(&mut text, "a/\u{e4}+\n");
        assert_eq!(text, "a%2F%C3%A4%2B%0A");
    }

    #[test]
    fn refuses_what_is_no_escape() {
        for (text, decoded) in [("", ""), ("a+b", "a+b"), ("%2f%2F", "//"), ("%2541", "%41"), ("%c3%a4", "\u{e4}")] {
            assert_eq!(decode(text).as_deref(), Some(decoded), "{text}");
        }
        for text in ["%", "%4", "a%4", "%zz", "%4g", "%+4", "%%41", "%4%41", "%\u{e4}", "%ff", "%c3", "%c3a"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
