//! The worker protocol, from both ends: the stand-in as a worker, in front of another stand-in, and in front of a real worker.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use jwt_simple::prelude::{Claims, Duration, HS256Key, JWTClaims, MACLike};
use serde_json::{Value, json};
use toolgate_engine::{Options, Running};

use crate::support::{SECRET, ask, ask_with, drive, engine, execute, in_tests, python};

fn claims(version: Value) -> JWTClaims<Value> {
    Claims::with_custom_claims(json!({"ver": version}), Duration::from_secs(60)).with_audience("worker")
}

fn signed(claims: JWTClaims<Value>, secret: &str) -> String {
    format!("Bearer {}", HS256Key::from_bytes(secret.as_bytes()).authenticate(claims).unwrap())
}

fn list_with(base: &str, authorization: &str) -> (u16, Value) {
    let answer = ask_with(base, "GET", "/worker/tools", None, &[("authorization", authorization)]);
    (answer.status, answer.json())
}

#[test]
fn a_worker_token_is_checked_as_a_real_worker_checks_it() {
    let engine = engine(Options { serve_worker_secret: Some(SECRET.to_owned()), ..Options::default() });
    let base = engine.base_url();
    let (status, tools) = list_with(base, &signed(claims(json!("1")), SECRET));
    assert_eq!((status, tools.as_array().map(Vec::len)), (200, Some(11)));
    assert_eq!(tools[0]["fully_qualified_name"], "Clock.Now");
    assert_eq!(tools[0]["metadata"], Value::Null);
    let mut expired = claims(json!("1"));
    expired.expires_at = expired.issued_at.map(|issued| issued - Duration::from_secs(10));
    for (authorization, detail) in [
        (signed(claims(json!("1")), "another secret of enough bytes....."), "Signature verification failed"),
        (signed(claims(json!("1")).with_audience("engine"), SECRET), "Audience doesn't match"),
        (signed(claims(json!("2")), SECRET), "Unsupported token version: 2"),
        (signed(claims(json!(1)), SECRET), "Unsupported token version: 1"),
        (signed(expired, SECRET), "Signature has expired"),
        ("Bearer garbage".to_owned(), "Not enough segments"),
    ] {
        assert_eq!(
            list_with(base, &authorization),
            (401, json!({"detail": format!("Invalid token. Error: {detail}")}))
        );
    }
    let bare = ask_with(base, "GET", "/worker/tools", None, &[]);
    assert_eq!(
        (bare.status, bare.header("www-authenticate"), bare.json()),
        (401, Some("Bearer"), json!({"detail": "Not authenticated"}))
    );
}

#[test]
fn a_worker_runs_tools_and_has_a_real_workers_oddities() {
    let engine = engine(Options { serve_worker_secret: Some(SECRET.to_owned()), ..Options::default() });
    let base = engine.base_url();
    let token = signed(claims(json!("1")), SECRET);
    let post = |body: &Value| ask_with(base, "POST", "/worker/tools/invoke", Some(body), &[("authorization", &token)]);
    let call = |tool: Value| json!({"execution_id": "ex_1", "tool": tool, "inputs": {"text": "x"}, "context": {"user_id": "u"}});
    let echoed = post(&call(json!({"toolkit": "echo", "name": "SAY"}))).json();
    assert_eq!(
        (&echoed["execution_id"], &echoed["success"], &echoed["output"]["value"]["echo"]),
        (&json!("ex_1"), &json!(true), &json!({"text": "x"}))
    );
    assert_eq!(echoed["output"]["error"], Value::Null);
    let unknown = post(&call(json!({"toolkit": "Echo", "name": "Say", "version": "9"})));
    assert_eq!(
        (unknown.status, unknown.header("content-type"), unknown.body.as_slice()),
        (500, Some("text/plain; charset=utf-8"), b"Internal Server Error".as_slice())
    );
    assert_eq!(post(&json!({"inputs": {}})).json(), json!({"code": -32602, "message": "Invalid params: 1 error(s)"}));
    let asked = post(&json!({"tool": {"toolkit": "Mail", "name": "Search"}, "inputs": {"query": "q"}})).json();
    assert_eq!(asked["output"]["requires_authorization"]["status"], "pending");
    assert_eq!(ask_with(base, "GET", "/worker/health", None, &[]).json(), json!({"status": "ok", "tool_count": "11"}));
    assert_eq!(ask_with(base, "GET", "/worker/none", None, &[]).json(), json!({"detail": "Not Found"}));
    assert_eq!(ask_with(base, "PUT", "/worker/tools", None, &[]).status, 405);
}

#[test]
fn a_fronted_worker_is_listed_after_the_fronts_own_tools() {
    let worker = engine(Options { serve_worker_secret: Some(SECRET.to_owned()), ..Options::default() });
    let front =
        engine(Options { worker: Some((worker.base_url().to_owned(), SECRET.to_owned())), ..Options::default() });
    // Both offer the same tools; only the call counters say where one ran.
    assert_eq!(execute(front.base_url(), "Echo.Say", &json!({"text": "x"}))["success"], true);
    assert_eq!(ask(worker.base_url(), "GET", "/_control/calls", None).json()["counts"], json!({}));
    let shown = ask(front.base_url(), "GET", "/v1/workers/fronted", None).json();
    assert_eq!((&shown["managed"], &shown["http"]["secret"]["exists"]), (&json!(true), &json!(true)));
    assert_eq!(ask(front.base_url(), "GET", "/v1/workers/fronted/health", None).json()["healthy"], true);
    assert_eq!(ask(front.base_url(), "GET", "/v1/workers/fronted/tools", None).json()["total_count"], 11);
}

#[test]
fn a_wrong_secret_stops_the_start() {
    let worker = engine(Options { serve_worker_secret: Some(SECRET.to_owned()), ..Options::default() });
    let refused = toolgate_engine::start(Options {
        worker: Some((worker.base_url().to_owned(), "wrong".repeat(8))),
        ..Options::default()
    });
    assert!(refused.is_err_and(|fault| fault.contains("401")));
}

/// A real worker with the toolkits of tests/worker; it ends with its standard input.
struct Real {
    child: Child,
    url: String,
}

impl Real {
    fn start() -> Self {
        let mut command = Command::new(python());
        command
            .arg(in_tests("worker/serve.py"))
            .args(["--port", "0", "--with-parent"])
            .env("ARCADE_WORKER_SECRET", SECRET);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let real = Self { child, url: format!("http://127.0.0.1:{}", port.trim()) };
        // A stand-in starts only when the worker it fronts lists its tools: so this waits until the worker serves.
        drop(real.fronted());
        real
    }

    /// A stand-in in front of it.
    fn fronted(&self) -> Running {
        engine(Options { worker: Some((self.url.clone(), SECRET.to_owned())), replay: true, ..Options::default() })
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_real_worker_can_be_fronted() {
    let real = Real::start();
    let front = real.fronted();
    let base = front.base_url();
    let listed = ask(base, "GET", "/v1/tools?toolkit=Calc&limit=100&include_format=openai", None).json();
    assert_eq!(listed["total_count"], 18);
    let add = ask(base, "GET", "/v1/tools/Calc.Plus", None).json();
    assert_eq!(add["fully_qualified_name"], "Calc.Plus@1.0.0");
    assert_eq!(add["input"]["parameters"][0]["value_schema"], json!({"val_type": "string"}));
    assert_eq!(add["metadata"]["behavior"]["read_only"], true, "{add}");
    assert_eq!(execute(base, "calc.plus", &json!({"a": "0.1", "b": "0.2"}))["output"], json!({"value": "0.3"}));
    let failed = execute(base, "Calc.DividedBy", &json!({"a": "1", "b": "0"}));
    assert_eq!(
        (&failed["success"], &failed["output"]["error"]["kind"]),
        (&json!(false), &json!("TOOL_RUNTIME_BAD_INPUT_VALUE"))
    );
    assert!(failed["output"]["error"].get("stacktrace").is_none(), "{failed}");
    for (sdk, report) in drive(base, &["--calc"]) {
        assert!(report.failed.is_empty(), "{sdk}: {:#?}", report.failed);
    }
}

#[test]
fn a_real_worker_can_be_registered_and_disabled_by_rest() {
    let (real, engine) = (Real::start(), engine(Options::default()));
    let base = engine.base_url();
    assert_eq!(execute(base, "Calc.Plus", &json!({"a": "1", "b": "2"}))["name"], "tool_not_found");
    let http = json!({"uri": real.url, "secret": SECRET, "retry": 1, "timeout": 10});
    let created = ask(base, "POST", "/v1/workers", Some(&json!({"id": "calc", "http": http})));
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(execute(base, "Calc.Plus", &json!({"a": "1", "b": "2"}))["output"]["value"], "3");
    assert_eq!(ask(base, "PATCH", "/v1/workers/calc", Some(&json!({"enabled": false}))).status, 200);
    assert_eq!(execute(base, "Calc.Plus", &json!({"a": "1", "b": "2"}))["name"], "tool_not_found");
}
