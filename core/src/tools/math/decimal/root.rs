//! The square root, correctly rounded.

use num_bigint::BigUint;

use super::arithmetic::make_sticky;
use super::{CONTEXT, Decimal, Signal, pow10};

impl Decimal {
    pub(in crate::tools::math) fn sqrt(&self) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(self, CONTEXT)? {
            return Ok(nan);
        }
        // An arithmetic shift: the exponent of an exact root is half the operand's, rounded down.
        let ideal = self.exponent >> 1;
        if self.is_zero() {
            return Self::finite(self.negative, BigUint::ZERO, ideal).finalize(CONTEXT);
        }
        if self.negative {
            return Err(Signal::InvalidOperation);
        }
        if self.is_infinite() {
            return Ok(self.clone());
        }
        let radicand = if self.exponent & 1 == 1 { &self.coefficient * 10_u8 } else { self.coefficient.clone() };
        // One digit more than the precision, and a remainder makes that one sticky.
        let wanted = CONTEXT.precision.cast_signed() + 1;
        let shift = wanted - (super::digits(&radicand) + 1).cast_signed() / 2;
        let (scaled, mut exact) = if shift >= 0 {
            (radicand * pow10(2 * shift.cast_unsigned()), true)
        } else {
            let unit = pow10(2 * shift.unsigned_abs());
            let scaled = &radicand / &unit;
            let exact = &scaled * unit == radicand;
            (scaled, exact)
        };
        let mut root = floor_root(&scaled);
        exact = exact && &root * &root == scaled;
        let mut exponent = ideal - shift;
        if !exact {
            make_sticky(&mut root);
        } else if shift >= 0 {
            root /= pow10(shift.cast_unsigned());
            exponent = ideal;
        } else {
            root *= pow10(shift.unsigned_abs());
            exponent = ideal;
        }
        Self::finite(false, root, exponent).finalize(CONTEXT)
    }
}

/// The integer part of the square root, by Newton's method from above.
fn floor_root(n: &BigUint) -> BigUint {
    let mut root = BigUint::from(1_u8) << n.bits().div_ceil(2);
    loop {
        let next = (&root + n / &root) >> 1_u8;
        if next >= root {
            return root;
        }
        root = next;
    }
}
