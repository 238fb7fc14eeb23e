//! An answer of the core as a `Response` of the platform.

use toolgate::response::{Body, Response};
use wasm_bindgen::JsValue;

use crate::glue;
use crate::origin::Stream;

/// Hands the answer over in one call. The bytes are copied once, out of our memory.
pub(crate) fn write(response: Response<Stream>) -> JsValue {
    let mut headers = String::with_capacity(512);
    for (name, value) in &response.headers {
        for part in [name, "\n", value, "\n"] {
            headers.push_str(part);
        }
    }
    match response.body {
        Body::Empty => glue::answer_with(response.status, &headers, &JsValue::NULL),
        Body::Bytes(bytes) => glue::answer(response.status, &headers, &bytes),
        Body::Stream(stream) => glue::answer_with(response.status, &headers, &stream.0),
    }
}
