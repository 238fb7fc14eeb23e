//! The order of numbers.

use std::cmp::Ordering;

use super::Decimal;

impl Decimal {
    /// Returns the order of two numbers by value.
    pub(in crate::tools::calc) fn order(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (left, right) if left != right => left.cmp(&right),
            (0, _) => Ordering::Equal,
            (sign, _) if sign > 0 => self.order_magnitude(other),
            _ => other.order_magnitude(self),
        }
    }

    /// Returns -1, 0 or 1.
    pub(super) fn sign(&self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Returns the order of two magnitudes, neither of them zero.
    pub(super) fn order_magnitude(&self, other: &Self) -> Ordering {
        // Equal adjusted exponents bound the difference of the exponents by the number of digits.
        self.adjusted().cmp(&other.adjusted()).then_with(|| {
            let exponent = self.exponent.min(other.exponent);
            self.coefficient_at(exponent).cmp(&other.coefficient_at(exponent))
        })
    }
}
