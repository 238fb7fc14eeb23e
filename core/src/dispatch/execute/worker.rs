//! Runs a tool on an Arcade worker (worker protocol, `POST /worker/tools/invoke`).

use super::{
    ANSWER_LIMITS, Exchange, Failed, Ran, duration_text, error_kind, says, server_failure, tool_retry_after,
    unexpected_status,
};
use crate::backends::upstream::{self, Scheme};
use crate::dispatch::route::Remote;
use crate::model::call::ToolCall;
use crate::model::tool::Tool;
use crate::ports::{Origin, OriginRequest, OriginResponse, Platform};
use crate::words::json::{self, Json, Object, ObjectWriter, write_json};
use crate::words::method::Method;
use crate::words::names::UserId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

/// One attempt.
pub(super) async fn run<P: Platform>(
    platform: &P,
    remote: Remote<'_>,
    call: &ToolCall<'_>,
    tool: &Tool,
    exchange: &Exchange<'_>,
) -> Result<Ran, Failed> {
    let now = platform.now();
    let request = OriginRequest {
        method: Method::Post,
        url: format!("{}/worker/tools/invoke", remote.upstream.base_url),
        headers: vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())],
        authorization: None,
        body: request_body(call, tool, exchange.request_id, now),
        timeout: exchange.timeout,
        response_limit: exchange.response_limit,
    };
    let send = async |request| Origin::send(platform, request).await;
    let sent =
        upstream::send_as(platform, Scheme::Worker, remote.credential, request, send, |answer| answer.status).await;
    let response = sent.map_err(Failed::origin)?;
    read(&response, call.include_stacktrace)
}

fn request_body(call: &ToolCall<'_>, tool: &Tool, request_id: &str, created_at: Timestamp) -> Vec<u8> {
    let mut called = ObjectWriter::new();
    called.text("name", tool.name.tool());
    called.text("toolkit", tool.name.toolkit());
    if !tool.version.is_empty() {
        called.text("version", &tool.version);
    }
    let mut context = ObjectWriter::new();
    context.optional("user_id", call.user.as_ref().map(UserId::as_str));
    let mut body = ObjectWriter::with_capacity(512);
    body.text("run_id", request_id);
    body.text("execution_id", request_id);
    body.time("created_at", created_at);
    body.json("tool", &called.end());
    write_json(body.value("inputs"), &call.input);
    body.json("context", &context.end());
    body.end()
}

fn read(response: &OriginResponse, include_stacktrace: bool) -> Result<Ran, Failed> {
    if matches!(response.status, 401 | 403) {
        return Err(Failed::refused(Refusal::new(RefusalKind::UpstreamRefusedCredential), true));
    }
    if let Some(failed) = server_failure(response) {
        return Err(failed);
    }
    if response.status != 200 {
        return Err(unexpected_status(response));
    }
    let not_json = || Failed::refused(Refusal::new(RefusalKind::UpstreamNotJson), false);
    let answer = json::parse(&response.body, ANSWER_LIMITS).map_err(|_| not_json())?;
    let success = answer.get("success").and_then(Json::as_bool).ok_or_else(not_json)?;
    let worker_output = answer.get("output").and_then(Json::as_object).ok_or_else(not_json)?;
    let finished_at = answer.get("finished_at").and_then(Json::as_str).unwrap_or_default();
    let output = engine_output(worker_output, include_stacktrace);
    let says = says(&output);
    let mut text = Vec::with_capacity(response.body.len());
    write_json(&mut text, &Json::Object(output));
    let kind = worker_output.get("error").and_then(|error| error.get("kind")).and_then(Json::as_str);
    let requires = worker_output.get("requires_authorization");
    Ok(Ran {
        retry_after: if success { None } else { tool_retry_after(worker_output.get("error")) },
        output: text,
        success,
        duration: duration_text(answer.get("duration")),
        finished_at: zoned(finished_at),
        error_kind: if success { None } else { Some(error_kind(kind)) },
        says,
        authorization: requires
            .and_then(|requires| requires.get("authorization_id"))
            .and_then(Json::as_str)
            .map(str::to_owned),
        whole: None,
    })
}

/// Workers write no zone; they mean UTC.
fn zoned(finished_at: &str) -> String {
    let has_zone = finished_at.ends_with('Z') || finished_at.get(10..).is_some_and(|time| time.contains(['+', '-']));
    if has_zone { finished_at.to_owned() } else { format!("{finished_at}Z") }
}

/// The worker's output in the engine's form: the members that the protocol has, nulls left out, `requires_authorization` as
/// `authorization`, the stack trace only if asked for.
fn engine_output<'o>(worker: &Object<'o>, include_stacktrace: bool) -> Object<'o> {
    let mut output = Object::new();
    for name in ["value", "logs", "error", "requires_authorization"] {
        let Some(value) = worker.get(name).filter(|value| **value != Json::Null) else { continue };
        match (name, value) {
            ("requires_authorization", requires) => {
                let mut authorization = Object::new();
                for (theirs, ours) in [
                    ("authorization_id", "id"),
                    ("authorization_url", "url"),
                    ("scopes", "scopes"),
                    ("status", "status"),
                ] {
                    if let Some(member) = requires.get(theirs).filter(|member| **member != Json::Null) {
                        authorization.insert(ours, member.clone());
                    }
                }
                output.insert("authorization", Json::Object(authorization));
            }
            ("error", Json::Object(error)) => {
                let mut kept = Object::new();
                for (name, member) in error.iter() {
                    if *member != Json::Null && (include_stacktrace || name != "stacktrace") {
                        kept.push_unique(name.to_owned(), member.clone());
                    }
                }
                output.insert("error", Json::Object(kept));
            }
            (name, value) => output.insert(name.to_owned(), value.clone()),
        }
    }
    // A tool may answer null: that is a value too.
    if output.get("value").is_none() && output.get("error").is_none() && worker.get("value").is_some() {
        output.insert("value", Json::Null);
    }
    output
}
