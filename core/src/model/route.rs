//! Routes: executors that the operator declares equivalent, and the strategy for choosing one of them.

use crate::words::choice::choice;
use crate::words::names::ToolPattern;
use crate::words::time::Millis;

/// Rules for choosing executors.
#[derive(Clone, Debug)]
pub struct RoutingRules {
    /// The strategy of every route without its own; never [`Strategy::Pinned`] or [`Strategy::Weighted`].
    pub strategy: Strategy,
    /// The preference of the gateway's own tools over measured time, in percent: at 80, one that is expected to take
    /// five times as long as another still comes first.
    pub local_priority: u8,
    /// The expected time up to which a local tool runs here, whatever the others take.
    pub remote_threshold: Millis,
    /// The retention time of a call's routing decision.
    pub explained: Millis,
    /// The routes: sets of equivalent executors; the first that names a tool decides.
    pub routes: Vec<Route>,
}

impl RoutingRules {
    /// Returns the route of a tool (`toolkit.tool`, lower case).
    #[must_use]
    pub fn route_of(&self, folded: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.tools.iter().any(|pattern| pattern.matches(folded)))
    }

    /// Returns the fallback value that the operator declared for a tool: JSON text, returned where none of its
    /// executors answers.
    #[must_use]
    pub fn answer_of(&self, folded: &str) -> Option<&str> {
        self.route_of(folded)?.answer.as_deref()
    }

    /// Returns the strategy for choosing the executor of a call on this route.
    #[must_use]
    pub fn strategy_of(&self, route: &Route) -> Strategy {
        route.strategy.unwrap_or(self.strategy)
    }
}

/// Executors that the operator declares equivalent for some tools.
#[derive(Clone, Debug)]
pub struct Route {
    /// The tools.
    pub tools: Vec<ToolPattern>,
    /// The executors by their places in the configuration, in order of preference: at least one, at most
    /// [`crate::words::limits::ROUTE_EXECUTORS`], none twice.
    pub executors: Vec<usize>,
    /// The strategy; the general one, if absent. See [`RoutingRules::strategy_of`].
    pub strategy: Option<Strategy>,
    /// The executors' weights, in the order of `executors`: as many for [`Strategy::Weighted`], at most
    /// [`crate::words::limits::ROUTE_WEIGHT_MAX`] each and not all zero; none otherwise.
    pub weights: Vec<u32>,
    /// The latency objective of a call, for [`Strategy::Cost`].
    pub latency_objective: Millis,
    /// The failures tolerated in a hundred calls, for [`Strategy::Cost`].
    pub error_objective: u8,
    /// The required region of the executor; any, if absent.
    pub region: Option<String>,
    /// The required capabilities of the executor.
    pub capabilities: Vec<String>,
    /// The fallback value as JSON text, returned where no executor answers.
    pub answer: Option<String>,
}

impl Route {
    /// Returns the executor's index in the route's order; behind all others if it is not there.
    #[must_use]
    pub fn rank_of(&self, executor: usize) -> usize {
        self.executors.iter().position(|place| *place == executor).unwrap_or(usize::MAX)
    }
}

choice! {
    /// Names the strategy for choosing the executor of a call among equivalent ones.
    pub enum Strategy {
        /// The gateway's own tool, then the others in their order.
        LocalFirst = "local-first",
        /// The others in their order, then the gateway's own tool.
        RemoteFirst = "remote-first",
        /// The executor that is expected to answer soonest, by its recent calls.
        Performance = "performance",
        /// The cheapest of those that meet the objectives.
        Cost = "cost",
        /// By weight; the same caller always gets the same executor.
        Weighted = "weighted",
        /// The first two at once, where calling twice is harmless.
        Hybrid = "hybrid",
        /// The first, and no other.
        Pinned = "pinned",
    }
}

impl Strategy {
    /// Returns whether the strategy can be the general one: the others need a route's own list of executors.
    #[must_use]
    pub const fn is_general(self) -> bool {
        !matches!(self, Self::Weighted | Self::Pinned)
    }
}
