//! Chooses the executors of a call by their health and their circuits in this isolate.

use std::rc::Rc;

use super::Dispatch;
use super::circuits::{CircuitState, driver};
use super::route::{self, Considered, ExecutorFacts, Rejection, RouteRules, RoutedCall, RoutingDecision};
use crate::model::tool::Tool;
use crate::ports::Platform;
use crate::words::refusal::Refusal;
use crate::words::time::Timestamp;

/// Decides the order in which executors are asked, and has those with an open circuit probed in the background.
///
/// # Errors
/// Those of [`route::decide`].
pub fn plan<'c, P: Platform>(
    platform: &P,
    dispatch: &'c Rc<Dispatch>,
    question: &RoutedCall<'_>,
) -> Result<RoutingDecision<'c>, (Refusal, Vec<Considered>)> {
    let rules = RouteRules {
        executors: &dispatch.executors,
        routing: &dispatch.routing,
        probe_interval: dispatch.breaker.probe_interval,
    };
    let facts = |tool: &Tool| dispatch.facts(tool, question.percent, question.now);
    let decided = route::decide(rules, question, facts);
    let (Ok(RoutingDecision { considered, .. }) | Err((_, considered))) = &decided;
    for shut in considered.iter().filter(|one| one.rejection == Some(Rejection::CircuitOpen)) {
        driver::tend(platform, dispatch, shut.executor, question.now);
    }
    decided
}

impl Dispatch {
    /// Returns the known facts of a tool's executor. `percent`, 0 to 99, decides whether the call is one of the few
    /// that go through while a circuit recovers.
    fn facts(&self, tool: &Tool, percent: u8, now: Timestamp) -> ExecutorFacts {
        let seen = self.health.seen(tool.executor, &tool.folded, now);
        if tool.local.is_some() {
            return ExecutorFacts { seen, ..ExecutorFacts::default() };
        }
        let state = self.circuits.state_of(tool.executor, &tool.folded, &self.breaker, now, percent);
        let open_since = if let CircuitState::Open { since, .. } = state { Some(since) } else { None };
        let (in_flight, limit, waiting) = self.bulkheads.load(tool.executor);
        let in_flight = in_flight.saturating_add(u32::try_from(waiting).unwrap_or(u32::MAX));
        ExecutorFacts { seen, open_since, in_flight, limit }
    }
}
