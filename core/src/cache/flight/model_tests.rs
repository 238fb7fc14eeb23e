//! Every order of events of a small world: three calls of one key in two isolates, their leaders' deaths, lost and late
//! messages, failures, an invalidation, ticks of the clock. The reducer and the decisions are the product's own.
//!
//! In a tick (a second) each waiting call looks at least once, each leader renews its lead, and a message arrives or is
//! given up, like the driver and the port. A message that was given up may still arrive, at any time.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

#[path = "model_world_tests.rs"]
mod world;

use stateright::{Checker as _, Model, Property};
use toolgate_share::{in_turn, with_large};

use world::{Event, World};

/// Bounds the number of events of each kind.
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

/// A deliberate defect between the product's parts, which the model must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// The owner's clock stands still: a leader is never lost.
    NobodyIsLost,
    /// The owner does not hear renewals.
    DeafToRenewals,
    /// Any call that returns is taken for the leader.
    NoNumbers,
    /// The version of a value is not compared.
    NoFloor,
}

const TWO_LEADERS: &str = "one live leader of a flight";
const TOO_OFTEN: &str = "one call to the executor, and one for each mishap";
const LEADERLESS: &str = "whoever waits has a leader before long";
const STALE: &str = "nobody is served what is older than its floor";
const TOO_LONG: &str = "no call waits longer than it may take";

impl Model for Budget {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        world.events(self, events);
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        next.happen(event, self);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TWO_LEADERS, |most: &Self, world: &World| !world.has_two_leaders(most)),
            Property::always(TOO_OFTEN, |most: &Self, world: &World| !world.asks_too_often(most)),
            Property::always(LEADERLESS, |_, world: &World| !world.is_leaderless()),
            Property::always(STALE, |_, world: &World| !world.has_served_stale()),
            Property::always(TOO_LONG, |most: &Self, world: &World| !world.waits_too_long(most)),
        ]
    }
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    let small = [
        // Nothing fails: one call to the executor.
        Budget { ticks: 4, ..NONE },
        Budget { ticks: 6, deaths: 2, calls: 2, ..NONE },
        Budget { ticks: 2, losses: 1, ..NONE },
        Budget { ticks: 5, losses: 1, calls: 2, ..NONE },
        Budget { ticks: 2, failures: 1, ..NONE },
        // The waiting call's deadline passes before its leader is back.
        Budget { ticks: 4, span: 2, ..NONE },
    ];
    let large = [
        (0, Budget { ticks: 6, deaths: 1, ..NONE }),
        (1, Budget { ticks: 2, invalidations: 1, ..NONE }),
        (2, Budget { ticks: 4, deaths: 1, losses: 1, invalidations: 1, calls: 2, ..NONE }),
    ];
    for most in with_large(small, large) {
        let checker = most.checker().threads(2).spawn_bfs().join();
        println!("{} states of {most:?}", checker.unique_state_count());
        checker.assert_properties();
        assert!(checker.unique_state_count() > 300, "too few to mean anything");
    }
}

#[test]
fn a_deliberate_defect_is_found() {
    for (flaw, most, expected) in in_turn([
        (Flaw::NobodyIsLost, Budget { ticks: 6, deaths: 1, ..NONE }, LEADERLESS),
        (Flaw::DeafToRenewals, Budget { ticks: 4, ..NONE }, TOO_OFTEN),
        (Flaw::NoNumbers, Budget { ticks: 1, invalidations: 1, ..NONE }, TOO_OFTEN),
        (Flaw::NoFloor, Budget { invalidations: 1, ..NONE }, STALE),
    ]) {
        let checker = Budget { flaw, ..most }.checker().threads(2).spawn_bfs().join();
        let path = checker.discovery(expected);
        let path = path.unwrap_or_else(|| panic!("{flaw:?} is not found in {} states", checker.unique_state_count()));
        println!("{flaw:?}: {:?}", path.into_actions());
    }
}
