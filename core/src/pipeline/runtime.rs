//! What one isolate holds for its life: the configuration, what it remembers, what it counted.

mod ids;

use std::cell::RefCell;
use std::rc::Rc;

use crate::access::admission;
use crate::access::epochs::Lease;
use crate::access::identity::{Identity, Keyring};
use crate::access::rate::Rates;
use crate::cache::flight::Flights;
use crate::cache::{Below, Memory, Refreshes};
use crate::catalog::Catalog;
use crate::config::{Config, ConfigFault, Prepared, Values};
use crate::dispatch::bulkhead::Bulkheads;
use crate::dispatch::circuits::Circuits;
use crate::dispatch::health::Health;
use crate::ports::Platform;
use crate::telemetry::explain::Explained;
use crate::telemetry::metrics::Counters;
use crate::words::secret::Secret;

use ids::Ids;
pub(crate) use ids::place_of;
#[cfg(test)]
pub(crate) use ids::test_ids;

/// An isolate that started: with its configuration, or with that configuration's faults.
#[derive(Debug)]
pub struct Isolate {
    started: Result<Box<Running>, Vec<ConfigFault>>,
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
    pub lease: Rc<Lease>,
    pub(crate) catalog: Rc<Catalog>,
    pub(crate) memory: RefCell<Memory>,
    pub(crate) below: Rc<Below>,
    pub(crate) counters: Counters,
    pub(crate) rates: Rc<Rates>,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Refreshes,
    pub(crate) explained: Explained,
    pub(crate) health: Health,
    pub(crate) circuits: Rc<Circuits>,
    pub(crate) bulkheads: Bulkheads,
}

impl Isolate {
    /// Starts with the document and these settings of the host. Their faults and notices are logged here, once.
    pub fn start<P: Platform>(platform: &P, document: Prepared, settings: &Values) -> Self {
        let mut random = [0; 32];
        platform.fill(&mut random);
        let mut secret = [0; 16];
        platform.fill(&mut secret);
        let ids = Ids::new(platform);
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
                let most: Vec<u32> = loaded.config.executors.iter().map(|executor| executor.concurrency).collect();
                let config = loaded.config;
                let keyring = Keyring::new(loaded.hashers, &config.callers, secret);
                let (executors, routing) = (Rc::clone(&config.executors), Rc::clone(&config.routing));
                Ok(Box::new(Running {
                    identity: Rc::new(Identity::new(keyring, Rc::clone(&config.issuers), Rc::clone(&config.roles))),
                    worker_secret: loaded.worker_secret,
                    lease: Rc::new(Lease::new(config.epochs)),
                    catalog: Rc::new(Catalog::new(executors, config.registry, routing)),
                    memory: RefCell::new(Memory::new(config.cache.memory_bytes, config.cache.eviction)),
                    below: Rc::default(),
                    counters: Counters::default(),
                    rates: Rc::new(Rates::new(Rc::clone(&config.rate), ids.number())),
                    flights: Flights::new(ids.number()),
                    refreshes: Refreshes::default(),
                    explained: Explained::default(),
                    health: Health::new(config.executors.len()),
                    circuits: Rc::new(Circuits::new(ids.number())),
                    bulkheads: Bulkheads::new(&most),
                    admission: config.admission(),
                    config,
                }))
            }
        };
        Self { started, ids }
    }

    /// The running isolate.
    ///
    /// # Errors
    /// The faults of the configuration.
    pub fn running(&self) -> Result<&Running, &[ConfigFault]> {
        match &self.started {
            Ok(running) => Ok(running),
            Err(faults) => Err(faults),
        }
    }

    /// A new request id.
    pub(crate) fn next_id(&self) -> u128 {
        self.ids.next()
    }
}
