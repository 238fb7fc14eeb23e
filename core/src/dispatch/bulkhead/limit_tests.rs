//! The effect of one window, one drop and one call on the limit.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use super::*;

fn call(took: u64, ended: LimitOutcome) -> Completed<'static> {
    Completed { took: Millis::new(took), tool: "a.b", ended, is_calm: false }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

/// Ends calls of 100 ms, as many as there can be in a window and as fast as ten at once are.
fn end(limit: &mut Limit, calls: u64, took: u64, from: u64) {
    for number in 0..calls {
        limit.found_full();
        limit.ended(&call(took, LimitOutcome::Answered), limit.get() - 1, at(from + number * 10));
    }
}

#[test]
fn grows_only_where_it_was_reached_and_never_beyond_the_bound() {
    let mut limit = Limit::new(17, MapHasher::fixed());
    for number in 0..100 {
        assert!(limit.entered(3), "a call among few is calm");
        limit.ended(&call(100, LimitOutcome::Answered), 2, at(number * 10));
    }
    assert_eq!(limit.get(), 16);
    end(&mut limit, 100, 100, 1_000);
    assert_eq!(limit.get(), 17);
    assert_eq!(Limit::new(0, MapHasher::fixed()).get(), 1);
}

#[test]
fn a_window_has_sixteen_calls_and_the_time_of_a_baseline() {
    let mut limit = Limit::new(64, MapHasher::fixed());
    end(&mut limit, 15, 100, 0);
    assert_eq!(limit.get(), 16, "fifteen calls");
    end(&mut limit, 1, 100, 150);
    assert_eq!(limit.get(), 17);
    let mut limit = Limit::new(64, MapHasher::fixed());
    for _ in 0..50 {
        limit.found_full();
        limit.ended(&call(100, LimitOutcome::Answered), 15, at(0));
    }
    assert_eq!(limit.get(), 16, "in no time");
    end(&mut limit, 1, 100, 100);
    assert_eq!(limit.get(), 17);
}

#[test]
fn drops_cut_at_once_but_once_in_a_window() {
    let mut limit = Limit::new(64, MapHasher::fixed());
    limit.ended(&call(5, LimitOutcome::Dropped), 15, at(0));
    assert_eq!(limit.get(), 12);
    // The calls in flight settle; then comes a window.
    for number in 0..15 + 16 {
        limit.ended(&call(5, LimitOutcome::Dropped), 11, at(number));
        assert_eq!(limit.get(), 12, "{number}");
    }
    limit.ended(&call(5, LimitOutcome::Dropped), 11, at(40));
    assert_eq!(limit.get(), 9);
    for number in 0..1_000 {
        limit.ended(&call(5, LimitOutcome::Dropped), 0, at(100 + number));
    }
    assert_eq!(limit.get(), 1);
}

#[test]
fn what_says_nothing_changes_nothing() {
    let mut limit = Limit::new(64, MapHasher::fixed());
    for number in 0..100 {
        limit.found_full();
        limit.ended(&call(9_000, LimitOutcome::Ignored), 15, at(number * 10));
    }
    assert_eq!((limit.get(), limit.recent()), (16, Millis::ZERO));
    end(&mut limit, 15, 100, 2_000);
    limit.ended(&call(9_000, LimitOutcome::Ignored), 15, at(3_000));
    assert_eq!(limit.get(), 16, "nor does it end a window");
}

/// Returns the least share of the limit that is allowed while calls take `times` in turn, all under load.
fn probed(times: &[u64]) -> f64 {
    let mut limit = Limit::new(16, MapHasher::fixed());
    let mut least = 1.0_f64;
    for number in 0..1_000 {
        end(&mut limit, 1, times[number as usize % times.len()], number * 10);
        least = least.min(f64::from(limit.allowed()) / f64::from(limit.get()));
    }
    least
}

#[test]
fn under_load_it_is_probed_and_deeper_if_call_times_vary() {
    assert_eq!(probed(&[100]), 0.75);
    assert_eq!(probed(&[100, 20, 500]), 0.5);
}

#[test]
fn doubled_call_times_lower_it_but_not_to_a_half_in_one_window() {
    let mut limit = Limit::new(64, MapHasher::fixed());
    (0..8).for_each(|number| {
        limit.entered(1);
        limit.ended(&Completed { is_calm: true, ..call(100, LimitOutcome::Answered) }, 0, at(number));
    });
    end(&mut limit, 16, 200, 1_000);
    assert_eq!(limit.get(), 14);
    end(&mut limit, 31, 204, 2_000);
    assert_eq!(limit.get(), 13);
}

#[test]
fn a_clock_that_is_set_back_does_not_hold_a_window_open() {
    let mut limit = Limit::new(64, MapHasher::fixed());
    end(&mut limit, 10, 100, 500_000);
    end(&mut limit, 20, 100, 0);
    assert_eq!(limit.get(), 17);
}
