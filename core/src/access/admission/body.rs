//! Reads request bodies: JSON within the limits, and members of the right type.

use super::RequestLimits;
use crate::model::request::{Header, Request, RequestBody};
use crate::words::json::{self, Json, Object};
use crate::words::refusal::{Refusal, RefusalKind};

/// Reads the body as JSON.
///
/// # Errors
/// [`RefusalKind::BodyTooLarge`], [`RefusalKind::BodyBroken`], [`RefusalKind::ContentTypeUnsupported`], and a refusal
/// for each [`json::FaultKind`].
pub fn json_body<'r>(request: &'r Request, limits: &RequestLimits) -> Result<Json<'r>, Refusal> {
    let bytes = match &request.body {
        RequestBody::Whole(bytes) if bytes.len() <= limits.body_bytes => bytes,
        RequestBody::Whole(_) | RequestBody::TooLarge => {
            return Err(Refusal::new(RefusalKind::BodyTooLarge));
        }
        RequestBody::Broken => return Err(Refusal::new(RefusalKind::BodyBroken)),
    };
    if !request.headers.get(Header::ContentType).is_some_and(is_json) {
        return Err(Refusal::new(RefusalKind::ContentTypeUnsupported));
    }
    Ok(json::parse(bytes, limits.json)?)
}

/// Returns whether a media type is `application/json`, with any parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads the members of a body by name and type.
#[derive(Clone, Copy, Debug)]
pub struct Members<'b, 'r>(&'b Object<'r>);

impl<'b, 'r> Members<'b, 'r> {
    /// Returns the members of an object.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] when the body is no object.
    pub fn of(body: &'b Json<'r>) -> Result<Self, Refusal> {
        body.as_object().map(Self).ok_or_else(|| wrong("the body", "an object", body))
    }

    /// Returns whether there is a member other than null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    fn member(&self, name: &str) -> Option<&'b Json<'r>> {
        self.0.get(name).filter(|value| **value != Json::Null)
    }

    /// Returns an optional text.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub fn text(&self, name: &'static str) -> Result<Option<&'b str>, Refusal> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", other)),
        }
    }

    /// Returns a text that must be there.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] when it is missing, empty or of another type.
    pub fn required_text(&self, name: &'static str) -> Result<&'b str, Refusal> {
        let missing = || Refusal::with(RefusalKind::RequestInvalid, format!("{name}: is missing"));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// Returns the version that a request asks for; empty is none.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub fn version(&self) -> Result<Option<&'b str>, Refusal> {
        Ok(self.text("tool_version")?.filter(|version| !version.is_empty()))
    }

    /// Returns an optional boolean, false when absent.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.member(name) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(*value),
            Some(other) => Err(wrong(name, "a boolean", other)),
        }
    }

    /// Returns an optional array.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub fn array(&self, name: &'static str) -> Result<&'b [Json<'r>], Refusal> {
        match self.member(name) {
            None => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => Err(wrong(name, "an array", other)),
        }
    }

    /// Checks that a member is an object, null or absent.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub fn object_or_null(&self, name: &'static str) -> Result<Option<&'b Object<'r>>, Refusal> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Object(object)) => Ok(Some(object)),
            Some(other) => Err(wrong(name, "an object", other)),
        }
    }
}

fn wrong(place: &str, wanted: &str, got: &Json<'_>) -> Refusal {
    Refusal::with(RefusalKind::RequestInvalid, format!("{place}: must be {wanted}, not {}", got.kind()))
}

/// Takes a member out of an object; null is nothing.
pub(super) fn take<'r>(body: Json<'r>, name: &str) -> Option<Json<'r>> {
    let Json::Object(object) = body else {
        return None;
    };
    object
        .into_members()
        .find(|(member, _)| member == name)
        .map(|(_, value)| value)
        .filter(|value| *value != Json::Null)
}

/// Refuses an object with a member that is nearly, but not exactly, a checked one: an engine whose reader ignores the
/// case of names (Go's does, Unicode's simple folding included) would find there an unchecked value. For every object
/// that is passed on as sent and partly checked.
pub(super) fn refuse_lookalikes(object: &Json<'_>) -> Result<(), Refusal> {
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

/// Returns the tools that a requirements request names: `tools: [{tool_name, tool_version}]` and `tool_names: []`.
pub(super) fn named_tools<'b>(members: &Members<'b, '_>) -> Result<Vec<(&'b str, Option<&'b str>)>, Refusal> {
    let mut named = Vec::new();
    for item in members.array("tools")? {
        refuse_lookalikes(item)?;
        let item = Members::of(item)?;
        named.push((item.required_text("tool_name")?, item.version()?));
    }
    for item in members.array("tool_names")? {
        named.push((item.as_str().ok_or_else(|| wrong("tool_names[]", "a string", item))?, None));
    }
    Ok(named)
}

/// Returns the tools that a chat request gives to its model: names, or OpenAI's
/// `{"type":"function","function":{"name":..}}`; and a `tool_choice` that names one.
pub(super) fn chat_tools<'b>(members: &Members<'b, '_>) -> Result<Vec<&'b str>, Refusal> {
    let nameless = |place: &str| Refusal::with(RefusalKind::RequestInvalid, format!("{place}: names no tool"));
    let mut named = Vec::new();
    for item in members.array("tools")? {
        named.push(chat_tool(item)?.ok_or_else(|| nameless("tools[]"))?);
    }
    if let Some(choice @ Json::Object(_)) = members.member("tool_choice") {
        named.push(chat_tool(choice)?.ok_or_else(|| nameless("tool_choice"))?);
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
