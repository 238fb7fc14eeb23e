//! Calls for later: accepted at once, run when their time comes, listed with what came of them.

use std::rc::Rc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{Answer, Handled};
use crate::ask::{Ask, Scope};
use crate::catalogue::Tool;
use crate::clock;
use crate::engine::Engine;
use crate::execute::{self, Request};

/// The furthest ahead that a call really runs, in ms; later ones stay pending for as long as a test can look.
const RUNS_WITHIN_MS: u64 = 3_600_000;

/// One scheduled call, as the contract's ToolExecution, and what only its detail shows.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub id: String,
    pub shown: Value,
    pub input: Value,
    pub attempts: Vec<Value>,
}

/// Accepts a call for `run_at`.
pub(crate) fn schedule(engine: &Rc<Engine>, ask: &Ask, tool: &Tool, request: &Request<'_>, run_at: &str) -> Handled {
    let Some(due) = clock::parse_iso(run_at) else {
        return Err(Answer::error(400, "invalid_run_at", "run_at must look like YYYY-MM-DDTHH:MM:SS"));
    };
    let (id, now) = (engine.id("te"), clock::iso(clock::now_ms()));
    let input =
        request.input.map(RawValue::get).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_else(|| json!({}));
    let shown = json!({
        "id": id, "execution_status": "pending", "execution_type": "scheduled", "tool_name": tool.name, "toolkit_name": tool.toolkit_name(),
        "toolkit_version": tool.version, "user_id": request.user_id, "run_at": run_at, "created_at": now, "updated_at": now,
    });
    let kept = Scheduled { id: id.clone(), shown: crate::answer::without_nulls(shown), input, attempts: Vec::new() };
    engine.account(&ask.scope).borrow_mut().scheduled.push(kept);
    let wait = due.saturating_sub(clock::now_ms());
    if wait <= RUNS_WITHIN_MS {
        let later = Later {
            scope: ask.scope.clone(),
            headers: ask.headers.clone(),
            tool: tool.clone(),
            id: id.clone(),
            user: request.user_id.clone(),
        };
        tokio::task::spawn_local(later.run(Rc::clone(engine), Duration::from_millis(wait)));
    }
    let answer = json!({
        "id": engine.id("tc"), "execution_id": id, "execution_type": "scheduled", "run_at": run_at,
        "status": "pending", "success": true,
    });
    Ok(Answer::json(200, &answer))
}

/// `GET /v1/scheduled_tools`, newest last.
pub(crate) fn list(engine: &Engine, ask: &Ask) -> Answer {
    let account = engine.account(&ask.scope);
    let items = account.borrow().scheduled.iter().map(|kept| kept.shown.clone()).collect();
    Answer::page(ask, items)
}

/// `GET /v1/scheduled_tools/{id}`.
pub(crate) fn get(engine: &Engine, ask: &Ask, id: &str) -> Handled {
    let account = engine.account(&ask.scope);
    let account = account.borrow();
    let kept = account.scheduled.iter().find(|kept| kept.id == id);
    let kept = kept.ok_or_else(|| Answer::error(404, "execution_not_found", "there is no such scheduled call"))?;
    let mut shown = kept.shown.clone();
    if let Some(members) = shown.as_object_mut() {
        members.insert("input".to_owned(), kept.input.clone());
        members.insert("attempts".to_owned(), kept.attempts.clone().into());
    }
    Ok(Answer::json(200, &shown))
}

/// A call whose time will come.
struct Later {
    scope: Scope,
    headers: hyper::HeaderMap,
    tool: Tool,
    id: String,
    user: Option<String>,
}

impl Later {
    async fn run(self, engine: Rc<Engine>, wait: Duration) {
        tokio::time::sleep(wait).await;
        let account = engine.account(&self.scope);
        let input = account.borrow().scheduled.iter().find(|kept| kept.id == self.id).map(|kept| kept.input.clone());
        let Some(input) = input.and_then(|input| serde_json::value::to_raw_value(&input).ok()) else {
            return;
        };
        let started = clock::iso(clock::now_ms());
        let ask = Ask {
            method: hyper::Method::POST,
            path: "/v1/tools/execute".to_owned(),
            query: Default::default(),
            headers: self.headers,
            body: bytes::Bytes::new(),
            scope: self.scope,
        };
        let output = execute::run(&engine, &ask, &self.tool, Some(&input), self.user.as_deref()).await;
        let finished = clock::iso(clock::now_ms());
        let attempt = json!({"id": engine.id("at"), "started_at": started, "finished_at": finished, "success": output.success(), "output": output});
        let mut account = account.borrow_mut();
        let Some(kept) = account.scheduled.iter_mut().find(|kept| kept.id == self.id) else {
            return;
        };
        kept.attempts.push(attempt);
        if let Some(members) = kept.shown.as_object_mut() {
            members.insert("execution_status".to_owned(), if output.success() { "success" } else { "failed" }.into());
            members.insert("started_at".to_owned(), started.into());
            members.insert("finished_at".to_owned(), finished.clone().into());
            members.insert("updated_at".to_owned(), finished.into());
        }
    }
}
