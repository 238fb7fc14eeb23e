//! `/gate/v1/keys`: issuing, listing, rotating and revoking API keys.
//!
//! A request that ends a key succeeds only when every isolate is sure to learn of it within its lease: the key's
//! durable owner knows it, and the revocations have a new version.

mod asked;
mod give;
mod view;

use hmac_sha256::Hash;

use crate::access::admission::Context;
use crate::access::epochs::{AdvanceError, EpochLease};
use crate::access::identity::key::{self, NewKey, RANDOM, SHARDS};
use crate::access::identity::{Identity, KeyHasher};
use crate::front::response::Answer;
use crate::model::operation::Query;
use crate::model::request::{Header, Request, RequestLimits};
use crate::ports::{DurableError, Platform};
use crate::state::epochs::Change;
use crate::state::keys::{Command, Fresh, Key, Once, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::words::action::Action;
use crate::words::limits::{ISSUED_KEY_REMEMBERED, ISSUED_KEYS_LISTED};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

use view::KeyView;

/// The parts of the gateway that issued keys concern.
pub(super) struct KeyMechanisms<'p> {
    pub(super) identity: &'p Identity,
    pub(super) lease: &'p EpochLease,
    pub(super) limits: &'p RequestLimits,
}

/// Issues a key, and shows it this once.
pub(super) async fn create<P: Platform>(
    platform: &P,
    parts: &KeyMechanisms<'_>,
    context: &Context<'_>,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let hasher = issuing(parts.identity)?;
    let asked = asked::create(request, parts.limits, context, &parts.identity.roles)?;
    give::check(context.caller, is_administrator(context), &asked.grants)?;
    let once = once_of(context, request, "create")?;
    // A request that may be repeated goes to the same durable owner again.
    let first = once.as_ref().and_then(|once| shard_of(&once.request));
    let (new, fresh) = drawn(platform, context, hasher, first, asked.lasts, once);
    let mut grants = asked.grants;
    grants.caller.push_str(&new.id);
    let command = Command::Create(Box::new(fresh), Box::new(grants));
    let (key, ended_another) = made(ask(platform, &new.id, command).await?)?;
    if ended_another {
        tell(platform, parts.lease).await?;
    }
    Ok(Answer::json(201, KeyView::new(platform, parts.identity).shown(&key, &new.text)))
}

/// Issues a key with the same grants as an earlier one, which stays valid for the overlap.
pub(super) async fn rotate<P: Platform>(
    platform: &P,
    parts: &KeyMechanisms<'_>,
    context: &Context<'_>,
    id: &str,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let hasher = issuing(parts.identity)?;
    let asked = asked::rotate(request, parts.limits)?;
    let earlier = find(platform, context, id).await?;
    // The caller that rotates a key holds it afterwards.
    give::check(context.caller, is_administrator(context), &earlier.grants)?;
    let once = once_of(context, request, id)?;
    let (new, fresh) = drawn(platform, context, hasher, id.chars().next(), asked.lasts, once);
    let command = Command::Rotate { id: id.to_owned(), fresh: Box::new(fresh), overlap: asked.overlap };
    let (key, ended_another) = made(ask(platform, id, command).await?)?;
    // Within a longer overlap, every isolate looks the earlier key up again and learns of its end.
    if ended_another || asked.overlap < ISSUED_KEY_REMEMBERED {
        // The new key is valid whenever isolates learn of the other's end, and nobody has seen it yet: it must be
        // shown.
        let _lost = tell(platform, parts.lease).await;
    }
    Ok(Answer::json(201, KeyView::new(platform, parts.identity).shown(&key, &new.text)))
}

/// Revokes a key. Idempotent.
pub(super) async fn revoke<P: Platform>(
    platform: &P,
    parts: &KeyMechanisms<'_>,
    context: &Context<'_>,
    id: &str,
) -> Result<Answer<P::Stream>, Refusal> {
    let by = context.caller.id.to_string();
    let command = Command::Revoke { id: known_id(id)?.to_owned(), tenant: tenant_of(context), by };
    let Reply::Key(key) = ask(platform, id, command).await? else {
        return Err(Refusal::new(RefusalKind::KeyUnknown));
    };
    tell(platform, parts.lease).await?;
    Ok(Answer::json(200, KeyView::new(platform, parts.identity).one(&key)))
}

/// Returns one key: all that is known of it but the key itself.
pub(super) async fn get<P: Platform>(
    platform: &P,
    parts: &KeyMechanisms<'_>,
    context: &Context<'_>,
    id: &str,
) -> Result<Answer<P::Stream>, Refusal> {
    let key = find(platform, context, id).await?;
    Ok(Answer::json(200, KeyView::new(platform, parts.identity).one(&key)))
}

/// Returns a page of keys, in the order of their ids.
pub(super) async fn list<P: Platform>(
    platform: &P,
    parts: &KeyMechanisms<'_>,
    context: &Context<'_>,
    query: &Query,
) -> Result<Answer<P::Stream>, Refusal> {
    let asked = asked::list(query)?;
    let tenant = match (tenant_of(context), asked.tenant) {
        (Some(own), Some(named)) if own != named => {
            return Err(Refusal::with(RefusalKind::ActionNotPermitted, Action::KeysAdmin.as_str()));
        }
        (None, Some("*")) => None,
        (_, Some(named)) => Some(named.to_owned()),
        (_, None) => Some(context.caller.tenant.to_string()),
    };
    let wanted = asked.limit.saturating_add(1).min(ISSUED_KEYS_LISTED);
    let first = asked.after.and_then(|after| after.chars().next()).unwrap_or('0');
    let mut found: Vec<Key> = Vec::new();
    for shard in SHARDS.into_iter().filter(|shard| *shard >= first) {
        let most = u32::try_from(wanted.saturating_sub(found.len())).unwrap_or(u32::MAX);
        if most == 0 {
            break;
        }
        let command = Command::List { tenant: tenant.clone(), after: asked.after.map(str::to_owned), most };
        let Reply::Keys(keys) = send(platform, &key::owner(shard), command).await? else {
            return Err(Refusal::new(RefusalKind::DurableUnavailable));
        };
        found.extend(keys);
    }
    Ok(Answer::json(200, KeyView::new(platform, parts.identity).page(&found, asked.limit)))
}

/// Returns the hasher for new keys.
fn issuing(identity: &Identity) -> Result<&KeyHasher, Refusal> {
    identity.hashers().issuing().ok_or_else(|| Refusal::new(RefusalKind::KeyHashSecretMissing))
}

/// Draws a key of random digits, with the facts for its durable owner.
fn drawn<P: Platform>(
    platform: &P,
    context: &Context<'_>,
    hasher: &KeyHasher,
    first: Option<char>,
    lasts: Option<Millis>,
    once: Option<Once>,
) -> (NewKey, Fresh) {
    let mut random = [0; RANDOM];
    platform.fill(&mut random);
    let new = NewKey::new(&random, first);
    let fresh = Fresh {
        id: new.id.clone(),
        hash: hasher.hash(new.text.expose()).to_vec(),
        secret: hasher.id(),
        created_by: context.caller.id.to_string(),
        lasts,
        once,
    };
    (new, fresh)
}

/// Returns the digests that identify a request with an Idempotency-Key: one of its sender and key, one of its content.
fn once_of(context: &Context<'_>, request: &Request, target: &str) -> Result<Option<Once>, Refusal> {
    let Some(key) = crate::model::request::idempotency_key(request.headers.get(Header::IdempotencyKey))? else {
        return Ok(None);
    };
    let body = match &request.body {
        crate::model::request::RequestBody::Whole(bytes) => bytes.as_slice(),
        _ => &[],
    };
    let digest = |parts: [&[u8]; 3]| {
        let mut hash = Hash::new();
        for part in parts {
            // No part but the last contains this byte.
            hash.update(part);
            hash.update([0]);
        }
        hash.finalize().iter().copied().take(16).collect()
    };
    let (tenant, caller) = (context.caller.tenant.as_str(), context.caller.id.as_str());
    Ok(Some(Once {
        request: digest([tenant.as_bytes(), caller.as_bytes(), key.as_bytes()]),
        body: digest([target.as_bytes(), body, &[]]),
    }))
}

fn shard_of(digest: &[u8]) -> Option<char> {
    SHARDS.get(usize::from(digest.first()? & 15)).copied()
}

/// Returns true if the caller may do everything with every tenant's keys.
fn is_administrator(context: &Context<'_>) -> bool {
    context.authority.may_also(Action::KeysAdmin)
}

/// Returns the tenant whose keys the caller may see; `None` for all.
fn tenant_of(context: &Context<'_>) -> Option<String> {
    (!is_administrator(context)).then(|| context.caller.tenant.to_string())
}

fn known_id(id: &str) -> Result<&str, Refusal> {
    if key::is_id(id) { Ok(id) } else { Err(Refusal::new(RefusalKind::KeyUnknown)) }
}

/// Returns the key with this id, if the caller may see it.
async fn find<P: Platform>(platform: &P, context: &Context<'_>, id: &str) -> Result<Key, Refusal> {
    let reply = ask(platform, id, Command::Find(known_id(id)?.to_owned())).await?;
    let tenant = tenant_of(context);
    match reply {
        Reply::Key(key) if tenant.is_none_or(|tenant| tenant == key.grants.tenant) => Ok(*key),
        _ => Err(Refusal::new(RefusalKind::KeyUnknown)),
    }
}

fn made(reply: Reply) -> Result<(Key, bool), Refusal> {
    match reply {
        Reply::Made { key, ended_another } => Ok((*key, ended_another)),
        Reply::Ended => Err(Refusal::new(RefusalKind::KeyEnded)),
        Reply::Mismatch => Err(Refusal::new(RefusalKind::IdempotencyKeyReused)),
        Reply::Full => Err(Refusal::new(RefusalKind::KeysFull)),
        Reply::Key(_) | Reply::Keys(_) | Reply::Unknown => Err(Refusal::new(RefusalKind::KeyUnknown)),
    }
}

async fn ask<P: Platform>(platform: &P, id: &str, command: Command) -> Result<Reply, Refusal> {
    send(platform, &key::owner_of(id), command).await
}

/// Sends a command, and repeats it once if the reply is lost: a repetition has no further effect.
async fn send<P: Platform>(platform: &P, owner: &str, command: Command) -> Result<Reply, Refusal> {
    let command = StateCommand::Keys(command);
    let mut reply = state::apply(platform, owner, &command).await;
    if reply == Err(DurableError::Unavailable) {
        reply = state::apply(platform, owner, &command).await;
    }
    match reply {
        Ok(StateReply::Keys(reply)) => Ok(reply),
        Ok(_) => Err(Refusal::new(RefusalKind::DurableUnavailable)),
        Err(error) => Err(super::durable(error)),
    }
}

/// Gives the revocations a new version, so that every isolate looks its keys up again within the lease.
async fn tell<P: Platform>(platform: &P, lease: &EpochLease) -> Result<(), Refusal> {
    let mut told = lease.advance(platform, vec![Change::Credentials]).await;
    if matches!(told, Err(AdvanceError::Durable(DurableError::Unavailable))) {
        told = lease.advance(platform, vec![Change::Credentials]).await;
    }
    match told {
        Ok(_) => Ok(()),
        Err(AdvanceError::Durable(DurableError::Unsupported)) => Err(Refusal::new(RefusalKind::DurableUnsupported)),
        Err(_) => Err(Refusal::with(
            RefusalKind::DurableUnavailable,
            "done, but not every isolate learns of it within its lease: send it again",
        )),
    }
}
