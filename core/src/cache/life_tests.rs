//! Freshness by the response's age, the operator's windows, and the caller's directives.

use super::*;

const LIFE: Life = Life {
    while_revalidate: Millis::from_secs(10),
    if_error: Millis::from_secs(30),
    refresh_ahead: false,
    max_age_min: Millis::from_secs(2),
};

const FLOOR: u64 = 7;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(Millis::from_secs(secs))
}

/// Returns an entry stored at 0, fresh until 60, usable until 90.
fn entry() -> Entry {
    Entry {
        output: b"{}".to_vec(),
        duration: "1".to_owned(),
        finished_at: String::new(),
        stored_at: at(0),
        expires_at: at(60),
        stale_until: at(90),
        epoch: FLOOR,
    }
}

fn freshness(asked: &str, now: u64) -> Freshness {
    Terms { life: LIFE, asked: Directives::parse(asked), newer_than: None }.freshness(&entry(), at(now), FLOOR)
}

#[test]
fn is_fresh_then_stale_then_a_spare_then_nothing() {
    for (now, expected) in [
        (0, Freshness::Fresh(None)),
        (59, Freshness::Fresh(None)),
        (60, Freshness::StaleWhileRevalidate),
        (69, Freshness::StaleWhileRevalidate),
        (70, Freshness::StaleIfError),
        (89, Freshness::StaleIfError),
        (90, Freshness::Expired),
    ] {
        assert_eq!(freshness("", now), expected, "{now}");
    }
}

#[test]
fn a_caller_narrows_what_the_operator_allows() {
    let by = |demand| Freshness::Rejected(Forward::Request(demand));
    for (asked, now, expected) in [
        ("max-age=5", 4, Freshness::Fresh(None)),
        ("max-age=5", 5, by(Demand::MaxAge)),
        ("max-age=0", 1, Freshness::Fresh(Some(Demand::MaxAge))),
        ("max-age=0", 2, by(Demand::MaxAge)),
        ("max-age=1000", 61, Freshness::Rejected(Forward::Stale)),
        ("max-age=1000, max-stale", 61, Freshness::StaleWhileRevalidate),
        ("max-age=1000, max-stale=5", 65, Freshness::Rejected(Forward::Stale)),
        ("max-stale=5", 64, Freshness::StaleWhileRevalidate),
        ("max-stale=5", 65, Freshness::Rejected(Forward::Stale)),
        ("max-stale=15", 71, Freshness::StaleIfError),
        ("max-stale=15", 75, Freshness::Rejected(Forward::Stale)),
        ("max-stale", 90, Freshness::Expired),
        ("max-age=62, max-stale", 63, Freshness::Rejected(Forward::Stale)),
        ("min-fresh=20", 40, Freshness::Fresh(None)),
        ("min-fresh=20", 41, by(Demand::MinFresh)),
        ("min-fresh=100", 1, Freshness::Fresh(Some(Demand::MinFresh))),
        ("min-fresh=1, max-stale", 61, Freshness::Rejected(Forward::Stale)),
    ] {
        assert_eq!(freshness(asked, now), expected, "{asked} at {now}");
    }
}

#[test]
fn nothing_invalidated_and_nothing_from_the_future_is_served() {
    let terms = Terms { life: LIFE, ..Terms::default() };
    for now in [0, 65, 75] {
        assert_eq!(terms.freshness(&entry(), at(now), FLOOR + 1), Freshness::Expired, "{now}");
    }
    let later = |secs| Entry { stored_at: at(secs), expires_at: at(secs + 60), stale_until: at(secs + 90), ..entry() };
    assert_eq!(terms.freshness(&later(60), at(0), FLOOR), Freshness::Fresh(None));
    assert_eq!(terms.freshness(&later(61), at(0), FLOOR), Freshness::Expired);
}

#[test]
fn todays_windows_hold_for_what_was_kept_under_wider_ones() {
    let narrow = Life { while_revalidate: Millis::ZERO, if_error: Millis::from_secs(1), ..LIFE };
    let terms = Terms { life: narrow, ..Terms::default() };
    assert_eq!(terms.freshness(&entry(), at(60), FLOOR), Freshness::StaleIfError);
    assert_eq!(terms.freshness(&entry(), at(61), FLOOR), Freshness::Rejected(Forward::Stale));
}

#[test]
fn a_refresh_looks_for_what_is_newer() {
    let terms = |than| Terms { life: LIFE, newer_than: Some(than), ..Terms::default() };
    assert_eq!(terms(at(0)).freshness(&entry(), at(1), FLOOR), Freshness::Rejected(Forward::Stale));
    let before = Timestamp::from_millis(999_999);
    assert_eq!(terms(before).freshness(&entry(), at(1), FLOOR), Freshness::Fresh(None));
}
