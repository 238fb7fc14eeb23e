//! Runs a tool on an Arcade engine (`POST /v1/tools/execute`).

use super::{
    ANSWER_LIMITS, Exchange, Failed, Failure, Ran, Says, duration_text, error_kind, is_turned_away, says,
    server_failure, tool_retry_after, unexpected_status,
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

/// One attempt.
pub(super) async fn run<P: Platform>(
    platform: &P,
    remote: Remote<'_>,
    call: &ToolCall<'_>,
    tool: &Tool,
    exchange: &Exchange<'_>,
) -> Result<Ran, Failed> {
    let request = OriginRequest {
        method: Method::Post,
        url: format!("{}/tools/execute", upstream::engine_url(remote.upstream, call.project.as_ref())),
        headers: vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())],
        authorization: None,
        body: request_body(call, tool),
        timeout: exchange.timeout,
        response_limit: exchange.response_limit,
    };
    let send = async |request| Origin::send(platform, request).await;
    let sent =
        upstream::send_as(platform, Scheme::Engine, remote.credential, request, send, |answer| answer.status).await;
    let response = sent.map_err(Failed::origin)?;
    read(response, call.include_stacktrace)
}

/// The request, with the version that the registry resolved: what is kept under a version was made by it.
fn request_body(call: &ToolCall<'_>, tool: &Tool) -> Vec<u8> {
    let mut body = ObjectWriter::with_capacity(512);
    body.text("tool_name", tool.name.as_str());
    if !tool.version.is_empty() {
        body.text("tool_version", &tool.version);
    }
    body.optional("user_id", call.user.as_ref().map(UserId::as_str));
    body.optional("run_at", call.run_at.as_deref());
    if call.include_stacktrace {
        body.json("include_error_stacktrace", b"true");
    }
    write_json(body.value("input"), &call.input);
    body.end()
}

fn read(response: OriginResponse, include_stacktrace: bool) -> Result<Ran, Failed> {
    if response.status == 401 {
        return Err(Failed::refused(Refusal::new(RefusalKind::UpstreamRefusedCredential), true));
    }
    if let Some(failed) = server_failure(&response) {
        return Err(failed);
    }
    if !matches!(response.status, 200 | 400..=499) {
        return Err(unexpected_status(&response));
    }
    let not_json = || Failed::refused(Refusal::new(RefusalKind::UpstreamNotJson), false);
    let Ok(Json::Object(answer)) = json::parse(&response.body, ANSWER_LIMITS) else {
        return Err(if response.status == 200 { not_json() } else { unexpected_status(&response) });
    };
    if response.status != 200 {
        // A refusal in the engine's own words: `{name, message}`.
        let surely_not_run = is_turned_away(response.status);
        let status = Some(response.status);
        return Err(Failed { failure: Failure::Answered(response), surely_not_run, status });
    }
    let success = answer.get("success").and_then(Json::as_bool).ok_or_else(not_json)?;
    let output = answer.get("output").and_then(Json::as_object);
    let error = output.and_then(|output| output.get("error")).filter(|error| **error != Json::Null);
    let leaks_trace = !include_stacktrace && error.is_some_and(|error| error.get("stacktrace").is_some());
    let mut text = Vec::new();
    write_json(&mut text, output.map_or(&Json::Null, |_| answer.get("output").unwrap_or(&Json::Null)));
    let kind = error.and_then(|error| error.get("kind")).and_then(Json::as_str);
    let ran = Ran {
        success,
        retry_after: if success { None } else { tool_retry_after(error) },
        duration: duration_text(answer.get("duration")),
        finished_at: answer.get("finished_at").and_then(Json::as_str).unwrap_or_default().to_owned(),
        error_kind: if success { None } else { Some(error_kind(kind)) },
        authorization: output.and_then(output_authorization).map(str::to_owned),
        says: output.map_or(Says::Other, says),
        output: text,
        whole: None,
    };
    let whole = if leaks_trace { without_stacktrace(answer) } else { response.body };
    Ok(Ran { whole: Some(whole), ..ran })
}

/// The id of the authorisation that an output asks for.
#[must_use]
pub fn output_authorization<'o>(output: &'o Object<'_>) -> Option<&'o str> {
    output.get("authorization")?.get("id")?.as_str()
}

/// The answer as text, less `output.error.stacktrace`.
fn without_stacktrace(answer: Object<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write_json(&mut out, &Json::Object(answer).without(&["output", "error", "stacktrace"]));
    out
}
