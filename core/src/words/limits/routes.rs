//! Bounds of what the configuration says about where calls run.

/// Most routes in a configuration.
pub const ROUTES: usize = 128;

/// Most executors of one route: a call that tries each of them in turn must come to an end.
pub const ROUTE_EXECUTORS: usize = 8;

/// Largest weight of an executor in a route.
pub const ROUTE_WEIGHT_MAX: u64 = 1_000;

/// Most capabilities that one route asks for.
pub const ROUTE_CAPABILITIES: usize = 8;

/// Most bytes of the value that a route answers where no executor gives one.
pub const ROUTE_ANSWER_BYTES: usize = 64 * 1024;

/// Most capabilities that one executor is said to have.
pub const EXECUTOR_CAPABILITIES: usize = 16;

/// Most calls at once of one isolate that an executor can be given.
pub const EXECUTOR_CONCURRENCY_MAX: u64 = 1_000;
