//! The epochs: one counter under which revocation, policy, configuration, cache invalidation and kill switches move.
//!
//! Every change raises `version` and notes the version at which its subject changed last. Whoever remembers something
//! remembers the version it was decided under; it holds as long as its subject has not changed since.

mod covered;

pub use covered::{CacheTag, Covered};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::limits::{EPOCH_CACHE_SCOPES, EPOCH_CHANGES, KILL_SWITCHES, REVOKED_KEYS};

/// Which cached answers a change makes stale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CacheScope {
    /// Every entry.
    All,
    /// A tenant's entries.
    Tenant(String),
    /// A tenant's entries of one toolkit (lower case).
    Toolkit(String, String),
    /// Those of [`CacheScope::Toolkit`] that all users of the tenant share.
    ToolkitShared(String, String),
    /// Those of [`CacheScope::Toolkit`] that belong to one user.
    ToolkitUser(String, String, String),
    /// A tenant's entries of one tool (`toolkit.tool`, lower case), whatever its version.
    Tool(String, String),
    /// A tenant's entries of the tools that a rule gives this tag.
    Tag(String, String),
    /// A tenant's entries that belong to one user, of every toolkit.
    User(String, String),
    /// A tenant's entry whose key has this SHA-256. Stays last: [`Epochs::cache_floor_of`] looks there for whether there is any.
    Key(String, [u8; 32]),
}

/// What is switched off until it is revived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KillSwitch {
    /// Every tool call and everything passed through.
    All,
    /// A tenant's calls.
    Tenant(String),
    /// One caller.
    Caller(String),
    /// A toolkit (lower case).
    Toolkit(String),
    /// A tool (`toolkit.tool`, lower case).
    Tool(String),
    /// An executor.
    Executor(String),
}

impl KillSwitch {
    /// What kind of thing is switched off.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::All => "everything",
            Self::Tenant(_) => "this tenant",
            Self::Caller(_) => "this caller",
            Self::Toolkit(_) => "this toolkit",
            Self::Tool(_) => "this tool",
            Self::Executor(_) => "this tool's executor",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Makes cached answers stale.
    Cache(CacheScope),
    /// Revokes the API key with this id.
    Revoke(String),
    /// Takes a revocation back.
    Unrevoke(String),
    /// Switches something off.
    Kill(KillSwitch),
    /// Switches it on again.
    Revive(KillSwitch),
    /// The policies are other ones now.
    Policy,
    /// The configuration is another one now.
    Configuration,
    /// What is remembered of credentials must be asked for anew.
    Credentials,
}

/// The state. `Default` is a deployment in which nothing was ever changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epochs {
    /// Raised by one with each change.
    pub version: u64,
    /// The version at which a key was last revoked or restored. What is remembered of a credential that this gateway did not
    /// get with its configuration holds only under the version at which it was learnt.
    pub revocation: u64,
    /// The version at which the policies last changed.
    pub policy: u64,
    /// The version at which the configuration last changed.
    pub configuration: u64,
    /// Entries read under an earlier version are stale, whatever they are.
    pub cache_floor: u64,
    /// The version at which a narrower scope was last made stale.
    pub cache: BTreeMap<CacheScope, u64>,
    /// Ids of revoked keys.
    pub revoked: BTreeSet<String>,
    /// What is switched off.
    pub killed: BTreeSet<KillSwitch>,
}

/// What the owner of the epochs can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// The epochs as they are.
    Read,
    /// Applies every change, or none.
    Advance(Vec<Change>),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The epochs after the command.
    Now(Epochs),
    /// A bound in [`crate::limits`] would be passed: nothing was changed.
    Full,
}

/// Whether a command changed the epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Read,
    Wrote,
    Refused,
}

impl Applied {
    pub(super) fn wrote(self) -> bool {
        self == Self::Wrote
    }

    pub(super) fn reply(self, epochs: &Epochs) -> Reply {
        if self == Self::Refused { Reply::Full } else { Reply::Now(epochs.clone()) }
    }
}

impl Epochs {
    pub(crate) fn apply(&mut self, command: Command) -> Applied {
        let Command::Advance(changes) = command else {
            return Applied::Read;
        };
        if changes.is_empty() {
            return Applied::Read;
        }
        if changes.len() > EPOCH_CHANGES {
            return Applied::Refused;
        }
        let mut next = self.clone();
        for change in changes {
            next.version = next.version.saturating_add(1);
            next.change(change);
        }
        if next.revoked.len() > REVOKED_KEYS || next.killed.len() > KILL_SWITCHES {
            return Applied::Refused;
        }
        *self = next;
        Applied::Wrote
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Cache(scope) => self.make_stale(scope),
            Change::Revoke(key) => {
                self.revocation = self.version;
                self.revoked.insert(key);
            }
            Change::Unrevoke(key) => {
                self.revocation = self.version;
                self.revoked.remove(&key);
            }
            Change::Kill(switch) => {
                self.killed.insert(switch);
            }
            Change::Revive(switch) => {
                self.killed.remove(&switch);
            }
            Change::Policy => self.policy = self.version,
            Change::Configuration => self.configuration = self.version,
            Change::Credentials => self.revocation = self.version,
        }
    }

    /// Notes the scope; when the notes are full, everything is made stale instead: bounded, and never too fresh.
    fn make_stale(&mut self, scope: CacheScope) {
        if scope == CacheScope::All || (self.cache.len() >= EPOCH_CACHE_SCOPES && !self.cache.contains_key(&scope)) {
            self.cache.clear();
            self.cache_floor = self.version;
        } else {
            self.cache.insert(scope, self.version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advanced(changes: Vec<Change>) -> Epochs {
        let mut epochs = Epochs::default();
        assert_eq!(epochs.apply(Command::Advance(changes)), Applied::Wrote);
        epochs
    }

    fn floor(epochs: &Epochs, tenant: &str, toolkit: &str, user: Option<&str>) -> u64 {
        let tool = format!("{toolkit}.x");
        epochs.cache_floor_of(&Covered { tenant, toolkit, tool: &tool, tags: &[], user, key: b"key" })
    }

    fn user_scope(n: usize) -> Change {
        Change::Cache(CacheScope::ToolkitUser("t".into(), "mail".into(), format!("u{n}")))
    }

    #[test]
    fn a_scope_makes_stale_what_it_names_and_nothing_else() {
        let epochs = advanced(vec![
            Change::Policy,
            Change::Cache(CacheScope::ToolkitShared("t".into(), "mail".into())),
            user_scope(1),
        ]);
        assert_eq!(floor(&epochs, "t", "mail", None), 2);
        assert_eq!(floor(&epochs, "t", "mail", Some("u1")), 3);
        assert_eq!(floor(&epochs, "t", "mail", Some("u2")), 0);
        assert_eq!(floor(&epochs, "t", "docs", Some("u1")), 0);
        assert_eq!(floor(&epochs, "other", "mail", Some("u1")), 0);
        let epochs = advanced(vec![Change::Cache(CacheScope::Toolkit("t".into(), "mail".into()))]);
        assert_eq!((floor(&epochs, "t", "mail", None), floor(&epochs, "t", "mail", Some("u"))), (1, 1));
    }

    #[test]
    fn too_many_scopes_make_everything_stale() {
        let mut epochs = Epochs::default();
        for n in 0..=EPOCH_CACHE_SCOPES {
            epochs.apply(Command::Advance(vec![user_scope(n)]));
        }
        assert!(epochs.cache.is_empty());
        assert_eq!(floor(&epochs, "t", "mail", Some("u0")), epochs.version);
    }

    #[test]
    fn a_full_list_refuses_the_whole_advance() {
        let mut epochs = Epochs::default();
        for n in 0..REVOKED_KEYS {
            assert_eq!(epochs.apply(Command::Advance(vec![Change::Revoke(n.to_string())])), Applied::Wrote);
        }
        let before = epochs.clone();
        let changes = vec![Change::Kill(KillSwitch::All), Change::Revoke("one more".into())];
        assert_eq!(epochs.apply(Command::Advance(changes)), Applied::Refused);
        assert_eq!(epochs, before);
    }
}
