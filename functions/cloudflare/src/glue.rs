//! The JavaScript that Rust calls, in `js/glue.js`. Nothing there throws: a failure is a rejected promise or a number.
//!
//! The modules' names are aliases that the bundler resolves (`toolgate build cloudflare`).

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "toolgate-glue")]
extern "C" {
    /// Makes a `Response` with a text. `fixed` and `own` are its headers, name and value in turn, each ended by a line
    /// break; `fixed` is one of few.
    #[wasm_bindgen(js_name = answerWith)]
    pub(crate) fn answer_text(status: u16, fixed: &str, own: &str, body: &str) -> JsValue;

    /// Makes a `Response` with a copy of `body`.
    #[wasm_bindgen(js_name = answerBytes)]
    pub(crate) fn answer_bytes(status: u16, fixed: &str, own: &str, body: &[u8]) -> JsValue;

    /// Makes a `Response` with `body`, a `ReadableStream` or `null`; if that breaks, `broken` is its end.
    #[wasm_bindgen(js_name = answerStream)]
    pub(crate) fn answer_stream(status: u16, fixed: &str, own: &str, body: &JsValue, broken: &[u8]) -> JsValue;

    /// Makes a `Response` without a body.
    #[wasm_bindgen(js_name = answerWith)]
    pub(crate) fn answer_empty(status: u16, fixed: &str, own: &str) -> JsValue;

    /// Writes one line to the Worker's log.
    pub(crate) fn log(line: &str);

    /// Fills `bytes` from Web Crypto.
    pub(crate) fn fill(bytes: &mut [u8]);

    /// A timer of the platform, which can be cleared.
    pub(crate) type Timer;

    /// Starts a timer of `ms` milliseconds.
    #[wasm_bindgen(constructor)]
    pub(crate) fn new(ms: f64) -> Timer;

    /// Resolves when the time is over; never rejects.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn fired(this: &Timer) -> Promise;

    /// Clears the timer: nobody waits for it any more.
    #[wasm_bindgen(method)]
    pub(crate) fn clear(this: &Timer);

    /// Returns the reply of a durable owner, a `Uint8Array`; rejects when it fails or takes longer than `timeout_ms`.
    #[wasm_bindgen(catch)]
    pub(crate) async fn apply(owner: &JsValue, command: &[u8], timeout_ms: f64) -> Result<JsValue, JsValue>;

    /// Returns the rows of a statement, an array of arrays of values (bytes as `Uint8Array`); rejects when the database
    /// fails or takes longer than `timeout_ms`.
    #[wasm_bindgen(catch)]
    pub(crate) async fn query(
        database: &JsValue,
        statement: &str,
        parameters: &Array,
        timeout_ms: f64,
    ) -> Result<JsValue, JsValue>;

    /// Returns the value under `key` in the data centre's cache of this name: a `Uint8Array`, or `undefined`.
    #[wasm_bindgen(catch, js_name = cacheGet)]
    pub(crate) async fn cache_get(name: &str, key: &str) -> Result<JsValue, JsValue>;

    /// Stores a copy of `value` there, for `seconds`.
    #[wasm_bindgen(catch, js_name = cachePut)]
    pub(crate) async fn cache_put(name: &str, key: &str, value: &[u8], seconds: f64) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The platform's `AbortController`, which ends an exchange early.
    pub(crate) type AbortController;

    /// Makes a new one.
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> AbortController;

    /// Ends its exchange, if that is still under way.
    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &AbortController);
}

#[wasm_bindgen(module = "toolgate-origin")]
extern "C" {
    /// Runs a whole exchange: `[status, header values, body]`, or the number of an error (see `origin.rs`).
    #[wasm_bindgen(catch)]
    pub(crate) async fn send(
        abort: &AbortController,
        head: &str,
        body: &[u8],
        timeout_ms: f64,
        limit: f64,
    ) -> Result<JsValue, JsValue>;

    /// Runs an exchange up to the head of the answer: `[status, header values, stream or null]`, or the number of an
    /// error.
    #[wasm_bindgen(catch)]
    pub(crate) async fn open(head: &str, body: &[u8], timeout_ms: f64) -> Result<JsValue, JsValue>;
}
