//! Keeps the registries of an isolate: fetched when first needed, refreshed in the background, with the last good list
//! as the fallback.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Offer, Registry, RegistryRules};
use crate::backends::{Executor, Listing, Rotations, list, list_one};
use crate::model::route::RoutingRules;
use crate::model::tool::{self, CATALOGUE_LIMITS, Tool};
use crate::ports::{Kv, Platform};
use crate::words::futures::join_all;
use crate::words::json::{self, Json, ObjectWriter, write_array, write_json};
use crate::words::names::{Project, TenantId, UserId};
use crate::words::refusal::RefusalKind;
use crate::words::time::{Millis, Timestamp};
use crate::words::{hex, limits};

/// Holds the registries of an isolate, one for each addressed project, and the rules they are built by.
#[derive(Debug)]
pub struct Catalog {
    executors: Rc<[Executor]>,
    rules: RegistryRules,
    routing: Rc<RoutingRules>,
    rotations: Rc<Rotations>,
    registries: RefCell<BTreeMap<Option<Project>, RegistryEntry>>,
}

#[derive(Clone, Debug)]
struct RegistryEntry {
    current: Rc<Current>,
    /// The time until which the registry is fresh.
    fresh_until: Timestamp,
    /// The end of the refresh under way; another may start after it.
    refreshing_until: Option<Timestamp>,
}

/// Holds a registry, and the sources of its tools.
#[derive(Debug, Default)]
pub struct Current {
    /// Every tool.
    pub registry: Registry,
    /// The source of each executor, in the order of the configuration.
    pub sources: Vec<SourceState>,
}

impl Current {
    /// Returns whether some executor's tools are unknown: a name that is not found may still exist.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.sources.iter().any(|source| source.tools.is_none() && source.fault.is_some())
    }
}

/// Holds the state of one executor's list.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    /// The tools of the last good list; `None` when there never was one.
    pub tools: Option<Vec<Rc<Tool>>>,
    /// The time of that list's fetch.
    pub fetched_at: Timestamp,
    /// The fault of the last attempt, and the time since which there has been one.
    pub fault: Option<(RefusalKind, Timestamp)>,
    /// True when the list is fetched over the network.
    pub is_remote: bool,
}

impl Catalog {
    /// Makes a catalogue without a registry: it is fetched when first needed.
    #[must_use]
    pub fn new(
        executors: Rc<[Executor]>,
        rules: RegistryRules,
        routing: Rc<RoutingRules>,
        rotations: Rc<Rotations>,
    ) -> Self {
        Self { executors, rules, routing, rotations, registries: RefCell::default() }
    }

    /// Returns the registry of this project without waiting: `None` when this isolate has none yet. A stale one is
    /// refreshed in the background.
    pub fn at_hand<P: Platform>(self: &Rc<Self>, platform: &P, project: Option<&Project>) -> Option<Rc<Current>> {
        let known = self.registries.borrow().get(&project.cloned()).cloned()?;
        if platform.now() >= known.fresh_until {
            self.refresh_soon(platform, project);
        }
        Some(known.current)
    }

    /// Fetches the registry for an isolate that has none yet: from the store whatever its age, else from the executors,
    /// with little time, as a caller waits. Stale and missing lists are refreshed in the background.
    pub async fn fetch<P: Platform>(self: &Rc<Self>, platform: &P, project: Option<&Project>) -> Rc<Current> {
        let current = self.refresh(platform, project, RefreshSource::StoreOfAnyAge).await;
        let is_stale = |source: &SourceState| {
            source.is_remote
                && (source.fault.is_some() || platform.now().since(source.fetched_at) >= self.rules.refresh)
        };
        if current.sources.iter().any(is_stale) {
            self.refresh_soon(platform, project);
        }
        current
    }

    fn refresh_soon<P: Platform>(self: &Rc<Self>, platform: &P, project: Option<&Project>) {
        let now = platform.now();
        if let Some(entry) = self.registries.borrow_mut().get_mut(&project.cloned()) {
            if entry.refreshing_until.is_some_and(|until| now < until) {
                return;
            }
            entry.refreshing_until = Some(now.after(limits::CATALOGUE_TIMEOUT));
        }
        let (platform_, catalog, project) = (platform.clone(), Rc::clone(self), project.cloned());
        platform.spawn(async move {
            catalog.refresh(&platform_, project.as_ref(), RefreshSource::StoreFirst).await;
        });
    }

    /// Refreshes every list: the scheduled job.
    pub async fn refresh_all<P: Platform>(&self, platform: &P) {
        self.refresh(platform, None, RefreshSource::ExecutorOnly).await;
    }

    async fn refresh<P: Platform>(&self, platform: &P, project: Option<&Project>, reach: RefreshSource) -> Rc<Current> {
        let before = self.registries.borrow().get(&project.cloned()).map(|entry| Rc::clone(&entry.current));
        // All at once: one that hangs costs its own time and nobody else's.
        let asking = self.executors.iter().enumerate().map(|(index, executor)| {
            let known = before.as_ref().and_then(|before| before.sources.get(index)).cloned().unwrap_or_default();
            self.source(platform, project, index, executor, known, reach)
        });
        let sources = join_all(asking).await;
        let offers: Vec<Offer> = sources
            .iter()
            .enumerate()
            .map(|(executor, source)| Offer { executor, tools: source.tools.clone().unwrap_or_default() })
            .collect();
        let registry = Registry::build(&offers, &self.executors, self.rules.conflicts, &self.routing);
        let now = platform.now();
        // A list from the store has the age of its fetch.
        let remote = sources.iter().filter(|source| source.is_remote);
        let fresh_until = remote
            .map(|source| match source.fault {
                None => source.fetched_at.after(self.rules.refresh),
                Some(_) => now.after(limits::CATALOGUE_RETRY),
            })
            .min()
            .unwrap_or_else(|| now.after(self.rules.refresh));
        let current = Rc::new(Current { registry, sources });
        let entry = RegistryEntry { current: Rc::clone(&current), fresh_until, refreshing_until: None };
        let mut registries = self.registries.borrow_mut();
        if registries.len() >= limits::REGISTRIES && !registries.contains_key(&project.cloned()) {
            // Projects beyond the bound evict another; the unscoped registry stays.
            registries.retain(|known, _| known.is_none());
        }
        registries.insert(project.cloned(), entry);
        current
    }

    /// Fetches the tools of one engine as one user sees them, or `only` one of them; never stored.
    ///
    /// # Errors
    /// The reason for which the engine's list could not be fetched.
    pub async fn for_user<P: Platform>(
        &self,
        platform: &P,
        index: usize,
        project: Option<&Project>,
        tenant: &TenantId,
        user: &UserId,
        only: Option<&Tool>,
    ) -> Result<Vec<Rc<Tool>>, RefusalKind> {
        let executor = self.executors.get(index).ok_or(RefusalKind::ExecutorInactive)?;
        let (user, within) = (Some((tenant, user)), limits::CATALOGUE_TIMEOUT);
        let listing = Listing { platform, rotations: &self.rotations, executor, index, project, user, within };
        match (only, executor.engine()) {
            (Some(tool), Some(_)) => list_one(&listing, tool).await.map(|tool| vec![tool]),
            _ => list(&listing).await,
        }
    }

    async fn source<P: Platform>(
        &self,
        platform: &P,
        project: Option<&Project>,
        index: usize,
        executor: &Executor,
        known: SourceState,
        reach: RefreshSource,
    ) -> SourceState {
        let now = platform.now();
        let rotations = self.rotations.as_ref();
        let listing = |within| Listing { platform, rotations, executor, index, project, user: None, within };
        if !executor.kind.is_remote() {
            if known.tools.is_some() {
                return known;
            }
            let tools = list(&listing(Millis::ZERO)).await.ok();
            return SourceState { tools, fetched_at: now, ..SourceState::default() };
        }
        if project.is_some() && !executor.kind.has_engine_api() {
            return SourceState { tools: Some(Vec::new()), ..known };
        }
        if executor.is_inactive() {
            // Not a fault: nothing was promised. `/health/ready` names it.
            return SourceState { tools: Some(Vec::new()), ..known };
        }
        let known = SourceState { is_remote: true, ..known };
        let key = store_key(executor, executor.account_of_discovery(), project);
        let stored = if reach != RefreshSource::ExecutorOnly || known.tools.is_none() {
            stored_list(platform, &key, index).await
        } else {
            None
        };
        let good_enough = |fetched_at: Timestamp| match reach {
            RefreshSource::StoreOfAnyAge => true,
            RefreshSource::StoreFirst => now.since(fetched_at) < self.rules.refresh,
            RefreshSource::ExecutorOnly => false,
        };
        if let Some((tools, fetched_at)) = stored.as_ref().filter(|(_, fetched_at)| good_enough(*fetched_at)) {
            return SourceState { tools: Some(tools.clone()), fetched_at: *fetched_at, fault: None, is_remote: true };
        }
        let within = if reach == RefreshSource::StoreOfAnyAge {
            limits::CATALOGUE_TIMEOUT_COLD
        } else {
            limits::CATALOGUE_TIMEOUT
        };
        match list(&listing(within)).await {
            Ok(tools) => {
                let fetched_at = platform.now();
                let ttl = limits::CATALOGUE_KEPT;
                // A lost write costs one more fetch by another isolate.
                let _lost = Kv::put(platform, &key, list_to_store(&tools, fetched_at), ttl).await;
                SourceState { tools: Some(tools), fetched_at, fault: None, is_remote: true }
            }
            Err(kind) => {
                tracing::warn!(executor = executor.id.as_str(), name = kind.name(), "tools_not_fetched");
                let since = known.fault.map_or(now, |(_, since)| since);
                let (tools, fetched_at) = match (known.tools, stored) {
                    (Some(tools), _) => (Some(tools), known.fetched_at),
                    (None, Some((tools, fetched_at))) => (Some(tools), fetched_at),
                    (None, None) => (None, Timestamp::default()),
                };
                SourceState { tools, fetched_at, fault: Some((kind, since)), is_remote: true }
            }
        }
    }
}

/// Names the sources that a refresh may use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RefreshSource {
    /// The store, at any age, as long as it has a list; else the executor.
    StoreOfAnyAge,
    /// The store while its list is fresh (another isolate may have fetched it); else the executor.
    StoreFirst,
    /// The executor only.
    ExecutorOnly,
}

fn store_key(executor: &Executor, account: &[u8; 16], project: Option<&Project>) -> String {
    let project = project.map_or("-", Project::as_str);
    format!("catalogue/1/{}/{}/{project}", executor.id, hex::encode(account))
}

/// Writes `{"fetched_at":ms,"tools":[definition, ...]}`.
fn list_to_store(tools: &[Rc<Tool>], fetched_at: Timestamp) -> Vec<u8> {
    let mut out = ObjectWriter::new();
    out.number("fetched_at", fetched_at.as_millis());
    write_array(out.value("tools"), tools, |out, tool| write_json(out, tool.definition()));
    out.end()
}

async fn stored_list<P: Platform>(platform: &P, key: &str, index: usize) -> Option<(Vec<Rc<Tool>>, Timestamp)> {
    let bytes = Kv::get(platform, key).await.ok()??;
    let stored = json::parse(&bytes, CATALOGUE_LIMITS).ok()?;
    let Json::Number(fetched_at) = stored.get("fetched_at")? else {
        return None;
    };
    let fetched_at = Timestamp::from_millis(u64::try_from(fetched_at.as_i64()?).ok()?);
    let tools = stored.get("tools")?.as_array()?.iter().cloned();
    let tools = tools.filter_map(|item| tool::of_engine_definition(item, index)).map(Rc::new).collect();
    Some((tools, fetched_at))
}
