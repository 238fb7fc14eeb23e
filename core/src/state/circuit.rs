//! The owner of one executor's circuit breakers: one for the executor as a whole, and one for each of its tools.
//!
//! What is true whatever is lost, late or out of order: at most one trial of a scope is out whose time is not over; calls go
//! through again only after a trial passed; no outcome of an earlier generation changes a phase. Isolates count for
//! themselves too (`circuits.rs`), so an owner that is away keeps nothing shut and nothing open.

mod breaker;
mod window;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use breaker::{Breaker, Phase, Reason, Rules};
pub(crate) use breaker::{is_due, share};
pub use window::Tally;

use crate::words::limits::{CIRCUITS_PER_EXECUTOR, EXECUTE_TIMEOUT_MAX, PROBE_TIMEOUT};
use crate::words::names::ToolName;
use crate::words::time::{Millis, Timestamp};

/// The scope of the executor as a whole; the others are names of tools in lower case.
pub const WHOLE: &str = "";

/// Describes what is known of one executor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Circuit {
    #[n(0)]
    scopes: BTreeMap<String, Breaker>,
    /// The generation of a scope that is not known yet: above those of scopes that had to make room, so that what comes late
    /// of those is still of an earlier one.
    #[n(1)]
    floor: u64,
}

/// Asks the owner for something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command {
    /// Takes outcomes, and tells how things stand.
    #[n(0)]
    Report {
        /// The rules as the isolate's configuration has them.
        #[n(0)]
        rules: Rules,
        /// Tells what is told, at most [`CIRCUITS_PER_EXECUTOR`].
        #[n(1)]
        reports: Vec<Report>,
    },
    /// Asks for the trial of a scope.
    #[n(1)]
    Claim {
        /// See above.
        #[n(0)]
        rules: Rules,
        /// Tells who asks: a number that no other isolate has.
        #[n(1)]
        holder: u64,
        /// The scope.
        #[n(2)]
        scope: String,
        /// Sets how long the trial may take.
        #[n(3)]
        lasts: Millis,
    },
    /// Tells how a trial went.
    #[n(2)]
    Tried {
        /// See above.
        #[n(0)]
        rules: Rules,
        /// Tells who made it.
        #[n(1)]
        holder: u64,
        /// The scope.
        #[n(2)]
        scope: String,
        /// The generation that the trial was given under.
        #[n(3)]
        generation: u64,
        /// Tells whether it went well.
        #[n(4)]
        passed: bool,
    },
}

/// Outcomes of one scope. An empty tally asks how the scope stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Report {
    /// The scope.
    #[n(0)]
    pub scope: String,
    /// The generation in which the calls began, as far as the isolate knew.
    #[n(1)]
    pub generation: u64,
    /// Tells how they went.
    #[n(2)]
    pub tally: Tally,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Reply {
    /// To the question itself.
    #[n(0)]
    pub answer: Answer,
    /// Every scope that is not closed, and those that were asked about: at most [`CIRCUITS_PER_EXECUTOR`].
    #[n(1)]
    pub views: Vec<View>,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Answer {
    /// Of a report or a trial's outcome: noted.
    #[n(0)]
    Noted,
    /// Of a claim: the trial is the asker's.
    #[n(1)]
    Granted {
        /// The generation to tell its outcome with.
        #[n(0)]
        generation: u64,
    },
    /// Of a claim: it is not time for one, or another has it.
    #[n(2)]
    Held,
    /// Of a claim: calls go through, so there is nothing to try.
    #[n(3)]
    Needless,
}

/// Describes how a scope stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct View {
    /// The scope.
    #[n(0)]
    pub scope: String,
    /// Tells what is done with its calls.
    #[n(1)]
    pub phase: Phase,
    /// Tells how long that has been so. No point in time: the clocks of owner and isolates differ.
    #[n(2)]
    pub age: Millis,
    /// The generation.
    #[n(3)]
    pub generation: u64,
    /// Why it opened last.
    #[n(4)]
    pub reason: Option<Reason>,
}

/// Returns how long a trial may take. An executor's is a question for its health. A tool's is a call: it is decided when it is slow,
/// and what is left is for its outcome to arrive.
pub(crate) fn trial_lasts(scope: &str, slow_call: Millis) -> Millis {
    if scope == WHOLE {
        PROBE_TIMEOUT
    } else {
        Timestamp::default().after(slow_call).after(PROBE_TIMEOUT).since(Timestamp::default())
    }
}

/// Applies a command: the state to store, from when on it may be deleted, and the reply.
pub(super) fn reduce(
    earlier: Option<Circuit>,
    command: Command,
    now: Timestamp,
) -> (Option<Circuit>, Option<Timestamp>, Reply) {
    let (next, reply) = apply(earlier, command, now);
    let (circuit, expires) = next.unzip();
    (circuit, expires, reply)
}

/// The next state (`None`: as it was), when it can be forgotten, and the reply.
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
            for Report { scope, generation, tally } in reports.into_iter().take(CIRCUITS_PER_EXECUTOR) {
                if let Some(breaker) = circuit.breaker(&scope, tally, now) {
                    breaker.count(&rules, generation, tally.bounded(), now);
                    asked.push(scope);
                }
            }
            Answer::Noted
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
            Answer::Noted
        }
    };
    let views = circuit.views(&asked, now);
    let expires = circuit.scopes.values().map(|breaker| breaker.quiet_at(now)).max().unwrap_or(now);
    let is_changed = earlier.unwrap_or_default() != circuit;
    (is_changed.then_some((circuit, expires)), Reply { answer, views })
}

impl Circuit {
    /// Does what time alone does, and forgets what was quiet for long: longer than any call lasts, so that none of its
    /// outcomes can come any more.
    fn advance(&mut self, rules: &Rules, now: Timestamp) {
        self.scopes.retain(|_, breaker| {
            breaker.advance(rules, now);
            now < breaker.quiet_at(now)
        });
    }

    /// The breaker of a scope, which is made where there are outcomes to count. `None` where there is no room for one.
    fn breaker(&mut self, scope: &str, tally: Tally, now: Timestamp) -> Option<&mut Breaker> {
        if !self.scopes.contains_key(scope) {
            if tally.is_empty() || scope.len() > ToolName::BYTES || !self.has_room(scope, now) {
                return None;
            }
            self.scopes.insert(scope.to_owned(), Breaker::of_scope(scope, self.floor, now));
        }
        self.scopes.get_mut(scope)
    }

    /// Makes room for one more scope, where there is none, in place of the closed one that was told nothing for longest.
    fn has_room(&mut self, scope: &str, now: Timestamp) -> bool {
        // The executor as a whole always has its place.
        let tools = self.scopes.keys().filter(|scope| *scope != WHOLE).count();
        if scope == WHOLE || tools < CIRCUITS_PER_EXECUTOR.saturating_sub(1) {
            return true;
        }
        let closed = self.scopes.iter().filter(|(scope, breaker)| *scope != WHOLE && breaker.phase() == Phase::Closed);
        let Some(quietest) = closed.min_by_key(|(_, breaker)| breaker.quiet_at(now)).map(|(scope, _)| scope.clone())
        else {
            return false;
        };
        if let Some(forgotten) = self.scopes.remove(&quietest) {
            self.floor = self.floor.max(forgotten.generation().wrapping_add(1));
        }
        true
    }

    fn claim(&mut self, rules: &Rules, holder: u64, scope: &str, lasts: Millis, now: Timestamp) -> Answer {
        let Some(breaker) = self.scopes.get_mut(scope) else {
            return Answer::Needless;
        };
        if matches!(breaker.phase(), Phase::Closed | Phase::Recovering) {
            return Answer::Needless;
        }
        let lasts = lasts.min(LASTS_MAX);
        breaker.claim(rules, holder, lasts, now).map_or(Answer::Held, |generation| Answer::Granted { generation })
    }

    fn views(&self, asked: &[String], now: Timestamp) -> Vec<View> {
        let wanted = self
            .scopes
            .iter()
            .filter(|(scope, breaker)| breaker.phase() != Phase::Closed || asked.iter().any(|asked| asked == *scope));
        let view = |(scope, breaker): (&String, &Breaker)| View {
            scope: scope.clone(),
            phase: breaker.phase(),
            age: now.since(breaker.since()),
            generation: breaker.generation(),
            reason: breaker.reason(),
        };
        wanted.map(view).collect()
    }
}

/// The longest trial: the longest call, and the time of its report.
const LASTS_MAX: Millis = Millis::new(EXECUTE_TIMEOUT_MAX.get().saturating_add(PROBE_TIMEOUT.get()));

#[cfg(test)]
#[path = "circuit_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "circuit_model_tests.rs"]
mod model;
