//! Circuit breakers: an open circuit, its half-open probe, and the way back.

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::method::Method;

use super::{Does, OPERATOR, Scene, header, one, outcome, scene, two, worker};

const RULES: &str = "[breaker]\nminimum_calls = 3\nprobe_interval = \"2s\"\n[execute]\nmax_retries = 0";

/// Fails `a` until its circuit opens.
fn opened(scene: &Scene) {
    scene.does("a", &[Does::Fails(OriginError::Unreachable)]);
    for _ in 0..3 {
        scene.call("Docs.Get");
    }
    scene.story.pass(10);
    scene.asked();
}

/// Calls twice a second until `a` answers, and tells who was asked until then.
fn until_it_answers(scene: &Scene) -> String {
    let comes_back = (0..40).any(|_| {
        scene.story.pass(500);
        outcome(&scene.call("Docs.Get")) == "a"
    });
    let asked = scene.asked();
    assert!(comes_back, "its circuit never closes: {asked}");
    asked
}

#[test]
fn nothing_is_sent_to_an_executor_that_failed_too_often() {
    let scene = one(RULES);
    opened(&scene);
    for tool in ["Docs.Get", "Docs.Put"] {
        let answer = scene.call(tool);
        assert_eq!((answer.refusal(), scene.asked()), ("circuit_open", String::new()), "{tool}");
        assert_eq!((header(&answer, "retry-after"), header(&answer, "x-should-retry")), ("2", "true"), "{answer:?}");
        assert_eq!(scene.considered(&answer), "a=circuit_open");
    }
}

#[test]
fn calls_go_to_the_second_while_the_firsts_circuit_is_open() {
    let scene = two("", RULES);
    opened(&scene);
    let answer = scene.call("Docs.Put");
    assert_eq!((outcome(&answer), scene.asked()), ("b".to_owned(), "b".to_owned()));
    assert_eq!(scene.considered(&answer), "b, a=circuit_open");
}

#[test]
fn readiness_names_open_circuits_with_since_reason_and_effect() {
    let scene = one(RULES);
    let ready = || scene.story.ask(OPERATOR, Method::Get, "/health/ready", &Value::Null, &[]);
    scene.call("Docs.Get");
    assert_eq!(ready().status, 200);
    opened(&scene);
    let answer = ready();
    assert_eq!((answer.status, answer.json()["ready"].as_bool()), (503, Some(false)));
    let degraded = answer.json()["degraded"].clone();
    for (place, name) in [(0, "a"), (1, "a/docs.get")] {
        let part = &degraded[place];
        assert_eq!((part["part"].as_str(), part["reason"].as_str()), (Some(name), Some("failure_rate")), "{degraded}");
        assert!(part["since"].as_str().unwrap().starts_with("2026-"), "{degraded}");
        assert!(part["effect"].as_str().unwrap().contains("its circuit is open"), "{degraded}");
    }
}

#[test]
fn an_executor_is_asked_for_its_health_before_calls_come_back() {
    let scene = one(RULES);
    opened(&scene);
    scene.does("a", &[Does::Answers(20)]);
    assert_eq!((scene.call("Docs.Get").refusal(), scene.asked()), ("circuit_open", String::new()));
    let asked = until_it_answers(&scene);
    assert!(asked.starts_with("a/health") && asked.ends_with(" a"), "{asked}");
    assert_eq!(asked.split(' ').filter(|asked| *asked == "a").count(), 1, "{asked}");
}

#[test]
fn no_call_is_risked_at_an_executor_that_says_it_is_not_well() {
    let scene = one(RULES);
    opened(&scene);
    scene.does("a", &[Does::Answers(20)]);
    for status in [503, 429] {
        scene.executors.health.borrow_mut().insert("a".to_owned(), status);
        for _ in 0..20 {
            scene.story.pass(500);
            assert_eq!(scene.call("Docs.Get").refusal(), "circuit_open");
        }
        let asked = scene.asked();
        assert!(asked.split(' ').all(|asked| asked == "a/health"), "{asked}");
    }
    scene.executors.health.borrow_mut().clear();
    until_it_answers(&scene);
}

#[test]
fn what_is_no_failure_of_the_executors_leaves_nobody_alone() {
    let scene = one(RULES);
    for does in [Does::Later(70_000), Does::Throttles(60_000), Does::Status(404)] {
        scene.does("a", &[does]);
        for _ in 0..5 {
            scene.call("Docs.Get");
            assert_eq!(scene.asked(), "a");
        }
    }
}

#[test]
fn a_callers_short_deadline_does_not_count_against_an_executor() {
    let scene = one(RULES);
    scene.does("a", &[Does::Fails(OriginError::Timeout)]);
    for _ in 0..5 {
        let answer = scene.call_with("Docs.Get", &json!({}), &[(Header::Prefer, "wait=1")]);
        assert_eq!((answer.refusal(), scene.asked()), ("upstream_timeout", "a".to_owned()));
    }
}

#[test]
fn slow_repeatable_calls_go_elsewhere_once_the_circuit_opens() {
    let scene = two("", &RULES.replace("[execute]", "slow_call = \"1s\"\n[execute]"));
    scene.call("Docs.Get");
    scene.does("a", &[Does::Answers(8_000)]);
    let begin = |tool| scene.begin(tool, &json!({}), &[]);
    let calls = [begin("Docs.Put"), begin("Docs.Get"), begin("Docs.Get"), begin("Docs.Get"), begin("Docs.Get")];
    scene.story.world.run(|| calls.iter().all(|call| call.0.borrow().is_some()));
    let [put, get, ..] = calls.map(|call| call.take());
    assert_eq!((outcome(&put), scene.attempts(&put)), ("a".to_owned(), "a first ok".to_owned()));
    assert_eq!(
        (outcome(&get), scene.attempts(&get)),
        ("b".to_owned(), "a first upstream_timeout, b fallback ok".to_owned())
    );
    assert!((1_000..1_300).contains(&get.took_ms), "{get:?}");
}

#[test]
fn the_static_fallback_is_served_while_all_circuits_are_open() {
    let scene = scene(&[worker("a", "")], "executors = [\"a\"]\nanswer = '\"declared\"'", RULES);
    opened(&scene);
    for tool in ["Docs.Get", "Docs.Put"] {
        let answer = scene.call(tool);
        assert_eq!((outcome(&answer), scene.asked()), ("declared".to_owned(), String::new()), "{answer:?}");
        assert_eq!(header(&answer, "toolgate-fallback"), "static_answer");
    }
}
