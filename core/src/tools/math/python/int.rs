//! `int(str)`, `str(int)` and `int(Decimal)`.
#![expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]

use num_bigint::{BigInt, Sign};

use super::{ascii_number, repr_str, underscores_separate};
use crate::tools::error::ToolError;
use crate::tools::math::decimal::{Decimal, digits, pow10};
use crate::tools::math::limits::PYTHON_INT_DIGITS;

/// `int(text)`.
pub(in crate::tools::math) fn int(text: &str) -> Result<BigInt, Box<ToolError>> {
    let invalid = || {
        let shown: String = repr_str(text).chars().take(200).collect();
        ToolError::unhandled("ValueError", &format!("invalid literal for int() with base 10: {shown}"))
    };
    let ascii = ascii_number(text);
    let unsigned = ascii.strip_prefix(['+', '-']).unwrap_or(&ascii);
    // Python counts the digits it has read before it looks at what follows them.
    let end = unsigned.find(|character: char| !character.is_ascii_digit() && character != '_');
    let (read, rest) = unsigned.split_at_checked(end.unwrap_or(unsigned.len())).unwrap_or((unsigned, ""));
    let count = read.bytes().filter(u8::is_ascii_digit).count();
    if count == 0 || !underscores_separate(read) {
        return Err(invalid());
    }
    if u64::try_from(count).is_ok_and(|count| count > PYTHON_INT_DIGITS) {
        let message = format!(
            "Exceeds the limit (4300 digits) for integer string conversion: value has {count} digits; use \
             sys.set_int_max_str_digits() to increase the limit"
        );
        return Err(ToolError::unhandled("ValueError", &message));
    }
    if !rest.is_empty() {
        return Err(invalid());
    }
    // Underscores are no hindrance here, and are in place by now.
    BigInt::parse_bytes(ascii.as_bytes(), 10).ok_or_else(invalid)
}

/// `str(value)`.
pub(in crate::tools::math) fn str_int(value: &BigInt) -> Result<String, Box<ToolError>> {
    if digits(value.magnitude()) > PYTHON_INT_DIGITS { Err(too_long()) } else { Ok(value.to_string()) }
}

fn too_long() -> Box<ToolError> {
    ToolError::unhandled(
        "ValueError",
        "Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase \
         the limit",
    )
}

/// `math.ceil(number)` or `math.floor(number)`, as it will be written: a number too long for that is refused before it is
/// computed.
pub(in crate::tools::math) fn int_of_decimal(number: &Decimal, up: bool) -> Result<BigInt, Box<ToolError>> {
    if number.is_nan() {
        return Err(ToolError::unhandled("ValueError", "cannot convert NaN to integer"));
    }
    if number.is_infinite() {
        return Err(ToolError::unhandled("OverflowError", "cannot convert Infinity to integer"));
    }
    if number.coefficient.bits() == 0 {
        return Ok(BigInt::ZERO);
    }
    if number.adjusted() > PYTHON_INT_DIGITS.cast_signed() {
        return Err(too_long());
    }
    let sign = if number.negative { Sign::Minus } else { Sign::Plus };
    let coefficient = BigInt::from_biguint(sign, number.coefficient.clone());
    if number.exponent >= 0 {
        return Ok(coefficient * BigInt::from(pow10(number.exponent.cast_unsigned())));
    }
    // A fraction with more digits than the coefficient is a fraction all the same.
    let places = number.exponent.unsigned_abs().min(number.digits());
    let unit = BigInt::from(pow10(places));
    Ok(if up {
        num_integer::Integer::div_ceil(&coefficient, &unit)
    } else {
        num_integer::Integer::div_floor(&coefficient, &unit)
    })
}
