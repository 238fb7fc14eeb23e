//! Cost-aware against least recently used and the optimum, on every trace.

use toolgate::cache::Eviction;

use crate::replay::{Cost, Keys, Saved, UNIT, entry, mixed, optimum, replay};
use crate::traces::{NAMES, Trace, trace};

/// Entries of one size that there is room for.
const CAPACITIES: [usize; 4] = [64, 256, 1_024, 4_096];

/// Bytes for entries of many sizes.
const ROOMS: [usize; 3] = [1 << 20, 4 << 20, 16 << 20];

/// The least lead of cost-aware over least recently used, in points; below 0, the most that it may lag. The scan leaves
/// no such room once nearly everything fits.
fn needed(name: &str, lru: f64, best: f64) -> f64 {
    match name {
        "scan" if best - lru > 5.0 => 5.0,
        "shift" => -4.0,
        _ => 0.0,
    }
}

#[test]
fn traces_are_what_they_were() {
    for name in NAMES {
        let trace = trace(name);
        assert_eq!(trace.digest(), trace.sha256, "the generator of {name} has changed");
    }
}

#[test]
fn cost_aware_hits_at_least_as_often_where_all_calls_are_alike() {
    println!("| trace | entries | `lru` | `cost-aware` | optimum |\n|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for name in NAMES {
        let trace = trace(name);
        let mut keys = Keys::new();
        for capacity in CAPACITIES {
            let [lru, cost_aware, best] = ratios(&trace, &mut keys, capacity);
            println!("| {name} | {capacity} | {lru:.1} % | {cost_aware:.1} % | {best:.1} % |");
            if cost_aware < lru + needed(name, lru, best) || cost_aware > best {
                wrong.push(format!("{name}, {capacity}: {lru:.2} {cost_aware:.2} {best:.2}"));
            }
        }
    }
    assert!(wrong.is_empty(), "trace, entries: lru, cost-aware, optimum: {wrong:#?}");
}

/// Hit ratios in per cent: least recently used, cost-aware, and the optimum, which has no bookkeeping.
fn ratios(trace: &Trace, keys: &mut Keys, capacity: usize) -> [f64; 3] {
    let weight = entry(UNIT).weight(keys.of(0).as_bytes());
    let per_cent = |hits: u64| hits as f64 * 100.0 / trace.requests.len() as f64;
    // Both have the same bytes, and pay for their own bookkeeping.
    let room = (capacity + 1) * weight - 1;
    let of = |eviction, keys: &mut Keys| per_cent(replay(&trace.requests, keys, room, eviction, |_| UNIT).hits);
    [of(Eviction::Lru, keys), of(Eviction::CostAware, keys), per_cent(optimum(&trace.requests, capacity))]
}

#[test]
fn cost_aware_saves_more_where_calls_differ() {
    println!("| trace | memory | `lru`: hits, s, tokens | `cost-aware`: hits, s, tokens |\n|---|---|---|---|");
    let mut wrong = Vec::new();
    for name in NAMES {
        let trace = trace(name);
        let mut keys = Keys::new();
        for room in ROOMS {
            let of =
                |eviction, keys: &mut Keys| replay(&trace.requests, keys, room, eviction, mixed as fn(u32) -> Cost);
            let (lru, cost_aware) = (of(Eviction::Lru, &mut keys), of(Eviction::CostAware, &mut keys));
            println!("| {name} | {} MiB | {} | {} |", room >> 20, show(&trace, lru), show(&trace, cost_aware));
            if worth(cost_aware) <= worth(lru) {
                wrong.push(format!("{name}, {room} bytes"));
            }
        }
    }
    assert!(wrong.is_empty(), "saved no more: {wrong:?}");
}

/// Saved milliseconds, with four tokens for one.
fn worth(saved: Saved) -> u64 {
    saved.millis + saved.tokens / 4
}

fn show(trace: &Trace, saved: Saved) -> String {
    let hits = saved.hits as f64 * 100.0 / trace.requests.len() as f64;
    format!("{hits:.1} %, {}, {:.1} M", saved.millis / 1_000, saved.tokens as f64 / 1e6)
}
