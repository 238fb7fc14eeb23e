//! Common divisors and multiples.

use num_bigint::BigInt;
use num_integer::Integer as _;

use super::number::int;
use super::python::str_int;
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct Two {
        a: String = "First integer as a string",
        b: String = "Second integer as a string",
    }
}

/// Calculate the greatest common divisor (GCD) of two integers.
pub(super) struct Gcd;

impl Tool for Gcd {
    type Input = Two;
    const NAME: &'static str = "Gcd";
    const SNAKE: &'static str = "gcd";
    const DESCRIPTION: &'static str = "Calculate the greatest common divisor (GCD) of two integers.";
    const OUTPUT: &'static str = "The greatest common divisor of a and b as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        str_int(&int(&a)?.gcd(&int(&b)?))
    }
}

/// Calculate the least common multiple (LCM) of two integers.
pub(super) struct Lcm;

impl Tool for Lcm {
    type Input = Two;
    const NAME: &'static str = "Lcm";
    const SNAKE: &'static str = "lcm";
    const DESCRIPTION: &'static str =
        "Calculate the least common multiple (LCM) of two integers.\nReturns \"0\" if either integer is 0.";
    const OUTPUT: &'static str = "The least common multiple of a and b as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        let (a, b) = (int(&a)?, int(&b)?);
        str_int(&if a == BigInt::ZERO || b == BigInt::ZERO { BigInt::ZERO } else { a.lcm(&b) })
    }
}
