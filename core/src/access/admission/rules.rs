//! Holds the operator's rules for admission.

use std::rc::Rc;

use crate::backends::Executor;
use crate::model::route::RoutingRules;
use crate::policy::PolicySet;
use crate::words::modes::FailMode;

/// Holds the rules of one configuration. A clone shares them.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The decision where the lease on the epochs has expired and cannot be renewed.
    pub fail_mode: FailMode,
    /// The executors, by index.
    pub executors: Rc<[Executor]>,
    /// The policies.
    pub policies: Rc<PolicySet>,
    /// The routes: a tool with one may run on several executors.
    pub routing: Rc<RoutingRules>,
}
