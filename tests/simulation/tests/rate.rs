//! Rate limits over many isolates: never above the stated bound, hardly below the limit, and few questions to the owner.
//!
//! `TOOLGATE_SEED=n` runs one seed of the property.

use toolgate_simulation::crowd::{Crowd, Limit, Plan, run};
use toolgate_simulation::world::Faults;

/// 2,000 requests a second over sixteen isolates.
const GLOBAL: Limit = Limit { requests: 2_000, window: 1, burst: 2_000, lease: 2_000 };

const PLAN: Plan = Plan {
    seed: 1,
    isolates: 16,
    limit: GLOBAL,
    seconds: 10,
    demand: |_, _| 250.0,
    faults: Faults { kv_stale: 0, kv_lost: 0, kv_broken: 0, durable_away: 0, origin: 0 },
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
    let demands: [(&str, fn(usize, u64) -> f64); 5] = [
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
    }
}
