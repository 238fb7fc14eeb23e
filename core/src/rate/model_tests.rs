//! Every order of events of a small world: two isolates, one owner, a few requests, lost and late messages, clocks that jump.
//!
//! What is checked after each event is the bound, for all spans at once and before it is even reached. Of a span that begins
//! at `s`, let `above(s) = admitted since s - drained since s - unspent at s + the owner's level at s`. The greatest of these
//! over all `s` so far changes by one with each admission and each drained token, and the span that begins now has `level -
//! unspent`. So one number stands for every span. The claim is that it never passes `level - unspent`, which is at most the
//! burst: a token that was made from nothing is seen at once, whether or not there is a request left to use it.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::*;
use crate::state::rate::{Command, Rate, apply, most_out};

const PACE: Pace = Pace { requests: 1, window: Millis::from_secs(1), burst: 3 };
const LIFE: Millis = Millis::from_secs(2);
/// One token drains in each tick.
const TICK: u64 = 1_000;
/// What a token weighs in the meter: the window.
const TOKEN: i64 = 1_000;
const START: u64 = 1_000_000;

/// A message under way.
#[derive(Clone, Debug)]
struct Flight {
    isolate: usize,
    ask: Ask,
    asked_at: u64,
    /// Whether somebody still waits for the answer.
    alive: bool,
    /// The answer, once the owner has been reached.
    reply: Option<Reply>,
}

#[derive(Clone, Debug)]
struct World {
    owner: Option<Rate>,
    owner_now: u64,
    now: [u64; 2],
    leases: [Inner; 2],
    /// Requests that wait for another one's question.
    lookers: [u32; 2],
    flights: Vec<Flight>,
    requests: u32,
    ticks: u32,
    faults: u32,
    clocks_jumped: bool,
    above: i64,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A request arrives at an isolate.
    Request(usize),
    /// One that waits looks again.
    Look(usize),
    /// A question reaches the owner.
    Reach(usize),
    /// An answer reaches its isolate.
    Land(usize),
    /// The isolate hears nothing; the question, if it has not reached the owner, may still.
    GiveUp(usize),
    /// The request that asked is dropped; the same.
    Drop(usize),
    /// A second passes.
    Tick,
    /// The clock of an isolate, or of the owner, is set back.
    SetBack(usize),
}

fn inner_of(lease: &Lease) -> Inner {
    lease.0.borrow().clone()
}

impl World {
    fn new() -> Self {
        let lease = |holder| inner_of(&Lease::new(holder, Timestamp::from_millis(START)));
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
        }
    }

    fn events(&self, most: &Budget) -> Vec<Event> {
        let mut events = Vec::new();
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
        events
    }

    fn happen(&mut self, event: Event) {
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
                let command = Command::Ask(self.flights[index].ask.clone());
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

    /// Does something with a lease, and keeps what became of it.
    fn with<T>(&mut self, isolate: usize, act: impl FnOnce(&Lease, Timestamp) -> T) -> T {
        let lease = Lease(Rc::new(RefCell::new(self.leases[isolate].clone())));
        let done = act(&lease, Timestamp::from_millis(self.now[isolate]));
        self.leases[isolate] = inner_of(&lease);
        done
    }

    /// What the driver does for one request and one limit.
    fn stand(&mut self, isolate: usize, is_new: bool) {
        let standing = self.with(isolate, |lease, now| lease.stand(LIFE, now, is_new));
        match standing {
            Standing::Ready { renew } => {
                self.with(isolate, |lease, _| lease.take());
                self.above += TOKEN;
                if renew {
                    self.ask(isolate, false);
                }
            }
            Standing::Ask => self.ask(isolate, true),
            Standing::Wait => self.lookers[isolate] += 1,
            Standing::Refused(_) | Standing::Lost(..) => {}
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

    /// Tokens that were debited and can still be used or be taken back.
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

    fn check(&mut self, trace: &[Event]) {
        let level = self.owner.as_ref().map_or(0, |owner| owner.level(PACE, Timestamp::from_millis(self.owner_now)));
        let of_now = i64::try_from(level).unwrap() - TOKEN * self.unspent();
        assert!(self.above <= of_now, "{} above the rate, {of_now} allowed: {trace:?}\n{self:#?}", self.above);
        self.above = of_now;
        if !self.clocks_jumped {
            let most = most_out(PACE, LIFE) + u64::from(self.requests);
            assert!(self.unspent() <= i64::try_from(most).unwrap(), "{} unspent: {trace:?}", self.unspent());
        }
    }
}

fn question(lease: &Lease, asked_at: u64) -> Question {
    Question { lease: lease.clone(), asked_at: Timestamp::from_millis(asked_at) }
}

#[derive(Clone, Copy)]
struct Budget {
    requests: u32,
    ticks: u32,
    faults: u32,
    clocks: bool,
}

/// Takes what is written as what tells states apart.
struct Digest(DefaultHasher);

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.hash(&mut self.0);
        Ok(())
    }
}

/// Visits every state that can be reached; says how many there are.
fn explore(most: &Budget) -> usize {
    let mut seen = BTreeSet::new();
    let mut open = vec![(World::new(), Vec::new())];
    while let Some((world, trace)) = open.pop() {
        assert!(trace.len() < 100, "this does not end: {trace:?}");
        for event in world.events(most) {
            let (mut next, mut trace) = (world.clone(), trace.clone());
            trace.push(event);
            next.happen(event);
            next.check(&trace);
            let mut digest = Digest(DefaultHasher::new());
            write!(digest, "{next:?}").unwrap();
            if seen.insert(digest.0.finish()) {
                open.push((next, trace));
            }
        }
    }
    seen.len()
}

#[test]
fn no_order_of_events_passes_the_bound() {
    for most in [
        Budget { requests: 3, ticks: 2, faults: 0, clocks: false },
        Budget { requests: 2, ticks: 2, faults: 1, clocks: false },
        Budget { requests: 2, ticks: 2, faults: 0, clocks: true },
    ] {
        let states = explore(&most);
        println!("{states} states of {} requests", most.requests);
        assert!(states > 1_000, "too few to mean anything: {states}");
    }
}
