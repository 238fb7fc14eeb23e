//! What one isolate holds for its life: the configuration, what it remembers, what it counted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::cache::flight::Flights;
use crate::cache::{Below, Memory, Refreshes};
use crate::config::{self, Config, ConfigFault};
use crate::epochs::Lease;
use crate::identity::{Keyring, Tokens};
use crate::ports::Platform;
use crate::rate::Book;
use crate::record::metrics::Counters;
use crate::registry::Registries;
use crate::secret::Secret;

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
    pub(crate) keyring: Keyring,
    pub(crate) tokens: Tokens,
    pub(crate) worker_secret: Option<Secret>,
    pub(crate) lease: Lease,
    pub(crate) registries: Registries,
    pub(crate) memory: RefCell<Memory>,
    pub(crate) below: Rc<Below>,
    pub(crate) counters: Counters,
    pub(crate) rates: Book,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Refreshes,
    pub(crate) explained: crate::record::explain::Allowance,
}

impl Isolate {
    /// Reads the configuration. Its faults and notices are logged here, once.
    pub async fn start<P: Platform>(platform: &P, document: &str) -> Self {
        let mut random = [0; 32];
        platform.fill(&mut random);
        let mut secret = [0; 16];
        platform.fill(&mut secret);
        let ids = Ids::new(platform);
        let started = match config::load(document, platform, random).await {
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
                Ok(Box::new(Running {
                    keyring: Keyring::new(loaded.hashers, &loaded.config.callers, secret),
                    tokens: Tokens::new(&loaded.config.issuers),
                    worker_secret: loaded.worker_secret,
                    lease: Lease::default(),
                    registries: Registries::default(),
                    memory: RefCell::new(Memory::new(loaded.config.cache.memory_bytes, loaded.config.cache.eviction)),
                    below: Rc::default(),
                    counters: Counters::default(),
                    rates: Book::new(ids.number()),
                    flights: Flights::new(ids.number()),
                    refreshes: Refreshes::default(),
                    explained: crate::record::explain::Allowance::default(),
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

/// Ids that differ across isolates by 80 random bits and within one by a count: no randomness is asked for per request.
#[derive(Debug)]
struct Ids {
    base: u128,
    count: Cell<u64>,
}

impl Ids {
    fn new<P: Platform>(platform: &P) -> Self {
        let mut bytes = [0; 16];
        platform.fill(&mut bytes);
        Self { base: u128::from_be_bytes(bytes), count: Cell::new(0) }
    }

    /// A number to count from: 64 random bits.
    fn number(&self) -> u64 {
        u64::from_be_bytes(self.next().to_be_bytes().last_chunk().copied().unwrap_or_default())
    }

    fn next(&self) -> u128 {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        // An odd factor makes this a bijection of the low 48 bits: ids of one isolate never meet, and do not look alike.
        let low = u128::from(count.wrapping_mul(0x9E37_79B9_7F4B) & 0xFFFF_FFFF_FFFF);
        (self.base & !0xFFFF_FFFF_FFFF) | ((self.base ^ low) & 0xFFFF_FFFF_FFFF)
    }
}
