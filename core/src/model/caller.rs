//! Callers: the identity that every kind of credential yields, and the basis of every decision.

use std::collections::BTreeMap;
use std::rc::Rc;

use minicbor::{Decode, Encode};

use crate::words::action::{Action, ActionPattern};
use crate::words::modes::Priority;
use crate::words::names::{CallerId, KeyId, Project, RoleId, TenantId, ToolPattern, UserId};

/// An identified caller and its rights. It has none that are not listed here.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The caller's id.
    pub id: CallerId,
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The caller's roles.
    pub roles: Vec<RoleId>,
    /// The granted scopes of its credential.
    pub scopes: Vec<String>,
    /// The actions that these scopes narrow the caller to; `None` when they narrow nothing.
    pub within: Option<Vec<ActionPattern>>,
    /// Further claims of its credential.
    pub claims: BTreeMap<String, ClaimValue>,
    /// The users the caller may name: a property of the identity, which no role and no policy widens.
    pub users: UserRule,
    /// The engine projects the caller may address by path: likewise a property of the identity.
    pub projects: ProjectRule,
    /// The priority of its calls for queueing and shedding at an overloaded executor.
    pub priority: Priority,
    /// The caller's grants: its own and those of its roles.
    pub grants: Vec<Rc<Grant>>,
}

/// A permission: these actions, on these tools.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The rule's name in explanations of a decision: `caller:{id}` or `role:{id}`.
    pub rule: String,
    /// The actions.
    pub actions: Vec<ActionPattern>,
    /// The tools, for actions on tools.
    pub tools: Vec<ToolPattern>,
}

/// A claim of a credential, in a form that policies can read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ClaimValue {
    /// A string.
    #[n(0)]
    Text(#[n(0)] String),
    /// An integer.
    #[n(1)]
    Number(#[n(0)] i64),
    /// A boolean.
    #[n(2)]
    Flag(#[n(0)] bool),
    /// Several strings.
    #[n(3)]
    Texts(#[n(0)] Vec<String>),
}

/// A caller from the configuration, with its keys.
#[derive(Clone, Debug)]
pub struct ConfiguredCaller {
    /// The caller's identity and rights.
    pub caller: Rc<Caller>,
    /// The caller's API keys.
    pub keys: Vec<CallerKey>,
}

/// One API key of a configured caller, as a keyed hash.
#[derive(Clone, Debug)]
pub struct CallerKey {
    /// The key's id.
    pub id: KeyId,
    /// HMAC-SHA-256 of the key under the hashing secret.
    pub hash: [u8; 32],
}

/// The users that a caller may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRule {
    /// Any user.
    Every,
    /// These users.
    Only(Vec<UserId>),
}

/// The engine projects that a caller may address by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectRule {
    /// Any project.
    Every,
    /// These projects.
    Only(Vec<Project>),
}

impl Caller {
    /// Returns whether the caller holds the action for at least some tools.
    #[must_use]
    pub fn holds(&self, action: Action) -> bool {
        self.is_within(action) && self.grants.iter().any(|grant| grant.covers(action))
    }

    /// Returns whether the caller may name the user.
    #[must_use]
    pub fn may_name(&self, user: &UserId) -> bool {
        match &self.users {
            UserRule::Every => true,
            UserRule::Only(users) => users.contains(user),
        }
    }

    /// Returns whether the caller holds the action for every tool.
    #[must_use]
    pub fn holds_for_every_tool(&self, action: Action) -> bool {
        self.is_within(action)
            && self.grants.iter().any(|grant| grant.covers(action) && grant.tools.contains(&ToolPattern::Every))
    }

    /// Returns whether the credential's scopes allow the action.
    #[must_use]
    pub fn is_within(&self, action: Action) -> bool {
        self.within.as_ref().is_none_or(|within| within.iter().any(|pattern| pattern.matches(action)))
    }
}

impl Grant {
    /// Returns whether the action is among those granted.
    #[must_use]
    pub fn covers(&self, action: Action) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(action))
    }
}
