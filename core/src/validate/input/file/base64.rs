//! Base64 in its one canonical form (RFC 4648 section 4): padded, no white space, no bits left over.

/// Returns the number of bytes that the text decodes to, if it is base64.
pub(super) fn decoded_length(text: &str) -> usize {
    let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
    (text.len() / 4).saturating_mul(3).saturating_sub(padding)
}

/// Decodes the bytes; `None` for every other form, as two decoders could differ about it.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len().saturating_sub(digits.len()) > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(decoded_length(text));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in digits.bytes() {
        bits = bits << 6 | value(byte)?;
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            bytes.push(u8::try_from(bits.checked_shr(held)? & 0xff).ok()?);
        }
    }
    let left_over = bits & (1_u32.checked_shl(held)?).saturating_sub(1);
    (left_over == 0 && held < 6).then_some(bytes)
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte.saturating_sub(b'A'),
        b'a'..=b'z' => byte.saturating_sub(b'a').saturating_add(26),
        b'0'..=b'9' => byte.saturating_sub(b'0').saturating_add(52),
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
