//! The operator's rules about the cache.

use super::Life;
use crate::words::choice::choice;
use crate::words::names::{CacheTag, Project, TenantId, ToolName, ToolPattern, UserId};
use crate::words::price::Price;
use crate::words::time::Millis;

/// What may be answered from cache.
#[derive(Clone, Debug)]
pub struct CacheRules {
    /// Time to live of answers that may be kept because of the tool's declared behaviour.
    pub ttl: Millis,
    /// How they live besides, unless a rule says otherwise.
    pub life: Life,
    /// Bytes that the in-isolate tier may hold.
    pub memory_bytes: usize,
    /// Which tiers are used.
    pub strategy: CacheStrategy,
    /// What leaves the in-isolate tier first.
    pub eviction: Eviction,
    /// Where calls that miss look for others, unless a rule says otherwise.
    pub single_flight: SingleFlight,
    /// What a million tokens cost.
    pub price_per_million_tokens: Price,
    /// The operator's rules; the first that names a tool decides.
    pub rules: Vec<CacheRule>,
    /// Calls that are made beforehand.
    pub warm: Vec<WarmCall>,
}

impl CacheRules {
    /// Whether any tool's answers are kept in the SQL database.
    #[must_use]
    pub fn uses_sql(&self) -> bool {
        let is_persistent = |strategy| strategy == CacheStrategy::Persistent;
        let is_ruled = self.rules.iter().any(|rule| rule.strategy.is_some_and(is_persistent));
        self.strategy != CacheStrategy::Off && (is_persistent(self.strategy) || is_ruled)
    }
}

/// An operator's rule for some tools.
#[derive(Clone, Debug)]
pub struct CacheRule {
    /// The tools.
    pub tools: Vec<ToolPattern>,
    /// Time to live.
    pub ttl: Millis,
    /// Whose answers they are.
    pub scope: CacheScopeChoice,
    /// In which tiers they are kept; as for every tool, if absent.
    pub strategy: Option<CacheStrategy>,
    /// Where calls that miss look for others; as for every tool, if absent.
    pub single_flight: Option<SingleFlight>,
    /// How they live besides.
    pub life: Life,
    /// By what else the answers can be made stale.
    pub tags: Vec<CacheTag>,
    /// What one call costs.
    pub price_per_call: Price,
}

/// A call that is made so that its answer is cached.
#[derive(Clone, Debug)]
pub struct WarmCall {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The tool.
    pub tool: ToolName,
    /// The version, if not the preferred one.
    pub version: Option<String>,
    /// The arguments: the text of a JSON object.
    pub input: String,
    /// The user.
    pub user: Option<UserId>,
    /// The organisation and project.
    pub project: Option<Project>,
}

choice! {
    /// Which tiers the cache uses.
    pub enum CacheStrategy {
        /// Nothing is kept.
        Off = "off",
        /// The isolate's memory.
        Memory = "memory",
        /// Memory, the data centre's cache behind it, and the edge key-value store behind that.
        Hybrid = "hybrid",
        /// The same, and the SQL database behind them for what lives long.
        Persistent = "persistent",
    }
}

choice! {
    /// What leaves the isolate's memory first when it is full.
    pub enum Eviction {
        /// What was used longest ago.
        Lru = "lru",
        /// What saves least time and tokens per byte, by how often and how lately it was used.
        CostAware = "cost-aware",
    }
}

choice! {
    /// Where calls that miss the same key at the same time find each other.
    pub enum SingleFlight {
        /// Nowhere: each asks the executor.
        Off = "off",
        /// In their isolate.
        Isolate = "isolate",
        /// Over all isolates, by a durable owner of the key.
        Owner = "owner",
        /// In their isolate, or over all where that is worth a question to an owner.
        Adaptive = "adaptive",
    }
}

choice! {
    /// Whose an answer is.
    pub enum CacheScopeChoice {
        /// One user's.
        User = "user",
        /// All users' of the tenant.
        Shared = "shared",
    }
}
