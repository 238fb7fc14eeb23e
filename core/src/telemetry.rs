//! The record: one structured line for each request, on every exit path, and the counters.

pub mod explain;
pub mod metrics;
mod routed;
pub(crate) mod savings;
mod subscriber;

pub use routed::Routed;
pub use subscriber::install;

use std::rc::Rc;

use crate::access::admission::Noted;
use crate::access::rate::RateLimitFields;
use crate::cache::flight::FlightReport;
use crate::cache::{Bypass, CacheOutcome, FlightScope, Forward, Role, Saved};
use crate::model::route::Strategy;
use crate::model::tool::Tool;
use crate::tools::LocalTool;
use crate::words::json::{ObjectWriter, Ready};
use crate::words::method::Method;
use crate::words::names::{CallerId, ExecutorId, KeyId, LimitId, TenantId, UserId};
use crate::words::refusal::RefusalKind;
use crate::words::time::Timestamp;

/// The tool that was called.
#[derive(Clone, Debug)]
pub enum CalledTool {
    /// A tool of the registry.
    Registered(Rc<Tool>),
    /// A local tool, by the worker protocol.
    Local(&'static LocalTool),
}

impl CalledTool {
    /// Returns the tool's name: qualified, or within its toolkit for a call by the worker protocol.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Registered(tool) => tool.name.as_str(),
            Self::Local(local) => local.name,
        }
    }

    /// Returns the called version.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Registered(tool) => &tool.version,
            Self::Local(local) => local.toolkit.version,
        }
    }
}

/// The outcome of one request. Holds names, never bodies, credentials or arguments.
#[derive(Clone, Debug)]
pub struct Record {
    /// The request's id.
    pub request_id: String,
    /// The time of its arrival.
    pub at: Timestamp,
    /// The method.
    pub method: Method,
    /// The requested operation; empty when unknown.
    pub operation: &'static str,
    /// The caller's tenant.
    pub tenant: Option<TenantId>,
    /// The caller.
    pub caller: Option<CallerId>,
    /// The key that the caller used.
    pub key: Option<KeyId>,
    /// The user that the caller named.
    pub user: Option<UserId>,
    /// The tool in its resolved version.
    pub tool: Option<CalledTool>,
    /// The executor of the call.
    pub executor: Option<ExecutorId>,
    /// The routing decision, and the outcome of each attempt.
    pub routed: Routed,
    /// The outcome of the cache lookup.
    pub cache: CacheOutcome,
    /// The reason for forwarding the call to an executor after a cache lookup.
    pub forward: Option<Forward>,
    /// The savings of a cache hit.
    pub saved: Option<Saved>,
    /// The role among concurrent misses of the same key.
    pub flight: Role,
    /// The place of the lookup for concurrent misses.
    pub flight_at: Option<FlightScope>,
    /// The refusal, if the request was refused.
    pub refusal: Option<(RefusalKind, Option<String>)>,
    /// True when the engine refused in its own words, which are passed on.
    pub engine_refused: bool,
    /// The kind of the tool's own error, if it ran and failed.
    pub tool_error: Option<String>,
    /// The response fields about the limits that apply to the request.
    pub rate: RateLimitFields,
    /// The limits that would have refused it, but are not enforced.
    pub would_refuse: Vec<LimitId>,
    /// Names of the faults beside the response.
    pub degraded: Vec<&'static str>,
    /// The version of the epochs for the decision.
    pub epoch: Option<u64>,
    /// The rules behind the decision, where there are policies.
    pub decided: Noted,
    /// The trace id of the caller's `traceparent`.
    pub trace_id: Option<String>,
}

/// Expands to a member's name that follows another member: `,"name":`.
macro_rules! name {
    ($name:literal) => {
        Ready(concat!(",\"", $name, "\":"))
    };
}

impl Record {
    /// Makes the record of a request that has just arrived.
    #[must_use]
    pub fn new(request_id: String, at: Timestamp, method: Method) -> Self {
        Self {
            request_id,
            at,
            method,
            operation: "",
            tenant: None,
            caller: None,
            key: None,
            user: None,
            tool: None,
            executor: None,
            routed: Routed::default(),
            cache: CacheOutcome::Bypass(Bypass::NotAToolCall),
            forward: None,
            saved: None,
            flight: Role::None,
            flight_at: None,
            refusal: None,
            engine_refused: false,
            tool_error: None,
            rate: RateLimitFields::default(),
            would_refuse: Vec::new(),
            degraded: Vec::new(),
            epoch: None,
            decided: Noted::default(),
            trace_id: None,
        }
    }

    /// Notes the call's role among concurrent misses of the same key.
    pub(crate) fn note_flight(&mut self, report: FlightReport) {
        self.flight = report.role;
        self.flight_at = report.place;
        self.degraded.extend(report.degraded);
    }

    /// Returns the outcome in one word: `ok`, `tool_error`, `engine_refused`, or the refusal's name.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (&self.refusal, &self.tool_error) {
            (Some((kind, _)), _) => kind.name(),
            (None, _) if self.engine_refused => "engine_refused",
            (None, Some(_)) => "tool_error",
            (None, None) => "ok",
        }
    }

    /// Returns the line: JSON with the names of the OpenTelemetry semantic conventions where they have one.
    #[must_use]
    pub fn line(&self, status: u16, now: Timestamp) -> String {
        let mut line = ObjectWriter::with_capacity(640);
        line.time("timestamp", self.at);
        line.text(name!("request_id"), &self.request_id);
        line.text(name!("operation"), self.operation);
        line.text(name!("outcome"), self.outcome());
        line.text(name!("http.request.method"), self.method.as_str());
        line.number(name!("http.response.status_code"), u64::from(status));
        line.number(name!("duration_ms"), now.since(self.at).get());
        line.optional(name!("tenant"), self.tenant.as_ref().map(TenantId::as_str));
        line.optional(name!("caller"), self.caller.as_ref().map(CallerId::as_str));
        line.optional(name!("key"), self.key.as_ref().map(KeyId::as_str));
        line.optional(name!("enduser.id"), self.user.as_ref().map(UserId::as_str));
        if let Some(tool) = &self.tool {
            line.text(name!("gen_ai.tool.name"), tool.name());
            line.text(name!("tool_version"), tool.version());
            line.text(name!("cache"), self.cache.name());
            line.optional(name!("cache_forward"), self.forward.map(Forward::name));
            if self.flight != Role::None {
                line.text(name!("flight"), self.flight.name());
                line.optional(name!("flight_at"), self.flight_at.map(FlightScope::name));
            }
        }
        line.optional(name!("executor"), self.executor.as_ref().map(ExecutorId::as_str));
        if !self.routed.attempts.is_empty() {
            line.number(name!("attempts"), u64::try_from(self.routed.attempts.len()).unwrap_or(u64::MAX));
        }
        line.optional(name!("route"), self.routed.strategy.map(Strategy::as_str));
        line.optional(name!("error.type"), self.tool_error.as_deref());
        if let Some((kind, detail)) = &self.refusal {
            line.text(name!("message"), kind.message());
            line.optional(name!("detail"), detail.as_deref());
        }
        if !self.degraded.is_empty() {
            line.text(name!("degraded"), &self.degraded.join(","));
        }
        if !self.would_refuse.is_empty() {
            let names: Vec<&str> = self.would_refuse.iter().map(LimitId::as_str).collect();
            line.text(name!("rate_would_refuse"), &names.join(","));
        }
        if let Some(epoch) = self.epoch {
            line.number(name!("epoch"), epoch);
        }
        line.optional(name!("policy"), non_empty(&self.decided.rules));
        line.optional(name!("policy_depends"), non_empty(&self.decided.depends));
        if let Some((verdict, rules)) = &self.decided.would {
            line.text(name!("policy_would"), verdict);
            line.optional(name!("policy_would_rules"), non_empty(rules));
        }
        line.optional(name!("trace_id"), self.trace_id.as_deref());
        // Only text was written.
        String::from_utf8(line.end()).unwrap_or_default()
    }
}

/// Returns comma-separated names; `None` for an empty list.
fn non_empty(names: &str) -> Option<&str> {
    Some(names).filter(|names| !names.is_empty())
}

/// Returns the trace id of a W3C `traceparent` (`00-{32 hex}-{16 hex}-{2 hex}`).
#[must_use]
pub fn trace_id_of(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, trace_id) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    let is_valid =
        version.len() == 2 && trace_id.len() == 32 && is_hex(trace_id) && trace_id.bytes().any(|byte| byte != b'0');
    is_valid.then(|| trace_id.to_owned())
}
