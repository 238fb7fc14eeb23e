//! Reads a number as Python's `Decimal(text)` does: exactly, or not at all.

use num_bigint::BigUint;

use super::{Class, Context, Decimal, Signal};
use crate::tools::math::python::{decimal_digit, is_space};

/// The largest context that Python's C implementation has on 64 bits: what a number is read into.
const EXACT: Context =
    Context { precision: 999_999_999_999_999_999, emax: 999_999_999_999_999_999, emin: -999_999_999_999_999_999 };

/// Exponents beyond this are all alike: out of range.
const EXPONENT_BOUND: i64 = 3_000_000_000_000_000_000;

/// Reads `text`: surrounding white space and any underscores are ignored, every Unicode decimal digit counts.
///
/// # Errors
/// [`Signal::ConversionSyntax`] for what is no number, [`Signal::InvalidOperation`] for an exponent out of range.
pub(in crate::tools::math) fn parse(text: &str) -> Result<Decimal, Signal> {
    let ascii = to_ascii(text).ok_or(Signal::ConversionSyntax)?;
    let (negative, unsigned) = match ascii.strip_prefix(['+', '-']) {
        Some(rest) => (ascii.starts_with('-'), rest),
        None => (false, ascii.as_str()),
    };
    match special(unsigned, negative) {
        Some(number) => number,
        None => finite(unsigned, negative),
    }
}

fn to_ascii(text: &str) -> Option<String> {
    let mut ascii = String::with_capacity(text.len());
    for character in text.trim_matches(is_space).chars() {
        match character {
            '_' => {}
            '\u{1}'..='\u{7f}' => ascii.push(character),
            _ if is_space(character) => ascii.push(' '),
            _ => ascii.push(char::from(decimal_digit(character)?)),
        }
    }
    Some(ascii)
}

fn special(unsigned: &str, negative: bool) -> Option<Result<Decimal, Signal>> {
    let lower = unsigned.get(..8.min(unsigned.len()))?.to_ascii_lowercase();
    if (lower == "inf" || lower == "infinity") && unsigned.len() <= 8 {
        return Some(Ok(Decimal::infinity(negative)));
    }
    let (class, prefix) = if lower.starts_with("snan") {
        (Class::Signaling, 4)
    } else if lower.starts_with("nan") {
        (Class::Quiet, 3)
    } else {
        return None;
    };
    let payload = unsigned.get(prefix..)?;
    Some(match coefficient(payload) {
        Some(coefficient) => Ok(Decimal { negative, class, coefficient, exponent: 0 }),
        None => Err(Signal::ConversionSyntax),
    })
}

/// The value of a possibly empty run of digits.
fn coefficient(digits: &str) -> Option<BigUint> {
    if digits.is_empty() {
        return Some(BigUint::ZERO);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    BigUint::parse_bytes(digits.as_bytes(), 10)
}

fn finite(unsigned: &str, negative: bool) -> Result<Decimal, Signal> {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(Signal::ConversionSyntax);
    }
    let coefficient = coefficient(&[whole, fraction].concat()).ok_or(Signal::ConversionSyntax)?;
    let exponent = exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
    let number = Decimal::finite(negative, coefficient, exponent);
    // Python wants the exact number: whatever its largest context would have to change is invalid.
    let out_of_range = if number.is_zero() {
        exponent > EXACT.emax || exponent < EXACT.etiny()
    } else {
        number.adjusted() > EXACT.emax || exponent < EXACT.etiny()
    };
    if out_of_range { Err(Signal::InvalidOperation) } else { Ok(number) }
}

fn parse_exponent(text: &str) -> Result<i64, Signal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Signal::ConversionSyntax);
    }
    // All digits: the only failure left is a value out of an i64's range.
    let magnitude = digits.parse().unwrap_or(EXPONENT_BOUND).min(EXPONENT_BOUND);
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}
