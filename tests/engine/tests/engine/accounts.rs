//! The data that each key sees, and the stand-in's record of the callers.

use serde_json::json;
use toolgate_engine::Options;

use crate::support::{KEY, ask, ask_text, ask_with, engine, execute};

#[test]
fn accounts_and_projects_are_apart() {
    let engine = engine(Options { api_keys: vec!["first".to_owned(), "second".to_owned()], ..Options::default() });
    let base = engine.base_url();
    let plugin = json!({"name": "p"});
    let scoped = "/v1/orgs/o/projects/p/plugins";
    assert_eq!(ask_with(base, "POST", "/v1/plugins", Some(&plugin), &[("authorization", "first")]).status, 201);
    let total = |key: &str, path: &str| {
        ask_with(base, "GET", path, None, &[("authorization", key)]).json()["total_count"].clone()
    };
    assert_eq!(
        (total("first", "/v1/plugins"), total("second", "/v1/plugins"), total("first", scoped)),
        (json!(1), json!(0), json!(0))
    );
    let body = json!({"tool_name": "Docs.Get", "input": {"document": "d"}, "user_id": "u"});
    let seen = |key: &str| ask_with(base, "POST", "/v1/tools/execute", Some(&body), &[("authorization", key)]).json();
    assert_eq!(seen("Bearer first")["output"]["value"]["who"]["account"], "account-1");
    assert_eq!(seen("second")["output"]["value"]["who"]["account"], "account-2");
    assert_eq!(ask_with(base, "GET", "/v1/tools", None, &[("authorization", "third")]).status, 401);
    assert_eq!(ask_with(base, "GET", "/v1/tools", None, &[]).status, 401);
}

#[test]
fn calls_are_remembered_with_user_and_key() {
    let engine = engine(Options::default());
    let base = engine.base_url();
    execute(base, "Mail.Send", &json!({"to": "a@example.com"}));
    execute(base, "Mail.Send", &json!({"to": "a@example.com"}));
    let seen = ask(base, "GET", "/_control/calls", None).json();
    assert_eq!(seen["counts"], json!({"Mail.Send@3.1.0": 2}));
    assert_eq!(seen["calls"][1]["user_id"], "u@example.com");
    assert_eq!(seen["calls"][1]["authorization"], "test-key");
    let requests = ask(base, "GET", "/_control/requests", None).json();
    assert_eq!(requests["requests"][0]["headers"]["content-type"], "application/json");
    assert_eq!(requests["requests"].as_array().map(Vec::len), Some(2));
    assert_eq!(ask(base, "POST", "/_control/reset", None).status, 204);
    assert_eq!(ask(base, "GET", "/_control/calls", None).json(), json!({"calls": [], "counts": {}}));
}

#[test]
fn an_echo_keeps_numbers_as_they_were_written() {
    let engine = engine(Options::default());
    let text = r#"{"tool_name":"Echo.Say","input":{"text":"x","data":[1.0,1e2,123456789012345678901234567890]}}"#;
    let answer = ask_text(engine.base_url(), "POST", "/v1/tools/execute", text, &[("authorization", KEY)]);
    let sent = String::from_utf8(answer.body).unwrap();
    assert!(sent.contains(r#""data":[1.0,1e2,123456789012345678901234567890]"#), "{sent}");
}

#[test]
fn consent_can_be_forbidden_decided_and_revoked_from_outside() {
    let engine = engine(Options { consent_forbidden: true, authorize_after_ms: 3_600_000, ..Options::default() });
    let base = engine.base_url();
    let search = json!({"tool_name": "Mail.Search", "input": {"query": "q"}, "user_id": "u"});
    let status = || ask(base, "POST", "/v1/tools/execute", Some(&search)).status;
    assert_eq!(status(), 403);
    let begun =
        ask(base, "POST", "/v1/tools/authorize", Some(&json!({"tool_name": "Mail.Search", "user_id": "u"}))).json();
    assert_eq!(begun["status"], "pending");
    let decide =
        |status: &str| ask(base, "POST", "/_control/consents", Some(&json!({"user_id": "u", "status": status}))).json();
    assert_eq!(decide("completed"), json!({"decided": 1}));
    assert_eq!(status(), 200);
    assert_eq!(decide("revoked"), json!({"decided": 1}));
    assert_eq!(status(), 403);
}
