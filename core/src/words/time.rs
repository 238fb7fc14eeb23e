//! Points in time and spans of it, as integers: a clock reading is always an argument, never a call.

use std::fmt;

use minicbor::{Decode, Encode};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] u64);

/// A span of time in milliseconds. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Millis(#[n(0)] u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Returns a span of `ms` milliseconds.
    #[must_use]
    pub const fn new(ms: u64) -> Self {
        Self(ms)
    }

    /// Returns a span of `s` seconds, saturating.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1000))
    }

    /// Returns the span in milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the span in whole seconds, rounded up for `Retry-After`, so that no client retries too early.
    #[must_use]
    pub const fn as_secs_ceil(self) -> u64 {
        self.0.div_ceil(1000)
    }

    /// Returns this span less `other`, never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns twice this span.
    #[must_use]
    pub const fn twice(self) -> Self {
        Self(self.0.saturating_mul(2))
    }

    /// Returns half of this span.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl Timestamp {
    /// Returns the point `ms` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns this point moved `by` into the future.
    #[must_use]
    pub const fn after(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// Returns the time elapsed since `earlier`; zero when `earlier` lies in the future (clocks jump).
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the time remaining until `later`; zero once it has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Millis {
        later.since(self)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl Timestamp {
    /// Appends RFC 3339 in UTC with milliseconds: `2026-01-01T00:00:00.000Z`. Digit by digit: every record has one.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let Civil { year, month, day } = civil_from_days(self.0 / 86_400_000);
        let ms = self.0 % 86_400_000;
        let (hour, minute, second, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        for (value, digits, behind) in [
            (year, 4, b'-'),
            (month, 2, b'-'),
            (day, 2, b'T'),
            (hour, 2, b':'),
            (minute, 2, b':'),
            (second, 2, b'.'),
            (milli, 3, b'Z'),
        ] {
            write_digits(out, value, digits);
            out.push(behind);
        }
    }
}

/// Appends a decimal number with at least `digits` digits.
fn write_digits(out: &mut Vec<u8>, value: u64, digits: usize) {
    let mut text = [b'0'; 20];
    let mut rest = value;
    let mut used = 0_usize;
    for slot in text.iter_mut().rev() {
        if rest == 0 && used >= digits {
            break;
        }
        *slot = b'0'.saturating_add(u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        used = used.saturating_add(1);
    }
    out.extend_from_slice(text.get(text.len().saturating_sub(used)..).unwrap_or_default());
}

/// Appends a decimal number.
pub(crate) fn write_number(out: &mut Vec<u8>, value: u64) {
    write_digits(out, value, 1);
}

/// Writes RFC 3339 in UTC with milliseconds: `2026-01-01T00:00:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        self.write_to(&mut text);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

struct Civil {
    year: u64,
    month: u64,
    day: u64,
}

/// Returns the days since 1970-01-01 to a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days < 2^64 / 86,400,000: every term stays far below the type's limit"
)]
const fn civil_from_days(days: u64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    Civil { year, month, day }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_600_001, "2026-01-01T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(ms).to_string(), text);
        }
    }

    #[test]
    fn never_wraps() {
        let late = Timestamp::from_millis(u64::MAX);
        assert_eq!(late.after(Millis::new(1)), late);
        assert_eq!(Timestamp::default().since(late), Millis::ZERO);
        assert!(late.to_string().ends_with('Z'));
    }
}
