//! The operator's rules that admission decides by.

use std::rc::Rc;

use crate::backends::Executor;
use crate::model::route::RoutingRules;
use crate::policy::PolicySet;
use crate::words::modes::FailMode;
use crate::words::time::Millis;

/// Holds the rules of one configuration. A clone shares them.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Bounds on requests.
    pub limits: RequestLimits,
    /// The decision where the lease on the epochs has run out and cannot be renewed.
    pub fail_mode: FailMode,
    /// The executors, by their places.
    pub executors: Rc<[Executor]>,
    /// The policies.
    pub policies: Rc<PolicySet>,
    /// The routes: a tool with one may be had of several executors.
    pub routing: Rc<RoutingRules>,
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
