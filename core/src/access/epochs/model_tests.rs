//! Every order of events around an invalidation: a writer, readers in two isolates, lost and late messages, a store
//! that returns any of its past, ticks of the clock. The deciding code is the product's own: the owner's reducer, the
//! lease, the floor of a look-up, and the decision to serve an entry.
//!
//! The promise: a call that begins after the writer got its acknowledgement sees the write, on the writer's isolate at
//! once, and everywhere within the lease.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

#[path = "model_world_tests.rs"]
mod world;

use stateright::{Checker as _, Model, Property};
use toolgate_share::{in_turn, with_large};

use crate::state::epochs::{CacheScope, Change, Command, Epochs};
use crate::words::time::{Millis, Timestamp};
use world::{Call, Doing, Isolate, Kept, World, is_servable};

const START: u64 = 1_000_000;
const TICK: u64 = 1_000;
const LEASE: Millis = Millis::from_secs(2);
/// The isolates of the writer, and of each reader.
const ISOLATES: [usize; 3] = [0, 0, 1];
const WRITER: usize = 0;

/// Bounds of the explored world.
#[derive(Clone, Copy, Debug)]
struct Budget {
    writes: u8,
    /// Calls of each reader.
    reads: u8,
    ticks: u8,
    losses: u8,
    flaw: Flaw,
}

const NONE: Budget = Budget { writes: 1, reads: 2, ticks: 0, losses: 0, flaw: Flaw::None };

/// A deliberate defect, between the product's parts: the model must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// An entry carries the version from after its fetch.
    VersionFromAfter,
    /// The lease begins when the answer comes.
    LeaseFromAnswer,
    /// Every answer of the owner is taken, however late.
    OlderIsTaken,
    /// A change whose reply was lost counts as not made.
    NotForgotten,
    /// An answer from before a lost one begins a lease.
    LateAnswerRevives,
    /// The floor of a look-up is not requested.
    NoFloor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A call begins.
    Begin(usize),
    /// A look-up in the store returns this entry, or nothing.
    Find(usize, Option<usize>),
    /// The executor reads.
    Read(usize),
    /// The executor responds.
    Return(usize),
    /// The writer reports its write.
    Tell,
    Reach(usize),
    Land(usize),
    /// The isolate gets no answer; the message, if it has not reached the owner, may still.
    GiveUp(usize),
    Tick,
}

impl Model for Budget {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let call = |left| Call { doing: Doing::Idle, left, began: START, told: 0 };
        let with = |memory: Option<Kept>| {
            let isolate = Isolate { read_at: Some(Timestamp::from_millis(START)), memory, ..Isolate::default() };
            World {
                now: START,
                owner: Epochs::default(),
                isolates: [isolate.clone(), isolate],
                calls: [call(self.writes), call(self.reads), call(self.reads)],
                messages: Vec::new(),
                store: memory.into_iter().collect(),
                data: 0,
                told: Vec::new(),
                ticks: 0,
                losses: 0,
                served: 0,
                broken: false,
            }
        };
        vec![with(None), with(Some(Kept { epoch: 0, data: 0 }))]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        for (index, call) in world.calls.iter().enumerate() {
            match call.doing {
                Doing::Idle if call.left > 0 => events.push(Event::Begin(index)),
                Doing::Looking { .. } => {
                    events.push(Event::Find(index, None));
                    events.extend((0..world.store.len()).map(|at| Event::Find(index, Some(at))));
                }
                Doing::Calling { data: None, .. } => events.push(Event::Read(index)),
                Doing::Calling { data: Some(_), .. } => events.push(Event::Return(index)),
                Doing::Wrote => events.push(Event::Tell),
                Doing::Idle | Doing::Asking | Doing::Telling => {}
            }
        }
        for (index, message) in world.messages.iter().enumerate() {
            events.push(if message.reply.is_none() { Event::Reach(index) } else { Event::Land(index) });
            if world.losses < self.losses {
                events.push(Event::GiveUp(index));
            }
        }
        if world.ticks < self.ticks {
            events.push(Event::Tick);
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Begin(index) => next.begin(index, self),
            Event::Find(index, found) => {
                let Doing::Looking { floor, epoch } = next.calls[index].doing else { return None };
                let now = next.now();
                match found.map(|at| next.store[at]).filter(|kept| is_servable(*kept, now, floor)) {
                    Some(kept) => {
                        next.isolates[ISOLATES[index]].memory = Some(kept);
                        next.serve(index, kept);
                    }
                    None => next.calls[index].doing = Doing::Calling { epoch, data: None },
                }
            }
            Event::Read(index) => {
                let Doing::Calling { epoch, .. } = next.calls[index].doing else { return None };
                next.calls[index].doing = Doing::Calling { epoch, data: Some(next.data) };
            }
            Event::Return(index) => {
                let Doing::Calling { epoch, data: Some(data) } = next.calls[index].doing else { return None };
                let epoch = if self.flaw == Flaw::VersionFromAfter { next.owner.version } else { epoch };
                let kept = Kept { epoch, data };
                next.isolates[ISOLATES[index]].memory = Some(kept);
                if !next.store.contains(&kept) {
                    next.store.push(kept);
                    next.store.sort_unstable();
                }
                next.calls[index].doing = Doing::Idle;
            }
            Event::Tell => {
                next.calls[WRITER].doing = Doing::Telling;
                next.send(ISOLATES[WRITER], true, Some(WRITER));
            }
            Event::Reach(index) => {
                let change = CacheScope::ToolkitUser("t".to_owned(), "docs".to_owned(), "u".to_owned());
                if next.messages[index].is_change {
                    next.owner.apply(Command::Advance(vec![Change::Cache(change)]));
                }
                next.messages[index].reply = Some(next.owner.clone());
                if next.messages[index].waits.is_none() && next.messages[index].is_change {
                    next.messages.remove(index);
                }
            }
            Event::Land(index) => next.land(index, self),
            Event::GiveUp(index) => next.give_up(index, self),
            Event::Tick => {
                next.now += TICK;
                next.ticks += 1;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody is served what was written over", |_, world: &World| !world.broken),
            Property::sometimes("an answer is served after a write", |_, world: &World| {
                world.served > 0 && !world.told.is_empty()
            }),
        ]
    }
}

#[test]
fn no_order_of_events_serves_what_was_invalidated() {
    let small = [Budget { ticks: 2, reads: 1, ..NONE }, Budget { losses: 1, ticks: 1, reads: 1, ..NONE }];
    let large = [
        (3, Budget { ticks: 2, ..NONE }),
        (4, Budget { writes: 2, ticks: 2, reads: 1, ..NONE }),
        (5, Budget { losses: 1, ticks: 1, ..NONE }),
        (6, Budget { losses: 1, ticks: 4, reads: 1, ..NONE }),
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
    for (flaw, most) in in_turn([
        (Flaw::VersionFromAfter, Budget { ..NONE }),
        (Flaw::LeaseFromAnswer, Budget { ticks: 4, ..NONE }),
        (Flaw::OlderIsTaken, Budget { ticks: 2, ..NONE }),
        (Flaw::NotForgotten, Budget { losses: 1, ..NONE }),
        (Flaw::LateAnswerRevives, Budget { losses: 1, ticks: 1, ..NONE }),
        (Flaw::NoFloor, Budget { ..NONE }),
    ]) {
        let checker = Budget { flaw, ..most }.checker().threads(2).spawn_bfs().join();
        let path = checker.discovery("nobody is served what was written over");
        let path = path.unwrap_or_else(|| panic!("{flaw:?} is not found in {} states", checker.unique_state_count()));
        println!("{flaw:?}: {:?}", path.into_actions());
    }
}
