//! The operator's rules about the cache.

use super::Life;
use crate::words::choice::choice;
use crate::words::json::Json;
use crate::words::names::{CacheTag, Project, TenantId, ToolName, ToolPattern, UserId};
use crate::words::price::Price;
use crate::words::time::Millis;

/// Holds the cache's configuration.
#[derive(Clone, Debug)]
pub struct CacheRules {
    /// Time to live of responses stored by the tool's declared behaviour.
    pub ttl: Millis,
    /// The freshness rules, unless a rule overrides them.
    pub life: Life,
    /// Bytes that the in-isolate tier may hold.
    pub memory_bytes: usize,
    /// The tiers in use.
    pub strategy: CacheStrategy,
    /// The eviction policy of the in-isolate tier.
    pub eviction: Eviction,
    /// The single-flight mode, unless a rule overrides it.
    pub single_flight: SingleFlight,
    /// The price of a million tokens.
    pub price_per_million_tokens: Price,
    /// The operator's rules; the first that names a tool decides.
    pub rules: Vec<CacheRule>,
    /// Calls that warm the cache.
    pub warm: Vec<WarmCall>,
}

impl CacheRules {
    /// Returns whether any tool's responses are stored in the SQL database.
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
    /// The users who share a stored response.
    pub scope: CacheScopeChoice,
    /// The tiers in use; the general setting, if absent.
    pub strategy: Option<CacheStrategy>,
    /// The single-flight mode; the general setting, if absent.
    pub single_flight: Option<SingleFlight>,
    /// The freshness rules.
    pub life: Life,
    /// Tags by which the responses can be invalidated.
    pub tags: Vec<CacheTag>,
    /// The price of one call.
    pub price_per_call: Price,
}

/// A call that is made so that its response is stored.
#[derive(Clone, Debug)]
pub struct WarmCall {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The tool.
    pub tool: ToolName,
    /// The version, if not the preferred one.
    pub version: Option<String>,
    /// The arguments: an object.
    pub input: Json<'static>,
    /// The user.
    pub user: Option<UserId>,
    /// The organisation and project.
    pub project: Option<Project>,
}

choice! {
    /// Names the tiers that the cache uses.
    pub enum CacheStrategy {
        /// None: nothing is stored.
        Off = "off",
        /// The isolate's memory.
        Memory = "memory",
        /// Memory, the data centre's cache behind it, and the edge key-value store behind that.
        Hybrid = "hybrid",
        /// The same, and the SQL database behind them for long-lived responses.
        Persistent = "persistent",
    }
}

choice! {
    /// Names the eviction policy of the isolate's memory.
    pub enum Eviction {
        /// Least recently used first.
        Lru = "lru",
        /// Least saving of time and tokens per byte first, by number and recency of uses.
        CostAware = "cost-aware",
    }
}

choice! {
    /// Names the single-flight mode for calls that miss the same key at the same time.
    pub enum SingleFlight {
        /// None: each call asks the executor.
        Off = "off",
        /// One flight per isolate.
        Isolate = "isolate",
        /// One flight over all isolates, by a durable owner of the key.
        Owner = "owner",
        /// One flight per isolate, or over all isolates if that is worth a question to an owner.
        Adaptive = "adaptive",
    }
}

choice! {
    /// Names the users who share a stored response.
    pub enum CacheScopeChoice {
        /// One user.
        User = "user",
        /// All users of the tenant.
        Shared = "shared",
    }
}
