//! Executes a call: within a deadline, repeated only if that is safe.

mod again;
mod attempt;
mod attempts;
mod call_state;
mod terms;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use again::Why;
pub use call_state::{Arrival, Attempted, Attempts};
pub use terms::CallTerms;

use crate::backends::{Failed, Ran};
use crate::dispatch::Dispatch;
use crate::dispatch::route::{Candidate, RoutingDecision};
use crate::model::call::ToolCall;
use crate::ports::Platform;
use call_state::CallState;

/// Runs the call at the executors of the decision. The deadline bounds every wait and every attempt.
///
/// INVARIANT (at most once): a call that is not repeatable is sent a second time only when the first provably did not
/// run: it never reached its executor, or was turned away before anything ran.
///
/// A tool that ran and failed is an answer, not an error.
pub async fn run<P: Platform>(
    platform: &P,
    dispatch: &Rc<Dispatch>,
    call: &ToolCall<'_>,
    decision: &RoutingDecision<'_>,
    terms: CallTerms,
    arrival: Arrival<'_>,
) -> (Attempts, Result<Ran, Failed>) {
    let (log, may_have_run) = (RefCell::default(), Cell::default());
    let state = CallState { platform, dispatch, call, decision, terms, arrival, log, may_have_run };
    let (place, ended) = state.run().await;
    let executor = decision.ranked.get(place).map(Candidate::executor);
    (Attempts { log: state.log.into_inner(), executor }, ended)
}
