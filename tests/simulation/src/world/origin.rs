//! Executors: an engine and a worker at one address, whose answers say everything they depended on.

use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::ports::{Origin, OriginError, OriginRequest, OriginResponse, OriginStream};
use toolgate::words::time::Millis;

use super::Platform;
use crate::facts::{Execution, Facts, TOOLS, Via};

/// The failures of a tool that runs, in percent.
const TOOL_FAILS: u32 = 6;

/// The act of an executor that a test asks for: after how long, and what; `None` for what they do anyway.
pub type Script = Rc<dyn Fn(&OriginRequest) -> Option<(Millis, Result<OriginResponse, OriginError>)>>;

impl Origin for Platform {
    type Stream = ();

    async fn send(&self, request: OriginRequest) -> Result<OriginResponse, OriginError> {
        self.note(&request);
        let script = self.world.script.borrow().clone();
        if let Some((delay, answer)) = script.and_then(|script| script(&request)) {
            self.world.wait(delay).await;
            return answer;
        }
        self.world.latency().await;
        let fault = self.world.chance(self.world.faults.get().origin).then(|| self.world.below(8));
        match fault {
            Some(0) => return Err(OriginError::Unreachable),
            Some(1) => return Ok(answer(500, "text/plain", b"Internal Server Error".to_vec())),
            Some(2) => {
                return Ok(answer(429, "application/json", b"{\"name\":\"busy\",\"message\":\"busy\"}".to_vec()));
            }
            _ => {}
        }
        let response = self.answer_to(&request);
        self.world.latency().await;
        match fault {
            Some(3) => {
                self.world.wait(request.timeout).await;
                Err(OriginError::Timeout)
            }
            Some(4) => Err(OriginError::Broken),
            Some(5) => Err(OriginError::BodyCut),
            Some(6) => Ok(answer(200, "text/html", b"<html>proxy error</html>".to_vec())),
            Some(_) => {
                self.world.wait(Millis::new(300)).await;
                Ok(response)
            }
            None => Ok(response),
        }
    }

    async fn open(&self, request: OriginRequest) -> Result<OriginStream<()>, OriginError> {
        let whole = self.send(request).await?;
        Ok(OriginStream { status: whole.status, headers: whole.headers, body: () })
    }
}

fn answer(status: u16, content_type: &str, body: Vec<u8>) -> OriginResponse {
    OriginResponse { status, headers: vec![("content-type", content_type.to_owned())], body }
}

fn json_answer(status: u16, body: &Value) -> OriginResponse {
    answer(status, "application/json", body.to_string().into_bytes())
}

impl Platform {
    fn note(&self, request: &OriginRequest) {
        let body = String::from_utf8_lossy(&request.body);
        let credential = request.authorization.as_ref().map_or("", |secret| secret.expose());
        let headers = format!("{:?}", request.headers);
        self.world.sent.borrow_mut().push(format!("{} {headers} {credential} {body}", request.url));
    }

    /// Returns the executor's answer, once it has run what it was asked to run.
    fn answer_to(&self, request: &OriginRequest) -> OriginResponse {
        let path = request.url.split_once("://").map_or("", |(_, rest)| rest);
        let path = path.find('/').and_then(|slash| path.get(slash..)).unwrap_or("/");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let credential = request.authorization.as_ref().map_or("", |secret| secret.expose());
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let (project, path) = project_of(path);
        match path.as_str() {
            "/v1/tools" => self.engine_tools(query),
            "/worker/tools" => json_answer(200, &Value::Array(definitions(self.world.schema.get(), Via::Worker))),
            "/v1/tools/execute" => {
                let account = credential.trim_start_matches("Bearer ").to_owned();
                let name = body["tool_name"].as_str().unwrap_or_default();
                let facts = self.facts(
                    Via::Engine,
                    account,
                    project,
                    name,
                    &body["tool_version"],
                    &body["user_id"],
                    between(&request.body, "\"input\":", "}"),
                );
                let (success, output) = self.execute(facts);
                json_answer(
                    200,
                    &json!({
                        "id": "tc", "execution_id": "te", "execution_type": "immediate",
                        "status": if success { "success" } else { "failed" },
                        "success": success, "duration": 1.25, "finished_at": "2026-01-01T00:00:00Z", "output": output,
                    }),
                )
            }
            "/worker/tools/invoke" => {
                let tool = &body["tool"];
                let name = format!(
                    "{}.{}",
                    tool["toolkit"].as_str().unwrap_or_default(),
                    tool["name"].as_str().unwrap_or_default()
                );
                // A worker cannot tell the accounts of tokens apart: the secret it shares is the account.
                let account = self.settings.get("ENGINE_KEY").cloned().unwrap_or_default();
                let facts = self.facts(
                    Via::Worker,
                    account,
                    None,
                    &name,
                    &tool["version"],
                    &body["context"]["user_id"],
                    between(&request.body, "\"inputs\":", ",\"context\""),
                );
                let (success, output) = self.execute(facts);
                json_answer(
                    200,
                    &json!({
                        "execution_id": "x", "finished_at": "2026-01-01T00:00:00", "duration": 1.25, "success": success,
                        "output": output,
                    }),
                )
            }
            "/v1/tools/authorize" | "/v1/auth/authorize" => json_answer(
                200,
                &json!({"id": format!("auth-{}", self.request), "status": "pending", "url": "https://consent"}),
            ),
            "/v1/auth/status" => {
                json_answer(200, &json!({"id": "x", "status": "completed", "context": {"token": "canary-user-token"}}))
            }
            _ => json_answer(404, &json!({"name": "not_found", "message": "no"})),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
    fn facts(
        &self,
        via: Via,
        account: String,
        project: Option<String>,
        name: &str,
        version: &Value,
        user: &Value,
        input: String,
    ) -> Facts {
        Facts {
            via,
            account,
            project,
            tool: name.to_owned(),
            version: version.as_str().unwrap_or_default().to_owned(),
            user: user.as_str().map(str::to_owned),
            schema: self.world.schema.get(),
            input,
        }
    }

    /// Runs a tool: notes it, and answers with everything the answer depends on. Now and then the tool itself fails.
    fn execute(&self, facts: Facts) -> (bool, Value) {
        let mut executions = self.world.executions.borrow_mut();
        let value = facts.to_value(executions.len());
        executions.push(Execution { request: self.request, at: self.world.now.get(), facts });
        if self.world.chance(TOOL_FAILS) {
            let error =
                json!({"message": "failed", "kind": "TOOL_RUNTIME_FATAL", "can_retry": false, "status_code": 500});
            return (false, json!({"error": error}));
        }
        (true, json!({"value": value}))
    }

    fn engine_tools(&self, query: &str) -> OriginResponse {
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.and_then(|value| value.parse::<usize>().ok())
        };
        let (offset, limit) = (parameter("offset").unwrap_or(0), parameter("limit").unwrap_or(25).min(3));
        let all = definitions(self.world.schema.get(), Via::Engine);
        let items: Vec<Value> = all.iter().skip(offset).take(limit).cloned().collect();
        json_answer(
            200,
            &json!({"page_count": items.len(), "items": items, "offset": offset, "limit": limit, "total_count": all.len()}),
        )
    }
}

/// The text behind `from` up to the last `to`: arguments as they were sent, whatever a JSON reader would make of them.
fn between(body: &[u8], from: &str, to: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let behind = text.split_once(from).map_or("", |(_, behind)| behind);
    behind.rsplit_once(to).map_or("", |(inside, _)| inside).to_owned()
}

fn project_of(path: &str) -> (Option<String>, String) {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "v1", "orgs", org, "projects", project, rest @ ..] => {
            (Some(format!("{org}/{project}")), format!("/v1/{}", rest.join("/")))
        }
        _ => (None, path.to_owned()),
    }
}

/// The tools' definitions, in the form of an engine or of a worker.
fn definitions(schema: u32, via: Via) -> Vec<Value> {
    let parameter = json!({"name": "q", "required": false, "description": format!("schema {schema}"), "value_schema": {"val_type": "json"}});
    let parameters = json!([parameter, {"name": "n", "required": false, "value_schema": {"val_type": "number"}}]);
    TOOLS
        .iter()
        .map(|tool| {
            let (toolkit, name) = tool.name.split_once('.').expect("a qualified name");
            let behavior = tool.operations.map(|operations| {
                let reads = operations == ["read"];
                json!({"behavior": {"read_only": reads, "destructive": false, "idempotent": reads, "open_world": true, "operations": operations}})
            });
            let mut definition = json!({
                "name": name,
                "description": "d",
                "toolkit": {"name": toolkit, "version": tool.version},
                "input": {"parameters": parameters},
                "output": {"available_modes": ["value"], "value_schema": {"val_type": "json"}},
                "requirements": {},
                "metadata": behavior,
            });
            let qualified = if via == Via::Engine { format!("{}@{}", tool.name, tool.version) } else { tool.name.to_owned() };
            definition["fully_qualified_name"] = json!(qualified);
            if via == Via::Engine {
                definition["qualified_name"] = json!(tool.name);
            }
            definition
        })
        .collect()
}
