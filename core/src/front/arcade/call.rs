//! Reads the body of `POST /v1/tools/execute`.

use std::borrow::Cow;

use super::names::named_user;
use crate::access::admission::{NamedEntities, Requested, Users};
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
    Requested::Named(NamedEntities { users, ..NamedEntities::of(None) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::json::{Limits, parse};
    use crate::words::names::UserId;

    const LIMITS: Limits = Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 };

    fn read(body: &str) -> Requested<'_> {
        of_body(parse(body.as_bytes(), LIMITS).unwrap(), None)
    }

    /// Returns the users and the fault of a body that is no call.
    fn fault(body: &str) -> (Vec<String>, String) {
        let Requested::Named(names) = read(body) else { panic!("a call: {body}") };
        let users = names.users.named.iter().map(|user| user.id.as_str().to_owned()).collect();
        (users, names.users.fault.unwrap().detail.unwrap().into_owned())
    }

    #[test]
    fn a_call_is_read_whole() {
        let body = r#"{"tool_name":"A.B","tool_version":"","user_id":"u","run_at":"","input":{"a":1},"other":[]}"#;
        let Requested::Call(call) = read(body) else { panic!("no call") };
        assert_eq!((call.tool.name.as_ref(), call.tool.version), ("A.B", None));
        assert_eq!(call.user.map(|user| (user.place, user.id)), UserId::new("u").map(|id| ("user_id", id)));
        assert_eq!((call.run_at, call.include_stacktrace), (None, false));
        assert!(call.input.unwrap().get("a").is_some());
    }

    #[test]
    fn a_fault_stands_behind_the_user_before_it() {
        let user = vec!["u".to_owned()];
        let tool = r#""tool_name":"A.B""#;
        for (body, users, detail) in [
            (r#"{"user_id":1,"run_at":2}"#.to_owned(), vec![], "user_id: must be a string, not number"),
            (format!(r#"{{"user_id":"u",{tool},"run_at":2}}"#), user.clone(), "run_at: must be a string, not number"),
            (r#"{"user_id":"u","tool_version":3}"#.to_owned(), user.clone(), "tool_name: is missing"),
            (format!(r#"{{{tool},"tool_version":3}}"#), vec![], "tool_version: must be a string, not number"),
            ("[]".to_owned(), vec![], "the body: must be an object, not array"),
        ] {
            assert_eq!(fault(&body), (users, detail.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_fault_of_the_input_is_part_of_the_call() {
        let Requested::Call(call) = read(r#"{"tool_name":"A.B","input":[]}"#) else { panic!("no call") };
        assert_eq!(call.input.unwrap_err().detail.unwrap(), "input: must be an object, not array");
        let Requested::Call(call) = read(r#"{"tool_name":"A.B","input":null}"#) else { panic!("no call") };
        assert_eq!(call.input, Ok(Json::Null));
    }
}
