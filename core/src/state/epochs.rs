//! The epochs: one counter under which revocation, policy, configuration, cache invalidation and kill switches move.
//!
//! Every change raises `version` and records the version at which its subject changed last. Remembered facts carry the
//! version they were decided under; they hold as long as their subject has not changed since.

mod covered;

pub use covered::{CacheTag, Covered};

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::words::limits::{EPOCH_CACHE_SCOPES, EPOCH_CHANGES, KILL_SWITCHES, REVOKED_KEYS};
use crate::words::time::Timestamp;

/// The stored responses that an invalidation makes stale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum CacheScope {
    /// Every entry.
    #[n(0)]
    All,
    /// A tenant's entries.
    #[n(1)]
    Tenant(#[n(0)] String),
    /// A tenant's entries of one toolkit (lower case).
    #[n(2)]
    Toolkit(#[n(0)] String, #[n(1)] String),
    /// Those of [`CacheScope::Toolkit`] that all users of the tenant share.
    #[n(3)]
    ToolkitShared(#[n(0)] String, #[n(1)] String),
    /// Those of [`CacheScope::Toolkit`] that belong to one user.
    #[n(4)]
    ToolkitUser(#[n(0)] String, #[n(1)] String, #[n(2)] String),
    /// A tenant's entries of one tool (`toolkit.tool`, lower case), whatever its version.
    #[n(5)]
    Tool(#[n(0)] String, #[n(1)] String),
    /// A tenant's entries of the tools that a rule gives this tag.
    #[n(6)]
    Tag(#[n(0)] String, #[n(1)] String),
    /// A tenant's entries that belong to one user, of every toolkit.
    #[n(7)]
    User(#[n(0)] String, #[n(1)] String),
    /// A tenant's entry whose key has this SHA-256. Stays last: [`Epochs::cache_floor_of`] checks there for any.
    #[n(8)]
    Key(#[n(0)] String, #[cbor(n(1), with = "minicbor::bytes")] [u8; 32]),
}

/// The subject of a kill switch, until it is revived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum KillSwitch {
    /// Every tool call and every forwarded request.
    #[n(0)]
    All,
    /// A tenant's calls.
    #[n(1)]
    Tenant(#[n(0)] String),
    /// One caller.
    #[n(2)]
    Caller(#[n(0)] String),
    /// A toolkit (lower case).
    #[n(3)]
    Toolkit(#[n(0)] String),
    /// A tool (`toolkit.tool`, lower case).
    #[n(4)]
    Tool(#[n(0)] String),
    /// An executor.
    #[n(5)]
    Executor(#[n(0)] String),
}

impl KillSwitch {
    /// Returns the kind of the subject.
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
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// Invalidates stored responses.
    #[n(0)]
    Cache(#[n(0)] CacheScope),
    /// Revokes the API key with this id.
    #[n(1)]
    Revoke(#[n(0)] String),
    /// Reverses a revocation.
    #[n(2)]
    Unrevoke(#[n(0)] String),
    /// Turns a kill switch on.
    #[n(3)]
    Kill(#[n(0)] KillSwitch),
    /// Turns a kill switch off again.
    #[n(4)]
    Revive(#[n(0)] KillSwitch),
    /// Records a change of the policies.
    #[n(5)]
    Policy,
    /// Records a change of the configuration.
    #[n(6)]
    Configuration,
    /// Makes isolates revalidate remembered credentials.
    #[n(7)]
    Credentials,
}

/// The state. `Default` is a deployment without any change so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Epochs {
    /// Raised by one with each change.
    #[n(0)]
    pub version: u64,
    /// The version at which a key was last revoked or restored. Facts about a credential that is not part of the
    /// gateway's configuration hold only under the version at which they were learnt.
    #[n(1)]
    pub revocation: u64,
    /// The version at which the policies last changed.
    #[n(2)]
    pub policy: u64,
    /// The version at which the configuration last changed.
    #[n(3)]
    pub configuration: u64,
    /// Entries read under an earlier version are stale, in every scope.
    #[n(4)]
    pub cache_floor: u64,
    /// The version at which a narrower scope was last invalidated.
    #[n(5)]
    pub cache: BTreeMap<CacheScope, u64>,
    /// Ids of revoked keys.
    #[n(6)]
    pub revoked: BTreeSet<String>,
    /// The kill switches that are on.
    #[n(7)]
    pub killed: BTreeSet<KillSwitch>,
}

/// A request to the owner of the epochs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Reads the epochs.
    #[n(0)]
    Read,
    /// Applies every change, or none.
    #[n(1)]
    Advance(#[n(0)] Vec<Change>),
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// The epochs after the command.
    #[n(0)]
    Now(#[n(0)] Epochs),
    /// A bound in [`crate::words::limits`] would be exceeded: nothing was changed.
    #[n(1)]
    Full,
}

/// The effect of a command on the epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Read,
    Wrote,
    Refused,
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Epochs>,
    command: Command,
    _now: Timestamp,
) -> (Option<Epochs>, Option<Timestamp>, Reply) {
    let mut epochs = earlier.unwrap_or_default();
    let changed = epochs.apply(command);
    let reply = changed.reply(&epochs);
    (changed.wrote().then_some(epochs), None, reply)
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

    /// Records the invalidated scope; when the records are full, everything is invalidated instead: bounded, and never
    /// too fresh.
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
