//! The cache of tool responses: their admission, their keys and their tiers.
//!
//! Safety argument in short (`docs/cache.md` has it whole): a look-up happens only for a call that was admitted now;
//! the key holds everything the response may depend on; an entry is served only while no epoch has moved that covers
//! it.

mod below;
mod directives;
mod driver;
mod entry;
mod envelope;
pub(crate) mod flight;
mod inspect;
mod key;
mod life;
mod memory;
mod ranks;
mod reach;
mod refreshes;
mod rules;
mod saved;
pub mod table;
mod tier;
mod tiers;

pub use directives::Directives;
pub(crate) use driver::look_in_memory;
pub use driver::{Hit, Missed, Wanted, look_up};
pub use entry::Entry;
pub use flight::{FlightScope, Role};
pub use inspect::{CacheInspection, Condition, TierContent, inspect};
pub use key::{CacheKey, KeyParts, key_of};
pub use life::{Demand, Forward, Freshness, Life, Terms};
pub use memory::Memory;
pub(crate) use reach::store;
pub use refreshes::RefreshEnd;
pub use rules::{CacheRule, CacheRules, CacheScopeChoice, CacheStrategy, Eviction, SingleFlight, WarmCall};
pub use saved::Saved;
pub use tier::{Tier, TierFault};
pub use tiers::Cache;

use crate::model::tool::Tool;
use crate::words::names::CacheTag;
use crate::words::time::Millis;

/// Names the outcome of a call's look-up: the record's `cache` field, the metric label, and the detail in
/// `Cache-Status` (RFC 9211).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheOutcome {
    /// A hit in the isolate's memory.
    HitMemory,
    /// A hit in the data centre's cache.
    HitDataCentre,
    /// A hit in the edge key-value store.
    HitStore,
    /// A hit in the SQL database.
    HitSql,
    /// A stale hit in the isolate's memory, revalidated in the background (RFC 5861, section 3).
    StaleMemory,
    /// A stale hit in the data centre's cache, revalidated likewise.
    StaleDataCentre,
    /// A stale hit in the edge key-value store, revalidated likewise.
    StaleStore,
    /// A stale hit in the SQL database, revalidated likewise.
    StaleSql,
    /// A stale response, served because the executor failed (RFC 5861, section 4).
    StaleIfError,
    /// A miss, collapsed onto another call that missed the same key at the same time (RFC 9211).
    Collapsed(FlightScope),
    /// A miss; the executor's response was stored.
    MissStored,
    /// A miss; the executor's response was not storable.
    MissNotStored,
    /// A call that neither reads from the cache nor writes to it.
    Bypass(Bypass),
}

/// Names the reason for which a call bypasses the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bypass {
    /// The cache is disabled.
    Off,
    /// The request is not a tool call.
    NotAToolCall,
    /// The tool does not declare that it only reads, and no rule of the operator names it.
    NoRule,
    /// The tool declares that it changes something.
    Mutates,
    /// The tool is not deterministic.
    Nondeterministic,
    /// The call is scheduled for later.
    Scheduled,
    /// The caller sent `no-store`.
    Asked,
    /// The epochs could not be refreshed, so invalidations may be unknown.
    EpochsUnavailable,
    /// The response may hold a stack trace, which only some callers may see.
    StacktraceAsked,
    /// The operator's input rules refuse the input.
    InputRefused,
}

impl Bypass {
    /// Returns the name in records, metrics and headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::NotAToolCall => "not_a_tool_call",
            Self::NoRule => "no_rule",
            Self::Mutates => "mutates",
            Self::Nondeterministic => "nondeterministic",
            Self::Scheduled => "scheduled",
            Self::Asked => "asked",
            Self::EpochsUnavailable => "epochs_unavailable",
            Self::StacktraceAsked => "stacktrace_asked",
            Self::InputRefused => "input_refused",
        }
    }
}

impl CacheOutcome {
    /// Returns whether the call was a fresh hit: no executor is asked for it, neither now nor in the background.
    #[must_use]
    pub const fn is_fresh_hit(self) -> bool {
        matches!(self, Self::HitMemory | Self::HitDataCentre | Self::HitStore | Self::HitSql)
    }

    /// Returns the name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HitMemory => "hit_memory",
            Self::HitDataCentre => "hit_data_centre",
            Self::HitStore => "hit_store",
            Self::HitSql => "hit_sql",
            Self::StaleMemory => "stale_memory",
            Self::StaleDataCentre => "stale_data_centre",
            Self::StaleStore => "stale_store",
            Self::StaleSql => "stale_sql",
            Self::StaleIfError => "stale_if_error",
            Self::Collapsed(_) => "collapsed",
            Self::MissStored => "miss_stored",
            Self::MissNotStored => "miss_not_stored",
            Self::Bypass(bypass) => bypass.name(),
        }
    }
}

/// Holds the terms on which a tool's responses may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// Time to live.
    pub ttl: Millis,
    /// The users who share a stored response.
    pub scope: CacheScopeChoice,
    /// The tiers to store in. Not part of the key: a response is the same in every tier.
    pub strategy: CacheStrategy,
    /// The rule's other terms, as part of the key: another rule is another key.
    pub rule: [u8; 8],
    /// The freshness rules. Applied when a response is served, so not part of the key.
    pub life: Life,
}

impl CachePolicy {
    /// Returns the time for which a response is of any use, fresh or stale.
    #[must_use]
    pub fn whole_life(&self) -> Millis {
        Millis::new(self.ttl.get().saturating_add(self.life.stale().get()))
    }
}

/// Returns the terms on which responses of this tool may be stored (`arcade.md` section 5): the tool must declare that
/// it only reads, or an operator's rule must name it. Responses of a tool that changes something or is not
/// deterministic are never stored.
///
/// # Errors
/// The [`Bypass`] that applies.
pub fn cache_policy(rules: &CacheRules, tool: &Tool) -> Result<CachePolicy, Bypass> {
    if rules.strategy == CacheStrategy::Off {
        return Err(Bypass::Off);
    }
    if tool.behavior.mutates {
        return Err(Bypass::Mutates);
    }
    if tool.local.is_some_and(|local| !local.deterministic) {
        return Err(Bypass::Nondeterministic);
    }
    let rule = rule_of(rules, tool);
    // No rule enables a disabled cache.
    let strategy = rule.and_then(|rule| rule.strategy).unwrap_or(rules.strategy);
    if strategy == CacheStrategy::Off {
        return Err(Bypass::Off);
    }
    let (ttl, scope, life) = match rule {
        Some(rule) => (rule.ttl, rule.scope, rule.life),
        // Running a local tool costs less than looking for its response.
        None if tool.behavior.reads_only && tool.local.is_none() => (rules.ttl, CacheScopeChoice::User, rules.life),
        None => return Err(Bypass::NoRule),
    };
    // The scope is a part of the key of its own.
    Ok(CachePolicy { ttl, scope, strategy, rule: ttl.get().to_be_bytes(), life })
}

/// Returns the first of the operator's rules that names the tool.
fn rule_of<'r>(rules: &'r CacheRules, tool: &Tool) -> Option<&'r CacheRule> {
    rules.rules.iter().find(|rule| rule.tools.iter().any(|pattern| pattern.matches(&tool.folded)))
}

/// Returns the single-flight mode for calls of this tool.
#[must_use]
pub fn single_flight(rules: &CacheRules, tool: &Tool) -> SingleFlight {
    rule_of(rules, tool).and_then(|rule| rule.single_flight).unwrap_or(rules.single_flight)
}

/// Returns the tags by which responses of this tool can be invalidated.
#[must_use]
pub fn tags_of<'r>(rules: &'r CacheRules, tool: &Tool) -> &'r [CacheTag] {
    rule_of(rules, tool).map_or(&[], |rule| &rule.tags)
}

/// Returns whether any rule has the tag.
#[must_use]
pub fn has_tag(rules: &CacheRules, tag: &CacheTag) -> bool {
    rules.rules.iter().any(|rule| rule.tags.contains(tag))
}
