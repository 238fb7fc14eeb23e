//! Converts requests for the core, and responses for WASI.

use std::pin::pin;

use futures_util::future::{Either, select};
use spin_sdk::wasip3;
use spin_sdk::wasip3::http::types::{
    ErrorCode, Fields, Method as WasiMethod, Request as WasiRequest, Response, Trailers,
};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use spin_sdk::wasip3::{wit_future, wit_stream};
use toolgate::front::response;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::{Body, Clock};
use toolgate::words::limits;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::Spin;

const CONTENT_LENGTH: &str = "content-length";

/// Deadline of a request's body.
const PATIENCE: Millis = Millis::from_secs(30);

/// Bytes that one read of a body asks for when its length is not declared.
const READ_BYTES: usize = 16 * 1024;

/// The end of a body: with trailers, without, or too early.
type End = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// A body on its way: its bytes, and its end.
pub(crate) type Stream = (StreamReader<u8>, End);

/// The failures of reading a whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is longer than the bound.
    TooLarge,
    /// It ended early, or its framing is wrong.
    Broken,
}

/// Takes a request from the host.
pub(crate) async fn read(request: WasiRequest) -> Request {
    let method = method_of(&request.get_method());
    let target = request.get_path_with_query().unwrap_or_else(|| "/".to_owned());
    let (headers, declared) = headers_of(request.get_headers().copy_all());
    let body = match method {
        // Content in these has no meaning (RFC 9110 sections 9.3.1 and 9.3.2).
        Method::Get | Method::Head => RequestBody::Whole(Vec::new()),
        _ => {
            let (sent, done) = wit_future::new(|| Ok(()));
            let stream = WasiRequest::consume_body(request, done);
            drop(sent);
            let body = pin!(collect(stream, declared, limits::BODY_BYTES_MAX));
            // The host waits for ever by default.
            let late = pin!(Spin.sleep(PATIENCE));
            match select(body, late).await {
                Either::Left((Ok(body), _)) => RequestBody::Whole(body),
                Either::Left((Err(Unread::TooLarge), _)) => RequestBody::TooLarge,
                Either::Left((Err(Unread::Broken), _)) | Either::Right(_) => RequestBody::Broken,
            }
        }
    };
    Request { method, target, headers, body }
}

fn method_of(method: &WasiMethod) -> Method {
    match method {
        WasiMethod::Get => Method::Get,
        WasiMethod::Head => Method::Head,
        WasiMethod::Post => Method::Post,
        WasiMethod::Put => Method::Put,
        WasiMethod::Patch => Method::Patch,
        WasiMethod::Delete => Method::Delete,
        WasiMethod::Options => Method::Options,
        WasiMethod::Connect | WasiMethod::Trace | WasiMethod::Other(_) => Method::Other,
    }
}

/// Returns the headers that the gateway reads, and the length that the head declares. All are fetched at once: one call
/// of the host costs more than the copies of the unread ones.
fn headers_of(fields: Vec<(String, Vec<u8>)>) -> (RequestHeaders, Option<usize>) {
    let mut headers = RequestHeaders::default();
    let mut declared = None;
    for (name, value) in fields {
        let slot = Header::NAMES.iter().position(|known| *known == name).and_then(|index| headers.0.get_mut(index));
        if let Some(slot) = slot {
            join(slot, value);
        } else if name == CONTENT_LENGTH {
            declared = length(&value);
        }
    }
    (headers, declared)
}

/// Adds a value to a header's: several are one, joined with a comma (RFC 9110 section 5.3). A value that is not text
/// counts as none: nothing that the gateway reads may be anything else.
fn join(slot: &mut Option<String>, value: Vec<u8>) {
    let Ok(value) = String::from_utf8(value) else { return };
    match slot {
        None => *slot = Some(value),
        Some(known) => {
            known.push_str(", ");
            known.push_str(&value);
        }
    }
}

/// Returns the value of one header.
pub(crate) fn field(fields: &Fields, name: &str) -> Option<String> {
    let mut slot = None;
    fields.get(name).into_iter().for_each(|value| join(&mut slot, value));
    slot
}

/// Returns the length that the head declares.
pub(crate) fn declared_length(fields: &Fields) -> Option<usize> {
    fields.get(CONTENT_LENGTH).first().and_then(|value| length(value))
}

fn length(value: &[u8]) -> Option<usize> {
    str::from_utf8(value).ok()?.trim().parse().ok()
}

/// Reads a whole body of at most `limit` bytes, and exactly as many as were declared.
pub(crate) async fn collect(stream: Stream, declared: Option<usize>, limit: usize) -> Result<Vec<u8>, Unread> {
    let (mut bytes, ended) = stream;
    if declared.is_some_and(|declared| declared > limit) {
        return Err(Unread::TooLarge);
    }
    let mut body = Vec::with_capacity(declared.unwrap_or(READ_BYTES));
    // A body of its declared length is whole: the host lets nothing follow it, so its end need not be waited for.
    while declared != Some(body.len()) {
        if body.len() == body.capacity() {
            body.reserve(READ_BYTES);
        }
        let (result, read) = bytes.read(body).await;
        body = read;
        if body.len() > limit {
            return Err(Unread::TooLarge);
        }
        if !matches!(result, StreamResult::Complete(_)) {
            let whole = declared.is_none() && ended.await.is_ok();
            return if whole { Ok(body) } else { Err(Unread::Broken) };
        }
    }
    Ok(body)
}

/// Hands a response to the host.
pub(crate) fn write(response: response::Response<Stream>) -> Result<Response, ErrorCode> {
    let response::Response { status, headers, body } = response;
    let mut fields = Vec::with_capacity(headers.len().saturating_add(1));
    fields.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned().into_bytes())));
    if let Body::Bytes(body) = &body {
        fields.push((CONTENT_LENGTH.to_owned(), body.len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&fields).map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
    let (contents, ended) = match body {
        Body::Empty => (None, outgoing_end()),
        Body::Bytes(body) => outgoing(body),
        // The stream goes from one side of the host to the other: its bytes never come in here.
        Body::Stream((contents, ended)) => (Some(contents), ended),
    };
    let (response, _sent) = Response::new(fields, contents, ended);
    // The core keeps to 200 to 599, which the host accepts.
    let _accepted = response.set_status_code(status);
    Ok(response)
}

/// Returns a body that a task of its own writes while the other side reads.
pub(crate) fn outgoing(body: Vec<u8>) -> (Option<StreamReader<u8>>, End) {
    if body.is_empty() {
        return (None, outgoing_end());
    }
    let (mut writer, reader) = wit_stream::new();
    wasip3::spawn(async move {
        // The other side may stop reading; it knows why.
        let _unread = writer.write_all(body).await;
    });
    (Some(reader), outgoing_end())
}

/// Returns a body's end: no trailers, no error. A truncated body shows by its declared length.
fn outgoing_end() -> End {
    let (_default, reader) = wit_future::new(|| Ok(None));
    reader
}
