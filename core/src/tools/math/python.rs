//! What Python does between text and numbers: `int()`, `float()`, `str(float)`, `repr(str)`, and which characters it takes
//! for digits and white space. From CPython 3.11 (Unicode 14.0).

mod float;
mod int;
mod repr;

pub(super) use float::{float, float_of_decimal, int_of_float, ln, repr_float};
pub(super) use int::{int, int_of_decimal, str_int};
pub(super) use repr::repr_str;

/// The first of each run of ten decimal digits (general category Nd) beyond ASCII.
const ZEROS: [u32; 65] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
    0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The ASCII digit that a decimal digit of any script stands for.
pub(super) fn decimal_digit(character: char) -> Option<u8> {
    let code = u32::from(character);
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(u8::try_from(code).ok()?);
    }
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(after.checked_sub(1)?)?;
    let value = u8::try_from(code.checked_sub(*zero)?).ok().filter(|value| *value < 10)?;
    b'0'.checked_add(value)
}

/// `str.isspace` for one character.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The text as `int()` and `float()` see it: digits of any script made ASCII, white space stripped, whatever no number
/// has a question mark. ASCII separators (1C to 1F) are not white space here.
fn ascii_number(text: &str) -> String {
    let ascii: String = text
        .chars()
        .map(|character| match character {
            _ if character.is_ascii() => character,
            _ if is_space(character) => ' ',
            _ => decimal_digit(character).map_or('?', char::from),
        })
        .collect();
    // C's isspace has the vertical tab, Rust's is_ascii_whitespace has not.
    ascii.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']).to_owned()
}

/// Whether every underscore stands between two digits.
fn underscores_separate(text: &str) -> bool {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let separates = before.is_some_and(|before: char| before.is_ascii_digit())
            && characters.peek().is_some_and(char::is_ascii_digit);
        if character == '_' && !separates {
            return false;
        }
        before = Some(character);
    }
    true
}
