//! Reads a number exactly, or not at all.

use num_bigint::{BigInt, BigUint, Sign};

use super::{CONTEXT, CalcFault, Decimal};
use crate::tools::calc::fault::NUMBER_BYTES;

/// Exponents beyond this are all alike: out of range.
const EXPONENT_BOUND: i64 = 1_000_000;

impl Decimal {
    /// Reads the specification's numeric string: a sign, ASCII digits with a point among them, an exponent; no special
    /// value, no space, no separator.
    pub(in crate::tools::calc) fn parse(text: &str) -> Result<Self, CalcFault> {
        if text.len() > NUMBER_BYTES {
            return Err(CalcFault::NumberTooLong);
        }
        let (negative, unsigned) = signed(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let coefficient = digits([whole, fraction].concat().as_bytes()).ok_or(CalcFault::NotANumber)?;
        let exponent = exponent - i64::try_from(fraction.len()).unwrap_or(EXPONENT_BOUND);
        let number = Self::new(negative, coefficient, exponent);
        let in_range = if number.is_zero() {
            (CONTEXT.etiny()..=CONTEXT.emax).contains(&exponent)
        } else {
            (CONTEXT.emin..=CONTEXT.emax).contains(&number.adjusted())
        };
        if in_range { Ok(number) } else { Err(CalcFault::NumberOutOfRange) }
    }
}

/// Reads a whole number: a sign and ASCII digits.
pub(in crate::tools::calc) fn parse_whole(text: &str) -> Result<BigInt, CalcFault> {
    if text.len() > NUMBER_BYTES {
        return Err(CalcFault::NumberTooLong);
    }
    let (negative, unsigned) = signed(text);
    let magnitude = digits(unsigned.as_bytes()).ok_or(CalcFault::NotAWholeNumber)?;
    Ok(BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, magnitude))
}

/// Splits the sign off: whether it is a minus, and the rest.
fn signed(text: &str) -> (bool, &str) {
    text.strip_prefix(['+', '-']).map_or((false, text), |rest| (text.starts_with('-'), rest))
}

/// Reads a run of digits that is not empty.
fn digits(text: &[u8]) -> Option<BigUint> {
    let all_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if all_digits { BigUint::parse_bytes(text, 10) } else { None }
}

fn parse_exponent(text: &str) -> Result<i64, CalcFault> {
    let (negative, unsigned) = signed(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CalcFault::NotANumber);
    }
    // All digits: the only failure left is a value out of an i64's range.
    let magnitude = unsigned.parse().unwrap_or(EXPONENT_BOUND).min(EXPONENT_BOUND);
    Ok(if negative { -magnitude } else { magnitude })
}
