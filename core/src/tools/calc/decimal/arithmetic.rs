//! The operations with one rounding: sum, difference, product, quotient, remainder, magnitude.

use num_bigint::BigUint;
use num_integer::Integer as _;

use super::{CONTEXT, CalcFault, Decimal, DecimalContext, pow10};

impl Decimal {
    pub(in crate::tools::calc) fn plus(&self, other: &Self) -> Result<Self, CalcFault> {
        let (big, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        add(big, small).finalize(CONTEXT)
    }

    pub(in crate::tools::calc) fn minus(&self, other: &Self) -> Result<Self, CalcFault> {
        self.plus(&Self { negative: !other.negative, ..other.clone() })
    }

    pub(in crate::tools::calc) fn times(&self, other: &Self) -> Result<Self, CalcFault> {
        self.multiply(other, CONTEXT)
    }

    pub(in crate::tools::calc) fn divided_by(&self, other: &Self) -> Result<Self, CalcFault> {
        self.divide(other, CONTEXT)
    }

    /// Returns the remainder with the sign of `self`.
    pub(in crate::tools::calc) fn remainder(&self, other: &Self) -> Result<Self, CalcFault> {
        if other.is_zero() {
            return Err(CalcFault::DivisionByZero);
        }
        let exponent = self.exponent.min(other.exponent);
        let ahead = self.adjusted() - other.adjusted();
        let coefficient = if self.is_zero() {
            BigUint::ZERO
        } else if ahead < 0 {
            self.coefficient_at(exponent)
        } else {
            if ahead > CONTEXT.precision.cast_signed() {
                return Err(CalcFault::QuotientTooLong);
            }
            let (quotient, remainder) = self.coefficient_at(exponent).div_rem(&other.coefficient_at(exponent));
            if quotient >= pow10(CONTEXT.precision) {
                return Err(CalcFault::QuotientTooLong);
            }
            remainder
        };
        Self::new(self.negative, coefficient, exponent).finalize(CONTEXT)
    }

    pub(in crate::tools::calc) fn magnitude(&self) -> Result<Self, CalcFault> {
        Self { negative: false, ..self.clone() }.finalize(CONTEXT)
    }

    /// Returns zero minus the number, as the specification's `minus` with one operand does: zero loses its sign.
    pub(in crate::tools::calc) fn negated(&self) -> Result<Self, CalcFault> {
        Self { negative: !self.negative && !self.is_zero(), ..self.clone() }.finalize(CONTEXT)
    }

    pub(super) fn multiply(&self, other: &Self, context: DecimalContext) -> Result<Self, CalcFault> {
        let negative = self.negative != other.negative;
        Self::new(negative, &self.coefficient * &other.coefficient, self.exponent + other.exponent).finalize(context)
    }

    pub(super) fn divide(&self, other: &Self, context: DecimalContext) -> Result<Self, CalcFault> {
        if other.is_zero() {
            return Err(CalcFault::DivisionByZero);
        }
        let negative = self.negative != other.negative;
        let ideal = self.exponent - other.exponent;
        if self.is_zero() {
            return Self::new(negative, BigUint::ZERO, ideal).finalize(context);
        }
        // Enough digits for one more than the precision; a remainder makes that one sticky.
        let shift = (other.digits() + context.precision).cast_signed() - self.digits().cast_signed() + 1;
        let (mut quotient, remainder) = if shift >= 0 {
            (&self.coefficient * pow10(shift.cast_unsigned())).div_rem(&other.coefficient)
        } else {
            self.coefficient.div_rem(&(&other.coefficient * pow10(shift.unsigned_abs())))
        };
        let exact = remainder == BigUint::ZERO;
        if !exact {
            make_sticky(&mut quotient);
        }
        let mut result = Self::new(negative, quotient, ideal - shift);
        if exact {
            result.strip_zeros(ideal);
        }
        result.finalize(context)
    }
}

/// Returns the exact sum, or one that rounds to the same: `big` has the exponent that is not below that of `small`.
fn add(big: &Decimal, small: &Decimal) -> Decimal {
    if big.is_zero() {
        // The sum has the smaller exponent, which is that of `small`.
        let negative = if small.is_zero() { big.negative && small.negative } else { small.negative };
        return Decimal { negative, ..small.clone() };
    }
    // A digit this far below the last that rounding can see only says that it is there.
    let precision = CONTEXT.precision.cast_signed();
    let floor = big.exponent - 1 - (precision + 1 - big.digits().cast_signed()).max(0);
    let stand_in;
    let small = if small.adjusted() < floor {
        stand_in = Decimal::new(small.negative, BigUint::from(u8::from(!small.is_zero())), floor);
        &stand_in
    } else {
        small
    };
    let shifted = big.coefficient_at(small.exponent);
    if big.negative == small.negative {
        return Decimal::new(big.negative, shifted + &small.coefficient, small.exponent);
    }
    if shifted >= small.coefficient {
        let difference = shifted - &small.coefficient;
        let negative = big.negative && difference != BigUint::ZERO;
        Decimal::new(negative, difference, small.exponent)
    } else {
        Decimal::new(small.negative, &small.coefficient - shifted, small.exponent)
    }
}

/// Moves a truncated value off every tie and every exact step of its last digit.
pub(super) fn make_sticky(truncated: &mut BigUint) {
    if &*truncated % 5_u8 == BigUint::ZERO {
        *truncated += 1_u8;
    }
}
