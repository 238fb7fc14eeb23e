//! Tests of the owner of a limit's key.

use super::*;

const LEASE: Millis = Millis::from_secs(2);
/// 100 a second, all of them at once: 200 may lie in leases of two seconds.
const PACE: Pace = Pace { requests: 100, window: Millis::from_secs(1), burst: 100 };

fn ask(holder: u64, number: u64) -> Ask {
    Ask { pace: PACE, lease: LEASE, holder, number, held: 0, returned: 0, waiting: 1, more: 0 }
}

#[derive(Default)]
struct Owner(Option<Rate>);

impl Owner {
    fn answer(&mut self, ask: Ask, now: u64) -> Reply {
        let (next, reply) = apply(self.0.clone(), Command::Ask(ask), Timestamp::from_millis(now));
        self.0 = next.map(|(rate, _)| rate).or(self.0.take());
        reply
    }

    fn granted(&mut self, ask: Ask, now: u64) -> Granted {
        match self.answer(ask, now) {
            Reply::Lease(granted) => granted,
            Reply::Overtaken => panic!("overtaken"),
        }
    }
}

#[test]
fn a_lease_is_debited_and_half_of_what_is_there_stays() {
    let mut owner = Owner::default();
    let first = owner.granted(Ask { more: 1_000, ..ask(1, 1) }, 0);
    assert_eq!((first.tokens, first.left), (50, 50));
    assert!(first.wait > Millis::ZERO, "more was asked for than could be given");
    let second = owner.granted(Ask { more: 10, ..ask(2, 1) }, 0);
    assert_eq!(second, Granted { tokens: 11, left: 39, wait: Millis::ZERO });
}

#[test]
fn what_is_given_back_counts_once_and_only_if_it_was_out() {
    let mut owner = Owner::default();
    let spend = |number, returned| Ask { waiting: 0, returned, ..ask(1, number) };
    assert_eq!(owner.granted(Ask { more: 20, ..ask(1, 1) }, 0).tokens, 21);
    assert_eq!(owner.granted(spend(2, 5), 0).left, 84);
    assert_eq!(owner.granted(spend(3, 5), 0).left, 84, "told twice");
    assert_eq!(owner.granted(spend(4, 500), 0).left, 84, "more than was out: the holder keeps nothing");
    assert_eq!(owner.granted(Ask { returned: 50, ..spend(1, 0) }.clone(), 5_000).left, 100);
    assert_eq!(owner.granted(Ask { returned: 50, waiting: 0, ..ask(9, 1) }, 5_000).left, 100, "of a stranger");
}

#[test]
fn a_question_that_was_overtaken_changes_nothing() {
    let mut owner = Owner::default();
    owner.granted(ask(1, 2), 0);
    let before = owner.0.clone();
    assert_eq!(owner.answer(Ask { returned: 7, more: 9, ..ask(1, 1) }, 10), Reply::Overtaken);
    assert_eq!(owner.answer(ask(1, 2), 10), Reply::Overtaken);
    assert_eq!(owner.0, before);
}

#[test]
fn a_refusal_says_when_and_asking_then_is_enough() {
    let mut owner = Owner::default();
    let slow = Pace { requests: 1, window: Millis::from_secs(60), burst: 2 };
    let one = |number| Ask { pace: slow, more: 8, ..ask(1, number) };
    assert_eq!(owner.granted(one(1), 0).tokens, 1, "a limit this slow has no leases");
    assert_eq!(owner.granted(one(2), 0).tokens, 1);
    let refused = owner.granted(one(3), 0);
    assert_eq!(refused, Granted { tokens: 0, left: 0, wait: Millis::from_secs(60) });
    assert_eq!(owner.granted(one(4), 59_999).tokens, 0);
    assert_eq!(owner.granted(one(5), 60_000).tokens, 1);
}

#[test]
fn leases_together_never_hold_more_than_the_bound() {
    let mut owner = Owner::default();
    let wide = Pace { burst: 10_000, ..PACE };
    let mut out = 0;
    for holder in 0..20 {
        out += owner.granted(Ask { pace: wide, more: 19, waiting: 0, ..ask(holder, 1) }, 0).tokens;
    }
    assert_eq!(out, most_out(wide, LEASE));
    let more = owner.granted(Ask { pace: wide, more: 90, ..ask(99, 1) }, 0);
    assert_eq!(more.tokens, 1, "one that waits is not refused for it");
    // Two lives later they are forgotten.
    assert_eq!(owner.granted(Ask { pace: wide, more: 90, ..ask(99, 2) }, 4_000).tokens, 91);
}

#[test]
fn many_holders_have_a_bound() {
    let mut owner = Owner::default();
    let wide = Pace { requests: 1_000_000, burst: 1_000_000, ..PACE };
    for holder in 0..2 * RATE_HOLDERS as u64 {
        assert!(owner.granted(Ask { pace: wide, more: 1, ..ask(holder, 1) }, 0).tokens > 0);
    }
    assert_eq!(owner.0.unwrap().holders.len(), RATE_HOLDERS);
}

#[test]
fn an_idle_key_can_be_forgotten_when_nothing_is_left_in_it() {
    let (next, _) = apply(None, Command::Ask(Ask { more: 49, ..ask(1, 1) }), Timestamp::from_millis(1_000));
    assert_eq!(next.unwrap().1, Timestamp::from_millis(5_000));
    let slow = Pace { requests: 1, window: Millis::from_secs(60), burst: 2 };
    let (next, _) = apply(None, Command::Ask(Ask { pace: slow, ..ask(1, 1) }), Timestamp::from_millis(1_000));
    assert_eq!(next.unwrap().1, Timestamp::from_millis(61_000));
}
