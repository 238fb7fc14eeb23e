//! Knowledge of keys from the outside: what was asked, what was answered, and when. It says what must be let in, what
//! must not, and leaves open what lies within the stated bounds.

use super::{LEASE_MS, Seen};

/// The time for which an isolate may go on without asking, where it could not be told, in milliseconds.
const REMEMBERED_MS: u64 = 60_000;
const NEVER: u64 = u64::MAX;

/// The grants of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grants {
    pub(super) tenant: String,
    pub(super) roles: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) scopes: Vec<String>,
}

impl Grants {
    pub(super) fn new(tenant: &str, roles: &[&str], users: &[&str], scopes: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self { tenant: tenant.to_owned(), roles: owned(roles), users: owned(users), scopes: owned(scopes) }
    }

    pub(super) fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    fn names(&self, user: &str) -> bool {
        self.users.iter().any(|held| held == "*" || held == user)
    }

    fn is_within(&self, action: &str) -> bool {
        let family = action.split('/').next().unwrap_or_default();
        let means = |scope: &String| scope == "*" || scope == action || *scope == format!("{family}/*");
        self.scopes.is_empty() || self.scopes.iter().any(means)
    }

    /// Returns true if every request that these let through is one that `wider` let through.
    fn are_held_by(&self, wider: &Self) -> bool {
        let scopes_fit = wider.scopes.is_empty()
            || (!self.scopes.is_empty()
                && self.scopes.iter().all(|scope| {
                    let family = scope.split('/').next().unwrap_or_default();
                    wider.scopes.iter().any(|held| held == "*" || held == scope || *held == format!("{family}/*"))
                }));
        self.tenant == wider.tenant
            && self.roles.iter().all(|role| wider.has(role))
            && scopes_fit
            && self.users.iter().all(|user| wider.names(user) && (user != "*" || wider.users.contains(user)))
    }
}

/// Judges a request: it must be let through, must not, or lies within the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Must,
    May,
    MustNot(&'static str),
}

/// A key that was made.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) id: String,
    pub(super) grants: Grants,
    pub(super) lives_ms: Option<u64>,
    /// From when on it may have ended, and must have ended.
    ends: (u64, u64),
    /// From when on the owner may know of its rotation or revocation, and surely does.
    over: (u64, u64),
    /// Returns true if another surely took its place; `None` for surely not.
    rotated: Option<bool>,
}

impl Key {
    pub(super) fn new(text: String, id: String, grants: Grants, seen: &Seen, lives_ms: Option<u64>) -> Self {
        let ends = lives_ms.map_or((NEVER, NEVER), |lives| (seen.sent + lives, seen.answered + lives));
        Self { text, id, grants, lives_ms, ends, over: (NEVER, NEVER), rotated: None }
    }

    /// Takes over the end of the key whose place it takes.
    pub(super) fn inherit(&mut self, earlier: &Self) {
        (self.lives_ms, self.ends) = (earlier.lives_ms, earlier.inherited());
    }

    const fn inherited(&self) -> (u64, u64) {
        self.ends
    }

    fn end_between(&mut self, may: u64, must: u64) {
        self.over = (self.over.0.min(may), self.over.1.min(must));
    }

    pub(super) fn rotated(&mut self, seen: &Seen, overlap: u64, is_sure: bool, may_fail: bool) {
        self.rotated = Some(is_sure || self.rotated == Some(true));
        // Isolates are told of a short overlap; where they could not be, they ask within a minute.
        let told = if overlap >= REMEMBERED_MS {
            0
        } else if may_fail {
            REMEMBERED_MS + LEASE_MS
        } else {
            LEASE_MS
        };
        let must = if is_sure { seen.answered + overlap + told } else { NEVER };
        self.end_between(seen.sent + overlap, must);
    }

    pub(super) fn revoked(&mut self, seen: &Seen, is_sure: bool) {
        self.end_between(seen.sent, if is_sure { seen.answered + LEASE_MS } else { NEVER });
    }

    /// Returns true if it is alive all the time that a request takes, or dead.
    fn alive(&self, seen: &Seen) -> Use {
        if seen.sent >= self.ends.1 {
            Use::MustNot("it has expired")
        } else if seen.sent > self.over.1 {
            Use::MustNot("it was rotated or revoked")
        } else if seen.answered < self.ends.0 && seen.answered < self.over.0 {
            Use::Must
        } else {
            Use::May
        }
    }
}

/// Someone who tries to make, rotate or revoke keys.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    pub(super) key: String,
    /// The id of its key, if that was issued.
    pub(super) issued: Option<String>,
    /// Returns its permissions; `None` for everything.
    pub(super) grants: Option<Grants>,
}

impl Maker {
    pub(super) fn of(key: &Key) -> Self {
        Self { key: key.text.clone(), issued: Some(key.id.clone()), grants: Some(key.grants.clone()) }
    }
}

/// All keys that were made.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) keys: Vec<Key>,
    pub(super) may_fail: bool,
}

impl Model {
    /// Returns true if the maker is let in for this action.
    fn is_let_in(&self, maker: &Maker, action: &str, seen: &Seen) -> Use {
        let Some(grants) = &maker.grants else { return Use::Must };
        let alive = match &maker.issued {
            None => Use::Must,
            Some(id) => self.keys.iter().find(|key| key.id == *id).map_or(Use::May, |key| key.alive(seen)),
        };
        if grants.has("lead") && grants.is_within(action) { alive } else { Use::MustNot("its maker may not") }
    }

    pub(super) fn may_make(&self, maker: &Maker, grants: &Grants, seen: &Seen) -> Use {
        let held = maker.grants.as_ref().is_none_or(|held| grants.are_held_by(held));
        match self.is_let_in(maker, "keys/write", seen) {
            Use::MustNot(why) => Use::MustNot(why),
            _ if !held => Use::MustNot("more than held"),
            let_in => let_in,
        }
    }

    pub(super) fn may_rotate(&self, maker: &Maker, key: &Key, seen: &Seen) -> Use {
        match (self.may_make(maker, &key.grants, seen), key.alive(seen)) {
            (Use::MustNot(why), _) => Use::MustNot(why),
            _ if key.rotated == Some(true) => Use::MustNot("it was rotated before"),
            _ if key.rotated == Some(false) => Use::May,
            // Its owner knows at once what others learn within the lease.
            (Use::Must, Use::Must) => Use::Must,
            (_, Use::MustNot(why)) => Use::MustNot(why),
            _ => Use::May,
        }
    }

    pub(super) fn may_revoke(&self, maker: &Maker, key: &Key, seen: &Seen) -> Use {
        let is_own = maker.grants.as_ref().is_none_or(|held| held.tenant == key.grants.tenant);
        match self.is_let_in(maker, "keys/write", seen) {
            Use::MustNot(why) => Use::MustNot(why),
            _ if !is_own => Use::MustNot("it is another tenant's"),
            let_in => let_in,
        }
    }

    pub(super) fn may_use(&self, key: &Key, tool: &str, user: &str, seen: &Seen) -> Use {
        let role = key.grants.has("math") || (tool == "Calc.Plus" && key.grants.has("add"));
        if !role {
            return Use::MustNot("no role of it has the tool");
        }
        if !key.grants.is_within("tools/call") {
            return Use::MustNot("its scopes leave calls out");
        }
        if !key.grants.names(user) {
            return Use::MustNot("it may not name the user");
        }
        key.alive(seen)
    }
}
