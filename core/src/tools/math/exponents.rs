//! Logarithm and power.

use super::decimal::PowerError;
use super::number::decimal;
use super::python::{float_of_decimal, ln, repr_float};
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct LogInput {
        a: String = "The number to take the logarithm of as a string",
        base: String = "The logarithmic base as a string",
    }
}

tool_input! {
    pub(super) struct PowerInput {
        a: String = "The base number as a string",
        b: String = "The exponent as a string",
    }
}

/// Calculate the logarithm of a number with a given base.
pub(super) struct Log;

impl Tool for Log {
    type Input = LogInput;
    const NAME: &'static str = "Log";
    const SNAKE: &'static str = "log";
    const DESCRIPTION: &'static str = "Calculate the logarithm of a number with a given base";
    const OUTPUT: &'static str = "The logarithm of the number with the specified base as a string";

    fn call(LogInput { a, base }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        let (a, base) = (decimal(&a)?, decimal(&base)?);
        let (numerator, denominator) = (logarithm(float_of_decimal(&a)?)?, logarithm(float_of_decimal(&base)?)?);
        if denominator == 0.0 {
            return Err(ToolError::unhandled("ZeroDivisionError", "float division by zero"));
        }
        Ok(repr_float(numerator / denominator))
    }
}

/// `math.log(value)`.
fn logarithm(value: f64) -> Result<f64, Box<ToolError>> {
    if value <= 0.0 {
        return Err(ToolError::unhandled("ValueError", "math domain error"));
    }
    Ok(ln(value))
}

/// Calculate one number raised to the power of another.
pub(super) struct Power;

impl Tool for Power {
    type Input = PowerInput;
    const NAME: &'static str = "Power";
    const SNAKE: &'static str = "power";
    const DESCRIPTION: &'static str = "Calculate one number raised to the power of another";
    const OUTPUT: &'static str = "The result of raising a to the power of b as a string";

    fn call(PowerInput { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        decimal(&a)?.power(&decimal(&b)?).map(|power| power.to_string()).map_err(|error| match error {
            PowerError::Signal(signal) => signal.into(),
            PowerError::Limit(limit) => limit.into(),
        })
    }
}
