//! What answers tell of issued keys: everything but the keys themselves, which are shown once.

use crate::access::identity::KeyHashers;
use crate::config::Config;
use crate::pipeline::runtime::Running;
use crate::ports::Platform;
use crate::state::keys::{Grants, Key, Standing};
use crate::words::json::write_string;
use crate::words::names::RoleId;
use crate::words::secret::Secret;
use crate::words::time::Timestamp;

/// What is looked at from: the time, the configuration's roles, the hashing secrets.
pub(super) struct View<'v> {
    now: Timestamp,
    config: &'v Config,
    hashers: &'v KeyHashers,
}

impl<'v> View<'v> {
    pub(super) fn new<P: Platform>(platform: &P, running: &'v Running) -> Self {
        Self { now: platform.now(), config: &running.config, hashers: running.identity.hashers() }
    }

    /// A key that was issued just now, with its text.
    pub(super) fn shown(&self, key: &Key, text: &Secret) -> Vec<u8> {
        let mut out = b"{".to_vec();
        member(&mut out, "key");
        write_string(&mut out, text.expose());
        out.push(b',');
        self.members(&mut out, key);
        out.push(b'}');
        out
    }

    /// One key.
    pub(super) fn one(&self, key: &Key) -> Vec<u8> {
        let mut out = Vec::new();
        self.object(&mut out, key);
        out
    }

    /// A page of at most so many keys, of which one more may be there.
    pub(super) fn page(&self, keys: &[Key], limit: usize) -> Vec<u8> {
        let mut out = b"{\"items\":[".to_vec();
        for (index, key) in keys.iter().take(limit).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.object(&mut out, key);
        }
        out.extend_from_slice(b"],");
        let last = keys.get(limit.saturating_sub(1)).filter(|_| keys.len() > limit);
        member(&mut out, "next");
        text_or_null(&mut out, last.map(|key| key.id.as_str()));
        out.push(b'}');
        out
    }

    fn object(&self, out: &mut Vec<u8>, key: &Key) {
        out.push(b'{');
        self.members(out, key);
        out.push(b'}');
    }

    fn members(&self, out: &mut Vec<u8>, key: &Key) {
        let Grants { tenant, caller, name, roles, scopes, users, projects, claims, note } = &key.grants;
        let standing = match key.standing(self.now) {
            Standing::Active => "active",
            Standing::Rotated => "rotated",
            Standing::Expired => "expired",
            Standing::Revoked => "revoked",
        };
        let texts = [("id", &key.id), ("name", name), ("caller", caller), ("tenant", tenant)];
        for (name, value) in texts {
            member(out, name);
            write_string(out, value);
            out.push(b',');
        }
        member(out, "state");
        write_string(out, standing);
        for (name, values) in [("roles", roles), ("scopes", scopes), ("users", users), ("projects", projects)] {
            next(out, name);
            list(out, values.iter().map(String::as_str));
        }
        let is_missing = |role: &&String| RoleId::new(role).is_none_or(|role| !self.config.roles.contains_key(&role));
        next(out, "roles_missing");
        list(out, roles.iter().filter(is_missing).map(String::as_str));
        next(out, "claims");
        list(out, claims.keys().map(String::as_str));
        next(out, "note");
        write_string(out, note);
        next(out, "created_at");
        time_or_null(out, Some(key.created_at));
        next(out, "created_by");
        write_string(out, &key.created_by);
        next(out, "expires_at");
        time_or_null(out, key.expires_at);
        next(out, "rotated_to");
        text_or_null(out, key.replaced.as_ref().map(|replaced| replaced.by.as_str()));
        next(out, "overlap_ends_at");
        time_or_null(out, key.replaced.as_ref().map(|replaced| replaced.until));
        next(out, "revoked_at");
        time_or_null(out, key.revoked_at);
        next(out, "revoked_by");
        text_or_null(out, key.revoked_by.as_deref());
        next(out, "hash_secret");
        write_string(out, self.hashers.name_of(key.secret));
    }
}

fn member(out: &mut Vec<u8>, name: &str) {
    write_string(out, name);
    out.push(b':');
}

fn next(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    member(out, name);
}

fn text_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => write_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn time_or_null(out: &mut Vec<u8>, time: Option<Timestamp>) {
    match time {
        Some(time) => {
            out.push(b'"');
            time.write_to(out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

fn list<'t>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
    out.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, text);
    }
    out.push(b']');
}
