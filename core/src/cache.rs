//! The cache of tool answers: what may be kept, under which key, in which tier.
//!
//! Safety argument in short (`docs/cache.md` has it whole): a look-up happens only for a call that was admitted now; the
//! key holds everything the answer may depend on; an entry is served only while no epoch has moved that covers it.

mod driver;
mod entry;
pub(crate) mod flight;
mod inspect;
mod key;
mod memory;
mod ranks;
mod saved;

pub use driver::{Wanted, look_up, store};
pub(crate) use driver::{look_in_memory, remember};
pub use entry::Entry;
pub use flight::{Place, Role};
pub use inspect::{Facts, Standing, Tier, inspect};
pub use key::{CacheKey, KeyParts, key_of};
pub use memory::Memory;
pub use saved::Saved;

use crate::config::{CacheRule, CacheRules, CacheScopeChoice, CacheStrategy, SingleFlight};
use crate::names::CacheTag;
use crate::registry::Tool;
use crate::time::Millis;

/// How a call met the cache: the record's `cache` field, the metric label, and the detail in `Cache-Status` (RFC 9211).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheOutcome {
    /// Answered from the isolate's memory.
    HitMemory,
    /// Answered from the edge key-value store.
    HitStore,
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
    /// The caller asked for `no-store` or `no-cache`.
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
    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HitMemory => "hit_memory",
            Self::HitStore => "hit_store",
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
    /// The rule's other terms: another rule is another key.
    pub rule: [u8; 8],
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
    let (ttl, scope) = match rule {
        Some(rule) => (rule.ttl, rule.scope),
        None if tool.behavior.reads_only => (rules.ttl, CacheScopeChoice::User),
        None => return Err(Bypass::NoRule),
    };
    // Its scope stands in the key by itself.
    Ok(Keep { ttl, scope, rule: ttl.get().to_be_bytes() })
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
