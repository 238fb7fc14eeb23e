//! Reads request bodies: JSON within the limits, and members of the right type.

use crate::model::request::{Header, Request, RequestBody, RequestLimits};
use crate::words::json::{self, Json, Object};
use crate::words::refusal::{Refusal, RefusalKind};

/// Reads the body as JSON.
///
/// # Errors
/// [`RefusalKind::BodyTooLarge`], [`RefusalKind::BodyBroken`], [`RefusalKind::ContentTypeUnsupported`], and a refusal
/// for each [`json::FaultKind`].
pub(super) fn json_body<'r>(request: &'r Request, limits: &RequestLimits) -> Result<Json<'r>, Refusal> {
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
pub(super) struct Members<'b, 'r>(&'b Object<'r>);

impl<'b, 'r> Members<'b, 'r> {
    /// Returns the members of an object.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] when the body is no object.
    pub(super) fn of(body: &'b Json<'r>) -> Result<Self, Refusal> {
        body.as_object().map(Self).ok_or_else(|| wrong("the body", "an object", body))
    }

    /// Returns whether there is a member other than null.
    #[must_use]
    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Returns a member other than null.
    #[must_use]
    pub(super) fn member(&self, name: &str) -> Option<&'b Json<'r>> {
        self.0.get(name).filter(|value| **value != Json::Null)
    }

    /// Returns an optional text.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&'b str>, Refusal> {
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
    pub(super) fn required_text(&self, name: &'static str) -> Result<&'b str, Refusal> {
        let missing = || Refusal::with(RefusalKind::RequestInvalid, format!("{name}: is missing"));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// Returns an optional array.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`] for another type.
    pub(super) fn array(&self, name: &'static str) -> Result<&'b [Json<'r>], Refusal> {
        match self.member(name) {
            None => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => Err(wrong(name, "an array", other)),
        }
    }
}

/// Returns the refusal of a value of the wrong type.
pub(super) fn wrong(place: &str, wanted: &str, got: &Json<'_>) -> Refusal {
    Refusal::with(RefusalKind::RequestInvalid, format!("{place}: must be {wanted}, not {}", got.kind()))
}
