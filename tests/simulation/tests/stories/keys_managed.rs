//! Issued keys as those who manage them see them: lists, roles that are gone, switches, and what may be given.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toolgate::words::method::Method;

use crate::keys::{DOCUMENT, LEAD, ROOT, SECRET, create, id_of, key_of, story, uses};
use crate::story::{Answer, Story};

fn list(story: &Story, by: &str, query: &str) -> Answer {
    story.ask(by, Method::Get, &format!("/gate/v1/keys?{query}"), &Value::Null, &[])
}

#[test]
fn a_list_is_walked_page_by_page_and_holds_one_tenants_keys() {
    let story = story(SECRET, "");
    let made: BTreeSet<String> = (0..23).map(|_| id_of(&key_of(&create(&story, LEAD, &Value::Null)))).collect();
    let other = id_of(&key_of(&create(&story, ROOT, &json!({"tenant": "b"}))));
    let walk = |by: &str, tenant: &str| {
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let page = list(&story, by, &format!("limit=5{tenant}{after}"));
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() == 5 || page["next"].is_null(), "{page}");
            ids.extend(items.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return ids,
            }
        }
    };
    let own = walk(LEAD, "");
    assert!(own.is_sorted() && own.iter().cloned().collect::<BTreeSet<_>>() == made && own.len() == 23);
    assert_eq!(walk(ROOT, "&tenant=b"), std::slice::from_ref(&other));
    let all = walk(ROOT, "&tenant=*");
    assert!(all.len() == 24 && all.contains(&other));
    assert_eq!(list(&story, LEAD, "tenant=b").refusal(), "action_not_permitted");
    assert_eq!(list(&story, LEAD, "tenant=*").refusal(), "action_not_permitted");
}

#[test]
fn a_role_that_is_gone_grants_nothing_and_is_seen_in_the_list() {
    let one = story(SECRET, "");
    let key = key_of(&create(&one, LEAD, &json!({"roles": ["math", "lead"]})));
    assert_eq!(uses(&one, &key), "ok");
    let document = DOCUMENT.replace("id = \"math\"", "id = \"arithmetic\"").replace("\"math\", ", "");
    let settings: Vec<(&str, &str)> =
        one.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let later = Story::of(Box::leak(document.into_boxed_str()), &settings).on(&one);
    assert_eq!(uses(&later, &key), "action_not_permitted");
    let shown = later.ask(ROOT, Method::Get, &format!("/gate/v1/keys/{}", id_of(&key)), &Value::Null, &[]).json();
    assert_eq!((&shown["roles"], &shown["roles_missing"]), (&json!(["math", "lead"]), &json!(["math"])));
    assert_eq!(create(&later, LEAD, &json!({"roles": ["math"]})).refusal(), "request_invalid");
}

#[test]
fn who_is_switched_off_manages_no_keys() {
    let story = story(SECRET, "");
    let key = key_of(&create(&story, LEAD, &Value::Null));
    let change = json!({"changes": [{"kill": "caller:lead"}]});
    assert_eq!(story.ask(ROOT, Method::Post, "/gate/v1/epochs", &change, &[]).status, 200);
    let at = format!("/gate/v1/keys/{}", id_of(&key));
    for (method, target) in
        [(Method::Get, "/gate/v1/keys"), (Method::Post, "/gate/v1/keys"), (Method::Get, &at), (Method::Delete, &at)]
    {
        assert_eq!(story.ask(LEAD, method, target, &Value::Null, &[]).refusal(), "killed", "{method:?} {target}");
    }
    assert_eq!(uses(&story, &key), "ok", "its keys are callers of their own");
    let change = json!({"changes": [{"kill": format!("caller:bot.{}", id_of(&key))}]});
    assert_eq!(story.ask(ROOT, Method::Post, "/gate/v1/epochs", &change, &[]).status, 200);
    assert_eq!(uses(&story, &key), "killed");
}

#[test]
fn forbidding_administration_leaves_the_administrators_tenant() {
    let policy = "[[policies]]\nid = \"keys\"\n\
        text = '@id(\"no-admin\") forbid (principal, action == Action::\"keys/admin\", resource);'\n";
    let document: &'static str = Box::leak(format!("{DOCUMENT}{policy}").into_boxed_str());
    let before = story(SECRET, "");
    let other = id_of(&key_of(&create(&before, ROOT, &json!({"tenant": "b"}))));
    let settings: Vec<(&str, &str)> =
        before.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let after = Story::of(document, &settings).on(&before);
    assert_eq!(create(&after, ROOT, &json!({"tenant": "b"})).refusal(), "grant_not_permitted");
    assert_eq!(list(&after, ROOT, "tenant=*").refusal(), "action_not_permitted");
    let at = format!("/gate/v1/keys/{other}");
    for method in [Method::Get, Method::Delete] {
        assert_eq!(after.ask(ROOT, method, &at, &Value::Null, &[]).refusal(), "key_unknown", "{method:?}");
    }
    assert_eq!(list(&after, ROOT, "").status, 200);
}

#[test]
fn a_key_makes_only_keys_that_are_no_wider() {
    let story = story(SECRET, "");
    let more = json!({"roles": ["math", "lead"], "users": ["u1"], "scopes": ["keys/write", "tools/call"]});
    let lead = key_of(&create(&story, LEAD, &more));
    let narrow = json!({"roles": ["math"], "users": ["u1"], "scopes": ["tools/call"]});
    let made = key_of(&create(&story, &lead, &narrow));
    assert_eq!(uses(&story, &made), "ok");
    for (member, wider) in [
        ("scopes", json!([])),
        ("scopes", json!(["tools/*"])),
        ("scopes", json!(["keys/*"])),
        ("roles", json!(["other"])),
        ("users", json!(["u2"])),
        ("users", json!(["*"])),
        ("projects", json!(["o/p"])),
        ("tenant", json!("b")),
    ] {
        let mut body = narrow.clone();
        body[member] = wider;
        let answer = create(&story, &lead, &body);
        assert_eq!(
            (answer.refusal(), answer.body.contains(&format!("({member})"))),
            ("grant_not_permitted", true),
            "{body}"
        );
    }
    let wide = id_of(&key_of(&create(&story, LEAD, &json!({"users": ["u2"]}))));
    let rotated = story.ask(&lead, Method::Post, &format!("/gate/v1/keys/{wide}/rotate"), &Value::Null, &[]);
    assert_eq!(rotated.refusal(), "grant_not_permitted", "who rotates a key holds it");
}
