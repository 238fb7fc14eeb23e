//! Writes issued keys for answers: everything but the keys themselves, which are shown once.

use crate::access::identity::{Identity, KeyHashers, Roles};
use crate::ports::Platform;
use crate::state::keys::{Grants, Key, KeyStatus};
use crate::words::json::{ObjectWriter, write_array};
use crate::words::names::RoleId;
use crate::words::secret::Secret;
use crate::words::time::Timestamp;

/// The inputs of a view: the time, the configuration's roles, the hashing secrets.
pub(super) struct KeyView<'v> {
    now: Timestamp,
    roles: &'v Roles,
    hashers: &'v KeyHashers,
}

impl<'v> KeyView<'v> {
    pub(super) fn new<P: Platform>(platform: &P, identity: &'v Identity) -> Self {
        Self { now: platform.now(), roles: &identity.roles, hashers: identity.hashers() }
    }

    /// Writes a key that was issued just now, with its text.
    pub(super) fn shown(&self, key: &Key, text: &Secret) -> Vec<u8> {
        let mut out = ObjectWriter::new();
        out.text("key", text.expose());
        self.members(&mut out, key);
        out.end()
    }

    /// Writes one key.
    pub(super) fn one(&self, key: &Key) -> Vec<u8> {
        let mut out = ObjectWriter::new();
        self.members(&mut out, key);
        out.end()
    }

    /// Writes a page of at most `limit` of these keys; one more may be there.
    pub(super) fn page(&self, keys: &[Key], limit: usize) -> Vec<u8> {
        let mut out = ObjectWriter::new();
        write_array(out.value("items"), keys.iter().take(limit), |out, key| out.extend_from_slice(&self.one(key)));
        let last = keys.get(limit.saturating_sub(1)).filter(|_| keys.len() > limit);
        out.text_or_null("next", last.map(|key| key.id.as_str()));
        out.end()
    }

    fn members(&self, out: &mut ObjectWriter, key: &Key) {
        let Grants { tenant, caller, name, roles, scopes, users, projects, claims, note } = &key.grants;
        let status = match key.status(self.now) {
            KeyStatus::Active => "active",
            KeyStatus::Rotated => "rotated",
            KeyStatus::Expired => "expired",
            KeyStatus::Revoked => "revoked",
        };
        for (name, value) in [("id", &key.id), ("name", name), ("caller", caller), ("tenant", tenant)] {
            out.text(name, value);
        }
        out.text("state", status);
        for (name, values) in [("roles", roles), ("scopes", scopes), ("users", users), ("projects", projects)] {
            out.texts(name, values);
        }
        let is_missing = |role: &&String| RoleId::new(role).is_none_or(|role| !self.roles.contains_key(&role));
        out.texts("roles_missing", roles.iter().filter(is_missing));
        out.texts("claims", claims.keys());
        out.text("note", note);
        out.time("created_at", key.created_at);
        out.text("created_by", &key.created_by);
        out.time_or_null("expires_at", key.expires_at);
        out.text_or_null("rotated_to", key.replaced.as_ref().map(|replaced| replaced.by.as_str()));
        out.time_or_null("overlap_ends_at", key.replaced.as_ref().map(|replaced| replaced.until));
        out.time_or_null("revoked_at", key.revoked_at);
        out.text_or_null("revoked_by", key.revoked_by.as_deref());
        out.text("hash_secret", self.hashers.name_of(key.secret));
    }
}
