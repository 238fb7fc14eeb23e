//! Dates and times of RFC 3339.

/// Checks `full-date "T" full-time`.
pub(super) fn is_date_time(text: &str) -> bool {
    match (text.get(..10), text.as_bytes().get(10), text.get(11..)) {
        (Some(date), Some(b'T' | b't'), Some(time)) => is_date(date) && is_time(time),
        _ => false,
    }
}

/// Checks `full-date`: a day that the calendar has.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(year), Some(month), Some(day)) = (number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    bytes.len() == 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-') && (1..=days).contains(&day)
}

/// Checks `full-time`: with an offset; a leap second only where one can be, at 23:59:60 UTC.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(hour), Some(minute), Some(second)) = (number(text, 0, 2), number(text, 3, 2), number(text, 6, 2)) else {
        return false;
    };
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') || hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let Some(mut rest) = text.get(8..) else { return false };
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if rest.len() == fraction.len() {
            return false;
        }
    }
    let Some(offset) = offset(rest) else { return false };
    let utc = (i64::from(hour).saturating_mul(60)).saturating_add(i64::from(minute)).saturating_sub(offset);
    second < 60 || utc.rem_euclid(24 * 60) == 23 * 60 + 59
}

/// Returns the offset in minutes east of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'Z' | b'z' if text.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(text, 1, 2)?, number(text, 4, 2)?);
    let is_offset = text.len() == 6 && text.as_bytes().get(3) == Some(&b':') && hours < 24 && minutes < 60;
    is_offset.then(|| i64::from(hours).saturating_mul(60).saturating_add(i64::from(minutes)).saturating_mul(sign))
}

/// Reads the number in `digits` ASCII digits at `from`.
fn number(text: &str, from: usize, digits: usize) -> Option<u32> {
    let text = text.get(from..from.saturating_add(digits))?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
