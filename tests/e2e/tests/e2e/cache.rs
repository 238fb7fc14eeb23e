//! The cache on real hosts: what its tiers keep, what operators do with it, and what is fetched behind an answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{pause, until, until_ok};
use crate::http::{Answer, Ask};
use crate::world::{BOTH, DEVELOPER, LEASE, Platform, World};

const ADA: &str = "ada@acme.example";

fn facts(topic: &str) -> Ask {
    Ask::execute("Facts.Lookup", &json!({"topic": topic}), ADA).key(DEVELOPER)
}

/// Returns the content of the tiers for it.
fn look_up(world: &World, topic: &str) -> Value {
    let body = json!({"tool_name": "Facts.Lookup", "input": {"topic": topic}, "user_id": ADA});
    let answer = world.send(&Ask::post("/gate/v1/cache/lookup", &body).key(DEVELOPER));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn status(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("cache-status").unwrap_or_default()
}

fn is_hit(answer: &Answer) -> bool {
    status(answer).contains("; hit;")
}

#[test]
fn every_tier_stores_a_response_and_outlives_its_isolates() {
    for platform in BOTH {
        let mut world = World::new(platform, "tiers");
        assert!(status(&world.send(&facts("tiers"))).contains("; stored"), "{platform:?}");
        let told = until_ok(&format!("{platform:?}: all tiers hold it"), Duration::from_secs(15), || {
            let told = look_up(&world, "tiers");
            let holds = |tier: &str| told[tier]["standing"] == "servable";
            if holds("store") && holds("sql") { Ok(told) } else { Err(told.to_string()) }
        });
        let data_centre = if platform == Platform::Workerd { "servable" } else { "unused" };
        assert_eq!(told["data_centre"]["standing"], data_centre, "{platform:?} {told}");
        let elsewhere = facts("tiers").send(world.twin());
        assert!(is_hit(&elsewhere), "{platform:?} {elsewhere:?}");
        world.kill_host();
        world.start_host();
        let after = world.send(&facts("tiers"));
        assert!(is_hit(&after), "{platform:?} {after:?}");
        assert_eq!(look_up(&world, "tiers")["sql"]["standing"], "servable", "{platform:?}");
        assert_eq!(after.json()["output"], elsewhere.json()["output"], "{platform:?}");
    }
}

#[test]
fn an_operators_purge_reaches_other_instances_within_a_lease() {
    for platform in BOTH {
        let world = World::new(platform, "scopes");
        let key = look_up(&world, "scopes")["key"].as_str().unwrap().to_owned();
        for change in [
            json!({"scope": "tool", "tool": "Facts.Lookup"}),
            json!({"scope": "tag", "tag": "reference"}),
            json!({"scope": "key", "key": key}),
            json!({"scope": "tenant"}),
        ] {
            let elsewhere = || facts("scopes").send(world.twin());
            until("a hit on both", Duration::from_secs(8), || {
                (is_hit(&world.send(&facts("scopes"))) && is_hit(&elsewhere())).then_some(())
            });
            let before = elsewhere().json()["output"].clone();
            let answer = world.send(&Ask::post("/gate/v1/cache/invalidate", &change).key(DEVELOPER));
            assert_eq!(answer.status, 200, "{platform:?} {change} {}", answer.text());
            pause(LEASE);
            let after = elsewhere();
            assert_ne!(after.json()["output"], before, "{platform:?} {change}");
        }
        let told = world.send(&Ask::get("/gate/v1/cache").key(DEVELOPER)).json();
        assert!(told["outcomes"]["miss_stored"].as_u64().is_some_and(|count| count > 0), "{platform:?} {told}");
        assert_eq!(told["memory"]["bound"], 16 << 20, "{platform:?} {told}");
    }
}

#[test]
fn a_stale_answer_is_served_and_fetched_anew_behind_it() {
    for platform in BOTH {
        let world = World::new(platform, "stale");
        let median = || {
            let call = Ask::execute("Calc.MiddleValue", &json!({"numbers": ["1", "2", "9"]}), ADA).key(DEVELOPER);
            status(&world.send(&call)).to_owned()
        };
        assert!(median().contains("; stored"), "{platform:?}");
        pause(Duration::from_millis(1_300));
        let stale = median();
        assert!(stale.contains("; hit; ttl=-"), "{platform:?} {stale}");
        // Its own time is a second: what is fresh now was fetched behind the answer.
        until("a fresh one", Duration::from_secs(5), || median().contains("; hit; ttl=0").then_some(()));
    }
}

#[test]
fn what_is_asked_of_the_cache_is_kept_to() {
    for platform in BOTH {
        let world = World::new(platform, "asked");
        let ask = |cache_control: &str| world.send(&facts("asked").header("cache-control", cache_control));
        let refused = ask("only-if-cached");
        assert_eq!(refused.outcome(), (504, "not_cached"), "{platform:?}");
        assert_eq!(refused.header("x-should-retry"), Some("false"), "{platform:?}");
        assert!(status(&ask("")).contains("; stored"), "{platform:?}");
        until("it is kept", Duration::from_secs(8), || is_hit(&ask("only-if-cached")).then_some(()));
        let list = Ask::get("/v1/tools?limit=5").key(DEVELOPER);
        let tag = world.send(&list).header("etag").unwrap().to_owned();
        let again = world.send(&list.header("if-none-match", &tag));
        assert_eq!((again.status, again.body.len()), (304, 0), "{platform:?}");
    }
}
