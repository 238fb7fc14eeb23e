//! Rate limits, request by request: who is counted with whom, what is told, and what a refusal costs.

use serde_json::{Value, json};
use toolgate::words::method::Method;

use crate::story::{Answer, NARROW, Story, WIDE};

const DOCUMENT: &str = r#"
executors = [{ id = "local", kind = "local" }]

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]

[[callers]]
id = "narrow"
tenant = "a"
keys = [{ id = "narrow-1", setting = "KEY_NARROW" }]
actions = ["tools/*"]
tools = ["Calc.Plus"]
users = ["*"]

[[rate.limits]]
id = "each"
per = ["caller"]
requests = 6
window = "60s"
burst = 3

[[rate.limits]]
id = "adding"
per = ["tenant", "tool"]
tools = ["Calc.Plus"]
requests = 2
window = "60s"

[[rate.limits]]
id = "tried"
per = []
requests = 1
window = "60s"
mode = "dry_run"
"#;

fn story() -> Story {
    Story::of(DOCUMENT, &[("KEY_WIDE", WIDE), ("KEY_NARROW", NARROW)])
}

fn add(story: &Story, key: &str) -> Answer {
    story.execute(key, "Calc.Plus", &json!({"a": "1", "b": "2"}))
}

fn list(story: &Story, key: &str) -> Answer {
    story.ask(key, Method::Get, "/v1/tools/Calc.Plus", &Value::Null, &[])
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", String::as_str)
}

#[test]
fn each_caller_has_its_own_and_is_told_how_much() {
    let story = story();
    for left in [2, 1, 0] {
        let answer = list(&story, WIDE);
        assert_eq!((answer.status, header(&answer, "ratelimit-policy")), (200, "\"each\";q=6;w=60"));
        assert_eq!(header(&answer, "ratelimit"), format!("\"each\";r={left}"));
    }
    let refused = list(&story, WIDE);
    assert_eq!((refused.status, refused.refusal()), (429, "rate_limited"));
    assert!(refused.json()["message"].as_str().unwrap().ends_with("(each)"), "{refused:?}");
    assert_eq!((header(&refused, "retry-after"), header(&refused, "x-should-retry")), ("10", "true"));
    assert!(header(&refused, "ratelimit").starts_with("\"each\";r=0;t="), "{refused:?}");
    assert_eq!(list(&story, NARROW).status, 200, "another caller");
    assert_eq!(list(&story.isolate(), WIDE).status, 429, "another isolate");
    assert_eq!(story.ask(WIDE, Method::Get, "/metrics", &Value::Null, &[]).status, 200, "operators are not limited");
}

#[test]
fn a_tool_killed_while_a_limits_owner_answers_is_not_called() {
    let document = DOCUMENT.replacen("[[rate", "[rate]\nfail_mode = \"open\"\n\n[[rate", 1);
    let document = Box::leak(format!("epochs = {{ lease = \"1s\" }}\n{document}").into_boxed_str());
    let story = Story::of(document, &[("KEY_WIDE", WIDE), ("KEY_NARROW", NARROW)]);
    assert_eq!(add(&story, WIDE).status, 200);
    story.world.lost_owners.borrow_mut().push("rate/");
    let call = json!({"tool_name": "Calc.Plus", "input": {"a": "1", "b": "2"}});
    let waiting = story.begin(NARROW, Method::Post, "/v1/tools/execute", &call, &[]);
    let kill = json!({"changes": [{"kill": "tool:Calc.Plus"}]});
    assert_eq!(story.isolate().ask(WIDE, Method::Post, "/gate/v1/epochs", &kill, &[]).status, 200);
    assert!(waiting.0.borrow().is_none(), "the owner does not answer at once");
    story.world.run(|| waiting.0.borrow().is_some());
    assert_eq!(waiting.take().refusal(), "killed");
}

#[test]
fn a_request_that_one_limit_refuses_costs_nothing_of_the_others() {
    let story = story();
    for _ in 0..2 {
        let answer = add(&story, WIDE);
        assert_eq!(
            (answer.status, header(&answer, "ratelimit-policy")),
            (200, "\"each\";q=6;w=60, \"adding\";q=2;w=60")
        );
        assert!(
            !header(&answer, "ratelimit").contains("adding"),
            "what others use of a shared limit is theirs: {answer:?}"
        );
    }
    for _ in 0..5 {
        let refused = add(&story, WIDE);
        assert!(refused.status == 429 && refused.json()["message"].as_str().unwrap().ends_with("(adding)"));
    }
    assert_eq!(add(&story, NARROW).status, 429, "the tenant's calls of the tool are counted together");
    assert_eq!(header(&list(&story, WIDE), "ratelimit"), "\"each\";r=0", "one of three was left");
}

#[test]
fn a_denied_request_takes_no_tokens_and_a_dry_run_only_reports() {
    let story = story();
    for _ in 0..5 {
        assert_eq!(story.execute(NARROW, "Calc.Minus", &json!({"a": "1", "b": "2"})).refusal(), "tool_not_permitted");
    }
    assert_eq!(header(&list(&story, NARROW), "ratelimit"), "\"each\";r=2");
    assert_eq!(list(&story, NARROW).status, 200);
    let metrics = story.ask(WIDE, Method::Get, "/metrics", &Value::Null, &[]).body;
    for line in [
        "toolgate_rate_total{limit=\"each\",outcome=\"admitted\"} 2\n",
        "toolgate_rate_total{limit=\"tried\",outcome=\"admitted\"} 1\n",
        "toolgate_rate_total{limit=\"tried\",outcome=\"would_refuse\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
