//! Rate limits over many isolates: never above the stated bound, hardly below the limit, and few questions to the owner.
//!
//! `TOOLGATE_SEED=n` runs one seed of the property.
#![expect(clippy::print_stdout, reason = "a test shows its figures")]

use toolgate_share::seeds;
use toolgate_simulation::crowd::{Crowd, Limit, Plan, run};
use toolgate_simulation::world::Faults;

/// 2,000 requests a second over sixteen isolates.
const GLOBAL: Limit = Limit { requests: 2_000, window: 1, burst: 2_000, lease: 2_000 };

const NO_FAULTS: Faults = Faults {
    kv_stale: 0,
    kv_lost: 0,
    kv_broken: 0,
    tier_slow: 0,
    tier_damaged: 0,
    edge_away: 0,
    edge_missing: 0,
    sql_away: 0,
    sql_stale: 0,
    sql_lost: 0,
    durable_away: 0,
    origin: 0,
};

const PLAN: Plan = Plan {
    seed: 1,
    isolates: 16,
    limit: GLOBAL,
    seconds: 20,
    demand: |_, _| 250.0,
    faults: NO_FAULTS,
    fails_open: false,
};

/// The bound of docs/limits.md: in any span at most `burst + rate * span`, and what lay in leases, and who waited.
fn check_bound(plan: &Plan, crowd: &Crowd) {
    let bound = plan.limit.burst as f64 + plan.limit.most_out() + crowd.most_waiting as f64;
    let excess = crowd.excess(plan.limit.per_ms());
    assert!(excess <= bound, "seed {}: {excess} above the rate, and {bound} allowed\n{plan:?}", plan.seed);
}

fn figures(name: &str, plan: &Plan, crowd: &Crowd) -> (f64, f64) {
    let ideal = crowd.ideal(&plan.limit);
    let share = crowd.admitted() as f64 / ideal as f64;
    let requests_per_call = crowd.seen.len() as f64 / crowd.owner_calls as f64;
    println!(
        "{name:<28} {:>6} requests, {:>6} admitted, {ideal:>6} by one counter ({:.1} %), {:>4} owner calls (1 per {:.0}), \
         {:.0} above the rate (burst {}, leases {}, waiting {})",
        crowd.seen.len(),
        crowd.admitted(),
        share * 100.0,
        crowd.owner_calls,
        requests_per_call,
        crowd.excess(plan.limit.per_ms()),
        plan.limit.burst,
        plan.limit.most_out(),
        crowd.most_waiting,
    );
    check_bound(plan, crowd);
    (share, requests_per_call)
}

#[test]
fn sixteen_isolates_share_a_global_limit() {
    type Demand = fn(usize, u64) -> f64;
    let demands: [(&str, Demand); 5] = [
        ("twice the limit", |_, _| 250.0),
        ("the limit", |_, _| 125.0),
        ("one isolate has half of it", |isolate, _| if isolate == 0 { 1_500.0 } else { 100.0 }),
        ("half of them, in turn", |isolate, ms| if (isolate % 2 == 0) == (ms / 2_000 % 2 == 0) { 400.0 } else { 10.0 }),
        ("bursts", |_, ms| if ms % 1_000 < 250 { 1_000.0 } else { 0.0 }),
    ];
    for (name, demand) in demands {
        let plan = Plan { demand, ..PLAN };
        let crowd = run(&plan);
        let (share, requests_per_call) = figures(name, &plan, &crowd);
        assert!(share >= 0.95, "{name}: {share}");
        assert!(requests_per_call >= 50.0, "{name}: {requests_per_call}");
        only_refused_as(&crowd, &["rate_limited"]);
    }
}

/// Every request was answered, or refused by one of these names with a time to wait.
fn only_refused_as(crowd: &Crowd, names: &[&str]) {
    for seen in &crowd.seen {
        let is_named = seen.status == 200 || (names.contains(&seen.refusal.as_str()) && seen.wait.is_some());
        assert!(is_named, "{seen:?}");
    }
}

/// A limit of few requests a minute has no leases, so it is exact: who waits as long as it was told is admitted.
#[test]
fn a_slow_limit_is_exact_and_its_waits_are_true() {
    let limit = Limit { requests: 20, window: 60, burst: 5, lease: 2_000 };
    let plan = Plan { limit, isolates: 4, seconds: 60, demand: |_, _| 1.0, ..PLAN };
    let crowd = run(&plan);
    figures("a slow limit", &plan, &crowd);
    assert!(limit.most_out() == 0.0 && crowd.excess(limit.per_ms()) <= 5.1);
    let ideal = crowd.ideal(&limit);
    assert!(crowd.admitted() + 1 >= ideal, "{} of {ideal}", crowd.admitted());
    for seen in crowd.seen.iter().filter(|seen| seen.status == 429) {
        let wait = seen.wait.expect("a time to wait");
        assert!((1..=3_000).contains(&wait), "a token comes every 3 s: {seen:?}");
    }
}

#[test]
fn a_lost_limiter_fails_as_configured_and_within_the_bound() {
    let faults = Faults { durable_away: 30, ..PLAN.faults };
    for seed in 0..8 {
        let closed = Plan { seed, faults, seconds: 6, ..PLAN };
        let crowd = run(&closed);
        check_bound(&closed, &crowd);
        only_refused_as(&crowd, &["rate_limited", "limiter_unavailable"]);
        assert!(crowd.seen.iter().any(|seen| seen.refusal == "limiter_unavailable"), "seed {seed}");
        assert!(crowd.admitted() * 3 > crowd.ideal(&closed.limit), "seed {seed}: next to nothing was admitted");

        let open = Plan { fails_open: true, ..closed };
        let crowd = run(&open);
        // Those that were admitted without a token say so in their records; the others keep to the bound.
        check_bound(&open, &crowd);
        only_refused_as(&crowd, &["rate_limited"]);
        assert!(crowd.seen.iter().any(|seen| seen.is_unlimited), "seed {seed}");
    }
    let gone = Plan { faults: Faults { durable_away: 100, ..PLAN.faults }, seconds: 3, ..PLAN };
    let crowd = run(&gone);
    assert!(crowd.seen.iter().all(|seen| seen.refusal == "limiter_unavailable"));
    assert!(crowd.owner_calls <= 16 * 4, "an owner that is away is asked once a second: {}", crowd.owner_calls);
}

/// Any limit, any number of isolates, demand that changes, faults: never above the bound.
#[test]
fn the_bound_holds_for_any_limit() {
    let mut admitted = 0;
    for seed in seeds(120) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut one_of = |choices: &[u64]| choices[random.usize(..choices.len())];
        let limit = Limit {
            requests: one_of(&[1, 7, 60, 300, 900]),
            window: one_of(&[1, 1, 10, 60]),
            burst: one_of(&[1, 3, 20, 300]),
            lease: one_of(&[200, 1_000, 2_000, 10_000]),
        };
        let demands: [fn(usize, u64) -> f64; 4] = [
            |_, _| 40.0,
            |isolate, ms| if (isolate as u64 + ms / 700).is_multiple_of(3) { 90.0 } else { 0.0 },
            |isolate, _| [300.0, 1.0, 5.0][isolate % 3],
            |_, ms| if ms % 1_500 < 200 { 200.0 } else { 2.0 },
        ];
        let demand = demands[usize::try_from(one_of(&[0, 1, 2, 3])).expect("a place")];
        let durable_away = u32::try_from(one_of(&[0, 0, 10, 40])).expect("a percentage");
        let isolates = usize::try_from(one_of(&[1, 2, 5, 16])).expect("a number");
        let faults = Faults { durable_away, ..PLAN.faults };
        let plan = Plan { seed, isolates, limit, seconds: 5, demand, faults, fails_open: seed % 5 == 4 };
        let crowd = run(&plan);
        check_bound(&plan, &crowd);
        admitted += crowd.admitted();
    }
    assert!(admitted > 0);
}
