//! From a request's credential to its caller: keys first, then tokens, whose issuers are asked for keys, or about the token.

use std::rc::Rc;

use super::claims;
use super::jose::{self, Compact};
use super::jwk::{Found, KeySet};
use super::keys::{Age, fresh_for};
use super::memory::{Basis, Outcome};
use super::{Identified, asking, credential, discovery, signature};
use crate::config::{AskRules, Issuer, KeysAt, SignedRules};
use crate::epochs::Held;
use crate::hex;
use crate::isolate::{Isolate, Running};
use crate::json::Json;
use crate::limits;
use crate::ports::{Kv, Origin, OriginRequest, Platform};
use crate::refusal::{Refusal, RefusalKind};
use crate::request::{Method, RequestHeaders};
use crate::state::epochs::Epochs;
use crate::time::{Millis, Timestamp};

/// Finds the caller. A key, and a token that this isolate has checked lately, wait for nothing.
///
/// # Errors
/// Those of [`super::identify`], and every `token_*` refusal.
pub async fn identify<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Running,
    headers: &RequestHeaders,
    held: &Held,
) -> Result<Identified, Refusal> {
    let config = &running.config;
    let by_key = || super::identify(headers, &running.keyring, &config.callers, &held.epochs);
    if config.issuers.is_empty() {
        return by_key();
    }
    let text = credential(headers, usize::MAX)?;
    let now = platform.now();
    match running.tokens.remembered(text, now, &held.epochs) {
        Some(Outcome::Good(identified)) => return Ok(identified),
        Some(Outcome::Refused(kind)) => return Err(Refusal::new(kind)),
        None => {}
    }
    if text.len() <= limits::KEY_BYTES_MAX {
        match by_key() {
            Err(refusal) if refusal.kind == RefusalKind::CredentialUnknown => {}
            found => return found,
        }
    }
    // Neither a signed token nor a misspelt key of ours goes to whoever takes every opaque one: it may open other doors.
    let is_signed = jose::is_shaped(text) || text.len() > limits::TOKEN_BYTES_MAX;
    match asked_issuer(&config.issuers, text, !is_signed && !text.starts_with("tg_")) {
        Some(found) => asked(platform, running, found, text, held).await,
        None if is_signed => signed(platform, isolate, running, text, held).await,
        None => Err(Refusal::new(RefusalKind::CredentialUnknown)),
    }
}

/// The issuer to ask about a token: the first whose tokens begin so; else, if `or_any`, the one that takes any.
fn asked_issuer<'c>(issuers: &'c [Issuer], text: &str, or_any: bool) -> Option<(usize, &'c Issuer, &'c AskRules)> {
    let all = || issuers.iter().enumerate().filter_map(|(place, issuer)| Some((place, issuer, issuer.asked()?)));
    let begins = |rules: &AskRules| rules.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()));
    let any = || all().find(|(.., rules)| or_any && rules.prefixes.is_empty());
    all().find(|(.., rules)| begins(rules)).or_else(any)
}

/// A signed token: form, issuer, claims, and at last the signature, which costs a hundred times the rest.
async fn signed<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Running,
    token: &str,
    held: &Held,
) -> Result<Identified, Refusal> {
    let compact = jose::read(token)?;
    let claims = compact.claims()?;
    let unknown = || Refusal::new(RefusalKind::TokenIssuerUnknown);
    let place = claims::issuer_of(&claims, &running.config.issuers).ok_or_else(unknown)?;
    let issuer = running.config.issuers.get(place).ok_or_else(unknown)?;
    let rules = issuer.signed().ok_or_else(unknown)?;
    if !rules.algorithms.contains(&compact.algorithm) {
        return Err(Refusal::new(RefusalKind::TokenAlgorithmRefused));
    }
    if !rules.types.contains(&compact.kind) {
        return Err(Refusal::new(RefusalKind::TokenTypeRefused));
    }
    let expires_at = claims::check(&claims, issuer, platform.now())?;
    let keys = keys_for(platform, isolate, running, (place, rules), &compact).await?;
    // Waiting for keys took time.
    let now = platform.now();
    check_signature(token, &compact, &keys, issuer, now)?;
    good(running, (place, issuer), &claims, token, held, (now, expires_at))
}

fn check_signature(
    token: &str,
    compact: &Compact,
    keys: &KeySet,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Found::Keys(keys) = keys.find(compact.kid.as_deref(), compact.algorithm) else {
        return Err(Refusal::new(RefusalKind::TokenKeyUnknown));
    };
    let mut checked = Err(Refusal::new(RefusalKind::TokenKeyUnknown));
    for key in keys {
        checked = signature::check(token, compact.algorithm, key, now, issuer.leeway);
        if checked.is_ok() {
            break;
        }
    }
    checked
}

/// The caller behind claims that are true; remembered until they expire.
fn good(
    running: &Running,
    (place, issuer): (usize, &Issuer),
    claims: &Json<'_>,
    token: &str,
    held: &Held,
    (now, until): (Timestamp, Timestamp),
) -> Result<Identified, Refusal> {
    let (caller, revocations) = claims::caller(claims, issuer)?;
    if revocations.iter().any(|name| held.epochs.revoked.contains(name)) {
        return Err(Refusal::new(RefusalKind::TokenRevoked));
    }
    let identified = Identified { caller: Rc::new(caller), key: issuer.id.clone() };
    running.tokens.remember(token, Outcome::Good(identified.clone()), place, &held.epochs, (now, until));
    Ok(identified)
}

/// The keys of an issuer, among which the token's should be. They are asked for where there are none, and once more where the
/// token's is not among them; what is no longer fresh is asked for in the background.
async fn keys_for<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Running,
    (place, rules): (usize, &SignedRules),
    compact: &Compact,
) -> Result<Rc<KeySet>, Refusal> {
    let unavailable = || Refusal::new(RefusalKind::TokenKeysUnavailable);
    let known = running.tokens.keys(place).ok_or_else(unavailable)?;
    if known.borrow().age(platform.now(), rules.stale) == Age::Gone && known.borrow().never_had() {
        from_store(platform, running, place, rules).await;
    }
    let now = platform.now();
    let age = known.borrow().age(now, rules.stale);
    match age {
        Age::Fresh => {}
        Age::Stale if known.borrow_mut().may_ask(now) => {
            let (platform_, isolate) = (platform.clone(), Rc::clone(isolate));
            platform.spawn(async move {
                if let Ok(running) = isolate.running()
                    && let Some(rules) = running.config.issuers.get(place).and_then(Issuer::signed)
                {
                    fetch(&platform_, running, place, rules).await;
                }
            });
        }
        Age::Stale => {}
        Age::Gone => {
            if !known.borrow_mut().may_ask(now) || !fetch(platform, running, place, rules).await {
                return Err(unavailable());
            }
        }
    }
    let set = known.borrow().set();
    let Some(kid) = compact.kid.as_deref().filter(|kid| set.find(Some(kid), compact.algorithm) == Found::Unknown)
    else {
        return Ok(set);
    };
    let unknown = || Refusal::new(RefusalKind::TokenKeyUnknown);
    if known.borrow().is_unknown(kid, now) || !known.borrow_mut().may_ask(now) {
        return Err(unknown());
    }
    let has_asked = fetch(platform, running, place, rules).await;
    let set = known.borrow().set();
    if set.find(Some(kid), compact.algorithm) == Found::Unknown {
        if has_asked {
            known.borrow_mut().note_unknown(kid, now);
        }
        return Err(unknown());
    }
    Ok(set)
}

/// Asks an issuer for its keys; whether they came.
async fn fetch<P: Platform>(platform: &P, running: &Running, place: usize, rules: &SignedRules) -> bool {
    let Some(known) = running.tokens.keys(place) else {
        return false;
    };
    let asked_at = platform.now();
    let fetched = match locate(platform, running, place, rules).await {
        Some(url) => get(platform, url).await,
        None => None,
    };
    let set = fetched.and_then(|(body, fresh_for)| Some((KeySet::parse(&body)?, body, fresh_for)));
    let Some((set, body, fresh_for)) = set else {
        known.borrow_mut().failed(asked_at);
        let id = running.config.issuers.get(place).map_or("", |issuer| issuer.id.as_str());
        tracing::warn!(issuer = id, "issuer_keys_not_fetched");
        return false;
    };
    known.borrow_mut().adopt(set, asked_at, fresh_for);
    to_store(platform, running, place, rules, (&body, asked_at, fresh_for));
    true
}

/// Where the keys are: as configured, or as the issuer's metadata says.
async fn locate<P: Platform>(platform: &P, running: &Running, place: usize, rules: &SignedRules) -> Option<String> {
    let issuer = match &rules.keys {
        KeysAt::Url(url) => return Some(url.clone()),
        KeysAt::Discovered(issuer) => issuer,
    };
    let known = running.tokens.keys(place)?;
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

/// What stands at a URL of an issuer, and for how long it is fresh.
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

/// The name of an issuer's keys in the store.
fn store_name(running: &Running, place: usize) -> Option<String> {
    running.config.issuers.get(place).map(|issuer| ["jwks/1/", issuer.id.as_str()].concat())
}

/// A keyed hash of keys and their times. Whoever can write into the store must not be able to add an issuer's key: without the
/// hashing secret this is another hash in each isolate, and nothing of the store is taken.
fn seal(running: &Running, place: usize, rules: &SignedRules, kept: &str) -> Option<String> {
    let at = match &rules.keys {
        KeysAt::Url(at) | KeysAt::Discovered(at) => at,
    };
    let name = store_name(running, place)?;
    Some(hex::encode(&running.keyring.hasher.hash(&[&name, "\n", at, "\n", kept].concat())))
}

/// Keeps keys for isolates that start later: `SEAL\nFETCHED_AT\nFRESH_FOR\nKEYS`.
fn to_store<P: Platform>(
    platform: &P,
    running: &Running,
    place: usize,
    rules: &SignedRules,
    (body, fetched_at, fresh_for): (&[u8], Timestamp, Millis),
) {
    let Ok(body) = std::str::from_utf8(body) else {
        return;
    };
    let kept = format!("{}\n{}\n{body}", fetched_at.as_millis(), fresh_for.get());
    let (Some(name), Some(seal)) = (store_name(running, place), seal(running, place, rules, &kept)) else {
        return;
    };
    let life = Millis::new(fresh_for.get().saturating_add(rules.stale.get())).max(limits::STORE_TTL_MIN);
    let platform_ = platform.clone();
    platform.spawn(async move {
        // A lost write costs another isolate one question.
        let _lost = Kv::put(&platform_, &name, format!("{seal}\n{kept}").into_bytes(), life).await;
    });
}

/// Takes an issuer's keys from the store, if it has some that may still be used.
async fn from_store<P: Platform>(platform: &P, running: &Running, place: usize, rules: &SignedRules) {
    let Some(name) = store_name(running, place) else {
        return;
    };
    let Ok(Some(bytes)) = Kv::get(platform, &name).await else {
        return;
    };
    let Some(known) = running.tokens.keys(place) else {
        return;
    };
    let read = || -> Option<(KeySet, Timestamp, Millis)> {
        let (found, kept) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
        let is_ours = subtle::ConstantTimeEq::ct_eq(found.as_bytes(), seal(running, place, rules, kept)?.as_bytes());
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

/// A token that tells nothing itself: its issuer says what it means. The answer is believed for a minute at most.
async fn asked<P: Platform>(
    platform: &P,
    running: &Running,
    (place, issuer, rules): (usize, &Issuer, &AskRules),
    token: &str,
    held: &Held,
) -> Result<Identified, Refusal> {
    let unavailable = |why: &'static str| Refusal::with(RefusalKind::TokenCheckUnavailable, why);
    let question = asking::question(rules, token).ok_or_else(|| unavailable("the client's secret is not set"))?;
    let asked_at = platform.now();
    if !running.tokens.may_ask(place, asked_at) {
        return Err(unavailable("too many questions at once"));
    }
    let sent = Origin::send(platform, question).await;
    let answer = sent.map_err(|error| unavailable(RefusalKind::from(error).name()))?;
    let now = platform.now();
    let checked = asking::answer(rules, &answer).and_then(|claims| {
        let expires_at = claims::check_asked(&claims, issuer, now)?;
        // What was true when it was asked is forgotten a minute after that, however long the answer took.
        let kept_until = asked_at.after(limits::OPAQUE_KEPT);
        let until = expires_at.map_or(kept_until, |expires_at| expires_at.min(kept_until));
        good(running, (place, issuer), &claims, token, held, (now, until))
    });
    if let Err(refusal) = &checked
        && refusal.kind == RefusalKind::TokenInactive
    {
        let until = now.after(limits::OPAQUE_REFUSED_KEPT);
        running.tokens.remember(token, Outcome::Refused(refusal.kind), place, &held.epochs, (now, until));
    }
    checked
}

impl super::Tokens {
    fn remembered(&self, token: &str, now: Timestamp, epochs: &Epochs) -> Option<Outcome> {
        self.memory.get(token, now, epochs.revocation, |place| self.generation(place))
    }

    fn remember(
        &self,
        token: &str,
        outcome: Outcome,
        place: usize,
        epochs: &Epochs,
        (now, until): (Timestamp, Timestamp),
    ) {
        if let Some(generation) = self.generation(place) {
            let basis = Basis { revocation: epochs.revocation, generation, issuer: place };
            self.memory.put(token, outcome, now, until, basis);
        }
    }
}
