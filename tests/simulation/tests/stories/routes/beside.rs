//! Two at once: hedges, and the race of `hybrid`.

use serde_json::json;
use toolgate::ports::OriginError;

use super::fit::beside_the_gateway;
use super::{Does, Scene, header, one, outcome, scene, two, worker};

/// `a` has a history of so many calls of a tool, and does this with the next one.
fn after_calls(scene: &Scene, tool: &str, calls: usize, does: Does) {
    for _ in 0..calls {
        assert_eq!(outcome(&scene.call(tool)), "a");
    }
    scene.asked();
    scene.does("a", &[does]);
}

const SECONDS: &str = "[execute]\ntimeout = \"3s\"\nmax_retries = 0";
const HANGS: Does = Does::Fails(OriginError::Timeout);

#[test]
fn a_call_that_hangs_is_answered_by_a_second_one_beside_it() {
    let scene = two("", SECONDS);
    after_calls(&scene, "Docs.Get", 25, HANGS);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("b".to_owned(), "a b".to_owned()));
    assert_eq!(scene.attempts(&answer), "b hedge ok, a first abandoned");
    assert_eq!(header(&answer, "toolgate-route"), "b; strategy=local-first; attempts=2; last=hedge");
    assert!(answer.took_ms < 200, "{answer:?}");
    let answer = scene.call("Docs.Get");
    assert_eq!(
        (outcome(&answer), scene.asked()),
        ("upstream_timeout".to_owned(), "a".to_owned()),
        "the budget is spent"
    );
}

#[test]
fn an_executor_too_full_for_a_hedge_is_still_a_fallback() {
    for (strategy, more) in [("local-first", "hedge_budget = 50"), ("hybrid", "")] {
        let executors = [worker("a", "timeout = \"1s\""), worker("b", "concurrency = 1")];
        let route = format!("executors = [\"a\", \"b\"]\nstrategy = \"{strategy}\"");
        let scene = scene(&executors, &route, &format!("{SECONDS}\n{more}"));
        after_calls(&scene, "Docs.Get", 25, HANGS);
        scene.does("a", &[Does::Fails(OriginError::Unreachable), HANGS]);
        scene.does("b", &[Does::Answers(500), Does::Answers(20)]);
        let _takes_the_place = scene.begin("Docs.Put", &json!({}), &[]);
        scene.story.pass(20);
        let answer = scene.call("Docs.Get");
        let attempts = "a first upstream_timeout, b fallback ok".to_owned();
        assert_eq!((outcome(&answer), scene.attempts(&answer)), ("b".to_owned(), attempts), "{strategy}");
    }
}

#[test]
fn without_another_executor_the_hedge_goes_to_the_same_one() {
    let scene = one(SECONDS);
    after_calls(&scene, "Docs.Get", 25, HANGS);
    scene.does("a", &[HANGS, Does::Answers(20)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("a".to_owned(), "a a".to_owned()));
    assert_eq!(scene.attempts(&answer), "a hedge ok, a first abandoned");
}

#[test]
fn a_hedge_needs_a_history_a_budget_and_a_repeatable_tool() {
    let spare = "hedge_budget = 50";
    let none = "hedge_budget = 0";
    for (tool, calls, budget) in [("Docs.Get", 15, spare), ("Docs.Get", 25, none), ("Docs.Put", 25, spare)] {
        let scene = two("", &format!("{SECONDS}\n{budget}"));
        after_calls(&scene, tool, calls, Does::Answers(2_000));
        let answer = scene.call(tool);
        assert_eq!((outcome(&answer), scene.asked()), ("a".to_owned(), "a".to_owned()), "{tool} {calls} {budget}");
    }
}

#[test]
fn hybrid_asks_two_at_once_and_gives_the_first_answer() {
    let scene = two("strategy = \"hybrid\"", "");
    scene.does("a", &[Does::Answers(300)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("b".to_owned(), "a b".to_owned()));
    assert_eq!(scene.attempts(&answer), "b race ok, a first abandoned");
    assert!(answer.took_ms < 100, "{answer:?}");
}

#[test]
fn hybrid_waits_for_the_other_where_one_fails() {
    for (first, second, attempts) in [
        (Does::Answers(300), Does::Status(500), "b race upstream_failed, a first ok"),
        (Does::Status(500), Does::Answers(300), "a first upstream_failed, b race ok"),
    ] {
        let scene = two("strategy = \"hybrid\"", "");
        scene.does("a", &[first]);
        scene.does("b", &[second]);
        let answer = scene.call("Docs.Get");
        assert_eq!((scene.attempts(&answer), scene.asked()), (attempts.to_owned(), "a b".to_owned()), "{answer:?}");
    }
}

#[test]
fn hybrid_asks_one_for_unrepeatable_calls_and_local_tools() {
    let scene = two("strategy = \"hybrid\"", "");
    assert_eq!((outcome(&scene.call("Docs.Put")), scene.asked()), ("a".to_owned(), "a".to_owned()));
    let scene = beside_the_gateway("strategy = \"hybrid\"", &json!({"read_only": true, "operations": ["read"]}));
    assert_eq!((outcome(&scene.call("Calc.Plus")), scene.asked()), ("3".to_owned(), String::new()));
}
