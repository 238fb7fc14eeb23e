//! One key, several calls, and the owner's replies to each.

use super::*;
use crate::words::time::Millis;

/// An owner whose clock is moved by hand.
struct Owner {
    flight: Option<Flight<&'static str>>,
    now: Timestamp,
}

/// Returns a call that may be given anything.
const fn call(number: u64) -> Join {
    Join { number, epoch: 0, floor: 0, waited: None, refused: None }
}

const LATER: Timestamp = Timestamp::from_millis(1_000_000);

impl Owner {
    fn new() -> Self {
        Self { flight: None, now: Timestamp::from_millis(10_000) }
    }

    fn ask(&mut self, command: Command<&'static str>) -> Reply<&'static str> {
        let (next, reply) = apply(self.flight.as_ref(), command, self.now);
        if let Some((flight, expires)) = next {
            assert!(expires > self.now || matches!(flight.phase, FlightPhase::Landed { .. }), "{flight:?}");
            self.flight = Some(flight);
        }
        reply
    }

    fn join(&mut self, join: Join) -> Reply<&'static str> {
        self.ask(Command::Join(join))
    }

    fn finish(&mut self, number: u64, landing: Landing<&'static str>) -> Reply<&'static str> {
        self.ask(Command::Finish { number, landing })
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now.after(Millis::new(ms));
    }
}

#[test]
fn one_leads_and_the_others_are_given_its_value() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    assert_eq!(owner.join(call(2)), Reply::Wait { flight: 1 });
    assert_eq!(owner.finish(1, Landing::Value { value: "v", expires_at: LATER }), Reply::Noted);
    assert_eq!(owner.join(Join { waited: Some(1), ..call(2) }), Reply::Value { flight: 1, value: "v" });
    assert_eq!(owner.join(call(3)), Reply::Value { flight: 1, value: "v" });
    // A call that cannot use it asks the executor itself, and so does every call once it has expired.
    assert_eq!(owner.join(Join { refused: Some(1), ..call(4) }), Reply::Lead);
    assert_eq!(owner.finish(4, Landing::Value { value: "w", expires_at: owner.now }), Reply::Noted);
    assert_eq!(owner.join(call(5)), Reply::Lead);
}

#[test]
fn a_leader_that_did_not_hear_the_reply_may_ask_again() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    owner.wait(1_000);
    assert_eq!(owner.join(call(1)), Reply::Lead);
    assert_eq!(owner.join(call(2)), Reply::Wait { flight: 1 });
}

#[test]
fn only_a_silent_leader_is_replaced() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    for _ in 0..20 {
        owner.wait(1_000);
        assert_eq!(owner.ask(Command::Renew { number: 1 }), Reply::Noted);
        assert_eq!(owner.join(call(2)), Reply::Wait { flight: 1 });
    }
    owner.wait(FLIGHT_LEADER_LOST.get() - 1);
    assert_eq!(owner.join(call(2)), Reply::Wait { flight: 1 });
    owner.wait(1);
    assert_eq!(owner.join(call(2)), Reply::Lead);
    // Late messages of the lost leader match no flight.
    assert_eq!(owner.ask(Command::Renew { number: 1 }), Reply::Lost);
    assert_eq!(owner.finish(1, Landing::Value { value: "late", expires_at: LATER }), Reply::Lost);
    assert_eq!(owner.finish(1, Landing::Failed), Reply::Lost);
    assert_eq!(owner.join(call(3)), Reply::Wait { flight: 2 });
}

#[test]
fn a_lost_leader_that_nobody_replaced_is_still_the_leader() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    owner.wait(60_000);
    assert_eq!(owner.finish(1, Landing::Value { value: "v", expires_at: LATER }), Reply::Noted);
    assert_eq!(owner.join(call(2)), Reply::Value { flight: 1, value: "v" });
}

#[test]
fn a_call_gets_no_value_from_before_an_invalidation() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    let after = Join { epoch: 5, floor: 5, ..call(2) };
    assert_eq!(owner.join(after), Reply::Lead);
    assert_eq!(owner.finish(1, Landing::Value { value: "old", expires_at: LATER }), Reply::Lost);
    // A call that came before it may have a value that was fetched after it.
    assert_eq!(owner.join(Join { waited: Some(1), ..call(3) }), Reply::Wait { flight: 2 });
    assert_eq!(owner.finish(2, Landing::Value { value: "new", expires_at: LATER }), Reply::Noted);
    assert_eq!(owner.join(call(3)), Reply::Value { flight: 2, value: "new" });
    assert_eq!(owner.join(Join { epoch: 6, floor: 6, ..call(4) }), Reply::Lead);
}

#[test]
fn who_waited_for_a_failure_goes_alone_and_who_did_not_leads() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    assert_eq!(owner.finish(1, Landing::Failed), Reply::Noted);
    assert_eq!(owner.join(Join { waited: Some(1), ..call(2) }), Reply::Failed);
    assert_eq!(owner.join(call(3)), Reply::Lead);
    // However late it asks: it does not wait for a second failure.
    assert_eq!(owner.join(Join { waited: Some(1), ..call(4) }), Reply::Failed);
    assert_eq!(owner.finish(3, Landing::Value { value: "v", expires_at: LATER }), Reply::Noted);
    assert_eq!(owner.join(Join { waited: Some(1), ..call(4) }), Reply::Failed);
}

#[test]
fn who_waited_for_one_that_left_takes_its_place() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    assert_eq!(owner.finish(1, Landing::Left), Reply::Noted);
    assert_eq!(owner.join(Join { waited: Some(1), ..call(2) }), Reply::Lead);
    assert_eq!(owner.join(Join { waited: Some(1), ..call(3) }), Reply::Wait { flight: 2 });
}

#[test]
fn a_value_too_large_is_fetched_one_after_the_other() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    assert_eq!(owner.finish(1, Landing::Elsewhere { expires_at: LATER }), Reply::Noted);
    for number in [2, 3] {
        assert_eq!(owner.join(Join { waited: Some(1), ..call(number) }), Reply::Elsewhere { flight: 1 });
    }
    assert_eq!(owner.join(Join { refused: Some(1), ..call(2) }), Reply::Lead);
    assert_eq!(owner.join(Join { refused: Some(1), ..call(3) }), Reply::Wait { flight: 2 });
}

#[test]
fn a_clock_that_is_set_back_keeps_no_lost_leader() {
    let mut owner = Owner::new();
    assert_eq!(owner.join(call(1)), Reply::Lead);
    owner.now = Timestamp::from_millis(1);
    assert_eq!(owner.join(call(2)), Reply::Lead);
}

#[test]
fn what_can_be_forgotten_is_nothing_that_anyone_still_waits_for() {
    let now = Timestamp::from_millis(10_000);
    let (led, _) = apply::<&str>(None, Command::Join(call(1)), now);
    let (flight, expires) = led.unwrap();
    assert!(expires > now.after(FLIGHT_LEADER_LOST));
    let value = Landing::Value { value: "v", expires_at: LATER };
    let (landed, _) = apply(Some(&flight), Command::Finish { number: 1, landing: value }, now);
    assert_eq!(landed.unwrap().1, now.after(FLIGHT_KEPT));
    let (failed, _) = apply(Some(&flight), Command::Finish { number: 1, landing: Landing::Failed }, now);
    assert_eq!(failed.unwrap().1, now.after(FLIGHT_KEPT));
}
