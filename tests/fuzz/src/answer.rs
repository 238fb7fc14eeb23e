//! Answers of executors, as HTTP writes them: never more than an error to the caller, and nothing kept but a success.

use serde_json::Value;
use toolgate::gateway::Gateway;
use toolgate::model::request::Request;
use toolgate::ports::origin::RESPONSE_HEADERS;
use toolgate::ports::{OriginError, OriginRequest, OriginResponse};
use toolgate::words::json::{Json, Limits, parse};

use crate::exchange::{Answered, ask};
use crate::host::{Answer, Host, KEY};
use crate::request::{header_value, read, well};
use crate::text::{parts, split};

const ENGINE: &str = include_str!("answer/engine.toml");
const WORKER: &str = include_str!("answer/worker.toml");

/// As wide as the reader of executors' answers.
const ANSWER: Limits = Limits { depth: 128, values: 2_000_000, string_bytes: 1 << 24, number_bytes: 100_000 };

/// The parts: `engine` or `worker`; its list of tools, and its answer to everything else, each a status line, headers, an
/// empty line and a body (empty: what a good one answers); the arguments of the call.
pub(crate) fn run(data: &[u8]) {
    let parts = parts(data);
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let is_engine = part(0) != b"worker";
    let (list, other) = (part(1).to_vec(), part(2).to_vec());
    let host = Host::new(move |request| {
        let path = request.url.split('?').next().unwrap_or_default();
        let is_list = path.ends_with("/worker/tools") || path.ends_with("/v1/tools");
        // An engine whose every page is the first would be asked for thousands.
        if is_list && request.url.contains("offset=") && !request.url.contains("offset=0&") {
            return answer_of(b"200\n\n{\"items\":[]}", request);
        }
        answer_of(if is_list { &list } else { &other }, request)
    });
    let document = if is_engine { ENGINE } else { WORKER };
    let arguments = if parts.len() > 3 { part(3) } else { b"{}" };
    check(&Gateway::new(document), &Gateway::new(document), &host, arguments);
}

fn answer_of(text: &[u8], request: &OriginRequest) -> Answer {
    if text.is_empty() {
        return well(request);
    }
    let (head, body) = split(text, b"\n\n").unwrap_or((text, b""));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split('\n');
    let status = match lines.next().unwrap_or_default().trim() {
        "unreachable" => return Err(OriginError::Unreachable),
        "forbidden" => return Err(OriginError::Forbidden),
        "timeout" => return Err(OriginError::Timeout),
        "broken" => return Err(OriginError::Broken),
        "cut" => return Err(OriginError::BodyCut),
        "too-large" => return Err(OriginError::BodyTooLarge),
        // A host reports nothing but statuses.
        status => status.parse().ok().filter(|status| (100..600).contains(status)).unwrap_or(200),
    };
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let known = RESPONSE_HEADERS.iter().find(|known| **known == name);
        if let Some(known) = known.filter(|known| !headers.iter().any(|(name, _)| name == *known)) {
            headers.push((known, header_value(value)));
        }
    }
    Ok(OriginResponse { status, headers, body: body.to_vec() })
}

fn check(gateway: &Gateway, other: &Gateway, host: &Host, arguments: &[u8]) {
    let list = own(ask(gateway, host, get("/v1/tools?limit=100&include_format=arcade,openai,anthropic")));
    own(ask(gateway, host, get("/v1/formatted_tools?format=openai")));
    own(ask(gateway, host, get("/v1/tools?user_id=ada@acme.example")));
    ask(gateway, host, get("/health/ready"));
    let tools = list.json();
    let tool = tools.pointer("/items/0/fully_qualified_name").and_then(Value::as_str).unwrap_or("Docs.Get");
    check_call(gateway, host, tool, arguments);
    // Another isolate takes the list from the store.
    let again = own(ask(other, host, get("/v1/tools?limit=100&include_format=arcade,openai,anthropic")));
    assert_eq!(again.json().get("items"), tools.get("items"), "the list comes back from the store");
    let tool = format!("{{\"tool_name\":{},\"user_id\":\"ada@acme.example\"}}", Value::from(tool));
    ask(gateway, host, post("/v1/tools/authorize", tool.as_bytes()));
    ask(gateway, host, post("/v1/tools/requirements", b"{\"user_id\":\"ada@acme.example\"}"));
    ask(gateway, host, get("/v1/auth/status?id=auth_1"));
    ask(gateway, host, get("/v1/scheduled_tools/te_1"));
    ask(gateway, host, post("/v1/chat/completions", b"{\"user\":\"ada@acme.example\"}"));
    ask(gateway, host, get("/metrics"));
}

/// Calls the tool twice. Only what was a success may be answered without asking again.
fn check_call(gateway: &Gateway, host: &Host, tool: &str, arguments: &[u8]) {
    let mut body = format!("{{\"tool_name\":{},\"user_id\":\"ada@acme.example\",\"input\":", Value::from(tool));
    body.push_str(&String::from_utf8_lossy(arguments));
    body.push('}');
    let asked = || host.sent("/tools/execute").saturating_add(host.sent("/tools/invoke"));
    let before = asked();
    let first = own(ask(gateway, host, post("/v1/tools/execute", body.as_bytes())));
    let between = asked();
    let second = own(ask(gateway, host, post("/v1/tools/execute", body.as_bytes())));
    let after = asked();
    let is_hit = |answered: &Answered| answered.cache.as_deref().is_some_and(|status| status.contains("; hit"));
    let (first_output, second_output) = (output_of(&first), output_of(&second));
    let asks_user = first_output.as_ref().is_some_and(|output| output.get("authorization").is_some());
    assert!(between.saturating_sub(before) <= 2, "one retry is the most");
    assert!(!is_hit(&first), "nothing was kept yet");
    assert!(between > before || first_output.is_none(), "a success that no executor gave");
    if is_hit(&second) {
        assert!(first_output.is_some() && !asks_user, "kept though no success");
        assert_eq!(after, between, "a hit asks nobody");
        assert_eq!(second_output, first_output, "a hit is the first answer");
    } else {
        assert!(after > between || between == before, "answered without asking again");
    }
}

/// The output of a call that succeeded.
fn output_of(answered: &Answered) -> Option<Json<'_>> {
    let body = parse(answered.body.as_deref()?, ANSWER).ok()?;
    let succeeded = answered.status == 200 && body.get("success").and_then(Json::as_bool) == Some(true);
    succeeded.then(|| body.get("output").cloned().unwrap_or(Json::Null))
}

/// An answer that the gateway itself composed is JSON.
fn own(answered: Answered) -> Answered {
    let body = answered.body.as_deref().unwrap_or_default();
    if let Err(fault) = parse(body, ANSWER) {
        panic!("{fault}: {}", String::from_utf8_lossy(body));
    }
    answered
}

fn get(target: &str) -> Request {
    read(format!("GET {target}\nauthorization: Bearer {KEY}").as_bytes(), "")
}

fn post(target: &str, body: &[u8]) -> Request {
    let mut text = format!("POST {target}\nauthorization: {KEY}\ncontent-type: application/json\n\n").into_bytes();
    text.extend_from_slice(body);
    read(&text, "")
}
