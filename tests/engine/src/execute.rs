//! `POST /v1/tools/execute`: find the tool, see that it may run, run it here or on its worker, say what came of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{Answer, Content, Handled};
use crate::ask::Ask;
use crate::catalogue::{Home, Tool};
use crate::engine::Engine;
use crate::{authorize, clock, scheduled, tools, upstream};

/// The request; the input stays text, so that an echo gives numbers back as they were written.
#[derive(Deserialize)]
pub(crate) struct Request<'a> {
    pub tool_name: String,
    #[serde(borrow, default)]
    pub input: Option<&'a RawValue>,
    #[serde(default)]
    pub user_id: Option<String>,
    #[serde(default)]
    pub tool_version: Option<String>,
    #[serde(default)]
    pub run_at: Option<String>,
    #[serde(default)]
    pub include_error_stacktrace: bool,
}

/// The result of running a tool.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Value>,
}

impl Output {
    /// An answer of a built-in tool.
    pub(crate) fn value<T: Serialize>(value: &T) -> Self {
        Self { value: serde_json::value::to_raw_value(value).ok(), ..Self::default() }
    }

    /// A failure of a tool.
    pub(crate) fn error(kind: &str, message: &str, can_retry: bool, status_code: Option<u16>) -> Self {
        let mut error = json!({"kind": kind, "message": message, "can_retry": can_retry});
        if let (Some(code), Some(members)) = (status_code, error.as_object_mut()) {
            members.insert("status_code".to_owned(), code.into());
        }
        Self { error: Some(error), ..Self::default() }
    }

    pub(crate) fn success(&self) -> bool {
        self.error.is_none() && self.authorization.is_none()
    }
}

/// The response.
#[derive(Serialize)]
struct Response {
    id: String,
    execution_id: String,
    execution_type: &'static str,
    status: &'static str,
    success: bool,
    duration: f64,
    finished_at: String,
    output: Output,
}

/// Handles the request, or replays the outcome of an earlier one with the same `Idempotency-Key` when that is asked for.
pub(crate) async fn execute(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let key = ask.header("idempotency-key").filter(|_| engine.options.replay).map(str::to_owned);
    let account = engine.account(&ask.scope);
    if let Some((status, body)) = key.as_ref().and_then(|key| account.borrow().replays.get(key).cloned()) {
        return Ok(Answer::whole(status, "application/json", body).with_header("idempotent-replay", "true"));
    }
    let answer = execute_once(engine, ask).await?;
    if let (Some(key), Content::Whole(body)) = (key, &answer.content) {
        account.borrow_mut().replays.insert(key, (answer.status, body.clone()));
    }
    Ok(answer)
}

async fn execute_once(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let request: Request<'_> = ask.json()?;
    let account = engine.account(&ask.scope);
    let tool = engine.find_tool(&account.borrow(), &request.tool_name, request.tool_version.as_deref())?;
    if let Some(run_at) = &request.run_at {
        return scheduled::schedule(engine, ask, &tool, &request, run_at);
    }
    let begun = clock::now_ms();
    let output = match missing_consent(engine, ask, &tool, request.user_id.as_deref())? {
        Some(authorization) => Output { authorization: Some(authorization), ..Output::default() },
        None => run(engine, ask, &tool, request.input, request.user_id.as_deref()).await,
    };
    Ok(Answer::json(200, &respond(engine, output, begun, request.include_error_stacktrace)))
}

fn respond(engine: &Engine, mut output: Output, begun: u64, stacktrace: bool) -> Response {
    if let Some(Value::Object(error)) = output.error.as_mut().filter(|_| !stacktrace) {
        error.remove("stacktrace");
    }
    let now = clock::now_ms();
    let took = u32::try_from(now.saturating_sub(begun)).unwrap_or(u32::MAX);
    Response {
        id: engine.id("tc"),
        execution_id: engine.id("te"),
        execution_type: "immediate",
        status: if output.success() { "success" } else { "failed" },
        success: output.success(),
        duration: f64::from(took),
        finished_at: clock::iso(now),
        output,
    }
}

/// The consent that the user still has to give, begun if need be.
///
/// # Errors
/// 403 when the stand-in is told to answer so, 400 when the tool needs a user and none is named.
fn missing_consent(engine: &Engine, ask: &Ask, tool: &Tool, user: Option<&str>) -> Result<Option<Value>, Answer> {
    let Some(provider) = tool.provider() else {
        return Ok(None);
    };
    let Some(user) = user else {
        return Err(Answer::error(400, "user_id_required", "this tool runs for a user: user_id is required"));
    };
    let account = engine.account(&ask.scope);
    if account.borrow().consent(user, provider) == "completed" {
        return Ok(None);
    }
    if engine.settings.borrow().consent_forbidden {
        return Err(Answer::error(403, "authorization_required", &format!("{user} has not authorized {provider}")));
    }
    Ok(Some(authorize::begin(engine, &mut account.borrow_mut(), user, provider, &tool.scopes(), None)))
}

/// Runs a tool, here or on its worker.
pub(crate) async fn run(
    engine: &Rc<Engine>,
    ask: &Ask,
    tool: &Tool,
    input: Option<&RawValue>,
    user: Option<&str>,
) -> Output {
    match &tool.home {
        Home::BuiltIn => tools::run(engine, ask, tool, input, user, "execute"),
        Home::Worker { url, secret } => {
            engine.count(tool, user, "forward", ask);
            let token = tool.provider().zip(user).map(|(provider, user)| authorize::token(user, provider));
            upstream::invoke(engine, url, secret, tool, input, user, token).await
        }
    }
}
