//! Revocation, kill switches and invalidation hold on other instances within a lease; and what is durable survives `kill -9`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{Stopwatch, pause, until};
use crate::http::{Answer, Ask};
use crate::world::{BOTH, DEVELOPER, DEVELOPER_2, LEASE, NARROW, OPERATOR, STRANGER, World};

const ADA: &str = "ada@acme.example";

/// On Spin every few requests meet another instance.
const MANY_INSTANCES: [&str; 2] = ["--max-instance-reuse-count", "3"];

fn start(platform: crate::world::Platform, name: &str) -> World {
    World::with(platform, name, toolgate_engine::Options::default(), &MANY_INSTANCES)
}

fn advance(world: &World, change: Value) -> Value {
    let answer = world.send(&Ask::post("/gate/v1/epochs", &json!({"changes": [change]})).key(OPERATOR));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Returns the answer of another isolate.
fn elsewhere(world: &World, ask: &Ask) -> Answer {
    ask.send(world.twin())
}

/// Both isolates give this outcome within a lease, and go on doing so.
fn within_a_lease(world: &World, ask: &Ask, expected: (u16, &str)) {
    let begun = Stopwatch::start();
    until(&format!("{expected:?} everywhere"), LEASE + Duration::from_secs(4), || {
        let both = [world.send(ask), elsewhere(world, ask)];
        both.iter().all(|answer| answer.outcome() == expected).then_some(())
    });
    let took = begun.elapsed();
    assert!(took < LEASE + Duration::from_millis(700), "{:?}: {expected:?} only after {took:?}", world.platform);
    for _ in 0..3 {
        assert_eq!(elsewhere(world, ask).outcome(), expected, "{:?}", world.platform);
    }
}

#[test]
fn an_epoch_change_reaches_other_instances_within_a_lease() {
    for platform in BOTH {
        let world = start(platform, "epochs");
        let list = Ask::get("/v1/tools?limit=1").key(DEVELOPER_2);
        let echo = Ask::execute("Echo.Say", &json!({"text": "x"}), ADA).key(NARROW);
        let add = Ask::execute("Calc.Plus", &json!({"a": "1", "b": "2"}), ADA).key(NARROW);
        let docs = Ask::execute("Docs.Get", &json!({"document": "d"}), ADA).key(DEVELOPER);
        for ask in [&list, &echo, &add, &docs] {
            assert_eq!((world.send(ask).status, elsewhere(&world, ask).status), (200, 200), "{platform:?}");
        }

        advance(&world, json!({"revoke": "developer-2"}));
        within_a_lease(&world, &list, (401, "credential_revoked"));
        assert_eq!(world.send(&Ask::get("/v1/tools?limit=1").key(DEVELOPER)).status, 200, "{platform:?}");
        advance(&world, json!({"unrevoke": "developer-2"}));
        within_a_lease(&world, &list, (200, ""));

        for (switch, killed, spared) in [
            ("tool:Echo.Say", Some(&echo), Some(&add)),
            ("executor:engine", Some(&echo), Some(&add)),
            ("toolkit:Calc", Some(&add), Some(&echo)),
            ("caller:narrow", Some(&echo), Some(&docs)),
            ("tenant:acme", Some(&add), None),
            ("all", Some(&docs), None),
        ] {
            advance(&world, json!({"kill": switch}));
            within_a_lease(&world, killed.unwrap(), (503, "killed"));
            if let Some(spared) = spared {
                assert_eq!(elsewhere(&world, spared).status, 200, "{platform:?} {switch}");
            }
            advance(&world, json!({"revive": switch}));
            within_a_lease(&world, killed.unwrap(), (200, ""));
        }

        let is_hit = |answer: &Answer| answer.header("cache-status").is_some_and(|status| status.contains("; hit;"));
        for change in [
            json!({"invalidate": "all"}),
            json!({"invalidate": "tenant", "tenant": "acme"}),
            json!({"invalidate": "toolkit", "tenant": "acme", "toolkit": "Docs"}),
        ] {
            until("a hit on both", Duration::from_secs(5), || {
                (is_hit(&world.send(&docs)) && is_hit(&elsewhere(&world, &docs))).then_some(())
            });
            let before = world.send(&docs).json()["output"].clone();
            advance(&world, change.clone());
            pause(LEASE);
            let after = elsewhere(&world, &docs);
            assert!(!is_hit(&after), "{platform:?} {change} {after:?}");
            assert_ne!(after.json()["output"], before, "{platform:?} {change}");
        }
    }
}

#[test]
fn an_issued_key_is_revoked_on_other_instances_within_a_lease() {
    for platform in BOTH {
        let mut world = start(platform, "issued");
        let issue = || {
            let body = json!({"name": "bot", "roles": ["adder"], "users": [ADA]});
            let answer = world.send(&Ask::post("/gate/v1/keys", &body).key(DEVELOPER));
            assert_eq!(answer.status, 201, "{platform:?} {}", answer.text());
            let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
            (text("key"), format!("/gate/v1/keys/{}", text("id")))
        };
        let add = |key: &str| Ask::execute("Calc.Plus", &json!({"a": "1", "b": "2"}), ADA).key(key);
        let ((first, at_first), (other, _)) = (issue(), issue());
        for key in [&first, &other] {
            assert_eq!((world.send(&add(key)).status, elsewhere(&world, &add(key)).status), (200, 200), "{platform:?}");
        }
        let rotated = Ask::post(&format!("{at_first}/rotate"), &json!({"overlap": 0})).key(DEVELOPER);
        let rotated = world.send(&rotated);
        assert_eq!(rotated.status, 201, "{platform:?} {}", rotated.text());
        within_a_lease(&world, &add(&first), (401, "credential_expired"));
        let second = rotated.json()["key"].as_str().unwrap().to_owned();
        assert_eq!(elsewhere(&world, &add(&second)).status, 200, "{platform:?}");

        let at_second = format!("/gate/v1/keys/{}", rotated.json()["id"].as_str().unwrap());
        let begun = Stopwatch::start();
        let revoked = world.send(&Ask::new("DELETE", &at_second).key(DEVELOPER));
        assert_eq!((revoked.status, &revoked.json()["state"]), (200, &json!("revoked")), "{platform:?}");
        within_a_lease(&world, &add(&second), (401, "credential_revoked"));
        println!("{platform:?}: a revoked key is refused on both after {:?}", begun.elapsed());
        assert_eq!(elsewhere(&world, &add(&other)).status, 200, "{platform:?}");

        world.kill_host();
        world.start_host();
        let outcomes = [&first, &second, &other].map(|key| world.send(&add(key)).status);
        assert_eq!(outcomes, [401, 401, 200], "{platform:?}");
        let log = world.log();
        assert!(
            ![&first, &second, &other].into_iter().any(|key| log.contains(key.as_str())),
            "{platform:?}: a key is logged"
        );
    }
}

#[test]
fn what_is_durable_survives_kill_9() {
    for platform in BOTH {
        let mut world = start(platform, "restart");
        let body = json!({"user_id": ADA, "auth_requirement": {"provider_id": "stays-pending"}});
        let begun = world.send(&Ask::post("/v1/auth/authorize", &body).key(NARROW)).json();
        let status = Ask::get(&format!("/v1/auth/status?id={}", begun["id"].as_str().unwrap()));
        let mail = Ask::execute("Mail.Send", &json!({"to": "a@example.com"}), ADA).key(NARROW);
        let mail = mail.header("idempotency-key", "once");
        let sent = world.send(&mail);
        assert_eq!(sent.json()["success"], true, "{platform:?} {}", sent.text());
        advance(&world, json!({"revoke": "developer-2"}));
        let version = advance(&world, json!({"kill": "tool:Files.Delete"}))["version"].clone();
        world.kill_host();
        world.start_host();

        let revoked = world.send(&Ask::get("/v1/tools").key(DEVELOPER_2));
        assert_eq!(revoked.outcome(), (401, "credential_revoked"), "{platform:?}");
        let killed = world.develop(Ask::execute("Files.Delete", &json!({"path": "/x"}), ADA));
        assert_eq!(killed.outcome(), (503, "killed"), "{platform:?}");
        let epochs = world.send(&Ask::get("/gate/v1/epochs").key(OPERATOR)).json();
        assert!(epochs["version"].as_u64() >= version.as_u64(), "{platform:?} {epochs}");
        assert_eq!(epochs["revoked"], json!(["developer-2"]), "{platform:?} {epochs}");

        let again = world.send(&mail);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{platform:?} {again:?}");
        assert_eq!(again.text(), sent.text(), "{platform:?}");
        let calls = world.control("GET", "calls", None);
        assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1), "{platform:?} {calls}");

        assert_eq!(world.send(&status.clone().key(NARROW)).json()["status"], "pending", "{platform:?}");
        for key in [DEVELOPER, STRANGER] {
            let answer = world.send(&status.clone().key(key));
            assert_eq!(answer.outcome(), (404, "authorization_unknown"), "{platform:?}");
        }
    }
}
