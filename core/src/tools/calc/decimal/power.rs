//! Powers: whole exponents by multiplication with digits to spare, others by logarithm and exponential, padded to full
//! precision. The specification leaves the last digit of a power open; here it is that of libmpdec 2.5.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;

use super::transcendental::{GUARD_BITS, bits_for, exp};
use super::{CONTEXT, CalcFault, Decimal, DecimalContext, pow10};
use crate::tools::calc::fault::WHOLE_EXPONENT;

impl Decimal {
    pub(in crate::tools::calc) fn raised_to(&self, exponent: &Self) -> Result<Self, CalcFault> {
        let whole = exponent.is_whole();
        if exponent.is_zero() {
            return if self.is_zero() { Err(CalcFault::Undefined) } else { Ok(Self::whole(1)) };
        }
        if self.is_zero() && exponent.negative {
            return Err(CalcFault::DivisionByZero);
        }
        if self.sign() < 0 && !whole {
            return Err(CalcFault::Undefined);
        }
        if whole && exponent.adjusted() >= decimal_length(WHOLE_EXPONENT.cast_signed()) {
            return Err(CalcFault::ExponentTooLong);
        }
        let count = exponent.to_i64().unwrap_or(0).unsigned_abs();
        let negative = self.negative && whole && count.is_odd();
        if self.is_zero() {
            return Ok(Self::new(negative, BigUint::ZERO, 0));
        }
        if self.is_one() {
            return Ok(self.power_of_one(exponent, count, negative));
        }
        if let Some(adjusted) = self.beyond_bounds(exponent) {
            return Self::new(negative, BigUint::from(1_u8), adjusted).finalize(CONTEXT);
        }
        if whole { self.power_whole(exponent.negative, count, negative) } else { self.power_real(exponent) }
    }

    /// Returns a power of ±1: one, with as many zeros behind the point as multiplication would give it.
    fn power_of_one(&self, exponent: &Self, count: u64, negative: bool) -> Self {
        let most = CONTEXT.precision - 1;
        let zeros = match (exponent.is_whole(), exponent.negative) {
            (false, _) => most,
            (true, true) => 0,
            (true, false) => count.saturating_mul(self.exponent.unsigned_abs()).min(most),
        };
        padded_one(negative, zeros)
    }

    /// Returns the exponent of a stand-in for a power that certainly overflows or underflows (bounds proved by M.
    /// Kaufmann and used by libmpdec).
    fn beyond_bounds(&self, exponent: &Self) -> Option<i64> {
        let magnitude = Self { negative: false, ..self.clone() };
        let adjusted = magnitude.adjusted();
        let theta = exponent.adjusted();
        let zeta = match adjusted {
            1.. => decimal_length(adjusted) - 1,
            ..-1 => decimal_length(adjusted + 1) - 1,
            _ => {
                let unit = pow10(self.exponent.min(0).unsigned_abs());
                let value = magnitude.coefficient_at(self.exponent.min(0));
                let distance = if value > unit { value - unit } else { unit - value };
                let distance = Self::new(false, distance, self.exponent.min(0)).adjusted();
                if adjusted == 0 { distance - 2 } else { distance - 1 }
            }
        };
        let (bound, stand_in) = if (adjusted < 0) == exponent.negative {
            (decimal_length(CONTEXT.emax), CONTEXT.emax + 1)
        } else {
            (decimal_length(CONTEXT.etiny()), CONTEXT.etiny() - 1)
        };
        (bound < zeta + theta).then_some(stand_in)
    }

    /// Squares and multiplies from the exponent's first bit on; `count` is not zero.
    fn power_whole(&self, inverse: bool, count: u64, negative: bool) -> Result<Self, CalcFault> {
        let length = decimal_length(count.cast_signed()).cast_unsigned();
        let mut work = CONTEXT.with_precision(CONTEXT.precision + length + 2);
        let mut base = Self { negative: false, ..self.clone() };
        if inverse {
            work.precision += 1;
            base = Self::whole(1).divide(&base, work)?;
        }
        let mut result = base.clone();
        for bit in (0..count.ilog2()).rev() {
            result = result.multiply(&result, work)?;
            if count >> bit & 1 == 1 {
                result = result.multiply(&base, work)?;
            }
        }
        Self { negative, ..result }.finalize(CONTEXT)
    }

    fn power_real(&self, exponent: &Self) -> Result<Self, CalcFault> {
        // libmpdec's own working precision: the result is rounded there first.
        let digits = self.digits().max(CONTEXT.precision) + 23;
        let (ln, bits) = self.ln(digits + 14);
        // A product this small makes one of its exponential, in every digit that is kept.
        let size = ln.bits().cast_signed() - bits.cast_signed();
        if size * 3 / 10 + exponent.adjusted() < -digits.cast_signed() {
            return Ok(padded_one(false, CONTEXT.precision - 1));
        }
        // The bounds have kept the product below 10^12; an exponent that is not whole has digits behind the point.
        let target = bits_for(digits + 14) + GUARD_BITS;
        let product = (ln * BigInt::from(exponent.coefficient.clone())) << target;
        let product = (product / BigInt::from(pow10(exponent.exponent.unsigned_abs()))) >> bits;
        let product = if exponent.negative { -product } else { product };
        let (coefficient, tens) = exp(&product, target, digits + 2);
        let unbounded = DecimalContext { precision: digits, emax: i64::MAX / 4, emin: i64::MIN / 4 };
        Self::new(false, coefficient, tens).finalize(unbounded)?.finalize(CONTEXT)
    }
}

/// Returns one with `zeros` zeros behind the point.
fn padded_one(negative: bool, zeros: u64) -> Decimal {
    Decimal::new(negative, pow10(zeros), -zeros.cast_signed())
}

/// Returns the number of decimal digits of an integer.
fn decimal_length(value: i64) -> i64 {
    i64::from(value.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1
}
