//! Every order of events around one breaker at its owner: two isolates whose calls succeed or fail late, commands and
//! replies that come late, twice or never, lost probes, a coarse clock that is set back. The reducer is the product's
//! own.
//!
//! A message that never arrives needs no event of its own: every promise is checked after each event, also after the
//! last.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use stateright::{Checker as _, Model, Property};
use toolgate_share::in_turn;

use super::*;

/// A probe interval, and the duration of a probe.
const TICK: u64 = 5_000;
const START: u64 = 10_000_000;
const RULES: BreakerParameters = BreakerParameters {
    window: Millis::from_secs(50),
    minimum_calls: 2,
    failure_rate: 50,
    slow_rate: 100,
    probe_interval: Millis::new(TICK),
};

#[derive(Clone, Copy, Debug)]
struct Budget {
    calls: u8,
    claims: u8,
    ticks: u8,
    repeats: u8,
    clocks: bool,
    flaw: Flaw,
}

const NONE: Budget = Budget { calls: 2, claims: 0, ticks: 0, repeats: 0, clocks: false, flaw: Flaw::None };

/// A deliberate defect, between the product's parts: the model must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Outcomes count in any generation of the breaker.
    LateOutcomesCount,
    /// A probe is granted before the one in flight is lost.
    TwoTrials,
    /// The outcome of any probe counts for the one in flight.
    LateTrialsCount,
    /// A granted probe is never lost.
    TrialsLastForEver,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Message {
    /// From an isolate.
    ToOwner(usize, Command),
    /// To an isolate: the generation.
    Back(usize, u64),
}

/// A probe granted to an isolate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Trial {
    holder: u64,
    generation: u64,
    until: u64,
    is_ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: u64,
    /// The amount by which the owner's clock was set back.
    behind: u64,
    owner: Option<Circuit>,
    /// The generation as each isolate knows it.
    known: [u64; 2],
    /// The calls in flight: isolate, and the generation they began in.
    calls: Vec<(usize, u64)>,
    trials: Vec<Trial>,
    messages: Vec<Message>,
    made: (u8, u8, u8, u8),
    closed_without_trial: bool,
    late_outcome_counted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Begin(usize),
    End(usize, bool),
    Claim(usize),
    TrialEnds(usize, bool),
    Reach(usize),
    /// It arrives, and will arrive again.
    ReachTwice(usize),
    Tick,
    SetBack,
}

/// Returns the phase and generation of the one scope, after the transitions due by time alone.
fn standing(owner: &Option<Circuit>, now: Timestamp) -> (BreakerPhase, u64) {
    let mut owner = owner.clone().unwrap_or_default();
    owner.advance(&RULES, now);
    owner.scopes.get(WHOLE).map_or((BreakerPhase::Closed, 0), |breaker| (breaker.phase(), breaker.generation()))
}

impl Flaw {
    /// Applies a command at the owner, with the defect.
    fn apply(self, owner: &mut Option<Circuit>, mut command: Command, mut now: Timestamp) -> Reply {
        let (phase, current) = standing(owner, now);
        match (self, &mut command) {
            (Self::LateOutcomesCount, Command::Report { reports, .. }) => reports[0].generation = current,
            (Self::TwoTrials, Command::Claim { lasts, .. }) if matches!(phase, BreakerPhase::Probing { .. }) => {
                now = now.after(*lasts);
            }
            (Self::LateTrialsCount, Command::Tried { generation, holder, .. }) => {
                if let BreakerPhase::Probing { holder: own, .. } = phase {
                    (*generation, *holder) = (current, own);
                }
            }
            (Self::TrialsLastForEver, Command::Claim { .. }) if matches!(phase, BreakerPhase::Probing { .. }) => {
                return Reply { answer: CommandResult::Held, views: Vec::new() };
            }
            _ => {}
        }
        let (next, reply) = apply(owner.clone(), command, now);
        *owner = next.map(|(circuit, _)| circuit).or(owner.take());
        reply
    }
}

fn claim(holder: u64) -> Command {
    Command::Claim { rules: RULES, holder, scope: WHOLE.to_owned(), lasts: trial_lasts(WHOLE, Millis::ZERO) }
}

fn tried(holder: u64, generation: u64, passed: bool) -> Command {
    Command::Tried { rules: RULES, holder, scope: WHOLE.to_owned(), generation, passed }
}

impl World {
    fn owner_now(&self) -> Timestamp {
        Timestamp::from_millis(START + self.now - self.behind)
    }

    fn standing(&self) -> (BreakerPhase, u64) {
        standing(&self.owner, self.owner_now())
    }

    fn reach(&mut self, isolate: usize, command: Command, flaw: Flaw) {
        let now = self.owner_now();
        let before = standing(&self.owner, now);
        let reply = flaw.apply(&mut self.owner, command.clone(), now);
        let after = standing(&self.owner, now);
        let lets_calls = |phase| matches!(phase, BreakerPhase::Closed | BreakerPhase::Recovering);
        match &command {
            Command::Report { reports, .. } => {
                self.late_outcome_counted |= reports[0].generation != before.1 && after != before;
            }
            Command::Claim { holder, .. } => {
                if let CommandResult::Granted { generation } = reply.answer {
                    let until = self.now + TICK;
                    self.trials.push(Trial { holder: *holder, generation, until, is_ended: false });
                }
            }
            Command::Tried { generation, passed, .. } => {
                let is_last = before.1 == *generation && *passed;
                self.closed_without_trial |= !lets_calls(before.0) && lets_calls(after.0) && !is_last;
                self.trials.retain(|trial| trial.generation != *generation);
            }
        }
        if !matches!(command, Command::Tried { .. }) {
            self.closed_without_trial |= !lets_calls(before.0) && lets_calls(after.0);
        }
        let told = reply.views.first().map(|view| view.generation);
        if let Some(told) = told.filter(|told| *told != self.known[isolate]) {
            self.messages.push(Message::Back(isolate, told));
        }
    }

    /// Returns true if time and a successful probe close the breaker from here.
    fn can_close(&self, flaw: Flaw) -> bool {
        let (mut owner, mut now) = (self.owner.clone(), self.owner_now());
        for _ in 0..4 {
            if standing(&owner, now).0 == BreakerPhase::Closed {
                return true;
            }
            if let CommandResult::Granted { generation } = flaw.apply(&mut owner, claim(9), now).answer {
                flaw.apply(&mut owner, tried(9, generation, true), now);
            }
            now = now.after(Millis::new(TICK));
        }
        false
    }

    fn trials_out(&self) -> usize {
        self.trials.iter().filter(|trial| self.now < trial.until).count()
    }
}

impl Model for Budget {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 0,
            behind: 0,
            owner: None,
            known: [0; 2],
            calls: Vec::new(),
            trials: Vec::new(),
            messages: Vec::new(),
            made: (0, 0, 0, 0),
            closed_without_trial: false,
            late_outcome_counted: false,
        }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        let (calls, claims, ticks, repeats) = world.made;
        for isolate in 0..2 {
            if calls < self.calls {
                events.push(Event::Begin(isolate));
            }
            if claims < self.claims {
                events.push(Event::Claim(isolate));
            }
        }
        for call in 0..world.calls.len() {
            events.extend([true, false].map(|failed| Event::End(call, failed)));
        }
        for (index, trial) in world.trials.iter().enumerate() {
            if !trial.is_ended {
                events.extend([true, false].map(|passed| Event::TrialEnds(index, passed)));
            }
        }
        for (index, message) in world.messages.iter().enumerate() {
            events.push(Event::Reach(index));
            if repeats < self.repeats && matches!(message, Message::ToOwner(..)) {
                events.push(Event::ReachTwice(index));
            }
        }
        if ticks < self.ticks {
            events.push(Event::Tick);
        }
        if self.clocks && world.behind == 0 {
            events.push(Event::SetBack);
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Begin(isolate) => {
                next.made.0 += 1;
                next.calls.push((isolate, next.known[isolate]));
                next.calls.sort_unstable();
            }
            Event::End(call, is_failed) => {
                let (isolate, generation) = next.calls.remove(call);
                let tally = Tally { calls: 1, failed: u32::from(is_failed), slow: 0 };
                let reports = vec![CircuitReport { scope: WHOLE.to_owned(), generation, tally }];
                next.messages.push(Message::ToOwner(isolate, Command::Report { rules: RULES, reports }));
            }
            Event::Claim(isolate) => {
                next.made.1 += 1;
                next.messages.push(Message::ToOwner(isolate, claim(isolate as u64)));
            }
            Event::TrialEnds(index, passed) => {
                let trial = &mut next.trials[index];
                trial.is_ended = true;
                let (holder, command) = (trial.holder, tried(trial.holder, trial.generation, passed));
                next.messages.push(Message::ToOwner(holder as usize, command));
            }
            Event::Reach(index) | Event::ReachTwice(index) => {
                let message = next.messages[index].clone();
                if event == Event::Reach(index) {
                    next.messages.remove(index);
                } else {
                    next.made.3 += 1;
                }
                match message {
                    Message::ToOwner(isolate, command) => next.reach(isolate, command, self.flaw),
                    Message::Back(isolate, told) => next.known[isolate] = told,
                }
            }
            Event::Tick => {
                next.made.2 += 1;
                next.now += TICK;
            }
            Event::SetBack => next.behind = 20 * TICK,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always(ONE_TRIAL, |_, world: &World| world.trials_out() <= 1),
            Property::always(BY_TRIAL, |_, world: &World| !world.closed_without_trial),
            Property::always(OWN_TIME, |_, world: &World| !world.late_outcome_counted),
            Property::always(CLOSES, |most: &Self, world: &World| world.can_close(most.flaw)),
            Property::sometimes("opens", |_, world: &World| world.standing().0 == BreakerPhase::Open),
        ];
        if self.claims > 0 {
            all.extend([
                Property::<Self>::sometimes("tries", |_, world| {
                    matches!(world.standing().0, BreakerPhase::Probing { .. })
                }),
                Property::<Self>::sometimes("recovers", |_, world| world.standing().0 == BreakerPhase::Recovering),
                Property::<Self>::sometimes("closes", |_, world| {
                    matches!(world.standing(), (BreakerPhase::Closed, 1..))
                }),
            ]);
        }
        all
    }
}

const ONE_TRIAL: &str = "at most one trial is out whose time is not over";
const BY_TRIAL: &str = "calls go through again only after a trial passed";
const OWN_TIME: &str = "no outcome of an earlier generation changes a phase";
const CLOSES: &str = "it can always be closed";

#[test]
fn no_order_of_events_breaks_a_promise() {
    for most in in_turn([
        Budget { calls: 3, claims: 1, ticks: 2, ..NONE },
        Budget { claims: 2, ticks: 3, ..NONE },
        Budget { claims: 1, ticks: 2, repeats: 1, ..NONE },
        Budget { claims: 2, ticks: 2, clocks: true, ..NONE },
    ]) {
        let checker = most.checker().threads(2).spawn_bfs().join();
        println!("{} states of {most:?}", checker.unique_state_count());
        checker.assert_properties();
        assert!(checker.unique_state_count() > 1_000, "too few to mean anything");
    }
}

#[test]
fn a_deliberate_defect_is_found() {
    for (flaw, most, promise) in in_turn([
        (Flaw::LateOutcomesCount, Budget { calls: 4, claims: 1, ticks: 1, ..NONE }, OWN_TIME),
        (Flaw::TwoTrials, Budget { claims: 2, ticks: 1, ..NONE }, ONE_TRIAL),
        (Flaw::LateTrialsCount, Budget { claims: 2, ticks: 2, ..NONE }, BY_TRIAL),
        (Flaw::TrialsLastForEver, Budget { claims: 1, ticks: 1, ..NONE }, CLOSES),
    ]) {
        let checker = Budget { flaw, ..most }.checker().threads(2).spawn_bfs().join();
        let path = checker.discovery(promise);
        let path = path.unwrap_or_else(|| panic!("{flaw:?} is not found in {} states", checker.unique_state_count()));
        println!("{flaw:?}: {:?}", path.into_actions());
    }
}
