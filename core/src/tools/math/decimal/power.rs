//! Powers as libmpdec 2.5 computes them: integer exponents by multiplication with digits to spare, others by
//! logarithm and exponential, padded to full precision.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;

use super::transcendental::{GUARD_BITS, bits_for, exp};
use super::{CONTEXT, Context, Decimal, Signal, pow10};
use crate::tools::math::limits::Limit;

/// Why there is no power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tools::math) enum PowerError {
    Signal(Signal),
    /// The work would be too much.
    Limit(Limit),
}

impl From<Signal> for PowerError {
    fn from(signal: Signal) -> Self {
        Self::Signal(signal)
    }
}

impl Decimal {
    pub(in crate::tools::math) fn power(&self, exponent: &Self) -> Result<Self, PowerError> {
        if let Some(nan) = self.check_nans(exponent, CONTEXT)? {
            return Ok(nan);
        }
        let integer = exponent.is_finite() && exponent.is_integer();
        let negative = self.negative && integer && exponent.is_odd_integer();
        if self.is_zero() {
            if exponent.is_zero() {
                return Err(Signal::InvalidOperation.into());
            }
            return Ok(if exponent.negative { Self::infinity(negative) } else { signed(negative, 0) });
        }
        if self.negative && !integer {
            return Err(Signal::InvalidOperation.into());
        }
        if exponent.is_infinite() {
            return Ok(self.power_of_infinity(exponent.negative));
        }
        if self.is_infinite() {
            return Ok(match (exponent.is_zero(), exponent.negative) {
                (true, _) => signed(negative, 1),
                (false, true) => signed(negative, 0),
                (false, false) => Self::infinity(negative),
            });
        }
        if exponent.is_zero() {
            return Ok(signed(negative, 1));
        }
        if self.order_magnitude(&Self::from_int(1)) == Ordering::Equal {
            return Ok(self.power_of_one(exponent, integer, negative));
        }
        if let Some(adjusted) = self.beyond_bounds(exponent) {
            return Ok(Self::finite(negative, BigUint::from(1_u8), adjusted).finalize(CONTEXT)?);
        }
        if integer { self.power_integer(exponent, negative) } else { self.power_real(exponent) }
    }

    fn is_integer(&self) -> bool {
        let fraction = self.exponent.min(0).unsigned_abs();
        fraction == 0
            || self.coefficient == BigUint::ZERO
            || (fraction < self.digits() && &self.coefficient % pow10(fraction) == BigUint::ZERO)
    }

    fn is_odd_integer(&self) -> bool {
        let fraction = self.exponent.min(0).unsigned_abs();
        self.exponent <= 0 && fraction < self.digits() && (&self.coefficient / pow10(fraction)).is_odd()
    }

    /// A positive number other than zero to the power of ±∞.
    fn power_of_infinity(&self, exponent_negative: bool) -> Self {
        match (self.order_magnitude(&Self::from_int(1)), exponent_negative) {
            (Ordering::Equal, _) => padded_one(false, CONTEXT.precision - 1),
            (Ordering::Less, false) | (Ordering::Greater, true) => signed(false, 0),
            (Ordering::Less, true) | (Ordering::Greater, false) => Self::infinity(false),
        }
    }

    /// ±1 to a power: one, with as many zeros behind the point as multiplication would give it.
    fn power_of_one(&self, exponent: &Self, integer: bool, negative: bool) -> Self {
        let most = CONTEXT.precision - 1;
        if !integer {
            return padded_one(negative, most);
        }
        if exponent.negative {
            return signed(negative, 1);
        }
        // An overflow here only says that there are more zeros than digits.
        let zeros = exponent.multiply(&Self::from_int(self.exponent.unsigned_abs()), CONTEXT);
        let zeros = match zeros {
            Ok(zeros) if zeros.is_zero() => 0,
            Ok(zeros) => zeros.to_u64().unwrap_or(most).min(most),
            Err(_) => most,
        };
        padded_one(negative, zeros)
    }

    /// The exponent of a stand-in for a power that certainly overflows or underflows (ACL2's pow-bounds in libmpdec).
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
                let distance = Self::finite(false, distance, self.exponent.min(0)).adjusted();
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

    fn power_integer(&self, exponent: &Self, negative: bool) -> Result<Self, PowerError> {
        let length = exponent.adjusted().max(0).cast_unsigned() + 1;
        Limit::PowerExponentDigits.check(length).map_err(PowerError::Limit)?;
        let mut work = CONTEXT.with_precision(CONTEXT.precision + length + 2);
        let mut base = Self { negative: false, ..self.clone() };
        if exponent.negative {
            work.precision += 1;
            base = Self::from_int(1).divide(&base, work)?;
        }
        let result = match exponent.to_u64() {
            Some(count) => power_from_the_left(&base, count, work)?,
            None => power_from_the_right(base, exponent, work)?,
        };
        Ok(Self { negative, ..result }.finalize(CONTEXT)?)
    }

    /// The value of a non-negative integer's magnitude, when a u64 holds it.
    fn to_u64(&self) -> Option<u64> {
        if self.adjusted() > 20 {
            return None;
        }
        u64::try_from(self.integer()).ok()
    }

    /// The magnitude of an integer of bounded length.
    fn integer(&self) -> BigUint {
        if self.exponent >= 0 {
            self.coefficient_at(0)
        } else {
            &self.coefficient / pow10(self.exponent.unsigned_abs())
        }
    }

    fn power_real(&self, exponent: &Self) -> Result<Self, PowerError> {
        Limit::PowerBaseDigits.check(self.digits()).map_err(PowerError::Limit)?;
        // libmpdec's own working precision: the result is rounded there first.
        let digits = self.digits().max(CONTEXT.precision) + 23;
        let work = CONTEXT.with_precision(digits);
        let (ln, bits) = self.ln(digits + 14);
        // A product this small makes one of its exponential, in every digit that is kept.
        let size = ln.bits().cast_signed() - bits.cast_signed();
        if size * 3 / 10 + exponent.adjusted() < -digits.cast_signed() {
            return Ok(padded_one(false, CONTEXT.precision - 1));
        }
        // The bounds have kept the product below 10^12; an exponent that is no integer has digits behind the point.
        let target = bits_for(digits + 14) + GUARD_BITS;
        let product = (ln * BigInt::from(exponent.coefficient.clone())) << target;
        let product = (product / BigInt::from(pow10(exponent.exponent.unsigned_abs()))) >> bits;
        let product = if exponent.negative { -product } else { product };
        let (coefficient, tens) = exp(&product, target, digits + 2);
        let rounded = Self::finite(false, coefficient, tens).finalize(Context {
            emax: i64::MAX / 4,
            emin: i64::MIN / 4,
            ..work
        })?;
        Ok(rounded.finalize(CONTEXT)?)
    }
}

fn signed(negative: bool, value: u8) -> Decimal {
    Decimal::finite(negative, BigUint::from(value), 0)
}

/// One with `zeros` zeros behind the point.
fn padded_one(negative: bool, zeros: u64) -> Decimal {
    Decimal::finite(negative, pow10(zeros), -zeros.cast_signed())
}

/// The number of decimal digits of an integer.
fn decimal_length(value: i64) -> i64 {
    i64::from(value.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1
}

/// Square and multiply from the exponent's first bit on; `count` is not zero.
fn power_from_the_left(base: &Decimal, count: u64, work: Context) -> Result<Decimal, Signal> {
    let mut result = base.clone();
    for bit in (0..count.ilog2()).rev() {
        result = result.multiply(&result, work)?;
        if count >> bit & 1 == 1 {
            result = result.multiply(base, work)?;
        }
        if result.is_zero() {
            break;
        }
    }
    Ok(result)
}

/// Square and multiply from the exponent's last bit on: libmpdec's way with exponents beyond a machine word.
fn power_from_the_right(base: Decimal, exponent: &Decimal, work: Context) -> Result<Decimal, Signal> {
    let count = exponent.integer();
    let mut result = Decimal::from_int(1);
    // An overflow of the squares is one of the result only if they are used again.
    let mut square = Ok(base);
    for bit in 0..count.bits() {
        if count.bit(bit) {
            result = result.multiply(square.as_ref().map_err(|signal| *signal)?, work)?;
            if result.is_zero() {
                break;
            }
        }
        square = square.and_then(|square| square.multiply(&square, work));
    }
    Ok(result)
}
