//! How calls are routed and executed, as documents.

use super::document::choice;

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

choice! {
    /// Whose calls wait, or are turned away, before others where an executor has more than it can do.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Priority {
        /// First to be turned away; what the gateway calls by itself.
        Low = "low",
        /// What is not said otherwise.
        Normal = "normal",
        /// Last to be turned away.
        High = "high",
    }
}
