//! Circuit breakers as one isolate sees them: whether a call to an executor may be made, or would most likely be in vain.
//!
//! What holds is the stricter of two: the isolate's own breaker over its own calls, and what the executor's owner
//! (`state/circuit.rs`) says of all isolates' calls. Neither is waited for: the owner is told and asked in the background
//! (`circuits/driver.rs`), and what it said holds nothing shut once it was not said again for two probe intervals. Only an
//! isolate that lives briefly asks before its first call at an executor: all that it would learn by itself goes with it.

mod circuit;
pub(crate) mod driver;
mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lru::LruCache;

use crate::state::circuit::{Phase, Report, Rules, Tally, View, WHOLE};
use crate::words::limits::{
    CIRCUIT_JOB, CIRCUIT_REPORT, CIRCUIT_REPORT_QUIET, CIRCUIT_TRIALS, CIRCUITS, CIRCUITS_PER_EXECUTOR,
};
use crate::words::time::{Millis, Timestamp};

pub use rules::BreakerRules;

use circuit::{Circuit, Diary, Part};

/// Tells whether a call may be made by the breakers of an executor and its tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may be made.
    Closed,
    /// It may be made, as one of few: the executor, or the tool on it, recovers.
    Recovering,
    /// It may be made, and decides whether others may: no other call is told so until it is known how it went.
    Trial,
    /// It should not be made.
    Open {
        /// When the phase began that says so.
        since: Timestamp,
        /// Whose breaker says so.
        scope: Scope,
    },
}

/// Names the subject of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The executor as a whole.
    Executor,
    /// One tool on it.
    Tool,
}

/// Classifies how a call ended, as far as its executor has to answer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The executor answered.
    Success,
    /// It did not, or with a failure of its own.
    Failure,
    /// It says nothing about the executor: the call was given up here, or never sent.
    Ignored,
}

/// Tells whether a call may be made by one of the two breakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stood {
    Closed,
    Recovering,
    Trial,
    Open(Timestamp),
}

/// Grants a half-open probe, and holds the generations of the owner's breaker and the isolate's own in which its outcome counts.
#[derive(Clone, Copy, Debug)]
struct Permit {
    owner: Option<u64>,
    local: Option<u64>,
}

/// Holds the breakers of one isolate.
#[derive(Debug)]
pub(crate) struct Circuits {
    /// The isolate's number: no other has it.
    holder: u64,
    /// By place in the configuration, which bounds them.
    executors: RefCell<BTreeMap<usize, Rc<Whole>>>,
    tools: RefCell<LruCache<Box<[u8]>, Rc<Circuit>>>,
    /// Where keys are put together: one allocation for the isolate's life.
    scratch: RefCell<Vec<u8>>,
}

/// Holds the breaker of an executor as a whole.
#[derive(Debug)]
struct Whole {
    circuit: Circuit,
    diary: Diary,
}

/// Follows a call under way. Dropped without [`Circuits::ended`], it counts for nothing.
#[derive(Debug)]
pub(crate) struct Ticket {
    whole: Rc<Whole>,
    tool: Rc<Circuit>,
    of_whole: Part,
    of_tool: Part,
    began: Timestamp,
    /// How often it was counted as slow while it was under way.
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

/// Tells whether an isolate has asked about an executor.
#[derive(Debug)]
enum Introduction {
    /// It has, or has asked in vain.
    Over,
    /// Another call asks.
    UnderWay,
    /// This one asks.
    Begins(Job),
}

impl Circuits {
    /// Creates them, all closed. No other isolate may have the number `holder`.
    pub(crate) fn new(holder: u64) -> Self {
        Self {
            holder,
            executors: RefCell::default(),
            // No bound of its own: a cache with one takes all of its room at once.
            tools: RefCell::new(LruCache::unbounded()),
            scratch: RefCell::new(Vec::with_capacity(256)),
        }
    }

    /// Returns whether a call to `tool` (in lower case) of the executor at this place may be made now. `random`, 0 to 99, decides whether it is
    /// one of the share that goes through while the executor or the tool recovers.
    pub(crate) fn standing(
        &self,
        executor: usize,
        tool: &str,
        rules: &BreakerRules,
        now: Timestamp,
        random: u8,
    ) -> Standing {
        let of_whole = match self.executors.borrow().get(&executor) {
            None => return Standing::Closed,
            Some(whole) => whole.circuit.stand(rules, now, random),
        };
        if let Stood::Open(since) = of_whole {
            return Standing::Open { since, scope: Scope::Executor };
        }
        let of_tool = self.with_tool(executor, tool, |circuit| circuit.stand(rules, now, random));
        match (of_tool.unwrap_or(Stood::Closed), of_whole) {
            (Stood::Open(since), _) => Standing::Open { since, scope: Scope::Tool },
            (Stood::Trial, _) => Standing::Trial,
            (Stood::Recovering, _) | (_, Stood::Recovering) => Standing::Recovering,
            _ => Standing::Closed,
        }
    }

    /// Begins a call, whatever [`Circuits::standing`] said. Where that is [`Standing::Trial`], the first that begins is the trial.
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

    /// Counts a call that is still under way as slow: once it is, and once more for each further `slow_call` that it takes. Where
    /// few may be under way at once, those few that hang then open the circuit as many would.
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
        outcome: Outcome,
        took: Millis,
        rules: &BreakerRules,
        now: Timestamp,
    ) {
        if outcome == Outcome::Ignored {
            return;
        }
        let is_slow = ticket.slow > 0 || took >= rules.slow_call;
        let once = u32::from(ticket.slow == 0);
        let failed = u32::from(outcome == Outcome::Failure);
        let tally = Tally { calls: once, failed, slow: if is_slow { once } else { 0 } };
        self.count(&ticket, tally, rules, now);
        self.decide(&mut ticket, outcome == Outcome::Success && !is_slow, now);
    }

    /// Returns the executors, and their tools, whose circuit is open: since when, and why, by name. For the readiness page.
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
        let rules = Rules::from(rules);
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
        let new = || Rc::new(Whole { circuit: Circuit::new(executor, WHOLE, now), diary: Diary::default() });
        Rc::clone(executors.entry(executor).or_insert_with(new))
    }

    /// Does something with the circuit of a tool, if there is one: it is then the one used last.
    fn with_tool<T>(&self, executor: usize, tool: &str, act: impl FnOnce(&Rc<Circuit>) -> T) -> Option<T> {
        let mut key = self.scratch.borrow_mut();
        write_key(&mut key, executor, tool);
        self.tools.borrow_mut().get(key.as_slice()).map(act)
    }

    fn tool(&self, executor: usize, tool: &str, now: Timestamp) -> Rc<Circuit> {
        if let Some(circuit) = self.with_tool(executor, tool, Rc::clone) {
            return circuit;
        }
        let circuit = Rc::new(Circuit::new(executor, tool, now));
        let mut tools = self.tools.borrow_mut();
        if tools.len() >= CIRCUITS {
            tools.pop_lru();
        }
        tools.put(self.scratch.borrow().as_slice().into(), Rc::clone(&circuit));
        circuit
    }

    fn tools_of(&self, executor: usize) -> Vec<Rc<Circuit>> {
        let tools = self.tools.borrow();
        tools.iter().map(|(_, circuit)| circuit).filter(|circuit| circuit.executor == executor).cloned().collect()
    }

    /// Begins a job about an executor, if its owner should be asked now and no other job is under way.
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

    /// Begins the job in which this isolate first hears of an executor, unless it has, or another call does it.
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

    /// Returns what the owner is to be told, and asked about: the executor first, then the tools that were called last.
    fn reports(&self, job: &Job, rules: &Rules, now: Timestamp) -> Vec<Report> {
        let Whole { circuit, diary } = &*job.0;
        diary.is_urgent.set(false);
        let tools = self.tools_of(circuit.executor);
        let of_tools = tools.iter().filter_map(|tool| tool.report(rules, now));
        circuit.report(rules, now).into_iter().chain(of_tools).take(CIRCUITS_PER_EXECUTOR).collect()
    }

    /// Adopts the owner's state of an executor and its tools.
    fn adopt(&self, job: &Job, views: &[View], rules: &Rules, now: Timestamp) {
        let of = |scope: &str| views.iter().find(|view| view.scope == scope);
        let whole = &job.0.circuit;
        whole.adopt(of(WHOLE), rules, now);
        // What holds for a tool holds also before this isolate calls it.
        for view in views.iter().take(CIRCUITS_PER_EXECUTOR) {
            if view.scope != WHOLE && view.phase != Phase::Closed {
                self.tool(whole.executor, &view.scope, now);
            }
        }
        for tool in self.tools_of(whole.executor) {
            tool.adopt(of(&tool.scope), rules, now);
        }
    }

    /// Returns the scopes whose probes are over: the owner is to be told.
    fn verdicts(&self, job: &Job) -> Vec<(Rc<Circuit>, u64, bool)> {
        let tools = self.tools_of(job.0.circuit.executor).into_iter();
        let decided =
            tools.filter_map(|tool| tool.take_verdict().map(|(generation, passed)| (tool, generation, passed)));
        decided.take(CIRCUIT_TRIALS).collect()
    }

    /// Returns the tools that should be probed.
    fn untried(&self, job: &Job, rules: &Rules, now: Timestamp) -> Vec<Rc<Circuit>> {
        let tools = self.tools_of(job.0.circuit.executor).into_iter();
        tools.filter(|tool| tool.wants_trial(rules, now)).take(CIRCUIT_TRIALS).collect()
    }

    /// Notes the state when a job ends: when the next one should begin follows from it.
    fn settle(&self, job: &Job, rules: &Rules, now: Timestamp) {
        let Whole { circuit, diary } = &*job.0;
        let tools = self.tools_of(circuit.executor);
        let is_troubled = circuit.is_troubled(rules, now) || tools.iter().any(|tool| tool.is_troubled(rules, now));
        diary.is_troubled.set(is_troubled);
        diary.is_unsent.set(circuit.has_unsent() || tools.iter().any(|tool| tool.has_unsent()));
    }
}

/// Returns whether so little time has gone by. A clock that was set back ends it.
fn is_within(from: Timestamp, span: Millis, now: Timestamp) -> bool {
    from <= now && now.since(from) < span
}

/// Writes an executor's place before the tool's name, so that no two are written alike.
fn write_key(out: &mut Vec<u8>, executor: usize, tool: &str) {
    out.clear();
    out.extend_from_slice(&executor.to_be_bytes());
    out.extend_from_slice(tool.as_bytes());
}

#[cfg(test)]
#[path = "circuits_tests.rs"]
mod tests;
