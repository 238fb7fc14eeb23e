//! The worker protocol, through which an Arcade engine calls our local tools (`/worker/tools`, `/worker/tools/invoke`).

use std::borrow::Cow;

use super::conditional::revalidated;
use crate::access::admission::check_rules;
use crate::backends::{call_local_tool, is_worker_token, write_worker_result};
use crate::front::body::json_body;
use crate::front::response::Answer;
use crate::model::operation::Operation;
use crate::model::request::{Header, Request, RequestLimits};
use crate::pipeline::runtime::Running;
use crate::ports::Platform;
use crate::telemetry::{CalledTool, Record};
use crate::tools;
use crate::validate::input::InputRule;
use crate::words::json::{Json, Object};
use crate::words::names::CallerId;
use crate::words::refusal::{Refusal, RefusalKind};

/// Answers an engine that presents a valid token.
///
/// # Errors
/// [`RefusalKind::WorkerTokenInvalid`], [`RefusalKind::RequestInvalid`], [`RefusalKind::ToolUnknown`] and the refusals
/// of a body.
pub(crate) async fn answer<P: Platform>(
    platform: &P,
    running: &Running,
    operation: &Operation,
    request: &Request,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    let token = request.headers.get(Header::Authorization).and_then(bearer);
    let is_good = match (&running.worker_secret, token) {
        (Some(secret), Some(token)) => is_worker_token(token, secret, platform.now()),
        _ => false,
    };
    if !is_good {
        return Err(Refusal::new(RefusalKind::WorkerTokenInvalid));
    }
    record.caller = CallerId::new("worker-protocol");
    match operation {
        Operation::WorkerTools => Ok(revalidated(Answer::json(200, list()), request)),
        _ => invoke(platform, &running.config.limits, &running.config.inputs, request, record),
    }
}

fn bearer(value: &str) -> Option<&str> {
    value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim())
}

/// Writes a bare array of definitions, nulls included, as workers list them.
fn list() -> Vec<u8> {
    let mut body = vec![b'['];
    for tool in tools::toolkits().iter().flat_map(|toolkit| toolkit.tools) {
        if body.len() > 1 {
            body.push(b',');
        }
        tool.write_definition(&mut body);
    }
    body.push(b']');
    body
}

fn invoke<P: Platform>(
    platform: &P,
    limits: &RequestLimits,
    rules: &[InputRule],
    request: &Request,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    let started = platform.now();
    let body = json_body(request, limits)?;
    let invalid = |what: &'static str| Refusal::with(RefusalKind::RequestInvalid, what);
    let tool = body.get("tool").ok_or_else(|| invalid("tool: is missing"))?;
    let text = |name: &str| tool.get(name).and_then(Json::as_str);
    let name = text("name").ok_or_else(|| invalid("tool.name: is missing"))?;
    let toolkit = text("toolkit").ok_or_else(|| invalid("tool.toolkit: is missing"))?;
    let local = tools::find(toolkit, name).ok_or_else(|| Refusal::new(RefusalKind::ToolUnknown))?;
    if text("version").is_some_and(|version| !version.eq_ignore_ascii_case(local.toolkit.version)) {
        return Err(Refusal::with(
            RefusalKind::ToolVersionUnknown,
            Cow::Owned(format!("there is {}", local.toolkit.version)),
        ));
    }
    record.tool = Some(CalledTool::Local(local));
    let none = Json::Object(Object::new());
    let inputs = body.get("inputs").filter(|inputs| **inputs != Json::Null).unwrap_or(&none);
    let folded = [local.toolkit.name, ".", local.name].concat().to_ascii_lowercase();
    let outcome = match check_rules(rules, &folded, local.name, inputs) {
        Ok(()) => call_local_tool(platform, local, inputs),
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        record.tool_error = Some(error.kind.as_str().to_owned());
    }
    let execution_id = body.get("execution_id").and_then(Json::as_str).unwrap_or_default();
    let mut answer = Vec::with_capacity(256);
    write_worker_result(&mut answer, execution_id, &outcome, started, platform.now());
    Ok(Answer::json(200, answer))
}
