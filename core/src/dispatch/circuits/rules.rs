//! The operator's rules about circuit breakers.

use crate::state::circuit::Rules;
use crate::words::time::Millis;

/// When an executor, or one of its tools, is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Over what time calls are counted.
    pub window: Millis,
    /// Fewer calls in that time decide nothing.
    pub minimum_calls: u32,
    /// It is left alone when so many of a hundred calls failed.
    pub failure_rate: u8,
    /// A call that takes this long or longer is slow.
    pub slow_call: Millis,
    /// It is left alone when so many of a hundred calls were slow.
    pub slow_rate: u8,
    /// How long it is left alone before it is tried.
    pub probe_interval: Millis,
}

impl From<&BreakerRules> for Rules {
    fn from(rules: &BreakerRules) -> Self {
        let &BreakerRules { window, minimum_calls, failure_rate, slow_rate, probe_interval, .. } = rules;
        Self { window, minimum_calls, failure_rate, slow_rate, probe_interval }
    }
}
