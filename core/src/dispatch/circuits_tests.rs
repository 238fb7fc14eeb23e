//! The calls that an isolate's breakers let through, and the times at which the owner is asked.

use super::*;
use crate::state::circuit::{CommandResult, Reason};

const RULES: BreakerRules = BreakerRules {
    window: Millis::from_secs(10),
    minimum_calls: 10,
    failure_rate: 50,
    slow_call: Millis::from_secs(2),
    slow_rate: 80,
    probe_interval: Millis::from_secs(5),
};
const HOLDER: u64 = 7;
const FAST: Millis = Millis::new(10);

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(Millis::new(ms))
}

fn calls(circuits: &Circuits, tool: &str, times: usize, outcome: CircuitOutcome, ms: u64) {
    for _ in 0..times {
        let ticket = circuits.begin(0, tool, at(ms));
        circuits.ended(ticket, outcome, FAST, &RULES, at(ms));
    }
}

/// Creates breakers whose tool `a.bad` opened at the time zero, while the executor stays closed.
fn with_a_bad_tool() -> Circuits {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    calls(&circuits, "a.good", 20, CircuitOutcome::Success, 0);
    calls(&circuits, "a.bad", 10, CircuitOutcome::Failure, 0);
    circuits
}

fn state_of(circuits: &Circuits, tool: &str, ms: u64) -> CircuitState {
    circuits.state_of(0, tool, &RULES, at(ms), 50)
}

fn open(scope: BreakerScope, ms: u64) -> CircuitState {
    CircuitState::Open { since: at(ms), scope }
}

fn view(scope: &str, phase: BreakerPhase, age: u64, generation: u64) -> BreakerView {
    BreakerView { scope: scope.to_owned(), phase, age: Millis::new(age), generation, reason: Some(Reason::SlowRate) }
}

fn adopt(circuits: &Circuits, views: &[BreakerView], ms: u64) {
    circuits.adopt(&Job(circuits.whole(0, at(ms))), views, &BreakerParameters::from(&RULES), at(ms));
}

fn reports(circuits: &Circuits, ms: u64) -> Vec<(String, u64, Tally)> {
    let reports = circuits.reports(&Job(circuits.whole(0, at(ms))), &BreakerParameters::from(&RULES), at(ms));
    reports.into_iter().map(|report| (report.scope, report.generation, report.tally)).collect()
}

#[test]
fn what_fails_is_left_alone_and_nothing_else() {
    let circuits = with_a_bad_tool();
    assert_eq!(state_of(&circuits, "a.bad", 0), open(BreakerScope::Tool, 0));
    assert_eq!(state_of(&circuits, "a.good", 0), CircuitState::Closed);
    assert_eq!(state_of(&circuits, "a.unknown", 0), CircuitState::Closed);
    assert_eq!(circuits.state_of(1, "a.bad", &RULES, at(0), 0), CircuitState::Closed);
    assert_eq!(circuits.open(at(0)), [(0, Some("a.bad".to_owned()), at(0), "failure_rate")]);
    calls(&circuits, "a.worse", 10, CircuitOutcome::Failure, 1);
    assert_eq!(state_of(&circuits, "a.good", 1), open(BreakerScope::Executor, 1));
    assert_eq!(circuits.open(at(1))[0], (0, None, at(1), "failure_rate"));
}

#[test]
fn a_call_that_says_nothing_counts_for_nothing() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    calls(&circuits, "a.b", 100, CircuitOutcome::Ignored, 0);
    for _ in 0..100 {
        drop(circuits.begin(0, "a.b", at(0)));
    }
    assert_eq!((state_of(&circuits, "a.b", 0), reports(&circuits, 0)), (CircuitState::Closed, vec![]));
}

#[test]
fn a_slow_call_counts_at_once_and_only_once() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    let mut tickets: Vec<Ticket> = (0..10).map(|_| circuits.begin(0, "a.b", at(0))).collect();
    for ticket in &mut tickets {
        circuits.slow_already(ticket, &RULES, at(1_999));
    }
    assert_eq!(state_of(&circuits, "a.b", 1_999), CircuitState::Closed);
    for ticket in &mut tickets[..9] {
        circuits.slow_already(ticket, &RULES, at(2_000));
        circuits.slow_already(ticket, &RULES, at(2_001));
    }
    assert_eq!(state_of(&circuits, "a.b", 2_001), CircuitState::Closed, "nine are too few");
    let last = tickets.pop().unwrap();
    circuits.ended(last, CircuitOutcome::Success, Millis::new(2_002), &RULES, at(2_002));
    assert_eq!(state_of(&circuits, "a.b", 2_002), open(BreakerScope::Executor, 2_002));
    assert_eq!(circuits.open(at(2_002))[0].3, "slow_rate");
    for ticket in tickets {
        circuits.ended(ticket, CircuitOutcome::Failure, Millis::new(3_000), &RULES, at(3_000));
    }
    let told = Tally { calls: 10, failed: 9, slow: 10 };
    assert_eq!(reports(&circuits, 3_000), [(String::new(), 0, told), ("a.b".to_owned(), 0, told)]);
}

#[test]
fn few_calls_that_hang_open_it_as_many_would() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    let mut tickets: Vec<Ticket> = (0..4).map(|_| circuits.begin(0, "a.b", at(0))).collect();
    for (ms, count) in [(2_000, 4), (3_999, 4), (4_000, 8), (6_000, 12)] {
        assert_eq!(state_of(&circuits, "a.b", ms), CircuitState::Closed, "four at once, at {ms}");
        tickets.iter_mut().for_each(|ticket| circuits.slow_already(ticket, &RULES, at(ms)));
        assert_eq!(tickets.iter().map(|ticket| ticket.slow).sum::<u32>(), count);
    }
    assert_eq!(state_of(&circuits, "a.b", 6_000), open(BreakerScope::Executor, 6_000));
    circuits.ended(tickets.pop().unwrap(), CircuitOutcome::Failure, Millis::new(6_500), &RULES, at(6_500));
    let told = Tally { calls: 12, failed: 1, slow: 12 };
    assert_eq!(reports(&circuits, 6_500), [(String::new(), 0, told), ("a.b".to_owned(), 0, told)]);
}

#[test]
fn an_owner_that_was_never_asked_is_asked_by_one_call() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    let Introduction::Begins(job) = circuits.introduce(0, at(0)) else { panic!() };
    assert!(matches!(circuits.introduce(0, at(1)), Introduction::UnderWay));
    assert!(matches!(circuits.introduce(1, at(1)), Introduction::Begins(_)), "of another one");
    drop(job);
    let Introduction::Begins(job) = circuits.introduce(0, at(2)) else { panic!("the call that asked is gone") };
    job.0.diary.is_met.set(true);
    assert!(matches!(circuits.introduce(0, at(3)), Introduction::Over));
}

#[test]
fn what_the_owner_says_holds_until_it_is_old() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    adopt(&circuits, &[view(WHOLE, BreakerPhase::Open, 3_000, 1), view("a.b", BreakerPhase::Open, 0, 1)], 4_000);
    assert_eq!(state_of(&circuits, "a.b", 13_999), open(BreakerScope::Executor, 1_000));
    assert_eq!(circuits.open(at(13_999)).len(), 2);
    assert_eq!(state_of(&circuits, "a.b", 14_000), CircuitState::Closed);
    assert_eq!(circuits.open(at(14_000)), []);
    assert_eq!(state_of(&circuits, "a.b", 3_999), CircuitState::Closed, "the clock was set back");
    // The tool is closed there.
    adopt(&circuits, &[view("a.b", BreakerPhase::Open, 0, 1)], 14_000);
    assert_eq!(state_of(&circuits, "a.b", 14_000), open(BreakerScope::Tool, 14_000));
    assert_eq!(state_of(&circuits, "a.c", 14_000), CircuitState::Closed);
    adopt(&circuits, &[], 14_000);
    assert_eq!(state_of(&circuits, "a.b", 14_000), CircuitState::Closed);
}

#[test]
fn the_dice_decide_while_the_stricter_of_both_recovers() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    adopt(&circuits, &[view("a.b", BreakerPhase::Recovering, 0, 3)], 0);
    // Half of the interval: 55 of a hundred.
    for (percent, expected) in
        [(54, CircuitState::Recovering), (55, open(BreakerScope::Tool, 0)), (99, open(BreakerScope::Tool, 0))]
    {
        assert_eq!(circuits.state_of(0, "a.b", &RULES, at(2_500), percent), expected, "{percent}");
    }
    assert_eq!(circuits.state_of(0, "a.b", &RULES, at(5_000), 99), CircuitState::Closed);
    // The isolate's own breaker rejects, whatever the owner lets through.
    calls(&circuits, "a.good", 20, CircuitOutcome::Success, 2_500);
    calls(&circuits, "a.b", 10, CircuitOutcome::Failure, 2_500);
    assert_eq!(circuits.state_of(0, "a.b", &RULES, at(2_500), 0), open(BreakerScope::Tool, 2_500));
}

/// Claims a probe of `a.bad`, with this answer of the owner.
fn claim(circuits: &Circuits, answer: Option<CommandResult>, ms: u64) -> bool {
    let (rules, bad) = (BreakerParameters::from(&RULES), circuits.tool(0, "a.bad", at(ms)));
    let permit = bad.permit(answer, &rules, HOLDER, Millis::from_secs(7), at(ms));
    permit.map(|permit| bad.keep(permit)).is_some()
}

fn untried(circuits: &Circuits, ms: u64) -> usize {
    circuits.untried(&Job(circuits.whole(0, at(ms))), &BreakerParameters::from(&RULES), at(ms)).len()
}

#[test]
fn one_call_is_the_trial_of_a_tool_and_decides() {
    for (outcome, took, passes) in [
        (CircuitOutcome::Success, FAST, true),
        (CircuitOutcome::Failure, FAST, false),
        (CircuitOutcome::Success, RULES.slow_call, false),
    ] {
        let circuits = with_a_bad_tool();
        assert_eq!((untried(&circuits, 4_999), untried(&circuits, 5_000)), (0, 1));
        adopt(&circuits, &[view("a.bad", BreakerPhase::Probing { holder: HOLDER, lasts: FAST }, 0, 2)], 5_000);
        assert!(claim(&circuits, Some(CommandResult::Granted { generation: 2 }), 5_000));
        assert_eq!(untried(&circuits, 20_000), 0, "one waits for its call");
        assert_eq!(state_of(&circuits, "a.bad", 6_000), CircuitState::Probe);
        let ticket = circuits.begin(0, "a.bad", at(6_000));
        assert_eq!(state_of(&circuits, "a.bad", 6_000), open(BreakerScope::Tool, 5_000), "one call only");
        circuits.ended(ticket, outcome, took, &RULES, at(7_000));
        let verdicts = circuits.verdicts(&Job(circuits.whole(0, at(7_000))));
        assert_eq!(verdicts.iter().map(|(_, of, passed)| (*of, *passed)).collect::<Vec<_>>(), [(2, passes)]);
        // The owner's decision is adopted; the isolate's own breaker has gone the same way.
        adopt(&circuits, &[], 7_000);
        assert_eq!(circuits.state_of(0, "a.bad", &RULES, at(7_000), 9) == CircuitState::Recovering, passes);
    }
}

#[test]
fn the_isolate_probes_alone_if_the_owner_is_away_or_needs_none() {
    for answer in [None, Some(CommandResult::Needless)] {
        let circuits = with_a_bad_tool();
        assert!(!claim(&circuits, answer, 4_999), "it is not time");
        assert!(claim(&circuits, answer, 5_000));
        assert_eq!(state_of(&circuits, "a.bad", 5_000), CircuitState::Probe);
        let mut ticket = circuits.begin(0, "a.bad", at(5_000));
        circuits.slow_already(&mut ticket, &RULES, at(7_000));
        assert_eq!(state_of(&circuits, "a.bad", 7_000), open(BreakerScope::Tool, 7_000), "slow is no success");
        assert!(circuits.verdicts(&Job(circuits.whole(0, at(7_000)))).is_empty(), "the owner gave no trial");
    }
    let circuits = with_a_bad_tool();
    assert!(!claim(&circuits, Some(CommandResult::Held), 5_000), "another has it");
}

#[test]
fn a_trial_that_is_lost_is_made_again() {
    let circuits = with_a_bad_tool();
    assert!(claim(&circuits, None, 5_000));
    assert_eq!(state_of(&circuits, "a.bad", 5_000), CircuitState::Probe);
    drop(circuits.begin(0, "a.bad", at(5_000)));
    assert_eq!((untried(&circuits, 11_999), untried(&circuits, 12_000)), (0, 1));
    // A probe that the owner has given to another meanwhile is void.
    assert!(claim(&circuits, Some(CommandResult::Granted { generation: 2 }), 12_000));
    adopt(&circuits, &[view("a.bad", BreakerPhase::Probing { holder: 8, lasts: FAST }, 0, 4)], 12_000);
    assert_eq!(state_of(&circuits, "a.bad", 12_000), open(BreakerScope::Tool, 12_000));
}

#[test]
fn what_began_before_a_change_is_not_told() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    let earlier = circuits.begin(0, "a.b", at(0));
    calls(&circuits, "a.b", 3, CircuitOutcome::Success, 0);
    adopt(&circuits, &[view("a.b", BreakerPhase::Closed, 0, 4)], 0);
    circuits.ended(earlier, CircuitOutcome::Failure, FAST, &RULES, at(1));
    calls(&circuits, "a.b", 1, CircuitOutcome::Success, 1);
    let of_tool = reports(&circuits, 1).pop().unwrap();
    assert_eq!(of_tool, ("a.b".to_owned(), 4, Tally { calls: 1, failed: 0, slow: 0 }));
    assert_eq!(reports(&circuits, 1), [], "nothing is told twice");
}

#[test]
fn the_owner_is_asked_no_more_often_than_is_due() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    let job = |ms| circuits.job(0, at(ms));
    let end = |job: Option<Job>, ms| {
        let job = job.expect("it is due");
        circuits.reports(&job, &BreakerParameters::from(&RULES), at(ms));
        circuits.settle(&job, &BreakerParameters::from(&RULES), at(ms));
    };
    assert!(job(0).is_none(), "there is nothing to tell");
    calls(&circuits, "a.b", 20, CircuitOutcome::Success, 0);
    end(job(0), 0);
    assert!(job(60_000).is_none());
    calls(&circuits, "a.b", 1, CircuitOutcome::Success, 60_000);
    end(job(60_000), 60_000);
    calls(&circuits, "a.b", 1, CircuitOutcome::Success, 60_001);
    assert!(job(64_999).is_none());
    calls(&circuits, "a.b", 1, CircuitOutcome::Failure, 60_001);
    assert!(job(60_999).is_none());
    let first = job(61_000);
    assert!(job(62_500).is_none(), "one at a time");
    end(first, 61_100);
    // The breaker opens: that report cannot wait, and then every second is soon enough.
    calls(&circuits, "a.b", 20, CircuitOutcome::Failure, 61_200);
    end(job(61_200), 61_200);
    assert!(job(62_199).is_none());
    let lost = job(62_200).unwrap();
    std::mem::forget(lost);
    assert!(job(92_199).is_none());
    std::mem::forget(job(92_200).expect("that job was cut off"));
    assert!(job(50_000).is_some(), "the clock was set back");
}

#[test]
fn remembers_a_bounded_number_of_tools() {
    let circuits = Circuits::new(HOLDER, MapHasher::fixed());
    for number in 0..CIRCUITS + 10 {
        calls(&circuits, &format!("a.{number}"), 1, CircuitOutcome::Success, 0);
        calls(&circuits, "a.0", 1, CircuitOutcome::Success, 0);
    }
    assert_eq!(circuits.tools.borrow().len(), CIRCUITS);
    assert!(circuits.with_tool(0, "a.0", |_| ()).is_some() && circuits.with_tool(0, "a.1", |_| ()).is_none());
    let told = reports(&circuits, 0);
    assert_eq!((told.len(), told[0].0.as_str()), (CIRCUITS_PER_EXECUTOR, WHOLE));
}
