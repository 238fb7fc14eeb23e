//! An index of the policies that may apply: a policy is filed under the narrowest part of its scope.

use super::ast::{Constraint, Kind, Policy, Uid};
use super::request::{PolicyRequest, Resource, toolkit_of};
use crate::words::action::Action;

/// Maps the keys of a request to policies.
///
/// INVARIANT (complete): a policy whose scope can match a request is filed under one of the request's keys. A policy
/// that is found may still not match: keys are digests, and only one part of the scope is in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Keys, each with a policy's position in the set, in order.
    rows: Vec<(u64, u16)>,
    /// The kinds of keys in use, a bit for each.
    kinds: u32,
    /// Policies filed under a resource, for requests with an unknown resource.
    of_resources: Vec<u16>,
    /// Policies among these that are filed under an executor.
    of_executors: Vec<u16>,
}

impl Index {
    pub(super) fn new(policies: &[Policy]) -> Self {
        let mut rows = Vec::with_capacity(policies.len());
        let (mut of_resources, mut of_executors) = (Vec::new(), Vec::new());
        let mut kinds = 0;
        let mut file = |kind: Kind, id: &str, place| {
            kinds |= bit(kind);
            rows.push((key(kind, id), place));
        };
        for (place, policy) in policies.iter().enumerate() {
            let Ok(place) = u16::try_from(place) else { break };
            match (named(&policy.resource), named(&policy.principal)) {
                (Some(uid), _) => {
                    file(uid.kind, &uid.id, place);
                    of_resources.push(place);
                    if uid.kind == Kind::Executor {
                        of_executors.push(place);
                    }
                }
                (None, Some(uid)) => file(uid.kind, &uid.id, place),
                (None, None) => {
                    let actions = Action::ALL.iter().filter(|action| policy.actions.has(**action));
                    actions.for_each(|action| file(Kind::Action, action.as_str(), place));
                }
            }
        }
        rows.sort_unstable();
        Self { rows, kinds, of_resources, of_executors }
    }

    /// Calls `visit` with the position of every policy that may apply, each once.
    pub(super) fn candidates(&self, request: &PolicyRequest<'_>, mut visit: impl FnMut(u16)) {
        let mut under = |kind, id: &str| {
            if self.kinds & bit(kind) == 0 {
                return;
            }
            let key = key(kind, id);
            let from = self.rows.partition_point(|(row, _)| *row < key);
            for (_, place) in self.rows.get(from..).unwrap_or_default().iter().take_while(|(row, _)| *row == key) {
                visit(*place);
            }
        };
        under(Kind::Action, request.action.as_str());
        under(Kind::Caller, request.caller.id.as_str());
        under(Kind::Tenant, request.caller.tenant.as_str());
        let roles = &request.caller.roles;
        for (index, role) in roles.iter().enumerate() {
            // A credential may name a role twice.
            if !roles.iter().take(index).any(|earlier| earlier == role) {
                under(Kind::Role, role.as_str());
            }
        }
        match request.resource {
            Resource::Tool(tool) => {
                under(Kind::Tool, tool.folded);
                under(Kind::Toolkit, toolkit_of(tool.folded));
                under(Kind::Executor, tool.executor);
            }
            Resource::ToolNamed(folded) => {
                under(Kind::Tool, folded);
                under(Kind::Toolkit, toolkit_of(folded));
                self.of_executors.iter().for_each(|place| visit(*place));
            }
            Resource::AnyTool => self.of_resources.iter().for_each(|place| visit(*place)),
            Resource::Gateway => under(Kind::Gateway, "gateway"),
            Resource::Project(project) => under(Kind::Project, project),
        }
    }
}

const fn named(constraint: &Constraint) -> Option<&Uid> {
    match constraint {
        Constraint::Equal(uid) | Constraint::In(uid) | Constraint::IsIn(_, uid) => Some(uid),
        Constraint::Any | Constraint::Is(_) => None,
    }
}

const fn bit(kind: Kind) -> u32 {
    1 << (kind as u32)
}

/// Returns a digest of the kind and the id, eight bytes at a time, each word mixed in by Fibonacci hashing (Knuth, The
/// Art of Computer Programming, 6.4). Collisions are harmless, even provoked ones.
fn key(kind: Kind, id: &str) -> u64 {
    let (words, rest) = id.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(byte, of_rest)| *byte = *of_rest);
    let length = u64::try_from(id.len()).unwrap_or(u64::MAX);
    words.iter().chain([&last]).fold(length.rotate_left(8) ^ kind as u64, |key, word| {
        let mixed = (key ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    })
}

impl Policy {
    /// Returns true if the scope matches; `None` when that is not known yet.
    pub(super) fn applies(&self, request: &PolicyRequest<'_>) -> Option<bool> {
        if !self.actions.has(request.action) {
            return Some(false);
        }
        let caller = Some((Kind::Caller, request.caller.id.as_str()));
        let resource = match request.resource {
            Resource::Tool(tool) => Some((Kind::Tool, tool.folded)),
            Resource::ToolNamed(folded) => Some((Kind::Tool, folded)),
            Resource::AnyTool => None,
            Resource::Gateway => Some((Kind::Gateway, "gateway")),
            Resource::Project(project) => Some((Kind::Project, project)),
        };
        match (matches(&self.principal, request, caller), matches(&self.resource, request, resource)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}

fn matches(constraint: &Constraint, request: &PolicyRequest<'_>, entity: Option<(Kind, &str)>) -> Option<bool> {
    if *constraint == Constraint::Any {
        return Some(true);
    }
    let Some(entity) = entity else {
        // Some tool, not known yet.
        return match constraint {
            Constraint::Is(kind) | Constraint::IsIn(kind, _) if *kind != Kind::Tool => Some(false),
            Constraint::Is(_) => Some(true),
            Constraint::Equal(uid) | Constraint::In(uid) if matches!(uid.kind, Kind::Gateway | Kind::Project) => {
                Some(false)
            }
            _ => None,
        };
    };
    let is_in = |uid: &Uid| request.is_in(entity, (uid.kind, &uid.id));
    match constraint {
        Constraint::Any => Some(true),
        Constraint::Equal(uid) => Some(entity == (uid.kind, &*uid.id)),
        Constraint::In(uid) => is_in(uid),
        Constraint::Is(kind) => Some(entity.0 == *kind),
        Constraint::IsIn(kind, uid) if entity.0 == *kind => is_in(uid),
        Constraint::IsIn(..) => Some(false),
    }
}
