//! The stand-in as a worker's engine: lists a worker's tools and calls them by the worker protocol.

use std::time::Duration;

use jwt_simple::prelude::{Claims, HS256Key, MACLike};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::without_nulls;
use crate::catalogue::Tool;
use crate::engine::Engine;
use crate::execute::Output;
use crate::{clock, workers};

/// The lifetime of a token for a worker.
const TOKEN_S: u64 = 120;
/// The time limit of a worker's listing and health check.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit of a tool run at a worker.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(55);
/// Most questions to a worker that is still starting, one every 100 ms.
const START_ATTEMPTS: u32 = 100;

/// The claims that a worker wants beside the registered ones.
#[derive(Deserialize, Serialize)]
pub(crate) struct WorkerClaims {
    pub ver: Value,
}

/// A token that the worker with this secret accepts.
fn token(secret: &str) -> Result<String, String> {
    let claims =
        Claims::with_custom_claims(WorkerClaims { ver: "1".into() }, jwt_simple::prelude::Duration::from_secs(TOKEN_S));
    HS256Key::from_bytes(secret.as_bytes())
        .authenticate(claims.with_audience("worker"))
        .map_err(|fault| fault.to_string())
}

/// The tools of a worker that may still be starting.
///
/// # Errors
/// It did not list them within 10 seconds; the last fault says why.
pub(crate) async fn wait_for_tools(http: &reqwest::Client, url: &str, secret: &str) -> Result<Vec<Tool>, String> {
    let mut last = String::new();
    for _ in 0..START_ATTEMPTS {
        match list(http, url, secret).await {
            Ok(tools) => return Ok(tools),
            Err(fault) => last = fault,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("the worker at {url} lists no tools: {last}"))
}

/// Returns the tools that a worker lists.
///
/// # Errors
/// It does not answer, refuses the token, or answers with something else, in words.
pub(crate) async fn list(http: &reqwest::Client, url: &str, secret: &str) -> Result<Vec<Tool>, String> {
    let request = http.get(format!("{url}/worker/tools")).bearer_auth(token(secret)?).timeout(LIST_TIMEOUT);
    let (status, body) = send(request).await?;
    if status != 200 {
        return Err(format!("the worker answered {status}"));
    }
    let listed: Vec<Value> = serde_json::from_slice(&body).map_err(|fault| format!("the worker's list: {fault}"))?;
    let home = workers::home(url, secret);
    Ok(listed.into_iter().filter_map(|tool| Tool::from_worker(tool, &home)).collect())
}

/// Returns the health that a worker reports.
///
/// # Errors
/// It does not answer, or not that it is well.
pub(crate) async fn health(http: &reqwest::Client, url: &str) -> Result<String, String> {
    let (status, body) = send(http.get(format!("{url}/worker/health")).timeout(LIST_TIMEOUT)).await?;
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    match said.get("status").and_then(Value::as_str) {
        Some("ok") if status == 200 => Ok("ok".to_owned()),
        _ => Err(format!("the worker answered {status}")),
    }
}

/// A ToolCallResponse, its value kept as text.
#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow, default)]
    output: Option<CalledOutput<'a>>,
}

#[derive(Deserialize)]
struct CalledOutput<'a> {
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    logs: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    requires_authorization: Option<Value>,
}

/// Runs a tool on its worker. What goes wrong on the way there is a tool error, as the engine reports it.
pub(crate) async fn invoke(
    engine: &Engine,
    url: &str,
    secret: &str,
    tool: &Tool,
    input: Option<&RawValue>,
    user: Option<&str>,
    user_token: Option<String>,
) -> Output {
    #[derive(Serialize)]
    struct Call<'a> {
        run_id: String,
        execution_id: String,
        created_at: String,
        tool: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        inputs: Option<&'a RawValue>,
        context: Value,
    }
    let mut context = json!({"user_id": user.unwrap_or_default()});
    if let (Some(token), Some(members)) = (user_token, context.as_object_mut()) {
        members.insert("authorization".to_owned(), json!({"token": token, "user_info": {}}));
    }
    let call = Call {
        run_id: engine.id("run"),
        execution_id: engine.id("te"),
        created_at: clock::iso(clock::now_ms()),
        tool: json!({"name": tool.name, "toolkit": tool.toolkit_name(), "version": tool.version}),
        inputs: input,
        context,
    };
    let sent = async {
        let body = serde_json::to_vec(&call).map_err(|fault| fault.to_string())?;
        let request = engine.http.post(format!("{url}/worker/tools/invoke")).bearer_auth(token(secret)?);
        send(request.header("content-type", "application/json").body(body).timeout(INVOKE_TIMEOUT)).await
    };
    match sent.await {
        Err(fault) => Output::error("NETWORK_TRANSPORT_RUNTIME_UNREACHABLE", &fault, true, None),
        Ok((200, body)) => outcome(&body),
        Ok((status, _)) => Output::error(
            "NETWORK_TRANSPORT_RUNTIME_UNMAPPED",
            &format!("the worker answered {status}"),
            false,
            Some(status),
        ),
    }
}

fn outcome(body: &[u8]) -> Output {
    let unreadable = |why: &str| Output::error("NETWORK_TRANSPORT_RUNTIME_UNMAPPED", why, false, None);
    let called: Called<'_> = match serde_json::from_slice(body) {
        Ok(called) => called,
        Err(fault) => return unreadable(&format!("the worker's answer: {fault}")),
    };
    let Some(output) = called.output else {
        return unreadable("the worker's answer has no output");
    };
    let authorization = output.requires_authorization.map(|asked| {
        let member = |name: &str| asked.get(name).cloned().unwrap_or_default();
        without_nulls(json!({
            "id": member("authorization_id"), "url": member("authorization_url"), "scopes": member("scopes"), "status": member("status"),
        }))
    });
    Output {
        value: output.value.filter(|value| value.get() != "null").map(ToOwned::to_owned),
        error: output.error.map(without_nulls),
        logs: output.logs.map(without_nulls),
        authorization,
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(u16, bytes::Bytes), String> {
    let answer = request.send().await.map_err(|fault| format!("the worker does not answer: {fault}"))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|fault| format!("the worker's answer broke off: {fault}"))?;
    Ok((status, body))
}
