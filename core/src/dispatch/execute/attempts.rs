//! The attempts at one call: retries, fallbacks, and two attempts at once if that helps and is safe.

use std::cell::Cell;
use std::pin::pin;

use super::again::{NextAttempt, Tries, Why};
use super::attempt;
use super::call_state::{Attempted, CallState};
use crate::backends::{Failed, Ran, Target};
use crate::dispatch::health;
use crate::dispatch::route::Candidate;
use crate::ports::Platform;
use crate::words::futures::{Either, either};
use crate::words::limits::{HEDGE_CALLS, HEDGE_DELAY_MIN, HEDGE_MEDIANS};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// The position in the decision at which an attempt, or two at once, ended, and the outcome.
pub(super) type EndedAttempt = (usize, Result<Ran, Failed>);

impl<P: Platform> CallState<'_, P> {
    /// Executes the call.
    pub(super) async fn run(&self) -> EndedAttempt {
        let rules = &self.dispatch.execute;
        let mut tries = Tries::new(self.decision.ranked.len(), rules.max_retries);
        let mut next = NextAttempt { place: 0, wait: Millis::ZERO, why: Why::First };
        // The tool asked for a retry: if the retry comes to nothing, this answer stands.
        let mut answered = None;
        loop {
            if next.wait > Millis::ZERO {
                self.platform.sleep(next.wait).await;
            }
            let (place, ended) = self.one_or_two(&mut tries, next).await;
            let failed = match ended {
                Err(failed) => failed,
                Ok(ran) => match failed_for_now(&ran) {
                    None => return (place, Ok(ran)),
                    Some(failed) => {
                        answered = Some((place, ran));
                        failed
                    }
                },
            };
            match (self.after(&mut tries, place, &failed), answered.take()) {
                (Some(then), earlier) => (next, answered) = (then, earlier),
                (None, Some((place, ran))) => return (place, Ok(ran)),
                (None, None) => return (place, Err(self.final_failure(failed, tries.sum()))),
            }
        }
    }

    /// Returns the failure of the whole call: it surely did not run only if no attempt may have run, and the caller is
    /// not to retry after retries here.
    fn final_failure(&self, failed: Failed, attempts: u32) -> Failed {
        let surely_not_run = failed.surely_not_run && !self.may_have_run.get();
        Failed { surely_not_run, ..failed.after_attempts(attempts) }
    }

    fn after(&self, tries: &mut Tries, place: usize, failed: &Failed) -> Option<NextAttempt> {
        let (left, is_repeatable) = (self.left(), self.is_repeatable(place));
        let may_retry = |place: usize| {
            let candidate = self.decision.ranked.get(place);
            candidate.is_some_and(|candidate| self.dispatch.health.take_retry(candidate.executor()))
        };
        tries.next(place, failed, is_repeatable, left, self.random(), may_retry)
    }

    /// Makes an attempt, and a second beside it if the first takes longer than usual or the strategy wants two.
    async fn one_or_two(&self, tries: &mut Tries, next: NextAttempt) -> EndedAttempt {
        let NextAttempt { place, why, .. } = next;
        tries.count(place);
        let Some((second, delay)) = self.second(place, why) else {
            return (place, self.attempt(place, why).await);
        };
        let mut first = pin!(self.attempt(place, why));
        if delay > Millis::ZERO
            && let Either::First(ended) = either(first.as_mut(), pin!(self.platform.sleep(delay))).await
        {
            return (place, ended);
        }
        let is_race = delay == Millis::ZERO;
        let has_place = self.dispatch.bulkheads.has_place(self.executor(second));
        if !has_place || (!is_race && !self.dispatch.health.take_hedge(self.executor(place))) {
            return (place, first.await);
        }
        let mut other = pin!(async {
            tries.count(second);
            self.attempt(second, if is_race { Why::Race } else { Why::Hedge }).await
        });
        // The loser is dropped, and with it its exchange.
        match either(first.as_mut(), other.as_mut()).await {
            Either::First(Err(failed)) if failed.may_go_elsewhere() => (second, other.await),
            Either::First(ended) => (place, ended),
            Either::Second(Err(_)) => (place, first.await),
            Either::Second(ended) => (second, ended),
        }
    }

    /// Returns the position of a second attempt, and its delay; `None` if the tool may not run twice.
    fn second(&self, place: usize, why: Why) -> Option<(usize, Millis)> {
        if why != Why::First || !self.is_repeatable(place) {
            return None;
        }
        let first = self.decision.ranked.get(place)?;
        let others = self.decision.ranked.len() > 1;
        if self.decision.is_race() {
            return self.is_repeatable(1).then_some((1, Millis::ZERO));
        }
        if matches!(first.target, Target::Local(_)) || self.dispatch.execute.hedge_budget == 0 {
            return None;
        }
        let second = usize::from(others && self.is_repeatable(1));
        let seen = self.dispatch.health.seen(first.executor(), &first.tool.folded, self.platform.now());
        let (p50, p95) = seen.p50.zip(seen.p95).filter(|_| seen.calls >= HEDGE_CALLS)?;
        let medians = Millis::new(p50.get().saturating_mul(HEDGE_MEDIANS));
        let delay = p95.min(medians).max(HEDGE_DELAY_MIN);
        (delay < self.left()).then_some((second, delay))
    }

    /// Makes one attempt, and logs it, also when it is dropped because another was faster.
    async fn attempt(&self, place: usize, why: Why) -> Result<Ran, Failed> {
        let Some(candidate) = self.decision.ranked.get(place) else {
            return Err(Failed::refused(Refusal::new(RefusalKind::ExecutorInactive), true));
        };
        let (began, sent) = (self.platform.now(), Cell::default());
        let mut note = Note { state: self, candidate, why, began, sent, outcome: None };
        let ended = attempt::run(self, candidate, why, &note.sent).await;
        note.outcome = Some(match &ended {
            Ok(ran) if ran.success => "ok",
            Ok(_) => "tool_error",
            Err(failed) => failed.name(),
        });
        if matches!(&ended, Err(failed) if !failed.surely_not_run) {
            self.may_have_run.set(true);
        }
        ended
    }
}

/// Logs an attempt under way when it is dropped.
struct Note<'w, P: Platform> {
    state: &'w CallState<'w, P>,
    candidate: &'w Candidate<'w>,
    why: Why,
    began: Timestamp,
    /// The start of its exchange, if there was one.
    sent: Cell<Option<Timestamp>>,
    /// The outcome; `None` if another attempt was faster.
    outcome: Option<&'static str>,
}

impl<P: Platform> Drop for Note<'_, P> {
    fn drop(&mut self) {
        let now = self.state.platform.now();
        let (executor, took) = (self.candidate.executor(), now.since(self.began));
        if let (None, Some(sent)) = (self.outcome, self.sent.get()) {
            // The call may have reached its executor, and takes at least so long there.
            self.state.may_have_run.set(true);
            let tool = &self.candidate.tool.folded;
            self.state.dispatch.health.ended(executor, tool, now.since(sent), health::HealthOutcome::Answered, now);
        }
        let outcome = self.outcome.unwrap_or("abandoned");
        let began = self.began.since(self.state.arrival.at);
        self.state.log.borrow_mut().push(Attempted { executor, why: self.why, began, took, outcome });
    }
}

/// Returns the failure of a tool that asked for a later retry.
fn failed_for_now(ran: &Ran) -> Option<Failed> {
    let wait = ran.retry_after?;
    Some(Failed::refused(Refusal::new(RefusalKind::UpstreamThrottled).after(wait), false))
}
