//! One attempt at one executor: its slot, the exchange, and the lessons from its outcome.

use std::cell::Cell;
use std::pin::pin;

use super::again::Why;
use super::call_state::CallState;
use crate::backends::{self, Failed, Failure, Invocation, Ran, Target};
use crate::dispatch::bulkhead::{self, LimitOutcome, Slot};
use crate::dispatch::circuits::driver::tend;
use crate::dispatch::circuits::{CircuitOutcome, CircuitState, Ticket};
use crate::dispatch::health::HealthOutcome;
use crate::dispatch::route::Candidate;
use crate::ports::Platform;
use crate::words::futures::{Either, either};
use crate::words::limits::SLOW_LOOK;
use crate::words::modes::Priority;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// Runs the call once. `sent` is set to the start of the exchange.
pub(super) async fn run<P: Platform>(
    state: &CallState<'_, P>,
    candidate: &Candidate<'_>,
    why: Why,
    sent: &Cell<Option<Timestamp>>,
) -> Result<Ran, Failed> {
    let (dispatch, executor) = (state.dispatch, candidate.executor());
    let tool = candidate.tool.folded.as_str();
    let Target::Remote(remote) = candidate.target else {
        let began = state.platform.now();
        let ended = exchange(state, candidate, state.left()).await;
        let now = state.platform.now();
        dispatch.health.ended(executor, tool, now.since(began), HealthOutcome::Answered, now);
        return ended;
    };
    let slot = place(state, executor, why).await?;
    // The circuit may have opened while this call waited. The first call that begins is the probe.
    let (rules, began) = (&dispatch.breaker, state.platform.now());
    if let CircuitState::Open { .. } = dispatch.circuits.state_of(executor, tool, rules, began, state.decision.percent)
    {
        return Err(Failed::refused(Refusal::new(RefusalKind::CircuitOpen).after(rules.probe_interval), true));
    }
    let timeout = remote.executor.timeout.min(state.left());
    if timeout == Millis::ZERO {
        // The queue used the time up; an executor that is asked now may run the call for no caller.
        let late = Refusal::with(RefusalKind::UpstreamTimeout, "no time was left to ask it");
        return Err(Failed::refused(late, true));
    }
    if matches!(why, Why::First | Why::Fallback) {
        let shares = &dispatch.execute;
        dispatch.health.deposit(executor, shares.retry_budget, shares.hedge_budget);
    }
    let mut ticket = dispatch.circuits.begin(executor, tool, began);
    sent.set(Some(began));
    let ended = watched(state, candidate, timeout, &mut ticket).await;
    let now = state.platform.now();
    let took = now.since(began);
    // A caller that gives a call less time than it needs says nothing about the executor.
    let had_its_time = timeout == remote.executor.timeout || took >= rules.slow_call;
    learn(state, candidate, ticket, slot, &ended, took, had_its_time);
    tend(state.platform, dispatch, executor, now);
    ended
}

/// Takes a slot at the executor. A hedge or a race does not wait for one.
async fn place<'w, P: Platform>(state: &CallState<'w, P>, executor: usize, why: Why) -> Result<Slot<'w>, Failed> {
    let now = state.platform.now();
    let patience = state.dispatch.execute.queue_time;
    let (priority, until) = match why {
        Why::Hedge | Why::Race => (Priority::Low, now),
        Why::First | Why::Fallback | Why::Retry => {
            (state.terms.priority, now.after(patience).min(state.terms.deadline))
        }
    };
    let entered = bulkhead::enter(state.platform, &state.dispatch.bulkheads, executor, priority, until).await;
    entered.map_err(|shed| {
        let refusal = Refusal::with(RefusalKind::UpstreamSaturated, shed.reason.name());
        Failed::refused(refusal.after(shed.wait), true)
    })
}

/// Has the executor make the call.
async fn exchange<P: Platform>(
    state: &CallState<'_, P>,
    candidate: &Candidate<'_>,
    timeout: Millis,
) -> Result<Ran, Failed> {
    let &CallState { platform, dispatch, call, .. } = state;
    let tool = &candidate.tool;
    let Some(executor) = dispatch.executors.get(tool.executor) else {
        return Err(Failed::refused(Refusal::new(RefusalKind::ExecutorInactive), true));
    };
    let invocation = Invocation {
        platform,
        rotations: &dispatch.rotations,
        target: candidate.target,
        call,
        tool,
        timeout,
        response_limit: dispatch.execute.response_bytes,
        request_id: state.arrival.request_id,
    };
    backends::call(executor.kind, &invocation).await
}

/// Makes the exchange. Once slow, it is counted as such; if its circuit opens meanwhile, and the call is repeatable, it
/// is cancelled, since no call should wait for an executor that all others avoid.
async fn watched<P: Platform>(
    state: &CallState<'_, P>,
    candidate: &Candidate<'_>,
    timeout: Millis,
    ticket: &mut Ticket,
) -> Result<Ran, Failed> {
    let rules = &state.dispatch.breaker;
    let work = exchange(state, candidate, timeout);
    if rules.slow_call >= timeout {
        return work.await;
    }
    let mut work = pin!(work);
    let mut look_after = rules.slow_call;
    loop {
        if let Either::First(ended) = either(work.as_mut(), pin!(state.platform.sleep(look_after))).await {
            return ended;
        }
        look_after = SLOW_LOOK;
        state.dispatch.circuits.slow_already(ticket, rules, state.platform.now());
        let may_be_made_again = state.call.is_repeatable() && candidate.tool.is_repeatable();
        let (executor, tool) = (candidate.executor(), &candidate.tool.folded);
        if may_be_made_again && state.dispatch.circuits.is_shut(executor, tool, state.platform.now()) {
            let given_up = Refusal::with(RefusalKind::UpstreamTimeout, "its circuit opened meanwhile");
            return Err(Failed::refused(given_up, false));
        }
    }
}

/// Records the outcome of an attempt with the health, the circuit and the bulkhead of its executor.
fn learn<P: Platform>(
    state: &CallState<'_, P>,
    candidate: &Candidate<'_>,
    ticket: Ticket,
    slot: Slot<'_>,
    ended: &Result<Ran, Failed>,
    took: Millis,
    had_its_time: bool,
) {
    let now = state.platform.now();
    let (executor, tool) = (candidate.executor(), candidate.tool.folded.as_str());
    let (seen, outcome, slotted) = classify(ended, had_its_time);
    if let Some(seen) = seen {
        state.dispatch.health.ended(executor, tool, took, seen, now);
    }
    state.dispatch.circuits.ended(ticket, outcome, took, &state.dispatch.breaker, now);
    slot.ended(took, tool, slotted);
}

/// Classifies an attempt's outcome for the health, the circuit and the bulkhead. A fault of the caller's, or of the
/// tool's own making, is not the executor's: it answered.
const fn classify(
    ended: &Result<Ran, Failed>,
    had_its_time: bool,
) -> (Option<HealthOutcome>, CircuitOutcome, LimitOutcome) {
    let answered = (Some(HealthOutcome::Answered), CircuitOutcome::Success, LimitOutcome::Answered);
    let Err(Failed { failure: Failure::Refused(refusal), .. }) = ended else { return answered };
    match refusal.kind {
        RefusalKind::UpstreamTimeout if had_its_time => {
            (Some(HealthOutcome::TimedOut), CircuitOutcome::Failure, LimitOutcome::Dropped)
        }
        RefusalKind::UpstreamBusy => (Some(HealthOutcome::Failed), CircuitOutcome::Failure, LimitOutcome::Dropped),
        RefusalKind::UpstreamThrottled => (Some(HealthOutcome::Failed), CircuitOutcome::Ignored, LimitOutcome::Dropped),
        RefusalKind::UpstreamUnreachable
        | RefusalKind::UpstreamBroken
        | RefusalKind::UpstreamCut
        | RefusalKind::UpstreamNotJson
        | RefusalKind::UpstreamFailed => (Some(HealthOutcome::Failed), CircuitOutcome::Failure, LimitOutcome::Ignored),
        RefusalKind::UpstreamTooLarge | RefusalKind::UpstreamRefusedRequest => answered,
        _ => (None, CircuitOutcome::Ignored, LimitOutcome::Ignored),
    }
}
