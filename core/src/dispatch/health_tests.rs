//! The recorded health of executors, and its lifetime.

use super::*;

const TOOL: &str = "docs.get";

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(Millis::new(ms))
}

#[test]
fn what_is_older_than_two_windows_is_forgotten() {
    let health = Health::new(2, MapHasher::fixed());
    let window = HEALTH_WINDOW.get();
    health.ended(1, TOOL, Millis::new(5), HealthOutcome::Answered, at(0));
    health.ended(1, TOOL, Millis::new(7), HealthOutcome::TimedOut, at(1));
    health.ended(1, TOOL, Millis::new(1), HealthOutcome::Failed, at(2));
    let known = ToolHealth { calls: 3, failed: 2, p50: Some(Millis::new(5)), p95: Some(Millis::new(7)) };
    for now in [2, window - 1, window, 2 * window - 1] {
        assert_eq!(health.seen(1, TOOL, at(now)), known, "{now}");
    }
    assert_eq!(known.failed_per_mille(), 666);
    assert_eq!(health.seen(1, TOOL, at(3 * window)), ToolHealth::default());
    assert_eq!(
        (health.seen(0, TOOL, at(2)), health.seen(1, "docs.put", at(2))),
        (ToolHealth::default(), ToolHealth::default())
    );
    assert_eq!(health.seen(7, TOOL, at(2)), ToolHealth::default(), "no such executor");
}

#[test]
fn a_window_that_nobody_saw_is_no_window_before() {
    let health = Health::new(1, MapHasher::fixed());
    health.ended(0, TOOL, Millis::new(5), HealthOutcome::Answered, at(0));
    health.ended(0, TOOL, Millis::new(6), HealthOutcome::Answered, at(2 * HEALTH_WINDOW.get()));
    assert_eq!(health.seen(0, TOOL, at(2 * HEALTH_WINDOW.get())).calls, 1);
}

#[test]
fn the_least_recently_used_tool_is_forgotten() {
    let health = Health::new(1, MapHasher::fixed());
    for tool in 0..=HEALTH_TOOLS {
        health.ended(0, &tool.to_string(), Millis::new(5), HealthOutcome::Answered, at(0));
    }
    assert_eq!(health.seen(0, "0", at(0)), ToolHealth::default());
    assert_eq!(health.seen(0, "1", at(0)).calls, 1);
    assert_eq!(health.seen(0, &HEALTH_TOOLS.to_string(), at(0)).calls, 1);
}

#[test]
fn a_budget_is_a_share_of_the_calls_and_does_not_pile_up() {
    let health = Health::new(2, MapHasher::fixed());
    let taken = |executor| (0..1_000).filter(|_| health.take_retry(executor)).count();
    assert_eq!((taken(0), taken(0)), (3, 0));
    (0..20).for_each(|_| health.deposit(0, 20, 5));
    assert_eq!((taken(0), health.take_hedge(0), health.take_hedge(0)), (4, true, false));
    (0..100_000).for_each(|_| health.deposit(1, 20, 5));
    assert_eq!(taken(1), crate::words::limits::BUDGET_CALLS as usize);
    assert!(!health.take_hedge(7) && !health.take_retry(7));
}
