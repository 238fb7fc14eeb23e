//! Retries: which calls are made again, where, and which never are.

use serde_json::json;
use toolgate::model::request::Header;
use toolgate::ports::OriginError;

use super::fit::beside_the_gateway;
use super::{Does, engine, header, one, outcome, scene, two, worker};

#[test]
fn an_unrepeatable_call_that_may_have_run_has_no_fallback() {
    for (does, refusal) in [
        (Does::Fails(OriginError::Timeout), "upstream_timeout"),
        (Does::Fails(OriginError::Broken), "upstream_broken"),
        (Does::Fails(OriginError::BodyCut), "upstream_cut"),
        (Does::Status(500), "upstream_failed"),
        (Does::Status(503), "outcome_unknown"),
        (Does::Status(409), "upstream_refused_request"),
    ] {
        let scene = two("", "");
        scene.does("a", &[does]);
        let answer = scene.call("Docs.Put");
        assert_eq!((outcome(&answer), scene.asked()), (refusal.to_owned(), "a".to_owned()), "{answer:?}");
        assert_eq!(header(&answer, "x-should-retry"), "false");
    }
}

#[test]
fn an_unrepeatable_call_that_did_not_run_goes_to_the_second() {
    for (does, outcome_of_first) in [
        (Does::Fails(OriginError::Unreachable), "upstream_unreachable"),
        (Does::Fails(OriginError::Forbidden), "upstream_forbidden"),
        (Does::Status(429), "upstream_throttled"),
        (Does::Status(401), "upstream_refused_credential"),
        (Does::Status(422), "upstream_refused_request"),
    ] {
        let scene = two("", "");
        scene.does("a", &[does]);
        let answer = scene.call("Docs.Put");
        assert_eq!((outcome(&answer), scene.asked()), ("b".to_owned(), "a b".to_owned()), "{answer:?}");
        assert_eq!(scene.attempts(&answer), format!("a first {outcome_of_first}, b fallback ok"));
    }
}

#[test]
fn an_unrepeatable_call_does_not_fall_back_to_the_local_tool() {
    for (behavior, expected) in [(json!({}), "upstream_broken"), (json!({"idempotent": true}), "3")] {
        let scene = beside_the_gateway("strategy = \"remote-first\"\nanswer = '\"declared\"'", &behavior);
        scene.does("a", &[Does::Fails(OriginError::Broken)]);
        let answer = scene.call("Calc.Plus");
        assert_eq!((outcome(&answer), scene.asked()), (expected.to_owned(), "a".to_owned()), "{answer:?}");
    }
}

#[test]
fn an_engines_answer_after_another_attempt_is_not_retryable() {
    for (first, expected) in [(Does::Status(500), "false"), (Does::Status(409), "")] {
        let scene = scene(&[engine("a", ""), engine("b", "")], "executors = [\"a\", \"b\"]", "");
        scene.does("a", &[first]);
        scene.does("b", &[Does::Status(409)]);
        let answer = scene.call("Docs.Get");
        assert_eq!((answer.status, header(&answer, "x-should-retry")), (409, expected), "{answer:?}");
    }
}

#[test]
fn a_busy_executor_without_retry_after_is_asked_again_soon() {
    let scene = one("");
    scene.does("a", &[Does::Status(503), Does::Answers(20)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("a".to_owned(), "a a".to_owned()));
    assert!(answer.took_ms < 250, "{answer:?}");
}

#[test]
fn what_was_repeated_here_is_not_to_be_repeated_by_the_caller() {
    let scene = two("", "[execute]\nmax_retries = 0");
    scene.does("a", &[Does::Status(503)]);
    scene.does("b", &[Does::Status(503)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("upstream_busy".to_owned(), "a b".to_owned()));
    assert_eq!(header(&answer, "x-should-retry"), "false");
    let scene = one("[execute]\nmax_retries = 0");
    scene.does("a", &[Does::Throttles(700)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("upstream_throttled".to_owned(), "a".to_owned()));
    assert_eq!((header(&answer, "x-should-retry"), header(&answer, "retry-after-ms")), ("true", "700"));
}

#[test]
fn the_last_executor_is_asked_again_after_its_retry_after() {
    let scene = two("", "");
    scene.does("a", &[Does::Status(500)]);
    scene.does("b", &[Does::Throttles(700), Does::Answers(20)]);
    let answer = scene.call("Docs.Get");
    assert_eq!(scene.attempts(&answer), "a first upstream_failed, b fallback upstream_throttled, b retry ok");
    let attempts = scene.routing(&answer)["attempts"].clone();
    let ms = |place: usize, member: &str| attempts[place][member].as_u64().unwrap();
    assert_eq!(ms(1, "began_ms") + ms(1, "took_ms") + 700, ms(2, "began_ms"), "{attempts}");
}

#[test]
fn a_wait_of_half_of_the_time_that_is_left_ends_the_call() {
    let scene = one("[execute]\ntimeout = \"5s\"");
    scene.does("a", &[Does::Throttles(2_600)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("upstream_throttled".to_owned(), "a".to_owned()));
    assert_eq!((header(&answer, "retry-after"), header(&answer, "x-should-retry")), ("3", "true"));
}

#[test]
fn the_retry_budget_of_an_executor_ends_its_retries() {
    let scene = one("[breaker]\nminimum_calls = 1000\n[execute]\nretry_budget = 0");
    scene.does("a", &[Does::Fails(OriginError::Broken)]);
    let sent: Vec<String> = (0..5)
        .map(|_| {
            scene.call("Docs.Get");
            scene.asked()
        })
        .collect();
    assert_eq!(sent, ["a a", "a a", "a a", "a", "a"]);
}

#[test]
fn an_engines_refusal_in_its_own_words_is_nobody_elses() {
    let both = [engine("a", ""), engine("b", "")];
    let scene = scene(&both, "executors = [\"a\", \"b\"]", "");
    scene.does("a", &[Does::Status(404)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((answer.status, scene.asked()), (404, "a".to_owned()));
    assert_eq!(scene.attempts(&answer), "a first engine_refused");
}

#[test]
fn a_tools_error_that_says_when_is_made_again_then() {
    let scene = one("");
    scene.does("a", &[Does::Later(700), Does::Answers(20)]);
    let answer = scene.call("Docs.Get");
    assert_eq!(
        (outcome(&answer), scene.attempts(&answer)),
        ("a".to_owned(), "a first tool_error, a retry ok".to_owned())
    );
    assert!(answer.took_ms >= 700, "{answer:?}");
    let scene = two("", "");
    scene.does("a", &[Does::Later(700)]);
    let answer = scene.call("Docs.Get");
    assert_eq!(
        (outcome(&answer), scene.attempts(&answer)),
        ("b".to_owned(), "a first tool_error, b fallback ok".to_owned())
    );
    assert!(answer.took_ms < 700, "{answer:?}");
}

#[test]
fn a_tools_error_with_retry_after_is_the_last_resort_answer() {
    for (tool, asked) in [("Docs.Put", "a"), ("Docs.Get", "a a")] {
        let scene = one("");
        scene.does("a", &[Does::Later(300)]);
        let answer = scene.call(tool);
        assert_eq!((answer.status, scene.asked()), (200, asked.to_owned()), "{answer:?}");
        assert_eq!(answer.json()["output"]["error"]["retry_after_ms"], 300);
    }
}

#[test]
fn a_caller_that_wants_to_wait_less_waits_less_and_never_longer() {
    let scene = one("[execute]\ntimeout = \"4s\"");
    scene.does("a", &[Does::Fails(OriginError::Timeout)]);
    for (prefer, least) in [("wait=1", 1_000), ("respond-async, wait=2", 2_000), ("wait=60", 4_000)] {
        let answer = scene.call_with("Docs.Put", &json!({}), &[(Header::Prefer, prefer)]);
        assert_eq!(outcome(&answer), "upstream_timeout", "{prefer}");
        assert!((least..least + 50).contains(&answer.took_ms), "{prefer} {answer:?}");
    }
}

#[test]
fn no_more_than_six_attempts_are_made_at_a_call() {
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let route = format!("executors = {ids:?}");
    let scene = scene(&ids.map(|id| worker(id, "")), &route, "");
    ids.iter().for_each(|id| scene.does(id, &[Does::Status(500)]));
    assert_eq!((scene.call("Docs.Get").refusal(), scene.asked()), ("upstream_failed", "a b c d e f".to_owned()));
}
