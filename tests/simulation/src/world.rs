//! The world: a clock that moves only when everyone waits, and what stands on it.

pub mod background;
pub mod clock;
pub mod durable;
pub mod edge_cache;
pub mod entropy;
pub mod kv;
pub mod origin;
pub mod settings;
pub mod sql;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use toolgate::words::time::{Millis, Timestamp};

use crate::facts::Execution;

/// The faults that may happen, each with its probability in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A read of the store finds nothing, or an older value.
    pub kv_stale: u32,
    /// A write to the store is lost.
    pub kv_lost: u32,
    /// The store is away, or returns damaged bytes.
    pub kv_broken: u32,
    /// A read of a tier of the cache takes longer than a caller can wait for.
    pub tier_slow: u32,
    /// A read of the data centre's cache or of the database returns damaged bytes.
    pub tier_damaged: u32,
    /// The data centre's cache fails.
    pub edge_away: u32,
    /// The data centre's cache forgets, or returns an earlier value.
    pub edge_missing: u32,
    /// The database is away.
    pub sql_away: u32,
    /// A read of the database comes from a replica that lags.
    pub sql_stale: u32,
    /// The database answers a write that is lost all the same.
    pub sql_lost: u32,
    /// The durable owner is away: before it applies the command, or after.
    pub durable_away: u32,
    /// An executor fails: unreachable, slow, cut, garbage, busy; before it runs the tool, or after.
    pub origin: u32,
}

/// The versions written under one name, each with its end.
type Versions = Vec<(u64, Vec<u8>)>;

/// A task and what it is for.
type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The world's state, shared by all platforms on it.
#[derive(Default)]
pub struct World {
    pub(crate) now: Cell<u64>,
    /// True if a millisecond passes whenever the gateway looks at the clock, as on hosts whose clock moves while it computes.
    pub moving: Cell<bool>,
    pub(crate) wakes: RefCell<Vec<u64>>,
    pub(crate) rng: RefCell<fastrand::Rng>,
    pub(crate) faults: Cell<Faults>,
    /// The content of the store, by name: all versions, newest last.
    pub kv: RefCell<BTreeMap<String, Vec<Vec<u8>>>>,
    pub(crate) durable: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The content of the data centre's cache, by name: when each version ends, newest last.
    pub edge: RefCell<BTreeMap<String, Versions>>,
    /// The database's tables.
    pub sql: RefCell<BTreeMap<String, sql::Table>>,
    /// True if hosts have no data centre's cache.
    pub no_edge_cache: Cell<bool>,
    /// True if hosts have no database.
    pub no_sql: Cell<bool>,
    /// True if isolates live briefly.
    pub brief: Cell<bool>,
    pub(crate) tasks: RefCell<Vec<Task>>,
    /// The owner that each command went to, in order.
    pub commands: RefCell<Vec<String>>,
    /// Owners that do not answer, by how their keys begin.
    pub lost_owners: RefCell<Vec<&'static str>>,
    /// The number of questions to the owner of each key.
    pub asked: RefCell<BTreeMap<String, usize>>,
    /// Every run of a tool at an executor.
    pub executions: RefCell<Vec<Execution>>,
    /// Everything that was sent to executors, as text: searched for what must not be there.
    pub sent: RefCell<Vec<String>>,
    /// The acts of executors instead of answering, where a test says so.
    pub script: RefCell<Option<origin::Script>>,
    /// The schema that executors declare for their tools now: it changes without a new version.
    pub schema: Cell<u32>,
}

/// A host on the world, for one request (as on Cloudflare) of one isolate.
#[derive(Clone)]
pub struct Platform {
    /// The world.
    pub world: Rc<World>,
    /// The isolate's settings.
    pub settings: Rc<BTreeMap<String, String>>,
    /// The request it serves, by its place in the run; what an executor is asked is asked for this one.
    pub request: usize,
}

impl World {
    /// A world at a time in 2026, with randomness from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Rc<Self> {
        let world = Self::default();
        world.now.set(1_790_000_000_000);
        *world.rng.borrow_mut() = fastrand::Rng::with_seed(seed);
        Rc::new(world)
    }

    /// From now on these faults may happen.
    pub fn set_faults(&self, faults: Faults) {
        self.faults.set(faults);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.get())
    }

    /// The clock jumps.
    pub fn set_clock(&self, millis: u64) {
        self.now.set(millis);
    }

    /// Returns true if something of this probability in percent happens now.
    pub fn chance(&self, percent: u32) -> bool {
        percent > 0 && self.rng.borrow_mut().u32(0..100) < percent
    }

    /// A number below `bound`.
    pub fn below(&self, bound: usize) -> usize {
        self.rng.borrow_mut().usize(0..bound)
    }

    /// Returns the content of the store, by name: the newest of each.
    #[must_use]
    pub fn stored(&self) -> BTreeMap<String, Vec<u8>> {
        let kv = self.kv.borrow();
        kv.iter().filter_map(|(name, versions)| Some((name.clone(), versions.last()?.clone()))).collect()
    }

    /// Returns the content of the durable owners, by key.
    #[must_use]
    pub fn owned(&self) -> BTreeMap<String, Vec<u8>> {
        self.durable.borrow().clone()
    }

    /// Makes of stored bytes what a broken tier might return: their beginning, one with a bit turned, another format, noise.
    pub(crate) fn damage(&self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len().max(1));
        match (self.below(4), bytes.get_mut(at)) {
            (0, _) => bytes.truncate(at),
            (1, Some(byte)) => *byte ^= 1 << self.below(8),
            (2, Some(_)) => bytes[0] = 0x7f,
            _ => bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(7)),
        }
    }

    /// Starts a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.tasks.borrow_mut().push(Box::pin(task));
    }

    /// Lets every task go as far as it can, moving the clock to the next wake-up when all wait. Returns when none is left,
    /// or when `until` says so.
    pub fn run(&self, until: impl Fn() -> bool) {
        let mut context = Context::from_waker(Waker::noop());
        // A run that never ends is a defect too.
        for _ in 0..1_000_000 {
            let mut tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            tasks.retain_mut(|task| task.as_mut().poll(&mut context) == Poll::Pending);
            // Tasks that were started meanwhile stand behind.
            let started = std::mem::replace(&mut *self.tasks.borrow_mut(), tasks);
            let any_started = !started.is_empty();
            self.tasks.borrow_mut().extend(started);
            if until() || self.tasks.borrow().is_empty() {
                return;
            }
            if !any_started {
                self.step_to_next_wake();
            }
        }
        panic!("the run does not end");
    }

    fn step_to_next_wake(&self) {
        let now = self.now.get();
        let mut wakes = self.wakes.borrow_mut();
        wakes.retain(|wake| *wake > now);
        if let Some(next) = wakes.iter().min() {
            self.now.set(*next);
        }
    }

    /// Waits in simulated time.
    pub(crate) fn wait(self: &Rc<Self>, span: Millis) -> impl Future<Output = ()> + use<> {
        let world = Rc::clone(self);
        let until = world.now.get() + span.get();
        world.wakes.borrow_mut().push(until);
        std::future::poll_fn(move |_| if world.now.get() >= until { Poll::Ready(()) } else { Poll::Pending })
    }

    /// Waits as long as a call over a network takes.
    pub(crate) async fn latency(self: &Rc<Self>) {
        let span = self.rng.borrow_mut().u64(0..8);
        if span > 0 {
            self.wait(Millis::new(span)).await;
        }
    }
}
