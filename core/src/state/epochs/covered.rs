//! The scopes that cover a look-up: borrowed, so that a warm hit allocates none.

use std::borrow::Borrow;
use std::cmp::Ordering;

use hmac_sha256::Hash;

use super::{CacheScope, Epochs};

pub use crate::words::names::CacheTag;

/// All scopes by which a look-up can have been invalidated. Names of tools are in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'c> {
    /// The tenant.
    pub tenant: &'c str,
    /// The toolkit.
    pub toolkit: &'c str,
    /// `toolkit.tool`.
    pub tool: &'c str,
    /// The tags that the operator's rule gives the tool.
    pub tags: &'c [CacheTag],
    /// The responses' user (`""` for none), or `None` where the tenant's users share them.
    pub user: Option<&'c str>,
    /// The bytes of the key.
    pub key: &'c [u8],
}

/// [`CacheScope`] with its names borrowed. The order is the same: variants and their members stand as they do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BorrowedScope<'s> {
    All,
    Tenant(&'s str),
    Toolkit(&'s str, &'s str),
    ToolkitShared(&'s str, &'s str),
    ToolkitUser(&'s str, &'s str, &'s str),
    Tool(&'s str, &'s str),
    Tag(&'s str, &'s str),
    User(&'s str, &'s str),
    Key(&'s str, &'s [u8; 32]),
}

/// Views a scope with borrowed names: a key of the map, or a look-up in it.
trait AsBorrowedScope {
    fn seen(&self) -> BorrowedScope<'_>;
}

impl AsBorrowedScope for BorrowedScope<'_> {
    fn seen(&self) -> BorrowedScope<'_> {
        *self
    }
}

impl AsBorrowedScope for CacheScope {
    fn seen(&self) -> BorrowedScope<'_> {
        match self {
            Self::All => BorrowedScope::All,
            Self::Tenant(tenant) => BorrowedScope::Tenant(tenant),
            Self::Toolkit(tenant, toolkit) => BorrowedScope::Toolkit(tenant, toolkit),
            Self::ToolkitShared(tenant, toolkit) => BorrowedScope::ToolkitShared(tenant, toolkit),
            Self::ToolkitUser(tenant, toolkit, user) => BorrowedScope::ToolkitUser(tenant, toolkit, user),
            Self::Tool(tenant, tool) => BorrowedScope::Tool(tenant, tool),
            Self::Tag(tenant, tag) => BorrowedScope::Tag(tenant, tag),
            Self::User(tenant, user) => BorrowedScope::User(tenant, user),
            Self::Key(tenant, digest) => BorrowedScope::Key(tenant, digest),
        }
    }
}

impl<'b> Borrow<dyn AsBorrowedScope + 'b> for CacheScope {
    fn borrow(&self) -> &(dyn AsBorrowedScope + 'b) {
        self
    }
}

impl PartialEq for dyn AsBorrowedScope + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.seen() == other.seen()
    }
}

impl Eq for dyn AsBorrowedScope + '_ {}

impl PartialOrd for dyn AsBorrowedScope + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn AsBorrowedScope + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seen().cmp(&other.seen())
    }
}

impl Epochs {
    /// Returns the oldest version under which a response to this look-up may have been read and still be served.
    /// Allocates nothing.
    #[must_use]
    pub fn cache_floor_of(&self, covered: &Covered<'_>) -> u64 {
        if self.cache.is_empty() {
            return self.cache_floor;
        }
        let Covered { tenant, toolkit, tool, tags, user, key } = *covered;
        let of =
            |scope: BorrowedScope<'_>| self.cache.get::<dyn AsBorrowedScope + '_>(&scope).copied().unwrap_or_default();
        let whose = match user {
            None => of(BorrowedScope::ToolkitShared(tenant, toolkit)),
            Some(user) => {
                of(BorrowedScope::ToolkitUser(tenant, toolkit, user)).max(of(BorrowedScope::User(tenant, user)))
            }
        };
        let wide = of(BorrowedScope::Tenant(tenant))
            .max(of(BorrowedScope::Toolkit(tenant, toolkit)))
            .max(of(BorrowedScope::Tool(tenant, tool)));
        let tagged = tags.iter().map(|tag| of(BorrowedScope::Tag(tenant, tag.as_str()))).max().unwrap_or_default();
        // A digest costs more than all the rest: it is computed only if some key was invalidated. Keys stand last in
        // the map.
        let has_keys = matches!(self.cache.last_key_value(), Some((CacheScope::Key(..), _)));
        let one = if has_keys { of(BorrowedScope::Key(tenant, &Hash::hash(key))) } else { 0 };
        [self.cache_floor, whose, wide, tagged, one].into_iter().max().unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "covered_tests.rs"]
mod tests;
