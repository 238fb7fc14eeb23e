//! A circuit breaker (M. Nygard, "Release It!"): lets calls through or not, by the outcomes of the last ones.
//!
//! Each change of phase raises the generation, and an outcome counts only in the generation in which its call began:
//! calls sent before the opening say nothing about the recovery. A clock that is set back restarts a phase, so none
//! lasts for ever.

use minicbor::{Decode, Encode};

use super::window::{OutcomeWindow, Tally};
use crate::words::limits::{CIRCUIT_KEPT, CIRCUIT_QUIET};
use crate::words::time::{Millis, Timestamp};

/// Minimum of calls during recovery, however many the operator requires otherwise.
const MINIMUM_RECOVERING: u32 = 3;
/// Percentage of calls admitted at the start of a recovery.
const SHARE_MIN: u8 = 10;
/// Percentage for all calls.
const SHARE_ALL: u8 = 100;

/// Rules for opening and probing: the operator's rules as they are sent to an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct BreakerParameters {
    /// Length of the window in which calls are counted.
    #[n(0)]
    pub window: Millis,
    /// Fewest calls in the window that can open the breaker.
    #[n(1)]
    pub minimum_calls: u32,
    /// Percentage of failed calls at which the breaker opens.
    #[n(2)]
    pub failure_rate: u8,
    /// Percentage of slow calls at which the breaker opens.
    #[n(3)]
    pub slow_rate: u8,
    /// Time from opening to the probe, and duration of the recovery.
    #[n(4)]
    pub probe_interval: Millis,
}

/// The phase of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum BreakerPhase {
    /// All calls go through.
    #[n(0)]
    Closed,
    /// No call goes through, until a probe is due.
    #[n(1)]
    Open,
    /// Half-open: one probe is in flight, whose outcome decides.
    #[n(2)]
    Probing {
        /// The isolate that probes.
        #[n(0)]
        holder: u64,
        /// Time after which the probe is lost, and another may be made.
        #[n(1)]
        lasts: Millis,
    },
    /// A growing share of calls goes through.
    #[n(3)]
    Recovering,
}

/// The reason for opening.
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
    /// Returns the name in records and on the readiness page.
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
    phase: BreakerPhase,
    /// Start of the phase.
    #[n(1)]
    since: Timestamp,
    #[n(2)]
    generation: u64,
    /// The reason for the last opening.
    #[n(3)]
    reason: Option<Reason>,
    #[n(4)]
    window: OutcomeWindow,
    /// The breaker also opens for a run of failed or slow calls.
    #[n(5)]
    minds_runs: bool,
}

impl Breaker {
    /// Creates a closed breaker of a whole executor: among many tools, a run of failures by one means little.
    pub(crate) fn new(generation: u64, now: Timestamp) -> Self {
        let window = OutcomeWindow::default();
        Self { phase: BreakerPhase::Closed, since: now, generation, reason: None, window, minds_runs: false }
    }

    /// Creates a closed breaker of one scope: a tool's breaker also opens for a run of failed or slow calls, long
    /// before these outweigh earlier successes.
    pub(crate) fn of_scope(scope: &str, generation: u64, now: Timestamp) -> Self {
        Self { minds_runs: scope != super::WHOLE, ..Self::new(generation, now) }
    }

    /// Returns the phase, as of the last advance.
    pub(crate) const fn phase(&self) -> BreakerPhase {
        self.phase
    }

    /// Returns the start of the phase.
    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the number of changes of phase.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the reason for the last opening.
    pub(crate) const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Makes the transitions due by time alone.
    pub(crate) fn advance(&mut self, rules: &BreakerParameters, now: Timestamp) {
        // A start in the future becomes now: a clock was set back, by an unknown amount.
        self.since = self.since.min(now);
        if self.phase == BreakerPhase::Recovering && now.since(self.since) >= rules.probe_interval {
            self.enter(BreakerPhase::Closed, now);
        }
    }

    /// Counts outcomes of calls that began in `generation`; returns true if they opened the breaker.
    pub(crate) fn count(&mut self, rules: &BreakerParameters, generation: u64, tally: Tally, now: Timestamp) -> bool {
        self.advance(rules, now);
        let minimum = match self.phase {
            BreakerPhase::Closed => rules.minimum_calls,
            BreakerPhase::Recovering => rules.minimum_calls.min(MINIMUM_RECOVERING),
            BreakerPhase::Open | BreakerPhase::Probing { .. } => return false,
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
        self.enter(BreakerPhase::Open, now);
        true
    }

    /// Returns true if a probe is due now.
    pub(crate) fn is_due(&self, rules: &BreakerParameters, now: Timestamp) -> bool {
        is_due(self.phase, now.since(self.since), rules)
    }

    /// Grants the one probe to `holder`, if it is due; returns the generation in which its outcome counts.
    pub(crate) fn claim(
        &mut self,
        rules: &BreakerParameters,
        holder: u64,
        lasts: Millis,
        now: Timestamp,
    ) -> Option<u64> {
        self.advance(rules, now);
        if !self.is_due(rules, now) {
            return None;
        }
        self.enter(BreakerPhase::Probing { holder, lasts }, now);
        Some(self.generation)
    }

    /// Records the outcome of the probe that `holder` was granted under `generation`. A late outcome counts too, unless
    /// the probe was granted to another meanwhile.
    pub(crate) fn tried(&mut self, holder: u64, generation: u64, passed: bool, now: Timestamp) {
        let is_its = matches!(self.phase, BreakerPhase::Probing { holder: own, .. } if own == holder);
        if is_its && generation == self.generation {
            self.enter(if passed { BreakerPhase::Recovering } else { BreakerPhase::Open }, now);
        }
    }

    /// Returns the percentage of calls that go through.
    pub(crate) fn share(&self, rules: &BreakerParameters, now: Timestamp) -> u8 {
        share(self.phase, now.since(self.since), rules)
    }

    /// Returns the expiry: of a closed breaker some time after its last report, of any other after its last change.
    pub(super) fn quiet_at(&self, now: Timestamp) -> Timestamp {
        let last = self.since.max(self.window.counted_at()).min(now);
        last.after(if self.phase == BreakerPhase::Closed { CIRCUIT_QUIET } else { CIRCUIT_KEPT })
    }

    fn enter(&mut self, phase: BreakerPhase, now: Timestamp) {
        self.phase = phase;
        self.since = now;
        self.generation = self.generation.wrapping_add(1);
        if phase == BreakerPhase::Open {
            // The recovery is judged by its own calls.
            self.window = OutcomeWindow::default();
        }
    }
}

/// Returns true if a probe is due at this age of the phase.
pub(crate) fn is_due(phase: BreakerPhase, age: Millis, rules: &BreakerParameters) -> bool {
    match phase {
        BreakerPhase::Closed | BreakerPhase::Recovering => false,
        BreakerPhase::Open => age >= rules.probe_interval,
        BreakerPhase::Probing { lasts, .. } => age >= lasts,
    }
}

/// Returns the percentage of calls that go through at this age of the phase.
pub(crate) fn share(phase: BreakerPhase, age: Millis, rules: &BreakerParameters) -> u8 {
    match phase {
        BreakerPhase::Closed => SHARE_ALL,
        BreakerPhase::Open | BreakerPhase::Probing { .. } => 0,
        BreakerPhase::Recovering => {
            let rest = u64::from(SHARE_ALL.saturating_sub(SHARE_MIN));
            let grown = rest.saturating_mul(age.get()).checked_div(rules.probe_interval.get()).unwrap_or(rest);
            SHARE_MIN.saturating_add(u8::try_from(grown.min(rest)).unwrap_or_default())
        }
    }
}

/// Returns the reason to open, if these calls are one. Rates are compared as products, so that nothing is rounded.
fn judge(rules: &BreakerParameters, minimum: u32, tally: Tally) -> Option<Reason> {
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
