//! Bounds of the routes and executors in a configuration.

/// Most routes in a configuration.
pub const ROUTES: usize = 128;

/// Most executors of one route: a call that tries each of them in turn must end.
pub const ROUTE_EXECUTORS: usize = 8;

/// Largest weight of an executor in a route.
pub const ROUTE_WEIGHT_MAX: u64 = 1_000;

/// Most capabilities that one route requires.
pub const ROUTE_CAPABILITIES: usize = 8;

/// Most bytes of the value that a route returns as a last fallback.
pub const ROUTE_ANSWER_BYTES: usize = 64 * 1024;

/// Most capabilities declared by one executor.
pub const EXECUTOR_CAPABILITIES: usize = 16;

/// Most concurrent calls of one isolate that an executor can be configured for.
pub const EXECUTOR_CONCURRENCY_MAX: u64 = 1_000;
