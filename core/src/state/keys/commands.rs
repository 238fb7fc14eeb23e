//! Commands on the keys of one owner.

use super::{Command, Fresh, Grants, Key, KeyStatus, Keys, Once, Replaced, Reply};
use crate::words::limits::{ISSUED_KEY_BYTES, ISSUED_KEY_ONCE, ISSUED_KEYS_LISTED};
use crate::words::time::{Millis, Timestamp};

/// Most letters of a caller's id that are stored with a revocation.
const BY_LETTERS: usize = 100;

/// The earlier keys of one request.
enum Before {
    /// None are left; true if one was ended just now.
    Ended(bool),
    /// They were made with other content.
    Mismatch,
}

impl Keys {
    /// Applies the command; returns true if anything changed, and the reply.
    pub(in crate::state) fn apply(&mut self, command: Command, now: Timestamp) -> (bool, Reply) {
        match command {
            Command::Find(id) => (false, self.find(&id)),
            Command::List { tenant, after, most } => (false, self.list(tenant.as_deref(), after, most)),
            Command::Create(fresh, grants) => self.create(*fresh, *grants, now),
            Command::Rotate { id, fresh, overlap } => self.rotate(&id, *fresh, overlap, now),
            Command::Revoke { id, tenant, by } => self.revoke(&id, tenant.as_deref(), by, now),
            Command::Rehash { id, from, to, secret } => self.rehash(&id, &from, to, secret),
        }
    }

    fn find(&self, id: &str) -> Reply {
        self.keys.get(id).map_or(Reply::Unknown, |key| Reply::Key(Box::new(key.clone())))
    }

    fn list(&self, tenant: Option<&str>, after: Option<String>, most: u32) -> Reply {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(ISSUED_KEYS_LISTED);
        let behind = self.keys.values().filter(|key| after.as_ref().is_none_or(|after| key.id > *after));
        let listed = behind.filter(|key| tenant.is_none_or(|tenant| key.grants.tenant == tenant)).take(most);
        Reply::Keys(listed.map(|key| Key { hash: Vec::new(), ..key.clone() }).collect())
    }

    fn create(&mut self, fresh: Fresh, grants: Grants, now: Timestamp) -> (bool, Reply) {
        if let Some(reply) = self.made_before(&fresh) {
            return (false, reply);
        }
        if !is_small(&fresh, &grants) || !self.make_room(&grants.tenant, now) {
            return (false, Reply::Full);
        }
        let ended_another = match self.end_of_request(fresh.once.as_ref(), now) {
            Before::Mismatch => return (false, Reply::Mismatch),
            Before::Ended(ended) => ended,
        };
        let expires_at = fresh.lasts.map(|lasts| now.after(lasts));
        (true, self.keep(fresh, grants, expires_at, ended_another, now))
    }

    fn rotate(&mut self, id: &str, fresh: Fresh, overlap: Millis, now: Timestamp) -> (bool, Reply) {
        if let Some(reply) = self.made_before(&fresh) {
            return (false, reply);
        }
        let Some(key) = self.keys.get(id) else {
            return (false, Reply::Unknown);
        };
        let is_repeated = || {
            let follower = key.replaced.as_ref().and_then(|replaced| self.keys.get(&replaced.by));
            follower.is_some_and(|follower| is_of_request(follower, fresh.once.as_ref(), now))
        };
        let may_rotate = match key.status(now) {
            KeyStatus::Active => true,
            // The same request again: its caller has not seen the key that it made.
            KeyStatus::Rotated | KeyStatus::Expired => is_repeated(),
            KeyStatus::Revoked => false,
        };
        if !may_rotate {
            return (false, Reply::Ended);
        }
        let (grants, until) = (key.grants.clone(), key.expires_at);
        if !is_small(&fresh, &grants) || !self.make_room(&grants.tenant, now) {
            return (false, Reply::Full);
        }
        let ended_another = match self.end_of_request(fresh.once.as_ref(), now) {
            Before::Mismatch => return (false, Reply::Mismatch),
            Before::Ended(ended) => ended,
        };
        if let Some(key) = self.keys.get_mut(id) {
            // A repetition does not prolong a key that the first request has ended.
            let end = now.after(overlap);
            let until = key.replaced.as_ref().map_or(end, |replaced| replaced.until.min(end));
            key.replaced = Some(Replaced { by: fresh.id.clone(), until });
        }
        let expires_at = fresh.lasts.map_or(until, |lasts| Some(now.after(lasts)));
        (true, self.keep(fresh, grants, expires_at, ended_another, now))
    }

    fn revoke(&mut self, id: &str, tenant: Option<&str>, by: String, now: Timestamp) -> (bool, Reply) {
        let found = self.keys.get_mut(id).filter(|key| tenant.is_none_or(|tenant| key.grants.tenant == tenant));
        let Some(key) = found else {
            return (false, Reply::Unknown);
        };
        let is_new = key.revoked_at.is_none();
        if is_new {
            (key.revoked_at, key.revoked_by) = (Some(now), Some(by.chars().take(BY_LETTERS).collect()));
        }
        (is_new, Reply::Key(Box::new(key.clone())))
    }

    fn rehash(&mut self, id: &str, from: &[u8], to: Vec<u8>, secret: u64) -> (bool, Reply) {
        let Some(key) = self.keys.get_mut(id).filter(|key| key.hash == from && to.len() == from.len()) else {
            return (false, Reply::Unknown);
        };
        (key.hash, key.secret) = (to, secret);
        (true, Reply::Key(Box::new(key.clone())))
    }

    /// Returns the reply to a command that is repeated because its first reply was lost: the key exists as requested.
    fn made_before(&self, fresh: &Fresh) -> Option<Reply> {
        let key = self.keys.get(&fresh.id)?;
        let is_same = key.hash == fresh.hash && key.once == fresh.once;
        Some(if is_same { Reply::Made { key: Box::new(key.clone()), ended_another: true } } else { Reply::Full })
    }

    /// Ends the key of an earlier request with the same Idempotency-Key: nobody has seen that key, or it is given back.
    fn end_of_request(&mut self, once: Option<&Once>, now: Timestamp) -> Before {
        let mut ended = false;
        let same = self.keys.values().filter(|key| is_of_request(key, once, now));
        if same.clone().any(|key| key.once.as_ref().map(|once| &once.body) != once.map(|once| &once.body)) {
            return Before::Mismatch;
        }
        let ids: Vec<String> = same.filter(|key| !key.is_over(now)).map(|key| key.id.clone()).collect();
        for id in ids {
            if let Some(key) = self.keys.get_mut(&id) {
                (key.revoked_at, key.revoked_by) = (Some(now), Some(key.created_by.clone()));
                ended = true;
            }
        }
        Before::Ended(ended)
    }

    fn keep(
        &mut self,
        fresh: Fresh,
        grants: Grants,
        expires_at: Option<Timestamp>,
        ended_another: bool,
        now: Timestamp,
    ) -> Reply {
        let Fresh { id, hash, secret, created_by, lasts: _, once } = fresh;
        let key = Key {
            id: id.clone(),
            hash,
            secret,
            grants,
            created_at: now,
            created_by,
            expires_at,
            revoked_at: None,
            revoked_by: None,
            replaced: None,
            once,
        };
        self.keys.insert(id, key.clone());
        Reply::Made { key: Box::new(key), ended_another }
    }
}

/// Returns true if a key was made by this request, not long ago.
fn is_of_request(key: &Key, once: Option<&Once>, now: Timestamp) -> bool {
    let same = key.once.as_ref().zip(once).is_some_and(|(known, once)| known.request == once.request);
    same && now.since(key.created_at) < ISSUED_KEY_ONCE
}

fn is_small(fresh: &Fresh, grants: &Grants) -> bool {
    fresh.bytes().saturating_add(grants.bytes()) <= ISSUED_KEY_BYTES
}
