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
        let numbers = decimals(&numbers)?;
        Ok(match middle(numbers)? {
            None => "0.0".to_owned(),
            Some((only, None)) => only.to_string(),
            Some((upper, Some(lower))) => lower.add(&upper)?.divide(&Decimal::from_int(2), CONTEXT)?.to_string(),
        })
    }
}

/// The middle number of the sorted list; of an even number of them the upper and the lower. Equal numbers keep their order,
/// as in Python. Numbers have no order when one of several is not a number.
fn middle(numbers: Vec<Decimal>) -> Result<Option<(Decimal, Option<Decimal>)>, Signal> {
    if numbers.len() > 1 && numbers.iter().any(Decimal::is_nan) {
        return Err(Signal::InvalidOperation);
    }
    let mut places: Vec<(usize, Decimal)> = numbers.into_iter().enumerate().collect();
    if places.is_empty() {
        return Ok(None);
    }
    let order = |left: &(usize, Decimal), right: &(usize, Decimal)| left.1.order(&right.1).then(left.0.cmp(&right.0));
    let even = places.len().is_multiple_of(2);
    let middle = places.len() / 2;
    let (below, upper, _) = places.select_nth_unstable_by(middle, order);
    let lower = below.iter().max_by(|left, right| order(left, right)).filter(|_| even);
    Ok(Some((upper.1.clone(), lower.map(|lower| lower.1.clone()))))
}
