//! The routing of a call: the order in which the executors that may run it are asked.
//!
//! No executor is asked for this: the facts come from earlier calls ([`ExecutorFacts`]). The same question with the same facts
//! and the same number has the same answer.

mod rank;

use std::rc::Rc;

use crate::backends::{Executor, Remote, Target};
use crate::dispatch::health::ToolHealth;
use crate::model::route::{Route, RoutingRules, Strategy};
use crate::model::tool::Tool;
use crate::words::names::TenantId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// Describes a call that is to be routed.
#[derive(Debug)]
pub struct RoutedCall<'q> {
    /// The tool as the caller sees it.
    pub tool: &'q Rc<Tool>,
    /// The equivalent tools of other executors, by the operator's route; each with the reason if the caller may not use
    /// it.
    pub others: &'q [(Rc<Tool>, Result<(), Rejection>)],
    /// The caller's tenant.
    pub tenant: &'q TenantId,
    /// A number that is the same for all calls of a caller and user, for sticky routing.
    pub whose: u64,
    /// A number of this call's own, 0 to 99.
    pub percent: u8,
    /// The call is scheduled for later.
    pub is_scheduled: bool,
    /// The time now.
    pub now: Timestamp,
    /// The time left until its deadline.
    pub left: Millis,
}

/// Holds the operator's rules for routing.
#[derive(Clone, Copy, Debug)]
pub struct RouteRules<'c> {
    /// The executors, by their indexes in the configuration.
    pub executors: &'c [Executor],
    /// The routes, and their strategies.
    pub routing: &'c RoutingRules,
    /// The time for which a circuit is open before it is probed.
    pub probe_interval: Millis,
}

/// Holds the known facts of an executor and a tool on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecutorFacts {
    /// Its health.
    pub seen: ToolHealth,
    /// The time since which its circuit is open, if it is.
    pub open_since: Option<Timestamp>,
    /// Calls under way, and waiting.
    pub in_flight: u32,
    /// Most calls that can be under way.
    pub limit: u32,
}

/// Names the reason for not asking an executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It has no credential for this tenant.
    ExecutorInactive,
    /// The operator disabled it.
    Killed,
    /// The caller may not use this executor's tool.
    PolicyDenied,
    /// Its tool has other parameters, or another type of answer.
    InterfaceDiffers,
    /// Its tool declares other effects.
    BehaviorDiffers,
    /// It does not offer this version of the tool now.
    NotOffered,
    /// It is in another region than the route requires.
    RegionDiffers,
    /// It lacks a capability that the route requires.
    CapabilityMissing,
    /// It cannot schedule calls.
    CannotSchedule,
    /// Its circuit is open: it failed too often lately.
    CircuitOpen,
    /// It usually takes longer than the time left.
    TooSlow,
    /// The route pins another executor.
    NotPinned,
}

impl Rejection {
    /// Returns the name in explanations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExecutorInactive => "executor_inactive",
            Self::Killed => "killed",
            Self::PolicyDenied => "policy_denied",
            Self::InterfaceDiffers => "interface_differs",
            Self::BehaviorDiffers => "behavior_differs",
            Self::NotOffered => "not_offered",
            Self::RegionDiffers => "region_differs",
            Self::CapabilityMissing => "capability_missing",
            Self::CannotSchedule => "cannot_schedule",
            Self::CircuitOpen => "circuit_open",
            Self::TooSlow => "too_slow",
            Self::NotPinned => "not_pinned",
        }
    }
}

/// Names an executor that may run the call.
#[derive(Clone, Debug)]
pub struct Candidate<'c> {
    /// Its tool.
    pub tool: Rc<Tool>,
    /// Its address.
    pub target: Target<'c>,
}

impl Candidate<'_> {
    /// Returns the executor's index in the configuration.
    #[must_use]
    pub fn executor(&self) -> usize {
        self.tool.executor
    }
}

/// Explains the choice for or against one executor.
#[derive(Clone, Copy, Debug)]
pub struct Considered {
    /// Its index in the configuration.
    pub executor: usize,
    /// The reason for not asking it, if it is not asked.
    pub rejection: Option<Rejection>,
    /// Its score by the strategy, the lowest first; `None` if the strategy has no scores.
    pub score: Option<u64>,
    /// The facts of the decision.
    pub facts: ExecutorFacts,
}

impl Considered {
    const fn rejected(executor: usize, rejection: Rejection, facts: ExecutorFacts) -> Self {
        Self { executor, rejection: Some(rejection), score: None, facts }
    }
}

/// Holds the order in which executors are asked.
#[derive(Clone, Debug)]
pub struct RoutingDecision<'c> {
    /// The strategy.
    pub strategy: Strategy,
    /// The executors to ask, in order.
    pub ranked: Vec<Candidate<'c>>,
    /// The judgement of each executor: the ranked ones in their order, then the others.
    pub considered: Vec<Considered>,
    /// A number of this call's own, 0 to 99: it decides whether the call belongs to the share that goes through while a
    /// circuit recovers.
    pub percent: u8,
}

impl RoutingDecision<'_> {
    /// Returns whether the first two are asked at once.
    #[must_use]
    pub fn is_race(&self) -> bool {
        self.strategy == Strategy::Hybrid && self.ranked.len() > 1
    }
}

/// Chooses the executors of a call, and their order.
///
/// # Errors
/// Without any executor: [`RefusalKind::CircuitOpen`] if one may be asked a little later; [`RefusalKind::Killed`]; else
/// the reason for not asking the executor of the tool as the caller sees it. [`RefusalKind::RequestInvalid`] for a
/// scheduled call of a tool on anything but an engine.
pub fn decide<'c>(
    rules: RouteRules<'c>,
    question: &RoutedCall<'_>,
    facts: impl Fn(&Tool) -> ExecutorFacts,
) -> Result<RoutingDecision<'c>, (Refusal, Vec<Considered>)> {
    let route = rules.routing.route_of(&question.tool.folded);
    let strategy = route.map_or(Strategy::LocalFirst, |route| rules.routing.strategy_of(route));
    let others = question.others.iter().map(|(tool, admitted)| (tool, *admitted));
    let (mut fit, mut unfit) = (Vec::with_capacity(others.len().saturating_add(1)), Vec::new());
    for (tool, admitted) in std::iter::once((question.tool, Ok(()))).chain(others) {
        let facts = facts(tool);
        match target_of(rules.executors, route.map(|route| (route, strategy)), question, tool, admitted) {
            Ok(_) if facts.open_since.is_some() => {
                unfit.push(Considered::rejected(tool.executor, Rejection::CircuitOpen, facts))
            }
            Ok(target) => fit.push((Candidate { tool: Rc::clone(tool), target }, facts)),
            Err(rejection) => unfit.push(Considered::rejected(tool.executor, rejection, facts)),
        }
    }
    unfit.extend(route.into_iter().flat_map(|route| absent(route, question)));
    let mut ranked = rank::rank(rules.routing, route, strategy, question, fit);
    rank::drop_the_slow(&mut ranked, question.left, &mut unfit);
    let (ranked, mut considered): (Vec<_>, Vec<_>) = ranked.into_iter().map(rank::Ranked::into_parts).unzip();
    considered.append(&mut unfit);
    if ranked.is_empty() {
        return Err((nobody(rules.probe_interval, &considered, question), considered));
    }
    Ok(RoutingDecision { strategy, ranked, considered, percent: question.percent })
}

/// Returns the executors of the route that do not offer the tool now.
fn absent<'r>(route: &'r Route, question: &'r RoutedCall<'_>) -> impl Iterator<Item = Considered> + 'r {
    let offers = |executor: usize| {
        question.tool.executor == executor || question.others.iter().any(|(tool, _)| tool.executor == executor)
    };
    let absent = route.executors.iter().copied().filter(move |executor| !offers(*executor));
    absent.map(|executor| Considered::rejected(executor, Rejection::NotOffered, ExecutorFacts::default()))
}

/// Returns the refusal of a call without an executor.
fn nobody(probe_interval: Millis, considered: &[Considered], question: &RoutedCall<'_>) -> Refusal {
    let is = |rejection| considered.iter().any(|one| one.rejection == Some(rejection));
    // The first circuit that will be probed decides when a retry is worthwhile.
    let due = considered.iter().filter_map(|one| one.facts.open_since).map(|since| since.after(probe_interval)).min();
    if let Some(due) = due.filter(|_| is(Rejection::CircuitOpen)) {
        let wait = question.now.until(due).max(Millis::from_secs(1));
        return Refusal::new(RefusalKind::CircuitOpen).after(wait);
    }
    if question.is_scheduled && is(Rejection::CannotSchedule) {
        let rule = "run_at: this tool does not run on an engine, and nothing else makes calls later";
        return Refusal::with(RefusalKind::RequestInvalid, rule);
    }
    if is(Rejection::Killed) {
        return Refusal::new(RefusalKind::Killed);
    }
    let names: Vec<&str> = considered.iter().filter_map(|one| one.rejection).map(Rejection::name).collect();
    match names.as_slice() {
        [] | ["executor_inactive"] => Refusal::new(RefusalKind::ExecutorInactive),
        several => Refusal::with(RefusalKind::ExecutorInactive, several.join(", ")),
    }
}

/// Returns the target of a tool, if it may run this call there.
fn target_of<'c>(
    executors: &'c [Executor],
    route: Option<(&Route, Strategy)>,
    question: &RoutedCall<'_>,
    tool: &Tool,
    admitted: Result<(), Rejection>,
) -> Result<Target<'c>, Rejection> {
    if route.is_some_and(|(route, strategy)| strategy == Strategy::Pinned && route.rank_of(tool.executor) != 0) {
        return Err(Rejection::NotPinned);
    }
    admitted?;
    let executor = executors.get(tool.executor).ok_or(Rejection::ExecutorInactive)?;
    if executor.is_inactive() {
        return Err(Rejection::ExecutorInactive);
    }
    if question.is_scheduled && executor.engine().is_none() {
        return Err(Rejection::CannotSchedule);
    }
    if let Some((route, _)) = route {
        if route.region.is_some() && route.region != executor.region {
            return Err(Rejection::RegionDiffers);
        }
        if !route.capabilities.iter().all(|wanted| executor.capabilities.contains(wanted)) {
            return Err(Rejection::CapabilityMissing);
        }
    }
    if tool.executor != question.tool.executor {
        if tool.interface_hash() != question.tool.interface_hash() {
            return Err(Rejection::InterfaceDiffers);
        }
        if !behave_alike(tool, question.tool) {
            return Err(Rejection::BehaviorDiffers);
        }
    }
    executor.target(tool, question.tenant).ok_or(Rejection::ExecutorInactive)
}

/// Returns whether two tools declare the same effects. The gateway's own tools are pure, whatever they declare: only a
/// tool that declares a change differs from them.
fn behave_alike(one: &Tool, other: &Tool) -> bool {
    if one.local.is_some() || other.local.is_some() {
        return !one.behavior.mutates && !other.behavior.mutates;
    }
    let of = |tool: &Tool| (tool.behavior.reads_only, tool.behavior.mutates, tool.behavior.idempotent);
    of(one) == of(other)
}

/// Returns the engine that a request is passed to: the one asked for, or else the first that has a credential for this
/// tenant.
///
/// # Errors
/// [`RefusalKind::EngineMissing`].
pub fn of_engine<'c>(
    executors: &'c [Executor],
    wanted: Option<usize>,
    tenant: &TenantId,
) -> Result<Remote<'c>, Refusal> {
    let engine = |executor: &'c Executor| executor.remote(tenant).filter(|_| executor.kind.has_engine_api());
    let found = match wanted {
        Some(index) => executors.get(index).and_then(engine),
        None => executors.iter().find_map(engine),
    };
    found.ok_or_else(|| Refusal::new(RefusalKind::EngineMissing))
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
