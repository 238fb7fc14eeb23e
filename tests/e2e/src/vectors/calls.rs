//! Calls of tools: the Calc toolkit on all three executors, and the stand-in's own tools.

use serde_json::json;
use toolgate_differential::Case;

use super::{Caller, Vector};

const ADA: &str = "ada@acme.example";
const GUS: &str = "gus@acme.example";

/// The start and the number of the generated calls: the tools take turns.
const SEED: u64 = 20_260_420;
const CALLS: u64 = 20 * 25;

/// Returns generated calls of every Calc tool, odd inputs included.
pub(super) fn calc() -> Vec<Vector> {
    let cases = (0..CALLS).map(|index| (index, Case::generate(SEED, index)));
    let cases = cases.filter(|(_, case)| !case.is_random());
    cases
        .map(|(index, case)| {
            let tool = format!("Calc.{}", case.tool);
            Vector::call(format!("calc {index} {tool} {}", case.inputs), Caller::Developer, &tool, &case.inputs, ADA)
                .ok()
        })
        .collect()
}

/// Inputs that an echo must give back as they were written, each asked for twice: a miss and a hit.
pub(super) fn cached() -> Vec<Vector> {
    let data = [
        "null",
        "true",
        "0",
        "-0",
        "-0.0",
        "1.0",
        "1.00",
        "1e2",
        "1E+2",
        "0.1",
        "1e-7",
        "123456789012345678901234567890",
        "3.14159265358979323846264338327950288",
        "1e400",
        "[]",
        "{}",
        "[[],{}]",
        "{\"b\":1,\"a\":2}",
        "{\"a\":2,\"b\":1}",
        "\"\"",
        "\"\\u00e9\"",
        "\"é\"",
        "\"\\ud83d\\ude00\"",
        "\"😀\"",
        "\"\\u2028\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"a\\u0000b\"",
        "[1,\"1\",1.0,null]",
        "{\"\":0}",
        "{\"x\":{\"y\":{\"z\":[1,2,{\"w\":null}]}}}",
    ];
    let mut vectors = Vec::new();
    for (place, data) in data.iter().enumerate() {
        let input = format!("{{\"text\":\"t\",\"data\":{data}}}");
        for time in ["first", "again"] {
            vectors.push(Vector::call(format!("echo {place} {time}"), Caller::Developer, "Echo.Say", &input, ADA).ok());
        }
    }
    for index in 0..40 {
        let document = json!({"document": format!("d{}", index % 10)}).to_string();
        let (caller, user) = match index % 4 {
            0 => (Caller::Developer, ADA),
            1 => (Caller::Developer, GUS),
            2 => (Caller::Narrow, ADA),
            _ => (Caller::Stranger, ADA),
        };
        vectors.push(Vector::call(format!("docs {index}"), caller, "Docs.Get", &document, user).ok());
        let topic = json!({"topic": format!("t{}", index % 5)}).to_string();
        let caller = if index % 2 == 0 { Caller::Developer } else { Caller::Stranger };
        vectors.push(Vector::call(format!("facts {index}"), caller, "Facts.Lookup", &topic, user).ok());
    }
    for asks in ["no-store", "no-cache", "max-age=0", "private, NO-STORE"] {
        let call = Vector::call(format!("echo {asks}"), Caller::Developer, "Echo.Say", "{\"text\":\"asks\"}", ADA);
        vectors.push(call.header("cache-control", asks).ok());
    }
    vectors
}

/// The stand-in's other tools.
pub(super) fn engine() -> Vec<Vector> {
    let developer = Caller::Developer;
    let mut vectors = Vec::new();
    for name in ["Echo.Say", "echo.say", "ECHO.SAY", "Echo_Say", "Echo.Say@1.0.0"] {
        vectors.push(Vector::call(format!("name {name}"), developer, name, "{\"text\":\"name\"}", ADA).ok());
    }
    for version in ["1.0.0", "2.0.0", "9.0.0"] {
        let body = json!({"tool_name": "Notes.Read", "tool_version": version, "input": {"note": "n"}, "user_id": ADA});
        let outcome = if version == "9.0.0" { "tool_version_unknown" } else { "ok" };
        vectors.push(Vector::send(format!("version {version}"), developer, "POST", EXECUTE, &body).ends(outcome));
    }
    for input in [
        "{}",
        "{\"text\":5}",
        "{\"text\":\"x\",\"zz\":1}",
        "{\"text\":null}",
        "{\"text\":\"x\",\"mood\":\"sad\"}",
        "{\"text\":\"x\",\"times\":\"3\"}",
        "{\"text\":\"x\",\"times\":1.5}",
        "{\"text\":\"x\",\"tags\":[1]}",
        "null",
    ] {
        vectors.push(Vector::call(format!("arguments {input}"), developer, "Echo.Say", input, ADA).ok());
    }
    errors(&mut vectors);
    effects(&mut vectors);
    consents(&mut vectors);
    scheduled(&mut vectors);
    vectors
}

const EXECUTE: &str = "/v1/tools/execute";

fn errors(vectors: &mut Vec<Vector>) {
    for (kind, status) in [
        "TOOL_RUNTIME_RETRY",
        "TOOL_RUNTIME_CONTEXT_REQUIRED",
        "TOOL_RUNTIME_FATAL",
        "UPSTREAM_RUNTIME_RATE_LIMIT",
        "UPSTREAM_RUNTIME_NOT_FOUND",
        "UPSTREAM_RUNTIME_SERVER_ERROR",
        "UNKNOWN",
        "made up",
    ]
    .into_iter()
    .zip(400..)
    {
        let can_retry = status % 2 == 0;
        let input =
            json!({"kind": kind, "message": "no", "can_retry": can_retry, "retry_after_ms": 1, "status_code": status});
        for trace in [false, true] {
            let body =
                json!({"tool_name": "Faulty.Raise", "input": input, "user_id": ADA, "include_error_stacktrace": trace});
            vectors.push(Vector::send(format!("error {kind} {trace}"), Caller::Developer, "POST", EXECUTE, &body).ok());
        }
    }
    vectors.push(Vector::call("needs a secret", Caller::Developer, "Vault.Peek", "{}", ADA).ok());
}

fn effects(vectors: &mut Vec<Vector>) {
    for index in 0..6 {
        let input = json!({"to": format!("t{index}@example.com")}).to_string();
        vectors.push(Vector::call(format!("send {index}"), Caller::Developer, "Mail.Send", &input, ADA).ok());
        for time in ["first", "again"] {
            let call = Vector::call(format!("send once {index} {time}"), Caller::Narrow, "Mail.Send", &input, ADA);
            vectors.push(call.header("idempotency-key", &format!("send-{index}")).ok());
        }
        vectors.push(
            Vector::call(format!("delete {index}"), Caller::Developer, "Files.Delete", "{\"path\":\"/x\"}", GUS).ok(),
        );
        vectors.push(Vector::call(format!("clock {index}"), Caller::Developer, "Clock.Now", "{}", ADA).ok());
    }
    let other = Vector::call("send otherwise", Caller::Narrow, "Mail.Send", "{\"to\":\"z@example.com\"}", ADA);
    vectors.push(other.header("idempotency-key", "send-0").ends("idempotency_key_reused"));
    let long = "k".repeat(257);
    for (name, key) in [("long", long.as_str()), ("with a space", "a b")] {
        let call = Vector::call(
            format!("idempotency key {name}"),
            Caller::Narrow,
            "Mail.Send",
            "{\"to\":\"z@example.com\"}",
            ADA,
        );
        vectors.push(call.header("idempotency-key", key).ends("idempotency_key_invalid"));
    }
}

/// Consents never complete by themselves here, so that nothing depends on time.
fn consents(vectors: &mut Vec<Vector>) {
    let narrow = Caller::Narrow;
    let status = |id: &str, more: &str| format!("/v1/auth/status?id={id}{more}");
    let search = Vector::call("consent needed", narrow, "Mail.Search", "{\"query\":\"q\"}", ADA).ok();
    vectors.push(search.keep("search", "/output/authorization/id"));
    let body = json!({"tool_name": "Mail.Search", "user_id": ADA});
    let authorize = Vector::send("authorize tool", narrow, "POST", "/v1/tools/authorize", &body).ok();
    vectors.push(authorize.keep("tool", "/id"));
    let body = json!({"tool_name": "Echo.Say", "user_id": ADA});
    vectors.push(Vector::send("authorize needless", narrow, "POST", "/v1/tools/authorize", &body).ok());
    let body =
        json!({"user_id": ADA, "auth_requirement": {"provider_id": "stays-pending", "oauth2": {"scopes": ["a"]}}});
    let authorize = Vector::send("authorize provider", narrow, "POST", "/v1/auth/authorize", &body).ok();
    vectors.push(authorize.keep("provider", "/id"));
    for id in ["{{search}}", "{{tool}}", "{{provider}}"] {
        vectors.push(Vector::get(format!("status {id}"), narrow, status(id, "")).ok());
        vectors.push(Vector::get(format!("status {id} wait 0"), narrow, status(id, "&wait=0")).ok());
        vectors.push(Vector::get(format!("status {id} wait x"), narrow, status(id, "&wait=x")).ends("query_invalid"));
        for (caller, outcome) in [
            (Caller::Developer, "authorization_unknown"),
            (Caller::Stranger, "authorization_unknown"),
            (Caller::Lister, "action_not_permitted"),
        ] {
            vectors.push(Vector::get(format!("status {id} of {caller:?}"), caller, status(id, "")).ends(outcome));
        }
    }
    vectors.push(Vector::get("status long poll", narrow, status("{{provider}}", "&wait=1")).ok());
    vectors.push(Vector::get("status unknown", narrow, status("ac_none", "")).ends("authorization_unknown"));
    vectors.push(Vector::get("status nothing", narrow, "/v1/auth/status").ends("query_invalid"));
    let body = json!({"user_id": GUS, "auth_requirement": {"provider_id": "p"}});
    let target = "/v1/auth/authorize";
    vectors.push(Vector::send("authorize for another", narrow, "POST", target, &body).ends("user_not_permitted"));
    for (name, body) in [
        ("all", json!({"user_id": ADA, "tool_names": ["Mail.Search", "Vault.Peek", "Echo.Say"]})),
        ("begun", json!({"user_id": GUS, "tool_names": ["Mail.Search"], "authorize": true})),
        ("objects", json!({"user_id": ADA, "tools": [{"tool_name": "Mail.Search", "tool_version": "3.1.0"}]})),
    ] {
        let target = "/v1/tools/requirements";
        vectors.push(Vector::send(format!("requirements {name}"), Caller::Developer, "POST", target, &body).ok());
    }
}

fn scheduled(vectors: &mut Vec<Vector>) {
    let body =
        json!({"tool_name": "Echo.Say", "input": {"text": "later"}, "user_id": ADA, "run_at": "2035-01-01T00:00:00"});
    let later = Vector::send("later", Caller::Developer, "POST", EXECUTE, &body).ok();
    vectors.push(later.keep("later", "/execution_id"));
    vectors.push(Vector::get("scheduled", Caller::Developer, "/v1/scheduled_tools/{{later}}").ok());
    vectors.push(Vector::get("scheduled, permitted", Caller::Narrow, "/v1/scheduled_tools/{{later}}").ok());
    vectors.push(Vector::get("scheduled list", Caller::Developer, "/v1/scheduled_tools?limit=2").ok());
    vectors
        .push(Vector::get("scheduled list, narrow", Caller::Narrow, "/v1/scheduled_tools").ends("user_not_permitted"));
    vectors.push(Vector::get("scheduled unknown", Caller::Developer, "/v1/scheduled_tools/te_none"));
    let body = json!({"tool_name": "Echo.Say", "input": {"text": "x"}, "user_id": ADA, "run_at": "soon"});
    vectors.push(Vector::send("at a wrong time", Caller::Developer, "POST", EXECUTE, &body));
}
