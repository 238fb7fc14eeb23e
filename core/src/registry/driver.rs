//! Keeps the registries of an isolate: fetched when first needed, refreshed in the background, the last good list kept.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::catalogue::{self, CATALOGUE_LIMITS, Tool};
use super::discover::discover;
use super::{Offer, Registry};
use crate::config::{Executor, ExecutorKind};
use crate::hex;
use crate::isolate::{Isolate, Running};
use crate::json::{self, Json, write_json};
use crate::limits;
use crate::names::{Project, UserId};
use crate::ports::{Kv, Platform};
use crate::refusal::RefusalKind;
use crate::time::Timestamp;

/// The registries that an isolate holds, one for each project addressed.
#[derive(Debug, Default)]
pub struct Registries(RefCell<BTreeMap<Option<Project>, Entry>>);

#[derive(Clone, Debug)]
struct Entry {
    current: Rc<Current>,
    /// Until when nothing need be fetched.
    fresh_until: Timestamp,
    /// A refresh is under way; another may start after this.
    refreshing_until: Option<Timestamp>,
}

/// A registry and where its tools came from.
#[derive(Debug, Default)]
pub struct Current {
    /// Every tool.
    pub registry: Registry,
    /// What each executor gave, in the order of the configuration.
    pub sources: Vec<SourceState>,
}

impl Current {
    /// Whether an executor's tools are not known at all: a name that is not found may still exist.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.sources.iter().any(|source| source.tools.is_none() && source.fault.is_some())
    }
}

/// What one executor gave.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    /// Its tools by the last good list; `None` when there never was one.
    pub tools: Option<Vec<Rc<Tool>>>,
    /// When that list was fetched.
    pub fetched_at: Timestamp,
    /// Why the last attempt failed, and since when there is a fault.
    pub fault: Option<(RefusalKind, Timestamp)>,
}

/// The registry for `project`, now. Waits for I/O only when this isolate has none yet.
pub async fn current<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Running,
    project: Option<&Project>,
) -> Rc<Current> {
    let now = platform.now();
    let known = running.registries.0.borrow().get(&project.cloned()).cloned();
    match known {
        Some(entry) if now < entry.fresh_until => entry.current,
        Some(entry) => {
            if entry.refreshing_until.is_none_or(|until| now >= until) {
                set_refreshing(running, project, now);
                let (platform_, isolate_, project_) = (platform.clone(), Rc::clone(isolate), project.cloned());
                platform.spawn(async move {
                    if let Ok(running) = isolate_.running() {
                        refresh(&platform_, running, project_.as_ref(), Reach::StoreFirst).await;
                    }
                });
            }
            entry.current
        }
        None => refresh(platform, running, project, Reach::StoreFirst).await,
    }
}

/// Fetches every list anew: the scheduled job.
pub async fn refresh_all<P: Platform>(platform: &P, running: &Running) {
    refresh(platform, running, None, Reach::ExecutorOnly).await;
}

/// The tools of one engine as one user sees them; never kept.
///
/// # Errors
/// Why the engine's list could not be had.
pub async fn for_user<P: Platform>(
    platform: &P,
    executor: (usize, &Executor),
    project: Option<&Project>,
    user: &UserId,
) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    discover(platform, executor.1, executor.0, project, Some(user)).await
}

/// Where a refresh may take a list from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// From the store while its list is fresh: another isolate may have fetched it.
    StoreFirst,
    /// From the executor.
    ExecutorOnly,
}

fn set_refreshing(running: &Running, project: Option<&Project>, now: Timestamp) {
    if let Some(entry) = running.registries.0.borrow_mut().get_mut(&project.cloned()) {
        entry.refreshing_until = Some(now.after(limits::CATALOGUE_TIMEOUT));
    }
}

async fn refresh<P: Platform>(platform: &P, running: &Running, project: Option<&Project>, reach: Reach) -> Rc<Current> {
    let config = &running.config;
    let before = running.registries.0.borrow().get(&project.cloned()).map(|entry| Rc::clone(&entry.current));
    let mut sources = Vec::with_capacity(config.executors.len());
    for (index, executor) in config.executors.iter().enumerate() {
        let known = before.as_ref().and_then(|before| before.sources.get(index)).cloned().unwrap_or_default();
        sources.push(source(platform, running, project, index, executor, known, reach).await);
    }
    let offers: Vec<Offer> = sources
        .iter()
        .enumerate()
        .map(|(executor, source)| Offer { executor, tools: source.tools.clone().unwrap_or_default() })
        .collect();
    let registry = Registry::build(&offers, &config.executors, config.registry.conflicts);
    let now = platform.now();
    let is_whole = sources.iter().all(|source| source.fault.is_none());
    let fresh_until = now.after(if is_whole { config.registry.refresh } else { limits::CATALOGUE_RETRY });
    let current = Rc::new(Current { registry, sources });
    let entry = Entry { current: Rc::clone(&current), fresh_until, refreshing_until: None };
    let mut registries = running.registries.0.borrow_mut();
    if registries.len() >= limits::REGISTRIES && !registries.contains_key(&project.cloned()) {
        // Projects beyond the bound push out another; the unscoped registry stays.
        registries.retain(|known, _| known.is_none());
    }
    registries.insert(project.cloned(), entry);
    current
}

async fn source<P: Platform>(
    platform: &P,
    running: &Running,
    project: Option<&Project>,
    index: usize,
    executor: &Executor,
    known: SourceState,
    reach: Reach,
) -> SourceState {
    let now = platform.now();
    let account = match &executor.kind {
        ExecutorKind::Local if known.tools.is_some() => return known,
        ExecutorKind::Local => {
            return SourceState { tools: Some(catalogue::of_local(index)), fetched_at: now, fault: None };
        }
        ExecutorKind::Worker(_) if project.is_some() => {
            return SourceState { tools: Some(Vec::new()), ..known };
        }
        ExecutorKind::Engine(upstream) | ExecutorKind::Worker(upstream) => upstream.account,
    };
    if executor.is_inactive() {
        // Not a fault: nothing was promised. `/health/ready` names it.
        return SourceState { tools: Some(Vec::new()), ..known };
    }
    let key = store_key(executor, &account, project);
    let stored = if reach == Reach::StoreFirst || known.tools.is_none() {
        stored_list(platform, &key, index).await
    } else {
        None
    };
    if let (Some((tools, fetched_at)), Reach::StoreFirst) = (&stored, reach)
        && now.since(*fetched_at) < running.config.registry.refresh
    {
        return SourceState { tools: Some(tools.clone()), fetched_at: *fetched_at, fault: None };
    }
    match discover(platform, executor, index, project, None).await {
        Ok(tools) => {
            let fetched_at = platform.now();
            let ttl = limits::CATALOGUE_KEPT;
            // A lost write costs one more fetch by another isolate.
            let _lost = Kv::put(platform, &key, list_to_store(&tools, fetched_at), ttl).await;
            SourceState { tools: Some(tools), fetched_at, fault: None }
        }
        Err(kind) => {
            tracing::warn!(executor = executor.id.as_str(), name = kind.name(), "tools_not_fetched");
            let since = known.fault.map_or(now, |(_, since)| since);
            let (tools, fetched_at) = match (known.tools, stored) {
                (Some(tools), _) => (Some(tools), known.fetched_at),
                (None, Some((tools, fetched_at))) => (Some(tools), fetched_at),
                (None, None) => (None, Timestamp::default()),
            };
            SourceState { tools, fetched_at, fault: Some((kind, since)) }
        }
    }
}

fn store_key(executor: &Executor, account: &[u8; 16], project: Option<&Project>) -> String {
    let project = project.map_or("-", Project::as_str);
    format!("catalogue/1/{}/{}/{project}", executor.id, hex::encode(account))
}

/// `{"fetched_at":ms,"tools":[definition, ...]}`
fn list_to_store(tools: &[Rc<Tool>], fetched_at: Timestamp) -> Vec<u8> {
    let mut out = format!("{{\"fetched_at\":{},\"tools\":[", fetched_at.as_millis()).into_bytes();
    for (index, tool) in tools.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(&mut out, &tool.definition);
    }
    out.extend_from_slice(b"]}");
    out
}

async fn stored_list<P: Platform>(platform: &P, key: &str, index: usize) -> Option<(Vec<Rc<Tool>>, Timestamp)> {
    let bytes = Kv::get(platform, key).await.ok()??;
    let stored = json::parse(&bytes, CATALOGUE_LIMITS).ok()?;
    let Json::Number(fetched_at) = stored.get("fetched_at")? else {
        return None;
    };
    let fetched_at = Timestamp::from_millis(u64::try_from(fetched_at.as_i64()?).ok()?);
    let tools = stored.get("tools")?.as_array()?.iter().cloned();
    let tools = tools.filter_map(|item| catalogue::of_engine_definition(item, index)).map(Rc::new).collect();
    Some((tools, fetched_at))
}
