//! Numbers by their decimal text: compared and divided exactly, whatever their size.

use std::cmp::Ordering;

/// Largest supported power of ten, either way: beyond it a number is out of range, by name.
const EXPONENT_MAX: i64 = 1_000_000_000_000;

/// Most significant digits of a divisor: ten times the remainder must fit a `u64`.
const DIVISOR_DIGITS: usize = 18;

/// A number `digits * 10^exponent`, in its one normal form.
///
/// INVARIANT (one form): the digits neither begin nor end with a zero; zero has none, no sign, and the exponent 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NormalizedNumber {
    is_negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl NormalizedNumber {
    /// Parses the number with this JSON text; `None` when its exponent is beyond [`EXPONENT_MAX`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (text.get(..at)?, exponent_of(text.get(at.saturating_add(1)..)?)),
            None => (text, Some(0)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').collect();
        let mut trailing = 0_usize;
        while digits.last() == Some(&b'0') {
            digits.pop();
            trailing = trailing.saturating_add(1);
        }
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits, exponent: 0 });
        }
        let shift = i64::try_from(trailing).ok()?.saturating_sub(i64::try_from(fraction.len()).ok()?);
        Some(Self { is_negative, digits, exponent: exponent?.saturating_add(shift) })
    }

    /// Returns true if the number is whole.
    pub(super) const fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Returns the number as a count, if it is one; too large a count saturates.
    pub(super) fn as_count(&self) -> Option<u64> {
        if self.is_negative || !self.is_whole() {
            return None;
        }
        let mut count = self.digits.iter().fold(0, shifted_in);
        for _ in 0..self.exponent.min(20) {
            count = count.saturating_mul(10);
        }
        Some(count)
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let top =
            |number: &Self| i64::try_from(number.digits.len()).unwrap_or(i64::MAX).saturating_add(number.exponent);
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => top(self).cmp(&top(other)).then_with(|| self.digits.cmp(&other.digits)),
            (left, right) => right.cmp(&left),
        }
    }

    /// Appends a text that is the same for equal numbers.
    pub(super) fn write_key(&self, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
        out.extend_from_slice(&self.digits);
        out.push(b'e');
        out.extend_from_slice(&self.exponent.to_be_bytes());
    }
}

impl Ord for NormalizedNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (left, right) => right.cmp(&left),
        }
    }
}

impl PartialOrd for NormalizedNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn shifted_in(number: u64, digit: &u8) -> u64 {
    number.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
}

fn exponent_of(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    let exponent: i64 = digits.parse().ok().filter(|exponent| *exponent <= EXPONENT_MAX)?;
    Some(if is_negative { exponent.saturating_neg() } else { exponent })
}

/// The divisor of `multipleOf`.
#[derive(Clone, Debug)]
pub(super) struct Divisor {
    digits: u64,
    exponent: i64,
}

impl Divisor {
    /// Creates a divisor above zero of at most 18 significant digits; else `None`.
    pub(super) fn new(number: &NormalizedNumber) -> Option<Self> {
        let is_one = !number.is_negative && !number.digits.is_empty() && number.digits.len() <= DIVISOR_DIGITS;
        is_one.then(|| Self { digits: number.digits.iter().fold(0, shifted_in), exponent: number.exponent })
    }

    /// Returns true if the number is a whole multiple: `digits * 10^a` of `divisor * 10^b`, without any rounding.
    pub(super) fn divides(&self, number: &NormalizedNumber) -> bool {
        if number.digits.is_empty() {
            return true;
        }
        // The digits do not end with a zero, so no power of ten is left in them.
        let Ok(tens) = u64::try_from(number.exponent.saturating_sub(self.exponent)) else {
            return false;
        };
        let digits = number.digits.iter().fold(0, |rest, digit| self.rest(u128::from(shifted_in(rest, digit))));
        self.rest(u128::from(digits).saturating_mul(u128::from(self.power_of_ten(tens)))) == 0
    }

    fn rest(&self, number: u128) -> u64 {
        number.checked_rem(u128::from(self.digits)).and_then(|rest| u64::try_from(rest).ok()).unwrap_or_default()
    }

    /// Returns `10^exponent` modulo the divisor.
    fn power_of_ten(&self, mut exponent: u64) -> u64 {
        let times = |left: u64, right: u64| self.rest(u128::from(left).saturating_mul(u128::from(right)));
        let (mut power, mut square) = (self.rest(1), self.rest(10));
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = times(power, square);
            }
            square = times(square, square);
            exponent >>= 1;
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> NormalizedNumber {
        NormalizedNumber::parse(text).unwrap()
    }

    fn divides(divisor: &str, text: &str) -> bool {
        Divisor::new(&number(divisor)).unwrap().divides(&number(text))
    }

    #[test]
    fn equal_numbers_have_one_form() {
        for (left, right) in [("1", "1.0"), ("100", "1e2"), ("-0", "0"), ("0.0e9", "0"), ("12.50", "125E-1")] {
            assert_eq!(number(left), number(right), "{left} {right}");
        }
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
    }

    #[test]
    fn order_is_exact() {
        let ordered =
            ["-1e400", "-12", "-1.5", "-1e-400", "0", "1e-400", "0.1", "1", "1.0000000000000001", "2", "1e400"];
        for pair in ordered.windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (divisor, text) in
            [("0.01", "19.99"), ("0.0001", "0.0075"), ("3", "1e999999999"), ("7", "0"), ("1e-8", "12391239123")]
        {
            let expected = divisor != "3";
            assert_eq!(divides(divisor, text), expected, "{text} of {divisor}");
        }
        assert!(divides("3", "111111111111111111111111111111111111"));
        assert!(divides("2.5e3", "1e4") && !divides("2.5e3", "1e3") && !divides("1", "0.5"));
        assert!(Divisor::new(&number("1234567890123456789")).is_none() && Divisor::new(&number("-1")).is_none());
    }

    #[test]
    fn a_number_out_of_range_is_none_but_zero_always_is_one() {
        assert_eq!(NormalizedNumber::parse("1e9999999999999999999999"), None);
        assert_eq!(number("0e9999999999999999999999"), number("0"));
        assert_eq!(number("1e999999999999").as_count(), Some(u64::MAX));
        assert_eq!(
            (number("20").as_count(), number("-1").as_count(), number("1.5").as_count()),
            (Some(20), None, None)
        );
    }
}
