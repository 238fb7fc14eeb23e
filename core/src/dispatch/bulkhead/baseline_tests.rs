//! The samples that move a baseline, and those that do not.

use super::*;

fn known(tool: &str, times: &[u64]) -> Baselines {
    let mut baselines = Baselines::new(MapHasher::fixed());
    for took in times {
        baselines.compare(tool, Millis::new(*took), true, 1.0);
    }
    baselines
}

/// Returns the baseline, asked by a call that teaches nothing.
fn baseline(baselines: &mut Baselines, tool: &str) -> f64 {
    baselines.compare(tool, Millis::new(1), false, 1.0).baseline
}

#[test]
fn one_slow_call_moves_a_baseline_no_further_than_another() {
    let mut first_was_slow = known("a.b", &[2_000, 100, 100, 100]);
    assert_eq!(baseline(&mut first_was_slow, "a.b"), 100.0);
    let mut steady = known("a.b", &[100; 64]);
    steady.compare("a.b", Millis::new(60_000), true, 1.0);
    assert!(baseline(&mut steady, "a.b") < 102.0);
    steady.compare("a.b", Millis::ZERO, true, 1.0);
    assert!((99.0..=101.0).contains(&baseline(&mut steady, "a.b")));
}

#[test]
fn a_baseline_follows_calm_calls_slowly_and_others_not_at_all() {
    let mut baselines = known("a.b", &[100; 64]);
    for _ in 0..1_000 {
        baselines.compare("a.b", Millis::new(200), false, 1.0);
    }
    assert_eq!(baseline(&mut baselines, "a.b"), 100.0);
    for _ in 0..16 {
        baselines.compare("a.b", Millis::new(200), true, 1.0);
    }
    assert!((115.0..=140.0).contains(&baseline(&mut baselines, "a.b")));
    for _ in 0..64 {
        baselines.compare("a.b", Millis::new(200), true, 1.0);
    }
    assert_eq!(baseline(&mut baselines, "a.b"), 200.0);
}

#[test]
fn each_tool_is_compared_with_itself() {
    let mut baselines = known("a.slow", &[1_000; 8]);
    baselines.compare("a.fast", Millis::new(10), true, 1.0);
    assert_eq!(baselines.compare("a.slow", Millis::new(1_000), false, 1.0).ratio, 1.0);
    assert_eq!(baselines.compare("a.fast", Millis::new(10), false, 1.0).ratio, 1.0);
    // First seen under load: the delay of the others is not its own.
    assert_eq!(baselines.compare("a.new", Millis::new(196), false, 2.0).ratio, 2.0);
    assert_eq!(baseline(&mut baselines, "a.new"), 96.0);
}

#[test]
fn a_millisecond_is_no_delay() {
    let mut baselines = known("a.b", &[1; 8]);
    assert!(baselines.compare("a.b", Millis::new(2), false, 1.0).ratio < 1.25);
}

#[test]
fn remembers_a_bounded_number_of_tools() {
    let mut baselines = Baselines::new(MapHasher::fixed());
    for tool in 0..=BULKHEAD_TOOLS {
        baselines.compare(&format!("a.{tool}"), Millis::new(1), true, 1.0);
    }
    assert_eq!(baselines.len(), BULKHEAD_TOOLS);
}
