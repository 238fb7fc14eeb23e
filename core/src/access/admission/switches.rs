//! Enforces the operator's kill switches.

use crate::backends::Executor;
use crate::model::caller::Caller;
use crate::model::tool::Tool;
use crate::state::epochs::{Epochs, KillSwitch};
use crate::words::refusal::{Refusal, RefusalKind};

pub(super) fn check_caller_switches(epochs: &Epochs, caller: &Caller) -> Result<(), Refusal> {
    if epochs.killed.is_empty() {
        return Ok(());
    }
    let switches =
        [KillSwitch::All, KillSwitch::Tenant(caller.tenant.to_string()), KillSwitch::Caller(caller.id.to_string())];
    refuse_killed(epochs, &switches)
}

pub(super) fn check_tool_switches(epochs: &Epochs, tool: &Tool, executors: &[Executor]) -> Result<(), Refusal> {
    if epochs.killed.is_empty() {
        return Ok(());
    }
    let executor = executors.get(tool.executor).map_or_else(String::new, |executor| executor.id.to_string());
    let switches = [
        KillSwitch::Toolkit(tool.toolkit_folded().to_owned()),
        KillSwitch::Tool(tool.folded.clone()),
        KillSwitch::Executor(executor),
    ];
    refuse_killed(epochs, &switches)
}

fn refuse_killed(epochs: &Epochs, switches: &[KillSwitch]) -> Result<(), Refusal> {
    match switches.iter().find(|switch| epochs.killed.contains(switch)) {
        None => Ok(()),
        Some(switch) => Err(Refusal::with(RefusalKind::Killed, switch.kind())),
    }
}
