//! How a call was routed: who was considered, what was known of them, and what became of each attempt.

use crate::dispatch::execute::Attempted;
use crate::dispatch::route::Considered;
use crate::model::executor::Executor;
use crate::model::route::Strategy;
use crate::words::json::write_string;
use crate::words::time::write_number;

/// The routing of one call. Holds names and numbers, nothing of the call itself.
#[derive(Clone, Debug, Default)]
pub struct Routed {
    /// The strategy, where an executor was to be asked.
    pub strategy: Option<Strategy>,
    /// What was thought of each executor: those that may be asked in their order, then the others.
    pub considered: Vec<Considered>,
    /// The attempts, in the order of their ends.
    pub attempts: Vec<Attempted>,
    /// The place of the executor that answered, in the configuration.
    pub answered_by: Option<usize>,
    /// Whether the caller is told of it: only if it may look up what became of requests.
    pub is_told: bool,
}

impl Routed {
    /// Whether there is anything to tell: an executor was asked, or would have been.
    pub(crate) const fn is_of_use(&self) -> bool {
        !self.considered.is_empty()
    }

    /// The line of a record, with this as its last member.
    pub(crate) fn beside(&self, line: &str, executors: &[Executor]) -> Vec<u8> {
        let mut out = line.as_bytes().to_vec();
        if self.is_of_use() && out.pop().is_some() {
            out.extend_from_slice(b",\"routing\":");
            self.write_json(&mut out, executors);
            out.push(b'}');
        }
        out
    }

    /// Appends it as JSON.
    fn write_json(&self, out: &mut Vec<u8>, executors: &[Executor]) {
        let id = |place: usize| executors.get(place).map_or("", |executor| executor.id.as_str());
        out.extend_from_slice(b"{\"strategy\":");
        write_string(out, self.strategy.map_or("", Strategy::as_str));
        out.extend_from_slice(b",\"candidates\":[");
        for (index, considered) in self.considered.iter().enumerate() {
            separate(out, index);
            write_considered(out, id(considered.executor), considered);
        }
        out.extend_from_slice(b"],\"attempts\":[");
        for (index, attempt) in self.attempts.iter().enumerate() {
            separate(out, index);
            out.extend_from_slice(b"{\"executor\":");
            write_string(out, id(attempt.executor));
            out.extend_from_slice(b",\"why\":");
            write_string(out, attempt.why.name());
            number(out, "began_ms", attempt.began.get());
            number(out, "took_ms", attempt.took.get());
            out.extend_from_slice(b",\"outcome\":");
            write_string(out, attempt.outcome);
            out.push(b'}');
        }
        out.extend_from_slice(b"]");
        if let Some(place) = self.answered_by {
            out.extend_from_slice(b",\"answered_by\":");
            write_string(out, id(place));
        }
        out.push(b'}');
    }

    /// In one line, for a header: who answered, how it was chosen, and how many attempts it took.
    pub(crate) fn summary(&self, executors: &[Executor]) -> String {
        // They stand in the order of their ends.
        let last = self.attempts.iter().max_by_key(|attempt| attempt.began);
        let by = self.answered_by.or_else(|| last.map(|attempt| attempt.executor));
        let by = by.and_then(|place| executors.get(place)).map_or("none", |executor| executor.id.as_str());
        let why = last.map_or("none", |attempt| attempt.why.name());
        let strategy = self.strategy.map_or("none", Strategy::as_str);
        format!("{by}; strategy={strategy}; attempts={}; last={why}", self.attempts.len())
    }
}

fn write_considered(out: &mut Vec<u8>, executor: &str, considered: &Considered) {
    out.extend_from_slice(b"{\"executor\":");
    write_string(out, executor);
    if let Some(rejection) = considered.rejection {
        out.extend_from_slice(b",\"refused\":");
        write_string(out, rejection.name());
    }
    if let Some(score) = considered.score {
        number(out, "score", score);
    }
    let facts = &considered.facts;
    number(out, "calls", u64::from(facts.seen.calls));
    number(out, "failed", u64::from(facts.seen.failed));
    for (name, time) in [("p50_ms", facts.seen.p50), ("p95_ms", facts.seen.p95)] {
        if let Some(time) = time {
            number(out, name, time.get());
        }
    }
    number(out, "in_flight", u64::from(facts.in_flight));
    number(out, "limit", u64::from(facts.limit));
    if let Some(since) = facts.open_since {
        out.extend_from_slice(b",\"open_since\":");
        write_string(out, &since.to_string());
    }
    out.push(b'}');
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write_number(out, value);
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}
