//! The static fallback where no executor answers, and where there is no place at one.

use serde_json::json;
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::method::Method;

use super::{Does, OPERATOR, Scene, header, one, outcome, scene, two, worker};
use crate::story::Pending;

const DECLARED: &str = "answer = '{\"forecast\":null}'";

fn both_do(scene: &Scene, does: Does) {
    scene.does("a", &[does]);
    scene.does("b", &[does]);
}

#[test]
fn the_static_fallback_is_served_and_never_stored() {
    let scene = two(DECLARED, "[cache]\nrules = [{ tools = [\"Docs.*\"], ttl = \"1h\" }]\n[execute]\nmax_retries = 0");
    both_do(&scene, Does::Fails(OriginError::Broken));
    let same = json!({"input": {"n": 7}});
    let answer = scene.call_with("Docs.Get", &same, &[]);
    let lines = scene.story.logged();
    assert_eq!((answer.status, answer.json()["success"].as_bool()), (200, Some(true)), "{answer:?}");
    assert_eq!(answer.json()["output"], json!({"value": {"forecast": null}}));
    assert_eq!((header(&answer, "toolgate-fallback"), scene.asked()), ("static_answer", "a b".to_owned()));
    assert!(lines[0].contains("\"degraded\":\"static_answer\""), "{lines:?}");
    scene.does("b", &[Does::Answers(20)]);
    let answer = scene.call_with("Docs.Get", &same, &[]);
    assert_eq!((outcome(&answer), header(&answer, "toolgate-fallback")), ("b".to_owned(), ""), "it was not kept");
}

#[test]
fn no_static_fallback_after_an_unrepeatable_tool_may_have_run() {
    for (does, refusal) in [
        (Does::Fails(OriginError::Timeout), "upstream_timeout"),
        (Does::Fails(OriginError::Broken), "upstream_broken"),
        (Does::Status(500), "upstream_failed"),
    ] {
        let scene = two(DECLARED, "");
        both_do(&scene, does);
        let answer = scene.call("Docs.Put");
        assert_eq!((answer.refusal(), header(&answer, "toolgate-fallback")), (refusal, ""), "{answer:?}");
    }
    let scene = two(DECLARED, "");
    both_do(&scene, Does::Fails(OriginError::Unreachable));
    assert_eq!(header(&scene.call("Docs.Put"), "toolgate-fallback"), "static_answer", "it surely did not run");
}

#[test]
fn a_declared_answer_is_no_outcome_of_an_idempotency_key() {
    let scene = two(DECLARED, "");
    both_do(&scene, Does::Fails(OriginError::Unreachable));
    let answer = scene.call_with("Docs.Put", &json!({}), &[(Header::IdempotencyKey, "k1")]);
    assert_eq!((answer.refusal(), header(&answer, "toolgate-fallback")), ("upstream_unreachable", ""));
}

#[test]
fn no_static_fallback_for_faults_of_caller_or_operator() {
    let scene = two(DECLARED, "");
    for (status, refusal) in [(401, "upstream_refused_credential"), (404, "upstream_refused_request")] {
        both_do(&scene, Does::Status(status));
        let answer = scene.call("Docs.Get");
        assert_eq!((answer.refusal(), header(&answer, "toolgate-fallback")), (refusal, ""), "{answer:?}");
    }
}

#[test]
fn a_caller_revoked_meanwhile_gets_no_static_fallback() {
    let scene = two(DECLARED, "[epochs]\nlease = \"2s\"\n[execute]\ntimeout = \"8s\"\nmax_retries = 0");
    both_do(&scene, Does::Fails(OriginError::Timeout));
    let pending = scene.begin("Docs.Get", &json!({}), &[]);
    scene.story.pass(1_000);
    let other = scene.story.isolate();
    let kill = json!({"changes": [{"kill": "toolkit:Docs"}]});
    assert_eq!(other.ask(OPERATOR, Method::Post, "/gate/v1/epochs", &kill, &[]).status, 200);
    scene.story.world.run(|| pending.0.borrow().is_some());
    let answer = pending.take();
    assert_eq!((answer.refusal(), header(&answer, "toolgate-fallback")), ("upstream_timeout", ""));
}

/// Two calls, of which the second comes while the first is under way.
fn one_after_the_other(scene: &Scene, tool: &str) -> [Pending; 2] {
    let first = scene.begin(tool, &json!({}), &[]);
    scene.story.pass(100);
    [first, scene.begin(tool, &json!({}), &[])]
}

#[test]
fn who_finds_no_place_goes_to_the_second_executor() {
    let executors = [worker("a", "concurrency = 1"), worker("b", "")];
    let scene = scene(&executors, "executors = [\"a\", \"b\"]", "[execute]\nqueue_time = \"200ms\"");
    scene.does("a", &[Does::Answers(1_000)]);
    let calls = one_after_the_other(&scene, "Docs.Put");
    scene.story.world.run(|| calls.iter().all(|call| call.0.borrow().is_some()));
    let [first, second] = calls.map(|call| call.take());
    assert_eq!([outcome(&first), outcome(&second)], ["a", "b"]);
    assert_eq!(scene.attempts(&second), "a first upstream_saturated, b fallback ok");
    assert_eq!(scene.asked(), "a b", "whoever waited sent nothing");
}

#[test]
fn who_finds_no_place_anywhere_is_told_when_to_come_back() {
    let scene = scene(&[worker("a", "concurrency = 1")], "executors = [\"a\"]", "[execute]\nqueue_time = \"200ms\"");
    scene.does("a", &[Does::Answers(1_000)]);
    let calls = one_after_the_other(&scene, "Docs.Get");
    scene.story.world.run(|| calls.iter().all(|call| call.0.borrow().is_some()));
    let [first, second] = calls.map(|call| call.take());
    assert_eq!([outcome(&first), outcome(&second)], ["a", "upstream_saturated"]);
    assert!((200..250).contains(&second.took_ms), "{second:?}");
    assert_eq!((header(&second, "x-should-retry"), scene.asked()), ("true", "a".to_owned()));
    assert!(!header(&second, "retry-after").is_empty());
    assert!(second.json()["message"].as_str().unwrap().contains("waited_too_long"), "{second:?}");
}

#[test]
fn a_higher_class_displaces_a_lower_one_in_a_full_queue() {
    let executors = [worker("a", "concurrency = 1")];
    let scene = scene(&executors, "executors = [\"a\"]", "");
    scene.does("a", &[Does::Answers(1_000)]);
    let low = |_| scene.begin("Docs.Get", &json!({}), &[(Header::Priority, "u=7")]);
    let running = scene.begin("Docs.Get", &json!({}), &[]);
    scene.story.pass(100);
    let waiting: Vec<_> = (0..64).map(low).collect();
    scene.story.pass(100);
    let normal = scene.begin("Docs.Get", &json!({}), &[]);
    scene.story.world.run(|| normal.0.borrow().is_some());
    assert_eq!([outcome(&running.take()), outcome(&normal.take())], ["a", "a"]);
    let last = waiting.last().unwrap().take();
    assert!(last.json()["message"].as_str().unwrap().contains("displaced"), "{last:?}");
}

#[test]
fn without_a_declared_answer_the_last_failure_is_told() {
    let scene = one("[execute]\nmax_retries = 0");
    scene.does("a", &[Does::Fails(OriginError::BodyCut)]);
    assert_eq!(scene.call("Docs.Get").refusal(), "upstream_cut");
}
