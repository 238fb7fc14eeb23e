//! Rounding: the directions, and to a number of places.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_integer::Integer as _;

use super::{CONTEXT, CalcFault, Decimal, pow10};

/// A direction of rounding, by the specification's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tools::calc) enum Rounding {
    HalfEven,
    HalfUp,
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    Floor,
    Ceiling,
}

impl Rounding {
    /// Returns the direction with this name.
    pub(in crate::tools::calc) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "half_even" => Self::HalfEven,
            "half_up" => Self::HalfUp,
            "half_down" => Self::HalfDown,
            "up" => Self::Up,
            "down" => Self::Down,
            "floor" => Self::Floor,
            "ceiling" => Self::Ceiling,
            _ => return None,
        })
    }

    /// Returns true if a truncated magnitude grows by one; the dropped part is compared with a half, and is not zero.
    fn goes_up(self, dropped: Ordering, odd: bool, negative: bool) -> bool {
        match self {
            Self::HalfEven => dropped.is_gt() || (dropped.is_eq() && odd),
            Self::HalfUp => dropped.is_ge(),
            Self::HalfDown => dropped.is_gt(),
            Self::Up => true,
            Self::Down => false,
            Self::Floor => negative,
            Self::Ceiling => !negative,
        }
    }
}

impl Decimal {
    /// Rounds to `places` digits behind the point, or before it for a negative number.
    pub(in crate::tools::calc) fn round_to(&self, places: i64, rounding: Rounding) -> Result<Self, CalcFault> {
        let exponent = places.saturating_neg();
        if exponent > CONTEXT.emax || exponent < CONTEXT.etiny() {
            return Err(CalcFault::TooManyDigits);
        }
        let mut result = self.clone();
        let shift = self.exponent - exponent;
        if self.is_zero() {
            result.exponent = exponent;
        } else if shift >= 0 {
            if self.digits().cast_signed() + shift > CONTEXT.precision.cast_signed() {
                return Err(CalcFault::TooManyDigits);
            }
            result.coefficient = self.coefficient_at(exponent);
            result.exponent = exponent;
        } else {
            result.drop_digits(shift.unsigned_abs(), rounding);
        }
        let too_many = result.digits() > CONTEXT.precision || (!result.is_zero() && result.adjusted() > CONTEXT.emax);
        if too_many { Err(CalcFault::TooManyDigits) } else { result.finalize(CONTEXT) }
    }

    /// Raises the exponent by `count` and rounds the coefficient.
    pub(super) fn drop_digits(&mut self, count: u64, rounding: Rounding) {
        self.exponent += count.cast_signed();
        // More digits than there are weigh as little as one more.
        let unit = pow10(count.min(self.digits() + 1));
        let (mut quotient, remainder) = self.coefficient.div_rem(&unit);
        if remainder != BigUint::ZERO {
            let dropped = (remainder << 1_u8).cmp(&unit);
            quotient += u8::from(rounding.goes_up(dropped, quotient.is_odd(), self.negative));
        }
        self.coefficient = quotient;
    }
}
