//! An engine that is down, slow, cut off, or lying: each fault by its name, recorded once, nothing cached, no call repeated
//! that must not be.

use serde_json::{Value, json};
use toolgate_engine::Options;

use crate::http::{Answer, Ask};
use crate::world::{BOTH, KEYS_BEGIN, Platform, World};

const USER: &str = "ada@acme.example";

/// A fault of the engine, and its outcome: for a call that only reads, and for one that has an effect.
struct Fault {
    rule: Value,
    reads: &'static str,
    acts: &'static str,
}

fn fault(rule: Value, reads: &'static str, acts: &'static str) -> Fault {
    Fault { rule, reads, acts }
}

fn faults() -> Vec<Fault> {
    vec![
        fault(json!({"kind": "refuse"}), "upstream_broken", "upstream_broken"),
        fault(json!({"kind": "reset"}), "upstream_cut", "upstream_cut"),
        fault(json!({"kind": "cut"}), "upstream_cut", "upstream_cut"),
        fault(json!({"kind": "cut", "at": 0}), "upstream_cut", "upstream_cut"),
        fault(json!({"kind": "chunked_cut"}), "upstream_cut", "upstream_cut"),
        fault(json!({"kind": "longer"}), "upstream_not_json", "upstream_not_json"),
        fault(json!({"kind": "delay_ms", "ms": 4_500}), "upstream_timeout", "upstream_timeout"),
        fault(json!({"kind": "slow_drip", "bytes": 4, "ms": 400}), "upstream_timeout", "upstream_timeout"),
        fault(html(200), "upstream_not_json", "upstream_not_json"),
        fault(html(502), "upstream_failed", "upstream_failed"),
        fault(json!({"kind": "status", "code": 500}), "upstream_failed", "upstream_failed"),
        fault(json!({"kind": "status", "code": 500, "executed": true}), "upstream_failed", "upstream_failed"),
        fault(busy(503, true), "upstream_busy", "outcome_unknown"),
        fault(busy(429, false), "upstream_throttled", "upstream_throttled"),
        fault(json!({"kind": "garbage"}), "upstream_not_json", "upstream_not_json"),
        fault(
            json!({"kind": "garbage", "body": "{\"output\":{\"value\":1},\"output\":{}}"}),
            "upstream_not_json",
            "upstream_not_json",
        ),
        fault(json!({"kind": "garbage", "body": "[]"}), "upstream_not_json", "upstream_not_json"),
        fault(json!({"kind": "empty"}), "upstream_not_json", "upstream_not_json"),
        fault(json!({"kind": "huge", "bytes": 3_000_000}), "upstream_too_large", "upstream_too_large"),
        fault(
            json!({"kind": "status", "code": 401, "body": {"name": "x", "message": "y"}}),
            "upstream_refused_credential",
            "upstream_refused_credential",
        ),
        fault(
            json!({"kind": "status", "code": 302, "headers": {"location": "http://127.0.0.1:9/"}}),
            "upstream_refused_request",
            "upstream_refused_request",
        ),
    ]
}

fn html(code: u16) -> Value {
    json!({"kind": "status", "code": code, "content_type": "text/html", "body": "<html>sorry</html>", "executed": code == 200})
}

fn busy(code: u16, executed: bool) -> Value {
    json!({"kind": "status", "code": code, "headers": {"retry-after-ms": "120"}, "executed": executed})
}

#[test]
fn every_engine_fault_has_its_name_and_leaves_nothing_behind() {
    let mut found = Vec::new();
    for platform in BOTH {
        let world = World::new(platform, "faults");
        assert_eq!(world.develop(read("warm")).status, 200);
        for (place, fault) in faults().into_iter().enumerate() {
            let checked = check(&world, &format!("f{place}"), &fault);
            found.extend(checked.into_iter().map(|wrong| format!("{platform:?} {}: {wrong}", fault.rule)));
        }
        let requests = world.control("GET", "requests", None).to_string();
        assert!(!requests.contains(KEYS_BEGIN), "a caller's key reached the engine");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn read(document: &str) -> Ask {
    Ask::execute("Docs.Get", &json!({"document": document}), USER)
}

fn act(to: &str) -> Ask {
    Ask::execute("Mail.Send", &json!({"to": to}), USER)
}

/// Lists the wrong answers under this fault.
fn check(world: &World, name: &str, fault: &Fault) -> Vec<String> {
    let mut rule = fault.rule.clone();
    rule["path"] = "/v1/tools/execute".into();
    world.control("DELETE", "calls", None);
    world.control("POST", "faults", Some(&json!([rule])));
    let (reading, acting) = (world.develop(read(name)), world.develop(act(name)));
    let hits = world.control("GET", "faults", None)[0]["spoiled"].as_u64().unwrap_or(0);
    world.control("DELETE", "faults", None);

    let mut wrong = Vec::new();
    for (what, answer, expected) in [("reading", &reading, fault.reads), ("acting", &acting, fault.acts)] {
        if answer.refusal() != expected {
            wrong.push(format!("{what}: {:?} instead of {expected}: {}", answer.outcome(), answer.text()));
        }
        let record = world.record_of(answer);
        if record["outcome"] != answer.refusal() {
            wrong.push(format!("{what}: recorded as {record}"));
        }
        if fault.rule["headers"]["retry-after-ms"] == "120" && expected != "outcome_unknown" {
            wrong.extend(
                (answer.header("retry-after-ms") != Some("120")).then(|| format!("{what}: {:?}", answer.headers)),
            );
        }
    }
    // A reading call may be sent once more, an acting one only where it was surely not run.
    let most = if fault.acts == "upstream_throttled" { 4 } else { 3 };
    wrong.extend((hits > most).then(|| format!("sent {hits} times")));
    let ran = world.runs("Mail.Send@3.1.0").max(world.runs("Mail.Send"));
    wrong.extend((ran > 1).then(|| format!("an effect happened {ran} times")));
    let after = world.develop(read(name));
    wrong.extend(unless_fresh(&after).map(|fault| format!("afterwards: {fault}")));
    wrong
}

/// Returns the error in an answer, unless it is a good one that came from no cache.
fn unless_fresh(answer: &Answer) -> Option<String> {
    let status = answer.header("cache-status").unwrap_or_default();
    let is_fresh = answer.status == 200 && answer.json()["success"] == true && status.contains("fwd=uri-miss; stored");
    (!is_fresh).then(|| format!("{} {status:?} {}", answer.status, answer.text()))
}

#[test]
fn an_engine_that_is_down_is_named_and_missed_by_nobody_else() {
    for platform in BOTH {
        let mut world = World::new(platform, "down");
        assert_eq!(world.develop(read("before")).status, 200);
        world.stop_engine();
        // workerd does not tell a refused connection from a broken one, so nothing is promised there.
        let expected = if platform == Platform::Workerd { "upstream_broken" } else { "upstream_unreachable" };
        for ask in [read("down"), act("down"), Ask::get("/v1/admin/secrets")] {
            let answer = world.develop(ask);
            assert_eq!(answer.outcome(), (502, expected), "{platform:?} {}", answer.text());
            assert_eq!(world.record_of(&answer)["outcome"], expected);
        }
        let hit = world.develop(read("before"));
        assert!(hit.header("cache-status").is_some_and(|status| status.contains("; hit;")), "{hit:?}");
        for tool in ["Calc.Plus", "Calc.CommonDivisor"] {
            let answer = world.develop(Ask::execute(tool, &json!({"a": "12", "b": "18"}), USER));
            assert_eq!(answer.json()["success"], true, "{platform:?} {tool} {}", answer.text());
        }
        world.start_engine(Options::default());
        assert_eq!(unless_fresh(&world.develop(read("down"))), None, "{platform:?}");
    }
}

#[test]
fn a_request_that_breaks_off_is_refused_and_the_next_one_served() {
    for platform in BOTH {
        let world = World::new(platform, "broken-off");
        let broken = Ask::new("POST", "/v1/tools/execute").header("content-type", "application/json");
        let broken = broken.header("content-length", "500").body("{\"tool_name\":");
        // The connection is half closed, which a server may take for a client that has left.
        if let Ok(answer) = broken.key(crate::world::DEVELOPER).try_send(world.url()) {
            assert_eq!(answer.status, 400, "{platform:?} {}", answer.text());
        }
        assert_eq!(world.develop(read("next")).status, 200, "{platform:?}");
    }
}
