//! Every bound of the system that is not a setting, in one place; the unit stands last in the name.

mod bulkhead;
mod execution;
mod routes;

pub use bulkhead::*;
pub use execution::*;
pub use routes::*;

use crate::words::time::Millis;

/// Most bytes of a request body that a host reads at all. `limits.body_bytes` in the configuration may only be lower.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most changes in one advance of the epochs.
pub const EPOCH_CHANGES: usize = 16;

/// Most narrow scopes whose invalidation the epochs record one by one; one more invalidates everything instead.
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

/// Fewest bytes of the in-isolate cache.
pub const CACHE_MEMORY_BYTES_MIN: usize = 64 * 1024;

/// Most bytes of the in-isolate cache: an isolate has 128 MB for everything.
pub const CACHE_MEMORY_BYTES_MAX: usize = 48 * 1024 * 1024;

/// Longest time to live of a stored response.
pub const CACHE_TTL_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// Longest time that a stale response is served, or kept for failing executors (stale-while-revalidate,
/// stale-if-error).
pub const CACHE_STALE_MAX: Millis = Millis::from_secs(7 * 24 * 3600);

/// Most stored responses that an isolate refreshes in the background at once.
pub const REFRESHES: usize = 16;

/// Most stored responses remembered as not yet due for another refresh.
pub const REFRESHES_RESTING: usize = 256;

/// Pause before the next refresh of the same response, after one that brought nothing cacheable.
pub const REFRESH_RETRY: Millis = Millis::from_secs(5);

/// Fewest hits of a stored response that is refreshed before it expires.
pub const REFRESH_AHEAD_HITS: u32 = 4;

/// Number of parts of a response's lifetime; in the last one, it is refreshed ahead of expiry.
pub const REFRESH_AHEAD_PARTS: u64 = 10;

/// Most tags of one cache rule.
pub const CACHE_TAGS: usize = 8;

/// Most calls that warm the cache.
pub const CACHE_WARM: usize = 64;

/// Most bytes of the arguments of a warming call.
pub const CACHE_WARM_INPUT_BYTES: usize = 16 * 1024;

/// Most calls to executors in one run of the warming job: each may take as long as any call.
pub const CACHE_WARM_CALLS: usize = 16;

/// Longest run of the warming job, its last call included: its caller has a response before clients give up at 60 s.
pub const CACHE_WARM_TIME: Millis = Millis::from_secs(58);

/// Most tools whose savings are counted one by one, in an isolate and in the deployment.
pub const SAVED_TOOLS: usize = 128;

/// Most bytes in a number's text: Python's own limit for integers is 4,300 digits.
pub const NUMBER_BYTES: usize = 4_400;

/// Fewest bytes of the secret under which keys are hashed: as many as the hash has.
pub const HASH_SECRET_BYTES_MIN: usize = 32;

/// Fewest bytes of an API key in a setting.
pub const KEY_BYTES_MIN: usize = 16;

/// Most bytes of an API key.
pub const KEY_BYTES_MAX: usize = 512;

/// Most similar names that a refusal suggests.
pub const NEAREST_NAMES: usize = 3;

/// Most tools taken from one executor.
pub const CATALOGUE_TOOLS: usize = 5_000;

/// Most JSON values in one page or list of tools.
pub const CATALOGUE_VALUES: usize = 2_000_000;

/// Most bytes of one page or list of tools.
pub const CATALOGUE_BYTES: usize = 16 * 1024 * 1024;

/// Timeout of fetching the whole list of one executor's tools.
pub const CATALOGUE_TIMEOUT: Millis = Millis::from_secs(10);

/// The same timeout while a caller waits, because its isolate knows no tools yet.
pub const CATALOGUE_TIMEOUT_COLD: Millis = Millis::from_secs(3);

/// Pause before the next attempt, after a failed fetch of a list.
pub const CATALOGUE_RETRY: Millis = Millis::from_secs(5);

/// Retention of the last good list.
pub const CATALOGUE_KEPT: Millis = Millis::from_secs(7 * 24 * 3600);

/// Most projects whose registry one isolate holds.
pub const REGISTRIES: usize = 8;

/// Shortest time to live of an entry in the edge store: Cloudflare's stores nothing for less.
pub const STORE_TTL_MIN: Millis = Millis::from_secs(60);

/// Shortest time to live of an entry in the data centre's cache, which counts in seconds.
pub const DATA_CENTRE_TTL_MIN: Millis = Millis::from_secs(1);

/// Shortest time to live of an entry in the SQL database: ten times as long as the edge store may lag. A shorter-lived
/// entry is not worth a remote look-up at each miss.
pub const SQL_TTL_MIN: Millis = Millis::from_secs(600);

/// Most bytes of an entry's stored form, before it is compressed too: a response of 4 MiB, and as much of its key.
pub const STORED_BYTES: usize = 8 * 1024 * 1024;

/// Fewest bytes of a stored form that is compressed.
pub const COMPRESSED_FROM_BYTES: usize = 1024;

/// Most bytes of a stored form in the SQL database: D1 returns bytes as a list of numbers, four times as long, and
/// reads of twice as much were seen to take most of [`SQL_TIMEOUT`].
pub const SQL_ENTRY_BYTES: usize = 128 * 1024;

/// Most rows of the SQL database deleted by one statement.
pub const SQL_SWEPT_ROWS: u32 = 1_000;

/// Most such statements in one sweep: with a sweep every five minutes, expired rows are deleted at up to 166 a second.
pub const SQL_SWEEPS: u32 = 50;

/// Timeout of all tiers below memory together in one look-up: a slow tier must not make a miss expensive.
pub const TIERS_TIMEOUT: Millis = Millis::new(300);

/// Timeout of the data centre's cache in one look-up.
pub const DATA_CENTRE_TIMEOUT: Millis = Millis::new(75);

/// Timeout of the edge store in one look-up: a key that is not cached near by is fetched from far away.
pub const STORE_TIMEOUT: Millis = Millis::new(200);

/// Timeout of the SQL database in one look-up.
pub const SQL_TIMEOUT: Millis = Millis::new(200);

/// Failures or timeouts in a row after which a tier is skipped for [`TIER_REST`].
pub const TIER_FAULTS_TO_REST: u32 = 2;

/// Time for which a failing tier is skipped; see [`TIER_FAULTS_TO_REST`].
pub const TIER_REST: Millis = Millis::from_secs(1);

/// Shortest interval between an isolate's writes to one key of the edge store: Workers KV refuses more.
pub const STORE_WRITE_GAP: Millis = Millis::from_secs(1);

/// Most keys of the edge store whose last write an isolate remembers.
pub const STORE_WRITES_REMEMBERED: usize = 256;

/// Most bytes of a response, its key included, that the durable owner of its key passes on to waiting calls.
pub const FLIGHT_VALUE_BYTES: usize = 64 * 1024;

/// Silence after which the leader of a flight counts as lost: another call takes its place.
pub const FLIGHT_LEADER_LOST: Millis = Millis::from_secs(3);

/// Interval of a leader's renewals: two may be lost.
pub const FLIGHT_RENEW: Millis = Millis::from_secs(1);

/// Longest retention of a flight's outcome at the owner of its key.
pub const FLIGHT_KEPT: Millis = Millis::from_secs(10);

/// Longest wait between two polls of a flight of the same isolate.
pub const FLIGHT_LOOK_MAX: Millis = Millis::new(64);

/// Longest wait between two polls of the durable owner of a key. With a reply within a second, as that port has it, and
/// [`FLIGHT_LEADER_LOST`], a call that waits for a dead leader is released within 5 s.
pub const FLIGHT_POLL_MAX: Millis = Millis::new(500);

/// Most flights that a call waits for, one after another: then it runs by itself.
pub const FLIGHTS_WAITED_FOR: u32 = 3;

/// Most keys that one isolate coalesces into flights at once; calls that miss further keys run by themselves.
pub const FLIGHTS: usize = 1_024;

/// Pause before an isolate asks any durable owner again, after one was unreachable.
pub const FLIGHT_OWNER_RETRY: Millis = Millis::from_secs(1);

/// Shortest duration of a tool's calls that is worth a request to a durable owner, where the gateway may choose.
pub const FLIGHT_OWNER_WORTH: Millis = Millis::new(200);

/// Most tools whose call outcomes an isolate remembers, to choose by.
pub const FLIGHT_TOOLS: usize = 512;

/// First wait of a request whose Idempotency-Key is in flight with another, before it asks the key's owner again; each
/// next wait is twice as long.
pub const IDEMPOTENCY_POLL_MIN: Millis = Millis::new(50);

/// Longest of these waits: in 30 s, some thirty-five requests.
pub const IDEMPOTENCY_POLL_MAX: Millis = Millis::from_secs(1);

/// Delay that batches an isolate's counts before they are sent to the owner of the counters; less on a host whose
/// instances end sooner.
pub const COUNTERS_DELAY: Millis = Millis::from_secs(5);

/// Most bytes of a response stored under an Idempotency-Key: a SQLite-backed Durable Object takes 2 MB in one value.
pub const IDEMPOTENT_ANSWER_BYTES: usize = 1_500_000;

/// Most authorisations that one response may begin.
pub const AUTHORIZATIONS_PER_ANSWER: usize = 32;

/// Most issued keys that one of their sixteen owners holds.
pub const ISSUED_KEYS: usize = 500;

/// Most issued keys of one tenant at one owner: some thousand in all. Ended keys make room first.
pub const ISSUED_KEYS_OF_TENANT: usize = 64;

/// Most bytes of one issued key's grants.
pub const ISSUED_KEY_BYTES: usize = 2_400;

/// Most keys in one page of their list.
pub const ISSUED_KEYS_LISTED: usize = 101;

/// Retention of an issued key that has ended, so that refusals can name it.
pub const ISSUED_KEY_KEPT: Millis = Millis::from_secs(30 * 24 * 3600);

/// Time for which a request that makes a key is recognized again by its Idempotency-Key.
pub const ISSUED_KEY_ONCE: Millis = Millis::from_secs(24 * 3600);

/// Most bytes of an issued key's name: its caller's id is the name, a dot and twenty digits.
pub const ISSUED_KEY_NAME_BYTES: usize = 43;

/// Longest life of an issued key that expires.
pub const ISSUED_KEY_LIFE_MAX: Millis = Millis::from_secs(10 * 366 * 24 * 3600);

/// Longest overlap of a rotated key with its successor.
pub const ISSUED_KEY_OVERLAP_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// Time for which an isolate trusts a valid issued key, revocations apart, before it asks the key's owner again.
pub const ISSUED_KEY_REMEMBERED: Millis = Millis::from_secs(60);

/// Time for which an isolate remembers that a key is unknown, expired or revoked, or that an opaque token is inactive.
pub const CREDENTIAL_REFUSAL_REMEMBERED: Millis = Millis::from_secs(10);

/// Most concurrent look-ups of keys that an isolate has never seen.
pub const KEY_LOOKUPS_PENDING: u32 = 128;

/// Most failed look-ups of unknown keys per second and isolate.
pub const KEY_LOOKUPS_FAILED_PER_SECOND: u32 = 32;

/// Most bytes of a token.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Most bytes of a token's `kid`.
pub const TOKEN_KID_BYTES: usize = 256;

/// Most values of one claim that are read: audiences, scopes, roles.
pub const TOKEN_CLAIM_ITEMS: usize = 64;

/// Most bytes of one claim's text that policies can read.
pub const TOKEN_CLAIM_BYTES: usize = 1024;

/// Longest leeway for an issuer's clock.
pub const TOKEN_LEEWAY_MAX: Millis = Millis::from_secs(60);

/// Time for which an opaque token counts as active after its issuer confirmed it.
pub const OPAQUE_KEPT: Millis = Millis::from_secs(60);

/// Most opaque tokens per second that an isolate has one issuer introspect.
pub const OPAQUE_CHECKS_PER_SECOND: u32 = 50;

/// Most issuers in a configuration.
pub const ISSUERS: usize = 16;

/// Most keys of one issuer.
pub const ISSUER_KEYS: usize = 64;

/// Most bytes of an issuer's key set, of its metadata, and of its response about one token.
pub const ISSUER_ANSWER_BYTES: usize = 256 * 1024;

/// Timeout of each request to an issuer, while a caller waits and in the background.
pub const ISSUER_TIMEOUT: Millis = Millis::from_secs(3);

/// Window in which an isolate asks an issuer for its keys once because of an unknown `kid`; an isolate that has no keys
/// at all asks up to [`KEY_FETCHES_COLD`] times.
pub const KEY_FETCH_WINDOW: Millis = Millis::from_secs(10);

/// Most key fetches by an isolate without keys in that window: concurrent requests there cannot wait for each other.
pub const KEY_FETCHES_COLD: u32 = 4;

/// Time for which an unknown `kid` of an issuer is remembered as such.
pub const KID_UNKNOWN_KEPT: Millis = Millis::from_secs(30);

/// Most unknown `kid`s remembered per issuer.
pub const KIDS_UNKNOWN: usize = 64;

/// Shortest time for which an issuer's keys are fresh.
pub const KEYS_FRESH_MIN: Millis = Millis::from_secs(300);
/// Longest time for which an issuer's keys are fresh.
pub const KEYS_FRESH_MAX: Millis = Millis::from_secs(24 * 3600);
/// Time for which an issuer's keys are fresh where the issuer states none.
pub const KEYS_FRESH: Millis = Millis::from_secs(900);

/// Most rate limits.
pub const RATE_LIMITS: usize = 16;

/// Most requests in a window, and in a burst.
pub const RATE_REQUESTS_MAX: u64 = 1_000_000_000;

/// Longest window of a limit.
pub const RATE_WINDOW_MAX: Millis = Millis::from_secs(24 * 3600);

/// Shortest life of a lease of tokens: acquiring it takes time too.
pub const RATE_LEASE_MIN: Millis = Millis::new(200);

/// Most leases of one key that its owner remembers at once; isolates beyond these get tokens one by one.
pub const RATE_HOLDERS: usize = 256;

/// Most leases that one isolate holds; the least recently used is dropped first, and its tokens with it.
pub const RATE_LEASES: usize = 4_096;

/// Time for which a limit counts as unavailable after its owner could not be reached.
pub const RATE_RETRY: Millis = Millis::from_secs(1);

/// Most bytes of the text of one JSON Schema.
pub const SCHEMA_BYTES: usize = 64 * 1024;

/// Most JSON values in one schema.
pub const SCHEMA_VALUES: usize = 20_000;

/// Deepest nesting of a schema.
pub const SCHEMA_DEPTH: usize = 64;

/// Most subschemas of one schema.
pub const SCHEMA_NODES: usize = 4_000;

/// Most faults listed by one response, or for one refused schema.
pub const SCHEMA_FAULTS: usize = 16;

/// Most input rules in a configuration.
pub const INPUT_RULES: usize = 256;

/// Most places of each kind that one input rule names.
pub const INPUT_PLACES: usize = 32;

/// Most hosts, ports or media types that one place lists.
pub const INPUT_LISTED: usize = 256;

/// Most bytes of a URL in an argument.
pub const URL_BYTES: usize = 8 * 1024;

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

/// Most steps of one decision: expressions evaluated, items and letters compared. A decision that needs more is
/// refused.
pub const POLICY_STEPS: u32 = 250_000;
