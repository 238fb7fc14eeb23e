//! Calculations on one list of numbers, and on whole numbers.

use std::num::NonZeroU64;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;

use super::decimal::{Decimal, Rounding, parse_whole};
use super::fault::{CalcFault, FACTORIAL_OPERAND, LIST_NUMBERS, ROOT_DEGREE};

/// Reads a list.
pub(super) fn parse_list(texts: &[String]) -> Result<Vec<Decimal>, CalcFault> {
    if texts.len() > LIST_NUMBERS {
        return Err(CalcFault::ListTooLong);
    }
    texts.iter().map(|text| Decimal::parse(text)).collect()
}

/// Adds from the first number to the last, and rounds each sum.
pub(super) fn total(numbers: &[Decimal]) -> Result<Decimal, CalcFault> {
    numbers.iter().try_fold(Decimal::whole(0), |sum, number| sum.plus(number))
}

/// Returns the total divided by the count.
pub(super) fn mean(numbers: &[Decimal]) -> Result<Decimal, CalcFault> {
    match u64::try_from(numbers.len()) {
        Ok(count @ 1..) => total(numbers)?.divided_by(&Decimal::whole(count)),
        _ => Err(CalcFault::ListEmpty),
    }
}

/// Returns the number in the middle of the order, or the mean of the two.
pub(super) fn middle(numbers: &[Decimal]) -> Result<Decimal, CalcFault> {
    // By binary insertion: a list is bounded, and one more instance of the library's sort is 3 KB of WebAssembly.
    let mut sorted: Vec<&Decimal> = Vec::with_capacity(numbers.len());
    for number in numbers {
        let place = sorted.partition_point(|before| before.order(number).is_le());
        sorted.insert(place, number);
    }
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.get(middle.wrapping_sub(1))) {
        (None, _) => Err(CalcFault::ListEmpty),
        (Some(upper), Some(lower)) if sorted.len().is_multiple_of(2) => {
            lower.plus(upper)?.divided_by(&Decimal::whole(2))
        }
        (Some(only), _) => Ok((*only).clone()),
    }
}

/// Returns the first of the smallest numbers, or the first of the largest ones.
pub(super) fn extreme(numbers: &[Decimal], largest: bool) -> Result<Decimal, CalcFault> {
    let beyond = |number: &Decimal, best: &Decimal| {
        let order = number.order(best);
        if largest { order.is_gt() } else { order.is_lt() }
    };
    let best = numbers.iter().reduce(|best, number| if beyond(number, best) { number } else { best });
    best.cloned().ok_or(CalcFault::ListEmpty)
}

/// Takes a root whose degree is given as a number.
pub(super) fn root(number: &Decimal, degree: &Decimal) -> Result<Decimal, CalcFault> {
    let degree = degree.to_i64().and_then(|degree| u32::try_from(degree).ok());
    match degree {
        Some(degree @ 1..=ROOT_DEGREE) => number.root(degree),
        _ => Err(CalcFault::DegreeOutOfRange),
    }
}

/// Rounds to a number of places that is given as a number.
pub(super) fn round(number: &Decimal, places: &Decimal, rounding: Rounding) -> Result<Decimal, CalcFault> {
    number.round_to(places.to_i64().ok_or(CalcFault::NotAWholeNumber)?, rounding)
}

/// Returns the greatest common divisor; zero for two zeros.
pub(super) fn common_divisor(a: &str, b: &str) -> Result<BigInt, CalcFault> {
    Ok(parse_whole(a)?.gcd(&parse_whole(b)?))
}

/// Returns the least common multiple; zero when either number is zero.
pub(super) fn common_multiple(a: &str, b: &str) -> Result<BigInt, CalcFault> {
    let (a, b) = (parse_whole(a)?, parse_whole(b)?);
    Ok(if a == BigInt::ZERO || b == BigInt::ZERO { BigInt::ZERO } else { a.lcm(&b) })
}

/// Returns the product of all whole numbers from one to the operand.
pub(super) fn factorial(text: &str) -> Result<BigUint, CalcFault> {
    match u32::try_from(parse_whole(text)?) {
        Ok(operand @ 0..=FACTORIAL_OPERAND) => Ok((1..=operand).map(BigUint::from).product()),
        _ => Err(CalcFault::OperandTooLarge),
    }
}

/// Draws a whole number between two bounds, both included, each as likely as the others.
pub(super) fn draw(low: &str, high: &str, mut random: impl FnMut() -> u64) -> Result<i64, CalcFault> {
    let bound = |text: &str| i64::try_from(parse_whole(text)?).map_err(|_| CalcFault::NumberOutOfRange);
    let (low, high) = (bound(low)?, bound(high)?);
    if low > high {
        return Err(CalcFault::BoundsReversed);
    }
    // Every number of 64 bits can be drawn where the outcomes are too many to be counted in as many.
    let Some(outcomes) = NonZeroU64::new(high.abs_diff(low).wrapping_add(1)) else {
        return Ok(low.wrapping_add_unsigned(random()));
    };
    // Draws above the largest multiple of the outcomes would favour the small ones.
    let surplus = (u64::MAX % outcomes).wrapping_add(1) % outcomes;
    // A draw is refused with a chance below one half; the bound on the draws is beyond any run that will be met.
    let drawn = (0..256).map(|_| random()).find(|bits| *bits <= u64::MAX.wrapping_sub(surplus)).unwrap_or_default();
    Ok(low.wrapping_add_unsigned(drawn % outcomes))
}
