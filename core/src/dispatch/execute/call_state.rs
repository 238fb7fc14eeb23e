//! One call under way: what its attempts share, and what they leave behind.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::again::Why;
use super::terms::CallTerms;
use crate::dispatch::Dispatch;
use crate::dispatch::route::{Candidate, Decision};
use crate::model::call::ToolCall;
use crate::ports::Platform;
use crate::words::time::{Millis, Timestamp};

/// Lists the attempts at a call that was made.
#[derive(Debug)]
pub struct Attempts {
    /// The attempts, in the order of their ends.
    pub log: Vec<Attempted>,
    /// The place in the configuration of the executor that was asked last, or whose answer it is.
    pub executor: Option<usize>,
}

/// Identifies the request that a call is made for.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// When it arrived.
    pub at: Timestamp,
}

/// Describes an attempt that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The executor's place in the configuration.
    pub executor: usize,
    /// Why it was made.
    pub why: Why,
    /// How long after the request had arrived.
    pub began: Millis,
    /// How long it took, the wait for a place included.
    pub took: Millis,
    /// How it ended: `ok`, `tool_error`, `abandoned` where another was faster, or the refusal's name.
    pub outcome: &'static str,
}

/// Holds everything that the attempts at one call share.
#[derive(Debug)]
pub(super) struct CallState<'w, P> {
    pub(super) platform: &'w P,
    pub(super) dispatch: &'w Rc<Dispatch>,
    pub(super) call: &'w ToolCall<'w>,
    pub(super) decision: &'w Decision<'w>,
    pub(super) terms: CallTerms,
    pub(super) arrival: Arrival<'w>,
    /// The attempts that ended.
    pub(super) log: RefCell<Vec<Attempted>>,
    /// Whether some attempt may have run the tool without an answer.
    pub(super) may_have_run: Cell<bool>,
}

impl<P: Platform> CallState<'_, P> {
    /// Returns whether the call may be made twice at this place of the decision.
    pub(super) fn is_repeatable(&self, place: usize) -> bool {
        let tool = self.decision.ranked.get(place).map(|candidate| &candidate.tool);
        self.call.is_repeatable() && tool.is_some_and(|tool| tool.is_repeatable())
    }

    /// Returns the executor at this place of the decision, by its place in the configuration.
    pub(super) fn executor(&self, place: usize) -> usize {
        self.decision.ranked.get(place).map_or(usize::MAX, Candidate::executor)
    }

    /// Returns what is left of the call's time.
    pub(super) fn left(&self) -> Millis {
        self.platform.now().until(self.terms.deadline)
    }

    /// Draws a random number.
    pub(super) fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.platform.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}
