//! The only place that reads the time, and the two forms in which the contract writes it.

use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a native test server: this is its clock")]
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-01-01T00:00:00.000Z`.
pub(crate) fn iso(ms: u64) -> String {
    let mut text = naive(ms);
    text.push('Z');
    text
}

/// `2026-01-01T00:00:00.000`: how a worker writes it, without a zone.
pub(crate) fn naive(ms: u64) -> String {
    let (second, fraction) = (ms / 1000, ms % 1000);
    let (day, clock) = (second / 86_400, second % 86_400);
    let (year, month, day) = date(day);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:03}", clock / 3600, clock / 60 % 60, clock % 60)
}

/// Reads `YYYY-MM-DDTHH:MM:SS`, with an optional fraction and `Z`, as UTC.
pub(crate) fn parse_iso(text: &str) -> Option<u64> {
    let (day, clock) = text.trim_end_matches('Z').split_once('T')?;
    let day: Vec<u64> = day.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let clock = clock.split('.').next()?;
    let clock: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (&[year, month, day], &[hour, minute, second]) = (day.as_slice(), clock.as_slice()) else {
        return None;
    };
    let sane = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sane || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day)?.checked_mul(86_400)?.checked_add(hour.checked_mul(3600)?)?;
    seconds.checked_add(minute.checked_mul(60)?)?.checked_add(second)?.checked_mul(1000)
}

/// Year, month and day of a day number; the civil calendar in eras of 400 years that begin in March.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        of_era.saturating_sub(of_era / 1460).saturating_add(of_era / 36_524).saturating_sub(of_era / 146_096) / 365;
    let before = year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let of_year = of_era.saturating_sub(before);
    let from_march = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year.saturating_sub(from_march.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if from_march < 10 { from_march.saturating_add(3) } else { from_march.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
    (year, month, day)
}

/// The day number of a date; the inverse of `date`.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let from_march = if month > 2 { month.checked_sub(3)? } else { month.checked_add(9)? };
    let of_year = (from_march.checked_mul(153)?.checked_add(2)? / 5).checked_add(day)?.checked_sub(1)?;
    let of_era = year_of_era.checked_mul(365)?.checked_add(year_of_era / 4)?.checked_sub(year_of_era / 100)?;
    era.checked_mul(146_097)?.checked_add(of_era)?.checked_add(of_year)?.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_read_back() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599_000, "2025-12-31T23:59:59.000Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso(ms), text);
            assert_eq!(parse_iso(text), Some(ms));
        }
        assert_eq!(parse_iso("2030-01-01T00:00:00"), Some(1_893_456_000_000));
        assert_eq!(parse_iso("tomorrow"), None);
        assert_eq!(parse_iso("2030-13-01T00:00:00"), None);
    }
}
