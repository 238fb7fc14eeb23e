//! The operator's bounds on requests.

use crate::words::time::Millis;

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
