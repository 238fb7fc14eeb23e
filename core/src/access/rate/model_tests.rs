//! Every order of events of a small world: two isolates, one owner, a few requests, lost and late messages, clocks that
//! jump.
//!
//! The bound is checked after each event, for all spans at once and before it is even reached. Of a span that begins at
//! `s`, let `above(s) = admitted since s - drained since s - unspent at s + the owner's level at s`. The greatest of
//! these over all `s` so far changes by one with each admission and each drained token, and the span that begins now
//! has `level - unspent`. So one number stands for every span. The claim is that it never passes `level - unspent`,
//! which is at most the burst: a token that was made from nothing is seen at once, whether or not there is a request
//! left to use it.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use stateright::{Checker as _, Model, Property};

use super::*;
use crate::state::rate::{Command, Rate, apply, most_out};

const PACE: Pace = Pace { requests: 1, window: Millis::from_secs(1), burst: 3 };
const LIFE: Millis = Millis::from_secs(2);
/// One token drains in each tick.
const TICK: u64 = 1_000;
/// The weight of a token in the meter: the window.
const TOKEN: i64 = 1_000;
const START: u64 = 1_000_000;

/// A message under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    isolate: usize,
    ask: Ask,
    asked_at: u64,
    /// True while the answer is awaited.
    alive: bool,
    /// The owner's answer, once it has been reached.
    reply: Option<Reply>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    owner: Option<Rate>,
    owner_now: u64,
    now: [u64; 2],
    leases: [TokenLeaseState; 2],
    /// Requests that wait for another one's question.
    lookers: [u32; 2],
    flights: Vec<Flight>,
    requests: u32,
    ticks: u32,
    faults: u32,
    clocks_jumped: bool,
    above: i64,
    /// The greatest span passed its bound.
    is_passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A request arrives at an isolate.
    Request(usize),
    /// A waiting request checks again.
    Look(usize),
    /// A question reaches the owner.
    Reach(usize),
    /// An answer reaches its isolate.
    Land(usize),
    /// The isolate gets no answer; the question, if it has not reached the owner, may still.
    GiveUp(usize),
    /// The request that asked is dropped; likewise.
    Drop(usize),
    /// A second passes.
    Tick,
    /// The clock of an isolate, or of the owner, is set back.
    SetBack(usize),
}

fn inner_of(lease: &TokenLease) -> TokenLeaseState {
    lease.0.borrow().clone()
}

impl World {
    fn new() -> Self {
        let lease = |holder| inner_of(&TokenLease::new(holder, Timestamp::from_millis(START)));
        Self {
            owner: None,
            owner_now: START,
            now: [START; 2],
            leases: [lease(1), lease(2)],
            lookers: [0; 2],
            flights: Vec::new(),
            requests: 0,
            ticks: 0,
            faults: 0,
            clocks_jumped: false,
            above: 0,
            is_passed: false,
        }
    }

    fn events(&self, most: &Budget, events: &mut Vec<Event>) {
        for isolate in 0..2 {
            if self.requests < most.requests {
                events.push(Event::Request(isolate));
            }
            if self.lookers[isolate] > 0 {
                events.push(Event::Look(isolate));
            }
        }
        for (index, flight) in self.flights.iter().enumerate() {
            events.push(if flight.reply.is_none() { Event::Reach(index) } else { Event::Land(index) });
            if flight.alive && self.faults < most.faults {
                events.extend([Event::GiveUp(index), Event::Drop(index)]);
            }
        }
        if self.ticks < most.ticks {
            events.push(Event::Tick);
        }
        if most.clocks && !self.clocks_jumped {
            events.extend([0, 1, 2].map(Event::SetBack));
        }
    }

    fn happen(&mut self, event: Event, flaw: Flaw) {
        match event {
            Event::Request(isolate) => {
                self.requests += 1;
                self.stand(isolate, true);
            }
            Event::Look(isolate) => {
                self.lookers[isolate] -= 1;
                self.stand(isolate, false);
            }
            Event::Reach(index) => {
                let mut ask = self.flights[index].ask.clone();
                if flaw == Flaw::ReturnedTwice {
                    // As if each question were the first that says so.
                    ask.returned = ask.returned.saturating_mul(2);
                }
                let command = Command::Ask(ask);
                let (next, reply) = apply(self.owner.clone(), command, Timestamp::from_millis(self.owner_now));
                self.owner = next.map(|(rate, _)| rate).or(self.owner.take());
                self.flights[index].reply = Some(reply);
                if !self.flights[index].alive {
                    self.flights.remove(index);
                }
            }
            Event::Land(index) => {
                let flight = self.flights.remove(index);
                let reply = flight.reply.as_ref().unwrap();
                self.with(flight.isolate, |lease, now| {
                    question(lease, flight.asked_at).answered(reply, LIFE, now);
                    if flaw == Flaw::AnsweredTwice {
                        question(lease, flight.asked_at).answered(reply, LIFE, now);
                    }
                });
                if flight.ask.waiting > 0 {
                    self.stand(flight.isolate, false);
                }
            }
            Event::GiveUp(index) | Event::Drop(index) => {
                self.faults += 1;
                let flight = self.flights[index].clone();
                self.with(flight.isolate, |lease, now| match event {
                    Event::Drop(_) => drop(question(lease, flight.asked_at)),
                    _ => question(lease, flight.asked_at).lost(DurableError::Unavailable, now),
                });
                self.flights[index].alive = false;
                if flight.reply.is_some() {
                    self.flights.remove(index);
                }
            }
            Event::Tick => {
                self.ticks += 1;
                self.owner_now += TICK;
                self.now = self.now.map(|now| now + TICK);
                self.above -= TOKEN;
            }
            Event::SetBack(whose) => {
                self.clocks_jumped = true;
                match self.now.get_mut(whose) {
                    Some(now) => *now -= TICK,
                    None => self.owner_now -= 20 * TICK,
                }
            }
        }
    }

    /// Runs an action on a lease, and keeps the result.
    fn with<T>(&mut self, isolate: usize, act: impl FnOnce(&TokenLease, Timestamp) -> T) -> T {
        let lease = TokenLease(Rc::new(RefCell::new(self.leases[isolate].clone())));
        let done = act(&lease, Timestamp::from_millis(self.now[isolate]));
        self.leases[isolate] = inner_of(&lease);
        done
    }

    /// Runs the driver's step for one request and one limit.
    fn stand(&mut self, isolate: usize, is_new: bool) {
        let standing = self.with(isolate, |lease, now| lease.stand(LIFE, now, is_new));
        match standing {
            TokenState::Ready { renew } => {
                self.with(isolate, |lease, _| lease.take());
                self.above += TOKEN;
                if renew {
                    self.ask(isolate, false);
                }
            }
            TokenState::Ask => self.ask(isolate, true),
            TokenState::Wait => self.lookers[isolate] += 1,
            TokenState::Refused(_) | TokenState::Lost(..) => {}
        }
    }

    fn ask(&mut self, isolate: usize, waits: bool) {
        let ask = self.with(isolate, |lease, now| {
            let (ask, open) = lease.ask(PACE, LIFE, now, waits);
            std::mem::forget(open);
            ask
        });
        self.flights.push(Flight { isolate, ask, asked_at: self.now[isolate], alive: true, reply: None });
    }

    /// Returns the tokens that were debited and can still be used or be taken back.
    fn unspent(&self) -> i64 {
        let held = self.leases.iter().map(|lease| lease.tokens);
        let returning = self
            .leases
            .iter()
            .map(|lease| self.owner.as_ref().map_or(0, |owner| owner.would_take_back(lease.holder, lease.returned)));
        let landing = self.flights.iter().map(|flight| match (&flight.reply, flight.alive) {
            (Some(Reply::Lease(granted)), true) => granted.tokens,
            _ => 0,
        });
        i64::try_from(held.chain(returning).chain(landing).sum::<u64>()).unwrap()
    }

    /// Begins the span that begins now, and notes whether an earlier one has passed its bound.
    fn account(&mut self) {
        let level = self.owner.as_ref().map_or(0, |owner| owner.level(PACE, Timestamp::from_millis(self.owner_now)));
        let of_now = i64::try_from(level).unwrap() - TOKEN * self.unspent();
        self.is_passed |= self.above > of_now;
        self.above = of_now;
    }

    fn has_too_many_out(&self) -> bool {
        let most = most_out(PACE, LIFE) + u64::from(self.requests);
        !self.clocks_jumped && self.unspent() > i64::try_from(most).unwrap()
    }
}

fn question(lease: &TokenLease, asked_at: u64) -> TokenQuestion {
    TokenQuestion { lease: lease.clone(), asked_at: Timestamp::from_millis(asked_at) }
}

#[derive(Clone, Copy, Debug)]
struct Budget {
    requests: u32,
    ticks: u32,
    faults: u32,
    clocks: bool,
    flaw: Flaw,
}

/// A deliberate defect, between the product's parts: the model must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Returned tokens are returned again with each question.
    ReturnedTwice,
    /// An answer is taken twice.
    AnsweredTwice,
}

const PASSED: &str = "no span passes its bound";

impl Model for Budget {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new()]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        world.events(self, events);
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        next.happen(event, self.flaw);
        next.account();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(PASSED, |_, world: &World| !world.is_passed),
            Property::always("leases hold no more than stated", |_, world: &World| !world.has_too_many_out()),
        ]
    }
}

#[test]
fn no_order_of_events_passes_the_bound() {
    for most in [
        Budget { requests: 3, ticks: 2, faults: 0, clocks: false, flaw: Flaw::None },
        Budget { requests: 2, ticks: 2, faults: 1, clocks: false, flaw: Flaw::None },
        Budget { requests: 2, ticks: 2, faults: 0, clocks: true, flaw: Flaw::None },
    ] {
        let checker = most.checker().threads(2).spawn_bfs().join();
        println!("{} states of {most:?}", checker.unique_state_count());
        checker.assert_properties();
        assert!(checker.unique_state_count() > 1_000, "too few to mean anything");
    }
}

#[test]
fn a_deliberate_defect_is_found() {
    for flaw in [Flaw::ReturnedTwice, Flaw::AnsweredTwice] {
        let checker =
            Budget { requests: 3, ticks: 2, faults: 0, clocks: false, flaw }.checker().threads(2).spawn_bfs().join();
        let path = checker.discovery(PASSED);
        let path = path.unwrap_or_else(|| panic!("{flaw:?} is not found in {} states", checker.unique_state_count()));
        println!("{flaw:?}: {:?}", path.into_actions());
    }
}
