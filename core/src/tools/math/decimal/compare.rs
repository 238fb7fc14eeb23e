//! The order of numbers.

use std::cmp::Ordering;

use super::Decimal;

impl Decimal {
    /// The order of two numbers by value; neither is NaN, which has no place in an order.
    pub(in crate::tools::math) fn order(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (left, right) if left != right => left.cmp(&right),
            (0, _) => Ordering::Equal,
            (sign, _) if sign > 0 => self.order_magnitude(other),
            _ => other.order_magnitude(self),
        }
    }

    fn sign(&self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// The order of two magnitudes, neither of them NaN or zero.
    pub(super) fn order_magnitude(&self, other: &Self) -> Ordering {
        if self.is_infinite() || other.is_infinite() {
            return self.is_infinite().cmp(&other.is_infinite());
        }
        if self.exponent == other.exponent {
            return self.coefficient.cmp(&other.coefficient);
        }
        // Equal adjusted exponents bound the difference of the exponents by the number of digits.
        self.adjusted().cmp(&other.adjusted()).then_with(|| {
            let exponent = self.exponent.min(other.exponent);
            self.coefficient_at(exponent).cmp(&other.coefficient_at(exponent))
        })
    }
}
