//! Inputs through the whole gateway: what is benign reaches the executor unchanged, what is an attack is refused by name and
//! reaches nobody.

mod attacks;
mod benign;
mod kept;

use serde_json::{Value, json};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use super::story::{Answer, Story, WIDE, answer};

const DOCUMENT: &str = r#"
executors = [{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }]

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]

[limits]
body_bytes = "1MiB"

[[inputs]]
tools = ["Web.*"]
urls = [
  { at = "/url", schemes = ["http", "https"] },
  { at = "/urls/*", schemes = ["http", "https"] },
  { at = "/opts/pages/*/href", hosts = ["example.com", "*.example.org"], ports = [443, 8443] },
]
files = [
  { at = "/file", types = ["image/png", "image/jpeg", "application/pdf"], bytes = "4KiB" },
  { at = "/opts/attachments/*", types = ["text/csv", "application/x-custom"], bytes = "64KiB" },
]

[[inputs]]
tools = ["Web.Fetch"]
schema = '''
{ "properties": {
    "i": { "type": ["integer", "null"], "minimum": -9007199254740991, "maximum": 9007199254740991 },
    "n": { "type": "number", "minimum": -1e308, "maximum": 1e308 },
    "price": { "type": "number", "minimum": 0, "exclusiveMaximum": 1e9, "multipleOf": 0.01 },
    "q": { "maxLength": 250000 },
    "lines": { "maxItems": 6000, "items": { "type": "string" } },
    "opts": { "maxProperties": 64, "properties": {
        "id": { "format": "uuid" }, "when": { "format": "date-time" }, "code": { "pattern": "^[A-Z]{2}-[0-9]+$" },
        "tags": { "uniqueItems": true, "contains": { "type": "string" } }, "level": { "enum": [1, 2, 3, "high"] } },
        "dependentRequired": { "when": ["id"] }, "propertyNames": { "maxLength": 64 } } } }
'''
"#;

/// A gateway before an engine that offers `Web.Fetch` and answers every call of it.
fn story() -> Story {
    under(DOCUMENT)
}

/// The same under another document.
fn under(document: &'static str) -> Story {
    let story = Story::of(document, &[("KEY_WIDE", WIDE), ("ENGINE_KEY", "account")]);
    story.script(|request| {
        let body = if request.url.contains("/v1/tools?") {
            json!({ "items": [tool()], "total_count": 1 })
        } else {
            json!({ "id": "tc", "execution_id": "te", "status": "success", "success": true, "duration": 1.0,
                "finished_at": "2026-01-01T00:00:00Z", "output": { "value": "ok" } })
        };
        Some((Millis::new(1), answer(200, &body)))
    });
    story
}

fn tool() -> Value {
    let parameter = |(name, schema): (&str, Value)| json!({ "name": name, "required": false, "value_schema": schema });
    let parameters: Vec<Value> = [
        ("url", json!({ "val_type": "string" })),
        ("urls", json!({ "val_type": "array", "inner_val_type": "string" })),
        ("q", json!({ "val_type": "string" })),
        ("lines", json!({ "val_type": "array", "inner_val_type": "string" })),
        ("n", json!({ "val_type": "number" })),
        ("i", json!({ "val_type": "integer" })),
        ("price", json!({ "val_type": "number" })),
        ("flag", json!({ "val_type": "boolean" })),
        ("opts", json!({ "val_type": "json" })),
        ("file", json!({ "val_type": "string" })),
        ("size", json!({ "val_type": "string", "enum": ["small", "large"] })),
        ("count", json!({ "val_type": "integer" })),
    ]
    .into_iter()
    .map(parameter)
    .collect();
    json!({ "name": "Fetch", "qualified_name": "Web.Fetch", "fully_qualified_name": "Web.Fetch@1.0.0",
        "toolkit": { "name": "Web", "version": "1.0.0" }, "input": { "parameters": parameters },
        "requirements": { "met": true } })
}

/// A call whose input is this JSON text.
fn body_of(input: &str) -> Vec<u8> {
    format!(r#"{{"tool_name":"Web.Fetch","user_id":"u1","input":{input}}}"#).into_bytes()
}

fn send(story: &Story, body: Vec<u8>) -> Answer {
    let pending = story.begin_bytes(WIDE, Method::Post, "/v1/tools/execute", body, &[]);
    story.world.run(|| pending.0.borrow().is_some());
    pending.take()
}

/// Calls that the engine was sent.
fn calls(story: &Story) -> usize {
    story.world.sent.borrow().iter().filter(|sent| sent.contains("/v1/tools/execute")).count()
}

/// A file of the vectors, by lines.
fn vectors(name: &str) -> Vec<String> {
    let path = format!("{}/../vectors/inputs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}
