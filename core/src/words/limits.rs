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

/// Fewest bytes of the in-isolate cache.
pub const CACHE_MEMORY_BYTES_MIN: usize = 64 * 1024;

/// Most bytes of the in-isolate cache: an isolate has 128 MB for everything.
pub const CACHE_MEMORY_BYTES_MAX: usize = 48 * 1024 * 1024;

/// Longest time to live of a cached answer.
pub const CACHE_TTL_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// Longest time that an answer is served, or kept for executors that fail, after its own time is over.
pub const CACHE_STALE_MAX: Millis = Millis::from_secs(7 * 24 * 3600);

/// Most answers that an isolate fetches anew in the background at once.
pub const REFRESHES: usize = 16;

/// Most answers that are remembered as not to be fetched anew yet.
pub const REFRESHES_RESTING: usize = 256;

/// After such a fetch brought nothing to keep, the same answer is not fetched anew for this long.
pub const REFRESH_RETRY: Millis = Millis::from_secs(5);

/// An answer that is fetched anew before its time is over was served at least so often.
pub const REFRESH_AHEAD_HITS: u32 = 4;

/// It is fetched anew in the last of so many parts of its time.
pub const REFRESH_AHEAD_PARTS: u64 = 10;

/// Most tags of one rule about the cache.
pub const CACHE_TAGS: usize = 8;

/// Most calls that are made beforehand.
pub const CACHE_WARM: usize = 64;

/// Most bytes of the arguments of such a call.
pub const CACHE_WARM_INPUT_BYTES: usize = 16 * 1024;

/// Most calls to executors in one run of the job that makes them: each may take as long as any call.
pub const CACHE_WARM_CALLS: usize = 16;

/// Longest such run, its last call included: who asked for it has an answer before clients give up at 60 s.
pub const CACHE_WARM_TIME: Millis = Millis::from_secs(58);

/// Most tools whose savings are counted one by one, in an isolate and in the deployment.
pub const SAVED_TOOLS: usize = 128;

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

/// Sets how long the last good list is kept.
pub const CATALOGUE_KEPT: Millis = Millis::from_secs(7 * 24 * 3600);

/// Most projects whose registry one isolate holds.
pub const REGISTRIES: usize = 8;

/// Shortest life of an entry that goes to the edge store: Cloudflare's keeps nothing for less.
pub const STORE_TTL_MIN: Millis = Millis::from_secs(60);

/// Shortest life of an entry that goes to the data centre's cache, which counts in seconds.
pub const DATA_CENTRE_TTL_MIN: Millis = Millis::from_secs(1);

/// Shortest life of an entry that goes to the SQL database: ten times as long as the edge store may lag. What lives shorter is
/// not worth a far question at each miss.
pub const SQL_TTL_MIN: Millis = Millis::from_secs(600);

/// Most bytes of an entry's stored form, before it is compressed too: an answer of 4 MiB, and as much of its key.
pub const STORED_BYTES: usize = 8 * 1024 * 1024;

/// Fewest bytes of a stored form that is compressed.
pub const COMPRESSED_FROM_BYTES: usize = 1024;

/// Most bytes of a stored form that goes to the SQL database: D1 returns bytes as a list of numbers, four
/// times as long, and reads of twice as much were seen to take most of [`SQL_TIMEOUT`].
pub const SQL_ENTRY_BYTES: usize = 128 * 1024;

/// Most rows of the SQL database that are deleted by one statement.
pub const SQL_SWEPT_ROWS: u32 = 1_000;

/// Most such statements of one sweep: with a sweep every five minutes, rows that end are deleted as fast as 166 a second.
pub const SQL_SWEEPS: u32 = 50;

/// Sets how long one look-up waits for all tiers below memory together: a tier that is slow must not make a miss dear.
pub const TIERS_TIMEOUT: Millis = Millis::new(300);

/// Sets how long one look-up waits for the data centre's cache.
pub const DATA_CENTRE_TIMEOUT: Millis = Millis::new(75);

/// Sets how long one look-up waits for the edge store: a key that is not cached near by is fetched from far away.
pub const STORE_TIMEOUT: Millis = Millis::new(200);

/// Sets how long one look-up waits for the SQL database.
pub const SQL_TIMEOUT: Millis = Millis::new(200);

/// A tier that failed, or was slow, so often in a row is left alone for [`TIER_REST`].
pub const TIER_FAULTS_TO_REST: u32 = 2;

/// See [`TIER_FAULTS_TO_REST`].
pub const TIER_REST: Millis = Millis::from_secs(1);

/// An isolate writes one key of the edge store no faster than this: Workers KV refuses more.
pub const STORE_WRITE_GAP: Millis = Millis::from_secs(1);

/// Most keys of the edge store whose last write an isolate remembers.
pub const STORE_WRITES_REMEMBERED: usize = 256;

/// Most bytes of an answer, its key included, that the owner of its key passes on to calls which wait for it.
pub const FLIGHT_VALUE_BYTES: usize = 64 * 1024;

/// The leader of a flight that has not been heard of for this long is lost: another call takes its place.
pub const FLIGHT_LEADER_LOST: Millis = Millis::from_secs(3);

/// Sets how often a leader says that it is under way: twice it may go unheard.
pub const FLIGHT_RENEW: Millis = Millis::from_secs(1);

/// Sets how long the owner of a key remembers what a flight brought, at most.
pub const FLIGHT_KEPT: Millis = Millis::from_secs(10);

/// Longest wait between two looks at a flight of the same isolate.
pub const FLIGHT_LOOK_MAX: Millis = Millis::new(64);

/// Longest wait between two questions to the durable owner of a key. With an answer within a second, as that port has it, and
/// [`FLIGHT_LEADER_LOST`], a call that waits for a leader which died is released within 5 s.
pub const FLIGHT_POLL_MAX: Millis = Millis::new(500);

/// Most flights of others that a call waits for, one after another: then it goes alone.
pub const FLIGHTS_WAITED_FOR: u32 = 3;

/// Most keys that the calls of one isolate miss at once and are one flight for each; more go alone.
pub const FLIGHTS: usize = 1_024;

/// After the durable owner of a key could not be asked, an isolate asks none for this long.
pub const FLIGHT_OWNER_RETRY: Millis = Millis::from_secs(1);

/// A tool whose calls take less than this is not worth a question to an owner, where the gateway may choose.
pub const FLIGHT_OWNER_WORTH: Millis = Millis::new(200);

/// Most tools of which an isolate remembers how their calls went, to choose by.
pub const FLIGHT_TOOLS: usize = 512;

/// First wait of a request whose Idempotency-Key is under way with another, before it asks the key's owner again; each next
/// one is twice as long.
pub const IDEMPOTENCY_POLL_MIN: Millis = Millis::new(50);

/// The longest of these waits: in 30 s, some thirty-five questions.
pub const IDEMPOTENCY_POLL_MAX: Millis = Millis::from_secs(1);

/// Delays what an isolate counted this long for more before the owner of the counters is told; less on a host whose instances
/// end sooner.
pub const COUNTERS_DELAY: Millis = Millis::from_secs(5);

/// Most bytes of an answer that is kept under an Idempotency-Key: a SQLite-backed Durable Object takes 2 MB in one value.
pub const IDEMPOTENT_ANSWER_BYTES: usize = 1_500_000;

/// Most authorisations that one answer may begin.
pub const AUTHORIZATIONS_PER_ANSWER: usize = 32;

/// Most issued keys that one of their sixteen owners holds.
pub const ISSUED_KEYS: usize = 500;

/// Of these, at most so many of one tenant: some thousand in all. Those that have ended make room first.
pub const ISSUED_KEYS_OF_TENANT: usize = 64;

/// Most bytes of what one issued key grants.
pub const ISSUED_KEY_BYTES: usize = 2_400;

/// Most keys in one page of their list.
pub const ISSUED_KEYS_LISTED: usize = 101;

/// Sets how long an issued key that has ended is told of by name.
pub const ISSUED_KEY_KEPT: Millis = Millis::from_secs(30 * 24 * 3600);

/// Sets how long a request that makes a key is known again by its Idempotency-Key.
pub const ISSUED_KEY_ONCE: Millis = Millis::from_secs(24 * 3600);

/// Most bytes of an issued key's name: its caller's id is the name, a dot and twenty digits.
pub const ISSUED_KEY_NAME_BYTES: usize = 43;

/// Longest life of an issued key that has an end.
pub const ISSUED_KEY_LIFE_MAX: Millis = Millis::from_secs(10 * 366 * 24 * 3600);

/// Longest time that a rotated key stays valid beside the one that takes its place.
pub const ISSUED_KEY_OVERLAP_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// Sets how long an isolate takes an issued key for valid, revocations apart, before it asks the key's owner again.
pub const ISSUED_KEY_REMEMBERED: Millis = Millis::from_secs(60);

/// Sets how long an isolate remembers that a key is unknown, expired or revoked, or that an opaque token is inactive.
pub const CREDENTIAL_REFUSAL_REMEMBERED: Millis = Millis::from_secs(10);

/// Most look-ups of keys that an isolate has never seen which are under way at once.
pub const KEY_LOOKUPS_PENDING: u32 = 128;

/// Most such look-ups per second and isolate that find no valid key.
pub const KEY_LOOKUPS_FAILED_PER_SECOND: u32 = 32;

/// Most bytes of a token.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Most bytes of a token's `kid`.
pub const TOKEN_KID_BYTES: usize = 256;

/// Most values of one claim that are looked at: audiences, scopes, roles.
pub const TOKEN_CLAIM_ITEMS: usize = 64;

/// Most bytes of one claim's text that policies can read.
pub const TOKEN_CLAIM_BYTES: usize = 1024;

/// Longest leeway towards an issuer's clock.
pub const TOKEN_LEEWAY_MAX: Millis = Millis::from_secs(60);

/// Sets how long an opaque token is taken to be active after its issuer said so.
pub const OPAQUE_KEPT: Millis = Millis::from_secs(60);

/// Most opaque tokens per second that an isolate asks one issuer about.
pub const OPAQUE_CHECKS_PER_SECOND: u32 = 50;

/// Most issuers in a configuration.
pub const ISSUERS: usize = 16;

/// Most keys of one issuer.
pub const ISSUER_KEYS: usize = 64;

/// Most bytes of an issuer's key set, of its metadata, and of its answer about one token.
pub const ISSUER_ANSWER_BYTES: usize = 256 * 1024;

/// Bound on each question to an issuer while a caller waits, and in the background.
pub const ISSUER_TIMEOUT: Millis = Millis::from_secs(3);

/// An isolate asks an issuer for its keys once in this time because of a `kid` that it does not know; an isolate that has no
/// keys at all asks up to [`KEY_FETCHES_COLD`] times.
pub const KEY_FETCH_WINDOW: Millis = Millis::from_secs(10);

/// Requests that come at once to an isolate without keys cannot wait for each other: so many of them may ask.
pub const KEY_FETCHES_COLD: u32 = 4;

/// Sets how long a `kid` that an issuer does not have is remembered as such.
pub const KID_UNKNOWN_KEPT: Millis = Millis::from_secs(30);

/// Most such `kid`s of one issuer.
pub const KIDS_UNKNOWN: usize = 64;

/// Sets how long an issuer's keys are fresh: at least, at most, and where it does not say.
pub const KEYS_FRESH_MIN: Millis = Millis::from_secs(300);
/// See [`KEYS_FRESH_MIN`].
pub const KEYS_FRESH_MAX: Millis = Millis::from_secs(24 * 3600);
/// See [`KEYS_FRESH_MIN`].
pub const KEYS_FRESH: Millis = Millis::from_secs(900);

/// Most limits on the rate of requests.
pub const RATE_LIMITS: usize = 16;

/// Most requests in a window, and in a burst.
pub const RATE_REQUESTS_MAX: u64 = 1_000_000_000;

/// Longest window of a limit.
pub const RATE_WINDOW_MAX: Millis = Millis::from_secs(24 * 3600);

/// Shortest life of a lease of tokens: asking for it takes time too.
pub const RATE_LEASE_MIN: Millis = Millis::new(200);

/// Most leases of one key that its owner remembers at once; more isolates than that have their tokens one by one.
pub const RATE_HOLDERS: usize = 256;

/// Most leases that one isolate holds; the least recently used goes first, and its tokens with it.
pub const RATE_LEASES: usize = 4_096;

/// After its owner could not be asked, a limit counts as lost for this long.
pub const RATE_RETRY: Millis = Millis::from_secs(1);

/// Most bytes of the text of one JSON Schema.
pub const SCHEMA_BYTES: usize = 64 * 1024;

/// Most JSON values in one schema.
pub const SCHEMA_VALUES: usize = 20_000;

/// Deepest nesting of a schema.
pub const SCHEMA_DEPTH: usize = 64;

/// Most schemas within one schema.
pub const SCHEMA_NODES: usize = 4_000;

/// Most faults that one answer, or one refused schema, lists.
pub const SCHEMA_FAULTS: usize = 16;

/// Most rules about inputs in a configuration.
pub const INPUT_RULES: usize = 256;

/// Most places that one rule about inputs names, of each kind.
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

/// Most steps of one decision: expressions evaluated, items and letters compared. What needs more is refused.
pub const POLICY_STEPS: u32 = 250_000;
