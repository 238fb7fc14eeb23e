//! Every order of events around one idempotency key: concurrent requests, executions that never reached the executor,
//! ends that are never reported, lost and late messages, requests that die. The reducer is the product's own.
//!
//! The promises: the request behind a key is executed at most once; every replay carries that execution's response; and
//! a request is executed at all if nothing goes wrong.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use stateright::{Checker as _, Model, Property};
use toolgate_share::with_large;

use super::*;

const TICK: u64 = 1_000;
const LOST_AFTER: Millis = Millis::from_secs(2);
const REQUESTS: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Budget {
    ticks: u8,
    losses: u8,
    deaths: u8,
    /// Executions that provably never reach the executor.
    unsent: u8,
    /// The last request is another one under the same key.
    other: bool,
    flaw: Flaw,
}

const NONE: Budget = Budget { ticks: 0, losses: 0, deaths: 0, unsent: 0, other: false, flaw: Flaw::None };

/// A deliberate defect, between the product's parts: the model must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// All attempts have one number.
    OneNumber,
    /// An execution with an unknown outcome is reported as not executed.
    UnknownIsUnsent,
    /// A key with a lost attempt is free.
    LostIsFree,
    /// A request that receives no reply from the owner goes on.
    DeafGoesOn,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Doing {
    NotYet,
    /// It waits for the owner's reply; `again`: for the second time, as it did not receive the first.
    Asking {
        again: bool,
    },
    /// The key is in flight with another request.
    Waiting,
    Executing,
    /// It has reported the outcome to the owner.
    Ending,
    /// It has responded: with this execution, or a refusal.
    Done(Option<u8>),
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Message {
    request: usize,
    command: Command,
    /// The owner's reply, once the owner has been reached.
    reply: Option<Reply>,
    /// The request still listens.
    is_heard: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: u64,
    owner: Option<Idempotency>,
    requests: [Doing; REQUESTS],
    messages: Vec<Message>,
    /// Executions that reached the executor, of this request and of the other.
    executed: [u8; 2],
    ticks: u8,
    losses: u8,
    deaths: u8,
    unsent: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A request asks the owner; the first time, or again.
    Ask(usize),
    /// The executor responds.
    Return(usize),
    /// The executor could not be reached: provably nothing happened.
    NotSent(usize),
    /// The executor may have been reached; the outcome is unknown.
    Hang(usize, bool),
    /// A request vanishes.
    Die(usize),
    Reach(usize),
    Land(usize),
    GiveUp(usize),
    Tick,
}

impl Budget {
    const fn is_other(&self, request: usize) -> bool {
        self.other && request == REQUESTS - 1
    }

    fn begin(&self, request: usize) -> Command {
        let number = if self.flaw == Flaw::OneNumber { 0 } else { request as u64 };
        Command::Begin { fingerprint: vec![u8::from(self.is_other(request))], attempt: number, lost_after: LOST_AFTER }
    }

    fn end(&self, request: usize, outcome: AttemptOutcome) -> Command {
        let number = if self.flaw == Flaw::OneNumber { 0 } else { request as u64 };
        Command::End { attempt: number, outcome }
    }
}

impl World {
    fn send(&mut self, request: usize, command: Command) {
        self.messages.push(Message { request, command, reply: None, is_heard: true });
    }

    fn tell(&mut self, request: usize, outcome: AttemptOutcome, most: &Budget) {
        self.requests[request] = Doing::Ending;
        self.send(request, most.end(request, outcome));
    }

    fn execute(&mut self, request: usize, most: &Budget) {
        let executed = &mut self.executed[usize::from(most.is_other(request))];
        *executed = executed.saturating_add(1);
    }

    fn reach(&mut self, index: usize, most: &Budget) {
        let message = &mut self.messages[index];
        let (next, reply) = apply(self.owner.clone(), message.command.clone(), Timestamp::from_millis(self.now));
        self.owner = next.or(self.owner.take());
        let is_lost = most.flaw == Flaw::LostIsFree && reply == Reply::Unknown;
        message.reply = Some(if is_lost { Reply::Proceed } else { reply });
        if !message.is_heard {
            self.messages.remove(index);
        }
    }

    fn land(&mut self, index: usize) {
        let Message { request, command, reply, .. } = self.messages.remove(index);
        let is_end = matches!(command, Command::End { .. });
        self.requests[request] = match (reply, &self.requests[request]) {
            // Whatever the owner replies to an end, the caller has its response.
            (Some(_), Doing::Ending) if is_end => Doing::Done(None),
            (Some(Reply::Proceed), Doing::Asking { .. }) => Doing::Executing,
            (Some(Reply::InFlight), Doing::Asking { .. }) => Doing::Waiting,
            (Some(Reply::Replay { body, .. }), Doing::Asking { .. }) => Doing::Done(body.first().copied()),
            (Some(Reply::Mismatch | Reply::Unknown), Doing::Asking { .. }) => Doing::Done(None),
            (_, doing) => doing.clone(),
        };
    }

    /// Gives up waiting for a reply; the message, if it has not reached the owner, may still.
    fn give_up(&mut self, index: usize, most: &Budget) {
        self.losses += 1;
        let message = &mut self.messages[index];
        message.is_heard = false;
        let request = message.request;
        if message.reply.is_some() {
            self.messages.remove(index);
        }
        match self.requests[request] {
            Doing::Asking { .. } if most.flaw == Flaw::DeafGoesOn => self.requests[request] = Doing::Executing,
            Doing::Asking { again: false } => {
                self.requests[request] = Doing::Asking { again: true };
                self.send(request, most.begin(request));
            }
            Doing::Asking { again: true } => {
                self.requests[request] = Doing::Done(None);
                // The call was not made, and will not be.
                let command = most.end(request, AttemptOutcome::NotExecuted);
                self.messages.push(Message { request, command, reply: None, is_heard: false });
            }
            Doing::Ending => self.requests[request] = Doing::Done(None),
            _ => {}
        }
    }
}

impl Model for Budget {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let requests = [const { Doing::NotYet }; REQUESTS];
        let (owner, messages) = (None, Vec::new());
        vec![World { now: 0, owner, requests, messages, executed: [0; 2], ticks: 0, losses: 0, deaths: 0, unsent: 0 }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        for (request, doing) in world.requests.iter().enumerate() {
            match doing {
                Doing::NotYet | Doing::Waiting => events.push(Event::Ask(request)),
                Doing::Executing => {
                    events.push(Event::Return(request));
                    if world.unsent < self.unsent {
                        events.extend([
                            Event::NotSent(request),
                            Event::Hang(request, true),
                            Event::Hang(request, false),
                        ]);
                    }
                }
                Doing::Asking { .. } | Doing::Ending | Doing::Done(_) | Doing::Dead => {}
            }
            let is_alive = !matches!(doing, Doing::NotYet | Doing::Done(_) | Doing::Dead);
            if is_alive && world.deaths < self.deaths {
                events.push(Event::Die(request));
            }
        }
        for (index, message) in world.messages.iter().enumerate() {
            events.push(if message.reply.is_none() { Event::Reach(index) } else { Event::Land(index) });
            if message.is_heard && world.losses < self.losses {
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
            Event::Ask(request) => {
                next.requests[request] = Doing::Asking { again: false };
                next.send(request, self.begin(request));
            }
            Event::Return(request) => {
                next.execute(request, self);
                let body =
                    vec![u8::from(self.is_other(request)) * 10 + next.executed[usize::from(self.is_other(request))]];
                next.tell(request, AttemptOutcome::Completed { status: 200, body }, self);
            }
            Event::NotSent(request) => {
                next.unsent += 1;
                next.tell(request, AttemptOutcome::NotExecuted, self);
            }
            Event::Hang(request, is_executed) => {
                next.unsent += 1;
                if is_executed {
                    next.execute(request, self);
                }
                let is_told_otherwise = self.flaw == Flaw::UnknownIsUnsent;
                next.tell(
                    request,
                    if is_told_otherwise { AttemptOutcome::NotExecuted } else { AttemptOutcome::Unknown },
                    self,
                );
            }
            Event::Die(request) => {
                next.deaths += 1;
                // The executor may have received it.
                if next.requests[request] == Doing::Executing {
                    next.execute(request, self);
                }
                next.requests[request] = Doing::Dead;
                next.messages.retain(|message| message.request != request || message.reply.is_none());
                let own = next.messages.iter_mut().filter(|message| message.request == request);
                own.for_each(|message| message.is_heard = false);
            }
            Event::Reach(index) => next.reach(index, self),
            Event::Land(index) => next.land(index),
            Event::GiveUp(index) => next.give_up(index, self),
            Event::Tick => {
                next.now += TICK;
                next.ticks += 1;
            }
        }
        // Waiting requests poll again and again: each round equals the next.
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("executed at most once", |_, world: &World| {
                let both = world.executed[0] + world.executed[1];
                both <= 1
            }),
            Property::always("a replay is the answer of this request's execution", |most: &Self, world: &World| {
                world.requests.iter().enumerate().all(|(request, doing)| match doing {
                    Doing::Done(Some(body)) => *body == u8::from(most.is_other(request)) * 10 + 1,
                    _ => true,
                })
            }),
            Property::sometimes("it is replayed", |_, world: &World| {
                world.requests.iter().any(|doing| matches!(doing, Doing::Done(Some(_))))
            }),
            Property::always("what goes well is executed", |most: &Self, world: &World| {
                let is_calm = world.losses + world.deaths + world.unsent + most.ticks == 0;
                let is_over = world.requests.iter().all(|doing| matches!(doing, Doing::Done(_)));
                !(is_calm && is_over) || world.executed[0] + world.executed[1] == 1
            }),
        ]
    }
}

#[test]
fn no_order_of_events_executes_twice() {
    let small = [
        NONE,
        Budget { other: true, losses: 1, ..NONE },
        Budget { unsent: 2, ticks: 1, ..NONE },
        Budget { deaths: 2, ticks: 3, unsent: 1, ..NONE },
    ];
    let large = [
        (7, Budget { losses: 2, ticks: 3, ..NONE }),
        (8, Budget { deaths: 1, losses: 1, unsent: 1, ticks: 3, ..NONE }),
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
    for (flaw, most) in [
        (Flaw::OneNumber, NONE),
        (Flaw::UnknownIsUnsent, Budget { unsent: 1, ..NONE }),
        (Flaw::LostIsFree, Budget { ticks: 2, ..NONE }),
        (Flaw::DeafGoesOn, Budget { losses: 1, ..NONE }),
    ] {
        let checker = Budget { flaw, ..most }.checker().threads(2).spawn_bfs().join();
        let path = checker.discovery("executed at most once");
        let path = path.unwrap_or_else(|| panic!("{flaw:?} is not found in {} states", checker.unique_state_count()));
        println!("{flaw:?}: {:?}", path.into_actions());
    }
}
