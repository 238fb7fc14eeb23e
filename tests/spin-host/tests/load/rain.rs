//! Calls by many connections at once, and what their callers saw.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

use crate::gateway::KEY;

/// The target of the calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A local tool whose answer nobody keeps.
    Plain,
    /// A local tool whose answer is kept, each time with other arguments.
    Kept,
    /// The engine's tool that must not run twice, each time under a fresh idempotency key.
    Once,
}

/// The callers' view.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    took: Vec<Duration>,
    lasted: Duration,
    /// Answers that are no success, with how often they came.
    pub(crate) refused: BTreeMap<String, usize>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |share: usize| self.took.get(self.took.len().saturating_sub(1) * share / 100).copied();
        write!(
            f,
            "{:.0} requests/s, p50 {:.1?}, p99 {:.1?}, {} refused",
            self.took.len() as f64 / self.lasted.as_secs_f64(),
            at(50).unwrap_or_default(),
            at(99).unwrap_or_default(),
            self.refused.values().sum::<usize>()
        )
    }
}

/// Makes `calls` calls over as many connections, each of which sends its next when the last is answered.
pub(crate) async fn rain(url: &str, connections: usize, calls: usize, kind: Kind) -> Seen {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let left = Arc::new(AtomicUsize::new(calls));
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (left, url) = (Arc::clone(&left), url.to_owned());
        callers.spawn(async move {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let mut seen = Seen::default();
            while left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let sent = Instant::now();
                let fault = fault(&client, request(&url, kind, NUMBER.fetch_add(1, Ordering::Relaxed))).await;
                seen.took.push(sent.elapsed());
                if let Some(fault) = fault {
                    *seen.refused.entry(fault).or_default() += 1;
                }
            }
            seen
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = callers.join_next().await {
        let seen = seen.expect("a caller");
        all.took.extend(seen.took);
        seen.refused.into_iter().for_each(|(fault, times)| *all.refused.entry(fault).or_default() += times);
    }
    all.took.sort_unstable();
    all.lasted = began.elapsed();
    all
}

fn request(url: &str, kind: Kind, number: usize) -> Request<Full<Bytes>> {
    let (tool, input) = match kind {
        Kind::Plain => ("Calc.Plus", format!(r#"{{"a": "{number}", "b": "1"}}"#)),
        Kind::Kept => ("Calc.Arrangements", format!(r#"{{"a": "{}"}}"#, number % 400)),
        Kind::Once => ("Mail.Send", format!(r#"{{"to": "a@example.com", "subject": "{number}"}}"#)),
    };
    // Each user has a cache of its own: no two calls have the same key.
    let body = format!(r#"{{"tool_name": "{tool}", "user_id": "user-{number}@example.com", "input": {input}}}"#);
    Request::post(format!("{url}/v1/tools/execute"))
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .header("idempotency-key", format!("load-{number}"))
        .body(Full::new(body.into()))
        .expect("a request")
}

/// Returns the error in the answer, if there is one.
async fn fault(client: &Client<HttpConnector, Full<Bytes>>, request: Request<Full<Bytes>>) -> Option<String> {
    let response = match client.request(request).await {
        Ok(response) => response,
        Err(fault) => return Some(fault.to_string()),
    };
    let status = response.status();
    let body = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(fault) => return Some(fault.to_string()),
    };
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    (status != 200 || body["success"] != true).then(|| format!("{status}: {}", body["name"]))
}
