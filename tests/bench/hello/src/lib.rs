//! The least that a Worker in Rust can do: take the raw request, answer a constant.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};

/// Answers every request alike.
///
/// # Errors
/// What the runtime throws when it cannot make a response.
#[wasm_bindgen]
pub fn fetch(_request: Request) -> Result<Response, JsValue> {
    Response::new_with_opt_str(Some("hello"))
}
