//! Mean and median.

use super::arithmetic::sum;
use super::decimal::{CONTEXT, Decimal, Signal};
use super::number::decimals;
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct AvgInput {
        numbers: Vec<String> = "The list of numbers as strings",
    }
}

tool_input! {
    pub(super) struct MedianInput {
        numbers: Vec<String> = "A list of numbers as strings",
    }
}

/// Calculate the average (mean) of a list of numbers.
pub(super) struct Avg;

impl Tool for Avg {
    type Input = AvgInput;
    const NAME: &'static str = "Avg";
    const SNAKE: &'static str = "avg";
    const DESCRIPTION: &'static str =
        "Calculate the average (mean) of a list of numbers.\nReturns \"0.0\" if the list is empty.";
    const OUTPUT: &'static str = "The average (mean) of the numbers in the list as a string";

    fn call(AvgInput { numbers }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, ToolError> {
        let numbers = decimals(&numbers)?;
        let Ok(count @ 1..) = u64::try_from(numbers.len()) else {
            return Ok("0.0".to_owned());
        };
        Ok(sum(&numbers)?.divide(&Decimal::from_int(count), CONTEXT)?.to_string())
    }
}

/// Calculate the median of a list of numbers.
pub(super) struct Median;

impl Tool for Median {
    type Input = MedianInput;
    const NAME: &'static str = "Median";
    const SNAKE: &'static str = "median";
    const DESCRIPTION: &'static str =
        "Calculate the median of a list of numbers.\nReturns \"0.0\" if the list is empty.";
    const OUTPUT: &'static str = "The median value of the numbers in the list as a string";

    fn call(MedianInput { numbers }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, ToolError> {
        let numbers = sorted(decimals(&numbers)?)?;
        let middle = numbers.len() / 2;
        Ok(match (numbers.get(middle), numbers.get(middle.wrapping_sub(1))) {
            (None, _) => "0.0".to_owned(),
            (Some(upper), Some(lower)) if numbers.len().is_multiple_of(2) => {
                lower.add(upper)?.divide(&Decimal::from_int(2), CONTEXT)?.to_string()
            }
            (Some(only), _) => only.to_string(),
        })
    }
}

/// Python's `sorted`: stable; numbers have no order when one of several is not a number.
fn sorted(mut numbers: Vec<Decimal>) -> Result<Vec<Decimal>, Signal> {
    if numbers.len() > 1 && numbers.iter().any(Decimal::is_nan) {
        return Err(Signal::InvalidOperation);
    }
    numbers.sort_by(Decimal::order);
    Ok(numbers)
}
