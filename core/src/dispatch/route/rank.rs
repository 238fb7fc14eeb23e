//! The strategies: each an order of the executors that may run a call.

use super::{Candidate, Considered, ExecutorFacts, Rejection, RoutedCall};
use crate::backends::Target;
use crate::model::route::{Route, RoutingRules, Strategy};
use crate::words::time::Millis;

/// Holds an executor with its score.
#[derive(Debug)]
pub(super) struct Ranked<'c> {
    candidate: Candidate<'c>,
    facts: ExecutorFacts,
    score: Option<u64>,
}

impl<'c> Ranked<'c> {
    pub(super) fn into_parts(self) -> (Candidate<'c>, Considered) {
        let Self { candidate, facts, score } = self;
        let considered = Considered { executor: candidate.executor(), rejection: None, score, facts };
        (candidate, considered)
    }

    fn rejected(&self, rejection: Rejection) -> Considered {
        let executor = self.candidate.executor();
        Considered { executor, rejection: Some(rejection), score: self.score, facts: self.facts }
    }

    const fn is_local(&self) -> bool {
        matches!(self.candidate.target, Target::Local(_))
    }
}

/// Stands for the time of a call that is expected to last for ever.
const WORST: u64 = u64::MAX / 1_000;

/// Sorts the candidates by the strategy, or else in the route's order.
pub(super) fn rank<'c>(
    rules: &RoutingRules,
    route: Option<&Route>,
    strategy: Strategy,
    question: &RoutedCall<'_>,
    fit: Vec<(Candidate<'c>, ExecutorFacts)>,
) -> Vec<Ranked<'c>> {
    let ranked = fit.into_iter().map(|(candidate, facts)| Ranked { candidate, facts, score: None });
    let mut ranked: Vec<Ranked<'c>> = ranked.collect();
    let (Some(route), true) = (route, ranked.len() > 1) else { return ranked };
    let chosen = if strategy == Strategy::Weighted { weighted(route, question.whose) } else { None };
    for one in &mut ranked {
        one.score = match strategy {
            Strategy::Performance => Some(performance(rules, one)),
            Strategy::Cost => Some(cost_of(one)),
            _ => None,
        };
    }
    // One sort, by a key of all strategies: each sort is some kilobytes of code.
    ranked.sort_by_key(|one| {
        let is_later = match strategy {
            Strategy::Pinned | Strategy::Performance => false,
            // A race is between the gateway's own tool, if there is one, and the first of the others.
            Strategy::LocalFirst | Strategy::Hybrid => !one.is_local(),
            Strategy::RemoteFirst => one.is_local(),
            Strategy::Cost => !meets(route, &one.facts),
            Strategy::Weighted => chosen.is_some_and(|chosen| one.candidate.executor() != chosen),
        };
        let expected = if strategy == Strategy::Cost { expected(&one.facts) } else { 0 };
        (is_later, one.score, expected)
    });
    ranked
}

/// Estimates the time of a call in microseconds: the median time, more if calls fail and have to be repeated, more if
/// many are under way. An executor without recent calls is expected to be fast, so that it is tried.
fn expected(facts: &ExecutorFacts) -> u64 {
    let p50 = facts.seen.p50.map_or(0, Millis::get).saturating_mul(1_000);
    let answered = 1_000_u64.saturating_sub(facts.seen.failed_per_mille()).max(1);
    let with_failures = p50.saturating_mul(1_000).checked_div(answered).unwrap_or(WORST);
    // Calls that mostly failed have no median time: expect the worst.
    let with_failures = if p50 == 0 && answered < 500 { WORST } else { with_failures };
    let limit = u64::from(facts.limit.max(1));
    let load = limit.saturating_add(u64::from(facts.in_flight));
    with_failures.saturating_mul(load).checked_div(limit).unwrap_or(WORST).min(WORST)
}

/// Returns the expected time; for the gateway's own tool less, by its priority, and 0 up to the threshold.
fn performance(rules: &RoutingRules, one: &Ranked<'_>) -> u64 {
    let expected = expected(&one.facts);
    if !one.is_local() {
        return expected;
    }
    if expected <= rules.remote_threshold.get().saturating_mul(1_000) {
        return 0;
    }
    let share = 100_u64.saturating_sub(u64::from(rules.local_priority));
    expected.saturating_mul(share) / 100
}

fn cost_of(one: &Ranked<'_>) -> u64 {
    match one.candidate.target {
        Target::Local(_) => 0,
        Target::Remote(remote) => remote.executor.cost.micros(),
    }
}

fn meets(route: &Route, facts: &ExecutorFacts) -> bool {
    facts.seen.p95.is_none_or(|p95| p95 <= route.latency_objective)
        && facts.seen.failed_per_mille() <= u64::from(route.error_objective).saturating_mul(10)
}

/// Returns the executor by the weights and the caller's number. The first executor keeps its callers when its weight
/// grows.
fn weighted(route: &Route, whose: u64) -> Option<usize> {
    let sum: u64 = route.weights.iter().map(|weight| u64::from(*weight)).sum();
    let mut left = whose.checked_rem(sum)?;
    route.executors.iter().zip(&route.weights).find_map(|(executor, weight)| {
        let is_here = left < u64::from(*weight);
        left = left.saturating_sub(u64::from(*weight));
        is_here.then_some(*executor)
    })
}

/// Removes candidates that usually take longer than the time left, unless all do.
pub(super) fn drop_the_slow(ranked: &mut Vec<Ranked<'_>>, left: Millis, unfit: &mut Vec<Considered>) {
    let is_slow = |one: &Ranked<'_>| one.facts.seen.p50.is_some_and(|p50| p50 > left);
    if ranked.iter().all(is_slow) {
        return;
    }
    ranked.retain(|one| {
        let is_slow = is_slow(one);
        if is_slow {
            unfit.push(one.rejected(Rejection::TooSlow));
        }
        !is_slow
    });
}
