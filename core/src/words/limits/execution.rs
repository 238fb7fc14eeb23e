//! The bounds of routing and of what is done where an executor fails.

use crate::words::time::Millis;

/// Longest call: the SDKs give up at 60 s, and an answer that comes later is lost.
pub const EXECUTE_TIMEOUT_MAX: Millis = Millis::from_secs(55);

/// Most repetitions of a call: the SDKs repeat what we repeat.
pub const RETRIES_MAX: u32 = 3;

/// Longest delay that an executor's `Retry-After` is passed on with: the SDKs wait no longer.
pub const RETRY_AFTER_MAX: Millis = Millis::from_secs(60);

/// Most bytes of an executor's answer.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bound on the wait for the head of a streamed answer.
pub const STREAM_HEAD_TIMEOUT: Millis = Millis::from_secs(60);

/// Sets how long one window of an executor's health lasts: what is known of it is at most twice as old.
pub const HEALTH_WINDOW: Millis = Millis::from_secs(30);

/// Most tools of one executor whose calls an isolate remembers.
pub const HEALTH_TOOLS: usize = 256;

/// Most calls that a budget of calls made twice holds, however many were made once.
pub const BUDGET_CALLS: u32 = 10;

/// Most attempts at one call, all executors together.
pub const ATTEMPTS: u32 = 6;

/// The longest wait before the first repetition; each next one may be twice as long.
pub const BACKOFF_FIRST: Millis = Millis::new(100);

/// The longest wait before any repetition.
pub const BACKOFF_MAX: Millis = Millis::from_secs(2);

/// Fewest calls from which a tool's 95th percentile is taken for known: a second call is sent after it.
pub const HEDGE_CALLS: u32 = 20;

/// A second call is sent after so many medians at most: where just as many calls are slow as may be sent twice, the 95th
/// percentile lies on either side of them by chance.
pub const HEDGE_MEDIANS: u64 = 3;

/// A second call is never sent sooner than this.
pub const HEDGE_DELAY_MIN: Millis = Millis::new(5);

/// Sets how often a call that is slow already looks whether its executor has been given up meanwhile.
pub const SLOW_LOOK: Millis = Millis::new(250);

/// Most requests per second of which an isolate writes down what became of them.
pub const EXPLAINED_PER_SECOND: u32 = 500;

/// Of requests whose caller nobody knows, at most so many: anyone can send those.
pub const EXPLAINED_UNKNOWN_PER_SECOND: u32 = 1;

/// So many requests in a row of one isolate are written down under one name.
pub const EXPLAINED_BLOCK: u64 = 256;

/// Most such names whose lines an isolate remembers, to add to them: a request that ends later than others is told of alone.
pub const EXPLAINED_BLOCKS: usize = 16;

/// Delays the records of requests this long, for more, before they are written; less on a host whose instances end sooner.
pub const EXPLAINED_DELAY: Millis = Millis::from_secs(1);

/// Sets how long a call waits each time while another of its isolate asks how an executor stands, and how often.
pub const CIRCUIT_MEET_LOOK: Millis = Millis::new(10);
/// See [`CIRCUIT_MEET_LOOK`].
pub const CIRCUIT_MEET_LOOKS: u32 = 100;

/// Most circuit breakers that the owner of one executor keeps: its own, and of its tools those that were called last.
pub const CIRCUITS_PER_EXECUTOR: usize = 128;

/// Most circuit breakers of tools that one isolate keeps; the least recently called goes first.
pub const CIRCUITS: usize = 512;

/// Most calls in one report of one scope: more would be no more evidence.
pub const CIRCUIT_TALLY: u32 = 1_000_000;

/// Sets how often an isolate reports how its calls to an executor go, where some do not go well.
pub const CIRCUIT_REPORT: Millis = Millis::from_secs(1);

/// The same where all go well.
pub const CIRCUIT_REPORT_QUIET: Millis = Millis::from_secs(5);

/// A closed breaker that was told nothing for this long is forgotten: longer than the longest window, and than any call.
pub const CIRCUIT_QUIET: Millis = Millis::from_secs(600);

/// One that is not closed is forgotten after this time without a change: nobody calls any more.
pub const CIRCUIT_KEPT: Millis = Millis::from_secs(24 * 3600);

/// Sets how long the trial of an executor whose breaker is open may take.
pub const PROBE_TIMEOUT: Millis = Millis::from_secs(5);

/// Most bytes of an executor's answer to such a trial.
pub const PROBE_BYTES: usize = 64 * 1024;

/// Most trials that one background job begins, and most that it tells the outcome of.
pub const CIRCUIT_TRIALS: usize = 4;

/// A background job about an executor's circuit breakers that has not ended after this time was cut off.
pub const CIRCUIT_JOB: Millis = Millis::from_secs(30);
