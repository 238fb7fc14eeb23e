//! Roots, correctly rounded.

use num_bigint::BigUint;
use num_integer::Integer as _;

use super::arithmetic::make_sticky;
use super::{CONTEXT, CalcFault, Decimal, digits, pow10};

impl Decimal {
    /// Returns the real root of this degree, which is at least one. An exact root has the operand's exponent divided by
    /// the degree and rounded down, as the specification wants of a square root.
    pub(in crate::tools::calc) fn root(&self, degree: u32) -> Result<Self, CalcFault> {
        let order = i64::from(degree);
        let ideal = num_integer::Integer::div_floor(&self.exponent, &order);
        if self.is_zero() {
            return Self::new(self.negative, BigUint::ZERO, ideal).finalize(CONTEXT);
        }
        if self.negative && degree.is_even() {
            return Err(CalcFault::Undefined);
        }
        let radicand = &self.coefficient * pow10((self.exponent - ideal * order).cast_unsigned());
        // One digit more than the precision, and a remainder makes that one sticky.
        let wanted = CONTEXT.precision.cast_signed() + 1;
        let shift = (wanted - num_integer::Integer::div_ceil(&digits(&radicand).cast_signed(), &order)).max(0);
        let scaled = radicand * pow10((shift * order).cast_unsigned());
        let mut root = scaled.nth_root(degree);
        let exact = root.pow(degree) == scaled;
        if !exact {
            make_sticky(&mut root);
        }
        let mut result = Self::new(self.negative, root, ideal - shift);
        if exact {
            result.strip_zeros(ideal);
        }
        result.finalize(CONTEXT)
    }
}
