//! Operators and the cache: they invalidate by scope, look into it, fill it, and read what it saved.

mod warming;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, Story, answer};

const LEASE_MS: u64 = 2_000;

/// A tenant each with everything but what is about other tenants, an administrator, and a caller that sees facts only.
const DOCUMENT: &str = r#"
executors = [{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }]
epochs = { lease = "2s" }
execute = { timeout = "8s", max_retries = 0 }

[cache]
price_per_million_tokens = "2"
rules = [
  { tools = ["Docs.*"], ttl = "1h", tags = ["crm"], price_per_call = "0.5" },
  { tools = ["Mail.Search"], ttl = "1h", tags = ["crm", "mail"] },
  { tools = ["Odd.*"], ttl = "1h", scope = "shared" },
]

[[cache.warm]]
tenant = "a"
tool = "Docs.Get"
input = '{"n":1}'
user = "u1"

[[cache.warm]]
tenant = "b"
tool = "Docs.Get"
input = '{"n":1}'
user = "u1"

[[cache.warm]]
tenant = "a"
tool = "Mail.Send"
user = "u1"

[[roles]]
id = "all"
actions = ["tools/call", "cache/read", "cache/values", "cache/invalidate", "cache/warm"]
tools = ["*"]

[[callers]]
id = "a"
tenant = "a"
keys = [{ id = "a-1", setting = "KEY_A" }]
roles = ["all"]
users = ["*"]
projects = ["o/p"]

[[callers]]
id = "b"
tenant = "b"
keys = [{ id = "b-1", setting = "KEY_B" }]
roles = ["all"]
users = ["*"]

[[callers]]
id = "facts"
tenant = "a"
keys = [{ id = "facts-1", setting = "KEY_FACTS" }]
actions = ["tools/call", "cache/read"]
tools = ["Docs.*"]
users = ["u1"]

[[callers]]
id = "blind"
tenant = "a"
keys = [{ id = "blind-1", setting = "KEY_BLIND" }]
actions = ["cache/read"]
tools = ["*"]
users = ["*"]

[[callers]]
id = "admin"
tenant = "operations"
keys = [{ id = "admin-1", setting = "KEY_ADMIN" }]
actions = ["cache/*", "metrics/read", "epochs/*"]
tools = ["*"]
"#;

const A: &str = "canary-key-a-0123456";
const B: &str = "canary-key-b-0123456";
const FACTS: &str = "canary-key-facts-0123";
const BLIND: &str = "canary-key-blind-0123";
const ADMIN: &str = "canary-key-admin-0123";

/// A world with one isolate, an executor that numbers its runs, and all that was asked of it.
struct Office {
    story: Story,
    runs: Rc<RefCell<Vec<String>>>,
}

fn office_of(document: &'static str) -> Office {
    let settings = [("KEY_A", A), ("KEY_B", B), ("KEY_FACTS", FACTS), ("KEY_BLIND", BLIND), ("KEY_ADMIN", ADMIN)];
    let settings: Vec<_> = settings.into_iter().chain([("ENGINE_KEY", "account")]).collect();
    let story = Story::of(document, &settings);
    let runs = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&runs);
    story.script(move |request| {
        request.url.ends_with("/tools/execute").then(|| {
            told.borrow_mut().push(String::from_utf8_lossy(&request.body).into_owned());
            let output = json!({"value": format!("canary-value-{}", told.borrow().len())});
            let whole =
                json!({"success": true, "duration": 250, "finished_at": "2026-01-01T00:00:00Z", "output": output});
            (Millis::new(1), answer(200, &whole))
        })
    });
    Office { story, runs }
}

fn office() -> Office {
    office_of(DOCUMENT)
}

/// A call: who, which tool, for whom, and the number in its input.
type Call = (&'static str, &'static str, &'static str, u64);

const CALLS: [Call; 8] = [
    (A, "Docs.Get", "u1", 1),
    (A, "Docs.Get", "u1", 2),
    (A, "Docs.Get", "u2", 1),
    (A, "Mail.Search", "u1", 1),
    (A, "Odd.Thing", "u1", 1),
    (B, "Docs.Get", "u1", 1),
    (B, "Mail.Search", "u1", 1),
    (B, "Odd.Thing", "u1", 1),
];

fn body((_, tool, user, number): Call) -> Value {
    json!({"tool_name": tool, "user_id": user, "input": {"n": number}})
}

fn call(story: &Story, of: Call) -> Answer {
    let done = story.ask(of.0, Method::Post, "/v1/tools/execute", &body(of), &[]);
    assert_eq!(done.status, 200, "{of:?} {done:?}");
    done
}

fn is_hit(story: &Story, of: Call) -> bool {
    call(story, of).headers["cache-status"].contains("; hit")
}

fn post(story: &Story, key: &str, what: &str, body: &Value) -> Answer {
    story.ask(key, Method::Post, &format!("/gate/v1/cache/{what}"), body, &[])
}

#[test]
fn each_scope_makes_stale_what_it_names_and_nothing_else() {
    let digest = {
        let office = office();
        call(&office.story, CALLS[1]);
        post(&office.story, A, "lookup", &body(CALLS[1])).json()["key"].as_str().unwrap().to_owned()
    };
    // Who asks for it, what is asked for, and the calls that ask the executor again.
    let scopes: [(&str, Value, &[usize]); 12] = [
        (A, json!({"scope": "tenant"}), &[0, 1, 2, 3, 4]),
        (A, json!({"scope": "toolkit", "toolkit": "Docs"}), &[0, 1, 2]),
        (A, json!({"scope": "tool", "tool": "Docs.Get"}), &[0, 1, 2]),
        (A, json!({"scope": "tag", "tag": "mail"}), &[3]),
        (A, json!({"scope": "tag", "tag": "crm"}), &[0, 1, 2, 3]),
        (A, json!({"scope": "user", "user_id": "u1"}), &[0, 1, 3]),
        (A, json!({"scope": "key", "key": digest}), &[1]),
        // A key's digest is no way into another tenant.
        (B, json!({"scope": "key", "key": digest}), &[]),
        (B, json!({"scope": "tool", "tool": "odd.thing"}), &[7]),
        (ADMIN, json!({"scope": "tag", "tag": "mail", "tenant": "b"}), &[6]),
        (ADMIN, json!({"scope": "key", "key": digest, "tenant": "a"}), &[1]),
        (ADMIN, json!({"scope": "all"}), &[0, 1, 2, 3, 4, 5, 6, 7]),
    ];
    for (key, scope, gone) in scopes {
        let office = office();
        let other = office.story.isolate();
        for of in CALLS {
            call(&office.story, of);
            call(&other, of);
        }
        let known: u64 = office.runs.borrow().len().try_into().unwrap();
        assert!(known >= 8);
        let done = post(&office.story, key, "invalidate", &scope);
        assert_eq!((done.status, &done.json()["scope"]), (200, &scope["scope"]), "{scope} {done:?}");
        assert_eq!(done.json()["holds_within_ms"], LEASE_MS);
        assert!(done.json()["version"].as_u64().unwrap() > 0);
        // On another isolate, by the lease at the latest; nothing that is fetched anew may be seen by the first one.
        other.pass(LEASE_MS);
        let missed: Vec<usize> = (0..CALLS.len()).filter(|of| !is_hit(&other, CALLS[*of])).collect();
        assert_eq!(missed, gone, "{scope}");
    }
}

#[test]
fn the_isolate_that_answers_knows_at_once() {
    let office = office();
    call(&office.story, CALLS[0]);
    assert!(is_hit(&office.story, CALLS[0]));
    assert_eq!(post(&office.story, A, "invalidate", &json!({"scope": "user", "user_id": "u1"})).status, 200);
    assert!(!is_hit(&office.story, CALLS[0]));
}

#[test]
fn another_tenants_answers_are_an_administrators_affair() {
    let office = office();
    for of in CALLS {
        call(&office.story, of);
    }
    for (key, scope) in [
        (A, json!({"scope": "tenant", "tenant": "b"})),
        (A, json!({"scope": "tool", "tool": "Docs.Get", "tenant": "b"})),
        (A, json!({"scope": "all"})),
        (FACTS, json!({"scope": "tenant"})),
    ] {
        let refused = post(&office.story, key, "invalidate", &scope);
        assert_eq!((refused.status, refused.refusal()), (403, "action_not_permitted"), "{scope}");
    }
    office.story.pass(LEASE_MS);
    assert!(CALLS.into_iter().all(|of| is_hit(&office.story, of)));
}

#[test]
fn an_invalidation_that_could_mean_something_else_is_refused() {
    let office = office();
    for (scope, said) in [
        (json!({}), "scope: must be"),
        (json!({"scope": "everything"}), "scope: must be"),
        (json!({"scope": "all", "tenant": "a"}), "takes nothing else"),
        (json!({"scope": "tenant", "tool": "Docs.Get"}), "takes tenant, and no other"),
        (json!({"scope": "tool", "tool": "Docs.Get", "user_id": "u1"}), "takes tenant and tool"),
        (json!({"scope": "tool"}), "tool: is missing"),
        (json!({"scope": "tool", "tool": "Docs"}), "tool: must be"),
        (json!({"scope": "toolkit", "toolkit": "Docs.Get"}), "toolkit: must be"),
        (json!({"scope": "tag", "tag": "cmr"}), "tag: no rule"),
        (json!({"scope": "user", "user_id": ""}), "user_id: must be"),
        (json!({"scope": "user", "user_id": 7}), "user_id: must be a string"),
        (json!({"scope": "key", "key": "abc"}), "key: must be 64"),
        (json!({"scope": "tenant", "tenant": "a b"}), "tenant: must be"),
    ] {
        let refused = post(&office.story, ADMIN, "invalidate", &scope);
        assert_eq!((refused.refusal(), refused.body.contains(said)), ("request_invalid", true), "{scope} {refused:?}");
    }
}

#[test]
fn a_look_up_tells_the_facts_and_asks_no_executor() {
    let office = office();
    let look = |key, of| post(&office.story, key, "lookup", &body(of));
    let before = look(A, CALLS[0]).json();
    assert_eq!((&before["cacheable"], &before["memory"]["standing"]), (&json!(true), &json!("absent")), "{before}");
    call(&office.story, CALLS[0]);
    office.story.pass(700);
    let told = look(A, CALLS[0]).json();
    for tier in ["memory", "store"] {
        let facts = &told[tier];
        assert_eq!(facts["standing"], "servable", "{told}");
        assert_eq!(facts["output"], json!({"value": "canary-value-1"}));
        assert!(facts["age_ms"].as_u64().unwrap() >= 700 && facts["bytes"].as_u64().unwrap() > 100, "{told}");
        assert_eq!((&facts["milliseconds"], &facts["epoch"]), (&json!(250), &json!(0)));
    }
    assert_eq!((&told["ttl_ms"], &told["scope"], &told["floor"]), (&json!(3_600_000), &json!("user"), &json!(0)));
    // The store is nobody's memory.
    let elsewhere = post(&office.story.isolate(), A, "lookup", &body(CALLS[0])).json();
    assert_eq!(
        (&elsewhere["memory"]["standing"], &elsewhere["store"]["standing"]),
        (&json!("absent"), &json!("servable"))
    );
    post(&office.story, A, "invalidate", &json!({"scope": "tag", "tag": "crm"}));
    let stale = look(A, CALLS[0]).json();
    assert_eq!((&stale["memory"]["standing"], &stale["floor"]), (&json!("invalidated"), &json!(1)), "{stale}");
    call(&office.story, CALLS[5]);
    office.story.pass(3_700_000);
    assert_eq!(look(B, CALLS[5]).json()["memory"]["standing"], "expired");
    let sent = look(A, (A, "Mail.Send", "u1", 1)).json();
    assert_eq!((&sent["cacheable"], &sent["bypass"]), (&json!(false), &json!("mutates")));
    assert_eq!(office.runs.borrow().len(), 2);
}

#[test]
fn values_are_shown_only_to_those_who_may_see_them() {
    let office = office();
    call(&office.story, CALLS[0]);
    let told = post(&office.story, FACTS, "lookup", &body(CALLS[0]));
    assert_eq!((told.status, &told.json()["memory"]["standing"]), (200, &json!("servable")), "{told:?}");
    assert!(!told.body.contains("canary-value"), "{told:?}");
    assert!(post(&office.story, A, "lookup", &body(CALLS[0])).body.contains("canary-value-1"));
    // Another tenant's look-up is about its own entry, of which there is none.
    let others = post(&office.story, B, "lookup", &body(CALLS[0]));
    assert_eq!(others.json()["memory"]["standing"], "absent");
}

#[test]
fn a_look_up_is_admitted_as_the_call_would_be() {
    let office = office();
    call(&office.story, CALLS[0]);
    for (key, of, refusal) in [
        (BLIND, CALLS[0], "action_not_permitted"),
        (FACTS, CALLS[2], "user_not_permitted"),
        (FACTS, CALLS[3], "tool_not_permitted"),
        (A, (A, "Docs.Gte", "u1", 1), "tool_unknown"),
    ] {
        let refused = post(&office.story, key, "lookup", &body(of));
        assert_eq!(refused.refusal(), refusal, "{of:?} {refused:?}");
    }
    let mut elsewhere = body(CALLS[0]);
    elsewhere["project"] = json!("o/q");
    assert_eq!(post(&office.story, A, "lookup", &elsewhere).refusal(), "project_not_permitted");
    elsewhere["project"] = json!("o/p");
    // The tools of a project are fetched, and then everything is decided anew.
    assert_eq!(post(&office.story, A, "lookup", &elsewhere).refusal(), "registry_unavailable");
    let told = post(&office.story, A, "lookup", &elsewhere).json();
    assert_eq!((&told["cacheable"], &told["memory"]["standing"]), (&json!(true), &json!("absent")), "{told}");
    assert_eq!(post(&office.story, ADMIN, "lookup", &body(CALLS[0])).refusal(), "action_not_permitted");
}

#[test]
fn hits_count_what_they_save() {
    let office = office();
    for _ in 0..4 {
        call(&office.story, CALLS[0]);
    }
    call(&office.story, CALLS[3]);
    call(&office.story, CALLS[3]);
    let metrics = office.story.ask(ADMIN, Method::Get, "/metrics", &Value::Null, &[]).body;
    // {"value":"canary-value-1"}: 26 bytes, 6 tokens, at 2 a million; and half a unit a call.
    for line in [
        "toolgate_cache_saved_seconds_total{tool=\"docs.get\"} 0.75",
        "toolgate_cache_saved_tokens_total{tool=\"docs.get\"} 18",
        "toolgate_cache_saved_cost_total{tool=\"docs.get\"} 1.500036",
        "toolgate_cache_saved_seconds_total{tool=\"mail.search\"} 0.25",
        "toolgate_cache_saved_cost_total{tool=\"mail.search\"} 0.000012",
    ] {
        assert!(metrics.contains(&format!("{line}\n")), "{line} in {metrics}");
    }
    let read = |key| office.story.ask(key, Method::Get, "/gate/v1/cache", &Value::Null, &[]).json();
    let all = read(A);
    assert_eq!(all["saved"], json!({"milliseconds": 1_000, "tokens": 24, "cost": "1.500048"}), "{all}");
    assert_eq!(all["outcomes"], json!({"hit_memory": 4, "miss_stored": 2}));
    assert_eq!((&all["strategy"], &all["memory"]["entries"]), (&json!("hybrid"), &json!(2)));
    assert!(all["memory"]["bytes"].as_u64().unwrap() < all["memory"]["bound"].as_u64().unwrap());
    let tools = |told: &Value| {
        let tools = told["saved_by_tool"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["tool"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (tools(&all), tools(&read(FACTS))),
        (vec!["docs.get".into(), "mail.search".into()], vec!["docs.get".into()])
    );
}
