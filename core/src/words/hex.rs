//! Hexadecimal digits.

/// Returns the lower-case hexadecimal text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    prefixed("", bytes)
}

/// Returns the lower-case hexadecimal text of `bytes` behind a prefix.
#[must_use]
pub fn prefixed(prefix: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(prefix.len()));
    text.push_str(prefix);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0')));
        }
    }
    text
}

/// Decodes 64 hexadecimal digits into 32 bytes.
#[must_use]
pub fn decode32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        assert_eq!(decode32(&encode(&bytes)), Some(bytes));
        assert_eq!(prefixed("x_", &[1, 0xab]), "x_01ab");
        assert_eq!(decode32("00"), None);
        assert_eq!(decode32(&"+0".repeat(32)), None);
    }
}
