//! The operator's view: metrics, explanations, readiness; and a host that lacks a store.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use toolgate_engine::Options;

use crate::clock::until;
use crate::http::{Answer, Ask};
use crate::world::{BOTH, LISTER, NARROW, OPERATOR, Platform, STRANGER, World};

const ADA: &str = "ada@acme.example";

fn add() -> Ask {
    Ask::execute("Calc.Plus", &json!({"a": "1", "b": "2"}), ADA)
}

/// The samples of a Prometheus text, which must be well-formed: a TYPE before each family, every value a number.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut families = Vec::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, family) = (words.next().unwrap(), words.next().unwrap());
            assert!(matches!(kind, "HELP" | "TYPE") && words.next().is_some(), "{line}");
            families.push(family.to_owned());
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line:?}"));
        let name = series.split('{').next().unwrap();
        assert!(families.iter().any(|family| name.starts_with(family.as_str())), "no TYPE before {line}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
        let labels = series.strip_prefix(name).unwrap();
        assert!(labels.is_empty() || (labels.starts_with('{') && labels.ends_with("\"}")), "{line}");
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        assert_eq!(samples.insert(series.to_owned(), value), None, "twice: {line}");
    }
    samples
}

#[test]
fn metrics_are_prometheus_text_and_count_what_was_done() {
    for platform in BOTH {
        let world = World::new(platform, "metrics");
        for _ in 0..5 {
            assert_eq!(world.develop(add()).status, 200);
        }
        for _ in 0..3 {
            assert_eq!(world.send(&add().key(LISTER)).outcome(), (403, "action_not_permitted"));
        }
        assert_eq!(world.send(&Ask::get("/nowhere")).outcome(), (404, "path_unknown"));
        assert_eq!(world.develop(Ask::execute("Calc.Plus", &json!({}), ADA)).json()["success"], false);
        for _ in 0..2 {
            world.develop(Ask::execute("Docs.Get", &json!({"document": "m"}), ADA));
        }
        let of = |operation: &str, outcome: &str| {
            format!("toolgate_requests_total{{operation=\"{operation}\",outcome=\"{outcome}\"}}")
        };
        let wanted = [
            (of("tools/call", "ok"), 7.0),
            (of("tools/call", "action_not_permitted"), 3.0),
            (of("tools/call", "tool_error"), 1.0),
            (of("", "path_unknown"), 1.0),
            ("toolgate_cache_total{outcome=\"miss_stored\"}".to_owned(), 1.0),
            ("toolgate_cache_total{outcome=\"hit_memory\"}".to_owned(), 1.0),
        ];
        // Another instance tells its counts within some seconds.
        let mut last = BTreeMap::new();
        let counted = |last: &mut BTreeMap<String, f64>| {
            let answer = world.send(&Ask::get("/metrics").key(OPERATOR));
            assert_eq!(answer.status, 200, "{platform:?} {}", answer.text());
            assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{answer:?}");
            *last = samples(&answer.text());
            wanted.iter().all(|(series, value)| last.get(series) == Some(value)).then_some(())
        };
        for _ in 0..100 {
            if counted(&mut last).is_some() {
                break;
            }
            crate::clock::pause(Duration::from_millis(100));
        }
        for (series, value) in &wanted {
            assert_eq!(last.get(series), Some(value), "{platform:?} {series} {last:#?}");
        }
        let all: f64 = last
            .iter()
            .filter(|(series, _)| series.starts_with("toolgate_requests_total"))
            .map(|(_, value)| value)
            .sum();
        assert_eq!(last["toolgate_request_duration_seconds_count"], all, "{platform:?}");
        assert_eq!(last["toolgate_request_duration_seconds_bucket{le=\"+Inf\"}"], all, "{platform:?}");
    }
}

#[test]
fn a_refusal_is_explained_to_its_tenant() {
    for platform in BOTH {
        let world = World::new(platform, "explain");
        let explain = |key: &str, refused: &Answer| {
            world.send(&Ask::get(&format!("/gate/v1/explain/{}", refused.request_id())).key(key))
        };
        let refused = world.send(&Ask::execute("Echo.Say", &json!({"text": "x"}), "gus@acme.example").key(NARROW));
        assert_eq!(refused.outcome(), (403, "user_not_permitted"));
        let told = until("an explanation", Duration::from_secs(5), || {
            Some(explain(OPERATOR, &refused)).filter(|answer| answer.status == 200)
        });
        let told = told.json();
        assert_eq!(told, world.record_of(&refused), "{platform:?}");
        assert_eq!((&told["caller"], &told["detail"]), (&json!("narrow"), &json!("user_id")), "{platform:?} {told}");
        assert_eq!(explain(STRANGER, &refused).outcome(), (404, "record_unknown"), "{platform:?}");
        assert_eq!(explain(NARROW, &refused).outcome(), (403, "action_not_permitted"), "{platform:?}");

        let nobody = world.send(&Ask::get("/v1/tools"));
        let told = until("an explanation", Duration::from_secs(5), || {
            Some(explain(STRANGER, &nobody)).filter(|answer| answer.status == 200)
        });
        assert_eq!(told.json()["outcome"], "credential_missing", "{platform:?}");
    }
}

#[test]
fn readiness_names_a_dead_executor_whose_last_list_is_kept() {
    for platform in BOTH {
        let mut world = World::without_engine(platform, "ready", &[]);
        world.start_host();
        let ready = |world: &World| world.send(&Ask::get("/health/ready").key(OPERATOR));
        let docs = Ask::execute("Docs.Get", &json!({"document": "d"}), ADA);
        let answer = ready(&world);
        let part = answer.json()["degraded"][0].clone();
        assert_eq!((answer.status, &part["part"]), (503, &json!("engine")), "{platform:?} {}", answer.text());
        assert!(part["reason"].as_str().is_some_and(|reason| reason.starts_with("upstream_")), "{platform:?} {part}");
        assert!(part["since"].is_string() && part["effect"].is_string(), "{platform:?} {part}");
        assert_eq!(world.develop(add()).json()["output"]["value"], "3", "{platform:?}");
        assert_eq!(world.develop(docs.clone()).outcome(), (503, "registry_unavailable"), "{platform:?}");
        assert_eq!(world.send(&Ask::get("/health/live")).status, 200, "{platform:?}");

        world.start_engine(Options::default());
        until("ready again", Duration::from_secs(20), || (ready(&world).status == 200).then_some(()));
        assert_eq!(world.develop(docs).status, 200, "{platform:?}");
        world.stop_engine();
        world.kill_host();
        world.start_host();
        let listed = world.develop(Ask::get("/v1/tools?toolkit=Docs")).json();
        assert_eq!(listed["total_count"], 1, "{platform:?} {listed}");
    }
}

#[test]
fn a_spin_host_without_sqlite_refuses_by_name_what_needs_it() {
    let world = World::new(Platform::SpinWithoutSqlite, "no-sqlite");
    assert_eq!(world.send(&Ask::get("/health/live")).status, 200);
    for ask in [add(), Ask::get("/metrics"), Ask::get("/gate/v1/epochs"), Ask::get("/v1/tools")] {
        let answer = world.develop(ask.clone());
        assert_eq!(answer.outcome(), (503, "durable_unsupported"), "{} {}", ask.target, answer.text());
        assert_eq!(world.record_of(&answer)["outcome"], "durable_unsupported");
    }
    let log = world.log();
    let named = log.lines().find(|line| line.contains("durable_unsupported") && line.contains("idempotency"));
    assert!(named.is_some_and(|line| line.contains("kill switches") && line.contains("authorisations")), "{log}");
}
