//! A simulated upstream behind a bulkhead: slots, a queue in the order of arrival, and callers of three classes.
//!
//! Time is a number that events move, in microseconds; the bulkhead sees whole milliseconds. A waiter looks when its
//! timer ends, and learns of a free slot at no other time.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use std::collections::{BinaryHeap, VecDeque};

use fastrand::Rng;

use super::decide::{Bulkhead, BulkheadProgress, ShedReason};
use super::limit::LimitOutcome;
use super::places::OccupiedSlot;
use crate::words::limits::BULKHEAD_QUEUE;
use crate::words::maps::MapHasher;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// Draws from the sequence of a seed.
pub(super) struct Random(Rng);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Returns a number from 0 to 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.f64()
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound)
    }

    pub(super) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.share()
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.share()).ln()
    }
}

/// Holds the parameters of the world.
#[derive(Clone, Copy)]
pub(super) struct Climate {
    pub(super) slots: usize,
    /// Arrivals a second of each class: low, normal, high.
    pub(super) arrivals: [f64; 3],
    /// Milliseconds that a call takes in a slot.
    pub(super) service: fn(&mut Random) -> f64,
    /// The longest wait of a call, in ms.
    pub(super) patience: u64,
    /// The time after which every call is dropped, in ms; `None`: the upstream is up.
    pub(super) down: Option<f64>,
    /// Calls or looks that are given up, of a thousand.
    pub(super) given_up: u64,
    /// Calls that the upstream drops, of a thousand.
    pub(super) dropped: u64,
}

pub(super) const CLASSES: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

/// Draws 100 ms, a tenth more or less.
pub(super) fn steady(random: &mut Random) -> f64 {
    random.between(90.0, 110.0)
}

/// Eight slots, and three times what they can do: 20 % high, 50 % normal, 30 % low.
pub(super) const OVERLOAD: Climate = Climate {
    slots: 8,
    arrivals: [72.0, 120.0, 48.0],
    service: steady,
    patience: 1_000,
    down: None,
    given_up: 0,
    dropped: 0,
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(usize),
    Look(usize),
    /// The slot, or the upstream that is down, is done with a call.
    Served(usize),
    Failed(usize),
}

struct Call {
    class: usize,
    arrived: u64,
    entered: u64,
    place: Option<OccupiedSlot>,
    number: u64,
}

/// Records the outcomes of the calls of one class.
#[derive(Default)]
pub(super) struct Told {
    /// Times from arrival to answer, in µs.
    pub(super) times: Vec<u64>,
    pub(super) arrived: u64,
    pub(super) shed: [u64; 3],
}

impl Told {
    /// Returns a percentile of the times, in ms.
    pub(super) fn percentile(&mut self, percent: usize) -> f64 {
        self.times.sort_unstable();
        self.times[(self.times.len() - 1) * percent / 100] as f64 / 1_000.0
    }

    pub(super) fn shed_share(&self) -> f64 {
        self.shed.iter().sum::<u64>() as f64 / self.arrived as f64
    }
}

pub(super) struct World {
    pub(super) climate: Climate,
    pub(super) bulkhead: Bulkhead,
    pub(super) random: Random,
    now: u64,
    events: BinaryHeap<std::cmp::Reverse<(u64, u64, Event)>>,
    planned: u64,
    calls: Vec<Call>,
    /// Waiting calls, in the order of arrival.
    pub(super) waiting: Vec<usize>,
    pub(super) in_flight: u32,
    upstream: VecDeque<usize>,
    busy: usize,
    /// Slots times µs that were busy, and that queued in the upstream.
    pub(super) work: u64,
    pub(super) told: [Told; 3],
    /// The limit at the end of each call.
    pub(super) limits: Vec<u32>,
}

impl World {
    pub(super) fn new(seed: u64, most: u32, climate: Climate) -> Self {
        let mut world = Self {
            climate,
            bulkhead: Bulkhead::new(most, MapHasher::fixed()),
            random: Random::new(seed),
            now: 1_000_000_000,
            events: BinaryHeap::new(),
            planned: 0,
            calls: Vec::new(),
            waiting: Vec::new(),
            in_flight: 0,
            upstream: VecDeque::new(),
            busy: 0,
            work: 0,
            told: Default::default(),
            limits: Vec::new(),
        };
        (0..3).for_each(|class| world.plan_arrival(class));
        world
    }

    /// Forgets the records so far.
    pub(super) fn warm(&mut self) {
        self.told = Default::default();
        self.limits.clear();
        self.work = 0;
    }

    pub(super) fn run_for(&mut self, ms: u64) {
        let end = self.now + ms * 1_000;
        while let Some(std::cmp::Reverse((at, _, event))) = self.events.peek().copied() {
            if at > end {
                break;
            }
            self.events.pop();
            self.pass(at);
            self.happen(event);
        }
        self.pass(end);
    }

    /// Returns the share of the slots that was busy in the last `ms`, since [`World::warm`].
    pub(super) fn busy_share(&self, ms: u64) -> f64 {
        self.work as f64 / (ms * 1_000 * self.climate.slots as u64) as f64
    }

    pub(super) fn has_waiter(&self, class: usize) -> bool {
        self.waiting.iter().any(|call| self.calls[*call].class == class)
    }

    fn pass(&mut self, at: u64) {
        self.work += (at - self.now) * self.busy as u64;
        self.now = at;
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now / 1_000)
    }

    fn plan(&mut self, after_ms: f64, event: Event) {
        self.planned += 1;
        let at = self.now + (after_ms * 1_000.0) as u64;
        self.events.push(std::cmp::Reverse((at, self.planned, event)));
    }

    fn plan_arrival(&mut self, class: usize) {
        if self.climate.arrivals[class] > 0.0 {
            let after = self.random.exponential(1_000.0 / self.climate.arrivals[class]);
            self.plan(after, Event::Arrive(class));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(class) => {
                self.plan_arrival(class);
                let call = self.calls.len();
                self.told[class].arrived += 1;
                self.calls.push(Call { class, arrived: self.now, entered: 0, place: None, number: 0 });
                let free_for = self.limit_allows();
                let standing = self.bulkhead.arrive(CLASSES[class], self.deadline(call), self.time());
                if matches!(standing, BulkheadProgress::Waits(..)) {
                    self.waiting.push(call);
                }
                self.stand(call, standing, free_for);
            }
            Event::Look(call) if self.random.below(1_000) < self.climate.given_up => {
                self.waiting.retain(|waiter| *waiter != call);
                self.bulkhead.leave(self.calls[call].number);
            }
            Event::Look(call) => {
                assert!(self.time() <= self.deadline(call), "waits beyond its deadline");
                let free_for = self.limit_allows();
                let standing = self.bulkhead.look(self.calls[call].number, self.deadline(call), self.time());
                self.stand(call, standing, free_for);
            }
            Event::Served(call) => {
                self.busy -= 1;
                let is_dropped = self.random.below(1_000) < self.climate.dropped;
                self.end(call, if is_dropped { LimitOutcome::Dropped } else { LimitOutcome::Answered });
                self.serve();
            }
            Event::Failed(call) => self.end(call, LimitOutcome::Dropped),
        }
        let (in_flight, limit, waiting) = self.bulkhead.load();
        assert_eq!(in_flight, self.in_flight, "a place was lost or found");
        assert!(limit >= 1);
        assert!(waiting <= BULKHEAD_QUEUE);
    }

    /// Returns whether the limit allows one more call.
    fn limit_allows(&self) -> bool {
        let (in_flight, limit, _) = self.bulkhead.load();
        in_flight < limit
    }

    /// Returns whether the first call is to enter before the second.
    fn is_before(&self, first: usize, second: usize) -> bool {
        let standing = |call: usize| (2 - self.calls[call].class, call);
        standing(first) < standing(second)
    }

    fn deadline(&self, call: usize) -> Timestamp {
        Timestamp::from_millis(self.calls[call].arrived / 1_000).after(Millis::new(self.climate.patience))
    }

    fn stand(&mut self, call: usize, standing: BulkheadProgress, may_enter: bool) {
        let class = self.calls[call].class;
        if !matches!(standing, BulkheadProgress::Waits(..)) {
            self.waiting.retain(|waiter| *waiter != call);
        }
        match standing {
            BulkheadProgress::Waits(number, after) => {
                assert!(after > Millis::ZERO, "a busy loop");
                self.calls[call].number = number;
                // The host's timer is late by up to a millisecond, within the deadline.
                let late = self.random.share().min(self.time().after(after).until(self.deadline(call)).get() as f64);
                self.plan(after.get() as f64 + late, Event::Look(call));
            }
            BulkheadProgress::Shed(shed) => {
                assert!(shed.wait > Millis::ZERO);
                if shed.reason == ShedReason::QueueFull {
                    let is_below = |class| (0..class).any(|lower| self.has_waiter(lower));
                    // A displaced call does not know it yet.
                    let is_told = self.waiting.len() > self.bulkhead.load().2;
                    assert!(is_told || !is_below(class), "a lower class stays in the queue");
                }
                self.told[class].shed[shed.reason as usize] += 1;
            }
            BulkheadProgress::Entered(place) => {
                assert!(may_enter, "in flight beyond the limit");
                self.in_flight += 1;
                let (in_flight, limit, waiting) = self.bulkhead.load();
                // A displaced call does not know it yet.
                let ahead = self.waiting.iter().filter(|waiter| self.is_before(**waiter, call)).count();
                let is_known = self.waiting.len() == waiting;
                assert!(!is_known || (limit - in_flight) as usize >= ahead, "out of turn");
                self.calls[call].place = Some(place);
                self.calls[call].entered = self.now;
                if let Some(after) = self.climate.down {
                    return self.plan(after, Event::Failed(call));
                }
                self.upstream.push_back(call);
                self.serve();
            }
        }
    }

    fn serve(&mut self) {
        while self.busy < self.climate.slots
            && let Some(call) = self.upstream.pop_front()
        {
            self.busy += 1;
            let takes = (self.climate.service)(&mut self.random);
            self.plan(takes, Event::Served(call));
        }
    }

    fn end(&mut self, call: usize, ended: LimitOutcome) {
        let Call { class, arrived, entered, place, .. } = self.calls[call];
        let place = place.unwrap();
        self.in_flight -= 1;
        if self.random.below(1_000) < self.climate.given_up {
            return self.bulkhead.free_place(place);
        }
        let took = Millis::new(self.now / 1_000 - entered / 1_000);
        self.bulkhead.ended(place, took, "a.b", ended);
        self.limits.push(self.bulkhead.load().1);
        if ended == LimitOutcome::Answered {
            self.told[class].times.push(self.now - arrived);
        }
    }
}
