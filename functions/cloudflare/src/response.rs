//! An answer of the core, as a `Response` of the platform.

use std::borrow::Cow;

use toolgate::front::response::{self, Response, ResponseHeader};
use toolgate::ports::Body;
use wasm_bindgen::JsValue;

use crate::glue;
use crate::origin::Stream;

/// Hands the answer over in one call. The body is copied once, out of our memory.
pub(crate) fn write(response: Response<Stream>) -> JsValue {
    let Response { status, headers, body } = response;
    // Headers that are fixed in the program make few different lists; JavaScript keeps them ready-made.
    let fixed = lines(&headers, |value| matches!(value, Cow::Borrowed(_)));
    let own = lines(&headers, |value| matches!(value, Cow::Owned(_)));
    match body {
        Body::Empty => glue::answer_empty(status, &fixed, &own),
        Body::Stream(stream) => {
            glue::answer_stream(status, &fixed, &own, &stream.0, &response::broken_stream(&headers))
        }
        // Some statuses allow no body, not even an empty one.
        Body::Bytes(bytes) if bytes.is_empty() => glue::answer_empty(status, &fixed, &own),
        Body::Bytes(bytes) => match text(&bytes, &headers) {
            Some(text) => glue::answer_text(status, &fixed, &own, text),
            None => glue::answer_bytes(status, &fixed, &own, &bytes),
        },
    }
}

/// Writes name and value in turn of the headers whose value is `wanted`, one per line.
fn lines(headers: &[ResponseHeader], wanted: fn(&Cow<'static, str>) -> bool) -> String {
    let mut lines = String::with_capacity(256);
    for (name, value) in headers.iter().filter(|(_, value)| wanted(value)) {
        for part in [name, "\n", value, "\n"] {
            lines.push_str(part);
        }
    }
    lines
}

/// Returns the body as text if it is text: the platform sends a string with less work than bytes. It would also name a
/// content type of its own, so there must be one.
fn text<'b>(bytes: &'b [u8], headers: &[ResponseHeader]) -> Option<&'b str> {
    headers.iter().any(|(name, _)| *name == "content-type").then(|| str::from_utf8(bytes).ok())?
}
