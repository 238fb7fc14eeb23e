//! The durable owner of one executor's circuit breakers: one for the whole executor, and one for each of its tools.
//!
//! Invariants under loss, delay and reordering: at most one unexpired probe of a scope is in flight; calls go through
//! again only after a probe succeeded; no outcome of an earlier generation changes a phase. Isolates count for
//! themselves too (`circuits.rs`), so an unavailable owner holds no circuit open or closed.

mod breaker;
mod window;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use breaker::{Breaker, BreakerParameters, BreakerPhase, Reason};
pub(crate) use breaker::{is_due, share};
pub use window::Tally;

use crate::words::limits::{CIRCUITS_PER_EXECUTOR, EXECUTE_TIMEOUT_MAX, PROBE_TIMEOUT};
use crate::words::names::ToolName;
use crate::words::time::{Millis, Timestamp};

/// The scope of the whole executor; the other scopes are names of tools in lower case.
pub const WHOLE: &str = "";

/// The circuit breakers of one executor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Circuit {
    #[n(0)]
    scopes: BTreeMap<String, Breaker>,
    /// The generation of a new scope: above those of evicted scopes, so that their late outcomes still belong to an
    /// earlier one.
    #[n(1)]
    floor: u64,
}

/// A request to the owner of an executor's circuit breakers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command {
    /// Reports outcomes, and asks for the breakers' state.
    #[n(0)]
    Report {
        /// The rules as the isolate's configuration has them.
        #[n(0)]
        rules: BreakerParameters,
        /// The reports, at most [`CIRCUITS_PER_EXECUTOR`].
        #[n(1)]
        reports: Vec<CircuitReport>,
    },
    /// Claims the probe of a scope.
    #[n(1)]
    Claim {
        /// The rules; see [`Command::Report`].
        #[n(0)]
        rules: BreakerParameters,
        /// The claiming isolate: a number that no other isolate has.
        #[n(1)]
        holder: u64,
        /// The scope.
        #[n(2)]
        scope: String,
        /// The probe's timeout.
        #[n(3)]
        lasts: Millis,
    },
    /// Reports the outcome of a probe.
    #[n(2)]
    Tried {
        /// The rules; see [`Command::Report`].
        #[n(0)]
        rules: BreakerParameters,
        /// The isolate that made the probe.
        #[n(1)]
        holder: u64,
        /// The scope.
        #[n(2)]
        scope: String,
        /// The generation that the probe was granted under.
        #[n(3)]
        generation: u64,
        /// The probe succeeded.
        #[n(4)]
        passed: bool,
    },
}

/// Outcomes of one scope. An empty tally only asks for the scope's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct CircuitReport {
    /// The scope.
    #[n(0)]
    pub scope: String,
    /// The generation in which the calls began, as far as the isolate knew.
    #[n(1)]
    pub generation: u64,
    /// The outcomes.
    #[n(2)]
    pub tally: Tally,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Reply {
    /// The answer to the command.
    #[n(0)]
    pub answer: CommandResult,
    /// Every scope that is not closed, and every requested one: at most [`CIRCUITS_PER_EXECUTOR`].
    #[n(1)]
    pub views: Vec<BreakerView>,
}

/// The answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum CommandResult {
    /// To a report or a probe's outcome: recorded.
    #[n(0)]
    Noted,
    /// To a claim: the probe is granted to the asker.
    #[n(1)]
    Granted {
        /// The generation to report the outcome with.
        #[n(0)]
        generation: u64,
    },
    /// To a claim: no probe is due, or another isolate has it.
    #[n(2)]
    Held,
    /// To a claim: calls go through, so no probe is needed.
    #[n(3)]
    Needless,
}

/// The state of one scope's breaker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct BreakerView {
    /// The scope.
    #[n(0)]
    pub scope: String,
    /// The phase.
    #[n(1)]
    pub phase: BreakerPhase,
    /// Time spent in the phase. No point in time: the clocks of owner and isolates differ.
    #[n(2)]
    pub age: Millis,
    /// The generation.
    #[n(3)]
    pub generation: u64,
    /// The reason for the last opening.
    #[n(4)]
    pub reason: Option<Reason>,
}

/// Returns the timeout of a probe. An executor's probe is a health check. A tool's probe is a call: it is decided when
/// it is slow, and the rest is for its outcome to arrive.
pub(crate) fn trial_lasts(scope: &str, slow_call: Millis) -> Millis {
    if scope == WHOLE {
        PROBE_TIMEOUT
    } else {
        Timestamp::default().after(slow_call).after(PROBE_TIMEOUT).since(Timestamp::default())
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Circuit>,
    command: Command,
    now: Timestamp,
) -> (Option<Circuit>, Option<Timestamp>, Reply) {
    let (next, reply) = apply(earlier, command, now);
    let (circuit, expires) = next.unzip();
    (circuit, expires, reply)
}

/// Returns the next state with its expiry (`None`: unchanged), and the reply.
pub(crate) fn apply(
    earlier: Option<Circuit>,
    command: Command,
    now: Timestamp,
) -> (Option<(Circuit, Timestamp)>, Reply) {
    let mut circuit = earlier.clone().unwrap_or_default();
    let rules = match &command {
        Command::Report { rules, .. } | Command::Claim { rules, .. } | Command::Tried { rules, .. } => *rules,
    };
    circuit.advance(&rules, now);
    let mut asked = Vec::new();
    let answer = match command {
        Command::Report { reports, .. } => {
            for CircuitReport { scope, generation, tally } in reports.into_iter().take(CIRCUITS_PER_EXECUTOR) {
                if let Some(breaker) = circuit.breaker(&scope, tally, now) {
                    breaker.count(&rules, generation, tally.bounded(), now);
                    asked.push(scope);
                }
            }
            CommandResult::Noted
        }
        Command::Claim { holder, scope, lasts, .. } => {
            let answer = circuit.claim(&rules, holder, &scope, lasts, now);
            asked.push(scope);
            answer
        }
        Command::Tried { holder, scope, generation, passed, .. } => {
            if let Some(breaker) = circuit.scopes.get_mut(&scope) {
                breaker.tried(holder, generation, passed, now);
            }
            asked.push(scope);
            CommandResult::Noted
        }
    };
    let views = circuit.views(&asked, now);
    let expires = circuit.scopes.values().map(|breaker| breaker.quiet_at(now)).max().unwrap_or(now);
    let is_changed = earlier.unwrap_or_default() != circuit;
    (is_changed.then_some((circuit, expires)), Reply { answer, views })
}

impl Circuit {
    /// Makes the transitions due by time alone, and drops breakers that were quiet for longer than any call lasts, so
    /// that no outcome of theirs can still arrive.
    fn advance(&mut self, rules: &BreakerParameters, now: Timestamp) {
        self.scopes.retain(|_, breaker| {
            breaker.advance(rules, now);
            now < breaker.quiet_at(now)
        });
    }

    /// Returns the breaker of a scope; creates it when there are outcomes to count. `None` when there is no room for
    /// it.
    fn breaker(&mut self, scope: &str, tally: Tally, now: Timestamp) -> Option<&mut Breaker> {
        if !self.scopes.contains_key(scope) {
            if tally.is_empty() || scope.len() > ToolName::BYTES || !self.has_room(scope, now) {
                return None;
            }
            self.scopes.insert(scope.to_owned(), Breaker::of_scope(scope, self.floor, now));
        }
        self.scopes.get_mut(scope)
    }

    /// Makes room for one more scope, if there is none, by evicting the closed breaker with the oldest report.
    fn has_room(&mut self, scope: &str, now: Timestamp) -> bool {
        // The scope of the whole executor always has its place.
        let tools = self.scopes.keys().filter(|scope| *scope != WHOLE).count();
        if scope == WHOLE || tools < CIRCUITS_PER_EXECUTOR.saturating_sub(1) {
            return true;
        }
        let closed =
            self.scopes.iter().filter(|(scope, breaker)| *scope != WHOLE && breaker.phase() == BreakerPhase::Closed);
        let Some(quietest) = closed.min_by_key(|(_, breaker)| breaker.quiet_at(now)).map(|(scope, _)| scope.clone())
        else {
            return false;
        };
        if let Some(forgotten) = self.scopes.remove(&quietest) {
            self.floor = self.floor.max(forgotten.generation().wrapping_add(1));
        }
        true
    }

    fn claim(
        &mut self,
        rules: &BreakerParameters,
        holder: u64,
        scope: &str,
        lasts: Millis,
        now: Timestamp,
    ) -> CommandResult {
        let Some(breaker) = self.scopes.get_mut(scope) else {
            return CommandResult::Needless;
        };
        if matches!(breaker.phase(), BreakerPhase::Closed | BreakerPhase::Recovering) {
            return CommandResult::Needless;
        }
        let lasts = lasts.min(LASTS_MAX);
        breaker
            .claim(rules, holder, lasts, now)
            .map_or(CommandResult::Held, |generation| CommandResult::Granted { generation })
    }

    fn views(&self, asked: &[String], now: Timestamp) -> Vec<BreakerView> {
        let wanted = self.scopes.iter().filter(|(scope, breaker)| {
            breaker.phase() != BreakerPhase::Closed || asked.iter().any(|asked| asked == *scope)
        });
        let view = |(scope, breaker): (&String, &Breaker)| BreakerView {
            scope: scope.clone(),
            phase: breaker.phase(),
            age: now.since(breaker.since()),
            generation: breaker.generation(),
            reason: breaker.reason(),
        };
        wanted.map(view).collect()
    }
}

/// The longest probe: the longest call, and the time of its report.
const LASTS_MAX: Millis = Millis::new(EXECUTE_TIMEOUT_MAX.get().saturating_add(PROBE_TIMEOUT.get()));

#[cfg(test)]
#[path = "circuit_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "circuit_model_tests.rs"]
mod model;
