//! The decision after a failed attempt: another attempt or none, with its executor and its delay.

use crate::backends::Failed;
use crate::words::limits::{ATTEMPTS, BACKOFF_FIRST, BACKOFF_MAX};
use crate::words::time::Millis;

/// Names the reason for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The first attempt.
    First,
    /// Another executor failed.
    Fallback,
    /// This executor failed, and may succeed on a retry.
    Retry,
    /// The first attempt takes longer than usual.
    Hedge,
    /// The strategy asks two executors at once.
    Race,
}

impl Why {
    /// Returns the name in explanations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Fallback => "fallback",
            Self::Retry => "retry",
            Self::Hedge => "hedge",
            Self::Race => "race",
        }
    }
}

/// Counts the attempts at one call so far.
#[derive(Debug)]
pub(super) struct Tries {
    /// Number of attempts at each executor, in the order of the decision.
    asked: Vec<u32>,
    retries_left: u32,
    /// The longest wait before the next retry.
    backoff: Millis,
}

/// Describes the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NextAttempt {
    /// The executor's position in the decision.
    pub(super) place: usize,
    /// The wait before the attempt.
    pub(super) wait: Millis,
    pub(super) why: Why,
}

impl Tries {
    pub(super) fn new(executors: usize, retries: u32) -> Self {
        Self { asked: vec![0; executors], retries_left: retries, backoff: BACKOFF_FIRST }
    }

    /// Counts an attempt.
    pub(super) fn count(&mut self, place: usize) {
        if let Some(asked) = self.asked.get_mut(place) {
            *asked = asked.saturating_add(1);
        }
    }

    /// Returns the number of all attempts.
    pub(super) fn sum(&self) -> u32 {
        self.asked.iter().fold(0, |sum, asked| sum.saturating_add(*asked))
    }

    /// Returns the attempt after a failure at `place`. An executor that was not asked yet is the fallback, at once;
    /// otherwise an executor is retried, after the delay that it asked for, or else by exponential backoff with full
    /// jitter (Brooker, Exponential Backoff And Jitter, 2015), if `may_retry` allows it, which is called at most once.
    pub(super) fn next(
        &mut self,
        place: usize,
        failed: &Failed,
        is_repeatable: bool,
        left: Millis,
        random: u64,
        may_retry: impl FnOnce(usize) -> bool,
    ) -> Option<NextAttempt> {
        let is_safe = failed.surely_not_run || is_repeatable;
        if !is_safe || left == Millis::ZERO || self.sum() >= ATTEMPTS {
            return None;
        }
        let not_asked = self.asked.iter().position(|asked| *asked == 0);
        if let Some(place) = not_asked.filter(|_| failed.may_go_elsewhere()) {
            return Some(NextAttempt { place, wait: Millis::ZERO, why: Why::Fallback });
        }
        let wait = failed.wait().unwrap_or_else(|| Millis::new(random.checked_rem(self.backoff.get()).unwrap_or(0)));
        // A wait for most of the remaining time would leave no time for an answer.
        if self.retries_left == 0 || !failed.is_transient() || wait >= left.half() || !may_retry(place) {
            return None;
        }
        self.retries_left = self.retries_left.saturating_sub(1);
        self.backoff = self.backoff.twice().min(BACKOFF_MAX);
        Some(NextAttempt { place, wait, why: Why::Retry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::Failure;
    use crate::words::refusal::{Refusal, RefusalKind};

    const LEFT: Millis = Millis::from_secs(10);

    fn failed(kind: RefusalKind, surely_not_run: bool) -> Failed {
        Failed::refused(Refusal::new(kind), surely_not_run)
    }

    #[test]
    fn what_may_have_run_and_could_do_harm_is_never_asked_again() {
        for kind in RefusalKind::ALL {
            let mut tries = Tries::new(3, 3);
            tries.count(0);
            assert_eq!(tries.next(0, &failed(*kind, false), false, LEFT, 7, |_| true), None, "{}", kind.name());
        }
    }

    #[test]
    fn others_are_asked_at_once_and_then_one_again_within_bounds() {
        let mut tries = Tries::new(2, 2);
        let broken = failed(RefusalKind::UpstreamBroken, false);
        let mut seen = Vec::new();
        let mut place = 0;
        loop {
            tries.count(place);
            let Some(next) = tries.next(place, &broken, true, LEFT, u64::MAX, |_| true) else { break };
            assert!(next.wait <= BACKOFF_MAX);
            seen.push((next.place, next.why));
            place = next.place;
        }
        assert_eq!(seen, [(1, Why::Fallback), (1, Why::Retry), (1, Why::Retry)]);
        assert_eq!(tries.sum(), 4);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_or_the_call_ends() {
        let busy = Failed::refused(Refusal::new(RefusalKind::UpstreamBusy).after(Millis::from_secs(3)), false);
        let next = |left| Tries::new(1, 1).next(0, &busy, true, left, 0, |_| true).map(|next| next.wait);
        // The only executor was not asked yet as far as these tries know: it is the same one.
        let mut tries = Tries::new(1, 1);
        tries.count(0);
        assert_eq!(tries.next(0, &busy, true, LEFT, 0, |_| true).map(|next| next.wait), Some(Millis::from_secs(3)));
        assert_eq!(next(Millis::ZERO), None);
        let mut tries = Tries::new(1, 1);
        tries.count(0);
        assert_eq!(tries.next(0, &busy, true, Millis::from_secs(6), 0, |_| true), None);
    }

    #[test]
    fn without_a_budget_there_is_a_fallback_but_no_retry() {
        let mut tries = Tries::new(2, 3);
        tries.count(0);
        let cut = failed(RefusalKind::UpstreamCut, false);
        let next = tries.next(0, &cut, true, LEFT, 0, |_| false);
        assert_eq!(next, Some(NextAttempt { place: 1, wait: Millis::ZERO, why: Why::Fallback }));
        tries.count(1);
        assert_eq!(tries.next(1, &cut, true, LEFT, 0, |_| false), None);
    }

    #[test]
    fn what_is_the_callers_fault_is_nobody_elses() {
        let words = crate::ports::OriginResponse { status: 400, headers: Vec::new(), body: Vec::new() };
        let answered = Failed { failure: Failure::Answered(words), surely_not_run: true, status: Some(400) };
        let mut tries = Tries::new(2, 3);
        tries.count(0);
        assert_eq!(tries.next(0, &answered, true, LEFT, 0, |_| true), None);
    }
}
