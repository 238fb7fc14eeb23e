//! A user's consent: begun, waited for, confirmed. It completes by itself after the time that the settings say.
//!
//! Two providers behave otherwise, so that a client without access to `/_control` can see every state: `refuses` ends
//! `failed`, and `stays-pending` never ends.

use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::{Answer, Handled};
use crate::ask::{Ask, need, text};
use crate::clock;
use crate::engine::Engine;

/// The longest wait that `auth/status` accepts, in seconds.
const WAIT_MAX_S: u64 = 59;

/// One consent that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub id: String,
    pub flow: String,
    pub user: String,
    pub provider: String,
    pub scopes: Value,
    pub next_uri: Option<String>,
    /// The end of its pending time, ms since the epoch.
    pub decided_at: u64,
    /// The state after that.
    pub outcome: &'static str,
}

impl Authorization {
    /// Returns its state.
    pub(crate) fn status(&self, now: u64) -> &'static str {
        if now >= self.decided_at { self.outcome } else { "pending" }
    }

    /// The contract's AuthorizationResponse.
    fn shown(&self, base_url: &str) -> Value {
        let status = self.status(clock::now_ms());
        let mut shown = json!({
            "id": self.id, "status": status, "user_id": self.user, "provider_id": self.provider, "scopes": self.scopes,
            "url": format!("{base_url}/oauth/consent?flow_id={}", self.flow),
        });
        if let Some(members) = shown.as_object_mut().filter(|_| status == "completed") {
            let context = json!({"token": token(&self.user, &self.provider), "user_info": {"sub": self.user}});
            members.insert("context".to_owned(), context);
        }
        shown
    }
}

/// The token that a completed consent gives; it names whose it is, so that a leak is recognised.
pub(crate) fn token(user: &str, provider: &str) -> String {
    format!("stand-in-token/{provider}/{user}")
}

/// The user's consent for a provider: one that is under way or given already, or a new one.
pub(crate) fn begin(
    engine: &Engine,
    account: &mut Account,
    user: &str,
    provider: &str,
    scopes: &Value,
    next_uri: Option<&str>,
) -> Value {
    let now = clock::now_ms();
    let same = |begun: &&Authorization| {
        begun.user == user && begun.provider == provider && begun.scopes == *scopes && begun.status(now) != "failed"
    };
    if let Some(begun) = account.authorizations.iter().find(same) {
        return begun.shown(&engine.base_url);
    }
    let after = engine.settings.borrow().authorize_after_ms;
    let begun = Authorization {
        id: engine.id("ac"),
        flow: engine.id("flow"),
        user: user.to_owned(),
        provider: provider.to_owned(),
        scopes: scopes.clone(),
        next_uri: next_uri.map(str::to_owned),
        decided_at: if provider == "stays-pending" { u64::MAX } else { now.saturating_add(after) },
        outcome: if provider == "refuses" { "failed" } else { "completed" },
    };
    let shown = begun.shown(&engine.base_url);
    account.authorizations.push(begun);
    shown
}

/// `POST /v1/tools/authorize`.
pub(crate) fn authorize_tool(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let name = need(&body, "tool_name")?;
    let user = need(&body, "user_id")?;
    let account = engine.account(&ask.scope);
    let tool = engine.find_tool(&account.borrow(), name, text(&body, "tool_version"))?;
    let shown = match tool.provider() {
        None => {
            json!({"id": engine.id("ac"), "status": "completed", "user_id": user, "scopes": []})
        }
        Some(provider) => {
            begin(engine, &mut account.borrow_mut(), user, provider, &tool.scopes(), text(&body, "next_uri"))
        }
    };
    Ok(Answer::json(200, &shown))
}

/// `POST /v1/auth/authorize`.
pub(crate) fn authorize_provider(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let user = need(&body, "user_id")?;
    let none = Value::Null;
    let wanted = body.get("auth_requirement").unwrap_or(&none);
    let provider = text(wanted, "provider_id")
        .or(text(wanted, "id"))
        .ok_or_else(|| Answer::error(400, "invalid_request", "auth_requirement.provider_id is required"))?;
    let scopes = wanted.get("oauth2").and_then(|oauth2| oauth2.get("scopes")).cloned().unwrap_or_else(|| json!([]));
    let account = engine.account(&ask.scope);
    let shown = begin(engine, &mut account.borrow_mut(), user, provider, &scopes, text(&body, "next_uri"));
    Ok(Answer::json(200, &shown))
}

/// `GET /v1/auth/status`: answers when it is decided, or after `wait` seconds.
pub(crate) async fn status(engine: &Engine, ask: &Ask) -> Handled {
    let id = ask.query("id").ok_or_else(|| Answer::error(400, "invalid_request", "id is required"))?;
    let wait = ask.query_number("wait", 0, WAIT_MAX_S)?;
    let until = clock::now_ms().saturating_add(wait.saturating_mul(1000));
    let account = engine.account(&ask.scope);
    loop {
        let shown = {
            let account = account.borrow();
            let begun = account.authorizations.iter().find(|begun| begun.id == id);
            let begun =
                begun.ok_or_else(|| Answer::error(400, "authorization_not_found", "there is no such authorization"))?;
            begun.shown(&engine.base_url)
        };
        // By what is shown, not by the clock once more: it may be decided between the two.
        if shown.get("status").is_none_or(|status| status != "pending") || clock::now_ms() >= until {
            return Ok(Answer::json(200, &shown));
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// `POST /v1/auth/confirm_user`: only the user who began the flow can be confirmed.
pub(crate) fn confirm_user(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let (flow, user) = (need(&body, "flow_id")?, need(&body, "user_id")?);
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let begun = account.authorizations.iter().find(|begun| begun.flow == flow);
    let begun = begun.ok_or_else(|| Answer::error(404, "flow_not_found", "there is no such flow"))?;
    if begun.user != user {
        return Err(Answer::error(400, "user_mismatch", "the flow was begun for another user"));
    }
    let mut shown = json!({"auth_id": begun.id});
    if let (Some(next), Some(members)) = (&begun.next_uri, shown.as_object_mut()) {
        members.insert("next_uri".to_owned(), next.as_str().into());
    }
    Ok(Answer::json(200, &shown))
}

/// `POST /v1/auth/validate_custom_verifier`.
pub(crate) fn validate_verifier(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let (_, verifier) = (need(&body, "user_id")?, need(&body, "verifier_url")?);
    let flow = engine.id("flow");
    Ok(Answer::json(200, &json!({"next_uri": format!("{verifier}?flow_id={flow}"), "flow_id": flow})))
}
