//! The operator's rules about circuit breakers.

use crate::state::circuit::BreakerParameters;
use crate::words::time::Millis;

/// Holds the thresholds at which the circuit of an executor, or of one of its tools, opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// The window over which calls are counted.
    pub window: Millis,
    /// Fewest calls in the window for a decision.
    pub minimum_calls: u32,
    /// The circuit opens when so many of a hundred calls failed.
    pub failure_rate: u8,
    /// The duration from which a call is slow.
    pub slow_call: Millis,
    /// The circuit opens when so many of a hundred calls were slow.
    pub slow_rate: u8,
    /// The time for which the circuit is open before a half-open probe.
    pub probe_interval: Millis,
}

impl From<&BreakerRules> for BreakerParameters {
    fn from(rules: &BreakerRules) -> Self {
        let &BreakerRules { window, minimum_calls, failure_rate, slow_rate, probe_interval, .. } = rules;
        Self { window, minimum_calls, failure_rate, slow_rate, probe_interval }
    }
}
