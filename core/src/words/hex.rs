//! Hexadecimal digits.

use ct_codecs::{Decoder as _, Encoder as _, Hex};

/// Bytes that are encoded at once.
const CHUNK: usize = 32;

/// Returns the lower-case hexadecimal text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    prefixed("", bytes)
}

/// Returns the lower-case hexadecimal text of `bytes` behind a prefix.
#[must_use]
pub fn prefixed(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(prefix.len()));
    text.push_str(prefix);
    let mut digits = [0; CHUNK * 2];
    for chunk in bytes.chunks(CHUNK) {
        // Fails only where the digits have no room.
        text.push_str(Hex::encode_to_str(&mut digits, chunk).unwrap_or_default());
    }
    text
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
        assert_eq!(encode(&[0xf0; 70]), "f0".repeat(70));
        for text in ["", "00", &"00".repeat(31), &"00".repeat(33), &"0".repeat(63), &"+0".repeat(32), &"0g".repeat(32)]
        {
            assert_eq!(decode32(text), None, "{text:?}");
        }
        assert_eq!(decode32(&[&"00".repeat(32), "\n"].concat()), None);
    }
}
