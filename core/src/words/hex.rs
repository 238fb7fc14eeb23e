//! Hexadecimal digits.

use ct_codecs::{Decoder as _, Encoder as _, Hex};

/// Returns the lower-case hexadecimal text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    // Fails only where the text would be longer than a `usize` counts.
    Hex::encode_to_string(bytes).unwrap_or_default()
}

/// Returns the lower-case hexadecimal text of `bytes` behind a prefix.
#[must_use]
pub fn prefixed(prefix: &str, bytes: &[u8]) -> String {
    [prefix, &encode(bytes)].concat()
}

/// Decodes 64 hexadecimal digits of either case into 32 bytes.
#[must_use]
pub fn decode32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let decoded = Hex::decode(&mut bytes, text, None).ok()?.len();
    (decoded == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        assert_eq!(decode32(&encode(&bytes)), Some(bytes));
        assert_eq!(decode32(&encode(&bytes).to_ascii_uppercase()), Some(bytes));
        assert_eq!(prefixed("x_", &[1, 0xab]), "x_01ab");
        for text in ["", "00", &"00".repeat(31), &"00".repeat(33), &"0".repeat(63), &"+0".repeat(32), &"0g".repeat(32)]
        {
            assert_eq!(decode32(text), None, "{text:?}");
        }
        assert_eq!(decode32(&[&"00".repeat(32), "\n"].concat()), None);
    }
}
