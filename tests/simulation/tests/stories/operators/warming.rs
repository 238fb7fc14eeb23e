//! Calls that are made so that their answers are cached.

use serde_json::{Value, json};
use toolgate::words::method::Method;

use super::{A, ADMIN, B, CALLS, DOCUMENT, FACTS, is_hit, office, office_of, post};
use crate::story::Answer;

fn outcomes(warmed: &Answer) -> Vec<(u64, String)> {
    let items = warmed.json()["items"].as_array().unwrap().clone();
    let item = |item: &Value| (item["item"].as_u64().unwrap(), item["outcome"].as_str().unwrap().to_owned());
    items.iter().map(item).collect()
}

fn told(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(item, outcome)| (*item, (*outcome).to_owned())).collect()
}

#[test]
fn the_scheduled_job_fills_the_cache_and_a_caller_hits() {
    let office = office();
    office.story.scheduled();
    assert_eq!(office.runs.borrow().len(), 2, "one for each tenant, and none that changes something");
    office.story.pass(100);
    for isolate in [&office.story, &office.story.isolate()] {
        assert!(is_hit(isolate, CALLS[0]) && is_hit(isolate, CALLS[5]));
    }
    let logged = office.story.logged().join("\n");
    let line = |text: &str| logged.lines().find(|line| line.contains(text)).unwrap_or_default().to_owned();
    let not_warmed = line("not_warmed");
    assert!(not_warmed.contains("Mail.Send") && not_warmed.contains(r#""cache":"mutates""#), "{not_warmed}");
    assert!(line(r#""operation":"cache/warm""#).contains(r#""caller":":warm""#));
    // What is kept will do; what is about to end is fetched anew, before it ends.
    office.story.scheduled();
    office.story.pass(3_600_000 * 8 / 10);
    office.story.scheduled();
    assert_eq!(office.runs.borrow().len(), 2);
    office.story.pass(3_600_000 * 15 / 100);
    office.story.scheduled();
    assert_eq!(office.runs.borrow().len(), 4);
    office.story.pass(3_600_000 / 10);
    assert!(is_hit(&office.story, CALLS[0]) && is_hit(&office.story.isolate(), CALLS[5]));
    // What was made stale is fetched anew, too.
    post(&office.story, A, "invalidate", &json!({"scope": "tenant"}));
    office.story.scheduled();
    assert_eq!(office.runs.borrow().len(), 5);
}

#[test]
fn a_caller_warms_its_own_tenant_and_hears_of_no_other() {
    let office = office();
    let own = post(&office.story, B, "warm", &Value::Null);
    assert_eq!(outcomes(&own), told(&[(1, "warmed")]), "{own:?}");
    assert_eq!(office.runs.borrow().len(), 1);
    office.story.pass(100);
    let all = post(&office.story, ADMIN, "warm", &Value::Null);
    assert_eq!(outcomes(&all), told(&[(0, "warmed"), (1, "fresh"), (2, "mutates")]), "{all:?}");
    assert_eq!(post(&office.story, FACTS, "warm", &Value::Null).refusal(), "action_not_permitted");
    // Whoever switches the tenant off switches this off, too.
    post(&office.story, ADMIN, "invalidate", &json!({"scope": "all"}));
    let kill = json!({"changes": [{"kill": "tenant:b"}]});
    assert_eq!(office.story.ask(ADMIN, Method::Post, "/gate/v1/epochs", &kill, &[]).status, 200);
    let all = post(&office.story, ADMIN, "warm", &Value::Null);
    assert_eq!(outcomes(&all), told(&[(0, "warmed"), (1, "killed"), (2, "mutates")]), "{all:?}");
}

#[test]
fn a_run_has_an_end() {
    let many: String = (0..20)
        .map(|n| format!("[[cache.warm]]\ntenant = \"a\"\ntool = \"Docs.Get\"\ninput = '{{\"n\":{}}}'\n", n + 10))
        .collect();
    let office = office_of(Box::leak(format!("{DOCUMENT}\n{many}").into_boxed_str()));
    let first = outcomes(&post(&office.story, A, "warm", &Value::Null));
    let of = |outcomes: &[(u64, String)], word: &str| outcomes.iter().filter(|(_, outcome)| outcome == word).count();
    assert_eq!(
        (first.len(), of(&first, "warmed") + of(&first, "mutates"), of(&first, "later")),
        (22, 16, 6),
        "{first:?}"
    );
    let second = outcomes(&post(&office.story, A, "warm", &Value::Null));
    assert_eq!((of(&second, "later"), of(&second, "warmed") + of(&first, "warmed")), (0, 21), "{second:?}");
}
