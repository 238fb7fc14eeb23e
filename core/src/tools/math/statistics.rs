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

    fn call(AvgInput { numbers }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
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

    fn call(MedianInput { numbers }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        let numbers = decimals(&numbers)?;
        let sorted = sorted(&numbers)?;
        let middle = sorted.len() / 2;
        Ok(match (sorted.get(middle), sorted.get(middle.wrapping_sub(1))) {
            (None, _) => "0.0".to_owned(),
            (Some(upper), Some(lower)) if sorted.len().is_multiple_of(2) => {
                lower.add(upper)?.divide(&Decimal::from_int(2), CONTEXT)?.to_string()
            }
            (Some(only), _) => only.to_string(),
        })
    }
}

/// The numbers in order, equal ones in the order given, as Python sorts. Numbers have no order when one of several is not a
/// number. By binary insertion: a list is bounded, and one more instance of the library's sort is 3 KB of WebAssembly.
fn sorted(numbers: &[Decimal]) -> Result<Vec<&Decimal>, Signal> {
    if numbers.len() > 1 && numbers.iter().any(Decimal::is_nan) {
        return Err(Signal::InvalidOperation);
    }
    let mut sorted: Vec<&Decimal> = Vec::with_capacity(numbers.len());
    for number in numbers {
        let place = sorted.partition_point(|before| before.order(number).is_le());
        sorted.insert(place, number);
    }
    Ok(sorted)
}
