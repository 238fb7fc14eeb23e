//! One call's decision on each reply, and the pruning of an isolate's table.

use super::table::FlightSlot;
use super::*;
use crate::words::limits::{FLIGHT_LEADER_LOST, FLIGHTS};
use crate::words::maps::MapHasher;

const START: Timestamp = Timestamp::from_millis(1_000_000);

fn call(place: FlightScope, span: u64) -> Boarding {
    Boarding::new(place, 7, 3, 3, START, START.after(Millis::new(span)))
}

fn entry(epoch: u64, expires_at: u64) -> Rc<Entry> {
    Rc::new(Entry {
        output: br#"{"value":1}"#.to_vec(),
        duration: "1".to_owned(),
        finished_at: String::new(),
        stored_at: START,
        expires_at: Timestamp::from_millis(expires_at),
        stale_until: Timestamp::from_millis(expires_at),
        epoch,
    })
}

fn key(text: &str) -> CacheKey {
    CacheKey::of_bytes(text.as_bytes())
}

#[test]
fn waits_in_growing_steps_and_no_longer_than_the_call_may_take() {
    for (place, longest) in [(FlightScope::Isolate, FLIGHT_LOOK_MAX), (FlightScope::Owner, FLIGHT_POLL_MAX)] {
        let (mut call, mut now, mut waited, mut asks) = (call(place, 30_000), START, 0, 0);
        let mut last = Millis::ZERO;
        while let FlightStep::Wait(span) = call.heard(Reply::Wait::<Rc<Entry>> { flight: 1 }, now, Some) {
            assert!(span <= longest && (span >= last || waited + span.get() == 30_000), "{span} after {last}");
            (now, last, waited, asks) = (now.after(span), span, waited + span.get(), asks + 1);
        }
        assert_eq!((waited, call.met_others()), (30_000, true));
        println!("{asks} questions in 30 s at {}", place.name());
    }
    // A clock that stands still, or is set back again and again, gives no more time.
    let (mut call, mut waited) = (call(FlightScope::Owner, 5_000), 0);
    while let FlightStep::Wait(span) = call.heard(Reply::Wait::<Rc<Entry>> { flight: 1 }, START, Some) {
        waited += span.get();
    }
    assert_eq!(waited, 5_000);
}

#[test]
fn serves_only_what_it_could_have_found_in_the_cache() {
    let reply = |entry| Reply::Value { flight: 1, value: entry };
    let late = START.as_millis() + 1;
    assert_eq!(
        call(FlightScope::Owner, 100).heard(reply(entry(3, late)), START, Some),
        FlightStep::Serve(entry(3, late))
    );
    for unfit in [entry(2, late), entry(3, START.as_millis())] {
        let mut call = call(FlightScope::Owner, 100);
        assert_eq!(call.heard(reply(unfit), START, Some), FlightStep::Ask);
        let Command::Join(join) = call.command::<()>() else { panic!("it joins") };
        assert_eq!((join.refused, join.floor, join.epoch), (Some(1), 3, 3));
    }
    // An unreadable value, or one stored under another key, is no value.
    let stored = |under: &str| ByteVec::from(entry(3, late).encode(under.as_bytes()));
    let read = |value: ByteVec| Entry::decode(&value, b"key").map(Rc::new);
    let mut one = call(FlightScope::Owner, 100);
    assert_eq!(one.heard(Reply::Value { flight: 1, value: stored("other") }, START, read), FlightStep::Ask);
    assert!(matches!(one.heard(Reply::Value { flight: 2, value: stored("key") }, START, read), FlightStep::Serve(_)));
}

#[test]
fn goes_alone_after_a_failure_and_after_too_many_flights() {
    assert_eq!(call(FlightScope::Owner, 100).heard(Reply::Failed::<()>, START, |()| None), FlightStep::Alone);
    for reply in [
        |flight| Reply::Wait { flight },
        |flight| Reply::Value { flight, value: () },
        |flight| Reply::Elsewhere { flight },
    ] {
        let mut call = call(FlightScope::Owner, 10_000);
        for flight in 0..u64::from(FLIGHTS_WAITED_FOR) {
            assert_ne!(call.heard(reply(flight), START, |()| None), FlightStep::Alone);
        }
        assert_eq!(call.heard(reply(99), START, |()| None), FlightStep::Alone);
    }
}

#[test]
fn what_is_too_large_for_the_owner_is_not_sent_to_it() {
    let small = entry(3, 2_000_000);
    let large = Entry { output: vec![b' '; FLIGHT_VALUE_BYTES], ..(*small).clone() };
    assert!(matches!(landing(&small, &key("k")), Landing::Value { .. }));
    assert_eq!(landing(&large, &key("k")), Landing::Elsewhere { expires_at: large.expires_at });
}

fn join(slot: &FlightSlot, number: u64, waited: Option<u64>) -> Reply<Rc<Entry>> {
    slot.apply(Command::Join(Join { number, epoch: 3, floor: 3, waited, refused: None }), START)
}

#[test]
fn a_dropped_leaders_seat_goes_to_a_waiter_or_is_forgotten() {
    let flights = Flights::new(1, MapHasher::fixed());
    let slot = flights.slot(&key("k"), START).unwrap();
    assert_eq!(join(&slot, 1, None), Reply::Lead);
    let seat = flights.seat(slot, &key("k"), 1);
    let waiting = flights.slot(&key("k"), START).unwrap();
    assert_eq!(join(&waiting, 2, None), Reply::Wait { flight: 1 });
    drop(seat);
    assert_eq!(join(&waiting, 2, Some(1)), Reply::Lead);
    let seat = flights.seat(waiting, &key("k"), 2);
    assert_eq!(flights.len(), 1);
    drop(seat);
    assert_eq!(flights.len(), 0);
}

#[test]
fn who_waits_is_given_what_landed_though_no_tier_keeps_it() {
    let flights = Flights::new(1, MapHasher::fixed());
    let slot = flights.slot(&key("k"), START).unwrap();
    assert_eq!(join(&slot, 1, None), Reply::Lead);
    let waiting = slot.clone();
    flights.seat(slot, &key("k"), 1).land(Some(entry(3, 2_000_000)), START);
    assert_eq!(flights.len(), 0);
    assert_eq!(join(&waiting, 2, Some(1)), Reply::Value { flight: 1, value: entry(3, 2_000_000) });
}

#[test]
fn the_table_is_bounded_and_what_the_dead_left_makes_room() {
    let flights = Flights::new(1, MapHasher::fixed());
    for number in 0..FLIGHTS {
        let slot = flights.slot(&key(&number.to_string()), START).unwrap();
        join(&slot, 1, None);
        std::mem::forget(flights.seat(slot, &key(&number.to_string()), 1));
    }
    assert!(flights.slot(&key("one more"), START).is_none());
    assert!(flights.slot(&key("1"), START).is_some());
    assert!(flights.slot(&key("one more"), START.after(FLIGHT_LEADER_LOST)).is_some());
    assert_eq!(flights.len(), 1);
}
