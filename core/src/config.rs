//! The configuration: `toolgate.toml` and the host's settings, parsed once into types that cannot be wrong.

mod build;
mod cache;
mod caller;
mod credential;
pub(crate) mod document;
mod faults;
mod inputs;
mod issuer;
mod issuer_sections;
mod prepared;
mod price;
mod quantity;
mod rate;
mod route;
mod route_sections;
mod schema;
mod sections;
mod settings;
mod words;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::cache::Life;
use crate::policy::PolicySet;
use crate::validate::input::InputRule;
use crate::words::names::{CacheTag, ExecutorId, Project, RoleId, ToolPattern};
use crate::words::time::Millis;

pub use cache::WarmCall;
pub use caller::{Caller, CallerKey, ClaimValue, ConfiguredCaller, Grant, ProjectRule, UserRule};
pub use credential::{Credential, Credentials};
pub use faults::ConfigFault;
pub use issuer::{
    AskProtocol, AskRules, Issuer, IssuerName, KeysAt, Mapping, SignedRules, TenantRule, TokenCheck, UsersFrom,
};
pub use issuer_sections::{Algorithm, TokenType};
pub use prepared::{Prepared, Values, ask, load};
pub use price::Price;
pub use rate::{RateLimit, RateMode, RatePer, RateRules};
pub use route::{BreakerRules, Route, RoutingRules};
pub use route_sections::{Priority, Strategy};
pub use schema::json_schema;
pub use sections::{CacheScopeChoice, CacheStrategy, ConflictRule, Eviction, FailMode, PolicyMode, SingleFlight};
pub use settings::{Notice, SETTINGS, SettingSpec};

#[cfg(test)]
#[path = "config_tests.rs"]
pub(crate) mod tests;

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds on requests.
    pub limits: RequestLimits,
    /// The lease on the epochs.
    pub epochs: EpochRules,
    /// Where tools run, in order of preference.
    pub executors: Vec<Executor>,
    /// How their tools become one registry.
    pub registry: RegistryRules,
    /// The roles that callers of every kind can have.
    pub roles: BTreeMap<RoleId, Rc<Grant>>,
    /// Who may call, of those that the document names.
    pub callers: Vec<ConfiguredCaller>,
    /// Whose tokens are taken besides.
    pub issuers: Vec<Issuer>,
    /// How many requests there may be.
    pub rate: RateRules,
    /// What inputs have to fulfil besides what their tools say.
    pub inputs: Vec<InputRule>,
    /// The rules besides.
    pub policies: PolicySet,
    /// Whether the header cf-ipcountry says where a request comes from.
    pub country_header: bool,
    /// What may be answered from cache.
    pub cache: CacheRules,
    /// How the executor of a call is chosen.
    pub routing: RoutingRules,
    /// When an executor, or one of its tools, is left alone.
    pub breaker: BreakerRules,
    /// How calls are made.
    pub execute: ExecuteRules,
    /// Browser origins that may call (`*` for all); empty for none.
    pub cors_origins: Vec<String>,
    /// What was clamped, or has no effect here: reported by name at start and in `/health/ready`.
    pub notices: Vec<Notice>,
}

/// Bounds on requests.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Bytes in a body.
    pub body_bytes: usize,
    /// How a JSON body is read.
    pub json: crate::words::json::Limits,
    /// Longest wait of a long poll.
    pub long_poll: Millis,
}

/// The lease on the epochs.
#[derive(Clone, Copy, Debug)]
pub struct EpochRules {
    /// For how long the epochs are taken to be current after they were read.
    pub lease: Millis,
    /// What happens when they cannot be renewed.
    pub fail_mode: FailMode,
}

/// A place where tools run.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Its name.
    pub id: ExecutorId,
    /// What it is and how to reach it.
    pub kind: ExecutorKind,
    /// The tools taken from it.
    pub tools: Vec<ToolPattern>,
    /// Bound on one call.
    pub timeout: Millis,
    /// What one call costs.
    pub cost: Price,
    /// Where it is, if that was said.
    pub region: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Most calls at once of one isolate, where it is an engine or worker.
    pub concurrency: u32,
}

/// What an executor is.
#[derive(Clone, Debug)]
pub enum ExecutorKind {
    /// The tools compiled into the gateway.
    Local,
    /// An Arcade engine.
    Engine(Upstream),
    /// An Arcade worker.
    Worker(Upstream),
}

/// How to reach an engine or worker.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// `scheme://host[:port][/prefix]`, without a trailing slash.
    pub base_url: String,
    /// The setting of the general credential; empty when only tenants have one.
    pub credential_setting: String,
    /// The engine's API keys or the worker's secrets; none at all switches the executor off, by name.
    pub credentials: Credentials,
    /// The organisation and project that unscoped paths mean; an engine only.
    pub project: Option<Project>,
}

impl Executor {
    /// The upstream, when this is an engine that can be reached.
    #[must_use]
    pub const fn engine(&self) -> Option<&Upstream> {
        match &self.kind {
            ExecutorKind::Engine(upstream) => Some(upstream),
            _ => None,
        }
    }

    /// Why the executor takes no part, if so.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        match &self.kind {
            ExecutorKind::Local => false,
            ExecutorKind::Engine(upstream) | ExecutorKind::Worker(upstream) => {
                upstream.credentials.of_discovery().is_none()
            }
        }
    }
}

/// How the executors' tools become one registry.
#[derive(Clone, Copy, Debug)]
pub struct RegistryRules {
    /// How old a list may get before it is fetched again.
    pub refresh: Millis,
    /// What happens when two executors offer the same tool in the same version.
    pub conflicts: ConflictRule,
}

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

/// How calls are made.
#[derive(Clone, Copy, Debug)]
pub struct ExecuteRules {
    /// Bound on a whole call, retries included.
    pub timeout: Millis,
    /// Repetitions of a call that may safely be repeated.
    pub max_retries: u32,
    /// Bytes of an executor's answer.
    pub response_bytes: usize,
    /// Repeated attempts at an executor, in percent of the calls that it got.
    pub retry_budget: u8,
    /// Calls that are made twice at once, in percent; at 0 none is.
    pub hedge_budget: u8,
    /// Longest wait for a place at an executor that has all it can do.
    pub queue_time: Millis,
}
