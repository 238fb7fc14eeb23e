//! Logarithm and exponential in binary fixed point: a value is an integer in units of 2^-bits.
//!
//! Each function is accurate to a few units per term it sums, so callers ask for [`GUARD_BITS`] more than they need.
//! Then the last digit they keep is the correctly rounded one but for inputs nobody meets (a run of some 15 zeros or
//! nines behind it).

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer as _;

use super::{Decimal, pow10};

/// The bits that the errors of a whole computation stay below.
pub(super) const GUARD_BITS: u64 = 64;

/// Returns the number of binary digits that hold `digits` decimal ones.
pub(super) const fn bits_for(digits: u64) -> u64 {
    digits * 33_220 / 10_000 + 1
}

/// Returns the inverse hyperbolic tangent of `numerator / denominator`, whose magnitude is at most one half, by its
/// power series.
fn artanh(numerator: &BigInt, denominator: &BigInt, bits: u64) -> BigInt {
    let ratio = (numerator << bits) / denominator;
    let square = (&ratio * &ratio) >> bits;
    let (mut power, mut sum, mut divisor) = (ratio.clone(), ratio, 1_u32);
    while power != BigInt::ZERO {
        power = (power * &square) >> bits;
        // Rounds towards minus infinity: a negative power would stop at -1 for ever.
        if power == BigInt::from(-1) {
            break;
        }
        divisor += 2;
        sum += &power / divisor;
    }
    sum
}

fn ln_2(bits: u64) -> BigInt {
    artanh(&BigInt::from(1), &BigInt::from(3), bits) << 1_u8
}

/// Returns ln(10).
fn ln_10(bits: u64) -> BigInt {
    // 10 = 2^3 · 5/4, and artanh(1/9) = ln(5/4) / 2.
    ln_2(bits) * 3 + (artanh(&BigInt::from(1), &BigInt::from(9), bits) << 1_u8)
}

/// Returns ln(numerator / denominator) for positive operands.
fn ln_ratio(numerator: &BigUint, denominator: &BigUint, bits: u64) -> BigInt {
    // Scale by a power of two into (2/3, 4/3], where the series is quick; 1 itself must not be scaled, or the sum
    // would cancel.
    let mut scale = numerator.bits().cast_signed() - denominator.bits().cast_signed();
    let (mut up, mut down) = (numerator.clone(), denominator.clone());
    if scale > 0 {
        down <<= scale.cast_unsigned();
    } else {
        up <<= scale.unsigned_abs();
    }
    if &up * 3_u8 > &down * 4_u8 {
        down <<= 1_u8;
        scale += 1;
    } else if &up * 3_u8 <= &down * 2_u8 {
        up <<= 1_u8;
        scale -= 1;
    }
    let (up, down) = (BigInt::from(up), BigInt::from(down));
    let ln_scaled = artanh(&(&up - &down), &(up + down), bits) << 1_u8;
    if scale == 0 { ln_scaled } else { ln_scaled + ln_2(bits) * scale }
}

/// Returns e^x as `(coefficient, exponent)`: `digits` digits or one more or less, times a power of ten. |x| is below
/// 10^8.
pub(super) fn exp(x: &BigInt, bits: u64, digits: u64) -> (BigUint, i64) {
    let ln_10 = ln_10(bits);
    let (tens, rest) = x.div_mod_floor(&ln_10);
    let tens = i64::try_from(tens).unwrap_or_default();
    // e^rest = (e^(rest / 2^halvings))^(2^halvings); each squaring doubles the error, which the guard bits bear.
    let halvings = 12_u32;
    let reduced = rest >> halvings;
    let one = BigInt::from(1) << bits;
    let (mut term, mut sum, mut divisor) = (one.clone(), one, 0_u32);
    while term != BigInt::ZERO {
        divisor += 1;
        term = ((term * &reduced) >> bits) / divisor;
        sum += &term;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum) >> bits;
    }
    let scaled = (sum * BigInt::from(pow10(digits - 1))) >> bits;
    let (sign, coefficient) = scaled.into_parts();
    debug_assert!(sign == Sign::Plus, "an exponential is positive");
    (coefficient, tens - digits.cast_signed() + 1)
}

impl Decimal {
    /// Returns ln of this positive number other than one, as an integer in units of 2^-bits with `digits` significant
    /// digits, and those bits.
    pub(super) fn ln(&self, digits: u64) -> (BigInt, u64) {
        // v · 10^tens with v in (1/2, 5]: either there are no tens, or they outweigh ln(v).
        let mut tens = self.adjusted();
        let first = &self.coefficient / pow10(self.digits() - 1);
        if first >= BigUint::from(5_u8) {
            tens += 1;
        }
        let unit = (tens - self.exponent).unsigned_abs();
        // exponent <= adjusted <= tens, so v = coefficient / 10^unit.
        let denominator = pow10(unit);
        let mut bits = bits_for(digits) + GUARD_BITS;
        if tens == 0 {
            // Close to one the logarithm is as small as v - 1.
            let distance = if self.coefficient > denominator {
                &self.coefficient - &denominator
            } else {
                &denominator - &self.coefficient
            };
            bits += denominator.bits() - distance.bits().min(denominator.bits());
        }
        let ln = ln_ratio(&self.coefficient, &denominator, bits);
        (if tens == 0 { ln } else { ln + ln_10(bits) * tens }, bits)
    }
}
