//! Callers: what every kind of credential yields, and what decisions are made from.

use std::collections::BTreeMap;
use std::rc::Rc;

use minicbor::{Decode, Encode};

use crate::words::action::{Action, ActionPattern};
use crate::words::modes::Priority;
use crate::words::names::{CallerId, KeyId, Project, RoleId, TenantId, ToolPattern, UserId};

/// Who calls, and what it holds. It holds nothing that is not written in here.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its name.
    pub id: CallerId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The roles it has.
    pub roles: Vec<RoleId>,
    /// The scopes of its credential, as they were granted.
    pub scopes: Vec<String>,
    /// What these scopes narrow its actions to; `None` when they narrow nothing.
    pub within: Option<Vec<ActionPattern>>,
    /// What else its credential says of it.
    pub claims: BTreeMap<String, ClaimValue>,
    /// The users it may name: a property of the identity, which no role and no policy widens.
    pub users: UserRule,
    /// The engine projects it may address by path; likewise.
    pub projects: ProjectRule,
    /// How early its calls wait, or are turned away, where an executor has more than it can do.
    pub priority: Priority,
    /// What it may do: its own grant and those of its roles.
    pub grants: Vec<Rc<Grant>>,
}

/// A ready-made permission: these actions, on these tools.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The rule's name where a decision is explained: `caller:{id}` or `role:{id}`.
    pub rule: String,
    /// The actions.
    pub actions: Vec<ActionPattern>,
    /// The tools, for actions that are about tools.
    pub tools: Vec<ToolPattern>,
}

/// What a credential says of its caller, in a form that policies can read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ClaimValue {
    /// A text.
    #[n(0)]
    Text(#[n(0)] String),
    /// A whole number.
    #[n(1)]
    Number(#[n(0)] i64),
    /// A truth value.
    #[n(2)]
    Flag(#[n(0)] bool),
    /// Several texts.
    #[n(3)]
    Texts(#[n(0)] Vec<String>),
}

/// A caller that the configuration names, and its keys.
#[derive(Clone, Debug)]
pub struct ConfiguredCaller {
    /// The caller.
    pub caller: Rc<Caller>,
    /// Its API keys.
    pub keys: Vec<CallerKey>,
}

/// One API key of a configured caller, as a keyed hash.
#[derive(Clone, Debug)]
pub struct CallerKey {
    /// Its name.
    pub id: KeyId,
    /// HMAC-SHA-256 of the key under the hashing secret.
    pub hash: [u8; 32],
}

/// The users that a caller may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRule {
    /// Any.
    Every,
    /// These.
    Only(Vec<UserId>),
}

/// The engine projects that a caller may address by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectRule {
    /// Any.
    Every,
    /// These.
    Only(Vec<Project>),
}

impl Caller {
    /// Whether the caller holds the action, for some tools at least.
    #[must_use]
    pub fn holds(&self, action: Action) -> bool {
        self.is_within(action) && self.grants.iter().any(|grant| grant.covers(action))
    }

    /// Whether the caller holds the action for every tool there is.
    #[must_use]
    pub fn holds_for_every_tool(&self, action: Action) -> bool {
        self.is_within(action)
            && self.grants.iter().any(|grant| grant.covers(action) && grant.tools.contains(&ToolPattern::Every))
    }

    /// Whether the credential's scopes leave it the action.
    #[must_use]
    pub fn is_within(&self, action: Action) -> bool {
        self.within.as_ref().is_none_or(|within| within.iter().any(|pattern| pattern.matches(action)))
    }
}

impl Grant {
    /// Whether the action is among those granted.
    #[must_use]
    pub fn covers(&self, action: Action) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(action))
    }
}
