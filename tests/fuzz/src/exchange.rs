//! One request through a whole gateway, and what holds of every answer: one record, one id, words for every error.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Once;
use std::task::{Context, Poll, Waker};

use serde_json::Value;
use toolgate::front::response::Response;
use toolgate::gateway::Gateway;
use toolgate::model::request::Request;
use toolgate::ports::Body;
use toolgate::words::method::Method;

use crate::host::{CREDENTIALS, Host, KEY};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static INSTALLED: Once = Once::new();

/// The outcome of a request.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    /// The refusal's name, if the gateway refused.
    pub(crate) refusal: Option<String>,
    pub(crate) cache: Option<String>,
    /// The body; `None` for a streamed one.
    pub(crate) body: Option<Vec<u8>>,
}

impl Answered {
    /// The body as JSON; null for none.
    pub(crate) fn json(&self) -> Value {
        let body = self.body.as_deref().unwrap_or_default();
        if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or(Value::Null) }
    }
}

/// Asks the gateway, and runs what it leaves for later.
pub(crate) fn ask(gateway: &Gateway, host: &Host, request: Request) -> Answered {
    INSTALLED
        .call_once(|| toolgate::telemetry::install(|line| LINES.with_borrow_mut(|lines| lines.push(line.to_owned()))));
    LINES.take();
    let (method, headers) = (request.method, request.headers.clone());
    let mut answering = pin!(gateway.handle(host, request));
    let Poll::Ready(response) = answering.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits");
    };
    host.run_jobs();
    let answered = read(method, response);
    let lines = LINES.take();
    check_record(&answered, &lines);
    let told = answered.body.clone().unwrap_or_default();
    let told = format!("{}{}", String::from_utf8_lossy(&told), lines.concat());
    assert!(!CREDENTIALS.iter().any(|secret| told.contains(secret)), "a credential is told: {told}");
    // A key that stands where no key belongs is the caller's own word, which may be repeated.
    let elsewhere = headers.0.iter().skip(2).flatten().any(|value| value.contains(KEY));
    assert!(elsewhere || !lines.concat().contains(KEY), "a key is recorded: {lines:?}");
    answered
}

fn read(method: Method, response: Response<()>) -> Answered {
    let Response { status, headers, body } = response;
    assert!((200..600).contains(&status), "a status is from 200 to 599: {status}");
    for (name, value) in &headers {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert!(!value.chars().any(char::is_control), "{name}: {value:?}");
    }
    let header = |wanted: &str| {
        let values: Vec<_> = headers.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect();
        assert!(values.len() <= 1, "{wanted} twice: {values:?}");
        values.first().map(|value| (**value).to_string())
    };
    let body = match body {
        Body::Empty => Some(Vec::new()),
        Body::Bytes(bytes) => Some(bytes),
        Body::Stream(()) => None,
    };
    let is_own = match header("cache-control").as_deref() {
        Some("no-store") => true,
        // What a client may keep, it asks for again each time.
        Some("private, no-cache") => header("etag").is_some() && matches!(status, 200 | 304),
        _ => false,
    };
    assert!(is_own, "answers are one caller's own");
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
    let answered = Answered {
        status,
        request_id: header("x-request-id").expect("every answer has its id"),
        refusal: header("toolgate-refusal"),
        cache: header("cache-status"),
        body,
    };
    if method == Method::Head {
        assert_eq!(answered.body.as_deref(), Some(&b""[..]), "a HEAD has no body");
    } else if let Some(name) = &answered.refusal {
        assert!(status >= 400, "a refusal is an error: {status}");
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        check_words(&answered, name);
    }
    answered
}

/// A refusal in the words of the Arcade API.
fn check_words(answered: &Answered, name: &str) {
    let body = answered.json();
    assert_eq!(body.get("name").and_then(Value::as_str), Some(name), "{body}");
    assert!(body.get("message").and_then(Value::as_str).is_some_and(|message| !message.is_empty()), "{body}");
    assert_eq!(body.get("request_id").and_then(Value::as_str), Some(answered.request_id.as_str()), "{body}");
}

fn check_record(answered: &Answered, lines: &[String]) {
    let lines: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let records: Vec<&Value> = lines.iter().filter(|line| line.get("request_id").is_some()).collect();
    let [record] = records.as_slice() else {
        panic!("one record for one request: {records:?}");
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    assert_eq!(text("request_id"), Some(answered.request_id.as_str()), "the record is about this request");
    let status = record.get("http.response.status_code").and_then(Value::as_u64);
    assert_eq!(status, Some(u64::from(answered.status)), "the record's status");
    match &answered.refusal {
        Some(name) => assert_eq!(text("outcome"), Some(name.as_str()), "the record's outcome"),
        None => {
            let refused = text("outcome") == Some("engine_refused") && answered.status >= 400;
            assert!(refused || matches!(text("outcome"), Some("ok" | "tool_error")), "the record's outcome: {record}");
        }
    }
}
