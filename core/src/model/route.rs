//! Routes: executors that the operator declares equivalent, and how one of them is chosen.

use crate::words::choice::choice;
use crate::words::names::ToolPattern;
use crate::words::time::Millis;

/// How executors are chosen.
#[derive(Clone, Debug)]
pub struct RoutingRules {
    /// How, unless a route says otherwise; never [`Strategy::Pinned`] or [`Strategy::Weighted`].
    pub strategy: Strategy,
    /// How much the gateway's own tools are preferred by measured time, in percent: at 80, one that is expected to take five times
    /// as long as another still comes first.
    pub local_priority: u8,
    /// A local tool that is expected to take no longer than this runs here, whatever the others take.
    pub remote_threshold: Millis,
    /// How long the decision of a call can be looked up.
    pub explained: Millis,
    /// Which executors are equivalent; the first that names a tool decides.
    pub routes: Vec<Route>,
}

impl RoutingRules {
    /// The route of a tool (`toolkit.tool`, lower case).
    #[must_use]
    pub fn route_of(&self, folded: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.tools.iter().any(|pattern| pattern.matches(folded)))
    }

    /// What the operator declared to be answered where no executor of the tool answers: the JSON text of a value.
    #[must_use]
    pub fn answer_of(&self, folded: &str) -> Option<&str> {
        self.route_of(folded)?.answer.as_deref()
    }

    /// How the executor of a call on this route is chosen.
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
    /// How one is chosen; as for every tool, if absent. See [`RoutingRules::strategy_of`].
    pub strategy: Option<Strategy>,
    /// What each gets, in the order of `executors`: as many for [`Strategy::Weighted`], at most
    /// [`crate::words::limits::ROUTE_WEIGHT_MAX`] each and not all zero; none otherwise.
    pub weights: Vec<u32>,
    /// What a call should take at most, for [`Strategy::Cost`].
    pub latency_objective: Millis,
    /// How many of a hundred calls may fail, for [`Strategy::Cost`].
    pub error_objective: u8,
    /// Where the executor must be; anywhere, if absent.
    pub region: Option<String>,
    /// What the executor must be able to do.
    pub capabilities: Vec<String>,
    /// The JSON text of the value that is answered where no executor gives one.
    pub answer: Option<String>,
}

impl Route {
    /// The place of an executor in the route's order; behind all others if it is not there.
    #[must_use]
    pub fn rank_of(&self, executor: usize) -> usize {
        self.executors.iter().position(|place| *place == executor).unwrap_or(usize::MAX)
    }
}

choice! {
    /// How the executor of a call is chosen among those that are equivalent.
    pub enum Strategy {
        /// The gateway's own tool, then the others in their order.
        LocalFirst = "local-first",
        /// The others in their order, then the gateway's own tool.
        RemoteFirst = "remote-first",
        /// Whoever is expected to answer soonest, by how its calls went lately.
        Performance = "performance",
        /// The cheapest of those that meet the objectives.
        Cost = "cost",
        /// By weight; the same caller always goes the same way.
        Weighted = "weighted",
        /// The first two at once, where calling twice is harmless.
        Hybrid = "hybrid",
        /// The first, and no other.
        Pinned = "pinned",
    }
}

impl Strategy {
    /// Whether it can be what holds where no route says otherwise: the others need a route's own list of executors.
    #[must_use]
    pub const fn is_general(self) -> bool {
        !matches!(self, Self::Weighted | Self::Pinned)
    }
}
