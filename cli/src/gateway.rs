//! A running gateway, asked over HTTP by an operator.

use std::time::Duration;

use clap::Args;
use reqwest::blocking::{Client, Response};
use reqwest::{Method, Url, redirect};
use serde_json::Value;

use crate::failure::Failure;
use crate::machine;

/// The address of a gateway, and a key for it.
#[derive(Args, Debug)]
pub(crate) struct Address {
    /// The gateway's URL, such as https://toolgate.example.workers.dev.
    #[arg(long)]
    url: String,
    /// The environment variable that holds the key to ask with. A key never stands on a command line.
    #[arg(long, value_name = "NAME", default_value = "TOOLGATE_KEY")]
    key_from_env: String,
}

/// Deadline of one exchange: a gateway that makes calls of its own before it answers takes up to 58 s.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Most attempts of one request.
const ATTEMPTS: u32 = 3;
/// Longest wait before a retry.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A gateway and the key for it. No `Debug`: it holds a secret.
pub(crate) struct Gateway {
    client: Client,
    base: Url,
    key: String,
}

impl Address {
    /// Returns the gateway at this address, for requests that need `action`.
    pub(crate) fn gateway(&self, action: &str) -> Result<Gateway, Failure> {
        let name = &self.key_from_env;
        let key = machine::variable(name)
            .ok_or_else(|| Failure::new(format!("{name} is not set: it must hold a key with {action}")))?;
        Gateway::new(&self.url, key)
    }
}

impl Gateway {
    fn new(url: &str, key: String) -> Result<Self, Failure> {
        let invalid = |why: &str| Failure::new(format!("--url {url}: {why}"));
        let base = Url::parse(url).map_err(|fault| invalid(&fault.to_string()))?;
        let is_here = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if base.scheme() != "https" && !(base.scheme() == "http" && is_here) {
            return Err(invalid("must begin with https://, as a key travels there; http:// only to this machine"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(invalid("must not hold a password"));
        }
        // Another provider may be installed already; either does.
        let _earlier = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(TIMEOUT).build();
        let client = client.map_err(|fault| Failure::new(format!("no HTTPS: {fault}")))?;
        Ok(Self { client, base, key })
    }

    /// Sends a request to a path below the gateway's address. Retries where that is safe, with `once` as the
    /// Idempotency-Key.
    pub(crate) fn ask(
        &self,
        method: &Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
        once: Option<&str>,
    ) -> Result<Value, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["gate", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut attempt = 1;
        loop {
            let mut request = self.client.request(method.clone(), url.clone()).bearer_auth(&self.key);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            if let Some(once) = once {
                request = request.header("idempotency-key", once);
            }
            let answer = match request.send() {
                Ok(answer) => answer,
                Err(_) if attempt < ATTEMPTS => {
                    attempt = attempt.saturating_add(1);
                    continue;
                }
                Err(fault) => return Err(Failure::new(format!("{} does not answer: {}", self.base, causes(&fault)))),
            };
            match again_after(&answer) {
                Some(wait) if attempt < ATTEMPTS => {
                    attempt = attempt.saturating_add(1);
                    machine::pause(wait.min(WAIT_MAX));
                }
                _ => return read(answer),
            }
        }
    }
}

/// Returns the wait before a retry, if the gateway asks for one.
fn again_after(answer: &Response) -> Option<Duration> {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    if header("x-should-retry") != Some("true") {
        return None;
    }
    let wait = header("retry-after-ms").and_then(|wait| wait.parse().ok());
    Some(Duration::from_millis(wait.unwrap_or(1_000)))
}

fn read(answer: Response) -> Result<Value, Failure> {
    let status = answer.status();
    let text = answer.text().map_err(|fault| Failure::new(format!("the answer is cut: {}", causes(&fault))))?;
    let body: Value = serde_json::from_str(&text)
        .map_err(|_| Failure::new(format!("{status}, and no JSON: is there a Toolgate at this address?")))?;
    if status.is_success() {
        return Ok(body);
    }
    let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    Err(Failure::new(format!("{}: {} ({})", member("name"), member("message"), member("request_id"))))
}

/// Writes an error with its causes: reqwest's own text names only the URL.
fn causes(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut behind = fault.source();
    while let Some(cause) = behind {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        behind = cause.source();
    }
    text
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
