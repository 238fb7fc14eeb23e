//! The rules, naively: loops over lists of texts, no index, no lease, nothing remembered but the operator's changes.

use std::collections::BTreeMap;

use super::HOLDS_AFTER;
use super::setup::{Ask, Role, Setup, Who};

/// What must come of a request.
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

    /// Whether the subject is on at this time: for sure (then what it concerns is denied), for sure not, or neither.
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

/// How many of these changes are history at this time: those before the last one that was acknowledged long enough ago.
fn settled(changes: &[Change], at: u64) -> usize {
    let is_settled = |change: &Change| change.is_sure && at > change.ended + HOLDS_AFTER.get();
    changes.iter().rposition(is_settled).unwrap_or(0)
}

/// The refusals that say that a caller may not.
pub(super) fn is_denial(refusal: &str) -> bool {
    refusal.starts_with("credential_") || refusal.ends_with("_not_permitted") || refusal == "killed"
}

/// Whether the tool may be shown to the caller at all.
pub(super) fn may_see(setup: &Setup, caller: usize, tool: &str) -> bool {
    holds(setup, &setup.callers[caller], "tools/list", Some(tool))
        || holds(setup, &setup.callers[caller], "tools/call", Some(tool))
}

/// What must come of this request at this time.
pub(super) fn judge(setup: &Setup, switches: &Switches, caller: Option<usize>, ask: &Ask, at: u64) -> Verdict {
    let Some(caller) = caller.map(|caller| &setup.callers[caller]) else { return Verdict::Deny };
    let tool = match ask {
        Ask::Execute { tool, .. } | Ask::Get(tool) => Some(*tool),
        _ => None,
    };
    let may = match ask {
        Ask::Execute { tool, user, project, .. } => {
            holds(setup, caller, "tools/call", Some(tool))
                && user.is_none_or(|user| caller.users.contains(&"*") || caller.users.contains(&user))
                && project.is_none_or(|project| caller.projects.contains(&"*") || caller.projects.contains(&project))
        }
        Ask::Get(tool) => {
            holds(setup, caller, "tools/list", None)
                && (holds(setup, caller, "tools/list", Some(tool)) || holds(setup, caller, "tools/call", Some(tool)))
        }
        Ask::List => holds(setup, caller, "tools/list", None),
        Ask::Workers => holds(setup, caller, "workers/read", None),
        Ask::Secrets => holds(setup, caller, "admin/read", None),
        Ask::Ready => holds(setup, caller, "health/read", None),
        Ask::Epochs => holds(setup, caller, "epochs/read", None),
    };
    if !may {
        return Verdict::Deny;
    }
    let mut subjects = vec![caller.id.clone()];
    if !matches!(ask, Ask::Ready | Ask::Epochs) {
        subjects.extend(["all".to_owned(), format!("tenant:{}", caller.tenant), format!("caller:{}", caller.id)]);
    }
    if let Some(tool) = tool {
        let (toolkit, _) = tool.split_once('.').expect("a qualified name");
        subjects.extend([format!("toolkit:{toolkit}"), format!("tool:{tool}")]);
        if toolkit != "Math" {
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
