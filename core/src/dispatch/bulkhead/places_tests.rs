//! Slots that are freed, and lost ones.

use super::*;
use crate::words::time::Millis;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000).after(Millis::from_secs(secs))
}

#[test]
fn a_place_is_freed_once() {
    let mut places = Places::default();
    let first = places.take(at(0), |in_flight| in_flight == 1);
    let second = places.take(at(0), |in_flight| in_flight == 1);
    assert_eq!((first.is_calm, second.is_calm, places.in_flight()), (true, false, 2));
    places.free(first);
    places.free(first);
    assert_eq!(places.in_flight(), 1);
}

#[test]
fn the_slot_of_a_silently_ended_call_is_freed_in_the_end() {
    let mut places = Places::default();
    let lost = places.take(at(0), |_| true);
    places.take(at(60), |_| true);
    places.free_lost(at(119));
    assert_eq!(places.in_flight(), 2);
    places.free_lost(at(120));
    assert_eq!(places.in_flight(), 1);
    places.free(lost);
    assert_eq!(places.in_flight(), 1, "its place is another's");
    // The clock is set back by five minutes.
    places.free_lost(Timestamp::from_millis(at(0).as_millis() - 300_000));
    assert_eq!(places.in_flight(), 0);
}
