//! Executors: where tools run.

use super::credential::Credentials;
use crate::words::names::{ExecutorId, Project, ToolPattern};
use crate::words::price::Price;
use crate::words::time::Millis;

/// A place where tools run.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Its name.
    pub id: ExecutorId,
    /// What it is and how to reach it.
    pub kind: ExecutorKind,
    /// The tools taken from it.
    pub tools: Vec<ToolPattern>,
    /// Bound on one call.
    pub timeout: Millis,
    /// What one call costs.
    pub cost: Price,
    /// Where it is, if that was said.
    pub region: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Most calls at once of one isolate, where it is an engine or worker.
    pub concurrency: u32,
}

/// What an executor is.
#[derive(Clone, Debug)]
pub enum ExecutorKind {
    /// The tools compiled into the gateway.
    Local,
    /// An Arcade engine.
    Engine(Upstream),
    /// An Arcade worker.
    Worker(Upstream),
}

/// How to reach an engine or worker.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// `scheme://host[:port][/prefix]`, without a trailing slash.
    pub base_url: String,
    /// The setting of the general credential; empty when only tenants have one.
    pub credential_setting: String,
    /// The engine's API keys or the worker's secrets; none at all switches the executor off, by name.
    pub credentials: Credentials,
    /// The organisation and project that unscoped paths mean; an engine only.
    pub project: Option<Project>,
}

impl Executor {
    /// The upstream, when this is an engine that can be reached.
    #[must_use]
    pub const fn engine(&self) -> Option<&Upstream> {
        match &self.kind {
            ExecutorKind::Engine(upstream) => Some(upstream),
            _ => None,
        }
    }

    /// Why the executor takes no part, if so.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        match &self.kind {
            ExecutorKind::Local => false,
            ExecutorKind::Engine(upstream) | ExecutorKind::Worker(upstream) => {
                upstream.credentials.of_discovery().is_none()
            }
        }
    }
}
