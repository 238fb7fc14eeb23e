//! The functions that `js/entry.js` calls.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::futures::future_to_promise;
use js_sys::{Array, Promise};
use toolgate::gateway::Gateway;
use toolgate::model::request::Header;
use toolgate::ports::origin::RESPONSE_HEADERS;
use toolgate::telemetry;
use toolgate::words::limits;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::worker_sys::Context as JsContext;

use crate::host::Host;
use crate::{durable, glue, request, response};

thread_local! {
    /// The gateway, for the isolate's life or until a trap makes `js/entry.js` restart.
    static GATEWAY: Cell<Option<&'static Gateway>> = const { Cell::new(None) };
}

/// Prepares the gateway with this configuration document. The build calls it once and ships the memory as it is then
/// (`cli/src/build/snapshot.rs`), so it must not touch JavaScript; code that nothing but this needs is not shipped.
#[wasm_bindgen]
pub fn prepare(document: &str) {
    telemetry::install(glue::log);
    GATEWAY.set(Some(Box::leak(Box::new(Gateway::new(document)))));
}

/// Begins an instance, and returns the content of `js/known.js`: `[most bytes of a request body, request headers to
/// read, response headers to report]`.
///
/// The bindings have called the start function of `worker` by now, which wraps the hook that it finds and writes the
/// message of a panic to the console: ours replaces it.
#[wasm_bindgen]
pub fn start() -> Array {
    panic::set_hook(Box::new(tell));
    Array::of3(&JsValue::from(limits::BODY_BYTES_MAX as f64), &array(&Header::NAMES), &array(&RESPONSE_HEADERS))
}

fn array(names: &[&str]) -> Array {
    names.iter().copied().map(JsValue::from_str).collect()
}

/// Logs the location of a panic, which the trap that follows it does not know. A message that was formatted at run time
/// stays out: it may hold secrets.
fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
    tracing::error!(place, reason, "panic");
}

/// Answers a request: with a `Response` if nothing had to be waited for, else with a promise of one.
///
/// `fate` is the outcome of reading the body (see [`request`]).
#[wasm_bindgen]
pub fn fetch(head: &str, body: Vec<u8>, fate: u8, env: Env, context: JsContext) -> JsValue {
    let Some(gateway) = GATEWAY.get() else {
        return JsValue::UNDEFINED;
    };
    let host = Host::new(env, context);
    let request = request::read(head, body, fate);
    let answer = async move { response::write(gateway.handle(&host, request).await) };
    now_or_later(Box::pin(answer))
}

/// Runs the scheduled job.
#[wasm_bindgen]
pub fn scheduled(env: Env, context: JsContext) -> Promise {
    let host = Host::new(env, context);
    future_to_promise(async move {
        if let Some(gateway) = GATEWAY.get() {
            gateway.scheduled(&host).await;
        }
        Ok(JsValue::UNDEFINED)
    })
}

/// Runs one step of a durable owner: `[state to store | undefined, when it may be deleted in ms | undefined, reply]`.
#[wasm_bindgen]
pub fn step(stored: Option<Vec<u8>>, command: Vec<u8>) -> Array {
    durable::step(stored.as_deref(), &command)
}

/// Polls once: a warm cache hit is ready then, and skips the task queue, its closures and a promise.
///
/// The waker of that poll does nothing, which is right because its task polls a pending future again at once, and every
/// future of ours keeps the waker of its latest poll.
fn now_or_later(mut answer: Pin<Box<dyn Future<Output = JsValue>>>) -> JsValue {
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response,
        Poll::Pending => future_to_promise(async move { Ok(answer.await) }).into(),
    }
}
