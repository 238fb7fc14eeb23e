//! The cache key: everything that a response may depend on, each part with its length, so that no two calls share an
//! encoding.

use std::borrow::Cow;

use hmac_sha256::Hash;

use super::CachePolicy;
use crate::cache::CacheScopeChoice;
use crate::model::tool::Tool;
use crate::words::hex;
use crate::words::json::{Json, write_canonical};
use crate::words::names::{Project, TenantId, UserId};

/// Holds the parts of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyParts<'k> {
    /// The caller's tenant.
    pub tenant: &'k TenantId,
    /// The account of the executor's credential (zeros for local tools), or those of all equivalent executors.
    pub account: &'k [u8],
    /// The organisation and project.
    pub project: Option<&'k Project>,
    /// The executor, or all executors that the operator declares equivalent.
    pub executors: &'k str,
    /// The user; left out of the key for shared responses.
    pub user: Option<&'k UserId>,
    /// The tool in its resolved version.
    pub tool: &'k Tool,
    /// The terms on which its responses are stored.
    pub policy: CachePolicy,
    /// The arguments.
    pub input: &'k Json<'k>,
}

/// A key as bytes: equal if and only if every part is equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(Box<[u8]>);

/// The version of the key's format; raised with every added part.
const FORMAT: u8 = 1;

/// Builds the key.
///
/// INVARIANT (key completeness): the request to an executor, with its name and account, is a function of these parts.
#[must_use]
pub fn key_of(parts: &KeyParts<'_>) -> CacheKey {
    let KeyParts { tenant, account, project, executors, user, tool, policy, input } = *parts;
    let whose = match (policy.scope, user) {
        (CacheScopeChoice::Shared, _) => Cow::Borrowed("shared"),
        (CacheScopeChoice::User, None) => Cow::Borrowed("nobody"),
        (CacheScopeChoice::User, Some(user)) => Cow::Owned(format!("user {}", user.as_str())),
    };
    let mut key = Vec::with_capacity(256);
    key.push(FORMAT);
    for part in [
        tenant.as_str().as_bytes(),
        account,
        project.map_or(&b""[..], |project| project.as_str().as_bytes()),
        executors.as_bytes(),
        whose.as_bytes(),
        tool.folded.as_bytes(),
        tool.version.as_bytes(),
        tool.schema_hash(),
        &policy.rule,
    ] {
        push_part(&mut key, part);
    }
    // Last, and so without a length: the canonical text ends where the key ends.
    write_canonical(&mut key, input);
    CacheKey(key.into_boxed_slice())
}

fn push_part(key: &mut Vec<u8>, part: &[u8]) {
    // Every part is bounded far below 2^32 bytes where it is parsed.
    key.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend_from_slice(part);
}

impl CacheKey {
    /// Returns the key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the SHA-256 of the key, by which an operator can name it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Hash::hash(&self.0)
    }

    /// Returns the entry's name in the edge key-value store. The entry repeats the whole key, so that a collision is a
    /// miss.
    #[must_use]
    pub fn store_name(&self) -> String {
        format!("cache/1/{}", hex::encode(&Hash::hash(&self.0)))
    }

    /// Returns the name of the durable owner of the calls that miss this key. The values it hands on repeat the whole
    /// key too.
    #[must_use]
    pub fn flight_owner(&self) -> String {
        format!("flight/{}", hex::encode(&Hash::hash(&self.0)))
    }

    /// Creates a key of these bytes.
    #[cfg(test)]
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    pub(super) fn into_boxed(self) -> Box<[u8]> {
        self.0
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
