//! One scope in one isolate: its own breaker, the owner's view of it, and the half-open probe granted to it.

use std::cell::{Cell, RefCell};

use super::{Permit, ScopeState};
use crate::dispatch::circuits::BreakerRules;
use crate::state::circuit::{
    self, Breaker, BreakerParameters, BreakerPhase, BreakerView, CircuitReport, CommandResult, Reason, Tally,
};
use crate::words::time::{Millis, Timestamp};

/// Holds the breaker of one scope of an executor.
#[derive(Debug)]
pub(super) struct ScopedCircuit {
    /// The executor's index in the configuration.
    pub(super) executor: usize,
    /// The tool in lower case, or [`circuit::WHOLE`].
    pub(super) scope: Box<str>,
    inner: RefCell<BreakerState>,
}

#[derive(Debug)]
struct BreakerState {
    /// The breaker over this isolate's own outcomes.
    local: Breaker,
    /// The owner's last known generation.
    generation: u64,
    /// Outcomes not reported to the owner yet, of calls that began in that generation.
    unsent: Tally,
    /// The owner's last reported view; `None` if the circuit is closed there.
    view: Option<OwnerView>,
    /// A probe that waits for its call.
    permit: Option<Permit>,
    /// The generation of a finished probe, and whether it passed, to be reported to the owner.
    verdict: Option<(u64, bool)>,
}

/// Holds the owner's state, in this isolate's time.
#[derive(Clone, Copy, Debug)]
struct OwnerView {
    phase: BreakerPhase,
    reason: Option<Reason>,
    since: Timestamp,
    heard: Timestamp,
    /// The time for which the view holds unless it is renewed: the owner may be away.
    holds: Millis,
}

impl OwnerView {
    /// Returns whether the view still holds. A clock that was set back ends it.
    fn is_holding(self, now: Timestamp) -> bool {
        self.heard <= now && now.since(self.heard) < self.holds
    }
}

/// Holds the generations that a call began in, and its probe, if it is one.
#[derive(Debug)]
pub(super) struct CircuitTicket {
    local: u64,
    owner: u64,
    permit: Option<Permit>,
}

impl ScopedCircuit {
    pub(super) fn new(executor: usize, scope: &str, now: Timestamp) -> Self {
        let inner = BreakerState {
            local: Breaker::of_scope(scope, 0, now),
            generation: 0,
            unsent: Tally::default(),
            view: None,
            permit: None,
            verdict: None,
        };
        Self { executor, scope: scope.into(), inner: RefCell::new(inner) }
    }

    /// Returns whether a call may be made. A permit is given to the first call that begins.
    pub(super) fn stand(&self, rules: &BreakerRules, now: Timestamp, random: u8) -> ScopeState {
        let mut inner = self.inner.borrow_mut();
        if inner.local.phase() == BreakerPhase::Closed && inner.view.is_none() {
            return ScopeState::Closed;
        }
        let rules = BreakerParameters::from(rules);
        inner.local.advance(&rules, now);
        let (share, since) = inner.held(&rules, now);
        if share > 0 {
            return match share {
                100.. => ScopeState::Closed,
                _ if random < share => ScopeState::Recovering,
                _ => ScopeState::Open(since),
            };
        }
        if inner.permit.is_some() { ScopeState::Probe } else { ScopeState::Open(since) }
    }

    /// Begins a call.
    pub(super) fn begin(&self) -> CircuitTicket {
        let mut inner = self.inner.borrow_mut();
        let permit = inner.permit.take();
        CircuitTicket { local: inner.local.generation(), owner: inner.generation, permit }
    }

    /// Counts outcomes of a call; returns whether that opened the isolate's own breaker. A probe is not counted: it
    /// decides.
    pub(super) fn count(&self, part: &CircuitTicket, tally: Tally, rules: &BreakerParameters, now: Timestamp) -> bool {
        let mut inner = self.inner.borrow_mut();
        if part.permit.is_some() {
            return false;
        }
        if part.owner == inner.generation {
            inner.unsent = inner.unsent.plus(tally);
        }
        inner.local.count(rules, part.local, tally, now)
    }

    /// Decides a call that is a probe; returns whether it was one.
    pub(super) fn decide(&self, part: &mut CircuitTicket, passed: bool, holder: u64, now: Timestamp) -> bool {
        let permit = part.permit.take();
        permit.map(|permit| self.tried(permit, passed, holder, now)).is_some()
    }

    /// Ends a probe.
    pub(super) fn tried(&self, permit: Permit, passed: bool, holder: u64, now: Timestamp) {
        let mut inner = self.inner.borrow_mut();
        if let Some(generation) = permit.local {
            inner.local.tried(holder, generation, passed, now);
        }
        if let Some(generation) = permit.owner {
            inner.verdict = Some((generation, passed));
        }
    }

    /// Takes the outcome of a probe that is to be reported to the owner.
    pub(super) fn take_verdict(&self) -> Option<(u64, bool)> {
        self.inner.borrow_mut().verdict.take()
    }

    /// Returns the report of calls to the owner: an empty one if the owner's view is wanted.
    pub(super) fn report(&self, rules: &BreakerParameters, now: Timestamp) -> Option<CircuitReport> {
        let mut inner = self.inner.borrow_mut();
        let is_asking = inner.view.is_some() || inner.is_troubled(rules, now);
        let tally = std::mem::take(&mut inner.unsent);
        (is_asking || !tally.is_empty()).then(|| CircuitReport {
            scope: self.scope.as_ref().to_owned(),
            generation: inner.generation,
            tally,
        })
    }

    /// Returns whether there is anything to report to the owner.
    pub(super) fn has_unsent(&self) -> bool {
        let inner = self.inner.borrow();
        !inner.unsent.is_empty() || inner.verdict.is_some()
    }

    /// Adopts the owner's view: `None` if the owner did not name the scope, so that it is closed there.
    pub(super) fn adopt(&self, view: Option<&BreakerView>, rules: &BreakerParameters, now: Timestamp) {
        let mut inner = self.inner.borrow_mut();
        inner.view = None;
        let Some(view) = view else { return };
        if view.generation != inner.generation {
            // These calls began before the change, and would not count.
            inner.unsent = Tally::default();
            inner.generation = view.generation;
        }
        if view.phase == BreakerPhase::Closed {
            return;
        }
        // A probe that the owner has since given to another isolate, or does not know, is void.
        if inner.permit.is_some_and(|permit| permit.owner != Some(view.generation)) {
            inner.permit = None;
        }
        let since = Timestamp::from_millis(now.as_millis().saturating_sub(view.age.get()));
        let holds = rules.probe_interval.twice();
        inner.view = Some(OwnerView { phase: view.phase, reason: view.reason, since, heard: now, holds });
    }

    /// Returns whether a probe should be claimed: not while one waits for its call, even if its time is over.
    pub(super) fn wants_trial(&self, rules: &BreakerParameters, now: Timestamp) -> bool {
        let mut inner = self.inner.borrow_mut();
        inner.local.advance(rules, now);
        let is_waiting = inner.permit.is_some();
        let view = inner.view.filter(|view| view.is_holding(now));
        let is_view_due = view.is_some_and(|view| circuit::is_due(view.phase, now.since(view.since), rules));
        !is_waiting && (inner.local.is_due(rules, now) || is_view_due)
    }

    /// Returns the probe that follows from the owner's answer to a claim. `None` is the answer of an owner that could
    /// not be asked: then, and if the owner sees no need of a probe, the isolate's own breaker grants it.
    pub(super) fn permit(
        &self,
        answer: Option<CommandResult>,
        rules: &BreakerParameters,
        holder: u64,
        lasts: Millis,
        now: Timestamp,
    ) -> Option<Permit> {
        let mut inner = self.inner.borrow_mut();
        let mut own = || inner.local.claim(rules, holder, lasts, now);
        match answer {
            Some(CommandResult::Granted { generation }) => Some(Permit { owner: Some(generation), local: own() }),
            Some(CommandResult::Needless) | None => {
                own().map(|generation| Permit { owner: None, local: Some(generation) })
            }
            Some(CommandResult::Held | CommandResult::Noted) => None,
        }
    }

    /// Makes the next call the probe.
    pub(super) fn keep(&self, permit: Permit) {
        let mut inner = self.inner.borrow_mut();
        inner.permit = Some(permit);
    }

    /// Returns the time since which the circuit is open, and the reason; `None` if calls go through.
    pub(super) fn open(&self, now: Timestamp) -> Option<(Timestamp, &'static str)> {
        let inner = self.inner.borrow();
        let is_shut = |phase| matches!(phase, BreakerPhase::Open | BreakerPhase::Probing { .. });
        let of_owner = inner.view.filter(|view| is_shut(view.phase) && view.is_holding(now));
        let own = is_shut(inner.local.phase()).then(|| (inner.local.since().min(now), inner.local.reason()));
        let (since, reason) = own.or_else(|| of_owner.map(|view| (view.since, view.reason)))?;
        Some((since, reason.unwrap_or(Reason::FailureRate).name()))
    }

    /// Returns whether the circuit is not closed, here or at the owner.
    pub(super) fn is_troubled(&self, rules: &BreakerParameters, now: Timestamp) -> bool {
        self.inner.borrow_mut().is_troubled(rules, now)
    }
}

impl BreakerState {
    /// Returns the lesser share of the two breakers, and the time since which it holds.
    fn held(&self, rules: &BreakerParameters, now: Timestamp) -> (u8, Timestamp) {
        let own = (self.local.share(rules, now), self.local.since());
        match self.view.filter(|view| view.is_holding(now)) {
            Some(view) => {
                let of_owner = (circuit::share(view.phase, now.since(view.since), rules), view.since);
                if of_owner.0 < own.0 { of_owner } else { own }
            }
            None => own,
        }
    }

    fn is_troubled(&mut self, rules: &BreakerParameters, now: Timestamp) -> bool {
        self.local.advance(rules, now);
        self.local.phase() != BreakerPhase::Closed || self.view.is_some_and(|view| view.is_holding(now))
    }
}

/// Tracks the questions to an executor's owner.
#[derive(Debug, Default)]
pub(super) struct Diary {
    /// The time of the last question.
    pub(super) asked: Cell<Option<Timestamp>>,
    /// The start of the job under way.
    pub(super) job: Cell<Option<Timestamp>>,
    /// The owner was asked once, with or without an answer.
    pub(super) is_met: Cell<bool>,
    /// There is something to report.
    pub(super) is_unsent: Cell<bool>,
    /// There were failures or slow calls, or a scope is not closed.
    pub(super) is_troubled: Cell<bool>,
    /// The report cannot wait: a breaker opened just now, or a probe ended.
    pub(super) is_urgent: Cell<bool>,
}
