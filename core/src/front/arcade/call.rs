//! Reads the body of `POST /v1/tools/execute`.

use std::borrow::Cow;

use super::names::named_user;
use crate::access::admission::{Names, Requested, Users};
use crate::front::body::{json_body, wrong};
use crate::model::call::{Call, NamedTool, NamedUser};
use crate::model::request::{Request, RequestLimits};
use crate::words::json::Json;
use crate::words::names::Project;
use crate::words::refusal::{Refusal, RefusalKind};

/// Reads the call that a request describes.
pub(super) fn read<'r>(request: &'r Request, limits: &RequestLimits, project: Option<Project>) -> Requested<'r> {
    match json_body(request, limits) {
        Ok(body) => of_body(body, project),
        Err(fault) => unread(None, fault),
    }
}

/// Reads the call that a body describes.
pub(crate) fn of_body(body: Json<'_>, project: Option<Project>) -> Requested<'_> {
    let mut user = None;
    match call_of(body, project, &mut user) {
        Ok(call) => Requested::Call(Call { user, ..call }),
        Err(fault) => unread(user, fault),
    }
}

/// Returns the request of a body with this fault behind its user.
fn unread<'r>(user: Option<NamedUser>, fault: Refusal) -> Requested<'r> {
    let users = Users { named: user.into_iter().collect(), fault: Some(fault) };
    Requested::Names(Names { users, ..Names::of(None) })
}

fn call_of<'r>(body: Json<'r>, project: Option<Project>, named: &mut Option<NamedUser>) -> Result<Call<'r>, Refusal> {
    let Json::Object(members) = body else {
        return Err(wrong("the body", "an object", &body));
    };
    let [mut user, mut run_at, mut stacktrace, mut tool, mut version, mut input] = [const { None }; 6];
    for (name, value) in members.into_members() {
        let member = match name.as_ref() {
            "user_id" => &mut user,
            "run_at" => &mut run_at,
            "include_error_stacktrace" => &mut stacktrace,
            "tool_name" => &mut tool,
            "tool_version" => &mut version,
            "input" => &mut input,
            _ => continue,
        };
        *member = Some(value).filter(|value| *value != Json::Null);
    }
    *named = match text("user_id", user)? {
        Some(text) => Some(named_user("user_id", &text)?),
        None => None,
    };
    let run_at = text("run_at", run_at)?.filter(|run_at| !run_at.is_empty()).map(Cow::into_owned);
    let include_stacktrace = match stacktrace {
        None => false,
        Some(Json::Bool(value)) => value,
        Some(other) => return Err(wrong("include_error_stacktrace", "a boolean", &other)),
    };
    let missing = || Refusal::with(RefusalKind::RequestInvalid, "tool_name: is missing");
    let name = text("tool_name", tool)?.filter(|name| !name.is_empty()).ok_or_else(missing)?;
    let version = text("tool_version", version)?.filter(|version| !version.is_empty());
    let input = match input {
        None => Ok(Json::Null),
        Some(input @ Json::Object(_)) => Ok(input),
        Some(other) => Err(wrong("input", "an object", &other)),
    };
    Ok(Call { tool: NamedTool { name, version }, input, user: None, run_at, include_stacktrace, project })
}

fn text<'r>(name: &'static str, value: Option<Json<'r>>) -> Result<Option<Cow<'r, str>>, Refusal> {
    match value {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(name, "a string", &other)),
    }
}
