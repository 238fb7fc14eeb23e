//! Routes of calls: who is asked, who is not and why, what is made again, and what everybody is told of it.

mod beside;
mod circuits;
mod fit;
mod nobody;
mod order;
mod repeated;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::{OriginError, OriginRequest, OriginResponse};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, Pending, Story, answer};

/// May do everything.
const OPERATOR: &str = "key-of-operator-0123456789";
/// Of the same tenant, and may only call.
const AGENT: &str = "key-of-agent-0123456789";
/// May do everything, in another tenant.
const STRANGER: &str = "key-of-stranger-0123456789";

const CALLERS: &str = r#"
[[callers]]
id = "operator"
tenant = "acme"
keys = [{ id = "operator-1", setting = "KEY_OPERATOR" }]
actions = ["*"]
tools = ["*"]
users = ["*"]

[[callers]]
id = "agent"
tenant = "acme"
keys = [{ id = "agent-1", setting = "KEY_AGENT" }]
actions = ["tools/call"]
tools = ["*"]
users = ["*"]

[[callers]]
id = "stranger"
tenant = "zenith"
keys = [{ id = "stranger-1", setting = "KEY_STRANGER" }]
actions = ["*"]
tools = ["*"]
users = ["*"]
"#;

/// The act of an executor on a call.
#[derive(Clone, Copy)]
enum Does {
    /// It answers its own name after so many milliseconds.
    Answers(u64),
    /// It answers this status.
    Status(u16),
    /// It limits how often it is called, and says for how many milliseconds not to come.
    Throttles(u64),
    /// The exchange ends like this; after the whole time, if that is what it ran into.
    Fails(OriginError),
    /// Its tool fails for now, and says after how many milliseconds it may be asked again.
    Later(u64),
}

/// The executors of a story, by their ids.
#[derive(Default)]
struct Executors {
    /// Their acts on calls, one after the other; the last for good.
    does: RefCell<BTreeMap<String, Vec<Does>>>,
    /// The status of their health pages, unless that is 200.
    health: RefCell<BTreeMap<String, u16>>,
    /// The tools that they offer, unless they are the usual ones.
    offers: RefCell<BTreeMap<String, Value>>,
    /// The executors that were asked, with the tool, in order.
    asked: RefCell<Vec<String>>,
}

struct Scene {
    story: Story,
    executors: Rc<Executors>,
    /// No two calls have the same arguments.
    next: Cell<u64>,
}

/// A worker, with these members besides.
fn worker(id: &str, more: &str) -> String {
    executor("worker", id, more)
}

/// An engine, with these members besides.
fn engine(id: &str, more: &str) -> String {
    executor("engine", id, more)
}

fn executor(kind: &str, id: &str, more: &str) -> String {
    let head = format!("[[executors]]\nid = \"{id}\"\nkind = \"{kind}\"\nbase_url = \"http://{id}\"\n");
    format!("{head}credential_setting = \"SECRET\"\n{more}\n")
}

/// The workers `a` and `b` on one route with these members, under a document with these sections.
fn two(route: &str, more: &str) -> Scene {
    let route = format!("executors = [\"a\", \"b\"]\n{route}");
    scene(&[worker("a", ""), worker("b", "")], &route, more)
}

/// Only the worker `a`.
fn one(more: &str) -> Scene {
    scene(&[worker("a", "")], "executors = [\"a\"]", more)
}

/// These executors, a route with these members, and these sections. Nothing is kept unless they say so.
fn scene(executors: &[String], route: &str, more: &str) -> Scene {
    let cache = if more.contains("[cache]") { "" } else { "[cache]\nstrategy = \"off\"\n" };
    let executors = executors.concat();
    let route = format!("[[routes]]\ntools = [\"Docs.*\", \"Calc.*\"]\n{route}\n");
    // One for each story: a test may leak.
    let document: &'static str = Box::leak(format!("{executors}{route}{CALLERS}{cache}{more}\n").into_boxed_str());
    let settings = [
        ("KEY_OPERATOR", OPERATOR),
        ("KEY_AGENT", AGENT),
        ("KEY_STRANGER", STRANGER),
        ("SECRET", "secret-of-executors-0123456789"),
    ];
    let story = Story::of(document, &settings);
    let executors = Rc::new(Executors::default());
    let asked = Rc::clone(&executors);
    story.script(move |request| Some(asked.answer(request)));
    Scene { story, executors, next: Cell::new(0) }
}

impl Executors {
    fn answer(&self, request: &OriginRequest) -> (Millis, Result<OriginResponse, OriginError>) {
        let (id, path) = request.url.trim_start_matches("http://").split_once('/').unwrap();
        let at_once = |body: &Value| (Millis::new(1), answer(200, body));
        if path == "worker/tools" {
            return at_once(&self.offer(id));
        }
        if path.starts_with("v1/tools?") {
            let items = engine_form(self.offer(id));
            return at_once(&json!({"total_count": items.len(), "items": items}));
        }
        if path.ends_with("health") {
            self.asked.borrow_mut().push(format!("{id}/health"));
            let status = self.health.borrow().get(id).copied().unwrap_or(200);
            return (Millis::new(1), answer(status, &json!({})));
        }
        assert!(matches!(path, "worker/tools/invoke" | "v1/tools/execute"), "{path}");
        self.asked.borrow_mut().push(id.to_owned());
        let body = |success: bool, output: Value| {
            json!({"id": "x", "execution_id": "x", "finished_at": "2026-01-01T00:00:00Z", "duration": 1.5,
                "success": success, "output": output})
        };
        match self.next_of(id) {
            Does::Answers(ms) if Millis::new(ms) >= request.timeout => (request.timeout, Err(OriginError::Timeout)),
            Does::Answers(ms) => (Millis::new(ms), answer(200, &body(true, json!({"value": id})))),
            Does::Status(status) => (Millis::new(1), answer(status, &json!({}))),
            Does::Throttles(ms) => {
                let headers = vec![("retry-after-ms", ms.to_string())];
                (Millis::new(1), Ok(OriginResponse { status: 429, headers, body: b"{}".to_vec() }))
            }
            Does::Fails(OriginError::Timeout) => (request.timeout, Err(OriginError::Timeout)),
            Does::Fails(error) => (Millis::new(1), Err(error)),
            Does::Later(ms) => {
                let error = json!({"message": "later", "can_retry": true, "retry_after_ms": ms});
                at_once(&body(false, json!({"error": error})))
            }
        }
    }

    fn next_of(&self, id: &str) -> Does {
        let mut does = self.does.borrow_mut();
        match does.get_mut(id) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) => list[0],
            None => Does::Answers(20),
        }
    }

    fn offer(&self, id: &str) -> Value {
        let usual = || json!([docs("Get", &json!({})), docs("Put", &json!({}))]);
        self.offers.borrow().get(id).cloned().unwrap_or_else(usual)
    }
}

/// A tool of the toolkit `Docs` as a worker lists it, with these members instead of the usual. `Get` only reads; nothing is
/// known of others.
fn docs(name: &str, changed: &Value) -> Value {
    let reads = json!({"behavior": {"read_only": true, "operations": ["read"]}});
    let mut tool = json!({
        "name": name, "fully_qualified_name": format!("Docs.{name}"), "description": "d",
        "toolkit": {"name": "Docs", "version": "1.0.0"},
        "input": {"parameters": [{"name": "n", "required": true, "value_schema": {"val_type": "integer"}}]},
        "output": {"available_modes": ["value"], "value_schema": {"val_type": "string"}},
        "requirements": {}, "metadata": if name == "Get" { reads } else { Value::Null },
    });
    for (member, value) in changed.as_object().unwrap() {
        tool[member] = value.clone();
    }
    tool
}

/// The same as an engine lists them.
fn engine_form(tools: Value) -> Vec<Value> {
    let Value::Array(mut tools) = tools else { return Vec::new() };
    for tool in &mut tools {
        tool["qualified_name"] = tool["fully_qualified_name"].clone();
    }
    tools
}

impl Scene {
    /// From now on the executor does this with calls: one after the other, the last for good.
    fn does(&self, id: &str, list: &[Does]) {
        self.executors.does.borrow_mut().insert(id.to_owned(), list.to_vec());
    }

    /// Returns the tools that the executor offers.
    fn offers(&self, id: &str, tools: &[Value]) {
        self.executors.offers.borrow_mut().insert(id.to_owned(), json!(tools));
    }

    /// Returns the executors that were asked since this was looked at last.
    fn asked(&self) -> String {
        std::mem::take(&mut *self.executors.asked.borrow_mut()).join(" ")
    }

    fn begin(&self, tool: &str, more: &Value, headers: &[(Header, &str)]) -> Pending {
        self.next.set(self.next.get().wrapping_add(1));
        let input = if tool.starts_with("Calc") { json!({"a": "1", "b": "2"}) } else { json!({"n": self.next.get()}) };
        let mut body = json!({"tool_name": tool, "user_id": "u1", "input": input});
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        self.story.begin(OPERATOR, Method::Post, "/v1/tools/execute", &body, headers)
    }

    /// The operator's call of a tool, with these members instead of the usual.
    fn call_with(&self, tool: &str, more: &Value, headers: &[(Header, &str)]) -> Answer {
        let pending = self.begin(tool, more, headers);
        self.story.world.run(|| pending.0.borrow().is_some());
        pending.take()
    }

    fn call(&self, tool: &str) -> Answer {
        self.call_with(tool, &json!({}), &[])
    }

    fn explanation(&self, key: &str, of: &Answer) -> Answer {
        let target = format!("/gate/v1/explain/{}", of.headers["x-request-id"]);
        self.story.ask(key, Method::Get, &target, &Value::Null, &[])
    }

    fn routing(&self, of: &Answer) -> Value {
        self.explanation(OPERATOR, of).json()["routing"].clone()
    }

    /// The attempts at a call in one line: who, why, and how it ended.
    fn attempts(&self, of: &Answer) -> String {
        let routing = self.routing(of);
        let attempt =
            |one: &Value| ["executor", "why", "outcome"].map(|member| one[member].as_str().unwrap()).join(" ");
        routing["attempts"].as_array().unwrap().iter().map(attempt).collect::<Vec<_>>().join(", ")
    }

    /// The executors considered for a call in one line: in which order, and why some were not asked.
    fn considered(&self, of: &Answer) -> String {
        let routing = self.routing(of);
        let one = |one: &Value| match (one["executor"].as_str().unwrap(), one["refused"].as_str()) {
            (executor, None) => executor.to_owned(),
            (executor, Some(refused)) => format!("{executor}={refused}"),
        };
        routing["candidates"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn post(&self, target: &str, body: &Value) {
        let answer = self.story.ask(OPERATOR, Method::Post, target, body, &[]);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// Returns the executor that answered, by the value; or the refusal.
fn outcome(answer: &Answer) -> String {
    match answer.status {
        200 => answer.json()["output"]["value"].as_str().unwrap_or("no value").to_owned(),
        _ => answer.refusal().to_owned(),
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", String::as_str)
}

#[test]
fn the_second_executor_answers_at_once_when_the_first_fails() {
    let scene = two("", "");
    scene.does("a", &[Does::Status(500)]);
    let answer = scene.call("Docs.Get");
    let lines = scene.story.logged();
    assert_eq!((outcome(&answer), scene.asked()), ("b".to_owned(), "a b".to_owned()), "{answer:?}");
    assert_eq!(scene.attempts(&answer), "a first upstream_failed, b fallback ok");
    let attempts = scene.routing(&answer)["attempts"].clone();
    let ms = |place: usize, member: &str| attempts[place][member].as_u64().unwrap();
    assert_eq!(ms(0, "began_ms") + ms(0, "took_ms"), ms(1, "began_ms"), "{attempts}");
    assert_eq!(ms(1, "took_ms"), 20, "{attempts}");
    for member in ["\"executor\":\"b\"", "\"attempts\":2", "\"route\":\"local-first\""] {
        assert!(lines[0].contains(member), "{member} {lines:?}");
    }
    assert_eq!(header(&answer, "toolgate-route"), "b; strategy=local-first; attempts=2; last=fallback");
    assert_eq!(scene.routing(&answer)["answered_by"], "b");
}

#[test]
fn executors_are_hidden_from_who_may_not_read_explanations() {
    let scene = two("", "");
    let body = json!({"tool_name": "Docs.Get", "user_id": "u1", "input": {"n": 1}});
    let answer = scene.story.ask(AGENT, Method::Post, "/v1/tools/execute", &body, &[]);
    assert_eq!((outcome(&answer), header(&answer, "toolgate-route")), ("a".to_owned(), ""));
    assert_eq!(scene.explanation(AGENT, &answer).refusal(), "action_not_permitted");
    assert_eq!(scene.attempts(&answer), "a first ok", "the operator of the same tenant is told");
}

#[test]
fn another_tenant_reads_no_explanation_here_or_in_the_store() {
    let scene = two("", "");
    let answer = scene.call("Docs.Get");
    let other = Scene { story: scene.story.isolate(), executors: Rc::clone(&scene.executors), next: Cell::new(0) };
    scene.story.pass(2_000);
    for (isolate, scene) in [("the isolate of the call", &scene), ("another", &other)] {
        assert_eq!(scene.explanation(STRANGER, &answer).refusal(), "record_unknown", "{isolate}");
        assert_eq!(scene.attempts(&answer), "a first ok", "{isolate}");
    }
}
