//! Magnitude, factorial, square root.

use num_bigint::BigInt;

use super::number::{decimal, int};
use super::python::str_int;
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct AbsValInput {
        a: String = "The number as a string",
    }
}

tool_input! {
    pub(super) struct FactorialInput {
        a: String = "The non-negative integer to compute the factorial for as a string",
    }
}

tool_input! {
    pub(super) struct SqrtInput {
        a: String = "The number to square root as a string",
    }
}

/// Calculate the absolute value of a number.
pub(super) struct AbsVal;

impl Tool for AbsVal {
    type Input = AbsValInput;
    const NAME: &'static str = "AbsVal";
    const SNAKE: &'static str = "abs_val";
    const DESCRIPTION: &'static str = "Calculate the absolute value of a number";
    const OUTPUT: &'static str = "The absolute value of the number as a string";

    fn call(AbsValInput { a }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(decimal(&a)?.abs()?.to_string())
    }
}

/// Compute the factorial of a non-negative integer.
pub(super) struct Factorial;

impl Tool for Factorial {
    type Input = FactorialInput;
    const NAME: &'static str = "Factorial";
    const SNAKE: &'static str = "factorial";
    const DESCRIPTION: &'static str = "Compute the factorial of a non-negative integer\nReturns \"1\" for \"0\"";
    const OUTPUT: &'static str = "The factorial of the number as a string";

    fn call(FactorialInput { a }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        let a = int(&a)?;
        if a < BigInt::ZERO {
            return Err(ToolError::unhandled("ValueError", "factorial() not defined for negative values"));
        }
        let Ok(a) = i64::try_from(&a) else {
            let message = "factorial() argument should not exceed 9223372036854775807";
            return Err(ToolError::unhandled("OverflowError", message));
        };
        str_int(&factorial(a.unsigned_abs().min(TOO_LONG)))
    }
}

/// A number whose factorial has more digits than Python writes: what any larger one is answered like.
const TOO_LONG: u64 = 1_600;

#[expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]
fn factorial(n: u64) -> BigInt {
    (2..=n).fold(BigInt::from(1), |product, factor| product * factor)
}

/// Get the square root of a number.
pub(super) struct Sqrt;

impl Tool for Sqrt {
    type Input = SqrtInput;
    const NAME: &'static str = "Sqrt";
    const SNAKE: &'static str = "sqrt";
    const DESCRIPTION: &'static str = "Get the square root of a number";
    const OUTPUT: &'static str = "The square root of the number as a string";

    fn call(SqrtInput { a }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(decimal(&a)?.sqrt()?.to_string())
    }
}
