//! What one isolate holds for its life: the configuration, what it remembers, what it counted.

use std::rc::Rc;

use crate::access::epochs::Lease;
use crate::access::identity::{Keyring, Tokens};
use crate::access::rate::Book;
use crate::cache::Cache;
use crate::catalog::Registries;
use crate::config::{Config, ConfigFault, Prepared, Values};
use crate::dispatch::bulkhead::Bulkheads;
use crate::dispatch::circuits::Circuits;
use crate::dispatch::health::Health;
use crate::ports::Platform;
use crate::telemetry::explain::Explained;
use crate::telemetry::metrics::Counters;
use crate::words::request_id::Ids;
use crate::words::secret::Secret;

/// An isolate that started: with its configuration, or with that configuration's faults.
#[derive(Debug)]
pub struct Isolate {
    started: Result<Rc<Running>, Vec<ConfigFault>>,
    ids: Rc<Ids>,
}

/// An isolate that can answer.
#[derive(Debug)]
pub struct Running {
    /// The configuration.
    pub config: Config,
    pub(crate) keyring: Keyring,
    pub(crate) tokens: Tokens,
    pub(crate) worker_secret: Option<Secret>,
    pub(crate) lease: Lease,
    pub(crate) registries: Registries,
    pub(crate) cache: Rc<Cache>,
    pub(crate) counters: Counters,
    pub(crate) rates: Book,
    pub(crate) explained: Rc<Explained>,
    pub(crate) health: Health,
    pub(crate) circuits: Rc<Circuits>,
    pub(crate) bulkheads: Bulkheads,
    ids: Rc<Ids>,
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
        let ids = Rc::new(Ids::new(name));
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
                Ok(Rc::new(Running {
                    keyring: Keyring::new(loaded.hashers, &loaded.config.callers, secret),
                    tokens: Tokens::new(&loaded.config.issuers),
                    worker_secret: loaded.worker_secret,
                    lease: Lease::default(),
                    registries: Registries::default(),
                    cache: Rc::new(Cache::new(Rc::clone(&loaded.config.cache), ids.number())),
                    counters: Counters::default(),
                    rates: Book::new(ids.number()),
                    explained: Rc::new(Explained::new(loaded.config.routing.explained)),
                    health: Health::new(loaded.config.executors.len()),
                    circuits: Rc::new(Circuits::new(ids.number())),
                    bulkheads: Bulkheads::new(&most),
                    ids: Rc::clone(&ids),
                    config: loaded.config,
                }))
            }
        };
        Self { started, ids }
    }

    /// The running isolate.
    ///
    /// # Errors
    /// The faults of the configuration.
    pub fn running(&self) -> Result<&Rc<Running>, &[ConfigFault]> {
        match &self.started {
            Ok(running) => Ok(running),
            Err(faults) => Err(faults),
        }
    }

    /// Returns the isolate that runs so.
    pub(crate) fn of(running: &Rc<Running>) -> Rc<Self> {
        Rc::new(Self { started: Ok(Rc::clone(running)), ids: Rc::clone(&running.ids) })
    }

    /// A new request id.
    pub(crate) fn next_id(&self) -> u128 {
        self.ids.next()
    }
}
