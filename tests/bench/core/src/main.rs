//! Answers `N` cached execute calls (1 KB result, authenticated, every stage, the record written) on a host that does
//! nothing, after warming up. Words behind `N` add to the configuration: `token` (the caller holds a signed token instead of a
//! key), `policies` (ten), `limits` (four, one of each kind), `schema` (an operator's rule about the arguments); `guarded` is
//! all of them. `miss` calls a tool whose answers are not kept, so that its worker is asked each time, and `route` lets one of two
//! workers be asked. Two runs under callgrind with different `N` give the instructions of one call:
//! `cargo toolgate bench --core`, or by hand as docs/benchmarks.md says.

#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that goes wrong must stop")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use toolgate::front::response::Response;
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::{
    Background, Body, Clock, Durable, DurableError, EdgeCache, EdgeCacheError, Entropy, Kv, KvError, Origin,
    OriginError, OriginRequest, OriginResponse, OriginStream, Settings, Sql, SqlError, SqlRow, SqlValue,
};
use toolgate::state;
use toolgate::words::method::Method;
use toolgate::words::time::{Millis, Timestamp};

const DOCUMENT: &str = r#"
[[executors]]
id = "worker"
kind = "worker"
base_url = "http://worker.test"
credential_setting = "WORKER_SECRET"

[[callers]]
id = "agent"
tenant = "acme"
keys = [{ id = "agent-1", setting = "AGENT_KEY" }]
actions = ["tools/*"]
tools = ["Docs.*", "Mail.*"]
users = ["ada@acme.example"]

[[cache.rules]]
tools = ["Docs.*"]
ttl = "1h"
"#;

const KEY: &str = "tg_0123456789abcdef0123456789abcdef";

/// The issuers of tokens, where the caller has one.
const ISSUER: &str = r#"
[[roles]]
id = "agent"
actions = ["tools/*"]
tools = ["Docs.*", "Mail.*"]

[[issuers]]
id = "entra"
preset = "entra"
issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
audiences = ["api://gate"]
tenant_claim = "tid"
tenants = ["11111111-2222-3333-4444-555555555555"]
default_roles = ["agent"]
users = ["ada@acme.example"]
"#;

/// Ten policies, of which four are about the call.
const POLICIES: &str = r#"
[[policies]]
id = "company"
text = '''
@id("hours") forbid (principal, action == Action::"tools/call", resource) when { context.time.hour > 24 };
@id("destructive") forbid (principal, action == Action::"tools/call", resource)
  when { resource has destructive && resource.destructive } unless { principal in Role::"admin" };
@id("short") forbid (principal, action == Action::"tools/call", resource in Toolkit::"Docs")
  when { context.arguments has query && context.arguments.query == "" };
@id("own") permit (principal in Tenant::"acme", action == Action::"tools/call", resource in Toolkit::"Docs")
  when { context has user && context.user like "*@acme.example" };
@id("mail") forbid (principal, action == Action::"tools/call", resource == Tool::"Mail.Send")
  unless { context.arguments.to like "*@acme.example" };
@id("bank") forbid (principal, action == Action::"tools/call", resource == Tool::"Bank.Transfer")
  unless { context.arguments.amount <= 1000 };
@id("files") forbid (principal, action == Action::"tools/call", resource in Toolkit::"Files") unless { principal in Role::"ops" };
@id("ops") permit (principal in Role::"ops", action in Action::"*", resource);
@id("globex") forbid (principal in Tenant::"globex", action in Action::"admin/*", resource);
@id("chat") permit (principal in Role::"chat", action == Action::"chat/completions", resource);
'''
"#;

/// Limits per caller, tool and tenant, and for all.
const LIMITS: &str = r#"
[rate]
limits = [
  { id = "caller", per = ["caller"], requests = 1000000000, window = "1s" },
  { id = "tool", per = ["tool"], requests = 1000000000, window = "1s" },
  { id = "tenant", per = ["tenant"], requests = 1000000000, window = "1s" },
  { id = "all", per = [], requests = 1000000000, window = "1s" },
]
"#;

/// Describes the five arguments.
const SCHEMA: &str = r#"
[[inputs]]
tools = ["Docs.*"]
schema = '''
{ "properties": { "query": { "type": "string", "minLength": 1, "maxLength": 200 },
    "limit": { "type": "integer", "minimum": 1, "maximum": 100 }, "exact": { "type": "boolean" },
    "tags": { "type": "array", "maxItems": 10, "items": { "type": "string" } }, "sort": { "enum": ["asc", "desc"] } },
  "required": ["query"] }
'''
"#;

/// Two workers do the same.
const ROUTE: &str = r#"
[[routes]]
tools = ["*"]
executors = ["worker", "other"]
strategy = "performance"

[[executors]]
id = "other"
kind = "worker"
base_url = "http://other.test"
credential_setting = "WORKER_SECRET"
"#;

/// Tokens and keys that were made for the host's time.
const VECTORS: &str = include_str!("../../../tokens/vectors.json");

/// A token of 900 bytes.
fn token(vectors: &serde_json::Value) -> String {
    let valid = vectors.get("valid").and_then(serde_json::Value::as_array).expect("a list").iter();
    let text = |vector: &'_ serde_json::Value, name: &str| {
        vector.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
    };
    let mut tokens = valid.filter(|vector| text(vector, "name").as_deref() == Some("entra"));
    tokens.next().and_then(|vector| text(vector, "token")).expect("a token")
}

#[derive(Clone, Default)]
struct Host {
    owned: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// A millisecond for each request.
    ticks: Rc<Cell<u64>>,
    is_warm: Rc<Cell<bool>>,
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000_u64.saturating_add(self.ticks.get()))
    }
    async fn sleep(&self, _: Millis) {}
}

impl Entropy for Host {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl Background for Host {
    /// Leaves out the work after the response: it is done while warming up, and left undone afterwards.
    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        if !self.is_warm.get() {
            let ended = pin!(job).poll(&mut Context::from_waker(Waker::noop()));
            assert!(ended.is_ready(), "nothing here waits");
        }
    }
}

impl Settings for Host {
    async fn get(&self, name: &str) -> Option<String> {
        match name {
            "AGENT_KEY" => Some(KEY.to_owned()),
            "WORKER_SECRET" => Some("0123456789abcdef0123456789abcdef".to_owned()),
            _ => None,
        }
    }
}

impl Kv for Host {
    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(None)
    }
    async fn put(&self, _: &str, _: Vec<u8>, _: Millis) -> Result<(), KvError> {
        Ok(())
    }
    async fn sweep(&self, _: Timestamp) {}
}

impl Durable for Host {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError> {
        let stored = self.owned.borrow().get(key).cloned();
        let step = state::step(stored.as_deref(), &command, self.now());
        if let Some(state) = step.state {
            self.owned.borrow_mut().insert(key.to_owned(), state);
        }
        Ok(step.reply)
    }
}

impl EdgeCache for Host {
    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }

    async fn put(&self, _: &str, _: Vec<u8>, _: Millis) -> Result<(), EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }
}

impl Sql for Host {
    async fn query(&self, _: &'static str, _: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        Err(SqlError::Unsupported)
    }
}

impl Origin for Host {
    type Stream = ();

    async fn send(&self, request: OriginRequest) -> Result<OriginResponse, OriginError> {
        let body = if request.url.starts_with("https://login.microsoftonline.com/") {
            let vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("the vectors");
            vectors.pointer("/jwks").and_then(|jwks| jwks.get(&request.url)).expect("its keys").to_string()
        } else if request.url.ends_with("/worker/tools") {
            let parameter = |(name, kind): &(&str, &str)| serde_json::json!({"name": name, "required": false, "value_schema": {"val_type": kind, "inner_val_type": "string"}});
            let kinds = [
                ("query", "string"),
                ("limit", "integer"),
                ("exact", "boolean"),
                ("tags", "array"),
                ("sort", "string"),
            ];
            let parameters: Vec<_> = kinds.iter().map(parameter).collect();
            let tool = |toolkit: &str| {
                serde_json::json!({"name": "Get", "toolkit": {"name": toolkit, "version": "1.2.0"},
                "input": {"parameters": parameters}, "output": {}})
            };
            serde_json::json!([tool("Docs"), tool("Mail")]).to_string()
        } else {
            let value = "x".repeat(1_000);
            serde_json::json!({"success": true, "duration": 3.5, "finished_at": "2026-01-01T00:00:00", "output": {"value": value}})
                .to_string()
        };
        Ok(OriginResponse { status: 200, headers: Vec::new(), body: body.into_bytes() })
    }

    async fn open(&self, _: OriginRequest) -> Result<OriginStream<()>, OriginError> {
        Err(OriginError::Unreachable)
    }
}

/// A call of `Docs.Get`, whose answers are kept, or of `Mail.Get`, whose are not.
fn request(credential: &str, toolkit: &str) -> Request {
    let mut headers = RequestHeaders::default();
    let mut set = |header: Header, value: &str| {
        if let Some(slot) = headers.0.get_mut(header as usize) {
            *slot = Some(value.to_owned());
        }
    };
    set(Header::Authorization, &format!("Bearer {credential}"));
    set(Header::ContentType, "application/json");
    set(Header::Accept, "application/json");
    let input = r#"{"query":"rates","limit":10,"exact":true,"tags":["a","b"],"sort":"asc"}"#;
    let body = format!(r#"{{"tool_name":"{toolkit}.Get","user_id":"ada@acme.example","input":{input}}}"#);
    Request {
        method: Method::Post,
        target: "/v1/tools/execute".to_owned(),
        headers,
        body: RequestBody::Whole(body.into_bytes()),
    }
}

fn answer(gateway: &Gateway, host: &Host, request: Request) -> Response<()> {
    host.ticks.set(host.ticks.get().saturating_add(1));
    match pin!(gateway.handle(host, request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// Requests after which leases of tokens fit the demand.
const WARM_UP: usize = 3_000;

fn main() {
    let calls: usize =
        std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("usage: toolgate-bench-core CALLS");
    toolgate::telemetry::install(|line| {
        black_box(line);
    });
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("the vectors");
    let words: Vec<String> = std::env::args().skip(2).collect();
    let has = |word: &str| {
        let is_guard = !matches!(word, "miss" | "route");
        words.iter().any(|given| given == word || (is_guard && given == "guarded"))
    };
    let sections =
        [("token", ISSUER), ("policies", POLICIES), ("limits", LIMITS), ("schema", SCHEMA), ("route", ROUTE)];
    let added = sections.into_iter().filter(|(word, _)| has(word)).map(|(_, section)| section);
    let document: String = std::iter::once(DOCUMENT).chain(added).collect();
    let credential = if has("token") { token(&vectors) } else { KEY.to_owned() };
    let (gateway, host) = (Gateway::new(document.leak()), Host::default());
    let toolkit = if has("miss") { "Mail" } else { "Docs" };
    for _ in 0..WARM_UP {
        answer(&gateway, &host, request(&credential, toolkit));
    }
    host.is_warm.set(true);
    for _ in 0..calls {
        let response = answer(&gateway, &host, black_box(request(&credential, toolkit)));
        let is_hit = response.headers.iter().any(|(name, value)| *name == "cache-status" && value.contains("; hit"));
        let Body::Bytes(body) = &response.body else { panic!("no body") };
        assert!(is_hit != has("miss") && body.len() > 1_000, "not the path that is meant: {response:?}");
        black_box(response);
    }
}
