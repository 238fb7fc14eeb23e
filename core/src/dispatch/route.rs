//! Where a call goes: of the executors that may run it, the order in which they are asked.
//!
//! Nobody is asked for this: what is known of executors comes from earlier calls ([`Facts`]). The same question with the same
//! facts and the same number has the same answer.

mod rank;

use std::rc::Rc;

use crate::backends::{Executor, Remote, Target};
use crate::dispatch::health::Seen;
use crate::model::route::{Route, RoutingRules, Strategy};
use crate::model::tool::Tool;
use crate::words::names::TenantId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// Describes a call that has to go somewhere.
#[derive(Debug)]
pub struct Question<'q> {
    /// The tool as the caller sees it.
    pub tool: &'q Rc<Tool>,
    /// What other executors offer for it, by the operator's route; with why the caller may not have it, if so.
    pub others: &'q [(Rc<Tool>, Result<(), Rejection>)],
    /// The caller's tenant.
    pub tenant: &'q TenantId,
    /// A number that is the same for all calls of a caller and user: what "sticky" means.
    pub whose: u64,
    /// A number of this call's own, 0 to 99.
    pub percent: u8,
    /// Whether it is to be made later.
    pub is_scheduled: bool,
    /// The time now.
    pub now: Timestamp,
    /// The time that is left for it.
    pub left: Millis,
}

/// Names the operator's rules that decide where a call goes.
#[derive(Clone, Copy, Debug)]
pub struct RouteRules<'c> {
    /// The executors, by their places in the configuration.
    pub executors: &'c [Executor],
    /// The routes, and how executors are chosen.
    pub routing: &'c RoutingRules,
    /// How long a circuit is open before it is probed.
    pub probe_interval: Millis,
}

/// Holds what is known of an executor and a tool on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// How its calls went.
    pub seen: Seen,
    /// Since when its circuit is open, if it is.
    pub open_since: Option<Timestamp>,
    /// Calls under way, and waiting.
    pub in_flight: u32,
    /// How many can be under way.
    pub limit: u32,
}

/// Tells why an executor is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It has no credential for this tenant.
    ExecutorInactive,
    /// The operator switched it off.
    Killed,
    /// The caller may not have the tool of this executor.
    PolicyDenied,
    /// Its tool has other parameters, or another type of answer.
    InterfaceDiffers,
    /// Its tool says otherwise of what it changes.
    BehaviorDiffers,
    /// It offers no such tool in this version now.
    NotOffered,
    /// It is in another region than the route wants.
    RegionDiffers,
    /// It lacks something that the route wants.
    CapabilityMissing,
    /// It makes no calls later.
    CannotSchedule,
    /// Its circuit is open: it failed too often lately.
    CircuitOpen,
    /// It usually takes longer than is left.
    TooSlow,
    /// The route names one executor, and it is not this one.
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
    /// Where it is.
    pub target: Target<'c>,
}

impl Candidate<'_> {
    /// Returns the executor's place in the configuration.
    #[must_use]
    pub fn executor(&self) -> usize {
        self.tool.executor
    }
}

/// Explains the choice for or against one executor.
#[derive(Clone, Copy, Debug)]
pub struct Considered {
    /// Its place in the configuration.
    pub executor: usize,
    /// Why it is not asked, if so.
    pub rejection: Option<Rejection>,
    /// How good it is by the strategy, less being better; nothing where the order says it all.
    pub score: Option<u64>,
    /// What was known.
    pub facts: Facts,
}

impl Considered {
    const fn rejected(executor: usize, rejection: Rejection, facts: Facts) -> Self {
        Self { executor, rejection: Some(rejection), score: None, facts }
    }
}

/// Holds the order in which executors are asked.
#[derive(Clone, Debug)]
pub struct Decision<'c> {
    /// How.
    pub strategy: Strategy,
    /// Who is asked, the first first.
    pub ranked: Vec<Candidate<'c>>,
    /// What was thought of each: the ranked ones in their order, then the others.
    pub considered: Vec<Considered>,
    /// A number of this call's own, 0 to 99: which share of the calls it belongs to where few go through.
    pub percent: u8,
}

impl Decision<'_> {
    /// Returns whether the first two are asked at once.
    #[must_use]
    pub fn is_race(&self) -> bool {
        self.strategy == Strategy::Hybrid && self.ranked.len() > 1
    }
}

/// Chooses who is asked, in which order.
///
/// # Errors
/// Where nobody is: [`RefusalKind::CircuitOpen`] if somebody could be a little later; [`RefusalKind::Killed`]; else why the executor of the tool as the caller
/// sees it cannot be asked. [`RefusalKind::RequestInvalid`] for a call to be made later by anything but an engine.
pub fn decide<'c>(
    rules: RouteRules<'c>,
    question: &Question<'_>,
    facts: impl Fn(&Tool) -> Facts,
) -> Result<Decision<'c>, (Refusal, Vec<Considered>)> {
    let route = rules.routing.route_of(&question.tool.folded);
    let strategy = route.map_or(Strategy::LocalFirst, |route| rules.routing.strategy_of(route));
    let others = question.others.iter().map(|(tool, admitted)| (tool, *admitted));
    let (mut fit, mut unfit) = (Vec::with_capacity(others.len().saturating_add(1)), Vec::new());
    for (tool, admitted) in std::iter::once((question.tool, Ok(()))).chain(others) {
        let facts = facts(tool);
        match target_of(rules.executors, route.map(|route| (route, strategy)), question, (tool, admitted)) {
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
    Ok(Decision { strategy, ranked, considered, percent: question.percent })
}

/// Returns the executors of the route that offer no such tool now.
fn absent<'r>(route: &'r Route, question: &'r Question<'_>) -> impl Iterator<Item = Considered> + 'r {
    let offers = |executor: usize| {
        question.tool.executor == executor || question.others.iter().any(|(tool, _)| tool.executor == executor)
    };
    let absent = route.executors.iter().copied().filter(move |executor| !offers(*executor));
    absent.map(|executor| Considered::rejected(executor, Rejection::NotOffered, Facts::default()))
}

/// Returns the refusal where nobody is asked.
fn nobody(probe_interval: Millis, considered: &[Considered], question: &Question<'_>) -> Refusal {
    let is = |rejection| considered.iter().any(|one| one.rejection == Some(rejection));
    // The first that will be tried again says when it is worth to come back.
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

/// Returns where the tool runs, if it may run this call there.
fn target_of<'c>(
    executors: &'c [Executor],
    route: Option<(&Route, Strategy)>,
    question: &Question<'_>,
    (tool, admitted): (&Tool, Result<(), Rejection>),
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

/// Returns whether two tools change the same, as far as they say. The gateway's own are pure, whatever they say: only what says that it
/// changes something is another thing.
fn behave_alike(one: &Tool, other: &Tool) -> bool {
    if one.local.is_some() || other.local.is_some() {
        return !one.behavior.mutates && !other.behavior.mutates;
    }
    let of = |tool: &Tool| (tool.behavior.reads_only, tool.behavior.mutates, tool.behavior.idempotent);
    of(one) == of(other)
}

/// Returns the engine that a request is passed to: the one asked for, or else the first that has a credential for this tenant.
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
