//! Where a call goes. Today the tool's configuration says it: the executor that offers the tool runs it.

use crate::config::{Config, Credential, Executor, ExecutorKind, Upstream};
use crate::names::TenantId;
use crate::refusal::{Refusal, RefusalKind};
use crate::registry::Tool;
use crate::tools::LocalTool;

/// Where a tool call goes.
#[derive(Clone, Copy, Debug)]
pub enum Target<'c> {
    /// A tool compiled into the gateway.
    Local(&'static LocalTool),
    /// An engine.
    Engine(Remote<'c>),
    /// A worker.
    Worker(Remote<'c>),
}

/// An executor somewhere else, and the credential that this call is made with.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'c> {
    /// The executor.
    pub executor: &'c Executor,
    /// Where it is.
    pub upstream: &'c Upstream,
    /// The tenant's credential there.
    pub credential: &'c Credential,
}

impl<'c> Remote<'c> {
    fn new(executor: &'c Executor, upstream: &'c Upstream, tenant: &TenantId) -> Option<Self> {
        Some(Self { executor, upstream, credential: upstream.credentials.of(tenant)? })
    }
}

/// Chooses the target of a tool call; its executor was fixed when the tool was resolved. Only engines make calls later.
///
/// # Errors
/// [`RefusalKind::ExecutorInactive`]; [`RefusalKind::RequestInvalid`] for a call to be made later by anything but an engine.
pub fn of_tool<'c>(
    config: &'c Config,
    tool: &Tool,
    tenant: &TenantId,
    is_scheduled: bool,
) -> Result<Target<'c>, Refusal> {
    let inactive = || Refusal::new(RefusalKind::ExecutorInactive);
    let executor =
        config.executors.get(tool.executor).filter(|executor| !executor.is_inactive()).ok_or_else(inactive)?;
    if is_scheduled && executor.engine().is_none() {
        let rule = "run_at: this tool does not run on an engine, and nothing else makes calls later";
        return Err(Refusal::with(RefusalKind::RequestInvalid, rule));
    }
    match (&executor.kind, tool.local) {
        (ExecutorKind::Local, Some(local)) => Ok(Target::Local(local)),
        (ExecutorKind::Engine(upstream), _) => {
            Remote::new(executor, upstream, tenant).map(Target::Engine).ok_or_else(inactive)
        }
        (ExecutorKind::Worker(upstream), _) => {
            Remote::new(executor, upstream, tenant).map(Target::Worker).ok_or_else(inactive)
        }
        (ExecutorKind::Local, None) => Err(inactive()),
    }
}

/// The engine that a request is passed to: the one asked for, or else the first that has a credential for this tenant.
///
/// # Errors
/// [`RefusalKind::EngineMissing`].
pub fn of_engine<'c>(config: &'c Config, wanted: Option<usize>, tenant: &TenantId) -> Result<Remote<'c>, Refusal> {
    let engine = |executor: &'c Executor| Remote::new(executor, executor.engine()?, tenant);
    let found = match wanted {
        Some(index) => config.executors.get(index).and_then(engine),
        None => config.executors.iter().find_map(engine),
    };
    found.ok_or_else(|| Refusal::new(RefusalKind::EngineMissing))
}
