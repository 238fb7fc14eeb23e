//! The sections of `toolgate.toml`, as documents.

use super::document::{Located, document};
use super::inputs::InputSection;
use super::issuer_sections::IssuerSection;
use super::quantity::Bytes;
use super::rate::RateSection;
use super::route_sections::{BreakerSection, ExecuteSection, RouteSection, RoutingSection};
use super::words::{BaseUrl, KeyHash, Label, ProjectPattern, SettingName, UserPattern};
use crate::backends::ExecutorKind;
use crate::cache::{CacheScopeChoice, CacheStrategy, Eviction, SingleFlight};
use crate::catalog::ConflictRule;
use crate::policy::PolicyMode;
use crate::words::action::ActionPattern;
use crate::words::choice::choice;
use crate::words::json::Limits;
use crate::words::limits;
use crate::words::modes::{FailMode, Priority};
use crate::words::names::{
    CacheTag, CallerId, ExecutorId, KeyId, Project, RoleId, TenantId, ToolName, ToolPattern, UserId,
};
use crate::words::price::Price;
use crate::words::time::Millis;

document! {
    /// The whole document.
    pub(super) struct Document {
        /// Bounds on requests.
        limits: LimitsSection = LimitsSection::default();
        /// The lease on the epochs (revocations, kill switches, invalidations).
        epochs: EpochsSection = EpochsSection::default();
        /// The executors that run tools, in order of preference.
        executors: Vec<Located<ExecutorSection>>;
        /// The registry: the tools of all executors.
        registry: RegistrySection = RegistrySection::default();
        /// Sets of permissions that callers can have.
        roles: Vec<Located<RoleSection>> = Vec::new();
        /// The callers, and their permissions. A caller holds nothing that is not written here.
        callers: Vec<Located<CallerSection>>;
        /// The issuers of tokens that callers may present.
        issuers: Vec<Located<IssuerSection>> = Vec::new();
        /// Rate limits on requests.
        rate: RateSection = RateSection::default();
        /// The rules on inputs, beside those of their tools.
        inputs: Vec<Located<InputSection>> = Vec::new();
        /// Policies in Cedar, beside the permissions of roles and callers: see docs/policy.md.
        policies: Vec<Located<PolicySection>> = Vec::new();
        /// The context of policies.
        policy: PolicyRulesSection = PolicyRulesSection::default();
        /// The cache of tools' responses.
        cache: CacheSection = CacheSection::default();
        /// The choice of a call's executor.
        routing: RoutingSection = RoutingSection::default();
        /// Executors that are equivalent for some tools; the first route that names a tool decides. At most 128.
        routes: Vec<Located<RouteSection>> = Vec::new();
        /// The circuit breakers of executors and their tools.
        breaker: BreakerSection = BreakerSection::default();
        /// The execution of calls.
        execute: ExecuteSection = ExecuteSection::default();
        /// Cross-origin requests of browsers.
        cors: CorsSection = CorsSection::default();
    }
}

document! { default
    /// Bounds on requests.
    pub(super) struct LimitsSection {
        /// Bytes in a request body, at most 4MiB.
        body_bytes: Bytes = Bytes(1 << 20), in (Bytes(1), Bytes(limits::BODY_BYTES_MAX as u64));
        /// Open containers in a JSON body, at most 128.
        json_depth: u64 = 32, in (2, Limits::MAX_DEPTH as u64);
        /// Values in a JSON body.
        json_values: u64 = 20_000, in (16, 1_000_000);
        /// Bytes in one string of a JSON body.
        string_bytes: Bytes = Bytes(256 << 10), in (Bytes(64), Bytes(limits::BODY_BYTES_MAX as u64));
        /// Longest wait of an authorisation's long poll, at most 59s.
        long_poll: Millis = Millis::from_secs(55), in (Millis::from_secs(1), limits::LONG_POLL_MAX);
    }
}

document! { default
    /// The lease on the epochs.
    pub(super) struct EpochsSection {
        /// Time for which the epochs are taken to be current; a change holds everywhere after it. 100ms to 10s.
        lease: Millis = Millis::from_secs(5), in (Millis::new(100), limits::LEASE_MAX);
        /// The decision when they cannot be renewed: "closed" refuses calls, "open" goes on under the last known ones. The cache is bypassed either way.
        fail_mode: FailMode = FailMode::Closed;
    }
}

document! {
    /// A place where tools run.
    pub(super) struct ExecutorSection {
        /// Its name.
        id: ExecutorId;
        /// Its kind.
        kind: ExecutorKind;
        /// The address of an engine or worker: scheme://host[:port][/prefix].
        base_url: Option<BaseUrl>;
        /// The setting (variable or secret of the platform) that holds the engine's API key or the worker's secret. Unset, the executor is inactive.
        credential_setting: Option<SettingName>;
        /// The tenants with a credential of their own.
        credentials: Vec<TenantCredentialSection> = Vec::new();
        /// The org/project that an engine's unscoped paths stand for.
        project: Option<Project>;
        /// The tools taken from it: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern> = vec![ToolPattern::Every];
        /// Bound on one call; at most execute.timeout.
        timeout: Option<Millis>;
        /// Price of one call, such as "0.002", for the strategy "cost". All prices are in one currency, which is not named.
        cost: Price = Price::default();
        /// Its region, for routes that require one.
        region: Option<Label>;
        /// Its capabilities, for routes that require some; at most 16.
        capabilities: Vec<Label> = Vec::new();
        /// Most calls at once of one isolate, 1 to 1000; 128, if absent. An engine or worker only.
        concurrency: Option<Located<u64>>;
    }
}

document! {
    /// A tenant's own credential at an executor.
    pub(super) struct TenantCredentialSection {
        /// The tenant.
        tenant: TenantId;
        /// The setting that holds its API key or secret. Unset, the tenant has no access: it never falls back to credential_setting.
        setting: SettingName;
    }
}

document! { default
    /// The registry: the tools of all executors.
    pub(super) struct RegistrySection {
        /// Time after which a list of tools is fetched again, at least 1s.
        refresh: Millis = Millis::from_secs(300), in (Millis::from_secs(1), Millis::from_secs(86_400));
        /// The choice between executors that offer the same tool: "refuse" serves neither, "first" takes the executor that stands first.
        conflicts: ConflictRule = ConflictRule::Refuse;
    }
}

document! {
    /// A set of permissions that callers can have.
    pub(super) struct RoleSection {
        /// Its name.
        id: RoleId;
        /// The actions it gives: "*", "family/*" or "family/verb".
        actions: Vec<ActionPattern>;
        /// The tools it gives them for: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern> = Vec::new();
    }
}

document! {
    /// Policies that belong together.
    pub(super) struct PolicySection {
        /// Their name, in messages.
        id: RoleId;
        /// The policies as Cedar text, one or several.
        text: String;
        /// The mode: "enforce", or "dry_run", where the decision is only recorded.
        mode: PolicyMode = PolicyMode::Enforce;
    }
}

document! { default
    /// The context of policies.
    pub(super) struct PolicyRulesSection {
        /// Takes context.country from the header cf-ipcountry. Only safe where Cloudflare sets it, as anybody can send one elsewhere.
        country_header: bool = false;
    }
}

document! {
    /// A caller, and its permissions.
    pub(super) struct CallerSection {
        /// Its name.
        id: CallerId;
        /// Its tenant.
        tenant: TenantId;
        /// Its API keys; two allow a rotation without an outage.
        keys: Vec<Located<KeySection>>;
        /// The roles it has.
        roles: Vec<RoleId> = Vec::new();
        /// The actions it holds of its own: "*", "family/*" or "family/verb".
        actions: Vec<ActionPattern> = Vec::new();
        /// The tools it holds them for: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern> = Vec::new();
        /// The user_ids it may name, or ["*"].
        users: Vec<UserPattern> = Vec::new();
        /// The org/project paths it may address, or ["*"].
        projects: Vec<ProjectPattern> = Vec::new();
        /// The priority at a saturated executor: calls of "low" priority wait, or are shed, first; those of "high" last.
        priority: Priority = Priority::Normal;
    }
}

document! {
    /// One API key: its hash, or the setting that holds it.
    pub(super) struct KeySection {
        /// Its name, for revocations.
        id: KeyId;
        /// HMAC-SHA-256 of the key under TOOLGATE_KEY_HASH_SECRET, in hexadecimal ("toolgate key new" makes both).
        hash: Option<KeyHash>;
        /// The setting that holds the key itself; unset, the key does not exist.
        setting: Option<SettingName>;
    }
}

document! { default
    /// The cache of tools' responses.
    pub(super) struct CacheSection {
        /// Time to live of responses stored because the tool declares that it only reads.
        ttl: Millis = Millis::from_secs(60), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "static", for cache.rules.
        ttl_static: Millis = Millis::from_secs(24 * 3600), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "semi-dynamic".
        ttl_semi_dynamic: Millis = Millis::from_secs(600), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "dynamic".
        ttl_dynamic: Millis = Millis::from_secs(60), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time for which a stale response is served while it is revalidated in the background (RFC 5861), at most 7d.
        stale_while_revalidate: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_STALE_MAX);
        /// Time for which a stale response is served if the executor fails (RFC 5861), at most 7d.
        stale_if_error: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_STALE_MAX);
        /// Refreshes a response that is requested often in the background, before it is stale.
        refresh_ahead: bool = false;
        /// A fresh response no older than this is served whatever max-age and min-fresh callers ask for.
        max_age_min: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_TTL_MAX);
        /// Bytes that each isolate may hold, at most 48MiB.
        memory: Bytes = Bytes(16 << 20), in (Bytes(limits::CACHE_MEMORY_BYTES_MIN as u64), Bytes(limits::CACHE_MEMORY_BYTES_MAX as u64));
        /// The tiers in use: "memory" (the isolate), "hybrid" (also the data centre's cache, and the edge's key-value store), "persistent" (also the SQL database, for responses that live 10 minutes or more), "off".
        strategy: CacheStrategy = CacheStrategy::Hybrid;
        /// Eviction from the isolate's memory: "cost-aware" (first the responses that save least time and tokens per byte), "lru" (least recently used).
        eviction: Eviction = Eviction::CostAware;
        /// Scope in which one call asks the executor for all that miss the same key at once: "isolate", "owner" (all isolates, by a durable owner), "adaptive" (by the measured benefit), "off".
        single_flight: SingleFlight = SingleFlight::Isolate;
        /// Price of a million tokens of a language model, such as "0.15", for the reported savings. All prices are in one currency, which is not named.
        price_per_million_tokens: Price = Price::default();
        /// The operator's rules for tools that declare nothing; the first that names a tool decides.
        rules: Vec<Located<CacheRuleSection>> = Vec::new();
        /// Calls that the scheduled job makes to warm the cache; at most 64.
        warm: Vec<Located<CacheWarmSection>> = Vec::new();
    }
}

document! {
    /// An operator's rule for tools that declare nothing about themselves.
    pub(super) struct CacheRuleSection {
        /// The tools.
        tools: Vec<ToolPattern>;
        /// Time to live, 1s to 30d. A rule has this or a class.
        ttl: Option<Millis>;
        /// Time to live by name: "static", "semi-dynamic" or "dynamic", as cache.ttl_static and its neighbours say.
        class: Option<TtlClass>;
        /// The sharing of responses: "user" (each user_id has its own), "shared" (all users of a tenant have the same).
        scope: CacheScopeChoice = CacheScopeChoice::User;
        /// The tiers that store them; as cache.strategy, if absent. Where that is "off", nothing is stored.
        strategy: Option<CacheStrategy>;
        /// The scope of single flight; as cache.single_flight, if absent.
        single_flight: Option<SingleFlight>;
        /// Replaces cache.stale_while_revalidate for these tools.
        stale_while_revalidate: Option<Millis>;
        /// Replaces cache.stale_if_error for these tools.
        stale_if_error: Option<Millis>;
        /// Replaces cache.refresh_ahead for these tools.
        refresh_ahead: Option<bool>;
        /// Replaces cache.max_age_min for these tools.
        max_age_min: Option<Millis>;
        /// Tags by which responses of several tools can be invalidated together; at most 8.
        tags: Vec<CacheTag> = Vec::new();
        /// Price of one call of these tools, such as "0.002", for the reported savings.
        price_per_call: Price = Price::default();
    }
}

choice! {
    /// The rate at which the answers of a tool change: a time to live by name.
    pub(super) enum TtlClass {
        /// Hardly ever.
        Static = "static",
        /// Now and then.
        SemiDynamic = "semi-dynamic",
        /// All the time.
        Dynamic = "dynamic",
    }
}

document! {
    /// A call that is made so that its answer is cached.
    pub(super) struct CacheWarmSection {
        /// The tenant of the call.
        tenant: TenantId;
        /// The tool: one that reads only, or that a rule names.
        tool: ToolName;
        /// The version; the preferred one, if absent.
        version: Option<String>;
        /// The arguments: a JSON object, as a caller would send it.
        input: String = "{}".to_owned();
        /// The user_id that it is made for.
        user: Option<UserId>;
        /// The org/project that it is made in.
        project: Option<Project>;
    }
}

document! { default
    /// Cross-origin requests of browsers.
    pub(super) struct CorsSection {
        /// Origins that may call from a browser (CORS), such as "https://app.example.com", or ["*"].
        origins: Vec<String> = Vec::new();
    }
}
