//! Texts of numbers, and of what is nearly one.

use crate::random::Random;

/// Digits, the first not zero more often than not.
fn digits(random: &mut Random, count: u64) -> String {
    // Runs of nines and zeros are where rounding carries.
    let only = if random.chance(8) { Some(random.pick(&['9', '0', '5', '1'])) } else { None };
    (0..count)
        .map(|_| only.unwrap_or_else(|| char::from(b'0'.saturating_add(u8::try_from(random.below(10)).unwrap_or(0)))))
        .collect()
}

fn length(random: &mut Random) -> u64 {
    match random.below(100) {
        0..55 => random.below(6).saturating_add(1),
        55..80 => random.below(30).saturating_add(1),
        80..90 => random.below(20).saturating_add(90),
        90..97 => random.below(160).saturating_add(1),
        97..99 => random.below(900).saturating_add(1),
        _ => random.below(12).saturating_add(4295),
    }
}

fn sign(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "", "-", "-", "+"])
}

/// A finite decimal in plain form, of bounded length.
pub(super) fn plain_decimal(random: &mut Random) -> String {
    let (whole, fraction) = (random.below(20).saturating_add(1), random.below(20));
    let point = if fraction == 0 { "" } else { "." };
    format!("{}{}{point}{}", sign(random), digits(random, whole), digits(random, fraction))
}

fn mantissa(random: &mut Random) -> String {
    let digits_of = length(random);
    let digits = digits(random, digits_of);
    match random.below(10) {
        0..5 => digits,
        _ => {
            let at = usize::try_from(random.below(digits_of.saturating_add(1))).unwrap_or(0);
            let (whole, fraction) = digits.split_at_checked(at).unwrap_or((&digits, ""));
            format!("{whole}.{fraction}")
        }
    }
}

fn exponent_part(random: &mut Random) -> String {
    let exponent = match random.below(100) {
        0..60 => return String::new(),
        60..75 => random.between(-20, 20),
        75..85 => random.between(-400, 400),
        85..93 => random.pick(&[1_i64, -1]).wrapping_mul(random.between(999_850, 1_000_120)),
        93..97 => random.between(-2_100_000, 2_100_000),
        _ => random.pick(&[
            i64::MAX,
            i64::MIN,
            999_999_999_999_999_999,
            1_000_000_000_000_000_000,
            -999_999_999_999_999_999,
            -1_999_999_999_999_999_997,
            -1_999_999_999_999_999_998,
        ]),
    };
    format!("{}{exponent}", random.pick(&["E", "e", "E", "e"])).replace("e", random.pick(&["e", "E", "e"]))
}

/// Any decimal, or nearly one.
pub(super) fn decimal(random: &mut Random) -> String {
    let text = match random.below(100) {
        0..84 => format!("{}{}{}", sign(random), mantissa(random), exponent_part(random)),
        84..88 => zero(random),
        88..93 => special(random),
        _ => return junk(random),
    };
    dress(random, text)
}

fn zero(random: &mut Random) -> String {
    let zeros = random.pick(&["0", "-0", "+0", "0.0", "-0.000", "00", "-.0", "0."]);
    format!("{zeros}{}", exponent_part(random))
}

fn special(random: &mut Random) -> String {
    let name = random.pick(&[
        "NaN", "nan", "sNaN", "SNAN", "Infinity", "inf", "INF", "infinity", "nan0", "NaN123", "snan007", "iNfInItY",
    ]);
    format!("{}{name}", sign(random))
}

/// Underscores, white space, digits of other scripts.
fn dress(random: &mut Random, text: String) -> String {
    let mut text = text;
    if random.chance(4) {
        let at = usize::try_from(random.below(u64::try_from(text.len()).unwrap_or(1).saturating_add(1))).unwrap_or(0);
        if text.is_char_boundary(at) {
            text.insert_str(at, random.pick(&["_", "_", "__"]));
        }
    }
    if random.chance(3) {
        let zero = random.pick(&['٠', '０', '०', '\u{1d7d8}', '\u{1fbf0}']);
        text = text.chars().map(|character| other_digit(character, zero)).collect();
    }
    if random.chance(5) {
        let (before, after) = (space(random), space(random));
        text = format!("{before}{text}{after}");
    }
    text
}

fn other_digit(character: char, zero: char) -> char {
    let digit = character.to_digit(10).unwrap_or(0);
    if character.is_ascii_digit() {
        char::from_u32(u32::from(zero).saturating_add(digit)).unwrap_or(character)
    } else {
        character
    }
}

fn space(random: &mut Random) -> &'static str {
    random.pick(&["", " ", "\t", "\n\r", "\u{b}\u{c}", "\u{1c}", "\u{1f}", "\u{85}", "\u{a0}", "\u{2009}", "\u{3000}"])
}

/// What is no number, or only to some readers.
const JUNK: &[&str] = &[
    "",
    " ",
    ".",
    "-",
    "+",
    "e5",
    ".e5",
    "1e",
    "1e+",
    "1e5.5",
    "1..2",
    "1.2.3",
    "--1",
    "+-1",
    "- 1",
    "1 2",
    "abc",
    "0x10",
    "1,000",
    "½",
    "²",
    "Ⅷ",
    "十",
    "1\u{0}",
    "\u{0}",
    "infinit",
    "in_f",
    "na n",
    "nan1.5",
    "snan-1",
    "NaN-1",
    "it's",
    "say \"x\"",
    "both ' and \"",
    "back\\slash",
    "line\nbreak",
    "tab\tstop",
    "\u{7f}",
    "\u{ad}1",
    "é",
    "ß1",
    "\u{200b}1",
    "😀",
    "1\u{301}",
    "𝟙",
    "１２",
    "٣٫٥",
    "1e٣",
    "true",
    "None",
    "null",
    "1L",
    "1j",
    "1d",
    "1f",
    "#1",
    "1_",
    "_1",
    "_",
    "1__0",
    "1._5",
    "1_.5",
    "1e_5",
    "1e5_",
    "\u{feff}1",
    "−1",
    "1e−5",
    "1E+",
    "Infinity5",
];

fn junk(random: &mut Random) -> String {
    random.pick(JUNK).to_owned()
}

/// A decimal that makes no integer of more than some thousand digits.
pub(super) fn short(random: &mut Random) -> String {
    let text = decimal(random);
    match text.to_ascii_lowercase().split_once('e') {
        // Python builds the whole integer, however long, before it refuses to write it.
        Some((_, exponent)) if exponent.trim_start_matches(['+', '_']).len() > 4 && !exponent.contains('-') => {
            format!("{}E{}", plain_decimal(random), random.between(-30, 5_000))
        }
        _ => text,
    }
}

/// The base of a power.
pub(super) fn base(random: &mut Random) -> String {
    match random.below(10) {
        0..3 => plain_decimal(random),
        3 => random.between(-12, 12).to_string(),
        4 => {
            let zeros = usize::try_from(random.below(140)).unwrap_or(0);
            let (near, tail) = (random.pick(&["1.", "0.", "-1.", "10."]), random.below(40).saturating_add(1));
            let filler = if near == "0." { "9" } else { "0" };
            format!("{near}{}{}", filler.repeat(zeros), digits(random, tail))
        }
        5 => random.pick(&["1", "-1", "1.0", "1.00", "-1.000", "1E0", "10E-1"]).to_owned(),
        6 => format!("{}E{}", plain_decimal(random), random.between(-1_000_100, 1_000_100)),
        _ => decimal(random),
    }
}

/// The exponent of a power.
pub(super) fn exponent(random: &mut Random) -> String {
    match random.below(20) {
        0..6 => random.between(-40, 40).to_string(),
        6..9 => random.between(-2_000_000, 2_000_000).to_string(),
        9..12 => format!("{}.{}", random.between(-30, 30), random.below(1000)),
        12 => random.pick(&["0.5", "-0.5", "0.25", "1.5", "2.0", "3.00", "-1", "1E1", "1E+2", "0E5"]).to_owned(),
        13 => plain_decimal(random),
        14 => {
            let count = random.below(40).saturating_add(15);
            digits(random, count)
        }
        15 => format!("{}E-{}", plain_decimal(random), random.below(200)),
        16 => format!("1E+{}", random.below(150)),
        _ => decimal(random),
    }
}

/// The argument of a factorial: Python computes all digits before it refuses to write them.
pub(super) fn count(random: &mut Random) -> String {
    match random.below(10) {
        0..3 => random.below(40).to_string(),
        3..6 => random.below(1_700).to_string(),
        6 => random.pick(&["0", "1", "-1", "-0", "1557", "1558", "1559", "9223372036854775808", "3000"]).to_owned(),
        7 => {
            let text = random.below(900).to_string();
            dress(random, text)
        }
        8 => {
            let count = random.below(60).saturating_add(20);
            format!("9{}", digits(random, count))
        }
        _ => junk(random),
    }
}

/// Any integer, or nearly one.
pub(super) fn integer(random: &mut Random) -> String {
    let text = match random.below(100) {
        0..90 => {
            let count = length(random);
            format!("{}{}", sign(random), digits(random, count))
        }
        90..93 => return special(random),
        93..95 => return mantissa(random),
        _ => return junk(random),
    };
    dress(random, text)
}

/// One end of a range: the second not far from the first, for Arcade's tool makes a list of all between.
pub(super) fn range(random: &mut Random, first: &mut Option<i64>) -> String {
    let text = match (random.below(20), *first) {
        (0, _) => return junk(random),
        (1, None) => return format!("-9{}", "9".repeat(30)),
        (2..5, Some(_)) => format!("9{}", "9".repeat(25)),
        (_, Some(start)) => start.saturating_add(random.between(-10, 3_000)).to_string(),
        (_, None) => {
            let start = random.between(-1_000_000, 1_000_000);
            *first = Some(start);
            start.to_string()
        }
    };
    dress(random, text)
}

/// Digits behind the point.
pub(super) fn places(random: &mut Random) -> String {
    let text = match random.below(20) {
        0..9 => random.between(-6, 12).to_string(),
        9..13 => random.between(-330, 130).to_string(),
        13 => random.pick(&["9223372036854775807", "9223372036854775808", "1000098", "1000099", "-0", "+3"]).to_owned(),
        14 => random.between(999_900, 1_000_200).to_string(),
        15 => return junk(random),
        _ => "0".to_owned(),
    };
    dress(random, text)
}

/// Any float, or nearly one.
pub(super) fn float(random: &mut Random) -> String {
    match random.below(10) {
        0..7 => plain_decimal(random),
        7 => format!("{}E{}", plain_decimal(random), random.between(-330, 330)),
        _ => decimal(random),
    }
}
