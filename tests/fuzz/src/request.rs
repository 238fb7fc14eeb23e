//! Whole requests, written as HTTP writes them, through a gateway whose executors answer well.

use jwt_simple::prelude::{Audiences, HS256Key, JWTClaims, MACLike, UnixTimeStamp};
use serde::{Deserialize, Serialize};
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::{OriginRequest, OriginResponse};
use toolgate::words::method::Method;

use crate::exchange::{Answered, ask};
use crate::host::{Answer, CREDENTIALS, Host};
use crate::text::{parts, split};

/// Everything that a request can reach: each kind of executor, a caller with everything and one with little.
const DOCUMENT: &str = include_str!("request.toml");

/// Most requests of one input.
const REQUESTS: usize = 8;

/// Requests with `---` between them: a line `METHOD target`, lines `name: value`, an empty line, the body. The header
/// `body` is ours: `too-large` and `broken` are bodies that a host could not read.
pub(crate) fn run(data: &[u8]) {
    let (gateway, host) = (Gateway::new(DOCUMENT), Host::new(well));
    let mut last_id = String::new();
    for part in parts(data).into_iter().take(REQUESTS) {
        let request = read(part, &last_id);
        let target = request.target.clone();
        let answered = ask(&gateway, &host, request);
        check(&target, &answered);
        last_id = answered.request_id;
    }
}

/// The executors answer well: whatever is an error is the gateway's own word.
fn check(target: &str, answered: &Answered) {
    let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let is_health = path.ends_with("/health") || path.ends_with("/ready");
    assert!(answered.status < 400 || answered.refusal.is_some() || is_health, "{} without words", answered.status);
    assert!(answered.status != 500 && answered.status != 502, "nobody failed here: {}", answered.status);
}

/// The request that a text means. `WORKER_TOKEN` is a good token of the worker protocol, `LAST_REQUEST_ID` the id of the
/// request before.
pub(crate) fn read(part: &[u8], last_id: &str) -> Request {
    let (head, body) = split(part, b"\n\n").unwrap_or((part, b""));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split('\n');
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or(("GET", ""));
    let mut request = Request {
        method: Method::parse(method),
        target: target.replace("LAST_REQUEST_ID", last_id),
        headers: RequestHeaders::default(),
        body: RequestBody::Whole(body.to_vec()),
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = header_value(&value.replace("WORKER_TOKEN", &worker_token()));
        match (name, value.as_str()) {
            ("body", "too-large") => request.body = RequestBody::TooLarge,
            ("body", "broken") => request.body = RequestBody::Broken,
            _ => {}
        }
        let slot = Header::NAMES.iter().position(|known| *known == name).and_then(|at| request.headers.0.get_mut(at));
        if let Some(slot) = slot {
            *slot = Some(slot.take().map_or_else(|| value.clone(), |first| format!("{first}, {value}")));
        }
    }
    request
}

/// Returns a header's value as a host hands it over: no line breaks nor other control characters.
pub(crate) fn header_value(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).collect()
}

#[derive(Serialize, Deserialize)]
struct WorkerClaims {
    ver: String,
}

/// A token as an engine signs it for our worker routes.
fn worker_token() -> String {
    let [.., secret] = CREDENTIALS;
    let claims = JWTClaims {
        issued_at: None,
        expires_at: Some(UnixTimeStamp::from_millis(1_790_000_060_000)),
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: Some(Audiences::AsString("worker".to_owned())),
        jwt_id: None,
        nonce: None,
        custom: WorkerClaims { ver: "1".to_owned() },
    };
    HS256Key::from_bytes(secret.as_bytes()).authenticate(claims).expect("claims can be signed")
}

/// The answer of an executor without a fault.
#[expect(clippy::unnecessary_wraps, reason = "an executor's answer may be none")]
pub(crate) fn well(request: &OriginRequest) -> Answer {
    let path = request.url.split('?').next().unwrap_or_default();
    let body = if path.ends_with("/worker/tools") {
        include_str!("request/worker_tools.json")
    } else if path.ends_with("/worker/tools/invoke") {
        r#"{"success":true,"duration":3.5,"finished_at":"2026-01-01T00:00:00","output":{"value":"text","logs":null}}"#
    } else if path.ends_with("/tools/execute") {
        r#"{"id":"tc_1","success":true,"duration":2,"finished_at":"2026-01-01T00:00:00Z","output":{"value":[1]}}"#
    } else if path.contains("/tools/Mail.") {
        include_str!("request/engine_tool.json")
    } else if path.ends_with("/tools") && !path.contains("/workers/") {
        include_str!("request/engine_tools.json")
    } else {
        r#"{"id":"auth_1","status":"pending","user_id":"ada@acme.example"}"#
    };
    let headers = vec![("content-type", "application/json".to_owned())];
    Ok(OriginResponse { status: 200, headers, body: body.as_bytes().to_vec() })
}
