//! Logarithms, natural and to any base.

use num_bigint::{BigUint, Sign};

use super::{CONTEXT, CalcFault, Decimal};

/// Digits of each logarithm of a quotient: far more than the quotient keeps.
const DIGITS: u64 = 70;

impl Decimal {
    /// Returns the logarithm to the base, or the natural one, without zeros at the end of its fraction.
    pub(in crate::tools::calc) fn logarithm(&self, base: Option<&Self>) -> Result<Self, CalcFault> {
        let (numerator, numerator_bits) = self.checked_ln()?;
        // One, as ln(e).
        let (denominator, denominator_bits) = match base {
            Some(base) => base.checked_ln()?,
            None => (1.into(), 0),
        };
        if denominator.sign() == Sign::NoSign {
            return Err(CalcFault::Undefined);
        }
        let negative = numerator.sign() != Sign::NoSign && (numerator.sign() != denominator.sign());
        let up: BigUint = numerator.into_parts().1 << denominator_bits;
        let down: BigUint = denominator.into_parts().1 << numerator_bits;
        let mut quotient = Self::new(negative, up, 0).divide(&Self::new(false, down, 0), CONTEXT)?;
        quotient.strip_zeros(0);
        Ok(quotient)
    }

    /// Returns the natural logarithm as an integer in units of 2^-bits, and those bits.
    fn checked_ln(&self) -> Result<(num_bigint::BigInt, u64), CalcFault> {
        match self.sign() {
            1 if self.is_one() => Ok((0.into(), 0)),
            1 => Ok(self.ln(DIGITS)),
            _ => Err(CalcFault::Undefined),
        }
    }

    /// Returns true if the magnitude is one.
    pub(super) fn is_one(&self) -> bool {
        !self.is_zero() && self.order_magnitude(&Self::whole(1)).is_eq()
    }
}
