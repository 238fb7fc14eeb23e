//! The bounds on the work of one call. Arcade's own tools have none but Python's; a call beyond one of these is refused by
//! name, never answered differently.

use crate::tools::error::{ErrorKind, ToolError};
use crate::words::json::{Json, Number, Object};

/// Digits that Python converts between text and integer (`sys.set_int_max_str_digits`); exceeding it is Python's error,
/// not a [`Limit`].
pub(super) const PYTHON_INT_DIGITS: u64 = 4300;

/// A bound of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Bytes of one number's text.
    NumberBytes,
    /// Bytes of all numbers of a list together.
    ListBytes,
    /// Numbers in a list.
    ListItems,
    /// Digits of an integer exponent, zeros of a positive power of ten included.
    PowerExponentDigits,
    /// Digits of a base whose exponent is no integer.
    PowerBaseDigits,
    /// Terms of a range: Arcade's tool needs some 40 bytes of memory for each.
    SumRangeTerms,
}

impl Limit {
    /// The greatest value allowed.
    pub(super) const fn most(self) -> u64 {
        match self {
            Self::NumberBytes => 8_192,
            Self::ListBytes => 65_536,
            Self::ListItems => 2_048,
            Self::PowerExponentDigits => 128,
            Self::PowerBaseDigits => 512,
            Self::SumRangeTerms => 1_000_000_000,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::NumberBytes => "number_bytes",
            Self::ListBytes => "list_bytes",
            Self::ListItems => "list_items",
            Self::PowerExponentDigits => "power_exponent_digits",
            Self::PowerBaseDigits => "power_base_digits",
            Self::SumRangeTerms => "sum_range_terms",
        }
    }

    /// Refuses a `value` beyond the bound.
    pub(super) const fn check(self, value: u64) -> Result<(), Self> {
        if value > self.most() { Err(self) } else { Ok(()) }
    }

    fn what(self) -> &'static str {
        match self {
            Self::NumberBytes => "the bytes of a number's text",
            Self::ListBytes => "the bytes of a list's numbers together",
            Self::ListItems => "the numbers in a list",
            Self::PowerExponentDigits => "the digits of a power's exponent",
            Self::PowerBaseDigits => "the digits of a base whose exponent is not an integer",
            Self::SumRangeTerms => "the numbers in a range",
        }
    }
}

impl From<Limit> for Box<ToolError> {
    fn from(limit: Limit) -> Self {
        let message =
            format!("Invalid input: limit {}: {} may be at most {}", limit.name(), limit.what(), limit.most());
        let mut error = ToolError::new(ErrorKind::ToolRuntimeBadInputValue, message.clone(), message);
        let mut extra = Object::new();
        extra.insert("limit", Json::String(limit.name().into()));
        extra.insert("most", Json::Number(Number::from(limit.most().cast_signed())));
        error.extra = Some(Box::new(Json::Object(extra)));
        Self::new(error)
    }
}
