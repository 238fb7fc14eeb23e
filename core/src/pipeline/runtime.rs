//! The state of one isolate for its life: the configuration, memories and counters.

use std::rc::Rc;

use crate::access::admission;
use crate::access::epochs::EpochLease;
use crate::access::identity::{Identity, Keyring};
use crate::access::rate::Rates;
use crate::backends::Rotations;
use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::config::{Config, ConfigFault, Prepared, Values};
use crate::dispatch::Dispatch;
use crate::ports::Platform;
use crate::telemetry::explain::Explained;
use crate::telemetry::metrics::IsolateCounters;
use crate::words::maps::MapHasher;
use crate::words::request_id::Ids;
use crate::words::secret::Secret;

/// An isolate that started: with its configuration, or with that configuration's faults.
#[derive(Debug)]
pub struct Isolate {
    started: Result<Rc<Running>, Vec<ConfigFault>>,
    ids: Ids,
}

/// An isolate that can answer.
#[derive(Debug)]
pub struct Running {
    /// The configuration.
    pub config: Config,
    pub(crate) admission: admission::Rules,
    /// The keys, the issuers and the roles.
    pub identity: Rc<Identity>,
    pub(crate) worker_secret: Option<Secret>,
    /// The lease on the epochs.
    pub lease: Rc<EpochLease>,
    pub(crate) catalog: Rc<Catalog>,
    pub(crate) cache: Rc<Cache>,
    pub(crate) counters: Rc<IsolateCounters>,
    pub(crate) rates: Rc<Rates>,
    pub(crate) explained: Rc<Explained>,
    pub(crate) dispatch: Rc<Dispatch>,
}

impl Isolate {
    /// Starts with the document and these settings of the host. Their faults and notices are logged here, once.
    pub fn start<P: Platform>(platform: &P, document: Prepared, settings: &Values) -> Self {
        let mut random = [0; 32];
        platform.fill(&mut random);
        let mut secret = [0; 16];
        platform.fill(&mut secret);
        let mut name = [0; 16];
        platform.fill(&mut name);
        let ids = Ids::new(name);
        let started = match document.with(settings, random) {
            Err(faults) => {
                for fault in &faults {
                    tracing::error!(fault = %fault, "configuration_invalid");
                }
                Err(faults)
            }
            Ok(loaded) => {
                for notice in &loaded.config.notices {
                    tracing::warn!(setting = notice.setting, message = notice.message, "{}", notice.name);
                }
                let config = loaded.config;
                let hasher = MapHasher::new(secret);
                let keyring = Keyring::new(loaded.hashers, &config.callers, secret);
                let rates = Rc::new(Rates::new(Rc::clone(&config.rate), ids.number(), hasher.clone()));
                let (executors, routing) = (&config.executors, &config.routing);
                let rotations = Rc::new(Rotations::new(executors));
                Ok(Rc::new(Running {
                    identity: Rc::new(Identity::new(keyring, Rc::clone(&config.issuers), Rc::clone(&config.roles))),
                    worker_secret: loaded.worker_secret,
                    lease: Rc::new(EpochLease::new(config.epochs)),
                    catalog: Rc::new(Catalog::new(
                        Rc::clone(executors),
                        config.registry,
                        Rc::clone(routing),
                        Rc::clone(&rotations),
                    )),
                    cache: Rc::new(Cache::new(Rc::clone(&config.cache), ids.number(), hasher.clone())),
                    counters: Rc::new(IsolateCounters::new(Rc::clone(executors), Rc::clone(&rates))),
                    rates,
                    explained: Rc::new(Explained::new(config.routing.explained)),
                    dispatch: Rc::new(Dispatch::new(
                        executors,
                        routing,
                        &rotations,
                        config.breaker,
                        config.execute,
                        ids.number(),
                        hasher,
                    )),
                    admission: config.admission(),
                    config,
                }))
            }
        };
        Self { started, ids }
    }

    /// Returns the running isolate.
    ///
    /// # Errors
    /// The faults of the configuration.
    pub fn running(&self) -> Result<&Rc<Running>, &[ConfigFault]> {
        match &self.started {
            Ok(running) => Ok(running),
            Err(faults) => Err(faults),
        }
    }

    /// Returns a new request id.
    pub(crate) fn next_id(&self) -> u128 {
        self.ids.next()
    }
}
