//! One isolate's circuit breakers: they reject calls to an executor that would most likely fail.
//!
//! The stricter of two breakers holds: the isolate's own over its own calls, and that of the executor's owner
//! (`state/circuit.rs`) over all isolates' calls. No call waits for either: reports and questions to the owner run in
//! the background (`circuits/driver.rs`), and its view expires unless it is renewed within two probe intervals. Only a
//! short-lived isolate asks before its first call at an executor: all that it would learn by itself goes with it.

mod circuit;
pub(crate) mod driver;
mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::state::circuit::{BreakerParameters, BreakerPhase, BreakerView, CircuitReport, Tally, WHOLE};
use crate::words::limits::{
    CIRCUIT_JOB, CIRCUIT_REPORT, CIRCUIT_REPORT_QUIET, CIRCUIT_TRIALS, CIRCUITS, CIRCUITS_PER_EXECUTOR,
};
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::{Millis, Timestamp};

pub use rules::BreakerRules;

use circuit::{CircuitTicket, Diary, ScopedCircuit};

/// Names the state of a call's circuit, by the breakers of the executor and of its tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CircuitState {
    /// The call may be made.
    Closed,
    /// The call may be made, as one of few: the executor, or the tool on it, recovers.
    Recovering,
    /// The call may be made as a half-open probe: no other call gets this state until its outcome is known.
    Probe,
    /// The call should not be made.
    Open {
        /// The start of the phase.
        since: Timestamp,
        /// The breaker that is open.
        scope: BreakerScope,
    },
}

/// Names the subject of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BreakerScope {
    /// The executor as a whole.
    Executor,
    /// One tool on it.
    Tool,
}

/// Classifies a call's outcome by its executor's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CircuitOutcome {
    /// The executor answered.
    Success,
    /// The executor did not answer, or with a failure of its own.
    Failure,
    /// No sign of the executor's health: the call was cancelled here, or never sent.
    Ignored,
}

/// Names the state of one of the two breakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeState {
    Closed,
    Recovering,
    Probe,
    Open(Timestamp),
}

/// Grants a half-open probe, and holds the generations of the owner's breaker and the isolate's own in which its
/// outcome counts.
#[derive(Clone, Copy, Debug)]
struct Permit {
    owner: Option<u64>,
    local: Option<u64>,
}

/// Holds the breakers of one isolate.
#[derive(Debug)]
pub(crate) struct Circuits {
    /// The isolate's number, which no other isolate has.
    holder: u64,
    /// The executors' breakers, by index in the configuration, which bounds them.
    executors: RefCell<BTreeMap<usize, Rc<Whole>>>,
    tools: RefCell<LruMap<Box<[u8]>, Rc<ScopedCircuit>>>,
    /// Buffer for composing keys: one allocation for the isolate's life.
    scratch: RefCell<Vec<u8>>,
}

/// Holds the breaker of an executor as a whole.
#[derive(Debug)]
struct Whole {
    circuit: ScopedCircuit,
    diary: Diary,
}

/// Follows a call under way. Dropped without [`Circuits::ended`], it counts for nothing.
#[derive(Debug)]
pub(crate) struct Ticket {
    whole: Rc<Whole>,
    tool: Rc<ScopedCircuit>,
    of_whole: CircuitTicket,
    of_tool: CircuitTicket,
    began: Timestamp,
    /// Number of times that it was counted as slow while it was under way.
    slow: u32,
}

/// Marks a background job about one executor: another may begin when this is dropped, or was cut off.
#[derive(Debug)]
struct Job(Rc<Whole>);

impl Drop for Job {
    fn drop(&mut self) {
        self.0.diary.job.set(None);
    }
}

/// Names the progress of loading an executor's shared state.
#[derive(Debug)]
enum Introduction {
    /// It has been loaded, or could not be.
    Over,
    /// Another call is loading it.
    UnderWay,
    /// This call loads it.
    Begins(Job),
}

impl Circuits {
    /// Creates the breakers, all closed. No other isolate may have the number `holder`.
    pub(crate) fn new(holder: u64, hasher: MapHasher) -> Self {
        Self {
            holder,
            executors: RefCell::default(),
            tools: RefCell::new(hasher.lru()),
            scratch: RefCell::new(Vec::with_capacity(256)),
        }
    }

    /// Returns the state of the circuit for a call to `tool` (in lower case) of the executor with this index. `random`,
    /// 0 to 99, decides whether the call belongs to the share that goes through while the executor or the tool
    /// recovers.
    pub(crate) fn state_of(
        &self,
        executor: usize,
        tool: &str,
        rules: &BreakerRules,
        now: Timestamp,
        random: u8,
    ) -> CircuitState {
        let of_whole = match self.executors.borrow().get(&executor) {
            None => return CircuitState::Closed,
            Some(whole) => whole.circuit.stand(rules, now, random),
        };
        if let ScopeState::Open(since) = of_whole {
            return CircuitState::Open { since, scope: BreakerScope::Executor };
        }
        let of_tool = self.with_tool(executor, tool, |circuit| circuit.stand(rules, now, random));
        match (of_tool.unwrap_or(ScopeState::Closed), of_whole) {
            (ScopeState::Open(since), _) => CircuitState::Open { since, scope: BreakerScope::Tool },
            (ScopeState::Probe, _) => CircuitState::Probe,
            (ScopeState::Recovering, _) | (_, ScopeState::Recovering) => CircuitState::Recovering,
            _ => CircuitState::Closed,
        }
    }

    /// Begins a call, whatever [`Circuits::state_of`] returned. In [`CircuitState::Probe`], the first call that begins is
    /// the probe.
    pub(crate) fn begin(&self, executor: usize, tool: &str, now: Timestamp) -> Ticket {
        let whole = self.whole(executor, now);
        let tool = self.tool(executor, tool, now);
        let (of_whole, of_tool) = (whole.circuit.begin(), tool.begin());
        Ticket { whole, tool, of_whole, of_tool, began: now, slow: 0 }
    }

    /// Returns whether the circuit of the executor, or of this tool on it, is open.
    pub(crate) fn is_shut(&self, executor: usize, tool: &str, now: Timestamp) -> bool {
        let is_whole_shut =
            self.executors.borrow().get(&executor).is_some_and(|whole| whole.circuit.open(now).is_some());
        is_whole_shut || self.with_tool(executor, tool, |circuit| circuit.open(now).is_some()) == Some(true)
    }

    /// Counts a call that is still under way as slow: once it is, and once more for each further `slow_call` that it
    /// takes. If few may be under way at once, a few hanging calls then open the circuit as many would.
    pub(crate) fn slow_already(&self, ticket: &mut Ticket, rules: &BreakerRules, now: Timestamp) {
        let times = now.since(ticket.began).get().checked_div(rules.slow_call.get()).unwrap_or(0);
        let more = u32::try_from(times).unwrap_or(u32::MAX).saturating_sub(ticket.slow);
        if more > 0 {
            ticket.slow = ticket.slow.saturating_add(more);
            self.count(ticket, Tally { calls: more, failed: 0, slow: more }, rules, now);
            self.decide(ticket, false, now);
        }
    }

    /// Counts a call that has ended.
    pub(crate) fn ended(
        &self,
        mut ticket: Ticket,
        outcome: CircuitOutcome,
        took: Millis,
        rules: &BreakerRules,
        now: Timestamp,
    ) {
        if outcome == CircuitOutcome::Ignored {
            return;
        }
        let is_slow = ticket.slow > 0 || took >= rules.slow_call;
        let once = u32::from(ticket.slow == 0);
        let failed = u32::from(outcome == CircuitOutcome::Failure);
        let tally = Tally { calls: once, failed, slow: if is_slow { once } else { 0 } };
        self.count(&ticket, tally, rules, now);
        self.decide(&mut ticket, outcome == CircuitOutcome::Success && !is_slow, now);
    }

    /// Returns the open circuits of executors and their tools, with the time since which, and the reason, by name. For
    /// the readiness page.
    pub(crate) fn open(&self, now: Timestamp) -> Vec<(usize, Option<String>, Timestamp, &'static str)> {
        let executors = self.executors.borrow();
        let tools = self.tools.borrow();
        let wholes = executors.iter().filter_map(|(executor, whole)| {
            whole.circuit.open(now).map(|(since, reason)| (*executor, None, since, reason))
        });
        let of_tools = tools.iter().filter_map(|(_, circuit)| {
            let (since, reason) = circuit.open(now)?;
            Some((circuit.executor, Some(circuit.scope.as_ref().to_owned()), since, reason))
        });
        let mut open: Vec<_> = wholes.chain(of_tools).collect();
        open.sort_unstable();
        open
    }

    fn count(&self, ticket: &Ticket, tally: Tally, rules: &BreakerRules, now: Timestamp) {
        if tally.is_empty() {
            return;
        }
        let rules = BreakerParameters::from(rules);
        let opened = ticket.whole.circuit.count(&ticket.of_whole, tally, &rules, now);
        let opened = ticket.tool.count(&ticket.of_tool, tally, &rules, now) || opened;
        let diary = &ticket.whole.diary;
        diary.is_unsent.set(true);
        if tally.failed > 0 || tally.slow > 0 {
            diary.is_troubled.set(true);
        }
        if opened {
            diary.is_urgent.set(true);
        }
    }

    fn decide(&self, ticket: &mut Ticket, passed: bool, now: Timestamp) {
        if ticket.tool.decide(&mut ticket.of_tool, passed, self.holder, now) {
            ticket.whole.diary.is_urgent.set(true);
        }
    }

    fn whole(&self, executor: usize, now: Timestamp) -> Rc<Whole> {
        let mut executors = self.executors.borrow_mut();
        let new = || Rc::new(Whole { circuit: ScopedCircuit::new(executor, WHOLE, now), diary: Diary::default() });
        Rc::clone(executors.entry(executor).or_insert_with(new))
    }

    /// Applies a function to the circuit of a tool, if there is one, which is then the most recently used.
    fn with_tool<T>(&self, executor: usize, tool: &str, act: impl FnOnce(&Rc<ScopedCircuit>) -> T) -> Option<T> {
        let mut key = self.scratch.borrow_mut();
        write_key(&mut key, executor, tool);
        self.tools.borrow_mut().get(key.as_slice()).map(act)
    }

    fn tool(&self, executor: usize, tool: &str, now: Timestamp) -> Rc<ScopedCircuit> {
        if let Some(circuit) = self.with_tool(executor, tool, Rc::clone) {
            return circuit;
        }
        let circuit = Rc::new(ScopedCircuit::new(executor, tool, now));
        let mut tools = self.tools.borrow_mut();
        if tools.len() >= CIRCUITS {
            tools.pop_lru();
        }
        tools.put(self.scratch.borrow().as_slice().into(), Rc::clone(&circuit));
        circuit
    }

    fn tools_of(&self, executor: usize) -> Vec<Rc<ScopedCircuit>> {
        let tools = self.tools.borrow();
        tools.iter().map(|(_, circuit)| circuit).filter(|circuit| circuit.executor == executor).cloned().collect()
    }

    /// Begins a job about an executor, if a question to its owner is due and no other job is under way.
    fn job(&self, executor: usize, now: Timestamp) -> Option<Job> {
        let executors = self.executors.borrow();
        let whole = executors.get(&executor)?;
        let Diary { asked, job, is_unsent, is_troubled, is_urgent, .. } = &whole.diary;
        let pause = match (is_urgent.get(), is_troubled.get(), is_unsent.get()) {
            (true, ..) => Millis::ZERO,
            (_, true, _) => CIRCUIT_REPORT,
            (_, _, true) => CIRCUIT_REPORT_QUIET,
            _ => return None,
        };
        let is_busy = job.get().is_some_and(|began| is_within(began, CIRCUIT_JOB, now));
        if is_busy || asked.get().is_some_and(|asked| is_within(asked, pause, now)) {
            return None;
        }
        job.set(Some(now));
        asked.set(Some(now));
        Some(Job(Rc::clone(whole)))
    }

    /// Begins loading an executor's shared state, unless this isolate has it, or another call loads it.
    fn introduce(&self, executor: usize, now: Timestamp) -> Introduction {
        let whole = self.whole(executor, now);
        let Diary { asked, job, is_met, .. } = &whole.diary;
        if is_met.get() {
            return Introduction::Over;
        }
        if job.get().is_some_and(|began| is_within(began, CIRCUIT_JOB, now)) {
            return Introduction::UnderWay;
        }
        job.set(Some(now));
        asked.set(Some(now));
        Introduction::Begins(Job(whole))
    }

    /// Returns the reports to the owner, which are questions too: the executor first, then the tools that were called
    /// last.
    fn reports(&self, job: &Job, rules: &BreakerParameters, now: Timestamp) -> Vec<CircuitReport> {
        let Whole { circuit, diary } = &*job.0;
        diary.is_urgent.set(false);
        let tools = self.tools_of(circuit.executor);
        let of_tools = tools.iter().filter_map(|tool| tool.report(rules, now));
        circuit.report(rules, now).into_iter().chain(of_tools).take(CIRCUITS_PER_EXECUTOR).collect()
    }

    /// Adopts the owner's state of an executor and its tools.
    fn adopt(&self, job: &Job, views: &[BreakerView], rules: &BreakerParameters, now: Timestamp) {
        let of = |scope: &str| views.iter().find(|view| view.scope == scope);
        let whole = &job.0.circuit;
        whole.adopt(of(WHOLE), rules, now);
        // The state of a tool holds also before this isolate calls it.
        for view in views.iter().take(CIRCUITS_PER_EXECUTOR) {
            if view.scope != WHOLE && view.phase != BreakerPhase::Closed {
                self.tool(whole.executor, &view.scope, now);
            }
        }
        for tool in self.tools_of(whole.executor) {
            tool.adopt(of(&tool.scope), rules, now);
        }
    }

    /// Returns the outcomes of finished probes, to be reported to the owner.
    fn verdicts(&self, job: &Job) -> Vec<(Rc<ScopedCircuit>, u64, bool)> {
        let tools = self.tools_of(job.0.circuit.executor).into_iter();
        let decided =
            tools.filter_map(|tool| tool.take_verdict().map(|(generation, passed)| (tool, generation, passed)));
        decided.take(CIRCUIT_TRIALS).collect()
    }

    /// Returns the tools that should be probed.
    fn untried(&self, job: &Job, rules: &BreakerParameters, now: Timestamp) -> Vec<Rc<ScopedCircuit>> {
        let tools = self.tools_of(job.0.circuit.executor).into_iter();
        tools.filter(|tool| tool.wants_trial(rules, now)).take(CIRCUIT_TRIALS).collect()
    }

    /// Notes the state at the end of a job, which decides the start of the next.
    fn settle(&self, job: &Job, rules: &BreakerParameters, now: Timestamp) {
        let Whole { circuit, diary } = &*job.0;
        let tools = self.tools_of(circuit.executor);
        let is_troubled = circuit.is_troubled(rules, now) || tools.iter().any(|tool| tool.is_troubled(rules, now));
        diary.is_troubled.set(is_troubled);
        diary.is_unsent.set(circuit.has_unsent() || tools.iter().any(|tool| tool.has_unsent()));
    }
}

/// Returns whether less than `span` has elapsed. A clock that was set back ends the span.
fn is_within(from: Timestamp, span: Millis, now: Timestamp) -> bool {
    from <= now && now.since(from) < span
}

/// Writes the executor's index before the tool's name, so that no two keys are alike.
fn write_key(out: &mut Vec<u8>, executor: usize, tool: &str) {
    out.clear();
    out.extend_from_slice(&executor.to_be_bytes());
    out.extend_from_slice(tool.as_bytes());
}

#[cfg(test)]
#[path = "circuits_tests.rs"]
mod tests;
