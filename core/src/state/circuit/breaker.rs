//! A circuit breaker (M. Nygard, "Release It!"): whether calls go through, by how the last ones went.
//!
//! Each change of its phase raises its generation, and an outcome counts only in the generation in which its call began: what
//! was sent before it opened says nothing about the recovery. A clock that is set back makes a phase begin anew, so none
//! lasts for ever.

use minicbor::{Decode, Encode};

use super::window::{Tally, Window};
use crate::words::limits::{CIRCUIT_KEPT, CIRCUIT_QUIET};
use crate::words::time::{Millis, Timestamp};

/// Fewer calls decide nothing while it recovers, however many the operator wants to see else.
const MINIMUM_RECOVERING: u32 = 3;
/// Of a hundred calls, so many go through when the recovery begins.
const SHARE_MIN: u8 = 10;
/// All calls.
const SHARE_ALL: u8 = 100;

/// Describes when a breaker opens and how it is tried: the operator's rules as they are sent to an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Rules {
    /// Over what time calls are counted.
    #[n(0)]
    pub window: Millis,
    /// Fewer calls in that time decide nothing.
    #[n(1)]
    pub minimum_calls: u32,
    /// It opens when so many of a hundred calls failed.
    #[n(2)]
    pub failure_rate: u8,
    /// It opens when so many of a hundred calls were slow.
    #[n(3)]
    pub slow_rate: u8,
    /// Sets how long it stays open before it is tried, and how long it recovers.
    #[n(4)]
    pub probe_interval: Millis,
}

/// Describes what a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Phase {
    /// All go through.
    #[n(0)]
    Closed,
    /// None goes through, until one is let through as a trial.
    #[n(1)]
    Open,
    /// One is under way, whose outcome decides. Half-open, in the words of "Release It!".
    #[n(2)]
    Probing {
        /// Tells who tries.
        #[n(0)]
        holder: u64,
        /// After this time the trial is lost, and another may be made.
        #[n(1)]
        lasts: Millis,
    },
    /// A share goes through that grows.
    #[n(3)]
    Recovering,
}

/// Why it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reason {
    /// Too many calls failed.
    #[n(0)]
    FailureRate,
    /// Too many calls were slow.
    #[n(1)]
    SlowRate,
}

impl Reason {
    /// The name in records and on the readiness page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailureRate => "failure_rate",
            Self::SlowRate => "slow_rate",
        }
    }
}

/// The breaker of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Breaker {
    #[n(0)]
    phase: Phase,
    /// Tells when the phase began.
    #[n(1)]
    since: Timestamp,
    #[n(2)]
    generation: u64,
    /// Why it opened last.
    #[n(3)]
    reason: Option<Reason>,
    #[n(4)]
    window: Window,
    /// Tells whether it opens also for calls in a row that did not go well.
    #[n(5)]
    minds_runs: bool,
}

impl Breaker {
    /// A closed one, of an executor as a whole: of many tools, one that fails in a row says little.
    pub(crate) fn new(generation: u64, now: Timestamp) -> Self {
        let window = Window::default();
        Self { phase: Phase::Closed, since: now, generation, reason: None, window, minds_runs: false }
    }

    /// A closed one, of one scope: a tool's opens also for a run of calls that did not go well, long before they outweigh the good
    /// times before them.
    pub(crate) fn of_scope(scope: &str, generation: u64, now: Timestamp) -> Self {
        Self { minds_runs: scope != super::WHOLE, ..Self::new(generation, now) }
    }

    /// Returns what it does with calls, as of the last time it was advanced.
    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns when that began.
    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    /// Counts how often the phase changed.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Why it opened last.
    pub(crate) const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Does what time alone does.
    pub(crate) fn advance(&mut self, rules: &Rules, now: Timestamp) {
        // What seems to begin in the future begins now: a clock was set back, by nobody knows how much.
        self.since = self.since.min(now);
        if self.phase == Phase::Recovering && now.since(self.since) >= rules.probe_interval {
            self.enter(Phase::Closed, now);
        }
    }

    /// Counts outcomes of calls that began in `generation`, and says whether it opened because of them.
    pub(crate) fn count(&mut self, rules: &Rules, generation: u64, tally: Tally, now: Timestamp) -> bool {
        self.advance(rules, now);
        let minimum = match self.phase {
            Phase::Closed => rules.minimum_calls,
            Phase::Recovering => rules.minimum_calls.min(MINIMUM_RECOVERING),
            Phase::Open | Phase::Probing { .. } => return false,
        };
        if generation != self.generation || tally.is_empty() {
            return false;
        }
        let (all, run) = self.window.count(rules.window, tally, now);
        let by_run = || judge(rules, minimum, run).filter(|_| self.minds_runs);
        let Some(reason) = judge(rules, minimum, all).or_else(by_run) else {
            return false;
        };
        self.reason = Some(reason);
        self.enter(Phase::Open, now);
        true
    }

    /// Tells whether a trial may be made now.
    pub(crate) fn is_due(&self, rules: &Rules, now: Timestamp) -> bool {
        is_due(self.phase, now.since(self.since), rules)
    }

    /// Gives the one trial to `holder`, if it is time for one, and says under which generation its outcome counts.
    pub(crate) fn claim(&mut self, rules: &Rules, holder: u64, lasts: Millis, now: Timestamp) -> Option<u64> {
        self.advance(rules, now);
        if !self.is_due(rules, now) {
            return None;
        }
        self.enter(Phase::Probing { holder, lasts }, now);
        Some(self.generation)
    }

    /// Takes the outcome of the trial that `holder` was given under `generation`. It counts also when it comes late, unless
    /// the trial was given to another meanwhile.
    pub(crate) fn tried(&mut self, holder: u64, generation: u64, passed: bool, now: Timestamp) {
        let is_its = matches!(self.phase, Phase::Probing { holder: own, .. } if own == holder);
        if is_its && generation == self.generation {
            self.enter(if passed { Phase::Recovering } else { Phase::Open }, now);
        }
    }

    /// Returns how many of a hundred calls go through.
    pub(crate) fn share(&self, rules: &Rules, now: Timestamp) -> u8 {
        share(self.phase, now.since(self.since), rules)
    }

    /// Returns when it can be forgotten: a closed one after it was told nothing for long, any other when nobody asks any more.
    pub(super) fn quiet_at(&self, now: Timestamp) -> Timestamp {
        let last = self.since.max(self.window.counted_at()).min(now);
        last.after(if self.phase == Phase::Closed { CIRCUIT_QUIET } else { CIRCUIT_KEPT })
    }

    fn enter(&mut self, phase: Phase, now: Timestamp) {
        self.phase = phase;
        self.since = now;
        self.generation = self.generation.wrapping_add(1);
        if phase == Phase::Open {
            // The recovery is judged by its own calls.
            self.window = Window::default();
        }
    }
}

/// Tells whether a trial may be made so long after the phase began.
pub(crate) fn is_due(phase: Phase, age: Millis, rules: &Rules) -> bool {
    match phase {
        Phase::Closed | Phase::Recovering => false,
        Phase::Open => age >= rules.probe_interval,
        Phase::Probing { lasts, .. } => age >= lasts,
    }
}

/// Returns how many of a hundred calls go through so long after the phase began.
pub(crate) fn share(phase: Phase, age: Millis, rules: &Rules) -> u8 {
    match phase {
        Phase::Closed => SHARE_ALL,
        Phase::Open | Phase::Probing { .. } => 0,
        Phase::Recovering => {
            let rest = u64::from(SHARE_ALL.saturating_sub(SHARE_MIN));
            let grown = rest.saturating_mul(age.get()).checked_div(rules.probe_interval.get()).unwrap_or(rest);
            SHARE_MIN.saturating_add(u8::try_from(grown.min(rest)).unwrap_or_default())
        }
    }
}

/// Tells whether so many calls are reason to open. Shares are compared as products, so that nothing is rounded.
fn judge(rules: &Rules, minimum: u32, tally: Tally) -> Option<Reason> {
    if tally.calls < minimum.max(1) {
        return None;
    }
    let reaches = |count: u32, rate: u8| {
        u64::from(count).saturating_mul(100) >= u64::from(rate.max(1)).saturating_mul(u64::from(tally.calls))
    };
    if reaches(tally.failed, rules.failure_rate) {
        Some(Reason::FailureRate)
    } else if reaches(tally.slow, rules.slow_rate) {
        Some(Reason::SlowRate)
    } else {
        None
    }
}
