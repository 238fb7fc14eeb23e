//! `/v1/workers`: registered workers. An enabled HTTP worker is a real one: it is asked for its health and its tools, and
//! what it lists can be executed.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::{Answer, Handled};
use crate::ask::{Ask, text};
use crate::catalogue::{Home, Tool};
use crate::collection::{self, Kind, hidden, merge};
use crate::engine::Engine;
use crate::{formats, upstream};

static WORKERS: Kind = Kind {
    shelf: "workers",
    noun: "worker",
    id_prefix: None,
    unique: None,
    required: &["id"],
    delete_shows: false,
    view: shown,
};

/// The longest id of a worker, in bytes.
const ID_BYTES: usize = 100;

/// Answers a request below `/v1/workers`.
pub(crate) async fn handle(engine: &Rc<Engine>, ask: &Ask, rest: &[&str]) -> Handled {
    match (ask.method.as_str(), rest) {
        ("POST", []) => create(engine, ask).await,
        ("POST", ["test"]) => probe(engine, ask).await,
        ("PATCH", [id]) => patch(engine, ask, id).await,
        ("DELETE", [id]) => {
            engine.account(&ask.scope).borrow_mut().worker_tools.remove(*id);
            collection::delete(engine, ask, &WORKERS, id)
        }
        ("GET", [id, "health"]) => health(engine, ask, id).await,
        ("GET", [id, "tools"]) => tools(engine, ask, id).await,
        ("GET", [id, "authorize"]) => authorize(engine, ask, id),
        _ => collection::handle(engine, ask, &WORKERS, rest),
    }
}

/// A tool as it is listed, with the formats that were asked for.
pub(crate) fn shown_with_formats(tool: &Tool, account: &Account, user: Option<&str>, wanted: &[&str]) -> Value {
    let mut shown = tool.shown(account, user);
    if !wanted.is_empty() {
        let formatted: Map<String, Value> =
            wanted.iter().map(|format| ((*format).to_owned(), formats::formatted(tool, &shown, format))).collect();
        merge(&mut shown, &json!({"formatted_schema": formatted}));
    }
    shown
}

async fn create(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let mut body = ask.object()?;
    let kind = match (body.get("http"), body.get("mcp")) {
        (Some(http), None) => ("http", http, &["uri", "secret"][..]),
        (None, Some(mcp)) => ("mcp", mcp, &["uri"][..]),
        _ => {
            return Err(Answer::error(400, "invalid_request", "a worker has either http or mcp"));
        }
    };
    let (kind, address, needed) = kind;
    if let Some(missing) = needed.iter().find(|name| text(address, name).is_none()) {
        return Err(Answer::error(400, "invalid_request", &format!("{kind}.{missing} is required")));
    }
    let number = |name: &str| address.get(name).and_then(Value::as_u64);
    if number("retry").is_none_or(|retry| retry > 10) || number("timeout").is_none() {
        return Err(Answer::error(400, "invalid_request", "retry (0 to 10) and timeout are required"));
    }
    if text(&body, "id").is_some_and(|id| id.len() > ID_BYTES) {
        return Err(Answer::error(400, "invalid_request", "id holds at most 100 bytes"));
    }
    let defaults = json!({"type": kind, "managed": false, "binding": {"id": "project", "type": "project"}, "requirements": {"met": true}});
    let enabled = body.get("enabled").and_then(Value::as_bool).unwrap_or(true);
    merge(&mut body, &defaults);
    merge(&mut body, &json!({"enabled": enabled}));
    let created = collection::create(engine, ask, &WORKERS, body.clone())?;
    refresh(engine, ask, &body).await;
    Ok(created)
}

async fn patch(engine: &Rc<Engine>, ask: &Ask, id: &str) -> Handled {
    let kept = collection::patch(engine, ask, &WORKERS, id, ask.object()?)?;
    refresh(engine, ask, &kept).await;
    Ok(Answer::json(200, &shown(&kept)))
}

fn shown(kept: &Value) -> Value {
    let mut shown = kept.clone();
    if let Some(Value::Object(http)) = shown.get_mut("http") {
        http.insert("secret".to_owned(), hidden());
    }
    if let Some(Value::Object(secrets)) = shown.get_mut("mcp").and_then(|mcp| mcp.get_mut("secrets")) {
        secrets.values_mut().for_each(|secret| *secret = hidden());
    }
    shown
}

/// URL and secret of a worker that is enabled and speaks the worker protocol.
fn reachable(kept: &Value) -> Option<(String, String)> {
    let http = kept.get("http").filter(|_| kept.get("enabled") == Some(&Value::Bool(true)))?;
    Some((text(http, "uri")?.trim_end_matches('/').to_owned(), text(http, "secret")?.to_owned()))
}

/// Takes over what the worker lists now; a worker that does not answer has no tools.
async fn refresh(engine: &Engine, ask: &Ask, kept: &Value) {
    let tools = match reachable(kept) {
        Some((url, secret)) => upstream::list(&engine.http, &url, &secret).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let id = text(kept, "id").unwrap_or_default().to_owned();
    engine.account(&ask.scope).borrow_mut().worker_tools.insert(id, tools);
}

async fn health(engine: &Engine, ask: &Ask, id: &str) -> Handled {
    let kept = collection::find(engine, ask, &WORKERS, id)?;
    let (healthy, message) = match reachable(&kept) {
        Some((url, _)) => match upstream::health(&engine.http, &url).await {
            Ok(message) => (true, message),
            Err(fault) => (false, fault),
        },
        None => (false, "the worker is disabled, or is no HTTP worker".to_owned()),
    };
    Ok(Answer::json(200, &json!({"id": id, "enabled": kept.get("enabled"), "healthy": healthy, "message": message})))
}

async fn tools(engine: &Engine, ask: &Ask, id: &str) -> Handled {
    let kept = collection::find(engine, ask, &WORKERS, id)?;
    let (url, secret) = reachable(&kept)
        .ok_or_else(|| Answer::error(500, "worker_unreachable", "the worker is disabled, or is no HTTP worker"))?;
    let tools = upstream::list(&engine.http, &url, &secret).await;
    let tools = tools.map_err(|fault| Answer::error(500, "worker_unreachable", &fault))?;
    let account = engine.account(&ask.scope);
    account.borrow_mut().worker_tools.insert(id.to_owned(), tools.clone());
    let account = account.borrow();
    Ok(Answer::page(ask, tools.iter().map(|tool| tool.shown(&account, None)).collect()))
}

fn authorize(engine: &Engine, ask: &Ask, id: &str) -> Handled {
    collection::find(engine, ask, &WORKERS, id)?;
    Ok(Answer::json(200, &json!({"status": "completed", "user_id": "project", "worker_id": id, "scopes": []})))
}

/// `POST /v1/workers/test`: whether something at this address is a worker.
async fn probe(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let address = text(&body, "type").and_then(|kind| body.get(kind)).and_then(|address| text(address, "uri"));
    let address =
        address.ok_or_else(|| Answer::error(400, "invalid_request", "type and the uri of that type are required"))?;
    let found = upstream::health(&engine.http, address.trim_end_matches('/')).await;
    let (success, message) = found.map_or_else(|fault| (false, fault), |message| (true, message));
    Ok(Answer::json(
        200,
        &json!({"success": success, "message": message, "serverInfo": {"name": "worker", "version": "1"}}),
    ))
}

/// The place where a worker's tools run.
pub(crate) fn home(url: &str, secret: &str) -> Home {
    Home::Worker { url: url.to_owned(), secret: secret.to_owned() }
}
