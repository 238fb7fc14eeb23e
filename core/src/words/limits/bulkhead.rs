//! Bounds of the bulkheads: calls in flight, calls that wait, and what is remembered of them.

use crate::words::time::Millis;

/// Most calls that wait for a place at one executor.
pub const BULKHEAD_QUEUE: usize = 64;

/// Most tools of one executor whose usual times an isolate remembers, to tell a delay by; the least recently called goes first.
pub const BULKHEAD_TOOLS: usize = 64;

/// A call that has been in flight for so long is lost, and its place is free: a host may end a request without a word. None
/// takes longer (see [`super::EXECUTE_TIMEOUT_MAX`], [`super::LONG_POLL_MAX`] and [`super::STREAM_HEAD_TIMEOUT`]).
pub const BULKHEAD_CALL_LOST: Millis = Millis::from_secs(120);
