//! Reads base64url without padding, as RFC 7515 section 2 writes it: strict, so that no two texts mean the same bytes.

/// Decodes `text`; `None` for padding, white space, other letters, and surplus bits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().saturating_mul(3) / 4);
    let mut bits: u32 = 0;
    let mut held: u32 = 0;
    for letter in text.bytes() {
        bits = (bits << 6) | u32::from(value(letter)?);
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap_or_default());
            bits &= !(u32::MAX << held);
        }
    }
    // Six bits are a surplus letter; fewer must be zero.
    (held < 6 && bits == 0).then_some(bytes)
}

const fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(letter.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(letter.wrapping_sub(b'0').wrapping_add(52)),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// Encodes `bytes` with padding, in the standard alphabet: for `Authorization: Basic` (RFC 7617).
#[must_use]
pub fn encode_basic(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = LETTERS.get(usize::try_from((bits >> shift) & 63).unwrap_or_default()).copied();
            text.push(if index > chunk.len() { '=' } else { char::from(letter.unwrap_or(b'A')) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_each_bytes() {
        assert_eq!(decode(""), Some(Vec::new()));
        assert_eq!(decode("AA"), Some(vec![0]));
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        assert_eq!(decode("AQAB"), Some(vec![1, 0, 1]));
        for text in ["A", "AB", "AAB", "AAAAA", "AA=", "AA==", "A+", "A/AA", "AA AA", "AA\n", "é"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn basic_is_padded() {
        // RFC 7617 section 2, RFC 4648 section 10.
        assert_eq!(encode_basic(b"Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(["", "f", "fo", "foo"].map(|text| encode_basic(text.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v"]);
    }
}
