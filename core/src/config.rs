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

use crate::access::admission::{self, RequestLimits};
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
    /// Where tools run, in order of preference.
    pub executors: Rc<[Executor]>,
    /// How their tools become one registry.
    pub registry: RegistryRules,
    /// The roles that callers of every kind can have.
    pub roles: Rc<Roles>,
    /// Who may call, of those that the document names.
    pub callers: Vec<ConfiguredCaller>,
    /// Whose tokens are taken besides.
    pub issuers: Rc<[Issuer]>,
    /// How many requests there may be.
    pub rate: Rc<RateRules>,
    /// What inputs have to fulfil besides what their tools say.
    pub inputs: Vec<InputRule>,
    /// The rules besides.
    pub policies: Rc<PolicySet>,
    /// Whether the header cf-ipcountry says where a request comes from.
    pub country_header: bool,
    /// What may be answered from cache.
    pub cache: Rc<CacheRules>,
    /// How the executor of a call is chosen.
    pub routing: Rc<RoutingRules>,
    /// When an executor, or one of its tools, is left alone.
    pub breaker: BreakerRules,
    /// How calls are made.
    pub execute: ExecuteRules,
    /// Browser origins that may call (`*` for all); empty for none.
    pub cors_origins: Vec<String>,
    /// What was clamped, or has no effect here: reported by name at start and in `/health/ready`.
    pub notices: Vec<Notice>,
}

impl Config {
    /// Returns the rules that admission decides by.
    #[must_use]
    pub fn admission(&self) -> admission::Rules {
        admission::Rules {
            limits: self.limits,
            fail_mode: self.epochs.fail_mode,
            executors: Rc::clone(&self.executors),
            policies: Rc::clone(&self.policies),
            routing: Rc::clone(&self.routing),
        }
    }
}
