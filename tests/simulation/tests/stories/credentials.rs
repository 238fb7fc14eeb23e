//! The gateway's own credentials: whose account a call is made with, and how a key is replaced without an outage.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::json;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Story, answer};

const DOCUMENT: &str = r#"
executors = [
  { id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY", credentials = [
    { tenant = "b", setting = "KEY_OF_B" },
    { tenant = "c", setting = "KEY_OF_C" },
  ] },
]
roles = [{ id = "all", actions = ["*"], tools = ["*"] }]

[[callers]]
id = "of-a"
tenant = "a"
keys = [{ id = "a-1", setting = "KEY_A" }]
roles = ["all"]
users = ["*"]

[[callers]]
id = "of-b"
tenant = "b"
keys = [{ id = "b-1", setting = "KEY_B" }]
roles = ["all"]
users = ["*"]

[[callers]]
id = "of-c"
tenant = "c"
keys = [{ id = "c-1", setting = "KEY_C" }]
roles = ["all"]
users = ["*"]
"#;

const A: &str = "canary-key-of-a-0123";
const B: &str = "canary-key-of-b-0123";
const C: &str = "canary-key-of-c-0123";
const SETTINGS: &[(&str, &str)] =
    &[("KEY_A", A), ("KEY_B", B), ("KEY_C", C), ("ENGINE_KEY", "general"), ("KEY_OF_B", "own-b")];

/// A story in which the engine lists one tool, accepts `accepted`, and all that it was shown for calls is noted.
fn story(settings: &[(&str, &str)], accepted: &'static [&'static str]) -> (Story, Rc<RefCell<Vec<String>>>) {
    let story = Story::of(DOCUMENT, settings);
    let shown = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&shown);
    story.script(move |request| {
        let credential = request.authorization.as_ref().unwrap().expose().strip_prefix("Bearer ").unwrap().to_owned();
        let is_accepted = accepted.contains(&credential.as_str());
        if request.method != Method::Get {
            noted.borrow_mut().push(credential);
        }
        let tool = json!({"name": "Search", "qualified_name": "Mail.Search", "fully_qualified_name": "Mail.Search@1.0.0",
            "toolkit": {"name": "Mail", "version": "1.0.0"}, "input": {"parameters": []}});
        let body = match (is_accepted, request.method) {
            (false, _) => return Some((Millis::new(1), answer(401, &json!({"name": "unauthorized", "message": "no"})))),
            (true, Method::Get) => json!({"items": [tool], "total_count": 1}),
            (true, _) => json!({"id": "x", "success": true, "output": {"value": 1}, "finished_at": "2026-01-01T00:00:00Z"}),
        };
        Some((Millis::new(1), answer(200, &body)))
    });
    (story, shown)
}

fn call(story: &Story, key: &str) -> String {
    let answer = story.execute(key, "Mail.Search", &json!({}));
    if answer.status == 200 { "ok".to_owned() } else { answer.refusal().to_owned() }
}

#[test]
fn a_tenant_never_falls_back_to_anothers_credential() {
    let (story, shown) = story(SETTINGS, &["general", "own-b"]);
    assert_eq!([call(&story, A), call(&story, B), call(&story, C)], ["ok", "ok", "executor_inactive"]);
    assert_eq!(*shown.borrow(), ["general", "own-b"]);
    let body = json!({"messages": []});
    let chat = |key| story.ask(key, Method::Post, "/v1/chat/completions", &body, &[]);
    assert_eq!((chat(B).status, chat(C).refusal()), (200, "engine_missing"));
    assert_eq!(*shown.borrow(), ["general", "own-b", "own-b"]);
}

#[test]
fn a_key_is_replaced_without_an_outage_in_either_order() {
    let both = [SETTINGS, &[("ENGINE_KEY_NEXT", "general-2")]].concat();
    // Not replaced yet; and replaced, which the list of tools finds out.
    for (accepted, expected) in [(&["general"], ["general", "general"]), (&["general-2"], ["general-2", "general-2"])] {
        let (story, shown) = story(&both, accepted);
        let calls = [call(&story, A), call(&story, A)];
        assert_eq!(calls, ["ok", "ok"], "{accepted:?}");
        assert_eq!(*shown.borrow(), expected);
    }
}

#[test]
fn a_refused_credential_is_tried_once_more_and_no_further() {
    let both = [SETTINGS, &[("ENGINE_KEY_NEXT", "general-2"), ("KEY_OF_B_NEXT", "own-b-2")]].concat();
    let (story, shown) = story(&both, &["general", "own-b-2"]);
    assert_eq!([call(&story, A), call(&story, B), call(&story, B)], ["ok", "ok", "ok"]);
    assert_eq!(*shown.borrow(), ["general", "own-b", "own-b-2", "own-b-2"]);
    let (story, shown) = self::story(&both, &["general"]);
    assert_eq!([call(&story, A), call(&story, B)], ["ok", "upstream_refused_credential"]);
    assert_eq!(*shown.borrow(), ["general", "own-b", "own-b-2"]);
}
