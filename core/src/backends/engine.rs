//! Arcade engines as executors (`POST /v1/tools/execute`).

use std::rc::Rc;

use super::answer::{
    ANSWER_LIMITS, classify, duration_text, error_kind, is_turned_away, server_failure, tool_retry_after,
    unexpected_status,
};
use super::send::{CredentialScheme, credential_of, fetch, get, send_as};
use super::{Failed, Failure, Invocation, Listing, OutputKind, Ran, Traits, Upstream};
use crate::model::call::ToolCall;
use crate::model::tool::{self, CATALOGUE_LIMITS, Tool};
use crate::ports::{Origin, OriginRequest, OriginResponse, Platform};
use crate::words::json::{self, Json, Object, ObjectWriter, write_json};
use crate::words::limits;
use crate::words::method::Method;
use crate::words::names::{Project, UserId};
use crate::words::percent::encode_into;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::secret::Secret;
use crate::words::time::Millis;

pub(super) const TRAITS: Traits = Traits { is_remote: true, has_engine_api: true, health_path: "/v1/health" };

/// Sends the key itself. A 403 concerns the account's permissions, not the key.
pub(super) const SCHEME: CredentialScheme = CredentialScheme {
    authorization: |secret, _| Some(Secret::new(format!("Bearer {}", secret.expose()))),
    is_refusal: |status| status == 401,
};

/// Fetches all pages of an engine's list.
pub(super) async fn list<P: Platform>(listing: &Listing<'_, P>) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    let &Listing { platform, rotations, executor, index, project, user, within } = listing;
    let deadline = platform.now().after(within);
    let engine = executor.upstream.as_ref().ok_or(RefusalKind::ExecutorInactive)?;
    let credential = credential_of(engine, user)?;
    let base = url(engine, project);
    let mut tools: Vec<Rc<Tool>> = Vec::new();
    let mut offset = 0_usize;
    loop {
        let user = user.map_or_else(String::new, |(_, user)| query_pair("user_id", user.as_str()));
        let url = format!("{base}/tools?limit=100&offset={offset}&include_all_versions=true{user}");
        let left = platform.now().until(deadline);
        if left == Millis::ZERO {
            return Err(RefusalKind::UpstreamTimeout);
        }
        let body = fetch(platform, &SCHEME, rotations, credential, get(url, left)).await?;
        let page = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
        let (items, total) = page_of(page).ok_or(RefusalKind::UpstreamNotJson)?;
        let is_last_page = items.is_empty() || total.is_some_and(|total| offset.saturating_add(items.len()) >= total);
        offset = offset.saturating_add(items.len());
        tools.extend(items.into_iter().filter_map(|item| tool::of_engine_definition(item, index)).map(Rc::new));
        if is_last_page {
            return Ok(tools);
        }
        if offset >= limits::CATALOGUE_TOOLS {
            tracing::warn!(executor = executor.id.as_str(), most = limits::CATALOGUE_TOOLS, "tools_left_out");
            return Ok(tools);
        }
    }
}

/// Fetches one tool of an engine, as one user sees it.
pub(crate) async fn list_one<P: Platform>(listing: &Listing<'_, P>, tool: &Tool) -> Result<Rc<Tool>, RefusalKind> {
    let &Listing { platform, rotations, executor, index, project, user, within } = listing;
    let engine = executor.upstream.as_ref().ok_or(RefusalKind::ExecutorInactive)?;
    let credential = credential_of(engine, user)?;
    let mut path = format!("{}/tools/", url(engine, project));
    encode_into(&mut path, tool.name.as_str());
    if !tool.version.is_empty() {
        encode_into(&mut path, &format!("@{}", tool.version));
    }
    if let Some((_, user)) = user {
        path.push('?');
        path.push_str(query_pair("user_id", user.as_str()).trim_start_matches('&'));
    }
    let body = fetch(platform, &SCHEME, rotations, credential, get(path, within)).await?;
    let definition = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
    tool::of_engine_definition(definition, index).map(Rc::new).ok_or(RefusalKind::UpstreamNotJson)
}

/// Returns the items of a page, and the number of all items, if given.
fn page_of(page: Json<'_>) -> Option<(Vec<Json<'_>>, Option<usize>)> {
    let Json::Object(page) = page else {
        return None;
    };
    let total = match page.get("total_count") {
        Some(Json::Number(total)) => Some(usize::try_from(total.as_i64()?).ok()?),
        _ => None,
    };
    let items = page.into_members().find(|(name, _)| name == "items")?.1;
    match items {
        Json::Array(items) => Some((items, total)),
        _ => None,
    }
}

/// Returns the address of the engine's API below `/v1`, in the project of the path or else of the configuration.
pub(super) fn url(engine: &Upstream, project: Option<&Project>) -> String {
    match project.or(engine.project.as_ref()) {
        None => format!("{}/v1", engine.base_url),
        Some(project) => format!("{}{}", engine.base_url, project.path()),
    }
}

/// Returns `&name=value`, encoded.
fn query_pair(name: &str, value: &str) -> String {
    let mut text = format!("&{name}=");
    encode_into(&mut text, value);
    text
}

/// Makes one call.
pub(super) async fn call<P: Platform>(invocation: &Invocation<'_, P>) -> Result<Ran, Failed> {
    let &Invocation { platform, rotations, call, tool, timeout, response_limit, .. } = invocation;
    let remote = invocation.remote()?;
    let request = OriginRequest {
        method: Method::Post,
        url: format!("{}/tools/execute", url(remote.upstream, call.project.as_ref())),
        headers: vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())],
        authorization: None,
        body: request_body(call, tool),
        timeout,
        response_limit,
    };
    let send = async |request| Origin::send(platform, request).await;
    let sent = send_as(platform, &SCHEME, rotations, remote.credential, request, send, |answer| answer.status).await;
    let response = sent.map_err(Failed::origin)?;
    read(response, call.include_stacktrace)
}

/// Returns the request's body, with the version that the registry resolved: a response stored under a version was made
/// by it.
fn request_body(call: &ToolCall<'_>, tool: &Tool) -> Vec<u8> {
    let mut body = ObjectWriter::with_capacity(512);
    body.text("tool_name", tool.name.as_str());
    if !tool.version.is_empty() {
        body.text("tool_version", &tool.version);
    }
    body.optional("user_id", call.user.as_ref().map(UserId::as_str));
    body.optional("run_at", call.run_at.as_deref());
    if call.include_stacktrace {
        body.boolean("include_error_stacktrace", true);
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
        kind: output.map_or(OutputKind::Other, classify),
        output: text,
        whole: None,
    };
    let whole = if leaks_trace { without_stacktrace(answer) } else { response.body };
    Ok(Ran { whole: Some(whole), ..ran })
}

/// Returns the id of the authorisation that an output asks for.
fn output_authorization<'o>(output: &'o Object<'_>) -> Option<&'o str> {
    output.get("authorization")?.get("id")?.as_str()
}

/// Returns the answer as text, less `output.error.stacktrace`.
fn without_stacktrace(answer: Object<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write_json(&mut out, &Json::Object(answer).without(&["output", "error", "stacktrace"]));
    out
}
