//! The operator's rules about making calls.

use crate::words::time::Millis;

/// Holds the operator's rules about making calls.
#[derive(Clone, Copy, Debug)]
pub struct ExecuteRules {
    /// Deadline of a whole call, retries included.
    pub timeout: Millis,
    /// Most retries of a repeatable call.
    pub max_retries: u32,
    /// Most bytes of an executor's answer.
    pub response_bytes: usize,
    /// Retries at an executor, in percent of the calls that it got.
    pub retry_budget: u8,
    /// Hedged calls, in percent; 0 disables hedging.
    pub hedge_budget: u8,
    /// Longest wait for a slot at an executor at its limit.
    pub queue_time: Millis,
}
