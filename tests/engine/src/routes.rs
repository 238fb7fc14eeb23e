//! The handler of a `/v1` request, and the owner of its key.

use std::rc::Rc;

use serde_json::json;

use crate::answer::{Answer, Handled};
use crate::ask::Ask;
use crate::collection::{self, GATEWAYS, HOOKS, PLUGINS};
use crate::engine::Engine;
use crate::{admin, authorize, chat, execute, formats, requirements, scheduled, workers};

/// Answers a request below `/v1`, plain or in the scope of an org and project.
pub(crate) async fn handle(engine: &Rc<Engine>, mut ask: Ask) -> Handled {
    let segments = ask.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", rest @ ..] = parts.as_slice() else {
        return Err(unknown_route());
    };
    if matches!(rest, ["health"]) && ask.method == "GET" {
        return Ok(Answer::json(200, &json!({"healthy": true})));
    }
    ask.scope.account = account_of(engine, &ask)?;
    let rest = match rest {
        ["orgs", org, "projects", project, rest @ ..] => {
            ask.scope.project = format!("{org}/{project}");
            rest
        }
        plain => plain,
    };
    match (ask.method.as_str(), rest) {
        ("GET", ["config"]) => Ok(config(engine)),
        ("GET", ["swagger"]) => Ok(Answer::json(
            200,
            &json!({"openapi": "3.0.1", "info": {"title": "Arcade API", "version": "0.1.0"}, "paths": {}}),
        )),
        ("POST", ["chat", "completions"]) => chat::complete(engine, &ask),
        (_, ["tools" | "formatted_tools" | "scheduled_tools", ..]) => tools(engine, &ask, rest).await,
        (_, ["auth", ..]) => auth(engine, &ask, rest).await,
        (_, ["workers", rest @ ..]) => workers::handle(engine, &ask, rest).await,
        (_, ["admin", rest @ ..]) => admin::handle(engine, &ask, rest),
        (_, ["plugins", rest @ ..]) => collection::handle(engine, &ask, &PLUGINS, rest),
        (_, ["hooks", rest @ ..]) => collection::handle(engine, &ask, &HOOKS, rest),
        ("POST", ["gateways", "slug"]) => collection::free_slug(engine, &ask),
        (_, ["gateways", rest @ ..]) if !ask.scope.project.is_empty() => {
            collection::handle(engine, &ask, &GATEWAYS, rest)
        }
        _ => Err(unknown_route()),
    }
}

/// 404 for a path or method that the contract does not have.
pub(crate) fn unknown_route() -> Answer {
    Answer::error(404, "route_not_found", "there is no such route")
}

/// The account of the request's key: raw, or after `Bearer`.
fn account_of(engine: &Engine, ask: &Ask) -> Result<String, Answer> {
    let refusal = || Answer::error(401, "unauthorized", "the API key is missing or wrong");
    let sent = ask.header("authorization").ok_or_else(refusal)?;
    let key = match sent.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => sent,
    };
    let place = engine.options.api_keys.iter().position(|known| known == key).ok_or_else(refusal)?;
    Ok(format!("account-{}", place.saturating_add(1)))
}

fn config(engine: &Engine) -> Answer {
    let base = &engine.base_url;
    Answer::json(
        200,
        &json!({
            "dashboard": {"url": format!("{base}/dashboard")}, "servers": {"timeout_max_seconds": 59},
            "oauth2": {"callback_url_template": format!("{base}/oauth/{{provider_id}}/callback")},
        }),
    )
}

async fn tools(engine: &Rc<Engine>, ask: &Ask, rest: &[&str]) -> Handled {
    match (ask.method.as_str(), rest) {
        ("GET", ["tools"]) => list(engine, ask),
        ("POST", ["tools", "execute"]) => execute::execute(engine, ask).await,
        ("POST", ["tools", "authorize"]) => authorize::authorize_tool(engine, ask),
        ("POST", ["tools", "requirements"]) => requirements::check(engine, ask),
        ("GET", ["tools", name]) => get(engine, ask, name),
        ("GET", ["formatted_tools"]) => list_formatted(engine, ask),
        ("GET", ["formatted_tools", name]) => get_formatted(engine, ask, name),
        ("GET", ["scheduled_tools"]) => Ok(scheduled::list(engine, ask)),
        ("GET", ["scheduled_tools", id]) => scheduled::get(engine, ask, id),
        _ => Err(unknown_route()),
    }
}

async fn auth(engine: &Rc<Engine>, ask: &Ask, rest: &[&str]) -> Handled {
    match (ask.method.as_str(), rest) {
        ("POST", ["auth", "authorize"]) => authorize::authorize_provider(engine, ask),
        ("GET", ["auth", "status"]) => authorize::status(engine, ask).await,
        ("POST", ["auth", "confirm_user"]) => authorize::confirm_user(engine, ask),
        ("POST", ["auth", "validate_custom_verifier"]) => authorize::validate_verifier(engine, ask),
        _ => Err(unknown_route()),
    }
}

fn list(engine: &Engine, ask: &Ask) -> Handled {
    let formats = formats::parse_list(ask.query("include_format"))?;
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let tools = engine.listed_tools(ask, &account)?;
    let user = ask.query("user_id");
    Ok(Answer::page(
        ask,
        tools.iter().map(|tool| workers::shown_with_formats(tool, &account, user, &formats)).collect(),
    ))
}

fn get(engine: &Engine, ask: &Ask, name: &str) -> Handled {
    let formats = formats::parse_list(ask.query("include_format"))?;
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let tool = engine.find_tool(&account, name, None)?;
    Ok(Answer::json(200, &workers::shown_with_formats(&tool, &account, ask.query("user_id"), &formats)))
}

fn list_formatted(engine: &Engine, ask: &Ask) -> Handled {
    let format = one_format(ask)?;
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let tools = engine.listed_tools(ask, &account)?;
    let user = ask.query("user_id");
    Ok(Answer::page(
        ask,
        tools.iter().map(|tool| formats::formatted(tool, &tool.shown(&account, user), format)).collect(),
    ))
}

fn get_formatted(engine: &Engine, ask: &Ask, name: &str) -> Handled {
    let format = one_format(ask)?;
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let tool = engine.find_tool(&account, name, None)?;
    Ok(Answer::json(200, &formats::formatted(&tool, &tool.shown(&account, ask.query("user_id")), format)))
}

/// The one format that a formatted listing is in; `arcade` when none is named.
fn one_format(ask: &Ask) -> Result<&str, Answer> {
    match formats::parse_list(ask.query("format"))?.as_slice() {
        [] => Ok("arcade"),
        [one] => Ok(one),
        _ => Err(Answer::error(400, "invalid_format", "name one format")),
    }
}
