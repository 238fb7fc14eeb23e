//! Bounds of the bulkheads: calls in flight, queued calls, and remembered latencies.

use crate::words::time::Millis;

/// Most calls queued at one executor.
pub const BULKHEAD_QUEUE: usize = 64;

/// Most tools of one executor whose usual latencies an isolate remembers, to detect a delay; the least recently called
/// is dropped first.
pub const BULKHEAD_TOOLS: usize = 64;

/// Age at which a call in flight counts as lost, and its slot is freed: a host may end a request silently. None takes
/// longer (see [`super::EXECUTE_TIMEOUT_MAX`], [`super::LONG_POLL_MAX`] and [`super::STREAM_HEAD_TIMEOUT`]).
pub const BULKHEAD_CALL_LOST: Millis = Millis::from_secs(120);
