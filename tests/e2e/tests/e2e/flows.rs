//! Flows that take time: streams and long polls; and the owner of an authorisation.

use std::time::Duration;

use serde_json::{Value, json};
use toolgate_engine::Options;

use crate::clock::{Stopwatch, until};
use crate::http::{Answer, Ask};
use crate::world::{BOTH, DEVELOPER, NARROW, STRANGER, World};

const ADA: &str = "ada@acme.example";

#[test]
fn chat_streams_through_piece_by_piece() {
    for platform in BOTH {
        let slow = Options { chat_chunk_ms: 200, ..Options::default() };
        let world = World::with(platform, "chat", slow, &[]);
        let messages = json!([{"role": "user", "content": "one two three four"}]);
        let body = json!({"model": "m", "stream": true, "messages": messages});
        let answer = world.send(&Ask::post("/v1/chat/completions", &body).key(NARROW));
        assert_eq!(answer.status, 200, "{platform:?} {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{platform:?}");
        assert!(answer.whole && answer.text().ends_with("data: [DONE]\n\n"), "{platform:?} {}", answer.text());
        // Eight events, a fifth of a second apart: the first was here long before the last was sent.
        let (first, last) = (answer.pieces.first().unwrap(), answer.pieces.last().unwrap());
        assert!(answer.pieces.len() >= 5, "{platform:?} {:?}", answer.pieces);
        assert!(last.saturating_sub(*first) > Duration::from_millis(800), "{platform:?} {:?}", answer.pieces);
        assert_eq!(world.record_of(&answer)["operation"], "chat/completions");
    }
}

#[test]
fn a_stream_that_breaks_never_ends_like_a_whole_one() {
    for platform in BOTH {
        let world = World::new(platform, "chat-cut");
        let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "one two three"}]});
        for kind in ["chunked_cut", "cut", "reset"] {
            world.control("POST", "faults", Some(&json!([{"kind": kind, "path": "/v1/chat/completions"}])));
            let answer = world.send(&Ask::post("/v1/chat/completions", &body).key(NARROW));
            world.control("DELETE", "faults", None);
            // workerd has no other way to tell than within the stream.
            let is_told = answer.text().contains("\n\nevent: error\ndata: {\"error\":{\"name\":\"upstream_cut\",");
            let found = format!("{platform:?} {kind}: {} {} {}", answer.status, answer.whole, answer.text());
            assert!(is_told || !answer.whole || answer.status == 502, "{found}");
            assert!(!answer.text().contains("[DONE]"), "{found}");
        }
    }
}

fn status(world: &World, key: &str, id: &str, wait: u32) -> Answer {
    world.send(&Ask::get(&format!("/v1/auth/status?id={id}&wait={wait}")).key(key))
}

fn begin(world: &World, provider: &str) -> String {
    let body = json!({"user_id": ADA, "auth_requirement": {"provider_id": provider, "oauth2": {"scopes": ["a"]}}});
    let answer = world.send(&Ask::post("/v1/auth/authorize", &body).key(NARROW));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn only_the_caller_that_began_an_authorisation_waits_for_it() {
    for platform in BOTH {
        let slow = Options { authorize_after_ms: 1_500, ..Options::default() };
        let world = World::with(platform, "authorisation", slow, &[]);
        let id = begin(&world, "some-provider");
        for key in [DEVELOPER, STRANGER] {
            let answer = status(&world, key, &id, 0);
            assert_eq!(answer.outcome(), (404, "authorization_unknown"), "{platform:?} {}", answer.text());
        }
        let begun = Stopwatch::start();
        let answer = status(&world, NARROW, &id, 30);
        let took = begun.elapsed();
        assert_eq!(answer.json()["status"], "completed", "{platform:?} {}", answer.text());
        let token = answer.json()["context"]["token"].as_str().unwrap().to_owned();
        assert!(took > Duration::from_millis(500) && took < Duration::from_secs(5), "{platform:?} {took:?}");
        assert_eq!(status(&world, DEVELOPER, &id, 0).outcome(), (404, "authorization_unknown"), "{platform:?}");
        assert_eq!(world.record_of(&answer)["operation"], "auth/status");
        assert!(!world.log().contains(&token), "{platform:?}: a user's token is in the log");

        // Longer than the platform waits: clipped, and pending.
        let id = begin(&world, "stays-pending");
        let begun = Stopwatch::start();
        let answer = status(&world, NARROW, &id, 59);
        let took = begun.elapsed();
        assert_eq!(answer.json()["status"], "pending", "{platform:?} {}", answer.text());
        assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "{platform:?} {took:?}");
    }
}

#[test]
fn a_call_whose_caller_hangs_up_is_ended_and_recorded() {
    for platform in BOTH {
        let world = World::new(platform, "hang-up");
        assert_eq!(world.develop(Ask::execute("Docs.Get", &json!({"document": "d"}), ADA)).status, 200);
        let slow = json!([{"kind": "delay_ms", "ms": 1_500, "path": "/v1/tools/execute"}]);
        world.control("POST", "faults", Some(&slow));
        let mail = Ask::execute("Mail.Send", &json!({"to": "a@example.com"}), ADA).key(NARROW);
        let mail = mail.header("idempotency-key", "left-alone");
        mail.send_and_leave(world.url(), Duration::from_millis(400));
        let record = until("the record of a call that nobody waited for", Duration::from_secs(8), || {
            world.records().into_iter().find(|record| record["gen_ai.tool.name"] == "Mail.Send")
        });
        assert_eq!(record["outcome"], "ok", "{platform:?} {record}");
        world.control("DELETE", "faults", None);
        let again = world.send(&mail);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{platform:?} {again:?}");
        let calls = world.control("GET", "calls", None)["counts"].clone();
        let ran: u64 = calls
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| name.starts_with("Mail.Send"))
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        assert_eq!(ran, 1, "{platform:?} {calls}");
    }
}

#[test]
fn an_engine_calls_the_gateways_tools_like_a_workers() {
    for platform in BOTH {
        let world = World::new(platform, "worker-routes");
        let engine = toolgate_engine::start(Options::default()).unwrap();
        let ask = |ask: Ask| ask.key("test-key").send(engine.base_url());
        let worker = |id: &str, secret: &str| {
            let http = json!({"uri": world.url(), "secret": secret, "retry": 0, "timeout": 5});
            ask(Ask::post("/v1/workers", &json!({"id": id, "enabled": true, "http": http})))
        };
        let made = worker("gate", crate::world::GATE_WORKER_SECRET);
        assert!(made.status < 300, "{platform:?} {}", made.text());
        let tools = ask(Ask::get("/v1/workers/gate/tools?limit=100")).json();
        assert_eq!(tools["total_count"], 18, "{platform:?} {tools}");
        let call = |input: Value| ask(Ask::execute("Calc.Plus", &input, ADA)).json();
        let sum = call(json!({"a": "0.1", "b": "0.2"}));
        assert_eq!((&sum["success"], &sum["output"]["value"]), (&json!(true), &json!("0.3")), "{platform:?} {sum}");
        let fault = call(json!({"a": "x", "b": "2"}));
        assert_eq!(fault["success"], false, "{platform:?} {fault}");
        let outcomes = until("both records", Duration::from_secs(5), || {
            let records = world.records().into_iter().filter(|record| record["operation"] == "worker/invoke");
            let outcomes: Vec<Value> = records.map(|record| record["outcome"].clone()).collect();
            (outcomes.len() >= 2).then_some(outcomes)
        });
        assert_eq!(outcomes, ["ok", "tool_error"], "{platform:?}");

        worker("forger", "another secret, not the gateway's at all");
        let tools = ask(Ask::get("/v1/workers/forger/tools"));
        let count = if tools.status < 300 { tools.json()["total_count"].as_u64().unwrap_or(0) } else { 0 };
        assert_eq!(count, 0, "{platform:?} {}", tools.text());
        until("the forger's record", Duration::from_secs(5), || {
            world.records().iter().any(|record| record["outcome"] == "worker_token_invalid").then_some(())
        });
    }
}
