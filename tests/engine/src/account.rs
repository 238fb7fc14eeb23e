//! The data of one account in one project: nothing of it is seen from another.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::authorize::Authorization;
use crate::catalogue::Tool;
use crate::clock;
use crate::scheduled::Scheduled;

/// The data behind one API key in one org/project.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Workers, secrets, providers, plugins, hooks, gateways: by collection, in the order they were made.
    pub shelves: BTreeMap<&'static str, Vec<Value>>,
    pub authorizations: Vec<Authorization>,
    pub scheduled: Vec<Scheduled>,
    /// Tools of the workers registered here, by the worker's id.
    pub worker_tools: BTreeMap<String, Vec<Tool>>,
    pub session_verification: Value,
    /// First outcomes by `Idempotency-Key`.
    pub replays: BTreeMap<String, (u16, bytes::Bytes)>,
}

impl Account {
    /// An account with nothing but the fronted worker in it.
    pub(crate) fn new(worker: Option<&(String, String)>) -> Self {
        let mut account = Self { session_verification: json!({"unsafe_skip_verification": true}), ..Self::default() };
        if let Some((url, secret)) = worker {
            let fronted = json!({
                "id": "fronted", "type": "http", "enabled": true, "managed": true, "binding": {"id": "static", "type": "static"},
                "requirements": {"met": true}, "http": {"uri": url, "secret": secret, "retry": 0, "timeout": 30},
            });
            account.shelves.insert("workers", vec![fronted]);
        }
        account
    }

    /// The items of a collection.
    pub(crate) fn shelf(&mut self, name: &'static str) -> &mut Vec<Value> {
        self.shelves.entry(name).or_default()
    }

    /// Returns the state of a user's consent for a provider: the best of all that were begun.
    pub(crate) fn consent(&self, user: &str, provider: &str) -> &'static str {
        let now = clock::now_ms();
        let states = self
            .authorizations
            .iter()
            .filter(|begun| begun.user == user && begun.provider == provider)
            .map(|begun| begun.status(now));
        let rank = |status: &&str| match *status {
            "completed" => 2,
            "pending" => 1,
            _ => 0,
        };
        states.max_by_key(rank).unwrap_or("not_started")
    }

    /// Returns the state of one secret, as a tool's requirements say it.
    pub(crate) fn secret_need(&self, key: &str) -> Value {
        let set = self
            .shelves
            .get("secrets")
            .is_some_and(|secrets| secrets.iter().any(|secret| secret.get("key") == Some(&key.into())));
        if set {
            json!({"key": key, "met": true})
        } else {
            json!({"key": key, "met": false, "status_reason": "the secret is not set"})
        }
    }
}
