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

fn standing(asked: &str, now: u64) -> Standing {
    Terms { life: LIFE, asked: Directives::parse(asked), newer_than: None }.standing(&entry(), at(now), FLOOR)
}

#[test]
fn is_fresh_then_stale_then_a_spare_then_nothing() {
    for (now, expected) in [
        (0, Standing::Fresh(None)),
        (59, Standing::Fresh(None)),
        (60, Standing::Stale),
        (69, Standing::Stale),
        (70, Standing::Spare),
        (89, Standing::Spare),
        (90, Standing::Dead),
    ] {
        assert_eq!(standing("", now), expected, "{now}");
    }
}

#[test]
fn a_caller_narrows_what_the_operator_allows() {
    let by = |demand| Standing::Unfit(Forward::Request(demand));
    for (asked, now, expected) in [
        ("max-age=5", 4, Standing::Fresh(None)),
        ("max-age=5", 5, by(Demand::MaxAge)),
        ("max-age=0", 1, Standing::Fresh(Some(Demand::MaxAge))),
        ("max-age=0", 2, by(Demand::MaxAge)),
        ("max-age=1000", 61, Standing::Unfit(Forward::Stale)),
        ("max-age=1000, max-stale", 61, Standing::Stale),
        ("max-age=1000, max-stale=5", 65, Standing::Unfit(Forward::Stale)),
        ("max-stale=5", 64, Standing::Stale),
        ("max-stale=5", 65, Standing::Unfit(Forward::Stale)),
        ("max-stale=15", 71, Standing::Spare),
        ("max-stale=15", 75, Standing::Unfit(Forward::Stale)),
        ("max-stale", 90, Standing::Dead),
        ("max-age=62, max-stale", 63, Standing::Unfit(Forward::Stale)),
        ("min-fresh=20", 40, Standing::Fresh(None)),
        ("min-fresh=20", 41, by(Demand::MinFresh)),
        ("min-fresh=100", 1, Standing::Fresh(Some(Demand::MinFresh))),
        ("min-fresh=1, max-stale", 61, Standing::Unfit(Forward::Stale)),
    ] {
        assert_eq!(standing(asked, now), expected, "{asked} at {now}");
    }
}

#[test]
fn nothing_invalidated_and_nothing_from_the_future_is_served() {
    let terms = Terms { life: LIFE, ..Terms::default() };
    for now in [0, 65, 75] {
        assert_eq!(terms.standing(&entry(), at(now), FLOOR + 1), Standing::Dead, "{now}");
    }
    let later = |secs| Entry { stored_at: at(secs), expires_at: at(secs + 60), stale_until: at(secs + 90), ..entry() };
    assert_eq!(terms.standing(&later(60), at(0), FLOOR), Standing::Fresh(None));
    assert_eq!(terms.standing(&later(61), at(0), FLOOR), Standing::Dead);
}

#[test]
fn todays_windows_hold_for_what_was_kept_under_wider_ones() {
    let narrow = Life { while_revalidate: Millis::ZERO, if_error: Millis::from_secs(1), ..LIFE };
    let terms = Terms { life: narrow, ..Terms::default() };
    assert_eq!(terms.standing(&entry(), at(60), FLOOR), Standing::Spare);
    assert_eq!(terms.standing(&entry(), at(61), FLOOR), Standing::Unfit(Forward::Stale));
}

#[test]
fn a_refresh_looks_for_what_is_newer() {
    let terms = |than| Terms { life: LIFE, newer_than: Some(than), ..Terms::default() };
    assert_eq!(terms(at(0)).standing(&entry(), at(1), FLOOR), Standing::Unfit(Forward::Stale));
    let before = Timestamp::from_millis(999_999);
    assert_eq!(terms(before).standing(&entry(), at(1), FLOOR), Standing::Fresh(None));
}
