//! Issued API keys: the grants, the lifetime and the keyed hash of each; never the key itself.
//!
//! They are spread over sixteen owners by the first digit of their ids, so that a look-up asks one owner for one key. A
//! key and its successor have the same owner: a rotation is one change.

mod commands;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::model::caller::ClaimValue;
use crate::words::limits::{ISSUED_KEY_BYTES, ISSUED_KEY_KEPT, ISSUED_KEYS, ISSUED_KEYS_OF_TENANT};
use crate::words::time::{Millis, Timestamp};

/// The grants of a key. They cannot be changed: another grant is another key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Grants {
    /// The tenant that it belongs to.
    #[n(0)]
    pub tenant: String,
    /// The caller that it authenticates; every successor of the key authenticates the same.
    #[n(1)]
    pub caller: String,
    /// The name for people.
    #[n(2)]
    pub name: String,
    /// The roles.
    #[n(3)]
    pub roles: Vec<String>,
    /// The actions that its roles are narrowed to; none narrow nothing.
    #[n(4)]
    pub scopes: Vec<String>,
    /// The users that it may name; `*` for all.
    #[n(5)]
    pub users: Vec<String>,
    /// The projects that it may address; `*` for all.
    #[n(6)]
    pub projects: Vec<String>,
    /// The claims of the credential that it was made with.
    #[n(7)]
    pub claims: BTreeMap<String, ClaimValue>,
    /// A note for people; may be empty.
    #[n(8)]
    pub note: String,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Key {
    /// The id, which is part of its text.
    #[n(0)]
    pub id: String,
    /// HMAC-SHA-256 of its text under a hashing secret; empty in lists.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub hash: Vec<u8>,
    /// The number of that hashing secret.
    #[n(2)]
    pub secret: u64,
    /// The grants.
    #[n(3)]
    pub grants: Grants,
    /// The time of its creation.
    #[n(4)]
    pub created_at: Timestamp,
    /// The caller that made it.
    #[n(5)]
    pub created_by: String,
    /// The time from which it is no longer valid; `None` for never.
    #[n(6)]
    pub expires_at: Option<Timestamp>,
    /// The time of its revocation.
    #[n(7)]
    pub revoked_at: Option<Timestamp>,
    /// The caller that revoked it.
    #[n(8)]
    pub revoked_by: Option<String>,
    /// The successor, after a rotation.
    #[n(9)]
    pub replaced: Option<Replaced>,
    /// The request that made it, if that is to be recognized again.
    #[n(10)]
    pub once: Option<Once>,
}

/// The successor of a rotated key, and the end of their overlap.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Replaced {
    /// The id of the successor.
    #[n(0)]
    pub by: String,
    /// The time from which the earlier key is no longer valid.
    #[n(1)]
    pub until: Timestamp,
}

/// A request that may be repeated: at most one key of it lives.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Once {
    /// Digest of the caller and its Idempotency-Key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// Digest of the request's content.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// The status of a key at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// The key is valid.
    Active,
    /// The key is still valid, and has a successor.
    Rotated,
    /// The key has expired.
    Expired,
    /// The key was revoked.
    Revoked,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Fresh {
    /// The key's id.
    #[n(0)]
    pub id: String,
    /// The keyed hash of its text.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub hash: Vec<u8>,
    /// The number of that hashing secret.
    #[n(2)]
    pub secret: u64,
    /// The caller that makes it.
    #[n(3)]
    pub created_by: String,
    /// The key's lifetime; `None` for ever, or as long as the key that it succeeds.
    #[n(4)]
    pub lasts: Option<Millis>,
    /// The request that makes it, if that is to be recognized again.
    #[n(5)]
    pub once: Option<Once>,
}

/// A request to the owner of keys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Makes a key.
    #[n(0)]
    Create(#[n(0)] Box<Fresh>, #[n(1)] Box<Grants>),
    /// Finds the key with this id.
    #[n(1)]
    Find(#[n(0)] String),
    /// Lists keys in the order of their ids.
    #[n(2)]
    List {
        /// Only keys of this tenant; `None` for all.
        #[n(0)]
        tenant: Option<String>,
        /// Only keys behind this id.
        #[n(1)]
        after: Option<String>,
        /// Length of the list, at most.
        #[n(2)]
        most: u32,
    },
    /// Makes a key with the same grants, as the successor of another.
    #[n(3)]
    Rotate {
        /// The key to be rotated.
        #[n(0)]
        id: String,
        /// The successor.
        #[n(1)]
        fresh: Box<Fresh>,
        /// Time for which the earlier key stays valid.
        #[n(2)]
        overlap: Millis,
    },
    /// Revokes a key, for good.
    #[n(4)]
    Revoke {
        /// The key.
        #[n(0)]
        id: String,
        /// The tenant that it must belong to; `None` for any.
        #[n(1)]
        tenant: Option<String>,
        /// The caller that revokes it.
        #[n(2)]
        by: String,
    },
    /// Replaces a known hash by one under another hashing secret.
    #[n(5)]
    Rehash {
        /// The key.
        #[n(0)]
        id: String,
        /// The known hash.
        #[cbor(n(1), with = "minicbor::bytes")]
        from: Vec<u8>,
        /// The new hash.
        #[cbor(n(2), with = "minicbor::bytes")]
        to: Vec<u8>,
        /// The number of the new hash's secret.
        #[n(3)]
        secret: u64,
    },
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// The key as it is after the command.
    #[n(0)]
    Key(#[n(0)] Box<Key>),
    /// The key was made.
    #[n(1)]
    Made {
        /// The key.
        #[n(0)]
        key: Box<Key>,
        /// Another key of the same request was ended by this command.
        #[n(1)]
        ended_another: bool,
    },
    /// Keys, without their hashes.
    #[n(2)]
    Keys(#[n(0)] Vec<Key>),
    /// There is no such key.
    #[n(3)]
    Unknown,
    /// The key has ended, or another has taken its place.
    #[n(4)]
    Ended,
    /// A key of the same request was made with other content.
    #[n(5)]
    Mismatch,
    /// A bound in [`crate::words::limits`] would be exceeded: nothing was changed.
    #[n(6)]
    Full,
}

/// The keys of one owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Keys {
    #[n(0)]
    keys: BTreeMap<String, Key>,
}

impl Key {
    /// Returns the end of the key's validity, as far as it is known.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let replaced = self.replaced.as_ref().map(|replaced| replaced.until);
        [self.expires_at, replaced, self.revoked_at].into_iter().flatten().min()
    }

    /// Returns the key's status.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        if self.revoked_at.is_some() {
            KeyStatus::Revoked
        } else if self.ends_at().is_some_and(|end| end <= now) {
            KeyStatus::Expired
        } else if self.replaced.is_some() {
            KeyStatus::Rotated
        } else {
            KeyStatus::Active
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        matches!(self.status(now), KeyStatus::Expired | KeyStatus::Revoked)
    }
}

impl Grants {
    /// Returns its approximate size in storage, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.tenant, &self.caller, &self.name, &self.note];
        let lists = [&self.roles, &self.scopes, &self.users, &self.projects];
        let claims = self.claims.iter().flat_map(|(name, value)| {
            let more: &[String] = match value {
                ClaimValue::Text(text) => std::slice::from_ref(text),
                ClaimValue::Texts(texts) => texts,
                ClaimValue::Number(_) | ClaimValue::Flag(_) => &[],
            };
            // The value's kind is stored by its name.
            [name, name].into_iter().chain(more)
        });
        texts.into_iter().chain(lists.into_iter().flatten()).chain(claims).fold(0, |sum, text| {
            // A text is stored behind its length.
            sum.saturating_add(text.len()).saturating_add(8)
        })
    }
}

impl Fresh {
    fn bytes(&self) -> usize {
        let once = self.once.as_ref().map_or(0, |once| once.request.len().saturating_add(once.body.len()));
        [self.id.len(), self.hash.len(), self.created_by.len(), once].into_iter().fold(0, usize::saturating_add)
    }
}

impl Keys {
    /// Makes room for one more key of the tenant: drops keys that ended long ago, and for a tenant with too many, those
    /// that ended first. Returns false when there is none.
    fn make_room(&mut self, tenant: &str, now: Timestamp) -> bool {
        self.keys.retain(|_, key| {
            let ended = key.ends_at().filter(|end| *end <= now);
            ended.is_none_or(|end| now.since(end) < ISSUED_KEY_KEPT)
        });
        let of_tenant = |key: &&Key| key.grants.tenant == tenant;
        if self.keys.values().filter(of_tenant).count() >= ISSUED_KEYS_OF_TENANT {
            let over = self.keys.values().filter(of_tenant).filter(|key| key.is_over(now));
            let Some(first) = over.min_by_key(|key| key.ends_at()).map(|key| key.id.clone()) else {
                return false;
            };
            self.keys.remove(&first);
        }
        self.keys.len() < ISSUED_KEYS
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Keys>,
    command: Command,
    now: Timestamp,
) -> (Option<Keys>, Option<Timestamp>, Reply) {
    let mut keys = earlier.unwrap_or_default();
    let (wrote, reply) = keys.apply(command, now);
    (wrote.then_some(keys), None, reply)
}

const _: () = assert!(ISSUED_KEYS * ISSUED_KEY_BYTES < 1_500_000, "an owner's keys fit into one stored value");

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
