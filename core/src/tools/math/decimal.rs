//! Decimal arithmetic as Python's `decimal` does it: the General Decimal Arithmetic specification 1.70 (M. Cowlishaw) with
//! exponents kept, half-even rounding, and the traps of Python's default context (invalid operation, division by zero,
//! overflow). Arcade's worker computes with a precision of 100 digits.
//!
//! Our own because no kept crate does it: those with exponents and signals bind the C library or have a fixed width.
//!
//! INVARIANT (exponents): a number that was read has an exponent within ±2·10^18, one that was computed within
//! ±2·10^6; so sums and differences of a few exponents stay far inside an `i64`.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "big integers do not overflow and are subtracted only from larger ones; exponents: see the invariant"
)]

mod arithmetic;
mod compare;
mod parse;
mod power;
mod root;
mod transcendental;

use std::fmt;

use num_bigint::BigUint;
use num_integer::Integer as _;

pub(super) use parse::parse;
pub(super) use power::PowerError;
pub(super) use transcendental::{GUARD_BITS, ln_ratio};

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Finite,
    Infinity,
    /// Not a number; passes through operations. The coefficient is its payload.
    Quiet,
    /// Not a number; every operation on it is invalid.
    Signaling,
}

/// `(-1)^negative · coefficient · 10^exponent`, or a special value.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    pub(super) class: Class,
    pub(super) coefficient: BigUint,
    pub(super) exponent: i64,
}

/// A trapped condition, by the name Python's exception shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    ConversionSyntax,
    DivisionByZero,
    DivisionImpossible,
    DivisionUndefined,
    InvalidOperation,
    Overflow,
}

impl Signal {
    /// The exception's class.
    pub(super) const fn exception(self) -> &'static str {
        match self {
            Self::DivisionByZero => "DivisionByZero",
            Self::Overflow => "Overflow",
            _ => "InvalidOperation",
        }
    }

    /// The exception's text.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ConversionSyntax => "[<class 'decimal.ConversionSyntax'>]",
            Self::DivisionByZero => "[<class 'decimal.DivisionByZero'>]",
            Self::DivisionImpossible => "[<class 'decimal.DivisionImpossible'>]",
            Self::DivisionUndefined => "[<class 'decimal.DivisionUndefined'>]",
            Self::InvalidOperation => "[<class 'decimal.InvalidOperation'>]",
            Self::Overflow => "[<class 'decimal.Overflow'>]",
        }
    }
}

/// The bounds results are rounded into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Digits of a coefficient.
    pub(super) precision: u64,
    /// The largest adjusted exponent.
    pub(super) emax: i64,
    /// The smallest adjusted exponent of a number with full precision.
    pub(super) emin: i64,
}

/// The context of Arcade's worker.
pub(super) const CONTEXT: Context = Context { precision: 100, emax: 999_999, emin: -999_999 };

impl Context {
    const fn with_precision(self, precision: u64) -> Self {
        Self { precision, ..self }
    }

    /// The exponent of the smallest subnormal number.
    const fn etiny(self) -> i64 {
        self.emin - self.precision.cast_signed() + 1
    }
}

/// 10^n.
pub(super) fn pow10(n: u64) -> BigUint {
    BigUint::from(10_u8).pow(u32::try_from(n).unwrap_or(u32::MAX))
}

/// The number of decimal digits; 1 for zero.
pub(super) fn digits(n: &BigUint) -> u64 {
    if let Ok(small) = u64::try_from(n) {
        return u64::from(small.checked_ilog10().unwrap_or(0)) + 1;
    }
    // 0.30103 is just above log10(2): the guess is the number of digits or one less, for anything of less than 2^27 bits.
    let guess = n.bits() * 30_103 / 100_000;
    if *n >= pow10(guess) { guess + 1 } else { guess }
}

impl Decimal {
    pub(super) const fn finite(negative: bool, coefficient: BigUint, exponent: i64) -> Self {
        Self { negative, class: Class::Finite, coefficient, exponent }
    }

    pub(super) fn from_int(value: u64) -> Self {
        Self::finite(false, BigUint::from(value), 0)
    }

    const fn infinity(negative: bool) -> Self {
        Self { negative, class: Class::Infinity, coefficient: BigUint::ZERO, exponent: 0 }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.class == Class::Finite
    }

    pub(super) fn is_infinite(&self) -> bool {
        self.class == Class::Infinity
    }

    pub(super) const fn is_nan(&self) -> bool {
        matches!(self.class, Class::Quiet | Class::Signaling)
    }

    fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient == BigUint::ZERO
    }

    pub(super) fn digits(&self) -> u64 {
        digits(&self.coefficient)
    }

    /// The exponent of the first digit.
    pub(super) fn adjusted(&self) -> i64 {
        self.exponent + self.digits().cast_signed() - 1
    }

    /// The operand a quiet NaN among `self` and `other` makes of the result; a signaling one is an invalid operation.
    fn check_nans(&self, other: &Self, context: Context) -> Result<Option<Self>, Signal> {
        if self.class == Class::Signaling || other.class == Class::Signaling {
            return Err(Signal::InvalidOperation);
        }
        let Some(nan) = [self, other].into_iter().find(|operand| operand.is_nan()) else {
            return Ok(None);
        };
        nan.clone().finalize(context).map(Some)
    }

    /// Rounds to the context: overflow is an error, underflow is not.
    pub(super) fn finalize(mut self, context: Context) -> Result<Self, Signal> {
        match self.class {
            Class::Finite => {}
            Class::Infinity => return Ok(self),
            Class::Quiet | Class::Signaling => {
                if self.digits() > context.precision {
                    self.coefficient = self.coefficient.mod_floor(&pow10(context.precision));
                }
                return Ok(self);
            }
        }
        if self.coefficient == BigUint::ZERO {
            self.exponent = self.exponent.clamp(context.etiny(), context.emax);
            return Ok(self);
        }
        let digits = self.digits();
        let adjusted = self.exponent + digits.cast_signed() - 1;
        if adjusted > context.emax {
            return Err(Signal::Overflow);
        }
        if adjusted < context.emin && self.exponent < context.etiny() {
            self.drop_digits((context.etiny() - self.exponent).cast_unsigned());
            return Ok(self);
        }
        if digits > context.precision {
            self.drop_digits(digits - context.precision);
            if self.digits() > context.precision {
                self.drop_digits(1);
                return self.finalize(context);
            }
        }
        Ok(self)
    }

    /// The number rounded half-even to at most `precision` digits.
    pub(super) fn rounded(&self, precision: u64) -> Self {
        let mut rounded = self.clone();
        if let Some(count @ 1..) = self.digits().checked_sub(precision) {
            rounded.drop_digits(count);
        }
        rounded
    }

    /// A number other than zero without trailing zeros in its coefficient.
    pub(super) fn without_zeros(mut self) -> Self {
        arithmetic::strip_zeros(&mut self.coefficient, &mut self.exponent, i64::MAX);
        self
    }

    /// Raises the exponent by `count`, rounding the coefficient half to even.
    fn drop_digits(&mut self, count: u64) {
        self.exponent += count.cast_signed();
        if count > self.digits() {
            self.coefficient = BigUint::ZERO;
            return;
        }
        let unit = pow10(count);
        let (mut quotient, remainder) = self.coefficient.div_rem(&unit);
        let twice = remainder << 1_u8;
        if twice > unit || (twice == unit && quotient.is_odd()) {
            quotient += 1_u8;
        }
        self.coefficient = quotient;
    }

    /// The coefficient at a lower exponent: the same value with zeros appended. `exponent` is not above the number's own.
    fn coefficient_at(&self, exponent: i64) -> BigUint {
        &self.coefficient * pow10((self.exponent - exponent).cast_unsigned())
    }
}

/// The specification's to-scientific-string.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let name = match self.class {
            Class::Finite => return write_finite(f, &self.coefficient.to_string(), self.exponent),
            Class::Infinity => return f.write_str("Infinity"),
            Class::Quiet => "NaN",
            Class::Signaling => "sNaN",
        };
        f.write_str(name)?;
        if self.coefficient == BigUint::ZERO { Ok(()) } else { write!(f, "{}", self.coefficient) }
    }
}

fn write_finite(f: &mut fmt::Formatter<'_>, digits: &str, exponent: i64) -> fmt::Result {
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let adjusted = exponent + count - 1;
    if exponent > 0 || adjusted < -6 {
        let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
        let point = if rest.is_empty() { "" } else { "." };
        return write!(f, "{first}{point}{rest}E{adjusted:+}");
    }
    let point = count + exponent;
    match usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point)) {
        Some((whole, "")) => f.write_str(whole),
        Some(("", fraction)) => write!(f, "0.{fraction}"),
        Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
        None => {
            f.write_str("0.")?;
            for _ in point..0 {
                f.write_str("0")?;
            }
            f.write_str(digits)
        }
    }
}
