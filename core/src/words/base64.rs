//! Base64 in its canonical forms alone (RFC 4648), so that no two texts mean the same bytes.

use ct_codecs::{Base64, Base64UrlSafeNoPadding, Decoder as _, Encoder as _};

/// Decodes the standard alphabet with padding; `None` for missing padding, white space, other letters and surplus bits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_to_vec(text, None).ok()
}

/// Decodes base64url without padding, as RFC 7515 section 2 writes it; `None` for padding, white space, other letters
/// and surplus bits.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    Base64UrlSafeNoPadding::decode_to_vec(text, None).ok()
}

/// Encodes `bytes` in the standard alphabet with padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    // Fails only where the text would be longer than a `usize` counts.
    Base64::encode_to_string(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 section 10, and RFC 7617 section 2.
    const VECTORS: [(&str, &str); 8] = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
        ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ];

    #[test]
    fn vectors_of_the_standard() {
        for (bytes, text) in VECTORS {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text}");
            assert_eq!(decode_url(text.trim_end_matches('=')).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!((decode("/+8="), decode_url("_-8")), (Some(vec![0xff, 0xef]), Some(vec![0xff, 0xef])));
    }

    #[test]
    fn one_text_for_each_bytes() {
        for text in ["A", "AB", "AAB", "AAAAA", "AA=", "AA==", "AA_=", "A+", "A/AA", "AA AA", "AA\n", "é"] {
            assert_eq!(decode_url(text), None, "{text:?}");
        }
        for text in
            ["A", "AA", "AAA", "A===", "AA=", "AB==", "AAB=", "AAA==", "AAAA=", "AAAA====", "=", "====", "AA==AA=="]
        {
            assert_eq!(decode(text), None, "{text:?}");
        }
        for text in ["-_8=", "AA A", "AAAA\n", "\nAAAA", "AA=A", "AA=\n", "AA==\n", "éAA"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
