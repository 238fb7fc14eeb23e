//! The environment variables of the seeds, and their counterparts here: the table that `docs/configuration.md` shows.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Config;
use super::faults::ConfigFault;
use super::quantity::{bytes, duration};
use super::route_sections::{LOCAL_PRIORITY_MAX, REMOTE_THRESHOLD_MAX};
use super::words::BaseUrl;
use crate::backends::Upstream;
use crate::cache::{CacheStrategy, Eviction};
use crate::model::route::Strategy;
use crate::words::limits;
use crate::words::names::Project;
use crate::words::time::Millis;

/// One setting and its effect here.
#[derive(Clone, Copy, Debug)]
pub struct SettingSpec {
    /// Its name.
    pub name: &'static str,
    /// The setting's counterpart here.
    pub became: &'static str,
    effect: SettingEffect,
}

#[derive(Clone, Copy, Debug)]
enum SettingEffect {
    /// No effect by itself: read where the document names it.
    Named,
    /// Overrides a part of the configuration.
    Override(fn(&mut Config, &str) -> Result<Option<&'static str>, &'static str>),
    /// Has no effect on the edge: reported by name if set.
    None,
}

/// A clamped setting, or one without effect: reported by name at start and in `/health/ready`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The setting.
    pub setting: &'static str,
    /// `setting_clamped` or `setting_without_effect`.
    pub name: &'static str,
    /// The actual effect.
    pub message: &'static str,
}

const fn overrides(
    name: &'static str,
    became: &'static str,
    set: fn(&mut Config, &str) -> Result<Option<&'static str>, &'static str>,
) -> SettingSpec {
    SettingSpec { name, became, effect: SettingEffect::Override(set) }
}

const fn named(name: &'static str, became: &'static str) -> SettingSpec {
    SettingSpec { name, became, effect: SettingEffect::Named }
}

const fn without_effect(name: &'static str, became: &'static str) -> SettingSpec {
    SettingSpec { name, became, effect: SettingEffect::None }
}

/// Every setting that is read, besides those that `credential_setting` and `keys[].setting` name.
pub const SETTINGS: &[SettingSpec] = &[
    named(
        "ARCADE_API_KEY",
        "the credential of every engine whose `credential_setting` names it (the default's does); a secret",
    ),
    named(
        "ARCADE_API_KEY_NEXT",
        "the credential that is to replace `ARCADE_API_KEY`; while both are set, the one that the engine accepts is used; a secret",
    ),
    overrides(
        "ARCADE_BASE_URL",
        "`base_url` of every engine whose credential is `ARCADE_API_KEY`; on Spin without any path",
        base_url,
    ),
    overrides("ARCADE_WORKSPACE_ID", "`project` (`org/project`) of those engines", workspace),
    overrides("ARCADE_TIMEOUT", "`execute.timeout`, in seconds; clamped to 55", timeout),
    overrides("ARCADE_MAX_RETRIES", "`execute.max_retries`; clamped to 3", max_retries),
    overrides("CACHE_TTL", "`cache.ttl`, in seconds", cache_ttl),
    overrides("CACHE_STRATEGY", "`cache.strategy`: `memory`, `hybrid` or `persistent`", cache_strategy),
    overrides("CACHE_EVICTION", "`cache.eviction`: `cost-aware` or `lru`", cache_eviction),
    overrides(
        "CACHE_MAX_MEMORY",
        "`cache.memory`; clamped to 48MiB, as an isolate has 128 MB for everything",
        cache_memory,
    ),
    overrides(
        "ROUTING_STRATEGY",
        "`routing.strategy`, and so the strategy of every route that has none of its own: `local-first`, `remote-first`, `performance`, `cost` or `hybrid`",
        routing_strategy,
    ),
    overrides(
        "LOCAL_EXECUTION_PRIORITY",
        "`routing.local_priority`: `0` to `0.99`, or a percentage such as `80%`",
        local_priority,
    ),
    overrides("REMOTE_EXECUTION_THRESHOLD", "`routing.remote_threshold`: a duration of at most 60s", remote_threshold),
    named("TOOLGATE_KEY_HASH_SECRET", "the secret under which `keys[].hash` were made; a secret"),
    named(
        "TOOLGATE_KEY_HASH_SECRET_PREVIOUS",
        "another secret under which hashes of keys verify too, while that secret is rotated; a secret",
    ),
    named("TOOLGATE_DEV_KEY", "the development caller's key, where the document names it; a secret"),
    named(
        "TOOLGATE_WORKER_SECRET",
        "the secret with which an engine signs its calls to `/worker/...`; unset, those routes are closed; a secret",
    ),
    without_effect("AUDIT_LOG_LEVEL", "no effect: each request leaves exactly one record, which cannot be turned off"),
    without_effect("REDIS_URL", "no effect here: Spin's `runtime-config.toml` puts the key-value store on Redis"),
    without_effect("ENCRYPTION_KEY", "no effect: the gateway stores no credential"),
    without_effect("SESSION_TIMEOUT", "no effect: the gateway holds no session"),
    without_effect("ENABLE_METRICS", "no effect: `/metrics` answers callers that hold `metrics/read`"),
    without_effect("METRICS_ENDPOINT", "no effect: metrics are scraped from `/metrics`"),
    without_effect("PROMETHEUS_ENABLED", "no effect: `/metrics` is in the Prometheus text format"),
];

/// Applies every present setting to the configuration.
pub(super) fn apply(config: &mut Config, values: &BTreeMap<String, String>, faults: &mut Vec<ConfigFault>) {
    for spec in SETTINGS {
        let Some(value) = values.get(spec.name) else {
            continue;
        };
        match spec.effect {
            SettingEffect::Named => {}
            SettingEffect::None => {
                config.notices.push(Notice { setting: spec.name, name: "setting_without_effect", message: spec.became })
            }
            SettingEffect::Override(set) => match set(config, value.trim()) {
                Ok(None) => {}
                Ok(Some(message)) => {
                    config.notices.push(Notice { setting: spec.name, name: "setting_clamped", message });
                }
                Err(message) => {
                    faults.push(ConfigFault { line: None, place: spec.name.to_owned(), message: message.to_owned() });
                }
            },
        }
    }
}

type SetResult = Result<Option<&'static str>, &'static str>;

fn base_url(config: &mut Config, value: &str) -> SetResult {
    let BaseUrl(url) =
        BaseUrl::new(value).ok_or("must be a URL such as https://api.arcade.dev, without user, query or fragment")?;
    // The path `/v1` belongs to the API, not to the base URL; people paste it anyway.
    let url = url.strip_suffix("/v1").unwrap_or(&url).to_owned();
    each_arcade(config, |upstream| upstream.base_url.clone_from(&url));
    Ok(None)
}

fn workspace(config: &mut Config, value: &str) -> SetResult {
    let project = Project::new(value).ok_or("must be org/project")?;
    each_arcade(config, |upstream| upstream.project = Some(project.clone()));
    Ok(None)
}

fn each_arcade(config: &mut Config, mut change: impl FnMut(&mut Upstream)) {
    for executor in Rc::make_mut(&mut config.executors) {
        let is_engine = executor.kind.has_engine_api();
        if let Some(upstream) = executor.upstream.as_mut().filter(|_| is_engine)
            && upstream.credential_setting == "ARCADE_API_KEY"
        {
            change(upstream);
        }
    }
}

/// Parses seconds as a bare number, as the seeds write them, or a duration with its unit.
fn seconds(value: &str) -> Option<Millis> {
    value.parse().ok().map(Millis::from_secs).or_else(|| duration(value)).filter(|span| *span > Millis::ZERO)
}

fn timeout(config: &mut Config, value: &str) -> SetResult {
    let asked = seconds(value).ok_or("must be a number of seconds above 0")?;
    config.execute.timeout = asked.min(limits::EXECUTE_TIMEOUT_MAX);
    let clamped = asked > limits::EXECUTE_TIMEOUT_MAX;
    Ok(clamped.then_some("clamped to 55 s: the SDKs give up at 60 s"))
}

fn max_retries(config: &mut Config, value: &str) -> SetResult {
    let asked: u32 = value.parse().map_err(|_| "must be a whole number, not negative")?;
    config.execute.max_retries = asked.min(limits::RETRIES_MAX);
    Ok((asked > limits::RETRIES_MAX).then_some("clamped to 3: the SDKs repeat what we repeat"))
}

fn cache_ttl(config: &mut Config, value: &str) -> SetResult {
    let asked = seconds(value).ok_or("must be a number of seconds above 0")?;
    Rc::make_mut(&mut config.cache).ttl = asked.min(limits::CACHE_TTL_MAX);
    Ok((asked > limits::CACHE_TTL_MAX).then_some("clamped to 30 days"))
}

fn cache_strategy(config: &mut Config, value: &str) -> SetResult {
    Rc::make_mut(&mut config.cache).strategy =
        CacheStrategy::parse(value).ok_or("must be off, memory, hybrid or persistent")?;
    Ok(None)
}

fn cache_eviction(config: &mut Config, value: &str) -> SetResult {
    Rc::make_mut(&mut config.cache).eviction = Eviction::parse(value).ok_or("must be cost-aware or lru")?;
    Ok(None)
}

fn cache_memory(config: &mut Config, value: &str) -> SetResult {
    let asked = bytes(value).ok_or("must be a size such as 16MiB")?.0;
    let asked = usize::try_from(asked).unwrap_or(usize::MAX);
    if asked < limits::CACHE_MEMORY_BYTES_MIN {
        return Err("must be at least 64KiB");
    }
    Rc::make_mut(&mut config.cache).memory_bytes = asked.min(limits::CACHE_MEMORY_BYTES_MAX);
    let clamped = asked > limits::CACHE_MEMORY_BYTES_MAX;
    Ok(clamped.then_some("clamped to 48MiB: an isolate has 128 MB for everything"))
}

fn routing_strategy(config: &mut Config, value: &str) -> SetResult {
    Rc::make_mut(&mut config.routing).strategy = match Strategy::parse(value) {
        Some(Strategy::Pinned) => return Err("pinned is only for a route: see routes[].strategy"),
        Some(Strategy::Weighted) => return Err("weighted is only for a route: see routes[].strategy"),
        Some(strategy) => strategy,
        None => return Err("must be local-first, remote-first, performance, cost or hybrid"),
    };
    Ok(None)
}

fn local_priority(config: &mut Config, value: &str) -> SetResult {
    let percent = percent(value).filter(|percent| u64::from(*percent) <= LOCAL_PRIORITY_MAX);
    Rc::make_mut(&mut config.routing).local_priority =
        percent.ok_or("must be from 0 to 0.99, or a percentage such as 80%")?;
    Ok(None)
}

/// Parses a share as the seeds write it (`0.8`), or a percentage (`80%`, or `80` as in the document), to percent. A
/// bare `1` could be either, and is neither.
fn percent(value: &str) -> Option<u8> {
    let whole =
        |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match (value.strip_suffix('%'), value.strip_prefix("0.")) {
        (Some(percent), _) => whole(percent),
        (None, Some(parts)) if (1..=2).contains(&parts.len()) => whole(&format!("{parts:0<2}")),
        (None, Some(_)) => None,
        (None, None) => whole(value).filter(|percent| *percent != 1),
    }
}

fn remote_threshold(config: &mut Config, value: &str) -> SetResult {
    let asked = duration(value).filter(|asked| *asked <= REMOTE_THRESHOLD_MAX);
    Rc::make_mut(&mut config.routing).remote_threshold =
        asked.ok_or("must be a duration such as 100ms, at most 60s")?;
    Ok(None)
}
