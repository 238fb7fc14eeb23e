//! The cache of tool answers: what may be kept, under which key, in which tier.
//!
//! Safety argument in short (`docs/cache.md` has it whole): a look-up happens only for a call that was admitted now; the
//! key holds everything the answer may depend on; an entry is served only while no epoch has moved that covers it.

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
pub use flight::{Place, Role};
pub use inspect::{Condition, Facts, Held, inspect};
pub use key::{CacheKey, KeyParts, key_of};
pub use life::{Demand, Forward, Life, Standing, Terms};
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

/// How a call met the cache: the record's `cache` field, the metric label, and the detail in `Cache-Status` (RFC 9211).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheOutcome {
    /// Answered from the isolate's memory.
    HitMemory,
    /// Answered from the data centre's cache.
    HitDataCentre,
    /// Answered from the edge key-value store.
    HitStore,
    /// Answered from the SQL database.
    HitSql,
    /// Answered with what is past its time, from the isolate's memory; another is being fetched (RFC 5861, section 3).
    StaleMemory,
    /// The same from the data centre's cache.
    StaleDataCentre,
    /// The same from the edge key-value store.
    StaleStore,
    /// The same from the SQL database.
    StaleSql,
    /// Answered with what is past its time, as the executor failed (RFC 5861, section 4).
    StaleIfError,
    /// Not there; answered with what another call brought that missed at the same time.
    Collapsed(Place),
    /// Not there; the answer was kept.
    MissStored,
    /// Not there; the answer was not one to keep.
    MissNotStored,
    /// Not looked up, and not kept.
    Bypass(Bypass),
}

/// Why a call never meets the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bypass {
    /// The cache is switched off.
    Off,
    /// The request is not the call of a tool.
    NotAToolCall,
    /// The tool declares nothing that allows it, and no rule of the operator names it.
    NoRule,
    /// The tool says that it changes something.
    Mutates,
    /// The tool's answer differs from call to call.
    Nondeterministic,
    /// The call is to be made later.
    Scheduled,
    /// The caller asked for `no-store`.
    Asked,
    /// The epochs could not be renewed, so nobody knows what is stale.
    EpochsUnavailable,
    /// The answer may hold a stack trace, which only some may see.
    StacktraceAsked,
    /// The operator's rules refuse the input.
    InputRefused,
}

impl Bypass {
    /// The name in records, metrics and headers.
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
    /// Whether it was answered from a tier with what is fresh: no executor is asked for it, neither now nor in the background.
    #[must_use]
    pub const fn is_fresh_hit(self) -> bool {
        matches!(self, Self::HitMemory | Self::HitDataCentre | Self::HitStore | Self::HitSql)
    }

    /// The name in records and metrics.
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

/// Permission to keep a tool's answers, and on which terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// For how long.
    pub ttl: Millis,
    /// Whose they are.
    pub scope: CacheScopeChoice,
    /// In which tiers. That is no part of the key: an answer is the same wherever it was kept.
    pub strategy: CacheStrategy,
    /// The rule's other terms: another rule is another key.
    pub rule: [u8; 8],
    /// How they are used besides: looked at when an answer is served, so no part of the key.
    pub life: Life,
}

impl Keep {
    /// How long an answer is of any use.
    #[must_use]
    pub fn whole_life(&self) -> Millis {
        Millis::new(self.ttl.get().saturating_add(self.life.stale().get()))
    }
}

/// Whether answers of this tool may be kept at all (`arcade.md` section 5): it must declare that it only reads, or an
/// operator's rule must name it; what says that it changes something, or differs from call to call, never is.
///
/// # Errors
/// The [`Bypass`] that applies.
pub fn may_keep(rules: &CacheRules, tool: &Tool) -> Result<Keep, Bypass> {
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
    // That the cache is off, no rule overrides.
    let strategy = rule.and_then(|rule| rule.strategy).unwrap_or(rules.strategy);
    if strategy == CacheStrategy::Off {
        return Err(Bypass::Off);
    }
    let (ttl, scope, life) = match rule {
        Some(rule) => (rule.ttl, rule.scope, rule.life),
        // Running a local tool costs less than looking for its answer.
        None if tool.behavior.reads_only && tool.local.is_none() => (rules.ttl, CacheScopeChoice::User, rules.life),
        None => return Err(Bypass::NoRule),
    };
    // Its scope stands in the key by itself.
    Ok(Keep { ttl, scope, strategy, rule: ttl.get().to_be_bytes(), life })
}

/// The first of the operator's rules that names the tool.
fn rule_of<'r>(rules: &'r CacheRules, tool: &Tool) -> Option<&'r CacheRule> {
    rules.rules.iter().find(|rule| rule.tools.iter().any(|pattern| pattern.matches(&tool.folded)))
}

/// Where calls of this tool that miss look for others that miss the same key.
#[must_use]
pub fn single_flight(rules: &CacheRules, tool: &Tool) -> SingleFlight {
    rule_of(rules, tool).and_then(|rule| rule.single_flight).unwrap_or(rules.single_flight)
}

/// The tags by which answers of this tool can be made stale.
#[must_use]
pub fn tags_of<'r>(rules: &'r CacheRules, tool: &Tool) -> &'r [CacheTag] {
    rule_of(rules, tool).map_or(&[], |rule| &rule.tags)
}

/// Whether some rule has the tag.
#[must_use]
pub fn has_tag(rules: &CacheRules, tag: &CacheTag) -> bool {
    rules.rules.iter().any(|rule| rule.tags.contains(tag))
}
