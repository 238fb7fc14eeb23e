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
        /// Where tools run, in order of preference.
        executors: Vec<Located<ExecutorSection>>;
        /// How the executors' tools become one registry.
        registry: RegistrySection = RegistrySection::default();
        /// Sets of permissions that callers can have.
        roles: Vec<Located<RoleSection>> = Vec::new();
        /// Who may call. A caller holds nothing that is not written here.
        callers: Vec<Located<CallerSection>>;
        /// Whose tokens are taken besides.
        issuers: Vec<Located<IssuerSection>> = Vec::new();
        /// How many requests there may be.
        rate: RateSection = RateSection::default();
        /// What inputs have to fulfil besides what their tools say.
        inputs: Vec<Located<InputSection>> = Vec::new();
        /// Rules in the policy language Cedar, besides what roles and callers hold: see docs/policy.md.
        policies: Vec<Located<PolicySection>> = Vec::new();
        /// What policies can know.
        policy: PolicyRulesSection = PolicyRulesSection::default();
        /// What may be answered from cache.
        cache: CacheSection = CacheSection::default();
        /// How the executor of a call is chosen.
        routing: RoutingSection = RoutingSection::default();
        /// Executors that are equivalent for some tools; the first route that names a tool decides. At most 128.
        routes: Vec<Located<RouteSection>> = Vec::new();
        /// When an executor, or one of its tools, is left alone.
        breaker: BreakerSection = BreakerSection::default();
        /// How calls are made.
        execute: ExecuteSection = ExecuteSection::default();
        /// Browsers.
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
        /// For how long the epochs are taken to be current; a change holds everywhere after this time. 100ms to 10s.
        lease: Millis = Millis::from_secs(5), in (Millis::new(100), limits::LEASE_MAX);
        /// When they cannot be renewed: "closed" refuses calls, "open" goes on under the last known ones. The cache is bypassed either way.
        fail_mode: FailMode = FailMode::Closed;
    }
}

document! {
    /// A place where tools run.
    pub(super) struct ExecutorSection {
        /// Its name.
        id: ExecutorId;
        /// What it is.
        kind: ExecutorKind;
        /// Where an engine or worker is: scheme://host[:port][/prefix].
        base_url: Option<BaseUrl>;
        /// The setting (variable or secret of the platform) that holds the engine's API key or the worker's secret. Unset, the executor is inactive.
        credential_setting: Option<SettingName>;
        /// Tenants whose calls are made with a credential of their own.
        credentials: Vec<TenantCredentialSection> = Vec::new();
        /// org/project that unscoped paths of an engine mean.
        project: Option<Project>;
        /// The tools taken from it: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern> = vec![ToolPattern::Every];
        /// Bound on one call; at most execute.timeout.
        timeout: Option<Millis>;
        /// What one call costs, such as "0.002": what the strategy "cost" compares, in whatever currency you think.
        cost: Price = Price::default();
        /// Where it is, for routes that ask for a region.
        region: Option<Label>;
        /// What it can do, for routes that ask for it; at most 16.
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
    /// How the executors' tools become one registry.
    pub(super) struct RegistrySection {
        /// How old a list of tools may get before it is fetched again, at least 1s.
        refresh: Millis = Millis::from_secs(300), in (Millis::from_secs(1), Millis::from_secs(86_400));
        /// When two executors offer the same tool: "refuse" serves neither, "first" takes the executor that stands first.
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
        /// Cedar; several policies may stand in it.
        text: String;
        /// "enforce", or "dry_run": what they would decide is recorded only.
        mode: PolicyMode = PolicyMode::Enforce;
    }
}

document! { default
    /// What policies can know.
    pub(super) struct PolicyRulesSection {
        /// Take context.country from the header cf-ipcountry: only where Cloudflare sets it, as anybody can send one elsewhere.
        country_header: bool = false;
    }
}

document! {
    /// Who may call, and what.
    pub(super) struct CallerSection {
        /// Its name.
        id: CallerId;
        /// Its tenant.
        tenant: TenantId;
        /// Its API keys; two at once let one replace the other without an outage.
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
        /// Whose calls wait, or are turned away, before others where an executor has more than it can do: "low" ones first, "high" ones last.
        priority: Priority = Priority::Normal;
    }
}

document! {
    /// One API key: its hash, or the setting that holds it.
    pub(super) struct KeySection {
        /// Its name: what a revocation names.
        id: KeyId;
        /// HMAC-SHA-256 of the key under TOOLGATE_KEY_HASH_SECRET, in hexadecimal ("toolgate key new" makes both).
        hash: Option<KeyHash>;
        /// The setting that holds the key itself; unset, the key does not exist.
        setting: Option<SettingName>;
    }
}

document! { default
    /// What may be answered from cache.
    pub(super) struct CacheSection {
        /// Time to live of answers kept because the tool declares that it only reads.
        ttl: Millis = Millis::from_secs(60), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "static", for cache.rules.
        ttl_static: Millis = Millis::from_secs(24 * 3600), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "semi-dynamic".
        ttl_semi_dynamic: Millis = Millis::from_secs(600), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// Time to live of the class "dynamic".
        ttl_dynamic: Millis = Millis::from_secs(60), in (Millis::from_secs(1), limits::CACHE_TTL_MAX);
        /// How long past its time an answer is served while it is fetched anew in the background, at most 7d.
        stale_while_revalidate: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_STALE_MAX);
        /// How long past its time an answer is served where the executor fails, at most 7d.
        stale_if_error: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_STALE_MAX);
        /// Whether an answer that is asked for often is fetched anew in the background before its time is over.
        refresh_ahead: bool = false;
        /// A fresh answer no older than this is served whatever max-age and min-fresh callers ask for.
        max_age_min: Millis = Millis::ZERO, in (Millis::ZERO, limits::CACHE_TTL_MAX);
        /// Bytes that each isolate may hold, at most 48MiB.
        memory: Bytes = Bytes(16 << 20), in (Bytes(limits::CACHE_MEMORY_BYTES_MIN as u64), Bytes(limits::CACHE_MEMORY_BYTES_MAX as u64));
        /// Which tiers are used: "memory" (the isolate), "hybrid" (and the data centre's cache, and the edge's key-value store), "persistent" (and the SQL database, for what lives 10 minutes or more), "off".
        strategy: CacheStrategy = CacheStrategy::Hybrid;
        /// What leaves the isolate's memory first: "cost-aware" (what saves least time and tokens per byte), "lru" (what was used longest ago).
        eviction: Eviction = Eviction::CostAware;
        /// Where calls that miss the same key at the same time find each other, so that one asks the executor: "isolate", "owner" (over all isolates, by a durable owner), "adaptive" (as is worth it), "off".
        single_flight: SingleFlight = SingleFlight::Isolate;
        /// What a million tokens of a language model cost, such as "0.15": for the savings that are told, in whatever currency you think.
        price_per_million_tokens: Price = Price::default();
        /// The operator's rules for tools that declare nothing; the first that names a tool decides.
        rules: Vec<Located<CacheRuleSection>> = Vec::new();
        /// Calls that the scheduled job makes, so that their answers are cached before anybody asks; at most 64.
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
        /// "user": each user_id has its own answers. "shared": all users of a tenant have the same.
        scope: CacheScopeChoice = CacheScopeChoice::User;
        /// In which tiers they are kept; as cache.strategy says, if absent. Where that is "off", nothing is kept.
        strategy: Option<CacheStrategy>;
        /// Where calls that miss find each other; as cache.single_flight says, if absent.
        single_flight: Option<SingleFlight>;
        /// As cache.stale_while_revalidate, if absent.
        stale_while_revalidate: Option<Millis>;
        /// As cache.stale_if_error, if absent.
        stale_if_error: Option<Millis>;
        /// As cache.refresh_ahead, if absent.
        refresh_ahead: Option<bool>;
        /// As cache.max_age_min, if absent.
        max_age_min: Option<Millis>;
        /// Names by which answers of these tools can be made stale together with those of other tools; at most 8.
        tags: Vec<CacheTag> = Vec::new();
        /// What one call of these tools costs, such as "0.002": for the savings that are told.
        price_per_call: Price = Price::default();
    }
}

choice! {
    /// How fast the answers of a tool change: a time to live by name.
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
        /// The tenant whose call it is.
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
    /// Browsers.
    pub(super) struct CorsSection {
        /// Origins that may call, such as "https://app.example.com", or ["*"].
        origins: Vec<String> = Vec::new();
    }
}
