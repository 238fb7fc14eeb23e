//! Tests of an isolate's lease.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use super::*;

const LIFE: Millis = Millis::from_secs(2);
const PACE: Pace = Pace { requests: 100, window: Millis::from_secs(1), burst: 100 };

const fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

fn granted(tokens: u64, wait: u64) -> Reply {
    Reply::Lease(Granted { tokens, left: 7, wait: Millis::new(wait) })
}

/// Returns a lease that received `tokens` at `ms`.
fn lease_of(tokens: u64, wait: u64, ms: u64) -> TokenLease {
    let lease = TokenLease::new(1, at(ms));
    let (_, open) = lease.ask(PACE, LIFE, at(ms), true);
    open.answered(&granted(tokens, wait), LIFE, at(ms));
    lease
}

fn stand(lease: &TokenLease, ms: u64) -> TokenState {
    lease.stand(LIFE, at(ms), true)
}

#[test]
fn tokens_are_used_until_they_are_gone_or_old() {
    let lease = lease_of(2, 0, 0);
    assert_eq!(stand(&lease, 0), TokenState::Ready { renew: false });
    assert_eq!(lease.take(), 8, "one here and seven at the owner");
    assert_eq!(stand(&lease, 1_000), TokenState::Ready { renew: true });
    assert_eq!(lease.take(), 7);
    assert_eq!(stand(&lease, 1_000), TokenState::Ask);
    let lease = lease_of(2, 0, 0);
    assert_eq!(stand(&lease, 2_000), TokenState::Ask);
    let (ask, _) = lease.ask(PACE, LIFE, at(2_000), true);
    assert_eq!((ask.held, ask.returned), (0, 2), "what is old goes back");
    assert_eq!(
        lease_of(2, 0, 0).stand(LIFE, Timestamp::from_millis(999_999), true),
        TokenState::Ask,
        "a clock set back"
    );
}

#[test]
fn where_tokens_are_short_nobody_is_asked_until_it_makes_sense() {
    let lease = lease_of(0, 500, 0);
    assert_eq!(stand(&lease, 100), TokenState::Refused(Millis::new(400)));
    assert_eq!(stand(&lease, 500), TokenState::Ask);
    let (_, open) = lease.ask(PACE, LIFE, at(500), true);
    assert_eq!(stand(&lease, 501), TokenState::Refused(Millis::new(1)), "one question is enough");
    drop(open);
    assert_eq!(stand(&lease, 502), TokenState::Ask, "a question whose request was dropped is not under way");
    let lease = lease_of(0, 0, 0);
    let (first, open) = lease.ask(PACE, LIFE, at(1), true);
    assert_eq!((stand(&lease, 1), stand(&lease, 2), first.waiting), (TokenState::Wait, TokenState::Wait, 1));
    drop(open);
    assert_eq!(lease.ask(PACE, LIFE, at(3), true).0.waiting, 3, "one asks for all who wait");
    let clock_set_back = Timestamp::from_millis(5);
    assert_eq!(lease_of(0, 500, 0).stand(LIFE, clock_set_back, true), TokenState::Ask, "a clock that was set back");
}

#[test]
fn a_lost_answer_gives_nothing_and_is_not_retried_at_once() {
    let lease = lease_of(1, 0, 0);
    let (_, open) = lease.ask(PACE, LIFE, at(10), false);
    open.lost(DurableError::Unavailable, at(20));
    assert_eq!(stand(&lease, 20), TokenState::Ready { renew: false });
    lease.take();
    assert_eq!(stand(&lease, 20), TokenState::Lost(DurableError::Unavailable, RATE_RETRY));
    assert_eq!(stand(&lease, 1_020), TokenState::Ask);
}

#[test]
fn an_answer_that_comes_too_late_is_given_back() {
    let lease = TokenLease::new(1, at(0));
    let (_, open) = lease.ask(PACE, LIFE, at(0), true);
    open.answered(&granted(9, 0), LIFE, at(2_000));
    assert_eq!(stand(&lease, 2_000), TokenState::Ask);
    assert_eq!(lease.ask(PACE, LIFE, at(2_000), true).0.returned, 9);
}

#[test]
fn asks_for_half_a_lease_of_its_own_demand() {
    let lease = lease_of(1, 0, 0);
    let mut wanted = Vec::new();
    for ms in (0..10_000).step_by(2) {
        stand(&lease, ms);
        if ms % 400 == 0 {
            wanted.push(lease.ask(PACE, LIFE, at(ms), false).0.more);
        }
    }
    assert_eq!((wanted[0], *wanted.last().unwrap()), (2, 500), "500 requests a second, half a lease is a second");
}

#[test]
fn is_renewed_when_a_quarter_of_what_is_wanted_is_left() {
    let lease = lease_of(10, 0, 0);
    lease.0.borrow_mut().wanted = 12;
    let renewals: Vec<bool> = (0..10)
        .map(|_| {
            let renew = stand(&lease, 10) == TokenState::Ready { renew: true };
            lease.take();
            renew
        })
        .collect();
    assert_eq!(renewals.iter().position(|renew| *renew), Some(8), "two are fewer than a quarter of twelve");
}
