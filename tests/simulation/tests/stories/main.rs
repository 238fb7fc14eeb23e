//! Single requests whose whole way matters: what was asked of executors, when, and what came of it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod canaries;
mod credentials;
mod flights;
mod freshness;
mod idempotency;
mod inputs;
mod keys;
mod keys_managed;
mod operators;
mod policies;
mod rates;
mod routes;
mod story;
mod tiers;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};
use story::{NARROW, NOTHING, Story, WIDE, answer};
use toolgate::model::request::Header;
use toolgate::ports::{OriginError, OriginResponse};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;
use toolgate_simulation::world::Platform;

#[test]
fn a_denied_call_asks_no_executor() {
    let story = Story::new();
    for (key, target, refusal) in [
        (NOTHING, "/v1/tools", "action_not_permitted"),
        (NOTHING, "/v1/orgs/x/projects/1/tools", "action_not_permitted"),
        (NARROW, "/v1/orgs/x/projects/2/scheduled_tools/s", "project_not_permitted"),
        (NARROW, "/v1/scheduled_tools/s?user_id=u2", "user_not_permitted"),
        ("a-key-that-nobody-has", "/v1/tools", "credential_unknown"),
    ] {
        let answer = story.ask(key, Method::Get, target, &Value::Null, &[]);
        assert_eq!(answer.refusal(), refusal, "{target}");
    }
    story.world.run(|| false);
    assert_eq!(story.sent(), Vec::<String>::new());
}

#[test]
fn a_key_revoked_while_the_lists_are_fetched_is_refused() {
    let story = Story::new();
    let slow_list = Millis::new(2_900);
    story.script(move |request| {
        request.url.contains("/v1/tools?").then(|| (slow_list, answer(200, &json!({"items": [], "total_count": 0}))))
    });
    let slow = story.begin(NARROW, Method::Post, "/v1/tools/execute", &json!({"tool_name": "Calc.Plus"}), &[]);
    let other = story.isolate();
    let revoke = json!({"changes": [{"revoke": "narrow-1"}]});
    assert_eq!(other.ask(WIDE, Method::Post, "/gate/v1/epochs", &revoke, &[]).status, 200);
    story.world.run(|| slow.0.borrow().is_some());
    let answer = slow.take();
    assert!(answer.took_ms >= 2_900, "{answer:?}");
    assert_eq!(answer.refusal(), "credential_revoked");
}

#[test]
fn an_executor_that_hangs_does_not_hold_up_what_others_offer() {
    let story = Story::new();
    story.script(|request| Some((request.timeout, Err(OriginError::Timeout))));
    let first = story.execute(WIDE, "Calc.Plus", &json!({"a": "1", "b": "2"}));
    assert_eq!((first.status, first.json()["success"] == true), (200, true), "{first:?}");
    assert!(first.took_ms <= 3_100, "{first:?}");
    let second = story.execute(WIDE, "Calc.Plus", &json!({"a": "1", "b": "2"}));
    assert_eq!((second.status, second.took_ms), (200, 0), "{second:?}");
    let operators = story.isolate();
    let metrics = operators.ask(WIDE, Method::Get, "/metrics", &Value::Null, &[]);
    assert!(metrics.status == 200 && metrics.took_ms < 100, "{metrics:?}");
}

#[test]
fn a_cold_isolate_starts_from_the_stored_list_however_old() {
    let story = Story::new();
    assert_eq!(story.execute(WIDE, "Mail.Search", &json!({})).status, 200);
    story.world.run(|| false);
    let sixteen_hours = Millis::from_secs(16 * 3600);
    let (world, is_over) = (Rc::clone(&story.world), Rc::new(RefCell::new(false)));
    let over = Rc::clone(&is_over);
    let platform = Platform { world, settings: Rc::clone(&story.settings), request: 0 };
    story.world.spawn(async move {
        toolgate::ports::Clock::sleep(&platform, sixteen_hours).await;
        *over.borrow_mut() = true;
    });
    story.world.run(|| *is_over.borrow());
    let lists = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&lists);
    story.script(move |request| {
        request.url.contains("/v1/tools?").then(|| {
            *counted.borrow_mut() += 1;
            (request.timeout, Err(OriginError::Timeout))
        })
    });
    let cold = story.isolate();
    let answer = cold.execute(WIDE, "Mail.Search", &json!({"n": 3}));
    assert!(answer.status == 200 && answer.took_ms < 200, "{answer:?}");
    story.world.run(|| false);
    assert_eq!(*lists.borrow(), 1, "a fresh list is asked for in the background");
}

#[test]
fn a_call_to_be_made_later_needs_an_engine() {
    let story = Story::new();
    let body = json!({"tool_name": "Calc.Plus", "input": {"a": "1", "b": "2"}, "run_at": "2035-01-01T00:00:00"});
    let answer = story.ask(WIDE, Method::Post, "/v1/tools/execute", &body, &[]);
    assert_eq!((answer.refusal(), answer.body.contains("run_at")), ("request_invalid", true), "{answer:?}");
}

#[test]
fn names_that_an_engine_may_read_as_checked_ones_are_refused() {
    let story = Story::new();
    assert_eq!(story.execute(NARROW, "Mail.Search", &json!({})).status, 200);
    story.world.run(|| false);
    let before = story.sent().len();
    let requirement = json!({"provider_id": "x"});
    for (target, body) in [
        ("/v1/auth/authorize", json!({"User_ID": "u2", "auth_requirement": requirement})),
        ("/v1/auth/authorize", json!({"user_id": "u1", "u\u{17f}er_id": "u2", "auth_requirement": requirement})),
        ("/v1/tools/authorize", json!({"tool_name": "Mail.Send", "Tool_Name": "Odd.Thing", "user_id": "u1"})),
        ("/v1/chat/completions", json!({"messages": [], "Tools": ["Odd.Thing"]})),
        (
            "/v1/chat/completions",
            json!({"messages": [], "tools": [{"function": {"name": "Mail.Send", "Name": "Odd.Thing"}}]}),
        ),
    ] {
        let answer = story.ask(NARROW, Method::Post, target, &body, &[]);
        assert_eq!(answer.refusal(), "request_invalid", "{body} {answer:?}");
    }
    assert_eq!(story.sent().len(), before);
}

#[test]
fn only_a_closed_list_of_statuses_counts_as_not_run() {
    for (status, name, next) in [
        (202, "upstream_refused_request", "outcome_unknown"),
        (302, "upstream_refused_request", "outcome_unknown"),
        (408, "", "outcome_unknown"),
        (409, "", "outcome_unknown"),
        (400, "", ""),
        (422, "", ""),
    ] {
        let story = Story::new();
        assert_eq!(story.execute(WIDE, "Mail.Search", &json!({})).status, 200);
        story.script(move |request| {
            let words = json!({"name": "x", "message": "y"});
            request.url.contains("/execute").then(|| (Millis::new(1), answer(status, &words)))
        });
        let body = json!({"tool_name": "Mail.Send", "user_id": "u1", "input": {}});
        let send = || story.ask(WIDE, Method::Post, "/v1/tools/execute", &body, &[(Header::IdempotencyKey, "k")]);
        let first = send();
        assert_eq!(first.refusal(), name, "{status} {first:?}");
        if !next.is_empty() {
            assert_eq!(first.headers.get("x-should-retry").map(String::as_str), Some("false"), "{status} {first:?}");
        }
        assert_eq!(send().refusal(), next, "{status}");
    }
}

#[test]
fn two_callers_keys_do_not_meet_at_the_engine() {
    let story = Story::new();
    let body = json!({"user_id": "u1", "auth_requirement": {"provider_id": "x"}});
    for key in [WIDE, NARROW, WIDE] {
        let answer = story.ask(key, Method::Post, "/v1/auth/authorize", &body, &[(Header::IdempotencyKey, "same")]);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let keys: Vec<String> = story
        .sent()
        .iter()
        .filter_map(|sent| sent.split_once("(\"idempotency-key\", \"")?.1.split('"').next().map(str::to_owned))
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(keys[0] == keys[2] && keys[0] != keys[1] && !keys[0].contains("same"), "{keys:?}");
}

#[test]
fn only_a_value_and_nothing_else_is_kept() {
    for (output, is_kept) in [
        (json!({"value": 1}), true),
        (json!({"value": null}), true),
        (json!({"value": 1, "error": null}), true),
        (json!({"value": 1, "authorization": {"status": "completed", "context": {"token": "t"}}}), false),
        (json!({"value": 1, "error": {"message": "m"}}), false),
        (json!({}), false),
    ] {
        let story = Story::new();
        assert_eq!(story.execute(WIDE, "Docs.Get", &json!({})).status, 200);
        let whole = json!({"success": true, "duration": 1, "finished_at": "2026-01-01T00:00:00Z", "output": output});
        story.script(move |request| request.url.contains("/execute").then(|| (Millis::new(1), answer(200, &whole))));
        let input = json!({"n": 7});
        story.execute(WIDE, "Docs.Get", &input);
        let again = story.execute(WIDE, "Docs.Get", &input);
        let status = again.headers.get("cache-status").map(String::as_str).unwrap_or_default();
        assert_eq!(status.contains("; hit"), is_kept, "{output} {status}");
    }
}

const RULE_FOR_LOCAL_TOOLS: &str = r#"
[[executors]]
id = "local"
kind = "local"

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]

[[cache.rules]]
tools = ["Calc.*"]
ttl = "1h"
"#;

#[test]
fn a_read_only_local_tool_is_cached_only_by_a_rule() {
    let input = json!({"a": "1", "b": "2"});
    let twice = |story: &Story, tool: &str, input: &Value| {
        story.execute(WIDE, tool, input);
        story.execute(WIDE, tool, input).headers["cache-status"].clone()
    };
    let story = Story::new();
    let listed = story.ask(WIDE, Method::Get, "/v1/tools/Calc.Plus", &Value::Null, &[]).json();
    assert_eq!(listed["metadata"]["behavior"]["read_only"], true, "{listed}");
    let status = twice(&story, "Calc.Plus", &input);
    assert!(status.ends_with("detail=no_rule"), "{status}");
    let story = Story::of(RULE_FOR_LOCAL_TOOLS, &[("KEY_WIDE", WIDE)]);
    let status = twice(&story, "Calc.Plus", &input);
    assert!(status.contains("; hit"), "{status}");
    let status = twice(&story, "Calc.Draw", &json!({"low": "1", "high": "6"}));
    assert!(status.ends_with("detail=nondeterministic"), "{status}");
}

#[test]
fn only_a_pure_request_for_consent_frees_the_key() {
    let consent = |status| json!({"id": "auth-1", "status": status, "url": "https://consent"});
    for (output, is_freed) in [
        (json!({"authorization": consent("pending")}), true),
        (json!({"value": null, "authorization": consent("pending")}), true),
        (json!({"value": "sent", "authorization": consent("completed")}), false),
        (json!({"value": "sent", "authorization": consent("pending")}), false),
        (json!({"authorization": consent("completed")}), false),
        (json!({"error": {"message": "m"}, "authorization": consent("pending")}), false),
    ] {
        let story = Story::new();
        assert_eq!(story.execute(WIDE, "Docs.Get", &json!({})).status, 200);
        let whole = json!({"success": true, "duration": 1, "finished_at": "2026-01-01T00:00:00Z", "output": output});
        story.script(move |request| request.url.contains("/execute").then(|| (Millis::new(1), answer(200, &whole))));
        let body = json!({"tool_name": "Mail.Send", "user_id": "u1", "input": {}});
        let send = || story.ask(WIDE, Method::Post, "/v1/tools/execute", &body, &[(Header::IdempotencyKey, "k")]);
        let (first, again) = (send(), send());
        assert_eq!(first.status, 200, "{output} {first:?}");
        assert_eq!(again.headers.contains_key("idempotent-replayed"), !is_freed, "{output} {again:?}");
    }
}

#[test]
fn what_is_passed_through_is_json_or_a_refusal() {
    let story = Story::new();
    assert_eq!(story.execute(WIDE, "Mail.Search", &json!({})).status, 200);
    for (status, name) in [
        (200, "upstream_not_json"),
        (404, "upstream_refused_request"),
        (429, "upstream_throttled"),
        (502, "upstream_failed"),
        (503, "upstream_busy"),
    ] {
        story.script(move |_| {
            let headers = vec![("content-type", "text/html".to_owned())];
            Some((Millis::new(1), Ok(OriginResponse { status, headers, body: b"<html>".to_vec() })))
        });
        let worker = story.ask(WIDE, Method::Get, "/v1/workers", &Value::Null, &[]);
        let chat = story.ask(WIDE, Method::Post, "/v1/chat/completions", &json!({"messages": []}), &[]);
        assert_eq!((worker.refusal(), chat.refusal()), (name, name), "{status}");
    }
}

#[test]
fn an_engines_own_refusal_is_recorded_and_explained() {
    let story = Story::new();
    assert_eq!(story.execute(WIDE, "Mail.Search", &json!({})).status, 200);
    story.script(|_| Some((Millis::new(1), answer(403, &json!({"name": "forbidden", "message": "no"})))));
    let refused = story.ask(WIDE, Method::Get, "/v1/workers", &Value::Null, &[]);
    assert_eq!(refused.status, 403);
    story.world.run(|| false);
    let target = format!("/gate/v1/explain/{}", refused.headers["x-request-id"]);
    let told = story.ask(WIDE, Method::Get, &target, &Value::Null, &[]);
    assert_eq!(told.json()["outcome"], "engine_refused", "{told:?}");
}

#[test]
fn an_execution_of_nobodys_is_only_for_who_may_name_anybody() {
    let story = Story::new();
    for (user, key, status) in [
        (json!("u1"), NARROW, 200),
        (json!("u2"), NARROW, 404),
        (Value::Null, NARROW, 404),
        (json!(""), NARROW, 404),
        (Value::Null, WIDE, 200),
    ] {
        let body = json!({"id": "x", "user_id": user});
        story.script(move |request| {
            assert!(!request.url.contains("scheduled") || request.method == Method::Get);
            Some((Millis::new(1), answer(200, &body)))
        });
        for method in [Method::Get, Method::Head] {
            let answer = story.ask(key, method, "/v1/scheduled_tools/x", &Value::Null, &[]);
            assert_eq!(answer.status, status, "{user} {method:?} {answer:?}");
        }
    }
}
