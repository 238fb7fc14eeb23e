//! `/v1/admin`: secrets, auth providers, user connections, settings.

use serde_json::{Value, json};

use crate::answer::{Answer, Handled};
use crate::ask::{Ask, need, text};
use crate::clock;
use crate::collection::{self, Kind, hidden, merge};
use crate::engine::Engine;
use crate::routes::unknown_route;

/// The longest value of a secret, in bytes.
const SECRET_VALUE_BYTES: usize = 5000;

static PROVIDERS: Kind = Kind {
    shelf: "providers",
    noun: "auth_provider",
    id_prefix: None,
    unique: None,
    required: &["id"],
    delete_shows: true,
    view: shown_provider,
};

static SECRETS: Kind = Kind {
    shelf: "secrets",
    noun: "secret",
    id_prefix: Some("sec"),
    unique: None,
    required: &[],
    delete_shows: false,
    view: Value::clone,
};

/// Answers a request below `/v1/admin`.
pub(crate) fn handle(engine: &Engine, ask: &Ask, rest: &[&str]) -> Handled {
    match (ask.method.as_str(), rest) {
        ("GET", ["secrets"]) => Ok(collection::list(engine, ask, &SECRETS)),
        ("POST", ["secrets", key]) => set_secret(engine, ask, key),
        ("DELETE", ["secrets", id]) => collection::delete(engine, ask, &SECRETS, id),
        ("GET", ["user_connections"]) => Ok(connections(engine, ask)),
        ("DELETE", ["user_connections", id]) => delete_connection(engine, ask, id),
        ("POST", ["auth_providers"]) => create_provider(engine, ask),
        (_, ["auth_providers", rest @ ..]) => collection::handle(engine, ask, &PROVIDERS, rest),
        ("GET", ["settings", "session_verification"]) => Ok(verification(engine, ask)),
        ("PUT", ["settings", "session_verification"]) => set_verification(engine, ask),
        _ => Err(unknown_route()),
    }
}

/// Sets a secret; its value is never kept, only that there is one.
fn set_secret(engine: &Engine, ask: &Ask, key: &str) -> Handled {
    let body = ask.object()?;
    if need(&body, "value")?.len() > SECRET_VALUE_BYTES {
        return Err(Answer::error(400, "secret_too_long", "value holds at most 5000 bytes"));
    }
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let now = clock::iso(clock::now_ms());
    let shelf = account.shelf("secrets");
    shelf.retain(|kept| text(kept, "key") != Some(key));
    let secret = json!({
        "id": engine.id("sec"), "key": key, "description": text(&body, "description").unwrap_or_default(),
        "binding": {"id": "project", "type": "project"}, "created_at": now, "updated_at": now,
    });
    shelf.push(secret.clone());
    Ok(Answer::json(200, &secret))
}

fn create_provider(engine: &Engine, ask: &Ask) -> Handled {
    let mut body = ask.object()?;
    if body.get("oauth2").is_some_and(|oauth2| text(oauth2, "client_id").is_none()) {
        return Err(Answer::error(400, "invalid_request", "oauth2.client_id is required"));
    }
    let defaults = json!({"binding": {"id": "project", "type": "project"}});
    merge(&mut body, &defaults);
    for (name, default) in [("type", "oauth2"), ("status", "active")] {
        if text(&body, name).is_none() {
            merge(&mut body, &json!({name: default}));
        }
    }
    collection::create(engine, ask, &PROVIDERS, body)
}

fn shown_provider(kept: &Value) -> Value {
    let mut shown = kept.clone();
    if let Some(Value::Object(oauth2)) = shown.get_mut("oauth2")
        && oauth2.contains_key("client_secret")
    {
        oauth2.insert("client_secret".to_owned(), hidden());
    }
    shown
}

/// Every consent that was given, as a connection. The contract filters by `user_id` and `provider_id`; arcadepy sends
/// `user[id]` and `provider[id]`.
fn connections(engine: &Engine, ask: &Ask) -> Answer {
    let account = engine.account(&ask.scope);
    let now = clock::now_ms();
    let wanted = |names: [&str; 2], value: &str| {
        names.into_iter().filter_map(|name| ask.query(name)).all(|wanted| wanted == value)
    };
    let account = account.borrow();
    let given = account.authorizations.iter().filter(|begun| {
        begun.status(now) == "completed"
            && wanted(["user_id", "user[id]"], &begun.user)
            && wanted(["provider_id", "provider[id]"], &begun.provider)
    });
    let shown = given.map(|begun| {
        json!({
            "id": format!("uc_{}", begun.id), "connection_id": begun.id, "connection_status": "active", "provider_id": begun.provider,
            "provider_type": "oauth2", "provider_description": "a provider of the stand-in",
            "provider_user_info": {"sub": begun.user}, "scopes": begun.scopes, "user_id": begun.user,
        })
    });
    Answer::page(ask, shown.collect())
}

/// Takes a consent back.
fn delete_connection(engine: &Engine, ask: &Ask, id: &str) -> Handled {
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let before = account.authorizations.len();
    account.authorizations.retain(|begun| format!("uc_{}", begun.id) != id);
    if account.authorizations.len() == before {
        return Err(Answer::error(404, "user_connection_not_found", "there is no such user connection"));
    }
    Ok(Answer::no_content())
}

fn verification(engine: &Engine, ask: &Ask) -> Answer {
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    Answer::json(200, &account.session_verification)
}

fn set_verification(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    for name in ["verifier_url", "unsafe_skip_verification"] {
        if let Some(value) = body.get(name) {
            merge(&mut account.session_verification, &json!({name: value}));
        }
    }
    Ok(Answer::json(200, &account.session_verification))
}
