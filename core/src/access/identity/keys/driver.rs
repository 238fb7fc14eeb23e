//! Fetches an issuer's keys, and stores them for isolates that start later.

use std::rc::Rc;

use super::super::jose::Compact;
use super::super::jwk::{KeyLookup, KeySet};
use super::super::{Identity, discovery};
use super::{Age, fresh_for};
use crate::access::identity::rules::{Issuer, KeysAt, SignedRules};
use crate::ports::{Kv, Origin, OriginRequest, Platform};
use crate::words::method::Method;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};
use crate::words::{hex, limits};

/// Returns the keys of an issuer, for verifying a token. They are fetched where there are none, and once more where the
/// token's is missing; stale ones are refreshed in the background.
pub(crate) async fn keys_for<P: Platform>(
    platform: &P,
    identity: &Rc<Identity>,
    place: usize,
    rules: &SignedRules,
    compact: &Compact,
) -> Result<Rc<KeySet>, Refusal> {
    let unavailable = || Refusal::new(RefusalKind::TokenKeysUnavailable);
    let known = identity.tokens.keys(place).ok_or_else(unavailable)?;
    if known.borrow().age(platform.now(), rules.stale) == Age::Gone && known.borrow().never_had() {
        from_store(platform, identity, place, rules).await;
    }
    let now = platform.now();
    let age = known.borrow().age(now, rules.stale);
    match age {
        Age::Fresh => {}
        Age::Stale if known.borrow_mut().may_ask(now) => {
            let (platform_, identity) = (platform.clone(), Rc::clone(identity));
            platform.spawn(async move {
                if let Some(rules) = identity.issuers.get(place).and_then(Issuer::signed) {
                    fetch(&platform_, &identity, place, rules).await;
                }
            });
        }
        Age::Stale => {}
        Age::Gone => {
            if !known.borrow_mut().may_ask(now) || !fetch(platform, identity, place, rules).await {
                return Err(unavailable());
            }
        }
    }
    let set = known.borrow().set();
    let Some(kid) = compact.kid.as_deref().filter(|kid| set.find(Some(kid), compact.algorithm) == KeyLookup::Unknown)
    else {
        return Ok(set);
    };
    let unknown = || Refusal::new(RefusalKind::TokenKeyUnknown);
    if known.borrow().is_unknown(kid, now) || !known.borrow_mut().may_ask(now) {
        return Err(unknown());
    }
    let has_asked = fetch(platform, identity, place, rules).await;
    let set = known.borrow().set();
    if set.find(Some(kid), compact.algorithm) == KeyLookup::Unknown {
        if has_asked {
            known.borrow_mut().note_unknown(kid, now);
        }
        return Err(unknown());
    }
    Ok(set)
}

/// Fetches an issuer's keys; returns whether that succeeded.
async fn fetch<P: Platform>(platform: &P, identity: &Identity, place: usize, rules: &SignedRules) -> bool {
    let Some(known) = identity.tokens.keys(place) else {
        return false;
    };
    let asked_at = platform.now();
    let fetched = match locate(platform, identity, place, rules).await {
        Some(url) => get(platform, url).await,
        None => None,
    };
    let set = fetched.and_then(|(body, fresh_for)| Some((KeySet::parse(&body)?, body, fresh_for)));
    let Some((set, body, fresh_for)) = set else {
        known.borrow_mut().failed(asked_at);
        let id = identity.issuers.get(place).map_or("", |issuer| issuer.id.as_str());
        tracing::warn!(issuer = id, "issuer_keys_not_fetched");
        return false;
    };
    known.borrow_mut().adopt(set, asked_at, fresh_for);
    to_store(platform, identity, place, rules, &body, asked_at, fresh_for);
    true
}

/// Returns the URL of the keys: as configured, or by the issuer's metadata.
async fn locate<P: Platform>(platform: &P, identity: &Identity, place: usize, rules: &SignedRules) -> Option<String> {
    let issuer = match &rules.keys {
        KeysAt::Url(url) => return Some(url.clone()),
        KeysAt::Discovered(issuer) => issuer,
    };
    let known = identity.tokens.keys(place)?;
    let located = known.borrow().located.clone();
    if located.is_some() {
        return located;
    }
    for url in discovery::metadata_urls(issuer) {
        if let Some((metadata, _)) = get(platform, url).await {
            let located = discovery::jwks_uri(&metadata, issuer);
            known.borrow_mut().located.clone_from(&located);
            return located;
        }
    }
    None
}

/// Fetches a document of an issuer, and returns it with its freshness lifetime.
async fn get<P: Platform>(platform: &P, url: String) -> Option<(Vec<u8>, Millis)> {
    let request = OriginRequest {
        method: Method::Get,
        url,
        headers: vec![("accept", "application/json".to_owned())],
        authorization: None,
        body: Vec::new(),
        timeout: limits::ISSUER_TIMEOUT,
        response_limit: limits::ISSUER_ANSWER_BYTES,
    };
    let answer = Origin::send(platform, request).await.ok().filter(|answer| answer.status == 200)?;
    let fresh_for = fresh_for(answer.header("cache-control"));
    Some((answer.body, fresh_for))
}

/// Returns the name of an issuer's keys in the store.
fn store_name(identity: &Identity, place: usize) -> Option<String> {
    identity.issuers.get(place).map(|issuer| ["jwks/1/", issuer.id.as_str()].concat())
}

/// Returns a keyed hash of keys and their times. Write access to the store must not suffice to add an issuer's key:
/// without the hashing secret this is another hash in each isolate, and nothing of the store is taken.
fn seal(identity: &Identity, place: usize, rules: &SignedRules, kept: &str) -> Option<String> {
    let at = match &rules.keys {
        KeysAt::Url(at) | KeysAt::Discovered(at) => at,
    };
    let name = store_name(identity, place)?;
    Some(hex::encode(&identity.keyring.hashers().current().hash(&[&name, "\n", at, "\n", kept].concat())))
}

/// Stores keys for isolates that start later: `SEAL\nFETCHED_AT\nFRESH_FOR\nKEYS`.
fn to_store<P: Platform>(
    platform: &P,
    identity: &Identity,
    place: usize,
    rules: &SignedRules,
    body: &[u8],
    fetched_at: Timestamp,
    fresh_for: Millis,
) {
    let Ok(body) = std::str::from_utf8(body) else {
        return;
    };
    let kept = format!("{}\n{}\n{body}", fetched_at.as_millis(), fresh_for.get());
    let (Some(name), Some(seal)) = (store_name(identity, place), seal(identity, place, rules, &kept)) else {
        return;
    };
    let life = Millis::new(fresh_for.get().saturating_add(rules.stale.get())).max(limits::STORE_TTL_MIN);
    let platform_ = platform.clone();
    platform.spawn(async move {
        // A lost write costs another isolate one fetch.
        let _lost = Kv::put(&platform_, &name, format!("{seal}\n{kept}").into_bytes(), life).await;
    });
}

/// Takes an issuer's keys from the store, if it has some that are still usable.
async fn from_store<P: Platform>(platform: &P, identity: &Identity, place: usize, rules: &SignedRules) {
    let Some(name) = store_name(identity, place) else {
        return;
    };
    let Ok(Some(bytes)) = Kv::get(platform, &name).await else {
        return;
    };
    let Some(known) = identity.tokens.keys(place) else {
        return;
    };
    let read = || -> Option<(KeySet, Timestamp, Millis)> {
        let (found, kept) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
        let is_ours = subtle::ConstantTimeEq::ct_eq(found.as_bytes(), seal(identity, place, rules, kept)?.as_bytes());
        let mut parts = kept.splitn(3, '\n');
        let (fetched_at, fresh_for, body) = (parts.next()?, parts.next()?, parts.next()?);
        let set = bool::from(is_ours).then(|| KeySet::parse(body.as_bytes()))??;
        Some((set, Timestamp::from_millis(fetched_at.parse().ok()?), Millis::new(fresh_for.parse().ok()?)))
    };
    if let Some((set, fetched_at, fresh_for)) = read()
        && known.borrow().never_had()
        && fetched_at <= platform.now()
    {
        known.borrow_mut().adopt(set, fetched_at, fresh_for);
    }
}
