//! From the document and the host's settings to the [`Config`]: what one member alone cannot tell is checked here.

mod cache;
mod callers;
mod issuers;
mod policies;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use hmac_sha256::{HMAC, Hash};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Located, Value};
use super::faults::{ConfigFault, Faults};
use super::inputs;
use super::quantity::Bytes;
use super::rate;
use super::sections::{Document, ExecutorSection, KindChoice, LimitsSection};
use super::settings::{self, SETTINGS};
use super::words::{Label, SettingName};
use super::{
    Config, Credential, Credentials, EpochRules, Executor, ExecutorKind, RegistryRules, RequestLimits, Upstream,
};
use crate::identity::{KeyHasher, KeyHashers};
use crate::ports::Settings;
use crate::secret::Secret;
use crate::time::Millis;
use crate::{json, limits};

/// A configuration, and the secrets that other stages keep of the settings.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Hashes the keys that callers present.
    pub hashers: KeyHashers,
    /// The secret with which an engine signs its calls to our worker routes.
    pub worker_secret: Option<Secret>,
}

/// Reads `document` and the settings of the host. `random` keys the hashes when no hashing secret is set (then no hash can
/// stand in the document, and none needs to outlive the isolate).
///
/// # Errors
/// Every fault found, in the order of the document, settings last.
pub async fn load<S: Settings>(document: &str, host: &S, random: [u8; 32]) -> Result<Loaded, Vec<ConfigFault>> {
    let mut faults = Faults::new(document);
    let sections = read(document, &mut faults);
    let mut found = faults.into_found();
    let Some(sections) = sections else {
        return Err(found);
    };
    let mut values = BTreeMap::new();
    for name in setting_names(&sections) {
        if let Some(value) = host.get(&name).await {
            values.insert(name, value);
        }
    }
    let hashers = key_hashers(&values, &random, &mut found);
    let worker_secret = values.get("TOOLGATE_WORKER_SECRET").map(|secret| Secret::new(secret.as_str()));
    for (name, least) in SECRETS {
        if values.get(name).is_some_and(|value| value.len() < least) {
            let message = format!("must have at least {least} bytes: too easy to guess");
            found.push(ConfigFault { line: None, place: name.to_owned(), message });
        }
    }
    let mut builder = Builder { values: &values, hasher: hashers.current(), faults: &mut found };
    let mut config = builder.build(sections);
    settings::apply(&mut config, &values, &mut found);
    config.executors.iter_mut().for_each(set_accounts);
    if found.is_empty() { Ok(Loaded { config, hashers, worker_secret }) } else { Err(found) }
}

/// Secrets of ours, and their fewest bytes.
const SECRETS: [(&str, usize); 3] = [
    (HASH_SECRET, limits::HASH_SECRET_BYTES_MIN),
    (OTHER_HASH_SECRET, limits::HASH_SECRET_BYTES_MIN),
    ("TOOLGATE_WORKER_SECRET", limits::KEY_BYTES_MIN),
];

const HASH_SECRET: &str = "TOOLGATE_KEY_HASH_SECRET";
const OTHER_HASH_SECRET: &str = "TOOLGATE_KEY_HASH_SECRET_PREVIOUS";

/// What hashes keys: under the settings' secrets, or under a random one of this isolate.
fn key_hashers(values: &BTreeMap<String, String>, random: &[u8], found: &mut Vec<ConfigFault>) -> KeyHashers {
    let other = values.get(OTHER_HASH_SECRET);
    let Some(current) = values.get(HASH_SECRET) else {
        if other.is_some() {
            let message = "is set, and TOOLGATE_KEY_HASH_SECRET is not".to_owned();
            found.push(ConfigFault { line: None, place: OTHER_HASH_SECRET.to_owned(), message });
        }
        return KeyHashers::of_isolate(random);
    };
    KeyHashers::new(current.as_bytes(), other.map(|other| other.as_bytes()))
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
    let successors: Vec<String> = credentials.clone().map(successor_of).collect();
    let keys = sections.callers.iter().flat_map(|caller| &caller.value.keys);
    let credentials = credentials.chain(issuers::secret_settings(&sections.issuers));
    names.extend(
        credentials.chain(keys.filter_map(|key| key.value.setting.as_ref())).map(|SettingName(name)| name.clone()),
    );
    names.extend(successors);
    names
}

/// The setting that holds the credential that is to replace the one in this setting.
fn successor_of(SettingName(name): &SettingName) -> String {
    format!("{name}_NEXT")
}

/// The account behind each credential, as 16 bytes that tell nothing of it.
fn set_accounts(executor: &mut Executor) {
    if let ExecutorKind::Engine(upstream) | ExecutorKind::Worker(upstream) = &mut executor.kind {
        let base_url = upstream.base_url.as_bytes();
        for credential in upstream.credentials.each_mut() {
            let digest = HMAC::mac(base_url, Hash::hash(credential.primary().expose().as_bytes()));
            credential.account = digest.first_chunk().copied().unwrap_or_default();
        }
    }
}

struct Builder<'b> {
    values: &'b BTreeMap<String, String>,
    hasher: &'b KeyHasher,
    faults: &'b mut Vec<ConfigFault>,
}

impl Builder<'_> {
    fn build(&mut self, sections: Document) -> Config {
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
        // An issuer stands where a key does, in records and revocations.
        let issuer_ids = issuers.iter().map(|issuer| (issuer.value.id.as_str(), issuer.line));
        self.refuse_twins("callers[].keys", keys.map(|key| (key.value.id.as_str(), key.line)).chain(issuer_ids));
        self.refuse_twins("rate.limits", rate.limits.iter().map(|limit| (limit.value.id.as_str(), limit.line)));
        self.refuse_twins("policies", policies.iter().map(|policy| (policy.value.id.as_str(), policy.line)));
        let roles = roles.into_iter().map(|role| callers::role_grant(role.value)).collect();
        let execute = routes::execute_rules(&execute);
        let limits = request_limits(&limits);
        let known: Vec<_> = executors.iter().map(|executor| executor.value.id.clone()).collect();
        let offered: Vec<_> = executors.iter().flat_map(|executor| executor.value.tools.iter().cloned()).collect();
        Config {
            limits,
            epochs: EpochRules { lease: epochs.lease, fail_mode: epochs.fail_mode },
            executors: executors.into_iter().map(|section| self.executor(section, execute.timeout)).collect(),
            registry: RegistryRules { refresh: registry.refresh, conflicts: registry.conflicts },
            callers: self.callers(callers, &roles),
            issuers: self.issuers(issuers, &roles),
            roles,
            rate: rate::rules(rate, self.faults),
            inputs: inputs::build(inputs, self.faults),
            policies: self.policies(&policies),
            country_header: policy.country_header,
            cache: self.cache(cache, &offered, limits.json),
            routing: self.routing(routing, routes, &known, limits.json),
            breaker: routes::breaker_rules(&breaker),
            execute,
            cors_origins: cors.origins,
            notices: Vec::new(),
        }
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

    fn credential(&self, setting: &SettingName) -> Option<Credential> {
        let value = |name: &str| self.values.get(name).map(|value| Secret::new(value.as_str()));
        Some(Credential::new(setting.0.clone(), value(&setting.0)?, value(&successor_of(setting))))
    }

    // Not inlined, as what reads a section is not: see `document!`.
    #[inline(never)]
    fn executor(&mut self, Located { value: section, line }: Located<ExecutorSection>, most: Millis) -> Executor {
        let place = format!("executors.{}", section.id);
        let is_local = section.kind == KindChoice::Local;
        let has_credential = section.credential_setting.is_some() || !section.credentials.is_empty();
        if is_local && (section.base_url.is_some() || has_credential) {
            self.fault(line, &place, "a local executor has neither base_url nor credential_setting nor credentials");
        }
        if section.project.is_some() && section.kind != KindChoice::Engine {
            self.fault(line, &place, "only an engine has a project");
        }
        if !is_local && (section.base_url.is_none() || !has_credential) {
            let message = format!(
                "an executor of kind {} needs base_url and credential_setting (or credentials)",
                section.kind.as_str()
            );
            self.fault(line, &place, &message);
        }
        let mut credentials = Credentials {
            general: section.credential_setting.as_ref().and_then(|setting| self.credential(setting)),
            ..Credentials::default()
        };
        for own in &section.credentials {
            let is_twin = credentials.tenants.insert(own.tenant.clone(), self.credential(&own.setting)).is_some();
            if is_twin {
                self.fault(line, &format!("{place}.credentials"), &format!("{} stands there twice", own.tenant));
            }
        }
        let credential_setting = section.credential_setting.map(|SettingName(name)| name).unwrap_or_default();
        let upstream = Upstream {
            base_url: section.base_url.map(|url| url.0).unwrap_or_default(),
            credential_setting,
            credentials,
            project: section.project,
        };
        let kind = match section.kind {
            KindChoice::Local => ExecutorKind::Local,
            KindChoice::Engine => ExecutorKind::Engine(upstream),
            KindChoice::Worker => ExecutorKind::Worker(upstream),
        };
        Executor {
            kind,
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
