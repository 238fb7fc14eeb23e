//! From an argument's text to a number, within the limits, and from an operation's signal to the tool's error.

use num_bigint::BigInt;

use super::decimal::{Decimal, Signal, parse};
use super::limits::Limit;
use super::python;
use crate::tools::error::ToolError;

impl From<Signal> for Box<ToolError> {
    fn from(signal: Signal) -> Self {
        ToolError::unhandled(signal.exception(), signal.text())
    }
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// `Decimal(text)`.
pub(super) fn decimal(text: &str) -> Result<Decimal, Box<ToolError>> {
    Limit::NumberBytes.check(bytes(text))?;
    Ok(parse(text)?)
}

/// `[Decimal(text) for text in texts]`.
pub(super) fn decimals(texts: &[String]) -> Result<Vec<Decimal>, Box<ToolError>> {
    Limit::ListItems.check(u64::try_from(texts.len()).unwrap_or(u64::MAX))?;
    Limit::ListBytes.check(texts.iter().fold(0, |sum, text| bytes(text).saturating_add(sum)))?;
    texts.iter().map(|text| decimal(text)).collect()
}

/// A decimal operation on two texts.
pub(super) fn binary(
    (a, b): (&str, &str),
    operation: fn(&Decimal, &Decimal) -> Result<Decimal, Signal>,
) -> Result<String, Box<ToolError>> {
    let (a, b) = (decimal(a)?, decimal(b)?);
    Ok(operation(&a, &b)?.to_string())
}

/// `int(text)`.
pub(super) fn int(text: &str) -> Result<BigInt, Box<ToolError>> {
    Limit::NumberBytes.check(bytes(text))?;
    python::int(text)
}

/// `float(text)`.
pub(super) fn float(text: &str) -> Result<f64, Box<ToolError>> {
    Limit::NumberBytes.check(bytes(text))?;
    python::float(text)
}
