//! `float(str)`, `float(Decimal)`, `int(float)`, `str(float)` and the logarithm of a float.
#![expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow; a float's exponent has 11 bits")]

use num_bigint::{BigInt, BigUint};

use super::{ascii_number, repr_str, underscores_separate};
use crate::tools::error::ToolError;
use crate::tools::math::decimal::{Class, Decimal, GUARD_BITS, ln_ratio};

/// `float(text)`.
pub(in crate::tools::math) fn float(text: &str) -> Result<f64, ToolError> {
    let ascii = ascii_number(text);
    let read = if underscores_separate(&ascii) { ascii.replace('_', "").parse().ok() } else { None };
    read.ok_or_else(|| {
        ToolError::unhandled("ValueError", &format!("could not convert string to float: {}", repr_str(text)))
    })
}

/// `float(number)`: the nearest, infinite when out of range.
pub(in crate::tools::math) fn float_of_decimal(number: &Decimal) -> Result<f64, ToolError> {
    match number.class {
        Class::Signaling => Err(ToolError::unhandled("ValueError", "cannot convert signaling NaN to float")),
        Class::Quiet => Ok(f64::NAN),
        Class::Infinity if number.negative => Ok(f64::NEG_INFINITY),
        Class::Infinity => Ok(f64::INFINITY),
        // Rust reads what Display writes, and rounds as Python does.
        Class::Finite => Ok(number.to_string().parse().unwrap_or(f64::NAN)),
    }
}

/// `str(value)`: the shortest text that reads back the same, in Python's form.
pub(in crate::tools::math) fn repr_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.replace('.', "");
    let decimals = i32::try_from(digits.len()).unwrap_or(i32::MAX) - 1 - exponent;
    let digits = to_even(digits, value, decimals);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    if !(-4..16).contains(&exponent) {
        let (point, below) = (if rest.is_empty() { "" } else { "." }, if exponent < 0 { '-' } else { '+' });
        return format!("{sign}{first}{point}{rest}e{below}{:02}", exponent.unsigned_abs());
    }
    let leading = "0".repeat(usize::try_from(exponent.saturating_neg()).unwrap_or(0));
    let trailing = "0".repeat(usize::try_from(decimals.saturating_neg()).unwrap_or(0));
    let padded = [leading, digits, trailing].concat();
    let whole = usize::try_from(exponent.max(0) + 1).unwrap_or(usize::MAX);
    let (whole, fraction) = padded.split_at_checked(whole).unwrap_or((&padded, ""));
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

/// Where a value lies exactly between two shortest texts, Rust writes the upper and Python the one whose last digit is even.
fn to_even(mut digits: String, value: f64, decimals: i32) -> String {
    let (mantissa, exponent) = decode(value.abs());
    // value · 10^decimals = mantissa · 5^decimals / 2^(-exponent - decimals), and 5^decimals is odd.
    let halves = i64::from(mantissa.trailing_zeros()) + i64::from(exponent) + i64::from(decimals) == -1;
    if halves && digits.ends_with(['1', '3', '5', '7', '9']) {
        let last = digits.pop().and_then(|last| last.to_digit(10)).unwrap_or(1);
        digits.extend(char::from_digit(last - 1, 10));
    }
    digits
}

/// The integer mantissa and the power of two of a positive finite value.
fn decode(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let field = i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
    if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) }
}

/// `int(value)`.
pub(in crate::tools::math) fn int_of_float(value: f64) -> Result<BigInt, ToolError> {
    if value.is_nan() {
        return Err(ToolError::unhandled("ValueError", "cannot convert float NaN to integer"));
    }
    if value.is_infinite() {
        return Err(ToolError::unhandled("OverflowError", "cannot convert float infinity to integer"));
    }
    let (mantissa, exponent) = decode(value.abs());
    let magnitude = BigInt::from(mantissa);
    let shift = exponent.unsigned_abs();
    let magnitude = if exponent >= 0 { magnitude << shift } else { magnitude >> shift };
    Ok(if value < 0.0 { -magnitude } else { magnitude })
}

/// The natural logarithm of a positive value, correctly rounded; infinity and NaN are their own. C libraries are off by one
/// unit in the last place for one argument in some hundred.
pub(in crate::tools::math) fn ln(value: f64) -> f64 {
    if !value.is_finite() || value == 1.0 {
        return if value == 1.0 { 0.0 } else { value };
    }
    let (mantissa, exponent) = decode(value);
    let (mut numerator, mut denominator) = (BigUint::from(mantissa), BigUint::from(1_u8));
    if exponent >= 0 {
        numerator <<= exponent;
    } else {
        denominator <<= exponent.unsigned_abs();
    }
    // The logarithm is at least 2^-53: 53 bits lead up to it, 53 are kept, as many again decide how to round.
    let bits = 3 * 53 + GUARD_BITS;
    let ln = ln_ratio(&numerator, &denominator, bits);
    // Cut to 64 bits with the last one sticky, so that the conversion rounds but once.
    let cut = ln.bits().saturating_sub(64);
    let top = u64::try_from(ln.magnitude() >> cut).unwrap_or(u64::MAX) | 1;
    #[expect(clippy::cast_precision_loss, reason = "rounding to the nearest float is what is wanted")]
    let magnitude = top as f64 * power_of_two(cut.cast_signed() - bits.cast_signed());
    if ln < BigInt::ZERO { -magnitude } else { magnitude }
}

/// 2^exponent of a normal float.
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(exponent.saturating_add(1023).clamp(1, 2046).cast_unsigned() << 52)
}
