//! Prices as decimal text, never a float.

/// An amount of money in millionths of the operator's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price(u64);

/// Most units of a price.
const UNITS_MAX: u64 = 1_000_000;

impl Price {
    /// Parses `3`, `0.15` or `0.000002`: at most a million, with at most six places after the point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (units, parts) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(units) || !is_number(parts) || parts.len() > 6 {
            return None;
        }
        let units: u64 = units.parse().ok().filter(|units| *units <= UNITS_MAX)?;
        let millionths: u64 = format!("{parts:0<6}").parse().ok()?;
        units.checked_mul(1_000_000)?.checked_add(millionths).map(Self)
    }

    /// Returns the price in millionths.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimal_text_and_nothing_else() {
        for (text, micros) in
            [("0", 0), ("3", 3_000_000), ("0.15", 150_000), ("0.000002", 2), ("1000000.0", 1_000_000_000_000)]
        {
            assert_eq!(Price::parse(text).map(Price::micros), Some(micros), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1000001", "1,5", " 1", "99999999999999999999"]
        {
            assert_eq!(Price::parse(text), None, "{text:?}");
        }
    }
}
