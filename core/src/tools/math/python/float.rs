//! `float(str)`, `float(Decimal)`, `int(float)`, `str(float)` and the logarithm of a float.
#![expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow; a float's exponent has 11 bits")]

use num_bigint::{BigInt, BigUint};

use super::{ascii_number, repr_str, underscores_separate};
use crate::tools::error::ToolError;
use crate::tools::math::decimal::{Class, Decimal, GUARD_BITS, ln_ratio};

/// `float(text)`.
pub(in crate::tools::math) fn float(text: &str) -> Result<f64, Box<ToolError>> {
    let ascii = ascii_number(text);
    let read = if underscores_separate(&ascii) { ascii.replace('_', "").parse().ok() } else { None };
    read.ok_or_else(|| {
        ToolError::unhandled("ValueError", &format!("could not convert string to float: {}", repr_str(text)))
    })
}

/// `float(number)`: the nearest, infinite when out of range.
pub(in crate::tools::math) fn float_of_decimal(number: &Decimal) -> Result<f64, Box<ToolError>> {
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
    let shortest = shortest(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let digits = shortest.coefficient.to_string();
    let exponent = shortest.adjusted();
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    if !(-4..16).contains(&exponent) {
        let (point, below) = (if rest.is_empty() { "" } else { "." }, if exponent < 0 { '-' } else { '+' });
        return format!("{sign}{first}{point}{rest}e{below}{:02}", exponent.unsigned_abs());
    }
    let leading = "0".repeat(usize::try_from(-exponent).unwrap_or(0));
    let trailing = "0".repeat(usize::try_from(shortest.exponent).unwrap_or(0));
    let padded = [leading, digits, trailing].concat();
    let whole = usize::try_from(exponent.max(0) + 1).unwrap_or(usize::MAX);
    let (whole, fraction) = padded.split_at_checked(whole).unwrap_or((&padded, ""));
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

/// The magnitude of a finite value with as few digits as read back the same: of those the nearest, of two the even one.
///
/// From the exact value, which needs nothing but what decimals have: the library's formatting is 12 KB of WebAssembly, and
/// takes the upper of two.
fn shortest(value: f64) -> Decimal {
    let (mantissa, exponent) = decode(value.abs());
    if mantissa == 0 {
        return Decimal::from_int(0);
    }
    let exact = if exponent >= 0 {
        Decimal::finite(false, BigUint::from(mantissa) << exponent, 0)
    } else {
        let fives = BigUint::from(5_u8).pow(exponent.unsigned_abs());
        Decimal::finite(false, fives * mantissa, exponent.into())
    };
    let reads_back = |candidate: &Decimal| candidate.to_string().parse() == Ok(value.abs());
    // 15 digits tell all normal floats of so many digits apart, and 17 are always enough.
    let fewest = if value.abs() < f64::MIN_POSITIVE { 1 } else { 15 };
    for digits in fewest..17 {
        let mut candidate = exact.rounded(digits);
        if !reads_back(&candidate) {
            // Below a power of two floats are denser: there the next above may do where the nearest does not.
            candidate.coefficient += 1_u8;
        }
        if reads_back(&candidate) {
            return candidate.without_zeros();
        }
    }
    exact.rounded(17).without_zeros()
}

/// The integer mantissa and the power of two of a positive finite value.
fn decode(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let field = i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
    if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) }
}

/// `int(value)`.
pub(in crate::tools::math) fn int_of_float(value: f64) -> Result<BigInt, Box<ToolError>> {
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
