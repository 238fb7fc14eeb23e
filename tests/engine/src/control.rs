//! `/_control/*`: for the test that drives the stand-in. Needs no key and is never spoiled by a fault.
//!
//! | route | what it does |
//! |---|---|
//! | GET, DELETE `calls` | every run of a tool with user and Authorization, and how often each ran; forget them |
//! | GET, DELETE `requests` | every request with its headers; forget them |
//! | GET, POST, DELETE `faults` | rules in force with their hits; add a list of rules; clear |
//! | GET, PATCH `settings` | `authorize_after_ms`, `chat_chunk_ms`, `consent` (`output` or `forbidden`) |
//! | PUT, DELETE `slots` | run at most `slots` calls at once, each for `work_ms`; any number, each at once |
//! | POST `consents` | decide every pending consent of `user_id` (and `provider_id`) as `status`: completed, failed, revoked |
//! | POST `reset` | forget everything: accounts, calls, requests, faults, slots |

use std::rc::Rc;

use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Handled};
use crate::ask::{Ask, Scope};
use crate::clock;
use crate::engine::Engine;
use crate::faults::Rule;
use crate::options::consent;
use crate::routes::unknown_route;
use crate::slots::Slots;

/// Answers a request below `/_control`.
pub(crate) fn handle(engine: &Engine, ask: &Ask) -> Handled {
    let segments = ask.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["calls"]) => {
            Ok(Answer::json(200, &json!({"calls": *engine.calls.borrow(), "counts": *engine.counts.borrow()})))
        }
        ("DELETE", ["calls"]) => Ok(forget_calls(engine)),
        ("GET", ["requests"]) => Ok(Answer::json(200, &json!({"requests": *engine.requests.borrow()}))),
        ("DELETE", ["requests"]) => {
            engine.requests.borrow_mut().clear();
            Ok(Answer::no_content())
        }
        ("GET", ["faults"]) => Ok(Answer::json(200, &*engine.faults.borrow())),
        ("POST", ["faults"]) => add_faults(engine, ask),
        ("DELETE", ["faults"]) => {
            engine.faults.borrow_mut().clear();
            Ok(Answer::no_content())
        }
        ("GET", ["settings"]) => Ok(settings(engine)),
        ("PATCH", ["settings"]) => change_settings(engine, ask),
        ("PUT", ["slots"]) => limit_slots(engine, ask),
        ("DELETE", ["slots"]) => {
            engine.slots.take();
            Ok(Answer::no_content())
        }
        ("POST", ["consents"]) => decide_consents(engine, ask),
        ("POST", ["reset"]) => {
            engine.forget();
            engine.requests.borrow_mut().clear();
            engine.faults.borrow_mut().clear();
            engine.slots.take();
            Ok(forget_calls(engine))
        }
        _ => Err(unknown_route()),
    }
}

fn forget_calls(engine: &Engine) -> Answer {
    engine.calls.borrow_mut().clear();
    engine.counts.borrow_mut().clear();
    Answer::no_content()
}

fn add_faults(engine: &Engine, ask: &Ask) -> Handled {
    let rules: Vec<Rule> = ask.json()?;
    engine.faults.borrow_mut().add(rules);
    Ok(Answer::json(200, &*engine.faults.borrow()))
}

fn settings(engine: &Engine) -> Answer {
    let settings = engine.settings.borrow();
    let consent = if settings.consent_forbidden { "forbidden" } else { "output" };
    Answer::json(
        200,
        &json!({"authorize_after_ms": settings.authorize_after_ms, "chat_chunk_ms": settings.chat_chunk_ms, "consent": consent}),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    authorize_after_ms: Option<u64>,
    chat_chunk_ms: Option<u64>,
    consent: Option<String>,
}

fn change_settings(engine: &Engine, ask: &Ask) -> Handled {
    let change: Change = ask.json()?;
    let forbidden = change.consent.as_deref().map(consent).transpose();
    let forbidden = forbidden.map_err(|fault| Answer::error(400, "invalid_setting", &fault))?;
    {
        let mut settings = engine.settings.borrow_mut();
        settings.authorize_after_ms = change.authorize_after_ms.unwrap_or(settings.authorize_after_ms);
        settings.chat_chunk_ms = change.chat_chunk_ms.unwrap_or(settings.chat_chunk_ms);
        settings.consent_forbidden = forbidden.unwrap_or(settings.consent_forbidden);
    }
    Ok(settings(engine))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    slots: usize,
    work_ms: u64,
}

fn limit_slots(engine: &Engine, ask: &Ask) -> Handled {
    let Limit { slots, work_ms } = ask.json()?;
    engine.slots.replace(Some(Rc::new(Slots::new(slots, work_ms))));
    Ok(Answer::no_content())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    user_id: String,
    provider_id: Option<String>,
    status: String,
    /// The account; absent: the first.
    account: Option<String>,
    /// `ORG/PROJECT`; absent: the plain paths.
    project: Option<String>,
}

fn decide_consents(engine: &Engine, ask: &Ask) -> Handled {
    let decision: Decision = ask.json()?;
    let outcome = match decision.status.as_str() {
        "completed" => Some("completed"),
        "failed" => Some("failed"),
        "revoked" => None,
        _ => {
            return Err(Answer::error(400, "invalid_status", "status is completed, failed or revoked"));
        }
    };
    let scope = Scope {
        account: decision.account.unwrap_or_else(|| "account-1".to_owned()),
        project: decision.project.unwrap_or_default(),
    };
    let account = engine.account(&scope);
    let mut account = account.borrow_mut();
    let before = account.authorizations.len();
    let meant = |user: &str, provider: &str| {
        user == decision.user_id && decision.provider_id.as_deref().is_none_or(|wanted| wanted == provider)
    };
    let Some(outcome) = outcome else {
        account.authorizations.retain(|begun| !meant(&begun.user, &begun.provider));
        return Ok(Answer::json(200, &json!({"decided": before.saturating_sub(account.authorizations.len())})));
    };
    let mut decided = 0_u64;
    for begun in account.authorizations.iter_mut().filter(|begun| meant(&begun.user, &begun.provider)) {
        (begun.decided_at, begun.outcome) = (clock::now_ms(), outcome);
        decided = decided.saturating_add(1);
    }
    Ok(Answer::json(200, &json!({"decided": decided})))
}
