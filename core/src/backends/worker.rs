//! Arcade workers as executors (worker protocol, `POST /worker/tools/invoke`).

use std::rc::Rc;

use jwt_simple::prelude::{Audiences, HS256Key, JWTClaims, MACLike, UnixTimeStamp};
use serde::{Deserialize, Serialize};

use super::answer::{
    ANSWER_LIMITS, classify, duration_text, error_kind, server_failure, tool_retry_after, unexpected_status,
};
use super::send::{CredentialScheme, credential_of, fetch, get, send_as};
use super::{Failed, Invocation, Listing, Ran, Traits};
use crate::model::call::ToolCall;
use crate::model::tool::{self, CATALOGUE_LIMITS, Tool};
use crate::ports::{Origin, OriginRequest, OriginResponse, Platform};
use crate::words::json::{self, Json, Object, ObjectWriter, write_json};
use crate::words::method::Method;
use crate::words::names::UserId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::secret::Secret;
use crate::words::time::{Millis, Timestamp};

pub(super) const TRAITS: Traits = Traits { is_remote: true, has_engine_api: false, health_path: "/worker/health" };

/// Sends a token that is signed with the secret.
const SCHEME: CredentialScheme =
    CredentialScheme { authorization: worker_token, is_refusal: |status| matches!(status, 401 | 403) };

/// Fetches a worker's list.
pub(super) async fn list<P: Platform>(listing: &Listing<'_, P>) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    let worker = listing.executor.upstream.as_ref().ok_or(RefusalKind::ExecutorInactive)?;
    let credential = credential_of(worker, listing.user)?;
    let request = get(format!("{}/worker/tools", worker.base_url), listing.within);
    let body = fetch(listing.platform, &SCHEME, listing.rotations, credential, request).await?;
    let list = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
    tool::of_worker(list, listing.index).ok_or(RefusalKind::UpstreamNotJson)
}

/// Makes one call.
pub(super) async fn call<P: Platform>(invocation: &Invocation<'_, P>) -> Result<Ran, Failed> {
    let &Invocation { platform, rotations, call, tool, timeout, response_limit, request_id, .. } = invocation;
    let remote = invocation.remote()?;
    let now = platform.now();
    let request = OriginRequest {
        method: Method::Post,
        url: format!("{}/worker/tools/invoke", remote.upstream.base_url),
        headers: vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())],
        authorization: None,
        body: request_body(call, tool, request_id, now),
        timeout,
        response_limit,
    };
    let send = async |request| Origin::send(platform, request).await;
    let sent = send_as(platform, &SCHEME, rotations, remote.credential, request, send, |answer| answer.status).await;
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
    let output_kind = classify(&output);
    let mut text = Vec::with_capacity(response.body.len());
    write_json(&mut text, &Json::Object(output));
    let error = worker_output.get("error").and_then(|error| error.get("kind")).and_then(Json::as_str);
    let requires = worker_output.get("requires_authorization");
    Ok(Ran {
        retry_after: if success { None } else { tool_retry_after(worker_output.get("error")) },
        output: text,
        success,
        duration: duration_text(answer.get("duration")),
        finished_at: zoned(finished_at),
        error_kind: if success { None } else { Some(error_kind(error)) },
        kind: output_kind,
        authorization: requires
            .and_then(|requires| requires.get("authorization_id"))
            .and_then(Json::as_str)
            .map(str::to_owned),
        whole: None,
    })
}

/// Adds the time zone that workers leave out: they mean UTC.
fn zoned(finished_at: &str) -> String {
    let has_zone = finished_at.ends_with('Z') || finished_at.get(10..).is_some_and(|time| time.contains(['+', '-']));
    if has_zone { finished_at.to_owned() } else { format!("{finished_at}Z") }
}

/// Converts a worker's output into the engine's form: the members that the protocol has, nulls left out,
/// `requires_authorization` as `authorization`, the stack trace only if asked for.
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

/// Lifetime of a worker token: long enough for any call, short enough to be worthless later.
const WORKER_TOKEN_LIFE: Millis = Millis::from_secs(120);

/// Tolerance for clocks that differ: workers refuse a token from the future.
const CLOCK_LEEWAY: Millis = Millis::from_secs(30);

/// Holds the claims of the worker protocol besides the registered ones.
#[derive(Debug, Serialize, Deserialize)]
struct WorkerClaims {
    /// The protocol's version: the text `1`.
    ver: String,
}

/// Returns `Bearer JWT` for a worker: HS256 with its secret, `aud` "worker", `ver` "1".
fn worker_token(secret: &Secret, now: Timestamp) -> Option<Secret> {
    let key = HS256Key::from_bytes(secret.expose().as_bytes());
    let claims = JWTClaims {
        issued_at: None,
        expires_at: Some(UnixTimeStamp::from_millis(now.after(WORKER_TOKEN_LIFE).as_millis())),
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: Some(Audiences::AsString("worker".to_owned())),
        jwt_id: None,
        nonce: None,
        custom: WorkerClaims { ver: "1".to_owned() },
    };
    key.authenticate(claims).ok().map(|token| Secret::new(format!("Bearer {token}")))
}

/// Returns whether an engine's token for our own worker routes is valid.
#[must_use]
pub(crate) fn is_worker_token(token: &str, secret: &Secret, now: Timestamp) -> bool {
    let options = jwt_simple::prelude::VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_millis(now.as_millis())),
        time_tolerance: Some(jwt_simple::prelude::Duration::from_millis(CLOCK_LEEWAY.get())),
        allowed_audiences: Some(std::iter::once("worker".to_owned()).collect()),
        max_token_length: Some(4096),
        ..Default::default()
    };
    HS256Key::from_bytes(secret.expose().as_bytes())
        .verify_token::<WorkerClaims>(token, Some(options))
        .is_ok_and(|claims| claims.custom.ver == "1")
}
