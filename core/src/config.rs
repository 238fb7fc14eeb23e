//! The configuration: `toolgate.toml` and the host's settings, parsed once into types that cannot be wrong.

mod build;
mod cache;
pub(crate) mod document;
mod faults;
mod inputs;
mod issuer_sections;
mod prepared;
mod quantity;
mod rate;
mod route_sections;
mod schema;
mod sections;
mod settings;
mod words;

use std::rc::Rc;

use crate::access::admission;
use crate::access::epochs::EpochRules;
use crate::access::identity::Roles;
use crate::access::identity::rules::Issuer;
use crate::access::rate::RateRules;
use crate::backends::Executor;
use crate::cache::CacheRules;
use crate::catalog::RegistryRules;
use crate::dispatch::ExecuteRules;
use crate::dispatch::circuits::BreakerRules;
use crate::model::caller::ConfiguredCaller;
use crate::model::request::RequestLimits;
use crate::model::route::RoutingRules;
use crate::policy::PolicySet;
use crate::validate::input::InputRule;

pub use faults::ConfigFault;
pub use prepared::{Prepared, Values, ask, load};
pub use schema::json_schema;
pub use settings::{Notice, SETTINGS, SettingSpec};

#[cfg(test)]
#[path = "config_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "config/issuers_tests.rs"]
mod issuers_tests;

#[cfg(test)]
#[path = "config/routes_tests.rs"]
mod routes_tests;

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds on requests.
    pub limits: RequestLimits,
    /// The lease on the epochs.
    pub epochs: EpochRules,
    /// The executors, in order of preference.
    pub executors: Rc<[Executor]>,
    /// The rules for merging the executors' tools into one registry.
    pub registry: RegistryRules,
    /// The roles, for callers of every kind.
    pub roles: Rc<Roles>,
    /// The callers that the document names.
    pub callers: Vec<ConfiguredCaller>,
    /// The issuers whose tokens are accepted besides API keys.
    pub issuers: Rc<[Issuer]>,
    /// The rate limits.
    pub rate: Rc<RateRules>,
    /// The operator's rules about inputs, besides the tools' own declarations.
    pub inputs: Vec<InputRule>,
    /// The policies.
    pub policies: Rc<PolicySet>,
    /// True when the header cf-ipcountry names a request's country of origin.
    pub country_header: bool,
    /// The rules of the cache.
    pub cache: Rc<CacheRules>,
    /// The rules for choosing the executor of a call.
    pub routing: Rc<RoutingRules>,
    /// The rules of the circuit breakers of executors and their tools.
    pub breaker: BreakerRules,
    /// The rules for making calls.
    pub execute: ExecuteRules,
    /// Browser origins with access (`*` for all); empty for none.
    pub cors_origins: Vec<String>,
    /// Clamped settings, and settings without effect here: reported by name at start and in `/health/ready`.
    pub notices: Vec<Notice>,
}

impl Config {
    /// Returns the rules for admission.
    #[must_use]
    pub fn admission(&self) -> admission::Rules {
        admission::Rules {
            fail_mode: self.epochs.fail_mode,
            executors: Rc::clone(&self.executors),
            policies: Rc::clone(&self.policies),
            routing: Rc::clone(&self.routing),
        }
    }
}
