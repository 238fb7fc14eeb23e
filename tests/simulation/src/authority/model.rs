//! The rules, naively: loops over lists of texts, no index, no lease, nothing remembered but the operator's changes.

use std::collections::BTreeMap;

use super::HOLDS_AFTER;
use super::setup::{ARGUMENTS, Ask, Policy, Role, Setup, Who};

/// The expected outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It must not be let through.
    Deny,
    /// It must not be denied.
    Allow,
    /// A change is under way, or its outcome is not known: both are right.
    Either,
}

/// The operator's last change of each subject.
#[derive(Debug, Default)]
pub(super) struct Switches(BTreeMap<String, Vec<Change>>);

#[derive(Clone, Copy, Debug)]
struct Change {
    is_on: bool,
    ended: u64,
    is_sure: bool,
}

impl Switches {
    /// Notes a change that was answered at this time, and whether it was acknowledged. Changes come one after the other.
    pub(super) fn note(&mut self, subject: &str, is_on: bool, ended: u64, is_sure: bool) {
        let changes = self.0.entry(subject.to_owned()).or_insert_with(|| vec![NEVER]);
        // What came before an acknowledged change is history once every lease of that time has run out.
        changes.drain(..settled(changes, ended));
        changes.push(Change { is_on, ended, is_sure });
    }

    /// Returns the state of the subject at this time: surely on (then what it concerns is denied), surely not, or neither.
    fn is_on(&self, subject: &str, at: u64) -> Verdict {
        let Some(changes) = self.0.get(subject) else { return Verdict::Allow };
        // Everything that some isolate may still hold for true.
        let possible = changes.split_at(settled(changes, at)).1;
        match (possible.iter().any(|change| change.is_on), possible.iter().all(|change| change.is_on)) {
            (false, _) => Verdict::Allow,
            (_, true) => Verdict::Deny,
            _ => Verdict::Either,
        }
    }
}

/// Before anybody changed anything.
const NEVER: Change = Change { is_on: false, ended: 0, is_sure: true };

/// Returns the number of these changes that are history at this time: those before the last one that was acknowledged long enough ago.
fn settled(changes: &[Change], at: u64) -> usize {
    let is_settled = |change: &Change| change.is_sure && at > change.ended + HOLDS_AFTER.get();
    changes.iter().rposition(is_settled).unwrap_or(0)
}

/// The refusals that say that a caller may not.
pub(super) fn is_denial(refusal: &str) -> bool {
    refusal.starts_with("credential_")
        || refusal.starts_with("policy_")
        || refusal.ends_with("_not_permitted")
        || refusal == "killed"
}

/// Returns true if the tool may be shown to the caller at all: somebody permits it, and nobody forbids every call of it.
pub(super) fn may_see(setup: &Setup, caller: usize, tool: &str) -> bool {
    let caller = &setup.callers[caller];
    let permits = |action| holds(setup, caller, action, Some(tool)) || is_permitted(setup, caller, action, Some(tool));
    let always_forbids = |policy: &Policy| match policy {
        Policy::ForbidTool(forbidden) => *forbidden == tool,
        Policy::ForbidToolkit(tenant, toolkit) => caller.tenant == *tenant && is_of(tool, toolkit),
        _ => false,
    };
    (permits("tools/list") || permits("tools/call")) && !setup.policies.iter().any(always_forbids)
}

fn is_of(tool: &str, toolkit: &str) -> bool {
    tool.split_once('.').is_some_and(|(of, _)| of == toolkit)
}

/// Returns true if a policy permits the action, on this tool if it is about tools.
fn is_permitted(setup: &Setup, caller: &Who, action: &str, tool: Option<&str>) -> bool {
    setup.policies.iter().any(|policy| match policy {
        Policy::PermitToolkit(role, toolkit) => {
            (action == "tools/list" || action == "tools/call")
                && has_role(setup, caller, *role)
                && tool.is_none_or(|tool| is_of(tool, toolkit))
        }
        Policy::PermitWorkers(tenant) => action == "workers/read" && caller.tenant == *tenant,
        _ => false,
    })
}

/// Returns true if a policy keeps the caller from this call: because it forbids it, or because it has an error.
fn is_forbidden(setup: &Setup, caller: &Who, tool: &str, user: Option<&str>, arguments: &str) -> bool {
    setup.policies.iter().any(|policy| match policy {
        Policy::ForbidTool(forbidden) => *forbidden == tool,
        Policy::ForbidToolkit(tenant, toolkit) => caller.tenant == *tenant && is_of(tool, toolkit),
        // Without the argument there is an error.
        Policy::ForbidArgument => is_of(tool, "Calc") && !(arguments.contains("\"b\":\"2\"")),
        Policy::OnlyForUser(role, toolkit) => {
            has_role(setup, caller, *role) && is_of(tool, toolkit) && user != Some("u1")
        }
        Policy::PermitToolkit(..) | Policy::PermitWorkers(_) | Policy::ForbidWorkers(_) => false,
    })
}

fn are_workers_forbidden(setup: &Setup, caller: &Who) -> bool {
    let forbids = |policy: &Policy| matches!(policy, Policy::ForbidWorkers(role) if has_role(setup, caller, *role));
    setup.policies.iter().any(forbids)
}

fn has_role(setup: &Setup, caller: &Who, role: usize) -> bool {
    caller.roles.iter().any(|own| setup.roles[*own].id == setup.roles[role].id)
}

/// Returns the expected outcome of this request at this time.
pub(super) fn judge(setup: &Setup, switches: &Switches, caller: Option<usize>, ask: &Ask, at: u64) -> Verdict {
    let Some(place) = caller else { return Verdict::Deny };
    let caller = &setup.callers[place];
    let tool = match ask {
        Ask::Execute { tool, .. } | Ask::Get(tool) => Some(*tool),
        _ => None,
    };
    let has = |action, tool| holds(setup, caller, action, tool) || is_permitted(setup, caller, action, tool);
    let may = match ask {
        Ask::Execute { tool, user, project, arguments } => {
            has("tools/call", Some(*tool))
                && !is_forbidden(setup, caller, tool, *user, ARGUMENTS[*arguments])
                && user.is_none_or(|user| caller.users.contains(&"*") || caller.users.contains(&user))
                && project.is_none_or(|project| caller.projects.contains(&"*") || caller.projects.contains(&project))
        }
        Ask::Get(tool) => has("tools/list", None) && may_see(setup, place, tool),
        Ask::List => has("tools/list", None),
        Ask::Workers => has("workers/read", None) && !are_workers_forbidden(setup, caller),
        Ask::Secrets => has("admin/read", None),
        Ask::Ready => has("health/read", None),
        Ask::Epochs => has("epochs/read", None),
    };
    if !may {
        return Verdict::Deny;
    }
    if let Ask::Get(tool) = ask
        && !has("tools/call", Some(*tool))
        && setup.policies.iter().any(|policy| matches!(policy, Policy::ForbidArgument | Policy::OnlyForUser(..)))
    {
        // Listed, not called, and forbidden on a condition besides: documented neither way.
        return Verdict::Either;
    }
    let mut subjects = vec![caller.id.clone()];
    if !matches!(ask, Ask::Ready | Ask::Epochs) {
        subjects.extend(["all".to_owned(), format!("tenant:{}", caller.tenant), format!("caller:{}", caller.id)]);
    }
    if let Some(tool) = tool {
        let (toolkit, _) = tool.split_once('.').expect("a qualified name");
        subjects.extend([format!("toolkit:{toolkit}"), format!("tool:{tool}")]);
        if toolkit != "Calc" {
            subjects.push("executor:engine".to_owned());
        }
    }
    let states: Vec<Verdict> = subjects.iter().map(|subject| switches.is_on(subject, at)).collect();
    if states.contains(&Verdict::Deny) {
        Verdict::Deny
    } else if states.contains(&Verdict::Either) {
        Verdict::Either
    } else {
        Verdict::Allow
    }
}

fn holds(setup: &Setup, caller: &Who, action: &str, tool: Option<&str>) -> bool {
    let roles = caller.roles.iter().map(|role| &setup.roles[*role]);
    let mut grants = roles.chain([&caller.own]);
    grants.any(|Role { actions, tools, .. }| {
        actions.iter().any(|held| covers(held, action))
            && tool.is_none_or(|tool| tools.iter().any(|pattern| means(pattern, tool)))
    })
}

fn covers(held: &str, action: &str) -> bool {
    held == "*" || held == action || held.strip_suffix('*').is_some_and(|family| action.starts_with(family))
}

fn means(pattern: &str, tool: &str) -> bool {
    let (pattern, tool) = (pattern.to_ascii_lowercase(), tool.to_ascii_lowercase());
    pattern == "*" || pattern == tool || pattern.strip_suffix('*').is_some_and(|toolkit| tool.starts_with(toolkit))
}
