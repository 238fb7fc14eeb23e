//! One call under way: the shared state of its attempts, and their log.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::again::Why;
use super::terms::CallTerms;
use crate::dispatch::Dispatch;
use crate::dispatch::route::{Candidate, RoutingDecision};
use crate::model::call::ToolCall;
use crate::ports::Platform;
use crate::words::time::{Millis, Timestamp};

/// Lists the attempts at a call.
#[derive(Debug)]
pub struct Attempts {
    /// The attempts, in the order of their ends.
    pub log: Vec<Attempted>,
    /// The index in the configuration of the executor that was asked last, or that answered.
    pub executor: Option<usize>,
}

/// Identifies the request that a call is made for.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// The time of its arrival.
    pub at: Timestamp,
}

/// Describes an attempt that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The executor's index in the configuration.
    pub executor: usize,
    /// The reason for the attempt.
    pub why: Why,
    /// The time from the request's arrival to the attempt's start.
    pub began: Millis,
    /// The attempt's duration, the wait for a slot included.
    pub took: Millis,
    /// The outcome: `ok`, `tool_error`, `abandoned` if another attempt was faster, or the refusal's name.
    pub outcome: &'static str,
}

/// Holds everything that the attempts at one call share.
#[derive(Debug)]
pub(super) struct CallState<'w, P> {
    pub(super) platform: &'w P,
    pub(super) dispatch: &'w Rc<Dispatch>,
    pub(super) call: &'w ToolCall<'w>,
    pub(super) decision: &'w RoutingDecision<'w>,
    pub(super) terms: CallTerms,
    pub(super) arrival: Arrival<'w>,
    /// The attempts that ended.
    pub(super) log: RefCell<Vec<Attempted>>,
    /// Some attempt may have run the tool without an answer.
    pub(super) may_have_run: Cell<bool>,
}

impl<P: Platform> CallState<'_, P> {
    /// Returns whether the call may be made twice by the tool at this position of the decision.
    pub(super) fn is_repeatable(&self, place: usize) -> bool {
        let tool = self.decision.ranked.get(place).map(|candidate| &candidate.tool);
        self.call.is_repeatable() && tool.is_some_and(|tool| tool.is_repeatable())
    }

    /// Returns the index in the configuration of the executor at this position of the decision.
    pub(super) fn executor(&self, place: usize) -> usize {
        self.decision.ranked.get(place).map_or(usize::MAX, Candidate::executor)
    }

    /// Returns the time left until the call's deadline.
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
