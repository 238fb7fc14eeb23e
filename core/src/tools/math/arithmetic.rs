//! Sums, products, quotients.

use num_bigint::BigInt;

use super::decimal::{CONTEXT, Decimal, Signal};
use super::limits::Limit;
use super::number::{binary, decimals, int};
use super::python::str_int;
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct Two {
        a: String = "The first number as a string",
        b: String = "The second number as a string",
    }
}

tool_input! {
    pub(super) struct Dividend {
        a: String = "The dividend as a string",
        b: String = "The divisor as a string",
    }
}

tool_input! {
    pub(super) struct SumListInput {
        numbers: Vec<String> = "The list of numbers as strings",
    }
}

tool_input! {
    pub(super) struct SumRangeInput {
        start: String = "The start of the range to sum as a string",
        end: String = "The end of the range to sum as a string",
    }
}

/// Add two numbers together.
pub(super) struct Add;

impl Tool for Add {
    type Input = Two;
    const NAME: &'static str = "Add";
    const SNAKE: &'static str = "add";
    const DESCRIPTION: &'static str = "Add two numbers together";
    const OUTPUT: &'static str = "The sum of the two numbers as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        binary((&a, &b), Decimal::add)
    }
}

/// Subtract two numbers.
pub(super) struct Subtract;

impl Tool for Subtract {
    type Input = Two;
    const NAME: &'static str = "Subtract";
    const SNAKE: &'static str = "subtract";
    const DESCRIPTION: &'static str = "Subtract two numbers";
    const OUTPUT: &'static str = "The difference of the two numbers as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        binary((&a, &b), Decimal::subtract)
    }
}

/// Multiply two numbers together.
pub(super) struct Multiply;

impl Tool for Multiply {
    type Input = Two;
    const NAME: &'static str = "Multiply";
    const SNAKE: &'static str = "multiply";
    const DESCRIPTION: &'static str = "Multiply two numbers together";
    const OUTPUT: &'static str = "The product of the two numbers as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        binary((&a, &b), |a, b| a.multiply(b, CONTEXT))
    }
}

/// Divide two numbers.
pub(super) struct Divide;

impl Tool for Divide {
    type Input = Two;
    const NAME: &'static str = "Divide";
    const SNAKE: &'static str = "divide";
    const DESCRIPTION: &'static str = "Divide two numbers";
    const OUTPUT: &'static str = "The quotient of the two numbers as a string";

    fn call(Two { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        binary((&a, &b), |a, b| a.divide(b, CONTEXT))
    }
}

/// Sum all numbers in a list.
pub(super) struct SumList;

impl Tool for SumList {
    type Input = SumListInput;
    const NAME: &'static str = "SumList";
    const SNAKE: &'static str = "sum_list";
    const DESCRIPTION: &'static str = "Sum all numbers in a list";
    const OUTPUT: &'static str = "The sum of the numbers in the list as a string";

    fn call(SumListInput { numbers }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(sum(&decimals(&numbers)?)?.to_string())
    }
}

/// Python's `sum`, which starts from the integer 0.
pub(super) fn sum(numbers: &[Decimal]) -> Result<Decimal, Signal> {
    numbers.iter().try_fold(Decimal::from_int(0), |sum, number| sum.add(number))
}

/// Sum all numbers from start through end.
pub(super) struct SumRange;

impl Tool for SumRange {
    type Input = SumRangeInput;
    const NAME: &'static str = "SumRange";
    const SNAKE: &'static str = "sum_range";
    const DESCRIPTION: &'static str = "Sum all numbers from start through end";
    const OUTPUT: &'static str = "The sum of the numbers in the list as a string";

    fn call(
        SumRangeInput { start, end }: Self::Input,
        _context: &mut ToolContext<'_>,
    ) -> Result<String, Box<ToolError>> {
        let (start, end) = (int(&start)?, int(&end)?);
        str_int(&sum_range(start, end)?)
    }
}

/// The sum of all integers from `start` through `end`, in closed form; Arcade's tool makes a list of them.
#[expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]
fn sum_range(start: BigInt, end: BigInt) -> Result<BigInt, Box<ToolError>> {
    let terms: BigInt = &end - &start + 1;
    if terms <= BigInt::ZERO {
        return Ok(BigInt::ZERO);
    }
    let Ok(count) = i64::try_from(&terms) else {
        return Err(ToolError::unhandled("OverflowError", "Python int too large to convert to C ssize_t"));
    };
    Limit::SumRangeTerms.check(count.unsigned_abs())?;
    Ok((start + end) * terms / 2)
}

/// Calculate the remainder (modulus) of one number divided by another.
pub(super) struct Mod;

impl Tool for Mod {
    type Input = Dividend;
    const NAME: &'static str = "Mod";
    const SNAKE: &'static str = "mod";
    const DESCRIPTION: &'static str = "Calculate the remainder (modulus) of one number divided by another";
    const OUTPUT: &'static str = "The remainder after dividing a by b as a string";

    fn call(Dividend { a, b }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        binary((&a, &b), Decimal::remainder)
    }
}
