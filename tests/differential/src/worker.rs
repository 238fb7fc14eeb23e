//! A real Arcade worker, spoken to over HTTP as an engine does.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jwt_simple::prelude::{Claims, Duration, HS256Key, MACLike as _};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answer, Case};

/// A worker's address and credential, and its process when it was started here.
#[derive(Debug)]
pub struct Worker {
    url: String,
    authorization: String,
    process: Option<Child>,
}

#[derive(Serialize, Deserialize)]
struct WorkerClaims {
    ver: String,
}

/// An HTTP client that asks only this machine, and not for ever.
fn client() -> Result<Client, String> {
    // It will not be made without a provider of cryptography.
    let _earlier = rustls::crypto::ring::default_provider().install_default();
    let limit = std::time::Duration::from_secs(30);
    Client::builder().no_proxy().timeout(limit).build().map_err(|error| error.to_string())
}

#[expect(clippy::disallowed_methods, reason = "a test takes its surroundings from the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Worker {
    /// The worker of `TOOLGATE_ARCADE_WORKER_URL` and `TOOLGATE_ARCADE_WORKER_SECRET`, or one that is started with the
    /// python of `TOOLGATE_PYTHON`.
    ///
    /// # Errors
    /// What is missing or did not start, in words.
    pub fn find() -> Result<Self, String> {
        match (
            setting("TOOLGATE_ARCADE_WORKER_URL"),
            setting("TOOLGATE_ARCADE_WORKER_SECRET"),
            setting("TOOLGATE_PYTHON"),
        ) {
            (Some(url), Some(secret), _) => Ok(Self {
                url: url.trim_end_matches('/').to_owned(),
                authorization: authorization(&secret)?,
                process: None,
            }),
            (_, _, Some(python)) => Self::start(&python),
            _ => {
                Err("set TOOLGATE_ARCADE_WORKER_URL and TOOLGATE_ARCADE_WORKER_SECRET, or TOOLGATE_PYTHON to a python \
                      with tests/worker/requirements.txt installed"
                    .to_owned())
            }
        }
    }

    fn start(python: &str) -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/serve.py");
        let secret = "a secret of this test run and no other";
        let mut process = Command::new(python)
            .arg(script)
            .args(["--port", "0", "--with-parent"])
            .env("ARCADE_WORKER_SECRET", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python} does not start: {error}"))?;
        let mut port = String::new();
        let stdout = process.stdout.take().ok_or("the worker has no stdout")?;
        BufReader::new(stdout).read_line(&mut port).map_err(|error| format!("the worker says nothing: {error}"))?;
        let worker = Self {
            url: format!("http://127.0.0.1:{}", port.trim()),
            authorization: authorization(secret)?,
            process: Some(process),
        };
        if port.trim().parse::<u16>().is_err() {
            return Err(format!("the worker did not print its port but {port:?}"));
        }
        Ok(worker)
    }

    /// Waits until the worker answers its health check.
    ///
    /// # Errors
    /// The last failure, after ten seconds.
    pub async fn ready(&self) -> Result<(), String> {
        let client = client()?;
        let mut last = String::new();
        for _ in 0..100 {
            match client.get(format!("{}/worker/health", self.url)).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => last = response.status().to_string(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Err(format!("{}: {last}", self.url))
    }

    /// The worker's list of tools, as bytes.
    ///
    /// # Errors
    /// Any failure of the exchange, in words.
    pub async fn tools(&self) -> Result<Vec<u8>, String> {
        let request = client()?.get(format!("{}/worker/tools", self.url)).header("authorization", &self.authorization);
        let response = request.send().await.map_err(|error| error.to_string())?;
        Ok(response.bytes().await.map_err(|error| error.to_string())?.to_vec())
    }

    /// Makes the calls one after another over one connection, and gives their answers in order.
    ///
    /// # Errors
    /// Any failure of an exchange, and any answer that is no tool's, in words.
    pub async fn answers(&self, cases: &[Case]) -> Result<Vec<Answer>, String> {
        let client = client()?;
        let mut answers = Vec::with_capacity(cases.len());
        for case in cases {
            let body = format!(
                "{{\"tool\":{{\"name\":\"{}\",\"toolkit\":\"Calc\",\"version\":\"1.0.0\"}},\"inputs\":{}}}",
                case.tool, case.inputs
            );
            let request = client
                .post(format!("{}/worker/tools/invoke", self.url))
                .header("authorization", &self.authorization)
                .header("content-type", "application/json")
                .body(body);
            let response = request.send().await.map_err(|error| format!("{case:?}: {error}"))?;
            let text = response.text().await.map_err(|error| format!("{case:?}: {error}"))?;
            let answer = serde_json::from_str::<Value>(&text).ok();
            let answer = answer.as_ref().and_then(|answer| Answer::from_output(answer.get("output")?));
            answers.push(answer.ok_or_else(|| format!("{case:?}: not a tool's answer: {text}"))?);
        }
        Ok(answers)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself; either way there is nobody left to tell.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn authorization(secret: &str) -> Result<String, String> {
    let claims = Claims::with_custom_claims(WorkerClaims { ver: "1".to_owned() }, Duration::from_mins(15))
        .with_audience("worker");
    let token = HS256Key::from_bytes(secret.as_bytes()).authenticate(claims).map_err(|error| error.to_string())?;
    Ok(format!("Bearer {token}"))
}
