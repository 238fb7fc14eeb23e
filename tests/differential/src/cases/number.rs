//! Texts of numbers, and of what is nearly one.

use crate::random::Random;

/// Returns digits, the first not zero more often than not.
pub(super) fn digits(random: &mut Random, count: u64) -> String {
    // Runs of nines and zeros are where rounding carries.
    let only = if random.chance(8) { Some(random.pick(&['9', '0', '5', '1'])) } else { None };
    (0..count)
        .map(|_| only.unwrap_or_else(|| char::from(b'0'.saturating_add(u8::try_from(random.below(10)).unwrap_or(0)))))
        .collect()
}

/// Returns a count of digits: most are few, some are about the precision, few are about the limit.
fn length(random: &mut Random) -> u64 {
    match random.below(100) {
        0..55 => random.below(6).saturating_add(1),
        55..80 => random.below(30).saturating_add(1),
        80..92 => random.below(12).saturating_add(28),
        92..98 => random.below(70).saturating_add(1),
        98 => random.below(240).saturating_add(1),
        _ => random.below(6).saturating_add(253),
    }
}

fn sign(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "", "-", "-", "+"])
}

/// Returns a decimal in plain form, of bounded length.
pub(super) fn plain(random: &mut Random) -> String {
    let (whole, fraction) = (random.below(20).saturating_add(1), random.below(20));
    let point = if fraction == 0 { "" } else { "." };
    format!("{}{}{point}{}", sign(random), digits(random, whole), digits(random, fraction))
}

fn mantissa(random: &mut Random) -> String {
    let count = length(random);
    let digits = digits(random, count);
    if random.chance(50) {
        return digits;
    }
    let at = usize::try_from(random.below(count.saturating_add(1))).unwrap_or(0);
    let (whole, fraction) = digits.split_at_checked(at).unwrap_or((&digits, ""));
    format!("{whole}.{fraction}")
}

fn exponent_part(random: &mut Random) -> String {
    let exponent = match random.below(100) {
        0..60 => return String::new(),
        60..75 => random.between(-20, 20),
        75..85 => random.between(-400, 400),
        85..96 => random.pick(&[1_i64, -1]).wrapping_mul(random.between(6_080, 6_190)),
        96..99 => random.between(-9_000, 9_000),
        _ => random.pick(&[i64::MAX, i64::MIN, 999_999_999_999_999_999, -1_999_999_999_999_999_998]),
    };
    format!("{}{exponent}", random.pick(&["E", "e"]))
}

/// Returns any decimal, or nearly one.
pub(super) fn decimal(random: &mut Random) -> String {
    match random.below(100) {
        0..92 => format!("{}{}{}", sign(random), mantissa(random), exponent_part(random)),
        92..96 => {
            let zeros = random.pick(&["0", "-0", "+0", "0.0", "-0.000", "00", "-.0", "0."]);
            format!("{zeros}{}", exponent_part(random))
        }
        _ => random.pick(JUNK).to_owned(),
    }
}

/// Texts that are no number, or only to some readers.
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
    " 1",
    "1 ",
    "abc",
    "0x10",
    "1,000",
    "1_000",
    "½",
    "²",
    "十",
    "1\u{0}",
    "NaN",
    "-nan",
    "sNaN1",
    "Infinity",
    "-inf",
    "it's",
    "say \"x\"",
    "back\\slash",
    "line\nbreak",
    "\u{a0}1",
    "é",
    "😀",
    "1\u{301}",
    "𝟙",
    "１２",
    "٣٫٥",
    "1e٣",
    "1\n",
    "true",
];

/// Returns the base of a power.
pub(super) fn base(random: &mut Random) -> String {
    match random.below(10) {
        0..3 => plain(random),
        3 => random.between(-12, 12).to_string(),
        4 => {
            let zeros = usize::try_from(random.below(140)).unwrap_or(0);
            let (near, tail) = (random.pick(&["1.", "0.", "-1.", "10."]), random.below(40).saturating_add(1));
            let filler = if near == "0." { "9" } else { "0" };
            format!("{near}{}{}", filler.repeat(zeros), digits(random, tail))
        }
        5 => random.pick(&["1", "-1", "1.0", "1.00", "-1.000", "1E0", "10E-1"]).to_owned(),
        6 => format!("{}E{}", plain(random), random.between(-6_200, 6_200)),
        _ => decimal(random),
    }
}

/// Returns the exponent of a power.
pub(super) fn exponent(random: &mut Random) -> String {
    match random.below(20) {
        0..6 => random.between(-40, 40).to_string(),
        6..9 => random.between(-20_000, 20_000).to_string(),
        9..12 => format!("{}.{}", random.between(-30, 30), random.below(1000)),
        12 => random.pick(&["0.5", "-0.5", "0.25", "1.5", "2.0", "3.00", "-1", "1E1", "1E+2", "0E5"]).to_owned(),
        13 => plain(random),
        14 => {
            let count = random.below(12).saturating_add(1);
            digits(random, count)
        }
        15 => format!("{}E-{}", plain(random), random.below(200)),
        _ => decimal(random),
    }
}

/// Returns a whole number, or nearly one.
pub(super) fn whole(random: &mut Random) -> String {
    match random.below(100) {
        0..90 => {
            let count = length(random);
            format!("{}{}", sign(random), digits(random, count))
        }
        90..95 => mantissa(random),
        _ => random.pick(JUNK).to_owned(),
    }
}

/// Returns the operand of a factorial.
pub(super) fn count(random: &mut Random) -> String {
    match random.below(10) {
        0..4 => random.below(40).to_string(),
        4..8 => random.below(1_100).to_string(),
        8 => random.pick(&["0", "1", "-1", "-0", "+5", "007", "1000", "1001", "9223372036854775808"]).to_owned(),
        _ => whole(random),
    }
}

/// Returns the degree of a root.
pub(super) fn degree(random: &mut Random) -> String {
    match random.below(10) {
        0..6 => random.between(-1, 12).to_string(),
        6..8 => random.between(0, 102).to_string(),
        8 => random.pick(&["2.0", "0.3E1", "1E2", "1E3", "0.5", "1E+6000", "1E-6000"]).to_owned(),
        _ => decimal(random),
    }
}

/// Returns a number of digits behind the point.
pub(super) fn places(random: &mut Random) -> String {
    match random.below(20) {
        0..9 => random.between(-6, 12).to_string(),
        9..14 => random.between(-330, 40).to_string(),
        14 => random
            .pick(&["9223372036854775807", "1E17", "1E18", "-6144", "-6145", "6176", "6177", "-0", "0.5"])
            .to_owned(),
        15 => random.between(6_000, 6_200).to_string(),
        16 => decimal(random),
        _ => "0".to_owned(),
    }
}

/// Returns one end of a range of 64 bits, or nearly so.
pub(super) fn bound(random: &mut Random) -> String {
    match random.below(10) {
        0..6 => random.between(-50, 50).to_string(),
        6 => random.between(i64::MIN / 2, i64::MAX / 2).to_string(),
        7 => random.pick(&["-9223372036854775808", "9223372036854775807", "9223372036854775808", "-0"]).to_owned(),
        _ => whole(random),
    }
}
