//! Where a call goes. Today the tool's configuration says it: the executor that offers the tool runs it.

use crate::config::{Config, Executor, ExecutorKind, Upstream};
use crate::refusal::{Refusal, RefusalKind};
use crate::registry::Tool;
use crate::tools::LocalTool;

/// Where a tool call goes.
#[derive(Clone, Copy, Debug)]
pub enum Target<'c> {
    /// A tool compiled into the gateway.
    Local(&'static LocalTool),
    /// An engine.
    Engine(&'c Executor, &'c Upstream),
    /// A worker.
    Worker(&'c Executor, &'c Upstream),
}

/// Chooses the target of a tool call; its executor was fixed when the tool was resolved. Only engines make calls later.
///
/// # Errors
/// [`RefusalKind::ExecutorInactive`]; [`RefusalKind::RequestInvalid`] for a call to be made later by anything but an engine.
pub fn of_tool<'c>(config: &'c Config, tool: &Tool, is_scheduled: bool) -> Result<Target<'c>, Refusal> {
    let inactive = || Refusal::new(RefusalKind::ExecutorInactive);
    let executor =
        config.executors.get(tool.executor).filter(|executor| !executor.is_inactive()).ok_or_else(inactive)?;
    if is_scheduled && executor.engine().is_none() {
        let rule = "run_at: this tool does not run on an engine, and nothing else makes calls later";
        return Err(Refusal::with(RefusalKind::RequestInvalid, rule));
    }
    match (&executor.kind, tool.local) {
        (ExecutorKind::Local, Some(local)) => Ok(Target::Local(local)),
        (ExecutorKind::Engine(upstream), _) => Ok(Target::Engine(executor, upstream)),
        (ExecutorKind::Worker(upstream), _) => Ok(Target::Worker(executor, upstream)),
        (ExecutorKind::Local, None) => Err(inactive()),
    }
}

/// The engine that a request is passed to: the one asked for, or else the first that has a credential.
///
/// # Errors
/// [`RefusalKind::EngineMissing`].
pub fn of_engine(config: &Config, wanted: Option<usize>) -> Result<(&Executor, &Upstream), Refusal> {
    let active = |executor: &&Executor| !executor.is_inactive();
    let engine = match wanted {
        Some(index) => config.executors.get(index).filter(active),
        None => config.executors.iter().filter(active).find(|executor| executor.engine().is_some()),
    };
    let missing = || Refusal::new(RefusalKind::EngineMissing);
    engine.and_then(|executor| Some((executor, executor.engine()?))).ok_or_else(missing)
}
