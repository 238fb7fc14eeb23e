//! Reads the users and the tools that a body or a query names.

use crate::access::admission::{NamedEntities, Users};
use crate::front::body::{Members, json_body, wrong};
use crate::model::call::{NamedTool, NamedUser};
use crate::model::operation::Query;
use crate::model::request::{Request, RequestLimits};
use crate::words::json::{Json, Object};
use crate::words::names::UserId;
use crate::words::refusal::{Refusal, RefusalKind};

/// Names the query parameters that carry a user: the SDKs write the second form for nested ones.
const USER_PARAMETERS: [&str; 2] = ["user_id", "user[id]"];

/// Returns the user that a text names.
pub(super) fn named_user(place: &'static str, text: &str) -> Result<NamedUser, Refusal> {
    let rule = || {
        let rule = format!("{place}: must be 1 to 256 bytes without control characters");
        Refusal::with(RefusalKind::RequestInvalid, rule)
    };
    UserId::new(text).map(|id| NamedUser { place, id }).ok_or_else(rule)
}

/// Returns the users that a query names.
pub(super) fn of_query(query: &Query) -> Users {
    let mut users = Users::default();
    for text in USER_PARAMETERS.into_iter().filter_map(|parameter| query.get(parameter)) {
        match named_user("the user in the query", text) {
            Ok(user) => users.named.push(user),
            Err(fault) => return Users { fault: Some(fault), ..users },
        }
    }
    users
}

/// Reads the body of a request for one tool's authorisation.
pub(super) fn of_authorization(request: &Request, limits: &RequestLimits) -> NamedEntities {
    of_body(request, limits, |body, names| {
        let members = Members::of(body)?;
        name_user(&members, "user_id", names)?;
        names.tools = named_tool(&members).map(|tool| vec![tool]);
        Ok(())
    })
}

/// Reads the body of a request for the requirements of tools.
pub(super) fn of_requirements(request: &Request, limits: &RequestLimits) -> NamedEntities {
    of_body(request, limits, |body, names| {
        let members = Members::of(body)?;
        name_user(&members, "user_id", names)?;
        names.tools = named_tools(&members);
        Ok(())
    })
}

/// Reads the body of a chat completion.
pub(super) fn of_chat(request: &Request, limits: &RequestLimits) -> NamedEntities {
    of_body(request, limits, |body, names| {
        let members = Members::of(body)?;
        let user = name_user(&members, "user", names)?;
        let user_id = name_user(&members, "user_id", names)?;
        names.user = user_id.or(user);
        names.means_all_tools = members.has("tool_choice");
        names.tools = chat_tools(&members);
        Ok(())
    })
}

/// Reads the users in a body that is passed on as it is.
pub(super) fn of_passed(request: &Request, limits: &RequestLimits) -> NamedEntities {
    of_body(request, limits, |body, names| {
        if let Json::Object(_) = body {
            let members = Members::of(body)?;
            for member in ["user_id", "user"] {
                let user = name_user(&members, member, names)?;
                names.user = names.user.take().or(user);
            }
        }
        Ok(())
    })
}

/// Reads a body; a fault ends it behind the users that `read` has found by then.
fn of_body(
    request: &Request,
    limits: &RequestLimits,
    read: impl FnOnce(&Json<'_>, &mut NamedEntities) -> Result<(), Refusal>,
) -> NamedEntities {
    let mut names = NamedEntities::of(None);
    let body = json_body(request, limits);
    let ended = body.and_then(|body| {
        refuse_lookalikes(&body)?;
        read(&body, &mut names)
    });
    names.users.fault = ended.err();
    names
}

fn name_user(
    members: &Members<'_, '_>,
    name: &'static str,
    names: &mut NamedEntities,
) -> Result<Option<UserId>, Refusal> {
    let user = members.text(name)?.map(|text| named_user(name, text)).transpose()?;
    let id = user.as_ref().map(|user| user.id.clone());
    names.users.named.extend(user);
    Ok(id)
}

/// Refuses an object with a member that is nearly, but not exactly, a checked one: an engine whose reader ignores the
/// case of names (Go's does, Unicode's simple folding included) would find there an unchecked value. For every object
/// that is passed on as sent and partly checked.
fn refuse_lookalikes(object: &Json<'_>) -> Result<(), Refusal> {
    for (name, _) in object.as_object().into_iter().flat_map(Object::iter) {
        if let Some(checked) = CHECKED.iter().find(|checked| name != **checked && folded(name) == **checked) {
            return Err(Refusal::with(RefusalKind::RequestInvalid, format!("{checked}: write the name exactly so")));
        }
    }
    Ok(())
}

/// Names the members that are checked in bodies which are passed on.
const CHECKED: [&str; 9] =
    ["user_id", "user", "tool_name", "tool_version", "tools", "tool_names", "tool_choice", "function", "name"];

/// Folds the case of a name simply (Unicode, `CaseFolding.txt`) as far as it leads to ASCII letters.
fn folded(name: &str) -> String {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

/// Returns the tool of `tool_name` and `tool_version`; an empty version is none.
fn named_tool(members: &Members<'_, '_>) -> Result<NamedTool<'static>, Refusal> {
    let name = members.required_text("tool_name")?;
    let version = members.text("tool_version")?.filter(|version| !version.is_empty());
    Ok(NamedTool { name: name.to_owned().into(), version: version.map(|version| version.to_owned().into()) })
}

/// Returns the tool with this name, in any version.
fn unversioned(name: &str) -> NamedTool<'static> {
    NamedTool { name: name.to_owned().into(), version: None }
}

/// Returns the tools that a requirements request names: `tools: [{tool_name, tool_version}]` and `tool_names: []`.
fn named_tools(members: &Members<'_, '_>) -> Result<Vec<NamedTool<'static>>, Refusal> {
    let mut named = Vec::new();
    for item in members.array("tools")? {
        refuse_lookalikes(item)?;
        named.push(named_tool(&Members::of(item)?)?);
    }
    for item in members.array("tool_names")? {
        named.push(unversioned(item.as_str().ok_or_else(|| wrong("tool_names[]", "a string", item))?));
    }
    Ok(named)
}

/// Returns the tools that a chat request gives to its model: names, or OpenAI's
/// `{"type":"function","function":{"name":..}}`; and a `tool_choice` that names one.
fn chat_tools(members: &Members<'_, '_>) -> Result<Vec<NamedTool<'static>>, Refusal> {
    let nameless = |place: &str| Refusal::with(RefusalKind::RequestInvalid, format!("{place}: names no tool"));
    let mut named = Vec::new();
    for item in members.array("tools")? {
        named.push(unversioned(chat_tool(item)?.ok_or_else(|| nameless("tools[]"))?));
    }
    if let Some(choice @ Json::Object(_)) = members.member("tool_choice") {
        named.push(unversioned(chat_tool(choice)?.ok_or_else(|| nameless("tool_choice"))?));
    }
    Ok(named)
}

fn chat_tool<'b>(value: &'b Json<'_>) -> Result<Option<&'b str>, Refusal> {
    if let Json::String(name) = value {
        return Ok(Some(name.as_ref()));
    }
    refuse_lookalikes(value)?;
    let Some(function) = value.get("function") else { return Ok(None) };
    refuse_lookalikes(function)?;
    Ok(function.get("name").and_then(Json::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::{Header, RequestBody, RequestHeaders};
    use crate::words::json;
    use crate::words::method::Method;
    use crate::words::time::Millis;

    const LIMITS: RequestLimits = RequestLimits {
        body_bytes: 1_000,
        json: json::Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 },
        long_poll: Millis::ZERO,
    };

    fn request(body: &str) -> Request {
        let mut headers = RequestHeaders::default();
        headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
        Request { method: Method::Post, target: String::new(), headers, body: RequestBody::Whole(body.into()) }
    }

    fn users(names: &NamedEntities) -> Vec<(&str, &str)> {
        names.users.named.iter().map(|user| (user.place, user.id.as_str())).collect()
    }

    #[test]
    fn a_chat_is_for_its_user_id_before_its_user() {
        let chat = of_chat(&request(r#"{"user":"a","user_id":"b","tools":["A.B"],"tool_choice":"auto"}"#), &LIMITS);
        assert_eq!(users(&chat), [("user", "a"), ("user_id", "b")]);
        assert_eq!((chat.user, chat.means_all_tools), (UserId::new("b"), true));
        assert_eq!(chat.tools.unwrap()[0].name, "A.B");
    }

    #[test]
    fn what_is_passed_on_is_for_its_first_user() {
        let passed = of_passed(&request(r#"{"user":"a","user_id":"b"}"#), &LIMITS);
        assert_eq!(users(&passed), [("user_id", "b"), ("user", "a")]);
        assert_eq!(passed.user, UserId::new("b"));
        assert!(of_passed(&request("[1]"), &LIMITS).users.fault.is_none(), "any JSON may be passed on");
    }

    #[test]
    fn a_fault_of_the_tools_stands_behind_the_users() {
        let chat = of_chat(&request(r#"{"user":"a","tools":[{}]}"#), &LIMITS);
        assert_eq!((users(&chat), chat.users.fault.is_none()), (vec![("user", "a")], true));
        assert_eq!(chat.tools.unwrap_err().detail.unwrap(), "tools[]: names no tool");
        let chat = of_chat(&request(r#"{"user":"a","user_id":1}"#), &LIMITS);
        assert_eq!((users(&chat), chat.users.fault.is_some()), (vec![("user", "a")], true));
    }

    #[test]
    fn a_member_that_is_nearly_a_checked_one_is_refused() {
        for body in [r#"{"User_ID":"a"}"#, "{\"u\u{17f}er\":\"a\"}", r#"{"tools":[{"TOOL_NAME":"A.B"}]}"#] {
            let names = of_requirements(&request(body), &LIMITS);
            let fault = names.users.fault.or(names.tools.err()).unwrap();
            assert!(fault.detail.unwrap().ends_with("write the name exactly so"), "{body}");
        }
    }

    #[test]
    fn a_query_names_users_up_to_its_first_fault() {
        let query = Query::parse("user%5Bid%5D=b&user_id=a").unwrap();
        let named = of_query(&query);
        assert_eq!(named.named.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let named = of_query(&Query::parse("user%5Bid%5D=%00&user_id=a").unwrap());
        assert_eq!((named.named.len(), named.fault.is_some()), (1, true));
    }
}
