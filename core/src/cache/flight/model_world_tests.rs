//! The world of the model: its events and its invariants.

#[path = "model_calls_tests.rs"]
mod calls;

use minicbor::bytes::ByteVec;

use super::super::*;
use super::Budget;
use crate::state::flight::Flight;
use calls::{new_boarding, number};

const START: u64 = 1_000_000;
const TICK: u64 = 1_000;
/// The isolate of each call.
const ISOLATE: [usize; 3] = [0, 1, 0];
/// For so many ticks, after each death and each loss, calls may wait without a leader.
const LEADERLESS_MAX: u32 = 4;

/// A stored value: the version that the executor read, and the version that its call was admitted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    version: u64,
    epoch: u64,
}

/// A message under way to the owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Message {
    command: Command<ByteVec>,
    /// The call that waits for the reply.
    waits: Option<usize>,
    /// The reply, once the owner has been reached.
    reply: Option<Reply<ByteVec>>,
    given_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Doing {
    NotYet,
    /// It waits for another call in its isolate.
    Here,
    /// It leads there and waits for a reply of the owner, or before the next question.
    Asking,
    There,
    /// It has asked the executor, which read under this version. `told`: it leads at the owner, as far as it knows.
    Calling {
        version: u64,
        seated: bool,
        told: bool,
    },
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Call {
    doing: Doing,
    /// The version of the epochs that it was admitted under; all older responses are stale.
    epoch: u64,
    slot: usize,
    here: Boarding,
    there: Boarding,
    arrived: u64,
    /// It has had its turn in this tick.
    is_prompt: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    now: u64,
    /// The version of the epochs.
    version: u64,
    owner: Option<Flight<ByteVec>>,
    /// Slots of both isolates, those included that have left their table.
    slots: Vec<Option<Flight<Kept>>>,
    table: [Option<usize>; 2],
    memory: [Option<Kept>; 2],
    calls: Vec<Call>,
    messages: Vec<Message>,
    executed: u32,
    ticks: u32,
    deaths: u32,
    losses: u32,
    failures: u32,
    /// Ticks for which calls have waited without a leader.
    leaderless: u32,
    served_stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A call arrives; `false`: its isolate has not heard of the last invalidation yet.
    Arrive(usize, bool),
    /// A waiting call looks into its isolate.
    Look(usize),
    /// A waiting call asks the owner.
    Poll(usize),
    /// A leader renews its lead.
    Renew(usize),
    /// The executor answers; `false`: with a response that may not be shared.
    Return(usize, bool),
    /// A request dies silently.
    Die(usize),
    /// A request is dropped.
    Drop(usize),
    Reach(usize),
    Land(usize),
    GiveUp(usize),
    Invalidate,
    Tick,
}

impl World {
    pub(super) fn new(most: &Budget) -> Self {
        let call = |number: usize| {
            let boarding = |place| new_boarding(place, number, 0, START, most);
            Call {
                doing: Doing::NotYet,
                epoch: 0,
                slot: usize::MAX,
                here: boarding(FlightScope::Isolate),
                there: boarding(FlightScope::Owner),
                arrived: START,
                is_prompt: true,
            }
        };
        Self {
            now: START,
            version: 0,
            owner: None,
            slots: Vec::new(),
            table: [None; 2],
            memory: [None, None],
            calls: (0..most.calls).map(call).collect(),
            messages: Vec::new(),
            executed: 0,
            ticks: 0,
            deaths: 0,
            losses: 0,
            failures: 0,
            leaderless: 0,
            served_stale: false,
        }
    }

    pub(super) fn events(&self, most: &Budget, events: &mut Vec<Event>) {
        for (index, call) in self.calls.iter().enumerate() {
            let may_die = self.deaths < most.deaths;
            match call.doing {
                // Calls of one isolate arrive in order: they are all alike.
                Doing::NotYet if index != 2 || self.calls[0].doing != Doing::NotYet => {
                    events.push(Event::Arrive(index, true));
                    if self.version > 0 && ISOLATE[index] == 1 {
                        events.push(Event::Arrive(index, false));
                    }
                }
                Doing::Here if !call.is_prompt => events.push(Event::Look(index)),
                Doing::There if !call.is_prompt => events.push(Event::Poll(index)),
                Doing::Calling { .. } => {
                    events.push(Event::Return(index, true));
                    if self.failures < most.failures {
                        events.push(Event::Return(index, false));
                    }
                    if !call.is_prompt {
                        events.push(Event::Renew(index));
                    }
                }
                _ => {}
            }
            let is_alive = !matches!(call.doing, Doing::NotYet | Doing::Done | Doing::Dead);
            if is_alive && may_die {
                events.extend([Event::Die(index), Event::Drop(index)]);
            }
        }
        for (index, message) in self.messages.iter().enumerate() {
            events.push(if message.reply.is_none() { Event::Reach(index) } else { Event::Land(index) });
            if !message.given_up && self.losses < most.losses {
                events.push(Event::GiveUp(index));
            }
        }
        if self.version < u64::from(most.invalidations) {
            events.push(Event::Invalidate);
        }
        let is_settled = self.calls.iter().all(|call| call.is_prompt || call.doing == Doing::Asking)
            && self.messages.iter().all(|message| message.given_up);
        if self.ticks < most.ticks && is_settled {
            events.push(Event::Tick);
        }
    }

    pub(super) fn happen(&mut self, event: Event, most: &Budget) {
        match event {
            Event::Arrive(index, is_fresh) => self.arrive(index, is_fresh, most),
            Event::Look(index) => self.look(index),
            Event::Poll(index) => self.ask(index),
            Event::Renew(index) => self.renew(index),
            Event::Return(index, is_value) => self.come_back(index, is_value),
            Event::Die(index) => {
                self.deaths += 1;
                self.end(index, Doing::Dead);
            }
            Event::Drop(index) => {
                self.deaths += 1;
                if matches!(self.calls[index].doing, Doing::Asking | Doing::There | Doing::Calling { seated: true, .. })
                {
                    self.finish_here(index, Landing::Left);
                }
                self.end(index, Doing::Dead);
            }
            Event::Reach(index) => self.reach(index, most),
            Event::Land(index) => {
                let message = self.messages.remove(index);
                if let (Some(call), Some(reply)) = (message.waits, message.reply) {
                    self.hear(call, reply, most);
                }
            }
            Event::GiveUp(index) => {
                self.losses += 1;
                self.messages[index].given_up = true;
                if let Some(call) = self.messages[index].waits.take() {
                    // It may lead there, or may not.
                    self.call_executor(call, true, true);
                }
                if self.messages[index].reply.is_some() {
                    self.messages.remove(index);
                }
            }
            Event::Invalidate => self.version += 1,
            Event::Tick => {
                self.now += TICK;
                self.ticks += 1;
                self.calls.iter_mut().for_each(|call| {
                    call.is_prompt = matches!(call.doing, Doing::NotYet | Doing::Done | Doing::Dead);
                });
                let leads = |call: &Call| matches!(call.doing, Doing::Calling { .. });
                let waits = |call: &Call| matches!(call.doing, Doing::Here | Doing::Asking | Doing::There);
                let is_leaderless = self.calls.iter().any(waits) && !self.calls.iter().any(leads);
                self.leaderless = if is_leaderless { self.leaderless + 1 } else { 0 };
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Returns whether one flight has two live leaders.
    pub(super) fn has_two_leaders(&self, most: &Budget) -> bool {
        let leaders = |of: u64| {
            let is_it =
                |(index, call): &(usize, &Call)| number(*index) == of && matches!(call.doing, Doing::Calling { .. });
            self.calls.iter().enumerate().filter(is_it).count()
        };
        (0..most.calls).any(|index| leaders(number(index)) > 1)
    }

    /// Returns whether the executor was called more often than once and once per mishap.
    pub(super) fn asks_too_often(&self, most: &Budget) -> bool {
        // A failure releases all waiting calls; any other mishap costs one more call at most.
        let mishaps = self.deaths + self.losses + u32::try_from(self.version).unwrap();
        let given_up_waiting = if most.span < 30 { 3 } else { 0 };
        let allowed = if self.failures > 0 { 3 } else { 1 + mishaps + given_up_waiting };
        self.executed > allowed
    }

    /// Returns whether calls have waited without a leader for longer than the loss takes to notice.
    pub(super) fn is_leaderless(&self) -> bool {
        self.leaderless > LEADERLESS_MAX * (self.deaths + self.losses).max(1)
    }

    /// Returns whether a response older than its call's floor was served.
    pub(super) const fn has_served_stale(&self) -> bool {
        self.served_stale
    }

    /// Returns whether a call waits past its deadline.
    pub(super) fn waits_too_long(&self, most: &Budget) -> bool {
        let longest = (most.span + 1) * TICK;
        let is_late =
            |call: &Call| matches!(call.doing, Doing::Here | Doing::There) && self.now > call.arrived + longest;
        self.calls.iter().any(is_late)
    }
}
