//! From an argument's text to a number, within the limits, and from an operation's signal to the tool's error.

use num_bigint::BigInt;

use super::decimal::{Decimal, Signal, parse};
use super::limits::Limit;
use super::python;
use crate::tools::error::ToolError;

impl From<Signal> for ToolError {
    fn from(signal: Signal) -> Self {
        Self::unhandled(signal.exception(), signal.text())
    }
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// `Decimal(text)`.
pub(super) fn decimal(text: &str) -> Result<Decimal, ToolError> {
    Limit::NumberBytes.check(bytes(text))?;
    Ok(parse(text)?)
}

/// `[Decimal(text) for text in texts]`.
pub(super) fn decimals(texts: &[String]) -> Result<Vec<Decimal>, ToolError> {
    Limit::ListItems.check(u64::try_from(texts.len()).unwrap_or(u64::MAX))?;
    Limit::ListBytes.check(texts.iter().fold(0, |sum, text| bytes(text).saturating_add(sum)))?;
    texts.iter().map(|text| decimal(text)).collect()
}

/// `int(text)`.
pub(super) fn int(text: &str) -> Result<BigInt, ToolError> {
    Limit::NumberBytes.check(bytes(text))?;
    python::int(text)
}

/// `float(text)`.
pub(super) fn float(text: &str) -> Result<f64, ToolError> {
    Limit::NumberBytes.check(bytes(text))?;
    python::float(text)
}
