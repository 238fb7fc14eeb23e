//! Secrets stay where they belong: canaries in every field that a caller, the configuration or an executor fills, and none
//! of them in any record, refusal, explanation or stored state.

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, NARROW, NOTHING, Story, WIDE, answer};

/// Every canary has this in it.
const CANARY: &str = "canary";

/// A call as callers send it: arguments, messages, members that nobody knows, with a canary in each place.
fn requests() -> Vec<(Method, &'static str, Value)> {
    let input = json!({"n": 1, "q": {"password": "canary-argument", "list": ["canary-argument"]}});
    let call = |more: Value| {
        let mut body = json!({"tool_name": "Mail.Search", "user_id": "u1", "input": input});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    vec![
        (Method::Post, "/v1/tools/execute", call(json!({}))),
        (Method::Post, "/v1/tools/execute", call(json!({"tool_name": "Calc.Plus"}))),
        (Method::Post, "/v1/tools/execute", call(json!({"tool_name": "Calc.Root", "input": {"a": "canary-argument"}}))),
        (Method::Post, "/v1/tools/execute", call(json!({"canary_member": "canary-member"}))),
        (Method::Post, "/v1/tools/execute", call(json!({"user_id": ["canary-user"]}))),
        (Method::Post, "/v1/tools/execute", call(json!({"input": "canary-input"}))),
        (Method::Post, "/v1/tools/execute", call(json!({"run_at": {"canary": 1}}))),
        (Method::Post, "/v1/tools/execute", call(json!({"include_error_stacktrace": "canary-flag"}))),
        (Method::Post, "/v1/tools/execute", json!(["canary-array"])),
        (Method::Post, "/v1/tools/authorize", call(json!({"user_id": 7, "canary": "canary"}))),
        (Method::Post, "/v1/auth/authorize", json!({"user_id": "u1", "auth_requirement": {"token": "canary-token"}})),
        (Method::Get, "/v1/auth/status?id=canary-id&wait=canary-wait", Value::Null),
        (Method::Get, "/v1/tools?limit=canary-limit", Value::Null),
        (Method::Get, "/v1/tools?api_key=canary-key-in-query", Value::Null),
        (Method::Get, "/v1/workers?secret=canary-secret", Value::Null),
        (Method::Post, "/v1/admin/secrets/x", json!({"value": "canary-secret"})),
        (Method::Post, "/v1/chat/completions", json!({"messages": [{"role": "user", "content": "canary-message"}]})),
        (Method::Post, "/v1/chat/completions", json!({"messages": [], "tools": ["canary.tool"], "user": 1})),
        (Method::Get, "/nowhere/canary-path", Value::Null),
        (Method::Post, "/gate/v1/epochs", json!({"changes": [{"canary": "canary-change"}]})),
        (Method::Get, "/gate/v1/explain/canary-id", Value::Null),
        (Method::Post, "/gate/v1/keys", json!({"name": "canary name", "roles": ["canary-role"]})),
        (Method::Post, "/gate/v1/keys", json!({"name": "bot", "roles": ["canary-role"], "canary-member": "canary"})),
        (Method::Get, "/gate/v1/keys?after=canary&tenant=canary", Value::Null),
        (Method::Get, "/gate/v1/keys?canary=canary", Value::Null),
        (Method::Post, "/gate/v1/keys/canary-id/rotate", json!({"overlap": "canary"})),
        (Method::Delete, "/gate/v1/keys/canary-id", Value::Null),
        (Method::Get, "/metrics", Value::Null),
        (Method::Get, "/health/ready", Value::Null),
    ]
}

fn engine_answers(story: &Story, mode: usize) {
    story.script(move |request| {
        if request.method == Method::Get && request.url.contains("/v1/tools") {
            return None;
        }
        let words = json!({"name": "x", "message": "canary-engine-words", "developer_message": "canary-stack"});
        let success = json!({"id": "x", "status": "completed", "success": true, "user_id": "u1",
            "context": {"token": "canary-user-token"}, "output": {"value": "canary-value"}});
        let failure = json!({"success": false, "output": {"error": {"message": "canary-tool-error", "kind": "canary-kind",
            "stacktrace": "canary-trace"}}});
        let ended = match mode {
            0 => answer(200, &success),
            1 => answer(200, &failure),
            2 => answer(400, &words),
            3 => answer(401, &words),
            4 => answer(500, &words),
            5 => answer(200, &json!("canary-not-an-object")),
            6 => Err(OriginError::BodyCut),
            _ => Err(OriginError::Timeout),
        };
        Some((Millis::new(1), ended))
    });
}

const CREDENTIALS: [&str; 6] =
    [WIDE, NARROW, NOTHING, "canary-engine-credential", "canary-worker-secret", "canary-hashing-secret"];

fn check_answer(seen: &Answer, what: &str) {
    let text = format!("{:?} {}", seen.headers, seen.body);
    for credential in CREDENTIALS {
        assert!(!text.contains(credential), "{what}: the answer holds {credential}: {text}");
    }
    if !seen.refusal().is_empty() {
        assert!(!text.contains(CANARY), "{what}: the refusal holds what was sent: {text}");
    }
}

/// Everything that is left behind.
fn check_traces(story: &Story, what: &str) {
    story.world.run(|| false);
    for line in story.logged() {
        assert!(!line.contains(CANARY), "{what}: the record holds a canary: {line}");
    }
    for (name, bytes) in story.world.stored() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_clean = CREDENTIALS.iter().all(|credential| !text.contains(credential));
        assert!(is_clean && (!name.starts_with("explain/") || !text.contains(CANARY)), "{what}: {name} holds {text}");
        assert!(!name.contains(CANARY), "{what}: {name}");
    }
    for (key, bytes) in story.world.owned() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(CREDENTIALS.iter().all(|credential| !text.contains(credential)), "{what}: {key} holds {text}");
        assert!(!key.contains(CANARY), "{what}: {key}");
    }
}

#[test]
fn no_record_refusal_or_state_holds_a_secret() {
    let settings = [
        ("KEY_WIDE", WIDE),
        ("KEY_NARROW", NARROW),
        ("KEY_NOTHING", NOTHING),
        ("ENGINE_KEY", "canary-engine-credential"),
        ("ENGINE_KEY_NEXT", "canary-engine-credential-2"),
        ("TOOLGATE_WORKER_SECRET", "canary-worker-secret"),
        ("TOOLGATE_KEY_HASH_SECRET", "canary-hashing-secret-0123456789-0123456789"),
    ];
    let mut statuses = std::collections::BTreeMap::new();
    for mode in 0..8 {
        let story = Story::with(&settings);
        engine_answers(&story, mode);
        for (method, target, body) in requests() {
            for key in [WIDE, NARROW, NOTHING, "canary-unknown-key-0123", "canary,malformed", "canary not a key", ""] {
                for (header, value) in [
                    (Header::IdempotencyKey, "canary-idempotency-key"),
                    (Header::IdempotencyKey, "canary\u{e9}"),
                    (Header::XApiKey, "canary-another-key-0123"),
                    (Header::ContentType, "text/canary"),
                    (Header::Traceparent, "canary-trace"),
                    (Header::CacheControl, "canary=1"),
                ] {
                    let seen = story.ask(key, method, target, &body, &[(header, value)]);
                    *statuses.entry(seen.status).or_insert(0_u32) += 1;
                    check_answer(&seen, &format!("{mode} {method:?} {target} {body} {header:?} as {key:?}"));
                }
            }
            check_traces(&story, &format!("{mode} {method:?} {target} {body}"));
        }
    }
    // Every kind of end was seen, success among them.
    for status in [200, 400, 401, 403, 404, 415, 502] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
}
