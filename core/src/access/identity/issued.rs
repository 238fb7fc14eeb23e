//! Verifies issued keys: their owner is asked once, and the answer is remembered for a while.
//!
//! INVARIANT (issued keys): an issued key is let in only on what its owner said under the current version of the
//! revocations, at most [`ISSUED_KEY_REMEMBERED`] ago. An owner that does not answer lets nobody in.

use std::rc::Rc;

use subtle::ConstantTimeEq;

use super::memory::{CredentialFingerprint, KnownCredential, Validity};
use super::{Identified, Identity, KeyHashers, Roles, key};
use crate::model::caller::{Caller, ProjectRule, UserRule};
use crate::ports::{DurableError, Platform};
use crate::state::epochs::Epochs;
use crate::state::keys::{Command, Grants, Key, KeyStatus, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::words::action::ActionPattern;
use crate::words::limits::ISSUED_KEY_REMEMBERED;
use crate::words::modes::Priority;
use crate::words::names::{CallerId, KeyId, Project, RoleId, TenantId, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

/// Holds a whole issued key, whose validity its owner must confirm.
#[derive(Clone, Copy)]
pub struct Unverified<'r> {
    pub(super) text: &'r str,
    pub(super) id: &'r str,
    pub(super) fingerprint: CredentialFingerprint,
    /// True when it was valid at the last question: then it is no part of a flood.
    pub(super) was_valid: bool,
}

/// Verifies the key with its owner.
///
/// # Errors
/// [`RefusalKind::CredentialUnknown`], [`RefusalKind::CredentialExpired`], [`RefusalKind::CredentialRevoked`],
/// [`RefusalKind::CredentialThrottled`], [`RefusalKind::CredentialUnverifiable`], [`RefusalKind::DurableUnsupported`].
pub(crate) async fn verify<P: Platform>(
    platform: &P,
    identity: &Identity,
    unverified: Unverified<'_>,
    epochs: &Epochs,
) -> Result<Identified, Refusal> {
    let Unverified { text, id, fingerprint, was_valid } = unverified;
    let (memory, hashers) = (identity.keyring.memory(), identity.keyring.hashers());
    let asked_at = platform.now();
    let lookup = if was_valid {
        None
    } else {
        Some(memory.lookups().begin(asked_at).ok_or_else(|| Refusal::new(RefusalKind::CredentialThrottled))?)
    };
    let command = StateCommand::Keys(Command::Find(id.to_owned()));
    let key = match state::apply(platform, &key::owner_of(id), &command).await {
        Ok(StateReply::Keys(Reply::Key(key))) => Some(key),
        Ok(StateReply::Keys(Reply::Unknown)) => None,
        Ok(_) | Err(DurableError::Unavailable) => return Err(Refusal::new(RefusalKind::CredentialUnverifiable)),
        Err(DurableError::Unsupported) => return Err(Refusal::new(RefusalKind::DurableUnsupported)),
    };
    let now = platform.now();
    let judged = judge(key.as_deref(), text, hashers, now).and_then(|(key, rehash)| {
        let identified = identified(key, &identity.roles).ok_or(RefusalKind::CredentialUnknown)?;
        Ok((key, rehash, identified))
    });
    let (key, rehash, identified) = judged.map_err(|kind| {
        if let Some(lookup) = &lookup {
            lookup.fail(now);
        }
        memory.refuse(fingerprint, kind, now);
        Refusal::new(kind)
    })?;
    let ends_at = asked_at.after(ISSUED_KEY_REMEMBERED);
    let ends_at = key.ends_at().map_or(ends_at, |end| end.min(ends_at));
    let validity = Validity { revocation: epochs.revocation, from: asked_at, ends_at, issuer: None };
    memory.remember(fingerprint, KnownCredential { identified: identified.clone(), validity: Some(validity) });
    if let Some(command) = rehash {
        let (platform_, owner) = (platform.clone(), key::owner_of(id));
        platform.spawn(async move {
            // Best effort: the next isolate that asks about the key does the same.
            let _lost = state::apply(&platform_, &owner, &StateCommand::Keys(command)).await;
        });
    }
    Ok(identified)
}

/// Returns the presented key when it is valid now; and the command that gives its owner the hash under the current
/// secret, where it has one under the other.
fn judge<'k>(
    key: Option<&'k Key>,
    text: &str,
    hashers: &KeyHashers,
    now: Timestamp,
) -> Result<(&'k Key, Option<Command>), RefusalKind> {
    let key = key.ok_or(RefusalKind::CredentialUnknown)?;
    let hasher = hashers.of(key.secret).ok_or(RefusalKind::CredentialUnknown)?;
    if !bool::from(hasher.hash(text).ct_eq(key.hash.as_slice())) {
        return Err(RefusalKind::CredentialUnknown);
    }
    // Only a holder of the key learns of its expiry or revocation.
    match key.status(now) {
        KeyStatus::Active | KeyStatus::Rotated => {}
        KeyStatus::Expired => return Err(RefusalKind::CredentialExpired),
        KeyStatus::Revoked => return Err(RefusalKind::CredentialRevoked),
    }
    let current = hashers.current();
    let rehash = (key.secret != current.id()).then(|| Command::Rehash {
        id: key.id.clone(),
        from: key.hash.clone(),
        to: current.hash(text).to_vec(),
        secret: current.id(),
    });
    Ok((key, rehash))
}

/// Returns the caller of the key, with these roles of the configuration: a role that has been removed grants nothing.
fn identified(key: &Key, known: &Roles) -> Option<Identified> {
    let Grants { tenant, caller, name: _, roles, scopes, users, projects, claims, note: _ } = &key.grants;
    let roles: Vec<RoleId> = roles.iter().filter_map(|role| RoleId::new(role)).collect();
    let grants = roles.iter().filter_map(|role| known.get(role)).map(Rc::clone).collect();
    let within = scopes.iter().filter_map(|scope| ActionPattern::new(scope)).collect();
    let caller = Caller {
        id: CallerId::new(caller)?,
        tenant: TenantId::new(tenant)?,
        roles,
        scopes: scopes.clone(),
        within: (!scopes.is_empty()).then_some(within),
        claims: claims.clone(),
        users: user_rule(users),
        projects: project_rule(projects),
        priority: Priority::Normal,
        grants,
    };
    Some(Identified { caller: Rc::new(caller), key: KeyId::new(&key.id)? })
}

/// Returns the users that a key may name; `*` is every one.
pub(crate) fn user_rule(users: &[String]) -> UserRule {
    if users.iter().any(|user| user == EVERY) {
        return UserRule::Every;
    }
    UserRule::Only(users.iter().filter_map(|user| UserId::new(user)).collect())
}

/// Returns the projects that a key may address; `*` is every one.
pub(crate) fn project_rule(projects: &[String]) -> ProjectRule {
    if projects.iter().any(|project| project == EVERY) {
        return ProjectRule::Every;
    }
    ProjectRule::Only(projects.iter().filter_map(|project| Project::new(project)).collect())
}

/// Stands for "all" in a key's grants.
const EVERY: &str = "*";

#[cfg(test)]
#[path = "issued_tests.rs"]
mod tests;
