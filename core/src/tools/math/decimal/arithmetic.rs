//! The operations with one rounding: sum, product, quotient, remainder, magnitude, quantum.

use num_bigint::BigUint;
use num_integer::Integer as _;

use super::{CONTEXT, Context, Decimal, Signal, pow10};

impl Decimal {
    pub(in crate::tools::math) fn add(&self, other: &Self) -> Result<Self, Signal> {
        self.add_signed(other, other.negative)
    }

    pub(in crate::tools::math) fn subtract(&self, other: &Self) -> Result<Self, Signal> {
        self.add_signed(other, !other.negative)
    }

    fn add_signed(&self, other: &Self, other_negative: bool) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(other, CONTEXT)? {
            return Ok(nan);
        }
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) if self.negative != other_negative => {
                return Err(Signal::InvalidOperation);
            }
            (true, _) => return Ok(Self::infinity(self.negative)),
            (false, true) => return Ok(Self::infinity(other_negative)),
            (false, false) => {}
        }
        let other = Self { negative: other_negative, ..other.clone() };
        let (big, small) = if self.exponent >= other.exponent { (self, &other) } else { (&other, self) };
        add_finite(big, small).finalize(CONTEXT)
    }

    pub(in crate::tools::math) fn multiply(&self, other: &Self, context: Context) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(other, context)? {
            return Ok(nan);
        }
        let negative = self.negative != other.negative;
        if self.is_infinite() || other.is_infinite() {
            if self.is_zero() || other.is_zero() {
                return Err(Signal::InvalidOperation);
            }
            return Ok(Self::infinity(negative));
        }
        Self::finite(negative, &self.coefficient * &other.coefficient, self.exponent + other.exponent).finalize(context)
    }

    pub(in crate::tools::math) fn divide(&self, other: &Self, context: Context) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(other, context)? {
            return Ok(nan);
        }
        let negative = self.negative != other.negative;
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => return Err(Signal::InvalidOperation),
            (true, false) => return Ok(Self::infinity(negative)),
            (false, true) => return Ok(Self::finite(negative, BigUint::ZERO, context.etiny())),
            (false, false) => {}
        }
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Err(Signal::DivisionUndefined),
            (false, true) => return Err(Signal::DivisionByZero),
            _ => {}
        }
        let ideal = self.exponent - other.exponent;
        if self.is_zero() {
            return Self::finite(negative, BigUint::ZERO, ideal).finalize(context);
        }
        // Enough digits for one more than the precision; a remainder makes that one sticky.
        let shift = (other.digits() + context.precision).cast_signed() - self.digits().cast_signed() + 1;
        let (mut quotient, remainder) = if shift >= 0 {
            (&self.coefficient * pow10(shift.cast_unsigned())).div_rem(&other.coefficient)
        } else {
            self.coefficient.div_rem(&(&other.coefficient * pow10(shift.unsigned_abs())))
        };
        let mut exponent = ideal - shift;
        if remainder != BigUint::ZERO {
            make_sticky(&mut quotient);
        } else {
            strip_zeros(&mut quotient, &mut exponent, ideal);
        }
        Self::finite(negative, quotient, exponent).finalize(context)
    }

    /// The remainder with the sign of `self`, as `%` in Python's `decimal`.
    pub(in crate::tools::math) fn remainder(&self, other: &Self) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(other, CONTEXT)? {
            return Ok(nan);
        }
        if self.is_infinite() {
            return Err(Signal::InvalidOperation);
        }
        if other.is_infinite() {
            return self.clone().finalize(CONTEXT);
        }
        if other.is_zero() {
            return Err(if self.is_zero() { Signal::DivisionUndefined } else { Signal::InvalidOperation });
        }
        let exponent = self.exponent.min(other.exponent);
        if self.is_zero() {
            return Self::finite(self.negative, BigUint::ZERO, exponent).finalize(CONTEXT);
        }
        let ahead = self.adjusted() - other.adjusted();
        if ahead > CONTEXT.precision.cast_signed() {
            return Err(Signal::DivisionImpossible);
        }
        if ahead < 0 {
            return Self::finite(self.negative, self.coefficient_at(exponent), exponent).finalize(CONTEXT);
        }
        let (quotient, remainder) = self.coefficient_at(exponent).div_rem(&other.coefficient_at(exponent));
        if quotient >= pow10(CONTEXT.precision) {
            return Err(Signal::DivisionImpossible);
        }
        Self::finite(self.negative, remainder, exponent).finalize(CONTEXT)
    }

    /// The magnitude. A NaN keeps its sign.
    pub(in crate::tools::math) fn abs(&self) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(self, CONTEXT)? {
            return Ok(nan);
        }
        Self { negative: false, ..self.clone() }.finalize(CONTEXT)
    }

    /// The number rounded half-even to the exponent `exponent`.
    pub(in crate::tools::math) fn quantize(&self, exponent: i64) -> Result<Self, Signal> {
        if let Some(nan) = self.check_nans(self, CONTEXT)? {
            return Ok(nan);
        }
        if self.is_infinite() || exponent > CONTEXT.emax || exponent < CONTEXT.etiny() {
            return Err(Signal::InvalidOperation);
        }
        if self.is_zero() {
            return Self::finite(self.negative, BigUint::ZERO, exponent).finalize(CONTEXT);
        }
        let shift = self.exponent - exponent;
        if self.digits().cast_signed() + shift > CONTEXT.precision.cast_signed() {
            return Err(Signal::InvalidOperation);
        }
        let mut result = self.clone();
        if shift >= 0 {
            result.coefficient = self.coefficient_at(exponent);
            result.exponent = exponent;
        } else {
            result.drop_digits(shift.unsigned_abs());
        }
        if result.digits() > CONTEXT.precision || result.adjusted() > CONTEXT.emax {
            return Err(Signal::InvalidOperation);
        }
        result.finalize(CONTEXT)
    }
}

/// The exact sum, or one that rounds to the same: `big` has the exponent that is not below that of `small`.
fn add_finite(big: &Decimal, small: &Decimal) -> Decimal {
    if big.coefficient == BigUint::ZERO {
        // The sum has the smaller exponent, which is that of `small`.
        let negative = if small.coefficient == BigUint::ZERO { big.negative && small.negative } else { small.negative };
        return Decimal { negative, ..small.clone() };
    }
    // A digit this far below the last that rounding can see only says that it is there.
    let precision = CONTEXT.precision.cast_signed();
    let floor = big.exponent - 1 - (precision + 1 - big.digits().cast_signed()).max(0);
    let stand_in;
    let small = if small.adjusted() < floor {
        let coefficient = if small.coefficient == BigUint::ZERO { BigUint::ZERO } else { BigUint::from(1_u8) };
        stand_in = Decimal::finite(small.negative, coefficient, floor);
        &stand_in
    } else {
        small
    };
    let shifted = big.coefficient_at(small.exponent);
    if big.negative == small.negative {
        return Decimal::finite(big.negative, shifted + &small.coefficient, small.exponent);
    }
    if shifted >= small.coefficient {
        let difference = shifted - &small.coefficient;
        let negative = big.negative && difference != BigUint::ZERO;
        Decimal::finite(negative, difference, small.exponent)
    } else {
        Decimal::finite(small.negative, &small.coefficient - shifted, small.exponent)
    }
}

/// Moves a truncated value off every tie and every exact step of its last digit.
pub(super) fn make_sticky(truncated: &mut BigUint) {
    if &*truncated % 5_u8 == BigUint::ZERO {
        *truncated += 1_u8;
    }
}

/// Takes trailing zeros off an exact value until its exponent is `ideal`.
pub(super) fn strip_zeros(coefficient: &mut BigUint, exponent: &mut i64, ideal: i64) {
    while *exponent < ideal {
        let (quotient, remainder) = coefficient.div_rem(&BigUint::from(10_u8));
        if remainder != BigUint::ZERO {
            return;
        }
        *coefficient = quotient;
        *exponent += 1;
    }
}
