//! Decimal numbers by the General Decimal Arithmetic specification 1.70 (M. Cowlishaw): exponents are kept, results are
//! rounded half to even to the 34 digits and the exponents of its decimal128 format.
//!
//! Infinities, NaN and subnormal numbers do not exist here: a calculation that would give one is refused by name.
//!
//! INVARIANT (exponents): a number that was read or computed has an exponent within ±10^4, an intermediate one within
//! ±10^12; so sums and differences of a few exponents stay far inside an `i64`.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "big integers do not overflow and are subtracted only from larger ones; exponents: see the invariant"
)]

mod arithmetic;
mod compare;
mod logarithm;
mod parse;
mod power;
mod root;
mod round;
mod transcendental;

use std::fmt;

use num_bigint::BigUint;
use num_integer::Integer as _;

use super::fault::CalcFault;

pub(super) use parse::parse_whole;
pub(super) use round::Rounding;

/// The value `(-1)^negative · coefficient · 10^exponent`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    coefficient: BigUint,
    exponent: i64,
}

/// Precision and exponent bounds that results are rounded to.
#[derive(Clone, Copy, Debug)]
struct DecimalContext {
    /// Digits of a coefficient.
    precision: u64,
    /// The largest adjusted exponent.
    emax: i64,
    /// The smallest adjusted exponent.
    emin: i64,
}

/// The decimal128 format.
const CONTEXT: DecimalContext = DecimalContext { precision: 34, emax: 6_144, emin: -6_143 };

impl DecimalContext {
    const fn with_precision(self, precision: u64) -> Self {
        Self { precision, ..self }
    }

    /// Returns the smallest exponent.
    const fn etiny(self) -> i64 {
        self.emin - self.precision.cast_signed() + 1
    }
}

/// Returns 10^n.
fn pow10(n: u64) -> BigUint {
    BigUint::from(10_u8).pow(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Returns the number of decimal digits; 1 for zero.
fn digits(n: &BigUint) -> u64 {
    if let Ok(small) = u64::try_from(n) {
        return u64::from(small.checked_ilog10().unwrap_or(0)) + 1;
    }
    // 0.30103 is just above log10(2): the guess is the number of digits or one less, for anything of less than 2^27
    // bits.
    let guess = n.bits() * 30_103 / 100_000;
    if *n >= pow10(guess) { guess + 1 } else { guess }
}

impl Decimal {
    const fn new(negative: bool, coefficient: BigUint, exponent: i64) -> Self {
        Self { negative, coefficient, exponent }
    }

    /// Returns a small whole number as a decimal.
    pub(super) fn whole(value: u64) -> Self {
        Self::new(false, BigUint::from(value), 0)
    }

    fn is_zero(&self) -> bool {
        self.coefficient == BigUint::ZERO
    }

    fn digits(&self) -> u64 {
        digits(&self.coefficient)
    }

    /// Returns the exponent of the first digit.
    fn adjusted(&self) -> i64 {
        self.exponent + self.digits().cast_signed() - 1
    }

    /// Rounds into the context.
    fn finalize(mut self, context: DecimalContext) -> Result<Self, CalcFault> {
        if self.is_zero() {
            self.exponent = self.exponent.clamp(context.etiny(), context.emax);
            return Ok(self);
        }
        let adjusted = self.adjusted();
        if adjusted > context.emax {
            return Err(CalcFault::ResultTooLarge);
        }
        if adjusted < context.emin {
            return Err(CalcFault::ResultTooSmall);
        }
        if let Some(surplus @ 1..) = self.digits().checked_sub(context.precision) {
            self.drop_digits(surplus, Rounding::HalfEven);
            // A carry into a new digit leaves one too many.
            return self.finalize(context);
        }
        Ok(self)
    }

    /// Returns the value of a whole number of at most 18 digits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_whole() || (self.adjusted() > 17 && !self.is_zero()) {
            return None;
        }
        let magnitude = i64::try_from(self.whole_part()).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    fn is_whole(&self) -> bool {
        let fraction = self.exponent.min(0).unsigned_abs();
        fraction == 0
            || self.is_zero()
            || (fraction < self.digits() && &self.coefficient % pow10(fraction) == BigUint::ZERO)
    }

    /// Returns the magnitude without its fraction.
    fn whole_part(&self) -> BigUint {
        if self.is_zero() {
            return BigUint::ZERO;
        }
        if self.exponent >= 0 {
            self.coefficient_at(0)
        } else {
            &self.coefficient / pow10(self.exponent.unsigned_abs())
        }
    }

    /// Returns the coefficient at an exponent that is not above the number's own: the same value with zeros appended.
    fn coefficient_at(&self, exponent: i64) -> BigUint {
        &self.coefficient * pow10((self.exponent - exponent).cast_unsigned())
    }

    /// Takes trailing zeros off until the exponent is `ideal` or more.
    fn strip_zeros(&mut self, ideal: i64) {
        while self.exponent < ideal {
            let (quotient, remainder) = self.coefficient.div_rem(&BigUint::from(10_u8));
            if remainder != BigUint::ZERO {
                return;
            }
            self.coefficient = quotient;
            self.exponent += 1;
        }
    }
}

/// Writes the specification's scientific string.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits = self.coefficient.to_string();
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let adjusted = self.exponent + count - 1;
        if self.exponent > 0 || adjusted < -6 {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
            let point = if rest.is_empty() { "" } else { "." };
            return write!(f, "{first}{point}{rest}E{adjusted:+}");
        }
        let point = count + self.exponent;
        match usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point)) {
            Some((whole, "")) => f.write_str(whole),
            Some(("", fraction)) => write!(f, "0.{fraction}"),
            Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
            None => {
                f.write_str("0.")?;
                for _ in point..0 {
                    f.write_str("0")?;
                }
                f.write_str(&digits)
            }
        }
    }
}
