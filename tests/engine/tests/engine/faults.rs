//! Each fault, seen on the wire.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use toolgate_engine::{Options, Running};

use crate::support::{Raw, SECRET, ask, ask_with, engine, execute, spoil};

const EXECUTE: &str = "/v1/tools/execute";

/// A stand-in in which the next execute goes wrong as `rule` says, and what that execute then gets.
fn spoiled(mut rule: Value) -> (Running, Raw) {
    let engine = engine(Options::default());
    rule["path"] = json!(EXECUTE);
    rule["times"] = json!(1);
    spoil(engine.base_url(), &json!([rule]));
    let answer = send(&engine);
    let after = send(&engine);
    assert_eq!(after.status, 200, "the fault outlives its one time: {after:?}");
    (engine, answer)
}

fn send(engine: &Running) -> Raw {
    let body = json!({"tool_name": "Mail.Send", "input": {"to": "a@example.com"}});
    ask(engine.base_url(), "POST", EXECUTE, Some(&body))
}

fn runs(engine: &Running) -> u64 {
    let counts = ask(engine.base_url(), "GET", "/_control/calls", None).json();
    counts["counts"]["Mail.Send@3.1.0"].as_u64().unwrap_or(0)
}

fn declared(answer: &Raw) -> usize {
    answer.header("content-length").unwrap().parse().unwrap()
}

#[test]
fn refused_and_other_statuses_never_run() {
    let (engine, answer) = spoiled(json!({"kind": "refuse"}));
    assert_eq!((answer.status, answer.body.len(), answer.fault, runs(&engine)), (0, 0, None, 1));
    let (engine, answer) = spoiled(json!({"kind": "status"}));
    assert_eq!((answer.status, answer.header("content-type"), runs(&engine)), (500, Some("text/plain"), 1));
    assert_eq!(answer.body, b"Internal Server Error");
    let html =
        json!({"kind": "status", "code": 502, "body": "<html>", "content_type": "text/html", "headers": {"x-a": "b"}});
    let (_, answer) = spoiled(html);
    assert_eq!(
        (answer.status, answer.header("content-type"), answer.header("x-a")),
        (502, Some("text/html"), Some("b"))
    );
    let (_, answer) =
        spoiled(json!({"kind": "status", "code": 429, "body": {"name": "n"}, "headers": {"retry-after-ms": "1500"}}));
    assert_eq!(
        (answer.status, answer.json(), answer.header("retry-after-ms")),
        (429, json!({"name": "n"}), Some("1500"))
    );
}

#[test]
fn a_spoiled_answer_is_of_a_call_that_ran_by_default() {
    let (engine, _) = spoiled(json!({"kind": "cut"}));
    assert_eq!(runs(&engine), 2);
    let (engine, _) = spoiled(json!({"kind": "cut", "executed": false}));
    assert_eq!(runs(&engine), 1);
    let (engine, _) = spoiled(json!({"kind": "refuse", "executed": true}));
    assert_eq!(runs(&engine), 2);
}

#[test]
fn bodies_end_early_late_or_by_a_reset() {
    let (_, answer) = spoiled(json!({"kind": "cut", "at": 10}));
    assert_eq!((answer.status, answer.body.len(), answer.fault), (200, 10, None));
    assert!(declared(&answer) > 100, "{answer:?}");
    let (_, answer) = spoiled(json!({"kind": "reset", "at": 10}));
    assert_eq!((answer.status, answer.body.len(), answer.fault), (200, 10, Some(ErrorKind::ConnectionReset)));
    let (_, answer) = spoiled(json!({"kind": "longer", "declared": 20}));
    assert_eq!((answer.status, declared(&answer), answer.fault), (200, 20, None));
    assert_eq!(answer.json()["success"], true, "the whole body was sent");
    let (_, answer) = spoiled(json!({"kind": "chunked_cut", "at": 10}));
    assert_eq!((answer.header("transfer-encoding"), answer.header("content-length")), (Some("chunked"), None));
    assert!(answer.body.starts_with(b"a\r\n") && answer.body.len() == 15 && answer.fault.is_none(), "{answer:?}");
}

#[test]
fn bodies_are_empty_huge_or_no_json() {
    let (_, answer) = spoiled(json!({"kind": "empty"}));
    assert_eq!((answer.status, answer.header("content-type"), answer.body.len()), (200, Some("application/json"), 0));
    let (_, answer) = spoiled(json!({"kind": "huge", "bytes": 3_000_000}));
    assert_eq!(answer.json()["output"]["value"].as_str().map(str::len), Some(3_000_000));
    let (_, answer) = spoiled(json!({"kind": "garbage"}));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err(), "{answer:?}");
}

/// Returns the time that the right answer took, in spite of `rule`.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a native test measures how long an answer takes"
)]
fn timed(rule: Value) -> Duration {
    let begun = std::time::Instant::now();
    let (_, answer) = spoiled(rule);
    assert_eq!(answer.json()["success"], true);
    begun.elapsed()
}

#[test]
fn answers_come_late_or_drop_by_drop() {
    let late = timed(json!({"kind": "delay_ms", "ms": 400}));
    assert!(late >= Duration::from_millis(400), "{late:?}");
    let drops = timed(json!({"kind": "slow_drip", "bytes": 50, "ms": 100}));
    assert!(drops >= Duration::from_millis(300), "{drops:?}");
}

#[test]
fn an_unreadable_rule_is_refused_and_rules_can_be_cleared() {
    let engine = engine(Options::default());
    let base = engine.base_url();
    assert_eq!(ask(base, "POST", "/_control/faults", Some(&json!([{"kind": "sulk"}]))).status, 400);
    spoil(base, &json!([{"kind": "refuse"}]));
    assert_eq!(ask(base, "GET", "/v1/health", None).status, 0);
    assert_eq!(ask(base, "GET", "/_control/faults", None).json()[0]["spoiled"], 1);
    assert_eq!(ask(base, "DELETE", "/_control/faults", None).status, 204);
    assert_eq!(ask(base, "GET", "/v1/health", None).status, 200);
}

#[test]
fn rules_pick_their_tool_and_spoil_a_worker_too() {
    let engine = engine(Options { serve_worker_secret: Some(SECRET.to_owned()), ..Options::default() });
    let base = engine.base_url();
    spoil(
        base,
        &json!([{"tool": "facts.lookup", "kind": "empty"}, {"path": "/worker/health", "kind": "status", "code": 503}]),
    );
    assert_eq!(execute(base, "Echo.Say", &json!({"text": "x"}))["success"], true);
    let body = json!({"tool_name": "Facts.Lookup@1.0.0", "input": {"topic": "t"}});
    assert_eq!(ask(base, "POST", EXECUTE, Some(&body)).body.len(), 0);
    assert_eq!(ask_with(base, "GET", "/worker/health", None, &[]).status, 503);
}
