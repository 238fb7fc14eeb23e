//! Every order of events of a small world: three calls of one key in two isolates, their leaders' deaths, lost and late
//! messages, failures, an invalidation, ticks of the clock. The reducer and the decisions are the product's own.
//!
//! In a tick (a second) whoever waits looks at least once, whoever leads says so, and a message arrives or is given up: as the
//! driver and the port have it. What is given up may still arrive, at any time.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

#[path = "model_world_tests.rs"]
mod world;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use world::{Event, World};

/// How much of everything may happen.
#[derive(Clone, Copy, Debug)]
struct Budget {
    calls: usize,
    ticks: u32,
    deaths: u32,
    losses: u32,
    failures: u32,
    invalidations: u32,
    /// The time that a call may take, in ticks.
    span: u64,
    flaw: Flaw,
}

const NONE: Budget =
    Budget { calls: 3, ticks: 0, deaths: 0, losses: 0, failures: 0, invalidations: 0, span: 30, flaw: Flaw::None };

/// A deliberate defect, between the product's parts: the model must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// The owner's clock stands still: a leader is never lost.
    NobodyIsLost,
    /// The owner does not hear that leaders are under way.
    DeafToRenewals,
    /// Whoever comes back is taken for the leader.
    NoNumbers,
    /// The version of a value is not looked at.
    NoFloor,
}

/// How a state was reached, the last event first.
#[derive(Debug)]
struct Trace {
    event: Event,
    before: Way,
    length: u32,
}

type Way = Option<Rc<Trace>>;

fn events_of(mut way: &Way) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(trace) = way {
        events.push(trace.event);
        way = &trace.before;
    }
    events.reverse();
    events
}

/// Visits every state that can be reached; says how many there are, or how the first that must not be was reached.
fn explore(most: &Budget) -> Result<usize, String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<(World, Way)> = vec![(World::new(most), None)];
    while let Some((world, before)) = open.pop() {
        let length = before.as_ref().map_or(0, |trace| trace.length) + 1;
        assert!(length < 200, "this does not end: {:?}", events_of(&before));
        for event in world.events(most) {
            let mut next = world.clone();
            next.happen(event, most);
            let way = Some(Rc::new(Trace { event, before: before.clone(), length }));
            next.check(most).map_err(|what| format!("{what} in {most:?}: {:?}\n{next:#?}", events_of(&way)))?;
            let mut digest = DefaultHasher::new();
            next.hash(&mut digest);
            if seen.insert(digest.finish()) {
                open.push((next, way));
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    for most in [
        // Nothing goes wrong: one call to the executor.
        Budget { ticks: 4, ..NONE },
        Budget { ticks: 6, deaths: 1, ..NONE },
        Budget { ticks: 6, deaths: 2, calls: 2, ..NONE },
        Budget { ticks: 2, losses: 1, ..NONE },
        Budget { ticks: 5, losses: 1, calls: 2, ..NONE },
        Budget { ticks: 2, failures: 1, ..NONE },
        Budget { ticks: 2, invalidations: 1, ..NONE },
        Budget { ticks: 4, deaths: 1, losses: 1, invalidations: 1, calls: 2, ..NONE },
        // The time of who waits is over before its leader is back.
        Budget { ticks: 4, span: 2, ..NONE },
    ] {
        let states = explore(&most).unwrap_or_else(|what| panic!("{what}"));
        println!("{states} states of {most:?}");
        assert!(states > 300, "too few to mean anything: {states}");
    }
}

#[test]
fn a_deliberate_defect_is_found() {
    for (flaw, most, expected) in [
        (Flaw::NobodyIsLost, Budget { ticks: 6, deaths: 1, ..NONE }, "nobody leads"),
        (Flaw::DeafToRenewals, Budget { ticks: 4, ..NONE }, "calls to the executor"),
        (Flaw::NoNumbers, Budget { ticks: 1, invalidations: 1, ..NONE }, "calls to the executor"),
        (Flaw::NoFloor, Budget { invalidations: 1, ..NONE }, "older than"),
    ] {
        let found = explore(&Budget { flaw, ..most }).expect_err("a defect");
        let what = found.lines().next().unwrap_or_default();
        println!("{flaw:?}: {}", what.chars().take(300).collect::<String>());
        assert!(found.contains(expected), "{flaw:?}: {what}");
    }
}
