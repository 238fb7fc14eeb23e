//! Internationalised labels (RFC 3492, RFC 5891): only valid names, and no second way to write ASCII.

/// Characters that normalisation turns into others, ASCII among them, or that no name has: a parser that normalises
/// after decoding would read another host.
const MAPPED: [(u32, u32); 28] = [
    (0x80, 0xb6),
    (0xb8, 0xde),
    (0xf7, 0xf7),
    (0x2b0, 0x2ff),
    (0x1d2c, 0x1d6a),
    (0x2000, 0x209f),
    (0x20a0, 0x20cf),
    (0x2100, 0x218f),
    (0x222c, 0x2230),
    (0x2260, 0x2260),
    (0x226e, 0x226f),
    (0x2329, 0x232a),
    (0x2400, 0x24ff),
    (0x2a0c, 0x2a0c),
    (0x2a74, 0x2a76),
    (0x2adc, 0x2adc),
    (0x3000, 0x3004),
    (0x3200, 0x33ff),
    (0xd800, 0xf8ff),
    (0xfb00, 0xfb4f),
    (0xfe00, 0xfe1f),
    (0xfe30, 0xfe6f),
    (0xfeff, 0xfeff),
    (0xff00, 0xffff),
    (0x1d400, 0x1d7ff),
    (0x1f100, 0x1f2ff),
    (0x2f800, 0x2fa1f),
    (0xe0000, 0x10_ffff),
];

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;

/// Returns true if the text behind `xn--` decodes to a label with characters beyond ASCII, all of them allowed in
/// names.
pub(super) fn is_plain(text: &str) -> bool {
    let is_letter = |letter: &char| {
        let code = u32::from(*letter);
        letter.is_ascii()
            || (!MAPPED.iter().any(|(low, high)| (*low..=*high).contains(&code)) && letter.to_lowercase().eq([*letter]))
    };
    decode(text).is_some_and(|label| !label.iter().all(char::is_ascii) && label.iter().all(is_letter))
}

/// Decodes Punycode (RFC 3492 section 6.2).
fn decode(text: &str) -> Option<Vec<char>> {
    let (basic, rest) = text.rsplit_once('-').unwrap_or(("", text));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut place, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = rest.bytes().peekable();
    while digits.peek().is_some() {
        let before = place;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter.saturating_sub(b'a')),
                number @ b'0'..=b'9' => u32::from(number.saturating_sub(b'0')).saturating_add(26),
                _ => return None,
            };
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let least = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < least {
                break;
            }
            weight = weight.checked_mul(BASE.saturating_sub(least))?;
            k = k.checked_add(BASE)?;
        }
        let length = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapted(place.saturating_sub(before), length, before == 0);
        code = code.checked_add(place.checked_div(length)?)?;
        place = place.checked_rem(length)?;
        output.insert(usize::try_from(place).ok()?, char::from_u32(code)?);
        place = place.checked_add(1)?;
    }
    Some(output)
}

/// Adapts the bias (RFC 3492 section 6.1).
fn adapted(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta = delta.saturating_add(delta.checked_div(length).unwrap_or_default());
    let mut k = 0_u32;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k = k.saturating_add(BASE);
    }
    k.saturating_add((BASE - T_MIN + 1).saturating_mul(delta).checked_div(delta.saturating_add(38)).unwrap_or_default())
}
