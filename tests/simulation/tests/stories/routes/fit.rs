//! Equivalence of executors: those that cannot stand in for another are named, and never asked.

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::tools;

use super::{Does, OPERATOR, Scene, docs, engine, header, one, outcome, scene, two, worker};

/// `a` fails, and `b` is not asked, for this reason.
fn never_asked(scene: &Scene, reason: &str) {
    scene.does("a", &[Does::Status(404)]);
    let answer = scene.call("Docs.Get");
    assert_eq!(scene.considered(&answer), format!("a, b={reason}"));
    assert_eq!(scene.attempts(&answer), "a first upstream_refused_request");
    assert_eq!((outcome(&answer), scene.asked()), ("upstream_refused_request".to_owned(), "a".to_owned()));
}

#[test]
fn an_executor_whose_tool_is_another_is_not_asked() {
    let with = |name: &str, kind: &str, required: bool| {
        let parameter = json!({"name": name, "required": required, "value_schema": {"val_type": kind}});
        json!({"input": {"parameters": [parameter]}})
    };
    let output = json!({"output": {"available_modes": ["value"], "value_schema": {"val_type": "integer"}}});
    let mutates = json!({"metadata": {"behavior": {"read_only": false, "operations": ["update"]}}});
    let silent = json!({"metadata": null});
    let idempotent = json!({"metadata": {"behavior": {"read_only": true, "idempotent": true, "operations": ["read"]}}});
    for (changed, reason) in [
        (with("m", "integer", true), "interface_differs"),
        (with("n", "string", true), "interface_differs"),
        (with("n", "integer", false), "interface_differs"),
        (output, "interface_differs"),
        (mutates, "behavior_differs"),
        (silent, "behavior_differs"),
        (idempotent, "behavior_differs"),
        (json!({"toolkit": {"name": "Docs", "version": "0.9.0"}}), "not_offered"),
        (json!({"name": "Other", "fully_qualified_name": "Docs.Other"}), "not_offered"),
    ] {
        let scene = two("", "");
        scene.offers("b", &[docs("Get", &changed)]);
        never_asked(&scene, reason);
    }
}

#[test]
fn descriptions_make_no_difference() {
    let scene = two("", "");
    let described =
        json!([{"name": "n", "required": true, "description": "a number", "value_schema": {"val_type": "integer"}}]);
    scene.offers("b", &[docs("Get", &json!({"description": "other words", "input": {"parameters": described}}))]);
    scene.does("a", &[Does::Status(500)]);
    assert_eq!(outcome(&scene.call("Docs.Get")), "b");
}

#[test]
fn the_newest_version_is_had_of_whoever_has_it() {
    let scene = two("", "");
    scene.offers("b", &[docs("Get", &json!({"toolkit": {"name": "Docs", "version": "1.1.0"}}))]);
    let newest = scene.call("Docs.Get");
    assert_eq!((outcome(&newest), scene.considered(&newest)), ("b".to_owned(), "b, a=not_offered".to_owned()));
    let older = scene.call_with("Docs.Get", &json!({"tool_version": "1.0.0"}), &[]);
    assert_eq!((outcome(&older), scene.considered(&older)), ("a".to_owned(), "a, b=not_offered".to_owned()));
}

#[test]
fn an_executor_that_lacks_what_the_route_wants_is_not_asked() {
    let both = "executors = [\"a\", \"b\"]\n";
    let here = "region = \"eu\"\ncapabilities = [\"gpu\", \"web\"]";
    for (its, route, reason) in [
        ("region = \"us\"", "region = \"eu\"", "region_differs"),
        ("", "region = \"eu\"", "region_differs"),
        ("capabilities = [\"gpu\"]", "capabilities = [\"gpu\", \"web\"]", "capability_missing"),
        ("credentials = [{ tenant = \"acme\", setting = \"NOT_SET\" }]", "", "executor_inactive"),
    ] {
        let scene = scene(&[worker("a", here), worker("b", its)], &format!("{both}{route}"), "");
        never_asked(&scene, reason);
    }
}

#[test]
fn an_executor_too_slow_for_the_deadline_is_not_asked() {
    let scene = two("", "");
    scene.does("a", &[Does::Answers(3_000)]);
    assert_eq!(outcome(&scene.call("Docs.Get")), "a");
    let hurried = scene.call_with("Docs.Get", &json!({}), &[(Header::Prefer, "wait=1")]);
    assert_eq!((outcome(&hurried), scene.considered(&hurried)), ("b".to_owned(), "b, a=too_slow".to_owned()));
    assert_eq!(outcome(&scene.call("Docs.Get")), "a", "another call has the time");
}

#[test]
fn where_all_are_too_slow_they_are_asked_all_the_same() {
    let scene = one("");
    scene.does("a", &[Does::Answers(3_000), Does::Answers(20)]);
    assert_eq!(outcome(&scene.call("Docs.Get")), "a");
    let hurried = scene.call_with("Docs.Get", &json!({}), &[(Header::Prefer, "wait=1")]);
    assert_eq!((outcome(&hurried), scene.considered(&hurried)), ("a".to_owned(), "a".to_owned()));
}

#[test]
fn a_kill_switch_moves_calls_elsewhere_at_once_and_back() {
    let scene = two("", "");
    assert_eq!(outcome(&scene.call("Docs.Get")), "a");
    scene.post("/gate/v1/epochs", &json!({"changes": [{"kill": "executor:a"}]}));
    let moved = scene.call("Docs.Get");
    assert_eq!((outcome(&moved), scene.considered(&moved)), ("b".to_owned(), "b, a=killed".to_owned()));
    assert_eq!(scene.asked(), "a b");
    scene.post("/gate/v1/epochs", &json!({"changes": [{"kill": "executor:b"}]}));
    assert_eq!((scene.call("Docs.Get").refusal(), scene.asked()), ("killed", String::new()));
    scene.post("/gate/v1/epochs", &json!({"changes": [{"revive": "executor:a"}]}));
    never_asked(&scene, "killed");
}

#[test]
fn what_a_policy_forbids_of_one_executor_is_had_of_another() {
    let policy = |executor: &str| {
        let who = "principal, action == Action::\"tools/call\"";
        format!("[[policies]]\nid = \"p\"\ntext = 'forbid ({who}, resource in Executor::\"{executor}\");'")
    };
    let scene = two("", &policy("a"));
    let answer = scene.call("Docs.Get");
    assert_eq!((outcome(&answer), scene.considered(&answer)), ("b".to_owned(), "b, a=policy_denied".to_owned()));
    assert_eq!(scene.asked(), "b");
    never_asked(&two("", &policy("b")), "policy_denied");
}

#[test]
fn a_call_for_later_goes_to_an_engine_and_never_out_twice() {
    let later = json!({"run_at": "2027-01-01T00:00:00Z"});
    let three = [worker("a", ""), engine("e", ""), engine("f", "")];
    for (does, expected) in [
        (Does::Answers(20), "e"),
        (Does::Status(500), "upstream_failed"),
        (Does::Fails(OriginError::Timeout), "upstream_timeout"),
        (Does::Fails(OriginError::Broken), "upstream_broken"),
    ] {
        let scene = scene(&three, "executors = [\"a\", \"e\", \"f\"]", "");
        scene.does("e", &[does]);
        let answer = scene.call_with("Docs.Get", &later, &[]);
        assert_eq!((outcome(&answer), scene.asked()), (expected.to_owned(), "e".to_owned()), "{answer:?}");
        assert_eq!(scene.considered(&answer), "e, f, a=cannot_schedule");
    }
    let workers = two("", "");
    let answer = workers.call_with("Docs.Get", &later, &[]);
    assert_eq!((answer.refusal(), workers.asked()), ("request_invalid", String::new()));
}

/// The gateway's own `Calc.Plus` as a worker lists it, saying this of itself.
pub(super) fn add(behavior: &Value) -> Value {
    let mut definition = Vec::new();
    tools::find("Calc", "Plus").unwrap().write_definition(&mut definition);
    let mut definition: Value = serde_json::from_slice(&definition).unwrap();
    definition["metadata"] = json!({"behavior": behavior});
    definition
}

/// The gateway itself and a worker that offers the same.
pub(super) fn beside_the_gateway(route: &str, behavior: &Value) -> Scene {
    let local = "[[executors]]\nid = \"own\"\nkind = \"local\"\n".to_owned();
    let route = format!("executors = [\"own\", \"a\"]\n{route}");
    let scene = scene(&[local, worker("a", "")], &route, "");
    scene.offers("a", &[add(behavior)]);
    scene
}

#[test]
fn only_a_mutating_tool_differs_from_the_gateways_own() {
    let considered = |behavior: Value| {
        let scene = beside_the_gateway("", &behavior);
        scene.considered(&scene.call("Calc.Plus"))
    };
    assert_eq!(considered(json!({})), "own, a");
    assert_eq!(considered(json!({"read_only": true, "operations": ["read"]})), "own, a");
    assert_eq!(considered(json!({"read_only": false})), "own, a=behavior_differs");
}

#[test]
fn a_call_that_asked_no_executor_is_explained() {
    let scene = scene(&[worker("a", "")], "executors = [\"a\"]\nregion = \"eu\"", "");
    let answer = scene.call("Docs.Get");
    assert_eq!((answer.refusal(), scene.asked()), ("executor_inactive", String::new()));
    assert_eq!(header(&answer, "toolgate-route"), "none; strategy=none; attempts=0; last=none");
    assert_eq!(scene.considered(&answer), "a=region_differs");
    assert!(scene.explanation(OPERATOR, &answer).json()["detail"].as_str().unwrap().contains("region_differs"));
}
