//! Bounds of routing, retries, hedges, circuit breakers and records.

use crate::words::time::Millis;

/// Longest call: the SDKs give up at 60 s, and a later response is lost.
pub const EXECUTE_TIMEOUT_MAX: Millis = Millis::from_secs(55);

/// Most retries of a call: the SDKs repeat what we repeat.
pub const RETRIES_MAX: u32 = 3;

/// Longest `Retry-After` that is passed on from an executor: the SDKs wait no longer.
pub const RETRY_AFTER_MAX: Millis = Millis::from_secs(60);

/// Most bytes of an executor's response.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Timeout of the head of a streamed response.
pub const STREAM_HEAD_TIMEOUT: Millis = Millis::from_secs(60);

/// Length of one window of an executor's health: an observation is at most twice as old.
pub const HEALTH_WINDOW: Millis = Millis::from_secs(30);

/// Most tools of one executor whose calls an isolate remembers.
pub const HEALTH_TOOLS: usize = 256;

/// Most extra calls that a retry or hedge budget holds, however many were made once.
pub const BUDGET_CALLS: u32 = 10;

/// Most attempts at one call, all executors together.
pub const ATTEMPTS: u32 = 6;

/// Longest backoff before the first retry; each next one may be twice as long.
pub const BACKOFF_FIRST: Millis = Millis::new(100);

/// Longest backoff before any retry.
pub const BACKOFF_MAX: Millis = Millis::from_secs(2);

/// Fewest calls from which a tool's 95th percentile counts as known: a hedge is sent after it.
pub const HEDGE_CALLS: u32 = 20;

/// Most medians after which a hedge is sent: where just as many calls are slow as may be hedged, the 95th percentile
/// lies on either side of them by chance.
pub const HEDGE_MEDIANS: u64 = 3;

/// Shortest delay before a hedge.
pub const HEDGE_DELAY_MIN: Millis = Millis::new(5);

/// Interval at which a slow call checks whether its executor's circuit breaker has opened meanwhile.
pub const SLOW_LOOK: Millis = Millis::new(250);

/// Most requests per second that an isolate records for explanation.
pub const EXPLAINED_PER_SECOND: u32 = 500;

/// Most recorded requests per second from unknown callers: anyone can send those.
pub const EXPLAINED_UNKNOWN_PER_SECOND: u32 = 1;

/// Consecutive requests of one isolate that are recorded under one name.
pub const EXPLAINED_BLOCK: u64 = 256;

/// Most such names whose lines an isolate remembers, to append to them: a request that ends later than others is
/// recorded alone.
pub const EXPLAINED_BLOCKS: usize = 16;

/// Delay that batches the records of requests before they are written; less on a host whose instances end sooner.
pub const EXPLAINED_DELAY: Millis = Millis::from_secs(1);

/// Wait between two polls by a call while another of its isolate fetches an executor's circuit state.
pub const CIRCUIT_MEET_LOOK: Millis = Millis::new(10);
/// Most of these polls.
pub const CIRCUIT_MEET_LOOKS: u32 = 100;

/// Most circuit breakers that the owner of one executor holds: its own, and those of the most recently called tools.
pub const CIRCUITS_PER_EXECUTOR: usize = 128;

/// Most circuit breakers of tools that one isolate holds; the least recently called is dropped first.
pub const CIRCUITS: usize = 512;

/// Most calls in one report of one scope: more would be no more evidence.
pub const CIRCUIT_TALLY: u32 = 1_000_000;

/// Interval of an isolate's reports about its calls to an executor, while some fail or are slow.
pub const CIRCUIT_REPORT: Millis = Millis::from_secs(1);

/// The same interval while all succeed.
pub const CIRCUIT_REPORT_QUIET: Millis = Millis::from_secs(5);

/// Silence after which a closed breaker is dropped: longer than the longest window, and than any call.
pub const CIRCUIT_QUIET: Millis = Millis::from_secs(600);

/// Time without a change after which a breaker that is not closed is dropped: the executor has no more calls.
pub const CIRCUIT_KEPT: Millis = Millis::from_secs(24 * 3600);

/// Timeout of the half-open probe of an executor.
pub const PROBE_TIMEOUT: Millis = Millis::from_secs(5);

/// Most bytes of an executor's response to such a probe.
pub const PROBE_BYTES: usize = 64 * 1024;

/// Most probes that one background job begins, and most whose outcomes it reports.
pub const CIRCUIT_TRIALS: usize = 4;

/// Age at which an unfinished background job about an executor's circuit breakers counts as cut off.
pub const CIRCUIT_JOB: Millis = Millis::from_secs(30);
