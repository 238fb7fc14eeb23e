//! Builds the [`Config`] from the document: the checks that need more than one member are made here.

mod cache;
mod callers;
mod issuers;
mod policies;
mod routes;

use std::collections::BTreeSet;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{DocumentValue, Located};
use super::faults::{ConfigFault, Faults};
use super::prepared::{Prepared, Unset, UnsetCredential, UnsetKey, successor_of};
use super::quantity::Bytes;
use super::sections::{Document, ExecutorSection, LimitsSection};
use super::settings::SETTINGS;
use super::words::{Label, SettingName};
use super::{Config, inputs, rate};
use crate::access::epochs::EpochRules;
use crate::backends::{Executor, Upstream};
use crate::catalog::RegistryRules;
use crate::model::credential::Credentials;
use crate::model::request::RequestLimits;
use crate::words::time::Millis;
use crate::words::{json, limits};

impl Prepared {
    /// Reads a document.
    #[must_use]
    pub fn read(document: &str) -> Self {
        let mut faults = Faults::new(document);
        let sections = read(document, &mut faults);
        let mut found = faults.into_found();
        let Some(sections) = sections else {
            return Self::new(BTreeSet::new(), None, found);
        };
        let names = setting_names(&sections);
        let unset = ConfigBuilder { faults: &mut found, keys: Vec::new(), credentials: Vec::new() }.build(sections);
        Self::new(names, Some(unset), found)
    }
}

fn read(document: &str, faults: &mut Faults<'_>) -> Option<Document> {
    let (root, errors) = DeTable::parse_recoverable(document);
    if !errors.is_empty() {
        for error in errors {
            faults.note(error.span().unwrap_or_default(), error.message());
        }
        return None;
    }
    let span = root.span();
    Document::read(&Spanned::new(span, DeValue::Table(root.into_inner())), faults)
}

fn setting_names(sections: &Document) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = SETTINGS.iter().map(|spec| spec.name.to_owned()).collect();
    let credentials = sections.executors.iter().flat_map(|executor| {
        let own = executor.value.credentials.iter().map(|own| &own.setting);
        executor.value.credential_setting.iter().chain(own)
    });
    let successors: Vec<String> = credentials.clone().map(|SettingName(name)| successor_of(name)).collect();
    let keys = sections.callers.iter().flat_map(|caller| &caller.value.keys);
    let credentials = credentials.chain(issuers::secret_settings(&sections.issuers));
    names.extend(
        credentials.chain(keys.filter_map(|key| key.value.setting.as_ref())).map(|SettingName(name)| name.clone()),
    );
    names.extend(successors);
    names
}

struct ConfigBuilder<'b> {
    faults: &'b mut Vec<ConfigFault>,
    /// The keys of each caller.
    keys: Vec<Vec<UnsetKey>>,
    credentials: Vec<UnsetCredential>,
}

impl ConfigBuilder<'_> {
    fn build(mut self, sections: Document) -> Unset {
        let Document {
            limits,
            epochs,
            executors,
            registry,
            roles,
            callers,
            issuers,
            rate,
            inputs,
            policies,
            policy,
            cache,
            routing,
            routes,
            breaker,
            execute,
            cors,
        } = sections;
        self.refuse_twins("executors", executors.iter().map(|executor| (executor.value.id.as_str(), executor.line)));
        self.refuse_twins("roles", roles.iter().map(|role| (role.value.id.as_str(), role.line)));
        self.refuse_twins("callers", callers.iter().map(|caller| (caller.value.id.as_str(), caller.line)));
        let keys = callers.iter().flat_map(|caller| &caller.value.keys);
        // An issuer takes the place of a key, in records and revocations.
        let issuer_ids = issuers.iter().map(|issuer| (issuer.value.id.as_str(), issuer.line));
        self.refuse_twins("callers[].keys", keys.map(|key| (key.value.id.as_str(), key.line)).chain(issuer_ids));
        self.refuse_twins("rate.limits", rate.limits.iter().map(|limit| (limit.value.id.as_str(), limit.line)));
        self.refuse_twins("policies", policies.iter().map(|policy| (policy.value.id.as_str(), policy.line)));
        let roles = roles.into_iter().map(|role| callers::role_grant(role.value)).collect();
        let execute = routes::execute_rules(&execute);
        let limits = request_limits(&limits);
        let known: Vec<_> = executors.iter().map(|executor| executor.value.id.clone()).collect();
        let offered: Vec<_> = executors.iter().flat_map(|executor| executor.value.tools.iter().cloned()).collect();
        let config = Config {
            limits,
            epochs: EpochRules { lease: epochs.lease, fail_mode: epochs.fail_mode },
            executors: self.executors(executors, execute.timeout).into(),
            registry: RegistryRules { refresh: registry.refresh, conflicts: registry.conflicts },
            callers: self.callers(callers, &roles),
            issuers: self.issuers(issuers, &roles).into(),
            roles: Rc::new(roles),
            rate: Rc::new(rate::rules(rate, self.faults)),
            inputs: inputs::build(inputs, self.faults),
            policies: Rc::new(self.policies(&policies)),
            country_header: policy.country_header,
            cache: Rc::new(self.cache(cache, &offered, limits.json)),
            routing: Rc::new(self.routing(routing, routes, &known, limits.json)),
            breaker: routes::breaker_rules(&breaker),
            execute,
            cors_origins: cors.origins,
            notices: Vec::new(),
        };
        Unset { config, keys: self.keys, credentials: self.credentials }
    }

    fn fault(&mut self, line: usize, place: &str, message: &str) {
        self.faults.push(ConfigFault { line: Some(line), place: place.to_owned(), message: message.to_owned() });
    }

    fn refuse_twins<'i>(&mut self, place: &str, ids: impl Iterator<Item = (&'i str, usize)>) {
        let mut seen = BTreeSet::new();
        for (id, line) in ids {
            if !seen.insert(id) {
                self.fault(line, &format!("{place}.id"), &format!("{id} is taken: ids must differ"));
            }
        }
    }

    fn executors(&mut self, sections: Vec<Located<ExecutorSection>>, most: Millis) -> Vec<Executor> {
        sections.into_iter().enumerate().map(|(place, section)| self.executor(place, section, most)).collect()
    }

    // Not inlined, as no reader of a section is: see `document!`.
    #[inline(never)]
    fn executor(
        &mut self,
        executor: usize,
        Located { value: section, line }: Located<ExecutorSection>,
        most: Millis,
    ) -> Executor {
        let place = format!("executors.{}", section.id);
        let is_local = !section.kind.is_remote();
        let has_credential = section.credential_setting.is_some() || !section.credentials.is_empty();
        if is_local && (section.base_url.is_some() || has_credential) {
            self.fault(line, &place, "a local executor has neither base_url nor credential_setting nor credentials");
        }
        if section.project.is_some() && !section.kind.has_engine_api() {
            self.fault(line, &place, "only an engine has a project");
        }
        if !is_local && (section.base_url.is_none() || !has_credential) {
            let message = format!(
                "an executor of kind {} needs base_url and credential_setting (or credentials)",
                section.kind.as_str()
            );
            self.fault(line, &place, &message);
        }
        let mut of_tenants = BTreeSet::new();
        for own in &section.credentials {
            if !of_tenants.insert(own.tenant.clone()) {
                self.fault(line, &format!("{place}.credentials"), &format!("{} stands there twice", own.tenant));
            }
        }
        let general = section.credential_setting.iter().map(|setting| (None, setting.0.clone()));
        let own = section.credentials.into_iter().map(|own| (Some(own.tenant), own.setting.0));
        let unset = general.chain(own).map(|(tenant, setting)| UnsetCredential { executor, tenant, setting });
        self.credentials.extend(unset);
        let credential_setting = section.credential_setting.map(|SettingName(name)| name).unwrap_or_default();
        let upstream = Upstream {
            base_url: section.base_url.map(|url| url.0).unwrap_or_default(),
            credential_setting,
            credentials: Credentials::default(),
            project: section.project,
        };
        Executor {
            kind: section.kind,
            upstream: (!is_local).then_some(upstream),
            tools: section.tools,
            timeout: section.timeout.unwrap_or(most).min(most),
            cost: section.cost,
            region: section.region.map(|Label(region)| region),
            capabilities: self.capabilities(section.capabilities, limits::EXECUTOR_CAPABILITIES, line, &place),
            concurrency: self.concurrency(section.concurrency.as_ref(), section.kind, &place),
            id: section.id,
        }
    }
}

fn request_limits(limits: &LimitsSection) -> RequestLimits {
    let json = json::Limits {
        depth: count(limits.json_depth),
        values: count(limits.json_values),
        string_bytes: size(limits.string_bytes),
        number_bytes: limits::NUMBER_BYTES,
    };
    RequestLimits { body_bytes: size(limits.body_bytes), json, long_poll: limits.long_poll }
}

fn size(Bytes(bytes): Bytes) -> usize {
    count(bytes)
}

fn count(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
