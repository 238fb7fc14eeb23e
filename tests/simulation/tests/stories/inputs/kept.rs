//! A kept answer is served only for an input that the rules of today let through.

use serde_json::{Value, json};
use toolgate::words::method::Method;

use crate::story::{Story, WIDE};

const CACHED: &str = r#"
executors = [{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }]

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]

[[cache.rules]]
tools = ["Mail.*"]
ttl = "1h"
scope = "shared"
"#;

fn ask(story: &Story, n: i64) -> Value {
    let body = json!({ "tool_name": "Mail.Search", "user_id": "u1", "input": { "n": n } });
    let answer = story.ask(WIDE, Method::Post, "/v1/tools/execute", &body, &[]);
    json!([answer.headers["cache-status"].split(';').nth(1).unwrap().trim(), answer.json()["success"]])
}

#[test]
fn a_stored_response_is_not_served_to_a_newly_refused_input() {
    let settings = [("KEY_WIDE", WIDE), ("ENGINE_KEY", "account")];
    let story = Story::of(CACHED, &settings);
    assert_eq!(ask(&story, 3), json!(["fwd=uri-miss", true]));
    story.world.run(|| false);
    assert_eq!(ask(&story.isolate(), 3), json!(["hit", true]));
    let rule = "[[inputs]]\ntools = [\"Mail.*\"]\nschema = '{ \"properties\": { \"n\": { \"maximum\": 2 } } }'\n";
    let document = Box::leak(format!("{CACHED}\n{rule}").into_boxed_str());
    let mut ruled = Story::of(document, &settings);
    ruled.world = std::rc::Rc::clone(&story.world);
    assert_eq!(ask(&ruled, 3), json!(["fwd=bypass", false]));
    assert_eq!(ask(&ruled, 2), json!(["fwd=uri-miss", true]));
}
