//! The operator's rules about making calls.

use crate::words::time::Millis;

/// Holds the operator's rules about making calls.
#[derive(Clone, Copy, Debug)]
pub struct ExecuteRules {
    /// Bound on a whole call, retries included.
    pub timeout: Millis,
    /// Repetitions of a call that may safely be repeated.
    pub max_retries: u32,
    /// Bytes of an executor's answer.
    pub response_bytes: usize,
    /// Repeated attempts at an executor, in percent of the calls that it got.
    pub retry_budget: u8,
    /// Calls that are made twice at once, in percent; at 0 none is.
    pub hedge_budget: u8,
    /// Longest wait for a place at an executor that has all it can do.
    pub queue_time: Millis,
}
