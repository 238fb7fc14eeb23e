//! Policies in the gateway: what is listed and called, and what a refusal says.

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::words::method::Method;

use crate::story::Story;

const DOCUMENT: &str = r#"
executors = [{ id = "local", kind = "local" }]
policy = { country_header = true }

[[callers]]
id = "agent"
tenant = "acme"
keys = [{ id = "agent-1", setting = "AGENT" }]
actions = ["tools/*", "metrics/read", "explain/read", "epochs/read"]
tools = ["Calc.*"]
users = ["*"]

[[callers]]
id = "guest"
tenant = "acme"
keys = [{ id = "guest-1", setting = "GUEST" }]
users = ["*"]

[[policies]]
id = "rules"
text = '''
@id("no-subtraction") forbid (principal, action == Action::"tools/call", resource == Tool::"Calc.Minus");
@id("small") forbid (principal, action == Action::"tools/call", resource == Tool::"Calc.Plus")
  unless { context.arguments.a != "13" };
@id("guests-round") permit (principal == Caller::"guest", action in Action::"tools/*", resource == Tool::"Calc.Rounded")
  when { context has country && context.country == "DE" };
@id("own-users") forbid (principal == Caller::"agent", action, resource) when { context has user && context.user == "eve" };
@id("no-epochs") forbid (principal, action == Action::"epochs/read", resource);
'''

[[policies]]
id = "planned"
mode = "dry_run"
text = '@id("no-root") forbid (principal, action, resource == Tool::"Calc.Root");'
"#;

const AGENT: &str = "agents-key-0123456789";
const GUEST: &str = "guests-key-0123456789";

fn story() -> Story {
    Story::of(DOCUMENT, &[("AGENT", AGENT), ("GUEST", GUEST)])
}

fn names(story: &Story, key: &str, query: &str, headers: &[(Header, &str)]) -> Vec<String> {
    let answer = story.ask(key, Method::Get, &format!("/v1/tools?limit=100{query}"), &Value::Null, headers);
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["qualified_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_policy_forbids_is_neither_called_nor_listed() {
    let story = story();
    let refused = story.execute(AGENT, "Calc.Minus", &json!({"a": "2", "b": "1"}));
    assert_eq!((refused.status, refused.refusal()), (403, "policy_denied"), "{refused:?}");
    assert!(refused.json()["message"].as_str().unwrap().contains("no-subtraction"), "{refused:?}");
    let listed = names(&story, AGENT, "", &[]);
    assert!(!listed.contains(&"Calc.Minus".to_owned()) && listed.contains(&"Calc.Plus".to_owned()), "{listed:?}");
    let get = story.ask(AGENT, Method::Get, "/v1/tools/Calc.Minus", &Value::Null, &[]);
    assert_eq!(get.refusal(), "policy_denied", "{get:?}");
    assert!(names(&story, AGENT, "&user_id=eve", &[]).is_empty());
}

#[test]
fn arguments_decide_and_what_is_missing_is_an_error() {
    let story = story();
    assert_eq!(story.execute(AGENT, "Calc.Plus", &json!({"a": "12", "b": "1"})).status, 200);
    assert_eq!(story.execute(AGENT, "Calc.Plus", &json!({"a": "13", "b": "1"})).refusal(), "policy_denied");
    let missing = story.execute(AGENT, "Calc.Plus", &json!({"b": "1"}));
    assert_eq!((missing.status, missing.refusal()), (403, "policy_error"), "{missing:?}");
    assert!(missing.json()["message"].as_str().unwrap().contains("small: missing"), "{missing:?}");
    let of_eve = json!({"tool_name": "Calc.Times", "user_id": "eve", "input": {"a": "2", "b": "1"}});
    let of_eve = story.ask(AGENT, Method::Post, "/v1/tools/execute", &of_eve, &[]);
    assert_eq!(of_eve.refusal(), "policy_denied", "{of_eve:?}");
}

#[test]
fn a_policy_permits_what_no_grant_does() {
    let story = story();
    let from = |country| [(Header::CfIpcountry, country)];
    let floor = json!({"tool_name": "Calc.Rounded", "input": {"a": "1.5"}});
    let call = |headers: &[(Header, &str)]| story.ask(GUEST, Method::Post, "/v1/tools/execute", &floor, headers);
    assert_eq!(call(&from("DE")).status, 200);
    assert_eq!(call(&from("FR")).refusal(), "action_not_permitted");
    assert_eq!(call(&[]).refusal(), "action_not_permitted");
    assert_eq!(names(&story, GUEST, "", &from("DE")), ["Calc.Rounded"]);
    let other = story.ask(
        GUEST,
        Method::Post,
        "/v1/tools/execute",
        &json!({"tool_name": "Calc.Times", "input": {}}),
        &from("DE"),
    );
    assert_eq!(other.refusal(), "tool_not_permitted", "{other:?}");
}

#[test]
fn other_actions_are_asked_about_too_and_dry_runs_only_counted() {
    let story = story();
    let epochs = story.ask(AGENT, Method::Get, "/gate/v1/epochs", &Value::Null, &[]);
    assert_eq!((epochs.status, epochs.refusal()), (403, "policy_denied"), "{epochs:?}");
    assert_eq!(story.execute(AGENT, "Calc.Root", &json!({"a": "4"})).status, 200);
    let metrics = story.ask(AGENT, Method::Get, "/metrics", &Value::Null, &[]);
    assert!(metrics.body.contains("toolgate_policy_dry_run_total{would=\"policy_denied\"} 1"), "{metrics:?}");
    let id = epochs.json()["request_id"].as_str().unwrap().to_owned();
    story.world.run(|| false);
    let explained = story.ask(AGENT, Method::Get, &format!("/gate/v1/explain/{id}"), &Value::Null, &[]);
    assert_eq!(explained.json()["policy"], "no-epochs", "{explained:?}");
    assert!(explained.json()["policy_depends"].as_str().unwrap().contains("principal.id"), "{explained:?}");
}

#[test]
fn a_chat_under_policies_names_its_tools() {
    const OPEN: &str = r#"
executors = [{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }]

[[callers]]
id = "agent"
tenant = "acme"
keys = [{ id = "agent-1", setting = "AGENT" }]
actions = ["*"]
tools = ["*"]
users = ["*"]
"#;
    const POLICY: &str =
        "[[policies]]\nid = \"p\"\ntext = '''forbid (principal, action, resource in Toolkit::\"Mail\");'''\n";
    let settings = [("AGENT", AGENT), ("ENGINE_KEY", "account")];
    let body = json!({"messages": [], "tool_choice": "generate"});
    let chat = |document: &'static str| {
        let story = Story::of(document, &settings);
        story.ask(AGENT, Method::Post, "/v1/chat/completions", &body, &[]).refusal().to_owned()
    };
    assert_ne!(chat(OPEN), "tools_unnamed");
    assert_eq!(chat([OPEN, POLICY].concat().leak()), "tools_unnamed");
}
