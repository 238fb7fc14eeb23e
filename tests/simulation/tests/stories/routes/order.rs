//! The strategies: who is asked first.

use serde_json::json;

use super::fit::beside_the_gateway;
use super::{Does, header, outcome, scene, two, worker};

#[test]
fn pinned_never_leaves_its_executor() {
    let scene = two("strategy = \"pinned\"", "");
    scene.does("a", &[Does::Status(500)]);
    let answer = scene.call("Docs.Get");
    assert_eq!(
        (outcome(&answer), scene.considered(&answer)),
        ("upstream_failed".to_owned(), "a, b=not_pinned".to_owned())
    );
    assert_eq!(
        (scene.attempts(&answer), scene.asked()),
        ("a first upstream_failed, a retry upstream_failed".to_owned(), "a a".to_owned())
    );
}

#[test]
fn a_call_pinned_to_a_killed_executor_is_refused_by_its_name() {
    let scene = two("strategy = \"pinned\"", "");
    assert_eq!(outcome(&scene.call("Docs.Get")), "a");
    scene.post("/gate/v1/epochs", &json!({"changes": [{"kill": "executor:a"}]}));
    assert_eq!(scene.call("Docs.Get").refusal(), "killed");
}

#[test]
fn pinned_minds_no_switch_of_another_executor() {
    let without = worker("a", "credentials = [{ tenant = \"acme\", setting = \"NOT_SET\" }]");
    let scene = scene(&[without, worker("b", "")], "executors = [\"a\", \"b\"]\nstrategy = \"pinned\"", "");
    scene.post("/gate/v1/epochs", &json!({"changes": [{"kill": "executor:b"}]}));
    assert_eq!(scene.call("Docs.Get").refusal(), "executor_inactive");
}

#[test]
fn weighted_routing_is_sticky_for_a_caller_and_user() {
    let scene = two("strategy = \"weighted\"\nweights = [1, 1]", "");
    let goes_to = |user: usize| outcome(&scene.call_with("Docs.Get", &json!({"user_id": format!("u{user}")}), &[]));
    let first: String = (0..20).map(goes_to).collect();
    let again: String = (0..20).map(goes_to).collect();
    assert_eq!(first, again);
    assert!(first.contains('a') && first.contains('b'), "{first}");
}

#[test]
fn weighted_asks_the_others_where_the_chosen_one_fails() {
    let scene = two("strategy = \"weighted\"\nweights = [0, 1]", "");
    scene.does("b", &[Does::Status(500)]);
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.asked()), ("a".to_owned(), "b a".to_owned()));
}

#[test]
fn local_first_asks_no_executor_for_a_local_tool() {
    let scene = beside_the_gateway("strategy = \"local-first\"", &json!({}));
    let answer = scene.call("Calc.Plus");
    assert_eq!((outcome(&answer), scene.asked()), ("3".to_owned(), String::new()));
    assert_eq!(header(&answer, "toolgate-route"), "own; strategy=local-first; attempts=1; last=first");
}

#[test]
fn remote_first_has_the_gateway_itself_for_whoever_fails() {
    let reads = json!({"read_only": true, "operations": ["read"]});
    let scene = beside_the_gateway("strategy = \"remote-first\"", &reads);
    assert_eq!((outcome(&scene.call("Calc.Plus")), scene.asked()), ("a".to_owned(), "a".to_owned()));
    scene.does("a", &[Does::Status(500)]);
    let answer = scene.call("Calc.Plus");
    assert_eq!(
        (outcome(&answer), scene.attempts(&answer)),
        ("3".to_owned(), "a first upstream_failed, own fallback ok".to_owned())
    );
}

#[test]
fn cost_takes_the_cheapest_while_it_meets_the_objectives() {
    let executors = [worker("a", "cost = \"0.002\""), worker("b", "cost = \"0.0005\"")];
    let scene = scene(&executors, "executors = [\"a\", \"b\"]\nstrategy = \"cost\"\nlatency_objective = \"100ms\"", "");
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.considered(&answer)), ("b".to_owned(), "b, a".to_owned()));
    let candidates = scene.routing(&answer)["candidates"].clone();
    assert_eq!((&candidates[0]["score"], &candidates[1]["score"]), (&json!(500), &json!(2_000)));
    // One of these three calls misses the objective, and more than one in twenty does.
    scene.does("b", &[Does::Answers(500), Does::Answers(20)]);
    assert_eq!([scene.call("Docs.Get"), scene.call("Docs.Get")].map(|answer| outcome(&answer)), ["b", "a"]);
    scene.story.pass(61_000);
    assert_eq!(outcome(&scene.call("Docs.Get")), "b", "what was long ago is forgotten");
}

#[test]
fn performance_tries_the_unknown_and_stays_with_the_fastest() {
    let scene = two("strategy = \"performance\"", "");
    scene.does("a", &[Does::Answers(200)]);
    let went: String = (0..6).map(|_| outcome(&scene.call("Docs.Get"))).collect();
    assert_eq!(went, "abbbbb");
}
