//! A document read before the host's settings are known: all of the configuration that is the same on every start. The
//! Worker's build reads its document once, so that no isolate does.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::faults::ConfigFault;
use super::{Config, settings};
use crate::access::identity::rules::TokenCheck;
use crate::access::identity::{KeyHasher, KeyHashers};
use crate::backends::{Executor, number_credentials};
use crate::model::caller::CallerKey;
use crate::model::credential::Credential;
use crate::ports::Settings;
use crate::words::limits;
use crate::words::names::{KeyId, TenantId};
use crate::words::secret::Secret;

/// A document that was read, with its faults. The default stands for no document: no configuration, and no faults.
#[derive(Debug, Default)]
pub struct Prepared {
    names: Rc<BTreeSet<String>>,
    unset: Option<Unset>,
    faults: Vec<ConfigFault>,
}

/// A configuration without the values of settings, and their destinations.
#[derive(Debug)]
pub(super) struct Unset {
    pub(super) config: Config,
    /// The keys of each caller, in the callers' order.
    pub(super) keys: Vec<Vec<UnsetKey>>,
    pub(super) credentials: Vec<UnsetCredential>,
}

/// A key that the document names.
#[derive(Debug)]
pub(super) struct UnsetKey {
    pub(super) id: KeyId,
    pub(super) line: usize,
    pub(super) at: KeyAt,
}

/// Names the source of a key.
#[derive(Debug)]
pub(super) enum KeyAt {
    /// The document, as the key's hash.
    Hash([u8; 32]),
    /// This setting, as the key's text.
    Setting(String),
}

/// The destination of an upstream's credential.
#[derive(Debug)]
pub(super) struct UnsetCredential {
    /// The executor's index.
    pub(super) executor: usize,
    /// The tenant whose calls use it; `None` for every tenant without its own.
    pub(super) tenant: Option<TenantId>,
    pub(super) setting: String,
}

/// A configuration, and the secrets that other stages take from the settings.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The hashers of presented keys.
    pub hashers: KeyHashers,
    /// The secret for an engine's signature on calls to the worker routes.
    pub worker_secret: Option<Secret>,
}

/// The values of the settings that are set.
pub type Values = BTreeMap<String, String>;

/// Reads `document` and the settings of the host. `random` keys the hashes when no hashing secret is set: then no hash
/// can stand in the document, and none needs to outlive the isolate.
///
/// # Errors
/// Every fault found, in the order of the document, settings last.
pub async fn load<S: Settings>(document: &str, host: &S, random: [u8; 32]) -> Result<Loaded, Vec<ConfigFault>> {
    let prepared = Prepared::read(document);
    let values = ask(&prepared.setting_names(), host).await;
    prepared.with(&values, random)
}

/// Returns the values of these settings, as far as the host has them.
pub async fn ask<S: Settings>(names: &BTreeSet<String>, host: &S) -> Values {
    let mut values = BTreeMap::new();
    for name in names {
        if let Some(value) = host.get(name).await {
            values.insert(name.clone(), value);
        }
    }
    values
}

impl Prepared {
    pub(super) fn new(names: BTreeSet<String>, unset: Option<Unset>, faults: Vec<ConfigFault>) -> Self {
        Self { names: Rc::new(names), unset, faults }
    }

    /// Returns the settings that the document refers to.
    #[must_use]
    pub fn setting_names(&self) -> Rc<BTreeSet<String>> {
        Rc::clone(&self.names)
    }

    /// Builds the configuration from the document and these settings.
    ///
    /// # Errors
    /// The faults of both; of an unreadable document, only its own.
    pub(crate) fn with(self, values: &Values, random: [u8; 32]) -> Result<Loaded, Vec<ConfigFault>> {
        let mut found = self.faults;
        let Some(Unset { mut config, keys, credentials }) = self.unset else {
            return Err(found);
        };
        let hashers = key_hashers(values, &random, &mut found);
        let worker_secret = secret(values, "TOOLGATE_WORKER_SECRET");
        for (name, least) in SECRETS {
            if values.get(name).is_some_and(|value| value.len() < least) {
                let message = format!("must have at least {least} bytes: too easy to guess");
                found.push(ConfigFault { line: None, place: name.to_owned(), message });
            }
        }
        set_keys(&mut config, keys, values, hashers.current(), &mut found);
        set_credentials(&mut config, credentials, values);
        set_client_secrets(&mut config, values);
        settings::apply(&mut config, values, &mut found);
        let executors = Rc::make_mut(&mut config.executors);
        executors.iter_mut().for_each(Executor::derive_accounts);
        number_credentials(executors);
        if found.is_empty() { Ok(Loaded { config, hashers, worker_secret }) } else { Err(found) }
    }
}

/// The gateway's own secrets, and their minimum length in bytes.
const SECRETS: [(&str, usize); 3] = [
    (HASH_SECRET, limits::HASH_SECRET_BYTES_MIN),
    (OTHER_HASH_SECRET, limits::HASH_SECRET_BYTES_MIN),
    ("TOOLGATE_WORKER_SECRET", limits::KEY_BYTES_MIN),
];

const HASH_SECRET: &str = "TOOLGATE_KEY_HASH_SECRET";
const OTHER_HASH_SECRET: &str = "TOOLGATE_KEY_HASH_SECRET_PREVIOUS";

/// Returns the setting that holds the successor of the credential in this setting.
pub(super) fn successor_of(name: &str) -> String {
    format!("{name}_NEXT")
}

fn secret(values: &Values, name: &str) -> Option<Secret> {
    values.get(name).map(|value| Secret::new(value.as_str()))
}

/// Returns the hashers of keys: under the settings' secrets, or under a random one of this isolate.
fn key_hashers(values: &Values, random: &[u8], found: &mut Vec<ConfigFault>) -> KeyHashers {
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

/// Gives every caller its keys. A key whose setting is unset does not exist.
fn set_keys(
    config: &mut Config,
    keys: Vec<Vec<UnsetKey>>,
    values: &Values,
    hasher: &KeyHasher,
    found: &mut Vec<ConfigFault>,
) {
    let mut seen = BTreeMap::new();
    for (caller, keys) in config.callers.iter_mut().zip(keys) {
        for UnsetKey { id, line, at } in keys {
            let mut fault = |message| {
                found.push(ConfigFault { line: Some(line), place: format!("callers[].keys.{id}"), message });
            };
            let hash = match at {
                KeyAt::Hash(hash) => {
                    if !values.contains_key(HASH_SECRET) {
                        fault(format!("has a hash, but the setting {HASH_SECRET} is not set"));
                    }
                    hash
                }
                KeyAt::Setting(name) => {
                    let Some(value) = values.get(&name) else { continue };
                    let least = limits::KEY_BYTES_MIN;
                    if value.len() < least {
                        fault(format!("the setting {name} is shorter than {least} bytes: too easy to guess"));
                    }
                    hasher.hash(value)
                }
            };
            // Revoking one of two ids of the same key would revoke nothing.
            if let Some(other) = seen.insert(hash, id.clone()) {
                fault(format!("is the same key as {other}: a key has one id"));
            }
            caller.keys.push(CallerKey { id, hash });
        }
    }
}

/// Gives every upstream the credentials that are set.
fn set_credentials(config: &mut Config, unset: Vec<UnsetCredential>, values: &Values) {
    let executors = Rc::make_mut(&mut config.executors);
    for UnsetCredential { executor, tenant, setting } in unset {
        let executor = executors.get_mut(executor);
        let Some(upstream) = executor.and_then(|executor| executor.upstream.as_mut()) else {
            continue;
        };
        let next = secret(values, &successor_of(&setting));
        let credential = secret(values, &setting).map(|secret| Credential::new(setting, secret, next));
        match tenant {
            None => upstream.credentials.general = credential,
            Some(tenant) => drop(upstream.credentials.tenants.insert(tenant, credential)),
        }
    }
}

/// Gives every issuer that is asked about tokens its client secret.
fn set_client_secrets(config: &mut Config, values: &Values) {
    for issuer in Rc::make_mut(&mut config.issuers) {
        if let TokenCheck::Asked(rules) = &mut issuer.check {
            rules.client_secret = secret(values, &rules.client_secret_setting);
        }
    }
}
