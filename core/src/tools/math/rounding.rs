//! Rounding up, down, and to places.

use num_bigint::{BigInt, Sign};
use num_integer::Integer as _;

use super::decimal::pow10;
use super::number::{decimal, float, int};
use super::python::{int_of_decimal, int_of_float, str_int};
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct CeilInput {
        a: String = "The number to round up as a string",
    }
}

tool_input! {
    pub(super) struct FloorInput {
        a: String = "The number to round down as a string",
    }
}

tool_input! {
    pub(super) struct RoundNumInput {
        value: String = "The number to round as a string",
        ndigits: String = "The number of digits after the decimal point as a string",
    }
}

/// Return the ceiling of a number.
pub(super) struct Ceil;

impl Tool for Ceil {
    type Input = CeilInput;
    const NAME: &'static str = "Ceil";
    const SNAKE: &'static str = "ceil";
    const DESCRIPTION: &'static str = "Return the ceiling of a number";
    const OUTPUT: &'static str = "The smallest integer greater than or equal to the number as a string";

    fn call(CeilInput { a }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        str_int(&int_of_decimal(&decimal(&a)?, true)?)
    }
}

/// Return the floor of a number.
pub(super) struct Floor;

impl Tool for Floor {
    type Input = FloorInput;
    const NAME: &'static str = "Floor";
    const SNAKE: &'static str = "floor";
    const DESCRIPTION: &'static str = "Return the floor of a number";
    const OUTPUT: &'static str = "The largest integer less than or equal to the number as a string";

    fn call(FloorInput { a }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        str_int(&int_of_decimal(&decimal(&a)?, false)?)
    }
}

/// Round a number to a specified number of positive digits.
pub(super) struct RoundNum;

impl Tool for RoundNum {
    type Input = RoundNumInput;
    const NAME: &'static str = "RoundNum";
    const SNAKE: &'static str = "round_num";
    const DESCRIPTION: &'static str = "Round a number to a specified number of positive digits";
    const OUTPUT: &'static str = "The number rounded to the specified number of digits as a string";

    fn call(
        RoundNumInput { value, ndigits }: Self::Input,
        _context: &mut ToolContext<'_>,
    ) -> Result<String, Box<ToolError>> {
        let ndigits = int(&ndigits)?;
        if ndigits.sign() == Sign::Minus {
            let places = u64::try_from(ndigits.magnitude()).unwrap_or(u64::MAX);
            return str_int(&round_to_power_of_ten(&int_of_float(float(&value)?)?, places));
        }
        let value = decimal(&value)?;
        let Ok(places) = i64::try_from(&ndigits) else {
            return Err(ToolError::unhandled("OverflowError", "Python int too large to convert to C ssize_t"));
        };
        Ok(value.quantize(places.saturating_neg())?.to_string())
    }
}

/// `round(value, -places)`: half to even.
#[expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow; the unit is not zero")]
fn round_to_power_of_ten(value: &BigInt, places: u64) -> BigInt {
    // A float has at most 309 digits before the point: beyond one more, everything rounds to zero.
    if places > 310 {
        return BigInt::ZERO;
    }
    let unit = BigInt::from(pow10(places));
    let (quotient, remainder) = value.div_mod_floor(&unit);
    let twice: BigInt = remainder << 1_u8;
    let up = twice > unit || (twice == unit && quotient.is_odd());
    (quotient + u8::from(up)) * unit
}
