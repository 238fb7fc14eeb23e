//! Every bound of the system that is not a setting, in one place; the unit stands last in the name.

use crate::time::Millis;

/// Most bytes of a request body that a host reads at all. `limits.body_bytes` in the configuration may only be lower.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most changes in one advance of the epochs.
pub const EPOCH_CHANGES: usize = 16;

/// Most narrow scopes whose invalidation the epochs remember one by one; one more makes everything stale instead.
pub const EPOCH_CACHE_SCOPES: usize = 1_000;

/// Most revoked keys that the epochs carry.
pub const REVOKED_KEYS: usize = 1_000;

/// Most kill switches that are on at once.
pub const KILL_SWITCHES: usize = 1_000;

/// Most callers that may have begun one authorisation id.
pub const AUTHORIZATION_CALLERS: usize = 64;

/// Most counter series in the deployment.
pub const COUNTER_SERIES: usize = 4_000;

/// Longest lease on the epochs: a change holds everywhere within this time.
pub const LEASE_MAX: Millis = Millis::from_secs(10);

/// Longest wait of a long poll: an engine takes no more (`GET /v1/auth/status`, `wait`).
pub const LONG_POLL_MAX: Millis = Millis::from_secs(59);

/// Longest call: the SDKs give up at 60 s, and an answer that comes later is lost.
pub const EXECUTE_TIMEOUT_MAX: Millis = Millis::from_secs(55);

/// Most repetitions of a call: the SDKs repeat what we repeat.
pub const RETRIES_MAX: u32 = 3;

/// Longest delay that an executor's `Retry-After` is passed on with: the SDKs wait no longer.
pub const RETRY_AFTER_MAX: Millis = Millis::from_secs(60);

/// Most bytes of an executor's answer.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Fewest bytes of the in-isolate cache.
pub const CACHE_MEMORY_BYTES_MIN: usize = 64 * 1024;

/// Most bytes of the in-isolate cache: an isolate has 128 MB for everything.
pub const CACHE_MEMORY_BYTES_MAX: usize = 48 * 1024 * 1024;

/// Longest time to live of a cached answer.
pub const CACHE_TTL_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// Most bytes in a number's text: Python's own limit for integers is 4,300 digits.
pub const NUMBER_BYTES: usize = 4_400;

/// Fewest bytes of the secret under which keys are hashed: as many as the hash has.
pub const HASH_SECRET_BYTES_MIN: usize = 32;

/// Fewest bytes of an API key that stands in a setting.
pub const KEY_BYTES_MIN: usize = 16;

/// Most bytes of an API key.
pub const KEY_BYTES_MAX: usize = 512;

/// Most nearest names that a refusal offers.
pub const NEAREST_NAMES: usize = 3;

/// Most tools taken from one executor.
pub const CATALOGUE_TOOLS: usize = 5_000;

/// Most JSON values in one page or list of tools.
pub const CATALOGUE_VALUES: usize = 2_000_000;

/// Bytes of one page or list of tools.
pub const CATALOGUE_BYTES: usize = 16 * 1024 * 1024;

/// Bound on fetching the whole list of one executor's tools.
pub const CATALOGUE_TIMEOUT: Millis = Millis::from_secs(10);

/// The same while a caller waits, because its isolate knows no tools yet.
pub const CATALOGUE_TIMEOUT_COLD: Millis = Millis::from_secs(3);

/// After a failed fetch of a list, the next attempt waits this long.
pub const CATALOGUE_RETRY: Millis = Millis::from_secs(5);

/// How long the last good list is kept.
pub const CATALOGUE_KEPT: Millis = Millis::from_secs(7 * 24 * 3600);

/// Most projects whose registry one isolate holds.
pub const REGISTRIES: usize = 8;

/// Shortest life of an entry that goes to the edge store: Cloudflare's keeps nothing for less.
pub const STORE_TTL_MIN: Millis = Millis::from_secs(60);

/// Most bytes of an answer that goes to the edge store.
pub const STORE_ENTRY_BYTES: usize = 4 * 1024 * 1024;

/// Most refusals per second that an isolate writes down to be looked up.
pub const EXPLAINED_PER_SECOND: u32 = 20;

/// Of these, at most so many for requests whose caller nobody knows: anyone can send those.
pub const EXPLAINED_UNKNOWN_PER_SECOND: u32 = 1;

/// How long a refusal can be looked up.
pub const EXPLAINED_KEPT: Millis = Millis::from_secs(3600);

/// What an isolate counted waits this long for more before the owner of the counters is told; less on a host whose instances
/// end sooner.
pub const COUNTERS_DELAY: Millis = Millis::from_secs(5);

/// Bound on the wait for the head of a streamed answer.
pub const STREAM_HEAD_TIMEOUT: Millis = Millis::from_secs(60);

/// Most bytes of an answer that is kept under an Idempotency-Key: a SQLite-backed Durable Object takes 2 MB in one value.
pub const IDEMPOTENT_ANSWER_BYTES: usize = 1_500_000;

/// Most authorisations that one answer may begin.
pub const AUTHORIZATIONS_PER_ANSWER: usize = 32;

/// Most policies in the configuration.
pub const POLICIES: usize = 2_000;

/// Most bytes of all policies together.
pub const POLICY_BYTES: usize = 1024 * 1024;

/// Most bytes of a policy's id.
pub const POLICY_ID_BYTES: usize = 128;

/// Deepest nesting of a policy's conditions.
pub const POLICY_DEPTH: usize = 64;

/// Most expressions in one policy.
pub const POLICY_NODES: usize = 2_000;

/// Most steps of one decision: expressions evaluated, items and letters compared. What needs more is refused.
pub const POLICY_STEPS: u32 = 250_000;
