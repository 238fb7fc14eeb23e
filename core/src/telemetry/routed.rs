//! The routing of a call: the executors considered, the facts about them, and the outcome of each attempt.

use crate::backends::Executor;
use crate::dispatch::execute::Attempted;
use crate::dispatch::route::Considered;
use crate::model::route::Strategy;
use crate::words::json::{ObjectWriter, write_array};

/// The routing of one call. Holds names and numbers, nothing of the call itself.
#[derive(Clone, Debug, Default)]
pub struct Routed {
    /// The strategy, if an executor was to be asked.
    pub strategy: Option<Strategy>,
    /// The assessment of each executor: the candidates in their order, then the others.
    pub considered: Vec<Considered>,
    /// The attempts, in the order of their ends.
    pub attempts: Vec<Attempted>,
    /// The index of the executor that answered, in the configuration.
    pub answered_by: Option<usize>,
    /// True when the caller may see the routing: only with permission to look up outcomes of requests.
    pub is_told: bool,
}

impl Routed {
    /// Returns whether there is any routing to report: an executor was asked, or would have been.
    pub(crate) const fn is_of_use(&self) -> bool {
        !self.considered.is_empty()
    }

    /// Returns the line of a record, with the routing as its last member.
    pub(crate) fn beside(&self, line: &str, executors: &[Executor]) -> Vec<u8> {
        let line = line.as_bytes().to_vec();
        if !self.is_of_use() {
            return line;
        }
        let mut line = ObjectWriter::reopen(line);
        line.json("routing", &self.to_json(executors));
        line.end()
    }

    fn to_json(&self, executors: &[Executor]) -> Vec<u8> {
        let id = |place: usize| executors.get(place).map_or("", |executor| executor.id.as_str());
        let mut object = ObjectWriter::new();
        object.text("strategy", self.strategy.map_or("", Strategy::as_str));
        write_array(object.value("candidates"), &self.considered, |out, considered| {
            out.extend_from_slice(&considered_to_json(id(considered.executor), considered));
        });
        write_array(object.value("attempts"), &self.attempts, |out, attempt| {
            let mut object = ObjectWriter::new();
            object.text("executor", id(attempt.executor));
            object.text("why", attempt.why.name());
            object.number("began_ms", attempt.began.get());
            object.number("took_ms", attempt.took.get());
            object.text("outcome", attempt.outcome);
            out.extend_from_slice(&object.end());
        });
        object.optional("answered_by", self.answered_by.map(id));
        object.end()
    }

    /// Returns one line for a header: the executor that answered, the strategy, the number of attempts, and the last
    /// one's reason.
    pub(crate) fn summary(&self, executors: &[Executor]) -> String {
        // The attempts are in the order of their ends.
        let last = self.attempts.iter().max_by_key(|attempt| attempt.began);
        let by = self.answered_by.or_else(|| last.map(|attempt| attempt.executor));
        let by = by.and_then(|place| executors.get(place)).map_or("none", |executor| executor.id.as_str());
        let why = last.map_or("none", |attempt| attempt.why.name());
        let strategy = self.strategy.map_or("none", Strategy::as_str);
        format!("{by}; strategy={strategy}; attempts={}; last={why}", self.attempts.len())
    }
}

fn considered_to_json(executor: &str, considered: &Considered) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    object.text("executor", executor);
    object.optional("refused", considered.rejection.map(|rejection| rejection.name()));
    if let Some(score) = considered.score {
        object.number("score", score);
    }
    let facts = &considered.facts;
    object.number("calls", u64::from(facts.seen.calls));
    object.number("failed", u64::from(facts.seen.failed));
    for (name, time) in [("p50_ms", facts.seen.p50), ("p95_ms", facts.seen.p95)] {
        if let Some(time) = time {
            object.number(name, time.get());
        }
    }
    object.number("in_flight", u64::from(facts.in_flight));
    object.number("limit", u64::from(facts.limit));
    if let Some(since) = facts.open_since {
        object.text("open_since", &since.to_string());
    }
    object.end()
}
