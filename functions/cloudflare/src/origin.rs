//! Outbound HTTP: the platform's `fetch`, bounded by `js/origin.js` in time and, where the body is collected, in bytes.

use js_sys::{Array, Uint8Array};
use toolgate::ports::origin::RESPONSE_HEADERS;
use toolgate::ports::{Origin, OriginError, OriginRequest, OriginResponse, OriginStream};
use wasm_bindgen::{JsCast, JsValue};

use crate::glue::{self, AbortController};
use crate::host::Host;
use crate::lines;

/// A `ReadableStream`, or `null` if the answer has no body.
#[derive(Clone, Debug)]
pub(crate) struct Stream(pub(crate) JsValue);

impl Origin for Host {
    type Stream = Stream;

    async fn send(&self, request: OriginRequest) -> Result<OriginResponse, OriginError> {
        let timeout = request.timeout.get() as f64;
        let limit = request.response_limit as f64;
        let exchange = Exchange(AbortController::new());
        let answered = glue::send(&exchange.0, &head(&request)?, &request.body, timeout, limit).await;
        let (status, headers, body) = answer(answered)?;
        let body = body.dyn_into::<Uint8Array>();
        Ok(OriginResponse { status, headers, body: body.map_err(|_| OriginError::Broken)?.to_vec() })
    }

    async fn open(&self, request: OriginRequest) -> Result<OriginStream<Stream>, OriginError> {
        let timeout = request.timeout.get() as f64;
        let answered = glue::open(&head(&request)?, &request.body, timeout).await;
        let (status, headers, body) = answer(answered)?;
        Ok(OriginStream { status, headers, body: Stream(body) })
    }
}

/// An exchange that ends when nobody waits for it any more: of two that race, the slower one is aborted.
struct Exchange(AbortController);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Writes the request's head as one string: the method, the URL, then names and values in turn, one per line; the
/// credential is written here, at the last moment. A line break inside one of them would move the rest, so it is
/// refused.
fn head(request: &OriginRequest) -> Result<String, OriginError> {
    let mut head = String::with_capacity(512);
    head.push_str(request.method.as_str());
    let mut line = |text: &str| {
        head.push('\n');
        head.push_str(text);
        (!text.contains(['\n', '\r'])).then_some(()).ok_or(OriginError::Forbidden)
    };
    line(&request.url)?;
    for (name, value) in &request.headers {
        line(name)?;
        line(value)?;
    }
    if let Some(credential) = &request.authorization {
        line("authorization")?;
        line(credential.expose())?;
    }
    Ok(head)
}

type Answer = (u16, Vec<(&'static str, String)>, JsValue);

/// Reads the answer of `js/origin.js`: an array, or the number of an error.
fn answer(answered: Result<JsValue, JsValue>) -> Result<Answer, OriginError> {
    let answered = answered.map_err(|_| OriginError::Broken)?;
    let answered = match answered.dyn_into::<Array>() {
        Ok(parts) => parts,
        Err(number) => return Err(error(number.as_f64())),
    };
    let status = answered.get(0).as_f64().ok_or(OriginError::Broken)?;
    let values = answered.get(1).as_string().ok_or(OriginError::Broken)?;
    let mut values = values.split('\n');
    let headers = RESPONSE_HEADERS.into_iter();
    let headers = headers.filter_map(|name| Some((name, lines::value(&mut values)?.to_owned())));
    Ok((status as u16, headers.collect(), answered.get(2)))
}

/// Returns the error of a number in `js/origin.js`.
fn error(number: Option<f64>) -> OriginError {
    match number.map(|number| number as u8) {
        Some(1) => OriginError::Timeout,
        Some(3) => OriginError::BodyCut,
        Some(4) => OriginError::BodyTooLarge,
        _ => OriginError::Broken,
    }
}
