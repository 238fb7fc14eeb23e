//! Decides which executor runs a call, and carries the call there.

pub(crate) mod bulkhead;
pub mod circuits;
pub mod execute;
pub(crate) mod health;
pub mod plan;
pub mod route;
mod rules;

use std::rc::Rc;

pub use rules::ExecuteRules;

use crate::backends::{Executor, Rotations};
use crate::model::route::RoutingRules;
use crate::words::maps::MapHasher;
use bulkhead::Bulkheads;
use circuits::{BreakerRules, Circuits};
use health::Health;

/// Owns the executors, the rules about calls, and everything that one isolate has learned of executors from its calls.
#[derive(Debug)]
pub struct Dispatch {
    pub(crate) executors: Rc<[Executor]>,
    pub(crate) routing: Rc<RoutingRules>,
    pub(crate) rotations: Rc<Rotations>,
    pub(crate) breaker: BreakerRules,
    pub(crate) execute: ExecuteRules,
    pub(crate) health: Health,
    pub(crate) circuits: Circuits,
    pub(crate) bulkheads: Bulkheads,
}

impl Dispatch {
    /// Creates the state of an isolate that has learned nothing yet. No other isolate may have the number `holder`.
    pub(crate) fn new(
        executors: &Rc<[Executor]>,
        routing: &Rc<RoutingRules>,
        rotations: &Rc<Rotations>,
        breaker: BreakerRules,
        execute: ExecuteRules,
        holder: u64,
        hasher: MapHasher,
    ) -> Self {
        let most: Vec<u32> = executors.iter().map(|executor| executor.concurrency).collect();
        Self {
            executors: Rc::clone(executors),
            routing: Rc::clone(routing),
            rotations: Rc::clone(rotations),
            breaker,
            execute,
            health: Health::new(executors.len(), hasher.clone()),
            circuits: Circuits::new(holder, hasher.clone()),
            bulkheads: Bulkheads::new(&most, hasher),
        }
    }
}
