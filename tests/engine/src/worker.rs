//! The stand-in as a worker: `/worker/*` with the built-in tools, the token rules and the oddities of a real one.

use std::rc::Rc;

use jwt_simple::JWTError;
use jwt_simple::prelude::{HS256Key, MACLike, VerificationOptions};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{Answer, Handled};
use crate::ask::{Ask, text};
use crate::catalogue::Tool;
use crate::engine::Engine;
use crate::execute::Output;
use crate::upstream::WorkerClaims;
use crate::{clock, tools};

/// Answers a request below `/worker`.
pub(crate) fn handle(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let segments = ask.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["worker", "health"]) => {
            Ok(Answer::json(200, &json!({"status": "ok", "tool_count": engine.built_in.len().to_string()})))
        }
        ("GET", ["worker", "tools"]) => check(engine, ask).map(|()| list(engine)),
        ("POST", ["worker", "tools", "invoke"]) => check(engine, ask).and_then(|()| invoke(engine, ask)),
        ("POST", ["worker", "resources", "list"]) => {
            check(engine, ask).map(|()| Answer::json(200, &json!({"resources": []})))
        }
        ("POST", ["worker", "resources", "read"]) => check(engine, ask).and_then(|()| Err(no_resource(ask))),
        (
            _,
            ["worker", "health"]
            | ["worker", "tools"]
            | ["worker", "tools", "invoke"]
            | ["worker", "resources", "list" | "read"],
        ) => Err(Answer::json(405, &json!({"detail": "Method Not Allowed"}))),
        _ => Err(Answer::json(404, &json!({"detail": "Not Found"}))),
    }
}

/// The token rules, with a real worker's words.
fn check(engine: &Engine, ask: &Ask) -> Result<(), Answer> {
    let refuse = |detail: &str| Answer::json(401, &json!({"detail": detail})).with_header("www-authenticate", "Bearer");
    let invalid = |why: &str| refuse(&format!("Invalid token. Error: {why}"));
    let token = ask
        .header("authorization")
        .and_then(|sent| sent.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or_else(|| refuse("Not authenticated"))?;
    if token.split('.').count() != 3 {
        return Err(invalid("Not enough segments"));
    }
    let secret = engine.options.serve_worker_secret.clone().unwrap_or_default();
    let options = VerificationOptions {
        allowed_audiences: Some(std::iter::once("worker".to_owned()).collect()),
        time_tolerance: Some(jwt_simple::prelude::Duration::from_secs(0)),
        ..VerificationOptions::default()
    };
    let claims = HS256Key::from_bytes(secret.as_bytes()).verify_token::<WorkerClaims>(token, Some(options));
    let claims = claims.map_err(|fault| {
        invalid(match fault.downcast_ref::<JWTError>() {
            Some(JWTError::TokenHasExpired) => "Signature has expired",
            Some(JWTError::RequiredAudienceMismatch) => "Audience doesn't match",
            Some(JWTError::RequiredAudienceMissing) => "Token is missing the \"aud\" claim",
            Some(JWTError::InvalidAuthenticationTag) => "Signature verification failed",
            _ => "the token cannot be read",
        })
    })?;
    match claims.custom.ver {
        Value::String(version) if version == "1" => Ok(()),
        other => Err(invalid(&format!("Unsupported token version: {}", other.to_string().trim_matches('"')))),
    }
}

/// The built-in tools as a worker writes them: no version in the name, and null for what is unset.
fn list(engine: &Engine) -> Answer {
    let listed: Vec<Value> = engine.built_in.iter().map(definition).collect();
    Answer::json(200, &listed)
}

fn definition(tool: &Tool) -> Value {
    let authorization = tool.provider().map(|provider| {
        json!({"id": provider, "provider_id": provider, "provider_type": "oauth2", "oauth2": {"scopes": tool.scopes()}})
    });
    let secrets: Vec<Value> = tool.secrets.iter().map(|key| json!({"key": key})).collect();
    json!({
        "name": tool.name, "fully_qualified_name": tool.qualified_name(), "description": tool.description, "toolkit": tool.toolkit,
        "input": {"parameters": tool.parameters}, "output": tool.output, "deprecation_message": null, "metadata": tool.metadata, "_meta": null,
        "requirements": {"authorization": authorization, "secrets": if secrets.is_empty() { Value::Null } else { secrets.into() }, "metadata": null},
    })
}

/// A ToolCallRequest.
#[derive(Deserialize)]
struct Call<'a> {
    tool: Value,
    #[serde(borrow, default)]
    inputs: Option<&'a RawValue>,
    #[serde(default)]
    execution_id: String,
    #[serde(default)]
    context: Value,
}

fn invoke(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let malformed =
        |message: &str| Answer::json(400, &json!({"code": -32602, "message": format!("Invalid params: {message}")}));
    if serde_json::from_slice::<&RawValue>(&ask.body).is_err() {
        return Err(malformed("malformed request body"));
    }
    let call: Call<'_> = serde_json::from_slice(&ask.body).map_err(|_| malformed("1 error(s)"))?;
    let (Some(toolkit), Some(name)) = (text(&call.tool, "toolkit"), text(&call.tool, "name")) else {
        return Err(malformed("1 error(s)"));
    };
    let wanted = text(&call.tool, "version");
    let matches = |tool: &&Tool| {
        tool.toolkit_name().eq_ignore_ascii_case(toolkit)
            && tool.name.eq_ignore_ascii_case(name)
            && wanted.is_none_or(|version| tool.version.eq_ignore_ascii_case(version))
    };
    // A real worker's answer to a tool that it does not have: not JSON.
    let found = engine
        .built_in
        .iter()
        .rfind(matches)
        .ok_or_else(|| Answer::whole(500, "text/plain; charset=utf-8", "Internal Server Error"))?;
    let begun = clock::now_ms();
    let output =
        if found.provider().is_some() && call.context.pointer("/authorization/token").is_none_or(Value::is_null) {
            Output { authorization: Some(asked_consent(engine, found)), ..Output::default() }
        } else {
            tools::run(engine, ask, found, call.inputs, text(&call.context, "user_id"), "worker")
        };
    Ok(Answer::json(200, &Called::new(call.execution_id, begun, output)))
}

/// A ToolCallResponse; the value stays text, as `execute` keeps it.
#[derive(Serialize)]
struct Called {
    execution_id: String,
    finished_at: String,
    duration: u64,
    success: bool,
    output: CalledOutput,
}

#[derive(Serialize)]
struct CalledOutput {
    value: Option<Box<RawValue>>,
    logs: Option<Value>,
    error: Option<Value>,
    requires_authorization: Option<Value>,
}

impl Called {
    fn new(execution_id: String, begun: u64, output: Output) -> Self {
        let (now, success) = (clock::now_ms(), output.success());
        let Output { value, logs, error, authorization } = output;
        let output = CalledOutput { value, logs, error, requires_authorization: authorization };
        Self { execution_id, finished_at: clock::naive(now), duration: now.saturating_sub(begun), success, output }
    }
}

fn asked_consent(engine: &Engine, tool: &Tool) -> Value {
    json!({
        "authorization_url": format!("{}/oauth/consent", engine.base_url), "authorization_id": engine.id("ac"),
        "scopes": tool.scopes(), "status": "pending",
    })
}

fn no_resource(ask: &Ask) -> Answer {
    let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let uri = text(&body, "uri").unwrap_or_default();
    Answer::json(404, &json!({"code": -32002, "message": format!("Resource not found: {uri}")}))
}
