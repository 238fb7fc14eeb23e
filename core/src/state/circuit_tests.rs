//! Rates, phases, generations and bounds of circuit breakers.

use super::*;

const RULES: BreakerParameters = BreakerParameters {
    window: Millis::from_secs(10),
    minimum_calls: 10,
    failure_rate: 50,
    slow_rate: 80,
    probe_interval: Millis::from_secs(5),
};
const LASTS: Millis = Millis::from_secs(5);

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(Millis::new(ms))
}

fn tally(calls: u32, failed: u32, slow: u32) -> Tally {
    Tally { calls, failed, slow }
}

fn count(breaker: &mut Breaker, tally: Tally, ms: u64) -> bool {
    let generation = breaker.generation();
    breaker.count(&RULES, generation, tally, at(ms))
}

/// Returns a breaker that opened at the time zero.
fn open() -> Breaker {
    let mut breaker = Breaker::new(0, at(0));
    assert!(count(&mut breaker, tally(10, 10, 0), 0));
    breaker
}

/// Returns a breaker whose probe succeeded at the time 5,000.
fn recovering() -> Breaker {
    let mut breaker = open();
    let generation = breaker.claim(&RULES, 7, LASTS, at(5_000)).unwrap();
    breaker.tried(7, generation, true, at(5_000));
    assert_eq!(breaker.phase(), BreakerPhase::Recovering);
    breaker
}

#[test]
fn failures_in_a_row_outweigh_earlier_successes() {
    for (scope, opens) in [("docs.get", true), (WHOLE, false)] {
        let mut breaker = Breaker::of_scope(scope, 0, at(0));
        breaker.count(&RULES, 0, tally(1_000, 0, 0), at(1));
        let bad = RULES.minimum_calls;
        for number in 1..bad {
            assert!(!breaker.count(&RULES, 0, tally(1, 1, 0), at(2)), "{scope}: {number}");
        }
        breaker.count(&RULES, 0, tally(1, 0, 0), at(3));
        for number in 1..bad {
            let kind = if number % 2 == 0 { tally(1, 1, 0) } else { tally(1, 1, 1) };
            assert!(!breaker.count(&RULES, 0, kind, at(4)), "{scope}: one that went well begins it anew");
        }
        assert_eq!(breaker.count(&RULES, 0, tally(1, 1, 0), at(5)), opens, "{scope}");
    }
}

#[test]
fn opens_at_the_rates_and_not_below_nor_with_too_few_calls() {
    for (told, opens) in [
        (tally(10, 5, 0), Some(Reason::FailureRate)),
        (tally(10, 4, 7), None),
        (tally(9, 9, 9), None),
        (tally(10, 0, 8), Some(Reason::SlowRate)),
        (tally(1_000_000, 499_999, 0), None),
    ] {
        let mut breaker = Breaker::new(0, at(0));
        assert_eq!(count(&mut breaker, told, 0), opens.is_some(), "{told:?}");
        assert_eq!((breaker.reason(), breaker.generation()), (opens, u64::from(opens.is_some())), "{told:?}");
    }
}

#[test]
fn what_is_older_than_the_window_counts_no_more() {
    // The first bucket ends at 1,000; at 10,000 it is the eleventh back.
    for (later, opens) in [(9_999, true), (10_000, false)] {
        let mut breaker = Breaker::new(0, at(0));
        assert!(!count(&mut breaker, tally(5, 5, 0), 500));
        assert_eq!(count(&mut breaker, tally(5, 5, 0), later), opens, "{later}");
    }
    // The same under constant reports: each bucket is emptied when it is used again.
    let mut breaker = Breaker::new(0, at(0));
    count(&mut breaker, tally(4, 4, 0), 500);
    for ms in [4_000, 8_000] {
        count(&mut breaker, tally(1, 0, 0), ms);
    }
    assert!(!count(&mut breaker, tally(4, 4, 0), 10_000));
    // Old successes hide no current failures.
    let mut breaker = Breaker::new(0, at(0));
    count(&mut breaker, tally(1_000, 0, 0), 0);
    assert!(count(&mut breaker, tally(10, 10, 0), 30_000));
}

#[test]
fn one_trial_at_a_time_decides() {
    let mut breaker = open();
    assert_eq!(breaker.claim(&RULES, 7, LASTS, at(4_999)), None);
    let first = breaker.claim(&RULES, 7, LASTS, at(5_000)).unwrap();
    assert_eq!(breaker.claim(&RULES, 8, LASTS, at(9_999)), None, "another is under way");
    breaker.tried(8, first, true, at(6_000));
    assert!(matches!(breaker.phase(), BreakerPhase::Probing { holder: 7, .. }), "it is not his");
    // Lost: another is made, and the first one's outcome comes too late.
    let second = breaker.claim(&RULES, 8, LASTS, at(10_000)).unwrap();
    breaker.tried(7, first, true, at(10_001));
    assert!(matches!(breaker.phase(), BreakerPhase::Probing { holder: 8, .. }));
    breaker.tried(8, second, false, at(11_000));
    assert_eq!((breaker.phase(), breaker.share(&RULES, at(11_000))), (BreakerPhase::Open, 0));
    assert_eq!(breaker.claim(&RULES, 7, LASTS, at(15_999)), None, "the interval begins anew");
    // Also of one's own: the late outcome of an earlier probe is not the outcome of this one.
    let third = breaker.claim(&RULES, 8, LASTS, at(16_000)).unwrap();
    breaker.tried(8, second, true, at(16_001));
    assert!(matches!(breaker.phase(), BreakerPhase::Probing { .. }));
    // It counts also when its time is over, while no other has begun.
    breaker.tried(8, third, true, at(60_000));
    assert_eq!(breaker.phase(), BreakerPhase::Recovering);
}

#[test]
fn a_growing_share_goes_through_while_it_recovers() {
    let mut breaker = recovering();
    for (ms, share) in [(5_000, 10), (7_500, 55), (9_999, 99), (10_000, 100)] {
        assert_eq!(breaker.share(&RULES, at(ms)), share, "{ms}");
    }
    // Two failures are too few, of three one and a half are enough.
    assert!(!count(&mut breaker, tally(2, 2, 0), 6_000));
    assert!(count(&mut breaker, tally(1, 0, 0), 6_000));
    let mut breaker = recovering();
    let generation = breaker.generation();
    breaker.advance(&RULES, at(9_999));
    assert_eq!(breaker.phase(), BreakerPhase::Recovering);
    breaker.advance(&RULES, at(10_000));
    assert_eq!((breaker.phase(), breaker.generation()), (BreakerPhase::Closed, generation + 1));
}

#[test]
fn calls_of_an_earlier_generation_say_nothing() {
    let mut breaker = recovering();
    for earlier in 0..breaker.generation() {
        assert!(!breaker.count(&RULES, earlier, tally(100, 100, 0), at(6_000)));
    }
    assert_eq!(breaker.phase(), BreakerPhase::Recovering);
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_open_for_ever() {
    let back = Timestamp::from_millis(1_000);
    let mut breaker = open();
    assert_eq!(breaker.claim(&RULES, 7, LASTS, back), None);
    assert!(breaker.claim(&RULES, 7, LASTS, back.after(RULES.probe_interval)).is_some());
    let mut breaker = open();
    breaker.claim(&RULES, 7, LASTS, at(5_000)).unwrap();
    assert_eq!(breaker.claim(&RULES, 8, LASTS, back), None);
    assert!(breaker.claim(&RULES, 8, LASTS, back.after(LASTS)).is_some());
    let mut breaker = recovering();
    breaker.advance(&RULES, back);
    breaker.advance(&RULES, back.after(RULES.probe_interval));
    assert_eq!(breaker.phase(), BreakerPhase::Closed);
    // Outcomes counted in the future are dropped, so that they do not stay.
    let mut breaker = Breaker::new(0, at(0));
    count(&mut breaker, tally(9, 9, 0), 0);
    assert!(!breaker.count(&RULES, 0, tally(1, 1, 0), back));
}

fn report(scope: &str, generation: u64, tally: Tally) -> Command {
    Command::Report { rules: RULES, reports: vec![CircuitReport { scope: scope.to_owned(), generation, tally }] }
}

fn ask(circuit: &mut Option<Circuit>, command: Command, ms: u64) -> Reply {
    let (next, reply) = apply(circuit.clone(), command, at(ms));
    *circuit = next.map(|(circuit, _)| circuit).or(circuit.take());
    reply
}

#[test]
fn an_owner_tells_what_is_not_closed_and_what_was_asked() {
    let mut circuit = None;
    assert_eq!(ask(&mut circuit, report(WHOLE, 0, Tally::default()), 0).views, []);
    assert_eq!(circuit, None, "nothing is stored for a question");
    ask(&mut circuit, report(WHOLE, 0, tally(10, 10, 0)), 0);
    let reply = ask(&mut circuit, report("a.b", 0, tally(1, 0, 0)), 3_000);
    let view = |scope: &str, phase, age, generation, reason| BreakerView {
        scope: scope.to_owned(),
        phase,
        age: Millis::new(age),
        generation,
        reason,
    };
    let whole = view(WHOLE, BreakerPhase::Open, 3_000, 1, Some(Reason::FailureRate));
    assert_eq!(reply.views, [whole, view("a.b", BreakerPhase::Closed, 0, 0, None)]);
    let claim = |holder| Command::Claim { rules: RULES, holder, scope: WHOLE.to_owned(), lasts: LASTS };
    assert_eq!(ask(&mut circuit, claim(1), 4_999).answer, CommandResult::Held);
    assert_eq!(ask(&mut circuit, claim(1), 5_000).answer, CommandResult::Granted { generation: 2 });
    assert_eq!(ask(&mut circuit, claim(2), 5_001).answer, CommandResult::Held);
    let tried = Command::Tried { rules: RULES, holder: 1, scope: WHOLE.to_owned(), generation: 2, passed: true };
    assert_eq!(ask(&mut circuit, tried, 6_000).views[0].phase, BreakerPhase::Recovering);
    assert_eq!(ask(&mut circuit, claim(2), 6_001).answer, CommandResult::Needless);
}

#[test]
fn scopes_are_bounded_and_the_quiet_closed_ones_go_first() {
    let mut circuit = None;
    ask(&mut circuit, report("open", 0, tally(10, 10, 0)), 0);
    for number in 0..CIRCUITS_PER_EXECUTOR as u64 + 50 {
        ask(&mut circuit, report(&format!("t.{number:03}"), 0, tally(1, 0, 0)), 1_000 * number);
        ask(&mut circuit, report("t.000", 0, tally(1, 0, 0)), 1_000 * number);
    }
    ask(&mut circuit, report(WHOLE, 0, tally(1, 0, 0)), 180_000);
    let long = "x".repeat(ToolName::BYTES + 1);
    ask(&mut circuit, report(&long, 0, tally(10, 10, 0)), 180_000);
    let known = circuit.clone().unwrap();
    assert_eq!(known.scopes.len(), CIRCUITS_PER_EXECUTOR);
    for (scope, is_known) in [(WHOLE, true), ("open", true), ("t.000", true), ("t.001", false), (&long, false)] {
        assert_eq!(known.scopes.contains_key(scope), is_known, "{scope}");
    }
    // A late outcome of an evicted breaker is of an earlier generation.
    let reply = ask(&mut circuit, report("t.001", 0, tally(10, 10, 0)), 180_000);
    let of = reply.views.iter().find(|view| view.scope == "t.001").unwrap();
    assert_eq!((of.phase, of.generation), (BreakerPhase::Closed, 1));
}

#[test]
fn what_is_quiet_is_forgotten_and_the_state_with_it() {
    let told = report("a.b", 0, tally(10, 10, 0));
    let (next, _) = apply(None, report("c.d", 0, tally(1, 0, 0)), at(0));
    let (circuit, expires) = next.unwrap();
    assert_eq!(expires, at(0).after(crate::words::limits::CIRCUIT_QUIET));
    let (circuit, expires) = apply(Some(circuit), told, at(0)).0.unwrap();
    assert_eq!(expires, at(0).after(crate::words::limits::CIRCUIT_KEPT), "an open one is kept for longer");
    let later = at(crate::words::limits::CIRCUIT_QUIET.get());
    let next = apply(Some(circuit), report(WHOLE, 0, Tally::default()), later).0.unwrap().0;
    assert_eq!(next.scopes.keys().collect::<Vec<_>>(), ["a.b"]);
}
